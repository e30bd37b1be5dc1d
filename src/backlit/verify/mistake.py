"""What a known mistake is: one row of the tables, with its algebra as it should be and as it seems to be coded.

Rows hold templates; a finding (finding.py) fills in the layer. Nothing here looks at numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

About = Literal["gradient", "forward", "update"]
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Lines:
    """The line right and as coded, in the note's letters; and the edit, in NumPy as people write it."""

    right: str
    yours: str
    before: str
    after: str


@dataclass(frozen=True)
class Mistake:
    """One row. ``breaks`` are the tags of the equations; ``output`` has the lines where layer L differs.

    ``meaning`` is plain; in every other text {where} is "hidden layer 1" or "the output layer"; {l}, {next}, {prev} and
    {L} are layers as superscripts, {i_l}, {i_next}, {i_prev}, {i_L} as plain numbers, or [l] where no layer is meant.
    """

    id: str
    about: About
    title: str
    meaning: str
    breaks: tuple[str, ...]
    lines: Lines
    why: str
    output: Lines | None = None

    def lines_at(self, l: int | None, L: int) -> Lines:
        """The lines with the layer's numbers in them; ``l`` None is where all layers are concerned."""
        chosen = self.output if self.output is not None and l == L else self.lines
        return Lines(
            *(fill(text, l, L) for text in (chosen.right, chosen.yours, chosen.before, chosen.after))
        )

    def titled(self, layers: tuple[int, ...], L: int) -> str:
        """The title for these layers; none, or all of several, is "every layer"."""
        return fill(self.title, layers[0] if layers else None, L, where=where(layers, L))


def where(layers: tuple[int, ...], L: int) -> str:
    """The layers in words: "hidden layer 1", "the output layer", "layers 1 and 3", "every layer"."""
    if not layers or (L > 1 and len(layers) == L):
        return "every layer"
    if len(layers) > 1:
        hidden = tuple(range(1, L))
        if layers == hidden:
            return "every hidden layer"
        *first, last = map(str, layers)
        return f"layers {', '.join(first)} and {last}"
    return "the output layer" if layers[0] == L else f"hidden layer {layers[0]}" if layers[0] else "the input"


def fill(text: str, l: int | None, L: int, **more: str) -> str:
    """A template with the layer's numbers; where no single layer is meant, the letters l, l+1 and l−1."""
    plain = {
        "i_l": "[l]" if l is None else str(l),
        "i_next": "[l+1]" if l is None else str(l + 1),
        "i_prev": "[l-1]" if l is None else str(l - 1),
        "i_L": str(L),
    }
    raised = {
        "l": "ˡ" if l is None else str(l).translate(_SUPERSCRIPTS),
        "next": "ˡ⁺¹" if l is None else str(l + 1).translate(_SUPERSCRIPTS),
        "prev": "ˡ⁻¹" if l is None else str(l - 1).translate(_SUPERSCRIPTS),
        "L": str(L).translate(_SUPERSCRIPTS),
    }
    return text.format(**plain, **raised, **more)
