"""Metrics against scikit-learn called by hand on the network's own outputs, and what they are where none is defined."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as by_hand

from backlit import BacklitWarning, DataError, Network, UsageError
from backlit.metrics import class_names, evaluate, score


def on_classes(found: Any, y: Any, guess: Any) -> None:
    metrics = found.metrics
    assert metrics["accuracy"] == pytest.approx(by_hand.accuracy_score(y, guess))
    assert metrics["balanced_accuracy"] == pytest.approx(by_hand.balanced_accuracy_score(y, guess))
    assert metrics["precision"] == pytest.approx(
        by_hand.precision_score(y, guess, average="macro", zero_division=0)
    )
    assert metrics["f1"] == pytest.approx(by_hand.f1_score(y, guess, average="macro", zero_division=0))
    assert metrics["matthews"] == pytest.approx(by_hand.matthews_corrcoef(y, guess))
    np.testing.assert_array_equal(
        found.confusion, by_hand.confusion_matrix(y, guess, labels=range(len(found.classes)))
    )
    report = by_hand.classification_report(
        y, guess, output_dict=True, zero_division=0, labels=range(len(found.classes))
    )
    for i, row in enumerate(found.by_class):
        known = report[str(i)]
        assert row["precision"] == pytest.approx(known["precision"])
        assert row["recall"] == pytest.approx(known["recall"])
        assert row["f1"] == pytest.approx(known["f1-score"])
        assert row["examples"] == known["support"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_five_classes(rng: Any, dtype: str) -> None:
    net = Network([3, 5], activations="softmax", cost="cross_entropy", seed=1, dtype=dtype)
    x, y = rng.normal(size=(200, 3)), rng.integers(0, 5, 200)
    found, outputs = net.evaluate(x, y), net.predict(x).astype(float)
    outputs /= outputs.sum(axis=1, keepdims=True)
    on_classes(found, y, net.predict_labels(x))
    assert found.metrics["roc_auc"] == pytest.approx(
        by_hand.roc_auc_score(y, outputs, multi_class="ovr"), abs=1e-4
    )
    assert found.metrics["log_loss"] == pytest.approx(by_hand.log_loss(y, outputs))
    assert found.metrics["top_3_accuracy"] == pytest.approx(by_hand.top_k_accuracy_score(y, outputs, k=3))
    assert found.cost == pytest.approx(net.value(x, y))
    assert (found.task, found.n, found.cost_name, found.classes) == (
        "classes",
        200,
        "cross_entropy",
        (0, 1, 2, 3, 4),
    )


def test_two_outputs(rng: Any) -> None:
    net = Network([3, 2], activations="softmax", cost="cross_entropy", seed=1)
    x, y = rng.normal(size=(80, 3)), rng.integers(0, 2, 80)
    found, outputs = net.evaluate(x, y), net.predict(x)
    on_classes(found, y, outputs.argmax(axis=1))
    assert found.metrics["roc_auc"] == pytest.approx(by_hand.roc_auc_score(y, outputs[:, 1]))
    assert found.metrics["log_loss"] == pytest.approx(by_hand.log_loss(y, outputs))
    assert "top_3_accuracy" not in found.metrics


def test_one_output_of_a_sigmoid(rng: Any) -> None:
    net = Network([3, 1], cost="binary_cross_entropy", seed=1)
    x, y = rng.normal(size=(80, 3)), rng.integers(0, 2, 80)
    found, outputs = net.evaluate(x, y), net.predict(x)[:, 0]
    on_classes(found, y, (outputs > 0.5).astype(int))
    assert found.classes == (0, 1)
    assert found.metrics["roc_auc"] == pytest.approx(by_hand.roc_auc_score(y, outputs))
    assert found.metrics["log_loss"] == pytest.approx(by_hand.log_loss(y, outputs))


def test_one_output_of_a_hinge(rng: Any) -> None:
    net = Network([3, 1], activations="identity", cost="hinge", seed=1)
    x, y = rng.normal(size=(80, 3)), rng.integers(0, 2, 80)
    found, outputs = net.evaluate(x, 2 * y - 1), net.predict(x)[:, 0]
    on_classes(found, y, (outputs > 0).astype(int))
    assert found.classes == (-1, 1)
    assert found.metrics["roc_auc"] == pytest.approx(by_hand.roc_auc_score(y, outputs))
    assert math.isnan(found.metrics["log_loss"])  # a margin is no probability, even between 0 and 1
    with pytest.warns(BacklitWarning, match="taken as −1 and 1"):
        assert net.evaluate(x, y).metrics["accuracy"] == found.metrics["accuracy"]


def test_scores_below_zero_keep_their_order(rng: Any) -> None:
    net = Network([3, 3], activations="identity", cost="hinge", seed=1)
    net.b[1][:] = -50
    x, y = rng.normal(size=(90, 3)), np.arange(90) % 3
    outputs = net.predict(x)
    expected = np.mean([by_hand.roc_auc_score(y == k, outputs[:, k]) for k in range(3)])
    assert (outputs < 0).all()
    net.task = "classes"
    assert net.evaluate(x, y).metrics["roc_auc"] == pytest.approx(expected)


def test_a_class_that_is_absent(rng: Any) -> None:
    net = Network([3, 4], activations="softmax", cost="cross_entropy", seed=1)
    x, y = rng.normal(size=(80, 3)), rng.integers(0, 3, 80)
    found = net.evaluate(x, y)
    assert math.isnan(found.metrics["roc_auc"])
    guess = net.predict_labels(x)
    recalls = [(guess[y == k] == k).mean() for k in range(3)]
    assert found.metrics["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["metrics"]["roc_auc"] is None
    assert plain["by_class"][3] == {"class": 3, "precision": 0, "recall": 0, "f1": 0, "examples": 0}
    one = net.evaluate(x[:1], y[:1])
    json.dumps(one.to_dict(), allow_nan=False)
    right = net.evaluate(x[:1], net.predict_labels(x[:1]))
    assert (right.metrics["accuracy"], right.metrics["matthews"]) == (1, 0)


def test_class_names_come_through(rng: Any) -> None:
    net = Network([3, 2], activations="softmax", cost="cross_entropy", seed=1)
    net.classes = (np.str_("no"), "yes")
    x = rng.normal(size=(20, 3))
    y = np.array(["no", "yes"])[rng.integers(0, 2, 20)]
    found = net.evaluate(x, y)
    assert found.classes == ("no", "yes")
    assert [row["class"] for row in json.loads(json.dumps(found.to_dict()))["by_class"]] == ["no", "yes"]
    assert found.metrics["accuracy"] == pytest.approx((net.predict_labels(x) == y).mean())
    assert class_names(Network([3, 7]), 7) == tuple(range(7))


@pytest.mark.parametrize("outputs", [1, 3])
def test_values(rng: Any, outputs: int) -> None:
    net = Network([3, outputs], activations="identity", seed=1)
    x = rng.normal(size=(60, 3))
    y = x @ net.w[1].T + rng.normal(size=(60, outputs))
    found, guess = net.evaluate(x, y), net.predict(x)
    assert found.task == "values"
    assert found.confusion is None
    assert found.metrics == pytest.approx(
        {
            "mae": by_hand.mean_absolute_error(y, guess),
            "rmse": by_hand.root_mean_squared_error(y, guess),
            "r2": by_hand.r2_score(y, guess),
            "median_absolute_error": by_hand.median_absolute_error(y, guess),
            "max_error": abs(y - guess).max(),
            "explained_variance": by_hand.explained_variance_score(y, guess),
        }
    )
    assert math.isnan(net.evaluate(x[:1], y[:1]).metrics["r2"])
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["confusion"] is None


class Recipe:
    """A recipe as metrics see it: raw rows are a list of dicts, the target is in thousands."""

    def encode(self, rows: Any, dtype: Any = np.float64) -> Any:
        return np.array([[row["a"], row["b"]] for row in rows], dtype=dtype)

    def encode_target(self, y: Any) -> Any:
        return (np.asarray(y, dtype=float) - 5000) / 1000

    def decode_values(self, outputs: Any) -> Any:
        return outputs[:, 0].astype(float) * 1000 + 5000

    def to_json(self) -> Any:
        return {}


def test_with_a_recipe_the_metrics_are_in_the_targets_own_unit(rng: Any) -> None:
    net = Network([2, 1], activations="identity", seed=1)
    net.recipe, net.task = Recipe(), "values"
    rows = [{"a": float(a), "b": float(b)} for a, b in rng.normal(size=(30, 2))]
    y = rng.normal(size=30) * 1000 + 5000
    found = evaluate(net, rows, y)
    guess = net.predict_labels(rows)
    assert found.metrics["mae"] == pytest.approx(by_hand.mean_absolute_error(y, guess))
    assert found.metrics["mae"] > 100
    assert found.cost == pytest.approx(np.mean(((y - guess) / 1000) ** 2))


def test_weights_take_part_in_the_cost_alone(rng: Any) -> None:
    net = Network([3, 2], activations="softmax", cost="cross_entropy", seed=1)
    x, y, s = rng.normal(size=(40, 3)), rng.integers(0, 2, 40), rng.random(40)
    plain, weighted = net.evaluate(x, y), net.evaluate(x, y, sample_weight=s)
    assert weighted.cost == pytest.approx(net.value(x, y, sample_weight=s))
    assert weighted.metrics == plain.metrics
    with pytest.raises(DataError, match="one weight for each"):
        net.evaluate(x, y, sample_weight=s[:3])


def test_outputs_that_overflow_have_no_metrics() -> None:
    net = Network([1, 1], activations="identity", dtype="float32")
    net.theta[:] = [3e38, 0]
    found = net.evaluate(np.full((4, 1), 10.0), np.ones(4))
    assert all(math.isnan(number) for number in found.metrics.values())
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["cost"] is None
    assert set(plain["metrics"].values()) == {None}


def test_names_that_can_not_be() -> None:
    net = Network([1, 1], activations="identity")
    net.task, y = "values", np.ones((3, 1))
    assert score("mae", net, y, y) == 0
    with pytest.raises(
        UsageError, match="metric 'f1' is for classes, and this network is for values; take one of mae"
    ):
        score("f1", net, y, y)
    with pytest.raises(UsageError, match=r"unknown metric 'rsme'. Did you mean 'rmse'?"):
        score("rsme", net, y, y)
