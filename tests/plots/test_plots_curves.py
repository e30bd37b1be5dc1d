"""The pictures: what is drawn, where it is saved, and that nothing global is touched."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import DataError
from backlit.errors import MissingDependency
from backlit.finder import EtaRange
from backlit.history import History

pytest.importorskip("matplotlib")


def history_of(count: int, **columns: float) -> History:
    return History(
        [
            {"epoch": i + 1, "cost": 1 / (i + 1)} | {k: v / (i + 1) for k, v in columns.items()}
            for i in range(count)
        ]
    )


def lines(axis: Any) -> dict[str, Any]:
    return {one.get_label(): one for one in axis.lines}


def test_costs_and_accuracies_with_the_best_epoch(tmp_path: Path) -> None:
    history = history_of(
        6, training_cost=2, validation_cost=3, training_accuracy=0.9, validation_accuracy=0.8
    )
    history.best_epoch = 4
    path = tmp_path / "history.png"
    figure = history.plot(path)
    costs, accuracies = figure.axes
    assert list(lines(costs)) == [
        "cost in the epoch's steps",
        "training cost",
        "validation cost",
        "best epoch",
    ]
    assert lines(costs)["best epoch"].get_xdata() == [4, 4]
    np.testing.assert_allclose(lines(costs)["validation cost"].get_ydata(), history["validation_cost"])
    np.testing.assert_allclose(
        lines(accuracies)["training accuracy"].get_ydata(), 100 * history["training_accuracy"]
    )
    assert (costs.get_xlabel(), costs.get_ylabel(), accuracies.get_ylabel()) == (
        "epoch",
        "cost C",
        "accuracy, %",
    )
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules


def test_a_cost_alone_and_a_single_epoch() -> None:
    figure = history_of(1).plot()
    (axis,) = figure.axes
    assert list(lines(axis)) == ["cost in the epoch's steps"]
    assert lines(axis)["cost in the epoch's steps"].get_marker() == "."


def test_numbers_that_are_not_finite_are_gaps(tmp_path: Path) -> None:
    history = history_of(4, validation_cost=1)
    history.records[1]["validation_cost"] = float("nan")
    history.records[2]["validation_cost"] = float("inf")
    history.plot(tmp_path / "gaps.svg")
    assert "<svg" in (tmp_path / "gaps.svg").read_text(encoding="utf-8")


def test_what_can_not_be_drawn_or_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the history has no epochs to draw"):
        History().plot()
    with pytest.raises(DataError, match=r"the picture could not be written to .*none"):
        history_of(2).plot(tmp_path / "none" / "picture.png")
    with pytest.raises(DataError, match=r"the picture could not be written to .*picture.xyz"):
        history_of(2).plot(tmp_path / "picture.xyz")
    assert list(tmp_path.iterdir()) == []


def test_the_finders_picture(tmp_path: Path) -> None:
    etas = np.geomspace(1e-3, 10, 30)
    costs = np.linspace(1, -0.5, 30)
    figure = EtaRange(etas, costs, costs, suggestion=0.1, limit=1.0).plot(tmp_path / "eta.pdf")
    (axis,) = figure.axes
    assert axis.get_xscale() == "log"
    assert {"falls fastest: η = 0.1", "stops falling: η = 1"} <= set(lines(axis))
    assert axis.get_ylim()[0] == -0.5
    assert (tmp_path / "eta.pdf").read_bytes().startswith(b"%PDF")


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *more: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(
        MissingDependency,
        match=r"drawing needs matplotlib, which is not installed: pip install 'backlit\[plots\]'",
    ):
        history_of(2).plot()
