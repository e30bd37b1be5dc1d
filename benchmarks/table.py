"""Every work on Backlit and its peers in turn: the table of docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys

import report
from compare import PeerError, compare
from peers import entries
from tasks import NoDataError
from works import WORKS

ROUNDS, QUICK_ROUNDS = 7, 2


def main() -> int:
    """Measures the works asked for, prints and keeps each; 1 where a peer came to another result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--works", nargs="*", default=[work.key for work in WORKS], metavar="KEY")
    parser.add_argument("--peers", nargs="*", default=[], metavar="NAME", help="beginnings of names")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    unknown = set(options.works) - {work.key for work in WORKS}
    if unknown:
        parser.error(
            f"unknown work {', '.join(sorted(unknown))}; known: {', '.join(work.key for work in WORKS)}"
        )
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    only = ["backlit", *options.peers] if options.peers else []
    code, measured = 0, []
    for work in WORKS:
        if work.key not in options.works:
            continue
        try:
            if options.quick:
                chosen = [entry for entry in entries(work) if not entry.starts_slowly]
                row = compare(work.quick(), rounds, only=only, chosen=chosen)
            else:
                row = compare(work, rounds, only=only)
        except NoDataError as reason:
            print(f"{work.label}\n  skipped: {reason}", flush=True)
        except PeerError as reason:
            print(f"{work.label}\n  FAILED: {reason}", flush=True)
            code = 1
        else:
            print("\n".join(report.lines_of(row, options.quick)), flush=True)
            rows = report.kept(options.quick).get("works", {}) | {work.key: row}
            in_order = {one.key: rows[one.key] for one in WORKS if one.key in rows}
            report.keep("works", in_order, options.quick)
            measured.append(row)
    print(report.versions(measured))
    return code


if __name__ == "__main__":
    sys.exit(main())
