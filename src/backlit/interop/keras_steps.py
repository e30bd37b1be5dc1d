"""What each Keras layer computes, as steps: Dense, Normalization, Rescaling, BatchNormalization, activations.

Layers that do nothing in inference are passed over. The rules are those of Keras 3, and of Keras 2 where it differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..functions.activations import as_activation
from .keras_file import File
from .keras_layers import Layer, layers_of
from .torch_chain import LOG_SOFTMAX, Affine, Chain, Function, Scale

Array = Any
_LEAST_DEVIATION = 1e-7  # Keras's epsilon, below which Normalization divides by it
_WIDEST = 1_000_000  # numbers of a row that a scale is spread over
_PASSED = {
    "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "Identity",
}  # fmt: skip
_NAMES = {
    "elu": "elu",
    "exponential": "exp",
    "gelu": "gelu",
    "hard_sigmoid": "hard_sigmoid",
    "leaky_relu": "leaky_relu(slope=0.2)",
    "linear": "identity",
    "log_softmax": LOG_SOFTMAX,
    "relu": "relu",
    "selu": "selu",
    "sigmoid": "sigmoid",
    "silu": "silu",
    "softmax": "softmax",
    "softplus": "softplus",
    "softsign": "softsign",
    "swish": "silu",
    "tanh": "tanh",
}
_NEAREST = {
    "hard_silu": "'silu' is its smooth form",
    "hard_swish": "'silu' is its smooth form",
    "hard_tanh": "'tanh' is its smooth form",
    "log_sigmoid": "'softplus' of −z is −1 times it",
    "mish": "'silu' is close to it",
    "relu6": "'relu' is the same below 6",
    "celu": "'elu' is the same where alpha is 1",
    "PReLU": "'leaky_relu(slope=…)' has one slope for all neurons",
    "ThresholdedReLU": "'relu' with a bias is close to it",
}


class Steps:
    """Gathers the steps; ``shape`` is that of a row at this place, None where it is not known."""

    def __init__(self, file: File) -> None:
        self.file, self.chain = file, Chain()
        self.shape: list[int | None] | None = None
        self.double = False

    def arrays(self, layer: Layer, count: int) -> list[Array]:
        """The layer's arrays, all finite numbers."""
        found = self.file.weights.of(layer.path, layer.counted)
        if len(found) != count:
            raise layer.refused(
                f"it has {count} arrays and the file {len(found)} of them", "save the model anew"
            )
        for one in found:
            if one.dtype.kind != "f":
                raise layer.refused(f"its numbers are {one.dtype}, quantised", "save the model in float32")
            self.double |= one.dtype.itemsize == 8
        return found

    def row(self, layer: Layer, value: Array) -> Array:
        """A row of numbers for the last axis, spread over the whole row where that has more axes."""
        value = np.asarray(value, dtype=np.float64).reshape(-1)
        if self.shape is None or len(self.shape) < 2 or value.size == 1:
            return value
        dims = [n for n in self.shape if n is not None]
        if len(dims) < len(self.shape) or math.prod(dims) > _WIDEST or dims[-1] != value.size:
            raise layer.refused(
                "it scales rows of unknown shape, or along another axis", "put it after Flatten"
            )
        return np.broadcast_to(value, dims).reshape(-1)

    def function(self, layer: Layer, option: str) -> None:
        """An activation by its option."""
        if option == "softmax" and self.shape is not None and len(self.shape) > 1:
            raise layer.refused("it goes along the last of several axes", "put Flatten before it")
        if option == "hard_sigmoid" and self.file.major < 3:
            option = "hard_sigmoid(slope=0.2)"
        self.chain.steps.append(
            Function(str(layer), option if option == LOG_SOFTMAX else as_activation(option).option)
        )


def steps_of(file: File) -> tuple[Chain, Any]:
    """The chain of a file with a configuration, and the dtype of the network. Raises ModelError naming the layer."""
    steps = Steps(file)
    for layer in layers_of(file):
        if steps.shape is None:
            steps.shape = _claimed(layer)
        if layer.kind in _PASSED:
            steps.chain.said.append(f"{layer} is left out: it does nothing in inference")
            continue
        rule = _RULES.get(layer.kind)
        if rule is None:
            raise layer.refused(_why(layer.kind), _remedy(layer.kind))
        rule(steps, layer)
        _check_policy(steps, layer)
    return steps.chain, np.float64 if steps.double else np.float32


def _why(kind: str) -> str:
    return "Backlit has no such activation" if kind in _NEAREST else "no dense network has such a layer"


def _remedy(kind: str) -> str:
    if kind in _NEAREST:
        return f"{_NEAREST[kind]}: train with that instead"
    return "make a model of the dense layers alone, keras.Model(inputs, outputs), and save that"


def _claimed(layer: Layer) -> list[int | None] | None:
    """The shape of a row that the first layers claim."""
    for name in ("batch_shape", "batch_input_shape"):
        given = layer.config.get(name)
        if isinstance(given, list) and 2 <= len(given) <= 8:
            dims = given[1:]
            if all(n is None or (isinstance(n, int) and not isinstance(n, bool) and n > 0) for n in dims):
                return dims
    return None


def _check_policy(steps: Steps, layer: Layer) -> None:
    """Says where the layer computes in less precision than the network does."""
    policy = layer.config.get("dtype")
    if isinstance(policy, dict):
        policy = policy["config"].get("name") if isinstance(policy.get("config"), dict) else None
    if isinstance(policy, str) and "16" in policy:
        steps.chain.said.append("it computes in 16 bits in Keras; here in float32")


def _dense(steps: Steps, layer: Layer) -> None:
    biased = layer.config.get("use_bias", True) is not False
    if steps.shape is not None and len(steps.shape) > 1:
        raise layer.refused("rows with several axes reach it", "put Flatten before it")
    kernel, *rest = steps.arrays(layer, 2 if biased else 1)
    b = rest[0] if biased else np.zeros(kernel.shape[-1:], dtype=kernel.dtype)
    if (
        kernel.ndim != 2
        or b.shape != kernel.shape[1:]
        or layer.config.get("units") not in (None, kernel.shape[1])
    ):
        raise layer.refused(
            f"its kernel has shape {kernel.shape} and its bias {b.shape}, and it claims "
            f"{str(layer.config.get('units'))[:20]} units",
            "save the model anew",
        )
    claimed = None if steps.shape is None else steps.shape[0]
    if claimed is not None and claimed != kernel.shape[0]:
        raise layer.refused(
            f"it takes rows of {kernel.shape[0]:,}, and rows of {claimed:,} reach it", "save the model anew"
        )
    steps.chain.steps.append(Affine(str(layer), kernel.T, b))
    steps.shape = [len(b)]
    _activation(steps, layer)


def _activation(steps: Steps, layer: Layer) -> None:
    given = layer.config.get("activation")
    if given is not None:
        _function(steps, layer, given)


def _function(steps: Steps, layer: Layer, given: Any) -> None:
    """An activation as a configuration has it: a name, a function's dict, or a layer in a function's place."""
    if isinstance(given, dict):
        if "value" in given or given.get("class_name") in ("Lambda", "__lambda__"):
            raise layer.refused(
                "its activation is code of its own (a lambda), which is never run",
                "take one of Keras's by its name",
            )
        kind, config = given.get("class_name"), given.get("config")
        if kind in ("ReLU", "LeakyReLU", "ELU", "Softmax") and isinstance(config, dict):
            _RULES[kind](steps, Layer(kind, config, layer.path, layer.counted, layer.source))
            return
        module, registered = given.get("module"), given.get("registered_name")
        known = module is None or str(module).split(".")[0] in ("keras", "tf_keras", "builtins")
        if not known or (isinstance(registered, str) and ">" in registered):
            raise layer.refused(
                f"its activation {str(config)[:60]!r} of {str(registered or module)[:60]!r} is code that is not in the "
                "file",
                "take one of Keras's by its name",
            )
        given = config
    if isinstance(given, str) and ">" in given:
        raise layer.refused(
            f"its activation {given[:60]!r} is code that is not in the file",
            "take one of Keras's by its name",
        )
    if not isinstance(given, str) or given not in _NAMES:
        shown = str(given)[:60]
        raise layer.refused(
            f"Backlit has no activation {shown!r}",
            f"{_NEAREST[shown]}: train with that instead"
            if shown in _NEAREST
            else "train with one that Backlit has",
        )
    steps.function(layer, _NAMES[given])


def _relu(steps: Steps, layer: Layer) -> None:
    slope, top, edge = (layer.number(name, 0.0) for name in ("negative_slope", "max_value", "threshold"))
    if layer.config.get("max_value") is not None or edge:
        raise layer.refused(
            f"it is cut off at {top:g}" if not edge else f"its threshold is {edge:g}",
            "train with a plain ReLU",
        )
    _sloped(steps, layer, slope)


def _leaky_relu(steps: Steps, layer: Layer) -> None:
    _sloped(steps, layer, layer.number("negative_slope", layer.number("alpha", 0.3)))


def _sloped(steps: Steps, layer: Layer, slope: float) -> None:
    if not 0 <= slope < 1:
        raise layer.refused(f"its slope below 0 is {slope:g}", "take one of at least 0 and below 1")
    steps.function(layer, f"leaky_relu(slope={_short(slope)!r})" if slope else "relu")


def _elu(steps: Steps, layer: Layer) -> None:
    alpha = layer.number("alpha", 1.0)
    if not 0 < alpha < math.inf:
        raise layer.refused(f"its alpha is {alpha:g}", "take one above 0")
    steps.function(layer, f"elu(alpha={_short(alpha)!r})")


def _short(value: float) -> float:
    """The number that was meant, where Keras 2 kept it in float32: 0.1 for 0.10000000149."""
    single = np.float32(value) if abs(value) < 1e30 else np.float64(value)
    return float(str(single)) if float(single) == value else value


def _softmax(steps: Steps, layer: Layer) -> None:
    axis = layer.config.get("axis", -1)
    if axis not in (-1, 1, [-1], [1]):
        raise layer.refused(f"it goes along axis {str(axis)[:20]}", "take the last axis")
    steps.function(layer, "softmax")


def _rescaling(steps: Steps, layer: Layer) -> None:
    scale, offset = (_row_given(layer, name, default) for name, default in (("scale", 1.0), ("offset", 0.0)))
    steps.chain.steps.append(Scale(str(layer), steps.row(layer, scale), steps.row(layer, offset)))


def _row_given(layer: Layer, name: str, default: float) -> Array:
    """A number or a row of numbers of a configuration."""
    given = layer.config.get(name)
    given = default if given is None else given
    try:
        row = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        row = np.asarray(np.nan)
    if not np.isfinite(row).all() or not row.size:
        raise layer.refused(f"its {name} is no row of finite numbers", "save the model anew")
    return row


def _normalization(steps: Steps, layer: Layer) -> None:
    """(a − mean)/max(√variance, 1e−7), or the way back."""
    axis = layer.config.get("axis", -1)
    rank = 1 if steps.shape is None else len(steps.shape)
    if axis not in (None, -1, [-1], rank, [rank]):
        raise layer.refused(
            f"it keeps numbers for axis {str(axis)[:20]}", "take the last axis, or put it after Flatten"
        )
    if layer.config.get("mean") is not None:
        mean, variance = (_row_given(layer, name, 0.0) for name in ("mean", "variance"))
    else:
        found = steps.file.weights.of(layer.path, layer.counted)[:2]
        if len(found) != 2:
            raise layer.refused(
                "it was not adapted to data", "call adapt() before training, and save it anew"
            )
        mean, variance = (one.astype(np.float64) for one in found)
    mean, variance = steps.row(layer, mean), steps.row(layer, variance)
    with np.errstate(invalid="ignore"):
        deviation = np.maximum(np.sqrt(variance), _LEAST_DEVIATION)
    if layer.config.get("invert"):
        steps.chain.steps.append(Scale(str(layer), deviation, mean))
    else:
        steps.chain.steps.append(Scale(str(layer), 1 / deviation, -mean / deviation))


def _batch_normalization(steps: Steps, layer: Layer) -> None:
    """γ (a − mean)/√(variance + ε) + β, as it is in inference."""
    if layer.config.get("axis", -1) not in (-1, 1, [-1], [1]) or (steps.shape and len(steps.shape) > 1):
        raise layer.refused("it does not go along the neurons of plain rows", "put it after a Dense layer")
    scaled, centred = (layer.config.get(name, True) is not False for name in ("scale", "center"))
    found = [one.astype(np.float64) for one in steps.arrays(layer, 2 + scaled + centred)]
    mean, variance = found[-2:]
    gamma = found[0] if scaled else np.ones_like(mean)
    beta = found[int(scaled)] if centred else np.zeros_like(mean)
    if len({one.shape for one in (gamma, beta, mean, variance)}) > 1 or mean.ndim != 1:
        raise layer.refused("its arrays are of different shapes", "save the model anew")
    with np.errstate(invalid="ignore", divide="ignore"):
        s = gamma / np.sqrt(variance + layer.number("epsilon", 1e-3))
    steps.chain.steps.append(Scale(str(layer), s, beta - mean * s))


def _flatten(steps: Steps, layer: Layer) -> None:
    if steps.shape is not None:
        dims = [n for n in steps.shape if n is not None]
        steps.shape = [math.prod(dims) if len(dims) == len(steps.shape) else None]


def _reshape(steps: Steps, layer: Layer) -> None:
    target = layer.config.get("target_shape")
    if not isinstance(target, list) or not all(isinstance(n, int) for n in target) or len(target) > 8:
        raise layer.refused("its target shape is no list of whole numbers", "save the model anew")
    steps.shape = [None if n == -1 else n for n in target]


def _input(steps: Steps, layer: Layer) -> None:
    if layer.config.get("sparse") or layer.config.get("ragged"):
        raise layer.refused("it takes sparse or ragged rows", "give it dense ones")


_RULES: dict[str, Callable[[Steps, Layer], None]] = {
    "Activation": _activation,
    "BatchNormalization": _batch_normalization,
    "BatchNormalizationV1": _batch_normalization,
    "Dense": _dense,
    "ELU": _elu,
    "Flatten": _flatten,
    "InputLayer": _input,
    "LeakyReLU": _leaky_relu,
    "Normalization": _normalization,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Softmax": _softmax,
}
