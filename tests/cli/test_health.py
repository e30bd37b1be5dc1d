"""``inspect MODEL DATA``, and networks typed by hand in every command that takes a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import backlit as library

from .conftest import Backlit

MAZUR = """
activations = "sigmoid"
cost = "half_squared_error"
weights = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
biases = [0.35, 0.60]
example = {x = [0.05, 0.10], y = [0.01, 0.99]}
"""


@pytest.fixture
def mazur(here: Path) -> Path:
    (here / "mazur.toml").write_text(MAZUR, encoding="utf-8")
    return here / "mazur.toml"


def test_inspect_with_data_tells_the_health(backlit: Backlit, models: Path) -> None:
    model = models / "digits.safetensors"
    told = backlit("inspect", model, "digits", "--held-out", "--json").json
    assert told["schema"] == "backlit.inspect/1"
    assert told["sizes"] == [64, 16, 10]
    health = told["health"]
    assert "schema" not in health
    assert [one["layer"] for one in health["layers"]] == [1, 2]
    net = library.load(model)
    assert health["eta"] == net.training["last"]["eta"]
    done = backlit("inspect", model, "digits", "--held-out")
    assert done.code == 0
    for said in ("‖∂C/∂w‖", "part of σ′", "2 → 1", f"{health['n']} examples, C = "):
        assert said in done.out
    assert "trained" not in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    other = backlit("inspect", model, "digits", "--held-out", "--limit", "50", "--eta", "0.5", "--json").json
    assert other["health"]["n"] == 50
    assert other["health"]["eta"] == 0.5


def test_inspect_without_data_is_as_it_was(backlit: Backlit, models: Path) -> None:
    told = backlit("inspect", models / "flowers.safetensors", "--json").json
    assert not {"health", "data", "held_out"} & set(told)
    assert "‖δ‖" not in backlit("inspect", models / "flowers.safetensors").out


@pytest.mark.parametrize("option", [["--eta", "0.1"], ["--held-out"], ["--limit", "3"], ["--data-dir", "."]])
def test_inspects_options_about_data_need_data(backlit: Backlit, models: Path, option: list[str]) -> None:
    done = backlit("inspect", models / "flowers.safetensors", *option)
    assert done.code == 2
    assert (
        done.err == f"backlit: error: {option[0]} is about data; name them after the model, or leave it out\n"
    )


def test_inspect_refuses_what_it_cannot_look_at(backlit: Backlit, models: Path) -> None:
    flowers = models / "flowers.safetensors"
    done = backlit("inspect", flowers, models / "flowers.csv", "--eta", "-1")
    assert (done.code, done.err) == (2, "backlit: error: eta is a finite number above 0; got -1.0\n")
    assert backlit("inspect", flowers, "nothing.csv").code == 3
    assert backlit("inspect", flowers, "iris").code in (2, 3)  # other columns


def test_a_network_by_hand_with_its_own_example(backlit: Backlit, mazur: Path) -> None:
    told = backlit("predict", mazur, "--json").json
    assert told["data"] is None
    assert told["answers"][0]["answer"] == pytest.approx([0.75136507, 0.772928465])
    assert told["answers"][0]["known"] == [0.01, 0.99]
    assert "0.7514, 0.7729  0.01, 0.99" in backlit("predict", mazur).out
    assert backlit("evaluate", mazur, "--json").json["cost"] == pytest.approx(0.298371109)
    assert backlit("predict", mazur, "--out", "a.csv").code == 0
    told = backlit("inspect", mazur, "--json").json
    assert told["sizes"] == [2, 2, 2]
    assert told["health"]["C"] == pytest.approx(0.298371109)
    assert "1 example, C = 0.2984" in backlit("inspect", mazur).out


def test_a_network_by_hand_on_other_data(backlit: Backlit, here: Path) -> None:
    network: dict[str, Any] = {
        "weights": [[[1, 1]]],
        "biases": [-1.5],
        "inputs": ["a", "b"],
        "classes": ["no", "yes"],
        "cost": "binary_cross_entropy",
    }
    (here / "and.json").write_text(json.dumps(network), encoding="utf-8")
    (here / "table.csv").write_text("b,y,a\n1,yes,1\n0,no,1\n0,no,0\n", encoding="utf-8")
    told = backlit("predict", "and.json", "table.csv", "--json").json
    assert [row["answer"] for row in told["answers"]] == ["yes", "no", "no"]
    assert backlit("evaluate", "and.json", "table.csv", "--json").json["metrics"]["accuracy"] == 1
    assert backlit("inspect", "and.json", "table.csv", "--eta", "1").code == 0
    for command in ("predict", "evaluate"):
        done = backlit(command, "and.json")
        assert done.code == 2
        assert done.err.startswith(
            "backlit: error: DATA is missing: name the data, or their file; only a network "
        )
    assert backlit("inspect", "and.json").code == 0


def test_what_a_network_by_hand_has_not(backlit: Backlit, mazur: Path) -> None:
    done = backlit("predict", mazur, "--held-out")
    assert (done.code, done.err) == (
        2, "backlit: error: --held-out is for data that the model was trained on; leave it out\n"
    )  # fmt: skip
    assert backlit("predict", mazur, "--draw").code == 2
    (mazur.parent / "few.csv").write_text("x0,y\n1,2\n", encoding="utf-8")
    assert backlit("predict", mazur, "few.csv").code == 3


@pytest.mark.parametrize("command", ["predict", "evaluate", "inspect"])
def test_a_wrong_file_is_one_sentence(backlit: Backlit, here: Path, command: str) -> None:
    (here / "bad.toml").write_text("weights = [[[1, 2], [3]]]", encoding="utf-8")
    done = backlit(command, "bad.toml")
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        "backlit: error: bad.toml: weights of layer 1, row 1 has 1 number, and the first row has 2; a row holds what "
        "enters one neuron\n"
    )
