"""How many threads: what BACKLIT_THREADS says, what the machine has, and what is left where runs are side by side.

This only counts. Threads are started by the native engine, inside a pass, and by ``fit_many``, one a network.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .errors import UsageError

_MOST: ContextVar[int | None] = ContextVar("most", default=None)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_of_environment() -> int | None:
    """What BACKLIT_THREADS says; raises UsageError where that is no whole number of at least 1."""
    said = os.environ.get("BACKLIT_THREADS")
    if not said:
        return None
    if not said.isdecimal() or int(said) < 1:
        raise UsageError(f"BACKLIT_THREADS is a whole number of at least 1; got {said!r}")
    return int(said)


@contextmanager
def at_most(threads: int) -> Iterator[None]:
    """Within it no pass takes more threads than this: others are at work beside it."""
    before = _MOST.set(threads)
    try:
        yield
    finally:
        _MOST.reset(before)


def granted(wanted: int) -> int:
    """``wanted``, or fewer where others are at work beside this."""
    most = _MOST.get()
    return wanted if most is None else min(wanted, most)
