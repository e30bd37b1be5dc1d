"""Answers and keys as files have them: read with care, since people and programs write them.

Strings count as numbers where they can mean one thing only. What is wrong is a DataError that names the file and the
question.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import DataError
from .sheet import ANSWERS, KEY

_MOST_BYTES = 2**24
_LARGEST = 1e15
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_FRACTION = re.compile(r"([+-]?\d{1,15})\s*/\s*(\d{1,15})", re.ASCII)
BLANK = None


def read_json(path: str | Path, what: str) -> dict[str, Any]:
    """An object from a JSON file; raises DataError naming it."""
    source = Path(path)
    try:
        if source.stat().st_size > _MOST_BYTES:
            raise DataError(f"{source} is larger than {_MOST_BYTES:,} bytes, and no such file is {what}")
        found = json.loads(source.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"{source}: there is no such file; give the path of {what}") from None
    except UnicodeDecodeError:
        raise DataError(f"{source} is not text in UTF-8; save it as JSON") from None
    except (ValueError, RecursionError) as reason:
        raise DataError(
            f"{source} is not valid JSON ({str(reason).splitlines()[0]}); mend it there"
        ) from None
    except OSError as reason:
        raise DataError(
            f"{source} can't be read: {reason.strerror or reason}; give the path of {what}"
        ) from None
    if not isinstance(found, dict):
        raise DataError(f"{source} holds no object: {what} begins with {{")
    return found


def check_key(key: Any, place: str = "the key") -> dict[str, Any]:
    """A key's plain data, if it is one; raises DataError."""
    if not isinstance(key, Mapping) or key.get("schema") != KEY:
        got = key.get("schema") if isinstance(key, Mapping) else type(key).__name__
        hint = (
            "; this is the sheet, and its key lies in the folder keys" if got == "backlit.worksheet/1" else ""
        )
        raise DataError(f"{place} is not a worksheet's key: its schema is {KEY!r}, got {got!r}{hint}")
    try:
        for question in key["questions"]:
            question["id"], question["slips"], question["points"]
            for one in question["asked"]:
                one["name"], one["shape"], one["value"], one["points"], one["decimals"]
                float(one["tolerance"]["absolute"]), float(one["tolerance"]["relative"])
        key["sheet"]
    except (KeyError, TypeError, ValueError) as reason:
        raise DataError(
            f"{place} is not complete ({reason!s}); write the worksheets anew, with the same seed"
        ) from None
    return dict(key)


def check_answers(
    given: Any, key: Mapping[str, Any], place: str = "the answers"
) -> dict[str, dict[str, Any]]:
    """Answers by question and name, as numbers, lists of numbers, words (for a choice), or None where blank.

    A question that is left out is blank. Raises DataError, naming the question, for what is no answer to this sheet.
    """
    answers = _unwrapped(given, key, place)
    known = {question["id"]: question for question in key["questions"]}
    for name in answers:
        if name not in known:
            raise DataError(
                f"{place}: there is no question {name!r} on sheet {key['sheet']}; it has {', '.join(known)}"
            )
    return {
        name: _of_question(answers.get(name), question, f"{place}, question {name}")
        for name, question in known.items()
    }


def _unwrapped(given: Any, key: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise DataError(f'{place}: answers are an object, {{"answers": {{"1": …}}}}; got {_shown(given)}')
    schema = given.get("schema", ANSWERS)
    if schema != ANSWERS:
        raise DataError(f"{place}: the schema of answers is {ANSWERS!r}; got {_shown(schema)}")
    if "answers" not in given:
        raise DataError(
            f'{place}: "answers" is missing: an object with an entry for each question, {{"1": …}}'
        )
    sheet = given.get("sheet", key["sheet"])
    if sheet != key["sheet"]:
        raise DataError(f"{place} are to sheet {_shown(sheet)}, and the key is that of sheet {key['sheet']}")
    if not isinstance(given["answers"], Mapping):
        raise DataError(
            f'{place}: "answers" is an object with an entry for each question; got {_shown(given["answers"])}'
        )
    return given["answers"]


def _of_question(given: Any, question: Mapping[str, Any], place: str) -> dict[str, Any]:
    """What was answered, by name; the one thing asked may come without its name."""
    asked = {one["name"]: one for one in question["asked"]}
    if _blank(given):
        return dict.fromkeys(asked, BLANK)
    if not isinstance(given, Mapping):
        if len(asked) > 1:
            raise DataError(
                f"{place} asks for {', '.join(asked)}: give an object with these names; got {_shown(given)}"
            )
        given = {next(iter(asked)): given}
    for name in given:
        if name not in asked:
            raise DataError(f"{place} does not ask for {name!r}; it asks for {', '.join(asked)}")
    return {name: _value(given.get(name), one, f"{place}, {name}") for name, one in asked.items()}


def _value(given: Any, asked: Mapping[str, Any], place: str) -> Any:
    if _blank(given):
        return BLANK
    if not asked["shape"]:
        if asked.get("choice") and isinstance(given, str) and not _PLAIN.fullmatch(given.strip()):
            return given.strip()
        return _number(given, place)
    (n,) = asked["shape"]
    if not isinstance(given, (list, tuple)) or len(given) != n:
        got = f"{len(given)}" if isinstance(given, (list, tuple)) else _shown(given)
        raise DataError(f"{place} is a list of {n} number{'s' * (n != 1)}; got {got}")
    return [BLANK if _blank(one) else _number(one, f"{place}, entry {at}") for at, one in enumerate(given)]


def _blank(given: Any) -> bool:
    return given is None or (isinstance(given, str) and not given.strip())


def _number(given: Any, place: str) -> float:
    """A number, or a text that can only mean one: "0.5", "−1/2", ".5", "1e-3"; a comma can mean two things."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise DataError(f"{place} is a number; got {_shown(given)}")
    if isinstance(given, str):
        text = given.strip().replace("−", "-")
        fraction = _FRACTION.fullmatch(text)
        if fraction and int(fraction[2]):
            return int(fraction[1]) / int(fraction[2])
        if not _PLAIN.fullmatch(text):
            hint = "; write the decimal point as a point" if "," in text else ""
            raise DataError(f"{place}: {_shown(given)} is no number{hint}")
    try:
        number = float(text if isinstance(given, str) else given)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or abs(number) > _LARGEST:
        raise DataError(
            f"{place}: {_shown(given)} is no answer; numbers are finite, and none here is above {_LARGEST:g}"
        )
    return number


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
