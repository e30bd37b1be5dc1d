"""Making sheets: seeded, all different, of invented networks or of examples of a model.

The same arguments give the same sheets, to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import UsageError, unknown
from ..inputs import batch
from ..network import Network
from ..randomness import as_seed, stream
from ..spelling import counted, spelt
from ..use import examples
from .find import mistake
from .invent import Plan, checked_eta, invent
from .kinds import KINDS
from .part import scene_of
from .passes import Pass, right
from .question import Question
from .scene import Scene
from .sheet import Exercise, Sheet

Array = Any
Scenes = Callable[[np.random.Generator], Scene]
ALL = (*KINDS, "mistake")
_MAKERS: dict[str, Callable[[Scene, Pass, np.random.Generator], Question]] = {**KINDS, "mistake": mistake}
_MOST = 1000  # sheets at once
_AGAIN = 40  # draws of a sheet that turned out as one before
_ETAS = (0.1, 0.2, 0.5, 1.0)


def make(
    number: int = 1,
    *,
    kinds: str | Sequence[str] = ALL,
    seed: int = 0,
    layers: Sequence[int] | None = None,
    depth: int | None = None,
    activation: str | Sequence[str] = "sigmoid",
    cost: str = "squared_error",
    eta: float | None = None,
    net: Network | None = None,
    x: Any = None,
    y: Any = None,
    numbers: Sequence[int] | None = None,
    source: str = "",
) -> list[Sheet]:
    """``number`` sheets with a question of each of ``kinds``, all different, the same for the same ``seed``.

    Networks are invented: ``layers`` are all sizes from the inputs to the outputs, or ``depth`` layers of 2 or 3
    neurons. With ``net`` they are the model's, at one of the examples x, y (called ``numbers``): small networks whole,
    of wide layers a few neurons. Raises UsageError, also where there are not so many different sheets.
    """
    wanted = _kinds(kinds)
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= _MOST:
        raise UsageError(f"{spelt('number')} is how many sheets to make, from 1 to {_MOST:,}; got {number!r}")
    seed = as_seed(seed)
    if net is None:
        plan = Plan.of(layers, depth, activation, cost, eta)
        scenes = _invented(plan)
    else:
        plan, scenes = _of_model(net, x, y, numbers, source, eta, layers, depth)
    made: dict[str, Sheet] = {}
    for place in range(number):
        for again in range(_AGAIN):
            rng = stream(seed, "data", place, again)
            sheet = _sheet(place, wanted, plan, scenes, rng)
            if sheet.id not in made:
                break
        else:
            raise UsageError(
                f"only {counted(len(made), 'different sheet')} could be made of this: take other examples, more kinds, "
                f"or {spelt('number', len(made))}"
            )
        made[sheet.id] = replace(sheet, made={"seed": seed, "kinds": list(wanted), "of": source or None})
    return list(made.values())


def _kinds(given: str | Sequence[str]) -> tuple[str, ...]:
    listed = (given,) if isinstance(given, str) else tuple(given)
    for one in listed:
        if one not in _MAKERS:
            raise unknown("kind of question", one, ALL)
    if not listed:
        raise UsageError(f"{spelt('kinds')} has at least one of {', '.join(ALL)}")
    return listed


def _invented(plan: Plan) -> Scenes:
    return lambda rng: invent(plan, rng)


def _of_model(
    net: Network, x: Any, y: Any, numbers: Any, source: str, eta: Any, layers: Any, depth: Any
) -> tuple[Plan, Scenes]:
    """How scenes are made of a model, and a plan for small networks with its functions."""
    if layers is not None or depth is not None:
        raise UsageError(
            f"{spelt('layers')} and {spelt('depth')} are for invented networks; a model has its own layers"
        )
    if eta is not None:
        eta = checked_eta(eta)
    X, Y = examples(net, x, y)
    called = range(len(X)) if numbers is None else numbers

    def scenes(rng: np.random.Generator) -> Scene:
        row = int(rng.permutation(len(X))[0]) if len(X) > 1 else 0
        step = eta if eta is not None else float(rng.choice(_ETAS))
        named = (
            f"{source}, example {called[row]}" if source and (len(X) > 1 or numbers is not None) else source
        )
        x_row = batch(X, slice(row, row + 1), np.dtype(np.float64))
        x_row = (x_row.toarray() if hasattr(x_row, "toarray") else x_row)[0]  # words are sparse
        return scene_of(net, x_row, Y[row], step, rng, named or f"example {called[row]}")

    sizes = tuple(min(n, 3) for n in net.sizes[-4:])
    return Plan(sizes, len(sizes) - 1, net.activations[-(len(sizes) - 1) :], net.cost, eta), scenes


def _sheet(
    place: int,
    kinds: tuple[str, ...],
    plan: Plan,
    scene: Scenes,
    rng: np.random.Generator,
) -> Sheet:
    """One sheet: all kinds of one network; a derivation to judge has a network of its own, for it shows numbers."""
    exercises = []
    plain = tuple(kind for kind in kinds if kind != "mistake")
    if plain:
        exercises.append(_exercise(scene(rng), plain, rng))
    for which in range(kinds.count("mistake")):
        own = scene(rng) if not (plain or which) else invent(plan, rng)
        exercises.append(_exercise(own, ("mistake",), rng))
    count, numbered = 0, []
    for one in exercises:
        listed = tuple(
            replace(question, id=str(count + at)) for at, question in enumerate(one.questions, start=1)
        )
        count += len(listed)
        numbered.append(replace(one, questions=listed))
    return Sheet(place + 1, tuple(numbered))


def _exercise(scene: Scene, kinds: tuple[str, ...], rng: np.random.Generator) -> Exercise:
    found = right(scene)
    questions: list[Question] = []
    for kind in kinds:
        question = _MAKERS[kind](scene, found, rng)
        for _ in range(_AGAIN):  # a kind that is asked twice asks something else
            if all(question.prompt != other.prompt for other in questions):
                break
            question = _MAKERS[kind](scene, found, rng)
        questions.append(question)
    return Exercise(scene, found, tuple(questions), given=not {"forward", "mistake"} & set(kinds))
