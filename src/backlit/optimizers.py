"""The rules that turn a gradient into a step: pure functions on flat θ, one row each, with formula and source.

A rule is given the gradient g (penalties and clipping done; its memory is the rule's own to use), its slots (flat
arrays like θ), the step's η and number t from 1, and gives back the move Δθ and the new slots. It is written with
operators and the namespace only, so the same row runs on NumPy and under JAX. l-bfgs is a whole-run method and stands
in training.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import UsageError
from .namespaces import Array
from .options import build_option, format_option

Slots = dict[str, Array]
Move = Callable[[Any, Array, Slots, float, int], tuple[Array, Slots]]  # (xp, g, slots, eta, t) → Δθ, slots


@dataclass(frozen=True)
class Rule:
    """One row. ``slots`` names its flat arrays and what each starts at ("eta" stands for the first step's η)."""

    name: str
    move: Move
    tex: str
    source: str
    eta: float  # the step that is taken unless the user says otherwise
    slots: Mapping[str, float | str]
    parameters: Mapping[str, float]
    decoupled: bool = False  # whether penalties shrink θ beside the gradient instead of through it

    @property
    def option(self) -> str:
        """The row as one line, ``"momentum(momentum=0.5)"``: what ``as_rule`` reads."""
        return format_option(self.name, self.parameters)

    def start(self, theta: Array, eta: float) -> Slots:
        """The slots before the first step."""
        return {name: theta * 0 + (eta if value == "eta" else value) for name, value in self.slots.items()}


def _sgd() -> Rule:
    def move(xp: Any, g: Array, slots: Slots, eta: float, t: int) -> tuple[Array, Slots]:
        g *= -eta
        return g, slots

    return Rule(
        name="sgd",
        move=move,
        tex=r"\theta \to \theta - \eta \nabla C",
        source="the book, ch. 1 (B5)",
        eta=0.1,
        slots={},
        parameters={},
    )


def _momentum(momentum: float = 0.9) -> Rule:
    _between("momentum", "momentum", momentum)

    def move(xp: Any, g: Array, slots: Slots, eta: float, t: int) -> tuple[Array, Slots]:
        v = momentum * slots["v"] - eta * g
        return v, {"v": v}

    return Rule(
        name="momentum",
        move=move,
        tex=r"v \to \mu v - \eta \nabla C,\quad \theta \to \theta + v",
        source="the book, ch. 3, eq. (107) and (108); Polyak 1964",
        eta=0.01,
        slots={"v": 0.0},
        parameters={"momentum": momentum},
    )


def _nesterov(momentum: float = 0.9) -> Rule:
    _between("nesterov", "momentum", momentum)

    def move(xp: Any, g: Array, slots: Slots, eta: float, t: int) -> tuple[Array, Slots]:
        v = momentum * slots["v"] - eta * g
        return momentum * v - eta * g, {"v": v}

    return Rule(
        name="nesterov",
        move=move,
        tex=r"v \to \mu v - \eta \nabla C,\quad \theta \to \theta + \mu v - \eta \nabla C",
        source="Sutskever et al. 2013, in the form of Bengio et al. 2013, eq. (7)",
        eta=0.01,
        slots={"v": 0.0},
        parameters={"momentum": momentum},
    )


def _adagrad(epsilon: float = 1e-10) -> Rule:
    _positive("adagrad", "epsilon", epsilon)

    def move(xp: Any, g: Array, slots: Slots, eta: float, t: int) -> tuple[Array, Slots]:
        s = slots["s"] + g * g
        return -eta * g / (s**0.5 + epsilon), {"s": s}

    return Rule(
        name="adagrad",
        move=move,
        tex=r"s \to s + g^2,\quad \theta \to \theta - \eta\, g / (\sqrt{s} + \epsilon)",
        source="Duchi, Hazan & Singer 2011",
        eta=0.01,
        slots={"s": 0.0},
        parameters={"epsilon": epsilon},
    )


def _rmsprop(decay: float = 0.99, epsilon: float = 1e-8, momentum: float = 0.0) -> Rule:
    _between("rmsprop", "decay", decay)
    _between("rmsprop", "momentum", momentum)
    _positive("rmsprop", "epsilon", epsilon)

    def move(xp: Any, g: Array, slots: Slots, eta: float, t: int) -> tuple[Array, Slots]:
        s = decay * slots["s"] + (1 - decay) * (g * g)
        scaled = g / (s**0.5 + epsilon)
        if not momentum:
            return -eta * scaled, {"s": s}
        v = momentum * slots["v"] - eta * scaled
        return v, {"s": s, "v": v}

    return Rule(
        name="rmsprop",
        move=move,
        tex=r"s \to \rho s + (1 - \rho) g^2,\quad v \to \mu v - \eta\, g / (\sqrt{s} + \epsilon),"
        r"\quad \theta \to \theta + v",
        source="Tieleman & Hinton 2012",
        eta=0.001,
        slots={"s": 0.0, "v": 0.0} if momentum else {"s": 0.0},
        parameters={"decay": decay, "epsilon": epsilon, "momentum": momentum},
    )


def _adam(beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> Rule:
    return _adam_row("adam", beta1, beta2, epsilon, "Kingma & Ba 2015")


def _adamw(beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> Rule:
    return _adam_row("adamw", beta1, beta2, epsilon, "Loshchilov & Hutter 2019", decoupled=True)


def _adam_row(
    name: str, beta1: float, beta2: float, epsilon: float, source: str, decoupled: bool = False
) -> Rule:
    _between(name, "beta1", beta1)
    _between(name, "beta2", beta2)
    _positive(name, "epsilon", epsilon)

    def move(xp: Any, g: Array, slots: Slots, eta: float, t: int) -> tuple[Array, Slots]:
        m = beta1 * slots["m"] + (1 - beta1) * g
        v = beta2 * slots["v"] + (1 - beta2) * (g * g)
        spread = (v / (1 - beta2**t)) ** 0.5 + epsilon
        return -(eta / (1 - beta1**t)) * m / spread, {"m": m, "v": v}

    return Rule(
        name=name,
        move=move,
        tex=r"m \to \beta_1 m + (1 - \beta_1) g,\; v \to \beta_2 v + (1 - \beta_2) g^2,\;"
        r"\theta \to \theta - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}"
        + (r" - \eta\, \partial R / \partial \theta" if decoupled else ""),
        source=source,
        eta=0.001,
        slots={"m": 0.0, "v": 0.0},
        parameters={"beta1": beta1, "beta2": beta2, "epsilon": epsilon},
        decoupled=decoupled,
    )


def _rprop(shrink: float = 0.5, grow: float = 1.2, least: float = 1e-6, most: float = 50.0) -> Rule:
    for parameter, value in {"shrink": shrink, "grow": grow, "least": least, "most": most}.items():
        _number("rprop", parameter, value)
    if not (0 < shrink < 1 < grow and 0 < least < most):
        raise UsageError(
            f"rprop needs 0 < shrink < 1 < grow and 0 < least < most; got {shrink=}, {grow=}, {least=}, {most=}"
        )

    def move(xp: Any, g: Array, slots: Slots, eta: float, t: int) -> tuple[Array, Slots]:
        turn = xp.sign(g) * xp.sign(slots["before"])  # the product of small numbers would vanish
        factor = xp.where(turn > 0, g * 0 + grow, xp.where(turn < 0, g * 0 + shrink, g * 0 + 1))
        size = xp.minimum(xp.maximum(slots["size"] * factor, least), most)
        g = xp.where(turn < 0, g * 0, g)  # after a turn: wait one step
        return -xp.sign(g) * size, {"before": g, "size": size}

    return Rule(
        name="rprop",
        move=move,
        tex=r"\theta \to \theta - \Delta \operatorname{sign}(g),\quad \Delta \text{ grows while the sign of } g"
        r"\text{ stays, and shrinks where it turns}",
        source="Riedmiller & Braun 1993 (iRprop−, Igel & Hüsken 2000); for full batches",
        eta=0.01,
        slots={"before": 0.0, "size": "eta"},
        parameters={"shrink": shrink, "grow": grow, "least": least, "most": most},
    )


RULES: dict[str, Callable[..., Rule]] = {
    "sgd": _sgd,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adamw,
    "rprop": _rprop,
}


def as_rule(given: Any) -> Rule:
    """A row from a name or from an option such as ``"momentum(momentum=0.5)"``; raises UsageError."""
    if isinstance(given, Rule):
        return given
    if not isinstance(given, str):
        raise UsageError(f"an optimizer is a name, or an option such as 'adam(beta1=0.8)'; got {given!r}")
    return _built(given)


@functools.lru_cache(maxsize=64)  # engines ask at every call
def _built(option: str) -> Rule:
    return build_option("optimizer", option, RULES)


def _between(row: str, parameter: str, value: float) -> None:
    _number(row, parameter, value)
    if not 0 <= value < 1:
        raise UsageError(f"{row} needs 0 ≤ {parameter} < 1; got {parameter}={value!r}")


def _positive(row: str, parameter: str, value: float) -> None:
    _number(row, parameter, value)
    if not value > 0:
        raise UsageError(f"{row} needs {parameter} > 0; got {parameter}={value!r}")


def _number(row: str, parameter: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise UsageError(f"{row} needs a finite number for {parameter}; got {parameter}={value!r}")
