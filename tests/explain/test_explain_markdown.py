"""Markdown: exact strings of the note's example, tables that are tables, names that stay names."""

from __future__ import annotations

import html
import re

import pytest

from backlit.explain.markdown import escaped
from oracles.cases import FITTING

from .networks import draw
from .test_explain_note import X, Y, chain
from .trees import HOSTILE, TREES, decimals, known


def test_the_note_s_neuron() -> None:
    lines = chain().explain("dC/dw[3]", X, Y).markdown().split("\n\n")
    assert lines[0] == (
        r"$\frac{\partial C}{\partial w^{3}} = -0.1980$ — from the neuron of layer 2 to the output, "
        "for this example: wanted 1, given 0.3314"
    )
    assert lines[2:6] == [
        r"""$$
\begin{aligned}
\frac{\partial C}{\partial w^{3}} &= a^{2} \cdot \sigma'(z^{3}) \cdot 2\thinspace (a^{3} - y) \qquad \text{(N7)} \cr
&= 0.6682 \cdot 0.2216 \cdot (-1.3372) \cr
&= -0.1980
\end{aligned}
$$""",
        "$a^{2} = 0.6682$ — 67% of the way from 0 to 1 (N6)",
        (
            r"$\sigma'(z^{3}) = \sigma(z)\thinspace (1 - \sigma(z)) \text{ at } z = -0.7018 "
            r"= 0.3314 \cdot 0.6686 = 0.2216$ — 89% of the most it can be (¼) (N6)"
        ),
        (
            r"$\frac{\partial C}{\partial a^{3}} = 2\thinspace (a^{3} - y) = 2\thinspace (0.3314 - 1.0000) = -1.3372$"
            " — the output is 0.6686 too low (N6)"
        ),
    ]
    assert lines[6].splitlines()[1] == "- proof: product of factors ✓"


@pytest.mark.parametrize("notation", ["book", "pytorch"])
def test_the_other_notations(notation: str) -> None:
    name = {"book": "dC/dw[4]", "pytorch": "dC/d4.weight"}[notation]
    symbol = {"book": r"w^{4}", "pytorch": r"\texttt{4.weight}"}[notation]
    shown = chain().explain(name, X, Y, notation=notation).markdown()
    assert shown.startswith(rf"$\frac{{\partial C}}{{\partial {symbol}}} = -0.1980$ — ")


@pytest.mark.parametrize("tree", TREES)
def test_its_numbers_tables_and_dollars(tree: str) -> None:
    d = TREES[tree]()
    shown = d.markdown()
    assert decimals(shown) <= known(d)
    paragraphs = shown.split("\n\n")
    for paragraph in paragraphs:
        if paragraph.startswith("|"):
            rows = paragraph.splitlines()
            assert {row.count("|") for row in rows} == {rows[0].count("|")}
            assert set(rows[1]) <= set("|-: ")
        elif not paragraph.startswith("$$"):
            assert paragraph.count("$") % 2 == 0
        for inside in re.findall(r"\$([^$]+)\$", paragraph.replace("$$", "$")):
            assert not re.search(r"\\[^A-Za-z]", inside), "Markdown would take the backslash"
            assert not re.search(r"[<>|`*]", inside)
            assert inside.count("{") == inside.count("}")


@pytest.mark.parametrize("number", range(0, len(FITTING), 5))
def test_random_networks_show_the_tree_s_numbers(number: int) -> None:
    net, x, y = draw(number, *FITTING[number])
    for name in ("dC/dw[1][0,1]", "dC/dx[0]", f"dC/dw[{net.L}]"):
        d = net.explain(name, x[:1], y[:1], depth=2)
        assert decimals(d.markdown()) <= known(d)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_words(name: str) -> None:
    assert not re.search(r"[\\`*_\[\]<>~$@|]", escaped(name))
    assert html.unescape(escaped(name)) == " ".join(name.split())


def test_no_element_is_made_of_a_name() -> None:
    for tree in TREES:
        assert not re.search(r"<[a-z/!]", TREES[tree]().markdown())
