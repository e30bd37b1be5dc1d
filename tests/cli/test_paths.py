"""``paths``: the library's largest paths at the examples that were chosen, and what bad input gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import backlit as library
from backlit.explain import Paths

from .conftest import Backlit
from .test_explain import BY_HAND, on_a_terminal

NAME = "dC/dx[1,5]"
ONE = ("--data", "digits", "--example", "7")


@pytest.fixture
def digits(models: Path) -> Path:
    return models / "digits.safetensors"


def wanted(model: Path, name: str = NAME, **options: Any) -> Paths:
    data = library.data.load("digits")
    return library.load(model).paths(name, data, data, **options)


def test_the_text_is_the_librarys(backlit: Backlit, digits: Path) -> None:
    done = backlit("paths", digits, NAME, *ONE)
    assert (done.code, done.err) == (0, "")
    assert done.out == wanted(digits, example=7).text()
    done = backlit("paths", digits, NAME, *ONE, "--top", "3")
    assert done.out == wanted(digits, example=7, top=3).text()
    book = backlit("paths", digits, "dC/dw[2][3,13]", *ONE, "--notation", "book")
    assert book.out == wanted(digits, "dC/dw[2][3,13]", example=7, notation="book").text()


def test_json(backlit: Backlit, digits: Path) -> None:
    told = backlit("paths", digits, NAME, *ONE, "--top", "4", "--json").json
    assert list(told) == ["schema", "model", "data", "held_out", "paths"]
    assert told["schema"] == "backlit.paths/1"
    assert told["paths"] == wanted(digits, example=7, top=4).to_dict()


def test_a_batch_ranks_pairs_under_the_numbers_of_the_data(backlit: Backlit, digits: Path) -> None:
    rows = backlit("predict", digits, "digits", "--held-out", "--json").json["answers"]
    numbers = [row["example"] for row in rows if row["example"] < 100]
    asked = ("paths", digits, "dC/db[1][3]", "--data", "digits", "--held-out", "--examples", "0:100")
    told = backlit(*asked, "--json").json["paths"]
    assert told["examples"] == numbers
    assert {path["example"] for path in told["paths"]} <= set(numbers)
    assert told["count"] == 10 * len(numbers)


def test_a_network_typed_by_hand_brings_its_examples(backlit: Backlit, here: Path) -> None:
    (here / "net.toml").write_text(BY_HAND, encoding="utf-8")
    net = library.load(here / "net.toml")
    assert net.example is not None
    assert backlit("paths", "net.toml", "dC/dx[0]").out == net.paths("dC/dx[0]", *net.example).text()


@pytest.mark.parametrize("columns", [60, 100])
def test_it_fits_the_terminal(digits: Path, columns: int) -> None:
    written = on_a_terminal(columns, "paths", digits, NAME, *ONE)
    assert written == wanted(digits, example=7).text(width=columns, colour=True)


def test_paths_that_do_not_add_up_are_exit_code_1(
    backlit: Backlit, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = replace(wanted(digits, example=7), agrees=False)
    monkeypatch.setattr("backlit.explain.paths", lambda *_, **__: found)
    done = backlit("paths", digits, NAME, *ONE)
    assert (done.code, done.err) == (1, "")
    assert "✗" in done.out
    assert backlit("paths", digits, NAME, *ONE, "--json").code == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("dC/dw[2]", *ONE), 2, "is a block; paths are those of one number"),
        (("dC/dx[99]", *ONE), 2, "99"),
        (("da[1][0]/dw[2][1,1]", *ONE), 2, "is 0 whatever the numbers"),
        ((NAME, *ONE, "--top", "0"), 2, "--top"),
        ((NAME, *ONE, "--top", "many"), 2, "--top takes a whole number"),
        ((NAME, *ONE, "--notation", "bok"), 2, "Did you mean 'book'?"),
        ((NAME, "--data", "digits"), 2, "say which one with --example 7"),
        ((NAME, "--data", "digits", "--example", "1797"), 2, "there is no example 1797 here"),
        ((NAME, "--example", "7"), 2, "--data is missing"),
        ((NAME, "--data", "iris", "--example", "3"), 3, "iris"),
    ],
)
def test_what_cant_be(
    backlit: Backlit, digits: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = backlit("paths", digits, *arguments)
    assert (done.code, done.out) == (code, "")
    assert len(done.err.splitlines()) == 1
    assert said in done.err
