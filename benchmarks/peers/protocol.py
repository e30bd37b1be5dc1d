"""What a peer is to the process that runs it: epochs one after another, and a result that can be checked."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

Array = Any


class Peer:
    """Trains (or infers) epoch by epoch. Whatever need not be done in every epoch is done in its constructor."""

    def epoch(self, number: int) -> None:
        """Epoch ``number``, from 1: draws its order, and when it returns all work is done."""
        raise NotImplementedError

    def result(self) -> Array:
        """θ, flat in the network's order, after the epochs so far; for inference the outputs of the last epoch."""
        raise NotImplementedError

    def run(self, after: Callable[[], None]) -> None:
        """Epochs without end, ``after`` called at each one's end; it raises to stop them."""
        for number in itertools.count(1):
            self.epoch(number)
            after()
