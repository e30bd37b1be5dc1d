"""The program as a whole: help, its speed, the docs, ``data``, streams, terminals, and what our own mistakes show."""

from __future__ import annotations

import itertools
import os
import pty
import re
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

import backlit as library
from backlit.cli import main
from backlit.cli.app import command

from .conftest import Backlit, flowers

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(library.__file__).parents[1])}
sys.path.insert(0, str(ROOT / "docs"))
import make_cli  # noqa: E402 (docs/ is no package)

COMMANDS = [path for path, _, _ in make_cli.walk(command())]


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backlit", *arguments],
        capture_output=True, text=True, encoding="utf-8", env=ENVIRONMENT, timeout=120, check=False, **options,
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- help


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_help_with_examples(
    backlit: Backlit, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = backlit(*path.split()[1:], "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: {path} ")
    assert f"Examples:\n  {path}" in done.out
    for line in done.out.split("Examples:")[0].splitlines():
        assert len(line) <= 80


def test_every_option_says_what_it_does() -> None:
    for path, _, options in make_cli.walk(command()):
        for name in options:
            assert name in (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), f"{path} {name}"
    text = make_cli.helps()["backlit train"]
    for line in re.findall(r"^  --\S+.*$", text, re.MULTILINE):
        assert len(line.split()) > 1


def test_the_examples_of_the_help_are_command_lines() -> None:
    """Each names a command and options that exist."""
    known = {path: options for path, _, options in make_cli.walk(command())}
    seen = 0
    for text in make_cli.helps().values():
        for line in re.findall(r"^  (backlit \S.*)$", text.split("Examples:")[1], re.MULTILINE):
            words = line.split()
            if "COMMAND" in words:
                continue
            path = max((one for one in known if line.startswith(one)), key=len)
            assert path != "backlit"
            for word in words:
                if word.startswith("--"):
                    assert word in known[path], line
            seen += 1
    assert seen > 12


def test_the_docs_are_what_the_program_says(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "docs" / "make_cli.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    changed = page.replace("--held-out PART", "--held-in PART")
    assert changed != page
    assert make_cli.page(changed) == page
    with pytest.raises(SystemExit, match="backlit predict"):
        make_cli.page(page.replace("<!-- help: backlit predict -->", ""))


def test_every_schema_is_documented() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/backlit/cli").glob("*.py"))
    schemas = set(re.findall(r'(?:emit|document)\(\s*"([\w-]+/\d+)"', sources))
    assert len(schemas) == 18
    assert schemas == set(re.findall(r"`backlit\.([\w-]+/\d+)`", page))


def test_the_version(backlit: Backlit) -> None:
    assert backlit("--version").out == f"backlit {library.__version__}\n"


@pytest.mark.slow
def test_help_is_there_at_once() -> None:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert run("--help").returncode == 0
        times.append(time.perf_counter() - start)
    assert min(times) < 0.8


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from backlit.cli import main; main(['train', '--help']); print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert loaded & {"numpy", "scipy", "sklearn", "rich", "matplotlib", "PIL", "safetensors"} == set()


# --------------------------------------------------------------------------------------------------------------- data


def test_data_list(backlit: Backlit) -> None:
    told = backlit("data", "list", "--json").json
    assert told["schema"] == "backlit.data-list/1"
    names = [one["name"] for one in told["sets"]]
    assert names == library.data.names()
    done = backlit("data", "list")
    assert all(any(line.startswith(name) for line in done.out.splitlines()) for name in names)


def test_data_show_draws_images(backlit: Backlit) -> None:
    done = backlit("data", "show", "digits", "--limit", "4")
    assert done.code == 0
    assert "1,797 examples, 8 × 8 pixels" in done.out
    assert re.search(r'0: "0" +1: "1" +2: "2" +3: "3"', done.out)
    assert "█" in done.out
    told = backlit("data", "show", "digits", "--limit", "2", "--json").json
    assert told["schema"] == "backlit.data-show/1"
    assert [one["target"] for one in told["examples"]] == [0, 1]
    assert len(told["examples"][0]["inputs"]) == 64


def test_data_show_tables(backlit: Backlit, here: Path) -> None:
    flowers(here / "flowers.csv")
    done = backlit("data", "show", "flowers.csv", "--limit", "3")
    assert done.code == 0
    assert "150 examples, 6 columns" in done.out
    assert "blue (75), violet (75)" in done.out
    named = backlit("data", "show", "flowers.csv", "--target", "species", "--limit", "3")
    assert "target species, classes: setosa (50), versicolor (50), virginica (50)" in named.out
    (here / "gaps.csv").write_text("a,y\n1,0.5\n,0.7\n3,1.25\n", encoding="utf-8")
    gaps = backlit("data", "show", "gaps.csv", "--json")
    assert [one["inputs"] for one in gaps.json["examples"]][1][0] is None
    assert backlit("data", "show", "gaps.csv").code == 0
    assert max(map(len, backlit("data", "show", "breast_cancer").out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "code"), [(["nowhere.csv"], 3), (["digitz"], 3), (["iris", "--limit", "0"], 2), ([], 2)]
)
def test_data_show_refuses(backlit: Backlit, arguments: list[str], code: int) -> None:
    done = backlit("data", "show", *arguments)
    assert done.code == code
    assert len(done.err.splitlines()) == 1


# ------------------------------------------------------------------------------------------------ streams and terminals


def test_a_reader_that_went_away_is_no_matter() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "backlit", "data", "list"],
        stdout=writer, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, timeout=60, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("stdout_too", [False, True])
def test_progress_that_nobody_reads_costs_no_model(tmp_path: Path, stdout_too: bool) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "backlit", "train", "iris", "--epochs", "3", "--out", "m.safetensors"],
        stdout=writer if stdout_too else subprocess.PIPE, stderr=writer,
        cwd=tmp_path, text=True, encoding="utf-8", env=ENVIRONMENT, timeout=60, check=False,
    )  # fmt: skip
    os.close(writer)
    assert done.returncode == (141 if stdout_too else 0)
    assert stdout_too or "Saved to m.safetensors. Next:" in done.stdout
    assert library.load(tmp_path / "m.safetensors").training["epochs"] == 3


def test_a_closed_stderr_is_not_written_elsewhere(tmp_path: Path) -> None:
    command = f"{sys.executable} -m backlit train iris --epochs 3 --out m.safetensors 2>&-"
    done = subprocess.run(
        ["sh", "-c", command],
        stdout=subprocess.PIPE, cwd=tmp_path, text=True, encoding="utf-8", env=ENVIRONMENT, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "epoch 1 of 3" not in done.stdout
    assert "Saved to m.safetensors. Next:" in done.stdout


def test_a_terminal_that_knows_ascii_only() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "backlit", "data", "show", "digits", "--limit", "1"],
        capture_output=True, env={**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"8 ? 8 pixels" in done.stdout


def on_a_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What a command shows on a terminal of 80 columns."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "backlit", *arguments],
        cwd=folder, stdin=child, stdout=child, stderr=child,
        env={**ENVIRONMENT, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environment},
    )  # fmt: skip
    os.close(child)
    shown = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:  # how Linux says that the terminal was closed
            break
        if not part:
            break
        shown += part
    os.close(parent)
    assert process.wait(timeout=60) == 0, shown.decode()
    return shown.decode()


def test_a_live_line_and_half_blocks_on_a_terminal(tmp_path: Path) -> None:
    trained = on_a_terminal(tmp_path, "train", "digits", "--epochs", "60", "--out", "d.safetensors")
    assert "━" in trained
    assert "examples are right" in trained
    assert "epoch 1 of" not in trained
    drawn = on_a_terminal(tmp_path, "predict", "d.safetensors", "digits", "--limit", "2", "--draw")
    assert "▀" in drawn
    assert "\x1b[38;5;" in drawn
    plain = on_a_terminal(
        tmp_path, "predict", "d.safetensors", "digits", "--limit", "2", "--draw", NO_COLOR="1"
    )
    assert "\x1b[" not in plain
    assert "█" in plain
    for line in plain.splitlines():
        assert len(line) <= 80


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("train", "--help"),
        ("data", "list"),
        ("data", "show", "digits"),
        ("data", "show", "iris"),
        ("train", "digits", "--epochs", "2", "--monitors", "all"),
        ("train", "iris", "--epochs", "1", "--eta", "1e-9"),
    ],
    ids=" ".join,
)
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    shown = re.sub(
        r"\x1b\[[0-9;?]*[A-Za-z]", "", on_a_terminal(tmp_path, *arguments, COLUMNS="60", NO_COLOR="1")
    )
    assert not [line for line in re.split(r"[\r\n]+", shown) if len(line) > 60]


def test_long_examples_are_broken_as_a_shell_takes_them(
    backlit: Backlit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    lines = backlit("train", "--help").out.split("Examples:\n")[1].split("\n\n")[0].splitlines()
    for line, after in itertools.pairwise(lines):
        assert line.endswith(" \\") == after.startswith("      --")
    assert [line for line in lines if not line.startswith("      ")] == [
        line for line in lines if line.startswith("  backlit train ")
    ]


def test_our_own_mistakes_show_their_traceback(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr("backlit.pipeline.train", broken)
    with pytest.raises(ZeroDivisionError, match="a mistake of ours"):
        main(["train", "iris"])


def test_notes_are_said_once_and_other_warnings_stay(
    backlit: Backlit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warn(*_: object, **__: object) -> None:
        for _i in range(3):
            warnings.warn("look at this", library.BacklitWarning, stacklevel=1)
        raise library.DataError("and\nthat")

    monkeypatch.setattr("backlit.pipeline.train", warn)
    done = backlit("train", "iris")
    assert done.err.splitlines() == ["backlit: note: look at this", "backlit: error: and that"]


def test_python_m_backlit() -> None:
    done = run("train", "digitz")
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("backlit: error: ")
    assert len(done.stderr.splitlines()) == 1
