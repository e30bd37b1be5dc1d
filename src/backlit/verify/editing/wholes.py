"""Edits for what concerns gradients as a whole: accumulated, of old data, missing, reversed, with a wrong penalty."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import numpy as np

from .ops import (
    Candidate,
    Layers,
    Maker,
    calls,
    change,
    count_texts,
    held,
    is_number,
    kept,
    operations,
    sites,
)
from .session import Session, holds
from .text import Change, bracketed
from .world import L2, role


def not_added(session: Session, layers: Layers) -> Iterator[Candidate]:
    """= for +=."""
    for node in ast.walk(session.text.tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
            start, end = session.text.end(node.target), session.text.start(node.value)
            text = session.text.between(start, end).replace("+=", "=")
            yield Candidate((Change(start, end, text),), node)
        elif isinstance(node, ast.Assign) and isinstance(value := node.value, ast.BinOp):
            target = session.text.of(node.targets[0])
            if isinstance(value.op, ast.Add) and target in {
                session.text.of(value.left),
                session.text.of(value.right),
            }:
                yield kept(session, value, "right" if session.text.of(value.left) == target else "left")


def this_batch(session: Session, layers: Layers) -> Iterator[Candidate]:
    """The x and y that were given, for those of an earlier call."""
    earlier = session.world.changed(second=False)
    for letter, l, old in (("a", 0, earlier.x), ("y", 0, earlier.y)):
        for node, values in list(session.reading.trace.items()):
            if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
                continue
            if any(holds(value, old) for value in values):
                at = session.text.statement(node)
                for text in session.spelled(letter, l, at, values)[:3]:
                    yield change(session, node, text)


def reached(session: Session, layers: Layers) -> Iterator[Candidate]:
    """A loop or a condition that leaves a layer out; zeros where another layer's line can be followed."""
    for call in calls(session, "range"):
        for one in call.args:
            for text in _shifted(session.text.of(one)):
                yield change(session, one, text)
    for call in [n for n in ast.walk(session.text.tree) if isinstance(n, ast.Call)]:
        if isinstance(call.func, ast.Name) and call.func.id == "range":
            for one in call.args:
                for text in _shifted(session.text.of(one)):
                    yield change(session, one, text)
    for node in ast.walk(session.text.tree):
        if (
            isinstance(node, ast.Compare)
            and len(node.ops) == 1
            and isinstance(node.comparators[0], ast.Constant)
        ):
            for text in _shifted(session.text.of(node.comparators[0])):
                yield change(session, node.comparators[0], text)
    yield from _by_example(session)


def _shifted(text: str) -> Iterator[str]:
    if re.fullmatch(r"\d+", text):
        yield from (str(int(text) + step) for step in (-1, 1))
    elif text == "-1":
        yield "-2"
    elif re.fullmatch(r".*- 1", text):
        yield from (text[:-4], f"{text[:-1]}2")
    elif re.fullmatch(r"-\d+", text):
        yield from (str(int(text) + 1), str(int(text) - 1))
    elif text != "0":
        yield from (f"{text} - 1", f"{text} + 1")


def _by_example(session: Session) -> Iterator[Candidate]:
    """``dW1 = np.zeros_like(W1)`` made as ``dW2 = …`` is, its numbers shifted."""
    lines = [n for n in ast.walk(session.text.tree) if isinstance(n, ast.Assign) and len(n.targets) == 1]
    for zero in lines:
        values = held(session, zero.value)
        if not values or any(np.ndim(v) == 0 or np.any(v) for v in values):
            continue
        target = session.text.of(zero.targets[0])
        for other in lines:
            shift = _shift_between(session.text.of(other.targets[0]), target)
            if other is zero or not shift:
                continue
            for text in _followed(session, other.value, zero, shift):
                yield change(session, zero.value, text)


def _followed(session: Session, line: ast.expr, at: ast.stmt, shift: int) -> Iterator[str]:
    """Another layer's line for this one: numbers in names shifted, and its a by that of the layer before."""
    names = [node for node in ast.walk(line) if isinstance(node, ast.Name)]
    shifted = {
        node: re.sub(r"\d+$", lambda found: str(int(found.group()) + shift), node.id) for node in names
    }
    for l in range(1, session.world.L + 1):
        if not 0 <= l - 1 + shift < session.world.L:
            continue
        made = dict(shifted)
        for text in session.spelled("a", l - 1 + shift, at)[:3]:
            for node in names:
                if any(holds(value, session.quantity("a", l - 1)) for value in held(session, node)):
                    made[node] = text
            changes = tuple(session.text.replaced(node, made[node]) for node in names)
            yield session.text.part(session.text.start(line), session.text.end(line), changes)


def _shift_between(one: str, other: str) -> int:
    """By how much the numbers in two targets differ, where they differ in nothing else; 0 where they do."""
    if re.sub(r"\d+", "#", one) != re.sub(r"\d+", "#", other):
        return 0
    steps = {int(b) - int(a) for a, b in zip(re.findall(r"\d+", one), re.findall(r"\d+", other), strict=True)}
    return steps.pop() if len(steps) == 1 else 0


def other_order(session: Session, layers: Layers) -> Iterator[Candidate]:
    """The list the other way round."""
    for call in calls(session, "append", "insert"):
        yield from _put(session, call)
    for node in ast.walk(session.text.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield from _put(session, node.value)
        if isinstance(node, ast.Return) and node.value is not None:
            parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            changes = tuple(session.text.replaced(part, _reversed(session, part)) for part in parts)
            yield Candidate(changes, node, 1)


def _put(session: Session, call: ast.Call) -> Iterator[Candidate]:
    if (
        not isinstance(call.func, ast.Attribute)
        or call.func.attr not in {"append", "insert"}
        or not call.args
    ):
        return
    owner, held_text = session.text.of(call.func.value), session.text.of(call.args[-1])
    if call.func.attr == "append":
        yield change(session, call, f"{owner}.insert(0, {held_text})")
    elif session.text.of(call.args[0]) == "0":
        yield change(session, call, f"{owner}.append({held_text})")


def _reversed(session: Session, node: ast.expr) -> str:
    text = session.text.of(node)
    if isinstance(node, ast.List):
        return f"[{', '.join(session.text.of(one) for one in reversed(node.elts))}]"
    if text.endswith("[::-1]"):
        return text[:-6]
    found = re.fullmatch(r"list\(reversed\((.*)\)\)", text, flags=re.DOTALL)
    return found.group(1) if found else f"{text}[::-1]"


# ---------------------------------------------------------------------------------------------------------- penalty


def _strengths(session: Session, at: ast.stmt) -> list[str]:
    """The names that hold the penalty's strength."""
    sights = session.sights(at)
    return [
        text
        for text, value in (sights[0].items() if sights else ())
        if isinstance(value, float) and value == L2
    ]


def with_penalty(session: Session, layers: Layers) -> Iterator[Candidate]:
    """… + l2 · w."""
    for l in layers:
        for node in sites(session):
            at = session.text.statement(node)
            for strength in _strengths(session, at)[:1]:
                for w in session.spelled("w", l, at, held(session, node))[:4]:
                    text = session.text.of(node)
                    yield change(session, node, f"{text} + {strength} * {w}")
                    for count in count_texts(session, session.world.m)[:1]:
                        yield change(session, node, f"{text} + {strength} / {count} * {w}", 1)


def single_penalty(session: Session, layers: Layers) -> Iterator[Candidate]:
    """2 · left out before l2."""
    for node in operations(session, ast.Mult):
        if is_number(held(session, node.left), 2):
            yield kept(session, node, "right")
        if is_number(held(session, node.right), 2):
            yield kept(session, node, "left")


def without_penalty(session: Session, layers: Layers) -> Iterator[Candidate]:
    """One term of a sum left out."""
    for node in operations(session, ast.Add):
        if node in session.back and node.right not in session.back:
            yield kept(session, node, "left")
        elif node in session.back and node.left not in session.back:
            yield kept(session, node, "right")


def scaled_penalty(session: Session, layers: Layers) -> Iterator[Candidate]:
    """l2 / n for l2."""
    names = [n for n in session.reading.trace if isinstance(n, (ast.Name, ast.Attribute))]
    for node in names:
        if is_number(held(session, node), L2):
            for count in count_texts(session, session.world.m)[:2]:
                yield change(session, node, f"({session.text.of(node)} / {count})")


def added_penalty(session: Session, layers: Layers) -> Iterator[Candidate]:
    """+ l2 · w for − l2 · w."""
    for node in operations(session, ast.Sub):
        left, right = session.text.sides(node)
        if node in session.back and node.right not in session.back:
            yield change(session, node, f"{left} + {right}")
    for statement in ast.walk(session.text.tree):
        if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Sub):
            start, end = session.text.end(statement.target), session.text.start(statement.value)
            text = session.text.between(start, end).replace("-=", "+=")
            yield Candidate((Change(start, end, text),), statement)


def told_penalty(session: Session, layers: Layers) -> Iterator[Candidate]:
    """The strength that was given, for a number of their own; where none is given, no penalty."""
    for node in list(session.reading.trace):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            at = session.text.statement(node)
            for strength in _strengths(session, at)[:1]:
                yield change(session, node, strength)
    if not any(role(name) == "l2" for name in _every_name(session)):
        yield from without_penalty(session, layers)


def _every_name(session: Session) -> set[str]:
    return {node.arg for node in ast.walk(session.text.tree) if isinstance(node, ast.arg)}


def from_cost(session: Session, layers: Layers) -> Iterator[Candidate]:
    """(a − y) · …, where only the output's own derivative stands."""
    L = session.world.L
    q = session.quantity("s", L)
    for node in sites(session, L, back=False):
        values = held(session, node)
        slope = any(holds(value, q) for value in values)
        ones = any(np.ndim(v) and np.all(np.asarray(v) == 1) for v in values)
        if not slope and not ones:
            continue
        at = session.text.statement(node)
        for a in session.spelled("a", L, at, values)[:1]:
            for y in session.spelled("y", 0, at, values)[:1]:
                after = "" if ones else f" * {bracketed(session.text.of(node))}"
                yield change(session, node, f"({a} - {y}){after}")
                yield change(session, node, f"2 * ({a} - {y}){after}")


WHOLES: dict[str, tuple[Maker, ...]] = {
    "accumulated": (not_added,),
    "last-batch": (this_batch,),
    "gradient-missing": (reached,),
    "layers-reversed": (other_order,),
    "penalty-missing": (with_penalty,),
    "penalty-doubled": (single_penalty,),
    "penalty-on-biases": (without_penalty,),
    "penalty-not-scaled": (scaled_penalty,),
    "penalty-sign": (added_penalty,),
    "penalty-unknown": (told_penalty,),
    "output-not-cost": (from_cost,),
}
