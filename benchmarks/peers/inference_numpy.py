"""NumPy by hand: two products and the activations."""

from __future__ import annotations

from tasks import Task

from .inference import Inference, batches
from .numpy_dense import ACTIVATIONS, VERSION
from .protocol import Array, Peer

__all__ = ["VERSION", "build"]


def build(task: Task, threads: int) -> Peer:
    """The peer of this work."""
    layers = [
        (w.T, b, ACTIVATIONS[name]) for (w, b), name in zip(task.layers(), task.work.activations, strict=True)
    ]

    def call(a: Array) -> Array:
        for w, b, f in layers:
            z = a @ w
            z += b
            a = f(z)
        return a

    return Inference(call, batches(task, task.floats()))
