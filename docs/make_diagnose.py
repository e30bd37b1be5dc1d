"""Puts the tables of mistakes, and what was measured of the mistake namer, into docs/diagnose.md, between their marks.

    python docs/make_diagnose.py             writes the tables and measures anew (ten minutes on one core)
    python docs/make_diagnose.py --tables    writes the tables alone
    python docs/make_diagnose.py --check     ends with 1 where the tables are not what the program says

What is measured: the implementations of tests/verify/planted, with each mistake planted in them; pairs of mistakes;
right gradients. The text around the marks is written by hand.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # read when NumPy is first imported; the networks are small

DOCS = Path(__file__).parent
PAGE = DOCS / "diagnose.md"
_MARK = re.compile(r"<!-- (?P<kind>table|measured): (?P<name>\w+) -->\n.*?<!-- end -->", re.DOTALL)
SEED, EACH, PAIRS, RIGHT = 1, 100, 500, 1000


def table(about: str) -> str:
    """The mistakes of one kind, or what prevents a judgement, as a table in Markdown."""
    from backlit.verify.calling.outcome import TROUBLES
    from backlit.verify.mistakes import MISTAKES

    if about == "trouble":
        rows = [(f"`{name}`", meaning) for name, meaning in TROUBLES.items()]
        return _table(("id", "what it is"), rows)
    lines = [(one, one.lines_at(1, 2)) for one in MISTAKES.values() if one.about == about]
    told = [
        (f"`{one.id}`", _text(one.meaning), _code(line.before), _code(line.after), ", ".join(one.breaks))
        for one, line in lines
    ]
    return _table(("id", "what it is", "for example", "instead of", "breaks"), told)


def _text(meaning: str) -> str:
    return meaning.replace("{{", "{").replace("}}", "}").replace("|", r"\|")


def _code(line: str) -> str:
    return f"`{line}`".replace("|", r"\|") if line else "–"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def measured(name: str) -> str:
    """One of the three measurements: "mistakes", "pairs", "right"."""
    sys.path.insert(0, str(DOCS.parent / "tests"))
    return {"mistakes": _mistakes, "pairs": _pairs, "right": _right}[name]()


def _answers(drawn: Iterator[Any], count: int, what: str) -> list[Any]:
    from verify.planted.judge import ask

    answers = []
    for place, case in enumerate(drawn, start=1):
        answers.append(ask(case))
        if sys.stderr.isatty():
            print(f"\r{what:<32} {place:>5} of {count}", end="", file=sys.stderr, flush=True)
    return answers


def _mistakes() -> str:
    from verify.planted import cases

    rows = []
    named, styles = 0, set()
    for name in cases.PLACES:
        answers = _answers((cases.case(name, SEED, number) for number in range(EACH)), EACH, name)
        good = [answer for answer in answers if answer.names(name)]
        others = Counter(answer.instead() for answer in answers if not answer.names(name))
        placed = [answer for answer in good if answer.case.layers(name)]
        exact = _share(sum(answer.at(name) for answer in placed), len(placed)) if placed else "–"
        rows.append((f"`{name}`", _share(len(good), EACH), exact, _listed(others)))
        named += len(good)
        styles |= {answer.case.style for answer in answers}
    total = len(rows) * EACH
    head = (
        f"{total:,} planted cases, {EACH} of each mistake, seed {SEED}, styles: {', '.join(sorted(styles))}.\n"
        f"Named first: {_share(named, total)}; the least of any mistake: {_least(rows)}.\n\n"
    )
    return head + _table(("planted", "named first", "of these in just its layers", "else named"), rows)


def _pairs() -> str:
    from verify.planted import cases

    answers = _answers((cases.pair(SEED, number) for number in range(PAIRS)), PAIRS, "pairs")
    good = [answer.names_all() for answer in answers]
    half = sum(any(one.names(name) for name in one.case.ids) for one in answers if not one.names_all())
    apart = Counter(name for a, found in zip(answers, good, strict=True) if not found for name in a.case.ids)
    most = Counter(dict(apart.most_common(4)))
    return (
        f"{PAIRS:,} pairs, seed {SEED}: both are named in {_share(sum(good), PAIRS)}, one of the two first in another\n"
        f"{_share(half, PAIRS)}. Most often in a pair that was not named: {_listed(most)}.\n"
    )


def _right() -> str:
    from verify.planted import cases

    answers = _answers((cases.right(SEED, number) for number in range(RIGHT)), RIGHT, "right gradients")
    alarms = sum(not answer.report.right for answer in answers)
    single = sum(answer.case.net.dtype == "float32" for answer in answers)
    return f"{RIGHT:,} right gradients, {single:,} of them in float32, seed {SEED}: {alarms} called wrong.\n"


def _share(part: int, of: int) -> str:
    """A percentage that is 100 only where nothing is missing, and the counts."""
    percent = int(1000 * part / of) / 10 if of else 0.0
    return f"{percent:g}% ({part:,} of {of:,})"


def _least(rows: list[tuple[str, ...]]) -> str:
    return min((row[1] for row in rows), key=lambda text: float(text.split("%")[0]))


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"`{name}` {count}" for name, count in counts.most_common()) or "–"


def made(*, measuring: bool) -> dict[tuple[str, str], str]:
    """What belongs between the marks: the tables, and what was measured."""
    parts = {("table", about): table(about) for about in ("gradient", "forward", "update", "trouble")}
    if measuring:
        parts |= {("measured", name): measured(name) for name in ("mistakes", "pairs", "right")}
    return parts


def page(text: str, parts: dict[tuple[str, str], str]) -> str:
    """The page with these parts between their marks; raises SystemExit where one has no mark."""
    absent = set(parts) - {(found["kind"], found["name"]) for found in _MARK.finditer(text)}
    if absent:
        wanted = ", ".join(sorted(f"<!-- {kind}: {name} -->" for kind, name in absent))
        raise SystemExit(f"docs/diagnose.md should have the marks {wanted}, each with its <!-- end -->")

    def filled(found: re.Match[str]) -> str:
        part = parts.get((found["kind"], found["name"]))
        return found[0] if part is None else f"<!-- {found['kind']}: {found['name']} -->\n{part}<!-- end -->"

    return _MARK.sub(filled, text)


def main(arguments: list[str]) -> int:
    """Writes or checks the page; returns the exit code."""
    if arguments not in ([], ["--tables"], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    parts = made(measuring=not arguments)
    before = PAGE.read_text(encoding="utf-8")  # not earlier: it may be edited while the measuring goes on
    after = page(before, parts)
    if arguments == ["--check"]:
        if before != after:
            print(
                "docs/diagnose.md is not what the program says: run python docs/make_diagnose.py --tables",
                file=sys.stderr,
            )
        return int(before != after)
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
