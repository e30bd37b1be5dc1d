"""Find the mistake: a derivation with numbers in which one line is wrong, and all that follows goes on from there.

The mistakes are those of verify's table, made by passes.py; how a line reads is derivation.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UsageError
from ..explain.formula import Formula
from ..functions.pairs import pair_of
from ..verify.mistakes import MISTAKES
from .derivation import AS_DONE, Derivation, Key, Target, key_of
from .figures import Precision
from .kinds import asked as asked_at
from .passes import OF_ALL, UPDATE, Pass, wrong
from .question import Asked, Question
from .scene import Scene
from .slips import known, slips, title

Array = Any
_VISIBLE = 0.03  # how far a wrong line and the end are from the right ones, relative to them, at least


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A mistake that can be seen: its line, the weights whose derivative shows it, and its pass."""

    mistake: str
    key: Key
    targets: list[Target]
    made: Pass


def mistake(scene: Scene, found: Pass, rng: np.random.Generator) -> Question:
    """A derivation of one weight's derivative with one wrong line: which one, and what comes out right."""
    candidates = list(_candidates(scene, found))
    if not candidates:
        raise UsageError("in this network no mistake would be seen; take another example, or larger layers")
    names = sorted({one.mistake for one in candidates})
    name = names[int(rng.integers(len(names)))]
    same = [one for one in candidates if one.mistake == name]
    chosen = same[int(rng.integers(len(same)))]
    target = chosen.targets[int(rng.integers(len(chosen.targets)))]
    steps = Derivation(scene, target, step=name in UPDATE)
    shown = tuple(steps.line(key, chosen.made, name if key == chosen.key else "") for key in steps.keys)
    at = steps.keys.index(chosen.key)
    place = steps.place(steps.keys[-1])
    final = asked_at(scene, found, place, 2.0)
    alike = {
        one.mistake for one in candidates if one.key == chosen.key and _alike(steps, one.made, chosen.made)
    }
    which = Asked(
        "line", Formula("the wrong line", r"\text{the wrong line}"), (), 2.0, Precision(0, exact=True), at + 1,
        choice=tuple(sorted(alike)),
    )  # fmt: skip
    said = title(name, (chosen.key[1],), scene.L)
    return Question(
        id="",
        kind="mistake",
        title="Find the mistake",
        prompt=f"Somebody has worked out ${final.symbol.tex}$ line by line. One line is wrong; those after it go on "
        "from what stands there. Which line is it, and what is the last line really?",
        asked=(which, final),
        slips=slips(scene, (final,), (place,), step=name in UPDATE),
        worked=tuple(steps.line(key, found) for key in steps.keys[at:]),
        shown=shown,
        remark=f"Line {at + 1} is wrong: {said} ({name}); {MISTAKES[name].why}.",
        room=4,
    )


def _alike(steps: Derivation, one: Pass, other: Pass) -> bool:
    """Whether two passes show the same numbers in every line."""
    return all(
        np.allclose(one.read(steps.place(key)), other.read(steps.place(key)), rtol=1e-9, atol=1e-12)
        for key in steps.keys
    )


def _candidates(scene: Scene, found: Pass) -> list[_Candidate]:
    L, listed = scene.L, []
    pair = pair_of(scene.net.layers[L], scene.net.cost) is not None
    for name in filter(known, AS_DONE):
        for l in range(1, L + 1):
            key = key_of(name, l, pair=pair, L=L)
            if key is None:
                continue
            with np.errstate(all="ignore"):
                made = wrong(scene, name, () if name in OF_ALL else (l,), found)
            targets = _targets(key, found, made)
            if targets and _visible(*(one.read((*key, ())) for one in (found, made))):
                listed.append(_Candidate(name, key, targets, made))
    return listed


def _targets(key: Key, found: Pass, made: Pass) -> list[Target]:
    """The weights in whose derivation the line stands, and at whose end the mistake shows."""
    letter, l = key
    own = letter in ("dw", "new_w")
    L = len(found.dw) - 1
    layers = [l] if own else range(1, L + 1) if letter in ("z", "a") else range(1, l + 1)
    kind = "new_w" if letter == "new_w" else "dw"
    targets = []
    for t in layers:
        right, done = getattr(found, kind)[t], getattr(made, kind)[t]
        far = np.abs(done - right) > np.maximum(_VISIBLE * np.abs(right), 2e-3 * np.abs(right).max())
        alive = (np.abs(found.dw[t]) > 1e-9) & (np.abs(done) > 1e-9)
        targets += [(t, int(j), int(k)) for j, k in np.argwhere(far & alive)]
    return targets


def _visible(right: Array, done: Array) -> bool:
    """Whether a wrong line looks different from the right one."""
    return bool(np.abs(done - right).max() > max(_VISIBLE * np.abs(right).max(), 1e-3 * np.abs(done).max()))
