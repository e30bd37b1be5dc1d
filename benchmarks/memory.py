"""What training on MNIST's uint8 files adds to the process's peak memory beyond the float copy of the data.

Reads $BACKLIT_DATA/mnist, or downloads it once; the same command line that people use runs in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

FLOAT_COPY = 60_000 * 784 * 4 / 2**20  # MiB: 50,000 to train on and 10,000 to validate on
_WATCHED = """
import resource, sys
from backlit.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)
sys.exit(code)
"""


def peak(*arguments: str) -> float:
    """The peak resident memory, in MiB, of the command line run with these arguments."""
    command = [sys.executable, "-c", _WATCHED, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ)
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stderr.split()[-1])


def main() -> None:
    """Prints the peak, the bare process's and the float copy's size, and what is left."""
    bare = peak("data", "list")
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "mnist.safetensors")
        train = peak("train", "mnist", "--layers", "30", "--epochs", "1", "--batch-size", "10", "--out", out)
    print("MiB of resident memory:")
    print(f"  peak of `backlit train mnist`     {train:7.0f}")
    print(f"  of which the float32 copy         {FLOAT_COPY:7.0f}")
    print(f"  of which a process that only lists {bare:6.0f}")
    print(f"  beyond the float copy             {train - FLOAT_COPY:7.0f}   (at most 300 is wanted)")


if __name__ == "__main__":
    main()
