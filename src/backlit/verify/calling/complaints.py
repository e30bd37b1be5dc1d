"""What went wrong with a call, or should be known of it, in plain words: findings of kind "trouble"."""

from __future__ import annotations

import math

from ...spelling import counted
from ..finding import Finding
from .counts import Counts
from .guard import Happened, Raised
from .outcome import Plain, Seen, leaves, shapes_of, trouble
from .signature import Plan

_SHOWN = 60  # characters of what it printed
_WHAT = {"gradient": "gradient", "forward": "forward pass", "update": "update"}


def of_raised(raised: Raised, plan: Plan, seconds: float) -> Finding:
    """An exception, or the end of time."""
    if raised.timed_out:
        at = f"it was at{raised.place().replace(' in', '', 1)}" if raised.line else ""
        return trouble(
            "trouble-hung",
            f"{plan.name} did not end within {math.ceil(10 * seconds) / 10:g} seconds",
            yours=raised.text,
            evidence=at,
            why="look for a loop whose condition never becomes false; if it only is slow, allow more seconds, or give "
            "it a smaller network",
        )
    if raised.type == "SystemExit":
        return trouble(
            "trouble-raised",
            f"{plan.name} ends the program{raised.place()} (exit)",
            yours=raised.text,
            why="return the gradients instead; exit() belongs into the script around it",
        )
    message = f": {raised.message}" if raised.message else ""
    return trouble(
        "trouble-raised",
        f"{plan.name} raises {raised.type}{raised.place()}{message}",
        yours=raised.text,
        why=_advice(raised),
    )


def _advice(raised: Raised) -> str:
    if raised.type == "RecursionError":
        return "it calls itself without end"
    if raised.type == "EOFError":
        return "it asks for input; give it everything as arguments"
    if raised.type == "MemoryError":
        return "it takes more memory than it may; try a smaller network, or fewer examples"
    if raised.type == "AttributeError" and "object has no attribute" in raised.message:
        return (
            "an object that is made for a method has weights, biases, sizes and num_layers only; for more, write an "
            "adapter: a function (weights, biases, x, y) that sets it up and returns the gradients"
        )
    return "this has to run before its numbers can be judged"


def of_shape(value: Plain, counts: Counts, plan: Plan, seen: Seen) -> Finding:
    """Why what came is not what was asked for."""
    what = _WHAT[counts.about]
    if value is None:
        said = "neither returns nor changes anything" if counts.about == "update" else "returns None"
        return trouble(
            "trouble-none",
            f"{plan.name} {said}",
            why="its last line should be a return: return the gradients of all weights and biases"
            if counts.about == "gradient"
            else f"return the {what}",
        )
    total = sum(array.size for _, array in leaves(value))
    only = " (the weights' alone: the biases' are missing)" if total == counts.weights else ""
    return trouble(
        "trouble-shape",
        f"{plan.name} returns {counted(total, 'number')}{only}, and its {what} has other shapes",
        evidence=f"what came: {shapes_of(value)}; what is expected: {counts.expected()}",
        why="return one array for each w and each b",
    )


def unsteady(plan: Plan) -> Finding:
    """Another answer to the same question."""
    return trouble(
        "trouble-unsteady",
        f"{plan.name} returns other numbers when it is called again with the same arguments",
        why="it keeps something between calls (a buffer that is added to, a batch that is remembered), or it draws "
        "random numbers: each call should start from nothing, and dropout's masks be given to it",
    )


def of_nan(nan: tuple[str, str, int], happened: Happened, plan: Plan) -> Finding:
    """An entry that is no finite number."""
    path, what, count = nan
    warned = f"NumPy said: {happened.warned[0]}" if happened.warned else ""
    more = f", and {count - 1:,} more entries are not finite" if count > 1 else ""
    return trouble(
        "trouble-nan",
        f"{plan.name} returns {what}: {path} is not a finite number{more}",
        evidence=warned,
        why="look for 0/0, log(0), or exp of a large number: exp(−z) overflows where z is very negative",
    )


def notes(
    happened: Happened, seen: Seen, changed: set[str], left_out: str, plan: Plan, about: str
) -> tuple[Finding, ...]:
    """What should be known of a call that worked."""
    found = []
    allowed = {"weights", "biases", "params"} if about == "update" else set()
    changed = changed - allowed - (set() if plan.takes("params") else {"params"})
    names = [name for name in ("weights", "biases", "params", "x", "y", "masks") if name in changed]
    if names:
        found.append(
            trouble(
                "trouble-changed-inputs",
                f"{plan.name} changes {' and '.join(names)} in place",
                why="whoever calls it goes on with changed numbers: work on a copy, and write a = a − b, not a −= b, "
                "for what was given",
            )
        )
    if seen.integers:
        found.append(
            trouble(
                "trouble-integers",
                f"{plan.name} returns whole numbers, in an array of integers",
                why="an array of integers cuts off what is stored in it: make it with dtype=float",
            )
        )
    if seen.half:
        found.append(trouble("trouble-half", f"{plan.name} returns numbers in half precision, of 3 digits"))
    if seen.generator:
        found.append(
            trouble(
                "trouble-generator",
                f"{plan.name} returns a generator; it was gone through once",
                why="a generator can be read once only: return a list",
            )
        )
    if left_out:
        found.append(
            trouble(
                "trouble-extra",
                f"{plan.name} returns more than the {_WHAT[about]}: {left_out} left out",
            )
        )
    if happened.printed.strip():
        text = " ".join(happened.printed.split())
        shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
        found.append(trouble("trouble-printed", f"{plan.name} prints: {shown}"))
    if happened.warned:
        found.append(trouble("trouble-warned", f"a warning came while it ran: {happened.warned[0]}"))
    return tuple(found)
