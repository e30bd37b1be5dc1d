"""PyTorch's networks in and out: a module whose forward is a chain becomes a Network, a Network an nn.Sequential.

What is a chain is settled in torch_walk.py and torch_ops.py, files are read in torch_files.py. Each way, both are run
on data and the largest difference is kept (sameness.py). PyTorch is imported when it is needed, never before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import MissingDependency, UsageError
from ..functions import Activation, as_activation, as_cost
from ..namespaces import NUMPY
from ..network import Network
from . import sameness
from .torch_chain import Fault, fold, network
from .torch_ops import softplus_apart

Array = Any


def from_torch(module: Any, cost: Any = None, *, x: Any = None) -> Network:
    """The network that computes what a PyTorch module does in evaluation, in its dtype (float16 becomes float32).

    The forward may be any chain of Linear, activations, Flatten, Dropout and BatchNorm1d (folded). Without ``cost`` one
    that suits the last function is taken; with one of classes, and outputs that are z, softmax or sigmoid is put on
    top. Both are run on ``x``, or on random inputs: ``net.training["imported"]`` has the largest difference, and what
    was chosen, as ``backlit.interop.told(net)`` prints it. Raises UsageError naming the node for what is no chain.
    """
    torch = torch_here("from_torch")
    if not isinstance(module, torch.nn.Module):
        hint = "; for a state dict, see backlit.interop.torch_files" if isinstance(module, dict) else ""
        raise UsageError(f"from_torch takes a torch.nn.Module; got {type(module).__name__}{hint}")
    from .torch_trace import Arrays, chain, runner

    name = type(module).__name__
    cost = None if cost is None else as_cost(cost)
    arrays = Arrays()
    try:
        found = chain(module, arrays)
        folded = fold(found)
        dtypes = {one for one in arrays.dtypes if one.is_floating_point}
        dtype = np.float64 if torch.float64 in dtypes else np.float32
        net, top, said = network(folded, cost, dtype)
    except Fault as fault:
        raise UsageError(f"this {name} can't be read: {fault}") from fault
    narrow = max((torch.finfo(one).eps for one in dtypes), default=0.0)
    if narrow > np.finfo(np.float32).eps:
        said.append("its numbers have 16 bits; here they are float32")
    first = next((one for one in module.parameters() if one.is_floating_point()), None)
    run = (
        runner(module, first.dtype, first.device)
        if first is not None
        else runner(module, torch.float32, "cpu")
    )
    told = sameness.compare(
        net, _seen(run, top, folded.log), x=x, eps=narrow, apart=softplus_apart(found.steps)
    )
    source = f"PyTorch {name}"
    sameness.insist(told, source)
    return sameness.remember(net, source, told, [*found.said, *folded.said, *said])


def _seen(run: Callable[[Array], Array], top: str | None, log: bool) -> Callable[[Array], Array]:
    """Their outputs as ours are: with the function that was put on top, without the logarithm."""
    row = None if top is None else as_activation(top)

    def outputs(X: Array) -> Array:
        found = run(X)
        if row is not None:
            return row.f(NUMPY, found.reshape(len(found), -1))
        return np.exp(found) if log else found

    return outputs


def to_torch(net: Network, *, logits: bool = False) -> Any:
    """An ``nn.Sequential`` of Linear and activation modules that computes the same, in the network's dtype.

    ``logits`` leaves the last function out, as CrossEntropyLoss and BCEWithLogitsLoss want it. The recipe does not go
    along: its inputs are a^0, ``net.recipe.encode(table)``. Raises UsageError for functions of your own.
    """
    torch = torch_here("to_torch")
    parts = []
    for l in range(1, net.L + 1):
        linear = torch.nn.utils.skip_init(
            torch.nn.Linear, net.sizes[l - 1], net.sizes[l], dtype=getattr(torch, net.dtype.name)
        )
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(np.array(net.w[l])))
            linear.bias.copy_(torch.from_numpy(np.array(net.b[l])))
        parts.append(linear)
        after = None if logits and l == net.L else activation(net.activations[l - 1], net.dtype)
        if after is not None:
            parts.append(after)
    module = torch.nn.Sequential(*parts).eval()
    if not (logits and net.activations[-1].name != "identity"):
        from .torch_trace import runner

        run = runner(module, getattr(torch, net.dtype.name), "cpu")
        sameness.insist(sameness.compare(net, run), "the nn.Sequential")
    return module


def activation(row: Activation, dtype: Any) -> Any:
    """The module of an activation, None for the identity; raises UsageError for functions of the user's own."""
    from torch import nn

    from .torch_modules import Exp, HardSigmoid

    made = MODULES.get(row.name) if row.built_in else None
    if made is None:
        raise UsageError(
            f"the activation {row.option!r} is a function of your own, and PyTorch has none for it; write the module "
            "by hand, or train with one of Backlit's"
        )
    if row.name == "exp":
        return Exp()
    if row.name == "hard_sigmoid" and row.parameters["slope"] != 1 / 6:
        return HardSigmoid(row.parameters["slope"])
    kind, arguments = made(row, np.dtype(dtype))
    return None if kind == "Identity" else getattr(nn, kind)(**arguments)


Made = Callable[[Activation, Any], tuple[str, dict[str, Any]]]


def _plain(kind: str) -> Made:
    return lambda row, dtype: (kind, {})


MODULES: dict[str, Made] = {
    "identity": _plain("Identity"),
    "sigmoid": _plain("Sigmoid"),
    "tanh": _plain("Tanh"),
    "relu": _plain("ReLU"),
    "leaky_relu": lambda row, dtype: ("LeakyReLU", {"negative_slope": row.parameters["slope"]}),
    "elu": lambda row, dtype: ("ELU", {"alpha": row.parameters["alpha"]}),
    "selu": _plain("SELU"),
    "gelu": _plain("GELU"),
    "gelu_tanh": lambda row, dtype: ("GELU", {"approximate": "tanh"}),
    "silu": _plain("SiLU"),
    # Above its threshold PyTorch takes z itself; the default, 20, is felt in float64.
    "softplus": lambda row, dtype: ("Softplus", {"threshold": 40.0} if dtype.itemsize == 8 else {}),
    "softsign": _plain("Softsign"),
    "hard_sigmoid": _plain("Hardsigmoid"),
    "exp": _plain("Exp"),
    "softmax": lambda row, dtype: ("Softmax", {"dim": -1}),
}


def torch_here(purpose: str) -> Any:
    """PyTorch; raises MissingDependency, for this purpose, where it is not installed."""
    try:
        import torch
    except ImportError:
        raise MissingDependency(
            f"{purpose} needs PyTorch, which is not installed: see pytorch.org, or pip install torch"
        ) from None
    return torch
