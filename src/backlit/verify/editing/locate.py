"""The concrete edit in the user's own file: the line where a mistake is made, and the same line right.

The file is parsed and read on a small network made up here (reader.py), never executed. Edits that could mend
the mistake are proposed (slopes.py and its like), each is read again, and only one that makes the gradient right
is told; where several lines would do as well as one another, or the code is not understood, none is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..finding import Edit
from .factors import FACTORS
from .ops import Candidate, Layers, Maker, overtaken, standing
from .session import Session
from .slopes import SLOPES
from .text import one_line
from .truth import Fit, Gradient, close
from .ways import WAYS
from .wholes import WHOLES
from .world import L2

if TYPE_CHECKING:
    from ...network import Network

MAKERS: dict[str, tuple[Maker, ...]] = {**SLOPES, **FACTORS, **WAYS, **WHOLES}
_MOST = 400  # candidates that are tried
_SECOND_CALL = {"accumulated", "last-batch"}
_COUNTING = {
    "batch-mean-missing", "batch-mean-twice", "bias-averaged", "bias-summed", "bias-not-summed",
    "bias-first-example", "output-mean", "output-sum", "factor-two", "factor-half",
    "penalty-not-scaled", "penalty-missing", "unknown-factor",
}  # fmt: skip
_FROM_THERE_ON = {
    *SLOPES,
    "w-not-transposed",
    "weights-of-wrong-layer",
    "max-over-paths",
    "dropout-mask-missing",
}
_TIES: dict[str, Literal["first", "last"]] = {
    "sigma-prime-missing": "last",  # of dA = …; dZ = dA it is the second that lacks σ′
    "output-sum": "first",
    "batch-mean-missing": "first",
}


@dataclass(frozen=True)
class Mended:
    """An edit, and the whole source with it made."""

    edit: Edit
    text: str


def locate(
    path_or_source: str | Path,
    function_name: str,
    mistake_id: str,
    layers: Iterable[int],
    L: int,
    *,
    net: Network | None = None,
) -> Edit | None:
    """The edit that mends this mistake in the function's file, or None where it is not certain which one does.

    ``path_or_source`` is a path, or the text itself (anything with a line's end); ``function_name`` is "f" or
    "Class.f", ``layers`` are the finding's (none: every layer). With ``net`` its cost and its activations are known.
    """
    found = mended(path_or_source, function_name, mistake_id, layers, L, net=net)
    return None if found is None else found.edit


def mended(
    path_or_source: str | Path,
    function_name: str,
    mistake_id: str,
    layers: Iterable[int],
    L: int,
    *,
    net: Network | None = None,
) -> Mended | None:
    """The same, with the whole text as it is after the edit."""
    path = None if isinstance(path_or_source, str) and "\n" in path_or_source else Path(path_or_source)
    if mistake_id not in MAKERS:
        return None
    wanted = tuple(sorted(layers)) or tuple(range(1, L + 1))
    try:
        source = str(path_or_source) if path is None else path.read_text(encoding="utf-8")
        many = 5 if mistake_id in _COUNTING else 2
        session = Session.open(source, function_name, L, many=many, net=net)
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    if session is None:
        return None
    if mistake_id in _SECOND_CALL:
        session = session.recalled()
    best = _chosen(session, mistake_id, wanted)
    return None if best is None else _told(session, best, path)


def _chosen(session: Session, mistake_id: str, layers: Layers) -> Candidate | None:
    """The one candidate that mends the gradient; None where none does, or lines of equal standing do."""
    ranked = sorted(_unlike(session, mistake_id, layers), key=lambda one: one.rank)
    good: list[Candidate] = []
    for candidate in ranked[:_MOST]:
        if good and candidate.rank > good[0].rank:
            break
        if _mends(session, candidate, mistake_id, layers):
            good.append(candidate)
    if session.steps.left < 0:
        return None  # not all were tried
    if mistake_id in SLOPES and mistake_id not in _TIES:
        good = [one for one in good if not overtaken(session, one, good)]
    best = min((standing(session, one) for one in good), default=0)
    good = [one for one in good if standing(session, one) == best]
    lines = sorted({session.text.line(one.statement, one.changes) for one in good})
    if not lines:
        return None
    if len(lines) > 1 and mistake_id not in _TIES:
        return None
    line = lines[-1] if _TIES.get(mistake_id) == "last" else lines[0]
    return next(one for one in good if session.text.line(one.statement, one.changes) == line)


def _unlike(session: Session, mistake_id: str, layers: Layers) -> Iterator[Candidate]:
    """The candidates, each once; then those of one statement together."""
    seen: set[object] = set()
    together: dict[ast.stmt, list[Candidate]] = {}
    for maker in MAKERS[mistake_id]:
        for candidate in maker(session, layers):
            if candidate.changes in seen:
                continue
            seen.add(candidate.changes)
            yield candidate
            if isinstance(candidate.statement, (ast.Return, ast.Assign)):
                together.setdefault(candidate.statement, []).append(candidate)
    for statement, several in together.items():
        changes = sorted({one for each in several for one in each.changes}, key=lambda one: one.start)
        apart = all(one.end <= other.start for one, other in pairwise(changes))
        if len(changes) > 1 and apart:
            yield Candidate(tuple(changes), statement, 1)


def _mends(session: Session, candidate: Candidate, mistake_id: str, layers: Layers) -> bool:
    """Whether the gradient is right with this edit, and was changed as this mistake changes it."""
    after, before = session.mended(candidate.changes), session.reading.gradient
    if after is None or before is None:
        return False
    fits = session.fits(after)
    if not fits:
        return False
    ratio = _ratio(session, mistake_id)
    if ratio is not None:
        of_w = not mistake_id.startswith("bias")
        return any(
            _scaled(_bare(session, before, fit), _bare(session, after, fit), ratio, layers, of_w=of_w)
            for fit in fits
        )
    if mistake_id in _FROM_THERE_ON and not _changes(before, after, max(layers)):
        return False
    known = {fit.which for fit in session.fits(before)}
    if {fit.which for fit in fits} <= known and mistake_id.split("-", maxsplit=1)[0] not in {
        "penalty",
        "unknown",
    }:
        return False
    if mistake_id == "output-not-cost":
        return session.only is not None and any(abs(fit.scale - 1) < 1e-7 for fit in fits)
    if mistake_id.startswith("penalty") or mistake_id == "unknown-factor":
        return _penalised(session, mistake_id, before, after)
    return True


def _ratio(session: Session, mistake_id: str) -> float | None:
    """What the entries are multiplied by once the mistake is mended; None where it is not one number."""
    m, n = session.world.m, session.world.sizes[-1]
    return {
        "y-minus-a": -1.0, "sign-flipped": -1.0, "factor-two": 0.5, "factor-half": 2.0, "output-mean": float(n),
        "output-sum": 1 / n, "batch-mean-missing": 1 / m, "batch-mean-twice": float(m), "bias-averaged": float(m),
        "bias-summed": 1 / m,
    }.get(mistake_id)  # fmt: skip


def _bare(session: Session, gradient: Gradient, fit: Fit) -> Gradient:
    """A gradient without its penalty."""
    w = [None, *map(session.world.layout.of_w, session.world.w[1:])]
    if any(np.shape(g) != np.shape(p) for g, p in zip(gradient[0][1:], w[1:], strict=True)):
        return gradient
    return [None, *(g - fit.penalty * p for g, p in zip(gradient[0][1:], w[1:], strict=True))], gradient[1]


def _changes(before: Gradient, after: Gradient, last: int) -> bool:
    """Whether the edit changes the layers up to ``last``, all of them, and none beyond."""
    for kind, l in product((0, 1), range(1, len(before[0]))):
        was, now = np.asarray(before[kind][l]), np.asarray(after[kind][l])
        alike = was.shape == now.shape and close(now, was)
        if alike == (l <= last):
            return False
    return True


def _scaled(before: Gradient, after: Gradient, ratio: float, layers: Layers, *, of_w: bool) -> bool:
    """Whether some blocks of these layers, and no others, have been multiplied by ``ratio``."""
    changed = 0
    for kind in (0, 1):
        for l in range(1, len(before[0])):
            was, now = np.asarray(before[kind][l]), np.asarray(after[kind][l])
            if was.shape != now.shape:
                return False
            if close(now, was):
                continue
            if not close(now, ratio * was) or l not in layers or (kind == 0 and not of_w):
                return False
            changed += 1
    return changed > 0


def _penalised(session: Session, mistake_id: str, before: Gradient, after: Gradient) -> bool:
    """Whether the penalty is now as it should be; and for a factor, whether there is none but 1 or m."""
    m = session.world.m
    was = [fit for fit in session.fits(before) if abs(fit.scale - 1) < 1e-7 or abs(fit.scale - m) < 1e-7]
    strengths = {
        "penalty-not-scaled": (L2 / m,),
        "penalty-missing": (L2, L2 / m),
        "penalty-unknown": (L2, 0.0),
    }
    for fit in session.fits(after):
        part = fit.penalty / fit.scale
        if mistake_id == "unknown-factor":
            if not was and min(abs(fit.scale - 1), abs(fit.scale - m)) < 1e-7:
                return True
        elif mistake_id == "penalty-on-biases":
            if not session.fits(before):
                return True
        elif any(abs(part - one) < 1e-9 for one in strengths.get(mistake_id, (L2, L2 / m))):
            return True
    return False


def _told(session: Session, best: Candidate, path: Path | None) -> Mended | None:
    """The edit as it is shown: the statement before and after, each as one line."""
    text = session.text
    start, end = best.shown or text.shown(best.statement, best.changes)
    before, after = text.between(start, end), text.part(start, end, best.changes)
    whole = text.changed(best.changes)
    try:
        ast.parse(whole)
    except SyntaxError:
        return None
    joint = "; " if best.shown else " "
    line = text.line(best.statement, best.changes)
    edit = Edit(_joined(before, joint), _joined(after, joint), None if path is None else str(path), line)
    return Mended(edit, whole)


def _joined(text: str, joint: str) -> str:
    return (
        one_line(text)
        if joint == " "
        else joint.join(line.strip() for line in text.splitlines() if line.strip())
    )
