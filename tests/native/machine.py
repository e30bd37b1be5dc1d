"""The native engine on every instruction set of this machine, with zero-skipping on, off, or as it chooses."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from backlit.engines import native

_native = pytest.importorskip("backlit._native", reason="the native engine is not part of this installation")

CPUS: list[str] = _native.cpus()
ENGINES = {cpu: native.NativeEngine(_native, cpu) for cpu in CPUS}
EVERY_CPU = pytest.mark.parametrize("cpu", CPUS)


@contextlib.contextmanager
def skipping(wanted: bool | None) -> Iterator[None]:
    """Layer 1 leaves out products with zeros, or not, whatever the data is; None leaves it to the engine."""
    chosen = native.skips_zeros
    if wanted is not None:
        native.skips_zeros = lambda X: wanted  # type: ignore[assignment]
    try:
        yield
    finally:
        native.skips_zeros = chosen


def every_way() -> Iterator[tuple[str, Any]]:
    """Each instruction set with zero-skipping off and on: what it is, and its engine."""
    for cpu, engine in ENGINES.items():
        for wanted in (False, True):
            with skipping(wanted):
                yield f"{cpu}, zeros {'skipped' if wanted else 'multiplied'}", engine
