"""From a gradient as numbers to a report: every reading of it is searched, and the cheapest explanation is taken.

Readings are layouts.py's, the search is search.py's, what is said of it verdicts.py's. Functions are not called here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import passes, use
from ...engines.numpy import quiet
from ...errors import UsageError
from ...explain.problem import in_precision
from ...inputs import batch
from ...network import Network
from ..finding import Finding, Report
from . import verdicts
from .events import Event, price
from .explained import Explained
from .layouts import Reading, readings
from .search import State, against_right, answered, begins, search
from .setting import Setting

if TYPE_CHECKING:
    from ..calling.calls import Call

Array = Any
_FEW = 2.5  # an explanation that is dearer is looked for again with a wider tolerance
_COARSE = 0.1  # of a layer's largest entry: rounding beyond that leaves nothing to judge by
_DECIMALS = 7  # so many at most are taken for rounding by a person
_COINCIDENCE = 3.5  # so many mistakes can explain anything


@quiet
def diagnose_numbers(
    net: Network,
    x: Any,
    y: Any,
    theirs: Any,
    *,
    previous: Any = None,
    dropout_masks: Any = None,
    l1: float = 0.0,
    l2: float = 0.0,
    eta: float | None = None,
    sample_weight: Any = None,
) -> Report:
    """What is wrong with a gradient that is given as numbers, in any layout."""
    setting = _setting(net, x, y, dropout_masks, l1, l2, eta, sample_weight)
    try:
        given = _readings(net, theirs, setting.m, _earlier(net, previous, setting.m))
    except UsageError as reason:
        return verdicts.unreadable(str(reason))
    broken = _broken(net, given[0])
    if broken is not None:
        return verdicts.not_finite(broken)
    return verdicts.report(explained(setting, given, _earlier(net, previous, setting.m)), ())


@quiet
def diagnose_calls(
    net: Network,
    x: Any,
    y: Any,
    made: Sequence[Call],
    troubles: Sequence[Finding],
    *,
    previous: Any = None,
    dropout_masks: Any = None,
    l1: float = 0.0,
    l2: float = 0.0,
    eta: float | None = None,
    sample_weight: Any = None,
) -> Report:
    """The same of what a function returned, called in every layout that it takes; the best explained call counts."""
    if not made:
        return verdicts.troubled(tuple(troubles))
    setting = _setting(net, x, y, dropout_masks, l1, l2, eta, sample_weight)
    best: tuple[float, Explained, Call] | None = None
    said = ""
    for call in _of_batches(net, made, setting.m):
        try:
            given = _called(net, call, setting.m)
        except UsageError as reason:
            said = said or str(reason)
            continue
        said = _broken(net, given[0]) or said
        if _broken(net, given[0]) is not None:
            continue
        found = explained(setting, given, _earlier(net, previous, setting.m))
        if best is None or found.price < best[0] - 1e-9:
            best = (found.price, found, call)
        if found.right:
            break
    if best is None:
        return verdicts.unreadable(said, (*troubles, *(one for call in made for one in call.troubles)))
    _, found, call = best
    return verdicts.report(found, call.troubles, call.style)


def _of_batches(net: Network, made: Sequence[Call], m: int) -> Sequence[Call]:
    """The calls that count: where a whole batch gives sums over it, calls of one example each prove nothing."""
    whole = [call for call in made if not call.style.examples.startswith("one") and _sums(net, call, m)]
    return whole if whole and m > 1 else made


def _sums(net: Network, call: Call, m: int) -> bool:
    """Whether a call of a batch returned a gradient that has no rows for its examples."""
    try:
        found = readings(net, call.returned, m)
    except UsageError:
        return False
    return any(all(part.ndim == 1 for part in reading.b[1:]) for reading in found)


def explained(setting: Setting, given: Sequence[Reading], earlier: Any) -> Explained:
    """The cheapest explanation of all readings, on this batch, and where one is known, with an earlier one."""
    single = setting.net.dtype == np.float32 or all(
        np.array_equal(part, part.astype(np.float32)) for part in (*given[0].w[1:], *given[0].b[1:])
    )
    grain = _grain(given[0])
    coarse = grain / min(float(np.abs(part).max()) or np.inf for part in (*given[0].w[1:], *given[0].b[1:]))
    if coarse > _COARSE:
        grain = coarse = 0.0
    setting = replace(setting, single=single and not grain, grain=grain, coarse=coarse)
    for reading in given if grain else ():
        plain = against_right(setting, reading, loose=False)
        if not plain.events and not reading.mistakes:
            return Explained(setting, reading, [plain])
    found = _cheapest(setting, given, earlier, loose=False)
    if found.price > _FEW:
        wider = _cheapest(setting, given, earlier, loose=True)
        found = wider if wider.price < found.price - 0.5 else found
    if found.price > _FEW and setting.m > 1:
        alone = [_cheapest(one, given, None, loose=False) for one in _one_example(setting)]
        cheapest = min(alone, key=lambda one: one.price)
        if cheapest.price + 1 < found.price:
            found = replace(cheapest, before=(Event(("one-example",), 0),))
    suspected = tuple(
        {
            event.value
            for event in found.states[0].events
            if event.names[0] == "penalty-unknown" and event.value
        }
    )
    if suspected and found.states[0].unread:  # a layer of few entries, in which no penalty can be fitted
        again = _cheapest(replace(setting, suspected=suspected), given, earlier, loose=False)
        found = again if again.price < found.price else found
    if known(found.states[0]) > _COINCIDENCE:
        plain = against_right(found.setting, found.reading, loose=False)
        found = replace(found, states=[plain], setting=setting, before=())
    return found


def _grain(reading: Reading) -> float:
    """What rounding may have done, where all numbers are rounded to some decimals; else 0."""
    whole = np.concatenate([part.reshape(-1) for part in (*reading.w[1:], *reading.b[1:])])
    for decimals in range(1, _DECIMALS + 1):
        unit = 10.0**-decimals
        if np.abs(whole - np.round(whole, decimals)).max() <= 1e-6 * unit and np.abs(whole).max() > 10 * unit:
            return unit  # half of it, and as much again for a factor that is fitted
    return 0.0


def _one_example(setting: Setting) -> list[Setting]:
    """The last example alone, and the first, each as a sum and with the batch's 1/m."""
    found: list[Setting] = []
    for rows in (slice(-1, None), slice(0, 1)):
        masks = setting.masks and [None if mask is None else mask[rows] for mask in setting.masks]
        shares = (np.array([share]) for share in (1.0, 1 / setting.m))
        found += [setting.of(setting.X[rows], setting.Y[rows], share, masks) for share in shares]
    return found


def known(state: State) -> float:
    """The price of the named mistakes alone."""
    return price(tuple(event for event in state.events if event.names != ("unexplained",)))


def _cheapest(setting: Setting, given: Sequence[Reading], earlier: Any, *, loose: bool) -> Explained:
    """Of all readings the cheapest; where nothing explains the output layer, a reading isn't searched if others are."""
    tried: list[tuple[Setting, Reading, tuple[Event, ...]]] = []
    for place, reading in enumerate(given):
        before = earlier[min(place, len(earlier) - 1)] if isinstance(earlier, list) else earlier
        if isinstance(before, Reading) and _equal(reading, before):
            return Explained(setting, reading, [answered(setting)], (Event(("last-batch",), 0),))
        tried += _batches(setting, reading, before)
    best: Explained | None = None
    left = tried
    for free in (
        False,
        True,
    ):  # readings that begin with a penalty of any size, only where nothing else is cheap
        begun = (
            left
            if len(tried) == 1
            else [one for one in left if begins(one[0], one[1], loose=loose, free=free)]
        )
        for against, shown, event in begun:
            one = Explained(against, shown, search(against, shown, loose=loose), event)
            if best is None or one.price < best.price - 1e-9:
                best = one
            if one.right:
                return one
        left = [one for one in left if one not in begun]
        if best is not None and best.price <= _FEW:
            return best
    if best is None:
        against, shown, event = tried[0]
        best = Explained(against, shown, search(against, shown, loose=loose), event)
    return best


def _batches(
    setting: Setting, reading: Reading, earlier: Any
) -> list[tuple[Setting, Reading, tuple[Event, ...]]]:
    """This batch; with the earlier one added; the earlier one alone."""
    found: list[tuple[Setting, Reading, tuple[Event, ...]]] = [(setting, reading, ())]
    if earlier is None:
        return found
    added, last = (Event(("accumulated",), 0),), (Event(("last-batch",), 0),)
    if isinstance(earlier, Reading):
        if any(one.shape != two.shape for one, two in zip(reading.b[1:], earlier.b[1:], strict=True)):
            return found
        less = replace(
            reading,
            w=[None, *(one - two for one, two in zip(reading.w[1:], earlier.w[1:], strict=True))],
            b=[None, *(one - two for one, two in zip(reading.b[1:], earlier.b[1:], strict=True))],
        )
        return [*found, (setting, less, added)]
    X, Y = earlier
    share = np.full(len(Y), 1 / len(Y))
    both = setting.of(
        np.vstack([setting.X, X]), np.vstack([setting.Y, Y]), np.concatenate([setting.share, share])
    )
    found.append((replace(both, batch=setting.m), reading, added))
    found.append((setting.of(X, Y, share), reading, last))
    return found


def _equal(one: Reading, other: Reading) -> bool:
    """Whether two gradients are the same numbers."""
    pairs = zip((*one.w[1:], *one.b[1:]), (*other.w[1:], *other.b[1:]), strict=True)
    return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=0) for a, b in pairs)


def _setting(
    net: Network, x: Any, y: Any, masks: Any, l1: float, l2: float, eta: float | None, sample_weight: Any
) -> Setting:
    passes.check_penalties(l1, l2)
    real = isinstance(eta, (int, float, np.number)) and not isinstance(eta, bool)
    if eta is not None and not (real and np.isfinite(eta) and eta > 0):
        raise UsageError(f"eta is a finite number above 0; got {eta!r}")
    twin = in_precision(net, np.float64)
    X, Y = use.examples(net, x, y)
    rows = batch(X, slice(None), twin.dtype)
    rows = rows if isinstance(rows, np.ndarray) else rows.toarray()
    share = passes.shares(len(Y), np.float64, sample_weight)
    listed = passes.check_masks(twin, masks, len(Y))
    return Setting(
        twin,
        rows,
        Y.astype(np.float64),
        share,
        listed,
        float(l1),
        float(l2),
        None if eta is None else float(eta),
    )


def _earlier(net: Network, previous: Any, m: int) -> Any:
    """An earlier batch as (X, Y), or its gradient in every reading; None where nothing is known of one."""
    if previous is None:
        return None
    if _is_batch(net, previous):
        X, Y = use.examples(net, *previous)
        return np.asarray(X, dtype=np.float64), Y.astype(np.float64)
    return readings(net, previous, m)


def _readings(net: Network, theirs: Any, m: int, earlier: Any) -> list[Reading]:
    """All readings, also those with a row for each example of an earlier batch."""
    try:
        return readings(net, theirs, m)
    except UsageError:
        if not isinstance(earlier, tuple) or len(earlier[1]) == m:
            raise
        return readings(net, theirs, len(earlier[1]))


def _is_batch(net: Network, previous: Any) -> bool:
    """Whether it is (x, y), and not a gradient in two parts."""
    if not (isinstance(previous, tuple) and len(previous) == 2):
        return False
    try:
        x, y = (np.asarray(part) for part in previous)
    except ValueError:
        return False
    one = x.shape == (net.sizes[0],)
    return one or (x.ndim == 2 and x.shape[1] == net.sizes[0] and y.ndim >= 1 and len(y) == len(x))


def _called(net: Network, call: Call, m: int) -> list[Reading]:
    """What a call returned; of a function of one example, the mean over the calls."""
    if not call.style.examples.startswith("one"):
        return readings(net, call.returned, m)
    each = [readings(net, one, 1)[0] for one in call.returned]
    w = [None, *(np.mean([one.w[l] for one in each], axis=0) for l in range(1, net.L + 1))]
    b = [None, *(np.mean([one.b[l] for one in each], axis=0) for l in range(1, net.L + 1))]
    return [replace(each[0], w=w, b=b)]


def _broken(net: Network, reading: Reading) -> str | None:
    """The first entry that is no finite number, in words."""
    for letter, parts in (("w", reading.w), ("b", reading.b)):
        for l in range(1, net.L + 1):
            wrong = np.argwhere(~np.isfinite(parts[l]))
            if len(wrong):
                place = ",".join(map(str, wrong[0]))
                more = f" (and {len(wrong) - 1:,} more of this layer)" if len(wrong) > 1 else ""
                return (
                    f"∂C/∂{letter}[{l}][{place}] is {parts[l][tuple(wrong[0])]}{more}: look for a division by 0, "
                    "log(0) or exp of a large number"
                )
    return None
