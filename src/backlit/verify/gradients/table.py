"""The mistakes that are made in ∇C: the table. How each changes the numbers stands in slots.py and variants.py.

Written from "What learners get wrong most" (docs/equations.md) and the questions that people ask in public.
"""

from __future__ import annotations

from ..mistake import Mistake
from .table_delta import COSTS, SLOPES, WAY
from .table_sums import BATCH, LAYOUT, PENALTY, PRODUCTS

GRADIENT_MISTAKES: tuple[Mistake, ...] = (*SLOPES, *COSTS, *BATCH, *WAY, *PRODUCTS, *PENALTY, *LAYOUT)
