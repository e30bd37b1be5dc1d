"""The gradient that a mistake would give: the hypotheses run forwards, for worksheets and to tell mistakes apart.

The same hypotheses as the search's (slots.py), so what is made here is found there; where a mistake can be made in
several ways, the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ... import use
from ...errors import UsageError, unknown
from ...explain.problem import in_precision
from ...network import Network, Parameters
from ..mistakes import MISTAKES
from . import slots
from .setting import Setting
from .slots import Error

Array = Any
_CARRIED = {
    "y-minus-a",
    "sign-flipped",
    "factor-two",
    "factor-half",
    "batch-mean-missing",
    "batch-mean-twice",
    "output-mean",
    "output-sum",
}
_ON_DELTA = {
    "sigma-prime-missing",
    "sigma-prime-of-a",
    "sigma-for-sigma-prime",
    "sigma-prime-twice",
    "sigma-prime-of-wrong-layer",
    "sigma-prime-kept",
    "softmax-diagonal-only",
    "output-not-cost",
    "cost-of-other-name",
}
_ON_THE_WAY = {
    "w-not-transposed",
    "weights-of-wrong-layer",
    "max-over-paths",
    "post-update-weights",
    "dropout-mask-missing",
}
_IN_PRODUCT = {"index-clash", "a-of-same-layer", "a-of-wrong-layer", "z-for-a"}
_AFTERWARDS = {
    "bias-summed",
    "bias-averaged",
    "bias-first-example",
    "bias-not-summed",
    "gradient-transposed",
    "gradient-missing",
    "penalty-missing",
    "penalty-doubled",
    "penalty-sign",
    "penalty-on-biases",
    "penalty-not-scaled",
}
_OF_OUTPUT = {"y-minus-a", "output-mean", "output-sum"}  # made at the output, or not at all


def mistaken(
    net: Network,
    x: Any,
    y: Any,
    mistake: str,
    layers: Iterable[int] = (),
    *,
    l2: float = 0.0,
    eta: float | None = None,
    dropout_masks: Any = None,
) -> Parameters:
    """∇C as it comes out with one mistake (an id) in ``layers``; none are all in which it can be made.

    Raises UsageError for an unknown id, and where this network and these examples have no place for the mistake.
    """
    if mistake not in MISTAKES:
        raise unknown("mistake", mistake, MISTAKES)
    X, Y = use.examples(net, x, y)
    twin = in_precision(net, np.float64)
    share = np.full(len(Y), 1 / len(Y))
    s = Setting(
        twin, np.asarray(X, dtype=np.float64), Y.astype(np.float64), share, dropout_masks, 0.0, l2, eta
    )
    found = simulated(s, mistake, tuple(layers))
    if found is None:
        raise UsageError(
            f"{mistake!r} can't be made here: this network and these examples have no place for it"
        )
    w, b = found
    return Parameters(
        net, np.concatenate([part.reshape(-1) for pair in zip(w[1:], b[1:], strict=True) for part in pair])
    )


def simulated(
    s: Setting, mistake: str, layers: tuple[int, ...] = ()
) -> tuple[list[Array], list[Array]] | None:
    """∂C/∂w[l] and ∂C/∂b[l] with the mistake; None where it can't be made, or changes nothing."""
    places = set(layers or range(1, s.L + 1))
    if mistake in _OF_OUTPUT and s.L not in places:
        return None
    made = 0
    w: list[Array] = [None] * (s.L + 1)
    b: list[Array] = [None] * (s.L + 1)
    error: Error | None = None
    scale = _scale(s, mistake) if mistake in _CARRIED and (not layers or s.L in places) else 1.0
    for l in range(s.L, 0, -1):
        candidates: Iterator[Error] = (
            slots.at_output(s) if error is None else slots.on_the_way(_with_eta(s), l, error, w[l + 1])
        )
        wanted = (mistake,) if l in places and mistake in _ON_DELTA | _ON_THE_WAY else ()
        error, there = _chosen(list(candidates), wanted)
        made += there
        product, there = _product(s, l, error, mistake if l in places else "")
        made += there
        w[l], b[l] = scale * product, scale * (s.share @ error.delta)
        w[l] = w[l] + s.l2 * s.w[l]
        if l in places and mistake in _AFTERWARDS | _CARRIED and scale == 1.0:
            w[l], b[l], there = _afterwards(s, l, mistake, w[l], b[l], error)
            made += there
    return (w, b) if made or scale != 1.0 else None


def _with_eta(s: Setting) -> Setting:
    return s if s.eta is not None else replace(s, eta=0.1)


def _chosen(candidates: list[Error], wanted: tuple[str, ...]) -> tuple[Error, int]:
    for one in candidates:
        if (
            wanted
            and len(one.ids) == 1
            and wanted[0] in one.ids[0].split("|")
            and np.isfinite(one.delta).all()
        ):
            return one, 1
    return next(one for one in candidates if not one.ids), 0


def _product(s: Setting, l: int, error: Error, mistake: str) -> tuple[Array, int]:
    for ids, left, right in slots.weight_products(s, l, error):
        if ids == ((mistake,) if mistake in _IN_PRODUCT else ()):
            return (s.share[:, None] * left).T @ right, int(bool(ids))
    return (s.share[:, None] * error.delta).T @ s.a[l - 1], 0


def _scale(s: Setting, mistake: str) -> float:
    n = s.sizes[-1]
    return {
        "y-minus-a": -1.0,
        "sign-flipped": -1.0,
        "factor-two": 2.0,
        "factor-half": 0.5,
        "batch-mean-missing": float(s.per),
        "batch-mean-twice": 1 / s.per,
        "output-mean": 1 / n,
        "output-sum": float(n),
    }[mistake]


def _afterwards(
    s: Setting, l: int, mistake: str, w: Array, b: Array, error: Error
) -> tuple[Array, Array, int]:
    """What is done to a layer's numbers once they are there; the last says whether anything was."""
    if mistake in _CARRIED:
        scale = _scale(s, mistake)
        return scale * w, scale * b, int(scale != 1)
    if mistake == "bias-summed":
        return w, b * s.per, int(s.per > 1)
    if mistake == "bias-averaged":
        return w * s.per, b, int(s.per > 1)
    if mistake == "bias-first-example":
        return w, error.delta[0], int(s.per > 1)
    if mistake == "gradient-transposed":
        square = w.shape[0] == w.shape[1] > 1
        return (w.T if square else w), b, int(square)
    if mistake == "gradient-missing":
        return 0 * w, 0 * b, 1
    more = {
        "penalty-missing": -1.0,
        "penalty-doubled": 1.0,
        "penalty-sign": -2.0,
        "penalty-not-scaled": s.per - 1.0,
    }
    if mistake in more:
        return w + more[mistake] * s.l2 * s.w[l], b, int(bool(s.l2))
    if mistake == "penalty-on-biases":
        return w, b + s.l2 * s.b[l], int(bool(s.l2) and s.b[l].any())
    return w, b, 0
