"""Proofs of the tables' rows against their definitions in a thousand digits.

Each raises AssertionError where f, σ′ or δ is wrong at the given numbers. They take the row as an argument, so that
test_mutations.py can hand them rows with mistakes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backlit.functions import Activation, Cost, Pair
from backlit.namespaces import NUMPY, NUMPY_FAST

from . import definitions as exact

Array = Any
HALF = (0.4, 3.3, 0.1, 1, 5, 8, 12, 20, 30, 37, 45, 100, 300, 700, 1e-3, 1e-8)
Z = np.array([sign * z for z in HALF for sign in (1, -1)])
FEW = Z[:6]
ROWS_OF_Z = np.array(
    [
        (1.0, 2.0, 3.0),
        (2.0, 0.9, 0.3),
        (50.0, 0.1, 0.0),
        (-30.0, -29.0, -31.0),
        (0.5, 0.4, -40.0),
        (-81.0, -79.0, 80.0),
        (700.0, -700.0, 0.0),
        (700.0, 700.0, -700.0),
        (-700.0, -700.0, -690.0),
        (700.0, 699.0, 698.5),
    ]
)
Y = {
    "probabilities": ((1, 0, 0), (0, 1, 0), (0, 0, 0), (1, 1, 1), (0.3, 0.2, 0.9)),
    "distribution": ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0.7, 0.2, 0.1), (0.3, 0.2, 0.4)),
    "counts": ((1, 0, 0), (0, 2, 0), (3, 1, 7), (0, 0, 0)),
}


def _assert_digits(got: Array, wanted: Any, tolerance: float, what: str) -> None:
    off = exact.error(np.atleast_1d(got), wanted)
    assert off <= tolerance, f"{what} is off by {off}"


def activation_agrees(row: Activation, name: str, z: Array = FEW, tolerance: float = 1e-13) -> None:
    """f and σ′ entry by entry; σ′ from a as well, to the digits that 1 − a leaves."""
    define = exact.ACTIVATIONS[name]
    numbers = exact.numbers(z)
    slopes = [exact.slope(define, one) for one in numbers]
    a = row.f(NUMPY, z)
    assert a.dtype == row.derivative(NUMPY, z).dtype == z.dtype
    assert a.shape == row.derivative(NUMPY, z).shape == z.shape
    _assert_digits(a, [define(one) for one in numbers], tolerance, f"{name} at {z}")
    _assert_digits(row.derivative(NUMPY, z), slopes, tolerance, f"{name}′ at {z}")
    wanted = [float(one) for one in slopes]
    with np.errstate(over="ignore"):
        got = row.slope(NUMPY_FAST, z, a)
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def softmax_agrees(row: Activation, z: Array, tolerance: float = 1e-13) -> None:
    """a, the Jacobian ∂a_i/∂z_j, and Σ_i g_i ∂a_i/∂z_j, of one row of z."""
    numbers = exact.numbers(z)
    a = row.f(NUMPY, z)
    _assert_digits(a, exact.softmax(numbers), tolerance, f"softmax at {z}")
    jacobian = [exact.slopes(lambda v, i=i: exact.softmax(v)[i], numbers) for i in range(len(z))]
    _assert_digits(
        row.derivative(NUMPY, z), [one for i in jacobian for one in i], tolerance, f"softmax′ at {z}"
    )
    g = np.array([0.3, -1.7, 4.5])
    wanted = [sum(p * i[j] for p, i in zip(exact.numbers(g), jacobian, strict=True)) for j in range(len(z))]
    assert row.pullback is not None
    _assert_digits(row.pullback(NUMPY, a, g), wanted, tolerance, f"softmax's pullback at {z}")
    got = row.pullback(NUMPY_FAST, a, g)
    np.testing.assert_allclose(got, [float(one) for one in wanted], rtol=tolerance, atol=tolerance)


def cost_agrees(row: Cost, name: str, a: Array, y: Array, tolerance: float = 1e-13) -> None:
    """C_x and ∂C_x/∂a of one row of outputs and targets."""
    numbers, wanted = exact.numbers(a), exact.numbers(y)
    _assert_digits(row.f(NUMPY, a, y), [exact.cost(name, numbers, wanted)], tolerance, f"{name} at {a}, {y}")
    slopes = exact.slopes(lambda v: exact.cost(name, v, wanted), numbers)
    _assert_digits(row.derivative(NUMPY, a, y), slopes, tolerance, f"{name}′ at {a}, {y}")


def pair_agrees(
    pair: Pair, sigma: Activation, cost: Cost, z: Array, y: Array, tolerance: float = 1e-13
) -> None:
    """C_x and δ of one row: the cost of the activation, one after the other, by their definitions."""
    numbers, wanted = exact.numbers(z), exact.numbers(y)

    def C(v: Any) -> Any:
        return exact.cost(cost.name, exact.layer(sigma.name, v), wanted)

    a = sigma.f(NUMPY, z)
    what = f"of {sigma.name} and {cost.name} at {z}, {y}"
    _assert_digits(pair.f(NUMPY, z, a, y), [C(numbers)], tolerance, f"C {what}")
    _assert_digits(pair.delta(NUMPY, z, a, y), exact.slopes(C, numbers), tolerance, f"δ {what}")
