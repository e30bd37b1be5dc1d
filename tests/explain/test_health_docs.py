"""docs/health.md and docs/by-hand.md: their programs and commands run, and print what stands below them."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from backlit.by_hand import FIELDS
from backlit.cli import main
from backlit.explain import findings
from backlit.functions.activations import ACTIVATIONS

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"```(python|sh|toml)\n(.*?)```\n(?:```text\n(.*?)```\n)?", re.DOTALL)


@pytest.mark.parametrize("page", ["health.md", "by-hand.md"])
def test_programs_print_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    blocks = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    assert len(blocks) >= 4
    for kind, program, expected in blocks:
        assert [*map(settled, printed(kind, program, known))] == [*map(settled, expected.splitlines())], (
            program
        )


def settled(line: str) -> str:
    """Without what rounding leaves, which differs from machine to machine, and the room it takes."""
    return " ".join(re.sub(r"−?[\d.]+e−1[5-9]", "0", line).split())


def printed(kind: str, program: str, known: dict[str, Any]) -> list[str]:
    """What a block prints; a TOML block is the file that the next ones read."""
    if kind == "toml":
        Path("mazur.toml").write_text(program, encoding="utf-8")
        return []
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        if kind == "sh":
            assert main(shlex.split(program)[1:]) == 0
        else:
            exec(compile(program, "the page", "exec"), known)
    return [line.rstrip() for line in said.getvalue().splitlines()]


def test_every_activation_finding_and_field_is_explained() -> None:
    health, by_hand = ((DOCS / page).read_text(encoding="utf-8") for page in ("health.md", "by-hand.md"))
    for name in ACTIVATIONS:
        assert f"`{name}`" in health, name
    for found in re.findall(r'Finding\(\s*"([\w-]+)"', Path(findings.__file__).read_text(encoding="utf-8")):
        assert f"| `{found}` |" in health, found
    for field in FIELDS:
        assert f"| `{field}` |" in by_hand, field
