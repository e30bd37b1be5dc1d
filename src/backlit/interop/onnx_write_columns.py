"""A recipe as ONNX nodes: raw columns become a^0, and a^L becomes a label, or a value in its own unit.

The rules are the recipe's. What a graph can't do is refuse: a word that training never saw gives all zeros, and a
missing cell where those are refused gives NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data.cells import MISSING, same_word
from ..data.columns import Numbers, Words
from ..network import Network
from .onnx_write_builder import Builder

Array = Any


def taken(made: Builder, net: Network) -> str:
    """Adds the inputs and what makes a^0 of them; returns the name of a^0."""
    if net.recipe is None:
        return made.input("x", made.number, ["n", net.sizes[0]], "a^0")
    if net.recipe.block is not None:
        return _block(made, net)
    codes = []
    for column in net.recipe.columns:
        codes += _numbers(made, column) if isinstance(column, Numbers) else [_words(made, column)]
    return codes[0] if len(codes) == 1 else made.node("Concat", *codes, into="a0", axis=1)


def _block(made: Builder, net: Network) -> str:
    """One matrix of raw numbers, scaled as the block's rule is."""
    block = net.recipe.block
    shape, rule = ["n", block.width], "; ".join(said for _, said in block.describe()[:3])
    if block.image is not None:
        x = made.input("x", made.number, shape, rule)
        return made.node("Div", x, made.scalar(block.white, "white"), into="a0")
    if block.mean is None:
        return made.input("x", made.number, shape, rule)
    x = made.input("x", made.double, shape, rule)
    known = block.deviation > 0
    x = made.node("Sub", x, made.constant(block.mean, "mean"), into="centred")
    x = made.node("Div", x, made.constant(np.where(known, block.deviation, 1), "deviation"), into="scaled")
    if not known.all():
        x = made.node("Mul", x, made.constant(known.astype(np.float64), "varies"), into="varying")
    return made.node("Cast", x, into="a0", to=made.number)


def _numbers(made: Builder, column: Numbers) -> list[str]:
    """A column of numbers: (n, 1) in float64, NaN where missing."""
    name = column.name
    x = made.input(name, made.double, ["n", 1], column.describe())
    gap = ""
    if column.says_missing or column.rule != "error":
        gap = made.node("IsNaN", x, into=f"{name}:gap")
    if column.rule != "error":
        x = made.node("Where", gap, _double(made, column.fill, f"{name}:fill"), x, into=f"{name}:filled")
    if not column.deviation:
        x = made.node("Mul", x, _double(made, 0.0, f"{name}:constant"), into=f"{name}:none")
    elif (column.mean, column.deviation) != (0, 1):
        x = made.node("Sub", x, _double(made, column.mean, f"{name}:mean"), into=f"{name}:centred")
        x = made.node("Div", x, _double(made, column.deviation, f"{name}:deviation"), into=f"{name}:scaled")
    codes = [made.node("Cast", x, into=f"{name}:code", to=made.number)]
    if column.says_missing:
        codes.append(made.node("Cast", gap, into=f"{name}:missing", to=made.number))
    return codes


def _double(made: Builder, value: float, wish: str) -> str:
    return made.constant(np.array([value], dtype=np.float64), wish)


def _words(made: Builder, column: Words) -> str:
    """A column of words, (n, 1): one number a level, all 0 for a word that is none of them."""
    name, levels = column.name, len(column.levels)
    x = made.input(name, made.word, ["n", 1], column.describe())
    keys, values = _spellings(column)
    x = made.node(
        "ai.onnx.ml.LabelEncoder",
        x,
        into=f"{name}:level",
        keys_strings=keys,
        values_int64s=values,
        default_int64=levels,
    )
    numbers = made.constant(np.arange(levels, dtype=np.int64)[None, :], f"{name}:levels")
    return made.node(
        "Cast", made.node("Equal", x, numbers, into=f"{name}:is"), into=f"{name}:code", to=made.number
    )


def _spellings(column: Words) -> tuple[list[str], list[int]]:
    """The words that stand for each level, level by level, its own first: "1.50" and "1.5" are the same."""
    place: dict[str, int] = {}
    for number, level in enumerate(column.levels):
        if level is not None:
            place.setdefault(same_word(level), number)
    for number, level in enumerate(column.levels):
        for word in sorted(MISSING) if level is None else [level]:
            place[word] = number
    for word, number in list(place.items()):
        if word.lstrip("-").isdigit():
            place.setdefault(f"{word}.0", number)
    first = {level: k for k, level in enumerate(column.levels) if level is not None}
    ordered = sorted(place, key=lambda word: (place[word], first.get(word) != place[word], word))
    return ordered, [place[word] for word in ordered]


# ------------------------------------------------------------------------------------------------------------- answers


def said(made: Builder, net: Network) -> None:
    """Adds the output that says what a^L says: a label (n,), or values in the target's own unit."""
    recipe = net.recipe
    task = net.task or ("classes" if net.cost.targets == "distribution" else "values")
    if task == "classes":
        _label(made, net)
    elif recipe is not None and recipe.classes is None:
        _value(made, net, recipe.target)


def _label(made: Builder, net: Network) -> None:
    signs = net.cost.targets == "signs"
    if net.sizes[-1] > 1:
        number = made.node("ArgMax", made.outputs["outputs"], into="number", axis=1, keepdims=0)
    else:
        half = made.scalar(0.0 if signs else 0.5, "half")
        above = made.node("Greater", made.outputs["outputs"], half, into="above")
        number = made.node("Cast", above, into="second", to=made.whole)
        number = made.node("Reshape", number, made.constant(np.array([-1]), "flat"), into="number")
    names = net.classes
    if names is None:
        names = (-1, 1) if signs and net.sizes[-1] == 1 else tuple(range(max(2, net.sizes[-1])))
    words = _names(names)
    kind = {"O": made.word, "b": 9, "i": made.whole, "f": made.double}[words.dtype.kind]
    made.node("Gather", made.constant(words, "classes"), number, into="label", axis=0)
    made.output("label", kind, ["n"], "the class")


def _names(names: tuple[Any, ...]) -> Array:
    """Class names as ONNX has them: words, whole numbers, numbers or booleans; of mixed kinds, as words."""
    kinds = {type(name) for name in names}
    if kinds == {bool}:
        return np.array(names, dtype=bool)
    if kinds == {int} and all(-(2**63) <= name < 2**63 for name in names):
        return np.array(names, dtype=np.int64)
    if kinds <= {int, float} and float in kinds:
        return np.array(names, dtype=np.float64)
    return np.array([str(name) for name in names], dtype=object)


def _value(made: Builder, net: Network, target: Any) -> None:
    value = made.node("Cast", made.outputs["outputs"], into="wide", to=made.double)
    value = made.node("Mul", value, _double(made, target.scale, "unit"), into="scaled")
    shape = [-1] if net.sizes[-1] == 1 else [-1, net.sizes[-1]]
    value = made.node("Add", value, _double(made, target.mean, "zero"), into="moved")
    made.node("Reshape", value, made.constant(np.array(shape), "flat"), into="value")
    made.output("value", made.double, ["n", *shape[1:]], f"{target.name}, in its own unit")
