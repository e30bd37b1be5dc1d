"""A check's report for the terminal: the verdict, a table by array, the worst entries, and what could not be tested.

Pure text of a CheckReport; nothing is judged here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ...explain.formula import figures, scientific
from ...explain.paper import Paper, padded, width_of
from ...spelling import counted
from .names import apart_note, farthest, least, middle, way_name
from .verdicts import AGREES, DIFFERS, KINK, UNRESOLVED, Kinked

if TYPE_CHECKING:
    from .function_report import FunctionReport
    from .report import CheckReport

_SUPER = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_KINKS = 5  # that are named


def text(report: CheckReport, *, width: int = 100, colour: bool = False) -> str:
    """Lines of at most ``width`` columns, 40 or more."""
    paper = Paper(width, colour)
    mark = "✓" if report.passed else "✗"
    paper.prose(paper.bold(f"{mark} {report.verdict}"), 0, 2)
    _what(paper, report)
    paper.gap()
    _arrays(paper, report)
    paper.gap()
    _worst(paper, report)
    paper.gap()
    _untested(paper, report)
    return "\n".join(paper.lines).rstrip() + "\n"


def _what(paper: Paper, report: CheckReport) -> None:
    """The network, the examples, the ways, and what else took part."""
    net = report.net
    parts = [
        " → ".join(map(str, net.sizes)),
        ", ".join(dict.fromkeys(sigma.option for sigma in net.activations)),
        net.cost.option,
        report.dtype if report.dtype == net.dtype.name else f"{net.dtype.name}, judged as {report.dtype}",
        _examples(report.numbers),
        *(f"{key} {value}" for key, value in report.included.items()),
    ]
    if report.sampled is not None:
        parts.append(
            f"a random sample of {report.sampled:,} of {net.parameters:,} entries, seed {report.seed}"
        )
    paper.pieces(parts, " · ", 0)
    judged = "a gradient that was given" if report.foreign else "net.gradient"
    ways = [way_name(name, report.digits) for name in report.methods]
    paper.prose(f"{judged} beside {_listed(ways)} of the forward pass", 0)
    for note in (*report.notes, *apart_note(report.apart)):
        paper.prose(note, 0)
    if report.conventions:
        paper.prose(f"read with {', '.join(report.conventions)}", 0)


def _examples(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"example {numbers[0]}"
    straight = list(numbers) == list(range(numbers[0], numbers[0] + len(numbers)))
    return counted(len(numbers), "example") + (f", {numbers[0]} to {numbers[-1]}" if straight else "")


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _arrays(paper: Paper, report: CheckReport) -> None:
    """A row an array."""
    heads = ["array", "entries", "agree", "differ", "untested", "worst difference", "digits", "fewest"]
    rows = []
    for one in report.entries:
        far = farthest(one)
        rows.append(
            [
                f"∂C/∂{one.letter}{str(one.layer).translate(_SUPER)}",
                f"{len(one.places):,}",
                f"{one.count(AGREES):,}",
                f"{one.count(DIFFERS):,}",
                f"{one.count(KINK, UNRESOLVED):,}",
                "–" if far is None else _short(far),
                _or_dash(middle(one)),
                _or_dash(least(one)),
            ]
        )
    if paper.width >= 90:
        heads = ["layer", *heads]
        rows = [[str(one.layer), *row] for one, row in zip(report.entries, rows, strict=True)]
    _table(
        paper, heads, rows, 2 if paper.width >= 90 else 1, ("worst difference", "digits", "entries", "fewest")
    )


def _or_dash(number: int | None) -> str:
    return "–" if number is None else str(number)


def _table(
    paper: Paper, heads: Sequence[str], rows: Sequence[Sequence[str]], left: int, spare: Sequence[str]
) -> None:
    """Aligned columns; on a narrow page the ``spare`` ones go, the first of them first."""
    kept, gone = list(range(len(heads))), list(spare)
    widths = [max(width_of(row[i]) for row in (heads, *rows)) for i in kept]
    while gone and sum(widths[i] + 2 for i in kept) > paper.width:
        kept.remove(heads.index(gone.pop(0)))
    for number, row in enumerate((heads, *rows)):
        cells = [padded(row[i], widths[i], right=i >= left) for i in kept]
        line = "  " + "  ".join(cells)
        paper.put(paper.faint(line) if number == 0 else line)


def _worst(paper: Paper, report: CheckReport) -> None:
    """The entries that differ, or those that agree to the fewest digits."""
    if not report.worst:
        return
    paper.put(f"  {'entries that differ' if report.differ else 'fewest digits'}")
    heads = ["entry", "gradient", "forward pass", "apart", "tolerance"]
    rows = [
        [one.name, _seven(one.given), _seven(one.reference), _short(one.off), _short(one.allowed)]
        for one in report.worst
    ]
    if not report.differ:
        heads.append("digits")
        rows = [[*row, str(one.digits)] for row, one in zip(rows, report.worst, strict=True)]
    _table(paper, heads, rows, 1, ("tolerance", "apart", "digits", "forward pass"))
    more = report.differ - len(report.worst)
    if report.differ and more > 0:
        paper.put(f"  and {more:,} more")


def _seven(value: float) -> str:
    """Seven significant digits."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else figures(value)
    if value and 1e-4 <= abs(value) < 1e6:
        return f"{value:.7g}".replace("-", "−")
    return scientific(value, 7) if value else "0"


def _short(value: float) -> str:
    """Two significant digits."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "∞"
    return f"{value:.2g}" if 1e-2 <= value < 1e3 else scientific(value, 2) if value else "0"


def _untested(paper: Paper, report: CheckReport) -> None:
    """Why entries cannot be tested: kinks by name, and how many are lost in rounding."""
    kinks = [kink for one in report.entries for kink in one.kinks if kink.entries]
    for said in (*_kinks(kinks), *_lost(report)):
        paper.prose(said, 2, 4)


def _kinks(kinks: Sequence[Kinked]) -> Iterable[str]:
    at: dict[tuple[object, ...], int] = {}
    for one in kinks:
        key = (one.example, one.layer, one.neuron, one.where)
        at[key] = at.get(key, 0) + one.entries
    shown = sorted(at.items(), key=lambda pair: -pair[1])
    for (example, layer, neuron, where), count in shown[:_KINKS]:
        of = "" if example is None else f" for example {example}"
        yield f"{_place(layer, neuron, str(where))}{of}: {counted(count, 'entry feels', 'entries feel')} it"
    if len(shown) > _KINKS:
        rest = sum(count for _, count in shown[_KINKS:])
        yield f"{len(shown) - _KINKS:,} more within reach: {counted(rest, 'entry feels', 'entries feel')} one"


def _place(layer: object, neuron: object, where: str) -> str:
    if layer is not None:
        return f"z[{layer}][{neuron}] is at {f'a kink of {where}' if where else 'a kink'}"
    return f"the cost has its kink {where} at output {neuron}" if neuron is not None else where


def _lost(report: CheckReport) -> Iterable[str]:
    if count := report.count(KINK):
        yield f"{counted(count, 'entry', 'entries')} cannot be tested, a kink being within reach"
    if count := report.count(UNRESOLVED):
        yield (
            f"{counted(count, 'entry', 'entries')} cannot be tested, being no larger than what rounding in "
            f"{report.dtype} and the forward pass's differences leave open"
        )


def function_text(report: FunctionReport, *, width: int = 100, colour: bool = False) -> str:
    """The same of somebody's functions."""
    paper = Paper(width, colour)
    paper.prose(paper.bold(f"{'✓' if report.passed else '✗'} {report.verdict}"), 0, 2)
    for remark in report.remarks:
        paper.prose(remark, 2, 4)
    if report.trouble:
        return "\n".join(paper.lines) + "\n"
    said = [f"C = {figures(report.C)}", counted(len(report.theta.flat), "entry of θ", "entries of θ")]
    if report.sampled is not None:
        said.append(f"a random sample of {report.sampled:,}, seed {report.seed}")
    paper.pieces(said, " · ", 2)
    paper.gap()
    if report.worst:
        paper.put(f"  {'entries that differ' if report.differ else 'fewest digits'}")
        rows = [
            [
                str(one["name"]),
                _seven(one["given"]),
                _seven(one["reference"]),
                _short(one["off"]),
                _short(one["allowed"]),
            ]
            for one in report.worst
        ]
        _table(
            paper, ["entry", "gradient", "differences", "apart", "tolerance"], rows, 1, ("tolerance", "apart")
        )
    paper.gap()
    if report.at_a_kink:
        paper.put(f"  {counted(report.at_a_kink, 'entry', 'entries')} at a kink of f, or too near to one")
    if report.below_resolution:
        said_of = counted(report.below_resolution, "entry", "entries")
        paper.put(f"  {said_of} cannot be told from f's own rounding")
    return "\n".join(paper.lines).rstrip() + "\n"
