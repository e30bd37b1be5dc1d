"""784-512-512-10 on one thread and on two, in turn; the weights that come out must be the same bits."""

from __future__ import annotations

import argparse
import os

import report
from compare import compare
from peers import Entry
from tasks import NoDataError
from works import WORKS

ROUNDS, QUICK_ROUNDS = 7, 2


def main() -> None:
    """Prints and keeps both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    if (os.cpu_count() or 1) < 2:
        print("two threads: skipped: this machine has one core")
        return
    work = next(work for work in WORKS if work.key == "mnist-512-512")
    work = work.quick() if quick else work
    chosen = [
        Entry(f"backlit-{n}-threads", "peers.backlit_fit", lambda work: True, threads=n) for n in (1, 2)
    ]
    try:
        peers = compare(work, QUICK_ROUNDS if quick else ROUNDS, chosen=chosen)["peers"]
    except NoDataError as reason:
        print(f"two threads: skipped: {reason}")
        return
    one, two = (peers[entry.name]["microseconds"] for entry in chosen)
    shape = "-".join(map(str, work.sizes))
    print(
        f"{shape}, batch {work.batch}: one thread {one:.0f} µs, two {two:.0f} µs: {one / two:.2f} × (at least 1.6)"
    )
    report.keep("threads", {"label": shape, "one": one, "two": two, "ratio": one / two}, quick)


if __name__ == "__main__":
    main()
