"""``backlit train``: what it makes, says and refuses; Ctrl-C and going on; and that bad input writes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as library
from backlit import pipeline

from .conftest import Backlit, flowers, prices

QUICK = ("--layers", "8", "--epochs", "3")


def test_a_model_is_made_and_its_accuracy_on_held_out_examples_is_said(backlit: Backlit, here: Path) -> None:
    done = backlit(
        "train", "digits", "--layers", "30", "--epochs", "15", "--held-out", "0.2", "--out", "d.safetensors"
    )
    assert done.code == 0
    assert "held-out examples are right" in done.out
    share = float(next(line for line in done.out.splitlines() if "are right" in line).split("%")[0])
    assert 90 < share <= 100
    assert done.out.endswith(
        "Saved to d.safetensors. Next:\n  backlit predict d.safetensors digits --held-out --draw\n"
    )
    assert done.out.splitlines()[0].split()[:2] == ["epoch", "cost"]
    assert sum(line.strip()[:1].isdigit() for line in done.out.split("\n\n")[0].splitlines()) <= 12
    assert done.err.count("epoch ") == 15
    assert "\x1b" not in done.out + done.err
    net = library.load(here / "d.safetensors")
    assert net.sizes == (64, 30, 10)
    assert (net.task, net.classes) == ("classes", tuple(range(10)))
    assert net.dtype == np.float32
    assert sorted(path.name for path in here.iterdir()) == ["d.safetensors"]


def test_the_sentence_is_true(backlit: Backlit, here: Path) -> None:
    told = backlit("train", "digits", *QUICK, "--held-out", "0.2", "--json", "--quiet").json
    net = library.load(here / "digits.safetensors")
    found = pipeline.evaluate(net, pipeline.examples_of(net, "digits", held_out=True))
    assert told["judged_on"] == "held-out"
    assert told["evaluation"]["metrics"]["accuracy"] == found.metrics["accuracy"]
    assert told["evaluation"]["n"] == found.n == pytest.approx(0.2 * 1797, abs=10)


def test_json_is_one_strict_document(backlit: Backlit) -> None:
    done = backlit("train", "iris", *QUICK, "--json")
    assert done.code == 0
    assert next(iter(done.json)) == "schema"
    assert done.json["schema"] == "backlit.train/1"
    assert len(done.json["history"]["records"]) == 3
    assert "training_accuracy" in done.json["history"]["records"][0]
    assert done.json["model"].endswith("iris.safetensors")


def test_quiet_says_one_sentence(backlit: Backlit) -> None:
    done = backlit("train", "iris", *QUICK, "--quiet")
    assert len(done.out.splitlines()) == 1
    assert done.err == ""


def test_a_csv_file_with_words_and_gaps(backlit: Backlit, here: Path) -> None:
    prices(here / "prices.csv")
    done = backlit(
        "train",
        "prices.csv",
        "--target",
        "price",
        "--layers",
        "16",
        "--eta",
        "0.01",
        "--held-out",
        "0.2",
        "--epochs",
        "40",
    )
    assert done.code == 0
    assert "off by" in done.out
    net = library.load(here / "prices.safetensors")
    assert net.activations[-1].name == "identity"
    assert net.cost.name == "squared_error"
    flowers(here / "flowers.csv")
    done = backlit("train", "flowers.csv", "--target", "species", "--exclude", "id", *QUICK)
    assert done.code == 0
    net = library.load(here / "flowers.safetensors")
    assert net.recipe.inputs == ("length", "width", "petal", "colour = blue", "colour = violet")
    assert net.classes == ("setosa", "versicolor", "virginica")


@pytest.mark.parametrize(
    ("arguments", "output", "cost", "outputs"),
    [
        (["iris"], "softmax", "cross_entropy", 3),
        (["iris", "--cost", "half_squared_error"], "sigmoid", "half_squared_error", 3),
        (["iris", "--cost", "binary-cross-entropy"], "sigmoid", "binary_cross_entropy", 3),
        (["iris", "--cost", "hinge"], "identity", "hinge", 3),
        (["iris", "--cost", "poisson"], "exp", "poisson", 3),
        (["iris", "--output-activation", "sigmoid"], "sigmoid", "binary_cross_entropy", 3),
        (["breast_cancer"], "softmax", "cross_entropy", 2),
        (["breast_cancer", "--cost", "binary_cross_entropy"], "sigmoid", "binary_cross_entropy", 1),
        (["breast_cancer", "--cost", "hinge"], "identity", "hinge", 1),
        (["diabetes"], "identity", "squared_error", 1),
        (["diabetes", "--cost", "poisson", "--eta", "0.0001"], "exp", "poisson", 1),
        (["diabetes", "--cost", "huber(delta=2.0)"], "identity", "huber(delta=2.0)", 1),
    ],
)
def test_what_suits_task_and_cost(
    backlit: Backlit, here: Path, arguments: list[str], output: str, cost: str, outputs: int
) -> None:
    done = backlit("train", *arguments, *QUICK, "--out", "m.safetensors", "--quiet")
    assert (done.code, done.err) == (0, "")
    net = library.load(here / "m.safetensors")
    assert (net.activations[-1].option, net.cost.option, net.sizes[-1]) == (output, cost, outputs)


def test_every_setting_arrives(backlit: Backlit, here: Path) -> None:
    told = (
        "--layers 6,5 --activation tanh,elu(alpha=0.5) --init he_normal --optimizer momentum(momentum=0.5) --eta 0.02 "
        "--schedule step(every=2) --epochs 4 --batch-size full --l1 0.001 --l2 0.002 --dropout 0,0.1,0.2 --max-norm 3 "
        "--clip-value 1 --clip-norm 2 --class-weight setosa=2,virginica=1 --validation 1/4 --early-stopping 9 "
        "--min-delta 0.001 --watch f1 --metrics f1 --monitors all --seed 5 --dtype float64 --engine numpy --threads 1 "
        "--no-shuffle --no-standardise --out m.safetensors --json"
    )
    done = backlit("train", "iris", *told.split())
    assert done.code == 0, done.err
    net = library.load(here / "m.safetensors")
    assert net.sizes == (4, 6, 5, 3)
    assert [one.option for one in net.activations] == ["tanh", "elu(alpha=0.5)", "softmax"]
    assert (net.init, net.seed, net.dtype.name) == ("he_normal", 5, "float64")
    wanted: dict[str, Any] = {
        "optimizer": "momentum(momentum=0.5)",
        "eta": 0.02,
        "schedule": "step(every=2, factor=0.5)",
        "epochs": 4,
        "batch_size": None,
        "l1": 0.001,
        "l2": 0.002,
        "dropout": [0.0, 0.1, 0.2],
        "max_norm": 3.0,
        "clip_value": 1.0,
        "clip_norm": 2.0,
        "class_weight": [["setosa", 2.0], ["virginica", 1.0]],
        "early_stopping": 9,
        "min_delta": 0.001,
        "watch": "f1",
        "metrics": ["f1"],
        "seed": 5,
        "shuffle": False,
        "threads": 1,
        "engine": "numpy",
    }
    assert "taken as" in str(net.recipe.describe()[0])
    found = net.training["settings"]
    assert {name: found[name] for name in wanted} == wanted
    assert set(done.json["history"]["records"][0]) >= {
        "training_cost",
        "training_accuracy",
        "validation_accuracy",
        "f1",
    }


def test_weights_of_examples_come_from_a_column(backlit: Backlit, here: Path) -> None:
    lines = ["x,w,y"] + [
        f"{x / 40},{1 if x % 4 < 2 else 0},{'ab'[(x % 4 < 2) == (x > 20)]}" for x in range(40)
    ]
    (here / "w.csv").write_text("\n".join(lines), encoding="utf-8")
    done = backlit("train", "w.csv", "--target", "y", "--weight-column", "w", *QUICK, "--validation", "none")
    assert done.code == 0, done.err
    assert library.load(here / "w.safetensors").recipe.inputs == ("x",)
    (here / "w.csv").write_text("\n".join(lines).replace(",1,", ",heavy,"), encoding="utf-8")
    done = backlit("train", "w.csv", "--target", "y", "--weight-column", "w", *QUICK)
    assert done.code == 3
    assert "column of weights, 'w', holds words" in done.err


def test_a_validation_file(backlit: Backlit, here: Path) -> None:
    flowers(here / "train.csv")
    flowers(here / "more.csv")
    done = backlit("train", "train.csv", "--target", "species", "--validation", "more.csv", *QUICK, "--json")
    assert done.code == 0, done.err
    assert done.json["evaluation"]["n"] == 150


def test_validation_on_the_last_examples(backlit: Backlit, here: Path) -> None:
    flowers(here / "f.csv")
    done = backlit("train", "f.csv", "--target", "species", "--validation", "30", *QUICK, "--json")
    assert [row["examples"] for row in done.json["evaluation"]["by_class"]] == [0, 0, 30]
    done = backlit("train", "f.csv", "--target", "species", "--validation", "150", *QUICK)
    assert done.code == 2
    assert "--validation 150 takes the last 150 examples, and there are 150" in done.err
    done = backlit("train", "f.csv", "--target", "species", "--validation", "test", *QUICK)
    assert done.code == 2
    assert "f.csv has no test set of its own" in done.err


def test_too_few_examples_for_validation_are_said(backlit: Backlit, here: Path) -> None:
    (here / "few.csv").write_text("x,y\n1,a\n2,b\n3,a\n4,b\n", encoding="utf-8")
    done = backlit("train", "few.csv", "--target", "y", *QUICK)
    assert done.code == 0
    assert "backlit: note: 4 examples are too few to set any aside for validation" in done.err
    assert "nothing was set aside to judge it on" in done.out


def test_pictures_of_the_run(backlit: Backlit, here: Path) -> None:
    pytest.importorskip("matplotlib")
    assert backlit("train", "iris", *QUICK, "--plot", "history.png").code == 0
    assert (here / "history.png").read_bytes().startswith(b"\x89PNG")


def test_the_learning_rate_finder_trains_nothing(backlit: Backlit, here: Path) -> None:
    done = backlit("train", "iris", "--optimizer", "sgd", "--find-eta")
    assert done.code == 0
    assert done.out.startswith("eta = ")
    assert "Nothing was trained" in done.out
    assert list(here.iterdir()) == []
    told = backlit("train", "iris", "--optimizer", "sgd", "--find-eta", "--json").json
    assert told["schema"] == "backlit.find-eta/1"
    assert 1e-5 < told["suggestion"] < told["limit"]


def test_a_network_that_learns_nothing_gets_advice(backlit: Backlit) -> None:
    done = backlit(
        "train", "digits", "--layers", "4", "--epochs", "1", "--eta", "0.0000001", "--held-out", "0.2"
    )
    assert done.code == 0
    assert "It learnt little: try" in done.out


def test_an_existing_model_is_kept_until_the_run_succeeds(backlit: Backlit, here: Path) -> None:
    model = here / "m.safetensors"
    model.write_bytes(b"the old one")
    done = backlit("train", "digits", *QUICK, "--optimizer", "sgd", "--eta", "1e30", "--out", model)
    assert done.code == 3
    assert "training diverged in epoch 1" in done.err
    assert "Take a smaller --eta" in done.err
    assert model.read_bytes() == b"the old one"
    assert [path.name for path in here.iterdir()] == ["m.safetensors"]
    assert backlit("train", "iris", *QUICK, "--out", model).code == 0
    assert library.load(model).sizes == (4, 8, 3)


# ------------------------------------------------------------------------------------------------------------- usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train"], "say what to train on"),
        (["train", "iris", "--layers", "8,x"], "--layers takes the sizes of the hidden layers"),
        (["train", "iris", "--layers", "0"], "--layers takes the sizes of the hidden layers"),
        (
            ["train", "iris", "--epochs", "many"],
            "--epochs takes a whole number; got 'many'; see backlit train --help",
        ),
        (["train", "iris", "--epochs", "0"], "--epochs is a whole number of at least 1; got 0"),
        (["train", "iris", "--batch-size", "-1"], "--batch-size takes a whole number"),
        (["train", "iris", "--held-out", "2"], "--held-out takes a part of the examples between 0 and 1"),
        (["train", "iris", "--validation", "1.5"], "--validation takes a part of the examples"),
        (["train", "iris", "--dropout", "much"], "--dropout takes a rate"),
        (["train", "iris", "--dropout", "1.0"], "dropout"),
        (["train", "iris", "--class-weight", "setosa"], "--class-weight takes balanced, or weights"),
        (["train", "iris", "--class-weight", "rose=2"], "unknown class in --class-weight 'rose'"),
        (["train", "iris", "--activation", "rely"], "Did you mean 'relu'?"),
        (
            ["train", "iris", "--activation", "relu,tanh", "--layers", "9"],
            "--activation takes one for all hidden layers, or one for each; got 2 for 1 hidden layer",
        ),
        (["train", "iris", "--cost", "cross_entrpy"], "Did you mean 'cross_entropy'?"),
        (["train", "iris", "--optimizer", "adm"], "Did you mean 'adam'?"),
        (["train", "iris", "--schedule", "cosin"], "Did you mean 'cosine'?"),
        (["train", "iris", "--init", "he"], "he_normal"),
        (["train", "iris", "--dtype", "float16"], "--dtype is float32 or float64"),
        (["train", "iris", "--engine", "gpu"], "unknown engine 'gpu'"),
        (["train", "iris", "--metrics", "r2"], "metric 'r2' is for values, and this network is for classes"),
        (["train", "iris", "--missing", "zero"], "missing"),
        (["train", "iris", "--task", "regression"], "unknown task 'regression'"),
        (["train", "iris", "--seed", "-1"], "--seed must be an integer ≥ 0"),
        (
            ["train", "iris", "--validation", "none", "--early-stopping", "3"],
            "needs a validation set",
        ),
        (
            ["train", "iris", "--output-activation", "relu", "--cost", "cross_entropy"],
            "cross_entropy needs outputs",
        ),
        (["train", "diabetes", "--cost", "cross_entropy"], "the cost cross_entropy is not for values"),
        (["train", "diabetes", "--cost", "hinge"], "the cost hinge is not for values"),
        (["train", "iris", "--optimizer", "l_bfgs", "--dropout", "0.5"], "l_bfgs takes whole batches"),
        (["train", "iris", "--etta", "3"], "there is no option --etta (near it: --eta,"),
        (["trian", "iris"], "there is no command 'trian'"),
        (["data", "list", "extra"], "too much was given: 'extra'; see backlit data list --help"),
        ([], "see backlit --help"),
    ],
)
def test_a_command_line_that_cant_be(backlit: Backlit, here: Path, arguments: list[str], said: str) -> None:
    done = backlit(*arguments)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("backlit: error: ")
    assert done.out == ""
    assert list(here.iterdir()) == []


# ----------------------------------------------------------------------------------------------------------- bad data

GOOD = "x,colour,y\n" + "".join(f"{i},{'rb'[i % 2]},{('no', 'yes')[i % 3 == 0]}\n" for i in range(30))
BAD: dict[str, tuple[bytes, list[str]]] = {
    "empty.csv": (b"", ["empty.csv", "empty"]),
    "heading.csv": (b"x,y\n", ["heading.csv", "no rows"]),
    "latin.csv": (GOOD.encode().replace(b"5,b", b"5,b\xe9"), ["latin.csv, line 7", "UTF-8"]),
    "ragged.csv": (GOOD.encode().replace(b"\n4,", b"\n4,4,"), ["ragged.csv, line 6", "4 cells"]),
    "wrong.csv": (GOOD.encode().replace(b"\n17,", b"\nseventeen,"), ["wrong.csv, line 19", "'x'", "'seventeen'"]),
    "infinite.csv": (GOOD.encode().replace(b"\n17,", b"\ninf,"), ["infinite.csv, line 19", "'x'", "infinite"]),
    "twice.csv": (GOOD.encode().replace(b"x,colour", b"x,x"), ["twice.csv", "two columns", "'x'"]),
    "one_class.csv": (b"x,y\n1,a\n2,a\n3,a\n", ["one_class.csv", "one class only", "'a'"]),
    "no_target.csv": (GOOD.encode().replace(b"17,b,no", b"17,b,"), ["no_target.csv, line 19", "'y'", "missing"]),
    "cut.csv.gz": (__import__("gzip").compress(GOOD.encode())[:60], ["cut.csv.gz", "gzip"]),
    "binary.csv": (b"x,y\n\0\0\0", ["binary.csv", "zero byte"]),
    "odd.xyz": (b"hello", ["odd.xyz", ".xyz"]),
    "cut.npz": (b"PK\x03\x04 and no more", ["cut.npz", "NumPy"]),
    "cut.npy": (b"\x93NUMPY\x01\x00", ["cut.npy", "NumPy"]),
    "t-images-idx3-ubyte": (b"\x00\x00\x08\x07rubbish", ["t-images-idx3-ubyte"]),
    "cut.parquet": (b"PAR1 and no more", ["cut.parquet", "arquet"]),
    "bad.svm": (b"1 a:b\n", ["bad.svm"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files_get_one_sentence_and_leave_nothing(backlit: Backlit, here: Path, name: str) -> None:
    content, said = BAD[name]
    (here / name).write_bytes(content)
    (here / "m.safetensors").write_bytes(b"the old one")
    done = backlit("train", name, "--target", "y", *QUICK, "--out", "m.safetensors")
    assert done.code == 3, done
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("backlit: error: ")
    for word in said:
        assert word in done.err
    assert (here / "m.safetensors").read_bytes() == b"the old one"
    assert sorted(path.name for path in here.iterdir()) == sorted([name, "m.safetensors"])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.csv", "--target", "y"], 3, "nowhere.csv"),
        (["digitz"], 3, "Did you mean 'digits'?"),
        (["."], 3, "directory"),
        (["good.csv", "--target", "z"], 3, "no column 'z'"),
        (["good.csv", "--exclude", "colr", "--target", "y"], 3, "'colr'"),
        (["good.csv", "--target", "y", "--weight-column", "w"], 3, "'w'"),
        (["good.csv", "--target", "y", "--task", "values"], 3, "'y'"),
        (["good.csv", "--target", "y", "--out", "nowhere/m.safetensors"], 3, "make its folder first"),
        (["good.csv", "--target", "y", "--plot", "nowhere/p.png"], 3, "make its folder first"),
        (["good.csv", "--target", "y", "--out", "."], 3, "directory"),
        (["mnist", "--data-dir", "."], 3, "train-images-idx3-ubyte"),
        (["iris", "--resume", "nowhere.checkpoint"], 3, "nowhere.checkpoint: there is no such file"),
        (["--resume", "good.csv"], 3, "not a Backlit checkpoint"),
    ],
)
def test_what_is_not_there(backlit: Backlit, here: Path, arguments: list[str], code: int, said: str) -> None:
    (here / "good.csv").write_text(GOOD, encoding="utf-8")
    done = backlit("train", *arguments, *(() if "--resume" in arguments else QUICK))
    assert done.code == code
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert [path.name for path in here.iterdir()] == ["good.csv"]


def test_no_space_left(backlit: Backlit, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = here / "m.safetensors"
    model.write_bytes(b"the old one")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = backlit("train", "iris", *QUICK, "--out", model)
    assert done.code == 3
    assert "no space left on device; free some space" in done.err
    assert model.read_bytes() == b"the old one"
    assert [path.name for path in here.iterdir()] == ["m.safetensors"]


def test_a_place_that_cant_be_written_is_found_before_training(
    backlit: Backlit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("training began")

    monkeypatch.setattr("backlit.training.fit", never)
    done = backlit(
        "train",
        "iris",
        "--out",
        "/proc/m.safetensors" if sys.platform == "linux" else "/nowhere/m.safetensors",
    )
    assert done.code == 3
    assert "the model can't be written" in done.err


# --------------------------------------------------------------------------------------------------- stopping, going on

LONG = ("digits", "--layers", "32", "--epochs", "400", "--dropout", "0.1", "--held-out", "0.2", "--seed", "3")


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "backlit", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path(library.__file__).parents[1])},
    )  # fmt: skip


def stop_after(process: subprocess.Popen[str], lines: int) -> tuple[int, str, str]:
    """Waits for so many epochs, presses Ctrl-C, and waits for the end."""
    assert process.stderr is not None
    seen = [process.stderr.readline() for _ in range(lines)]
    time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, "".join(seen) + err


def test_ctrl_c_saves_and_resume_ends_in_the_same_bits(tmp_path: Path) -> None:
    epochs = ("--epochs", "40")
    whole = start(tmp_path, "train", *LONG, *epochs, "--out", "whole.safetensors", "--quiet")
    code, out, err = stop_after(start(tmp_path, "train", *LONG, *epochs, "--out", "part.safetensors"), 2)
    assert code == 130, err
    assert "go on with:\n  backlit train --resume part.safetensors.checkpoint\n" in out
    assert "Traceback" not in err
    stopped = library.load(tmp_path / "part.safetensors")
    assert stopped.training["stop_reason"] == "interrupted"
    assert stopped.training["epochs"] < 40
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    resumed = start(elsewhere, "train", "--resume", "../part.safetensors.checkpoint")
    told, _ = resumed.communicate(timeout=60)
    assert resumed.returncode == 0, told
    assert whole.wait(timeout=60) == 0
    whole.communicate()
    ours, theirs = library.load(tmp_path / "part.safetensors"), library.load(tmp_path / "whole.safetensors")
    assert ours.theta.tobytes() == theirs.theta.tobytes()
    assert ours.training["data"] == theirs.training["data"]
    assert not (tmp_path / "part.safetensors.checkpoint").exists()
    assert list(elsewhere.iterdir()) == []


def test_a_resumed_run_keeps_its_options(backlit: Backlit, here: Path) -> None:
    code, _, err = stop_after(start(here, "train", *LONG, "--out", "m.safetensors"), 1)
    assert code == 130, err
    checkpoint = here / "m.safetensors.checkpoint"
    before = checkpoint.read_bytes()
    done = backlit("train", "--resume", checkpoint, "--epochs", "3", "--eta", "1")
    assert done.code == 2
    assert "--epochs, --eta can't be given with --resume" in done.err
    done = backlit("train", "iris", "--resume", checkpoint)
    assert done.code == 3
    assert len(done.err.splitlines()) == 1
    assert checkpoint.read_bytes() == before
    note = backlit("train", "iris", *QUICK, "--out", "m.safetensors")
    assert "is of an earlier run that was stopped" in note.err


def test_ctrl_c_before_training_says_so(backlit: Backlit, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("backlit.pipeline.train", stop)
    done = backlit("train", "iris")
    assert done.code == 130
    assert done.err == "backlit: stopped; nothing was saved\n"
