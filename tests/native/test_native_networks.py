"""Proof 2: random networks on every instruction set, with zeros skipped and multiplied, against the NumPy engine.

float64 to 1e-12 and float32 to 1e-5 of each layer's largest entry, after ten steps: θ, costs, and the slots (some are
squares of gradients: three times as much); outputs and gradient before them. Where a function has a kink or a rule
takes a sign, one step at a time from the same θ and slots.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings

from backlit.engines import State
from backlit.engines.numpy import NumpyEngine
from backlit.errors import UsageError
from backlit.functions.activations import ACTIVATIONS as TABLE, as_activation
from backlit.functions.costs import COSTS as COST_TABLE, as_cost, check_fit
from backlit.optimizers import RULES

from .cases import (
    ACTIVATIONS,
    COSTS,
    SMOOTH,
    SMOOTH_COSTS,
    Case,
    Run,
    assert_close,
    assert_numbers_close,
    cases,
)
from .machine import _native, every_way

NUMPY = NumpyEngine()


def fits(output: str, cost: str) -> bool:
    try:
        check_fit(as_cost(cost), as_activation(output))
    except UsageError:
        return False
    return True


PAIRS = [(output, cost) for output in ACTIVATIONS for cost in COSTS if fits(output, cost)]
SMOOTH_PAIRS = [(output, cost) for output, cost in PAIRS if output in SMOOTH and cost in SMOOTH_COSTS]


def test_every_row_of_the_tables_takes_part() -> None:
    assert set(_native.ACTIVATIONS) == set(TABLE) == {as_activation(name).name for name in ACTIVATIONS}
    assert set(_native.COSTS) == set(COST_TABLE) == {as_cost(name).name for name in COSTS}
    assert set(_native.RULES) == set(RULES)


def same_after_ten_steps(case: Case) -> None:
    """To the tolerance; or, where θ's own rounding changes more than that, to 4 times that change (``Run.shaken``)."""
    run = Run(case)
    net, X, Y, start = run.net, run.X, run.Y, run.start
    theta, state, costs, weights = run.ten_steps(NUMPY)
    assert np.isfinite(theta).all()
    assert np.isfinite(costs).all()
    value, gradient = NUMPY.value_and_gradient(net, start, X, Y, None)
    outputs = NUMPY.predict(net, start, X)
    others = run.shaken(start)
    runs = [run.ten_steps(NUMPY, other) for other in others]
    gradients = [NUMPY.value_and_gradient(net, other, X, Y, None)[1] for other in others]
    share = np.full(case.rows, 1 / case.rows, dtype=net.dtype)
    for way, engine in every_way():
        found, there, their_costs, their_weights = run.ten_steps(engine)
        assert (there.t, there.step) == (state.t, state.step), way
        assert_numbers_close(their_costs, costs, net.dtype, f"costs, {way}", [one[2] for one in runs])
        assert_numbers_close(their_weights, weights, np.float64, f"weights, {way}")
        assert_close(net, found, theta, f"θ, {way}", shaken=[one[0] for one in runs])
        for name, slot in state.slots.items():
            also = [one[1].slots[name] for one in runs]
            assert_close(net, there.slots[name], slot, f"slot {name}, {way}", times=3, shaken=also)
        assert_numbers_close(engine.predict(net, start, X), outputs, net.dtype, f"outputs, {way}")
        a_value, a_gradient = engine.value_and_gradient(net, start, X, Y, None)
        assert_numbers_close(np.array(a_value), np.array(value), net.dtype, f"C, {way}")
        assert_close(net, a_gradient, gradient, f"∇C, {way}", shaken=gradients)
        measured, a = engine.measure(net, start, X, Y, share)
        assert_numbers_close(np.array(measured), np.array(value), net.dtype, f"measured C, {way}")
        assert_numbers_close(a, outputs, net.dtype, f"measured outputs, {way}")


@pytest.mark.parametrize(("output", "cost"), SMOOTH_PAIRS)
def test_ten_steps_in_a_row(output: str, cost: str) -> None:
    @settings(max_examples=6)
    @given(cases(smooth=True, output=output, cost=cost))
    def show(case: Case) -> None:
        same_after_ten_steps(case)

    show()


def same_step_by_step(case: Case) -> tuple[int, int]:
    """Ten steps, each from where NumPy's engine stands; gives how many entries were compared and how many left out.

    A step whose batch has a z or an output at a kink (``Run.near_a_kink``) is not compared; of the others the entries
    are left out that rounding may decide (``Run.undecided``).
    """
    run = Run(case)
    net, compared, left_out = run.net, 0, 0
    theta, state = run.start.copy(), State(step=2**32 - 4)  # the generator's counter of steps begins anew
    for rows, eta in zip(run.batches(), run.eta, strict=True):
        plan = run.plan(np.array([eta]))
        before, at = theta.copy(), deepcopy(state)
        weights = None if run.s is None else run.s[rows]
        steps = NUMPY.run_epoch(net, theta, state, plan, run.X, run.Y, run.s, rows)
        assert np.isfinite(steps.costs).all()
        near = run.near_a_kink(before, rows, at.step)
        no_step = weights is not None and not weights.any()
        unsure = np.zeros(theta.size, bool) if no_step else run.undecided(before, at, rows, eta, weights)
        unsure |= near
        compared, left_out = compared + theta.size, left_out + int(unsure.sum())
        for way, engine in every_way():
            found, there = before.copy(), deepcopy(at)
            theirs = engine.run_epoch(net, found, there, plan, run.X, run.Y, run.s, rows)
            assert (there.t, there.step) == (state.t, state.step), way
            if no_step:
                assert found.tobytes() == before.tobytes(), way
            if not near:
                assert_numbers_close(theirs.costs, steps.costs, net.dtype, f"cost, {way}")
            assert_close(net, found, theta, f"θ, {way}", left_out=unsure)
            for name, slot in state.slots.items():
                assert_close(net, there.slots[name], slot, f"slot {name}, {way}", left_out=unsure, times=3)
    return compared, left_out


@pytest.mark.parametrize(("output", "cost"), PAIRS)
def test_step_by_step(output: str, cost: str) -> None:
    compared, left_out = 0, 0

    @settings(max_examples=4)
    @given(cases(smooth=False, output=output, cost=cost))
    def show(case: Case) -> None:
        nonlocal compared, left_out
        one, other = same_step_by_step(case)
        compared, left_out = compared + one, left_out + other

    show()
    assert left_out < 0.4 * compared
