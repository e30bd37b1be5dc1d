"""An explained update: what it holds, and how it is shown: the move first, then its parts, numbers and examples, the
proof last. How it is found stands in update.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..recorder import Batch
from .apart import Number
from .lines import number, percent, plain, table

Array = Any
_EXAMPLES = 3  # that pull hardest are shown
_DIFFERENCE = 1e-5  # of the examples' parts: how far differences of C may be from the gradient
_NOISE = 1e-9  # what rounding leaves in differences of C


@dataclass(frozen=True)
class Part:
    """A part of the move. ``gradient`` is what it is in the gradient, None where it does not go through that."""

    name: str
    what: str
    gradient: float | None
    move: float


@dataclass(frozen=True, eq=False)
class Update:
    """Why a parameter moved: ``parts`` and ``rounding`` add up to ``move`` = ``after`` − ``before``.

    ``examples`` (m,) is each example's share of the mean gradient, in the order of ``batch.rows``; they add up to
    ``gradient``, with dropout where there is any. ``numbers`` are the rule's own. ``adds_up`` says whether what is left
    over is rounding, ``measured`` is ∂C/∂θ by differences of C, and ``proved`` whether it agrees.
    """

    name: str
    symbol: str
    rule: str
    batch: Batch
    before: float
    after: float
    parts: tuple[Part, ...]
    rounding: float
    tolerance: float
    scale: float
    how: str
    numbers: tuple[Number, ...]
    gradient: float
    measured: float
    examples: Array
    skipped: bool
    dtype: str

    @property
    def move(self) -> float:
        """What was added to the parameter in this step."""
        return self.after - self.before

    @property
    def adds_up(self) -> bool:
        """Whether the parts are the move, but for rounding in θ's dtype."""
        return abs(self.rounding) <= self.tolerance

    @property
    def proved(self) -> bool:
        """Whether differences of C (C alone, no derivative) and the sum of the examples give the same gradient."""
        near = _DIFFERENCE * float(np.abs(self.examples).sum()) + _NOISE
        summed = float(self.examples.sum())
        return abs(self.measured - self.gradient) <= near and abs(summed - self.gradient) <= near

    def text(self) -> str:
        """The move, its parts, the numbers they are made of, the examples that pull hardest, and whether it adds up."""
        return as_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data under the schema backlit.update/1."""
        return as_dict(self)

    def __str__(self) -> str:
        return self.text()


def as_text(update: Update) -> str:
    """What ``Update.text`` gives."""
    lines = [_head(update), ""]
    if update.skipped:
        return "\n".join([*lines, "The examples of this batch weigh nothing, so it made no step."])
    rows = [[part.what, number(part.gradient), number(part.move)] for part in update.parts]
    if update.rounding:
        rows.append([f"rounding in {update.dtype}", number(None), number(update.rounding)])
    rows.append(["the move", "", number(update.move)])
    lines += table(["part", "in g", "move"], rows)
    lines += ["", *_numbers(update), "", *_examples(update), "", *_proof(update)]
    return "\n".join(lines)


def _head(update: Update) -> str:
    step = update.batch
    way = "did not move" if not update.move else f"moved by {number(update.move)}"
    return (
        f"{update.symbol} {way}, from {number(update.before)} to {number(update.after)}: "
        f"epoch {step.epoch}, batch {step.number}"
    )


def _numbers(update: Update) -> list[str]:
    step = update.batch
    eta, factor = float(step.plan.eta[0]), float(step.plan.eta[0]) / step.eta
    said = (
        ""
        if step.schedule == "constant"
        else f", {number(step.eta)} · {number(factor)} by the schedule {step.schedule}"
    )
    rows = [
        ["η", number(eta), f"the step's{said}"],
        ["scale", number(update.scale), f"the move per unit of g: {update.how}"],
        *([one.symbol, number(one.value), one.what] for one in update.numbers),
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    lines = [f"  {a.ljust(widths[0])}  {b.rjust(widths[1])}  {c}".rstrip() for a, b, c in rows]
    return [f"  by {update.rule}", *lines]


def _examples(update: Update) -> list[str]:
    """The examples that pull hardest; shares may be negative, or more than all, where they pull against each other."""
    shares, whole = update.examples, float(update.examples.sum())
    order = np.argsort(-np.abs(shares), kind="stable")[:_EXAMPLES]
    rows = []
    for place in order.tolist():
        part = percent(float(shares[place]) / whole) if whole else "–"
        rows.append([f"row {int(update.batch.rows[place]):,}", number(float(shares[place])), part])
    against = int((np.sign(shares) == -np.sign(whole)).sum())
    said = f"{against:,} of {len(shares):,} pull the other way" if against else "all pull the same way"
    return [*table(["example", "in g", "of all"], rows), f"  {said}"]


def _proof(update: Update) -> list[str]:
    adds = "✓" if update.adds_up else "✗"
    proved = "✓" if update.proved else "✗"
    lines = [
        f"  sum      parts add up to the move {adds}   left over: {number(update.rounding)}",
        f"  proof    gradient {number(update.gradient)}; by differences of C {number(update.measured)} {proved}",
    ]
    if not update.adds_up:
        lines.append(
            "  The parts are not the move: before and after are not this step's, or the engine is wrong."
        )
    if not update.proved:
        lines.append("  C does not change as the gradient says: a kink is near, or the gradient is wrong.")
    return lines


def as_dict(update: Update) -> dict[str, Any]:
    """What ``Update.to_dict`` gives."""
    step = update.batch
    return {
        "schema": "backlit.update/1",
        "name": update.name,
        "epoch": step.epoch,
        "batch": step.number,
        "optimizer": update.rule,
        "engine": step.engine,
        "dtype": update.dtype,
        "before": update.before,
        "after": update.after,
        "move": update.move,
        "eta": float(step.plan.eta[0]),
        "eta_before_schedule": step.eta,
        "schedule": step.schedule,
        "scale": plain(update.scale),
        "parts": [
            {"name": one.name, "what": one.what, "gradient": plain(one.gradient), "move": plain(one.move)}
            for one in update.parts
        ],
        "rounding": plain(update.rounding),
        "numbers": [
            {"symbol": one.symbol, "what": one.what, "value": plain(one.value)} for one in update.numbers
        ],
        "gradient": plain(update.gradient),
        "measured": plain(update.measured),
        "examples": [
            {"row": int(row), "gradient": plain(share)}
            for row, share in zip(step.rows, update.examples, strict=True)
        ],
        "adds_up": update.adds_up,
        "proved": update.proved,
    }
