"""One peer in a process of its own. It reads a command a line on stdin and answers a line of JSON on stdout.

    {"do": "run", "epochs": k}          → {"seconds": [k wall times]}
    {"do": "result", "path": "x.npy"}   → {}: the weights (or outputs) reached are in the file
    {"do": "stop"}

The first line that it writes says its version, or what is missing. Cores and threads are set before anything is
imported that reads them.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any


class StopError(Exception):
    """The driver wants no more epochs."""


class Turns:
    """What stands between the driver and a peer's run of epochs: called after each, it waits for the next turn."""

    def __init__(self, peer: Any, answers: Any) -> None:
        self._peer, self._answers = peer, answers
        self._seconds: list[float] = []
        self._left, self._began = 0, 0.0

    def wait(self) -> None:
        """Obeys commands until one says to run."""
        for line in sys.stdin:
            command = json.loads(line)
            if command["do"] == "run":
                self._left, self._seconds, self._began = command["epochs"], [], time.perf_counter()
                return
            if command["do"] == "stop":
                break
            import numpy as np

            np.save(command["path"], self._peer.result())
            self.say({})
        raise StopError

    def __call__(self) -> None:
        now = time.perf_counter()
        self._seconds.append(now - self._began)
        self._left -= 1
        if self._left:
            self._began = time.perf_counter()
            return
        self.say({"seconds": self._seconds})
        self.wait()

    def say(self, answer: dict[str, Any]) -> None:
        """One line to the driver."""
        print(json.dumps(answer), file=self._answers, flush=True)


def main() -> None:
    """Runs the peer that the only argument, a JSON object of folder, module, options, threads and cores, describes."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not get between the lines of JSON
    said = json.loads(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, said["cores"])
    from tasks import Task

    try:
        module = importlib.import_module(said["module"])
    except ModuleNotFoundError as reason:
        print(json.dumps({"missing": reason.name}), file=answers, flush=True)
        return
    peer = module.build(Task(Path(said["folder"])), said["threads"], **said["options"])
    turns = Turns(peer, answers)
    turns.say({"version": module.VERSION})
    try:
        turns.wait()
        peer.run(turns)
    except StopError:
        return


if __name__ == "__main__":
    main()
