"""Right gradients in the layouts that people use: half the squared error, sigmoid everywhere, a mean over the batch."""
# ruff: noqa: PLW2901, RUF007 (written as learners write)

import functools

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def rows(weights, biases, x, y):
    a = [x]
    for w, b in zip(weights, biases, strict=True):
        a.append(sigmoid(a[-1] @ w.T + b))
    delta = (a[-1] - y) * a[-1] * (1 - a[-1])
    dw, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dw.insert(0, delta.T @ a[l] / len(x))
        db.insert(0, delta.mean(axis=0))
        delta = (delta @ weights[l]) * a[l] * (1 - a[l])
    return dw, db


def rows_in_out(weights, biases, x, y):
    """w is (n_in, n_out); also returns the cost, and lists instead of arrays."""
    dw, db = rows([w.T for w in weights], biases, x, y)
    assert weights[0].shape[0] == x.shape[1]
    return 0.25, [part for w, b in zip(dw, db, strict=True) for part in (w.T.tolist(), b.tolist())]


def columns(weights, biases, x, y):
    m = x.shape[1]
    a = [x]
    for w, b in zip(weights, biases, strict=True):
        assert b.shape == (w.shape[0], 1)
        a.append(sigmoid(w @ a[-1] + b))
    delta = (a[-1] - y) * a[-1] * (1 - a[-1])
    found = []
    for l in range(len(weights) - 1, -1, -1):
        found = [delta @ a[l].T / m, delta.sum(axis=1, keepdims=True) / m, *found]
        delta = (weights[l].T @ delta) * a[l] * (1 - a[l])
    return found


def one(weights, biases, x, y):
    a = [x]
    for w, b in zip(weights, biases, strict=True):
        a.append(sigmoid(w.dot(a[-1]) + b))
    delta = (a[-1] - y) * a[-1] * (1 - a[-1])
    dw, db = [None] * len(weights), [None] * len(weights)
    for l in range(len(weights) - 1, -1, -1):
        dw[l], db[l] = np.outer(delta, a[l]), delta
        delta = weights[l].T.dot(delta) * a[l] * (1 - a[l])
    return {"weights": dw, "biases": db}


def labels(weights, biases, x, labels):
    return rows(weights, biases, x, np.eye(len(biases[-1]))[labels])


def numbered(X, Y, W1, b1, W2, b2, W3, b3, *, lr):
    assert lr > 0
    return rows([W1, W2, W3], [b1, b2, b3], X, Y)


def two_layers(W1, b1, W2, b2, x, y):
    return rows([W1, W2], [b1, b2], x, y)


def by_dict(params, x, y, learning_rate=0.1):
    dw, db = rows([params[f"W{l}"] for l in (1, 2, 3)], [params[f"b{l}"] for l in (1, 2, 3)], x, y)
    found = {f"dW{l}": one for l, one in enumerate(dw, start=1)}
    found |= {f"db{l}": one for l, one in enumerate(db, start=1)}
    return found | {"dA1": x, "cost": 0.5}


def by_pairs(params, x, y):
    dw, db = rows([w for w, b in params], [b for w, b in params], x, y)
    return [*zip(dw, db, strict=True)]


def by_list(params, x, y):
    return rows(params[::2], params[1::2], x, y)


def flat(theta, x, y, sizes):
    parts, start = [], 0
    for before, n in zip(sizes, sizes[1:], strict=False):
        parts.append(theta[start : start + n * before].reshape(n, before))
        parts.append(theta[start + n * before : start + n * before + n])
        start += n * before + n
    dw, db = rows(parts[::2], parts[1::2], x, y)
    return np.concatenate([part.ravel() for pair in zip(dw, db, strict=True) for part in pair])


def by_position(p, q, r, s):
    return rows(p, q, r, s)


def starred(*given):
    return rows(*given)


def keywords(*, biases, weights, targets, inputs, l2=0.0):
    return rows(weights, biases, inputs, targets)


class Callable:
    def __call__(self, weights, biases, x, y):
        return rows(weights, biases, x, y)


partial = functools.partial(rows)
instance = Callable()


class Network:
    """As in Nielsen's book: examples are columns, one at a time, and the gradient is not averaged."""

    def __init__(self, sizes):
        raise RuntimeError("nobody should call this")

    def backprop(self, x, y):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        activations, zs = [x], []
        for b, w in zip(self.biases, self.weights, strict=True):
            zs.append(np.dot(w, activations[-1]) + b)
            activations.append(sigmoid(zs[-1]))
        slope = [sigmoid(z) * (1 - sigmoid(z)) for z in zs]
        delta = (activations[-1] - y) * slope[-1]
        nabla_b[-1], nabla_w[-1] = delta, np.dot(delta, activations[-2].T)
        for l in range(2, self.num_layers):
            delta = np.dot(self.weights[-l + 1].T, delta) * slope[-l]
            nabla_b[-l], nabla_w[-l] = delta, np.dot(delta, activations[-l - 1].T)
        return nabla_b, nabla_w

    def update_mini_batch(self, mini_batch, eta):
        for_b = [np.zeros(b.shape) for b in self.biases]
        for_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            more_b, more_w = self.backprop(x, y)
            for_b = [nb + dnb for nb, dnb in zip(for_b, more_b, strict=True)]
            for_w = [nw + dnw for nw, dnw in zip(for_w, more_w, strict=True)]
        step = eta / len(mini_batch)
        self.weights = [w - step * nw for w, nw in zip(self.weights, for_w, strict=True)]
        self.biases = [b - step * nb for b, nb in zip(self.biases, for_b, strict=True)]


class Keeper:
    """Its method leaves the gradients in the object."""

    def backward(self, x, y):
        self.dW, self.db = rows(self.W, self.b, x, y)


def forward(weights, biases, x):
    zs, activations = [], [x]
    for w, b in zip(weights, biases, strict=True):
        zs.append(activations[-1] @ w.T + b)
        activations.append(sigmoid(zs[-1]))
    return zs, activations


def forward_without_bias(weights, biases, x):
    return forward(weights, [0 * b for b in biases], x)


def forward_of_one(weights, biases, x):
    a = x
    for w, b in zip(weights, biases, strict=True):
        a = sigmoid(w.dot(a) + b)
    return a


def step(weights, biases, x, y, eta):
    dw, db = rows(weights, biases, x, y)
    return [w - eta * g for w, g in zip(weights, dw, strict=True)], [
        b - eta * g for b, g in zip(biases, db, strict=True)
    ]


def step_uphill(weights, biases, x, y, eta):
    for part, g in zip(
        [*weights, *biases], [*rows(weights, biases, x, y)[0], *rows(weights, biases, x, y)[1]], strict=True
    ):
        part += eta * g


def needs_a_cache(cache, weights, biases, x, y):
    return cache


def adapted(weights, biases, x, y):
    return rows(weights, biases, x, y)
