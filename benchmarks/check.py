"""How long a check takes: 784-100-10, all 79,510 entries on 10 examples, and 8-6-4 in 50 digits (docs/check.md).

The examples are MNIST's where its files are ($BACKLIT_DATA), else as sparse as they are. Each case is a process of its
own; the seconds are those of the call of ``check``, its first in that process, and the peak is the whole process's.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from pathlib import Path

CASES = {  # sizes, activation, dtype, method, examples, most seconds
    "784-100-10, differences and complex step": (
        "784,100,10",
        "sigmoid",
        "float64",
        "differences,complex",
        10,
        60.0,
    ),
    "784-100-10, relu, float32": ("784,100,10", "relu", "float32", "differences,complex", 10, 60.0),
    "784-512-512-10": ("784,512,512,10", "relu", "float64", "differences,complex", 10, 60.0),
    "8-6-4, 50 digits": ("8,6,4", "sigmoid", "float64", "digits", 10, 5.0),
    "784-100-10, 50 digits": ("784,100,10", "sigmoid", "float64", "digits", 10, 120.0),
}
_ONE = """
import sys, time
import numpy as np
import backlit
from backlit.errors import BacklitError
from backlit.verify import check
from memory import peak_of_this

sizes, sigma, dtype, methods, m = sys.argv[1:6]
sizes, m, rng = [*map(int, sizes.split(","))], int(m), np.random.default_rng(0)
net = backlit.Network(
    sizes, activations=[sigma] * (len(sizes) - 2) + ["softmax"], cost="cross_entropy", seed=0, dtype=dtype
)
x, what = rng.random((m, sizes[0])) * (rng.random((m, sizes[0])) < 0.2), "random"
y = rng.integers(0, sizes[-1], m)
if sizes[0] == 784:
    try:
        images, labels = backlit.data.load("mnist").arrays()
        x, y, what = np.asarray(images[:m], dtype), labels[:m], "MNIST"
    except BacklitError:
        pass
start = time.perf_counter()
report = check(net, x, y, methods=methods.split(","), progress=False)
took = time.perf_counter() - start
print(took, peak_of_this(), report.total, report.agree, report.differ, report.sampled, what)
"""


def measure(case: tuple[str, str, str, str, int, float]) -> list[str]:
    """Seconds, peak in MiB, entries, those that agree and differ, the sample's size, and whose examples."""
    command = [sys.executable, "-c", _ONE, *map(str, case[:5])]
    here = Path(__file__).parent
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=here).stdout.split()


def main() -> int:
    """Prints a table; exit code 1 where a case takes too long, is not whole, or something differs."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(platform.processor() or platform.machine(), "Python", platform.python_version())
    print(
        f"{'case':42} {'examples':>10} {'entries':>9} {'agree':>9} {'seconds':>8} {'at most':>8} {'peak MiB':>9}"
    )
    met = True
    for name, case in CASES.items():
        seconds, peak, entries, agree, differ, sampled, what = measure(case)
        took = float(seconds)
        print(
            f"{name:42} {what:>10} {int(entries):>9,} {int(agree):>9,} {took:8.2f} {case[5]:8.0f} {float(peak):9.0f}"
        )
        met &= took < case[5] and differ == "0" and sampled == "None"
    print(f"all entries, none differs, in time: {'yes' if met else 'NO'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
