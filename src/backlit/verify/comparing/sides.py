"""One side of a comparison: from whatever was given (a network, a file, a module, arrays) to θ and how to run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ... import checkpoints, files
from ...by_hand import is_by_hand
from ...errors import ModelError, UsageError
from ...network import Network
from ...passes import Gradient
from ...storage import unpack
from .theta import Theta, readings
from .torch import Layer, is_module, layers_of, theta_of

Array = Any


@dataclass(frozen=True)
class Side:
    """``thetas`` are the ways to read its parameters (two where layouts can't be told), or its gradient's entries.

    ``net`` is its network, ``layers`` its chain of PyTorch modules, where it is such; else only its numbers are known.
    """

    name: str
    thetas: list[Theta]
    net: Network | None = None
    layers: list[Layer] | None = None
    gradient: bool = False

    @property
    def options(self) -> list[str] | None:
        """Its activations of layers 1 … L by our names, or None where they are not known."""
        if self.net is not None:
            return [sigma.option for sigma in self.net.activations]
        return None if self.layers is None else [layer.option for layer in self.layers]

    @property
    def dtypes(self) -> set[str]:
        """Of its arrays."""
        return {one.dtype.name for one in self.thetas[0].arrays}


def side_of(given: Any, name: str, sizes: tuple[int, ...] | None = None) -> Side:
    """A side; ``sizes`` are the other's, by which flat vectors are read. Raises UsageError, ModelError."""
    if isinstance(given, str | Path):
        given = load(given)
    if isinstance(given, Network):
        return Side(name, readings(given, name), net=given)
    if isinstance(given, Gradient):
        return Side(name, readings(given, name), gradient=True)
    if is_module(given):
        layers = layers_of(given)
        if layers is not None:
            return Side(name, [Theta(tuple(theta_of(layers)))], layers=layers)
    found = readings(given, name, sizes if is_flat(given) else None)
    if sizes is not None:
        fitting = [one for one in found if one.sizes == sizes]
        found = fitting or found
    return Side(name, found)


def is_flat(given: Any) -> bool:
    """Whether these are numbers in one array, whose layers only the other side can tell."""
    if is_module(given) or isinstance(given, Network):
        return False
    if isinstance(given, Mapping):
        return False
    return (
        hasattr(given, "__array__")
        or hasattr(given, "detach")
        or (isinstance(given, list | tuple) and len(given) > 0 and all(map(np.isscalar, given)))
    )


def load(path: str | Path) -> Any:
    """What stands in a file: a network (a model, a checkpoint's, one typed by hand), or arrays by name, or one array.

    Raises ModelError for what can't be read.
    """
    source = Path(path)
    if source.suffix.lower() in (".npz", ".npy"):
        return _arrays(source)
    if is_by_hand(source):
        return files.load(source)
    if not _has_metadata(source):
        return _tensors(source)
    about = unpack(source, "a Backlit model")[1]
    if about.get("kind") == "checkpoint":
        return checkpoints.load(source).net
    return files.load(source)


def _arrays(source: Path) -> Any:
    try:
        with source.open("rb") as file:
            found = np.load(file, allow_pickle=False)
            return {name: found[name] for name in found.files} if hasattr(found, "files") else found
    except FileNotFoundError:
        raise ModelError(f"{source}: there is no such file; give the path of a model or of arrays") from None
    except (OSError, ValueError, EOFError, KeyError, BadZipFile) as reason:
        said = str(reason).splitlines()[0] if str(reason) else type(reason).__name__
        raise ModelError(
            f"{source} holds no arrays that can be read ({said}); save them with np.savez"
        ) from reason


def _has_metadata(source: Path) -> bool:
    """Whether a safetensors file is one of ours; True for what can't be opened, so that reading it says why."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(source, framework="numpy") as file:
            return "backlit" in (file.metadata() or {})
    except (SafetensorError, OSError, ValueError):
        return True


def _tensors(source: Path) -> dict[str, Array]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(source, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as reason:
        raise ModelError(
            f"{source}: its tensors can't be read ({str(reason).splitlines()[0]}); save them as float32"
        ) from reason


def check_pair(one: Side, other: Side) -> None:
    """Raises UsageError where a gradient stands beside parameters."""
    if one.gradient != other.gradient and (one.net or other.net or one.layers or other.layers):
        raise UsageError(
            "a gradient is compared with a gradient, and a network with a network; for a network's own gradient give "
            "x, y and gradient=True"
        )
