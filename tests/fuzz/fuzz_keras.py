"""Fuzzes the Keras reader: `python tests/fuzz/fuzz_keras.py 10000` reads so many broken files, each from its own seed.

Files are written as Keras writes them, by h5py and zipfile, then broken: in their bytes, or in their configuration.
Anything but a network or one of Backlit's own errors is a fault. It is not run by pytest, but a few of its seeds are.
"""

from __future__ import annotations

import io
import json
import random
import sys
import warnings
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_onnx import EXTREMES, broken_bytes, run

from backlit.errors import BacklitError
from backlit.interop.keras import read

WORDS = (
    "Dense",
    "Lambda",
    "Flatten",
    "Functional",
    "InputLayer",
    "relu",
    "softmax",
    "mine>My",
    "",
    "../..",
    "\0",
)


def config(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """A Sequential model's configuration, as Keras 3 has it."""
    listed = [
        {"module": "keras.layers", "class_name": one["class_name"], "config": one, "registered_name": None}
        for one in layers
    ]
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "sequential", "layers": listed}}


LAYERS: list[dict[str, Any]] = [
    {"class_name": "InputLayer", "batch_shape": [None, 2, 3], "name": "input"},
    {"class_name": "Rescaling", "scale": 0.5, "offset": [1.0, 2.0, 3.0], "name": "rescaling"},
    {"class_name": "Flatten", "name": "flatten"},
    {"class_name": "Dense", "units": 4, "activation": "gelu", "use_bias": True, "name": "dense"},
    {"class_name": "BatchNormalization", "axis": -1, "epsilon": 0.001, "name": "bn"},
    {"class_name": "LeakyReLU", "negative_slope": 0.1, "name": "leaky"},
    {"class_name": "Dense", "units": 2, "activation": "softmax", "use_bias": False, "name": "dense_1"},
]


def weights(h5: Any, legacy: bool) -> None:
    """Writes the arrays of LAYERS into an open file, in either of Keras's ways."""
    rng = np.random.default_rng(0)
    held = {
        "dense": {"kernel": rng.normal(size=(6, 4)), "bias": rng.normal(size=4)},
        "bn": {name: rng.random(4) + 0.5 for name in ("gamma", "beta", "moving_mean", "moving_variance")},
        "dense_1": {"kernel": rng.normal(size=(4, 2))},
    }
    counted = {"dense": "dense", "bn": "batch_normalization", "dense_1": "dense_1"}
    for layer, arrays in held.items():
        group = h5.create_group(f"model_weights/{layer}" if legacy else f"layers/{counted[layer]}/vars")
        if legacy:
            group.attrs["weight_names"] = [f"sequential/{layer}/{name}" for name in arrays]
        else:
            group.attrs["name"] = layer
        for number, (name, array) in enumerate(arrays.items()):
            group[f"sequential/{layer}/{name}" if legacy else str(number)] = array.astype(np.float32)
    if legacy:
        h5["model_weights"].attrs["layer_names"] = list(held)


def archive(described: Any, arrays: bytes, **others: bytes) -> bytes:
    """A .keras file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        zipped.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        zipped.writestr("config.json", described if isinstance(described, str) else json.dumps(described))
        zipped.writestr("model.weights.h5", arrays)
        for name, content in others.items():
            zipped.writestr(name, content)
    return made.getvalue()


@cache
def arrays() -> bytes:
    """model.weights.h5."""
    import h5py

    made = io.BytesIO()
    with h5py.File(made, "w") as h5:
        weights(h5, legacy=False)
    return made.getvalue()


def legacy(described: Any) -> bytes:
    """A whole model in one .h5 file."""
    import h5py

    made = io.BytesIO()
    with h5py.File(made, "w") as h5:
        h5.attrs["model_config"] = described if isinstance(described, str) else json.dumps(described)
        h5.attrs["keras_version"] = "3.15.1"
        weights(h5, legacy=True)
    return made.getvalue()


def broken(seed: int) -> bytes:
    """A broken file: its configuration, its arrays or the whole changed."""
    chance = random.Random(seed)
    described = json.loads(json.dumps(config(LAYERS)))
    if chance.random() < 0.5:
        for _ in range(chance.choice((1, 1, 2, 4))):
            _break_config(described, chance)
    if chance.random() < 0.5:
        content = legacy(described)
        return broken_bytes(content, chance) if chance.random() < 0.6 else content
    inner = broken_bytes(arrays(), chance) if chance.random() < 0.6 else arrays()
    content = archive(described, inner)
    return broken_bytes(content, chance) if chance.random() < 0.2 else content


def _break_config(described: Any, chance: random.Random) -> None:
    """Another value, or none, at some place of the configuration."""
    places: list[tuple[Any, Any]] = []
    waiting = [described]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one))
        places += [(one, key) for key in keys]
        waiting += [one[key] for key in keys if isinstance(one[key], (dict, list))]
    holder, key = chance.choice(places)
    kind = chance.random()
    if kind < 0.15:
        del holder[key]
    elif kind < 0.3:
        holder[key] = chance.choice(WORDS)
    elif kind < 0.5:
        holder[key] = chance.choice([*EXTREMES, 0.5, 1e300, -1.5, True, None])
    elif kind < 0.6:
        holder[key] = [holder[key]]
    elif kind < 0.7:
        holder[key] = {"config": holder[key]}
    elif kind < 0.8:
        holder[key] = [None, 10**9, 10**9]
    else:
        other, place = chance.choice(places)
        held = other.get(place) if isinstance(other, dict) else other[place] if place < len(other) else None
        holder[key] = json.loads(json.dumps(held))


def once(seed: int, path: Path) -> str:
    """What reading the broken file of a seed came to: "network", or the kind of Backlit's error; faults are raised."""
    path.write_bytes(broken(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read(path)
        except BacklitError as reason:
            return type(reason).__name__
    return "network"


if __name__ == "__main__":
    sys.exit(run(once, ".keras"))
