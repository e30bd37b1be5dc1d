"""The book's first network from beginning to end: one process that loads MNIST and trains 30 epochs, evaluating each.

784-30-10, sigmoid, ½ squared error, sgd, batch 10, η = 3, the book's start; the 10,000 test digits after every epoch.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

import report
from compare import environment
from tasks import NoDataError, mnist

EPOCHS, RUNS = 30, 3
_PROGRAM = """
import json, sys
import numpy as np
import backlit
from backlit.inputs import Pixels
from tasks import mnist

train = mnist()
x, y = Pixels(train.inputs.block[:50_000]), train.wanted[:50_000].astype(int)
test = Pixels(train.test.inputs.block), train.test.wanted.astype(int)
net = backlit.Network(
    [784, 30, 10], activations="sigmoid", cost="half_squared_error", init="book_original", dtype=np.float32
)
history = net.fit(
    x, y, epochs=int(sys.argv[1]), batch_size=10, eta=3.0, threads=1, engine="cpu", progress=False,
    validation=test, monitors="validation_accuracy",
)
print(json.dumps({"accuracy": history[-1]["validation_accuracy"], "steps": history.seconds}))
"""


def run(epochs: int) -> dict[str, float]:
    """The wall time of the process, that of the steps alone, and the accuracy at the end."""
    began = time.perf_counter()
    command = [sys.executable, "-c", _PROGRAM, str(epochs)]
    done = subprocess.run(command, env=environment(1), check=True, stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - began
    found: dict[str, float] = json.loads(done.stdout)
    return found | {"seconds": seconds}


def main() -> None:
    """Prints and keeps the median run; beside it what the book's loops take for the steps, where that was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    try:
        mnist()
    except NoDataError as reason:
        print(f"the whole run: skipped: {reason}")
        return
    runs = [run(2 if quick else EPOCHS) for _ in range(1 if quick else RUNS)]
    middle = statistics.median_low([one["seconds"] for one in runs])
    found = next(one for one in runs if one["seconds"] == middle)
    print(
        f"the book's first run, {2 if quick else EPOCHS} epochs in one process, all in: {middle:.2f} s, of which steps "
        f"{found['steps']:.2f} s; {found['accuracy']:.2%} of the test digits right"
    )
    book = report.kept(quick).get("works", {}).get("book-30", {}).get("peers", {}).get("book-loops")
    if book and not quick:
        found["book_seconds"] = EPOCHS * 5000 * book["microseconds"] / 1e6
        print(
            f"  the book's loops: {found['book_seconds']:.0f} s for the steps alone, by their time of an epoch"
        )
    report.keep("whole", found, quick)


if __name__ == "__main__":
    main()
