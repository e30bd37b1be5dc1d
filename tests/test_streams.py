"""Streams whose reader is gone: nothing is raised, and what can be written is."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from backlit import Network
from backlit.streams import Lasting, lasting_stderr, send_nowhere


class Broken(io.StringIO):
    """A stream that fails after so many writes."""

    def __init__(self, good: int, reason: Exception) -> None:
        super().__init__()
        self.good, self.reason = good, reason

    def write(self, text: str) -> int:
        self.good -= 1
        if self.good < 0:
            raise self.reason
        return super().write(text)

    def isatty(self) -> bool:
        return True


def test_it_is_the_stream_as_long_as_that_can_be_written() -> None:
    inner = Broken(1, BrokenPipeError())
    stream = Lasting(inner)
    assert stream.write("one") == 3
    assert stream.write("two") == 3
    stream.flush()
    assert inner.getvalue() == "one"
    assert stream.isatty()


def test_a_stream_that_is_closed_or_never_was() -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (Lasting(closed), Lasting(None)):
        print("nobody hears this", file=stream, flush=True)


def test_a_pipe_whose_reader_is_gone_is_turned_away() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        stream = Lasting(pipe)
        print("lost", file=stream, flush=True)
        print("lost, too, and nothing fails, not even closing", file=stream, flush=True)


def test_nowhere(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w") as file:
        assert send_nowhere(file)
        file.write("lost")
    assert (tmp_path / "a").read_text() == ""
    assert not send_nowhere(io.StringIO())


def test_stderr_is_wrapped_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = lasting_stderr()
    monkeypatch.setattr("sys.stderr", stream)
    assert lasting_stderr() is stream


@pytest.mark.parametrize(
    "reason", [BrokenPipeError(), OSError(5, "Input/output error"), ValueError("closed")]
)
@pytest.mark.parametrize("terminal", [False, True])
def test_training_goes_on_without_its_reader(
    monkeypatch: pytest.MonkeyPatch, reason: Exception, terminal: bool, rng: Any
) -> None:
    stream = Broken(2, reason)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("backlit.progress._EVERY", 0.0)
    monkeypatch.setattr(Console, "is_terminal", terminal)
    net = Network([3, 2])
    history = net.fit(rng.normal(size=(20, 3)), np.eye(2)[np.arange(20) % 2], epochs=5)
    assert len(history) == 5
    assert stream.getvalue()
