"""The history as data, as a table and as JSON. What is recorded in it stands in test_training."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from backlit import UsageError
from backlit.history import History, format_number


def history_of(count: int, best: int | None = None) -> History:
    history = History(
        [
            {
                "epoch": i + 1, "eta": 0.5, "cost": 1 / (i + 1), "objective": 1 / (i + 1),
                "validation_accuracy": 0.5 + i / 1000, "seconds": 0.25, "examples_per_second": 1e6,
            }
            for i in range(count)
        ]
    )  # fmt: skip
    history.best_epoch = best
    return history


def test_columns_records_and_length() -> None:
    history = history_of(3)
    history.records[1]["late"] = 7.0
    assert history["cost"].tolist() == [1, 1 / 2, 1 / 3]
    np.testing.assert_array_equal(history["late"], [math.nan, 7, math.nan])
    assert history[-1]["epoch"] == 3
    assert [one["epoch"] for one in history] == [1, 2, 3]
    assert len(history) == 3
    assert history.seconds == 0.75
    assert history.best is None
    history.best_epoch = 2
    assert history.best is history[1]
    with pytest.raises(UsageError, match=r"unknown column of the history 'csot'. Did you mean 'cost'"):
        history["csot"]
    assert repr(history).startswith("<History of 3 epochs: epoch, eta, cost,")


def test_the_table_is_exactly_this() -> None:
    history = history_of(3, best=2)
    history.stop_reason = "all epochs done"
    history.records[2]["validation_accuracy"] = math.nan
    assert str(history).splitlines() == [
        "epoch  eta    cost  validation accuracy  seconds",
        "    1  0.5   1.000               50.00%     0.25",
        "    2  0.5  0.5000               50.10%     0.25  ← best",
        "    3  0.5  0.3333                    –     0.25",
        "stopped: all epochs done",
    ]
    history.records[0]["objective"] = 2.0
    assert "objective" in str(history)
    assert str(History()) == "no epochs yet"


@pytest.mark.parametrize("rows", [2, 3, 5, 20])
@pytest.mark.parametrize("best", [None, 1, 2, 47, 99, 100])
def test_a_long_table_is_cut_but_keeps_first_last_and_best(rows: int, best: int | None) -> None:
    lines = history_of(100, best).table(rows).splitlines()[1:]
    assert len(lines) == rows
    epochs = [int(line.split()[0]) for line in lines]
    assert epochs == sorted(set(epochs))
    assert (epochs[0], epochs[-1]) == (1, 100)
    if best is not None and rows > 2:
        assert [line.split()[0] for line in lines if "← best" in line] == [str(best)]
    with pytest.raises(UsageError, match="a table shows at least 2 rows; got rows=1"):
        history_of(3).table(1)


def test_it_goes_through_strict_json_and_back() -> None:
    history = history_of(2, best=1)
    history.stop_reason, history.watched = "enough", "validation_cost"
    history.records[0] |= {
        "roc_auc": math.nan,
        "validation_cost": math.inf,
        "low": -math.inf,
        "np": np.float32(0.1),
    }
    text = json.dumps(history.to_dict(), allow_nan=False)
    again = History.from_dict(json.loads(text))
    assert repr(again.records[0]["roc_auc"]) == "nan"
    assert (again.records[0]["validation_cost"], again.records[0]["low"]) == (math.inf, -math.inf)
    assert again.records[1] == history.records[1]
    assert (again.stop_reason, again.best_epoch, again.watched) == ("enough", 1, "validation_cost")
    assert again.to_dict() == history.to_dict()
    again.records[0]["cost"] = 9
    assert history.records[0]["cost"] == 1


@pytest.mark.parametrize(
    "plain",
    [{}, {"records": [{}]}, {"records": [{"epoch": "1"}]}, {"records": [{"epoch": 1, "cost": "low"}]}, {"records": 3}],
)  # fmt: skip
def test_what_it_never_wrote_is_not_read(plain: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        History.from_dict(plain)


def test_in_a_notebook_it_is_a_table() -> None:
    history = history_of(2, best=2)
    history.stop_reason = "a < b"
    shown = history._repr_html_()
    assert "<th>validation accuracy</th>" in shown
    assert "<tr><td>1</td><td>0.5</td><td>1.000</td>" in shown
    assert "<tr><th>2</th>" in shown
    assert "stopped: a &lt; b" in shown
    assert History()._repr_html_() == "<p>no epochs yet</p>"


def test_numbers_for_people() -> None:
    assert format_number("cost", 0.000012345) == "1.234e-05"
    assert format_number("cost", 0.5) == "0.5000"
    assert format_number("f1", math.inf) == "inf"
    assert format_number("top_3_accuracy", 0.98765) == "98.77%"
    assert format_number("examples_per_second", 1234567.8) == "1,234,568"
    assert format_number("cost", None) == format_number("cost", math.nan) == "–"
