"""Tables from Python: arrays, lists, dicts and frames of every kind come out as the same columns."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from backlit import data
from backlit.data.cells import kind_of
from backlit.data.table import Table
from backlit.errors import DataError, UsageError


def columns(table: Table) -> dict[str, list[Any]]:
    return {
        name: [None if isinstance(v, float) and np.isnan(v) else v for v in table.column(name).tolist()]
        for name in table.names
    }


def test_arrays_are_blocks_and_not_copied() -> None:
    rows = np.arange(6, dtype=np.uint8).reshape(3, 2)
    table = Table.from_any(rows)
    assert table.block is rows
    assert (table.names, table.named, len(table)) == (("x0", "x1"), False, 3)
    assert table.column("x1").tolist() == [1, 3, 5]
    assert repr(table) == "<Table of 3 rows and 2 columns, the ndarray>"
    pictures = Table.from_any(np.zeros((4, 2, 3)))
    assert pictures.block.shape == (4, 6)


def test_sparse_rows_stay_sparse() -> None:
    rows = scipy.sparse.coo_matrix(([1.0, 2.0], ([0, 2], [1, 3])), shape=(3, 4))
    table = Table.from_any(rows)
    assert scipy.sparse.issparse(table.block)
    assert table.column("x3").tolist() == [0, 0, 2]
    assert table.take(np.array([2])).block.toarray().tolist() == [[0, 0, 0, 2]]
    assert table.without(["x0", "x1"]).names == ("x2", "x3")


@pytest.mark.parametrize(
    "library", ["dict", "rows", "pandas", "polars", "pyarrow", "structured", "pandas nullable"]
)
def test_every_kind_of_table_is_the_same(people: dict[str, list[Any]], library: str) -> None:
    if library == "structured":  # which has no missing cells
        people = {"height": people["height"], "member": people["member"], "income": people["income"]}
    plain = Table.from_any(people)
    if library == "dict":
        given: Any = people
    elif library == "rows":
        given = [dict(zip(people, row, strict=True)) for row in zip(*people.values(), strict=True)]
    elif library == "structured":
        kinds = [("height", "f8"), ("member", "?"), ("income", "f8")]
        given = np.array(list(zip(*people.values(), strict=True)), dtype=kinds)
    elif library == "pyarrow":
        given = pytest.importorskip("pyarrow").table(people)
    elif library == "polars":
        given = pytest.importorskip("polars").DataFrame(people)
    else:
        given = pytest.importorskip("pandas").DataFrame(people)
        if library == "pandas nullable":
            given = given.convert_dtypes()
            given["age"] = given["age"].astype("Int64")
    table = Table.from_any(given)
    assert table.named
    assert columns(table) == columns(plain)
    for name in plain.names:
        assert kind_of(table.column(name)) == kind_of(plain.column(name))
    recipe = data.Recipe.learn(plain, target="income")
    np.testing.assert_array_equal(recipe.encode(table), recipe.encode(plain))
    other = data.Recipe.learn(given, target="income")
    assert other.to_json() == recipe.to_json()


def test_frames_of_other_kinds_of_numbers() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "small": np.array([1, 2, 3], np.int8),
            "unsigned": np.array([1, 2, 2**63], np.uint64),
            "half": np.array([1, 2, np.nan], np.float32),
            "category": pd.Categorical(["u", None, "v"]),
            "decimal": [decimal.Decimal("1.5"), decimal.Decimal(2), None],
            "mixed": [1, "two", None],
            "gaps": pd.array([True, None, False], dtype="boolean"),
            "na": ["NA", "x", " "],
        }
    )
    table = Table.from_any(frame)
    assert columns(table) == {
        "small": [1, 2, 3],
        "unsigned": [1, 2, 2.0**63],
        "half": [1, 2, None],
        "category": ["u", None, "v"],
        "decimal": [1.5, 2, None],
        "mixed": ["1", "two", None],
        "gaps": [True, None, False],
        "na": [None, "x", None],
    }
    assert [kind_of(table.column(name)) for name in table.names] == [
        *["number"] * 3,
        "words",
        "number",
        "words",
        "boolean",
        "words",
    ]


def test_rows_and_dicts() -> None:
    table = Table.from_any([[1, "u"], [2.5, None]])
    assert columns(table) == {"x0": [1, 2.5], "x1": ["u", None]}
    assert not table.named
    assert columns(Table.from_any([{"a": 1}, {"b": "u", "a": 2}])) == {"a": [1, 2], "b": [None, "u"]}
    assert columns(Table.from_any({"a": np.array([1, 2]), 3: (True, False)})) == {
        "a": [1, 2],
        "3": [True, False],
    }
    assert columns(Table.from_any(np.array([["1", "u"], ["2", ""]]))) == {"x0": ["1", "2"], "x1": ["u", None]}
    assert columns(Table.from_any({"a": [2**70, 1]})) == {"a": [float(2**70), 1.0]}
    assert columns(Table.from_any({"a": [2.0, "two", 2.5, True]})) == {"a": ["2", "two", "2.5", "True"]}


def test_a_table_stays_itself_and_a_data_set_gives_its_inputs() -> None:
    iris = data.load("iris")
    assert Table.from_any(iris.inputs) is iris.inputs
    assert Table.from_any(iris) is iris.inputs


def test_a_frame_with_a_column_named_inputs_is_a_frame() -> None:
    pd = pytest.importorskip("pandas")
    assert Table.from_any(pd.DataFrame({"inputs": [1, 2], "table": [3, 4]})).names == ("inputs", "table")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            np.zeros(3),
            (
                "the ndarray has 1 dimension; a table has two, a row an example, and grey pictures have three, "
                "(n, height, width); reshape it"
            ),
        ),
        ([], "the list is no table; give rows of one length, dicts, an array or a frame"),
        (
            [[1, 2], [1]],
            (
                "the list is no table (row 1 is not like row 0); give rows of one length, dicts, an "
                "array or a frame"
            ),
        ),
        ([1, 2], "the list is no table; give rows of one length, dicts, an array or a frame"),
        ({"a": [1], "b": [1, 2]}, "the dict: its columns have different lengths, 1, 2; give each the same"),
        ({1: [1], "1": [2]}, "the dict has two columns named '1'; rename one"),
        (
            3,
            (
                "the int is no table; give an array, a scipy sparse array, a dict of columns, or a pandas, polars or "
                "Arrow table (a lazy one collected)"
            ),
        ),
    ],
)
def test_what_is_no_table(refused, given: Any, words: str) -> None:
    assert refused(Table.from_any, given, kind=DataError) == words


def test_lazy_frames_and_series_are_no_tables(refused) -> None:
    pl = pytest.importorskip("polars")
    assert "a lazy one collected" in refused(Table.from_any, pl.LazyFrame({"a": [1]}), kind=DataError)
    assert "is no table" in refused(Table.from_any, pl.Series([1]), kind=DataError)


@pytest.mark.parametrize("library", ["pandas", "pyarrow"])
def test_two_columns_of_one_name(refused, library: str) -> None:
    module = pytest.importorskip(library)
    if library == "pandas":
        frame = module.DataFrame([[1, 2]], columns=["a", "a"])
    else:
        frame = module.Table.from_arrays([module.array([1]), module.array([2])], names=["a", "a"])
    said = refused(Table.from_any, frame, kind=DataError)
    assert "two columns" in said
    assert "rename one" in said


def test_columns_that_arent_there(refused) -> None:
    table = Table.from_any({"length": [1], "width": [2]})
    words = "the dict has no column 'lenght'; did you mean 'length'? It has length, width"
    assert refused(table.column, "lenght", kind=DataError) == words
    assert refused(table.without, ["lenght"], kind=DataError) == words
    assert refused(data.load, {"length": [1], "width": [2]}, target="lenght", kind=DataError) == words
    wide = Table.from_any(np.zeros((1, 30)))
    assert refused(wide.column, "q", kind=DataError) == (
        "the ndarray has no column 'q'; it has 30 columns without names, counted from x0 to x29"
    )


def test_the_target_is_guessed_only_where_it_is_clear(refused) -> None:
    assert data.load({"a": [1, 2], "Label": ["u", "v"]}).target == "Label"
    assert refused(data.load, {"label": [1], "class": [2], "a": [3]}, kind=UsageError) == (
        "the dict: say which column is wanted, with target=…; it has label, class, a"
    )


@pytest.mark.parametrize(
    ("wanted", "task"),
    [
        (["u", "v"] * 3, "classes"),
        ([True, False] * 3, "classes"),
        ([True, None] * 3, "classes"),
        ([0, 1] * 10, "classes"),
        ([0, 1] * 9, "values"),  # nine of each are too few to be sure
        (list(range(20)) * 10, "classes"),
        (list(range(21)) * 10, "values"),
        ([0.0, 1.0] * 10, "values"),
        ([0, 1, None] * 10, "values"),
    ],
)
def test_the_task_is_found_out(wanted: list[Any], task: str) -> None:
    dataset = data.load({"a": list(range(len(wanted))), "y": wanted})
    assert dataset.task == task
    assert (dataset.classes is not None) == (task == "classes")


def test_targets_that_cant_be(refused) -> None:
    days = [dt.date(2020, 1, day) for day in (1, 2)]
    assert refused(data.load, {"a": [1, 2], "y": days}, kind=DataError) == (
        "the dict: the target 'y' holds neither numbers nor words; turn it into one of them"
    )


def test_load_takes_a_data_set_as_it_is() -> None:
    iris = data.load("iris")
    assert data.load(iris) is iris
    assert len(data.load(iris, limit=5)) == 5
