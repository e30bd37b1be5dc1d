"""How each mistake of table.py changes the numbers: the ways in which z^l, a^l or a^0 may have been made.

Each is written here once, from its own definition. Which of them explains the numbers is searched elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...functions import ACTIVATIONS, Activation, as_activation
from ...namespaces import NUMPY
from ...network import Network
from .given import Station

Array = Any
State = dict[Station, Array]
_OPTIONS = (*ACTIVATIONS, "hard_sigmoid(slope=0.2)", "leaky_relu(slope=0.1)", "leaky_relu(slope=0.2)")
OTHERS = tuple((option, as_activation(option)) for option in _OPTIONS)


@dataclass(frozen=True)
class Way:
    """One way to make an array: ``mistake`` is "" for the right one; ``detail`` a word or two about this one."""

    mistake: str
    layer: int
    out: Array = field(repr=False)
    detail: str = ""
    value: float | None = None
    theirs: str = ""  # the name of the activation that was found


@dataclass(frozen=True)
class Setting:
    """The network in float64, masks by layer (None: no dropout), the batch's size, and raw inputs where known."""

    net: Network
    w: list[Array]
    b: list[Array]
    masks: list[Array] | None
    m: int
    raw: Array | None = None
    eps: float = 2.0**-52  # the relative rounding of their numbers

    @property
    def spread(self) -> float:
        """Of what should be one number: how far its values may lie apart, relatively."""
        return max(1e-9, 256 * self.eps)

    def mask(self, l: int) -> Array | None:
        return None if self.masks is None else self.masks[l]


def ways(setting: Setting, station: Station, state: State) -> Iterator[Way]:
    """All ways to a station from what is known; the right one comes first."""
    letter, l = station
    if letter == "z":
        yield from _of_z(setting, l, state)
    elif l == 0:
        yield from _of_inputs(setting, state["x", 0])
    else:
        yield from _of_a(setting, l, state)


def _of_z(setting: Setting, l: int, state: State) -> Iterator[Way]:
    w, b, u = setting.w[l], setting.b[l], state["a", l - 1]
    n, n_before = w.shape
    z = u @ w.T
    yield Way("", l, z + b)
    yield Way("forward-bias-missing", l, z)
    yield Way("forward-bias-twice", l, z + 2 * b)
    yield Way("forward-bias-subtracted", l, z - b)
    if n_before > 1:
        yield Way(
            "forward-factor",
            l,
            z / n_before + b,
            "a mean over the inputs in place of their sum",
            1 / n_before,
        )
        yield Way("forward-factor", l, z / n_before**0.5 + b, "the sum divided by √n", n_before**-0.5)
    if setting.m == n > 1:
        yield Way("forward-bias-wrong-axis", l, z + b[:, None])
    if n == n_before > 1:
        yield Way("forward-w-transposed", l, u @ w + b)
    elif min(n, n_before) > 1:
        yield Way("forward-w-reshaped", l, u @ w.reshape(n_before, n) + b)
    for k in range(1, setting.net.L + 1):
        if k == l:
            continue
        if setting.w[k].shape == w.shape:
            other = u @ setting.w[k].T
            yield Way("forward-weights-of-wrong-layer", l, other + b, f"w of layer {k}")
            yield Way("forward-weights-of-wrong-layer", l, other + setting.b[k], f"w and b of layer {k}")
        if setting.b[k].shape == b.shape:
            yield Way("forward-bias-of-wrong-layer", l, z + setting.b[k], f"b of layer {k}")
    for (letter, k), v in state.items():
        if (letter, k) in (("a", l - 1), ("x", 0)) or k >= l or v.shape[1] != n_before:
            continue
        name = "forward-z-for-a" if (letter, k) == ("z", l - 1) else "forward-input-of-wrong-layer"
        yield Way(name, l, v @ w.T + b, f"{letter} of layer {k}")


def _of_a(setting: Setting, l: int, state: State) -> Iterator[Way]:
    z, mask = state["z", l], setting.mask(l)
    sigma: Activation = setting.net.layers[l]
    a = sigma.f(NUMPY, z)
    if mask is None:
        yield Way("", l, a)
    else:
        kept = mask != 0
        yield Way("", l, a * mask)
        yield Way("forward-dropout-missing", l, a)
        yield Way("forward-dropout-not-scaled", l, a * kept)
        yield Way(
            "forward-dropout-scaled-wrong", l, a * np.divide(kept, mask, where=kept, out=np.zeros_like(mask))
        )
        yield Way("forward-dropout-before-activation", l, sigma.f(NUMPY, z * mask))
    for one in _unmasked(setting, sigma, l, z):
        yield one if mask is None else Way(one.mistake, l, one.out * mask, one.detail, one.value, one.theirs)


def _unmasked(setting: Setting, sigma: Activation, l: int, z: Array) -> Iterator[Way]:
    a = sigma.f(NUMPY, z)
    if sigma.name == "softmax":
        yield from _softmax(setting, l, z)
    if sigma.name != "identity":
        yield Way("forward-activation-missing", l, z)
        yield Way("forward-activation-twice", l, sigma.f(NUMPY, a))
    yield Way("forward-z-sign", l, sigma.f(NUMPY, -z))
    if sigma.elementwise:
        yield Way("forward-slope-for-activation", l, sigma.slope(NUMPY, z, None))
    yield Way("forward-bias-after-activation", l, a + setting.b[l])
    for option, other in OTHERS:
        if (
            other.option == sigma.option
            or other.name == "identity"
            or (option == "softmax" and z.shape[1] < 2)
        ):
            continue
        yield Way("forward-wrong-activation", l, other.f(NUMPY, z), theirs=option)
    top = z.max(axis=1, keepdims=True)
    log_softmax = z - top - np.log(np.exp(z - top).sum(axis=1, keepdims=True))
    yield Way("forward-wrong-activation", l, log_softmax, theirs="log softmax")


def _softmax(setting: Setting, l: int, z: Array) -> Iterator[Way]:
    if setting.m > 1:
        u = np.exp(z - z.max(axis=0, keepdims=True))
        yield Way("forward-softmax-axis", l, u / u.sum(axis=0, keepdims=True), "over the examples")
        u = np.exp(z - z.max())
        yield Way("forward-softmax-axis", l, u / u.sum(), "over examples and neurons together")
    yield Way("forward-softmax-not-normalised", l, np.exp(z))
    u = np.exp(z.astype(np.float32 if setting.eps > 1e-10 else np.float64)).astype(np.float64)
    naive = u / u.sum(axis=1, keepdims=True)
    if not np.isfinite(naive).all():
        yield Way("forward-softmax-overflow", l, naive)


def _of_inputs(setting: Setting, x: Array) -> Iterator[Way]:
    mask = setting.mask(0)
    yield Way("", 0, x if mask is None else x * mask)
    if mask is not None:
        yield Way("forward-dropout-missing", 0, x)
        yield Way("forward-dropout-not-scaled", 0, x * (mask != 0))
    for detail, value, other in _scales(setting, x):
        yield Way("forward-inputs-not-scaled", 0, other if mask is None else other * mask, detail, value)


def _scales(setting: Setting, x: Array) -> Iterator[tuple[str, float | None, Array]]:
    """Other scales of the inputs that people have: what it is in words, the factor where it is one number, a^0."""
    if setting.raw is not None:
        yield "the raw columns, before the recipe", None, setting.raw
    yield "255 times x", 255.0, x * 255
    yield "x/255", 1 / 255, x / 255
    if setting.m > 1:
        mean = x.mean(axis=0)
        yield "x minus its columns' means", None, x - mean
        for ddof in (0, 1):
            deviation = x.std(axis=0, ddof=ddof)
            yield (
                "x standardised by its own columns",
                None,
                (x - mean) / np.where(deviation > 0, deviation, 1),
            )
        span = x.max(axis=0) - x.min(axis=0)
        yield "x scaled to 0 … 1 by its own columns", None, (x - x.min(axis=0)) / np.where(span > 0, span, 1)
    if x.size > 1 and x.std() > 0:
        yield "x standardised as a whole", None, (x - x.mean()) / x.std()
        yield "x divided by its largest entry", 1 / float(x.max() or 1), x / (x.max() or 1)
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    yield "each example divided by its length", None, x / np.where(norm > 0, norm, 1)
    yield "2x − 1", None, 2 * x - 1


def fitted(setting: Setting, station: Station, state: State, theirs: Array) -> Iterator[Way]:
    """Ways with a number of their own, fitted to ``theirs``: a slope or alpha, a factor, a scale of the inputs."""
    letter, l = station
    if letter == "a" and l == 0:
        yield from _fitted_scale(state["x", 0], theirs)
        return
    right = next(ways(setting, station, state)).out
    if letter == "a":
        yield from _fitted_activation(setting, l, state["z", l], theirs)
        yield from _told_no_mask(setting, l, right, theirs)
    yield from _factor(setting, l, right, theirs)


def _one_number(above: Array, below: Array, most: float) -> float | None:
    """above / below where that is one and the same number everywhere, and there are several of them."""
    use = np.abs(below) > 1e-9 * (np.abs(below).max(initial=0.0) or 1.0)
    if use.sum() < 2:
        return None
    ratio = above[use] / below[use]
    middle = float(np.median(ratio))
    spread = np.abs(ratio - middle) * np.abs(below[use]) / np.abs(below[use]).max()
    return middle if np.isfinite(middle) and spread.max() <= most * abs(middle) else None


def _fitted_activation(setting: Setting, l: int, z: Array, theirs: Array) -> Iterator[Way]:
    mask = setting.mask(l)
    if mask is not None:
        return
    below = z < 0
    for name, parameter, base in (
        ("leaky_relu", "slope", z[below]),
        ("elu", "alpha", np.expm1(z[below])),
    ):
        found = _one_number(theirs[below], base, setting.spread)
        if found is not None and 0 < found < (1 if name == "leaky_relu" else np.inf):
            option = f"{name}({parameter}={float(f'{found:.6g}')!r})"
            exact = as_activation(f"{name}({parameter}={found!r})")
            yield Way("forward-wrong-activation", l, exact.f(NUMPY, z), value=found, theirs=option)
    inside = (theirs > 0) & (theirs < 1)
    found = _one_number(theirs[inside] - 0.5, z[inside], setting.spread)
    if found is not None and found > 0:
        exact = as_activation(f"hard_sigmoid(slope={found!r})")
        option = f"hard_sigmoid(slope={float(f'{found:.6g}')!r})"
        yield Way("forward-wrong-activation", l, exact.f(NUMPY, z), value=found, theirs=option)


def _told_no_mask(setting: Setting, l: int, right: Array, theirs: Array) -> Iterator[Way]:
    """A mask that was not given: 0 for some, one number for the others."""
    dropped = (theirs == 0) & (right != 0)
    if setting.mask(l) is not None or not dropped.any() or dropped.sum() == (right != 0).sum():
        return
    found = _one_number(theirs[~dropped], right[~dropped], setting.spread)
    if found is not None and found >= 1 - setting.spread:
        keep = 1 / found
        yield Way(
            "forward-dropout-applied", l, np.where(dropped, 0, right * found), f"keep = {keep:.4g}", keep
        )


def _factor(setting: Setting, l: int, right: Array, theirs: Array) -> Iterator[Way]:
    found = _one_number(theirs, right, setting.spread)
    if found is not None and found != 0:
        yield Way("forward-factor", l, right * found, f"c = {found:.6g}", found)


def _fitted_scale(x: Array, theirs: Array) -> Iterator[Way]:
    """a^0 = s x + t: one s and t for all, then one for each column."""
    if not np.isfinite(theirs).all():
        return
    if x.size > 2:
        design = np.stack([x.reshape(-1), np.ones(x.size)], axis=1)
        (s, t), *_ = np.linalg.lstsq(design, theirs.reshape(-1), rcond=None)
        yield Way("forward-inputs-not-scaled", 0, s * x + t, _line(s, t), float(s))
    if len(x) > 2:
        mean, other = x.mean(axis=0), theirs.mean(axis=0)
        square = ((x - mean) ** 2).sum(axis=0)
        slope = ((x - mean) * (theirs - other)).sum(axis=0) / np.where(square > 0, square, 1)
        yield Way(
            "forward-inputs-not-scaled",
            0,
            other + slope * (x - mean),
            "x with a factor and a shift for each column",
        )


def _line(s: float, t: float) -> str:
    return f"{s:.6g} x" + (f" {'+' if t > 0 else '−'} {abs(t):.6g}" if abs(t) > 1e-9 * max(1, abs(s)) else "")


def fitted_through_w(setting: Setting, x: Array, z: Array) -> Iterator[Way]:
    """A scale of the inputs from z^1 alone: z − b = Σ w (s x + t), one s and t for all, then for each column."""
    w, b = setting.w[1], setting.b[1]
    wanted = (z - b).reshape(-1)
    if not np.isfinite(wanted).all() or setting.mask(0) is not None:
        return
    whole = np.stack([(x @ w.T).reshape(-1), np.tile(w.sum(axis=1), len(x))], axis=1)
    if wanted.size > 4:
        (s, t), *_ = np.linalg.lstsq(whole, wanted, rcond=None)
        yield Way("forward-inputs-not-scaled", 0, s * x + t, _line(s, t), float(s))
    n = x.shape[1]
    if wanted.size > 4 * n and wanted.size * n * n < 10**9 and n > 1:
        columns = (x[:, None, :] * w[None, :, :]).reshape(-1, n)
        s, *_ = np.linalg.lstsq(columns, wanted, rcond=None)
        yield Way("forward-inputs-not-scaled", 0, s * x, "x with a factor for each column")
        both = np.concatenate([columns, np.tile(w, (len(x), 1))], axis=1)
        found, *_ = np.linalg.lstsq(both, wanted, rcond=None)
        yield Way(
            "forward-inputs-not-scaled",
            0,
            found[:n] * x + found[n:],
            "x with a factor and a shift for each column",
        )
