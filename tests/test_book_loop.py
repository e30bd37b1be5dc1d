"""Backlit against the book: stochastic gradient descent written out of chapter 2, one example at a time.

The loop below knows only NumPy's arrays: its sigmoid, its backpropagation and its update are the book's (25), BP1 to
BP4 and (20), (21). Nothing of Backlit is in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from backlit.engines import Plan, State
from backlit.network import Network

BATCHES, M = 200, 10
SIZES = (64, 15, 11, 10)


def sigmoid(z: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-z))


def backprop(x: Any, y: Any, weights: list[Any], biases: list[Any], cost: str) -> tuple[list[Any], list[Any]]:
    """∇C_x of one example, as the book's ``Network.backprop``; columns are columns here."""
    activation, activations, zs = x, [x], []
    for w, b in zip(weights, biases, strict=True):
        z = np.dot(w, activation) + b
        zs.append(z)
        activation = sigmoid(z)
        activations.append(activation)
    slope = [sigmoid(z) * (1 - sigmoid(z)) for z in zs]
    delta = activations[-1] - y  # the cross-entropy's BP1: σ′ cancels
    if cost == "half_squared_error":
        delta = delta * slope[-1]
    elif cost == "squared_error":
        delta = 2 * delta * slope[-1]
    nabla_w, nabla_b = [np.outer(delta, activations[-2])], [delta]
    for l in range(2, len(weights) + 1):
        delta = np.dot(weights[-l + 1].T, delta) * slope[-l]
        nabla_b.insert(0, delta)
        nabla_w.insert(0, np.outer(delta, activations[-l - 1]))
    return nabla_w, nabla_b


def the_book(
    weights: list[Any],
    biases: list[Any],
    x: Any,
    y: Any,
    order: Any,
    eta: float,
    cost: str,
    decay: float = 0.0,
) -> Any:
    """θ after the mini-batches of ``order``; ``decay`` is the book's λ/n, in its factor 1 − ηλ/n on w (93)."""
    for k in range(0, len(order), M):
        batch = order[k : k + M]
        sum_w = [np.zeros(w.shape) for w in weights]
        sum_b = [np.zeros(b.shape) for b in biases]
        for i in batch:
            nabla_w, nabla_b = backprop(x[i], y[i], weights, biases, cost)
            sum_w = [s + g for s, g in zip(sum_w, nabla_w, strict=True)]
            sum_b = [s + g for s, g in zip(sum_b, nabla_b, strict=True)]
        weights = [
            (1 - eta * decay) * w - (eta / len(batch)) * s for w, s in zip(weights, sum_w, strict=True)
        ]
        biases = [b - (eta / len(batch)) * s for b, s in zip(biases, sum_b, strict=True)]
    return np.concatenate([part.ravel() for pair in zip(weights, biases, strict=True) for part in pair])


@pytest.mark.parametrize(
    ("cost", "eta", "decay"),
    [
        ("half_squared_error", 3.0, 0.0),
        ("squared_error", 1.5, 0.0),
        ("binary_cross_entropy", 0.5, 0.0),
        ("half_squared_error", 3.0, 0.001),
        ("binary_cross_entropy", 0.5, 0.002),
    ],
)
def test_200_mini_batches_end_in_the_same_weights(engine: Any, cost: str, eta: float, decay: float) -> None:
    digits = load_digits()
    x, y = digits.data / 16, np.eye(10)[digits.target]
    rng = np.random.default_rng(30)
    order = np.concatenate([rng.permutation(len(x)) for _ in range(2)])[: BATCHES * M]
    net = Network(SIZES, activations="sigmoid", cost=cost, init="book_better", seed=3)
    before = net.theta.copy()
    known = the_book([w.copy() for w in net.w], [b.copy() for b in net.b], x, y, order, eta, cost, decay)
    plan = Plan(batch_size=M, rule="sgd", eta=np.full(BATCHES, eta), l2=decay)
    steps = engine.run_epoch(net, net.theta, State(), plan, x, y, None, order)
    assert len(steps.costs) == BATCHES
    assert abs(net.theta - known).max() <= 1e-12 * abs(known).max()
    assert abs(known - before).max() > 0.5, "the run went somewhere"
    assert steps.costs[-20:].mean() < steps.costs[:20].mean(), "downhill"


def test_half_the_cost_is_half_the_step() -> None:
    """The note's 2(a − y) and the book's a − y: the same run where η makes up for the 2."""
    digits = load_digits()
    x, y = digits.data[:500] / 16, digits.target[:500]
    note = Network(SIZES, cost="squared_error", seed=1)
    book = Network(SIZES, cost="half_squared_error", seed=1)
    note.fit(x, y, epochs=1, batch_size=M, eta=0.5, progress=False)
    book.fit(x, y, epochs=1, batch_size=M, eta=1.0, progress=False)
    assert abs(note.theta - book.theta).max() <= 1e-12 * abs(book.theta).max()
