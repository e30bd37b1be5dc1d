"""Proofs of the registry's entries: short checks that hold for the equations as they are, and for no mutation of them.

Each is a function of nothing that raises AssertionError. Together they must notice any mistake planted in any
entry (test_mutations.py). Layers widen and narrow and all widths differ, so that a mistaken index has nowhere to hide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import backlit
from backlit import equations as eq
from backlit.equations import backward, forward
from backlit.functions import as_activation, as_cost
from backlit.namespaces import COMPLEX, NUMPY

from . import differences, loops, ours
from .cases import Case, make
from .ours import assert_close

Array = Any
SIZES = (3, 6, 2, 5, 4)  # wider, narrower, wider, narrower: every width another
L1, L2 = 0.03, 0.07
COSTS = {"squared_error": 2.0, "half_squared_error": 1.0}  # and the factor of their ∂C_x/∂a


def _case(cost: str = "squared_error", sigma: str = "sigmoid") -> Case:
    case = make(sigma, cost, SIZES)
    case.w[2][0, 0] = 0.0  # where abs′ is 0
    return case


def _pass(case: Case) -> tuple[list[Array], list[Array], list[Array]]:
    z, a = forward(NUMPY, case.activations, case.w, case.b, case.x)
    return z, a, backward(NUMPY, case.activations, case.cost, case.w, z, a, case.y)


def _local(case: Case, z: list[Array], a: list[Array], l: int) -> Array:
    """σ′(z^l) by a complex step, without any entry of the registry."""
    step = 1e-30j
    return np.imag(case.activations[l].f(COMPLEX, z[l] + step)) / 1e-30


def plain_loops_agree() -> None:
    """C, penalties and every derivative, with example after example and neuron after neuron."""
    for cost, factor in COSTS.items():
        case = _case(cost)
        wanted = loops.batch(case.w, case.b, case.x, case.y, case.weights, L1, L2, factor)
        parts = ours.parts_of(case)
        assert np.isclose(ours.objective(case, NUMPY, parts, case.share, L1, L2), wanted.value, rtol=1e-13)
        order = [np.array(part) for l in range(1, 5) for part in (wanted.of_w[l], wanted.of_b[l])]
        assert_close(ours.gradient(case, NUMPY, parts, case.share, L1, L2)[:-1], order, 1e-13)


def each_example_agrees() -> None:
    """z, a, δ and ∂C_x/∂a of single examples, never a mean."""
    case = _case()
    z, a, delta = _pass(case)
    for row in range(len(case.x)):
        p = loops.one_example(case.w, case.b, case.x[row], case.y[row])
        for l in range(1, 5):
            assert_close(
                [z[l][row], a[l][row], delta[l][row]],
                list(map(np.array, (p.z[l], p.a[l], p.delta[l]))),
                1e-13,
            )
            assert_close([eq.N11(case.w[l], delta[l])[row]], [np.array(p.dC_da[l - 1])], 1e-13)
        assert np.isclose(
            eq.N5(NUMPY, case.activations[-1], case.cost, z[-1], a[-1], case.y)[row], p.C, rtol=1e-13
        )


def complex_step_agrees() -> None:
    """The gradient is that of the objective itself, masks included."""
    for sigma, cost in (
        ("tanh", "log_cosh"),
        ("softmax", "squared_error"),
        ("sigmoid", "binary_cross_entropy"),
    ):
        case = _case(cost, sigma)
        case.w[2][0, 0] = 0.3
        parts = ours.parts_of(case)
        rng = np.random.default_rng(5)
        masks = [2.0 * (rng.random((len(case.x), n)) < 0.5) for n in SIZES[:-1]] + [None]

        def f(v: Array, case: Case = case, parts: Any = parts, masks: Any = masks) -> Array:
            moved = ours.split(v, parts)
            C = ours.costs(case, COMPLEX, moved, masks)
            return eq.B5(case.share, C) + ours.penalty(COMPLEX, moved, L1, L2)

        wanted = ours.split(differences.complex_step(f, ours.together(parts)), parts)
        assert_close(ours.gradient(case, NUMPY, parts, case.share, L1, L2, masks), wanted, 1e-12)


def letters_name_the_arrays() -> None:
    """N1's shapes are those of w, b, z and a, and N8's order is w^1, b^1, w^2, …"""
    case = _case()
    z, a, _ = _pass(case)
    for l in range(1, 5):
        named = eq.N1(SIZES, l)
        got = {"w": case.w[l].shape, "b": case.b[l].shape, "z": z[l].shape[1:], "a": a[l].shape[1:]}
        assert named == got, l
    order = eq.N8(case.w, case.b)
    assert [id(part) for part in order] == [id(p) for l in range(1, 5) for p in (case.w[l], case.b[l])]


def one_neuron_is_a_row_of_its_layer() -> None:
    """N3, neuron by neuron, is N4."""
    case = _case()
    _, a, _ = _pass(case)
    for l in range(1, 5):
        for j in range(SIZES[l]):
            alone = eq.N3(NUMPY, case.activations[l], case.w[l][j], a[l - 1], case.b[l][j])
            assert_close([alone], [a[l][:, j]], 1e-13)


def local_derivatives_are_those_of_the_functions() -> None:
    """N6, each against a complex step of what it is the derivative of."""
    case = _case()
    z, a, _ = _pass(case)
    h = 1e-30
    one, other = case.activations[-1], case.cost
    assert_close([eq.N6("da/dz", NUMPY, one, z[2], a[2])], [_local(case, z, a, 2)], 1e-13)
    for j in range(SIZES[-1]):
        moved = a[-1].astype(complex)
        moved[:, j] += 1j * h
        slope = np.imag(eq.N5(COMPLEX, as_activation("identity"), other, moved, moved, case.y)) / h
        assert_close([eq.N6("dC/da", NUMPY, other, a[-1], case.y)[:, j]], [slope], 1e-13)
    w, b, before = case.w[2], case.b[2], a[1]
    of_z = [eq.N4(COMPLEX, one, w, before, b + 1j * h)[0].imag / h]
    of_z.append(
        np.stack(
            [eq.N4(COMPLEX, one, w, before + 1j * h * np.eye(6)[k], b)[0].imag / h for k in range(6)], -1
        )
    )
    assert_close([np.ones_like(of_z[0]) * eq.N6("dz/db")], of_z[:1], 1e-13)
    assert_close([np.broadcast_to(eq.N6("dz/da", w), of_z[1].shape)], of_z[1:], 1e-13)
    of_w = np.stack(
        [eq.N4(COMPLEX, one, w + 1j * h * np.eye(6)[k], before, b)[0].imag / h for k in range(6)], -1
    )
    assert_close([np.broadcast_to(eq.N6("dz/dw", before)[:, None, :], of_w.shape)], [of_w], 1e-13)


def a_chain_of_single_neurons() -> None:
    """N7 is what the whole machinery gives where each layer has one neuron, and what loops give."""
    rng = np.random.default_rng(2)
    w, b = [None, *rng.normal(size=(3, 1, 1))], [None, *rng.normal(size=(3, 1))]
    x, y = rng.normal(size=(2, 1)), rng.normal(size=(2, 1))
    for cost, factor in COSTS.items():
        sigma = as_activation("sigmoid")
        z, a = forward(NUMPY, [None] + [sigma] * 3, w, b, x)
        da_dz, dC_da = eq.N6("da/dz", NUMPY, sigma, z[3], a[3]), eq.N6("dC/da", NUMPY, as_cost(cost), a[3], y)
        of_w, of_b, of_a = eq.N7(a[2], w[3], da_dz, dC_da)
        for row in range(2):
            p = loops.one_example(w, b, x[row], y[row], factor)
            got = [of_w[row], of_b[row], of_a[row]]
            assert_close(got, [np.array(p.dC_dw[3][0]), np.array(p.delta[3]), np.array(p.dC_da[2])], 1e-13)


def paths_sum_to_the_derivative() -> None:
    """N9: its terms are w σ′ ∂C/∂a one by one, and over j they sum to N11."""
    case = _case()
    z, a, delta = _pass(case)
    for l in range(2, 5):
        slope, dC_da = _local(case, z, a, l), delta[l] / _local(case, z, a, l)
        terms = eq.N9(case.w[l], slope, dC_da)
        for row in range(len(case.x)):
            p = loops.one_example(case.w, case.b, case.x[row], case.y[row])
            wanted = [[case.w[l][j, k] * p.delta[l][j] for k in range(SIZES[l - 1])] for j in range(SIZES[l])]
            assert_close([terms[row]], [np.array(wanted)], 1e-12)
        assert_close([terms.sum(axis=1)], [eq.N11(case.w[l], delta[l])], 1e-12)


def weights_of_each_example() -> None:
    """N10 is ∂C_x/∂w of each example, and its weighted mean is B4."""
    case = _case()
    z, a, delta = _pass(case)
    for l in range(1, 5):
        slope = _local(case, z, a, l)
        of_w = eq.N10(a[l - 1], slope, delta[l] / slope)
        for row in range(len(case.x)):
            p = loops.one_example(case.w, case.b, case.x[row], case.y[row])
            assert_close([of_w[row]], [np.array(p.dC_dw[l])], 1e-12)
        assert_close([np.tensordot(case.share, of_w, 1)], [eq.B4(case.share, a[l - 1], delta[l])], 1e-12)


def the_network_goes_through_the_registry() -> None:
    """value, gradient and a step of training, as users call them, against the loops."""
    case = _case("half_squared_error")
    net = backlit.Network(SIZES, cost="half_squared_error", theta=[*eq.N8(case.w, case.b)])
    wanted = loops.batch(case.w, case.b, case.x, case.y, case.weights, L1, L2, 1.0)
    flat = np.concatenate([np.ravel(part) for l in range(1, 5) for part in (wanted.of_w[l], wanted.of_b[l])])
    options: dict[str, Any] = {"l1": L1, "l2": L2, "sample_weight": case.weights}
    assert np.isclose(net.value(case.x, case.y, **options), wanted.value, rtol=1e-12)
    assert_close([net.gradient(case.x, case.y, **options).theta], [flat], 1e-12)
    rng = np.random.default_rng(5)
    masks = [2.0 * (rng.random((len(case.x), n)) < 0.5) for n in SIZES[:-1]] + [None]
    parts = ours.parts_of(case)

    def f(v: Array) -> Array:
        return eq.B5(case.share, ours.costs(case, COMPLEX, ours.split(v, parts), masks))

    wanted_masked = differences.complex_step(f, ours.together(parts))[: net.theta.size]
    got = net.gradient(case.x, case.y, sample_weight=case.weights, dropout_masks=masks)
    assert_close([got.theta], [wanted_masked], 1e-12)
    start = net.theta.copy()
    net.fit(case.x, case.y, epochs=1, batch_size=4, eta=0.1, shuffle=False, progress=False, **options)
    assert_close([net.theta - start], [-0.1 * flat], 1e-11)


PROOFS: list[Callable[[], None]] = [
    plain_loops_agree,
    each_example_agrees,
    complex_step_agrees,
    letters_name_the_arrays,
    one_neuron_is_a_row_of_its_layer,
    local_derivatives_are_those_of_the_functions,
    a_chain_of_single_neurons,
    paths_sum_to_the_derivative,
    weights_of_each_example,
    the_network_goes_through_the_registry,
]
