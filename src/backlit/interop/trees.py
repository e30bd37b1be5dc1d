"""Parameter trees as JAX's libraries keep them, nested dicts and lists of arrays, in and out.

Flax has {"Dense_0": {"kernel": (n_in, n_out), "bias"}}, Haiku {"linear": {"w": (n_in, n_out), "b"}}, Equinox
{"layers": [{"weight": (n_out, n_in), "bias"}]}, and many have a list of (W, b). A tree holds no functions: activations
are given. Neither JAX nor these libraries are imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..errors import UsageError
from ..functions import as_cost
from ..network import Network
from . import sameness
from .torch_chain import Affine, Chain, Fault, carried_out, fold, function, network

Array = Any
Style = Literal["flax", "haiku", "equinox", "pairs"]
_KEYS = {"kernel": "bias", "w": "b", "weight": "bias"}  # of the weights, and of the bias beside them
_IN_OUT = ("kernel", "w")  # (n_in, n_out); "weight" is (n_out, n_in), as in the note
_DEEPEST = 40
_MOST = 10_000  # layers


def from_tree(tree: Any, activations: Any, *, cost: Any = None, layout: str | None = None) -> Network:
    """The network of a parameter tree; ``activations`` is one for all layers, or a list.

    ``layout`` says how the matrices of a list of (W, b) lie where all are square: "in,out", as x @ W has them, or
    "out,in". Objects with attributes (an ``eqx.nn.MLP``) are read as dicts are. Raises UsageError naming the entry.
    """
    cost = None if cost is None else as_cost(cost)
    try:
        if layout not in (None, "in,out", "out,in"):
            raise Fault(f'layout is "in,out" or "out,in"; got {layout!r}')
        found = list(_layers(tree, "", 0))
        if not found:
            raise Fault(
                'it has no weights: a layer is {"kernel", "bias"}, {"w", "b"}, {"weight", "bias"} or a pair (W, b)'
            )
        steps = [Affine(name, *parts) for name, *parts in _laid_out(found, layout)]
        net = _network(steps, activations, cost)
    except Fault as fault:
        raise UsageError(f"this tree can't be read: {fault}") from fault
    return net


def _network(layers: list[Affine], activations: Any, cost: Any) -> Network:
    options = [activations] * len(layers) if isinstance(activations, str) else list(activations)
    if len(options) != len(layers):
        raise Fault(f"it has {len(layers)} layers, and activations are {len(options)}")
    chain = Chain()
    for layer, option in zip(layers, options, strict=True):
        chain.steps += [layer, function(f"the function after {layer.name}", option)]
    dtype = np.float64 if any(layer.w.dtype == np.float64 for layer in layers) else np.float32
    folded = fold(chain)
    net, top, said = network(folded, cost, dtype)
    if top is not None:
        chain.steps.append(function("the function on top", top))
    told = sameness.compare(net, lambda X: carried_out(chain.steps, X))
    sameness.insist(told, "the tree")
    return sameness.remember(net, "a parameter tree", told, [*folded.said, *said])


Found = tuple[str, str, Array, Array]  # its name, what its weights are called, w as it lies, b


def _layers(tree: Any, path: str, depth: int) -> Iterator[Found]:
    """The layers below, in the order in which people count them; raises Fault for what is no dense layer."""
    if depth > _DEEPEST:
        raise Fault(f"it is nested more than {_DEEPEST} deep")
    here = path or "the tree"
    if isinstance(tree, (list, tuple)):
        if len(tree) > _MOST:
            raise Fault(f"{here} has {len(tree):,} entries")
        if len(tree) == 2 and _ndim(tree[0]) == 2 and _ndim(tree[1]) == 1:
            yield here, "pair", _array(tree[0], f"{here}[0]"), _array(tree[1], f"{here}[1]")
            return
        for place, one in enumerate(tree):
            if one is not None and not callable(one):
                yield from _layers(one, f"{path}[{place}]", depth + 1)
        return
    entries = _entries(tree)
    key = next((key for key in _KEYS if key in entries and _ndim(entries[key]) is not None), None)
    if key is not None:
        yield _layer(entries, key, here)
        return
    for name in sorted(entries, key=_natural):
        value = entries[name]
        if _ndim(value) is None:
            yield from _layers(value, f"{path}[{name!r}]", depth + 1)
        else:
            raise Fault(
                f"{path}[{name!r}] is an array beside no weights, as a normalisation or an embedding has; Backlit "
                "reads dense layers. Fold it into the layer beside it, or leave it out"
            )


def _layer(entries: Mapping[str, Any], key: str, here: str) -> Found:
    extra = sorted(set(entries) - {key, _KEYS[key]})
    arrays = [name for name in extra if _ndim(entries[name]) is not None]
    if arrays:
        raise Fault(f"{here} has {', '.join(arrays)} besides {key} and {_KEYS[key]}, and no dense layer has")
    w = _array(entries[key], f"{here}[{key!r}]")
    if w.ndim != 2:
        what = "a convolution's" if w.ndim > 2 else "a normalisation's"
        raise Fault(f"{here}[{key!r}] has shape {w.shape}, {what}; Backlit reads dense layers, of two axes")
    given = entries.get(_KEYS[key])
    out = w.shape[1] if key in _IN_OUT else w.shape[0]
    b = np.zeros(out, dtype=w.dtype) if given is None else _array(given, f"{here}[{_KEYS[key]!r}]")
    if b.shape != (out,):
        order = "(n_in, n_out)" if key in _IN_OUT else "(n_out, n_in)"
        raise Fault(f"{here}: {key} {w.shape} is {order}, and {_KEYS[key]} has shape {b.shape}, not ({out},)")
    return here, key, w, b


def _laid_out(found: list[Found], layout: str | None) -> list[tuple[str, Array, Array]]:
    """The layers with w as the note has it, (n_out, n_in)."""
    pairs = [(w, b) for _, key, w, b in found if key == "pair"]
    in_out = layout == "in,out" if layout else _by_shapes(pairs)
    return [
        (name, w.T if key in _IN_OUT or (key == "pair" and in_out) else w, b) for name, key, w, b in found
    ]


def _by_shapes(pairs: list[tuple[Array, Array]]) -> bool:
    """Whether pairs are (n_in, n_out): told by the lengths of the biases."""
    if not pairs:
        return True
    as_rows = all(w.shape[0] == len(b) for w, b in pairs)
    as_columns = all(w.shape[1] == len(b) for w, b in pairs)
    if as_rows and as_columns:
        raise Fault(
            'all its matrices are square, so they may lie either way: layout="in,out" is x @ W, else "out,in"'
        )
    if not (as_rows or as_columns):
        shapes = ", ".join(f"{w.shape} with {b.shape}" for w, b in pairs[:4])
        raise Fault(f"its matrices and biases do not fit: {shapes}")
    return as_columns


def _entries(tree: Any) -> dict[str, Any]:
    """A dict's entries, or an object's attributes."""
    if isinstance(tree, Mapping):
        if not all(isinstance(key, str) for key in tree):
            raise Fault(f"its keys are words, such as 'Dense_0'; got {next(iter(tree))!r}")
        return dict(tree)
    attributes = getattr(tree, "__dict__", None)
    if attributes is None or isinstance(tree, type):
        return {}
    return {
        name: one
        for name, one in attributes.items()
        if not isinstance(one, (str, int, float, bool, type(None)))
    }


def _ndim(value: Any) -> int | None:
    """How many axes an array has; None for what is no array."""
    inner = getattr(value, "value", value)  # Flax's nnx keeps an array in a Param
    shape = getattr(inner, "shape", None)
    return len(shape) if isinstance(shape, tuple) else None


def _array(value: Any, place: str) -> Array:
    try:
        found = np.asarray(getattr(value, "value", value))
    except Exception as reason:
        raise Fault(f"{place} can't be read as an array ({str(reason)[:80]})") from reason
    if found.dtype.name in ("bfloat16", "float16"):
        found = found.astype(np.float32)
    if found.dtype.kind not in "fiu":
        raise Fault(f"{place} is an array of {found.dtype}, and weights are real numbers")
    return found


def _natural(name: str) -> list[Any]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def to_tree(net: Network, style: Style = "flax") -> Any:
    """The weights as a tree of NumPy arrays: "flax", "haiku", "equinox", or "pairs", a list of (W, b) for x @ W + b."""
    w, b = [np.array(one) for one in net.w], [np.array(one) for one in net.b]
    turned: Sequence[Array] = [np.ascontiguousarray(one.T) for one in w]
    if style == "flax":
        layers = zip(turned, b, strict=True)
        return {
            "params": {f"Dense_{k}": {"kernel": one, "bias": bias} for k, (one, bias) in enumerate(layers)}
        }
    if style == "haiku":
        names = ["linear", *(f"linear_{k}" for k in range(1, net.L))]
        return {name: {"w": one, "b": bias} for name, one, bias in zip(names, turned, b, strict=True)}
    if style == "equinox":
        return {"layers": [{"weight": one, "bias": bias} for one, bias in zip(w, b, strict=True)]}
    if style == "pairs":
        return list(zip(turned, b, strict=True))
    raise UsageError(f"style is 'flax', 'haiku', 'equinox' or 'pairs'; got {style!r}")
