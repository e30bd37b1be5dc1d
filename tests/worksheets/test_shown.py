"""How sheets and keys are shown: whole pages that reach for nothing, LaTeX, text; and nothing of the key."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import worksheets
from backlit.worksheets import make, mark
from backlit.worksheets.figures import decimal
from backlit.worksheets.pdf import compiled, pdflatex

from .sheets import FUNCTIONS, answered, model, plain

DOCS = Path(__file__).parents[2] / "docs" / "worksheets.md"


class Balanced(HTMLParser):
    """Fails where tags are not closed in order, and where a page reaches out of itself."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe", "img", "object")
        for name, value in attrs:
            assert name not in ("src", "srcset", "onclick", "onload")
            assert name != "href" or str(value).startswith("#")
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("line", "circle")


@pytest.mark.parametrize("place", range(len(FUNCTIONS)))
def test_pages_are_whole_and_need_nothing_else(place: int) -> None:
    activation, cost = FUNCTIONS[place]
    (sheet,) = make(1, seed=place, activation=activation, cost=cost, depth=2 + place % 2)
    for page in (sheet.html(), sheet.key().html()):
        parser = Balanced()
        parser.feed(page)
        assert parser.open == []
        assert "http:" not in page
        assert "https:" not in page
        assert "@import" not in page
        assert "\\" not in page.partition("</style>")[2]
    for tex in (sheet.latex(), sheet.key().latex()):
        assert tex.isascii()
        assert tex.count("{") == tex.count("}")


def test_the_sheet_says_nothing_of_its_key() -> None:
    found = looked_for = 0
    for sheet in [*make(6, seed=11), *make(3, **model())]:
        data = json.dumps(sheet.to_dict(), ensure_ascii=False)
        for word in ('"value"', '"slips"', '"choice"', '"worked"', '"seed"'):
            assert word not in data
        shown = {
            number.strip(" ()").lstrip("−")
            for question in sheet.questions
            for line in question.shown
            for number in line.numbers.text.split(",")
        }
        for page in (sheet.html(), sheet.latex(), data, json.dumps(sheet.blank())):
            written = set(re.findall(r"\d+\.\d+", page.partition("</style>")[2] or page)) - shown
            assert not any(question.remark in page for question in sheet.questions if question.remark)
            answers = [answer for question in sheet.questions for answer in answers_of(question)]
            found += sum(answer in written for answer in answers)
            looked_for += len(answers)
    assert looked_for > 500
    assert found <= looked_for / 100  # a weight may be what an answer is, by chance


def answers_of(question: Any) -> list[str]:
    """The answers as they are written, but for short numbers and for inputs, which are on the sheet."""
    written = [
        decimal(abs(float(entry)), one.precision.decimals)
        for one in question.asked
        if not one.name.startswith("a[0]")
        for entry in np.ravel(one.value)
    ]
    return [answer for answer in written if len(answer) > 5]


def test_a_forward_pass_is_given_where_it_is_not_asked_for() -> None:
    (asked,) = make(1, kinds=("forward", "weight"))
    (given,) = make(1, kinds=("weight",))
    assert asked.to_dict()["exercises"][0]["forward"] is None
    forward = given.to_dict()["exercises"][0]["forward"]
    np.testing.assert_allclose(forward["a"][0], given.exercises[0].found.a[1], atol=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(pdflatex() is None, reason="there is no pdflatex here to compile with")
def test_a_real_tex_takes_sheets_and_keys() -> None:
    for sheet in [
        *make(1),
        *make(1, activation=("tanh", "softmax"), cost="cross_entropy"),
        *make(1, **model()),
    ]:
        for tex in (sheet.latex(), sheet.key().latex()):
            assert compiled(tex, "the sheet").startswith(b"%PDF")


def test_a_document_that_tex_refuses_or_that_takes_too_long_is_told() -> None:
    if pdflatex() is None:
        pytest.skip("there is no pdflatex here to fail")
    with pytest.raises(
        backlit.errors.DataError, match=r"sheet.tex: pdflatex failed: ! Undefined control sequence"
    ):
        compiled("\\documentclass{article}\\begin{document}\\nonsense\\end{document}", "sheet.tex")
    with pytest.raises(backlit.errors.DataError, match=r"took more than 0.5 seconds and was stopped"):
        compiled(
            "\\documentclass{article}\\begin{document}\\loop\\iftrue\\repeat\\end{document}",
            "it",
            seconds=0.5,
        )


def test_marks_as_text_fit_the_page() -> None:
    (sheet,) = make(1)
    given = answered(sheet)
    slip = plain(sheet)["questions"][1]["slips"][0]
    given["answers"]["2"].update(slip["values"])
    given["name"] = "Ada"
    told = mark(given, sheet).text()
    assert told.startswith(f"Ada, sheet {sheet.id}: ")
    assert slip["title"] in " ".join(told.split())
    assert max(map(len, told.splitlines())) <= 100


def test_the_key_as_text_has_every_question() -> None:
    (sheet,) = make(1)
    told = sheet.key().text()
    for question in sheet.questions:
        assert f"{question.id}. {question.title}" in told


def test_the_docs_program_prints_what_stands_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = DOCS.read_text(encoding="utf-8")
    program = text.split("```python\n")[1].split("```")[0]
    printed = text.split("```text\n")[1].split("```")[0]
    exec(compile(program, str(DOCS), "exec"), {})
    assert capsys.readouterr().out == printed
    for kind in worksheets.KINDS:
        assert f"| `{kind}` |" in text
