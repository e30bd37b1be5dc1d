"""What neurons are called: class names at the output, columns or pixels at the input, numbers in between.

Read from the network and its recipe; a name is looked up here in both directions. How names are written as derivatives
stands in names.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..network import Network
from ..notation import Notation


@dataclass(frozen=True)
class Labels:
    """``outputs`` (n_L,) and ``inputs`` (n_0,) are names or None; ``image`` is (height, width) where inputs are pixels.

    ``mixing`` are the layers whose activation is of all their z at once: softmax.
    """

    sizes: tuple[int, ...]
    outputs: tuple[str, ...] | None
    inputs: tuple[str, ...] | None
    image: tuple[int, int] | None
    notation: Notation = "note"
    mixing: frozenset[int] = frozenset()

    @classmethod
    def of(cls, net: Network, notation: Notation) -> Labels:
        """Those of a network: a single output of a classifier stands for its second class."""
        outputs = None
        if net.classes is not None:
            named = tuple(str(name) for name in net.classes)
            outputs = named[1:] if net.sizes[-1] == 1 else named
        recipe = net.recipe
        inputs = None if recipe is None else tuple(recipe.inputs)
        mixing = frozenset(l for l, sigma in enumerate(net.activations, start=1) if not sigma.elementwise)
        return cls(net.sizes, outputs, inputs, None if recipe is None else recipe.image, notation, mixing)

    @property
    def L(self) -> int:
        """The output's layer."""
        return len(self.sizes) - 1

    def names(self, l: int) -> tuple[str, ...] | None:
        """The names of layer l's neurons, or None where they have numbers only."""
        return self.outputs if l == self.L else self.inputs if l == 0 else None

    def short(self, l: int, j: int) -> str:
        """For a table: ``"7"`` with its quotes, ``petal length``, or the number."""
        names = self.names(l)
        if names is None:
            return str(j)
        return f'"{names[j]}"' if l == self.L else names[j]

    def neuron(self, l: int, j: int) -> str:
        """In a sentence: ``pixel (1,5)``, ``hidden neuron 19``, ``neuron 4 of layer 2``, ``output "7"``."""
        if l == self.L:
            return f"output {self.short(l, j)}" if self.outputs or self.sizes[l] > 1 else "the output"
        if l == 0:
            return self.inputs[j] if self.inputs else f"input {j}" if self.sizes[0] > 1 else "the input"
        if self.sizes[l] == 1:
            return "the hidden neuron" if self.L == 2 else f"the neuron of layer {self.number(l)}"
        return f"hidden neuron {j}" if self.L == 2 else f"neuron {j} of layer {self.number(l)}"

    def kind(self, l: int) -> str:
        """What the neurons of layer l are: "output", "input", "neuron"."""
        return "output" if l == self.L else "input" if l == 0 else "neuron"

    def number(self, l: int) -> int:
        """The layer's number in this notation: the book counts from 1."""
        return l + (self.notation == "book")
