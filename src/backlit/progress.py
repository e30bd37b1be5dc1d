"""What training shows while it runs: a live bar on a terminal, one plain line an epoch elsewhere, or nothing.

Everything goes to stderr. Training calls ``start``, ``advance`` after some steps, ``epoch`` after each, and ``close``.
"""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol

from .history import TITLES, format_number


class Progress(Protocol):
    """What training tells of."""

    def start(self, epochs: int, examples: int, done: int) -> None:
        """A run of ``epochs`` in all, of ``examples`` each, of which ``done`` epochs are over already."""

    def advance(self, epoch: int, examples: int, cost: float) -> None:
        """``examples`` of this epoch are done, at mean cost ``cost`` so far."""

    def epoch(self, record: dict[str, Any]) -> None:
        """An epoch is over."""

    def close(self) -> None:
        """The run is over, one way or the other."""


class Silent:
    """Shows nothing."""

    def start(self, epochs: int, examples: int, done: int) -> None: ...

    def advance(self, epoch: int, examples: int, cost: float) -> None: ...

    def epoch(self, record: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


def summary(record: dict[str, Any]) -> str:
    """``cost 0.0312 · validation accuracy 96.1%``: the numbers of an epoch that a person follows."""
    names = [name for name in record if name not in ("epoch", "eta", "seconds", "examples_per_second")]
    if record.get("objective") == record.get("cost"):
        names = [name for name in names if name != "objective"]
    return " · ".join(f"{TITLES.get(name, name)} {format_number(name, record[name])}" for name in names)


class Lines(Silent):
    """One plain line an epoch."""

    def start(self, epochs: int, examples: int, done: int) -> None:
        self._epochs = epochs

    def epoch(self, record: dict[str, Any]) -> None:
        speed = format_number("examples_per_second", record["examples_per_second"])
        line = f"epoch {record['epoch']} of {self._epochs} · {summary(record)} · {speed} examples/s"
        print(line, file=sys.stderr, flush=True)


class Bar(Silent):
    """A live line: bar, epoch, cost, accuracies, examples/s, time left. Drawn ten times a second at most."""

    def start(self, epochs: int, examples: int, done: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._epochs, self._examples, self._last = epochs, examples, ""
        self._drawn, self._seen = time.perf_counter(), done * examples
        self._speed: float | None = None
        self._bar = RichProgress(
            BarColumn(bar_width=20),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
            speed_estimate_period=10,
        )
        self._bar.start()
        self._task = self._bar.add_task("", total=epochs * examples, completed=done * examples)

    def advance(self, epoch: int, examples: int, cost: float) -> None:
        now = time.perf_counter()
        if now - self._drawn < 0.1:
            return
        seen = (epoch - 1) * self._examples + examples
        speed = (seen - self._seen) / (now - self._drawn)
        self._speed = speed if self._speed is None else 0.8 * self._speed + 0.2 * speed
        self._drawn, self._seen = now, seen
        numbers = self._last or f"cost {format_number('cost', cost)}"
        text = f"epoch {epoch}/{self._epochs} · {numbers} · {self._speed:,.0f} examples/s"
        self._bar.update(self._task, completed=seen, description=text, refresh=True)

    def epoch(self, record: dict[str, Any]) -> None:
        self._last = summary(record)
        self.advance(record["epoch"], self._examples, record["cost"])

    def close(self) -> None:
        self._bar.stop()


def as_progress(wanted: Any) -> Progress:
    """None: a bar on a terminal or in a notebook, lines elsewhere; False: nothing; True: always something; or your own."""
    if wanted is False:
        return Silent()
    if wanted is None or wanted is True:
        from rich.console import Console

        console = Console(stderr=True)
        return (
            Bar() if console.is_terminal and not console.is_dumb_terminal or console.is_jupyter else Lines()
        )
    own: Progress = wanted
    return own
