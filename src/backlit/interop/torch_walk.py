"""From a graph of PyTorch's operations to a chain: each node is looked at once, in order, with what it takes.

The graph is plain data (``Node``), so that one walk serves a module that was traced and a file that was read; nothing
of PyTorch is imported or run. Values are the data on its way, NumPy arrays, numbers, or the shape of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .torch_chain import Affine, Chain, Fault, Function, Scale, Step, function

Array = Any
BATCH = "how many rows there are"
ABS = "abs"  # of |z| in z / (1 + |z|), which is how PyTorch writes softsign; no row of Backlit's table


@dataclass(frozen=True)
class Ref:
    """Stands in a node's arguments for what the node of that name gives."""

    name: str


@dataclass(frozen=True)
class Node:
    """``op`` is PyTorch's plain name, or "input", "constant", "output"; ``shown`` is for people."""

    name: str
    op: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    shown: str = ""


@dataclass(frozen=True)
class Data:
    """The data after ``at`` steps."""

    at: int
    by: str = "the input"


@dataclass(frozen=True)
class Shape:
    """The shape of the data, of which the number of rows is not known."""

    width: int | None


class Call:
    """One node with its arguments' values, by PyTorch's names for them."""

    def __init__(
        self, node: Node, names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        self.shown, self.op = node.shown or node.name, node.op
        if len(args) > len(names) > 0:
            raise Fault(f"{self.shown} has {len(args)} arguments, and {len(names)} are known")
        self.args = tuple(args)
        self.given = {**dict(zip(names, args, strict=False)), **kwargs}

    def get(self, name: str, default: Any = None) -> Any:
        found = self.given.get(name)
        return default if found is None else found

    def array(self, name: str) -> Array:
        """A tensor that does not depend on the data."""
        found = self.given.get(name)
        if isinstance(found, np.ndarray):
            return found
        what = "is computed from the data" if isinstance(found, Data) else f"is {type(found).__name__}"
        raise Fault(f"{self.shown}: its {name} {what}, and has to be a tensor that stays the same")

    def number(self, name: str, default: float | None = None) -> float:
        found = self.get(name, default)
        if isinstance(found, np.ndarray) and found.size == 1:
            found = found.item()
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            raise Fault(f"{self.shown}: its {name} has to be a number, and is {found!r}")
        return float(found)


class Walk:
    """The chain so far, and the values of the nodes that were passed."""

    def __init__(self, batch: int | None) -> None:
        self.chain = Chain()
        self.batch = batch  # how many rows a file's example had, where that is written into its shapes
        self.values: dict[str, Any] = {}
        self.used: dict[
            int, tuple[str, Array]
        ] = {}  # weights by identity: who used them, and they, kept alive
        self.by = "the input"

    @property
    def width(self) -> int | None:
        """How many neurons there are here, where that is known."""
        for step in reversed(self.chain.steps):
            if isinstance(step, Affine):
                return int(step.w.shape[0])
        return None

    @property
    def here(self) -> Data:
        return Data(len(self.chain.steps), self.by)

    def put(self, step: Step) -> Data:
        self.chain.steps.append(step)
        self.by = step.name
        return self.here

    def say(self, what: str) -> Data:
        self.chain.said.append(what)
        return self.here

    def function(self, call: Call, option: str) -> Data:
        return self.put(function(call.shown, option))

    def affine(self, call: Call, w: Array, b: Array | None) -> Data:
        """A linear layer; zeros where there is no bias."""
        whole = w.base if isinstance(w.base, np.ndarray) else w  # of w.T, the tensor itself
        earlier = self.used.setdefault(id(whole), (call.shown, whole))[0]
        if earlier is not call.shown:
            what = "is used twice" if earlier == call.shown else f"has the weights of {earlier}"
            raise Fault(
                f"{call.shown} {what}, and in Backlit's networks every layer has its own. Where that is as good, give "
                "the module a copy of the one layer (copy.deepcopy)"
            )
        if w.ndim != 2:
            raise Fault(f"{call.shown}: its weights have shape {w.shape}, and those of a layer have two axes")
        zeros = np.zeros(len(w), dtype=w.dtype)
        return self.put(Affine(call.shown, w, zeros if b is None else np.broadcast_to(b, (len(w),))))


Handler = Callable[[Walk, Call], Any]


def chain_of(nodes: Sequence[Node], handlers: Mapping[str, Handler], batch: int | None = None) -> Chain:
    """The chain that the nodes are; raises Fault, naming the node, where they are none."""
    walk = Walk(batch)
    for node in _needed(nodes):
        if node.op == "output":
            _end(walk, node)
            return walk.chain
        walk.values[node.name] = _value(walk, node, handlers)
    raise Fault("it gives nothing back")


def _needed(nodes: Sequence[Node]) -> list[Node]:
    """The nodes that the output is made of, in order; the rest does nothing."""
    wanted: set[str] = set()
    kept: list[Node] = []
    for node in reversed(nodes):
        if node.op == "output" or node.name in wanted:
            wanted.update(_refs((*node.args, *node.kwargs.values())))
            kept.append(node)
    return kept[::-1]


def _refs(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, Ref):
            yield value.name
        elif isinstance(value, (list, tuple)):
            yield from _refs(value)
        elif isinstance(value, Mapping):
            yield from _refs(value.values())


def _value(walk: Walk, node: Node, handlers: Mapping[str, Handler]) -> Any:
    if node.op == "input":
        others = [value for value in walk.values.values() if isinstance(value, Data)]
        if others:
            raise Fault(
                f"{node.shown or node.name} is a second input, and a network has one; join the columns first"
            )
        return walk.here
    if node.op == "constant":
        return node.args[0]
    args = [_resolved(walk, one, node) for one in node.args]
    kwargs = {name: _resolved(walk, one, node) for name, one in node.kwargs.items()}
    handler = handlers.get(node.op)
    if handler is None:
        raise Fault(_unknown(node))
    call = Call(node, NAMES.get(node.op, ()), args, kwargs)
    if node.op not in JOINING:
        _check_chain(walk, call)
    return handler(walk, call)


def _resolved(walk: Walk, value: Any, node: Node) -> Any:
    if isinstance(value, Ref):
        if value.name not in walk.values:
            raise Fault(f"{node.shown or node.name} takes {value.name!r}, which comes from nowhere")
        return walk.values[value.name]
    if isinstance(value, (list, tuple)):
        return tuple(_resolved(walk, one, node) for one in value)
    if isinstance(value, slice):
        return value
    return value


def _check_chain(walk: Walk, call: Call) -> None:
    """What takes data takes the latest, and nothing else."""
    for value in call.given.values():
        if isinstance(value, Data) and value.at != walk.here.at:
            raise branch(call, value, walk.here)


def branch(call: Call, one: Data, other: Data) -> Fault:
    """The fault of a node at which two ways meet, or from which one starts."""
    early, late = sorted((one, other), key=lambda data: data.at)
    return Fault(
        f"{call.shown} takes what {early.by} gave, besides or after {late.by}: a branch or a skip connection, and "
        "Backlit's networks are chains. Import the parts that are chains as networks of their own"
    )


def _end(walk: Walk, node: Node) -> None:
    found = _resolved(walk, node.args[0] if node.args else None, node)
    if isinstance(found, tuple) and len(found) == 1:
        found = found[0]
    if isinstance(found, (tuple, Mapping)):
        what = "a dict" if isinstance(found, Mapping) else f"{len(found)} things"
        raise Fault(f"it gives {what} back, and a network gives one array; give a module that returns that")
    if not isinstance(found, Data):
        raise Fault("what it gives back does not depend on its input")
    lone = next((step for step in walk.chain.steps if is_function(step, ABS)), None)
    if lone is not None:
        raise Fault(f"{lone.name} takes the absolute value, which is no activation of Backlit's")


_REMEDIES = {
    "conv": "a convolution is no dense layer. Backlit can read what stands behind it: give that part alone, and the "
    "features as its inputs",
    "pool": "pooling is no dense layer. Backlit can read what stands behind it, on the features as inputs",
    "layernorm": "its mean and deviation are each example's own, so it can't be folded into weights. Train with "
    "BatchNorm1d, or without it",
    "groupnorm": "its mean and deviation are each example's own, so it can't be folded into weights. Train with "
    "BatchNorm1d, or without it",
    "rmsnorm": "it divides by each example's own size, so it can't be folded into weights. Train without it",
    "instancenorm": "its mean and deviation are each example's own. Train with BatchNorm1d, or without it",
    "batchnorm2d": "it belongs to a convolution. Backlit can read the dense part behind it",
    "lstm": "a recurrent layer is no dense layer. Backlit can read the dense part behind it",
    "gru": "a recurrent layer is no dense layer. Backlit can read the dense part behind it",
    "rnn": "a recurrent layer is no dense layer. Backlit can read the dense part behind it",
    "attention": "attention is no dense layer. Backlit can read the dense part behind it",
    "embedding": "an embedding looks words up. Give its outputs as inputs to the part behind it",
    "cat": "several ways are joined here, and Backlit's networks are chains",
    "stack": "several ways are joined here, and Backlit's networks are chains",
    "bilinear": "it multiplies two inputs, and a network has one",
}


def _unknown(node: Node) -> str:
    plain = node.op.lower().replace("_", "")
    remedy = next((said for part, said in _REMEDIES.items() if part in plain), None)
    if remedy is None:
        remedy = (
            f"there is no rule for {node.op!r}: a chain is of Linear, activations that Backlit has, Flatten, Dropout "
            "and BatchNorm1d. Write that part with these, or give the parts before or behind it alone"
        )
    return f"{node.shown or node.name}: {remedy}"


_TWO = ("input", "other")
NAMES: dict[str, tuple[str, ...]] = {
    "linear": ("input", "weight", "bias"),
    "addmm": ("input", "mat1", "mat2"),
    "matmul": _TWO, "mm": _TWO, "add": _TWO, "sub": _TWO, "mul": _TWO, "div": _TWO,
    "batch_norm": ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
    "leaky_relu": ("input", "negative_slope"),
    "rrelu": ("input", "lower", "upper", "training"),
    "prelu": ("input", "weight"),
    "elu": ("input", "alpha", "scale", "input_scale"),
    "celu": ("input", "alpha"),
    "softplus": ("input", "beta", "threshold"),
    "softmax": ("input", "dim"), "log_softmax": ("input", "dim"),
    "clamp": ("input", "min", "max"),
    "flatten": ("input", "start_dim", "end_dim"),
    "squeeze": ("input", "dim"),
    "dropout": ("input", "p", "training"),
    "size": ("input", "dim"),
    "getitem": ("input", "index"), "getattr": ("input", "name"),
    "transpose": ("input", "dim0", "dim1"),
}  # fmt: skip
JOINING = {"mul", "div", "add", "sub"}  # they say themselves what two ways that meet are


def is_function(step: Step, option: str) -> bool:
    """Whether a step is that function."""
    return isinstance(step, Function) and step.option == option


def is_scale(step: Step, s: float, t: float) -> bool:
    """Whether a step is that scaling."""
    return isinstance(step, Scale) and bool(np.all(step.s == s)) and bool(np.all(step.t == t))
