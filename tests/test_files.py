"""Model files: what is saved comes back bit by bit, and what is not a whole model is refused with its reason."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from safetensors import safe_open
from safetensors.numpy import save as save_plain

import backlit
from backlit import Network, data, files
from backlit.errors import BacklitError, DataError, ModelError, UsageError
from backlit.storage import pack, unpack

ACTIVATIONS = ["identity", "sigmoid", "tanh", "relu", "elu(alpha=0.5)", "leaky_relu(slope=0.2)", "softmax"]


def square(z: Any) -> Any:
    return z * z


def twice(z: Any) -> Any:
    return 2 * z


def own_cost(a: Any, y: Any) -> Any:
    return ((a - y) ** 4).sum(axis=-1)


def own_slope(a: Any, y: Any) -> Any:
    return 4 * (a - y) ** 3


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Network([3, 4, 2], activations=["tanh", "softmax"], cost="cross_entropy", seed=3).save(
        tmp_path / "model.safetensors"
    )


def remade(path: Path, change: Any) -> Path:
    """The file with its tensors and metadata changed by ``change(tensors, metadata)``."""
    tensors, about = unpack(path, "a model")
    change(tensors, about)
    path.write_bytes(pack(tensors, about))
    return path


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        backlit.load(path)
    said = str(caught.value)
    assert str(path) in said
    assert "\n" not in said
    return said


def read_or_refused(path: Path) -> Network | None:
    """The network, or None where the file is refused as it should be; any other exception goes through."""
    said = ""
    try:
        return backlit.load(path)
    except ModelError as reason:
        said = str(reason)
    assert str(path) in said
    return None


@settings(max_examples=40)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    names=st.lists(st.sampled_from(ACTIVATIONS[:-1]), min_size=4, max_size=4),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 2**70),
)
def test_every_network_comes_back_bit_by_bit(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], names: list[str], dtype: str, seed: int
) -> None:
    net = Network(sizes, activations=names[: len(sizes) - 1], dtype=dtype, seed=seed)
    net.theta[:] = np.random.default_rng(seed).normal(size=net.theta.size) * 1e3
    path = tmp_path_factory.mktemp("models") / "m.safetensors"
    assert net.save(path) == path
    again = backlit.load(path)
    assert repr(again) == repr(net)
    assert again.theta.tobytes() == net.theta.tobytes()
    assert (again.seed, again.init, again.dtype) == (net.seed, net.init, net.dtype)
    x = np.random.default_rng(0).normal(size=(5, sizes[0]))
    np.testing.assert_array_equal(again.predict(x), net.predict(x))


def test_what_it_was_trained_on_and_how_comes_back(tmp_path: Path, rng: Any) -> None:
    net = Network([3, 5, 3], activations=["tanh", "softmax"], cost="cross_entropy")
    net.classes = ("Katze", np.str_("Hund"), "Þorskur")
    x, y = rng.normal(size=(30, 3)), np.array(net.classes)[rng.integers(0, 3, 30)]
    net.fit(x, y, epochs=2, validation=0.2, metrics=["f1"], progress=False, dropout=[0.1, 0.2])
    again = backlit.load(net.save(tmp_path / "m"))
    assert again.classes == ("Katze", "Hund", "Þorskur")
    assert again.task == "classes"
    assert again.training == json.loads(json.dumps(net.training))
    assert again.training["settings"]["dropout"] == [0.1, 0.2]
    assert again.predict_labels(x).tolist() == net.predict_labels(x).tolist()
    again.fit(x, y, epochs=1, progress=False)
    assert again.training["epochs"] == 3


def test_a_plain_reader_opens_it_and_its_metadata_is_strict_json(model: Path) -> None:
    net = backlit.load(model)
    net.training = {"last": {"epoch": 1, "cost": float("nan")}}
    net.save(model)
    with safe_open(model, framework="numpy") as file:
        assert sorted(file.keys()) == ["b1", "b2", "w1", "w2"]
        np.testing.assert_array_equal(file.get_tensor("w2"), net.w[2])
        text = file.metadata()["backlit"]

    def strict(word: str) -> Any:
        raise AssertionError(f"{word} is not strict JSON")

    about = json.loads(text, parse_constant=strict)
    assert about["sizes"] == [3, 4, 2]
    assert about["version"] == backlit.__version__
    assert about["training"] == {"last": {"epoch": 1, "cost": None}}


def test_functions_of_the_users_own_come_back_by_name(tmp_path: Path) -> None:
    net = Network([2, 3, 1], activations=[(square, twice), "identity"], cost=(own_cost, own_slope))
    path = net.save(tmp_path / "own")
    x, y = np.ones((2, 2)), np.zeros((2, 1))
    said = refused(path)
    assert (
        "a function of your own as activation, 'square'; give it again: load(path, functions={'square'"
        in said
    )
    own = {
        "square": (lambda z: z * z, lambda z: 2 * z),
        "own_cost": (own_cost, own_slope),
    }
    again = backlit.load(path, functions=own)
    assert again.value(x, y) == net.value(x, y)
    assert repr(again) == repr(net)
    third = backlit.load(again.save(path), functions=own)  # a lambda does not lose the name
    assert third.value(x, y) == net.value(x, y)


def test_two_of_the_users_functions_under_one_name_are_refused(tmp_path: Path) -> None:
    pairs = [(lambda z: z * z, twice), (lambda z: z * z * z, lambda z: 3 * z * z)]
    net = Network([2, 3, 1], activations=pairs)
    with pytest.raises(
        UsageError, match=r"two functions of your own are called '<lambda>'.*give each a name"
    ):
        net.save(tmp_path / "m")
    assert not list(tmp_path.iterdir())
    Network([2, 3, 1], activations=pairs[0]).save(tmp_path / "m")


def flowers() -> data.Recipe:
    """The recipe of three columns of numbers and two classes."""
    table = {name: [1.0, 2.0, 3.0] for name in "abc"} | {"y": ["u", "v", "u"]}
    return data.Recipe.learn(table, target="y")


def test_a_recipe_is_kept_and_read(model: Path) -> None:
    net = backlit.load(model)
    net.recipe = flowers()
    net.save(model)
    again = backlit.load(model)
    assert again.recipe.to_json() == net.recipe.to_json()
    assert (again.task, again.classes) == ("classes", ("u", "v"))  # the recipe's, where the network had none


def test_what_load_would_refuse_is_not_saved(model: Path) -> None:
    net, before = backlit.load(model), model.read_bytes()
    net.task, net.recipe = "values", flowers()
    with pytest.raises(UsageError) as caught:
        net.save(model)
    assert str(caught.value) == (
        'the network can\'t be kept in a file (task: "values", and its recipe has "classes"); set that right first'
    )
    assert model.read_bytes() == before


def test_training_that_is_no_plain_data_is_not_saved(tmp_path: Path) -> None:
    net = Network([2, 3])
    net.training = {"when": {1, 2}}
    with pytest.raises(UsageError, match=r"metadata\['training'\]\['when'\] is a set"):
        net.save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


def set_in(*path: Any) -> Any:
    """A change that sets metadata at a path, the last one being the value."""

    def change(tensors: Any, about: Any) -> None:
        for key in path[:-2]:
            about = about[key]
        about[path[-2]] = path[-1]

    return change


def damaged(fault: str) -> str:
    return f": its metadata is damaged ({fault}); make the file anew"


CHANGES = {
    "w2 missing": (lambda t, m: t.pop("w2"), "has no tensor w2, which its sizes [3, 4, 2] ask for"),
    "b1 missing": (lambda t, m: t.pop("b1"), "has no tensor b1"),
    "extra": (
        lambda t, m: t.update(w3=np.zeros((2, 2))),
        "has tensors that its sizes [3, 4, 2] don't know: w3; make the file anew",
    ),
    "other shape": (
        lambda t, m: t.update(w1=np.zeros((3, 4))),
        "w1 has shape (3, 4), and its sizes [3, 4, 2] ask for (4, 3)",
    ),
    "other dtype": (
        lambda t, m: t.update(w1=np.zeros((4, 3), np.float32)),
        "w1 is float32, and its metadata says float64",
    ),
    "integers": (
        lambda t, m: t.update(b1=np.zeros(4, np.int64)),
        "b1 is int64, and its metadata says float64",
    ),
    "complex": (lambda t, m: t.update(b1=np.zeros(4, np.complex64)), "b1 is complex64, and its metadata"),
    "NaN": (lambda t, m: t["w2"].__setitem__((1, 2), np.nan), "w[2][1,2]"),
    "infinity": (lambda t, m: t["b2"].__setitem__(1, np.inf), "b[2][1]"),
    "newer": (set_in("format", 99), "in format 99, and this version reads up to 1; install a newer Backlit"),
    "another kind": (set_in("kind", "checkpoint"), "is a Backlit checkpoint, and a model was asked for"),
    "no kind": (lambda t, m: m.pop("kind"), damaged("kind is missing")),
    "a kind that is none": (set_in("kind", 7), damaged("kind: 7 is no model")),
    "sizes huge": (set_in("sizes", [3, 10**15, 10**15]), "w1 has shape (4, 3), and its sizes"),
    "activation unknown": (
        set_in("activations", 0, "option", "rellu"),
        " is damaged (unknown activation 'rellu'. Did you mean 'relu'?",
    ),
    "dtype of others": (set_in("dtype", "float32"), "w1 is float64, and its metadata says float32"),
    "init": (set_in("init", "magic"), " is damaged (unknown initialisation 'magic'."),
    "sizes": (set_in("sizes", [-4, 4, 2]), damaged("sizes[0]: -4 is no whole number of at least 1")),
    "recipe": (set_in("recipe", 7), damaged("recipe: 7 is no object")),
    "recipe of the future": (
        set_in("recipe", {"version": 99}),
        ": the model's recipe was written by a newer Backlit; install a newer one",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_contradicts_itself_is_refused(model: Path, name: str) -> None:
    change, said = CHANGES[name]
    assert said in refused(remade(model, change))


def test_truncated_anywhere_it_is_refused(model: Path) -> None:
    whole = model.read_bytes()
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        model.write_bytes(whole[:length])
        assert "is not a Backlit model, or it was cut off" in refused(model)
    model.write_bytes(whole + b"more")
    refused(model)


def test_random_bytes_anywhere_never_crash(model: Path) -> None:
    whole, chance = model.read_bytes(), random.Random(0)
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(chance.choice([1, 4])):
            content[chance.randrange(len(whole))] = chance.randrange(256)
        model.write_bytes(content)
        net = read_or_refused(model)
        assert net is None or np.isfinite(net.theta).all()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=150)
@given(key=st.sampled_from(sorted(files.metadata(Network([3, 4, 2])))), value=JSON)
def test_any_json_in_any_place_of_the_metadata_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: Any
) -> None:
    net = Network([3, 4, 2])
    about = files.metadata(net)
    about[key] = value
    path = tmp_path_factory.mktemp("fuzz") / "m"
    path.write_bytes(pack(files.tensors(net), about))
    read_or_refused(path)


def test_a_plain_safetensors_file_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_bytes(save_plain({"w1": np.zeros((2, 3)), "b1": np.zeros(2)}))
    assert "is a safetensors file, but not a Backlit model" in refused(path)


def test_missing_and_directory(tmp_path: Path) -> None:
    assert "there is no such file; give the path of a Backlit model" in refused(tmp_path / "none")
    assert "is a directory; give the path of a Backlit model" in refused(tmp_path)


def test_nowhere_to_write(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the model could not be written to .*: it is a directory") as caught:
        Network([2, 1]).save(tmp_path)
    assert isinstance(caught.value, BacklitError)
