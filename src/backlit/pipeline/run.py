"""From data to a trained, saved network: split, learn the recipe on the training part, build, fit, judge, save.

Nothing is printed here, and the arithmetic is done elsewhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import checkpoints, finder, metrics, training
from ..data import Dataset, Recipe
from ..errors import ModelError, UsageError
from ..history import History
from ..network import Network
from ..settings import Settings
from ..spelling import spelt
from ..storage import check_writable
from .choices import Choices, any_number, build, sort_options
from .parts import Parts, encode, every_class, load_whole, split

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
    (epochs, optimizer, eta, …); unless told, the optimizer is adam, and classes have training_accuracy monitored. With
    ``out``, Ctrl-C leaves the model and ``out`` + ".checkpoint", from which ``resume`` alone goes on, to the same bits.
    Raises what loading, learning and fitting raise, and writes nothing then.
    """
    if resume is not None:
        if options:
            given = ", ".join(map(spelt, sorted(options)))
            raise UsageError(f"a resumed run keeps its own settings; leave out {given}, or start a new run")
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
    whole = load_whole(choices)
    told = _told(choices)
    if net is None:
        # Learnt from everything, and but for its classes thrown away: what is wrong in any row is found first.
        first = Recipe.learn(whole, **told)
        scale = first.task == "classes" or any_number(choices, first.task)
        parts = split(choices, whole)
        known = dataclasses.replace(parts.training, classes=every_class(whole, first.classes))
        net = build(choices, Recipe.learn(known, **told, scale_target=scale))
    else:
        parts = split(choices, whole)
    x, y = encode(net, parts.training)
    validation = None if parts.validation is None else encode(net, parts.validation)
    return Prepared(net, x, y, parts.weights, validation, parts.held_out, facts_of(choices, parts))


def _told(choices: Choices) -> dict[str, Any]:
    """What a recipe is told of the choices."""
    return {
        "task": choices.task,
        "missing": choices.missing,
        "standardise": choices.standardise,
        "exclude": choices.left_out,
    }


def facts_of(choices: Choices, parts: Parts) -> dict[str, Any]:
    """What the model remembers of its data, so that the examples held out are found again."""
    return {
        "name": parts.everything.name,
        "target": parts.everything.target,
        "held_out": parts.held_out_as,
        "seed": choices.seed,
        "limit": choices.limit,
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
    return Path(f"{out}.checkpoint")


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
    if resume is None and net.task == "classes":
        settings = {"monitors": ("training_accuracy",), **settings}
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
    if checkpoint is not None and not interrupted:
        checkpoints.remove(checkpoint)  # only now: a disk that is full keeps what can be gone on from
    return Outcome(net, history, evaluation, judged_on, interrupted, out, checkpoint if interrupted else None)


def _judge(prepared: Prepared) -> tuple[str | None, metrics.Evaluation | None]:
    net = prepared.net
    if prepared.held_out is not None:
        return "held-out", metrics.evaluate(net, *encode(net, prepared.held_out))
    if prepared.validation is not None:
        return "validation", metrics.evaluate(net, *prepared.validation)
    return None, None
