"""Every setting of fit is taken as it is meant, and refused by name, rule and value where it can't be."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from backlit import Network, UsageError
from backlit.schedules import as_schedule
from backlit.settings import Settings, check, given_settings, resumed

NET = Network([3, 4, 2])


def refused(said: str, **given: Any) -> None:
    with pytest.raises(UsageError) as caught:
        given_settings(given, ("checkpoint",), NET)
    assert said in str(caught.value)


REFUSED = [
    ({"epochs": 0}, "epochs is a whole number of at least 1; got 0"),
    ({"epochs": 2.0}, "epochs is a whole number of at least 1; got 2.0"),
    ({"epochs": True}, "epochs is a whole number of at least 1; got True"),
    ({"epochs": None}, "epochs is a whole number of at least 1; got None"),
    ({"batch_size": 0}, "batch_size is a whole number of at least 1; None takes all examples at once; got 0"),
    ({"batch_size": "all"}, "got 'all'"),
    ({"eta": 0}, "eta is a finite number above 0; got 0"),
    ({"eta": -1.0}, "eta is a finite number above 0; got -1.0"),
    ({"eta": float("nan")}, "eta is a finite number above 0; got nan"),
    ({"eta": "0.1"}, "eta is a finite number above 0; got '0.1'"),
    ({"l1": -1e-9}, "l1 is a finite number of at least 0; got -1e-09"),
    ({"l2": float("inf")}, "l2 is a finite number of at least 0; got inf"),
    ({"l2": None}, "l2 is a finite number of at least 0; got None"),
    ({"max_norm": 0}, "max_norm is a finite number above 0; got 0"),
    ({"clip_value": -1}, "clip_value is a finite number above 0; got -1"),
    ({"clip_norm": True}, "clip_norm is a finite number above 0; got True"),
    ({"min_delta": -1}, "min_delta is a finite number of at least 0; got -1"),
    ({"validation": 0}, "validation is a finite number above 0; got 0"),
    ({"validation": 1}, "validation is a fraction of the examples, between 0 and 1, or a pair (x, y); got 1"),
    ({"early_stopping": 0}, "early_stopping is a whole number of at least 1, the epochs to wait for progress; got 0"),
    ({"threads": 0}, "threads is a whole number of at least 1; got 0"),
    ({"seed": -1}, "seed must be an integer ≥ 0; got -1"),
    ({"shuffle": "no"}, "shuffle is True or False; got 'no'"),
    ({"engine": 3}, "engine is a name; got 3"),
    ({"watch": 3}, "watch is a name; got 3"),
    ({"monitors": ["validation_cots"]}, "unknown monitor 'validation_cots'. Did you mean 'validation_cost'?"),
    ({"metrics": [3]}, "metrics is a name, or a list of names; got [3]"),
    ({"class_weight": "even"}, "class_weight is 'balanced' or a dict from class to weight; got 'even'"),
    ({"class_weight": {0: -1}}, "class_weight of 0 is a finite number of at least 0; got -1"),
    ({"dropout": 1.0}, "a dropout rate is at least 0 and below 1"),
    ({"dropout": "0.5"}, "dropout is one rate for the hidden layers, or a list of 2"),
    ({"dropout": [0.1]}, "or a list of 2: for layers 0 (the input) to 1; got 1"),
    ({"dropout": ["a", "b"]}, "or a list of 2: for layers 0 (the input) to 1; got ['a', 'b']"),
    ({"optimizer": "addam"}, "unknown optimizer 'addam'. Did you mean 'adam'?"),
    ({"optimizer": "SGD(rate=1)"}, "optimizer 'SGD' has no parameter 'rate'"),
    ({"optimizer": 7}, "an optimizer is a name"),
    ({"optimizer": "l_bfgs(memory=0)"}, "l_bfgs needs memory ≥ 1, a whole number of steps; got 0"),
    ({"optimizer": "l_bfgs(tolerance=-1)"}, "l_bfgs needs tolerance ≥ 0, of the largest entry of the gradient; got -1"),
    ({"optimizer": "l_bfgs(speed=1)"}, "has no parameter 'speed'"),
    ({"schedule": "cosinus"}, "unknown schedule 'cosinus'. Did you mean 'cosine'?"),
    ({"schedule": 3}, "a schedule is a name, an option such as 'step(every=10)', or a function; got 3"),
    ({"epoch": 3}, "unknown setting of fit 'epoch'. Did you mean 'epochs'?"),
    ({"checkpoints": 3}, "Did you mean 'checkpoint'?"),
    *[
        ({"optimizer": "l_bfgs", name: value}, f"so {name} can't be combined with it; leave that out")
        for name, value in {
            "l1": 0.1, "dropout": 0.5, "max_norm": 1, "clip_value": 1, "clip_norm": 1, "eta": 0.1, "schedule": "cosine",
        }.items()
    ],
    ({"optimizer": "L-BFGS", "dropout": [0.1, 0], "eta": 1}, "so dropout and eta can't be combined"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "said"), REFUSED, ids=[str(one[0]) for one in REFUSED])
def test_refused_by_name_rule_and_value(given: dict[str, Any], said: str) -> None:
    refused(said, **given)


def test_numpys_numbers_lists_and_rows_become_plain() -> None:
    given = {
        "epochs": np.int64(3),
        "batch_size": np.uint8(4),
        "eta": np.float32(0.5),
        "l2": np.int8(1),
        "dropout": np.array([0.25, 0.5]),
        "class_weight": {np.int64(1): np.float32(2)},
        "optimizer": "SGD",
        "schedule": as_schedule("step(every=3)"),
        "metrics": ["f1", "f1"],
        "monitors": "training_cost",
        "shuffle": np.bool_(False),
        "seed": np.int32(5),
    }
    found = given_settings(given, (), NET)
    assert found == Settings(
        epochs=3,
        batch_size=4,
        eta=0.5,
        l2=1.0,
        dropout=(0.25, 0.5),
        class_weight={1: 2.0},
        schedule="step(every=3, factor=0.5)",
        metrics=("f1",),
        monitors=("training_cost",),
        shuffle=False,
        seed=5,
    )
    text = json.dumps(found.to_json(), allow_nan=False)
    assert Settings.from_json(json.loads(text)) == found
    assert check(found, NET) == found


def test_zeros_are_no_conflict_with_l_bfgs() -> None:
    zeros = {"optimizer": "l_bfgs", "dropout": [0, 0.0], "schedule": "constant()", "l1": 0}
    assert given_settings(zeros, (), NET).lbfgs


def test_a_schedule_function_is_used_but_not_kept() -> None:
    own = given_settings({"schedule": lambda t, T: 1 - t / T, "epochs": 4}, (), NET)
    assert own.factors([0.0, 1.0, 3.0], 1.0).tolist() == [1.0, 0.75, 0.25]
    assert own.told() == {"schedule": "own", "epochs": 4}
    with pytest.raises(
        UsageError, match="a schedule that is a function can't be kept in a checkpoint; take one by"
    ):
        own.to_json()


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda t, T: -0.5, "gives a finite factor ≥ 0 on η; after 0 epochs it gave -0.5"),
        (lambda t, T: float("nan"), "it gave nan"),
        (lambda t, T: None, "it gave None"),
        (lambda t, T: "fast", "it gave 'fast'"),
    ],
)
def test_a_schedule_function_that_gives_nonsense(function: Any, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        Settings(schedule=function).factors([0.0], 0.5)


def test_what_a_resumed_run_may_be_told() -> None:
    stored = given_settings(
        {"epochs": 5, "dropout": [0.1, 0.2], "class_weight": {"a": 1}, "seed": 3}, (), NET
    )
    plain = json.loads(json.dumps(stored.to_json()))
    assert resumed(plain, {}, (), NET) == stored
    assert resumed(plain, {"dropout": [0.1, 0.2], "epochs": np.int64(5)}, (), NET) == stored
    with pytest.raises(
        UsageError, match=r"its epochs is 5; got 6; leave it out, or finish the run and fit again"
    ):
        resumed(plain, {"epochs": 6}, (), NET)
    with pytest.raises(UsageError, match="unknown setting of fit 'epoch'"):
        resumed(plain, {"epoch": 6}, (), NET)


@pytest.mark.parametrize(
    "change", [{"epochs": -1}, {"strange": 1}, {"l2": "much"}, {"dropout": [0.1]}, {"eta": 1}]
)
def test_a_checkpoints_settings_that_can_not_be(change: dict[str, Any]) -> None:
    from backlit import ModelError

    plain = Settings(seed=1, optimizer="sgd").to_json() | change
    if "eta" in change:
        plain["optimizer"] = "momentum"  # never written so: an option has all its constants
    with pytest.raises(ModelError, match=r"the checkpoint's settings are malformed .*; start the run anew"):
        resumed(plain, {}, (), NET)
