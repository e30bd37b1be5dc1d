"""When an estimator's training ends, as scikit-learn has it: after epochs without progress of more than ``tol``.

A callback of training. Progress is of the loss, or of the score on held-out examples; with learning_rate="adaptive" a
standstill first divides η by five.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..callbacks import Event

_SHRINK = 5.0
_LEAST_RATE = 1e-6


@dataclass
class Curve:
    """What is remembered over fits that go on: losses, scores, the best of both, and how long ago that was."""

    losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    best_loss: float = math.inf
    best_score: float = -math.inf
    waited: int = 0


@dataclass
class Stopping:
    """Called at the end of each epoch: keeps the curve, and stops the run where nothing improves any more.

    ``loss`` gives the epoch's, ``score`` the one on held-out examples, where there are some; ``by_score`` says which of
    the two has to improve. ``rate`` is η as it is now; where it is ``adaptive``, a standstill makes it smaller.
    """

    curve: Curve
    loss: Callable[[Event], float]
    score: Callable[[], float] | None
    by_score: bool
    tol: float
    patience: float
    rate: float
    adaptive: bool
    verbose: bool
    best: Any = None  # θ of the best score, where progress is the score's

    def __call__(self, event: Event) -> None:
        curve = self.curve
        curve.losses.append(self.loss(event))
        self._say(f"Iteration {event.epoch}, loss = {curve.losses[-1]:.8f}")
        if self.score is not None:
            curve.scores.append(self.score())
            self._say(f"Validation score: {curve.scores[-1]:.6f}")
        if self.by_score:
            stands = curve.scores[-1] < curve.best_score + self.tol
        else:
            stands = curve.losses[-1] > curve.best_loss - self.tol
        curve.waited = curve.waited + 1 if stands else 0
        self._remember(event)
        if curve.waited > self.patience:
            self._stop(event)

    def _remember(self, event: Event) -> None:
        curve = self.curve
        curve.best_loss = min(curve.best_loss, curve.losses[-1])
        if self.score is not None and curve.scores[-1] > curve.best_score:
            curve.best_score = curve.scores[-1]
            if self.by_score:
                self.best = event.net.theta.copy()

    def _stop(self, event: Event) -> None:
        what = "Validation score" if self.by_score else "Training loss"
        said = f"{what} did not improve more than tol={self.tol:f} for {self.patience} consecutive epochs."
        if self.adaptive and self.rate > _LEAST_RATE:
            self.rate /= _SHRINK
            self.curve.waited = 0
            self._say(f"{said} Setting learning rate to {self.rate:f}")
        else:
            event.stop(said)
            self._say(f"{said}{' Learning rate too small.' if self.adaptive else ''} Stopping.")

    def _say(self, line: str) -> None:
        if self.verbose:
            print(line)
