"""Reading a gradient as people return it: lists in any order, dicts, flat vectors, w or wᵀ, biases as columns or rows.

Every reading that the shapes allow is given, the plainest first; which one is meant, the numbers decide (search.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import UsageError
from ...network import Network
from ...spelling import counted

Array = Any
_W = re.compile(
    r"(?:^|[^a-z])(?:d|nabla|grad|g|delta)?_?(?:w|weights?|kernel|theta_w)(?:s|\b|\d|_|\[|$)", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+")
_ORDERS = ("wb", "ww", "bb", "bw")  # w1 b1 w2 b2 | w1 w2 b1 b2 | b1 b2 w1 w2 | b1 w1 b2 w2
_CONVENTION = {
    "wb": (),
    "ww": ("layout-weights-first",),
    "bb": ("layout-biases-first",),
    "bw": ("layout-biases-first",),
}


@dataclass(frozen=True, eq=False)
class Reading:
    """w[l] (n_l, n_{l−1}) and b[l] (n_l,), or (m, n_l) where not summed; entry 0 of both is None.

    ``conventions`` are layout ids; ``mistakes`` are (id, layers) that the shapes themselves show.
    """

    w: list[Array]
    b: list[Array]
    conventions: tuple[str, ...] = ()
    mistakes: tuple[tuple[str, tuple[int, ...]], ...] = field(default=())

    @property
    def entries(self) -> int:
        return sum(part.size for part in (*self.w[1:], *self.b[1:]))


def readings(net: Network, theirs: Any, m: int) -> list[Reading]:
    """All that ``theirs`` may be; raises UsageError that says what came and what is expected."""
    leaves = _leaves(theirs)
    if leaves and all(np.array_equal(one, np.round(one)) for _, one in leaves) and _integers(theirs):
        raise UsageError(
            "these are whole numbers, in arrays that can't hold others: fractions were cut off on the way in; make "
            "the arrays with floats"
        )
    if len(leaves) == 1 and leaves[0][1].size == net.parameters and net.L >= 1:
        found = list(_flat(net, leaves[0][1].reshape(-1)))
    else:
        found = list(_listed(net, leaves, m))
    if not found:
        raise UsageError(_unreadable(net, leaves))
    return found


def _unreadable(net: Network, leaves: list[tuple[str, Array]]) -> str:
    got = ", ".join(str(one.shape) for _, one in leaves[:8]) + (", …" if len(leaves) > 8 else "")
    want = ", ".join(str(shape) for shape in net.shapes[:6]) + (", …" if len(net.shapes) > 6 else "")
    return (
        f"a gradient of a network of sizes {list(net.sizes)} is {counted(2 * net.L, 'array')} of shapes {want} (or "
        f"their transposes), or one flat vector of {net.parameters:,} numbers; got {counted(len(leaves), 'array')}"
        f"{f' of shapes {got}' if leaves else ''}"
    )


def _leaves(theirs: Any) -> list[tuple[str, Array]]:
    """(name, array) of everything in it, in order; None is passed over."""
    if theirs is None:
        return []
    if hasattr(theirs, "w") and hasattr(theirs, "b") and hasattr(theirs, "theta"):
        return [("theta", np.asarray(theirs.theta, dtype=np.float64))]
    if isinstance(theirs, (str, bytes)):
        raise UsageError(f"a gradient is arrays by layer, or one flat vector; got {type(theirs).__name__}")
    if isinstance(theirs, Mapping):
        return [(f"{key} {name}".strip(), one) for key, part in theirs.items() for name, one in _leaves(part)]
    if hasattr(theirs, "detach"):
        theirs = theirs.detach().cpu().numpy()
    array = _as_array(theirs)
    if array is not None:
        return [("", array)]
    if isinstance(theirs, (list, tuple)) or hasattr(theirs, "__iter__"):
        return [leaf for part in theirs for leaf in _leaves(part)]
    raise UsageError(f"a gradient is arrays by layer, or one flat vector; got {type(theirs).__name__}")


def _integers(theirs: Any) -> bool:
    """Whether everything is an array of integers."""
    if isinstance(theirs, Mapping):
        return all(map(_integers, theirs.values()))
    if isinstance(theirs, (list, tuple)):
        return all(part is None or _integers(part) for part in theirs)
    return getattr(getattr(theirs, "dtype", None), "kind", "") in ("i", "u")


def _as_array(value: Any) -> Array | None:
    """An array of numbers, or None for a list of arrays."""
    if isinstance(value, (list, tuple)) and any(map(_holds_arrays, value)):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError):
        return None
    if isinstance(value, (list, tuple)) and array.ndim > 2:
        return None  # plain lists, one for each layer
    return array.astype(np.float64) if array.dtype.kind in "iuf" else None


def _holds_arrays(part: Any) -> bool:
    """Whether it is an array with axes of its own, or has one in it."""
    if isinstance(part, (list, tuple)):
        return any(map(_holds_arrays, part))
    return part is None or (getattr(part, "ndim", 0) > 0)


def _flat(net: Network, flat: Array) -> Iterator[Reading]:
    """A flat vector: ∇C's order, or each w by columns, or all weights first."""
    for order in _ORDERS:
        for transposed in (False, True):
            for backwards in (False, True) if net.L > 1 else (False,):
                slots = _slots(net, order, backwards)
                w: list[Array] = [None] * (net.L + 1)
                b: list[Array] = [None] * (net.L + 1)
                start = 0
                for letter, l in slots:
                    n, p = net.sizes[l], net.sizes[l - 1]
                    part = flat[start : start + (n * p if letter == "w" else n)]
                    start += len(part)
                    if letter == "b":
                        b[l] = part
                    else:
                        w[l] = part.reshape(p, n).T if transposed else part.reshape(n, p)
                conventions = (*_CONVENTION[order], *(("layout-w-transposed",) if transposed else ()))
                mistakes = (("layers-reversed", ()),) if backwards else ()
                yield Reading(w, b, conventions, mistakes)


def _slots(net: Network, order: str, backwards: bool) -> list[tuple[str, int]]:
    """("w" or "b", layer) of each array in turn."""
    layers = [*range(1, net.L + 1)]
    if backwards:
        layers.reverse()
    if order in ("wb", "bw"):
        return [(letter, l) for l in layers for letter in order]
    first, then = ("w", "b") if order == "ww" else ("b", "w")
    return [(first, l) for l in layers] + [(then, l) for l in layers]


def _listed(net: Network, leaves: list[tuple[str, Array]], m: int) -> Iterator[Reading]:
    arrays = [one for _, one in leaves]
    if len(arrays) != 2 * net.L:
        return
    named = _by_name(net, leaves)
    orders: list[tuple[list[tuple[str, int]], tuple[str, ...], bool]] = []
    if named is not None:
        orders.append((named, (), False))
    else:
        for order in _ORDERS:
            ways = (False, True) if net.L > 1 else (False,)
            orders += [(_slots(net, order, backwards), _CONVENTION[order], backwards) for backwards in ways]
    for slots, conventions, backwards in orders:
        for reading in [
            one for flipped in _flips(arrays, m) for one in _shaped(net, slots, arrays, m, flipped)
        ]:
            mistakes = ((("layers-reversed", ()),) if backwards else ()) + reading.mistakes
            yield Reading(reading.w, reading.b, (*conventions, *reading.conventions), mistakes)


def _flips(arrays: list[Array], m: int) -> tuple[bool, ...]:
    """Whether rows of biases may be columns, where an array has as many of both."""
    return (False, True) if m > 1 and any(one.shape == (m, m) for one in arrays) else (False,)


def _by_name(net: Network, leaves: list[tuple[str, Array]]) -> list[tuple[str, int]] | None:
    """The places by the names of a dict ("W1", "db2", "0.weight"), or None where they don't tell."""
    keys: list[tuple[str, int]] = []
    for name, _ in leaves:
        numbers = _NUMBER.findall(name)
        if not numbers:
            return None
        keys.append(("w" if _W.search(name) else "b", int(numbers[-1])))
    ranks = {number: l for l, number in enumerate(sorted({number for _, number in keys}), start=1)}
    slots = [(letter, ranks[number]) for letter, number in keys]
    wanted = {(letter, l) for l in range(1, net.L + 1) for letter in "wb"}
    return slots if len(ranks) == net.L and set(slots) == wanted else None


def _shaped(
    net: Network, slots: list[tuple[str, int]], arrays: list[Array], m: int, flipped: bool
) -> Iterator[Reading]:
    """The readings in which every array fits its place: w as it is, or transposed, or both where all are square."""
    b: list[Array] = [None] * (net.L + 1)
    given: list[Array] = [None] * (net.L + 1)
    columns = False
    for (letter, l), array in zip(slots, arrays, strict=True):
        if letter == "w":
            given[l] = array
            continue
        bias = _bias(array, net.sizes[l], m, flipped)
        if bias is None:
            return
        b[l] = bias
        columns = columns or (array.ndim == 2 and bias.ndim == 1)
    straight, turned = _turns(net, given)
    if straight is None:
        return
    column = ("layout-bias-column",) if columns else ()
    squares = [l for l in range(1, net.L + 1) if net.sizes[l] == net.sizes[l - 1] and net.sizes[l] > 1]
    if turned and straight:  # some layers one way, some the other: the fewer are the mistake
        odd = tuple(sorted(turned if len(turned) <= len(straight) else straight))
        main = odd != tuple(sorted(turned))
        yield _turned(given, b, set(odd) ^ (set(range(1, net.L + 1)) if main else set()), column, main, odd)
        return
    if not turned:
        yield _turned(given, b, set(), column, False, ())
    if turned or (squares and not straight):
        yield _turned(given, b, set(range(1, net.L + 1)), column, True, ())


def _turned(
    given: list[Array],
    b: list[Array],
    which: set[int],
    column: tuple[str, ...],
    main: bool,
    odd: tuple[int, ...],
) -> Reading:
    w = [None, *(one.T if l in which else one for l, one in enumerate(given[1:], start=1))]
    conventions = (*(("layout-w-transposed",) if main else ()), *column)
    return Reading(w, b, conventions, (("gradient-transposed", odd),) if odd else ())


def _turns(net: Network, given: list[Array]) -> tuple[set[int] | None, set[int]]:
    """Layers whose w has our shape alone, and those that have its transpose's; (None, …) where one has neither."""
    straight: set[int] = set()
    turned: set[int] = set()
    for l in range(1, net.L + 1):
        shape = (net.sizes[l], net.sizes[l - 1])
        if given[l].size == shape[0] * shape[1] and 1 in shape and given[l].ndim < 2:
            given[l] = given[l].reshape(shape)
        if given[l].shape == shape == shape[::-1]:
            continue
        if given[l].shape == shape:
            straight.add(l)
        elif given[l].shape == shape[::-1]:
            turned.add(l)
        else:
            return None, turned
    return straight, turned


def _bias(array: Array, n: int, m: int, flipped: bool) -> Array | None:
    """(n,), or (m, n) where it is not summed over the batch; None where the shape is neither."""
    if array.shape in ((n,), (n, 1), (1, n)) or (n == 1 and array.shape == ()):
        return array.reshape(n)
    if array.shape == (m, n):
        return array.T if flipped and m == n else array
    if array.shape == (n, m):
        return array.T
    return None
