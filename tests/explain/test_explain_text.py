"""The terminal's text: the answer first, numbers under their symbols, tables on the point, nothing too wide."""

from __future__ import annotations

import re

import numpy as np
import pytest

from backlit import Network
from backlit.explain import Derivation
from backlit.explain.formula import figures, number, unicode
from backlit.explain.tables import column_of

from .test_explain_proof import TREES

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def small() -> Network:
    """A 2-2-2 network whose numbers can be followed by hand."""
    net = Network([2, 2, 2], cost="half_squared_error")
    net.theta = [0.15, 0.2, 0.25, 0.3, 0.35, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.6]
    net.classes, net.task = ("no", "yes"), "classes"
    return net


def test_the_whole_text() -> None:
    """Mazur's worked example: ∂C/∂w1 is 0.000438568 there."""
    d = small().explain("dC/dw[1][0,0]", [0.05, 0.1], [[0.01, 0.99]])
    assert d.value == pytest.approx(0.000438568, abs=5e-10)
    assert d.text().splitlines() == [
        '∂C/∂w¹₀,₀ = 0.0004386      from input 0 to hidden neuron 0, for this example: a "yes", read as such',
        "2 → 2 → 2 · sigmoid, sigmoid · C = ½ Σ(a − y)², the book's (with ½) · one example",
        "note's counting: layer 0 is the input",
        "",
        "  ∂C/∂w¹₀,₀  =  a⁰₀      ·  σ′(z¹₀)  ·  ∂C/∂a¹₀                                                  N10",
        "             =  0.05000  ·  0.2413   ·  0.03635",
        "             =  0.0004386",
        "",
        "  a⁰₀      =  0.05000",
        "  σ′(z¹₀)  =  σ(z)(1 − σ(z)) at z = 0.3775  =  0.5933 · 0.4067  =  0.2413",
        "              97% of the most it can be (¼)",
        "  ∂C/∂a¹₀  =  Σᵢ w²ᵢ,₀ · σ′(z²ᵢ) · ∂C/∂a²ᵢ      two paths, one through each output               N11",
        "",
        "       output i     w²ᵢ,₀    σ′(z²ᵢ)    a²ᵢ − yᵢ        term    share",
        '           "no"    0.4000     0.1868      0.7414     0.05540    74.4%  ━━━━━━━━━━━━━━━',
        '          "yes"    0.5000     0.1755     −0.2171    −0.01905    25.6%  ━━━━━',
        "                                                     ───────",
        "                                                     0.03635",
        "       49% of the paths' mass survives, the rest cancels",
        "",
        "  nudge    raising this weight by 0.01 raises C by 4.39·10⁻⁶ (predicted); measured: 4.39·10⁻⁶",
        "  proof    product of factors ✓    sum of 2 paths ✓",
        "           finite differences of C: 0.0004385677, agree to 11 digits ✓",
    ]


@pytest.mark.parametrize("width", [100, 80, 60, 40])
@pytest.mark.parametrize("tree", TREES)
def test_nothing_is_wider_than_the_page(tree: str, width: int) -> None:
    text = TREES[tree]().text(width=width)
    assert max(map(len, text.splitlines())) <= width
    assert not re.search(r"-\d", text), "minus signs are minus signs"
    assert "\n\n\n" not in text
    assert "\0" not in text
    assert "\x1b" not in text
    assert not any(line != line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("tree", TREES)
def test_colour_carries_the_sign_and_never_alone(tree: str) -> None:
    d = TREES[tree]()
    coloured = d.text(colour=True)
    assert ESCAPES.sub("", coloured) == d.text()
    for negative in re.findall(r"\x1b\[38;5;208m *([^\x1b]*)\x1b", coloured):
        assert negative.startswith(("−", "━")), negative
    for positive in re.findall(r"\x1b\[34m *([^\x1b]*)\x1b", coloured):
        assert not positive.startswith("−"), positive


def test_every_step_of_a_shallow_tree_is_shown_once() -> None:
    d = TREES["mask"]()
    lines = [line.split("  =  ")[0].strip() for line in d.text().splitlines() if "  =  " in line]
    heads = [head for head in lines if head]
    assert len(heads) == len(set(heads))


def table_of(d: Derivation) -> list[str]:
    lines = d.text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.rstrip().endswith("share"))
    end = next(i for i, line in enumerate(lines) if i > start and "─" in line)
    return lines[start:end]


def test_long_sums_are_cut_and_the_rest_is_accounted_for() -> None:
    net = Network([3, 40, 1], seed=1)
    d = net.explain("dC/dx[1]", [1.0, -2.0, 0.5], [0.3])
    rows = table_of(d)[1:]
    assert len(rows) == 11
    assert rows[-1].split()[:2] == ["30", "more"]
    shares = [float(re.findall(r"([\d.]+)%", row)[0]) for row in rows]
    assert sum(shares) == pytest.approx(100, abs=0.6)
    terms = d.root.terms
    assert terms is not None
    values = [float(row.split("%")[0].split()[-2].replace("−", "-")) for row in rows]
    assert sum(values) == pytest.approx(terms.total, abs=1e-4)


def test_columns_align_on_the_point() -> None:
    rows = table_of(Network([3, 40, 2], seed=1).explain("dC/dx[1]", [1.0, -2.0, 0.5], [0, 1]))[1:-1]
    points = [[match.start() for match in re.finditer(r"\.\d", row.split("%")[0])] for row in rows]
    assert all(place == points[0] for place in points)


def test_where_all_cancels_or_nothing_does() -> None:
    net = Network([1, 2, 2], activations="identity", cost="squared_error")
    net.theta = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    balanced = net.explain("dC/da[1][0]", [1.0], [[1.0, 3.0]])
    assert balanced.value == 0
    assert "0.0% of the paths' mass survives, the rest cancels" in balanced.text()
    same = net.explain("dC/da[1][0]", [1.0], [[1.0, 1.0]])
    assert "nothing cancels: 100% of the paths' mass survives" in same.text()
    right = net.explain("dC/da[1][0]", [1.0], [[2.0, 2.0]])
    assert "every term is 0" in right.text()


@pytest.mark.parametrize(
    ("value", "text", "tex"),
    [
        (-0.44196, "−0.4420", "-0.4420"),
        (1.0, "1.0000", "1.0000"),
        (0.0123456, "0.01235", "0.01235"),
        (1.234e-7, "1.234·10⁻⁷", r"1.234 \cdot 10^{-7}"),
        (-9.87e12, "−9.870·10¹²", r"-9.870 \cdot 10^{12}"),
        (0.0, "0.0000", "0.0000"),
        (-0.0, "0.0000", "0.0000"),
        (np.inf, "∞", r"\infty"),
        (-np.inf, "−∞", r"-\infty"),
        (np.nan, "undefined", r"\text{undefined}"),
        (12345.678, "12345.6780", "12345.6780"),
    ],
)
def test_numbers(value: float, text: str, tex: str) -> None:
    assert (figures(value), number(value).text, number(value).tex) == (text, text, tex)


def test_columns_of_numbers_share_their_decimals() -> None:
    assert column_of([0.5, -0.012, 0.0]) == ["0.5000", "−0.0120", "0.0000"]
    assert column_of([3e-7, -1e-8, 0.0]) == ["3.000·10⁻⁷", "−1.000·10⁻⁸", "0"]


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\tfrac{1}{2} \sum_j (a^L_j - y_j)^2", "½ Σⱼ (aᴸⱼ − yⱼ)²"),
        (r"\frac{a^L_j - y_j}{a^L_j\,(1 - a^L_j)}", "(aᴸⱼ − yⱼ)/(aᴸⱼ(1 − aᴸⱼ))"),
        (r"-\sum_j y_j \log a^L_j", "−Σⱼ yⱼ log aᴸⱼ"),
        (r"1 - \tanh^2 z", "1 − tanh² z"),
        (r"\sum_j \lvert a^L_j - y_j \rvert", "Σⱼ |aᴸⱼ − yⱼ|"),
        (r"[z > 0] + \alpha e^{z}\,[z \le 0]", "[z > 0] + αeᶻ[z ≤ 0]"),
        (r"\sqrt{2/\pi}", "√(2/π)"),
    ],
)
def test_tex_as_plain_text(tex: str, text: str) -> None:
    assert unicode(tex) == text


def test_remarks() -> None:
    net = Network([1, 1, 1], activations=["sigmoid", "identity"])
    net.theta = [8.0, 0.0, 1.0, 0.0]
    assert (
        "saturated: 0.13% of the most it can be (¼) is left" in net.explain("dC/dw[1]", [1.0], [0.0]).text()
    )
    dead = Network([1, 1, 1], activations=["relu", "identity"])
    dead.theta = [1.0, -5.0, 1.0, 0.0]
    assert "the neuron is off here (z < 0): nothing passes" in dead.explain("dC/dw[1]", [1.0], [0.0]).text()
    assert "the neuron is on (z > 0): all passes" in dead.explain("dC/dw[1]", [9.0], [0.0]).text()
    assert "the output is 4.0000 too high" in dead.explain("dC/dw[1]", [9.0], [0.0]).text()
    assert "the neuron is silent" in dead.explain("dC/dw[2]", [1.0], [0.0]).text()
