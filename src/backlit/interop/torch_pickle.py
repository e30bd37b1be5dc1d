"""A .pt or .pth file, which is a pickle: read only where the user says that they trust it, and then carefully first.

A pickle is a program. ``weights_only=True`` of PyTorch's, which runs none of it, is tried first; the whole is unpickled
only where that refuses it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ModelError, UsageError
from ..network import Network
from ..spelling import spelt, worded
from ..storage import check_readable
from .torch_files import of_state_dict

_INNER = ("state_dict", "model_state_dict", "model", "net")  # under which checkpoints keep the weights


def read_pt(
    path: str | Path, *, trust_pickle: bool = False, activations: Any = None, cost: Any = None
) -> Network:
    """The network of a .pt or .pth file: a state dict (then with ``activations``), or a whole module.

    Raises UsageError unless ``trust_pickle`` is True, ModelError for what can't be read.
    """
    source = Path(path)
    check_readable(source, "a .pt file")
    if trust_pickle is not True:
        raise UsageError(
            f"{source}: a .pt or .pth file is a pickle, a program that runs when it is read. If you trust who made it, "
            f"say so: {worded('trust_pickle=True', '--trust-pickle')}. Better, where it was made: save_file("
            "module.state_dict(), 'model.safetensors'), or torch.export.save"
        )
    found = _loaded(source)
    if isinstance(found, Mapping):
        inner = next((found[name] for name in _INNER if isinstance(found.get(name), Mapping)), found)
        return of_state_dict(_arrays(inner, source), str(source), activations=activations, cost=cost)
    from .torch import from_torch

    try:
        return from_torch(found, cost)
    except UsageError as reason:
        raise ModelError(f"{source}: {reason}") from reason


def _loaded(source: Path) -> Any:
    from .torch import torch_here

    torch = torch_here("reading a .pt file")
    with contextlib.suppress(Exception):  # it raises all kinds where there is more than weights
        return torch.load(source, map_location="cpu", weights_only=True)
    try:
        return torch.load(source, map_location="cpu", weights_only=False)
    except Exception as reason:
        said = str(reason).strip().splitlines()[0] if str(reason).strip() else type(reason).__name__
        raise ModelError(
            f"{source} can't be unpickled ({said[:160]}); {spelt('trust_pickle')} reads a state dict or a module "
            "whose class can be imported. Where it was made, save the state dict as .safetensors"
        ) from reason


def _arrays(state: Mapping[Any, Any], source: Path) -> dict[str, Any]:
    from .torch_chain import Fault
    from .torch_trace import Arrays

    arrays = Arrays()
    found = {}
    try:
        for name, tensor in state.items():
            if not isinstance(name, str) or not hasattr(tensor, "detach"):
                raise Fault(
                    f"its entry {name!r} is no tensor but {type(tensor).__name__}, and a state dict has tensors only"
                )
            found[name] = arrays.of(tensor)
    except Fault as fault:
        raise ModelError(f"{source}: {fault}") from fault
    return found
