"""ONNX out: the checker passes, ONNX Runtime computes what the network does, and what is read back is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from backlit import data
from backlit.data import Recipe
from backlit.errors import DataError, UsageError
from backlit.functions import ACTIVATIONS
from backlit.network import Network

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
from backlit.interop.onnx import read  # noqa: E402
from backlit.interop.onnx_write import OPSET, model_of, write  # noqa: E402

Array = Any
OPTIONS = [*ACTIVATIONS, "leaky_relu(slope=0.3)", "elu(alpha=0.7)", "hard_sigmoid(slope=0.2)"]
OPSETS = (9, 13, OPSET, 20, 24)
COSTS = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}


def runtime(model: Any, feed: dict[str, Array]) -> dict[str, Array]:
    """What ONNX Runtime gives, by output."""
    ort = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    content = model.read_bytes() if isinstance(model, Path) else model.SerializeToString()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(None, feed), strict=True))


def near(found: Array, wanted: Array) -> None:
    """To 1e−5, relative where numbers are large."""
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("option", OPTIONS)
def test_every_activation_is_computed_alike_at_every_opset_and_comes_back(
    option: str, dtype: Any, tmp_path: Path
) -> None:
    net = Network([3, 4, 2], activations=[option, "identity"], dtype=dtype, seed=3)
    X = np.random.default_rng(1).normal(0, 2, (20, 3)).astype(dtype)
    for opset in OPSETS:
        path = write(net, tmp_path / "m.onnx", opset=opset)
        model = onnx.load(path)
        assert [one.version for one in model.opset_import if not one.domain] == [opset]
        outputs = runtime(path, {"x": X})["outputs"]
        assert outputs.dtype == dtype
        near(outputs, net.predict(X))
    back = read(path)
    np.testing.assert_array_equal(back.theta, net.theta)
    assert back.dtype == net.dtype
    assert [row.option for row in back.activations] == [row.option for row in net.activations]


@settings(max_examples=25)
@given(st.data())
def test_random_networks_come_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    layers = data.draw(st.lists(st.sampled_from(OPTIONS), min_size=1, max_size=4))
    sizes = data.draw(st.lists(st.integers(2, 5), min_size=len(layers) + 1, max_size=len(layers) + 1))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    cost = COSTS.get(
        layers[-1], data.draw(st.sampled_from(["squared_error", "huber(delta=2)", "absolute_error"]))
    )
    net = Network(sizes, activations=layers, cost=cost, dtype=dtype, seed=data.draw(st.integers(0, 99)))
    path = write(net, tmp_path_factory.mktemp("m") / "m.onnx", opset=data.draw(st.sampled_from(OPSETS)))
    back = read(path)
    np.testing.assert_array_equal(back.theta, net.theta)
    assert [row.option for row in back.activations] == [row.option for row in net.activations]
    assert (back.cost, back.sizes, back.dtype) == (net.cost, net.sizes, net.dtype)


def test_any_number_of_rows_is_taken() -> None:
    net = Network([3, 2])
    for rows in (1, 7):
        X = np.ones((rows, 3))
        near(runtime(model_of(net), {"x": X})["outputs"], net.predict(X))


@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        (None, np.int64),
        ((3, 7, 5), np.int64),
        (("a", "é", "c"), object),
        ((0.5, 1.5, 2), np.float64),
        (("a", 1, 2.5), object),
    ],
)
def test_class_names_of_every_kind_come_out(classes: Any, kind: Any, tmp_path: Path) -> None:
    net = Network([3, 4, 3], activations=["relu", "softmax"], cost="cross_entropy", seed=1)
    net.classes, net.task = classes, "classes"
    X = np.random.default_rng(0).normal(size=(30, 3))
    path = write(net, tmp_path / "m.onnx")
    label = runtime(path, {"x": X})["label"]
    assert label.dtype == kind
    assert label.tolist() == [
        one if kind is not object else str(one) for one in net.predict_labels(X).tolist()
    ]
    back = read(path)
    assert back.task == "classes"
    if classes is not None and kind is not object:
        assert back.classes == classes


@pytest.mark.parametrize("cost", ["binary_cross_entropy", "hinge"])
@pytest.mark.parametrize("classes", [None, ("no", "yes")])
def test_one_output_says_one_of_two_classes(cost: str, classes: Any) -> None:
    last = "sigmoid" if cost == "binary_cross_entropy" else "identity"
    net = Network([3, 4, 1], activations=["tanh", last], cost=cost, seed=2)
    net.task, net.classes = "classes", classes
    X = np.random.default_rng(0).normal(size=(30, 3))
    label = runtime(model_of(net), {"x": X})["label"]
    assert label.tolist() == net.predict_labels(X).tolist()
    assert len(set(label.tolist())) == 2


# ------------------------------------------------------------------------------------------------------------- recipes


def table(target: str) -> dict[str, Any]:
    """A table with every kind of column, and gaps in some."""
    rng = np.random.default_rng(0)
    n = 60
    rows: dict[str, Any] = {
        "height": rng.normal(170, 10, n),
        "w1": rng.normal(1e6, 1, n),  # the name of a tensor inside, and a mean that float32 would lose
        "colour": rng.choice(["red", "blue", "1.5", "2"], n),
        "city": [
            None if gap else word
            for gap, word in zip(rng.random(n) < 0.2, rng.choice(["a", "b"], n), strict=True)
        ],
        "flag": rng.random(n) < 0.5,
        "label": np.full(n, 3.0),  # constant, and the name of an output
        "left": np.arange(n),
    }
    rows["height"][3] = np.nan
    rows[target] = rng.choice(["yes", "no", "may"], n) if target == "y" else rng.normal(50, 4, n)
    return rows


def fed(model: Any, rows: dict[str, Any]) -> dict[str, Array]:
    """The raw columns as the model's inputs take them."""
    feed = {}
    for one in model.graph.input:
        column = rows[one.name]
        if one.type.tensor_type.elem_type == onnx.TensorProto.STRING:
            feed[one.name] = np.array([["" if cell is None else cell] for cell in column], dtype=object)
        else:
            feed[one.name] = np.asarray(column, dtype=np.float64)[:, None]
    return feed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("target", "missing"), [("y", "mean"), ("v", "median"), ("v", "mean")])
def test_raw_columns_go_in_and_answers_come_out(
    target: str, missing: str, dtype: Any, tmp_path: Path
) -> None:
    rows = table(target)
    recipe = Recipe.learn(data.Table.from_any(rows), target=target, exclude=["left"], missing=missing)
    classes = target == "y"
    net = Network(
        [len(recipe.inputs), 5, 3 if classes else 1],
        activations=["tanh", "softmax" if classes else "identity"],
        cost="cross_entropy" if classes else "squared_error",
        dtype=dtype,
    )
    net.recipe, net.task, net.classes = recipe, recipe.task, recipe.classes
    asked = {name: column for name, column in rows.items() if name not in (target, "left")}
    asked["city"] = ["NA" if k == 5 else cell for k, cell in enumerate(asked["city"])]
    asked["colour"] = np.where(np.arange(60) == 7, "2.0", asked["colour"])
    for opset in (9, OPSET, 24):
        path = write(net, tmp_path / "m.onnx", opset=opset)
        found = runtime(path, fed(onnx.load(path), asked))
        near(found["outputs"], net.predict(asked))
        if classes:
            assert found["label_1"].tolist() == net.predict_labels(asked).tolist()
        else:
            near(found["value"], net.predict_labels(asked))
    back = read(path)
    np.testing.assert_array_equal(back.theta, net.theta)
    assert back.recipe.to_json() == recipe.to_json()
    assert (back.classes, back.task) == (net.classes, net.task)
    near(back.predict(asked), net.predict(asked))


def test_a_recipe_is_read_from_the_graph_where_the_metadata_lie(tmp_path: Path) -> None:
    rows = table("v")
    recipe = Recipe.learn(data.Table.from_any(rows), target="v", exclude=["left"])
    net = Network([len(recipe.inputs), 3, 1], activations=["tanh", "identity"])
    net.recipe, net.task = recipe, "values"
    model = model_of(net)
    lie = next(one for one in model.metadata_props if one.key == "recipe")
    mean = next(column.mean for column in recipe.columns if column.name == "height")
    assert repr(mean) in lie.value
    lie.value = lie.value.replace(repr(mean), "99.0")
    path = tmp_path / "m.onnx"
    onnx.save(model, path)
    back = read(path)
    asked = {name: column for name, column in rows.items() if name not in ("v", "left")}
    near(back.predict(asked), net.predict(asked))
    near(back.predict_labels(asked), net.predict_labels(asked))


def test_words_never_seen_give_zeros_as_the_recipe_does() -> None:
    rows = {"colour": ["red", "blue", "red"], "y": [1.0, 2.0, 4.0]}
    recipe = Recipe.learn(data.Table.from_any(rows), target="y")
    net = Network([2, 3, 1], activations=["tanh", "identity"])
    net.recipe, net.task = recipe, "values"
    net.b[1][...] = [1, 2, 3]
    asked = {"colour": ["green", "red"]}
    with pytest.warns(UserWarning, match="training never saw"):
        expected = net.predict(asked)
    near(runtime(model_of(net), fed(model_of(net), asked))["outputs"], expected)


@pytest.mark.parametrize("missing", ["mean", "error"])
def test_a_missing_number_is_filled_or_gives_nan_where_it_is_refused(missing: str) -> None:
    rows = {"a": [1.0, 2.0, 6.0], "y": [1.0, 2.0, 4.0]}
    recipe = Recipe.learn(data.Table.from_any(rows), target="y", missing=missing)
    net = Network([1, 1], activations="identity")
    net.recipe, net.task = recipe, "values"
    found = runtime(model_of(net), {"a": np.array([[np.nan]])})["value"]
    if missing == "mean":
        near(found, net.predict_labels({"a": [None]}))
    else:
        assert np.isnan(found).all()
        with pytest.raises(DataError, match="is missing"):
            net.predict({"a": [None]})


def test_pixels_and_arrays_are_scaled_inside(tmp_path: Path) -> None:
    digits = data.load("digits", limit=50)
    rng = np.random.default_rng(0)
    rows = rng.normal(5, 3, (50, 5))
    rows[:, 2] = 7
    values = data.load(rows, target="4")
    for dataset, raw in ((digits, digits.inputs.block.astype(np.float64)), (values, rows[:, :4])):
        recipe = Recipe.learn(dataset)
        net = Network([raw.shape[1], 6, 10 if dataset is digits else 1], activations=["relu", "identity"])
        net.recipe, net.task, net.classes = recipe, recipe.task, recipe.classes
        path = write(net, tmp_path / "m.onnx")
        found = runtime(path, {"x": raw})
        x = recipe.encode(raw)
        near(found["outputs"], net.predict(x))
        answer = found["label"] if dataset is digits else found["value"]
        near(answer.astype(float), net.predict_labels(x).astype(float))
        back = read(path)
        np.testing.assert_array_equal(back.theta, net.theta)
        assert back.recipe.to_json() == recipe.to_json()


# --------------------------------------------------------------------------------------------------- what is refused


def test_functions_of_your_own_are_refused_by_name(tmp_path: Path) -> None:
    def wobble(z: Array) -> Array:
        return np.sin(z)

    net = Network([2, 2, 1], activations=["tanh", (wobble, np.cos)])
    with pytest.raises(
        UsageError, match="layer 2 has a function of your own, 'wobble', and ONNX has no node"
    ):
        write(net, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


@pytest.mark.parametrize("opset", [8, 999, 17.0, True, None])
def test_an_opset_that_is_not_known_is_refused(opset: Any) -> None:
    newest = onnx.defs.onnx_opset_version()
    with pytest.raises(UsageError, match=rf"opset is a whole number from 9 to {newest}; got"):
        model_of(Network([2, 1]), opset=opset)


def test_the_metadata_say_what_the_graph_does_not() -> None:
    import backlit

    net = Network([2, 1], activations="sigmoid", cost="binary_cross_entropy")
    model = model_of(net)
    about = {one.key: one.value for one in model.metadata_props}
    assert (model.producer_name, model.producer_version) == ("backlit", backlit.__version__)
    assert about["cost"] == "binary_cross_entropy"
    assert about["activations"] == '["sigmoid"]'
