"""A derivation for the terminal: the answer, one formula with numbers under its symbols, each factor opened, the proof.

A pure function of the tree: docs/explain.md shows what it looks like. Tables stand in tables.py, lines in paper.py.
"""

from __future__ import annotations

from .formula import figures
from .labels import Labels
from .letters import Letters
from .paper import Paper, padded, width_of
from .proof import Agreement
from .steps import Derivation, Step
from .tables import array, examples_table, rows_shown, terms_table
from .words import kind_of

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_INDENT = 2
_TABLE = 7  # where tables begin


def text(derivation: Derivation, *, width: int = 100, colour: bool = False, proof: bool = True) -> str:
    """The derivation in lines of at most ``width`` columns, 40 or more; ``proof`` leaves out its last lines."""
    paper = Paper(width, colour)
    _answer(paper, derivation)
    paper.gap()
    _Body(paper, derivation).root()
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
    by = derivation.derivative.by
    if found.nudge is not None:
        letters = Letters(derivation.problem.labels)
        of = "C + R" if derivation.root.kind == "total" else letters.of(derivation.derivative.of).text
        paper.prose(found.nudged(kind_of(letters, by), of), _INDENT, _INDENT + 9, first="nudge    ")
    marks = {True: " ✓", False: " ✗", None: ""}
    paper.pieces(
        [check.said + marks[check.passed] for check in found.checks], "    ", _INDENT, first="proof    "
    )


class _Body:
    """The steps one after the other, each once."""

    def __init__(self, paper: Paper, derivation: Derivation) -> None:
        self.paper, self.derivation = paper, derivation
        self.labels: Labels = derivation.problem.labels
        self.seen: set[int] = set()

    def root(self) -> None:
        """The root's formula, then all that it is made of."""
        self.step(self.derivation.root, head=True)

    def step(self, step: Step, *, head: bool = False) -> None:
        """A step with everything below it, unless it was shown before."""
        if id(step) in self.seen:
            return
        self.seen.add(id(step))
        if step.kind in ("product", "total") and step.scalar:
            self._formula(step)
            self.paper.gap()
            self._parts(step)
        elif not step.scalar:
            self._array(step)
        elif step.terms is not None and step.kind != "cancelled":
            self._sum(step, width_of(step.symbol.text))
        else:
            self._line(step, width_of(step.symbol.text))

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

    def _parts(self, step: Step) -> None:
        """Each factor opened in turn: the leaves in a block, aligned, and what has more below it after them."""
        wide = max(width_of(part.symbol.text) for part in step.parts)
        later = []
        for part in step.parts:
            if id(part) in self.seen:
                continue
            if part.kind in ("product", "total", "mean") or (part.kind == "each"):
                later.append(part)
                continue
            self.seen.add(id(part))
            if part.terms is not None and part.kind != "cancelled":
                self._sum(part, wide)
            else:
                self._line(part, wide)
        for part in later:
            self.paper.gap()
            self.step(part)

    def _line(self, step: Step, wide: int) -> None:
        """``symbol  =  formula at z = …  =  numbers  =  value      remark``, on more lines where one is too short."""
        forms = [step.formula.text] if step.formula.text else []
        if step.kind == "slope" and step.inputs and forms and step.formula.text != "1":
            forms = [f"{forms[0]} at z = {figures(step.inputs[0].value)}"]
        forms += [line.text for line in step.lines]
        value = figures(step.value)
        if step.numbers.text and step.numbers.text not in (value, step.formula.text):
            forms.append(step.numbers.text)
        if step.symbol.text != "1":
            forms.append(value)
        if len(forms) > 1 and forms[-2] == value:
            forms.pop()
        head = f"{padded(step.symbol.text, wide)}  =  "
        start = _INDENT + width_of(head)
        line = " " * _INDENT + head + "  =  ".join(forms)
        if width_of(line) > self.paper.width:
            further = [f"=  {form}" for form in forms[1:]]
            self.paper.pieces([forms[0], *further], "  ", _INDENT, first=head, back=3)
            if step.remark:
                self.paper.prose(step.remark, start)
        elif step.remark and width_of(line) + 6 + len(step.remark) > self.paper.width:
            self.paper.put(line)
            self.paper.prose(step.remark, start)
        else:
            self.paper.put(f"{line}      {step.remark}")
        self._below(step)

    def _below(self, step: Step) -> None:
        """What a line's step has below it: the factors that cancel."""
        if step.kind != "cancelled":
            return
        wide = max((width_of(part.symbol.text) for part in step.parts), default=0)
        for part in step.parts:
            if id(part) not in self.seen:
                self.seen.add(id(part))
                self._line(part, wide)
        if step.terms is not None:
            self.paper.gap()
            terms_table(self.paper, step, self._indent())
            self.paper.gap()

    def _indent(self) -> int:
        return min(_TABLE, self.paper.width // 12)

    def _sum(self, step: Step, wide: int) -> None:
        """A sum's formula, its table, and those of its terms that were opened and are shown."""
        terms = step.terms
        assert terms is not None
        said = self._ways(step)
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
        self._at_kinks(step)
        self.paper.gap()
        rows = [row for row in rows_shown(terms) if row in terms.opened]
        plain = [terms.opened[row] for row in rows if terms.opened[row].kind in ("cost", "slope")]
        self._leaves([one for one in plain if id(one) not in self.seen])
        for row in rows:
            self._opened(step, row)

    def _at_kinks(self, step: Step) -> None:
        """That factors of the table stand at a kink, with the slopes on both sides of it."""
        terms = step.terms
        assert terms is not None
        for kink in dict.fromkeys(terms.kinks.values()):
            rows = [terms.labels[row] for row, one in terms.kinks.items() if one == kink]
            listed = ", ".join(rows[:6]) + (f", … ({len(rows)} in all)" if len(rows) > 6 else "")
            slopes = f"slope {figures(kink.left)} on the left, {figures(kink.right)} on the right"
            self.paper.prose(f"at the kink {kink.where} ({slopes}): {terms.what} {listed}", self._indent())

    def _leaves(self, steps: list[Step]) -> None:
        """Steps of one line each, aligned."""
        wide = max((width_of(one.symbol.text) for one in steps), default=0)
        for one in steps:
            self.seen.add(id(one))
            self._line(one, wide)
        self.paper.gap()

    def _opened(self, step: Step, row: int) -> None:
        terms = step.terms
        assert terms is not None
        one = terms.opened[row]
        if id(one) in self.seen:
            return
        if step.kind in ("mean", "each"):
            self.paper.prose(f"the largest, example {terms.labels[row]}, opened:", _INDENT)
            self.paper.gap()
        self.step(one)
        self.paper.gap()

    def _ways(self, step: Step) -> str:
        """``ten paths, one through each output``."""
        terms = step.terms
        assert terms is not None
        if not terms.paths:
            return ""
        n = len(terms)
        count = _NUMBERS[n - 1] if n <= len(_NUMBERS) else f"{n:,}"
        if step.symbol.text.find("/∂z") >= 0:
            return step.remark
        return (
            f"{count} paths, one through each {terms.what}"
            if terms.what == "output"
            else f"{count} ways on, one through each neuron"
        )

    def _array(self, step: Step) -> None:
        """A block: its formula with shapes, a corner of it; or a value for each example."""
        if step.formula.text:
            first = f"{step.symbol.text}  =  "
            if _INDENT + width_of(first + step.formula.text) + 6 <= self.paper.width:
                self.paper.put(" " * _INDENT + first + step.formula.text, step.tag)
            else:
                self.paper.pieces(step.formula.text.split(" · "), " · ", _INDENT, first=first)
            shapes = [_shape(part) for part in step.parts]
            if shapes:
                self.paper.pieces(
                    shapes, " · ", _INDENT, first=f"{padded(_shape(step), width_of(step.symbol.text))}  =  "
                )
            self.paper.gap()
        if step.terms is not None:
            self.paper.prose(step.remark, _INDENT)
            self.paper.gap()
            examples_table(self.paper, step.terms, _TABLE)
            self.paper.gap()
            for row in step.terms.opened:
                self._opened(step, row)
            return
        array(self.paper, step.value, _INDENT + 2)
        if step.remark:
            self.paper.prose(step.remark, _INDENT)


def _shape(step: Step) -> str:
    return "×".join(map(str, step.shape)) or "1"
