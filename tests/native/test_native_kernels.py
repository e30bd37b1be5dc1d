"""The plain version of each kernel, in NumPy or at 80 digits, against what runs on each instruction set."""

from __future__ import annotations

import functools
from itertools import chain
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from backlit import dropout, passes
from backlit.engines import Plan, State
from backlit.engines.numpy import NumpyEngine
from backlit.functions.activations import as_activation
from backlit.functions.pairs import PAIRS
from backlit.inputs import Pixels
from backlit.namespaces import NUMPY, NUMPY_FAST, mpmath_namespace
from backlit.network import Network
from backlit.optimizers import as_rule
from oracles import definitions as exact
from oracles.cases import FITTING, make

from .cases import assert_close, layer_scale
from .machine import ENGINES, EVERY_CPU, _native, every_way, skipping

ELEMENTWISE = [name for name in exact.ACTIVATIONS if name != "softmax"]
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
_EDGES = (0.35, 1, 2.5, 3, 9, 17, 22, 40, 80, 87.2, 88.3, 88.7, 90, 103, 700, 708.3, 709.7, 710, 745, 1000)


@functools.cache
def points() -> np.ndarray:
    """Numbers that float32 has too: of all sizes, about the places where a formula changes, and ordinary ones."""
    sizes = np.concatenate(
        [np.logspace(-30, 8, 115), _EDGES, np.array(_EDGES) * 0.999, np.array(_EDGES) * 1.001]
    )
    ordinary = np.random.default_rng(1).normal(size=200) * 4
    return np.concatenate([sizes, -sizes, ordinary, [0.0]]).astype(np.float32).astype(np.float64)


@functools.cache
def exactly(name: str) -> tuple[np.ndarray, np.ndarray]:
    """σ by its definition in up to 900 digits, and σ′ by the table's formula (proved elsewhere) in 80, as float64."""
    z, row, xp = points(), as_activation(name), mpmath_namespace(80)
    numbers = exact.numbers(z)
    with exact.mp.workdps(900 if name in ("gelu_tanh", "softplus") else 120):
        a = [float(exact.ACTIVATIONS[name](one)) for one in numbers]
    slopes = row.derivative(xp, np.array([xp.constant(float(one)) for one in z]))
    return np.array(a), np.array([float(one) for one in slopes])


def run_activation(cpu: str, option: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row = as_activation(option)
    parameter = next(iter(row.parameters.values()), 0.0)
    a, slope = np.empty_like(z), np.empty_like(z)
    _native.activation(cpu, row.name, parameter, z, a, slope)
    return a, slope


def conditioned(name: str, z: np.ndarray) -> np.ndarray:
    """By how much more than itself an error of z, or of what e is raised to, is felt."""
    if name.startswith("gelu"):
        u = abs(1.6 * (z + 0.044715 * z**3)) if name == "gelu_tanh" else z * z
        return 1 + np.minimum(u, 800)
    return np.ones_like(z)


def apart(found: np.ndarray, known: np.ndarray, room: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """By how much found is farther from known than there is room; −1 where it does not count."""
    off = np.full(len(found), -1.0)
    off[counts] = abs(found[counts] - known[counts]) - room[counts]
    off[counts & np.isnan(found)] = np.inf
    return off


@EVERY_CPU
@DTYPES
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_to_a_few_units_in_the_last_place(cpu: str, dtype: Any, name: str) -> None:
    """σ to 6 ε of itself (but 0 where it is below the normal numbers), σ′ to 6 ε of the larger of itself and 1."""
    z = points()
    known, known_slope = exactly(name)
    a, slope = (one.astype(np.float64) for one in run_activation(cpu, name, z.astype(dtype)))
    limits = np.finfo(dtype)
    fits = (abs(known) <= float(limits.max) * 0.999) & (abs(known_slope) <= float(limits.max) * 0.999)
    assert fits.sum() > 300
    assert not np.isfinite(a[abs(known) > float(limits.max) * 1.001]).any()
    room = 6 * float(limits.eps) * abs(known) * conditioned(name, z)
    room += 4 * float(limits.tiny) * np.maximum(1, abs(z))
    room += 6 * float(limits.eps) * name.startswith("hard_sigmoid")  # s z + ½ cancels
    off = apart(a, known, room, fits)
    assert (off <= 0).all(), (
        f"{name}({z[off.argmax()]!r}) is {known[off.argmax()]!r}, not {a[off.argmax()]!r}"
    )
    one = 0.0 if name == "exp" else 1.0
    room = 6 * float(limits.eps) * np.maximum(abs(known_slope), one) + 4 * float(limits.tiny)
    at_kink = np.isin(z.astype(dtype), [dtype(kink.z) for kink in as_activation(name).kinks if kink.z])
    off = apart(slope, known_slope, room, fits & ~at_kink)
    i = off.argmax()
    assert (off <= 0).all(), f"{name}′({z[i]!r}) is {known_slope[i]!r}, not {slope[i]!r}"


@EVERY_CPU
@DTYPES
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_what_is_not_finite_goes_through_as_in_numpy(cpu: str, dtype: Any, name: str) -> None:
    z = np.array([np.nan, np.inf, -np.inf, np.finfo(dtype).max, -np.finfo(dtype).max, 0.0, -0.0], dtype=dtype)
    row = as_activation(name)
    a, slope = run_activation(cpu, name, z)
    with np.errstate(all="ignore"):
        known = row.f(NUMPY_FAST, z)
        known_slope = row.slope(NUMPY_FAST, z, known)
    np.testing.assert_allclose(a, known, rtol=1e-6)
    defined = ~np.isnan(known_slope)  # NumPy's z·0 + 1 is none at ∞
    np.testing.assert_allclose(slope[defined], known_slope[defined], rtol=1e-6, atol=1e-7)


@EVERY_CPU
@DTYPES
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_number_s_bits_do_not_depend_on_its_place(cpu: str, dtype: Any, name: str) -> None:
    z = np.random.default_rng(2).normal(size=70).astype(dtype) * 3
    whole, slopes = run_activation(cpu, name, z)
    for first in (1, 5, 13):
        for count in (1, 2, 15, 16, 17, 33):
            a, slope = run_activation(cpu, name, z[first : first + count].copy())
            assert a.tobytes() == whole[first : first + count].tobytes()
            assert slope.tobytes() == slopes[first : first + count].tobytes()


# ---- dropout, read from the gradient of networks whose a and δ are known


def step_with_masks(net: Network, keep: tuple[float, ...], key: int, step: int, y: Any, engine: Any) -> Any:
    n = len(y)
    theta = np.zeros_like(net.theta)
    if net.L == 2:
        net.views(theta)[1][1][:] = 1  # a^1 before its mask
    plan = Plan(batch_size=n, rule="sgd", eta=np.array([1.0]), keep=keep, dropout_key=key)
    state = State(step=step)
    x = np.ones((n, net.sizes[0]))
    engine.run_epoch(net, theta, state, plan, x, y.astype(net.dtype), None, np.arange(n))
    return net.views(theta)[0][net.L]


@DTYPES
@pytest.mark.parametrize("keep", [0.5, 0.9, 1e-3, 1 - 2**-30])
@pytest.mark.parametrize(("key", "step"), [(0, 0), (2**64 - 1, 2**32 - 1), (2**63 + 77, 2**32 + 5)])
def test_masks_are_dropout_s(dtype: Any, keep: float, key: int, step: int) -> None:
    """−∂C/∂w^L_j of ½(a − y)² with y = 8 e_j for example j of 8 is the mask that example j had, all else being 1."""
    y = 8 * np.eye(8)
    for way, engine in every_way():
        for layer, sizes in ((0, (67, 8)), (1, (1, 67, 8))):
            net = Network(sizes, activations="identity", cost="half_squared_error", dtype=dtype, init="zeros")
            keeps = (keep, 1.0) if layer == 0 else (1.0, keep, 1.0)
            seen = step_with_masks(net, keeps, key, step, y, engine)
            known = dropout.mask(keep, key, step, layer, 8, 67, dtype)
            np.testing.assert_allclose(seen, known, rtol=1e-6, err_msg=f"{way}, layer {layer}")
            assert ((seen == 0) == (known == 0)).all(), way


# ---- rules, where every gradient is known


@DTYPES
@pytest.mark.parametrize(
    "rule",
    [
        "sgd", "momentum(momentum=0.7)", "nesterov(momentum=0.3)", "adagrad", "adagrad(epsilon=0.01)", "rmsprop",
        "rmsprop(decay=0.5, momentum=0.8)", "adam", "adam(beta1=0.0, beta2=0.5, epsilon=1e-3)", "adamw", "rprop",
        "rprop(shrink=0.3, grow=2.0, least=0.001, most=0.02)",
    ],
)  # fmt: skip
def test_rules_number_by_number(dtype: Any, rule: str) -> None:
    """One input of 1 and z = w + b: each neuron's gradient is w + b − y, and y makes it any number, or 0."""
    rng = np.random.default_rng(5)
    net = Network([1, 35], activations="identity", cost="half_squared_error", dtype=dtype, init="zeros")
    targets = rng.normal(size=(12, 35)) * 10 ** rng.uniform(-3, 1, size=(12, 35))
    targets[0, :9] = 0
    y, eta = targets.astype(dtype), 0.01 * (1 + rng.random(12))
    row, slots, theta = as_rule(rule), None, np.zeros(70, dtype)
    slots = row.start(theta, float(eta[0]))
    for t in range(12):
        delta = theta[:35] + theta[35:] - y[t]
        move, slots = row.move(NUMPY, np.concatenate([delta, delta]), slots, float(eta[t]), t + 1)
        theta = theta + move
    eps = float(np.finfo(dtype).eps)
    for way, engine in every_way():
        found, state = np.zeros(70, dtype), State()
        plan = Plan(batch_size=1, rule=rule, eta=eta)
        engine.run_epoch(net, found, state, plan, np.ones((12, 1)), y, None, np.arange(12))
        np.testing.assert_allclose(found, theta, rtol=300 * eps, atol=30 * eps, err_msg=way)
        for name, slot in slots.items():
            np.testing.assert_allclose(state.slots[name], slot, rtol=300 * eps, atol=30 * eps, err_msg=way)


# ---- outputs and costs far out, where one after the other would lose the number

FAR = np.array(
    [
        [1.0, 2.0, 3.0], [2.0, 0.9, 0.3], [50.0, 0.1, 0.0], [-30.0, -29.0, -31.0], [0.5, 0.4, -40.0],
        [-75.0, -79.0, 60.0], [85.0, -85.0, 0.0], [80.0, 80.0, -80.0], [-80.0, -81.0, -80.5], [3.0, 3.0, 3.0],
    ]
)  # fmt: skip
TARGETS = {
    "probabilities": [(1, 0, 0), (0, 1, 0), (0, 0, 0), (1, 1, 1), (0.3, 0.2, 0.9)],
    "distribution": [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.7, 0.2, 0.1)],
    "counts": [(1, 0, 0), (0, 2, 0), (3, 1, 7), (0, 0, 0)],
}


@DTYPES
@pytest.mark.parametrize(("activation", "cost"), PAIRS)
def test_pairs_where_outputs_saturate(dtype: Any, activation: str, cost: str) -> None:
    """C and δ^L = ∂C/∂b of one example, z^L = b, against NumPy's engine in the same dtype."""
    net = Network([1, 3], activations=activation, cost=cost, init="zeros", dtype=dtype)
    known, x = NumpyEngine(), np.zeros((1, 1), dtype)
    for z in FAR:
        net.b[1] = z
        for target in TARGETS[net.cost.targets]:
            y = np.array([target], dtype)
            value, gradient = known.value_and_gradient(net, net.theta, x, y, None)
            eps = float(np.finfo(dtype).eps)
            for way, engine in every_way():
                C, g = engine.value_and_gradient(net, net.theta, x, y, None)
                what = f"{way}: z {z}, y {target}"
                np.testing.assert_allclose(C, value, rtol=20 * eps, atol=20 * eps, err_msg=what)
                np.testing.assert_allclose(g, gradient, rtol=20 * eps, atol=20 * eps, err_msg=what)


# ---- whole gradients


@EVERY_CPU
def test_gradients_by_central_differences(cpu: str) -> None:
    engine = ENGINES[cpu]
    net = Network([5, 9, 4], activations=["gelu", "softmax"], cost="cross_entropy", seed=3)
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(11, 5)) * (rng.random((11, 5)) < 0.4), np.eye(4)[rng.integers(4, size=11)]
    s = rng.random(11)
    _, gradient = engine.value_and_gradient(net, net.theta, x, y, s)
    share, h = s / s.sum(), 1e-6
    for i in range(net.parameters):
        ends = []
        for sign in (1, -1):
            theta = net.theta.copy()
            theta[i] += sign * h
            ends.append(engine.measure(net, theta, x, y, share)[0])
        assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(gradient[i], abs=1e-8), net.name_of(i)


@DTYPES
@pytest.mark.parametrize("rows", [1, 2, 255, 256, 257, 2049, 5000])
def test_passes_of_many_rows(dtype: Any, rows: int) -> None:
    """More rows than are worked on at once: the same value, gradient and outputs as the equations'."""
    net = Network([70, 33, 5], activations=["tanh", "softmax"], cost="cross_entropy", seed=8, dtype=dtype)
    rng = np.random.default_rng(7)
    x = (rng.integers(1, 256, (rows, 70)) * (rng.random((rows, 70)) < 0.2)).astype(np.uint8)
    y, s = np.eye(5, dtype=dtype)[rng.integers(5, size=rows)], rng.random(rows) + 0.1
    share = passes.shares(rows, net.dtype, s)
    X = Pixels(x)
    value, gradient = passes.value_and_gradient(net, net.theta, X, y, share)
    outputs = passes.predict(net, *net.views(net.theta), X)
    room = 1e-12 if dtype is np.float64 else 1e-5
    for way, engine in every_way():
        C, g = engine.value_and_gradient(net, net.theta, X, y, s)
        assert pytest.approx(value, rel=room) == C, way
        assert_close(net, g, gradient, way)
        measured, a = engine.measure(net, net.theta, X, y, share)
        assert pytest.approx(value, rel=room) == measured, way
        assert abs(a - outputs).max() <= room, way
        assert engine.predict(net, net.theta, X).tobytes() == a.tobytes(), way


@DTYPES
@pytest.mark.parametrize("kind", ["float", "bytes"])
def test_where_every_input_is_zero_there_is_no_gradient(dtype: Any, kind: str) -> None:
    """N10, to the last bit: nothing for columns that are zero in the batch, the others' as from dense rows."""
    net = Network(
        [200, 17, 2], activations=["sigmoid", "identity"], cost="half_squared_error", seed=1, dtype=dtype
    )
    rng = np.random.default_rng(9)
    x = (rng.integers(1, 256, (9, 200)) * (rng.random((9, 200)) < 0.1)).astype(np.uint8)
    y = rng.normal(size=(9, 2)).astype(dtype)
    X = Pixels(x) if kind == "bytes" else (x / 255).astype(dtype)
    empty = ~x.any(axis=0)
    assert 20 < empty.sum() < 180
    for cpu, engine in ENGINES.items():
        found = []
        for wanted in (True, False):
            with skipping(wanted):
                _, g = engine.value_and_gradient(net, net.theta, X, y, None)
            w = net.views(g)[0][1]
            assert not w[:, empty].any(), cpu
            assert w[:, ~empty].any(axis=0).all(), cpu
            found.append(g)
        assert (abs(found[0] - found[1]) <= 8 * np.finfo(dtype).eps * layer_scale(net, found[1])).all(), cpu


@EVERY_CPU
@DTYPES
def test_a_few_rows_alone_are_predicted_as_among_many(cpu: str, dtype: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("BACKLIT_CPU", cpu)
    rng = np.random.default_rng(11)
    for sizes in ((1, 1), (3, 2), (17, 33, 2), (100, 64, 65, 9)):
        net = Network(sizes, activations=["gelu"] * (len(sizes) - 2) + ["sigmoid"], seed=2, dtype=dtype)
        x = rng.normal(size=(40, sizes[0])) * (rng.random((40, sizes[0])) < 0.3)
        known = net.predict(x, engine="numpy")
        for given in (x, x.astype(np.float32), np.asfortranarray(x), x[:, ::-1][:, ::-1]):
            for rows in (1, 2, 7, 8, 9):
                part = net.predict(given[3 : 3 + rows], engine="cpu")
                assert part.shape == (rows, sizes[-1])
                rough = np.float32 in (dtype, given.dtype)
                np.testing.assert_allclose(part, known[3 : 3 + rows], rtol=1e-5 if rough else 1e-12)


@DTYPES
@pytest.mark.parametrize("width", [1000, 4095, 4096, 4097, 8300])
@pytest.mark.parametrize("kind", ["bytes", "float32", "float64", "csr", "bytes backwards"])
def test_wide_rows(dtype: Any, width: int, kind: str) -> None:
    """Rows of many groups of columns, packed in several parts."""
    rng = np.random.default_rng(width)
    x = (rng.integers(1, 256, (5, width)) * (rng.random((5, width)) < 0.2)).astype(np.uint8)
    x[1], x[2], x[3, :-1] = 0, 255, 0
    net = Network(
        [width, 35, 2], activations=["tanh", "identity"], cost="half_squared_error", seed=1, dtype=dtype
    )
    y = rng.normal(size=(5, 2)).astype(dtype)
    forms = {"bytes": lambda: Pixels(x), "csr": lambda: sparse.csr_array(x.astype(np.float32) / 64)}
    forms["bytes backwards"] = lambda: Pixels(np.ascontiguousarray(x[:, ::-1])[:, ::-1])
    X = forms.get(kind, lambda: (x / 255).astype(kind))()
    value, gradient = NumpyEngine().value_and_gradient(net, net.theta, X, y, None)
    for way, engine in every_way():
        C, g = engine.value_and_gradient(net, net.theta, X, y, None)
        assert pytest.approx(value, rel=1e-12 if dtype is np.float64 else 1e-5) == C, way
        assert_close(net, g, gradient, way)


ALL_OF_BOTH = sorted(
    {*dict(FITTING).items(), *((sigma, cost) for cost, sigma in {c: s for s, c in FITTING}.items())}
)


@pytest.mark.parametrize(("sigma", "cost"), ALL_OF_BOTH)
def test_gradients_are_jax_s(sigma: str, cost: str) -> None:
    theirs = pytest.importorskip("oracles.jax_autograd", reason="needs JAX", exc_type=ImportError)
    case = make(sigma, cost, (2, 4, 3))
    net = Network(
        (2, 4, 3), activations=sigma, cost=cost, theta=[*chain(*zip(case.w[1:], case.b[1:], strict=True))]
    )
    value, wanted = theirs.objective(sigma, cost, case, 0.0, 0.0)
    flat = np.concatenate([part.ravel() for part in wanted[:-1]])  # the last is by x
    y = np.ascontiguousarray(case.y)
    for way, engine in every_way():
        C, g = engine.value_and_gradient(net, net.theta, case.x, y, case.weights)
        assert pytest.approx(value, rel=1e-12) == C, way
        assert_close(net, g, flat, way)
