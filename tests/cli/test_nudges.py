"""``nudges`` and ``examples``: the numbers of the library under the numbers of the data, and what bad input gets."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import backlit as library
from backlit.storage import pack, unpack

from .conftest import Backlit, flowers


@pytest.fixture
def digits(models: Path) -> Path:
    return models / "digits.safetensors"


def test_nudges_are_the_librarys(backlit: Backlit, digits: Path) -> None:
    of = ("--of", "w[2][3,5]", "--of", "b[2][0:2]", "--of", "a[1][4]")
    told = backlit("nudges", digits, "digits", *of, "--examples", "7,0", "--json").json
    assert told["schema"] == "backlit.nudges/1"
    assert told["columns"] == ["w[2][3,5]", "b[2][0]", "b[2][1]", "a[1][4]"]
    assert [row["example"] for row in told["examples"]] == [7, 0]
    assert [row["known"] for row in told["examples"]] == [7, 0]
    net = library.load(digits)
    x, y = library.data.load("digits").arrays()
    wanted = net.nudges(
        net.recipe.encode(library.data.load("digits").inputs), y, of=told["columns"], examples=[7, 0]
    )
    np.testing.assert_allclose([row["nudges"] for row in told["examples"]], wanted.values, rtol=1e-6)
    assert told["average"][3] is None
    assert told["averaged_over"] == len(x)


def test_the_table_of_nudges(backlit: Backlit, digits: Path) -> None:
    done = backlit("nudges", digits, "digits", "--of", "w[2][3,5]", "--of", "b[2]", "--examples", "0,5,7")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "Nudges, −∂C_x/∂·: what each example would like"
    assert lines[3].split()[:5] == ["example", "label", "read", "as", "w²₃,₅"]
    assert [line.split()[0] for line in lines[4:8]] == ["0", "5", "7", "average"]
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in done.out
    book = backlit(
        "nudges", digits, "digits", "--of", "w[3][3,5]", "--examples", "0", "--notation", "book", "--json"
    )
    assert book.json["columns"] == ["w[3][3,5]"]
    whole = backlit("nudges", digits, "digits")
    assert "of the 8 parameters whose average nudge is largest" in whole.out.splitlines()[0]
    assert [line.split()[0] for line in whole.out.splitlines()[4:15]] == [*map(str, range(10)), "average"]


def test_held_out_examples_keep_their_numbers(backlit: Backlit, digits: Path) -> None:
    numbers = [
        row["example"] for row in backlit("predict", digits, "digits", "--held-out", "--json").json["answers"]
    ]
    ranked = backlit("examples", digits, "digits", "--held-out", "--json").json["ranking"]
    assert sorted(row["example"] for row in ranked) == numbers
    some = backlit("nudges", digits, "digits", "--held-out", "--examples", str(numbers[3]), "--json").json
    assert [row["example"] for row in some["examples"]] == [numbers[3]]
    other = next(number for number in range(2000) if number not in numbers)
    done = backlit("nudges", digits, "digits", "--held-out", "--examples", other)
    assert done.code == 2
    assert (
        f"there is no example {other} here: it is none of the {len(numbers)} that were held out" in done.err
    )


@pytest.mark.parametrize("by", ["gradient-norm", "cost", "cosine", "margin"])
def test_examples_are_ranked(backlit: Backlit, digits: Path, by: str) -> None:
    told = backlit("examples", digits, "digits", "--by", by, "--json").json
    assert (told["schema"], told["by"], told["n"]) == ("backlit.examples/1", by, 1797)
    values = [row[by.replace("-", "_")] for row in told["ranking"]]
    assert values == sorted(values, reverse=by in ("gradient-norm", "cost"))
    assert [row["rank"] for row in told["ranking"]] == list(range(1, 1798))
    done = backlit("examples", digits, "digits", "--by", by, "--limit", "4")
    assert done.code == 0
    rows = done.out.splitlines()[3:]
    assert [int(row.split()[1]) for row in rows] == [row["example"] for row in told["ranking"][:4]]


def test_twenty_are_shown_and_the_rest_is_told_of(backlit: Backlit, digits: Path) -> None:
    done = backlit("examples", digits, "digits")
    assert done.out.splitlines()[2].split() == [
        "rank",
        "example",
        "label",
        "read",
        "as",
        "cost",
        "‖∇C_x‖",
        "cosine",
    ]
    assert len(re.findall(r"^\d+ +\d+ ", done.out, re.MULTILINE)) == 20
    assert done.out.endswith("1,777 more examples; --limit and --json show more.\n")


def test_values_are_ranked_in_their_own_unit(backlit: Backlit, models: Path) -> None:
    told = backlit(
        "examples", models / "prices.safetensors", models / "prices.csv", "--limit", "3", "--json"
    ).json
    assert told["ranking"][0]["known"] > 1000
    done = backlit("examples", models / "prices.safetensors", models / "prices.csv", "--by", "margin")
    assert done.code == 2
    assert "--by margin is for classes, and this network's targets are values" in done.err


def test_columns_and_classes_serve_as_names(backlit: Backlit, models: Path, here: Path) -> None:
    flowers(here / "all.csv")
    of = ("--of", 'x["petal"]', "--of", 'a[L]["virginica"]')
    told = backlit("nudges", models / "flowers.safetensors", "all.csv", *of, "--examples", "0", "--json").json
    assert told["columns"] == ["x[2]", "a[2][2]"]
    assert told["examples"][0]["known"] == "setosa"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nudges", "--of", "w[9][0,0]"), "there is no w[9]"),
        (("nudges", "--of", "wait"), "'wait' names no weight, bias or activation"),
        (("nudges", "--examples", "99999"), "there is no example 99999 here: the data has 1,797, 0 to 1,796"),
        (("nudges", "--examples", "x"), "--examples takes numbers of examples, counted from 0"),
        (("nudges", "--notation", "bok"), "Did you mean 'book'"),
        (("examples", "--by", "gradient"), "unknown ranking 'gradient'. Did you mean 'gradient-norm'?"),
        (("examples", "--limit", "0"), "limit"),
        (("examples", "--held-in",), "--held-in"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(backlit: Backlit, digits: Path, arguments: tuple[str, ...], said: str) -> None:
    done = backlit(arguments[0], digits, "digits", *arguments[1:])
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["nudges", "examples"])
def test_data_and_models_that_cannot_be_used(backlit: Backlit, models: Path, here: Path, name: str) -> None:
    digits = models / "digits.safetensors"
    done = backlit(name, digits, models / "prices.csv")
    assert done.code == 3
    assert len(done.err.splitlines()) == 1
    arrays, about = unpack(digits, "a model")
    key = next(iter(arrays))
    arrays[key] = np.full_like(arrays[key], np.nan)
    (here / "broken.safetensors").write_bytes(pack(arrays, about))
    done = backlit(name, "broken.safetensors", "digits")
    assert done.code == 3
    assert "not finite" in done.err or "is nan" in done.err
    assert backlit(name, "absent.safetensors", "digits").code in (2, 3)


def test_the_page_about_them_runs(backlit: Backlit, here: Path) -> None:
    """docs/examples.md: its commands print tables of the shape that is shown, and its Python runs."""
    page = (Path(__file__).parents[2] / "docs" / "examples.md").read_text(encoding="utf-8")
    commands = re.findall(r"^backlit (.*)$", page, re.MULTILINE)
    assert [line.split()[0] for line in commands] == ["train", "nudges", "examples"]
    told = [backlit(*shlex.split(line)) for line in commands]
    assert [done.code for done in told] == [0, 0, 0]
    shown = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    for text, done in zip(shown, told[1:], strict=True):
        printed = done.out.splitlines()
        for line in text.splitlines()[:4]:
            assert " ".join(line.split()) in [" ".join(one.split()) for one in printed]
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "docs/examples.md", "exec"), {})
