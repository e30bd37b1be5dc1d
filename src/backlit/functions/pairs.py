"""Output activation and cost computed together from z, where one after the other would lose the number.

A saturated output rounds to 0 or 1; log a is then infinite and ∂C/∂a · σ′ is ∞ · 0, although their product is an
ordinary number (NOTE.md, 7). Each row here is that product and the cost, in closed form, tested equal to the two
functions one after the other wherever those can be computed. Pairs that lose nothing have no row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..namespaces import Array, Namespace
from .activations import Activation, log_one_plus_exp, log_softmax, logistic
from .costs import Cost


@dataclass(frozen=True)
class Pair:
    """C_x, shape (…,), and δ^L, shape (…, n_L), of an activation and a cost, both from z."""

    f: Callable[[Namespace, Array, Array, Array], Array]  # f(xp, z, a, y)
    delta: Callable[[Namespace, Array, Array, Array], Array]  # delta(xp, z, a, y)
    tex_delta: str


def _sigmoid_binary(xp: Namespace, z: Array, a: Array, y: Array) -> Array:
    return xp.sum(log_one_plus_exp(xp, z) - y * z)


def _log_one_minus_softmax(xp: Namespace, z: Array) -> Array:
    """log(1 − a_j) = log Σ_{i≠j} e^{z_i} − log Σ_i e^{z_i}, the sum over i ≠ j being taken as such.

    Shifted by the largest z; where that leaves nothing of the others (j is far ahead of all), by the next largest.
    """
    largest = xp.max(z, keepdims=True)
    u = xp.exp(z - largest)
    total = xp.log(xp.sum(u, keepdims=True))
    others = u @ (1 - xp.eye(z.shape[-1], z))
    top = xp.real(z) == largest
    behind = xp.where(top, z * 0 - xp.max(-z, keepdims=True), z)
    next_largest = xp.max(behind, keepdims=True)
    rest = xp.sum(xp.where(top, z * 0, xp.exp(behind - next_largest)), keepdims=True)
    alone = others == 0
    far = next_largest - largest + xp.log(xp.where(alone, rest, rest * 0 + 1))
    return xp.where(alone, far, xp.log(xp.where(alone, others * 0 + 1, others))) - total


def _softmax_binary(xp: Namespace, z: Array, a: Array, y: Array) -> Array:
    return -xp.sum(y * log_softmax(xp, z) + (1 - y) * _log_one_minus_softmax(xp, z))


def _softmax_binary_delta(xp: Namespace, z: Array, a: Array, y: Array) -> Array:
    # a_i ∂C/∂a_i = (1−y_i) a_i/(1−a_i) − y_i, and Σ_i ∂C/∂a_i a_i ([i=j] − a_j) is a plain number again.
    odds = xp.exp(log_softmax(xp, z) - _log_one_minus_softmax(xp, z))
    g = (1 - y) * odds - y
    return g - a * xp.sum(g, keepdims=True)


def _softplus_ratio(xp: Namespace, z: Array, a: Array) -> Array:
    """σ(z)/log(1 + e^z), which tends to 1 where both vanish; below −30 it is 1 − e^z/2 to the last digit."""
    tiny = xp.real(z) < -30
    safe = xp.where(tiny, a * 0 + 1, a)
    return xp.where(tiny, 1 - xp.exp(xp.minimum(z, 0)) / 2, logistic(xp, z) / safe)


def _softplus_log(xp: Namespace, z: Array, a: Array) -> Array:
    """log log(1 + e^z), which tends to z − e^z/2 where e^z vanishes."""
    tiny = xp.real(z) < -30
    return xp.where(tiny, z - xp.exp(xp.minimum(z, 0)) / 2, xp.log(xp.where(tiny, a * 0 + 1, a)))


PAIRS: dict[tuple[str, str], Pair] = {
    ("sigmoid", "binary_cross_entropy"): Pair(
        f=_sigmoid_binary,
        delta=lambda xp, z, a, y: a - y,
        tex_delta=r"a^L_j - y_j",
    ),
    ("softmax", "cross_entropy"): Pair(
        f=lambda xp, z, a, y: -xp.sum(y * log_softmax(xp, z)),
        delta=lambda xp, z, a, y: a * xp.sum(y, keepdims=True) - y,
        tex_delta=r"a^L_j \sum_i y_i - y_j",
    ),
    ("sigmoid", "cross_entropy"): Pair(
        f=lambda xp, z, a, y: xp.sum(y * log_one_plus_exp(xp, -z)),
        delta=lambda xp, z, a, y: -y * logistic(xp, -z),
        tex_delta=r"-y_j\,(1 - a^L_j)",
    ),
    ("softmax", "binary_cross_entropy"): Pair(
        f=_softmax_binary,
        delta=_softmax_binary_delta,
        tex_delta=r"g_j - a^L_j \sum_i g_i,\quad g_i = \frac{(1 - y_i)\,a^L_i}{1 - a^L_i} - y_i",
    ),
    ("exp", "poisson"): Pair(
        f=lambda xp, z, a, y: xp.sum(a - y * z),
        delta=lambda xp, z, a, y: a - y,
        tex_delta=r"a^L_j - y_j",
    ),
    ("sigmoid", "poisson"): Pair(
        f=lambda xp, z, a, y: xp.sum(a + y * log_one_plus_exp(xp, -z)),
        delta=lambda xp, z, a, y: (a - y) * logistic(xp, -z),
        tex_delta=r"(a^L_j - y_j)\,(1 - a^L_j)",
    ),
    ("softmax", "poisson"): Pair(
        f=lambda xp, z, a, y: xp.sum(a - y * log_softmax(xp, z)),
        delta=lambda xp, z, a, y: a * xp.sum(y, keepdims=True) - y,
        tex_delta=r"a^L_j \sum_i y_i - y_j",
    ),
    ("softplus", "poisson"): Pair(
        f=lambda xp, z, a, y: xp.sum(a - y * _softplus_log(xp, z, a)),
        delta=lambda xp, z, a, y: logistic(xp, z) - y * _softplus_ratio(xp, z, a),
        tex_delta=r"\varsigma(z^L_j)\left(1 - \frac{y_j}{a^L_j}\right)",
    ),
}


def pair_of(activation: Activation, cost: Cost) -> Pair | None:
    """The row for this output activation and cost, or None where nothing is lost without one."""
    row = PAIRS.get((activation.name, cost.name))
    return row if row is not None and activation.built_in and cost.built_in else None
