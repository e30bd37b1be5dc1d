"""Paths as text for the terminal and as plain data: pure functions of the result, nothing is computed anew.

The table has a row a path: its neurons, its factors, their product and its part of the mass. Where the page is too
narrow for the factors side by side, a path takes two lines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..notation import Derivative, Quantity
from .document import plain
from .formula import figures
from .graph import Factor
from .labels import Labels
from .letters import Letters
from .paper import Paper, padded, width_of
from .paths import Path, Paths
from .rows import column_of

SCHEMA, VERSION = "backlit.paths", 1
_BAR = 20  # the columns of a bar of 100%
_LEAST_BAR = 8  # a shorter one shows nothing
_INDENT = 2
_EXACT_IN_JSON = 2**53  # beyond, readers that take numbers as float64 would round
_WRITTEN_OUT = 1e15  # larger counts are shown to four digits


def text(paths: Paths, *, width: int = 100, colour: bool = False) -> str:
    """The derivative, the table of the largest paths, and what all of them come to."""
    paper = Paper(width, colour)
    _answer(paper, paths)
    paper.gap()
    _table(paper, paths)
    paper.gap()
    _sums(paper, paths)
    return "\n".join(paper.lines).rstrip() + "\n"


def _answer(paper: Paper, paths: Paths) -> None:
    letters = Letters(paths.problem.labels)
    symbol = letters.derivative(paths.derivative.of, paths.derivative.by).text
    head = f"{paper.bold(symbol)} = {paper.signed(figures(paths.value), paths.value)}"
    if paths.problem.m > 1:
        head += " in the mean"
    if width_of(head) + 6 + len(paths.statement) <= paper.width:
        paper.put(f"{head}      {paths.statement}")
    else:
        paper.put(head)
        paper.prose(paths.statement)
    paper.pieces(paths.conventions, " · ", 0)
    paper.gap()
    paper.prose(_what_is_listed(paths), _INDENT)


def _what_is_listed(paths: Paths) -> str:
    what = "(example, path) pair" if paths.problem.m > 1 else "path"
    count, k = paths.count, len(paths)
    said = "1 path" if count == 1 else f"{how_many(count)} {what}s, each"
    said += f" through one neuron of {_way(paths)}"
    if k < count:
        listed = "the largest is" if k == 1 else f"the {k:,} largest are"
        said += f"; {listed} {percent(paths.share)} of their mass, Σ |contribution|"
    return said


def _way(paths: Paths) -> str:
    names = [station.symbol(paths.notation) for station in paths.stations]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def how_many(count: int) -> str:
    """``687,194,767,360``, or ``1.234·10⁴⁵`` where the exact number would fill a line."""
    if count < _WRITTEN_OUT:
        return f"{count:,}"
    power = math.floor(math.log10(count))
    return figures(math.exp(math.log(10) * (math.log10(count) - power)), 3) + f"·10{_raised(power)}"


def _raised(power: int) -> str:
    return str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def symbol(paths: Paths, factor: Factor) -> str:
    """What a factor is, as the head of its column: ``w²``, ``σ′(z²)``, ``δ³``."""
    notation, layer = paths.notation, factor.layer
    letters, by = Letters(paths.problem.labels), paths.derivative.by
    match factor.kind:
        case "share":
            return "sₓ/Σs" if paths.problem.weighted else "1/m"
        case "recipe":
            return "∂x/∂raw"
        case "mask":
            return f"mask{_raised(layer + (notation == 'book'))}"
        case "read":
            return letters("a", layer, by.index[1]).text
        case "one":
            return "∂z/∂b"
        case "weight":
            return Quantity("w", layer).symbol(notation)
        case "slope":
            return f"σ′({Quantity('z', layer).symbol(notation)})"
        case "jacobian":
            return Derivative(Quantity("a", layer), Quantity("z", layer)).symbol(notation)
        case "cost":
            return Derivative(Quantity("C"), Quantity("a", layer)).symbol(notation)
        case "delta":
            return Quantity("delta", layer).symbol(notation)


def _neurons(paths: Paths, path: Path) -> str:
    labels: Labels = paths.problem.labels
    return " → ".join(
        labels.short(station.layer or 0, j) for station, j in zip(paths.stations, path.neurons, strict=True)
    )


def _table(paper: Paper, paths: Paths) -> None:
    heads, columns, labels = _columns(paths)
    widths = [max(map(width_of, [head, *cells])) for head, cells in zip(heads, columns, strict=True)]
    free = paper.width - _INDENT - sum(widths)
    gap = min(3, free // (len(widths) - 1))
    if gap < 1:
        _stacked(paper, paths, columns, labels)
        return

    def line(cells: Sequence[str], value: float = 0.0) -> str:
        # The path stands to the left, as words do; numbers to the right.
        shown = [
            padded(one, w, right=at != labels - 1)
            for at, (one, w) in enumerate(zip(cells, widths, strict=True))
        ]
        shown[-2] = paper.signed(shown[-2], value)
        return " " * _INDENT + (" " * gap).join(shown)

    paper.put(line(heads))
    room = min(_BAR, free - gap * (len(widths) - 1) - 2)
    for path, row in zip(paths, zip(*columns, strict=True), strict=True):
        bar = "━" * round(room * min(1.0, path.share)) if room >= _LEAST_BAR else ""
        paper.put(f"{line(row, path.contribution)}  {paper.signed(bar, path.contribution)}")


def _columns(paths: Paths) -> tuple[list[str], list[list[str]], int]:
    """The heads and the cells of the table, and how many of the columns say which path it is."""
    heads, columns = ["#"], [[f"{place + 1:,}" for place in range(len(paths))]]
    if paths.problem.m > 1:
        heads.append("example")
        columns.append([str(path.example) for path in paths])
    heads.append(" → ".join(station.symbol(paths.notation) for station in paths.stations))
    columns.append([_neurons(paths, path) for path in paths])
    labels = len(heads)
    for place, factor in enumerate(paths.kinds):
        heads.append(symbol(paths, factor))
        columns.append(_column([path.factors[place] for path in paths]))
    heads += ["contribution", "share"]
    columns.append(_column([path.contribution for path in paths]))
    columns.append([percent(path.share) for path in paths])
    return heads, columns, labels


def percent(part: float) -> str:
    """A part of the mass: never 0% of what is there, nor 100% of what is not all."""
    if 0 < part < 5e-4:
        return f"{100 * part:.2g}%" if part > 1e-6 else f"{figures(100 * part)}%"
    return "> 99.9%" if 0.9995 <= part < 1 - 1e-12 else f"{100 * part:.1f}%"


def _column(values: list[float]) -> list[str]:
    """Numbers that align; one that would be shown as 0 and isn't stands in full."""
    shown = column_of(values)
    return [
        figures(value) if value and not text.strip("−0.") else text
        for value, text in zip(values, shown, strict=True)
    ]


def _stacked(paper: Paper, paths: Paths, columns: list[list[str]], labels: int) -> None:
    """A narrow page: a path with its contribution, and its factors below."""
    heads = [symbol(paths, factor) for factor in paths.kinds]
    paper.pieces(heads, " · ", _INDENT, first="factors: ")
    for path, row in zip(paths, zip(*columns, strict=True), strict=True):
        example = f"example {row[1]}:  " if labels == 3 else ""
        end = f"= {paper.signed(row[-2].strip(), path.contribution)}  {row[-1]}"
        paper.pieces([f"{row[0]}.  {example}{row[labels - 1]}", end], "  ", _INDENT)
        factors = [cell.strip() for cell in row[labels:-2]]
        paper.pieces([factors[0], *(f"· {one}" for one in factors[1:])], " ", _INDENT + 4)


def _sums(paper: Paper, paths: Paths) -> None:
    """What all paths come to, and whether the backward pass says so too."""
    rest = paths.count - len(paths)
    if rest:
        left = paths.total - sum(path.contribution for path in paths)
        paper.prose(
            f"{how_many(rest)} more, {figures(left)} in all, {percent(1 - paths.share)} of the mass", _INDENT + 9,
            _INDENT + 9,
        )  # fmt: skip
    ends = [
        f"{paper.signed(figures(paths.positive), 1.0)} from the positive paths",
        f"{paper.signed(figures(paths.negative), -1.0 if paths.negative else 0.0)} from the negative",
        _cancelling(paths),
    ]
    paper.pieces(ends, ", ", _INDENT, first="sum      ")
    mark = {True: " ✓", False: " ✗", None: ""}[paths.agrees]
    said = f"all paths add up to {figures(paths.total)}; the backward pass gives {figures(paths.value)}{mark}"
    paper.prose(said, _INDENT, _INDENT + 9, first="proof    ")


def _cancelling(paths: Paths) -> str:
    if not paths.mass and not any(path.share for path in paths):
        return "every path is 0"
    if paths.cancels < 1e-12:
        return "nothing cancels"
    return f"{percent(paths.cancels)} of the mass cancels"


def to_dict(paths: Paths) -> dict[str, Any]:
    """The whole result, as docs/paths.md describes it."""
    problem = paths.problem
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "name": paths.name,
        "notation": paths.notation,
        "value": plain(paths.value),
        "statement": paths.statement,
        "conventions": list(paths.conventions),
        "included": dict(paths.included),
        "examples": None if problem.numbers is None else list(problem.numbers),
        "each": plain(paths.each),
        "stations": [{"letter": one.letter, "layer": one.layer} for one in paths.stations],
        "factors": [
            {"kind": one.kind, "layer": one.layer, "symbol": symbol(paths, one)} for one in paths.kinds
        ],
        "count": paths.count if paths.count <= _EXACT_IN_JSON else how_many(paths.count),
        "total": plain(paths.total),
        "positive": plain(paths.positive),
        "negative": plain(paths.negative),
        "cancels": paths.cancels,
        "share": paths.share,
        "agrees": paths.agrees,
        "paths": [
            {
                "example": path.example,
                "neurons": list(path.neurons),
                "factors": [plain(factor) for factor in path.factors],
                "contribution": plain(path.contribution),
                "share": path.share,
            }
            for path in paths
        ],
    }
