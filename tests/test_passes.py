"""Whole passes: value, gradient and backprop against JAX's autograd, with weights, penalties, masks and sparse inputs.

The networks here are written once more in ``jax.numpy``, from the formulas, with nothing of ours in them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from backlit import passes
from backlit.errors import DataError, UsageError
from backlit.network import Network

N = 23
SIZES = (5, 7, 4, 3)


@pytest.fixture
def jax() -> Iterator[Any]:
    """JAX in float64, for this test only."""
    jax = pytest.importorskip("jax")
    enable_x64 = getattr(jax, "enable_x64", None)
    if enable_x64 is None:  # its name before JAX 0.8
        from jax.experimental import enable_x64
    with enable_x64(True):
        yield jax


def theirs(jax: Any, name: str) -> Any:
    jnp, nn = jax.numpy, jax.nn
    return {
        "sigmoid": nn.sigmoid,
        "tanh": jnp.tanh,
        "relu": nn.relu,
        "softplus": nn.softplus,
        "gelu": lambda z: nn.gelu(z, approximate=False),
        "softmax": lambda z: nn.softmax(z, axis=-1),
        "identity": lambda z: z,
        "exp": jnp.exp,
    }[name]


def cost_of(jax: Any, name: str, a: Any, y: Any) -> Any:
    jnp = jax.numpy
    return {
        "squared_error": lambda: ((a - y) ** 2).sum(-1),
        "half_squared_error": lambda: ((a - y) ** 2).sum(-1) / 2,
        "mean_squared_error": lambda: ((a - y) ** 2).mean(-1),
        "cross_entropy": lambda: -(y * jnp.log(a)).sum(-1),
        "binary_cross_entropy": lambda: -(y * jnp.log(a) + (1 - y) * jnp.log(1 - a)).sum(-1),
        "log_cosh": lambda: jnp.log(jnp.cosh(a - y)).sum(-1),
        "poisson": lambda: (a - y * jnp.log(a)).sum(-1),
        "squared_hinge": lambda: (jnp.maximum(0, 1 - y * a) ** 2).sum(-1),
    }[name]()


def run(jax: Any, net: Network, parts: Any, x: Any, masks: Any = None) -> list[Any]:
    """[a^0, …, a^L] from [w1, b1, …]."""
    masks = masks or [None] * (net.L + 1)
    a = [x if masks[0] is None else x * masks[0]]
    for l, row in enumerate(net.activations, start=1):
        z = a[-1] @ parts[2 * l - 2].T + parts[2 * l - 1]
        out = theirs(jax, row.name)(z)
        a.append(out if masks[l] is None else out * masks[l])
    return a


def objective(
    jax: Any, net: Network, x: Any, y: Any, s: Any = None, l1: float = 0, l2: float = 0, masks: Any = None
) -> Any:
    jnp = jax.numpy
    s = np.ones(len(y)) if s is None else s

    def of(parts: Any) -> Any:
        C = cost_of(jax, net.cost.name, run(jax, net, parts, x, masks)[-1], y)
        w = parts[::2]
        return (
            (s * C).sum() / s.sum()
            + l2 / 2 * sum((one**2).sum() for one in w)
            + l1 * sum(jnp.abs(one).sum() for one in w)
        )

    return of


def same(ours: Any, known: Any) -> None:
    known = np.asarray(known)
    assert np.shape(ours) == known.shape
    assert abs(np.asarray(ours) - known).max() <= 1e-12 * max(abs(known).max(), 1e-3)


def network(
    output: str = "sigmoid", cost: str = "half_squared_error", hidden: tuple[str, str] = ("tanh", "softplus")
) -> Network:
    return Network(SIZES, activations=[*hidden, output], cost=cost, init="xavier_normal", seed=11)


def data(cost: str = "half_squared_error", n: int = N) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(n, 5)), rng.random((n, 3))
    if cost == "cross_entropy":
        y /= y.sum(axis=1, keepdims=True)
    if cost == "squared_hinge":
        y = np.sign(y - 0.5)
    return x, y


PAIRS = [
    ("sigmoid", "half_squared_error"),
    ("identity", "squared_error"),
    ("softmax", "mean_squared_error"),
    ("softmax", "cross_entropy"),
    ("softmax", "binary_cross_entropy"),
    ("sigmoid", "binary_cross_entropy"),
    ("sigmoid", "cross_entropy"),
    ("gelu", "log_cosh"),
    ("exp", "poisson"),
    ("softplus", "poisson"),
    ("tanh", "squared_hinge"),
]
WEIGHTS = np.random.default_rng(6).random(N) * (np.arange(N) % 5 > 0)
MASKS = [
    (np.random.default_rng(l).random((N, SIZES[l])) < keep) / keep for l, keep in enumerate((0.8, 0.5, 0.7))
]


def check(jax: Any, net: Network, x: Any, y: Any, x_given: Any = None, **options: Any) -> None:
    """Value and gradient of ours and of theirs."""
    s = options.get("sample_weight")
    masks = options.get("dropout_masks")
    of = objective(
        jax,
        net,
        x,
        y,
        s,
        options.get("l1", 0),
        options.get("l2", 0),
        None if masks is None else [*masks, None],
    )
    parts = [part for l in range(1, net.L + 1) for part in (net.w[l], net.b[l])]
    value, gradient = jax.value_and_grad(of)(parts)
    given = x if x_given is None else x_given
    ours = net.gradient(given, y, **options)
    same(ours.value, value)
    same(net.value(given, y, **options), value)
    for l in range(1, net.L + 1):
        same(ours.w[l], gradient[2 * l - 2])
        same(ours.b[l], gradient[2 * l - 1])
    same(ours.theta, np.concatenate([np.ravel(part) for part in gradient]))


@pytest.mark.parametrize(("output", "cost"), PAIRS)
def test_gradient_of_every_kind_of_output(jax: Any, output: str, cost: str) -> None:
    check(jax, network(output, cost), *data(cost))


@pytest.mark.parametrize("hidden", [("softmax", "tanh"), ("relu", "softmax"), ("gelu", "sigmoid")])
def test_gradient_through_every_kind_of_hidden_layer(jax: Any, hidden: tuple[str, str]) -> None:
    check(jax, network(hidden=hidden), *data())


OPTIONS: dict[str, dict[str, Any]] = {
    "weights": {"sample_weight": WEIGHTS},
    "l1": {"l1": 0.03},
    "l2": {"l2": 0.2},
    "masks": {"dropout_masks": MASKS},
    "one mask": {"dropout_masks": [None, MASKS[1], None]},
}


@pytest.mark.parametrize(
    "taken", [c for k in (1, 2, 5) for c in itertools.combinations(OPTIONS, k)], ids=" + ".join
)
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_gradient_with_all_that_takes_part(jax: Any, taken: tuple[str, ...], kind: str) -> None:
    net = network("softmax", "cross_entropy")
    x, y = data("cross_entropy")
    x = x * (np.random.default_rng(1).random(x.shape) < 0.4)
    options = {key: value for one in taken for key, value in OPTIONS[one].items()}
    check(jax, net, x, y, sparse.csr_array(x) if kind == "sparse" else x, **options)


@pytest.mark.parametrize("masks", [None, MASKS])
@pytest.mark.parametrize(
    ("output", "cost"), [("sigmoid", "half_squared_error"), ("softmax", "cross_entropy")]
)
def test_backprop_gives_every_example_its_own(jax: Any, output: str, cost: str, masks: Any) -> None:
    net = network(output, cost)
    x, y = data(cost)
    trace = net.backprop(x, y, dropout_masks=masks)
    parts = [np.asarray(part) for l in range(1, 4) for part in (net.w[l], net.b[l])]
    extended = None if masks is None else [*masks, None]
    known = run(jax, net, parts, x, extended)
    for l in range(4):
        same(trace.a[l], known[l])
    for l in range(1, 4):
        same(trace.z[l], known[l - 1] @ parts[2 * l - 2].T + parts[2 * l - 1])

    def later(a: Any, l: int) -> Any:
        """The sum of all C_x as a function of a^l: its gradient's row x is ∂C_x/∂a^l."""
        for k in range(l + 1, 4):
            a = theirs(jax, net.activations[k - 1].name)(a @ parts[2 * k - 2].T + parts[2 * k - 1])
            a = a if extended is None or extended[k] is None else a * extended[k]
        return cost_of(jax, cost, a, y).sum()

    for l in range(4):
        same(trace.dC_da[l], jax.grad(later)(known[l], l))

    def from_z(z: Any, l: int) -> Any:
        a = theirs(jax, net.activations[l - 1].name)(z)
        return later(a if extended is None or extended[l] is None else a * extended[l], l)

    for l in range(1, 4):
        same(trace.delta[l], jax.grad(from_z)(trace.z[l], l))
    same(trace.C, cost_of(jax, cost, known[-1], y))


def test_dC_da_0_is_the_derivative_by_the_input(jax: Any) -> None:
    net = network()
    x, y = data()
    parts = [np.asarray(part) for l in range(1, 4) for part in (net.w[l], net.b[l])]
    known = jax.grad(lambda x: cost_of(jax, net.cost.name, run(jax, net, parts, x)[-1], y).sum())(x)
    same(net.backprop(x, y).dC_da[0], known)
    assert net.backprop(x, y).dC_da[0].shape == (N, 5)


def test_the_gradient_is_the_mean_of_the_examples() -> None:
    net = network("softmax", "cross_entropy")
    x, y = data("cross_entropy")
    each = [net.gradient(x[i], y[i]) for i in range(N)]
    same(net.gradient(x, y).theta, np.mean([g.theta for g in each], axis=0))
    same(net.value(x, y), np.mean([g.value for g in each]))
    trace = net.backprop(x, y)
    same(trace.C, [g.value for g in each])
    same(trace.delta[2], [g.b[2] for g in each])
    weighted = net.gradient(x, y, sample_weight=WEIGHTS)
    same(weighted.theta, np.average([g.theta for g in each], axis=0, weights=WEIGHTS))


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("options", [{}, {"l1": 0.01, "l2": 0.02}, {"masked": True}])
def test_chunks_are_one_pass(monkeypatch: pytest.MonkeyPatch, kind: str, options: dict[str, Any]) -> None:
    n = 200
    net = network("softmax", "cross_entropy")
    x, y = data("cross_entropy", n)
    given = sparse.csr_array(x) if kind == "sparse" else x
    options = dict(options, sample_weight=np.random.default_rng(2).random(n))
    if options.pop("masked", False):
        options["dropout_masks"] = [None, (np.random.default_rng(3).random((n, 7)) < 0.5) * 2.0, None]
    assert len(list(passes.chunks(n, net.sizes))) == 1
    whole = net.gradient(given, y, **options), net.value(given, y, **options), net.predict(given)
    monkeypatch.setattr(passes, "_NUMBERS_AT_ONCE", 20 * 7)
    slices = list(passes.chunks(n, net.sizes))
    assert [s.stop - s.start for s in slices] == [20] * 10
    same(net.gradient(given, y, **options).theta, whole[0].theta)
    same(net.gradient(given, y, **options).value, whole[0].value)
    same(net.value(given, y, **options), whole[1])
    same(net.predict(given), whole[2])


def test_chunks_cover_every_row_once() -> None:
    for n, sizes in ((0, (3, 2)), (1, (3, 2)), (17, (10**7, 1)), (600_000, (3, 2)), (2**19 + 1, (1, 1))):
        rows = list(passes.chunks(n, sizes))
        assert sum(part.stop - part.start for part in rows) == n
        assert all(a.stop == b.start for a, b in itertools.pairwise(rows))
    assert [part.stop for part in passes.chunks(33, (10**7, 1))] == [16, 32, 33]


def test_a_network_of_sixty_thousand_rows_is_chunked() -> None:
    net = Network([2, 20, 1], seed=1)
    x = np.random.default_rng(0).normal(size=(60_000, 2))
    y = np.random.default_rng(1).random(60_000)
    assert len(list(passes.chunks(len(x), net.sizes))) == 3
    halves = [net.gradient(x[part], y[part]).theta for part in (slice(0, 30_000), slice(30_000, None))]
    same(net.gradient(x, y).theta, sum(halves) / 2)


def test_results_say_what_took_part() -> None:
    net = network()
    x, y = data()
    for result in (net.value(x, y), net.gradient(x, y)):
        assert result.included == {}
    options = {"l1": 0.1, "l2": 0.2, "sample_weight": WEIGHTS, "dropout_masks": MASKS}
    said = {"l1": 0.1, "l2": 0.2, "sample_weight": "given", "dropout_masks": "given"}
    gradient = net.gradient(x, y, **options)
    assert gradient.included == gradient.value.included == net.value(x, y, **options).included == said
    assert net.gradient(x, y, l2=0.2).included == {"l2": 0.2}
    assert repr(net.gradient(x, y, l2=0.2)) == f"<Gradient of {net.parameters} parameters, l2=0.2>"
    assert isinstance(net.value(x, y), float)


def test_questions_change_nothing() -> None:
    net = network()
    before = net.theta.copy()
    x, y = data()
    net.gradient(x, y, l1=1.0, l2=1.0)
    net.value(x, y)
    net.backprop(x, y)
    assert np.array_equal(net.theta, before)
    assert not np.shares_memory(net.gradient(x, y).theta, net.theta)


def test_value_and_gradient_say_the_same_cost_in_float32() -> None:
    net = Network(SIZES, activations="sigmoid", cost="half_squared_error", dtype=np.float32)
    x, y = data()
    weights = WEIGHTS * 1e-3
    gradient = net.gradient(x, y, sample_weight=weights)
    assert gradient.theta.dtype == np.float32
    assert gradient.value == net.value(x, y, sample_weight=weights)


def test_one_example_may_come_without_its_axis() -> None:
    net = network("softmax", "cross_entropy")
    x, y = data("cross_entropy")
    same(net.gradient(x[3], y[3]).theta, net.gradient(x[3:4], y[3:4]).theta)
    for label in (2, np.int64(2), np.array(2), [2], 2.0):
        same(net.value(x[3], label), net.value(x[3:4], [2]))
    single = Network([5, 1], seed=1)
    same(single.value(x[3], 0.25), single.value(x[3:4], [[0.25]]))
    net.classes = ("a", "b", "c")
    same(net.value(x[3], "b"), net.value(x[3:4], [1]))
    one_input = Network([1, 1], seed=1)
    same(one_input.value([0.5], 0.25), one_input.value([[0.5]], [[0.25]]))


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (np.zeros((4, 5)), [0, 1, 2], "x has 4 examples and y has 3; give one target for each example"),
        (np.zeros(5), [0, 1], "x has 1 examples and y has 2; give one target for each example"),
        (np.zeros((0, 5)), [], "there are no examples: x and y are empty"),
    ],
)
@pytest.mark.parametrize("verb", ["value", "gradient", "backprop"])
def test_examples_and_targets_come_in_pairs(x: Any, y: Any, said: str, verb: str) -> None:
    net = network("softmax", "cross_entropy")
    with pytest.raises(DataError) as error:
        getattr(net, verb)(x, y)
    assert str(error.value) == said
    assert net.task is None


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.ones(3), "sample_weight has one weight for each of the 23 examples; got shape (3,)"),
        (np.ones((N, 1)), "sample_weight has one weight for each of the 23 examples; got shape (23, 1)"),
        (1.0, "sample_weight has one weight for each of the 23 examples; got shape ()"),
        (-np.eye(N)[4], "sample_weight of row 4 is -1.0; weights are finite and not below 0"),
        (np.where(np.arange(N) == 2, np.nan, 1), "sample_weight of row 2 is nan"),
        (np.where(np.arange(N) == 2, np.inf, 1), "sample_weight of row 2 is inf"),
        (
            np.zeros(N),
            "all sample weights are 0, and the mean of C over nothing is not defined; give some above 0",
        ),
        ("heavy", "sample_weight is a vector of 23 numbers; got 'heavy'"),
        ([[1], [2, 3]], "sample_weight is a vector of 23 numbers; got [[1], [2, 3]]"),
    ],
)
@pytest.mark.parametrize("verb", ["value", "gradient"])
def test_what_are_no_weights(weights: Any, said: str, verb: str) -> None:
    with pytest.raises(DataError) as error:
        getattr(network(), verb)(*data(), sample_weight=weights)
    assert said in str(error.value)


def test_weights_of_any_size_are_shares() -> None:
    net = network()
    x, y = data()
    known = net.gradient(x, y, sample_weight=WEIGHTS).theta
    for scale in (1e-300, 1e300, 1.7e308):
        with np.errstate(under="ignore"):
            same(net.gradient(x, y, sample_weight=WEIGHTS * scale).theta, known)


@pytest.mark.parametrize(
    "options", [{"l1": -1}, {"l2": np.nan}, {"l1": np.inf}, {"l2": "small"}, {"l1": True}, {"l2": None}]
)
@pytest.mark.parametrize("verb", ["value", "gradient"])
def test_what_are_no_penalties(options: dict[str, Any], verb: str) -> None:
    ((name, got),) = options.items()
    with pytest.raises(UsageError, match=f"{name} is a finite number, not below 0; got {got!r}"):
        getattr(network(), verb)(*data(), **options)


@pytest.mark.parametrize(
    ("masks", "said"),
    [
        (
            [None, None],
            (
                "dropout_masks is a list with an array or None for each layer 0 to 2 (the output is never "
                "dropped); got list of 2"
            ),
        ),
        (
            [None, None, None, np.ones((N, 3))],
            "dropout_masks is a list with an array or None for each layer 0 to 2",
        ),
        (0.5, "(the output is never dropped); got float of 0"),
        (np.ones((3, N)), "(the output is never dropped); got ndarray of 0"),
        ([None, np.ones((N, 5)), None], "dropout_masks[1] has shape (23, 7); got (23, 5)"),
    ],
)
@pytest.mark.parametrize("verb", ["value", "gradient", "backprop"])
def test_what_are_no_masks(masks: Any, said: str, verb: str) -> None:
    with pytest.raises(UsageError) as error:
        getattr(network(), verb)(*data(), dropout_masks=masks)
    assert said in str(error.value)


def test_an_engine_is_chosen_by_name(engine: Any) -> None:
    net = network()
    x, y = data()
    same(net.gradient(x, y, engine=engine.name).theta, net.gradient(x, y).theta)
    same(net.predict(x, engine=engine.name), net.backprop(x, y).a[3])


def test_labels_and_values_come_out() -> None:
    net = network("softmax", "cross_entropy")
    x, _ = data("cross_entropy")
    assert net.predict_labels(x).tolist() == net.predict(x).argmax(axis=1).tolist()
    net.classes = ("a", "b", "c")
    assert set(net.predict_labels(x)) <= {"a", "b", "c"}
    assert net.predict_labels(x[0]).shape == (1,)


def test_a_recipe_reads_inputs_and_targets_and_gives_values_back() -> None:
    class Recipe:
        def encode(self, x: Any) -> Any:
            return np.array([[float(cell) for cell in row] for row in x])

        def encode_target(self, y: Any) -> Any:
            return np.array([[float(one) / 10] for one in y])

        def decode_values(self, outputs: Any) -> Any:
            return outputs[:, 0] * 10

    net = Network([2, 1], activations="identity", theta=[[[1.0, 2.0]], [0.5]])
    net.recipe, net.task = Recipe(), "values"
    assert net.predict_labels([["1", "2"]]).tolist() == [55.0]
    assert net.value([["1", "2"]], ["50"]) == 0.25
    assert net.value([[1.0, 2.0]], [5.0]) == 0.25, "arrays are a^0 and y already"
