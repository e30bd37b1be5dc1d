"""Their z and a of a forward pass, judged layer by layer: the first wrong one, and the mistake that made it.

Each layer is judged given their own numbers of the layers before, so a second mistake is found as well, and what only
follows from the first is not blamed. How mistakes change numbers stands in ways.py, the search for them in
search.py, the words in report.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...data import Recipe
from ...data.columns import Numbers
from ...data.table import Table
from ...errors import BacklitError
from ...inputs import batch, encode_inputs, is_raw
from ...network import Network
from ...passes import check_masks
from ..finding import Report
from .given import Given, Station, readings
from .judged import Judged, Judgement
from .report import report
from .search import Explanation, Stretch
from .ways import Setting, State

Array = Any


@np.errstate(all="ignore")
def diagnose_forward(
    net: Network, x: Any, z: Any = None, a: Any = None, *, dropout_masks: Any = None
) -> Report:
    """The mistakes in someone's forward pass: the first wrong z or a of each stretch, named; none where it is right.

    ``z`` and ``a`` are lists by layer (a may begin with a^0), dicts by layer, or one array of layer L; examples are
    rows or columns. With ``dropout_masks``, a is what the next layer sees: after the mask. Raises UsageError for what
    is no array, DataError for an x that this network does not take.
    """
    X, raw, turned = _inputs(net, x)
    m = len(X)
    masks = check_masks(net, dropout_masks, m)
    w, b = net.views(net.theta.astype(np.float64))
    wide = None if masks is None else [None if mask is None else mask.astype(np.float64) for mask in masks]
    found = []
    for given in readings(net, m, z, a):
        setting = Setting(net, w, b, wide, m, raw, given.eps)
        found.append(_judge(setting, X, given))
        if found[-1].badness == (0, 0):
            break
    best = min(found, key=lambda one: one.badness)
    return report(best, turned)


def _inputs(net: Network, x: Any) -> tuple[Array, Array | None, bool]:
    """a^0 (m, n_0) in float64; raw columns where all are numbers, or None; whether x had its examples as columns."""
    raw = _raw(net, x) if is_raw(x) else None
    shape: tuple[int, ...] = () if is_raw(x) else np.shape(x)
    turned = len(shape) == 2 and shape[0] == net.sizes[0] != shape[1]
    encoded = encode_inputs(net, np.asarray(x).T if turned else x)
    rows: Any = batch(encoded, slice(None), np.float64)
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows), raw, turned


def _raw(net: Network, x: Any) -> Array | None:
    """The raw columns (m, n_0) before the recipe, or None where they are not all numbers."""
    recipe = net.recipe
    if not isinstance(recipe, Recipe):
        return None
    try:
        table = Table.from_any(x)
        if recipe.block is not None:
            rows: Any = table.block
            found = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype=np.float64)
        elif all(isinstance(column, Numbers) for column in recipe.columns):
            found = np.stack(
                [np.asarray(table.column(column.name), dtype=np.float64) for column in recipe.columns], axis=1
            )
        else:
            return None
    except (BacklitError, ValueError, TypeError, KeyError):  # said where it is encoded
        return None
    return found if found.ndim == 2 and found.shape[1] == net.sizes[0] and np.isfinite(found).all() else None


def _judge(setting: Setting, X: Array, given: Given) -> Judgement:
    judgement = Judgement(setting, given)
    L = setting.net.L
    state: State = {("x", 0): X}
    way = [("a", 0), *((letter, l) for l in range(1, L + 1) for letter in "za")]
    pending: list[Station] = []
    half = 0.0
    for station in way:
        pending.append(station)
        if station not in given.arrays:
            continue
        target = given.arrays[station]
        stretch = Stretch(setting, tuple(pending), state, target, given.half.get(station, 0.0), half)
        judged = _before_mask(judgement, Judged(stretch, stretch.explained()))
        judgement.judged.append(judged)
        known = judged.explained[0].state if judged.explained else judged.stretch.right_state()
        state = {**known, station: target}
        pending, half = [], given.half.get(station, 0.0)
    return judgement


def _before_mask(judgement: Judgement, judged: Judged) -> Judged:
    """Where their a is given before dropout's mask and the next layer was made with it, that is a habit, no mistake."""
    before = judgement.judged[-1] if judgement.judged else None
    if judged.right or before is None or not before.explained or before.station[0] != "a":
        return judged
    names = {one.ways[-1].mistake for one in before.explained if one.ways}
    mask = judgement.setting.mask(before.station[1])
    if "forward-dropout-missing" not in names or mask is None:
        return judged
    old = judged.stretch
    state = {**old.state, before.station: before.stretch.target * mask}
    again = Judged(Stretch(old.setting, old.stations, state, old.target, old.half, old.half_before), [])
    explained = again.stretch.explained()
    if not explained or explained[0].ways:
        return judged
    judgement.judged[-1] = Judged(before.stretch, [_as_right(before.explained[0])])
    judgement.before_masks.append(before.station[1])
    return Judged(again.stretch, explained)


def _as_right(one: Explanation) -> Explanation:
    return Explanation(one.ways[:-1], one.error, one.digits, one.state, one.rounded)
