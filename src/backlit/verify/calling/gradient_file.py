"""A gradient as numbers in a file: .npz, .npy, .safetensors or .json, never a pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...network import Network
from .counts import Counts, fitting
from .outcome import NotNumbers, Plain, Seen, plain

ENDINGS = (".npz", ".npy", ".safetensors", ".json")


def read_gradient(path: Path, net: Network, m: int) -> Plain:
    """Arrays by name, a list of them or one vector, without what is no part of it; raises DataError naming the file."""
    try:
        value = _read(path)
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except (OSError, ValueError, KeyError, EOFError) as reason:
        why = " ".join(str(reason).split())[:200]
        raise DataError(f"{path} can't be read as {path.suffix[1:]}: {why}") from None
    try:
        found = plain(value, Seen())
    except NotNumbers as reason:
        raise DataError(
            f"{path} holds no gradient: {reason}; it takes arrays w1, b1, … or one vector"
        ) from None
    fitted = fitting(found, Counts(net.sizes, m))
    return found if fitted is None else fitted[0]


def _read(path: Path) -> Any:
    match path.suffix.lower():
        case ".json":
            return json.loads(path.read_text(encoding="utf-8"))
        case ".safetensors":
            return _tensors(path)
    found = np.load(path, allow_pickle=False)
    if isinstance(found, np.ndarray):
        return found
    with found:
        return {name: found[name] for name in found.files}


def _tensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except SafetensorError as reason:
        raise ValueError(str(reason)) from None
