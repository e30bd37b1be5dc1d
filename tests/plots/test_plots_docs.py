"""docs/displays.md: its code runs, draws every picture that the page shows, and those in the repository are small."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from backlit import plots

pytest.importorskip("matplotlib")

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def page() -> Any:
    """The script beside the page, as a module."""
    spec = importlib.util.spec_from_file_location("make_displays", DOCS / "make_displays.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_pages_code_draws_its_pictures(page: Any, tmp_path: Path) -> None:
    page.draw(tmp_path, page.blocks())
    drawn = {one.name for one in tmp_path.glob("*.png")}
    assert set(page.pictures()) <= drawn


def test_the_pictures_are_there_and_small(page: Any) -> None:
    sizes = {name: (DOCS / "displays" / name).stat().st_size for name in page.pictures()}
    assert {name for name, size in sizes.items() if size > 100_000} == set()


def test_every_display_is_on_the_page(page: Any) -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert [name for name in plots.__all__ if name not in text] == []
