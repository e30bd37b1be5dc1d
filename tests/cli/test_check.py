"""``check``: exit codes, the examples that are chosen, and what bad input gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import backlit as library
from backlit import equations

from .conftest import Backlit

MAZUR = """
weights = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
biases = [0.35, 0.60]
cost = "half_squared_error"
example = {x = [0.05, 0.10], y = [0.01, 0.99]}
"""


@pytest.fixture
def digits(models: Path) -> Path:
    return models / "digits.safetensors"


def test_a_model_that_is_right(backlit: Backlit, digits: Path) -> None:
    done = backlit("check", digits, "digits", "--method", "complex", "--method", "differences")
    assert done.code == 0, done.out
    assert done.err == "backlit: the first 10 of 1,797 examples; --examples chooses others\n"
    lines = done.out.splitlines()
    assert lines[0].startswith("✓ ")
    assert "float32 · 10 examples, 0 to 9" in done.out
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in done.out


def test_the_examples_that_are_chosen(backlit: Backlit, digits: Path) -> None:
    told = backlit("check", digits, "digits", "--examples", "5,3,700", "--json")
    assert (told.code, told.err) == (0, "")
    assert told.json["schema"] == "backlit.check/1"
    assert told.json["examples"] == [5, 3, 700]
    net = library.load(digits)
    assert told.json["entries"] == net.parameters
    one = backlit("check", digits, "digits", "--example", "1514", "--json", "--l2", "0.1", "--digits", "30")
    assert one.json["examples"] == [1514]
    assert one.json["included"] == {"l2": 0.1}
    assert one.json["methods"][0] == "digits"
    assert one.json["method_digits"] == 30
    numbers = [
        row["example"] for row in backlit("predict", digits, "digits", "--held-out", "--json").json["answers"]
    ]
    held_out = backlit("check", digits, "digits", "--held-out", "--json", "--sample", "50").json
    assert held_out["examples"] == numbers[:10]
    assert held_out["sample"] == {"entries": 50, "seed": 0}


def test_a_network_typed_by_hand_has_its_own_example(backlit: Backlit) -> None:
    Path("mazur.toml").write_text(MAZUR, encoding="utf-8")
    done = backlit("check", "mazur.toml")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("✓ ∇C is right: all 12 entries agree with the forward pass")
    assert "50 digits, complex step and central differences" in done.out


def test_exit_code_1_where_something_differs(backlit: Backlit, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mazur.toml").write_text(MAZUR, encoding="utf-8")
    right = equations.N11
    monkeypatch.setattr(equations, "N11", lambda w, delta: right(np.abs(w) * 1.01, delta))
    done = backlit("check", "mazur.toml", "--engine", "numpy")
    assert done.code == 1
    assert done.out.startswith("✗ ∇C is wrong in 6 of 12 entries: dC/d")
    assert "entries that differ" in done.out
    assert backlit("check", "mazur.toml", "--engine", "numpy", "--json").json["differ"] == 6


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--digits", "10"], 2, "--digits is a whole number from 20 to 66; got 10"),
        (["--method", "magic"], 2, "unknown method 'magic'. Known: differences, complex, digits."),
        (["--sample", "0"], 2, "--sample takes a whole number of at least 1"),
        (["--example", "9999"], 2, "there is no example 9999 here"),
        (["--example", "1", "--examples", "2"], 2, "give one of them"),
        (["--l1", "-1"], 2, "--l1 is a finite number, not below 0"),
        (["--engine", "gpu"], 2, "unknown engine 'gpu'"),
    ],
)
def test_options_that_cannot_be(
    backlit: Backlit, digits: Path, options: list[str], code: int, said: str
) -> None:
    done = backlit("check", digits, "digits", *options)
    assert done.code == code
    assert said in done.err
    assert done.out == ""


def test_a_weight_that_is_not_finite_is_named(backlit: Backlit, digits: Path) -> None:
    assert backlit("check", "nowhere.safetensors", "digits").code == 3
    assert backlit("check", digits).code == 2  # DATA is missing
