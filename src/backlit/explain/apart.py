"""The rules of optimizers.py taken apart: the move of one parameter as ``carried`` + ``scale`` · g, with every number.

g is the gradient as the rule got it, penalties and clipping done; what is carried comes from earlier steps (momentum,
adam's first average). A row here says again what its rule does, so the tests hold each to the rule itself, and an
explanation compares its sum with the move that was made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..optimizers import Rule


@dataclass(frozen=True)
class Number:
    """One number of a step: its symbol, what it is, and its value."""

    symbol: str
    what: str
    value: float


@dataclass(frozen=True)
class Apart:
    """``carried`` + ``scale`` · g is the rule's move. ``how`` says the scale as a formula, ``what`` what is carried."""

    carried: float
    scale: float
    how: str
    what: str
    numbers: tuple[Number, ...] = ()


Slot = Mapping[str, float]
Take = Callable[[Mapping[str, float], float, Slot, float, int], Apart]


def take_apart(rule: Rule, g: float, slots: Slot, eta: float, t: int) -> Apart:
    """The step number ``t`` (from 1) of a rule on one parameter, whose slots before it are given."""
    return _APART[rule.name](rule.parameters, g, slots, eta, t)


def _sgd(p: Mapping[str, float], g: float, slots: Slot, eta: float, t: int) -> Apart:
    return Apart(0.0, -eta, "−η", "")


def _momentum(p: Mapping[str, float], g: float, slots: Slot, eta: float, t: int) -> Apart:
    mu, v = p["momentum"], slots["v"]
    numbers = (
        Number("μ", "momentum", mu),
        Number("v", "velocity before the step", v),
        Number("v′ = μv − ηg", "velocity after it", mu * v - eta * g),
    )
    return Apart(mu * v, -eta, "−η", "velocity of earlier steps, μv", numbers)


def _nesterov(p: Mapping[str, float], g: float, slots: Slot, eta: float, t: int) -> Apart:
    mu, v = p["momentum"], slots["v"]
    numbers = (
        Number("μ", "momentum", mu),
        Number("v", "velocity before the step", v),
        Number("v′ = μv − ηg", "velocity after it", mu * v - eta * g),
    )
    return Apart(mu * mu * v, -eta * (1 + mu), "−η(1 + μ)", "velocity of earlier steps, μ²v", numbers)


def _adagrad(p: Mapping[str, float], g: float, slots: Slot, eta: float, t: int) -> Apart:
    s = slots["s"] + g * g
    spread = math.sqrt(s) + p["epsilon"]
    numbers = (
        Number("s", "sum of squared gradients before", slots["s"]),
        Number("s′ = s + g²", "and with this one", s),
        Number("√s′ + ε", "what g is divided by", spread),
    )
    return Apart(0.0, -eta / spread, "−η / (√s′ + ε)", "", numbers)


def _rmsprop(p: Mapping[str, float], g: float, slots: Slot, eta: float, t: int) -> Apart:
    rho, mu = p["decay"], p["momentum"]
    s = rho * slots["s"] + (1 - rho) * (g * g)
    spread = math.sqrt(s) + p["epsilon"]
    numbers: tuple[Number, ...] = (
        Number("ρ", "decay of the average", rho),
        Number("s", "average of g² before", slots["s"]),
        Number("s′ = ρs + (1−ρ)g²", "and after", s),
        Number("√s′ + ε", "what g is divided by", spread),
    )
    if not mu:
        return Apart(0.0, -eta / spread, "−η / (√s′ + ε)", "", numbers)
    numbers += (Number("μ", "momentum", mu), Number("v", "velocity before the step", slots["v"]))
    return Apart(mu * slots["v"], -eta / spread, "−η / (√s′ + ε)", "velocity of earlier steps, μv", numbers)


def _adam(p: Mapping[str, float], g: float, slots: Slot, eta: float, t: int) -> Apart:
    beta1, beta2 = p["beta1"], p["beta2"]
    m = beta1 * slots["m"] + (1 - beta1) * g
    v = beta2 * slots["v"] + (1 - beta2) * (g * g)
    first, second = 1 - beta1**t, 1 - beta2**t
    spread = math.sqrt(v / second) + p["epsilon"]
    numbers = (
        Number("t", "steps of the rule, this one included", t),
        Number("m", "average of g before", slots["m"]),
        Number("m′ = β₁m + (1−β₁)g", "and after", m),
        Number("1 − β₁ᵗ", "its bias correction", first),
        Number("v", "average of g² before", slots["v"]),
        Number("v′ = β₂v + (1−β₂)g²", "and after", v),
        Number("1 − β₂ᵗ", "its bias correction", second),
        Number("√(v′/(1−β₂ᵗ)) + ε", "what the average is divided by", spread),
    )
    step = -eta / first / spread
    return Apart(
        carried=step * beta1 * slots["m"],
        scale=step * (1 - beta1),
        how="−η(1−β₁) / ((1−β₁ᵗ) · (√(v′/(1−β₂ᵗ)) + ε))",
        what="average of earlier gradients, β₁m",
        numbers=numbers,
    )


def _rprop(p: Mapping[str, float], g: float, slots: Slot, eta: float, t: int) -> Apart:
    before, size = slots["before"], slots["size"]
    turn = _sign(g) * _sign(before)
    factor = p["grow"] if turn > 0 else p["shrink"] if turn < 0 else 1.0
    new = min(max(size * factor, p["least"]), p["most"])
    numbers = (
        Number("g before", "gradient that the rule remembers", before),
        Number("Δ", "step size before", size),
        Number("Δ′", "and after: it grows while the sign stays, and shrinks where it turns", new),
    )
    waits = turn < 0 or not g
    return Apart(0.0, 0.0 if waits else -new / abs(g), "0: it waits" if waits else "−Δ′ / |g|", "", numbers)


def _sign(u: float) -> int:
    return (u > 0) - (u < 0)


_APART: dict[str, Take] = {
    "sgd": _sgd,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adam,
    "rprop": _rprop,
}
