"""scikit-learn's MLP, an epoch a ``partial_fit`` on rows in the epoch's order, so that its batches are the others'.

It has no sigmoid outputs with a squared error; there it trains on its own pair, sigmoid with binary cross-entropy,
which is the same arithmetic but for one factor, and its cost is not compared.
"""

from __future__ import annotations

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor
from tasks import Task, flat

from .protocol import Array, Peer

VERSION = f"scikit-learn {sklearn.__version__}"


class SklearnMLP(Peer):
    """Classifier or regressor, by the activation of the outputs."""

    def __init__(self, task: Task) -> None:
        self._task, work = task, task.work
        self._X, values = task.floats(), work.activations[-1] == "identity"
        classes = work.cost == "cross_entropy"
        self._Y = task.targets.argmax(axis=1) if classes else task.targets
        self._Y = self._Y.ravel() if values and work.sizes[-1] == 1 else self._Y
        self.net = (MLPRegressor if values else MLPClassifier)(
            hidden_layer_sizes=work.sizes[1:-1],
            activation={"sigmoid": "logistic", "relu": "relu"}[work.activations[0]],
            solver=work.rule,
            alpha=0.0,
            batch_size=work.batch,
            learning_rate_init=work.eta,
            shuffle=False,
            momentum=0.0,
            nesterovs_momentum=False,
            random_state=0,
        )
        self._classes = {} if values else {"classes": np.arange(work.sizes[-1])}
        self.net.partial_fit(self._X[: work.batch], self._Y[: work.batch], **self._classes)
        for l, (w, b) in enumerate(task.layers()):
            self.net.coefs_[l][:] = w.T
            self.net.intercepts_[l][:] = b
        del self.net._optimizer  # it is made anew, with no memory of the step that made the arrays

    def epoch(self, number: int) -> None:
        order = self._task.order(number)
        self.net.partial_fit(self._X[order], self._Y[order], **self._classes)

    def result(self) -> Array:
        return flat([(w.T, b) for w, b in zip(self.net.coefs_, self.net.intercepts_, strict=True)])


def build(task: Task, threads: int) -> Peer:
    """The peer of this work."""
    return SklearnMLP(task)
