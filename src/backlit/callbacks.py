"""What a callback is told at the end of each epoch, and how it stops a run.

A callback is any function of one Event: ``def every(event): print(event.record)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import UsageError
from .history import History
from .network import Network


@dataclass
class Event:
    """The end of an epoch: the network as it stands, the epoch's record and the history up to it."""

    net: Network
    epoch: int
    epochs: int
    record: dict[str, Any]
    history: History
    stop_reason: str | None = field(default=None, init=False)

    def stop(self, reason: str = "a callback") -> None:
        """Ends the run after this epoch; ``reason`` becomes the history's ``stop_reason``."""
        self.stop_reason = reason


Callback = Callable[[Event], Any]


def as_callbacks(given: Any) -> tuple[Callback, ...]:
    """One callback or several as a tuple; raises UsageError for what can't be called."""
    called = (given,) if callable(given) else tuple(given)
    for one in called:
        if not callable(one):
            raise UsageError(f"a callback is a function of one Event; got {one!r}")
    return called
