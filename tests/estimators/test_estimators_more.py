"""What the estimators have besides scikit-learn's parameters, and how they say what can't be."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array, issparse
from sklearn.metrics import r2_score

from backlit import BacklitError, BacklitWarning
from backlit.errors import DataError, UsageError
from backlit.estimators import BacklitClassifier, BacklitRegressor, FitDivergedError
from backlit.estimators.held_out import split
from backlit.estimators.regressor import _r2

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def data(rng: Any) -> tuple[Any, Any]:
    X = rng.normal(size=(120, 5))
    return X, np.array(["a", "b", "c"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]


# -------------------------------------------------------------------------------------------------- what is more


def test_any_derivative_of_what_was_fitted_is_explained(data: Any) -> None:
    X, y = data
    model = BacklitClassifier(hidden_layer_sizes=8, max_iter=20, random_state=0).fit(X, y)
    derivation = model.explain("dC/dw[1][5,3]", X[7], y[7])
    assert derivation.value == pytest.approx(model.network_.gradient(X[7], y[7]).w[1][5, 3])
    assert model.network_.classes == ("a", "b", "c")
    np.testing.assert_array_equal(model.network_.predict_labels(X), model.predict(X))
    two = BacklitClassifier(hidden_layer_sizes=4, max_iter=3).fit(X, y == "a")
    assert np.isfinite(two.explain("dC/db[2][0]", X[0], (y == "a")[0]).value)
    numbers = BacklitRegressor(hidden_layer_sizes=4, max_iter=3).fit(X, X[:, 0])
    assert np.isfinite(numbers.explain("dC/db[2][0]", X[:2], X[:2, 0]).value)


def test_activations_by_layer_any_cost_any_optimizer_and_schedule(data: Any) -> None:
    X, y = data
    model = BacklitClassifier(
        hidden_layer_sizes=(9, 6),
        activation=["gelu", "elu(alpha=0.5)"],
        cost="half_squared_error",
        optimizer="rmsprop(momentum=0.5)",
        learning_rate_init=0.005,
        schedule="cosine",
        dropout=[0.1, 0.0, 0.2],
        l1=1e-5,
        max_norm=3.0,
        clip_norm=1.0,
        init="he_normal",
        random_state=0,
        max_iter=100,
        n_iter_no_change=np.inf,
    ).fit(X, y)
    net = model.network_
    assert [one.option for one in net.activations] == ["gelu", "elu(alpha=0.5)", "sigmoid"]
    assert net.cost.name == "half_squared_error"
    assert model.out_activation_ == "logistic"
    assert model.history_["eta"][-1] < 1e-5
    assert model.score(X, y) > 0.9
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_functions_of_ones_own_are_an_activation_and_a_cost(data: Any) -> None:
    X = data[0]
    model = BacklitRegressor(
        hidden_layer_sizes=5,
        activation=(np.sin, np.cos),
        cost=(lambda a, y: ((a - y) ** 4).sum(-1), lambda a, y: 4 * (a - y) ** 3),
        max_iter=5,
    ).fit(X, X[:, 0])
    assert model.network_.activations[0].f(np, np.array([1.0]))[0] == np.sin(1.0)


@pytest.mark.parametrize("cost", ["hinge", "squared_hinge"])
def test_outputs_that_are_no_probabilities_are_a_decision_function(data: Any, cost: str) -> None:
    X, y = data
    model = BacklitClassifier(cost=cost, max_iter=300, random_state=0, learning_rate_init=0.01).fit(X, y)
    assert not hasattr(model, "predict_proba")
    np.testing.assert_array_equal(model.classes_[model.decision_function(X).argmax(axis=1)], model.predict(X))
    two = BacklitClassifier(cost=cost, max_iter=300, random_state=0, learning_rate_init=0.01).fit(X, y == "a")
    np.testing.assert_array_equal(two.decision_function(X) > 0, two.predict(X))
    assert min(model.score(X, y), two.score(X, y == "a")) > 0.95
    assert not hasattr(BacklitClassifier(), "decision_function")
    unsure = BacklitClassifier(cost=cost, max_iter=1, random_state=0).fit(X, y == "a")
    np.testing.assert_array_equal(unsure.decision_function(X) > 0, unsure.predict(X))


def test_a_softmax_of_two_classes_has_two_outputs(data: Any) -> None:
    X, y = data
    model = BacklitClassifier(cost="cross_entropy", max_iter=200, random_state=0).fit(X, y == "a")
    assert (model.n_outputs_, model.out_activation_) == (2, "softmax")
    np.testing.assert_array_equal(model.predict_proba(X)[:, 1] > 0.5, model.predict(X))


def test_class_weights_are_sample_weights_by_class(data: Any) -> None:
    X, y = data
    how: dict[str, Any] = {"max_iter": 10, "random_state": 0}
    s = np.where(y == "a", 3.0, np.where(y == "b", 1.0, 0.5))
    by_class = BacklitClassifier(class_weight={"a": 3, "c": 0.5}, **how).fit(X, y)
    np.testing.assert_array_equal(by_class.coefs_[0], BacklitClassifier(**how).fit(X, y, s).coefs_[0])
    counts = dict(zip(*np.unique(y, return_counts=True), strict=True))
    even = np.array([len(y) / (3 * counts[one]) for one in y])
    balanced = BacklitClassifier(class_weight="balanced", **how).fit(X, y)
    np.testing.assert_allclose(balanced.coefs_[0], BacklitClassifier(**how).fit(X, y, even).coefs_[0])


def test_a_weight_is_an_example_written_more_often(data: Any) -> None:
    """With whole batches and with early stopping, whatever the order; scikit-learn's check has 15 examples."""
    X, y = data
    times = np.arange(len(y)) % 3
    shuffled = np.random.default_rng(1).permutation(times.sum())
    often_X, often_y = X.repeat(times, axis=0)[shuffled], y.repeat(times)[shuffled]
    how: dict[str, Any] = {
        "max_iter": 60,
        "random_state": 0,
        "early_stopping": True,
        "class_weight": "balanced",
    }
    one = BacklitClassifier(**how).fit(X, y, times)
    two = BacklitClassifier(**how).fit(often_X, often_y)
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), rtol=1e-7)
    np.testing.assert_allclose(one.validation_scores_, two.validation_scores_)
    np.testing.assert_allclose(one.loss_curve_, two.loss_curve_)


def test_equal_examples_are_held_out_together_and_classes_in_their_shares(rng: Any) -> None:
    X = rng.integers(0, 3, size=(400, 3)).astype(float)
    y = rng.choice(["x", "y"], size=400, p=[0.8, 0.2])
    kept, apart = split(X, y, None, 0.25, np.random.RandomState(0), by_class=True)
    assert sorted([*kept, *apart]) == list(range(400))
    rows = [{(*X[i], y[i]) for i in part} for part in (kept, apart)]
    assert not rows[0] & rows[1]
    assert abs(len(apart) - 100) < 25
    share = [(y[part] == "x").mean() for part in (kept, apart)]
    assert share[0] == pytest.approx(share[1], abs=0.07)
    unlike = rng.normal(size=(400, 3)).astype(np.float32)
    assert len(split(unlike, y, None, 0.1, np.random.RandomState(0), by_class=True)[1]) == 40


@pytest.mark.parametrize("rule", [{}, {"optimizer": "rmsprop"}, {"solver": "sgd"}], ids=str)
def test_warm_start_can_keep_the_optimizers_state(data: Any, rule: dict[str, Any]) -> None:
    X, y = data
    how: dict[str, Any] = {"random_state": 0, "shuffle": False, **rule}
    whole = BacklitClassifier(max_iter=8, **how).fit(X, y)
    parts = BacklitClassifier(max_iter=4, warm_start="state", **how).fit(X, y).fit(X, y)
    np.testing.assert_allclose(parts.coefs_[0], whole.coefs_[0], rtol=1e-12)
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_)
    theirs = BacklitClassifier(max_iter=4, warm_start=True, **how).fit(X, y).fit(X, y)
    assert abs(theirs.coefs_[0] - whole.coefs_[0]).max() > 1e-4


def test_orders_of_the_examples_are_new_in_each_epoch_and_follow_from_random_state(data: Any) -> None:
    X, y = data
    how: dict[str, Any] = {"max_iter": 3, "batch_size": 16}
    one, two, other = (BacklitClassifier(random_state=seed, **how).fit(X, y) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.coefs_[0], two.coefs_[0])
    assert (one.coefs_[0] != other.coefs_[0]).any()
    drawn = BacklitClassifier(random_state=np.random.RandomState(4), **how).fit(X, y)
    np.testing.assert_array_equal(one.coefs_[0], drawn.coefs_[0])


def test_callbacks_see_every_epoch_and_can_stop(data: Any) -> None:
    X, y = data
    seen = []

    def each(event: Any) -> None:
        seen.append(event.record["cost"])
        if event.epoch == 3:
            event.stop("enough")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = BacklitClassifier(callbacks=[each]).fit(X, y)
    assert (len(seen), model.n_iter_, model.history_.stop_reason) == (3, 3, "enough")
    assert model.history_["cost"].tolist() == seen


def test_verbose_prints_and_progress_shows(data: Any, capsys: pytest.CaptureFixture[str]) -> None:
    X, y = data
    BacklitClassifier(max_iter=2, verbose=True, random_state=0).fit(X, y, validation_set=(X, y))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Iteration 1, loss = 1.")
    assert lines[1].startswith("Validation score: 0.")
    BacklitClassifier(max_iter=2, progress=True).fit(X, y)
    assert "epoch 2 of 2" in capsys.readouterr().err
    BacklitClassifier(max_iter=2).fit(X, y)
    assert capsys.readouterr() == ("", "")


def test_several_outputs_are_predicted_and_scored(data: Any) -> None:
    X = data[0]
    Y = np.column_stack([X[:, 0], X[:, 1] ** 2])
    model = BacklitRegressor(max_iter=300, learning_rate_init=0.01, random_state=0).fit(X, Y)
    assert model.predict(X).shape == (120, 2)
    assert model.score(X, Y) > 0.95


def test_labels_that_come_together_may_be_sparse(data: Any) -> None:
    X = data[0]
    Y = (X[:, :3] > 0).astype(int)
    how: dict[str, Any] = {
        "max_iter": 5,
        "early_stopping": True,
        "random_state": 0,
        "class_weight": "balanced",
    }
    one, two = BacklitClassifier(**how).fit(X, Y), BacklitClassifier(**how).fit(X, csr_array(Y))
    np.testing.assert_array_equal(one.coefs_[0], two.coefs_[0])
    assert issparse(two.predict(X))
    np.testing.assert_array_equal(two.predict(X).toarray(), one.predict(X))


def test_r2_is_scikit_learns(rng: Any) -> None:
    y = rng.normal(size=(50, 3))
    a, s = y + 0.3 * rng.normal(size=(50, 3)), rng.random(50)
    for weights in (None, s):
        assert _r2(y, a, weights) == pytest.approx(r2_score(y, a, sample_weight=weights))
    y[:, 1] = 2
    assert _r2(y, a, s) == pytest.approx(r2_score(y, a, sample_weight=s))
    a[:, 1] = 2
    assert _r2(y, a, s) == pytest.approx(r2_score(y, a, sample_weight=s))


def test_copied_weights_are_arrays_of_their_own(data: Any) -> None:
    X, y = data
    model = BacklitClassifier(max_iter=2).fit(X, y)
    kept = copy.deepcopy(model.coefs_)
    model.coefs_[0][0, 0] = 9.0
    assert model.network_.w[1][0, 0] == 9.0
    assert (type(kept), kept[0][0, 0] != 9.0) == (list, True)
    model.coefs_[:] = kept
    assert model.network_.w[1][0, 0] == kept[0][0, 0]


# ------------------------------------------------------------------------------------------------ what can't be


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"alpha": -1}, "alpha is a finite number of at least 0; got -1"),
        ({"solver": "adamm"}, "unknown solver 'adamm'. Did you mean 'adam'? Known: lbfgs, sgd, adam."),
        ({"learning_rate": 0.1}, "unknown learning_rate 0.1. Known: constant, invscaling, adaptive."),
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must be > 0"),
        ({"hidden_layer_sizes": None}, "one for each hidden layer; got None"),
        (
            {"activation": ["relu"], "hidden_layer_sizes": (3, 3)},
            "one for each of the 2 hidden layers; got 1",
        ),
        ({"activation": "reul"}, "unknown activation 'reul'. Did you mean 'relu'?"),
        ({"batch_size": 0}, "batch_size is a whole number of at least 1; 'auto' takes 200"),
        ({"max_iter": 1.5}, "max_iter is a whole number of at least 1; got 1.5"),
        ({"momentum": 1.0}, "momentum is a number of at least 0 and below 1; got 1.0"),
        ({"shuffle": 1}, "shuffle is True or False; got 1"),
        ({"warm_start": "yes"}, "or 'state' to go on with the optimizer's memory as well; got 'yes'"),
        ({"n_iter_no_change": 0}, "n_iter_no_change is a whole number of at least 1, or infinity; got 0"),
        ({"verbose": -1}, "verbose is True, False or a whole number of at least 0; got -1"),
        ({"cost": "cross_entropy", "output_activation": "relu"}, "take 'softmax' for the last layer"),
        ({"optimizer": "sgdd"}, "unknown optimizer 'sgdd'"),
        ({"solver": "lbfgs", "dropout": 0.5}, "so dropout can't be combined with it"),
        (
            {"class_weight": "even"},
            "class_weight is 'balanced', a dict from class to weight, or None; got 'even'",
        ),
        ({"class_weight": {"d": 2}}, "unknown class in class_weight 'd'"),
        ({"callbacks": [3]}, "a callback is a function of one Event; got 3"),
    ],
)
def test_a_parameter_that_cant_be_is_named_with_its_rule(data: Any, given: Any, said: str) -> None:
    with pytest.raises(UsageError) as error:
        BacklitClassifier(**given).fit(*data)
    assert said in str(error.value)
    assert isinstance(error.value, ValueError)


def test_data_that_cant_be_is_named_with_its_rule(data: Any) -> None:
    X, y = data
    model = BacklitClassifier(max_iter=1)
    with pytest.raises(DataError, match="NaN"):
        model.fit(np.where(X > 2, np.nan, X), y)
    with pytest.raises(DataError, match="inconsistent numbers of samples"):
        model.fit(X, y[:-1])
    with pytest.raises(DataError, match="classes must be passed on the first call to partial_fit"):
        model.partial_fit(X, y)
    model.partial_fit(X, y, classes=["a", "b", "c"])
    with pytest.raises(DataError, match="'d'"):
        model.partial_fit(X, np.where(y == "a", "d", y))
    with pytest.raises(DataError, match=r"classes are .* since the first call"):
        model.partial_fit(X, y, classes=["a", "b"])
    with pytest.raises(DataError, match=r"validation_set is a pair \(X, y\); got a str"):
        model.fit(X, y, validation_set="ab")
    with pytest.raises(DataError, match="classes that are not in classes_: 'd'"):
        model.fit(X, y, validation_set=(X[:1], ["d"]))
    with pytest.raises(DataError, match="sample_weight of row 0 is -1"):
        model.fit(X, y, np.full(120, -1.0))
    with pytest.raises(DataError, match="early stopping holds out"):
        BacklitClassifier(early_stopping=True).fit(X[:2], y[:2])
    with pytest.raises(DataError, match="targets of poisson are counts"):
        BacklitRegressor(loss="poisson").fit(X, X[:, 0])
    model.set_params(warm_start=True)
    with pytest.raises(DataError, match="warm_start goes on with the same classes"):
        model.fit(X[y != "a"], y[y != "a"])
    model.set_params(hidden_layer_sizes=3)
    with pytest.raises(UsageError, match="set warm_start=False to fit anew"):
        model.fit(X, y)


def test_weights_of_another_shape_are_refused(data: Any) -> None:
    model = BacklitClassifier(max_iter=1).fit(*data)
    with pytest.raises(UsageError, match=r"coefs_\[0\] has shape \(5, 100\); got shape \(100, 5\)"):
        model.coefs_[0] = np.zeros((100, 5))
    with pytest.raises(UsageError, match="coefs_ has one array for each layer, 2 in all"):
        model.coefs_ = [np.zeros((5, 100))]
    with pytest.raises(UsageError, match="finite"):
        model.intercepts_[1] = [np.nan, 0, 0]


def test_a_fit_that_diverges_is_a_value_error_too(data: Any) -> None:
    X = data[0]
    with pytest.raises(FitDivergedError) as error:
        BacklitRegressor(solver="sgd", learning_rate_init=1e6, max_iter=50).fit(X, X[:, 0])
    assert isinstance(error.value, ValueError)
    assert isinstance(error.value, BacklitError)


def test_partial_fit_is_there_where_it_can_be() -> None:
    assert hasattr(BacklitClassifier(), "partial_fit")
    for without in ({"solver": "lbfgs"}, {"optimizer": "l_bfgs"}, {"early_stopping": True}):
        assert not hasattr(BacklitClassifier(**without), "partial_fit")


def test_an_interrupted_fit_keeps_what_it_has(data: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    X, y = data
    model = BacklitClassifier(
        callbacks=lambda event: signal.raise_signal(signal.SIGINT) if event.epoch == 2 else None
    )
    with pytest.warns(BacklitWarning, match="interrupted") as caught:
        model.fit(X, y)
    assert (model.n_iter_, len(caught)) == (2, 1)
