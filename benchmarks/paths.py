"""How long the 100 largest of 687,194,767,360 paths take, and what they add to a process's peak memory.

784-512-512-512-512-10 from one pixel (docs/paths.md): fresh networks of relu and of sigmoid, one where every path is
0, so that only the rule for ties decides, a longer list, and a batch. Each is a process of its own.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from pathlib import Path

MOST_SECONDS, MOST_MEGABYTES = 2.0, 300.0
CASES = {
    "one example, relu, softmax": ("relu", 1, 100, 0),
    "one example, sigmoid throughout": ("sigmoid", 1, 100, 0),
    "one example, all paths 0": ("relu", 1, 100, 1),
    "one example, 10,000 paths": ("relu", 1, 10_000, 0),
    "32 examples": ("relu", 32, 100, 0),
}
_ONE = """
import sys, time
import numpy as np
import backlit
from memory import peak_of_this

sigma, m, k, dead = sys.argv[1], *map(int, sys.argv[2:])
last, cost = ("softmax", "cross_entropy") if sigma == "relu" else ("sigmoid", "half_squared_error")
net = backlit.Network([784, 512, 512, 512, 512, 10], activations=[sigma] * 4 + [last], cost=cost, seed=0)
if dead:
    net.w[5] = np.zeros((10, 512))
x, y = np.random.default_rng(0).random((m, 784)), np.arange(m) % 10
net.paths("dC/dw[5][0,0]", x[:1], y[:1])  # imports and BLAS's own memory, once
before, start = peak_of_this(), time.perf_counter()
found = net.paths("dC/dx[300]", x, y, top=k)
took = time.perf_counter() - start
print(took, (peak_of_this() - before) * 2**20 / 1e6, found.count, len(found), found.opened, found.agrees)
"""


def measure(sigma: str, m: int, k: int, dead: int) -> list[str]:
    """Seconds, megabytes added to the peak, paths in all, paths listed, beginnings opened, whether the sum agrees."""
    command = [sys.executable, "-c", _ONE, sigma, str(m), str(k), str(dead)]
    here = Path(__file__).parent
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=here).stdout.split()


def main() -> int:
    """Prints a table, and whether the target is met; exit code 1 where it is not."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(platform.processor() or platform.machine(), "Python", platform.python_version())
    print(f"{'case':34} {'paths':>20} {'listed':>7} {'opened':>7} {'seconds':>8} {'MB':>6}")
    met = True
    for case, arguments in CASES.items():
        seconds, megabytes, count, listed, opened, agrees = measure(*arguments)
        took, grown = float(seconds), float(megabytes)
        print(f"{case:34} {int(count):>20,} {int(listed):>7,} {int(opened):>7,} {took:8.2f} {grown:6.0f}")
        within = took < MOST_SECONDS and grown < MOST_MEGABYTES
        met &= agrees == "True" and (within or arguments[2] > 100)
    print(f"under {MOST_SECONDS:g} s and {MOST_MEGABYTES:g} MB for 100 paths: {'yes' if met else 'NO'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
