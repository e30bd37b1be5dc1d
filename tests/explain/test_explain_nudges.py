"""The nudges table against gradients of one example at a time, against differences of C, and as text and data."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

import backlit
from backlit import equations
from backlit.equations import EQUATIONS
from backlit.errors import CountingError, DataError, ModelError, UsageError
from backlit.inputs import Pixels

Array = Any
SIZES = [6, 5, 4, 3]  # all widths differ


@pytest.fixture
def net() -> backlit.Network:
    net = backlit.Network(SIZES, activations=["tanh", "softmax", "sigmoid"], cost="squared_error", seed=3)
    net.classes = ("cat", "dog", "owl")
    return net


@pytest.fixture
def data(rng: Any) -> tuple[Array, Array]:
    return rng.normal(size=(9, 6)), rng.integers(0, 3, 9)


def test_every_parameter_of_every_example(net: backlit.Network, data: Any) -> None:
    x, y = data
    weights = np.arange(1.0, 10)
    names = [f"{letter}[{l}]" for l in (1, 2, 3) for letter in "wb"]
    found = net.nudges(x, y, of=names, sample_weight=weights)
    each = np.stack([net.gradient(x[i : i + 1], y[i : i + 1]).theta for i in range(9)])
    np.testing.assert_allclose(found.values, -each, rtol=0, atol=1e-12 * abs(each).max())
    mean = net.gradient(x, y, sample_weight=weights)
    np.testing.assert_allclose(found.averages, -mean.theta, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.mean.w[2], -mean.w[2], rtol=0, atol=1e-14)
    assert found.names == [net.name_of(i) for i in range(net.parameters)]
    assert found.included == {"sample_weight": "given"}


def test_activations_and_inputs_by_differences_of_c(net: backlit.Network, data: Any) -> None:
    x, y = data
    step = 1e-6
    beside = [x + s * step * (np.arange(6) == 4) for s in (1, -1)]
    costs = [net.backprop(one, y).C for one in beside]
    found = net.nudges(x, y, of=["x[4]", "a[0][4]", "a[3]", "z[2][1]"])
    np.testing.assert_allclose(found["x[4]"], (costs[1] - costs[0]) / (2 * step), rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(found.values[:, 0], found.values[:, 1])
    trace = net.backprop(x, y)
    np.testing.assert_allclose(found["a[3]"], -2 * (trace.a[3] - np.eye(3)[y]), rtol=1e-12)
    np.testing.assert_allclose(found["z[2][1]"], -trace.delta[2][:, 1], rtol=1e-12)
    assert np.isnan(found.averages).all()  # an average of activations' nudges moves nothing


def test_a_nudge_lowers_the_cost(net: backlit.Network, data: Any) -> None:
    x, y = data
    found = net.nudges(x, y, of="w[3][0,1]", examples=[4])
    before = net.value(x[4], y[4])
    net.w[3][0, 1] += 1e-5 * found.values[0, 0]
    assert net.value(x[4], y[4]) < before


def test_names_slices_and_shapes(net: backlit.Network, data: Any) -> None:
    found = net.nudges(*data)
    for name, shape, names in (
        ("w[2][3,:]", (5,), [f"w[2][3,{k}]" for k in range(5)]),
        ("w[2][:,1]", (4,), [f"w[2][{j},1]" for j in range(4)]),
        ("w[2][1:3,0:2]", (2, 2), ["w[2][1,0]", "w[2][1,1]", "w[2][2,0]", "w[2][2,1]"]),
        ("w[2][1:,:2]", (3, 2), None),
        ("b[2]", (4,), None),
        ("b[L][0:2]", (2,), ["b[3][0]", "b[3][1]"]),
        ('a[L]["owl"]', (), ["a[3][2]"]),
        ("x", (6,), [f"x[{k}]" for k in range(6)]),
        ("2.weight[0,:]", (5,), [f"w[2][0,{k}]" for k in range(5)]),
    ):
        assert found[name].shape == (9, *shape), name
        if names is not None:
            assert net.nudges(*data, of=name).names == names
    np.testing.assert_array_equal(found["w[2][1:3,0:2]"], found["w[2]"][:, 1:3, 0:2])
    book = net.nudges(*data, of=["w[3][3,1]"], notation="book")
    assert book.names == ["w[3][3,1]"]
    np.testing.assert_array_equal(book.values[:, 0], found["w[2][3,1]"])
    assert "layer 1 is the input" in " ".join(book.text().split())


def test_rows_are_chosen_and_the_average_is_of_all(net: backlit.Network, data: Any) -> None:
    x, y = data
    found = net.nudges(x, y, of=["w[1][0,0]"], examples=[7, 2])
    whole = net.nudges(x, y, of=["w[1][0,0]"])
    np.testing.assert_allclose(found.values, whole.values[[7, 2]], rtol=1e-13)
    np.testing.assert_array_equal(found.averages, whole.averages)
    assert found.numbers.tolist() == [7, 2]
    assert (found.n, len(found.known)) == (9, 2)
    np.testing.assert_allclose(whole.values.mean(axis=0), whole.averages, rtol=1e-12)


def test_the_whole_network_is_kept_as_delta_and_a(data: Any) -> None:
    """Without ``of``: the loudest parameters as columns, and nothing of the size examples × parameters."""
    net = backlit.Network([6, 500, 400, 3])
    found = net.nudges(*data)
    order = np.argsort(-abs(net.gradient(*data).theta), kind="stable")[:8]
    assert found.names == [net.name_of(int(i)) for i in order]
    assert not found.chosen
    held = sum(one.nbytes for kind in (found.a, found.delta, found.dC_da) for one in kind)
    assert held < 9 * net.parameters * 8 / 50
    np.testing.assert_allclose(
        found["w[2][3,5]"], -found.delta[2][:, 3] * found.a[1][:, 5], rtol=1e-12, atol=1e-300
    )


def test_float32_sparse_rows_and_bytes(rng: Any) -> None:
    levels = rng.integers(0, 256, (8, 5)).astype(np.uint8)
    y = rng.integers(0, 3, 8)
    net = backlit.Network([5, 4, 3], dtype="f4")
    double = backlit.Network([5, 4, 3], theta=net.theta)
    wanted = -double.gradient(levels[2:3] / 255, y[2:3]).w[1]
    for x in (levels / 255, Pixels(levels), csr_array(levels / 255)):
        found = net.nudges(x, y, of="w[1]", examples=2)
        assert found.values.dtype == np.float64
        np.testing.assert_allclose(found["w[1]"][0], wanted, rtol=0, atol=1e-12 * abs(wanted).max())


@pytest.mark.parametrize("tag", ["B1", "B2", "B3", "B4", "N11"])
def test_a_wrong_sign_planted_in_an_equation_shows(
    tag: str, net: backlit.Network, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = ["w[1]", "b[1]", "w[2]", "b[2]", "w[3]", "b[3]", "a[1]"]
    right = net.nudges(*data, of=of).values
    function = EQUATIONS[tag].function
    monkeypatch.setitem(equations.__dict__, tag, lambda *operands: -function(*operands))
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(net.nudges(*data, of=of).values, right, rtol=1e-6)


# ------------------------------------------------------------------------------------------------------- text and data


def test_the_table_as_text() -> None:
    """The note's three signs, small enough to check by hand: w = 0.5, b = 0.25, x = 1 and 2, y = 0 and 3."""
    net = backlit.Network([1, 1], activations="identity", theta=[[[0.5]], [0.25]])
    text = net.nudges([[1.0], [2.0]], [[0.0], [3.0]], of=["w[1]", "b[1]", "x"]).text()
    assert text == (
        "Nudges, −∂C_x/∂·: what each example would like\n"
        "1 → 1 · identity · C = squared_error · note's counting: layer 0 is the input\n"
        "\n"
        "example  label  read as   w¹₀,₀     b¹₀       x₀\n"
        "0        0      0.75     −1.500  −1.500  −0.7500\n"
        "1        3      1.25     +7.000  +3.500  +1.7500\n"
        "average                  +2.750  +1.000        –\n"
        "\n"
        "The average is over all 2 examples: −∂C/∂·, the way that descent goes. Activations are each\n"
        "example's own and have none (–)."
    )


def test_colour_says_the_sign_once_more(net: backlit.Network, data: Any) -> None:
    found = net.nudges(*data, of=["w[2][3,:]", "b[2]"])
    plain, coloured = found.text(), found.text(colour=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain
    assert len(re.findall(r"\x1b\[34m *\+", coloured)) == plain.count("+")
    assert set(re.findall(r"\x1b\[38;5;208m *(.)", coloured)) == {"−"}
    assert '"dog"' in plain


@pytest.mark.parametrize("width", [100, 60, 44])
def test_the_text_fits(width: int, net: backlit.Network, data: Any) -> None:
    text = net.nudges(*data, of=["w[1]", "w[2]"]).text(width=width)
    assert max(map(len, text.splitlines())) <= width
    assert re.sub(r"\s+", " ", text).endswith("Not shown: 10 more columns.")


def test_numbers_of_every_size_are_aligned() -> None:
    from backlit.explain.sheet import signed

    assert signed("", np.array([1234.5, -0.25, 0.0, np.nan])).cells == ["+1,234.50", "−0.25", "0   ", "–"]
    assert signed("", np.array([0.0123, 0.05, -1e-9])).cells == ["+0.01230", "+0.05000", "−0      "]
    assert signed("", np.array([1.5e-7, -2e-9, 0.0])).cells == ["+1.500·10⁻⁷", "−2.000·10⁻⁹", "0"]
    assert signed("", np.array([3e9])).cells == ["+3.000·10⁹"]


def test_as_data(net: backlit.Network, data: Any) -> None:
    found = net.nudges(*data, of=["w[2][3,1]", "a[1][4]"], examples=[7, 2]).called([107, 102])
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["schema"] == "backlit.nudges/1"
    assert told["columns"] == ["w[2][3,1]", "a[1][4]"]
    assert [row["example"] for row in told["examples"]] == [107, 102]
    assert [row["nudges"] for row in told["examples"]] == found.values.tolist()
    assert told["examples"][0]["known"] in net.classes
    assert told["average"] == [found.averages[0], None]
    assert told["averaged_over"] == 9


def test_values_have_their_numbers_as_labels(rng: Any) -> None:
    net = backlit.Network([2, 2], activations="identity")
    text = net.nudges(rng.normal(size=(3, 2)), np.array([[0.5, -1.25], [1, 2], [3, 4]]), of="b[1]").text()
    assert "0.5, −1.25" in text


# ----------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ("w[9][0,0]", r"there is no w\[9\].*Did you mean 'w\[3\]\[0,0\]'"),
        ("w[2][9,0]", "layer 2 has 4 neurons, 0 to 3; there is no 9"),
        ("w[2][3]", r"w takes 2 ind.*Did you mean 'w\[2\]\[3,0\]'"),
        ("b[2][0:9]", "a slice ends at 9, and there are 4 neurons, 0 to 3"),
        ("b[2][2:2]", "the slice 2:2 holds no neuron"),
        ('a[L]["cow"]', "no output is called 'cow'"),
        ("weight", "'weight' names no weight, bias or activation: write"),
        ("dC/dw[2]", "names no weight, bias or activation"),
        ("C", "names no weight, bias or activation"),
        (7, "of names what is nudged, one text or several"),
        ([], "of names what is nudged, one text or several"),
        ([7], "is named by a text"),
    ],
)
def test_names_that_do_not_exist(of: Any, said: str, net: backlit.Network, data: Any) -> None:
    with pytest.raises(UsageError, match=said):
        net.nudges(*data, of=of)


def test_what_else_cannot_be(net: backlit.Network, data: Any) -> None:
    x, y = data
    with pytest.raises(CountingError, match="there is no example 9: the data has 9, 0 to 8"):
        net.nudges(x, y, examples=[0, 9])
    for examples in (1.5, [], "0", [[1]]):
        with pytest.raises(UsageError, match="examples are numbers of examples, counted from 0"):
            net.nudges(x, y, examples=examples)
    with pytest.raises(UsageError, match=r"unknown notation 'bok'\. Did you mean 'book'"):
        net.nudges(x, y, notation="bok")
    with pytest.raises(DataError, match=r"inputs are \(n, 6\)"):
        net.nudges(x[:, :3], y)
    wide = backlit.Network([6, 2000, 2000, 3])
    with pytest.raises(UsageError, match=r"4,000,000 quantities for 9 examples are a table of 36,000,000"):
        wide.nudges(x, y, of="w[2]")
    with pytest.raises(UsageError, match="choose fewer examples"):
        wide.nudges(x, y)["w[2]"]
    net.b[2][1] = np.inf
    with pytest.raises(ModelError, match=r"b\[2\]\[1\] is inf"):
        net.nudges(x, y)
