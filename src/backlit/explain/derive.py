"""From a name and an example to the whole derivation: which layout of steps it takes, and what is added to it.

The door of this package. Every number comes through the registry (flow.py); this file only chooses.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engines.numpy import quiet
from ..equations import EQUATIONS
from ..errors import UsageError
from ..namespaces import NUMPY
from ..network import Network
from ..notation import Derivative, Notation, Quantity, check_notation
from . import batch
from .blocks import Blocks
from .flow import Flow, flow
from .formula import Formula, from_tex, number
from .labels import Labels
from .leaves import Leaves
from .names import resolve
from .opening import Opening, product_of
from .problem import Problem, pose
from .raw import RawColumn, find
from .steps import Derivation, Step
from .words import averaged, conventions, statement

Array = Any
_MOST = 2**27  # numbers in one array: a gibibyte


@quiet
def explain(
    net: Network,
    name: str,
    x: Any,
    y: Any = None,
    *,
    notation: Notation = "note",
    depth: int = 1,
    example: int | None = None,
    sample_weight: Any = None,
    l1: float = 0.0,
    l2: float = 0.0,
    dropout_masks: Any = None,
    dtype: Any = np.float64,
) -> Derivation:
    """The derivative of this name at x, y as a Derivation: steps with their numbers, tags N6–N11, B1–B5, R1.

    ``name`` is ∂P/∂Q with P of C, a[l][j], z[l][j] and Q of w, b, z, a, x, raw["column"], in this ``notation``
    ("note", "book" or "pytorch"); ``":"`` or no index gives arrays. ``x`` is one example or many, ``example`` picks one
    of many; y is not needed where P is not C. ``depth`` is how many sums are opened below one another. A batch gives
    ∂C/∂w and ∂C/∂b as the mean (``sample_weight`` (m,) weighs it), everything else once an example, (m, …). ``l1``,
    ``l2`` and ``dropout_masks`` are as ``gradient`` takes them. Computed in ``dtype``, float64 whatever the network's.

    Raises UsageError (CountingError) for a name that is wrong, or whose derivative is 0 by structure, DataError for
    data that does not fit, ModelError for a weight that is not finite.
    """
    check_notation(notation)
    if isinstance(depth, bool) or not isinstance(depth, (int, np.integer)) or depth < 0:
        raise UsageError(f"depth is how many sums are opened, a whole number from 0; got {depth!r}")
    found = resolve(name, Labels.of(net, notation))
    column = find(net, str(found.by.column), name) if found.by.letter == "raw" else None
    if found.of.letter == "C" and y is None:
        raise UsageError(f"{name!r} is of C, which compares the output with what is wanted; give y too")
    problem = pose(
        net, x, y, notation=notation, example=example, sample_weight=sample_weight, l1=l1, l2=l2,
        dropout_masks=dropout_masks, dtype=dtype,
    )  # fmt: skip
    return derivation(problem, found, int(depth), column)


def derivation(problem: Problem, name: Derivative, depth: int, column: RawColumn | None = None) -> Derivation:
    """The derivation of a problem whose parts are checked already."""
    passed = flow(problem, name.of)
    by = name.by if column is None else Quantity("x", None, (column.place,))
    root = _root(problem, passed, by, depth)
    if column is not None:
        root = _through_recipe(problem, passed, root, name.by, column)
    return Derivation(
        name=name.text(problem.notation),
        derivative=name,
        notation=problem.notation,
        root=_with_penalty(problem, passed, root, by),
        statement=statement(problem, passed, name.by),
        conventions=conventions(problem, passed, name.by),
        included=problem.included,
        problem=problem,
    )


def _root(problem: Problem, passed: Flow, by: Quantity, depth: int) -> Step:
    single = bool(by.index) and ":" not in by.index
    mean = averaged(passed, by)
    if problem.m == 1 and single:
        return Opening(problem, passed, 0).root(by, depth)
    _check_room(problem, by, mean)
    if problem.m > 1 and not mean:
        return batch.each(problem, passed, by, depth)
    if problem.m > 1 and single:
        return batch.mean(problem, passed, by, depth)
    opening = Opening(problem, passed, 0)
    blocks = Blocks(Leaves(problem, passed, 0), opening.splits(by.layer) if by.layer else False)
    return blocks.batch(by) if problem.m > 1 else blocks.one(by)


def _check_room(problem: Problem, by: Quantity, mean: bool) -> None:
    """Refuses arrays that are larger than what anyone looks at, before memory does."""
    sizes, l = problem.net.sizes, by.layer or 0
    axes = (sizes[l], sizes[l - 1]) if by.letter == "w" else (sizes[l],)
    count = 1 if mean else problem.m
    for place, n in enumerate(axes):
        count *= n if not by.index or by.index[place] == ":" else 1
    if count > _MOST:
        raise UsageError(f"this derivative has {count:,} numbers; name a part of it, or give fewer examples")


def _through_recipe(problem: Problem, passed: Flow, root: Step, by: Quantity, column: RawColumn) -> Step:
    """∂P/∂raw = ∂P/∂x · ∂x/∂raw, the second of them the recipe's."""
    letters = Opening(problem, passed, 0).letters
    symbol = letters.derivative(Quantity("x", None, (column.place,)), by)
    said = column.remark
    if column.says_missing is not None and problem.X[:, column.says_missing].any():
        said += "; where the cell is missing the recipe fills it in, and there is no raw number to change"
    recipe = Step("recipe", "", symbol, column.formula, column.factor, column.numbers, said)
    name = letters.derivative(passed.of, by)
    return product_of("", name, (root, recipe), EQUATIONS["N2"](root.value, column.factor))


def _with_penalty(problem: Problem, passed: Flow, root: Step, by: Quantity) -> Step:
    """∂(C + R)/∂w = ∂C/∂w + ∂R/∂w, where penalties are asked for; they are of weights, never of biases."""
    if passed.of.letter != "C" or by.letter != "w" or not (problem.l1 or problem.l2):
        return root
    l = by.layer or 0
    index = tuple(slice(None) if entry == ":" else entry for entry in by.index)
    w = passed.w[l][index]
    penalty = EQUATIONS["R1"](NUMPY, "gradient", w, problem.l1, problem.l2)
    letters = Opening(problem, passed, 0).letters
    symbol = letters.of(by)
    parts = [rf"l_2\,{symbol.tex}"] * bool(problem.l2) + [rf"l_1 \operatorname{{sign}}({symbol.tex})"] * bool(
        problem.l1
    )
    scalar = np.ndim(w) == 0
    shown = Formula("", "")
    if scalar:
        put = number(float(w), inside=True).tex
        pieces = [rf"{number(problem.l2).tex} \cdot {put}"] * bool(problem.l2)
        pieces += [rf"{number(problem.l1).tex} \cdot {int(np.sign(w))}"] * bool(problem.l1)
        shown = from_tex(" + ".join(pieces))
    name = letters.derivative(passed.of, by)
    of_r = Formula(name.text.replace("∂C", "∂R", 1), name.tex.replace("C", "R", 1))
    of_both = Formula(name.text.replace("∂C", "∂(C + R)", 1), name.tex.replace("C", "(C + R)", 1))
    value = float(penalty) if scalar else penalty
    said = "the penalty pulls the weight towards 0"
    second = Step("penalty", "R1", of_r, from_tex(" + ".join(parts)), value, shown, said)
    total = root.value + value
    numbers = (
        from_tex(f"{number(root.value).tex} + {number(value, inside=True).tex}")
        if scalar
        else Formula("", "")
    )
    formula = Formula(f"{name.text} + {of_r.text}", f"{name.tex} + {of_r.tex}")
    return Step("total", "R1", of_both, formula, total, numbers, parts=(root, second))
