"""Keras in: a model of dense layers becomes a Network that computes the same. Keras itself is not needed, and not run.

``.keras`` archives and legacy ``.h5`` files of Keras 2 and 3; of weights alone, with the activations given. There is
no way out to Keras: docs/from-keras.md says how its layers are filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BacklitError, ModelError, UsageError
from ..functions import as_activation, as_cost
from ..functions.costs import check_fit
from ..namespaces import NUMPY
from ..network import Network
from ..spelling import counted, spelt
from . import sameness
from .keras_file import File, read_file
from .keras_steps import steps_of
from .onnx_bounds import check_size
from .torch_chain import Affine, Chain, Fault, Function, carried_out, fold, network

Array = Any
_LOSSES = {
    "mse": "mean_squared_error",
    "mean_squared_error": "mean_squared_error",
    "mae": "absolute_error",
    "mean_absolute_error": "absolute_error",
    "binary_crossentropy": "binary_cross_entropy",
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "huber": "huber",
    "log_cosh": "log_cosh",
    "poisson": "poisson",
    "hinge": "hinge",
    "squared_hinge": "squared_hinge",
}


def read(
    path: str | Path, *, cost: Any = None, activations: Sequence[str] | str | None = None, x: Any = None
) -> Network:
    """The network of a ``.keras`` or ``.h5`` file. Without ``cost``, the model's own loss is taken, or one that suits.

    ``activations`` are for a file of weights alone: one for all Dense layers, or a list. What was folded is compared,
    on ``x`` or on random inputs, with the layers one by one: ``net.training["imported"]`` has the largest difference.
    Raises ModelError naming the layer for what is no chain of dense layers.
    """
    file = read_file(path)
    if file.config is None:
        chain, dtype = _weights_alone(file, activations)
    elif activations is not None:
        raise UsageError(f"{path} says which activations it has; leave {spelt('activations')} out")
    else:
        chain, dtype = steps_of(file)
    check_size(chain, file.size, str(path))
    said: list[str] = []
    cost = _loss(file, chain, said) if cost is None else as_cost(cost)
    try:
        folded = fold(chain)
        net, top, chosen = network(folded, cost, dtype)
    except Fault as fault:
        raise ModelError(f"{path}: {fault}") from fault
    if net.cost.name == "cross_entropy":
        net.task = "classes"

    def theirs(X: Array) -> Array:
        found = carried_out(chain.steps, X)
        if top is not None:
            return as_activation(top).f(NUMPY, found)
        return np.exp(found) if folded.log else found

    told = sameness.compare(net, theirs, x=x)
    sameness.insist(told, str(path))
    return sameness.remember(net, Path(path).name, told, [*chain.said, *folded.said, *said, *chosen])


def _loss(file: File, chain: Chain, said: list[str]) -> Any:
    """The cost that the model's loss is, where it is one of the table's and suits the last activation."""
    loss = file.training.get("loss") if isinstance(file.training, dict) else None
    if isinstance(loss, dict):
        loss = loss.get("config") if isinstance(loss.get("config"), str) else _snake(loss.get("class_name"))
    name = _LOSSES.get(loss) if isinstance(loss, str) else None
    last = chain.steps[-1] if chain.steps else None
    if name is None or not isinstance(last, Function):
        return None
    try:
        check_fit(as_cost(name), as_activation(last.option))
    except BacklitError:
        return None
    said.append(f"its loss, {loss}, is {name} here")
    return name


def _snake(name: Any) -> str:
    """MeanSquaredError → mean_squared_error; BinaryCrossentropy → binary_crossentropy."""
    given = name if isinstance(name, str) else ""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in given[:60]).lstrip("_")


def _weights_alone(file: File, activations: Sequence[str] | str | None) -> tuple[Chain, Any]:
    """The chain of the Dense layers of a file without a configuration."""
    layers = file.weights.all()
    if not layers:
        raise ModelError(
            f"{file.source} holds neither a model nor the weights of layers; save the whole model"
        )
    if activations is None:
        raise UsageError(
            f"{file.source} holds weights alone; give the activation of each of its {counted(len(layers), 'layer')}: "
            f"{spelt('activations', ...)}, or save the whole model"
        )
    options = [activations] * len(layers) if isinstance(activations, str) else list(activations)
    if len(options) != len(layers):
        raise UsageError(
            f"{file.source} has {counted(len(layers), 'layer')} with weights, and {spelt('activations')} "
            f"{len(options)}; give one for each: {', '.join(name for name, _ in layers[:12])}"
        )
    chain, double = Chain(), False
    for (name, arrays), option in zip(layers, options, strict=True):
        what = f"layer {name[:80]!r}"
        plain = [one for one in arrays if one.dtype.kind == "f"]
        w: Array = plain[0] if plain else np.zeros(0)
        b: Array = plain[1] if len(plain) > 1 else np.zeros(w.shape[-1:])
        if len(arrays) > 2 or len(plain) < len(arrays) or w.ndim != 2 or b.shape != w.shape[1:]:
            raise ModelError(
                f"{file.source}: {what} has arrays of shapes {', '.join(str(one.shape) for one in arrays[:5])}, and is "
                "no Dense layer; save the whole model, which says what it is"
            )
        double |= w.dtype.itemsize == 8
        chain.steps += [Affine(what, w.T, b), Function(what, as_activation(option).option)]
    return chain, np.float64 if double else np.float32
