"""One derivative followed through training: its value and each of its factors at the end of every epoch.

``backlit.Follow("dC/dw[1][5,30]", x, y)`` is given to ``fit`` as a callback. A derivative by a weight is N10's product,
a · σ′ · ∂C/∂a. Over several examples each factor is its root mean square, and a last factor, how far the examples
agree, makes the product exact: 1 where all products are equal, 0 where they cancel, negative with the mean.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import equations, passes
from ..callbacks import Event
from ..equations import EQUATIONS
from ..errors import DataError, UsageError
from ..functions import pair_of
from ..inputs import batch, is_sparse
from ..namespaces import NUMPY
from ..network import Network
from ..notation import Derivative, Quantity
from ..use import examples
from .labels import Labels
from .lines import number, plain, table, wrapped
from .names import resolve

Array = Any
_OF_C = re.compile(r"\s*[d∂]\s*C\s*/")
AGREE = "agreement"
_SHOWN = 20  # epochs in the text


@dataclass(frozen=True)
class _Wanted:
    """∂C/∂ of ``letter`` in layer ``l``: entry ``j``, and ``k`` for a weight."""

    derivative: Derivative
    letter: str
    l: int
    j: int
    k: int | None


class Follow:
    """A callback that records ∂C/∂Q of ``name`` and its factors on x, y at the end of each epoch.

    ``name`` is dC/dw[l][j,k], dC/db[l][j], dC/dz[l][j], dC/da[l][j] or dC/dx[k]. ``look(net)`` records it now, as
    before the first epoch. ``table`` (records, 1 + factors) holds the value and then the factors, ``names`` what these
    are, ``epochs`` (records,) when it was. Raises UsageError for another name, and when it first looks at a network
    that has no such entry.
    """

    def __init__(self, name: str, x: Any, y: Any) -> None:
        if not isinstance(name, str) or not _OF_C.match(name):
            raise UsageError(
                f"{name!r} is not a derivative of C; write dC/dw[1][5,30], dC/db[1][0] or dC/da[1][4]"
            )
        self.name, self._symbol, self._x, self._y = name, name, x, y
        self.epochs: list[int] = []
        self.names: tuple[str, ...] = ()
        self._rows: list[list[float]] = []
        self._encoded: tuple[Array, Array] | None = None

    def __call__(self, event: Event) -> None:
        """The end of an epoch: records the derivative as the network stands."""
        self._record(event.net, event.epoch)

    def look(self, net: Network) -> Follow:
        """Records the derivative now: as epoch 0 where nothing is recorded yet, else as another look at the last."""
        self._record(net, self.epochs[-1] if self.epochs else 0)
        return self

    @property
    def table(self) -> Array:
        """(records, 1 + factors): the value, then each factor in the order of ``names``."""
        return np.array(self._rows, dtype=np.float64).reshape(len(self._rows), 1 + len(self.names))

    @property
    def values(self) -> Array:
        """The derivative by record, (records,)."""
        return self.table[:, 0]

    @property
    def factors(self) -> Mapping[str, Array]:
        """Each factor by its name, (records,)."""
        return {name: self.table[:, 1 + i] for i, name in enumerate(self.names)}

    @np.errstate(all="ignore")
    def _record(self, net: Network, epoch: int) -> None:
        wanted = _wanted(net, self.name)
        self.name, self._symbol = wanted.derivative.text(), wanted.derivative.symbol()
        if self._encoded is None:
            self._encoded = examples(net, self._x, self._y)
        columns = _factors(net, wanted, *self._encoded)
        if not all(np.isfinite(one).all() for one in columns.values()):
            raise DataError(
                f"{self.name} can't be followed: a factor is not finite after epoch {epoch}; look at net.health"
            )
        products = np.prod(list(columns.values()), axis=0)
        value = float(products.mean())
        if len(products) == 1:
            factors = {name: float(one[0]) for name, one in columns.items()}
        else:
            factors = {name: math.sqrt(float((one * one).mean())) for name, one in columns.items()}
            size = math.prod(factors.values())
            factors[AGREE] = value / size if size else 0.0
        self.names = tuple(factors)
        self.epochs.append(epoch)
        self._rows.append([value, *factors.values()])

    @property
    def sentence(self) -> str:
        """Which factor changed most from the first record to the last, in words."""
        if len(self._rows) < 2:
            return "There is nothing to compare yet: one record is not a course."
        first, last = self.table[0], self.table[-1]
        whole = f"{self._symbol} went from {number(first[0])} to {number(last[0])}"
        changes = [_change(a, b) for a, b in zip(first[1:], last[1:], strict=True)]
        place = int(np.argmax(changes))
        name, before, after = self.names[place], first[1 + place], last[1 + place]
        if not changes[place]:
            return f"{whole}, and none of its factors changed."
        if not after or not before:
            way = "became 0" if not after else "woke from 0"
            return f"{whole}; what did most is {name}, which {way}."
        ratio = abs(after / before)
        times = f"shrank to {number(100 * ratio)}%" if ratio < 1 else f"grew {number(ratio)}-fold"
        turn = " and changed its sign" if before * after < 0 else ""
        return f"{whole}; what changed most is {name}, which {times}{turn}."

    def text(self) -> str:
        """The course as a table, at most twenty epochs of it, and the sentence."""
        n = len(self._rows)
        shown = sorted({round(i * (n - 1) / (_SHOWN - 1)) for i in range(_SHOWN)}) if n > _SHOWN else range(n)
        rows = [[str(self.epochs[i]), *(number(one) for one in self._rows[i])] for i in shown]
        over = "" if self._encoded is None or len(self._encoded[1]) == 1 else self._over()
        lines = table(["epoch", self._symbol, *self.names], rows)
        return "\n".join([*lines, *([over] if over else []), "", wrapped(self.sentence)])

    def _over(self) -> str:
        assert self._encoded is not None
        return f"  over {len(self._encoded[1]):,} examples: the mean, and each factor's root mean square"

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the schema backlit.follow/1."""
        return {
            "schema": "backlit.follow/1",
            "name": self.name,
            "epochs": list(self.epochs),
            "values": [plain(one) for one in self.values],
            "factors": {name: [plain(one) for one in column] for name, column in self.factors.items()},
            "sentence": self.sentence,
        }

    def __len__(self) -> int:
        return len(self._rows)

    def __str__(self) -> str:
        return self.text()


def _change(before: float, after: float) -> float:
    """How much a factor changed, as a logarithm of its ratio; most of all where it became or left 0."""
    if before == after:
        return 0.0
    if not before or not after:
        return math.inf
    return abs(math.log(abs(after / before))) + (1.0 if before * after < 0 else 0.0)


def _wanted(net: Network, name: str) -> _Wanted:
    """The entry of this network; raises UsageError (CountingError where there is none) with the nearest right name."""
    found = resolve(name, Labels.of(net, "note"))
    by = found.by
    indices = tuple(one for one in by.index if isinstance(one, int))
    if by.letter not in ("w", "b", "z", "a", "x") or len(indices) < (2 if by.letter == "w" else 1):
        raise UsageError(f"{name!r}: name one w[l][j,k], b[l][j], z[l][j], a[l][j] or x[k], with its index")
    k = indices[1] if by.letter == "w" else None
    return _Wanted(found, "a" if by.letter == "x" else by.letter, by.layer or 0, indices[0], k)


def _factors(net: Network, wanted: _Wanted, X: Array, Y: Array) -> dict[str, Array]:
    """Each factor on each example, (n,) by name; their product is the example's own derivative."""
    parts: dict[str, list[Array]] = {}
    w, b = net.views(net.theta)
    for rows in passes.chunks(len(Y), net.sizes):
        z, a = equations.forward(NUMPY, net.layers, w, b, batch(X, rows, net.dtype))
        delta = equations.backward(NUMPY, net.layers, net.cost, w, z, a, Y[rows])
        for name, one in _of_chunk(net, wanted, w, z, a, delta, Y[rows]).items():
            parts.setdefault(name, []).append(np.asarray(one, dtype=np.float64))
    return {name: np.concatenate(each) for name, each in parts.items()}


def _of_chunk(
    net: Network,
    wanted: _Wanted,
    w: list[Array],
    z: list[Array],
    a: list[Array],
    delta: list[Array],
    Y: Array,
) -> dict[str, Array]:
    l, j, k = wanted.l, wanted.j, wanted.k
    if wanted.letter == "a":
        return _of_activation(net, wanted, w, a, delta, Y)
    found = {}
    if k is not None:
        into = a[l - 1][:, [k]]
        symbol = Quantity("a", l - 1, (k,)).symbol()
        found[symbol] = EQUATIONS["N6"]("dz/dw", into.toarray() if is_sparse(into) else into)[:, 0]
    sigma = net.activations[l - 1]
    if not sigma.elementwise or (l == net.L and pair_of(sigma, net.cost)):
        found[Quantity("delta", l, (j,)).symbol()] = delta[l][:, j]  # σ′ is no factor of its own, or cancels
        return found
    found[f"σ′({Quantity('z', l, (j,)).symbol()})"] = EQUATIONS["N6"]("da/dz", NUMPY, sigma, z[l], a[l])[:, j]
    found[f"∂C/∂{Quantity('a', l, (j,)).symbol()}"] = _dC_da(net, l, w, a, delta, Y)[:, j]
    return found


def _of_activation(
    net: Network, wanted: _Wanted, w: list[Array], a: list[Array], delta: list[Array], Y: Array
) -> dict[str, Array]:
    """∂C/∂a: at the output itself; else N11's sum, as the lengths of w's column and of δ, and their cosine."""
    l, j = wanted.l, wanted.j
    value = _dC_da(net, l, w, a, delta, Y)[:, j].astype(np.float64)
    if l == net.L:
        return {wanted.derivative.symbol(): value}
    column = float(np.linalg.norm(w[l + 1][:, j].astype(np.float64)))
    lengths = np.linalg.norm(delta[l + 1].astype(np.float64), axis=1)
    size = column * lengths
    cosine = np.divide(value, size, out=np.zeros_like(value), where=size > 0)
    up = Quantity("w", l + 1).symbol()
    return {
        f"‖{up} from {j}‖": np.full(len(value), column),
        f"‖{Quantity('delta', l + 1).symbol()}‖": lengths,
        "cosine of the two": cosine,
    }


def _dC_da(net: Network, l: int, w: list[Array], a: list[Array], delta: list[Array], Y: Array) -> Array:
    """∂C_x/∂a^l, (m, n_l): N11, at the output N6."""
    if l == net.L:
        return EQUATIONS["N6"]("dC/da", NUMPY, net.cost, a[l], Y)
    return EQUATIONS["N11"](w[l + 1], delta[l + 1])
