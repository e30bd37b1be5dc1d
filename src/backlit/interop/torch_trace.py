"""A PyTorch module as a graph of its operations: by torch.fx, and where that can't follow the code, by torch.export.

The module is looked at, never changed: it is back in its own mode afterwards. Only this file and torch_modules.py
import PyTorch at their top; they are imported when a module is at hand.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from .torch_chain import Chain, Fault
from .torch_ops import HANDLERS, plain_name
from .torch_walk import Node, Ref, chain_of

Array = Any
_PASSED = (
    nn.Dropout, nn.AlphaDropout, nn.FeatureAlphaDropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d,
)  # fmt: skip
_FUNCTIONS: dict[type[nn.Module], tuple[str, dict[str, str]]] = {  # operation, and its arguments' attributes
    nn.Identity: ("identity", {}),
    nn.ReLU: ("relu", {}),
    nn.Sigmoid: ("sigmoid", {}),
    nn.Tanh: ("tanh", {}),
    nn.SELU: ("selu", {}),
    nn.SiLU: ("silu", {}),
    nn.Softsign: ("softsign", {}),
    nn.Hardsigmoid: ("hardsigmoid", {}),
    nn.LogSigmoid: ("logsigmoid", {}),
    nn.LeakyReLU: ("leaky_relu", {"negative_slope": "negative_slope"}),
    nn.RReLU: ("rrelu", {"lower": "lower", "upper": "upper"}),
    nn.PReLU: ("prelu", {"weight": "weight"}),
    nn.ELU: ("elu", {"alpha": "alpha"}),
    nn.CELU: ("celu", {"alpha": "alpha"}),
    nn.GELU: ("gelu", {"approximate": "approximate"}),
    nn.Softplus: ("softplus", {"beta": "beta", "threshold": "threshold"}),
    nn.Softmax: ("softmax", {"dim": "dim"}),
    nn.LogSoftmax: ("log_softmax", {"dim": "dim"}),
    nn.Flatten: ("flatten", {"start_dim": "start_dim", "end_dim": "end_dim"}),
    nn.Linear: ("linear", {"weight": "weight", "bias": "bias"}),
    nn.BatchNorm1d: (
        "batch_norm",
        {name: name for name in ("running_mean", "running_var", "weight", "bias", "eps")},
    ),
}


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """The module in evaluation mode, without gradients; afterwards every part is in the mode it was in."""
    modes = [(one, one.training) for one in module.modules()]
    try:
        module.eval()
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what PyTorch says of its own future
            yield
    finally:
        for one, mode in modes:
            one.training = mode


def chain(module: nn.Module, arrays: Arrays) -> Chain:
    """The chain that a module's forward is; raises Fault, naming the node, where it is none."""
    with evaluating(module):
        try:
            nodes = list(_traced(module, arrays))
        except Fault:
            raise
        except Exception as reason:  # noqa: BLE001 (fx runs their forward on stand-ins, and it may raise anything)
            return _by_export(module, arrays, reason)
        return chain_of(nodes, HANDLERS)


class Arrays:
    """Tensors as NumPy arrays, the same array for the same tensor; ``eps`` is that of the coarsest of them."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, Array]] = {}
        self.dtypes: set[torch.dtype] = set()

    def of(self, tensor: Any) -> Array:
        if id(tensor) in self._known:
            return self._known[id(tensor)][1]
        if isinstance(tensor, nn.UninitializedParameter):
            raise Fault("it has layers that are not set up yet (Lazy…); run it on one batch first")
        if tensor.is_meta:
            raise Fault(
                "its tensors are on the device 'meta', where they have no numbers; load its weights first"
            )
        if tensor.is_complex() or tensor.is_quantized or tensor.is_sparse:
            raise Fault(
                f"it has a tensor of {tensor.dtype}, layout {tensor.layout}; give it in plain float32"
            )
        plain = tensor.detach().cpu()
        self.dtypes.add(plain.dtype)
        if plain.dtype in (torch.float16, torch.bfloat16):
            plain = plain.float()
        found = np.array(plain.numpy())
        self._known[id(tensor)] = (tensor, found)
        return found


class _Tracer(fx.Tracer):
    """fx's own, with Backlit's modules kept whole."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return hasattr(m, "backlit_option") or super().is_leaf_module(m, module_qualified_name)


class _Whole(nn.Module):
    """A lone module of PyTorch's inside another, so that it is met as a module and not looked into."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Any) -> Any:
        return self.inner(x)


def _traced(module: nn.Module, arrays: Arrays) -> Iterator[Node]:
    tracer = _Tracer()
    lone = tracer.is_leaf_module(module, "")
    root = _Whole(module) if lone else module
    for node in tracer.trace(root).nodes:
        args, kwargs = _refs(node.args), {name: _refs(one) for name, one in node.kwargs.items()}
        if node.op == "call_module":
            part = root.get_submodule(str(node.target))
            kind = type(part).__name__
            shown = kind if lone else f"{node.target} ({kind})"
            yield _module(str(node.name), shown, part, args, arrays)
        elif node.op == "get_attr":
            yield Node(node.name, "constant", (arrays.of(_attribute(root, str(node.target))),))
        elif node.op == "placeholder":
            yield Node(node.name, "input", shown=f"the argument {node.target}")
        elif node.op == "output":
            yield Node(node.name, "output", args)
        else:
            name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "?")
            op = plain_name(str(name))
            yield Node(node.name, op, args, kwargs, shown=f"the node {node.name}")


def _module(name: str, shown: str, part: nn.Module, args: tuple[Any, ...], arrays: Arrays) -> Node:
    """A module as the operation that it is."""
    option = getattr(part, "backlit_option", None)
    if isinstance(option, str):
        return Node(name, "backlit", (*args, option), shown=shown)
    if isinstance(part, _PASSED):
        return Node(name, "dropout", args, {"training": False}, shown)
    for kind, (op, attributes) in _FUNCTIONS.items():
        if isinstance(part, kind):
            given = {key: getattr(part, attribute) for key, attribute in attributes.items()}
            known = {
                key: arrays.of(value) if isinstance(value, torch.Tensor) else value
                for key, value in given.items()
            }
            return Node(name, op, args, known, shown)
    return Node(name, type(part).__name__, args, shown=shown)


def _attribute(root: nn.Module, path: str) -> Any:
    found: Any = root
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _refs(value: Any) -> Any:
    """fx's arguments with Ref for nodes."""
    if isinstance(value, fx.Node):
        return Ref(value.name)
    if isinstance(value, (list, tuple)):
        return tuple(_refs(one) for one in value)
    return value


def _by_export(module: nn.Module, arrays: Arrays, reason: Exception) -> Chain:
    """The chain by torch.export, which runs the module's code on an example."""
    first = next((one for one in module.modules() if isinstance(one, nn.Linear)), None)
    if first is None:
        raise Fault(
            f"torch.fx can't follow its forward ({_line(reason)}), and it has no nn.Linear"
        ) from reason
    example = torch.zeros((3, first.in_features), dtype=first.weight.dtype, device=first.weight.device)
    try:
        program = torch.export.export(module, (example,))
    except Exception as why:
        raise Fault(
            f"neither torch.fx ({_line(reason)}) nor torch.export ({_line(why)}) can follow its forward; give the "
            "layers as an nn.Sequential"
        ) from why
    return chain_of(list(_exported(program, arrays)), HANDLERS, batch=3)


def _exported(program: Any, arrays: Arrays) -> Iterator[Node]:
    signature = program.graph_signature
    lifted = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    constants = {**signature.inputs_to_lifted_tensor_constants}
    for node in program.graph.nodes:
        if node.op == "placeholder":
            if node.name in lifted:
                yield Node(node.name, "constant", (arrays.of(program.state_dict[lifted[node.name]]),))
            elif node.name in constants:
                yield Node(node.name, "constant", (arrays.of(program.constants[constants[node.name]]),))
            else:
                yield Node(node.name, "input", shown=f"the argument {node.name}")
        elif node.op == "output":
            yield Node(node.name, "output", _refs(node.args))
        else:
            names = [one.name for one in getattr(getattr(node.target, "_schema", None), "arguments", ())]
            given = {**dict(zip(names, node.args, strict=False)), **node.kwargs}
            known = {"input" if key == "self" else key: _refs(value) for key, value in given.items()}
            args = () if names else _refs(node.args)
            yield Node(node.name, plain_name(str(node.target)), args, known, shown=f"the node {node.name}")


def _line(reason: Exception) -> str:
    return str(reason).strip().splitlines()[0][:100] if str(reason).strip() else type(reason).__name__


def runner(module: nn.Module, dtype: torch.dtype, device: Any) -> Callable[[Array], Array]:
    """The module as a function of NumPy arrays, in evaluation."""

    def run(X: Array) -> Array:
        with evaluating(module):
            found = module(torch.from_numpy(np.ascontiguousarray(X)).to(dtype=dtype, device=device))
            return found.detach().cpu().double().numpy()

    return run
