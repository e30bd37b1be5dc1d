"""The pages that show real networks: what stands there is what the commands print, with the digits and with MNIST."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_explained", DOCS / "make_explained.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def agree(maker: ModuleType, paths: tuple[Path, ...]) -> None:
    for path, printed in maker.pages(paths).items():
        shown = path.read_text(encoding="utf-8")
        assert maker.same(shown, printed), f"{path.name}: run python docs/make_explained.py"
        assert "<!-- run: backlit explain " in shown


def test_the_digits_are_as_shown(maker: ModuleType) -> None:
    agree(maker, maker.DIGITS)


def test_mnist_is_as_shown(maker: ModuleType, mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLIT_DATA", str(mnist.parent))
    assert maker.has_mnist()
    agree(maker, maker.MNIST)


def test_each_page_has_a_derivation_its_paths_and_nudges(maker: ModuleType) -> None:
    for path in (maker.DIGITS[0], *maker.MNIST):
        text = path.read_text(encoding="utf-8")
        for command in ("explain", "paths", "nudges"):
            assert text.count(f"<!-- run: backlit {command} ") == 1
            assert f"$ backlit {command} " in text


def test_a_page_that_differs_is_found(
    maker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- run: backlit data list -->\n<!-- end -->\n", encoding="utf-8")
    monkeypatch.setattr(maker, "DIGITS", (page,))
    monkeypatch.setattr(maker, "MNIST", ())
    monkeypatch.delenv("BACKLIT_DATA", raising=False)
    assert maker.main(["--check"]) == 1
    assert "page.md is not what the commands print" in capsys.readouterr().err
    assert maker.main([]) == 0
    assert "$ backlit data list\n" in page.read_text(encoding="utf-8")
    assert maker.main(["--check"]) == 0
    assert maker.main(["--chek"]) == 2


def test_a_command_that_fails_is_said(maker: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- run: backlit inspect nothing -->\n<!-- end -->\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="backlit inspect nothing\nends with 3"):
        maker.pages((page,))
