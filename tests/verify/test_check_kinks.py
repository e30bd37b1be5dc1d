"""Kinks: a right gradient is never called wrong there, what stands at one is named, and the rest is still tested."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backlit import Network
from backlit.verify import check
from backlit.verify.checks.verdicts import KINK

Array = Any
RELU = (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0)  # a kink that no table tells of
NEAR = (0.0, 1e-17, -1e-16, -1e-12, 1e-9, 1e-6, -1e-4, 0.02)


def near_a_kink(
    distance: float, seed: int = 0, sigma: Any = "relu", kink: float = 0.0, **options: Any
) -> tuple[Network, Array, Array]:
    """z[1][2] of example 1 and z[2][3] of example 2 are so far from a kink."""
    rng = np.random.default_rng(seed)
    net = Network([3, 4, 5, 2], activations=[sigma, sigma, "identity"], seed=3, **options)
    net.theta = rng.normal(0, 0.7, net.parameters)
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    for l, neuron, example in ((1, 2, 1), (2, 3, 2)):
        net.b[l][neuron] -= net.backprop(x, y).z[l][example, neuron] - kink - distance
    return net, x, y


@pytest.mark.parametrize("distance", NEAR)
@pytest.mark.parametrize(
    ("sigma", "kink"),
    [
        ("relu", 0.0),
        ("leaky_relu", 0.0),
        ("elu(alpha=0.5)", 0.0),
        ("selu", 0.0),
        ("hard_sigmoid", 3.0),
        (RELU, 0.0),
    ],
)
def test_a_kink_makes_no_false_alarm(sigma: Any, kink: float, distance: float) -> None:
    for seed, dtype in enumerate(("float64", "float32", "float64")):
        net, x, y = near_a_kink(distance, seed, sigma, kink, dtype=dtype)
        for methods in ("differences",) if sigma is RELU else (("complex", "differences"), "differences"):
            report = check(net, x, y, methods=methods)
            assert not report.differ, (dtype, methods, str(report))
            assert report.agree >= (30 if methods == "differences" else 40), (dtype, methods, str(report))


def test_many_digits_cross_no_kink_either() -> None:
    for distance in (0.0, 1e-15, -2e-15, 5e-15, -1e-14, 1e-13, 1e-9):
        net, x, y = near_a_kink(distance)
        assert check(net, x, y, digits=50), distance
        assert check(net, x, y, methods="digits"), distance


def test_a_neuron_at_a_kink_is_named() -> None:
    net, x, y = near_a_kink(0.0, seed=1)
    x = x[1:2]  # alone, there is no other example to be checked with
    report = check(net, x, y[1:2], numbers=[1514])
    assert "z[1][2] is at a kink of relu: 4 entries feel it" in str(report)
    assert report.count(KINK) == 4
    assert report.of("w[1][2,0]").verdict == "cannot be tested: a kink"
    assert "4 entries cannot be tested, a kink being within reach" in str(report)
    assert report.passed


def test_examples_at_a_kink_do_not_hide_the_others() -> None:
    net, x, y = near_a_kink(0.0, seed=1)
    report = check(net, x, y, numbers=[20, 21, 22, 23])
    assert report.agree == report.total
    assert any("without examples 21, 22, which stand at kinks" in note for note in report.notes)
    assert "z[2][3] is at a kink of relu for example 22" in str(report)
    assert "z[1][2] is at a kink of relu for example 21" in str(report)
    wrong = net.gradient(x, y)  # someone's own gradient can't be taken apart by examples
    report = check(net, x, y, gradient=wrong)
    assert report.count(KINK)
    assert not report.differ
    wrong.w[3][np.abs(wrong.w[3]) == np.abs(wrong.w[3]).max()] *= 1.01
    assert check(net, x, y, gradient=wrong).differ == 1


def test_a_neuron_that_reaches_nothing_hides_nothing() -> None:
    net, x, y = near_a_kink(0.0)
    net.w[2][:, 2] = 0  # what z[1][2] makes goes nowhere
    net.w[3][:, 3] = 0
    report = check(net, x, y, methods="complex")
    assert report.agree >= 41
    masks = [None, np.array([[1.0, 1, 0, 1]] * 4), np.array([[1.0, 1, 1, 0, 1]] * 4)]
    net, x, y = near_a_kink(0.0)
    dropped = check(net, x, y, dropout_masks=masks)
    assert dropped.agree == dropped.total, str(dropped)


def test_a_dead_network_is_told_apart_from_a_wrong_one() -> None:
    net = Network([3, 4, 2], activations="relu", theta=np.zeros(26))
    x, y = np.ones((2, 3)), np.ones((2, 2))
    report = check(net, x, y)
    assert not report.differ
    assert report.count(KINK) == 18
    net.b[1][:] = -1.0  # dead for certain: then all of it is 0, and proved
    net.b[2][:] = -1.0
    report = check(net, x, y)
    assert report.agree == 26


@pytest.mark.parametrize("cost", ["absolute_error", "hinge"])
def test_the_kink_of_a_cost_is_named(cost: str) -> None:
    net = Network([3, 4, 2], activations=["tanh", "identity"], cost=cost, seed=1)
    x = np.random.default_rng(0).normal(size=(3, 3))
    if cost == "hinge":
        y = np.array([[1.0, -1], [1, 1], [-1, 1]])
        net.b[2][0] += 1 - net.predict(x)[1, 0]
    else:
        y = np.array([[5.0, -5], [5, -5], [5, -5]])
        y[1, 0] = net.predict(x)[1, 0]
    report = check(net, x[1:2], y[1:2])
    assert not report.differ, str(report)
    assert "the cost has its kink" in str(report)
    assert "at output 0" in str(report)
    whole = check(net, x, y)
    assert whole.agree >= whole.total - 1, str(whole)  # two slopes of ±1 may cancel
    assert not whole.count(KINK)


def test_a_weight_of_zero_under_l1_is_named() -> None:
    net, x, y = near_a_kink(0.3)
    net.w[1][0, :2] = 0
    report = check(net, x, y, l1=0.1)
    assert report.count(KINK) == 2
    assert "w = 0, where l1 · |w| has its kink: 2 entries feel it" in str(report)
    net.w[1][0, :2] = 1e-12
    assert check(net, x, y, l1=0.1).agree == report.total
