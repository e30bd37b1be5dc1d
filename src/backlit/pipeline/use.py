"""Using a trained model on raw data: rows in; class names, or values in the target's own unit, out; how good they are.

Also pictures, and the examples that were held out when the model was trained. Nothing is printed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import data, metrics
from ..data import Dataset
from ..data.images import from_folder, from_photo, is_image
from ..data.named import canonical
from ..data.read import load_rows
from ..errors import DataError, ModelError, UsageError
from ..network import Network
from ..spelling import counted, spelt
from ..targets import decode_labels
from .parts import as_wanted, encode, hold_out, missing_target

Array = Any


@dataclass(frozen=True)
class Examples:
    """Rows for a model: ``dataset`` (its target may be None) and each row's ``numbers`` in the data, from 0, (n,).

    ``seen`` says that these are the very data that the model was trained on, none held out. ``own`` are x and y of a
    network typed by hand, where its own example is meant, and then there is no other data.
    """

    dataset: Dataset | None
    numbers: Array
    seen: bool = False
    own: tuple[Array, Array] | None = None

    def encoded(self, net: Network) -> tuple[Array, Array]:
        """a^0 (n, n_0) and targets (n, n_L) in the network's dtype; raises DataError naming file and row."""
        if self.own is not None:
            return self.own
        assert self.dataset is not None
        return encode(net, self.dataset)


@dataclass(frozen=True)
class Prediction:
    """``answers`` (n,) are class names, or values in the target's own unit; ``outputs`` is a^L, (n, n_L).

    ``known`` (n,) are the right answers where the data has them. For classes ``scores`` (n, K) has a number for each,
    which is a probability where ``probabilities`` is true and else the output of its neuron; (n, 1) where one output
    without that meaning decides between two.
    """

    answers: Array
    outputs: Array
    known: Array | None
    scores: Array | None
    probabilities: bool


def examples_of(
    net: Network,
    source: Any,
    *,
    held_out: bool = False,
    limit: int | None = None,
    data_dir: str | Path | None = None,
    need_target: bool = False,
) -> Examples:
    """The rows of a name, file, table or Dataset as the model's recipe takes them; ``held_out`` those it never saw.

    Where ``source`` is None, the example that a network typed by hand brings along. Raises DataError, and UsageError
    where nothing was held out or there is no such example.
    """
    if source is None:
        return _own(net, held_out, limit)
    if net.recipe is None:
        raise ModelError(
            "this model has no recipe for raw data, as it was trained on plain arrays; use it from Python, "
            "with net.predict(x)"
        )
    facts = net.training.get("data", {})
    dataset = _load_for(net, source, facts, held_out, data_dir, need_target)
    numbers = np.arange(len(dataset))
    seen = dataset.wanted is not None and dataset.fingerprint() == facts.get("fingerprint")
    if held_out:
        dataset, numbers = _held_out(dataset, facts, seen)
    return Examples(dataset.limited(limit), numbers[:limit], seen and not held_out)


def _own(net: Network, held_out: bool, limit: int | None) -> Examples:
    if net.example is None:
        raise UsageError(
            "DATA is missing: name the data, or their file; only a network typed by hand with an example of its own "
            "needs none"
        )
    if held_out:
        raise UsageError(f"{spelt('held_out')} is for data that the model was trained on; leave it out")
    x, y = (part[:limit] for part in net.example)
    return Examples(None, np.arange(len(x)), own=(x, y))


def _load_for(
    net: Network, source: Any, facts: dict[str, Any], held_out: bool, data_dir: Any, need_target: bool
) -> Dataset:
    """The data; a file for ``predict`` need not have the target's column."""
    if isinstance(source, Dataset):
        return source
    target, path = net.recipe.target.name, Path(source) if isinstance(source, (str, Path)) else None
    if not (need_target or held_out) and path is not None and path.is_file():
        return load_rows(path, target, recipe=net.recipe)
    if path is not None and canonical(str(source)) in data.names():
        target = None
    limit = facts.get("limit") if held_out else None
    return data.load(source, target=target, data_dir=data_dir, limit=limit, seed=facts.get("seed", 0))


def _held_out(dataset: Dataset, facts: dict[str, Any], same: bool) -> tuple[Dataset, Array]:
    """The examples that were held out when the model was trained, and their numbers."""
    kept = facts.get("held_out")
    if dataset.test is not None and kept in (None, "test"):
        return dataset.test, np.arange(len(dataset.test))
    if kept is None:
        raise UsageError(
            f"nothing was held out when this model was trained; train with {spelt('held_out', 0.2)}, or leave "
            f"{spelt('held_out')} away here"
        )
    if not same:
        raise DataError(
            f"{dataset.name} is not the data that this model was trained on ({facts['name']}, "
            f"{counted(facts['examples'], 'example')}), "
            f"so it can't be said which of its rows were held out; give that data, or leave {spelt('held_out')} away"
        )
    rows = hold_out(dataset, float(kept), int(facts["seed"]))[1]
    return dataset.take(rows), rows


def predict(net: Network, examples: Examples) -> Prediction:
    """The model's answers for rows; raises DataError naming file, row and column."""
    dataset = examples.dataset
    if dataset is None:
        x, y = examples.encoded(net)
        return prediction(net, net.predict(x), decode_labels(net, y))
    outputs = net.predict(net.recipe.encode(dataset.inputs, dtype=net.dtype))
    known = None
    one = net.task == "classes" or net.sizes[-1] == 1  # several values have no one column to be known by
    if one and dataset.wanted is not None and missing_target(dataset) is None:
        wanted = as_wanted(net, dataset)  # an unknown label is an error, not a wrong answer
        known = decode_labels(net, wanted) if net.task == "classes" else dataset.labels()
    return prediction(net, outputs, known)


def prediction(net: Network, outputs: Array, known: Array | None = None) -> Prediction:
    """What the outputs a^L (n, n_L) say."""
    if net.task == "values":
        return Prediction(net.recipe.decode_values(outputs), outputs, known, None, False)
    name, one = net.activations[-1].name, outputs.shape[1] == 1
    probabilities = name == "softmax" or (name == "sigmoid" and one)
    scores = np.hstack([1 - outputs, outputs]) if one and probabilities else outputs
    return Prediction(decode_labels(net, outputs), outputs, known, scores, probabilities)


def evaluate(net: Network, examples: Examples) -> metrics.Evaluation:
    """Cost and metrics of the model on rows whose target is known; raises DataError naming file, row and column."""
    return metrics.evaluate(net, *examples.encoded(net))


def pictures(net: Network, path: Path) -> tuple[list[Path], Array]:
    """A picture file, or a folder of them, as the model takes them: their paths, and a^0 (n, n_0) from 0 to 1.

    Raises DataError for what is no picture, and UsageError where the model's inputs are no pixels.
    """
    shape = None if net.recipe is None else net.recipe.image
    if shape is None:
        what = "a folder" if path.is_dir() else "a picture"
        raise UsageError(
            f"{path} is {what}, and this model takes the columns of a table; give a table, or a model that was "
            "trained on images"
        )
    paths = from_folder(path) if path.is_dir() else [path]
    return paths, np.stack([from_photo(one, shape=shape).reshape(-1) for one in paths]).astype(net.dtype)


def is_pictures(net: Network, source: Any) -> bool:
    """Whether ``source`` is a picture file or, for a model on images, a folder."""
    path = Path(source)
    on_images = net.recipe is not None and net.recipe.image is not None
    return (path.is_file() and is_image(path)) or (path.is_dir() and on_images)
