"""NumPy and SciPy by hand for CSR: only the weights of words that occur in a batch are read and updated.

w^1 is kept as (words, neurons), so that a word's weights lie side by side.
"""

from __future__ import annotations

import numpy as np
import scipy
from scipy import sparse
from tasks import Task, flat

from .protocol import Array, Peer

VERSION = f"NumPy {np.__version__}, SciPy {scipy.__version__}"


class NumpyText(Peer):
    """Two layers, relu and softmax with cross-entropy, sgd."""

    def __init__(self, task: Task) -> None:
        self._task, self._work = task, task.work
        (w1, self._b1), (self._w2, self._b2) = task.layers()
        self._w1 = np.ascontiguousarray(w1.T)

    def epoch(self, number: int) -> None:
        order, size = self._task.order(number), self._work.batch
        X, Y = self._task.inputs[order], self._task.targets[order]
        for start in range(0, len(order), size):
            ends = X.indptr[start : start + size + 1]
            part = slice(ends[0], ends[-1])
            self._step(X.data[part], X.indices[part], ends - ends[0], Y[start : start + size])

    def _step(self, values: Array, columns: Array, ends: Array, y: Array) -> None:
        used, places = np.unique(columns, return_inverse=True)
        x = sparse.csr_matrix((values, places.astype(np.int32), ends), shape=(len(y), len(used)))
        w1 = self._w1[used]
        a1 = x @ w1
        a1 += self._b1
        np.maximum(a1, 0, out=a1)
        z2 = a1 @ self._w2.T
        z2 += self._b2
        z2 -= z2.max(axis=1, keepdims=True)
        d2 = np.exp(z2, out=z2)
        d2 /= d2.sum(axis=1, keepdims=True)
        d2 -= y
        d2 *= np.float32(self._work.eta / len(y))
        d1 = d2 @ self._w2
        d1 *= a1 > 0
        w1 -= x.T @ d1
        self._w1[used] = w1
        self._b1 -= d1.sum(axis=0)
        self._w2 -= d2.T @ a1
        self._b2 -= d2.sum(axis=0)

    def result(self) -> Array:
        return flat([(self._w1.T, self._b1), (self._w2, self._b2)])


def build(task: Task, threads: int) -> Peer:
    """The peer of this work."""
    return NumpyText(task)
