"""Output activation and cost computed together from z, where one after the other would lose the number.

A saturated output rounds to 0 or 1; log a is then infinite and ∂C/∂a · σ′ is ∞ · 0, although their product is an
ordinary number (docs/equations.md, 7). Each row here is that product and the cost, in closed form, tested equal to
the two functions one after the other wherever those can be computed. Pairs that lose nothing have no row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..namespaces import Array, Namespace
from .activations import Activation
from .costs import Cost
from .stable import log_one_plus_exp, log_softmax, log_sum_exp, logistic, logistic_to_the_last, of_others


@dataclass(frozen=True)
class Pair:
    """C_x, shape (…,), and δ^L, shape (…, n_L), of an activation and a cost, both from z."""

    f: Callable[[Namespace, Array, Array, Array], Array]  # f(xp, z, a, y)
    delta: Callable[[Namespace, Array, Array, Array], Array]  # delta(xp, z, a, y)
    tex_delta: str


def _sigmoid_binary(xp: Namespace, z: Array, a: Array, y: Array) -> Array:
    if xp.fast:
        return xp.sum(log_one_plus_exp(xp, z) - y * z)
    # the same without its cancellation: every term is ≥ 0
    return xp.sum(xp.log1p(xp.exp(-xp.abs(z))) + (1 - y) * xp.maximum(z, 0) - y * xp.minimum(z, 0))


def _sigmoid_minus_y(xp: Namespace, z: Array, a: Array, y: Array) -> Array:
    """a − y; where a has rounded to 1, as (1 − y) a − y (1 − a), 1 − a being σ(−z)."""
    return a - y if xp.fast else (1 - y) * a - y * logistic(xp, -z)


def _softmax_minus_y(xp: Namespace, z: Array, a: Array, y: Array) -> Array:
    """a_j Σ_i y_i − y_j; where a_j has rounded to 1, as a_j Σ_{i≠j} y_i − y_j Σ_{i≠j} a_i."""
    if xp.fast:
        return a * xp.sum(y, keepdims=True) - y
    return a * of_others(xp, y) - y * of_others(xp, a)


def _leader(xp: Namespace, z: Array, a: Array) -> tuple[Array, Array, Array]:
    """Where an a_i is nearly 1: its place, log Σ_{k≠i} e^{z_k} (…, 1), and a_k/(1 − a_i) of each other k."""
    ahead = xp.real(a) > 0.75  # so far ahead of the others that there is no second such
    least = -xp.max(-z, keepdims=True)
    behind = xp.where(ahead, z * 0 + least, z)
    second = xp.max(behind, keepdims=True)
    u = xp.where(ahead, z * 0, xp.exp(behind - second))
    total = xp.sum(u, keepdims=True)
    return ahead, second + xp.log(total), u / total


def _softmax_binary(xp: Namespace, z: Array, a: Array, y: Array) -> Array:
    ahead, log_others, _ = _leader(xp, z, a)
    largest = xp.max(z, keepdims=True)
    far = log_others - largest - log_sum_exp(xp, z - largest)
    log_one_minus_a = xp.where(ahead, far, xp.log1p(-xp.where(ahead, a * 0, a)))
    return -xp.sum(y * log_softmax(xp, z) + (1 - y) * log_one_minus_a)


def _softmax_binary_delta(xp: Namespace, z: Array, a: Array, y: Array) -> Array:
    # δ_j = g_j − a_j Σ_i g_i of tex_delta below, where g_i (1 − a_i) = (1−y_i) a_i − y_i (1−a_i), and the leader's
    # a_i/(1 − a_i), which may overflow, is met only in its product with a_j.
    ahead, _, share = _leader(xp, z, a)
    near = xp.where(ahead, a * 0, a)
    g = (1 - y) * near / (1 - near) - y
    leads = xp.sum((1 - y) * (a - near), keepdims=True)
    return (1 - y) * a - y * of_others(xp, a) - a * of_others(xp, g) - leads * share


def _softplus_ratio(xp: Namespace, z: Array, a: Array) -> Array:
    """σ(z)/log(1 + e^z), which is 1 where both vanish."""
    gone = a == 0
    return xp.where(gone, 1, logistic_to_the_last(xp, z) / xp.where(gone, a * 0 + 1, a))


def _softplus_log(xp: Namespace, z: Array, a: Array) -> Array:
    """log log(1 + e^z), by its series z − u/2 + 5u²/24 − … in u = e^z where a may lose digits on its way to 0."""
    tiny = xp.real(z) < -80
    u = xp.exp(xp.minimum(z, 0))
    return xp.where(tiny, z - u / 2 + 5 * u * u / 24, xp.log(xp.where(tiny, a * 0 + 1, a)))


PAIRS: dict[tuple[str, str], Pair] = {
    ("sigmoid", "binary_cross_entropy"): Pair(
        f=_sigmoid_binary,
        delta=_sigmoid_minus_y,
        tex_delta=r"a^L_j - y_j",
    ),
    ("softmax", "cross_entropy"): Pair(
        f=lambda xp, z, a, y: -xp.sum(y * log_softmax(xp, z)),
        delta=_softmax_minus_y,
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
        delta=lambda xp, z, a, y: _sigmoid_minus_y(xp, z, a, y) * logistic(xp, -z),
        tex_delta=r"(a^L_j - y_j)\,(1 - a^L_j)",
    ),
    ("softmax", "poisson"): Pair(
        f=lambda xp, z, a, y: xp.sum(a - y * log_softmax(xp, z)),
        delta=_softmax_minus_y,
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
