"""What fit does, option by option, against independent calculations. Ending early and going on stand in test_resume."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_digits

from backlit import BacklitWarning, DataError, EngineError, Network, UsageError, training as room
from backlit.randomness import order_of_epoch
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


def same(a: Network, b: Network) -> bool:
    return a.theta.tobytes() == b.theta.tobytes()


def test_one_seed_one_result(xy: Any, engine: Any) -> None:
    a, b, c = net_of(), net_of(), net_of()
    one, two = fit(a, *xy, engine=engine.name), fit(b, *xy, engine=engine.name)
    fit(c, *xy, engine=engine.name, seed=1)
    assert same(a, b)
    assert not same(a, c)
    assert one["cost"].tolist() == two["cost"].tolist()


def test_the_steps_are_the_books(xy: Any) -> None:
    """Plain descent on each batch's mean gradient, in the order of the epoch; the last batch is short."""
    net, hand, (x, y) = net_of(), net_of(), xy
    history = fit(net, x, y, eta=0.3, l2=0.01)
    for epoch in (1, 2, 3):
        order, total = order_of_epoch(0, epoch, 50), 0.0
        for first in range(0, 50, 8):
            rows = order[first : first + 8]
            total += len(rows) * hand.value(x[rows], y[rows])
            hand.theta -= 0.3 * hand.gradient(x[rows], y[rows], l2=0.01).theta
        assert history[epoch - 1]["cost"] == pytest.approx(total / 50, rel=1e-12)
    np.testing.assert_allclose(net.theta, hand.theta, rtol=1e-12, atol=1e-14)
    penalty = 0.005 * sum(float((w**2).sum()) for w in net.w)
    assert history[-1]["objective"] - history[-1]["cost"] == pytest.approx(penalty)


def test_results_do_not_depend_on_where_slices_end(xy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    how: dict[str, Any] = {
        "optimizer": "adam",
        "dropout": 0.3,
        "schedule": "cosine",
        "batch_size": 4,
        "epochs": 4,
    }
    a, b = net_of(), net_of()
    one = fit(a, *xy, **how)
    monkeypatch.setattr(room, "_SLICE_SECONDS", 0.0)  # a step a slice
    two = fit(b, *xy, **how)
    assert same(a, b)
    assert one["cost"].tolist() == two["cost"].tolist()


def test_without_shuffling_the_order_is_that_of_the_data(xy: Any) -> None:
    net, hand, (x, y) = net_of(), net_of(), xy
    fit(net, x, y, shuffle=False, epochs=1, batch_size=25, eta=0.5)
    for rows in (slice(0, 25), slice(25, 50)):
        hand.theta -= 0.5 * hand.gradient(x[rows], y[rows]).theta
    np.testing.assert_allclose(net.theta, hand.theta, rtol=1e-12)


@pytest.mark.parametrize("batch_size", [None, 50, 5000])
def test_full_batches_are_gradient_descent(xy: Any, batch_size: int | None) -> None:
    net, hand = net_of(), net_of()
    history = fit(net, *xy, batch_size=batch_size, epochs=2, eta=0.5)
    for epoch in range(2):
        assert history[epoch]["cost"] == pytest.approx(hand.value(*xy), rel=1e-12)
        hand.theta -= 0.5 * hand.gradient(*xy).theta
    np.testing.assert_allclose(net.theta, hand.theta, rtol=1e-11)
    assert net.training["steps"] == 2


def test_a_second_fit_goes_on_with_new_orders_and_masks(xy: Any) -> None:
    twice, once = net_of(), net_of()
    fit(twice, *xy, epochs=2, dropout=0.2)
    fit(twice, *xy, epochs=3, dropout=0.2)
    fit(once, *xy, epochs=5, dropout=0.2)
    assert same(twice, once)
    assert twice.training["epochs"] == 5
    assert twice.training["steps"] == once.training["steps"] == 35


def test_a_weight_of_two_is_the_example_twice(xy: Any) -> None:
    x, y = xy
    weights = np.where(np.arange(50) % 3 == 0, 2.0, 1.0)
    rows = np.repeat(np.arange(50), weights.astype(int))
    weighted, repeated = net_of(), net_of()
    one = fit(weighted, x, y, sample_weight=weights, batch_size=None, eta=0.5)
    two = fit(repeated, x[rows], y[rows], batch_size=None, eta=0.5)
    np.testing.assert_allclose(weighted.theta, repeated.theta, rtol=1e-10)
    np.testing.assert_allclose(one["cost"], two["cost"], rtol=1e-12)
    dropped, left = net_of(), net_of()
    fit(dropped, x, y, sample_weight=(np.arange(50) < 20).astype(int), batch_size=None, eta=0.5)
    fit(left, x[:20], y[:20], batch_size=None, eta=0.5)
    np.testing.assert_allclose(dropped.theta, left.theta, rtol=1e-10)


def test_a_batch_of_no_weight_makes_no_step(xy: Any) -> None:
    x, y = xy
    weights = np.r_[np.zeros(25), np.ones(25)]
    net, hand = net_of(), net_of()
    history = fit(net, x, y, sample_weight=weights, shuffle=False, batch_size=25, epochs=1, eta=0.5)
    assert history[0]["cost"] == pytest.approx(hand.value(x[25:], y[25:]))
    hand.theta -= 0.5 * hand.gradient(x[25:], y[25:]).theta
    np.testing.assert_allclose(net.theta, hand.theta, rtol=1e-12)


def test_monitors_are_of_the_weights_after_the_epoch(xy: Any) -> None:
    x, y = xy
    net = net_of()
    weights = np.linspace(0, 2, 50)
    history = fit(
        net, x, y, validation=0.2, monitors="all", sample_weight=weights, metrics=["f1", "log_loss"]
    )
    kept, apart = split_rows(50, 0.2, 0, y)
    last = history[-1]
    assert last["training_cost"] == pytest.approx(
        net.value(x[kept], y[kept], sample_weight=weights[kept]), rel=1e-12
    )
    assert last["training_accuracy"] == pytest.approx((net.predict_labels(x[kept]) == y[kept]).mean())
    found = net.evaluate(x[apart], y[apart])
    assert last["validation_cost"] == pytest.approx(found.cost, rel=1e-12)
    assert last["validation_accuracy"] == found.metrics["accuracy"]
    assert last["f1"] == pytest.approx(found.metrics["f1"])
    assert last["log_loss"] == pytest.approx(found.metrics["log_loss"])
    assert history.columns == [
        "epoch", "eta", "cost", "objective", "training_cost", "training_accuracy", "validation_cost",
        "validation_accuracy", "f1", "log_loss", "seconds", "examples_per_second",
    ]  # fmt: skip


def test_monitors_and_metrics_that_can_not_be(xy: Any) -> None:
    x, y = xy
    values = Network([4, 1], activations="identity")
    cases = [
        (
            {"monitors": "validation_cost"},
            r"validation_cost needs a validation set: give validation=0.1, or validation=\(x, y\)",
        ),
        ({"metrics": "f1"}, "f1 needs a validation set"),
        ({"early_stopping": 3}, "early_stopping needs a validation set"),
        ({"watch": "f1"}, "watch needs a validation set"),
        ({"metrics": "f2", "validation": 0.2}, "unknown metric 'f2'"),
        (
            {"metrics": ["r2"], "validation": 0.2},
            "metric 'r2' is for values, and this network is for classes",
        ),
        ({"watch": "f1", "validation": 0.2}, "unknown column to watch 'f1'"),
    ]
    for given, said in cases:
        with pytest.raises(UsageError, match=said):
            fit(net_of(), x, y, **given)
    with pytest.raises(UsageError, match=r"training_accuracy is for classes, and these targets are values"):
        fit(values, x, x[:, 0], monitors="training_accuracy")
    assert "validation_accuracy" not in fit(values, x, x[:, 0], monitors="all", validation=0.2).columns
    alone = fit(net_of(), x, y, monitors="all", epochs=1).columns
    assert [name for name in alone if "_" in name][:2] == ["training_cost", "training_accuracy"]
    assert "validation_cost" not in alone


@pytest.mark.parametrize(("watch", "better"), [("validation_cost", min), ("f1", max), ("log_loss", min)])
def test_early_stopping_restores_the_best(xy: Any, watch: str, better: Any) -> None:
    x, y = xy
    seen: list[Any] = []
    net = net_of()
    history = fit(
        net, x, y[::-1], validation=0.3, early_stopping=4, watch=watch, metrics=["f1", "log_loss"], epochs=200, eta=1,
        callbacks=lambda event: seen.append(event.net.theta.copy()),
    )  # fmt: skip
    column = history[watch].tolist()
    assert history.stop_reason == f"no better {watch} for 4 epochs"
    assert history.best_epoch == column.index(better(column)) + 1 == len(history) - 4
    assert net.theta.tobytes() == seen[history.best_epoch - 1].tobytes()
    assert history.watched == watch
    assert history.best is history[history.best_epoch - 1]


def test_a_metric_that_is_not_defined_is_never_progress(xy: Any) -> None:
    x, y = xy
    some = (x[y < 2], y[y < 2])
    history = fit(
        net_of(), x, y, validation=some, metrics="roc_auc", watch="roc_auc", early_stopping=3, epochs=9
    )
    assert np.isnan(history["roc_auc"]).all()
    assert (history.best_epoch, history.stop_reason) == (1, "no better roc_auc for 3 epochs")
    from backlit.engines import ENGINES
    from backlit.monitor import Monitor
    from backlit.settings import Settings

    sets = make_sets(net := net_of(), x, y, validation=0.2, sample_weight=None, class_weight=None, seed=0)
    up = Monitor(net, Settings(watch="f1", metrics=("f1",)), sets, ENGINES["numpy"])._better
    assert [up(*pair) for pair in ((np.nan, 0.5), (0.5, np.nan), (np.nan, np.nan), (0.6, 0.5), (0.5, 0.5))] == [
        False, True, False, True, False,
    ]  # fmt: skip
    down = Monitor(net, Settings(min_delta=0.1), sets, ENGINES["numpy"])._better
    assert [down(*pair) for pair in ((0.45, 0.5), (0.35, 0.5), (np.inf, 0.5), (0.5, np.inf))] == [
        False, True, False, True,
    ]  # fmt: skip


def test_min_delta_is_the_least_progress(xy: Any) -> None:
    history = fit(net_of(), *xy, validation=0.2, early_stopping=2, min_delta=1e9, epochs=50)
    assert (len(history), history.best_epoch) == (3, 1)


def test_without_early_stopping_the_last_weights_stay(xy: Any) -> None:
    x, y = xy
    net = net_of()
    history = fit(net, x, y, validation=0.2, epochs=5)
    apart = split_rows(50, 0.2, 0, y)[1]
    assert history[-1]["validation_cost"] == pytest.approx(net.value(x[apart], y[apart]), rel=1e-12)


def test_callbacks_see_and_stop(xy: Any) -> None:
    seen: list[Any] = []

    def look(event: Any) -> None:
        seen.append((event.epoch, event.epochs, event.record is event.history[-1]))
        if event.epoch == 2:
            event.stop("enough")

    net = net_of()
    history = fit(net, *xy, callbacks=[look], epochs=9)
    assert seen == [(1, 9, True), (2, 9, True)]
    assert history.stop_reason == net.training["stop_reason"] == "enough"
    assert fit(net_of(), *xy, callbacks=lambda event: event.stop()).stop_reason == "a callback"
    with pytest.raises(UsageError, match="a callback is a function of one Event; got 3"):
        fit(net_of(), *xy, callbacks=[3])


def test_an_error_in_a_callback_leaves_a_network_that_knows_what_it_did(xy: Any) -> None:
    def fail(event: Any) -> None:
        raise RuntimeError("mine")

    net = net_of()
    with pytest.raises(RuntimeError, match="mine"):
        fit(net, *xy, callbacks=fail)
    assert (net.training["epochs"], net.training["stop_reason"]) == (1, "RuntimeError")


def test_the_schedule_is_what_each_step_took(xy: Any) -> None:
    history = fit(net_of(), *xy, eta=0.4, schedule="step(every=1, factor=0.5)")
    assert history["eta"].tolist() == [0.4, 0.2, 0.1]
    own = fit(net_of(), *xy, eta=1.0, schedule=lambda t, T: 1 / (1 + int(t)))
    np.testing.assert_allclose(own["eta"], [1, 1 / 2, 1 / 3])
    assert fit(net_of(), *xy)["eta"].tolist() == [0.1] * 3
    with pytest.raises(UsageError, match=r"gives a finite factor ≥ 0 on η; after 0 epochs it gave -1.0"):
        fit(net_of(), *xy, schedule=lambda t, T: -1.0)


@pytest.mark.parametrize(
    ("sizes", "batch", "threads"), [([784, 100, 10], 10, 1), ([784, 512, 512, 10], 128, None)]
)
def test_small_products_are_not_shared_out(sizes: list[int], batch: int, threads: int | None) -> None:
    assert room.suited_threads(Network(sizes), batch) == threads


def test_engines_and_threads(xy: Any) -> None:
    net = net_of()
    fit(net, *xy, engine="numpy", threads=1)
    assert net.training["settings"]["engine"] == "numpy"
    assert net.training["settings"]["threads"] == 1
    with pytest.raises(UsageError, match=r"unknown engine 'nmupy'. Did you mean 'numpy'"):
        fit(net_of(), *xy, engine="nmupy")
    with pytest.raises(EngineError, match="engine 'jax'"):
        fit(net_of(), *xy, engine="jax")


def test_sparse_inputs_give_what_dense_ones_give(xy: Any) -> None:
    x, y = xy
    x = np.where(np.abs(x) < 0.7, 0, x)
    a, b = net_of(), net_of()
    one = fit(a, x, y, validation=0.2, monitors="all")
    two = fit(b, csr_array(x), y, validation=0.2, monitors="all")
    np.testing.assert_allclose(a.theta, b.theta, rtol=1e-10)
    np.testing.assert_allclose(one["validation_cost"], two["validation_cost"], rtol=1e-10)


def test_data_that_can_not_be(xy: Any) -> None:
    x, y = xy
    start = net_of().theta
    bad = x.copy()
    bad[7, 2] = np.nan
    net = net_of()
    for rows, said in (
        (bad, "row 7, column 2 is NaN"),
        (x[:, :3], r"inputs are \(n, 4\)"),
        (x[:0], "no examples|has 0 ex"),
    ):
        with pytest.raises(DataError, match=said):
            fit(net, rows, y)
    with pytest.raises(DataError, match="x has 10 examples and y has 50"):
        fit(net, x[:10], y)
    assert net.theta.tobytes() == start.tobytes()
    assert net.training == {}


def test_in_a_thread_nothing_breaks(xy: Any) -> None:
    net, hand = net_of(), net_of()
    thread = threading.Thread(target=fit, args=(net, *xy))
    thread.start()
    thread.join()
    fit(hand, *xy)
    assert same(net, hand)


def test_digits_are_learnt() -> None:
    x, y = load_digits(return_X_y=True)
    x = x / 16
    kept, apart = split_rows(len(y), 0.2, 0, y)
    net = Network([64, 30, 10], cost="half_squared_error", seed=0)
    net.fit(x[kept], y[kept], epochs=30, batch_size=10, eta=3.0, progress=False)
    assert net.evaluate(x[apart], y[apart]).metrics["accuracy"] > 0.95


def test_xor_is_learnt() -> None:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    y = np.array([0, 1, 1, 0])
    net = Network([2, 4, 1], activations=["tanh", "sigmoid"], cost="binary_cross_entropy", seed=1)
    net.fit(x, y, epochs=300, batch_size=None, optimizer="adam", eta=0.1, progress=False)
    assert net.predict_labels(x).tolist() == y.tolist()


def test_diabetes_is_learnt() -> None:
    x, y = load_diabetes(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = (y - y.mean()) / y.std()
    kept, apart = split_rows(len(y), 0.25, 1, None)
    net = Network([10, 16, 1], activations=["tanh", "identity"], seed=0)
    net.fit(x[kept], y[kept], epochs=25, optimizer="adam", eta=0.003, l2=0.05, progress=False)
    assert net.evaluate(x[apart], y[apart]).metrics["r2"] > 0.4


def test_a_failing_checkpoint_now_and_then_is_told_and_training_goes_on(
    xy: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any) -> None:
        raise DataError("no space left on device; free some space")

    monkeypatch.setattr(room, "_CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(room.checkpoints, "save", full)
    with pytest.warns(BacklitWarning, match="no space left on device; free some space; training goes on"):
        history = fit(net_of(), *xy, checkpoint=tmp_path / "c")
    assert history.stop_reason == "all epochs done"
