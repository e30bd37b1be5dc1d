"""What a question is: what it asks, how exact the answer has to be, and what known mistakes would answer.

The sheet shows the first two; values and slips are the key's. How they look stands in page.py and paper.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..explain.formula import Formula
from .figures import Precision
from .scene import Place

Array = Any


@dataclass(frozen=True)
class Asked:
    """One thing asked: ``name`` is its key in an answer, ``shape`` () or (n,), ``value`` the right answer.

    ``choice`` are the words that may stand for a number: those of a wrong line and its mistake.
    """

    name: str
    symbol: Formula
    shape: tuple[int, ...]
    points: float
    precision: Precision
    value: Any
    index: tuple[int, ...] = ()
    choice: tuple[str, ...] = ()

    def tolerances(self) -> list[float]:
        """One for each entry."""
        entries = [self.value] if not self.shape else list(self.value)
        return [self.precision.tolerance(float(entry)) for entry in entries]


@dataclass(frozen=True)
class Slip:
    """What one mistake would answer: ``values`` by the name of what is asked, as far as they would be wrong."""

    mistake: str
    layers: tuple[int, ...]
    values: dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of a solution, or of a derivation with a mistake in it: ``symbol = formula = numbers = value``."""

    symbol: Formula
    formula: Formula
    numbers: Formula
    value: Any
    remark: str = ""


@dataclass(frozen=True)
class Question:
    """One question. ``prompt`` has TeX between dollars; ``shown`` is a derivation to judge, ``worked`` the solution.

    ``explained`` are names of derivatives that ``net.explain`` derives for the key.
    """

    id: str
    kind: str
    title: str
    prompt: str
    asked: tuple[Asked, ...]
    slips: tuple[Slip, ...]
    worked: tuple[Line, ...] = ()
    explained: tuple[str, ...] = ()
    shown: tuple[Line, ...] = ()
    remark: str = ""  # the key's
    room: int = 4  # lines to write on
    places: tuple[Place, ...] = ()

    @property
    def points(self) -> float:
        """All that can be had."""
        return sum(one.points for one in self.asked)
