"""``backlit convert``: a model of another tool into one of Backlit's, or the reverse; the endings say which."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import JSON

NAME = "convert"
EPILOG = """
Examples:
  backlit convert model.pt2 digits.safetensors --cost cross_entropy
  backlit convert digits.safetensors digits.onnx
  backlit convert keras_model.keras mine.safetensors
  backlit convert digits.safetensors digits.h
  backlit convert weights.pt mine.safetensors --trust-pickle --activations relu,softmax --cost cross_entropy

What is read is compared on data, on the spot, with what it was read from, and the largest difference is printed. A
pickle runs whatever its maker put into it, so it is read with --trust-pickle only. docs/interop.md has all endings.
"""


def run(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="The file of a model; its ending says which kind.")
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to write; its ending says which kind.")
    ],
    cost: Annotated[
        str | None, typer.Option("--cost", metavar="NAME", help="The cost, where the file has none.")
    ] = None,
    activations: Annotated[
        str | None,
        typer.Option(
            "--activations", metavar="NAMES", help="One, or one a layer, where the file has weights alone."
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="What the functions of a C header are called."),
    ] = None,
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="Read a pickle, which may run anything.")
    ] = False,
    allow_external: Annotated[
        bool,
        typer.Option(
            "--allow-external", help="Read an ONNX model's weights from other files of its own folder."
        ),
    ] = False,
    as_json: JSON = False,
) -> None:
    """Convert a model: PyTorch, ONNX, Keras, scikit-learn, the book's JSON, C source, and Backlit's own files."""
    from .. import interop
    from ..storage import check_writable
    from . import show
    from .messages import refuse_own_input

    refuse_own_input("OUT", out, source)
    options = _given(
        cost=cost,
        activations=None
        if activations is None
        else activations.split(",")
        if "," in activations
        else activations,
        trust_pickle=trust_pickle or None,
        allow_external=allow_external or None,
    )
    interop.format_of(out)  # an ending that is none is said before anything is read
    check_writable(out, "the model")
    net = interop.read(source, **options)
    written = interop.write(net, out, **_given(name=name))
    told = interop.told(net)
    if as_json:
        about = {"in": str(source), "out": str(written), "sizes": list(net.sizes), "told": told}
        show.emit("convert/1", about | {"activations": [row.option for row in net.activations]})
        return
    shape = " → ".join(map(str, net.sizes))
    show.out(f"{show.bold(str(written))}: {shape}, {', '.join(row.option for row in net.activations)}")
    if told:
        show.out(told)


def _given(**options: Any) -> dict[str, Any]:
    """Those options that were given."""
    return {key: value for key, value in options.items() if value is not None}
