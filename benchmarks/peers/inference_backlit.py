"""Backlit's ``net.predict`` as it is called by everybody: pixels as bytes, or in float32."""

from __future__ import annotations

from tasks import Task, network

import backlit

from .inference import Inference, batches
from .protocol import Peer

VERSION = f"Backlit {backlit.__version__}"


def build(task: Task, threads: int, as_floats: bool = False) -> Peer:
    """The peer of this work."""
    net = network(task.work)
    rows = task.floats() if as_floats else task.given()
    return Inference(lambda x: net.predict(x, engine="cpu"), batches(task, rows))
