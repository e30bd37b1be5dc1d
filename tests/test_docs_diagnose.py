"""docs/diagnose.md: its tables are the program's, its program runs, and what was measured holds what is promised."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from backlit.verify.calling.outcome import TROUBLES
from backlit.verify.finding import Finding
from backlit.verify.mistakes import MISTAKES

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "diagnose.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_diagnose", DOCS / "make_diagnose.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measured(name: str) -> str:
    found = re.search(rf"<!-- measured: {name} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_tables_are_those_of_the_program(maker: ModuleType) -> None:
    assert maker.page(PAGE, maker.made(measuring=False)) == PAGE
    for name in (*MISTAKES, *TROUBLES):
        assert PAGE.count(f"\n| `{name}` |") in (1, 2), name  # the second is the measured row


def test_a_table_that_lacks_a_mistake_is_noticed(
    maker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "diagnose.md"
    monkeypatch.setattr(maker, "PAGE", page)
    page.write_text(PAGE, encoding="utf-8")
    assert maker.main(["--check"]) == 0
    page.write_text(re.sub(r"\| `index-clash` \| [^\n]*`dW[^\n]*\n", "", PAGE), encoding="utf-8")
    assert maker.main(["--check"]) == 1
    assert "make_diagnose.py --tables" in capsys.readouterr().err
    assert maker.main(["--tables"]) == 0
    assert page.read_text(encoding="utf-8") == PAGE


def test_every_mistake_is_measured_and_named_first_in_98_of_100() -> None:
    rows = re.findall(r"\| `([\w-]+)` \| [\d.]+% \(([\d,]+) of ([\d,]+)\)", measured("mistakes"))
    planted = {one.id for one in MISTAKES.values() if one.about == "gradient"}
    assert {name for name, _, _ in rows} == {name for name in planted if not name.startswith("layout-")}
    for name, good, of in rows:
        assert number(of) >= 100, name
        assert number(good) >= 0.98 * number(of), name


def test_pairs_are_measured_and_named_in_85_of_100() -> None:
    found = re.search(r"both are named in [\d.]+% \(([\d,]+) of ([\d,]+)\)", measured("pairs"))
    assert found is not None
    assert number(found[2]) >= 500
    assert number(found[1]) >= 0.85 * number(found[2])


def test_no_right_gradient_of_a_thousand_was_called_wrong() -> None:
    found = re.match(
        r"([\d,]+) right gradients, ([\d,]+) of them in float32, seed \d+: (\d+) called wrong",
        measured("right"),
    )
    assert found is not None
    assert number(found[1]) >= 1000
    assert number(found[2]) >= 100
    assert found[3] == "0"


def test_the_program_of_the_page_prints_what_stands_below_it() -> None:
    ((program, expected),) = re.findall(r"```python\n(.*?)```\n```text\n(.*?)```", PAGE, re.DOTALL)
    said, known = io.StringIO(), dict[str, Any]()
    with contextlib.redirect_stdout(said):
        exec(compile(program, "the page", "exec"), known)
    assert settled(said.getvalue()) == settled(expected)


def settled(text: str) -> list[str]:
    """Without the digits that agree, which rounding decides."""
    return [re.sub(r"to \d+ digits", "to … digits", line.rstrip()) for line in text.splitlines()]


def test_every_field_of_a_finding_is_explained() -> None:
    for field in fields(Finding):
        assert f"`{field.name}`" in PAGE, field.name


def number(text: str) -> int:
    return int(text.replace(",", ""))
