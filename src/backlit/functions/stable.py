"""What several rows are made of, computed so that nothing overflows and nothing is lost: logistic, softmax, y log a.

No rows stand here, and nothing that only one of them needs.
"""

from __future__ import annotations

from ..namespaces import Array, Namespace


def logistic(xp: Namespace, z: Array) -> Array:
    """1/(1 + e^{−z}). Fast namespaces let e^{−z} overflow to infinity, of which 0 is the right reciprocal."""
    return 1 / (1 + xp.exp(-z)) if xp.fast else logistic_to_the_last(xp, z)


def logistic_to_the_last(xp: Namespace, z: Array) -> Array:
    """1/(1 + e^{−z}), below 0 as e^z/(1 + e^z), which keeps its digits until e^z itself vanishes."""
    u = xp.exp(-xp.abs(z))
    return xp.where(xp.real(z) > 0, 1, u) / (1 + u)


def logistic_slope(xp: Namespace, z: Array) -> Array:
    """e^{−|z|}/(1 + e^{−|z|})²: σ(1−σ) without the cancellation of 1−σ for large z."""
    u = xp.exp(-xp.abs(z))
    return u / ((1 + u) * (1 + u))


def log_one_plus_exp(xp: Namespace, z: Array) -> Array:
    """log(1 + e^z) = max(z, 0) + log(1 + e^{−|z|}), so that nothing overflows."""
    return xp.maximum(z, 0) + xp.log1p(xp.exp(-xp.abs(z)))


def softmax(xp: Namespace, z: Array) -> Array:
    """e^{z_j} / Σ_i e^{z_i} over the last axis, shifted by the largest z so that nothing overflows."""
    u = xp.exp(z - xp.max(z, keepdims=True))
    return u / xp.sum(u, keepdims=True)


def log_softmax(xp: Namespace, z: Array) -> Array:
    """The logarithm of softmax, finite for every finite z, and to the last digit where it is nearly 0."""
    shifted = z - xp.max(z, keepdims=True)
    if xp.fast:
        return shifted - xp.log(xp.sum(xp.exp(shifted), keepdims=True))
    return shifted - log_sum_exp(xp, shifted)


def log_sum_exp(xp: Namespace, shifted: Array) -> Array:
    """log Σ_i e^{z_i}, the largest z_i being 0, as log(1 + the rest): (…, 1)."""
    first = 1 - xp.step(-shifted)  # 1 at the largest, or largest ones
    rest = xp.where(xp.real(shifted) == 0, xp.expm1(shifted), xp.exp(shifted))  # e^0 − 1 is 0, and of slope 1
    return xp.log1p(xp.sum(rest, keepdims=True) + (xp.sum(first, keepdims=True) - 1))


def of_others(xp: Namespace, u: Array) -> Array:
    """Σ_{i≠j} u_i over the last axis, without the cancellation of (Σ_i u_i) − u_j."""
    return u @ (1 - xp.eye(u.shape[-1], u))


def times_log(xp: Namespace, y: Array, a: Array) -> Array:
    """y log a, and 0 where y is 0 whatever a is."""
    absent = y == 0
    return xp.where(absent, a * 0, y * xp.log(xp.where(absent, a * 0 + 1, a)))


def over(xp: Namespace, y: Array, a: Array) -> Array:
    """y/a, and 0 where y is 0 whatever a is."""
    absent = y == 0
    return xp.where(absent, a * 0, y / xp.where(absent, a * 0 + 1, a))
