"""Functions of others: right gradients of NumPy, PyTorch and JAX pass, wrong ones are found, all get a sentence."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backlit.errors import UsageError
from backlit.verify.checks.function import check_function

Array = Any
RNG, CHANCE = np.random.default_rng(0), np.random.default_rng()
A, Y, THETA = RNG.normal(size=(20, 5)), RNG.normal(size=20), RNG.normal(size=5)


def f(w: Array) -> float:
    return float(((A @ w - Y) ** 2).mean())


def g(w: Array) -> Array:
    return 2 * A.T @ (A @ w - Y) / 20


def test_a_right_gradient_passes() -> None:
    report = check_function(f, g, THETA)
    assert report
    assert (report.agree, report.differ) == (5, 0)
    assert "The gradient is right: 5 of 5 entries agree with differences of f" in str(report)
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert (plain["schema"], plain["passed"], plain["entries"]) == ("backlit.check-function/1", True, 5)


@pytest.mark.parametrize("place", range(5))
def test_an_entry_that_is_off_by_a_millionth_is_found(place: int) -> None:
    def wrong(w: Array) -> Array:
        found = g(w)
        found[place] *= 1 + 1e-6
        return found

    report = check_function(f, wrong, THETA)
    assert [one["name"] for one in report.worst] == [f"theta[{place}]"]
    assert report.differ == 1
    assert check_function(f, wrong, THETA, tolerance=1e-4)


def test_one_function_may_return_both() -> None:
    assert check_function(lambda w: (f(w), g(w)), None, THETA)
    both: Callable[[Array], Any] = lambda w: (f(w), g(w))  # noqa: E731
    assert check_function(both, both, THETA)
    report = check_function(f, None, THETA)
    assert "a pair (C, gradient) is expected of it" in report.trouble


def test_the_structure_of_theta_is_kept() -> None:
    def cost(p: Any) -> Any:
        return (np.tanh(A @ p["w"].T + p["b"]) ** 2).sum()

    def slopes(p: Any) -> Any:
        a = np.tanh(A @ p["w"].T + p["b"])
        delta = 2 * a * (1 - a * a)
        return {"w": delta.T @ A, "b": delta.sum(axis=0)}

    theta = {"w": RNG.normal(size=(3, 5)), "b": RNG.normal(size=3)}
    report = check_function(cost, slopes, theta)
    assert report
    assert len(report.places) == 18
    assert report.theta.name_of(7) == "theta['w'][1,2]"

    def flat(p: Any) -> Array:
        found = slopes(p)
        return np.concatenate([found["w"].reshape(-1), found["b"]])

    assert check_function(cost, flat, theta)
    listed = check_function(
        lambda p: cost({"w": p[0], "b": p[1]}),
        lambda p: list(slopes({"w": p[0], "b": p[1]}).values()),
        [*theta.values()],
    )
    assert listed
    turned = check_function(cost, lambda p: {"w": slopes(p)["w"].T, "b": slopes(p)["b"]}, theta)
    assert turned.trouble == "the gradient['w'] has shape (5, 3), and theta['w'] has (3, 5)."
    number = check_function(lambda t: t**3, lambda t: 3 * t**2, 2.0)
    assert number.theta.name_of(0) == "theta"
    assert number


def test_pytorch_in_both_precisions() -> None:
    torch = pytest.importorskip("torch")
    for dtype in (torch.float64, torch.float32):
        x, y = torch.tensor(A, dtype=dtype), torch.tensor(Y, dtype=dtype)

        def cost(w: Any, x: Any = x, y: Any = y) -> Any:
            return ((torch.tanh(x @ w[0]) - y) ** 2).mean() + torch.relu(w[1]).sum()

        theta = [
            torch.tensor(THETA, dtype=dtype, requires_grad=True),
            torch.tensor([0.5, -1.0], dtype=dtype, requires_grad=True),
        ]

        def slopes(w: Any, cost: Any = cost) -> Any:
            return torch.autograd.grad(cost(w), w)

        report = check_function(cost, slopes, theta)
        assert report, str(report)
        assert report.agree >= 6
        wrong = check_function(cost, lambda w: [2 * one for one in slopes(w)], theta)
        assert wrong.differ >= 5
        assert theta[0].grad is None


def test_jax() -> None:
    jax = pytest.importorskip("jax")

    def cost(w: Any) -> Any:
        return jax.numpy.mean((jax.numpy.tanh(jax.numpy.asarray(A) @ w) - jax.numpy.asarray(Y)) ** 2)

    theta = jax.numpy.asarray(THETA)
    report = check_function(cost, jax.grad(cost), theta)
    assert report, str(report)
    assert report.agree >= 4
    assert check_function(cost, lambda w: 1.1 * jax.grad(cost)(w), theta).differ >= 4


def hinge_of(kind: str, dtype: Any, gap: Any) -> tuple[Any, Any, Array]:
    """A function of kinks, its gradient, and a θ where one of its kinks is ``gap`` away."""
    rng = np.random.default_rng(3)
    x, theta = rng.normal(size=(8, 4)).astype(dtype), rng.normal(size=4).astype(dtype)
    y = rng.normal(size=8).astype(dtype)
    y[0] = x[0] @ theta - dtype(gap)
    if kind == "relu":
        return lambda w: np.maximum(x @ w - y, 0).sum(), lambda w: x.T @ (x @ w > y).astype(dtype), theta
    if kind == "abs":
        return lambda w: np.abs(x @ w - y).sum(), lambda w: x.T @ np.sign(x @ w - y), theta
    return (
        lambda w: (np.maximum(x @ w - y, 0) ** 2).sum(),
        lambda w: 2 * x.T @ np.maximum(x @ w - y, 0),
        theta,
    )


@pytest.mark.parametrize("kind", ["relu", "abs", "squared hinge"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_kinks_that_nobody_told_of_make_no_false_alarm(kind: str, dtype: Any) -> None:
    for gap in (0, 1e-9, -1e-9, 1e-6, 1e-4, -1e-3, 0.01, -0.1, 1):
        report = check_function(*hinge_of(kind, dtype, gap))
        assert not report.differ, (gap, str(report))
        assert not report.trouble
    report = check_function(*hinge_of("relu", np.float64, 0))
    assert report.at_a_kink == 4
    assert "at a kink of f" in str(report)
    assert not report  # nothing was tested, so nothing is proved


def hostile_f() -> dict[str, tuple[Callable[[Any], Any], str]]:
    return {
        "raises": (lambda w: 1 / 0, "f raises ZeroDivisionError: division by zero."),
        "array": (
            lambda w: w,
            "f returns an array of shape (5,), and C is one number: take its mean or its sum.",
        ),
        "nan": (lambda w: float("nan"), "C is nan at θ: nothing has a derivative there."),
        "integer": (lambda w: 3, "f returns a whole number (3): a C that is rounded has no slope."),
        "none": (lambda w: None, "f: C is None: something was not returned, or no gradient reached it."),
        "word": (lambda w: "C", "f: C is of type str, not an array of numbers."),
        "complex": (lambda w: 1j, "f: C is complex; C and its derivatives are real numbers."),
        "exits": (lambda w: sys.exit(3), "f ends the program (sys.exit); it has to return instead."),
        "chance": (
            lambda w: CHANCE.random(),
            "f gives another C for the same θ: draw its random numbers (dropout, batches) from a fixed seed.",
        ),
    }


CUT_OFF = (
    "the gradient holds whole numbers (int64): a gradient kept in an array of integers is cut off; make the array of "
    "floats."
)
ONCE = "the gradient is a generator, which gives its parts only once; give a list of arrays."


def hostile_g() -> dict[str, tuple[Callable[[Any], Any], str]]:
    return {
        "raises": (lambda w: {"w": w}["q"], "g raises KeyError: 'q'."),
        "short": (lambda w: np.ones(4), "the gradient has shape (4,), and θ has (5,)."),
        "column": (lambda w: g(w)[:, None], "the gradient has shape (5, 1), and θ has (5,)."),
        "integers": (lambda w: g(w).astype(np.int64), CUT_OFF),
        "none": (lambda w: None, "the gradient is None: something was not returned, or no gradient reached it."),
        "generator": (lambda w: (one for one in g(w)), ONCE),
        "object": (lambda w: object(), "the gradient is of type object, not an array of numbers."),
    }  # fmt: skip


@pytest.mark.parametrize("what", hostile_f())
def test_what_f_does_is_said_in_words(what: str) -> None:
    function, said = hostile_f()[what]
    report = check_function(function, g, THETA)
    assert report.trouble == said
    assert not report
    assert str(report).startswith("✗ Nothing could be checked: ")
    json.dumps(report.to_dict(), allow_nan=False)


@pytest.mark.parametrize("what", hostile_g())
def test_what_g_does_is_said_in_words(what: str) -> None:
    function, said = hostile_g()[what]
    report = check_function(f, function, THETA)
    assert report.trouble == said
    assert not report


def test_nan_in_the_gradient_is_named() -> None:
    report = check_function(f, lambda w: g(w) * np.array([1, np.nan, 1, 1, 1]), THETA)
    assert report.verdict.startswith("The gradient is wrong in 1 of 5 entries: theta[1] is nan")
    json.dumps(report.to_dict(), allow_nan=False)


def test_functions_that_print_and_change_their_input_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    def changing(w: Array) -> Array:
        print("here")
        w -= 1
        return g(w + 1)

    before = THETA.copy()
    report = check_function(f, changing, THETA)
    assert report, str(report)
    assert report.remarks == (
        "g prints; what it prints is not shown",
        "g changes its argument (theta[0]); each call here got a copy",
    )
    assert capsys.readouterr().out == ""
    np.testing.assert_array_equal(THETA, before)


def test_ctrl_c_is_not_caught() -> None:
    def stopped(w: Array) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_function(stopped, g, THETA)


def test_a_sample_of_many_entries() -> None:
    theta = np.linspace(-1, 1, 5000)
    report = check_function(lambda w: np.sin(w).sum(), np.cos, theta, sample=50, seed=1)
    assert report.sampled == len(report.places) == 50
    assert "a random sample of 50, seed 1" in str(report)
    assert report


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((3, g, THETA), "f is a function of theta"),
        ((f, 3, THETA), "g is a function of theta"),
        ((f, g, "a"), "theta is arrays of real numbers"),
        ((f, g, []), "theta holds no numbers"),
        ((f, g, [1.0, np.nan]), "theta[1] is nan"),
    ],
)
def test_arguments_that_cannot_be(arguments: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_function(*arguments)
    assert said in str(caught.value)
    for options in ({"tolerance": 0}, {"sample": -1}):
        with pytest.raises(UsageError):
            check_function(f, g, THETA, **options)  # type: ignore[arg-type]
