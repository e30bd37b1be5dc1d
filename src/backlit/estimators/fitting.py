"""From an estimator's parameters to a network that can be trained and a run that trains it.

The random numbers of a fit are drawn from ``random_state`` in scikit-learn's order: the weights, the held-out part,
and then one seed, from which Backlit draws the order of the examples and dropout.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import training
from ..errors import UsageError
from ..network import Network
from . import parameters
from .penalty import AlphaRun
from .stopping import Stopping

Array = Any
_SEEDS = 2**31 - 1


@dataclass
class Examples:
    """X (n, n_0), y as the estimator's user has them, and their weights (n,) or None."""

    X: Array
    y: Array
    weights: Array | None

    def part(self, rows: Array) -> Examples:
        return Examples(self.X[rows], self.y[rows], None if self.weights is None else self.weights[rows])

    @property
    def total(self) -> float:
        """Σ s_x."""
        return float(len(self.y) if self.weights is None else self.weights.sum())


@dataclass
class Memory:
    """What of an optimizer outlives a fit: the rule that it is of, its slots and steps, and η as it was last."""

    rule: str
    slots: dict[str, Array]
    t: int
    rate: float


def start(estimator: Any, X: Array, random: np.random.RandomState) -> Network:
    """A new network, its weights drawn as scikit-learn draws them, or by ``init``."""
    n_L, output, cost = estimator._output_layer()
    hidden = parameters.widths(estimator.hidden_layer_sizes)
    sizes = (X.shape[1], *hidden, n_L)
    activations = parameters.hidden_activations(estimator.activation, len(hidden))
    if estimator.init is None:
        # The output layer is drawn for the activation before it, which is scikit-learn's only one.
        last = activations[-1] if activations else parameters.here(estimator.activation)
        how: dict[str, Any] = {"theta": _glorot(sizes, [*activations, last], random)}
    else:
        how = {"init": estimator.init, "seed": int(random.randint(_SEEDS))}
    return Network(sizes, activations=[*activations, output], cost=cost, dtype=X.dtype, **how)


def go_on(estimator: Any, X: Array) -> Network:
    """The network of the fit before; raises UsageError where the parameters now ask for another."""
    net: Network = estimator.network_
    sizes = (X.shape[1], *parameters.widths(estimator.hidden_layer_sizes), estimator._output_layer()[0])
    if net.sizes != sizes:
        raise UsageError(
            f"this fit goes on from a network of sizes {list(net.sizes)}, and the parameters and data now ask for "
            f"{list(sizes)}; set warm_start=False to fit anew"
        )
    return net


def _glorot(sizes: tuple[int, ...], activations: list[Any], random: np.random.RandomState) -> list[Array]:
    """[w1, b1, …] as scikit-learn starts them: uniform in ±√(6/(n_in + n_out)), or √2 for sigmoid; biases too."""
    parts: list[Array] = []
    for (n_in, n_out), activation in zip(itertools.pairwise(sizes), activations, strict=True):
        bound = math.sqrt((2.0 if activation == "sigmoid" else 6.0) / (n_in + n_out))
        parts.append(random.uniform(-bound, bound, (n_in, n_out)).T)
        parts.append(random.uniform(-bound, bound, n_out))
    return parts


def make_run(
    estimator: Any,
    net: Network,
    examples: Examples,
    stopping: Stopping,
    *,
    validation: tuple[Array, Array] | None,
    memory: Memory | None,
    incremental: bool,
    random: np.random.RandomState,
) -> AlphaRun:
    """The run of one fit before its first step, with the optimizer's memory where there is one of the same rule."""
    rule, steps = parameters.optimizer(estimator), parameters.in_steps(estimator)
    memory = memory if memory is not None and memory.rule == rule else None
    if memory is not None:
        stopping.rate = memory.rate
    n = len(examples.y)
    m = parameters.batch_size(estimator.batch_size, n) if steps else n
    schedule = (
        _schedule(estimator, stopping, examples.total, memory is not None) if steps else estimator.schedule
    )
    run = training.prepare(
        net,
        examples.X,
        examples.y,
        validation=validation,
        sample_weight=examples.weights,
        encode=lambda net, X, y: (X, estimator._target_rows(net, y)),
        kind=AlphaRun,
        callbacks=stopping,
        epochs=1 if incremental else estimator.max_iter,
        batch_size=m,
        eta=float(estimator.learning_rate_init) if steps else None,
        optimizer=rule,
        schedule="constant" if schedule is None else schedule,
        l1=estimator.l1,
        l2=float(estimator.alpha) * n / (m * examples.total),
        **{name: getattr(estimator, name) for name in _AS_THEY_ARE},
        shuffle=bool(estimator.shuffle),
        seed=int(random.randint(_SEEDS)),
    )
    assert isinstance(run, AlphaRun)
    run.alpha = float(estimator.alpha) if steps else 0.0
    if memory is not None and steps:
        run.state.slots, run.state.t = dict(memory.slots), memory.t
    return run


_AS_THEY_ARE = ("dropout", "max_norm", "clip_value", "clip_norm", "engine", "threads")


def _schedule(estimator: Any, stopping: Stopping, total: float, going_on: bool) -> Any:
    """Backlit's schedule where one was given, else what ``learning_rate`` means, which adam takes no notice of.

    "invscaling" counts the examples seen, each with its weight.
    """
    rate = estimator.learning_rate
    if estimator.schedule is not None or rate == "constant":
        return estimator.schedule
    if estimator.optimizer is None and estimator.solver == "adam":
        return None
    if rate == "adaptive":
        return lambda done, epochs: stopping.rate / estimator.learning_rate_init
    seen, power = estimator._seen, float(estimator.power_t)

    def invscaling(done: float, epochs: float) -> float:
        whole = math.floor(done)
        return 1.0 if not whole and not going_on else float((seen + whole * total + 1) ** -power)

    return invscaling
