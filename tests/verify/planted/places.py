"""Where each mistake can be planted in a network, and what it needs besides."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .functions import CANCELS
from .networks import Random, Shape

Layers = frozenset[int]
FLAT = ("identity", "softmax")
STRAIGHT = ("relu", "leaky_relu")  # σ′ of a is σ′ of z


def some(layers: Iterable[int]) -> list[Layers]:
    """Each alone, and all of them."""
    listed = list(layers)
    return [*(frozenset({l}) for l in listed), *([frozenset(listed)] if len(listed) > 1 else [])]


def alone(layers: Iterable[int]) -> list[Layers]:
    return [frozenset({l}) for l in layers]


def anywhere(possible: bool = True) -> list[Layers]:
    """A mistake that isn't one of layers."""
    return [frozenset()] if possible else []


def any_layer(s: Shape) -> list[Layers]:
    """One layer, or (as often as not) all."""
    return alone(s.layers) + [frozenset(s.layers)] * s.L


def missing_slope(s: Shape) -> list[Layers]:
    sloped = [l for l in s.layers if s.sigma(l) != "identity"]
    inside = [l for l in sloped if l < s.L]
    return some(sloped) + ([frozenset(inside)] if 1 < len(inside) < len(sloped) else [])


def curved(s: Shape, *but: str) -> list[int]:
    return [l for l in s.layers if s.sigma(l) not in (*FLAT, *but)]


def others_z(s: Shape, l: int) -> list[int]:
    return [p for p in s.layers if p != l and s.sizes[p] == s.sizes[l]]


def others_a(s: Shape, l: int) -> list[int]:
    return [p for p in range(s.L) if p not in (l - 1, l) and s.sizes[p] == s.sizes[l - 1]]


def others_w(s: Shape, l: int) -> list[int]:
    """Layers whose w has the shape of w^{l+1}."""
    fits = (s.sizes[l + 1], s.sizes[l])
    return [p for p in s.layers if p != l + 1 and (s.sizes[p], s.sizes[p - 1]) == fits]


def square(s: Shape) -> list[int]:
    return [l for l in s.layers if s.sizes[l] == s.sizes[l - 1] > 1]


def batched(s: Shape) -> list[Layers]:
    return any_layer(s) if s.m > 1 else []


def one_transposed(s: Shape) -> list[Layers]:
    """A square layer, beside another that shows which way round the others are."""
    full = [l for l in s.layers if min(s.sizes[l], s.sizes[l - 1]) > 1]
    return alone(square(s) if len(full) > 1 else [])


def gone(s: Shape) -> list[Layers]:
    """One layer never filled in, or a loop that ends too early."""
    return alone(s.layers) + [frozenset(range(1, l + 1)) for l in range(2, s.L)]


PLACES: dict[str, Callable[[Shape], list[Layers]]] = {
    "sigma-prime-missing": missing_slope,
    "sigma-prime-of-a": lambda s: some(curved(s, *STRAIGHT)),
    "sigma-for-sigma-prime": lambda s: some(curved(s)),
    "sigma-prime-twice": lambda s: some(curved(s, "relu")),
    "sigma-prime-of-wrong-layer": lambda s: alone(l for l in curved(s) if others_z(s, l)),
    "sigma-prime-kept": lambda s: alone([s.L] if (s.activations[-1], s.cost) in CANCELS else []),
    "softmax-diagonal-only": lambda s: alone(l for l in s.layers if s.sigma(l) == "softmax"),
    "y-minus-a": lambda s: anywhere(),
    "sign-flipped": any_layer,
    "output-not-cost": lambda s: anywhere(),
    "cost-of-other-name": lambda s: anywhere(),
    "output-mean": lambda s: anywhere(s.sizes[-1] > 1 and s.cost != "mean_squared_error"),
    "output-sum": lambda s: anywhere(s.sizes[-1] > 1 and s.cost == "mean_squared_error"),
    "factor-two": any_layer,
    "factor-half": any_layer,
    "unknown-factor": any_layer,
    "batch-mean-missing": batched,
    "batch-mean-twice": batched,
    "bias-averaged": batched,
    "bias-summed": batched,
    "bias-not-summed": batched,
    "bias-first-example": batched,
    "accumulated": lambda s: anywhere(),
    "last-batch": lambda s: anywhere(),
    "one-example": lambda s: anywhere(s.m > 1),
    "w-not-transposed": lambda s: some(l for l in s.hidden if s.sizes[l + 1] == s.sizes[l] > 1),
    "index-clash": lambda s: some(
        l for l in s.hidden if s.sizes[l - 1] <= s.sizes[l] and s.sigma(l) != "softmax"
    ),
    "weights-of-wrong-layer": lambda s: alone(l for l in s.hidden if others_w(s, l)),
    "post-update-weights": lambda s: anywhere(s.L > 1),
    "max-over-paths": lambda s: some(l for l in s.hidden if s.sizes[l + 1] > 1),
    "dropout-mask-missing": lambda s: some(sorted(s.masked)),
    "a-of-same-layer": lambda s: some(square(s)),
    "a-of-wrong-layer": lambda s: alone(l for l in s.layers if others_a(s, l)),
    "z-for-a": lambda s: some(l for l in s.layers if l > 1 and s.sigma(l - 1) != "identity"),
    "gradient-transposed": one_transposed,
    "gradient-missing": gone,
    "layers-reversed": lambda s: anywhere(s.L > 1),
    "penalty-missing": any_layer,
    "penalty-doubled": any_layer,
    "penalty-on-biases": any_layer,
    "penalty-not-scaled": batched,
    "penalty-sign": any_layer,
    "penalty-unknown": any_layer,
}


def other_costs(s: Shape) -> list[str]:
    """Costs whose derivative isn't a multiple of this one's."""
    cross = {"sigmoid": ["binary_cross_entropy"], "softmax": ["cross_entropy"]}.get(s.activations[-1], [])
    squares = ["squared_error", "half_squared_error", "mean_squared_error"] if "cross" in s.cost else cross
    return [*squares, "absolute_error", "log_cosh"]


def needs(name: str, rng: Random, s: Shape, layers: Layers, style: str) -> dict[str, Any]:
    """What is drawn for a mistake besides its layers."""
    l = min(layers, default=0)
    pick = rng.choice
    if name == "sigma-prime-of-wrong-layer":
        return {"other z": int(pick(others_z(s, l)))}
    if name == "a-of-wrong-layer":
        return {"other a": int(pick(others_a(s, l)))}
    if name == "weights-of-wrong-layer":
        return {"other w": int(pick(others_w(s, l)))}
    if name == "cost-of-other-name":
        return {"cost": str(pick(other_costs(s)))}
    if name == "unknown-factor":
        return {"factor": float(np.round(10 ** rng.uniform(-3, -0.05), 4))}
    if name == "penalty-unknown":
        return {"penalty": float(np.round(10 ** rng.uniform(-3, 0), 4))}
    if name == "bias-averaged":
        return {"averaged": str(pick(["sum", "again"])) if style in ("dense", "tensors") else "sum"}
    choices = {
        "sigma-prime-twice": ("twice", ["delta", "gradient", "weights"]),
        "sigma-prime-kept": (
            "kept",
            ["diagonal", "jacobian"] if s.activations[-1] == "softmax" else ["diagonal"],
        ),
        "output-not-cost": ("output", ["first"] if s.activations[-1] == "softmax" else ["first", "sum"]),
        "max-over-paths": ("largest", ["signed", "absolute"]),
    }
    if name not in choices:
        return {}
    key, values = choices[name]
    return {key: str(pick(values))}
