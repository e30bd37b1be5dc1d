"""``backlit convert``: every ending out and back, what it says, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import backlit as library

from .conftest import Backlit


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> library.Network:
    monkeypatch.chdir(tmp_path)
    net = library.Network([4, 5, 3], activations=["tanh", "softmax"], cost="cross_entropy", seed=1)
    net.save("mine.safetensors")
    return net


@pytest.mark.parametrize("ending", ["onnx", "pt2", "skops"])
def test_there_and_back_is_the_same_network(backlit: Backlit, model: library.Network, ending: str) -> None:
    pytest.importorskip({"onnx": "onnx", "pt2": "torch", "skops": "skops"}[ending])
    out = backlit("convert", "mine.safetensors", f"other.{ending}")
    assert out.code == 0, out.err
    assert out.out.startswith(f"other.{ending}: 4 → 5 → 3, tanh, softmax")
    options = ["--cost", "cross_entropy"] if ending != "skops" else []
    back = backlit("convert", f"other.{ending}", "back.safetensors", *options)
    assert back.code == 0, back.err
    assert "largest difference" in back.out
    x = np.random.default_rng(0).normal(size=(7, 4))
    np.testing.assert_allclose(library.load("back.safetensors").predict(x), model.predict(x), atol=1e-6)
    assert backlit("inspect", f"other.{ending}").code == 0


def test_a_c_header_is_written_under_a_name(backlit: Backlit, model: library.Network) -> None:
    done = backlit("convert", "mine.safetensors", "mine.h", "--name", "iris", "--json")
    assert done.json["schema"] == "backlit.convert/1"
    assert done.json["sizes"] == [4, 5, 3]
    assert "iris" in Path("mine.h").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mine.safetensors", "mine.xyz"], "there is no rule for the ending '.xyz'"),
        (["mine.safetensors", "mine.safetensors"], "which is read"),
        (["mine.safetensors", "mine.keras"], "is read, not written"),
        (["gone.onnx", "mine.safetensors"], "gone.onnx"),
        (["mine.safetensors", "mine.onnx", "--name", "x"], "has no option 'name'"),
    ],
)
def test_what_cannot_be(backlit: Backlit, model: library.Network, arguments: list[str], words: str) -> None:
    done = backlit("convert", *arguments)
    assert done.code in (2, 3)
    assert words in done.err
    assert len(done.err.splitlines()) == 1
