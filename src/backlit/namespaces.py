"""The array namespaces that the equations run on: NumPy, complex NumPy, 50-digit numbers, JAX.

Each offers the same dozen functions, so that one page of equations serves for training, for complex-step proofs and
for proofs in high precision. Array creation, shapes and ``@`` are the arrays' own. Nothing here knows of networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from .errors import UsageError, missing

Array = Any  # an array of any namespace: NumPy (real, complex, object) or JAX
Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Namespace:
    """What the equations ask of an array library. ``sum`` and ``max`` reduce the last axis unless told otherwise."""

    name: str
    exp: Function
    expm1: Function
    log: Function
    log1p: Function
    tanh: Function
    erfc: Function
    abs: Function  # u·sign(Re u) for complex u, so that it stays analytic away from 0
    sign: Function
    step: Function  # 1 where Re u > 0, else 0, in u's own dtype
    maximum: Function
    minimum: Function
    where: Function
    real: Function  # what comparisons look at
    sum: Function
    max: Function
    eye: Function  # eye(n, like): the identity matrix in the dtype of ``like``
    constant: Function  # a decimal string in the namespace's own precision
    pi: Any = math.pi
    fast: bool = False  # of two ways that differ by rounding, take the quicker one (σ′ from a, for instance)


_add_up: Function = np.add.reduce  # what np.sum and np.max come to in the end, without their wrapping
_largest: Function = np.maximum.reduce


def _sum(u: Array, axis: int = -1, keepdims: bool = False) -> Array:
    return _add_up(u, axis=axis, keepdims=keepdims)


def _max(u: Array, axis: int = -1, keepdims: bool = False) -> Array:
    return _largest(u, axis=axis, keepdims=keepdims)


def _erfc(u: Array) -> Array:
    from scipy.special import erfc

    return erfc(u)


NUMPY = Namespace(
    name="numpy",
    exp=np.exp,
    expm1=np.expm1,
    log=np.log,
    log1p=np.log1p,
    tanh=np.tanh,
    erfc=_erfc,
    abs=np.abs,
    sign=np.sign,
    step=lambda u: (u > 0).astype(u.dtype),
    maximum=np.maximum,
    minimum=np.minimum,
    where=np.where,
    real=lambda u: u,
    sum=_sum,
    max=_max,
    eye=lambda n, like: np.eye(n, dtype=like.dtype),
    constant=float,
)
NUMPY_FAST = replace(NUMPY, fast=True)

COMPLEX = replace(
    NUMPY,
    name="complex",
    abs=lambda u: u * np.sign(np.real(u)),
    sign=lambda u: np.sign(np.real(u)).astype(complex),
    step=lambda u: (np.real(u) > 0).astype(complex),
    maximum=lambda u, v: np.where(np.real(u) >= np.real(v), u, v),
    minimum=lambda u, v: np.where(np.real(u) <= np.real(v), u, v),
    real=np.real,
    max=lambda u, axis=-1, keepdims=False: _max(np.real(u), axis, keepdims),
)


@cache
def mpmath_namespace(digits: int = 50) -> Namespace:
    """Object arrays of mpmath numbers, each operation at ``digits`` decimal digits; needs the extra ``verify``.

    The precision is the namespace's own: mpmath's global context is not touched. Raises UsageError for digits beyond
    100, to which the closed forms of the tables are good.
    """
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 100:
        raise UsageError(f"digits is a whole number from 1 to 100; got {digits!r}")
    try:
        from mpmath import MPContext
    except ImportError as reason:
        raise missing("mpmath", "verify", "arithmetic in high precision") from reason
    mp = MPContext()
    mp.dps = digits

    def each(function: Function) -> Function:
        return np.frompyfunc(function, 1, 1)

    return replace(
        NUMPY,
        name=f"mpmath, {digits} digits",
        exp=each(mp.exp),
        expm1=each(mp.expm1),
        log=each(mp.log),
        log1p=each(mp.log1p),
        tanh=each(mp.tanh),
        erfc=each(mp.erfc),
        abs=each(abs),
        sign=each(mp.sign),
        step=each(lambda u: mp.mpf(1 if u > 0 else 0)),
        eye=lambda n, like: each(mp.mpf)(np.eye(n, dtype=int)),
        constant=mp.mpf,
        pi=+mp.pi,
    )


@cache
def jax_namespace() -> Namespace:
    """The same functions from ``jax.numpy``, so that JAX can trace the equations; needs the extra ``jax``."""
    try:
        import jax.numpy as jnp
        from jax.scipy.special import erfc
    except ImportError as reason:
        raise missing("jax", "jax", "the JAX namespace") from reason
    return Namespace(
        name="jax",
        exp=jnp.exp,
        expm1=jnp.expm1,
        log=jnp.log,
        log1p=jnp.log1p,
        tanh=jnp.tanh,
        erfc=erfc,
        abs=jnp.abs,
        sign=jnp.sign,
        step=lambda u: (u > 0).astype(u.dtype),
        maximum=jnp.maximum,
        minimum=jnp.minimum,
        where=jnp.where,
        real=lambda u: u,
        sum=lambda u, axis=-1, keepdims=False: jnp.sum(u, axis=axis, keepdims=keepdims),
        max=lambda u, axis=-1, keepdims=False: jnp.max(u, axis=axis, keepdims=keepdims),
        eye=lambda n, like: jnp.eye(n, dtype=like.dtype),
        constant=float,
    )
