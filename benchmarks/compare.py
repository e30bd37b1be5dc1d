"""Runs all peers of a work alternately, checks that they reached the same, and says how long each took.

Each peer's first epoch is not counted: whatever is compiled, cached or allocated once is in it. Then, round after
round, each runs its turn of epochs, in an order that moves on by one each round; a peer's time is the median.
"""

from __future__ import annotations

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from peers import Entry, entries
from tasks import Task, write
from works import Work

from backlit.engines.native import skips_zeros

HERE = Path(__file__).parent
_AT_END = 0.2  # of the cost, and of what it fell by: rounding in float32 grows with the steps
_SETTLE = 0.3  # seconds, for the threads of the peer before, which wait for more work by spinning
_OUTPUTS = 1e-5  # of inference, absolute
_LAST_WORDS = 3000  # characters of what a broken peer said


class PeerError(Exception):
    """A peer broke down."""


class PeersDisagreeError(PeerError):
    """A peer computed something else, so that its time can't be compared."""


def environment(threads: int) -> dict[str, str]:
    """For any process that is measured: the threads of every library, and no choice of OpenBLAS's kernels."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENBLAS_", "BACKLIT_THREADS"))
    }
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    kept |= dict.fromkeys(names, str(threads)) | {"TORCHINDUCTOR_COMPILE_THREADS": "1"}
    if threads == 1:
        kept["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    places = [str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(places)}


def cores(threads: int) -> list[int]:
    """The last so many cores that this process may use."""
    here = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(threads))
    return here[-threads:]


class Running:
    """A peer's process, spoken to a line at a time."""

    def __init__(self, entry: Entry, work: Work, folder: Path) -> None:
        self.entry, self.seconds = entry, []
        self._folder, self._number = folder, 0
        threads = entry.threads or work.threads
        said = {
            "folder": str(folder),
            "module": entry.module,
            "options": dict(entry.options),
            "threads": threads,
            "cores": cores(threads),
        }
        self._said = (folder / f"{entry.name}.log").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), json.dumps(said)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env=environment(threads),
        )
        self.missing: str | None = None
        self.version = ""

    def hello(self) -> None:
        """Waits until it is ready: its version is then known, or what it misses."""
        said = self._hear()
        self.missing, self.version = said.get("missing"), said.get("version", "")

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self._said.seek(0)
            code = self._process.wait()
            raise PeerError(
                f"{self.entry.name} ended early, with {code}:\n{self._said.read()[-_LAST_WORDS:]}"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, **command: Any) -> dict[str, Any]:
        """The answer to a command."""
        assert self._process.stdin
        print(json.dumps(command), file=self._process.stdin, flush=True)
        return self._hear()

    def run(self, epochs: int) -> list[float]:
        """Wall seconds of each of the next epochs."""
        found: list[float] = self.ask(do="run", epochs=epochs)["seconds"]
        return found

    def result(self) -> Any:
        """The weights, or outputs, that the peer has reached."""
        path = self._folder / f"{self.entry.name}.npy"
        self.ask(do="result", path=str(path))
        return np.load(path)

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._said.close()


def compare(
    work: Work,
    rounds: int,
    *,
    only: Sequence[str] = (),
    chosen: Sequence[Entry] | None = None,
    tell: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Times in microseconds a step (a call) of every peer of the work, as plain data.

    ``only`` are beginnings of names. Raises PeersDisagreeError where a peer reached another cost, and NoDataError.
    """
    wanted = [one for one in (chosen or entries(work)) if not only or one.name.startswith(tuple(only))]
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        write(work, folder)
        task = Task(folder)
        running: list[Running] = []
        for entry in wanted:
            peer = Running(entry, work, folder)
            stack.callback(peer.close)
            peer.hello()
            if peer.missing:
                tell(f"  {entry.name}: left out, {peer.missing} is not installed")
            else:
                running.append(peer)
        check = Check(task)
        for peer in running:
            peer.run(1)
            check.first(peer.entry, peer.result())
        for number in range(rounds):
            for k in range(len(running)):
                peer = running[(number + k) % len(running)]
                time.sleep(_SETTLE if work.threads > 1 else 0)
                peer.seconds.append(peer.run(work.epochs))
        costs = {peer.entry.name: check.last(peer.entry, peer.result()) for peer in running}
        found = {peer.entry.name: _times(peer, work, costs[peer.entry.name]) for peer in running}
        done = task.density() if skips_zeros(task.given()) else 1.0
        return {
            "work": dataclasses.asdict(work),
            "label": work.label,
            "rounds": rounds,
            "operations_done": work.operations(done),
            "operations_dense": work.operations(),
            "peers": found,
        }


class Check:
    """Whether all peers computed the same: costs after the first epoch and at the end, or the outputs of inference.

    The first peer that is asked, Backlit, is what the others are held against; the start must also be left behind.
    """

    def __init__(self, task: Task) -> None:
        self._task, self._training = task, task.work.kind == "training"
        self._start = task.cost(task.theta) if self._training else 0.0
        self._reference: dict[str, Any] = {}

    def first(self, entry: Entry, result: Any) -> None:
        """After one epoch."""
        if self._training:
            self._cost("after one epoch", self._task.work.within, entry, result)
            return
        expected = self._reference.setdefault("outputs", result)
        apart = float(np.abs(result - expected).max()) if result.shape == expected.shape else np.inf
        if not apart <= _OUTPUTS:
            raise PeersDisagreeError(
                f"{self._task.work.label}: {entry.name}'s outputs are {apart:.3g} from Backlit's"
            )

    def last(self, entry: Entry, result: Any) -> float | None:
        """After all epochs: the cost that the peer reached; None for inference."""
        if not self._training:
            self.first(entry, result)
            return None
        return self._cost("at the end", _AT_END, entry, result)

    def _cost(self, when: str, tolerance: float, entry: Entry, theta: Any) -> float:
        cost = self._task.cost(theta)
        name = f"{self._task.work.label}: {entry.name} {when}"
        if not cost < self._start:
            raise PeersDisagreeError(
                f"{name} has the cost {cost:.6g}, no less than the start's {self._start:.6g}"
            )
        if entry.same(self._task.work):
            expected = self._reference.setdefault(when, cost)
            if not abs(cost - expected) <= tolerance * min(expected, self._start - expected):
                raise PeersDisagreeError(f"{name} has the cost {cost:.6g}, and Backlit {expected:.6g}")
        return cost


def _times(peer: Running, work: Work, cost: float | None) -> dict[str, Any]:
    each = [1e6 * seconds / work.steps for turn in peer.seconds for seconds in turn]
    return {
        "microseconds": statistics.median(each),
        "least": min(each),
        "turns": [1e6 * statistics.median(turn) / work.steps for turn in peer.seconds],
        "cost": cost,
        "version": peer.version,
        "same_cost": peer.entry.same(work),
    }
