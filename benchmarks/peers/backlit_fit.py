"""Backlit: one long ``net.fit``, whose callback hands over to the driver between epochs.

Its time is the wall time from the end of one callback to the beginning of the next, so all that ``fit`` does in an
epoch is in it: the order, the costs, the history's record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasks import SEED, Task, network

import backlit

from .protocol import Array, Peer

VERSION = f"Backlit {backlit.__version__}"
_ENDLESS = 10**9


class BacklitFit(Peer):
    """``engine`` and ``threads`` as ``fit`` takes them."""

    def __init__(self, task: Task, threads: int, engine: str = "cpu") -> None:
        self._net, self._inputs, self._targets = network(task.work), task.given(), task.targets
        work = task.work
        self._settings = {
            "batch_size": work.batch,
            "eta": work.eta,
            "optimizer": work.rule,
            "seed": SEED,
            "engine": engine,
            "threads": threads,
            "progress": False,
        }

    def run(self, after: Callable[[], None]) -> None:
        self._net.fit(
            self._inputs, self._targets, epochs=_ENDLESS, callbacks=lambda event: after(), **self._settings
        )

    def result(self) -> Array:
        return self._net.theta


def build(task: Task, threads: int, **options: Any) -> Peer:
    """The peer of this work."""
    return BacklitFit(task, threads, **options)
