"""What a forward pass or an update gave back, in our layout: z and a as rows by layer, θ as one flat vector.

A gradient's many layouts are read elsewhere (layouts.py), and so are the parameters of an update.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...network import Network
from ..gradients.layouts import readings
from .calls import Call
from .outcome import Plain, leaves

Array = Any
Passed = tuple[dict[int, Array] | None, dict[int, Array]]  # z[l], a[l], each (m, n_l)


def passes_of(net: Network, call: Call, m: int) -> list[Passed]:
    """z (or None) and a by layer that a forward pass may mean, the plainest reading first; empty where none fits."""
    style = call.style
    if style.single:
        each = [[array for _, array in leaves(one)] for one in call.returned]
        if len({len(one) for one in each}) != 1:
            return []
        arrays = [np.stack([one.reshape(-1) for one in some]) for some in zip(*each, strict=True)]
    else:
        turned = style.examples == "columns"
        arrays = [array.T if turned else array for _, array in leaves(call.returned)]
    named = None if style.single else _by_name(call.returned, arrays)
    found = []
    for z, a in [named] if named else _orders(net.L, arrays):
        shaped = _shaped(net, z, m), _shaped(net, a, m)
        if shaped[1] is not None and (z is None or shaped[0] is not None):
            found.append((shaped[0], shaped[1]))
    return found


def _by_name(returned: Plain, arrays: list[Array]) -> tuple[dict[int, Array] | None, dict[int, Array]] | None:
    """z1, a1, … of a dict or of several."""
    z: dict[int, Array] = {}
    a: dict[int, Array] = {}
    for (path, _), array in zip(leaves(returned), arrays, strict=True):
        name = path.rsplit("['", 1)[-1].strip("[]'\"").replace("_", "").replace("[", "").lower()
        if len(name) < 2 or name[0] not in "za" or not name[1:].isdecimal():
            return None
        (z if name[0] == "z" else a)[int(name[1:])] = array
    return (z or None, a) if a else None


def _orders(L: int, arrays: list[Array]) -> list[tuple[dict[int, Array] | None, dict[int, Array]]]:
    """Lists in the orders that people use: a alone, z then a, a then z, both by turns; a^0 may be among them."""
    n = len(arrays)
    if n == 1:
        return [(None, {L: arrays[0]})]
    if n == L:
        return [(None, dict(enumerate(arrays, start=1)))]
    if n == L + 1:
        return [(None, dict(enumerate(arrays)))]
    if n not in (2 * L, 2 * L + 1):
        return []
    first = 2 * L + 1 - n  # 0 where a^0 is among them
    count = n - L
    found = [
        (dict(enumerate(arrays[:L], start=1)), dict(enumerate(arrays[L:], start=first))),
        (dict(enumerate(arrays[count:], start=1)), dict(enumerate(arrays[:count], start=first))),
    ]
    if first:
        found.append((dict(enumerate(arrays[::2], start=1)), dict(enumerate(arrays[1::2], start=1))))
    return [(z, a) for z, a in found]


def _shaped(net: Network, some: dict[int, Array] | None, m: int) -> dict[int, Array] | None:
    """The arrays as (m, n_l), or None where one isn't."""
    if some is None:
        return None
    found = {}
    for l, array in some.items():
        if array.size != m * net.sizes[l] or not 0 <= l <= net.L:
            return None
        found[l] = array.reshape(m, net.sizes[l])
    return found


def theta_of(net: Network, call: Call) -> Array:
    """θ after an update, flat (N8); raises UsageError where what was returned is none."""
    found = readings(net, call.returned, -1)  # no row an example here
    turned = call.style.weights == "in_out"
    best = min(
        found,
        key=lambda one: (("layout-w-transposed" in one.conventions) != turned, len(one.mistakes)),
    )
    parts = [part for pair in zip(best.w[1:], best.b[1:], strict=True) for part in pair]
    return np.concatenate([np.asarray(part).reshape(-1) for part in parts])
