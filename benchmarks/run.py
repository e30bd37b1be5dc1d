"""Measures what the README and the docs claim, each as a ratio within one run: `make bench`, or a part by its name.

    python benchmarks/run.py            everything, and the tables of docs/benchmarks.md
    python benchmarks/run.py --quick    small sizes, without torch.compile, to see that it runs; docs untouched
    python benchmarks/run.py table      Backlit beside NumPy, PyTorch, JAX, scikit-learn and ONNX Runtime
    python benchmarks/run.py table --works book-30 --peers jax numpy    some of it
    python benchmarks/run.py peak       one core's peak in float32
    python benchmarks/run.py whole      the book's first network, 30 epochs in one process
    python benchmarks/run.py threads    784-512-512-10 on two threads beside one
    python benchmarks/run.py many       32 networks by fit_many beside one after another
    python benchmarks/run.py growth     how time grows with rows, width, depth and batch; plots in build/bench/
    python benchmarks/run.py memory     what training on MNIST adds to the process
    python benchmarks/run.py estimators  BacklitClassifier and BacklitRegressor beside scikit-learn's MLPs
    python benchmarks/run.py engine     the NumPy engine beside a hand-written NumPy loop
    python benchmarks/run.py start      `import backlit` beside `import numpy`, and `backlit --help`
    python benchmarks/run.py document   the tables of docs/benchmarks.md from the figures kept in build/bench/
    python benchmarks/run.py examples   norms, cosines, variances of 10,000 examples' gradients (not part of everything)
    python benchmarks/run.py flipped_labels    how many wrong labels a ranking of examples finds (nor is this)
    python benchmarks/run.py photos     how well photographs of digits are read (minutes; not part of everything)

Both sides of a ratio are run in turn, several times, and medians are compared: on a shared machine a single time says
little. What is said of one core is run on one core, and every library is held to as many threads.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
KEPT = (
    "peak",
    "table",
    "whole",
    "threads",
    "many",
    "growth",
    "memory",
    "estimators",
)  # they know --quick, and keep figures
PRINTED = ("engine", "start")
ALSO = ("document", "examples", "flipped_labels", "photos")


def main() -> int:
    """Runs the parts asked for, each in a process of its own, so that none inherits another's memory or threads."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS
    )
    known = KEPT + PRINTED + ALSO
    parser.add_argument("parts", nargs="*", default=[], metavar="part", help=" ".join(known))
    parser.add_argument("--threads", type=int, default=1, help="BLAS threads of engine and start (1)")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--works", nargs="*", default=[], metavar="KEY", help="of table")
    parser.add_argument(
        "--peers", nargs="*", default=[], metavar="NAME", help="of table: beginnings of names"
    )
    options = parser.parse_args()
    unknown = set(options.parts) - set(known)
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    parts = options.parts or [*KEPT, *PRINTED, *([] if options.quick else ["document"])]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment |= dict.fromkeys(names, str(options.threads))
    codes = []
    for part in parts:
        print(f"— {part}", flush=True)
        arguments = ["--quick"] if options.quick and part in KEPT else []
        if part == "table":
            arguments += [
                word
                for name in ("works", "peers")
                if (given := getattr(options, name))
                for word in (f"--{name}", *given)
            ]
        script = "report" if part == "document" else part
        command = [sys.executable, str(HERE / f"{script}.py"), *arguments]
        codes.append(subprocess.run(command, env=environment, check=False).returncode)
    return max(codes, key=abs)


if __name__ == "__main__":
    sys.exit(main())
