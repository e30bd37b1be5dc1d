"""The registry of equations: each tag of the note with its TeX, where it comes from, and what computes it.

The entries stand in equations.py; here is only what an entry is. A name such as ``B2`` *is* its entry, so whatever
calls it goes through the registry, and a mistake planted in an entry's ``function`` shows everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Equation:
    """An entry of the registry: the tag, its TeX, where it comes from, and what computes it."""

    tag: str
    tex: str
    source: str
    function: Callable[..., Any]

    def __call__(self, *operands: Any) -> Any:
        return self.function(*operands)


EQUATIONS: dict[str, Equation] = {}
_DERIVATIVE = re.compile(r"∂([^\s/]+)/∂([^\s,)]+)")


def equation(tag: str, tex: str, source: str) -> Callable[[Callable[..., Any]], Equation]:
    r"""Registers a function under its tag; the name then stands for the registry's entry.

    A derivative may be written ``∂C_x/∂a^l_j`` in the TeX: it becomes a fraction with ``\partial``.
    """

    def register(function: Callable[..., Any]) -> Equation:
        fractions = _DERIVATIVE.sub(r"\\frac{\\partial \1}{\\partial \2}", tex)
        EQUATIONS[tag] = Equation(tag, fractions, source, function)
        return EQUATIONS[tag]

    return register
