"""A Keras configuration as steps: which layers there are, in which order, and what each computes.

Sequential models, functional ones that are a chain, and models inside models. A layer that no dense network has, a
branch, and code of the user's own are named, and never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ModelError
from .keras_file import File

Array = Any
_DEEPEST = 8  # models in models
_OWN = (
    "keras",
    "tf_keras",
    "keras_core",
    "tensorflow",
    "builtins",
    "tensorflow.keras",
    "tensorflow.python.keras",
)
_MODELS = ("Sequential", "Functional", "Model")


@dataclass(frozen=True)
class Layer:
    """One layer: its class, its configuration, and where its arrays are kept."""

    kind: str
    config: Mapping[str, Any]
    path: tuple[str, ...]
    counted: tuple[str, ...]
    source: str

    def __str__(self) -> str:
        return f"layer {'/'.join(self.path)[:80]!r} ({self.kind[:40]})"

    def refused(self, why: str, remedy: str) -> ModelError:
        """The error that names this layer."""
        return ModelError(f"{self.source}: {self}: {why}; {remedy}")

    def number(self, name: str, default: float) -> float:
        """A number of the configuration; raises ModelError where it is something else."""
        value = self.config.get(name, default)
        value = default if value is None else _plain(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.refused(f"its {name} is not a number", "save the model anew")
        try:
            return float(value)
        except OverflowError as reason:
            raise self.refused(f"its {name} is too large a number", "save the model anew") from reason


def layers_of(file: File) -> Iterator[Layer]:
    """The layers from input to output. Raises ModelError naming what is no chain."""
    yield from _model(file.config, (), (), file.source, 0)


def _model(
    given: Any, path: tuple[str, ...], counted: tuple[str, ...], source: str, depth: int
) -> Iterator[Layer]:
    kind, config = _kind(given, source), given.get("config")
    if depth > _DEEPEST:
        raise ModelError(
            f"{source} has models in models, more than {_DEEPEST} deep; save the layers in one model"
        )
    if kind not in _MODELS:
        raise ModelError(
            f"{source} is a {kind[:60]!r}, a class of its own, whose code is not in the file; make a Sequential or "
            "functional model of its layers and save that"
        )
    held = (
        config if isinstance(config, dict) else {"layers": config}
    )  # Keras 2.1 had a Sequential's list itself
    listed = _listed(held.get("layers"), source)
    ordered = listed if kind == "Sequential" else _chain(listed, held, source)
    numbers = _numbers(listed)
    for one in ordered:
        layer = _layer(one, path, counted, numbers, source)
        if layer.kind in _MODELS:
            yield from _model(one, layer.path, layer.counted, source, depth + 1)
        else:
            yield layer


def _layer(
    given: Mapping[str, Any],
    path: tuple[str, ...],
    counted: tuple[str, ...],
    numbers: Mapping[int, str],
    source: str,
) -> Layer:
    config = given.get("config")
    if not isinstance(config, dict):
        config = {"name": given.get("name")}
    name = config.get("name", given.get("name"))
    if not isinstance(name, str):
        raise ModelError(f"{source}: a layer has no name; save the model anew")
    kind = _kind(given, source, name)
    return Layer(kind, config, (*path, name), (*counted, numbers[id(given)]), source)


def _listed(given: Any, source: str) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise ModelError(f"{source}: its configuration has no list of layers; save the model anew")
    return given


def _kind(given: Any, source: str, name: str | None = None) -> str:
    """The class of a layer or model, where it is one of Keras's own; raises ModelError naming any other."""
    kind = given.get("class_name") if isinstance(given, dict) else None
    if not isinstance(kind, str):
        raise ModelError(f"{source}: its configuration names no class; save the model anew")
    module, registered = given.get("module"), given.get("registered_name")
    what = f"{source}: {'layer ' + repr(name[:80]) + ' is' if name else 'it is'} a {kind[:60]!r}"
    if kind in ("Lambda", "TFOpLambda", "SlicingOpLambda"):
        raise ModelError(
            f"{what}, which holds code of its own; that is never run: write it as one of Keras's layers, or take it "
            "out and apply it to the data"
        )
    own = module is None or (isinstance(module, str) and module.split(".")[0] in _OWN)
    foreign = (
        isinstance(registered, str) and ">" in registered and not registered.startswith(("keras", "Keras"))
    )
    if not own or foreign:
        where = registered if foreign else module
        raise ModelError(
            f"{what} of {str(where)[:80]!r}, code that is not in the file; put Keras's own layers in its place"
        )
    return kind


def _numbers(listed: list[dict[str, Any]]) -> dict[int, str]:
    """The name that Keras counts for each layer of a model: dense, dense_1, …"""
    seen: dict[str, int] = {}
    found: dict[int, str] = {}
    for one in listed:
        kind = str(one.get("class_name"))[:80]
        name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
        name = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
        found[id(one)] = name if name not in seen else f"{name}_{seen[name]}"
        seen[name] = seen.get(name, 0) + 1
    return found


# ---------------------------------------------------------------------------------------------------------- functional


def _chain(listed: list[dict[str, Any]], config: Mapping[str, Any], source: str) -> list[dict[str, Any]]:
    """The layers of a functional model from its one input to its one output."""
    by_name: dict[str, dict[str, Any]] = {}
    for one in listed:
        inner = one.get("config")
        name = one.get("name", inner.get("name") if isinstance(inner, dict) else None)
        if not isinstance(name, str) or name in by_name:
            raise ModelError(f"{source}: a layer has no name, or that of another; save the model anew")
        by_name[name] = one
    start = _single(config.get("input_layers"), "input", source)
    at = _single(config.get("output_layers"), "output", source)
    way: list[dict[str, Any]] = []
    for _ in range(len(listed) + 1):
        layer = by_name.get(at)
        if layer is None:
            raise ModelError(f"{source}: layer {at[:80]!r} is named and not there; save the model anew")
        way.append(layer)
        if at == start:
            return way[::-1]
        at = _before(layer, at, source)
    raise ModelError(f"{source}: its layers run in a circle through {at[:80]!r}; save the model anew")


def _single(given: Any, what: str, source: str) -> str:
    """The name of the one input or output layer: ["a", 0, 0], or [["a", 0, 0]]."""
    found = given
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, list) and len(found) >= 3 and isinstance(found[0], str):
        return found[0]
    count = len(given) if isinstance(given, (list, dict)) else 0
    raise ModelError(
        f"{source} has {count} {what}s, and a network has one; make a model of one {what} from it and save that"
    )


def _before(layer: Mapping[str, Any], name: str, source: str) -> str:
    """The layer that feeds this one."""
    nodes = layer.get("inbound_nodes")
    feeding = list(_tensors(nodes)) if isinstance(nodes, list) else []
    if len(feeding) != 1 or not isinstance(nodes, list) or len(nodes) != 1:
        kind = str(layer.get("class_name"))[:40]
        again = isinstance(nodes, list) and len(nodes) > 1
        how = "is used more than once" if again else f"joins {len(feeding)} branches"
        raise ModelError(
            f"{source}: layer {name[:80]!r} ({kind}) {how}, and a dense network is one chain; make a model of the part "
            "before it, keras.Model(inputs, layer.output), and save that"
        )
    return feeding[0]


def _tensors(nodes: Any) -> Iterator[str]:
    """The layers whose outputs stand in inbound_nodes, of either version of Keras."""
    waiting = [nodes]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            history = (
                one.get("config", {}).get("keras_history") if isinstance(one.get("config"), dict) else None
            )
            if one.get("class_name") == "__keras_tensor__" and isinstance(history, list) and history:
                yield str(history[0])
            else:
                waiting += [part for key, part in one.items() if key != "kwargs" or _has_tensor(part)]
        elif (
            isinstance(one, list)
            and len(one) in (3, 4)
            and isinstance(one[0], str)
            and isinstance(one[1], int)
        ):
            yield one[0]  # Keras 2: [name, node, tensor, {…}]
        elif isinstance(one, list):
            waiting += one


def _has_tensor(given: Any) -> bool:
    return "__keras_tensor__" in repr(given)[:10_000]


def _plain(value: Any) -> Any:
    """A number that Keras 2 kept as an array's dict: {"class_name": "__numpy__", "value": 0.1} and its like."""
    if isinstance(value, dict):
        inner = value.get("config", value)
        return inner.get("value") if isinstance(inner, dict) else None
    return value
