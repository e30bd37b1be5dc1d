"""Everyone's networks: other tools' models in and out, one row of a table a format, found by the ending of a path.

Each row names its readers and writers by their place; they, and what they need, are imported when they are used. What
comes in is compared with what it came from, on the spot (sameness.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError, nearest

if TYPE_CHECKING:
    from ..network import Network


@dataclass(frozen=True)
class Format:
    """``reader`` and ``writer`` are "module:function" of this package, None where there is none.

    ``takes`` are the options of the reader besides the path, ``gives`` those of the writer.
    """

    name: str
    endings: tuple[str, ...]
    reader: str | None
    writer: str | None
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()


FORMATS = (
    Format(
        "a model file, or a state dict of PyTorch's",
        (".safetensors",),
        "interop.torch_files:read_safetensors",
        "files:save",
        takes=("activations", "cost"),
    ),
    Format(
        "a network typed by hand, or one of the book's code",
        (".json",),
        "interop.book:read_json",
        "interop.book:write_book",
    ),
    Format("a network typed by hand", (".toml",), "files:load", None),
    Format(
        "a PyTorch program",
        (".pt2",),
        "interop.torch_pt2:read_pt2",
        "interop.torch_source:write_pt2",
        takes=("cost",),
    ),
    Format(
        "a PyTorch pickle",
        (".pt", ".pth"),
        "interop.torch_pickle:read_pt",
        None,
        takes=("trust_pickle", "activations", "cost"),
    ),
    Format(
        "a scikit-learn model",
        (".skops",),
        "interop.sklearn_skops:read_skops",
        "interop.sklearn_skops:write_skops",
    ),
    Format(
        "an ONNX model",
        (".onnx",),
        "interop.onnx:read",
        "interop.onnx_write:write",
        takes=("cost", "input", "output", "allow_external"),
        gives=("opset",),
    ),
    Format(
        "a Keras model", (".keras", ".h5", ".hdf5"), "interop.keras:read", None, takes=("cost", "activations")
    ),
    Format("a C header", (".h",), None, "interop.csource:write_c", gives=("name",)),
    Format("PyTorch source code", (".py",), None, "interop.torch_source:write_torch_source"),
)


def told(net: Network) -> str:
    """How an import went, for people: where from, the largest difference, what was chosen. "" where there was none."""
    from .sameness import told as of

    return of(net)


def from_onnx(path: str | Path, **options: Any) -> Network:
    """The network that an ONNX model computes; options as ``interop.onnx.read`` takes them. Raises ModelError."""
    from .onnx import read as of

    return of(path, **options)


def from_keras(path: str | Path, **options: Any) -> Network:
    """The network of a .keras or .h5 file; options as ``interop.keras.read`` takes them. Raises ModelError."""
    from .keras import read as of

    return of(path, **options)


def format_of(path: str | Path) -> Format:
    """The row of a path's ending; raises UsageError with the endings that there are."""
    ending = Path(path).suffix.lower()
    found = next((row for row in FORMATS if ending in row.endings), None)
    if found is not None:
        return found
    known = [one for row in FORMATS for one in row.endings]
    close = nearest(ending, known) if ending else None
    hint = f"; is it {close}?" if close else ""
    raise UsageError(f"{path}: there is no rule for the ending {ending!r}{hint} Known: {', '.join(known)}")


def read(path: str | Path, **options: Any) -> Network:
    """The network of a file of any format that is read; options as its row ``takes`` them.

    Raises UsageError for an ending or option that is not known, ModelError for a file that can't be read.
    """
    row = format_of(path)
    if row.reader is None:
        raise UsageError(f"{path}: {row.name} is written, not read; give the model that it was made of")
    _check(path, row, options, row.takes)
    net: Network = _at(row.reader)(path, **options)
    return net


def write(net: Network, path: str | Path, **options: Any) -> Path:
    """Writes the network in the format of the path's ending, crash-safe; returns the path. Raises UsageError."""
    row = format_of(path)
    if row.writer is None:
        known = ", ".join(one for other in FORMATS if other.writer for one in other.endings)
        raise UsageError(f"{path}: {row.name} is read, not written; write one of {known}")
    _check(path, row, options, row.gives)
    made: Path = _at(row.writer)(net, path, **options)
    return made


def _check(path: str | Path, row: Format, options: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in options:
        if name not in known:
            takes = ", ".join(known) or "nothing"
            raise UsageError(f"{path}: {row.name} has no option {name!r}; it takes {takes}")


def _at(place: str) -> Callable[..., Any]:
    module, _, function = place.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"backlit.{module}"), function)
    return found
