"""HDF5 read with care, in plain Python: groups, attributes and whole arrays of numbers, which is what Keras writes.

The library that HDF5 comes with can be sent into an endless loop by one changed byte, so it is not used. Nothing is
allocated on a claim: an array is a view of the file's own bytes. Links out of the file, external and virtual storage,
chunks and filters are refused by name. Addresses, headers and messages are as the HDF5 File Format Specification
(version 3.0) has them; it is not a reader for any HDF5 file.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ..errors import ModelError
from .hdf_messages import ArrayOf, Reader, attribute, layout_of

Array = Any
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_UNDEFINED = 2**64 - 1
_SYMBOLS, _LINK, _LINK_INFO, _ATTRIBUTE, _ATTRIBUTE_INFO, _CONTINUED = 0x11, 0x06, 0x02, 0x0C, 0x15, 0x10
_SPACE, _TYPE, _EXTERNAL, _LAYOUT, _FILTERS = 0x01, 0x03, 0x07, 0x08, 0x0B
_DEEPEST = 30  # groups in groups
_ENTRY = 40  # bytes of a symbol table's entry


class Object:
    """A group or an array of the file, known by its path."""

    def __init__(self, reader: Reader, address: int, path: str) -> None:
        self._reader, self._address, self.path = reader, address, path

    def __str__(self) -> str:
        return f"{self._reader.source}: {self.path[:120] or '/'!r}"

    @cached_property
    def _messages(self) -> list[tuple[int, int, int]]:
        """(type, place, size) of each message of the header."""
        return list(_messages(self._reader, self._address))

    def _of(self, kind: int) -> Iterator[tuple[int, int]]:
        return ((at, size) for one, at, size in self._messages if one == kind)

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Words, lists of words, and arrays of numbers, by name; what is none of these is left out."""
        found = dict(attribute(self._reader, at, size) for at, size in self._of(_ATTRIBUTE))
        for at, _ in self._of(_ATTRIBUTE_INFO):
            if self._reader.number(at + 2 + 2 * (self._reader.byte(at + 1) & 1), 8) != _UNDEFINED:
                raise self._refused("keeps its attributes in a heap of their own", "save it with Keras anew")
        return {name: value for name, value in found.items() if value is not None}

    @property
    def is_array(self) -> bool:
        """Whether it is an array rather than a group."""
        return any(kind == _LAYOUT for kind, _, _ in self._messages)

    @cached_property
    def children(self) -> dict[str, Object]:
        """What the group holds, by name. Raises ModelError for a link that leads elsewhere than to an object here."""
        if self.path.count("/") > _DEEPEST:
            raise self._refused("is nested too deeply", "save it with Keras anew")
        found: dict[str, Object] = {}
        for name, address in self._links():
            if name in found:
                raise self._refused(f"holds {name[:80]!r} twice", "save it with Keras anew")
            found[name] = Object(self._reader, address, f"{self.path}/{name}")
        return found

    def _links(self) -> Iterator[tuple[str, int]]:
        for at, _ in self._of(_SYMBOLS):
            yield from _symbols(
                self._reader, self._reader.number(at, 8), self._reader.number(at + 8, 8), str(self)
            )
        for at, size in self._of(_LINK):
            yield _link(self._reader, at, size, str(self))
        for at, _ in self._of(_LINK_INFO):
            heap = at + 2 + 8 * (self._reader.byte(at + 1) & 1)
            if self._reader.number(heap, 8) != _UNDEFINED:
                raise self._refused("keeps its links in a heap of their own", "save it with Keras anew")

    def array(self) -> Array:
        """The numbers, a view of the file's bytes; raises ModelError for what is no plain array of numbers."""
        if any(True for _ in self._of(_EXTERNAL)):
            raise self._refused("keeps its numbers in another file", "save the model in one file")
        if any(True for _ in self._of(_FILTERS)):
            raise self._refused("is compressed", "save it without compression")
        parts = {kind: (at, size) for kind, at, size in self._messages}
        if not {_SPACE, _TYPE, _LAYOUT} <= set(parts):
            raise self._refused("is no array", "save the model anew")
        what = ArrayOf.read(self._reader, parts[_TYPE], parts[_SPACE], str(self))
        return what.numbers(self._reader, *layout_of(self._reader, *parts[_LAYOUT], str(self)))

    def _refused(self, why: str, remedy: str) -> ModelError:
        return ModelError(f"{self} {why}, which is not read; {remedy}")


def open_hdf(content: bytes, source: str) -> Object:
    """The root group of a file's bytes. Raises ModelError."""
    reader = Reader(content, source)
    if not content.startswith(_SIGNATURE):
        raise ModelError(f"{source} is not an HDF5 file; give a model that Keras saved")
    version = reader.byte(8)
    if version in (0, 1):
        widths, base = (reader.byte(13), reader.byte(14)), 24 + 4 * version
        root = reader.number(base + 40, 8)
    elif version in (2, 3):
        widths, base = (reader.byte(9), reader.byte(10)), 12
        root = reader.number(base + 24, 8)
    else:
        raise ModelError(
            f"{source} is HDF5 of a version that is not known, {version}; save it with Keras anew"
        )
    if widths != (8, 8) or reader.number(base, 8):
        raise ModelError(f"{source} is HDF5 with addresses of another kind; save it with Keras anew")
    return Object(reader, root, "")


def _messages(reader: Reader, address: int) -> Iterator[tuple[int, int, int]]:
    """(type, place, size) of the messages of an object header, of either version."""
    if reader.bytes(address, 4) == b"OHDR":
        yield from _messages_2(reader, address)
        return
    if reader.byte(address) != 1:
        raise reader.damaged(address, "there is no object header")
    blocks = [(address + 16, reader.number(address + 8, 4))]
    while blocks:
        at, size = blocks.pop()
        reader.step()
        reader.bytes(at, size)
        end = at + size
        while at + 8 <= end:
            kind, length, flags = reader.number(at, 2), reader.number(at + 2, 2), reader.byte(at + 4)
            at += 8
            if at + length > end:
                raise reader.damaged(at, "a message ends after its header")
            yield from _message(reader, kind, at, length, flags, blocks)
            at += length


def _messages_2(reader: Reader, address: int) -> Iterator[tuple[int, int, int]]:
    flags = reader.byte(address + 5)
    at = address + 6 + 16 * bool(flags & 0x20) + 4 * bool(flags & 0x10)
    width = 1 << (flags & 3)
    blocks = [(at + width, reader.number(at, width))]
    head = 4 + 2 * bool(flags & 4)
    while blocks:
        at, size = blocks.pop()
        reader.step()
        if reader.bytes(at, 4) == b"OCHK":
            at, size = at + 4, size - 8
        if size < 0:
            raise reader.damaged(at, "a header has no room for its messages")
        reader.bytes(at, size)
        end = at + size
        while at + head <= end:
            kind, length, sort = reader.byte(at), reader.number(at + 1, 2), reader.byte(at + 3)
            at += head
            if at + length > end:
                raise reader.damaged(at, "a message ends after its header")
            yield from _message(reader, kind, at, length, sort, blocks)
            at += length


def _message(
    reader: Reader, kind: int, at: int, size: int, flags: int, blocks: list[tuple[int, int]]
) -> Iterator[tuple[int, int, int]]:
    reader.step()
    if kind == _CONTINUED:
        blocks.append((reader.number(at, 8), reader.number(at + 8, 8)))
    elif flags & 2 and kind in (_SPACE, _TYPE, _LAYOUT, _ATTRIBUTE):
        raise reader.damaged(at, "a header shares its messages with another, which Keras never writes")
    elif kind:
        yield kind, at, size


def _symbols(reader: Reader, tree: int, heap: int, what: str) -> Iterator[tuple[str, int]]:
    """The names and addresses of an old group: a B-tree of symbol tables, names in a heap."""
    if reader.bytes(heap, 4) != b"HEAP":
        raise reader.damaged(heap, "there is no heap of names")
    names, size = reader.number(heap + 24, 8), reader.number(heap + 8, 8)
    reader.bytes(names, size)
    nodes = [(tree, 256)]
    while nodes:
        at, above = nodes.pop()
        reader.step()
        signature = reader.bytes(at, 4)
        if signature == b"SNOD":
            for k in range(reader.number(at + 6, 2)):
                yield _symbol(reader, at + 8 + k * _ENTRY, names, size, what)
            continue
        level = reader.byte(at + 5)
        if signature != b"TREE" or reader.byte(at + 4) or level >= above:
            raise reader.damaged(at, "a group's tree is broken")
        count = reader.number(at + 6, 2)
        nodes += [(reader.number(at + 32 + 16 * k, 8), level) for k in reversed(range(count))]


def _symbol(reader: Reader, at: int, names: int, size: int, what: str) -> tuple[str, int]:
    reader.step()
    place = reader.number(at, 8)
    if place >= size:
        raise reader.damaged(at, "a name lies outside the heap of names")
    name = reader.text(names + place, size - place)
    if reader.number(at + 16, 4) == 2:
        raise ModelError(
            f"{what} holds the link {name[:80]!r}, which leads elsewhere; save the model without links"
        )
    return name, reader.number(at + 8, 8)


def _link(reader: Reader, at: int, size: int, what: str) -> tuple[str, int]:
    """The name and address of a link message; only hard links are followed."""
    flags, end, start = reader.byte(at + 1), at + size, at + 2
    kind = reader.byte(start) if flags & 8 else 0
    start += bool(flags & 8) + 8 * bool(flags & 4) + bool(flags & 16)
    width = 1 << (flags & 3)
    length = reader.number(start, width)
    start += width
    if start + length > end:
        raise reader.damaged(at, "a link's name ends after it")
    name = reader.text(start, length)
    if kind:
        raise ModelError(
            f"{what} holds the link {name[:80]!r}, which leads elsewhere; save the model without links"
        )
    return name, reader.number(start + length, 8)
