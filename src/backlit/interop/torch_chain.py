"""A chain of steps as other tools write networks (affine maps, scalings, functions), and its folding into layers.

Only NumPy here: what a step was called elsewhere is known to whoever makes the chain. Nothing is approximated: a
scaling goes into the weights beside it, and what has no weights beside it gets a layer of its own, w = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import BacklitError, UsageError
from ..functions import as_activation, as_cost
from ..namespaces import NUMPY
from ..network import Network

Array = Any
LOG_SOFTMAX = "log_softmax"  # not of Backlit's table: it may stand last, and is then taken as softmax
_WIDEST = 4096  # of a layer that is made where there was none
_SHOWN = 3  # names in a sentence
_MOST_STEPS = 5_000
_COSTS = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}
_ON_TOP = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}


class Fault(Exception):
    """What can't be read as a dense chain, in words, without the name of the file or module it stands in."""


@dataclass(frozen=True, eq=False)
class Affine:
    """w a + b, w (n_out, n_in) and b (n_out,)."""

    name: str
    w: Array
    b: Array


@dataclass(frozen=True, eq=False)
class Scale:
    """s ⊙ a + t; s and t are (n,), or numbers for all neurons."""

    name: str
    s: Array
    t: Array


@dataclass(frozen=True)
class Function:
    """A row of Backlit's table by its option, or LOG_SOFTMAX."""

    name: str
    option: str


Step = Affine | Scale | Function


@dataclass
class Chain:
    """The steps in their order; ``said`` is what was left out or chosen on the way, in words."""

    steps: list[Step] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Folded:
    """``theta`` is [w1, b1, …], in float64 where something was folded; ``log`` says that their outputs are log a^L."""

    theta: list[Array]
    activations: list[str]
    said: list[str]
    log: bool

    @property
    def sizes(self) -> list[int]:
        """(n_0, …, n_L)."""
        return [self.theta[0].shape[1], *(len(b) for b in self.theta[1::2])]


def fold(chain: Chain) -> Folded:
    """The layers that compute the same as the chain; raises Fault where there are none."""
    steps = list(chain.steps)
    if len(steps) > _MOST_STEPS:
        raise Fault(f"it has {len(steps):,} steps, and a chain of at most {_MOST_STEPS:,} is read")
    first = next((step for step in steps if isinstance(step, Affine)), None)
    if first is None:
        raise Fault("there is no linear layer in it, and Backlit's networks are made of them")
    last = steps[-1]
    log = isinstance(last, Function) and last.option == LOG_SOFTMAX
    if log:
        steps[-1] = Function(last.name, "softmax")
    folding = _Folding(first.w.shape[1])
    for step in steps:
        folding.take(step)
    folding.end()
    theta = [part for pair in zip(folding.w, folding.b, strict=True) for part in pair]
    return Folded(theta, folding.options, [*chain.said, *folding.said], log)


class _Folding:
    """Layers so far, and the scaling that waits for weights: those before it, else those behind it."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.w: list[Array] = []
        self.b: list[Array] = []
        self.options: list[str] = []
        self.said: list[str] = []
        self.scale: tuple[Array, Array] | None = None
        self.names: list[str] = []  # whose scaling it is

    @property
    def open(self) -> bool:
        """Whether the last layer has no function yet."""
        return len(self.w) > len(self.options)

    def take(self, step: Step) -> None:
        if isinstance(step, Affine):
            self._affine(step)
        elif isinstance(step, Scale):
            self._scale(step)
        else:
            self._function(step)

    def end(self) -> None:
        if self.scale is not None and not self.open:
            self._diagonal()
        self._fold_back()
        if self.open:
            self.options.append("identity")

    def _affine(self, step: Affine) -> None:
        w, b = step.w, step.b
        if w.ndim != 2 or b.shape != w.shape[:1]:
            raise Fault(f"{step.name}: w has shape {w.shape} and b {b.shape}, which no layer has")
        if w.shape[1] != self.width:
            raise Fault(
                f"{step.name} takes {w.shape[1]:,} inputs, and what comes before it gives {self.width:,}"
            )
        if self.open:
            self._fold_back()
            self.options.append("identity")
            self.said.append(f"no function stands before {step.name}: layer {len(self.w)} has identity")
        elif self.scale is not None:
            s, t = self.scale
            w, b = w * s, b + w @ t
            self._say_folded(len(self.w) + 1)
        self._push(w, b)

    def _scale(self, step: Scale) -> None:
        s, t = self._spread(step)
        before = self.scale
        self.scale = (s, t) if before is None else (s * before[0], s * before[1] + t)
        self.names.append(step.name)

    def _function(self, step: Function) -> None:
        if step.option == LOG_SOFTMAX:
            raise Fault(f"{step.name} stands inside the network; Backlit has log softmax at its end only")
        if step.option == "identity":
            return
        if not self.open:
            self.names = self.names or [step.name]
            self._diagonal()
        self._fold_back()
        self.options.append(step.option)

    def _fold_back(self) -> None:
        """Puts the scaling that waits into the last layer, which is open."""
        if self.scale is not None:
            s, t = self.scale
            self.w[-1], self.b[-1] = s[:, None] * self.w[-1], s * self.b[-1] + t
            self._say_folded(len(self.w))

    def _say_folded(self, l: int) -> None:
        self.said.append(f"{self._who()} folded into w and b of layer {l}")
        self.scale, self.names = None, []

    def _who(self) -> str:
        names = list(dict.fromkeys(self.names))
        shown = ", ".join(names[:_SHOWN]) + (
            f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        )
        return f"{shown} {'is' if len(names) == 1 else 'are'}"

    def _diagonal(self) -> None:
        """A layer for what stands between two functions, or before the first weights."""
        who = self._who().rpartition(" ")[0]
        if self.width > _WIDEST:
            raise Fault(
                f"{who} has no linear layer beside it, and {self.width:,} neurons are too many for one"
            )
        s, t = self.scale or (np.ones(self.width), np.zeros(self.width))
        self.scale, self.names = None, []
        self._push(np.diag(s), t)
        self.said.append(
            f"{who} has no linear layer beside it: layer {len(self.w)}, diagonal, was made for it"
        )

    def _push(self, w: Array, b: Array) -> None:
        self.w.append(w)
        self.b.append(b)
        self.width = len(b)

    def _spread(self, scale: Scale) -> tuple[Array, Array]:
        """s and t with a number for each neuron."""
        found = []
        for one in (scale.s, scale.t):
            given = np.asarray(one, dtype=np.float64)
            if given.ndim and given.shape[-1] not in (1, self.width):
                raise Fault(f"{scale.name} has {given.size:,} numbers for {self.width:,} neurons")
            found.append(np.broadcast_to(given.reshape(-1) if given.ndim else given, (self.width,)).copy())
        return found[0], found[1]


def function(name: str, option: str) -> Function:
    """A function by Backlit's option, written as the table writes it; raises Fault for what the table refuses."""
    try:
        return Function(name, as_activation(option).option)
    except UsageError as reason:
        raise Fault(f"{name}: {reason}") from reason


def carried_out(steps: Sequence[Step], X: Array) -> Array:
    """The chain step by step, unfolded, in float64: what a folded network is compared with."""
    a = np.asarray(X, dtype=np.float64)
    with np.errstate(all="ignore"):
        for step in steps:
            if isinstance(step, Affine):
                a = a @ step.w.astype(np.float64).T + step.b
            elif isinstance(step, Scale):
                a = a * step.s + step.t
            elif step.option == LOG_SOFTMAX:
                a = np.log(as_activation("softmax").f(NUMPY, a))
            else:
                a = as_activation(step.option).f(NUMPY, a)
    return a


def network(folded: Folded, cost: Any, dtype: Any) -> tuple[Network, str | None, list[str]]:
    """The network; the function that was put on top of theirs, if any; and what was chosen, in words.

    Where the cost is one of classes and their outputs are z, its function is put on top, as PyTorch's
    CrossEntropyLoss has it in the loss. Raises Fault.
    """
    options, said, top = list(folded.activations), [], None
    try:
        row = None if cost is None else as_cost(cost)
    except UsageError as reason:
        raise Fault(str(reason)) from reason
    if row is not None and row.built_in and row.name in _ON_TOP and options[-1] == "identity":
        top = options[-1] = _ON_TOP[row.name]
        said.append(f"its outputs are z, which {row.name} does not take: {top} was put on top")
    if row is None:
        row = as_cost(_COSTS.get(options[-1], "squared_error"))
        said.append(f"the cost was not given, and is {row.name}")
        if options[-1] == "identity":
            said.append("its outputs are taken as they are; cost='cross_entropy' puts softmax on top")
    if folded.log:
        said.append("log softmax at the end is softmax here; the logarithm is the cost's")
    try:
        net = Network(folded.sizes, activations=options, cost=row, dtype=dtype, theta=folded.theta)
    except BacklitError as reason:
        raise Fault(str(reason)) from reason
    return net, top, said
