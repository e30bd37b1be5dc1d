"""Inputs: what people have becomes a^0, or is refused with its row and column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from backlit.errors import DataError
from backlit.inputs import check_finite, encode_inputs, is_raw, is_sparse
from backlit.network import Network

NET = Network([3, 2])
NET32 = Network([3, 2], dtype=np.float32)
ROWS = [[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]]


@pytest.mark.parametrize(
    "x",
    [
        ROWS,
        tuple(map(tuple, ROWS)),
        np.array(ROWS),
        np.array(ROWS, dtype=np.float32),
        np.array(ROWS, dtype=np.float16),
        np.array(ROWS, dtype=np.uint8),
        np.array(ROWS, dtype=">i8"),
        np.asfortranarray(ROWS),
        np.array([[1, 0, 2, 9], [0, 0, 3, 9]])[:, :3],
    ],
)
@pytest.mark.parametrize("net", [NET, NET32])
def test_arrays_of_numbers(x: Any, net: Network) -> None:
    rows = encode_inputs(net, x)
    assert rows.dtype == net.dtype
    assert rows.flags.c_contiguous
    assert rows.tolist() == ROWS


def test_truths_are_numbers() -> None:
    assert encode_inputs(NET, np.array([[True, False, True]])).tolist() == [[1, 0, 1]]


def test_no_copy_where_the_dtype_is_right() -> None:
    x = np.array(ROWS)
    assert encode_inputs(NET, x) is x
    assert np.shares_memory(encode_inputs(NET, x[0]), x)
    x = sparse.csr_array(x)
    assert np.shares_memory(encode_inputs(NET, x).data, x.data)


@pytest.mark.parametrize("x", [[1, 2, 3], np.array([1.0, 2.0, 3.0]), (True, 2, 3.0)])
def test_one_example_is_one_row(x: Any) -> None:
    assert encode_inputs(NET, x).tolist() == [[1, 2, 3]]


def test_a_vector_is_many_examples_where_there_is_one_input() -> None:
    assert encode_inputs(Network([1, 2]), [1.0, 2.0, 3.0]).tolist() == [[1], [2], [3]]


@pytest.mark.parametrize(
    "form", [sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix, sparse.lil_array]
)
@pytest.mark.parametrize("dtype", [float, np.float32, np.int16, bool])
def test_sparse_inputs_stay_sparse(form: Any, dtype: Any) -> None:
    x = form(np.array(ROWS).astype(dtype))
    assert is_sparse(x)
    assert not is_raw(x)
    rows = encode_inputs(NET32, x)
    assert isinstance(rows, sparse.csr_array)
    assert rows.dtype == np.float32
    assert rows.toarray().tolist() == np.array(ROWS).astype(dtype).tolist()


def test_a_series_and_a_tensor_are_arrays() -> None:
    pandas = pytest.importorskip("pandas")
    assert encode_inputs(NET, pandas.Series([1, 2, 3])).tolist() == [[1, 2, 3]]
    torch = pytest.importorskip("torch")
    assert encode_inputs(NET, torch.tensor(ROWS)).tolist() == ROWS


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ([[1, 2]], "inputs are (n, 3), a row an example; got shape (1, 2)"),
        ([1, 2], "inputs are (n, 3), a row an example; got shape (2,)"),
        ([], "inputs are (n, 3), a row an example; got shape (0,)"),
        (5.0, "inputs are (n, 3), a row an example; got shape ()"),
        (np.zeros((2, 2, 2)), "inputs are (n, 3), a row an example; got shape (2, 2, 2)"),
        (np.zeros((2, 3, 1)), "got shape (2, 3, 1); give x.reshape(len(x), -1)"),
        (sparse.csr_array((2, 4)), "inputs are (n, 3), a row an example; got shape (2, 4)"),
        (np.zeros((2, 3), dtype=complex), "inputs are real numbers; got an array of complex128"),
        (
            sparse.csr_array(np.ones((2, 3), dtype=complex)),
            "inputs are real numbers; got an array of complex128",
        ),
        ([["a", 1, 2]], "this network has no recipe for the columns of a list; give a numeric array (n, 3)"),
        ([[1, 2, 3], [4]], "this network has no recipe for the columns of a list"),
        (np.array([[1, None, 2]]), "this network has no recipe for the columns of a ndarray"),
        ("digits", "this network has no recipe for the columns of a str"),
        (
            [[1, np.nan, 3]],
            "row 0, column 1 is NaN, a missing value; fill it in, or read the table with a recipe",
        ),
        ([[1, 2, 3], [4, 5, -np.inf]], "row 1, column 2 is infinite; mend or drop the row"),
        (sparse.csr_array([[0, 0, 0], [0, 0, 0], [0, np.nan, 0]]), "row 2, column 1 is NaN"),
        (sparse.csc_array([[0, 0, np.inf], [0, 1, 0]]), "row 0, column 2 is infinite"),
        (np.ma.masked_equal([[1, 2, 3]], 2), "row 0, column 1 is NaN, a missing value"),
    ],
)
def test_what_are_no_inputs(x: Any, said: str) -> None:
    with pytest.raises(DataError) as error:
        encode_inputs(NET, x)
    assert said in str(error.value)


def test_frames_need_a_recipe() -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    for frame in (pandas.DataFrame(ROWS), polars.DataFrame(ROWS)):
        with pytest.raises(
            DataError, match="this network has no recipe for the columns of a DataFrame; give a numeric"
        ):
            encode_inputs(NET, frame)


def test_a_recipe_reads_what_is_raw() -> None:
    class Recipe:
        def encode(self, x: Any) -> Any:
            return np.array([[float(len(cell)) for cell in row] for row in x])

    net = Network([3, 2])
    net.recipe = Recipe()
    assert encode_inputs(net, [["a", "bb", ""]]).tolist() == [[1, 2, 0]]
    assert encode_inputs(net, ROWS).tolist() == ROWS, "numbers are a^0 already"


def test_what_overflows_in_float32_is_named() -> None:
    with pytest.raises(DataError, match="row 0, column 2 is infinite"):
        encode_inputs(NET32, [[1, 2, 1e300]])
    assert encode_inputs(NET, [[1, 2, 1e300]])[0, 2] == 1e300


def test_the_first_bad_entry_is_found_far_down() -> None:
    x = np.zeros((10_000, 3))
    x[9_000, 1] = np.inf
    x[9_001, 0] = np.nan
    with pytest.raises(DataError, match="row 9000, column 1 is infinite"):
        encode_inputs(NET, x)
    with pytest.raises(DataError, match="row 9000, pixel 1 is infinite"):
        check_finite(x, "pixel")


def test_no_rows_are_no_error_here() -> None:
    assert NET.predict(np.empty((0, 3))).shape == (0, 2)
