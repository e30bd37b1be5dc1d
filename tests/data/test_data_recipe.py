"""The recipe: every rule by its numbers, learnt on the training part only, kept as JSON, and honest about what it meets."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from backlit import data
from backlit.data import Recipe
from backlit.errors import BacklitWarning, DataError, ModelError, UsageError

Y = [0.0, 1.0, 2.0, 4.0]


def learn(columns: dict[str, Any], **options: Any) -> Recipe:
    n = len(next(iter(columns.values())))
    wanted = [0.0, 1.0, 2.0, 4.0] * n
    return Recipe.learn({**columns, "y": wanted[:n]}, target="y", **options)


def again(recipe: Recipe) -> Recipe:
    """The recipe as a model file gives it back."""
    return Recipe.from_json(json.loads(json.dumps(recipe.to_json(), allow_nan=False)))


# ------------------------------------------------------------------------------------------------------------- numbers


def test_numbers_are_standardised() -> None:
    recipe = learn({"a": [1, 2, 3, 6]})
    mean, deviation = 3, math.sqrt((4 + 1 + 0 + 9) / 4)
    np.testing.assert_allclose(recipe.encode({"a": [3, 6, 10]})[:, 0], [0, 3 / deviation, 7 / deviation], rtol=1e-15)
    assert recipe.inputs == ("a",)
    assert recipe.describe()[0] == ("a", f"standardised: mean {mean}, deviation {deviation:.4g}; missing takes the mean, 3")


def test_numbers_are_taken_as_they_are_if_asked() -> None:
    recipe = learn({"a": [1, 2, 3, 6]}, standardise=False)
    assert recipe.encode({"a": [5, -1]}).tolist() == [[5], [-1]]
    assert recipe.describe()[0] == ("a", "taken as it is; missing takes the mean, 3")


@pytest.mark.parametrize(("rule", "fill"), [("mean", 3.0), ("median", 2.0)])
def test_missing_numbers_take_the_trainings_and_say_so(rule: str, fill: float) -> None:
    recipe = learn({"a": [1, None, 2, 6]}, missing=rule)
    assert recipe.inputs == ("a", "a is missing")
    deviation = math.sqrt((4 + 1 + 9) / 3)
    expected = [[(4 - 3) / deviation, 0], [(fill - 3) / deviation, 1]]
    np.testing.assert_allclose(recipe.encode({"a": [4, None]}), expected, rtol=1e-15)
    assert recipe.describe()[0][1].endswith(f"missing takes the {rule}, {fill:.4g}, and an input of its own says so")


def test_a_number_first_missing_in_use_takes_the_mean_too() -> None:
    recipe = learn({"a": [1, 2, 3, 6]})
    assert recipe.encode({"a": [None, 3]}).tolist() == [[0], [0]]


def test_missing_cells_can_be_refused(refused) -> None:
    columns = {"a": [1, None, 3, 6], "y": Y}
    assert refused(Recipe.learn, columns, target="y", missing="error", kind=DataError) == (
        "the dict, row 1, column 'a' is missing; fill it in, or take another rule for missing values: mean or median"
    )
    recipe = learn({"a": [1, 2, 3, 6]}, missing="error")
    assert recipe.describe()[0][1].endswith("; missing cells are refused")
    assert refused(recipe.encode, {"a": [1, None]}, kind=DataError) == (
        "the dict, row 1, column 'a' is missing; fill it in, or train with another rule for missing values: mean or median"
    )


def test_constant_columns_are_zero() -> None:
    for value in (0.1, 1e-200, 1e-320, 1e12 + 0.1, 0.0):
        recipe = learn({"a": [value] * 4, "b": [1, 2, 3, 4]})
        assert recipe.encode({"a": [value, value + 1], "b": [1, 1]})[:, 0].tolist() == [0, 0]
        assert recipe.describe()[0][1].startswith("constant in training, taken as 0")
    for unit in (1e-15, 1e-200, 1e145):
        tiny = learn({"a": [1 * unit, 2 * unit, 3 * unit, 4 * unit]})
        np.testing.assert_allclose(tiny.encode({"a": [4 * unit]}), [[1.5 / math.sqrt(1.25)]])


def test_booleans_are_0_and_1() -> None:
    recipe = learn({"a": [True, False, True, True]})
    assert recipe.encode({"a": [False, True]}).tolist() == [[0], [1]]
    assert recipe.describe()[0][1].startswith("false is 0, true is 1")
    gaps = learn({"a": [True, None, False, True]})
    np.testing.assert_allclose(gaps.encode({"a": [None, True]}), [[2 / 3, 1], [1, 0]])


def test_booleans_are_found_again_in_a_file_with_gaps(csv) -> None:
    recipe = Recipe.learn(data.load(csv("ok,y\ntrue,1.5\nfalse,2.5\ntrue,3.5\n"), target="y"))
    new = data.load(csv("ok,y\nTRUE,1\n,2\nfalse,2\n", "new.csv"), target="y")
    np.testing.assert_allclose(recipe.encode(new)[:, 0], [1, 2 / 3, 0])
    words = data.load({"ok": ["True", "false", "x"], "y": [1, 2, 3]}, target="y")
    with pytest.raises(DataError, match="row 2, column 'ok': 'x' is not a number"):
        recipe.encode(words)
    assert recipe.encode(words.take(np.arange(2)))[:, 0].tolist() == [1, 0]


def test_large_numbers_keep_their_digits_in_float32() -> None:
    seconds = 1.7e9 + np.arange(8.0)
    recipe = Recipe.learn({"t": seconds, "y": np.arange(8.0)}, target="y")
    expected = (seconds - seconds.mean()) / seconds.std()
    np.testing.assert_allclose(recipe.encode({"t": seconds}, np.float32)[:, 0], expected, rtol=1e-6)
    block = Recipe.learn(data.load(np.column_stack([seconds, np.arange(8.0)]), target="x1"))
    np.testing.assert_allclose(block.encode(seconds[:, None], np.float32)[:, 0], expected, rtol=1e-6)


def test_infinities_and_numbers_too_large_are_refused(refused) -> None:
    bad = {"a": [1, 2, math.inf, 4], "y": Y}
    words = "the dict, row 2, column 'a' is infinite; mend or drop the row, or leave the column out"
    assert refused(Recipe.learn, bad, target="y", kind=DataError) == words
    assert Recipe.learn({**bad, "b": [1, 2, 3, 4]}, target="y", exclude=["a"]).inputs == ("b",)
    assert refused(learn({"a": [1, 2, 3, 4]}).encode, bad, kind=DataError) == words
    huge = {"a": [1e308, -1e308, 1e308, 0], "y": Y}
    assert refused(Recipe.learn, huge, target="y", kind=DataError) == (
        "the dict: the numbers of column 'a' go up to 1e+308, too large to be standardised; give them in a larger unit, or "
        "leave the column out (--exclude 'a', exclude=)"
    )


def test_a_word_where_numbers_were_is_refused_with_its_place(refused, csv) -> None:
    recipe = learn({"a": [1, 2, 3, 6]})
    path = csv("a\n1\nx\n2\n")
    table = data.Table.from_any(data.read.read_text(path))
    assert refused(recipe.encode, table, kind=DataError) == (
        f"{path}, line 3, column 'a': 'x' is not a number, and the model was trained on numbers there; mend it, or empty the "
        "cell if it is missing"
    )


# --------------------------------------------------------------------------------------------------------------- words


def test_words_are_one_hot_in_sorted_order() -> None:
    recipe = learn({"c": ["red", "blue", "red", "green"]})
    assert recipe.inputs == ("c = blue", "c = green", "c = red")
    assert recipe.encode({"c": ["red", "green"]}).tolist() == [[0, 0, 1], [0, 1, 0]]
    assert recipe.describe()[0] == ("c", "one-hot, 3 levels: blue, green, red")


def test_a_missing_word_is_a_level_of_its_own() -> None:
    recipe = learn({"c": ["u", None, "v", "u"]})
    assert recipe.inputs == ("c = u", "c = v", "c is missing")
    assert recipe.encode({"c": [None, "v"]}).tolist() == [[0, 0, 1], [0, 1, 0]]


def test_a_word_never_seen_is_all_zeros_and_said_once() -> None:
    recipe = learn({"c": ["u", "v", "v", "u"]})
    new = {"c": ["w", "u", None, "w"]}
    words = (
        r"the dict, column 'c': 3 cells hold what training never saw \('w', a missing cell\); the inputs of the column are "
        "all 0 there"
    )
    with pytest.warns(BacklitWarning, match=words):
        found = recipe.encode(new)
    assert found.tolist() == [[0, 0], [1, 0], [0, 0], [0, 0]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recipe.encode(new)
    with pytest.warns(BacklitWarning, match="1 cell holds what training never saw"):
        again(recipe).encode({"c": ["w"]})


def test_words_that_another_file_has_as_numbers_are_found_again(csv) -> None:
    train = csv("size,y\n" + "".join(f"{('1.50', '2', 'large')[i % 3]},{i}\n" for i in range(30)), "train.csv")
    recipe = Recipe.learn(data.load(train, target="y"))
    assert recipe.inputs == ("size = 1.50", "size = 2", "size = large")
    new = data.load(csv("size,y\n1.5,0\n2,1\n", "new.csv"), target="y")
    assert recipe.encode(new).tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (["2020-01-02", "2020-02-03"], "holds dates such as '2020-01-02', for which there is no rule; make numbers of them (a year, a month, days since), or leave the column out (--exclude 'c', exclude=)"),
        (["2020-01-02 10:00:00", "2020-02-03T10:00"], "holds dates such as"),
        (["31/12/2020", "01/02/2020"], "holds dates such as"),
        (["31.12.2020", "01.02.2020 12:00"], "holds dates such as"),
        ([f"person {i}" for i in range(60)], "has 60 different words in 60 cells, as names and free text have, and nothing can be learnt from them; leave the column out (--exclude 'c', exclude=)"),
        ([datetime.date(2020, 1, day) for day in (1, 2)], "holds date values, for which there is no rule; turn them into numbers or words, or leave the column out (--exclude 'c', exclude=)"),
        ([[1], [2]], "holds list values"),
        ([None, None], "has no value in any row; leave the column out (--exclude 'c', exclude=)"),
    ],
    ids=["dates", "times", "slashes", "points", "names", "date objects", "lists", "empty"],
)  # fmt: skip
def test_columns_without_a_rule(refused, column: list[Any], words: str) -> None:
    columns = {"c": column, "d": list(range(len(column))), "y": [float(i) for i in range(len(column))]}
    assert refused(Recipe.learn, columns, target="y", kind=DataError).startswith(f"the dict: column 'c' {words}")
    recipe = Recipe.learn(columns, target="y", exclude=["c"])
    assert recipe.inputs == ("d",)
    assert recipe.describe()[-2] == ("c", "left out")


def test_many_levels_that_come_again_are_levels() -> None:
    words = [f"town {i % 60}" for i in range(600)]
    assert len(learn({"c": words}).inputs) == 60
    few = [f"person {i}" for i in range(50)]
    assert len(learn({"c": few}).inputs) == 50


def test_wide_one_hot_is_sparse_and_the_same() -> None:
    rng = np.random.default_rng(0)
    columns = {f"c{k}": [f"w{i}" for i in rng.integers(0, 200, 2000)] for k in range(4)}
    columns["n"] = rng.normal(size=2000).tolist()
    columns["m"] = [None if i % 9 == 0 else float(i % 5) for i in range(2000)]
    recipe = learn(columns)
    x = recipe.encode(columns, np.float32)
    assert scipy.sparse.issparse(x)
    assert (x.format, x.dtype, x.shape) == ("csr", np.float32, (2000, len(recipe.inputs)))
    dense = recipe._dense([c.codes(data.Table.from_any(columns), c.name, print) for c in recipe.columns], 2000, x.shape[1], np.float32)
    np.testing.assert_array_equal(x.toarray(), dense)
    assert dense[0].sum() != 0


# ------------------------------------------------------------------------------------------------------------- columns


def test_columns_are_found_by_name() -> None:
    recipe = learn({"a": [1, 2, 3, 6], "c": ["u", "v", "u", "v"]})
    new = {"c": ["v"], "a": [3]}
    np.testing.assert_array_equal(recipe.encode(new), [[0, 0, 1]])
    with pytest.warns(BacklitWarning, match="the dict: the model doesn't know the columns b, d; they are left out"):
        found = recipe.encode({"b": [1], **new, "y": [0], "d": [1]})
    np.testing.assert_array_equal(found, [[0, 0, 1]])


def test_a_column_that_is_missing_is_named_with_the_nearest(refused) -> None:
    recipe = learn({"petal length": [1, 2, 3, 6], "b": [1, 2, 3, 4]})
    assert refused(recipe.encode, {"petal_length": [1], "b": [1]}, kind=DataError) == (
        "the dict has no column 'petal length', which the model was trained on; add or rename it (is it 'petal_length'?)"
    )
    assert refused(recipe.encode, {"b": [1]}, kind=DataError) == (
        "the dict has no column 'petal length', which the model was trained on; add or rename it"
    )


def test_columns_without_names_are_found_by_place(refused) -> None:
    recipe = learn({"a": [1, 2, 3, 6], "c": ["u", "v", "u", "v"]})
    np.testing.assert_array_equal(recipe.encode([[3, "v"]]), [[0, 0, 1]])
    assert refused(recipe.encode, [[1, "u", 3]], kind=DataError) == (
        "the list has 3 columns, known by their places only, and the model was trained on 2: a, c; give the same columns in "
        "the same order"
    )
    unnamed = Recipe.learn([[1, "u", 0.0], [2, "v", 1.0], [3, "u", 2.0]], target="x2")
    assert unnamed.inputs == ("x0", "x1 = u", "x1 = v")
    np.testing.assert_array_equal(unnamed.encode({"size": [2], "kind": ["v"]}), [[0, 0, 1]])


def test_columns_left_out_are_not_missed_and_not_said() -> None:
    columns = {"id": [7, 8, 9, 10], "a": [1, 2, 3, 6]}
    recipe = learn(columns, exclude=["id"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(recipe.encode(columns), recipe.encode({"a": columns["a"]}))
    rows = [[7, 1, 0.0], [8, 2, 1.0], [9, 3, 2.0]]
    for given_rows in (rows, np.array(rows)):
        unnamed = again(Recipe.learn(given_rows, target="x2", exclude=["x0"]))
        np.testing.assert_array_equal(unnamed.encode([[5, 2]]), [[0]])
        np.testing.assert_array_equal(unnamed.encode(np.array([[5.0, 2.0]])), [[0]])
        np.testing.assert_array_equal(unnamed.encode([[2]]), [[0]])


def test_nothing_left_to_learn_from(refused) -> None:
    columns = {"a": [1, 2, 3, 6], "y": Y}
    assert refused(Recipe.learn, columns, target="y", exclude=["a"], kind=DataError) == "the dict has no columns left to learn from; give some"
    assert refused(Recipe.learn, columns, target="y", exclude=["b"], kind=DataError).startswith("the dict has no column 'b'; ")
    empty = data.load(columns, target="y").take(np.arange(0))
    assert refused(Recipe.learn, empty, kind=DataError) == "the dict has no rows to learn from; give some"


def test_options_that_cant_be(refused) -> None:
    columns = {"a": [1, 2, 3, 6], "y": Y}
    assert refused(Recipe.learn, columns, target="y", missing="zero", kind=UsageError) == "missing is 'mean', 'median' or 'error'; got 'zero'"
    assert refused(Recipe.learn, columns, target="y", task="words", kind=UsageError) == "task is 'classes' or 'values'; got 'words'"
    assert refused(Recipe.learn, data.load("iris"), target="petal", kind=UsageError) == (
        "the data set's target is 'class' already; got target='petal'"
    )


# -------------------------------------------------------------------------------------------------------------- blocks


def test_pixels_are_scaled_and_never_standardised(digits) -> None:
    dataset = data.load("digits")
    recipe = again(Recipe.learn(dataset))
    for dtype in (np.float32, np.float64):
        x = recipe.encode(dataset, dtype)
        assert x.dtype == dtype
        np.testing.assert_array_equal(x, dataset.arrays(dtype)[0])
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
    assert "row 0, column 'p63' is missing, and the model was trained on arrays" in refused(recipe.encode, gap, kind=DataError)


def test_arrays_are_standardised_column_by_column(refused) -> None:
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
    plain = Recipe.learn(data.load(np.column_stack([rows, rng.normal(size=5000)]), target="70"), standardise=False)
    np.testing.assert_array_equal(plain.encode(rows), rows)
    assert plain.describe()[0] == ("70 numbers", "taken as they are")


def test_sparse_rows_stay_as_they_are() -> None:
    rows = scipy.sparse.random_array((40, 9), density=0.2, rng=np.random.default_rng(1), format="csr")
    dataset = data.Dataset("s", data.Table.from_any(rows), np.arange(40.0), "y", "values")
    recipe = again(Recipe.learn(dataset))
    x = recipe.encode(dataset, np.float32)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x.toarray(), rows.astype(np.float32).toarray())


def test_one_float_copy_of_pixels_and_no_more() -> None:
    import tracemalloc

    pixels = np.zeros((20_000, 784), np.uint8)
    table = data.Table.from_any(pixels)
    dataset = data.Dataset("m", table, np.arange(20_000) % 10, "label", "classes", tuple(range(10)), (28, 28), 255.0)
    recipe = Recipe.learn(dataset)
    tracemalloc.start()
    x = recipe.encode(dataset, np.float32)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < x.nbytes + 20e6


# ------------------------------------------------------------------------------------------------------------- targets


def test_classes_are_numbered_in_sorted_order_and_found_again(refused) -> None:
    recipe = again(Recipe.learn({"a": [1, 2, 3], "y": ["v", "u", "v"]}, target="y"))
    assert recipe.task == "classes"
    assert recipe.classes == ("u", "v")
    assert recipe.encode_target(["u", "v", "v"]).tolist() == [0, 1, 1]
    assert refused(recipe.encode_target, ["u", "w"], kind=DataError) == (
        "the target, row 1, column 'y': 'w' is none of the classes that the model knows, u, v; mend it, or train with it"
    )
    assert refused(recipe.encode_target, ["u", None], kind=DataError) == (
        "the target, row 1, column 'y': the target is missing; fill it in or drop the row"
    )
    assert recipe.describe()[-1] == ("target y", "2 classes: u, v")


def test_an_unknown_label_of_a_file_is_named_by_its_line(refused, csv) -> None:
    recipe = Recipe.learn({"a": [1, 2, 3], "y": ["v", "u", "v"]}, target="y")
    path = csv("a,y\n1,u\n2,q\n")
    dataset = data.load(path, target="y")
    words = f"{path}, line 3, column 'y': 'q' is none of the classes that the model knows, u, v; mend it, or train with it"
    assert refused(recipe.encode_target, dataset, kind=DataError) == words
    assert refused(recipe.encode_target, data.read.read_text(path), kind=DataError) == words


def test_labels_of_many_kinds(csv) -> None:
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
    words = "the target 'class' has one class only, 'setosa'; there is nothing to tell apart: give rows of two classes or more"
    assert refused(Recipe.learn, data.load("iris", limit=50), kind=DataError) == f"iris: {words}"


def test_a_missing_target_is_named_by_its_line(refused, csv) -> None:
    path = csv("a,y\n1,u\n2,\n3,v\n")
    assert refused(Recipe.learn, data.load(path, target="y"), kind=DataError) == (
        f"{path}, line 3, column 'y': the target is missing; fill it in or drop the row"
    )
    values = {"a": [1, 2, 3], "y": [1.5, math.nan, 2]}
    assert refused(Recipe.learn, values, target="y", kind=DataError) == (
        "the dict, row 1, column 'y': the target is missing; fill it in or drop the row"
    )


def test_values_are_standardised_and_come_back_in_their_own_unit(refused) -> None:
    recipe = again(Recipe.learn({"a": [1, 2, 3, 4], "y": [100.0, 200.0, 300.0, 800.0]}, target="y"))
    encoded = recipe.encode_target([100.0, 800.0])
    deviation = math.sqrt((250**2 + 150**2 + 50**2 + 450**2) / 4)
    np.testing.assert_allclose(encoded, [-250 / deviation, 450 / deviation])
    for back in (recipe.decode_values(encoded[:, None]), recipe.decode(encoded[:, None]), recipe.decode_values(encoded)):
        np.testing.assert_allclose(back, [100, 800], rtol=1e-14)
    assert recipe.describe()[-1][1].endswith("answers are in its own unit")
    plain = Recipe.learn({"a": [1, 2, 3, 4], "y": Y}, target="y", scale_target=False)
    assert plain.encode_target(Y).tolist() == Y
    assert plain.describe()[-1] == ("target y", "values, taken as they are")
    assert refused(recipe.encode_target, ["u"], kind=DataError) == (
        "the target, row 0, column 'y': 'u' is a word, and the target is to be a value; take the task 'classes'"
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
        "the dict, row 0, column 'y': 'u' is a word, and the target is to be a value; take the task 'classes'"
    )


def test_outputs_become_ranked_classes(refused) -> None:
    recipe = Recipe.learn(data.load("iris"))
    found = recipe.decode(np.array([[0.1, 0.7, 0.2], [0.5, 0.25, 0.25]]))
    assert found[0] == [("versicolor", 0.7), ("virginica", 0.2), ("setosa", 0.1)]
    assert [name for name, _ in found[1]] == ["setosa", "versicolor", "virginica"]
    assert refused(recipe.decode, np.ones((1, 2)), kind=UsageError) == "there are 3 classes and 2 outputs; give one for each"
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


@given(st.lists(st.fixed_dictionaries({**CELL, "y": st.integers(-9999, 9999).map(lambda n: n / 16)}), min_size=2, max_size=30))
def test_a_recipe_that_went_through_json_does_the_same(rows: list[dict[str, Any]]) -> None:
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


def test_a_recipe_of_a_newer_version(refused) -> None:
    plain = learn({"a": [1, 2, 3, 6]}).to_json()
    assert refused(Recipe.from_json, {**plain, "version": 2}, kind=ModelError) == (
        "the model's recipe was written by a newer Backlit; install a newer one"
    )


@pytest.mark.parametrize("kind", ["columns", "block", "image"])
def test_a_damaged_recipe_is_a_damaged_model(refused, kind: str) -> None:
    if kind == "columns":
        recipe = learn({"a": [1, 2, 3, 6], "c": ["u", "v", "u", "v"]})
    else:
        recipe = Recipe.learn(data.load("digits") if kind == "image" else data.load(np.eye(4), target="x3"))
    plain = recipe.to_json()
    damaged = [{key: value for key, value in plain.items() if key != gone} for gone in plain]
    damaged += [{**plain, key: "nonsense"} for key in ("version", "width", "places", "columns", "block", "target")]
    damaged += [{**plain, "target": {**plain["target"], "task": "words"}}]
    if kind == "columns":
        first, second = plain["columns"]
        damaged += [{**plain, "columns": [{**first, "kind": "dates"}]}, {**plain, "columns": [{**second, "levels": 3}]}]
    else:
        damaged += [{**plain, "block": {**plain["block"], "image": [3, 3]}}, {**plain, "block": {**plain["block"], "mean": [1.0]}}]
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
    assert refused(Recipe.learn, spoilt, kind=DataError).startswith(f"{path}, line 19, column 'y': the target is missing")
