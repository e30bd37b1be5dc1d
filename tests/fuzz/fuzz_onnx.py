"""Fuzzes the ONNX reader: `python tests/fuzz/fuzz_onnx.py 10000` reads so many broken models, each from its own seed.

A model is made, broken in its bytes or in its message, and read. Anything but a network or one of Backlit's own errors
is a fault: its seed is shown, and `--seed` runs that one alone. It is not run by pytest, but a few of its seeds are.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from backlit.errors import BacklitError
from backlit.interop.onnx import read
from backlit.interop.onnx_write import model_of
from backlit.network import Network

EXTREMES = (0, 1, -1, 2, 2**31 - 1, 2**31, -(2**31), 2**63 - 1, -(2**63), 255, 65536)
OPS = (
    "Gemm",
    "MatMul",
    "Add",
    "Mul",
    "Relu",
    "Softmax",
    "Reshape",
    "Flatten",
    "Cast",
    "Where",
    "Conv",
    "If",
    "Gather",
)


@cache
def seeds() -> list[bytes]:
    """Models of several kinds, as bytes."""
    from onnx import TensorProto, helper, numpy_helper

    from backlit import data

    rng = np.random.default_rng(0)
    rows = {
        "height": rng.normal(170, 9, 40),
        "colour": rng.choice(["red", "blue"], 40),
        "y": rng.normal(size=40),
    }
    rows["height"][3] = np.nan
    recipe = data.Recipe.learn(data.Table(rows), target="y")
    columns = Network([4, 3, 1], activations=["tanh", "identity"], dtype=np.float32)
    columns.recipe, columns.task = recipe, "values"
    nets = [
        Network([3, 4, 2], activations=["gelu", "softmax"], cost="cross_entropy", dtype=np.float32),
        Network([3, 2, 2, 1], activations=["silu", "elu(alpha=0.5)", "sigmoid"]),
        columns,
    ]
    shape = helper.make_node("Shape", ["x"], ["s"])
    nodes = [
        shape,
        helper.make_node("Gather", ["s", "zero"], ["n"], axis=0),
        helper.make_node("Concat", ["n", "minus"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["m"]),
        helper.make_node("Add", ["m", "b"], ["z"]),
        helper.make_node("BatchNormalization", ["z", "b", "b", "b", "v"], ["bn"]),
        helper.make_node("Relu", ["bn"], ["y"]),
    ]
    stored = [
        numpy_helper.from_array(np.array([0]), "zero"),
        numpy_helper.from_array(np.array([-1]), "minus"),
        numpy_helper.from_array(rng.normal(size=(6, 3)).astype(np.float32), "w"),
        helper.make_tensor("b", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0]),
        helper.make_tensor("v", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0]),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2, 3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "g", inputs, outputs, stored)
    chain = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    return [*(model_of(net).SerializeToString() for net in nets), chain.SerializeToString()]


def broken(seed: int) -> bytes:
    """A broken model: in its bytes, or in its message, or in both."""
    chance = random.Random(seed)
    content = chance.choice(seeds())
    if chance.random() < 0.6:
        content = _broken_message(content, chance)
    if chance.random() < 0.6:
        content = broken_bytes(content, chance)
    return content


def broken_bytes(content: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, taken out, doubled or cut off."""
    made = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at = chance.randrange(max(1, len(made)))
        kind = chance.random()
        if kind < 0.5 and made:
            made[at] = chance.randrange(256)
        elif kind < 0.65:
            made[at : at + 8] = chance.choice((b"\xff" * 8, b"\0" * 8, b"\xff" * 7 + b"\x7f"))
        elif kind < 0.8:
            del made[at : at + chance.randrange(1, 64)]
        elif kind < 0.95:
            made[at:at] = made[at : at + chance.randrange(1, 200)]
        else:
            del made[max(1, at) :]
    return bytes(made)


def _broken_message(content: bytes, chance: random.Random) -> bytes:
    import onnx

    model = onnx.ModelProto.FromString(content)
    for _ in range(chance.choice((1, 1, 2, 4))):
        chance.choice((_node, _tensor, _attribute, _value))(model.graph, chance)
    return model.SerializeToString()


def _node(graph: Any, chance: random.Random) -> None:
    names = [name for node in graph.node for name in (*node.input, *node.output)] or ["x"]
    node = chance.choice(graph.node)
    kind = chance.random()
    if kind < 0.3:
        node.op_type = chance.choice(OPS)
    elif kind < 0.6 and node.input:
        node.input[chance.randrange(len(node.input))] = chance.choice(names)
    elif kind < 0.75:
        node.output[0] = chance.choice(names)
    elif kind < 0.9:
        graph.node.append(node)
    else:
        graph.node.remove(node)
    if not graph.node:
        graph.node.add(op_type="Relu", input=["x"], output=["y"])


def _tensor(graph: Any, chance: random.Random) -> None:
    if not graph.initializer:
        return
    tensor = chance.choice(graph.initializer)
    kind = chance.random()
    if kind < 0.4 and tensor.dims:
        tensor.dims[chance.randrange(len(tensor.dims))] = chance.choice(EXTREMES)
    elif kind < 0.6:
        tensor.data_type = chance.randrange(30)
    elif kind < 0.7:
        tensor.dims.append(chance.choice(EXTREMES))
    elif kind < 0.8:
        tensor.data_location = 1
        tensor.external_data.add(
            key="location", value=chance.choice(("../../etc/passwd", "/etc/passwd", "w.bin"))
        )
    else:
        tensor.raw_data = bytes(chance.randrange(256) for _ in range(len(tensor.raw_data)))


def _attribute(graph: Any, chance: random.Random) -> None:
    found = [one for node in graph.node for one in node.attribute]
    if not found:
        return
    one = chance.choice(found)
    kind = chance.random()
    if kind < 0.4:
        one.i = chance.choice(EXTREMES)
    elif kind < 0.6:
        one.type = chance.randrange(15)
    elif kind < 0.8:
        one.f = chance.choice((float("nan"), float("inf"), -1.0, 1e300, 0.0))
    else:
        del one.floats[:], one.ints[:], one.strings[:]


def _value(graph: Any, chance: random.Random) -> None:
    one = chance.choice([*graph.input, *graph.output])
    dims = one.type.tensor_type.shape.dim
    kind = chance.random()
    if kind < 0.5 and dims:
        chance.choice(dims).dim_value = chance.choice(EXTREMES)
    elif kind < 0.7:
        one.type.tensor_type.elem_type = chance.randrange(20)
    elif kind < 0.9:
        one.name = chance.choice(("x", "y", "", "outputs", "z1"))
    else:
        dims.add(dim_value=chance.choice(EXTREMES))


def once(seed: int, path: Path) -> str:
    """What reading the broken model of a seed came to: "network", or the kind of Backlit's error; faults are raised."""
    path.write_bytes(broken(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read(path)
        except BacklitError as reason:
            return type(reason).__name__
    return "network"


def run(once_of: Any, ending: str) -> int:
    """Runs as the command line asks, and returns the exit status: 1 where a fault was found."""
    words = argparse.ArgumentParser()
    words.add_argument("n", type=int, nargs="?", default=1_000)
    words.add_argument("--seed", type=int, default=0)
    asked = words.parse_args()
    found: Counter[str] = Counter()
    slowest = (0.0, asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(asked.seed, asked.seed + asked.n):
            began = time.perf_counter()
            try:
                found[once_of(seed, Path(folder) / f"broken{ending}")] += 1
            except Exception as fault:  # noqa: BLE001 (this is what is looked for)
                found["FAULT"] += 1
                print(f"seed {seed}: {type(fault).__name__}: {fault}")
            slowest = max(slowest, (time.perf_counter() - began, seed))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(", ".join(f"{kind} {count:,}" for kind, count in found.most_common()))
    print(f"slowest {slowest[0]:.2f} s (seed {slowest[1]}); most memory {most:,} MiB")
    return int(found["FAULT"] > 0)


if __name__ == "__main__":
    sys.exit(run(once, ".onnx"))
