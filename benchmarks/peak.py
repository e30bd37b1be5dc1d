"""One core's peak in float32, as the best of many large products of NumPy's BLAS: what GFLOP/s are held against."""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import report
from compare import cores
from threadpoolctl import threadpool_limits

SIZE, QUICK_SIZE, TIMES = 2048, 512, 15


def main() -> None:
    """Prints and keeps the peak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores(1))
    size = QUICK_SIZE if quick else SIZE
    a, b = np.random.default_rng(0).standard_normal((2, size, size), dtype=np.float32)
    out, times = np.empty_like(a), []
    with threadpool_limits(1):
        for _ in range(TIMES):
            began = time.perf_counter()
            np.matmul(a, b, out=out)
            times.append(time.perf_counter() - began)
    found = {"size": size, "gflops": 2 * size**3 / min(times) / 1e9}
    print(f"one core's peak, a product of {size} × {size} matrices in float32: {found['gflops']:.0f} GFLOP/s")
    report.keep("peak", found, quick)


if __name__ == "__main__":
    main()
