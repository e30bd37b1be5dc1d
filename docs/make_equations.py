"""Writes the tables of equations.md from what Backlit computes with: the registry, and the tables of functions.

``python docs/make_equations.py`` rewrites what stands between the page's markers; ``--check`` writes nothing and ends
with 1 where the page differs. The words around the tables are written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from backlit.equations import EQUATIONS
from backlit.functions import ACTIVATIONS, COSTS, PAIRS, Activation, Cost

PAGE = Path(__file__).with_name("equations.md")
TARGETS = {
    "values": "numbers",
    "probabilities": "0 to 1 each",
    "distribution": "a class, one-hot or soft labels",
    "signs": "−1 or 1",
    "counts": "0 or more",
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [list(head), ["---"] * len(list(head)), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def equations() -> str:
    """Every tag of the registry."""
    rows = (
        (tag, f"${one.tex}$", one.source, f"`{tag}`: {first_line(one.function)}")
        for tag, one in EQUATIONS.items()
    )
    return table(("tag", "equation", "where it comes from", "in code, `backlit.equations`"), rows)


def first_line(function: Callable[..., object]) -> str:
    """What a docstring says first."""
    return str(function.__doc__).strip().splitlines()[0].rstrip(".").replace("``", "`")


def activations() -> str:
    """Every activation, with its parameters as they are unless given."""
    rows = []
    for build in ACTIVATIONS.values():
        row = build()
        rows.append((f"`{option(row)}`", f"${row.tex}$", f"${row.tex_derivative}$", kinks(row), row.source))
    return table(("name", "$a$", "$\\sigma'(z)$", "kinks", "source"), rows)


def option(row: Activation | Cost) -> str:
    """The row's name and parameters, these to four digits."""
    inside = ", ".join(f"{key}={value:.4g}" for key, value in row.parameters.items())
    return f"{row.name}({inside})" if inside else row.name


def kinks(row: Activation) -> str:
    """Where σ′ jumps, from what to what, and what is taken there."""
    said = [
        f"z = {kink.z:.4g}: from {kink.left:.4g} to {kink.right:.4g}, there {kink.value:.4g}"
        for kink in row.kinks
    ]
    return "; ".join(said).replace("-", "−") or "none"


def costs() -> str:
    """Every cost."""
    rows = []
    for build in COSTS.values():
        row = build()
        jumps = "; ".join(f"${kink.where}$: {kink.value:.4g}" for kink in row.kinks) or "none"
        formulas = (f"${row.tex}$", f"${row.tex_derivative}$")
        rows.append((f"`{option(row)}`", *formulas, TARGETS[row.targets], jumps, row.source))
    head = (
        "name",
        "$C_x$",
        "$\\partial C_x / \\partial a^L_j$",
        "targets",
        "kinks, and the value there",
        "source",
    )
    return table(head, rows)


def pairs() -> str:
    """Every pair that is computed from z."""
    rows = ((f"`{sigma}`", f"`{cost}`", f"${pair.tex_delta}$") for (sigma, cost), pair in PAIRS.items())
    return table(("last activation", "cost", "$\\delta^L_j$"), rows)


def written(page: str) -> str:
    """The page with its tables as they are now."""
    for make in (equations, activations, costs, pairs):
        between = re.compile(rf"(<!-- {make.__name__} -->\n).*?(<!-- end -->)", re.DOTALL)
        page, count = between.subn(lambda found, make=make: f"{found[1]}\n{make()}\n\n{found[2]}", page)
        if count != 1:
            raise SystemExit(f"{PAGE.name} has {count} places for the table of {make.__name__}; it needs one")
    return page


def main(arguments: list[str]) -> int:
    """Rewrites the page, or with --check says whether that would change it."""
    now = PAGE.read_text(encoding="utf-8")
    new = written(now)
    if "--check" in arguments:
        if new != now:
            print(
                f"{PAGE.name} is not what the code says; run python docs/make_equations.py", file=sys.stderr
            )
        return int(new != now)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
