"""A derivation for the terminal: the answer, one formula with numbers under its symbols, each factor opened, the proof.

A pure function of the tree: docs/explain.md shows what it looks like. Tables stand in tables.py, lines in paper.py.
"""

from __future__ import annotations

from .formula import figures
from .outline import MARKS, Block, forms, nudge, outline, shapes
from .paper import Paper, padded, width_of
from .proof import Agreement
from .rows import at_kinks, ways
from .steps import Derivation, Step
from .tables import array, examples_table, terms_table

_INDENT = 2
_TABLE = 7  # where tables begin


def text(derivation: Derivation, *, width: int = 100, colour: bool = False, proof: bool = True) -> str:
    """The derivation in lines of at most ``width`` columns, 40 or more; ``proof`` leaves out its last lines."""
    paper = Paper(width, colour)
    _answer(paper, derivation)
    paper.gap()
    _Body(paper).block(outline(derivation.root))
    if proof:
        paper.gap()
        _proof(paper, derivation, derivation.check())
    return "\n".join(paper.lines).rstrip() + "\n"


def _answer(paper: Paper, derivation: Derivation) -> None:
    root = derivation.root
    value = figures(root.value) if root.scalar else "array of " + " × ".join(map(str, root.shape))
    shown = paper.signed(value, root.value) if root.scalar else value
    head = f"{paper.bold(root.symbol.text)} = {shown}"
    if width_of(head) + 6 + len(derivation.statement) <= paper.width:
        paper.put(f"{head}      {derivation.statement}")
    else:
        paper.put(head)
        paper.prose(derivation.statement)
    paper.pieces(derivation.conventions, " · ", 0)


def _proof(paper: Paper, derivation: Derivation, found: Agreement) -> None:
    if said := nudge(derivation, found):
        paper.prose(said, _INDENT, _INDENT + 9, first="nudge    ")
    paper.pieces(
        [check.said + MARKS[check.passed] for check in found.checks], "    ", _INDENT, first="proof    "
    )


class _Body:
    """The blocks one after the other."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper

    def block(self, block: Block, wide: int = 0) -> None:
        """A block with everything below it; lines side by side have symbols of one width."""
        if block.heading:
            self.paper.prose(block.heading, _INDENT)
            self.paper.gap()
        wide = wide or width_of(block.step.symbol.text)
        if block.shape == "equation":
            self._formula(block.step)
            self.paper.gap()
            self._parts(block)
        elif block.shape == "array":
            self._array(block)
        elif block.shape == "table":
            self._sum(block, wide)
        else:
            self._line(block.step, wide)
            self._below(block)

    def _formula(self, step: Step) -> None:
        """``symbol = f · g · h``, and the numbers under the symbols."""
        sign = "·" if step.kind == "product" else "+"
        cells = [(part.factor.text, figures(part.value)) for part in step.parts]
        wide = [max(width_of(symbol), width_of(number)) for symbol, number in cells]
        name = step.symbol.text
        rows = [[padded(cell[row], w) for cell, w in zip(cells, wide, strict=True)] for row in (0, 1)]
        before = " " * _INDENT + name
        between = f"  {sign}  "
        if width_of(before) + 5 + sum(wide) + len(between) * (len(cells) - 1) + 5 > self.paper.width:
            self._stacked(step, sign)
            return
        blank = " " * width_of(before)
        self.paper.put(f"{before}  =  {between.join(rows[0])}", step.tag)
        if len(cells) > 1:
            self.paper.put(f"{blank}  =  {between.join(rows[1])}")
        self.paper.put(f"{blank}  =  {self.paper.signed(figures(step.value), step.value)}")

    def _stacked(self, step: Step, sign: str) -> None:
        self.paper.put(" " * _INDENT + step.symbol.text, step.tag)
        for row in ([part.factor.text for part in step.parts], [figures(part.value) for part in step.parts]):
            self.paper.pieces([row[0], *(f"{sign} {one}" for one in row[1:])], " ", _INDENT + 2, first="=  ")
        self.paper.put(" " * (_INDENT + 2) + f"=  {self.paper.signed(figures(step.value), step.value)}")

    def _parts(self, block: Block) -> None:
        """Each factor opened in turn: the leaves in a block, aligned, and what has more below it after them."""
        wide = max(width_of(part.symbol.text) for part in block.step.parts)
        for one in block.under:
            if one.shape == "equation" or one.step.kind in ("mean", "each"):
                self.paper.gap()
                self.block(one)
            else:
                self.block(one, wide)

    def _line(self, step: Step, wide: int) -> None:
        """``symbol  =  formula at z = …  =  numbers  =  value      remark``, on more lines where one is too short."""
        listed = [form.text for form in forms(step)]
        head = f"{padded(step.symbol.text, wide)}  =  "
        start = _INDENT + width_of(head)
        line = " " * _INDENT + head + "  =  ".join(listed)
        if width_of(line) > self.paper.width:
            further = [f"=  {form}" for form in listed[1:]]
            self.paper.pieces([listed[0], *further], "  ", _INDENT, first=head, back=3)
            if step.remark:
                self.paper.prose(step.remark, start)
        elif step.remark and width_of(line) + 6 + len(step.remark) > self.paper.width:
            self.paper.put(line)
            self.paper.prose(step.remark, start)
        else:
            self.paper.put(f"{line}      {step.remark}")

    def _below(self, block: Block) -> None:
        """What a line's step has below it: the factors that cancel."""
        self._leaves(block.under, gap=False)
        if block.step.terms is not None:
            self.paper.gap()
            terms_table(self.paper, block.step, self._indent())
            self.paper.gap()

    def _indent(self) -> int:
        return min(_TABLE, self.paper.width // 12)

    def _sum(self, block: Block, wide: int) -> None:
        """A sum's formula, its table, and those of its terms that were opened and are shown."""
        step, terms = block.step, block.step.terms
        assert terms is not None
        said = ways(step)
        line = f"{' ' * _INDENT}{padded(step.symbol.text, wide)}  =  {step.formula.text}"
        if width_of(line) + 6 + len(said) + len(step.tag) + 2 <= self.paper.width:
            self.paper.put(f"{line}      {said}" if said else line, step.tag)
        else:
            first = f"{padded(step.symbol.text, wide)}  =  "
            self.paper.pieces(step.formula.text.split(" · "), " · ", _INDENT, first=first)
            if said:
                self.paper.prose(said, _INDENT + width_of(first))
        self.paper.gap()
        terms_table(self.paper, step, self._indent())
        for sentence in at_kinks(terms):
            self.paper.prose(sentence, self._indent())
        self.paper.gap()
        leaves = tuple(one for one in block.under if one.step.kind in ("cost", "slope") and not one.heading)
        self._leaves(leaves)
        for one in block.under:
            if one not in leaves:
                self.block(one)
                self.paper.gap()

    def _leaves(self, blocks: tuple[Block, ...], *, gap: bool = True) -> None:
        """Steps of one line each, aligned."""
        wide = max((width_of(one.step.symbol.text) for one in blocks), default=0)
        for one in blocks:
            self.block(one, wide)
        if gap:
            self.paper.gap()

    def _array(self, block: Block) -> None:
        """A block: its formula with shapes, a corner of it; or a value for each example."""
        step = block.step
        if step.formula.text:
            first = f"{step.symbol.text}  =  "
            if _INDENT + width_of(first + step.formula.text) + 6 <= self.paper.width:
                self.paper.put(" " * _INDENT + first + step.formula.text, step.tag)
            else:
                self.paper.pieces(step.formula.text.split(" · "), " · ", _INDENT, first=first)
            if said := shapes(step):
                own, _, parts = said.partition(" = ")
                head = f"{padded(own, width_of(step.symbol.text))}  =  "
                self.paper.pieces(parts.split(" · "), " · ", _INDENT, first=head)
            self.paper.gap()
        if step.terms is not None:
            self.paper.prose(step.remark, _INDENT)
            self.paper.gap()
            examples_table(self.paper, step.terms, _TABLE)
            self.paper.gap()
            for one in block.under:
                self.block(one)
                self.paper.gap()
            return
        array(self.paper, step.value, _INDENT + 2)
        if step.remark:
            self.paper.prose(step.remark, _INDENT)
