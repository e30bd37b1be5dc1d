"""A .pt2, which torch.export.save writes: a zip archive of a graph in JSON and of plain numbers, read as data.

PyTorch is neither needed nor run. Each entry is looked at before it is read, and all together are no more than the
file. Whatever is wrong is a ModelError that names the file.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError
from ..network import Network
from ..spelling import counted
from ..storage import check_readable
from . import sameness
from .torch_chain import Fault, carried_out, fold, function, network
from .torch_files import MOST_HEADER, MOST_TENSORS
from .torch_ops import HANDLERS, plain_name
from .torch_walk import Node, Ref, chain_of

Array = Any
_DTYPES = {  # of torch's serialisation: numbers that NumPy has
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64", 12: "bool",
}  # fmt: skip
_BFLOAT16 = 13


def read_pt2(path: str | Path, *, cost: Any = None) -> Network:
    """The network of a file that ``torch.export.save`` (PyTorch 2.8 or later) wrote. Raises ModelError."""
    source = Path(path)
    check_readable(source, "a .pt2 file")
    try:
        with zipfile.ZipFile(source) as archive:
            found = _Archive(archive, source.stat().st_size)
            nodes, batch = found.nodes()
            chain = chain_of(nodes, HANDLERS, batch)
            folded = fold(chain)
            net, top, said = network(folded, cost, np.float64 if found.double else np.float32)
    except Fault as fault:
        raise ModelError(f"{source}: {fault}") from fault
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as reason:
        raise ModelError(f"{source} is no .pt2 file, or it was cut off: {reason}; save it anew") from reason
    except (
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as reason:
        raise ModelError(
            f"{source}: its graph is damaged, or of a PyTorch that Backlit does not know yet ({reason!r:.100}); load "
            "it with torch.export.load and give its .module() to from_torch"
        ) from reason
    if folded.log:
        chain.steps[-1] = function("the function on top", "softmax")
    elif top is not None:
        chain.steps.append(function("the function on top", top))
    told = sameness.compare(net, lambda X: carried_out(chain.steps, X))
    sameness.insist(told, str(source))
    said = [
        *chain.said,
        *folded.said,
        *said,
        "compared with the file's operations, carried out one by one in NumPy",
    ]
    return sameness.remember(net, f"the PyTorch program {source}", told, said)


class _Archive:
    """A .pt2: its graph, and those of its tensors that are asked for."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self.archive, self.left = archive, size
        self.double = False
        names = archive.namelist()
        graph = [name for name in names if re.fullmatch(r"([^/]+/)?models/[^/]+\.json", name)]
        if "serialized_exported_program.json" in names:
            raise Fault(
                "it was written by a PyTorch older than 2.8; load it there with torch.export.load and give its "
                ".module() to from_torch"
            )
        if len(graph) != 1:
            raise Fault(f"it has {counted(len(graph), 'model')}, and one is read")
        self.folder = graph[0].partition("models/")[0]
        self.model = self._json(graph[0])

    def _json(self, name: str) -> Any:
        content = self._entry(name, MOST_HEADER)
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as reason:
            raise Fault(f"{name} in it is no JSON ({str(reason)[:80]})") from reason

    def _entry(self, name: str, most: int) -> bytes:
        """An entry that is stored as it is; all of them together are no more than the file."""
        try:
            about = self.archive.getinfo(name)
        except KeyError:
            raise Fault(f"it has no {name}, which its graph asks for") from None
        if about.compress_type != zipfile.ZIP_STORED or about.file_size != about.compress_size:
            raise Fault(f"{name} in it is compressed, which torch.export.save never does")
        self.left -= about.file_size
        if about.file_size > most or self.left < 0:
            raise Fault(f"{name} in it says to have {about.file_size:,} bytes, more than can be true")
        return self.archive.read(about)

    def _tensor(self, folder: str, config: Mapping[str, Any], name: str) -> Array:
        about = config[name]
        if about.get("use_pickle"):
            raise Fault(
                f"its tensor {name!r} is a pickle, which is a program; Backlit reads plain numbers only"
            )
        file = str(about["path_name"])
        if "/" in file or "\\" in file:
            raise Fault(f"its tensor {name!r} is to lie at {file!r}, outside its folder")
        return self._array(
            name, about["tensor_meta"], self._entry(f"{self.folder}{folder}/{file}", self.left)
        )

    def _array(self, name: str, meta: Mapping[str, Any], content: bytes) -> Array:
        shape, strides = ([int(one["as_int"]) for one in meta[key]] for key in ("sizes", "strides"))
        start, kind = int(meta["storage_offset"]["as_int"]), meta["dtype"]
        if kind == _BFLOAT16:
            flat = (np.frombuffer(content, "<u2").astype(np.uint32) << 16).view(np.float32)
        elif kind in _DTYPES:
            flat = np.frombuffer(content, np.dtype(_DTYPES[kind]).newbyteorder("<"))
        else:
            raise Fault(f"its tensor {name!r} is in a number format that is not known")
        last = start + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        if min([*shape, *strides, start, 1]) < 0 or last >= len(flat) or math.prod(shape) > len(flat):
            raise Fault(f"its tensor {name!r} of shape {tuple(shape)} goes beyond its {len(flat):,} numbers")
        steps = [step * flat.itemsize for step in strides]
        found = (
            np.lib.stride_tricks.as_strided(flat[start:], shape, steps) if shape else flat[start].reshape(())
        )
        self.double |= kind == 8
        return np.array(found, dtype=found.dtype.newbyteorder("="))

    def nodes(self) -> tuple[list[Node], int | None]:
        """The graph as the walk takes it, and how many rows the example had that it was made with."""
        module = self.model["graph_module"]
        graph, signature = module["graph"], module["signature"]
        weights = self._config("data/weights", "model_weights_config.json")
        constants = self._config("data/constants", "model_constants_config.json")
        found: list[Node] = []
        batch = None
        for spec in signature["input_specs"]:
            (kind, about), *_ = spec.items()
            name = _tensor_name(about["arg"])
            if kind in ("parameter", "buffer"):
                persistent = about.get("persistent", True)
                config, folder = (weights, "data/weights") if persistent else (constants, "data/constants")
                found.append(self._constant(name, folder, config, about[f"{kind}_name"]))
            elif kind == "tensor_constant":
                found.append(self._constant(name, "data/constants", constants, about["tensor_constant_name"]))
            elif kind == "user_input":
                batch = _rows(graph, name)
                found.append(Node(name, "input", shown=f"the argument {name}"))
            else:
                raise Fault(f"its input {name!r} is a {kind}, for which there is no rule")
        if len(graph["nodes"]) > MOST_TENSORS:
            raise Fault(f"its graph has {len(graph['nodes']):,} nodes, and at most {MOST_TENSORS:,} are read")
        for one in graph["nodes"]:
            found += self._node(one)
        outputs = tuple(Ref(_tensor_name(one)) for one in graph["outputs"])
        return [*found, Node("output", "output", (outputs,))], batch

    def _config(self, folder: str, file: str) -> Mapping[str, Any]:
        name = f"{self.folder}{folder}/{file}"
        found = self._json(name)["config"] if name in self.archive.namelist() else {}
        if len(found) > MOST_TENSORS:
            raise Fault(f"it has {len(found):,} tensors, and at most {MOST_TENSORS:,} are read")
        return dict(found)

    def _constant(self, name: str, folder: str, config: Mapping[str, Any], tensor: str) -> Node:
        if tensor not in config:
            raise Fault(f"it has no tensor {tensor!r}, which its graph asks for")
        return Node(name, "constant", (self._tensor(folder, config, tensor),))

    def _node(self, one: Mapping[str, Any]) -> list[Node]:
        """A node; where it gives several things, also those one by one."""
        given = {str(part["name"]): _argument(part["arg"]) for part in one["inputs"]}
        known = {"input" if key == "self" else key: value for key, value in given.items()}
        outputs = [_tensor_name(out) for out in one["outputs"] if "as_tensor" in out or "as_sym_int" in out]
        name = outputs[0] if len(outputs) == 1 else f"all of {one['target']}, {one.get('name')} {outputs[:1]}"
        kind = str(one.get("metadata", {}).get("nn_module_stack", "")).rpartition(".")[2][:40]
        op = plain_name(str(one["target"]))
        shown = f"the node {outputs[0] if outputs else op}" + (
            f" ({kind})" if kind not in ("", "Sequential") else ""
        )
        parts = [
            Node(part, "getitem", (), {"input": Ref(name), "index": place})
            for place, part in enumerate(outputs)
            if len(outputs) > 1
        ]
        return [Node(name, op, (), known, shown), *parts]


def _tensor_name(arg: Mapping[str, Any]) -> str:
    found = arg.get("as_tensor") or arg.get("as_sym_int") or arg
    name = found.get("name", found.get("as_name"))
    if not isinstance(name, str):
        raise Fault(f"its graph gives or takes {str(arg)[:60]}, for which there is no rule")
    return name


def _argument(arg: Mapping[str, Any]) -> Any:
    """An argument of the graph as Python's own; Ref for what a node gives."""
    ((kind, value),) = arg.items()
    if kind in ("as_tensor", "as_sym_int"):
        if "as_int" in value:
            return int(value["as_int"])
        return Ref(_tensor_name(arg))
    if kind in ("as_ints", "as_floats", "as_bools"):
        return tuple(value)
    if kind in ("as_tensors", "as_sym_ints"):
        return tuple(_argument({kind[:-1]: one}) for one in value)
    if kind in ("as_int", "as_float", "as_bool", "as_string"):
        return value
    return None  # nothing, or a device, layout or dtype, which change no number


def _rows(graph: Mapping[str, Any], name: str) -> int | None:
    """How many rows the input has, where the file says a number."""
    sizes = graph["tensor_values"][name]["sizes"]
    first = sizes[0].get("as_int") if sizes else None
    return None if first is None else int(first)
