"""Pictures of numbers: first-layer weights, ∂C/∂x and nudges hold the numbers that they were given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backlit import DataError, Network, UsageError, data
from backlit.errors import CountingError
from backlit.explain.labels import Labels
from backlit.notation import Quantity
from backlit.plots import InputGradientDisplay, NudgesDisplay, WeightImagesDisplay

pytest.importorskip("matplotlib")

RNG = np.random.default_rng(3)
X, Y = RNG.random((4, 6)), np.eye(3)[[0, 1, 2, 0]]


@pytest.fixture
def net() -> Network:
    return Network([6, 5, 3], cost="half_squared_error", seed=1)


# -------------------------------------------------------------------------------- weights


def test_each_tile_holds_one_neurons_weights_on_one_symmetric_scale(net: Network) -> None:
    display = WeightImagesDisplay.from_network(net, image=(2, 3))
    for j, drawn in enumerate(display.images_):
        np.testing.assert_array_equal(drawn.get_array(), net.w[1][j].reshape(2, 3))
        assert drawn.get_clim() == (-np.abs(net.w[1]).max(), np.abs(net.w[1]).max())
    words = [one.get_text() for one in display.ax_.texts]
    assert words == ["0", "1", "2", "3", "4"]


def test_neurons_are_chosen_or_the_longest(net: Network) -> None:
    display = WeightImagesDisplay.from_network(net, image=(2, 3), neurons=[4, 0], columns=1)
    np.testing.assert_array_equal(display.weights, net.w[1][[4, 0]].reshape(-1, 2, 3))
    assert display.ax_.get_title(loc="right") == "2 of 5 neurons"
    wide = Network([6, 200, 1], seed=0)
    many = WeightImagesDisplay.from_network(wide, image=(3, 2))
    lengths = np.linalg.norm(wide.w[1], axis=1)
    assert many.neurons == tuple(np.sort(np.argsort(-lengths)[:64]))


def test_tiles_do_not_overlap(net: Network) -> None:
    extents = [one.get_extent() for one in WeightImagesDisplay.from_network(net, image=(2, 3)).images_]
    for i, (l1, r1, b1, t1) in enumerate(extents):
        for l2, r2, b2, t2 in extents[:i]:
            assert r2 < l1 or r1 < l2 or b2 < t1 or b1 < t2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, r"nothing says that the 6 inputs are an image: give image=\(height, width\)"),
        ({"image": (2, 2)}, r"image is \(height, width\) of the network's 6 inputs; got \(2, 2\)"),
        ({"image": "big"}, r"image is \(height, width\) of the network's 6 inputs; got 'big'"),
        (
            {"image": (2, 3), "neurons": "all"},
            r"neurons is a list of numbers of neurons of layer 1; got 'all'",
        ),
        ({"image": (2, 3), "neurons": [7]}, r"there is no neuron 7 in layer 1: it has 5, 0 to 4"),
        (
            {"image": (2, 3), "columns": 0},
            r"columns is how many tiles stand side by side, a whole number from 1",
        ),
    ],
)
def test_what_can_not_be_tiles(net: Network, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        WeightImagesDisplay.from_network(net, **options)


def test_weights_that_are_not_finite(net: Network) -> None:
    net.theta[2] = np.nan
    with pytest.raises(DataError, match=r"w\[1\] holds a number that is not finite"):
        WeightImagesDisplay.from_network(net, image=(2, 3))


# -------------------------------------------------------------------------------- ∂C/∂x


def test_the_gradient_is_the_traces_and_the_example_stands_beside_it(net: Network) -> None:
    display = InputGradientDisplay.from_network(net, X, Y, example=2, image=(2, 3))
    expected = net.backprop(X, Y).dC_da[0][2].reshape(2, 3)
    np.testing.assert_allclose(display.image_.get_array(), expected, rtol=1e-12)
    np.testing.assert_array_equal(display.example_image_.get_array(), X[2].reshape(2, 3))
    low, high = display.image_.get_clim()
    assert low == -high
    assert (display.symbol, display.statement) == ("∂C/∂x", "example 2")
    assert display.image_.get_extent()[0] > display.example_image_.get_extent()[1]


def test_an_outputs_gradient(net: Network) -> None:
    display = InputGradientDisplay.from_network(net, X[0], of="a[L][1]", image=(3, 2))
    np.testing.assert_allclose(display.gradient.ravel(), net.explain("da[2][1]/dx", X[0]).value, rtol=1e-12)
    assert display.symbol == "∂a²₁/∂x"


def test_the_recipe_knows_the_image() -> None:
    digits = data.load("digits")
    net = Network([64, 4, 10], seed=0)
    net.recipe = data.Recipe.learn(digits)
    net.classes, net.task = net.recipe.classes, "classes"
    x, y = digits.arrays()
    assert InputGradientDisplay.from_network(net, x[0], y[0]).gradient.shape == (8, 8)


def test_what_can_not_be_an_inputs_gradient(net: Network) -> None:
    with pytest.raises(
        UsageError, match=r"a picture is of one example, and x has 4; say which with example=0"
    ):
        InputGradientDisplay.from_network(net, X, Y, image=(2, 3))
    with pytest.raises(UsageError, match=r"of is C or the name of an output"):
        InputGradientDisplay.from_network(net, X[0], Y[0], of=2, image=(2, 3))
    with pytest.raises(CountingError, match=r"there is no a\[7\]"):
        InputGradientDisplay.from_network(net, X[0], Y[0], of="a[7][1]", image=(2, 3))


# -------------------------------------------------------------------------------- nudges


def table(values: Any, averages: Any, **more: Any) -> Any:
    """A table of nudges as explain/nudges.py gives it."""
    values = np.asarray(values, dtype=float)
    net = more.pop("net", Network([6, 5, 3], seed=1))
    columns = [Quantity("w", 2, (j // 5, j % 5)) for j in range(values.shape[1] - 1)] + [
        Quantity("a", 1, (4,))
    ]
    rows = len(values)
    return SimpleNamespace(
        values=values, averages=np.asarray(averages, dtype=float), quantities=columns, net=net, n=50,
        labels=Labels.of(net, "note"), numbers=np.arange(rows) + 10, known=np.array(["a", "b", "c"])[:rows],
        answers=np.array(["a", "a", "c"])[:rows],
    )  # fmt: skip


def test_the_heat_map_holds_the_table_and_its_average_and_writes_both() -> None:
    made = table([[0.5, -0.25, 0.0], [-1.0, 1e-7, 0.125]], [-0.25, 0.0625, np.nan])
    made.net.task = "classes"
    display = NudgesDisplay.from_nudges(made)
    np.testing.assert_array_equal(display.image_.get_array(), made.values)
    np.testing.assert_array_equal(display.average_image_.get_array().filled(np.nan), made.averages[None])
    assert display.image_.get_clim() == display.average_image_.get_clim() == (-1.0, 1.0)
    assert [one.get_text() for one in display.texts_] == [
        "0.500", "−0.250", "0", "−1.000", "≈ 0", "0.125", "−0.250", "0.0625",
    ]  # fmt: skip
    assert [one.get_text() for one in display.ax_.get_xticklabels()] == ["w²₀,₀", "w²₀,₁", "a¹₄"]
    assert [one.get_text() for one in display.ax_.get_yticklabels()] == [
        "10: a “a”", "11: a “b”, read as “a”", "average of 50",
    ]  # fmt: skip


def test_a_wide_table_is_drawn_without_numbers() -> None:
    display = NudgesDisplay.from_nudges(table(np.ones((2, 20)), np.ones(20)))
    assert display.texts_ == []
    assert display.ax_.get_yticklabels()[0].get_text() == "example 10"


def test_what_is_too_large_a_table_or_not_finite() -> None:
    with pytest.raises(
        UsageError, match=r"a heat map has at most 40 examples and 60 columns, to be read; got 2 × 61"
    ):
        NudgesDisplay.from_nudges(table(np.ones((2, 61)), np.ones(61)))
    with pytest.raises(DataError, match=r"the table of nudges holds a number that is not finite"):
        NudgesDisplay.from_nudges(table([[np.inf, 1.0]], [1.0, 1.0]))


def test_the_nudges_of_a_network(net: Network) -> None:
    display = NudgesDisplay.from_network(net, X, Y, of=["w[2][1,3]", "b[2][0]", "a[1][4]"], examples=[0, 2])
    expected = net.nudges(X, Y, of=["w[2][1,3]", "b[2][0]", "a[1][4]"], examples=[0, 2])
    np.testing.assert_array_equal(display.image_.get_array(), expected.values)
    np.testing.assert_array_equal(display.values[-1], expected.averages)
