"""What the command line's tests share: the program called in this process, in a folder of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backlit.cli import main


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as strict JSON: NaN and Infinity are none."""

        def refuse(name: str) -> None:
            raise AssertionError(f"{name} is not JSON")

        return json.loads(self.out, parse_constant=refuse)


Backlit = Callable[..., Done]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the command is run in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BACKLIT_DATA", raising=False)
    return tmp_path


@pytest.fixture
def backlit(here: Path, capsys: pytest.CaptureFixture[str]) -> Backlit:
    """``backlit("train", "digits")`` runs the command and says how it ended."""

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return Done(code, told.out, told.err)

    return call


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models that are trained once: digits (held out: a fifth), flowers (CSV), prices (values)."""
    from backlit import pipeline

    folder = tmp_path_factory.mktemp("models")
    flowers(folder / "flowers.csv")
    prices(folder / "prices.csv")
    few = {"progress": False, "layers": (16,), "epochs": 12}
    pipeline.train("digits", held_out=0.2, out=folder / "digits.safetensors", **few)
    pipeline.train(
        folder / "flowers.csv",
        target="species",
        exclude=("id",),
        held_out=0.2,
        out=folder / "flowers.safetensors",
        **few,
    )
    pipeline.train(folder / "prices.csv", target="price", out=folder / "prices.safetensors", eta=0.01, **few)
    return folder


def flowers(path: Path) -> Path:
    """scikit-learn's iris as a CSV file, with a number for each row and a colour."""
    from sklearn.datasets import load_iris

    found: Any = load_iris()
    lines = ["id,length,width,petal,colour,species"]
    for row, (x, y) in enumerate(zip(found.data, found.target, strict=True)):
        colour = ("blue", "violet")[row % 2]
        lines.append(f"{row},{x[0]},{x[1]},{x[2]},{colour},{found.target_names[y]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def prices(path: Path) -> Path:
    """200 houses whose price follows from two numbers, with a few cells missing."""
    import numpy as np

    rng = np.random.default_rng(1)
    area, rooms = rng.uniform(40, 200, 200), rng.integers(1, 7, 200)
    price = 1000 * area + 20_000 * rooms + rng.normal(0, 3000, 200)
    lines = ["area,rooms,price"]
    lines += [
        f"{'' if row % 40 == 7 else round(area[row], 1)},{rooms[row]},{price[row]:.0f}" for row in range(200)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
