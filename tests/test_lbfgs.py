"""l-bfgs is SciPy's, on our objective: the same steps as SciPy called by hand, and endings told as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from backlit import Network
from backlit.lbfgs import Stop, minimise
from backlit.sets import split_rows


@pytest.fixture
def xy(rng: Any) -> tuple[Any, Any]:
    x = rng.normal(size=(60, 3))
    return x, np.sin(x[:, :1]) + 0.1 * x[:, 1:2] ** 2


def net_of(dtype: str = "float64") -> Network:
    return Network([3, 5, 1], activations=["tanh", "identity"], seed=2, dtype=dtype)


@pytest.mark.parametrize("l2", [0.0, 0.03])
def test_it_is_scipy_by_hand(xy: Any, l2: float) -> None:
    net, hand = net_of(), net_of()
    history = net.fit(*xy, optimizer="l_bfgs(memory=5)", epochs=25, l2=l2, progress=False)

    def objective(theta: Any) -> Any:
        hand.theta[:] = theta
        found = hand.gradient(*xy, l2=l2)
        return found.value, found.theta

    limits = {"maxcor": 5, "maxiter": 25, "gtol": 1e-6, "ftol": 0.0, "maxfun": 520}
    result: Any = minimize(objective, net_of().theta, jac=True, method="L-BFGS-B", options=limits)
    np.testing.assert_allclose(net.theta, result.x, rtol=1e-9)
    assert history[-1]["objective"] == pytest.approx(result.fun, rel=1e-9)
    assert history[-1]["cost"] == pytest.approx(net.value(*xy), rel=1e-12)
    assert len(history) == result.nit == 25
    assert "eta" not in history.columns
    assert net.training["settings"]["eta"] is None


def test_with_weights_a_fraction_held_out_and_early_stopping(xy: Any) -> None:
    x, y = xy
    weights = np.linspace(0, 2, 60)
    kept, apart = split_rows(60, 0.2, 2, None)
    a, b = net_of(), net_of()
    how: dict[str, Any] = {"optimizer": "l_bfgs", "epochs": 12, "progress": False}
    one = a.fit(x, y, validation=0.2, sample_weight=weights, **how)
    two = b.fit(x[kept], y[kept], validation=(x[apart], y[apart]), sample_weight=weights[kept], **how)
    np.testing.assert_allclose(a.theta, b.theta, rtol=1e-6)
    np.testing.assert_allclose(one["validation_cost"], two["validation_cost"], rtol=1e-6)
    stopped = net_of()
    history = stopped.fit(x, y, validation=0.2, early_stopping=1, min_delta=1e9, **how)
    assert (len(history), history.stop_reason) == (2, "no better validation_cost for 1 epoch")


def test_float32_stays_float32(xy: Any) -> None:
    net = net_of("float32")
    history = net.fit(*xy, optimizer="l_bfgs", epochs=300, progress=False)
    assert net.theta.dtype == np.float32
    assert history[-1]["cost"] < 0.1 * history[0]["cost"]
    assert np.isfinite(net.theta).all()


def test_it_says_that_it_converged(xy: Any) -> None:
    net = Network([3, 1], activations="identity")
    history = net.fit(*xy, optimizer="l_bfgs(tolerance=1e-5)", epochs=500, progress=False)
    assert history.stop_reason == "l_bfgs converged: no slope is above the tolerance"
    assert len(history) < 100
    assert abs(net.gradient(*xy).theta).max() < 1e-5


def endings(objective: Any, start: Any, iterations: int = 200, each: Any = lambda theta: False) -> str:
    return minimise("l_bfgs", objective, np.array(start), iterations, each)


def test_a_wish_within_an_iteration_ends_at_the_iterate_before() -> None:
    seen: list[Any] = []
    calls = iter(range(100))

    def objective(theta: Any) -> tuple[float, Any]:
        if next(calls) == 7:
            raise Stop
        return rosen(theta), rosen_der(theta)

    assert endings(objective, [-1.0, 2.0], each=lambda theta: bool(seen.append(theta.copy()))) == "stopped"
    assert 0 < len(seen) < 7


def test_a_search_that_never_ends_is_ended_by_its_evaluations() -> None:
    """A slope that promises more than the cost ever gives makes each search long."""
    chance = np.random.default_rng(0)
    noisy = lambda theta: (float(chance.random()), np.ones_like(theta))  # noqa: E731
    assert endings(noisy, [0.0, 0.0], 400).startswith("l_bfgs ")


def test_its_other_endings() -> None:
    rosenbrock = lambda theta: (rosen(theta), rosen_der(theta))  # noqa: E731
    assert endings(rosenbrock, [-1.0, 2.0], 3) == "all epochs done"
    assert endings(rosenbrock, [-1.0, 2.0], each=lambda theta: True) == "stopped"
    wrong = lambda theta: (rosen(theta), -rosen_der(theta))  # noqa: E731
    assert endings(wrong, [-1.0, 2.0]) == (
        "l_bfgs found no lower cost along its last direction: as far as rounding lets it go"
    )


@pytest.mark.parametrize("beyond", [np.inf, np.nan])
def test_a_wall_that_is_not_finite_is_stepped_back_from(beyond: float) -> None:
    """The first steps go far beyond 3, where nothing is finite; the minimum at 2.9 is found all the same."""

    def objective(theta: Any) -> tuple[float, Any]:
        if theta[0] > 3:
            return beyond, np.array([np.nan])
        return float(50 * (theta[0] - 2.9) ** 2), 100 * (theta - 2.9)

    seen: list[float] = []
    endings(objective, [-40.0], each=lambda theta: bool(seen.append(theta[0])))
    assert seen[-1] == pytest.approx(2.9, abs=1e-5)
    assert max(seen) <= 3
