"""From data to a trained network in one call: what ``backlit train`` does, as a function.

Load, hold a part out, split a validation part off, learn the recipe on what is left, build the network, train, evaluate.
The recipe, the classes and how the data was split stay with the network, so that a raw file is all that it needs later.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import checkpoints, data
from .data import Dataset, Recipe
from .errors import DataError, UsageError
from .files import save
from .functions import as_activation, as_cost
from .history import History
from .metrics import Evaluation, evaluate
from .network import Network
from .sets import split_rows
from .storage import check_writable
from .training import fit

Array = Any


@dataclass(frozen=True)
class Job:
    """What ``train`` is told besides the settings of ``fit``, all of it plain: it is kept in checkpoints."""

    source: str
    target: str | None = None
    task: str | None = None
    layers: tuple[int, ...] = (30,)
    activation: tuple[str, ...] = ("relu",)  # one for all hidden layers, or one each
    output_activation: str | None = None
    cost: str | None = None
    init: str = "auto"
    seed: int = 0
    dtype: str = "float32"
    held_out: float | None = None  # a fraction, never seen by training
    validation: str | None = None  # a fraction, a number of last examples, "test", or a file
    limit: int | None = None
    data_dir: str | None = None
    exclude: tuple[str, ...] = ()
    missing: str = "mean"
    standardise: bool = True
    out: str | None = None


@dataclass(frozen=True)
class Trained:
    """What ``train`` gives back. ``held_out`` is the evaluation on examples held out, or None where there are none."""

    net: Network
    history: History
    job: Job
    examples: int
    held_out: Evaluation | None

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run."""
        return self.history.stop_reason == "interrupted"


@dataclass(frozen=True)
class Split:
    """A data set's examples to train on, to validate on and to hold out."""

    train: Dataset
    validation: Dataset | None
    held_out: Dataset | None


def train(job: Job, *, resume: str | Path | None = None, progress: Any = None, **settings: Any) -> Trained:
    """Does the whole job; raises UsageError, DataError, ModelError or DivergenceError, and then has written nothing.

    With ``job.out`` the network is saved there, and on Ctrl-C a checkpoint beside it, from which ``resume_job`` goes on.
    """
    if job.out is not None:
        check_writable(job.out, "the model")
    split = load_split(job)
    scale = as_cost(job.cost).targets != "counts" if job.cost else True
    recipe = Recipe.learn(
        split.train,
        task=job.task,  # type: ignore[arg-type]
        standardise=job.standardise,
        missing=job.missing,
        exclude=job.exclude,
        scale_target=scale,
    )
    net = build(job, recipe)
    x, y = _encoded(recipe, split.train, net)
    validation = None if split.validation is None else _encoded(recipe, split.validation, net)
    net.classes = None  # while training: the targets are numbers already
    history = fit(
        net,
        x,
        y,
        validation=validation,
        progress=progress,
        checkpoint=None if job.out is None else checkpoint_path(job.out),
        resume=resume,
        command=dataclasses.asdict(job),
        **settings,
    )
    net.classes = recipe.classes
    net.training["data"] = {
        "source": job.source,
        "target": job.target,
        "held_out": job.held_out,
        "seed": job.seed,
        "limit": job.limit,
        "examples": len(split.train),
    }
    if job.out is not None:
        save(net, job.out)
    found = None
    if split.held_out is not None and history.stop_reason != "interrupted":
        found = evaluate(net, split.held_out, split.held_out.labels())
    return Trained(net, history, job, len(split.train), found)


def resume_job(checkpoint: str | Path, *, progress: Any = None) -> Trained:
    """Goes on with the run of a checkpoint that ``train`` wrote: data and settings are in it."""
    command = dict(checkpoints.load(checkpoint).command)
    if not command:
        raise UsageError(
            f"{checkpoint} was written by fit() in Python, which knows its data; resume it there: fit(x, y, resume=…)"
        )
    known = {field.name for field in dataclasses.fields(Job)}
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in command.items() if name in known}
    return train(Job(**plain), resume=checkpoint, progress=progress)


def checkpoint_path(out: str | Path) -> Path:
    """Where a run that saves to ``out`` keeps its checkpoint."""
    return Path(f"{out}.checkpoint")


def load_split(job: Job) -> Split:
    """The job's examples: held out first, then validation, the rest is for training."""
    whole = data.load(job.source, target=job.target, data_dir=job.data_dir, seed=job.seed, limit=job.limit)
    rest, held_out = hold_out(whole, job.held_out, job.seed)
    if job.validation is None:
        return Split(rest, None, held_out)
    if job.validation == "test":
        if whole.test is None:
            raise UsageError(f"{whole.name} has no test set of its own; give --validation a fraction, a number or a file")
        return Split(rest, whole.test, held_out)
    number = _number(job.validation)
    if number is None:
        extra = data.load(job.validation, target=job.target or whole.target)
        return Split(rest, extra, held_out)
    kept, apart = _apart(rest, number, job.seed)
    return Split(rest.take(kept), rest.take(apart), held_out)


def hold_out(whole: Dataset, fraction: float | None, seed: int) -> tuple[Dataset, Dataset | None]:
    """What is not held out, and what is: a fraction, of every class the same, or else the set's own test set."""
    if fraction is None:
        return whole, whole.test
    if not 0 < fraction < 1:
        raise UsageError(f"held-out is a fraction between 0 and 1; got {fraction:g}")
    kept, apart = split_rows(len(whole), fraction, seed, _classes(whole))
    return whole.take(kept), whole.take(apart)


def held_out_of(net: Network, source: str, *, target: str | None = None, data_dir: str | None = None) -> Dataset:
    """The examples of ``source`` that the network's training held out; raises UsageError where it held none out."""
    how = net.training.get("data") or {}
    whole = data.load(
        source,
        target=target or how.get("target"),
        data_dir=data_dir,
        seed=int(how.get("seed", 0)),
        limit=how.get("limit"),
    )
    apart = hold_out(whole, how.get("held_out"), int(how.get("seed", 0)))[1]
    if apart is None:
        raise UsageError(f"this network's training held nothing of {source} out; train with --held-out 0.2, or leave --held-out away")
    return apart


def build(job: Job, recipe: Recipe) -> Network:
    """The untrained network that fits the recipe; the output and cost are suited to the task unless they are named."""
    cost = job.cost or ("cross_entropy" if recipe.task == "classes" else "squared_error")
    output = job.output_activation or _output_for(cost, recipe)
    hidden = list(job.activation) * len(job.layers) if len(job.activation) == 1 else list(job.activation)
    if len(hidden) != len(job.layers):
        raise UsageError(
            f"{len(job.layers)} hidden layers and {len(hidden)} activations: give one for all of them, or one each"
        )
    outputs = len(recipe.classes) if recipe.classes is not None else 1
    net = Network(
        [len(recipe.inputs), *job.layers, outputs],
        activations=[*hidden, output],
        cost=cost,
        init=job.init,
        seed=job.seed,
        dtype=job.dtype,
    )
    if net.cost.targets == "distribution" and recipe.task == "values":
        raise UsageError(f"{net.cost.name} is for classes, and the target {recipe.target.name!r} is a value; take 'squared_error'")
    if net.cost.targets == "counts" and recipe.task == "classes":
        raise UsageError(f"{net.cost.name} is for counts, and the target {recipe.target.name!r} is a class; take 'cross_entropy'")
    net.recipe, net.classes, net.task = recipe, recipe.classes, recipe.task
    return net


def _output_for(cost: str, recipe: Recipe) -> str:
    """The usual output activation of a cost: what keeps its δ^L simple."""
    row = as_cost(cost)
    if row.targets in ("distribution", "probabilities", "counts"):
        return {"distribution": "softmax", "probabilities": "sigmoid", "counts": "exp"}[row.targets]
    squared = row.name in ("squared_error", "half_squared_error", "mean_squared_error")
    return "sigmoid" if squared and recipe.task == "classes" else "identity"


def _encoded(recipe: Recipe, dataset: Dataset, net: Network) -> tuple[Array, Array]:
    return recipe.encode(dataset, net.dtype), recipe.encode_target(dataset.labels())


def _classes(dataset: Dataset) -> Array | None:
    """The class of each example as a number, to split every class alike; None for values."""
    if dataset.task != "classes" or dataset.wanted is None:
        return None
    return np.unique(np.array([str(one) for one in dataset.labels().tolist()]), return_inverse=True)[1]


def _number(text: str) -> float | int | None:
    """A fraction or a whole number, or None for anything else (a path)."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def _apart(rest: Dataset, number: float, seed: int) -> tuple[Array, Array]:
    """The rows to keep and to validate on: a fraction drawn at random, or the last so many."""
    n = len(rest)
    if isinstance(number, int):
        if not 0 < number < n:
            raise DataError(f"validation takes the last {number:,} examples, and there are {n:,}")
        return np.arange(n - number), np.arange(n - number, n)
    if not 0 < number < 1:
        raise UsageError(f"validation is a fraction between 0 and 1, a whole number, 'test', or a file; got {number:g}")
    return split_rows(n, number, seed, _classes(rest))


def check_functions(job: Job) -> None:
    """Refuses unknown activations and costs before any data is read (UsageError)."""
    for name in (*job.activation, *([job.output_activation] if job.output_activation else [])):
        as_activation(name)
    if job.cost:
        as_cost(job.cost)


