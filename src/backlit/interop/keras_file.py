"""Keras's files taken apart: ``.keras`` (a zip archive), legacy ``.h5`` and ``.weights.h5``; configuration and arrays.

Nothing is unpacked to disk and nothing is run. What an archive claims to hold is checked before it is read, and what
is read is bounded by the file's own size. What the layers mean stands in keras_layers.py.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..spelling import counted
from ..storage import read_small
from .hdf import Object, open_hdf

Array = Any
_LARGEST = 2**31
_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_MOST_ENTRIES = 1_000
_LARGEST_CONFIG = 4 * 2**20
_GROWS = 8  # times its size that an archive may hold; Keras packs without compression
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_WHOLE = "save the whole model, which says what its layers are"
_DEEPEST = 60
_ORDER = (
    "kernel",
    "bias",
    "gamma",
    "beta",
    "moving_mean",
    "moving_variance",
    "mean",
    "variance",
    "count",
    "alpha",
)


@dataclass(frozen=True)
class File:
    """``config`` is the model's, None for weights alone; ``weights`` finds a layer's arrays; ``major`` is Keras's."""

    source: str
    config: Any
    weights: Weights
    major: int
    size: int  # bytes of the file
    training: Any  # what compile() was given, None where that is not kept


class Weights:
    """The arrays of layers, as one of the two ways of keeping them has them."""

    def __init__(self, root: Object, legacy: bool) -> None:
        self._root, self.legacy = root, legacy

    def of(self, path: tuple[str, ...], counted_path: tuple[str, ...]) -> list[Array]:
        """A layer's arrays in Keras's order. ``path`` is its name after those of the models it stands in,

        ``counted_path`` the same as Keras counts classes, for files that keep no names.
        """
        return self._legacy(path) if self.legacy else self._modern(path, counted_path)

    def _modern(self, path: tuple[str, ...], counted_path: tuple[str, ...]) -> list[Array]:
        group: Object | None = self._root
        for name, number in zip(path, counted_path, strict=True):
            group = _named(group, name, number) if group is not None else None
        return [] if group is None else _variables(group)

    def _legacy(self, path: tuple[str, ...]) -> list[Array]:
        top = self._root.children.get(path[0])
        if top is None:
            return []
        found: dict[str, Array] = {}
        for name in _words(top.attributes.get("weight_names")):
            parts = name.split("/")
            if len(path) == 1 or (len(parts) > 1 and parts[-2] == path[-1]):
                weight = parts[-1].partition(":")[0]
                if weight in found:
                    raise ModelError(f"{top} holds two arrays {weight[:60]!r}; {_WHOLE}")
                found[weight] = _array_at(top, parts)
        return [found[name] for name in sorted(found, key=_rank)]

    def all(self) -> list[tuple[str, list[Array]]]:
        """(name, arrays) of every layer that has any, in order, for a file without a configuration."""
        if self.legacy:
            names = _words(self._root.attributes.get("layer_names"))
            return [(name, arrays) for name in names if (arrays := self._legacy((name,)))]
        layers = _layers(self._root)
        if any(_layers(one) for one in layers.values()):
            raise ModelError(f"{self._root}: its weights are those of models in models; {_WHOLE}")
        names = sorted(
            layers, key=lambda name: [int(part) if part.isdigit() else 0 for part in name.split("_")][-1:]
        )
        return [(name, arrays) for name in names if (arrays := _variables(layers[name]))]


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _words(given: Any) -> list[str]:
    """A list of words; what Keras keeps as an empty list of numbers is none."""
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []


def _array_at(group: Object, parts: list[str]) -> Array:
    """The array at a path inside a group."""
    at = group
    for part in parts:
        below = at.children.get(part)
        if below is None:
            raise ModelError(
                f"{group} names the array {'/'.join(parts)[:120]!r}, and has none; save the model anew"
            )
        at = below
    return at.array()


def _layers(group: Object) -> Mapping[str, Object]:
    for name in ("layers", "_layer_checkpoint_dependencies"):
        if name in group.children:
            return group.children[name].children
    return {}


def _named(group: Object, name: str, number: str) -> Object | None:
    """The layer of a model's group: by the name that is kept beside its arrays, else by how Keras counts classes."""
    layers = _layers(group)
    named = {_kept_name(one): one for one in layers.values()}
    if set(named) != {None}:
        return named.get(name)
    return layers.get(number)


def _kept_name(layer: Object) -> str | None:
    variables = layer.children.get("vars")
    name = None if variables is None else variables.attributes.get("name")
    return name if isinstance(name, str) else None


def _variables(layer: Object) -> list[Array]:
    """vars/0, vars/1, …"""
    held = layer.children.get("vars")
    if held is None:
        return []
    names = sorted(held.children, key=lambda name: int(name) if name.isdigit() and len(name) < 9 else 10**9)
    return [held.children[name].array() for name in names]


# ---------------------------------------------------------------------------------------------------------- containers


def read_file(path: str | Path) -> File:
    """A file of Keras's, by its content. Raises ModelError for what is none, or can't be trusted to be small."""
    source = Path(path)
    content = read_small(source, "a Keras model", _size(source))
    if zipfile.is_zipfile(io.BytesIO(content)):
        return _archive(content, str(path))
    if content.startswith(b"\x89HDF"):
        return _legacy(content, str(path))
    raise ModelError(
        f"{path} is not a Keras model: neither a .keras archive nor HDF5; save it with Keras anew"
    )


def _size(path: Path) -> int:
    try:
        return min(path.stat().st_size, _LARGEST)
    except (OSError, ValueError):
        return 0  # read_small says what is wrong with it


def _legacy(content: bytes, source: str) -> File:
    root = open_hdf(content, source)
    about = root.attributes
    config = about.get("model_config")
    held = root.children.get("model_weights", root)
    modern = "layers" in held.children or "_layer_checkpoint_dependencies" in held.children
    version = about.get("keras_version", held.attributes.get("keras_version"))
    training = about.get("training_config")
    return File(
        source,
        None if config is None else _json(config, source, "its model_config"),
        Weights(held, legacy=not modern or "layer_names" in held.attributes),
        _major(version),
        len(content),
        None if training is None else _json(training, source, "its training_config"),
    )


def _archive(content: bytes, source: str) -> File:
    if content.count(b"PK\x01\x02") > _MOST_ENTRIES:
        raise ModelError(
            f"{source} holds more than {counted(_MOST_ENTRIES, 'file')}; a Keras model has three"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = _entries(archive, len(content), source)
            parts = {
                name: _part(archive, entries, name, source)
                for name in (_CONFIG, _METADATA, _WEIGHTS)
                if name in entries
            }
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as reason:
        raise ModelError(f"{source} is a damaged archive ({reason}); save the model anew") from reason
    except Exception as reason:  # zlib.error, where zlib is
        if type(reason).__name__ != "error":
            raise
        raise ModelError(f"{source} is a damaged archive ({reason}); save the model anew") from reason
    for name in (_CONFIG, _WEIGHTS):
        if name not in parts:
            raise ModelError(
                f"{source} is an archive without {name}, and no Keras model; save it with Keras anew"
            )
    config = _json(parts[_CONFIG], source, _CONFIG)
    about = _json(parts[_METADATA], source, _METADATA) if _METADATA in parts else {}
    version = about.get("keras_version") if isinstance(about, dict) else None
    training = config.get("compile_config") if isinstance(config, dict) else None
    root = open_hdf(parts[_WEIGHTS], f"{source}, {_WEIGHTS}")
    return File(source, config, Weights(root, legacy=False), _major(version), len(content), training)


def _entries(archive: zipfile.ZipFile, size: int, source: str) -> dict[str, zipfile.ZipInfo]:
    """The archive's files by name, none of which may lead out of it, be locked, or grow out of bounds."""
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        name = entry.filename
        shown = repr(name[:80])
        parts = name.replace("\\", "/").split("/")
        if name in found or ".." in parts or not parts[0] or ":" in parts[0]:
            raise ModelError(
                f"{source} holds {shown}, a name that leads elsewhere or is there twice; save it anew"
            )
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _PLAIN:
            raise ModelError(
                f"{source}: {shown} is locked or packed in a way that Keras never does; save it anew"
            )
        found[name] = entry
    if sum(entry.file_size for entry in found.values()) > _GROWS * size + _LARGEST_CONFIG:
        raise ModelError(
            f"{source} claims to unpack to more than {_GROWS} times its {size:,} bytes, as no model does; save it anew"
        )
    config = found.get(_CONFIG)
    if config is not None and config.file_size > _LARGEST_CONFIG:
        raise ModelError(
            f"{source}: {_CONFIG} has {config.file_size:,} bytes; a dense network's has a few thousand"
        )
    return found


def _part(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], name: str, source: str) -> bytes:
    """One file of the archive, no more of it than it claimed."""
    claimed = entries[name].file_size
    with archive.open(entries[name]) as part:
        content = part.read(claimed + 1)
    if len(content) != claimed:
        raise ModelError(f"{source}: {name} has not the {claimed:,} bytes that it claims; save it anew")
    return content


def _json(given: Any, source: str, what: str) -> Any:
    """Parsed JSON; raises ModelError where it isn't any, or is nested too deeply."""
    if isinstance(given, str) and len(given) > _LARGEST_CONFIG:
        raise ModelError(
            f"{source}: {what} has {len(given):,} characters; a dense network's has a few thousand"
        )
    try:
        found = json.loads(given)
    except (ValueError, TypeError, RecursionError) as reason:
        raise ModelError(
            f"{source}: {what} is not valid JSON ({_first_line(reason)}); save it anew"
        ) from reason
    level, depth = [found], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise ModelError(
                f"{source}: {what} is nested more than {_DEEPEST} deep; save a model of dense layers"
            )
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return found


def _first_line(reason: Exception) -> str:
    return str(reason).splitlines()[0][:120] if str(reason) else type(reason).__name__


def _major(version: Any) -> int:
    """The major version of Keras; 3 where it is not said."""
    found = re.match(r"(\d{1,3})\.", version) if isinstance(version, str) else None
    return int(found[1]) if found else 3
