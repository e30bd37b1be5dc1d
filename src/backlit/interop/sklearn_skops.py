"""skops files, in and out: scikit-learn's estimators without a pickle. A pickle or a joblib file is not read.

A file is looked through before skops builds anything: how large its parts say they are, and which types it names. Only
the types listed here are built; nothing is run that they do not run by themselves.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MissingDependency, ModelError, UsageError
from ..network import Network
from ..storage import check_readable, write_safely
from .sklearn import from_sklearn, to_sklearn

_MOST_SCHEMA = 2**22  # bytes of JSON, which in memory may become 20 times as many
_MOST_ENTRIES = 10_000
_TRUSTED = [  # besides those that skops trusts by itself; each keeps what it is given, and runs nothing
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.compose._column_transformer.make_column_selector",
    "numpy.dtype",
]
_LOADERS = frozenset({
    "JsonNode", "DictNode", "DefaultDictNode", "ListNode", "TupleNode", "SetNode", "SliceNode", "TypeNode", "BytesNode",
    "ObjectNode", "NdArrayNode", "MaskedArrayNode", "RandomStateNode", "RandomGeneratorNode", "DTypeNode", "CachedNode",
})  # fmt: skip
_CLASSES = frozenset({
    "MLPClassifier", "MLPRegressor", "AdamOptimizer", "SGDOptimizer", "LabelBinarizer", "Pipeline", "ColumnTransformer",
    "StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "SimpleImputer", "OneHotEncoder",
    "FunctionTransformer", "make_column_selector", "_RemainderColsList",
})  # fmt: skip
_PLAIN = frozenset({
    "dict", "list", "tuple", "set", "str", "int", "float", "bool", "slice", "NoneType", "type", "bytes", "object",
    "ndarray", "dtype", "RandomState", "Generator", "PCG64", "MT19937", "MaskedArray", "generic",
    "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64", "bool_", "str_",
    "object_", "defaultdict", "OrderedDict", "Bunch",
})  # fmt: skip


def read_skops(path: str | Path) -> Network:
    """The network of a skops file with a fitted MLP, or a pipeline that ends with one; raises ModelError."""
    source = Path(path)
    skops = _skops("reading a skops file")
    check_readable(source, "a skops file")
    try:
        with zipfile.ZipFile(source) as archive:
            _look_through(archive, source)
        found = skops.load(source, trusted=_TRUSTED)
    except ModelError:
        raise
    except Exception as reason:
        said = str(reason).strip().splitlines()[0] if str(reason).strip() else type(reason).__name__
        raise ModelError(
            f"{source} is no skops file, or a damaged one: {said[:160]}; save it anew with skops.io.dump"
        ) from reason
    try:
        return from_sklearn(found)
    except UsageError as reason:
        raise ModelError(f"{source}: {reason}") from reason
    except (AttributeError, TypeError, ValueError, KeyError, IndexError) as reason:
        raise ModelError(
            f"{source}: its {type(found).__name__} is not whole ({reason!r:.100}); save it anew"
        ) from reason


def _look_through(archive: zipfile.ZipFile, source: Path) -> None:
    """Raises ModelError for parts larger than the file can hold, and for types that are not listed."""
    entries = archive.infolist()
    most = 8 * source.stat().st_size
    if len(entries) > _MOST_ENTRIES or sum(one.file_size for one in entries) > most:
        total = sum(one.file_size for one in entries)
        raise ModelError(
            f"{source} has {len(entries):,} parts of {total:,} bytes in all, more than a model of its size has"
        )
    schema = next((one for one in entries if one.filename == "schema.json"), None)
    if schema is None or schema.file_size > _MOST_SCHEMA:
        lack = "no schema.json" if schema is None else f"a schema of {schema.file_size:,} bytes"
        raise ModelError(f"{source} is no skops file of an MLP: it has {lack}")
    content = json.loads(archive.read(schema))
    strange = sorted({name for name in _types(content) if not _listed(name)})
    if strange:
        raise ModelError(
            f"{source} has types that no MLP needs, so nothing of it was built: {', '.join(strange[:5])}"
            + (f" and {len(strange) - 5} more" if len(strange) > 5 else "")
        )
    for one in entries:
        if one.filename.endswith(".npy"):
            _check_array(archive, one, source)


def _types(content: Any) -> Iterator[str]:
    """The types that a schema names, "module.class", and the ways of building that are not listed."""
    waiting = [content]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "__class__" in one or "__module__" in one:
                yield f"{one.get('__module__')}.{one.get('__class__')}"
                if one.get("__loader__") not in _LOADERS:
                    yield f"skops.{one.get('__loader__')}"
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _listed(name: str) -> bool:
    module, _, kind = name.rpartition(".")
    if kind in _CLASSES:
        return module.startswith("sklearn.")
    return kind in _PLAIN and module.split(".")[0] in ("builtins", "numpy", "collections", "sklearn")


def _check_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, source: Path) -> None:
    """Whether an array is as large as its part, so that none of terabytes is set up."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        header = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = header(file, max_header_size=10_000)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize > entry.file_size:
        raise ModelError(
            f"{source}: its array {entry.filename} says to have shape {shape} of {dtype}, which it hasn't"
        )


def write_skops(net: Network, path: str | Path) -> Path:
    """Writes ``to_sklearn(net)`` as a skops file, crash-safe."""
    skops = _skops("writing a skops file")
    content = io.BytesIO()
    skops.dump(to_sklearn(net), content)
    return write_safely(path, content.getvalue(), "the skops file")


def _skops(purpose: str) -> Any:
    try:
        import skops.io
    except ImportError:
        raise MissingDependency(f"{purpose} needs skops, which is not installed: pip install skops") from None
    return skops.io
