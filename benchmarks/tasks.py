"""The data, orders and start of a work: written into a folder once, read by every peer's process.

So all peers see the same numbers, the same batches and the same first weights, and the cost that each one reached is
measured here by one rule.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from works import TEXT_CLASSES, TEXT_COLUMNS, Work

import backlit
from backlit.data.mnist import cache
from backlit.errors import DataError
from backlit.inputs import Pixels
from backlit.randomness import order_of_epoch

Array = Any
SEED = 7
_WORDS = 100  # in a text on average: of 20,000 columns 0.5%
_MEASURED = 10_000  # rows on which the cost is measured that a peer reached


class NoDataError(Exception):
    """The data of a work is not on this machine."""


def write(work: Work, folder: Path) -> None:
    """Makes the work's arrays and its start in ``folder``; raises NoDataError where MNIST is not here."""
    inputs, targets = {"mnist": _mnist, "dense": _dense, "text": _text}[work.data](work)
    if sparse.issparse(inputs):
        for name in ("data", "indices", "indptr"):
            np.save(folder / f"{name}.npy", getattr(inputs, name))
    else:
        np.save(folder / "inputs.npy", inputs)
    np.save(folder / "targets.npy", targets)
    np.save(folder / "theta.npy", network(work).theta)
    (folder / "work.json").write_text(json.dumps(dataclasses.asdict(work)), encoding="utf-8")


def network(work: Work, dtype: Any = np.float32) -> Any:
    """Backlit's network of the work, with the start that all peers get."""
    return backlit.Network(
        work.sizes, activations=list(work.activations), cost=work.cost, seed=SEED, dtype=dtype
    )


class Task:
    """A work with its arrays: what a peer is given. ``inputs`` are uint8, float32 or CSR, ``targets`` (n, n_L)."""

    def __init__(self, folder: Path) -> None:
        plain = json.loads((folder / "work.json").read_text(encoding="utf-8"))
        for name in ("at_least", "aim"):
            plain[name] = tuple(map(tuple, plain[name]))
        self.work = Work(**plain | {name: tuple(plain[name]) for name in ("sizes", "activations")})
        self.theta = np.load(folder / "theta.npy")
        self.targets = np.load(folder / "targets.npy")
        if self.work.data == "text":
            parts = (np.load(folder / f"{name}.npy") for name in ("data", "indices", "indptr"))
            self.inputs = sparse.csr_array(tuple(parts), shape=(self.work.rows, self.work.sizes[0]))
        else:
            self.inputs = np.load(folder / "inputs.npy")

    def floats(self) -> Array:
        """The inputs in float32, pixels from 0 to 1: what peers are given; CSR stays CSR."""
        pixels = self.inputs.dtype == np.uint8
        return np.divide(self.inputs, np.float32(255), dtype=np.float32) if pixels else self.inputs

    def given(self) -> Array:
        """The inputs as Backlit is given them: pixels stay bytes."""
        return Pixels(self.inputs) if self.inputs.dtype == np.uint8 else self.inputs

    def order(self, epoch: int) -> Array:
        """The order in which epoch ``epoch``, from 1, visits the rows; each peer draws it within its own time."""
        return order_of_epoch(SEED, epoch, self.work.rows)

    def layers(self) -> list[tuple[Array, Array]]:
        """Copies of w (n_out, n_in) and b (n_out,) of each layer at the start."""
        parts, at = [], 0
        for into, out in itertools.pairwise(self.work.sizes):
            w = self.theta[at : at + out * into].reshape(out, into).copy()
            at += out * into
            parts.append((w, self.theta[at : at + out].copy()))
            at += out
        return parts

    def cost(self, theta: Array) -> float:
        """C over the first rows of weights that some peer reached, by Backlit's equations in float64."""
        net = network(self.work, np.float64)
        net.theta = theta
        return float(net.value(self.given()[:_MEASURED], self.targets[:_MEASURED]))

    def density(self) -> float:
        """The part of the inputs that is not zero."""
        if sparse.issparse(self.inputs):
            return float(self.inputs.nnz / np.prod(self.inputs.shape))
        return float(np.count_nonzero(self.inputs) / self.inputs.size)


def flat(layers: list[tuple[Array, Array]]) -> Array:
    """θ of weights (n_out, n_in) and biases, in the network's order."""
    return np.concatenate([np.asarray(part, dtype=np.float64).ravel() for layer in layers for part in layer])


def mnist() -> Any:
    """MNIST's Dataset from $BACKLIT_DATA, or from where Backlit keeps what it fetched; raises NoDataError."""
    root = os.environ.get("BACKLIT_DATA") or cache("mnist")
    try:
        return backlit.data.load("mnist", data_dir=root)
    except DataError as reason:
        raise NoDataError("MNIST is not here: set BACKLIT_DATA to the folder that holds mnist/") from reason


def _mnist(work: Work) -> tuple[Array, Array]:
    found = mnist()
    labels = np.asarray(found.wanted[: work.rows], dtype=np.int64)
    return np.ascontiguousarray(found.inputs.block[: work.rows]), np.eye(10, dtype=np.float32)[labels]


def _dense(work: Work) -> tuple[Array, Array]:
    """Rows of N(0, 1), and as targets what a random network of one hidden layer makes of them, with noise."""
    rng = np.random.default_rng(SEED)
    into, out = work.sizes[0], work.sizes[-1]
    inputs = rng.standard_normal((work.rows, into), dtype=np.float32)
    hidden = np.tanh(inputs @ rng.normal(0, into**-0.5, (into, 32)).astype(np.float32))
    targets = hidden @ rng.normal(0, 0.5, (32, out)).astype(np.float32)
    return inputs, targets + 0.05 * rng.standard_normal(targets.shape, dtype=np.float32)


def _text(work: Work) -> tuple[Array, Array]:
    """Texts of some hundred different words, drawn by Zipf's law, each class with words that it prefers.

    An entry is (1 + log of how often a word occurs) over the row's length, as text is usually prepared.
    """
    rng = np.random.default_rng(SEED)
    common = 1 / (np.arange(TEXT_COLUMNS) + 20.0)
    labels = rng.integers(0, TEXT_CLASSES, work.rows)
    preferred = rng.random((TEXT_CLASSES, TEXT_COLUMNS)) < 0.02
    columns, values, ends = [], [], [0]
    chances = [np.cumsum(common * np.where(own, 6.0, 1.0)) for own in preferred]
    lengths = rng.poisson(1.07 * _WORDS, work.rows)
    for label, length in zip(labels, lengths, strict=True):
        drawn = np.searchsorted(chances[label], rng.random(length + 1) * chances[label][-1])
        words, counts = np.unique(drawn, return_counts=True)
        weights = 1 + np.log(counts)
        columns.append(words.astype(np.int32))
        values.append((weights / np.sqrt((weights**2).sum())).astype(np.float32))
        ends.append(ends[-1] + len(words))
    parts = (np.concatenate(values), np.concatenate(columns), np.array(ends, dtype=np.int32))
    names = rng.permutation(TEXT_COLUMNS).astype(np.int32)  # so that common words are not side by side
    rows = sparse.csr_array((parts[0], names[parts[1]], parts[2]), shape=(work.rows, TEXT_COLUMNS))
    rows.sort_indices()
    return rows, np.eye(TEXT_CLASSES, dtype=np.float32)[labels]
