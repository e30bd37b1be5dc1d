"""What known mistakes would answer to a question, by the ids of verify's table.

Each mistake is made in one layer at a time and in all of them (passes.py); what it changes of what is asked is kept.
Mistakes that only show in ∂C/∂w, ∂C/∂b and the step come from verify.gradients.variants as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np

from ..verify.mistakes import MISTAKES
from .passes import OF_ALL, OF_LAYERS, UPDATE, Pass, right, wrong
from .question import Asked, Slip
from .scene import Place, Scene

Array = Any
_TO_INPUTS = ("w-not-transposed", "max-over-paths")  # they can be made on the way to layer 0 as well
_OF_STEPS = (*UPDATE, "post-update-weights")
_AFTER = 1.5  # tolerances that a mistake's answer has to be away from the right one, to be told from it


def known(mistake: str) -> bool:
    """Whether verify's table has this mistake."""
    return mistake in MISTAKES


def title(mistake: str, layers: tuple[int, ...], L: int) -> str:
    """The mistake in words, with its layers."""
    said = MISTAKES[mistake].titled(layers, L) if known(mistake) else mistake
    return said.replace("hidden layer 0", "the input")


@cache
def _where(L: int, first: int) -> tuple[tuple[int, ...], ...]:
    layers = tuple(range(first, L + 1))
    hidden = tuple(range(1, L))
    several = [some for some in (hidden, tuple(range(1, L + 1))) if len(some) > 1]
    return (*((l,) for l in layers), *dict.fromkeys(several))


@lru_cache(maxsize=8)
def passes(scene: Scene) -> list[tuple[str, tuple[int, ...], Pass]]:
    """Every mistake that the table knows, with its layers and the pass that it makes; kept for the last scenes."""
    so_far = right(scene)
    made = []
    with np.errstate(all="ignore"):  # a wrong a may lie where the cost is not defined
        for mistake in filter(known, OF_LAYERS):
            places = _where(scene.L, 0 if mistake in _TO_INPUTS else 1)
            made += [(mistake, layers, wrong(scene, mistake, layers, so_far)) for layers in places]
        made += [(mistake, (), wrong(scene, mistake, (), so_far)) for mistake in filter(known, OF_ALL)]
    return made


def slips(
    scene: Scene, asked: Sequence[Asked], places: Sequence[Place], *, step: bool = False
) -> tuple[Slip, ...]:
    """The slips of a question whose answers stand at these places of a pass."""
    found = []
    tolerances = [_AFTER * np.array(one.tolerances()) for one in asked]
    seen: set[tuple[str, tuple[tuple[str, tuple[float, ...]], ...]]] = set()
    for mistake, layers, made in passes(scene):
        if mistake in _OF_STEPS and not step:
            continue
        values: dict[str, Any] = {}
        for one, place, tolerance in zip(asked, places, tolerances, strict=True):
            value = made.read(place)
            off = np.abs(value - one.value)
            if np.isfinite(off).all() and (off > tolerance).any():
                values[one.name] = value.tolist()
        key = (mistake, tuple((name, tuple(np.ravel(np.round(v, 12)))) for name, v in values.items()))
        if values and key not in seen:
            seen.add(key)
            found.append(Slip(mistake, layers, values))
    return tuple(found)
