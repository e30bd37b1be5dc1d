"""Activations and costs: rows against definitions in a thousand digits, kinks, edges, names and messages."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from backlit.errors import UsageError
from backlit.functions import ACTIVATIONS, COSTS, PAIRS, Activation, Cost, as_activation, as_cost, check_fit
from backlit.namespaces import NUMPY, NUMPY_FAST
from oracles import definitions as exact, rows
from oracles.cases import ACTIVATION_OPTIONS, COST_OPTIONS, fits

Array = Any
ELEMENTWISE = [name for name in ACTIVATION_OPTIONS if name != "softmax"]
LOUD = {"over": "raise", "divide": "raise", "invalid": "raise"}  # what vanishes may vanish quietly


def targets_for(cost: Cost) -> Array:
    """Three targets that the cost takes."""
    return np.array(
        {
            "values": (0.5, -1.2, 0.0),
            "probabilities": (0.0, 1.0, 0.3),
            "distribution": (0.7, 0.0, 0.2),
            "signs": (1.0, -1.0, 1.0),
            "counts": (0.0, 1.0, 4.0),
        }[cost.targets]
    )


def test_the_cases_name_every_row() -> None:
    assert list(dict.fromkeys(name.split("(")[0] for name in ACTIVATION_OPTIONS)) == list(ACTIVATIONS)
    assert list(dict.fromkeys(name.split("(")[0] for name in COST_OPTIONS)) == list(COSTS)
    assert [row().name for row in ACTIVATIONS.values()] == list(ACTIVATIONS)
    assert [row().name for row in COSTS.values()] == list(COSTS)


# ------------------------------------------------------------------------------------- activations, by digits


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_keep_their_digits_from_minus_700_to_700(name: str) -> None:
    with np.errstate(**LOUD):
        rows.activation_agrees(as_activation(name), name, rows.Z)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_keep_their_digits_in_float32(name: str) -> None:
    # of e^{−z²/2} an error in z's square takes z² digits with it: gelu's tail is worth what float32 can hold of z²
    tolerance = 1e-5 if name.startswith("gelu") else 1e-6
    z = rows.Z[(np.abs(rows.Z) < 80)].astype(np.float32)
    with np.errstate(**LOUD):
        rows.activation_agrees(as_activation(name), name, z, tolerance)


@pytest.mark.parametrize("z", rows.ROWS_OF_Z[:-2], ids=str)
def test_softmax_keeps_its_digits(z: Array) -> None:
    with np.errstate(**LOUD):
        rows.softmax_agrees(as_activation("softmax"), z)


def test_softmax_of_equal_inputs() -> None:
    row, z = as_activation("softmax"), np.full((2, 4), 3.0)
    np.testing.assert_allclose(row.f(NUMPY, z), 0.25)
    np.testing.assert_allclose(row.derivative(NUMPY, z), [0.25 * (np.eye(4) - 0.25)] * 2)
    g = np.array([[1.0, 0, 0, 0], [2.0, 2, 2, 2]])
    np.testing.assert_allclose(
        row.pullback(NUMPY, row.f(NUMPY, z), g), [[0.1875, -0.0625, -0.0625, -0.0625], [0] * 4]
    )


@pytest.mark.parametrize("name", [name for name in ACTIVATION_OPTIONS if name != "exp"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_nothing_overflows(name: str, dtype: Any) -> None:
    row, far = as_activation(name), np.array([[-800.0, 800.0, 0.25, -1e4, 1e4, 90.0, -90.0]], dtype=dtype)
    with np.errstate(**LOUD):
        a, slope = row.f(NUMPY, far), row.derivative(NUMPY, far)
    assert np.isfinite(a).all()
    assert np.isfinite(slope).all()
    assert a.dtype == slope.dtype == dtype


def test_exp_overflows_as_its_value_does() -> None:
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert as_activation("exp").f(NUMPY, np.array([800.0]))[0] == math.inf


def test_what_fast_namespaces_leave_to_the_engine() -> None:
    """Rows made of 1/(1 + e^{−z}) let e^{−z} overflow there, which the engines ignore; the numbers stay right."""
    z, loud = np.array([[-800.0, 800.0, 0.5]]), set()
    for name in ACTIVATION_OPTIONS:
        row = as_activation(name)
        if name == "exp":
            continue
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(row.f(NUMPY_FAST, z), row.f(NUMPY, z), rtol=1e-14)
            np.testing.assert_allclose(row.derivative(NUMPY_FAST, z), row.derivative(NUMPY, z), rtol=1e-14)
        try:
            with np.errstate(**LOUD):
                row.f(NUMPY_FAST, z)
                row.derivative(NUMPY_FAST, z)
        except FloatingPointError:
            loud.add(name)
    assert loud == {"sigmoid", "gelu_tanh", "silu", "softplus"}


@given(st.sampled_from(ELEMENTWISE), st.floats(-40, 40, allow_nan=False))
def test_a_slope_is_the_slope(name: str, z: float) -> None:
    row = as_activation(name)
    if any(abs(z - kink.z) < 1e-9 for kink in row.kinks):
        return
    wanted = float(exact.slope(exact.ACTIVATIONS[name], exact.mp.mpf(z)))
    got = row.derivative(NUMPY, np.array([z]))[0]
    assert got == pytest.approx(wanted, rel=1e-12, abs=1e-15)


# ------------------------------------------------------------------------------------------------------ kinks


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slopes_jump_at_the_listed_kinks_and_nowhere_else(name: str) -> None:
    row = as_activation(name)
    z = np.sort(np.concatenate([np.linspace(-12, 12, 240_001), [kink.z for kink in row.kinks]]))
    slope = row.derivative(NUMPY, z)
    steep = np.abs(np.diff(slope)) > 5e-4 + 1.2 * np.abs(slope[:-1]) * np.diff(
        z
    )  # |σ″| stays below 5 otherwise
    near = np.zeros(steep.size, dtype=bool)
    for kink in row.kinks:
        near |= np.minimum(np.abs(z[:-1] - kink.z), np.abs(z[1:] - kink.z)) < 1e-9
    assert not (steep & ~near).any()


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if as_activation(name).kinks])
def test_a_kink_has_the_slopes_and_the_value_that_its_row_says(name: str) -> None:
    row, define = as_activation(name), exact.ACTIVATIONS[name]
    for kink in row.kinks:
        for side, wanted in ((-1, kink.left), (1, kink.right)):  # hard_sigmoid's edges are rounded numbers
            beside = exact.mp.mpf(kink.z) + side * exact.mp.mpf("1e-14")
            assert float(exact.slope(define, beside)) == pytest.approx(wanted, rel=1e-13)
        for dtype in (np.float32, np.float64):
            z = np.array([kink.z], dtype=dtype)
            beside = [np.nextafter(z, dtype(side * math.inf)) for side in (-1, 1)]
            got = [float(row.derivative(NUMPY, one)[0]) for one in (beside[0], z, beside[1])]
            assert got == pytest.approx([kink.left, kink.value, kink.right], rel=1e-6)
            assert float(row.slope(NUMPY_FAST, z, row.f(NUMPY_FAST, z))[0]) == pytest.approx(
                kink.value, rel=1e-6
            )
        assert kink.left != kink.right


def test_which_rows_have_kinks() -> None:
    kinked = {name for name in ACTIVATION_OPTIONS if as_activation(name).kinks}
    assert kinked == {
        "relu", "leaky_relu", "leaky_relu(slope=0.3)", "elu(alpha=0.5)", "selu", "hard_sigmoid",
        "hard_sigmoid(slope=0.2)",
    }  # fmt: skip
    assert {name for name in COST_OPTIONS if as_cost(name).kinks} == {"absolute_error", "hinge"}
    assert as_activation("relu").kinks[0].value == 0.0  # NOTE: ReLU′(0) = 0


@pytest.mark.parametrize("name", COST_OPTIONS)
def test_costs_jump_at_the_listed_kinks_and_nowhere_else(name: str) -> None:
    row = as_cost(name)
    low, high = max(row.lowest, -4.0), min(row.highest, 4.0)
    a = np.linspace(low, high, 80_002)[1:-1, None]
    for target in targets_for(row):
        y = np.full_like(a, target)
        slope = row.derivative(NUMPY, a, y)[:, 0]
        inside = np.abs(slope[:-1]) < 50  # where 1/a is steep anyway, it is not a jump
        jumps = (np.abs(np.diff(slope)) > 0.5) & inside
        kinks = [kink.at(a, y)[:, 0] for kink in row.kinks]
        near = np.zeros(jumps.size, dtype=bool)
        for u in kinks:
            near |= np.minimum(np.abs(u[:-1]), np.abs(u[1:])) < 2e-4
        assert not (jumps & ~near).any()
        assert jumps.any() == any((u[:-1] * u[1:] <= 0).any() for u in kinks)


def test_costs_take_the_listed_value_at_their_kinks() -> None:
    one = np.array([1.0])
    assert (
        as_cost("absolute_error").kinks[0].value == as_cost("absolute_error").derivative(NUMPY, one, one)[0]
    )
    hinge = as_cost("hinge")
    for y in (1.0, -1.0):
        a = np.array([1 / y])
        assert hinge.kinks[0].at(a, np.array([y]))[0] == 0
        assert hinge.derivative(NUMPY, a, np.array([y]))[0] == hinge.kinks[0].value


# ----------------------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize("name", ACTIVATION_OPTIONS)
def test_outputs_lie_where_the_row_says(name: str) -> None:
    row = as_activation(name)
    if row.elementwise:
        a = row.f(
            NUMPY, np.concatenate([np.linspace(-30, 30, 60_001), [-1e6, 700.0 if name == "exp" else 1e6]])
        )
    else:
        a = row.f(NUMPY, np.array([[-40.0, 0, 1], [3, 700, 0], [0, 0, 0]]))
    for bound, got, side in ((row.lowest, a.min(), 1), (row.highest, a.max(), -1)):
        if math.isfinite(bound):
            assert side * (got - bound) >= -1e-12
            assert got == pytest.approx(bound, abs=1e-6)
        else:
            assert -side * got > 1e3


# ------------------------------------------------------------------------------------------------------ costs


@pytest.mark.parametrize("name", COST_OPTIONS)
def test_costs_keep_their_digits(name: str) -> None:
    row = as_cost(name)
    y = targets_for(row)
    if row.highest == 1:
        outputs = [(0.3, 0.6, 0.1), (1e-9, 1 - 1e-9, 0.5), (1e-200, 0.999, 1e-16)]
    elif row.lowest == 0:
        outputs = [(0.3, 0.6, 5.0), (1e-200, 1e-9, 700.0)]
    else:
        outputs = [(0.3, -0.6, 2.0), (1e-9, 1e6, -1e-12), (0.5 + 1e-8, -1.2 - 1e-4, 0.4), (40.0, 0.9, -700.0)]
    with np.errstate(**LOUD):
        for a in outputs:
            rows.cost_agrees(row, name, np.array(a), y)


def test_log_cosh_is_half_a_square_near_0_and_a_line_far_out() -> None:
    row, zero = as_cost("log_cosh"), np.array([0.0])
    for r in (1e-3, 1e-8, 1e-150, 0.999999, 1.0, 1.000001, 1e300):
        got = float(row.f(NUMPY, np.array([r]), zero))
        assert got == pytest.approx(float(exact.mp.log(exact.mp.cosh(r))) if r < 1e3 else r, rel=1e-14)
    assert row.f(NUMPY, zero, zero) == 0


@pytest.mark.parametrize(
    ("name", "a", "y", "C", "slope"),
    [
        ("binary_cross_entropy", (0.0, 1.0), (0.0, 1.0), 0.0, (1.0, -1.0)),
        ("cross_entropy", (0.0, 1.0), (0.0, 1.0), 0.0, (0.0, -1.0)),
        ("poisson", (0.0, 2.0), (0.0, 2.0), 2 - 2 * math.log(2), (1.0, 0.0)),
        ("squared_hinge", (1.0, -1.0), (1.0, 1.0), 4.0, (0.0, -4.0)),
        ("hinge", (1.0, -1.0), (1.0, 1.0), 2.0, (0.0, -1.0)),
        ("huber(delta=0.3)", (0.3, -0.3), (0.0, 0.0), 0.09, (0.3, -0.3)),
        ("absolute_error", (2.0, 1.0), (2.0, 3.0), 2.0, (0.0, -1.0)),
        ("squared_error", (1.0, 3.0), (2.0, 1.0), 5.0, (-2.0, 4.0)),
        ("half_squared_error", (1.0, 3.0), (2.0, 1.0), 2.5, (-1.0, 2.0)),
        ("mean_squared_error", (1.0, 3.0), (2.0, 1.0), 2.5, (-1.0, 2.0)),
    ],
)
def test_costs_by_hand_at_their_edges(name: str, a: Any, y: Any, C: float, slope: Any) -> None:
    row, a, y = as_cost(name), np.array(a), np.array(y)
    with np.errstate(**LOUD):
        assert row.f(NUMPY, a, y) == pytest.approx(C, rel=1e-15)
        np.testing.assert_allclose(row.derivative(NUMPY, a, y), slope, rtol=1e-15)


def test_a_certain_mistake_costs_infinity() -> None:
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert as_cost("cross_entropy").f(NUMPY, np.array([0.0, 1.0]), np.array([1.0, 0.0])) == math.inf


@pytest.mark.parametrize("name", COST_OPTIONS)
def test_costs_stay_in_float32(name: str) -> None:
    row = as_cost(name)
    a, y = np.array([[0.3, 0.2, 0.5]], dtype=np.float32), targets_for(row)[None].astype(np.float32)
    assert row.f(NUMPY, a, y).dtype == row.derivative(NUMPY, a, y).dtype == np.float32
    assert row.f(NUMPY, a, y).shape == (1,)
    np.testing.assert_allclose(row.f(NUMPY, a, y), row.f(NUMPY, a.astype(float), y.astype(float)), rtol=1e-5)


# -------------------------------------------------------------------------------------------------- what fits


def test_which_costs_fit_which_outputs() -> None:
    needy = {
        "binary_cross_entropy": {"sigmoid", "softmax"},
        "cross_entropy": {"sigmoid", "softmax"},
        "poisson": {"sigmoid", "softmax", "exp", "softplus"},
    }
    for cost in COST_OPTIONS:
        assert {name for name in ACTIVATION_OPTIONS if fits(name, cost)} == needy.get(
            cost, set(ACTIVATION_OPTIONS)
        )
    for cost, taken in needy.items():  # and none of these is left to lose its number in two steps
        assert {sigma for sigma, other in PAIRS if other == cost} == taken


@pytest.mark.parametrize(
    ("cost", "activation", "needs", "better"),
    [
        ("cross_entropy", "tanh", "between 0 and 1, ends excluded", "softmax"),
        ("binary_cross_entropy", "hard_sigmoid", "between 0 and 1, ends excluded", "sigmoid"),
        ("binary_cross_entropy", "exp", "between 0 and 1, ends excluded", "sigmoid"),
        ("poisson", "relu", "above 0", "exp"),
        ("poisson", "elu(alpha=0.5)", "above 0", "exp"),
    ],
)
def test_a_cost_that_does_not_fit_says_what_would(
    cost: str, activation: str, needs: str, better: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_fit(as_cost(cost), as_activation(activation))
    assert str(caught.value) == (
        f"{cost} needs outputs {needs}, and {as_activation(activation).option} gives others; "
        f"take {better!r} for the last layer, or another cost such as 'half_squared_error'"
    )


def test_a_users_own_is_trusted_to_fit() -> None:
    own = as_activation((np.cos, lambda z: -np.sin(z)))
    check_fit(as_cost("cross_entropy"), own)
    check_fit(as_cost((lambda a, y: a, lambda a, y: a)), as_activation("relu"))


# ------------------------------------------------------------------------------------------ names and options


@pytest.mark.parametrize(
    ("given_as", "option"),
    [
        ("Sigmoid", "sigmoid"),
        ("leaky-relu", "leaky_relu(slope=0.01)"),
        ("leaky_relu(slope=0)", "leaky_relu(slope=0.0)"),
        ("elu(alpha=2)", "elu(alpha=2.0)"),
        (" elu( alpha = 1 ) ", "elu(alpha=1.0)"),
        ("hard_sigmoid", f"hard_sigmoid(slope={1 / 6!r})"),
    ],
)
def test_activations_by_option(given_as: str, option: str) -> None:
    row = as_activation(given_as)
    assert row.option == option
    assert as_activation(row) is row
    assert as_activation(option) == row


@pytest.mark.parametrize("table", [as_activation, as_cost])
def test_options_round_trip(table: Any) -> None:
    for name in ACTIVATION_OPTIONS if table is as_activation else COST_OPTIONS:
        row = table(name)
        assert table(row.option) == row
        assert hash(table(row.option)) == hash(row)
        assert pickle.loads(pickle.dumps(row)) == row
        assert copy.deepcopy(row) == row
        assert row.built_in
        assert row != name
        assert row.tex
        assert row.tex_derivative
        assert row.source
        assert "|" not in row.tex + row.tex_derivative
    assert table("elu" if table is as_activation else "huber") != table(
        "elu(alpha=2)" if table is as_activation else "huber(delta=2)"
    )


@pytest.mark.parametrize(
    ("table", "wrong", "message"),
    [
        (
            as_activation,
            "sigmid",
            "unknown activation 'sigmid'. Did you mean 'sigmoid'? Known: identity, sigmoid, tanh,",
        ),
        (as_activation, "swish", "unknown activation 'swish'. Did you mean 'silu'?"),
        (as_activation, "LeakyReLU", "unknown activation 'LeakyReLU'. Did you mean 'leaky_relu'?"),
        (as_activation, "qqq", "unknown activation 'qqq'. Known: identity,"),
        (as_activation, "relu(slope=1)", "activation 'relu' has no parameter 'slope'; it takes nothing"),
        (as_activation, "elu(beta=1)", "activation 'elu' has no parameter 'beta'; it takes alpha"),
        (as_activation, "elu(alpha=0)", "elu needs alpha > 0; got alpha=0"),
        (as_activation, "elu(alpha='x')", "elu needs alpha > 0; got alpha='x'"),
        (as_activation, "elu(alpha=True)", "elu needs alpha > 0; got alpha=True"),
        (as_activation, "elu(alpha=1e999)", "elu needs alpha > 0; got alpha=inf"),
        (as_activation, "leaky_relu(slope=1)", "leaky_relu needs 0 ≤ slope < 1; got slope=1"),
        (as_activation, "leaky_relu(slope=-0.1)", "leaky_relu needs 0 ≤ slope < 1; got slope=-0.1"),
        (as_activation, "hard_sigmoid(slope=-1)", "hard_sigmoid needs slope > 0; got slope=-1"),
        (
            as_activation,
            3,
            "an activation is a name, an option such as 'elu(alpha=0.5)', or a pair (f, f′); got 3",
        ),
        (as_activation, (np.tanh,), "or a pair (f, f′); got (<ufunc 'tanh'>,)"),
        (as_activation, (np.tanh, 1), "or a pair (f, f′); got (<ufunc 'tanh'>, 1)"),
        (as_cost, "mse", "unknown cost 'mse'. Did you mean 'mean_squared_error'?"),
        (as_cost, "crossentropy", "unknown cost 'crossentropy'. Did you mean 'cross_entropy'?"),
        (as_cost, "huber(delta=0)", "huber needs delta > 0; got delta=0"),
        (as_cost, "huber(delta=None)", "'huber(delta=None)' is not an option: write huber(key=value, …)"),
        (as_cost, None, "a cost is a name, an option such as 'huber(delta=2)', or a pair (f, f′); got None"),
    ],
)
def test_what_is_not_in_a_table_is_refused(table: Any, wrong: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        table(wrong)
    assert message in str(caught.value)


def test_names_from_elsewhere_lead_to_rows() -> None:
    from backlit.functions import activations, costs

    assert set(activations.ALSO_CALLED.values()) <= set(ACTIVATIONS)
    assert not set(activations.ALSO_CALLED) & set(ACTIVATIONS)
    assert set(costs.ALSO_CALLED.values()) <= set(COSTS)
    assert not set(costs.ALSO_CALLED) & set(COSTS)


# --------------------------------------------------------------------------------------- a user's own (f, f′)


def bump_2(z: Array) -> Array:
    return np.exp(-z * z)


def bump_slope(z: Array) -> Array:
    return -2 * z * np.exp(-z * z)


def cube(a: Array, y: Array) -> Array:
    return (np.abs(a - y) ** 3).sum(axis=-1)


def cube_slope(a: Array, y: Array) -> Array:
    return 3 * (a - y) * np.abs(a - y)


class Scaled:
    """A function that is an object without a name."""

    def __call__(self, z: Array) -> Array:
        return 2 * z


def test_a_users_own_activation() -> None:
    row, z = as_activation((bump_2, bump_slope)), np.array([0.3, -1.0])
    np.testing.assert_array_equal(row.f(NUMPY, z), bump_2(z))
    np.testing.assert_array_equal(row.slope(NUMPY_FAST, z, row.f(NUMPY, z)), bump_slope(z))
    assert (row.name, row.option, row.built_in, row.analytic, row.elementwise) == ("bump_2",) * 2 + (
        False,
        False,
        True,
    )
    assert row.tex == r"\mathrm{bump\_2}(z)"
    assert row.tex_derivative == r"\mathrm{bump\_2}'(z)"
    assert row == as_activation((bump_2, bump_slope))
    assert row != as_activation((bump_2, bump_2))
    assert pickle.loads(pickle.dumps(row)) == row
    assert copy.deepcopy(row) == row
    assert len({row, as_activation((bump_2, bump_slope)), as_activation("tanh")}) == 2


def test_a_users_own_cost() -> None:
    row = as_cost((cube, cube_slope))
    a, y = np.array([[0.3, 2.0]]), np.array([[0.0, 1.0]])
    np.testing.assert_array_equal(row.f(NUMPY, a, y), cube(a, y))
    np.testing.assert_array_equal(row.derivative(NUMPY, a, y), cube_slope(a, y))
    assert row.tex == r"\mathrm{cube}(a^L, y)"
    assert row.tex_derivative == r"\partial\,\mathrm{cube} / \partial a^L_j"
    assert pickle.loads(pickle.dumps(row)) == row
    assert not row.built_in
    assert row != "cube"
    assert as_cost(row) is row


def test_names_of_functions_without_one() -> None:
    assert as_activation((Scaled(), Scaled())).name == "Scaled"
    assert as_activation((lambda z: z, lambda z: 1)).tex == r"\mathrm{lambda}(z)"


def test_a_users_own_named_as_a_row_is_not_that_row() -> None:
    def sigmoid(z: Array) -> Array:
        return z

    row = as_activation((sigmoid, sigmoid))
    assert row != as_activation("sigmoid")
    assert isinstance(row, Activation)
