"""What the walk through a forward pass leaves behind: each known station with what explains it. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from .given import Given, Station
from .search import Explanation, Stretch
from .ways import Setting


@dataclass(frozen=True)
class Judged:
    """One known station: the stretch that leads to it, and what explains its numbers (nothing: ``explained`` empty)."""

    stretch: Stretch
    explained: list[Explanation]

    @property
    def station(self) -> Station:
        return self.stretch.stations[-1]

    @property
    def right(self) -> bool:
        return bool(self.explained) and not self.explained[0].ways


@dataclass
class Judgement:
    """All of one reading, from the input on. ``before_masks`` are layers whose a is given before dropout's mask."""

    setting: Setting
    given: Given
    judged: list[Judged] = field(default_factory=list)
    before_masks: list[int] = field(default_factory=list)

    @property
    def badness(self) -> tuple[int, int]:
        """For choosing between two readings: how much is unexplained, and how many mistakes there are."""
        unexplained = sum(not one.explained for one in self.judged)
        return unexplained, sum(len(one.explained[0].ways) for one in self.judged if one.explained)
