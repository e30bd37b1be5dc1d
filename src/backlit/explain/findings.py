"""What is wrong with a network, in sentences: rules over the numbers of its health, and what people do about each.

Each finding has a stable id, the layers it is about, a sentence with the numbers, and a remedy. The thresholds are
rules of thumb, and stand here with their names; docs/health.md lists them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..functions import pair_of
from ..network import Network
from .lines import number, percent, plain

MANY_DEAD = 0.4  # of a layer's neurons
MANY_SATURATED = 0.3
SHRINKS = 0.01  # ‖δ^1‖ / ‖δ^L‖ below this …
PER_LAYER = 0.3  # … and each layer below this on average
GROWS = 100.0
LARGE_UPDATE, SMALL_UPDATE = 0.1, 1e-6  # of a weight's length in one step; about 1e-3 is usual
LARGE_INPUT = 10.0  # root mean square of a column


@dataclass(frozen=True)
class Layer:
    """The numbers of layer ``l``, all over the same examples; docs/health.md defines each.

    ``dC_dw`` ‖∂C/∂w‖, ``delta`` ‖δ‖, ``w`` ‖w‖, ``update`` η‖∂C/∂w‖/‖w‖; ``dead`` and ``saturated`` are numbers of
    neurons. ``w_part`` is ‖wᵀδ^{l+1}‖/‖δ^{l+1}‖ (None at the output) and ``slope_part`` ‖δ^l‖/‖wᵀδ^{l+1}‖, at the
    output ‖δ^L‖/‖∂C/∂a^L‖. None where it has no value.
    """

    l: int
    neurons: int
    activation: str
    dC_dw: float
    delta: float
    w: float
    update: float | None
    dead: tuple[int, ...]
    saturated: tuple[int, ...]
    w_part: float | None
    slope_part: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "layer": self.l,
            "neurons": self.neurons,
            "activation": self.activation,
            "dC_dw": plain(self.dC_dw),
            "delta": plain(self.delta),
            "w": plain(self.w),
            "update_ratio": plain(self.update),
            "dead": list(self.dead),
            "saturated": list(self.saturated),
            "w_part": plain(self.w_part),
            "slope_part": plain(self.slope_part),
        }


@dataclass(frozen=True)
class Inputs:
    """The inputs: the largest |x|, and the ``column`` of the largest root mean square with its mean and deviation."""

    largest: float
    column: int
    mean: float
    deviation: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "largest": plain(self.largest),
            "column": self.column,
            "mean": plain(self.mean),
            "deviation": plain(self.deviation),
        }


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a stable ``id``, the ``layers`` it is about, what is wrong, and what people do."""

    id: str
    layers: tuple[int, ...]
    sentence: str
    remedy: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"id": self.id, "layers": list(self.layers), "sentence": self.sentence, "remedy": self.remedy}


def find(net: Network, layers: Sequence[Layer], inputs: Inputs, eta: float | None) -> tuple[Finding, ...]:
    """What is wrong, the worst first; nothing where nothing is."""
    rules = (_dead, _saturated, _output, _shrinks, _grows, _inputs, _steps)
    found = [one for rule in rules for one in rule(net, layers, inputs)]
    causes = [one for one in found if one.id != "steps-small"]  # small steps are what the others lead to
    return tuple(causes or found)


def _dead(net: Network, layers: Sequence[Layer], inputs: Inputs) -> Iterator[Finding]:
    gone = [one for one in layers if len(one.dead) == one.neurons]
    if gone:
        l = gone[-1].l
        below = f", so nothing in layers 1 to {l} learns" if l > 1 else ", so it does not learn"
        yield Finding(
            "layer-dead",
            tuple(one.l for one in gone),
            f"Layer {l} is dead: σ′ is 0 for all its neurons on every example{below}.",
            "Start anew with a smaller eta and init=he_normal, or take leaky_relu or gelu, whose slope is not 0.",
        )
    many = [one for one in layers if MANY_DEAD * one.neurons <= len(one.dead) < one.neurons]
    if many:
        worst = max(many, key=lambda one: len(one.dead) / one.neurons)
        yield Finding(
            "neurons-dead",
            tuple(one.l for one in many),
            f"{len(worst.dead):,} of {worst.neurons:,} neurons of layer {worst.l} are dead: σ′ is 0 on every example, "
            "and no gradient wakes them.",
            "A smaller eta keeps relu from dying; leaky_relu, elu or gelu can't; init=he_normal suits relu.",
        )


def _saturated(net: Network, layers: Sequence[Layer], inputs: Inputs) -> Iterator[Finding]:
    many = [one for one in layers[:-1] if len(one.saturated) >= MANY_SATURATED * one.neurons]
    if not many:
        return
    worst = max(many, key=lambda one: len(one.saturated) / one.neurons)
    large = _root(inputs) > LARGE_INPUT and many[0].l == 1
    first = "Normalise the inputs first: they drive it there. " if large else ""
    yield Finding(
        "saturated",
        tuple(one.l for one in many),
        f"{percent(len(worst.saturated) / worst.neurons)} of layer {worst.l}'s neurons are saturated: |σ′| of "
        f"{worst.activation} is below 1% of its most on 99% of the examples, and that stops the gradient there.",
        f"{first}Smaller initial weights (init=book_better) or another activation (relu, gelu) help.",
    )


def _output(net: Network, layers: Sequence[Layer], inputs: Inputs) -> Iterator[Finding]:
    last, sigma = layers[-1], net.activations[-1]
    if (
        pair_of(sigma, net.cost)
        or last.slope_part is None
        or len(last.saturated) < MANY_SATURATED * last.neurons
    ):
        return
    better = "cross_entropy with softmax" if last.neurons > 1 else "binary_cross_entropy"
    yield Finding(
        "output-saturated",
        (last.l,),
        f"{percent(len(last.saturated) / last.neurons)} of the outputs are saturated, and {net.cost.name} keeps their "
        f"σ′: ‖δ‖ is {number(last.slope_part)} of ‖∂C/∂a‖, so what is wrong is learnt slowly.",
        f"With {better}, σ′ cancels; where the outputs are right already, nothing need be done.",
    )


def _shrinks(net: Network, layers: Sequence[Layer], inputs: Inputs) -> Iterator[Finding]:
    first, last = layers[0], layers[-1]
    if len(layers) < 2 or not first.delta or not last.delta:
        return
    whole = first.delta / last.delta
    if whole >= SHRINKS or whole ** (1 / (len(layers) - 1)) >= PER_LAYER:
        return
    w, slope = _product(layers, "w_part"), _product(layers, "slope_part")
    mostly_slope = slope < w
    part = f"σ′ ({number(slope)} over all layers; w makes {number(w)})"
    remedy = "Relu or gelu keep σ′ near 1; with sigmoid or tanh, fewer layers or larger initial weights."
    if not mostly_slope:
        part = f"w ({number(w)} over all layers; σ′ makes {number(slope)})"
        remedy = "The weights are too small: init=xavier_normal (he_normal for relu), and a smaller l2."
    if mostly_slope and any(len(one.saturated) >= MANY_SATURATED * one.neurons for one in layers[:-1]):
        remedy = "That is what saturation does: mend that first."
    yield Finding(
        "gradient-vanishes",
        tuple(one.l for one in layers[:-1]),
        f"The gradient vanishes on its way back: ‖δ‖ of layer 1 is {number(whole)} of the output's, "
        f"and what shrinks it is mostly {part}.",
        remedy,
    )


def _grows(net: Network, layers: Sequence[Layer], inputs: Inputs) -> Iterator[Finding]:
    first, last = layers[0], layers[-1]
    if len(layers) < 2 or not last.delta or first.delta / last.delta <= GROWS:
        return
    w, slope = _product(layers, "w_part"), _product(layers, "slope_part")
    which = f"w ({number(w)} over all layers; σ′ makes {number(slope)})"
    if slope > w:
        which = f"σ′ ({number(slope)} over all layers; w makes {number(w)})"
    yield Finding(
        "gradient-explodes",
        tuple(one.l for one in layers[:-1]),
        f"The gradient blows up on its way back: ‖δ‖ of layer 1 is {number(first.delta / last.delta)} times the "
        f"output's, mostly by {which}.",
        "Smaller initial weights (init=he_normal), l2 or max_norm keep w down; clip_norm keeps the steps short.",
    )


def _inputs(net: Network, layers: Sequence[Layer], inputs: Inputs) -> Iterator[Finding]:
    if _root(inputs) <= LARGE_INPUT:
        return
    yield Finding(
        "inputs-large",
        (0,),
        f"The inputs are large: x[{inputs.column}] has mean {number(inputs.mean)} and deviation "
        f"{number(inputs.deviation)}, and steps on its weights are as much larger.",
        "Normalise the inputs to mean 0 and deviation 1; a recipe (backlit train) does so by itself.",
    )


def _steps(net: Network, layers: Sequence[Layer], inputs: Inputs) -> Iterator[Finding]:
    known = [one for one in layers if one.update is not None]
    if not known:
        return
    worst = max(known, key=lambda one: one.update or 0)
    if (worst.update or 0) > LARGE_UPDATE:
        yield Finding(
            "steps-large",
            (worst.l,),
            f"A step of η∇C changes the weights of layer {worst.l} by {percent(worst.update or 0)} of their length; "
            "about 0.1% is usual.",
            "Take a smaller eta (net.find_eta looks for one), or clip_norm.",
        )
    elif (worst.update or 0) < SMALL_UPDATE:
        yield Finding(
            "steps-small",
            tuple(one.l for one in known),
            f"A step of η∇C changes no layer's weights by more than {number(worst.update)} of their length; about 0.1% "
            "is usual.",
            "Training is over, or stuck: if C is still high, take a larger eta or adam.",
        )


def _root(inputs: Inputs) -> float:
    return math.hypot(inputs.mean, inputs.deviation)


def _product(layers: Sequence[Layer], part: str) -> float:
    """The part's product over the ways from layer to layer."""
    parts = [getattr(one, part) for one in layers[:-1]]
    return math.prod(1.0 if one is None else one for one in parts)
