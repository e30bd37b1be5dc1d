"""The lines of a solution, one neuron or path each: the equation, the same with numbers, the value.

Made from a pass (passes.py). The chain rule of one derivative with everything opened is net.explain's; the key shows
both.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..explain.formula import NOTHING, Formula, from_tex, tex_of
from ..explain.leaves import multiplied
from ..functions.pairs import pair_of
from .figures import ON_THE_WAY, decimal
from .passes import Pass
from .question import Line
from .scene import Scene, new


def put(value: float, *, inside: bool = True) -> str:
    """A number in TeX, in brackets where it is negative and stands in a product."""
    tex = tex_of(decimal(value, ON_THE_WAY))
    return f"({tex})" if inside and tex.startswith("-") else tex


def forward(scene: Scene, found: Pass, layers: Iterable[int]) -> list[Line]:
    """z and a of these layers, neuron by neuron."""
    lines = []
    for l in layers:
        w, b = scene.net.w[l], scene.net.b[l]
        for j in range(scene.net.sizes[l]):
            products = [rf"{put(v)} \cdot {put(a)}" for v, a in zip(w[j], found.a[l - 1], strict=True)]
            numbers = " + ".join([*products, put(b[j])])
            z, a = scene.symbol(("z", l, (j,))), scene.symbol(("a", l, (j,)))
            summed = from_tex(
                rf"\sum_k w^{{{l}}}_{{{scene.index[l][j]},k}} a^{{{l - 1}}}_k + b^{{{l}}}_{{{scene.index[l][j]}}}"
            )
            lines.append(Line(z, summed, from_tex(numbers), float(found.z[l][j])))
            applied = (
                NOTHING
                if not scene.net.layers[l].elementwise
                else from_tex(rf"\sigma({put(found.z[l][j], inside=False)})")
            )
            lines.append(Line(a, Formula(f"σ({z.text})", rf"\sigma({z.tex})"), applied, float(found.a[l][j])))
    return lines


def cost(scene: Scene, found: Pass) -> Line:
    """C from its formula, a term for each output."""
    tex = scene.net.cost.tex
    before, sign, of_each = tex.partition(r"\sum_j ")
    numbers = ""
    if sign and not scene.net.cost.parameters and r"\quad" not in tex:
        terms = " + ".join(_of_output(scene, found, of_each, j, numbers=True) for j in range(len(scene.y)))
        factor = _of_output(scene, found, before, 0, numbers=True)
        numbers = (
            rf"{factor}\left( {terms} \right)" if factor.strip() and len(scene.y) > 1 else f"{factor}{terms}"
        )
    return Line(Formula("C", "C"), from_tex(tex), from_tex(numbers), found.C)


def _of_output(scene: Scene, found: Pass, tex: str, j: int, *, numbers: bool) -> str:
    """A cost's TeX for output j, with its letters or with the numbers in their place."""
    a, y = found.a[-1][j], scene.y[j]
    letters = {"a^L_j": scene.quantity("a", scene.L, j).tex(), "y_j": f"y_{{{scene.index[-1][j]}}}"}
    puts = {"a^L_j": put(a), "y_j": put(y)}
    for letter, written in (puts if numbers else letters).items():
        tex = tex.replace(letter, written)
    tex = tex.replace("n_L", str(len(scene.y))) if numbers else tex
    return multiplied(tex) if numbers else tex


def delta(scene: Scene, found: Pass, l: int) -> list[Line]:
    """δ^l, neuron by neuron; hidden layers through ∂C/∂a^l."""
    net, lines = scene.net, []
    sigma = net.layers[l]
    pair = pair_of(sigma, net.cost) if l == net.L else None
    for j in range(net.sizes[l]):
        symbol, value = scene.symbol(("delta", l, (j,))), float(found.delta[l][j])
        of_a = scene.symbol(("dC_da", l, (j,)))
        if pair is not None:
            numbers = "" if r"\sum" in pair.tex_delta or r"\varsigma" in pair.tex_delta else pair.tex_delta
            numbers = _of_output(scene, found, numbers, j, numbers=True)
            formula = from_tex(_of_output(scene, found, pair.tex_delta, j, numbers=False))
            lines.append(Line(symbol, formula, from_tex(numbers), value))
            continue
        if l < net.L:
            lines.append(summed(scene, found, l, j))
        elif sigma.elementwise:
            lines.append(_last(scene, found, j))
        if not sigma.elementwise:
            mixed = from_tex(r"\sum_i \frac{\partial C}{\partial a_i} a_i ([i = j] - a_j)")
            if l == net.L:
                lines.append(_last(scene, found, j))
            lines.append(Line(symbol, mixed, NOTHING, value))
            continue
        slope = scene.symbol(("slope", l, (j,)))
        formula = Formula(f"{of_a.text} · {slope.text}", rf"{of_a.tex} \cdot {slope.tex}")
        numbers = rf"{put(found.dC_da[l][j])} \cdot {put(found.slope[l][j])}"
        lines.append(Line(symbol, formula, from_tex(numbers), value))
    return lines


def _last(scene: Scene, found: Pass, j: int) -> Line:
    """∂C/∂a^L_j from the table of costs."""
    tex, l = scene.net.cost.tex_derivative, scene.L
    numbers = "" if scene.net.cost.parameters else _of_output(scene, found, tex, j, numbers=True)
    formula = from_tex(_of_output(scene, found, tex, j, numbers=False))
    return Line(scene.symbol(("dC_da", l, (j,))), formula, from_tex(numbers), float(found.dC_da[l][j]))


def summed(scene: Scene, found: Pass, l: int, k: int) -> Line:
    """∂C/∂a^l_k: w δ of each neuron of the next layer, and what is not shown."""
    w, delta_next = scene.net.w[l + 1][:, k], found.delta[l + 1]
    products = [rf"{put(v)} \cdot {put(d)}" for v, d in zip(w, delta_next, strict=True)]
    more = ""
    if scene.rest is not None:
        products.append(put(scene.rest[l][k]))
        more = rf" + r^{{{l}}}_{{{scene.index[l][k]}}}"
    number = scene.index[l][k]
    formula = rf"\sum_i w^{{{l + 1}}}_{{i,{number}}} \delta^{{{l + 1}}}_i{more}"
    return Line(
        scene.symbol(("dC_da", l, (k,))),
        from_tex(formula),
        from_tex(" + ".join(products)),
        float(found.dC_da[l][k]),
    )


def term(scene: Scene, found: Pass, l: int, i: int, k: int) -> Line:
    """w^{l+1}_ik δ^{l+1}_i: the path from neuron k of layer l through neuron i of the next."""
    weight = scene.quantity("w", l + 1, i, k)
    delta_i = scene.symbol(("delta", l + 1, (i,)))
    symbol = from_tex(rf"\text{{path through }} z^{{{l + 1}}}_{{{scene.index[l + 1][i]}}}")
    formula = Formula(f"{weight.symbol()} · {delta_i.text}", rf"{weight.tex()} \cdot {delta_i.tex}")
    numbers = rf"{put(scene.net.w[l + 1][i, k])} \cdot {put(found.delta[l + 1][i])}"
    return Line(symbol, formula, from_tex(numbers), float(found.terms[l][i, k]))


def product(scene: Scene, found: Pass, l: int, j: int, k: int) -> Line:
    """∂C/∂w^l_jk = a^{l−1}_k δ^l_j."""
    a, d = scene.symbol(("a", l - 1, (k,))), scene.symbol(("delta", l, (j,)))
    formula = Formula(f"{a.text} · {d.text}", rf"{a.tex} \cdot {d.tex}")
    numbers = rf"{put(found.a[l - 1][k])} \cdot {put(found.delta[l][j])}"
    return Line(scene.symbol(("dw", l, (j, k))), formula, from_tex(numbers), float(found.dw[l][j, k]))


def step(scene: Scene, found: Pass, letter: str, l: int, index: tuple[int, ...]) -> Line:
    """A weight or bias after the step."""
    place = (f"new_{letter}", l, index)
    before = (scene.net.w if letter == "w" else scene.net.b)[l][index]
    slope = (found.dw if letter == "w" else found.db)[l][index]
    old = scene.symbol(place)
    by = scene.symbol((f"d{letter}", l, index))
    formula = Formula(f"{old.text} − η {by.text}", rf"{old.tex} - \eta\,{by.tex}")
    numbers = rf"{put(before, inside=False)} - {put(scene.eta)} \cdot {put(slope)}"
    return Line(new(scene, place), formula, from_tex(numbers), float(np.asarray(found.read(place))))
