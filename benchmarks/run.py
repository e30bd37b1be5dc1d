"""Measures what the README and the docs claim, each as a ratio within one run: `make bench`, or a part by its name.

    python benchmarks/run.py            everything
    python benchmarks/run.py engine     the NumPy engine beside a hand-written NumPy loop
    python benchmarks/run.py memory     what training MNIST adds to the process beyond the float copy of the data
    python benchmarks/run.py start      `import backlit` beside `import numpy`, and `backlit --help`
    python benchmarks/run.py photos     how well photographs of digits are read (minutes; not part of everything)

Both sides of a ratio are run in turn, several times, and the medians and the least are printed: on a shared machine a
single time says little. The number of BLAS threads is 1 unless --threads says otherwise.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

PARTS = ("engine", "memory", "start")
ALSO = ("photos",)


def main() -> int:
    """Runs the parts asked for, each in a process of its own, so that none inherits another's memory or threads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=[], metavar="part", help=" ".join(PARTS + ALSO))
    parser.add_argument("--threads", type=int, default=1, help="BLAS threads (1)")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS + ALSO)
    if unknown:
        parser.error(f"unknown part {', '.join(unknown)}; known: {', '.join(PARTS + ALSO)}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    environment |= dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(options.threads)
    )
    for part in options.parts or PARTS:
        script = Path(__file__).with_name(f"{part}.py")
        code = subprocess.run([sys.executable, str(script)], env=environment, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
