"""Every engine's epoch against a plain loop over ``gradient``, and what an engine does at the edges of one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from backlit import engines, passes
from backlit.dropout import masks
from backlit.engines import Plan, State
from backlit.engines.native import MISSING
from backlit.errors import EngineError, UsageError
from backlit.namespaces import NUMPY, NUMPY_FAST
from backlit.network import Network
from backlit.optimizers import RULES, as_rule
from backlit.randomness import order_of_epoch

N, M = 37, 8  # the last batch has 5
SIZES = (6, 7, 5, 3)
ORDER = np.random.default_rng(0).permutation(N)
ETAS = 0.05 / (1 + np.arange(5))


def network(dtype: Any = np.float64, **more: Any) -> Network:
    settings = {
        "activations": ["tanh", "relu", "softmax"],
        "cost": "cross_entropy",
        "init": "he_normal",
    } | more
    return Network(SIZES, seed=2, dtype=dtype, **settings)


def data(dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, 6)) * (rng.random((N, 6)) < 0.5)
    return x.astype(dtype), np.eye(3, dtype=dtype)[rng.integers(3, size=N)]


def weights() -> np.ndarray:
    """Sample weights, those of the second batch all 0, some others too."""
    s = np.random.default_rng(4).random(N) + 0.1
    s[ORDER[M : 2 * M]] = 0
    s[ORDER[3]] = 0
    return s


def plan(rule: str = "sgd", **more: Any) -> Plan:
    return Plan(**({"batch_size": M, "rule": rule, "eta": ETAS} | more))


def slow(
    net: Network, state: State, plan: Plan, x: Any, y: Any, s: Any, order: Any
) -> tuple[list[float], list[float]]:
    """An epoch, one public ``gradient`` at a time; changes net.theta and state."""
    rule = as_rule(plan.rule)
    state.slots = state.slots or rule.start(net.theta, float(plan.eta[0]))
    costs, totals = [], []
    for i, first in enumerate(range(0, len(order), plan.batch_size)):
        rows = order[first : first + plan.batch_size]
        total = float(len(rows) if s is None else s[rows].sum())
        totals.append(total)
        if total == 0:
            costs.append(0.0)
            state.step += 1
            continue
        drop = masks(plan.keep, plan.dropout_key, state.step, len(rows), net.sizes, np.float64)
        part = {"sample_weight": None if s is None else s[rows], "dropout_masks": drop}
        through = {} if rule.decoupled else {"l1": plan.l1, "l2": plan.l2}
        costs.append(float(net.value(x[rows], y[rows], **part)))
        g = net.gradient(x[rows], y[rows], **part, **through).theta
        eta = float(plan.eta[i])
        if rule.decoupled:
            for l in range(1, net.L + 1):
                net.w[l] -= eta * (plan.l2 * net.w[l] + plan.l1 * np.sign(net.w[l]))
        if plan.clip_value is not None:
            g = np.minimum(np.maximum(g, -plan.clip_value), plan.clip_value)
        if plan.clip_norm is not None:
            g = g * min(1.0, plan.clip_norm / np.sqrt((g**2).sum()))
        state.t += 1
        state.step += 1
        move, state.slots = rule.move(NUMPY, g, state.slots, eta, state.t)
        net.theta[:] += move
        if plan.max_norm is not None:
            for w in net.w:
                for j in range(len(w)):
                    w[j] *= min(1.0, plan.max_norm / np.sqrt((w[j] ** 2).sum()))
    return costs, totals


def same(
    engine: Any, plan: Plan, s: Any = None, kind: str = "dense", epochs: int = 3, **more: Any
) -> Network:
    """Three epochs by the engine and by the loop: the same θ, slots, counts, costs."""
    x, y = data()
    given = sparse.csr_array(x) if kind == "sparse" else x
    fast, plain = network(**more), network(**more)
    there, here = State(), State()
    for _ in range(epochs):
        steps = engine.run_epoch(fast, fast.theta, there, plan, given, y, s, ORDER)
        costs, totals = slow(plain, here, plan, x, y, s, ORDER)
        assert steps.costs == pytest.approx(costs, rel=1e-12)
        assert steps.weights == pytest.approx(totals, rel=1e-12)
    scale = abs(plain.theta).max()
    assert abs(fast.theta - plain.theta).max() <= 1e-12 * scale
    assert (there.t, there.step) == (here.t, here.step)
    for name, slot in here.slots.items():
        assert there.slots[name] == pytest.approx(slot, rel=1e-11, abs=1e-13)
    assert not np.array_equal(plain.theta, network(**more).theta)
    return plain


RULE_OPTIONS = [*RULES, "rmsprop(momentum=0.9)", "adam(beta1=0.5)"]


@pytest.mark.parametrize("rule", RULE_OPTIONS)
@pytest.mark.parametrize("penalties", [{}, {"l1": 0.02}, {"l2": 0.3}, {"l1": 0.02, "l2": 0.3}], ids=str)
def test_every_rule_with_penalties(engine: Any, rule: str, penalties: dict[str, float]) -> None:
    same(engine, plan(rule, **penalties))


@pytest.mark.parametrize("rule", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize(
    "more",
    [
        {"clip_value": 0.01},
        {"clip_norm": 0.1},
        {"clip_norm": 1e9},
        {"clip_value": 0.02, "clip_norm": 0.05},
        {"max_norm": 1.4},
        {"clip_norm": 0.1, "max_norm": 1.3, "l2": 0.1},
        {"keep": (1.0, 0.5, 0.8, 1.0), "dropout_key": 2**63 + 5},
        {"keep": (0.7, 1.0, 0.8, 1.0), "dropout_key": 5},
        {"keep": (0.7, 0.5, 0.8, 1.0), "l1": 0.01, "clip_value": 0.05, "max_norm": 1.0},
        {"batch_size": 1, "eta": np.full(N, 0.02)},
        {"batch_size": N, "eta": np.array([0.1])},
        {"batch_size": 1000, "eta": np.array([0.1])},
    ],
    ids=str,
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_everything_that_a_plan_can_say(
    engine: Any, rule: str, more: dict[str, Any], weighted: bool, kind: str
) -> None:
    same(engine, plan(rule, **more), weights() if weighted else None, kind, epochs=2)


def test_limits_take_hold() -> None:
    x, y = data()
    norms = np.concatenate([np.sqrt((w**2).sum(axis=1)) for w in network().w])
    assert norms.max() > 1.4, "max_norm=1.4 shortens some neurons"
    assert norms.min() < 1.3, "and not others"
    g = network().gradient(x, y).theta
    assert abs(g).max() > 0.02 > np.median(abs(g))
    assert np.sqrt((g**2).sum()) > 0.1


def test_max_norm_is_for_what_enters_a_neuron(engine: Any) -> None:
    net = same(engine, plan(max_norm=0.5))
    for w in net.w:
        assert np.sqrt((w**2).sum(axis=1)).max() <= 0.5 + 1e-12
    zero = network(init="zeros")
    x, y = data()
    engine.run_epoch(zero, zero.theta, State(), plan(max_norm=0.5), x, y, None, ORDER)
    assert np.isfinite(zero.theta).all(), "neurons without weights are not divided by 0"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rule", RULE_OPTIONS)
def test_theta_and_slots_keep_their_dtype(engine: Any, rule: str, dtype: Any) -> None:
    x, y = data(dtype)
    net, state = network(dtype), State()
    all_of_it = plan(rule, l1=0.01, l2=0.1, clip_norm=0.2, max_norm=1.0, keep=(0.9, 0.5, 0.5, 1.0))
    engine.run_epoch(net, net.theta, state, all_of_it, x, y, weights(), ORDER)
    assert net.theta.dtype == dtype
    assert {slot.dtype.name for slot in state.slots.values()} <= {np.dtype(dtype).name}
    double = network()
    engine.run_epoch(double, double.theta, State(), all_of_it, *data(), weights(), ORDER)
    assert net.theta == pytest.approx(double.theta, rel=2e-3, abs=2e-4), "the same run, masks included"


@pytest.mark.parametrize("rule", ["sgd", "adam", "rprop"])
@pytest.mark.parametrize("weighted", [False, True])
def test_slices_of_an_epoch_are_one_call(engine: Any, rule: str, weighted: bool) -> None:
    x, y = data()
    s = weights() if weighted else None
    whole, sliced = network(), network()
    one, many = State(), State()
    keep = (0.9, 0.5, 0.8, 1.0)
    steps = engine.run_epoch(whole, whole.theta, one, plan(rule, keep=keep), x, y, s, ORDER)
    costs: list[float] = []
    for first, last in ((0, 1), (1, 3), (3, 5)):
        part = plan(rule, keep=keep, eta=ETAS[first:last])
        done = engine.run_epoch(sliced, sliced.theta, many, part, x, y, s, ORDER[first * M : last * M])
        costs.extend(done.costs)
    assert np.array_equal(whole.theta, sliced.theta), "the same bits"
    assert steps.costs.tolist() == costs
    assert (one.t, one.step) == (many.t, many.step)
    assert all(np.array_equal(one.slots[name], many.slots[name]) for name in one.slots)


def test_a_batch_of_total_weight_zero_makes_no_step(engine: Any) -> None:
    x, y = data()
    net, state = network(), State()
    s = weights()
    first = plan("adam", eta=ETAS[:1], l2=0.1)
    engine.run_epoch(net, net.theta, state, first, x, y, s, ORDER[:M])
    before, slots = net.theta.copy(), {name: slot.copy() for name, slot in state.slots.items()}
    steps = engine.run_epoch(net, net.theta, state, first, x, y, s, ORDER[M : 2 * M])
    assert np.array_equal(net.theta, before), "not even for momentum or the penalty"
    assert all(np.array_equal(state.slots[name], slots[name]) for name in slots)
    assert steps.weights.tolist() == [0]
    assert (state.t, state.step) == (1, 2)


def test_an_epoch_stops_at_the_first_cost_that_is_not_finite(engine: Any) -> None:
    x, y = np.ones((12, 2)), np.ones((12, 1))
    x[7] = 1e200
    order = np.arange(12)
    net = Network([2, 1], activations="identity", seed=1)
    state = State()
    three = plan(batch_size=3, eta=np.full(4, 0.01))
    steps = engine.run_epoch(net, net.theta, state, three, x, y, None, order)
    assert len(steps.costs) == len(steps.weights) == 3
    assert np.isfinite(steps.costs[:2]).all()
    assert steps.costs[2] == np.inf
    plain = Network([2, 1], activations="identity", seed=1)
    slow(plain, State(), three, x, y, None, order[:6])
    assert net.theta == pytest.approx(plain.theta, rel=1e-12), "the update of that batch was not made"
    assert (state.t, state.step) == (2, 2)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "exp", "softmax", "gelu"])
def test_slopes_from_a_are_slopes_from_z(activation: str) -> None:
    net = network(activations=activation, cost="half_squared_error")
    net.theta *= 0.3  # e^(e^(e^z)) is soon beyond all numbers
    x, y = data()
    share = np.full(N, 1 / N)
    slow_C, slow_g = passes.value_and_gradient(net, net.theta, x, y, share, xp=NUMPY)
    fast_C, fast_g = passes.value_and_gradient(net, net.theta, x, y, share, xp=NUMPY_FAST)
    assert fast_C == pytest.approx(slow_C, rel=1e-14)
    assert abs(fast_g - slow_g).max() <= 1e-13 * abs(slow_g).max()


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32, 2**40 + 5, 2**128 - 1, 2**200 + 3])
def test_every_engine_draws_the_order_that_numpy_draws(engine: Any, seed: int) -> None:
    for epoch in (1, 2, 1000, 2**32, 2**35 + 1):
        for n in (0, 1, 2, 3, 10, 1797, 20_000):
            rows = 3 * np.arange(n) + 1
            order = engine.order(seed, epoch, rows)
            assert np.array_equal(order, rows[order_of_epoch(seed, epoch, n)])
            assert np.array_equal(rows, 3 * np.arange(n) + 1), "they stay as they are"


def test_predictions_and_gradients_of_an_engine(engine: Any) -> None:
    net = network()
    x, y = data()
    known = net.backprop(x, y)
    for given in (x, sparse.csr_array(x)):
        assert engine.predict(net, net.theta, given) == pytest.approx(known.a[3], rel=1e-12)
        value, gradient = engine.value_and_gradient(net, net.theta, given, y, weights())
        assert value == pytest.approx(np.average(known.C, weights=weights()), rel=1e-12)
        assert net.gradient(x, y, sample_weight=weights()).theta == pytest.approx(gradient, rel=1e-12)
        other = network(init="book_original").theta
        assert not np.array_equal(engine.predict(net, other, given), known.a[3]), "θ is the one given"


def test_dropout_by_hand(engine: Any) -> None:
    """One step's mask and update, with the book's formulas written out."""
    net = Network([2, 3, 1], activations="sigmoid", cost="half_squared_error", seed=1)
    x, y = np.array([[0.5, -1.0], [2.0, 0.3]]), np.array([[1.0], [0.0]])
    keep = (1.0, 0.5, 1.0)
    drop = masks(keep, 77, 4, 2, net.sizes, np.float64)[1]
    assert 0 < (drop > 0).sum() < 6
    w1, b1, w2, b2 = (part.copy() for part in (net.w[1], net.b[1], net.w[2], net.b[2]))
    a1 = 1 / (1 + np.exp(-(x @ w1.T + b1)))
    a2 = 1 / (1 + np.exp(-((a1 * drop) @ w2.T + b2)))
    delta2 = (a2 - y) * a2 * (1 - a2)
    delta1 = (delta2 @ w2) * drop * a1 * (1 - a1)
    given = net.gradient(x, y, dropout_masks=[None, drop, None])
    engine.run_epoch(
        net, net.theta, State(step=4), plan(batch_size=2, eta=np.array([0.3]), keep=keep, dropout_key=77),
        x, y, None, np.array([0, 1]),
    )  # fmt: skip
    assert net.w[2] == pytest.approx(w2 - 0.3 * delta2.T @ (a1 * drop) / 2, rel=1e-12)
    assert net.b[2] == pytest.approx(b2 - 0.3 * delta2.mean(axis=0), rel=1e-12)
    assert net.w[1] == pytest.approx(w1 - 0.3 * delta1.T @ x / 2, rel=1e-12)
    assert net.b[1] == pytest.approx(b1 - 0.3 * delta1.mean(axis=0), rel=1e-12)
    assert given.w[1] == pytest.approx(delta1.T @ x / 2, rel=1e-12)


@pytest.mark.parametrize(
    ("rule", "theirs"), [("adam", "Adam"), ("adamw", "AdamW"), ("sgd", "SGD"), ("momentum", "SGD")]
)
def test_penalised_steps_are_pytorch_s(engine: Any, rule: str, theirs: str) -> None:
    """PyTorch's weight_decay on the weights alone is our l2: in the gradient, or decoupled before the step."""
    torch = pytest.importorskip("torch")
    net = Network([6, 5, 3], activations=["tanh", "identity"], cost="mean_squared_error", seed=5)
    x, y = data()
    module = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3)).double()
    parameters = list(module.parameters())
    with torch.no_grad():
        for parameter, part in zip(parameters, (net.w[1], net.b[1], net.w[2], net.b[2]), strict=True):
            parameter.copy_(torch.from_numpy(part))
    more = {"momentum": 0.9} if rule == "momentum" else {}
    optimizer = getattr(torch.optim, theirs)(
        [{"params": parameters[::2], "weight_decay": 0.3}, {"params": parameters[1::2], "weight_decay": 0.0}],
        lr=0.02,
        **more,
    )
    state = State()
    for _ in range(10):
        engine.run_epoch(net, net.theta, state, plan(rule, l2=0.3, eta=np.full(5, 0.02)), x, y, None, ORDER)
        for first in range(0, N, M):
            rows = ORDER[first : first + M]
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(
                module(torch.from_numpy(x[rows])), torch.from_numpy(y[rows])
            ).backward()
            optimizer.step()
    assert state.t == 50
    theta = np.concatenate([parameter.detach().numpy().ravel() for parameter in parameters])
    assert abs(net.theta - theta).max() <= 1e-12 * abs(theta).max()


def test_engines_are_chosen_by_name() -> None:
    net = network()
    for name in engines.ENGINES:
        assert engines.choose(name, net, None, None).name == name
    assert engines.choose("auto", net, plan(), data()[0]).name in engines.ENGINES


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jax", "engine 'jax': the JAX engine is not built yet; take engine='auto'"),
        ("cpu", f"engine 'cpu': {MISSING}; take engine='auto'"),
    ],
)
def test_an_engine_that_is_not_here_says_so_by_name(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "ENGINES", {n: e for n, e in engines.ENGINES.items() if n != name})
    x, y = data()
    net = network()
    for ask in (lambda: net.predict(x, engine=name), lambda: net.gradient(x, y, engine=name)):
        with pytest.raises(EngineError) as error:
            ask()
        assert str(error.value) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nunpy", "unknown engine 'nunpy'. Did you mean 'numpy'? Known: auto, "),
        (None, "unknown engine None. "),
        (["numpy"], "unknown engine ['numpy']. "),
    ],
)
def test_an_unknown_engine(name: Any, said: str) -> None:
    with pytest.raises(UsageError) as error:
        network().predict(data()[0], engine=name)
    assert said in str(error.value)


def test_an_engine_that_cannot_says_why_and_auto_takes_another(monkeypatch: pytest.MonkeyPatch) -> None:
    class Picky:
        name = "picky"

        def refusal(self, net: Network, plan: Plan | None, X: Any) -> str | None:
            return "has no dropout"

    monkeypatch.setattr(engines, "ENGINES", {"picky": Picky(), **engines.ENGINES})
    with pytest.raises(EngineError, match=r"^engine 'picky' has no dropout; take engine='auto'$"):
        engines.choose("picky", network(), plan(), None)
    assert engines.choose("auto", network(), plan(), None).name != "picky"


def test_auto_says_why_it_takes_numpy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = data()
    net = Network(
        SIZES, activations=[(np.tanh, lambda z: 1 - np.tanh(z) ** 2), "relu", "softmax"], cost="cross_entropy"
    )
    net.fit(x, y, epochs=1, progress=True)
    said = capsys.readouterr().err.splitlines()[0]
    if "cpu" in engines.ENGINES:
        assert said == "training on NumPy: the native engine can't call Python functions of your own"
    assert net.training["settings"]["engine"] == "numpy"
    monkeypatch.setattr(engines, "_native", None)
    network().fit(x, y, epochs=1, progress=True)
    assert capsys.readouterr().err.splitlines()[0] == f"training on NumPy: {MISSING}"
    network().fit(x, y, epochs=1, progress=False)
    assert capsys.readouterr().err == ""
