"""What edits are made of: candidates, the places where one may stand, and the few changes that most of them are.

A candidate is only a proposal. locate.py tries each on the small network; what does not mend the gradient is dropped.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .scope import loop_names
from .session import Session, holds
from .text import SIMPLE, Change, bracketed, is_product, unbracketed

Layers = tuple[int, ...]


@dataclass(frozen=True)
class Candidate:
    """Changes within ``statement``; of those that mend the gradient, the lowest rank counts."""

    changes: tuple[Change, ...]
    statement: ast.stmt
    rank: int = 0
    shown: tuple[int, int] | None = None  # the span to show, where it is more than the statement
    node: ast.expr | ast.stmt | None = None  # what is replaced, where that is one node


Maker = Callable[[Session, Layers], Iterator[Candidate]]


def change(session: Session, node: ast.expr | ast.stmt, text: str, rank: int = 0) -> Candidate:
    """``text`` in the place of ``node``."""
    at = session.text.statement(node)
    whole = isinstance(node, ast.expr) and node in list(_values(at))
    return Candidate(
        (session.text.replaced(node, unbracketed(text) if whole else text),), at, rank, node=node
    )


def _values(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions that a statement stores, puts into a list or returns, each as a whole."""
    if isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return)) and statement.value:
        yield from _parts(statement.value)
    elif (
        isinstance(statement, ast.Expr)
        and isinstance(call := statement.value, ast.Call)
        and called_name(call) in {"append", "insert", "add_", "sub_"}
        and call.args
    ):
        yield from _parts(call.args[-1])


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, (ast.Tuple, ast.List)):
        for one in node.elts:
            yield from _parts(one)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _parts(value)
    elif isinstance(node, ast.ListComp):
        yield from _parts(node.elt)
    else:
        yield node


def standing(session: Session, candidate: Candidate) -> int:
    """How likely it is that the mistake is made there: 0 where the way back is computed, 1 where something of it is
    only handed on, 2 in a statement that has no part in it.
    """
    inside = [node for node in ast.walk(candidate.statement) if node in session.back]
    if isinstance(candidate.statement, (ast.For, ast.While, ast.If, ast.FunctionDef)):
        return 0
    if not inside:
        return 2
    value = getattr(candidate.statement, "value", None)
    beside = isinstance(candidate.statement, ast.Assign) and isinstance(value, ast.Tuple)  # p, q = a, b
    whole = value is candidate.node or beside
    handed = isinstance(candidate.statement, ast.Return) or not whole
    named = isinstance(candidate.node, ast.Name) and candidate.node in list(_values(candidate.statement))
    return int(named and handed)


def overtaken(session: Session, candidate: Candidate, others: list[Candidate]) -> bool:
    """Whether another candidate mends, at the line that gives it its value, the very name that this one replaces."""
    if not isinstance(candidate.node, ast.Name):
        return False
    for other in others:
        at = other.statement
        if at is candidate.statement or not isinstance(at, ast.Assign) or other.node not in list(_values(at)):
            continue
        if any(isinstance(t, ast.Name) and t.id == candidate.node.id for t in at.targets):
            return True
    return False


def sites(session: Session, l: int | None = None, *, back: bool = True) -> list[ast.expr]:
    """Whole values of statements that hang on y (unless ``back`` is False), of the width of layer ``l``."""
    found = []
    for node in ast.walk(session.text.tree):
        if not isinstance(node, SIMPLE):
            continue
        for value in _values(node):
            held = session.reading.trace.get(value)
            if held and (not back or value in session.back) and (l is None or _wide(session, held, l)):
                found.append(value)
    return found


def _wide(session: Session, held: list[Any], l: int) -> bool:
    """Whether at some time the value was of layer l's width, or one number."""
    n = session.world.sizes[l]
    return any(np.ndim(one) == 0 or n in np.shape(one) for one in held)


def operations(session: Session, *kinds: type[ast.operator]) -> Iterator[ast.BinOp]:
    """The operations of these kinds that were carried out."""
    for node in session.reading.trace:
        if is_product(node, *kinds):
            yield node


def held(session: Session, node: ast.expr) -> list[Any]:
    """What a node held, each time."""
    return session.reading.trace.get(node, [])


def kept(session: Session, node: ast.BinOp, side: str, rank: int = 0) -> Candidate:
    """One side of an operation in the place of all of it."""
    left, right = session.text.sides(node)
    text = left if side == "left" else right
    outer = session.text.parent.get(node)
    text = (
        bracketed(text)
        if isinstance(outer, (ast.BinOp, ast.Attribute, ast.UnaryOp)) and _loose(node, side, outer)
        else text
    )
    return change(session, node, text, rank)


def _loose(node: ast.BinOp, side: str, outer: ast.AST) -> bool:
    """Whether the side that stays binds less than what stands around it."""
    part = node.left if side == "left" else node.right
    if not isinstance(part, ast.BinOp):
        return False
    return not isinstance(outer, ast.BinOp) or not (
        outer.left is node and isinstance(part.op, (ast.Mult, ast.MatMult))
    )


def is_number(values: list[Any], wanted: float) -> bool:
    """Whether a node held this one number every time."""
    return bool(values) and all(np.ndim(v) == 0 and abs(v - wanted) < 1e-12 for v in values)


def drops(session: Session, wanted: float, *, times: bool, rank: int = 0) -> Iterator[Candidate]:
    """Every factor (``times``) or divisor of this value, left out."""
    kinds: tuple[type[ast.operator], ...] = (ast.Mult,) if times else (ast.Div,)
    for node in operations(session, *kinds):
        if node not in session.back:
            continue
        if is_number(held(session, node.right), wanted):
            yield kept(session, node, "left", rank)
        if times and is_number(held(session, node.left), wanted):
            yield kept(session, node, "right", rank)


def count_texts(session: Session, number: int) -> list[str]:
    """How the source writes a number of things (m, n_L): len(x), x.shape[0], m. No figures, no loop's variable."""
    loops = loop_names(session.text.tree)
    found: dict[str, None] = {}
    for node, values in session.reading.trace.items():
        plain = isinstance(node, (ast.Subscript, ast.Call, ast.Attribute))
        named = isinstance(node, ast.Name) and node.id not in loops
        if (plain or named) and is_number(values, number):
            found.setdefault(session.text.of(node), None)
    return sorted(found, key=len)


def instead(
    session: Session, wrong: list[tuple[str, int]], right: tuple[str, int], *, names: int = 0
) -> Iterator[Candidate]:
    """Wherever one of the ``wrong`` quantities stands, the right one; a plain name for it has the rank ``names``."""
    q = session.quantity(*right)
    if q is None:
        return
    for letter, l in wrong:
        for node in session.holding(letter, l):
            if not isinstance(node, (ast.Name, ast.Subscript, ast.Attribute, ast.Call)) or _stored(node):
                continue
            if isinstance(session.text.parent.get(node), ast.Subscript) and holds_any(
                session, session.text.parent[node], wrong
            ):
                continue
            at = session.text.statement(node)
            for text in session.spelled(*right, at, like=held(session, node))[:4]:
                if text != session.text.of(node):
                    yield change(session, node, text, names * isinstance(node, ast.Name))


def holds_any(session: Session, node: ast.AST, quantities: list[tuple[str, int]]) -> bool:
    """Whether a node held one of these quantities."""
    if not isinstance(node, ast.expr):
        return False
    return any(holds(v, session.quantity(*which)) for which in quantities for v in held(session, node)[:16])


def _stored(node: ast.expr) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store)


def renamed_call(session: Session, node: ast.Call, name: str) -> Change:
    """The change of a call's last name: np.sum to np.mean, x.max to x.sum."""
    function = node.func
    end = session.text.end(function)
    size = len((function.attr if isinstance(function, ast.Attribute) else function.id).encode())  # type: ignore[attr-defined]
    return Change(end - size, end, name)


def calls(session: Session, *names: str) -> Iterator[ast.Call]:
    """The calls of functions or methods of these names that were carried out."""
    for node in session.reading.trace:
        if isinstance(node, ast.Call) and called_name(node) in names:
            yield node


def called_name(node: ast.Call) -> str:
    """The last name of what is called."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
