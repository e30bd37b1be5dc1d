"""What a network's numbers say. Any single derivative as the full chain rule: names, the tree, deriving, proof, text.

``explain`` is the door; a derivation (steps.py) is data, and how it looks stands in a file for each way of showing it.
Beside it, each in a file of its own: a network's health, one derivative through training (follow.py), a step predicted
and measured (prediction.py), and an update taken apart (update.py).
"""

from .derive import explain
from .proof import Agreement
from .steps import Column, Derivation, Input, Kink, Step, Terms, walk

__all__ = ["Agreement", "Column", "Derivation", "Input", "Kink", "Step", "Terms", "explain", "walk"]
