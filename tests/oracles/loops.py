"""The note in plain Python: one example after the other, one neuron after the other, and nothing from Backlit.

For networks of sigmoid neurons with the note's cost Σ(a − y)², or the book's ½Σ(a − y)². Slow, and meant to be read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

Array = Any


@dataclass
class Passed:
    """One example's numbers: z[l][j], a[l][j], delta[l][j], dC_da[l][j], dC_dw[l][j][k], and C_x."""

    C: float = 0.0
    z: list[list[float]] = field(default_factory=list)
    a: list[list[float]] = field(default_factory=list)
    delta: list[list[float]] = field(default_factory=list)
    dC_da: list[list[float]] = field(default_factory=list)
    dC_dw: list[list[list[float]]] = field(default_factory=list)


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def sigma_prime(z: float) -> float:
    return sigma(z) * (1 - sigma(z))


def one_example(w: Array, b: Array, x: Array, y: Array, factor: float = 2.0) -> Passed:
    """Forward and back for C_x = factor/2 · Σ (a − y)²; w[l][j][k] and b[l][j] for l ≥ 1, their entry 0 unused."""
    L = len(w) - 1
    p = Passed(z=[[]], a=[[float(v) for v in x]])
    for l in range(1, L + 1):
        n, before = len(b[l]), len(p.a[l - 1])
        p.z.append([sum(w[l][j][k] * p.a[l - 1][k] for k in range(before)) + b[l][j] for j in range(n)])
        p.a.append([sigma(z) for z in p.z[l]])
    p.C = factor / 2 * sum((a - t) ** 2 for a, t in zip(p.a[L], y, strict=True))

    p.dC_da = [[] for _ in range(L + 1)]
    p.delta, p.dC_dw = [[] for _ in range(L + 1)], [[] for _ in range(L + 1)]
    p.dC_da[L] = [factor * (a - t) for a, t in zip(p.a[L], y, strict=True)]
    for l in range(L, 0, -1):
        n, before = len(b[l]), len(p.a[l - 1])
        p.delta[l] = [sigma_prime(p.z[l][j]) * p.dC_da[l][j] for j in range(n)]
        p.dC_dw[l] = [[p.a[l - 1][k] * p.delta[l][j] for k in range(before)] for j in range(n)]
        p.dC_da[l - 1] = [sum(w[l][j][k] * p.delta[l][j] for j in range(n)) for k in range(before)]
    return p


@dataclass
class Objective:
    """The objective of a batch and its derivatives, as nested lists by layer."""

    value: float
    of_w: list[Any]
    of_b: list[Any]


def batch(
    w: Array,
    b: Array,
    x: Array,
    y: Array,
    weights: Array,
    l1: float = 0.0,
    l2: float = 0.0,
    factor: float = 2.0,
) -> Objective:
    """The weighted mean over the examples, and the penalties of the weights."""
    L = len(w) - 1
    passed = [one_example(w, b, row, t, factor) for row, t in zip(x, y, strict=True)]
    total = sum(weights)
    value = sum(s * p.C for s, p in zip(weights, passed, strict=True)) / total
    of_w: list[Any] = [None]
    of_b: list[Any] = [None]
    for l in range(1, L + 1):
        rows, columns = len(b[l]), len(w[l][0])
        of_w.append([[0.0] * columns for _ in range(rows)])
        of_b.append([0.0] * rows)
        for j in range(rows):
            of_b[l][j] = sum(s * p.delta[l][j] for s, p in zip(weights, passed, strict=True)) / total
            for k in range(columns):
                mean = sum(s * p.dC_dw[l][j][k] for s, p in zip(weights, passed, strict=True)) / total
                v = float(w[l][j][k])
                sign = (v > 0) - (v < 0)
                of_w[l][j][k] = mean + l2 * v + l1 * sign
                value += l2 / 2 * v * v + l1 * abs(v)
    return Objective(value, of_w, of_b)
