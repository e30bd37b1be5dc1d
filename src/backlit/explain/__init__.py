"""Any single derivative of a network as the full chain rule with its numbers: names, the tree, deriving, proof, text.

``explain`` is the door; a derivation (steps.py) is data, and how it looks stands in a file for each way of showing it.
"""

from .derive import explain
from .paths import Path, Paths
from .proof import Agreement
from .ranking import paths
from .steps import Column, Derivation, Input, Kink, Step, Terms, walk

__all__ = [
    "Agreement", "Column", "Derivation", "Input", "Kink", "Path", "Paths", "Step", "Terms", "explain", "paths", "walk",
]  # fmt: skip
