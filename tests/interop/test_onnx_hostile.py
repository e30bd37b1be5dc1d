"""Broken and malicious ONNX files: an error that names what is wrong, little memory, nothing read that is outside."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from backlit.errors import MissingDependency, ModelError
from backlit.network import Network

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from backlit.interop.onnx import read  # noqa: E402
from backlit.interop.onnx_write import model_of, write  # noqa: E402

W = np.arange(6, dtype=np.float32).reshape(3, 2)


def fuzzer(name: str) -> Any:
    """The program tests/fuzz/<name>.py."""
    folder = Path(__file__).parents[1] / "fuzz"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


def node(op: str, inputs: str, output: str, **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(), [output], **attributes)


def model(nodes: list[Any], tensors: list[Any], shape: Any = ("n", 3)) -> Any:
    """A ModelProto from "x" to "y"."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        tensors,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def matmul(tensor: Any) -> Any:
    return model([node("MatMul", "x w", "y")], [tensor])


def refused(path: Path, content: Any, **options: Any) -> str:
    """What reading says; in little time, and in memory of a few times the file's size."""
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    tracemalloc.start()
    began = time.perf_counter()
    try:
        with pytest.raises(ModelError) as error:
            read(path, **options)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - began < 60  # on a loaded machine
    assert peak < 8 * path.stat().st_size + 2**25
    said = str(error.value)
    assert len(said) < 700
    return said


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.onnx"


# ------------------------------------------------------------------------------------------------------------- tensors


@pytest.mark.parametrize(
    "dims", [[2**40, 2**40], [3, 2**31], [2**63 - 1, 2, 3], [-1, 2], [1] * 5000, [0, 2**62]]
)
def test_shapes_that_claim_what_is_not_there_are_refused(dims: list[int], path: Path) -> None:
    tensor = numpy_helper.from_array(W, "w")
    del tensor.dims[:]
    tensor.dims.extend(dims)
    said = refused(path, matmul(tensor))
    assert "tensor 'w'" in said or "weights" in said or "shape" in said


@pytest.mark.parametrize("kind", [0, 8, 14, 17, 99])
def test_number_types_that_are_none_are_refused(kind: int, path: Path) -> None:
    tensor = numpy_helper.from_array(W, "w")
    tensor.data_type = kind
    assert "tensor 'w'" in refused(path, matmul(tensor))


def test_numbers_that_are_not_finite_are_refused(path: Path) -> None:
    broken = W.copy()
    broken[1, 1] = np.nan
    assert "not finite" in refused(path, matmul(numpy_helper.from_array(broken, "w")))


def external(location: str, **about: Any) -> Any:
    tensor = TensorProto(
        name="w", data_type=TensorProto.FLOAT, dims=[3, 2], data_location=TensorProto.EXTERNAL
    )
    for key, value in {"location": location, **about}.items():
        tensor.external_data.add(key=key, value=str(value))
    return matmul(tensor)


def test_external_data_are_read_only_where_that_is_allowed(path: Path) -> None:
    (path.parent / "w.bin").write_bytes(b"1234" + W.tobytes())
    content = external("w.bin", offset=4, length=24)
    assert "read only where that is allowed; give allow_external=True" in refused(path, content)
    net = read(path, allow_external=True)
    np.testing.assert_array_equal(net.w[1], W.T)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("../../secret", "outside the model's folder"),
        ("a/../../secret", "outside the model's folder"),
        ("/etc/passwd", "outside the model's folder"),
        ("C:\\secret", "outside the model's folder"),
        ("..\\secret", "outside the model's folder"),
        ("", "outside the model's folder"),
        ("w\0.bin", "outside the model's folder"),
        ("nothing", "can't be read"),
        (".", "outside the model's folder"),
        ("sub", "no plain file"),
        ("soft", "behind a link"),
        ("linked/w.bin", "behind a link"),
        ("hard", "no plain file of one name"),
        ("short", "end at 3 bytes"),
        ("pipe", "no plain file"),
    ],
)
def test_external_data_outside_the_folder_are_never_read(location: str, said: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(W.tobytes())
    folder = tmp_path / "models"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "w.bin").write_bytes(W.tobytes())
    (folder / "soft").symlink_to(secret)
    (folder / "linked").symlink_to(tmp_path / "other")
    os.link(secret, folder / "hard")
    (folder / "short").write_bytes(b"123")
    os.mkfifo(folder / "pipe")
    assert said in refused(folder / "m.onnx", external(location), allow_external=True)


@pytest.mark.parametrize(
    "about",
    [{"offset": -4}, {"length": 2**62}, {"offset": "x"}, {"length": 5}, {"offset": 2**63}, {"length": -1}],
)
def test_external_offsets_that_can_not_be_are_refused(about: dict[str, Any], path: Path) -> None:
    (path.parent / "w.bin").write_bytes(W.tobytes())
    assert "external data" in refused(path, external("w.bin", **about), allow_external=True)


# -------------------------------------------------------------------------------------------------------------- graphs


def test_a_graph_that_runs_in_a_circle_is_refused(path: Path) -> None:
    nodes = [node("Add", "x z", "y"), node("Relu", "y", "z")]
    assert "runs in a circle through node" in refused(path, model(nodes, []))


def test_ten_thousand_nodes_in_a_row_are_read_or_refused_quickly(path: Path) -> None:
    w = numpy_helper.from_array(W, "w")
    names = ["x", *(f"t{k}" for k in range(10_000))]
    for op in ("Identity", "Relu", "Neg"):
        nodes = [node(op, one, other) for one, other in pairwise(names)]
        content = model([*nodes, node("MatMul", f"{names[-1]} w", "y")], [w])
        if op == "Identity":
            path.write_bytes(content.SerializeToString())
            np.testing.assert_array_equal(read(path).w[1], W.T)
        else:
            assert "more than 1,000 functions follow one another" in refused(path, content)


def test_constants_that_are_made_of_one_another_ten_thousand_deep_are_computed(path: Path) -> None:
    names = ["c", *(f"t{k}" for k in range(10_000)), "w"]
    nodes = [node("Transpose", one, other) for one, other in pairwise(names)]
    content = model([*nodes, node("MatMul", "x w", "y")], [numpy_helper.from_array(W.T.copy(), "c")])
    path.write_bytes(content.SerializeToString())
    np.testing.assert_array_equal(read(path).w[1], W.T)


@pytest.mark.parametrize("op", ["Cast", "Neg"])
def test_constants_that_grow_many_times_the_file_are_refused(op: str, path: Path) -> None:
    names = ["c", *(f"t{k}" for k in range(2_000)), "w"]
    attributes = {"to": TensorProto.DOUBLE} if op == "Cast" else {}
    nodes = [node(op, one, other, **attributes) for one, other in pairwise(names)]
    wide = numpy_helper.from_array(np.ones((3, 20_000), np.float32), "c")
    assert "many times larger than the file" in refused(
        path, model([*nodes, node("MatMul", "x w", "y")], [wide])
    )


def test_constants_that_multiply_by_broadcasting_are_refused(path: Path) -> None:
    tall, wide = (
        numpy_helper.from_array(np.ones(shape, np.float32), name)
        for shape, name in (((30_000, 1), "a"), ((1, 30_000), "b"))
    )
    nodes = [node("Mul", "a b", "w"), node("MatMul", "x w", "y")]
    assert "larger than what it is made of" in refused(path, model(nodes, [tall, wide]))


def test_layers_that_share_their_weights_a_thousand_times_are_refused(path: Path) -> None:
    names = ["x", *(f"t{k}" for k in range(1_000)), "y"]
    square = numpy_helper.from_array(np.eye(300, dtype=np.float32), "w")
    nodes = [node("MatMul", f"{one} w", other) for one, other in pairwise(names)]
    assert "they share weights" in refused(path, model(nodes, [square], ("n", 300)))


def test_activations_that_would_ask_for_square_layers_are_refused(path: Path) -> None:
    names = ["t", *(f"t{k}" for k in range(500)), "y"]
    ops = ["Tanh", "Exp"] * 1_000
    nodes = [node(op, one, other) for op, one, other in zip(ops, names, names[1:], strict=False)]
    wide = numpy_helper.from_array(np.ones((1, 4_000), np.float32), "w")
    said = refused(path, model([node("MatMul", "x w", "t"), *nodes], [wide], ("n", 1)))
    assert "activations follow one another" in said


def test_graphs_in_attributes_are_refused_however_deep(path: Path) -> None:
    inner = helper.make_graph(
        [node("Relu", "x", "y")], "g", [], [helper.make_tensor_value_info("y", 1, None)]
    )
    one = node("If", "x", "y", then_branch=inner, else_branch=inner)
    assert "node 'y' (If): no dense network has such a node" in refused(path, model([one], []))
    content = b""
    for _ in range(10_000):  # graph → node → attribute → graph
        for tag in (0x32, 0x2A, 0x0A):
            content = bytes([tag]) + _varint(len(content)) + content
    whole = b"\x3a" + _varint(len(content)) + content + b"\x42\x02\x10\x11"
    assert "nests messages more than 60 deep" in refused(path, whole)


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])


def test_functions_of_its_own_are_refused(path: Path) -> None:
    content = matmul(numpy_helper.from_array(W, "w"))
    content.functions.append(
        helper.make_function("own", "Twice", ["a"], ["b"], [node("Add", "a a", "b")], content.opset_import)
    )
    assert "has functions of its own ('Twice'); inline them first" in refused(path, content)


@pytest.mark.parametrize("tag", [b"\x0a", b"\x2a", b"\x5a", b"\x6a"])
def test_millions_of_empty_parts_are_refused_before_they_are_parsed(tag: bytes, path: Path) -> None:
    content = (tag + b"\0") * 2_000_000
    assert "more than 300,000 parts" in refused(
        path, b"\x3a" + _varint(len(content)) + content + b"\x42\x02\x10\x11"
    )


def test_a_tensor_that_is_made_twice_or_never_is_named(path: Path) -> None:
    w = numpy_helper.from_array(W, "w")
    assert "tensor 'y' is made twice" in refused(
        path, model([node("Relu", "x", "y"), node("Tanh", "x", "y")], [])
    )
    assert "tensor 'v' is used and never made" in refused(path, model([node("MatMul", "x v", "y")], [w]))


def test_an_input_that_claims_terabytes_is_refused(path: Path) -> None:
    w = numpy_helper.from_array(W, "w")
    said = refused(path, model([node("MatMul", "x w", "y")], [w], ("n", 2**40)))
    assert "its input claims rows of 1,099,511,627,776, and the first layer takes 3" in said
    gather = [node("Gather", "x i", "g", axis=1), node("MatMul", "g w", "y")]
    index = numpy_helper.from_array(np.arange(3), "i")
    assert "no table of a known number of columns" in refused(path, model(gather, [w, index], ("n", 2**40)))


def test_words_that_are_not_utf_8_are_refused(path: Path) -> None:
    content = matmul(numpy_helper.from_array(W, "w")).SerializeToString()
    assert "not UTF-8" in refused(path, content.replace(b"MatMul", b"Mat\xff\xfel"))


# --------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 100, b"PK\x03\x04" + b"x" * 100, b"not a model", b"\x08\x08"]
)
def test_what_is_no_model_is_refused(content: bytes, path: Path) -> None:
    said = refused(path, content)
    assert "is not an ONNX model" in said
    assert "export it anew" in said


def test_a_file_that_is_cut_off_is_refused_wherever_that_is(path: Path) -> None:
    content = model_of(Network([3, 2])).SerializeToString()
    for end in range(1, len(content), 7):
        refused(path, content[:end])


def test_what_can_not_be_opened_is_named(path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such file"):
        read(path)
    path.mkdir()
    with pytest.raises(ModelError, match="is a directory"):
        read(path)


def test_onnx_is_asked_for_where_it_is_missing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = Network([2, 1])
    write(net, path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    for act in (lambda: read(path), lambda: write(net, path)):
        with pytest.raises(
            MissingDependency, match=r"ONNX model needs onnx, .* pip install 'backlit\[onnx\]'"
        ):
            act()


# ---------------------------------------------------------------------------------------------------------------- fuzz


@settings(max_examples=400)
@given(seed=st.integers(0, 10**9))
def test_no_broken_model_raises_anything_else(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    fuzz = _fuzz(tmp_path_factory)
    assert fuzz.once(seed, fuzz.path) in {"network", "ModelError", "UsageError"}


_MADE: list[Any] = []


def _fuzz(folders: pytest.TempPathFactory) -> Any:
    if not _MADE:
        made = fuzzer("fuzz_onnx")
        made.path = folders.mktemp("fuzz") / "broken.onnx"
        _MADE.append(made)
    return _MADE[0]


def test_the_fuzzer_finds_a_planted_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backlit.interop import onnx_file

    fuzz = fuzzer("fuzz_onnx")
    monkeypatch.setattr(
        onnx_file, "_agree", lambda *given: None
    )  # nobody compares a shape with what is there
    faults = []
    for seed in range(100):
        try:
            fuzz.once(seed, tmp_path / "broken.onnx")
        except ValueError as fault:
            faults.append(str(fault))
    assert any("reshape" in one for one in faults)
