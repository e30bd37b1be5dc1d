"""The same bits for any number of threads, from run to run, for an epoch in any slices, and after interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from backlit import training
from backlit.engines import Plan, State
from backlit.inputs import Pixels
from backlit.network import Network

from .machine import CPUS, ENGINES, EVERY_CPU, skipping

SKIPPING = pytest.mark.parametrize("skips", [True, False], ids=["skipped", "multiplied"])
LARGE = (784, 512, 512, 10)  # large enough for every phase to be shared out


def large(rows: int, dtype: Any = np.float32, sizes: Any = LARGE) -> tuple[Network, Any, Any]:
    rng = np.random.default_rng(0)
    hidden = ["relu", "tanh", "gelu"][: len(sizes) - 2]
    net = Network(sizes, activations=[*hidden, "softmax"], cost="cross_entropy", seed=1, dtype=dtype)
    x = (rng.integers(1, 256, (rows, sizes[0])) * (rng.random((rows, sizes[0])) < 0.3)).astype(np.uint8)
    return net, x, np.eye(sizes[-1], dtype=dtype)[rng.integers(sizes[-1], size=rows)]


def bits_of(net: Network, plan: Plan, data: Any, cpu: str, slices: Any = None, s: Any = None) -> list[bytes]:
    """θ, slots, costs and counts after an epoch, in slices of so many steps."""
    X, Y = data
    m, n = plan.batch_size, X.shape[0]
    order = np.random.default_rng(3).permutation(n)
    theta, state, costs, at = net.theta.copy(), State(), [], 0
    for count in slices or [-(-n // m)]:
        part = Plan(**{**vars(plan), "eta": plan.eta[at : at + count]})
        rows = order[at * m : (at + count) * m]
        costs.append(ENGINES[cpu].run_epoch(net, theta, state, part, X, Y, s, rows).costs)
        at += count
    assert at * m >= n
    slots = [state.slots[name] for name in sorted(state.slots)]
    return [one.tobytes() for one in (theta, *slots, np.concatenate(costs), np.array([state.t, state.step]))]


@EVERY_CPU
@SKIPPING
@pytest.mark.parametrize(
    ("rule", "more"),
    [("sgd", {}), ("adam", {"clip_norm": 0.5, "keep": (0.8, 0.5, 0.5, 1.0), "l2": 0.01, "max_norm": 2.0})],
)
def test_any_number_of_threads_gives_the_same_bits(cpu: str, skips: bool, rule: str, more: Any) -> None:
    net, x, Y = large(300)
    X = Pixels(x)
    with skipping(skips):
        runs = [
            bits_of(net, Plan(128, rule, np.full(3, 0.01), threads=threads, **more), (X, Y), cpu)
            for threads in (1, 2, 3, 5, 2)
        ]
    assert all(run == runs[0] for run in runs)
    assert runs[0][0] != net.theta.tobytes()


@EVERY_CPU
@SKIPPING
@pytest.mark.parametrize("kind", ["float64", "csr"])
def test_in_float64_and_from_sparse_rows_too(cpu: str, skips: bool, kind: str) -> None:
    net, x, Y = large(140, np.float64, (784, 512, 256, 10))
    X = sparse.csr_array(x.astype(np.float64)) if kind == "csr" else np.asfortranarray(x, np.float64)
    X = X / 255
    with skipping(skips):
        runs = [
            bits_of(net, Plan(70, "nesterov", np.full(2, 0.01), threads=threads), (X, Y), cpu)
            for threads in (1, 2, 5)
        ]
    assert all(run == runs[0] for run in runs)


@EVERY_CPU
@SKIPPING
@pytest.mark.parametrize("threads", ["1", "3"])
def test_passes_give_the_same_bits(cpu: str, skips: bool, threads: str, monkeypatch: Any) -> None:
    net, x, Y = large(700)
    engine, X = ENGINES[cpu], Pixels(x)
    share = np.full(700, 1 / 700, np.float32)
    found = []
    with skipping(skips):
        for count in ("2", threads):
            monkeypatch.setenv("BACKLIT_THREADS", count)
            C, g = engine.value_and_gradient(net, net.theta, X, Y, None)
            measured, a = engine.measure(net, net.theta, X, Y, share)
            found.append((C, g.tobytes(), measured, a.tobytes(), engine.predict(net, net.theta, X).tobytes()))
    assert found[0] == found[1]


@EVERY_CPU
@SKIPPING
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rule", ["sgd", "rmsprop"])
@pytest.mark.parametrize("batch_size", [1, 16, 64])
def test_slices_of_any_length(cpu: str, skips: bool, weighted: bool, rule: str, batch_size: int) -> None:
    net, x, Y = large(203, sizes=(90, 33, 5))
    X, steps = Pixels(x), -(-203 // batch_size)
    s = np.random.default_rng(5).random(203) if weighted else None
    plan = Plan(batch_size, rule, np.linspace(0.1, 0.01, steps), keep=(0.9, 0.6, 1.0), dropout_key=9)
    with skipping(skips):
        whole = bits_of(net, plan, (X, Y), cpu, s=s)
        for slices in ([1] * steps, [1, steps - 1], [steps - 1, 1], [steps // 2, steps - steps // 2]):
            assert bits_of(net, plan, (X, Y), cpu, slices, s) == whole


@EVERY_CPU
@SKIPPING
@pytest.mark.parametrize("rule", ["sgd", "adam"])
@pytest.mark.parametrize("last", [100, 2000, 2100])
def test_batches_of_more_rows_than_are_worked_on_at_once(cpu: str, skips: bool, rule: str, last: int) -> None:
    """Batches of 2,500, of which 2,048 are the most at once: the shorter last one alone is as in a run of all."""
    n = 5000 + last
    net, x, Y = large(n, sizes=(40, 17, 5))
    plan = Plan(2500, rule, np.array([0.3, 0.2, 0.1]), keep=(0.9, 0.6, 1.0), dropout_key=9)
    with skipping(skips):
        runs = [
            bits_of(net, plan, (Pixels(x), Y), cpu, slices) for slices in (None, [2, 1], [1, 2], [1, 1, 1])
        ]
    assert all(run == runs[0] for run in runs)


@EVERY_CPU
def test_chunks_of_a_batch_are_the_reference_s(cpu: str) -> None:
    from backlit.engines.numpy import NumpyEngine

    net, x, Y = large(4600, np.float64, (40, 17, 5))
    X, order = Pixels(x), np.random.default_rng(3).permutation(4600)
    s = np.random.default_rng(4).random(4600)
    for rule, more in (("sgd", {}), ("adam", {"clip_norm": 0.01, "l2": 0.1})):
        plan = Plan(2500, rule, np.array([0.3, 0.2]), keep=(0.9, 0.6, 1.0), dropout_key=9, **more)
        results = []
        for engine in (NumpyEngine(), ENGINES[cpu]):
            theta = net.theta.copy()
            costs = engine.run_epoch(net, theta, State(), plan, X, Y, s, order).costs
            results.append((theta, costs))
        (theta, costs), (found, theirs) = results
        assert theirs == pytest.approx(costs, rel=1e-12)
        assert abs(found - theta).max() <= 1e-12 * abs(theta).max()


# ---- through fit


def fitted(x: Any, y: Any, **more: Any) -> tuple[bytes, list[float]]:
    net = Network(
        [784, 256, 10], activations=["relu", "softmax"], cost="cross_entropy", seed=1, dtype=np.float32
    )
    how = {"epochs": 2, "batch_size": 128, "eta": 0.1, "progress": False, "engine": "cpu", "dropout": 0.2}
    history = net.fit(x, y, **(how | more))
    return net.theta.tobytes(), list(history["cost"])


@EVERY_CPU
def test_threads_of_fit_and_of_the_environment(cpu: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("BACKLIT_CPU", cpu)
    _, x, Y = large(300)
    x, y = Pixels(x), Y.argmax(axis=1)
    known = fitted(x, y, threads=1)
    assert fitted(x, y, threads=2) == known
    assert fitted(x, y) == known
    monkeypatch.setenv("BACKLIT_THREADS", "3")
    assert fitted(x, y) == known
    monkeypatch.setattr(training, "_SLICE_SECONDS", 0.0)  # one step a slice
    assert fitted(x, y) == known


@pytest.mark.skipif(len(CPUS) < 2, reason="one instruction set")
def test_a_forced_instruction_set_is_the_one_that_runs(monkeypatch: Any) -> None:
    """The plain one has no fused multiply-add, so that some bits differ: what was forced was not ignored."""
    _, x, Y = large(300)
    found = []
    for cpu in (CPUS[0], "plain"):
        monkeypatch.setenv("BACKLIT_CPU", cpu)
        found.append(fitted(Pixels(x), Y.argmax(axis=1))[0])
    assert found[0] != found[1]


@EVERY_CPU
@pytest.mark.parametrize("batch_size", [16, 2500])
def test_interrupted_and_resumed_with_other_threads(
    cpu: str, batch_size: int, tmp_path: Path, monkeypatch: Any
) -> None:
    """A run that is ended in the midst of an epoch and resumed on more threads ends in the bits of one that wasn't."""
    monkeypatch.setenv("BACKLIT_CPU", cpu)
    monkeypatch.setattr(training, "_SLICE_SECONDS", 0.0)
    _, x, Y = large(4700 if batch_size == 2500 else 100, sizes=(60, 33, 5))
    how: dict[str, Any] = {"epochs": 3, "batch_size": batch_size, "optimizer": "sgd", "engine": "cpu"}
    how |= {"progress": False, "dropout": 0.3, "eta": 0.2}
    names = {"activations": ["tanh", "softmax"], "cost": "cross_entropy", "seed": 1, "dtype": np.float32}
    known, stopped, path = Network((60, 33, 5), **names), Network((60, 33, 5), **names), tmp_path / "run"
    known.fit(Pixels(x), Y, threads=1, **how)
    left = 3 if batch_size == 2500 else 10

    def look(interrupt: Any) -> bool:
        nonlocal left
        left -= 1
        return left <= 0

    with monkeypatch.context() as patch:
        patch.setattr(
            training.Interrupt, "requested", property(look, lambda self, value: None), raising=False
        )
        history = stopped.fit(Pixels(x), Y, threads=1, checkpoint=path, **how)
    assert history.stop_reason == "interrupted"
    monkeypatch.setenv("BACKLIT_THREADS", "3")
    again = Network((60, 33, 5), **names)
    again.fit(Pixels(x), Y, resume=path, progress=False)
    assert again.theta.tobytes() == known.theta.tobytes()
    assert again.theta.tobytes() != stopped.theta.tobytes()
