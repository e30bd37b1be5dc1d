"""Arrays as scikit-learn's tools hand them over, checked by scikit-learn itself.

Its checks set n_features_in_ and feature_names_in_, and say what its users know; here they become DataErrors. X stays
sparse where it is, and float32 where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils.validation import _check_sample_weight, column_or_1d

try:
    from sklearn.utils.validation import validate_data
except ImportError:  # scikit-learn 1.5 has it as a method

    def validate_data(estimator: Any, X: Any, y: Any = "no_validation", **options: Any) -> Any:
        """What 1.6 and later have under this name."""
        return estimator._validate_data(X, y, **options)


from .. import passes
from ..errors import DataError
from ..inputs import is_sparse

Array = Any
_FLOATS = (np.float64, np.float32)


@contextmanager
def _as_data_errors() -> Iterator[None]:
    """A ValueError of scikit-learn's, said as a DataError, which is one."""
    try:
        yield
    except ValueError as reason:
        raise DataError(str(reason)) from reason


def check_inputs(estimator: Any, X: Any) -> Array:
    """X (n, n_0) of a fitted estimator: dense or CSR, in float32 or float64."""
    with _as_data_errors():
        X = validate_data(estimator, X, accept_sparse="csr", dtype=_FLOATS, reset=False)
    return _rows(X)


def check_examples(estimator: Any, X: Any, y: Any, *, reset: bool, values: bool) -> tuple[Array, Array]:
    """X like ``check_inputs``, and y (n,) or (n, outputs), numbers where they are ``values``."""
    with _as_data_errors():
        X, y = validate_data(
            estimator,
            X,
            y,
            accept_sparse="csr",
            dtype=_FLOATS,
            multi_output=True,
            y_numeric=values,
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
    return _rows(X), y


def check_held_out(estimator: Any, given: Any, values: bool) -> tuple[Array, Array] | None:
    """``validation_set`` like the examples of a fit."""
    if given is None:
        return None
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise DataError(f"validation_set is a pair (X, y); got a {type(given).__name__}")
    X, y = check_examples(estimator, *given, reset=False, values=values)
    return X, dense(y)


def dense(y: Any) -> Array:
    """An indicator matrix as an array, where it is sparse."""
    return y.toarray() if is_sparse(y) else y


def check_weights(sample_weight: Any, X: Array) -> Array | None:
    """``sample_weight`` as (n,) in float64; one number stands for all."""
    if sample_weight is None:
        return None
    with _as_data_errors():
        given = _check_sample_weight(sample_weight, X, dtype=np.float64)
    return passes.check_weights(X.shape[0], given)


def _rows(X: Any) -> Array:
    rows: Any = csr_array  # its stubs want to know a dtype
    return rows(X) if is_sparse(X) else X
