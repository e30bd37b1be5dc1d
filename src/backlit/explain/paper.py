"""What terminal text is laid out with: lines that never get wider than the page, cells that align, signs with colours.

Widths are counted without escape codes. What is written where is text.py's and tables.py's matter.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_POSITIVE, _NEGATIVE, _FAINT, _BOLD, _END = "\x1b[34m", "\x1b[38;5;208m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
NARROWEST = 40


def width_of(text: str) -> int:
    """The columns that it takes."""
    return len(_ESCAPES.sub("", text))


class Paper:
    """Lines of at most ``width`` columns; with ``colour``, signs have theirs (never alone: the sign is written too)."""

    def __init__(self, width: int, colour: bool) -> None:
        self.width, self.colour = max(NARROWEST, width), colour
        self.lines: list[str] = []

    def signed(self, text: str, value: float) -> str:
        """Blue above 0, orange below; what is shown as 0 has no colour."""
        if not self.colour or not value or not text.strip("0. "):
            return text
        return f"{_POSITIVE if value > 0 else _NEGATIVE}{text}{_END}"

    def bold(self, text: str) -> str:
        """Of the answer."""
        return f"{_BOLD}{text}{_END}" if self.colour else text

    def faint(self, text: str) -> str:
        """Of what stands in the background."""
        return f"{_FAINT}{text}{_END}" if self.colour else text

    def put(self, line: str = "", tag: str = "") -> None:
        """One line, with a tag at the right edge where there is room for it."""
        line = line.rstrip()
        space = self.width - width_of(line) - len(tag)
        if tag and space >= 2:
            line = f"{line}{' ' * space}{self.faint(tag)}"
        self.lines.append(line)

    def gap(self) -> None:
        """An empty line, never two."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def prose(self, text: str, indent: int = 0, hanging: int | None = None, first: str = "") -> None:
        """Words in as many lines as they take; ``first`` stands before the first of them."""
        hanging = indent if hanging is None else hanging
        head = " " * indent + first
        room = self.width - width_of(head)
        if width_of(text) <= room:
            self.put(head + text)
            return
        for place, line in enumerate(self._wrapped(text, width_of(head), hanging)):
            self.put((head if place == 0 else " " * hanging) + line)

    def _wrapped(self, text: str, before: int, hanging: int) -> list[str]:
        body = textwrap.wrap(
            "\0" * before + text, self.width, subsequent_indent=" " * hanging, break_long_words=True,
            break_on_hyphens=False,
        )  # fmt: skip
        return [line.lstrip("\0 ") for line in body]

    def pieces(
        self, parts: Sequence[str], separator: str, indent: int, first: str = "", back: int = 0
    ) -> None:
        """Parts side by side while they fit, and on further lines where they don't, ``back`` to the left."""
        line, start = " " * indent + first, indent + width_of(first) - back
        empty = True
        for part in parts:
            joined = line + ("" if empty else separator) + part
            if not empty and width_of(joined) > self.width:
                self.put(line)
                line, empty = " " * start, True
                joined = line + part
            if empty and width_of(joined) > self.width:
                self.prose(part, start, first=line.strip() and first)
                line, empty = " " * start, True
                continue
            line, empty = joined, False
        if not empty:
            self.put(line)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """With spaces to this width."""
    space = " " * max(0, width - width_of(text))
    return space + text if right else text + space
