"""What training shows while it runs: a live bar on a terminal, one plain line an epoch elsewhere, or nothing.

Everything goes to stderr, and where that is closed, nowhere: a run does not end because nobody looks on. Training calls
``start``, ``advance`` after some steps, ``epoch`` after each, and ``close``.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

from .errors import UsageError
from .history import TITLES, History, format_number
from .spelling import counted
from .streams import lasting_stderr

_EVERY = 0.1  # seconds between two drawings
_WIDE = 110  # columns from which on the line has room for whole words
_NOT_FOLLOWED = ("epoch", "eta", "seconds", "examples_per_second")


class Progress(Protocol):
    """What training tells of."""

    def start(self, epochs: int, examples: int, done: float) -> None:
        """A run of ``epochs`` in all, of ``examples`` each; ``done`` of them, maybe a fraction, are over."""

    def advance(self, epoch: int, examples: int, cost: float) -> None:
        """``examples`` of this epoch are done, at mean cost ``cost`` so far."""

    def epoch(self, record: dict[str, Any]) -> None:
        """An epoch is over."""

    def close(self) -> None:
        """The run is over, one way or the other."""


class Silent:
    """Shows nothing."""

    def start(self, epochs: int, examples: int, done: float) -> None: ...

    def advance(self, epoch: int, examples: int, cost: float) -> None: ...

    def epoch(self, record: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


def summary(record: dict[str, Any]) -> str:
    """``cost 0.0312 · validation accuracy 96.1%``: the numbers of an epoch that a person follows."""
    names = [name for name in record if name not in _NOT_FOLLOWED]
    if record.get("objective") == record.get("cost"):
        names = [name for name in names if name != "objective"]
    return " · ".join(f"{TITLES.get(name, name)} {format_number(name, record[name])}" for name in names)


class Lines(Silent):
    """One plain line an epoch."""

    def start(self, epochs: int, examples: int, done: float) -> None:
        self._epochs = epochs

    def epoch(self, record: dict[str, Any]) -> None:
        speed = format_number("examples_per_second", record["examples_per_second"])
        line = f"epoch {record['epoch']} of {self._epochs} · {summary(record)} · {speed} examples/s"
        print(line, file=lasting_stderr(), flush=True)


class Bar(Silent):
    """A live line: bar, epoch, cost, accuracies, examples/s, time left. Drawn ten times a second at most.

    What does not fit the terminal is left out, the least needed first; the line never wraps.
    """

    def __init__(self, console: Any = None) -> None:
        self._console = console

    def start(self, epochs: int, examples: int, done: float) -> None:
        from rich.console import Console

        console = self._console or Console(file=lasting_stderr())
        self._epochs, self._examples, self._record = epochs, examples, dict[str, Any]()
        self._drawn, self._seen = time.perf_counter(), round(done * examples)
        self._speed: float | None = None
        self._wide = console.width >= _WIDE
        bar = 12 if self._wide else 6
        self._room = max(16, console.width - bar - 2)
        self._bar = _live(console, bar)
        self._bar.start()
        self._task = self._bar.add_task(
            f"epoch {int(done) + 1}/{epochs}", total=epochs * examples, completed=self._seen
        )

    def advance(self, epoch: int, examples: int, cost: float) -> None:
        now = time.perf_counter()
        if now - self._drawn < _EVERY:
            return
        seen = (epoch - 1) * self._examples + examples
        speed = (seen - self._seen) / (now - self._drawn)
        self._speed = speed if self._speed is None else 0.8 * self._speed + 0.2 * speed
        self._drawn, self._seen = now, seen
        text = self._text(epoch, cost, self._epochs * self._examples - seen)
        self._bar.update(self._task, completed=seen, description=text, refresh=True)

    def epoch(self, record: dict[str, Any]) -> None:
        self._record = record
        self.advance(record["epoch"], self._examples, record["cost"])

    def close(self) -> None:
        self._bar.stop()

    def _text(self, epoch: int, cost: float, left: int) -> str:
        """The line beside the bar, cut to the room there is by leaving out whole parts."""
        speed, wide = self._speed or 0.0, self._wide
        parts = [  # in the order shown, each with its rank when room is short
            (0, f"{'epoch ' if wide else ''}{epoch}/{self._epochs}"),
            (1, f"cost {format_number('cost', cost)}"),
            (5, self._validation_cost() if wide else ""),
            (2, self._accuracies() if wide else self._short_accuracies()),
            (6, self._others() if wide else ""),
            (4, f"{speed:,.0f} {'examples/s' if wide else 'ex/s'}"),
            (3, f"{_clock(left / speed)} left" if speed > 0 else ""),
        ]
        parts = [part for part in parts if part[1]]
        while len(parts) > 1 and len(" · ".join(text for _, text in parts)) > self._room:
            parts.remove(max(parts, key=lambda part: part[0]))
        return " · ".join(text for _, text in parts)

    def _validation_cost(self) -> str:
        held_out = self._record.get("validation_cost")
        return "" if held_out is None else f"validation {format_number('cost', held_out)}"

    def _accuracies(self) -> str:
        """``accuracy 98.12% / validation 96.10%`` of the newest record, or what there is of it."""
        train, held_out = (self._record.get(f"{which}_accuracy") for which in ("training", "validation"))
        if train is None:
            return "" if held_out is None else f"validation accuracy {format_number('accuracy', held_out)}"
        after = "" if held_out is None else f" / validation {format_number('accuracy', held_out)}"
        return f"accuracy {format_number('accuracy', train)}{after}"

    def _short_accuracies(self) -> str:
        """``accuracy 98.1/96.1%``: training, then validation."""
        known = (self._record.get(f"{which}_accuracy") for which in ("training", "validation"))
        said = "/".join(f"{100 * one:.1f}" for one in known if one is not None)
        return f"accuracy {said}%" if said else ""

    def _others(self) -> str:
        """The metrics of the newest record."""
        plain = ("cost", "objective", *TITLES, *_NOT_FOLLOWED)
        rest = [name for name in self._record if name not in plain]
        return " · ".join(f"{name} {format_number(name, self._record[name])}" for name in rest)


class ManySilent:
    """Shows nothing of many networks."""

    def __init__(self, networks: int) -> None:
        self._networks = networks

    def show(self, done: int, part: float) -> None:
        """``done`` networks are over, and ``part`` of all the epochs."""

    def ended(self, done: int, number: int, history: History) -> None:
        """``done`` networks are over, ``networks[number]`` the last of them."""

    def close(self) -> None:
        """All are over, one way or the other."""


class ManyLines(ManySilent):
    """One plain line a network."""

    def ended(self, done: int, number: int, history: History) -> None:
        last = f" · {summary(history[-1])}" if len(history) else ""
        line = f"{done} of {counted(self._networks, 'network')} trained · networks[{number}]"
        print(f"{line}: {history.stop_reason}{last}", file=lasting_stderr(), flush=True)


class ManyBar(ManySilent):
    """A live line over many networks: bar, how many are trained, time left."""

    def __init__(self, networks: int, console: Any) -> None:
        super().__init__(networks)
        self._bar, self._began = _live(console, 12 if console.width >= _WIDE else 6), time.perf_counter()
        self._bar.start()
        self._task = self._bar.add_task("", total=1.0)
        self.show(0, 0.0)

    def show(self, done: int, part: float) -> None:
        text = f"{done} of {counted(self._networks, 'network')} trained"
        if part > 0:
            text += f" · {_clock((time.perf_counter() - self._began) * (1 - part) / part)} left"
        self._bar.update(self._task, completed=part, description=text, refresh=True)

    def close(self) -> None:
        self._bar.stop()


def _live(console: Any, width: int) -> Any:
    """rich's live line: a bar of that width and the words beside it; gone when it is over."""
    from rich.progress import BarColumn, Progress as RichProgress, TextColumn
    from rich.table import Column

    return RichProgress(
        BarColumn(bar_width=width),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        console=console,
        transient=True,
        auto_refresh=False,
    )


def _clock(seconds: float) -> str:
    """``0:07``, ``12:30`` or ``3:05:00``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def as_progress(wanted: Any) -> Progress:
    """None or True: a bar on a terminal or in a notebook, lines elsewhere; False: nothing; or your own Progress."""
    if wanted is False:
        return Silent()
    if wanted is None or wanted is True:
        console = _live_console()
        return Lines() if console is None else Bar(console)
    if not all(callable(getattr(wanted, name, None)) for name in ("start", "advance", "epoch", "close")):
        raise UsageError(
            f"progress is True, False, None, or an object with start, advance, epoch and close; got {wanted!r}"
        )
    own: Progress = wanted
    return own


def as_many_progress(wanted: Any, networks: int) -> ManySilent:
    """The same for many networks: None or True, or False."""
    if wanted is False:
        return ManySilent(networks)
    if wanted is None or wanted is True:
        console = _live_console()
        return ManyLines(networks) if console is None else ManyBar(networks, console)
    raise UsageError(f"progress of many networks is True, False or None; got {wanted!r}")


def _live_console() -> Any:
    """rich's console where lines can be drawn over: on a terminal or in a notebook; else None."""
    from rich.console import Console

    console = Console(file=lasting_stderr())
    live = console.is_jupyter or (console.is_terminal and not console.is_dumb_terminal)
    return console if live else None
