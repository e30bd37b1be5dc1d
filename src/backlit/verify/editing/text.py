"""The text of a user's file: where a node of its syntax tree stands in it, and changes made to it.

Positions are in bytes, as Python's own are. A Change keeps everything but what it replaces: their names, their spaces.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TypeGuard

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)


@dataclass(frozen=True)
class Change:
    """Bytes ``start`` to ``end`` replaced by ``text``."""

    start: int
    end: int
    text: str


class Text:
    """A source: its tree and its bytes."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.bytes = source.encode()
        self.tree = ast.parse(source)
        lines = self.bytes.splitlines(keepends=True)
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))

    @cached_property
    def parent(self) -> dict[ast.AST, ast.AST]:
        """Each node's parent."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def start(self, node: ast.expr | ast.stmt) -> int:
        """Where a node begins."""
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt) -> int:
        """Where a node ends."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def of(self, node: ast.expr | ast.stmt) -> str:
        """A node's text."""
        return self.bytes[self.start(node) : self.end(node)].decode()

    def between(self, start: int, end: int) -> str:
        """Any part of the text."""
        return self.bytes[start:end].decode()

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that a node is part of."""
        while not isinstance(node, ast.stmt):
            node = self.parent[node]
        return node

    def head(self, statement: ast.stmt) -> tuple[int, int]:
        """A statement's span; of one with a body, only what stands before the body."""
        body = getattr(statement, "body", None)
        start = self.start(statement)
        if not body:
            return start, self.end(statement)
        return start, start + len(self.bytes[start : self.start(body[0])].rstrip())

    def shown(self, statement: ast.stmt, changes: tuple[Change, ...]) -> tuple[int, int]:
        """What of a statement to show: all of it, or the one line of several in which all the changes lie."""
        start, end = self.head(statement)
        if b"\n" not in self.bytes[start:end]:
            return start, end
        first = self.bytes.rfind(b"\n", start, changes[0].start) + 1
        last = self.bytes.find(b"\n", first)
        if last < 0 or any(not first <= one.start <= one.end <= last for one in changes):
            return start, end
        return max(first, start), min(last, end)

    def line(self, statement: ast.stmt, changes: tuple[Change, ...]) -> int:
        """The line that ``shown`` begins on."""
        return self.bytes.count(b"\n", 0, self.shown(statement, changes)[0]) + 1

    def sides(self, node: ast.BinOp) -> tuple[str, str]:
        """The texts of a product's two sides, with the brackets that they stand in."""
        after_left, before_right = self.end(node.left), self.start(node.right)
        sign = re.search(rb"\*\*|//|[-*/@+]", self.bytes[after_left:before_right])
        assert sign is not None
        at = after_left + sign.start()
        left = self.between(self.start(node), at).strip()
        right = self.between(after_left + sign.end(), self.end(node)).strip()
        return left, right

    def replaced(self, node: ast.expr | ast.stmt, text: str) -> Change:
        """The change that puts ``text`` in a node's place."""
        return Change(self.start(node), self.end(node), text)

    def changed(self, changes: tuple[Change, ...]) -> str:
        """The whole source with the changes made."""
        return self.part(0, len(self.bytes), changes)

    def part(self, start: int, end: int, changes: tuple[Change, ...]) -> str:
        """A part of the source with those changes made that lie in it."""
        made, at = b"", start
        for change in sorted(changes, key=lambda one: one.start):
            if start <= change.start and change.end <= end:
                made += self.bytes[at : change.start] + change.text.encode()
                at = change.end
        return (made + self.bytes[at:end]).decode()


def one_line(text: str) -> str:
    """Code of several lines as one, for showing."""
    return " ".join(line.strip().removesuffix("\\").strip() for line in text.splitlines())


def whole(text: str) -> bool:
    """Whether an expression can be followed by ``* …`` as it is: a name, a call, something in brackets."""
    node = ast.parse(text.strip(), mode="eval").body
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant))


def bracketed(text: str) -> str:
    """An expression that other operators may be put around."""
    stripped = text.strip()
    return stripped if whole(stripped) or unbracketed(stripped) != stripped else f"({stripped})"


def unbracketed(text: str) -> str:
    """An expression without brackets around all of it."""
    stripped = text.strip()
    if not (stripped.startswith("(") and stripped.endswith(")")):
        return stripped
    depth = 0
    for at, letter in enumerate(stripped):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and at < len(stripped) - 1:
            return stripped
    inner = stripped[1:-1].strip()
    return stripped if isinstance(ast.parse(stripped, mode="eval").body, ast.Tuple) else inner


def is_product(node: ast.AST | None, *kinds: type[ast.operator]) -> TypeGuard[ast.BinOp]:
    """Whether a node is an operation of one of these kinds (any of * and / where none is named)."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, kinds or (ast.Mult, ast.Div))
