"""Model files: one safetensors file with JSON metadata, which any safetensors reader opens; never a pickle.

The tensors are named as in the note, ``w1, b1, …, wL, bL``. The metadata under "backlit" holds everything else: sizes,
functions, cost, recipe, classes, how it was trained, version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ModelError, UsageError
from .functions import as_activation, as_cost
from .network import Network
from .storage import pack, unpack, write_safely

FORMAT = 1  # raised when a file of today could not be read by the code of yesterday
Functions = Mapping[str, tuple[Callable[..., Any], Callable[..., Any]]]


def save(net: Network, path: str | Path) -> Path:
    """Writes the model, crash-safe, and returns its path; raises DataError where it can't be written.

    Functions of your own are kept by their names only, and have to be given again to ``load``.
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
        f"{letter}{l}": np.ascontiguousarray(list_[l])
        for l in range(1, net.L + 1)
        for letter, list_ in (("w", net.w), ("b", net.b))
    }


def metadata(net: Network) -> dict[str, Any]:
    """Everything but the numbers of θ, as plain data."""
    from . import __version__

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
        "classes": None if net.classes is None else [_plain(name) for name in net.classes],
        "recipe": None if net.recipe is None else net.recipe.to_json(),
        "training": net.training,
    }


def network_of(
    arrays: Mapping[str, Any], about: Mapping[str, Any], source: str, functions: Functions | None = None
) -> Network:
    """The network of a file's tensors and metadata; ``source`` is what errors call the file."""
    check_format(about, "model", source)
    try:
        sizes = [int(n) for n in about["sizes"]]
        net = Network(
            sizes,
            activations=[
                _function(row, "activation", as_activation, functions, source) for row in about["activations"]
            ],
            cost=_function(about["cost"], "cost", as_cost, functions, source),
            init=about["init"],
            seed=about["seed"],
            dtype=about["dtype"],
            theta=_theta(arrays, sizes, source),
        )
        net.task = about["task"]
        net.classes = None if about["classes"] is None else tuple(about["classes"])
        net.training = dict(about["training"])
        net.recipe = _recipe(about["recipe"])
    except (KeyError, TypeError, AttributeError) as reason:
        raise ModelError(
            f"{source}: its metadata is incomplete or malformed at {reason}; make the file anew"
        ) from reason
    except UsageError as reason:
        raise ModelError(f"{source}: {reason}") from reason
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


def _theta(arrays: Mapping[str, Any], sizes: list[int], source: str) -> list[Any]:
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
                f"{source}: {name} has shape {arrays[name].shape}, and its sizes {sizes} ask for {shape}; make the file anew"
            )
    extra = sorted(set(arrays) - set(expected))
    if extra:
        raise ModelError(f"{source} has tensors that its sizes {sizes} don't know: {', '.join(extra)}")
    return [arrays[name] for name in expected]


def _function(
    row: Mapping[str, Any], kind: str, build: Callable[[Any], Any], functions: Functions | None, source: str
) -> Any:
    option = row["option"]
    if row["built_in"]:
        return build(option)
    if functions is None or option not in functions:
        raise ModelError(
            f"{source} was saved with an {kind} of your own, {option!r}; give it again: "
            f"load(path, functions={{{option!r}: (f, f_prime)}})"
        )
    return build(functions[option])


def _recipe(plain: Any) -> Any:
    if plain is None:
        return None
    from .data import Recipe

    return Recipe.from_json(plain)


def _plain(name: Any) -> Any:
    """A class name as JSON keeps it: NumPy's scalars as Python's."""
    return name.item() if isinstance(name, np.generic) else name
