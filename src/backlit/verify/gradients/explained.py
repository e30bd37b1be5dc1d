"""One explanation of a gradient's numbers: what they were judged against, how they were read, what the search found."""

from __future__ import annotations

from dataclasses import dataclass

from .events import Event
from .layouts import Reading
from .search import State
from .setting import Setting


@dataclass(frozen=True, eq=False)
class Explained:
    """One explanation: what it was judged against, how the numbers were read, and all that the search found."""

    setting: Setting
    reading: Reading
    states: list[State]
    before: tuple[Event, ...] = ()  # about which data: "accumulated", "last-batch"

    @property
    def price(self) -> float:
        state = self.states[0]
        return (
            state.price
            + sum(1.0 for _ in self.reading.mistakes)
            + 0.05 * len(self.reading.conventions)
            + 1.0 * len(self.before)
        )

    @property
    def right(self) -> bool:
        return not (self.states[0].events or self.reading.mistakes or self.before)
