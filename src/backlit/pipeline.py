"""From data to a trained, saved network and back to answers: what the command line does, as functions.

``train`` splits, learns the recipe on the training part alone, builds the network, fits, evaluates on what was held out,
and saves. ``examples_of``, ``predict`` and ``evaluate`` use a model on raw data. Nothing is printed here, and no
arithmetic of the note's is done here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import checkpoints, finder, metrics, training
from .choices import Choices, build, sort_options
from .data import Dataset, Recipe, Table
from .data import load as load_data
from .errors import DataError, ModelError, UsageError
from .history import History
from .network import Network
from .parts import Parts, as_wanted, missing_target, split
from .settings import Settings
from .storage import check_writable

Array = Any


@dataclass(frozen=True)
class Outcome:
    """What ``train`` made: the network, its history, and how good it is on examples it never saw, where there are any.

    ``judged_on`` is "held-out", "validation" or None; ``evaluation`` is of that set. ``interrupted`` says that Ctrl-C
    ended the run; ``checkpoint`` is then where it can go on from.
    """

    net: Network
    history: History
    evaluation: metrics.Evaluation | None
    judged_on: str | None
    interrupted: bool
    out: Path | None
    checkpoint: Path | None


@dataclass(frozen=True)
class Prepared:
    """A network that is ready to be fitted, and its examples encoded: a^0 (n, n_0) and targets (n, n_L)."""

    net: Network
    x: Array
    y: Array
    sample_weight: Array | None
    validation: tuple[Array, Array] | None
    held_out: Dataset | None
    facts: dict[str, Any]


def train(
    data: Any = None,
    *,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    progress: Any = None,
    callbacks: Sequence[Any] = (),
    **options: Any,
) -> Outcome:
    """Trains a network on a named set, a file, a table or a Dataset; ``out`` is where the model goes.

    ``options`` are those of ``Choices`` (target, layers, activation, cost, held_out, validation, …) and of training.fit
    (epochs, optimizer, eta, …; here adam unless told otherwise). With ``out``, Ctrl-C leaves the model and ``out`` +
    ".checkpoint", from which ``resume`` alone goes on, to the same bits. Raises what loading, learning and fitting raise,
    and writes nothing then.
    """
    if resume is not None:
        if options:
            raise UsageError(
                f"a resumed run keeps its own settings; leave out {', '.join(sorted(options))}, or start a new run"
            )
        return _resume(data, Path(resume), out, progress, callbacks)
    choices, settings = sort_options(data, options)
    target = None if out is None else _place(out)
    return _run(prepare(choices), choices, settings, target, None, progress, callbacks)


def find_eta(data: Any, *, steps: int = 200, **options: Any) -> finder.EtaRange:
    """The learning-rate range test on what ``train`` would train on, with the same options; trains nothing."""
    choices, settings = sort_options(data, options)
    prepared = prepare(choices)
    taken = ("l1", "l2", "clip_value", "clip_norm", "max_norm", "optimizer", "engine")
    plan = {name: value for name, value in settings.items() if name in taken}
    size = settings.get("batch_size", Settings.batch_size)
    n = len(prepared.y)
    return finder.find_eta(
        prepared.net, prepared.x, prepared.y, steps=steps, batch_size=n if size is None else size, **plan
    )


def prepare(choices: Choices, net: Network | None = None) -> Prepared:
    """Loads, splits, learns the recipe on the training part, builds the network, encodes. ``net`` is a resumed run's.

    Raises DataError and UsageError.
    """
    parts = split(choices, load_data)
    if net is None:
        # Learnt from everything first, and thrown away: its errors name rows as the file counts them.
        Recipe.learn(parts.everything, task=choices.task, missing=choices.missing)
        recipe = Recipe.learn(parts.training, task=choices.task, missing=choices.missing)
        net = build(choices, recipe)
    x, y = encode(net, parts.training)
    validation = None if parts.validation is None else encode(net, parts.validation)
    return Prepared(net, x, y, parts.weights, validation, parts.held_out, facts_of(choices, parts))


def encode(net: Network, dataset: Dataset) -> tuple[Array, Array]:
    """a^0 (n, n_0) and targets (n, n_L) in the network's dtype; raises DataError naming file and row."""
    return net.recipe.encode(dataset.inputs, dtype=net.dtype), as_wanted(net, dataset)


def facts_of(choices: Choices, parts: Parts) -> dict[str, Any]:
    """What the model remembers of its data, so that the examples held out are found again."""
    return {
        "name": parts.everything.name,
        "target": parts.everything.target,
        "held_out": parts.held_out_as,
        "seed": choices.seed,
        "limit": choices.limit,
        "exclude": [*choices.exclude, *([choices.weight_column] if choices.weight_column else [])],
        "examples": len(parts.everything),
        "trained_on": len(parts.training),
        "fingerprint": parts.fingerprint,
    }


def _place(out: str | Path) -> Path:
    target = Path(out)
    check_writable(target, "the model")
    return target.resolve()


def checkpoint_of(out: Path) -> Path:
    """Where the checkpoint of a run that makes the model ``out`` stands."""
    return out.with_name(f"{out.name}.checkpoint")


def _resume(
    data: Any, path: Path, out: str | Path | None, progress: Any, callbacks: Sequence[Any]
) -> Outcome:
    saved = checkpoints.load(path)
    told = saved.command.get("choices")
    if told is None:
        raise ModelError(
            f"{path} doesn't say which data it was trained on, as it was not written by 'backlit train'; go on from "
            "Python, with net.fit(x, y, resume=…)"
        )
    choices = Choices.from_json(told)
    if data is not None:
        choices = dataclasses.replace(choices, data=data)
    if choices.data is None:
        raise UsageError(f"the run of {path} was on data from Python; give the data again")
    place = out if out is not None else saved.command.get("out")
    target = None if place is None else _place(place)
    prepared = prepare(choices, saved.net.copy())
    return _run(prepared, choices, {}, target, path, progress, callbacks)


def _run(
    prepared: Prepared,
    choices: Choices,
    settings: dict[str, Any],
    out: Path | None,
    resume: Path | None,
    progress: Any,
    callbacks: Sequence[Any],
) -> Outcome:
    net = prepared.net
    checkpoint = resume or (None if out is None else checkpoint_of(out))
    history = training.fit(
        net,
        prepared.x,
        prepared.y,
        validation=prepared.validation,
        sample_weight=prepared.sample_weight,
        checkpoint=checkpoint,
        resume=resume,
        command={"choices": choices.to_json(), "out": None if out is None else str(out)},
        progress=progress,
        callbacks=callbacks,
        **settings,
    )
    net.training["data"] = prepared.facts
    judged_on, evaluation = _judge(prepared)
    if out is not None:
        net.save(out)
    interrupted = history.stop_reason == "interrupted"
    return Outcome(net, history, evaluation, judged_on, interrupted, out, checkpoint if interrupted else None)


def _judge(prepared: Prepared) -> tuple[str | None, metrics.Evaluation | None]:
    net = prepared.net
    if prepared.held_out is not None:
        return "held-out", metrics.evaluate(net, *encode(net, prepared.held_out))
    if prepared.validation is not None:
        return "validation", metrics.evaluate(net, *prepared.validation)
    return None, None


# ------------------------------------------------------------------------------------------------------ using a model


@dataclass(frozen=True)
class Examples:
    """Rows for a model: ``dataset`` (its target may be None) and each row's ``numbers`` in the data, from 0, (n,).

    ``seen`` says that these are the very data that the model was trained on, none held out.
    """

    dataset: Dataset
    numbers: Array
    seen: bool = False


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

    Raises DataError, and UsageError where nothing was held out.
    """
    if net.recipe is None:
        raise ModelError(
            "this model has no recipe for raw data, as it was trained on plain arrays; use it from Python, with net.predict(x)"
        )
    facts = net.training.get("data", {})
    dataset = _load_for(net, source, facts, held_out, data_dir, need_target)
    numbers = np.arange(len(dataset))
    seen = dataset.wanted is not None and dataset.fingerprint() == facts.get("fingerprint")
    if held_out:
        dataset, numbers = _held_out(dataset, facts, seen)
    left_out = [name for name in facts.get("exclude", []) if name in dataset.inputs.names]
    dataset = dataclasses.replace(dataset, inputs=dataset.inputs.without(left_out))
    return Examples(dataset.limited(limit), numbers[:limit], seen and not held_out)


def _load_for(
    net: Network, source: Any, facts: dict[str, Any], held_out: bool, data_dir: Any, need_target: bool
) -> Dataset:
    if isinstance(source, Dataset):
        return source
    limit = facts.get("limit") if held_out else None
    seed = facts.get("seed", 0)
    target = net.recipe.target.name
    if need_target or held_out:
        return load_data(source, target=target, data_dir=data_dir, limit=limit, seed=seed)
    return load_data(source, target=target, data_dir=data_dir, seed=seed, optional_target=True)


def _held_out(dataset: Dataset, facts: dict[str, Any], same: bool) -> tuple[Dataset, Array]:
    """The examples that were held out when the model was trained, and their numbers."""
    kept = facts.get("held_out")
    if dataset.test is not None and kept in (None, "test"):
        return dataset.test, np.arange(len(dataset.test))
    if kept is None:
        raise UsageError(
            "nothing was held out when this model was trained; train with --held-out 0.2, or leave --held-out away here"
        )
    if not same:
        raise DataError(
            f"{dataset.name} is not the data that this model was trained on ({facts['name']}, {facts['examples']:,} examples), "
            "so it can't be said which of its rows were held out; give that data, or leave --held-out away"
        )
    from .parts import hold_out

    rows = hold_out(dataset, float(kept), int(facts["seed"]))[1]
    return dataset.take(rows), rows


def predict(net: Network, examples: Examples) -> Prediction:
    """The model's answers for rows; raises DataError naming file, row and column."""
    dataset = examples.dataset
    outputs = net.predict(net.recipe.encode(dataset.inputs, dtype=net.dtype))
    known = None
    if dataset.wanted is not None and missing_target(dataset) is None:
        as_wanted(net, dataset)  # an unknown label is an error, not a wrong answer
        known = dataset.labels()
    return prediction(net, outputs, known)


def prediction(net: Network, outputs: Array, known: Array | None = None) -> Prediction:
    """What the outputs a^L (n, n_L) say."""
    if net.task == "values":
        return Prediction(net.recipe.decode_values(outputs), outputs, known, None, False)
    from .targets import decode_labels

    name, one = net.activations[-1].name, outputs.shape[1] == 1
    probabilities = name == "softmax" or (name == "sigmoid" and one)
    scores = np.hstack([1 - outputs, outputs]) if one and probabilities else outputs
    return Prediction(decode_labels(net, outputs), outputs, known, scores, probabilities)


def evaluate(net: Network, examples: Examples) -> metrics.Evaluation:
    """Cost and metrics of the model on rows whose target is known; raises DataError naming file, row and column."""
    return metrics.evaluate(net, *encode(net, examples.dataset))


def pictures(net: Network, path: Path) -> tuple[list[Path], Array]:
    """A picture file, or a folder of them, as the model takes them: their paths, and a^0 (n, n_0) from 0 to 1.

    Raises DataError for what is no picture, and UsageError where the model's inputs are no pixels.
    """
    from .data.images import from_folder, from_photo

    shape = None if net.recipe is None else net.recipe.image
    if shape is None:
        raise UsageError(f"{path} is for models on images, and this model's inputs are columns; give a table")
    paths = from_folder(path) if path.is_dir() else [path]
    return paths, np.stack([from_photo(one, shape=shape).reshape(-1) for one in paths]).astype(net.dtype)


def is_pictures(net: Network, source: Any) -> bool:
    """Whether ``source`` is a picture file or, for a model on images, a folder."""
    from .data.images import is_image

    path = Path(source)
    on_images = net.recipe is not None and net.recipe.image is not None
    return (path.is_file() and is_image(path)) or (path.is_dir() and on_images)


def table_of(given: Any) -> Table:
    """Any table as Backlit's own; raises DataError for what is none."""
    return Table.from_any(given)
