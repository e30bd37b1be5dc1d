"""A batch: ∂C/∂w and ∂C/∂b are the mean over its examples (B5); everything else has one value an example.

Each example's share may be negative, or more than all, and the step says so. The example with the largest term is
opened as if it stood alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..equations import EQUATIONS
from ..notation import Quantity
from .blocks import Blocks
from .flow import Flow
from .formula import NOTHING, Formula, number
from .leaves import Leaves
from .opening import Opening
from .problem import Problem
from .steps import Column, Step, Terms
from .words import example_labels

Array = Any


def mean(problem: Problem, flow: Flow, by: Quantity, depth: int) -> Step:
    """∂C/∂w^l_jk or ∂C/∂b^l_j as the mean over the examples."""
    leaves = Leaves(problem, flow, 0)
    l, index = by.layer or 0, [int(entry) for entry in by.index]
    j = index[0]
    if by.letter == "w":
        k = index[1]
        value = EQUATIONS["B4"](problem.share, flow.a[l - 1][:, k : k + 1], flow.to_z[l][:, j : j + 1])[0, 0]
        each = EQUATIONS["N2"](flow.a[l - 1][:, k], flow.to_z[l][:, j])
    else:
        value = EQUATIONS["B3"](problem.share, flow.to_z[l][:, j : j + 1])[0]
        each = flow.to_z[l][:, j]
    columns = _columns(problem, flow, leaves, by, each)
    terms = EQUATIONS["N2"](problem.share, each)
    top = int(np.argmax(np.abs(terms)))
    table = Terms(
        over="x", what="example", index=tuple(problem.numbers or range(problem.m)),
        labels=example_labels(problem, flow),
        columns=columns, terms=terms, opened={top: Opening(problem, flow, top).root(by, depth)},
    )  # fmt: skip
    name = leaves.letters.derivative(flow.of, by)
    formula = _formula(problem, leaves.name(by))
    return Step(
        "mean", "B5", name, formula, float(value), number(float(value)), remark_of(table), terms=table
    )


def _formula(problem: Problem, own: Formula) -> Formula:
    if problem.weighted:
        return Formula(f"Σₓ sₓ {own.text} / Σₓ sₓ", rf"\frac{{\sum_x s_x {own.tex}}}{{\sum_x s_x}}")
    return Formula(f"1/{problem.m} · Σₓ {own.text}", rf"\frac{{1}}{{{problem.m}}} \sum_x {own.tex}")


def _columns(problem: Problem, flow: Flow, leaves: Leaves, by: Quantity, each: Array) -> tuple[Column, ...]:
    """The share of each example in the mean, and its factors; where σ′ is none of its own, ∂C_x/∂z."""
    l, j = by.layer or 0, int(by.index[0])
    share = Formula("sₓ/Σs", r"s_x / \sum s") if problem.weighted else Formula("1/m", r"\tfrac{1}{m}")
    columns = [Column(share, problem.share)]
    if by.letter == "w":
        k = int(by.index[1])
        columns.append(Column(leaves.letters("a", l - 1, k), flow.a[l - 1][:, k]))
    opening = Opening(problem, flow, 0)
    if opening.splits(l):
        columns.append(Column(leaves.letters.slope(l, j), flow.slope[l][:, j]))
        if flow.masks[l] is not None:
            columns.append(Column(leaves.mask_symbol(l, j), flow.masks[l][:, j]))
        columns.append(Column(leaves.name(Quantity("a", l, (j,))), flow.to_a[l][:, j]))
    else:
        columns.append(Column(leaves.name(Quantity("z", l, (j,))), flow.to_z[l][:, j]))
    return tuple(columns)


def remark_of(table: Terms) -> str:
    """How the examples divide: which pull which way, and what of their pulls is left."""
    up, down = int((table.terms > 0).sum()), int((table.terms < 0).sum())
    if not table.mass:
        return "0 for every example"
    said = f"{up:,} of {len(table):,} examples are positive, {down:,} negative"
    if table.total and float(np.max(table.shares)) > 1:
        said += "; a share may be negative or more than all, since examples pull against one another"
    return f"{said}; {100 * table.survives:.0f}% of their pull survives the mean"


def each(problem: Problem, flow: Flow, by: Quantity, depth: int) -> Step:
    """One derivative an example, (m, …), nothing averaged; the largest is opened where each is a number."""
    leaves = Leaves(problem, flow, 0)
    values = Blocks(leaves, split=False).each(by)
    name = leaves.name(by)
    tag = {"w": "N10", "b": "B3", "z": "B2"}.get(by.letter, "N11")
    said = "one value for each example: a derivative of a or z, or by them or the input, is not averaged"
    if values.ndim > 1:
        return Step("each", tag, name, NOTHING, values, remark=said)
    top = int(np.argmax(np.abs(values)))
    opening = Opening(problem, flow, top)
    table = Terms(
        over="x", what="example", index=tuple(problem.numbers or range(problem.m)),
        labels=example_labels(problem, flow),
        columns=(), terms=values, opened={top: opening.root(by, depth)},
    )  # fmt: skip
    return Step("each", tag, name, NOTHING, values, remark=said, terms=table)
