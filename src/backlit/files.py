"""Model files: one safetensors file with JSON metadata, which any safetensors reader opens; never a pickle.

The tensors are named as in the note, ``w1, b1, …, wL, bL``. The metadata under "backlit" holds everything else: sizes,
functions, cost, recipe, classes, how it was trained, version. What may stand there is said in metadata.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .by_hand import is_by_hand, load_by_hand
from .errors import BacklitError, ModelError, UsageError
from .functions import as_activation, as_cost
from .metadata import checkpoint_fault, model_fault, shown
from .network import Network
from .storage import pack, plain_json, unpack, write_safely

FORMAT = 1  # raised when a file of today could not be read by the code of yesterday
Functions = Mapping[str, Any]  # name → (f, f′), or a row of the tables
_FAULTS = {"model": model_fault, "checkpoint": checkpoint_fault}
_REMEDIES = {"model": "make the file anew", "checkpoint": "start the run anew"}


def save(net: Network, path: str | Path) -> Path:
    """Writes the model, crash-safe, and returns its path; raises DataError where it can't be written.

    Functions of your own are kept by their names only, and have to be given again to ``load``; UsageError where two of
    them share a name, and for what ``load`` would refuse.
    """
    about = plain_json(metadata(net))
    fault = model_fault(about)
    if fault:
        raise UsageError(f"the network can't be kept in a file ({fault}); set that right first")
    return write_safely(path, pack(tensors(net), about), "the model")


def load(path: str | Path, *, functions: Functions | None = None) -> Network:
    """The network of a model file; ``functions`` are your own (f, f′) by name, where it was saved with such.

    A network typed by hand, a file that ends in .json or .toml (docs/by-hand.md), serves as well. Raises ModelError
    that names the file, what is wrong and what to do.
    """
    if is_by_hand(path):
        return load_by_hand(path)
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
    """Everything but the numbers of θ, as plain data; task and classes that are not set are the recipe's."""
    from . import __version__

    own_functions(net)
    task, classes = net.task, net.classes
    if net.recipe is not None:
        task, classes = task or net.recipe.task, classes or net.recipe.classes
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
        "task": task,
        "classes": None if classes is None else list(classes),
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
    check_metadata(about, "model", source)
    recipe = _recipe(about["recipe"], source)
    try:
        net = _network(arrays, about, source, functions or {})
    except ModelError:
        raise
    except BacklitError as reason:
        raise ModelError(f"{source} is damaged ({str(reason).rstrip('.')}); make the file anew") from reason
    net.task, net.classes, net.recipe = about["task"], about["classes"], recipe
    net.training = dict(about["training"])
    return net


def check_metadata(about: Mapping[str, Any], kind: str, source: str) -> None:
    """Raises ModelError for a file of another kind or of a newer format, and for metadata that is not whole."""
    check_kind(about, kind, source)
    fault = _FAULTS[kind](about)
    if fault:
        raise _damaged(source, fault, kind)


def check_kind(about: Mapping[str, Any], kind: str, source: str) -> None:
    """Raises ModelError for a file of another kind or of a newer format."""
    found, form = about.get("kind"), about.get("format")
    if found != kind and found in list(_FAULTS):
        raise ModelError(f"{source} is a Backlit {found}, and a {kind} was asked for")
    if found != kind:
        fault = f"kind: {shown(found)} is no {kind}" if "kind" in about else "kind is missing"
        raise _damaged(source, fault, kind)
    if isinstance(form, int) and form > FORMAT:
        raise ModelError(
            f"{source} was written by Backlit {about.get('version', '?')} in format {shown(form)}, and this version "
            f"reads up to {FORMAT}; install a newer Backlit"
        )


def _damaged(source: str, fault: str, kind: str) -> ModelError:
    return ModelError(f"{source}: its metadata is damaged ({fault}); {_REMEDIES[kind]}")


def _network(
    arrays: Mapping[str, Any], about: Mapping[str, Any], source: str, functions: Functions
) -> Network:
    sizes = about["sizes"]
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
    if row["built_in"]:
        return build(option)
    if option not in functions:
        raise ModelError(
            f"{source} was saved with a function of your own as {kind}, {option!r}; give it again: "
            f"load(path, functions={{{option!r}: (f, f_prime)}})"
        )
    own = build(functions[option])
    return own if own.built_in else dataclasses.replace(own, name=option)


def _recipe(plain: Any, source: str) -> Any:
    if plain is None:
        return None
    from .data import Recipe

    try:
        return Recipe.from_json(plain)
    except BacklitError as reason:
        raise ModelError(f"{source}: {reason}") from reason
