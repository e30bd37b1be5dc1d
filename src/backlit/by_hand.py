"""A network typed by hand: a small JSON or TOML file that serves wherever a model does, never code.

    sizes = [2, 2, 2]                                     # optional: the weights tell it
    activations = "sigmoid"                               # one, or one for each layer
    cost = "half_squared_error"
    weights = [[[0.15, 0.20], [0.25, 0.30]],              # layer 1: a row holds what enters one neuron
               [[0.40, 0.45], [0.50, 0.55]]]              # layer 2
    biases = [0.35, 0.60]                                 # a list for each layer, or one number for all its neurons
    example = {x = [0.05, 0.10], y = [0.01, 0.99]}        # optional

Also ``dtype``, ``inputs`` (names), ``classes`` (names) and ``about``. docs/by-hand.md says what each may be. Whatever
is wrong is a ModelError that names the file and the field.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BacklitError, ModelError, nearest
from .functions import as_activation, as_cost
from .metadata import shown
from .network import Network
from .spelling import counted
from .storage import read_small
from .use import examples

Array = Any
FIELDS = (
    "sizes", "weights", "biases", "activations", "cost", "dtype", "inputs", "classes", "example", "about"
)  # fmt: skip
_ENDINGS = (".json", ".toml")
_MOST_BYTES = 2**24


class _Fault(Exception):
    """What is wrong with the file, in words, without the file's name."""


def is_by_hand(path: str | Path) -> bool:
    """Whether a file is such a network: by its ending, unless its first bytes are those of a safetensors file."""
    source = Path(path)
    if source.suffix.lower() not in _ENDINGS:
        return False
    try:
        with source.open("rb") as file:
            head = file.read(9)
            size = source.stat().st_size
    except (OSError, ValueError):
        return True  # that it can't be read is said where it is read
    return not (head[8:] == b"{" and int.from_bytes(head[:8], "little") < size)


def load_by_hand(path: str | Path) -> Network:
    """The network that stands in a JSON or TOML file, with its ``example`` as ``net.example``; raises ModelError."""
    source = Path(path)
    content = read_small(source, "a network in JSON or TOML", _MOST_BYTES)
    try:
        return network_of(_parsed(content, source.suffix.lower()))
    except _Fault as fault:
        raise ModelError(f"{source}: {fault}") from None


def _parsed(content: bytes, ending: str) -> Mapping[str, Any]:
    try:
        text = content.decode("utf-8-sig")
        if ending == ".toml":
            return tomllib.loads(text)
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise _Fault("it is not text in UTF-8; save it as plain text") from None
    except (ValueError, RecursionError) as reason:
        said = str(reason).splitlines()[0] if str(reason) else type(reason).__name__
        raise _Fault(f"it is not valid {ending[1:].upper()} ({said}); mend it there") from None
    if not isinstance(found, Mapping):
        raise _Fault(f'it holds {_kind(found)}, and a network is an object: {{"weights": …, "biases": …}}')
    return found


def network_of(plain: Mapping[str, Any]) -> Network:
    """The network of plain data; raises _Fault, which ``load_by_hand`` gives the file's name."""
    for name in plain:
        if name not in FIELDS:
            close = nearest(name, FIELDS)
            hint = f"; is it {close}?" if close else ""
            raise _Fault(f"there is no field {shown(name)}{hint} Known: {', '.join(FIELDS)}")
    weights = _weights(plain)
    sizes = _sizes(plain, weights)
    biases = _biases(plain, sizes)
    activations = plain.get("activations", "sigmoid")
    names = activations if isinstance(activations, list) else [activations]
    if not all(isinstance(name, str) for name in names):
        raise _Fault(f"activations is a name, or a list of one for each layer; got {shown(activations)}")
    cost = plain.get("cost", "squared_error")
    theta = [part for pair in zip(weights, biases, strict=True) for part in pair]
    dtype = plain.get("dtype", "float64")
    _try("activations", lambda: [as_activation(name) for name in names])
    _try("cost", lambda: as_cost(cost))
    _try("dtype", lambda: Network([1, 1], dtype=dtype))
    net: Network = _try(
        "activations and cost",
        lambda: Network(sizes, activations=activations, cost=cost, dtype=dtype, theta=theta),
    )
    _name(net, plain)
    _set_example(net, plain)
    return net


def _weights(plain: Mapping[str, Any]) -> list[Array]:
    """A matrix for each layer: all rows as long as the layer before has neurons."""
    if "weights" not in plain:
        raise _Fault("weights is missing: a list with a matrix for each layer, as in [[[0.1, 0.2]], [[0.3]]]")
    given = plain["weights"]
    if not isinstance(given, list) or not given:
        raise _Fault(f"weights is a list with a matrix for each layer; got {shown(given)}")
    found: list[Array] = []
    for l, matrix in enumerate(given, start=1):
        place = f"weights of layer {l}"
        if not isinstance(matrix, list) or not matrix or not all(isinstance(row, list) for row in matrix):
            raise _Fault(
                f"{place} is a list of rows, one for each neuron, each a list of numbers; got {shown(matrix)}"
            )
        width = len(found[-1]) if found else len(matrix[0])
        for j, row in enumerate(matrix):
            numbers = _numbers(row, f"{place}, row {j}")
            if not width or len(numbers) != width:
                layer = f"layer {l - 1} has {counted(width, 'neuron')}"
                before = layer if found else f"the first row has {width}"
                raise _Fault(
                    f"{place}, row {j} has {counted(len(numbers), 'number')}, and {before}; a row holds what enters "
                    "one neuron"
                )
        found.append(np.array(matrix, dtype=np.float64))
    return found


def _sizes(plain: Mapping[str, Any], weights: list[Array]) -> list[int]:
    sizes = [weights[0].shape[1], *(len(matrix) for matrix in weights)]
    given = plain.get("sizes", sizes)
    if given != sizes:
        raise _Fault(f"sizes is {shown(given)}, and the weights are those of {sizes}; mend one of them")
    return sizes


def _biases(plain: Mapping[str, Any], sizes: list[int]) -> list[Array]:
    """A vector for each layer: given as such, or as one number for all its neurons; zeros where there are none."""
    given = plain.get("biases", [0.0] * (len(sizes) - 1))
    if not isinstance(given, list) or len(given) != len(sizes) - 1:
        raise _Fault(
            f"biases is a list with an entry for each of {counted(len(sizes) - 1, 'layer')}: a list of numbers, or "
            f"one number; got {shown(given)}"
        )
    found = []
    for l, entry in enumerate(given, start=1):
        place = f"biases of layer {l}"
        numbers = _numbers(entry if isinstance(entry, list) else [entry] * sizes[l], place)
        if len(numbers) != sizes[l]:
            raise _Fault(
                f"{place} are {counted(len(numbers), 'number')}, and the layer has {counted(sizes[l], 'neuron')}"
            )
        found.append(np.array(numbers, dtype=np.float64))
    return found


def _numbers(given: list[Any], place: str) -> list[float]:
    for k, one in enumerate(given):
        if isinstance(one, bool) or not isinstance(one, (int, float)):
            raise _Fault(f"{place}, entry {k}: {shown(one)} is no number")
        try:
            finite = math.isfinite(one)
        except OverflowError:
            finite = False
        if not finite:
            raise _Fault(f"{place}, entry {k}: {shown(one)} is no finite number")
    return [float(one) for one in given]


def _name(net: Network, plain: Mapping[str, Any]) -> None:
    """Columns and classes by their names, and the recipe that takes both as they are."""
    from .data.answers import Target
    from .data.columns import Numbers
    from .data.recipe import Recipe

    inputs = _names(plain, "inputs", net.sizes[0], "input")
    outputs = max(2, net.sizes[-1])
    classes: tuple[Any, ...] | None = None
    if "classes" in plain:
        classes = tuple(_names(plain, "classes", outputs, "class", "classes") or ())
    elif net.cost.targets in ("distribution", "signs"):
        classes = tuple(range(outputs))
    net.task = "values" if classes is None else "classes"
    net.classes = classes
    names = inputs or [f"x{k}" for k in range(net.sizes[0])]
    net.recipe = Recipe(
        target=Target("y", "values") if classes is None else Target("y", "classes", classes),
        columns=[Numbers(name, 0.0, 1.0, 0.0, "error", False) for name in names],
        named=inputs is not None,
        width=net.sizes[0],
        places=range(net.sizes[0]),
    )


def _names(
    plain: Mapping[str, Any], field: str, count: int, one: str, more: str | None = None
) -> list[str] | None:
    if field not in plain:
        return None
    given = plain[field]
    named = isinstance(given, list) and all(isinstance(name, str) and name for name in given)
    if not named or len(given) != count or len(set(given)) != count:
        raise _Fault(
            f"{field} is a list of {counted(count, one, more)}, as different names; got {shown(given)}"
        )
    return list(given)


def _set_example(net: Network, plain: Mapping[str, Any]) -> None:
    """``net.example``: x (n, n_0) and y (n, n_L), as the network takes them."""
    if "example" not in plain:
        return
    given = plain["example"]
    if not isinstance(given, Mapping) or set(given) != {"x", "y"}:
        raise _Fault(f"example has x and y, and nothing else; got {shown(given)}")
    x, y = given["x"], given["y"]
    if not isinstance(x, list) or not x:
        raise _Fault(
            f"example.x is a list of {counted(net.sizes[0], 'number')}, or of such lists; got {shown(x)}"
        )
    alone = not isinstance(x[0], list)
    rows = [x] if alone else x
    for i, row in enumerate(rows):
        place = "example.x" if alone else f"example.x, row {i}"
        if not isinstance(row, list) or len(_numbers(row, place)) != net.sizes[0]:
            raise _Fault(f"{place} is {shown(row)}, and the network takes {counted(net.sizes[0], 'number')}")
    net.example = _try(
        "example.y", lambda: examples(net, np.array(rows, dtype=np.float64), [y] if alone else y)
    )


def _try(field: str, what: Callable[[], Any]) -> Any:
    """What Backlit itself says is wrong, with the field's name."""
    try:
        return what()
    except BacklitError as reason:
        raise _Fault(f"{field}: {reason}") from reason
    except (TypeError, ValueError) as reason:
        raise _Fault(f"{field} can't be read ({reason})") from reason


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Fault(f"{shown(twice)} stands there twice; take one away")
    return found


def _no_constant(word: str) -> Any:
    raise _Fault(f"{word} is no finite number")


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else shown(value)
