"""The steps that rest on the network and the tables alone: weights, activations, slopes, the cost's derivative, masks.

One example's; every number comes from the flow, which took it through the registry, and every formula from the rows of
the tables, with its letters or with the numbers in their place.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..equations import EQUATIONS
from ..functions.activations import SELU_ALPHA, SELU_LAMBDA
from ..namespaces import NUMPY
from ..notation import Index, Quantity
from . import remarks
from .flow import Flow
from .formula import NOTHING, Formula, from_tex, number, product
from .letters import Letters
from .problem import Problem
from .steps import Input, Kink, Step

Array = Any
_PARAMETERS = {  # how the tables' TeX writes the parameters of a row
    "leaky_relu": {"s": "slope"},
    "hard_sigmoid": {"s": "slope"},
    "elu": {r"\alpha": "alpha"},
    "huber": {"d": "delta"},
}
_SELU = {r"\lambda": float(SELU_LAMBDA), r"\alpha": float(SELU_ALPHA)}
_NEAR = 1e-6  # how far beside a kink of the cost its one-sided slopes are read


def of_one(name: Formula) -> Formula:
    """∂C/∂w as ∂C_x/∂w: of one example of a batch."""
    return Formula(name.text.replace("∂C", "∂Cₓ", 1), name.tex.replace(r"\partial C", r"\partial C_x", 1))


def put(tex: str, letters: dict[str, str]) -> str:
    """TeX with other TeX in the place of some of its letters, where they stand alone."""
    for letter, written in letters.items():
        start = r"(?<![A-Za-z\\])" if letter[0].isalpha() else ""
        tex = re.sub(f"{start}{re.escape(letter)}(?![A-Za-z])", lambda _, put=written: put, tex)  # type: ignore[misc]
    return tex


def multiplied(tex: str) -> str:
    """Numbers in the place of letters: a point between those side by side, no brackets where there are some already."""
    tex = re.sub(r"(?<=[(\[])\((-[\d.]+)\)(?=[) ])", r"\1", tex)
    return re.sub(r"(?<!\^)(\d)(?: |\\,)(?=\d)", r"\1 \\cdot ", tex)


class Leaves:
    """The leaves of one example (``row``) of a flow."""

    def __init__(self, problem: Problem, flow: Flow, row: int) -> None:
        self.problem, self.flow, self.row = problem, flow, row
        self.net, self.labels = problem.net, problem.labels
        self.letters = Letters(self.labels)

    def name(self, by: Quantity) -> Formula:
        """∂P/∂by; ∂C_x/∂by where the example is one of many."""
        name = self.letters.derivative(self.flow.of, by)
        if self.flow.of.letter != "C" or self.problem.m == 1:
            return name
        return of_one(name)

    def activation(self, l: int, k: int) -> Step:
        """∂z/∂w = a^l_k, read."""
        value = float(EQUATIONS["N6"]("dz/dw", self.flow.a[l][self.row])[k])
        sigma = self.net.layers[l] if l else None
        said = remarks.activation(self.labels, l, k, value, sigma)
        return Step("read", "N6", self.letters("a", l, k), NOTHING, value, number(value), said)

    def one(self, l: int, j: int) -> Step:
        """∂z/∂b = 1."""
        by = self.letters.derivative(Quantity("z", l, (j,)), Quantity("b", l, (j,)))
        value = float(EQUATIONS["N6"]("dz/db"))
        return Step("read", "N6", Formula("1", "1"), by, value, number(value), "a bias adds to z as it is")

    def weight(self, l: int, i: int, k: int) -> Step:
        """∂z/∂a = w^l_ik, read."""
        value = float(EQUATIONS["N6"]("dz/da", self.flow.w[l])[i, k])
        return Step("read", "N6", self.letters("w", l, i, k), NOTHING, value, number(value))

    def slope(self, l: int, j: int) -> Step:
        """σ′(z^l_j), with its kink where z stands at one."""
        sigma = self.net.layers[l]
        z, value = float(self.flow.z[l][self.row, j]), float(self.flow.slope[l][self.row, j])
        if sigma.built_in and sigma.name == "sigmoid":
            a = float(sigma.f(NUMPY, np.float64(z)))
            shown = product([number(a), number(1 - a)])
        else:
            shown = from_tex(
                multiplied(
                    put(sigma.tex_derivative, {"z": number(z, inside=True).tex, **self._constants(sigma)})
                )
            )
        kink = self.kink(l, j)
        said = remarks.slope(sigma, z, value)
        if kink:
            said = remarks.kink(value, kink.left, kink.right, kink.where)
        return Step(
            "slope", "N6", self.letters.slope(l, j), from_tex(sigma.tex_derivative), value, shown, said,
            inputs=(Input(self.letters("z", l, j), z),), kink=kink,
        )  # fmt: skip

    def kink(self, l: int, j: int) -> Kink | None:
        """The kink of σ that z^l_j stands at, or None."""
        z = float(self.flow.z[l][self.row, j])
        at = [kink for kink in self.net.layers[l].kinks if kink.z == z]
        return Kink(at[0].left, at[0].right, f"z = {at[0].z:g}".replace("-", "−")) if at else None

    def mask(self, l: int, j: int) -> Step:
        """Dropout's factor of a^l_j."""
        value = float(self.flow.masks[l][self.row, j])
        symbol = self.mask_symbol(l, j)
        return Step("mask", "N2", symbol, NOTHING, value, number(value), remarks.mask(value))

    def mask_symbol(self, l: int, j: Index) -> Formula:
        """``r¹₃``: how dropout's factor is written."""
        plain = self.letters("a", l, j)
        return Formula("r" + plain.text[1:], "r" + plain.tex[1:])

    def cost(self, j: int) -> Step:
        """∂C/∂a^L_j, from the table of costs, with its kink where there is one."""
        row, L = self.net.cost, self.net.L
        a, y = float(self.flow.a[L][self.row, j]), float(self._wanted(j))
        value = float(self.flow.to_a[L][self.row, j])
        kink = self.cost_kink(j)
        said = remarks.kink(value, kink.left, kink.right, kink.where) if kink else remarks.cost(row, a, y)
        return Step(
            "cost", "N6", self.name(Quantity("a", L, (j,))), from_tex(self.cost_tex(j)), value,
            from_tex(self.cost_tex(j, a, y)) if row.built_in else NOTHING, said,
            inputs=(Input(self.letters("a", L, j), a), Input(self.letters("y", None, j), y)), kink=kink,
        )  # fmt: skip

    def cost_tex(self, j: Index, a: float | None = None, y: float | None = None) -> str:
        """∂C/∂a^L_j in TeX: in letters, or with the numbers of a and y in their place."""
        row = self.net.cost
        return self.with_output(row.tex_derivative, j, a, y, self._constants(row) if a is not None else {})

    def with_output(
        self, tex: str, j: Index, a: float | None, y: float | None, more: dict[str, str] | None = None
    ) -> str:
        """A formula of the tables with this output's a^L_j and y_j, or their numbers, in it."""
        L = self.net.L
        if a is None or y is None:
            letters = {"a^L_j": self.letters("a", L, j).tex, "y_j": self.letters("y", None, j).tex}
        else:
            letters = {"a^L_j": number(a, inside=True).tex, "y_j": number(y, inside=True).tex}
        letters |= {"n_L": str(self.net.sizes[-1]), "z^L_j": self.letters("z", L, j).tex, **(more or {})}
        return put(tex, letters) if a is None else multiplied(put(tex, letters))

    def cost_kink(self, j: int) -> Kink | None:
        """The kink of the cost that output j stands at, or None; its slopes are read close by on either side."""
        row, L = self.net.cost, self.net.L
        if self.problem.Y is None:
            return None
        a, y = self.flow.a[L][self.row], self.problem.Y[self.row]
        at = [kink for kink in row.kinks if kink.at(a, y)[j] == 0]
        if not at:
            return None
        step = _NEAR * max(1.0, abs(float(a[j]))) * (np.arange(len(a)) == j)
        left, right = (float(EQUATIONS["N6"]("dC/da", NUMPY, row, a + s * step, y)[j]) for s in (-1, 1))
        return Kink(left, right, at[0].where.replace("_j", ""))

    def _wanted(self, j: int) -> float:
        assert self.problem.Y is not None  # C was asked for, and names.py saw to it that there is a y
        return float(self.problem.Y[self.row, j])

    def output(self, j: int) -> tuple[float, float]:
        """a^L_j and y_j."""
        return float(self.flow.a[self.net.L][self.row, j]), self._wanted(j)

    def _constants(self, row: Any) -> dict[str, str]:
        """A row's parameters as numbers, by the letters that its TeX has for them."""
        if row.name == "selu" and row.built_in:
            return {letter: number(value).tex for letter, value in _SELU.items()}
        named = _PARAMETERS.get(row.name, {}) if row.built_in else {}
        return {letter: f"{row.parameters[name]:.4g}" for letter, name in named.items()}

    def jacobian(self, l: int) -> Array:
        """∂a^l_i/∂z^l_j of this example, (n_l, n_l)."""
        z = self.flow.z[l][self.row : self.row + 1]
        return EQUATIONS["N6"]("da/dz", NUMPY, self.net.layers[l], z, None)[0]
