"""Many networks at once: each as if it were alone, in its place, whatever becomes of the others."""

from __future__ import annotations

import io
import os
import signal
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import backlit
from backlit import (
    DataError,
    DivergenceError,
    EngineError,
    FitManyError,
    Network,
    UsageError,
    many as room,
    progress,
)
from backlit.engines import ENGINES
from backlit.sets import make_sets

NATIVE = pytest.mark.skipif(
    "cpu" not in ENGINES, reason="small networks run side by side on the native engine"
)
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")


def net_of(seed: int = 0, sizes: Any = (4, 5, 3), **more: Any) -> Network:
    given: dict[str, Any] = {"activations": ["tanh", "softmax"], "cost": "cross_entropy"}
    return Network(sizes, seed=seed, **(given | more))


@pytest.fixture
def xy(rng: Any) -> tuple[Any, Any]:
    x = rng.normal(size=(60, 4))
    return x, (x @ rng.normal(size=(4, 3))).argmax(axis=1)


def fit_many(networks: Any, *xy: Any, **more: Any) -> Any:
    return backlit.fit_many(networks, *xy, **({"progress": False, "epochs": 3, "batch_size": 8} | more))


# Networks of several forms, and what each is told of its own.
KINDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"seed": 0}, {}),
    ({"seed": 1}, {"eta": 0.5, "optimizer": "momentum", "schedule": "cosine"}),
    ({"seed": 1, "dtype": np.float32}, {"dropout": 0.3, "epochs": 7}),
    ({"seed": 2, "sizes": (4, 9, 3)}, {"seed": 9, "l2": 0.01, "validation": 0.4}),
    ({"activations": "sigmoid", "cost": "half_squared_error"}, {"sample_weight": np.arange(60.0)}),
    (
        {"seed": 3, "activations": ["relu", "identity"], "cost": "hinge"},
        {"early_stopping": 1, "min_delta": 9},
    ),
    ({"seed": 4}, {"optimizer": "l_bfgs", "batch_size": None}),
]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_ends_in_the_bits_of_fit_alone(xy: Any, engine: Any, threads: int) -> None:
    common = {"engine": engine.name, "monitors": "all", "validation": 0.2, "shuffle": True}
    together = [(net_of(**kind), own) for kind, own in KINDS]
    histories = fit_many(together, *xy, threads=threads, **common)
    for (net, own), history, (kind, _) in zip(together, histories, KINDS, strict=True):
        alone = net_of(**kind)
        expected = alone.fit(*xy, **({"progress": False, "epochs": 3, "batch_size": 8} | common | own))
        assert net.theta.tobytes() == alone.theta.tobytes()
        assert history.stop_reason == expected.stop_reason
        assert history["validation_cost"].tolist() == expected["validation_cost"].tolist()
        assert history["cost"].tolist() == expected["cost"].tolist()
        plain = dict(alone.training)
        assert {name: net.training[name] for name in ("epochs", "steps", "settings", "stop_reason")} == {
            name: plain[name] for name in ("epochs", "steps", "settings", "stop_reason")
        }


def test_histories_stand_in_the_order_of_the_networks(xy: Any) -> None:
    epochs = [5, 1, 9, 2, 7, 3]
    networks = [(net_of(seed), {"epochs": some}) for seed, some in enumerate(epochs)]
    assert [len(history) for history in fit_many(networks, *xy, threads=2)] == epochs
    assert [net.training["epochs"] for net, _ in networks] == epochs
    assert fit_many([], *xy) == []
    assert [len(history) for history in fit_many((net_of(seed) for seed in range(2)), *xy)] == [3, 3]


def side_by_side(networks: Any, *xy: Any, seconds: float = 20.0, **more: Any) -> None:
    both = threading.Barrier(2, timeout=seconds)  # breaks where one waits for the other alone
    fit_many(networks, *xy, threads=2, epochs=2, callbacks=lambda event: both.wait(), **more)


def test_they_run_side_by_side_where_they_gain_by_it(xy: Any) -> None:
    if "cpu" in ENGINES:
        side_by_side([net_of(0), net_of(1)], *xy, engine="cpu")
    wide = {"sizes": (4, 800, 800, 3), "activations": "tanh", "cost": "half_squared_error"}
    side_by_side([net_of(0, **wide), net_of(1, **wide)], *xy, engine="numpy")


def test_they_run_one_after_another_where_they_would_wait_for_one_another(xy: Any) -> None:
    """Small networks on NumPy need Python's lock all the time: two threads were slower than one."""
    with pytest.raises(FitManyError) as caught:
        side_by_side([net_of(0), net_of(1)], *xy, engine="numpy", seconds=0.2)
    assert {type(error) for error in caught.value.errors.values()} == {threading.BrokenBarrierError}


@pytest.mark.parametrize(("argument", "environment", "most"), [(1, None, 1), (None, "1", 1), (2, "1", 2)])
def test_no_more_at_once_than_threads(
    xy: Any, monkeypatch: pytest.MonkeyPatch, argument: Any, environment: Any, most: int
) -> None:
    if environment:
        monkeypatch.setenv("BACKLIT_THREADS", environment)
    inside: set[int] = set()
    seen: list[int] = []

    def look(event: Any) -> None:
        inside.add(threading.get_ident())
        time.sleep(0.002)
        seen.append(len(inside))

    fit_many([net_of(seed) for seed in range(4)], *xy, threads=argument, callbacks=look)
    assert max(seen) <= most
    assert threading.get_ident() not in inside


@NATIVE
def test_a_pass_takes_no_more_threads_than_there_are_for_it(xy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With threads of the environment's, which each pass would take for itself."""
    from backlit.engines import native
    from backlit.threads import granted

    assert granted(7) == 7
    seen: list[int] = []
    monkeypatch.setenv("BACKLIT_THREADS", "6")
    fit_many(
        [net_of(0), net_of(1)], *xy, callbacks=lambda event: seen.append(native._threads(event.net, 8, None))
    )
    assert set(seen) == {3}
    fit_many([net_of(2)], *xy, threads=1, callbacks=lambda event: seen.append(granted(6)))
    assert seen[-1] == 1
    assert native._threads(net_of(), 8, None) == 6, "and afterwards as before"


def test_data_is_encoded_once_for_each_form_of_it(xy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    real = room.examples
    monkeypatch.setattr(room, "examples", lambda *given: calls.append(given) or real(*given))
    fit_many([net_of(seed) for seed in range(5)], *xy, validation=xy)
    assert len(calls) == 2, "the examples, and those of validation"
    fit_many([net_of(), net_of(dtype=np.float32), net_of(1), net_of(cost="half_squared_error")], *xy)
    assert len(calls) == 2 + 3
    tasks = [Network([4, 3], activations=last, cost="half_squared_error") for last in ("sigmoid", "identity")]
    one_hot = np.eye(3)[xy[1]]
    fit_many([*tasks, Network([4, 3], cost="half_squared_error")], xy[0], one_hot)
    assert {net.task for net in tasks} == {"classes"}


def test_what_is_held_out_is_copied_when_it_is_needed(xy: Any) -> None:
    """So that a thousand networks that wait do not hold a part of the data each."""
    sets = make_sets(net_of(), *xy, validation=0.2, sample_weight=None, class_weight=None, seed=0)
    assert "held_out" not in vars(sets)
    assert sets.held_out is sets.held_out is not None
    assert len(sets.held_out[1]) == 60 - len(sets.rows) > 0


def diverging(seed: int = 0) -> tuple[Network, dict[str, Any]]:
    net = Network([4, 5, 3], activations=["relu", "identity"], cost="half_squared_error", seed=seed)
    return net, {"eta": 1e30}


def test_one_that_diverges_takes_no_other_with_it(xy: Any, engine: Any) -> None:
    networks: list[Any] = [net_of(0), diverging(), net_of(1), diverging(1), net_of(2)]
    with pytest.raises(FitManyError) as caught:
        fit_many(networks, *xy, engine=engine.name)
    error = caught.value
    assert list(error.errors) == [1, 3]
    assert all(isinstance(one, DivergenceError) for one in error.errors.values())
    assert error.exceptions == tuple(error.errors.values())
    assert [history.stop_reason for history in error.histories] == [
        "all epochs done", "diverged", "all epochs done", "diverged", "all epochs done",
    ]  # fmt: skip
    said = str(error)
    assert said.startswith("2 of 5 networks failed, while the others were trained; the histories of all are ")
    assert "networks[1]: training diverged in epoch 1" in said
    assert "networks[3]: training diverged" in said
    alone = net_of(2)
    alone.fit(*xy, epochs=3, batch_size=8, progress=False, engine=engine.name)
    assert alone.theta.tobytes() == networks[4].theta.tobytes()
    assert np.isfinite(networks[1][0].theta).all()


def test_what_failed_is_an_exception_group(xy: Any) -> None:
    def fail(event: Any) -> None:
        raise KeyError("mine")

    seen: list[Any] = []
    try:
        fit_many([diverging(), (net_of(), {"callbacks": fail}), *map(net_of, range(1, 4))], *xy)
    except* DivergenceError as group:
        seen.append(group.exceptions)
    except* KeyError as group:
        seen.append(group.exceptions)
    assert [[type(one) for one in part] for part in seen] == [[DivergenceError], [KeyError]]
    with pytest.raises(FitManyError, match=r"5 of 5 .* networks\[2\]: .*; and 2 more"):
        fit_many([diverging(seed) for seed in range(5)], *xy)


@NATIVE
def test_the_end_of_the_program_ends_all(xy: Any) -> None:
    def leave(event: Any) -> None:
        sys.exit(3)

    long, short = net_of(0), net_of(1)
    with pytest.raises(SystemExit):
        fit_many([(long, {"epochs": 10**6}), (short, {"callbacks": leave})], *xy, threads=2)
    assert long.training["stop_reason"] == "interrupted"


@pytest.mark.parametrize(
    ("own", "kind", "said"),
    [
        ({"epochs": 0}, UsageError, r"networks\[1\]: epochs is a whole number of at least 1; got 0"),
        ({"early_stopping": 2}, UsageError, r"networks\[1\]: early_stopping needs a validation set"),
        ({"metrics": "f2", "validation": 0.2}, UsageError, r"networks\[1\]: unknown metric 'f2'"),
        ({"validation": ([[1.0]], [0])}, DataError, r"networks\[1\]: inputs are \(n, 4\)"),
        ({"engine": "jax"}, EngineError, r"networks\[1\]: engine 'jax'"),
        (
            {"epoch": 3},
            UsageError,
            r"unknown setting of fit_many in networks\[1\] 'epoch'. Did you mean 'epochs'",
        ),
        (
            {"threads": 2},
            UsageError,
            r"networks\[1\]: threads is for all networks together; give it to fit_many",
        ),
        ({"progress": True}, UsageError, r"networks\[1\]: progress is for all networks together"),
        ({"x": 3}, UsageError, r"networks\[1\]: x is the same for all networks; give sample_weight to weigh"),
        ({"encode": 3}, UsageError, r"unknown setting of fit_many in networks\[1\] 'encode'"),
    ],
)
def test_what_one_is_told_wrong_is_said_before_any_is_trained(
    xy: Any, own: dict[str, Any], kind: Any, said: str
) -> None:
    first = net_of()
    before = first.theta.tobytes()
    with pytest.raises(kind, match=said):
        fit_many([first, (net_of(1), own)], *xy)
    assert first.theta.tobytes() == before
    assert first.training == {}


@pytest.mark.parametrize(
    ("networks", "more", "said"),
    [
        (
            net_of(),
            {},
            r"networks is a list of networks, or of pairs \(network, \{settings of its own\}\); got Network",
        ),
        (3, {}, r"networks is a list of networks, or of pairs .*; got 3"),
        (
            [net_of(), 3],
            {},
            r"networks\[1\] is a network, or a pair \(network, \{settings of its own\}\); got 3",
        ),
        ([(net_of(), 3)], {}, r"networks\[0\] is a network, or a pair .*; got \(Network"),
        ([net_of()], {"threads": 0}, r"threads is a whole number of at least 1; got 0"),
        ([net_of()], {"progress": 3}, r"progress of many networks is True, False or None; got 3"),
        ([net_of()], {"epoch": 3}, r"unknown setting of fit_many 'epoch'. Did you mean 'epochs'"),
        ([net_of()], {"epochs": 0}, r"^epochs is a whole number"),
        (
            [net_of()],
            {"checkpoint": "a"},
            r"checkpoint is the file of one network; give each its own: \(network, ",
        ),
    ],
)
def test_arguments_that_can_not_be(xy: Any, networks: Any, more: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        fit_many(networks, *xy, **more)


def test_what_is_there_twice(xy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = net_of()
    with pytest.raises(
        UsageError, match=r"networks\[2\] has the same network as networks\[0\]; give it a network of its own"
    ):
        fit_many([net, net_of(1), (net, {"eta": 1})], *xy)
    with pytest.raises(UsageError, match=r"networks\[1\] has the same checkpoint as networks\[0\]"):
        fit_many([(net_of(seed), {"checkpoint": tmp_path / "one"}) for seed in range(2)], *xy)
    with pytest.raises(DataError, match=r"^x has 60 examples and y has 59"):
        fit_many([net, net_of(1)], xy[0], xy[1][:-1])
    monkeypatch.setenv("BACKLIT_THREADS", "two")
    with pytest.raises(UsageError, match="BACKLIT_THREADS is a whole number of at least 1; got 'two'"):
        fit_many([net], *xy)


def test_each_may_have_a_checkpoint(xy: Any, tmp_path: Path) -> None:
    networks = [(net_of(seed), {"checkpoint": tmp_path / str(seed)}) for seed in range(3)]
    assert {one.stop_reason for one in fit_many(networks, *xy)} == {"all epochs done"}
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_ctrl_c_ends_all_and_those_that_wait_do_not_begin(
    xy: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(event: Any) -> None:
        if event.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)  # the main thread takes it

    before, path = signal.getsignal(signal.SIGINT), tmp_path / "checkpoint"
    networks = [(net_of(0), {"callbacks": stop}), net_of(1), (net_of(2), {"checkpoint": path})]
    starts = [net_of(seed).theta for seed in range(3)]
    histories = fit_many(networks, *xy, threads=1, epochs=50, progress=True)
    assert [(len(one), one.stop_reason) for one in histories] == [
        (2, "interrupted"), (0, "interrupted"), (0, "interrupted"),
    ]  # fmt: skip
    assert networks[1].theta.tobytes() == starts[1].tobytes()
    assert signal.getsignal(signal.SIGINT) is before
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "stopped; 0 of 3 networks trained, of the others the weights so far are kept"
    resumed, whole = net_of(2), net_of(2)
    resumed.fit(*xy, resume=path, progress=False)
    whole.fit(*xy, epochs=50, batch_size=8, progress=False)
    assert resumed.theta.tobytes() == whole.theta.tobytes()


STORY = """
    import os, signal, threading, time
    import numpy as np
    import backlit
    x = np.random.default_rng(0).normal(size=(400, 8))
    y = (x[:, 0] > 0).astype(int)
    how = {{"activations": ["tanh", "softmax"], "cost": "cross_entropy"}}
    nets = [backlit.Network([8, 16, 2], seed=i, **how) for i in range(4)]
    running, seen, best = threading.Event(), set(), [None] * 4
    def say(event):
        i = nets.index(event.net)
        seen.add(i)
        if event.history.best_epoch == event.epoch:
            best[i] = event.net.theta.copy()
        if len(seen) == 2 and not running.is_set():
            running.set()
            print("running", flush=True)
        {more}
    how = {{"epochs": 10**6, "eta": 0.5, "validation": 0.2, "early_stopping": 10**6}}
    done = backlit.fit_many(nets, x, y, threads=2, callbacks=say, **how)
    for i, history in enumerate(done):
        kept = best[i] is None or (best[i] == nets[i].theta).all()
        print(history.stop_reason, bool(len(history)), bool(kept), flush=True)
"""


def story(more: str = "pass") -> str:
    return textwrap.dedent(STORY).format(more=more)


@POSIX
@NATIVE
def test_ctrl_c_in_a_real_process_keeps_the_best_weights_of_each(python: Any) -> None:
    running = python(story())
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    said, errors = running.communicate(timeout=30)
    assert running.returncode == 0, errors
    assert said.splitlines() == ["interrupted True True"] * 2 + ["interrupted False True"] * 2
    assert "stopped; 0 of 4 networks trained" in errors
    assert "Traceback" not in errors


@POSIX
@NATIVE
def test_a_second_ctrl_c_ends_everything(python: Any) -> None:
    kill = "os.kill(os.getpid(), signal.SIGINT); time.sleep(0.5)"
    running = python(story(f"if i == 0 and event.epoch == 2000: {kill}; {kill}"))
    said, errors = running.communicate(timeout=30)
    assert running.returncode != 0
    assert "KeyboardInterrupt" in errors
    assert said == ""


def test_lines_where_there_is_no_terminal(xy: Any, capsys: pytest.CaptureFixture[str]) -> None:
    networks = [(net_of(0), {}), (net_of(1), {"epochs": 1, "validation": 0.2})]
    fit_many(networks, *xy, progress=None, threads=1)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" · cost")[0] for line in lines] == [
        "1 of 2 networks trained · networks[0]: all epochs done",
        "2 of 2 networks trained · networks[1]: all epochs done",
    ]
    assert "validation accuracy" in lines[1]
    with pytest.raises(FitManyError):
        fit_many([diverging(), net_of()], *xy, progress=True, threads=1)
    assert "networks[0]: diverged" in capsys.readouterr().err
    fit_many([net_of(0)], *xy, progress=False)
    assert capsys.readouterr() == ("", "")


def test_one_line_on_a_terminal(xy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=60, legacy_windows=False)
    monkeypatch.setattr(progress, "_live_console", lambda: console)
    monkeypatch.setattr(room, "_LOOK_SECONDS", 0.005)
    fit_many(
        [net_of(seed) for seed in range(3)], *xy, progress=None, callbacks=lambda event: time.sleep(0.01)
    )
    drawn = screen.getvalue()
    assert "0 of 3 networks trained" in drawn
    assert " left" in drawn
    assert "3 of 3 networks trained" in drawn
    assert "\n" not in drawn.strip("\n").replace("\r", "") or drawn.count("\n") <= 1
