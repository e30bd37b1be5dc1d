"""What each example's gradient is like, for all of a set: its length, its direction, and how much each entry varies.

No example's gradient is ever made: ∂C_x/∂w^l is a^{l−1}_k δ^l_j (B4), so its length, its product with the mean and the
sums of its squares follow from a and δ. Two passes in chunks, in float64: one for the mean, one for the angles with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import passes, use
from ..engines.numpy import quiet
from ..equations import EQUATIONS, backward, forward, mean_gradient
from ..errors import DataError
from ..inputs import batch, is_sparse
from ..namespaces import NUMPY
from ..network import LayerList, Network, Parameters
from ..targets import class_numbers
from .problem import in_precision

Array = Any


@dataclass(frozen=True, eq=False)
class PerExample:
    """Quantities of each of n examples, (n,) in float64, none of them weighted, and of the mean gradient's entries.

    ``norm`` is ‖∇C_x‖ over all weights and biases, ``norms[l]`` that of layer l. ``cosine`` is that of the angle
    between ∇C_x and the mean ∇C, NaN where one of them is 0. ``cost`` is C_x, ``outputs`` a^L (n, n_L). ``margin`` is
    by how much the right class leads the best other one (below 0: misread), None where the targets are values.
    ``known`` and ``answers`` are classes or values. Of each parameter, weighted by s_x (B5): ``mean`` is ∇C,
    ``second_moment`` the mean of (∂C_x/∂·)², ``variance`` that less the mean's square.
    """

    norm: Array
    norms: LayerList
    cosine: Array
    cost: Array
    margin: Array | None
    outputs: Array
    known: Array
    answers: Array
    mean: Parameters
    second_moment: Parameters
    variance: Parameters

    def __len__(self) -> int:
        return len(self.norm)


@dataclass(frozen=True, eq=False)
class _Chunk:
    """One pass of some rows: a[l] (a[0] may be CSR), δ[l], and C_x."""

    rows: slice
    a: list[Array]
    delta: list[Array]
    C: Array


@quiet
def per_example(net: Network, x: Any, y: Any, *, sample_weight: Any = None) -> PerExample:
    """The quantities of x, y; inputs as ``gradient`` takes them, dense, CSR or ``Pixels``.

    ``sample_weight`` weighs the examples in the mean and the moments. The variance is a difference, so what is below
    1e-16 of the second moment is lost in it. Raises DataError, and ModelError where a weight is not finite.
    """
    twin = in_precision(net, np.float64)
    X, Y = use.examples(net, x, y)
    Y = Y.astype(np.float64)
    share = passes.shares(len(Y), np.float64, sample_weight)
    n, L = len(Y), twin.L
    norms, C, outputs = np.empty((L + 1, n)), np.empty(n), np.empty((n, twin.sizes[-1]))
    mean, second = np.zeros_like(twin.theta), np.zeros_like(twin.theta)
    for chunk in _chunks(twin, X, Y):
        rows, a, delta = chunk.rows, chunk.a, chunk.delta
        _add(twin, mean, share[rows], a, delta)
        # (a_k δ_j)² = a_k² δ_j²: the mean of squares is B3 and B4 of the squares
        _add(twin, second, share[rows], [squares(one) for one in a], [None, *(d * d for d in delta[1:])])
        norms[1:, rows] = _norms(a, delta)
        C[rows], outputs[rows] = chunk.C, a[L]
    norm = lengths(norms[1:].T)
    said = passes.included(0, 0, sample_weight, None)
    return PerExample(
        norm=norm,
        norms=LayerList("norms", list(norms[1:])),
        cosine=_cosine(twin, X, Y, mean, norm),
        cost=C,
        margin=_margin(net, outputs, Y),
        outputs=outputs,
        known=use.said(net, Y),
        answers=use.said(net, outputs),
        mean=Parameters(net, mean, said),
        second_moment=Parameters(net, second, said),
        variance=Parameters(net, np.maximum(second - mean * mean, 0), said),
    )


def _chunks(net: Network, X: Array, Y: Array) -> Iterator[_Chunk]:
    """All rows, forward and back, a chunk at a time; raises DataError where an example leaves the finite numbers."""
    w, b = net.views(net.theta)
    for rows in passes.chunks(len(Y), net.sizes):
        z, a = forward(NUMPY, net.layers, w, b, batch(X, rows, net.dtype))
        delta = backward(NUMPY, net.layers, net.cost, w, z, a, Y[rows])
        C = EQUATIONS["N5"](NUMPY, net.activations[-1], net.cost, z[-1], a[-1], Y[rows])
        refuse_not_finite(range(rows.start, rows.stop), net.L, z, delta, C)
        yield _Chunk(rows, a, delta, C)


def refuse_not_finite(numbers: Any, L: int, z: Any, delta: Any, C: Array) -> None:
    """Raises DataError for the first of these examples (called ``numbers``) with a z, δ or cost that is not finite."""
    found = [(f"z[{l}]", z[l]) for l in range(1, L + 1)]
    found += [("its cost", C[:, None]), *((f"δ[{l}]", delta[l]) for l in range(L, 0, -1))]
    for what, values in found:
        broken = ~np.isfinite(values)
        if broken.any():
            row, j = (int(one) for one in np.argwhere(broken)[0])
            raise DataError(
                f"example {numbers[row]}: {what}{'' if what == 'its cost' else f'[{j}]'} is {values[row, j]}: the "
                "example and the weights that it meets are too large for the numbers there are; scale the inputs"
            )


def squares(u: Array) -> Array:
    """u ⊙ u, dense or CSR."""
    return u.multiply(u) if is_sparse(u) else u * u


def lengths(rows: Array) -> Array:
    """The length of each row, (m,), scaled so that the squares of small numbers are not lost."""
    largest = abs(rows).max(axis=1)
    scale = np.where(largest > 0, largest, 1)
    return largest * np.sqrt(np.square(rows / scale[:, None]).sum(axis=1))


def _add(net: Network, flat: Array, share: Array, a: list[Array], delta: list[Array]) -> None:
    """Adds B4 and B3 of a chunk to a flat vector in ∇C's order."""
    w, b = net.views(flat)
    of_w, of_b = mean_gradient(share, a, delta)
    for l in range(1, len(w)):
        w[l] += of_w[l]
        b[l] += of_b[l]


def _norms(a: list[Array], delta: list[Array]) -> list[Array]:
    """‖∇C_x‖ of each layer, L times (m,): Σ_jk (a_k δ_j)² + Σ_j δ_j² = (‖a‖² + 1) ‖δ‖²."""
    one = EQUATIONS["N6"]("dz/db")
    found = []
    for l in range(1, len(a)):
        into = squares(EQUATIONS["N6"]("dz/dw", a[l - 1]))
        found.append(lengths(delta[l]) * np.sqrt(into @ np.ones(into.shape[1]) + one * one))
    return found


def _cosine(net: Network, X: Array, Y: Array, mean: Array, norm: Array) -> Array:
    """⟨∇C_x, ∇C⟩ = Σ_l δᵀ (∂C/∂w) a + δ · ∂C/∂b, over the two lengths, (n,)."""
    w, b = net.views(mean)
    one = EQUATIONS["N6"]("dz/db")
    inner = np.zeros(len(Y))
    for chunk in _chunks(net, X, Y):
        for l in range(1, net.L + 1):
            along = EQUATIONS["N6"]("dz/dw", chunk.a[l - 1]) @ w[l].T + one * b[l]
            inner[chunk.rows] += EQUATIONS["N2"](chunk.delta[l], along).sum(axis=1)
    both = norm * lengths(mean[None, :])[0]
    return np.clip(np.divide(inner, both, out=np.full_like(inner, np.nan), where=both > 0), -1, 1)


def _margin(net: Network, outputs: Array, Y: Array) -> Array | None:
    """a^L of the right class less the largest of the others, (n,); of one output, twice its lead over the middle."""
    if net.task != "classes":
        return None
    right = class_numbers(net, Y)
    if outputs.shape[1] == 1:
        middle = 0.0 if net.cost.targets == "signs" else 0.5
        return 2 * (outputs[:, 0] - middle) * np.where(right, 1, -1)
    rows = np.arange(len(Y))
    others = outputs.copy()
    others[rows, right] = -np.inf
    margin: Array = outputs[rows, right] - others.max(axis=1)
    return margin
