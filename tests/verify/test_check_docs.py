"""docs/check.md: its programs and commands run, and print what stands below them; its numbers are those of the code."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from backlit.cli import main
from backlit.verify.checks import rounding as check_rounding, sample as check_sample, ways as check_ways
from backlit.verify.checks.check import _FEWEST, _MOST
from backlit.verify.checks.progress import LONG
from backlit.verify.checks.verdicts import LEAST

PAGE = (Path(__file__).parents[2] / "docs" / "check.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(python|sh|toml)\n(.*?)```\n(?:```text\n(.*?)```\n)?", re.DOTALL)


def test_programs_print_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    blocks = BLOCK.findall(PAGE)
    assert len(blocks) == 6
    for kind, program, expected in blocks:
        assert settled(printed(kind, program, known)) == settled(expected), program


def settled(text: str) -> list[str]:
    """Without what rounding leaves, which differs from machine to machine: tiny numbers, digits, closest entries."""
    text = re.sub(r"  fewest digits\n.*?(\n\n|$)", "", text, flags=re.DOTALL)
    text = re.sub(r"\S+·10⁻[¹²]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|\b1[0-5]\b|(?<=  )0(?=  +–)", "n", text)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [re.sub(r"(∂C/∂\S+ \d+ \d+ \d+ \d+) .*", r"\1", line) for line in lines if line]


def printed(kind: str, program: str, known: dict[str, Any]) -> str:
    """What a block prints; a TOML block is the file that the next one reads."""
    if kind == "toml":
        Path("mazur.toml").write_text(program, encoding="utf-8")
        return ""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        if kind == "sh":
            assert main(shlex.split(program)[1:]) == 0
        else:
            exec(compile(program, "the page", "exec"), known)
    return said.getvalue()


def test_the_numbers_that_the_page_names() -> None:
    text = " ".join(PAGE.split())
    assert f"at least {check_ways.LEAST_STEPS} and at most {check_ways.STEPS} halvings" in text
    assert check_ways.STEP == 1e-20
    assert "h = 10⁻²⁰" in text
    assert check_rounding.TIMES == 8
    assert "Eight of the errors that result are granted" in text
    assert LEAST == 0.1
    assert "at most a tenth of the entry" in text
    assert f"50 digits ({_FEWEST} to {_MOST} with `digits=`)" in text
    assert f"{check_sample._MOST_ENTRIES:,} entries, or more than a minute and a half" in text
    assert check_sample._LONG == 90
    assert f"then {check_sample.AUTOMATIC:,} entries are drawn" in text
    assert f"that will take more than {LONG:.0f} seconds" in text
    assert check_sample._AFFORDABLE == 3
    assert "about 3 seconds or less" in text
