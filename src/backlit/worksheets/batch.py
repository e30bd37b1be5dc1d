"""Marking files: one file of answers, or all of a folder, each by the key of its sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import DataError
from .marking import Marks, mark
from .reading import check_key, read_json
from .sheet import ANSWERS


def mark_files(answers: str | Path, key: str | Path) -> list[tuple[Path, Marks]]:
    """The marks of each file; ``key`` is one, or a folder of keys. Raises DataError naming file and question."""
    keys = _keys(Path(key))
    listed = Path(answers)
    paths = _in_folder(listed) if listed.is_dir() else [listed]
    found = []
    for path in paths:
        given = read_json(path, "answers to a worksheet")
        if listed.is_dir() and given.get("schema") != ANSWERS:
            continue  # the sheets themselves may lie in the same folder
        found.append((path, mark(given, _of(given, keys, path), place=str(path))))
    if not found:
        raise DataError(f"{listed} has no answers in it: files in JSON whose schema is {ANSWERS!r}")
    return found


def _in_folder(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".json" and path.is_file())


def _keys(place: Path) -> dict[str, dict[str, Any]]:
    """Keys by their sheet."""
    if not place.is_dir():
        key = check_key(read_json(place, "a worksheet's key"), str(place))
        return {key["sheet"]: key}
    keys = [check_key(read_json(path, "a worksheet's key"), str(path)) for path in _in_folder(place)]
    if not keys:
        raise DataError(f"{place} has no keys in it: files such as key-01.json")
    return {key["sheet"]: key for key in keys}


def _of(given: dict[str, Any], keys: dict[str, dict[str, Any]], path: Path) -> dict[str, Any]:
    """The key of a file's sheet; where there is only one key, that one, and ``mark`` says whether it fits."""
    if len(keys) == 1:
        return next(iter(keys.values()))
    sheet = given.get("sheet")
    if not isinstance(sheet, str) or sheet not in keys:
        raise DataError(f'{path}: "sheet" is {sheet!r}, and none of the {len(keys)} keys is of that sheet')
    return keys[sheet]
