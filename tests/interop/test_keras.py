"""Keras in: real files of Keras 3, written in a process of their own, and Keras 2's ways; what is no chain, by name."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit.errors import ModelError, UsageError
from backlit.interop.keras import read
from backlit.interop.sameness import told

h5py = pytest.importorskip("h5py", reason="h5py, which writes the files of these tests, is not installed")

Array = Any
KERAS = r"""
import os, sys
os.environ["KERAS_BACKEND"] = "torch"
import numpy as np, keras, torch
from keras import layers as L
torch.set_num_threads(1)
folder = sys.argv[1] + "/"
rng, out = np.random.default_rng(0), {}

def save(name, model, shape, legacy=True):
    for layer in model.layers:
        layer.set_weights([
            w + rng.normal(0, 0.3, w.shape).astype(w.dtype) ** 2 if w.dtype.kind == "f" else w
            for w in layer.get_weights()
        ])
    x = rng.normal(size=(20, *shape)).astype("float32")
    model.save(folder + name + ".keras")
    if legacy:
        model.save(folder + name + ".h5")
        model.save_weights(folder + name + ".weights.h5")
    out[name + "_x"], out[name + "_y"] = x, model(x).detach().numpy()

adapted = L.Normalization()
adapted.adapt(rng.normal(3, 2, (50, 8)))
save("all", keras.Sequential([
    keras.Input((8,)), adapted, L.Dense(4, activation="relu", name="mine"), L.BatchNormalization(),
    L.Dense(4, activation=keras.activations.gelu), L.Dropout(0.2), L.GaussianNoise(0.1), L.Dense(5),
    L.Activation("silu"), L.Dense(3, activation="softmax"),
]), (8,))
i = keras.Input((2, 3))
x = L.Normalization(mean=[1.0, 2, 3], variance=[1.0, 2, 3])(L.Rescaling(1 / 255.0, offset=-1)(i))
x = L.Dense(3, use_bias=False)(L.Flatten()(x))
save("functional", keras.Model(i, L.Softmax()(L.ReLU(negative_slope=0.2)(x))), (2, 3))
for a in ("elu exponential gelu hard_sigmoid leaky_relu linear log_softmax relu selu sigmoid silu softmax softplus "
          "softsign swish tanh").split():
    save("act-" + a, keras.Sequential([keras.Input((3,)), L.Dense(4, activation=a)]), (3,), False)
save("odd", keras.Sequential([
    keras.Input((3,)), L.Dense(4, activation=L.LeakyReLU(0.3)), L.Dense(4), L.ELU(0.5),
    L.BatchNormalization(scale=False), L.BatchNormalization(center=False),
]), (3,))
inner = keras.Sequential([keras.Input((8,)), L.Dense(3), L.ELU(0.5)])
save("nested", keras.Sequential([keras.Input((8,)), inner, L.Dense(2, activation="hard_sigmoid")]), (8,))
deep = keras.Sequential([keras.Input((8,)), *[L.Dense(5, activation="tanh") for _ in range(12)]])
deep.compile(loss="mse")
save("deep", deep, (8,))
wide = keras.Sequential([keras.Input((8,), dtype="float64"), L.Dense(5, dtype="float64", activation="sigmoid")])
wide.compile(loss=keras.losses.BinaryCrossentropy())
save("float64", wide, (8,))

def bad(name, model):
    model.save(folder + "bad-" + name + ".keras")

i = keras.Input((8,))
a = L.Dense(8)(i)
bad("add", keras.Model(i, L.Add()([i, a])))
bad("lambda", keras.Sequential([keras.Input((8,)), L.Lambda(lambda x: x * 2, name="twice"), L.Dense(2)]))
bad("lambda-activation", keras.Sequential([keras.Input((8,)), L.Dense(2, activation=lambda x: x)]))
bad("convolution", keras.Sequential([keras.Input((8, 3)), L.Conv1D(2, 2), L.Flatten(), L.Dense(2)]))
bad("mish", keras.Sequential([keras.Input((8,)), L.Dense(2, activation="mish")]))
bad("relu6", keras.Sequential([keras.Input((8,)), L.Dense(2), L.ReLU(max_value=6)]))
bad("axes", keras.Sequential([keras.Input((8, 3)), L.Dense(2)]))
bad("two", keras.Model(i, [a, L.Dense(2)(a)]))
bad("shared", keras.Model(i, (lambda d: d(d(i)))(L.Dense(8))))
bad("norm", keras.Sequential([keras.Input((8,)), L.LayerNormalization(), L.Dense(2)]))

@keras.saving.register_keras_serializable(package="mine")
class My(L.Layer):
    def call(self, x):
        return x

@keras.saving.register_keras_serializable(package="mine")
def wobble(x):
    return keras.ops.sin(x)

class Sub(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.d = L.Dense(2)
    def call(self, x):
        return self.d(x)

bad("custom", keras.Sequential([keras.Input((8,)), My(), L.Dense(2)]))
bad("custom-activation", keras.Sequential([keras.Input((8,)), L.Dense(2, activation=wobble)]))
sub = Sub()
sub(np.zeros((2, 8)))
bad("subclass", sub)
np.savez(folder + "known.npz", **out)
"""
MODELS = ("all", "functional", "odd", "nested", "deep", "float64")
ACTIVATIONS = {
    "elu": "elu(alpha=1.0)",
    "exponential": "exp",
    "gelu": "gelu",
    "hard_sigmoid": f"hard_sigmoid(slope={1 / 6!r})",
    "leaky_relu": "leaky_relu(slope=0.2)",
    "linear": "identity",
    "log_softmax": "softmax",
    "relu": "relu",
    "selu": "selu",
    "sigmoid": "sigmoid",
    "silu": "silu",
    "softmax": "softmax",
    "softplus": "softplus",
    "softsign": "softsign",
    "swish": "silu",
    "tanh": "tanh",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what Keras itself wrote."""
    for package in ("keras", "torch"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: no real Keras files")
    folder = tmp_path_factory.mktemp("keras")
    program = folder / "write.py"
    program.write_text(KERAS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(program), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KERAS_BACKEND": "torch"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


# ---------------------------------------------------------------------------------------------------- Keras's own files


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_keras_saved_computes_the_same(name: str, ending: str, made: Path) -> None:
    known = np.load(made / "known.npz")
    net = read(made / f"{name}.{ending}")
    x, y = known[f"{name}_x"], known[f"{name}_y"]
    np.testing.assert_allclose(net.predict(x.reshape(20, -1)), y, rtol=1e-5, atol=2e-6)
    assert net.dtype == (np.float64 if name == "float64" else np.float32)
    assert net.training["imported"]["difference"] < 1e-5


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_of_keras_that_backlit_has(name: str, made: Path) -> None:
    known = np.load(made / "known.npz")
    net = read(made / f"act-{name}.keras")
    assert net.activations[-1].option == ACTIVATIONS[name]
    y = known[f"act-{name}_y"]
    outputs = net.predict(known[f"act-{name}_x"])
    np.testing.assert_allclose(np.log(outputs) if name == "log_softmax" else outputs, y, rtol=1e-5, atol=2e-6)


def test_weights_that_nothing_is_folded_into_stay_as_they_are(made: Path) -> None:
    net = read(made / "deep.keras")
    with h5py.File(made / "deep.h5") as file:
        held = file["model_weights"]
        assert len(held) == 13
        for l, name in enumerate(held.attrs["layer_names"], start=1):
            kernel = next(one for one in _arrays(held[name]) if one.ndim == 2)
            np.testing.assert_array_equal(net.w[l], kernel.T)
    assert net.cost.name == "mean_squared_error"
    assert read(made / "float64.h5").cost.name == "binary_cross_entropy"
    assert read(made / "deep.keras", cost="huber").cost.name == "huber"


def _arrays(group: Any) -> list[Array]:
    found: list[Array] = []
    group.visititems(lambda name, one: found.append(one[()]) if hasattr(one, "shape") else None)
    return found


def test_weights_alone_are_read_with_the_activations_given(made: Path) -> None:
    known = np.load(made / "known.npz")
    path = made / "deep.weights.h5"
    for activations in ("tanh", ["tanh"] * 12):
        net = read(path, activations=activations)
        np.testing.assert_allclose(net.predict(known["deep_x"]), known["deep_y"], atol=2e-6)
    with pytest.raises(UsageError, match="holds weights alone; give the activation of each of its 12 layers"):
        read(path)
    with pytest.raises(
        UsageError, match="has 12 layers with weights, and activations 2; give one for each: dense, "
    ):
        read(path, activations=["relu", "tanh"])
    with pytest.raises(
        ModelError, match=r"'batch_normalization' has arrays of shapes .*, and is no Dense layer"
    ):
        read(made / "all.weights.h5", activations="relu")
    with pytest.raises(ModelError, match="models in models; save the whole model"):
        read(made / "nested.weights.h5", activations="relu")
    with pytest.raises(UsageError, match="says which activations it has; leave activations out"):
        read(made / "deep.keras", activations="relu")


def test_what_was_done_is_told(made: Path) -> None:
    said = told(read(made / "all.keras"))
    assert "layer 'normalization' (Normalization) is folded into w and b of layer 1" in said
    assert "largest difference" in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "add",
            "layer 'add' (Add) joins 2 branches, and a dense network is one chain; make a model of the part",
        ),
        (
            "lambda",
            "layer 'twice' is a 'Lambda', which holds code of its own; that is never run: write it as one",
        ),
        (
            "lambda-activation",
            "its activation is code of its own (a lambda), which is never run; take one of",
        ),
        (
            "convolution",
            "(Conv1D): no dense network has such a layer; make a model of the dense layers alone",
        ),
        ("mish", "Backlit has no activation 'mish'; 'silu' is close to it: train with that instead"),
        ("relu6", "(ReLU): it is cut off at 6; train with a plain ReLU"),
        ("axes", "(Dense): rows with several axes reach it; put Flatten before it"),
        ("two", "has 2 outputs, and a network has one; make a model of one output from it and save that"),
        ("shared", "(Dense) is used more than once, and a dense network is one chain"),
        ("norm", "(LayerNormalization): no dense network has such a layer"),
        (
            "custom",
            "layer 'my' is a 'My' of 'mine>My', code that is not in the file; put Keras's own layers in its",
        ),
        ("custom-activation", "is code that is not in the file; take one of Keras's by its name"),
        (
            "subclass",
            "is a 'Sub', a class of its own, whose code is not in the file; make a Sequential or functional",
        ),
    ],
)
def test_what_is_no_dense_chain_is_named_with_what_can_be_done(name: str, said: str, made: Path) -> None:
    path = made / f"bad-{name}.keras"
    with pytest.raises(ModelError) as error:
        read(path)
    assert said in str(error.value)
    assert str(error.value).startswith(str(path))


# -------------------------------------------------------------------------------------------------------------- Keras 2


def legacy(path: Path, config: Any, arrays: dict[str, dict[str, Array]], version: str = "2.15.0") -> Path:
    """A file as Keras 2 wrote it: fixed-length attributes, weights by the names of their layers."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = np.bytes_(json.dumps(config).encode())
        file.attrs["keras_version"] = np.bytes_(version.encode())
        held = file.create_group("model_weights")
        held.attrs["layer_names"] = [name.encode() for name in arrays]
        for layer, weights in arrays.items():
            group = held.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in weights]
            for name, array in weights.items():
                group[f"{layer}/{name}:0"] = np.asarray(array, dtype=np.float32)
    return path


def dense(name: str, activation: Any, **more: Any) -> dict[str, Any]:
    return {
        "class_name": "Dense",
        "config": {"name": name, "activation": activation, "use_bias": True, **more},
    }


W, B = np.arange(6.0).reshape(3, 2) / 10, np.array([0.1, -0.2])


def test_keras_2_had_other_defaults(tmp_path: Path) -> None:
    config = {
        "class_name": "Sequential",
        "config": {
            "layers": [
                dense("d", "hard_sigmoid", batch_input_shape=[None, 3]),
                dense("e", "linear"),
                {"class_name": "LeakyReLU", "config": {"name": "l", "alpha": float(np.float32(0.1))}},
            ]
        },
    }
    weights = {"d": {"kernel": W, "bias": B}, "e": {"kernel": W[:2], "bias": B}}
    net = read(legacy(tmp_path / "m.h5", config, weights))
    assert [row.option for row in net.activations] == ["hard_sigmoid(slope=0.2)", "leaky_relu(slope=0.1)"]
    np.testing.assert_allclose(net.w[1], W.T.astype(np.float32))
    third = read(legacy(tmp_path / "m.h5", config, weights, version="3.0.0"))
    assert third.activations[0].option == f"hard_sigmoid(slope={1 / 6!r})"


def test_a_functional_model_of_keras_2_is_followed(tmp_path: Path) -> None:
    def layer(one: dict[str, Any], before: str | None) -> dict[str, Any]:
        nodes = [] if before is None else [[[before, 0, 0, {}]]]
        return {**one, "name": one["config"]["name"], "inbound_nodes": nodes}

    entry = {"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [None, 3]}}
    layers = [layer(dense("e", "softmax"), "d"), layer(entry, None), layer(dense("d", "relu"), "in")]
    config = {
        "class_name": "Functional",
        "config": {"layers": layers, "input_layers": [["in", 0, 0]], "output_layers": [["e", 0, 0]]},
    }
    weights = {"d": {"kernel": W, "bias": B}, "e": {"kernel": W[:2], "bias": B}}
    net = read(legacy(tmp_path / "m.h5", config, weights))
    assert [row.option for row in net.activations] == ["relu", "softmax"]
    layers[2]["inbound_nodes"] = [[["e", 0, 0, {}]]]
    with pytest.raises(ModelError, match="its layers run in a circle through"):
        read(legacy(tmp_path / "m.h5", config, weights))


def test_archives_without_names_are_found_by_counting(tmp_path: Path) -> None:
    config = {"class_name": "Sequential", "config": {"layers": [dense("x", "relu"), dense("y", "tanh")]}}
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        for name, kernel in (("dense", W), ("dense_1", W[:2])):
            file[f"_layer_checkpoint_dependencies/{name}/vars/0"] = kernel
            file[f"_layer_checkpoint_dependencies/{name}/vars/1"] = B
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "2.13.1"}))
        archive.writestr("model.weights.h5", held.getvalue())
    net = read(tmp_path / "m.keras")
    np.testing.assert_array_equal(net.w[1], W.T)
    np.testing.assert_array_equal(net.w[2], W[:2].T)


# ------------------------------------------------------------------------------------------------------------ the page

PAGE = (Path(__file__).parents[2] / "docs" / "from-keras.md").read_text(encoding="utf-8")


def test_the_page_runs_and_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def layer(kind: str, name: str, **config: Any) -> dict[str, Any]:
        return {"module": "keras.layers", "class_name": kind, "config": {"name": name, **config}}

    layers = [
        layer("InputLayer", "input_layer", batch_shape=[None, 8, 8]),
        layer("Flatten", "flatten"),
        layer("Rescaling", "rescaling", scale=1 / 16, offset=0.0),
        layer("Dense", "dense", activation="linear"),
        layer("BatchNormalization", "batch_normalization"),
        layer("Activation", "activation", activation="relu"),
        layer("Dropout", "dropout", rate=0.2),
        layer("Dense", "dense_1", activation="softmax"),
    ]
    config = {
        "class_name": "Sequential",
        "config": {"name": "sequential", "layers": layers},
        "compile_config": {"loss": "sparse_categorical_crossentropy"},
    }
    rng = np.random.default_rng(0)
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        arrays = {
            "dense": [(64, 30), (30,)],
            "batch_normalization": [(30,)] * 4,
            "dense_1": [(30, 10), (10,)],
        }
        for name, shapes in arrays.items():
            for k, shape in enumerate(shapes):
                file[f"layers/{name}/vars/{k}"] = rng.random(shape).astype(np.float32) / 10
            file[f"layers/{name}/vars"].attrs["name"] = name
    with zipfile.ZipFile(tmp_path / "digits.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", held.getvalue())
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```\n(?:```text\n(.*?)```\n)?", PAGE, re.DOTALL)
    assert len(blocks) == 1
    for program, expected in blocks:
        exec(compile(program, "the page", "exec"), {})
        said = capsys.readouterr().out
        assert _settled(said) == _settled(expected)


def _settled(text: str) -> str:
    """Without what rounding leaves, which differs from machine to machine."""
    return re.sub(r"\d\S*e-\d+", "n", text)


@pytest.mark.parametrize(
    "kind", ["Dense", "BatchNormalization", "Rescaling", "Normalization", "LeakyReLU", "ELU"]
)
def test_the_page_knows_every_layer(kind: str) -> None:
    from backlit.interop.keras_steps import _RULES

    assert kind in _RULES
    assert f"`{kind}" in PAGE
