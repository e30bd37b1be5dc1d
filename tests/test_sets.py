"""What a run works on: what is held out, what counts how much, and that nothing large is copied."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from backlit import DataError, Network, UsageError
from backlit.sets import make_sets, split_rows


def net_of(seed: int = 0, **more: Any) -> Network:
    given: dict[str, Any] = {"activations": ["tanh", "softmax"], "cost": "cross_entropy"}
    return Network([4, 5, 3], seed=seed, **(given | more))


@pytest.fixture
def xy(rng: Any) -> tuple[Any, Any]:
    x = rng.normal(size=(50, 4))
    return x, (x @ rng.normal(size=(4, 3))).argmax(axis=1)


def fit(net: Network, *xy: Any, **more: Any) -> Any:
    return net.fit(*xy, **({"progress": False, "epochs": 3, "batch_size": 8} | more))


def test_class_weights(xy: Any) -> None:
    x, y = xy
    y = np.where(np.arange(50) < 40, np.minimum(y, 1), 2)
    net = net_of()
    sets = make_sets(net, x, y, validation=None, sample_weight=None, class_weight="balanced", seed=0)
    known = compute_class_weight("balanced", classes=np.unique(y), y=y)
    np.testing.assert_allclose(sets.weights, known[y])
    a, b = net_of(), net_of()
    fit(a, x, y, class_weight="balanced")
    fit(b, x, y, sample_weight=known[y])
    np.testing.assert_allclose(a.theta, b.theta, rtol=1e-12)
    named = net_of()
    named.classes = ("a", "b", "c")
    words = np.array(["a", "b", "c"])[y]
    fit(named, x, words, class_weight={"c": 3}, sample_weight=np.full(50, 2))
    fit(c := net_of(), x, y, sample_weight=np.where(y == 2, 6, 2))
    np.testing.assert_allclose(named.theta, c.theta, rtol=1e-12)
    with pytest.raises(UsageError, match=r"unknown class in class_weight 'd'.*Known: a, b, c"):
        fit(named, x, words, class_weight={"d": 1})
    absent = make_sets(
        net_of(), x[y > 0], y[y > 0], validation=None, sample_weight=None, class_weight="balanced", seed=0
    )
    expected = compute_class_weight("balanced", classes=np.array([1, 2]), y=y[y > 0])
    np.testing.assert_allclose(absent.weights, expected[y[y > 0] - 1])


def test_class_weights_of_a_hinge_are_by_its_labels(xy: Any) -> None:
    x, y = xy
    net = Network([4, 1], activations="identity", cost="hinge")
    sets = make_sets(
        net, x, np.where(y > 0, 1, -1), validation=None, sample_weight=None, class_weight={-1: 5}, seed=0
    )
    assert set(zip(y > 0, sets.weights, strict=True)) == {(True, 1.0), (False, 5.0)}


def test_weights_that_can_not_be(xy: Any) -> None:
    x, y = xy
    with pytest.raises(DataError, match="one weight for each of the 50 examples; got shape"):
        fit(net_of(), x, y, sample_weight=np.ones(3))
    with pytest.raises(DataError, match=r"sample_weight of row 2 is -1.0"):
        fit(net_of(), x, y, sample_weight=np.r_[1, 1, -1, np.ones(47)])
    with pytest.raises(DataError, match=r"all examples to train on have the weight 0"):
        fit(net_of(), x, y, class_weight={0: 0, 1: 0, 2: 0})
    values = Network([4, 1], activations="identity")
    with pytest.raises(
        UsageError, match="class_weight is for classes, and these targets are values; give sample_weight"
    ):
        fit(values, x, x[:, 0], class_weight="balanced")


def test_a_fraction_held_out_is_stratified_and_reproducible(xy: Any) -> None:
    labels = np.repeat([0, 1, 2], [100, 50, 10])
    kept, apart = split_rows(160, 0.2, 3, labels)
    assert np.bincount(labels[apart]).tolist() == [20, 10, 2]
    assert sorted([*kept, *apart]) == list(range(160))
    assert split_rows(160, 0.2, 3, labels)[1].tolist() == apart.tolist()
    assert split_rows(160, 0.2, 4, labels)[1].tolist() != apart.tolist()
    x, y = xy
    a, b = net_of(), net_of()
    kept, apart = split_rows(50, 0.2, 0, y)
    one = fit(a, x, y, validation=np.float32(0.2), batch_size=None)
    two = fit(b, x[kept], y[kept], validation=(x[apart], y[apart]), batch_size=None)
    np.testing.assert_allclose(a.theta, b.theta, rtol=1e-12)
    np.testing.assert_allclose(one["validation_cost"], two["validation_cost"], rtol=1e-12)
    assert one[-1]["validation_cost"] == pytest.approx(a.value(x[apart], y[apart]), rel=1e-12)
    assert one[-1]["validation_accuracy"] == pytest.approx((a.predict_labels(x[apart]) == y[apart]).mean())


def test_validation_that_can_not_be(xy: Any) -> None:
    for wrong in ("0.1", (1, 2, 3), {"x": 1}):
        with pytest.raises(
            UsageError, match=r"validation is a fraction between 0 and 1, or a pair \(x, y\); got a"
        ):
            fit(net_of(), *xy, validation=wrong)
    with pytest.raises(
        UsageError,
        match=r"validation=0.001 of 50 examples is less than one example of any class; take 0.043 or more",
    ):
        fit(net_of(), *xy, validation=0.001)
    with pytest.raises(UsageError, match="validation is a finite number above 0; got False"):
        fit(net_of(), *xy, validation=False)
    with pytest.raises(DataError, match="x has 3 examples and y has 2"):
        fit(net_of(), *xy, validation=(xy[0][:3], xy[1][:2]))


@pytest.mark.parametrize("validation", [None, "pair", 0.01])
def test_inputs_of_the_right_kind_are_never_copied(validation: Any) -> None:
    n = 20_000
    x = np.zeros((n, 200))
    y = np.arange(n) % 2
    x[:, 0] = y
    net = Network([200, 2], activations="softmax", cost="cross_entropy")
    pair = (x[:100], y[:100]) if validation == "pair" else validation
    net.fit(x[:64], y[:64], epochs=1, progress=False)  # imports and caches are not this test's matter
    tracemalloc.start()
    net.fit(x, y, epochs=1, batch_size=100, validation=pair, monitors=["training_cost"], progress=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * x.nbytes
