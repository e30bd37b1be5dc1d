"""What can be written at a place of a user's function: the expressions in sight there, with what they hold.

Names, attributes of self, entries of lists and dicts by the loops' own variables (``zs[-l]``, ``cache["Z" + str(l)]``,
``z[l][j]``), in the spelling that the source has already.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from .reader import Frame, Thing

Seen = dict[str, Any]  # text → value
_MOST = 1500
_SHIFTS = (0, -1, 1)


def loop_names(tree: ast.AST) -> set[str]:
    """The variables that loops of the source go through."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.For, ast.comprehension)):
            found |= {one.id for one in ast.walk(node.target) if isinstance(one, ast.Name)}
        elif isinstance(node, ast.While):
            found |= {one.id for one in ast.walk(node.test) if isinstance(one, ast.Name)}
            steps = (one.target for one in ast.walk(node) if isinstance(one, ast.AugAssign))
            found |= {target.id for target in steps if isinstance(target, ast.Name)}  # k -= 1
    return found


class Scope:
    """How the source spells its indices."""

    def __init__(self, source: str, tree: ast.AST) -> None:
        self._loops = loop_names(tree)
        spaced = re.search(r"\[-?\w+ [-+] \d+\]", source) is not None
        self._sign = " {} " if spaced or re.search(r"\[-?\w+[-+]\d+\]", source) is None else "{}"
        self._formatted = re.search(r"""\[\s*f["']""", source) is not None
        quote = re.search(r"""\[\s*f?(["'])""", source)
        self._quote = quote.group(1) if quote else '"'

    def seen(self, frame: Frame) -> Seen:
        """Every expression in sight, shorter ones first, that holds numbers."""
        found: Seen = {}
        here: Frame | None = frame
        counts: dict[str, int] = {}
        while here is not None and here.parent is not None:
            for name, value in here.names.items():
                if name in self._loops and isinstance(value, int) and not isinstance(value, bool):
                    counts.setdefault(name, value)
            here = here.parent
        here = frame
        while here is not None and here.parent is not None:
            for name, value in here.names.items():
                for text, held in self._of(name, value, counts):
                    if len(found) > _MOST:
                        return found
                    found.setdefault(text, held)
            here = here.parent
        return found

    def _of(self, name: str, value: Any, counts: dict[str, int]) -> Iterator[tuple[str, Any]]:
        if isinstance(value, Thing):
            for attribute, held in value.names.items():
                if not isinstance(held, Thing):
                    yield from self._of(f"{name}.{attribute}", held, counts)
        elif isinstance(value, (float, np.floating)):
            yield name, float(value)
        elif isinstance(value, np.ndarray):
            yield name, value.copy()
            yield from self._entries(name, value, counts)
        elif isinstance(value, (list, tuple)):
            yield from self._layers(name, value, counts)
        elif isinstance(value, dict):
            yield from self._keys(name, value, counts)

    def _layers(self, name: str, many: Any, counts: dict[str, int]) -> Iterator[tuple[str, Any]]:
        """Entries of a list, by loop variables with a shift of at most one, or by plain numbers."""
        texts = {
            f"{name}[{index}]": at for index, at in self._indices(counts) if -len(many) <= at < len(many)
        }
        texts |= {f"{name}[{at}]": at for at in range(len(many))}
        for text, at in texts.items():
            held = many[at]
            if isinstance(held, np.ndarray):
                yield text, held.copy()
            elif isinstance(held, (float, np.floating)):
                yield text, float(held)
            if isinstance(held, (np.ndarray, list)):
                yield from self._entries(text, held, counts)
            elif isinstance(held, dict):
                yield from self._keys(text, held, {})
            elif isinstance(held, tuple):
                yield from self._layers(text, held, {})

    def _indices(self, counts: dict[str, int]) -> Iterator[tuple[str, int]]:
        for shift in _SHIFTS:
            for name, count in counts.items():
                moved = "" if not shift else self._sign.format("-" if shift < 0 else "+") + "1"
                yield f"{name}{moved}", count + shift
                yield f"-{name}{moved}", -count + shift

    def _entries(
        self, text: str, value: Any, counts: dict[str, int], depth: int = 0
    ) -> Iterator[tuple[str, Any]]:
        """Entries of an array or of nested lists, by loop variables as they are."""
        if depth > 2 or not isinstance(value, (np.ndarray, list)) or np.ndim(value) == 0:
            return
        for name, count in counts.items():
            if count < 0 or count >= len(value):
                continue
            held, inner = value[count], f"{text}[{name}]"
            if isinstance(held, (float, np.floating)):
                yield inner, float(held)
            elif isinstance(held, np.ndarray):
                yield inner, held.copy()
            yield from self._entries(inner, held, counts, depth + 1)

    def _keys(self, name: str, many: dict[Any, Any], counts: dict[str, int]) -> Iterator[tuple[str, Any]]:
        for key, held in many.items():
            if not isinstance(key, (str, int)) or not isinstance(held, (np.ndarray, float)):
                if isinstance(key, str) and isinstance(held, (list, tuple)):
                    yield from self._layers(f"{name}[{self._quoted(key)}]", held, counts)
                continue
            kept = held.copy() if isinstance(held, np.ndarray) else held
            for index in self._spellings(key, counts):
                yield f"{name}[{index}]", kept

    def _quoted(self, key: str) -> str:
        return f"{self._quote}{key}{self._quote}"

    def _spellings(self, key: str | int, counts: dict[str, int]) -> Iterator[str]:
        numbered = re.fullmatch(r"(\D*)(\d+)", str(key))
        if numbered:
            stem, number = numbered.group(1), int(numbered.group(2))
            for index, at in self._indices(counts):
                if at == number and not index.startswith("-"):
                    if isinstance(key, int):
                        yield index
                    elif self._formatted:
                        yield f"f{self._quote}{stem}{{{index}}}{self._quote}"
                    else:
                        yield f"{self._quoted(stem)} + str({index})"
        yield self._quoted(key) if isinstance(key, str) else str(key)
