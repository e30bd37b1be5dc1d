"""What peers of inference share: an epoch is a call of a function on each batch of rows in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tasks import Task

from .protocol import Array, Peer


class Inference(Peer):
    """``call`` takes each of ``batches`` to outputs (m, n_L)."""

    def __init__(self, call: Callable[[Any], Array], batches: list[Any]) -> None:
        self._call, self._batches, self._outputs = call, batches, []

    def epoch(self, number: int) -> None:
        call = self._call
        self._outputs = [call(batch) for batch in self._batches]

    def result(self) -> Array:
        return np.concatenate([np.asarray(one) for one in self._outputs])


def batches(task: Task, rows: Any) -> list[Any]:
    """``rows`` cut into the batches of the calls; views, no copies."""
    size = task.work.batch
    return [rows[start : start + size] for start in range(0, task.work.rows, size)]
