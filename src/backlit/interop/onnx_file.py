"""An ONNX file as the ``onnx`` package's message, and its tensors as arrays: read with care, nothing allocated on a
claim.

External data are not read unless that is allowed, and then only from inside the model's own folder: no way up, no
absolute path, no link of either kind. What the graph means stands in onnx_graph.py.
"""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError, missing
from ..spelling import counted, spelt
from ..storage import read_small
from .onnx_wire import check_wire

Array = Any
_LARGEST = 2**31 - 1  # bytes; a protocol buffer can't be larger
_MOST_DIMENSIONS = 8
_EXTERNAL = 1  # TensorProto.EXTERNAL
_BFLOAT16, _STRING = 16, 8

# TensorProto.DataType → (NumPy's dtype, the field that holds it where raw_data doesn't)
_TYPES: dict[int, tuple[str, str]] = {
    1: ("<f4", "float_data"),
    2: ("u1", "int32_data"),
    3: ("i1", "int32_data"),
    4: ("<u2", "int32_data"),
    5: ("<i2", "int32_data"),
    6: ("<i4", "int32_data"),
    7: ("<i8", "int64_data"),
    9: ("?", "int32_data"),
    10: ("<f2", "int32_data"),
    11: ("<f8", "double_data"),
    12: ("<u4", "uint64_data"),
    13: ("<u8", "uint64_data"),
    _BFLOAT16: ("<u2", "int32_data"),
}


@dataclass(frozen=True)
class Place:
    """Where a model was read from: its path, and the folder that external data may be read from, if any."""

    path: Path
    external: bool

    def __str__(self) -> str:
        return str(self.path)


def read_model(path: str | Path, allow_external: bool) -> tuple[Any, Place]:
    """The ModelProto of a file and where it is from. Raises ModelError, MissingDependency."""
    try:
        import onnx
    except ImportError as reason:
        raise missing("onnx", "onnx", "reading an ONNX model") from reason
    place = Place(Path(path), allow_external)
    content = read_small(place.path, "an ONNX model", _size(place.path))
    check_wire(content, str(place))
    try:
        model = onnx.ModelProto.FromString(content)
    except Exception as reason:
        raise ModelError(f"{place} is not an ONNX model, or it was cut off; export it anew") from reason
    if not model.HasField("graph") or not model.opset_import:
        raise ModelError(f"{place} is not an ONNX model: it has no graph or no opset; export it anew")
    return model, place


def _size(path: Path) -> int:
    try:
        return min(path.stat().st_size, _LARGEST)
    except (OSError, ValueError):
        return 0  # read_small says what is wrong with it


def array_of(tensor: Any, place: Place) -> Array:
    """A TensorProto as an array: numbers, booleans, or an object array of words. Raises ModelError naming it."""
    what = f"{place}: tensor {tensor.name!r}"
    shape = tuple(tensor.dims)
    if len(shape) > _MOST_DIMENSIONS or any(n < 0 for n in shape):
        raise ModelError(
            f"{what} has the shape {list(shape)[:9]}, which no tensor of a network has; export it anew"
        )
    if tensor.HasField("segment"):
        raise ModelError(f"{what} is one of several segments, which is not read; save the model in one file")
    if tensor.data_type == _STRING:
        return _words(tensor, shape, what)
    if tensor.data_type not in _TYPES:
        raise ModelError(
            f"{what} is of number type {tensor.data_type}, which is not read; export the model in float32"
        )
    kind, field = _TYPES[tensor.data_type]
    dtype, count = np.dtype(kind), math.prod(shape)
    if tensor.data_location == _EXTERNAL:
        flat = np.frombuffer(_external(tensor, count * dtype.itemsize, place, what), dtype=dtype)
    elif tensor.HasField("raw_data"):
        _agree(count * dtype.itemsize, len(tensor.raw_data), "byte", shape, what)
        flat = np.frombuffer(tensor.raw_data, dtype=dtype)
    else:
        values = getattr(tensor, field)
        _agree(count, len(values), "number", shape, what)
        flat = _typed(values, dtype, tensor.data_type)
    if tensor.data_type == _BFLOAT16:
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return flat.reshape(shape)


def _typed(values: Any, dtype: Any, data_type: int) -> Array:
    """Numbers that protobuf keeps one by one; float16 and bfloat16 are kept as their bits."""
    if data_type in (10, _BFLOAT16):
        return np.fromiter(values, np.int64, len(values)).astype(np.uint16).view(dtype)
    wide = np.float64 if dtype.kind == "f" else np.uint64 if data_type in (12, 13) else np.int64
    return np.fromiter(values, wide, len(values)).astype(dtype)


def _words(tensor: Any, shape: tuple[int, ...], what: str) -> Array:
    if tensor.data_location == _EXTERNAL:
        raise ModelError(f"{what} keeps words in another file, which is not read; save the model in one file")
    _agree(math.prod(shape), len(tensor.string_data), "word", shape, what)
    words = np.empty(len(tensor.string_data), dtype=object)
    words[:] = [text(one, what) for one in tensor.string_data]
    return words.reshape(shape)


def text(given: bytes | str, what: str) -> str:
    """A word of a file; raises ModelError where it is not UTF-8."""
    try:
        return given if isinstance(given, str) else given.decode()
    except UnicodeDecodeError as reason:
        raise ModelError(f"{what} holds a word that is not UTF-8; export it anew") from reason


def _agree(asked: int, there: int, unit: str, shape: tuple[int, ...], what: str) -> None:
    if asked != there:
        raise ModelError(
            f"{what} claims the shape {list(shape)}, {counted(asked, unit)}, and the file holds {there:,}; export it "
            "anew"
        )


# ------------------------------------------------------------------------------------------------------- external data


def _external(tensor: Any, asked: int, place: Place, what: str) -> bytes:
    """The bytes of a tensor in a file beside the model's, where that is allowed."""
    if not place.external:
        raise ModelError(
            f"{what} keeps its numbers in another file, which is read only where that is allowed; give "
            f"{spelt('allow_external', True)} if you trust the folder, or save the model in one file"
        )
    about = {text(entry.key, what): text(entry.value, what) for entry in tensor.external_data}
    location = about.get("location", "")
    try:
        offset, length = int(about.get("offset", 0)), int(about.get("length", asked))
    except ValueError:
        offset = length = -1
    if offset < 0 or length != asked:
        raise ModelError(
            f"{what} claims {list(tensor.dims)}, {asked:,} bytes, and external data at "
            f"{str(about.get('offset', 0))[:30]} of {str(about.get('length'))[:30]}; export it anew"
        )
    return _read_inside(place, location, offset, asked, what)


def _read_inside(place: Place, location: str, offset: int, asked: int, what: str) -> bytes:
    """``asked`` bytes of a plain file inside the model's folder; nothing on the way to it may be a link."""
    shown = repr(location[:80])
    parts = location.replace("\\", "/").split("/")
    if not location or any(part in ("", ".", "..") or ":" in part or "\0" in part for part in parts):
        raise ModelError(
            f"{what}: external data at {shown} lie outside the model's folder; only a file inside is read"
        )
    at = Path(os.path.realpath(place.path.parent))
    try:
        for part in parts:
            at /= part
            if at.is_symlink():
                raise ModelError(
                    f"{what}: external data at {shown} are behind a link; put the file itself there"
                )
        handle = os.open(at, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                raise ModelError(
                    f"{what}: external data at {shown} are no plain file of one name (a hard link leads elsewhere); "
                    "put a copy there"
                )
            if offset + asked > found.st_size:
                raise ModelError(
                    f"{what}: external data at {shown} end at {found.st_size:,} bytes, and {offset + asked:,} are "
                    "asked for; export it anew"
                )
            with os.fdopen(handle, "rb", closefd=False) as file:
                file.seek(offset)
                return file.read(asked)
        finally:
            os.close(handle)
    except OSError as reason:
        raise ModelError(f"{what}: external data at {shown} can't be read: {reason.strerror}") from reason
