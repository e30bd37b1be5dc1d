"""Data sets by name: what each is, seeded and stable; and what ``load`` says to names and options that aren't known."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backlit import data
from backlit.errors import DataError, UsageError

GENERATED = ("xor", "circles", "moons", "spiral", "gaussians", "plane")


def test_the_names_are_these() -> None:
    assert data.names() == [
        *("digits", "iris", "wine", "breast_cancer", "diabetes"),
        *GENERATED,
        *("mnist", "fashion_mnist"),
    ]


def test_every_name_is_described_in_one_line() -> None:
    for name in data.names():
        line = data.describe(name)
        assert 20 < len(line) < 120
        assert "\n" not in line


@pytest.mark.parametrize(
    ("name", "shape", "task", "classes", "target"),
    [
        ("digits", (1797, 64), "classes", tuple(range(10)), "digit"),
        ("iris", (150, 4), "classes", ("setosa", "versicolor", "virginica"), "class"),
        ("wine", (178, 13), "classes", ("class_0", "class_1", "class_2"), "class"),
        ("breast-cancer", (569, 30), "classes", ("malignant", "benign"), "class"),
        ("Diabetes", (442, 10), "values", None, "progression"),
    ],
)
def test_scikit_learns_sets(
    name: str, shape: tuple[int, int], task: str, classes: object, target: str
) -> None:
    import sklearn.datasets

    dataset = data.load(name)
    x, y = dataset.arrays()
    theirs = getattr(sklearn.datasets, f"load_{name.lower().replace('-', '_')}")()
    white = 16 if name == "digits" else 1
    np.testing.assert_array_equal(x * white, theirs.data)
    np.testing.assert_array_equal(y, theirs.target)
    assert (x.shape, x.dtype, len(dataset)) == (shape, np.float64, shape[0])
    assert (dataset.task, dataset.classes, dataset.target) == (task, classes, target)


def test_digits_are_kept_as_bytes_and_scaled_when_asked_for() -> None:
    dataset = data.load("digits")
    assert dataset.inputs.block.dtype == np.uint8
    assert (dataset.image, dataset.white) == ((8, 8), 16.0)
    x, _ = dataset.arrays(np.float32)
    assert x.dtype == np.float32
    assert (x.min(), x.max()) == (0, 1)


def test_a_part_keeps_the_classes_of_the_whole() -> None:
    first = data.load("digits", limit=3)
    assert len(first) == 3
    assert first.classes == tuple(range(10))
    assert first.arrays()[1].tolist() == [0, 1, 2]
    assert data.load("iris").take(np.arange(100, 150)).arrays()[1].tolist() == [2] * 50


def test_labels_are_what_people_call_them() -> None:
    iris = data.load("iris")
    assert iris.labels()[[0, 50, 149]].tolist() == ["setosa", "versicolor", "virginica"]
    assert data.load("digits").labels()[:3].tolist() == [0, 1, 2]


def test_a_data_set_shows_itself_as_a_table() -> None:
    table = data.load("iris").table
    assert table.names[-1] == "class"
    assert table.column("class")[0] == "setosa"
    assert repr(data.load("iris")) == "<Dataset iris: 150 examples, 4 inputs, 3 classes>"
    assert repr(data.load("diabetes")) == "<Dataset diabetes: 442 examples, 10 inputs, values>"


@pytest.mark.parametrize("name", GENERATED)
def test_generated_sets_are_seeded(name: str) -> None:
    one, again, other = (data.load(name, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.arrays()[0], again.arrays()[0])
    np.testing.assert_array_equal(one.labels(), again.labels())
    assert one.fingerprint() == again.fingerprint()
    assert one.fingerprint() != other.fingerprint()
    assert one.arrays()[0].shape == (500, 2)


def test_generated_sets_stay_what_they_are() -> None:
    """A model's metadata names the seed, not the rows: a change here would show held-out rows to old models."""
    first = {name: data.load(name, seed=1).arrays()[0][0].round(6).tolist() for name in GENERATED}
    assert first == {
        "xor": [0.167765, 0.851999],
        "circles": [0.466242, -0.244576],
        "moons": [0.244495, -0.070653],
        "spiral": [0.22285, -0.140831],
        "gaussians": [-1.062075, -0.545198],
        "plane": [0.735011, -0.21968],
    }


@pytest.mark.parametrize("name", GENERATED)
def test_examples_and_noise_are_options(name: str) -> None:
    few = data.load(name, examples=30, noise=0.0)
    assert len(few) == 30
    x, y = few.arrays()
    noisy = data.load(name, examples=30, noise=0.2)
    assert not np.array_equal(np.column_stack([x, y]), np.column_stack(noisy.arrays()))
    if few.task == "classes":
        counts = np.bincount(y)
        assert counts.min() > 0.2 * counts.max()


def test_without_noise_the_shapes_are_exact() -> None:
    x, y = data.load("circles", noise=0.0).arrays()
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.5))
    x, y = data.load("plane", noise=0.0).arrays()
    np.testing.assert_allclose(y, 0.5 * x[:, 0] - 0.8 * x[:, 1] + 0.3)
    x, y = data.load("xor", noise=0.0).arrays()
    np.testing.assert_array_equal(y, (x[:, 0] > 0) != (x[:, 1] > 0))


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("xor", {"examples": 5}, "examples of xor is a whole number of at least 10; got 5"),
        ("xor", {"examples": 20.0}, "examples of xor is a whole number of at least 10; got 20.0"),
        ("moons", {"noise": -1}, "noise of moons is a finite number of at least 0; got -1"),
        ("moons", {"noise": float("nan")}, "noise of moons is a finite number of at least 0; got nan"),
        ("moons", {"sides": 3}, "moons takes the options examples and noise; got sides"),
        ("iris", {"noise": 0.1}, "iris takes no options; got noise"),
        ("iris", {"target": "clas"}, "the target of iris is 'class'; leave target='clas' away"),
        ("iris", {"limit": 0}, "limit is a whole number of at least 1; got 0"),
        ("iris", {"limit": True}, "limit is a whole number of at least 1; got True"),
        ("spiral", {"seed": -1}, "seed must be an integer ≥ 0; got -1"),
    ],
)
def test_options_that_cant_be(refused, name: str, options: dict[str, object], words: str) -> None:
    assert refused(data.load, name, kind=UsageError, **options) == words


def test_an_unknown_name_gets_the_nearest(refused) -> None:
    words = refused(data.load, "digit", kind=DataError)
    assert words.startswith(
        "there is no data set and no file called 'digit'. Did you mean 'digits'? Known: digits, iris,"
    )
    words = refused(data.load, "q" * 5000, kind=DataError)
    assert "Did you mean" not in words
    assert "Did you mean 'spiral'?" in refused(data.describe, "spirall", kind=UsageError)


def test_a_path_that_isnt_there_is_a_file_that_isnt_there(refused) -> None:
    words = refused(data.load, "nowhere/people.csv", kind=DataError)
    assert words == f"{Path('nowhere/people.csv')}: there is no such file; look at its name and folder"
    assert refused(data.load, "peo\0ple.csv", kind=DataError).endswith("look at its name and folder")


def test_options_are_for_generated_sets(refused, csv) -> None:
    words = refused(data.load, csv("a,y\n1,2\n"), examples=3, kind=UsageError)
    assert words == "only generated data sets take options; got examples"


def test_fingerprints_see_every_change() -> None:
    iris = data.load("iris")
    seen = {
        iris.fingerprint(),
        iris.take(np.arange(149)).fingerprint(),
        iris.take(np.arange(150)[::-1]).fingerprint(),
    }
    table = iris.inputs
    moved = table.block.copy()
    moved[3, 2] += 1e-12
    other = data.Table(block=moved, names=table.names)
    seen.add(data.Dataset("iris", other, iris.wanted, iris.target).fingerprint())
    as_float32 = data.Table(block=table.block.astype(np.float32), names=table.names)
    seen.add(data.Dataset("iris", as_float32, iris.wanted, iris.target).fingerprint())
    relabelled = iris.wanted.copy()
    relabelled[0] = "virginica"
    seen.add(data.Dataset("iris", table, relabelled, iris.target).fingerprint())
    seen.add(data.Dataset("iris", table).fingerprint())
    assert len(seen) == 7
    zeros = [np.zeros((4, 2), dtype) for dtype in (np.int64, np.float64, np.uint64)] + [
        np.zeros((2, 4), np.int64)
    ]
    assert (
        len({data.Dataset("z", data.Table(block=block, names=["a", "b"])).fingerprint() for block in zeros})
        == 4
    )
    assert iris.fingerprint() == data.load("iris").fingerprint()


def test_importing_data_is_light() -> None:
    heavy = "{'scipy', 'sklearn', 'pandas', 'narwhals', 'PIL', 'pyarrow', 'platformdirs', 'rich', 'typer'}"
    code = f"import sys, backlit.data; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_rows_with_gaps_or_words_need_a_recipe(refused, csv) -> None:
    words = refused(data.load(csv("a,b,y\n1,2,0\n,3,1\n"), target="y").arrays, kind=DataError)
    assert words.endswith(
        "people.csv: column 'a' holds a missing cell (line 3), so the table needs a recipe: "
        "recipe = backlit.data.Recipe.learn(dataset); x = recipe.encode(dataset)"
    )
    words = refused(data.load(csv("a,b,y\n1,u,0\n2,v,1\n"), target="y").arrays, kind=DataError)
    assert "column 'b' holds words, so the table needs a recipe" in words
    words = refused(data.load(csv("a,b,y\n1,2,0\n2,inf,1\n"), target="y").arrays, kind=DataError)
    assert words.endswith(
        "people.csv, line 3, column 'b' is infinite; mend or drop the row, or leave the column out"
    )
    words = refused(data.load(csv("a,y\n1,0\n2,\n"), target="y").arrays, kind=DataError)
    assert words.endswith("people.csv, line 3: the target 'y' is missing; drop the row or fill it in")


def test_pixels_that_are_bytes_can_stay_bytes(refused) -> None:
    digits = data.load("digits")
    x, y = digits.arrays(np.uint8)
    plain, labels = digits.arrays()
    assert isinstance(x, data.Pixels)
    assert x.levels is digits.inputs.block
    assert (x.white, y.dtype, y.tolist()) == (16.0, np.int64, labels.tolist())
    np.testing.assert_array_equal(np.asarray(x), plain)
    assert refused(data.load("iris").arrays, np.uint8, kind=UsageError) == (
        "arrays(np.uint8) gives pixels that are bytes, and the inputs of iris are no pixels; "
        "take np.float32 or np.float64"
    )
    table = data.Table.from_any(digits.inputs.block.astype(np.float32))
    floats = dataclasses.replace(digits, inputs=table)
    assert refused(floats.arrays, np.uint8, kind=UsageError) == (
        "arrays(np.uint8) gives pixels that are bytes, and the pixels of digits are float32; "
        "take np.float32 or np.float64"
    )
    values = dataclasses.replace(digits, wanted=np.linspace(0, 1, len(digits)), task="values", classes=None)
    assert values.arrays(np.uint8)[1].dtype == np.float64


def test_without_a_target_there_are_no_labels(refused) -> None:
    alone = data.Dataset("rows", data.Table.from_any(np.ones((3, 2))))
    assert refused(alone.labels, kind=DataError) == "rows has no target column; name one with target=…"
    assert alone.table is alone.inputs
    assert repr(alone) == "<Dataset rows: 3 examples, 2 inputs, no target>"
