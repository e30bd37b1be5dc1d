r"""A sheet and its key as LaTeX: plain ASCII that pdflatex compiles with packages of TeX's usual set.

The same words as page.py's, without the drawing. Compiling is pdf.py's matter.
"""

from __future__ import annotations

from ..explain.asciitex import formula, prose
from ..explain.formula import tex_of
from . import words
from .figures import printed
from .question import Asked, Line, Question
from .sheet import Exercise, Sheet

_BEFORE = r"""\documentclass[11pt]{article}
\usepackage[a4paper,margin=20mm]{geometry} % or letterpaper
\usepackage{amsmath,amssymb,booktabs,xcolor}
\setlength{\parindent}{0pt}
\setlength{\parskip}{5pt}
\raggedbottom\raggedright
\renewcommand{\arraystretch}{1.05}
\definecolor{faint}{HTML}{5B6472}
\newcommand{\blank}{\underline{\hspace{19mm}}}
\newcommand{\writing}[1]{\par\nopagebreak\vspace*{#1}}
\newcommand{\faintly}[1]{{\small\color{faint}#1\par}}
\begin{document}
"""
_LINE = 8  # millimetres of room for a line of writing


def sheet_paper(sheet: Sheet) -> str:
    """The sheet, without answers."""
    who = (
        r"{\small\color{faint}Name \underline{\hspace{70mm}}\hfill Date \underline{\hspace{32mm}}\hfill "
        rf"Points \underline{{\hspace{{10mm}}}} / {words.points(sheet.points)}}}\par\medskip\hrule\medskip"
    )
    parts = [
        rf"{{\Large\bfseries {words.TITLE}}}\hfill{{\small\color{{faint}}sheet {sheet.id}}}\par\bigskip",
        who,
        rf"\faintly{{{_inline(words.RULES)}}}",
    ]
    for place, one in enumerate(sheet.exercises):
        parts += [_setting(one, place), *(_question(question) for question in one.questions)]
    return _document(parts)


def key_paper(sheet: Sheet) -> str:
    """The sheet with every answer worked."""
    said = f"sheet {sheet.id}, number {sheet.number}, {words.points(sheet.points)} points"
    parts = [rf"{{\Large\bfseries Key}}\hfill{{\small\color{{faint}}{said}}}\par\medskip\hrule\medskip"]
    for place, one in enumerate(sheet.exercises):
        parts.append(_setting(one, place))
        for question in one.questions:
            parts.append(_solution(question))
            for heading, derivation in words.explained(one.scene, question):
                body = derivation.latex(full=True, document=False)
                parts.append(f"\\faintly{{{prose(heading)}}}\n{{\\small\n{body}}}")
    return _document(parts)


def _document(parts: list[str]) -> str:
    body = "\n\n".join(parts)
    return f"{_BEFORE}{body}\n\\end{{document}}\n"


def _inline(prompt: str) -> str:
    pieces = prompt.split("$")
    return "".join(
        f"${_tall(formula(piece))}$" if place % 2 else prose(piece) for place, piece in enumerate(pieces)
    )


def _tall(tex: str) -> str:
    """Fractions in a line of words as large as in a formula of their own."""
    return tex.replace(r"\frac", r"\dfrac")


def _setting(one: Exercise, place: int) -> str:
    lines = [_inline(line) for line in words.setting(one.scene, first=place == 0)]
    numbers = "\\quad ".join(f"${tex}$\\hspace{{0pt}}" for tex in _numbers(one))
    return (
        f"\\medskip {lines[0]}\n\n{{\\raggedright {numbers}\\par}}\n\n"
        + "\n\n".join(lines[1:])
        + "\n\\medskip\\hrule"
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
    body = r" \\ ".join(" & ".join(tex_of(printed(value)) for value in row) for row in rows)
    columns = "r" * len(rows[0])
    return rf"{tex} = \left(\begin{{array}}{{{columns}}} {body} \end{{array}}\right)"


def _heading(question: Question) -> str:
    points = words.points(question.points)
    said = f"{points} point{'s' * (points != '1')}"
    titled = rf"\bigskip{{\bfseries {question.id}. {prose(question.title)}}}"
    return rf"{titled}\hfill{{\small\color{{faint}}{said}}}\par\nopagebreak"


def _question(question: Question) -> str:
    blanks = " ".join(rf"\mbox{{{_blank(one)}}}\qquad\hspace{{0pt}}" for one in question.asked)
    return (
        f"{_heading(question)}\n{_inline(question.prompt)}\n\n{_shown(question)}"
        f"\\writing{{{_LINE * question.room}mm}}\n{blanks}\\par\n\\faintly{{{prose(words.how(question))}}}"
    )


def _blank(one: Asked) -> str:
    symbol = rf"$\displaystyle {formula(one.symbol.tex)}$"
    if one.choice:
        return rf"{symbol}: \blank"
    if not one.shape:
        return rf"{symbol} = \blank"
    blanks = ", ".join([r"\blank"] * one.shape[0])
    return rf"{symbol} = (\,{blanks}\,)"


def _shown(question: Question) -> str:
    if not question.shown:
        return ""
    items = "\n".join(rf"\item {_line(one)}" for one in question.shown)
    return f"\\begin{{enumerate}}\\setlength{{\\itemsep}}{{2pt}}\n{items}\n\\end{{enumerate}}\n"


def _line(one: Line, value: str = "") -> str:
    parts = [formula(part.tex) for part in (one.symbol, one.formula, one.numbers) if part.tex]
    return rf"$\displaystyle {' = '.join([*parts, *([tex_of(value)] if value else [])])}$"


def _worked(lines: list[str]) -> str:
    return "\n\n".join(rf"{{\small\hangindent=2em {line}\par}}" for line in lines)


def _solution(question: Question) -> str:
    answers = "\\qquad ".join(
        rf"\fbox{{$\displaystyle {formula(one.symbol.tex)}${':' if one.choice else ' ='} {prose(words.answer(one))}}}"
        "\\hspace{0pt}"
        for one in question.asked
    )
    if question.kind == "mistake":
        body = f"{_shown(question)}{prose(question.remark)}\n\n{_worked([_line(one) for one in question.worked])}"
    else:
        body = _worked([_line(one, words.value(one)) for one in question.worked])
    return f"{_heading(question)}\n{_inline(question.prompt)}\n\n{body}\n\n{answers}\\par"
