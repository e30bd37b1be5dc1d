"""Whole blocks and slices as arrays: dC/dw[2], dC/dw[2][3,:], dC/dx; for one example, or for a batch at once.

The same equations as a single number's, on whole layers: N10 as an outer product, N11 as a matrix product. Nothing is
opened further; ask for one entry to see its chain.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..equations import EQUATIONS
from ..notation import Quantity
from .formula import NOTHING, Formula, product
from .leaves import Leaves
from .opening import index_of, product_of
from .steps import Step

Array = Any


class Blocks:
    """Arrays of derivatives of one flow, laid out as steps."""

    def __init__(self, leaves: Leaves, split: bool) -> None:
        self.leaves, self.flow, self.letters = leaves, leaves.flow, leaves.letters
        self.share = leaves.problem.share
        self.split = split  # whether σ′ and ∂P/∂a are factors of their own in this layer

    def one(self, by: Quantity) -> Step:
        """A block of one example."""
        if by.letter == "w":
            return self._of_w(by)
        if by.letter == "b":
            l, j = by.layer or 0, self._entry(by, 0)
            value = EQUATIONS["B3"](np.ones(1), self.flow.to_z[l])[j]
            return product_of("B3", self.leaves.name(by), self._after(l, j), value)
        if by.letter == "z":
            l, j = by.layer or 0, self._entry(by, 0)
            return product_of("B2", self.leaves.name(by), self._after(l, j), self.flow.to_z[l][0, j])
        return self._of_a(by)

    def _entry(self, by: Quantity, axis: int) -> int | slice:
        return index_of(by.index[axis]) if by.index else slice(None)

    def _of_w(self, by: Quantity) -> Step:
        """N10, an outer product: row j holds what enters neuron j."""
        l, j, k = by.layer or 0, self._entry(by, 0), self._entry(by, 1)
        both = isinstance(j, slice) and isinstance(k, slice)
        a = self.flow.a[l - 1][0, k]
        read = Step("read", "N6", self.letters.of(Quantity("a", l - 1)), NOTHING, a[None, :] if both else a)
        after = self._after(l, j)
        if both:
            after = tuple(_tall(step) for step in after)
        if self.split:
            value = EQUATIONS["N10"](self.flow.a[l - 1][0], *self._split_rows(l))[j, k]
        else:
            value = EQUATIONS["B4"](np.ones(1), self.flow.a[l - 1], self.flow.to_z[l])[j, k]
        return product_of("N10" if self.split else "B4", self.leaves.name(by), (read, *after), value)

    def _split_rows(self, l: int) -> tuple[Array, Array]:
        slope, mask = self.flow.slope[l][0], self.flow.masks[l]
        return (slope if mask is None else EQUATIONS["N2"](slope, mask[0])), self.flow.to_a[l][0]

    def _after(self, l: int, j: int | slice) -> tuple[Step, ...]:
        """∂P/∂z of the layer as its factors."""
        if not self.split:
            name = self.leaves.name(Quantity("z", l))
            return (Step("unopened", "B2", name, NOTHING, self.flow.to_z[l][0, j]),)
        z = self.letters.of(Quantity("z", l))
        slope = Formula(f"σ′({z.text})", rf"\sigma'({z.tex})")
        steps = [Step("slope", "N6", slope, NOTHING, self.flow.slope[l][0, j])]
        if self.flow.masks[l] is not None:
            steps.append(
                Step("mask", "N2", self.leaves.mask_symbol(l, ":"), NOTHING, self.flow.masks[l][0, j])
            )
        name = self.leaves.name(Quantity("a", l))
        steps.append(Step("unopened", "N11", name, NOTHING, self.flow.to_a[l][0, j]))
        return tuple(steps)

    def _of_a(self, by: Quantity) -> Step:
        """N11 as a matrix product: (w^{l+1})ᵀ times ∂P/∂z^{l+1}."""
        l, k = by.layer or 0, self._entry(by, 0)
        name, value = self.leaves.name(by), self.flow.to_a[l][0, k]
        masked = by.letter == "x" and self.flow.masks[0] is not None
        if l == self.leaves.net.L:
            return Step("cost", "N6", name, NOTHING, value)
        w = self.letters.of(Quantity("w", l + 1))
        turned = Formula(f"({w.text})ᵀ", rf"({w.tex})^T")
        delta = self.leaves.name(Quantity("z", l + 1))
        parts = (
            Step("read", "N6", turned, NOTHING, EQUATIONS["N6"]("dz/da", self.flow.w[l + 1])[:, k].T),
            Step("unopened", "B2", delta, NOTHING, self.flow.to_z[l + 1][0]),
        )
        inner = self.leaves.name(Quantity("a", 0)) if masked else name
        matrix = Step("matrix", "N11", inner, product([turned, delta]), value, parts=parts)
        if not masked:
            return matrix
        mask = Step("mask", "N2", self.leaves.mask_symbol(0, ":"), NOTHING, self.flow.masks[0][0, k])
        return product_of("N2", name, (mask, matrix), EQUATIONS["N2"](mask.value, value))

    def batch(self, by: Quantity) -> Step:
        """∂C/∂w or ∂C/∂b of a batch: B4 and B3, the mean taken in them."""
        l, flow = by.layer or 0, self.flow
        j = self._entry(by, 0)
        x = Formula("ₓ", "")
        delta = self.leaves.name(Quantity("z", l))
        shared = EQUATIONS["N2"](self.share[:, None], flow.to_z[l])
        weighted = Formula(f"(s ⊙ {delta.text})ᵀ", rf"(s \odot {delta.tex})^T")
        left = Step("unopened", "B2", weighted, NOTHING, shared[:, j])
        if by.letter == "b":
            one = Step("read", "N6", Formula("1", "1"), NOTHING, np.ones(len(self.share)))
            value = EQUATIONS["B3"](self.share, flow.to_z[l])[j]
            formula = Formula(f"Σ{x.text} s{x.text} {delta.text}", rf"\sum_x s_x {delta.tex}")
            return Step(
                "outer", "B3", self.letters.derivative(flow.of, by), formula, value, parts=(left, one)
            )
        k = self._entry(by, 1)
        symbol = self.letters.of(Quantity("a", l - 1))
        a = Step("read", "N6", symbol, NOTHING, flow.a[l - 1][:, k])
        value = EQUATIONS["B4"](self.share, flow.a[l - 1], flow.to_z[l])[j, k]
        return Step(
            "outer",
            "B4",
            self.letters.derivative(flow.of, by),
            product([weighted, symbol]),
            value,
            parts=(left, a),
        )

    def each(self, by: Quantity) -> Array:
        """(m, …): every example's own."""
        l, flow = by.layer or 0, self.flow
        if by.letter == "w":
            whole = EQUATIONS["N10"](flow.a[l - 1], np.ones_like(flow.to_z[l]), flow.to_z[l])
            return whole[:, self._entry(by, 0), self._entry(by, 1)]
        if by.letter in ("b", "z"):
            return flow.to_z[l][:, self._entry(by, 0)]
        values = flow.to_a[l]
        if by.letter == "x" and flow.masks[0] is not None:
            values = EQUATIONS["N2"](flow.masks[0], values)
        return values[:, self._entry(by, 0)]


def _tall(step: Step) -> Step:
    """As a column, (n_l, 1)."""
    return Step(step.kind, step.tag, step.symbol, step.formula, np.asarray(step.value)[:, None])
