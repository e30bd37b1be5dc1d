"""What a check shows while it runs: what it will take, before it starts, and a bar on a terminal. All to stderr."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import UsageError
from ...streams import lasting_stderr

LONG = 5.0  # seconds: what takes longer says so before it starts
_EVERY = 0.1  # seconds between two drawings


class Bar:
    """A live line: bar, part done, time left; gone when it is over."""

    def __init__(self, console: Any, total: float) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._total, self._done, self._began, self._drawn = total, 0.0, time.perf_counter(), 0.0
        self._bar = Progress(
            BarColumn(bar_width=20),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("checking", total=total)
        self._bar.start()

    def advance(self, work: float) -> None:
        """So much more of the total is done."""
        self._done += work
        now = time.perf_counter()
        if now - self._drawn < _EVERY or not self._done:
            return
        self._drawn = now
        part = min(1.0, self._done / self._total)
        left = (now - self._began) * (1 - part) / part
        self._bar.update(
            self._task, completed=self._done, description=f"checking · {left:,.0f} s left", refresh=True
        )

    def close(self) -> None:
        """It is over, one way or the other."""
        self._bar.stop()


class Silent:
    """Shows nothing."""

    def advance(self, work: float) -> None:
        """Nothing is shown."""

    def close(self) -> None:
        """Nothing is shown."""


@contextmanager
def shown(wanted: Any, total: float, expected: float, said: str) -> Iterator[Bar | Silent]:
    """None or True: ``said`` where more than ``LONG`` seconds are expected, and a bar on a terminal; False: nothing."""
    if wanted not in (None, True, False):
        raise UsageError(f"progress is True, False or None; got {wanted!r}")
    bar: Bar | Silent = Silent()
    if wanted is not False:
        from rich.console import Console

        stream = lasting_stderr()
        if expected > LONG:
            print(said, file=stream, flush=True)
        console = Console(file=stream)
        if console.is_jupyter or (console.is_terminal and not console.is_dumb_terminal):
            bar = Bar(console, max(total, 1e-9))
    try:
        yield bar
    finally:
        bar.close()
