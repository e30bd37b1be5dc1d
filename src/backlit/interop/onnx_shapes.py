"""Nodes that change only how rows lie: Flatten, Reshape, Squeeze, Unsqueeze, Identity, Cast, Dropout.

They are harmless where each example stays a row of the same numbers in the same order; where they don't, they are
named. The shape that a Reshape is given may be computed from the input's own shape, as PyTorch and Keras write it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .onnx_functions import PASSED
from .onnx_graph import Graph, Node

Dims = list[int | None]
FLOATS = (1, 10, 11, 16)
_DEEPEST = 40  # nodes behind one another that compute a shape


def is_shape_input(node: Node, place: int) -> bool:
    """Whether a node's input says how rows are to lie, and none of the rows' numbers pass through it."""
    return node.op in ("Shape", "Size") or (
        place > 0 and node.op in ("Reshape", "Expand", "Squeeze", "Unsqueeze")
    )


def after(graph: Graph, node: Node, start: str, shape: Sequence[int | None] | None) -> Any:
    """The shape after a node that changes nothing but the shape, NotImplemented for any other node."""
    if node.op in (*PASSED, "Flatten", "Reshape", "Squeeze", "Unsqueeze") and node.input(0) != start:
        raise node.refused("what goes through it is not its first input", "export it anew")
    if node.op in PASSED:
        _check_passed(graph, node)
        return shape
    if node.op == "Flatten":
        return _flattened(node, shape)
    if node.op == "Reshape":
        return _reshaped(graph, node, shape)
    if node.op in ("Squeeze", "Unsqueeze"):
        return _axes_changed(graph, node, shape)
    return NotImplemented


def dims_of(kind: Any) -> Dims | None:
    """The shape that a ValueInfo's type claims: None for an open dimension; None where it has none."""
    if kind.WhichOneof("value") != "tensor_type" or not kind.tensor_type.HasField("shape"):
        return None
    dims = kind.tensor_type.shape.dim
    # skl2onnx writes 0 for an open batch
    return [one.dim_value if one.HasField("dim_value") and one.dim_value > 0 else None for one in dims]


def _check_passed(graph: Graph, node: Node) -> None:
    if node.op == "Cast" and node.whole("to", 1) not in FLOATS:
        raise node.refused("it cuts numbers down to whole ones", "export the model without the cast")
    if node.op == "Dropout" and len(node.inputs) > 2 and node.inputs[2]:
        training = graph.constant(node.inputs[2])
        if training is None or training.any():
            raise node.refused("it is in training mode", "export the model in evaluation mode: model.eval()")


def _flattened(node: Node, shape: Sequence[int | None] | None) -> Dims | None:
    axis = node.whole("axis", 1)
    rank = None if shape is None else len(shape)
    if axis != 1 and not (rank is not None and axis == 1 - rank):
        raise node.refused(f"it flattens from axis {axis}, and so mixes examples", "flatten from axis 1")
    if shape is None:
        return None
    return [shape[0], _product(shape[1:])]


def _product(dims: Sequence[int | None]) -> int | None:
    known = [n for n in dims if n is not None]
    return math.prod(known) if len(known) == len(dims) else None


def _reshaped(graph: Graph, node: Node, shape: Sequence[int | None] | None) -> Dims | None:
    target = _target(graph, node, shape)
    whole = None if shape is None else _product(shape[1:])
    if target is None or len(target) != 2:
        raise node.refused(
            "it gives rows that are not plain", "flatten to (n, n_0), and keep the rows flat after it"
        )
    rows, width = target
    batch = None if shape is None else shape[0]
    if rows == 0 or rows is None or (rows == batch and rows is not None):
        rows = None
    elif rows != -1:
        raise node.refused(f"it makes {rows} rows of however many there are", "flatten with −1, or 0, first")
    if width in (0, -1, None):
        width = whole if width != 0 or shape is None else shape[1]
    elif whole is not None and width != whole:
        raise node.refused(f"it makes rows of {width} from rows of {whole}", "keep each example a row")
    return [batch, width]


def _target(graph: Graph, node: Node, shape: Sequence[int | None] | None) -> Dims | None:
    """The shape a Reshape is given; None in it for the batch's own size."""
    if len(node.inputs) < 2:
        found = node.row("shape")
        return None if found is None else [int(n) for n in found]
    return _shape_value(graph, node.inputs[1], 0)


def _shape_value(graph: Graph, name: str, depth: int, joined: bool = False) -> Dims | None:
    """A list of whole numbers computed from the input's shape, None in it for what is open; None if unknown."""
    if not graph.varies(name):
        value = graph.constant(name)
        if value is None or value.dtype.kind not in "iu" or value.size > 16:
            return None
        return [int(n) for n in value.reshape(-1)]
    node = graph.made_by.get(name)
    if node is None or depth > _DEEPEST:
        return None
    if node.op == "Shape":  # of any tensor on the way: all have the batch first
        return [None, *([-1] * 7)]
    if node.op == "Concat" and len(node.inputs) <= 8 and not joined:
        parts = [_shape_value(graph, one, depth + 1, joined=True) for one in node.inputs]
        return None if any(part is None for part in parts) else [n for part in parts for n in part or ()]
    given = _shape_value(graph, node.inputs[0], depth + 1, joined) if node.inputs else None
    if given is None or node.op in ("Cast", "Unsqueeze", "Squeeze", "Identity"):
        return given
    return _picked(graph, node, given)


def _picked(graph: Graph, node: Node, given: Dims) -> Dims | None:
    """What Gather or Slice takes out of a shape: the batch's size only."""
    if node.op == "Gather" and len(node.inputs) == 2:
        index = graph.constant(node.inputs[1])
        places = None if index is None else index.reshape(-1).tolist()
        return [given[0]] if places == [0] else None
    if node.op == "Slice" and len(node.inputs) >= 3:
        bounds = [graph.constant(one) for one in node.inputs[1:3]]
        whole = [one.reshape(-1).tolist() for one in bounds if one is not None]
        return given[:1] if whole == [[0], [1]] else None
    return None


def _axes_changed(graph: Graph, node: Node, shape: Sequence[int | None] | None) -> Dims | None:
    """Squeeze and Unsqueeze of axes of length 1, the batch's left alone."""
    axes = node.row("axes")
    if len(node.inputs) > 1 and node.inputs[1]:
        axes = graph.constant(node.inputs[1])
    if shape is None or axes is None:
        raise node.refused("rows of unknown shape reach it", "export the model with the shapes of its inputs")
    rank = len(shape) + (len(axes) if node.op == "Unsqueeze" else 0)
    places = sorted(int(axis) + (rank if axis < 0 else 0) for axis in axes.reshape(-1))
    if rank > 8 or not all(0 < place < rank for place in places):
        raise node.refused("it changes the axis of the examples", "keep examples on the first axis")
    dims = list(shape)
    if node.op == "Unsqueeze":
        for place in places:
            dims.insert(place, 1)
        return dims
    if any(dims[place] != 1 for place in places):
        raise node.refused("it takes away an axis that is not of length 1", "export it anew")
    return [n for place, n in enumerate(dims) if place not in set(places)]
