"""docs/explain.md: its Python runs from top to bottom and prints what stands below it; its table of steps is whole."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, get_args

from backlit.explain.steps import Kind

FILE = Path(__file__).parents[2] / "docs/explain.md"
PAGE = FILE.read_text(encoding="utf-8")
BLOCKS = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
# What differs between machines in the last bit: how many digits agree, and the sevenths and later digits.
LAST_BITS = re.compile(r"agree\s+to\s+\d+\s+digits")


def outputs(page: str) -> list[str]:
    """What the page's blocks print, one after the other."""
    known: dict[str, Any] = {}
    found = []
    for code, _ in BLOCKS.findall(page):
        out = io.StringIO()
        with redirect_stdout(out):
            exec(compile(code, FILE.name, "exec"), known)
        found.append(out.getvalue().rstrip() + "\n")
    return found


def test_the_page_prints_what_it_shows() -> None:
    shown = [text for _, text in BLOCKS.findall(PAGE)]
    assert len(shown) >= 6
    for text, printed in zip(shown, outputs(PAGE), strict=True):
        assert LAST_BITS.sub("agree", printed) == LAST_BITS.sub("agree", text)


def test_every_kind_of_step_is_on_the_page() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `kind`"))
    assert re.findall(r"`(\w+)`", row.split("|")[2]) == list(get_args(Kind))
