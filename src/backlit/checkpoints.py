"""Checkpoints: the whole state of a run that was stopped, so that going on ends in the same bits as never stopping.

A safetensors file like a model's, written crash-safe: θ, the optimizer's slots, the best weights so far and the costs
of the epoch at hand as tensors; settings, position, history and a fingerprint of the data as JSON. Random numbers need
no state of their own: they are functions of seed and position (randomness.py).
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BacklitError, ModelError, UsageError
from .files import FORMAT, Functions, check_kind, check_metadata, metadata, network_of, tensors
from .inputs import Pixels, is_sparse
from .network import Network
from .storage import check_writable, pack, unpack, write_safely

Array = Any
_WHAT = "a Backlit checkpoint"


@dataclass
class Checkpoint:
    """What a run needs to go on. ``batch`` batches of epoch ``epoch`` are done, whose are ``costs`` and ``weights``."""

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

    def check_network(self, net: Network) -> None:
        """Raises ModelError where ``net`` is another network: other sizes, functions, cost or dtype."""
        ours, theirs = repr(net), repr(self.net)
        if ours != theirs:
            raise ModelError(
                f"the checkpoint is of {theirs}, and this network is {ours}; resume with that one"
            )


# What of a checkpoint is kept as JSON (its kinds are in metadata.py), and what as tensors besides θ and the slots.
_RUN = (
    "settings", "engine", "epoch", "batch", "t", "step", "history", "fingerprint", "examples", "seconds", "command"
)  # fmt: skip
_TENSORS = ("start", "costs", "weights")


def fingerprint(*arrays: Array) -> str:
    """SHA-256 over content, shape and dtype of arrays (dense, CSR, Pixels or None): equal data, equal fingerprint."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none;")
            continue
        digest.update(f"{array.shape}{array.dtype.str};".encode())
        if isinstance(array, Pixels):
            digest.update(f"of {array.white!r};".encode())
        for part in _parts(array):
            digest.update(f"{part.dtype.str}{part.shape};".encode())
            digest.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _parts(array: Array) -> tuple[Array, ...]:
    """The plain arrays that an array, CSR or Pixels is made of."""
    if isinstance(array, Pixels):
        return (array.levels,)
    return (array.data, array.indices, array.indptr) if is_sparse(array) else (array,)


def save(checkpoint: Checkpoint, path: str | Path) -> Path:
    """Writes the checkpoint, crash-safe, and returns its path; raises DataError where it can't be written."""
    arrays = tensors(checkpoint.net)
    arrays |= {name: np.array(getattr(checkpoint, name)) for name in _TENSORS}
    arrays |= {f"slot.{name}": slot for name, slot in checkpoint.slots.items()}
    if checkpoint.best is not None:
        arrays["best"] = checkpoint.best
    model = metadata(checkpoint.net)
    about = {"kind": "checkpoint", "format": FORMAT, "version": model["version"], "model": model}
    about["run"] = {name: getattr(checkpoint, name) for name in _RUN}
    return write_safely(path, pack(arrays, about), "the checkpoint")


def load(path: str | Path, functions: Functions | None = None) -> Checkpoint:
    """The checkpoint in a file; raises ModelError that names the file and what is wrong."""
    source = str(path)
    arrays, about = unpack(path, _WHAT)
    check_metadata(about, "checkpoint", source)
    plain = {name: about["run"][name] for name in _RUN}
    gone = [name for name in _TENSORS if name not in arrays]
    if gone:
        raise ModelError(f"{source} is not a whole checkpoint: {gone[0]!r} is missing; start the run anew")
    own = {name: arrays.pop(name) for name in _TENSORS}
    best = arrays.pop("best", None)
    slots = {name: arrays.pop(name) for name in list(arrays) if name.startswith("slot.")}
    net = network_of(arrays, about["model"], source, functions)
    _check(net, own, best, slots, plain["batch"], source)
    return Checkpoint(
        net=net,
        slots={name.removeprefix("slot."): slot for name, slot in slots.items()},
        best=best,
        **own,
        **plain,
    )


def check_place(path: str | Path) -> None:
    """Raises DataError where a checkpoint can't be written, UsageError where it would replace another kind of file."""
    check_writable(path, "the checkpoint")
    place = Path(path)
    if not place.is_file() or not place.stat().st_size:
        return
    try:
        check_kind(unpack(path, _WHAT)[1], "checkpoint", str(path))
    except BacklitError as reason:
        if not place.exists():  # another run has finished just now
            return
        raise UsageError(
            f"checkpoint={str(path)!r} is another file, which a checkpoint would replace ({reason}); take another name"
        ) from reason


def _check(
    net: Network,
    own: Mapping[str, Array],
    best: Array | None,
    slots: Mapping[str, Array],
    batch: int,
    source: str,
) -> None:
    """Raises ModelError where a tensor has another shape or dtype than the network and the position ask for."""
    flat = net.theta.shape, net.dtype
    named = {"start": own["start"], **({} if best is None else {"best": best}), **slots}
    expected = {name: (array, *flat) for name, array in named.items()}
    steps = (batch,), np.dtype(np.float64)
    expected |= {name: (own[name], *steps) for name in ("costs", "weights")}
    for name, (array, shape, dtype) in expected.items():
        if array.shape != shape or array.dtype != dtype:
            raise ModelError(
                f"{source}: {name} is {array.dtype} of shape {array.shape}, and {dtype} of shape {shape} is needed; "
                "start the run anew"
            )
        if name in ("start", "best") and not np.isfinite(array).all():
            raise ModelError(f"{source}: {name} holds a number that is not finite; start the run anew")


def remove(path: str | Path) -> None:
    """Takes away the checkpoint of a finished run, which has nothing to go on from, where there is one."""
    with contextlib.suppress(OSError):
        Path(path).unlink(missing_ok=True)
