"""The book's own program: a Python loop over examples, column vectors, float64 (chapter 1's network.py)."""

from __future__ import annotations

import numpy as np
from tasks import Task, flat

from .protocol import Array, Peer

VERSION = f"the book's loops on NumPy {np.__version__}"


def _sigmoid(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


class BookLoops(Peer):
    """Sigmoid, ½ squared error, sgd."""

    def __init__(self, task: Task) -> None:
        self._task, self._work = task, task.work
        layers = task.layers()
        self.weights = [w.astype(np.float64) for w, _ in layers]
        self.biases = [b.astype(np.float64)[:, None] for _, b in layers]
        X = task.floats().astype(np.float64)
        self._examples = [
            (x[:, None], y[:, None]) for x, y in zip(X, task.targets.astype(np.float64), strict=True)
        ]

    def epoch(self, number: int) -> None:
        order, size = self._task.order(number), self._work.batch
        for start in range(0, len(order), size):
            self._update([self._examples[k] for k in order[start : start + size]])

    def _update(self, batch: list[tuple[Array, Array]]) -> None:
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in batch:
            delta_b, delta_w = self._backprop(x, y)
            nabla_b = [nb + dnb for nb, dnb in zip(nabla_b, delta_b, strict=True)]
            nabla_w = [nw + dnw for nw, dnw in zip(nabla_w, delta_w, strict=True)]
        rate = self._work.eta / len(batch)
        self.weights = [w - rate * nw for w, nw in zip(self.weights, nabla_w, strict=True)]
        self.biases = [b - rate * nb for b, nb in zip(self.biases, nabla_b, strict=True)]

    def _backprop(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        activation, activations, zs = x, [x], []
        for b, w in zip(self.biases, self.weights, strict=True):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = _sigmoid(z)
            activations.append(activation)
        delta = (activations[-1] - y) * _sigmoid(zs[-1]) * (1 - _sigmoid(zs[-1]))
        nabla_b, nabla_w = [delta], [np.dot(delta, activations[-2].transpose())]
        for l in range(2, len(self.weights) + 1):
            slope = _sigmoid(zs[-l]) * (1 - _sigmoid(zs[-l]))
            delta = np.dot(self.weights[-l + 1].transpose(), delta) * slope
            nabla_b.insert(0, delta)
            nabla_w.insert(0, np.dot(delta, activations[-l - 1].transpose()))
        return nabla_b, nabla_w

    def result(self) -> Array:
        return flat(list(zip(self.weights, self.biases, strict=True)))


def build(task: Task, threads: int) -> Peer:
    """The peer of this work."""
    return BookLoops(task)
