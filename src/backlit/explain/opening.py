"""One derivative by one quantity for one example, opened factor by factor: the chain rule of N7, N10 and N11 as steps.

From Q the chain goes through the z it enters, σ′ there, and the sum over the next layer, as deep as is asked for; the
step of a neuron is made once, however many sums need it. Leaves stand in leaves.py, sums over a softmax's outputs and
what cancels against a cost in cancelling.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..equations import EQUATIONS
from ..functions import pair_of
from ..notation import Index, Quantity
from .cancelling import Cancelling
from .flow import Flow
from .formula import NOTHING, Formula, from_tex, number, product
from .leaves import Leaves
from .problem import Problem
from .steps import Column, Kink, Step, Terms

Array = Any


class Opening:
    """Derivations of one example. ``depth`` is how many sums stand below one another, each opened in the last."""

    def __init__(self, problem: Problem, flow: Flow, row: int) -> None:
        self.problem, self.flow, self.row = problem, flow, row
        self.leaves = Leaves(problem, flow, row)
        self.letters, self.net = self.leaves.letters, problem.net
        self._cancelling = Cancelling(self.leaves, self.of_a)
        self._made: dict[tuple[str, int, int], Step] = {}
        self._labelled: dict[int, tuple[str, ...]] = {}
        self._kinked: dict[int, dict[int, Kink]] = {}

    def root(self, by: Quantity, depth: int) -> Step:
        """∂P/∂by of one number."""
        index = [int(entry) for entry in by.index]
        l = by.layer or 0
        if by.letter == "w":
            return self._of_w(l, index[0], index[1], depth)
        if by.letter == "b":
            return self._of_b(l, index[0], depth)
        if by.letter == "z":
            return self.of_z(l, index[0], depth)
        if by.letter == "x":
            return self._of_x(index[0], depth)
        return self.of_a(l, index[0], depth)

    def _of_w(self, l: int, j: int, k: int, depth: int) -> Step:
        factors = (self.leaves.activation(l - 1, k), *self.chain(l, j, depth))
        by = Quantity("w", l, (j, k))
        if self._three(l):
            tag, value = "N7", self._n7(l)[0]
        elif self.splits(l) and self.flow.masks[l] is None:
            tag, value = "N10", EQUATIONS["N10"](*self._rows(l))[j, k]
        else:
            one = np.ones(1)
            a, delta = self._row(self.flow.a[l - 1]), self._row(self.flow.to_z[l])
            tag, value = "B4", EQUATIONS["B4"](one, a, delta)[j, k]
        return self._product(tag, by, factors, float(value))

    def _of_b(self, l: int, j: int, depth: int) -> Step:
        factors = (self.leaves.one(l, j), *self.chain(l, j, depth))
        if self._three(l):
            return self._product("N7", Quantity("b", l, (j,)), factors, float(self._n7(l)[1]))
        value = float(EQUATIONS["B3"](np.ones(1), self._row(self.flow.to_z[l]))[j])
        return self._product("B3", Quantity("b", l, (j,)), factors, value)

    def _of_x(self, k: int, depth: int) -> Step:
        """By the input itself: a^0, and before dropout where that drops inputs."""
        if self.flow.masks[0] is None:
            return self.of_a(0, k, depth, letter="x")
        factors = (self.leaves.mask(0, k), self.of_a(0, k, depth))
        value = float(EQUATIONS["N2"](self.flow.masks[0][self.row, k], self.flow.to_a[0][self.row, k]))
        return self._product("N2", Quantity("x", None, (k,)), factors, value)

    def of_z(self, l: int, j: int, depth: int) -> Step:
        """∂P/∂z^l_j."""
        if ("z", l, j) not in self._made:
            self._made["z", l, j] = self._make_z(l, j, depth)
        return self._made["z", l, j]

    def _make_z(self, l: int, j: int, depth: int) -> Step:
        if self._cancels(l):
            return self._cancelling.cancelled(j)
        if not self.elementwise(l):
            return self._cancelling.mixed(l, j, depth)
        tag = "N6" if l == self.flow.top and self.flow.of.letter == "a" else "B1" if l == self.net.L else "B2"
        value = float(self.flow.to_z[l][self.row, j])
        return self._product(tag, Quantity("z", l, (j,)), self.chain(l, j, depth), value)

    def chain(self, l: int, j: int, depth: int) -> tuple[Step, ...]:
        """The factors of ∂P/∂z^l_j: σ′, dropout's, ∂P/∂a; or ∂P/∂z as one where σ is no factor of its own."""
        of = self.flow.of
        if l == self.flow.top and of.letter == "z":
            return ()
        if self._cancels(l) or not self.elementwise(l):
            return (self.of_z(l, j, depth),)
        mask = () if self.flow.masks[l] is None else (self.leaves.mask(l, j),)
        if l == self.flow.top and of.letter == "a":
            return (self.leaves.slope(l, j), *mask)
        return (self.leaves.slope(l, j), *mask, self.of_a(l, j, depth))

    def of_a(self, l: int, k: int, depth: int, letter: str = "a") -> Step:
        """∂P/∂a^l_k; one that is not to be opened is its value alone."""
        if ("a", l, k) not in self._made:
            self._made["a", l, k] = self._make_a(l, k, depth, "x" if letter == "x" else "a")
        return self._made["a", l, k]

    def _make_a(self, l: int, k: int, depth: int, letter: Any) -> Step:
        if l == self.net.L:
            return self.leaves.cost(k)
        by = Quantity("x", None, (k,)) if letter == "x" else Quantity("a", l, (k,))
        after, value = l + 1, float(self.flow.to_a[l][self.row, k])
        i = self._only(after)
        if i is not None:
            factors = (self.leaves.weight(after, i, k), *self.chain(after, i, depth))
            tag = "N7" if self._three(after) else "N6" if len(factors) == 1 else "N11"
            return self._product(tag, by, factors, value)
        if depth < 1:
            return Step("unopened", "N11", self.leaves.name(by), NOTHING, value, number(value))
        return self._sum(by, l, k, value, depth)

    def _only(self, l: int) -> int | None:
        """The neuron of layer l that every path goes through, where there is one only."""
        of = self.flow.of
        if l == self.flow.top and of.letter != "C" and (of.letter == "z" or self.elementwise(l)):
            return int(of.index[0])
        return 0 if self.net.sizes[l] == 1 else None

    def _sum(self, by: Quantity, l: int, k: int, value: float, depth: int) -> Step:
        """Σ over the neurons of the next layer, one path through each."""
        after = l + 1
        columns, factors = self.columns(after, k)
        formula = product(factors)
        terms = Terms(
            over="i",
            what=self.problem.labels.kind(after),
            index=tuple(range(self.net.sizes[after])),
            labels=self._labels(after),
            columns=columns,
            terms=self._terms(after, k),
            opened=self._opened(after, depth),
            kinks=self._kinks(after),
        )
        what = Formula(f"Σᵢ {formula.text}", rf"\sum_i {formula.tex}")
        return Step("sum", "N11", self.leaves.name(by), what, value, number(value), terms=terms)

    def columns(self, after: int, k: int) -> tuple[tuple[Column, ...], list[Formula]]:
        """The factors of each term, as columns of numbers, and as they stand in the sum's formula."""
        w = Column(self.letters("w", after, "i", k), EQUATIONS["N6"]("dz/da", self.flow.w[after])[:, k])
        if self._cancels(after) or not self.elementwise(after):
            plain = self.leaves.name(Quantity("z", after, ("i",)))
            shown = self._cancelling.head() if self._cancels(after) else plain
            return (w, Column(shown, self.flow.to_z[after][self.row])), [w.symbol, plain]
        slope = Column(self.letters.slope(after, "i"), self.flow.slope[after][self.row])
        mask = self.flow.masks[after]
        masked = () if mask is None else (Column(self.leaves.mask_symbol(after, "i"), mask[self.row]),)
        plain = self.leaves.name(Quantity("a", after, ("i",)))
        shown = from_tex(self.leaves.cost_tex("i")) if after == self.net.L else plain
        last = Column(shown, self.flow.to_a[after][self.row])
        symbols = [w.symbol, slope.symbol, *(column.symbol for column in masked), plain]
        return (w, slope, *masked, last), symbols

    def _terms(self, after: int, k: int) -> Array:
        """N9: the path from a_k through each z_i of the next layer, (n_l,)."""
        if self._cancels(after) or not self.elementwise(after):
            slope, to_a = np.ones(self.net.sizes[after]), self.flow.to_z[after][self.row]
        else:
            slope, to_a = self.flow.slope[after][self.row], self.flow.to_a[after][self.row]
            if self.flow.masks[after] is not None:
                slope = EQUATIONS["N2"](slope, self.flow.masks[after][self.row])
        return EQUATIONS["N9"](self.flow.w[after][:, k : k + 1], slope, to_a)[:, 0]

    def _opened(self, after: int, depth: int) -> dict[int, Step]:
        """What stands behind the last column: all of it where depth asks, else the first output where σ′ cancels."""
        rows: Iterable[int] = range(self.net.sizes[after]) if depth > 1 else ()
        if self._cancels(after) or not self.elementwise(after):
            rows = rows or (int(np.argmax(np.abs(self.flow.to_z[after][self.row]))),)
            return {i: self.of_z(after, i, depth - 1) for i in rows}
        return {i: self.of_a(after, i, depth - 1) for i in rows}

    def _labels(self, l: int) -> tuple[str, ...]:
        """What the rows of a sum over layer l are called, made once for the layer."""
        if l not in self._labelled:
            self._labelled[l] = tuple(self.problem.labels.short(l, i) for i in range(self.net.sizes[l]))
        return self._labelled[l]

    def _kinks(self, l: int) -> dict[int, Kink]:
        """Which factors of a sum over layer l stand at a kink, found once for the layer."""
        if l not in self._kinked:
            self._kinked[l] = dict(self._found_kinks(l)) if self.elementwise(l) else {}
        return self._kinked[l]

    def _found_kinks(self, l: int) -> Iterable[tuple[int, Kink]]:
        at_cost = l == self.net.L and self.flow.of.letter == "C" and bool(self.net.cost.kinks)
        if not (at_cost or self.net.layers[l].kinks):
            return
        for i in range(self.net.sizes[l]):
            kink = (self.leaves.cost_kink(i) if at_cost else None) or self.leaves.kink(l, i)
            if kink:
                yield i, kink

    def elementwise(self, l: int) -> bool:
        """Whether σ of layer l acts on each z alone: not softmax."""
        return bool(self.net.layers[l].elementwise)

    def splits(self, l: int) -> bool:
        """Whether σ′ and ∂P/∂a of layer l are factors of their own, rather than ∂P/∂z one."""
        behind = l < self.flow.top or self.flow.of.letter == "C"
        return behind and self.elementwise(l) and not self._cancels(l)

    def _cancels(self, l: int) -> bool:
        """Whether δ^l is taken from z at once (pairs.py)."""
        at_cost = l == self.net.L and self.flow.of.letter == "C"
        return at_cost and pair_of(self.net.layers[l], self.net.cost) is not None

    def _three(self, l: int) -> bool:
        """Whether this is the note's single neuron: three factors, N7."""
        plain = self.elementwise(l) and not self._cancels(l) and self.flow.masks[l] is None
        return self.letters.alone and plain and l <= self.flow.top and self.flow.of.letter == "C"

    def _n7(self, l: int) -> tuple[float, float, float]:
        f, r = self.flow, self.row
        of_w, of_b, of_a = EQUATIONS["N7"](f.a[l - 1][r, 0], f.w[l][0, 0], f.slope[l][r, 0], f.to_a[l][r, 0])
        return float(of_w), float(of_b), float(of_a)

    def _row(self, values: Array) -> Array:
        return values[self.row : self.row + 1]

    def _rows(self, l: int) -> tuple[Array, Array, Array]:
        f, r = self.flow, self.row
        return f.a[l - 1][r], f.slope[l][r], f.to_a[l][r]

    def _product(self, tag: str, by: Quantity, factors: tuple[Step, ...], value: float) -> Step:
        return product_of(tag, self.leaves.name(by), factors, value)


def product_of(tag: str, symbol: Formula, factors: tuple[Step, ...], value: Any) -> Step:
    """A step whose value is the product of its parts."""
    single = all(np.ndim(factor.value) == 0 for factor in factors)
    numbers = (
        product(number(factor.value, inside=place > 0) for place, factor in enumerate(factors))
        if single
        else NOTHING
    )
    shown = product(factor.factor for factor in factors)
    return Step("product", tag, symbol, shown, value, numbers, parts=factors)


def index_of(entry: Index) -> int | slice:
    """An index of a name for an array: ":" is all."""
    return slice(None) if isinstance(entry, str) else entry
