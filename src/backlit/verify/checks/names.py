"""What is told of an array's entries in one number, and what ways are called: the report and its text read it here."""

from __future__ import annotations

import numpy as np

from ...explain.formula import figures
from ...spelling import counted
from .verdicts import AGREES, DIFFERS, Entries

_WAYS = {"differences": "central differences", "complex": "complex step"}


def least(one: Entries) -> int | None:
    """The fewest digits to which an entry of the array agrees."""
    agree = one.verdict == AGREES
    return int(one.digits[agree].min()) if agree.any() else None


def middle(one: Entries) -> int | None:
    """The median of the digits to which its entries agree."""
    agree = one.verdict == AGREES
    return int(np.median(one.digits[agree])) if agree.any() else None


def farthest(one: Entries) -> float | None:
    """The largest |gradient − reference| of those that were tested."""
    off = np.abs(one.theirs - one.value)[np.isin(one.verdict, (AGREES, DIFFERS))]
    return float(np.max(np.where(np.isfinite(off), off, np.inf))) if off.size else None


def told_apart(given: float, reference: float) -> tuple[str, str]:
    """Both with as many digits as it takes to see that they differ, four at least."""
    both = figures(given), figures(reference)
    for digits in range(4, 18):
        if both[0] != both[1]:
            break
        both = _plain(given, digits), _plain(reference, digits)
    return both


def _plain(value: float, digits: int) -> str:
    return f"{value:.{digits}g}".replace("-", "−")


def way_name(name: str, digits: int | None) -> str:
    """What a way is called in words."""
    return f"{digits} digits" if name == "digits" else _WAYS[name]


def apart_note(apart: int) -> list[str]:
    """What is said where two ways do not fit together on so many entries."""
    if not apart:
        return []
    said = (
        f"on {counted(apart, 'entry', 'entries')} two ways are further apart than their errors tell; the most exact "
        "judges"
    )
    return [said]
