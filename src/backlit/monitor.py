"""What is measured after each epoch: the book's four monitors, metrics, and which epoch was best so far."""

from __future__ import annotations

from typing import Any

from . import passes
from .engines.numpy import quiet
from .errors import UsageError, unknown
from .history import History
from .metrics import FOR_CLASSES, FOR_VALUES, accuracy, score
from .namespaces import NUMPY_FAST
from .network import Network
from .sets import Sets
from .settings import MONITORS, Settings

Array = Any
_LOWER_IS_BETTER = ("cost", "mae", "rmse", "median_absolute_error", "max_error", "log_loss")


class Monitor:
    """Makes the record of an epoch, and keeps the weights of the best one.

    Refuses monitors, metrics and a column to watch that the run can't have (UsageError) before it starts.
    """

    def __init__(self, net: Network, settings: Settings, sets: Sets) -> None:
        self.net, self.settings, self.sets = net, settings, sets
        self._check_names()
        self.watch = self._watched()
        self.best: Array | None = None

    def _check_names(self) -> None:
        settings, classes = self.settings, self.net.task == "classes"
        for name in (*settings.monitors, *settings.metrics):
            if (name.startswith("validation") or name in settings.metrics) and self.sets.held_out is None:
                raise UsageError(f"{name} needs a validation set: give validation=0.1, or validation=(x, y)")
            if name.endswith("_accuracy") and name in settings.monitors != MONITORS and not classes:
                raise UsageError(f"{name} is for classes, and these targets are values; take metrics=['r2']")
        for name in settings.metrics:
            if name not in (FOR_CLASSES if classes else FOR_VALUES):
                raise unknown(f"metric for {self.net.task}", name, FOR_CLASSES if classes else FOR_VALUES)

    def _watched(self) -> str | None:
        """The column whose best epoch is remembered; None where there is nothing to measure it on."""
        settings = self.settings
        if self.sets.held_out is None:
            if settings.early_stopping or settings.watch:
                raise UsageError(
                    "early stopping needs a validation set: give validation=0.1, or validation=(x, y)"
                )
            return None
        accuracies = ["validation_accuracy"] if self.net.task == "classes" else []
        can = ["validation_cost", *accuracies, *settings.metrics]
        if settings.watch is not None and settings.watch not in can:
            raise unknown("column to watch", settings.watch, can)
        return settings.watch or "validation_cost"

    @quiet
    def record(self, epoch: int, eta: float | None, cost: float, seconds: float) -> dict[str, Any]:
        """The record of an epoch whose steps saw the mean cost ``cost``, with the weights as they are now."""
        net, s, sets = self.net, self.settings, self.sets
        penalty = passes.penalty(net, net.views(net.theta)[0], s.l1, s.l2)
        record: dict[str, Any] = {"epoch": epoch} | ({} if eta is None else {"eta": eta})
        record |= {"cost": cost, "objective": cost + penalty}
        asked = set(s.monitors)
        if asked & {"training_cost", "training_accuracy"}:
            found, _ = self._measure("training", *sets.training(), sets.row_weights)
            record |= {name: number for name, number in found.items() if name in asked}
        if sets.held_out is not None:
            found, outputs = self._measure("validation", *sets.held_out, None)
            record |= found
            record |= {name: score(name, net, sets.held_out[1], outputs) for name in s.metrics}
        return record | {"seconds": seconds, "examples_per_second": len(sets.rows) / max(seconds, 1e-9)}

    def _measure(
        self, which: str, X: Array, Y: Array, weights: Array | None
    ) -> tuple[dict[str, float], Array]:
        """Cost and, for classes, accuracy on a set, and its outputs."""
        net = self.net
        share = passes.shares(len(Y), net.dtype, weights)
        cost, outputs = passes.measure(net, net.theta, X, Y, share, xp=NUMPY_FAST)
        found = {f"{which}_cost": cost}
        if net.task == "classes":
            found[f"{which}_accuracy"] = accuracy(net, Y, outputs)
        return found, outputs

    def waited(self, history: History) -> int:
        """Keeps the weights where the newest record is the best; returns how many epochs ago the best was."""
        if self.watch is None:
            return 0
        record, best = history[-1], history.best
        sign = 1 if self.watch.endswith(_LOWER_IS_BETTER) else -1
        if best is None or sign * record[self.watch] < sign * best[self.watch] - self.settings.min_delta:
            history.best_epoch = record["epoch"]
            self.best = self.net.theta.copy()
        return int(record["epoch"]) - int(history.best_epoch or 0)
