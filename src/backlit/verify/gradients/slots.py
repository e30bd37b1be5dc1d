"""The hypotheses, place by place: how δ^L may have been formed, δ^l from δ^{l+1}, and ∂C/∂w, ∂C/∂b from δ.

Each yields the numbers that a mistake would make, with the ids of the mistakes (mistakes.py) that are in them; no id is
the right way. What only multiplies by a number is found by fitting.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import UsageError
from ...functions import COSTS, as_cost, check_fit
from ...namespaces import NUMPY
from .setting import Setting, Through

Array = Any
Ids = tuple[str, ...]
_MOST_OUTPUTS = 16  # of which each is tried as the one that was derived instead of the cost


@dataclass(frozen=True, eq=False)
class Error:
    """A δ^l, (m, n_l), and the mistakes in it. ``sent`` is ∂C/∂a^l before σ′ and ``slope`` that factor, where known.

    ``by_eta``, where the weights were updated first with an η that is not known: δ is ``delta`` − η · ``by_eta``.
    """

    ids: Ids
    delta: Array
    sent: Array | None = None
    slope: Array | None = None
    by_eta: Array | None = None


def at_output(s: Setting) -> Iterator[Error]:
    """δ^L."""
    yield Error((), s.delta[-1])
    L = s.L
    if not s.elementwise(L):
        yield from _at_softmax(s)
    else:
        for ids, through in _slopes(s, L):
            delta = through(s.dC_da)
            if ids and not (ids == ("sigma-prime-twice",) and s.cancels):
                yield Error(ids, delta)
    if s.cancels:
        yield from _kept(s)
    yield from _of_outputs(s)
    yield from _other_costs(s)


def _at_softmax(s: Setting) -> Iterator[Error]:
    a = s.a[-1]
    yield Error(("sigma-prime-missing",), s.dC_da)
    yield Error(("softmax-diagonal-only",), s.dC_da * a * (1 - a))


def _kept(s: Setting) -> Iterator[Error]:
    """a − y with a σ′ that does not belong there."""
    rest, L = s.a[-1] - s.Y, s.L
    if s.elementwise(L):
        for ids, through in _slopes(s, L):
            if ids not in {("sigma-prime-missing",), ("sigma-prime-twice",)}:
                kept = "sigma-prime-kept" if ids else "sigma-prime-kept|sigma-prime-twice"
                yield Error((kept, *ids), through(rest))
    else:
        a = s.a[-1]
        yield Error(("sigma-prime-kept",), rest * a * (1 - a))
        yield Error(("sigma-prime-kept",), s.through(L, rest))


def _of_outputs(s: Setting) -> Iterator[Error]:
    """The derivative of the outputs' sum, or of one output, instead of the cost's."""
    n = s.sizes[-1]
    ones = np.ones_like(s.dC_da)
    for ids, through in _slopes(s, s.L):
        yield Error(("output-not-cost", *ids), through(ones))
    for j in range(n if 1 < n <= _MOST_OUTPUTS else 0):
        one = np.zeros_like(s.dC_da)
        one[:, j] = 1
        yield Error(("output-not-cost",), s.through(s.L, one))


def _other_costs(s: Setting) -> Iterator[Error]:
    """δ^L of another cost of the table that fits this output."""
    for name in COSTS:
        cost = as_cost(name)
        if name == s.net.cost.name or {name, s.net.cost.name} <= _SAME_COST:
            continue
        try:
            check_fit(cost, s.net.activations[-1])
        except UsageError:
            continue
        delta = s.through(s.L, cost.derivative(NUMPY, s.a[-1], s.Y))
        if not np.array_equal(delta, s.delta[-1]) and (delta.size == 1 or not _multiple(delta, s.delta[-1])):
            yield Error(("cost-of-other-name",), delta)


def _multiple(one: Array, other: Array) -> bool:
    """Whether one is the other times a number."""
    inner = float(np.vdot(other, other))
    factor = float(np.vdot(other, one)) / inner if inner else 0.0
    return bool(np.abs(one - factor * other).max() <= 1e-6 * max(np.abs(one).max(), 1e-300))


_SAME_COST = {"squared_error", "half_squared_error", "mean_squared_error"}  # up to a factor, which is fitted


def on_the_way(s: Setting, l: int, after: Error, theirs: Array, scale: float = 1.0) -> Iterator[Error]:
    """δ^l from δ^{l+1}; ``theirs`` is their ∂C/∂w^{l+1}, with which weights may have been updated too early.

    ``scale`` is a factor that it has, which may have come in before that update or after it.
    """
    mask = None if s.masks is None else s.masks[l]
    for way, sent, by_eta in _ways(s, l, after.delta, theirs, scale):
        for hidden in (("dropout-mask-missing",), ()) if mask is not None else ((),):
            g = sent if mask is None or hidden else sent * mask
            g_eta = None if by_eta is None else by_eta if mask is None or hidden else by_eta * mask
            for slope, through in _slopes(s, l):
                yield Error(
                    (*way, *hidden, *slope),
                    through(g),
                    sent=g,
                    slope=through(np.ones_like(g)) if s.elementwise(l) else None,
                    by_eta=None if g_eta is None else through(g_eta),
                )


def _ways(
    s: Setting, l: int, delta: Array, theirs: Array, scale: float
) -> Iterator[tuple[Ids, Array, Array | None]]:
    """∂C/∂a^l from δ^{l+1} (N11), and what of it goes with an unknown η."""
    w = s.w[l + 1]
    yield (), delta @ w, None
    if w.shape[0] == w.shape[1]:
        yield ("w-not-transposed",), delta @ w.T, None
    for k in range(1, s.L + 1):
        if k != l + 1 and s.w[k].shape == w.shape:
            yield ("weights-of-wrong-layer",), delta @ s.w[k], None
    if w.shape[0] > 1:
        terms = delta[:, :, None] * w[None]  # (m, n_{l+1}, n_l)
        chosen = np.argmax(np.abs(terms), axis=1)[:, None]
        signed = np.take_along_axis(terms, chosen, axis=1)[:, 0]
        yield ("max-over-paths",), signed, None
        yield ("max-over-paths",), np.abs(signed), None
        yield ("max-over-paths",), terms.max(axis=1), None
    if s.eta is not None:
        yield ("post-update-weights",), delta @ (w - s.eta * theirs), None
        if scale not in (0, 1):
            yield ("post-update-weights",), delta @ (w - s.eta / scale * theirs), None
    else:
        yield ("post-update-weights",), delta @ w, delta @ theirs


def _slopes(s: Setting, l: int) -> list[tuple[Ids, Through]]:
    """How ∂C/∂a^l may have been taken through σ."""
    if not s.elementwise(l):
        a = s.value_at(l, s.z[l])
        return [
            ((), lambda g: s.through(l, g)),
            (("sigma-prime-missing",), lambda g: g),
            (("softmax-diagonal-only",), lambda g: g * a * (1 - a)),
        ]
    right = s.slope(l)
    value = s.value_at(l, s.z[l])
    factors: list[tuple[Ids, Array]] = [
        ((), right),
        (("sigma-prime-missing",), np.ones_like(right)),
        (("sigma-prime-of-a",), s.slope_at(l, value)),
        (("sigma-for-sigma-prime",), value),
        (("sigma-prime-twice",), right * right),
    ]
    factors += [
        (("sigma-prime-of-wrong-layer",), s.slope_at(l, s.z[k]))
        for k in range(1, s.L + 1)
        if k != l and s.sizes[k] == s.sizes[l]
    ]
    return [(ids, _times(factor)) for ids, factor in factors]


def _times(factor: Array) -> Through:
    return lambda g: g * factor


def weight_products(s: Setting, l: int, error: Error) -> Iterator[tuple[Ids, Array, Array]]:
    """What ∂C/∂w^l may be the mean product of: (ids, left (m, n_l), right (m, n_{l−1}))."""
    wanted = s.a[l - 1]
    yield (), error.delta, wanted
    if error.sent is not None and error.slope is not None and s.sizes[l - 1] <= s.sizes[l]:
        yield ("index-clash",), error.slope, wanted * error.sent[:, : s.sizes[l - 1]]
    for k in range(s.L + 1):
        if k != l - 1 and s.sizes[k] == s.sizes[l - 1]:
            yield ("a-of-same-layer" if k == l else "a-of-wrong-layer",), error.delta, s.a[k]
    if l > 1:
        yield ("z-for-a",), error.delta, s.z[l - 1]
    if s.elementwise(l):  # δ is right, and σ′ comes once more where the gradient is made of it
        yield ("sigma-prime-twice",), error.delta * s.slope(l), wanted
    if s.masks is not None and s.masks[l - 1] is not None:
        bare = s.X if l == 1 else s.value_at(l - 1, s.z[l - 1])
        yield ("dropout-mask-missing",), error.delta, bare


def bias_sums(s: Setting, l: int, error: Error, rows: bool) -> Iterator[tuple[Ids, Array, bool]]:
    """What ∂C/∂b^l may be: (ids, numbers, whether 1/m in them may be there or not)."""
    if rows:
        yield ("bias-not-summed",), error.delta, True
        return
    yield (), s.share @ error.delta, False
    if s.elementwise(l):
        yield ("sigma-prime-twice",), s.share @ (error.delta * s.slope(l)), False
    if s.m > 1:
        yield ("bias-first-example",), error.delta[0], True
        yield ("bias-first-example",), error.delta[-1], True
