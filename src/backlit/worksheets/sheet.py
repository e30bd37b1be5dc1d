"""A sheet and its key: data, and the ways of showing them. The sheet holds no answers in anything that it shows.

``make`` (make.py) fills them; page.py and paper.py are how they look; marking.py reads the key's plain data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..explain.formula import unicode
from .figures import ON_THE_WAY, printed
from .passes import Pass
from .question import Asked, Line, Question
from .scene import Scene
from .slips import title

SHEET, KEY, ANSWERS = "backlit.worksheet/1", "backlit.worksheet-key/1", "backlit.worksheet-answers/1"


@dataclass(frozen=True, eq=False)
class Exercise:
    """A scene with its right pass and the questions about it; ``given`` says that z and a are on the sheet."""

    scene: Scene
    found: Pass
    questions: tuple[Question, ...]
    given: bool


@dataclass(frozen=True, eq=False)
class Sheet:
    """One sheet: ``number`` of how many were made at once; ``made`` says from what, for the key."""

    number: int
    exercises: tuple[Exercise, ...]
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def questions(self) -> tuple[Question, ...]:
        """All, in their order."""
        return tuple(question for one in self.exercises for question in one.questions)

    @property
    def points(self) -> float:
        """All that can be had."""
        return sum(question.points for question in self.questions)

    @cached_property
    def id(self) -> str:
        """Eight letters that follow from what is on the sheet, and say nothing of its answers."""
        text = json.dumps(self._content(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def _content(self) -> dict[str, Any]:
        return {"exercises": [_exercise(one) for one in self.exercises]}

    def to_dict(self) -> dict[str, Any]:
        """Plain data under backlit.worksheet/1: networks, questions, what is asked and how exactly; no answers."""
        return {"schema": SHEET, "sheet": self.id, "points": self.points, **self._content()}

    def blank(self) -> dict[str, Any]:
        """An empty answer to fill in, under backlit.worksheet-answers/1."""
        answers = {
            question.id: {one.name: [None] * one.shape[0] if one.shape else None for one in question.asked}
            for question in self.questions
        }
        return {"schema": ANSWERS, "sheet": self.id, "name": "", "answers": answers}

    def html(self) -> str:
        """A page to print: self-contained, with MathML and no script."""
        from .page import sheet_page

        return sheet_page(self)

    def latex(self) -> str:
        """A document that pdflatex compiles as it stands."""
        from .paper import sheet_paper

        return sheet_paper(self)

    def key(self) -> Key:
        """The answers, worked."""
        return Key(self)


@dataclass(frozen=True, eq=False)
class Key:
    """The key of one sheet."""

    sheet: Sheet

    @cached_property
    def _plain(self) -> dict[str, Any]:
        sheet = self.sheet
        questions = [_answers(question, one.scene.L) for one in sheet.exercises for question in one.questions]
        return {
            "schema": KEY, "sheet": sheet.id, "number": sheet.number, "points": sheet.points, "made": dict(sheet.made),
            "questions": questions,
        }  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Plain data under backlit.worksheet-key/1: answers, tolerances, and what known mistakes would answer."""
        return self._plain

    def answers(self) -> dict[str, Any]:
        """The right answers as someone would hand them in, under backlit.worksheet-answers/1."""
        filled = {
            question.id: {one.name: one.value for one in question.asked} for question in self.sheet.questions
        }
        return {**self.sheet.blank(), "name": "key", "answers": filled}

    def html(self) -> str:
        """A page with every answer worked."""
        from .page import key_page

        return key_page(self.sheet)

    def latex(self) -> str:
        """The same as a document for pdflatex."""
        from .paper import key_paper

        return key_paper(self.sheet)

    def text(self) -> str:
        """The same for a terminal."""
        lines: list[str] = []
        for question in self.sheet.questions:
            lines += [f"{question.id}. {question.title}", *(f"   {line}" for line in _worked(question)), ""]
        return "\n".join(lines).rstrip() + "\n"

    def __str__(self) -> str:
        return self.text()


def _exercise(one: Exercise) -> dict[str, Any]:
    return {
        "network": _network(one.scene),
        "forward": None
        if not one.given
        else {letter: [_rounded(part) for part in getattr(one.found, letter)[1:]] for letter in ("z", "a")},
        "questions": [_asked_in(question) for question in one.questions],
    }


def _rounded(values: Any) -> list[float]:
    return [round(float(value), ON_THE_WAY) for value in values]


def _network(scene: Scene) -> dict[str, Any]:
    net = scene.net
    return {
        "of": scene.source or None,
        "sizes": list(net.sizes),
        "neurons": [list(some) for some in scene.index],
        "activations": [one.option for one in net.activations],
        "cost": net.cost.option,
        "w": [net.w[l].tolist() for l in range(1, net.L + 1)],
        "b": [net.b[l].tolist() for l in range(1, net.L + 1)],
        "x": scene.x.tolist(),
        "y": scene.y.tolist(),
        "eta": scene.eta,
        "rest": None if scene.rest is None else [one.tolist() for one in scene.rest],
    }


def _asked_in(question: Question) -> dict[str, Any]:
    return {
        "id": question.id,
        "kind": question.kind,
        "title": question.title,
        "prompt": spoken(question.prompt),
        "prompt_tex": question.prompt,
        "points": question.points,
        "asked": [_asked(one) for one in question.asked],
        "lines": [_line(one) for one in question.shown] or None,
    }


def _asked(one: Asked) -> dict[str, Any]:
    """What is said of it on the sheet: no value, and a tolerance as a rule that tells none."""
    precision = one.precision
    return {
        "name": one.name,
        "shape": list(one.shape),
        "neurons": list(one.index) or None,
        "points": one.points,
        "decimals": precision.decimals,
        "tolerance": {
            "absolute": precision.absolute if precision.decimals else 0.0,
            "relative": precision.relative,
        },
    }


def _line(one: Line) -> str:
    parts = [one.symbol.text, one.formula.text, one.numbers.text]
    return " = ".join(part for part in parts if part)


def _answers(question: Question, L: int) -> dict[str, Any]:
    return {
        "id": question.id,
        "kind": question.kind,
        "points": question.points,
        "asked": [{**_asked(one), "value": one.value, "choice": list(one.choice)} for one in question.asked],
        "slips": [
            {
                "mistake": slip.mistake,
                "layers": list(slip.layers),
                "title": title(slip.mistake, slip.layers, L),
                "values": slip.values,
            }
            for slip in question.slips
        ],
        "worked": _worked(question),
    }


def _worked(question: Question) -> list[str]:
    lines = [
        f"{_line(one)} = {printed(round(float(one.value), ON_THE_WAY))}"
        for one in question.worked
        if question.kind != "mistake"
    ]
    if question.kind == "mistake":
        lines = [question.remark, *(_line(one) for one in question.worked)]
    return lines


def spoken(prompt: str) -> str:
    """A prompt in plain text: its TeX as Unicode."""
    parts = prompt.split("$")
    return "".join(unicode(part) if place % 2 else part for place, part in enumerate(parts))
