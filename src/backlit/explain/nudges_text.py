"""The table of nudges as text: a row an example, a column a weight, bias or activation, the average last."""

from __future__ import annotations

import numpy as np

from ..spelling import counted
from . import tables
from .nudges import Nudges
from .tables import Column

_MOST_ROWS, _MOST_COLUMNS = 20, 40  # shown; all are in to_dict()


def text(nudges: Nudges, width: int, colour: bool) -> str:
    """Heading, table, what the average is of, and what was left out."""
    rows, columns = min(len(nudges.numbers), _MOST_ROWS), min(len(nudges.quantities), _MOST_COLUMNS)
    lines = [
        *_heading(nudges),
        "",
        *tables.table(_fixed(nudges, rows), _numbers(nudges, rows, columns), width, colour),
    ]
    lines += ["", _about_average(nudges)]
    rest = [
        counted(count, f"more {what}")
        for count, what in (
            (len(nudges.numbers) - rows, "example"),
            (len(nudges.quantities) - columns, "column"),
        )
        if count
    ]
    if rest:
        lines.append(f"Not shown: {' and '.join(rest)}.")
    return "\n".join(tables.wrapped(lines, width))


def _heading(nudges: Nudges) -> list[str]:
    net = nudges.net
    count = f"the {counted(len(nudges.quantities), 'parameter')} whose average nudge is largest"
    what = "what each example would like" if nudges.chosen else f"what each example would like of {count}"
    sizes = " → ".join(f"{n:,}" for n in net.sizes)
    functions = ", ".join(one.option for one in net.activations)
    book = nudges.labels.notation == "book"
    counting = f"{'book' if book else 'note'}'s counting: layer {int(book)} is the input"
    return [f"Nudges, −∂C_x/∂·: {what}", f"{sizes} · {functions} · C = {net.cost.option} · {counting}"]


def _fixed(nudges: Nudges, rows: int) -> list[Column]:
    """The examples' numbers, what they are and what they are read as."""
    known = [tables.word(one) for one in nudges.known[:rows]]
    answers = [tables.word(one) for one in nudges.answers[:rows]]
    return [
        Column("example", [*map(str, nudges.numbers[:rows].tolist()), "average"], words=True),
        Column("label", [*known, ""], words=True),
        Column("read as", [*answers, ""], words=True),
    ]


def _numbers(nudges: Nudges, rows: int, columns: int) -> list[Column]:
    values, averages = nudges.values[:rows], nudges.averages
    return [
        tables.signed(one.symbol(nudges.labels.notation), np.append(values[:, i], averages[i]))
        for i, one in enumerate(nudges.quantities[:columns])
    ]


def _about_average(nudges: Nudges) -> str:
    weighed = ", weighted" if nudges.included.get("sample_weight") else ""
    whom = "the one example" if nudges.n == 1 else f"all {nudges.n:,} examples"
    told = f"The average is over {whom}{weighed}: −∂C/∂·, the way that descent goes."
    if np.isnan(nudges.averages).any():
        told += " Activations are each example's own and have none (–)."
    return told
