"""The rules of single columns: numbers standardised, words one-hot; each learnt from the training part, and said in words."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..errors import BacklitWarning, DataError
from .table import Table, is_missing, kind_of

Array = Any
_MANY_LEVELS = (
    50  # words with more levels than this, over half of them seen once only, are names or free text
)


@dataclass(frozen=True)
class Numbers:
    """Standardised with ``mean`` and ``deviation`` (0 for a constant column, which then is 0); missing takes ``fill``."""

    name: str
    mean: float
    deviation: float
    fill: float
    rule: str  # what ``fill`` is: "mean", "median", or "error" where a missing cell is refused
    says_missing: bool  # whether there is an input that says that the cell was missing

    def inputs(self) -> list[str]:
        """The names of its inputs."""
        return [self.name, f"{self.name} is missing"] if self.says_missing else [self.name]

    def encode(self, table: Table, name: str, dtype: Any) -> Array:
        """(n, 1) or, with the input that says what was missing, (n, 2)."""
        column = table.column(name)
        if kind_of(column) not in ("number", "boolean"):
            row = next(
                i for i, cell in enumerate(column.tolist()) if cell is not None and not _is_number(cell)
            )
            raise DataError(
                f"{table.source}, {table.row_name(row)}, column {name!r}: {column[row]!r} is not a number, and the model was "
                "trained on numbers there; mend it, or empty the cell if it is missing"
            )
        values = column.astype(np.float64)
        _refuse_infinite(values, table, name)
        missing = np.isnan(values)
        if missing.any() and self.rule == "error":
            raise DataError(
                f"{table.source}, {table.row_name(int(np.argmax(missing)))}, column {name!r} is missing; fill it in, "
                "or train with another rule for missing values"
            )
        values = np.where(missing, self.fill, values)
        scaled = (values - self.mean) / self.deviation if self.deviation else values * 0
        parts = [scaled, missing] if self.says_missing else [scaled]
        return np.column_stack(parts).astype(dtype)

    def describe(self) -> str:
        """The rule in words."""
        what = (
            "constant, taken as 0"
            if not self.deviation
            else f"standardised: mean {self.mean:.4g}, deviation {self.deviation:.4g}"
        )
        if (self.mean, self.deviation) == (0, 1):
            what = "taken as it is"
        gaps = {"error": "missing cells are refused"}.get(
            self.rule, f"missing takes the {self.rule}, {self.fill:.4g}"
        )
        return f"{what}; {gaps}" + (", and an input of its own says so" if self.says_missing else "")

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"kind": "numbers", **asdict(self)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Numbers:
        """The inverse of ``to_json``."""
        return cls(**{key: value for key, value in plain.items() if key != "kind"})


@dataclass(frozen=True)
class Words:
    """One input a level, in sorted order; None, for a missing cell, is a level of its own where training had any."""

    name: str
    levels: tuple[str | None, ...]

    def inputs(self) -> list[str]:
        """The names of its inputs."""
        return [
            f"{self.name} is missing" if level is None else f"{self.name} = {level}" for level in self.levels
        ]

    def encode(self, table: Table, name: str, dtype: Any) -> Array:
        """(n, levels) of 0 and 1; all 0 for what training never saw, which is said once."""
        place = {level: k for k, level in enumerate(self.levels)}
        column = as_words(table.column(name))
        rows = np.zeros((len(column), len(self.levels)), dtype=dtype)
        strange: dict[str | None, int] = {}
        for row, level in enumerate(column):
            if level in place:
                rows[row, place[level]] = 1
            else:
                strange[level] = strange.get(level, 0) + 1
        if strange:
            shown = ", ".join(
                "a missing cell" if level is None else repr(level) for level in list(strange)[:5]
            )
            warnings.warn(
                f"{table.source}, column {name!r}: {sum(strange.values()):,} cells hold what training never saw ({shown}"
                f"{', …' if len(strange) > 5 else ''}); their inputs are all 0",
                BacklitWarning,
                stacklevel=5,
            )
        return rows

    def describe(self) -> str:
        """The rule in words."""
        shown = ", ".join("missing" if level is None else level for level in self.levels[:8])
        return f"one-hot, {len(self.levels)} levels: {shown}{', …' if len(self.levels) > 8 else ''}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"kind": "words", "name": self.name, "levels": list(self.levels)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Words:
        """The inverse of ``to_json``."""
        return cls(plain["name"], tuple(plain["levels"]))


Column = Numbers | Words


def learn_column(table: Table, name: str, standardise: bool, missing: str) -> Column:
    """The rule of one column of the training part; raises DataError for one that no rule fits."""
    column = table.column(name)
    kind = kind_of(column)
    if kind == "other":
        example = next(value for value in column.tolist() if value is not None and not isinstance(value, str))
        raise DataError(
            f"{table.source}: column {name!r} holds {type(example).__name__} values, for which there is no rule; "
            f"turn them into numbers or words, or leave the column out (--exclude {name!r})"
        )
    if kind == "words":
        return _learn_words(table, name, column)
    gaps = is_missing(column)
    if gaps.any() and missing == "error":
        raise DataError(
            f"{table.source}, {table.row_name(int(np.argmax(gaps)))}, column {name!r} is missing; fill it in, or take "
            "missing='mean' or 'median'"
        )
    values = column.astype(np.float64)
    _refuse_infinite(values, table, name)
    known = values[~gaps]
    if not known.size:
        raise DataError(
            f"{table.source}: column {name!r} has no value in any row; leave it out (--exclude {name!r})"
        )
    fill = float(np.median(known) if missing == "median" else known.mean())
    mean, deviation = (
        (float(known.mean()), float(known.std())) if standardise and kind != "boolean" else (0.0, 1.0)
    )
    if deviation < 1e-12 * max(1.0, abs(mean)):
        deviation = 0.0  # rounding alone
    return Numbers(name, mean, deviation, fill, missing, bool(gaps.any()))


def _learn_words(table: Table, name: str, column: Array) -> Words:
    words = as_words(column)
    counts: dict[str, int] = {}
    for word in words:
        if word is not None:
            counts[word] = counts.get(word, 0) + 1
    if not counts:
        raise DataError(
            f"{table.source}: column {name!r} has no value in any row; leave it out (--exclude {name!r})"
        )
    if len(counts) > _MANY_LEVELS and sum(count == 1 for count in counts.values()) > len(counts) / 2:
        raise DataError(
            f"{table.source}: column {name!r} has {len(counts):,} different words, most of them once only, as names and free "
            f"text have; nothing can be learnt from it: leave it out (--exclude {name!r})"
        )
    levels: list[str | None] = [*sorted(counts)]
    return Words(name, tuple([*levels, None] if len(words) > sum(counts.values()) else levels))


def as_words(column: Array) -> Sequence[str | None]:
    """The column's cells as words, None where missing; a whole number is written as one."""
    gaps = is_missing(column)
    cells = column.tolist()
    return [
        None if gone else str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
        for cell, gone in zip(cells, gaps, strict=True)
    ]


def _refuse_infinite(values: Array, table: Table, name: str) -> None:
    infinite = np.isinf(values)
    if infinite.any():
        raise DataError(
            f"{table.source}, {table.row_name(int(np.argmax(infinite)))}, column {name!r} is infinite; mend or drop the row"
        )


def _is_number(cell: object) -> bool:
    try:
        float(str(cell))
    except ValueError:
        return False
    return True
