"""The columns of an ONNX graph as a recipe, and w^1 for the recipe's inputs.

A recipe that Backlit wrote beside the graph is taken only where it says of the columns what the graph says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data import Recipe
from ..data.answers import Target
from ..data.cells import as_number
from ..data.columns import Column, Numbers, Words
from ..errors import BacklitError, ModelError
from .onnx_front import Cell, Front
from .torch_chain import Chain, Scale

Array = Any
_CLOSE = 1e-6


def recipe_of(front: Front, target: Target, source: str) -> Recipe:
    """The recipe of the columns that reach the first layer."""
    used: dict[int, list[Cell]] = {}
    for cell in front.cells:
        used.setdefault(cell.column, []).append(cell)
    if not used:
        raise ModelError(f"{source}: no column reaches the first layer; export it anew")
    places = sorted(used)
    names = [_name(front, place) for place in places]
    if len(set(names)) < len(names):
        names = [f"x{place}" for place in places]
    columns = [_column(front, used[place], name, source) for place, name in zip(places, names, strict=True)]
    excluded = [_name(front, k) for k in range(len(front.columns)) if k not in used] if front.named else []
    return Recipe(
        target=target,
        columns=columns,
        named=front.named,
        width=len(front.columns),
        places=places,
        excluded=excluded,
    )


def _name(front: Front, place: int) -> str:
    name, k, _ = front.columns[place]
    alone = sum(1 for other, _, _ in front.columns if other == name) == 1
    return name if alone else f"x{place}" if not front.named else f"{name} {k}"


def _column(front: Front, cells: Sequence[Cell], name: str, source: str) -> Column:
    """One column's rule from all that is made of it."""
    kinds = {cell.kind for cell in cells}
    where = f"{source}: column {name[:80]!r}"
    if kinds == {"level"}:
        levels = list(dict.fromkeys(cell.level for cell in cells))
        if not front.columns[cells[0].column][2] and any(as_number(level) is None for level in levels):
            raise ModelError(f"{where} is one of numbers, and is compared with words; export it anew")
        return Words(name, tuple(levels))
    if not kinds <= {"raw", "missing"} or front.columns[cells[0].column][2]:
        raise ModelError(f"{where} is used in two ways, as words and as numbers; give it to the model once")
    numbers = [cell for cell in cells if cell.kind == "raw"]
    fills = {cell.fill for cell in numbers}
    if len(fills) != 1:
        raise ModelError(f"{where}: a missing cell is filled in two ways, or in none; fill it in one way")
    fill = fills.pop()
    first = numbers[0]
    mean, deviation = (-first.shift / first.scale, 1 / first.scale) if first.scale > 0 else (0.0, 1.0)
    if first.scale == first.shift == 0:
        deviation = 0.0  # constant in training
    if not np.isfinite([mean, deviation, 0.0 if fill is None else fill]).all():
        raise ModelError(f"{where} is scaled by {first.scale:g}, and no recipe can say that; export it anew")
    near = fill is not None and abs(fill - mean) <= _CLOSE * max(1.0, abs(mean), deviation)
    return Numbers(
        name,
        mean,
        deviation,
        mean if fill is None else fill,
        "error" if fill is None else "mean" if near else "median",
        says_missing="missing" in kinds,
    )


def gathered(front: Front, recipe: Recipe, w: Array, b: Array, source: str) -> tuple[Array, Array]:
    """w^1 and b^1 of the recipe's inputs, from those of the columns that reach the first layer."""
    if w.shape[1] != len(front.cells):
        raise ModelError(
            f"{source}: the first layer takes {w.shape[1]} numbers, and the columns give {len(front.cells)}"
        )
    place: dict[tuple[Any, ...], int] = {}
    own: dict[int, tuple[float, float]] = {}  # a^0 = (x − mean)/deviation, so x = deviation a^0 + mean
    for column, where in zip(recipe.columns, recipe.places, strict=True):
        if isinstance(column, Words):
            place |= {(where, "level", level): len(place) + k for k, level in enumerate(column.levels)}
            continue
        own[where] = (column.deviation, column.mean)
        place[(where, "raw", None)] = len(place)
        if column.says_missing:
            place[(where, "missing", None)] = len(place)
    wide = np.zeros((len(w), len(place)))
    moved = b.astype(np.float64)
    for f, cell in enumerate(front.cells):
        deviation, mean = own.get(cell.column, (1.0, 0.0)) if cell.kind == "raw" else (1.0, 0.0)
        scale, shift = _near(cell.scale * deviation, 1.0), _near(cell.shift + cell.scale * mean, 0.0)
        if not deviation:  # a^0 is 0 there, so any weight does: the one that is there
            scale, shift = 1.0, cell.shift
        wide[:, place[cell.atom]] += w[:, f] * scale
        if shift:
            moved += w[:, f] * shift
    return wide, moved


def _near(value: float, whole: float) -> float:
    """1 or 0 where rounding alone made it something else, so that w^1 stays what it was."""
    return whole if abs(value - whole) < 1e-12 else value


def written(metadata: str | None, recipe: Recipe) -> Recipe:
    """The recipe that Backlit wrote beside the graph, where it agrees with the graph's own; else the graph's."""
    theirs = None if metadata is None else _read(metadata)
    if theirs is None:
        return recipe
    alike = len(theirs.columns) == len(recipe.columns) and all(
        _alike(one, other) for one, other in zip(theirs.columns, recipe.columns, strict=True)
    )
    return theirs if alike and (theirs.task, theirs.classes) == (recipe.task, recipe.classes) else recipe


def block_recipe(metadata: str, chain: Chain, target: Target) -> Recipe | None:
    """The recipe of a block of numbers that Backlit wrote, where the chain begins with its rule, then taken out of it.

    None, and the chain as it was, where it says something else than the graph.
    """
    recipe = _read(metadata)
    if (
        recipe is None
        or recipe.block is None
        or (recipe.task, recipe.classes) != (target.task, target.classes)
    ):
        return None
    block, scale, shift, k = recipe.block, np.float64(1), np.float64(0), 0
    while k < len(chain.steps) and isinstance(step := chain.steps[k], Scale):
        scale, shift, k = scale * step.s, shift * step.s + step.t, k + 1
    if block.image is not None:
        expected: tuple[Any, Any] = (1 / block.white, 0.0)
    elif block.mean is None or block.deviation is None:
        return recipe if not k else None
    else:
        known = block.deviation > 0
        inverse = np.where(known, 1 / np.where(known, block.deviation, 1), 0)
        expected = (inverse, -block.mean * inverse)
    for found, wanted in zip((scale, shift), expected, strict=True):
        if np.size(found) not in (1, np.size(wanted)) or not np.allclose(
            found, wanted, rtol=_CLOSE, atol=1e-12
        ):
            return None
    del chain.steps[:k]
    return recipe


def _read(metadata: str) -> Recipe | None:
    try:
        return Recipe.from_json(json.loads(metadata))
    except (BacklitError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _alike(one: Column, other: Column) -> bool:
    if isinstance(one, Words) or isinstance(other, Words):
        return one == other
    if one.name != other.name or one.says_missing != other.says_missing:
        return False
    pairs = [(one.deviation, other.deviation)]
    if one.deviation:
        pairs.append((one.mean, other.mean))
    filled = (one.rule == "error") == (other.rule == "error")
    if filled and one.rule != "error":
        pairs.append((one.fill, other.fill))
    return filled and all(np.isclose(a, b, rtol=_CLOSE, atol=1e-12) for a, b in pairs)
