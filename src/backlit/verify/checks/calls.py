"""Calling functions of others: whatever they do, what comes of it is a number, a gradient, or a sentence.

They run in this process: what they print is kept away, what they raise becomes words, Ctrl-C ends them. What can't be
answered here is a function that never returns.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .theta import Theta, Unreadable, as_numbers

Array = Any


class Trouble(Exception):
    """Why a function can't be checked, in one sentence."""


class Calls:
    """f and g of θ. ``paired`` says that one function returns both. ``remarks`` are what was odd and did no harm."""

    def __init__(self, f: Callable[..., Any], g: Callable[..., Any] | None, theta: Theta) -> None:
        self.f, self.g, self.theta = f, f if g is None else g, theta
        self.paired = g is None or g is f
        self.remarks: dict[str, None] = {}
        self.dtype: np.dtype[Any] | None = None  # of θ when f is called: None is each array's own
        self.said = np.dtype(np.float64)  # of C

    def value(self, flat: Array) -> float:
        """C; raises Trouble."""
        found = self._call(self.f, "f", flat)
        if self.paired:
            found = self._pair(found)[0]
        return self._number(found)

    def gradient(self, flat: Array) -> tuple[Array, np.dtype[Any]]:
        """g(θ), (N,), and the coarsest dtype in it; raises Trouble. θ comes in each array's own dtype."""
        before, self.dtype = self.dtype, None
        try:
            found = self._call(self.g, "g", flat)
        finally:
            self.dtype = before
        if self.paired:
            found = self._pair(found)[1]
        try:
            return self.theta.read(found, "the gradient")
        except Unreadable as reason:
            raise Trouble(f"{reason}.") from None

    @staticmethod
    def _pair(found: Any) -> tuple[Any, Any]:
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise Trouble(
                f"the function returns {_shown(found)}, and a pair (C, gradient) is expected of it."
            )
        return found[0], found[1]

    def _number(self, found: Any) -> float:
        try:
            array = as_numbers(found, "C")
        except Unreadable as reason:
            raise Trouble(f"f: {reason}.") from None
        if array.size != 1:
            raise Trouble(
                f"f returns an array of shape {array.shape}, and C is one number: take its mean or its sum."
            )
        if array.dtype.kind in "iub":
            raise Trouble(f"f returns a whole number ({_shown(found)}): a C that is rounded has no slope.")
        self.said = array.dtype
        return float(array.reshape(-1)[0])

    def _call(self, function: Callable[..., Any], name: str, flat: Array) -> Any:
        """What it returns; what it prints is kept, what it raises becomes words, and θ is looked at afterwards."""
        theta = self.theta.made(flat, self.dtype)
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), _calm():
                found = function(theta)
        except Exception as reason:  # noqa: BLE001  (whatever it raises is its own matter)
            raise Trouble(f"{name} raises {type(reason).__name__}: {_first_line(reason)}") from None
        except SystemExit:
            raise Trouble(f"{name} ends the program (sys.exit); it has to return instead.") from None
        if printed.getvalue():
            self.remarks[f"{name} prints; what it prints is not shown"] = None
        self._look_for_changes(theta, flat, name)
        return found

    def _look_for_changes(self, theta: Any, flat: Array, name: str) -> None:
        try:
            after = self.theta.read(theta, "θ")[0]
        except (Unreadable, ValueError):
            after = None
        expected = self.theta.read(self.theta.made(flat, self.dtype), "θ")[0]
        if after is None or not np.array_equal(after, expected):
            place = None if after is None else int(np.flatnonzero(after != expected)[0])
            which = "θ's structure" if place is None else self.theta.name_of(place)
            self.remarks[f"{name} changes its argument ({which}); each call here got a copy"] = None


@contextlib.contextmanager
def _calm() -> Iterator[None]:
    import warnings

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _first_line(reason: BaseException) -> str:
    lines = str(reason).strip().splitlines()
    return (lines[0][:200] if lines else "without a word").rstrip(".") + "."


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return type(value).__name__ if len(text) > 40 else text
