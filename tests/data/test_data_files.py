"""IDX, svmlight, Parquet and Feather, and paths of every kind: read whole, or refused in one sentence."""

from __future__ import annotations

import gzip
import io
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from backlit import data
from backlit.data.idx import read_idx
from backlit.data.read import load_rows
from backlit.errors import DataError, MissingDependency


def idx(array: Any, magic: bytes | None = None) -> bytes:
    kinds = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
    array = np.asarray(array)
    head = magic or bytes([0, 0, kinds[array.dtype.str[1:]], array.ndim])
    return (
        head
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


# ----------------------------------------------------------------------------------------------------------------- IDX


@given(
    hnp.arrays(
        st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]),
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5),
        elements={"allow_nan": False},
    ),
    st.booleans(),
)
def test_idx_is_read_back(tmp_path_factory: pytest.TempPathFactory, array: Any, zipped: bool) -> None:
    path = tmp_path_factory.mktemp("idx") / "a-idx"
    raw = idx(array)
    path.write_bytes(gzip.compress(raw) if zipped else raw)
    found = read_idx(path)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """An IDX file of five images and the file of their labels beside it."""
    images, labels = tmp_path / "t-images-idx3-ubyte", tmp_path / "t-labels-idx1-ubyte"
    images.write_bytes(idx((np.arange(5 * 6) * 8).astype(np.uint8).reshape(5, 2, 3)))
    labels.write_bytes(idx(np.array([7, 1, 7, 1, 1], np.uint8)))
    return images, labels


@pytest.mark.parametrize("zipped", [(), (0,), (1,), (0, 1)])
def test_idx_images_find_their_labels(pair: tuple[Path, Path], zipped: tuple[int, ...]) -> None:
    paths = list(pair)
    for which in zipped:
        packed = paths[which].with_name(paths[which].name + ".gz")
        packed.write_bytes(gzip.compress(paths[which].read_bytes()))
        paths[which].unlink()
        paths[which] = packed
    dataset = data.load(paths[0])
    assert (dataset.image, dataset.white, dataset.classes) == ((2, 3), 255.0, (1, 7))
    assert dataset.inputs.block.dtype == np.uint8
    assert dataset.arrays()[1].tolist() == [1, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\0\0\x08", " has 3 bytes; an IDX file begins with 4 that name its type; fetch it again"),
        (
            b"\x89PNG....",
            (
                " begins with the magic number 0x89504e47, and an IDX file's is 0x0000TTDD (type, "
                "dimensions), such as 0x00000803 for images; fetch it again, or rename it after what it is"
            ),
        ),
        (
            b"\0\0\x07\x03" + b"\0" * 12,
            (
                " begins with the magic number 0x00000703, and an IDX file's is "
                "0x0000TTDD (type, dimensions), such as 0x00000803 for images; "
                "fetch it again, or rename it after what it is"
            ),
        ),
        (b"\0\0\x08\x03\0\0", " ends within its own sizes; it was cut off; delete it and fetch it again"),
        (
            idx(np.zeros((5, 2, 3), np.uint8))[:-1],
            (
                " says 5 × 2 × 3 numbers, which are 30 bytes, and it has 29; "
                "its sizes don't add up; delete it and fetch it again"
            ),
        ),
        (
            idx(np.zeros((5, 2, 3), np.uint8)) + b"\0",
            (
                " says 5 × 2 × 3 numbers, which are 30 bytes, and it has 31; "
                "its sizes don't add up; delete it and fetch it again"
            ),
        ),
        (
            b"\0\0\x0e\x03" + b"\xff" * 12,
            " says 4,294,967,295 × 4,294,967,295 × 4,294,967,295 numbers, which are 633,825,299,671,",
        ),
        (
            idx(np.zeros(5, np.uint8)),
            " has not the three dimensions of images (number, height, width); give the file of images",
        ),
        (
            idx(np.zeros((4, 2, 3), np.uint8)),
            " has 4 images and LABELS 5 labels; give files that belong together",
        ),
        (idx(np.zeros((5, 0, 3), np.uint8)), " has no images; fetch it again"),
        (gzip.compress(idx(np.zeros((5, 2, 3), np.uint8)))[:-9], " was cut off or damaged ("),
    ],
    ids=["short", "png", "type", "sizes", "cut", "long", "huge", "flat", "fewer", "empty", "gzip"],
)
def test_hostile_idx(refused, pair: tuple[Path, Path], raw: bytes, words: str) -> None:
    images, labels = pair
    images.write_bytes(raw)
    said = refused(data.load, images, kind=DataError)
    assert said.startswith(f"{images}{words.replace('LABELS', str(labels))}")


def test_a_file_called_gz_that_is_neither(refused, pair: tuple[Path, Path]) -> None:
    images = pair[0].rename(pair[0].with_name(f"{pair[0].name}.gz"))
    data.load(images)  # IDX that is not compressed after all
    images.write_bytes(b"<html>not found</html>")
    said = refused(data.load, images, kind=DataError)
    assert said == f"{images} is called .gz, and is neither gzip nor IDX; fetch it again"


def test_pictures_are_for_predict(refused, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "0.PNG").touch()
    for path, what in (
        (tmp_path / "photos", "a folder of pictures"),
        (tmp_path / "photos" / "0.PNG", "a picture"),
    ):
        path.touch()
        if path.is_file():
            path.write_bytes(b"\x89PNG")
        assert refused(data.load, path, kind=DataError) == (
            f"{path} is {what}, which only predict takes, with a model that was trained on images; give a table, or "
            "images with their labels, such as NPZ with x (n, height, width) and y"
        )


def test_idx_labels_must_be_there_and_be_labels(refused, pair: tuple[Path, Path], tmp_path: Path) -> None:
    images, labels = pair
    assert (
        refused(data.load, labels, kind=DataError)
        == f"{labels} holds labels; give the file of images, {images.name}"
    )
    labels.write_bytes(idx(np.zeros(5, np.float32)))
    assert refused(data.load, images, kind=DataError).startswith(
        f"{images} has 3 dimensions and {labels} 1, of float32; images have three, and labels one, of whole numbers: "
        "give files that belong together"
    )
    labels.unlink()
    assert refused(data.load, images, kind=DataError).startswith(
        f"{images}: its labels should be beside it as t-labels-idx1-ubyte (MNIST's naming"
    )
    other = images.rename(tmp_path / "pixels.idx")
    assert "as …-labels-idx1-ubyte (MNIST's naming" in refused(data.load, other, kind=DataError)


# ------------------------------------------------------------------------------------------------------------ svmlight


@pytest.mark.parametrize("name", ["a.svm", "a.svmlight", "a.libsvm", "a.svmlight.gz"])
def test_svmlight_keeps_the_indices_as_they_are_written(tmp_path: Path, name: str) -> None:
    raw = b"# a comment\n1 1:0.5 3:2\n-1 2:1 # another\n\n1 qid:4 1:1.5 4:7\n" * 8
    path = tmp_path / name
    path.write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    dataset = data.load(path)
    x, y = dataset.arrays()
    assert x.toarray()[:3].tolist() == [[0, 0.5, 0, 2, 0], [0, 0, 1, 0, 0], [0, 1.5, 0, 0, 7]]
    assert dataset.labels()[:3].tolist() == [1, -1, 1]
    assert y[:3].tolist() == [1, 0, 1]
    assert (dataset.task, dataset.classes) == ("classes", (-1, 1))


def test_svmlight_with_values(tmp_path: Path) -> None:
    path = tmp_path / "a.svm"
    path.write_text("0.5 0:1\n1.25 1:3\n")
    dataset = data.load(path)
    assert (dataset.task, dataset.labels().tolist()) == ("values", [0.5, 1.25])


def test_another_svmlight_file_has_the_same_columns(tmp_path: Path, refused) -> None:
    train, new, wide = tmp_path / "train.svm", tmp_path / "new.svm", tmp_path / "wide.svm"
    train.write_text("1 1:1 5:2\n2 2:1\n" * 10)
    new.write_text("1 2:3\n")
    wide.write_text("1 6:3\n")
    recipe = data.Recipe.learn(data.load(train))
    assert recipe.encode(data.load(new)).toarray().tolist() == [[0, 0, 3, 0, 0, 0]]
    assert refused(recipe.encode, data.load(wide), kind=DataError) == (
        f"{wide} has 7 columns, and the model was trained on 6; give the same columns in the same order"
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "one 1:2",
            "'one' is no number, and a line begins with one, as in 1 3:0.5; mend the line or drop it",
        ),
        (
            "1 1:2 x:3",
            "'x:3' is not index:value with a whole index and a finite number, as in 3:0.5; mend it",
        ),
        ("1 1:2 3", "'3' is not index:value with a whole index and a finite number, as in 3:0.5; mend it"),
        (
            "1 1:2 2:inf",
            "'2:inf' is not index:value with a whole index and a finite number, as in 3:0.5; mend it",
        ),
        (
            "1 1:2 2:two",
            "'2:two' is not index:value with a whole index and a finite number, as in 3:0.5; mend it",
        ),
        ("1 -1:2", "'-1:2' is not index:value with a whole index and a finite number, as in 3:0.5; mend it"),
        ("1 3:2 2:1", "index 2 comes after 3, and the indices of a line ascend; sort them, each once"),
        *(
            (
                f"1 1:2 {index}:1",
                f"index {index} is too large, as there may be 10,000,000 columns; number them anew",
            )
            for index in (10_000_000, 2**31, 10**19)
        ),
        (
            f"1 {'9' * 5000}:1",
            f"index {'9' * 20}… is too large, as there may be 10,000,000 columns; number them anew",
        ),
        (
            "nan 3:2",
            "'nan' is no number, and a line begins with one, as in 1 3:0.5; mend the line or drop it",
        ),
        (
            "1 3:2 \xff",
            "'\xff' is not index:value with a whole index and a finite number, as in 3:0.5; mend it",
        ),
    ],
)
def test_hostile_svmlight(tmp_path: Path, refused, line: str, words: str) -> None:
    path = tmp_path / "a.svm"
    path.write_text(f"# a comment\n2 qid:3 2:2\n{line}\n1 1:1\n", encoding="utf-8")
    assert refused(data.load, path, kind=DataError) == f"{path}, line 3: {words}"


def test_svmlight_that_isnt_whole(tmp_path: Path, refused) -> None:
    path = tmp_path / "a.svm.gz"
    path.write_bytes(gzip.compress(b"1 1:1\n" * 5000)[:40])
    assert refused(data.load, path, kind=DataError).startswith(f"{path} is no whole gzip file (")
    bare = tmp_path / "b.svm"
    bare.write_bytes(b"# nothing\n")
    assert (
        refused(data.load, bare, kind=DataError)
        == f"{bare} has no rows; an svmlight file has a line an example: save it again"
    )
    bare.write_bytes(b"1 1:1\n1 1:\xff\n")
    assert (
        refused(data.load, bare, kind=DataError)
        == f"{bare}, line 2: byte 0xff is not UTF-8; save the file as UTF-8"
    )


# ----------------------------------------------------------------------------------------------------- Parquet, Feather


@pytest.mark.parametrize("ending", ["parquet", "feather", "arrow", "stream.arrow"])
def test_arrow_files(tmp_path: Path, people: dict[str, list[Any]], ending: str) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import feather, ipc, parquet

    table, path = pa.table(people), tmp_path / f"people.{ending}"
    if ending == "parquet":
        parquet.write_table(table, path)
    elif ending == "stream.arrow":
        with ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)
    else:
        feather.write_feather(table, path)
    dataset = data.load(path, target="income")
    assert dataset.inputs.names == ("age", "colour", "member", "height")
    np.testing.assert_array_equal(
        dataset.inputs.column("age"), [np.nan if age is None else age for age in people["age"]]
    )
    assert dataset.inputs.column("colour").tolist() == people["colour"]
    assert dataset.inputs.column("member").tolist() == people["member"]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize("ending", ["parquet", "feather", "arrow"])
def test_arrow_files_cut_off_are_refused(
    tmp_path: Path, refused, people: dict[str, list[Any]], ending: str
) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    table, path = pa.table(people), tmp_path / f"people.{ending}"
    (parquet.write_table if ending == "parquet" else feather.write_feather)(table, path)
    whole = path.read_bytes()
    what = "Parquet" if ending == "parquet" else "Feather or Arrow"
    for size in (1, 7, 40, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        said = refused(data.load, path, target="income", kind=DataError)
        assert said.startswith(f"{path} is no whole {what} file, or it was cut off (")
        assert said.endswith("); save it again")
    path.write_bytes(b"not such a file at all, but long enough to look")
    assert f"is no whole {what} file" in refused(data.load, path, target="income", kind=DataError)


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    path = tmp_path / "people.parquet"
    path.write_bytes(b"PAR1")
    assert refused(data.load, path, kind=MissingDependency) == (
        "reading people.parquet needs pyarrow, which is not installed: pip install 'backlit[tables]'"
    )


# --------------------------------------------------------------------------------------------------------------- paths


def test_what_is_no_file(tmp_path: Path, refused, csv) -> None:
    kinds = ".csv, .tsv, .npy, .npz, .svmlight, .parquet, .feather (.csv, .svmlight and IDX in gzip as well), or IDX"
    assert refused(data.load, tmp_path, kind=DataError) == f"{tmp_path} is a directory; give a file ({kinds})"
    other = csv("x", "notes.docx")
    assert (
        refused(data.load, other, kind=DataError)
        == f"{other}: .docx is no known kind of file; known are {kinds}"
    )
    bare = csv("x", "notes")
    assert (
        refused(data.load, bare, kind=DataError)
        == f"{bare}: a name without ending is no known kind of file; known are {kinds}"
    )
    gone = tmp_path / "gone.csv"
    assert (
        refused(data.load, gone, kind=DataError)
        == f"{gone}: there is no such file; look at its name and folder"
    )
    array = tmp_path / "a.npy"
    np.save(array, np.ones(2))
    assert refused(data.load, array.rename(tmp_path / "b.npz"), header=True, kind=DataError) == (
        f"{tmp_path / 'b.npz'}: only CSV and TSV files have a heading; leave header= away"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path: Path, refused) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "is no regular file; save the data as a file" in refused(
        data.load, tmp_path / "pipe.csv", kind=DataError
    )


@pytest.mark.parametrize("name", ["a.csv", "a.npy", "a.npz", "a.svm", "a.parquet", "a-images-idx3-ubyte"])
def test_without_permission(csv, refused, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv("a,y\n1,2\n", name)

    def deny(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(io, "open", deny)
    monkeypatch.setattr("builtins.open", deny)
    monkeypatch.setattr(Path, "read_bytes", deny)
    monkeypatch.setattr("sklearn.datasets.load_svmlight_file", deny)
    if name.endswith("parquet"):
        parquet = pytest.importorskip("pyarrow.parquet")
        monkeypatch.setattr(parquet, "ParquetFile", deny)
    assert (
        refused(data.load, path, target="y", kind=DataError)
        == f"{path} can't be read: permission denied; ask its owner"
    )


def test_a_folder_without_permission(refused, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", deny)
    assert (
        refused(data.load, "secret/a.csv", kind=DataError)
        == f"{Path('secret/a.csv')} can't be read: permission denied; ask its owner"
    )


def test_too_large_for_memory(csv, refused, monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(*_: Any, **__: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr("backlit.data.read.read_text", burst)
    path = csv("a,y\n1,2\n")
    assert (
        refused(data.load, path, kind=DataError)
        == f"{path} is too large for this machine's memory; take a part of it"
    )


# ------------------------------------------------------------------------------------------------------ rows to predict


def test_rows_may_lack_the_target(csv) -> None:
    with_it, without = csv("a,b,y\n1,2,0\n", "w.csv"), csv("a,b\n1,2\n", "o.csv")
    assert load_rows(with_it, "y").labels().tolist() == [0]
    assert load_rows(without, "y").wanted is None
    assert load_rows(without, "y").inputs.names == load_rows(with_it, "y").inputs.names == ("a", "b")
    assert load_rows(with_it).inputs.names == ("a", "b", "y")


def test_rows_without_names_are_counted(csv) -> None:
    train = csv("".join(f"{i % 3},{i},{-i}\n" for i in range(60)), "t.csv")
    recipe = data.Recipe.learn(data.load(train, target="x0"))
    with_it, without = csv("1,5,-5\n", "w.csv"), csv("5,-5\n", "o.csv")
    known, bare = load_rows(with_it, "x0", recipe=recipe), load_rows(without, "x0", recipe=recipe)
    assert known.labels().tolist() == [1]
    assert bare.wanted is None
    np.testing.assert_array_equal(recipe.encode(known), recipe.encode(bare))
