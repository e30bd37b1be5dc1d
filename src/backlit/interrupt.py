"""Ctrl-C as a wish that is looked at between steps, so that training can stop where its state is whole."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interrupt:
    """Within this context the first Ctrl-C sets ``requested``; the second does what Ctrl-C did before.

    Outside the main thread signals can't be caught: ``requested`` then stays False, and nothing is changed.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: Any = None

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if self._before is not None and self._before is not signal.SIG_IGN:
                signal.signal(signal.SIGINT, self._wish)
        return self

    def __exit__(self, *exception: object) -> None:
        self._restore()

    def _wish(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
