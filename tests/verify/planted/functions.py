"""Activations and costs in NumPy, written for the planted implementations: σ and σ′ of z, C_x and ∂C_x/∂a."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any
LEAK = 0.01


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z: Array) -> Array:
    return sigmoid(z) * (1 - sigmoid(z))


def tanh_prime(z: Array) -> Array:
    return 1 - np.tanh(z) ** 2


def relu(z: Array) -> Array:
    return np.where(z > 0, z, 0 * z)


def relu_prime(z: Array) -> Array:
    return (z > 0).astype(z.dtype)


def leaky(z: Array) -> Array:
    return np.where(z > 0, z, LEAK * z)


def leaky_prime(z: Array) -> Array:
    return np.where(z > 0, 1.0, LEAK).astype(z.dtype)


def softplus(z: Array) -> Array:
    return np.logaddexp(0, z)


def normal(z: Array) -> Array:
    """Φ(z), the normal distribution function."""
    return np.vectorize(lambda one: 0.5 * (1 + math.erf(one / math.sqrt(2))))(z).astype(z.dtype)


def gelu(z: Array) -> Array:
    return z * normal(z)


def gelu_prime(z: Array) -> Array:
    return normal(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def identity(z: Array) -> Array:
    return z


def one(z: Array) -> Array:
    return np.ones_like(z)


SIGMA = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": relu,
    "leaky_relu": leaky,
    "softplus": softplus,
    "gelu": gelu,
    "identity": identity,
}
SIGMA_PRIME = {
    "sigmoid": sigmoid_prime,
    "tanh": tanh_prime,
    "relu": relu_prime,
    "leaky_relu": leaky_prime,
    "softplus": sigmoid,
    "gelu": gelu_prime,
    "identity": one,
}


def softmax(z: Array, axis: int) -> Array:
    powers = np.exp(z - z.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def cost_of_each(cost: str, a: Array, y: Array) -> Array:
    """C_x, (m,), of rows."""
    if cost == "squared_error":
        return ((a - y) ** 2).sum(axis=1)
    if cost == "half_squared_error":
        return ((a - y) ** 2).sum(axis=1) / 2
    if cost == "mean_squared_error":
        return ((a - y) ** 2).mean(axis=1)
    if cost == "binary_cross_entropy":
        return -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(axis=1)
    return -(y * np.log(a)).sum(axis=1)


def dC_da(cost: str, a: Array, y: Array, outputs: int) -> Array:
    """∂C_x/∂a, in the shape of ``a``, whichever axis the examples are."""
    if cost == "squared_error":
        return 2 * (a - y)
    if cost == "half_squared_error":
        return a - y
    if cost == "mean_squared_error":
        return 2 * (a - y) / outputs
    if cost == "binary_cross_entropy":
        return (a - y) / (a * (1 - a))
    if cost == "absolute_error":
        return np.sign(a - y)
    if cost == "log_cosh":
        return np.tanh(a - y)
    return -y / a


CANCELS = {("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy")}  # δ^L = a − y
