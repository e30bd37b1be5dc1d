"""scikit-learn's ``predict_proba`` of an MLPClassifier with these weights."""

from __future__ import annotations

from tasks import Task

from .inference import Inference, batches
from .protocol import Peer
from .sklearn_mlp import VERSION, SklearnMLP

__all__ = ["VERSION", "build"]


def build(task: Task, threads: int) -> Peer:
    """The peer of this work."""
    return Inference(SklearnMLP(task).net.predict_proba, batches(task, task.floats()))
