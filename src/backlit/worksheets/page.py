"""A sheet and its key as HTML: self-contained pages with MathML, made to be printed, without a script or a link.

What is on them is said in words.py, for LaTeX as well; sheet.css is how they look.
"""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

from ..explain.formula import tex_of
from ..explain.mathml import mathml
from . import picture, words
from .figures import printed
from .question import Asked, Line, Question
from .sheet import Exercise, Sheet

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main class="{kind}">
{body}</main>
</body>
</html>
"""


@cache
def _style() -> str:
    return Path(__file__).with_name("sheet.css").read_text(encoding="utf-8")


def sheet_page(sheet: Sheet) -> str:
    """The sheet, without answers."""
    parts = [
        f'<div class="top"><h1>{words.TITLE}</h1><span>sheet {sheet.id}</span></div>',
        f'<div class="who"><span>Name</span><span>Date</span><span>{_of_points(sheet)}</span></div>',
        f'<p class="faint">{_inline(words.RULES)}</p>',
    ]
    for place, one in enumerate(sheet.exercises):
        parts += [_setting(one, place), *(_question(question) for question in one.questions)]
    return _PAGE.format(
        title=f"{words.TITLE}, sheet {sheet.id}", style=_style(), kind="sheet", body="\n".join(parts) + "\n"
    )


def key_page(sheet: Sheet) -> str:
    """The sheet with every answer worked."""
    said = f"sheet {sheet.id} · number {sheet.number} · {words.points(sheet.points)} points"
    parts = [f'<div class="top"><h1>Key</h1><span>{said}</span></div>']
    styled = False
    for place, one in enumerate(sheet.exercises):
        parts.append(_setting(one, place))
        for question in one.questions:
            parts.append(_solution(question))
            for heading, derivation in words.explained(one.scene, question):
                fragment = derivation.html()
                if styled:
                    fragment = fragment.partition("</style>\n")[2]
                styled = True
                parts.append(
                    f'<div class="explained"><p class="faint">&#160;{escape(heading)}</p>{fragment}</div>'
                )
    return _PAGE.format(
        title=f"Key to sheet {sheet.id}", style=_style(), kind="key", body="\n".join(parts) + "\n"
    )


def _of_points(sheet: Sheet) -> str:
    return f"Points {'&#160;' * 4}/ {words.points(sheet.points)}"


def _inline(prompt: str) -> str:
    """Words with TeX between dollars."""
    pieces = prompt.split("$")
    return "".join(
        mathml(piece, large=True) if place % 2 else escape(piece) for place, piece in enumerate(pieces)
    )


def _setting(one: Exercise, place: int) -> str:
    scene = one.scene
    lines = [f"<p>{_inline(said)}</p>" for said in words.setting(scene, first=place == 0)]
    numbers = "".join(f"<div>{math}</div>" for math in _numbers(one))
    drawn = picture.svg(scene)
    return (
        f'<section class="setting">\n{lines[0]}\n<div class="network"><div class="numbers">{numbers}</div>'
        f"{drawn}</div>\n"
        f"{''.join(lines[1:])}</section>"
    )


def _numbers(one: Exercise) -> list[str]:
    scene, net = one.scene, one.scene.net
    shown = [_named("x = a^{0}", [[v] for v in scene.x])]
    for l in range(1, net.L + 1):
        shown.append(_named(f"w^{{{l}}}", net.w[l].tolist()))
        shown.append(_named(f"b^{{{l}}}", [[v] for v in net.b[l]]))
    shown.append(_named("y", [[v] for v in scene.y]))
    if scene.rest is not None:
        shown += [_named(f"r^{{{l}}}", [[v] for v in scene.rest[l]]) for l in words.rests(scene)]
    if one.given:
        for l in range(1, net.L + 1):
            shown += [
                _named(f"{letter}^{{{l}}}", [[v] for v in words.given(one, letter, l)])
                for letter in ("z", "a")
            ]
    return shown


def _named(tex: str, rows: list[list[float]]) -> str:
    """``w¹ = (…)``: a matrix, or a column."""
    body = "".join(
        "<mtr>" + "".join(f"<mtd>{_number(value)}</mtd>" for value in row) + "</mtr>" for row in rows
    )
    symbol = mathml(tex).removeprefix("<math>").removesuffix("</math>")
    return f"<math>{symbol}<mo>=</mo><mrow><mo>(</mo><mtable>{body}</mtable><mo>)</mo></mrow></math>"


def _number(value: float) -> str:
    return mathml(tex_of(printed(value))).removeprefix("<math>").removesuffix("</math>")


def _heading(question: Question) -> str:
    points = words.points(question.points)
    said = f"{points} point{'s' * (points != '1')}"
    return (
        f'<header><h2>{question.id}. {escape(question.title)}</h2><span class="faint">{said}</span></header>'
    )


def _question(question: Question) -> str:
    blanks = "".join(f"<span>{_blank(one)}</span>" for one in question.asked)
    rules = '<div class="rule"></div>' * question.room
    said = f'<p class="faint">{escape(words.how(question))}</p>'
    return (
        f'<section class="question">\n{_heading(question)}\n<p class="prompt">{_inline(question.prompt)}</p>\n'
        f'{_shown(question)}{rules}\n<div class="asked">{blanks}</div>\n{said}</section>'
    )


def _blank(one: Asked) -> str:
    space = '<span class="blank"></span>'
    symbol = mathml(one.symbol.tex, large=True)
    if one.choice:
        return f'{symbol}: <span class="blank short"></span>'
    if not one.shape:
        return f"{symbol} = {space}"
    return f"{symbol} = ({', '.join([space] * one.shape[0])})"


def _shown(question: Question) -> str:
    if not question.shown:
        return ""
    lines = "".join(f"<li>{_line(one)}</li>" for one in question.shown)
    return f'<ol class="lines">{lines}</ol>\n'


def _line(one: Line, value: str = "") -> str:
    """A line as one formula; ``value`` at its end."""
    parts = [part for part in (one.symbol, one.formula, one.numbers) if part.tex]
    tex = " = ".join([*(part.tex for part in parts), *([tex_of(value)] if value else [])])
    return mathml(tex, large=True)


def _solution(question: Question) -> str:
    answers = "".join(f'<span class="result">{_answer(one)}</span>' for one in question.asked)
    if question.kind == "mistake":
        lines = "".join(f"<p>{_line(one)}</p>" for one in question.worked)
        body = f'{_shown(question)}<p class="verdict">{escape(question.remark)}</p><div class="worked">{lines}</div>'
    else:
        lines = "".join(f"<p>{_line(one, words.value(one))}</p>" for one in question.worked)
        body = f'<div class="worked">{lines}</div>'
    return (
        f'<section class="question">\n{_heading(question)}\n<p class="prompt">{_inline(question.prompt)}</p>\n{body}\n'
        f'<div class="asked">{answers}</div>\n</section>'
    )


def _answer(one: Asked) -> str:
    symbol = mathml(one.symbol.tex, large=True)
    return f"{symbol}{':' if one.choice else ' ='} {escape(words.answer(one))}"
