"""Keeps what was measured as JSON in build/bench/, and writes the tables of docs/benchmarks.md from it.

Every part keeps its own figures, so that one can be measured again without the others. What --quick measured is kept
apart and never reaches the document.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "bench"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
FAMILIES = {
    "NumPy": ("numpy",),
    "PyTorch eager": ("torch-eager",),
    "torch.compile": ("torch-compile",),
    "PyTorch sparse": ("torch-sparse", "torch-embedding"),
    "JAX": ("jax",),
    "scikit-learn": ("scikit-learn",),
    "ONNX Runtime": ("onnxruntime",),
    "the book's loops": ("book-loops",),
}
Peers = dict[str, dict[str, Any]]


def path(quick: bool) -> Path:
    """Where figures are kept."""
    return FOLDER / ("quick.json" if quick else "results.json")


def kept(quick: bool) -> dict[str, Any]:
    """All figures so far, by part."""
    place = path(quick)
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}
    return found


def keep(part: str, found: Any, quick: bool) -> None:
    """Keeps the figures of a part, with the date and the machine."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    everything = kept(quick) | {part: found, "machine": machine()}
    text = json.dumps(everything, indent=1, ensure_ascii=False) + "\n"
    path(quick).write_text(text, encoding="utf-8")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    name, info = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if info.is_file():
        models = (
            line.split(":", 1)[1].strip()
            for line in info.read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        )
        name = next(models, name)
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def ours(peers: Peers) -> float:
    """Backlit's microseconds; for inference the better of bytes and float32 as inputs, as with its peers."""
    return min(float(one["microseconds"]) for name, one in peers.items() if name.startswith("backlit"))


def fastest(peers: Peers, beginnings: Iterable[str] = ("",)) -> tuple[str, float] | None:
    """The name and microseconds of the fastest of the peers whose names begin so; Backlit is none of them."""
    times = {
        name: one["microseconds"]
        for name, one in peers.items()
        if not name.startswith("backlit") and name.startswith(tuple(beginnings))
    }
    return min(times.items(), key=lambda pair: pair[1]) if times else None


def ratios(row: dict[str, Any]) -> list[dict[str, Any]]:
    """For each ratio that the row should reach: against whom, what it is, and what is wanted."""
    aims, found = dict(row["work"]["aim"]), []
    for beginning, least in row["work"]["at_least"]:
        best = fastest(row["peers"], (beginning,))
        if best:
            found.append(
                {
                    "against": best[0],
                    "ratio": best[1] / ours(row["peers"]),
                    "at_least": least,
                    "aim": aims.get(beginning),
                }
            )
    return found


def lines_of(row: dict[str, Any], quick: bool) -> list[str]:
    """A row for the terminal: every configuration, and its ratios, which mean nothing of a quick run."""
    lines = [row["label"]]
    for name, one in sorted(row["peers"].items(), key=lambda pair: pair[1]["microseconds"]):
        spread = f"{min(one['turns']):9.1f} to {max(one['turns']):.1f}"
        cost = "" if one["cost"] is None else f"   cost {one['cost']:.5f}"
        other = "" if one["same_cost"] else " (of its own kind)"
        lines.append(f"  {name:22s}{one['microseconds']:10.1f} µs {spread}{cost}{other}")
    for one in [] if quick else ratios(row):
        verdict = "reached" if one["ratio"] >= one["at_least"] else "MISSED"
        aim = "" if one["aim"] is None else f", aim {one['aim']:g}"
        lines.append(
            f"  {one['against']} ÷ Backlit: {one['ratio']:.2f} (at least {one['at_least']:g}{aim}): {verdict}"
        )
    return lines


def write_document() -> None:
    """Puts the tables of all kept figures between the two marks of docs/benchmarks.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{_tables(kept(quick=False))}\n{END}{after}", encoding="utf-8")


def _tables(found: dict[str, Any]) -> str:
    sections: list[tuple[str, Callable[[dict[str, Any]], list[str]]]] = [
        ("works", _targets),
        ("works", _each_peer),
        ("works", _arithmetic),
        ("whole", _whole),
        ("threads", _threads),
        ("many", _many),
        ("memory", _memory),
        ("growth", _growth),
    ]
    parts = [_about(found)]
    parts += [make(found) for name, make in sections if name in found]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def versions(rows: Iterable[dict[str, Any]]) -> str:
    """Of all that took part in these rows of the table."""
    return "; ".join(sorted({one["version"] for row in rows for one in row["peers"].values()}))


def _about(found: dict[str, Any]) -> list[str]:
    on, rows = found["machine"], found.get("works", {}).values()
    lines = [
        f"Measured {on['date']} on {on['processor']}, {on['cores']} cores, {on['system']}, Python {on['python']}."
    ]
    return [*lines, f"{versions(rows)}."] if rows else lines


def _targets(found: dict[str, Any]) -> list[str]:
    lines = [
        "| work | Backlit, µs | fastest peer, µs | ratio | at least | aim |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in found["works"].values():
        for number, one in enumerate(ratios(row)):
            name = row["label"] if number == 0 else "″"
            theirs = f"{one['against']} {_short(row['peers'][one['against']]['microseconds'])}"
            aim = "" if one["aim"] is None else f"{one['aim']:g}"
            cells = (
                name,
                _short(ours(row["peers"])),
                theirs,
                f"{one['ratio']:.2f}",
                f"{one['at_least']:g}",
                aim,
            )
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _each_peer(found: dict[str, Any]) -> list[str]:
    rows = found["works"].values()
    heads = [head for head, names in FAMILIES.items() if any(fastest(row["peers"], names) for row in rows)]
    lines = [
        "Microseconds a step (a call, for inference), the best of each peer's configurations, named in brackets:",
        "",
        f"| work | Backlit | {' | '.join(heads)} |",
        f"| --- |{' ---: |' * (len(heads) + 1)}",
    ]
    for row in rows:
        cells = [row["label"], _short(ours(row["peers"]))]
        for head in heads:
            best = fastest(row["peers"], FAMILIES[head])
            cells.append("–" if best is None else _named(row, head, best))
        lines.append(f"| {' | '.join(cells)} |")
    if any(not one["same_cost"] for row in rows for one in row["peers"].values()):
        lines += ["", "\\* the peer lacks this pair of output and cost, and trains on its own one."]
    return lines


def _named(row: dict[str, Any], head: str, best: tuple[str, float]) -> str:
    star = "" if row["peers"][best[0]]["same_cost"] else "\\*"
    several = sum(name.startswith(FAMILIES[head]) for name in row["peers"]) > 1
    return f"{_short(best[1])}{star}" + (f" ({best[0]})" if several else "")


def _arithmetic(found: dict[str, Any]) -> list[str]:
    """GFLOP/s: what was computed, and what a dense program would have had to."""
    peak = found.get("peak")
    if not peak:
        return []
    shape = f"{peak['size']} × {peak['size']}"
    lines = [
        f"One core's peak, by NumPy's product of {shape} float32 matrices: {peak['gflops']:.0f} GFLOP/s.",
        'What is "done" leaves out the products with zero inputs that are skipped; "dense" counts them.',
        "The dense limit is the time that the dense products alone would take at that peak.",
        "",
        "| work | GFLOP/s done | of the peak | dense GFLOP/s | of the peak | dense limit, µs |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in found["works"].values():
        top = peak["gflops"] * row["work"]["threads"]
        cells = [row["label"]]
        for name in ("operations_done", "operations_dense"):
            rate = row[name] / ours(row["peers"]) / 1000
            cells += [f"{rate:.1f}", f"{rate / top:.0%}"]
        cells.append(_short(row["operations_dense"] / top / 1000))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _whole(found: dict[str, Any]) -> list[str]:
    one = found["whole"]
    lines = [
        "The book's first network, 30 epochs in one process from its start to its end, data loading and evaluation",
        f"after each epoch included: **{one['seconds']:.1f} s**, {one['accuracy']:.2%} of the test digits right.",
    ]
    if "book_seconds" in one:
        lines.append(
            f"The book's loops would take {one['book_seconds']:.0f} s for the steps of 30 epochs alone."
        )
    return lines


def _threads(found: dict[str, Any]) -> list[str]:
    one = found["threads"]
    times = f"{_short(one['one'])} µs a step on one thread, {_short(one['two'])} on two"
    return [f"{one['label']}: {times}: {one['ratio']:.2f} × (at least 1.6 is wanted)."]


def _many(found: dict[str, Any]) -> list[str]:
    one = found["many"]
    times = f"{one['together']:.2f} s, one after another {one['apart']:.2f} s"
    return [
        f"`fit_many` of {one['networks']} networks {one['shape']} on {one['cores']} cores: {times}:",
        f"{one['ratio']:.2f} × (at most 0.55 is wanted).",
    ]


def _memory(found: dict[str, Any]) -> list[str]:
    one = found["memory"]
    added = f"{one['added']:.0f} MiB to the process's peak beyond the array"
    return [f"Training on MNIST's bytes adds {added} (at most {one['most']:.0f} MiB is wanted)."]


def _growth(found: dict[str, Any]) -> list[str]:
    lines = ["| what grows | from | to | time grows with its power |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {name} | {one['sizes'][0]:,} | {one['sizes'][-1]:,} | {one['exponent']:.2f} |"
        for name, one in found["growth"].items()
    ]
    return lines


def _short(number: float) -> str:
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"


if __name__ == "__main__":
    write_document()
    print(f"{DOCUMENT.relative_to(ROOT)} has the figures of {path(quick=False).relative_to(ROOT)}")
