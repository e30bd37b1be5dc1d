"""What ``data show`` says of a data set: a heading, images drawn or rows in a table, and what each column holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .. import data
from ..data import Dataset
from ..data.cells import is_missing, kind_of
from ..data.read import load_rows
from ..inputs import is_sparse
from ..spelling import counted
from . import show
from .gallery import gallery

Array = Any
_MOST_COLUMNS = 30  # of which a summary is shown


def load(source: str, target: str | None, data_dir: Path | None) -> Dataset:
    """The data set; a file need not have a target."""
    path = Path(source)
    if path.is_file() and target is None:
        return load_rows(path)
    return data.load(source, target=target, data_dir=data_dir)


def heading(dataset: Dataset) -> list[str]:
    """What it is: examples, columns, target, classes."""
    inputs = dataset.inputs
    what = (
        f"{dataset.image[0]} × {dataset.image[1]} pixels"
        if dataset.image
        else counted(len(inputs.names), "column")
    )
    lines = [show.bold(f"{dataset.name}: {counted(len(dataset), 'example')}, {what}")]
    if dataset.about:
        lines.append(dataset.about)
    if dataset.wanted is not None:
        labels = dataset.labels()
        gone = is_missing(labels)
        known = labels[~gone]
        if dataset.task == "classes":
            names, counts = np.unique(
                known.astype(str) if known.dtype.kind == "O" else known, return_counts=True
            )
            told = [
                f"{name} ({count:,})" for name, count in zip(names.tolist(), counts.tolist(), strict=True)
            ]
            lines.append(f"target {dataset.target}, classes: {show.listed(told, 12)}")
        else:
            lines.append(
                f"target {dataset.target}, values from {show.number(known.min())} to {show.number(known.max())}, "
                f"mean {show.number(known.mean())}"
            )
    if dataset.test is not None:
        lines.append(f"and a test set of its own, {counted(len(dataset.test), 'example')}")
    return [lines[0], *(show.wrapped(line, 2) for line in lines[1:])]


def images(dataset: Dataset, limit: int) -> list[str]:
    """The first images, each with its number and label."""
    assert dataset.image is not None
    some = dataset.limited(limit)
    pixels = some.inputs.block.reshape(-1, *dataset.image) / dataset.white
    labels = some.labels().tolist() if some.wanted is not None else [None] * len(some)
    captions = [[str(row) if label is None else f'{row}: "{label}"'] for row, label in enumerate(labels)]
    return gallery(pixels, captions)


def rows(dataset: Dataset, limit: int) -> list[str]:
    """The first rows, as many columns of them as fit, and below them what each column holds."""
    some = dataset.limited(limit)
    names, cells = _cells(some)
    widths = [max(len(name), *(len(row[i]) for row in cells)) for i, name in enumerate(names)]
    room, kept = show.columns(), 0
    used = 0
    for width in widths:
        if used + width + 2 > room - 4 and kept:
            break
        used, kept = used + width + 2, kept + 1
    lines = show.table(
        [*names[:kept], *(["…"] if kept < len(names) else [])],
        [[*row[:kept], *(["…"] if kept < len(names) else [])] for row in cells],
        left=0,
    )
    return [*lines, "", *_summary(dataset)]


def _cells(some: Dataset) -> tuple[list[str], list[list[str]]]:
    """The names, the target's first, and the cells as words."""
    columns: dict[str, Array] = {}
    if some.wanted is not None:
        columns[some.target or "target"] = some.labels()
    inputs = some.inputs.names[: max(1, show.columns() // 3)]
    for name in inputs:
        columns.setdefault(name, some.inputs.column(name))
    rows_ = [
        [show.shortened(_cell(column[row]), 24) for column in columns.values()] for row in range(len(some))
    ]
    return list(columns), rows_


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    number = isinstance(value, (float, int, np.number)) and not isinstance(value, bool)
    return show.number(float(value)) if number else str(value)


def _summary(dataset: Dataset) -> list[str]:
    """A row a column: its kind, how many cells are missing, and its range or its most frequent words."""
    inputs = dataset.inputs
    found = [
        [show.shortened(name, 32), *_about(inputs.column(name))] for name in inputs.names[:_MOST_COLUMNS]
    ]
    lines = show.table(
        ["column", "kind", "missing", "holds"], [[a, b, c.rjust(7), d] for a, b, c, d in found], left=4
    )
    if len(inputs.names) > _MOST_COLUMNS:
        lines.append(f"… {counted(len(inputs.names) - _MOST_COLUMNS, 'more column')}")
    return lines


def _about(column: Array) -> tuple[str, str, str]:
    gone = is_missing(column)
    kind, missing, known = kind_of(column), int(gone.sum()), column[~gone]
    if not len(known):
        return kind, f"{missing:,}", "nothing"
    if kind == "number":
        holds = f"{show.number(known.min())} to {show.number(known.max())}, mean {show.number(known.mean())}"
    else:
        words, counts = np.unique(known.astype(str), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        told = [f"{show.shortened(str(words[i]), 16)} ({counts[i]:,})" for i in order[:4]]
        holds = ", ".join(told) + (f", … ({len(words):,} in all)" if len(words) > 4 else "")
    return kind, f"{missing:,}" if missing else "", holds


def as_dict(dataset: Dataset, source: str, limit: int) -> dict[str, Any]:
    """The data set and its first examples as the JSON schema backlit.data-show/1 has them."""
    some = dataset.limited(limit)
    inputs = some.inputs
    if inputs.is_block:
        block = inputs.block.toarray() if is_sparse(inputs.block) else inputs.block
        values = block.tolist()
    else:
        columns = [inputs.column(name).tolist() for name in inputs.names]
        values = [list(row) for row in zip(*columns, strict=True)]
    labels = [None] * len(some) if some.wanted is None else some.labels().tolist()
    return {
        "data": source,
        "name": dataset.name,
        "n": len(dataset),
        "columns": list(inputs.names),
        "image": None if dataset.image is None else list(dataset.image),
        "target": dataset.target,
        "task": dataset.task,
        "examples": [
            {"example": row, "inputs": one, "target": label}
            for row, (one, label) in enumerate(zip(values, labels, strict=True))
        ],
        "test": None if dataset.test is None else len(dataset.test),
    }
