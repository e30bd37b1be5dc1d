"""What a sheet is about: a small network with printed numbers, one example, η, and what is not shown of a larger one.

Numbers here are exactly those that the sheet prints, so its answers follow from the paper alone. A part of a wide model
keeps the neurons' numbers (``index``); what all others do at this example stands in the biases on the way forward, and
in ``rest`` on the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..explain.formula import Formula
from ..network import Network
from ..notation import Derivative, Letter, Quantity

Array = Any
Place = tuple[
    str, int, tuple[int, ...]
]  # a letter of passes.Pass, a layer, and an index; () is the whole array
_BY: dict[str, Letter] = {"dw": "w", "db": "b", "delta": "z", "dC_da": "a"}
_PLAIN: dict[str, Letter] = {"z": "z", "a": "a", "new_w": "w", "new_b": "b"}


@dataclass(frozen=True, eq=False)
class Scene:
    """``net`` with x (n_0,), y (n_L,) and η; ``index[l]`` are its neurons' numbers, ``rest[l]`` (n_l,) or None.

    ``rest[l]`` is what the paths through neurons that are not shown add to ∂C/∂a^l. ``whole`` is the model's own
    network with its x and y, where the scene was made from one, and ``source`` says what it is of.
    """

    net: Network
    x: Array
    y: Array
    eta: float
    index: tuple[tuple[int, ...], ...]
    rest: tuple[Array, ...] | None = None
    whole: tuple[Network, Array, Array] | None = None
    source: str = ""
    neurons: tuple[tuple[str, ...] | None, ...] = ()

    @property
    def L(self) -> int:
        """The output's layer."""
        return self.net.L

    @property
    def part(self) -> bool:
        """Whether neurons of the model are left out."""
        return self.rest is not None

    def quantity(self, letter: Letter, l: int, *index: int) -> Quantity:
        """A quantity under its number in the whole network."""
        layers = (l, l - 1) if letter == "w" else (l,)
        numbers = (self.index[layer][one] for layer, one in zip(layers, index, strict=False))
        return Quantity(letter, l, tuple(numbers))

    def named(self, place: Place) -> Derivative | Quantity:
        """What stands at a place of a pass."""
        letter, l, index = place
        if letter == "C":
            return Quantity("C")
        if letter == "slope":
            return Derivative(self.quantity("a", l, *index), self.quantity("z", l, *index))
        if letter in _PLAIN:
            return self.quantity(_PLAIN[letter], l, *index)
        return Derivative(Quantity("C"), self.quantity(_BY[letter], l, *index))

    def name(self, place: Place) -> str:
        """As ``backlit explain`` reads it: ``dC/dw[1][0,1]``; the terms of a sum have no name of their own there."""
        if place[0] == "terms":
            return f"terms of {self.name(('dC_da', place[1], place[2]))}"
        return self.named(place).text()

    def symbol(self, place: Place) -> Formula:
        """As people write it: δ for ∂C/∂z, σ′(z) for ∂a/∂z."""
        letter, l, index = place
        if letter == "delta":
            found: Derivative | Quantity = self.quantity("delta", l, *index)
        elif letter == "slope":
            z = self.quantity("z", l, *index)
            return Formula(f"σ′({z.symbol()})", rf"\sigma'({z.tex()})")
        else:
            found = self.named(place)
        return Formula(found.symbol(), found.tex())


def new(scene: Scene, place: Place) -> Formula:
    """A parameter after the step: ``w²₀,₁ (new)``."""
    symbol = scene.symbol(place)
    return Formula(f"{symbol.text} (new)", rf"{symbol.tex}\text{{ (new)}}")
