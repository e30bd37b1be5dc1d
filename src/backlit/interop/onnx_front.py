"""What comes before a^0 in an ONNX graph with columns: scalers, one-hot encoders, imputers, as a recipe.

Each number that reaches the first layer is scale · atom + shift, where an atom is a column's number, whether the
column holds a level, or whether it is missing. The atoms are the recipe's inputs, and what is left of scale and
shift is folded into w^1, so that a level that was dropped or a column that was moved costs nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import ModelError
from ..spelling import counted
from .onnx_functions import PASSED, single
from .onnx_graph import Graph, Node
from .onnx_shapes import dims_of

Array = Any
_ML = "ai.onnx.ml."
_WIDEST = 20_000
_STRING = 8


@dataclass(frozen=True)
class Cell:
    """One number of each row: scale · atom + shift. The atom is column ``column`` as ``kind``.

    ``kind`` is "raw" (the column itself, a word or a number), "level" (1 where it holds ``level``), "missing", or
    "code" (the number of its level in ``levels``).
    """

    column: int
    kind: str = "raw"
    scale: float = 1.0
    shift: float = 0.0
    fill: float | None = None  # what a missing number takes
    level: str | None = None
    levels: tuple[tuple[str | None, ...], ...] = ()

    @property
    def atom(self) -> tuple[Any, ...]:
        """What it is made of, without scale and shift."""
        return (self.column, self.kind, self.level)


@dataclass(frozen=True)
class Front:
    """``columns`` are (input, place in it, whether it holds words) of every raw column; ``cells`` reach ``tensor``."""

    tensor: str
    columns: list[tuple[str, int, bool]]
    cells: list[Cell]
    named: bool


def front_of(graph: Graph) -> Front | None:
    """The columns' rules, or None where a single matrix of numbers goes into the network as it is."""
    if len(graph.inputs) == 1 and not _has_columns(graph):
        return None
    columns: list[tuple[str, int, bool]] = []
    known: dict[str, list[Cell]] = {}
    for name, kind in graph.inputs.items():
        dims = dims_of(kind)
        width = 1 if dims is not None and len(dims) == 1 else dims[1] if dims and len(dims) == 2 else None
        if width is None or len(columns) + width > _WIDEST:
            raise ModelError(
                f"{graph.place}: input {name[:80]!r} is no table of a known number of columns (up to {_WIDEST:,}); "
                "export it with the shapes of its inputs"
            )
        words = kind.tensor_type.elem_type == _STRING
        known[name] = [Cell(len(columns) + k) for k in range(width)]
        columns += [(name, k, words) for k in range(width)]
    tensor = _walk(graph, known)
    named = len(graph.inputs) > 1 or len(columns) == 1
    return Front(tensor, columns, known[tensor], named)


def _has_columns(graph: Graph) -> bool:
    """Whether some node before the first layer works on columns one by one."""
    kind = next(iter(graph.inputs.values()))
    if kind.WhichOneof("value") == "tensor_type" and kind.tensor_type.elem_type == _STRING:
        return True
    reached = set(graph.inputs)
    for node in graph.nodes:
        if reached.isdisjoint(node.inputs):
            continue
        op = node.op.removeprefix(_ML)
        if op in ("OneHotEncoder", "Imputer", "LabelEncoder", "ArrayFeatureExtractor"):
            return True
        if op == "Gather" and _axis(node, 0) in (1, -1) and node.input(0) in reached:
            return True
        if op in PASSED or op in ("Scaler", "Add", "Sub", "Mul", "Div"):
            reached.update(node.outputs)
    return False


def _walk(graph: Graph, known: dict[str, list[Cell]]) -> str:
    """Follows the columns forward to the one tensor from which the layers begin."""
    front: dict[str, None] = {}
    for node in graph.nodes:
        varying = [name for name in node.inputs if graph.varies(name)]
        if not varying or node.op == "Shape" or any(name not in known for name in varying):
            front.update((name, None) for name in varying if name in known and node.op != "Shape")
            continue
        cells = _cells(graph, node, known)
        if cells is None:
            front.update((name, None) for name in varying)
        else:
            if len(cells) > _WIDEST:
                raise node.refused(
                    f"it makes more than {_WIDEST:,} columns", "leave columns of many levels out"
                )
            known[node.outputs[0]] = cells
    places = list(front)
    if len(places) != 1:
        lead = f"{counted(len(places), 'place')}: {', '.join(places[:6])}" if places else "no layer"
        raise ModelError(
            f"{graph.place}: the columns lead to {lead}; a dense network starts from one row of them"
        )
    return places[0]


def _cells(graph: Graph, node: Node, known: dict[str, list[Cell]]) -> list[Cell] | None:
    """What a node makes of columns; None where it is a layer's. Raises ModelError for what no recipe can say."""
    op = node.op.removeprefix(_ML)
    given = known.get(node.inputs[0]) if node.inputs else None
    if op == "Concat" and _axis(node, 1) in (1, -1):
        return [cell for name in node.inputs for cell in known.get(name, [])]
    if op in ("Add", "Sub", "Mul", "Div"):
        return _arithmetic(graph, node, known)
    if op == "Where":
        return _filled(graph, node, known)
    if given is None:
        return None
    if op in PASSED or op in ("Reshape", "Flatten"):
        return given
    rules = {
        "Gather": _gathered,
        "ArrayFeatureExtractor": _gathered,
        "Scaler": _scaled,
        "Imputer": _imputed,
        "OneHotEncoder": _one_hot,
        "LabelEncoder": _encoded,
        "Equal": _equal,
        "IsNaN": _is_nan,
        "Normalizer": _normalizer,
    }
    rule = rules.get(op)
    return None if rule is None else rule(graph, node, given)


def _axis(node: Node, default: int) -> int:
    return node.whole("axis", default)


def _row(graph: Graph, node: Node, name: str, width: int) -> Array:
    value = graph.constant(name)
    if value is None or value.dtype.kind not in "biuf" or value.size not in (1, width) or value.ndim > 2:
        raise node.refused(
            "what it adds or multiplies is no constant row", "export the columns' scaling as a Scaler"
        )
    return np.broadcast_to(value.reshape(-1).astype(np.float64), (width,))


def _arithmetic(graph: Graph, node: Node, known: dict[str, list[Cell]]) -> list[Cell] | None:
    """Add, Sub, Mul, Div of columns and a constant row; None where it is something else."""
    if len(node.inputs) != 2 or sum(name in known for name in node.inputs) != 1:
        return None
    first = node.inputs[0] in known
    cells = known[node.inputs[0] if first else node.inputs[1]]
    row = _row(graph, node, node.inputs[first], len(cells))
    with np.errstate(divide="ignore", over="ignore"):
        if node.op == "Mul":
            return [_affine(cell, c, 0.0) for cell, c in zip(cells, row.tolist(), strict=True)]
        if node.op == "Div" and first:
            return [_affine(cell, c, 0.0) for cell, c in zip(cells, (1 / row).tolist(), strict=True)]
    if node.op == "Div":
        return None
    sign = -1.0 if node.op == "Sub" and not first else 1.0
    shifts = (-row if node.op == "Sub" and first else row).tolist()
    return [_affine(cell, sign, c) for cell, c in zip(cells, shifts, strict=True)]


def _affine(cell: Cell, scale: float, shift: float) -> Cell:
    return replace(cell, scale=cell.scale * scale, shift=cell.shift * scale + shift)


def _filled(graph: Graph, node: Node, known: dict[str, list[Cell]]) -> list[Cell] | None:
    """Where(column is missing, fill, column)."""
    if len(node.inputs) != 3 or node.inputs[0] not in known or node.inputs[2] not in known:
        return None
    which, cells = known[node.inputs[0]], known[node.inputs[2]]
    fill = single(graph, node.inputs[1])
    fits = len(which) == len(cells) and all(
        a.kind == "missing" and b.kind == "raw" and a.column == b.column and b.scale == 1 and not b.shift
        for a, b in zip(which, cells, strict=True)
    )
    if fill is None or not fits:
        raise node.refused("it is no filling of missing cells with one number", "export an Imputer")
    return [replace(cell, fill=float(fill)) for cell in cells]


def _gathered(graph: Graph, node: Node, given: list[Cell]) -> list[Cell] | None:
    index = graph.constant(node.inputs[1]) if len(node.inputs) == 2 else None
    if (
        index is None
        or index.dtype.kind not in "iu"
        or (node.op == "Gather" and _axis(node, 0) not in (1, -1))
    ):
        return None
    places = index.reshape(-1).tolist()
    if len(places) > _WIDEST or any(not -len(given) <= k < len(given) for k in places):
        raise node.refused(f"it takes columns that are not among the {len(given)}", "export it anew")
    return [given[k] for k in places]


def _scaled(graph: Graph, node: Node, given: list[Cell]) -> list[Cell]:
    offset, scale = node.row("offset"), node.row("scale")
    rows = [one for one in (offset, scale) if one is not None and one.size in (1, len(given))]
    if len(rows) < 2:
        raise node.refused(f"its offset and scale are not for {len(given)} columns", "export it anew")
    offsets, scales = (np.broadcast_to(one, (len(given),)).tolist() for one in rows)
    return [_affine(cell, s, -o * s) for cell, o, s in zip(given, offsets, scales, strict=True)]


def _imputed(graph: Graph, node: Node, given: list[Cell]) -> list[Cell]:
    fills, gap = node.row("imputed_value_floats"), node.number("replaced_value_float", 0.0)
    raw = all(cell.kind == "raw" and cell.scale == 1 and not cell.shift for cell in given)
    if fills is None or fills.size not in (1, len(given)) or not raw:
        raise node.refused("it doesn't fill plain columns of numbers", "impute numbers before anything else")
    if not math.isnan(gap):
        raise node.refused(
            f"it takes {gap} for missing, and a recipe takes empty cells and NaN",
            "use NaN for missing values",
        )
    return [
        replace(cell, fill=fill)
        for cell, fill in zip(given, np.broadcast_to(fills, (len(given),)).tolist(), strict=True)
    ]


def _one_hot(graph: Graph, node: Node, given: list[Cell]) -> list[Cell]:
    if len(given) != 1 or given[0].kind != "raw" or given[0].scale != 1 or given[0].shift:
        raise node.refused("it takes one plain column", "encode each column by itself, before any scaling")
    words, numbers = node.words("cats_strings"), node.row("cats_int64s")
    levels = words if numbers is None else [str(n) for n in numbers.tolist()]
    if not levels or len(set(levels)) < len(levels):
        raise node.refused("it has no levels, or one twice", "export it anew")
    return [replace(given[0], kind="level", level=level) for level in levels]


def _encoded(graph: Graph, node: Node, given: list[Cell]) -> list[Cell] | None:
    """LabelEncoder from words to the numbers of levels, as Backlit writes it: several words may be one level."""
    keys, values = node.words("keys_strings"), node.row("values_int64s")
    if (
        keys is None
        or values is None
        or len(keys) != len(values)
        or len(given) != 1
        or given[0].kind != "raw"
    ):
        return None
    spellings: dict[int, list[str]] = {}
    for key, value in zip(keys, values.tolist(), strict=True):
        spellings.setdefault(value, []).append(key)
    if list(spellings) != list(range(len(spellings))):
        return None
    levels = tuple(None if "" in words else words[0] for words in spellings.values())
    return [replace(given[0], kind="code", levels=(levels,))]


def _equal(graph: Graph, node: Node, given: list[Cell]) -> list[Cell] | None:
    """The number of a level, compared with 0, 1, 2, …: one column a level."""
    numbers = graph.constant(node.inputs[1]) if len(node.inputs) == 2 else None
    if numbers is None or len(given) != 1 or given[0].kind != "code":
        return None
    levels = given[0].levels[0]
    if numbers.reshape(-1).tolist() != list(range(len(levels))):
        return None
    return [Cell(given[0].column, "level", level=level) for level in levels]


def _is_nan(graph: Graph, node: Node, given: list[Cell]) -> list[Cell]:
    if any(cell.kind != "raw" for cell in given):
        raise node.refused("it asks whether something computed is missing", "ask it of plain columns")
    return [Cell(cell.column, "missing") for cell in given]


def _normalizer(graph: Graph, node: Node, given: list[Cell]) -> list[Cell]:
    raise node.refused(
        "it divides each row by its own length, which neither a recipe nor a layer does",
        "normalise the data before, and export the pipeline without it",
    )
