"""What the metadata of a model, a recipe and a checkpoint holds: the kind of every field, and which must agree.

A rule takes a value and its place, and returns what is wrong in words, or None; rules are put together as the metadata
is. Nothing is read or built here, and what a name means (an activation, an engine) is said where it is looked up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Rule = Callable[[Any, str], str | None]
RECIPE_VERSION = 1
_LARGEST = 2**63 - 1  # of a count
_LONGEST = 60  # characters of a wrong value that are shown


def model_fault(about: Mapping[str, Any]) -> str | None:
    """The first thing that is wrong with a model's metadata, in words, or None."""
    return _MODEL(about, "")


def checkpoint_fault(about: Mapping[str, Any]) -> str | None:
    """The first thing that is wrong with a checkpoint's metadata, in words, or None."""
    return _CHECKPOINT(about, "")


def recipe_fault(plain: Any, place: str = "") -> str | None:
    """The first thing that is wrong with a recipe as plain data, in words, or None; a newer one may be otherwise."""
    if isinstance(plain, Mapping) and is_newer(plain):
        return None
    return _RECIPE(plain, place)


def is_newer(recipe: Mapping[str, Any]) -> bool:
    """Whether a recipe as plain data is of a version that this code can't know."""
    version: Any = recipe.get("version")
    return _is_whole(version) and version > RECIPE_VERSION


def shown(value: Any) -> str:
    """A value as JSON has it, cut to a length that a line can bear."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


# ------------------------------------------------------------------------------------------------- rules and their sums


def _is(test: Callable[[Any], bool], words: str) -> Rule:
    return lambda value, place: None if test(value) else f"{place}: {shown(value)} is no {words}"


def _or_null(rule: Rule) -> Rule:
    return lambda value, place: None if value is None else rule(value, place)


def _either(*rules: Rule) -> Rule:
    """One of the rules is enough; what is said is said by the last."""

    def rule(value: Any, place: str) -> str | None:
        said = [one(value, place) for one in rules]
        return said[-1] if all(said) else None

    return rule


def _list(each: Rule, least: int = 0) -> Rule:
    def rule(value: Any, place: str) -> str | None:
        if not isinstance(value, list):
            return f"{place}: {shown(value)} is no list"
        if len(value) < least:
            return f"{place}: {shown(value)} has fewer than {least} entries"
        return _first(each(one, f"{place}[{i}]") for i, one in enumerate(value))

    return rule


def _object(
    fields: Mapping[str, Rule],
    *agree: Rule,
    optional: Mapping[str, Rule] | None = None,
    others: Rule | None = None,
) -> Rule:
    """An object with all ``fields``, maybe the ``optional`` ones, and ``others``; then whatever must ``agree``."""

    def rule(value: Any, place: str) -> str | None:
        if not isinstance(value, Mapping):
            return f"{place}: {shown(value)} is no object"
        at = f"{place}." if place else ""
        gone = next((name for name in fields if name not in value), None)
        if gone is not None:
            return f"{at}{gone} is missing"
        known = {**fields, **(optional or {})}
        found = ((name, known.get(name, others)) for name in value)
        fault = _first(one(value[name], f"{at}{name}") for name, one in found if one is not None)
        return fault or _first(one(value, place) for one in agree)

    return rule


def _kinds(kinds: Mapping[str, Rule]) -> Rule:
    """An object whose ``kind`` says which of the rules it follows."""

    def rule(value: Any, place: str) -> str | None:
        kind = value.get("kind") if isinstance(value, Mapping) else None
        if not isinstance(kind, str) or kind not in kinds:
            return f"{place}: {shown(value)} is of no known kind ({', '.join(kinds)})"
        return kinds[kind](value, place)

    return rule


def _first(faults: Iterable[str | None]) -> str | None:
    return next((fault for fault in faults if fault), None)


def _is_number(value: Any) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _whole(least: int) -> Rule:
    def rule(value: Any, place: str) -> str | None:
        if not _is_whole(value) or value < least:
            return f"{place}: {shown(value)} is no whole number of at least {least}"
        return None if value <= _LARGEST else f"{place}: {shown(value)} is too large"

    return rule


def _one_of(*words: str) -> Rule:
    return _is(lambda value: isinstance(value, str) and value in words, f"{' or '.join(words)}")


_NAME = _is(lambda value: isinstance(value, str) and bool(value), "name")
_WORD = _is(lambda value: isinstance(value, str), "word")
_BOOLEAN = _is(lambda value: isinstance(value, bool), "true or false")
_NUMBER = _is(_is_number, "finite number")
_POSITIVE = _is(lambda value: _is_number(value) and value > 0, "finite number above 0")
_NOT_NEGATIVE = _is(lambda value: _is_number(value) and value >= 0, "finite number of at least 0")
_PART = _is(lambda value: _is_number(value) and 0 < value < 1, "part between 0 and 1")
_SEED = _is(lambda value: _is_whole(value) and value >= 0, "whole number of at least 0")
_LABEL = _is(lambda value: isinstance(value, (str, bool)) or _is_number(value), "label")
_WEIGHED = _is(
    lambda pair: (
        isinstance(pair, list) and len(pair) == 2 and not _LABEL(pair[0], "") and _is_number(pair[1])
    ),
    "pair of a class and its weight",
)
_TASK = _one_of("classes", "values")


# ---------------------------------------------------------------------------------------------------------- the recipe


def _labels(value: Any, place: str) -> str | None:
    """Class names, two or more, all different."""
    fault = _list(_LABEL, 2)(value, place)
    return fault or (None if len(set(value)) == len(value) else f"{place}: {shown(value)} has a name twice")


def _classes_of_task(target: Any, place: str) -> str | None:
    if (target["task"] == "classes") == (target["classes"] is not None):
        return None
    return f"{place}: its task is {target['task']}, and its classes are {shown(target['classes'])}"


def _block_agrees(block: Any, place: str) -> str | None:
    image, width, moments = block["image"], block["width"], (block["mean"], block["deviation"])
    if image is not None and (len(image) != 2 or image[0] * image[1] != width):
        return f"{place}: its image is {shown(image)}, and its width {width}"
    lengths = {width if one is None else len(one) for one in moments}
    if lengths != {width} or (moments[0] is None) != (moments[1] is None):
        return f"{place}: mean and deviation are not one number for each of {width} columns"
    return None


def _recipe_agrees(recipe: Any, place: str) -> str | None:
    """Columns or a block, and as many places as there are."""
    columns, block, places, width = (recipe[name] for name in ("columns", "block", "places", "width"))
    made = len(columns) if block is None else block["width"]
    at = f"{place}." if place else ""
    if bool(columns) == (block is not None):
        return f"{at}columns: there are {len(columns)}, {'and no' if block is None else 'besides a'} block"
    if len(places) != made or len(set(places)) != made or max(places) >= width:
        return f"{at}places: {shown(places)} are not {made} different ones of {width}"
    return None


_MOMENT = _or_null(_list(_NUMBER))
_RECIPE = _object(
    {
        "version": _whole(1),
        "named": _BOOLEAN,
        "width": _whole(1),
        "places": _list(_whole(0)),
        "excluded": _list(_WORD),
        "columns": _list(
            _kinds(
                {
                    "numbers": _object(
                        {
                            "name": _WORD,
                            "mean": _NUMBER,
                            "deviation": _NOT_NEGATIVE,
                            "fill": _NUMBER,
                            "rule": _one_of("mean", "median", "error"),
                            "says_missing": _BOOLEAN,
                            "boolean": _BOOLEAN,
                        }
                    ),
                    "words": _object({"name": _WORD, "levels": _list(_or_null(_WORD), 1)}),
                }
            )
        ),
        "block": _or_null(
            _object(
                {
                    "width": _whole(1),
                    "image": _or_null(_list(_whole(1))),
                    "white": _POSITIVE,
                    "mean": _MOMENT,
                    "deviation": _or_null(_list(_NOT_NEGATIVE)),
                },
                _block_agrees,
            )
        ),
        "target": _object(
            {
                "name": _WORD,
                "task": _TASK,
                "classes": _or_null(_labels),
                "mean": _NUMBER,
                "scale": _POSITIVE,
            },
            _classes_of_task,
        ),
    },
    _recipe_agrees,
)


# ----------------------------------------------------------------------------------------------------------- the model


def _model_agrees(model: Any, place: str) -> str | None:
    """An activation for each layer, class names for the outputs, and the task and classes that the recipe has."""
    at = f"{place}." if place else ""
    sizes, classes, recipe = model["sizes"], model["classes"], model["recipe"]
    if len(model["activations"]) != len(sizes) - 1:
        return f"{at}activations: there are {len(model['activations'])}, and {len(sizes) - 1} layers"
    outputs = max(2, sizes[-1])
    if classes is not None and len(classes) != outputs:
        return f"{at}classes: {shown(classes)} are not the {outputs} that the outputs have"
    if recipe is None or is_newer(recipe):
        return None
    for name in ("task", "classes"):
        if model[name] != recipe["target"][name]:
            return f"{at}{name}: {shown(model[name])}, and its recipe has {shown(recipe['target'][name])}"
    made = _inputs(recipe)
    return (
        None
        if made == sizes[0]
        else f"{at}recipe: it makes {made} inputs, and the sizes begin with {sizes[0]}"
    )


def _inputs(recipe: Mapping[str, Any]) -> int:
    """How many inputs a recipe makes."""
    if recipe["block"] is not None:
        return int(recipe["block"]["width"])
    return sum(
        len(column["levels"]) if column["kind"] == "words" else 1 + column["says_missing"]
        for column in recipe["columns"]
    )


_FUNCTION = _object({"option": _NAME, "built_in": _BOOLEAN})
_MEASURED = _or_null(_NUMBER)
_EPOCH = _object({"epoch": _whole(0)}, others=_MEASURED)
_DATA = _object(
    {
        "name": _WORD,
        "target": _or_null(_WORD),
        "held_out": _or_null(_either(_one_of("test"), _PART)),
        "seed": _SEED,
        "limit": _or_null(_whole(1)),
        "examples": _whole(0),
        "trained_on": _whole(0),
        "fingerprint": _WORD,
    }
)
# As ``net.training`` is the user's to fill, nothing in it has to be there; what training reads is of its kind.
_TRAINING = _object(
    {},
    optional={
        "epochs": _whole(0),
        "steps": _whole(0),
        "examples": _whole(0),
        "settings": _object({}),
        "last": _or_null(_EPOCH),
        "best": _or_null(_EPOCH),
        "data": _DATA,
    },
)
_MODEL = _object(
    {
        "kind": _one_of("model"),
        "format": _whole(1),
        "version": _NAME,
        "sizes": _list(_whole(1), 2),
        "activations": _list(_FUNCTION),
        "cost": _FUNCTION,
        "dtype": _one_of("float32", "float64"),
        "seed": _SEED,
        "init": _NAME,
        "task": _or_null(_TASK),
        "classes": _or_null(_labels),
        "recipe": _or_null(recipe_fault),
        "training": _TRAINING,
    },
    _model_agrees,
)


# ------------------------------------------------------------------------------------------------------ the checkpoint

_POSITIVE_OR_NULL, _COUNT_OR_NULL = _or_null(_POSITIVE), _or_null(_whole(1))
_NAME_OR_NULL, _NAMES = _or_null(_NAME), _list(_NAME)
SETTINGS: dict[str, Rule] = {
    "epochs": _whole(1),
    "batch_size": _COUNT_OR_NULL,
    "eta": _POSITIVE_OR_NULL,
    "optimizer": _NAME,
    "schedule": _NAME,
    "l1": _NOT_NEGATIVE,
    "l2": _NOT_NEGATIVE,
    "dropout": _either(_list(_NOT_NEGATIVE), _NOT_NEGATIVE),
    "max_norm": _POSITIVE_OR_NULL,
    "clip_value": _POSITIVE_OR_NULL,
    "clip_norm": _POSITIVE_OR_NULL,
    "class_weight": _or_null(_either(_one_of("balanced"), _list(_WEIGHED))),
    "validation": _or_null(_PART),
    "early_stopping": _COUNT_OR_NULL,
    "min_delta": _NOT_NEGATIVE,
    "watch": _NAME_OR_NULL,
    "monitors": _NAMES,
    "metrics": _NAMES,
    "shuffle": _BOOLEAN,
    "seed": _or_null(_SEED),
    "engine": _NAME,
    "threads": _COUNT_OR_NULL,
}
CHOICES: dict[str, Rule] = {
    "data": _NAME_OR_NULL,
    "target": _or_null(_WORD),
    "task": _or_null(_TASK),
    "layers": _list(_whole(1)),
    "activation": _NAMES,
    "output_activation": _NAME_OR_NULL,
    "cost": _NAME_OR_NULL,
    "init": _NAME,
    "dtype": _NAME,
    "seed": _SEED,
    "held_out": _or_null(_PART),
    "validation": _or_null(_either(_NAME, _whole(1), _PART)),
    "validation_asked": _BOOLEAN,
    "missing": _one_of("mean", "median", "error"),
    "standardise": _BOOLEAN,
    "exclude": _list(_WORD),
    "weight_column": _or_null(_WORD),
    "limit": _COUNT_OR_NULL,
    "data_dir": _NAME_OR_NULL,
}
_MAYBE_INFINITE = _or_null(_either(_one_of("inf", "-inf"), _NUMBER))
_RECORD = _object(
    {
        "epoch": _whole(1),
        "cost": _MAYBE_INFINITE,
        "objective": _MAYBE_INFINITE,
        "seconds": _NOT_NEGATIVE,
        "examples_per_second": _NOT_NEGATIVE,
    },
    others=_MAYBE_INFINITE,
)


def _history_agrees(history: Any, place: str) -> str | None:
    """What was watched is in every record, and so is the best epoch in one."""
    records, best, watched = (history[name] for name in ("records", "best_epoch", "watched"))
    if best is not None and best not in [record["epoch"] for record in records]:
        return f"{place}.best_epoch: there is no epoch {best}"
    if watched is not None and not all(watched in record for record in records):
        return f"{place}.watched: {shown(watched)} is not in every record"
    return None


_HISTORY = _object(
    {
        "records": _list(_RECORD),
        "stop_reason": _or_null(_WORD),
        "best_epoch": _or_null(_whole(1)),
        "watched": _NAME_OR_NULL,
    },
    _history_agrees,
)


def _checkpoint_agrees(about: Any, place: str) -> str | None:
    """A run that the command line goes on with needs the model's recipe."""
    lacks = about["model"]["recipe"] is None and "choices" in about["run"]["command"]
    return "model.recipe: null, and the run was on raw data" if lacks else None


_CHECKPOINT = _object(
    {
        "kind": _one_of("checkpoint"),
        "format": _whole(1),
        "version": _NAME,
        "model": _MODEL,
        "run": _object(
            {
                "settings": _object(SETTINGS),
                "engine": _NAME,
                "epoch": _whole(0),
                "batch": _whole(0),
                "t": _whole(0),
                "step": _whole(0),
                "history": _HISTORY,
                "fingerprint": _WORD,
                "examples": _whole(0),
                "seconds": _NOT_NEGATIVE,
                "command": _object({}, optional={"choices": _object(CHOICES), "out": _NAME_OR_NULL}),
            }
        ),
    },
    _checkpoint_agrees,
)
