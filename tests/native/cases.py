"""Random networks, data and plans (hypothesis), and how far two engines' results are apart.

A case is a handful of drawn settings; its numbers come from a generator seeded by one of them, so that a failure is
small to look at. Weights are scaled so that no |z| starts beyond 1.5, targets lie off the first outputs, and η is set
from the first gradient: so no network runs away or saturates, where 1 − a² and a − y keep few digits in any engine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from backlit import passes
from backlit.dropout import masks
from backlit.engines import Plan, State
from backlit.functions.activations import as_activation
from backlit.functions.costs import as_cost
from backlit.inputs import Pixels, batch
from backlit.namespaces import NUMPY
from backlit.network import Network
from backlit.optimizers import as_rule

Array = Any
SIZES = (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65)
WIDTHS = (*SIZES, 100, 129, 193, 257, 400)  # of inputs: several groups of columns
ACTIVATIONS = (
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "leaky_relu(slope=0.3)", "elu", "elu(alpha=0.4)", "selu",
    "gelu", "gelu_tanh", "silu", "softplus", "softsign", "hard_sigmoid", "hard_sigmoid(slope=0.4)", "exp", "softmax",
)  # fmt: skip
COSTS = (
    "squared_error", "half_squared_error", "mean_squared_error", "absolute_error", "huber", "huber(delta=0.3)",
    "log_cosh", "binary_cross_entropy", "cross_entropy", "hinge", "squared_hinge", "poisson",
)  # fmt: skip
SMOOTH = tuple(name for name in ACTIVATIONS if not as_activation(name).kinks)
SMOOTH_COSTS = tuple(name for name in COSTS if not as_cost(name).kinks)
LAYOUTS = ("C", "F", "strided", "backwards", "memory-mapped")
KINDS = ("float32", "float64", "uint8", "pixels", "csr float32", "csr float64")
STEPS = 10


def tolerance(dtype: Any) -> float:
    """How far two engines may be apart, relative to a layer's largest entry."""
    return 1e-12 if np.dtype(dtype) == np.float64 else 1e-5


@dataclass(frozen=True)
class Case:
    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    cost: str
    dtype: str
    rows: int
    batch_size: int
    last: int  # rows of the tenth batch; 0: all rows at once, ten times
    kind: str
    layout: str
    wide: tuple[bool, bool]  # int64 indices and indptr of CSR
    density: float
    rule: str
    weighted: bool
    plan: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    def network(self, X: Array) -> Network:
        rng = np.random.default_rng([self.seed, 1])
        net = Network(
            self.sizes, activations=list(self.activations), cost=self.cost, init="zeros", dtype=self.dtype
        )
        a = batch(X, slice(None), np.float64)
        for l, activation in enumerate(net.activations, start=1):
            w, b = net.w[l], net.b[l]
            w[:] = 0.8 * rng.normal(size=w.shape) / np.sqrt(w.shape[1])
            b[:] = 0.4 * rng.normal(size=b.shape)
            z = a @ w.T.astype(np.float64) + b
            shrink = min(1.0, 1.5 / float(abs(z).max()))
            net.w[l], net.b[l] = shrink * w, shrink * b
            a = activation.f(NUMPY, z * shrink)
        return net

    def inputs(self) -> Array:
        rng = np.random.default_rng([self.seed, 2])
        shape = self.rows, self.sizes[0]
        there = rng.random(shape) < self.density
        if self.kind == "uint8":
            return lay(self.layout, (there * rng.integers(1, 4, shape)).astype(np.uint8))
        if self.kind == "pixels":
            levels = lay(self.layout, (there * rng.integers(1, 256, shape)).astype(np.uint8))
            return Pixels(levels, float(rng.choice([255.0, 100.0, 254.5])))
        numbers = (there * rng.normal(size=shape)).astype(self.kind.split()[-1])
        if self.kind.startswith("csr"):
            return disorderly(numbers, rng, *self.wide)
        return lay(self.layout, numbers)

    def targets(self, net: Network, X: Array) -> Array:
        rng = np.random.default_rng([self.seed, 3])
        n, outputs = self.rows, self.sizes[-1]
        kind = net.cost.targets
        if kind == "signs":
            y = rng.choice([-1.0, 1.0], (n, outputs))
        elif kind == "counts":
            y = rng.poisson(1.5, (n, outputs)).astype(float)
        elif kind == "probabilities":
            y = np.where(
                rng.random((n, outputs)) < 0.3, rng.random((n, outputs)), rng.random((n, outputs)) < 0.5
            )
        elif kind == "distribution":
            soft = rng.random((n, outputs)) + 1e-3
            hard = np.eye(outputs)[rng.integers(outputs, size=n)]
            y = np.where(rng.random((n, 1)) < 0.5, hard, soft / soft.sum(axis=1, keepdims=True))
        else:
            off = rng.choice([-1.0, 1.0, 1.0, 1.0], (n, outputs)) * (0.2 + rng.random((n, outputs)))
            y = passes.predict(net, *net.views(net.theta), X) + off
        return np.ascontiguousarray(y, dtype=self.dtype)

    def orders(self) -> list[Array]:
        """The rows of ten batches, in one call or in ten."""
        rng = np.random.default_rng([self.seed, 4])
        if not self.last:
            return [rng.permutation(self.rows) for _ in range(STEPS)]
        return [rng.integers(self.rows, size=(STEPS - 1) * self.batch_size + self.last)]

    def weights(self, orders: list[Array]) -> Array | None:
        """Some 0, and those of a whole batch."""
        if not self.weighted:
            return None
        rng = np.random.default_rng([self.seed, 5])
        s = rng.random(self.rows) + 0.1
        s[rng.random(self.rows) < 0.2] = 0
        if self.last:
            s[orders[0][self.batch_size : 2 * self.batch_size]] = 0
        return s


def lay(layout: str, x: Array) -> Array:
    """The same numbers with other strides."""
    if layout == "F":
        return np.asfortranarray(x)
    if layout == "strided":
        room = np.full((2 * x.shape[0], 3 * x.shape[1]), 77, dtype=x.dtype)
        room[::2, 1::3] = x
        return room[::2, 1::3]
    if layout == "backwards":
        return np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1]
    if layout == "memory-mapped":
        with tempfile.TemporaryFile() as file:
            file.write(bytes(64) + x.tobytes())
            file.flush()
            return np.memmap(file, dtype=x.dtype, mode="r", offset=64, shape=x.shape)
    return x


def disorderly(x: Array, rng: Any, wide_indices: bool, wide_indptr: bool) -> Array:
    """CSR with the columns of a row in any order, entries in two parts, and zeros that are stored."""
    rows = []
    for row in x:
        columns = np.flatnonzero(row)
        twice = columns[rng.random(len(columns)) < 0.2]
        empty = rng.integers(len(row), size=rng.integers(3))
        parts = np.concatenate([row[columns], np.full(len(twice), 0.5), np.zeros(len(empty))])
        parts[np.searchsorted(columns, twice)] -= 0.5
        places = np.concatenate([columns, twice, empty])
        turn = rng.permutation(len(places))
        rows.append((parts[turn].astype(x.dtype), places[turn]))
    ends = np.cumsum([0, *(len(parts) for parts, _ in rows)])
    csr = sparse.csr_array(x.shape, dtype=x.dtype)
    csr.data = np.concatenate([parts for parts, _ in rows])
    csr.indices = np.concatenate([places for _, places in rows]).astype(
        np.int64 if wide_indices else np.int32
    )
    csr.indptr = ends.astype(np.int64 if wide_indptr else np.int32)
    return csr


# ---- drawing


def rules(draw: Any, smooth: bool) -> str:
    """A rule with constants of its own. ``smooth``: none that takes a sign, or divides by what may almost vanish."""
    unit = st.floats(0.1, 0.95)
    tiny = st.sampled_from([1e-2, 1e-3] if smooth else [1e-2, 1e-4, 1e-6, 1e-8, 1e-10])
    names = ["sgd", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "rmsprop", "adam", "adamw"]
    name = draw(st.sampled_from(names if smooth else [*names, "rprop", "rprop"]))
    if name in ("momentum", "nesterov"):
        return f"{name}(momentum={draw(unit)})"
    if name == "adagrad":
        return f"adagrad(epsilon={draw(tiny)})"
    if name == "rmsprop":
        momentum = draw(st.sampled_from([0.0, 0.5, 0.9]))
        return f"rmsprop(decay={draw(unit)}, epsilon={draw(tiny)}, momentum={momentum})"
    if name in ("adam", "adamw"):
        return f"{name}(beta1={draw(unit)}, beta2={draw(unit)}, epsilon={draw(tiny)})"
    if name == "rprop":
        return f"rprop(shrink={draw(unit)}, grow={1 + draw(unit)}, least=1e-4, most=0.05)"
    return "sgd"


@st.composite
def cases(draw: Any, smooth: bool, output: str | None = None, cost: str | None = None) -> Case:
    hidden = draw(st.lists(st.sampled_from(SMOOTH if smooth else ACTIVATIONS), max_size=3))
    activations = (*hidden, output or draw(st.sampled_from(SMOOTH if smooth else ACTIVATIONS)))
    sizes = [draw(st.sampled_from(WIDTHS)), *(draw(st.sampled_from(SIZES)) for _ in activations)]
    for l, name in enumerate(activations, start=1):
        sizes[l] = max(2, sizes[l]) if name == "softmax" else sizes[l]
    batch_size = draw(st.sampled_from([1, 2, 5, 6, 7, 8, 16, 33]))
    limits = {"clip_value": [0.003, 0.05], "clip_norm": [0.01, 0.2, 100.0], "max_norm": [0.3, 1.0]}
    plan: dict[str, Any] = {
        name: draw(st.sampled_from(values)) for name, values in limits.items() if draw(st.booleans())
    }
    plan["l2"] = draw(st.sampled_from([0.0, 0.0, 0.03, 0.3]))
    plan["l1"] = 0.0 if smooth else draw(st.sampled_from([0.0, 0.01]))
    if draw(st.booleans()):
        part = st.sampled_from([0.5, 0.8, 1.0])
        plan["keep"] = (*(draw(part) for _ in activations), 1.0)
        plan["dropout_key"] = draw(st.integers(0, 2**64 - 1))
    return Case(
        sizes=tuple(sizes),
        activations=activations,
        cost=cost or draw(st.sampled_from(SMOOTH_COSTS if smooth else COSTS)),
        dtype=draw(st.sampled_from(["float64", "float32"])),
        rows=draw(st.sampled_from([1, 2, 7, 40])),
        batch_size=batch_size,
        last=draw(st.sampled_from([0, 1, max(1, batch_size // 2), batch_size])),
        kind=draw(st.sampled_from(KINDS)),
        layout=draw(st.sampled_from(LAYOUTS)),
        wide=(draw(st.booleans()), draw(st.booleans())),
        density=draw(st.sampled_from([0.0, 0.05, 0.3, 1.0])),
        rule=rules(draw, smooth),
        weighted=draw(st.booleans()),
        plan=plan,
        seed=draw(st.integers(0, 2**32 - 1)),
    )


# ---- running


@dataclass
class Run:
    """A case's network and data, and the plan's η set to the size of its gradient."""

    case: Case

    def __post_init__(self) -> None:
        case = self.case
        self.X, self.orders = case.inputs(), case.orders()
        self.net = case.network(self.X)
        self.start = self.net.theta.copy()
        self.Y = case.targets(self.net, self.X)
        self.s = case.weights(self.orders)
        rng = np.random.default_rng([case.seed, 6])
        self.eta = self.speed() * (0.2 + 0.8 * rng.random(STEPS))
        self.size = case.batch_size if case.last else 2 * case.rows

    def speed(self) -> float:
        if as_rule(self.case.rule).name not in ("sgd", "momentum", "nesterov"):
            return 0.01
        share = passes.shares(self.case.rows, self.net.dtype, None)
        _, g = passes.value_and_gradient(self.net, self.start, self.X, self.Y, share)
        most = float(abs(g).max())
        return min(0.3, 0.01 * float(abs(self.start).max()) / most) if most else 0.3

    def plan(self, eta: Array) -> Plan:
        return Plan(batch_size=self.size, rule=self.case.rule, eta=eta, **self.case.plan)

    def shaken(self, theta: Array) -> list[Array]:
        """θ with every entry changed by up to 8 ε of itself, three times: what follows shows what rounding can do."""
        rng = np.random.default_rng([self.case.seed, 7])
        size = 8 * float(np.finfo(theta.dtype).eps)
        return [theta * (1 + size * rng.uniform(-1, 1, theta.shape)).astype(theta.dtype) for _ in range(3)]

    def ten_steps(self, engine: Any, start: Array | None = None) -> tuple[Array, State, Array, Array]:
        """θ, state, costs and weights after ten steps."""
        theta, state = (self.start if start is None else start).copy(), State(step=3)
        costs, weights, done = [], [], 0
        for order in self.orders:
            count = -(-len(order) // self.size)
            plan = self.plan(self.eta[done : done + count])
            steps = engine.run_epoch(self.net, theta, state, plan, self.X, self.Y, self.s, order)
            costs.extend(steps.costs)
            weights.extend(steps.weights)
            done += count
        return theta, state, np.array(costs), np.array(weights)

    def batches(self) -> list[Array]:
        return [order[i : i + self.size] for order in self.orders for i in range(0, len(order), self.size)]

    def masks(self, step: int, rows: Array) -> Any:
        plan = self.case.plan
        return masks(
            plan.get("keep"), plan.get("dropout_key", 0), step, len(rows), self.net.sizes, self.net.dtype
        )

    def near_a_kink(self, theta: Array, rows: Array, step: int) -> bool:
        """Whether rounding decides on which side of a kink some z or a of the batch lies, or what all a − y are.

        Near a kink is 32 ε times the largest sum of absolute terms that z was rounded from; and where no a is farther
        than 2% from its y, the gradient is rounding for a good part.
        """
        net, eps = self.net, float(np.finfo(self.net.dtype).eps)
        net.theta[:] = theta
        trace = passes.trace(net, batch(self.X, rows, net.dtype), self.Y[rows], self.masks(step, rows))
        for l in range(1, net.L + 1):
            before = abs(trace.a[l - 1])
            largest = float((before @ abs(net.w[l]).T + abs(net.b[l])).max())
            for kink in net.activations[l - 1].kinks:
                if (abs(trace.z[l] - kink.z) <= 32 * eps * (largest + abs(kink.z))).any():
                    return True
        a, y = trace.a[net.L], self.Y[rows]
        if abs(a - y).max() <= 0.02 * (abs(a).max() + abs(y).max()):
            return True
        room = 32 * eps * (1 + float(abs(a).max()) + float(abs(y).max()) + float(abs(trace.z[net.L]).max()))
        return any((abs(kink.at(a, y)) <= room).any() for kink in net.cost.kinks)

    def undecided(self, theta: Array, state: State, rows: Array, eta: float, weights: Array | None) -> Array:
        """The entries of θ that rounding alone may move by more than the tolerance in one step.

        Those whose move, or slots, differ so much between the gradient g and g ± r: where the rule takes its sign, or
        divides by it when it almost vanishes. r is 32 ε of the layer's largest, or 4 times what θ's own rounding
        (``shaken``) does to the layer's gradient, where that is more; where g is exactly 0, it is so everywhere.
        """
        net, plan, rule = self.net, self.plan(np.array([eta])), as_rule(self.case.rule)
        share = passes.shares(len(rows), net.dtype, weights)
        drop = self.masks(state.step, rows)
        x, y = batch(self.X, rows, net.dtype), self.Y[rows]
        _, g = passes.value_and_gradient(net, theta, x, y, share, drop)
        noise = 32 * float(np.finfo(net.dtype).eps) * layer_scale(net, g)
        for one in self.shaken(theta):
            _, other = passes.value_and_gradient(net, one, x, y, share, drop)
            noise = np.maximum(noise, 4 * layer_scale(net, other - g))
        if not rule.decoupled:
            w, _ = net.views(theta)
            of_w, _ = net.views(g)
            passes.add_penalty_gradient(w, of_w, plan.l1, plan.l2)
        if plan.clip_value is not None:
            g = np.clip(g, -plan.clip_value, plan.clip_value)
        length = float(np.linalg.norm(g))
        if plan.clip_norm is not None and length > plan.clip_norm:
            g, noise = g * (plan.clip_norm / length), noise * (plan.clip_norm / length)
        noise = np.where(g == 0, 0, noise)
        slots = state.slots or rule.start(theta, eta)
        results = []
        for shift in (-noise, noise):
            own = {name: slot.copy() for name, slot in slots.items()}
            results.append(rule.move(NUMPY, (g + shift).astype(net.dtype), own, eta, state.t + 1))
        (low, some), (high, others) = results
        limit = tolerance(net.dtype) / 4
        unsure = abs(high - low) > limit * layer_scale(net, theta)
        for name in some:
            unsure |= abs(others[name] - some[name]) > limit * layer_scale(net, some[name])
        if plan.max_norm is not None:  # it scales all that enters a neuron
            for w in net.views(unsure)[0][1:]:
                w[w.any(axis=1)] = True
        return unsure


def layer_scale(net: Network, flat: Array) -> Array:
    """The largest |entry| of each layer, at each of its entries."""
    scale = np.empty_like(flat)
    for l in range(1, net.L + 1):
        (w, b), (of_w, of_b) = ([part[l] for part in net.views(one)] for one in (flat, scale))
        of_w[:] = of_b[:] = max(float(abs(w).max()), float(abs(b).max()))
    return scale


def assert_close(
    net: Network,
    found: Array,
    known: Array,
    what: str,
    *,
    left_out: Array | None = None,
    times: float = 1,
    shaken: Iterable[Array] = (),
) -> None:
    """Flat arrays like θ, equal to the tolerance relative to each layer's largest entry.

    Where θ's own rounding changes a layer more than that (``shaken`` are what came of it), to 4 times that change.
    """
    apart = abs(found - known)
    room = times * tolerance(net.dtype) * layer_scale(net, known)
    for other in shaken:
        room = np.maximum(room, 4 * layer_scale(net, other - known))
    wrong = ~(apart <= room)
    if left_out is not None:
        wrong &= ~left_out
    if wrong.any():
        i = int(np.argmax(np.where(wrong, apart / np.maximum(room, 1e-300), 0)))
        place = net.name_of(i)
        raise AssertionError(
            f"{what}: {wrong.sum()} of {wrong.size} differ; {place} is {found[i]!r}, not {known[i]!r}"
        )


def assert_numbers_close(
    found: Array, known: Array, dtype: Any, what: str, shaken: Iterable[Array] = ()
) -> None:
    """Equal to the tolerance relative to the largest (or to 0.01, where rounding of outputs is all that there is)."""
    room = tolerance(dtype) * max(0.01, float(abs(known).max()))
    room = max([room, *(4 * float(abs(other - known).max()) for other in shaken)])
    assert found.shape == known.shape, what
    assert (abs(found - known) <= room).all(), f"{what}: {found} is not {known}"
