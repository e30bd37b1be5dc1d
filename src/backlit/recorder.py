"""Steps of a run, kept as they happen: where training stood before and after, and what the step was made of.

``Steps(at=(2, 17))`` is given to ``fit`` as a callback; ``explain_update`` then takes apart what was kept. The run is
the same to the last bit as without: a recorded step is only computed in a slice of its own, and slices change nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .engines import Plan
from .errors import UsageError
from .inputs import batch
from .optimizers import Slots
from .spelling import counted

if TYPE_CHECKING:
    from .callbacks import Event

Array = Any


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step was made of: mini-batch ``number`` of an epoch, both from 1, of the run that was recorded.

    ``X`` (m, n_0) and ``Y`` (m, n_L) are its examples as the network takes them, ``rows`` (m,) their numbers in the
    data, ``weights`` (m,) their s_x or None. ``plan`` has the step's own η as its one entry; ``eta`` is what the
    schedule, called ``schedule``, made it from.
    """

    epoch: int
    number: int
    rows: Array
    X: Array
    Y: Array
    weights: Array | None
    plan: Plan
    eta: float
    schedule: str
    engine: str


@dataclass(frozen=True, eq=False)
class Moment:
    """Where training stood between two steps: θ, the rule's slots, its ``t`` steps, and all of the network's.

    ``batch`` is what the step that came next was made of; None where that was not recorded.
    """

    sizes: tuple[int, ...]
    theta: Array
    slots: Slots
    t: int
    step: int
    batch: Batch | None = None


class Steps:
    """A callback that keeps single steps of a run: ``at`` is (epoch, batch), both from 1, or a list of such pairs.

    ``steps[2, 17]`` is (before, after), two Moments, as ``net.explain_update`` takes them. Raises UsageError for a step
    that the run has not.
    """

    def __init__(self, at: Any) -> None:
        pairs = [at] if isinstance(at, tuple) and len(at) == 2 and not isinstance(at[0], tuple) else at
        listed = list(pairs) if isinstance(pairs, (list, tuple, set)) else []
        if not listed or not all(_is_place(one) for one in listed):
            raise UsageError(
                "at is a step as (epoch, batch), whole numbers from 1, or a list of such pairs, as in "
                f"Steps(at=[(1, 1), (2, 17)]); got {at!r}"
            )
        self.at: tuple[tuple[int, int], ...] = tuple(sorted({(int(e), int(b)) for e, b in listed}))
        self._kept: dict[tuple[int, int], tuple[Moment, Moment]] = {}
        self._open: tuple[tuple[int, int], Moment] | None = None

    def __call__(self, event: Event) -> None:
        """The end of an epoch is nothing to a recorder: ``fit`` calls it around the steps themselves."""

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._kept)

    def __getitem__(self, place: tuple[int, int]) -> tuple[Moment, Moment]:
        if place not in self._kept:
            known = ", ".join(map(str, self._kept)) or "none yet: give the recorder to fit as a callback"
            raise UsageError(f"the step (epoch, batch) = {place!r} was not recorded; recorded: {known}")
        return self._kept[place]

    def __repr__(self) -> str:
        return f"<Steps: {len(self._kept)} of {counted(len(self.at), 'step')} recorded>"

    def check(self, run: Any) -> None:
        """Raises UsageError for a run that has no such steps."""
        if run.settings.lbfgs:
            raise UsageError(
                "l-bfgs makes no steps of a mini-batch, so Steps has nothing to record; take it away"
            )
        for epoch, number in self.at:
            if epoch > run.settings.epochs or number > run.steps:
                raise UsageError(
                    f"Steps asks for step {number} of epoch {epoch}, and this run has "
                    f"{counted(run.settings.epochs, 'epoch')} of {counted(run.steps, 'step')}"
                )

    def free(self, epoch: int, done: int) -> int:
        """How many steps from here may be one slice: up to the next that is recorded, which is one alone."""
        ahead = [number - 1 - done for e, number in self.at if e == epoch and number > done]
        return (min(ahead) or 1) if ahead else sys.maxsize

    def before(self, run: Any, plan: Plan, rows: Array) -> None:
        """Called before a slice of steps: keeps where the run stands, where the slice is a step asked for."""
        place = (run.epoch + 1, run.batch + 1)
        self._open = None
        if place not in self.at:
            return
        sets, schedule = run.sets, run.settings.schedule
        made_of = Batch(
            epoch=place[0],
            number=place[1],
            rows=rows.copy(),
            X=batch(sets.X, rows, run.net.dtype).copy(),
            Y=sets.Y[rows].copy(),
            weights=None if sets.weights is None else sets.weights[rows].copy(),
            plan=plan,
            eta=float(run.eta),
            schedule=schedule if isinstance(schedule, str) else run.settings.plan_schedule.name,
            engine=run.engine.name,
        )
        self._open = (place, _moment(run, made_of))

    def after(self, run: Any) -> None:
        """Called after a slice of steps that were made."""
        if self._open is None:
            return
        place, before = self._open
        if run.state.step == before.step + 1:  # else Ctrl-C came first, and the step was not made
            self._kept[place] = (before, _moment(run, None))
        self._open = None


def _moment(run: Any, made_of: Batch | None) -> Moment:
    slots = {name: slot.copy() for name, slot in run.state.slots.items()}
    return Moment(run.net.sizes, run.net.theta.copy(), slots, run.state.t, run.state.step, made_of)


def _is_place(one: Any) -> bool:
    """Whether it is a pair of whole numbers from 1."""
    whole = isinstance(one, (tuple, list)) and len(one) == 2
    return whole and all(isinstance(i, (int, np.integer)) and not isinstance(i, bool) and i >= 1 for i in one)
