"""How a comparison looks in a terminal: the answer first, then the table, one array a line."""

from __future__ import annotations

import math
import textwrap
from typing import Any, Protocol

from ...explain.lines import number
from ...spelling import counted
from .rows import Row

_GOOD, _BAD, _BOLD, _END = "\x1b[34m", "\x1b[38;5;208m", "\x1b[1m", "\x1b[0m"
_SHOWN = 8  # examples that are answered differently


class Told(Protocol):
    """What is read of a comparison (compare.py, which leads here)."""

    @property
    def one(self) -> str: ...
    @property
    def other(self) -> str: ...
    @property
    def rows(self) -> tuple[Row, ...]: ...
    @property
    def said(self) -> tuple[str, ...]: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def examples(self) -> int | None: ...
    @property
    def answers(self) -> tuple[tuple[int, Any, Any], ...]: ...
    @property
    def tolerance(self) -> float | None: ...
    @property
    def equal(self) -> bool: ...
    @property
    def diverges(self) -> tuple[Row, ...]: ...


def sentence(told: Told) -> str:
    """The answer in words."""
    pair = f"{told.one} and {told.other}"
    if told.equal:
        if all(one.difference == 0 for one in told.rows):
            return f"{pair} are equal: every entry is the same number"
        if told.tolerance is not None:
            return f"{pair} are equal to the tolerance that was given, {told.tolerance:g}"
        return f"{pair} are equal as far as {told.dtype} tells"
    wrong = [one for one in told.rows if not one.within]
    if not wrong:
        return f"{pair} differ, though not in the numbers that could be compared"
    return f"{pair} differ in {counted(len(wrong), 'array')} of {len(told.rows)}"


def text(told: Told, *, width: int = 100, colour: bool = False) -> str:
    """All of it; narrow terminals get fewer columns."""
    mark, paint = ("✓", _GOOD) if told.equal else ("✗", _BAD)
    lines = _wrapped(f"{mark} {sentence(told)}", width)
    if colour:
        lines[0] = f"{paint}{lines[0]}{_END}"
    for said in told.said:
        lines += _wrapped(f"  {said}", width, 4)
    if told.rows:
        lines += ["", *_table(told.rows, width, colour)]
    after = _after(told)
    if after:
        lines += ["", *(line for said in after for line in _wrapped(said, width))]
    return "\n".join(lines)


def _after(told: Told) -> list[str]:
    said = []
    first = told.diverges
    if first:
        ways = {"θ": "In θ", "z": "Going forward", "a": "Going forward", "∇C": "Going back"}
        said += [f"{ways[one.group]}, the first array that differs is {one.name}." for one in first]
    if told.examples is not None:
        answers = ""
        if told.answers:
            shown = ", ".join(f"{i} ({a} and {b})" for i, a, b in told.answers[:_SHOWN])
            more = f", … ({len(told.answers):,} in all)" if len(told.answers) > _SHOWN else ""
            answers = f" {counted(len(told.answers), 'example')} answered differently: {shown}{more}."
        said.append(f"On {counted(told.examples, 'example')}.{answers}")
    by = (
        f"an array's entries agree where they differ by no more than {told.tolerance:g} of its largest"
        if told.tolerance is not None
        else f"judged by what {told.dtype} can tell"
    )
    said.append(f"{by[0].upper()}{by[1:]}.")
    return [*said, *told.notes]


def _table(rows: tuple[Row, ...], width: int, colour: bool) -> list[str]:
    """Columns as the width allows: what is dropped first is what the others say as well."""
    heads = ["", "entries", "equal", "difference", "relative", "digits", "worst entry", "one", "other", ""]
    cells = [_cells(one) for one in rows]
    for dropped in ((), (4,), (4, 2), (4, 2, 7, 8), (4, 2, 7, 8, 6)):
        kept = [i for i in range(len(heads)) if i not in dropped]
        lines = _aligned([heads[i] for i in kept], [[one[i] for i in kept] for one in cells], kept)
        if max(map(len, lines)) <= width:
            break
    if colour:
        lines = [f"{_BOLD}{lines[0]}{_END}", *(
            line if one.within else f"{_BAD}{line}{_END}" for one, line in zip(rows, lines[1:], strict=True)
        )]  # fmt: skip
    return lines


def _cells(one: Row) -> list[str]:
    apart = one.difference > 0
    return [
        one.name,
        f"{one.entries:,}",
        f"{one.equal:,}",
        number(one.difference),
        number(one.relative) if apart else "0",
        str(math.floor(one.digits)) if apart else "all",
        _worst(one) if apart else "",
        _value(one, one.one) if apart else "",
        _value(one, one.other) if apart else "",
        "✓" if one.within else "✗",
    ]


def _worst(one: Row) -> str:
    """An entry's name: "w[1][3,5]"; of z and a, neuron 5 of example 3."""
    if one.group in ("z", "a"):
        name, index = one.worst.split(" of example ")
        example, neuron = index.split(",")
        return f"{name}[{neuron}], example {example}"
    return one.worst


def _value(one: Row, value: float) -> str:
    """To as many digits as it takes to see the difference; at most 9 where it is none that counts."""
    if not math.isfinite(value):
        return number(value)
    figures = min(9 if one.within else 17, max(4, math.floor(one.digits) + 2))
    return f"{value:.{figures}g}".replace("-", "−")


def _aligned(heads: list[str], cells: list[list[str]], kept: list[int]) -> list[str]:
    left = {0, 6}
    widths = [max(len(line[i]) for line in (heads, *cells)) for i in range(len(heads))]
    return [
        "  "
        + "  ".join(
            cell.ljust(wide) if column in left else cell.rjust(wide)
            for cell, wide, column in zip(line, widths, kept, strict=True)
        ).rstrip()
        for line in (heads, *cells)
    ]


def _wrapped(said: str, width: int, indent: int = 2) -> list[str]:
    return textwrap.wrap(
        said, max(width, 40), subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )
