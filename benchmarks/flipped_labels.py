"""How many wrong labels stand at the top of a ranking: 1% of MNIST's labels flipped, a short training, the first 2%.

Each flipped label becomes another digit, drawn evenly; the network is trained on them as on the others. Beside every
ranking stands what a random one finds, and how many of the first 2% are flipped. Reads $BACKLIT_DATA/mnist.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from tasks import NoDataError, mnist

import backlit
from backlit.explain.ranking import ORDERS

Array = Any
FLIPPED, LOOKED_AT, EPOCHS = 0.01, 0.02, 3


def flip(labels: Array, part: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """The labels with that part of them wrong, and which they are."""
    rows = np.sort(rng.choice(len(labels), round(part * len(labels)), replace=False))
    wrong = labels.copy()
    wrong[rows] = (labels[rows] + rng.integers(1, 10, len(rows))) % 10
    return wrong, rows


def found(indices: Array, rows: Array, looked_at: int) -> float:
    """The share of ``rows`` among the first so many of a ranking."""
    return float(np.isin(rows, indices[:looked_at]).mean())


def experiment(seed: int, images: int | None) -> dict[str, float]:
    """Ranking → the share of the flipped labels that it has among its first 2%; "random" is one more ranking."""
    data = mnist().limited(images)
    x, labels = data.arrays(dtype=np.uint8)
    rng = np.random.default_rng(seed)
    wrong, rows = flip(labels.astype(int), FLIPPED, rng)
    net = backlit.Network(
        [784, 100, 10], activations=["relu", "softmax"], cost="cross_entropy", dtype=np.float32, seed=seed
    )
    net.fit(x, wrong, epochs=EPOCHS, batch_size=32, optimizer="adam", progress=False)
    looked_at = round(LOOKED_AT * len(wrong))
    shares = {by: found(net.rank_examples(x, wrong, by=by).indices, rows, looked_at) for by in ORDERS}
    return {**shares, "random": found(rng.permutation(len(wrong)), rows, looked_at)}


def main() -> None:
    """Prints the shares for several seeds, or that MNIST is not here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, help="the first so many only")
    asked = parser.parse_args()
    try:
        runs = [experiment(seed, asked.images) for seed in range(asked.seeds)]
    except NoDataError as reason:
        print(f"skipped: {reason}")
        return
    print(
        f"the share of {FLIPPED:.0%} flipped labels in the first {LOOKED_AT:.0%}, after {EPOCHS} epochs, by seed:"
    )
    for by in runs[0]:
        print(f"  {by:14s}", *(f"{run[by]:6.1%}" for run in runs))


if __name__ == "__main__":
    main()
