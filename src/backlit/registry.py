"""The registry of equations: each tag of the note with its TeX, its source and the function that computes it.

The function stands on its page (equations.py) under the tag's name and is looked up there whenever it is asked for, so
page, engine, explanation and proof can't mean different things by one tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
_DERIVATIVE = re.compile(r"∂([^\s/]+)/∂([^\s,)]+)")


@dataclass(frozen=True)
class Equation:
    """One tag: its TeX, and where the equation comes from."""

    tag: str
    tex: str
    source: str
    page: dict[str, Any] = field(repr=False)

    @property
    def function(self) -> Callable[..., Any]:
        """What computes it, as the page has it now."""
        found: Callable[..., Any] = self.page[self.tag]
        return found

    def __call__(self, *operands: Any) -> Any:
        return self.function(*operands)


EQUATIONS: dict[str, Equation] = {}


def equation(tex: str, source: str) -> Callable[[Function], Function]:
    r"""Registers a function of the page; its name is its tag.

    A derivative may be written ``∂C_x/∂a^l_j`` in the TeX: it becomes a fraction with ``\partial``.
    """
    fractions = _DERIVATIVE.sub(r"\\frac{\\partial \1}{\\partial \2}", tex)

    def register(function: Function) -> Function:
        tag = function.__name__
        EQUATIONS[tag] = Equation(tag, fractions, source, function.__globals__)
        return function

    return register
