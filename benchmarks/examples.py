"""How long the quantities of each example take on 10,000 MNIST examples through 784-100-10, and what memory they add.

Norms by layer and in all, cosines with the mean, variance and second moment of every parameter, on one core; from
bytes, float64 and from CSR; beside them 100 examples by `net.gradient` one at a time. Reads $BACKLIT_DATA/mnist.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
from compare import cores
from scipy.sparse import csr_array
from tasks import NoDataError, mnist
from threadpoolctl import threadpool_limits

import backlit

ROWS, ROUNDS, FEW, WANTED = 10_000, 5, 100, 1.0


def seconds(work: Callable[[], object]) -> float:
    """The median of several runs."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[ROUNDS // 2]


def main() -> None:
    """Prints seconds, the memory at its peak beyond what was there, and the ratio to gradients one at a time."""
    try:
        found = mnist()
    except NoDataError as reason:
        print(f"skipped: {reason}")
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores(1))
    x, y = found.limited(ROWS).arrays(dtype=np.float32)
    levels = found.limited(ROWS).arrays(dtype=np.uint8)[0]
    net = backlit.Network([784, 100, 10], activations="sigmoid", cost="half_squared_error", dtype=np.float32)
    with threadpool_limits(1):
        net.fit(levels, y, epochs=1, batch_size=10, eta=3.0, progress=False)
        for name, rows in (("bytes", levels), ("float64", x.astype("f8")), ("CSR", csr_array(x))):
            taken = seconds(lambda rows=rows: net.per_example(rows, y))
            tracemalloc.start()
            net.per_example(rows, y)
            peak = tracemalloc.get_traced_memory()[1] / 2**20
            tracemalloc.stop()
            print(
                f"{name:8s} {taken:.3f} s for {ROWS:,} examples (under {WANTED:g} s is wanted), {peak:.0f} MiB"
            )
        one = seconds(lambda: [net.gradient(x[i], y[i]) for i in range(FEW)]) / FEW
    print(f"net.gradient, one example at a time: {ROWS * one:.2f} s, the gradients alone")


if __name__ == "__main__":
    main()
