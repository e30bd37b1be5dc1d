"""Learning-rate schedules: η of a step as a plain function of how far training is; one row each, with its formula.

A schedule gives a factor on the first η, from t, the epochs done before the step (a float that grows with each step),
T, how many there will be, and dt, a step's length in epochs. Reduce-on-plateau looks at the history instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

from .errors import UsageError
from .options import build_option, format_option


@dataclass(frozen=True)
class Schedule:
    """One row. ``factor(t, T, dt)`` is η's factor; ``plateau`` is the rule of the one that watches the history."""

    name: str
    factor: Callable[[float, float, float], float]
    formula: str
    parameters: Mapping[str, Any]
    plateau: Plateau | None = None
    constant: bool = False  # whether the factor is always 1

    @property
    def option(self) -> str:
        """The row as one line, ``"step(every=10, factor=0.1)"``: what ``as_schedule`` reads."""
        return format_option(self.name, self.parameters)


@dataclass(frozen=True)
class Plateau:
    """The rule of reduce-on-plateau: after ``patience`` epochs without ``min_delta`` of progress, η · ``factor``."""

    patience: int
    factor: float
    min_delta: float
    least: float


def _constant() -> Schedule:
    return Schedule("constant", lambda t, T, dt: 1.0, "η", {}, constant=True)


def _step(every: int = 10, factor: float = 0.5) -> Schedule:
    _numbers("step", every=every, factor=factor)
    _need("step", every > 0, "every > 0", every)
    _need("step", 0 < factor <= 1, "0 < factor ≤ 1", factor)
    return Schedule(
        "step",
        lambda t, T, dt: factor ** math.floor(t / every),
        "η · factor^⌊t/every⌋",
        {"every": every, "factor": factor},
    )


def _exponential(factor: float = 0.95) -> Schedule:
    _numbers("exponential", factor=factor)
    _need("exponential", 0 < factor <= 1, "0 < factor ≤ 1", factor)
    return Schedule(
        "exponential", lambda t, T, dt: factor ** math.floor(t), "η · factor^⌊t⌋", {"factor": factor}
    )


def _inverse_scaling(rate: float = 1.0, power: float = 0.5) -> Schedule:
    _numbers("inverse_scaling", rate=rate, power=power)
    _need("inverse_scaling", rate > 0, "rate > 0", rate)
    _need("inverse_scaling", power > 0, "power > 0", power)
    return Schedule(
        "inverse_scaling",
        lambda t, T, dt: (1 + rate * t) ** -power,
        "η / (1 + rate·t)^power",
        {"rate": rate, "power": power},
    )


def _cosine(floor: float = 0.0) -> Schedule:
    _numbers("cosine", floor=floor)
    _need("cosine", 0 <= floor < 1, "0 ≤ floor < 1", floor)
    return Schedule(
        "cosine",
        lambda t, T, dt: floor + (1 - floor) * (1 + math.cos(math.pi * min(t / T, 1.0))) / 2,
        "η · (floor + (1 − floor)(1 + cos(πt/T))/2)  (Loshchilov & Hutter 2017)",
        {"floor": floor},
    )


def _warmup(epochs: float = 1.0, then: str = "constant") -> Schedule:
    _numbers("warmup", epochs=epochs)
    _need("warmup", epochs > 0, "epochs > 0", epochs)
    after = as_schedule(then)
    if after.plateau is not None:
        raise UsageError("warmup can't go on as plateau; take another for then=, such as 'cosine'")

    def factor(t: float, T: float, dt: float) -> float:
        if t < epochs:
            return min(1.0, (t + dt) / epochs)  # the first step is already one of the ramp
        return after.factor(t - epochs, max(T - epochs, dt), dt)

    return Schedule(
        "warmup", factor, f"η · t/{epochs:g} at first, then {after.formula}", {"epochs": epochs, "then": then}
    )


def _plateau(
    patience: int = 5, factor: float = 0.5, min_delta: float = 1e-4, least: float = 1e-4
) -> Schedule:
    _numbers("plateau", patience=patience, factor=factor, min_delta=min_delta, least=least)
    _need("plateau", patience >= 1 and patience == int(patience), "a whole patience ≥ 1", patience)
    _need("plateau", 0 < factor < 1, "0 < factor < 1", factor)
    _need("plateau", min_delta >= 0, "min_delta ≥ 0", min_delta)
    _need("plateau", 0 <= least < 1, "0 ≤ least < 1", least)
    return Schedule(
        "plateau",
        lambda t, T, dt: 1.0,
        "η · factor after each `patience` epochs without progress of the validation cost (or the training cost)",
        {"patience": patience, "factor": factor, "min_delta": min_delta, "least": least},
        Plateau(patience, factor, min_delta, least),
    )


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": _constant,
    "step": _step,
    "exponential": _exponential,
    "inverse_scaling": _inverse_scaling,
    "cosine": _cosine,
    "warmup": _warmup,
    "plateau": _plateau,
}


def as_schedule(given: Any) -> Schedule:
    """A row from a name, an option such as ``"step(every=10, factor=0.1)"``, or a function.

    A function takes (epochs done, epochs) and gives the factor on η.
    Raises UsageError; so does the row of a function, at the first factor that is not a finite number ≥ 0.
    """
    if isinstance(given, Schedule):
        return given
    if callable(given):
        return _own(given)
    if isinstance(given, str):
        return build_option("schedule", given, SCHEDULES)
    raise UsageError(
        f"a schedule is a name, an option such as 'step(every=10)', or a function; got {given!r}"
    )


def _own(given: Callable[[float, float], Any]) -> Schedule:
    """The user's own function, each of its factors looked at: a mistake there would spoil θ unseen."""
    name = getattr(given, "__name__", type(given).__name__)
    try:
        signature(given).bind(0.0, 1.0)
    except ValueError:  # some built-in functions tell no signature
        pass
    except TypeError:
        raise UsageError(
            f"a schedule function takes (epochs done, epochs) and gives a factor; {name!r} doesn't take these two"
        ) from None

    def factor(t: float, T: float, dt: float) -> float:
        got = given(t, T)
        try:
            number = float(got)
        except (TypeError, ValueError):
            number = math.nan
        if not (math.isfinite(number) and number >= 0):
            raise UsageError(
                f"schedule {name!r} gives a finite factor ≥ 0 on η; after {t:g} epochs it gave {got!r}"
            )
        return number

    return Schedule(name, factor, "the user's own", {})


def plateau_factor(rule: Plateau, watched: list[float]) -> float:
    """What reduce-on-plateau makes of the costs so far: the product of all its reductions, never below ``least``.

    A function of the history alone, so a resumed run needs nothing more than its history.
    """
    factor, best, waited = 1.0, math.inf, 0
    for cost in watched:
        if cost < best - rule.min_delta:
            best, waited = cost, 0
            continue
        waited += 1
        if waited >= rule.patience:
            factor, waited = max(rule.least, factor * rule.factor), 0
    return factor


def _numbers(row: str, **parameters: object) -> None:
    for name, value in parameters.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise UsageError(f"schedule {row!r} needs a finite number for {name}; got {value!r}")


def _need(row: str, holds: bool, rule: str, got: object) -> None:
    if not holds:
        raise UsageError(f"schedule {row!r} needs {rule}; got {got!r}")
