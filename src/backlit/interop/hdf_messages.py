"""The messages of HDF5's object headers: number types, shapes, where numbers lie, attributes; and reading of bytes.

Every read is checked against the file's end, and their number is bounded, so no file can hold a reader up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ModelError
from ..spelling import counted

Array = Any
_MOST_STEPS = 200_000
_ALLOWANCE = 2**20  # bytes that may be handed out besides those of the file, twice
_MOST_DIMENSIONS = 8
_MOST_WORDS = 100_000
_WHOLE, _FLOAT, _STRING, _VARIABLE = 0, 1, 3, 9
_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = 0, 1, 2, 3


class Reader:
    """The bytes of a file; every read raises ModelError where it goes past the end."""

    def __init__(self, content: bytes, source: str) -> None:
        self.content, self.source = content, source
        self._steps = self._given = 0

    def step(self) -> None:
        """Counts a part that was looked at; raises ModelError where there are too many, as in a circle."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise ModelError(
                f"{self.source} has more than {counted(_MOST_STEPS, 'part')}, or runs in a circle; save it anew"
            )

    def damaged(self, at: int, why: str) -> ModelError:
        """The error for what can't be, at a place in the file."""
        return ModelError(f"{self.source} is damaged at byte {at:,}: {why}; save the model anew")

    def bytes(self, at: int, size: int) -> bytes:
        """``size`` bytes from ``at``; none are copied beyond 64, as callers that ask for more only check the end."""
        if at < 0 or size < 0 or at + size > len(self.content):
            raise self.damaged(at, f"{size:,} bytes are asked for, and the file has {len(self.content):,}")
        return self.content[at : at + min(size, 64)]

    def view(self, at: int, size: int) -> memoryview:
        """``size`` bytes from ``at``, not copied."""
        self.bytes(at, size)
        return memoryview(self.content)[at : at + size]

    def give(self, size: int) -> None:
        """Counts what is handed out; raises ModelError where the same bytes are handed out again and again."""
        self._given += size
        if self._given > 2 * len(self.content) + _ALLOWANCE:
            raise ModelError(f"{self.source} stores the same bytes under many names; save the model anew")

    def byte(self, at: int) -> int:
        """One byte as a number."""
        return self.bytes(at, 1)[0]

    def number(self, at: int, size: int) -> int:
        """A whole number of ``size`` bytes, the lowest first."""
        return int.from_bytes(self.bytes(at, size), "little")

    def text(self, at: int, size: int) -> str:
        """UTF-8 of ``size`` bytes, up to the first zero."""
        self.bytes(at, size)
        end = self.content.find(b"\0", at, at + size)
        end = at + size if end < 0 else end
        self.give(end - at)
        try:
            return self.content[at:end].decode()
        except UnicodeDecodeError as reason:
            raise self.damaged(at, "a word is not UTF-8") from reason


@dataclass(frozen=True)
class ArrayOf:
    """A number type and a shape; ``dtype`` None where the type is no number, ``kind`` its class."""

    kind: int
    width: int
    dtype: Any
    shape: tuple[int, ...]
    what: str

    @classmethod
    def read(cls, reader: Reader, kind: tuple[int, int], space: tuple[int, int], what: str) -> ArrayOf:
        """From the places of its two messages."""
        sort, width, dtype = _type(reader, kind[0])
        return cls(sort, width, dtype, _shape(reader, space[0], what), what)

    @property
    def size(self) -> int:
        """How many there are."""
        return math.prod(self.shape)

    def numbers(self, reader: Reader, at: int, there: int) -> Array:
        """The array whose bytes begin at ``at``, of which ``there`` are there."""
        if self.dtype is None:
            raise ModelError(f"{self.what} holds no numbers of 2, 4 or 8 bytes; save the model in float32")
        asked = self.size * self.dtype.itemsize
        if asked != there:
            raise ModelError(
                f"{self.what} claims the shape {list(self.shape)}, {asked:,} bytes, and {there:,} are stored; save the "
                "model anew"
            )
        reader.give(asked)
        return np.frombuffer(reader.view(at, there), dtype=self.dtype).reshape(self.shape)


def _type(reader: Reader, at: int) -> tuple[int, int, Any]:
    """(class, bytes, NumPy's dtype where it is a number) of a datatype message."""
    kind, order, width = reader.byte(at) & 15, reader.byte(at + 1), reader.number(at + 4, 4)
    sign = ">" if order & 1 else "<"
    if kind == _FLOAT and width in (2, 4, 8) and not order & 0x40:
        bits = (reader.byte(at + 13), reader.byte(at + 15))  # of exponent and mantissa
        usual = {2: (5, 10), 4: (8, 23), 8: (11, 52)}[width]
        return kind, width, np.dtype(f"{sign}f{width}") if bits == usual else None
    if kind == _WHOLE and width in (1, 2, 4, 8):
        return kind, width, np.dtype(f"{sign}{'i' if order & 8 else 'u'}{width}")
    return kind, width, None


def _shape(reader: Reader, at: int, what: str) -> tuple[int, ...]:
    version, rank = reader.byte(at), reader.byte(at + 1)
    if version not in (1, 2) or rank > _MOST_DIMENSIONS:
        raise ModelError(
            f"{what} has {rank} dimensions, which no array of a network has; save the model anew"
        )
    if version == 2 and reader.byte(at + 3) == 2:
        return (0,)
    start = at + (8 if version == 1 else 4)
    return tuple(reader.number(start + 8 * k, 8) for k in range(rank))


def layout_of(reader: Reader, at: int, size: int, what: str) -> tuple[int, int]:
    """Where an array's bytes begin, and how many there are; raises ModelError for all but plain storage."""
    version, kind = reader.byte(at), reader.byte(at + 1)
    if version not in (3, 4):
        raise ModelError(f"{what} is stored as old versions of HDF5 did; save the model anew")
    if kind == _COMPACT:
        return at + 4, min(reader.number(at + 2, 2), size)
    if kind == _CONTIGUOUS:
        start, length = reader.number(at + 2, 8), reader.number(at + 10, 8)
        return (0, 0) if start == 2**64 - 1 else (start, length)
    how = {_CHUNKED: "in chunks", _VIRTUAL: "virtually, in other files"}.get(kind, "in an unknown way")
    raise ModelError(f"{what} is stored {how}, which is not read; save the model with Keras's own save()")


# ----------------------------------------------------------------------------------------------------------- attributes


def attribute(reader: Reader, at: int, size: int) -> tuple[str, Any]:
    """(name, value) of an attribute message; the value None where it is neither words nor numbers."""
    version, end = reader.byte(at), at + size
    if version not in (1, 2, 3):
        raise reader.damaged(at, "an attribute is of an unknown version")
    lengths = [reader.number(at + 2 + 2 * k, 2) for k in range(3)]
    start = at + 8 + (version == 3)
    places = []
    for length in lengths:
        places.append(start)
        start += -(-length // 8) * 8 if version == 1 else length
    if start > end:
        raise reader.damaged(at, "an attribute ends after its message")
    name = reader.text(places[0], lengths[0])
    kind, space = (places[1], lengths[1]), (places[2], lengths[2])
    if not lengths[1] or not lengths[2] or (version > 1 and reader.byte(at + 1)):
        return name, None
    what = ArrayOf.read(reader, kind, space, f"{reader.source}: attribute {name[:80]!r}")
    return name, _value(reader, what, kind[0], start, end - start)


def _value(reader: Reader, what: ArrayOf, kind: int, at: int, there: int) -> Any:
    if what.kind == _VARIABLE and reader.byte(kind + 1) & 15 == 1:
        words = [_variable(reader, at + 16 * k) for k in range(_count(reader, what, 16, there, at))]
    elif what.kind == _STRING:
        count = _count(reader, what, what.width, there, at)
        words = [reader.text(at + what.width * k, what.width) for k in range(count)]
    elif what.dtype is not None:
        asked = what.size * what.dtype.itemsize
        return what.numbers(reader, at, min(asked, there))
    else:
        return None
    return words if what.shape else words[0]


def _count(reader: Reader, what: ArrayOf, width: int, there: int, at: int) -> int:
    if what.size * width > there or what.size > _MOST_WORDS:
        raise reader.damaged(at, f"an attribute claims {what.size:,} words")
    return what.size


def _variable(reader: Reader, at: int) -> str:
    """A word of any length, kept in a heap that all attributes share."""
    length, heap, index = reader.number(at, 4), reader.number(at + 4, 8), reader.number(at + 12, 4)
    if not length:
        return ""
    if reader.bytes(heap, 4) != b"GCOL":
        raise reader.damaged(heap, "there is no heap of words")
    end = heap + reader.number(heap + 8, 8)
    place = heap + 16
    while place + 16 <= end:
        reader.step()
        found, size = reader.number(place, 2), reader.number(place + 8, 8)
        if found == index and found:
            return reader.text(place + 16, min(length, size))
        if not found:
            break
        place += 16 + -(-size // 8) * 8
    raise reader.damaged(at, "a word is not in its heap")
