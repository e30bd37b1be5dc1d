"""What the tests of data share: a way to read a refusal, files to be refused, and pictures made from real digits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import data
from backlit.data import Recipe
from backlit.errors import BacklitError


@pytest.fixture
def refused() -> Callable[..., str]:
    """Calls something that must raise an error of ours, and gives back its one sentence."""

    def call(function: Callable[..., Any], *args: Any, kind: type[BacklitError], **options: Any) -> str:
        with pytest.raises(kind) as caught:
            function(*args, **options)
        words = str(caught.value)
        assert "\n" not in words, "an error is one line"
        return words

    return call


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    """Writes a text file and gives back its path."""

    def write(content: str | bytes, name: str = "people.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture(scope="session")
def digits() -> Any:
    """scikit-learn's 8 × 8 digits, from 0 to 1, and what they are."""
    x, y = data.load("digits").arrays()
    return x.reshape(-1, 8, 8), y


@pytest.fixture
def people() -> dict[str, list[Any]]:
    """A small table of mixed kinds with gaps, as lists by name."""
    rng = np.random.default_rng(4)
    n = 40
    age = [None if i % 8 == 3 else int(a) for i, a in enumerate(rng.integers(18, 80, n))]
    colour = [None if i % 10 == 7 else ("red", "green", "blue")[i % 3] for i in range(n)]
    member = [bool(b) for b in rng.integers(0, 2, n)]
    height = [float(h) for h in rng.normal(1.7, 0.1, n).round(3)]
    income = [float(v) for v in rng.normal(50, 9, n).round(2)]
    return {"age": age, "colour": colour, "member": member, "height": height, "income": income}


@pytest.fixture(scope="session")
def learn() -> Callable[..., Recipe]:
    """The recipe of columns, given as lists by name, with four values in turn as the target."""

    def call(columns: dict[str, Any], **options: Any) -> Recipe:
        n = len(next(iter(columns.values())))
        return Recipe.learn({**columns, "y": ([0.0, 1.0, 2.0, 4.0] * n)[:n]}, target="y", **options)

    return call


@pytest.fixture(scope="session")
def again() -> Callable[[Recipe], Recipe]:
    """A recipe as a model file gives it back."""
    return lambda recipe: Recipe.from_json(json.loads(json.dumps(recipe.to_json(), allow_nan=False)))
