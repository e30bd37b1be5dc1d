"""The network and the examples that a command is asked about: which rows of which data, and what they are called.

``explain`` and ``paths`` take them as x and y, ``nudges`` as places in its data. Nothing is explained here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import files, pipeline
from ..errors import CountingError, UsageError
from ..explain.labels import Labels
from ..explain.names import resolve
from ..network import Network
from ..notation import Notation
from ..pipeline.parts import missing_target, refuse_missing_target
from ..spelling import counted
from . import parse


@dataclass(frozen=True)
class Asked:
    """What ``explain`` and ``paths`` have in common on the command line."""

    model: Path
    name: str
    data: str | None
    example: list[int] | None
    examples: str | None
    held_out: bool
    data_dir: Path | None
    notation: Notation


@dataclass(frozen=True)
class Picked:
    """x and y of m examples as ``net.explain`` takes them, and what they are called: ``numbers``, None for one."""

    net: Network
    x: Any
    y: Any
    numbers: tuple[int, ...] | None
    notation: Notation


def pick(asked: Asked) -> Picked:
    """The network with the examples that were chosen; a wrong name is found before the data are read."""
    net = files.load(asked.model)
    of_cost = resolve(asked.name, Labels.of(net, asked.notation)).of.letter == "C"
    wanted = _wanted(asked)
    if asked.data is None and net.example is None:
        raise UsageError(
            "--data is missing: name the data that the example is of, as in --data digits; only a network typed by "
            "hand with an example of its own needs none"
        )
    found = pipeline.examples_of(
        net, asked.data, held_out=asked.held_out, data_dir=asked.data_dir, need_target=of_cost
    )
    numbers = found.numbers.tolist()
    if wanted is None:
        _only_where_clear(asked, found)
        some, called = list(range(len(numbers))), None if len(numbers) == 1 else tuple(numbers)
    else:
        some = places(numbers, wanted, asked.held_out)
        called = tuple(numbers[place] for place in some)
    x, y = _taken(net, found, some, of_cost)
    return Picked(net, x, y, called, asked.notation)


def _wanted(asked: Asked) -> list[range] | None:
    """The examples that stand on the command line, None where there are none."""
    if asked.example and asked.examples is not None:
        raise UsageError("--example and --examples both choose; give one of them")
    if asked.example:
        return [range(number, number + 1) for number in asked.example]
    return None if asked.examples is None else parse.numbers("--examples", asked.examples)


def _only_where_clear(asked: Asked, found: pipeline.Examples) -> None:
    """Raises UsageError where there are many examples, and it wasn't said which are meant."""
    if found.own is not None or len(found.numbers) == 1:
        return
    among = f"{counted(len(found.numbers), 'example')}, {found.numbers[0]} to {found.numbers[-1]}"
    raise UsageError(
        f"{asked.data} has {among}{' of those held out' if asked.held_out else ''}: say which one with "
        "--example 7, or several with --examples 0:32; --examples all is every one"
    )


def places(numbers: Sequence[int], wanted: Sequence[range], held_out: bool) -> list[int]:
    """Where the examples of these numbers stand among those that were loaded; raises CountingError.

    Numbers are those of the whole data; where only what was held out is loaded, a range passes over the others.
    """
    place = {number: at for at, number in enumerate(numbers)}
    last = max(numbers, default=-1)
    found: list[int] = []
    for some in wanted:
        past = not held_out and some.stop != parse.NO_END and some.stop - 1 > last
        known = [place[number] for number in range(some.start, min(some.stop, last + 1)) if number in place]
        if past or not known:
            raise CountingError(_no_such(some.stop - 1 if past else some.start, numbers, held_out))
        found += known
    return list(dict.fromkeys(found))


def _no_such(number: int, numbers: Sequence[int], held_out: bool) -> str:
    among = (
        f"it is none of the {len(numbers):,} that were held out"
        if held_out
        else f"the data has {len(numbers):,}, {numbers[0]} to {numbers[-1]:,}"
    )
    return f"there is no example {number} here: {among}"


def _taken(net: Network, found: pipeline.Examples, some: list[int], of_cost: bool) -> tuple[Any, Any]:
    """x and y of some rows; y is None where the data has no targets and none are asked for.

    Rows of data stay raw: an explanation encodes them in its own precision, not in the network's.
    """
    rows = np.array(some, dtype=np.intp)
    if found.own is not None:
        return found.own[0][rows], found.own[1][rows]
    assert found.dataset is not None
    dataset = found.dataset.take(rows)
    if of_cost:
        refuse_missing_target(dataset)
    known = dataset.wanted is not None and missing_target(dataset) is None
    return dataset, dataset if known else None
