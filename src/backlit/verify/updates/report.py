"""What is said about a judged update: its findings with their evidence, what was fitted, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...spelling import counted
from ..comparing.arrays import largest
from ..finding import Edit, Finding, Report
from ..mistake import fill, where
from ..mistakes import MISTAKES
from .explain import Explained, Named
from .moves import Key

Array = Any
_ZERO = "update-layer-missing"
_APART = {
    frozenset({"update-sum", "update-eta-missing"}): "a batch of another size, or another η",
    frozenset({"update-sum", "update-twice"}): "a batch of another size",
    frozenset({"update-mean-twice", "update-eta-twice"}): "a batch of another size, or another η",
    frozenset({"update-old-momentum", "update-layer-missing"}): "a velocity that is not 0",
}


_DOUBTS = {
    "update-momentum-sign": "if this velocity is a step to subtract, it is right: v → μ v + η ∇C, θ → θ − v"
}


@dataclass(frozen=True)
class Told:
    """What the caller said: the rule, η and μ (None: not known), and how θ was given."""

    rule: str
    eta: float | None
    momentum: float | None
    own_gradient: bool
    turned: bool
    eps: float


def report(explained: Explained, told: Told) -> Report:
    """Findings in the order of the layers, conventions, notes and the verdict."""
    findings = [one for named in explained.named for one in _findings(explained, named)]
    if explained.unexplained:
        findings.append(_unexplained(explained, told))
    findings.sort(key=lambda one: min(one.layers or (0,)))
    return Report(
        about="update",
        findings=tuple(findings),
        conventions=_conventions(explained, told),
        verdict=_verdict(explained, findings),
        notes=tuple(_notes(explained, told, findings)),
    )


def _findings(explained: Explained, named: Named) -> list[Finding]:
    """One finding for each mistake; arrays that did not move are a layer's, or its biases' or weights' alone."""
    found = []
    for key in named.keys:
        for name, places in _split(explained, key[0], named.places):
            found.append(_finding(explained, named, (name, key[1]), places))
    return found


def _split(explained: Explained, name: str, places: list[int]) -> list[tuple[str, list[int]]]:
    if name != _ZERO:
        return [(name, places)]
    letters: dict[int, set[str]] = {}
    for place in places:
        l, letter, _ = explained.step.parts[place]
        letters.setdefault(l, set()).add(letter)
    kinds = {"bw": _ZERO, "b": "update-biases-missing", "w": "update-weights-missing"}
    groups: dict[str, list[int]] = {}
    for place in places:
        kind = kinds["".join(sorted(letters[explained.step.parts[place][0]]))]
        groups.setdefault(kind, []).append(place)
    return list(groups.items())


def _finding(explained: Explained, named: Named, key: Key, places: list[int]) -> Finding:
    step = explained.step
    row, L = MISTAKES[key[0]], step.net.L
    layers = tuple(sorted({step.parts[place][0] for place in places}))
    lines = row.lines_at(layers[0] if len(layers) == 1 else None, L)
    names = _names(named, key)
    title = fill(row.title, layers[0], L, where=where(layers, L))
    if key[0] == _ZERO and len(layers) == L > 1:
        title = "no step was made at all"
    return Finding(
        mistake=row.id,
        kind="mistake",
        title=f"{title}: {key[1]}" if key[1] else title,
        layers=layers,
        names=names,
        share=1.0,
        digits=explained.digits(places, named.error),
        equation=row.breaks,
        right=lines.right,
        yours=lines.yours,
        evidence=_evidence(explained, named, places),
        edit=Edit(lines.before, lines.after),
        why=row.why,
        apart=_apart(names) if len(names) > 1 else _DOUBTS.get(row.id),
        value=named.value,
    )


def _names(named: Named, key: Key) -> tuple[str, ...]:
    """This name and those that explain the same arrays as well: of two mistakes, those beside the same other one."""
    if len(named.keys) == 1:
        return tuple(dict.fromkeys([key[0], *(one[0][0] for one in named.others if len(one) == 1)]))
    rest = [name for name, _ in named.keys if name != key[0]]
    found = [key[0]]
    for other in named.others:
        ids = [name for name, _ in other]
        if rest and rest[0] in ids and len(ids) == len(named.keys):
            found += [name for name in ids if name != rest[0]]
    return tuple(dict.fromkeys(found))


def _apart(names: tuple[str, ...]) -> str:
    known = _APART.get(frozenset(names))
    if known:
        return known
    if any(name in ("update-sum", "update-mean-twice") for name in names):
        return "a batch of another size"
    if any("eta" in name for name in names):
        return "another η"
    if any("momentum" in name or "rule" in name for name in names):
        return "a velocity of another size, or another μ"
    return "another batch, or a step from another θ"


def _evidence(explained: Explained, named: Named, places: list[int]) -> str:
    step = explained.step
    entries = sum(step.parts[place][2].stop - step.parts[place][2].start for place in places)
    digits = int(explained.digits(places, named.error))
    said = f"all {counted(entries, 'entry', 'entries')} of Δθ there are then reproduced to {counted(digits, 'digit')}"
    if len(named.keys) > 1:
        said += f", by {counted(len(named.keys), 'mistake')} together"
    wrong = {place for one in explained.named for place in one.places} | set(explained.unexplained)
    right = [part[2].stop - part[2].start for place, part in enumerate(step.parts) if place not in wrong]
    if right:
        said += (
            f"; the other {sum(right):,} of {step.before.size:,} moved rightly"
            if len(explained.named) == 1
            else (f"; {sum(right):,} of {step.before.size:,} moved rightly")
        )
    return said


def _unexplained(explained: Explained, told: Told) -> Finding:
    step, places = explained.step, explained.unexplained
    layers = tuple(sorted({step.parts[place][0] for place in places}))
    L, right = step.net.L, step.right
    spots = [i for place in places for i in range(step.parts[place][2].start, step.parts[place][2].stop)]
    worst = max(spots, key=lambda i: abs(explained.delta[i] - right[i]))
    shown = ", ".join(fill(f"{step.parts[place][1]}{{l}}", step.parts[place][0], L) for place in places[:6])
    again = (
        ""
        if told.own_gradient
        else (
            ": (before − after)/η is the gradient that this step was made with; diagnose that (backlit diagnose), then "
            "give it here as gradient="
        )
    )
    return Finding(
        mistake="unexplained",
        kind="unexplained",
        title=f"the step of {where(layers, L)} is wrong, and no known mistake explains it",
        layers=layers,
        share=1 - len(spots) / step.before.size,
        equation=("B5",),
        right=MISTAKES["update-sign"].lines.right,
        evidence=(
            f"{shown}{', …' if len(places) > 6 else ''} did not move as they should; most {step.net.name_of(worst)}: "
            f"by {_number(explained.delta[worst])}, where {_number(right[worst])} is right"
        ),
        why=f"print the gradient of {step.net.name_of(worst)} and η as the step used them{again}",
    )


def _number(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def _conventions(explained: Explained, told: Told) -> tuple[Finding, ...]:
    if not told.turned:
        return ()
    row = MISTAKES["layout-w-transposed"]
    lines = row.lines_at(None, explained.step.net.L)
    return (
        Finding(
            mistake=row.id,
            kind="convention",
            title=row.titled((), explained.step.net.L),
            names=(row.id,),
            right=lines.right,
            yours=lines.yours,
            why=row.why,
        ),
    )


def _notes(explained: Explained, told: Told, findings: list[Finding]) -> list[str]:
    step = explained.step
    notes = []
    if told.eta is None and explained.delta.any() and not (explained.unexplained and not explained.named):
        notes.append(f"η was not given; {step.eta:.6g} fits.")
    if told.momentum is None and step.v is not None and step.v.any():
        notes.append(f"μ was not given; {step.mu:.6g} is taken.")
    if step.v is not None and step.v.any():
        notes.append(_velocity(explained))
    if told.rule != "sgd" and step.v is None:
        notes.append("No velocity was given: this is taken for the first step, from v = 0.")
    if step.l1 or step.l2:
        notes.append(f"The penalty is included: l1 = {step.l1:g}, l2 = {step.l2:g}.")
    if step.batch.masks is not None:
        notes.append("Dropout masks were given and included.")
    if told.own_gradient:
        ours = step.at(step.before)
        if np.abs(ours - step.gradient).max() > 1e-4 * (largest(ours) or 1.0):
            notes.append(
                "The step is judged by the gradient that was given, which itself is not ∇C: diagnose it, too."
            )
    if told.eps > 1e-12:
        notes.append("θ is float32's, and the step is judged by what that can hold.")
    return notes


def _velocity(explained: Explained) -> str:
    step = explained.step
    if step.keep != 1.0:
        return "The velocity is read as an average of gradients: v → μ v + (1 − μ) ∇C, θ → θ − η v."
    if step.carry == 1.0:
        return "The velocity is read as a step, as in the book: v → μ v − η ∇C, θ → θ + v."
    if step.carry == -1.0:
        return "The velocity is read as a step to subtract: v → μ v + η ∇C, θ → θ − v."
    return "The velocity is read as a sum of gradients, as in PyTorch: v → μ v + ∇C, θ → θ − η v."


def _verdict(explained: Explained, findings: list[Finding]) -> str:
    step = explained.step
    if findings:
        wrong = sorted({l for one in findings for l in one.layers})
        return f"The step is wrong in {where(tuple(wrong), step.net.L)}."
    right = step.right
    digits = explained.digits(list(range(len(step.parts))), float(np.abs(right - explained.delta).max()))
    rule = (
        "θ → θ − η ∇C"
        if step.v is None
        else "v → μ v − η ∇C, θ → θ + v"
        if not step.nesterov
        else "Nesterov's rule"
    )
    return (
        f"The update is right: all {counted(step.before.size, 'entry', 'entries')} of θ moved by {rule} with η = "
        f"{step.eta:.6g}, to {counted(int(digits), 'digit')}."
    )
