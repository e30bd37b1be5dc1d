"""Whether a network and the model that it came from, or went to, compute the same: measured on data, on the spot.

What may differ is judged by rounding as it is measured, not by a fixed number: the network is run in less precision,
and what that changes, scaled to its own, is what rounding does. Nothing here knows of file formats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import equations
from ..errors import DataError, ModelError
from ..namespaces import NUMPY
from ..network import Network
from ..spelling import counted

Array = Any
ROWS = 64
_TIMES = 64  # as much as rounding may do in another order of summing
_MOST = 0.75  # of the rows: the part that is not left to chance
_TAILS = ("gelu", "gelu_tanh")  # computed as ½ z (1 + …) elsewhere, which loses all digits below 0
_KEY = "imported"  # of net.training, where what was found is kept


@dataclass(frozen=True)
class Sameness:
    """The largest difference of two models' outputs, where it is, and how large it might be by rounding."""

    difference: float
    allowed: float
    rows: int
    on: str
    row: int
    output: int

    @property
    def same(self) -> bool:
        """Whether rounding explains the difference; NaN is none."""
        return self.difference <= self.allowed

    def __str__(self) -> str:
        return f"largest difference {self.difference:.2g} on {self.on}"


def inputs_for(net: Network, rows: int = ROWS, seed: int = 0) -> Array:
    """Random inputs (rows, n_0), most at the scale at which z^1 is about 1, some at 1: so that no layer sleeps."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, net.sizes[0]))
    norm = float(np.median(np.linalg.norm(net.w[1].astype(np.float64), axis=1)))
    scale = 1 / norm if np.isfinite(norm) and norm > 0 else 1.0
    X[: rows * 3 // 4] *= scale
    return np.clip(X, -1e18, 1e18).astype(
        net.dtype
    )  # a w¹ of almost nothing asks for more than float32 holds


def compare(
    net: Network,
    theirs: Callable[[Array], Any],
    *,
    x: Any = None,
    eps: float | None = None,
    apart: float = 0.0,
) -> Sameness:
    """Both on ``x`` (n, n_0), or on random inputs; ``theirs`` gives (n, n_L) of what it is handed.

    ``eps`` is their precision, where it is less than the network's; ``apart`` what their functions differ by.
    """
    random = x is None
    X = inputs_for(net) if random else np.asarray(x).astype(net.dtype).reshape(len(x), -1)
    if X.shape[1] != net.sizes[0] or not len(X):
        raise DataError(f"x to compare on is (n, {net.sizes[0]}) with a row an example; got shape {X.shape}")
    ours = net.predict(X).astype(np.float64)
    other = np.asarray(theirs(X if random else x), dtype=np.float64)
    if other.size != ours.size:
        raise ModelError(f"their outputs have shape {other.shape}, and the network's {ours.shape}")
    what = f"{counted(len(X), 'random input')}" if random else f"{counted(len(X), 'row')} given"
    return _judged(ours, other.reshape(ours.shape), _allowed(net, X, ours, eps, apart), what)


def _judged(ours: Array, theirs: Array, allowed: Array, on: str) -> Sameness:
    """The largest difference; where some row's is beyond what it may be, the one that is furthest beyond."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(ours - theirs)
    apart[np.isnan(apart)] = np.inf
    apart[ours == theirs] = 0  # infinities of one sign
    apart[np.isinf(allowed)] = 0
    rows = apart.max(axis=1)
    times = rows / allowed
    row = int(times.argmax() if times.max() > 1 else rows.argmax())
    return Sameness(float(rows[row]), float(allowed[row]), len(ours), on, row, int(apart[row].argmax()))


def _allowed(net: Network, X: Array, ours: Array, eps: float | None, apart: float) -> Array:
    """What rounding may do to each row, measured in float32 and scaled to the precision that was used, (n,).

    By chance it may do little to a row; the least is what it does to most rows in units of their last sum's terms.
    Infinite where numbers overflow in float32, of which nothing can be said.
    """
    own, single = max(float(np.finfo(net.dtype).eps), eps or 0.0), float(np.finfo(np.float32).eps)
    with np.errstate(all="ignore"):
        exact, terms = _run(net, X, np.float64)
        measured = np.abs(_run(net, X, np.float32)[0] - exact).max(axis=1) * own / single
        unit = np.maximum(np.abs(exact).max(axis=1), terms)
        known = (measured / unit)[np.isfinite(measured / unit)]
        usual = float(np.quantile(known, _MOST)) if known.size else 0.0
        found = _TIMES * np.maximum(measured, unit * max(usual, 4 * own))
        found += apart * np.maximum(1.0, np.abs(exact).max(axis=1))
    finite = np.isfinite(found) & np.isfinite(ours).all(axis=1)
    return np.where(finite, np.maximum(found, np.finfo(np.float64).tiny), np.inf)


def _run(net: Network, X: Array, dtype: Any) -> tuple[Array, Array]:
    """a^L, and for each row the size of the last sum's terms as the outputs feel it: (abs(w) abs(a) + abs(b)) σ′.

    Layer by layer, so that no second θ is needed.
    """
    a = X.astype(dtype)
    for l, row in enumerate(net.activations, start=1):
        w, b, before = net.w[l].astype(dtype), net.b[l].astype(dtype), a
        z, a = equations.N4(NUMPY, row, w, before, b)
    felt = np.abs(row.derivative(NUMPY, z)) if row.elementwise else np.abs(a)
    if row.name in _TAILS:
        felt = np.maximum(felt, 1)
    terms = (np.abs(before) @ np.abs(w).T + np.abs(b)) * felt
    return a.astype(np.float64), terms.max(axis=1).astype(np.float64)


def insist(found: Sameness, source: str) -> Sameness:
    """The same result; raises ModelError where the two are not the same network."""
    if found.same:
        return found
    raise ModelError(
        f"{source} and the network made of it differ by {found.difference:.3g} on {found.on} (row {found.row}, "
        f"output {found.output}), and rounding explains {found.allowed:.2g}; it is not what it was read as, so "
        "nothing was made of it"
    )


def remember(net: Network, source: str, found: Sameness, said: Sequence[str] = ()) -> Network:
    """The network, with where it came from, the difference and what was chosen in ``net.training["imported"]``."""
    net.training = net.training | {
        _KEY: {
            "from": source,
            "difference": found.difference,
            "allowed": found.allowed,
            "rows": found.rows,
            "on": found.on,
            "said": list(dict.fromkeys(said)),
        }
    }
    return net


def told(net: Network) -> str:
    """How an import went, for people: where from, the largest difference, what was chosen. "" where there was none."""
    facts = net.training.get(_KEY)
    if not isinstance(facts, dict):
        return ""
    lines = [
        f"{facts['from']}: {'-'.join(map(str, net.sizes))}, {net.parameters:,} parameters in {net.dtype.name}",
        f"largest difference {facts['difference']:.2g} on {facts['on']}; rounding explains {facts['allowed']:.2g}",
    ]
    return "\n".join([*lines, *(f"· {one}" for one in facts["said"])])
