"""Edits on the way back and in the products: which w and which a, turned which way, summed how, in which order."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import numpy as np

from .ops import (
    Candidate,
    Layers,
    Maker,
    called_name,
    calls,
    change,
    held,
    instead,
    operations,
    renamed_call,
    sites,
)
from .scope import loop_names
from .session import Session
from .text import Change, bracketed, one_line, unbracketed


def turned(text: str) -> str:
    """An expression's transpose, as people write it."""
    stripped = text.strip()
    if stripped.endswith(".T"):
        return unbracketed(stripped[:-2])
    if stripped.endswith(".t()"):
        return unbracketed(stripped[:-4])
    return f"{bracketed(stripped)}.T"


def _turning(session: Session, text: str) -> str:
    made = turned(text)
    return f"{made[:-2]}.t()" if made.endswith(".T") and ".t()" in session.text.source else made


def w_turned(session: Session, layers: Layers) -> Iterator[Candidate]:
    """w the other way: .T put on or off, sides exchanged, indices or letters exchanged."""
    for l in layers:
        if l == session.world.L:
            continue
        for node in session.holding("w", l + 1):
            if isinstance(node, (ast.Name, ast.Subscript, ast.Attribute, ast.Call)):
                yield from _one_w(session, node)
    for call in calls(session, "einsum"):
        yield from _letters(session, call, exchange=True)
    for node in operations(session, ast.MatMult):
        left, right = session.text.sides(node)
        if node in session.back and 1 in {np.ndim(v) for v in held(session, node)}:
            yield change(session, node, f"{right} @ {left}", 2)
    for call in calls(session, "dot", "matmul"):
        if call in session.back and len(call.args) == 2 and 1 in {np.ndim(v) for v in held(session, call)}:
            yield _exchanged(session, call, 2)
    yield from indices_exchanged(session)


def _one_w(session: Session, node: ast.expr) -> Iterator[Candidate]:
    outer = session.text.parent.get(node)
    text = session.text.of(node)
    if isinstance(outer, ast.Attribute) and outer.attr == "T":
        yield change(session, outer, text)
    elif isinstance(node, ast.Call) and called_name(node) in {"t", "transpose"}:
        inner = node.args[0] if node.args else None
        if isinstance(node.func, ast.Attribute) and inner is None:
            yield change(session, node, session.text.of(node.func.value))
        elif inner is not None:
            yield change(session, node, session.text.of(inner))
    elif not (isinstance(node, ast.Attribute) and node.attr == "T") and isinstance(
        getattr(node, "ctx", None), ast.Load
    ):
        yield change(session, node, _turning(session, text))


def _exchanged(session: Session, call: ast.Call, rank: int = 0) -> Candidate:
    """f(b, a) for f(a, b)."""
    first, second = call.args[:2]
    changes = (
        session.text.replaced(first, session.text.of(second)),
        session.text.replaced(second, session.text.of(first)),
    )
    return Candidate(changes, session.text.statement(call), rank)


def indices_exchanged(session: Session) -> Iterator[Candidate]:
    """[k][j] for [j][k], [k, j] for [j, k]."""
    for node in ast.walk(session.text.tree):
        if not isinstance(node, ast.Subscript):
            continue
        inner = node.value
        if isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
            first, second = node.slice.elts
        elif isinstance(inner, ast.Subscript) and not isinstance(inner.slice, (ast.Tuple, ast.Slice)):
            first, second = inner.slice, node.slice
        else:
            continue
        if session.text.of(first) == session.text.of(second) or isinstance(second, ast.Slice):
            continue
        changes = (
            session.text.replaced(first, session.text.of(second)),
            session.text.replaced(second, session.text.of(first)),
        )
        yield Candidate(changes, session.text.statement(node))


def _letters(session: Session, call: ast.Call, *, exchange: bool) -> Iterator[Candidate]:
    """Other letters in an einsum: two of one part exchanged, or one made another of those there."""
    first = call.args[0] if call.args else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return
    letters = first.value
    for part in re.finditer(r"[a-zA-Z]{1,}", letters):
        old = part.group()
        for new in _spellings(old, sorted(set(re.findall(r"[a-zA-Z]", letters))), exchange):
            whole = letters[: part.start()] + new + letters[part.end() :]
            quote = session.text.of(first)[0]
            yield change(session, first, f"{quote}{whole}{quote}")


def _spellings(old: str, letters: list[str], exchange: bool) -> Iterator[str]:
    if exchange:
        if len(old) >= 2:
            yield old[:-2] + old[-1] + old[-2]
        return
    for at in range(len(old)):
        for letter in letters:
            if letter not in old:
                yield old[:at] + letter + old[at + 1 :]


def other_index(session: Session, layers: Layers) -> Iterator[Candidate]:
    """One index made another of the loops' variables; in arrays, None and : exchanged."""
    loops = loop_names(session.text.tree)
    for node in ast.walk(session.text.tree):
        if not isinstance(node, ast.Subscript):
            continue
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for part in parts:
            if isinstance(part, ast.Name) and part.id in loops:
                for other in sorted(loops - {part.id}):
                    yield change(session, part, other)
        if len(parts) > 1 and any(isinstance(part, ast.Slice) for part in parts):
            for i in range(len(parts) - 1):
                texts = [session.text.of(part) for part in parts]
                texts[i], texts[i + 1] = texts[i + 1], texts[i]
                if texts[i] != texts[i + 1]:
                    yield change(session, node, f"{session.text.of(node.value)}[{', '.join(texts)}]")
    for call in calls(session, "einsum"):
        yield from _letters(session, call, exchange=False)
        yield from _letters(session, call, exchange=True)


def w_of_this_way(session: Session, layers: Layers) -> Iterator[Candidate]:
    """The weights of layer l + 1."""
    L = session.world.L
    for l in layers:
        if l < L:
            yield from instead(session, [("w", k) for k in range(1, L + 1) if k != l + 1], ("w", l + 1))


def a_before(session: Session, layers: Layers) -> Iterator[Candidate]:
    """a of layer l − 1."""
    L = session.world.L
    for l in layers:
        others = [(letter, k) for k in range(L + 1) for letter in ("a", "z") if (letter, k) != ("a", l - 1)]
        usable = [(letter, k) for letter, k in others if letter == "a" or k]
        yield from instead(session, usable, ("a", l - 1))


def later(session: Session, layers: Layers) -> Iterator[Candidate]:
    """An update moved below the statements that still need the old weights."""
    for block in _blocks(session.text.tree):
        for i, statement in enumerate(block[:-1]):
            if not _updates(session, statement):
                continue
            for j in range(i + 1, min(i + 4, len(block))):
                if isinstance(block[j], ast.Return):
                    break
                yield _moved(session, block[i : j + 1], j - i)


def _blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def _updates(session: Session, statement: ast.stmt) -> bool:
    """Whether a statement looks like w − η·…: a difference put into what it is taken from."""
    text = one_line(session.text.of(statement))
    if isinstance(statement, ast.AugAssign):
        return isinstance(statement.op, (ast.Sub, ast.Add))
    return isinstance(statement, ast.Assign) and isinstance(statement.value, ast.BinOp) and "-" in text


def _moved(session: Session, block: list[ast.stmt], rank: int) -> Candidate:
    first, rest = block[0], block[1:]
    start, end = session.text.start(first), session.text.end(rest[-1])
    line = session.text.between(start, session.text.start(rest[0]))
    gap = line[len(session.text.of(first)) :]
    text = session.text.between(session.text.start(rest[0]), end) + gap + session.text.of(first)
    return Candidate((Change(start, end, text),), first, rank, (start, end))


def all_paths(session: Session, layers: Layers) -> Iterator[Candidate]:
    """A sum for a maximum."""
    for call in calls(session, "max", "amax"):
        changes = [renamed_call(session, call, "sum")]
        if call.args and any(key.arg == "key" for key in call.keywords):
            changes.append(Change(session.text.end(call.args[-1]), session.text.end(call) - 1, ""))
        bare = [
            one for one in call.args if isinstance(one, ast.Call) and called_name(one) in {"abs", "absolute"}
        ]
        changes += [session.text.replaced(one, session.text.of(one.args[0])) for one in bare if one.args]
        yield Candidate(tuple(changes), session.text.statement(call))
    for node in list(session.reading.trace):
        if isinstance(node, ast.Subscript) and "argmax" in session.text.of(node.slice):
            yield change(session, node, f"{bracketed(session.text.of(node.value))}.sum()")
            yield change(session, node, f"sum({session.text.of(node.value)})", 1)
    for call in calls(session, "take_along_axis"):
        outer = session.text.parent.get(call)
        target = outer if isinstance(outer, ast.Subscript) else call
        for axis in (0, 1, -1, -2):
            yield change(session, target, f"{bracketed(session.text.of(call.args[0]))}.sum(axis={axis})")


def times_mask(session: Session, layers: Layers) -> Iterator[Candidate]:
    """δ · mask."""
    for l in layers:
        if l >= session.world.L or session.world.masks[l] is None:
            continue
        for node in sites(session, l):
            at = session.text.statement(node)
            for mask in session.spelled("mask", l, at, held(session, node))[:4]:
                yield change(session, node, f"{_factor(session, node)} * {mask}")


def _factor(session: Session, node: ast.expr) -> str:
    text = session.text.of(node)
    firm = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
    return text if firm else bracketed(text)


def gradient_turned(session: Session, layers: Layers) -> Iterator[Candidate]:
    """∂C/∂w the other way: its two sides exchanged, .T put on or off, indices or letters exchanged."""
    for node in operations(session, ast.MatMult):
        if node in session.back:
            left, right = session.text.sides(node)
            yield change(session, node, f"{_turning(session, right)} @ {_turning(session, left)}")
    for call in calls(session, "mm", "dot", "matmul"):
        if call in session.back and len(call.args) == 1 and isinstance(call.func, ast.Attribute):
            left, right = session.text.of(call.func.value), session.text.of(call.args[0])
            yield change(
                session,
                call,
                f"{bracketed(_turning(session, right))}.{call.func.attr}({_turning(session, left)})",
            )
    for call in calls(session, "dot", "matmul", "mm"):
        if call in session.back and len(call.args) == 2:
            first, second = (session.text.of(one) for one in call.args)
            changes = (
                session.text.replaced(call.args[0], _turning(session, second)),
                session.text.replaced(call.args[1], _turning(session, first)),
            )
            yield Candidate(changes, session.text.statement(call))
    for call in calls(session, "outer", "ger"):
        if len(call.args) == 2:
            yield _exchanged(session, call)
    for call in calls(session, "einsum"):
        yield from _letters(session, call, exchange=True)
    for value in sites(session):
        if any(np.ndim(v) == 2 for v in held(session, value)):
            yield change(session, value, _turning(session, session.text.of(value)), 1)
    yield from indices_exchanged(session)


WAYS: dict[str, tuple[Maker, ...]] = {
    "w-not-transposed": (w_turned,),
    "index-clash": (other_index,),
    "weights-of-wrong-layer": (w_of_this_way,),
    "post-update-weights": (later,),
    "max-over-paths": (all_paths,),
    "dropout-mask-missing": (times_mask,),
    "a-of-same-layer": (a_before,),
    "a-of-wrong-layer": (a_before,),
    "z-for-a": (a_before,),
    "gradient-transposed": (gradient_turned,),
}
