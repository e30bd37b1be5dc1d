"""NPY and NPZ: read whole, never unpickled, refused in one sentence where they are no data set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from backlit import data
from backlit.errors import DataError, UsageError


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def npy(path: Path, array: Any) -> Path:
    np.save(path, array)
    return path


def test_npy_is_a_table_without_names(tmp_path: Path, refused) -> None:
    rows = np.arange(12.0).reshape(4, 3)
    path = npy(tmp_path / "a.npy", rows)
    for target in ("2", "x2"):
        dataset = data.load(path, target=target)
        assert dataset.inputs.names == ("x0", "x1")
        np.testing.assert_array_equal(dataset.arrays()[0], rows[:, :2])
        np.testing.assert_array_equal(dataset.labels(), rows[:, 2])
    assert (
        refused(data.load, path, kind=UsageError)
        == "a.npy: say which column is wanted, with target=…; it has x0, x1, x2"
    )
    assert refused(data.load, path, target="x9", kind=DataError).startswith(
        f"{path} has no column 'x9'; did you mean 'x"
    )


def test_npz_of_x_and_y(tmp_path: Path) -> None:
    x, y = np.arange(12.0).reshape(4, 3), np.array(["u", "v", "u", "u"])
    for names in ({"x": x, "y": y}, {"data": x, "labels": y}, {"X": x, "Y": y[:, None]}):
        dataset = data.load(npz(tmp_path / "a.npz", **names))
        np.testing.assert_array_equal(dataset.arrays()[0], x)
        assert dataset.arrays()[1].tolist() == [0, 1, 0, 0]
        assert dataset.classes == ("u", "v")
    dataset = data.load(npz(tmp_path / "a.npz", x=x, y=y, speed=np.arange(4.0)), target="speed")
    assert (dataset.target, dataset.task, dataset.labels().tolist()) == ("speed", "values", [0, 1, 2, 3])


def test_npz_of_one_hot_rows_and_of_bytes(tmp_path: Path) -> None:
    x = np.ones((3, 2))
    one_hot = data.load(npz(tmp_path / "a.npz", x=x, y=np.eye(3)[[2, 0, 1]]), target=None)
    assert one_hot.labels().tolist() == [2, 0, 1]
    words = data.load(npz(tmp_path / "b.npz", x=x, y=np.array([b"u", b"v", b"u"])))
    assert words.classes == ("u", "v")


def test_npz_with_a_test_set_and_images_as_keras_has_them(tmp_path: Path) -> None:
    pixels = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4) * 10
    path = npz(
        tmp_path / "k.npz",
        x_train=pixels,
        y_train=np.array([3, 5], np.uint8),
        x_test=pixels[:1, ..., None],
        y_test=np.array([3]),
    )
    dataset = data.load(path)
    assert (dataset.image, dataset.white, dataset.task, dataset.classes) == ((3, 4), 255.0, "classes", (3, 5))
    np.testing.assert_array_equal(dataset.arrays()[0], pixels.reshape(2, 12) / 255)
    assert dataset.arrays()[1].tolist() == [0, 1]
    assert dataset.test is not None
    assert (len(dataset.test), dataset.test.image) == (1, (3, 4))


def test_the_brightest_pixel_is_white_where_pixels_are_no_bytes(tmp_path: Path, digits) -> None:
    x, y = digits
    assert data.load(npz(tmp_path / "a.npz", x=16 * x[:20], y=y[:20])).white == 16
    assert data.load(npz(tmp_path / "b.npz", x=x[:20] / 2, y=y[:20])).white == 1
    gaps = 4 * x[:20]
    gaps[3, 0, 0] = np.nan
    path = npz(tmp_path / "d.npz", x=gaps, y=y[:20])
    with pytest.raises(DataError, match="row 3, column 'x0' is NaN, and an array has no missing values"):
        data.Recipe.learn(data.load(path))
    signed = data.load(npz(tmp_path / "c.npz", x=x[:20] - 0.5, y=y[:20]))
    assert signed.image is None


def test_npz_of_scipys_sparse_rows(tmp_path: Path, refused) -> None:
    rows = scipy.sparse.random_array((30, 8), density=0.3, rng=np.random.default_rng(0), format="csr")
    path = tmp_path / "s.npz"
    scipy.sparse.save_npz(path, rows)
    dataset = data.load(path, target="7")
    x, y = dataset.arrays()
    np.testing.assert_array_equal(x.toarray(), rows.toarray()[:, :7])
    np.testing.assert_array_equal(y, rows.toarray()[:, 7])
    assert refused(data.load, path, kind=UsageError).startswith("s.npz: say which column is wanted")
    arrays = dict(np.load(path))
    arrays["indices"] = arrays["indices"][:-3]
    assert refused(data.load, npz(path, **arrays), target="7", kind=DataError).startswith(
        f"{path} is no whole file of scipy's sparse rows ("
    )


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        (
            {"a": np.ones(3)},
            " has the arrays a; call the inputs x (or data, features) and the target y (or target, labels)",
        ),
        (
            {"x": np.ones((3, 2)), "y": np.ones(4)},
            ": x has the shape (3, 2) and y (4,); x is (n, …), and y has one target for each row",
        ),
        (
            {"x": np.ones(3), "y": np.ones(3)},
            ": x has the shape (3,) and y (3,); x is (n, …), and y has one target for each row",
        ),
        (
            {"x": np.ones((0, 2)), "y": np.ones(0)},
            ": x is empty, with the shape (0, 2); a table has a row an example",
        ),
        (
            {"x": np.ones((2, 2)), "y": np.array([1, np.nan])},
            ", row 1, y: the target is nan, and an array has no missing values; mend or drop it",
        ),
        (
            {"x": np.ones((2, 2)), "y": np.array([1, 2j])},
            ": y is an array of complex128; targets are numbers, booleans or words",
        ),
        (
            {"x": np.ones((2, 2)), "y": np.array([{}, []], dtype=object)},
            " holds Python objects, which are never unpickled here; save plain arrays of numbers or words",
        ),
    ],
    ids=["names", "lengths", "flat", "empty", "nan", "complex", "objects"],
)
def test_npz_that_is_no_data_set(tmp_path: Path, refused, arrays: dict[str, Any], words: str) -> None:
    path = npz(tmp_path / "a.npz", **arrays)
    assert refused(data.load, path, kind=DataError) == f"{path}{words}"


@pytest.mark.parametrize(
    ("value", "what"),
    [(np.nan, "NaN, and an array has no missing values; fill it in"), (np.inf, "infinite; mend it")],
)
def test_arrays_have_neither_nan_nor_infinity(tmp_path: Path, refused, value: float, what: str) -> None:
    rows = np.ones((9000, 3))
    rows[7777, 1] = value
    rows[:, 2] = np.arange(9000) % 2
    path = npy(tmp_path / "a.npy", rows)
    words = f"{path}, row 7777, column 'x1' is {what} or drop the row"
    dataset = data.load(path, target="x2")
    assert refused(dataset.arrays, kind=DataError) == words
    assert refused(data.Recipe.learn, dataset, task="classes", kind=DataError) == words
    clean = data.Recipe.learn(dataset.take(np.arange(100)), task="classes")
    assert refused(clean.encode, dataset, kind=DataError) == words
    sparse = data.Table.from_any(scipy.sparse.csr_array(rows[:, :2]), "rows")
    assert (
        refused(clean.encode, sparse, kind=DataError)
        == f"rows, row 7777, column 'x1' is {what} or drop the row"
    )


def test_a_pickle_is_never_unpickled(tmp_path: Path, refused) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (os.mkdir, (str(tmp_path / "harm"),))

    for path in (tmp_path / "a.npy", tmp_path / "b.npz"):
        with path.open("wb") as file:
            (np.savez if path.suffix == ".npz" else np.save)(
                file, np.array([Bomb()], dtype=object), allow_pickle=True
            )
        assert refused(data.load, path, target="0", kind=DataError) == (
            f"{path} holds Python objects, which are never unpickled here; save plain arrays of numbers or words"
        )
    import pickle

    bare = tmp_path / "c.npy"
    bare.write_bytes(pickle.dumps(Bomb()))
    assert "never unpickled here" in refused(data.load, bare, target="0", kind=DataError)
    assert not (tmp_path / "harm").exists()


def test_numpy_files_cut_off_anywhere_are_refused(tmp_path: Path, refused) -> None:
    one = npy(tmp_path / "a.npy", np.arange(60.0).reshape(20, 3)).read_bytes()
    two = npz(tmp_path / "a.npz", x=np.ones((4, 2)), y=np.arange(4)).read_bytes()
    for whole, ending in ((one, "npy"), (two, "npz")):
        path = tmp_path / f"cut.{ending}"
        for size in range(1, len(whole), max(1, len(whole) // 40)):
            path.write_bytes(whole[:size])
            assert refused(data.load, path, target="0", kind=DataError).startswith(
                f"{path} is no whole NumPy file, or it was cut off ("
            )


def test_npy_and_npz_take_their_own_endings(tmp_path: Path, refused) -> None:
    one = npy(tmp_path / "a.npy", np.ones((2, 2))).rename(tmp_path / "b.npz")
    assert (
        refused(data.load, one, kind=DataError)
        == f"{one} holds one array, as an NPY file does; give it the ending .npy"
    )
    two = npz(tmp_path / "c.npz", x=np.ones((2, 2))).rename(tmp_path / "d.npy")
    assert (
        refused(data.load, two, kind=DataError)
        == f"{two} holds several arrays, as an NPZ file does; give it the ending .npz"
    )
    none = npy(tmp_path / "e.npy", np.ones((0, 3)))
    assert refused(data.load, none, kind=DataError) == f"{none} has no rows; a table has a row an example"
    for shape, count in (
        ((3,), "1 dimension"),
        ((5, 2, 2, 3), "4 dimensions"),
        ((1, 2, 3, 4, 5), "5 dimensions"),
    ):
        other = npy(tmp_path / "f.npy", np.ones(shape))
        assert refused(data.load, other, kind=DataError) == (
            f"{other} has {count}; a table has two, a row an example, and grey pictures have three, "
            "(n, height, width); reshape it"
        )


def test_pictures_in_an_npy_file_are_taken_pixel_by_pixel(tmp_path: Path) -> None:
    pictures = np.arange(24.0).reshape(4, 2, 3)
    for stack in (pictures, pictures[..., None]):
        dataset = data.load(npy(tmp_path / "a.npy", stack), target="5")
        assert dataset.inputs.names == ("x0", "x1", "x2", "x3", "x4")
        assert dataset.inputs.block.tolist() == pictures.reshape(4, 6)[:, :5].tolist()
        assert dataset.labels().tolist() == [5, 11, 17, 23]


def test_coloured_pictures_are_refused(tmp_path: Path, refused) -> None:
    path = npz(tmp_path / "a.npz", x=np.ones((4, 2, 3, 3)), y=np.arange(4))
    assert refused(data.load, path, kind=DataError).startswith(f"{path} has 4 dimensions; a table has two")


def test_a_structured_array_has_names(tmp_path: Path) -> None:
    rows = np.array([(1.5, "u", 0), (2.5, "v", 1)], dtype=[("size", "f8"), ("kind", "U3"), ("y", "i4")])
    dataset = data.load(npy(tmp_path / "a.npy", rows), target="y")
    assert dataset.inputs.names == ("size", "kind")
    assert dataset.inputs.column("kind").tolist() == ["u", "v"]
