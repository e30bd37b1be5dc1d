"""What comes before what: whether P can depend on Q at all. Where it can't, the derivative is 0 whatever the numbers.

Structure only; no number of the network is looked at.
"""

from __future__ import annotations

from ..errors import UsageError
from ..notation import Derivative, Quantity
from .labels import Labels


def refuse_zero(derivative: Derivative, labels: Labels, name: str) -> None:
    """Raises UsageError that explains a derivative which is 0 (or, of a quantity by itself, 1) by structure."""
    of, by = derivative.of, derivative.by
    if of.letter == "C" or by.letter == "raw":
        return
    if of.layer == 0:
        raise UsageError(
            f"{name!r} is 0: {of.text(labels.notation)} is an input, given with the example, and depends on nothing"
        )
    shown = f"{name!r} is 0 whatever the numbers"
    if of == by:
        raise UsageError(f"{name!r} is 1: a quantity by itself")
    if _place(by) >= _place(of):
        if (of.letter, of.layer) == (by.letter, by.layer):
            raise UsageError(f"{shown}: the neurons of one layer do not depend on one another")
        raise UsageError(
            f"{shown}: {_words(by, labels)} comes after {of.text(labels.notation)}, and what comes "
            "later changes nothing before it"
        )
    sees_all = of.letter == "a" and of.layer in labels.mixing  # softmax; its numbers will show
    if by.layer == of.layer and by.index and by.index[0] not in (":", of.index[0]) and not sees_all:
        raise UsageError(
            f"{shown}: {by.text(labels.notation)} belongs to neuron {by.index[0]} of the layer and "
            f"{of.text(labels.notation)} is neuron {of.index[0]}; neurons of one layer do not see one another"
        )


def _place(quantity: Quantity) -> float:
    """The order of a forward pass: x, then of each layer w and b, z, a."""
    layer = quantity.layer or 0
    return 3 * layer + {"w": 0, "b": 0, "z": 1, "a": 2, "x": 2}[quantity.letter]


def _words(quantity: Quantity, labels: Labels) -> str:
    text = quantity.text(labels.notation)
    if quantity.letter in ("w", "b"):
        return f"{text} enters layer {labels.number(quantity.layer or 0)}, which"
    return text
