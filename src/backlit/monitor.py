"""What is measured after each epoch: the book's four monitors, metrics, and which epoch was best so far.

Whether a run stops because of it is training's decision.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import passes
from .engines import Engine
from .engines.numpy import quiet
from .errors import UsageError, unknown
from .history import History
from .metrics import accuracy, check_metric, score
from .network import Network
from .sets import Sets
from .settings import MONITORS, Settings
from .spelling import spelt, worded

Array = Any
_LOWER_IS_BETTER = ("cost", "mae", "rmse", "median_absolute_error", "max_error", "log_loss")


class Monitor:
    """Makes the record of an epoch, and keeps the weights of the best one.

    Refuses monitors, metrics and a column to watch that the run can't have (UsageError) before it starts.
    """

    def __init__(self, net: Network, settings: Settings, sets: Sets, engine: Engine) -> None:
        self.net, self.settings, self.sets, self.engine = net, settings, sets, engine
        self._check_names()
        self.watch = self._watched()
        self.best: Array | None = None

    def _check_names(self) -> None:
        settings, classes = self.settings, self.net.task == "classes"
        # All of them are all that there can be: none of values' accuracies, and none of a set that isn't there.
        named = () if settings.monitors == MONITORS else settings.monitors
        for name in settings.metrics:
            check_metric(name, self.net)
        for name in named:
            if name.endswith("_accuracy") and not classes:
                raise UsageError(
                    f"{name} is for classes, and these targets are values; take {spelt('metrics', ['r2'])}"
                )
        on_validation = [*(name for name in named if name.startswith("validation")), *settings.metrics]
        if on_validation and self.sets.apart is None:
            raise _without_validation(on_validation[0])

    def _watched(self) -> str | None:
        """The column whose best epoch is remembered; None where there is nothing to measure it on."""
        settings = self.settings
        if self.sets.apart is None:
            asked = "early_stopping" if settings.early_stopping else "watch" if settings.watch else None
            if asked:
                raise _without_validation(spelt(asked))
            return None
        accuracies = ["validation_accuracy"] if self.net.task == "classes" else []
        can = ["validation_cost", *accuracies, *settings.metrics]
        if settings.watch is not None and settings.watch not in can:
            raise unknown("column to watch", settings.watch, can)
        return settings.watch or "validation_cost"

    def record(self, epoch: int, eta: float | None, cost: float, seconds: float) -> dict[str, Any]:
        """The record of an epoch whose steps saw the mean cost ``cost``, with the weights as they are now."""
        s = self.settings
        penalty = self._penalty() if s.l1 or s.l2 else 0.0
        record: dict[str, Any] = {"epoch": epoch} if eta is None else {"epoch": epoch, "eta": eta}
        record |= {"cost": cost, "objective": cost + penalty}
        if s.monitors or self.sets.apart is not None:
            record |= self._measured()
        return record | {"seconds": seconds, "examples_per_second": len(self.sets.rows) / max(seconds, 1e-9)}

    @quiet
    def _penalty(self) -> float:
        net, s = self.net, self.settings
        return passes.penalty(net, net.views(net.theta)[0], s.l1, s.l2)

    @quiet
    def _measured(self) -> dict[str, Any]:
        """The monitors asked for on the training set; on the validation set, where there is one, all that there is."""
        net, s, sets = self.net, self.settings, self.sets
        record: dict[str, Any] = {}
        asked = set(s.monitors)
        if asked & {"training_cost", "training_accuracy"}:
            found, _ = self._measure("training", sets.X, sets.Y, sets.rows, sets.row_weights)
            record |= {name: number for name, number in found.items() if name in asked}
        if sets.held_out is not None:
            X, Y = sets.held_out
            found, outputs = self._measure("validation", X, Y, np.arange(len(Y)), None)
            record |= found
            record |= {name: score(name, net, Y, outputs) for name in s.metrics}
        return record

    def _measure(
        self, which: str, X: Array, Y: Array, rows: Array, weights: Array | None
    ) -> tuple[dict[str, float], Array]:
        """Cost and, for classes, accuracy on these rows, and their outputs; a part is read in pieces, never copied."""
        net, n = self.net, len(rows)
        share = passes.shares(n, net.dtype, weights)
        if n == len(Y):
            cost, outputs = self.engine.measure(net, net.theta, X, Y, share)
        else:
            cost, outputs = 0.0, np.empty((n, net.sizes[-1]), dtype=net.dtype)
            for part in passes.chunks(n, net.sizes):
                at = rows[part]
                of_part, outputs[part] = self.engine.measure(net, net.theta, X[at], Y[at], share[part])
                cost += of_part
        found = {f"{which}_cost": cost}
        if net.task == "classes":
            found[f"{which}_accuracy"] = accuracy(net, Y if n == len(Y) else Y[rows], outputs)
        return found, outputs

    def waited(self, history: History) -> int:
        """Keeps the weights where the newest record is the best; returns how many epochs ago the best was."""
        if self.watch is None:
            return 0
        record, best = history[-1], history.best
        if best is None or self._better(record[self.watch], best[self.watch]):
            history.best_epoch = record["epoch"]
            self.best = self.net.theta.copy()
        return int(record["epoch"]) - int(history.best_epoch or 0)

    def _better(self, new: float, old: float) -> bool:
        """Whether ``new`` is progress of more than min_delta; NaN (a metric not defined, an overflow) never is."""
        if math.isnan(new) or math.isnan(old):
            return math.isnan(old) and not math.isnan(new)
        assert self.watch is not None
        sign = 1 if self.watch.endswith(_LOWER_IS_BETTER) else -1
        return sign * new < sign * old - self.settings.min_delta


def _without_validation(what: str) -> UsageError:
    another = worded("validation=(x, y)", "--validation FILE")
    return UsageError(f"{what} needs a validation set: give {spelt('validation', 0.1)}, or {another}")
