"""Whether what a function returned can be a gradient, a forward pass or an update, by how many numbers there are.

Where more came (C, caches), the part that can be meant is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...spelling import counted
from .outcome import Plain, leaves

_PASSED = re.compile(r"^[za]_?\[?\d+\]?$", re.IGNORECASE)  # z1, A2: of a forward pass
_LETTER = re.compile(
    r"(?:^|_)(?:d|nabla|grad|delta|g)?_?(w|weight|b|bias)(?:s|es)?_?\[?\d+\]?$", re.IGNORECASE
)


@dataclass(frozen=True)
class Counts:
    """How many numbers a result of a network of ``sizes`` may have, for ``m`` examples at a time."""

    sizes: tuple[int, ...]
    m: int
    about: str = "gradient"

    @property
    def weights(self) -> int:
        """Weights in all."""
        return sum(n * p for p, n in pairwise(self.sizes))

    @property
    def biases(self) -> int:
        """Biases in all."""
        return sum(self.sizes[1:])

    def fits(self, total: int) -> bool:
        """Whether so many numbers can be the whole result, or ∇C of each example."""
        if self.about == "forward":
            return total in self._of_forward()
        whole = self.weights + self.biases
        if self.about == "update":
            return total == whole
        return total in (whole, self.m * whole) or total - self.weights in self._of_biases()

    def _of_forward(self) -> set[int]:
        """The a of all layers, with z or without, with x or without; or the output alone."""
        layers = self.m * self.biases
        x = self.m * self.sizes[0]
        return {layers, layers + x, 2 * layers, 2 * layers + x, self.m * self.sizes[-1]}

    def _of_biases(self) -> set[int]:
        """Biases summed over the batch in some layers, a row an example in the others."""
        found = {0}
        for n in self.sizes[1:]:
            found = {one + more for one in found for more in (n, self.m * n)}
            if len(found) > 4096:  # a very deep network: no more than all or none
                return {self.biases, self.m * self.biases}
        return found

    @property
    def shapes(self) -> set[tuple[int, ...]]:
        """The shapes with two axes that a part may have."""
        pairs = {(n, p) for p, n in pairwise(self.sizes)}
        pairs |= {(some, n) for n in self.sizes for some in (1, self.m)}
        return pairs | {(p, n) for n, p in pairs}

    def expected(self) -> str:
        """What is expected, in words."""
        if self.about == "forward":
            return (
                f"z and a of each layer, {self.m * self.biases:,} numbers each for {counted(self.m, 'example')}, "
                "as (zs, as) or as alone"
            )
        shapes = ", ".join(f"({n}, {p}), ({n},)" for p, n in [*pairwise(self.sizes)][:4]) + (
            ", …" if len(self.sizes) > 5 else ""
        )
        return (
            f"{counted(self.weights, 'weight')} and {counted(self.biases, 'bias', 'biases')}, "
            f"such as arrays of shapes {shapes} (or their transposes), or one flat vector of "
            f"{self.weights + self.biases:,} numbers"
        )


def fitting(value: Plain, counts: Counts) -> tuple[Plain, str] | None:
    """The part of ``value`` that can be the result, and what was left out ("" if nothing); None where none can."""
    value = compact(value, counts.shapes)
    if counts.about == "forward":
        named = _passed(value)
        if named and counts.fits(sum(array.size for _, array in leaves(named))):
            return named, ""
    parts = [*_parts(value)]
    whole = (value, "")
    for part, left in (
        [*parts, whole] if isinstance(value, dict) else [whole, *parts]
    ):  # names tell more than counts
        if counts.fits(sum(array.size for _, array in leaves(part))):
            return part, left
    return None


def _passed(value: Plain) -> dict[str, Plain]:
    """Everything in dicts that is called z1 or a1; z alone goes without."""
    if isinstance(value, dict):
        found = {str(key): part for key, part in value.items() if _PASSED.match(str(key))}
        return found if any(key[0] in "aA" and key[1:].strip("_[]") != "0" for key in found) else {}
    if isinstance(value, (list, tuple)):
        return next((named for named in map(_passed, value) if named), {})
    return {}


def _parts(value: Plain) -> Iterator[tuple[Plain, str]]:
    """What may be meant, where more is returned: without numbers such as C, by the names of a dict, one part alone."""
    if isinstance(value, (list, tuple)):
        arrays = [part for part in value if not isinstance(part, float)]
        if len(arrays) < len(value):
            yield (
                arrays[0] if len(arrays) == 1 else type(value)(arrays),
                counted(len(value) - len(arrays), "single number"),
            )
        for part in value:
            if isinstance(part, (dict, list, tuple)):
                named = next(_parts(part), (part, ""))[0] if isinstance(part, dict) else part
                yield named, "what stands beside the gradient"
    if isinstance(value, dict):
        named = {key: part for key, part in value.items() if _LETTER.search(str(key))}
        if 0 < len(named) < len(value):
            others = [str(key) for key in value if key not in named]
            yield named, ", ".join(others[:4]) + (", …" if len(others) > 4 else "")
        for key, part in value.items():
            if isinstance(part, (dict, list, tuple, np.ndarray)):
                yield part, f"all but {key!r}"


def compact(value: Plain, shapes: Set[tuple[int, ...]]) -> Plain:
    """Lists of numbers as the arrays that they stand for; rows are put together only to one of the ``shapes``.

    So biases of two layers of the same width, each a list of numbers, stay two.
    """
    if isinstance(value, dict):
        return {key: compact(part, shapes) for key, part in value.items()}
    if not isinstance(value, (list, tuple)) or not value:
        return value
    parts = [compact(part, shapes) for part in value]
    if all(isinstance(part, float) for part in value) and isinstance(value, list):
        return np.array(value)
    rows = {part.shape for part in parts if isinstance(part, np.ndarray)}
    listed = all(isinstance(part, list) for part in value)
    if listed and len(rows) == 1 and all(isinstance(part, np.ndarray) for part in parts):
        shape = (len(parts), *next(iter(rows)))
        if shape in shapes:
            return np.array(parts)
    return tuple(parts) if isinstance(value, tuple) else parts
