"""Networks typed by hand: Mazur's worked example to its last printed digit, both formats, and every wrong file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit.errors import ModelError

# Matt Mazur, "A Step by Step Backpropagation Example", 2015: its network, and the numbers printed there.
MAZUR: dict[str, Any] = {
    "sizes": [2, 2, 2],
    "activations": "sigmoid",
    "cost": "half_squared_error",
    "weights": [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]],
    "biases": [0.35, 0.60],
    "example": {"x": [0.05, 0.10], "y": [0.01, 0.99]},
}
SMALL: dict[str, Any] = {"weights": [[[1, 2], [3, 4]], [[5, 6]]], "biases": [[0, 0.5], [1]]}


def written(folder: Path, content: Any, name: str = "net.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_mazurs_worked_example(tmp_path: Path) -> None:
    net = backlit.load(written(tmp_path, MAZUR))
    assert net.example is not None
    x, y = net.example
    trace, gradient = net.backprop(x, y), net.gradient(x, y)
    assert trace.z[1][0, 0] == pytest.approx(0.3775)
    assert trace.a[1][0].round(9).tolist() == [0.593269992, 0.596884378]
    assert trace.a[2][0].round(9).tolist() == [0.751365070, 0.772928465]
    assert round(float(net.value(x, y)), 9) == 0.298371109
    assert round(float(gradient.w[2][0, 0]), 9) == 0.082167041
    assert round(float(gradient.w[1][0, 0]), 9) == 0.000438568
    assert trace.dC_da[1][0, 0] == pytest.approx(0.036350306, abs=5e-10)
    net.theta = net.theta - 0.5 * np.where(
        [n.startswith("b") for n in map(net.name_of, range(12))], 0, gradient.theta
    )
    assert [round(float(one), 8) for one in net.w[2].reshape(-1)] == [
        0.35891648,
        0.40866619,
        0.51130127,
        0.56137012,
    ]
    assert [round(float(one), 8) for one in net.w[1].reshape(-1)] == [
        0.14978072,
        0.19956143,
        0.24975114,
        0.29950229,
    ]
    assert round(float(net.value(x, y)), 9) == 0.291027774  # his hidden biases stay as they are


def test_mazurs_step_explained(tmp_path: Path) -> None:
    net = backlit.load(written(tmp_path, MAZUR))
    assert net.example is not None
    steps = backlit.Steps((1, 1))
    follow = backlit.Follow("dC/dw[2][0,0]", *net.example).look(net)
    net.fit(*net.example, epochs=1, batch_size=1, eta=0.5, callbacks=[steps, follow], progress=False)
    update = net.explain_update("w[2][0,0]", *steps[1, 1])
    assert round(update.move, 8) == -0.04108352
    assert update.adds_up
    assert follow.values[0] == pytest.approx(0.082167041, abs=5e-10)
    assert [round(float(one[0]), 9) for one in follow.factors.values()] == [
        0.593269992,
        0.186815602,
        0.741365070,
    ]


def test_toml_is_the_same(tmp_path: Path) -> None:
    lines = [f"{name} = {json.dumps(value)}" for name, value in MAZUR.items() if name != "example"]
    text = "\n".join([*lines, "[example]", "x = [0.05, 0.10]", "y = [0.01, 0.99]"])
    assert tomllib.loads(text) == MAZUR
    one, other = (
        backlit.load(written(tmp_path, content, name))
        for content, name in ((MAZUR, "n.JSON"), (text, "n.toml"))
    )
    assert np.array_equal(one.theta, other.theta)
    assert one.sizes == other.sizes == (2, 2, 2)
    assert other.activations == one.activations


def test_what_may_be_left_out(tmp_path: Path) -> None:
    net = backlit.load(written(tmp_path, {"weights": SMALL["weights"]}))
    assert net.sizes == (2, 2, 1)
    assert [row.name for row in net.activations] == ["sigmoid", "sigmoid"]
    assert net.cost.name == "squared_error"
    assert net.dtype == np.float64
    assert not any(one.any() for one in net.b)
    assert net.example is None
    assert net.w[2].tolist() == [[5, 6]]
    assert backlit.load(written(tmp_path, SMALL)).b[1].tolist() == [0, 0.5]


def test_names_classes_and_several_examples(tmp_path: Path) -> None:
    content = SMALL | {
        "activations": ["relu", "elu(alpha=0.5)"],
        "dtype": "float32",
        "inputs": ["width", "height"],
        "classes": ["no", "yes"],
        "about": "two rows",
        "example": {"x": [[1, 2], [3, 4]], "y": ["yes", "no"]},
    }
    net = backlit.load(written(tmp_path, content))
    assert net.recipe.inputs == ("width", "height")
    assert net.classes == ("no", "yes")
    assert net.dtype == np.float32
    assert net.activations[1].option == "elu(alpha=0.5)"
    assert net.example is not None
    assert net.example[1].tolist() == [[1], [0]]
    assert net.copy().example is not None
    import pandas as pd

    frame = pd.DataFrame({"height": [2.0], "width": [1.0]})
    assert net.predict(frame) == pytest.approx(net.predict([[1.0, 2.0]]))


def test_softmax_has_classes_by_number(tmp_path: Path) -> None:
    content = {
        "weights": [[[1], [2], [3]]],
        "activations": "softmax",
        "cost": "cross_entropy",
        "example": {"x": [1], "y": 2},
    }
    net = backlit.load(written(tmp_path, content))
    assert net.task == "classes"
    assert net.example is not None
    assert net.example[1].tolist() == [[0, 0, 1]]
    assert net.predict_labels([[1.0]]).tolist() == [2]


def test_it_can_be_saved_as_a_model(tmp_path: Path) -> None:
    net = backlit.load(written(tmp_path, MAZUR))
    again = backlit.load(net.save(tmp_path / "m.safetensors"))
    assert np.array_equal(again.theta, net.theta)
    named_so = net.save(tmp_path / "m.json")  # a model file by its content, whatever its name
    assert np.array_equal(backlit.load(named_so).theta, net.theta)


WRONG = [
    ({}, "weights is missing"),
    ({"weights": 3}, "weights is a list with a matrix for each layer; got 3"),
    ({"weights": []}, "weights is a list with a matrix for each layer; got []"),
    ({"weights": [[1, 2]]}, "weights of layer 1 is a list of rows"),
    ({"weights": [[[1, 2], [3]]]}, "weights of layer 1, row 1 has 1 number, and the first row has 2"),
    ({"weights": [[[1, 2]], [[3, 4]]]}, "weights of layer 2, row 0 has 2 numbers, and layer 1 has 1 neuron"),
    ({"weights": [[[]]]}, "weights of layer 1, row 0 has 0 numbers"),
    ({"weights": [[["a"]]]}, 'weights of layer 1, row 0, entry 0: "a" is no number'),
    ({"weights": [[[True]]]}, "entry 0: true is no number"),
    ({"weights": [[[None]]]}, "entry 0: null is no number"),
    ('{"weights": [[[NaN]]]}', "NaN is no finite number"),
    ('{"weights": [[[1e999]]]}', "weights of layer 1, row 0, entry 0: Infinity is no finite number"),
    ({"weights": [[[10**400]]]}, "is no finite number"),
    (SMALL | {"sizes": [2, 3, 1]}, "sizes is [2, 3, 1], and the weights are those of [2, 2, 1]"),
    (SMALL | {"biases": [1]}, "biases is a list with an entry for each of 2 layers"),
    (SMALL | {"biases": {"1": 2}}, "biases is a list with an entry for each of 2 layers"),
    (SMALL | {"biases": [[1], 2]}, "biases of layer 1 are 1 number, and the layer has 2 neurons"),
    (SMALL | {"biases": [["x", 1], 2]}, 'biases of layer 1, entry 0: "x" is no number'),
    (
        SMALL | {"activations": "sigmoind"},
        "activations: unknown activation 'sigmoind'. Did you mean 'sigmoid'?",
    ),
    (SMALL | {"activations": 3}, "activations is a name, or a list of one for each layer; got 3"),
    (SMALL | {"activations": ["relu"]}, "has 2 layers with an activation; got a list of 1"),
    (SMALL | {"activations": ["__import__('os')", "relu"]}, "activations: "),
    (SMALL | {"cost": "half"}, "cost: unknown cost 'half'"),
    (SMALL | {"cost": ["hinge"]}, "cost: "),
    (SMALL | {"activations": "softmax"}, "activations and cost: softmax in layer 2 has one neuron"),
    (SMALL | {"dtype": "float16"}, "dtype: dtype is float32 or float64"),
    (
        SMALL | {"dtype": "float32", "weights": [[[1e300, 1], [1, 1]], [[1, 1]]]},
        "not finite in float32: w[1][0,0]",
    ),
    (SMALL | {"bias": [1]}, 'there is no field "bias"; is it biases? Known: sizes, weights'),
    (SMALL | {"inputs": ["a"]}, "inputs is a list of 2 inputs, as different names"),
    (SMALL | {"inputs": ["a", "a"]}, "inputs is a list of 2 inputs, as different names"),
    (SMALL | {"classes": ["a", "b", "c"]}, "classes is a list of 2 classes, as different names"),
    (SMALL | {"example": [1, 2]}, "example has x and y, and nothing else"),
    (SMALL | {"example": {"x": [1, 2]}}, "example has x and y, and nothing else"),
    (SMALL | {"example": {"x": 1, "y": 1}}, "example.x is a list of 2 numbers"),
    (SMALL | {"example": {"x": [1], "y": 1}}, "example.x is [1], and the network takes 2 numbers"),
    (SMALL | {"example": {"x": ["a", 1], "y": 1}}, 'example.x, entry 0: "a" is no number'),
    (SMALL | {"example": {"x": [[1, 2], 3], "y": [1, 2]}}, "example.x, row 1 is 3"),
    (
        SMALL | {"example": {"x": [1, 2], "y": [1, 2]}},
        "example.y: targets have 2 columns and the network 1 outputs",
    ),
    (SMALL | {"example": {"x": [1, 2], "y": "yes"}}, "example.y: targets are words"),
    (SMALL | {"example": {"x": [1, 2], "y": None}}, "example.y: "),
    (SMALL | {"example": {"x": [1, 2], "y": {}}}, "example.y: "),
    (SMALL | {"example": {"x": [[1, 2], [3, 4]], "y": [1]}}, "example.y: x has 2 examples and y has 1"),
    ([1], "it holds a list, and a network is an object"),
    ("7", "it holds 7, and a network is an object"),
    ("{", "it is not valid JSON"),
    ("", "it is not valid JSON"),
    ("[" * 100_000, "it is not valid JSON"),
    ('{"weights": [[[1]]], "weights": [[[2]]]}', '"weights" stands there twice'),
]


@pytest.mark.parametrize(("content", "said"), WRONG, ids=[said[:40] for _, said in WRONG])
def test_every_wrong_thing_is_named(tmp_path: Path, content: Any, said: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ModelError) as raised:
        backlit.load(path)
    message = str(raised.value)
    assert said in message
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert raised.value.exit_code == 3


def test_wrong_toml_bytes_and_places(tmp_path: Path) -> None:
    for content, said in (
        ("weights = [", "it is not valid TOML"),
        ("weights = [[[nan]]]", "is no finite number"),
        ("a = 1\na = 2", "it is not valid TOML"),
        ("weights = 1979-05-27", "weights is a list"),
    ):
        with pytest.raises(ModelError, match=said):
            backlit.load(written(tmp_path, content, "n.toml"))
    (tmp_path / "b.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(ModelError, match="it is not text in UTF-8"):
        backlit.load(tmp_path / "b.json")
    (tmp_path / "bom.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(SMALL).encode())
    assert backlit.load(tmp_path / "bom.json").sizes == (2, 2, 1)
    (tmp_path / "large.json").write_bytes(b" " * (2**24 + 1))
    with pytest.raises(ModelError, match="is larger than"):
        backlit.load(tmp_path / "large.json")
    with pytest.raises(ModelError, match="there is no such file"):
        backlit.load(tmp_path / "none.toml")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(ModelError, match="is a directory"):
        backlit.load(tmp_path / "folder.json")
    (tmp_path / "p.json").write_bytes(
        b"\x80\x04\x95\x0e\x00\x00\x00\x00\x00\x00\x00}\x94."
    )  # a pickle stays shut
    with pytest.raises(ModelError, match="not text in UTF-8"):
        backlit.load(tmp_path / "p.json")


def test_the_homework_is_explained_line_by_line(tmp_path: Path) -> None:
    net = backlit.load(written(tmp_path, MAZUR))
    assert net.example is not None
    x, y = net.example
    for name, value in (("dC/dw[2][0,0]", 0.082167041), ("dC/dw[1][0,0]", 0.000438568)):
        derivation = net.explain(name, x[0], y[0])
        assert float(derivation.value) == pytest.approx(value, abs=5e-10)
        assert "✗" not in derivation.text()
