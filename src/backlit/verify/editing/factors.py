"""Edits for signs, factors, means and sums: y − a, 2 and ½, 1/n_L, 1/m, and how a bias's gradient is reduced."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from .ops import (
    Candidate,
    Layers,
    Maker,
    calls,
    change,
    count_texts,
    drops,
    held,
    is_number,
    kept,
    operations,
    renamed_call,
    sites,
)
from .session import Session, holds
from .text import Change, bracketed, is_product


def _differences(session: Session) -> Iterator[ast.BinOp]:
    """a − y and y − a, wherever they are taken."""
    L, y = session.world.L, session.quantity("y", 0)
    for node in operations(session, ast.Sub):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            outputs = any(holds(v, session.quantity("a", L)) for v in held(session, one))
            if outputs and any(holds(v, y) or _zero_or_one(v) for v in held(session, other)):
                yield node
                break


def _zero_or_one(value: object) -> bool:
    return isinstance(value, float) and value in {0.0, 1.0}  # an entry of y where that is one-hot


def swapped(session: Session, layers: Layers) -> Iterator[Candidate]:
    """b − a for a − b, and f(b, a) for f(a, b)."""
    for node in operations(session, ast.Sub):
        if node in session.back:
            left, right = session.text.sides(node)
            yield change(session, node, f"{right} - {left}", 0 if node in set(_differences(session)) else 2)
    for call in calls(session, "subtract", "sub", *_two_taking(session)):
        if call in session.back and len(call.args) == 2 and not call.keywords:
            first, second = (session.text.of(one) for one in call.args)
            changes = (
                session.text.replaced(call.args[0], second),
                session.text.replaced(call.args[1], first),
            )
            yield Candidate(changes, session.text.statement(call), 1)


def swapped_last(session: Session, layers: Layers) -> Iterator[Candidate]:
    """The same, where no minus sign is found."""
    yield from (replace(one, rank=one.rank + 3) for one in swapped(session, layers))


def _two_taking(session: Session) -> list[str]:
    functions = (node for node in ast.walk(session.text.tree) if isinstance(node, ast.FunctionDef))
    return [one.name for one in functions if len(one.args.args) in {2, 3}]


def other_sign(session: Session, layers: Layers) -> Iterator[Candidate]:
    """A minus sign left out, in one of its spellings."""
    for node in session.reading.trace:
        if node not in session.back:
            continue
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield change(session, node, session.text.of(node.operand))
            continue
        inner = node.left if isinstance(node, ast.BinOp) else None
        if isinstance(inner, ast.UnaryOp) and isinstance(inner.op, ast.USub) and inner not in session.back:
            yield change(session, inner, session.text.of(inner.operand))  # -2 * (a - y)
    for call in calls(session, "negative", "neg"):
        if call.args:
            yield change(session, call, session.text.of(call.args[0]))
    for statement in ast.walk(session.text.tree):
        if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Sub):
            yield _other_mark(session, statement, "-=", "+=")


def _other_mark(session: Session, node: ast.AugAssign, old: str, new: str) -> Candidate:
    start, end = session.text.end(node.target), session.text.start(node.value)
    text = session.text.between(start, end).replace(old, new)
    return Candidate((Change(start, end, text),), node)


def without_two(session: Session, layers: Layers) -> Iterator[Candidate]:
    """2 · left out."""
    yield from drops(session, 2.0, times=True)
    yield from drops(session, 0.5, times=False)
    for node in operations(session, ast.Mult):  # 2 / m * (a - y)
        for side in (node.left, node.right):
            inner = side.left if is_product(side, ast.Div) and side not in session.back else None
            if isinstance(inner, ast.Constant) and inner.value == 2:
                yield change(session, inner, "1", 1)
            if (
                isinstance(side, ast.Constant)
                and isinstance(side.value, (int, float))
                and side.value % 4 == 0
            ):
                yield change(session, side, str(side.value // 2), 1)


def with_two(session: Session, layers: Layers) -> Iterator[Candidate]:
    """½ left out, or 2 · put before a − y."""
    yield from drops(session, 0.5, times=True)
    yield from drops(session, 2.0, times=False)
    for node in _differences(session):
        left, right = session.text.sides(node)
        if not isinstance(session.text.parent.get(node), ast.BinOp):
            yield change(session, node, f"2 * ({left} - {right})", 1 + _alone(session, node))
    for value, rank in _cost_sites(session):
        yield change(session, value, f"2 * {_over(session, value)}", 1 + rank)


def _alone(session: Session, node: ast.expr) -> int:
    """1 where a − y is all that a statement computes: another line, that makes a derivative of it, is likelier."""
    return int(session.text.of(node) == session.text.of(getattr(session.text.statement(node), "value", node)))


def _cost_sites(session: Session) -> Iterator[tuple[ast.expr, int]]:
    """Where ∂C/∂a or δ^L is made: values with a − y in them, or a multiple of it by its name; with a rank."""
    differences = set(_differences(session))
    made = [value for node in differences for value in held(session, node)]
    for node in sites(session, session.world.L):
        if differences.intersection(ast.walk(node)):
            yield node, _alone(session, node) if node in differences else 0
        elif isinstance(node, (ast.BinOp, ast.Name)) and any(
            _multiple(v, d) for v in held(session, node) for d in made
        ):
            yield node, 0


def _multiple(value: object, difference: object) -> bool:
    v, d = np.asarray(value), np.asarray(difference)
    if v.shape != d.shape or v.ndim == 0:
        return False
    ratio = float((v * d).sum() / (d * d).sum())
    return bool(np.allclose(v, ratio * d))


def without_factor(session: Session, layers: Layers) -> Iterator[Candidate]:
    """Any one number left out of a product."""
    for node in operations(session, ast.Mult, ast.Div):
        if node not in session.back:
            continue
        for part, side in ((node.right, "left"), (node.left, "right")):
            numbers = held(session, part)
            plain = numbers and part not in session.back and all(np.ndim(v) == 0 for v in numbers)
            if plain and (side == "left" or isinstance(node.op, ast.Mult)):
                yield kept(session, node, side)
    for statement in ast.walk(session.text.tree):
        if isinstance(statement, ast.AugAssign) and isinstance(statement.op, (ast.Mult, ast.Div)):
            start, end = session.text.end(statement.target), session.text.end(statement)
            yield Candidate((Change(start, end, ""),), statement, 1)


def without_outputs(session: Session, layers: Layers) -> Iterator[Candidate]:
    """The division by n_L left out; size, which counts examples and outputs, made the count of examples."""
    n, m = session.world.sizes[-1], session.world.m
    yield from drops(session, n, times=False)
    for node in operations(session, ast.Div):
        if is_number(held(session, node.right), n * m):
            for text in _counts(session, session.text.statement(node)):
                yield change(session, node.right, text, 1)
            if m == 1:
                yield kept(session, node, "left")


def over_outputs(session: Session, layers: Layers) -> Iterator[Candidate]:
    """1/n_L, where a − y is taken."""
    for node, rank in _cost_sites(session):
        for count in _output_counts(session, session.text.statement(node)):
            yield change(session, node, f"{_over(session, node)} / {count}", rank)


def _output_counts(session: Session, at: ast.stmt) -> list[str]:
    found = [text for text in count_texts(session, session.world.sizes[-1]) if not text.isdigit()]
    axis = {"rows": 1, "columns": 0, "one": 0, "column": 0}[session.world.layout.examples]
    names = [text for text in session.spelled("a", session.world.L, at) if "[" not in text]
    return found[:1] or [f"{name}.shape[{axis}]" for name in names[:1]]


def _over(session: Session, node: ast.expr) -> str:
    """A value that ``/ …`` may be put behind."""
    text = session.text.of(node)
    firm = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.MatMult))
    return text if firm else bracketed(text)


# ---------------------------------------------------------------------------------------------- means over examples


def over_examples(session: Session, layers: Layers) -> Iterator[Candidate]:
    """1/m, where a sum is taken, or where a − y is."""
    yield from _reductions(session, "sum", "mean")
    first = dict(_cost_sites(session))
    for node in sites(session):
        for count in _counts(session, session.text.statement(node)):
            yield change(session, node, f"{_over(session, node)} / {count}", first.get(node, 2))


def _counts(session: Session, at: ast.stmt) -> list[str]:
    """How m can be written at a statement: as the source does, or as the length of an array in sight."""
    names = [
        *session.spelled("y", 0, at),
        *session.spelled("a", 0, at),
        *session.spelled("a", session.world.L, at),
    ]
    template = "{}.shape[1]" if session.world.layout.examples == "columns" else "len({})"
    plain = [template.format(name) for name in names if name.isidentifier()]
    return [*count_texts(session, session.world.m)[:3], *plain[:1]]


def _reductions(session: Session, old: str, new: str) -> Iterator[Candidate]:
    for call in calls(session, old):
        if call in session.back and any(np.ndim(v) > 0 for v in held(session, call)):
            yield Candidate((renamed_call(session, call, new),), session.text.statement(call))


def without_examples(session: Session, layers: Layers) -> Iterator[Candidate]:
    """One of two 1/m left out."""
    m = session.world.m
    yield from drops(session, m, times=False)
    yield from drops(session, 1 / m, times=True)
    yield from _reductions(session, "mean", "sum")
    for statement in ast.walk(session.text.tree):
        if not isinstance(statement, ast.AugAssign) or not isinstance(statement.op, ast.Div):
            continue
        if is_number(held(session, statement.value), m):
            start, end = session.text.end(statement.target), session.text.end(statement)
            yield Candidate((Change(start, end, ""),), statement, 1)


def summed(session: Session, layers: Layers) -> Iterator[Candidate]:
    """A bias's mean made a sum."""
    yield from _reductions(session, "mean", "sum")
    yield from drops(session, session.world.m, times=False, rank=1)
    yield from drops(session, 1 / session.world.m, times=True, rank=1)


def averaged(session: Session, layers: Layers) -> Iterator[Candidate]:
    """A bias's sum made a mean."""
    yield from _reductions(session, "sum", "mean")
    for node in sites(session):
        near = session.text.of(session.text.statement(node))
        for count in _counts(session, session.text.statement(node)):
            rank = 1 if f"/ {count}" in near else 2
            yield change(session, node, f"{_over(session, node)} / {count}", rank)


def over_rows(session: Session, layers: Layers) -> Iterator[Candidate]:
    """δ of all examples made their sum or mean."""
    for l in layers:
        n, m = session.world.sizes[l], session.world.m
        for node in sites(session, l):
            parts = [one for one in ast.walk(node) if isinstance(one, (ast.Name, ast.Subscript, ast.BinOp))]
            for part in parts:
                if any(sorted(np.shape(v)) == sorted((m, n)) for v in held(session, part)):
                    for text in _forms(session, session.text.of(part), n):
                        yield change(session, part, text, 0 if part is node or len(parts) > 1 else 1)


def whole_batch(session: Session, layers: Layers) -> Iterator[Candidate]:
    """δ[0] made the sum or mean of all rows."""
    for l in layers:
        n = session.world.sizes[l]
        for node in list(session.reading.trace):
            if not isinstance(node, ast.Subscript) or node not in session.back:
                continue
            many = held(session, node.value)
            if any(sorted(np.shape(v)) == sorted((session.world.m, n)) for v in many):
                for text in _forms(session, session.text.of(node.value), n):
                    yield change(session, node, text)


def _forms(session: Session, text: str, n: int) -> Iterator[str]:
    """Σ and mean over the examples, as this source writes them."""
    source, layout = session.text.source, session.world.layout
    axis = 1 if layout.examples == "columns" else 0
    keep = layout.bias != "flat"
    torch = re.search(r"\bdim=", source) is not None
    named = f"dim={axis}" if torch else f"axis={axis}"
    options = named + ((", keepdim=True" if torch else ", keepdims=True") if keep else "")
    for name in ("mean", "sum"):
        module = re.search(r"\b(np|numpy|jnp|torch)\.(sum|mean)\(", source)
        if module is not None:
            yield f"{module.group(1)}.{name}({text}, {options})"
        else:
            yield f"{bracketed(text)}.{name}({options})"


FACTORS: dict[str, tuple[Maker, ...]] = {
    "y-minus-a": (swapped, other_sign),
    "sign-flipped": (other_sign, swapped_last),
    "factor-two": (without_two,),
    "factor-half": (with_two,),
    "unknown-factor": (without_factor,),
    "output-mean": (without_outputs,),
    "output-sum": (over_outputs,),
    "batch-mean-missing": (over_examples,),
    "batch-mean-twice": (without_examples,),
    "bias-averaged": (summed,),
    "bias-summed": (averaged,),
    "bias-not-summed": (over_rows,),
    "bias-first-example": (whole_batch,),
}
