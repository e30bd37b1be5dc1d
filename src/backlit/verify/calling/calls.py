"""Calling somebody's function in the layouts that people use, keeping every result that can be what was asked for.

A layout is a Style (style.py). Which of the results is meant, and what it says, is decided elsewhere (diagnose.py).
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...network import Network
from ...spelling import counted
from ..finding import Finding
from .attempt import About, Attempt, Problem, attempt
from .complaints import unsteady
from .guard import as_before
from .outcome import Plain, same
from .signature import Plan, Unmatched, plan
from .style import Style as Style, styles  # noqa: PLC0414 (a part of Call)

Array = Any
_SHARE = 0.5  # of the time, after which no more layouts are tried once one has worked
_LAYOUT_FREE = frozenset(  # exceptions that another layout would not mend
    (
        "NameError", "NotImplementedError", "ImportError", "RecursionError", "SystemExit", "OSError",
        "EOFError", "KeyError", "AttributeError", "ZeroDivisionError",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One layout in which the function gave what can be a result.

    ``returned`` is what came, with arrays and floats for numbers; for styles of one example at a time a list of what
    each call gave. ``again`` came of a second call with the same arguments, ``earlier`` of a call before with
    ``earlier_batch``; None where there was none. ``troubles`` of HARMLESS ids make no gradient wrong.
    """

    style: Style
    returned: Plain
    again: Plain = None
    earlier: Plain = None
    printed: str = ""
    troubles: tuple[Finding, ...] = ()
    seconds: float = 0.0


def earlier_batch(X: Array, Y: Array, previous: Any = None) -> tuple[Array, Array]:
    """The batch of the call before: ``previous`` where it is known, else x halved and in reverse order, with this y."""
    if previous is not None:
        return previous[0], previous[1]
    return np.asarray(X, dtype=X.dtype if X.dtype.kind == "f" else np.float64)[::-1] / 2, Y


def calls(
    function: Any,
    net: Network,
    X: Array,
    Y: Array,
    *,
    names: Mapping[str, str] | None = None,
    adapter: Callable[..., Any] | None = None,
    seconds: float = 10.0,
    extra: Mapping[str, Any] | None = None,
    about: About = "gradient",
    path: str | None = None,
    done: Callable[[Call], None] | None = None,
) -> tuple[list[Call], tuple[Finding, ...]]:
    """All calls whose result can be ∇C (or a pass, an update), fewest conversions first; and what prevents all of them.

    ``names`` are roles (signature.ROLES) by parameter's name; ``adapter`` is called instead of ``function``, with
    (weights, biases, x, y). ``extra`` may have eta, l1, l2, masks (by layer) and previous, (x, y). ``path`` is the
    function's file, for lines; ``done`` is told of each call at once. All together take no longer than ``seconds``,
    but for a C function that nothing stops.
    """
    problem = Problem.of(net, X, Y, extra or {})
    target = function if adapter is None else adapter
    try:
        planned = plan(target, problem.L, names=names, takes_y=about != "forward")
    except Unmatched as reason:
        return [], (reason.finding,)
    trial = _Trial(
        planned, problem, about, path or _file_of(target), time.monotonic() + seconds, seconds, done
    )
    with as_before():
        trial.run()
    return trial.found, () if trial.found else (trial.failure(),)


def _file_of(function: Any) -> str | None:
    code = getattr(inspect.unwrap(getattr(function, "function", function)), "__code__", None)
    return None if code is None else str(code.co_filename)


def _kinds(planned: Plan) -> list[str]:
    """What arrays are given as: tensors first where the function's module speaks of PyTorch."""
    if importlib.util.find_spec("torch") is None:
        return ["numpy"]
    names = getattr(inspect.unwrap(planned.function), "__globals__", {})
    torch = sys.modules.get("torch")
    speaks = torch is not None and any(
        one is torch or getattr(one, "__module__", "").startswith("torch.") for one in [*names.values()]
    )
    return ["torch", "numpy"] if speaks else ["numpy", "torch"]


@dataclass
class _Trial:
    """The layouts tried so far: what they gave, and what the others failed of."""

    plan: Plan
    problem: Problem
    about: About
    path: str | None
    deadline: float
    seconds: float
    done: Callable[[Call], None] | None

    def __post_init__(self) -> None:
        self.found: list[Call] = []
        self.failed: list[Attempt] = []
        self.over = False  # no time, or no use

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()

    def run(self) -> None:
        """Arrays or tensors, and each packing, until something works or nothing can."""
        for kind in _kinds(self.plan):
            for packing in self.plan.packings:
                self.try_all(kind, packing)
                if self.found or self.over:
                    return
            if kind == "numpy" and not self.wants_tensors():
                return

    def try_all(self, kind: str, packing: str) -> None:
        """Every plausible layout, those with class numbers only where no other gives a result."""
        for labels in (True, False) if self.plan.labelled else (False, True):
            if labels and not self.problem.has_labels:
                continue
            for style in styles(labels):
                if self._enough(style):
                    continue
                failed = self._try(style, kind, packing)
                if failed is not None and self._useless(failed):
                    return
            if self.found or self.over:
                return

    def _enough(self, style: Style) -> bool:
        """Whether this layout needs no try: its like has worked with another form of the biases, or time is short."""
        if self.over or (self.found and self.left < self.seconds * (1 - _SHARE)):
            return True
        return any(replace(style, bias=one.style.bias) == one.style for one in self.found)

    def _useless(self, failed: Attempt) -> bool:
        """Whether another layout would fail of the same."""
        raised = failed.raised
        if raised is None:
            return failed.finding is not None and failed.finding.mistake == "trouble-values"
        if raised.timed_out:
            self.over = True
        tensors = "ndarray" in raised.message or "ensor" in raised.message
        return self.over or (bool(_LAYOUT_FREE & {*raised.bases}) and not tensors)

    def _try(self, style: Style, kind: str, packing: str) -> Attempt | None:
        """One layout; the attempt where it failed."""
        ask = self.about == "gradient"
        earlier = None
        if ask:
            x, y = earlier_batch(self.problem.X, self.problem.Y, self.problem.extra.get("previous"))
            before = self._attempt(style, kind, packing, x, y)
            if before.failed:
                return self._fail(before)
            earlier = before.value
            ask = 2 * before.seconds < self.left
        main = self._attempt(style, kind, packing, self.problem.X, self.problem.Y)
        if main.failed:
            return self._fail(main)
        again = None
        if ask:
            second = self._attempt(style, kind, packing, self.problem.X, self.problem.Y)
            again = None if second.failed else second.value
        notes = main.notes
        if again is not None and not same(main.value, again):
            notes = (*notes, unsteady(self.plan))
        call = Call(style, main.value, again, earlier, main.printed, notes, main.seconds)
        self.found.append(call)
        if self.done is not None:
            self.done(call)
        return None

    def _attempt(self, style: Style, kind: str, packing: str, x: Array, y: Array) -> Attempt:
        problem = replace(self.problem, X=x, Y=y)
        return attempt(self.plan, problem, style, self.about, kind, packing, max(self.left, 0.01), self.path)

    def _fail(self, failed: Attempt) -> Attempt:
        self.failed.append(failed)
        return failed

    def wants_tensors(self) -> bool:
        """Whether an exception says that arrays are not what the function takes."""
        return any(
            one.raised is not None
            and (
                "ensor" in one.raised.message
                or "'numpy.ndarray' object has no attribute" in one.raised.message
                or "unexpected keyword argument 'dim'" in one.raised.message
            )
            for one in self.failed
        )

    def failure(self) -> Finding:
        """What went wrong in the layout that got furthest: one that returned, else that which raised last."""
        best = max(self.failed, key=_how_far)
        assert best.finding is not None
        count = len({(one.style, one.kind) for one in self.failed})
        tried = f"{counted(count, 'layout')} tried; " if count > 1 else ""
        evidence = f"{tried}this is with {best.style.words()}" if count > 1 else best.finding.evidence
        if best.finding.evidence and count > 1:
            evidence = f"{best.finding.evidence}; {evidence}"
        return replace(best.finding, evidence=evidence)


def _how_far(one: Attempt) -> tuple[int, int]:
    if one.raised is None:
        return (2 if one.finding is not None and one.finding.mistake == "trouble-nan" else 1), 0
    return (3 if one.raised.timed_out else 0), one.raised.reached
