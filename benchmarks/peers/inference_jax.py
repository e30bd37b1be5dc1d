"""JAX: the jitted forward pass, its outputs waited for."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from tasks import Task

from .inference import Inference, batches
from .jax_dense import VERSION, forward
from .protocol import Array, Peer

__all__ = ["VERSION", "build"]


def build(task: Task, threads: int) -> Peer:
    """The peer of this work."""
    layers = [(jnp.asarray(w.T.copy()), jnp.asarray(b)) for w, b in task.layers()]
    names = task.work.activations[:-1]
    run = jax.jit(lambda x: jax.nn.sigmoid(forward(names, layers, x)))

    def call(x: Array) -> Array:
        return run(x).block_until_ready()

    return Inference(call, batches(task, task.floats()))
