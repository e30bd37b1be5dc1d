"""What a check of somebody's functions found: entries by name, or why nothing could be checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...explain.lines import plain
from ...spelling import counted
from .names import told_apart
from .theta import Theta
from .verdicts import AGREES, DIFFERS, KINK, UNRESOLVED, VERDICTS

Array = Any
_SHOWN = 5


def _none() -> Array:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class FunctionReport:
    """Arrays (N,) of the entries that were checked; ``trouble`` is why none could be, "" otherwise.

    ``remarks`` are what the functions do that they should not, without spoiling the check.
    """

    theta: Theta
    trouble: str = ""
    places: Array = field(default_factory=_none)
    theirs: Array = field(default_factory=_none)
    value: Array = field(default_factory=_none)
    allowed: Array = field(default_factory=_none)
    verdict_of: Array = field(default_factory=_none)
    digits: Array = field(default_factory=_none)
    C: float = float("nan")
    sampled: int | None = None
    seed: int = 0
    remarks: tuple[str, ...] = ()
    unit: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether nothing differs, and something agrees."""
        return not self.trouble and not self.differ and bool(self.agree)

    def __bool__(self) -> bool:
        return self.passed

    @property
    def agree(self) -> int:
        """How many entries agree."""
        return int((self.verdict_of == AGREES).sum())

    @property
    def differ(self) -> int:
        """How many entries differ."""
        return int((self.verdict_of == DIFFERS).sum())

    @property
    def at_a_kink(self) -> int:
        """How many cannot be tested, a kink being within reach of the smallest step."""
        return int((self.verdict_of == KINK).sum())

    @property
    def below_resolution(self) -> int:
        """How many cannot be told from f's own rounding."""
        return int((self.verdict_of == UNRESOLVED).sum())

    @property
    def worst(self) -> tuple[dict[str, Any], ...]:
        """The entries that differ, the farthest off first; where none does, those that agree to the fewest digits."""
        at = np.flatnonzero(self.verdict_of == (DIFFERS if self.differ else AGREES))
        off = np.abs(self.theirs - self.value)[at]
        off = np.where(np.isfinite(off), off, np.inf)
        rank = -off / self.allowed[at] if self.differ else self.digits[at]
        return tuple(self.entry(int(at[i])) for i in np.lexsort((-off, rank))[:_SHOWN])

    def entry(self, i: int) -> dict[str, Any]:
        """Entry number i of those that were checked."""
        return {
            "name": self.theta.name_of(int(self.places[i])),
            "given": float(self.theirs[i]),
            "reference": float(self.value[i]),
            "off": abs(float(self.theirs[i]) - float(self.value[i])),
            "allowed": float(self.allowed[i]),
            "verdict": VERDICTS[int(self.verdict_of[i])],
            "digits": int(self.digits[i]) if self.verdict_of[i] == AGREES else None,
        }

    @property
    def verdict(self) -> str:
        """All in one sentence."""
        if self.trouble:
            return f"Nothing could be checked: {self.trouble}"
        whole = counted(len(self.places), "entry", "entries")
        if self.differ:
            one = self.worst[0]
            given, reference = told_apart(one["given"], one["reference"])
            if not np.isfinite(one["given"]):
                given = str(one["given"])
            return (
                f"The gradient is wrong in {self.differ:,} of {whole}: {one['name']} is {given}, and differences of f "
                f"say {reference}."
            )
        if not self.agree:
            return (
                f"Nothing could be tested: none of {whole} can be told from rounding or is away from a kink."
            )
        least = int(self.digits[self.verdict_of == AGREES].min())
        rest = len(self.places) - self.agree
        said = f"{self.agree:,} of {whole} agree with differences of f, to {least} digits or more"
        return (
            f"The gradient is right: {said}."
            if not rest
            else f"Nothing differs: {said}; {rest:,} cannot be tested."
        )

    def text(self, *, width: int = 100, colour: bool = False) -> str:
        """For a terminal."""
        from .text import function_text

        return function_text(self, width=width, colour=colour)

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the schema backlit.check-function/1; what is not finite is None."""
        numbers = ("given", "reference", "off", "allowed")
        return {
            "schema": "backlit.check-function/1",
            "passed": self.passed,
            "verdict": self.verdict,
            "trouble": self.trouble or None,
            "remarks": list(self.remarks),
            "C": plain(self.C),
            "entries": len(self.places),
            "agree": self.agree,
            "differ": self.differ,
            "at_a_kink": self.at_a_kink,
            "below_resolution": self.below_resolution,
            "sample": None if self.sampled is None else {"entries": self.sampled, "seed": self.seed},
            "worst": [{**one, **{key: plain(one[key]) for key in numbers}} for one in self.worst],
        }

    def __str__(self) -> str:
        return self.text()
