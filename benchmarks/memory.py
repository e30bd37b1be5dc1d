"""What training on MNIST adds to a process's peak memory: beyond an array of bytes, and by the command line.

Reads $BACKLIT_DATA/mnist; each measurement is a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import report
from compare import environment
from tasks import NoDataError, mnist

ROWS = 50_000
MOST_ADDED = 60e6 / 2**20  # MiB, of training on the array of bytes, index and all
_COMMAND_LINE = """
import sys
from backlit.cli import main
code = main(sys.argv[1:])
from memory import peak_of_this
print(peak_of_this(), file=sys.stderr)
sys.exit(code)
"""
_FROM_BYTES = """
import sys
import numpy as np
import backlit
from backlit.inputs import Pixels
from memory import peak_of_this

levels, labels = np.load(sys.argv[1]), np.load(sys.argv[2])
net = backlit.Network([784, 30, 10], cost="half_squared_error", dtype=np.float32)
before = peak_of_this()
net.fit(Pixels(levels), labels, epochs=2, batch_size=10, eta=3.0, engine="cpu", threads=1, progress=False)
print(peak_of_this() - before)
"""


def peak_of_this() -> float:
    """The most resident memory that this process ever had, in MiB.

    Linux's own count, where it is, since getrusage also counts what the process that started this one had.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def last_word(program: str, *arguments: str, errors: bool = False) -> float:
    """The last number that a program printed, on stderr where ``errors``."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment(1))
    if done.returncode:
        sys.exit(done.stderr)
    return float((done.stderr if errors else done.stdout).split()[-1])


def main() -> None:
    """Prints both, and keeps the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    try:
        found = mnist()
    except NoDataError as reason:
        print(f"memory: skipped: {reason}")
        return
    with tempfile.TemporaryDirectory() as folder:
        levels, labels, out = (str(Path(folder) / name) for name in ("x.npy", "y.npy", "mnist.safetensors"))
        np.save(levels, found.inputs.block[:ROWS])
        np.save(labels, np.asarray(found.wanted[:ROWS], dtype=np.int64))
        added = last_word(_FROM_BYTES, levels, labels)
        print("MiB of resident memory:")
        print(f"  training on an array of bytes adds {added:6.0f}   (at most {MOST_ADDED:.0f} is wanted)")
        report.keep("memory", {"added": added, "most": MOST_ADDED}, quick)
        bare = last_word(_COMMAND_LINE, "data", "list", errors=True)
        options = ("--layers", "30", "--epochs", "1", "--batch-size", "10", "--out", out)
        train = last_word(_COMMAND_LINE, "train", "mnist", *options, errors=True)
    print(f"  peak of `backlit train mnist`     {train:7.0f}")
    print(f"  of which a process that only lists {bare:6.0f}")


if __name__ == "__main__":
    main()
