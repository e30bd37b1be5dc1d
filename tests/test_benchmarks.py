"""The benchmarks run, their peers compute the same as Backlit, and one that doesn't is caught."""

from __future__ import annotations

import dataclasses
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit.engines import ENGINES

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = ROOT / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="benchmarks/ is not in the source archive")
needs_engine = pytest.mark.skipif("cpu" not in ENGINES, reason="the native engine was not built here")


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The benchmarks' modules by name; they import one another from their own folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.fixture
def small(parts: Any) -> Any:
    """A work of a few steps, on generated rows."""
    work = next(work for work in parts("works").WORKS if work.key == "sgd-32-16")
    return dataclasses.replace(work.quick(), rows=4 * work.batch)


def test_the_works_are_those_of_the_issue_and_their_batches_have_no_remainder(parts: Any) -> None:
    works = parts("works").WORKS
    assert len({work.key for work in works}) == len(works) == 10
    for work in works:
        assert work.rows % work.batch == 0, work.key
        assert work.quick().rows % work.batch == 0, work.key


def test_every_module_that_is_named_as_a_peer_is_there(parts: Any) -> None:
    for entry in parts("peers").PEERS:
        assert (BENCHMARKS / f"{entry.module.replace('.', '/')}.py").is_file(), entry.name


def test_every_work_has_backlit_and_names_of_its_peers_once(parts: Any) -> None:
    for work in parts("works").WORKS:
        names = [entry.name for entry in parts("peers").entries(work)]
        assert names[0] == "backlit", work.key
        assert len(names) == len(set(names)), work.key


@needs_engine
@pytest.mark.slow
def test_numpy_reaches_the_cost_that_backlit_reaches(parts: Any, small: Any) -> None:
    row = parts("compare").compare(small, 2, only=["backlit", "numpy"])
    costs = {name: one["cost"] for name, one in row["peers"].items()}
    assert costs["numpy"] == pytest.approx(costs["backlit"], rel=1e-5)
    assert all(one["microseconds"] > 0 and len(one["turns"]) == 2 for one in row["peers"].values())


@needs_engine
@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 1.1, 0.0])
def test_a_peer_with_another_step_is_caught(
    parts: Any, small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    entries = [one for one in parts("peers").entries(small) if one.name in ("backlit", "numpy")]
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "planted.py").write_text(
        "import dataclasses\n"
        "from peers.numpy_dense import VERSION, NumpyDense\n"
        "def build(task, threads):\n"
        f"    task.work = dataclasses.replace(task.work, eta={share} * task.work.eta)\n"
        "    return NumpyDense(task)\n",
        encoding="utf-8",
    )
    compare = parts("compare")
    wrong = dataclasses.replace(entries[1], name="planted", module="planted")
    with pytest.raises(compare.PeersDisagreeError, match="planted after one epoch has the cost"):
        compare.compare(small, 1, chosen=[entries[0], wrong])


@needs_engine
@pytest.mark.slow
def test_a_peer_that_breaks_down_or_is_not_installed_is_told(parts: Any, small: Any, capsys: Any) -> None:
    first, other = parts("peers").entries(small)[:2]
    compare = parts("compare")
    row = compare.compare(small, 1, chosen=[first, dataclasses.replace(other, module="peers.not_there")])
    assert list(row["peers"]) == ["backlit"]
    assert "numpy: left out, peers.not_there is not installed" in capsys.readouterr().out
    with pytest.raises(
        compare.PeerError, match=r"numpy ended early[\s\S]*unexpected keyword argument 'much'"
    ):
        compare.compare(small, 1, chosen=[first, dataclasses.replace(other, options={"much": 1})])


def test_ratios_are_of_the_fastest_peer_meant(parts: Any) -> None:
    report, peers = (
        parts("report"),
        {"backlit": 11.0, "backlit-float32": 10.0, "numpy": 40.0, "scikit-learn": 300.0},
    )
    row = {
        "work": {"at_least": [["scikit-learn", 20], ["", 3], ["torch", 25]], "aim": [["", 8]]},
        "peers": {name: {"microseconds": number} for name, number in peers.items()},
    }
    found = [(one["against"], one["ratio"], one["at_least"], one["aim"]) for one in report.ratios(row)]
    assert found == [("scikit-learn", 30.0, 20, None), ("numpy", 4.0, 3, 8)]


def test_the_document_keeps_its_words_around_the_figures(
    parts: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = parts("report")
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    monkeypatch.setattr(report, "DOCUMENT", tmp_path / "benchmarks.md")
    report.DOCUMENT.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    report.keep("threads", {"label": "8-8-2", "one": 2000.0, "two": 1000.0, "ratio": 2.0}, quick=False)
    report.keep("threads", {}, quick=True)
    for _ in range(2):
        report.write_document()
        text = report.DOCUMENT.read_text(encoding="utf-8")
        assert text.startswith(f"before\n{report.BEGIN}\nMeasured ")
        assert text.endswith(f"\n{report.END}\nafter\n")
        assert "8-8-2: 2,000 µs a step on one thread, 1,000 on two: 2.00 ×" in text
        assert "old" not in text


def test_an_exponent_is_found(parts: Any) -> None:
    sizes = [10, 20, 40, 80]
    assert parts("growth").exponent(sizes, [3 * size**1.5 for size in sizes]) == pytest.approx(1.5)


def test_text_has_the_density_and_the_lengths_that_the_page_says(parts: Any) -> None:
    works, tasks = parts("works"), parts("tasks")
    work = next(work for work in works.WORKS if work.data == "text")
    inputs, targets = tasks._text(dataclasses.replace(work, rows=640))
    assert inputs.shape == (640, 20_000)
    assert inputs.nnz / np.prod(inputs.shape) == pytest.approx(0.005, rel=0.05)
    assert np.sqrt((inputs.multiply(inputs)).sum(axis=1)) == pytest.approx(1, abs=1e-5)
    assert targets.sum(axis=1) == pytest.approx(1)


def test_the_front_door_names_its_parts() -> None:
    command = [sys.executable, str(BENCHMARKS / "run.py"), "speed"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "unknown part speed; known: peak, table, whole" in done.stderr


@needs_engine
@pytest.mark.slow
def test_a_row_is_measured_from_the_front_door(tmp_path: Path) -> None:
    command = [sys.executable, "run.py", "table", "--quick", "--works", "sgd-32-16", "--peers", "numpy"]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "numpy " in done.stdout
    kept = json.loads((ROOT / "build" / "bench" / "quick.json").read_text(encoding="utf-8"))
    assert set(kept["works"]["sgd-32-16"]["peers"]) == {"backlit", "numpy", "numpy-blas"}


def test_wrong_labels_are_wrong_and_without_mnist_the_experiment_says_so(
    parts: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flipped = parts("flipped_labels")
    labels = np.arange(1000) % 10
    wrong, rows = flipped.flip(labels, 0.05, np.random.default_rng(0))
    assert len(rows) == 50
    assert np.flatnonzero(wrong != labels).tolist() == rows.tolist()
    assert flipped.found(rows[::-1], rows, 25) == 0.5

    def absent() -> Any:
        raise flipped.NoDataError("MNIST is not here")

    for name in ("flipped_labels", "examples"):
        monkeypatch.setattr(parts(name), "mnist", absent)
        monkeypatch.setattr(sys, "argv", [name])
        parts(name).main()
        assert capsys.readouterr().out == "skipped: MNIST is not here\n"
