"""Gradient norms by layer and epoch, and the cost along lines and on planes through θ."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backlit import DataError, Network, UsageError
from backlit.plots import CostLineDisplay, CostPlaneDisplay, GradientNorms, GradientNormsDisplay
from backlit.plots.gradients import spread
from backlit.plots.landscape import random_direction

pytest.importorskip("matplotlib")

RNG = np.random.default_rng(7)
X, Y = RNG.random((20, 4)), RNG.random((20, 2))


@pytest.fixture
def net() -> Network:
    return Network([4, 5, 2], seed=1)


# -------------------------------------------------------------------------------- gradient norms


def test_the_callback_collects_each_layers_norm_at_each_epoch(net: Network) -> None:
    norms = GradientNorms(X, Y).look(net)
    expected = [[np.linalg.norm(net.gradient(X, Y).w[l]) for l in (1, 2)]]

    def beside(event: Any) -> None:
        expected.append([np.linalg.norm(event.net.gradient(X, Y).w[l]) for l in (1, 2)])

    net.fit(X, Y, epochs=3, callbacks=[norms, beside])
    assert norms.epochs == [0, 1, 2, 3]
    np.testing.assert_allclose(norms.table, expected, rtol=1e-12)
    display = GradientNormsDisplay.from_norms(norms)
    for l, line in enumerate(display.lines_):
        np.testing.assert_array_equal(line.get_xdata(), norms.epochs)
        np.testing.assert_array_equal(line.get_ydata(), norms.table[:, l])
    assert display.ax_.get_yscale() == "log"
    assert len({str(line.get_linestyle()) + line.get_color() for line in display.lines_}) == 2


def test_norms_of_health_results() -> None:
    results = [
        SimpleNamespace(layers=[SimpleNamespace(dC_dw=v), SimpleNamespace(dC_dw=2 * v)]) for v in (1.0, 0.5)
    ]
    display = GradientNormsDisplay.from_health(results, epochs=[10, 20])
    np.testing.assert_array_equal(display.norms, [[1.0, 2.0], [0.5, 1.0]])
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), [10, 20])


def test_a_norm_of_zero_is_a_gap_and_is_said() -> None:
    display = GradientNormsDisplay([0, 1], [[1.0, 0.5], [0.0, 0.4]]).plot()
    assert np.isnan(display.lines_[0].get_ydata()[1])
    assert [one.get_text() for one in display.ax_.texts] == ["layer 1, last 0", "layer 2"]
    GradientNormsDisplay([0], [[0.0]]).plot().figure_.canvas.draw()


def test_norms_that_can_not_be_drawn(net: Network) -> None:
    with pytest.raises(DataError, match=r"no gradient norms are recorded yet"):
        GradientNormsDisplay.from_norms(GradientNorms(X, Y))
    with pytest.raises(UsageError, match=r"norms has a row for each epoch and a column for each layer"):
        GradientNormsDisplay([1, 2], [[1.0]])


def test_labels_are_moved_apart_and_stay_within() -> None:
    moved = spread([0.5, 0.5, 0.51, 0.98, 0.99], 0.05)
    ordered = np.sort(moved)
    assert np.diff(ordered).min() >= 0.05 - 1e-6
    assert ordered[-1] <= 1 + 1e-9
    assert np.argsort(moved, kind="stable").tolist() == [0, 1, 2, 3, 4]
    assert spread([0.2, 0.8], 0.05) == [0.2, 0.8]


# -------------------------------------------------------------------------------- cost along θ


def moved(net: Network, theta: Any) -> float:
    twin = net.copy()
    twin.theta = theta
    return float(twin.value(X, Y))


def test_a_line_holds_the_costs_of_its_thetas(net: Network) -> None:
    before = net.theta.copy()
    display = CostLineDisplay.from_network(net, X, Y, span=(-0.5, 1.0), steps=4, seed=3)
    assert display.alphas.tolist() == [-0.5, 0.0, 0.5, 1.0]
    expected = [moved(net, before + alpha * display.direction) for alpha in display.alphas]
    np.testing.assert_allclose(display.line_.get_ydata(), expected, rtol=1e-12)
    np.testing.assert_array_equal(display.line_.get_xdata(), display.alphas)
    np.testing.assert_array_equal(net.theta, before)
    again = CostLineDisplay.from_network(net, X, Y, span=(-0.5, 1.0), steps=4, seed=3)
    np.testing.assert_array_equal(again.costs, display.costs)


def test_a_line_to_another_network_goes_through_both(net: Network) -> None:
    other = Network([4, 5, 2], seed=2)
    display = CostLineDisplay.from_network(net, X, Y, to=other, steps=7)
    at = {round(alpha, 9): cost for alpha, cost in zip(display.alphas, display.costs, strict=True)}
    assert at[0.0] == pytest.approx(net.value(X, Y))
    assert at[1.0] == pytest.approx(other.value(X, Y))
    assert [one.get_xdata()[0] for one in display.points_] == [0.0, 1.0]
    np.testing.assert_allclose(display.direction, other.theta - net.theta)


def test_a_plane_holds_the_costs_of_its_thetas(net: Network) -> None:
    before = net.theta.copy()
    display = CostPlaneDisplay.from_network(net, X, Y, span=0.5, steps=3)
    first, second = display.directions
    for row, beta in enumerate(display.betas):
        for column, alpha in enumerate(display.alphas):
            expected = moved(net, before + alpha * first + beta * second)
            assert display.costs[row, column] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(net.theta, before)
    assert (display.contour_.zmin, display.contour_.zmax) == (display.costs.min(), display.costs.max())


def test_a_plane_through_three_thetas(net: Network) -> None:
    others = [Network([4, 5, 2], seed=seed) for seed in (2, 3)]
    display = CostPlaneDisplay.from_network(net, X, Y, to=others, span=(0.0, 1.0), steps=3)
    assert display.costs[0, 0] == pytest.approx(net.value(X, Y))
    assert display.costs[0, 2] == pytest.approx(others[0].value(X, Y))
    assert display.costs[2, 0] == pytest.approx(others[1].value(X, Y))
    assert [one.get_xydata()[0].tolist() for one in display.points_] == [[0, 0], [1, 0], [0, 1]]


def test_filter_normalisation_gives_each_neuron_its_own_length(net: Network) -> None:
    rng = np.random.default_rng(0)
    w, b = net.views(random_direction(net, rng))
    for l in (1, 2):
        np.testing.assert_allclose(np.linalg.norm(w[l], axis=1), np.linalg.norm(net.w[l], axis=1))
        assert not b[l].any()
    w, b = net.views(random_direction(net, rng, "layer"))
    for l in (1, 2):
        assert np.linalg.norm(w[l]) == pytest.approx(np.linalg.norm(net.w[l]))
    assert net.views(random_direction(net, rng, "none"))[1][1].any()


def test_costs_beyond_all_numbers_are_gaps(net: Network) -> None:
    linear = Network([4, 2], activations="identity", seed=1)
    far = np.full(linear.parameters, 1e200)
    display = CostLineDisplay.from_network(linear, X, Y, direction=far, steps=3)
    assert np.isnan(display.costs).tolist() == [True, False, True]
    flat = CostPlaneDisplay.from_network(linear, X, Y, direction=(0 * far, 0 * far), steps=3)
    np.testing.assert_allclose(flat.costs, linear.value(X, Y))
    with pytest.raises(DataError, match=r"no cost on this plane is a finite number; take a smaller span"):
        CostPlaneDisplay.from_network(linear, X, Y, direction=(far, far), span=(1.0, 2.0), steps=3)


@pytest.mark.parametrize("kind", [CostLineDisplay, CostPlaneDisplay])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"steps": 1}, r"steps is how many places there are on a side, from 3 to"),
        ({"span": -1.0}, r"span is one number above 0, or two with the lower first; got -1.0"),
        ({"span": "far"}, r"span is one number above 0"),
        ({"normalise": "row"}, r"unknown normalisation 'row'"),
        ({"to": 1, "direction": 2}, r"give to= or direction=, not both"),
        ({"seed": -3}, r"seed"),
    ],
)
def test_what_can_not_be_a_line_or_a_plane(net: Network, kind: Any, options: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        kind.from_network(net, X, Y, **options)


def test_other_thetas_must_fit(net: Network) -> None:
    with pytest.raises(
        UsageError, match=r"to is a network of sizes \[4, 5, 2\] or a flat θ of 37 numbers; got Network"
    ):
        CostLineDisplay.from_network(net, X, Y, to=Network([4, 3, 2]))
    with pytest.raises(UsageError, match=r"direction is a network of sizes .* or a flat θ of 37 numbers"):
        CostLineDisplay.from_network(net, X, Y, direction=[1.0, 2.0])
    with pytest.raises(UsageError, match=r"direction holds a number that is not finite"):
        CostLineDisplay.from_network(net, X, Y, direction=np.full(37, np.nan))
    with pytest.raises(
        UsageError, match=r"a plane takes two, to=\(first, second\): networks or flat θ; got Network"
    ):
        CostPlaneDisplay.from_network(net, X, Y, to=net)
    with pytest.raises(UsageError, match=r"a plane of 10,201 places takes as many passes .*lower steps"):
        CostPlaneDisplay.from_network(net, X, Y, steps=101)
