"""The works that are measured: the rows of the table in docs/benchmarks.md, with what the ratios should be.

Nothing of a peer is here, and no data: that is made in tasks.py.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import Literal

TEXT_COLUMNS, TEXT_CLASSES = 20_000, 20
_QUICK_STEPS, _QUICK_WIDTH = 20, 64  # --quick: so many batches an epoch, and no hidden layer wider
_QUICK_WITHIN = 1e-4  # in so few steps roundings don't grow
Ratios = tuple[tuple[str, float], ...]  # beginning of the peers' names ("" means all of them), ratio


@dataclass(frozen=True)
class Work:
    """One row. ``epochs`` is how many a peer runs in its turn. ``at_least`` and ``aim`` are ratios: the time of the
    fastest of the peers whose names begin so, over Backlit's.
    """

    key: str
    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    cost: str
    rule: str
    eta: float
    batch: int
    data: Literal["mnist", "dense", "text"]
    rows: int  # a multiple of the batch, so that no peer has to handle a remainder
    at_least: Ratios
    aim: Ratios
    threads: int = 1
    epochs: int = 1
    kind: Literal["training", "inference"] = "training"
    within: float = 2e-3  # of Backlit's cost the peers' costs are, after the first epoch

    @property
    def steps(self) -> int:
        """Batches of an epoch; for inference, calls that make up a measurement."""
        return self.rows // self.batch

    @property
    def label(self) -> str:
        """The row's name as the table has it."""
        shape = "-".join(map(str, self.sizes))
        threads = f", {self.threads} threads" if self.threads > 1 else ""
        if self.kind == "inference":
            return f"inference {shape}, MNIST, {counted_rows(self.batch)}{threads}"
        names = ", ".join(dict.fromkeys(self.activations))
        rows = {"mnist": "MNIST as uint8", "dense": "dense rows", "text": "CSR, text-like, 0.5% filled"}
        return f"{shape} {names}, {self.cost}, {self.rule}, batch {self.batch}{threads}, {rows[self.data]}"

    def quick(self) -> Work:
        """The same work made small, to see that everything runs; its times mean nothing."""
        inner = (min(size, _QUICK_WIDTH) for size in self.sizes[1:-1])
        rows = self.batch * min(self.steps, _QUICK_STEPS)
        return dataclasses.replace(
            self, sizes=(self.sizes[0], *inner, self.sizes[-1]), rows=rows, epochs=1, within=_QUICK_WITHIN
        )

    def operations(self, density: float = 1.0) -> float:
        """Floating-point operations of a step's (a call's) matrix products; layer 1 counted at ``density``."""
        products = [out * into for into, out in itertools.pairwise(self.sizes)]
        first, others = density * products[0], sum(products[1:])
        passes = (1, 1) if self.kind == "inference" else (2, 3)  # forward, gradient, and δ but for layer 1
        return 2.0 * self.batch * (passes[0] * first + passes[1] * others)


def counted_rows(rows: int) -> str:
    """``1 row``, ``10,000 rows``."""
    return f"{rows:,} row{'s' if rows > 1 else ''}"


def _all(ratio: float) -> Ratios:
    return (("", ratio),)


WORKS = (
    Work(
        key="book-30",
        sizes=(784, 30, 10),
        activations=("sigmoid", "sigmoid"),
        cost="half_squared_error",
        rule="sgd",
        eta=3.0,
        batch=10,
        data="mnist",
        rows=50_000,
        at_least=(("", 4), ("torch-eager", 25)),
        aim=_all(8),
    ),
    Work(
        key="book-16-16",
        sizes=(784, 16, 16, 10),
        activations=("sigmoid", "sigmoid", "sigmoid"),
        cost="half_squared_error",
        rule="sgd",
        eta=1.0,
        batch=10,
        data="mnist",
        rows=50_000,
        at_least=(("", 4), ("torch-eager", 25)),
        aim=_all(8),
    ),
    Work(
        key="book-100",
        sizes=(784, 100, 10),
        activations=("sigmoid", "sigmoid"),
        cost="binary_cross_entropy",
        rule="sgd",
        eta=0.5,
        batch=10,
        data="mnist",
        rows=50_000,
        at_least=_all(3.5),
        aim=_all(6),
    ),
    Work(
        key="adam-64-64",
        sizes=(16, 64, 64, 1),
        activations=("relu", "relu", "identity"),
        cost="half_squared_error",
        rule="adam",
        eta=0.001,
        batch=32,
        data="dense",
        rows=49_984,
        epochs=2,
        at_least=_all(2.5),
        aim=_all(4),
    ),
    Work(
        key="sgd-32-16",
        sizes=(4, 32, 16, 4),
        activations=("relu", "relu", "identity"),
        cost="half_squared_error",
        rule="sgd",
        eta=0.01,
        batch=128,
        data="dense",
        rows=49_920,
        epochs=5,
        at_least=_all(5),
        aim=_all(10),
    ),
    Work(
        key="mnist-512-512",
        sizes=(784, 512, 512, 10),
        activations=("relu", "relu", "softmax"),
        cost="cross_entropy",
        rule="sgd",
        eta=0.1,
        batch=128,
        data="mnist",
        rows=49_920,
        threads=2,
        at_least=_all(1.4),
        aim=_all(2),
    ),
    Work(
        key="adam-1024-1024",
        sizes=(256, 1024, 1024, 1),
        activations=("gelu", "gelu", "identity"),
        cost="half_squared_error",
        rule="adam",
        eta=0.001,
        batch=256,
        data="dense",
        rows=25_600,
        threads=2,
        at_least=_all(1.1),
        aim=_all(1.3),
    ),
    Work(
        key="text-64",
        sizes=(TEXT_COLUMNS, 64, TEXT_CLASSES),
        activations=("relu", "softmax"),
        cost="cross_entropy",
        rule="sgd",
        eta=0.5,
        batch=64,
        data="text",
        rows=19_200,
        at_least=(("scikit-learn", 20), ("", 3)),
        aim=(("scikit-learn", 50), ("", 8)),
    ),
    Work(
        key="predict-1",
        sizes=(784, 100, 10),
        activations=("sigmoid", "sigmoid"),
        cost="binary_cross_entropy",
        rule="sgd",
        eta=0.5,
        batch=1,
        data="mnist",
        rows=2_000,
        kind="inference",
        at_least=(("onnxruntime", 2),),
        aim=(("onnxruntime", 3),),
    ),
    Work(
        key="predict-10000",
        sizes=(784, 100, 10),
        activations=("sigmoid", "sigmoid"),
        cost="binary_cross_entropy",
        rule="sgd",
        eta=0.5,
        batch=10_000,
        data="mnist",
        rows=50_000,
        kind="inference",
        at_least=(("onnxruntime", 1.2),),
        aim=(("onnxruntime", 2),),
    ),
)
