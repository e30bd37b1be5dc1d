"""THE NOTE: every equation that Backlit computes with, once, under its tag.

Everything else is an execution or a reading of this page: engines run it, the explainer prints it, proofs run it on
complex and on 50-digit numbers. So it takes its array namespace ``xp`` as an argument, and holds no validation and no
optimisation. Letters are the note's; lists of layers are indexed by l, so that ``w[l]`` is w^l and ``w[0]`` is None.

One place differs from the note: an example is a row here, so the note's ``w a + b`` reads ``a @ w.T + b``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .functions import Activation, Cost, pair_of
from .namespaces import Array, Namespace
from .registry import (
    EQUATIONS as EQUATIONS,  # noqa: PLC0414  (it belongs to this page)
    equation,
)

Lists = Any  # indexed by l; entry 0 is None where the quantity starts at layer 1


@equation(r"w^l_{jk},\; b^l_j,\; z^l_j,\; a^l_j", 'the note, "Notation"')
def N1(sizes: Sequence[int], l: int) -> dict[str, tuple[int, ...]]:
    """What the letters name in layer l: the shapes of w^l, (n_l, n_{l−1}), and of b^l, z^l and a^l, (n_l,)."""
    n = sizes[l]
    return {"w": (n, sizes[l - 1]), "b": (n,), "z": (n,), "a": (n,)}


@equation(r"(s \odot t)_j = s_j t_j", "the note, eq. 28")
def N2(s: Array, t: Array) -> Array:
    """s ⊙ t, entry by entry: (1, 2) ⊙ (3, 4) = (3, 8)."""
    return s * t


@equation(r"a^l_j = \sigma\left(\sum_k w^l_{jk} a^{l-1}_k + b^l_j\right)", "the note, eq. 23")
def N3(xp: Namespace, sigma: Activation, w_j: Array, a_before: Array, b_j: Array) -> Array:
    """a^l_j of one neuron; w_j and a_before are (…, n_{l−1}), σ elementwise."""
    return sigma.f(xp, xp.sum(w_j * a_before) + b_j)


@equation(r"z^l = w^l a^{l-1} + b^l,\quad a^l = \sigma(z^l)", "the note, eq. 25")
def N4(xp: Namespace, sigma: Activation, w: Array, a_before: Array, b: Array) -> tuple[Array, Array]:
    """z^l and a^l of a batch, (m, n_l) each; the note's w a + b reads a @ w.T + b."""
    z = a_before @ w.T + b
    return z, sigma.f(xp, z)


@equation(r"C_x = \sum_j (a^L_j - y_j)^2", 'the note, "basic equations"; other costs by name')
def N5(xp: Namespace, sigma: Activation, cost: Cost, z: Array, a: Array, y: Array) -> Array:
    """C_x of each row, (m,): the named cost, from z where that is needed to keep the number (pairs.py)."""
    pair = pair_of(sigma, cost)
    return pair.f(xp, z, a, y) if pair else cost.f(xp, a, y)


_LOCAL: dict[str, Callable[..., Array]] = {
    "dz/dw": lambda a_before: a_before,
    "dz/db": lambda: 1,
    "dz/da": lambda w: w,
    "da/dz": lambda xp, sigma, z, a: sigma.slope(xp, z, a),
    "dC/da": lambda xp, cost, a, y: cost.derivative(xp, a, y),
}


@equation(
    r"∂z_j/∂w_{jk} = a_k,\; ∂z_j/∂b_j = 1,\; ∂z_j/∂a_k = w_{jk},\; ∂a_j/∂z_j = \sigma'(z_j),\;"
    r"∂C_x/∂a^L_j = 2(a^L_j - y_j)",
    'the note, "computing relevant derivatives"',
)
def N6(which: str, *of: Any) -> Array:
    """One of the five local derivatives: "dz/dw", "dz/db", "dz/da", "da/dz" or "dC/da" (of the named cost)."""
    return _LOCAL[which](*of)


@equation(
    r"∂C_x/∂w = a^{L-1} \sigma'(z)\, 2(a-y),\; ∂C_x/∂b = 1 \cdot \sigma'(z)\, 2(a-y),\;"
    r"∂C_x/∂a^{L-1} = w\, \sigma'(z)\, 2(a-y)",
    'the note, "sensitive to weights", "sensitive to biases", "backpropagation"',
)
def N7(a_before: Array, w: Array, da_dz: Array, dC_da: Array) -> tuple[Array, Array, Array]:
    """One neuron a layer: ∂C_x/∂w, ∂C_x/∂b and ∂C_x/∂a^{L−1}, each a product of three factors."""
    last = N2(da_dz, dC_da)
    return N6("dz/dw", a_before) * last, N6("dz/db") * last, N6("dz/da", w) * last


@equation(
    r"\nabla C = \left(∂C/∂w^1, ∂C/∂b^1, \dots, ∂C/∂w^L, ∂C/∂b^L \right)",
    'the note, "what the derivatives mean"',
)
def N8(w: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    """What belongs to w^l and b^l, in ∇C's order; each w is then read in row order."""
    return [part for layer in zip(w[1:], b[1:], strict=True) for part in layer]


@equation(
    r"∂C_x/∂a^{L-1}_k = \sum_j w^L_{jk} \sigma'(z^L_j) ∂C_x/∂a^L_j", 'the note, "influence multiple path"'
)
def N9(w: Array, da_dz: Array, dC_da: Array) -> Array:
    """The terms of the sum, (…, n_l, n_{l−1}): row j, column k is the path from a_k through z_j."""
    return N6("dz/da", w) * N2(da_dz, dC_da)[..., :, None]


@equation(r"∂C_x/∂w^l_{jk} = a^{l-1}_k \sigma'(z^l_j) ∂C_x/∂a^l_j", "the note, last section")
def N10(a_before: Array, da_dz: Array, dC_da: Array) -> Array:
    """∂C_x/∂w^l of each example, (…, n_l, n_{l−1})."""
    return N6("dz/dw", a_before)[..., None, :] * N2(da_dz, dC_da)[..., :, None]


@equation(
    r"∂C_x/∂a^l_j = \sum_i w^{l+1}_{ij} \sigma'(z^{l+1}_i) ∂C_x/∂a^{l+1}_i,\; 2(a^L_j - y_j) \text{ at } l = L",
    "the note, last section, its index mended",
)
def N11(w_next: Array, delta_next: Array) -> Array:
    """∂C_x/∂a^l, (m, n_l), for l < L; δ^{l+1}_i stands for σ′(z_i) ∂C_x/∂a_i, and (w)ᵀ δ reads δ @ w."""
    return delta_next @ N6("dz/da", w_next)


def through(xp: Namespace, sigma: Activation, z: Array, a: Array, dC_da: Array, mask: Array = None) -> Array:
    """From ∂C_x/∂a to ∂C_x/∂z of one layer: ⊙ σ′(z), or the Jacobian's sum where σ is not elementwise."""
    if mask is not None:
        dC_da, a = N2(dC_da, mask), None  # a was masked after σ: its slope is taken from z
    if sigma.pullback is None:
        return N2(dC_da, N6("da/dz", xp, sigma, z, a))
    return sigma.pullback(xp, sigma.f(xp, z) if a is None else a, dC_da)


@equation(r"\delta^L = \nabla_a C_x \odot \sigma'(z^L)", "the book, BP1")
def B1(xp: Namespace, sigma: Activation, cost: Cost, z: Array, a: Array, y: Array) -> Array:
    """δ^L, (m, n_L); from z at once where the two factors lose their product (pairs.py)."""
    pair = pair_of(sigma, cost)
    return pair.delta(xp, z, a, y) if pair else through(xp, sigma, z, a, N6("dC/da", xp, cost, a, y))


@equation(r"\delta^l = \left((w^{l+1})^T \delta^{l+1}\right) \odot \sigma'(z^l)", "the book, BP2")
def B2(
    xp: Namespace, sigma: Activation, w_next: Array, delta_next: Array, z: Array, a: Array, mask: Array
) -> Array:
    """δ^l, (m, n_l), from δ^{l+1}; ``mask`` is dropout's, or None."""
    return through(xp, sigma, z, a, N11(w_next, delta_next), mask)


@equation(r"∂C_x/∂b^l_j = \delta^l_j", "the book, BP3")
def B3(share: Array, delta: Array) -> Array:
    """∂C/∂b^l, (n_l,): the mean over the rows, weighted by ``share`` (m,)."""
    return B5(share, delta)


@equation(r"∂C_x/∂w^l_{jk} = a^{l-1}_k \delta^l_j", "the book, BP4")
def B4(share: Array, a_before: Array, delta: Array) -> Array:
    """∂C/∂w^l, (n_l, n_{l−1}): the mean over the rows, weighted by ``share`` (m,)."""
    return N2(share[:, None], delta).T @ a_before


@equation(r"C = \frac{\sum_x s_x C_x}{\sum_x s_x},\; v \to v - \eta \nabla C", "the book, ch. 1; s_x is ours")
def B5(share: Array, of_each: Array) -> Array:
    """The mean over the rows of C_x or a derivative; ``share`` (m,) is s_x / Σ s_x. Steps are optimizers.py's."""
    return share @ of_each


@equation(r"C + \frac{l_2}{2} \sum w^2 + l_1 \sum \lvert w \rvert", "the book, ch. 3; its λ is l2 = λ/n")
def R1(xp: Namespace, which: str, w: Array, l1: float, l2: float) -> Array:
    """Of one layer's weights, never biases: what is added to C ("value"), or to ∂C/∂w ("gradient"); abs′(0) = 0."""
    if which == "value":
        return xp.sum((l2 / 2 * w * w + l1 * xp.abs(w)).reshape(-1))
    return l2 * w + l1 * xp.sign(w)


def forward(
    xp: Namespace, sigma: Lists, w: Lists, b: Lists, x: Array, masks: Lists = None
) -> tuple[Lists, Lists]:
    """z[l] and a[l] of a batch, each (m, n_l), a[0] being x; ``masks[l]`` (m, n_l) multiplies a[l] (dropout)."""
    z, a = [None], [x if masks is None or masks[0] is None else N2(x, masks[0])]
    for l in range(1, len(w)):
        z_l, a_l = N4(xp, sigma[l], w[l], a[l - 1], b[l])
        z.append(z_l)
        a.append(a_l if masks is None or masks[l] is None else N2(a_l, masks[l]))
    return z, a


def backward(
    xp: Namespace, sigma: Lists, cost: Cost, w: Lists, z: Lists, a: Lists, y: Array, masks: Lists = None
) -> Lists:
    """δ[l] of a batch, each (m, n_l), from the last layer to the first; all with the weights as they are."""
    L = len(w) - 1
    delta = [None] * L + [B1(xp, sigma[L], cost, z[L], a[L], y)]
    for l in range(L - 1, 0, -1):
        mask = None if masks is None else masks[l]
        delta[l] = B2(xp, sigma[l], w[l + 1], delta[l + 1], z[l], a[l], mask)
    return delta


def mean_gradient(share: Array, a: Lists, delta: Lists) -> tuple[Lists, Lists]:
    """∂C/∂w[l] and ∂C/∂b[l] of a batch: B4 and B3, layer by layer."""
    layers = range(1, len(a))
    of_w = [B4(share, a[l - 1], delta[l]) for l in layers]
    return [None, *of_w], [None, *(B3(share, delta[l]) for l in layers)]
