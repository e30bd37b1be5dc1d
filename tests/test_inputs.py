"""Inputs: what people have becomes a^0, or is refused with its row and column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from backlit.checkpoints import fingerprint
from backlit.errors import DataError, DivergenceError
from backlit.inputs import Pixels, check_finite, encode_inputs, is_raw, is_sparse
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
    """What engines read stays as it is; anything else becomes the network's dtype."""
    given = np.asarray(x)
    rows = encode_inputs(net, x)
    if given.dtype in (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.uint8)):
        assert rows.dtype == given.dtype
        assert rows.strides == given.strides
    else:
        assert rows.dtype == net.dtype
    assert rows.tolist() == ROWS


def test_truths_are_numbers() -> None:
    assert encode_inputs(NET, np.array([[True, False, True]])).tolist() == [[1, 0, 1]]


@pytest.mark.parametrize("net", [NET, NET32])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_no_copy_of_what_engines_read(net: Network, dtype: Any) -> None:
    x = np.array(ROWS, dtype=dtype)
    assert encode_inputs(net, x) is x
    assert np.shares_memory(encode_inputs(net, x[0]), x)
    wide = np.tile(x, (3, 4))
    for view in (wide[::2, 1:10:4], wide[::-1, :3], np.asfortranarray(x), wide[:, 4:7]):
        assert encode_inputs(net, view) is view
    rows = sparse.csr_array(x)
    assert np.shares_memory(encode_inputs(net, rows).data, rows.data)
    pixels = Pixels(x.astype(np.uint8), 16.0)
    assert encode_inputs(net, pixels) is pixels


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
    assert rows.dtype == (np.float64 if dtype is float else np.float32)
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
    for x in ([[1, 2, 3], [1, 2, 1e300]], [[1, 2, 3], [1, 2, -4e38]]):
        for form in (list, np.array, np.asfortranarray, sparse.csr_array):
            with pytest.raises(DataError, match="row 1, column 2 is infinite; mend or drop the row"):
                encode_inputs(NET32, form(x))
            assert encode_inputs(NET, form(x)).shape == (2, 3)
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


# -------------------------------------------------------------------------------------------------------------- pixels


def test_pixels_are_bytes_that_read_as_numbers(rng: Any) -> None:
    levels = rng.integers(0, 256, (5, 3), dtype=np.uint8)
    pixels = Pixels(levels)
    assert pixels.levels is levels
    assert (pixels.shape, pixels.dtype, len(pixels), is_raw(pixels)) == ((5, 3), np.uint8, 5, False)
    for dtype in (np.float32, np.float64):
        assert np.asarray(pixels, dtype).tolist() == (levels.astype(dtype) / dtype(255)).tolist()
    assert np.asarray(pixels[[4, 0]]).tolist() == (levels[[4, 0]] / 255).tolist()
    assert np.asarray(Pixels(levels, 16.0)).max() == levels.max() / 16
    for wrong in (levels / 255, levels[0], levels.astype(np.int64)):
        with pytest.raises(DataError, match=r"pixels are uint8 of shape \(n, n_0\); got shape"):
            Pixels(wrong)
    for white in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(DataError, match="white, the level read as 1, is a number above 0; got"):
            Pixels(levels, white)
    with pytest.raises(DataError, match=r"inputs are \(n, 2\), a row an example; got shape \(5, 3\)"):
        encode_inputs(Network([2, 2]), pixels)


def test_bytes_alone_are_their_numbers() -> None:
    x = np.array([[0, 128, 255]], dtype=np.uint8)
    assert NET.predict(x).tolist() == NET.predict(x.astype(float)).tolist()
    assert NET.predict(Pixels(x)).tolist() == NET.predict(x / 255).tolist()


@pytest.mark.parametrize("white", [255.0, 16.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("dense", [True, False])
def test_every_verb_reads_pixels_as_if_they_were_divided_first(
    rng: Any, engine: Any, dtype: Any, white: float, dense: bool
) -> None:
    """To the same bits: also where most are zero, and products with zeros are skipped."""
    levels = rng.integers(1, white, (90, 20), endpoint=True, dtype=np.uint8)
    levels *= np.uint8(1) if dense else rng.random(levels.shape) < 0.2
    pixels, plain, y = Pixels(levels, white), np.divide(levels, dtype(white), dtype=dtype), np.arange(90) % 3
    nets = [Network([20, 7, 3], cost="half_squared_error", seed=4, dtype=dtype) for _ in range(2)]
    runs = [
        net.fit(
            x, y, epochs=3, batch_size=8, eta=1.0, validation=0.2, monitors="all", metrics="f1", dropout=[0.1, 0.2],
            engine=engine.name, progress=False,
        )
        for net, x in zip(nets, (pixels, plain), strict=True)
    ]  # fmt: skip
    a, b = nets
    assert a.theta.tobytes() == b.theta.tobytes()
    assert runs[0]["validation_cost"].tolist() == runs[1]["validation_cost"].tolist()
    how = {"engine": engine.name}
    assert a.predict(pixels, **how).tobytes() == b.predict(plain, **how).tobytes()
    assert a.predict_labels(pixels, **how).tolist() == b.predict_labels(plain, **how).tolist()
    assert a.gradient(pixels, y, **how).theta.tobytes() == b.gradient(plain, y, **how).theta.tobytes()
    assert a.value(pixels, y) == b.value(plain, y)
    assert a.evaluate(pixels, y).to_dict() == b.evaluate(plain, y).to_dict()
    assert a.backprop(pixels, y).dC_da[0].tobytes() == b.backprop(plain, y).dC_da[0].tobytes()
    assert a.find_eta(pixels, y).suggestion == b.find_eta(plain, y).suggestion
    for net, x in ((a, pixels), (b, plain)):
        net.fit(x, y, epochs=2, optimizer="l_bfgs", batch_size=None, progress=False, validation=0.2, **how)
    assert a.theta.tobytes() == b.theta.tobytes()


def test_a_checkpoint_knows_bytes_from_other_bytes(rng: Any) -> None:
    levels = rng.integers(0, 256, (5, 3), dtype=np.uint8)
    same = fingerprint(Pixels(levels.copy()))
    assert same == fingerprint(Pixels(levels)) == fingerprint(Pixels(np.asfortranarray(levels)))
    assert (
        len({same, fingerprint(Pixels(levels, 16.0)), fingerprint(levels), fingerprint(Pixels(levels[::-1]))})
        == 4
    )


def test_a_run_that_diverges_on_pixels_says_where() -> None:
    net = Network([3, 4, 2], activations=["relu", "identity"], cost="half_squared_error", dtype=np.float32)
    levels = np.full((6, 3), 255, np.uint8)
    with pytest.raises(DivergenceError, match="training diverged in epoch 1, batch"):
        net.fit(Pixels(levels), np.arange(6) % 2, eta=1e30, batch_size=2, progress=False)
