"""A small network in the place of the user's: numbers of its own, in the layout that their function takes.

Examples are rows here, as everywhere; a Layout says how the function wants them, and ``arguments`` hands each
parameter what its name asks for. A name that is not known is left to its default, or makes the function unreadable.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from .allowed import Unreadable
from .reader import Class, Function, Reader, Thing

L2, ETA, KEEP = 0.37, 0.23, 0.8
Arrays = list[Any]


@dataclass(frozen=True)
class Layout:
    """How the function wants its arrays; ``packed`` is how one parameter holds all of θ."""

    examples: str = "rows"  # or "columns", "one" (x is a vector), "column" (x is (n_0, 1))
    transposed: bool = False  # w is (n_{l−1}, n_l)
    bias: str = "flat"  # or "column", "row"
    labels: bool = False  # y is class numbers
    packed: str = "pairs"  # or "dict", "dicts", "flat", "lists"
    masks: str = "from 0"  # or "hidden"

    @property
    def one(self) -> bool:
        """Whether the function takes a single example."""
        return self.examples in {"one", "column"}

    def of_w(self, w: Any) -> Any:
        """A weight matrix, or its gradient."""
        return w.T.copy() if self.transposed else w.copy()

    def of_b(self, b: Any) -> Any:
        """A bias."""
        return (
            b.copy()
            if self.bias == "flat"
            else b.reshape((-1, 1) if self.bias == "column" else (1, -1)).copy()
        )

    def of_rows(self, rows: Any) -> Any:
        """What has a row for each example."""
        if self.examples == "rows":
            return rows.copy()
        return rows[0].copy() if self.examples == "one" else rows.T.copy()


@dataclass(frozen=True)
class World:
    """A network of ``sizes`` with two batches, and dropout's masks (all ones unless the function takes masks)."""

    sizes: tuple[int, ...]
    layout: Layout
    masked: bool = False
    many: int = 2  # examples in a batch; 5 where 1/m is the question, which must not be taken for ½ or 1/l
    second: bool = False  # which of the two batches is given
    other_y: bool = False  # whether its y is replaced, to see what hangs on y

    @property
    def L(self) -> int:
        """The number of layers."""
        return len(self.sizes) - 1

    @property
    def m(self) -> int:
        """Examples in a batch."""
        return 1 if self.layout.one else self.many

    @cached_property
    def _numbers(self) -> tuple[Arrays, Arrays, Arrays, Arrays, Arrays]:
        rng = np.random.default_rng(11)
        shapes = list(zip(self.sizes[1:], self.sizes, strict=False))
        w = [None, *(rng.normal(0, 0.9, shape) for shape in shapes)]
        b = [None, *(rng.normal(0, 0.6, n) for n, _ in shapes)]
        x = [rng.normal(0, 1, (self.m, self.sizes[0])) for _ in range(3)]
        raw = [rng.uniform(0.2, 1, (self.m, self.sizes[-1])) for _ in range(3)]
        masks = [np.where(rng.random((self.m, n)) < 0.7, 1 / KEEP, 0) for n in self.sizes]
        for mask in masks:
            mask[:, 0], mask[:, 1] = 1 / KEEP, 0
        return w, b, x, raw, masks

    @property
    def w(self) -> Arrays:
        """w[l], entry 0 None."""
        return self._numbers[0]

    @property
    def b(self) -> Arrays:
        """b[l], entry 0 None."""
        return self._numbers[1]

    @property
    def x(self) -> Any:
        """(m, n_0)"""
        return self._numbers[2][self.second]

    @property
    def y(self) -> Any:
        """(m, n_L): probabilities, or one-hot where the function takes class numbers."""
        raw = self._numbers[3][2 if self.other_y else self.second]
        if self.layout.labels:
            return np.eye(self.sizes[-1])[raw.argmax(axis=1)]
        return raw / raw.sum(axis=1, keepdims=True)

    @property
    def masks(self) -> Arrays:
        """mask[l] (m, n_l) of the hidden layers, None elsewhere."""
        hidden = self._numbers[4][1:-1] if self.masked else [None] * (self.L - 1)
        return [None, *hidden, None]

    def changed(self, **how: Any) -> World:
        """The same network, otherwise asked."""
        made = replace(self, **how)
        if not how.keys() & {"layout", "sizes", "many"}:
            made.__dict__["_numbers"] = self._numbers
        return made


_NAMES: tuple[tuple[str, str], ...] = (
    (r"(weights?|ws?|w_list|weight_list|matrices)", "w"),
    (r"(biases|bias|bs?|b_list|bias_list)", "b"),
    (r"(w|weights?)_?\d+", "w of"),
    (r"(b|bias)_?\d+", "b of"),
    (r"(params?|parameters|thetas?|model|net|network|layers)", "all"),
    (r"(x|xs|inputs?|a_?0|x_batch|xb|batch_x|features|images?)", "x"),
    (r"(y|ys|t|targets?|labels?|y_true|y_batch|yb|batch_y|desired|expected)", "y"),
    (r"((mini_?)?batch|examples|pairs)", "batch"),
    (r"(l2|lmbda|lambda_|lambd|lamb|lam|reg|reg_lambda|weight_decay|alpha|decay|l2_reg)", "l2"),
    (r"(eta|lr|learning_rate|step_size)", "eta"),
    (r"(dropout_)?masks?", "masks"),
    (r"(mask|d)_?\d+", "mask of"),
    (r"(n|m|n_train|num_examples|batch_size|n_examples)", "m"),
    (r"(sizes|layer_sizes|dims|layer_dims|widths)", "sizes"),
    (r"(num_layers|n_layers)", "count"),
    (r"L", "L"),
)  # fmt: skip


def role(name: str) -> str | None:
    """What a parameter's or an attribute's name asks for."""
    if name == "L":
        return "L"
    return next((kind for pattern, kind in _NAMES if re.fullmatch(pattern, name.lower().strip("_"))), None)


_W_KEYS, _B_KEYS = ("W", "w", "weights", "weight"), ("b", "B", "biases", "bias")


@dataclass
class Given:
    """The values for one call, made fresh."""

    world: World
    names: tuple[str, ...]
    made: dict[str, Any] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """What the parameter ``name`` gets."""
        kind = role(name)
        if kind is None:
            raise Unreadable(f"{name} is not known")
        if kind.endswith(" of"):
            return self._numbered(name, kind)
        return getattr(self, f"_{kind}")()

    def _numbered(self, name: str, kind: str) -> Any:
        alike = [one for one in self.names if role(one) == kind]
        numbers = sorted(int(re.sub(r"\D", "", one)) for one in alike)
        l = int(re.sub(r"\D", "", name)) - numbers[0] + 1
        many = {"w of": self._w, "b of": self._b, "mask of": self._hidden_masks}[kind]()
        if l > len(many):
            raise Unreadable(f"{name} is beyond the last layer")
        return many[l - 1]

    def _w(self) -> Arrays:
        return [self.world.layout.of_w(w) for w in self.world.w[1:]]

    def _b(self) -> Arrays:
        return [self.world.layout.of_b(b) for b in self.world.b[1:]]

    def _x(self) -> Any:
        return self.world.layout.of_rows(self.world.x)

    def _y(self) -> Any:
        if self.world.layout.labels:
            labels = self.world.y.argmax(axis=1)
            return int(labels[0]) if self.world.layout.one else labels
        return self.world.layout.of_rows(self.world.y)

    def _all(self) -> Any:
        w, b, packed = self._w(), self._b(), self.world.layout.packed
        if packed == "dict":
            return {f"{letter}{l}": one for letter, of in (("W", w), ("b", b)) for l, one in enumerate(of, 1)}
        if packed == "lists":
            return (w, b)
        pairs = list(zip(w, b, strict=True))
        if packed == "dicts":
            return [dict.fromkeys(_W_KEYS, one) | dict.fromkeys(_B_KEYS, other) for one, other in pairs]
        return pairs if packed == "pairs" else [part for pair in pairs for part in pair]

    def _batch(self) -> list[Any]:
        one = (self.world.layout.bias == "column" and (-1, 1)) or (-1,)
        return [(x.reshape(one), y.reshape(one)) for x, y in zip(self.world.x, self.world.y, strict=True)]

    def _hidden_masks(self) -> Arrays:
        return [self.world.layout.of_rows(mask) for mask in self.world.masks[1:-1] if mask is not None]

    def _masks(self) -> Arrays:
        hidden = self._hidden_masks()
        return hidden if self.world.layout.masks == "hidden" else [None, *hidden, None]

    def _l2(self) -> float:
        return L2

    def _eta(self) -> float:
        return ETA

    def _m(self) -> int:
        return self.world.m

    def _sizes(self) -> list[int]:
        return list(self.world.sizes)

    def _count(self) -> int:
        return self.world.L + 1

    def _L(self) -> int:
        return self.world.L


def parameters(node: ast.FunctionDef) -> tuple[str, ...]:
    """The names of a function's parameters, without those that have a default unless theirs is a known role."""
    spec = node.args
    ordered = [one.arg for one in (*spec.posonlyargs, *spec.args)]
    needed = ordered[: len(ordered) - len(spec.defaults)]
    optional = [*ordered[len(needed) :], *(one.arg for one in spec.kwonlyargs)]
    asked = ("l2", "masks", "mask of", "eta", "w", "b", "all")
    return (*needed, *(name for name in optional if role(name) in asked and name != "step"))


def arguments(reader: Reader, function: Function, kind: Class | None, world: World) -> dict[str, Any]:
    """What the function gets, by parameter name; ``kind`` is the class of a method."""
    assert isinstance(function.node, ast.FunctionDef)
    names = parameters(function.node)
    given = Given(world, names)
    method = kind is not None and function.kind == "function" and bool(names)
    made = {name: given.value(name) for name in (names[1:] if method else names)}
    if method:
        assert kind is not None
        made[names[0]] = network(reader, kind, world)
    return made


def network(reader: Reader, kind: Class, world: World) -> Thing:
    """An object of the user's class with this world's numbers in it: by its __init__ where that can be read."""
    thing = Thing(kind)
    start = kind.find("__init__")
    if isinstance(start, Function) and isinstance(start.node, ast.FunctionDef):
        names = parameters(start.node)
        try:
            given = Given(world, names)
            reader.call(start, [thing], {name: given.value(name) for name in names[1:]})
        except Exception:  # noqa: BLE001 (most draw random weights, which is not read; attributes are given below)
            thing.names = {name: held for name, held in thing.names.items() if role(name) is None}
    used = attributes(kind, start)
    given = Given(world, used)
    for name in used:
        if (
            role(name) in {"w", "b", "w of", "b of", "sizes", "count", "L", "l2", "all"}
            and kind.find(name) is None
        ):
            thing.names[name] = given.value(name)
    return thing


def attributes(kind: Class, start: Any) -> tuple[str, ...]:
    """The names that the methods of a class read from self."""
    functions = [one.node for one in kind.names.values() if isinstance(one, Function)]
    return tuple(
        dict.fromkeys(
            node.attr
            for function in functions
            for node in ast.walk(function)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"self", "net"}
        )
    )


def layouts(names: Sequence[str], source: str) -> Iterator[Layout]:
    """The layouts to try, the likelier ones first."""
    roles = {role(name) for name in names}
    packings = (
        ("dict", "dicts", "pairs", "flat", "lists") if "all" in roles or "layers" in source else ("pairs",)
    )
    if "all" in roles and re.search(r"""\[\s*f?["']""", source) is None:
        packings = ("pairs", "flat", "lists", "dict", "dicts")
    labels = (False, True)
    masks = ("from 0", "hidden") if "masks" in roles else ("from 0",)
    columns = "axis=1" in source or "shape[1]" in source or "dim=1" in source
    examples = ("columns", "rows", "one", "column") if columns else ("rows", "one", "column", "columns")
    for one_label, packed, mask, of_x in product(labels, packings, masks, examples):
        biases = ("flat", "row") if of_x == "rows" else ("column", "flat") if of_x != "one" else ("flat",)
        if "batch" in roles:
            biases = ("column", "flat")
        for transposed, bias in product((False, True), biases):
            yield Layout(of_x, transposed, bias, one_label, packed, mask)


def widths(L: int, many: int, *, equal: bool) -> tuple[int, ...]:
    """All different, so that shapes tell layers apart; or all equal, where a mistake needs that to run at all."""
    if equal:
        return (3 if L != 3 else 4,) * (L + 1)
    return (4, *range(5, 4 + L), 3) if many == 2 else (*(2, 4, 6, 7, *range(8, 5 + L))[:L], 3)
