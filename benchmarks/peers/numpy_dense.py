"""NumPy by hand, as well as we know how: float32, rows gathered once an epoch, in-place wherever that helps.

The rate is multiplied into δ, so that a weight's update is one product and one subtraction; or one product alone, where
SciPy's BLAS is called to add it to the weights. Adam runs over all parameters as one vector.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.linalg.blas import sgemm
from scipy.special import ndtr
from tasks import Task

from .protocol import Array, Peer

VERSION = f"NumPy {np.__version__}"


def _sigmoid(z: Array) -> Array:
    a = np.exp(-z)
    a += 1
    return np.reciprocal(a, out=a)


def _softmax(z: Array) -> Array:
    a = np.exp(z - z.max(axis=1, keepdims=True))
    a /= a.sum(axis=1, keepdims=True)
    return a


ACTIVATIONS = {
    "sigmoid": _sigmoid,
    "relu": lambda z: np.maximum(z, 0),
    "gelu": lambda z: z * ndtr(z),
    "identity": lambda z: z,
    "softmax": _softmax,
}
_SLOPES = {
    "sigmoid": lambda z, a: a * (1 - a),
    "relu": lambda z, a: a > 0,
    "gelu": lambda z, a: (
        ndtr(z) + z * np.exp(z * z * np.float32(-0.5)) * np.float32(1 / math.sqrt(2 * math.pi))
    ),
}


def _subtract(w: Array, delta: Array, a: Array, g: Array) -> None:
    np.subtract(w, np.matmul(delta.T, a, out=g), out=w)


def _add(w: Array, delta: Array, a: Array, g: Array) -> None:
    sgemm(-1.0, a.T, delta.T, beta=1.0, c=w.T, trans_b=True, overwrite_c=True)  # w.T is in BLAS's own order


class NumpyDense(Peer):
    """Any network of these works; the pairs of activation and cost with δ = a − y are taken as such.

    ``adds`` calls BLAS for w ← w − δᵀa in one.
    """

    def __init__(self, task: Task, adds: bool = False) -> None:
        self._task, self._work = task, task.work
        self._X, self._Y = task.floats(), task.targets
        self._theta = task.theta.copy()
        self._layers = self._views(self._theta)
        self._g = np.empty_like(self._theta)
        self._gradients = self._views(self._g)
        self._m, self._v = np.zeros_like(self._theta), np.zeros_like(self._theta)
        self._buffer, self._t = np.empty_like(self._theta), 0
        self._step = self._adam if self._work.rule == "adam" else self._sgd
        self._update = _add if adds else _subtract
        self._f = [ACTIVATIONS[name] for name in self._work.activations]
        self._slopes = [_SLOPES.get(name) for name in self._work.activations]
        self._plain_error = not (
            self._work.cost == "half_squared_error" and self._work.activations[-1] == "sigmoid"
        )

    def _views(self, theta: Array) -> list[tuple[Array, Array]]:
        parts, at = [], 0
        for into, out in itertools.pairwise(self._work.sizes):
            w = theta[at : at + out * into].reshape(out, into)
            at += out * into
            parts.append((w, theta[at : at + out]))
            at += out
        return parts

    def epoch(self, number: int) -> None:
        order, size = self._task.order(number), self._work.batch
        X, Y = self._X[order], self._Y[order]
        for start in range(0, len(order), size):
            self._step(X[start : start + size], Y[start : start + size])

    def _forward(self, x: Array) -> tuple[list[Array], list[Array]]:
        z, a = [], [x]
        for (w, b), f in zip(self._layers, self._f, strict=True):
            one = a[-1] @ w.T
            one += b
            z.append(one)
            a.append(f(one))
        return z, a

    def _deltas(self, x: Array, y: Array, scale: float) -> tuple[list[Array], list[Array]]:
        """a^0 … a^{L−1} and δ^1 … δ^L, those times ``scale``."""
        z, a = self._forward(x)
        delta = a[-1] - y
        if not self._plain_error:
            delta *= a[-1] * (1 - a[-1])
        delta *= np.float32(scale)
        deltas = [delta]
        for l in range(len(self._layers) - 1, 0, -1):
            delta = delta @ self._layers[l][0]
            delta *= self._slopes[l - 1](z[l - 1], a[l])
            deltas.append(delta)
        return a, deltas[::-1]

    def _sgd(self, x: Array, y: Array) -> None:
        a, deltas = self._deltas(x, y, self._work.eta / len(x))
        for l, (w, b) in enumerate(self._layers):
            self._update(w, deltas[l], a[l], self._gradients[l][0])
            np.subtract(b, deltas[l].sum(axis=0), out=b)

    def _adam(self, x: Array, y: Array) -> None:
        a, deltas = self._deltas(x, y, 1 / len(x))
        for l, (gw, gb) in enumerate(self._gradients):
            np.matmul(deltas[l].T, a[l], out=gw)
            deltas[l].sum(axis=0, out=gb)
        self._t += 1
        g, m, v, buffer = self._g, self._m, self._v, self._buffer
        np.multiply(g, np.float32(0.1), out=buffer)
        m *= np.float32(0.9)
        m += buffer
        g *= g
        g *= np.float32(0.001)
        v *= np.float32(0.999)
        v += g
        np.multiply(v, np.float32(1 / (1 - 0.999**self._t)), out=buffer)
        np.sqrt(buffer, out=buffer)
        buffer += np.float32(1e-8)
        np.divide(m, buffer, out=buffer)
        buffer *= np.float32(self._work.eta / (1 - 0.9**self._t))
        self._theta -= buffer

    def result(self) -> Array:
        return self._theta


def build(task: Task, threads: int, **options: bool) -> Peer:
    """The peer of this work; its BLAS takes its threads from the environment."""
    return NumpyDense(task, **options)
