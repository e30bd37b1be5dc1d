"""What classifier and regressor share: one fit from arrays to attributes, and the attributes themselves.

Names, defaults and meanings are those of scikit-learn's ``BaseMultilayerPerceptron``; all computing is training's and
the engines'.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .. import engines, training
from ..callbacks import Event, as_callbacks
from ..errors import BacklitWarning, DivergenceError
from ..history import History
from ..network import Network
from ..progress import as_progress
from . import parameters, validation
from .fitting import Examples, Memory, go_on, make_run, start
from .held_out import split
from .layers import Layers
from .penalty import AlphaRun
from .stopping import Curve, Stopping

if TYPE_CHECKING:
    from ..explain import Derivation

Array = Any
Method = TypeVar("Method", bound=Callable[..., Any])
_ALL_DONE = "all epochs done"


def offered(when: Callable[[Any], Any]) -> Callable[[Method], Method]:
    """scikit-learn's ``available_if``: a method that an estimator has or has not, by its parameters."""
    return cast("Callable[[Method], Method]", available_if(when))


class FitDivergedError(DivergenceError, ValueError):
    """A DivergenceError of an estimator: scikit-learn's tools expect a ValueError of a fit that went wrong."""


class BacklitEstimator(BaseEstimator, ABC):  # type: ignore[misc]
    """The estimators' common part; see BacklitClassifier and BacklitRegressor."""

    network_: Network
    history_: History
    t_: int
    _seen: float  # like t_, each example with its weight
    _curve: Curve
    _memory: Memory | None
    _values: bool  # whether targets are numbers

    def _keep(self, given: Mapping[str, Any]) -> None:
        """Makes the parameters of ``__init__`` attributes, unlooked at, as scikit-learn wants them."""
        for name in self._get_param_names():
            setattr(self, name, given[name])

    # ------------------------------------------------------------------------------------- in what the two differ

    @abstractmethod
    def _learn_targets(self, y: Array, *, anew: bool, warm: bool) -> None:
        """Takes note of the classes or of the number of outputs, or checks them where a fit goes on."""

    @abstractmethod
    def _output_layer(self) -> tuple[int, Any, Any]:
        """n_L, its activation and the cost."""

    @abstractmethod
    def _target_rows(self, net: Network, y: Array) -> Array:
        """y as (n, n_L)."""

    @abstractmethod
    def _score_of(self, net: Network, outputs: Array, held_out: Examples) -> float:
        """The score of outputs on held-out examples."""

    def _weights_of(self, examples: Examples) -> Array | None:
        """The examples' weights with all that goes into them."""
        return examples.weights

    @property
    def _stratified(self) -> bool:
        """Whether the held-out part has the same part of each class."""
        return False

    def _loss_constant(self, examples: Examples) -> float:
        """What the loss has besides C and the penalties."""
        return 0.0

    # ---------------------------------------------------------------------------------------------------- fitting

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, *, validation_set: Any = None, incremental: bool = False
    ) -> None:
        parameters.check(self)
        called = as_callbacks(self.callbacks)
        anew = not hasattr(self, "network_") or not (incremental or self.warm_start)
        X, y = validation.check_examples(self, X, y, reset=anew, values=self._values)
        self._learn_targets(y, anew=anew, warm=bool(self.warm_start))
        examples = Examples(X, validation.dense(y), validation.check_weights(sample_weight, X))
        given = validation.check_held_out(self, validation_set, values=self._values)
        random = check_random_state(self.random_state)
        net = start(self, X, random) if anew else go_on(self, X)
        if anew:
            self.t_, self._seen, self._curve, self._memory = 0, 0.0, Curve(), None
        examples.weights = self._weights_of(examples)
        examples, held_out = self._set_apart(examples, given, random)
        stopping = self._stopping(net, held_out)
        run = make_run(
            self,
            net,
            examples,
            stopping,
            validation=given,
            memory=self._memory if incremental or self.warm_start == "state" else None,
            incremental=incremental,
            random=random,
        )
        run.callbacks = (*run.callbacks, *called)
        stopping.loss = self._loss_of(run, examples)
        self._go(run)
        self._conclude(run, stopping, incremental)

    def _set_apart(
        self, examples: Examples, given: Any, random: np.random.RandomState
    ) -> tuple[Examples, Examples | None]:
        """The examples to train on, and those to score on: the user's, or a part where stopping needs one."""
        early = self.early_stopping and parameters.in_steps(self)
        if given is not None:
            return examples, Examples(given[0], given[1], None)
        if not early:
            return examples, None
        X, y, s = examples.X, examples.y, examples.weights
        kept, apart = split(X, y, s, float(self.validation_fraction), random, by_class=self._stratified)
        return examples.part(kept), examples.part(apart)

    def _stopping(self, net: Network, held_out: Examples | None) -> Stopping:
        def score() -> float:
            assert held_out is not None
            outputs = engines.choose(self.engine, net, None, held_out.X).predict(net, net.theta, held_out.X)
            return self._score_of(net, outputs, held_out) if np.isfinite(outputs).all() else np.nan

        steps = parameters.in_steps(self)
        return Stopping(
            self._curve,
            loss=lambda event: np.nan,
            score=None if held_out is None else score,
            by_score=bool(self.early_stopping) and steps,
            tol=float(self.tol),
            patience=self.n_iter_no_change if steps else np.inf,
            rate=float(self.learning_rate_init),
            adaptive=self.learning_rate == "adaptive" and self.schedule is None,
            verbose=bool(self.verbose),
        )

    def _loss_of(self, run: AlphaRun, examples: Examples) -> Any:
        """A function of an Event that gives the epoch's loss: C as its steps saw it, with the penalties."""
        constant = self._loss_constant(examples)
        if run.settings.lbfgs:
            return lambda event: event.record["objective"] + constant

        def loss(event: Event) -> float:
            return float(event.record["cost"]) + run.epoch_penalty() + constant

        return loss

    def _go(self, run: AlphaRun) -> None:
        run.progress = as_progress(self.progress)
        try:
            with training.blas_threads(run.blas_threads):
                run.go()
        except DivergenceError as reason:
            raise FitDivergedError(str(reason)) from None

    def _conclude(self, run: AlphaRun, stopping: Stopping, incremental: bool) -> None:
        """What a fit leaves: the fitted attributes, the optimizer's memory, and a warning where it was cut short."""
        net, curve, steps = run.net, self._curve, not run.settings.lbfgs
        if stopping.best is not None:
            net.theta = stopping.best
        self.network_, self.history_ = net, run.history
        self.n_layers_, self.n_iter_ = net.L + 1, len(run.history)
        self.out_activation_ = parameters.there(net.activations[-1].name)
        self.loss_curve_ = curve.losses
        self.loss_ = curve.losses[-1] if curve.losses else np.nan
        self.best_loss_ = None if stopping.by_score else curve.best_loss
        self.validation_scores_ = curve.scores if stopping.score is not None else None
        self.best_validation_score_ = curve.best_score if stopping.score is not None else None
        if steps:
            self.t_ += self.n_iter_ * len(run.sets.rows)
            self._seen += self.n_iter_ * run.total
            self._memory = Memory(parameters.optimizer(self), run.state.slots, run.state.t, stopping.rate)
        self._warn(run, incremental)

    def _warn(self, run: AlphaRun, incremental: bool) -> None:
        """Says what a user has to know of how the fit ended."""
        reason = run.history.stop_reason or ""
        said, kind = "", ConvergenceWarning
        if reason == training.INTERRUPTED:
            said, kind = "Training interrupted by user.", BacklitWarning
        elif run.settings.lbfgs and (reason == _ALL_DONE or reason.startswith("l_bfgs ")):
            if "converged" not in reason:
                said = f"lbfgs did not converge in {self.n_iter_} iteration(s): {reason}"
        elif reason == _ALL_DONE and not incremental:
            said = (
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet."
            )
        if said:
            warnings.warn(said, kind, stacklevel=5)

    # ----------------------------------------------------------------------------------------------- what was fitted

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    @property
    def coefs_(self) -> Layers:
        """The weights by layer, (n_l, n_{l+1}) each: views of the network's, so that to set them is to change it."""
        check_is_fitted(self)
        return Layers("coefs_", [w.T for w in self.network_.w])

    @coefs_.setter
    def coefs_(self, given: Any) -> None:
        self.coefs_[:] = given

    @property
    def intercepts_(self) -> Layers:
        """The biases by layer, (n_{l+1},) each, like ``coefs_``."""
        check_is_fitted(self)
        return Layers("intercepts_", list(self.network_.b))

    @intercepts_.setter
    def intercepts_(self, given: Any) -> None:
        self.intercepts_[:] = given

    def explain(self, name: str, X: Any, y: Any = None, **options: Any) -> Derivation:
        """Any derivative of the fitted network, ``"dC/dw[1][5,30]"``, for an example or several: docs/explain.md."""
        check_is_fitted(self)
        x = X if issparse(X) else np.asarray(X)
        return self.network_.explain(name, x, y, **options)

    def _outputs(self, X: Any) -> Array:
        """a^L of the rows of X, (n, n_L)."""
        check_is_fitted(self)
        X = validation.check_inputs(self, X)
        net = self.network_
        return engines.choose(self.engine, net, None, X).predict(net, net.theta, X)

    @property
    def _takes_steps(self) -> bool:
        """Whether one step after another can be made of further data; asked for as an attribute of partial_fit."""
        if not parameters.in_steps(self):
            raise AttributeError(
                "partial_fit is for optimizers that take steps, and l-bfgs takes all examples at once"
            )
        if self.early_stopping:
            raise AttributeError("partial_fit does not stop early: set early_stopping to False, or call fit")
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
