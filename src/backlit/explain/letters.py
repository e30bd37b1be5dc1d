"""How the quantities of one problem are written: by notation, and without neurons' numbers where each layer has one.

Symbols only; their numbers are steps' matter.
"""

from __future__ import annotations

from ..notation import Derivative, Index, Letter, Quantity
from .formula import Formula
from .labels import Labels


class Letters:
    """Symbols in a notation. In a network with one neuron a layer, indices are left out, as in the note."""

    def __init__(self, labels: Labels) -> None:
        self.labels, self.notation = labels, labels.notation
        self.alone = all(n == 1 for n in labels.sizes)

    def of(self, quantity: Quantity) -> Formula:
        """A quantity as a formula."""
        plain = self.bare(quantity)
        return Formula(plain.symbol(self.notation), plain.tex(self.notation))

    def bare(self, quantity: Quantity) -> Quantity:
        """Without its index, where the network has one neuron a layer."""
        return Quantity(quantity.letter, quantity.layer, (), quantity.column) if self.alone else quantity

    def __call__(self, letter: Letter, layer: int | None = None, *index: Index) -> Formula:
        """``w²ᵢ,₁₉``."""
        return self.of(Quantity(letter, layer, index))

    def derivative(self, of: Quantity, by: Quantity) -> Formula:
        """``∂C/∂w²₃,₅``."""
        name = Derivative(self.bare(of), self.bare(by))
        return Formula(name.symbol(self.notation), name.tex(self.notation))

    def slope(self, layer: int, j: Index) -> Formula:
        """``σ′(z²₃)``."""
        inner = self("z", layer, j)
        return Formula(f"σ′({inner.text})", rf"\sigma'({inner.tex})")
