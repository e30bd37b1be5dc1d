"""What a check found: the entries' verdicts by array, the worst entries by name, and one verdict in words.

Plain data; how it is printed stands in text.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...explain.lines import plain
from ...network import Network
from ...spelling import counted
from .names import apart_note, farthest, least, middle, told_apart
from .verdicts import AGREES, DIFFERS, KINK, UNRESOLVED, VERDICTS, Entries

Array = Any
_SHOWN = 5


@dataclass(frozen=True)
class Worst:
    """One entry: its name, what the gradient says, what it is judged by and by which way, and the digits that agree."""

    name: str
    given: float
    reference: float
    way: str
    off: float
    allowed: float
    verdict: str
    digits: int | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data; what is not finite is None."""
        numbers = {key: plain(getattr(self, key)) for key in ("given", "reference", "off", "allowed")}
        return {
            "name": self.name, **numbers, "way": self.way, "verdict": self.verdict, "digits": self.digits
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class CheckReport:
    """``entries`` by array, in ∇C's order; ``methods`` the ways gone, the most exact first; ``sampled`` None for all.

    ``broken`` are layers whose z is not moved by w and b as N4 says: nothing is proved there.
    """

    net: Network
    entries: tuple[Entries, ...]
    methods: tuple[str, ...]
    digits: int | None
    numbers: tuple[int, ...]
    dtype: str
    foreign: bool
    included: Mapping[str, Any]
    sampled: int | None
    seed: int
    broken: tuple[int, ...]
    conventions: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing differs, and something agrees."""
        return not self.differ and bool(self.agree) and not self.broken

    def __bool__(self) -> bool:
        return self.passed

    @property
    def agree(self) -> int:
        """How many entries agree."""
        return self.count(AGREES)

    @property
    def differ(self) -> int:
        """How many entries differ."""
        return self.count(DIFFERS)

    @property
    def untested(self) -> int:
        """How many entries cannot be tested."""
        return self.count(KINK, UNRESOLVED)

    @property
    def total(self) -> int:
        """How many entries were looked at."""
        return sum(len(one.places) for one in self.entries)

    def count(self, *verdicts: int) -> int:
        """How many entries have one of these verdicts."""
        return sum(one.count(*verdicts) for one in self.entries)

    @property
    def least_digits(self) -> int | None:
        """The fewest digits to which an entry agrees; None where none does."""
        return min((n for one in self.entries if (n := least(one)) is not None), default=None)

    @property
    def apart(self) -> int:
        """On how many entries two ways are further apart than each says that it may be wrong."""
        return sum(one.apart for one in self.entries)

    @cached_property
    def worst(self) -> tuple[Worst, ...]:
        """The entries that differ, the farthest off first; where none does, those that agree to the fewest digits."""
        wanted = DIFFERS if self.differ else AGREES
        found = [worst for one in self.entries for worst in self._worst_of(one, wanted)]
        return tuple(one for _, one in sorted(found, key=lambda pair: pair[0])[:_SHOWN])

    def _worst_of(self, one: Entries, wanted: int) -> list[tuple[tuple[float, float], Worst]]:
        at = np.flatnonzero(one.verdict == wanted)
        off = np.abs(one.theirs - one.value)[at]
        off = np.where(np.isfinite(off), off, np.inf)
        if wanted == DIFFERS:
            rank = -off / np.where(np.isfinite(one.allowed[at]), one.allowed[at], 1.0)
        else:
            rank = one.digits[at]
        order = np.lexsort((-off, rank))[:_SHOWN]
        return [((float(rank[i]), -float(off[i])), self.entry(one, int(at[i]))) for i in order]

    def entry(self, one: Entries, i: int) -> Worst:
        """Entry number i of an array, with its name."""
        verdict, way = int(one.verdict[i]), int(one.way[i])
        value = float(one.value[i])
        return Worst(
            name=f"dC/d{self.net.name_of(int(one.places[i]))}",
            given=float(one.theirs[i]),
            reference=value,
            way=self.methods[way] if way >= 0 else "",
            off=abs(float(one.theirs[i]) - value),
            allowed=float(one.allowed[i]),
            verdict=VERDICTS[verdict],
            digits=int(one.digits[i]) if verdict == AGREES else None,
        )

    def of(self, name: str) -> Worst:
        """What was found of one entry, ``"w[1][3,5]"``. Raises KeyError where it was not looked at."""
        bare = name.removeprefix("dC/d").replace(" ", "")
        for one in self.entries:
            if bare.startswith(f"{one.letter}[{one.layer}]"):
                for i, place in enumerate(one.places):
                    if self.net.name_of(int(place)) == bare:
                        return self.entry(one, i)
        raise KeyError(f"{name} was not looked at")

    @property
    def not_finite(self) -> tuple[str, ...]:
        """Names of entries where the gradient is NaN or infinite."""
        return tuple(
            f"{self.net.name_of(int(place))} is {value}"
            for one in self.entries
            for place, value in zip(
                one.places[~np.isfinite(one.theirs)], one.theirs[~np.isfinite(one.theirs)], strict=True
            )
        )

    @property
    def verdict(self) -> str:
        """All in one sentence."""
        whole = counted(self.total, "entry", "entries")
        if self.broken:
            return (
                f"The forward pass is not w a + b (N4) in layer {self.broken[0]}: z moves otherwise than its weights "
                "and biases say, so nothing is proved."
            )
        if self.differ:
            return f"∇C is wrong in {self.differ:,} of {whole}: {self._farthest()}"
        if not self.agree:
            return (
                f"Nothing could be tested: none of {whole} can be told from rounding or is away from a kink."
            )
        digits = f"to {self.least_digits} digits or more"
        if not self.untested:
            what = f"all {whole} agree" if self.total > 1 else "its one entry agrees"
            return f"∇C is right: {what} with the forward pass, {digits}."
        return (
            f"Nothing differs: {self.agree:,} of {whole} agree with the forward pass, {digits}; "
            f"{self.untested:,} cannot be tested."
        )

    def _farthest(self) -> str:
        one = self.worst[0]
        if not math.isfinite(one.given):
            return f"{one.name} is {one.given}."
        given, reference = told_apart(one.given, one.reference)
        return f"{one.name} is {given}, and the forward pass says {reference}."

    def text(self, *, width: int = 100, colour: bool = False) -> str:
        """For a terminal."""
        from .text import text

        return text(self, width=width, colour=colour)

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the schema backlit.check/1; what is not finite is None."""
        return {
            "schema": "backlit.check/1",
            "passed": self.passed,
            "verdict": self.verdict,
            "entries": self.total,
            "agree": self.agree,
            "differ": self.differ,
            "cannot_be_tested": self.untested,
            "digits": self.least_digits,
            "dtype": self.dtype,
            "methods": list(self.methods),
            "method_digits": self.digits,
            "examples": list(self.numbers),
            "included": dict(self.included),
            "gradient": "given" if self.foreign else "net.gradient",
            "conventions": list(self.conventions),
            "sample": None if self.sampled is None else {"entries": self.sampled, "seed": self.seed},
            "not_affine": list(self.broken),
            "arrays": [_plain(one) for one in self.entries],
            "worst": [one.to_dict() for one in self.worst],
            "notes": [*self.notes, *apart_note(self.apart)],
        }

    def __str__(self) -> str:
        return self.text()


def _plain(one: Entries) -> dict[str, Any]:
    return {
        "layer": one.layer,
        "array": f"dC/d{one.letter}[{one.layer}]",
        "entries": len(one.places),
        "of": one.of,
        "agree": one.count(AGREES),
        "differ": one.count(DIFFERS),
        "at_a_kink": one.count(KINK),
        "below_resolution": one.count(UNRESOLVED),
        "worst_difference": plain(farthest(one)),
        "median_digits": middle(one),
        "least_digits": least(one),
        "kinks": [
            {
                "example": kink.example,
                "layer": kink.layer,
                "neuron": kink.neuron,
                "where": kink.where,
                "entries": kink.entries,
            }
            for kink in one.kinks
        ],
    }
