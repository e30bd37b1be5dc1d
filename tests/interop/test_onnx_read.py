"""ONNX in: models as PyTorch, scikit-learn's exporter and Keras write them; and what is no dense chain, by its node."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit.errors import BacklitWarning, ModelError, UsageError
from backlit.network import Network

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from backlit.interop.onnx import read  # noqa: E402
from backlit.interop.onnx_write import write  # noqa: E402

Array = Any
RNG = np.random.default_rng(0)
W = RNG.normal(size=(3, 4)).astype(np.float32)  # (n_in, n_out), as MatMul takes it
B = RNG.normal(size=4).astype(np.float32)
X = RNG.normal(0, 2, (20, 3)).astype(np.float32)


def node(op: str, inputs: str, output: str, **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(), [output], name=f"the {op}", **attributes)


def saved(path: Path, nodes: list[Any], *, opset: int = 17, shape: Any = ("n", 3), **stored: Any) -> Path:
    """A model of the nodes from "x" to "y"; arrays by their names."""
    kind = (
        TensorProto.DOUBLE
        if any(np.asarray(one).dtype == np.float64 for one in stored.values())
        else TensorProto.FLOAT
    )
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", kind, None)],
        [numpy_helper.from_array(np.asarray(one), name) for name, one in stored.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 1)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    return path


def dense(path: Path, *after: Any, opset: int = 17, **stored: Any) -> Path:
    """MatMul and Add to "z", then the nodes."""
    return saved(
        path, [node("MatMul", "x w", "m"), node("Add", "m b", "z"), *after], opset=opset, w=W, b=B, **stored
    )


def options(net: Network) -> list[str]:
    return [row.option for row in net.activations]


def scalar(value: float) -> Array:
    return np.array(value, dtype=np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.onnx"


# ---------------------------------------------------------------------------------------------------------- affine maps


@pytest.mark.parametrize("swapped", [False, True])
def test_matmul_and_add_are_a_layer_in_either_order(swapped: bool, path: Path) -> None:
    add = node("Add", "b m" if swapped else "m b", "y")
    net = read(saved(path, [node("MatMul", "x w", "m"), add], w=W, b=B))
    np.testing.assert_array_equal(net.w[1], W.T)
    np.testing.assert_array_equal(net.b[1], B)
    assert net.training["imported"]["difference"] < 1e-5


def test_gemm_is_read_with_all_its_attributes(path: Path) -> None:
    gemm = node("Gemm", "x w b", "y", alpha=0.5, beta=2.0, transB=1)
    net = read(saved(path, [gemm], w=np.ascontiguousarray(W.T), b=B))
    np.testing.assert_allclose(net.predict(X), X @ W * 0.5 + 2 * B, rtol=1e-5, atol=1e-6)
    assert not read(saved(path, [node("Gemm", "x w", "y")], w=W)).b[1].any()
    for bad, said in (({"transA": 1}, "takes examples as columns"),):
        with pytest.raises(ModelError, match=rf"node 'the Gemm' \(Gemm\): it {said}"):
            read(saved(path, [node("Gemm", "x w", "y", **bad)], w=W))
    with pytest.raises(ModelError, match="its rows stand second"):
        read(saved(path, [node("MatMul", "w x", "y")], shape=(4, "n"), w=W))


def test_what_is_affine_is_folded(path: Path) -> None:
    s = RNG.random(3).astype(np.float32) + 1
    nodes = [
        node("Sub", "x mean", "c"),
        node("Div", "c s", "d"),
        node("MatMul", "d w", "m"),
        node("BatchNormalization", "m v b b v", "n", epsilon=0.01),
        node("Relu", "n", "r"),
        node("Mul", "r two", "r2"),
        node("MatMul", "r2 w2", "y"),
    ]
    v = np.abs(B) + 1
    for opset in (9, 13, 17):
        net = read(
            saved(
                path,
                nodes,
                opset=opset,
                mean=s,
                s=s,
                w=W,
                v=v,
                b=B,
                two=scalar(2),
                w2=np.ascontiguousarray(W.T),
            )
        )
        z = (X - s) / s @ W
        a = 2 * np.maximum(v * (z - B) / np.sqrt(v + 0.01) + B, 0)
        np.testing.assert_allclose(net.predict(X), a @ W.T, rtol=1e-4, atol=1e-4)
        assert options(net) == ["relu", "identity"]


def test_constants_are_followed_through_nodes(path: Path) -> None:
    nodes = [
        helper.make_node(
            "Constant", [], ["c"], value=numpy_helper.from_array(np.ascontiguousarray(W.T), "c")
        ),
        node("Transpose", "c", "t", perm=[1, 0]),
        node("Cast", "t", "w", to=TensorProto.FLOAT),
        node("Identity", "b0", "b"),
        node("MatMul", "x w", "m"),
        node("Add", "m b", "y"),
    ]
    net = read(saved(path, nodes, b0=B[None, :]))
    np.testing.assert_array_equal(net.w[1], W.T)
    np.testing.assert_array_equal(net.b[1], B)


def test_rows_are_flattened_as_exporters_write_it(path: Path) -> None:
    shapes = [
        node("Shape", "x", "s"),
        node("Gather", "s nought", "g", axis=0),
        node("Unsqueeze", "g zero", "n"),
    ]
    ways: list[list[Any]] = [
        [node("Flatten", "x", "f")],
        [node("Reshape", "x plain", "f")],
        [*shapes, node("Concat", "n minus", "t", axis=0), node("Reshape", "x t", "f")],
        [node("Squeeze", "x one", "q"), node("Dropout", "q", "i"), node("Identity", "i", "f")],
    ]
    zero, one, minus, plain = (np.array(value) for value in ([0], [1], [-1], [-1, 3]))
    for nodes in ways:
        whole = [*nodes, node("MatMul", "f w", "y")]
        net = read(
            saved(
                path,
                whole,
                shape=("n", 1, 3),
                w=W,
                nought=np.array(0),
                zero=zero,
                one=one,
                minus=minus,
                plain=plain,
            )
        )
        assert net.sizes == (3, 4)
    with pytest.raises(ModelError, match=r"node 'the MatMul' \(MatMul\): rows of shape \(1, 3\) reach it"):
        read(saved(path, [node("MatMul", "x w", "y")], shape=("n", 1, 3), w=W))
    with pytest.raises(ModelError, match="it makes 5 rows of however many there are"):
        read(saved(path, [node("Reshape", "x t", "f"), node("MatMul", "f w", "y")], w=W, t=np.array([5, 3])))


# ---------------------------------------------------------------------------------------------------------- activations

HALF, ONE, TWO = scalar(0.5), scalar(1), scalar(2)
WRITTEN: dict[str, tuple[str, list[Any], dict[str, Array]]] = {
    "gelu, PyTorch": (
        "gelu",
        [node("Div", "z r", "u"), node("Erf", "u", "e"), node("Add", "e one", "p"), node("Mul", "z p", "q"),
         node("Mul", "q half", "y")],
        {"r": scalar(math.sqrt(2)), "one": ONE, "half": HALF},
    ),
    "gelu, TensorFlow": (
        "gelu",
        [node("Mul", "z half", "h"), node("Mul", "z r", "u"), node("Erf", "u", "e"), node("Add", "one e", "p"),
         node("Mul", "h p", "y")],
        {"r": scalar(math.sqrt(0.5)), "one": ONE, "half": HALF},
    ),
    "gelu by tanh": (
        "gelu_tanh",
        [node("Pow", "z three", "c"), node("Mul", "c k", "d"), node("Add", "z d", "i"), node("Mul", "i r", "u"),
         node("Tanh", "u", "t"), node("Add", "t one", "p"), node("Mul", "p half", "q"), node("Mul", "z q", "y")],
        {"three": scalar(3), "k": scalar(0.044715), "r": scalar(math.sqrt(2 / math.pi)), "one": ONE, "half": HALF},
    ),
    "silu": ("silu", [node("Sigmoid", "z", "s"), node("Mul", "z s", "y")], {}),
    "softplus": ("softplus", [node("Exp", "z", "e"), node("Add", "e one", "p"), node("Log", "p", "y")], {"one": ONE}),
    "leaky relu by Max": (
        "leaky_relu(slope=0.2)", [node("Mul", "z k", "s"), node("Max", "z s", "y")], {"k": scalar(0.2)}
    ),
    "leaky relu by Where": (
        "leaky_relu(slope=0.25)",
        [node("Greater", "z o", "g"), node("Mul", "z k", "s"), node("Where", "g z s", "y")],
        {"k": scalar(0.25), "o": scalar(0)},
    ),
    "one slope for all": ("leaky_relu(slope=0.3)", [node("PRelu", "z k", "y")], {"k": np.full(4, 0.3, np.float32)}),
    "hard sigmoid by Clip": (
        "hard_sigmoid(slope=0.2)",
        [node("Mul", "z k", "s"), node("Add", "s half", "t"), node("Clip", "t o one", "y")],
        {"k": scalar(0.2), "half": HALF, "o": scalar(0), "one": ONE},
    ),
    "softsign": ("softsign", [node("Abs", "z", "s"), node("Add", "s one", "t"), node("Div", "z t", "y")], {"one": ONE}),
    "relu by Clip": ("relu", [node("Clip", "z o", "y")], {"o": scalar(0)}),
    "tanh by Sigmoid": (
        "tanh",
        [node("Mul", "z two", "u"), node("Sigmoid", "u", "s"), node("Mul", "s two", "t"), node("Sub", "t one", "y")],
        {"two": TWO, "one": ONE},
    ),
    "Celu": ("elu(alpha=1.0)", [node("Celu", "z", "y", alpha=1.0)], {}),
    "HardSigmoid": ("hard_sigmoid(slope=0.2)", [node("HardSigmoid", "z", "y")], {}),
    "Selu": ("selu", [node("Selu", "z", "y")], {}),
    "Softmax": ("softmax", [node("Softmax", "z", "y", axis=-1)], {}),
    "LogSoftmax": ("softmax", [node("LogSoftmax", "z", "y", axis=1)], {}),
}  # fmt: skip


@pytest.mark.parametrize("way", WRITTEN)
def test_an_activation_of_several_nodes_is_recognised(way: str, path: Path) -> None:
    option, nodes, stored = WRITTEN[way]
    net = read(dense(path, *nodes, **stored))
    assert options(net) == [option]
    np.testing.assert_array_equal(net.w[1], W.T)


def test_a_wrong_digit_is_no_activation(path: Path) -> None:
    nodes = WRITTEN["gelu, PyTorch"][1]
    with pytest.raises(ModelError, match=r"'the Div' \(Div\).*is no activation of Backlit"):
        read(dense(path, *nodes, r=scalar(1.4), one=ONE, half=HALF))


@pytest.mark.parametrize(
    ("nodes", "stored", "said"),
    [
        ([node("HardSwish", "z", "y")], {}, "'the HardSwish' (HardSwish): HardSwish is no activation of Backlit"),
        (
            [node("HardSigmoid", "z", "s", alpha=1 / 6), node("Mul", "z s", "y")],
            {},
            "'the HardSigmoid' (HardSigmoid), 'the Mul' (Mul): HardSwish is no activation of Backlit; 'silu' is its",
        ),
        (
            [node("Softplus", "z", "p"), node("Tanh", "p", "t"), node("Mul", "z t", "y")],
            {},
            "Mish is no activation of Backlit; 'silu' is close to it",
        ),
        ([node("Clip", "z o six", "y")], {"o": scalar(0), "six": scalar(6)}, "Relu6 is no activation of Backlit"),
        ([node("PRelu", "z k", "y")], {"k": B}, "node 'the PRelu' (PRelu): its function is not the same for every"),
        ([node("Softmax", "z", "y", axis=0)], {}, "node 'the Softmax' (Softmax): it goes along axis 0, over examples"),
        ([node("Add", "z x", "y")], {}, "the graph branches before node 'the Add' (Add), and node 'the MatMul'"),
        ([node("Conv", "z k", "y")], {"k": B}, "node 'the Conv' (Conv): no dense network has such a node; Backlit's"),
        ([node("LSTM", "z k k", "y")], {"k": B}, "node 'the LSTM' (LSTM): no dense network has such a node; give"),
        ([node("Dropout", "z k t", "y")], {"k": HALF, "t": np.array(True)}, "it is in training mode"),
        ([node("Cast", "z", "i", to=7), node("Cast", "i", "y", to=1)], {}, "it cuts numbers down to whole ones"),
    ],
)  # fmt: skip
def test_what_is_no_dense_chain_is_named_with_what_can_be_done(
    nodes: list[Any], stored: dict[str, Array], said: str, path: Path
) -> None:
    with pytest.raises(ModelError) as error:
        read(dense(path, *nodes, **stored))
    assert said in str(error.value)
    assert str(error.value).startswith(f"{path}: ")


def test_a_part_can_be_taken_by_its_tensors(path: Path) -> None:
    nodes = [
        node("Tanh", "x", "t"),
        node("MatMul", "t w", "m"),
        node("Relu", "m", "r"),
        node("LSTM", "r b b", "y"),
    ]
    saved(path, nodes, w=W, b=B)
    net = read(path, input="t", output="r")
    assert (options(net), net.sizes) == (["relu"], (3, 4))
    with pytest.raises(ModelError, match="has no tensor 'nix'; its outputs are y"):
        read(path, output="nix")
    with pytest.raises(ModelError, match="has no tensor 'nix' that goes into a node; its inputs are x"):
        read(path, input="nix")


def test_several_outputs_are_asked_about(path: Path) -> None:
    saved(path, [node("MatMul", "x w", "m"), node("Relu", "m", "y")], w=W)
    model = onnx.load(path)
    model.graph.output.append(helper.make_tensor_value_info("m", TensorProto.FLOAT, None))
    onnx.save(model, path)
    with pytest.raises(
        ModelError, match="has several outputs, and a network has one: y, m; name it, output=…"
    ):
        read(path)
    assert options(read(path, output="y")) == ["relu"]


def test_the_cost_is_theirs_to_choose(path: Path) -> None:
    dense(path, node("Identity", "z", "y"))
    assert read(path).cost.name == "squared_error"
    top = read(path, cost="cross_entropy")
    assert options(top) == ["softmax"]
    with pytest.raises(UsageError, match="unknown cost"):
        read(path, cost="crossentropy_")


def test_float16_and_float64_models_are_read(path: Path) -> None:
    nodes = [node("MatMul", "x w", "m"), node("Gelu", "m", "y")]
    net = read(saved(path, nodes, opset=20, w=W.astype(np.float64)))
    assert net.dtype == np.float64
    np.testing.assert_array_equal(net.w[1], W.T)
    saved(path, nodes, opset=20, w=W.astype(np.float16))
    model = onnx.load(path)
    for one in (*model.graph.input, *model.graph.output):
        one.type.tensor_type.elem_type = TensorProto.FLOAT16
    onnx.save(model, path)
    half = read(path)
    assert (half.dtype, options(half)) == (np.float32, ["gelu"])


def test_an_import_that_differs_is_not_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backlit.interop import onnx_path

    dense(path, node("Relu", "z", "y"))
    monkeypatch.setattr(onnx_path, "recognised", lambda found, half: ("tanh", 0.0))
    with pytest.raises(
        ModelError, match=r"differ by .* it is not what it was read as, so nothing was made of it"
    ):
        read(path)


def test_what_can_not_be_run_is_read_with_a_warning(path: Path) -> None:
    saved(path, [node("MatMul", "x w", "y")], shape=(2_000_000, 3), w=W)
    with pytest.warns(BacklitWarning, match="could not be run to compare: it takes 2,000,000 rows at a time"):
        net = read(path)
    assert "imported" not in net.training


def test_a_fixed_batch_is_filled(path: Path) -> None:
    for rows in (1, 7, 100):
        net = read(saved(path, [node("MatMul", "x w", "y")], shape=(rows, 3), w=W))
        assert net.training["imported"]["difference"] < 1e-5


def test_what_was_read_is_written_again(path: Path, tmp_path: Path) -> None:
    net = read(dense(path, node("Relu", "z", "y")))
    again = read(write(net, tmp_path / "again.onnx"))
    np.testing.assert_array_equal(again.theta, net.theta)
