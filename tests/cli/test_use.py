"""``predict``, ``evaluate``, ``inspect``: true answers, examples held out, raw files, pictures, bad models."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as library
from backlit import pipeline
from backlit.storage import pack, unpack

from .conftest import Backlit, flowers

# ------------------------------------------------------------------------------------------------------------ predict


def test_the_held_out_examples_are_found_again(backlit: Backlit, models: Path) -> None:
    done = backlit("predict", models / "digits.safetensors", "digits", "--held-out", "--json")
    told = done.json
    assert told["schema"] == "backlit.predict/1"
    numbers = [row["example"] for row in told["answers"]]
    assert numbers == sorted(set(numbers))
    assert told["n"] == len(numbers) == pytest.approx(1797 / 5, abs=10)
    net = library.load(models / "digits.safetensors")
    x, y = library.data.load("digits").arrays()
    assert [row["answer"] for row in told["answers"]] == net.predict_labels(x[numbers].astype("f4")).tolist()
    assert [row["known"] for row in told["answers"]] == y[numbers].tolist()
    assert net.training["data"]["trained_on"] + len(numbers) < 1797  # the rest was for validation
    shares = told["answers"][0]["probabilities"]
    assert list(shares) == [str(k) for k in range(10)]
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)


def test_a_table_of_answers(backlit: Backlit, models: Path) -> None:
    done = backlit(
        "predict", models / "digits.safetensors", "digits", "--held-out", "--limit", "7", "--top", "3"
    )
    assert done.code == 0
    head, *rows = done.out.split("\n\n")[0].splitlines()
    assert head.split() == ["example", "answer", "probability", "known", "then"]
    assert len(rows) == 7
    assert all(row.count("%") == 3 for row in rows)
    assert re.search(r"\d of 7 are right \(\d+\.\d%\)\.", done.out)
    most = backlit("predict", models / "digits.safetensors", "digits", "--held-out")
    assert len(most.out.split("\n\n")[0].splitlines()) == 21
    assert "more rows; --limit, --out and --json show more." in most.out


def test_wrong_answers_are_marked(backlit: Backlit, models: Path) -> None:
    told = backlit("predict", models / "digits.safetensors", "digits", "--held-out", "--json").json["answers"]
    wrong = sum(row["answer"] != row["known"] for row in told)
    assert wrong > 0
    done = backlit("predict", models / "digits.safetensors", "digits", "--held-out", "--limit", "1000")
    assert done.out.count("✗") == wrong


def test_pictures_are_drawn_beside_their_answers(backlit: Backlit, models: Path) -> None:
    done = backlit("predict", models / "digits.safetensors", "digits", "--held-out", "--limit", "3", "--draw")
    assert done.code == 0
    lines = done.out.splitlines()
    assert any("█" in line for line in lines[:8])
    assert re.match(r'"\d" \d+\.\d%', lines[8])
    assert lines[9].count("example") == 3
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in done.out


def test_a_raw_file_without_its_target_in_another_order(backlit: Backlit, models: Path, here: Path) -> None:
    flowers(here / "all.csv")
    rows = list(csv.DictReader((here / "all.csv").read_text(encoding="utf-8").splitlines()))
    order = ["colour", "petal", "length", "extra", "width"]
    with (here / "new.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, order, extrasaction="ignore", restval="?")
        writer.writeheader()
        writer.writerows(rows[:40])
    done = backlit("predict", models / "flowers.safetensors", "new.csv", "--out", "answers.csv", "--json")
    assert done.code == 0
    assert "backlit: note: " in done.err
    assert "extra" in done.err
    whole = backlit("predict", models / "flowers.safetensors", "all.csv", "--limit", "40", "--json")
    assert whole.err == ""
    wanted = [row["probabilities"] for row in whole.json["answers"]]
    assert [row["probabilities"] for row in done.json["answers"]] == wanted
    assert "known" not in done.json["answers"][0]
    written = list(csv.reader(io.StringIO((here / "answers.csv").read_text(encoding="utf-8"))))
    assert written[0] == [
        "example",
        "answer",
        *(f"probability {n}" for n in ("setosa", "versicolor", "virginica")),
    ]
    assert [row[1] for row in written[1:]] == [row["answer"] for row in done.json["answers"]]
    assert len(written) == 41


def test_values_come_in_their_own_unit(backlit: Backlit, models: Path) -> None:
    done = backlit("predict", models / "prices.safetensors", models / "prices.csv", "--json")
    answers = done.json["answers"]
    assert done.json["task"] == "values"
    off = np.mean([abs(row["answer"] - row["known"]) for row in answers])
    spread = np.std([row["known"] for row in answers])
    assert off < 0.25 * spread
    told = backlit("predict", models / "prices.safetensors", models / "prices.csv", "--limit", "3")
    assert told.out.split("\n")[0].split() == ["example", "answer", "known"]
    assert "Off by" in told.out


def test_photographs_and_what_was_fed_in(backlit: Backlit, models: Path, here: Path) -> None:
    pytest.importorskip("PIL")
    from PIL import Image

    x, _ = library.data.load("digits").arrays()
    (here / "photos").mkdir()
    for row in range(3):
        ink = np.kron(x[row].reshape(8, 8), np.ones((20, 20)))
        paper = np.pad(230 - 190 * ink, 60, constant_values=230).astype(np.uint8)
        Image.fromarray(paper).save(here / "photos" / f"{row}.png")
    (here / "photos" / "notes.txt").write_text("no picture", encoding="utf-8")
    done = backlit("predict", models / "digits.safetensors", "photos", "--json", "--draw")
    assert [row["picture"] for row in done.json["answers"]] == ["0.png", "1.png", "2.png"]
    fed = np.array([row["image"] for row in done.json["answers"]])
    assert fed.shape == (3, 8, 8)
    assert fed.min() >= 0
    assert fed.max() <= 1
    net = library.load(models / "digits.safetensors")
    assert [row["answer"] for row in done.json["answers"]] == net.predict_labels(fed.reshape(3, 64)).tolist()
    for ours, drawn in zip(fed, x[:3], strict=True):  # what was fed in is what was photographed, as a shape
        assert np.corrcoef(ours.reshape(-1), drawn)[0, 1] > 0.5
    one = backlit("predict", models / "digits.safetensors", "photos/0.png")
    assert one.code == 0
    assert "█" in one.out
    assert "0.png" in one.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["flowers", "photo.png"], 2, "photo.png is a picture, and this model takes the columns"),
        (["digits", "photo.png"], 3, "photo.png is no whole picture"),
        (["digits", "empty"], 3, "empty holds no pictures"),
        (
            ["digits", "photo.png", "--held-out"],
            2,
            "--held-out is for the data that the model was trained on",
        ),
        (["flowers", "flowers.csv", "--draw"], 2, "--draw is for models on images"),
        (["prices", "prices.csv", "--held-out"], 2, "nothing was held out when this model was trained"),
        (["flowers", "other.csv", "--held-out"], 3, "is not the data that this model was trained on"),
        (["flowers", "less.csv"], 3, "no column 'petal'"),
        (
            ["flowers", "strange.csv"],
            3,
            "strange.csv, line 3, column 'species': 'rose' is none of the classes that the model knows",
        ),
        (["prices", "word.csv"], 3, "word.csv, line 2"),
        (["flowers", "nowhere.csv"], 3, "nowhere.csv"),
        (["digits", "iris"], 3, "64"),
        (["flowers", "flowers.csv", "--top", "0"], 2, "--top"),
        (["flowers", "flowers.csv", "--limit", "0"], 2, "--limit"),
        (["flowers", "flowers.csv", "--out", "nowhere/a.csv"], 3, "make its folder first"),
    ],
)
def test_what_predict_refuses(
    backlit: Backlit, models: Path, here: Path, arguments: list[str], code: int, said: str
) -> None:
    pytest.importorskip("PIL")
    model, *rest = arguments
    for name in ("flowers", "prices"):
        shutil.copy(models / f"{name}.csv", here)
    text = (models / "flowers.csv").read_text(encoding="utf-8")
    (here / "other.csv").write_text(text.replace("5.1", "5.2"), encoding="utf-8")
    (here / "less.csv").write_text(text.replace("petal", "leaf"), encoding="utf-8")
    (here / "strange.csv").write_text(
        "\n".join(text.replace("setosa", "rose").splitlines()[:1])
        + ("\n1,5,3,1,blue,setosa\n2,5,3,1,blue,rose\n"),
        encoding="utf-8",
    )
    (here / "word.csv").write_text("area,rooms\nlarge,3\n80,2\n", encoding="utf-8")
    (here / "photo.png").write_bytes(b"\x89PNG and no more")
    (here / "empty").mkdir()
    before = sorted(here.rglob("*"))
    done = backlit("predict", models / f"{model}.safetensors", *rest)
    assert done.code == code, done
    errors = [line for line in done.err.splitlines() if not line.startswith("backlit: note: ")]
    assert len(errors) == 1
    assert errors[0].startswith("backlit: error: ")
    assert said in errors[0]
    assert done.out == ""
    assert sorted(here.rglob("*")) == before


# ----------------------------------------------------------------------------------------------------------- evaluate


def test_metrics_table_and_confusion_matrix(backlit: Backlit, models: Path) -> None:
    arguments = ("evaluate", models / "digits.safetensors", "digits", "--held-out")
    told = backlit(*arguments, "--json").json
    assert told["schema"] == "backlit.evaluate/1"
    confusion = np.array(told["confusion"])
    assert confusion.sum() == told["n"]
    assert told["metrics"]["accuracy"] == pytest.approx(np.trace(confusion) / told["n"])
    assert [row["examples"] for row in told["by_class"]] == confusion.sum(axis=1).tolist()
    done = backlit(*arguments)
    assert done.out.startswith(f"{told['n']} held-out examples")
    assert f"{100 * told['metrics']['accuracy']:.1f}%" in done.out
    matrix = done.out.split("true class in rows, the model's answer in columns\n")[1].splitlines()[1:]
    read = [[0 if cell == "·" else int(cell) for cell in line.split()[1:]] for line in matrix]
    assert read == confusion.tolist()
    assert done.err == ""


def test_values_are_judged_in_their_own_unit(backlit: Backlit, models: Path) -> None:
    told = backlit("evaluate", models / "prices.safetensors", models / "prices.csv", "--json").json
    rows = backlit("predict", models / "prices.safetensors", models / "prices.csv", "--json").json["answers"]
    answer, known = (np.array([row[name] for row in rows], dtype=float) for name in ("answer", "known"))
    assert told["metrics"]["mae"] == pytest.approx(np.abs(answer - known).mean(), rel=1e-5)
    assert told["metrics"]["rmse"] == pytest.approx(np.sqrt(((answer - known) ** 2).mean()), rel=1e-5)
    done = backlit("evaluate", models / "prices.safetensors", models / "prices.csv")
    for name in ("MAE", "RMSE", "R²"):
        assert name in done.out
    assert "it was trained on these data, which flatters it\n" in done.err


def test_training_data_are_no_test(backlit: Backlit, models: Path) -> None:
    done = backlit("evaluate", models / "flowers.safetensors", models / "flowers.csv")
    assert done.code == 0
    assert done.err == "backlit: note: it was trained on these data, which flatters it; try --held-out\n"
    assert len(done.err) <= 80


def test_evaluate_needs_the_target(backlit: Backlit, models: Path, here: Path) -> None:
    (here / "new.csv").write_text("length,width,petal,colour\n5,3,1,blue\n", encoding="utf-8")
    done = backlit("evaluate", models / "flowers.safetensors", "new.csv")
    assert done.code == 3
    assert "no column 'species'" in done.err
    (here / "gap.csv").write_text(
        "length,width,petal,colour,species\n5,3,1,blue,setosa\n5,3,1,blue,\n", encoding="utf-8"
    )
    done = backlit("evaluate", models / "flowers.safetensors", "gap.csv")
    assert done.code == 3
    assert "gap.csv, line 3: the target 'species' is missing" in done.err


# ------------------------------------------------------------------------------------------------------------ inspect


def test_inspect_tells_all(backlit: Backlit, models: Path) -> None:
    told = backlit("inspect", models / "flowers.safetensors", "--json").json
    net = library.load(models / "flowers.safetensors")
    assert told["schema"] == "backlit.inspect/1"
    assert told["sizes"] == list(net.sizes)
    assert told["parameters"] == sum(layer["parameters"] for layer in told["layers"]) == net.theta.size
    assert told["inputs"] == list(net.recipe.inputs)
    done = backlit("inspect", models / "flowers.safetensors")
    for word in ("softmax", "cross_entropy", "16 × 5", "colour", "one-hot", "standardised", "adam", "12"):
        assert word in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def hostile(model: Path, kind: str) -> bytes:
    """A model file that is broken in one way."""
    content = model.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header: dict[str, Any] = json.loads(content[8 : 8 + length])
    about = json.loads(header["__metadata__"]["backlit"])
    if kind == "truncated":
        return content[:-100]
    if kind == "newer":
        about["format"], about["version"] = 99, "9.0"
    if kind == "shapes":
        about["sizes"][1] += 1
    if kind == "activation":
        about["activations"][0]["option"] = "rely"
    if kind == "foreign":
        del header["__metadata__"]["backlit"]
    else:
        header["__metadata__"]["backlit"] = json.dumps(about)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("truncated", "cut off"),
        ("newer", "install a newer Backlit"),
        ("shapes", "ask for"),
        ("activation", "rely"),
        ("foreign", "no Backlit metadata"),
    ],
)
@pytest.mark.parametrize("command", [["inspect"], ["predict", "digits"], ["evaluate", "digits"]])
def test_broken_models(
    backlit: Backlit, models: Path, here: Path, command: list[str], kind: str, said: str
) -> None:
    (here / "m.safetensors").write_bytes(hostile(models / "digits.safetensors", kind))
    done = backlit(command[0], "m.safetensors", *command[1:])
    assert done.code == 3
    assert len(done.err.splitlines()) == 1
    assert "m.safetensors" in done.err
    assert said in done.err


@pytest.mark.parametrize("command", [["inspect"], ["predict", "digits"]])
def test_damaged_metadata_is_the_models_fault_not_the_datas(
    backlit: Backlit, models: Path, here: Path, command: list[str]
) -> None:
    tensors, about = unpack(models / "digits.safetensors", "a model")
    for change, said in (
        ({"classes": None}, "classes: null, and its recipe has [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"),
        ({"task": None}, 'task: null, and its recipe has "classes"'),
        ({"activations": "relu"}, 'activations: "relu" is no list'),
        ({"version": 7}, "version: 7 is no name"),
    ):
        (here / "m.safetensors").write_bytes(pack(tensors, about | change))
        done = backlit(command[0], "m.safetensors", *command[1:])
        assert (done.code, done.out) == (3, "")
        assert done.err == (
            f"backlit: error: m.safetensors: its metadata is damaged ({said}); make the file anew\n"
        )


def test_a_folder_is_no_model(backlit: Backlit, here: Path) -> None:
    done = backlit("inspect", ".")
    assert (done.code, done.err) == (
        3,
        "backlit: error: . is a directory; give the path of a Backlit model\n",
    )


def test_what_a_user_keeps_in_training_is_no_training(backlit: Backlit, here: Path) -> None:
    net = library.Network([2, 3, 1])
    net.training = {"notes": ["of May"]}
    net.save(here / "m.safetensors")
    assert backlit("inspect", "m.safetensors").out.endswith("Not trained yet.\n")
    net.training = {"epochs": 1}
    net.save(here / "m.safetensors")
    assert backlit("inspect", "m.safetensors").out.endswith("epochs   1, 0 steps; not finished\n")


def test_a_model_on_plain_arrays_is_used_from_python(backlit: Backlit, here: Path) -> None:
    library.Network([2, 3, 1]).save(here / "m.safetensors")
    done = backlit("predict", "m.safetensors", "xor")
    assert done.code == 3
    assert "this model has no recipe for raw data" in done.err
    done = backlit("inspect", "m.safetensors")
    assert done.code == 0
    assert "No recipe" in done.out
    assert "Not trained yet." in done.out


@pytest.mark.parametrize("name", ["nowhere.safetensors", "."])
def test_a_model_that_is_not_there(backlit: Backlit, name: str) -> None:
    done = backlit("inspect", name)
    assert done.code == 3
    assert len(done.err.splitlines()) == 1


@pytest.mark.slow
def test_mnist_judges_on_its_own_test_set(backlit: Backlit, here: Path, mnist: Path) -> None:
    few = ("--limit", "3000", "--layers", "20", "--epochs", "3", "--held-out", "0.2")
    done = backlit("train", "mnist", "--data-dir", mnist, *few, "--out", "m.safetensors", "--json")
    assert done.code == 0
    assert "has a test set of its own, of 10,000 examples" in done.err
    assert (done.json["judged_on"], done.json["evaluation"]["n"]) == ("held-out", 10_000)
    again = backlit("evaluate", "m.safetensors", "mnist", "--data-dir", mnist, "--held-out", "--json")
    assert again.json["metrics"] == done.json["evaluation"]["metrics"]
    net = library.load("m.safetensors")
    assert pipeline.examples_of(net, "mnist", data_dir=mnist, held_out=True, limit=3).numbers.tolist() == [
        0,
        1,
        2,
    ]


def test_nothing_that_is_read_is_written_over(backlit: Backlit, models: Path) -> None:
    model, table = models / "flowers.safetensors", models / "flowers.csv"
    kept = [path.read_bytes() for path in (model, table)]
    for arguments in (
        ("predict", model, table, "--out", model),
        ("predict", model, table, "--out", table),
        ("train", table, "--target", "species", "--out", table),
        ("train", table, "--target", "species", "--plot", table),
    ):
        done = backlit(*arguments)
        assert (done.code, len(done.err.splitlines())) == (2, 1)
        assert "which is read; give it a file of its own" in done.err
    assert [path.read_bytes() for path in (model, table)] == kept


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["data", "list"]])
def test_a_full_stdout_is_one_line(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "backlit", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1)
    assert "no space left" in done.stderr


def test_a_picture_that_cant_be_is_found_before_training(backlit: Backlit, here: Path) -> None:
    done = backlit("train", "iris", "--plot", "history.docx", "--out", "iris.safetensors")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "history.docx: a picture's name ends in one of" in done.err
    assert list(here.iterdir()) == []
