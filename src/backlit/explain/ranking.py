"""From a derivative to its paths: exactly the k of largest |contribution| out of all of them, and what all come to.

``paths`` is the door by name, ``paths_of`` the one for a problem and a derivative that are checked already. The graph
stands in graph.py, the search in best.py, the sums in masses.py; this file puts them together and signs them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..engines.numpy import quiet
from ..equations import EQUATIONS
from ..errors import UsageError
from ..network import Network
from ..notation import Derivative as Name, Notation, Quantity, check_notation
from . import raw
from .best import Found, Search
from .flow import Flow, flow
from .graph import Graph, graph
from .labels import Labels
from .masses import Masses, ldexp, masses
from .names import resolve
from .paths import Path, Paths
from .problem import Problem, pose
from .words import conventions, statement

Array = Any
_AGREES = 1e-10  # of the mass: how far the sum of all paths may be from the backward pass


def paths(
    net: Network,
    name: str,
    x: Any,
    y: Any = None,
    *,
    top: int = 20,
    notation: Notation = "note",
    example: int | None = None,
    sample_weight: Any = None,
    dropout_masks: Any = None,
    dtype: Any = np.float64,
) -> Paths:
    """The ``top`` paths of largest |contribution| of the derivative of this name at x, y, and what all come to.

    ``name`` is of one number: ``"dC/dw[1][3,5]"``, ``"da[3][0]/da[1][4]"``; the other arguments are ``explain``'s. A
    batch ranks (example, path) pairs, each with its weight in the mean (B5). Equal ones stand in the order of example,
    then of neurons from Q on. Raises what ``explain`` raises, UsageError also for a block and for a ``top`` below 1.
    """
    check_notation(notation)
    found = resolve(name, Labels.of(net, notation))
    if found.of.letter == "C" and y is None:
        raise UsageError(f"{name!r} is of C, which compares the output with what is wanted; give y too")
    problem = pose(
        net, x, y, notation=notation, example=example, sample_weight=sample_weight, l1=0.0, l2=0.0,
        dropout_masks=dropout_masks, dtype=dtype,
    )  # fmt: skip
    return paths_of(problem, found, top=top)


@quiet
def paths_of(problem: Problem, name: Name, *, top: int = 20) -> Paths:
    """The paths of a derivative whose parts are checked already."""
    top = _check(problem, name, top)
    problem = _without_penalties(problem)
    by, recipe = _by(problem, name)
    passed = flow(problem, name.of)
    made = graph(problem, passed, by, recipe)
    all_of_them, search = masses(made), Search(made)
    listed = search.first(min(top, made.count))
    each = _each(passed, by) * (1.0 if recipe is None else recipe)
    value, total = float(EQUATIONS["B5"](problem.share, each)), all_of_them.plain(all_of_them.total)
    mass = all_of_them.mass
    return Paths(
        name=name.text(problem.notation),
        derivative=name,
        notation=problem.notation,
        stations=tuple(Quantity(station.letter, station.layer) for station in made.stations),
        kinds=made.factors,
        paths=tuple(_path(problem, made, one, all_of_them) for one in listed),
        count=made.count,
        total=total,
        positive=all_of_them.plain(all_of_them.positive),
        negative=all_of_them.plain(all_of_them.negative),
        cancels=1 - min(1.0, abs(all_of_them.total) / mass) if mass else 0.0,
        share=min(1.0, sum(_part(one.size, all_of_them) for one in listed)) if mass else 1.0,
        value=value,
        each=each,
        agrees=_agree(total, value, all_of_them.plain(mass)),
        opened=search.opened,
        statement=statement(problem, passed, name.by),
        conventions=_conventions(problem, passed, name),
        included=problem.included,
        problem=problem,
    )


def _without_penalties(problem: Problem) -> Problem:
    """Penalties are outside of every path, so they are not spoken of either."""
    included = {key: given for key, given in problem.included.items() if key not in ("l1", "l2")}
    return replace(problem, l1=0.0, l2=0.0, included=included)


def _by(problem: Problem, name: Name) -> tuple[Quantity, float | None]:
    """Q, and where it is a raw column the input that the recipe makes of it, with the recipe's factor."""
    if name.by.letter != "raw":
        return name.by, None
    column = raw.find(problem.net, str(name.by.column), name.text(problem.notation))
    return Quantity("x", None, (column.place,)), column.factor


def _check(problem: Problem, name: Name, top: int) -> int:
    shown = name.text(problem.notation)
    if name.by.letter != "raw" and (not name.by.index or ":" in name.by.index):
        raise UsageError(f"{shown!r} is a block; paths are those of one number: name one entry of it")
    if isinstance(top, bool) or not isinstance(top, (int, np.integer)) or top < 1:
        raise UsageError(f"top is how many paths are listed, a whole number from 1; got {top!r}")
    return int(top)


def _conventions(problem: Problem, passed: Flow, name: Name) -> tuple[str, ...]:
    """What the numbers rest on; where the derivative itself is no mean, that pairs are weighed as in one."""
    averaged = name.of.letter == "C" and name.by.letter in ("w", "b")
    weighed = problem.m > 1 and not averaged
    return (
        *conventions(problem, passed, name.by),
        *(["pairs weighed as in the mean (B5)"] if weighed else []),
    )


def _agree(total: float, value: float, mass: float) -> bool | None:
    """Whether the sum of all paths is what the backward pass gives, to rounding; None where that is no number."""
    if not np.isfinite([total, value]).all():
        return None
    return bool(abs(total - value) <= _AGREES * mass + np.finfo(float).tiny)


def _each(passed: Flow, by: Quantity) -> Array:
    """∂P/∂Q of each example by the backward pass, (m,)."""
    l = by.layer or 0
    if by.letter in ("a", "x"):
        values = passed.to_a[l][:, int(by.index[0])]
        masked = by.letter == "x" and passed.masks[0] is not None
        return EQUATIONS["N2"](passed.masks[0][:, int(by.index[0])], values) if masked else values
    values = passed.to_z[l][:, int(by.index[0])]
    return EQUATIONS["N2"](passed.a[l - 1][:, int(by.index[1])], values) if by.letter == "w" else values


def _path(problem: Problem, made: Graph, found: Found, all_of_them: Masses) -> Path:
    """A found path with its factors and its sign."""
    factors = made.values(found.example, found.places)
    negative = sum(factor < 0 for factor in factors) % 2
    size = ldexp(*found.size) if found.size[0] else 0.0
    return Path(
        neurons=tuple(
            int(station.neurons[place]) for station, place in zip(made.stations, found.places, strict=True)
        ),
        factors=tuple(factors),
        contribution=-size if negative and size else size,
        example=problem.numbers[found.example] if problem.numbers else found.example,
        share=_part(found.size, all_of_them),
    )


def _part(size: tuple[float, int], all_of_them: Masses) -> float:
    """|contribution| / Σ|contributions|, whatever the powers of 2."""
    mantissa, power = size
    return ldexp(mantissa / all_of_them.mass, power - all_of_them.power) if mantissa else 0.0
