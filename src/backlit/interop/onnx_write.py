"""ONNX out: a network as a model that ONNX's checker passes and that ONNX Runtime runs, from raw columns to labels.

Inputs are a^0, or the recipe's raw columns by their names. Outputs are a^L and, where the network has a task, what it
says: the label, or the value in its own unit. In is onnx.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UsageError, missing
from ..network import Network
from ..spelling import spelt
from ..storage import plain_json, write_safely
from .onnx_write_builder import Builder
from .onnx_write_columns import said, taken
from .onnx_write_functions import activation

OPSET = 17  # of 2022: what is in use reads it
_OLDEST = 9
_LARGEST = 2**31 - 2**20  # bytes of parameters: a protocol buffer holds 2 GiB


def write(net: Network, path: str | Path, *, opset: int = OPSET) -> Path:
    """Writes the network as an ONNX model, crash-safe, and returns its path; ``opset`` is 9 to the newest known here.

    With a recipe the inputs are the raw columns, numbers (n, 1) in float64, NaN where missing, words (n, 1), "" where
    missing, or one matrix of raw numbers; without, ``x`` (n, n_0). Raises UsageError for functions of your own.
    """
    return write_safely(path, model_of(net, opset=opset).SerializeToString(), "the ONNX model")


def model_of(net: Network, *, opset: int = OPSET) -> Any:
    """The network as an onnx.ModelProto, checked. Raises UsageError, MissingDependency."""
    try:
        import onnx
    except ImportError as reason:
        raise missing("onnx", "onnx", "writing an ONNX model") from reason
    newest = onnx.defs.onnx_opset_version()
    if isinstance(opset, bool) or not isinstance(opset, int) or not _OLDEST <= opset <= newest:
        raise UsageError(f"{spelt('opset')} is a whole number from {_OLDEST} to {newest}; got {opset!r}")
    _check_net(net)
    made = Builder(opset, net.dtype, reserved=_reserved(net))
    z = taken(made, net)
    for l in range(1, net.L + 1):
        w, b = made.constant(np.ascontiguousarray(net.w[l]), f"w{l}"), made.constant(net.b[l].copy(), f"b{l}")
        last = l == net.L
        linear = last and net.activations[l - 1].name == "identity"
        z = made.node("Gemm", z, w, b, into="outputs" if linear else f"z{l}", transB=1)
        z = z if linear else activation(made, net.activations[l - 1], z, "outputs" if last else f"a{l}")
    made.output("outputs", made.number, ["n", net.sizes[-1]], "a^L")
    said(made, net)
    model = made.model(_about(net))
    onnx.checker.check_model(model, full_check=True)
    return model


def _reserved(net: Network) -> list[str]:
    """Names that only the raw columns may have."""
    return [] if net.recipe is None else [column.name for column in net.recipe.columns]


def _check_net(net: Network) -> None:
    for l, row in enumerate(net.activations, start=1):
        if not row.built_in:
            raise UsageError(
                f"layer {l} has a function of your own, {row.option!r}, and ONNX has no node for it; train with one of "
                "Backlit's"
            )
    if net.parameters * net.dtype.itemsize > _LARGEST:
        raise UsageError(
            f"a network of {net.parameters:,} parameters in {net.dtype.name} is more than the 2 GiB that one ONNX "
            "file holds; save it as a model file"
        )


def _about(net: Network) -> dict[str, str]:
    """What the graph does not say, kept in the model's metadata."""
    task = net.task or (net.recipe.task if net.recipe is not None else None)
    about = {
        "cost": net.cost.option,
        "sizes": json.dumps(list(net.sizes)),
        "activations": json.dumps([row.option for row in net.activations]),
    }
    if task is not None:
        about["task"] = task
    if net.recipe is not None:
        about["target"] = net.recipe.target.name
        about["recipe"] = json.dumps(plain_json(net.recipe.to_json()))
    return about
