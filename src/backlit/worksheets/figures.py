"""How numbers stand on a sheet: exactly as they are meant, so that what is printed is what the answers follow from.

Also how exact an answer has to be. Numbers of explanations, which are cut to four digits, are explain.formula's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..explain.formula import minus, scientific

Array = Any
DIGITS = 4  # significant ones that a number from a model keeps on a sheet
ON_THE_WAY = 6  # decimals of what is given or worked out on the way
RELATIVE = 0.005  # what rounding on the way may cost an answer
_LEAST = 1e-4  # below, numbers are written with a power of ten
_DECIMALS = 4  # of an answer, where nothing asks for more
_NOTHING = 1e-12  # what is smaller counts as 0 when decimals are chosen


def rounded(values: Any) -> Array:
    """Numbers to four significant digits, as ``printed`` then writes them exactly."""
    flat = [float(f"{value:.{DIGITS}g}") for value in np.asarray(values, dtype=np.float64).reshape(-1)]
    return np.array(flat).reshape(np.shape(values))


def printed(value: float) -> str:
    """The shortest decimal, exact for numbers with few digits: ``−0.5``, ``2``, ``1.234·10⁻⁷``."""
    value = float(value)
    if value and abs(value) < _LEAST:
        return scientific(value, DIGITS)
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return minus(text)


def decimal(value: float, decimals: int) -> str:
    """So many decimals, none where the number needs none."""
    short = printed(value)
    return short if len(short.partition(".")[2]) <= decimals else minus(f"{value:.{decimals}f}")


@dataclass(frozen=True)
class Precision:
    """How exact an answer has to be: ``decimals`` are asked for.

    An answer that is off by ``absolute``, or by ``relative`` · |value|, is right.
    """

    decimals: int
    exact: bool = False
    relative: float = RELATIVE

    @classmethod
    def of(cls, values: Iterable[float], moves: Iterable[float] = ()) -> Precision:
        """Four decimals, or as many as show three digits of the smallest that is not 0.

        ``moves`` are what steps change the values by: it is those whose digits are to be seen, and nothing is relative.
        """
        listed, moved = list(values), [abs(move) for move in moves]
        exact = all(abs(v * 10**_DECIMALS - round(v * 10**_DECIMALS)) < 1e-6 for v in listed)
        if exact:
            return cls(_DECIMALS, exact=True, relative=0.0)
        sizes = [abs(v) for v in moved or listed if abs(v) > _NOTHING]
        decimals = max(_DECIMALS, 2 - math.floor(math.log10(min(sizes, default=1.0))))
        return cls(decimals, relative=0.0 if moved else RELATIVE)

    @property
    def absolute(self) -> float:
        """One unit of the last decimal."""
        return 10.0**-self.decimals

    def tolerance(self, value: float) -> float:
        """How far from the right value an answer may lie."""
        return max(self.absolute, self.relative * abs(value))

    @property
    def said(self) -> str:
        """The rule, as a sheet says it."""
        return "exactly" if self.exact else f"to {self.decimals} decimals"
