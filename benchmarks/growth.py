"""How Backlit's time grows with rows, width, depth and batch: four log-log plots, the fitted power written on each.

One thread, dense rows of N(0, 1), relu and a linear output, sgd; the median epoch of one fit, its first left out. The
plots lie in build/bench/.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import report
from compare import cores

import backlit

EPOCHS, QUICK_EPOCHS = 6, 2


@dataclass(frozen=True)
class Growth:
    """What grows, through which sizes, and a size's network, rows, batch; ``per`` is what the time is of."""

    name: str
    sizes: tuple[int, ...]
    case: Callable[[int], tuple[list[int], int, int]]  # size → layers' sizes, rows, batch
    per: str
    each: Callable[[int, int], float]  # rows, batch → epochs' times are divided by this


GROWTHS = (
    Growth(
        "rows",
        (1000, 2000, 4000, 8000, 16000, 32000, 64000),
        lambda n: ([64, 64, 1], n, 32),
        "epoch",
        lambda n, m: 1,
    ),
    Growth(
        "width",
        (16, 32, 64, 128, 256, 512, 1024),
        lambda n: ([n, n, n, 1], 2048, 64),
        "step",
        lambda n, m: n / m,
    ),
    Growth(
        "depth", (1, 2, 4, 8, 16, 32), lambda n: ([64] * (n + 1) + [1], 4096, 64), "step", lambda n, m: n / m
    ),
    Growth(
        "batch", (1, 4, 16, 64, 256, 1024), lambda m: ([64, 64, 64, 1], 8192, m), "step", lambda n, m: n / m
    ),
)


def seconds(sizes: list[int], rows: int, batch: int, epochs: int) -> float:
    """The median epoch of a fit."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((rows, n), dtype=np.float32) for n in (sizes[0], sizes[-1]))
    functions = ["relu"] * (len(sizes) - 2) + ["identity"]
    net = backlit.Network(sizes, activations=functions, cost="half_squared_error", dtype=np.float32)
    settings: dict[str, Any] = {"eta": 1e-4, "threads": 1, "engine": "cpu", "progress": False}
    history = net.fit(x, y, epochs=epochs + 1, batch_size=batch, **settings)
    return float(np.median(history["seconds"][1:]))


def exponent(sizes: list[int], times: list[float]) -> float:
    """The power of the size with which time grows, by least squares of the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def main() -> None:
    """Prints, plots and keeps the four."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores(1))
    found = {}
    for growth in GROWTHS:
        sizes, times = list(growth.sizes[:3] if quick else growth.sizes), []
        for size in sizes:
            case = growth.case(size)
            took = seconds(*case, QUICK_EPOCHS if quick else EPOCHS)
            times.append(1e6 * took / growth.each(case[1], case[2]))
        found[growth.name] = {
            "sizes": sizes,
            "microseconds": times,
            "exponent": exponent(sizes, times),
            "per": growth.per,
        }
        local = [
            exponent(list(a), list(b))
            for a, b in zip(itertools.pairwise(sizes), itertools.pairwise(times), strict=True)
        ]
        print(
            f"time a{'n' if growth.per[0] == 'e' else ''} {growth.per} grows with {growth.name} to the power "
            f"{found[growth.name]['exponent']:.2f} (from size to size {', '.join(f'{one:.2f}' for one in local)})"
        )
        _plot(growth, found[growth.name], "quick-" if quick else "")
    report.keep("growth", found, quick)


def _plot(growth: Growth, found: dict[str, Any], prefix: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.add_subplot()
    sizes, times = np.array(found["sizes"]), np.array(found["microseconds"])
    line = np.exp(np.polyval(np.polyfit(np.log(sizes), np.log(times), 1), np.log(sizes)))
    axes.loglog(sizes, line, color="0.7", label=f"{growth.name} to the power {found['exponent']:.2f}")
    axes.loglog(sizes, times, "o", color="C0", label="measured")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel(growth.name)
    axes.set_ylabel(f"µs per {growth.per}")
    axes.legend()
    report.FOLDER.mkdir(parents=True, exist_ok=True)
    figure.savefig(report.FOLDER / f"{prefix}growth-{growth.name}.png", dpi=150)


if __name__ == "__main__":
    main()
