"""Whether numbers are a hypothesis times one factor (and a penalty), to how many digits, and what the factor is called.

A factor is told apart from chance by the number of entries that it explains; a penalty's is tried at the values that
are made by mistake first, and fitted freely only where entries are left to speak against it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .setting import Setting

Array = Any
_ROUNDING = {False: 1e-9, True: 3e-5}  # of the largest entry: what float64 and float32 programs differ by
_LOOSE = {False: 1e-6, True: 5e-4}  # the same for numbers that are themselves differences
_NOISE = {False: 2.0**-52 * 512, True: 2.0**-23 * 64}  # of the sum's mass
_MOST_NOISE = {False: 1e-3, True: 0.05}  # of the largest entry: more than that is not explained by rounding
_FREE = {False: 1, True: 2}  # entries there must be beyond the two numbers fitted


@dataclass(frozen=True)
class Tolerance:
    """``rel`` of the largest entry, ``noise`` of the mass, but ``most`` of the largest entry: what rounding may do."""

    rel: float
    noise: float
    most: float
    grain: float  # of numbers that a person has rounded: half a unit
    same: float  # what two factors may differ by, of the larger

    @classmethod
    def of(cls, s: Setting, loose: bool) -> Tolerance:
        rel = (_LOOSE if loose else _ROUNDING)[s.single]
        return cls(rel, _NOISE[s.single], _MOST_NOISE[s.single], s.grain, 4 * max(rel, s.coarse))


@dataclass(frozen=True)
class Fit:
    """T = ``factor`` · P + ``penalty`` · w to so many ``digits``; ``factor`` is None where P is 0 and tells nothing."""

    factor: float | None
    penalty: float
    digits: float


def fit(T: Array, P: Array, mass: float, tol: Tolerance) -> Fit | None:
    """T as a multiple of P; None where it is none."""
    inner, square = float(np.vdot(P, T)), float(np.vdot(P, P))
    if not math.isfinite(square):
        return None
    if inner * inner < 0.5 * square * float(np.vdot(T, T)):  # far from parallel
        return _vanishing(T, P, mass, tol)
    size, largest = float(np.abs(P).max(initial=0)), float(np.abs(T).max(initial=0))
    if size <= max(tol.noise * mass, tol.grain):
        return _vanishing(T, P, mass, tol)
    factor = inner / square
    off = float(np.abs(T - factor * P).max())
    if off > max(tol.rel * largest, min(tol.noise * mass * abs(factor), tol.most * largest), tol.grain):
        return None
    return Fit(factor, 0.0, _digits(off, largest))


def _vanishing(T: Array, P: Array, mass: float, tol: Tolerance) -> Fit | None:
    """Where P is 0 but for rounding, T must be so as well, and the factor stays open."""
    least = max(tol.noise * mass, tol.grain)
    if np.abs(P).max(initial=0) <= least and np.abs(T).max(initial=0) <= least:
        return Fit(None, 0.0, 16.0)
    return None


def _digits(off: float, largest: float) -> float:
    return 16.0 if not off or not largest else float(np.clip(-math.log10(off / largest), 0, 16))


def penalised(
    T: Array, P: Array, w: Array, mass: float, s: Setting, tol: Tolerance, free: bool, scale: float
) -> Iterator[Fit]:
    """The ways in which T is a multiple of P and, with it, of the weights w; ``free``: of any multiple of those.

    ``scale`` is the factor of P that is expected: of few entries, the penalty alone is fitted.
    """
    if not T.any():  # nothing was computed, a penalty neither
        found = fit(T, P, mass, tol)
        if found is not None and not free:
            yield Fit(found.factor, s.l2, found.digits)
        return
    if free:
        if T.size >= 2 + _FREE[s.single]:
            yield from _freely(T - s.l1 * np.sign(w), P, w, mass, tol)
        elif T.size >= 1 + _FREE[s.single] and w.any():
            found = fit(T - s.l1 * np.sign(w) - scale * P, w, mass, tol)
            if found is not None and found.factor:
                yield Fit(scale, found.factor, found.digits)
        return
    rest = s.l1 * np.sign(w) if s.l1 else 0.0
    told = fit(T - rest - s.l2 * w, P, mass, tol)
    if told is not None:
        yield Fit(told.factor, s.l2, told.digits)
    for value in _mistaken(s):
        found = fit(T - rest - value * w, P, mass, tol)
        if found is not None:
            yield Fit(found.factor, value, found.digits)


def _mistaken(s: Setting) -> list[float]:
    """What a known l2 becomes by mistake."""
    if not s.l2:
        return [*s.suspected]
    values = [0.0, 2 * s.l2, -s.l2]
    return [*values, *([s.per * s.l2] if s.per > 2 else []), *s.suspected]


def _freely(T: Array, P: Array, w: Array, mass: float, tol: Tolerance) -> Iterator[Fit]:
    """Both numbers fitted, by the normal equations of two unknowns."""
    pp, pw, ww = (float(np.vdot(one, other)) for one, other in ((P, P), (P, w), (w, w)))
    determinant = pp * ww - pw * pw
    if not math.isfinite(determinant) or determinant <= 1e-12 * pp * ww:
        return
    pt, wt = float(np.vdot(P, T)), float(np.vdot(w, T))
    factor, value = (pt * ww - wt * pw) / determinant, (wt * pp - pt * pw) / determinant
    largest = float(np.abs(T).max())
    off = float(np.abs(T - factor * P - value * w).max())
    if off <= max(tol.rel * largest, min(tol.noise * mass, tol.most * largest), tol.grain):
        yield Fit(factor, value, _digits(off, largest))


def close(one: float, other: float, tol: Tolerance) -> bool:
    """Whether two factors are the same number."""
    return abs(one - other) <= tol.same * max(abs(one), abs(other))


def named(factor: float, s: Setting, tol: Tolerance) -> list[tuple[str, ...]]:
    """The factor as one or two known ones, each by all its names; [("unknown-factor",)] where it is none."""
    known = _known(s)
    whole = _names(factor, known, tol)
    if whole:
        return [whole]
    for value, _ in known:
        rest = _names(factor / value, known, tol)
        if rest:
            return [_names(value, known, tol), rest]
    return [("unknown-factor",)]


def _names(factor: float, known: list[tuple[float, str]], tol: Tolerance) -> tuple[str, ...]:
    return tuple(name for value, name in known if close(value, factor, tol))


def _known(s: Setting) -> list[tuple[float, str]]:
    known: list[tuple[float, str]] = [(-1.0, "y-minus-a"), (-1.0, "sign-flipped")]
    if s.per > 1:
        known += [(float(s.per), "batch-mean-missing"), (1 / s.per, "batch-mean-twice")]
    known += [(2.0, "factor-two"), (0.5, "factor-half")]
    n = s.sizes[-1]
    if n > 1:
        known += [(1 / n, "output-mean"), (float(n), "output-sum")]
    return known
