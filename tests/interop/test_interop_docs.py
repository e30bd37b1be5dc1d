"""The pages on other tools' models: their programs run, one after the other, and print what stands under them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
NEEDS = {  # page → how many programs it has, and what they import
    "from-pytorch.md": (5, ["torch"]),
    "from-the-book.md": (2, []),
    "interop.md": (3, ["skops", "pandas"]),
    "onnx.md": (4, ["onnxruntime"]),
}


@pytest.mark.parametrize("page", NEEDS)
def test_the_page_runs_and_prints_what_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count, needed = NEEDS[page]
    for name in needed:
        pytest.importorskip(name)
    monkeypatch.chdir(tmp_path)
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\n(?:```text\n(.*?)```\n)?", text, re.DOTALL)
    assert len(blocks) == count
    known: dict[str, Any] = {}
    for program, expected in blocks:
        exec(compile(program, page, "exec"), known)
        assert settled(capsys.readouterr().out) == settled(expected), program


def settled(text: str) -> str:
    """Without what rounding leaves, which differs from machine to machine."""
    return re.sub(r"\d\S*e-\d+|(?<=difference )0", "n", text).strip()
