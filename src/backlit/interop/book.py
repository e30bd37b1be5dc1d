"""The JSON that the book's ``network2.Network.save`` writes: sizes, weights, biases as columns, and the cost's name.

All its neurons are sigmoids. Its QuadraticCost is ½Σ(a − y)², its CrossEntropyCost the binary one. The book's pickles
(network3) are not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BacklitError, ModelError, UsageError
from ..files import load
from ..metadata import shown
from ..network import Network
from ..storage import read_small, write_safely
from . import sameness

Array = Any
COSTS = {"QuadraticCost": "half_squared_error", "CrossEntropyCost": "binary_cross_entropy"}
_FIELDS = {"sizes", "weights", "biases", "cost"}
_MOST_BYTES = 2**24
_MOST_LAYERS = 10_000


class _Fault(Exception):
    """What is wrong with the file, in words, without its name."""


def read_book(path: str | Path) -> Network:
    """The network of a file that the book's ``network2`` wrote; raises ModelError naming file and field."""
    source = Path(path)
    content = read_small(source, "a network of the book's code", _MOST_BYTES)
    try:
        plain = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as reason:
        said = str(reason).splitlines()[0] if str(reason) else type(reason).__name__
        raise ModelError(
            f"{source}: it is not valid JSON ({said[:100]}); save it anew with network2's save"
        ) from None
    try:
        net = _network_of(plain)
    except _Fault as fault:
        raise ModelError(f"{source}: {fault}") from None
    told = sameness.compare(net, lambda X: _feedforward(net, X))
    sameness.insist(told, str(source))
    return sameness.remember(net, f"the book's network2, {source}", told)


def read_json(path: str | Path) -> Network:
    """The network of a JSON file: of the book's code, or typed by hand (docs/by-hand.md). Raises ModelError."""
    return read_book(path) if is_book(path) else load(path)


def is_book(path: str | Path) -> bool:
    """Whether a JSON file names one of the book's costs, and no activations: asked of what read_book may read."""
    source = Path(path)
    if source.suffix.lower() != ".json":
        return False
    try:
        plain = json.loads(read_small(source, "a network in JSON", _MOST_BYTES))
    except (BacklitError, ValueError, RecursionError):
        return False
    return isinstance(plain, Mapping) and str(plain.get("cost")) in COSTS and set(plain) <= _FIELDS


def _network_of(plain: Any) -> Network:
    if not isinstance(plain, Mapping) or set(plain) != _FIELDS:
        got = ", ".join(map(str, list(plain)[:6])) if isinstance(plain, Mapping) else shown(plain)
        raise _Fault(f"network2 writes an object of sizes, weights, biases and cost; got {got}")
    sizes, cost = plain["sizes"], plain["cost"]
    whole = isinstance(sizes, list) and all(
        isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sizes
    )
    if not whole or not 2 <= len(sizes) <= _MOST_LAYERS:
        raise _Fault(f"sizes is a list of two layer sizes or more; got {shown(sizes)}")
    if cost not in list(COSTS):
        raise _Fault(f"cost is {' or '.join(COSTS)}; got {shown(cost)}")
    theta = []
    for l in range(1, len(sizes)):
        theta.append(_numbers(plain, "weights", l, len(sizes) - 1, (sizes[l], sizes[l - 1])))
        theta.append(_numbers(plain, "biases", l, len(sizes) - 1, (sizes[l], 1))[:, 0])
    try:
        net = Network(sizes, activations="sigmoid", cost=COSTS[cost], theta=theta)
    except UsageError as reason:
        raise _Fault(str(reason)) from reason
    net.task = "classes" if sizes[-1] > 1 else None
    return net


def _numbers(plain: Mapping[str, Any], field: str, l: int, layers: int, shape: tuple[int, int]) -> Array:
    given = plain[field]
    if not isinstance(given, list) or len(given) != layers:
        raise _Fault(f"{field} is a list with an entry for each of {layers} layers; got {shown(given)}")
    place = f"{field} of layer {l}"
    rows = given[l - 1]
    if not isinstance(rows, list) or len(rows) != shape[0]:
        raise _Fault(f"{place} has {shape[0]:,} rows, by the sizes; got {shown(rows)}")
    for j, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != shape[1]:
            raise _Fault(
                f"{place}, row {j} is a list of {shape[1]:,} numbers, by the sizes; got {shown(row)}"
            )
        for one in row:
            if isinstance(one, bool) or not isinstance(one, (int, float)):
                raise _Fault(f"{place}, row {j}: {shown(one)} is no number")
    try:
        return np.array(rows, dtype=np.float64)
    except OverflowError:
        raise _Fault(f"{place} has a number too large for float64") from None


def _feedforward(net: Network, X: Array) -> Array:
    """The book's own feedforward, column by column."""
    a = X.T
    with np.errstate(over="ignore"):
        for w, b in zip(net.w, net.b, strict=True):
            a = 1.0 / (1.0 + np.exp(-(np.dot(w, a) + b[:, None])))
    return a.T


def write_book(net: Network, path: str | Path) -> Path:
    """Writes the file that ``network2.load`` reads; raises UsageError for what the book's code has not."""
    names = {ours: theirs for theirs, ours in COSTS.items()}
    if net.cost.option not in names or any(row.option != "sigmoid" for row in net.activations):
        functions = ", ".join(dict.fromkeys(row.option for row in net.activations))
        raise UsageError(
            "the book's network2 has sigmoid neurons, with half_squared_error or binary_cross_entropy; this network "
            f"has {functions} and {net.cost.option}"
        )
    plain = {
        "sizes": list(net.sizes),
        "weights": [w.astype(np.float64).tolist() for w in net.w],
        "biases": [b.astype(np.float64)[:, None].tolist() for b in net.b],
        "cost": names[net.cost.option],
    }
    return write_safely(path, json.dumps(plain).encode(), "the network")
