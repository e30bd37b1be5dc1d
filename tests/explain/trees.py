"""Derivations of every kind for the renderers: those of the proofs, the note's chain, kinks, columns, hostile names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

import backlit
from backlit import Network
from backlit.data.recipe import Recipe
from backlit.explain import Derivation
from backlit.explain.formula import figures
from backlit.explain.rows import corner_of, table_of, values_of

from .test_explain_kinks import blank
from .test_explain_note import X, Y, chain
from .test_explain_proof import TREES as PROVED

HOSTILE = (
    "<script>alert('x')</script>",
    '$%&_#{}~^\\ "quoted"',
    "naïve Ångström żółć\nσ′ ∂C/∂w² ½ →",
    "長さ 😀 الطول",
    "a|b*c `d` [e](f) https://example.org @all",
    "\\end{document} $$ &amp; ]]> --> ' onload=1",
)  # fmt: skip


def named(by: str) -> Derivation:
    """A network whose columns and classes have hostile names."""
    rng = np.random.default_rng(3)
    columns: dict[str, object] = {name: rng.normal(size=12) for name in HOSTILE}
    columns["what"] = [HOSTILE[row % 3] for row in range(12)]
    data = backlit.data.load(columns, target="what")
    net = Network([6, 4, 3], seed=0)
    net.recipe = Recipe.learn(data)
    net.classes, net.task = net.recipe.classes, "classes"
    return net.explain(by, data, data, example=1)


def saturated() -> Derivation:
    """δ whose factors are ∞ · 0."""
    net = Network([1, 2], activations="softmax", cost="cross_entropy")
    net.theta = [0.0, 0.0, 900.0, 0.0]
    return net.explain("dC/db[1][0]", [[0.0]], [[0.0, 1.0]])


def kinked() -> Derivation:
    """Two rows of a sum stand at a kink."""
    net = Network([2, 2, 4, 1], activations=["tanh", "relu", "identity"], seed=3)
    net.w[2][[0, 2]] = 0
    net.b[2][[0, 2]] = 0
    return net.explain("dC/dw[1][0,0]", [1.0, 2.0], [0.5])


def wide() -> Derivation:
    """A sum of forty ways on, and the longest σ′ of the table."""
    net = Network([3, 40, 1], activations=["gelu", "identity"], seed=1)
    return net.explain("dC/dw[1][7,2]", [1.0, -2.0, 0.5], [0.3])


TREES: dict[str, Callable[[], Derivation]] = {
    **PROVED,
    "note": lambda: chain().explain("dC/dw[1]", X, Y),
    "book": lambda: chain().explain("dC/dw[2]", X, Y, notation="book"),
    "pytorch": lambda: chain().explain("dC/d0.weight", X, Y, notation="pytorch"),
    "kink": blank,
    "kinks of a sum": kinked,
    "limit": saturated,
    "wide": wide,
    "hostile classes": lambda: named("dC/dw[2][0,1]"),
    "hostile columns": lambda: named("dC/dw[1][1,4]"),
    **{
        f"raw {place}": (lambda name=name: named(f'dC/draw["{name}"]'))
        for place, name in enumerate(HOSTILE[:3])
    },
}

_NUMBER = re.compile(r"\d+\.\d+")


def decimals(text: str) -> set[str]:
    """The numbers with a point that stand in a text."""
    return set(_NUMBER.findall(text))


def known(d: Derivation) -> set[str]:
    """The numbers with a point that a rendering may show: those of the tree, as they are written everywhere."""
    return set().union(*map(decimals, _written(d)))


def _written(d: Derivation) -> Iterator[str]:
    yield from (d.statement, *d.conventions, d.name, str(d.check()))
    yield d.text(width=500)[d.text(width=500).find("nudge") :]
    for step in d.steps:
        yield from (one.tex for one in (step.symbol, step.formula, step.numbers, *step.lines))
        yield step.remark
        yield from (figures(one.value) for one in step.inputs)
        if step.kink:
            yield from map(figures, (step.kink.left, step.kink.right))
        if step.scalar:
            yield figures(step.value)
        elif step.terms is not None:
            yield from (text for _, text, _ in values_of(step.terms).rows)
        else:
            corner = corner_of(step.value)
            yield from (text for row in corner.cells for text, _ in row)
            yield corner.said
        if step.terms is not None and step.kind != "each":
            table = table_of(step)
            yield from (cell for row in table.all for cell in (*row.cells, row.term, row.share, row.label))
            yield from (
                table.total,
                table.said,
                *(figures(k.left) + " " + figures(k.right) for k in step.terms.kinks.values()),
            )
