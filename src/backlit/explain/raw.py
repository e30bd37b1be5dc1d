"""∂P/∂raw: by a column as it was before the recipe, in the column's own unit. The recipe's factor is a step of its own.

A number's input is (raw − mean)/deviation, a pixel's raw/white; words have no derivative. What the recipe does is read
from its rules, and how a rule encodes is their own matter (the proof asks them, agree.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.columns import Numbers
from ..data.recipe import Recipe
from ..data.table import Table
from ..errors import UsageError, nearest
from ..network import Network
from .formula import Formula

Array = Any


@dataclass(frozen=True)
class RawColumn:
    """A raw column that becomes input ``place``: a^0 = ``encode``(raw), whose slope is ``factor``."""

    name: str
    place: int
    factor: float
    formula: Formula
    numbers: Formula
    remark: str
    encode: Callable[[Array], Array]
    decode: Callable[[Array], Array]
    says_missing: int | None = None  # the input that says that the cell was missing


def find(net: Network, name: str, shown: str) -> RawColumn:
    """The column of this name; raises UsageError with the nearest name, or for one that has no derivative."""
    recipe = net.recipe
    if not isinstance(recipe, Recipe):
        raise UsageError(
            f"{shown!r}: this network has no recipe, so its inputs are the raw columns already; write dC/dx[0]"
        )
    return _of_block(recipe, name, shown) if recipe.block else _of_columns(recipe, name, shown)


def _of_columns(recipe: Recipe, name: str, shown: str) -> RawColumn:
    place = 0
    for column in recipe.columns:
        if column.name == name:
            if not isinstance(column, Numbers):
                first = column.inputs()[0]
                raise UsageError(
                    f"{shown!r}: {name!r} is a column of words, one-hot in a^0, and nothing lies between two words; "
                    f'ask for an input of it, dC/dx["{first}"]'
                )
            return _numbers(column, place)
        place += column.width
    raise _unknown([column.name for column in recipe.columns], name, shown)


def _numbers(column: Numbers, place: int) -> RawColumn:
    def encode(raw: Array) -> Array:
        cells = np.atleast_1d(np.asarray(raw, dtype=np.float64))
        return column.codes(Table({column.name: cells}), column.name, lambda said: None)[:, 0]

    deviation = column.deviation
    said = "constant in training, so the recipe takes it as 0"
    if deviation:
        said = f"one unit of {column.name} is 1/{_plain(deviation)} in a⁰"
    return RawColumn(
        column.name, place, 1 / deviation if deviation else 0.0, Formula("1/deviation", r"\frac{1}{\text{deviation}}"),
        Formula(f"1/{_plain(deviation)}", rf"\frac{{1}}{{{_plain(deviation)}}}"), said, encode,
        lambda x: x * deviation + column.mean, place + 1 if column.says_missing else None,
    )  # fmt: skip


def _of_block(recipe: Recipe, name: str, shown: str) -> RawColumn:
    block = recipe.block
    assert block is not None
    names = block.inputs()
    if name not in names:
        raise _unknown(list(names), name, shown)
    place = names.index(name)
    unit, what, zero = 1.0, "1", 0.0
    if block.image:
        unit, what = float(block.white), "white"
    elif block.deviation is not None and block.mean is not None:
        unit, what, zero = float(block.deviation[place]), "deviation", float(block.mean[place])
    shape = len(names)

    def encode(raw: Array) -> Array:
        rows = np.zeros((np.size(raw), shape))
        rows[:, place] = raw
        return np.asarray(block.encode(Table(block=rows), np.float64))[:, place]

    said = (
        f"one unit of {name} is 1/{_plain(unit)} in a⁰"
        if unit
        else "constant in training: the recipe takes it as 0"
    )
    return RawColumn(
        name, place, 1 / unit if unit else 0.0, Formula(f"1/{what}", rf"\frac{{1}}{{\text{{{what}}}}}"),
        Formula(f"1/{_plain(unit)}", rf"\frac{{1}}{{{_plain(unit)}}}"), said, encode, lambda x: x * unit + zero,
    )  # fmt: skip


def _plain(value: float) -> str:
    return f"{value:.4g}"


def _unknown(known: list[str], name: str, shown: str) -> UsageError:
    close = nearest(name, known)
    hint = f" Did you mean 'dC/draw[\"{close}\"]'?" if close else ""
    listed = ", ".join(known[:10]) + (f", … ({len(known)} in all)" if len(known) > 10 else "")
    return UsageError(f"{shown!r}: the model has no column {name!r}: it knows {listed}.{hint}")
