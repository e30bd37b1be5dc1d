"""What JAX's autograd says, in float64, with JAX's own functions; what it lacks is written in its primitives."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .cases import Case

jax.config.update("jax_enable_x64", True)
Array = Any

ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "leaky_relu": lambda z: jax.nn.leaky_relu(z, 0.01),
    "leaky_relu(slope=0.3)": lambda z: jax.nn.leaky_relu(z, 0.3),
    "elu": jax.nn.elu,
    "elu(alpha=0.5)": lambda z: jax.nn.elu(z, 0.5),
    "selu": jax.nn.selu,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
    "gelu_tanh": lambda z: jax.nn.gelu(z, approximate=True),
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
    "softsign": jax.nn.soft_sign,
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "hard_sigmoid(slope=0.2)": lambda z: jnp.clip(0.2 * z + 0.5, 0, 1),
    "exp": jnp.exp,
    "softmax": jax.nn.softmax,
}


def _binary(a: Array, y: Array) -> Array:
    return -jnp.sum(y * jnp.log(a) + (1 - y) * jnp.log1p(-a), axis=-1)


def _huber(delta: float) -> Any:
    def f(a: Array, y: Array) -> Array:
        r = jnp.abs(a - y)
        return jnp.sum(jnp.where(r < delta, r**2 / 2, delta * (r - delta / 2)), axis=-1)

    return f


COSTS = {
    "squared_error": lambda a, y: jnp.sum((a - y) ** 2, axis=-1),
    "half_squared_error": lambda a, y: jnp.sum((a - y) ** 2, axis=-1) / 2,
    "mean_squared_error": lambda a, y: jnp.mean((a - y) ** 2, axis=-1),
    "absolute_error": lambda a, y: jnp.sum(jnp.abs(a - y), axis=-1),
    "huber": _huber(1.0),
    "huber(delta=0.3)": _huber(0.3),
    "log_cosh": lambda a, y: jnp.sum(jnp.logaddexp(a - y, y - a) - jnp.log(2.0), axis=-1),
    "binary_cross_entropy": _binary,
    "cross_entropy": lambda a, y: -jnp.sum(y * jnp.log(a), axis=-1),
    "hinge": lambda a, y: jnp.sum(jax.nn.relu(1 - y * a), axis=-1),
    "squared_hinge": lambda a, y: jnp.sum(jax.nn.relu(1 - y * a) ** 2, axis=-1),
    "poisson": lambda a, y: jnp.sum(a - y * jnp.log(a), axis=-1),
}


def objective(sigma: str, cost: str, case: Case, l1: float, l2: float) -> tuple[float, list[Any]]:
    """The objective, and its derivatives by w^1, b^1, …, w^L, b^L and x."""

    def f(parameters: list[Array], x: Array) -> Array:
        a = x
        for w, b in zip(parameters[::2], parameters[1::2], strict=True):
            a = ACTIVATIONS[sigma](a @ w.T + b)
        C = jnp.average(COSTS[cost](a, case.y), weights=case.weights)
        penalty = sum(l2 / 2 * jnp.sum(w**2) + l1 * jnp.sum(jnp.abs(w)) for w in parameters[::2])
        return C + penalty

    parameters = [jnp.asarray(part) for l in range(1, len(case.w)) for part in (case.w[l], case.b[l])]
    value, (of_parameters, of_x) = jax.value_and_grad(f, argnums=(0, 1))(parameters, jnp.asarray(case.x))
    return float(value), [np.asarray(part) for part in (*of_parameters, of_x)]
