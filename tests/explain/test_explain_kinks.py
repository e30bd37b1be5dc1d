"""At a kink: the convention's value and both one-sided slopes, in the step; the proof says what it can't tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backlit import Network
from backlit.explain import Derivation, Step


def blank() -> Derivation:
    """A blank image and biases of 0: every ReLU stands at its kink."""
    net = Network([4, 3, 2], activations=["relu", "softmax"], cost="cross_entropy", seed=1)
    net.b[1] = np.zeros(3)
    return net.explain("dC/db[1][1]", np.zeros(4), [0.0, 1.0])


def slope(d: Derivation) -> Step:
    return next(step for step in d.steps if step.kind == "slope")


def test_a_blank_image_through_relu() -> None:
    d = blank()
    step = slope(d)
    assert d.value == 0
    assert step.kink is not None
    assert (step.value, step.kink.left, step.kink.right, step.kink.where) == (0, 0, 1, "z = 0")
    assert (
        step.remark == "at the kink z = 0: the slope is 0 on the left and 1 on the right; 0 is the convention"
    )


def test_its_proof_says_what_it_cannot_tell() -> None:
    found = blank().check()
    assert found
    assert found.difference is None
    last = found.checks[-1]
    assert last.passed is None
    assert last.said.startswith("finite differences of C: not testable here, at a kink: 0.0000 from below, ")
    assert "✗" not in str(found)


@pytest.mark.parametrize(
    ("activation", "z", "value", "left", "right"),
    [
        ("relu", 0.0, 0.0, 0.0, 1.0),
        ("leaky_relu(slope=0.25)", 0.0, 0.25, 0.25, 1.0),
        ("elu(alpha=0.5)", 0.0, 0.5, 0.5, 1.0),
        ("hard_sigmoid(slope=0.25)", 2.0, 0.0, 0.25, 0.0),
        ("hard_sigmoid(slope=0.25)", -2.0, 0.0, 0.0, 0.25),
    ],
)
def test_each_kink_of_the_table(activation: str, z: float, value: float, left: float, right: float) -> None:
    net = Network([1, 1, 1], activations=[activation, "identity"])
    net.theta = [1.0, z, 1.0, 0.0]
    step = slope(net.explain("dC/db[1]", [0.0], [9.0]))
    assert step.kink is not None
    assert (step.value, step.kink.left, step.kink.right) == (value, left, right)


@pytest.mark.parametrize(
    ("cost", "output", "wanted", "value", "left", "right"),
    [
        ("absolute_error", 0.5, 0.5, 0.0, -1.0, 1.0),
        ("hinge", 1.0, 1.0, 0.0, -1.0, 0.0),
        ("hinge", -1.0, -1.0, 0.0, 0.0, 1.0),
    ],
)
def test_kinks_of_costs(
    cost: str, output: float, wanted: float, value: float, left: float, right: float
) -> None:
    net = Network([1, 1], activations="identity", cost=cost)
    net.theta = [0.0, output]
    d = net.explain("dC/db[1]", [0.0], [[wanted]])
    step = d.factors[-1]
    assert step.kind == "cost"
    assert step.kink is not None
    assert (step.value, step.kink.left, step.kink.right) == (value, left, right)
    assert d.check().checks[-1].passed is None


def test_rows_of_a_sum_at_a_kink_are_said() -> None:
    net = Network([2, 2, 4, 1], activations=["tanh", "relu", "identity"], seed=3)
    net.w[2][[0, 2]] = 0
    net.b[2][[0, 2]] = 0
    d = net.explain("dC/dw[1][0,0]", [1.0, 2.0], [0.5])
    terms = next(step.terms for step in d.steps if step.kind == "sum")
    assert terms is not None
    assert set(terms.kinks) == {0, 2}
    assert "at the kink z = 0 (slope 0.0000 on the left, 1.0000 on the right): neuron 0, 2" in d.text()
    assert d.check().checks[-1].passed is None


def test_near_a_kink_the_step_is_shortened() -> None:
    net = Network([1, 1], activations="relu", cost="squared_error")
    net.theta = [1.0, 1e-3]
    found = net.explain("dC/dw[1]", [1.0], [3.0]).check()
    net.theta = [1.0, -1.0 + 1e-3]
    near = net.explain("dC/db[1]", [1.0], [3.0]).check()
    for one in (found, near):
        assert one
        assert one.digits is not None
        assert one.digits >= 8


SATURATED: list[tuple[str, str, Any, float]] = [
    ("sigmoid", "binary_cross_entropy", [0.0], 1.0),
    ("sigmoid", "binary_cross_entropy", [1.0], -1.0),
    ("softmax", "cross_entropy", [0.0, 1.0], 1.0),
]


@pytest.mark.parametrize(("output", "cost", "wanted", "value"), SATURATED)
def test_saturated_pairs_show_the_limit(output: str, cost: str, wanted: Any, value: float) -> None:
    n = len(wanted)
    net = Network([1, n], activations=output, cost=cost)
    size = -900.0 if wanted == [1.0] else 900.0
    net.theta = [0.0] * n + [size] + [0.0] * (n - 1)
    d = net.explain("dC/db[1][0]", [[0.0]], [wanted])
    step = next(one for one in d.steps if one.kind == "cancelled")
    assert step.limit
    assert step.value == d.value == value
    assert "∞ · 0" in step.remark
    assert len(step.lines) == 2
    found = d.check()
    assert found
    assert found.digits is not None
    assert found.digits >= 9
    assert "∞ · 0" in d.text()


def test_what_cancels_is_shown_in_lines() -> None:
    net = Network([2, 1], activations="sigmoid", cost="binary_cross_entropy", seed=4)
    d = net.explain("dC/dw[1][0,1]", [0.5, 1.0], [1.0])
    step = d.factors[1]
    assert step.kind == "cancelled"
    assert step.formula.text == "∂C/∂a¹₀ · σ′(z¹₀)"
    assert [line.text for line in step.lines] == ["(a¹₀ − y₀)/(a¹₀(1 − a¹₀)) · a¹₀(1 − a¹₀)", "a¹₀ − y₀"]
    assert [part.kind for part in step.parts] == ["cost", "slope"]
    assert not step.limit
    assert step.parts[0].value * step.parts[1].value == pytest.approx(step.value, rel=1e-12)


def test_a_softmax_shows_its_jacobian_s_sum() -> None:
    net = Network([2, 3], activations="softmax", cost="squared_error", seed=4)
    d = net.explain("dC/dz[1][1]", [0.5, 1.0], [0.0, 1.0, 0.0])
    assert d.root.kind == "sum"
    assert d.root.tag == "B1"
    assert d.root.formula.text == "Σᵢ ∂a¹ᵢ/∂z¹₁ · ∂C/∂a¹ᵢ"
    pair = Network([2, 3], activations="softmax", cost="cross_entropy", seed=4)
    step = pair.explain("dC/dz[1][1]", [0.5, 1.0], [0.0, 1.0, 0.0]).root
    assert step.kind == "cancelled"
    assert [line.text for line in step.lines] == ["Σᵢ (−yᵢ/a¹ᵢ) · a¹ᵢ([i = 1] − a¹₁)", "a¹₁ − y₁"]
    assert step.terms is not None
    assert step.terms.total == pytest.approx(step.value, rel=1e-12)
    soft = pair.explain("dC/dz[1][1]", [0.5, 1.0], [0.25, 0.5, 0.25]).root
    assert soft.value == pytest.approx(step.value + 0.5, rel=1e-12)
