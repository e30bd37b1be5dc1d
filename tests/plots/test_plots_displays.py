"""What every display has in common: it draws, takes an ax, returns itself, and leaves everything else as it was."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import DataError, Network, UsageError, plots
from backlit.plots.canvas import limit, mark_negative, new_figure

matplotlib = pytest.importorskip("matplotlib")

X = np.random.default_rng(0).random((7, 6))
Y = np.eye(3)[[0, 1, 2, 0, 1, 2, 0]]


def network() -> Network:
    return Network([6, 5, 3], activations=["tanh", "sigmoid"], cost="half_squared_error", seed=1)


def norms(net: Network) -> Any:
    return plots.GradientNorms(X, Y).look(net).look(net)


MAKERS: dict[str, Callable[[Network, Any], Any]] = {
    "weights": lambda net, ax: plots.WeightImagesDisplay.from_network(net, image=(2, 3), ax=ax),
    "inputs": lambda net, ax: plots.InputGradientDisplay.from_network(net, X[0], Y[0], image=(2, 3), ax=ax),
    "network": lambda net, ax: plots.NetworkDisplay.from_network(net, X, Y, example=1, ax=ax),
    "gradient": lambda net, ax: plots.NetworkDisplay.from_network(net, X, Y, edges="dC/dw", ax=ax),
    "paths": lambda net, ax: plots.NetworkDisplay.from_paths(
        net.paths("dC/dx[1]", X, Y, example=2), image=(2, 3), ax=ax
    ),
    "norms": lambda net, ax: plots.GradientNormsDisplay.from_norms(norms(net), ax=ax),
    "line": lambda net, ax: plots.CostLineDisplay.from_network(net, X, Y, steps=5, ax=ax),
    "plane": lambda net, ax: plots.CostPlaneDisplay.from_network(net, X, Y, steps=3, ax=ax),
}


@pytest.fixture(params=list(MAKERS))
def make(request: pytest.FixtureRequest) -> Callable[[Network, Any], Any]:
    return MAKERS[request.param]


def test_it_draws_on_a_figure_of_its_own_and_on_an_ax_that_is_given(make: Any, tmp_path: Path) -> None:
    net = network()
    before, settings = net.theta.copy(), matplotlib.rcParams.copy()
    display = make(net, None)
    own = display.figure_
    assert display.ax_ in own.axes
    assert display.save(tmp_path / "picture.png") is display
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert display._repr_png_().startswith(b"\x89PNG")

    figure = new_figure(9, 4)
    left, right = figure.subplots(1, 2)
    assert display.plot(right) is display
    assert display.ax_ is right
    assert display.figure_ is figure
    assert display._repr_png_() is None, "a figure that is someone else's is shown by them"
    figure.savefig(io.BytesIO())
    assert not left.has_data()
    other = make(net, left)
    assert other.ax_ is left

    np.testing.assert_array_equal(net.theta, before)
    assert net.task is None
    assert matplotlib.rcParams.copy() == settings
    assert "matplotlib.pyplot" not in sys.modules


def test_what_is_no_ax_is_said(make: Any) -> None:
    with pytest.raises(
        UsageError, match=r"ax is one matplotlib Axes, or None for a figure of its own; got 3"
    ):
        make(network(), 3)


def test_a_picture_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    display = MAKERS["line"](network(), None)
    with pytest.raises(DataError, match=r"the picture could not be written to .*picture.xyz"):
        display.save(tmp_path / "picture.xyz")


def test_minus_signs_are_minus_signs(make: Any) -> None:
    display = make(network(), None)
    display.figure_.canvas.draw()
    said = [one.get_text() for one in display.figure_.findobj(matplotlib.text.Text)]
    ticks = [one for one in said if one.strip("0123456789.−-") == ""]
    assert not [one for one in ticks if "-" in one]


def test_the_names_that_there_are() -> None:
    assert dir(plots) == sorted(plots.__all__)
    for name in plots.__all__:
        assert getattr(plots, name).__name__ == name
    with pytest.raises(AttributeError, match=r"module 'backlit.plots' has no attribute 'Picture'"):
        _ = plots.Picture


def test_matplotlib_is_imported_only_when_something_is_drawn() -> None:
    program = (
        "import sys, backlit; [getattr(backlit.plots, name) for name in backlit.plots.__all__];"
        "print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_signed_scale_is_symmetric_and_never_empty() -> None:
    assert limit(np.array([-3.0, 1.0])) == 3.0
    assert limit(np.array([np.nan, 2.0])) == 2.0
    assert limit(np.zeros(3)) == 1.0


def test_strongly_negative_cells_carry_a_stroke() -> None:
    ax = new_figure(2, 2).subplots()
    strokes = mark_negative(ax, np.array([[-1.0, 1.0], [-0.1, -0.5]]), (10.0, 0.0))
    middles = [segment.mean(axis=0).tolist() for segment in strokes.get_segments()]
    np.testing.assert_allclose(middles, [[10.5, 0.5], [11.5, 1.5]])
