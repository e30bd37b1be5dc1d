"""θ, or a gradient, as people hold it, read into w^1, b^1, …, w^L, b^L: networks, flat vectors, lists, pairs of lists,
dicts and state dicts, modules of PyTorch. Layouts are habits: a w given as (n_{l−1}, n_l) is turned round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ...errors import UsageError
from ...network import Network, Parameters
from .arrays import as_array

Array = Any
_BIAS = re.compile(r"bias|(^|[^a-z])(d|d?c?[/_]?d|grad_?)?b($|[^a-z])|(^|[^a-z])d?b\d", re.IGNORECASE)
_LETTERS = re.compile(
    r"weights?|bias(es)?|kernel|w|b", re.IGNORECASE
)  # without them, a layer's names are the same
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True)
class Theta:
    """``arrays`` are w^1, b^1, …, w^L, b^L, each w (n_l, n_{l−1}), in its own dtype; ``turned``: w was given as wᵀ."""

    arrays: tuple[Array, ...]
    turned: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        """(n_0, …, n_L)."""
        return (self.arrays[0].shape[1], *(len(b) for b in self.arrays[1::2]))

    def flat(self) -> Array:
        """All of it in ∇C's order (N8), in float64."""
        return np.concatenate([one.reshape(-1).astype(np.float64) for one in self.arrays])


def readings(given: Any, what: str, sizes: Sequence[int] | None = None) -> list[Theta]:
    """The ways to read ``given``, called ``what`` in errors: two where every w is square, else one.

    ``sizes`` are those of the network it belongs to; without them a flat vector can't be read. Raises UsageError.
    """
    if isinstance(given, Network | Parameters):
        return [_checked(_of_lists(given.w, given.b), what, sizes)]
    if hasattr(given, "state_dict"):
        given = given.state_dict()
    if isinstance(given, Mapping):
        parts = _of_mapping(given, what)
    elif hasattr(given, "__array__") or hasattr(given, "detach") or _is_flat(given):
        return [_checked(_of_flat(as_array(given, what), what, sizes), what, sizes)]
    else:
        parts = _of_list(given, what)
    straight = _turned(parts, what, sizes, turned=False)
    other = _turned(parts, what, sizes, turned=True)
    found = [one for one in (straight, other) if one is not None]
    if not found:
        shapes = ", ".join(str(one.shape) for one in parts)
        wanted = f"; a network of sizes {tuple(sizes)} has {_shapes(sizes)}" if sizes else ""
        raise UsageError(f"{what} does not fit: its arrays have the shapes {shapes}{wanted}")
    return found


def _shapes(sizes: Sequence[int]) -> str:
    pairs = pairwise(sizes)
    return ", ".join(f"{(n, before)}, {(n,)}" for before, n in pairs)


def _is_flat(given: Any) -> bool:
    return isinstance(given, list | tuple) and len(given) > 0 and all(map(np.isscalar, given))


def _of_lists(w: Any, b: Any) -> Theta:
    return Theta(tuple(part for pair in zip(w, b, strict=True) for part in pair))


def _checked(theta: Theta, what: str, sizes: Sequence[int] | None) -> Theta:
    if sizes is not None and theta.sizes != tuple(sizes):
        raise UsageError(f"{what} is of sizes {theta.sizes}, and the network is of {tuple(sizes)}")
    return theta


def _of_flat(flat: Array, what: str, sizes: Sequence[int] | None) -> Theta:
    if sizes is None:
        raise UsageError(
            f"{what} is one flat array, whose layers can't be told without a network beside it; give a list "
            "[w1, b1, …], or a dict"
        )
    pairs = list(pairwise(sizes))
    wanted = sum(n * before + n for before, n in pairs)
    if flat.shape != (wanted,):
        raise UsageError(f"{what} has {wanted:,} numbers, flat; got shape {flat.shape}")
    arrays, start = [], 0
    for before, n in pairs:
        arrays.append(flat[start : start + n * before].reshape(n, before))
        arrays.append(flat[start + n * before : start + n * before + n])
        start += n * before + n
    return Theta(tuple(arrays))


def _of_mapping(given: Mapping[Any, Any], what: str) -> list[Array]:
    """w1, b1, w2, … of a dict: by the numbers in its keys; a layer without bias gets zeros."""
    for names in (("w", "b"), ("weights", "biases")):
        if set(given) == set(names):
            return _of_list([given[name] for name in names], what)
    layers: dict[str, dict[str, Array]] = {}
    for key, one in given.items():
        array = as_array(one, f"{what}[{key!r}]")
        name = str(key)
        kind = "b" if _BIAS.search(name) else "w"
        slot = layers.setdefault(_LETTERS.sub("", name), {})
        if kind in slot:
            raise UsageError(f"{what} has two arrays for one layer's {kind}: {name!r} is the second")
        slot[kind] = array
    parts: list[Array] = []
    for name, slot in sorted(layers.items(), key=lambda item: _number_in(item[0])):
        if "w" not in slot:
            raise UsageError(f"{what} has a bias without weights, of layer {name or '?'}")
        parts += [slot["w"], slot.get("b")]
    return parts


def _number_in(name: str) -> int:
    """The layer's number; those without one keep their order."""
    found = _NUMBERS.findall(name)
    return int(found[-1]) if found else 0


def _of_list(given: Any, what: str) -> list[Array]:
    """w1, b1, w2, … of a list of them, of pairs (w, b), or of a pair of lists."""
    try:
        listed = list(given)
    except TypeError:
        raise UsageError(f"{what} is flat, [w1, b1, …], a dict, or a network; got {given!r}") from None
    if (
        len(listed) == 2
        and all(isinstance(one, list | tuple) for one in listed)
        and len(listed[0]) == len(listed[1])
    ):
        pairs = _as_pairs(listed, what)
        if pairs is not None:
            return pairs
    if listed and all(
        isinstance(one, list | tuple) and len(one) == 2 and np.ndim(one[0]) == 2 for one in listed
    ):
        return [as_array(part, what) for pair in listed for part in pair]
    parts = [as_array(one, f"entry {i} of {what}") for i, one in enumerate(listed) if one is not None]
    if len(parts) % 2:
        raise UsageError(f"{what} is [w1, b1, …, wL, bL]; got a list of {len(parts)} arrays")
    return parts


def _as_pairs(listed: list[Any], what: str) -> list[Array] | None:
    """A pair of lists, all weights and all biases in either order."""
    first, second = ([one for one in part if one is not None] for part in listed)
    if not first or any(np.ndim(one) == 0 for one in (*first, *second)):
        return None
    arrays = [[as_array(one, what) for one in part] for part in (first, second)]
    flat = [all(one.ndim == 1 or 1 in one.shape for one in part) for part in arrays]  # as biases are
    if flat == [False, False] or (flat == [True, True] and not all(one.ndim == 2 for one in arrays[0])):
        return None
    w, b = arrays[::-1] if flat == [True, False] else arrays
    return [part for pair in zip(w, b, strict=True) for part in pair]


def _turned(parts: Sequence[Array], what: str, sizes: Sequence[int] | None, *, turned: bool) -> Theta | None:
    """The arrays with every w as it is, or transposed; None where they then don't fit one another or the sizes."""
    arrays: list[Array] = []
    before = None if sizes is None else sizes[0]
    for l, (given, b) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1):
        if given.ndim != 2:
            return None
        w = given.T if turned else given
        n = w.shape[0]
        if (before is not None and w.shape[1] != before) or (
            sizes is not None and (l >= len(sizes) or n != sizes[l])
        ):
            return None
        if b is not None and (b.size != n or max(b.shape, default=0) != n):
            return None
        arrays += [w, np.zeros(n, dtype=w.dtype) if b is None else b.reshape(-1)]
        before = n
    if not arrays or (sizes is not None and len(arrays) != 2 * (len(sizes) - 1)):
        return None
    return Theta(tuple(arrays), turned)
