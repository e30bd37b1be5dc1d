"""How messages write arguments: as Python or as the command line has them, and never by hand."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backlit.pipeline import Choices
from backlit.settings import Settings
from backlit.spelling import counted, on_the_command_line, spelt, worded

ROOT = Path(__file__).parents[1] / "src" / "backlit"
NAMES = sorted({field.name for kind in (Choices, Settings) for field in dataclasses.fields(kind)} - {"data"})
BY_HAND = re.compile(rf"(?<!\w)(?:(?:{'|'.join(NAMES)})=|--[a-z][a-z-]+)")


@pytest.mark.parametrize(
    ("given", "python", "command_line"),
    [
        (("validation", 0.1), "validation=0.1", "--validation 0.1"),
        (("clip_norm",), "clip_norm", "--clip-norm"),
        (("metrics", ["r2", "mae"]), "metrics=['r2', 'mae']", "--metrics r2,mae"),
        (
            ("exclude", ["sepal length (cm)"]),
            "exclude=['sepal length (cm)']",
            "--exclude 'sepal length (cm)'",
        ),
        (("target", ...), "target=…", "--target …"),
        (("sample_weight",), "sample_weight", "--weight-column"),
        (("validation", None), "validation=None", "--validation None"),
    ],
)
def test_arguments(given: tuple[Any, ...], python: str, command_line: str) -> None:
    assert spelt(*given) == python
    with on_the_command_line():
        assert spelt(*given) == command_line
        assert worded("there", "here") == "here"
    assert spelt(*given) == python
    assert worded("there", "here") == "there"


def test_what_goes_wrong_on_the_command_line_leaves_python_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), on_the_command_line():
        raise ZeroDivisionError
    assert spelt("eta", 3) == "eta=3"


def test_numbers_of_things() -> None:
    assert [counted(n, "epoch") for n in (0, 1, 2, 1200)] == [
        "0 epochs",
        "1 epoch",
        "2 epochs",
        "1,200 epochs",
    ]
    assert [counted(n, "class", "classes") for n in (1, 2)] == ["1 class", "2 classes"]


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string that goes into an error or a warning, but for what ``worded`` is given."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _name(call).endswith(("Error", "unknown", "say", "warn")):
            for string in _strings(call):
                yield string.lineno, str(string.value)


def _strings(node: ast.AST) -> Iterator[ast.Constant]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child
        elif not (isinstance(child, ast.Call) and _name(child) in ("worded", "spelt")):
            yield from _strings(child)


def _name(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def test_no_message_writes_an_argument_by_hand() -> None:
    """Outside of cli/, where only the command line is spoken, and for whose words another test is."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sorted(ROOT.rglob("*.py"))
        if not str(path.relative_to(ROOT)).startswith("cli/")
        for line, text in messages(path)
        if BY_HAND.search(text)
    ]
    assert found == []


def test_the_search_finds_what_it_is_for(tmp_path: Path) -> None:
    path = tmp_path / "room.py"
    path.write_text(
        'raise UsageError(f"{a} needs a set: give validation=0.1")\n'
        'raise DataError(f"leave it out (--exclude {a})", 3)\n'
        "raise UsageError(f\"give {spelt('validation', 0.1)}, or {worded('eta=3', '--eta 3')}\")\n",
        encoding="utf-8",
    )
    assert [bool(BY_HAND.search(text)) for _, text in messages(path)].count(True) == 2
