"""What is not as it should be: a clear Python error or the right answer, never a crash, and nothing half done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import backlit
from backlit import DivergenceError, EngineError, UsageError
from backlit.engines import Plan, State
from backlit.engines.numpy import NumpyEngine
from backlit.inputs import Pixels
from backlit.network import Network

from .cases import lay
from .machine import CPUS, ENGINES, EVERY_CPU, _native, every_way, skipping

KNOWN = NumpyEngine()
SKIPPING = pytest.mark.parametrize("skips", [True, False], ids=["skipped", "multiplied"])


def net_of(sizes: Any = (6, 5, 3), dtype: Any = np.float64, **more: Any) -> Network:
    how = {"activations": "tanh", "cost": "half_squared_error", "seed": 1, "dtype": dtype} | more
    return Network(sizes, **how)


def data(n: int = 12, width: int = 6, outputs: int = 3) -> tuple[Any, Any]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(n, width)) * (rng.random((n, width)) < 0.5), rng.normal(size=(n, outputs))


def plan(batch_size: int = 4, steps: int = 3, rule: str = "sgd", **more: Any) -> Plan:
    return Plan(batch_size, rule, np.full(steps, 0.1), **more)


def step(engine: Any, net: Network, x: Any, y: Any, order: Any = None, state: Any = None, **more: Any) -> Any:
    order = np.arange(12) if order is None else np.asarray(order)
    weight = more.pop("weight", None)
    return engine.run_epoch(net, net.theta, state or State(), plan(**more), x, y, weight, order)


# ---- shapes and dtypes that disagree

WRONG: dict[str, tuple[Any, str]] = {
    "fewer columns": (lambda e, n, x, y: step(e, n, x[:, :5], y), "width"),
    "more columns": (lambda e, n, x, y: e.predict(n, n.theta, np.ones((3, 7))), "width"),
    "CSR of other width": (lambda e, n, x, y: step(e, n, sparse.csr_array(x[:, :4]), y), "width"),
    "a vector of inputs": (lambda e, n, x, y: step(e, n, x[0], y), r"n, n_0"),
    "a cube of inputs": (lambda e, n, x, y: step(e, n, x[None], y), r"n, n_0"),
    "fewer targets": (lambda e, n, x, y: step(e, n, x, y[:11]), "targets"),
    "narrow targets": (lambda e, n, x, y: step(e, n, x, y[:, :2].copy()), "targets"),
    "fewer weights": (lambda e, n, x, y: step(e, n, x, y, weight=np.ones(11)), "sample weights"),
    "a row beyond the last": (lambda e, n, x, y: step(e, n, x, y, [0, 12, 1]), "a row that isn't there"),
    "a row before the first": (lambda e, n, x, y: step(e, n, x, y, [0, -1, 1]), "a row that isn't there"),
    "a far row": (lambda e, n, x, y: step(e, n, x, y, [2**62]), "a row that isn't there"),
    "too few η": (lambda e, n, x, y: step(e, n, x, y, steps=2), "η"),
    "no rows in a batch": (lambda e, n, x, y: e._native and step(e, n, x, y, batch_size=-4), "."),
    "another θ": (
        lambda e, n, x, y: e.run_epoch(n, n.theta[:-1].copy(), State(), plan(), x, y, None, np.arange(12)), "θ",
    ),
    "another slot": (
        lambda e, n, x, y: step(e, n, x, y, rule="momentum", state=State({"v": np.zeros(3)})), "slot",
    ),
    "dropout of other layers": (lambda e, n, x, y: step(e, n, x, y, keep=(0.5, 1.0)), "dropout"),
    "a share for each of other rows": (
        lambda e, n, x, y: e.measure(n, n.theta, x, y, np.full(5, 0.2)), "shares",
    ),
    "CSR with an indptr that falls": (lambda e, n, x, y: step(e, n, broken(x, indptr=(3, 0)), y), "indptr"),
    "CSR with an indptr beyond": (lambda e, n, x, y: step(e, n, broken(x, indptr=(-1, 10**6)), y), "indptr"),
    "CSR with an indptr below 0": (lambda e, n, x, y: step(e, n, broken(x, indptr=(0, -3)), y), "indptr"),
    "CSR with a column beyond": (lambda e, n, x, y: step(e, n, broken(x, indices=(2, 6)), y), "column"),
    "CSR with a column below 0": (lambda e, n, x, y: e.predict(n, n.theta, broken(x, indices=(2, -1))), "column"),
    "CSR with too few columns stored": (
        lambda e, n, x, y: step(e, n, broken(x, cut="indices"), y), "indptr",
    ),
    "CSR with too few entries stored": (lambda e, n, x, y: step(e, n, broken(x, cut="data"), y), "indptr"),
    "inputs of int32": (lambda e, n, x, y: step(e, n, x.astype(np.int32), y), "float32, float64 or uint8"),
    "inputs of float16": (lambda e, n, x, y: step(e, n, x.astype(np.float16), y), "float32, float64 or uint8"),
    "complex inputs": (lambda e, n, x, y: step(e, n, x.astype(complex), y), "float32, float64 or uint8"),
    "CSR of int64": (
        lambda e, n, x, y: step(e, n, sparse.csr_array(x).astype(np.int64), y), "float32, float64 or uint8",
    ),
    "θ of another dtype": (
        lambda e, n, x, y: e.run_epoch(n, n.theta.astype("f4"), State(), plan(), x, y, None, np.arange(12)), ".",
    ),
    "targets of another dtype": (lambda e, n, x, y: step(e, n, x, y.astype(np.float32)), "."),
    "objects": (lambda e, n, x, y: step(e, n, x.astype(object), y), "."),
}  # fmt: skip


def broken(x: Any, indptr: Any = None, indices: Any = None, cut: str | None = None) -> Any:
    csr = sparse.csr_array(x)
    for name, change in (("indptr", indptr), ("indices", indices)):
        if change:
            getattr(csr, name)[change[0]] = change[1]
    if cut:
        setattr(csr, cut, getattr(csr, cut)[:-3].copy())
    return csr


@EVERY_CPU
@SKIPPING
@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused(cpu: str, skips: bool, name: str) -> None:
    call, said = WRONG[name]
    net, (x, y) = net_of(), data()
    before = net.theta.copy()
    with skipping(skips), pytest.raises((ValueError, TypeError, IndexError, EngineError), match=said):
        call(ENGINES[cpu], net, x, y)
    assert net.theta.tobytes() == before.tobytes()


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ([1, 2, 3], np.arange(5)),
        ([1, 2, 3, 2**32], np.arange(5)),
        ([1, 2, 3, -1], np.arange(5)),
        ([1, 2, 3, 4], np.arange(5, dtype=np.int32)),
        ([1, 2, 3, 4], np.arange(5.0)),
        ([1, 2, 3, 4], np.arange(10)[::2]),
        ([1, 2, 3, 4], np.arange(6).reshape(2, 3)),
        ([1, 2, 3, 4], np.broadcast_to(np.int64(3), (5,))),
        ([1, 2, 3, 4], [0, 1, 2]),
    ],
)
def test_orders_of_what_does_not_fit(words: Any, rows: Any) -> None:
    before = np.array(rows)
    with pytest.raises((ValueError, TypeError)):
        _native.put_in_order(words, rows)
    assert np.array_equal(rows, before)


def test_sizes_that_overflow() -> None:
    for sizes in ([2**31, 1], [0, 1], [-1, 2], [3]):
        with pytest.raises(ValueError, match="layer"):
            _native.Spec(sizes, ["relu"] * (len(sizes) - 1), [0.0] * (len(sizes) - 1), "squared_error", 0.0)
    many = [2**31 - 1] * 4
    with pytest.raises(ValueError, match="more parameters than can be counted"):
        _native.Spec(many, ["relu"] * 3, [0.0] * 3, "squared_error", 0.0)
    with pytest.raises(ValueError, match="1 to 64 layers"):
        _native.Spec([1] * 66, ["relu"] * 65, [0.0] * 65, "squared_error", 0.0)
    with pytest.raises(ValueError, match="one activation for each layer"):
        _native.Spec([1, 1], ["relu"] * 2, [0.0] * 2, "squared_error", 0.0)
    for activation, cost in (("softmin", "squared_error"), ("relu", "squared")):
        with pytest.raises(ValueError, match="the native engine has no"):
            _native.Spec([1, 1], [activation], [0.0], cost, 0.0)
    with pytest.raises((ValueError, TypeError, OverflowError)):
        _native.Spec([2**70, 1], ["relu"], [0.0], "squared_error", 0.0)


def test_a_network_of_more_layers_than_there_is_room_for() -> None:
    net = Network([2] * 66, activations="identity", cost="half_squared_error")
    x = np.ones((2, 2))
    with pytest.raises(EngineError, match="engine 'cpu' has room for 64 layers"):
        net.predict(x, engine="cpu")
    assert net.predict(x).shape == (2, 2), "auto takes another"
    deep = Network([2] * 65, activations="tanh", cost="half_squared_error", seed=3)
    assert deep.predict(x, engine="cpu") == pytest.approx(deep.predict(x, engine="numpy"), rel=1e-12)


# ---- arrays of any form, and such as change


@EVERY_CPU
@pytest.mark.parametrize(
    "kind", ["big-endian", "unaligned", "read-only", "broadcast", "no entries", "CSR of strided data"]
)
def test_arrays_of_odd_forms_go_through_the_front_door(cpu: str, kind: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("BACKLIT_CPU", cpu)
    x, y = data()
    if kind == "big-endian":
        given: Any = x.astype(">f8")
    elif kind == "unaligned":
        given = np.zeros(12, dtype=[("a", "u1"), ("x", "<f8", (6,))])["x"]
        given[:] = x
        assert not given.flags.aligned
    elif kind == "read-only":
        given = x.copy()
        given.flags.writeable = False
    elif kind == "broadcast":
        given = np.broadcast_to(x[3], (12, 6))
    elif kind == "no entries":
        given = sparse.csr_array((12, 6))
    else:
        given = sparse.csr_array(x)
        given.data = np.repeat(given.data, 2)[::2]
        assert not given.data.flags.contiguous
    one, other = net_of(), net_of()
    for name, net in (("cpu", one), ("numpy", other)):
        net.fit(given, y, epochs=2, batch_size=5, engine=name, progress=False)
    assert one.theta == pytest.approx(other.theta, rel=1e-11)
    assert one.predict(given, engine="cpu") == pytest.approx(one.predict(given, engine="numpy"), rel=1e-11)


@EVERY_CPU
@pytest.mark.parametrize("dtype", [">f4", ">f8", "f2", "i8", "i2", "?", "u1", "u4"])
def test_a_few_rows_of_any_dtype_are_predicted(cpu: str, dtype: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("BACKLIT_CPU", cpu)
    net = net_of()
    x = np.arange(18).reshape(3, 6).astype(dtype)
    assert net.predict(x, engine="cpu") == pytest.approx(net.predict(x, engine="numpy"), rel=1e-12)
    assert net.predict(x[1], engine="cpu") == pytest.approx(net.predict(x[1], engine="numpy"), rel=1e-12)


@pytest.mark.parametrize("dtype", ["O", "U3", "c16", "M8[s]", "S2"])
def test_what_is_no_number_is_refused_alike(dtype: str) -> None:
    net, x = net_of(), np.zeros((2, 6)).astype(dtype)
    said = []
    for name in ("cpu", "numpy"):
        with pytest.raises(backlit.DataError) as error:
            net.predict(x, engine=name)
        said.append(str(error.value))
    assert said[0] == said[1]


@EVERY_CPU
@pytest.mark.parametrize("layout", ["F", "strided", "backwards"])
def test_targets_of_any_layout(cpu: str, layout: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("BACKLIT_CPU", cpu)
    x, y = data()
    given = lay(layout, y)
    assert not given.flags.c_contiguous
    one, other = net_of(), net_of()
    one.fit(x, given, epochs=2, engine="cpu", progress=False, validation=(x, given), monitors="all")
    other.fit(x, y, epochs=2, engine="cpu", progress=False)
    assert one.theta.tobytes() == other.theta.tobytes()
    assert one.value(x, given, engine="cpu") == pytest.approx(other.value(x, y, engine="numpy"), rel=1e-12)
    g = one.gradient(x, given, engine="cpu").theta
    assert g == pytest.approx(one.gradient(x, y, engine="numpy").theta, rel=1e-10, abs=1e-14)


@EVERY_CPU
@pytest.mark.parametrize("kind", ["dense", "csr", "pixels"])
def test_other_data_with_the_same_state(cpu: str, kind: str) -> None:
    """Nothing of an array is kept that another, of other length, is then read by."""
    engine, form = ENGINES[cpu], {"dense": lambda a: a, "csr": sparse.csr_array}
    form["pixels"] = lambda a: Pixels((abs(a) * 40).astype(np.uint8))
    results = []
    for one in (engine, KNOWN):
        net, state = net_of(), State()
        for n in (12, 30, 5, 12):
            x, y = data(n)
            one.run_epoch(net, net.theta, state, plan(4, 8), form[kind](x), y, None, np.arange(n))
        results.append(net.theta)
    assert results[0] == pytest.approx(results[1], rel=1e-11)


@EVERY_CPU
@SKIPPING
def test_data_that_changes_in_place_is_read_anew(cpu: str, skips: bool) -> None:
    with skipping(skips):
        results = []
        for engine in (ENGINES[cpu], KNOWN):
            net, state = net_of(), State()
            x, y = data()
            for factor in (1, 2, 0.5):
                x *= factor
                step(engine, net, x, y, state=state)
            results.append(net.theta)
    assert results[0] == pytest.approx(results[1], rel=1e-11)


@EVERY_CPU
def test_an_order_of_no_rows_and_data_of_none(cpu: str) -> None:
    engine, net = ENGINES[cpu], net_of()
    x, y = data()
    before = net.theta.copy()
    steps = engine.run_epoch(net, net.theta, State(), plan(), x, y, None, np.zeros(0, np.int64))
    assert (len(steps.costs), len(steps.weights)) == (0, 0)
    assert net.theta.tobytes() == before.tobytes()
    for nothing in (x[:0], sparse.csr_array(x)[:0], Pixels(np.zeros((0, 6), np.uint8))):
        assert engine.predict(net, net.theta, nothing).shape == (0, 3)
        C, a = engine.measure(net, net.theta, nothing, y[:0], np.zeros(0))
        assert (C, a.shape) == (0, (0, 3))


@EVERY_CPU
def test_constants_of_any_size(cpu: str) -> None:
    """Counters at the ends of their types, and a batch that is larger than can be: the steps are those of NumPy."""
    x, y = data()
    how = {"keep": (0.5, 0.5, 1.0), "dropout_key": 2**64 - 1, "rule": "adam"}
    for counted, batch_size in ((2**31 - 1, 5), (2**32 - 2, 2**62), (2**53, 12)):
        results = []
        for engine, m in ((ENGINES[cpu], batch_size), (KNOWN, min(batch_size, 12))):
            net, state = net_of(), State(step=counted, t=counted)
            step(engine, net, x, y, state=state, batch_size=m, **how)
            results.append((net.theta, state.t, state.step))
        assert results[0][0] == pytest.approx(results[1][0], rel=1e-11)
        assert results[0][1:] == results[1][1:]


# ---- numbers that are not finite


@EVERY_CPU
@SKIPPING
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["dense", "csr", "float32", "strided"])
def test_an_input_that_is_not_finite_ends_the_steps(cpu: str, skips: bool, bad: float, kind: str) -> None:
    net, (x, y) = net_of(activations="identity"), data()
    x[6, 2] = bad
    form = {"csr": sparse.csr_array, "float32": lambda a: a.astype(np.float32), "dense": lambda a: a}
    given = form.get(kind, lambda a: lay(kind, a))(x)
    with skipping(skips):
        known = net_of(activations="identity")
        step(KNOWN, known, x[:4], y[:4], np.arange(4))
        steps = step(ENGINES[cpu], net, given, y)
        assert len(steps.costs) == 2
        assert np.isfinite(steps.costs[0])
        assert not np.isfinite(steps.costs[1])
        rough = 1e-6 if kind == "float32" else 1e-12
        assert net.theta == pytest.approx(known.theta, rel=rough), "the update of that batch was not made"
        assert not np.isfinite(ENGINES[cpu].predict(net, net.theta, given)[6]).any()
        assert np.isfinite(ENGINES[cpu].predict(net, net.theta, given)[5]).all()


@EVERY_CPU
@pytest.mark.parametrize("what", ["targets", "theta", "weights"])
def test_others_that_are_not_finite(cpu: str, what: str) -> None:
    for skips in (True, False):
        net, (x, y) = net_of(), data()
        s = np.ones(12)
        {"targets": y[5], "theta": net.theta, "weights": s[5:6]}[what][0] = np.nan
        with skipping(skips):
            steps = step(ENGINES[cpu], net, x, y, weight=s)
        assert not np.isfinite(steps.costs[-1])
        assert len(steps.costs) == (1 if what == "theta" else 2)


@EVERY_CPU
def test_a_weight_whose_input_is_always_zero_is_found_at_the_epochs_end(cpu: str, monkeypatch: Any) -> None:
    """Skipped products don't meet it; θ is looked through once an epoch."""
    monkeypatch.setenv("BACKLIT_CPU", cpu)
    x, y = data()
    x[:, 3] = 0
    for given in (x, sparse.csr_array(x)):
        net = net_of()
        net.w[1][2, 3] = np.nan
        with skipping(True), pytest.raises(DivergenceError, match=r"w\[1\]\[2,3\]"):
            net.fit(given, y, epochs=3, engine="cpu", progress=False)


@EVERY_CPU
def test_divergence_is_told_and_the_first_weights_are_back(cpu: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("BACKLIT_CPU", cpu)
    x, y = data()
    net = net_of(activations="identity")
    with pytest.raises(DivergenceError, match="training diverged in epoch"):
        net.fit(x * 1e100, y, epochs=3, eta=1e100, engine="cpu", progress=False)
    assert np.isfinite(net.theta).all()


@EVERY_CPU
def test_fits_refuse_inputs_that_are_not_finite(cpu: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("BACKLIT_CPU", cpu)
    net, (x, y) = net_of(), data()
    x[3, 1] = np.nan
    for ask in (lambda: net.fit(x, y, engine="cpu", progress=False), lambda: net.predict(x, engine="cpu"),
                lambda: net.predict(x[3], engine="cpu"), lambda: net.predict(x[2:5], engine="cpu")):  # fmt: skip
        with pytest.raises(backlit.DataError, match="NaN"):
            ask()


def test_batches_of_total_weight_zero_everywhere() -> None:
    net, (x, y) = net_of(), data()
    before = net.theta.copy()
    for way, engine in every_way():
        state = State()
        steps = step(engine, net, x, y, weight=np.zeros(12), state=state, rule="adam", l2=0.1)
        assert steps.costs.tolist() == steps.weights.tolist() == [0, 0, 0], way
        assert (state.t, state.step) == (0, 3)
        assert net.theta.tobytes() == before.tobytes()


# ---- what the user says


def test_an_instruction_set_that_is_not_here(monkeypatch: Any) -> None:
    net, (x, y) = net_of(), data()
    monkeypatch.setenv("BACKLIT_CPU", "sse9")
    for ask in (lambda: net.predict(x, engine="cpu"), lambda: net.fit(x, y, engine="cpu", progress=False),
                lambda: net.gradient(x, y, engine="cpu"), lambda: net.value(x, y, engine="cpu")):  # fmt: skip
        with pytest.raises(UsageError, match=rf"BACKLIT_CPU is one of {', '.join(CPUS)} .*got 'sse9'"):
            ask()
    with pytest.raises(ValueError, match="no kernels called 'sse9'"):
        _native.activation("sse9", "relu", 0.0, np.ones(3), np.ones(3), np.ones(3))


@pytest.mark.parametrize("said", ["0", "-1", "two", "1.5", "٣x"])
def test_threads_that_are_none(monkeypatch: Any, said: str) -> None:
    monkeypatch.setenv("BACKLIT_THREADS", said)
    net, (x, y) = net_of(), data()
    with pytest.raises(UsageError, match="BACKLIT_THREADS is a whole number of at least 1"):
        net.fit(x, y, engine="cpu", progress=False)


@pytest.mark.parametrize(
    "own",
    [
        {"activations": [(np.sin, np.cos), "identity"]},
        {"cost": (lambda a, y: ((a - y) ** 2).sum(-1), lambda a, y: 2 * (a - y))},
    ],
    ids=["activation", "cost"],
)
def test_a_function_of_ones_own_is_refused_by_name_and_auto_takes_numpy(own: dict[str, Any]) -> None:
    net, usual, (x, y) = net_of(**own), net_of(), data()
    for ask in (net.predict, net.predict_labels):
        with pytest.raises(EngineError, match="engine 'cpu' can't call Python functions of your own; take"):
            ask(x, engine="cpu")
    with pytest.raises(EngineError, match="engine 'cpu' can't call Python functions of your own; take"):
        net.fit(x, y, engine="cpu", progress=False)
    net.fit(x, y, epochs=1, progress=False)
    usual.fit(x, y, epochs=1, progress=False)
    assert net.training["settings"]["engine"] == "numpy"
    assert usual.training["settings"]["engine"] == "cpu"


def test_a_memory_mapped_file_is_read_where_it_lies(tmp_path: Path) -> None:
    x, y = data(300)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    one, other = net_of(), net_of()
    one.fit(mapped, y, epochs=2, engine="cpu", progress=False)
    other.fit(x, y, epochs=2, engine="cpu", progress=False)
    assert one.theta.tobytes() == other.theta.tobytes()


CHANGED = """
import numpy as np
from scipy import sparse
from backlit import Network
from backlit.engines import ENGINES, Plan, State
x = sparse.random(2000, 300, 0.05, format="csr", random_state=1)
y = np.ones((2000, 3))
net = Network([300, 20, 3], activations="tanh", cost="half_squared_error")
state, plan = State(), Plan(32, "sgd", np.full(63, 0.01))
ENGINES["cpu"].run_epoch(net, net.theta, state, plan, x, y, None, np.arange(2000))
{change}
try:
    ENGINES["cpu"].run_epoch(net, net.theta, state, plan, x, y, None, np.arange(2000))
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "change", ["x.indptr[5:] = 10**8", "x.indptr[1000:] = -1", "x.indices[:] = 10**8", "x.indices[7] = -1"]
)
def test_csr_that_is_broken_between_two_calls(change: str) -> None:
    """With the same state: every call looks at the matrix, so it is an error and not another's memory."""
    story = CHANGED.format(change=change)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", story], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "CSR" in done.stdout
