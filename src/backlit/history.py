"""The history of training: one record an epoch, as data, printable and plottable."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .errors import UsageError, unknown

_FORMATS = {"epoch": "{:d}", "eta": "{:.4g}", "seconds": "{:.2f}", "examples_per_second": "{:,.0f}"}
TITLES = {
    "cost": "cost",
    "objective": "objective",
    "training_cost": "training cost",
    "training_accuracy": "training accuracy",
    "validation_cost": "validation cost",
    "validation_accuracy": "validation accuracy",
    "examples_per_second": "examples/s",
}


class History:
    """Records of epochs. ``history["cost"]`` is a column as an array (NaN where an epoch has none), ``history[-1]`` a record.

    ``cost`` is the data cost C as the epoch's steps saw it, each before its update; ``objective`` adds the penalties R1 of
    the weights at the epoch's end. ``stop_reason`` says why training ended, ``best_epoch`` whose weights were best.
    """

    def __init__(self, records: list[dict[str, Any]] | None = None) -> None:
        self.records: list[dict[str, Any]] = list(records or [])
        self.stop_reason: str | None = None
        self.best_epoch: int | None = None
        self.watched: str | None = None  # the column that best_epoch is about

    @property
    def columns(self) -> list[str]:
        """The names of all columns, in the order in which they came up."""
        return list(dict.fromkeys(name for record in self.records for name in record))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if self.records and key not in self.columns:
                raise unknown("column of the history", key, self.columns)
            return np.asarray([record.get(key, math.nan) for record in self.records])
        return self.records[key]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.records)

    @property
    def best(self) -> dict[str, Any] | None:
        """The record of ``best_epoch``, or None where nothing was watched."""
        return next((one for one in self.records if one["epoch"] == self.best_epoch), None)

    @property
    def seconds(self) -> float:
        """The time of all epochs together, in seconds."""
        return float(sum(record["seconds"] for record in self.records))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as JSON keeps it."""
        return {
            "records": [dict(record) for record in self.records],
            "stop_reason": self.stop_reason,
            "best_epoch": self.best_epoch,
            "watched": self.watched,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> History:
        """The inverse of ``to_dict``."""
        self = cls([dict(record) for record in plain["records"]])
        self.stop_reason, self.best_epoch = plain["stop_reason"], plain["best_epoch"]
        self.watched = plain["watched"]
        return self

    def __str__(self) -> str:
        return self.table()

    def __repr__(self) -> str:
        return f"<History of {len(self)} epochs: {', '.join(self.columns)}; stopped: {self.stop_reason}>"

    def table(self, rows: int = 20) -> str:
        """A table for people, at most ``rows`` epochs of it: the first, the last and, marked, the best."""
        if not self.records:
            return "no epochs yet"
        names = [name for name in self.columns if name != "examples_per_second"]
        cells = [[format_number(name, record.get(name)) for name in names] for record in self._shown(rows)]
        heads = [TITLES.get(name, name) for name in names]
        widths = [max(len(head), *(len(row[i]) for row in cells)) for i, head in enumerate(heads)]
        lines = ["  ".join(head.rjust(width) for head, width in zip(heads, widths, strict=True))]
        for record, row in zip(self._shown(rows), cells, strict=True):
            mark = "  ← best" if record["epoch"] == self.best_epoch else ""
            lines.append("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + mark)
        if self.stop_reason:
            lines.append(f"stopped: {self.stop_reason}")
        return "\n".join(lines)

    def _shown(self, rows: int) -> list[dict[str, Any]]:
        if rows < 2:
            raise UsageError(f"a table shows at least 2 rows; got rows={rows}")
        if len(self.records) <= rows:
            return self.records
        places = set(np.linspace(0, len(self.records) - 1, rows).round().astype(int).tolist())
        return [one for i, one in enumerate(self.records) if i in places or one["epoch"] == self.best_epoch]

    def plot(self, path: Any = None) -> Any:
        """Draws costs and accuracies over epochs with matplotlib; returns the figure, and saves it where a path is given."""
        from .plots import plot_history

        return plot_history(self, path)


def format_number(name: str, value: Any) -> str:
    """A number of the history for people: accuracies as percentages, costs to four digits."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if name.endswith("accuracy"):
        return f"{100 * value:.2f}%"
    return _FORMATS.get(name, "{:#.4g}").format(value)
