"""Looks through the bytes of an ONNX file before they are parsed: how many parts, how deeply nested.

A part of a protocol buffer takes two bytes in a file and some hundred in memory, so a parser can be made to fill
memory by a file that is none too large. Here parts are counted and nothing is kept. What they mean is not looked at.
"""

from __future__ import annotations

from ..errors import ModelError
from ..spelling import counted

_MOST_PARTS = 300_000
_DEEPEST = 60  # messages in messages; a true model has about 8
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# The fields of onnx.proto3 that are messages with fields of their own, by the kind of message they stand in.
_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "leaf", 14: "leaf", 20: "training", 25: "function", 26: "leaf"},
    "graph": {
        1: "node",
        5: "tensor",
        11: "value",
        12: "value",
        13: "value",
        14: "leaf",
        15: "sparse",
        16: "leaf",
    },
    "training": {1: "graph", 2: "graph", 3: "leaf", 4: "leaf"},
    "function": {7: "node", 9: "leaf", 11: "attribute", 12: "value", 14: "leaf"},
    "node": {5: "attribute", 9: "leaf", 10: "leaf"},
    "attribute": {
        5: "tensor",
        6: "graph",
        10: "tensor",
        11: "graph",
        14: "type",
        15: "type",
        22: "sparse",
        23: "sparse",
    },
    "tensor": {3: "leaf", 13: "leaf", 16: "leaf"},
    "sparse": {1: "tensor", 2: "tensor"},
    "value": {2: "type", 4: "leaf"},
    "type": {1: "typed", 4: "typed", 5: "typed", 8: "typed", 9: "typed"},
    "typed": {1: "type", 2: "shape"},  # a tensor's field 2 is its shape, a map's is a type: both have parts
    "shape": {1: "leaf", 2: "leaf"},
    "leaf": {},
}


def check_wire(content: bytes, source: str) -> None:
    """Raises ModelError for what is no protocol buffer, and for one of too many parts or too deeply nested."""
    parts = 0
    open_messages = [("model", 0, len(content), 0)]  # kind, start, end, depth
    while open_messages:
        kind, at, end, depth = open_messages.pop()
        if depth > _DEEPEST:
            raise ModelError(
                f"{source} nests messages more than {_DEEPEST} deep, which no true model does; export it anew"
            )
        inner = _FIELDS[kind]
        while at < end:
            parts += 1
            if parts > _MOST_PARTS:
                raise ModelError(
                    f"{source} has more than {counted(_MOST_PARTS, 'part')} (nodes, tensors, their fields), too many "
                    "for a dense network; simplify the model first (onnxsim), or export it anew"
                )
            at, field, start = _field(content, at, end, source)
            if start >= 0 and field in inner and at > start:
                open_messages.append((inner[field], start, at, depth + 1))


def _field(content: bytes, at: int, end: int, source: str) -> tuple[int, int, int]:
    """Where the field that begins at ``at`` ends, its number, and where its bytes begin (−1 for a number)."""
    tag, at = _varint(content, at, end, source)
    field, wire = tag >> 3, tag & 7
    start = -1
    if wire == _VARINT:
        _, at = _varint(content, at, end, source)
    elif wire == _BYTES:
        size, start = _varint(content, at, end, source)
        at = start + size
    elif wire in (_FIXED32, _FIXED64):
        at += 4 if wire == _FIXED32 else 8
    else:
        raise _no_model(source)
    if at > end or not field:
        raise _no_model(source)
    return at, field, start


def _varint(content: bytes, at: int, end: int, source: str) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise _no_model(source)


def _no_model(source: str) -> ModelError:
    return ModelError(f"{source} is not an ONNX model, or it was cut off; export it anew")
