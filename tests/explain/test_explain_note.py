"""The note's own example, one neuron a layer: its three factors, letter by letter, in each notation."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import Network
from backlit.explain import Derivation

X, Y = [0.5], [1.0]


def chain(cost: str = "squared_error") -> Network:
    net = Network([1, 1, 1, 1], cost=cost)
    net.theta = [1.0, -0.5, 0.8, 0.3, -1.2, 0.1]
    return net


def lines(d: Derivation) -> list[str]:
    """Each step as ``symbol = formula``."""
    return [f"{step.symbol} = {step.formula}" for step in d.steps if step.formula.text]


@pytest.mark.parametrize(
    ("name", "notation", "text", "tex"),
    [
        (
            "dC/dw[3]",
            "note",
            "∂C/∂w³ = a² · σ′(z³) · 2(a³ − y)",
            r"\frac{\partial C}{\partial w^{3}} = a^{2} \cdot \sigma'(z^{3}) \cdot 2\,(a^{3} - y)",
        ),
        (
            "dC/dw[4]",
            "book",
            "∂C/∂w⁴ = a³ · σ′(z⁴) · 2(a⁴ − y)",
            r"\frac{\partial C}{\partial w^{4}} = a^{3} \cdot \sigma'(z^{4}) \cdot 2\,(a^{4} - y)",
        ),
        (
            "dC/d4.weight",
            "pytorch",
            "∂C/∂4.weight = a² · σ′(z³) · 2(a³ − y)",
            r"\frac{\partial C}{\partial \texttt{4.weight}} = a^{2} \cdot \sigma'(z^{3}) \cdot 2\,(a^{3} - y)",
        ),
        (
            "dC/db[3]",
            "note",
            "∂C/∂b³ = 1 · σ′(z³) · 2(a³ − y)",
            r"\frac{\partial C}{\partial b^{3}} = 1 \cdot \sigma'(z^{3}) \cdot 2\,(a^{3} - y)",
        ),
        (
            "dC/da[2]",
            "note",
            "∂C/∂a² = w³ · σ′(z³) · 2(a³ − y)",
            r"\frac{\partial C}{\partial a^{2}} = w^{3} \cdot \sigma'(z^{3}) \cdot 2\,(a^{3} - y)",
        ),
        (
            "dC/da[2]",
            "book",
            "∂C/∂a² = w³ · σ′(z³) · ∂C/∂a³",
            r"\frac{\partial C}{\partial a^{2}} = w^{3} \cdot \sigma'(z^{3}) \cdot \frac{\partial C}{\partial a^{3}}",
        ),
        (
            "dC/da[2]",
            "pytorch",
            "∂C/∂a² = 4.weight · σ′(z³) · 2(a³ − y)",
            r"\frac{\partial C}{\partial a^{2}} = \texttt{4.weight} \cdot \sigma'(z^{3}) \cdot 2\,(a^{3} - y)",
        ),
        (
            "dC/dw[1]",
            "note",
            "∂C/∂w¹ = a⁰ · σ′(z¹) · ∂C/∂a¹",
            r"\frac{\partial C}{\partial w^{1}} = a^{0} \cdot \sigma'(z^{1}) \cdot \frac{\partial C}{\partial a^{1}}",
        ),
    ],
)
def test_three_factors(name: str, notation: str, text: str, tex: str) -> None:
    d = chain().explain(name, X, Y, notation=notation)
    assert f"{d.root.symbol.text} = {d.root.formula.text}" == text
    assert f"{d.root.symbol.tex} = {d.root.formula.tex}" == tex
    assert d.root.tag == "N7"
    assert len(d.factors) == 3
    assert d.value == pytest.approx(float(np.prod([factor.value for factor in d.factors])), rel=1e-14)
    assert d.check()


def test_the_chain_goes_on_to_the_cost_whatever_the_depth() -> None:
    assert lines(chain().explain("dC/dw[1]", X, Y, depth=0)) == [
        "∂C/∂w¹ = a⁰ · σ′(z¹) · ∂C/∂a¹",
        "σ′(z¹) = σ(z)(1 − σ(z))",
        "∂C/∂a¹ = w² · σ′(z²) · ∂C/∂a²",
        "σ′(z²) = σ(z)(1 − σ(z))",
        "∂C/∂a² = w³ · σ′(z³) · 2(a³ − y)",
        "σ′(z³) = σ(z)(1 − σ(z))",
        "∂C/∂a³ = 2(a³ − y)",
    ]


def test_the_book_s_cost_has_no_2_and_says_so() -> None:
    d = chain("half_squared_error").explain("dC/dw[3]", X, Y)
    assert d.root.formula.text == "a² · σ′(z³) · (a³ − y)"
    assert "C = ½ Σ(a − y)², the book's (with ½)" in d.conventions
    twice = chain().explain("dC/dw[3]", X, Y)
    assert "C = Σ(a − y)², the note's (no ½)" in twice.conventions
    assert twice.value == pytest.approx(2 * d.value, rel=1e-15)


def test_a_notation_renames_and_never_changes_a_number() -> None:
    net = Network([2, 3, 2], seed=3)
    named = {"note": "dC/dw[1][2,0]", "book": "dC/dw[2][2,0]", "pytorch": "dC/d0.weight[2,0]"}
    found = {
        notation: net.explain(name, [1, 2], [0, 1], notation=notation) for notation, name in named.items()
    }
    assert {d.name for d in found.values()} == set(named.values())
    assert len({d.value for d in found.values()}) == 1
    assert len({d.derivative for d in found.values()}) == 1
    assert [d.root.symbol.text for d in found.values()] == ["∂C/∂w¹₂,₀", "∂C/∂w²₂,₀", "∂C/∂0.weight[2,0]"]
    columns = [[column.symbol.text for column in _table(d)] for d in found.values()]
    assert columns == [
        ["w²ᵢ,₂", "σ′(z²ᵢ)", "2(a²ᵢ − yᵢ)"],
        ["w³ᵢ,₂", "σ′(z³ᵢ)", "2(a³ᵢ − yᵢ)"],
        ["2.weight[i,2]", "σ′(z²ᵢ)", "2(a²ᵢ − yᵢ)"],
    ]
    assert [d.conventions[-1].split(":")[0] for d in found.values()] == [
        "note's counting",
        "book's counting",
        "PyTorch's names",
    ]


def _table(d: Derivation) -> tuple:  # type: ignore[type-arg]
    terms = d.factors[-1].terms
    assert terms is not None
    return terms.columns


def test_the_numbers_stand_in_the_formula() -> None:
    d = chain().explain("dC/dw[3]", X, Y)
    a2, slope, cost = (factor.value for factor in d.factors)
    assert d.root.numbers.text == f"{a2:.4f} · {slope:.4f} · (−{-cost:.4f})"
    assert d.factors[2].numbers.text.startswith("2(0.")
    assert d.factors[1].inputs[0].symbol.text == "z³"
