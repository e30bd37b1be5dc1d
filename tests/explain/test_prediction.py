"""Prediction and truth: g·Δ beside the ΔC that is measured, and the range in which they agree, by brute force."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import equations
from backlit.errors import DataError, ModelError, UsageError
from backlit.explain import prediction
from backlit.explain.parameters import parameter
from backlit.use import examples


def network(rng: Any, **options: Any) -> tuple[backlit.Network, Any, Any]:
    net = backlit.Network(
        [3, 4, 2], activations=["tanh", "sigmoid"], cost="half_squared_error", seed=2, **options
    )
    return net, rng.normal(size=(12, 3)), rng.integers(0, 2, 12)


@pytest.mark.parametrize("name", ["w[1][2,1]", "b[1][0]", "w[2][1,3]", "b[2][1]"])
@pytest.mark.parametrize("delta", [0.01, -0.5, 3.0])
def test_predicted_and_measured(rng: Any, name: str, delta: float) -> None:
    net, x, y = network(rng)
    found = net.predict_step(name, x, y, delta=delta)
    letter, l, index = name[0], int(name[2]), tuple(map(int, name[5:-1].split(",")))
    gradient = net.gradient(x, y)
    assert found.derivative == pytest.approx(getattr(gradient, letter)[l][index], rel=1e-12)
    assert found.predicted == found.derivative * delta
    moved = net.copy()
    getattr(moved, letter)[l][index] += delta
    assert found.measured == pytest.approx(moved.value(x, y) - net.value(x, y), rel=1e-9, abs=1e-14)
    assert pytest.approx(net.value(x, y)) == found.C
    assert found.n == 12


@pytest.mark.parametrize("place", range(26))
def test_the_range_is_where_they_agree_to_one_percent(rng: Any, place: int) -> None:
    net, x, y = network(rng)
    name = net.name_of(place)
    found = net.predict_step(name, x, y)
    C, g = net.value(x, y), found.derivative

    def off(step: float) -> float:
        moved = net.copy()
        moved.theta[place] += step
        return float(abs(moved.value(x, y) - C - g * step) / abs(g * step))

    assert found.lowest is not None
    assert found.highest is not None
    for end in (found.lowest, found.highest):
        for part in np.linspace(0.05, 0.999, 12):
            assert off(part * end) <= 0.01 + 1e-6
        assert off(1.001 * end) > 0.01
    assert found.agrees == (found.lowest <= 0.01 <= found.highest)


def test_a_straight_line_agrees_everywhere() -> None:
    net = backlit.Network([1, 1], activations="identity", cost="absolute_error", theta=[0.5, 0.0])
    found = net.predict_step("b[1][0]", [[1.0]], [[-1e9]])
    assert (found.lowest, found.highest) == (-math.inf, math.inf)
    assert "for every Δ" in found.sentence
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["endless"]
    assert told["highest"] is None


def test_a_kink_ends_the_range() -> None:
    net = backlit.Network([1, 1], activations="relu", cost="half_squared_error", theta=[1.0, 0.25])
    found = net.predict_step("b[1][0]", [[0.0]], [[1000.0]])
    assert found.lowest == pytest.approx(-0.25 * 1.01, rel=0.01)
    assert found.highest == pytest.approx(0.02 * 999.75, rel=0.01)


def test_a_derivative_of_zero_predicts_nothing() -> None:
    net = backlit.Network([1, 1], activations="identity", cost="half_squared_error", theta=[1.0, 0.0])
    found = net.predict_step("w[1][0,0]", [[2.0]], [[2.0]], delta=0.1)
    assert (found.predicted, found.lowest, found.highest) == (0.0, None, None)
    assert found.measured == pytest.approx(0.02)
    assert "predicts no change; what is measured, 0.02, is curvature" in found.text()
    assert "and there is none" in net.predict_step("w[1][0,0]", [[0.0]], [[0.0]]).sentence


def test_float32_is_measured_in_float64(rng: Any) -> None:
    net, x, y = network(rng, dtype="float32")
    before = net.theta.copy()
    found = net.predict_step("w[1][2,1]", x, y, delta=1e-6)
    assert found.measured == pytest.approx(found.predicted, rel=1e-4)
    assert np.array_equal(net.theta, before)


def test_a_mistake_in_the_equations_shows(rng: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net, x, y = network(rng)
    true = equations.B2
    monkeypatch.setattr(equations, "B2", lambda *given: 1.05 * true(*given))
    found = net.predict_step("w[1][2,1]", x, y, delta=1e-3)
    assert not found.agrees
    assert (found.lowest, found.highest) == (0.0, 0.0) or found.highest == 0.0


def test_the_text(rng: Any) -> None:
    net, x, y = network(rng)
    text = str(net.predict_step("w[1][2,1]", x, y))
    assert text.startswith("w¹₂,₁ = ")
    assert "the mean of 12 examples" in text
    assert "predicted  ΔC = ∂C/∂w¹₂,₁ · Δ = " in text
    assert "measured   ΔC = C(θ + Δ) − C(θ) = " in text
    assert "can be trusted to 1% for Δ from −" in text
    assert "(1 example)" in net.predict_step("w[1][2,1]", x[0], y[0]).text()


@pytest.mark.parametrize("delta", [0, float("nan"), float("inf"), "0.1", None, True])
def test_a_step_that_is_none(rng: Any, delta: Any) -> None:
    net, x, y = network(rng)
    with pytest.raises(UsageError, match="delta is the step on the parameter, a finite number other than 0"):
        net.predict_step("w[1][2,1]", x, y, delta=delta)


def test_bad_names_data_and_networks(rng: Any) -> None:
    net, x, y = network(rng)
    with pytest.raises(UsageError, match="there is no 9"):
        net.predict_step("w[1][9,9]", x, y)
    with pytest.raises(DataError, match="x has 12 examples and y has 11"):
        net.predict_step("w[1][2,1]", x, y[:-1])
    net.theta[3] = np.nan
    with pytest.raises(ModelError, match="so no step can be predicted"):
        net.predict_step("w[1][2,1]", x, y)


@pytest.mark.parametrize("name", ["w[1][2,1]", "b[1][0]", "w[2][1,3]", "b[2][1]"])
@pytest.mark.parametrize("hidden", ["tanh", "softmax"])
def test_the_way_along_a_parameter_is_the_cost_itself(
    rng: Any, name: str, hidden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scipy.sparse import csr_array

    net, x, y = network(rng)
    if hidden == "softmax":
        net = backlit.Network([3, 4, 2], activations=[hidden, "sigmoid"], theta=net.theta)
    X, Y = examples(net, x, y)
    wanted = parameter(net, name)
    monkeypatch.setattr(prediction.passes, "_NUMBERS_AT_ONCE", 5 * 4)
    for inputs in (X, csr_array(X)):
        along = prediction._Along(net, wanted, inputs, Y, np.full(12, 1 / 12))
        for step in (1e-3, -0.7, 20.0):
            moved = net.copy()
            moved.theta[wanted.place] += step
            assert along.change(step) == pytest.approx(
                moved.value(x, y) - net.value(x, y), rel=1e-9, abs=1e-15
            )
