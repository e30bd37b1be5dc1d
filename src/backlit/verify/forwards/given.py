"""Their z and a as people keep them (by layer in a list or a dict, one array alone; examples as rows or as columns),
read into arrays by layer with a row an example. What the numbers mean is judged elsewhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import UsageError
from ...network import Network
from ..comparing.arrays import as_array, eps_of, rounded_to

Array = Any
Station = tuple[str, int]  # ("z", 2), ("a", 0): what is known on the way from x to a^L
_LAYER = re.compile(r"[az]?\W*(\d+)\W*", re.IGNORECASE)


@dataclass
class Given:
    """One reading: ``arrays`` by station, (m, n_l) in float64, and how far each is from what was computed at best.

    ``columns`` says that examples were columns; ``faults`` are arrays that fit no layer, in words.
    """

    arrays: dict[Station, Array]
    columns: bool
    eps: float
    half: dict[Station, float] = field(default_factory=dict)  # half a unit of the last decimal, where rounded
    faults: tuple[tuple[int, str], ...] = ()


def readings(net: Network, m: int, z: Any, a: Any) -> list[Given]:
    """The ways that the arrays can be read: one, or two where all of them are square. Raises UsageError."""
    raw = {**_by_layer(net, z, "z", m), **_by_layer(net, a, "a", m)}
    if not raw:
        raise UsageError(
            "there is nothing to diagnose: give z=, a= or both, as lists with an array for each layer"
        )
    fits = {
        key: (_fits(one, m, net.sizes[key[1]]), _fits(one, net.sizes[key[1]], m)) for key, one in raw.items()
    }
    known = {key: pair for key, pair in fits.items() if any(pair)}
    faults = tuple(
        (key[1], _fault(key, raw[key], m, net.sizes[key[1]])) for key in sorted(set(raw) - set(known))
    )
    as_rows = all(rows for rows, _ in known.values())
    as_columns = all(columns for _, columns in known.values())
    orders = [False, True] if as_rows and as_columns and m > 1 else [as_columns and not as_rows]
    eps = eps_of(raw.values(), float(np.finfo(net.dtype).eps))
    return [_read(net, m, raw, known, columns, eps, faults) for columns in orders]


def _read(
    net: Network,
    m: int,
    raw: dict[Station, Array],
    known: dict[Station, tuple[bool, bool]],
    columns: bool,
    eps: float,
    faults: tuple[tuple[int, str], ...],
) -> Given:
    arrays = {}
    for key, (rows, cols) in known.items():
        turned = (columns and cols) or not rows
        part = raw[key].astype(np.float64)
        n = net.sizes[key[1]]
        arrays[key] = part.reshape(n, m).T if turned else part.reshape(m, n)
    half = {key: rounded_to(part) for key, part in arrays.items()}
    return Given(arrays, columns, eps, half, faults)


def _fits(array: Array, first: int, second: int) -> bool:
    """Whether an array can be read as (first, second); a vector where one of the two is 1."""
    return array.shape == (first, second) or (
        array.ndim == 1 and 1 in (first, second) and array.size == first * second
    )


def _fault(key: Station, array: Array, m: int, n: int) -> str:
    return f"{key[0]} of layer {key[1]} has shape {array.shape}, and ({m}, {n}) or ({n}, {m}) is what it should have"


def _by_layer(net: Network, given: Any, letter: str, m: int) -> dict[Station, Array]:
    if given is None:
        return {}
    if isinstance(given, Mapping):
        found = {_layer_of(key, letter): one for key, one in given.items()}
    elif _is_one_array(given) or _is_output(net, given, m):
        found = {net.L: given}
    else:
        found = _listed(net, given, letter)
    least = 0 if letter == "a" else 1
    for l in found:
        if not least <= l <= net.L:
            raise UsageError(
                f"{letter} of layer {l} was given; the layers of {letter} are {least} to {net.L}"
            )
    return {
        (letter, l): as_array(one, f"{letter} of layer {l}") for l, one in found.items() if one is not None
    }


def _is_one_array(given: Any) -> bool:
    return (hasattr(given, "__array__") or hasattr(given, "detach")) and len(np.shape(given)) <= 2


def _is_output(net: Network, given: Any, m: int) -> bool:
    """Whether a list is the numbers of layer L themselves, rather than a list by layer."""
    if not isinstance(given, (list, tuple)):
        return False
    try:
        shape = np.shape(given)
    except ValueError:
        return False
    n = net.sizes[-1]
    return (
        len(shape) <= 2
        and math.prod(shape) == m * n
        and set(shape) <= {m, n}
        and len(shape) > 0
        and m * n > 1
    )


def _layer_of(key: Any, letter: str) -> int:
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        return int(key)
    match = _LAYER.fullmatch(str(key))
    if not match:
        raise UsageError(f"the keys of {letter} are layers, such as 1 or '{letter}1'; got {key!r}")
    return int(match[1])


def _listed(net: Network, given: Any, letter: str) -> dict[int, Any]:
    try:
        listed = list(given)
    except TypeError:
        raise UsageError(
            f"{letter} is a list with an array for each layer, a dict by layer, or one array; got {given!r}"
        ) from None
    if len(listed) not in (net.L, net.L + 1):
        raise UsageError(
            f"{letter} is a list with an array for each of the layers 1 to {net.L}, or from layer 0 on; got "
            f"{len(listed)}. Give a dict by layer for some of them"
        )
    first = net.L + 1 - len(listed)
    found = {l: one for l, one in enumerate(listed, start=first) if one is not None}
    if letter == "z" and 0 in found:
        raise UsageError("the input layer has no z; give None for it, or leave it out")
    return found
