"""Writing that survives what can happen to it, and reading that never trusts. What a model is stands in test_files."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import struct
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from backlit import storage
from backlit.errors import DataError, ModelError, UsageError
from backlit.storage import check_writable, pack, plain_json, unpack, write_safely

OLD, NEW = b"old content", b"new content"


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def failing(code: int) -> Any:
    def fail(*arguments: Any, **words: Any) -> Any:
        raise OSError(code, os.strerror(code))

    return fail


def test_it_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert write_safely(path, OLD) == path
    assert write_safely(str(path), NEW) == path
    assert path.read_bytes() == NEW
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "no space left on device; free some space, or choose another place"),
        (errno.EDQUOT, "free some space"),
        (errno.EIO, "put/output error"),
        (errno.EROFS, "choose a place that you may write to"),
    ],
)
@pytest.mark.parametrize("where", ["fsync", "write"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, said: str, where: str
) -> None:
    path = tmp_path / "model"
    path.write_bytes(OLD)
    monkeypatch.setattr(*((os, "fsync") if where == "fsync" else (storage, "_write_through")), failing(code))
    with pytest.raises(DataError) as caught:
        write_safely(path, NEW, "the model")
    assert str(caught.value).startswith(f"the model could not be written to {path}: ")
    assert said in str(caught.value)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["model"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_device_that_is_really_full(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no space left on device; free some space"):
        write_safely("/dev/full", NEW)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name here")
def test_a_device_or_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    write_safely(os.devnull, NEW)
    check_writable(os.devnull)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_safely(pipe, NEW)
    reader.join(10)
    assert got == [NEW]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(ModelError, match="is a device or a pipe; give the path of a model"):
        unpack(pipe, "a model")


def test_ctrl_c_in_the_middle_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    path.write_bytes(OLD)

    def interrupted(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_safely(path, NEW)
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["model"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_process_killed_before_the_rename_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(OLD)
    story = """
        import os, signal, sys, pathlib
        from backlit.storage import write_safely
        pathlib.Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
        write_safely(sys.argv[1], b"new content" * 100_000)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(story), str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == OLD
    write_safely(path, NEW)  # what the dead process left is in nobody's way
    assert path.read_bytes() == NEW


def test_a_failing_directory_sync_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", failing(errno.EACCES))
    storage._sync_directory(tmp_path)


def test_permissions_are_kept_and_new_files_follow_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "model"
    before = os.umask(0o027)
    try:
        write_safely(path, OLD)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    write_safely(path, NEW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there" / "model", tmp_path / "link"
    real.write_bytes(OLD)
    link.symlink_to(real)
    write_safely(link, NEW)
    assert link.is_symlink()
    assert real.read_bytes() == NEW
    assert names(real.parent) == ["model"]
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "there" / "later")
    write_safely(dangling, NEW)
    assert (tmp_path / "there" / "later").read_bytes() == NEW


def test_a_long_name_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / ("m" * 250)
    write_safely(path, NEW)
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("write", [lambda path: write_safely(path, NEW), check_writable])
def test_places_that_can_not_be(tmp_path: Path, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="it is a directory; give the name of a file"):
        write(tmp_path)
    with pytest.raises(DataError, match="no such file or directory; make its folder first"):
        write(tmp_path / "none" / "model")
    with pytest.raises(DataError, match="choose a shorter name"):
        write(tmp_path / ("m" * 300))
    with pytest.raises(DataError, match="null"):
        write(str(tmp_path / "m\0"))
    file = tmp_path / "file"
    file.write_bytes(OLD)
    with pytest.raises(DataError, match="make its folder first"):
        write(file / "model")
    monkeypatch.setattr(Path, "open", failing(errno.EACCES))  # as it is for a file that is write-protected
    with pytest.raises(DataError, match="permission denied; choose a place that you may write to"):
        write(file)
    monkeypatch.undo()
    assert names(tmp_path) == ["file"]
    assert file.read_bytes() == OLD


def test_an_unwritable_directory(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write everywhere")
        for write in (lambda: check_writable(tmp_path / "m"), lambda: write_safely(tmp_path / "m", NEW)):
            with pytest.raises(DataError, match="permission denied; choose a place that you may write to"):
                write()
    finally:
        tmp_path.chmod(0o700)


def test_check_writable_leaves_no_trace(tmp_path: Path) -> None:
    check_writable(tmp_path / "new")
    (tmp_path / "old").write_bytes(OLD)
    check_writable(tmp_path / "old")
    assert names(tmp_path) == ["old"]
    assert (tmp_path / "old").read_bytes() == OLD


def test_many_writers_at_once_leave_one_of_them_whole(tmp_path: Path) -> None:
    path = tmp_path / "model"
    contents = [bytes([i]) * 200_000 for i in range(4)]

    def write(content: bytes) -> None:
        for _ in range(10):
            write_safely(path, content)

    threads = [threading.Thread(target=write, args=(one,)) for one in contents]
    for one in threads:
        one.start()
    while any(one.is_alive() for one in threads):
        if path.exists():
            assert path.read_bytes() in contents
    assert path.read_bytes() in contents
    assert names(tmp_path) == ["model"]


def test_metadata_is_strict_json_whatever_it_was() -> None:
    given = {
        "nan": float("nan"),
        "inf": [np.float32("inf"), -float("inf")],
        "tuple": (np.int64(3), np.bool_(True), "δ\ud800"),
        "array": np.arange(2.0),
        "none": None,
        "float": np.float64(0.1),
    }
    plain = plain_json(given)
    expected = {
        "nan": None,
        "inf": [None, None],
        "tuple": [3, True, "δ\ud800"],
        "array": [0.0, 1.0],
        "none": None,
        "float": 0.1,
    }
    assert plain == expected
    assert json.loads(json.dumps(plain, allow_nan=False)) == expected


def test_metadata_that_no_file_keeps() -> None:
    with pytest.raises(UsageError, match=r"metadata\['training'\]\[0\] is a set, which a file can't keep"):
        plain_json({"training": [{1, 2}]})
    with pytest.raises(UsageError, match=r"metadata\['a'\] has the key 3, and a file keeps words only"):
        plain_json({"a": {3: 4}})
    deep: Any = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(UsageError, match="nested too deeply"):
        plain_json(deep)


def test_pack_and_unpack(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(pack({"w1": np.arange(6.0).reshape(2, 3)}, {"a": [1, float("nan")], "w": "\ud800δ"}))
    tensors, about = unpack(path, "a file")
    assert about == {"a": [1, None], "w": "\ud800δ"}
    np.testing.assert_array_equal(tensors["w1"], [[0, 1, 2], [3, 4, 5]])


def raw(header: Any, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


HOSTILE = {
    "empty": (b"", "is not a model, or it was cut off"),
    "text": (b"hello, I am no model at all", "is not a model, or it was cut off"),
    "pickle": (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94.", "is not a model"),
    "zeros": (bytes(4096), "is not a model"),
    "huge header": (struct.pack("<Q", 2**62) + b"{}", "is not a model"),
    "header beyond its end": (struct.pack("<Q", 1000) + b"{}", "is not a model"),
    "no JSON": (raw(b"{nonsense"), "is not a model"),
    "offsets beyond the end": (
        raw({"w1": {"dtype": "F64", "shape": [9], "data_offsets": [0, 72]}}, b"1234"),
        "is not a model",
    ),
    "bfloat16": (
        raw({"w1": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)),
        "not a model",
    ),
    "float8": (
        raw({"w1": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}, bytes(2)),
        "not a model",
    ),
    "plain": (save({"w1": np.zeros(2)}), "a safetensors file, but not a model: it has no Backlit metadata"),
    "broken JSON": (save({}, metadata={"backlit": "{"}), "its metadata is not valid JSON"),
    "NaN": (save({}, metadata={"backlit": "[NaN]"}), "its metadata is not valid JSON (NaN is not JSON)"),
    "deep": (save({}, metadata={"backlit": "[" * 200_000}), "its metadata is not valid JSON"),
    "long number": (save({}, metadata={"backlit": "9" * 9000}), "its metadata is not valid JSON"),
    "a list": (save({}, metadata={"backlit": "[1]"}), "its metadata is not an object"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_named_and_refused(tmp_path: Path, name: str) -> None:
    content, said = HOSTILE[name]
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        unpack(path, "a model")
    assert str(path) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="there is no such file; give the path of a model"):
        unpack(tmp_path / "none", "a model")
    with pytest.raises(ModelError, match="is a directory; give the path of a model"):
        unpack(tmp_path, "a model")
    with pytest.raises(ModelError, match="can't be read: file name too long"):
        unpack(tmp_path / ("m" * 300), "a model")
    with pytest.raises(ModelError, match=r"can't be read: .*null"):
        unpack("m\0", "a model")
    path = tmp_path / "file"
    path.write_bytes(OLD)
    monkeypatch.setattr(Path, "open", failing(errno.EACCES))
    with pytest.raises(ModelError, match="can't be read: permission denied"):
        unpack(path, "a model")
