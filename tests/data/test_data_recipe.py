"""The recipe as a whole: pixels, arrays, targets, nothing learnt from what is held out, kept as JSON."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, strategies as st

from backlit import data
from backlit.data import Recipe
from backlit.errors import DataError, ModelError, UsageError

Y = [0.0, 1.0, 2.0, 4.0]


# -------------------------------------------------------------------------------------------------------------- blocks


def test_pixels_are_scaled_and_never_standardised(digits, again) -> None:
    dataset = data.load("digits")
    recipe = again(Recipe.learn(dataset))
    x = recipe.encode(dataset)
    assert isinstance(x, data.Pixels)
    for dtype in (np.float32, np.float64):
        plain = np.asarray(x, dtype)
        assert plain.dtype == dtype
        np.testing.assert_array_equal(plain, dataset.arrays(dtype)[0])
    assert recipe.inputs[13] == "pixel (1,5)"
    assert recipe.image == (8, 8)
    assert recipe.describe()[0] == ("8 × 8 pixels", "divided by 16, so that they lie from 0 to 1")
    assert recipe.encode(digits[0].reshape(-1, 64) * 16).max() == 1


def test_pixels_in_a_text_file_are_pixels(csv, refused) -> None:
    dataset = data.load("digits", limit=10)
    recipe = Recipe.learn(dataset)
    rows = "\n".join(",".join(map(str, row)) for row in dataset.inputs.block.tolist())
    table = data.read.read_text(csv(rows))
    np.testing.assert_array_equal(recipe.encode(table), dataset.arrays()[0])
    path = csv(rows.replace("\n", "\nx", 1), "bad.csv")
    assert refused(recipe.encode, data.read.read_text(path), kind=DataError) == (
        f"{path}, line 2, column 'x0': 'x0' is not a number, and the model was trained on numbers there; mend it"
    )
    gap = data.Table({**{f"p{k}": np.zeros(1) for k in range(63)}, "p63": np.array([np.nan])})
    assert "row 0, column 'p63' is missing, and the model was trained on arrays" in refused(
        recipe.encode, gap, kind=DataError
    )


def test_arrays_are_standardised_column_by_column(refused, again) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(5, 3, (5000, 70))
    rows[:, 3] = 7.7
    recipe = again(Recipe.learn(data.load(np.column_stack([rows, rng.normal(size=5000)]), target="70")))
    x = recipe.encode(rows)
    expected = (rows - rows.mean(axis=0)) / np.where(np.arange(70) == 3, 1, rows.std(axis=0))
    np.testing.assert_allclose(x, np.where(np.arange(70) == 3, 0, expected), atol=1e-12)
    assert recipe.describe()[3] == ("x3", "constant in training, taken as 0")
    assert recipe.inputs[5] == "x5"
    assert refused(recipe.encode, rows[:, :60], kind=DataError) == (
        "the ndarray has 60 columns, and the model was trained on 70; give the same columns in the same order"
    )
    plain = Recipe.learn(
        data.load(np.column_stack([rows, rng.normal(size=5000)]), target="70"), standardise=False
    )
    np.testing.assert_array_equal(plain.encode(rows), rows)
    assert plain.describe()[0] == ("70 numbers", "taken as they are")


def test_sparse_rows_stay_as_they_are(again) -> None:
    rows = scipy.sparse.random_array((40, 9), density=0.2, rng=np.random.default_rng(1), format="csr")
    dataset = data.Dataset("s", data.Table.from_any(rows), np.arange(40.0), "y", "values")
    recipe = again(Recipe.learn(dataset))
    x = recipe.encode(dataset, np.float32)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x.toarray(), rows.astype(np.float32).toarray())


def test_pixels_that_are_bytes_are_not_copied_and_others_once() -> None:
    import tracemalloc

    for dtype, most in ((np.uint8, 0.0), (np.uint16, 20_000 * 784 * 4.0)):
        pixels = np.zeros((20_000, 784), dtype)
        table = data.Table.from_any(pixels)
        dataset = data.Dataset(
            "m", table, np.arange(20_000) % 10, "label", "classes", tuple(range(10)), (28, 28), 255.0
        )
        recipe = Recipe.learn(dataset)
        tracemalloc.start()
        x = recipe.encode(dataset, np.float32)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < most + 15e6
        assert x.dtype == (np.uint8 if dtype is np.uint8 else np.float32)
        assert x.shape == (20_000, 784)


# ------------------------------------------------------------------------------------------------------------- targets


def test_classes_are_numbered_in_sorted_order_and_found_again(refused, again) -> None:
    recipe = again(Recipe.learn({"a": [1, 2, 3], "y": ["v", "u", "v"]}, target="y"))
    assert recipe.task == "classes"
    assert recipe.classes == ("u", "v")
    assert recipe.encode_target(["u", "v", "v"]).tolist() == [0, 1, 1]
    assert refused(recipe.encode_target, ["u", "w"], kind=DataError) == (
        "the target, row 1, column 'y': 'w' is none of the classes that the model knows, u, v; mend the label, "
        "leave the row out, or train on data that has the class"
    )
    assert refused(recipe.encode_target, ["u", None], kind=DataError) == (
        "the target, row 1, column 'y': the target is missing; fill it in or drop the row"
    )
    assert recipe.describe()[-1] == ("target y", "2 classes: u, v")


def test_an_unknown_label_of_a_file_is_named_by_its_line(refused, csv) -> None:
    recipe = Recipe.learn({"a": [1, 2, 3], "y": ["v", "u", "v"]}, target="y")
    path = csv("a,y\n1,u\n2,q\n")
    dataset = data.load(path, target="y")
    where = f"{path}, line 3, column 'y'"
    words = (
        f"{where}: 'q' is none of the classes that the model knows, u, v; mend the label, leave the row out, or train "
        "on data that has the class"
    )
    assert refused(recipe.encode_target, dataset, kind=DataError) == words
    assert refused(recipe.encode_target, data.read.read_text(path), kind=DataError) == words


def test_labels_of_many_kinds(csv, again) -> None:
    pd = pytest.importorskip("pandas")
    recipe = Recipe.learn({"a": [1, 2, 3], "y": ["1", "2", "x"]}, target="y")
    assert recipe.encode_target(np.array([2, 1])).tolist() == [1, 0]
    assert recipe.encode_target(np.array([[2.0], [1.0]])).tolist() == [1, 0]
    assert recipe.encode_target(pd.Series(["x", "1"])).tolist() == [2, 0]
    numbers = Recipe.learn({"a": [1, 2, 3], "y": [3, 5, 7]}, target="y", task="classes")
    assert numbers.classes == (3, 5, 7)
    assert again(numbers).encode_target(["5", 3, 7.0]).tolist() == [1, 0, 2]
    truths = Recipe.learn({"a": [1, 2], "y": [True, False]}, target="y")
    assert truths.classes == (False, True)
    assert again(truths).encode_target([True, False]).tolist() == [1, 0]


def test_all_classes_of_the_whole_set_stay_known_to_a_part_of_it() -> None:
    iris = data.load("iris")
    recipe = Recipe.learn(iris.take(np.arange(100)))
    assert recipe.classes == ("setosa", "versicolor", "virginica")


def test_one_class_only(refused) -> None:
    assert refused(Recipe.learn, data.load("iris", limit=50), kind=DataError) == (
        "iris: the rows to learn from have one class only of the target 'class', 'setosa'; there is nothing to tell "
        "apart: give rows of two classes or more"
    )


def test_a_missing_target_is_named_by_its_line(refused, csv) -> None:
    path = csv("a,y\n1,u\n2,\n3,v\n")
    assert refused(Recipe.learn, data.load(path, target="y"), kind=DataError) == (
        f"{path}, line 3, column 'y': the target is missing; fill it in or drop the row"
    )
    values = {"a": [1, 2, 3], "y": [1.5, math.nan, 2]}
    assert refused(Recipe.learn, values, target="y", kind=DataError) == (
        "the dict, row 1, column 'y': the target is missing; fill it in or drop the row"
    )


def test_values_are_standardised_and_come_back_in_their_own_unit(refused, again) -> None:
    recipe = again(Recipe.learn({"a": [1, 2, 3, 4], "y": [100.0, 200.0, 300.0, 800.0]}, target="y"))
    encoded = recipe.encode_target([100.0, 800.0])
    deviation = math.sqrt((250**2 + 150**2 + 50**2 + 450**2) / 4)
    np.testing.assert_allclose(encoded, [-250 / deviation, 450 / deviation])
    for back in (
        recipe.decode_values(encoded[:, None]),
        recipe.decode(encoded[:, None]),
        recipe.decode_values(encoded),
    ):
        np.testing.assert_allclose(back, [100, 800], rtol=1e-14)
    assert recipe.describe()[-1][1].endswith("answers are in its own unit")
    plain = Recipe.learn({"a": [1, 2, 3, 4], "y": Y}, target="y", scale_target=False)
    assert plain.encode_target(Y).tolist() == Y
    assert plain.describe()[-1] == ("target y", "values, taken as they are")
    assert refused(recipe.encode_target, ["u"], kind=DataError) == (
        "the target, row 0, column 'y': 'u' is a word, and the target is to be a value; take task='classes'"
    )


def test_values_that_cant_be_learnt(refused) -> None:
    assert refused(Recipe.learn, {"a": [1, 2], "y": [1.5, math.inf]}, target="y", kind=DataError) == (
        "the dict, row 1, column 'y' is infinite; mend or drop the row, or leave the column out"
    )
    assert refused(Recipe.learn, {"a": [1, 2], "y": [1.5, 1.5]}, target="y", kind=DataError) == (
        "the dict: the target 'y' is 1.5 in every row; there is nothing to learn: give rows that differ"
    )
    words = {"a": [1, 2], "y": ["u", "v"]}
    assert refused(Recipe.learn, words, target="y", task="values", kind=DataError) == (
        "the dict, row 0, column 'y': 'u' is a word, and the target is to be a value; take task='classes'"
    )


def test_outputs_become_ranked_classes(refused) -> None:
    recipe = Recipe.learn(data.load("iris"))
    found = recipe.decode(np.array([[0.1, 0.7, 0.2], [0.5, 0.25, 0.25]]))
    assert found[0] == [("versicolor", 0.7), ("virginica", 0.2), ("setosa", 0.1)]
    assert [name for name, _ in found[1]] == ["setosa", "versicolor", "virginica"]
    assert (
        refused(recipe.decode, np.ones((1, 2)), kind=UsageError)
        == "there are 3 classes and 2 outputs; give one for each"
    )
    two = Recipe.learn(data.load("xor"))
    assert two.decode(np.array([[0.75]])) == [[(1, 0.75), (0, 0.25)]]


# --------------------------------------------------------------------------------------------------------- as a whole


def test_nothing_is_learnt_from_what_is_held_out(people: dict[str, list[Any]]) -> None:
    """The recipe of the training rows is the same whatever stands in the others."""
    whole = data.load(people, target="income")
    train, held_out = data.split(len(whole), 0.25, seed=3)
    recipe = Recipe.learn(whole.take(train))
    spoilt = {name: list(cells) for name, cells in people.items()}
    for row in held_out.tolist():
        spoilt["age"][row], spoilt["height"][row], spoilt["income"][row] = 10**9, -1e30, 1e12
        spoilt["colour"][row] = f"colour {row}"
    other = Recipe.learn(data.load(spoilt, target="income").take(train))
    assert other.to_json() == recipe.to_json()
    alone = {name: [cells[row] for row in train.tolist()] for name, cells in people.items()}
    assert Recipe.learn(alone, target="income").to_json() == recipe.to_json()
    known = [age for row in train.tolist() if (age := people["age"][row]) is not None]
    assert recipe.to_json()["columns"][0]["mean"] == pytest.approx(np.mean(known), rel=1e-14)


CELL = {
    "n": st.one_of(st.none(), st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6)),
    "w": st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=4)),
    "b": st.one_of(st.none(), st.booleans()),
}


@given(
    st.lists(
        st.fixed_dictionaries({**CELL, "y": st.integers(-9999, 9999).map(lambda n: n / 16)}),
        min_size=2,
        max_size=30,
    )
)
def test_a_recipe_that_went_through_json_does_the_same(again, rows: list[dict[str, Any]]) -> None:
    table = data.Table.from_any(rows)
    known = [name for name in "nwb" if any(not gone for gone in data.table.is_missing(table.column(name)))]
    if not known or len(set(table.column("y").tolist())) < 2:
        return
    recipe = Recipe.learn(table, target="y", exclude=sorted(set("nwb") - set(known)), task="values")
    x = recipe.encode(table)
    assert x.shape == (len(rows), len(recipe.inputs))
    assert np.isfinite(x).all()
    assert again(recipe).to_json() == recipe.to_json()
    np.testing.assert_array_equal(again(recipe).encode(table), x)
    np.testing.assert_array_equal(recipe.encode([rows[0]]), x[:1])
    wanted = table.column("y")
    np.testing.assert_allclose(recipe.decode_values(recipe.encode_target(wanted)), wanted, atol=1e-9)


def test_a_recipe_of_a_newer_version(refused, learn) -> None:
    plain = learn({"a": [1, 2, 3, 6]}).to_json()
    assert refused(Recipe.from_json, {**plain, "version": 2}, kind=ModelError) == (
        "the model's recipe was written by a newer Backlit; install a newer one"
    )


@pytest.mark.parametrize("kind", ["columns", "block", "image"])
def test_a_damaged_recipe_is_a_damaged_model(refused, kind: str, learn) -> None:
    if kind == "columns":
        recipe = learn({"a": [1, 2, 3, 6], "c": ["u", "v", "u", "v"]})
    else:
        recipe = Recipe.learn(data.load("digits") if kind == "image" else data.load(np.eye(4), target="x3"))
    plain = recipe.to_json()
    damaged = [{key: value for key, value in plain.items() if key != gone} for gone in plain]
    damaged += [
        {**plain, key: "nonsense"} for key in ("version", "width", "places", "columns", "block", "target")
    ]
    damaged += [{**plain, "target": {**plain["target"], "task": "words"}}]
    if kind == "columns":
        first, second = plain["columns"]
        damaged += [
            {**plain, "columns": [{**first, "kind": "dates"}]},
            {**plain, "columns": [{**second, "levels": 3}]},
        ]
    else:
        damaged += [
            {**plain, "block": {**plain["block"], "image": [3, 3]}},
            {**plain, "block": {**plain["block"], "mean": [1.0]}},
        ]
    for one in damaged:
        words = refused(Recipe.from_json, one, kind=ModelError)
        assert words.startswith("the model's recipe is damaged (")
        assert words.endswith("); train and save the model again")


def test_a_part_names_the_rows_of_the_whole(refused, csv) -> None:
    rows = "".join(f"{i},{'inf' if i == 17 else i},{i}.5\n" for i in range(40))
    path = csv(f"a,b,y\n{rows}")
    whole = data.load(path, target="y")
    part = whole.take(np.array([3, 17, 5]))
    assert refused(Recipe.learn, part, kind=DataError).startswith(f"{path}, line 19, column 'b' is infinite")
    spoilt = dataclasses.replace(part, wanted=np.array([1.0, np.nan, 2.0]), inputs=part.inputs.without(["b"]))
    assert refused(Recipe.learn, spoilt, kind=DataError).startswith(
        f"{path}, line 19, column 'y': the target is missing"
    )
