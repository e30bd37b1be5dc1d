"""What a user's function gave back, as arrays and numbers; and what went wrong, in words.

Everything is copied at once, for a function may go on changing its own buffers. Which array is which layer's is read
elsewhere (layouts.py), and whether it can be a gradient at all (counts.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...spelling import counted
from ..finding import Finding

Array = Any
Plain = Any  # nested lists, tuples and dicts of arrays and floats; None where nothing was
_DEEPEST, _MOST_PARTS = 12, 20_000

TROUBLES: dict[str, str] = {
    "unexplained": "Nothing of the tables explains these numbers: the layer is named, and what to print next.",
    "unreadable": "What was given, or returned, can't be read as a gradient of this network.",
    "not-finite": "An entry of the gradient is NaN or infinite.",
    "trouble-file": "The file can't be run as it is: it doesn't parse, or fails while it is imported.",
    "trouble-function": "The file has no such function, or that name is no function.",
    "trouble-signature": "The function has a parameter that can't be matched.",
    "trouble-raised": "The function raises an exception in every layout.",
    "trouble-hung": "The function, or the file's own code, does not end in time.",
    "trouble-died": "The process ended while the function ran: a crash, an exit, or too much memory.",
    "trouble-none": "The function returns None.",
    "trouble-shape": "The count of numbers returned is not that of the gradient.",
    "trouble-values": "What is returned holds something else than numbers.",
    "trouble-nan": "What is returned holds NaN or ∞.",
    "trouble-unsteady": "The same arguments give other numbers a second time.",
    "trouble-changed-inputs": "The function changes the arrays that it was given.",
    "trouble-integers": "Whole numbers are returned, in an array that can't hold others.",
    "trouble-half": "The numbers are returned in half precision.",
    "trouble-generator": "A generator is returned; it was gone through.",
    "trouble-printed": "The function prints.",
    "trouble-warned": "NumPy warned while the function ran.",
    "trouble-extra": "More than the gradient is returned; the rest was left out.",
}
HARMLESS = frozenset(  # what should be known, and makes no gradient wrong
    ("trouble-generator", "trouble-printed", "trouble-warned", "trouble-extra", "trouble-half")
)


def trouble(name: str, title: str, *, yours: str = "", evidence: str = "", why: str = "") -> Finding:
    """A finding of kind "trouble"; ``yours`` is the line concerned, ``why`` what to do."""
    title, yours, evidence, why = (_printable(text) for text in (title, yours, evidence, why))
    return Finding(name, "trouble", title, share=0.0, yours=yours, evidence=evidence, why=why)


def _printable(text: str) -> str:
    """Without what would move a terminal's cursor or can't be encoded, as their messages may have it."""
    return "".join(one if one.isprintable() else "?" for one in text)


class NotNumbers(Exception):
    """A part of what was returned that is no number; ``finding`` says it."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.title)
        self.finding = finding


@dataclass
class Seen:
    """What was met while converting: kinds of numbers and of containers, and how many parts so far."""

    integers: bool = False
    half: bool = False
    generator: bool = False
    parts: int = 0
    most: int = 2**25  # numbers in all
    numbers: int = 0
    refused: Finding | None = None  # what was no number
    above: list[int] = field(default_factory=list)  # ids of the containers that this part stands in


def plain(value: Any, seen: Seen, path: str = "") -> Plain:
    """Copies of everything in ``value``: arrays in float32 or float64, numbers as floats. Raises NotNumbers."""
    seen.parts += 1
    if seen.parts > _MOST_PARTS:
        raise NotNumbers(
            trouble(
                "trouble-values",
                f"what is returned has more than {_MOST_PARTS:,} parts",
                why="return an array for each layer, not a number at a time",
            )
        )
    if value is None:
        return None
    if isinstance(value, (bool, np.bool_, str, bytes)) or callable(value):
        raise NotNumbers(_no_number(value, path))
    array = _array(value)
    if array is not None:
        return _numbers(array, value, seen, path)
    if id(value) in seen.above or len(seen.above) >= _DEEPEST:
        raise NotNumbers(trouble("trouble-values", f"what is returned{_at(path)} contains itself"))
    seen.above.append(id(value))
    found = _container(value, seen, path)
    seen.above.pop()
    return found


def _container(value: Any, seen: Seen, path: str) -> Plain:
    if isinstance(value, Mapping):
        return {_key(key): plain(part, seen, f"{path}[{key!r}]") for key, part in value.items()}
    if hasattr(value, "w") and hasattr(value, "b") and hasattr(value, "theta"):
        return plain(value.theta, seen, path)
    if isinstance(value, (set, frozenset)):
        raise NotNumbers(
            trouble(
                "trouble-values", f"a set is returned{_at(path)}, which has no order", why="return a list"
            )
        )
    if not hasattr(value, "__iter__"):
        if getattr(value, "__dict__", None):
            return plain(vars(value), seen, path)
        raise NotNumbers(_no_number(value, path))
    if not isinstance(value, Sequence) and hasattr(value, "__next__"):
        seen.generator = True
    parts = [plain(part, seen, f"{path}[{place}]") for place, part in enumerate(value)]
    return tuple(parts) if isinstance(value, tuple) else parts


def _key(key: Any) -> str | int:
    return int(key) if isinstance(key, (int, np.integer)) and not isinstance(key, bool) else str(key)


def _array(value: Any) -> Array | None:
    """The array that something is, tensors included; None for containers."""
    if isinstance(value, (int, float, complex)):
        return np.asarray(value)
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
        value = (
            value.resolve_conj().resolve_neg().numpy() if hasattr(value, "resolve_conj") else value.numpy()
        )
    if isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "__array__"):
        array = np.asarray(value)
        return None if array.dtype.kind == "O" and array.ndim else array
    return None


def _numbers(array: Array, value: Any, seen: Seen, path: str) -> Plain:
    kind, size = array.dtype.kind, array.dtype.itemsize
    seen.numbers += array.size
    if seen.numbers > seen.most:
        raise NotNumbers(trouble("trouble-shape", f"more than {seen.most:,} numbers are returned{_at(path)}"))
    if kind in "iu":
        seen.integers = True
    elif (kind == "f" and size == 2) or array.dtype.name == "bfloat16":
        seen.half = True
    elif kind != "f":
        raise NotNumbers(_no_number(value if kind == "O" else array, path))
    if array.ndim == 0:
        return float(array)
    return np.array(array, dtype=np.float32 if kind == "f" and size == 4 else np.float64, order="C")


def _no_number(value: Any, path: str) -> Finding:
    what = {
        "c": "complex numbers",
        "b": "True and False",
        "U": "text",
        "S": "text",
        "M": "dates",
        "m": "times",
    }
    if isinstance(value, np.ndarray):
        named = what.get(value.dtype.kind, f"an array of {value.dtype}")
    elif isinstance(value, complex):
        named = "complex numbers"
    elif isinstance(value, (str, bytes)):
        named = "text"
    elif isinstance(value, (bool, np.bool_)):
        named = "True and False"
    elif hasattr(value, "cr_frame"):
        value.close()  # else Python warns that nobody awaited it
        return trouble(
            "trouble-values",
            "an async function's coroutine is returned, which was never run",
            why="make it a plain function: def, not async def",
        )
    else:
        named = "a function" if callable(value) else f"an object of type {type(value).__name__}"
    return trouble(
        "trouble-values",
        f"{named} stands{_at(path)} where numbers belong" if path else f"{named} is returned, not numbers",
        why="return arrays of floating-point numbers, one for each layer's w and b",
    )


def _at(path: str) -> str:
    return f" in result{path}" if path else ""


def leaves(value: Plain, path: str = "result") -> Iterator[tuple[str, Array]]:
    """(path, array) of every part in order; None is passed over, a number is an array of shape ()."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{path}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for place, part in enumerate(value):
            yield from leaves(part, f"{path}[{place}]")
    elif value is not None:
        yield path, np.asarray(value)


def shapes_of(value: Plain, most: int = 8) -> str:
    """What came, in words: "4 arrays of shapes (3, 4), (3,), (2, 3), (2,)"; lists of numbers are rows of one array."""
    found = [array.shape for _, array in leaves(value)]
    if not found:
        return "nothing"
    if all(shape == () for shape in found):
        return counted(len(found), "number") if len(found) > 1 else "one number"
    shown = ", ".join(map(str, found[:most])) + (", …" if len(found) > most else "")
    return f"one array of shape {shown}" if len(found) == 1 else f"{len(found)} arrays of shapes {shown}"


def same(one: Plain, other: Plain) -> bool:
    """Whether two results are equal but for rounding, which threads may do in another order."""
    first, second = ([array for _, array in leaves(value)] for value in (one, other))
    return len(first) == len(second) and all(
        a.shape == b.shape and np.allclose(a, b, rtol=1e-5, atol=1e-7 * float(np.abs(a).max(initial=0)))
        for a, b in zip(first, second, strict=True)
    )


def not_finite(value: Plain) -> tuple[str, str, int] | None:
    """The first entry that is NaN or infinite: its path, what it is, and how many there are in all."""
    first: tuple[str, str] | None = None
    count = 0
    for path, array in leaves(value):
        wrong = ~np.isfinite(array)
        if not wrong.any():
            continue
        count += int(wrong.sum())
        if first is None:
            index = tuple(int(i) for i in np.argwhere(wrong)[0]) if array.ndim else ()
            entry = float(array[index])
            named = "NaN" if math.isnan(entry) else "∞" if entry > 0 else "−∞"
            first = (f"{path}[{', '.join(map(str, index))}]" if index else path, named)
    return None if first is None else (*first, count)
