"""Small networks at random: sizes, functions, cost and examples, for mistakes to be planted in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .problem import Problem

Array = Any
Random = np.random.Generator
HIDDEN = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "gelu")
ENDINGS = (
    ("sigmoid", "half_squared_error"),
    ("sigmoid", "squared_error"),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
    ("softmax", "half_squared_error"),
    ("identity", "squared_error"),
    ("identity", "half_squared_error"),
    ("identity", "mean_squared_error"),
    ("tanh", "mean_squared_error"),
    ("tanh", "half_squared_error"),
    ("softplus", "squared_error"),
    ("leaky_relu", "half_squared_error"),
)
BATCHES = (1, 2, 3, 4, 5, 7, 8, 10, 16, 32)


@dataclass(frozen=True)
class Shape:
    """All of a network and its batch but the numbers; ``masked`` are the hidden layers with dropout."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    cost: str
    m: int
    masked: frozenset[int] = frozenset()

    @property
    def L(self) -> int:
        return len(self.sizes) - 1

    @property
    def layers(self) -> range:
        return range(1, self.L + 1)

    @property
    def hidden(self) -> range:
        return range(1, self.L)

    def sigma(self, l: int) -> str:
        return self.activations[l - 1]


def draw_shape(rng: Random, *, small: bool, dropout: bool, softmax_inside: bool) -> Shape:
    """1 to 4 layers, of widths that differ or (often: some mistakes need it) repeat; ``small`` is for loops."""
    L = int(rng.choice([1, 2, 3, 4], p=[0.15, 0.35, 0.3, 0.2]))
    widest = 5 if small else 8
    palette = rng.integers(2, widest + 1, size=rng.choice([1, 2, 9], p=[0.15, 0.35, 0.5]))
    sizes = [int(n) for n in rng.choice(palette, size=L + 1)]
    if rng.random() < 0.15:
        sizes[-1] = 1
    last, cost = ENDINGS[rng.integers(len(ENDINGS))]
    if last == "softmax" and sizes[-1] == 1:
        sizes[-1] = 3
    one = rng.random() < 0.6
    hidden = [str(rng.choice(HIDDEN)) for _ in range(L - 1)]
    hidden = hidden[:1] * (L - 1) if one else hidden
    if softmax_inside and L > 1 and not dropout:
        hidden[rng.integers(L - 1)] = "softmax"
    masked = frozenset(l for l in range(1, L) if dropout and rng.random() < 0.7)
    m = int(rng.choice(BATCHES[:5] if small else BATCHES))
    return Shape(tuple(sizes), (*hidden, last), cost, m, masked)


def draw_numbers(
    rng: Random, shape: Shape, dtype: Any, *, l2: float, eta: float, earlier: bool, steep: float = 1.0
) -> Problem:
    """Weights, biases and examples; ``steep`` times the usual weights lead into saturation."""
    weights, biases = [], []
    for l in shape.layers:
        n, before = shape.sizes[l], shape.sizes[l - 1]
        size = steep * rng.uniform(0.7, 1.5) / before**0.5
        weights.append((rng.normal(size=(n, before)) * size).astype(dtype))
        biases.append((rng.normal(size=n) * 0.5).astype(dtype))
    x, y = draw_examples(rng, shape, shape.m, dtype)
    masks: list[Array | None] = [None] * (shape.L + 1)
    for l in shape.masked:
        keep = rng.choice([0.5, 0.8])
        masks[l] = ((rng.random((shape.m, shape.sizes[l])) < keep) / keep).astype(dtype)
    before_m = int(rng.choice([shape.m, 3, 6]))
    return Problem(
        weights=tuple(weights),
        biases=tuple(biases),
        activations=shape.activations,
        cost=shape.cost,
        x=x,
        y=y,
        masks=tuple(masks) if shape.masked else None,
        l2=l2,
        eta=eta,
        earlier=draw_examples(rng, shape, before_m, dtype) if earlier else None,
    )


def draw_examples(rng: Random, shape: Shape, m: int, dtype: Any) -> tuple[Array, Array]:
    x, outputs = rng.normal(size=(m, shape.sizes[0])), shape.sizes[-1]
    if shape.sigma(shape.L) == "softmax":
        y = np.eye(outputs)[rng.integers(outputs, size=m)]
        if rng.random() < 0.3:
            y = rng.dirichlet(np.ones(outputs), size=m)
    elif shape.sigma(shape.L) == "sigmoid":
        y = rng.random((m, outputs))
        if rng.random() < 0.7:
            y = np.round(y)
    else:
        y = rng.normal(size=(m, outputs))
    return x.astype(dtype), y.astype(dtype)
