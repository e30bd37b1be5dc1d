"""From data to a trained, saved network and back to answers: what the command line does, as functions.

``train(data, out=…)`` and ``find_eta``; ``examples_of``, ``predict``, ``evaluate`` and ``pictures`` use a model
on raw data.
"""

from __future__ import annotations

from .choices import Choices
from .run import Outcome, Prepared, checkpoint_of, find_eta, prepare, train
from .use import Examples, Prediction, evaluate, examples_of, is_pictures, pictures, predict, prediction

__all__ = [
    "Choices", "Examples", "Outcome", "Prediction", "Prepared", "checkpoint_of", "evaluate", "examples_of", "find_eta",
    "is_pictures", "pictures", "predict", "prediction", "prepare", "train",
]  # fmt: skip
