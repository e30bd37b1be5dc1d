"""What factors and penalties mean: of a layer's w and b, alone or carried on from δ to the layers below.

The numbers come from fitting.py; here they become events.
"""

from __future__ import annotations

from collections.abc import Iterator

from .events import Event
from .fitting import Fit, Tolerance, close, named
from .setting import Setting


def penalty_events(s: Setting, l: int, found: Fit, tol: Tolerance) -> list[Event]:
    """The event of a penalty that is not the one that was told."""
    value, told = found.penalty, s.l2
    factor = found.factor or 1.0
    if close(value, told, tol) or (told and close(value, told * factor, tol)):
        return []
    if not told:
        return [Event(("penalty-unknown",), l, "w", value)]
    ratio = value / told
    names = [
        name
        for name, wanted in (("missing", 0.0), ("doubled", 2.0), ("sign", -1.0))
        if abs(ratio - wanted) < 1e-6
    ]
    if ratio > 1.5 and abs(ratio - round(ratio)) < 1e-6 * ratio and (ratio > 2.5 or s.per == 2):
        names.append("not-scaled")
    return [Event(tuple(f"penalty-{name}" for name in names) or ("penalty-unknown",), l, "w", value)]


def scales(
    s: Setting, l: int, scale: float, c_w: float | None, c_b: float | None, tol: Tolerance, first: bool
) -> Iterator[tuple[float, tuple[Event, ...]]]:
    """(scale carried on, events) for factors of w and b where ``scale`` was expected; ``first``: it may be of δ^L."""
    if c_w == 0 or c_b == 0:
        yield from _zeros(s, l, scale, c_w, c_b, tol)
        return
    w_off = None if c_w is None or close(c_w, scale, tol) else c_w / scale
    b_off = None if c_b is None or close(c_b, scale, tol) else c_b / scale
    if w_off is None and b_off is None:
        yield scale, ()
    elif c_w is None or c_b is None or close(c_w, c_b, tol):
        both = w_off if w_off is not None else b_off
        assert both is not None
        yield scale * both, _factor(s, l, both, "", tol, of_delta=first)
        yield scale, _factor(s, l, both, "alone", tol)
    else:
        alone = (_factor(s, l, w_off, "w", tol) if w_off else ()) + (
            _factor(s, l, b_off, "b", tol) if b_off else ()
        )
        yield scale, alone
        if w_off is not None:
            yield c_w, _factor(s, l, w_off, "", tol, of_delta=first) + _factor(s, l, c_b / c_w, "b", tol)
        if b_off is not None:
            yield c_b, _factor(s, l, b_off, "", tol, of_delta=first) + _factor(s, l, c_w / c_b, "w", tol)


def _zeros(
    s: Setting, l: int, scale: float, c_w: float | None, c_b: float | None, tol: Tolerance
) -> Iterator[tuple[float, tuple[Event, ...]]]:
    """A gradient that is 0 where it should not be."""
    part = "" if not c_w and not c_b else "w" if c_w == 0 else "b"
    events: tuple[Event, ...] = (Event(("gradient-missing",), l, part),)
    other = c_b or c_w
    if other and not close(other, scale, tol):
        yield other, events + _factor(s, l, other / scale, "", tol)
        return
    yield scale, events


def _factor(
    s: Setting, l: int, factor: float, part: str, tol: Tolerance, *, of_delta: bool = False
) -> tuple[Event, ...]:
    """Events for a factor: known ones by their names, others as a number. ``part`` "alone" is of this layer only."""
    events = []
    for names in named(factor, s, tol):
        kept = tuple(name for name in names if of_delta or name != "y-minus-a")
        value = factor if kept == ("unknown-factor",) else None
        events.append(Event(_of_part(kept, part), l, "all" if of_delta else part, value))
    return tuple(events)


def _of_part(names: tuple[str, ...], part: str) -> tuple[str, ...]:
    """A factor m or 1/m between weights and biases has names of its own."""
    if part == "b":
        own = {"batch-mean-missing": "bias-summed", "batch-mean-twice": "bias-averaged"}
        return tuple(dict.fromkeys(other for name in names for other in (own.get(name, name), name)))
    if part == "w":
        own = {"batch-mean-missing": "bias-averaged", "batch-mean-twice": "bias-summed"}
        return tuple(dict.fromkeys(other for name in names for other in (own.get(name, name), name)))
    return names
