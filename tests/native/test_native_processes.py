"""The native engine among threads and processes: the GIL, the caller's own threads, fork, Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import backlit
from backlit.engines import Plan, State
from backlit.inputs import Pixels
from backlit.network import Network

from .machine import ENGINES, EVERY_CPU

POSIX = pytest.mark.skipif(os.name == "nt", reason="fork and signals as POSIX has them")


def net_of(seed: int = 1, hidden: int = 256) -> Network:
    how = {"activations": ["relu", "softmax"], "cost": "cross_entropy", "dtype": np.float32}
    return Network([300, hidden, 10], seed=seed, **how)


def data(n: int = 400) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    x = (rng.integers(1, 256, (n, 300)) * (rng.random((n, 300)) < 0.3)).astype(np.uint8)
    return x, np.eye(10, dtype=np.float32)[rng.integers(10, size=n)]


def epochs(net: Network, x: Any, y: Any, cpu: str | None = None, threads: int = 2, count: int = 2) -> bytes:
    engine = ENGINES[cpu or next(iter(ENGINES))]
    state, n = State(), len(y)
    for _ in range(count):
        plan = Plan(64, "adam", np.full(-(-n // 64), 0.01), keep=(1.0, 0.7, 1.0), threads=threads)
        engine.run_epoch(net, net.theta, state, plan, x, y, None, np.arange(n))
    return net.theta.tobytes()


@EVERY_CPU
@pytest.mark.parametrize("kind", ["pixels", "csr"])
def test_several_python_threads_train_on_the_same_data(cpu: str, kind: str) -> None:
    x, y = data()
    X = Pixels(x) if kind == "pixels" else sparse.csr_array(x.astype(np.float32) / 255)
    known = [epochs(net_of(seed), X, y, cpu, threads=1) for seed in range(6)]
    found: list[Any] = [None] * 6

    def work(seed: int) -> None:
        found[seed] = epochs(net_of(seed), X, y, cpu, threads=1 + seed % 3)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert found == known


def test_several_python_threads_use_one_network() -> None:
    """Predictions and gradients of one network in many threads at once, each as it is alone."""
    net, (x, y) = net_of(), data()
    known = net.predict(Pixels(x), engine="cpu")
    g = net.gradient(Pixels(x), y, engine="cpu").theta
    wrong: list[str] = []

    def work() -> None:
        for i in range(10):
            if net.predict(Pixels(x), engine="cpu").tobytes() != known.tobytes():
                wrong.append("prediction")
            few = net.predict(x[i : i + 3] / 255, engine="cpu")
            if abs(few - known[i : i + 3]).max() > 1e-5:
                wrong.append("few")
            if net.gradient(Pixels(x), y, engine="cpu").theta.tobytes() != g.tobytes():
                wrong.append("gradient")

    workers = [threading.Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert wrong == []


def test_the_gil_is_released() -> None:
    """While one call works for a second or so, another Python thread counts on."""
    net, (x, y) = net_of(hidden=512), data(4000)
    X, seen, over = Pixels(x), [], threading.Event()

    def watch() -> None:
        while not over.is_set():
            seen.append(time.perf_counter())
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    plan = Plan(64, "adam", np.full(1000, 0.001), threads=1)
    watcher.start()
    began = time.perf_counter()
    ENGINES["plain"].run_epoch(net, net.theta, State(), plan, X, y, None, np.tile(np.arange(4000), 3))
    ended = time.perf_counter()
    over.set()
    watcher.join()
    during = [one for one in seen if began < one < ended]
    assert ended - began > 0.05
    assert len(during) > 5
    assert max(np.diff([began, *during, ended])) < 0.5 * (ended - began) + 0.1


def in_a_child(seed: int) -> bytes:
    x, y = data()
    return epochs(net_of(seed), Pixels(x), y, threads=2)


def forks_a_pool() -> None:
    known = [in_a_child(seed) for seed in range(3)]  # threads have been at work before the fork
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(in_a_child, range(3)).get(timeout=60) == known
    assert in_a_child(0) == known[0]


def forks_in_the_midst() -> None:
    x, y = data(2000)
    X, results = Pixels(x), []
    known, expected = epochs(net_of(), X, y, threads=3, count=3), in_a_child(5)
    worker = threading.Thread(target=lambda: results.append(epochs(net_of(), X, y, threads=3, count=3)))
    worker.start()
    time.sleep(0.02)
    child = os.fork()
    if child == 0:
        same = in_a_child(5) == expected
        os._exit(0 if same else 1)
    _, status = os.waitpid(child, 0)
    worker.join()
    assert os.waitstatus_to_exitcode(status) == 0
    assert results == [known]


@POSIX
@pytest.mark.parametrize("story", [forks_a_pool, forks_in_the_midst], ids=lambda story: story.__name__)
def test_after_a_fork_it_works_in_both_processes(story: Any) -> None:
    """Also where another thread is at work: the child has no part of its team. In a process of its own, without JAX."""
    tests = Path(__file__).parent.parent
    code = f"from {__name__} import {story.__name__}; {story.__name__}()"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=tests,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


STORY = """
    import sys, time
    import numpy as np
    from backlit import Network
    rng = np.random.default_rng(0)
    x = rng.normal(size=({rows}, 300)).astype(np.float32)
    y = rng.integers(10, size={rows})
    net = Network([300, 512, 10], activations=["relu", "softmax"], cost="cross_entropy", seed=0, dtype=np.float32)
    print("running", flush=True)
    history = net.fit(x, y, epochs=10**6, batch_size={batch_size}, engine="cpu", progress=False{more})
    print(history.stop_reason, time.time(), flush=True)
"""


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "batch_size", "more"),
    [(6000, 32, ""), (6000, None, ""), (40000, None, ", threads=1"), (200, 10, ", threads=3")],
    ids=["many steps", "one step an epoch", "a long step", "short epochs"],
)
def test_ctrl_c_is_obeyed_at_once(python: Any, rows: int, batch_size: int | None, more: str) -> None:
    """0.2 s is what it takes at most on a machine with nothing else to do; 2 s are granted to one that has."""
    story = textwrap.dedent(STORY).format(rows=rows, batch_size=batch_size, more=more)
    running = python(story)
    time.sleep(0.8)
    began = time.time()
    running.send_signal(signal.SIGINT)
    said, errors = running.communicate(timeout=60)
    assert running.returncode == 0, errors
    reason, ended = said.split()
    assert reason == "interrupted"
    assert float(ended) - began < 2


def test_more_threads_than_there_is_work_or_cores() -> None:
    x, y = data(130)
    known = epochs(net_of(), Pixels(x), y, threads=1)
    assert epochs(net_of(), Pixels(x), y, threads=40) == known


def test_networks_side_by_side_are_as_alone() -> None:
    x, y = data(200)
    nets, alone = [net_of(seed, 17) for seed in range(4)], [net_of(seed, 17) for seed in range(4)]
    how = {"epochs": 2, "progress": False, "engine": "cpu"}
    backlit.fit_many(nets, Pixels(x), y, **how)
    for one, other in zip(nets, alone, strict=True):
        other.fit(Pixels(x), y, **how)
        assert one.theta.tobytes() == other.theta.tobytes()
