"""A pipeline's fitted scalers, imputers and encoders as the rules of a recipe, one for each raw column.

What a step gives is followed feature by feature: a scaled number, or whether a word is one level. A recipe's inputs are
then these, in the order of the raw columns as they first appear; w^1 is spread accordingly, with columns of zeros for
levels that were dropped. Nothing of scikit-learn is imported: steps are known by their class's name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..data.answers import Target
from ..data.block import Block
from ..data.cells import word
from ..data.columns import Column, Numbers, Words
from ..data.recipe import Recipe
from ..network import Network

Array = Any


class Unreadable(Exception):
    """Why an estimator can't be read, in words."""


@dataclass(frozen=True)
class Feature:
    """(x − shift) / scale of raw column ``place``, or of whether its word is ``level``; a missing x takes ``fill``."""

    place: int
    shift: float = 0.0
    scale: float = 1.0
    level: int | None = None  # number of the word in ``Columns.levels[place]``
    fill: float | None = None
    rule: str = "error"

    def scaled(self, shift: float, scale: float) -> Feature:
        """The same once more: (· − shift) / scale."""
        if not (math.isfinite(shift) and math.isfinite(scale) and scale > 0):
            raise Unreadable(
                f"a scaler has the numbers {shift!r} and {scale!r}, and divides by numbers above 0"
            )
        return replace(self, shift=self.shift + shift * self.scale, scale=self.scale * scale)


@dataclass
class Columns:
    """What was followed: the features that the MLP takes, and the raw columns they come from."""

    width: int
    names: tuple[str, ...] | None
    features: list[Feature]
    steps: bool
    levels: dict[int, list[Any]] = field(
        default_factory=dict
    )  # the words of a column, as the encoder has them
    said: list[str] = field(default_factory=list)

    @property
    def places(self) -> list[int]:
        """The raw columns in the order of the recipe's inputs."""
        return list(dict.fromkeys(feature.place for feature in self.features))

    def spread(self, w: Array, b: Array) -> tuple[Array, Array]:
        """w^1 and b^1 for the recipe's inputs."""
        starts, width = {}, 0
        for place in self.places:
            starts[place] = width
            width += len(self.levels[place]) if place in self.levels else 1
        wider, bias = np.zeros((len(w), width), dtype=w.dtype), b.astype(np.float64)
        for j, one in enumerate(self.features):
            if one.level is None:
                wider[:, starts[one.place]] = w[:, j]
            else:  # a scaled 0 or 1: its scale goes into w, its shift into b
                wider[:, starts[one.place] + one.level] = w[:, j] / one.scale
                bias -= w[:, j].astype(np.float64) * one.shift / one.scale
        return wider, bias.astype(b.dtype)

    def recipe(self, net: Network) -> Recipe | None:
        """The recipe; None where plain arrays went in as they are."""
        if not self.steps and self.names is None:
            return None
        labelled = net.classes is not None  # of several labels at once, each is a value to a recipe
        target = Target("target", "classes", net.classes) if labelled else Target("target", "values")
        plain = not self.levels and all(one.fill is None for one in self.features)
        if self.names is None and plain and self.places == list(range(self.width)):
            moments = [[getattr(one, key) for one in self.features] for key in ("shift", "scale")]
            block = Block(self.width, image=None, white=1.0, mean=moments[0], deviation=moments[1])
            return Recipe(target=target, block=block, named=False, width=self.width, places=range(self.width))
        names = self.names or tuple(f"x{k}" for k in range(self.width))
        return Recipe(
            target=target,
            columns=[self._rule(place, names[place]) for place in self.places],
            named=self.names is not None,
            width=self.width,
            places=self.places,
            excluded=[name for place, name in enumerate(names) if place not in set(self.places)],
        )

    def _rule(self, place: int, name: str) -> Column:
        if place in self.levels:
            return Words(name, tuple(_level(one) for one in self.levels[place]))
        one = next(feature for feature in self.features if feature.place == place)
        fill = one.shift if one.fill is None else one.fill
        return Numbers(name, one.shift, one.scale, fill, one.rule, says_missing=False)

    def rows(self, count: int = 64) -> Any:
        """Random raw rows: numbers at the scale of their column, words that the encoder knows; a frame where named."""
        rng = np.random.default_rng(0)
        found: list[Any] = [np.zeros(count)] * self.width
        for place in self.places:
            if place in self.levels:
                known = self.levels[place]
                cells = np.empty(count, dtype=object)
                cells[:] = [known[k] for k in rng.integers(0, len(known), count)]
                found[place] = cells
            else:
                one = next(feature for feature in self.features if feature.place == place)
                found[place] = one.shift + one.scale * rng.standard_normal(count)
        if self.names is None:
            return np.column_stack(found)
        try:
            import pandas as pd
        except ImportError:
            import polars as pl

            return pl.DataFrame({name: list(cells) for name, cells in zip(self.names, found, strict=True)})
        return pd.DataFrame(dict(zip(self.names, found, strict=True)))


def _level(value: Any) -> str | None:
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return None if missing else word(value)


def columns_of(steps: Sequence[tuple[str, Any]], mlp: Any, estimator: Any) -> Columns:
    """What the steps make of the raw columns; raises Unreadable, naming the step."""
    width, names = _raw(steps, mlp, estimator)
    found = Columns(width, names, [Feature(place) for place in range(width)], bool(steps))
    for name, step in steps:
        found.features = _through(found, name, step, found.features)
    expected = int(np.shape(mlp.coefs_[0])[0])
    if len(found.features) != expected:
        raise Unreadable(f"its steps give {len(found.features)} features, and its MLP takes {expected}")
    uses: dict[int, int] = {}
    for one in found.features:
        uses[one.place] = uses.get(one.place, 0) + (one.level is None or one.place not in uses)
    mixed = next((place for place, times in uses.items() if times > 1), None)
    if mixed is not None:
        raise Unreadable(
            f"its steps use the column {found.names[mixed] if found.names else mixed!r} twice, and a recipe has one "
            "rule for a column; give the pipeline that column under two names"
        )
    if found.steps:
        found.said.append("its steps are the recipe: tables go in raw, of plain arrays net.recipe.encode(x)")
    return found


def _raw(steps: Sequence[tuple[str, Any]], mlp: Any, estimator: Any) -> tuple[int, tuple[str, ...] | None]:
    """How many raw columns there are, and their names."""
    for one in (estimator, *(step for _, step in steps), mlp):
        names, width = getattr(one, "feature_names_in_", None), getattr(one, "n_features_in_", None)
        if names is not None:
            return len(names), tuple(str(name) for name in names)
        if isinstance(width, (int, np.integer)) and 0 < width < 2**31:
            return int(width), None
    return int(np.shape(mlp.coefs_[0])[0]), None


Rule = Callable[[Columns, str, Any, list[Feature]], list[Feature]]


def _through(found: Columns, name: str, step: Any, given: list[Feature]) -> list[Feature]:
    kind = "passthrough" if step is None or step == "passthrough" else type(step).__name__
    rule = RULES.get(kind)
    if rule is None:
        raise Unreadable(
            f"its step {name!r} is {kind}, for which there is no rule; known: {', '.join(RULES)}. Import the MLP "
            "alone, and give it what the steps before it make"
        )
    width = getattr(step, "n_features_in_", len(given))
    if width != len(given):
        raise Unreadable(f"its step {name!r} takes {width} features, and gets {len(given)}")
    return rule(found, name, step, given)


def _affine(found: list[Feature], name: str, shift: Any, scale: Any) -> list[Feature]:
    """(· − shift) / scale, an entry a feature; None changes nothing."""
    n = len(found)
    shifts = np.zeros(n) if shift is None else np.asarray(shift, dtype=np.float64)
    scales = np.ones(n) if scale is None else np.asarray(scale, dtype=np.float64)
    if shifts.shape != (n,) or scales.shape != (n,):
        raise Unreadable(f"its step {name!r} has {shifts.size} and {scales.size} numbers for {n} features")
    return [one.scaled(float(c), float(s)) for one, c, s in zip(found, shifts, scales, strict=True)]


def _standard(found: Columns, name: str, step: Any, given: list[Feature]) -> list[Feature]:
    return _affine(given, name, step.mean_ if step.with_mean else None, step.scale_)


def _min_max(found: Columns, name: str, step: Any, given: list[Feature]) -> list[Feature]:
    if getattr(step, "clip", False):
        raise Unreadable(f"its step {name!r} cuts values off (clip=True), and a recipe does not")
    scale = np.asarray(step.scale_, dtype=np.float64)
    with np.errstate(all="ignore"):
        return _affine(given, name, -np.asarray(step.min_, dtype=np.float64) / scale, 1 / scale)


def _max_abs(found: Columns, name: str, step: Any, given: list[Feature]) -> list[Feature]:
    if getattr(step, "clip", False):
        raise Unreadable(f"its step {name!r} cuts values off (clip=True), and a recipe does not")
    return _affine(given, name, None, step.scale_)


def _robust(found: Columns, name: str, step: Any, given: list[Feature]) -> list[Feature]:
    return _affine(
        given,
        name,
        step.center_ if step.with_centering else None,
        step.scale_ if step.with_scaling else None,
    )


def _impute(found: Columns, name: str, step: Any, given: list[Feature]) -> list[Feature]:
    missing = step.missing_values
    nan = isinstance(missing, float) and math.isnan(missing)
    if step.strategy not in ("mean", "median") or step.add_indicator or not nan:
        raise Unreadable(
            f"its step {name!r} fills in {step.strategy!r}; a recipe fills in mean or median where a cell is missing, "
            "without an indicator"
        )
    values = np.asarray(step.statistics_, dtype=np.float64)
    if values.shape != (len(given),) or not np.isfinite(values).all():
        raise Unreadable(f"its step {name!r} has no {step.strategy} of some column")
    return [
        replace(one, fill=one.shift + one.scale * float(value), rule=step.strategy)
        for one, value in zip(given, values, strict=True)
    ]


def _one_hot(found: Columns, name: str, step: Any, given: list[Feature]) -> list[Feature]:
    if any(one is not None for one in getattr(step, "infrequent_categories_", None) or ()):
        raise Unreadable(
            f"its step {name!r} joins rare words (min_frequency, max_categories); a recipe does not"
        )
    dropped = getattr(step, "drop_idx_", None)
    made: list[Feature] = []
    for k, one in enumerate(given):
        if one != Feature(one.place) or one.place in found.levels:
            raise Unreadable(f"its step {name!r} encodes what another step has made; put it first")
        known = np.asarray(step.categories_[k]).tolist()
        found.levels[one.place] = known
        gone = None if dropped is None else dropped[k]
        made += [Feature(one.place, level=number) for number in range(len(known)) if number != gone]
    if step.handle_unknown == "error":
        found.said.append(f"words that {name!r} refuses are all 0 here, and said")
    return made


def _transformer(found: Columns, name: str, step: Any, given: list[Feature]) -> list[Feature]:
    if getattr(step, "transformer_weights", None):
        raise Unreadable(f"its step {name!r} has transformer_weights, for which there is no rule")
    names = getattr(step, "feature_names_in_", None)
    made: list[Feature] = []
    for inner, transformer, chosen in step.transformers_:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        part = [given[k] for k in _indices(chosen, len(given), names, name)]
        if part:
            made += _through(found, f"{name}: {inner}", transformer, part)
    return made


def _indices(chosen: Any, width: int, names: Any, step: str) -> list[int]:
    """Numbers of columns from a name, a number, a slice of either, a mask, or a list."""
    order = {str(name): k for k, name in enumerate(names)} if names is not None else {}
    if isinstance(chosen, slice):
        start, stop = (order.get(end) if isinstance(end, str) else end for end in (chosen.start, chosen.stop))
        if isinstance(chosen.stop, str) and stop is not None:
            stop += 1  # a slice of names has its end in it
        return list(range(width))[start : stop : chosen.step]
    listed = [chosen] if isinstance(chosen, (str, int)) else np.asarray(chosen).tolist()
    if len(listed) == width and width and all(isinstance(one, bool) for one in listed):
        return [k for k, one in enumerate(listed) if one]
    found: list[int] = []
    for one in listed:
        k = order.get(one) if isinstance(one, str) else one
        found.append((k + width if -width <= k < 0 else k) if isinstance(k, int) else -1)
    if not all(0 <= k < width for k in found):
        raise Unreadable(f"its step {step!r} asks for columns that are not there: {listed!r:.100}")
    return found


def _pipeline(found: Columns, name: str, step: Any, given: list[Feature]) -> list[Feature]:
    for inner, one in step.steps:
        given = _through(found, f"{name}: {inner}", one, given)
    return given


def _function(found: Columns, name: str, step: Any, given: list[Feature]) -> list[Feature]:
    if step.func is not None:
        raise Unreadable(f"its step {name!r} is a function of its own, which can't be read")
    return given


RULES: dict[str, Rule] = {
    "StandardScaler": _standard,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "RobustScaler": _robust,
    "SimpleImputer": _impute,
    "OneHotEncoder": _one_hot,
    "ColumnTransformer": _transformer,
    "Pipeline": _pipeline,
    "FunctionTransformer": _function,
    "passthrough": lambda found, name, step, given: given,
}
