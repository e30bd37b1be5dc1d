"""Functions called in this process: every layout that people use is found, and nothing that a function does escapes."""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest

from backlit import Network
from backlit.verify.calling.calls import Call, Style, calls, earlier_batch
from backlit.verify.calling.counts import Counts, fitting
from backlit.verify.calling.judge import judge
from backlit.verify.calling.outcome import HARMLESS, TROUBLES as NAMED, Seen, plain
from backlit.verify.calling.practice import batch_for, practice
from backlit.verify.calling.signature import ROLES, Method, Unmatched, plan
from backlit.verify.finding import Finding

from .users import NOTES, TROUBLES, hostile, small

LAYOUTS = {
    "rows": Style(),
    "rows_in_out": Style("in_out"),
    "columns": Style(examples="columns", bias="column"),
    "one": Style(examples="one"),
    "labels": Style(labels=True),
    "numbered": Style(),
    "by_dict": Style(),
    "by_pairs": Style(),
    "by_list": Style(),
    "flat": Style(),
    "by_position": Style(),
    "starred": Style(),
    "keywords": Style(),
    "partial": Style(),
    "instance": Style(),
}


def called(function: Any, net: Any = None, **more: Any) -> tuple[list[Call], tuple[Finding, ...]]:
    mine, X, Y = small()
    return calls(function, net or mine, X, Y, seconds=more.pop("seconds", 5.0), **more)


def whole(finding: Finding) -> str:
    return " | ".join((finding.title, finding.yours, finding.evidence, finding.why))


def judged(function: Any, **more: Any) -> Any:
    net, X, Y = small()
    return judge(net, X, Y, *calls(function, net, X, Y, seconds=5.0, **more), "gradient", {})


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_found_and_its_gradient_called_right(name: str) -> None:
    function = getattr(hostile("layouts"), name)
    found, troubles = called(function)
    assert troubles == ()
    assert LAYOUTS[name] in [one.style for one in found]
    assert {note.mistake for note in found[0].troubles} <= HARMLESS
    report = judged(function)
    assert report.right, str(report)


def test_a_method_of_the_books_network_gets_weights_without_its_init() -> None:
    network = hostile("layouts").Network
    report = judged(Method(network, network.backprop))
    assert report.right, str(report)
    found, _ = called(Method(network, network.backprop))
    single = next(one for one in found if one.style.single)
    assert len(single.returned) == 5  # what each of the calls gave


def test_a_method_may_leave_its_gradients_in_the_object() -> None:
    keeper = hostile("layouts").Keeper
    assert judged(Method(keeper, keeper.backward)).right


def test_a_bound_method_is_called_on_a_copy_of_its_object() -> None:
    keeper = hostile("layouts").Keeper()
    keeper.W, keeper.b = [np.zeros((1, 1))], [np.zeros(1)]
    assert judged(keeper.backward).right
    assert keeper.W[0].shape == (1, 1)
    assert not hasattr(keeper, "dW")
    found, troubles = called(hostile("layouts").Keeper().backward)
    assert not found
    assert "has no attributes weights and biases" in troubles[0].title


@pytest.mark.parametrize("file", ["tensors", "tensors_unnamed"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_functions_of_tensors_get_tensors(file: str, dtype: Any) -> None:
    pytest.importorskip("torch")
    sizes = (4, 3, 3, 2)
    found, troubles = called(hostile(file).gradients, practice(sizes, dtype=dtype))
    assert troubles == ()
    assert found[0].returned[0][0].dtype == dtype


def test_a_float32_network_gives_float32_and_gets_it_back() -> None:
    net, X, Y = practice((4, 3, 2), dtype=np.float32), *batch_for((4, 3, 2))
    seen = []

    def gradients(weights: Any, biases: Any, x: Any, y: Any) -> Any:
        seen.extend([*weights, *biases, x, y])
        return hostile("layouts").rows(weights, biases, x, y)

    found, _ = calls(gradients, net, X, Y)
    assert {one.dtype for one in seen} == {np.dtype(np.float32)}
    assert found[0].returned[0][0].dtype == np.float32


@pytest.mark.parametrize("name", [name for name in TROUBLES if name != "takes_memory"])
def test_what_a_function_does_wrong_is_said_in_plain_words(name: str) -> None:
    began = time.perf_counter()
    found, troubles = called(getattr(hostile("misbehaves"), name), seconds=0.5 if "hang" in name else 5.0)
    assert time.perf_counter() - began < 4
    assert not found
    (one,) = troubles
    assert (one.mistake, one.kind) == (TROUBLES[name]["id"], "trouble")
    for words in (name, *TROUBLES[name]["says"]):
        assert words in whole(one), whole(one)


@pytest.mark.parametrize("name", NOTES)
def test_what_should_be_known_of_a_gradient_is_noted(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found, troubles = called(getattr(hostile("misbehaves"), name))
    assert troubles == ()
    noted = {one.mistake: one.title for one in found[0].troubles}
    wanted, words = NOTES[name]
    assert words in noted[wanted]
    assert len(found[0].printed) < 5000
    assert capsys.readouterr() == ("", "")


def test_a_right_gradient_that_prints_is_right_and_one_that_changes_its_inputs_is_not() -> None:
    assert judged(hostile("misbehaves").prints).right
    assert judged(hostile("misbehaves").generates).right
    assert not judged(hostile("misbehaves").changes_weights).right


def test_what_is_kept_between_calls_is_named() -> None:
    hostile("misbehaves").KEPT.clear()
    hostile("misbehaves").BEFORE.clear()
    assert [one.mistake for one in judged(hostile("misbehaves").accumulates).findings] == ["accumulated"]
    assert [one.mistake for one in judged(hostile("misbehaves").lags).findings] == ["last-batch"]


def test_the_inputs_are_fresh_in_every_call() -> None:
    net, X, Y = small()
    before = net.theta.copy(), X.copy(), Y.copy()
    found, _ = called(hostile("misbehaves").changes_weights)
    again = np.concatenate([one.ravel() for one in found[0].again[0]])
    assert np.array_equal(again, np.concatenate([one.ravel() for one in found[0].returned[0]]))
    assert all(np.array_equal(a, b) for a, b in zip(before, (net.theta, X, Y), strict=True))


def test_state_is_afterwards_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    def state() -> Any:
        drawn = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
        timer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
        return drawn, np.geterr(), sys.getrecursionlimit(), sys.stdout, sys.stdin, timer, sys.gettrace()

    before = state()
    for name in ("sets_state", "hangs_and_catches", "prints", "exits"):
        called(getattr(hostile("misbehaves"), name), seconds=0.3)
        assert state() == before


def test_a_timer_that_runs_already_goes_on() -> None:
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        called(hostile("layouts").rows)
        time.sleep(0.4)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == [1]


def test_elsewhere_than_in_the_main_thread_a_function_that_hangs_is_given_up() -> None:
    stop = threading.Event()

    def hangs(weights: Any, biases: Any, x: Any, y: Any) -> None:
        stop.wait(20)

    answers: list[Any] = []
    worker = threading.Thread(target=lambda: answers.append(called(hangs, seconds=0.3)))
    worker.start()
    worker.join(5)
    stop.set()
    ((found, (trouble,)),) = answers
    assert not found
    assert trouble.mistake == "trouble-hung"
    answers.clear()
    worker = threading.Thread(target=lambda: answers.append(called(hostile("layouts").rows)))
    worker.start()
    worker.join(10)
    assert answers[0][0][0].style == Style()


def test_ctrl_c_passes() -> None:
    def stops(weights: Any, biases: Any, x: Any, y: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        called(stops)


def test_a_function_that_hung_or_can_never_work_is_not_called_in_every_layout() -> None:
    count = []

    def undefined(weights: Any, biases: Any, x: Any, y: Any) -> None:
        count.append(1)
        raise NameError("sigmoid")

    called(undefined)
    assert len(count) == 1

    def sleeps(weights: Any, biases: Any, x: Any, y: Any) -> None:
        count.append(1)
        time.sleep(5)

    began = time.perf_counter()
    called(sleeps, seconds=0.3)
    assert len(count) == 2
    assert time.perf_counter() - began < 2


def test_a_slow_function_is_called_no_longer_than_there_is_time() -> None:
    def slow(weights: Any, biases: Any, x: Any, y: Any) -> Any:
        time.sleep(0.25)
        return hostile("layouts").rows(weights, biases, x, y)

    began = time.perf_counter()
    found, troubles = called(slow, seconds=0.9)
    assert time.perf_counter() - began < 1.5
    assert len(found) == 1
    assert troubles == ()


def test_the_earlier_batch_is_another_one_or_that_which_is_told() -> None:
    _, X, Y = small()
    x, y = earlier_batch(X, Y)
    assert x.shape == X.shape
    assert not np.allclose(x, X)
    assert np.array_equal(y, Y)
    assert earlier_batch(X, Y, (Y, X)) == (Y, X)
    seen = []

    def gradients(weights: Any, biases: Any, x: Any, y: Any) -> Any:
        seen.append(x.copy())
        return hostile("layouts").rows(weights, biases, x, y)

    found, _ = called(gradients, extra={"previous": (3 * X[:2], Y[:2])})
    assert [len(one) for one in seen[:3]] == [2, 5, 5]
    assert found[0].earlier[0][0].shape == (3, 4)
    assert not np.allclose(found[0].earlier[0][0], found[0].returned[0][0])


def test_what_is_known_is_given_by_name() -> None:
    seen: dict[str, Any] = {}
    mine = small()[0]

    def gradients(  # type: ignore[no-untyped-def]
        weights, biases, x, y, lr, lmbda, dropout_masks, sizes, num_layers, m, activations, cost, net, verbose=False
    ) -> Any:  # fmt: skip
        seen.update({} if seen else locals())
        return hostile("layouts").rows(weights, biases, x, y)

    masks = [None, np.ones((5, 3)), np.full((5, 3), 2.0), None]
    called(gradients, extra={"eta": 0.125, "l2": 0.01, "masks": masks})
    assert (seen["lr"], seen["lmbda"], seen["sizes"], seen["num_layers"], seen["m"]) == (
        0.125,
        0.01,
        [4, 3, 3, 2],
        4,
        5,
    )
    assert (seen["activations"], seen["cost"], seen["verbose"]) == ("sigmoid", "half_squared_error", False)
    assert seen["dropout_masks"][2][0, 0] == 2
    assert np.array_equal(seen["net"].w[1], mine.w[1])
    assert seen["net"].weights[0] is seen["weights"][0]


def test_a_name_can_be_told_what_it_is() -> None:
    def gradients(alpha: Any, omega: Any, *, first: Any, second: Any) -> Any:
        return hostile("layouts").rows(alpha, omega, first, second)

    _, troubles = called(gradients)
    assert "takes 'alpha', which can't be matched" in troubles[0].title
    told = {"alpha": "weights", "omega": "biases", "first": "x", "second": "y"}
    found, troubles = called(gradients, names=told)
    assert troubles == ()
    assert len(found) >= 1


def test_a_parameter_that_cannot_be_matched_is_named_with_what_can_be() -> None:
    found, (one,) = called(hostile("layouts").needs_a_cache)
    assert not found
    assert one.mistake == "trouble-signature"
    for words in ("'cache'", "weights, biases, x, y could be matched", "eta", "adapter"):
        assert words in whole(one)
    assert called(hostile("layouts").needs_a_cache, adapter=hostile("layouts").adapted)[0]
    _, (depth,) = called(hostile("layouts").two_layers)
    assert "takes the weights of 2 layers, and the network has 3" in depth.title


def test_every_name_has_one_role() -> None:
    names = [name for some in ROLES.values() for name in some]
    assert len(names) == len(set(names))
    assert names == [name.lower() for name in names]
    for role, some in ROLES.items():
        for name in some:
            if role in ("weights", "x", "y"):
                continue
            code = f"def f(weights, x, y, {name}_): ..."
            space: dict[str, Any] = {}
            exec(code, space)
            assert plan(space["f"], 3).parameters[3].role == role
    with pytest.raises(Unmatched):
        plan(lambda weights, biases, x, y, z: 0, 3)


def test_troubles_are_in_the_table() -> None:
    assert {row["id"] for row in TROUBLES.values()} | {name for name, _ in NOTES.values()} <= set(NAMED)
    assert set(NAMED) >= HARMLESS


def test_the_part_that_is_the_gradient_is_found() -> None:
    counts = Counts((4, 3, 3, 2), 5)
    net = Network([4, 3, 3, 2])
    w, b = list(net.w), list(net.b)
    whole = (w, b)
    for returned in (
        whole, (0.5, whole), (whole, 0.5), {"grads": whole, "loss": 0.5}, [w, b, 1.0, 2.0],
        {"dW1": w[0], "dW2": w[1], "dW3": w[2], "db1": b[0], "db2": b[1], "db3": b[2], "dA1": w[0]},
    ):  # fmt: skip
        found = fitting(plain(returned, Seen()), counts)
        assert found is not None
        seen = Seen()
        plain(found[0], seen)
        assert seen.numbers == 35
    rows = [np.zeros((5, n)) for n in (3, 3, 2)]
    assert (
        fitting((w, [rows[0], b[1], rows[2]]), counts) is not None
    )  # not summed over the batch, in two layers
    assert fitting((w, [rows[0][:4], b[1], b[2]]), counts) is None
    # biases of two layers of one width stay two, where they are lists of numbers
    listed = fitting(plain(([one.tolist() for one in w], [one.tolist() for one in b]), Seen()), counts)
    assert listed is not None
    assert [one.shape for one in listed[0][1]] == [(3,), (3,), (2,)]
    assert [one.shape for one in listed[0][0]] == [(3, 4), (3, 3), (2, 3)]


def test_buffers_that_go_on_changing_are_copied_at_once() -> None:
    kept = np.zeros(35)

    def gradients(weights: Any, biases: Any, x: Any, y: Any) -> Any:
        kept[:] += 1
        return kept

    found, _ = called(gradients)
    assert found[0].returned[0] + 1 == found[0].again[0]
