"""δ where σ is no factor of its own: a softmax's sum over its outputs, and σ′ that cancels against the cost.

docs/equations.md, 7 and 8. The cancelling is shown in lines, from the two factors to what is left of them; where
the factors are ∞ · 0 in floating point, the step says that its value is their product's limit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..equations import EQUATIONS
from ..functions import pair_of
from ..notation import Quantity
from . import remarks
from .formula import Formula, from_tex, number
from .leaves import Leaves
from .steps import Column, Kink, Step, Terms

Array = Any

# σ′ of the activations that pairs.py has rows for, with a in the place of σ(z), and what each makes of a softmax's sum.
_SLOPES = {"sigmoid": r"a^L_j\,(1 - a^L_j)", "exp": r"a^L_j", "softplus": r"\varsigma(z^L_j)"}
_ENTRY = r"a^L_i\,([i = j] - a^L_j)"


class Cancelling:
    """The steps of δ^l_j of one example; ``of_a`` opens ∂P/∂a of a neuron."""

    def __init__(self, leaves: Leaves, of_a: Callable[[int, int, int], Step]) -> None:
        self.leaves, self.flow, self.net = leaves, leaves.flow, leaves.net
        self._of_a = of_a

    def head(self) -> Formula:
        """What stands above a column of δ^L_i: a²ᵢ − yᵢ where that is all of it."""
        pair = pair_of(self.net.layers[-1], self.net.cost)
        assert pair is not None
        tex = self._known(pair.tex_delta)
        if "sum" in tex:
            return self.leaves.name(Quantity("z", self.net.L, ("i",)))
        return from_tex(self.leaves.with_output(tex, "i", None, None))

    def _known(self, tex: str) -> str:
        """With Σ y = 1 left out, where the targets are a distribution."""
        assert self.leaves.problem.Y is not None
        whole = abs(float(self.leaves.problem.Y[self.leaves.row].sum()) - 1) < 1e-12
        return tex.replace(r" \sum_i y_i", "") if whole else tex

    def mixed(self, l: int, j: int, depth: int) -> Step:
        """∂P/∂z^l_j = Σ_i ∂P/∂a_i ∂a_i/∂z_j; one entry of the Jacobian where P is one of those a_i."""
        flow, row = self.flow, self.leaves.row
        value = float(flow.to_z[l][row, j])
        by = Quantity("z", l, (j,))
        if l == flow.top and flow.of.letter == "a":
            i = int(flow.of.index[0])
            return self._entry(l, i, j, value)
        tag = "B1" if l == self.net.L else "B2"
        terms = self._terms(l, j, depth)
        columns = terms.columns
        formula = Formula(
            f"Σᵢ {' · '.join(column.symbol.text for column in columns)}",
            rf"\sum_i {' '.join(column.symbol.tex for column in columns)}",
        )
        said = "a softmax's outputs depend on every z of the layer, so the sum stays"
        return Step("sum", tag, self.leaves.name(by), formula, value, number(value), said, terms=terms)

    def _entry(self, l: int, i: int, j: int, value: float) -> Step:
        letters = self.leaves.letters
        of_i, of_j = (number(float(self.flow.a[l][self.leaves.row, one]), inside=True).tex for one in (i, j))
        same = 1 if i == j else 0
        a_i, a_j = letters("a", l, i).tex, letters("a", l, j).tex
        mask = self.flow.masks[l]
        said = "" if mask is None else "times dropout's factor"
        return Step(
            "slope", "N6", self.leaves.name(Quantity("z", l, (j,))), from_tex(rf"{a_i}\,({same} - {a_j})"), value,
            from_tex(rf"{of_i}\,({same} - {of_j})"), said,
        )  # fmt: skip

    def _terms(self, l: int, j: int, depth: int) -> Terms:
        flow, row, labels = self.flow, self.leaves.row, self.leaves.labels
        n = self.net.sizes[l]
        entry = self.leaves.letters.derivative(Quantity("a", l, ("i",)), Quantity("z", l, (j,)))
        columns = [Column(entry, self.leaves.jacobian(l)[:, j])]
        if flow.masks[l] is not None:
            columns.append(Column(self.leaves.mask_symbol(l, "i"), flow.masks[l][row]))
        columns.append(Column(self.leaves.name(Quantity("a", l, ("i",))), flow.to_a[l][row]))
        terms = np.ones(n)
        with np.errstate(invalid="ignore"):
            for column in columns:
                terms = EQUATIONS["N2"](terms, column.values)
        kinks: dict[int, Kink] = {}
        opened: dict[int, Step] = {}
        if l == self.net.L:
            kinks = {i: kink for i in range(n) if (kink := self.leaves.cost_kink(i))}
            opened = {j: self._of_a(l, j, 0)} if depth < 2 else {i: self._of_a(l, i, 0) for i in range(n)}
        elif depth > 1:
            opened = {i: self._of_a(l, i, depth - 1) for i in range(n)}
        return Terms(
            over="i", what=labels.kind(l), index=tuple(range(n)), labels=tuple(labels.short(l, i) for i in range(n)),
            columns=tuple(columns), terms=terms, opened=opened, kinks=kinks,
        )  # fmt: skip

    def cancelled(self, j: int) -> Step:
        """δ^L_j by its closed form, with the factors that cancel in it."""
        L, net = self.net.L, self.net
        pair = pair_of(net.layers[L], net.cost)
        assert pair is not None
        a, y = self.leaves.output(j)
        value = float(self.flow.to_z[L][self.leaves.row, j])
        sigma, slope = net.layers[L], self.flow.slope[L]
        parts: tuple[Step, ...] = ()
        terms = None
        if sigma.elementwise:
            cost, of_z = self.leaves.cost(j), self.leaves.slope(L, j)
            parts = (cost, of_z)
            spoilt = not np.isfinite(cost.value * float(slope[self.leaves.row, j])) or self._rounded(a)
            formula = Formula(
                f"{cost.symbol.text} · {of_z.symbol.text}", rf"{cost.symbol.tex} \cdot {of_z.symbol.tex}"
            )
        else:
            terms = self._terms(L, j, 1)
            spoilt = not bool(np.isfinite(terms.terms).all()) or self._rounded(a)
            formula = Formula(
                f"Σᵢ {' · '.join(column.symbol.text for column in terms.columns)}",
                rf"\sum_i {' '.join(column.symbol.tex for column in terms.columns)}",
            )
            terms = None if spoilt else terms
        said = (
            "σ′ cancels against the denominator of ∂C/∂a" if sigma.elementwise else "aᵢ cancels in every term"
        )
        return Step(
            "cancelled", "B1", self.leaves.name(Quantity("z", L, (j,))), formula, value,
            self._numbers(pair.tex_delta, j, a, y), remarks.limit() if spoilt else said,
            parts=parts, terms=terms, lines=self._lines(pair.tex_delta, j), limit=spoilt,
        )  # fmt: skip

    def _rounded(self, a: float) -> bool:
        """Whether the output has rounded to its end, so that what its factors are made of is lost."""
        sigma = self.net.layers[self.net.L]
        return a in (sigma.lowest, sigma.highest)

    def _lines(self, tex_delta: str, j: int) -> tuple[Formula, ...]:
        """From the factors to what is left: their formulas multiplied, and the closed form."""
        row, sigma = self.net.cost, self.net.layers[self.net.L]
        cost = row.tex_derivative
        if sigma.elementwise:
            between = rf"{self._grouped(cost)} \cdot {_SLOPES[sigma.name]}"
        else:
            between = rf"\sum_i {self._grouped(cost.replace('_j', '_i'))} \cdot {_ENTRY}"
        letters = self.leaves.letters
        whole = {"a^L_i": letters("a", self.net.L, "i").tex, "y_i": letters("y", None, "i").tex}
        lines = []
        for tex in (between, self._known(tex_delta)):
            here = tex.replace("[i = j]", rf"[i = {j}]").replace("g_j", rf"g_{{{j}}}")
            here = self.leaves.with_output(here, j, None, None, whole)
            lines.append(from_tex(here))
        return tuple(lines)

    @staticmethod
    def _grouped(tex: str) -> str:
        """In brackets where it starts with a sign, or holds a sum of its own."""
        whole = tex.startswith(r"\frac")
        return tex if whole else rf"\left({tex}\right)"

    def _numbers(self, tex_delta: str, j: int, a: float, y: float) -> Formula:
        tex = self._known(tex_delta)
        assert self.leaves.problem.Y is not None
        total = float(self.leaves.problem.Y[self.leaves.row].sum())
        if "g_j" in tex:
            return Formula("", "")
        z = float(self.flow.z[self.net.L][self.leaves.row, j])
        tex = tex.replace(r"\sum_i y_i", rf"\cdot {number(total).tex}").replace("z^L_j", number(z).tex)
        return from_tex(self.leaves.with_output(tex, j, a, y))
