"""The NumPy engine beside a hand-written NumPy loop of the same network that sums its cost too, in turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from backlit.engines import Plan, State, choose
from backlit.network import Network

EXAMPLES, BATCH, ETA, ROUNDS = 20_000, 10, 3.0, 11


def hand_written(w: list[Any], b: list[Any], X: Any, Y: Any, order: Any) -> float:
    """The best plain loop that we know how to write: no classes, no options, nothing computed twice."""
    _, w1, w2 = w
    _, b1, b2 = b
    cost, rate = 0.0, ETA / BATCH
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        x, y = X[rows], Y[rows]
        a1 = 1 / (1 + np.exp(-(x @ w1.T + b1)))
        a2 = 1 / (1 + np.exp(-(a1 @ w2.T + b2)))
        miss = a2 - y
        cost += float((miss * miss).sum()) / 2
        d2 = miss * a2 * (1 - a2)
        d1 = (d2 @ w2) * a1 * (1 - a1)
        w2 -= rate * (d2.T @ a1)
        b2 -= rate * d2.sum(axis=0)
        w1 -= rate * (d1.T @ x)
        b1 -= rate * d1.sum(axis=0)
    return cost / len(order)


def main() -> None:
    """Prints both times a step and their ratio."""
    rng = np.random.default_rng(0)
    net = Network([784, 30, 10], activations="sigmoid", cost="half_squared_error", dtype=np.float32)
    X = (rng.random((EXAMPLES, 784)) * (rng.random((EXAMPLES, 784)) < 0.2)).astype(np.float32)
    Y = np.eye(10, dtype=np.float32)[rng.integers(0, 10, EXAMPLES)]
    order = rng.permutation(EXAMPLES)
    plan = Plan(batch_size=BATCH, rule="sgd", eta=np.full(EXAMPLES // BATCH, ETA))
    engine = choose("numpy", net, plan, X)

    def ours(theta: Any) -> float:
        return float(engine.run_epoch(net, theta, State(), plan, X, Y, None, order).costs.mean())

    def theirs(theta: Any) -> float:
        return hand_written(*net.views(theta), X, Y, order)

    results: dict[str, tuple[Any, float]] = {}
    times: dict[str, list[float]] = {"engine": [], "hand-written": []}
    for _ in range(ROUNDS):
        for name, run in (("engine", ours), ("hand-written", theirs)):
            times[name].append(_timed(run, net.theta.copy(), name, results))
    (theta1, cost1), (theta2, cost2) = results["engine"], results["hand-written"]
    assert abs(cost1 - cost2) < 1e-4 * cost2, (cost1, cost2)
    assert np.abs(theta1 - theta2).max() < 1e-2, "the two loops don't compute the same"
    steps = EXAMPLES // BATCH
    print(
        f"784-30-10 sigmoid, ½ squared error, batch {BATCH}, float32: μs a step, least and median of {ROUNDS}"
    )
    for name, taken in times.items():
        print(f"  {name:13s} {1e6 * min(taken) / steps:7.1f} {1e6 * float(np.median(taken)) / steps:7.1f}")
    ratios = np.array(times["engine"]) / np.array(times["hand-written"])
    least = min(times["engine"]) / min(times["hand-written"])
    print(f"  ratio         {least:7.2f} {float(np.median(ratios)):7.2f}   (at most 1.25 is wanted)")


def _timed(
    run: Callable[[Any], float], theta: Any, name: str, results: dict[str, tuple[Any, float]]
) -> float:
    began = time.perf_counter()
    cost = run(theta)
    took = time.perf_counter() - began
    results[name] = (theta, cost)
    return took


if __name__ == "__main__":
    main()
