"""The guide docs/data.md: its programs are run, they print what it says they print, and every name is in it."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

from backlit import data

GUIDE = Path(__file__).parents[2] / "docs" / "data.md"
BLOCK = re.compile(r"```python\n(.*?)```\n(?:```text\n(.*?)```\n)?", re.DOTALL)


def test_the_guides_programs_print_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PIL", reason="Pillow is not installed")
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    assert len(blocks) >= 8
    known: dict[str, Any] = {}
    for program, expected in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(program, str(GUIDE), "exec"), known)
        assert [line.rstrip() for line in printed.getvalue().splitlines()] == expected.splitlines(), program


def test_the_guide_knows_every_name() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for name in data.names():
        assert f"`{name}`" in text


def test_the_guide_knows_every_ending_and_every_missing_word() -> None:
    from backlit.data import read
    from backlit.data.cells import MISSING

    text = GUIDE.read_text(encoding="utf-8")
    for ending in (*read._TABLES, *read._SVMLIGHT, ".npz"):
        assert re.search(rf"[` ]{re.escape(ending)}[` ]", text), ending
    for word in MISSING - {""}:
        assert f"`{word}`" in text, word
