"""Derivatives by numbers alone: complex steps where the functions are analytic, central differences anywhere.

What is differentiated is a function of one flat vector; nothing here knows a derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any
TINY = 1e-30  # of a complex step: there is no difference, so nothing cancels


def complex_step(f: Callable[[Array], Array], at: Array) -> Array:
    """f's derivatives at a real vector, a row an entry, to the last digits: Im f(v + ih) / h."""
    rows = []
    for i in range(at.size):
        v = at.astype(complex)
        v[i] += 1j * TINY
        rows.append(np.imag(f(v)) / TINY)
    return np.array(rows)


def central(f: Callable[[Array], Array], at: Array, h: float = 1e-5) -> Array:
    """f's derivatives at a real vector, a row an entry, to nine digits or so: (f(v + h) − f(v − h)) / 2h."""
    rows = []
    for i in range(at.size):
        up, down = at.copy(), at.copy()
        up[i] += h
        down[i] -= h
        rows.append((f(up) - f(down)) / (2 * h))
    return np.array(rows)
