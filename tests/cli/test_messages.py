"""What a user reads where something can't be: the command line's own words, its options, one sentence, a remedy."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import backlit as library
from backlit.cli.app import command
from backlit.cli.messages import refusal

from .conftest import Backlit, flowers

QUICK = ("--layers", "4", "--epochs", "1")
TRAIN = command().commands["train"]
# Names that are an option's in Python alone, and what Python alone says; yes=3,no=1 is what --class-weight takes.
PYTHON = re.compile(
    r"(?<![\w(])(?:"
    + "|".join(option.name for option in TRAIN.params if "_" in option.name)
    + r")\b|\b(?:np\.|None\b|True\b|False\b)|(?<![(\w])(?!yes=|no=)[a-z_]+=[\['\d(]|\((?:x, y)\)|fit\("
)

IRIS = ("train", "iris")
SAY = "say what to train on: backlit train DATA (backlit data list says the names)"
AGE = ("--target", "age", "--exclude", "name", "--task", "values")
NONE = ("--validation", "none")
PART = "of 150 examples is less than one example of any class; take 0.02 or more"
SAID = [
    (["--early-stopping", "2", *NONE], "--early-stopping needs a validation set: give --validation 0.1, or --val"),
    (["--watch", "f1", *NONE], "--watch needs a validation set: give --validation 0.1"),
    (["--metrics", "f1", *NONE], "f1 needs a validation set: give --validation 0.1"),
    (["--monitors", "validation_cost", *NONE], "validation_cost needs a validation set: give --validation 0.1"),
    (["--eta", "-1"], "--eta is a finite number above 0; got -1.0"),
    (["--l1", "-1"], "--l1 is a finite number of at least 0; got -1.0"),
    (["--l2", "nan"], "--l2 is a finite number of at least 0; got nan"),
    (["--min-delta", "-1"], "--min-delta is a finite number of at least 0; got -1.0"),
    (["--max-norm", "0"], "--max-norm is a finite number above 0; got 0.0"),
    (["--clip-norm", "0"], "--clip-norm is a finite number above 0; got 0.0"),
    (["--clip-value", "0"], "--clip-value is a finite number above 0; got 0.0"),
    (["--epochs", "0"], "--epochs is a whole number of at least 1; got 0"),
    (["--early-stopping", "0"], "--early-stopping is a whole number of at least 1, the epochs to wait"),
    (["--threads", "0"], "--threads is a whole number of at least 1; got 0"),
    (["--seed", "-1"], "--seed must be an integer ≥ 0; got -1"),
    (["--dtype", "float16"], "--dtype is float32 or float64; got 'float16'"),
    (["--missing", "zero"], "--missing is 'mean', 'median' or 'error'; got 'zero'"),
    (["--target", "flower"], "the target of iris is 'class'; leave --target flower away"),
    (["--class-weight", "rose=1"], "unknown class in --class-weight 'rose'"),
    (["--class-weight", "setosa=-1"], "--class-weight of 'setosa' is a finite number of at least 0; got -1.0"),
    (["--dropout", "0.1,0.2,0.3"], "--dropout is one rate for the hidden layers, or a list of 2"),
    (["--layers", "none", "--dropout", "0.1"], "--dropout is for hidden layers and this network has none; leave it"),
    (["--optimizer", "l_bfgs", "--clip-norm", "1", "--eta", "1"], "so --clip-norm and --eta can't be combined with it"),
    (["--optimizer", "l_bfgs", "--find-eta"], "there is no eta to find; leave --find-eta out"),
    (["--activation", "relu,tanh"], "takes one for all hidden layers, or one for each; got 2 for 1 hidden layer"),
    (["--validation", "test"], "iris has no test set of its own; give --validation a part, a number or a file"),
    (["--validation", "0.001"], f"--validation 0.001 {PART}"),
    (["--held-out", "0.001"], f"--held-out 0.001 {PART}"),
    (["--held-out", "0.999"], "--held-out 0.999 of 150 examples leaves none to train on; take a smaller part"),
    (["--validation", "150"], "--validation 150 takes the last 150 examples, and there are 150 to train on"),
    (["--validation", "-3"], "the number of the last examples, such as 500, a FILE, test or none; got '-3'"),
    (["--validation", "1.5"], "--validation takes a part of the examples between 0 and 1, such as 0.2, the number of"),
    (["--validation", ""], "a FILE, test or none; got ''"),
    (["--class-weight", ""], "--class-weight takes balanced, or weights such as yes=3,no=1; got ''"),
    (["--monitors", "all,validation_cost"], "'all' stands for every monitor, and alone: give --monitors all"),
    (["--exclude", "class"], "'class' is the target, and can't be left out too; take it out of --exclude, or"),
    (["--weight-column", "class"], "can't be the weights too; name another column with --weight-column"),
]  # fmt: skip


def test_every_message_of_training_names_the_option(backlit: Backlit, here: Path) -> None:
    for arguments, said in SAID:
        done = backlit("train", "iris", *arguments)
        assert done.code == 2, (arguments, done)
        assert said in done.err, (arguments, done.err)
        assert len(done.err.splitlines()) == 1
        assert not PYTHON.search(done.err), done.err
    assert list(here.iterdir()) == []


def test_the_same_messages_in_python_name_the_argument() -> None:
    x, y = library.data.load("iris").arrays()
    with pytest.raises(library.UsageError) as caught:
        library.Network([4, 3]).fit(x, y, early_stopping=3)
    assert str(caught.value) == (
        "early_stopping needs a validation set: give validation=0.1, or validation=(x, y)"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--task", "values"], 3, "take --task classes"),
        (["--missing", "error"], 3, "is missing; fill it in, or take --missing mean or --missing median"),
        (["--exclude", "age,name"], 3, "people.csv has no column left; leave fewer out"),
        ([], 3, "nothing can be learnt from them; leave the column out (--exclude name)"),
        ([*AGE, "--cost", "hinge"], 2, "take --cost squared_error, or --task classes if that is meant"),
        ([*AGE, "--class-weight", "balanced"], 2, "give --weight-column"),
        ([*AGE, "--monitors", "training_accuracy"], 2, "take --metrics r2"),
    ],
)  # fmt: skip
def test_messages_about_tables_name_the_option(
    backlit: Backlit, here: Path, arguments: list[str], code: int, said: str
) -> None:
    rows = [
        f"{'' if i == 7 and 'error' in arguments else i + 0.5},person {i},{'uv'[i % 2]}" for i in range(60)
    ]
    (here / "people.csv").write_text("\n".join(["age,name,y", *rows]), encoding="utf-8")
    done = backlit("train", "people.csv", *(() if "--target" in arguments else ("--target", "y")), *arguments)
    assert (done.code, said in done.err) == (code, True), done
    assert not PYTHON.search(done.err), done.err


def test_the_target_is_asked_for_by_its_option(backlit: Backlit, here: Path, models: Path) -> None:
    (here / "a.csv").write_text("p,q\n1,2\n2,3\n", encoding="utf-8")
    assert "say which column is wanted, with --target …; it has p, q" in backlit("train", "a.csv").err
    done = backlit("evaluate", models / "prices.safetensors", models / "prices.csv", "--held-out")
    assert "train with --held-out 0.2, or leave --held-out away here" in done.err


def test_a_run_that_diverges_names_options(backlit: Backlit) -> None:
    done = backlit("train", "diabetes", "--optimizer", "sgd", "--eta", "1e30", "--no-standardise")
    assert done.code == 3
    assert "Take a smaller --eta (it was 1e+30; try 1e+29), --clip-norm 1" in done.err


def test_all_monitors_are_those_that_there_can_be(backlit: Backlit) -> None:
    done = backlit("train", "iris", *QUICK, "--monitors", "all", "--validation", "none", "--json")
    assert done.code == 0, done.err
    assert {"training_cost", "training_accuracy"} <= set(done.json["history"]["records"][0])
    assert "validation_cost" not in done.json["history"]["records"][0]


# ------------------------------------------------------------------------------------------------- the target of arrays


@pytest.fixture
def arrays(here: Path) -> Path:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 4)), rng.integers(0, 3, 40)
    np.savez(here / "xy.npz", x=x, y=y)
    np.save(here / "x.npy", np.c_[x, y])
    return here


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["xy.npz", "--target", "9"], 2, "the target of xy.npz is 'y'; leave --target 9 away"),
        (["x.npy", "--target", "9"], 3, "x.npy has no column '9'; it has 5 columns without names, counted from x0 to"),
        (["x.npy", "--target", "4", "--exclude", "1"], 3, "did you mean 'x1'? It has 4 columns without names"),
        (["x.npy", "--target", "4"], 0, ""),
        (["x.npy", "--target", "x4"], 0, ""),
        (["xy.npz", "--target", "y"], 0, ""),
    ],
)  # fmt: skip
def test_the_target_of_arrays(
    backlit: Backlit, arrays: Path, arguments: list[str], code: int, said: str
) -> None:
    done = backlit("train", *arguments, *QUICK, "--quiet")
    assert done.code == code, done
    assert said in done.err


# ------------------------------------------------------------------------------------------------------ unknown classes


def test_numbers_as_classes_are_those_of_the_whole_set(backlit: Backlit, here: Path) -> None:
    done = backlit("train", "diabetes", "--task", "classes", *QUICK, "--held-out", "0.2")
    assert done.code == 0, done.err
    net = library.load(here / "diabetes.safetensors")
    assert net.classes == tuple(np.unique(library.data.load("diabetes").labels()).tolist())


def test_a_class_that_a_validation_file_alone_has(backlit: Backlit, here: Path) -> None:
    flowers(here / "train.csv")
    text = (here / "train.csv").read_text(encoding="utf-8")
    (here / "more.csv").write_text(text.replace("virginica", "rose", 1), encoding="utf-8")
    done = backlit("train", "train.csv", "--target", "species", "--validation", "more.csv", *QUICK)
    assert done.code == 3
    assert (
        "more.csv, line 102, column 'species': 'rose' is none of the classes that the model knows, setosa, "
        "versicolor, virginica; mend the label, leave the row out, or train on data that has the class"
    ) in done.err
    (here / "train.csv").write_text(
        "x,y\n" + "".join(f"{i},{i % 2 + 1.0}\n" for i in range(30)), encoding="utf-8"
    )
    (here / "more.csv").write_text("x,y\n1,1.0\n2,7.5\n", encoding="utf-8")
    told = ("--target", "y", "--task", "classes", "--validation", "more.csv")
    done = backlit("train", "train.csv", *told, *QUICK)
    assert "column 'y': 7.5 is none of the classes that the model knows, 1.0, 2.0; mend the label" in done.err


# -------------------------------------------------------------------------------------------------------- typer's words


@pytest.mark.parametrize(
    ("arguments", "said", "path"),
    [
        (["train"], SAY, "backlit train"),
        ([*IRIS, "--limit", "0"], "--limit takes a whole number of at least 1; got '0'", "backlit train"),
        ([*IRIS, "--limit=-4"], "--limit takes a whole number of at least 1; got '-4'", "backlit train"),
        (["predict", "m", "x", "--top", "0"], "--top takes a whole number of at least 1; got '0'", "backlit predict"),
        ([*IRIS, "--epochs", "5", "--epochs", "many"], "--epochs takes a whole number; got 'many'", "backlit train"),
        ([*IRIS, "--eta", "fast"], "--eta takes a number; got 'fast'", "backlit train"),
        ([*IRIS, "--epochs"], "--epochs needs a value", "backlit"),
        ([*IRIS, "--quiet=3"], "--quiet takes no value", "backlit"),
        (["train", "iris", "wine"], "too much was given: 'wine'", "backlit train"),
        ([*IRIS, "--etta", "3"], "there is no option --etta (near it: --eta, --find-eta, --task)", "backlit train"),
        (["predict"], "MODEL is missing", "backlit predict"),
        (["trian"], "there is no command 'trian'. Did you mean 'train'?", "backlit"),
        (["data", "what"], "there is no command 'what'", "backlit data"),
        ([], "say which command", "backlit"),
    ],
)  # fmt: skip
def test_typers_errors_are_in_our_words(backlit: Backlit, arguments: list[str], said: str, path: str) -> None:
    done = backlit(*arguments)
    assert (done.code, done.err) == (2, f"backlit: error: {said}; see {path} --help\n")


def test_what_typer_may_yet_say_keeps_its_own_words() -> None:
    class Refused(Exception):
        def format_message(self) -> str:
            return "Invalid value for '--plot':  it is\nno picture."

    assert refusal(Refused(), []) == "--plot: it is no picture; see backlit --help"


# ------------------------------------------------------------------------------------------------------- one of a thing


def test_one_of_a_thing_is_not_several(backlit: Backlit, here: Path, models: Path) -> None:
    done = backlit("predict", models / "flowers.safetensors", models / "flowers.csv", "--limit", "1")
    assert re.search(r"^[01] of 1 (is|are) right", done.out, re.MULTILINE)
    assert backlit(
        "evaluate", models / "flowers.safetensors", models / "flowers.csv", "--limit", "1"
    ).out.startswith("1 example\n")
    answers = backlit("predict", models / "prices.safetensors", models / "prices.csv", "--limit", "1")
    assert "on average, over 1 example." in answers.out
    (here / "one.csv").write_text("x\n3\n", encoding="utf-8")
    assert backlit("data", "show", "one.csv").out.startswith("one.csv: 1 example, 1 column\n")
