"""From the calls of a function to the report: on the user's network, or on small ones of ours (practice.py).

What runs the function is handed in; the search for mistakes is diagnose.py's, forward.py's and update.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, UsageError
from ...network import Network
from ..finding import Finding, Report
from ..forwards.forward import diagnose_forward
from ..gradients.numbers import diagnose_calls
from .attempt import ETA, About
from .calls import Call, earlier_batch
from .outcome import HARMLESS, leaves, trouble
from .practice import FIRST, Functions, batch_for, guesses, others, practice, sizes_for
from .returned import passes_of, theta_of

Array = Any
Run = Callable[[Network, Array, Array], tuple[list[Call], tuple[Finding, ...]]]
_SMALL = 10_000  # parameters of a network for which all functions are tried
_KEPT = ("accumulated", "last-batch")
_OF_SIZE = ("trouble-raised", "trouble-shape", "trouble-signature")  # what a network of other sizes may mend


@dataclass(frozen=True)
class Judged:
    """The report, the network that it is about, and its examples."""

    report: Report
    net: Network
    X: Array
    Y: Array


def judge(
    net: Network,
    X: Array,
    Y: Array,
    made: Sequence[Call],
    troubles: Sequence[Finding],
    about: About,
    told: Mapping[str, Any],
    *,
    guess: bool = True,
) -> Report:
    """What the calls show; ``told`` may have eta, l1, l2, masks, previous. What is harmless counts as a habit.

    ``guess`` says to look whether the code is for other functions than the network's, where nothing else explains it.
    """
    if not made:
        return Report(about, tuple(troubles), verdict=troubles[0].title if troubles else "nothing came back")
    if about == "forward":
        report = _of_forward(net, X, made)
    elif about == "update":
        report = _of_update(net, X, Y, made, told)
    else:
        known = {
            name: told[name]
            for name in ("eta", "l1", "l2", "previous", "sample_weight")
            if told.get(name) is not None
        }
        if any(one.mistake == "trouble-unsteady" for call in made for one in call.troubles):
            known.setdefault("previous", earlier_batch(X, Y))
        known["dropout_masks"] = told.get("masks")
        report = diagnose_calls(net, X, Y, made, troubles, **known)
        if guess and net.parameters <= _SMALL and _open(report, net.L):
            report = _with_functions(net, X, Y, made, known, report)
    return _calm(report)


def _open(report: Report, L: int) -> bool:
    """Whether nothing explains the output layer."""
    return any(one.kind == "unexplained" and L in one.layers for one in report.findings)


def _with_functions(
    net: Network, X: Array, Y: Array, made: Sequence[Call], known: Mapping[str, Any], report: Report
) -> Report:
    """The report, with the functions that the code seems to be made for, where with those it can be judged."""
    has = ", ".join(row.option for row in net.activations)
    for one in others(net.sizes[-1]):
        sigma = one.activations(net.L)
        twin = Network(net.sizes, activations=sigma, cost=one.cost, dtype=net.dtype, theta=net.theta)
        try:
            found = diagnose_calls(twin, X, Y, made, (), **known)
        except DataError:  # targets that this cost does not take
            continue
        if not _badness(found)[0]:
            said = "it is right" if found.right else f"what is wrong is: {found.findings[0].title}"
            why = (
                f"the network has {has} and {net.cost.option}; your code seems to be made for {', '.join(sigma)} and "
                f"{one.cost}: judged by those, {said}"
            )
            findings = tuple(
                replace(each, why=why) if each.kind == "unexplained" else each for each in report.findings
            )
            return replace(report, findings=findings)
    return report


def _calm(report: Report) -> Report:
    """Troubles that make no gradient wrong stand beside the conventions."""
    harmless = tuple(one for one in report.findings if one.mistake in HARMLESS)
    rest = tuple(one for one in report.findings if one.mistake not in HARMLESS)
    if any(one.mistake in _KEPT for one in rest):  # the mistake itself says why
        rest = tuple(one for one in rest if one.mistake != "trouble-unsteady")
    return replace(report, findings=rest, conventions=(*report.conventions, *harmless))


def _of_forward(net: Network, X: Array, made: Sequence[Call]) -> Report:
    found = [
        _with(diagnose_forward(net, X, z, a), call) for call in made for z, a in passes_of(net, call, len(X))
    ]
    if not found:
        one = trouble(
            "trouble-shape",
            "what is returned can't be read as a forward pass",
            why="return (zs, as), each a list with an array for each layer, or as alone",
        )
        return Report("forward", (one, *made[0].troubles), verdict=one.title)
    return min(found, key=_badness)


def _of_update(net: Network, X: Array, Y: Array, made: Sequence[Call], told: Mapping[str, Any]) -> Report:
    from ..updates.update import diagnose_update

    eta = ETA if told.get("eta") is None else float(told["eta"])
    penalties = {name: told[name] for name in ("l1", "l2") if told.get(name)}
    found, said = [], ""
    for call in made:
        try:
            after = theta_of(net, call)
        except UsageError as reason:
            said = str(reason)
            continue
        found.append(_with(diagnose_update(net, X, Y, net.theta, after, eta=eta, **penalties), call))
    if not found:
        one = trouble(
            "trouble-shape", "what is returned can't be read as new weights and biases", evidence=said
        )
        return Report("update", (one,), verdict=one.title)
    return min(found, key=_badness)


def _with(report: Report, call: Call) -> Report:
    return replace(report, findings=(*call.troubles, *report.findings))


def _badness(report: Report) -> tuple[int, int, float]:
    """How little a report explains: 0 where it is right, then by what stays unexplained and how much is found."""
    calm = _calm(report)
    open_ends = sum(one.kind == "unexplained" or one.mistake == "unreadable" for one in calm.findings)
    share = min((one.share for one in calm.findings if one.kind == "mistake"), default=1.0)
    return open_ends, len(calm.findings), -share


def judge_by_practice(
    run: Run,
    path: Path,
    name: str,
    about: About,
    told: Mapping[str, Any],
    sizes: Sequence[int] | None = None,
    functions: Functions | None = None,
) -> Judged:
    """A function of a file on small networks of ours, of the sizes and σ and C that it seems to be made for.

    ``sizes`` and ``functions`` leave nothing to guess. The function is run once for each of the sizes until it works;
    what it returned is then judged by all σ and C that may be meant.
    """
    first: Judged | None = None
    for some in (tuple(sizes),) if sizes is not None else sizes_for(path, name):
        net, (X, Y) = practice(some, functions or FIRST), batch_for(some)
        made, troubles = run(net, X, Y)
        if made:
            return _by_functions(some, X, Y, made, troubles, about, told, path, functions)
        tried = Judged(judge(net, X, Y, made, troubles, about, told, guess=False), net, X, Y)
        first = first or tried
        if not {one.mistake for one in troubles} <= set(_OF_SIZE):
            return tried
    assert first is not None
    return first


def _by_functions(
    sizes: Sequence[int],
    X: Array,
    Y: Array,
    made: Sequence[Call],
    troubles: Sequence[Finding],
    about: About,
    told: Mapping[str, Any],
    path: Path,
    functions: Functions | None,
) -> Judged:
    def by(one: Functions) -> Judged:
        net = practice(sizes, one)
        return Judged(judge(net, X, Y, made, troubles, about, told, guess=False), net, X, Y)

    if functions is not None:
        return by(functions)
    source = path.read_text(encoding="utf-8", errors="replace")
    likely = [*guesses(source, sizes[-1])]
    best: Judged | None = None
    for one in likely:
        judged = by(one)
        if judged.report.right:
            return judged
        best = judged if best is None else _best([best, judged])
    assert best is not None
    rest = [one for one in others(sizes[-1]) if one not in likely]
    if _badness(best.report)[0]:  # nothing that its source speaks of explains it
        explained = [judged for judged in map(by, rest) if not _badness(judged.report)[0]]
        return _best(explained) if explained else best
    if about != "gradient":
        return best
    for one in rest:
        if _multiple(practice(sizes, one), X, Y, made) and by(one).report.right:
            note = f"with {one.words()} this gradient would be right: say so if those are yours"
            return replace(best, report=replace(best.report, notes=(*best.report.notes, note)))
    return best


def _multiple(net: Network, X: Array, Y: Array, made: Sequence[Call]) -> bool:
    """Whether a call may have returned a multiple of this network's gradient, in whatever order: the sizes say so."""
    right = np.sort(np.abs(net.gradient(X, Y).theta))
    if not right[-1]:
        return False
    for call in made:
        each = call.returned if call.style.single else [call.returned]
        parts = [np.concatenate([array.reshape(-1) for _, array in leaves(one)]) for one in each]
        if {part.shape for part in parts} != {right.shape}:
            continue
        theirs = np.sort(np.abs(np.mean(parts, axis=0)))
        if np.allclose(theirs * right[-1], right * theirs[-1], rtol=1e-3, atol=1e-6 * right[-1] * theirs[-1]):
            return True
    return False


def _best(judged: Sequence[Judged]) -> Judged:
    return min(judged, key=lambda one: _badness(one.report))
