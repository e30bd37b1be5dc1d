"""README.md, docs/training.md and docs/mnist.md: their Python runs, their commands too, their tables are whole."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from backlit.cli import main
from backlit.functions import COSTS
from backlit.initialisation import INITIALISATIONS
from backlit.lbfgs import lbfgs_options
from backlit.metrics import FOR_CLASSES, FOR_VALUES
from backlit.optimizers import RULES, as_rule
from backlit.schedules import SCHEDULES
from backlit.settings import MONITORS, Settings

ROOT = Path(__file__).parents[1]
TRAINING = (ROOT / "docs/training.md").read_text(encoding="utf-8")
MNIST_PAGE = (ROOT / "docs/mnist.md").read_text(encoding="utf-8")


def python_of(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "docs/training.md"])
def test_the_python_in_it_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = python_of((ROOT / name).read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        exec(compile(block, name, "exec"), {})


@pytest.mark.parametrize(
    "table",
    [RULES, SCHEDULES, INITIALISATIONS, COSTS, FOR_CLASSES, FOR_VALUES, MONITORS],
    ids=lambda t: next(iter(t)),
)
def test_every_name_is_documented(table: Any) -> None:
    assert [name for name in table if not re.search(rf"\b{name}\b", TRAINING)] == []


def test_every_setting_is_documented() -> None:
    names = [field.name for field in dataclasses.fields(Settings)]
    assert [name for name in names if not re.search(rf"\b{name}\b", TRAINING)] == []


def test_the_optimizers_constants_and_eta_are_the_codes() -> None:
    rows = re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \| (?:`(.*?)`)? ?\| ([\d.]+) \|$", TRAINING, flags=re.MULTILINE
    )
    said = {
        name: (constants, float(eta)) for names, constants, eta in rows for name in re.findall(r"\w+", names)
    }
    assert list(said) == list(RULES)
    for name, (constants, eta) in said.items():
        rule = as_rule(f"{name}({constants})")
        assert (rule.option, rule.eta) == (as_rule(name).option, eta)
    said_of_lbfgs = re.findall(r"`l_bfgs` \| `(.*?)`", TRAINING)[0]
    assert lbfgs_options(f"l_bfgs({said_of_lbfgs})") == lbfgs_options("l_bfgs")


def test_the_books_commands_run(mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they stand, but for fewer examples and epochs."""
    monkeypatch.chdir(tmp_path)
    block = re.findall(r"```\n(backlit train.*?)```", MNIST_PAGE, flags=re.DOTALL)[0]
    commands = [shlex.split(one) for one in block.replace("\\\n", " ").strip().split("\n\n")]
    assert len(commands) == 3
    for number, command in enumerate(commands):
        words = dict(zip(command[3::2], command[4::2], strict=True)) | {
            "--epochs": "1",
            "--out": f"{number}.safetensors",
        }
        words["--limit"] = "400"
        words["--validation"] = "100" if words["--validation"].isdigit() else words["--validation"]
        assert main(["train", "mnist", "--quiet", *(word for pair in words.items() for word in pair)]) == 0
        assert (tmp_path / f"{number}.safetensors").exists()
