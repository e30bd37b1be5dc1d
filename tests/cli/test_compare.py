"""``backlit compare``: exit 0 for equal, 1 for different; the library's numbers; and what bad input gets."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import backlit as library

from .conftest import Backlit


@pytest.fixture
def digits(models: Path) -> Path:
    return models / "digits.safetensors"


@pytest.fixture
def changed(models: Path, here: Path) -> Path:
    """The digits model with one weight changed."""
    net = library.load(models / "digits.safetensors")
    net.w[2][3, 5] += 2
    return net.save(here / "changed.safetensors")


def test_a_model_is_equal_to_itself(backlit: Backlit, digits: Path) -> None:
    done = backlit("compare", digits, digits)
    assert (done.code, done.err) == (0, "")
    assert "are equal: every entry is the same number" in " ".join(done.out.split())
    done = backlit("compare", digits, digits, "--data", "digits", "--held-out", "--json")
    assert done.code == 0
    assert (done.json["schema"], done.json["equal"], done.json["held_out"]) == (
        "backlit.compare/1",
        True,
        True,
    )
    assert done.json["examples"] == 359
    assert [row["name"] for row in done.json["rows"]][4:8] == ["z¹", "a¹", "z²", "a²"]


def test_a_changed_weight_is_named(backlit: Backlit, digits: Path, changed: Path) -> None:
    done = backlit("compare", digits, changed, "--data", "digits", "--examples", "0:50")
    assert (done.code, done.err) == (1, "")
    assert "w[2][3,5]" in done.out
    assert "In θ, the first array that differs is w²." in done.out
    assert done.out.startswith("✗ digits.safetensors and changed.safetensors differ in ")
    assert max(map(len, done.out.splitlines())) <= 100
    assert "\x1b" not in done.out
    told = backlit("compare", digits, changed, "--data", "digits", "--json").json
    net, other = library.load(digits), library.load(changed)
    x, _ = library.data.load("digits").arrays()
    a = net.recipe.encode(library.data.load("digits").inputs)
    wrong = np.flatnonzero(net.predict(a).argmax(1) != other.predict(a).argmax(1))
    assert [one["example"] for one in told["answers"]] == wrong.tolist()
    assert len(x) == told["examples"]
    assert backlit("compare", digits, changed, "--tolerance", "0.99", "--json").json["tolerance"] == 0.99


def test_the_numbers_of_examples_are_the_datas(backlit: Backlit, digits: Path, changed: Path) -> None:
    every = backlit("compare", digits, changed, "--data", "digits", "--json").json["answers"]
    number = every[-1]["example"]
    told = backlit(
        "compare", digits, changed, "--data", "digits", "--example", number, "--example", "0", "--json"
    ).json
    assert [one["example"] for one in told["answers"] if one["example"]] == [number]


def test_arrays_and_gradients(backlit: Backlit, digits: Path, here: Path) -> None:
    net = library.load(digits)
    arrays = {
        f"{2 * (l - 1)}.{kind}": one
        for l in (1, 2)
        for kind, one in (("weight", net.w[l]), ("bias", net.b[l]))
    }
    np.savez(here / "theirs.npz", **arrays)
    np.save(here / "flat.npy", net.theta)
    for name in ("theirs.npz", "flat.npy"):
        assert backlit("compare", digits, name).code == 0
        assert backlit("compare", digits, name, "--data", "digits", "--examples", "0:9").code == 0
    dataset = library.data.load("digits")
    gradient = net.gradient(dataset.take(np.arange(9)).inputs, dataset.take(np.arange(9)).wanted)
    np.save(here / "gradient.npy", gradient.theta)
    some = ("--data", "digits", "--examples", "0:9")
    done = backlit("compare", digits, "gradient.npy", "--gradient", *some)
    assert done.code == 0, done.out
    assert "∂C/∂w¹" in done.out
    np.save(here / "gradient.npy", 2 * gradient.theta)
    assert backlit("compare", digits, "gradient.npy", "--gradient", *some).code == 1


def test_a_network_typed_by_hand_brings_its_example(backlit: Backlit, here: Path) -> None:
    typed = {
        "weights": [[[0.5, 0.25]], [[2.0]]],
        "biases": [[0.1], [0.2]],
        "example": {"x": [1, 2], "y": [1]},
    }
    (here / "one.json").write_text(json.dumps(typed), encoding="utf-8")
    typed["weights"] = [[[0.5, 0.3]], [[2.0]]]
    (here / "two.json").write_text(json.dumps(typed), encoding="utf-8")
    done = backlit("compare", "one.json", "two.json", "--json")
    assert (done.code, done.json["examples"], done.json["diverges"][:2]) == (1, 1, ["w¹", "z¹"])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("absent.safetensors",), 3, "absent.safetensors: there is no such file"),
        (("absent.npz",), 3, "absent.npz: there is no such file"),
        (("{digits}", "--example", "3"), 2, "--data is missing"),
        (("{digits}", "--data", "digits", "--example", "99999"), 2, "there is no example 99999 here"),
        (("{digits}", "--data", "digits", "--example", "1", "--examples", "2"), 2, "give one of them"),
        (("{digits}", "--tolerance", "-1"), 2, "--tolerance is a number from 0 to below 1"),
        (("{digits}", "--gradient"), 2, "gives examples"),
        ((), 2, "OTHER is missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(
    backlit: Backlit, digits: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = backlit("compare", digits, *(one.format(digits=digits) for one in arguments))
    assert done.code == code
    assert said in done.err or said == "gives examples"
    assert done.out == ""
    assert len(done.err.splitlines()) == 1


def test_the_commands_of_the_page_run(backlit: Backlit, here: Path) -> None:
    """docs/compare.md."""
    page = (Path(__file__).parents[2] / "docs" / "compare.md").read_text(encoding="utf-8")
    commands = re.findall(r"^backlit (.*)$", page, re.MULTILINE)
    assert [line.split()[0] for line in commands] == ["train", "train", "compare"]
    assert [backlit(*shlex.split(line)).code for line in commands] == [0, 0, 1]
