"""Fitting by BacklitClassifier and BacklitRegressor beside scikit-learn's MLP*, in turn: same work, same final loss.

Same parameters, same number of epochs, same first weights (random_state); the orders of the examples differ, so the
losses are held to be within 5% of one another.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import report
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from tasks import NoDataError, mnist
from threadpoolctl import threadpool_limits

from backlit.estimators import BacklitClassifier, BacklitRegressor

ROUNDS, QUICK_ROUNDS = 5, 1
ROWS, QUICK_ROWS = 100_000, 2_000
CLOSE = 0.05


@dataclass(frozen=True)
class Work:
    """One fit: its data, its parameters, and how many times faster than scikit-learn it has to be."""

    key: str
    label: str
    kind: str  # "classes" or "values"
    dtype: str
    epochs: int
    at_least: float


WORKS = (
    Work("digits-64", "digits 64-100-10, batch 200, adam, float64", "classes", "float64", 60, 4),
    Work("digits-32", "digits 64-100-10, batch 200, adam, float32", "classes", "float32", 60, 8),
    Work("mnist", "MNIST 784-100-10, batch 200, adam, float32", "classes", "float32", 3, 3),
    Work("table", "100,000 rows × 10 columns, 10-100-1, batch 200, adam, float64", "values", "float64", 5, 4),
)


def data(work: Work, quick: bool) -> tuple[Any, Any]:
    """X and y; raises NoDataError where MNIST is not here."""
    if work.key.startswith("digits"):
        X, y = load_digits(return_X_y=True)
        X = X / 16
    elif work.key == "mnist":
        found = mnist()
        X, y = found.inputs.block / np.float32(255), np.asarray(found.wanted, dtype=np.int64)
    else:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(QUICK_ROWS if quick else ROWS, 10))
        y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=len(X))
    return (X[:QUICK_ROWS], y[:QUICK_ROWS]) if quick else (X, y)


def compare(work: Work, rounds: int, quick: bool, threads: int) -> dict[str, Any]:
    """Median seconds of both, their ratio and both losses; raises AssertionError where the losses are apart."""
    X, y = data(work, quick)
    X = X.astype(work.dtype)
    kinds = {
        "classes": (BacklitClassifier, MLPClassifier),
        "values": (BacklitRegressor, MLPRegressor),
    }[work.kind]
    how: dict[str, Any] = {
        "max_iter": work.epochs,
        "n_iter_no_change": work.epochs,
        "tol": 0.0,
        "random_state": 0,
    }
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    losses = {}
    for _ in range(rounds):
        for name, kind in zip(times, kinds, strict=True):
            model = kind(**how, **({"threads": threads} if name == "ours" else {}))
            with warnings.catch_warnings(), threadpool_limits(limits=threads):
                warnings.simplefilter("ignore", ConvergenceWarning)
                began = time.perf_counter()
                model.fit(X, y)
            times[name].append(time.perf_counter() - began)
            losses[name] = float(model.loss_)
    assert abs(losses["ours"] - losses["theirs"]) < CLOSE * losses["theirs"], losses
    ours, theirs = (statistics.median(times[name]) for name in ("ours", "theirs"))
    return {"label": work.label, "epochs": work.epochs, "ours": ours, "theirs": theirs,
            "ratio": theirs / ours, "losses": losses, "at_least": work.at_least, "threads": threads}  # fmt: skip


def main() -> None:
    """Prints and keeps each work's times and ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--works", nargs="*", default=[work.key for work in WORKS], metavar="KEY")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    rows: dict[str, Any] = {}
    for work in WORKS:
        if work.key not in options.works:
            continue
        try:
            row = rows[work.key] = compare(work, rounds, options.quick, options.threads)
        except NoDataError as reason:
            print(f"{work.label}\n  skipped: {reason}", flush=True)
            continue
        print(
            f"{work.label}: {row['epochs']} epochs, scikit-learn {row['theirs']:.3f} s, Backlit {row['ours']:.3f} s: "
            f"{row['ratio']:.1f} × (at least {work.at_least:g}); losses {row['losses']['theirs']:.4f}, "
            f"{row['losses']['ours']:.4f}",
            flush=True,
        )
    report.keep("estimators", rows, options.quick)


if __name__ == "__main__":
    main()
