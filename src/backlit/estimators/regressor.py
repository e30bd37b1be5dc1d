"""BacklitRegressor: scikit-learn's MLPRegressor with Backlit's network in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import xlogy
from sklearn.base import RegressorMixin

from ..functions import as_activation, as_cost
from ..network import Network
from ..targets import encode_targets
from . import parameters
from .base import BacklitEstimator, offered
from .fitting import Examples

Array = Any
_COSTS = {"squared_error": "half_squared_error", "poisson": "poisson"}
_SUITED = {"poisson": "exp", "binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}


def _r2(y: Array, a: Array, s: Array | None) -> float:
    """R² as scikit-learn's ``r2_score`` has it, in a tenth of the time: the mean over outputs, (n, n_L) each."""
    mean = np.average(y, axis=0, weights=s)
    left, all_of_it = (np.average((y - by) ** 2, axis=0, weights=s) for by in (a, mean))
    varies = all_of_it > 0
    scores = np.where(varies, 1 - left / np.where(varies, all_of_it, 1.0), np.where(left > 0, 0.0, 1.0))
    return float(scores.mean())


class BacklitRegressor(RegressorMixin, BacklitEstimator):  # type: ignore[misc]
    """A network that predicts numbers, one or several, in place of scikit-learn's ``MLPRegressor``.

    Its parameters, methods and fitted attributes are all here, with the same meaning: docs/from-scikit-learn.md has the
    few places that differ. ``loss`` is as there, "squared_error" (½ Σ (a − y)², over the outputs) or "poisson" (half
    the deviance, with exp as the output); ``cost`` takes any cost of Backlit's instead, and ``output_activation`` any
    activation. The other keywords are BacklitClassifier's.
    """

    _values = True

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: Any = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: int = 15000,
        output_activation: Any = "auto",
        cost: Any = "auto",
        optimizer: str | None = None,
        schedule: Any = None,
        init: str | None = None,
        l1: float = 0.0,
        dropout: Any = 0.0,
        max_norm: float | None = None,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        callbacks: Any = (),
        engine: str = "auto",
        threads: int | None = None,
        progress: Any = False,
    ) -> None:
        self._keep(locals())

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_set: Any = None
    ) -> BacklitRegressor:
        """Fits X (n, features) and numbers y, (n,) or (n, outputs).

        ``validation_set`` is a pair (X, y) to score after each epoch, and to stop early by instead of a part of X.
        Raises UsageError, DataError and FitDivergedError, all of them ValueErrors.
        """
        self._fit(X, y, sample_weight, validation_set=validation_set)
        return self

    @offered(lambda self: self._takes_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> BacklitRegressor:
        """Goes on for one epoch of X and y."""
        self._fit(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> Array:
        """The numbers of the rows of X, (n,) or (n, outputs)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    # ------------------------------------------------------------------------------------------- for the common part

    def _learn_targets(self, y: Array, *, anew: bool, warm: bool) -> None:
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]

    def _cost(self) -> Any:
        return _COSTS[self.loss] if self.cost == "auto" else self.cost

    def _output_layer(self) -> tuple[int, Any, Any]:
        cost = as_cost(self._cost())
        own = self.output_activation != "auto"
        output = parameters.here(self.output_activation) if own else _SUITED.get(cost.name, "identity")
        return self.n_outputs_, as_activation(output), cost

    def _target_rows(self, net: Network, y: Array) -> Array:
        net.task = "values"
        return encode_targets(net, y[:, None] if y.ndim == 1 else y)

    def _loss_constant(self, examples: Examples) -> float:
        """scikit-learn's Poisson loss is half the deviance, Backlit's the log-likelihood without what y alone makes."""
        if self.loss != "poisson" or self.cost != "auto":
            return 0.0
        y = np.asarray(examples.y, dtype=np.float64).reshape(len(examples.y), -1)
        return float(np.average((xlogy(y, y) - y).sum(axis=1), weights=examples.weights))

    def _score_of(self, net: Network, outputs: Array, held_out: Examples) -> float:
        return _r2(held_out.y.reshape(outputs.shape), outputs.astype(np.float64), held_out.weights)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self._cost() == "poisson"
        return tags
