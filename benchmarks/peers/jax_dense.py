"""JAX: a jitted step called for each batch, or the whole epoch as one ``lax.scan``; parameters are donated.

w is kept as (n_in, n_out), the layout that XLA's products like best.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from tasks import Task, flat

from .protocol import Array, Peer

VERSION = f"JAX {jax.__version__}"
_ACTIVATIONS = {
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
    "identity": lambda z: z,
}
Tree = Any


def forward(names: tuple[str, ...], layers: Tree, x: Any) -> Any:
    """z^L of a batch; the hidden layers' activations by name."""
    for (w, b), name in zip(layers[:-1], names, strict=True):
        x = _ACTIVATIONS[name](x @ w + b)
    return x @ layers[-1][0] + layers[-1][1]


def cost_of(task: Task) -> Callable[[Any, Any], Any]:
    """The mean cost of a batch from z^L and y."""
    work = task.work

    def cost(z: Any, y: Any) -> Any:
        if work.cost == "cross_entropy":
            return -(y * jax.nn.log_softmax(z)).sum() / len(y)
        if work.cost == "binary_cross_entropy":
            return (jax.nn.softplus(z) - z * y).sum() / len(y)
        return ((_ACTIVATIONS[work.activations[-1]](z) - y) ** 2).sum() / (2 * len(y))

    return cost


def rule_of(task: Task) -> tuple[Callable[[Tree], Tree], Callable[..., tuple[Tree, Tree]]]:
    """start(parameters) → memory, and move(parameters, gradient, memory) → both, of sgd or adam."""
    eta, tree = task.work.eta, jax.tree.map
    if task.work.rule == "sgd":
        return lambda parameters: (), lambda p, g, memory: (tree(lambda a, b: a - eta * b, p, g), memory)

    def start(parameters: Tree) -> Tree:
        return tree(jnp.zeros_like, parameters), tree(jnp.zeros_like, parameters), jnp.zeros(())

    def move(parameters: Tree, g: Tree, memory: Tree) -> tuple[Tree, Tree]:
        m, v, t = memory
        t = t + 1
        m = tree(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = tree(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        rate, second = eta / (1 - 0.9**t), 1 - 0.999**t
        parameters = tree(lambda p, a, b: p - rate * a / (jnp.sqrt(b / second) + 1e-8), parameters, m, v)
        return parameters, (m, v, t)

    return start, move


class JaxDense(Peer):
    """``whole`` epochs in one call, or a call for each batch."""

    def __init__(self, task: Task, whole: bool) -> None:
        self._task, work = task, task.work
        self._X, self._Y = jnp.asarray(task.floats()), jnp.asarray(task.targets)
        self._parameters = [(jnp.asarray(w.T.copy()), jnp.asarray(b)) for w, b in task.layers()]
        start, move = rule_of(task)
        self._memory = start(self._parameters)
        cost, hidden = cost_of(task), work.activations[:-1]
        gradient = jax.grad(lambda parameters, x, y: cost(forward(hidden, parameters, x), y))

        def step(parameters: Tree, memory: Tree, x: Any, y: Any) -> tuple[Tree, Tree]:
            return move(parameters, gradient(parameters, x, y), memory)

        def at(parameters: Tree, memory: Tree, X: Any, Y: Any, start: Any) -> tuple[Tree, Tree]:
            x = lax.dynamic_slice_in_dim(X, start, work.batch)
            return step(parameters, memory, x, lax.dynamic_slice_in_dim(Y, start, work.batch))

        def scan(parameters: Tree, memory: Tree, X: Any, Y: Any) -> tuple[Tree, Tree]:
            batches = (part.reshape(work.steps, work.batch, -1) for part in (X, Y))
            return lax.scan(
                lambda carry, xy: (step(*carry, *xy), None), (parameters, memory), tuple(batches)
            )[0]

        self._gather = jax.jit(lambda X, Y, order: (X[order], Y[order]))
        self._one = jax.jit(at, donate_argnums=(0, 1))
        self._all = jax.jit(scan, donate_argnums=(0, 1))
        self._starts = [np.int32(start) for start in range(0, work.rows, work.batch)]
        self._epoch = self._by_scan if whole else self._by_steps

    def epoch(self, number: int) -> None:
        X, Y = self._gather(self._X, self._Y, self._task.order(number).astype(np.int32))
        self._epoch(X, Y)
        jax.block_until_ready(self._parameters)

    def _by_steps(self, X: Any, Y: Any) -> None:
        for start in self._starts:
            self._parameters, self._memory = self._one(self._parameters, self._memory, X, Y, start)

    def _by_scan(self, X: Any, Y: Any) -> None:
        self._parameters, self._memory = self._all(self._parameters, self._memory, X, Y)

    def result(self) -> Array:
        return flat([(np.asarray(w).T, np.asarray(b)) for w, b in self._parameters])


def build(task: Task, threads: int, **options: Any) -> Peer:
    """The peer of this work; XLA takes as many threads as the process has cores (worker.py)."""
    return JaxDense(task, **options)
