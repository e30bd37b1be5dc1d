"""The network as drawn: its edges hold the numbers, its neurons the activations, its words what is left out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backlit import ModelError, Network, UsageError
from backlit.plots import NetworkDisplay

matplotlib = pytest.importorskip("matplotlib")

RNG = np.random.default_rng(5)
X, Y = RNG.random((4, 6)), np.eye(3)[[0, 1, 2, 0]]


@pytest.fixture
def net() -> Network:
    return Network([6, 5, 3], activations=["tanh", "sigmoid"], cost="half_squared_error", seed=1)


def drawn(display: NetworkDisplay, l: int) -> dict[tuple[int, int], float]:
    """The values of layer l's strokes by (j, k), found again from where each stroke begins and ends."""
    layout, found = display.layout, {}
    for lines in display.lines_[l]:
        for (start, stop), value in zip(lines.get_segments(), lines.get_array(), strict=True):
            near = [
                int(layout.shown[n][np.hypot(layout.x[n] - x, layout.y[n] - y).argmin()])
                for n, (x, y) in ((l, stop), (l - 1, start))
            ]
            found[near[0], near[1]] = float(value)
    return found


def words(display: NetworkDisplay) -> list[str]:
    return [one.get_text() for one in display.texts_]


def test_every_edge_has_its_weight_the_sign_said_by_colour_and_dash(net: Network) -> None:
    display = NetworkDisplay.from_network(net)
    for l in (1, 2):
        assert drawn(display, l) == {
            (j, k): net.w[l][j, k] for j in range(net.sizes[l]) for k in range(net.sizes[l - 1])
        }
        above, below = display.lines_[l]
        assert (above.get_array() > 0).all()
        assert (below.get_array() < 0).all()
        assert above.get_linestyle()[0][1] is None
        assert below.get_linestyle()[0][1] is not None
    limits = {one.get_clim() for lines in display.lines_.values() for one in lines}
    most = max(np.abs(net.w[l]).max() for l in (1, 2))
    assert limits == {(-most, most)}
    assert "layer 1 · 5 tanh" in words(display)


def test_the_gradient_of_one_example_and_the_mean_of_all(net: Network) -> None:
    one = NetworkDisplay.from_network(net, X, Y, edges="dC/dw", example=1)
    expected = net.gradient(X[[1]], Y[[1]]).w[1]
    for (j, k), value in drawn(one, 1).items():
        assert value == pytest.approx(expected[j, k], rel=1e-12)
    mean = NetworkDisplay.from_network(net, X, Y, edges="dC/dw")
    np.testing.assert_allclose(mean.seen.edges[2], net.gradient(X, Y).w[2], rtol=1e-12)
    assert mean.seen.activations is None
    assert mean.seen.label == "∂C/∂w, the mean over 4 examples"


def test_neurons_are_filled_by_activation_and_negative_ones_carry_a_minus(net: Network) -> None:
    display = NetworkDisplay.from_network(net, X, Y, example=2)
    trace = net.backprop(X, Y)
    for l in range(3):
        np.testing.assert_allclose(display.neurons_[l].get_array(), np.abs(trace.a[l][2]), rtol=1e-12)
    negative = sum(int((trace.a[l][2] < 0).sum()) for l in range(3))
    assert negative > 0
    assert words(display).count("−") == negative
    said = [one for one in words(display) if "wanted" in one]
    assert said == [f"{trace.a[2][2, 2]:.3f}  wanted"]


def test_wide_layers_are_shortened_to_the_neurons_with_the_largest_edges() -> None:
    net = Network([500, 40, 4], seed=0)
    net.w[2][3, 17] = 9.0
    display = NetworkDisplay.from_network(net, most=8, strongest=20)
    assert [len(one) for one in display.layout.shown] == [8, 8, 4]
    assert 17 in display.layout.shown[1]
    assert {"… 492 more", "… 32 more"} <= set(words(display))
    assert "… 0 more" not in words(display)
    for l in (1, 2):
        shown = net.w[l][np.ix_(display.layout.shown[l], display.layout.shown[l - 1])]
        sizes = np.sort(np.abs(shown).ravel())[::-1][:20]
        got = np.sort(np.abs(np.concatenate([one.get_array() for one in display.lines_[l]])))[::-1]
        np.testing.assert_array_equal(got, sizes)


def test_inputs_that_are_an_image_are_drawn_as_it_and_edges_begin_at_pixels(net: Network) -> None:
    display = NetworkDisplay.from_network(net, X[1], image=(2, 3))
    np.testing.assert_array_equal(display.image_.get_array(), X[1].reshape(2, 3))
    assert 0 not in display.neurons_
    assert "layer 0 · input 2×3" in words(display)
    left, right, bottom, top = display.image_.get_extent()
    for lines in display.lines_[1]:
        for start, _ in lines.get_segments():
            assert left < start[0] < right
            assert bottom < start[1] < top
    for (j, k), value in drawn(display, 1).items():
        assert value == net.w[1][j, k]


def test_class_names_stand_at_the_outputs(net: Network) -> None:
    net.classes = ["cat", "a very long name that goes on", "dog"]
    assert {"cat", "a very long name th…", "dog"} <= set(words(NetworkDisplay.from_network(net)))


@pytest.mark.parametrize("name", ["dC/dw[1][3,4]", "dC/dx[2]", "dC/db[1][0]", "dC/da[1][2]", "dC/dz[2][1]"])
def test_each_edge_carries_the_sum_of_the_paths_over_it(net: Network, name: str) -> None:
    found = net.paths(name, X, Y, example=3, top=6)
    display = NetworkDisplay.from_paths(found)
    of_w = found.derivative.by.letter == "w"
    layers = [station.layer or 0 for station in found.stations]
    expected: dict[tuple[int, int, int], float] = {}
    for one in found:
        stops = [*zip(layers, one.neurons, strict=True)]
        stops = [(0, 4), *stops] if of_w else stops
        for (_, k), (l, j) in pairwise(stops):
            expected[l, j, k] = expected.get((l, j, k), 0.0) + one.contribution
        for l, j in stops:
            assert display.seen.chosen[l][j] > 0
    got = {(l, j, k): value for l in (1, 2) for (j, k), value in drawn(display, l).items()}
    assert got.keys() == expected.keys()
    for key, value in expected.items():
        assert got[key] == pytest.approx(value, rel=1e-12)
    assert any(f"{found.derivative.symbol()} = " in one for one in words(display))


def test_paths_through_a_hidden_softmax_and_from_a_chosen_pixel_that_is_framed() -> None:
    net = Network([6, 4, 3], activations=["softmax", "sigmoid"], seed=2)
    found = net.paths("dC/dx[4]", X, Y, example=0, top=5)
    display = NetworkDisplay.from_paths(found, image=(2, 3))
    total = sum(one.contribution for one in found)
    assert np.sum(display.seen.edges[1]) == pytest.approx(total)
    frames = [one for one in display.ax_.patches if isinstance(one, matplotlib.patches.Rectangle)]
    x, y = display.layout.place(0, 4) or (0, 0)
    middles = [(one.get_x() + one.get_width() / 2, one.get_y() + one.get_height() / 2) for one in frames]
    assert any(np.allclose(one, (x, y)) for one in middles)


def test_neurons_on_paths_are_shown_before_others() -> None:
    net = Network([3, 60, 2], seed=0)
    found = net.paths("dC/dx[0]", np.ones(3), np.array([1.0, 0.0]), top=9)
    display = NetworkDisplay.from_paths(found, most=10)
    assert {one.neurons[1] for one in found} <= set(display.layout.shown[1].tolist())


def test_paths_of_a_batch_add_up_and_show_no_example(net: Network) -> None:
    display = NetworkDisplay.from_paths(net.paths("dC/dw[1][0,0]", X, Y, top=5))
    assert display.seen.activations is None


def test_numbers_on_edges_do_not_touch(net: Network) -> None:
    wide = Network([6, 12, 12, 8], seed=3)
    y = np.eye(8)[3]
    display = NetworkDisplay.from_paths(wide.paths("dC/dx[0]", X[0], y, top=40))
    display.figure_.canvas.draw()
    boxes = [
        one.get_window_extent()
        for one in display.texts_
        if one.get_weight() == "bold" and "0." in one.get_text()
    ]
    assert len(boxes) > 6
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:i])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda net: NetworkDisplay.from_network(net, edges="gradient"),
            r"unknown edges 'gradient'. Did you mean 'dC/dw'",
        ),
        (
            lambda net: NetworkDisplay.from_network(net, X, edges="dC/dw"),
            r"derivatives at examples: give x and y",
        ),
        (
            lambda net: NetworkDisplay.from_network(net, most=0),
            r"most is how many neurons of a layer are drawn",
        ),
        (lambda net: NetworkDisplay.from_network(net, strongest=True), r"strongest is how many edges"),
        (
            lambda net: NetworkDisplay.from_network(net, image=(3, 3)),
            r"image is \(height, width\) of the network's 6",
        ),
        (
            lambda net: NetworkDisplay.from_network(net, X, Y, example=9),
            r"there is no example 9: the data has 4",
        ),
        (NetworkDisplay.from_paths, r"paths is the result of net.paths; got Network"),
    ],
)
def test_what_can_not_be_drawn(net: Network, call: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call(net)


def test_a_weight_that_is_not_finite_is_named(net: Network) -> None:
    net.w[2][1, 3] = np.inf
    with pytest.raises(ModelError, match=r"w\[2\]\[1,3\] is inf, and can't be drawn"):
        NetworkDisplay.from_network(net)
