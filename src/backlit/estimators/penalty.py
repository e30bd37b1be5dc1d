"""scikit-learn's alpha: R1 with l2 = alpha / Σ s_x of each mini-batch, and what it adds to the loss.

A run of training has one l2. Here it is set anew wherever the next mini-batch weighs otherwise than the one before: at
an epoch's last one, and at every one of examples that have weights.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np

from ..engines import Plan
from ..engines.numpy import quiet
from ..training import Run

Array = Any


class AlphaRun(Run):
    """A Run whose penalty is alpha's; its loss is C with the penalty, as the steps of an epoch saw both."""

    alpha = 0.0
    _before = 0.0  # the penalty before the slice at hand
    _in_slice = 0  # its steps
    _sum = 0.0  # of the penalties before each step of the epoch so far

    def alike(self) -> int:
        """How many steps from here have mini-batches of one weight."""
        if not self.alpha:
            return self.steps
        if self.sets.weights is not None:
            return 1
        return max(1, len(self.sets.rows) // self.batch_size - self.batch)

    def plan_of(self, count: int, rows: Array) -> Plan:
        self._end_slice()
        self._in_slice = count
        first = rows[: self.batch_size]
        weights = self.sets.weights
        total = float(len(first) if weights is None else weights[first].sum())
        l2 = self.alpha / total if total else 0.0
        if l2 != self.plan.l2:
            self.plan = dataclasses.replace(self.plan, l2=l2)
        return super().plan_of(count, rows)

    def epoch_penalty(self) -> float:
        """The mean penalty before the steps of the epoch that just ended."""
        if not self.penalised:
            return 0.0
        self._end_slice()
        total, self._sum, self._in_slice = self._sum, 0.0, 0
        return total / self.steps

    @cached_property
    def total(self) -> float:
        """Σ s_x of the examples trained on."""
        weights = self.sets.row_weights
        return float(len(self.sets.rows) if weights is None else weights.sum())

    @property
    def penalised(self) -> bool:
        return bool(self.alpha or self.settings.l1)

    def _end_slice(self) -> None:
        """Adds Σ of the penalty before each step of the slice, taken as changing evenly from its start to its end.

        So it is exact for slices of one step; the engine does not say where θ was between.
        """
        if not self.penalised:
            return
        now, k = self._penalty(), self._in_slice
        if k:
            self._sum += k * self._before - (self._before - now) * (k - 1) / 2
        self._before = now

    @quiet
    def _penalty(self) -> float:
        """The penalty of θ as it is, in the mean over mini-batches."""
        w = [one.reshape(-1) for one in self.net.w]
        squares = float(sum(np.dot(one, one) for one in w)) if self.alpha else 0.0
        sizes = float(sum(np.abs(one).sum() for one in w)) if self.settings.l1 else 0.0
        return self.alpha * self.steps / self.total / 2 * squares + self.settings.l1 * sizes
