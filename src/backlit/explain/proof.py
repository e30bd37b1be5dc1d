"""What a proof of a derivation found: data only, so that trees can carry it. How it is found stands in agree.py."""

from __future__ import annotations

from dataclasses import dataclass

from .formula import scientific


@dataclass(frozen=True, slots=True)
class Check:
    """One way in which the value was reached again: ``kind`` is "factors", "terms", "differences" …

    ``passed`` is None where it can't be told (across a kink); ``said`` is what a person reads.
    """

    kind: str
    passed: bool | None
    said: str


@dataclass(frozen=True, slots=True)
class Nudge:
    """Q raised by ``step``: what the derivative predicts for the change of P, and what the forward pass gives."""

    step: float
    predicted: float
    measured: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """All checks of a derivation; ``difference`` is the derivative by differences, ``digits`` how many digits agree.

    True where none failed. ``digits`` is None where differences can't tell, and ``difference`` too.
    """

    checks: tuple[Check, ...]
    difference: float | None
    digits: int | None
    nudge: Nudge | None

    @property
    def passed(self) -> bool:
        """Whether nothing disagrees."""
        return all(check.passed is not False for check in self.checks)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        marks = {True: " ✓", False: " ✗", None: ""}
        return "    ".join(f"{check.said}{marks[check.passed]}" for check in self.checks)

    def nudged(self, name: str, of: str) -> str:
        """``raising this weight by 0.01 lowers C by 0.00102 (predicted); measured: 0.00103``; "" without a nudge."""
        if self.nudge is None:
            return ""
        predicted, measured = self.nudge.predicted, self.nudge.measured
        step = f"{self.nudge.step:g}"
        if not predicted:
            found = (
                f"predicted); measured: {_short(measured)} more" if measured else "predicted and measured)"
            )
            return f"raising {name} by {step} leaves {of} as it is ({found}"
        verb = "raises" if predicted > 0 else "lowers"
        same = measured if predicted > 0 else -measured
        return f"raising {name} by {step} {verb} {of} by {_short(abs(predicted))} (predicted); measured: {_short(same)}"


def _short(value: float) -> str:
    """Three significant digits."""
    if value and not 1e-4 <= abs(value) < 1e5:
        return scientific(value, 3)
    return f"{value:.3g}".replace("-", "−")
