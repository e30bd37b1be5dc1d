"""The seam between training and what computes: whole passes, so that an engine keeps the loop over batches inside.

A plan is plain data, and the order of the examples comes from outside, so that every engine sees the same batches and
can be compared with another step by step. Engines hold no state of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..network import Network
from ..optimizers import Slots

Array = Any


@dataclass(frozen=True)
class Plan:
    """What a run of steps does. ``eta[i]`` is the step size of the i-th batch of the order that comes with it."""

    batch_size: int
    rule: str  # an option of optimizers.py
    eta: Array
    l1: float = 0.0
    l2: float = 0.0
    clip_value: float | None = None  # each entry of the penalised gradient to ±this
    clip_norm: float | None = None  # the penalised gradient's length, over all of θ, to at most this
    max_norm: float | None = (
        None  # the length of each neuron's incoming weights, after the step, to at most this
    )
    keep: tuple[float, ...] | None = None  # the part of layers 0 … L that dropout keeps
    dropout_key: int = 0
    threads: int | None = None  # None: as many as help


@dataclass
class State:
    """Where a run stands: the rule's slots, t steps of the rule, and ``step`` steps of the network's whole life."""

    slots: Slots = field(default_factory=dict)
    t: int = 0
    step: int = 0
    stop: Callable[[], bool] | None = None  # asked within long steps, so that Ctrl-C need not wait
    engine: Any = None  # what the engine at work keeps of a run beside θ; none of it changes a result


@dataclass(frozen=True)
class Steps:
    """What a run of steps saw: each batch's mean data cost C, before its update, and its total weight Σ s_x, (steps,).

    A cost that is not finite is the last one, and its update was not made. There are fewer than were asked for where
    ``State.stop`` said so.
    """

    costs: Array
    weights: Array


class Engine(Protocol):
    """What computes. ``theta`` is flat (N8); ``X`` (n, n_0) is dense in float32, float64 or uint8, CSR, or
    ``Pixels``; ``Y`` (n, n_L) is in θ's dtype.
    """

    name: str

    def refusal(self, net: Network, plan: Plan | None, X: Array) -> str | None:
        """Why this engine can't do it, as the end of a sentence, or None where it can."""

    def predictor(self, net: Network) -> Callable[[Array], Array | None]:
        """A function of a few plain rows or Pixels (n, n_0): a^L of θ as it is when called, in microseconds.

        It gives None for what it doesn't take: more rows, other arrays, numbers that are not finite. Then ``predict``
        has the answer, or the error.
        """

    def predict(self, net: Network, theta: Array, X: Array) -> Array:
        """a^L, (n, n_L)."""

    def measure(self, net: Network, theta: Array, X: Array, Y: Array, share: Array) -> tuple[float, Array]:
        """C without penalties, Σ share · C_x (B5), and a^L, (n, n_L)."""

    def value_and_gradient(
        self, net: Network, theta: Array, X: Array, Y: Array, sample_weight: Array | None
    ) -> tuple[float, Array]:
        """C (B5) and its flat gradient, without penalties."""

    def order(self, seed: int, epoch: int, rows: Array) -> Array:
        """``rows[order_of_epoch(seed, epoch, len(rows))]`` of randomness.py, drawn as fast as it can be."""

    def run_epoch(
        self,
        net: Network,
        theta: Array,
        state: State,
        plan: Plan,
        X: Array,
        Y: Array,
        sample_weight: Array | None,
        order: Array,
    ) -> Steps:
        """Steps through the batches of ``order``, an epoch's or a part's; changes ``theta`` and ``state`` in place."""
