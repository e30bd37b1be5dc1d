"""Checking functions of others: any f(θ) → C and g(θ) → its gradient, of NumPy, PyTorch or JAX, by differences of f.

Nothing is known of f: its kinks show in how its slopes from above and below behave, its rounding in how it scatters.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import UsageError
from ...explain.differences import Sweep, sweep
from ...spelling import counted
from .calls import Calls, Trouble
from .function_report import FunctionReport
from .progress import shown
from .rounding import TIMES
from .theta import Theta, read_theta
from .verdicts import AGREES, DIFFERS, KINK, LEAST, UNRESOLVED
from .ways import STEPS, careful, runs_by_bends

Array = Any
_CALLS = 2 * STEPS + 1  # of an entry
_LONG, _AUTOMATIC = 90.0, 1000  # seconds beyond which a sample is taken, of so many entries
_POINTS = 8  # at which f's scatter is looked at
_EVEN = (3, 4, 5)  # orders of its differences


def check_function(
    f: Callable[[Any], Any],
    g: Callable[[Any], Any] | None,
    theta: Any,
    *,
    tolerance: float | None = None,
    sample: int | None = None,
    seed: int = 0,
    progress: bool | None = None,
) -> FunctionReport:
    """g(θ) beside central differences of f at θ; true where all agree. Whatever f and g do, a report says so in words.

    ``theta`` is an array, or a list or dict of arrays; f and g get it so, in new arrays each time. g is None, or f
    again, where one function returns (C, gradient). An entry may be off by ``tolerance`` of itself: √u unless given, u
    the unit of rounding of g's dtype (10⁻⁸ in float64). ``sample`` is how many entries to check, drawn with ``seed``:
    all, unless they would take longer than a minute and a half. Raises UsageError for arguments that can't be.
    """
    for name, function in (("f", f), ("g", f if g is None else g)):
        if not callable(function):
            raise UsageError(f"{name} is a function of theta; got {function!r}")
    if tolerance is not None and not (isinstance(tolerance, (int, float)) and 0 < tolerance < 1):
        raise UsageError(
            f"tolerance is the part of an entry that it may be off by, above 0; got {tolerance!r}"
        )
    known = read_theta(theta)
    calls = Calls(f, g, known)
    try:
        return _Check(calls, known, tolerance).run(sample, seed, progress)
    except Trouble as trouble:
        return FunctionReport(known, trouble=str(trouble), remarks=tuple(calls.remarks))


class _Check:
    """One check: f's precision and scatter first, then entry by entry."""

    def __init__(self, calls: Calls, theta: Theta, tolerance: float | None) -> None:
        self.calls, self.theta, self.tolerance = calls, theta, tolerance
        self.unit = 0.0  # of rounding, of f

    def run(self, sample: int | None, seed: int, progress: Any) -> FunctionReport:
        calls, flat = self.calls, self.theta.flat
        theirs, dtype = calls.gradient(flat)
        C = self._start()
        began = time.perf_counter()
        self.noise = self._scatter(C)
        each = (time.perf_counter() - began) / _POINTS * _CALLS
        places, sampled = _places(len(flat), sample, seed, each)
        said = (
            f"checking {counted(len(places), 'entry', 'entries')} of θ: about {each * len(places):,.0f} s; "
            "Ctrl-C stops it"
        )
        value, error = np.full(len(places), np.nan), np.full(len(places), np.inf)
        with shown(progress, len(places), each * len(places), said) as bar:
            for i, place in enumerate(places):
                value[i], error[i] = self._slope(int(place))
                bar.advance(1)
        allowed = self._allowed(theirs, value, error, places, dtype)
        verdict, digits = _judged(theirs[places], value, error, allowed, dtype)
        return FunctionReport(
            self.theta,
            places=places,
            theirs=theirs[places],
            value=value,
            allowed=allowed,
            verdict_of=verdict,
            digits=digits,
            C=C,
            sampled=sampled,
            seed=seed,
            remarks=tuple(calls.remarks),
            unit=self.unit,
        )

    def _start(self) -> float:
        """C at θ, in float64 where f takes that; raises Trouble for one that is not finite, or not the same again."""
        calls, flat = self.calls, self.theta.flat
        own = calls.value(flat)
        C = own
        if self.theta.dtype.itemsize < 8:
            calls.dtype = np.dtype(np.float64)
            try:
                C = calls.value(flat)
            except Trouble:
                C = np.nan
            if calls.said.itemsize < 8 or not np.isclose(C, own, rtol=1e-2):
                calls.dtype = None
                C = calls.value(flat)
        if not np.isfinite(C):
            raise Trouble(f"C is {C} at θ: nothing has a derivative there.")
        if calls.value(flat) != C:
            raise Trouble(
                "f gives another C for the same θ: draw its random numbers (dropout, batches) from a fixed seed."
            )
        kinds = [calls.said] if calls.dtype is not None else [calls.said, self.theta.dtype]
        kind = min(kinds, key=lambda one: one.itemsize)
        self.unit = float(np.finfo(kind).eps) / 2
        return C

    def _scatter(self, C: float) -> float:
        """What f's values scatter by, from a table of differences along a line (Moré & Wild 2011), and its unit."""
        rng = np.random.default_rng(0)
        flat = self.theta.flat
        step = np.sqrt(self.unit) * np.maximum(np.abs(flat), 1e-3) * rng.choice([-1.0, 1.0], len(flat)) / 8
        table = np.array([self.calls.value(flat + i * step) for i in range(_POINTS)])
        found, weight = [2 * self.unit * abs(C)], 1.0
        for order in range(1, max(_EVEN) + 1):
            table = np.diff(table)
            weight *= order**2 / ((2 * order) * (2 * order - 1))
            if order in _EVEN:
                found.append(float(np.sqrt(weight * np.mean(table * table))))
        return max(one for one in found if np.isfinite(one))

    def _slope(self, place: int) -> tuple[float, float]:
        """∂C/∂θ_place and what it may be wrong by; NaN and ∞ across a kink, NaN and NaN where f is not finite."""
        start = self.theta.flat

        def forward(t: float) -> tuple[Array, list[Array]]:
            moved = start.copy()
            moved[place] += t
            return np.array([self.calls.value(moved)]), []

        first = 0.25 * float(min(1.0, max(abs(start[place]), 1e-2)))
        with np.errstate(all="ignore"):
            found = sweep(forward, first, most=STEPS, enough=STEPS)
            noise = np.array([TIMES * self.noise + self._rounded(start[place], found)])
            value, error = careful(found, noise, np.minimum(found.run, runs_by_bends(found, noise)))
        if np.isfinite(error[0]):
            return float(value[0]), TIMES * float(error[0])
        return np.nan, np.inf if found.tested[0] else np.nan

    def _rounded(self, at: float, found: Sweep) -> float:
        """What C is off by since θ + h was rounded, where θ stays in a dtype of its own."""
        return 0.0 if self.calls.dtype is not None else self.unit * abs(at) * abs(float(found.slopes[0, 0]))

    def _allowed(
        self, theirs: Array, value: Array, error: Array, places: Array, dtype: np.dtype[Any]
    ) -> Array:
        """How far each may be off: by its tolerance, by rounding in its array, and by what differences may be wrong."""
        unit = max(float(np.finfo(dtype).eps) / 2, float(np.finfo(self.theta.dtype).eps) / 2)
        part = np.sqrt(unit) if self.tolerance is None else self.tolerance
        size = np.maximum(np.abs(theirs[places]), np.nan_to_num(np.abs(value)))
        largest = np.empty(len(theirs))
        start = 0
        for leaf in self.theta.leaves:
            here = slice(start, start + leaf.size)
            finite = np.abs(theirs[here])[np.isfinite(theirs[here])]
            largest[here] = finite.max(initial=0.0)
            start += leaf.size
        return part * size + TIMES * unit * largest[places] + np.nan_to_num(error, nan=0.0, posinf=0.0)


def _places(n: int, sample: int | None, seed: int, each: float) -> tuple[Array, int | None]:
    if sample is not None and (
        isinstance(sample, bool) or not isinstance(sample, (int, np.integer)) or sample < 1
    ):
        raise UsageError(f"sample is how many entries to check, a whole number of at least 1; got {sample!r}")
    if sample is None and each * n > _LONG:
        sample = max(1, min(_AUTOMATIC, int(_LONG / each)))
    if sample is None or sample >= n:
        return np.arange(n), None
    return np.sort(np.random.default_rng(seed).choice(n, int(sample), replace=False)), int(sample)


def _judged(
    theirs: Array, value: Array, error: Array, allowed: Array, dtype: np.dtype[Any]
) -> tuple[Array, Array]:
    off, size = np.abs(theirs - value), np.maximum(np.abs(theirs), np.abs(value))
    with np.errstate(all="ignore"):
        verdict = np.select(
            [
                ~np.isfinite(theirs), np.isinf(error), np.isnan(error), off == 0, ~(off <= allowed),
                allowed > LEAST * size,
            ],
            [DIFFERS, KINK, UNRESOLVED, AGREES, DIFFERS, UNRESOLVED],
            AGREES,
        )  # fmt: skip
        most = np.floor(-np.log10(float(np.finfo(dtype).eps)))
        digits = np.where(off == 0, most, np.clip(np.floor(-np.log10(off / size)), 0, most))
    return verdict, digits
