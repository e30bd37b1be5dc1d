"""``backlit worksheet``: folders of sheets and keys, of invented networks and of models; marking."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backlit.worksheets import pdf

from .conftest import Backlit

BY_HAND = """
activations = "sigmoid"
cost = "half_squared_error"
weights = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
biases = [0.35, 0.60]
example = {x = [0.05, 0.10], y = [0.01, 0.99]}
"""


def test_sheets_and_keys_lie_in_folders_of_their_own(backlit: Backlit, here: Path) -> None:
    done = backlit(
        "worksheet", "--kind", "weight", "--kind", "delta", "--number", 3, "--out", "class", "--no-pdf"
    )
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("3 sheets in class/sheets, and their keys in class/keys\n")
    assert max(map(len, done.out.splitlines())) <= 100
    assert len(list((here / "class" / "sheets").iterdir())) == 12
    assert len(list((here / "class" / "keys").iterdir())) == 9
    key = json.loads((here / "class/keys/key-02.json").read_text(encoding="utf-8"))
    assert key["schema"] == "backlit.worksheet-key/1"
    again = backlit("worksheet", "--out", "class")
    assert again.code == 3
    assert "class has files in it, and nothing is overwritten" in again.err


def test_answers_are_marked_and_a_mistake_is_named(backlit: Backlit, here: Path) -> None:
    backlit("worksheet", "--kind", "weight", "--layers", "2,3,2", "--out", "class", "--no-pdf")
    key = json.loads((here / "class/keys/key-01.json").read_text(encoding="utf-8"))
    path = here / "class/sheets/sheet-01.answers.json"
    answers = json.loads(path.read_text(encoding="utf-8"))
    (question,) = key["questions"]
    slip = next(one for one in question["slips"] if one["mistake"] == "sigma-prime-missing")
    values = {one["name"]: one["value"] for one in question["asked"]} | slip["values"]
    answers["answers"]["1"] = values
    answers["name"] = "Ada"
    path.write_text(json.dumps(answers), encoding="utf-8")
    done = backlit("worksheet", "--mark", path, "--key", "class/keys/key-01.json")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Ada, sheet {key['sheet']}: ")
    assert "sigma-prime-missing" in done.out
    told = backlit("worksheet", "--mark", path, "--key", "class/keys/key-01.json", "--json").json
    assert told["schema"] == "backlit.worksheets-marked/1"
    assert told["marks"][0]["mistakes"]["1"][0]["mistakes"][0] == "sigma-prime-missing"
    many = backlit("worksheet", "--mark", "class/sheets", "--key", "class/keys")
    assert many.out.splitlines()[0].split() == ["file", "name", "sheet", "points", "of", "part"]
    assert "σ′ is missing" in many.out


def test_a_models_own_example_and_a_datas_example(backlit: Backlit, here: Path, models: Path) -> None:
    (here / "net.toml").write_text(BY_HAND, encoding="utf-8")
    assert backlit("worksheet", "--model", "net.toml", "--out", "own", "--no-pdf").code == 0
    sheet = json.loads((here / "own/sheets/sheet-01.json").read_text(encoding="utf-8"))
    assert sheet["exercises"][0]["network"]["w"][0] == [[0.15, 0.2], [0.25, 0.3]]
    done = backlit(
        "worksheet", "--model", models / "digits.safetensors", "--data", "digits", "--example", 7, "--number", 2,
        "--out", "digits", "--no-pdf", "--json",
    )  # fmt: skip
    assert done.json["schema"] == "backlit.worksheets/1"
    assert [one["number"] for one in done.json["sheets"]] == [1, 2]
    network = json.loads((here / "digits/sheets/sheet-01.json").read_text(encoding="utf-8"))["exercises"][0][
        "network"
    ]
    assert network["of"] == "digits.safetensors, example 7"
    assert network["sizes"][:2] == [3, 3]
    page = (here / "digits/sheets/sheet-01.html").read_text(encoding="utf-8")
    assert "pixel (" in page


def test_without_pdflatex_it_is_said(backlit: Backlit, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    done = backlit("worksheet", "--kind", "delta", "--out", "class")
    assert done.code == 0
    assert "there is no pdflatex here, so there are no PDFs" in done.err
    assert not list(here.rglob("*.pdf"))


@pytest.mark.slow
@pytest.mark.skipif(pdf.pdflatex() is None, reason="there is no pdflatex here to compile with")
def test_with_pdflatex_there_are_pdfs(backlit: Backlit, here: Path) -> None:
    assert backlit("worksheet", "--kind", "weight", "--out", "class").code == 0
    found = sorted(path.name for path in here.rglob("*.pdf"))
    assert found == ["key-01.pdf", "sheet-01.pdf"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--kind", "wieght"), 2, "unknown kind of question 'wieght'. Did you mean 'weight'?"),
        (("--layers", "2,x"), 2, "--layers takes the sizes"),
        (("--layers", "2,9,2"), 2, "each from 1 to 6"),
        (("--depth", "9"), 2, "from 1 to 8"),
        (("--number", "0"), 2, "--number takes a whole number of at least 1"),
        (("--data", "digits"), 2, "--data is for sheets of a model; give --model too"),
        (("--example", "3"), 2, "--example is for sheets of a model"),
        (("--model", "net.toml", "--layers", "2,2"), 2, "--layers is for invented networks"),
        (("--model", "none.toml"), 3, "none.toml: there is no such file"),
        (("--mark", "a.json"), 2, "--key is missing"),
        (("--key", "a.json"), 2, "--mark is missing"),
        (("--mark", "a.json", "--key", "b.json"), 3, "b.json: there is no such file"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    backlit: Backlit, here: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (here / "net.toml").write_text(BY_HAND, encoding="utf-8")
    done = backlit("worksheet", "--no-pdf", *arguments)
    assert done.code == code
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert not (here / "worksheets" / "sheets" / "sheet-01.html").exists()
