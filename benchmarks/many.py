"""32 small networks by ``fit_many`` on all cores, and one after another by ``fit``, in turn."""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

import numpy as np
import report

import backlit

NETWORKS, EPOCHS, ROUNDS = 32, 40, 7
QUICK_NETWORKS, QUICK_EPOCHS, QUICK_ROUNDS = 4, 2, 1
SIZES = [64, 30, 10]
SETTINGS: dict[str, Any] = {"batch_size": 10, "eta": 3.0, "engine": "cpu", "progress": False}


def networks(count: int) -> list[Any]:
    """The networks, which differ in their seeds."""
    return [
        backlit.Network(SIZES, cost="half_squared_error", seed=seed, dtype=np.float32)
        for seed in range(count)
    ]


def main() -> None:
    """Prints and keeps both times and their ratio; both ways must end in the same bits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    count, epochs = (QUICK_NETWORKS, QUICK_EPOCHS) if quick else (NETWORKS, EPOCHS)
    x, y = backlit.data.load("digits").arrays(np.float32)
    times: dict[str, list[float]] = {"apart": [], "together": []}
    for _ in range(QUICK_ROUNDS if quick else ROUNDS):
        alone, side_by_side = networks(count), networks(count)
        began = time.perf_counter()
        for net in alone:
            net.fit(x, y, epochs=epochs, threads=1, **SETTINGS)
        middle = time.perf_counter()
        backlit.fit_many(side_by_side, x, y, epochs=epochs, **SETTINGS)
        times["together"].append(time.perf_counter() - middle)
        times["apart"].append(middle - began)
        for one, other in zip(alone, side_by_side, strict=True):
            assert (one.theta == other.theta).all(), "fit_many and fit came to other weights"
    apart, together = (statistics.median(times[way]) for way in ("apart", "together"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    shape = "-".join(map(str, SIZES))
    print(
        f"{count} networks {shape}, {epochs} epochs of {len(x):,} digits, {cores} cores: one after another "
        f"{apart:.2f} s, together {together:.2f} s: {together / apart:.2f} × (at most 0.55 on two cores)"
    )
    found = {"networks": count, "shape": shape, "cores": cores, "apart": apart, "together": together}
    report.keep("many", found | {"ratio": together / apart}, quick)


if __name__ == "__main__":
    main()
