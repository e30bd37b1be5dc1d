"""Ctrl-C: the first ends a run where its state is whole, the second ends everything; other threads are left alone."""

from __future__ import annotations

import os
import signal
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import Network, checkpoints
from backlit.interrupt import Interrupt

STORY = """
    import sys
    import numpy as np
    from backlit import Network
    x = np.random.default_rng(0).normal(size=(400, 8))
    y = (x[:, 0] > 0).astype(int)
    net = Network([8, 16, 2], activations=["tanh", "softmax"], cost="cross_entropy", seed=0)
    def say(event):
        if event.epoch == 3:
            print("running", flush=True)
        {callback}
    history = net.fit(x, y, epochs=10**6, eta=0.01, callbacks=say, checkpoint=sys.argv[1] + ".checkpoint")
    net.save(sys.argv[1])
    print(history.stop_reason, len(history), flush=True)
"""


def story(callback: str = "pass") -> str:
    return textwrap.dedent(STORY).format(callback=callback)


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_ctrl_c_in_a_real_process_leaves_a_model_and_a_checkpoint(python: Any, tmp_path: Path) -> None:
    out = tmp_path / "model"
    running = python(story(), str(out))
    running.send_signal(signal.SIGINT)
    said, errors = running.communicate(timeout=30)
    assert running.returncode == 0, errors
    assert said.startswith("interrupted ")
    assert "Traceback" not in errors
    net = backlit.load(out)
    assert net.training["stop_reason"] == "interrupted"
    x = np.random.default_rng(0).normal(size=(400, 8))
    y = (x[:, 0] > 0).astype(int)
    saved = checkpoints.load(f"{out}.checkpoint")
    assert saved.net.theta.tobytes() == net.theta.tobytes()
    assert saved.epoch == net.training["epochs"] >= 3

    def enough(event: Any) -> None:
        if event.epoch >= saved.epoch + 2:
            event.stop("enough")

    history = net.fit(x, y, resume=f"{out}.checkpoint", progress=False, callbacks=enough)
    assert (len(history), history.stop_reason) == (saved.epoch + 2, "enough")
    assert not Path(f"{out}.checkpoint").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_a_second_ctrl_c_ends_everything(python: Any, tmp_path: Path) -> None:
    hang = "import os, signal; os.kill(os.getpid(), signal.SIGINT); os.kill(os.getpid(), signal.SIGINT)"
    running = python(story(f"event.epoch == 3 and exec({hang!r})"), str(tmp_path / "model"))
    _, errors = running.communicate(timeout=30)
    assert running.returncode != 0
    assert "KeyboardInterrupt" in errors
    assert not (tmp_path / "model").exists()


def test_the_first_is_a_wish_and_the_second_what_it_was_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupt() as interrupt:
        assert not interrupt.requested
        signal.raise_signal(signal.SIGINT)
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_whatever_happens_the_handler_is_put_back() -> None:
    def own(number: int, frame: Any) -> None: ...

    before = signal.signal(signal.SIGINT, own)
    try:
        with pytest.raises(ValueError, match="mine"), Interrupt():
            raise ValueError("mine")
        assert signal.getsignal(signal.SIGINT) is own
        with Interrupt() as outer:
            with Interrupt() as inner:
                signal.raise_signal(signal.SIGINT)
            assert (inner.requested, outer.requested) == (True, False)
            signal.raise_signal(signal.SIGINT)
            assert outer.requested
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)


def test_where_ctrl_c_is_ignored_it_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert not interrupt.requested
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_the_main_thread_nothing_is_touched() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[Any] = []

    def run() -> None:
        with Interrupt() as interrupt:
            seen.append((signal.getsignal(signal.SIGINT) is before, interrupt.requested))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [(True, False)]


def test_what_is_said_where_there_is_no_checkpoint(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).normal(size=(20, 2))

    def stop(event: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    for more, said in (
        ({}, "the last weights so far are kept"),
        ({"validation": (x, x)}, "the best weights so far"),
    ):
        history = Network([2, 2], activations="identity").fit(x, x, callbacks=stop, progress=None, **more)
        assert (len(history), history.stop_reason) == (1, "interrupted")
        assert said in capsys.readouterr().err
    Network([2, 2], activations="identity").fit(x, x, callbacks=stop, progress=False)
    assert capsys.readouterr().err == ""


def test_ctrl_c_in_the_last_epoch_is_an_ordinary_end() -> None:
    x = np.zeros((4, 2))
    net = Network([2, 2], activations="identity")
    history = net.fit(
        x, x, epochs=1, progress=False, callbacks=lambda event: signal.raise_signal(signal.SIGINT)
    )
    assert history.stop_reason == "all epochs done"
