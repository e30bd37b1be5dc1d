"""Model files: one safetensors file with JSON metadata, which any safetensors reader opens; never a pickle.

The tensors are named as in the note, ``w1, b1, …, wL, bL``. The metadata under "backlit" holds everything else: sizes,
functions, cost, recipe, classes, how it was trained, version.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BacklitError, ModelError, UsageError
from .functions import as_activation, as_cost
from .network import Network
from .storage import pack, unpack, write_safely

FORMAT = 1  # raised when a file of today could not be read by the code of yesterday
Functions = Mapping[str, Any]  # name → (f, f′), or a row of the tables
_MALFORMED = (KeyError, TypeError, AttributeError, ValueError, IndexError, OverflowError, RecursionError)


def save(net: Network, path: str | Path) -> Path:
    """Writes the model, crash-safe, and returns its path; raises DataError where it can't be written.

    Functions of your own are kept by their names only, and have to be given again to ``load``; UsageError where two of
    them share a name.
    """
    return write_safely(path, pack(tensors(net), metadata(net)), "the model")


def load(path: str | Path, *, functions: Functions | None = None) -> Network:
    """The network of a model file; ``functions`` are your own (f, f′) by name, where it was saved with such.

    Raises ModelError that names the file, what is wrong and what to do.
    """
    arrays, about = unpack(path, "a Backlit model")
    return network_of(arrays, about, str(path), functions)


def tensors(net: Network) -> dict[str, Any]:
    """w1, b1, …, wL, bL, as the file keeps them."""
    return {
        f"{letter}{l}": np.ascontiguousarray(arrays[l])
        for l in range(1, net.L + 1)
        for letter, arrays in (("w", net.w), ("b", net.b))
    }


def metadata(net: Network) -> dict[str, Any]:
    """Everything but the numbers of θ, as plain data."""
    from . import __version__

    own_functions(net)
    return {
        "kind": "model",
        "format": FORMAT,
        "version": __version__,
        "sizes": list(net.sizes),
        "activations": [{"option": row.option, "built_in": row.built_in} for row in net.activations],
        "cost": {"option": net.cost.option, "built_in": net.cost.built_in},
        "dtype": net.dtype.name,
        "seed": net.seed,
        "init": net.init,
        "task": net.task,
        "classes": None if net.classes is None else list(net.classes),
        "recipe": None if net.recipe is None else net.recipe.to_json(),
        "training": net.training,
    }


def own_functions(net: Network) -> dict[str, Any]:
    """The user's own rows by name, as ``load`` takes them; raises UsageError where a name stands for two of them."""
    found: dict[str, Any] = {}
    rows: tuple[Any, ...] = (*net.activations, net.cost)
    for row in rows:
        if row.built_in:
            continue
        other = found.setdefault(row.option, row)
        if other is not row and other != row:
            raise UsageError(
                f"two functions of your own are called {row.option!r}, and a file knows them by their names; "
                "give each a name of its own (def, not lambda)"
            )
    return found


def network_of(
    arrays: Mapping[str, Any], about: Mapping[str, Any], source: str, functions: Functions | None = None
) -> Network:
    """The network of a file's tensors and metadata; ``source`` is what errors call the file."""
    check_format(about, "model", source)
    try:
        net = _network(arrays, about, source, functions or {})
        net.task, net.classes = _task(about["task"], about["classes"], net, source)
        net.training = dict(about["training"])
        net.recipe = _recipe(about["recipe"], source)
    except ModelError:
        raise
    except BacklitError as reason:
        raise ModelError(f"{source}: {reason}") from reason
    except _MALFORMED as reason:
        raise ModelError(
            f"{source}: its metadata is incomplete or malformed at {reason}; make the file anew"
        ) from reason
    return net


def check_format(about: Mapping[str, Any], kind: str, source: str) -> None:
    """Raises ModelError for a file of another kind or of a newer format."""
    if about.get("kind") != kind:
        raise ModelError(f"{source} is a Backlit {about.get('kind', 'file')}, and a {kind} was asked for")
    form = about.get("format")
    if not isinstance(form, int) or isinstance(form, bool):
        raise ModelError(f"{source}: its metadata names no format; make the file anew")
    if form > FORMAT:
        raise ModelError(
            f"{source} was written by Backlit {about.get('version', '?')} in format {form}, and this version reads up "
            f"to {FORMAT}; install a newer Backlit"
        )


def _network(
    arrays: Mapping[str, Any], about: Mapping[str, Any], source: str, functions: Functions
) -> Network:
    sizes = about["sizes"]
    if not isinstance(sizes, list) or not all(type(n) is int and n > 0 for n in sizes):
        raise ModelError(f"{source}: its sizes are {sizes!r}, and each is a whole number; make the file anew")
    rows = [_function(row, "activation", as_activation, functions, source) for row in about["activations"]]
    return Network(
        sizes,
        activations=rows,
        cost=_function(about["cost"], "cost", as_cost, functions, source),
        init=about["init"],
        seed=about["seed"],
        dtype=about["dtype"],
        theta=_theta(arrays, sizes, about["dtype"], source),
    )


def _theta(arrays: Mapping[str, Any], sizes: list[int], dtype: str, source: str) -> list[Any]:
    expected: dict[str, tuple[int, ...]] = {}
    for l in range(1, len(sizes)):
        expected[f"w{l}"] = (sizes[l], sizes[l - 1])
        expected[f"b{l}"] = (sizes[l],)
    for name, shape in expected.items():
        if name not in arrays:
            raise ModelError(
                f"{source} has no tensor {name}, which its sizes {sizes} ask for; make the file anew"
            )
        if arrays[name].shape != shape:
            raise ModelError(
                f"{source}: {name} has shape {arrays[name].shape}, and its sizes {sizes} ask for {shape}; "
                "make the file anew"
            )
        if arrays[name].dtype.name != dtype:
            raise ModelError(
                f"{source}: {name} is {arrays[name].dtype.name}, and its metadata says {dtype}; make the file anew"
            )
    extra = sorted(set(arrays) - set(expected))
    if extra:
        raise ModelError(
            f"{source} has tensors that its sizes {sizes} don't know: {', '.join(extra)}; make the file anew"
        )
    return [arrays[name] for name in expected]


def _function(row: Mapping[str, Any], kind: str, build: Any, functions: Functions, source: str) -> Any:
    option = row["option"]
    if not isinstance(option, str):
        raise ModelError(f"{source}: its {kind} is {option!r}, which is no name; make the file anew")
    if row["built_in"]:
        return build(option)
    if option not in functions:
        raise ModelError(
            f"{source} was saved with a function of your own as {kind}, {option!r}; give it again: "
            f"load(path, functions={{{option!r}: (f, f_prime)}})"
        )
    own = build(functions[option])
    return own if own.built_in else dataclasses.replace(own, name=option)


def _task(task: Any, classes: Any, net: Network, source: str) -> tuple[str | None, tuple[Any, ...] | None]:
    """The file's task and class names, where they can be this network's."""
    if task not in (None, "classes", "values"):
        raise ModelError(
            f"{source}: its task is {task!r}, and there are classes and values; make the file anew"
        )
    if classes is None:
        return task, None
    plain = isinstance(classes, list) and all(isinstance(one, (str, int, float)) for one in classes)
    if not plain or len(classes) != max(2, net.sizes[-1]) or len(set(classes)) != len(classes):
        raise ModelError(
            f"{source}: its class names are {classes!r}, and {net.sizes[-1]} outputs have {max(2, net.sizes[-1])}, "
            "all different; make the file anew"
        )
    return task, tuple(classes)


def _recipe(plain: Any, source: str) -> Any:
    if plain is None:
        return None
    from .data import Recipe

    try:
        return Recipe.from_json(plain)
    except BacklitError as reason:
        raise ModelError(f"{source}: {reason}") from reason
