"""The same as MLPClassifier and MLPRegressor: weights step by step, losses, attributes, schedules, stopping."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from backlit.estimators import BacklitClassifier, BacklitRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FITTED = (
    "loss_",
    "best_loss_",
    "t_",
    "n_iter_",
    "n_layers_",
    "n_outputs_",
    "n_features_in_",
    "out_activation_",
)


@pytest.fixture
def data(rng: Any) -> tuple[Any, Any, Any]:
    """X, classes 0 to 2, and a number."""
    X = rng.normal(size=(130, 6))
    return X, (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5), np.sin(X[:, 0]) + X[:, 3]


def same(ours: Any, theirs: Any, tolerance: float = 1e-8) -> None:
    """Weights, biases and the loss after each epoch, from the same start."""
    for a, b in zip([*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)
    if hasattr(theirs, "loss_curve_"):
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
    for name in FITTED:
        if hasattr(theirs, name):
            ours_is, theirs_is = getattr(ours, name), getattr(theirs, name)
            assert ours_is == (pytest.approx(theirs_is, rel=1e-6) if "loss" in name else theirs_is), name


# With ε near 0: where it stands in adam's formula is the one thing that differs (docs/from-scikit-learn.md).
RULES: list[dict[str, Any]] = [
    {"solver": "sgd", "momentum": 0.0},
    {"solver": "sgd", "momentum": 0.8, "nesterovs_momentum": False},
    {"solver": "sgd", "momentum": 0.8},
    {"solver": "adam", "epsilon": 1e-20, "beta_1": 0.8, "beta_2": 0.99},
    {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3},
    {"solver": "sgd", "batch_size": 50, "alpha": 0.01},
]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_weights_and_losses_are_the_same_step_by_step(data: Any, rule: Any, activation: str) -> None:
    X, y, value = data
    how = {"hidden_layer_sizes": (7, 5), "activation": activation, "max_iter": 8, "random_state": 3}
    how |= {"learning_rate_init": 0.01, "shuffle": False, **rule}
    same(BacklitClassifier(**how).fit(X, y), MLPClassifier(**how).fit(X, y))
    same(BacklitClassifier(**how).fit(X, y > 0), MLPClassifier(**how).fit(X, y > 0))
    same(BacklitRegressor(**how).fit(X, value), MLPRegressor(**how).fit(X, value))


def test_adams_epsilon_is_the_one_thing_that_differs(data: Any) -> None:
    X, y, _ = data
    how: dict[str, Any] = {"max_iter": 20, "random_state": 3, "shuffle": False}
    ours, theirs = BacklitClassifier(**how).fit(X, y), MLPClassifier(**how).fit(X, y)
    moved = abs(ours.coefs_[0] - theirs.coefs_[0]).max()
    assert 1e-9 < moved < 1e-4


@pytest.mark.parametrize("weighted", [False, True])
def test_sample_weights_mean_the_same(data: Any, weighted: bool) -> None:
    X, y, value = data
    s = np.linspace(0, 3, len(y)) if weighted else None
    how: dict[str, Any] = {"max_iter": 6, "random_state": 1, "shuffle": False, "solver": "sgd", "alpha": 0.1}
    same(BacklitClassifier(**how).fit(X, y, s), MLPClassifier(**how).fit(X, y, s))
    same(BacklitRegressor(**how).fit(X, value, s), MLPRegressor(**how).fit(X, value, s))


def test_mini_batches_of_weighted_examples_take_the_same_steps(data: Any) -> None:
    X, y, _ = data
    s = np.linspace(0.1, 3, len(y))
    how: dict[str, Any] = {"max_iter": 5, "random_state": 1, "shuffle": False, "solver": "sgd", "alpha": 1.0}
    ours = BacklitClassifier(**how, batch_size=40).fit(X, y, s)
    theirs = MLPClassifier(**how, batch_size=40).fit(X, y, s)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-10)


def test_what_is_predicted_is_the_same(data: Any) -> None:
    X, y, _ = data
    how: dict[str, Any] = {"max_iter": 6, "random_state": 1, "shuffle": False, "epsilon": 1e-20}
    for labels in (y, y > 0, np.array(["no", "yes"])[(y > 0).astype(int)], y + 0.0):
        ours, theirs = BacklitClassifier(**how).fit(X, labels), MLPClassifier(**how).fit(X, labels)
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        assert ours.predict(X).dtype == theirs.predict(X).dtype
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))
        np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X))
        assert ours.score(X, labels) == theirs.score(X, labels)


def test_several_labels_at_once_and_poisson(data: Any) -> None:
    X, y, value = data
    several = np.column_stack([y > 0, y > 1, X[:, 4] > 0]).astype(int)
    how: dict[str, Any] = {"max_iter": 6, "random_state": 1, "shuffle": False, "epsilon": 1e-20}
    ours, theirs = BacklitClassifier(**how).fit(X, several), MLPClassifier(**how).fit(X, several)
    same(ours, theirs)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))
    if "loss" in MLPRegressor().get_params():
        how["loss"] = "poisson"
        counts = np.floor(np.exp(value))
        same(BacklitRegressor(**how).fit(X, counts), MLPRegressor(**how).fit(X, counts))


def test_of_several_outputs_the_steps_are_theirs_and_the_loss_is_what_they_descend(data: Any) -> None:
    """scikit-learn #8349: its gradient sums over outputs, its loss averages; here both sum."""
    X, _, value = data
    Y = np.column_stack([value, X[:, 1], X[:, 2] ** 2])
    how: dict[str, Any] = {"max_iter": 6, "random_state": 1, "shuffle": False, "solver": "sgd", "alpha": 0}
    ours, theirs = BacklitRegressor(**how).fit(X, Y), MLPRegressor(**how).fit(X, Y)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-10)
    np.testing.assert_allclose(ours.loss_curve_, 3 * np.array(theirs.loss_curve_))
    net = ours.network_
    slope = net.gradient(X, Y).w[1][2, 3]
    before, h = net.value(X, Y), 1e-6
    net.w[1][2, 3] += h
    assert (net.value(X, Y) - before) / h == pytest.approx(slope, rel=1e-4)


def test_l_bfgs_reaches_the_same_loss(data: Any) -> None:
    X, y, value = data
    how: dict[str, Any] = {"solver": "lbfgs", "max_iter": 1000, "random_state": 2, "alpha": 0.1}
    how |= {"activation": "tanh", "hidden_layer_sizes": 8}
    for ours, theirs, target in (
        (BacklitClassifier(**how), MLPClassifier(**how), y),
        (BacklitRegressor(**how), MLPRegressor(**how), value),
    ):
        ours.fit(X, target)
        theirs.fit(X, target)
        assert ours.loss_ == pytest.approx(theirs.loss_, rel=0.02)
        assert ours.t_ == theirs.t_ == 0
    few = BacklitRegressor(**{**how, "max_fun": 5}).fit(X, value)
    assert few.n_iter_ < 6
    assert few.history_.stop_reason == "l_bfgs used up its evaluations"


@pytest.mark.parametrize("patience", [2, 5])
def test_it_stops_where_theirs_stops(data: Any, patience: int) -> None:
    X, _, value = data
    how: dict[str, Any] = {"max_iter": 400, "random_state": 2, "shuffle": False, "epsilon": 1e-20}
    how |= {"tol": 1e-3, "n_iter_no_change": patience, "learning_rate_init": 0.01}
    ours, theirs = BacklitRegressor(**how).fit(X, value), MLPRegressor(**how).fit(X, value)
    assert ours.n_iter_ == theirs.n_iter_ < 400
    assert ours.history_.stop_reason.startswith("Training loss did not improve more than tol=0.001")


def test_adaptive_shrinks_where_theirs_shrinks(data: Any) -> None:
    X, _, value = data
    how: dict[str, Any] = {"max_iter": 300, "random_state": 2, "shuffle": False, "solver": "sgd"}
    how |= {"tol": 1e-3, "n_iter_no_change": 3, "learning_rate": "adaptive", "learning_rate_init": 0.02}
    ours, theirs = BacklitRegressor(**how).fit(X, value), MLPRegressor(**how).fit(X, value)
    same(ours, theirs, 1e-7)
    assert len(set(ours.history_["eta"])) > 3


@pytest.mark.parametrize(
    "rate", [{"epsilon": 1e-20}, {"solver": "sgd", "learning_rate": "invscaling"}], ids=str
)
def test_partial_fit_goes_on_with_the_optimizer(data: Any, rate: dict[str, Any]) -> None:
    X, y, _ = data
    how: dict[str, Any] = {"random_state": 2, "shuffle": False, **rate}
    ours, theirs = BacklitClassifier(**how), MLPClassifier(**how)
    for part in (slice(0, 60), slice(60, 130), slice(0, 60)):
        ours.partial_fit(X[part], y[part], classes=[0, 1, 2])
        theirs.partial_fit(X[part], y[part], classes=[0, 1, 2])
        same(ours, theirs)
    assert len(ours.loss_curve_) == 3


@pytest.mark.parametrize("rate", ["constant", "invscaling"])
def test_warm_start_goes_on_from_the_weights(data: Any, rate: str) -> None:
    X, y, _ = data
    how: dict[str, Any] = {"random_state": 2, "shuffle": False, "max_iter": 3, "warm_start": True}
    how |= {"solver": "sgd", "learning_rate": rate}
    ours, theirs = BacklitClassifier(**how), MLPClassifier(**how)
    for _ in range(3):
        ours.fit(X, y)
        theirs.fit(X, y)
        same(ours, theirs)


def test_weights_that_are_set_are_used_and_trained_on(data: Any) -> None:
    X, y, _ = data
    how: dict[str, Any] = {"random_state": 2, "shuffle": False, "epsilon": 1e-20, "max_iter": 1}
    ours, theirs = BacklitClassifier(**how), MLPClassifier(**{**how, "random_state": 9, "max_iter": 4})
    ours.fit(X, y)
    theirs.fit(X, y)
    ours.coefs_, ours.intercepts_ = theirs.coefs_, theirs.intercepts_
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-12)
    ours.coefs_[0][2, 5] = theirs.coefs_[0][2, 5] = 1.5
    ours.intercepts_[1] = theirs.intercepts_[1] = np.array([1.0, 0.0, -1.0])
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-12)
    for model in (ours, theirs):
        model.set_params(warm_start=True, max_iter=3)
        model.fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-8)


def test_early_stopping_follows_the_score(data: Any) -> None:
    X, y, value = data
    how: dict[str, Any] = {"early_stopping": True, "random_state": 0, "n_iter_no_change": 4, "max_iter": 300}
    how["learning_rate_init"] = 0.01
    for model, target in ((BacklitClassifier(**how), y), (BacklitRegressor(**how), value)):
        model.fit(X[:100], target[:100], validation_set=(X[100:], target[100:]))
        best = model.best_validation_score_
        assert best == max(model.validation_scores_)
        assert model.score(X[100:], target[100:]) == pytest.approx(best)  # the best weights are back
        assert model.n_iter_ == len(model.validation_scores_) < 300
        assert model.best_loss_ is None
        assert model.history_["validation_cost"].shape == (model.n_iter_,)


def test_float32_is_computed_in_float32(data: Any) -> None:
    X, y, value = data
    how: dict[str, Any] = {"max_iter": 5, "random_state": 3, "shuffle": False}
    for ours, theirs, target in (
        (BacklitClassifier(**how), MLPClassifier(**how), y),
        (BacklitRegressor(**how), MLPRegressor(**how), value),
    ):
        ours.fit(X.astype(np.float32), target)
        theirs.fit(X.astype(np.float32), target)
        assert ours.coefs_[0].dtype == ours.network_.dtype == theirs.coefs_[0].dtype == np.float32
        np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-4)


def test_every_parameter_of_theirs_is_here_with_its_default() -> None:
    for ours, theirs in (
        (BacklitClassifier(), MLPClassifier()),
        (BacklitRegressor(), MLPRegressor()),
    ):
        here = ours.get_params()
        assert {name: here[name] for name in theirs.get_params()} == theirs.get_params()
