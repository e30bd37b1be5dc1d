"""Mistakes as the search meets them, layer by layer, and what an explanation made of them costs.

A mistake that several layers repeat is one; what is rather a coincidence than a mistake is dear.
"""

from __future__ import annotations

from dataclasses import dataclass

PRICES = {
    "unknown-factor": 1.9,
    "penalty-unknown": 1.7,
    "cost-of-other-name": 1.2,
    "sigma-prime-of-wrong-layer": 1.15,
    "weights-of-wrong-layer": 1.15,
    "a-of-wrong-layer": 1.15,
    "output-not-cost": 1.1,
    "z-for-a": 1.05,
    "unexplained": 4.0,
    "post-update-weights": 1.02,
}
HABITS = {"batch-mean-missing", "factor-two", "factor-half"}  # rather meant, where all of a gradient has them
_HABIT = 0.6
_AGAIN = 0.06  # of its price, what the same mistake costs in a further layer


@dataclass(frozen=True)
class Event:
    """A mistake where it was made: ``names`` are all ids that make the same numbers.

    ``part`` is "w" or "b", "" for both, "alone" for a factor that lower layers don't have, "all" for one of δ^L.
    ``value`` is a fitted number. Events of the same names, part and value in several layers are one mistake.
    """

    names: tuple[str, ...]
    layer: int
    part: str = ""
    value: float | None = None


def gathered(events: tuple[Event, ...]) -> list[tuple[tuple[str, ...], list[Event]]]:
    """The events as mistakes: those of one part and value that share names are one, with the names they share."""
    found: list[tuple[tuple[str, ...], list[Event]]] = []
    for event in sorted(events, key=lambda one: len(one.names)):
        for place, (names, some) in enumerate(found):
            first = some[0]
            common = tuple(name for name in names if name in event.names)
            if common and first.part == event.part and _same_value(first.value, event.value):
                found[place] = (common, [*some, event])
                break
        else:
            found.append((event.names, [event]))
    return found


def _same_value(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other) <= 1e-4 * abs(one))


def price(events: tuple[Event, ...]) -> float:
    """What an explanation costs: each mistake once, however many layers repeat it."""
    total = 0.0
    for names, some in gathered(events):
        more = len({event.layer for event in some}) - 1
        one = _HABIT if some[0].part == "all" and set(names) & HABITS else PRICES.get(names[0], 1.0)
        total += one * (1 + more * (1.0 if names == ("unexplained",) else _AGAIN))
    return total
