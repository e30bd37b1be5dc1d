"""A derivation in HTML, from the tree alone: one self-contained fragment, or a page, with MathML and no script.

Whatever comes from data is escaped. Numbers show four significant digits and carry all of theirs in ``title`` and
``value``. Which steps and terms are shown is decided in outline.py and rows.py, how they look in derivation.css.
"""

from __future__ import annotations

import hashlib
from functools import cache
from html import escape
from pathlib import Path

from .formula import Formula, figures, number
from .mathml import mathml
from .outline import MARKS, Block, forms, nudge, outline, shapes
from .rows import Row, Table, at_kinks, corner_of, table_of, values_of, ways
from .steps import Derivation, Step

_FACTORS = 6  # colours
_BAR = 7.0  # rem, a bar of 100%
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>body {{ margin: 0; background: light-dark(#ffffff, #14181f); }}</style>
</head>
<body>
{body}</body>
</html>
"""


def html(derivation: Derivation, *, page: bool = False) -> str:
    """A fragment with its own style; ``page`` makes a whole document of it."""
    body = _Fragment(derivation).text()
    return _PAGE.format(title=escape(derivation.name), body=body) if page else body


@cache
def _style() -> str:
    return Path(__file__).with_name("derivation.css").read_text(encoding="utf-8")


def _maths(formula: Formula, *, large: bool = True) -> str:
    return mathml(formula.tex, large=large)


def _head(formula: Formula) -> str:
    return _maths(formula, large=False)


def _data(written: str, value: float, *, signed: bool = True) -> str:
    """A number as it is shown, with all its digits; the sign is written, and coloured."""
    sign = "positive" if value > 0 else "negative" if value < 0 else ""
    kind = f' class="{sign}"' if signed and sign else ""
    whole = repr(float(value))
    return f'<data{kind} value="{whole}" title="{whole.replace("-", "−")}">{escape(written)}</data>'


def _said(sentence: str, kind: str = "remark") -> str:
    return f'<p class="{kind}">{escape(sentence)}</p>' if sentence else ""


class _Fragment:
    """The parts of a fragment one after the other; ids begin with a hash, since a notebook shows many."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, root = derivation, derivation.root
        key = f"{derivation.name} {derivation.statement} {root.value}"
        self.id = "d" + hashlib.sha256(key.encode()).hexdigest()[:8]
        factors = root.parts if root.kind in ("product", "total") else ()
        self.colours = {id(part): place for place, part in enumerate(factors)}

    def text(self) -> str:
        """All of them."""
        body = self._answer() + self._block(outline(self.derivation.root)) + self._proof()
        name = escape(self.derivation.name)
        style = f"<style>\n{_style()}</style>\n"
        return f'{style}<article class="backlit" aria-label="derivation of {name}">\n{body}</article>\n'

    def _answer(self) -> str:
        root = self.derivation.root
        shape = " × ".join(map(str, root.shape))
        value = _data(figures(root.value), root.value) if root.scalar else f"<small>array of {shape}</small>"
        equals = " = " if root.scalar else " "
        said = " · ".join(f"<span>{escape(one)}</span>" for one in self.derivation.conventions)
        return (
            f'<header>\n<p class="answer" role="heading" aria-level="2">{_maths(root.symbol)}{equals}{value}</p>\n'
            f'{_said(self.derivation.statement, "statement")}\n<p class="conventions">{said}</p>\n</header>\n'
        )

    def _block(self, block: Block) -> str:
        step = block.step
        heading = _said(block.heading, "heading")
        if block.shape == "equation":
            inner = self._equation(step) + "".join(map(self._block, block.under))
            return heading + (inner if step is self.derivation.root else self._section(step, inner))
        if block.shape == "line":
            inner = self._line(step, forms(step)) + _said(step.remark)
            inner += "".join(map(self._block, block.under))
            inner += self._terms(step) if step.terms else ""
        elif block.shape == "table":
            inner = self._line(step, [step.formula]) + _said(ways(step)) + self._terms(step)
            inner += "".join(map(self._folded, block.under))
        else:
            inner = self._array(step) + "".join(map(self._block, block.under))
        return heading + self._section(step, inner)

    def _folded(self, block: Block) -> str:
        """What was opened of a sum's terms: folded away, but for the example that a mean was opened at."""
        if block.heading:
            return self._block(block)
        step = block.step
        value = _data(figures(step.value), step.value) if step.scalar else ""
        head = f"<summary>{_head(step.symbol)} = {value}</summary>"
        return f"<details>{head}\n{self._block(block)}</details>\n"

    def _section(self, step: Step, inner: str) -> str:
        """A step; a factor of the root carries its colour, and is what the formula's links lead to."""
        place = self.colours.get(id(step))
        if place is None:
            return f'<section class="step">\n{inner}</section>\n'
        return f'<section class="step part f{place % _FACTORS}" id="{self.id}-{place}">\n{inner}</section>\n'

    def _equation(self, step: Step) -> str:
        """``symbol = f · g``, the numbers under the symbols, in a grid."""
        sign = "·" if step.kind == "product" else "+"
        symbols, numbers = [], []
        for part in step.parts:
            place = self.colours.get(id(part))
            of = "" if place is None else f' class="factor f{place % _FACTORS}"'
            shown = _maths(part.factor)
            symbols.append(f'<a{of} href="#{self.id}-{place}">{shown}</a>' if of else f"<span>{shown}</span>")
            numbers.append(f"<span{of}>{_data(figures(part.value), part.value, signed=not of)}</span>")
        n = 2 * len(step.parts)
        between, blank = f"<span>{sign}</span>", '<span class="name"></span>'
        rows = [f'<span class="name">{_maths(step.symbol)}</span><span>=</span>{between.join(symbols)}']
        if len(step.parts) > 1:
            rows.append(f"{blank}<span>=</span>{between.join(numbers)}")
        value, span = _data(figures(step.value), step.value), f"grid-column: 3 / {n + 2}"
        rows.append(f'{blank}<span>=</span><span class="value" style="{span}">{value}</span>')
        tag = f'<span class="tag" style="grid-area: 1 / {n + 2}">{step.tag}</span>' if step.tag else ""
        columns = f"grid-template-columns: repeat({n + 1}, max-content) 1fr"
        label = escape(f"{step.symbol.text} = {step.formula.text} = {figures(step.value)}")
        opening = f'<div class="equation" role="group" aria-label="{label}" style="{columns}">'
        return "\n".join([opening, *rows, f"{tag}</div>\n"])

    def _line(self, step: Step, shown: list[Formula]) -> str:
        """``symbol = formula = numbers = value``, the value with all its digits."""
        parts = [f'<span class="symbol">{_maths(step.symbol)}</span>']
        for form in shown:
            last = step.scalar and form == number(step.value)
            parts.append(f"<span>= {_data(form.text, step.value) if last else _maths(form)}</span>")
        tag = f'<span class="tag">{step.tag}</span>' if step.tag else ""
        return f'<div class="line">{"".join(parts)}{tag}</div>\n'

    def _terms(self, step: Step) -> str:
        assert step.terms is not None
        return _table(table_of(step)) + "".join(map(_said, at_kinks(step.terms)))

    def _array(self, step: Step) -> str:
        """A block's formula with its shapes and its corner; or a value for each example."""
        head = self._line(step, [step.formula] if step.formula.tex else [])
        head += _said(f"shapes {said}" if (said := shapes(step)) else "")
        if step.terms is None:
            return head + _corner(step) + _said(step.remark)
        shown = values_of(step.terms)
        rows = [
            f'<tr><th scope="row">{escape(label)}</th><td>{_data(text, value)}</td></tr>'
            for label, text, value in shown.rows
        ]
        heads = f'<tr><th scope="col">example</th><th scope="col">{_head(step.symbol)}</th></tr>'
        return head + _said(step.remark) + _drawn(heads, rows, "", shown.said)

    def _proof(self) -> str:
        found = self.derivation.check()
        said = nudge(self.derivation, found)
        rows = [f"<dt>nudge</dt><dd>{escape(said)}</dd>"] if said else []
        for place, check in enumerate(found.checks):
            name = "" if place else "proof"
            rows.append(f"<dt>{name}</dt><dd>{escape(check.said + MARKS[check.passed])}</dd>")
        return f"<dl>{''.join(rows)}</dl>\n"


def _drawn(heads: str, rows: list[str], foot: str, said: str, kind: str = "") -> str:
    caption = f"<caption>{escape(said)}</caption>" if said else ""
    body = "\n".join(rows)
    end = f"<tfoot>{foot}</tfoot>" if foot else ""
    top = f"<thead>{heads}</thead>" if heads else ""
    return f'<div class="table{kind}"><table>{caption}{top}<tbody>\n{body}\n</tbody>{end}</table></div>\n'


def _table(table: Table) -> str:
    """A sum's terms: the columns' factors, the term, the share with its bar; the sum below."""
    bar = '<td class="bars"></td>' if table.bars else ""
    named = [escape(table.head), *map(_head, table.columns), "term", "share"]
    heads = "".join(f'<th scope="col">{one}</th>' for one in named)
    rows = [_row(row, len(table.columns), table.bars) for row in table.all]
    blank = '<td class="blank"></td>'
    total = f"<td>{_data(table.total, table.value)}</td>"
    foot = f'<tr><th scope="row">sum</th>{blank * len(table.columns)}{total}{blank}{blank if table.bars else ""}</tr>'
    return _drawn(f"<tr>{heads}{bar}</tr>", rows, foot, table.said)


def _row(row: Row, columns: int, bars: bool) -> str:
    cells = [_data(text, value, signed=False) for text, value in zip(row.cells, row.values, strict=True)]
    middle = "".join(f"<td>{cell}</td>" for cell in cells or [""] * columns)
    bar = ""
    if bars:
        sign = "negative" if row.value < 0 else "positive"
        wide = _BAR * min(1.0, row.part)
        drawn = f'<span class="bar {sign}" style="width: {wide:.2f}rem"></span>' if row.part >= 0.0005 else ""
        bar = f'<td class="bars" aria-hidden="true">{drawn}</td>'
    term = f"<td>{_data(row.term, row.value)}</td><td>{escape(row.share)}</td>"
    return f'<tr><th scope="row">{escape(row.label)}</th>{middle}{term}{bar}</tr>'


def _corner(step: Step) -> str:
    corner = corner_of(step.value)
    more = "<td>…</td>" if corner.wider else ""
    rows = [
        "<tr>" + "".join(f"<td>{_data(text, value)}</td>" for text, value in row) + more + "</tr>"
        for row in corner.cells
    ]
    if corner.taller:
        rows.append("<tr>" + "<td>⋮</td>" * len(corner.cells[0]) + "</tr>")
    return _drawn("", rows, "", corner.said, " array")
