"""The learning-rate finder: its suggestion trains well, it stops where the cost breaks out, and it changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from backlit import Network, UsageError


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any]:
    x, y = load_digits(return_X_y=True)
    return x / 16, y


def net_of() -> Network:
    return Network([64, 30, 10], cost="half_squared_error", seed=0)


def test_the_suggestion_is_sane_and_trains(digits: Any) -> None:
    net = net_of()
    found = net.find_eta(*digits, batch_size=10)
    assert 0.03 < found.suggestion < 3
    assert found.suggestion < found.limit < 10
    assert found.clear
    assert str(found).startswith(f"cost falls fastest at eta = {found.suggestion:.3g}, and stops falling at")
    history = net.fit(*digits, eta=found.suggestion, epochs=5, batch_size=10, progress=False)
    assert history[-1]["cost"] < 0.6 * found.costs[0]


def test_the_network_is_not_changed_and_the_answer_is_reproducible(digits: Any) -> None:
    net = net_of()
    start = net.theta.copy()
    one, two = net.find_eta(*digits, optimizer="momentum"), net.find_eta(*digits, optimizer="momentum")
    assert net.theta.tobytes() == start.tobytes()
    assert (net.task, net.training) == (None, {})
    assert one.suggestion == two.suggestion
    assert one.costs.tolist() == two.costs.tolist()


def test_the_first_steps_are_the_engines(digits: Any) -> None:
    from backlit.randomness import order_of_epoch

    x, y = digits
    hand = net_of()
    found = net_of().find_eta(x, y, steps=40, l2=0.01, highest=1)
    order = order_of_epoch(0, 1, len(y))
    for i in range(5):
        rows = order[32 * i : 32 * i + 32]
        assert found.costs[i] == pytest.approx(hand.value(x[rows], y[rows]), rel=1e-10)
        hand.theta -= found.etas[i] * hand.gradient(x[rows], y[rows], l2=0.01).theta


def test_it_stops_where_the_cost_breaks_out(digits: Any) -> None:
    net = Network([64, 30, 10], activations=["relu", "softmax"], cost="cross_entropy", seed=0)
    found = net.find_eta(*digits, optimizer="adam")
    assert len(found.costs) == len(found.etas) == len(found.smooth) < 200
    assert np.isfinite(found.costs).all()
    assert 1e-4 < found.suggestion < found.limit < 1


def test_of_a_trained_network_it_says_that_it_sees_nothing(digits: Any) -> None:
    net = net_of()
    net.fit(*digits, epochs=10, batch_size=10, eta=3.0, progress=False)
    found = net.find_eta(*digits)
    assert not found.clear
    assert "this fall is within the scatter of the steps" in str(found)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lowest": 1.0, "highest": 0.1}, "find_eta needs lowest below highest; got 1 and 0.1"),
        ({"lowest": 0}, "lowest is a finite number above 0; got 0"),
        ({"highest": "much"}, "highest is a finite number above 0; got 'much'"),
        ({"steps": 5}, "steps is a whole number of at least 20, to see a slope; got 5"),
        ({"batch_size": 0}, "batch_size is a whole number of at least 1; got 0"),
        ({"l2": -1}, "l2 is a finite number of at least 0; got -1"),
        (
            {"dropout": 0.5},
            "find_eta does not take dropout; it takes l1, l2, clip_value, clip_norm, max_norm",
        ),
        (
            {"optimizer": "l_bfgs"},
            "l_bfgs finds its own step length, so there is no eta to find; leave eta out",
        ),
        ({"optimizer": "rprop"}, "rprop finds its own step length"),
        ({"optimizer": "adamm"}, "unknown optimizer 'adamm'"),
        ({"lowest": 1e5, "highest": 1e9}, "the cost broke out after"),
    ],
)
def test_what_can_not_be(given: Any, said: str) -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    net = Network([2, 8, 1], activations=["relu", "identity"], seed=0)
    with pytest.raises(UsageError, match=said):
        net.find_eta(x, x[:, :1], **given)


def test_more_steps_than_examples_and_a_picture(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(10, 2))
    found = Network([2, 4, 1], activations=["tanh", "identity"]).find_eta(
        x, x[:, :1], batch_size=500, clip_norm=None
    )
    found.plot(tmp_path / "eta.png")
    assert (tmp_path / "eta.png").read_bytes().startswith(b"\x89PNG")
