"""Functions of a file run in a process of their own: whatever that process does, calls and findings come out of it."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import Network
from backlit.verify.calling import exchange, runner
from backlit.verify.calling.calls import Call, Style, calls
from backlit.verify.calling.judge import judge
from backlit.verify.calling.outcome import trouble
from backlit.verify.calling.runner import limits, run_file
from backlit.verify.finding import Finding

from .users import HOSTILE, NOTES, TROUBLES, hostile, small

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")


def ran(file: str | Path, name: str, **more: Any) -> tuple[list[Call], tuple[Finding, ...]]:
    net, X, Y = small()
    return run_file(HOSTILE / file, name, net, X, Y, **{"seconds": 10.0, **more})


def whole(finding: Finding) -> str:
    return " | ".join((finding.title, finding.yours, finding.evidence, finding.why))


def only(answer: tuple[list[Call], tuple[Finding, ...]]) -> Finding:
    found, troubles = answer
    assert not found
    (one,) = troubles
    assert one.kind == "trouble"
    return one


@pytest.mark.parametrize("name", ["one", "by_dict", "Network.backprop"])
def test_a_file_gives_the_calls_that_its_function_gives_here(name: str) -> None:
    net, X, Y = small()
    found, troubles = ran("layouts.py", name)
    assert troubles == ()
    report = judge(net, X, Y, found, troubles, "gradient", {})
    assert report.right, str(report)
    if "." in name:
        return
    here, _ = calls(getattr(hostile("layouts"), name), net, X, Y)
    assert [one.style for one in found] == [one.style for one in here]
    assert repr(found[0].returned) == repr(here[0].returned)
    assert repr((found[0].again, found[0].earlier)) == repr((here[0].again, here[0].earlier))
    assert [one.mistake for one in found[0].troubles] == [one.mistake for one in here[0].troubles]


def test_tensors_pass_through_the_limit_of_memory() -> None:
    pytest.importorskip("torch")
    found, troubles = ran("tensors.py", "gradients", seconds=20.0)
    assert troubles == ()
    assert found[0].style == Style()


@posix
@pytest.mark.parametrize(
    "name",
    [
        "raises", "hangs_and_catches", "weights_only", "returns_none", "returns_nan", "returns_text", "recurses",
        "exits", "asks", "takes_memory",
    ],
)  # fmt: skip
def test_what_a_function_of_a_file_does_wrong_is_said_in_plain_words(name: str) -> None:
    one = only(ran("misbehaves.py", name, seconds=0.8 if "hang" in name else 10.0))
    assert one.mistake == TROUBLES[name]["id"]
    for words in (name, *TROUBLES[name]["says"]):
        assert words in whole(one), whole(one)


@pytest.mark.parametrize("name", ["prints_much", "changes_x", "returns_integers", "generates"])
def test_what_should_be_known_comes_back(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    found, _ = ran("misbehaves.py", name)
    noted = {one.mistake: one.title for one in found[0].troubles}
    assert NOTES[name][1] in noted[NOTES[name][0]]
    assert capfd.readouterr() == ("", "")


@posix
def test_a_process_that_ends_itself_or_crashes_is_said_to() -> None:
    ended = only(ran("misbehaves.py", "ends_the_process"))
    assert ended.mistake == "trouble-died"
    assert "ends_the_process ended its process with exit code 3" in ended.title
    crashed = only(ran("misbehaves.py", "crashes"))
    assert crashed.mistake == "trouble-died"
    assert "segmentation fault" in crashed.title
    assert re.search(r"misbehaves.py, line \d+", crashed.evidence)


@posix
def test_what_cannot_be_interrupted_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_START", 1.5)
    began = time.perf_counter()
    one = only(ran("misbehaves.py", "cannot_be_interrupted", seconds=0.3))
    assert time.perf_counter() - began < 5
    assert one.mistake == "trouble-hung"
    assert "could not be interrupted" in one.title


@posix
def test_processes_that_it_starts_end_with_it() -> None:
    found, _ = ran("misbehaves.py", "leaves_a_process")
    pids = [int(one) for one in re.findall(r"child (\d+)", found[0].printed)]
    assert pids
    deadline = time.monotonic() + 5
    while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in pids)


def _alive(pid: int) -> bool:
    """Whether it runs: one that has ended and waits for its parent does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.parametrize(
    ("file", "mistake", "words"),
    [
        (
            "needs_a_module.py",
            "trouble-file",
            ["ModuleNotFoundError, line 3", "a_module_that_nobody_has", "install it"],
        ),
        ("exits_at_once.py", "trouble-file", ["ends the program while it is imported, line 5", "__main__"]),
        ("trains_at_once.py", "trouble-hung", ["did not end within 1 seconds", "at line", "__main__"]),
    ],
)
def test_a_file_that_fails_while_it_is_imported(file: str, mistake: str, words: list[str]) -> None:
    one = only(ran(file, "gradients", seconds=1.0))
    assert one.mistake == mistake
    for some in (file, *words):
        assert some in whole(one), whole(one)


def test_a_file_that_is_no_python(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def gradients(weights, biases, x, y):\n    return dw, db)\n", encoding="utf-8")
    one = only(ran(bad, "gradients"))
    assert one.mistake == "trouble-file"
    assert "bad.py doesn't parse: unmatched ')', line 2" in one.title
    assert one.yours == "return dw, db)"
    for content in (b"\xff\xfe\x00", b"# coding: nothing\n"):
        bad.write_bytes(content)
        assert only(ran(bad, "gradients")).mistake == "trouble-file"


def test_a_name_that_is_not_there_or_is_no_function() -> None:
    missing = only(ran("layouts.py", "row"))
    assert missing.mistake == "trouble-function"
    assert "layouts.py has no function 'row'; did you mean rows?" in missing.title
    assert "rows, rows_in_out, columns" in missing.evidence
    a_class = only(ran("layouts.py", "Network"))
    assert "is a class; name the method" in a_class.title
    assert "backprop" in a_class.evidence
    assert "layouts.py:Network.backprop" in a_class.why
    assert "is no function but of type list" in only(ran("misbehaves.py", "NOT_A_FUNCTION")).title


def test_a_file_may_have_the_name_of_a_module_and_its_guard_is_not_run() -> None:
    found, troubles = ran("random.py", "gradients")
    assert troubles == ()
    assert found


def test_an_adapter_is_called_instead() -> None:
    assert ran("layouts.py", "needs_a_cache", adapter="adapted")[0]


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(HOSTILE / "layouts.py", tmp_path)
    shutil.copy(HOSTILE / "random.py", tmp_path / "mine.py")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    assert ran(tmp_path / "mine.py", "gradients")[0]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["layouts.py", "mine.py", "scratch"]
    assert list(scratch.iterdir()) == []


def test_what_is_known_travels_and_functions_of_ones_own_stay_at_home(tmp_path: Path) -> None:
    path = tmp_path / "tells.py"
    path.write_text(
        textwrap.dedent("""
        import os
        def gradients(weights, biases, x, y, eta, l2, masks, activations, net):
            print([eta, l2, masks[1].tolist(), masks[0], activations, len(x), net.L, os.getcwd()])
            return weights + biases
        """),
        encoding="utf-8",
    )
    own = Network(
        [2, 2, 1], activations=[(lambda z: z, lambda z: 1 + 0 * z), "tanh"], cost="half_squared_error"
    )
    X, Y = np.ones((3, 2)), np.zeros((3, 1))
    masks = [None, np.array([[0, 2.0]] * 3), None]
    found, troubles = run_file(
        path,
        "gradients",
        own,
        X,
        Y,
        extra={"eta": 0.25, "l2": 0.5, "masks": masks, "previous": (X[:2], Y[:2])},
    )
    assert troubles == ()
    printed = f"[0.25, 0.5, {masks[1].tolist()}, None, ['sigmoid', 'tanh'], 3, 2, {str(tmp_path)!r}]"
    assert found[0].printed.strip() == printed
    flat = np.concatenate([one.ravel() for one in found[0].returned])
    assert np.array_equal(np.sort(flat), np.sort(own.theta))


def test_calls_are_written_and_read_back_to_the_bit(tmp_path: Path) -> None:
    returned = {
        "dW": [np.array([[0.1, -0.0], [1e-300, np.pi]]), np.float32([1 / 3])],
        1: (0.1 + 0.2, None, [], {}),
        "empty": np.zeros((0, 3)),
    }
    note = trouble("trouble-printed", "it prints: “σ′”", why="so", evidence="e", yours="y")
    call = Call(
        Style("in_out", "one_column", "column", True), returned, None, [1.0], "printed σ", (note,), 0.5
    )
    exchange.write_call(tmp_path, 0, call)
    (back,) = exchange.read_calls(tmp_path)
    assert repr(back) == repr(call)
    assert back.returned["dW"][0].tobytes() == returned["dW"][0].tobytes()
    assert back.returned[1][0] == 0.1 + 0.2
    assert back.returned["dW"][1].dtype == np.float32
    exchange.write_call(tmp_path, 1, call)
    (tmp_path / "call-0.json").unlink()
    assert exchange.read_calls(tmp_path) == []
    assert exchange.read_result(tmp_path) is None


def test_calls_that_worked_are_kept_where_the_process_ends_in_a_later_layout(tmp_path: Path) -> None:
    path = tmp_path / "later.py"
    path.write_text(
        "import os\nfrom layouts import rows\n"
        "def gradients(weights, biases, x, y):\n"
        "    if x.ndim == 1: os._exit(9)\n"
        "    return rows(weights, biases, x, y)\n",
        encoding="utf-8",
    )
    shutil.copy(HOSTILE / "layouts.py", tmp_path)
    found, troubles = ran(path, "gradients")
    assert [one.style for one in found] == [Style()]
    assert troubles == ()


def test_the_bounds_are_told() -> None:
    assert limits(20.0, None) == "in a process of its own, for at most 20 seconds"
    if sys.platform.startswith("linux"):
        assert limits(7.0) == "in a process of its own, for at most 7 seconds and 2 GiB of memory"
