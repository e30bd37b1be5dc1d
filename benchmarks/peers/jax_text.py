"""JAX on CSR, whole epochs by ``lax.scan``: rows padded to one length, their words' weights gathered and scattered.

The gradient is taken by the gathered weights, so that no array of w^1's size is made.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from tasks import Task, flat

from .jax_dense import VERSION, Tree, cost_of
from .protocol import Array, Peer

__all__ = ["VERSION", "build"]


class JaxText(Peer):
    """Two layers, relu and softmax with cross-entropy, sgd."""

    def __init__(self, task: Task) -> None:
        self._task, work = task, task.work
        (w1, b1), (w2, b2) = task.layers()
        self._parameters = tuple(map(jnp.asarray, (w1.T.copy(), b1, w2.T.copy(), b2)))
        self._columns, self._values = map(jnp.asarray, _padded(task))
        self._Y = jnp.asarray(task.targets)
        cost, eta = cost_of(task), work.eta

        def loss(words: Tree, rest: Tree, values: Array, y: Array) -> Array:
            b1, w2, b2 = rest
            hidden = jax.nn.relu(jnp.einsum("mk,mkj->mj", values, words) + b1)
            return cost(hidden @ w2 + b2, y)

        def step(parameters: Tree, batch: Tree) -> tuple[Tree, None]:
            w1, *rest = parameters
            columns, values, y = batch
            g, g_rest = jax.grad(loss, argnums=(0, 1))(w1[columns], tuple(rest), values, y)
            moved = jax.tree.map(lambda one, slope: one - eta * slope, tuple(rest), g_rest)
            return (w1.at[columns].add(-eta * g), *moved), None

        def epoch(parameters: Tree, columns: Array, values: Array, Y: Array, order: Array) -> Tree:
            parts = (part[order].reshape(work.steps, work.batch, -1) for part in (columns, values, Y))
            return lax.scan(step, parameters, tuple(parts))[0]

        self._run = jax.jit(epoch, donate_argnums=0)

    def epoch(self, number: int) -> None:
        order = self._task.order(number).astype(np.int32)
        self._parameters = self._run(self._parameters, self._columns, self._values, self._Y, order)
        jax.block_until_ready(self._parameters)

    def result(self) -> Array:
        w1, b1, w2, b2 = map(np.asarray, self._parameters)
        return flat([(w1.T, b1), (w2.T, b2)])


def _padded(task: Task) -> tuple[Array, Array]:
    """Columns and values as (n, the longest row): what is added has the value 0 and column 0."""
    X = task.inputs
    lengths = np.diff(X.indptr)
    there = np.arange(lengths.max()) < lengths[:, None]
    columns, values = np.zeros(there.shape, np.int32), np.zeros(there.shape, np.float32)
    columns[there], values[there] = X.indices, X.data
    return columns, values


def build(task: Task, threads: int) -> Peer:
    """The peer of this work."""
    return JaxText(task)
