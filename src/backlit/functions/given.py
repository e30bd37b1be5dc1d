"""What users give to a table of functions: a row's parameters, checked, and functions of their own, named."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..errors import UsageError
from ..namespaces import Array

OwnPair = tuple[Callable[..., Array], Callable[..., Array]]


def own_name(f: Callable[..., Array]) -> str:
    """What a user's function is called."""
    return str(getattr(f, "__name__", type(f).__name__))


def tex_name(name: str) -> str:
    r"""A user's name in TeX: ``my_f`` → ``\mathrm{my\_f}``."""
    return rf"\mathrm{{{name.strip('<>')}}}".replace("_", r"\_")


def number(row: str, parameter: str, value: object, rule: str, holds: Callable[[float], bool]) -> float:
    """The value as a float, where it is a finite number and the rule holds; raises UsageError."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not numeric or not holds(float(value)):  # type: ignore[arg-type]
        raise UsageError(f"{row} needs {rule}; got {parameter}={value!r}")
    return float(value)  # type: ignore[arg-type]
