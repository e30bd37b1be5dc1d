r"""A derivation in GitHub's Markdown, from the tree alone: mathematics between dollars, tables, and words around them.

Inside dollars nothing stands that Markdown reads as its own: commands of letters replace ``\,`` and ``\\``, and words
from data lose what is special. Which steps and terms are shown is decided in outline.py and rows.py.
"""

from __future__ import annotations

import re

from .formula import Formula, number, reworded, tex_of
from .outline import MARKS, Block, forms, nudge, outline, shapes
from .rows import Row, Table, at_kinks, corner_of, table_of, values_of, ways
from .steps import Derivation, Step

_ESCAPED = re.compile(r"[\\`*_{}\[\]<>~$&@|#]|:(?=//)|(?<=www)\.")
_COMMANDS = {
    r"\,": r"\thinspace ", r"\;": r"\thickspace ", r"\!": "", r"\{": r"\lbrace ", r"\}": r"\rbrace ",
    r"\|": r"\Vert ", "<": r"\lt ", ">": r"\gt ", "|": r"\vert ",
}  # fmt: skip
_TWINNED = "\\`*_{}[]<>~$&@|#%^"


def markdown(derivation: Derivation) -> str:
    """The answer, the formulas between dollars, the tables, the proof."""
    return "\n\n".join([*_answer(derivation), *_block(outline(derivation.root)), *_proof(derivation)]) + "\n"


def escaped(text: str) -> str:
    """Words that Markdown and HTML leave as they are: what is special becomes a character reference."""
    bare = " ".join(text.split())
    return _ESCAPED.sub(lambda found: f"&#{ord(found[0])};", bare)


def _tex(formula: Formula | str) -> str:
    tex = formula if isinstance(formula, str) else formula.tex
    tex = reworded(tex, _twinned)
    for command, written in _COMMANDS.items():
        tex = tex.replace(command, written)
    return re.sub(r" +", " ", tex).strip()


def _twinned(words: str) -> str:
    """A name inside mathematics: signs that TeX or Markdown would take as theirs become their full-width twins."""
    bare = re.sub(r"\s+", " ", words)
    return "".join(chr(ord(sign) + 0xFEE0) if sign in _TWINNED else sign for sign in bare)


def _maths(formula: Formula | str) -> str:
    return f"${_tex(formula)}$"


def _answer(derivation: Derivation) -> list[str]:
    root = derivation.root
    shape = " × ".join(map(str, root.shape))
    head = _maths(f"{root.symbol.tex} = {number(root.value).tex}") if root.scalar else _maths(root.symbol)
    of = "" if root.scalar else f", an array of {shape}"
    said = " · ".join(map(escaped, derivation.conventions))
    return [f"{head}{of} — {escaped(derivation.statement)}", said]


def _block(block: Block) -> list[str]:
    step = block.step
    parts = [f"**{escaped(block.heading)}**"] if block.heading else []
    if block.shape == "equation":
        parts.append(_equation(step))
    elif block.shape == "line":
        parts.append(_line(step, forms(step), step.remark))
    elif block.shape == "table":
        parts += [_line(step, [step.formula], ways(step)), *_terms(step)]
    else:
        parts += _array(step)
    for one in block.under:
        parts += _block(one)
    return [*parts, *_terms(step)] if step.kind == "cancelled" and step.terms is not None else parts


def _equation(step: Step) -> str:
    """``symbol = f · g`` with the numbers below."""
    sign = r" \cdot " if step.kind == "product" else " + "
    tag = rf" \qquad \text{{{_tag(step)}}}" if step.tag else ""
    rows = [sign.join(part.factor.tex for part in step.parts) + tag]
    if len(step.parts) > 1:
        rows.append(
            sign.join(number(part.value, inside=place > 0).tex for place, part in enumerate(step.parts))
        )
    rows.append(number(step.value).tex)
    body = " \\cr\n&= ".join(map(_tex, rows))
    return f"$$\n\\begin{{aligned}}\n{_tex(step.symbol)} &= {body}\n\\end{{aligned}}\n$$"


def _tag(step: Step) -> str:
    return f"({step.tag})" if step.tag else ""


def _line(step: Step, shown: list[Formula], remark: str) -> str:
    chain = " = ".join(one.tex for one in (step.symbol, *shown))
    said = f" — {escaped(remark)}" if remark else ""
    return f"{_maths(chain)}{said} {_tag(step)}".rstrip()


def _terms(step: Step) -> list[str]:
    assert step.terms is not None
    table = table_of(step)
    return [_table(table), *filter(None, [escaped(table.said)]), *map(escaped, at_kinks(step.terms))]


def _table(table: Table) -> str:
    n = len(table.columns)
    heads = [escaped(table.head), *map(_maths, table.columns), "term", "share"]
    rows = [_row(row, n) for row in table.all]
    rows.append(_cells(["sum", *[""] * n, f"**{table.total}**", ""]))
    return "\n".join([_cells(heads), _cells(["---:"] * (n + 3)), *rows])


def _row(row: Row, columns: int) -> str:
    return _cells([escaped(row.label), *(row.cells or [""] * columns), row.term, row.share])


def _cells(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _array(step: Step) -> list[str]:
    """A block's formula with its shapes and its corner; or a value for each example."""
    parts = [_line(step, [step.formula] if step.formula.tex else [], "")]
    if said := shapes(step):
        parts.append(f"shapes {said}")
    if step.terms is not None:
        shown = values_of(step.terms)
        rows = [_cells([escaped(label), text]) for label, text, _ in shown.rows]
        parts.append("\n".join([_cells(["example", _maths(step.symbol)]), _cells(["---:"] * 2), *rows]))
        return [*parts, *filter(None, [shown.said, escaped(step.remark)])]
    corner = corner_of(step.value)
    rows = [
        " & ".join([*(tex_of(text) for text, _ in row), *[r"\cdots"] * corner.wider]) for row in corner.cells
    ]
    if corner.taller:
        rows.append(" & ".join([r"\vdots"] * len(corner.cells[0])))
    columns = "r" * (len(corner.cells[0]) + corner.wider)
    body = " \\cr\n".join(rows)
    parts.append(f"$$\n\\left[\\begin{{array}}{{{columns}}}\n{body}\n\\end{{array}}\\right]\n$$")
    return [*parts, *filter(None, [corner.said.replace("[", "&#91;"), escaped(step.remark)])]


def _proof(derivation: Derivation) -> list[str]:
    found = derivation.check()
    said = nudge(derivation, found)
    lines = [f"- nudge: {escaped(said)}"] if said else []
    return [
        "\n".join([*lines, *(f"- proof: {escaped(one.said)}{MARKS[one.passed]}" for one in found.checks)])
    ]
