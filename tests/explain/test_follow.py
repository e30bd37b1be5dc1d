"""One derivative followed through training: its value is the gradient's, its factors multiply to it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import equations
from backlit.errors import DataError, UsageError

NAMES = (
    "dC/dw[1][2,3]",
    "dC/db[1][0]",
    "dC/dz[1][1]",
    "dC/da[1][4]",
    "dC/dx[2]",
    "dC/dw[2][1,0]",
    "dC/da[2][1]",
)


def data(rng: Any) -> tuple[Any, Any]:
    return rng.normal(size=(30, 4)), rng.integers(0, 3, 30)


def network(*, pair: bool = False, dtype: str = "float64") -> backlit.Network:
    last, cost = ("softmax", "cross_entropy") if pair else ("sigmoid", "half_squared_error")
    return backlit.Network([4, 5, 3], activations=["tanh", last], cost=cost, seed=1, dtype=dtype)


def truth(net: backlit.Network, name: str, x: Any, y: Any) -> float:
    """By backprop, and the mean over the examples."""
    trace, by = net.backprop(x, y), name.split("/d")[1]
    letter = by[0]
    if letter == "x":
        return float(trace.dC_da[0][:, int(by[2:-1])].mean())
    l, index = int(by[2]), tuple(map(int, by[5:-1].split(",")))
    if letter == "w":
        return float((trace.delta[l][:, index[0]] * trace.a[l - 1][:, index[1]]).mean())
    return float((trace.dC_da[l] if letter == "a" else trace.delta[l])[:, index[0]].mean())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize("alone", [False, True])
def test_value_and_factors_by_epoch(rng: Any, name: str, pair: bool, alone: bool) -> None:
    x, y = data(rng)
    net = network(pair=pair)
    which = (x[7], y[7]) if alone else (x, y)
    follow = backlit.Follow(name, *which).look(net)
    true = [truth(net, name, *which)]
    net.fit(
        x,
        y,
        epochs=3,
        eta=0.3,
        callbacks=[follow, lambda event: true.append(truth(event.net, name, *which))],
        progress=False,
    )
    assert follow.epochs == [0, 1, 2, 3]
    assert follow.values == pytest.approx(true, rel=1e-12, abs=1e-16)
    assert follow.table.shape == (4, 1 + len(follow.names))
    assert np.prod(follow.table[:, 1:], axis=1) == pytest.approx(follow.values, rel=1e-10, abs=1e-16)
    assert ("agreement" in follow.names) != alone


def test_the_three_factors_of_a_weight(rng: Any) -> None:
    x, y = data(rng)
    net = network()
    follow = backlit.Follow("dC/dw[1][2,3]", x[0], y[0]).look(net)
    assert follow.names == ("a⁰₃", "σ′(z¹₂)", "∂C/∂a¹₂")
    trace = net.backprop(x[0], y[0])
    assert follow.factors["a⁰₃"][0] == x[0, 3]
    assert follow.factors["σ′(z¹₂)"][0] == pytest.approx(1 - trace.a[1][0, 2] ** 2)
    assert follow.factors["∂C/∂a¹₂"][0] == trace.dC_da[1][0, 2]
    assert backlit.Follow("dC/dw[2][1,0]", x, y).look(network(pair=True)).names == ("a¹₀", "δ²₁", "agreement")


def test_the_factor_that_shrank_is_named() -> None:
    net = backlit.Network(
        [1, 1, 1], activations=["tanh", "identity"], cost="half_squared_error", theta=[1, 0, 1, 0]
    )
    follow = backlit.Follow("dC/dw[1][0,0]", [[1.0]], [[3.0]]).look(net)
    net.b[1][0] = 8.0  # far out on tanh
    follow.look(net)
    assert "what changed most is σ′(z¹₀), which shrank to" in follow.sentence
    net.w[2][0, 0] = 0.0
    assert "is ∂C/∂a¹₀, which became 0" in follow.look(net).sentence
    woke = backlit.Follow("dC/dw[1][0,0]", [[1.0]], [[3.0]]).look(net)
    net.w[2][0, 0] = -1.0
    assert "which woke from 0" in woke.look(net).sentence
    turned = backlit.Follow("dC/dw[1][0,0]", [[1.0]], [[3.0]]).look(net)
    net.w[2][0, 0] = 1.0
    assert turned.look(net).sentence.endswith("and changed its sign.")


def test_nothing_to_compare(rng: Any) -> None:
    x, y = data(rng)
    net = network()
    follow = backlit.Follow("dC/dw[1][2,3]", x, y)
    assert follow.table.shape == (0, 1)
    assert "nothing to compare" in follow.sentence
    follow.look(net)
    assert "none of its factors changed" in follow.look(net).sentence
    assert len(follow) == 2


def test_text_and_plain_data(rng: Any) -> None:
    x, y = data(rng)
    net = network(dtype="float32")
    follow = backlit.Follow("dC/dw[1][2,3]", x, y).look(net)
    net.fit(x, y, epochs=50, eta=0.1, callbacks=follow, progress=False)
    lines = str(follow).splitlines()
    assert lines[0].split() == ["epoch", "∂C/∂w¹₂,₃", "a⁰₃", "σ′(z¹₂)", "∂C/∂a¹₂", "agreement"]
    assert len(lines) < 26
    assert lines[1].split()[0] == "0"
    assert "50" in [line.split()[0] for line in lines if line.strip()]
    assert "over 30 examples" in str(follow)
    told = json.loads(json.dumps(follow.to_dict(), allow_nan=False))
    assert told["schema"] == "backlit.follow/1"
    assert told["epochs"] == list(range(51))
    assert [len(column) for column in told["factors"].values()] == [51] * 4


def test_a_mistake_in_the_equations_shows(rng: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = data(rng)
    net = network()
    true = truth(net, "dC/dw[1][2,3]", x, y)
    n11 = equations.N11
    monkeypatch.setattr(equations, "N11", lambda *given: -n11(*given))
    assert backlit.Follow("dC/dw[1][2,3]", x, y).look(net).values[0] == pytest.approx(-true)


@pytest.mark.parametrize("name", ["w[1][2,3]", "da[2][0]/dx[1]", "nonsense", 3])
def test_only_derivatives_of_C_can_be_followed(name: Any) -> None:
    with pytest.raises(UsageError, match="is not a derivative of C; write"):
        backlit.Follow(name, [[0.0]], [0])


@pytest.mark.parametrize("name", ["dC/dw[1]", "dC/dw[1][0,:]", "dC/draw['a']", "dC/db[2]"])
def test_blocks_and_columns_cannot_be_followed(name: str, rng: Any) -> None:
    with pytest.raises(UsageError, match=r"name one w\[l\]\[j,k\]"):
        backlit.Follow(name, *data(rng)).look(network())


def test_class_names_are_indices(rng: Any) -> None:
    net = network()
    net.classes = ["cat", "dog", "owl"]
    follow = backlit.Follow('dC/dw[L]["dog",0]', rng.normal(size=(4, 4)), ["cat", "dog", "owl", "cat"]).look(
        net
    )
    assert follow.name == "dC/dw[2][1,0]"
    assert follow.names[1] == "σ′(z²₁)"


def test_entries_data_and_numbers_that_are_not(rng: Any) -> None:
    x, y = data(rng)
    net = network()
    with pytest.raises(UsageError, match="layer 1 has 5 neurons, 0 to 4; there is no 5"):
        backlit.Follow("dC/dw[1][5,0]", x, y).look(net)
    with pytest.raises(UsageError, match=r"there is no a\[4\]"):
        backlit.Follow("dC/da[4][0]", x, y).look(net)
    with pytest.raises(DataError, match=r"inputs are \(n, 4\)"):
        backlit.Follow("dC/dx[0]", x[:, :2], y).look(net)
    net.theta[0] = np.nan
    with pytest.raises(DataError, match="a factor is not finite"):
        backlit.Follow("dC/dw[1][0,0]", x, y).look(net)
