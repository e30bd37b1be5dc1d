"""ONNX Runtime on a graph of Gemm and Sigmoid: plainly, with inputs and outputs bound once, or from bytes.

``as_bytes`` puts the cast from uint8 and the division by 255 into the graph, as Backlit has them in its kernels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tasks import Task

from .inference import Inference, batches
from .protocol import Array, Peer

VERSION = f"ONNX Runtime {onnxruntime.__version__}"
_OPSET, _IR = 17, 8


def _model(task: Task, as_bytes: bool) -> bytes:
    work = task.work
    nodes, constants, name = [], [], "x"
    if as_bytes:
        constants.append(numpy_helper.from_array(np.float32(1 / 255), "scale"))
        nodes.append(helper.make_node("Cast", ["x"], ["floats"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", ["floats", "scale"], ["scaled"]))
        name = "scaled"
    for l, (w, b) in enumerate(task.layers(), 1):
        constants += [numpy_helper.from_array(w, f"w{l}"), numpy_helper.from_array(b, f"b{l}")]
        nodes.append(helper.make_node("Gemm", [name, f"w{l}", f"b{l}"], [f"z{l}"], transB=1))
        nodes.append(helper.make_node("Sigmoid", [f"z{l}"], [f"a{l}"]))
        name = f"a{l}"
    kind = TensorProto.UINT8 if as_bytes else TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", kind, ["n", work.sizes[0]])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", work.sizes[-1]])],
        constants,
    )
    opset = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=_IR).SerializeToString()


def build(task: Task, threads: int, bound: bool = False, as_bytes: bool = False) -> Peer:
    """The peer of this work."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(
        _model(task, as_bytes), options, providers=["CPUExecutionProvider"]
    )
    rows = batches(task, task.inputs if as_bytes else task.floats())
    if not bound:
        return Inference(lambda x: session.run(None, {"x": x})[0], rows)
    return _bound(session, task, rows)


def _bound(session: Any, task: Task, rows: list[Array]) -> Peer:
    """With a binding for each batch, made beforehand: a call is then the run alone."""
    name, width = session.get_outputs()[0].name, task.work.sizes[-1]
    bindings = []
    for x in rows:
        outputs = np.empty((len(x), width), np.float32)
        binding = session.io_binding()
        binding.bind_input("x", "cpu", 0, np.float32, x.shape, x.ctypes.data)
        binding.bind_output(name, "cpu", 0, np.float32, outputs.shape, outputs.ctypes.data)
        bindings.append((binding, x, outputs))

    def call(one: tuple[Any, Array, Array]) -> Array:
        session.run_with_iobinding(one[0])
        return one[2]

    return Inference(call, bindings)
