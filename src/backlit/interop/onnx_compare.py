"""An ONNX model's own outputs, on data, for comparing with the network that was made of it.

Only the nodes from the input to a^L are run, all of which were recognised before, and by ONNX's reference evaluator,
in NumPy. Where it has no such node, ONNX Runtime is asked, where that is installed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.columns import Words
from ..data.table import Table
from ..errors import BacklitError, BacklitWarning, ModelError
from ..functions import as_activation
from ..namespaces import NUMPY
from ..network import Network
from .onnx_graph import Graph
from .onnx_shapes import dims_of
from .sameness import inputs_for

Array = Any
_ROWS = 64
_FARTHEST = 1e18  # of what is made up for a first layer of tiny weights
_LARGEST_BATCH = 4_000_000  # numbers, of a model that takes so many rows at a time
_NUMBERS = {1: np.float32, 6: np.int32, 7: np.int64, 10: np.float16, 11: np.float64}


@dataclass(frozen=True)
class Theirs:
    """``run`` gives their outputs of ``x``, or of random inputs where that is None; ``eps`` is their precision."""

    run: Callable[[Array], Array]
    x: Array | None
    eps: float


def matrix_outputs(
    model: Any, graph: Graph, start: str, core: str, net: Network, top: str | None, x: Any
) -> Theirs | None:
    """For a model that takes one matrix."""
    kind = graph.inputs[start]
    dtype = _NUMBERS.get(kind.tensor_type.elem_type)
    dims = dims_of(kind)
    if dtype is None:
        _not_compared(graph, "its input is of a type that is not made up here")
        return None
    if dims and dims[0] is not None and dims[0] * net.sizes[0] > _LARGEST_BATCH:
        _not_compared(graph, f"it takes {dims[0]:,} rows at a time")
        return None
    whole = np.issubdtype(dtype, np.integer)
    fixed = dims[0] if dims else None
    shape = [n if n is not None else -1 for n in dims[1:]] if dims else [-1]
    shape = shape if shape.count(-1) <= 1 else [-1]
    block = net.recipe.block if net.recipe is not None and net.recipe.block is not None else None
    rows = x if x is not None else inputs_for(net, _ROWS)
    rows = np.asarray(rows).astype(net.dtype).reshape(len(rows), -1)
    rows = np.clip(rows, -_FARTHEST, _FARTHEST)
    if whole:
        rows = np.round(rows * 4)
    if block is not None and block.deviation is not None:
        rows = np.where(block.deviation > 0, rows, 0).astype(net.dtype)  # what was constant is 0 in every a^0
    outside = rows if block is None else _outside(block, rows)

    def run(given: Array) -> Array:
        theirs = outside.astype(dtype).reshape(len(outside), *shape)
        parts = [theirs] if fixed is None or fixed == len(theirs) else _in_batches(theirs, fixed)
        return np.concatenate(
            [_run(model, graph, {start: part}, core).reshape(len(part), -1) for part in parts]
        )

    return _tried(run, rows, graph, dtype, top, net)


def _in_batches(rows: Array, size: int) -> list[Array]:
    """Batches of the one size that a model takes; the last is filled with the first rows again."""
    whole = [rows[i : i + size] for i in range(0, len(rows) - size + 1, size)]
    return whole or [np.resize(rows, (size, *rows.shape[1:]))]


def _outside(block: Any, rows: Array) -> Array:
    """Raw rows of a^0 under the rule of a block."""
    if block.image is not None:
        return rows * block.white
    return rows if block.mean is None else rows * block.deviation + block.mean


def columns_outputs(
    model: Any, graph: Graph, start: str, core: str, net: Network, top: str | None, x: Any
) -> Theirs | None:
    """For a model that takes columns: on made-up raw rows, which go through its own front and through the recipe."""
    raw, fed = _raw_rows(graph, net)
    try:
        rows = net.recipe.encode(Table.from_any(raw))
    except BacklitError as reason:
        raise ModelError(f"{graph.place}: the rules of its columns can't be followed ({reason})") from reason
    rows = rows.toarray() if hasattr(rows, "toarray") else np.asarray(rows)
    with np.errstate(over="ignore"):
        if not np.isfinite(rows.astype(net.dtype)).all():
            raise ModelError(
                f"{graph.place}: the rules of its columns give numbers beyond {net.dtype}; export it anew"
            )

    def run(given: Array) -> Array:
        return _run(model, graph, fed, core).reshape(_ROWS, -1)

    return _tried(run, rows, graph, np.float32, top, net)


def _raw_rows(graph: Graph, net: Network) -> tuple[Any, dict[str, Array]]:
    """The same rows as a table and as the graph's inputs; levels and numbers near each column's mean."""
    rng = np.random.default_rng(0)
    rules = dict(zip(net.recipe.places, net.recipe.columns, strict=True))
    columns: list[Array] = []
    fed: dict[str, Array] = {}
    for name, kind in graph.inputs.items():
        dims = dims_of(kind) or [None, 1]
        width = dims[1] if len(dims) > 1 and dims[1] is not None else 1
        made = [_made_up(rules.get(len(columns) + k), rng) for k in range(width)]
        columns += made
        if kind.tensor_type.elem_type == 8:
            matrix = np.column_stack([np.array(one, dtype=object) for one in made])
        else:
            dtype = _NUMBERS.get(kind.tensor_type.elem_type, np.float32)
            matrix = np.column_stack([one.astype(np.float64) for one in made]).astype(dtype)
        fed[name] = matrix[:, 0] if len(dims) == 1 else matrix
    names = [column.name for column in net.recipe.columns]
    listed = dict(zip(net.recipe.places, names, strict=True))
    table = {listed.get(k, f"left out {k}"): one for k, one in enumerate(columns)}
    return table, fed


def _made_up(rule: Any, rng: Any) -> Array:
    if isinstance(rule, Words):
        levels = [level for level in rule.levels if level is not None] or ["a"]
        return rng.choice(np.array(levels, dtype=object), _ROWS)
    mean, deviation = (rule.mean, rule.deviation or 1.0) if rule is not None else (0.0, 1.0)
    return np.float32(rng.normal(mean, deviation, _ROWS)).astype(np.float64)


def _tried(
    run: Callable[[Array], Array], rows: Array, graph: Graph, dtype: Any, top: str | None, net: Network
) -> Theirs | None:
    """The runner, once it has run."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = np.asarray(run(rows), dtype=np.float64)
    except Exception as reason:  # noqa: BLE001 (a foreign evaluator, on a foreign file)
        _not_compared(graph, str(reason).splitlines()[0][:120] if str(reason) else type(reason).__name__)
        return None
    if found.ndim != 2 or not len(found) or found.shape[1] != net.sizes[-1]:
        raise ModelError(
            f"{graph.place} gives outputs of shape {found.shape} for {len(rows)} rows, and the network made of it "
            f"{net.sizes[-1]} for each; it is not what it was read as, so nothing was made of it"
        )
    found = found[: len(rows)]
    rows = rows[: len(found)]
    if top == "log":
        found = np.exp(found)
    elif top is not None:
        found = as_activation(top).f(NUMPY, found)
    narrow = any(tensor.data_type in (10, 16) for tensor in graph.stored.values())
    cut = any(node.op == "Cast" and node.attributes.get("to") == 1 for node in graph.nodes)
    single = cut or dtype != np.float64 or any(tensor.data_type == 1 for tensor in graph.stored.values())
    eps = float(np.finfo(np.float16).eps) * (8 if narrow else 0)
    return Theirs(lambda given: found, rows, max(eps, float(np.finfo(np.float32).eps) if single else 0.0))


def _not_compared(graph: Graph, why: str) -> None:
    warnings.warn(
        f"{graph.place} was read, and could not be run to compare: {why}; compare the network on rows of your own",
        BacklitWarning,
        stacklevel=5,
    )


def _run(model: Any, graph: Graph, fed: Mapping[str, Array], core: str) -> Array:
    """Their values of the tensor ``core``."""
    part = _cut(model, graph, core)
    from onnx.reference import ReferenceEvaluator

    taken = {one.name for one in part.graph.input}
    given: dict[str, Any] = {name: value for name, value in fed.items() if name in taken}
    try:
        evaluator = ReferenceEvaluator(part, new_ops=_mended())
    except Exception:  # noqa: BLE001 (it lacks some nodes, and says so in many ways)
        return _run_by_runtime(part, given, core)
    results: Any = evaluator.run([core], given)
    return np.asarray(results[0])


def _run_by_runtime(part: Any, given: Mapping[str, Array], core: str) -> Array:
    import onnxruntime  # type: ignore[import-untyped, unused-ignore]

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        part.SerializeToString(), options, providers=["CPUExecutionProvider"], enable_fallback=False
    )
    return np.asarray(session.run([core], dict(given))[0])


def _mended() -> list[Any]:
    """Nodes that the reference evaluator has otherwise: normalisation in training, Erf and Gelu in float32."""
    from onnx.reference.op_run import OpRun
    from scipy.special import erf

    class BatchNormalization(OpRun):  # type: ignore[misc, unused-ignore]
        op_domain = ""

        def _run(self, x: Array, s: Array, b: Array, mean: Array, variance: Array, **options: Any) -> Any:
            result = s * (x - mean) / np.sqrt(variance + options.get("epsilon", 1e-5)) + b
            return (result.astype(x.dtype),)

    class Erf(OpRun):  # type: ignore[misc, unused-ignore]
        op_domain = ""

        def _run(self, x: Array) -> Any:
            return (erf(x).astype(x.dtype),)

    class Gelu(OpRun):  # type: ignore[misc, unused-ignore]
        op_domain = ""

        def _run(self, x: Array, approximate: str = "none") -> Any:
            row = as_activation("gelu_tanh" if approximate == "tanh" else "gelu")
            return (row.f(NUMPY, x.astype(np.float64)).astype(x.dtype),)

    return [BatchNormalization, Erf, Gelu]


def _inside(graph: Graph, name: str, tensor: Any) -> Any:
    """A stored tensor with its numbers, where they were in another file."""
    import onnx

    external = tensor.data_location == onnx.TensorProto.EXTERNAL
    return onnx.numpy_helper.from_array(np.array(graph.constant(name)), name) if external else tensor


def _cut(model: Any, graph: Graph, core: str) -> Any:
    """The model without what ``core`` does not need."""
    import onnx

    needed = {core}
    nodes = []
    for node in reversed(graph.nodes):
        if not needed.isdisjoint(node.outputs):
            nodes.append(node.proto)
            needed.update(node.inputs)
    stored = [_inside(graph, name, tensor) for name, tensor in graph.stored.items() if name in needed]
    inputs = [
        onnx.helper.make_value_info(name, kind) for name, kind in graph.inputs.items() if name in needed
    ]
    kind = onnx.TensorProto.DOUBLE if any(t.data_type == 11 for t in stored) else onnx.TensorProto.FLOAT
    output = onnx.helper.make_tensor_value_info(core, kind, None)
    whole = onnx.helper.make_graph(nodes[::-1], "part", inputs, [output], stored)
    return onnx.helper.make_model(whole, opset_imports=model.opset_import, ir_version=model.ir_version)
