"""State dicts of PyTorch's in safetensors files, in and out: weights by name, without the functions between them.

Read by NumPy; PyTorch is neither needed nor run. A .pt2 has the functions too (torch_pt2.py), a .pt is a pickle
(torch_pickle.py). Whatever is wrong is a ModelError that names the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError, UsageError
from ..files import load
from ..network import Network
from ..spelling import counted, spelt
from ..storage import check_readable, write_safely
from . import sameness
from .torch_chain import Affine, Chain, Fault, Scale, carried_out, fold, function, network

Array = Any
MOST_HEADER = 2**22  # bytes of JSON, which in memory may become 20 times as many
MOST_TENSORS = 10_000
_LAYER = re.compile(r"(?P<module>.*?)\.?(?P<part>weight|bias|running_mean|running_var|num_batches_tracked)")


def read_safetensors(path: str | Path, *, activations: Any = None, cost: Any = None) -> Network:
    """The network of a safetensors file: Backlit's own model, or a state dict. Raises ModelError."""
    source = Path(path)
    check_readable(source, "a safetensors file")
    if "backlit" in _header(source).get("__metadata__", {}):
        if activations is not None or cost is not None:
            raise UsageError(
                f"{source} is a model of Backlit's, with its own activations and cost; leave these out"
            )
        return load(source)
    return read_state_dict(source, activations=activations, cost=cost)


def read_state_dict(path: str | Path, *, activations: Any = None, cost: Any = None) -> Network:
    """The network of a safetensors file with the state dict of an ``nn.Sequential``, or of Linear layers in order.

    Such a file holds weights only: ``activations``, one for all layers or a list, have to be given, where its metadata
    has none. Raises ModelError.
    """
    source = Path(path)
    tensors, about = read_tensors(source)
    if activations is None and "activations" in about:
        activations, cost = _listed(about["activations"]), cost or about.get("cost")
    return of_state_dict(tensors, str(source), activations=activations, cost=cost)


def _listed(text: str) -> Any:
    """The activations of a file's metadata: JSON, a list of options."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, list) else text


def read_tensors(source: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """The tensors and metadata of a safetensors file of any origin; its header is looked through first."""
    from safetensors import SafetensorError, safe_open

    check_readable(source, "a safetensors file")
    _header(source)
    try:
        with safe_open(source, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            return tensors, dict(file.metadata() or {})
    except (TypeError, AttributeError) as reason:
        raise ModelError(
            f"{source} has tensors in a number format that NumPy has not, such as bfloat16; save them as float32: "
            "save_file({name: tensor.float() for name, tensor in state.items()}, path)"
        ) from reason
    except (SafetensorError, OSError, ValueError) as reason:
        said = str(reason).splitlines()[0]
        raise ModelError(
            f"{source} is not a safetensors file, or it was cut off: {said}; save it anew"
        ) from reason


def _header(source: Path) -> dict[str, Any]:
    """The header of a safetensors file as plain data; raises ModelError for one that is too large, or no JSON."""
    with source.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > MOST_HEADER or size > source.stat().st_size:
            pickled = _looks_pickled(source)
            hint = " It begins as a pickle does, which is a program: its ending is wrong." if pickled else ""
            raise ModelError(
                f"{source} is not a safetensors file: its first 8 bytes, the length of its header, say {size:,}.{hint}"
            )
        try:
            found = json.loads(file.read(size))
        except (ValueError, RecursionError) as reason:
            raise ModelError(f"{source} is not a safetensors file: its header is no JSON") from reason
    if not isinstance(found, dict) or len(found) > MOST_TENSORS:
        what = f"{len(found):,} tensors" if isinstance(found, dict) else "no object"
        raise ModelError(f"{source}: its header has {what}, and at most {MOST_TENSORS:,} are read")
    about = found.get("__metadata__", {})
    if not isinstance(about, dict):
        raise ModelError(f"{source}: the metadata in its header is no object")
    return found


def _looks_pickled(source: Path) -> bool:
    with source.open("rb") as file:
        head = file.read(4)
    return head[:1] == b"\x80" or head == b"PK\x03\x04"


def write_state_dict(net: Network, path: str | Path) -> Path:
    """A safetensors file with the state dict of ``to_torch(net)``; its metadata has activations and cost."""
    from safetensors.numpy import save

    tensors, place = {}, 0
    for l in range(1, net.L + 1):
        tensors[f"{place}.weight"] = np.ascontiguousarray(net.w[l])
        tensors[f"{place}.bias"] = np.ascontiguousarray(net.b[l])
        place += 1 if net.activations[l - 1].name == "identity" else 2
    rows = (*net.activations, net.cost)
    about = {"format": "pt"}
    if all(row.built_in for row in rows):
        about |= {"activations": json.dumps([row.option for row in net.activations]), "cost": net.cost.option}
    return write_safely(path, bytes(save(tensors, metadata=about)), "the state dict")


def of_state_dict(
    tensors: Mapping[str, Array], source: str, *, activations: Any = None, cost: Any = None
) -> Network:
    """The network of tensors by PyTorch's names ("0.weight", "0.bias", "fc1.weight" …) in the order of their names."""
    try:
        found = _chain_of_state(tensors, activations)
        dtype = np.float64 if any(one.dtype == np.float64 for one in tensors.values()) else np.float32
        folded = fold(found)
        net, top, said = network(folded, cost, dtype)
    except Fault as fault:
        raise ModelError(f"{source}: {fault}") from fault
    if top is not None:
        found.steps.append(function("the function on top", top))
    told = sameness.compare(net, lambda X: carried_out(found.steps, X))
    sameness.insist(told, source)
    said = [
        *found.said,
        *folded.said,
        *said,
        "compared with the file's layers, carried out one by one in NumPy",
    ]
    return sameness.remember(net, f"the state dict {source}", told, said)


def _chain_of_state(tensors: Mapping[str, Array], activations: Any) -> Chain:
    modules = _modules(tensors)
    linear = [name for name, parts in modules.items() if "running_mean" not in parts]
    if not linear:
        raise Fault("it has no weight of a Linear layer")
    options = _options(activations, [modules[name]["weight"] for name in linear])
    chain, waiting, before = Chain(), None, None
    names = list(modules)
    for place, name in enumerate(names):
        parts = modules[name]
        if waiting is not None and _apart(before, name, names[place:], modules):
            chain.steps.append(function(f"the function after {before}", waiting))
            waiting = None
        if "running_mean" in parts:
            chain.steps.append(_batch_norm(name, parts))
            chain.said.append(f"{name} is BatchNorm1d, of eps 1e-5, which the file does not say")
        else:
            if waiting is not None:
                chain.steps.append(function(f"the function after {before}", waiting))
            w = parts["weight"]
            chain.steps.append(Affine(name, w, parts.get("bias", np.zeros(len(w), dtype=w.dtype))))
            waiting = options.pop(0)
        before = name
    if waiting is not None:
        chain.steps.append(function(f"the function after {before}", waiting))
    return chain


def _apart(
    before: str | None, name: str, rest: list[str], modules: Mapping[str, Mapping[str, Array]]
) -> bool:
    """Whether a function stands between two modules, one of them a BatchNorm: by the gap in their numbers."""
    if "running_mean" not in modules[name]:
        return False
    first, second = _number(before), _number(name)
    if first is None or second is None:
        raise Fault(
            f"{name} is a BatchNorm, and without numbers as an nn.Sequential has them one can't tell on which side of "
            "it the function stands; give the module itself to from_torch, or save it as .pt2"
        )
    if second - first == 1:
        return False
    third = _number(rest[1]) if len(rest) > 1 else None
    if third is not None and third - second > 1:
        raise Fault(
            f"there are gaps on both sides of {name}, a BatchNorm, and one can't tell in which the function stands; "
            "give the module itself to from_torch, or save it as .pt2"
        )
    return True


def _number(name: str | None) -> int | None:
    tail = re.split(r"[. ]", name or "")[-1]
    return int(tail) if tail.isdecimal() and len(tail) < 10 else None


def _batch_norm(name: str, parts: Mapping[str, Array]) -> Scale:
    if "running_var" not in parts:
        raise Fault(f"{name} has a running_mean and no running_var")
    s = 1 / np.sqrt(parts["running_var"].astype(np.float64) + 1e-5)
    s = s * parts.get("weight", 1.0)
    return Scale(name, s, parts.get("bias", 0.0) - parts["running_mean"] * s)


def _modules(tensors: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """weight, bias, … by module, in the order that the numbers in the names have."""
    found: dict[str, dict[str, Array]] = {}
    for name in sorted(tensors, key=_natural):
        match = _LAYER.fullmatch(name)
        if match is None:
            raise Fault(
                f"{name!r} is no weight or bias of a Linear or BatchNorm1d: a state dict is read where it has nothing "
                "else; give the module itself to from_torch, or save it as .pt2"
            )
        found.setdefault(f"module {match['module']}" if match["module"] else "it", {})[match["part"]] = (
            tensors[name]
        )
    for module, parts in found.items():
        plain = "running_mean" in parts or ("weight" in parts and parts["weight"].ndim == 2)
        if not plain:
            shape = parts["weight"].shape if "weight" in parts else "none"
            raise Fault(
                f"{module} is no Linear layer: its weight has shape {shape}; give the dense part to from_torch alone"
            )
        if any(one.dtype.kind not in "fiu" for one in parts.values()):
            raise Fault(f"{module} has tensors that are no real numbers")
    return found


def _natural(name: str) -> list[Any]:
    """Sorted as people count: layer 10 after layer 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _options(given: Any, weights: Sequence[Array]) -> list[str]:
    shapes = "-".join(str(n) for n in [weights[0].shape[1], *(len(w) for w in weights)])
    if given is None:
        example = ["relu"] * (len(weights) - 1) + ["softmax"]
        raise Fault(
            f"it holds weights only, of {counted(len(weights), 'Linear layer')} ({shapes}), and not which function "
            f"follows each; give it: {spelt('activations', example)}"
        )
    listed = [given] * len(weights) if isinstance(given, str) else list(given)
    if len(listed) != len(weights) or not all(isinstance(one, str) for one in listed):
        raise Fault(
            f"it has {counted(len(weights), 'Linear layer')} ({shapes}); {spelt('activations')} is a name for all, or "
            f"a list of {len(weights)}; got {given!r}"
        )
    return listed
