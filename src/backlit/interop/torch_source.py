"""A network as PyTorch's source code, for those who want to read it or to build on it; the weights go apart, or inline.

Nothing is run here and PyTorch is not needed. What stands in the code are numbers and names of our own tables only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..functions import Activation
from ..network import Network
from ..storage import write_safely
from .torch import MODULES

_MOST_INLINE = 100_000  # parameters: beyond, a source file is no place for them
_EXP = """
class Exp(nn.Module):
    def forward(self, z):
        return torch.exp(z)

"""
_HARD_SIGMOID = """
class HardSigmoid(nn.Module):
    def __init__(self, slope):
        super().__init__()
        self.slope = slope

    def forward(self, z):
        return torch.clamp(self.slope * z + 0.5, 0, 1)

"""


def to_torch_source(net: Network, *, weights: str | Path | None = "weights.safetensors") -> str:
    """Python code with a function ``network()`` that returns the ``nn.Sequential``.

    It loads ``weights``, a file as ``write_state_dict(net, path)`` writes it; where that is None, the numbers stand in
    the code, up to 100,000 of them. Raises UsageError for functions of your own.
    """
    lines = [_module(row, net.dtype) for row in net.activations]
    own = [code for kind, code in (("Exp(", _EXP), ("HardSigmoid(", _HARD_SIGMOID)) if kind in "".join(lines)]
    layers = []
    for l, after in enumerate(lines, start=1):
        layers.append(f"        nn.Linear({net.sizes[l - 1]}, {net.sizes[l]}),")
        layers += [f"        {after},"] if after else []
    body = "\n".join(["    net = nn.Sequential(", *layers, f"    ).to(torch.{net.dtype.name})"])
    return (
        f'"""A network of {"-".join(map(str, net.sizes))} neurons, written by Backlit.\n\n{_how(weights)}\n"""\n\n'
        f"import torch\n{'' if weights is None else 'from safetensors.torch import load_file' + chr(10)}"
        f"from torch import nn\n{_inline(net) if weights is None else ''}\n{''.join(own)}\n"
        f"def network():\n{body}\n{_loading(weights)}    return net.eval()\n"
    )


def _how(weights: str | Path | None) -> str:
    if weights is None:
        return "network() returns it, with the weights that stand below."
    name = Path(weights).name
    return (
        f"network() returns it, with the weights of {name}, which Backlit writes:\n"
        f"backlit.interop.torch_files.write_state_dict(net, {name!r}); pip install safetensors reads them."
    )


def _loading(weights: str | Path | None) -> str:
    if weights is None:
        return (
            "    with torch.no_grad():\n"
            "        for parameter, numbers in zip(net.parameters(), WEIGHTS):\n"
            "            parameter.copy_(torch.tensor(numbers, dtype=parameter.dtype))\n"
        )
    return f"    net.load_state_dict(load_file({Path(weights).name!r}))\n"


def _inline(net: Network) -> str:
    if net.parameters > _MOST_INLINE:
        raise UsageError(
            f"{net.parameters:,} numbers are too many for a source file, which takes {_MOST_INLINE:,}; take "
            "to_torch_source(net, weights='weights.safetensors') and write_state_dict(net, 'weights.safetensors')"
        )
    parts = [part for l in range(1, net.L + 1) for part in (net.w[l], net.b[l])]
    return "\nWEIGHTS = [  # w1, b1, …\n" + "".join(f"    {part.tolist()},\n" for part in parts) + "]\n"


def _module(row: Activation, dtype: Any) -> str:
    """The code of an activation's module, "" for the identity."""
    made = MODULES.get(row.name) if row.built_in else None
    if made is None:
        raise UsageError(f"the activation {row.option!r} is a function of your own; write its module by hand")
    if row.name == "hard_sigmoid" and row.parameters["slope"] != 1 / 6:
        return f"HardSigmoid({row.parameters['slope']!r})"
    kind, arguments = made(row, dtype)
    if kind == "Identity":
        return ""
    inside = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return f"{'' if kind == 'Exp' else 'nn.'}{kind}({inside})"


def write_torch_source(net: Network, path: str | Path) -> Path:
    """Writes the source with its numbers to a .py file."""
    return write_safely(path, to_torch_source(net, weights=None).encode(), "the source")


def write_pt2(net: Network, path: str | Path) -> Path:
    """Writes a .pt2 with any number of rows, as ``torch.export.load(path).module()`` reads it."""
    import io
    import warnings

    from .torch import to_torch, torch_here

    torch = torch_here("writing a .pt2 file")
    module = to_torch(net)
    example = torch.zeros((2, net.sizes[0]), dtype=getattr(torch, net.dtype.name))
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what PyTorch says of its own future
        program = torch.export.export(module, (example,), dynamic_shapes=({0: torch.export.Dim("n")},))
        torch.export.save(program, content)
    return write_safely(path, content.getvalue(), "the program")
