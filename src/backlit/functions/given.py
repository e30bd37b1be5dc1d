"""What the rows of both tables have in common, and what users give to them: parameters and functions of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property

from ..errors import UsageError
from ..namespaces import Array
from ..options import format_option

OwnPair = tuple[Callable[..., Array], Callable[..., Array]]


class Row:
    """A row is known by its option, or by the user's own functions; the three fields here are every row's."""

    name: str
    parameters: Mapping[str, float]
    own: OwnPair | None

    @property
    def built_in(self) -> bool:
        """Whether it is a row of the table, rather than the user's own."""
        return self.own is None

    @cached_property
    def option(self) -> str:
        """The row as one line, such as ``"elu(alpha=0.5)"``, from which the table builds it again."""
        return format_option(self.name, self.parameters)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Row) or type(other) is not type(self):
            return NotImplemented
        return (self.option, self.own) == (other.option, other.own)

    def __hash__(self) -> int:
        return hash((self.option, self.own))


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
