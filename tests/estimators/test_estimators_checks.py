"""scikit-learn's own checks of an estimator, all of them, over both estimators and several settings."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from backlit.estimators import BacklitClassifier, BacklitRegressor

ESTIMATORS = [
    BacklitClassifier(max_iter=100),
    BacklitClassifier(solver="lbfgs", max_iter=100),
    BacklitClassifier(
        solver="sgd",
        learning_rate="adaptive",
        learning_rate_init=0.01,
        early_stopping=True,
        n_iter_no_change=3,
        max_iter=100,
    ),
    BacklitClassifier(
        hidden_layer_sizes=(20, 10),
        activation=["gelu", "logistic"],
        cost="squared_error",
        optimizer="rmsprop",
        class_weight="balanced",
        max_iter=100,
    ),
    BacklitClassifier(cost="hinge", max_iter=100),
    BacklitClassifier(output_activation="softmax", init="he_normal", max_iter=100),
    BacklitRegressor(max_iter=100),
    BacklitRegressor(solver="lbfgs", activation="tanh", max_iter=100),
    BacklitRegressor(solver="sgd", learning_rate="invscaling", learning_rate_init=0.1, max_iter=100),
    BacklitRegressor(loss="poisson", learning_rate_init=0.01, max_iter=100),
    BacklitRegressor(cost="huber", l1=1e-4, early_stopping=True, engine="numpy", max_iter=100),
]


# The checks fit for so few epochs that not all fits converge; every other warning is an error.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_every_check_of_scikit_learn_passes(estimator: Any, check: Any) -> None:
    check(estimator)


def test_a_fit_that_is_cut_short_says_so(rng: Any) -> None:
    X = rng.normal(size=(30, 3))
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        BacklitRegressor(max_iter=2).fit(X, X[:, 0])
    with pytest.warns(ConvergenceWarning, match=r"lbfgs did not converge in 1 iteration\(s\)"):
        BacklitRegressor(solver="lbfgs", max_iter=1).fit(X, X[:, 0])
