"""In which order a derivation is told, whatever it is told with: blocks, each with what is told below it.

From the tree alone. A step stands in one block, where it is needed first; of a sum's terms those are told that have a
row in its table (rows.py). The terminal, LaTeX, HTML and Markdown lay out these blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .formula import Formula, number
from .letters import Letters
from .proof import Agreement
from .rows import rows_shown
from .steps import Derivation, Step
from .words import kind_of

MARKS = {True: " ✓", False: " ✗", None: ""}
Shape = Literal[
    "equation",  # a product or a total: symbol = f · g, the numbers under the symbols
    "line",  # symbol = formula = numbers = value, and a remark
    "table",  # a sum's or a mean's formula and its terms
    "array",  # a block: formula, shapes, a corner; or a value an example
]


@dataclass(frozen=True, eq=False)
class Block:
    """A step and what is told below it; ``heading`` is said before it, "" mostly."""

    shape: Shape
    step: Step
    under: tuple[Block, ...] = ()
    heading: str = ""


def outline(root: Step) -> Block:
    """The blocks of a derivation."""
    block = _Teller().step(root)
    assert block is not None
    return block


class _Teller:
    """Goes through a tree and remembers what was told."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def step(self, step: Step, heading: str = "") -> Block | None:
        """A step with everything below it; None where it was told before."""
        if id(step) in self.seen:
            return None
        self.seen.add(id(step))
        if step.kind in ("product", "total") and step.scalar:
            return Block("equation", step, self._parts(step), heading)
        if not step.scalar:
            opened = list(step.terms.opened) if step.terms else []
            return Block("array", step, self._opened(step, opened), heading)
        return self._simple(step, heading)

    def _simple(self, step: Step, heading: str = "") -> Block:
        if step.kind == "cancelled":
            return Block("line", step, self._leaves(step.parts), heading)
        if step.terms is None:
            return Block("line", step, (), heading)
        rows = [row for row in rows_shown(step.terms) if row in step.terms.opened]
        opened = [step.terms.opened[row] for row in rows]
        plain = self._leaves(tuple(one for one in opened if one.kind in ("cost", "slope")))
        return Block("table", step, (*plain, *self._opened(step, rows)), heading)

    def _parts(self, step: Step) -> tuple[Block, ...]:
        """Each factor: the leaves first, and what has more below it after them."""
        told: list[Block] = []
        later: list[Step] = []
        for part in step.parts:
            if id(part) in self.seen:
                continue
            if part.kind in ("product", "total", "mean", "each"):
                later.append(part)
                continue
            self.seen.add(id(part))
            told.append(self._simple(part) if part.scalar else Block("array", part))
        return (*told, *(block for part in later if (block := self.step(part))))

    def _leaves(self, steps: tuple[Step, ...]) -> tuple[Block, ...]:
        fresh = [one for one in steps if id(one) not in self.seen]
        self.seen.update(map(id, fresh))
        return tuple(Block("line", one) for one in fresh)

    def _opened(self, step: Step, rows: list[int]) -> tuple[Block, ...]:
        terms = step.terms
        if terms is None:
            return ()
        told = []
        for row in rows:
            largest = step.kind in ("mean", "each")
            said = f"the largest, example {terms.labels[row]}, opened:" if largest else ""
            if block := self.step(terms.opened[row], said):
                told.append(block)
        return tuple(told)


def forms(step: Step) -> list[Formula]:
    """What stands behind the equals signs of a line: the formula, forms on the way, the numbers, the value."""
    value = number(step.value)
    found = [step.formula] if step.formula.text else []
    if step.kind == "slope" and step.inputs and found and step.formula.text != "1":
        z = number(step.inputs[0].value)
        found = [
            Formula(f"{step.formula.text} at z = {z.text}", rf"{step.formula.tex} \text{{ at }} z = {z.tex}")
        ]
    found += step.lines
    if step.numbers.text not in ("", value.text, step.formula.text):
        found.append(step.numbers)
    if step.symbol.text != "1":
        found.append(value)
    if len(found) > 1 and found[-2].text == value.text:
        found.pop()
    return found


def shapes(step: Step) -> str:
    """The shapes of a block and of its parts: ``30×64 = 30×1 · 1×64``; "" without parts."""
    own, *parts = ("×".join(map(str, one.shape)) or "1" for one in (step, *step.parts))
    return f"{own} = {' · '.join(parts)}" if parts else ""


def nudge(derivation: Derivation, found: Agreement) -> str:
    """What happens where Q is raised, as predicted and as measured; "" where there is no nudge."""
    if found.nudge is None:
        return ""
    letters = Letters(derivation.problem.labels)
    of = "C + R" if derivation.root.kind == "total" else letters.of(derivation.derivative.of).text
    return found.nudged(kind_of(letters, derivation.derivative.by), of)
