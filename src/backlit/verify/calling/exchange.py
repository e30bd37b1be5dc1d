"""What goes to the process that runs a user's file, and comes back: JSON for structure, NPZ for arrays, never a pickle.

A folder holds task.json and task.npz; then call-0.json and call-0.npz for each call that worked, as soon as it did, and
result.json at the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UsageError
from ...network import Network
from ...spelling import worded
from ..finding import Finding
from .calls import Call
from .outcome import Plain, trouble
from .style import Style

Array = Any
_PLACEHOLDERS = {
    "cost": "squared_error",
    "activation": "sigmoid",
}  # for functions of one's own, which stay at home


def write_task(folder: Path, net: Network, X: Array, Y: Array, extra: Mapping[str, Any], **told: Any) -> None:
    """The network without functions of the user's own, examples, what else is known, and what is asked for."""
    arrays: dict[str, Any] = {"theta": net.theta, "X": X, "Y": Y}
    if extra.get("previous") is not None:
        arrays["X0"], arrays["Y0"] = extra["previous"]
    masks = extra.get("masks")
    for l, mask in enumerate(masks or ()):
        if mask is not None:
            arrays[f"mask{l}"] = mask
    np.savez(folder / "task.npz", **arrays)
    known = {
        "sizes": [*net.sizes],
        "activations": [row.option if row.built_in else None for row in net.activations],
        "cost": net.cost.option if net.cost.built_in else None,
        "dtype": net.dtype.name,
        "masks": None if masks is None else len(masks),
        **{name: extra.get(name) for name in ("eta", "l1", "l2")},
        "as_options": bool(worded("", "yes")),  # how sentences name arguments
    }
    _write(folder / "task.json", {**known, **told})


def read_task(folder: Path) -> tuple[Network, Array, Array, dict[str, Any], dict[str, Any]]:
    """The network, X, Y, ``extra`` as calls() takes it, and what was told besides."""
    told = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    with np.load(folder / "task.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    extra = {name: told[name] for name in ("eta", "l1", "l2")}
    if "X0" in arrays:
        extra["previous"] = (arrays["X0"], arrays["Y0"])
    if told["masks"] is not None:
        extra["masks"] = [arrays.get(f"mask{l}") for l in range(told["masks"])]
    return _network(told, arrays["theta"]), arrays["X"], arrays["Y"], extra, told


def _network(told: Mapping[str, Any], theta: Array) -> Network:
    activations = [option or _PLACEHOLDERS["activation"] for option in told["activations"]]
    ways: tuple[dict[str, Any], ...] = (
        {"activations": activations, "cost": told["cost"] or _PLACEHOLDERS["cost"]},
        {},
    )
    for functions in ways:
        try:
            return Network(told["sizes"], dtype=told["dtype"], theta=theta, **functions)
        except UsageError:  # a placeholder that doesn't fit beside the others
            continue
    raise AssertionError("a network of sigmoid neurons can always be made")


def write_call(folder: Path, number: int, call: Call) -> None:
    """One call that worked; its JSON is there only once it is whole."""
    arrays: list[Array] = []
    parts = {name: _packed(getattr(call, name), arrays) for name in ("returned", "again", "earlier")}
    np.savez(folder / f"call-{number}.npz", *arrays)
    _write(
        folder / f"call-{number}.json",
        {
            **parts,
            "style": asdict(call.style),
            "printed": call.printed,
            "seconds": call.seconds,
            "troubles": [_told(one) for one in call.troubles],
        },
    )


def read_calls(folder: Path) -> list[Call]:
    """The calls that were written whole, in order."""
    found: list[Call] = []
    while (folder / f"call-{len(found)}.json").exists():
        told = json.loads((folder / f"call-{len(found)}.json").read_text(encoding="utf-8"))
        with np.load(folder / f"call-{len(found)}.npz", allow_pickle=False) as file:
            arrays = [file[f"arr_{i}"] for i in range(len(file.files))]
        parts = {name: _unpacked(told[name], arrays) for name in ("returned", "again", "earlier")}
        found.append(
            Call(
                style=Style(**told["style"]),
                printed=told["printed"],
                seconds=told["seconds"],
                troubles=tuple(trouble(**one) for one in told["troubles"]),
                **parts,
            )
        )
    return found


def write_result(folder: Path, findings: tuple[Finding, ...]) -> None:
    """That the work is done, and what prevented it if anything did."""
    _write(folder / "result.json", [_told(one) for one in findings])


def read_result(folder: Path) -> tuple[Finding, ...] | None:
    """None where the process did not come to its end."""
    path = folder / "result.json"
    if not path.exists():
        return None
    return tuple(trouble(**one) for one in json.loads(path.read_text(encoding="utf-8")))


def _told(finding: Finding) -> dict[str, str]:
    return {
        "name": finding.mistake,
        **{name: getattr(finding, name) for name in ("title", "yours", "evidence", "why")},
    }


def _write(path: Path, content: Any) -> None:
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(content), encoding="utf-8")
    beside.replace(path)


def _packed(value: Plain, arrays: list[Array]) -> Any:
    """Structure as JSON; arrays and numbers go into the list, so that every bit of a float stays."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {"dict": [[key, _packed(part, arrays)] for key, part in value.items()]}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [_packed(part, arrays) for part in value]}
    arrays.append(np.asarray(value))
    return {"number" if isinstance(value, float) else "array": len(arrays) - 1}


def _unpacked(told: Any, arrays: list[Array]) -> Plain:
    if told is None:
        return None
    ((kind, inside),) = told.items()
    match kind:
        case "dict":
            return {key: _unpacked(part, arrays) for key, part in inside}
        case "list":
            return [_unpacked(part, arrays) for part in inside]
        case "tuple":
            return tuple(_unpacked(part, arrays) for part in inside)
        case "number":
            return float(arrays[inside])
    return arrays[inside]
