"""The array namespaces: each offers the same functions, and each keeps what it promises of them."""

from __future__ import annotations

import builtins
import subprocess
import sys
from dataclasses import fields
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

from backlit.errors import MissingDependency, UsageError
from backlit.namespaces import COMPLEX, NUMPY, NUMPY_FAST, Namespace, jax_namespace, mpmath_namespace

Array = Any
POINTS = np.array([[-3.25, -1.0, 0.0], [0.5, 1.0, 2.75]])
UNARY = ("exp", "expm1", "tanh", "erfc", "abs", "sign", "step", "real")
POSITIVE = ("log", "log1p")


def lifted(xp: Namespace, u: Array) -> Array:
    """The points as the namespace's own numbers."""
    if xp.name == "complex":
        return u.astype(complex)
    if xp.name.startswith("mpmath"):
        return np.frompyfunc(xp.constant, 1, 1)(u)
    return u


def lowered(u: Array) -> Array:
    """Back to float64."""
    u = np.asarray(u)
    return np.real(u) if u.dtype == complex else u.astype(float)


def namespaces() -> list[Any]:
    return [
        pytest.param(lambda: NUMPY, id="numpy"),
        pytest.param(lambda: NUMPY_FAST, id="fast"),
        pytest.param(lambda: COMPLEX, id="complex"),
        pytest.param(lambda: mpmath_namespace(50), id="mpmath"),
        pytest.param(in_jax, id="jax"),
    ]


def in_jax() -> Namespace:
    pytest.importorskip("oracles.jax_autograd", reason="needs JAX", exc_type=ImportError)  # asks for float64
    return jax_namespace()


@pytest.mark.parametrize("get", namespaces())
def test_all_offer_the_same(get: Any) -> None:
    xp, u = get(), POINTS
    v = lifted(xp, u)
    for name in UNARY:
        np.testing.assert_allclose(
            lowered(getattr(xp, name)(v)), getattr(NUMPY, name)(u), rtol=1e-14, err_msg=name
        )
    for name in POSITIVE:
        got = lowered(getattr(xp, name)(lifted(xp, np.abs(u) + 0.5)))
        np.testing.assert_allclose(got, getattr(NUMPY, name)(np.abs(u) + 0.5), rtol=1e-14, err_msg=name)
    np.testing.assert_array_equal(lowered(xp.maximum(v, 0)), np.maximum(u, 0))
    np.testing.assert_array_equal(lowered(xp.minimum(v, 1)), np.minimum(u, 1))
    np.testing.assert_array_equal(lowered(xp.where(xp.real(v) > 0, v, v * 0 + 7)), np.where(u > 0, u, 7))
    np.testing.assert_array_equal(lowered(xp.sum(v)), u.sum(axis=-1))
    np.testing.assert_array_equal(lowered(xp.sum(v, axis=0, keepdims=True)), u.sum(axis=0, keepdims=True))
    np.testing.assert_array_equal(lowered(xp.max(v)), u.max(axis=-1))
    np.testing.assert_array_equal(lowered(xp.max(v, axis=0, keepdims=True)), u.max(axis=0, keepdims=True))
    np.testing.assert_array_equal(lowered(xp.sum(v[:, :0])), [0, 0])
    np.testing.assert_array_equal(lowered(xp.eye(3, v)), np.eye(3))
    assert float(xp.constant("0.25")) == 0.25
    assert float(xp.pi) == np.pi


def test_there_is_nothing_else_to_offer() -> None:
    named = {"name", "fast", "pi", "where", "maximum", "minimum", "sum", "max", "eye", "constant"}
    assert {one.name for one in fields(Namespace)} == named | set(UNARY) | set(POSITIVE)


@pytest.mark.parametrize("xp", [NUMPY, NUMPY_FAST])
def test_float32_stays(xp: Namespace) -> None:
    u = np.abs(POINTS.astype(np.float32)) + 1
    for name in UNARY + POSITIVE:
        assert getattr(xp, name)(u).dtype == np.float32, name
    assert (xp.maximum(u, 0) * xp.constant("0.1") * xp.pi).dtype == np.float32
    assert xp.sum(u).dtype == xp.max(u).dtype == xp.eye(2, u).dtype == np.float32


@given(st.floats(-50, 50).filter(lambda u: abs(u) > 1e-6))
def test_complex_functions_stay_analytic_away_from_0(u: float) -> None:
    """What compares looks at real parts; the imaginary part is carried along as a derivative."""
    z = np.array([u + 1e-30j])
    slope = {"abs": np.sign(u), "sign": 0, "step": 0, "tanh": 1 / np.cosh(u) ** 2, "exp": np.exp(u)}
    for name, wanted in slope.items():
        got = np.imag(getattr(COMPLEX, name)(z))[0] / 1e-30
        assert got == pytest.approx(wanted, rel=1e-12, abs=1e-300), name
    got = np.imag(COMPLEX.erfc(z))[0] / 1e-30
    assert got == pytest.approx(-2 / np.sqrt(np.pi) * np.exp(-u * u), rel=1e-12, abs=1e-270)
    assert np.imag(COMPLEX.maximum(z, 0))[0] == (1e-30 if u > 0 else 0)
    assert np.imag(COMPLEX.minimum(z, 0))[0] == (1e-30 if u < 0 else 0)


def test_abs_and_its_derivative_at_0() -> None:
    for xp in (NUMPY, COMPLEX, mpmath_namespace(50)):
        zero = lifted(xp, np.zeros(1))
        assert xp.sign(zero)[0] == 0
        assert xp.step(zero)[0] == 0
        assert xp.abs(zero)[0] == 0


def test_fifty_digits_are_fifty_digits() -> None:
    xp = mpmath_namespace(50)
    third = xp.constant("1") / 3
    assert str(third)[:52] == "0." + "3" * 50
    assert xp.exp(np.array([xp.constant("1")], dtype=object))[0] == pytest.approx(mpmath.e)
    assert mpmath.mp.dps == 15  # mpmath's own, global precision is as it was
    assert mpmath_namespace(50) is xp
    assert str(mpmath_namespace(80).constant("1") / 3)[:82] == "0." + "3" * 80


@pytest.mark.parametrize("digits", [0, 101, -3, 2.5, True])
def test_digits_have_bounds(digits: Any) -> None:
    with pytest.raises(UsageError) as caught:
        mpmath_namespace(digits)
    assert str(caught.value) == f"digits is a whole number from 1 to 100; got {digits!r}"


@pytest.mark.parametrize(
    ("get", "package", "message"),
    [
        (
            mpmath_namespace.__wrapped__,
            "mpmath",
            "arithmetic in high precision needs mpmath, which is not installed: pip install 'backlit[verify]'",
        ),
        (
            jax_namespace.__wrapped__,
            "jax",
            "the JAX namespace needs jax, which is not installed: pip install 'backlit[jax]'",
        ),
    ],
)
def test_a_missing_package_says_what_brings_it(
    get: Any, package: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == package:
            raise ImportError(f"no {package} here")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependency) as caught:
        get()
    assert str(caught.value) == message


def test_the_equations_load_nothing_heavy() -> None:
    code = "import sys, backlit.equations; print([m for m in ('scipy', 'mpmath', 'jax', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
