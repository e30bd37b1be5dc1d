"""What is said about a judged forward pass: its findings with their evidence, what to print next, and the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...options import parse_option
from ...spelling import counted
from ..finding import Edit, Finding, Report
from ..mistake import Mistake, fill, where
from ..mistakes import MISTAKES
from .given import Station
from .judged import Judged, Judgement
from .ways import Way

Array = Any
Key = tuple[str, str]  # a mistake's id and, for a wrong activation, which


@dataclass
class _Item:
    """One mistake at one station, under all the names that explain it."""

    names: dict[Key, Way]
    judged: Judged


def report(judgement: Judgement, turned: bool) -> Report:
    """Findings in the order of the layers, conventions, and the verdict."""
    items = [item for judged in judgement.judged for item in _items(judged)]
    findings = [_trouble(judgement, l, said) for l, said in judgement.given.faults]
    findings += _named(judgement, items)
    findings += [_unexplained(judgement, one) for one in judgement.judged if not one.explained]
    findings.sort(key=lambda one: (one.kind != "trouble", min(one.layers or (0,))))
    return Report(
        about="forward",
        findings=tuple(findings),
        conventions=_conventions(judgement, turned),
        verdict=_verdict(judgement, findings),
        notes=tuple(_notes(judgement)),
    )


def symbol(station: Station) -> str:
    """z², a⁰."""
    return fill(station[0] + "{l}", station[1], station[1])


def _items(judged: Judged) -> list[_Item]:
    explained = judged.explained
    if not explained or not explained[0].ways:
        return []
    if len(explained[0].ways) > 1:
        return [_Item({_key(way): way}, judged) for way in explained[0].ways]
    names: dict[Key, Way] = {}
    for one in explained:
        names.setdefault(_key(one.ways[0]), one.ways[0])
    return [_Item(names, judged)]


def _key(way: Way) -> Key:
    return way.mistake, way.theirs


def _named(judgement: Judgement, items: list[_Item]) -> list[Finding]:
    """One finding for each mistake: the same one in several layers together, under the name that covers most."""
    after = {layer for item in items for layer in _layers_of(item, "forward-bias-after-activation")}
    left = [item for item in items if not _layers_of(item, "forward-bias-missing") & after]
    found = []
    while left:
        covers = {key: sum(key in item.names for item in left) for key in left[0].names}
        key = max(covers, key=lambda one: covers[one])
        group = [item for item in left if key in item.names]
        left = [item for item in left if key not in item.names]
        found.append(_finding(judgement, key, group))
    return found


def _layers_of(item: _Item, mistake: str) -> set[int]:
    return {way.layer for (name, _), way in item.names.items() if name == mistake}


def _finding(judgement: Judgement, key: Key, group: list[_Item]) -> Finding:
    L = judgement.setting.net.L
    row = MISTAKES[key[0]]
    made = [item.names[key] for item in group]
    layers = tuple(sorted({way.layer for way in made}))
    shared = set.intersection(*(set(item.names) for item in group))
    names = tuple(
        dict.fromkeys(
            [key[0], *(name for item in group for name, _ in item.names if name in {n for n, _ in shared})]
        )
    )
    l = layers[0] if len(layers) == 1 else None
    lines = row.lines_at(l, L)
    say = _activation_names(judgement, layers, made[0].theirs)
    detail = next((way.detail for way in made if way.detail), "")
    return Finding(
        mistake=key[0],
        kind="mistake",
        title=_title(judgement, row, layers, made[0].theirs, detail),
        layers=layers,
        names=names,
        share=1.0,
        digits=min(item.judged.explained[0].digits for item in group),
        equation=row.breaks,
        right=say(lines.right, code=False),
        yours=say(lines.yours, code=False),
        evidence=_evidence(judgement, group),
        edit=Edit(say(lines.before, code=True), say(lines.after, code=True)) if lines.before else None,
        why=row.why,
        apart=_apart(group, names) if len(names) > 1 or len(shared) > 1 else None,
        value=next((way.value for way in made if way.value is not None), None),
    )


def _title(judgement: Judgement, row: Mistake, layers: tuple[int, ...], theirs: str, detail: str) -> str:
    L = judgement.setting.net.L
    place = "the inputs" if layers == (0,) else where(layers, L)
    title = fill(row.title, layers[0] if layers else None, L, where=place)
    if row.id == "forward-wrong-activation":
        own = {judgement.setting.net.layers[l].option for l in layers}
        return f"{title}: {theirs}" + (f", not {own.pop()}" if len(own) == 1 else "")
    return f"{title}: {detail}" if detail else title


def _activation_names(judgement: Judgement, layers: tuple[int, ...], theirs: str) -> Any:
    """Writes σ and τ of a line as the functions that they are here."""
    own = {judgement.setting.net.layers[l].option for l in layers if l}
    sigma = own.pop() if len(own) == 1 else ""

    def say(text: str, *, code: bool) -> str:
        marks = (("sigma", sigma), ("tau", theirs)) if code else (("σ", sigma), ("τ", theirs))
        for mark, option in marks:
            if option and (f"{mark}(" in text or f"{mark}′(" in text or f"{mark}_prime(" in text):
                name, settings = parse_option(option) if "(" in option else (option.replace(" ", "_"), {})
                for end in ("(", "′(", "_prime("):
                    text = text.replace(f"{mark}{end}", f"{name}{end}")
                text += "".join(f"  ({k} = {v})" for k, v in settings.items()) if not code else ""
        return text

    return say


def _evidence(judgement: Judgement, group: list[_Item]) -> str:
    stations = [item.judged.station for item in group]
    stations = list(dict.fromkeys(stations))
    entries = sum(judgement.given.arrays[one].size for one in stations)
    shown = " and ".join(map(symbol, stations)) if len(stations) < 4 else f"{len(stations)} arrays"
    explained = [item.judged.explained[0] for item in group]
    how = (
        "to the decimals that are given"
        if any(one.rounded for one in explained)
        else f"to {counted(int(min(one.digits for one in explained)), 'digit')}"
    )
    said = f"all {entries:,} entries of {shown} are then reproduced {how}"
    if len(explained[0].ways) > 1:
        said = f"{said}, by {counted(len(explained[0].ways), 'mistake')} together"
    first = judgement.judged.index(group[0].judged)
    before = [symbol(one.station) for one in judgement.judged[:first] if one.right]
    if before and len(before) == first:
        said += f"; {', '.join(before)} before it {'is' if len(before) == 1 else 'are'} right"
    return said


def _apart(group: list[_Item], names: tuple[str, ...]) -> str:
    between = [one for item in group for one in item.judged.stretch.stations[:-1] if one[1] > 0]
    if between:
        shown = ", ".join(map(symbol, dict.fromkeys(between)))
        return f"print {shown} as well: the first that is wrong tells them apart"
    if any("softmax" in name or "axis" in name for name in names):
        return "another number of examples"
    letter, l = group[0].judged.station
    z = symbol(("z", l))
    if letter == "a":
        return f"an example with {z} of another sign, or of another size"
    return "another example, or weights that are not this regular"


def _unexplained(judgement: Judgement, judged: Judged) -> Finding:
    station, stretch = judged.station, judged.stretch
    ours = stretch.right_state()[station]
    theirs = stretch.target
    off = ~(np.abs(theirs - ours) <= stretch.tolerance(half=bool(stretch.half or stretch.half_before)))
    lines = ("z{l} = w{l} a{prev} + b{l}", "a{l} = σ(z{l})")[station[0] == "a"] if station[1] else "a⁰ = x"
    L = judgement.setting.net.L
    return Finding(
        mistake="unexplained",
        kind="unexplained",
        title=f"{symbol(station)} is wrong, and no known mistake explains it",
        layers=(station[1],),
        share=float(1 - off.mean()),
        equation=("N4",),
        right=_activation_names(judgement, (station[1],), "")(fill(lines, station[1], L), code=False),
        evidence=_differs(judgement, judged, ours, off),
        why=_next(judgement, judged),
        apart=None,
    )


def _differs(judgement: Judgement, judged: Judged, ours: Array, off: Array) -> str:
    theirs, shown = judged.stretch.target, symbol(judged.station)
    if not np.isfinite(theirs).all():
        i, j = np.argwhere(~np.isfinite(theirs))[0]
        return (
            f"{int((~np.isfinite(theirs)).sum()):,} of {theirs.size:,} entries of {shown} are NaN or infinite, first "
            f"neuron {j} of example {i}, where {_number(ours[i, j])} is right"
        )
    i, j = np.unravel_index(int(np.argmax(np.abs(theirs - ours))), theirs.shape)
    said = (
        f"{int(off.sum()):,} of {theirs.size:,} entries of {shown} differ, most neuron {j} of example {i}: "
        f"{_number(theirs[i, j])}, where {_number(ours[i, j])} is right"
    )
    columns, rows = np.flatnonzero(off.any(axis=0)), np.flatnonzero(off.any(axis=1))
    if len(columns) == 1 < theirs.shape[1]:
        said += f"; only neuron {columns[0]} is wrong: look at its weights and its bias"
    elif len(rows) == 1 < theirs.shape[0]:
        said += f"; only example {rows[0]} is wrong: look at its inputs"
    return said


def _next(judgement: Judgement, judged: Judged) -> str:
    """What to print next, in words."""
    letter, l = judged.station
    between = [one for one in judged.stretch.stations[:-1] if one[1] > 0]
    if between:
        return f"print {', '.join(map(symbol, between))} next, and give them too: the first that is wrong says where"
    if l == 0:
        return "print x before and after your preparation, for one example"
    if letter == "z":
        before = symbol(("a", l - 1))
        return (
            f"print {before} and w and b of layer {l} as your code holds them, and the sum without b: "
            f"a{l - 1} @ W{l}.T"
        )
    name = judgement.setting.net.layers[l].option
    return f"print your {name} of single numbers, such as −1, 0 and 1, and of one row of {symbol(('z', l))}"


def _number(value: float) -> str:
    return f"{value:.6g}".replace("-", "−") if math.isfinite(value) else str(value)


def _trouble(judgement: Judgement, l: int, said: str) -> Finding:
    row = MISTAKES["forward-shape"]
    return Finding(
        mistake=row.id,
        kind="trouble",
        title=said,
        layers=(l,),
        share=0.0,
        equation=row.breaks,
        right=fill(row.lines.right, l, judgement.setting.net.L),
        evidence="it was left out; everything else was judged",
        why=row.why,
    )


def _conventions(judgement: Judgement, turned: bool) -> tuple[Finding, ...]:
    if not (judgement.given.columns or turned):
        return ()
    row = MISTAKES["layout-examples-in-columns"]
    lines = row.lines_at(None, judgement.setting.net.L)
    return (
        Finding(
            mistake=row.id,
            kind="convention",
            title=row.titled((), judgement.setting.net.L),
            names=(row.id,),
            right=lines.right,
            yours=lines.yours,
            why=row.why,
        ),
    )


def _notes(judgement: Judgement) -> list[str]:
    notes = []
    if judgement.given.eps > 1e-12:
        notes.append("The numbers are float32's or coarser, and are judged by what that can hold.")
    if any(one.explained and one.explained[0].rounded for one in judgement.judged):
        notes.append("Some arrays are rounded to decimals, and are judged by those.")
    notes += [
        f"{symbol(('a', l))} is given before dropout's mask, and the next layer is made with it."
        for l in judgement.before_masks
    ]
    if judgement.setting.masks is not None:
        notes.append("Dropout masks were given and included.")
    if sum(not one.right for one in judgement.judged):
        notes.append("Each layer is judged given your own numbers of the layers before.")
    return notes


def _verdict(judgement: Judgement, findings: list[Finding]) -> str:
    judged = judgement.judged
    wrong = [one for one in judged if not one.right]
    entries = sum(one.stretch.target.size for one in judged)
    if not judged:
        return "Nothing could be judged."
    if not wrong:
        digits = [one.explained[0].digits for one in judged]
        rounded = any(one.explained[0].rounded for one in judged)
        how = "to the decimals that are given" if rounded else f"to {counted(int(min(digits)), 'digit')}"
        said = f"The forward pass is right: all {counted(entries, 'entry', 'entries')} of {_names(judged)} agree {how}."
        return said if not findings else f"{said[:-1]}; but see what could not be read."
    first = wrong[0]
    right = [symbol(one.station) for one in judged[: judged.index(first)]]
    said = f"The first wrong array is {symbol(first.station)}"
    if len(first.stretch.stations) > 1 and first.stretch.stations[-2][1] > 0:
        said += " of those that were given"
    return f"{said}{'; right before it: ' + ', '.join(right) if right else ''}."


def _names(judged: list[Judged]) -> str:
    shown = [symbol(one.station) for one in judged]
    return ", ".join(shown) if len(shown) < 9 else f"{len(shown)} arrays, {shown[0]} to {shown[-1]}"
