"""The graph of an ONNX model: its nodes in order, what is constant in it, and the way from one tensor to another.

Constants are computed where they are made of constants and no larger than those. Which nodes make a network is
onnx_path.py's matter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import ModelError
from .onnx_file import Place, array_of, text

Array = Any
_MOST_NODES = 50_000
_ALLOWANCE = 2**24  # bytes of computed constants that any file may ask for, besides its own size
_ORDINARY = ("", "ai.onnx")
_EXTERNAL = 1  # TensorProto.EXTERNAL
_FLOAT, _INT, _STRING, _TENSOR, _FLOATS, _INTS, _STRINGS = 1, 2, 3, 4, 6, 7, 8
_CASTS = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16, 11: np.float64}


@dataclass(frozen=True, eq=False)
class Node:
    """One node: ``op`` with its domain before it where it isn't ONNX's own, inputs, outputs, attributes."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    proto: Any
    place: Place

    def __str__(self) -> str:
        return f"node {(self.name or self.outputs[0])[:80]!r} ({self.op[:60]})"

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Numbers, words, arrays and lists of them, by name; graphs are left out."""
        found: dict[str, Any] = {}
        for one in self.proto.attribute:
            what = f"{self.place}: {self}"
            if one.type == _FLOAT:
                found[one.name] = float(one.f)
            elif one.type == _INT:
                found[one.name] = int(one.i)
            elif one.type == _STRING:
                found[one.name] = text(one.s, what)
            elif one.type == _TENSOR:
                if one.t.data_location == _EXTERNAL:
                    raise self.refused("it keeps numbers in another file", "save the model in one file")
                found[one.name] = array_of(one.t, self.place)
            elif one.type == _FLOATS:
                found[one.name] = np.fromiter(one.floats, np.float64, len(one.floats))
            elif one.type == _INTS:
                found[one.name] = np.fromiter(one.ints, np.int64, len(one.ints))
            elif one.type == _STRINGS:
                found[one.name] = [text(word, what) for word in one.strings]
        return found

    def number(self, name: str, default: float) -> float:
        """An attribute that is one number; raises ModelError where it is something else."""
        value = self.attributes.get(name, default)
        if not isinstance(value, (int, float)):
            raise self.refused(f"its {name} is not a number", "export it anew")
        return value

    def whole(self, name: str, default: int) -> int:
        """An attribute that is a whole number; raises ModelError where it is something else."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int):
            raise self.refused(f"its {name} is not a whole number", "export it anew")
        return value

    def row(self, name: str) -> Array | None:
        """An attribute that is a list of numbers, or None where it isn't."""
        value = self.attributes.get(name)
        return value if isinstance(value, np.ndarray) and value.ndim == 1 else None

    def words(self, name: str) -> list[str] | None:
        """An attribute that is a list of words, or None where it isn't."""
        value = self.attributes.get(name)
        return value if isinstance(value, list) else None

    def input(self, place: int) -> str:
        """The name of an input, "" where it has none there."""
        return self.inputs[place] if place < len(self.inputs) else ""

    def refused(self, why: str, remedy: str) -> ModelError:
        """The error that names this node."""
        return ModelError(f"{self.place}: {self}: {why}; {remedy}")


@dataclass(eq=False)
class Graph:
    """``inputs`` are what a user gives (initializers left out), ``outputs`` what they get, by name."""

    place: Place
    opset: int
    nodes: list[Node]
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    stored: Mapping[str, Any]  # name → TensorProto
    metadata: Mapping[str, str]
    producer: str
    size: int  # bytes of the file
    apart: float = 0.0  # how far the activations that were recognised are from Backlit's, of max(1, |a|)
    _values: dict[str, Array] = field(default_factory=dict)
    _spent: int = 0

    @cached_property
    def made_by(self) -> dict[str, Node]:
        """Tensor → the node that makes it."""
        return {name: node for node in self.nodes for name in node.outputs if name}

    @cached_property
    def _varying(self) -> set[str]:
        """The tensors that depend on what a user gives."""
        varying = set(self.inputs)
        for node in self.nodes:
            if node.op != "Constant" and any(name in varying for name in node.inputs):
                varying.update(node.outputs)
        return varying

    def varies(self, name: str) -> bool:
        """Whether a tensor depends on what a user gives."""
        return name in self._varying

    def constant(self, name: str) -> Array | None:
        """A constant tensor's value, or None where it varies; raises ModelError for one that isn't computed."""
        if self.varies(name):
            return None
        todo = [name]
        while todo:  # without recursion, as a file may chain ten thousand constants
            last = todo[-1]
            waits = [] if last in self._values else self._unknown(last)
            if waits:
                todo += waits
                continue
            if last not in self._values:
                self._values[last] = self._computed(last)
            todo.pop()
        return self._values[name]

    def _unknown(self, name: str) -> list[str]:
        """The constants that ``name`` is made of and that have no value yet."""
        node = self.made_by.get(name)
        if name in self.stored or node is None:
            return []
        return [one for one in node.inputs if one and one not in self._values]

    def _computed(self, name: str) -> Array:
        if name in self.stored:
            return array_of(self.stored[name], self.place)
        node = self.made_by.get(name)
        if node is None:
            raise ModelError(f"{self.place}: tensor {name[:80]!r} is used and never made; export it anew")
        fold = _FOLDED.get(node.op)
        if fold is None:
            raise node.refused(
                "its constant result is not computed here",
                "simplify the model first (onnxsim), or export it anew",
            )
        given = [self._values[one] if one else None for one in node.inputs]
        try:
            with np.errstate(all="ignore"):
                result = np.asarray(fold(node, *given))
        except (ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError) as reason:
            raise node.refused(
                f"its constant result can't be computed ({reason})", "export the model anew"
            ) from reason
        self._spent += result.nbytes if result.flags.owndata else 0
        if self._spent > _ALLOWANCE + 2 * self.size:
            raise node.refused(
                "the constants that are computed up to here are many times larger than the file",
                "simplify the model first (onnxsim), or export it anew",
            )
        return result

    def between(self, start: str, end: str, blind: Callable[[Node, int], bool]) -> list[Node]:
        """The nodes on some way from ``start`` to ``end``, in order; an input that is ``blind`` is no way."""
        reached = {start}
        for node in self.nodes:
            if any(one in reached and not blind(node, i) for i, one in enumerate(node.inputs)):
                reached.update(node.outputs)
        wanted = {end}
        for node in reversed(self.nodes):
            if not wanted.isdisjoint(node.outputs):
                wanted.update(
                    one for i, one in enumerate(node.inputs) if one in reached and not blind(node, i)
                )
        return [
            node
            for node in self.nodes
            if any(one in reached and one in wanted and one != start for one in node.outputs)
        ]


def graph_of(model: Any, place: Place, start: str | None = None) -> Graph:
    """The graph of a ModelProto, from the tensor ``start`` on where that is given.

    Raises ModelError for what can't be: functions of its own, cycles, a name twice.
    """
    if model.functions:
        name = model.functions[0].name[:60]
        raise ModelError(
            f"{place} has functions of its own ({name!r}); inline them first: "
            "onnx.inliner.inline_local_functions(model)"
        )
    proto = model.graph
    if proto.sparse_initializer:
        raise ModelError(f"{place} has sparse tensors, which are not read; export it with dense ones")
    if len(proto.node) > _MOST_NODES:
        raise ModelError(f"{place} has {len(proto.node):,} nodes; a dense network has a few for each layer")
    what = f"{place}: the graph"
    stored = {text(tensor.name, what): tensor for tensor in proto.initializer}
    nodes = [_node(one, place) for one in proto.node]
    for node in nodes:
        if not any(node.outputs):
            raise ModelError(f"{place}: a node ({node.op[:60]}) has no output; export it anew")
    _check_single(nodes, stored, place)
    opsets = {one.domain: one.version for one in model.opset_import}
    inputs = {text(one.name, what): one.type for one in proto.input if one.name not in stored}
    if start is not None:
        nodes, inputs = _from(start, nodes, model, place)
    return Graph(
        place=place,
        opset=opsets.get("", opsets.get("ai.onnx", 1)),
        nodes=_ordered(nodes, place),
        inputs=inputs,
        outputs={text(one.name, what): one.type for one in proto.output},
        stored=stored,
        metadata={text(entry.key, what): text(entry.value, what) for entry in model.metadata_props},
        producer=text(model.producer_name, what),
        size=model.ByteSize(),
    )


def _from(start: str, nodes: list[Node], model: Any, place: Place) -> tuple[list[Node], dict[str, Any]]:
    """The nodes but for the one that makes ``start``, which becomes the input, of unknown shape."""
    from onnx import TensorProto, helper

    if not any(start in node.inputs for node in nodes):
        names = ", ".join(one.name for one in model.graph.input[:10])
        raise ModelError(f"{place} has no tensor {start!r} that goes into a node; its inputs are {names}")
    double = any(tensor.data_type == TensorProto.DOUBLE for tensor in model.graph.initializer)
    kind = helper.make_tensor_type_proto(TensorProto.DOUBLE if double else TensorProto.FLOAT, None)
    return [node for node in nodes if start not in node.outputs], {start: kind}


def _node(proto: Any, place: Place) -> Node:
    what = f"{place}: a node"
    domain, op, name = (text(one, what) for one in (proto.domain, proto.op_type, proto.name))
    inputs, outputs = (tuple(text(one, what) for one in names) for names in (proto.input, proto.output))
    return Node(op if domain in _ORDINARY else f"{domain}.{op}", name, inputs, outputs, proto, place)


def _check_single(nodes: Iterable[Node], stored: Mapping[str, Any], place: Place) -> None:
    made = set(stored)
    for node in nodes:
        for name in filter(None, node.outputs):
            if name in made:
                raise ModelError(f"{place}: tensor {name[:80]!r} is made twice; export the model anew")
            made.add(name)


def _ordered(nodes: list[Node], place: Place) -> list[Node]:
    """The nodes so that each comes after what it needs; raises ModelError for a circle."""
    maker = {name: i for i, node in enumerate(nodes) for name in node.outputs if name}
    needs = [{maker[name] for name in node.inputs if name in maker} for node in nodes]
    users: list[list[int]] = [[] for _ in nodes]
    for i, needed in enumerate(needs):
        for one in needed:
            users[one].append(i)
    open_needs = [len(needed) for needed in needs]
    ready = deque(i for i, count in enumerate(open_needs) if not count)
    order = []
    while ready:
        i = ready.popleft()
        order.append(nodes[i])
        for user in users[i]:
            open_needs[user] -= 1
            if not open_needs[user]:
                ready.append(user)
    if len(order) < len(nodes):
        stuck = next(node for node, count in zip(nodes, open_needs, strict=True) if count)
        raise ModelError(
            f"{place}: the graph runs in a circle through {stuck}; a network's doesn't: export it anew"
        )
    return order


# ----------------------------------------------------------------------------------------- what is made of constants


def _constant(node: Node) -> Array:
    found = node.attributes
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if name in found:
            return np.asarray(found[name], dtype=np.float32) if "float" in name else np.asarray(found[name])
    words = found.get("value_strings", [found.get("value_string")])
    return np.asarray(words, dtype=object)


def _reshaped(node: Node, x: Array, shape: Array) -> Array:
    target = [int(x.shape[i]) if n == 0 else int(n) for i, n in enumerate(shape.tolist())]
    return x.reshape(target)


def _squeezed(node: Node, x: Array, axes: Array | None = None) -> Array:
    axes = node.attributes.get("axes") if axes is None else axes
    return np.squeeze(x, None if axes is None else tuple(int(n) for n in axes))


def _unsqueezed(node: Node, x: Array, axes: Array | None = None) -> Array:
    axes = node.attributes["axes"] if axes is None else axes
    if x.ndim + len(axes) > 8:
        raise ValueError("more than 8 dimensions")
    return np.expand_dims(x, tuple(int(n) for n in axes))


def _elementwise(f: Callable[..., Array]) -> Callable[..., Array]:
    def fold(node: Node, *given: Array) -> Array:
        shape = np.broadcast_shapes(*(one.shape for one in given))
        if np.prod(shape, dtype=float) > max(one.size for one in given):
            raise ValueError("it would be larger than what it is made of")
        return f(*given)

    return fold


_FOLDED: dict[str, Callable[..., Array]] = {
    "Constant": _constant,
    "Identity": lambda node, x: x,
    "Cast": lambda node, x: x.astype(_CASTS[node.attributes["to"]]),
    "Transpose": lambda node, x: np.transpose(x, node.attributes.get("perm")),
    "Reshape": _reshaped,
    "Squeeze": _squeezed,
    "Unsqueeze": _unsqueezed,
    "Flatten": lambda node, x: x.reshape(int(np.prod(x.shape[: node.whole("axis", 1)], dtype=int)), -1),
    "Neg": _elementwise(np.negative),
    "Sqrt": _elementwise(np.sqrt),
    "Reciprocal": _elementwise(np.reciprocal),
    "Exp": _elementwise(np.exp),
    "Add": _elementwise(np.add),
    "Sub": _elementwise(np.subtract),
    "Mul": _elementwise(np.multiply),
    "Div": _elementwise(np.divide),
    "Pow": _elementwise(np.power),
}
