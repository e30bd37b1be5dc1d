"""Marking: points for answers within the stated tolerance, and the known mistake that a wrong answer comes from.

Reads a key's plain data alone, so that it needs no network. A mistake is named where its numbers explain the wrong
answers of a question; several with the same numbers are named together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import DataError
from .reading import BLANK, check_answers, check_key
from .sheet import Key, Sheet

MARKS = "backlit.worksheet-marks/1"


@dataclass(frozen=True)
class Named:
    """A mistake that explains wrong answers: ids with the same numbers, the title of the first, the answers' names."""

    mistakes: tuple[str, ...]
    title: str
    explains: tuple[str, ...]


@dataclass(frozen=True)
class Mark:
    """One thing asked: ``verdict`` is right, wrong, partly (some entries of several) or blank."""

    question: str
    name: str
    verdict: str
    points: float
    total: float
    answer: Any
    right: Any


@dataclass(frozen=True)
class Marks:
    """What a sheet's answers are worth: ``points`` of ``total``, each answer's mark, the mistakes by question."""

    sheet: str
    name: str
    marks: tuple[Mark, ...]
    mistakes: Mapping[str, tuple[Named, ...]]

    @property
    def points(self) -> float:
        """Those that were made."""
        return round(sum(one.points for one in self.marks), 2)

    @property
    def total(self) -> float:
        """Those that can be made."""
        return sum(one.total for one in self.marks)

    def text(self) -> str:
        """A table with a line for each thing asked, and the mistakes below the question."""
        from .report import text

        return text(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data under backlit.worksheet-marks/1."""
        return {
            "schema": MARKS,
            "sheet": self.sheet,
            "name": self.name,
            "points": self.points,
            "total": self.total,
            "answers": [
                {
                    "question": one.question, "name": one.name, "verdict": one.verdict, "points": one.points,
                    "total": one.total, "answer": one.answer, "right": one.right,
                }
                for one in self.marks
            ],
            "mistakes": {
                question: [
                    {"mistakes": list(one.mistakes), "title": one.title, "explains": list(one.explains)}
                    for one in named
                ]
                for question, named in self.mistakes.items()
            },
        }  # fmt: skip

    def __str__(self) -> str:
        return self.text()


def mark(answers: Any, key: Any, *, place: str = "the answers") -> Marks:
    """Marks ``answers`` (plain data under backlit.worksheet-answers/1) by ``key``: a Key, its Sheet, or plain data.

    Raises DataError, naming ``place`` and the question, for what is no answer to this sheet.
    """
    plain = (
        key.key().to_dict()
        if isinstance(key, Sheet)
        else key.to_dict()
        if isinstance(key, Key)
        else check_key(key)
    )
    given = check_answers(answers, plain, place)
    marks: list[Mark] = []
    mistakes: dict[str, tuple[Named, ...]] = {}
    for question in plain["questions"]:
        answered = given[question["id"]]
        marks += [_mark(question["id"], one, answered[one["name"]]) for one in question["asked"]]
        named = tuple(_named(question, answered))
        if named:
            mistakes[question["id"]] = named
    name = answers.get("name") or ""
    if not isinstance(name, str):
        raise DataError(f"{place}: name is a text, or left out; got {name!r}")
    return Marks(plain["sheet"], name, tuple(marks), mistakes)


def _mark(question: str, asked: Mapping[str, Any], answer: Any) -> Mark:
    hits = _hits(asked, answer)
    part = sum(hits) / len(hits)
    blank = answer is BLANK or (isinstance(answer, list) and all(one is BLANK for one in answer))
    verdict = "blank" if blank else "right" if part == 1 else "partly" if part else "wrong"
    points = round(asked["points"] * part, 2)
    return Mark(question, asked["name"], verdict, points, asked["points"], answer, asked["value"])


def _hits(asked: Mapping[str, Any], answer: Any) -> list[bool]:
    """Whether each entry is right."""
    if isinstance(answer, str):
        return [answer in asked["choice"]]
    rights, answers = _entries(asked["value"]), _entries(answer)
    if answer is BLANK:
        return [False] * len(rights)
    return [one is not BLANK and _near(asked, one, value) for one, value in zip(answers, rights, strict=True)]


def _entries(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _wrong(asked: Mapping[str, Any], answer: Any) -> list[int]:
    """The places of entries that are there and not right."""
    hits = _hits(asked, answer)
    return [at for at, one in enumerate(_entries(answer)) if one is not BLANK and not hits[at]]


def _near(asked: Mapping[str, Any], answer: float, value: float) -> bool:
    """Within the tolerance, as a number rounded to the decimals asked is: whatever its last bits are."""
    rule = asked["tolerance"]
    tolerance = max(rule["absolute"], rule["relative"] * abs(value))
    return bool(abs(answer - value) <= tolerance * (1 + 1e-9))


def _named(question: Mapping[str, Any], answered: Mapping[str, Any]) -> list[Named]:
    """The mistakes behind a question's wrong answers: the one that explains most of them, then of what is left."""
    asked = {one["name"]: one for one in question["asked"]}
    left = {
        name
        for name, one in asked.items()
        if not isinstance(answered[name], str) and _wrong(one, answered[name])
    }
    found: list[Named] = []
    while left:
        explained = [(slip, _explained(slip, asked, answered, left)) for slip in question["slips"]]
        most = max((len(names) for _, names in explained), default=0)
        if not most:
            break
        best = [(slip, names) for slip, names in explained if len(names) == most]
        names = best[0][1]
        same = [slip for slip, others in best if others == names]
        same.sort(key=lambda slip: _beside(slip, asked, answered, names))
        ids = tuple(dict.fromkeys(slip["mistake"] for slip in same))
        found.append(Named(ids, same[0]["title"], tuple(name for name in asked if name in names)))
        left -= names
    return found


def _explained(
    slip: Mapping[str, Any], asked: Mapping[str, Any], answered: Mapping[str, Any], left: set[str]
) -> set[str]:
    """The wrong answers that are what the mistake would answer; right entries among them may stand."""
    names = set()
    for name in left & set(slip["values"]):
        one = asked[name]
        rows = zip(
            _entries(answered[name]), _entries(slip["values"][name]), _entries(one["value"]), strict=True
        )
        if all(
            given is BLANK or _near(one, given, slipped) or _near(one, given, right)
            for given, slipped, right in rows
        ):
            names.add(name)
    return names


def _beside(
    slip: Mapping[str, Any], asked: Mapping[str, Any], answered: Mapping[str, Any], names: set[str]
) -> tuple[int, float]:
    """How many of the other answers it would change although they are right, and how far from its numbers these are."""
    right_ones = sum(1 for name in slip["values"] if name not in names and answered[name] is not BLANK)
    off = 0.0
    for name in names:
        for given, slipped in zip(_entries(answered[name]), _entries(slip["values"][name]), strict=True):
            if given is not BLANK:
                off += round(abs(given - slipped) / (1e-12 + abs(slipped)), 3)
    return right_ones, off
