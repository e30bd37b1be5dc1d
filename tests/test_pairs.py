"""Output and cost taken together: against definitions in a thousand digits, and against the two one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from backlit.functions import PAIRS, as_activation, as_cost, pair_of
from backlit.namespaces import NUMPY, NUMPY_FAST, mpmath_namespace
from oracles import definitions as exact, rows

Array = Any
LOUD = {"over": "raise", "divide": "raise", "invalid": "raise"}
every_pair = pytest.mark.parametrize(("sigma", "cost"), list(PAIRS))
KINDS = {cost: as_cost(cost).targets for _, cost in PAIRS}


@every_pair
def test_pairs_keep_their_digits_from_minus_700_to_700(sigma: str, cost: str) -> None:
    pair, row, other = PAIRS[sigma, cost], as_activation(sigma), as_cost(cost)
    with np.errstate(**LOUD):
        for z in rows.ROWS_OF_Z[:: 1 if sigma == "softmax" else 2]:
            for y in rows.Y[KINDS[cost]]:
                rows.pair_agrees(pair, row, other, z, np.array(y, dtype=float))


@every_pair
def test_pairs_keep_their_digits_in_float32(sigma: str, cost: str) -> None:
    pair, row, other = PAIRS[sigma, cost], as_activation(sigma), as_cost(cost)
    with np.errstate(**LOUD):
        for z in rows.ROWS_OF_Z[:6:2].astype(np.float32):
            for y in rows.Y[KINDS[cost]][:3]:
                target = np.array(y, dtype=np.float32)
                a = row.f(NUMPY, z)
                for xp in (NUMPY, NUMPY_FAST):
                    assert pair.f(xp, z, a, target).dtype == pair.delta(xp, z, a, target).dtype == np.float32
                rows.pair_agrees(pair, row, other, z, target, 2e-5)


@every_pair
def test_pairs_keep_a_hundred_digits_where_these_are_asked_for(sigma: str, cost: str) -> None:
    xp, row, pair = mpmath_namespace(100), as_activation(sigma), PAIRS[sigma, cost]
    for floats in ((-81.0, -79.0, 80.0), (2.0, 0.9, -300.0)):
        z = np.array([xp.constant(one) for one in floats], dtype=object)
        y = np.array([xp.constant("0.25"), xp.constant(0), xp.constant(1)], dtype=object)
        a = row.f(xp, z)
        numbers, wanted = exact.numbers(floats), exact.numbers((0.25, 0, 1))

        def C(v: Any, wanted: Any = wanted) -> Any:
            return exact.cost(cost, exact.layer(sigma, v), wanted)

        got = [pair.f(xp, z, a, y), *pair.delta(xp, z, a, y)]
        for ours, true in zip(got, [C(numbers), *exact.slopes(C, numbers)], strict=True):
            assert abs(exact.mp.mpf(ours) - true) <= abs(true) * exact.mp.mpf("1e-96")


@given(
    st.sampled_from(list(PAIRS)), st.lists(st.floats(-12, 12), min_size=2, max_size=5), st.integers(0, 2**32)
)
def test_a_pair_is_its_two_functions_one_after_the_other(
    which: tuple[str, str], z: list[float], seed: int
) -> None:
    pair, sigma, cost = PAIRS[which], as_activation(which[0]), as_cost(which[1])
    rng = np.random.default_rng(seed)
    y = rng.poisson(2.0, len(z)).astype(float) if cost.targets == "counts" else rng.random(len(z))
    row = np.array(z)
    a = sigma.f(NUMPY, row)
    g = cost.derivative(NUMPY, a, y)
    delta = sigma.pullback(NUMPY, a, g) if sigma.pullback else g * sigma.derivative(NUMPY, row)
    for xp in (NUMPY, NUMPY_FAST):
        size = np.abs(a * g).sum() + 1
        assert pair.f(xp, row, a, y) == pytest.approx(float(cost.f(NUMPY, a, y)), rel=1e-10, abs=1e-10)
        np.testing.assert_allclose(pair.delta(xp, row, a, y), delta, rtol=1e-9, atol=1e-11 * size)


@every_pair
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_nothing_is_lost(sigma: str, cost: str, dtype: Any) -> None:
    """At ±800 a is 0 or 1 to the last bit; C is a plain number and δ at most of y's size. exp alone overflows."""
    z = np.array([[-800.0, 800.0, 0.5], [800.0, -800.0, 800.0], [-800.0, -800.0, -800.0]], dtype=dtype)
    if sigma == "exp":
        z = -np.abs(z)
    y = np.array([[1.0, 0.0, 0.0]] * 3, dtype=dtype)
    with np.errstate(**LOUD):
        a = as_activation(sigma).f(NUMPY, z)
        C, delta = PAIRS[sigma, cost].f(NUMPY, z, a, y), PAIRS[sigma, cost].delta(NUMPY, z, a, y)
    assert np.isfinite(C).all()
    assert np.abs(delta).max() <= 2
    assert C.dtype == delta.dtype == dtype
    with np.errstate(all="ignore"):
        fast = as_activation(sigma).f(NUMPY_FAST, z)
        np.testing.assert_allclose(PAIRS[sigma, cost].f(NUMPY_FAST, z, fast, y), C, rtol=1e-5)
        np.testing.assert_allclose(
            PAIRS[sigma, cost].delta(NUMPY_FAST, z, fast, y), delta, rtol=1e-5, atol=1e-6
        )


def test_a_saturated_output_still_says_by_how_little_it_errs() -> None:
    """a rounds to 1, so a − y would be 0; C and δ are e^{−50}."""
    z, y = np.array([[50.0]]), np.array([[1.0]])
    a = as_activation("sigmoid").f(NUMPY, z)
    assert a[0, 0] == 1.0
    pair = PAIRS["sigmoid", "binary_cross_entropy"]
    assert pair.f(NUMPY, z, a, y)[0] == pytest.approx(np.exp(-50), rel=1e-14)
    assert pair.delta(NUMPY, z, a, y)[0, 0] == pytest.approx(-np.exp(-50), rel=1e-14)
    assert pair.delta(NUMPY_FAST, z, a, y)[0, 0] == 0.0  # as the note has it, and as engines take it


def test_equal_inputs_of_softmax() -> None:
    z = np.zeros((1, 2))
    a, y = np.full((1, 2), 0.5), np.array([[1.0, 0.0]])
    for cost in ("cross_entropy", "binary_cross_entropy"):
        C = PAIRS["softmax", cost].f(NUMPY, z, a, y)
        assert C[0] == pytest.approx(np.log(2) * (2 if cost.startswith("binary") else 1), rel=1e-15)


def test_pairs_are_for_rows_of_the_tables() -> None:
    sigmoid, cost = as_activation("sigmoid"), as_cost("binary_cross_entropy")
    assert pair_of(sigmoid, cost) is PAIRS["sigmoid", "binary_cross_entropy"]
    assert pair_of(sigmoid, as_cost("squared_error")) is None

    def own(z: Array) -> Array:
        return 1 / (1 + np.exp(-z))

    own.__name__ = "sigmoid"
    assert pair_of(as_activation((own, own)), cost) is None
    assert pair_of(sigmoid, as_cost((own, own))) is None
