"""Edits for the mistakes that are made with σ′: missing, of a, σ for it, twice, of another layer, kept, softmax."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from .ops import Candidate, Layers, Maker, calls, change, held, instead, kept, operations, sites
from .probe import slopes_of
from .session import Session, holds
from .text import bracketed

_WRITTEN = {
    "sigmoid": ("bare", "{0} * (1 - {0})"),
    "tanh": ("bare", "(1 - {0} ** 2)"),
    "relu": ("z", "({0} > 0)"),
    "softplus": ("z", "(1 / (1 + np.exp(-{0})))"),
}


def _callees(session: Session, l: int) -> list[tuple[str, str]]:
    """How the source computes σ′ of this layer's function: (template, "z" or "bare")."""
    found: dict[tuple[str, str], None] = {}
    alike = [
        k for k, row in enumerate(session.forward.sigma) if k and row.name == session.forward.sigma[l].name
    ]
    for node in calls(session, *_own_functions(session)):
        if len(node.args) != 1:
            continue
        for k in alike:
            slope = any(holds(value, session.quantity("s", k)) for value in held(session, node))
            for letter in ("z", "bare") if slope else ():
                if any(holds(value, session.quantity(letter, k)) for value in held(session, node.args[0])):
                    found.setdefault((_template(session, node), letter), None)
    return list(found) or slopes_of(session, l)


def _template(session: Session, node: ast.Call) -> str:
    """A call with a place for its argument; what else it is given stays."""
    before = session.text.between(session.text.start(node), session.text.start(node.args[0]))
    after = session.text.between(session.text.end(node.args[0]), session.text.end(node))
    return before.replace("{", "{{").replace("}", "}}") + "{}" + after.replace("{", "{{").replace("}", "}}")


def _own_functions(session: Session) -> list[str]:
    return [node.name for node in ast.walk(session.text.tree) if isinstance(node, ast.FunctionDef)] + [
        target.id
        for node in session.text.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]


def slope_texts(session: Session, l: int, at: ast.stmt, like: list[Any]) -> list[tuple[str, int]]:
    """What σ′(z^l) can be written as at a statement, like ``like``, with a rank: their own functions first."""
    texts = dict.fromkeys(session.spelled("s", l, at, like)[:2], 0)
    for template, letter in _callees(session, l):
        for argument in session.spelled(letter, l, at, like)[:3]:
            texts.setdefault(template.format(argument), 0)
    if session.forward.sigma[l].name in _WRITTEN:
        letter, template = _WRITTEN[session.forward.sigma[l].name]
        for argument in session.spelled(letter, l, at, like)[:3]:
            texts.setdefault(template.format(argument), 1)
    return list(texts.items())


def times_slope(session: Session, layers: Layers) -> Iterator[Candidate]:
    """δ · σ′(z), where σ′ is missing."""
    for l in layers:
        for node in sites(session, l):
            at = session.text.statement(node)
            for text, rank in slope_texts(session, l, at, held(session, node)):
                yield change(session, node, f"{bracketed(session.text.of(node))} * {text}", rank)


def slope_of_z(session: Session, layers: Layers) -> Iterator[Candidate]:
    """σ′(z) for σ′(a): one a after the other, then all of a statement at once."""
    for l in layers:
        yield from instead(session, [("a", l), ("bare", l)], ("z", l), names=1)
        together: dict[ast.stmt, list[ast.expr]] = {}
        for node in session.holding("a", l):
            if isinstance(node, (ast.Name, ast.Subscript)):
                together.setdefault(session.text.statement(node), []).append(node)
        for at, nodes in together.items():
            for text in session.spelled("z", l, at, held(session, nodes[0]))[:3]:
                yield Candidate(tuple(session.text.replaced(node, text) for node in nodes), at, 1)


def slope_for_value(session: Session, layers: Layers) -> Iterator[Candidate]:
    """σ′(z) for σ(z)."""
    for l in layers:
        for node in session.holding("bare", l):
            if not isinstance(node, (ast.Name, ast.Subscript, ast.Attribute, ast.Call)):
                continue
            at = session.text.statement(node)
            for text, rank in slope_texts(session, l, at, held(session, node)):
                yield change(session, node, text, 2 * rank + isinstance(node, ast.Name))


def without_slope(session: Session, layers: Layers) -> Iterator[Candidate]:
    """One factor σ′ left out, written as one factor, as a power, or as two (a and 1 − a)."""
    for l in layers:
        q = session.quantity("s", l)
        for node in operations(session, ast.Mult, ast.Pow):
            if isinstance(node.op, ast.Pow):
                if any(holds(value, q) for value in held(session, node.left)):
                    yield kept(session, node, "left")
                continue
            if any(holds(value, q) for value in held(session, node.right)):
                yield kept(session, node, "left")
            if any(holds(value, q) for value in held(session, node.left)):
                yield kept(session, node, "right")
            if isinstance(inner := node.left, ast.BinOp) and isinstance(inner.op, ast.Mult):
                pairs = zip(held(session, inner.right), held(session, node.right), strict=False)
                if any(np.shape(u) == np.shape(v) and holds(u * v, q) for u, v in pairs):
                    yield change(session, node, session.text.sides(inner)[0])
        for call in calls(session, "multiply", "mul"):
            for one, other in ((0, 1), (1, 0)) if len(call.args) == 2 else ():
                if any(holds(value, q) for value in held(session, call.args[one])):
                    yield change(session, call, session.text.of(call.args[other]))


def slope_of_this_layer(session: Session, layers: Layers) -> Iterator[Candidate]:
    """σ′ of the layer's own z."""
    for l in layers:
        others = [k for k in range(1, session.world.L + 1) if k != l]
        for letter in ("z", "a", "s"):
            yield from instead(session, [(letter, k) for k in others], (letter, l), names=1)


def whole_softmax(session: Session, layers: Layers) -> Iterator[Candidate]:
    """a ⊙ (g − Σ g a) for g ⊙ a(1 − a)."""
    for l in layers:
        q = session.quantity("s", l)
        for node in operations(session, ast.Mult):
            at = session.text.statement(node)
            error = _error_before(session, node, q)
            if error is None:
                continue
            for a in session.spelled("a", l, at, held(session, node))[:3]:
                g = bracketed(error)
                yield change(session, node, f"{a} * ({g} - {_summed(session, f'{g} * {a}', node)})")


def _error_before(session: Session, node: ast.BinOp, q: Any) -> str | None:
    """What is multiplied by a(1 − a), as text."""
    if any(holds(value, q) for value in held(session, node.right)):
        return session.text.sides(node)[0]
    if any(holds(value, q) for value in held(session, node.left)) and node.right in session.back:
        return session.text.sides(node)[1]
    if isinstance(inner := node.left, ast.BinOp) and isinstance(inner.op, ast.Mult):
        pairs = zip(held(session, inner.right), held(session, node.right), strict=False)
        if any(np.shape(u) == np.shape(v) and holds(u * v, q) for u, v in pairs):
            return session.text.sides(inner)[0]
    return None


def _summed(session: Session, text: str, node: ast.expr) -> str:
    """Σ over the outputs, in the layout of ``node``."""
    if np.ndim(held(session, node)[0]) < 2:
        return f"({text}).sum()"
    columns = session.world.layout.examples in {"columns", "column"}
    return f"({text}).sum(axis={0 if columns else 1}, keepdims=True)"


SLOPES: dict[str, tuple[Maker, ...]] = {
    "sigma-prime-missing": (times_slope,),
    "sigma-prime-of-a": (slope_of_z,),
    "sigma-for-sigma-prime": (slope_for_value,),
    "sigma-prime-twice": (without_slope,),
    "sigma-prime-of-wrong-layer": (slope_of_this_layer,),
    "sigma-prime-kept": (without_slope,),
    "softmax-diagonal-only": (whole_softmax,),
}
