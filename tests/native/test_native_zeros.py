"""Hidden layers' zeros left out, layers of few neurons, and numbers below the normal ones: each against NumPy.

Layers are wide enough for whole panels and for several words of bits, which the random networks rarely are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backlit import passes
from backlit.dropout import masks
from backlit.engines import Plan, State
from backlit.engines.numpy import NumpyEngine
from backlit.network import Network
from backlit.optimizers import as_rule

from .cases import assert_close
from .machine import ENGINES, EVERY_CPU, every_way

NUMPY = NumpyEngine()
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
KEPT = {
    "sgd": {},
    "adam": {},
    "dropped": {"keep": (1.0, 0.5, 0.7, 1.0), "dropout_key": 7},
    "held": {"l2": 1e-3},
}


def a_case(sizes: tuple[int, ...], dtype: Any, rest: float, seed: int = 1) -> tuple[Network, Any, Any]:
    """A network of which about ``rest`` of the hidden neurons are at rest, with inputs and targets."""
    hidden = ["relu"] * (len(sizes) - 2)
    net = Network(sizes, activations=[*hidden, "identity"], cost="half_squared_error", seed=seed, dtype=dtype)
    rng = np.random.default_rng(seed)
    for l in range(1, net.L):
        net.b[l] = np.where(rng.random(net.sizes[l]) < rest, -0.7, 0.7)
    n = 150
    return net, rng.normal(size=(n, sizes[0])).astype(dtype), rng.normal(size=(n, sizes[-1])).astype(dtype)


@DTYPES
@pytest.mark.parametrize("rest", [0.0, 0.5, 0.95])
@pytest.mark.parametrize("sizes", [(40, 130, 200, 3), (9, 64, 64, 1), (64, 257, 64, 70), (100, 70, 131, 128)])
def test_gradients_where_neurons_rest(dtype: Any, rest: float, sizes: tuple[int, ...]) -> None:
    net, X, Y = a_case(sizes, dtype, rest)
    zeros = np.mean(net.backprop(X, Y).a[1] == 0)
    assert rest * 0.6 <= zeros <= rest * 0.6 + 0.45
    for rows in (1, 63, 64, 65, 150):
        value, gradient = NUMPY.value_and_gradient(net, net.theta, X[:rows], Y[:rows], None)
        for way, engine in every_way():
            C, g = engine.value_and_gradient(net, net.theta, X[:rows], Y[:rows], None)
            assert pytest.approx(value, rel=1e-12 if dtype is np.float64 else 1e-5) == C, way
            assert_close(net, g, gradient, f"{rows} rows, {way}")


@DTYPES
@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("batch_size", [50, 150])
def test_steps_where_neurons_rest(dtype: Any, kept: str, batch_size: int) -> None:
    net, X, Y = a_case((40, 130, 200, 3), dtype, 0.5)
    rule = "adam" if kept == "adam" else "sgd"
    plan = Plan(batch_size=batch_size, rule=rule, eta=np.full(3, 0.01), **KEPT[kept])
    order = np.arange(150)
    theta = net.theta.copy()
    NUMPY.run_epoch(net, theta, State(), plan, X, Y, None, order)
    for way, engine in every_way():
        found, state = net.theta.copy(), State(slots=as_rule(rule).start(theta, 0.01))
        engine.run_epoch(net, found, state, plan, X, Y, None, order)
        apart = theta - net.theta, found - net.theta
        assert_close(
            net, apart[1], apart[0], way, times=200 if dtype is np.float32 else 10
        )  # moves are small


def test_dropout_leaves_zeros_in_any_layer() -> None:
    """Sigmoids are never 0; dropped they are, and δ with them."""
    sizes = (20, 90, 80, 66)
    net = Network(sizes, activations="sigmoid", cost="half_squared_error", seed=4)
    rng = np.random.default_rng(4)
    X, Y = rng.normal(size=(70, 20)), rng.random((70, 66))
    plan = Plan(batch_size=70, rule="sgd", eta=np.ones(1), keep=(1.0, 0.4, 0.3, 1.0), dropout_key=11)
    dropped = masks(plan.keep, plan.dropout_key, 0, 70, sizes, net.dtype)
    share = np.full(70, 1 / 70)
    _, gradient = passes.value_and_gradient(net, net.theta, X, Y, share, dropped)
    for way, engine in every_way():
        theta = net.theta.copy()
        engine.run_epoch(net, theta, State(), plan, X, Y, None, np.arange(70))
        assert_close(net, net.theta - theta, gradient, way, times=10)


@EVERY_CPU
@DTYPES
@pytest.mark.parametrize("outputs", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("width", [1, 15, 16, 17, 130])
def test_layers_of_few_neurons(cpu: str, dtype: Any, outputs: int, width: int) -> None:
    """Kept in rows or in panels, with all that looks at w as a whole: norms, penalties, clipping."""
    rng = np.random.default_rng([outputs, width])
    net = Network(
        (7, width, outputs), activations=["tanh", "sigmoid"], cost="half_squared_error", seed=2, dtype=dtype
    )
    X, Y = rng.normal(size=(33, 7)).astype(dtype), rng.random((33, outputs)).astype(dtype)
    for limits in ({"max_norm": 0.3}, {"clip_norm": 0.01, "l1": 0.01}, {"clip_value": 0.001, "l2": 0.1}, {}):
        for rule in ("sgd", "momentum"):
            plan = Plan(batch_size=11, rule=rule, eta=np.full(3, 0.5), **limits)
            theta, found = net.theta.copy(), net.theta.copy()
            NUMPY.run_epoch(net, theta, State(), plan, X, Y, None, np.arange(33))
            ENGINES[cpu].run_epoch(net, found, State(), plan, X, Y, None, np.arange(33))
            assert_close(net, found, theta, f"{rule}, {limits}")


@EVERY_CPU
@DTYPES
def test_numbers_below_the_normal_ones_count_as_zero(cpu: str, dtype: Any) -> None:
    """Adam's averages die away to 0 at a neuron that rests, and the caller's arithmetic is as before."""
    net = Network((2, 2, 1), activations=["relu", "identity"], cost="half_squared_error", seed=1, dtype=dtype)
    net.b[1] = [-100, 100]
    tiny = np.finfo(dtype).tiny
    slots = as_rule("adam").start(net.theta, 0.001)
    for slot in slots.values():
        slot[:] = tiny
    plan = Plan(batch_size=1, rule="adam", eta=np.full(9, 0.001))
    X, Y = np.ones((9, 2), dtype=dtype), np.ones((9, 1), dtype=dtype)
    ENGINES[cpu].run_epoch(net, net.theta, State(slots=slots), plan, X, Y, None, np.arange(9))
    resting = net.views(next(iter(slots.values())))[1][1][0]
    assert resting == 0
    assert np.array([tiny], dtype=dtype)[0] / 2 > 0  # denormals are there again
