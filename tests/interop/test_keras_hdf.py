"""HDF5 as Backlit reads it itself: what the library reads, in the layouts of old and new files."""

from __future__ import annotations

import io

import numpy as np
import pytest

from backlit.interop.hdf import open_hdf

h5py = pytest.importorskip("h5py", reason="h5py, which writes the files of these tests, is not installed")


@pytest.mark.parametrize("lowest", ["earliest", "v108", "latest"])
def test_hdf5_is_read_as_the_library_reads_it(lowest: str) -> None:
    made = io.BytesIO()
    with h5py.File(made, "w", libver=(lowest, "latest")) as file:
        group = file.create_group("a/b")
        group["matrix"] = np.arange(6.0).reshape(2, 3)
        group["empty"] = np.zeros((0, 3))
        group["number"] = np.float32(3)
        group["half"] = np.ones(3, np.float16)
        group["big"] = np.arange(3, dtype=">f4")
        group["whole"] = np.arange(3)
        group.attrs["words"] = ["u", "é"]
        group.attrs["long"] = "x" * 100_000
        group.attrs["fixed"] = np.bytes_(b"abc")
        group.attrs["list"] = np.array([b"ab", b"c"])
        group.attrs["numbers"] = np.arange(3)
        for k in range(6):
            file.create_group(f"g{k}")
    root = open_hdf(made.getvalue(), "f")
    assert list(root.children) == ["a", *(f"g{k}" for k in range(6))]
    found = root.children["a"].children["b"]
    with h5py.File(made) as file:
        for name, one in file["a/b"].items():
            array = found.children[name].array()
            assert array.dtype == one.dtype
            np.testing.assert_array_equal(array, one[()])
    about = found.attributes
    assert (about["words"], about["fixed"], about["list"]) == (["u", "é"], "abc", ["ab", "c"])
    assert about["long"] == "x" * 100_000
    np.testing.assert_array_equal(about["numbers"], np.arange(3))
