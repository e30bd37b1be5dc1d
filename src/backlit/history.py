"""The history of training: one record an epoch, as data, printable and plottable.

It only remembers: what is measured stands in monitor.py, and how it is drawn in plots/.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .errors import UsageError, unknown
from .spelling import counted

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
    """Records of epochs: ``history["cost"]`` is a column as an array, ``history[-1]`` a record.

    ``cost`` is the data cost C as the epoch's steps saw it, each before its update; ``objective`` adds the penalties R1
    of the weights at the epoch's end. A number that an epoch has not is NaN. ``stop_reason`` says why training ended,
    ``best_epoch`` whose weights were best, ``watched`` by which column.
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
            if key not in self.columns:
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
        """Plain data that strict JSON keeps: NaN is None, and infinity a word."""
        return {
            "records": [{name: _to_json(value) for name, value in one.items()} for one in self.records],
            "stop_reason": self.stop_reason,
            "best_epoch": self.best_epoch,
            "watched": self.watched,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> History:
        """The inverse of ``to_dict``; raises KeyError, TypeError or ValueError for what it never wrote."""
        self = cls([{name: _from_json(value) for name, value in one.items()} for one in plain["records"]])
        if any(not isinstance(one.get("epoch"), int) for one in self.records):
            raise ValueError("a record without its epoch")
        self.stop_reason, self.best_epoch = plain["stop_reason"], plain["best_epoch"]
        self.watched = plain["watched"]
        return self

    def __str__(self) -> str:
        return self.table()

    def __repr__(self) -> str:
        return f"<History of {counted(len(self), 'epoch')}: {', '.join(self.columns)}; stopped: {self.stop_reason}>"

    def table(self, rows: int = 20) -> str:
        """A table for people, at most ``rows`` epochs of it: among them the first, the last and, marked, the best."""
        if not self.records:
            return "no epochs yet"
        heads, cells = self._cells(rows)
        widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
        lines = ["  ".join(head.rjust(width) for head, width in zip(heads, widths, strict=True))]
        for record, row in zip(self._shown(rows), cells, strict=True):
            mark = "  ← best" if record["epoch"] == self.best_epoch else ""
            lines.append("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + mark)
        if self.stop_reason:
            lines.append(f"stopped: {self.stop_reason}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The table as notebooks show it."""
        if not self.records:
            return "<p>no epochs yet</p>"
        heads, cells = self._cells(20)
        head = "".join(f"<th>{html.escape(one)}</th>" for one in heads)
        body = []
        for record, row in zip(self._shown(20), cells, strict=True):
            tag = "th" if record["epoch"] == self.best_epoch else "td"
            body.append("<tr>" + "".join(f"<{tag}>{html.escape(one)}</{tag}>" for one in row) + "</tr>")
        said = f"<p>stopped: {html.escape(self.stop_reason)}</p>" if self.stop_reason else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>{said}"

    def _cells(self, rows: int) -> tuple[list[str], list[list[str]]]:
        """Titles and formatted numbers; the objective only where it is not the cost."""
        shown = self._shown(rows)
        same = all(one.get("objective") == one.get("cost") for one in self.records)
        hidden = {"examples_per_second", *(["objective"] if same else [])}
        names = [name for name in self.columns if name not in hidden]
        cells = [[format_number(name, record.get(name)) for name in names] for record in shown]
        return [TITLES.get(name, name) for name in names], cells

    def _shown(self, rows: int) -> list[dict[str, Any]]:
        if rows < 2:
            raise UsageError(f"a table shows at least 2 rows; got rows={rows}")
        count = len(self.records)
        if count <= rows:
            return self.records
        best = next((i for i, one in enumerate(self.records) if one["epoch"] == self.best_epoch), 0)
        places = set(np.linspace(0, count - 1, rows).round().astype(int).tolist())
        if best not in places and rows > 2:
            places.remove(min(places - {0, count - 1}, key=lambda place: abs(place - best)))
            places.add(best)
        return [self.records[place] for place in sorted(places)]

    def plot(self, path: Any = None) -> Any:
        """Costs and accuracies over epochs: a matplotlib figure, saved too where a path is given."""
        from .plots.curves import plot_history

        return plot_history(self, path)


def format_number(name: str, value: Any) -> str:
    """A number of the history for people: accuracies as percentages, costs to four digits."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if name.endswith("accuracy"):
        return f"{100 * value:.2f}%"
    return _FORMATS.get(name, "{:#.4g}").format(value)


def _to_json(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _from_json(value: Any) -> Any:
    if value is None:
        return math.nan
    if not isinstance(value, (int, float)) and value not in ("inf", "-inf"):
        raise ValueError(f"{value!r}, which is no number")
    return float(value) if isinstance(value, str) else value
