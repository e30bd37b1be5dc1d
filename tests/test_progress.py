"""What training shows: one line that never wraps on a terminal, one plain line an epoch elsewhere, or nothing."""

from __future__ import annotations

import io
import re
import sys
import time
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from backlit import Network, UsageError, progress as room
from backlit.progress import Bar, Lines, Silent, as_progress, summary

RECORD = {
    "epoch": 3, "eta": 0.1, "cost": 0.0312, "objective": 0.0312, "training_cost": 0.03, "training_accuracy": 0.9812,
    "validation_cost": 0.04, "validation_accuracy": 0.961, "f1": 0.95, "seconds": 0.5, "examples_per_second": 123456.7,
}  # fmt: skip
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def drawn(
    monkeypatch: pytest.MonkeyPatch, width: int, record: dict[str, Any] | None, **words: Any
) -> tuple[str, list[str]]:
    """Everything that a terminal of that width got, and the last state of each line without escape codes."""
    monkeypatch.setattr(room, "_EVERY", 0.0)
    screen = io.StringIO()
    bar = Bar(Console(file=screen, force_terminal=True, width=width, legacy_windows=False, **words))
    bar.start(30, 50_000, 2.0)
    time.sleep(0.01)
    bar.advance(3, 12_000, 0.0333)
    if record is not None:
        bar.epoch(record)
        bar.advance(4, 100, 0.03)
    bar.close()
    lines = [part for part in re.split(r"[\r\n]+", ESCAPE.sub("", screen.getvalue())) if part.strip()]
    return screen.getvalue(), lines


@pytest.mark.parametrize("width", [40, 60, 80, 100, 132, 200])
@pytest.mark.parametrize(
    "record", [None, RECORD, {key: RECORD[key] for key in ("epoch", "cost", "objective")}]
)
def test_it_is_one_line_at_every_width(monkeypatch: pytest.MonkeyPatch, width: int, record: Any) -> None:
    screen, lines = drawn(monkeypatch, width, record)
    assert max(cell_len(line) for line in lines) <= width
    assert all("3/30" in line or "4/30" in line for line in lines)
    assert "\n" not in ESCAPE.sub("", screen).strip("\r\n")
    assert not any("…" in line for line in lines)


def test_what_it_shows_on_a_wide_terminal_and_on_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    last = drawn(monkeypatch, 200, RECORD)[1][-1]
    for part in (
        "epoch 4/30", "cost 0.03000", "validation 0.04000", "accuracy 98.12% / validation 96.10%", "f1 0.9500",
        "examples/s", " left",
    ):  # fmt: skip
        assert part in last
    narrow = drawn(monkeypatch, 80, RECORD)[1][-1]
    for part in ("4/30", "cost 0.03000", "accuracy 98.1/96.1%", " ex/s", " left"):
        assert part in narrow
    only = {key: RECORD[key] for key in ("epoch", "cost", "objective", "training_accuracy")}
    assert "accuracy 98.12%" in drawn(monkeypatch, 160, only)[1][-1]
    assert "accuracy 98.1% ·" in drawn(monkeypatch, 60, only)[1][-1]
    held_out = {
        key: RECORD[key] for key in ("epoch", "cost", "objective", "validation_cost", "validation_accuracy")
    }
    assert "validation accuracy 96.10%" in drawn(monkeypatch, 160, held_out)[1][-1]


def test_no_color_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    screen, _ = drawn(monkeypatch, 80, RECORD)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9][0-9;]*m|38;", screen)


def test_speed_and_time_left_are_sane_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(room.time, "perf_counter", lambda: now[0])
    screen = io.StringIO()
    bar = Bar(Console(file=screen, force_terminal=True, width=150, legacy_windows=False))
    bar.start(10, 1000, 4.5)  # resumed in the middle: what was done before is no speed
    bar.advance(5, 501, 0.5)
    assert "examples/s" not in screen.getvalue()  # too early to say
    now[0] += 0.5
    bar.advance(5, 600, 0.5)
    first = ESCAPE.sub("", screen.getvalue())
    assert "200 examples/s" in first
    assert "0:27 left" in first
    now[0] += 0.5
    bar.advance(5, 700, 0.5)
    bar.close()
    assert set(re.findall(r"([\d,]+) examples/s", ESCAPE.sub("", screen.getvalue()))) == {"200"}


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0:00"), (59.6, "1:00"), (754, "12:34"), (11100, "3:05:00")]
)
def test_clocks(seconds: float, said: str) -> None:
    assert room._clock(seconds) == said


def fit(**more: Any) -> None:
    x = np.random.default_rng(0).normal(size=(20, 2))
    Network([2, 2], activations="identity").fit(x, x, epochs=2, **more)


def test_in_a_pipe_it_is_a_plain_line_an_epoch(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    for name in ("FORCE_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    fit(validation=0.2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "\x1b" not in err
    assert "\r" not in err
    lines = err.splitlines()
    assert len(lines) == 2
    assert re.fullmatch(r"epoch 2 of 2 · cost \S+ · validation cost \S+ · [\d,]+ examples/s", lines[1])


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    fit(progress=False)
    assert capsys.readouterr() == ("", "")


def test_which_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for name in ("FORCE_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    assert isinstance(as_progress(False), Silent)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(as_progress(None), Lines)
    assert isinstance(as_progress(True), Lines)
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(as_progress(None), Bar)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(as_progress(None), Lines)
    own = Silent()
    assert as_progress(own) is own
    with pytest.raises(
        UsageError, match="progress is True, False, None, or an object with start, advance, epoch and"
    ):
        as_progress("yes")


def test_training_tells_all_that_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    class Mine(Silent):
        def start(self, epochs: int, examples: int, done: float) -> None:
            told.append(("start", epochs, examples, done))

        def advance(self, epoch: int, examples: int, cost: float) -> None:
            told.append(("advance", epoch, examples))
            assert np.isfinite(cost)

        def epoch(self, record: dict[str, Any]) -> None:
            told.append(("epoch", record["epoch"]))

        def close(self) -> None:
            told.append(("close",))

    fit(progress=Mine(), batch_size=8)
    assert told[0] == ("start", 2, 20, 0.0)
    assert told[-1] == ("close",)
    assert ("advance", 1, 20) in told
    assert told.index(("epoch", 1)) < told.index(("epoch", 2)) == len(told) - 2


def test_the_summary_leaves_out_what_says_nothing() -> None:
    assert summary(RECORD) == (
        "cost 0.03120 · training cost 0.03000 · training accuracy 98.12% · validation cost 0.04000 · "
        "validation accuracy 96.10% · f1 0.9500"
    )
    assert summary({"epoch": 1, "cost": 1.0, "objective": 2.0}) == "cost 1.000 · objective 2.000"
