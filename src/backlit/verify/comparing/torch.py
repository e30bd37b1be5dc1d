"""A chain of PyTorch's Linear and activation modules beside our network: its functions by our names, its z and a, and
its own gradient through autograd. PyTorch is imported when it is needed, never before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import equations
from ...errors import UsageError
from ...functions import Activation, Cost, pair_of
from ...namespaces import NUMPY
from ...options import format_option
from .arrays import as_array

Array = Any
_PASSED = ("Dropout", "Flatten", "AlphaDropout")  # nothing in evaluation, or only the shape
_NAMES: dict[str, Callable[[Any], str]] = {
    "Identity": lambda module: "identity",
    "Sigmoid": lambda module: "sigmoid",
    "Tanh": lambda module: "tanh",
    "ReLU": lambda module: "relu",
    "LeakyReLU": lambda module: format_option("leaky_relu", {"slope": module.negative_slope}),
    "ELU": lambda module: format_option("elu", {"alpha": float(module.alpha)}),
    "SELU": lambda module: "selu",
    "GELU": lambda module: "gelu_tanh" if module.approximate == "tanh" else "gelu",
    "SiLU": lambda module: "silu",
    "Softplus": lambda module: "softplus" if module.beta == 1 else "Softplus",
    "Softsign": lambda module: "softsign",
    "Hardsigmoid": lambda module: "hard_sigmoid",
    "Softmax": lambda module: "softmax" if module.dim in (1, -1) else f"Softmax over axis {module.dim}",
}


@dataclass(frozen=True)
class Layer:
    """A Linear and what follows it: ``option`` is our name of the function, or PyTorch's where we have none."""

    linear: Any
    after: tuple[Any, ...]
    option: str


def is_module(given: Any) -> bool:
    """Whether this is a module of PyTorch, asked without importing it."""
    return hasattr(given, "state_dict") and hasattr(given, "parameters") and callable(given)


def layers_of(module: Any) -> list[Layer] | None:
    """The chain of a Sequential of Linear and activation modules, or None for any other module."""
    steps = _steps(module)
    if steps is None:
        return None
    found: list[tuple[Any, list[Any]]] = []
    for step in steps:
        kind = type(step).__name__
        if kind == "Linear":
            found.append((step, []))
        elif found:
            found[-1][1].append(step)
        elif kind not in _PASSED:
            return None
    return [Layer(linear, tuple(after), _option(after)) for linear, after in found] or None


def _steps(module: Any) -> list[Any] | None:
    kind = type(module).__name__
    if kind != "Sequential":
        return [module] if kind == "Linear" or kind in _NAMES or kind in _PASSED else None
    steps: list[Any] = []
    for child in module.children():
        inner = _steps(child) if next(child.children(), None) is not None else [child]
        if inner is None:
            return None
        steps += inner
    return steps


def _option(after: list[Any]) -> str:
    names = [
        _NAMES.get(type(one).__name__, lambda module: type(module).__name__)(one)
        for one in after
        if type(one).__name__ not in _PASSED
    ]
    names = [name for name in names if name != "identity"]
    if not names:
        return "identity"
    return _plain(names[0]) if len(names) == 1 else " then ".join(names)


def _plain(option: str) -> str:
    """An option as our table writes it: without parameters that are its defaults."""
    from ...functions import as_activation

    try:
        return as_activation(option).option
    except UsageError:
        return option


def theta_of(layers: list[Layer]) -> list[Array]:
    """w1, b1, …; a Linear without bias has zeros."""
    parts = []
    for layer in layers:
        w = as_array(layer.linear.weight, "weight")
        b = layer.linear.bias
        parts += [w, np.zeros(len(w), dtype=w.dtype) if b is None else as_array(b, "bias")]
    return parts


@dataclass
class TorchPass:
    """z and a by layer (entry 0 of z is None), C and ∇C [w1, b1, …]; None where there is no cost."""

    z: list[Array]
    a: list[Array]
    C: float | None
    gradient: list[Array] | None


def run(
    layers: list[Layer],
    X: Array,
    Y: Array | None,
    share: Array,
    sigma: Activation | None,
    cost: Cost | None,
    loss: Any,
) -> TorchPass:
    """One pass of theirs, in their dtype, in evaluation mode, without touching their .grad.

    ``sigma`` is put on top of the last layer where theirs gives logits; ``loss`` is theirs, a function of outputs and
    targets, in place of ``cost``.
    """
    import torch

    linear = layers[0].linear
    leaves = [part for layer in layers for part in (layer.linear.weight, layer.linear.bias)]
    a = torch.as_tensor(X).to(linear.weight.dtype).to(linear.weight.device)
    z_all: list[Any] = [None]
    a_all: list[Any] = [a]
    with torch.enable_grad():
        for layer in layers:
            z = layer.linear(a)
            a = z
            for module in layer.after:
                a = a if type(module).__name__ in _PASSED else module(a)
            z_all.append(z)
            a_all.append(a)
        outputs = _outputs(z_all[-1], sigma) if sigma is not None else a
        C, seeds = (None, None) if Y is None else _cost(z_all[-1], a, outputs, Y, share, sigma, cost, loss)
        gradient = None if seeds is None else _gradient(torch, seeds, leaves)
    shown = [*a_all[:-1], outputs]
    return TorchPass(
        z=[None if one is None else as_array(one, "z") for one in z_all],
        a=[one if isinstance(one, np.ndarray) else as_array(one, "a") for one in shown],
        C=C,
        gradient=gradient,
    )


def _outputs(z: Any, sigma: Activation) -> Array:
    found: Array = sigma.f(NUMPY, as_array(z, "z"))
    return found


def _gradient(torch: Any, seeds: tuple[Any, Any], leaves: list[Any]) -> list[Array]:
    """∇C [w1, b1, …] by autograd, from a tensor and what its derivative is; a bias that is not there has zeros."""
    of, by = seeds
    real = [one for one in leaves if one is not None and one.requires_grad]
    found = iter(torch.autograd.grad(of, real, grad_outputs=by, allow_unused=True))
    parts = []
    for place, leaf in enumerate(leaves):
        one = next(found) if leaf is not None and leaf.requires_grad else None
        shape = leaf.shape if leaf is not None else (leaves[place - 1].shape[0],)
        parts.append(np.zeros(tuple(shape)) if one is None else as_array(one, "∇C"))
    return parts


def _cost(
    z: Any,
    a: Any,
    outputs: Any,
    Y: Array,
    share: Array,
    sigma: Activation | None,
    cost: Cost | None,
    loss: Any,
) -> tuple[float | None, tuple[Any, Any] | None]:
    """C, and from where with what autograd starts: their loss, PyTorch's own cost, or our ∂C/∂z of their outputs."""
    import torch

    if loss is not None:
        C = loss(a, _targets(torch, loss, a, Y))
        if C.ndim:
            raise UsageError(f"loss gives one number for the batch; got shape {tuple(C.shape)}")
        return float(C.detach()), (C, None)
    if cost is None:
        return None, None
    y, s = (torch.as_tensor(one).to(z.dtype).to(z.device) for one in (Y, share))
    last = sigma.name if sigma is not None else None
    each = _each(torch, cost, z, a if sigma is None else None, y, last)
    if each is not None:
        C = (s * each).sum()
        return float(C.detach()), (C, None)
    if sigma is None:
        return None, None
    values = as_array(z, "z"), outputs
    delta = equations.B1(NUMPY, sigma, cost, *values, Y.astype(values[0].dtype))
    pair = pair_of(sigma, cost)
    of_each = pair.f(NUMPY, *values, Y) if pair else cost.f(NUMPY, outputs, Y)
    seed = torch.as_tensor(share[:, None] * delta).to(z.dtype).to(z.device)
    return float(share @ of_each), (z, seed)


def _each(torch: Any, cost: Cost, z: Any, a: Any, y: Any, last: str | None) -> Any:
    """C_x by PyTorch's own functions, (m,), or None where it has none: from z where our function was put on top."""
    fn = torch.nn.functional
    if a is None:
        if (last, cost.name) == ("softmax", "cross_entropy"):
            return fn.cross_entropy(z, y, reduction="none")
        if (last, cost.name) == ("sigmoid", "binary_cross_entropy"):
            return fn.binary_cross_entropy_with_logits(z, y, reduction="none").sum(-1)
        return None
    match cost.name:
        case "squared_error":
            return fn.mse_loss(a, y, reduction="none").sum(-1)
        case "half_squared_error":
            return fn.mse_loss(a, y, reduction="none").sum(-1) / 2
        case "mean_squared_error":
            return fn.mse_loss(a, y, reduction="none").mean(-1)
        case "absolute_error":
            return fn.l1_loss(a, y, reduction="none").sum(-1)
        case "huber":
            return fn.huber_loss(a, y, reduction="none", delta=cost.parameters["delta"]).sum(-1)
        case "binary_cross_entropy":
            return fn.binary_cross_entropy(a, y, reduction="none").sum(-1)
        case "cross_entropy":
            return (
                fn.nll_loss(a.log(), y.argmax(-1), reduction="none")
                if _one_hot(y)
                else -(y * a.log()).sum(-1)
            )
        case "poisson":
            return fn.poisson_nll_loss(a, y, log_input=False, eps=0.0, reduction="none").sum(-1)
    return None


def _one_hot(y: Any) -> bool:
    return bool((((y == 0) | (y == 1)).all() and (y.sum(-1) == 1).all()).item())


def _targets(torch: Any, loss: Any, a: Any, Y: Array) -> Any:
    """Targets as their loss takes them: class numbers for CrossEntropyLoss and NLLLoss, else rows like the outputs."""
    name = type(loss).__name__ if not hasattr(loss, "__name__") else loss.__name__
    if name in ("CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss") and Y.shape[1] > 1:
        return torch.as_tensor(Y.argmax(axis=1)).to(a.device)
    return torch.as_tensor(Y).to(a.dtype).to(a.device)
