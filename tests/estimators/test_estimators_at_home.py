"""The estimators in scikit-learn's house: pipelines, searches, frames with names, copies, routing, calibration."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from scipy.sparse import csc_array, csr_array, csr_matrix
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from backlit.estimators import BacklitClassifier, BacklitRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any]:
    X, y = load_digits(return_X_y=True)
    return X[:600] / 16, y[:600]


def frame(pandas: bool, n: int = 200) -> tuple[Any, Any]:
    """A table with a number and a word in each row, and a label that follows from them."""
    rng = np.random.default_rng(1)
    height, town = rng.normal(size=n), rng.choice(["Ulm", "Bonn", "Köln"], size=n)
    label = np.where((height > 0) ^ (town == "Ulm"), "yes", "no")
    columns: dict[str, Any] = {"height": height, "town": town}
    if pandas:
        return pytest.importorskip("pandas").DataFrame(columns), label
    return pytest.importorskip("polars").DataFrame(columns), label


@pytest.mark.parametrize("pandas", [True, False])
def test_frames_go_through_column_transformer_and_pipeline(pandas: bool) -> None:
    X, y = frame(pandas)
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), ["height"]), ("words", OneHotEncoder(sparse_output=False), ["town"])]
    )
    columns.set_output(transform="pandas" if pandas else "polars")
    model = make_pipeline(columns, BacklitClassifier(max_iter=300, learning_rate_init=0.01, random_state=0))
    model.fit(X, y)
    assert model.score(X, y) > 0.95
    net = model[-1]
    assert list(net.feature_names_in_) == [
        "numbers__height", "words__town_Bonn", "words__town_Köln", "words__town_Ulm",
    ]  # fmt: skip
    assert net.network_.classes == ("no", "yes")


def test_columns_of_other_names_are_refused() -> None:
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
    model = BacklitRegressor(max_iter=2).fit(X, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X.rename(columns={"b": "c"}))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X.assign(c=0.0))


def test_searches_find_parameters_in_several_processes(digits: Any) -> None:
    model = BacklitClassifier(max_iter=8, random_state=0)
    grid: dict[str, Any] = {
        "learning_rate_init": [1e-5, 1e-2],
        "activation": ["relu", "gelu"],
    }
    search = GridSearchCV(model, grid, n_jobs=2, cv=2).fit(*digits)
    assert search.best_params_["learning_rate_init"] == 1e-2
    halving = HalvingGridSearchCV(
        BacklitClassifier(random_state=0), {"alpha": [1e-4, 1e3]}, resource="max_iter", max_resources=20,
        min_resources=5, n_jobs=2, cv=2,
    )  # fmt: skip
    assert halving.fit(*digits).best_params_["alpha"] == 1e-4


def test_cross_validation_calibration_and_importance(digits: Any) -> None:
    X, y = digits
    model = BacklitClassifier(max_iter=15, random_state=0, learning_rate_init=0.01)
    assert (cross_val_predict(model, X, y, cv=2) == y).mean() > 0.8
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, y)
    assert calibrated.predict_proba(X).shape == (600, 10)
    CalibratedClassifierCV(clone(model).set_params(cost="hinge"), cv=2).fit(X, y)
    found = permutation_importance(model.fit(X, y), X[:, :], y, n_repeats=1, random_state=0, n_jobs=2)
    assert found.importances_mean[0] == 0  # the corner of the image, always empty


@pytest.mark.parametrize("kind", [BacklitClassifier, BacklitRegressor])
def test_copies_predict_the_same_and_go_on(digits: Any, kind: Any, tmp_path: Path) -> None:
    X, y = digits
    model = kind(max_iter=3, random_state=0, warm_start="state").fit(X, y)
    joblib.dump(model, tmp_path / "model")
    kept = [
        pickle.loads(pickle.dumps(model)),
        joblib.load(tmp_path / "model"),
        joblib.load(tmp_path / "model", mmap_mode="r"),
    ]
    for copy in kept:
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    kept[0].fit(X, y)
    np.testing.assert_array_equal(kept[0].coefs_[0], kind.fit(model, X, y).coefs_[0])
    fresh = clone(model)
    assert fresh.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    assert not hasattr(fresh, "coefs_")


def test_weights_and_validation_sets_are_routed(digits: Any) -> None:
    X, y = digits
    with sklearn.config_context(enable_metadata_routing=True):
        model = BacklitClassifier(max_iter=3, random_state=0)
        model.set_fit_request(sample_weight=True, validation_set=True).set_score_request(sample_weight=True)
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        pipe.fit(X, y, sample_weight=np.ones(600), validation_set=(X[:50], y[:50]))
        assert len(pipe[-1].validation_scores_) == 3
        s = np.where(y == 0, 0.0, 1.0)
        model.set_params(max_iter=40)
        found = cross_validate(model, X, y, cv=2, params={"sample_weight": s}, return_estimator=True)
        assert found["estimator"][0].predict_proba(X)[:, 0].mean() < 0.1


@pytest.mark.parametrize("kind", [csr_array, csr_matrix, csc_array])
def test_sparse_rows_give_what_dense_rows_give(digits: Any, kind: Any, engine: Any) -> None:
    X, y = digits
    how: dict[str, Any] = {"max_iter": 3, "random_state": 0, "engine": engine.name, "early_stopping": True}
    dense, sparse = BacklitClassifier(**how).fit(X, y), BacklitClassifier(**how).fit(kind(X), y)
    np.testing.assert_allclose(sparse.coefs_[0], dense.coefs_[0], atol=1e-9)
    np.testing.assert_allclose(sparse.predict_proba(kind(X)), dense.predict_proba(X), rtol=1e-6)


def test_sparse_rows_are_never_made_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 × 200,000 numbers would be 3.2 GB."""
    rng = np.random.default_rng(0)
    columns = rng.integers(200_000, size=(2000, 5))
    X = csr_array((np.ones(10_000), columns.reshape(-1), np.arange(0, 10_001, 5)), shape=(2000, 200_000))
    made_dense = csr_array.toarray

    def toarray(rows: Any, *given: Any, **options: Any) -> Any:
        assert rows.shape[1] < 200_000, "made dense"
        return made_dense(rows, *given, **options)

    monkeypatch.setattr(csr_array, "toarray", toarray)
    model = BacklitClassifier(hidden_layer_sizes=2, max_iter=1, solver="sgd").fit(X, columns[:, 0] % 2)
    assert model.predict(X).shape == (2000,)
