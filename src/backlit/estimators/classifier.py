"""BacklitClassifier: scikit-learn's MLPClassifier with Backlit's network in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin

from ..errors import DataError
from ..functions import as_activation, as_cost
from ..network import Network
from . import parameters
from .base import BacklitEstimator, offered
from .fitting import Examples
from .labels import Labels
from .validation import dense

Array = Any
_SUITED = {"cross_entropy": "softmax", "hinge": "identity", "squared_hinge": "identity"}


class BacklitClassifier(ClassifierMixin, BacklitEstimator):  # type: ignore[misc]
    """A network that tells classes apart, in place of scikit-learn's ``MLPClassifier``.

    Its parameters, methods and fitted attributes are all here, with the same meaning: docs/from-scikit-learn.md has the
    few places that differ. Further ones, all by keyword:

    ``activation`` may be any activation of Backlit's, or a list with one for each hidden layer. ``output_activation``
    and ``cost`` are "auto": sigmoid and binary_cross_entropy for two classes or several labels at once, softmax and
    cross_entropy for more classes; any others by name. ``optimizer`` (any of Backlit's, instead of ``solver`` and its
    constants; η is learning_rate_init), ``schedule`` (instead of ``learning_rate``), ``init`` (None: as scikit-learn),
    ``l1``, ``dropout``, ``max_norm``, ``clip_value``, ``clip_norm``, ``callbacks``, ``engine``, ``threads`` are
    training's, docs/training.md; ``progress`` True shows a bar. ``class_weight`` is "balanced" or {class: weight}.
    ``warm_start="state"`` goes on with the optimizer's memory too.

    ``network_`` is the fitted network, ``history_`` its last fit's history; ``explain`` takes any derivative apart.
    """

    _values = False
    classes_: Array
    _labels: Labels

    def __init__(
        self,
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
        class_weight: Any = None,
        callbacks: Any = (),
        engine: str = "auto",
        threads: int | None = None,
        progress: Any = False,
    ) -> None:
        self._keep(locals())

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_set: Any = None
    ) -> BacklitClassifier:
        """Fits X (n, features) and labels y (n,), or an indicator matrix (n, labels) of labels that come together.

        ``validation_set`` is a pair (X, y) to score after each epoch, and to stop early by instead of a part of X.
        Raises UsageError, DataError and FitDivergedError, all of them ValueErrors.
        """
        self._fit(X, y, sample_weight, validation_set=validation_set)
        return self

    @offered(lambda self: self._takes_steps)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> BacklitClassifier:
        """Goes on for one epoch of X and y; the first call is told all ``classes`` that there will be."""
        self._classes_told = classes
        try:
            self._fit(X, y, sample_weight, incremental=True)
        finally:
            del self._classes_told
        return self

    def predict(self, X: Any) -> Array:
        """The labels of the rows of X, (n,), or an indicator matrix (n, labels)."""
        outputs = self._outputs(X)
        return self._labels.said(outputs, self.network_)

    @offered(lambda self: self._gives_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, (n, classes); there where the outputs are sigmoids or a softmax."""
        outputs = self._outputs(X)
        return self._labels.probabilities(outputs)

    @offered(lambda self: self._gives_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """log of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @offered(lambda self: not self._gives_probabilities)
    def decision_function(self, X: Any) -> Array:
        """The outputs, (n,) of two classes or (n, classes), where they are no probabilities."""
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    # ------------------------------------------------------------------------------------------- for the common part

    @property
    def _gives_probabilities(self) -> bool:
        return self._output_activation() in {"sigmoid", "softmax"}

    def _learn_targets(self, y: Array, *, anew: bool, warm: bool) -> None:
        told = getattr(self, "_classes_told", None)
        incremental = hasattr(self, "_classes_told")
        if not anew:
            if told is not None and not np.array_equal(np.unique(told), self.classes_):
                raise DataError(f"classes are {self.classes_} since the first call; got {told!r}")
            self._labels.check(y, all_of_them=warm and not incremental)
            return
        if incremental and told is None:
            raise DataError(
                "classes must be passed on the first call to partial_fit: all labels there will ever be"
            )
        with_matrix = getattr(y, "ndim", 1) == 2
        labels = Labels(y if told is None or with_matrix else np.asarray(told))
        if told is not None:
            labels.check(y, all_of_them=False)
        self._labels, self.classes_ = labels, labels.classes
        self.n_outputs_ = labels.outputs(softmax=self._output_activation() == "softmax")

    def _output_activation(self) -> Any:
        """The output layer's activation by name, or as the user's own pair."""
        if self.output_activation != "auto":
            return parameters.here(self.output_activation)
        if self.cost != "auto":
            return _SUITED.get(as_cost(self.cost).name, "sigmoid")
        several = hasattr(self, "_labels") and self._labels.kind == "multiclass"
        return "softmax" if several else "sigmoid"

    def _output_layer(self) -> tuple[int, Any, Any]:
        output = as_activation(self._output_activation())
        own = "cross_entropy" if output.name == "softmax" else "binary_cross_entropy"
        return self.n_outputs_, output, own if self.cost == "auto" else self.cost

    def _target_rows(self, net: Network, y: Array) -> Array:
        self._labels.check(y, all_of_them=False)
        self._labels.name(net)
        return self._labels.rows(y, net)

    def _weights_of(self, examples: Examples) -> Array | None:
        if self.class_weight is None:
            return examples.weights
        s = np.ones(len(examples.y)) if examples.weights is None else examples.weights
        return s * self._labels.weights(self.class_weight, examples.y, s)

    @property
    def _stratified(self) -> bool:
        return self._labels.kind != "multilabel"

    def _score_of(self, net: Network, outputs: Array, held_out: Examples) -> float:
        said = dense(self._labels.said(outputs, net))
        right = said == held_out.y
        return float(np.average(right.all(axis=1) if right.ndim == 2 else right, weights=held_out.weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
