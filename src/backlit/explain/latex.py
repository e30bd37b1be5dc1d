r"""A derivation in LaTeX, from the tree alone: one formula with its numbers, or all of it as a document or its body.

Plain ASCII that pdflatex and lualatex compile as it stands, with packages of TeX's usual set. Which steps and terms are
shown, and in which order, is decided in outline.py and rows.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import asciitex
from .asciitex import prose
from .formula import Formula, number, tex_of
from .outline import MARKS, Block, forms, nudge, outline, shapes
from .rows import Row, Table, at_kinks, corner_of, table_of, values_of, ways
from .steps import Derivation, Step

_WIDE = 62  # characters of formulas side by side
_NARROW, _SMALL = 7, 10  # columns of a table from which its type gets smaller, and smaller again
_FACTORS = 6  # colours
_BAR = 5.0  # em, a bar of 100%
_COLOURS = r"""\definecolor{factor0}{HTML}{6D28D9}
\definecolor{factor1}{HTML}{0B7A6B}
\definecolor{factor2}{HTML}{B0216B}
\definecolor{factor3}{HTML}{5B6B00}
\definecolor{factor4}{HTML}{7A4B1E}
\definecolor{factor5}{HTML}{475569}
\definecolor{positive}{HTML}{1D5FBF}
\definecolor{negative}{HTML}{B45309}
\definecolor{faint}{HTML}{5B6472}
"""
_BEFORE = r"""\documentclass[11pt]{article}
\usepackage[a4paper,margin=24mm]{geometry}
\usepackage{amsmath,amssymb,booktabs,xcolor}
\setlength{\parindent}{0pt}
\setlength{\parskip}{9pt}
\raggedbottom
\begin{document}
"""
_INDENT = r"\hspace*{2em}"


def latex(derivation: Derivation, *, full: bool = False, document: bool | None = None) -> str:
    """The one formula with its numbers; ``full``, everything, as a document or, with ``document=False``, its body."""
    if not full and not document:
        return _short(derivation.root)
    body = _Body(derivation).text()
    needed = "% needs amsmath, amssymb, booktabs and xcolor\n"
    return needed + body if document is False else f"{_BEFORE}{body}\\end{{document}}\n"


def _short(root: Step) -> str:
    """The root's formula, the numbers under the symbols where it is a product."""
    if root.kind in ("product", "total") and root.scalar:
        return f"\\begin{{equation*}}\n{_equation(root)}\n\\end{{equation*}}\n"
    forms_of = forms(root) if root.scalar else [one for one in (root.formula, *root.lines) if one.tex]
    if not forms_of:
        return f"\\begin{{equation*}}\n{_tex(root.symbol)}\n\\end{{equation*}}\n"
    lines = " \\\\\n &= ".join(map(_tex, forms_of))
    return f"\\begin{{align*}}\n{_tex(root.symbol)} &= {lines}\n\\end{{align*}}\n"


def _tex(formula: Formula) -> str:
    return asciitex.formula(formula.tex)


def _coloured(tex: str, colour: str | None) -> str:
    return rf"\textcolor{{{colour}}}{{{tex}}}" if colour else tex


def _maths(tex: str, colour: str | None = None) -> str:
    r"""``\ensuremath`` in a colour: ``\textcolor`` leaves mathematics as it is."""
    return f"${_coloured(tex, colour)}$"


def _signed(written: str, value: float) -> str:
    """A number of a table in its sign's colour; the sign is written too."""
    colour = "positive" if value > 0 else "negative" if value < 0 else None
    return _maths(tex_of(written), colour)


def _equation(step: Step, colours: dict[int, str] | None = None) -> str:
    """``symbol = f · g``, the numbers under the symbols, the value under both."""
    sign = r"\cdot" if step.kind == "product" else "+"
    shown = [(colours or {}).get(id(part)) for part in step.parts]
    symbols = [_coloured(_tex(part.factor), one) for part, one in zip(step.parts, shown, strict=True)]
    numbers = [_coloured(number(part.value).tex, one) for part, one in zip(step.parts, shown, strict=True)]
    rows = [f"{_tex(step.symbol)} &=& " + f" &{sign}& ".join(symbols)]
    if len(step.parts) > 1:
        rows.append("&=& " + f" &{sign}& ".join(numbers))
    rows.append(f"&=& {number(step.value).tex}")
    body = " \\\\[8pt]\n".join(row.replace("\\frac", "\\dfrac") for row in rows)
    columns = "r" + "c" * (2 * len(step.parts))
    return f"\\begin{{array}}[t]{{@{{}}{columns}@{{}}}}\n{body}\n\\end{{array}}"


class _Body:
    """The parts of a document one after the other."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.parts = derivation, [_COLOURS.rstrip()]
        self.lines: list[str] = []  # side by side in one table, so that they align on the equals sign
        root = derivation.root
        factors = root.parts if root.kind in ("product", "total") else ()
        self.colours = {id(part): f"factor{place % _FACTORS}" for place, part in enumerate(factors)}

    def text(self) -> str:
        """All of them."""
        self._answer()
        self._block(outline(self.derivation.root))
        self._proof()
        return "\n\n".join(self.parts) + "\n"

    def _answer(self) -> None:
        root = self.derivation.root
        if root.scalar:
            value = f" = {number(root.value).tex}"
        else:
            said = r" \times ".join(map(str, root.shape))
            value = rf"\quad\text{{\normalsize an array of ${said}$}}"
        self.parts.append(rf"{{\LARGE $\displaystyle {_tex(root.symbol)}{value}$\par}}")
        self.parts.append(rf"{{\raggedright {prose(self.derivation.statement)}\par}}")
        said = r" $\cdot$ ".join(map(_together, self.derivation.conventions))
        self.parts.append(rf"{{\small\raggedright\color{{faint}} {said}\par}}\medskip")

    def _put(self, part: str) -> None:
        """The lines that wait, and a part after them."""
        self._flush()
        self.parts.append(part)

    def _flush(self) -> None:
        """The lines that wait."""
        if self.lines:
            rows = "\n".join(self.lines).removesuffix("[7pt]")
            columns = rf"@{{{_INDENT}}}l@{{$\;$}}l@{{\extracolsep{{\fill}}}}r@{{}}"
            self.parts.append(f"\\begin{{tabular*}}{{\\linewidth}}{{{columns}}}\n{rows}\n\\end{{tabular*}}")
            self.lines = []

    def _block(self, block: Block) -> None:
        if block.heading:
            self._put(rf"\medskip\textbf{{{prose(block.heading)}}}")
        step = block.step
        if block.shape == "equation":
            self._display(_equation(step, self.colours), step.tag)
        elif block.shape == "line":
            if step.kind == "cancelled":  # many lines: a page may end between two of them
                self._flush()
            self._line(step, forms(step), step.remark)
        elif block.shape == "table":
            self._line(step, [step.formula], ways(step))
            self._terms(step)
        else:
            self._array(step)
        for one in block.under:
            self._block(one)
        if step.kind == "cancelled" and step.terms is not None:
            self._terms(step)

    def _display(self, tex: str, tag: str) -> None:
        self._put(rf"{_INDENT}$\displaystyle {tex}$\hfill{_faint(tag)}\medskip\par")

    def _line(self, step: Step, shown: Sequence[Formula], remark: str) -> None:
        """``symbol = formula = …``, on as many lines as it takes, and the remark."""
        lines, width = [""], len(step.symbol.text)
        for form in shown:
            if lines[-1] and width + len(form.text) > _WIDE:
                lines.append("")
                width = len(step.symbol.text)
            lines[-1] += f" = {_tex(form)}"
            width += len(form.text) + 3
        beside = rf"\quad{_faint(prose(remark))}" if remark and width + len(remark) <= _WIDE + 10 else ""
        symbol = _coloured(_tex(step.symbol), self.colours.get(id(step)))
        for place, line in enumerate(lines):
            first = rf"$\displaystyle {symbol}$" if not place else ""
            after = beside if place == len(lines) - 1 else ""
            tall = r"\vphantom{\Bigg|}" if r"\frac" in line else ""
            equals = rf"$\displaystyle {tall}{{}}{line}$" if line else ""
            self.lines.append(rf"{first} & {equals}{after} & {'' if place else _faint(step.tag)} \\[7pt]")
        if remark and not beside:
            self.lines[-1] = self.lines[-1].removesuffix("[7pt]")
            room = 0.72 - 0.006 * min(len(step.symbol.text), 48)
            self.lines.append(rf" & {_block_of(remark, f'{room:.2f}')} & \\[7pt]")

    def _terms(self, step: Step) -> None:
        assert step.terms is not None
        self._put("\\nopagebreak" + _table(table_of(step)))
        for sentence in at_kinks(step.terms):
            self._said(sentence)

    def _said(self, sentence: str) -> None:
        if sentence:
            self._put(rf"{_INDENT}{_block_of(sentence)}")

    def _array(self, step: Step) -> None:
        """A block's formula with its shapes and its corner; or a value for each example."""
        symbol = _coloured(_tex(step.symbol), self.colours.get(id(step)))
        if step.formula.tex:
            self._display(f"{symbol} = {_tex(step.formula)}", step.tag)
        elif step is not self.derivation.root:
            self._display(symbol, step.tag)
        if said := shapes(step):
            self._said(f"shapes {said}".replace("×", " × "))
        if step.terms is None:
            self._put(_corner(step))
            self._said(corner_of(step.value).said)
        else:
            self._values(step)
        self._said(step.remark)

    def _values(self, step: Step) -> None:
        assert step.terms is not None
        shown = values_of(step.terms)
        rows = [f"{prose(label)} & {_signed(text, value)} \\\\" for label, text, value in shown.rows]
        symbol = _maths(_tex(step.symbol))
        self._put(_tabular("rr", [f"example & {symbol} \\\\", r"\midrule", *rows]))
        self._said(shown.said)

    def _proof(self) -> None:
        found = self.derivation.check()
        rows = []
        if said := nudge(self.derivation, found):
            rows.append(rf"nudge & {_block_of(said)} \\ \addlinespace")
        for place, check in enumerate(found.checks):
            name = "" if place else "proof"
            rows.append(rf"{name} & {_block_of(check.said + MARKS[check.passed])} \\")
        table = "\n".join([r"\toprule\addlinespace", *rows, r"\addlinespace\bottomrule"])
        self._put(
            f"\\medskip{{\\small\\begin{{tabular}}{{@{{}}l@{{\\quad}}l@{{}}}}\n{table}\n\\end{{tabular}}\\par}}"
        )


def _together(sentence: str) -> str:
    """Words that stay on one line, where they are few."""
    return rf"\mbox{{{prose(sentence)}}}" if len(sentence) < _WIDE else prose(sentence)


def _faint(tex: str) -> str:
    return rf"{{\small\color{{faint}}{tex}}}"


def _block_of(sentence: str, width: str = "0.85") -> str:
    """Words that wrap within the page."""
    return rf"\parbox[t]{{{width}\linewidth}}{{\raggedright\leavevmode{_faint(prose(sentence))}}}"


def _tabular(columns: str, rows: Sequence[str], size: str = r"\small") -> str:
    body = "\n".join(["\\toprule", *rows, "\\bottomrule"])
    return f"{{{size}{_INDENT}\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}\\par}}"


def _table(table: Table) -> str:
    """A sum's terms: the columns' factors, the term, the share with its bar; the sum below."""
    n = len(table.columns)
    heads = [prose(table.head), *(_maths(_tex(one).replace("\\frac", "\\dfrac")) for one in table.columns)]
    rows = [" & ".join([*heads, "term", "share"]) + r" & \\", r"\midrule"]
    rows += [_row(row, n, table.bars) for row in table.all]
    rows += [rf"\cmidrule(lr){{{n + 2}-{n + 2}}}"]
    rows += ["& " * (n + 1) + _signed(table.total, table.value) + r" & & \\"]
    size = r"\small" if n + 4 < _NARROW else r"\footnotesize" if n + 4 < _SMALL else r"\scriptsize"
    drawn = _tabular("r" * (n + 3) + "l", rows, size)
    if not table.said:
        return drawn
    return f"{drawn}\n\n\\nopagebreak{_INDENT}{_block_of(table.said)}"


def _row(row: Row, columns: int, bars: bool) -> str:
    cells = [_maths(tex_of(cell)) for cell in row.cells] or [""] * columns
    colour = "negative" if row.value < 0 else "positive"
    bar = ""
    if bars and row.part >= 0.005:
        bar = rf"\textcolor{{{colour}}}{{\rule{{{_BAR * min(1.0, row.part):.2f}em}}{{0.9ex}}}}"
    parts = [prose(row.label), *cells, _signed(row.term, row.value), prose(row.share), bar]
    return " & ".join(parts) + r" \\"


def _corner(step: Step) -> str:
    corner = corner_of(step.value)
    rows = []
    for cells in corner.cells:
        shown = [_coloured(tex_of(text), _colour(value)) for text, value in cells]
        rows.append(" & ".join([*shown, r"\cdots"] if corner.wider else shown))
    if corner.taller:
        rows.append(" & ".join([r"\vdots"] * len(corner.cells[0])))
    columns = "r" * (len(corner.cells[0]) + corner.wider)
    body = " \\\\\n".join(rows)
    return f"{{\\small{_INDENT}$\\left[\\begin{{array}}{{{columns}}}\n{body}\n\\end{{array}}\\right]$\\par}}"


def _colour(value: float) -> str | None:
    return "positive" if value > 0 else "negative" if value < 0 else None
