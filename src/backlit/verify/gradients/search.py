"""The search: from the output back, layer by layer, the fewest mistakes that reproduce the numbers.

A state is a hypothetical δ of a layer together with the mistakes that made it. At each layer every way of forming δ is
tried (slots.py), the layer's numbers are compared (fitting.py), and what agrees goes on to the layer below: so mistakes
in several layers are found one after the other, and their number does not multiply.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import slots
from .events import Event, price
from .fitting import Fit, Tolerance, close, fit, penalised
from .layouts import Reading
from .scales import penalty_events, scales
from .setting import Setting
from .slots import Error

Array = Any
_BEAM = 160  # states kept at a layer
_COLUMNS = 48  # of a wide layer's inputs, looked at first
_AHEAD = 2.3  # by how much a hypothesis may be dearer than the cheapest state, to be tried: two mistakes may
_KEPT = 1.3  # and of the states that reproduce a layer, to go on: one mistake may


@dataclass(frozen=True, eq=False)
class State:
    """Where the search stands after a layer: its δ, up to the factor ``scale``, and all events so far."""

    error: Error
    scale: float
    events: tuple[Event, ...]
    digits: float
    eta: float | None
    unread: int = 0  # entries that nothing explains
    seen: bool = False  # whether any layer so far has told the factor of δ

    @property
    def price(self) -> float:
        return price(self.events)


def search(s: Setting, reading: Reading, *, loose: bool = False) -> list[State]:
    """The explanations of these numbers, cheapest first; the first has no events where the gradient is right."""
    tol = Tolerance.of(s, loose)
    states = at_last(s, reading, tol)
    for l in range(s.L - 1, 0, -1):
        states = _matched(s, reading, l, _onward(s, reading, l, states), tol)
    return sorted(states, key=lambda state: (round(state.price, 6), state.unread, -state.digits))


def at_last(s: Setting, reading: Reading, tol: Tolerance) -> list[State]:
    """The states after the output layer, with which every search goes on."""
    return _matched(s, reading, s.L, _first(s), tol)


def _first(s: Setting) -> list[State]:
    """Every way in which δ^L may have been formed."""
    return [
        State(error, 1.0, _events(error.ids, s.L), 16.0, s.eta)
        for error in slots.at_output(s)
        if np.isfinite(error.delta).all()
    ]


def answered(s: Setting) -> State:
    """The state of a gradient that nothing is wrong with."""
    return State(Error((), s.delta[-1]), 1.0, (), 16.0, s.eta)


def against_right(s: Setting, reading: Reading, *, loose: bool) -> State:
    """The state in which every layer that is not right is unexplained."""
    tol = Tolerance.of(s, loose)
    right_w, right_b = s.gradient
    events: list[Event] = []
    unread = 0
    for l in range(s.L, 0, -1):
        for part, theirs, right, place in (
            ("w", reading.w[l], right_w[l], 0),
            ("b", reading.b[l], right_b[l], 1),
        ):
            off = theirs - right if theirs.shape == right.shape else np.array([np.inf])
            largest = np.abs(right).max()
            most = max(
                tol.rel * largest, min(tol.noise * s.rounding[l][place], tol.most * largest), tol.grain
            )
            if np.abs(off).max() > most:
                events.append(Event(("unexplained",), l, part))
                unread += theirs.size
    return replace(answered(s), events=tuple(events), unread=unread, digits=0.0)


def begins(s: Setting, reading: Reading, *, loose: bool, free: bool) -> bool:
    """Whether anything explains the output layer's numbers in this reading; ``free``: with any penalty."""
    tol = Tolerance.of(s, loose)
    return any(
        _explains(after, s.L) for state in _first(s) for after in _compared(s, reading, s.L, state, tol, free)
    )


def _events(ids: tuple[str, ...], l: int, part: str = "") -> tuple[Event, ...]:
    return tuple(Event(tuple(one.split("|")), l, part) for one in ids)


def _onward(s: Setting, reading: Reading, l: int, states: list[State]) -> list[State]:
    """The states one layer down, before they are compared."""
    theirs = reading.w[l + 1]
    most = min(state.price for state in states) + _AHEAD
    found = []
    silent = not (reading.w[l].any() or reading.b[l].any())  # nothing here can show a mistake in δ
    for state in states:
        told = replace(s, eta=state.eta)
        for error in slots.on_the_way(told, l, state.error, theirs, state.scale):
            if silent and error.ids and error.delta.any():
                continue
            early = _events(error.ids, l)
            if error.by_eta is None:
                early = tuple(
                    replace(one, value=told.eta) if one.names == ("post-update-weights",) else one
                    for one in early
                )
            events = (*state.events, *early)
            if (not early or price(events) <= most) and np.isfinite(error.delta).all():
                found.append(replace(state, error=error, events=events))
    return found


def _matched(s: Setting, reading: Reading, l: int, states: list[State], tol: Tolerance) -> list[State]:
    """Those that reproduce layer l's numbers; where none does, the cheapest few go on with the layer unexplained."""
    found: list[State] = []
    for free in (False, True):  # a penalty is fitted freely only where nothing else explains the layer
        if not any(_explains(state, l) for state in found):
            found += [after for state in states for after in _compared(s, reading, l, state, tol, free)]
    if not any(_explains(state, l) for state in found):
        found += _unexplained(s, reading, l, states)
    found.sort(key=lambda state: (round(state.price, 6), state.unread, -state.digits))
    best: list[State] = []
    for state in found:
        if state.price > found[0].price + _KEPT:
            break
        if not any(_alike(state, other) for other in best):
            best.append(state)
        if len(best) == _BEAM:
            break
    return best


def _explains(state: State, l: int) -> bool:
    return not any(event.names == ("unexplained",) and event.layer == l for event in state.events)


def _alike(one: State, other: State) -> bool:
    return (
        one.events == other.events
        and one.scale == other.scale
        and np.array_equal(one.error.delta, other.error.delta)
    )


def _unexplained(s: Setting, reading: Reading, l: int, states: list[State]) -> list[State]:
    """The layer is passed over, as if its δ were the one of the fewest mistakes."""
    whole = [state for state in states if state.error.by_eta is None]
    cheapest = sorted(whole, key=lambda state: state.price)[:3]
    size = reading.w[l].size + reading.b[l].size
    event = Event(("unexplained",), l)
    return [replace(state, events=(*state.events, event), unread=state.unread + size) for state in cheapest]


def _compared(
    s: Setting, reading: Reading, l: int, state: State, tol: Tolerance, free: bool
) -> Iterator[State]:
    if state.error.by_eta is not None:
        state_or_none = _with_eta(s, reading, l, state, tol)
        if state_or_none is None:
            return
        state = state_or_none
    weights = list(_weights(s, reading, l, state, tol, free))
    biases = list(_biases(s, reading, l, state, tol))
    for w_ids, w_fit in weights:
        for b_ids, b_fit, loosely in biases:
            yield from _joined(s, l, state, (w_ids, w_fit), (b_ids, b_fit, loosely), tol)
    size_w, size_b = reading.w[l].size, reading.b[l].size
    if weights and not biases:
        for w_ids, w_fit in weights:
            for after in _joined(s, l, state, (w_ids, w_fit), None, tol):
                yield _part_unread(after, l, "b", size_b)
    if biases and not weights:
        for b_ids, b_fit, _ in biases:
            if not b_ids:
                for after in _joined(s, l, state, None, (b_ids, b_fit, False), tol):
                    yield _part_unread(after, l, "w", size_w)


def _part_unread(state: State, l: int, part: str, size: int) -> State:
    return replace(
        state, events=(*state.events, Event(("unexplained",), l, part)), unread=state.unread + size
    )


def _with_eta(s: Setting, reading: Reading, l: int, state: State, tol: Tolerance) -> State | None:
    """η fitted, where weights were updated too early and η is not known: T = c (P₀ − η P₁), from ∂C/∂w."""
    error, a = state.error, s.a[l - 1]
    assert error.by_eta is not None
    P, by_eta = ((s.share[:, None] * one).T @ a for one in (error.delta, error.by_eta))
    T = reading.w[l]
    eta = _eta(T - s.l2 * s.w[l], P, by_eta, state.scale, tol)
    if eta is None:
        return None
    delta = error.delta - eta * error.by_eta
    return replace(
        state,
        error=Error(error.ids, delta, None, error.slope),
        eta=eta,
        events=tuple(
            replace(event, value=eta) if event.names == ("post-update-weights",) else event
            for event in state.events
        ),
    )


def _eta(T: Array, P: Array, by_eta: Array, scale: float, tol: Tolerance) -> float | None:
    """η of T = c (P − η P₁): with the c that is expected, or else with any; None where no step could be seen."""
    seen = 30 * tol.rel * float(np.abs(P).max())
    most = float(np.abs(by_eta).max())
    if T.size < 4 or not seen or not most:
        return None
    eta = -float(np.vdot(T / scale - P, by_eta) / np.vdot(by_eta, by_eta))
    off = float(np.abs(T - scale * (P - eta * by_eta)).max())
    if off > tol.rel * float(np.abs(T).max()):
        sides = np.array([np.abs(P).max(), most])
        columns = np.stack([P.reshape(-1), by_eta.reshape(-1)], axis=1) / sides
        found, _, rank, _ = np.linalg.lstsq(columns, T.reshape(-1), rcond=None)
        c, d = (float(one) for one in found / sides)
        if rank < 2 or not c:
            return None
        eta = -d / c
    return eta if eta > 0 and eta * most > seen else None


def _weights(
    s: Setting, reading: Reading, l: int, state: State, tol: Tolerance, free: bool
) -> Iterator[tuple[tuple[str, ...], Fit]]:
    """The ways in which ∂C/∂w^l is a product of this δ."""
    T, w = reading.w[l], s.w[l]
    some = _columns(T)
    for ids, left, right in slots.weight_products(s, l, state.error):
        shared = s.share[:, None] * left
        mass = max(_mass(shared, right), s.rounding[l][0])
        if some is not None:
            part = penalised(
                T[:, some], shared.T @ right[:, some], w[:, some], mass, s, tol, free, state.scale
            )
            if next(part, None) is None:
                continue
        P = shared.T @ right
        for one in penalised(T, P, w, mass, s, tol, free, state.scale):
            yield ids, one
        if T.shape[0] == T.shape[1] > 1 and not ids:
            for theirs, ours in ((T.T, P), (T, P.T)):  # before or after the penalty was added
                for one in penalised(theirs, ours, w, mass, s, tol, free, state.scale):
                    yield ("gradient-transposed",), one


def _columns(T: Array) -> Array | None:
    """Of a wide layer, the inputs whose entries say most; None where all are looked at anyway."""
    if T.shape[1] <= 2 * _COLUMNS:
        return None
    return np.sort(np.argsort(-np.abs(T).sum(axis=0), kind="stable")[:_COLUMNS])


def _mass(left: Array, right: Array) -> float:
    """The most that Σ|terms| of an entry can be: what rounding is relative to."""
    return float((np.abs(left).max(axis=1) * np.abs(right).max(axis=1)).sum())


def _biases(
    s: Setting, reading: Reading, l: int, state: State, tol: Tolerance
) -> Iterator[tuple[tuple[str, ...], Fit, bool]]:
    """The ways in which ∂C/∂b^l is a sum of this δ; the last says that 1/m may be in it or not."""
    T = reading.b[l]
    mass = max(float((s.share[:, None] * np.abs(state.error.delta)).sum(axis=0).max()), s.rounding[l][1])
    for ids, P, free in slots.bias_sums(s, l, state.error, T.ndim == 2):
        if T.shape != P.shape:
            continue
        found = fit(T, P, mass, tol)
        if found is not None:
            yield ids, found, free
        if T.ndim == 1:
            for value in (s.l2, 2 * s.l2) if s.l2 and s.b[l].any() else ():
                found = fit(T - value * s.b[l], P, mass, tol)
                if found is not None:
                    yield (*ids, "penalty-on-biases"), found, free


def _joined(
    s: Setting,
    l: int,
    state: State,
    weights: tuple[tuple[str, ...], Fit] | None,
    biases: tuple[tuple[str, ...], Fit, bool] | None,
    tol: Tolerance,
) -> Iterator[State]:
    """The states that a fit of w and one of b may mean: factors carried on to lower layers, or of this layer alone."""
    events = list(state.events)
    digits = state.digits
    c_w = c_b = None
    if weights is not None:
        ids, found = weights
        events += _events(ids, l, "w" if ids == ("dropout-mask-missing",) else "")
        events += penalty_events(s, l, found, tol)
        digits, c_w = min(digits, found.digits), found.factor
    if biases is not None:
        ids, found, free = biases
        events += _events(ids, l)
        digits, c_b = min(digits, found.digits), found.factor
        if free and c_b is not None:
            c_b = _freed(s, c_b, state.scale if c_w is None else c_w, tol)
    seen = state.seen or bool(c_w) or bool(c_b)
    for scale, more in scales(s, l, state.scale, c_w, c_b, tol, not state.seen):
        yield replace(state, scale=scale, events=(*events, *more), digits=digits, seen=seen)


def _freed(s: Setting, c: float, wanted: float, tol: Tolerance) -> float:
    """A factor in which 1/m may be or not: without it where that makes it the one that is expected."""
    for times in (1.0, float(s.per), 1 / s.per):
        if close(c * times, wanted, tol):
            return wanted
    return c
