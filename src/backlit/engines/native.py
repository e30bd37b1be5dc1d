"""The native engine: the reference's arithmetic in C++, fused, vectorised and on several threads (native/).

Here is what Python knows better: which rows of the tables the kernels have, what threads are worth, whether zeros are
skipped. Kernels are chosen from data, sizes and dtype before the first step, never from timings; so the bits of a
result are the same for any number of threads and from run to run (on one machine, with one BACKLIT_CPU).
"""

from __future__ import annotations

import functools
import importlib
import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import passes
from ..errors import UsageError
from ..inputs import Pixels, is_sparse
from ..network import Network
from ..optimizers import as_rule
from ..randomness import order_of_epoch, words
from ..threads import cores, granted, threads_of_environment
from .protocol import Plan, State, Steps

Array = Any
_WORTH_SHARING = 2**21  # multiplications of a step, below which a second thread costs more than it brings
_SPARSE_ENOUGH = 0.5  # the part of inputs that is not zero, below which products with zeros are skipped
_MOST_THREADS = 256  # of one call
_ROWS_LOOKED_AT = 256  # evenly spaced, for that part
MISSING = (
    "this installation was made without a C++ compiler, so the native engine is not part of it; install one (g++ or "
    "clang) and then Backlit again"
)


class NativeEngine:
    """The C++ kernels, for all built-in activations, costs and rules; ``cpu`` names their instruction set."""

    name = "cpu"

    def __init__(self, native: Any, cpu: str | None = None) -> None:
        self._native = native
        self._cpu = cpu

    @property
    def cpu(self) -> str:
        """The instruction set of the kernels: "avx512", "avx2" or "plain"; BACKLIT_CPU forces one.

        Raises UsageError where BACKLIT_CPU names none that this machine has.
        """
        wanted = self._cpu or os.environ.get("BACKLIT_CPU")
        here: list[str] = self._native.cpus()
        if wanted and wanted not in here:
            raise UsageError(f"BACKLIT_CPU is one of {', '.join(here)} on this machine; got {wanted!r}")
        return wanted or here[0]

    def refusal(self, net: Network, plan: Plan | None, X: Array) -> str | None:
        if not all(row.built_in for row in (*net.activations, net.cost)):
            return "can't call Python functions of your own"
        if net.L > self._native.MOST_LAYERS:
            return f"has room for {self._native.MOST_LAYERS} layers"
        return None

    def predictor(self, net: Network) -> Callable[[Array], Array | None]:
        kind = self._native.Predictor32 if net.dtype == np.float32 else self._native.Predictor64
        made: Callable[[Array], Array | None] = kind(self.cpu, self._spec(net), net.theta, Pixels).__call__
        return made

    def predict(self, net: Network, theta: Array, X: Array) -> Array:
        outputs = np.empty((X.shape[0], net.sizes[-1]), dtype=net.dtype)
        self._pass(net, theta, X, outputs=outputs)
        return outputs

    def measure(self, net: Network, theta: Array, X: Array, Y: Array, share: Array) -> tuple[float, Array]:
        outputs = np.empty((X.shape[0], net.sizes[-1]), dtype=net.dtype)
        return self._pass(net, theta, X, Y=Y, share=share, outputs=outputs), outputs

    def value_and_gradient(
        self, net: Network, theta: Array, X: Array, Y: Array, sample_weight: Array | None
    ) -> tuple[float, Array]:
        gradient = np.zeros_like(theta)
        share = passes.shares(X.shape[0], net.dtype, sample_weight)
        return self._pass(net, theta, X, Y=Y, share=share, gradient=gradient), gradient

    def _pass(self, net: Network, theta: Array, X: Array, **given: Array) -> float:
        wanted = {"Y": None, "share": None, "gradient": None, "outputs": None} | given
        value: float = self._native.run_pass(
            self.cpu,
            self._spec(net),
            self._rows(X),
            np.ascontiguousarray(theta, dtype=net.dtype),
            skip_zeros=skips_zeros(X),
            threads=_threads(net, X.shape[0], None),
            **wanted,
        )
        return value

    def order(self, seed: int, epoch: int, rows: Array) -> Array:
        if len(rows) >= 2**32:  # NumPy then draws 64 bits at a time
            return rows[order_of_epoch(seed, epoch, len(rows))]
        order = rows.astype(np.int64)
        self._native.put_in_order(words(seed, "order", epoch), order)
        return order

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
        rule = as_rule(plan.rule)
        if not state.slots:
            state.slots = rule.start(theta, float(plan.eta[0]))
        kept = state.engine
        if kept is None or kept.X is not X:
            kept = state.engine = _Kept(X, self.cpu, None if is_sparse(X) else self._rows(X), skips_zeros(X))
        count = -(-len(order) // plan.batch_size)
        costs, weights = np.zeros(count), np.zeros(count)
        done, state.t, state.step = self._native.run_epoch(
            kept.cpu,
            self._spec(net),
            kept.rows or self._rows(X),
            theta=theta,
            slots=[state.slots[name] for name in rule.slots],
            Y=Y,
            weight=sample_weight,
            order=np.ascontiguousarray(order, dtype=np.int64),
            eta=np.ascontiguousarray(plan.eta, dtype=np.float64),
            batch_size=plan.batch_size,
            rule=rule.name,
            constants=[float(value) for value in rule.parameters.values()],
            limits=[
                float(one or 0) for one in (plan.l1, plan.l2, plan.clip_value, plan.clip_norm, plan.max_norm)
            ],
            keep=None if plan.keep is None else list(plan.keep),
            dropout_key=plan.dropout_key,
            skip_zeros=kept.skips,
            t=state.t,
            step=state.step,
            threads=_threads(net, min(plan.batch_size, len(order)), plan.threads),
            costs=costs,
            weights=weights,
            stop=state.stop,
        )
        return Steps(costs[:done], weights[:done])

    def _spec(self, net: Network) -> Any:
        return _spec(self._native, net.sizes, net.activations, net.cost)

    def _rows(self, X: Array) -> Any:
        if is_sparse(X):
            parts = (np.ascontiguousarray(part) for part in (X.data, X.indices, X.indptr))
            return self._native.Rows.sparse(*parts, X.shape[1])  # which looks at every index, at each call
        levels, white = (X.levels, X.white) if isinstance(X, Pixels) else (X, 1.0)
        if any(stride % levels.itemsize for stride in levels.strides):  # a field of a packed record
            levels = np.ascontiguousarray(levels)
        return self._native.Rows.dense(levels, white)


@dataclass(frozen=True)
class _Kept:
    """What a run of epochs need not make again for each: the kernels' name, and of X how it is read."""

    X: Array
    cpu: str
    rows: Any  # None for CSR, whose indices are looked at before each epoch
    skips: bool


@functools.lru_cache(maxsize=64)
def _spec(native: Any, sizes: Sequence[int], activations: Sequence[Any], cost: Any) -> Any:
    parameters = [next(iter(row.parameters.values()), 0.0) for row in (*activations, cost)]
    names = [row.name for row in activations]
    return native.Spec(list(sizes), names, parameters[:-1], cost.name, parameters[-1])


def skips_zeros(X: Array) -> bool:
    """Whether layer 1 leaves out the products with inputs that are zero: where less than half of them are not.

    Always for sparse rows. Dense rows are looked at in 256 evenly spaced places, so it follows from the data alone.
    """
    if is_sparse(X):
        return True
    levels = X.levels if isinstance(X, Pixels) else X
    if not levels.size:
        return False
    sample = levels[:: max(1, len(levels) // _ROWS_LOOKED_AT)]
    return bool(np.count_nonzero(sample) < _SPARSE_ENOUGH * sample.size)


def _threads(net: Network, rows: int, wanted: int | None) -> int:
    """As many threads as were asked for (argument or BACKLIT_THREADS); else all cores where a step is worth sharing."""
    said = wanted or threads_of_environment()
    if not said:
        work = rows * sum(out * into for into, out in itertools.pairwise(net.sizes))
        said = cores() if work >= _WORTH_SHARING else 1
    return granted(min(said, _MOST_THREADS))


def load() -> NativeEngine | None:
    """The engine, or None where this installation was built without it."""
    try:
        return NativeEngine(importlib.import_module("backlit._native"))
    except ImportError:
        return None
