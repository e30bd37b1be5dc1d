"""θ of somebody's function: a flat vector, a list or a dict of arrays of NumPy, PyTorch or JAX, read and made again.

A function gets θ as it was given to us, in new arrays each time; what it returns is read in the same order. Nothing is
called here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import UsageError

Array = Any


class Unreadable(Exception):
    """What was returned is not what was expected, in words."""


@dataclass(frozen=True)
class Leaf:
    """One array of θ: what it is called, its shape, and the library and dtype that it came in."""

    name: str
    shape: tuple[int, ...]
    kind: str  # "numpy", "torch" or "jax"; "number" for a plain one
    dtype: np.dtype[Any]
    wants_gradient: bool = False

    @property
    def size(self) -> int:
        """How many entries it has."""
        return int(np.prod(self.shape))

    def entry(self, place: int) -> str:
        """The name of one of its entries."""
        index = ",".join(str(i) for i in np.unravel_index(place, self.shape)) if self.shape else ""
        return f"{self.name}[{index}]" if index else self.name

    def made(self, values: Array, dtype: np.dtype[Any]) -> Any:
        """A new array like this one, with these values."""
        array = np.array(values, dtype=dtype).reshape(self.shape)
        if self.kind == "torch":
            import torch

            made = torch.from_numpy(array.copy())
            return made.requires_grad_(True) if self.wants_gradient else made
        if self.kind == "jax":
            import jax.numpy as jnp

            return jnp.asarray(array)
        return float(array) if self.kind == "number" else array


@dataclass(frozen=True)
class Theta:
    """``flat`` (N,) in float64, ``leaves`` in order, and ``shape``, the nesting with leaves' numbers in it."""

    flat: Array
    leaves: tuple[Leaf, ...]
    nesting: Any

    @property
    def dtype(self) -> np.dtype[Any]:
        """The coarsest of the leaves'."""
        return min((leaf.dtype for leaf in self.leaves), key=lambda one: one.itemsize)

    def name_of(self, place: int) -> str:
        """The name of entry ``place``."""
        for leaf in self.leaves:
            if place < leaf.size:
                return leaf.entry(place)
            place -= leaf.size
        raise IndexError(place)

    def made(self, flat: Array, dtype: np.dtype[Any] | None = None) -> Any:
        """θ with these values, as it was given; in one dtype, or each array in its own."""
        parts = np.split(flat, np.cumsum([leaf.size for leaf in self.leaves])[:-1])
        arrays = [
            leaf.made(part, leaf.dtype if dtype is None else dtype)
            for leaf, part in zip(self.leaves, parts, strict=True)
        ]
        return _filled(self.nesting, arrays)

    def read(self, given: Any, what: str) -> tuple[Array, np.dtype[Any]]:
        """(N,) in float64 and the coarsest dtype of what a function returned; raises Unreadable."""
        found = [(name, as_numbers(value, f"{what}{name}")) for name, value in _walk(given, "")]
        dtypes = [one.dtype for _, one in found if one.dtype.kind == "f"]
        if any(one.dtype.kind in "iub" for _, one in found):
            name, one = next(pair for pair in found if pair[1].dtype.kind in "iub")
            raise Unreadable(
                f"{what}{name} holds whole numbers ({one.dtype}): a gradient kept in an array of integers is cut off; "
                "make the array of floats"
            )
        total = sum(leaf.size for leaf in self.leaves)
        if len(found) == 1 and found[0][1].size == total and (found[0][1].ndim < 2 or len(self.leaves) == 1):
            self._same_shape(found[0][1], what)
            return found[0][1].astype(np.float64).reshape(-1), dtypes[0]
        if len(found) != len(self.leaves):
            raise Unreadable(
                f"{what} has {len(found)} arrays, and θ {len(self.leaves)}: a gradient has θ's structure, or is one "
                f"flat vector of {total:,} numbers"
            )
        for leaf, (name, one) in zip(self.leaves, found, strict=True):
            if one.shape != leaf.shape:
                raise Unreadable(
                    f"{what}{name} has shape {one.shape}, and {self._called(leaf)} has {leaf.shape}"
                )
        flat = np.concatenate([one.astype(np.float64).reshape(-1) for _, one in found])
        return flat, min(dtypes, key=lambda one: one.itemsize)

    def _called(self, leaf: Leaf) -> str:
        return "θ" if len(self.leaves) == 1 else leaf.name

    def _same_shape(self, one: Array, what: str) -> None:
        if len(self.leaves) == 1 and one.ndim > 1 and one.shape != self.leaves[0].shape:
            raise Unreadable(f"{what} has shape {one.shape}, and θ has {self.leaves[0].shape}")


def read_theta(given: Any) -> Theta:
    """θ as somebody has it; raises UsageError where it holds no numbers, or a number that is not finite."""
    leaves: list[Leaf] = []
    values: list[Array] = []
    for name, value in _walk(given, "theta"):
        try:
            array = as_numbers(value, name)
        except Unreadable as reason:
            raise UsageError(
                f"theta is arrays of real numbers, flat, in a list or in a dict; {reason}"
            ) from None
        plain = isinstance(value, (int, float))
        dtype = array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
        wants = bool(getattr(value, "requires_grad", False))
        leaves.append(Leaf(name, array.shape, "number" if plain else _kind(value), dtype, wants))
        values.append(array.astype(np.float64).reshape(-1))
    if not leaves or not sum(map(len, values)):
        raise UsageError(f"theta holds no numbers; got {given!r}")
    theta = Theta(np.concatenate(values), tuple(leaves), _numbered(given, iter(range(len(leaves)))))
    bad = np.flatnonzero(~np.isfinite(theta.flat))
    if bad.size:
        raise UsageError(
            f"{theta.name_of(int(bad[0]))} is {theta.flat[bad[0]]}; nothing has a derivative there"
        )
    return theta


def as_numbers(value: Any, what: str) -> Array:
    """An array of real numbers, of whatever library; raises Unreadable."""
    if isinstance(value, Iterator):
        raise Unreadable(
            f"{what} is a {type(value).__name__}, which gives its parts only once; give a list of arrays"
        )
    if value is None:
        raise Unreadable(f"{what} is None: something was not returned, or no gradient reached it")
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError):
        array = np.asarray(None)
    if array.dtype.kind == "c":
        raise Unreadable(f"{what} is complex; C and its derivatives are real numbers")
    if array.dtype.kind not in "iufb":
        raise Unreadable(f"{what} is of type {type(value).__name__}, not an array of numbers")
    return array


def _walk(given: Any, name: str) -> Iterator[tuple[str, Any]]:
    """(name, leaf) of everything in it; a list of plain numbers is one leaf."""
    if isinstance(given, Mapping):
        for key, part in given.items():
            yield from _walk(part, f"{name}[{key!r}]")
    elif isinstance(given, (list, tuple)) and not _plain_numbers(given):
        for place, part in enumerate(given):
            yield from _walk(part, f"{name}[{place}]")
    else:
        yield name, given


def _plain_numbers(given: Any) -> bool:
    return bool(given) and all(isinstance(part, (int, float, np.number)) for part in given)


def _numbered(given: Any, count: Iterator[int]) -> Any:
    """The nesting with each leaf's number in its place."""
    if isinstance(given, Mapping):
        return {key: _numbered(part, count) for key, part in given.items()}
    if isinstance(given, (list, tuple)) and not _plain_numbers(given):
        made = [_numbered(part, count) for part in given]
        return tuple(made) if isinstance(given, tuple) else made
    return next(count)


def _filled(nesting: Any, arrays: list[Any]) -> Any:
    if isinstance(nesting, dict):
        return {key: _filled(part, arrays) for key, part in nesting.items()}
    if isinstance(nesting, (list, tuple)):
        made = [_filled(part, arrays) for part in nesting]
        return tuple(made) if isinstance(nesting, tuple) else made
    return arrays[nesting]


def _kind(value: Any) -> str:
    module = type(value).__module__.split(".")[0]
    return module if module == "torch" else "jax" if module in ("jax", "jaxlib") else "numpy"
