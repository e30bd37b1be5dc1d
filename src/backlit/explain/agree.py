"""The proof of a derivation: products and sums evaluated again, and the derivative again by differences.

The differences are of the forward pass alone. Whatever is broken in a tree (a factor, a term, a sign in the equations
themselves) makes one of these checks fail. The data of a proof stands in proof.py, the differences in differences.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import UsageError
from ..namespaces import mpmath_namespace
from ..notation import Quantity
from ..spelling import counted
from .differences import Difference, Forward, by_differences, in_digits
from .formula import figures, minus
from .proof import Agreement, Check, Nudge
from .raw import RawColumn, find
from .steps import Derivation, Step, Terms

Array = Any
_ROUNDING = 2.0**12  # in units of the dtype's rounding: how far two ways to one number may differ
_SAME = 1e-6  # relative: how far differences may be from the derivative, where they are good
_NUDGE = 0.01
_FEWEST, _MOST = 20, 66  # digits that can be asked for: of half as many more, mpmath's tables give 100


def agreement(derivation: Derivation) -> Agreement:
    """Every step again, and differences of C or P."""
    checks = list(_steps_again(derivation))
    column = _column(derivation)
    difference, digits, check = _by_differences(derivation, column)
    return Agreement((*checks, check), difference, digits, _nudge(derivation, column))


def in_more_digits(derivation: Derivation, digits: int) -> Agreement:
    """The agreement, and one check more: differences in so many digits. Raises UsageError for digits that can't be."""
    if isinstance(digits, bool) or not isinstance(digits, int) or not _FEWEST <= digits <= _MOST:
        raise UsageError(f"digits is a whole number from {_FEWEST} to {_MOST}; got {digits!r}")
    known = derivation.check()
    name, column = f"differences of {derivation.derivative.of.letter} in {digits} digits", _column(derivation)
    plain = next(check for check in known.checks if check.kind == "differences")
    if np.ndim(derivation.value) or column is not None or (plain.passed is None and "kink" in plain.said):
        reason = (
            "at a kink"
            if column is None and not np.ndim(derivation.value)
            else "one number of the network only"
        )
        return replace(
            known, checks=(*known.checks, Check("digits", None, f"{name}: not testable here, {reason}"))
        )
    xp = mpmath_namespace(min(100, digits + digits // 2))
    forward = Forward(
        derivation.problem,
        derivation.derivative.of,
        derivation.derivative.by,
        np.ones(()),
        averaged=_averaged(derivation),
        column=None,
        xp=xp,
    )
    found = in_digits(forward, digits)[0]
    floor = abs(forward.mean(forward.values(0))[0]) * xp.constant(10) ** (4 - digits)
    return replace(
        known, checks=(*known.checks, _in_digits(name, float(derivation.value), found, floor, digits))
    )


def _in_digits(name: str, value: float, found: Any, floor: Any, digits: int) -> Check:
    """The value beside differences of many digits, which are good down to ``floor``."""
    wrong = abs(found - value)
    if max(abs(found), abs(value)) <= floor:
        return Check("digits", None, f"{name}: too small here to be told from rounding")
    text = minus(str(found)[: digits + 2]).rstrip("0")
    if wrong > _SAME * max(abs(found), abs(value)) + floor:
        return Check("digits", False, f"{name}: {text}, the chain rule says {_seven(value)}")
    same = math.floor(-math.log10(float(wrong / abs(found)))) if wrong else digits
    return Check("digits", True, f"{name}: {text}, float64 has {same} of them")


def _steps_again(derivation: Derivation) -> Iterable[Check]:
    """One check for the products, one for the sums, one for what cancels; the first broken step is named."""
    names = {
        "factors": ("product of factors", "products of factors"),
        "terms": ("", ""),
        "cancelling": ("cancelling", "cancelling"),
    }
    unit = _ROUNDING * float(np.finfo(derivation.problem.net.dtype).eps)
    found: dict[str, list[tuple[Step, bool]]] = {kind: [] for kind in names}
    for step in derivation.steps:
        for kind, right in _again(step, unit):
            found[kind].append((step, right))
    for kind, results in found.items():
        if not results:
            continue
        broken = [step for step, right in results if not right]
        said = names[kind][len(results) > 1] or _sums([step for step, _ in results])
        yield Check(kind, not broken, said + (f" (not in {broken[0].symbol.text})" if broken else ""))


def _sums(steps: list[Step]) -> str:
    """``sum of 10 paths``, of the outermost sum, and how many there are besides."""
    first = steps[0]
    table = first.terms
    if table is not None:
        n, what = len(table), "paths" if table.paths else "examples"
    elif first.kind == "total":
        n, what = len(first.parts), "parts"
    else:  # outer: over the rows of both; matrix: over the next layer
        n, what = int(np.shape(first.parts[1].value)[0]), "examples" if first.kind == "outer" else "paths"
    more = f" and {len(steps) - 1} more sum{'s' * (len(steps) > 2)}" if len(steps) > 1 else ""
    return f"sum of {n:,} {what}{more}"


def _again(step: Step, unit: float) -> Iterable[tuple[str, bool]]:
    """(kind of check, whether it holds) for one step."""
    values = [part.value for part in step.parts]
    if step.kind == "product":
        product = math.prod(values[1:], start=np.asarray(values[0]))
        yield "factors", _near(product, step.value, unit * float(np.max(np.abs(step.value), initial=0)))
    elif step.kind == "total":
        yield (
            "terms",
            _near(sum(values), step.value, unit * float(np.max(sum(np.abs(one) for one in values)))),
        )
    elif step.kind in ("outer", "matrix"):
        left = np.asarray(values[0]).T if step.kind == "outer" else np.asarray(values[0])
        mass = np.max(np.abs(left) @ np.abs(values[1]), initial=0)
        yield "terms", _near(left @ values[1], step.value, unit * float(mass))
    elif step.kind == "cancelled" and not step.limit:
        yield "cancelling", _cancels(step, unit)
    elif step.terms is not None:
        yield "terms", _table(step, step.terms, unit)


def _cancels(step: Step, unit: float) -> bool:
    """What the factors come to, as far as they keep their digits, is what is left when they have cancelled."""
    if step.terms is not None:
        return _table(step, step.terms, unit, _lost(step, unit))
    return _near(math.prod(float(part.value) for part in step.parts), step.value, _lost(step, unit))


def _lost(step: Step, unit: float) -> float:
    """What the factors lose before they cancel: a cost's slope is 1/a or 1/(1 − a), and known no better than a is."""
    slopes = [abs(float(part.value)) for part in step.parts[:1]]
    if step.terms is not None:
        slopes = [float(np.max(np.abs(step.terms.columns[-1].values)))]
    return unit * max(1.0, abs(float(step.value)), *slopes)


def _table(step: Step, terms: Terms, unit: float, lost: float = 0.0) -> bool:
    """A sum's terms are the products of their columns, add up to its value, and what is opened stands in the table."""
    allowed = max(unit * terms.mass, lost)
    if terms.columns:
        product = math.prod((column.values for column in terms.columns[1:]), start=terms.columns[0].values)
        if not _near(product, terms.terms, allowed):
            return False
    if step.kind == "each":
        return _near(terms.terms, step.value, allowed) and all(
            _near(one.value, terms.terms[row], allowed) for row, one in terms.opened.items()
        )
    if not _near(terms.total, step.value, allowed):
        return False
    rows = list(terms.opened)
    own = np.array([terms.opened[row].value for row in rows])
    if step.kind == "mean":
        shown, own = terms.terms[rows], own * terms.columns[0].values[rows]
    else:
        shown = terms.columns[-1].values[rows]
    return not rows or _near(own, shown, unit * np.maximum(np.abs(shown), terms.mass))


def _near(one: Any, other: Any, allowed: Any) -> bool:
    return bool(np.all(np.abs(np.asarray(one) - other) <= allowed))


def _column(derivation: Derivation) -> RawColumn | None:
    by = derivation.derivative.by
    return find(derivation.problem.net, str(by.column), derivation.name) if by.letter == "raw" else None


def _averaged(derivation: Derivation) -> bool:
    return derivation.derivative.of.letter == "C" and derivation.derivative.by.letter in ("w", "b")


def _forward(derivation: Derivation, direction: Array, column: RawColumn | None) -> Forward:
    name = derivation.derivative
    by = name.by if column is None else Quantity("raw", None, (), column.name)
    return Forward(derivation.problem, name.of, by, direction, averaged=_averaged(derivation), column=column)


def _by_differences(
    derivation: Derivation, column: RawColumn | None
) -> tuple[float | None, int | None, Check]:
    """The check by differences: of the number itself, or of an array along a direction that takes in all of it."""
    name = f"finite differences of {derivation.derivative.of.letter}"
    value, direction = derivation.value, np.ones(())
    block = np.ndim(value) - (derivation.problem.m > 1 and not _averaged(derivation))
    if block:
        direction = np.random.default_rng(0).choice([-1.0, 1.0], np.shape(value)[np.ndim(value) - block :])
        direction /= math.sqrt(direction.size)
        value = np.tensordot(value, direction, axes=block)
        name += ", along a random direction"
    unit = 1 / column.factor if column and column.factor else 1.0
    forward = _forward(derivation, direction, column)
    found = by_differences(forward, first=0.25 * unit)
    if found.value is None:
        return None, None, Check("differences", None, _across(name, found))
    return _compared(name, value, forward.mean(found.value), float(np.max(forward.mean(found.error))))


def _compared(name: str, value: Any, found: Array, error: float) -> tuple[float, int | None, Check]:
    """What the chain rule says beside what differences say, whose error is known."""
    wrong, size = float(np.max(np.abs(found - value))), float(np.max(np.abs(value)))
    shown = float(found[np.argmax(np.abs(value))])
    right = wrong <= max(_SAME * size, 20 * error)
    if right and size <= 20 * error:
        said = "0, and so says the chain rule" if not wrong else "too small here to be told from rounding"
        return shown, None, Check("differences", True if not wrong else None, f"{name}: {said}")
    if not right:
        ours = _seven(float(np.ravel(value)[np.argmax(np.abs(value))]))
        return (
            shown,
            None,
            Check("differences", False, f"{name}: {_seven(shown)}, the chain rule says {ours}"),
        )
    digits = max(0, min(15, math.floor(-math.log10(wrong / size)))) if wrong else 15
    return shown, digits, Check("differences", True, f"{name}: {_seven(shown)}, agree to {digits} digits")


def _across(name: str, found: Difference) -> str:
    """At a kink nothing lies between the two slopes that differences could agree with."""
    if found.left is None or found.right is None or len(found.left) > 1:
        return f"{name}: not testable here, {counted(found.kinked, 'example')} at a kink"
    slopes = f"{figures(float(found.left[0]))} from below, {figures(float(found.right[0]))} from above"
    return f"{name}: not testable here, at a kink: {slopes}"


def _seven(value: float) -> str:
    """Seven significant digits."""
    return minus(f"{value:.7g}") if value == 0 or abs(value) >= 1e-4 else figures(value)


def _nudge(derivation: Derivation, column: RawColumn | None) -> Nudge | None:
    """Q raised by a round number: what the derivative predicts, and what happens."""
    if np.ndim(derivation.value) or derivation.root.kind == "each":
        return None
    unit = abs(1 / column.factor) if column and column.factor else 1.0
    step = _NUDGE * 10.0 ** round(math.log10(unit))
    forward = _forward(derivation, np.ones(()), column)
    before, after = (float(forward.mean(forward(t)[0])[0]) for t in (0.0, step))
    return Nudge(step, float(derivation.value) * step, after - before)
