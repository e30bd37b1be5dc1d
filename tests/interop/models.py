"""Models of scikit-learn's and what they are made of, for the tests of both ways that they come in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

Array = Any
N = 90


def numbers() -> Array:
    return np.random.default_rng(5).normal(size=(N, 4)) * [1, 10, 0.1, 3] + [0, 5, 2, -7]


def table() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({
        "age": rng.normal(40, 9, N),
        "colour": rng.choice(["red", "green", "blue"], N),
        "income": rng.normal(2000, 600, N),
        "door": rng.integers(0, 3, N),
        "smokes": rng.choice([True, False], N),
    })  # fmt: skip
    frame.loc[[3, 17], "age"] = np.nan
    return frame


def labels(kinds: list[Any]) -> Array:
    return np.array([kinds[k] for k in np.random.default_rng(8).integers(0, len(kinds), N)])


def classifier(**options: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": (5, 4), "max_iter": 8, "random_state": 0, **options})


def columns(**options: Any) -> ColumnTransformer:
    return ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["income", "age"]),
        ("words", OneHotEncoder(**options), ["colour"]),
        ("doors", OneHotEncoder(), ["door"]),
        ("as it is", "passthrough", ["smokes"]),
    ])  # fmt: skip
