"""How a network's weights and biases start: one table, each row with its formula and source.

Each layer draws from a stream of its own. ``w`` is drawn as (n_out, n_in) in float64 and cast last, so that a seed
means the same start in every dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import UsageError
from .functions import Activation
from .options import build_option
from .randomness import stream

Array = Any
Scheme = Callable[["np.random.Generator", int, int], tuple[Array, Array]]  # (rng, n_out, n_in) → w, b


def _normal(rng: np.random.Generator, n_out: int, n_in: int, deviation: float) -> tuple[Array, Array]:
    return rng.normal(0.0, deviation, (n_out, n_in)), np.zeros(n_out)


def _uniform(rng: np.random.Generator, n_out: int, n_in: int, bound: float) -> tuple[Array, Array]:
    return rng.uniform(-bound, bound, (n_out, n_in)), np.zeros(n_out)


def _book_original() -> Scheme:
    """w, b ~ N(0, 1): the book, ch. 1."""
    return lambda rng, n_out, n_in: (rng.normal(0.0, 1.0, (n_out, n_in)), rng.normal(0.0, 1.0, n_out))


def _book_better() -> Scheme:
    """w ~ N(0, 1/n_in), b ~ N(0, 1): the book, ch. 3, "Weight initialization"."""
    return lambda rng, n_out, n_in: (
        rng.normal(0.0, 1 / math.sqrt(n_in), (n_out, n_in)),
        rng.normal(0.0, 1.0, n_out),
    )


def _xavier_normal() -> Scheme:
    """w ~ N(0, 2/(n_in + n_out)), b = 0: Glorot & Bengio 2010."""
    return lambda rng, n_out, n_in: _normal(rng, n_out, n_in, math.sqrt(2 / (n_in + n_out)))


def _xavier_uniform() -> Scheme:
    """w ~ U(±√(6/(n_in + n_out))), b = 0: Glorot & Bengio 2010."""
    return lambda rng, n_out, n_in: _uniform(rng, n_out, n_in, math.sqrt(6 / (n_in + n_out)))


def _he_normal() -> Scheme:
    """w ~ N(0, 2/n_in), b = 0: He et al. 2015."""
    return lambda rng, n_out, n_in: _normal(rng, n_out, n_in, math.sqrt(2 / n_in))


def _he_uniform() -> Scheme:
    """w ~ U(±√(6/n_in)), b = 0: He et al. 2015."""
    return lambda rng, n_out, n_in: _uniform(rng, n_out, n_in, math.sqrt(6 / n_in))


def _lecun_normal() -> Scheme:
    """w ~ N(0, 1/n_in), b = 0: LeCun et al. 1998; what selu asks for."""
    return lambda rng, n_out, n_in: _normal(rng, n_out, n_in, math.sqrt(1 / n_in))


def _lecun_uniform() -> Scheme:
    """w ~ U(±√(3/n_in)), b = 0: LeCun et al. 1998."""
    return lambda rng, n_out, n_in: _uniform(rng, n_out, n_in, math.sqrt(3 / n_in))


def _orthogonal(gain: float = 1.0) -> Scheme:
    """w has orthonormal rows or columns, times ``gain``; b = 0: Saxe, McClelland & Ganguli 2014."""
    _number("orthogonal", "gain", gain)

    def draw(rng: np.random.Generator, n_out: int, n_in: int) -> tuple[Array, Array]:
        tall = rng.normal(0.0, 1.0, (max(n_out, n_in), min(n_out, n_in)))
        q, r = np.linalg.qr(tall)
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # makes the draw uniform over orthogonal matrices
        return gain * (q if n_out >= n_in else q.T), np.zeros(n_out)

    return draw


def _zeros() -> Scheme:
    """w = 0, b = 0: all neurons of a layer then stay alike; for demonstrations and for one layer."""
    return lambda rng, n_out, n_in: (np.zeros((n_out, n_in)), np.zeros(n_out))


def _constant(value: float = 0.1) -> Scheme:
    """w = b = ``value``."""
    _number("constant", "value", value)
    return lambda rng, n_out, n_in: (np.full((n_out, n_in), float(value)), np.full(n_out, float(value)))


def _number(row: str, parameter: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise UsageError(f"{row} needs a finite number for {parameter}; got {parameter}={value!r}")


INITIALISATIONS: dict[str, Callable[..., Scheme]] = {
    "book_original": _book_original,
    "book_better": _book_better,
    "xavier_normal": _xavier_normal,
    "xavier_uniform": _xavier_uniform,
    "he_normal": _he_normal,
    "he_uniform": _he_uniform,
    "lecun_normal": _lecun_normal,
    "lecun_uniform": _lecun_uniform,
    "orthogonal": _orthogonal,
    "zeros": _zeros,
    "constant": _constant,
}

_SUITED = {
    **dict.fromkeys(("sigmoid", "hard_sigmoid", "tanh", "softsign"), "book_better"),
    **dict.fromkeys(("relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "softplus"), "he_normal"),
    "selu": "lecun_normal",
}


def suited(activation: Activation) -> str:
    """What ``init="auto"`` takes for a layer, by its own activation.

    The book's better one for sigmoid, hard_sigmoid, tanh and softsign; He's normal for relu and its kin; LeCun's normal
    for selu; Xavier's normal for all others (identity, softmax, exp, a user's own).
    """
    return _SUITED.get(activation.name, "xavier_normal") if activation.built_in else "xavier_normal"


def initialise(init: str, sizes: Sequence[int], activations: Sequence[Any], seed: int) -> list[Array]:
    """[w^1, b^1, …, w^L, b^L] in float64; ``activations[l]`` is layer l's. Raises UsageError for an unknown name."""
    parts: list[Array] = []
    for l in range(1, len(sizes)):
        name = suited(activations[l]) if init == "auto" else init
        scheme = build_option("initialisation", name, INITIALISATIONS)
        parts.extend(scheme(stream(seed, "initialisation", l), sizes[l], sizes[l - 1]))
    return parts


def check_scheme(init: object) -> str:
    """``init`` as a valid option; raises UsageError that lists the names."""
    if not isinstance(init, str):
        raise UsageError(
            "init is 'auto', a name such as 'he_normal', or an option such as 'constant(value=0.1)'; "
            f"for arrays of your own give theta=[w1, b1, …]. Got {init!r}"
        )
    if init != "auto":
        build_option("initialisation", init, INITIALISATIONS)
    return init
