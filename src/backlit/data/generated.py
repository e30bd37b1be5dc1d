"""Small problems that are drawn, not read: two inputs, seeded, with noise as an option. Good for watching a network."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UsageError
from ..randomness import as_seed, stream
from .dataset import Dataset, classes_of
from .table import Table

Array = Any
Drawn = tuple[Array, Array]  # points (n, 2), and classes (n,) or values (n,)


def _xor(rng: np.random.Generator, n: int, noise: float) -> Drawn:
    points = rng.uniform(-1, 1, (n, 2))
    classes = (points[:, 0] > 0) != (points[:, 1] > 0)
    return points + noise * rng.normal(size=(n, 2)), classes.astype(np.int64)


def _circles(rng: np.random.Generator, n: int, noise: float) -> Drawn:
    classes = np.arange(n) % 2
    angle = rng.uniform(0, 2 * math.pi, n)
    radius = np.where(classes == 0, 1.0, 0.5)
    points = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return points + noise * rng.normal(size=(n, 2)), classes


def _moons(rng: np.random.Generator, n: int, noise: float) -> Drawn:
    classes = np.arange(n) % 2
    angle = rng.uniform(0, math.pi, n)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    return np.where(classes[:, None] == 0, upper, lower) + noise * rng.normal(size=(n, 2)), classes


def _spiral(rng: np.random.Generator, n: int, noise: float) -> Drawn:
    classes = np.arange(n) % 2
    along = np.sqrt(rng.uniform(0.02, 1, n))
    angle = 3.5 * math.pi * along + math.pi * classes
    points = along[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return points + noise * rng.normal(size=(n, 2)), classes


def _gaussians(rng: np.random.Generator, n: int, noise: float) -> Drawn:
    classes = np.arange(n) % 3
    angle = 2 * math.pi * classes / 3 + math.pi / 2
    centres = np.column_stack([np.cos(angle), np.sin(angle)])
    return centres + noise * rng.normal(size=(n, 2)), classes


def _plane(rng: np.random.Generator, n: int, noise: float) -> Drawn:
    points = rng.uniform(-1, 1, (n, 2))
    return points, 0.5 * points[:, 0] - 0.8 * points[:, 1] + 0.3 + noise * rng.normal(size=n)


@dataclass(frozen=True)
class Problem:
    """How a problem is drawn, how much noise it has unless told otherwise, and one line about it."""

    draw: Callable[[np.random.Generator, int, float], Drawn]
    noise: float
    about: str


GENERATED: dict[str, Problem] = {
    "xor": Problem(_xor, 0.0, "two classes in opposite quadrants: what no single neuron can tell apart"),
    "circles": Problem(_circles, 0.08, "two classes, one ring within the other"),
    "moons": Problem(_moons, 0.1, "two classes, two interleaved half moons"),
    "spiral": Problem(_spiral, 0.02, "two classes, two interleaved spirals: the hard one"),
    "gaussians": Problem(_gaussians, 0.35, "three classes, three clouds that touch"),
    "plane": Problem(_plane, 0.05, "values: a plane over two inputs, with noise"),
}


def generate(name: str, *, examples: int = 500, noise: float | None = None, seed: int = 0) -> Dataset:
    """The named problem with so many examples; the same seed gives the same examples. Raises UsageError."""
    problem = GENERATED[name]
    if isinstance(examples, bool) or not isinstance(examples, int) or examples < 10:
        raise UsageError(f"examples of {name} is a whole number of at least 10; got {examples!r}")
    spread = problem.noise if noise is None else noise
    if isinstance(spread, bool) or not isinstance(spread, (int, float)) or not 0 <= spread < math.inf:
        raise UsageError(f"noise of {name} is a finite number of at least 0; got {noise!r}")
    rng = stream(as_seed(seed), "data", list(GENERATED).index(name))
    points, wanted = problem.draw(rng, examples, float(spread))
    order = rng.permutation(examples)
    points, wanted = points[order], wanted[order]
    table = Table(block=points, names=("x0", "x1"), source=name)
    if wanted.dtype.kind == "f":
        return Dataset(name, table, wanted, "y", "values", about=problem.about)
    return Dataset(name, table, wanted, "y", "classes", classes_of(wanted), about=problem.about)
