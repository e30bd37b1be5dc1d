"""``explain``: the library's derivation at the examples that were chosen, in every form, and what bad input gets."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as library
from backlit.explain import Agreement, Derivation
from backlit.explain.proof import Check
from backlit.storage import pack, unpack
from explain.test_explain_document import SCHEMA, faults

from .conftest import Backlit

NAME = "dC/dw[1][3,13]"
BY_HAND = """
activations = "relu"
cost = "half_squared_error"
weights = [[[0.5, -1.0], [2.0, 1.0]], [[1.0, 3.0]]]
biases = [0.0, 0.0]
example = {x = [[2.0, 1.0], [1.0, 1.0]], y = [[1.0], [2.0]]}
"""


@pytest.fixture
def digits(models: Path) -> Path:
    return models / "digits.safetensors"


@pytest.fixture
def by_hand(here: Path) -> Path:
    (here / "net.toml").write_text(BY_HAND, encoding="utf-8")
    return here / "net.toml"


def wanted(model: Path, name: str = NAME, **options: Any) -> Derivation:
    data = library.data.load("digits")
    return library.load(model).explain(name, data, data, **options)


# ---------------------------------------------------------------------------------------------------------- the result


def test_the_text_is_the_librarys(backlit: Backlit, digits: Path) -> None:
    done = backlit("explain", digits, NAME, "--data", "digits", "--example", 1514)
    assert (done.code, done.err) == (0, "")
    assert done.out == wanted(digits, example=1514).text()
    assert "example 1514" in done.out


@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        (("--depth", "0"), {"depth": 0}),
        (("--depth", "2"), {"depth": 2}),
        (("--l2", "0.01"), {"l2": 0.01}),
        (("--l1", "0.01", "--l2", "0.02"), {"l1": 0.01, "l2": 0.02}),
    ],
)
def test_options_are_the_librarys(
    backlit: Backlit, digits: Path, options: tuple[str, ...], keywords: dict[str, Any]
) -> None:
    done = backlit("explain", digits, NAME, "--data", "digits", "--example", "7", *options)
    assert done.out == wanted(digits, example=7, **keywords).text()


@pytest.mark.parametrize(
    ("notation", "name", "keyword"),
    [
        ("book", "dC/dw[2][3,13]", "book"),
        ("torch", "dC/d0.weight[3,13]", "pytorch"),
        ("pytorch", "dC/d0.weight[3,13]", "pytorch"),
        ("note", NAME, "note"),
    ],
)
def test_notations_rename(backlit: Backlit, digits: Path, notation: str, name: str, keyword: str) -> None:
    done = backlit("explain", digits, name, "--data", "digits", "--example", "7", "--notation", notation)
    assert done.out == wanted(digits, name, example=7, notation=keyword).text()


def test_names_of_classes_pixels_blocks_and_raw_columns(backlit: Backlit, digits: Path, models: Path) -> None:
    for name in ('da[L]["9"]/dx[1,5]', "dC/dw[2]", 'dC/draw["pixel (1,5)"]'):
        done = backlit("explain", digits, name, "--data", "digits", "--example", "7")
        assert (done.code, done.out) == (0, wanted(digits, name, example=7).text())
    flowers = ("--data", models / "flowers.csv", "--example", "3")
    done = backlit("explain", models / "flowers.safetensors", 'dC/draw["petal"]', *flowers)
    assert done.code == 0
    assert "one unit of petal is" in done.out


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        (("--examples", "0:32"), range(32)),
        (("--examples", "0:4,9,20:22"), [0, 1, 2, 3, 9, 20, 21]),
        (("--examples", "1790:"), range(1790, 1797)),
        (("--example", "9", "--example", "3"), [9, 3]),
        (("--examples", "9,3,9"), [9, 3]),
    ],
)
def test_a_batch(backlit: Backlit, digits: Path, chosen: tuple[str, ...], numbers: Any) -> None:
    told = backlit("explain", digits, NAME, "--data", "digits", *chosen, "--json").json["derivation"]
    assert told["examples"] == list(numbers)
    x, y = library.data.load("digits").arrays()
    rows = np.array(list(numbers))
    net = library.load(digits)
    assert told["value"] == pytest.approx(net.gradient(x[rows], y[rows]).w[1][3, 13], rel=1e-4)
    assert all(row in told["steps"][0]["terms"]["index"] for row in numbers)


def test_all_examples(backlit: Backlit, digits: Path) -> None:
    done = backlit("explain", digits, "dC/db[2][3]", "--data", "digits", "--examples", "all")
    assert done.code == 0
    assert "mean over 1,797 examples" in done.out


def test_held_out_examples_keep_their_numbers(backlit: Backlit, digits: Path) -> None:
    rows = backlit("predict", digits, "digits", "--held-out", "--json").json["answers"]
    numbers = [row["example"] for row in rows]
    arguments = ("explain", digits, NAME, "--data", "digits", "--held-out")
    done = backlit(*arguments, "--example", numbers[5])
    assert done.out == wanted(digits, example=numbers[5]).text()
    told = backlit(*arguments, "--examples", "0:100", "--json").json
    assert told["held_out"] is True
    assert told["derivation"]["examples"] == [number for number in numbers if number < 100]
    other = next(number for number in range(2000) if number not in numbers)
    done = backlit(*arguments, "--example", other)
    assert (done.code, done.out) == (2, "")
    assert (
        f"there is no example {other} here: it is none of the {len(numbers)} that were held out" in done.err
    )


def test_no_target_is_needed_where_c_is_not_asked_for(backlit: Backlit, models: Path, here: Path) -> None:
    (here / "new.csv").write_text("length,width,petal,colour\n5,3,1,blue\n", encoding="utf-8")
    model = models / "flowers.safetensors"
    done = backlit("explain", model, 'da[L]["setosa"]/dx["petal"]', "--data", "new.csv")
    assert done.code == 0
    done = backlit("explain", model, 'dC/dx["petal"]', "--data", "new.csv")
    assert (done.code, done.out) == (3, "")
    assert "no column 'species'" in done.err


def test_a_network_typed_by_hand_brings_its_examples(backlit: Backlit, by_hand: Path) -> None:
    net = library.load(by_hand)
    assert net.example is not None
    done = backlit("explain", by_hand, "dC/dw[2][0,1]")
    assert (done.code, done.out) == (0, net.explain("dC/dw[2][0,1]", *net.example).text())
    done = backlit("explain", by_hand, "dC/dw[2][0,1]", "--example", "1")
    assert done.out == net.explain("dC/dw[2][0,1]", *net.example, example=1).text()


def test_a_kink_is_no_failure(backlit: Backlit, by_hand: Path) -> None:
    """The first hidden neuron's z is exactly 0 for the first example."""
    done = backlit("explain", by_hand, "dC/dw[1][0,0]", "--example", "0")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"kink[^\n]*\n?[^\n]*0[^\n]*left[^\n]*\n?[^\n]*1[^\n]*right", done.out)


# ----------------------------------------------------------------------------------------------------------- its forms


def test_json_is_as_its_schema_says(backlit: Backlit, digits: Path) -> None:
    told = backlit("explain", digits, NAME, "--data", "digits", "--example", "7", "--json").json
    assert list(told) == ["schema", "model", "data", "held_out", "derivation"]
    assert (told["schema"], told["data"], told["held_out"]) == ("backlit.explain/1", "digits", False)
    assert faults(told["derivation"], SCHEMA) == []
    assert told["derivation"]["value"] == wanted(digits, example=7).value
    again = backlit("explain", digits, NAME, "--data", "digits", "--example", "7", "--format", "json").json
    assert again == told


@pytest.mark.parametrize("form", ["text", "latex", "html", "markdown"])
def test_formats(backlit: Backlit, digits: Path, form: str) -> None:
    found = wanted(digits, example=7)
    told = {
        "text": found.text(), "latex": found.latex(full=True), "html": found.html(page=True),
        "markdown": found.markdown(),
    }  # fmt: skip
    done = backlit("explain", digits, NAME, "--data", "digits", "--example", "7", "--format", form)
    assert (done.code, done.out.rstrip("\n")) == (0, told[form].rstrip("\n"))


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("d.txt", "∂C/∂w"),
        ("d", "∂C/∂w"),
        ("d.tex", "\\documentclass"),
        ("d.html", "<!DOCTYPE html>"),
        ("d.md", r"$\frac"),
        ("d.json", "{"),
    ],
)
def test_a_file_has_the_format_that_its_name_ends_in(
    backlit: Backlit, digits: Path, here: Path, name: str, begins: str
) -> None:
    asked = ("explain", digits, NAME, "--data", "digits", "--example", "7", "--out", name)
    done = backlit(*asked)
    assert (done.code, done.out, done.err) == (0, "", f"backlit: the derivation is in {name}\n")
    assert (here / name).read_text(encoding="utf-8").startswith(begins)
    assert backlit(*asked, "--format", "markdown").code == 0
    assert (here / name).read_text(encoding="utf-8").startswith(r"$\frac")


# -------------------------------------------------------------------------------------------------------- terminals


def on_a_terminal(columns: int, *arguments: object, **environment: str) -> str:
    """What the program writes to a terminal of so many columns."""
    main, side = pty.openpty()
    source = str(Path(library.__file__).parents[1])
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "LINES")}
    variables = {**kept, "PYTHONPATH": source, "COLUMNS": str(columns), "TERM": "xterm", **environment}
    with subprocess.Popen(
        [sys.executable, "-m", "backlit", *map(str, arguments)], stdout=side, stderr=side, env=variables
    ) as process:
        os.close(side)
        written = b""
        while True:
            try:
                some = os.read(main, 65536)
            except OSError:  # the other side is closed: Linux says it so
                break
            if not some:
                break
            written += some
        process.wait(timeout=60)
    os.close(main)
    return written.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [60, 100])
def test_it_fits_the_terminal_and_has_colours(digits: Path, columns: int) -> None:
    written = on_a_terminal(columns, "explain", digits, NAME, "--data", "digits", "--example", "7")
    assert written == wanted(digits, example=7).text(width=columns, colour=True)
    assert "\x1b[" in written
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in written.splitlines()) <= columns


def test_no_color_is_kept(digits: Path) -> None:
    written = on_a_terminal(60, "explain", digits, NAME, "--data", "digits", "--example", "7", NO_COLOR="1")
    assert written == wanted(digits, example=7).text(width=60)


def test_a_pipe_gets_no_escape_codes_whatever_the_columns(
    backlit: Backlit, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    done = backlit("explain", digits, NAME, "--data", "digits", "--example", "7")
    assert "\x1b" not in done.out
    assert done.out == wanted(digits, example=7).text(width=100)


# ---------------------------------------------------------------------------------------------------------- bad input


def test_a_proof_that_fails_is_exit_code_1(
    backlit: Backlit, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Agreement((Check("factors", False, "product of factors"),), None, None, None)
    monkeypatch.setattr("backlit.explain.agree.agreement", lambda derivation: wrong)
    asked = ("explain", digits, NAME, "--data", "digits", "--example", "7")
    for more in ((), ("--json",), ("--format", "latex"), ("--out", "d.txt")):
        done = backlit(*asked, *more)
        assert (done.code, "error" in done.err) == (1, False)
    assert "product of factors ✗" in backlit(*asked).out


ONE = ("--data", "digits", "--example", "7")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            (NAME, "--data", "digits", "--example", "1797"),
            2,
            "no example 1797 here: the data has 1,797, 0 to 1,796",
        ),
        ((NAME, "--data", "digits", "--examples", "1790:1800"), 2, "there is no example 1799 here"),
        ((NAME, "--data", "digits", "--examples", "5000:"), 2, "there is no example 5000 here"),
        ((NAME, "--data", "digits", "--examples", "3:3"), 2, "--examples takes numbers of examples"),
        ((NAME, "--data", "digits", "--examples", "first"), 2, "or all; got 'first'"),
        ((NAME, "--data", "digits", "--examples", ""), 2, "--examples takes numbers of examples"),
        ((NAME, "--data", "digits", "--example", "-1"), 2, "--example"),
        ((NAME, "--data", "digits", "--example", "x"), 2, "--example takes a whole number"),
        ((NAME, *ONE, "--examples", "0:3"), 2, "--example and --examples both choose; give one of them"),
        (
            (NAME, "--data", "digits"),
            2,
            "digits has 1,797 examples, 0 to 1796: say which one with --example 7",
        ),
        ((NAME, "--data", "digits", "--held-out"), 2, "of those held out: say which one"),
        ((NAME, "--example", "7"), 2, "--data is missing: name the data"),
        (("dC/dw[1][63,3]", *ONE), 2, "there is no 63. Did you mean"),
        (("dC/dw[1][3", *ONE), 2, "dC/dw[1][3"),
        (("dC/dw[5][3,3]", *ONE), 2, "there is no w[5]"),
        ((NAME.replace("[1]", "[0]"), *ONE, "--notation", "book"), 2, "dC/dw[0][3,13]"),
        (("da[1][0]/dw[2][1,1]", *ONE), 2, "is 0 whatever the numbers"),
        ((NAME, *ONE, "--notation", "bok"), 2, "Did you mean 'book'?"),
        ((NAME, *ONE, "--depth", "-1"), 2, "--depth"),
        ((NAME, *ONE, "--l2", "-1"), 2, "--l2"),
        ((NAME, *ONE, "--l1", "nan"), 2, "--l1"),
        ((NAME, *ONE, "--format", "latx"), 2, "Did you mean 'latex'?"),
        ((NAME, *ONE, "--json", "--format", "html"), 2, "--json and --format html contradict each other"),
        ((NAME, "--data", "iris", "--example", "3"), 3, "iris"),
        ((NAME, "--data", "nowhere.csv", "--example", "3"), 3, "nowhere.csv"),
        ((), 2, "NAME is missing"),
    ],
)
def test_what_cant_be(
    backlit: Backlit, digits: Path, here: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = backlit("explain", digits, *arguments)
    assert done.code == code, done
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("backlit: error: ")
    assert said in done.err
    assert list(here.iterdir()) == []


def test_a_weight_that_is_not_finite(backlit: Backlit, digits: Path, here: Path) -> None:
    tensors, about = unpack(digits, "a model")
    broken = {name: np.array(one) for name, one in tensors.items()}
    next(iter(broken.values())).flat[5] = np.nan
    (here / "broken.safetensors").write_bytes(pack(broken, about))
    done = backlit("explain", "broken.safetensors", NAME, *ONE)
    assert (done.code, done.out) == (3, "")
    assert len(done.err.splitlines()) == 1
    assert "not finite in float32: b[1][5]" in done.err


def test_a_model_on_plain_arrays_needs_python(backlit: Backlit, here: Path) -> None:
    library.Network([64, 3, 10]).save(here / "m.safetensors")
    done = backlit("explain", "m.safetensors", "dC/dw[1][2,3]", *ONE)
    assert done.code == 3
    assert "this model has no recipe for raw data" in done.err


def test_nothing_that_is_read_is_written_over(backlit: Backlit, models: Path) -> None:
    model, table = models / "flowers.safetensors", models / "flowers.csv"
    kept = [path.read_bytes() for path in (model, table)]
    for out in (model, table):
        done = backlit("explain", model, 'dC/dx["petal"]', "--data", table, "--example", "3", "--out", out)
        assert (done.code, len(done.err.splitlines())) == (2, 1)
        assert "which is read; give it a file of its own" in done.err
    assert [path.read_bytes() for path in (model, table)] == kept


def test_a_folder_that_is_not_there(backlit: Backlit, digits: Path) -> None:
    done = backlit("explain", digits, NAME, *ONE, "--out", "nowhere/d.tex")
    assert (done.code, done.out, len(done.err.splitlines())) == (done.code or 1, "", 1)
    assert "nowhere" in done.err
