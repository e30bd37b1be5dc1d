"""What a network's numbers say: any single derivative as the full chain rule with its numbers, and what lies around it.

``explain`` is the door to derivations: one (steps.py) is data, and how it looks stands in a file for each way of
showing it; ``paths`` finds the largest ways through it. Nudges, rankings of examples, the health of layers, one
derivative through training, a step predicted and a step taken apart stand in files of their own; verbs.py leads there.
"""

from .derive import explain
from .pathfinding import paths
from .paths import Path, Paths
from .proof import Agreement
from .steps import Column, Derivation, Input, Kink, Step, Terms, walk

__all__ = [
    "Agreement", "Column", "Derivation", "Input", "Kink", "Path", "Paths", "Step", "Terms", "explain", "paths", "walk",
]  # fmt: skip
