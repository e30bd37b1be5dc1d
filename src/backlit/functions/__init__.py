"""Activations and costs: one table each, and in each row the function, its derivative and the TeX of both.

This package is mathematics only: it does not know of layers, batches or training.
"""

from .activations import ACTIVATIONS, Activation, Kink, as_activation
from .costs import COSTS, Cost, CostKink, as_cost, check_fit
from .pairs import PAIRS, Pair, pair_of

__all__ = [
    "ACTIVATIONS",
    "COSTS",
    "PAIRS",
    "Activation",
    "Cost",
    "CostKink",
    "Kink",
    "Pair",
    "as_activation",
    "as_cost",
    "check_fit",
    "pair_of",
]
