"""The page of the equations and the code: every tag, row and formula of one is in the other, and its examples run."""

from __future__ import annotations

import doctest
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from backlit.equations import EQUATIONS
from backlit.functions import ACTIVATIONS, COSTS, PAIRS

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "equations.md").read_text(encoding="utf-8")


def cells(name: str) -> list[list[str]]:
    """The rows of one table of the page, read from the page alone."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
    assert found, name
    lines = [line for line in found[1].splitlines() if line.startswith("|")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {len(row) for row in table} == {len(table[0])}, f"a cell of {name} holds a bar"
    return table[2:]


def name_of(cell: str) -> str:
    return cell.strip("`").split("(")[0]


@pytest.fixture
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_equations", DOCS / "make_equations.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_tag_is_on_the_page_and_every_tag_of_the_page_in_the_code() -> None:
    assert [row[0] for row in cells("equations")] == list(EQUATIONS)
    for tag, tex, source, code in cells("equations"):
        assert tex == f"${EQUATIONS[tag].tex}$"
        assert source == EQUATIONS[tag].source
        assert code.startswith(f"`{tag}`: ")
        assert len(code) > 20
    assert set(re.findall(r"\b(?:N\d+|B\d|R\d)\b", PAGE)) == set(EQUATIONS)


@pytest.mark.parametrize(("name", "table"), [("activations", ACTIVATIONS), ("costs", COSTS)])
def test_every_row_is_on_the_page_and_every_row_of_the_page_in_the_code(name: str, table: Any) -> None:
    rows = cells(name)
    assert [name_of(row[0]) for row in rows] == list(table)
    for row in rows:
        built = table[name_of(row[0])]()
        assert row[1:3] == [f"${built.tex}$", f"${built.tex_derivative}$"]
        assert row[-1] == built.source


def test_every_pair_is_on_the_page() -> None:
    assert [(name_of(sigma), name_of(cost)) for sigma, cost, _ in cells("pairs")] == list(PAIRS)
    assert [row[2] for row in cells("pairs")] == [f"${pair.tex_delta}$" for pair in PAIRS.values()]


def test_kinks_and_targets_are_said() -> None:
    said = {name_of(row[0]): row[3] for row in cells("activations")}
    assert said["relu"] == "z = 0: from 0 to 1, there 0"
    assert said["hard_sigmoid"] == "z = −3: from 0 to 0.1667, there 0; z = 3: from 0.1667 to 0, there 0"
    assert said["gelu"] == "none"
    targets = {name_of(row[0]): row[3:5] for row in cells("costs")}
    assert targets["hinge"] == ["−1 or 1", "$y_j a_j = 1$: 0"]
    assert targets["poisson"] == ["0 or more", "none"]


def test_the_page_is_what_the_script_writes(maker: ModuleType) -> None:
    assert maker.written(PAGE) == PAGE
    assert maker.main(["--check"]) == 0


def test_the_script_finds_a_page_that_differs(
    maker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(maker, "PAGE", tmp_path / "equations.md")
    maker.PAGE.write_text(PAGE.replace(r"\odot t)_j = s_j t_j", r"\odot t)_j = s_j + t_j"), encoding="utf-8")
    assert maker.main(["--check"]) == 1
    assert "equations.md is not what the code says" in capsys.readouterr().err
    assert maker.main([]) == 0
    assert maker.PAGE.read_text(encoding="utf-8") == PAGE
    maker.PAGE.write_text("nothing", encoding="utf-8")
    with pytest.raises(
        SystemExit, match=r"equations\.md has 0 places for the table of equations; it needs one"
    ):
        maker.main([])


def test_the_examples_run() -> None:
    failed, tried = doctest.testfile(str(DOCS / "equations.md"), module_relative=False)
    assert tried >= 8
    assert not failed
