"""What an implementation is given: a network as plain arrays and names, examples, and what is to be planted in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Array = Any
_SLOPES = (
    "sigma-prime-missing",
    "sigma-prime-of-a",
    "sigma-for-sigma-prime",
    "sigma-prime-twice",
    "sigma-prime-of-wrong-layer",
    "softmax-diagonal-only",
)


@dataclass(frozen=True)
class Plan:
    """``where`` has the layers of each planted id, ``how`` what a mistake needs besides: another layer, a number."""

    where: Mapping[str, frozenset[int]] = field(default_factory=dict)
    how: Mapping[str, Any] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        return name in self.where

    def at(self, name: str, l: int) -> bool:
        return l in self.where.get(name, ())

    def slope_at(self, l: int) -> bool:
        """Whether a mistake about σ′ is planted in this layer: a shortcut such as δ = a − y can't show it."""
        return any(self.at(name, l) for name in _SLOPES)

    def without(self, name: str, layers: Iterable[int] | None = None) -> Plan:
        """The plan without this mistake, or without these of its layers."""
        left = frozenset() if layers is None else self.where[name] - frozenset(layers)
        where = {key: value for key, value in self.where.items() if key != name}
        return replace(self, where={**where, name: left} if left else where)


RIGHT = Plan()


@dataclass(frozen=True)
class Problem:
    """w^l (n_l, n_{l−1}) and b^l (n_l,) for l = 1 … L from place 0 on; x (m, n_0), y (m, n_L), masks by layer 0 … L.

    ``l2`` is what the penalty's derivative is made with, λ/n; ``eta`` is for those who put it where it doesn't belong;
    ``earlier`` is the x and y of an earlier call.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activations: tuple[str, ...]
    cost: str
    x: Array
    y: Array
    masks: tuple[Array | None, ...] | None = None
    l2: float = 0.0
    eta: float = 0.1
    earlier: tuple[Array, Array] | None = None

    @property
    def L(self) -> int:
        return len(self.weights)

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self.weights[0].shape[1], *(len(b) for b in self.biases))

    def for_cost(self, plan: Plan) -> Problem:
        """What someone works with who has another cost in mind."""
        return replace(self, cost=plan.how["cost"]) if plan.has("cost-of-other-name") else self

    def of_earlier(self) -> Problem:
        """The same network on the earlier call's data."""
        assert self.earlier is not None
        return replace(self, x=self.earlier[0], y=self.earlier[1], earlier=None)

    def of_last(self) -> Problem:
        """The same network on the last example alone."""
        masks = None if self.masks is None else tuple(None if one is None else one[-1:] for one in self.masks)
        return replace(self, x=self.x[-1:], y=self.y[-1:], masks=masks)
