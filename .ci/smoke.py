"""Whether an installed Backlit has its native engine, and whether it computes what the reference does.

For wheels and unusual builds, where the suite isn't at hand; the suite is what proves the engine. Prints one line.
"""

from __future__ import annotations

import os

import numpy as np

import backlit
from backlit.engines import ENGINES


def trained(engine: str, cpu: str | None = None, threads: int | None = None) -> np.ndarray:
    """θ of a small classifier after two epochs; its first layer is large enough to be shared by two threads."""
    if cpu is not None:
        os.environ["BACKLIT_CPU"] = cpu
    rng = np.random.default_rng(0)
    x = rng.random((300, 200), dtype=np.float32)
    net = backlit.Network([200, 150, 10], activations=["relu", "softmax"], cost="cross_entropy", seed=1)
    y = rng.integers(10, size=300)
    net.fit(x, y, epochs=2, batch_size=128, eta=0.1, engine=engine, threads=threads, progress=False)
    return net.theta.copy()


def main() -> None:
    """Raises AssertionError where something is wrong."""
    assert "cpu" in ENGINES, "the native engine is not part of this installation"
    expected = trained("numpy")
    from backlit import _native

    for cpu in _native.cpus():
        one, two = (trained("cpu", cpu, threads) for threads in (1, 2))
        assert (one == two).all(), f"{cpu}: two threads give other bits than one"
        error = abs(one - expected).max() / abs(expected).max()
        assert error < 1e-4, f"{cpu} differs from NumPy by {error}"
    print(f"backlit {backlit.__version__}: the native engine works ({', '.join(_native.cpus())})")


if __name__ == "__main__":
    main()
