"""The rules of columns by their numbers: numbers, booleans, words and gaps; and how columns are found again."""

from __future__ import annotations

import datetime as dt
import math
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from backlit import data
from backlit.data import Recipe
from backlit.errors import BacklitWarning, DataError, UsageError

Y = [0.0, 1.0, 2.0, 4.0]


# ------------------------------------------------------------------------------------------------------------- numbers


def test_numbers_are_standardised(learn) -> None:
    recipe = learn({"a": [1, 2, 3, 6]})
    mean, deviation = 3, math.sqrt((4 + 1 + 0 + 9) / 4)
    np.testing.assert_allclose(
        recipe.encode({"a": [3, 6, 10]})[:, 0], [0, 3 / deviation, 7 / deviation], rtol=1e-15
    )
    assert recipe.inputs == ("a",)
    assert recipe.describe()[0] == (
        "a",
        f"standardised: mean {mean}, deviation {deviation:.4g}; missing takes the mean, 3",
    )


def test_numbers_are_taken_as_they_are_if_asked(learn) -> None:
    recipe = learn({"a": [1, 2, 3, 6]}, standardise=False)
    assert recipe.encode({"a": [5, -1]}).tolist() == [[5], [-1]]
    assert recipe.describe()[0] == ("a", "taken as it is; missing takes the mean, 3")


@pytest.mark.parametrize(("rule", "fill"), [("mean", 3.0), ("median", 2.0)])
def test_missing_numbers_take_the_trainings_and_say_so(rule: str, fill: float, learn) -> None:
    recipe = learn({"a": [1, None, 2, 6]}, missing=rule)
    assert recipe.inputs == ("a", "a is missing")
    deviation = math.sqrt((4 + 1 + 9) / 3)
    expected = [[(4 - 3) / deviation, 0], [(fill - 3) / deviation, 1]]
    np.testing.assert_allclose(recipe.encode({"a": [4, None]}), expected, rtol=1e-15)
    assert recipe.describe()[0][1].endswith(
        f"missing takes the {rule}, {fill:.4g}, and an input of its own says so"
    )


def test_a_number_first_missing_in_use_takes_the_mean_too(learn) -> None:
    recipe = learn({"a": [1, 2, 3, 6]})
    assert recipe.encode({"a": [None, 3]}).tolist() == [[0], [0]]


def test_missing_cells_can_be_refused(refused, learn) -> None:
    columns = {"a": [1, None, 3, 6], "y": Y}
    assert refused(Recipe.learn, columns, target="y", missing="error", kind=DataError) == (
        "the dict, row 1, column 'a' is missing; fill it in, or take missing='mean' or missing='median'"
    )
    recipe = learn({"a": [1, 2, 3, 6]}, missing="error")
    assert recipe.describe()[0][1].endswith("; missing cells are refused")
    assert refused(recipe.encode, {"a": [1, None]}, kind=DataError) == (
        "the dict, row 1, column 'a' is missing; fill it in, or train with missing='mean' or missing='median'"
    )


def test_constant_columns_are_zero(learn) -> None:
    for value in (0.1, 1e-200, 1e-320, 1e12 + 0.1, 0.0):
        recipe = learn({"a": [value] * 4, "b": [1, 2, 3, 4]})
        assert recipe.encode({"a": [value, value + 1], "b": [1, 1]})[:, 0].tolist() == [0, 0]
        assert recipe.describe()[0][1].startswith("constant in training, taken as 0")
    for unit in (1e-15, 1e-200, 1e145):
        tiny = learn({"a": [1 * unit, 2 * unit, 3 * unit, 4 * unit]})
        np.testing.assert_allclose(tiny.encode({"a": [4 * unit]}), [[1.5 / math.sqrt(1.25)]])


def test_booleans_are_0_and_1(learn) -> None:
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


def test_infinities_and_numbers_too_large_are_refused(refused, learn) -> None:
    bad = {"a": [1, 2, math.inf, 4], "y": Y}
    words = "the dict, row 2, column 'a' is infinite; mend or drop the row, or leave the column out"
    assert refused(Recipe.learn, bad, target="y", kind=DataError) == words
    assert Recipe.learn({**bad, "b": [1, 2, 3, 4]}, target="y", exclude=["a"]).inputs == ("b",)
    assert refused(learn({"a": [1, 2, 3, 4]}).encode, bad, kind=DataError) == words
    huge = {"a": [1e308, -1e308, 1e308, 0], "y": Y}
    assert refused(Recipe.learn, huge, target="y", kind=DataError) == (
        "the dict: the numbers of column 'a' go up to 1e+308, too large to be standardised; give them in a larger "
        "unit, or "
        "leave the column out (exclude=['a'])"
    )


def test_a_word_where_numbers_were_is_refused_with_its_place(refused, csv, learn) -> None:
    recipe = learn({"a": [1, 2, 3, 6]})
    path = csv("a\n1\nx\n2\n")
    table = data.Table.from_any(data.read.read_text(path))
    assert refused(recipe.encode, table, kind=DataError) == (
        f"{path}, line 3, column 'a': 'x' is not a number, and the model was trained on numbers there; mend it, or "
        "empty the "
        "cell if it is missing"
    )


# --------------------------------------------------------------------------------------------------------------- words


def test_words_are_one_hot_in_sorted_order(learn) -> None:
    recipe = learn({"c": ["red", "blue", "red", "green"]})
    assert learn({"c": ["north-east", "south-west"] * 2}).inputs == ("c = north-east", "c = south-west")
    assert recipe.inputs == ("c = blue", "c = green", "c = red")
    assert recipe.encode({"c": ["red", "green"]}).tolist() == [[0, 0, 1], [0, 1, 0]]
    assert recipe.describe()[0] == ("c", "one-hot, 3 levels: blue, green, red")


def test_a_missing_word_is_a_level_of_its_own(learn) -> None:
    recipe = learn({"c": ["u", None, "v", "u"]})
    assert recipe.inputs == ("c = u", "c = v", "c is missing")
    assert recipe.encode({"c": [None, "v"]}).tolist() == [[0, 0, 1], [0, 1, 0]]


def test_a_word_never_seen_is_all_zeros_and_said_once(learn, again) -> None:
    recipe = learn({"c": ["u", "v", "v", "u"]})
    new = {"c": ["w", "u", None, "w"]}
    words = (
        r"the dict, column 'c': 3 cells hold what training never saw \('w', a missing cell\); the inputs of the "
        r"column are "
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
    train = csv(
        "size,y\n" + "".join(f"{('1.50', '2', 'large')[i % 3]},{i}\n" for i in range(30)), "train.csv"
    )
    recipe = Recipe.learn(data.load(train, target="y"))
    assert recipe.inputs == ("size = 1.50", "size = 2", "size = large")
    new = data.load(csv("size,y\n1.5,0\n2,1\n", "new.csv"), target="y")
    assert recipe.encode(new).tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (
            ["2020-01-02", "2020-02-03"],
            (
                "holds dates such as '2020-01-02', for which there is no rule; make "
                "numbers of them (a year, a month, days since), or leave the column out (exclude=['c'])"
            ),
        ),
        (["2020-01-02 10:00:00", "2020-02-03T10:00"], "holds dates such as"),
        (["31/12/2020", "01/02/2020"], "holds dates such as"),
        (["31.12.2020", "01.02.2020 12:00"], "holds dates such as"),
        (
            [f"person {i}" for i in range(60)],
            (
                "has 60 different words in 60 cells, as names and free text have, "
                "and nothing can be learnt from them; leave the column out (exclude=['c'])"
            ),
        ),
        (
            [dt.date(2020, 1, day) for day in (1, 2)],
            (
                "holds date values, for which there is no rule; turn them "
                "into numbers or words, or leave the column out (exclude=['c'])"
            ),
        ),
        ([[1], [2]], "holds list values"),
        ([None, None], "has no value in any row; leave the column out (exclude=['c'])"),
    ],
    ids=["dates", "times", "slashes", "points", "names", "date objects", "lists", "empty"],
)
def test_columns_without_a_rule(refused, column: list[Any], words: str) -> None:
    columns = {"c": column, "d": list(range(len(column))), "y": [float(i) for i in range(len(column))]}
    assert refused(Recipe.learn, columns, target="y", kind=DataError).startswith(
        f"the dict: column 'c' {words}"
    )
    recipe = Recipe.learn(columns, target="y", exclude=["c"])
    assert recipe.inputs == ("d",)
    assert recipe.describe()[-2] == ("c", "left out")


def test_many_levels_that_come_again_are_levels(learn) -> None:
    words = [f"town {i % 60}" for i in range(600)]
    assert len(learn({"c": words}).inputs) == 60
    few = [f"person {i}" for i in range(50)]
    assert len(learn({"c": few}).inputs) == 50


def test_wide_one_hot_is_sparse_and_the_same(learn) -> None:
    rng = np.random.default_rng(0)
    columns = {f"c{k}": [f"w{i}" for i in rng.integers(0, 200, 2000)] for k in range(4)}
    columns["n"] = rng.normal(size=2000).tolist()
    columns["m"] = [None if i % 9 == 0 else float(i % 5) for i in range(2000)]
    recipe = learn(columns)
    x = recipe.encode(columns, np.float32)
    assert scipy.sparse.issparse(x)
    assert (x.format, x.dtype, x.shape) == ("csr", np.float32, (2000, len(recipe.inputs)))
    dense = recipe._dense(
        [c.codes(data.Table.from_any(columns), c.name, print) for c in recipe.columns],
        2000,
        x.shape[1],
        np.float32,
    )
    np.testing.assert_array_equal(x.toarray(), dense)
    assert dense[0].sum() != 0


# ------------------------------------------------------------------------------------------------------------- columns


def test_columns_are_found_by_name(learn) -> None:
    recipe = learn({"a": [1, 2, 3, 6], "c": ["u", "v", "u", "v"]})
    new = {"c": ["v"], "a": [3]}
    np.testing.assert_array_equal(recipe.encode(new), [[0, 0, 1]])
    with pytest.warns(
        BacklitWarning, match="the dict: the model doesn't know the columns b, d; they are left out"
    ):
        found = recipe.encode({"b": [1], **new, "y": [0], "d": [1]})
    np.testing.assert_array_equal(found, [[0, 0, 1]])


def test_a_column_that_is_missing_is_named_with_the_nearest(refused, learn) -> None:
    recipe = learn({"petal length": [1, 2, 3, 6], "b": [1, 2, 3, 4]})
    assert refused(recipe.encode, {"petal_length": [1], "b": [1]}, kind=DataError) == (
        "the dict has no column 'petal length', which the model was trained on; add or rename it (is it "
        "'petal_length'?)"
    )
    assert refused(recipe.encode, {"b": [1]}, kind=DataError) == (
        "the dict has no column 'petal length', which the model was trained on; add or rename it"
    )


def test_columns_without_names_are_found_by_place(refused, learn) -> None:
    recipe = learn({"a": [1, 2, 3, 6], "c": ["u", "v", "u", "v"]})
    np.testing.assert_array_equal(recipe.encode([[3, "v"]]), [[0, 0, 1]])
    assert refused(recipe.encode, [[1, "u", 3]], kind=DataError) == (
        "the list has 3 columns, known by place only, and the model was trained on 2: a, c; give the same columns in "
        "the same order"
    )
    unnamed = Recipe.learn([[1, "u", 0.0], [2, "v", 1.0], [3, "u", 2.0]], target="x2")
    assert unnamed.inputs == ("x0", "x1 = u", "x1 = v")
    np.testing.assert_array_equal(unnamed.encode({"size": [2], "kind": ["v"]}), [[0, 0, 1]])


def test_columns_left_out_are_not_missed_and_not_said(learn, again) -> None:
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
    assert (
        refused(Recipe.learn, columns, target="y", exclude=["a"], kind=DataError)
        == "the dict has no column left; leave fewer out"
    )
    assert refused(Recipe.learn, columns, target="y", exclude=["b"], kind=DataError).startswith(
        "the dict has no column 'b'; "
    )
    empty = data.load(columns, target="y").take(np.arange(0))
    assert refused(Recipe.learn, empty, kind=DataError) == "the dict has no rows to learn from; give some"


def test_options_that_cant_be(refused) -> None:
    columns = {"a": [1, 2, 3, 6], "y": Y}
    assert (
        refused(Recipe.learn, columns, target="y", missing="zero", kind=UsageError)
        == "missing is 'mean', 'median' or 'error'; got 'zero'"
    )
    assert (
        refused(Recipe.learn, columns, target="y", task="words", kind=UsageError)
        == "task is 'classes' or 'values'; got 'words'"
    )
    assert refused(Recipe.learn, data.load("iris"), target="petal", kind=UsageError) == (
        "the data set's target is 'class' already; got target='petal'"
    )
