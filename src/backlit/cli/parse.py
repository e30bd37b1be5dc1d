"""What is written after an option, as what the library takes. Each function raises UsageError naming the option."""

from __future__ import annotations

import math
import re
import sys
from typing import Any, cast

from ..errors import UsageError
from ..notation import Notation, check_notation

NO_END = sys.maxsize  # of a range of examples that goes on to the last
_SPAN = re.compile(r"(?P<first>\d{0,15})(?P<to>:(?P<end>\d{0,15}))?", re.ASCII)
_OUTSIDE = re.compile(r",(?![^(]*\))")  # a comma that is in no brackets


def words(text: str) -> tuple[str, ...]:
    """``"relu,elu(alpha=0.5)"`` → its parts."""
    return tuple(part.strip() for part in _OUTSIDE.split(text) if part.strip())


def layers(text: str) -> tuple[int, ...]:
    """``"30,20"`` → (30, 20); ``"none"`` → ()."""
    if text.strip().lower() in ("none", ""):
        return ()
    try:
        sizes = tuple(int(part) for part in words(text))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise UsageError(
            f"--layers takes the sizes of the hidden layers, such as 30 or 30,20, or none; got {text!r}"
        )
    return sizes


def batch_size(text: str) -> int | None:
    """A whole number, or None for ``"full"``."""
    if text.strip().lower() in ("full", "all"):
        return None
    try:
        size = int(text)
    except ValueError:
        size = 0
    if size < 1:
        raise UsageError(f"--batch-size takes a whole number of at least 1, or full; got {text!r}")
    return size


def numbers(option: str, text: str) -> list[range]:
    """``"0,5,7"``, ``"0:32"`` (to 31), ``"32:"`` (to the end, ``NO_END``), ``"all"``: numbers of examples."""
    found: list[range] = []
    for one in words(":" if text.strip().lower() == "all" else text):
        match = _SPAN.fullmatch(one)
        first = int(match["first"] or 0) if match else 0
        end = 0 if match is None else first + 1 if match["to"] is None else int(match["end"] or NO_END)
        if end <= first:
            found.clear()
            break
        found.append(range(first, end))
    if not found:
        raise UsageError(
            f"{option} takes numbers of examples, counted from 0, such as 0,5,7 or 0:32 (from 0 to 31), or all; got "
            f"{text!r}"
        )
    return found


def notation(text: str) -> Notation:
    """note, book or pytorch, which may be called torch."""
    name = {"torch": "pytorch"}.get(text.strip().lower(), text.strip().lower())
    check_notation(name)
    return cast(Notation, name)


def part(option: str, text: str, otherwise: str = "") -> float:
    """A part of the examples between 0 and 1; ``"1/6"`` is understood. ``otherwise`` is what the option takes too."""
    try:
        above, _, below = text.partition("/")
        number = float(above) / (float(below) if below else 1.0)
    except (ValueError, ZeroDivisionError):
        number = math.nan
    if not 0 < number < 1:
        raise UsageError(
            f"{option} takes a part of the examples between 0 and 1, such as 0.2{otherwise}; got {text!r}"
        )
    return number


def validation(text: str) -> float | str | None:
    """A part, a whole number of last examples, None for ``"none"``, or else ``"test"`` or the path of a file."""
    if text.strip().lower() == "none":
        return None
    if text.strip().isdecimal() and int(text) > 0:
        return int(text)
    if not re.fullmatch(r"[-+.\d/eE]*", text.strip()):
        return text
    return part("--validation", text, ", the number of the last examples, such as 500, a FILE, test or none")


def dropout(text: str) -> float | tuple[float, ...]:
    """One rate for all hidden layers, or one for each layer from the input on."""
    try:
        rates = tuple(float(one) for one in words(text))
    except ValueError:
        rates = ()
    if not rates:
        raise UsageError(
            f"--dropout takes a rate such as 0.2, or one for each layer such as 0.1,0.5; got {text!r}"
        )
    return rates[0] if len(rates) == 1 else rates


def class_weight(text: str) -> Any:
    """``"balanced"``, or ``"yes=3,no=1"``: a weight by class."""
    if text.strip().lower() == "balanced":
        return "balanced"
    found: dict[Any, float] = {}
    try:
        for pair in words(text):
            name, number = pair.rsplit("=", 1)
            found[int(name) if re.fullmatch(r"-?\d+", name.strip()) else name.strip()] = float(number)
    except ValueError:
        found = {}
    if not found:
        raise UsageError(f"--class-weight takes balanced, or weights such as yes=3,no=1; got {text!r}")
    return found


_PARSED: dict[str, Any] = {
    "layers": layers,
    "activation": words,
    "exclude": words,
    "batch_size": batch_size,
    "dropout": dropout,
    "class_weight": class_weight,
    "validation": validation,
    "held_out": lambda text: part("--held-out", text),
    "monitors": lambda text: () if text == "none" else "all" if text == "all" else words(text),
    "metrics": words,
}
_NOT_FOR_THE_PIPELINE = ("data", "out", "resume", "plot", "quiet", "as_json", "find_eta")


def options_of(told: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, as pipeline.train takes them; the others keep its defaults."""
    options = {name: value for name, value in told.items() if name not in _NOT_FOR_THE_PIPELINE}
    if options.pop("no_shuffle", False):
        options["shuffle"] = False
    if options.pop("no_standardise", False):
        options["standardise"] = False
    if "data_dir" in options:
        options["data_dir"] = str(options["data_dir"])
    return {name: _PARSED[name](value) if name in _PARSED else value for name, value in options.items()}
