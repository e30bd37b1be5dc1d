"""scikit-learn: MLPs and pipelines in, as they predict; networks out, as they predict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)

import backlit
from backlit.data.recipe import Recipe
from backlit.errors import BacklitWarning, ModelError, UsageError
from backlit.interop import told
from backlit.interop.sklearn import from_sklearn, to_sklearn

from . import models
from .models import N, classifier, columns, labels

Array = Any
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
assert issubclass(ConvergenceWarning, UserWarning)


@pytest.fixture(scope="module")
def numbers() -> Array:
    return models.numbers()


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return models.table()


def regressor(**options: Any) -> MLPRegressor:
    return MLPRegressor(**{"hidden_layer_sizes": (5, 4), "max_iter": 8, "random_state": 0, **options})


def probabilities(estimator: Any, X: Any, outputs: int) -> Array:
    found = estimator.predict_proba(X)
    return found[:, 1:] if outputs == 1 else found


# ------------------------------------------------------------------------------------------------------- MLPs coming in


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("kinds", [["a", "b", "c"], ["no", "yes"], [3, 7], [True, False]])
def test_a_classifier_predicts_the_same(activation: str, kinds: list[Any], numbers: Array) -> None:
    theirs = classifier(activation=activation).fit(numbers, labels(kinds))
    net = from_sklearn(theirs)
    assert net.classes == tuple(sorted(kinds))
    assert np.abs(net.predict(numbers) - probabilities(theirs, numbers, net.sizes[-1])).max() < 1e-12
    assert np.array_equal(net.predict_labels(numbers), theirs.predict(numbers))
    assert net.cost.name == ("cross_entropy" if len(kinds) > 2 else "binary_cross_entropy")
    assert all(np.array_equal(net.w[l + 1], theirs.coefs_[l].T) for l in range(3))


def test_float32_stays_float32(numbers: Array) -> None:
    net = from_sklearn(classifier().fit(numbers.astype(np.float32), labels(["a", "b"])))
    assert net.dtype == np.float32
    assert net.training["imported"]["difference"] < 1e-5


def test_several_labels_at_once_have_an_output_each(numbers: Array) -> None:
    theirs = classifier().fit(numbers, np.random.default_rng(1).integers(0, 2, (N, 3)))
    net = from_sklearn(theirs)
    assert (net.sizes[-1], net.classes, net.cost.name) == (3, None, "binary_cross_entropy")
    assert np.abs(net.predict(numbers) - theirs.predict_proba(numbers)).max() < 1e-12
    back = to_sklearn(net)
    assert np.array_equal(back.predict(numbers), theirs.predict(numbers))


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_regressor_predicts_the_same(outputs: int, numbers: Array) -> None:
    y = np.random.default_rng(3).normal(size=(N, outputs))
    theirs = regressor().fit(numbers, y[:, 0] if outputs == 1 else y)
    net = from_sklearn(theirs)
    assert (net.task, net.cost.name) == ("values", "half_squared_error")
    assert np.allclose(net.predict_labels(numbers), theirs.predict(numbers), atol=1e-12, rtol=0)


def test_their_poisson_loss_is_exp_and_poisson(numbers: Array) -> None:
    theirs = regressor(loss="poisson").fit(numbers / 10, np.random.default_rng(3).poisson(3, N))
    net = from_sklearn(theirs)
    assert (net.activations[-1].name, net.cost.name) == ("exp", "poisson")
    assert np.allclose(net.predict_labels(numbers / 10), theirs.predict(numbers / 10), rtol=1e-12)


def test_our_cost_has_the_gradient_that_their_solver_follows(numbers: Array) -> None:
    """Their loss averages over outputs while its gradient sums (their #8349): ours is of the gradient."""
    y = np.random.default_rng(3).normal(size=(N, 3))
    theirs = regressor(solver="sgd", momentum=0, alpha=0, batch_size=N, learning_rate_init=1e-3, max_iter=1)
    theirs.fit(numbers, y)
    before = from_sklearn(theirs)
    theirs.set_params(warm_start=True).fit(numbers, y)
    moved = theirs.coefs_[0].T - before.w[1]
    assert np.allclose(moved, -1e-3 * before.gradient(numbers, y).w[1], rtol=1e-6, atol=1e-12)


# -------------------------------------------------------------------------------------------------- pipelines coming in

SCALERS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    MinMaxScaler((-1, 2)),
    MaxAbsScaler(),
    RobustScaler(),
    make_pipeline(StandardScaler(), MinMaxScaler(), FunctionTransformer()),
]


@pytest.mark.parametrize("place", range(len(SCALERS)))
def test_a_scaler_becomes_the_recipe(place: int, numbers: Array) -> None:
    theirs = make_pipeline(SCALERS[place], classifier()).fit(numbers, labels(["a", "b", "c"]))
    net = from_sklearn(theirs)
    encoded = net.recipe.encode(numbers)
    assert np.abs(encoded - theirs[:-1].transform(numbers)).max() < 1e-12
    assert np.abs(net.predict(encoded) - theirs.predict_proba(numbers)).max() < 1e-12


def test_a_constant_column_is_scaled_as_theirs(numbers: Array) -> None:
    numbers = np.column_stack([numbers, np.full(N, 3.0)])
    theirs = make_pipeline(StandardScaler(), classifier()).fit(numbers, labels(["a", "b", "c"]))
    other = numbers + 1
    net = from_sklearn(theirs)
    assert np.abs(net.predict(net.recipe.encode(other)) - theirs.predict_proba(other)).max() < 1e-12


@pytest.mark.parametrize(
    "options",
    [{}, {"drop": "first"}, {"handle_unknown": "ignore"}, {"categories": [["red", "blue", "green", "pink"]]}],
)
@pytest.mark.parametrize("kind", ["classes", "values"])
def test_raw_columns_go_in(options: dict[str, Any], kind: str, table: pd.DataFrame, tmp_path: Path) -> None:
    mlp, y = (classifier(), labels(["p", "q", "r"])) if kind == "classes" else (regressor(), np.arange(N) / N)
    theirs = Pipeline([("columns", columns(**options)), ("mlp", mlp)]).fit(table, y)
    net = from_sklearn(theirs)
    wanted = theirs.predict_proba(table) if kind == "classes" else theirs.predict(table)[:, None]
    assert np.abs(net.predict(table) - wanted).max() < 1e-12
    assert net.recipe.inputs[:3] == (
        "income",
        "age",
        "colour = red" if "categories" in options else "colour = blue",
    )
    answers = net.predict_labels(table)
    assert (
        np.array_equal(answers, theirs.predict(table))
        if kind == "classes"
        else np.allclose(answers, wanted[:, 0])
    )
    net.save(tmp_path / "model.safetensors")
    assert np.array_equal(backlit.load(tmp_path / "model.safetensors").predict(table), net.predict(table))
    assert "its steps are the recipe" in told(net)


def test_a_word_that_the_encoder_ignores_is_all_zeros_here_too(table: pd.DataFrame) -> None:
    theirs = make_pipeline(columns(handle_unknown="ignore"), classifier()).fit(table, labels(["p", "q", "r"]))
    net = from_sklearn(theirs)
    other = table.assign(colour="violet")
    with pytest.warns(BacklitWarning, match="what training never saw"):
        ours = net.predict(other)
    assert np.abs(ours - theirs.predict_proba(other)).max() < 1e-12


def test_columns_may_be_chosen_by_number_mask_slice_and_kind(table: pd.DataFrame) -> None:
    by = [
        [(StandardScaler(), [2]), (OneHotEncoder(), make_column_selector(dtype_include=["object", "str"]))],
        [(StandardScaler(), slice(2, 4)), (OneHotEncoder(), "colour")][:1],
        [(StandardScaler(), [False, False, True, False, False]), (OneHotEncoder(), [-4])],
        [(MinMaxScaler(), slice("income", "door")), ("drop", ["age", "colour", "smokes"])],
    ]
    for given_columns in by:
        theirs = make_pipeline(make_column_transformer(*given_columns), classifier()).fit(
            table, labels(["p", "q"])
        )
        net = from_sklearn(theirs)
        assert np.abs(net.predict(table) - theirs.predict_proba(table)[:, 1:]).max() < 1e-12


def test_words_without_names_are_found_by_place() -> None:
    rng = np.random.default_rng(0)
    rows = np.empty((N, 2), dtype=object)
    rows[:, 0], rows[:, 1] = rng.normal(size=N), rng.choice(["x", "y"], N)
    theirs = make_pipeline(
        make_column_transformer((OneHotEncoder(), [1]), (StandardScaler(), [0])), classifier()
    ).fit(rows, labels(["p", "q", "r"]))
    net = from_sklearn(theirs)
    assert np.abs(net.predict(net.recipe.encode(rows)) - theirs.predict_proba(rows)).max() < 1e-12


def test_named_columns_of_an_mlp_alone_are_kept(table: pd.DataFrame) -> None:
    theirs = classifier().fit(table[["income", "door"]], labels(["p", "q", "r"]))
    net = from_sklearn(theirs)
    swapped = table[["door", "income"]]
    assert np.abs(net.predict(swapped) - theirs.predict_proba(table[["income", "door"]])).max() < 1e-12


def test_what_has_no_rule_is_named_with_its_step(table: pd.DataFrame, numbers: Array) -> None:
    y = labels(["p", "q", "r"])
    income, colour = table[["income"]], table[["colour"]]
    cases: list[tuple[Any, str]] = [
        (
            make_pipeline(PCA(2), classifier()).fit(numbers, y),
            "its step 'pca' is PCA, for which there is no rule",
        ),
        (make_pipeline(SelectKBest(k=2), classifier()).fit(numbers, y), "'selectkbest' is SelectKBest"),
        (make_pipeline(MinMaxScaler(clip=True), classifier()).fit(numbers, y), "cuts values off"),
        (make_pipeline(FunctionTransformer(np.tanh), classifier()).fit(numbers, y), "a function of its own"),
        (
            make_pipeline(SimpleImputer(strategy="most_frequent"), classifier()).fit(numbers, y),
            "'most_frequent'",
        ),
        (
            make_pipeline(SimpleImputer(add_indicator=True), classifier()).fit(numbers, y),
            "without an indicator",
        ),
        (make_pipeline(OneHotEncoder(min_frequency=40), classifier()).fit(colour, y), "joins rare words"),
        (
            make_pipeline(
                make_column_transformer((StandardScaler(), ["income"]), (MinMaxScaler(), ["income"])),
                classifier(),
            ).fit(income, y),
            "use the column 'income' twice",
        ),
        (classifier(), "not fitted yet"),
        (PCA(2).fit(numbers), "it is PCA, and Backlit reads"),
        (make_pipeline(StandardScaler(), PCA(2)).fit(numbers), "it ends with PCA"),
        ("a word", "it is str, and Backlit reads"),
    ]
    for estimator, said in cases:
        with pytest.raises(UsageError, match=said):
            from_sklearn(estimator)


def test_a_rule_that_is_wrong_is_caught(numbers: Array, monkeypatch: pytest.MonkeyPatch) -> None:
    from backlit.interop import sklearn_columns

    monkeypatch.setitem(sklearn_columns.RULES, "RobustScaler", sklearn_columns.RULES["passthrough"])
    theirs = make_pipeline(RobustScaler(), classifier()).fit(numbers, labels(["a", "b", "c"]))
    with pytest.raises(ModelError, match=r"differ by .* on 64 random rows"):
        from_sklearn(theirs)


# ----------------------------------------------------------------------------------------------------------- going out


@settings(max_examples=25)
@given(
    hidden=st.sampled_from(["identity", "sigmoid", "tanh", "relu"]),
    last=st.sampled_from(["softmax", "sigmoid", "identity"]),
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    double=st.booleans(),
    seed=st.integers(0, 99),
)
def test_random_networks_go_out_and_come_back(
    hidden: str, last: str, sizes: list[int], double: bool, seed: int
) -> None:
    sizes[-1] = 1 if last == "sigmoid" else max(3, sizes[-1])
    cost = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy", "identity": "half_squared_error"}[
        last
    ]
    dtype = np.float64 if double else np.float32
    net = backlit.Network(
        sizes, activations=[*[hidden] * (len(sizes) - 2), last], cost=cost, seed=seed, dtype=dtype
    )
    net.task = "values" if last == "identity" else "classes"
    made = to_sklearn(net)
    back = from_sklearn(made)
    assert np.array_equal(back.theta, net.theta)
    assert (back.activations, back.cost, back.dtype) == (net.activations, net.cost, net.dtype)


@pytest.mark.parametrize("names", [["b", "a"], ["c", "a", "b"], [9, 3, 5, 1]])
@pytest.mark.parametrize("last", ["softmax", "sigmoid"])
def test_classes_in_any_order_are_theirs_in_sorted_order(names: list[Any], last: str, numbers: Array) -> None:
    outputs = 1 if last == "sigmoid" and len(names) == 2 else len(names)
    cost = "cross_entropy" if last == "softmax" else "half_squared_error"
    net = backlit.Network([4, 6, outputs], activations=["tanh", last], cost=cost, seed=3)
    net.classes, net.task = names, "classes"
    net.b[2][:] = np.linspace(-0.5, 0.5, outputs)
    made = to_sklearn(net)
    assert made.classes_.tolist() == sorted(names)
    assert np.array_equal(made.predict(numbers), net.predict_labels(numbers))


def test_values_are_in_their_own_unit(numbers: Array) -> None:
    frame = pd.DataFrame(numbers, columns=list("abcd")).assign(y=1000 + 50 * numbers[:, 0])
    recipe = Recipe.learn(frame, target="y", task="values")
    net = backlit.Network([4, 5, 1], activations=["relu", "identity"])
    net.recipe, net.task = recipe, "values"
    made = to_sklearn(net)
    assert np.allclose(made.predict(recipe.encode(frame)), net.predict_labels(frame), rtol=1e-12)


def test_what_goes_out_can_be_used_as_theirs(numbers: Array) -> None:
    net = backlit.Network([4, 5, 3], activations=["relu", "softmax"], cost="cross_entropy", dtype=np.float32)
    made = to_sklearn(net)
    y = np.random.default_rng(2).integers(0, 3, N)
    assert 0 <= made.score(numbers.astype(np.float32), y) <= 1
    made.partial_fit(numbers.astype(np.float32), y)
    assert not np.array_equal(made.coefs_[0].T, net.w[1])


@pytest.mark.parametrize(
    ("activations", "said"),
    [
        (["relu", "tanh", "softmax"], "relu, tanh, softmax"),
        (["gelu", "gelu", "softmax"], "gelu, gelu, softmax"),
    ],
)
def test_what_their_mlp_has_not_is_refused(activations: list[str], said: str) -> None:
    net = backlit.Network([4, 3, 3, 3], activations=activations, cost="cross_entropy")
    with pytest.raises(UsageError, match=f"this network has {said}. Backlit's own estimators take any"):
        to_sklearn(net)
