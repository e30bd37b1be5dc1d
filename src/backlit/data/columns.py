"""The rules of single columns: numbers standardised, words one-hot; learnt from the training part, and said in words.

A rule knows one column by name. Which column of a table that is, is the recipe's matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from ..errors import DataError
from ..spelling import counted, spelt
from .cells import as_number, as_numbers, as_words, is_missing, kind_of, same_word
from .dataset import refuse_infinite
from .table import Table

Array = Any
Say = Callable[[str], None]
_MANY_LEVELS = 50  # words with more levels than this, most of them seen once only, are names or free text
_TOO_LARGE = 1e150  # its square is still a number
_BOOLEAN_WORDS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Numbers:
    """Standardised with ``mean`` and ``deviation`` (0 for a constant column, which then is 0); missing takes
    ``fill``.
    """

    name: str
    mean: float
    deviation: float
    fill: float
    rule: str  # what ``fill`` is: "mean", "median", or "error" where a missing cell is refused
    says_missing: bool  # whether there is an input that says that the cell was missing
    boolean: bool = False

    @property
    def width(self) -> int:
        """How many inputs it makes."""
        return 2 if self.says_missing else 1

    def inputs(self) -> list[str]:
        """The names of its inputs."""
        return [self.name, f"{self.name} is missing"] if self.says_missing else [self.name]

    def codes(self, table: Table, name: str, say: Say) -> Array:
        """The inputs of the table's column ``name``, (n, width)."""
        values = self._values(table, name)
        refuse_infinite(values, table, name)
        missing = np.isnan(values)
        if missing.any() and self.rule == "error":
            raise DataError(
                f"{table.cell(np.argmax(missing), name)} is missing; fill it in, or train with {_another_rule()}"
            )
        values = np.where(missing, self.fill, values)
        scaled = (values - self.mean) / self.deviation if self.deviation else np.zeros_like(values)
        return np.column_stack([scaled, missing] if self.says_missing else [scaled])

    def _values(self, table: Table, name: str) -> Array:
        """The column in float64; words are an error, but for the words of booleans where those were in training."""
        column = table.column(name)
        kind = kind_of(column)
        if kind in ("number", "boolean"):
            return as_numbers(column)
        values = np.empty(len(column))
        for row, cell in enumerate(column.tolist()):
            number = np.nan if cell is None else as_number(cell) if isinstance(cell, str) else None
            if number is None and self.boolean:
                number = _BOOLEAN_WORDS.get(str(cell).lower())
            if number is None:
                raise DataError(
                    f"{table.cell(row, name)}: {cell!r} is not a number, and the model was trained on numbers "
                    "there; mend "
                    "it, or empty the cell if it is missing"
                )
            values[row] = number
        return values

    def describe(self) -> str:
        """The rule in words."""
        what = f"standardised: mean {self.mean:.4g}, deviation {self.deviation:.4g}"
        if not self.deviation:
            what = "constant in training, taken as 0"
        elif (self.mean, self.deviation) == (0, 1):
            what = "false is 0, true is 1" if self.boolean else "taken as it is"
        gaps = (
            "missing cells are refused"
            if self.rule == "error"
            else f"missing takes the {self.rule}, {self.fill:.4g}"
        )
        return f"{what}; {gaps}" + (", and an input of its own says so" if self.says_missing else "")

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"kind": "numbers", **asdict(self)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Numbers:
        """The inverse of ``to_json``."""
        return cls(
            str(plain["name"]),
            float(plain["mean"]),
            float(plain["deviation"]),
            float(plain["fill"]),
            str(plain["rule"]),
            bool(plain["says_missing"]),
            bool(plain["boolean"]),
        )


@dataclass(frozen=True)
class Words:
    """One input a level, in sorted order; None, for a missing cell, is a level of its own where training had any."""

    name: str
    levels: tuple[str | None, ...]

    @property
    def width(self) -> int:
        """How many inputs it makes."""
        return len(self.levels)

    def inputs(self) -> list[str]:
        """The names of its inputs."""
        return [
            f"{self.name} is missing" if level is None else f"{self.name} = {level}" for level in self.levels
        ]

    def codes(self, table: Table, name: str, say: Say) -> Array:
        """The level's number in each row, (n,), −1 for what training never saw, which is said."""
        place: dict[str | None, int] = {}
        for number, level in enumerate(self.levels):
            place.setdefault(None if level is None else same_word(level), number)
        place.update({level: number for number, level in enumerate(self.levels)})
        words = as_words(table.column(name))
        for word in {word for word in words if word is not None and word not in place}:
            place[word] = place.get(same_word(word), -1)
        codes = np.array([place.get(word, -1) for word in words], dtype=np.int64)
        strange = codes < 0
        if strange.any():
            seen = dict.fromkeys(
                "a missing cell" if words[row] is None else repr(words[row])
                for row in np.flatnonzero(strange)
            )
            shown = ", ".join(list(seen)[:5]) + (", …" if len(seen) > 5 else "")
            cells = counted(int(strange.sum()), "cell holds", "cells hold")
            say(
                f"{table.source}, column {name!r}: {cells} what training never saw ({shown}); the inputs of the "
                "column are all 0 there"
            )
        return codes

    def describe(self) -> str:
        """The rule in words."""
        shown = ", ".join("(missing)" if level is None else level for level in self.levels[:8])
        return (
            f"one-hot, {counted(len(self.levels), 'level')}: {shown}{', …' if len(self.levels) > 8 else ''}"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"kind": "words", "name": self.name, "levels": list(self.levels)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Words:
        """The inverse of ``to_json``."""
        return cls(
            str(plain["name"]), tuple(None if level is None else str(level) for level in plain["levels"])
        )


Column = Numbers | Words
KINDS: dict[str, Callable[[Mapping[str, Any]], Column]] = {
    "numbers": Numbers.from_json,
    "words": Words.from_json,
}


def learn_column(table: Table, name: str, *, standardise: bool, missing: str) -> Column:
    """The rule of one column of the training part; raises DataError for one that no rule fits."""
    column = table.column(name)
    kind = kind_of(column)
    gaps = is_missing(column)
    if gaps.all():
        raise DataError(f"{table.source}: column {name!r} has no value in any row; {_leave_out(name)}")
    if gaps.any() and missing == "error":
        raise DataError(
            f"{table.cell(np.argmax(gaps), name)} is missing; fill it in, or take {_another_rule()}"
        )
    if kind == "other":
        example = next(value for value in column.tolist() if value is not None and not isinstance(value, str))
        raise DataError(
            f"{table.source}: column {name!r} holds {type(example).__name__} values, for which there is no rule; "
            "turn them "
            f"into numbers or words, or {_leave_out(name)}"
        )
    if kind == "words":
        return _learn_words(table, name, column)
    return _learn_numbers(
        table, name, as_numbers(column), standardise=standardise, missing=missing, boolean=kind == "boolean"
    )


def _learn_numbers(
    table: Table, name: str, values: Array, *, standardise: bool, missing: str, boolean: bool
) -> Numbers:
    refuse_infinite(values, table, name)
    gaps = np.isnan(values)
    known = values[~gaps]
    mean, deviation = moments(known, table, name)
    fill = float(np.median(known)) if missing == "median" else mean
    if boolean or not standardise:
        mean, deviation = 0.0, 1.0
    return Numbers(name, mean, deviation, fill, missing, bool(gaps.any()), boolean)


def moments(known: Array, table: Table, name: str) -> tuple[float, float]:
    """Mean and deviation in float64; a deviation that is rounding alone is 0. Raises DataError for an overflow."""
    largest = float(np.abs(known).max())
    if largest > _TOO_LARGE:
        raise DataError(
            f"{table.source}: the numbers of column {name!r} go up to {largest:.3g}, too large to be standardised; "
            f"give them in a larger unit, or {_leave_out(name)}"
        )
    unit = math.ldexp(
        1.0, math.frexp(largest)[1]
    )  # a power of 2: nothing is rounded, and no square underflows
    if unit < 1 / _TOO_LARGE**2:
        return 0.0, 0.0
    mean, deviation = float((known / unit).mean()) * unit, float((known / unit).std()) * unit
    return mean, deviation if deviation > 1e-12 * largest else 0.0


def _learn_words(table: Table, name: str, column: Array) -> Words:
    words = as_words(column)
    counts: dict[str, int] = {}
    for word in words:
        if word is not None:
            counts[word] = counts.get(word, 0) + 1
    if all(_is_date(word) for word in counts):
        raise DataError(
            f"{table.source}: column {name!r} holds dates such as {next(iter(counts))!r}, for which there is no "
            "rule; make "
            f"numbers of them (a year, a month, days since), or {_leave_out(name)}"
        )
    if len(counts) > _MANY_LEVELS and len(counts) > sum(counts.values()) / 2:
        raise DataError(
            f"{table.source}: column {name!r} has {counted(len(counts), 'different word')} in "
            f"{counted(sum(counts.values()), 'cell')}, as names and free text have, and nothing can be learnt from "
            f"them; {_leave_out(name)}"
        )
    levels: list[str | None] = [*sorted(counts)]
    return Words(name, tuple([*levels, None] if len(words) > sum(counts.values()) else levels))


def _is_date(word: str) -> bool:
    """Whether it is an ISO date, or day, month and year with slashes or points."""
    for form in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d"):
        try:
            return bool(datetime.strptime(word.partition(" ")[0], form))  # noqa: DTZ007 (only whether it is one)
        except ValueError:
            continue
    try:
        return "-" in word and bool(datetime.fromisoformat(word))
    except ValueError:
        return False


def _leave_out(name: str) -> str:
    return f"leave the column out ({spelt('exclude', [name])})"


def _another_rule() -> str:
    return f"{spelt('missing', 'mean')} or {spelt('missing', 'median')}"
