"""Checkpoints: the whole state of a run that was stopped, so that going on ends in the same bits as never stopping.

A safetensors file like a model's, written crash-safe: θ, the optimizer's slots, the best weights so far and the costs of
the epoch at hand as tensors; settings, position, history and a fingerprint of the data as JSON. Random numbers need no
state of their own: they are functions of seed and position (randomness.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ModelError
from .files import FORMAT, Functions, check_format, metadata, network_of, tensors
from .inputs import is_sparse
from .network import Network
from .storage import pack, unpack, write_safely

Array = Any


@dataclass
class Checkpoint:
    """What a run needs to go on. ``batch`` batches of epoch ``epoch`` are done; ``costs`` and ``weights`` are theirs."""

    net: Network
    settings: dict[str, Any]
    engine: str
    epoch: int
    batch: int
    t: int
    step: int
    slots: dict[str, Array]
    costs: Array
    weights: Array
    start: Array  # θ at the start of the epoch at hand: what a diverging run goes back to
    history: dict[str, Any]
    best: Array | None
    fingerprint: str
    examples: int
    seconds: float  # of the epoch at hand so far
    command: dict[str, Any] = field(default_factory=dict)  # how the command line found its data


def fingerprint(*arrays: Array) -> str:
    """SHA-256 over the content, shape and dtype of arrays (dense, CSR or None): equal data, equal fingerprint."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none;")
            continue
        digest.update(f"{array.shape}{array.dtype.str};".encode())
        parts = (array.data, array.indices, array.indptr) if is_sparse(array) else (array,)
        for part in parts:
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()


def save(checkpoint: Checkpoint, path: str | Path) -> Path:
    """Writes the checkpoint, crash-safe, and returns its path; raises DataError where it can't be written."""
    arrays = tensors(checkpoint.net)
    arrays["start"], arrays["costs"], arrays["weights"] = (
        checkpoint.start,
        checkpoint.costs,
        checkpoint.weights,
    )
    arrays.update({f"slot.{name}": slot for name, slot in checkpoint.slots.items()})
    if checkpoint.best is not None:
        arrays["best"] = checkpoint.best
    model = metadata(checkpoint.net)
    about = {"kind": "checkpoint", "format": FORMAT, "version": model["version"], "model": model}
    about["run"] = {name: getattr(checkpoint, name) for name in _PLAIN}
    return write_safely(path, pack(arrays, about), "the checkpoint")


_PLAIN = (
    "settings",
    "engine",
    "epoch",
    "batch",
    "t",
    "step",
    "history",
    "fingerprint",
    "examples",
    "seconds",
    "command",
)


def load(path: str | Path, functions: Functions | None = None) -> Checkpoint:
    """The checkpoint in a file; raises ModelError that names the file and what is wrong."""
    arrays, about = unpack(path, "a Backlit checkpoint")
    check_format(about, "checkpoint", str(path))
    try:
        run: Mapping[str, Any] = about["run"]
        own = {name: arrays.pop(name) for name in ("start", "costs", "weights")}
        best = arrays.pop("best", None)
        slots = {name: arrays.pop(name) for name in list(arrays) if name.startswith("slot.")}
        net = network_of(arrays, about["model"], str(path), functions)
        plain = {name: run[name] for name in _PLAIN}
        _check(net, own["start"], best, slots, str(path))
    except KeyError as reason:
        raise ModelError(
            f"{path} is not a whole checkpoint: {reason} is missing; start the run anew"
        ) from reason
    return Checkpoint(
        net=net,
        slots={name.removeprefix("slot."): slot for name, slot in slots.items()},
        best=best,
        **own,
        **plain,
    )


def _check(net: Network, start: Array, best: Array | None, slots: Mapping[str, Array], source: str) -> None:
    named = {"start": start, **({} if best is None else {"best": best}), **slots}
    for name, array in named.items():
        if array.shape != net.theta.shape or array.dtype != net.dtype:
            raise ModelError(
                f"{source}: {name} is {array.dtype} of shape {array.shape}, and θ is {net.dtype} of shape "
                f"{net.theta.shape}; start the run anew"
            )
