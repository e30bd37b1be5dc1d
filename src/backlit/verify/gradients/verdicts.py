"""From an explanation to what is said of it: findings with their evidence, conventions, a verdict in one sentence.

Every sentence is made here; the algebra and the edits come from the table (mistakes.py). No numbers are judged here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...spelling import counted
from ..finding import Edit, Finding, Report
from ..mistake import Lines, fill
from ..mistakes import MISTAKES
from .events import Event, gathered

if TYPE_CHECKING:
    from ..calling.calls import Style
    from .explained import Explained

_SQUARES = ("squared_error", "half_squared_error", "mean_squared_error")
_EVERYWHERE = ("y-minus-a", "output-not-cost", "output-mean", "output-sum", "cost-of-other-name", "accumulated",
               "last-batch", "layers-reversed", "post-update-weights")  # fmt: skip
_OF_COST = ("factor-two", "factor-half", "output-mean", "output-sum")
_SEEN = 1e-5  # of the largest entry: what is called off
_NEAR = 0.45  # explanations that cost so little more are told as well


@dataclass(frozen=True)
class Group:
    """One mistake with all layers in which it was made."""

    names: tuple[str, ...]
    layers: tuple[int, ...]
    part: str
    value: float | None
    carried: bool  # a factor of δ^L, which all layers have


def report(found: Explained, troubles: tuple[Finding, ...], style: Style | None = None) -> Report:
    """The report of one explanation, with what a function's call showed besides."""
    net = found.setting.net
    groups = [*_of_reading(found), *_groups(found)]
    conventions = [one for one in groups if _is_convention(one, found)]
    wrong = [one for one in groups if one not in conventions]
    habits = _habits(found, style)
    said = _conventions_in_words(found, conventions, style)
    findings = tuple(_finding(one, found, wrong, said) for one in wrong)
    usual = tuple(_convention(one, net) for one in habits) + tuple(
        _finding(one, found, (), said, kind="convention") for one in conventions
    )
    return Report(
        about="gradient",
        findings=(*troubles, *findings),
        conventions=usual,
        verdict=_verdict(found, findings, usual),
        notes=_notes(found, said),
    )


def unreadable(reason: str, troubles: tuple[Finding, ...] = ()) -> Report:
    """The report of something that is no gradient of this network."""
    one = Finding(
        mistake="unreadable",
        kind="trouble",
        title="this can't be read as a gradient",
        evidence=reason,
        share=0.0,
    )
    return Report(about="gradient", findings=(*troubles, one), verdict=reason)


def not_finite(reason: str) -> Report:
    """The report of a gradient with entries that are no numbers."""
    one = Finding(
        mistake="not-finite",
        kind="trouble",
        title="the gradient is not a number everywhere",
        evidence=reason,
        share=0.0,
    )
    return Report(about="gradient", findings=(one,), verdict=reason)


def troubled(troubles: tuple[Finding, ...]) -> Report:
    """The report of a function that gave nothing to look at."""
    return Report(
        about="gradient", findings=troubles, verdict=troubles[0].title if troubles else "nothing came back"
    )


def _groups(found: Explained) -> list[Group]:
    """The events of the cheapest explanation, with the names of those that explain the numbers as well."""
    best = _grouped((*found.before, *found.states[0].events))
    names = {one: list(one.names) for one in best}
    for other in found.states[1:]:
        if other.price > found.states[0].price + _NEAR or other.unread > found.states[0].unread:
            continue
        theirs = _grouped((*found.before, *other.events))
        mine_only = [one for one in best if one not in theirs]
        only = [one for one in theirs if one not in best]
        if len(mine_only) == len(only) == 1:
            names[mine_only[0]] += [name for name in only[0].names if name not in names[mine_only[0]]]
    named = [Group(tuple(names[one]), one.layers, one.part, one.value, one.carried) for one in best]
    open_ends = [one for one in named if one.names == ("unexplained",)]
    return [one for one in named if one not in open_ends] + _together(open_ends)


def _together(open_ends: list[Group]) -> list[Group]:
    """What nothing explains, as one: all its layers."""
    if not open_ends:
        return []
    layers = sorted({l for one in open_ends for l in one.layers})
    last = {one.part for one in open_ends if max(one.layers) == layers[-1]}
    part = last.pop() if len(last) == 1 else ""
    return [Group(("unexplained",), tuple(layers), part, None, False)]


def _grouped(events: Iterable[Event]) -> list[Group]:
    groups = []
    for names, some in gathered(tuple(events)):
        part = "" if some[0].part == "alone" else some[0].part
        value = some[0].value
        layers = tuple(sorted({one.layer for one in some if one.layer}))
        carried = some[0].part == "all"
        if carried or names[0] in _EVERYWHERE:
            layers = ()
        groups.append(Group(names, layers, "" if carried else part, value, carried))
    return groups


def _of_reading(found: Explained) -> list[Group]:
    return [Group((name,), layers, "", None, False) for name, layers in found.reading.mistakes]


def _is_convention(one: Group, found: Explained) -> bool:
    """½ or 2 of a squared error, sum or mean over the batch, where the whole gradient keeps to it."""
    if not one.carried:
        return False
    if "batch-mean-missing" in one.names:
        return True
    return found.setting.net.cost.name in _SQUARES and bool({"factor-two", "factor-half"} & set(one.names))


def _habits(found: Explained, style: Style | None) -> list[str]:
    """The ids of the layouts."""
    ids = list(found.reading.conventions)
    if style is not None:
        ids += ["layout-w-transposed"] if style.weights == "in_out" else []
        ids += ["layout-examples-in-columns"] if style.examples == "columns" else []
        ids += ["layout-one-example"] if style.examples.startswith("one") else []
        ids += ["layout-bias-column"] if style.bias != "flat" else []
        ids += ["layout-labels"] if style.labels else []
    return list(dict.fromkeys(ids))


def _convention(name: str, net: Any) -> Finding:
    row = MISTAKES[name]
    lines = row.lines_at(None, net.L)
    return Finding(
        mistake=name, kind="convention", title=fill(row.title, None, net.L), names=(name,), equation=row.breaks,
        right=lines.right, yours=lines.yours, why=row.why,
    )  # fmt: skip


def _finding(
    one: Group, found: Explained, wrong: Iterable[Group], said: str, *, kind: str = "mistake"
) -> Finding:
    if one.names[0] == "unexplained":
        return _unexplained(one, found)
    net, state = found.setting.net, found.states[0]
    row = MISTAKES[one.names[0]]
    l = one.layers[0] if len(one.layers) == 1 else None
    if one.carried:
        l = net.L
    lines = row.lines_at(l, net.L)
    if one.names[0] in _OF_COST and not one.carried:
        lines = _own_factor(one, l, net.L)
    part = {"w": " (of the weights)", "b": " (of the biases)"}.get(one.part, "")
    alone = "" if one.part != "w" or one.names[0].startswith(("penalty", "bias")) else part
    entries = found.reading.entries
    return Finding(
        mistake=one.names[0],
        kind=kind,  # type: ignore[arg-type]
        title=row.titled(one.layers, net.L)
        + (part if one.part == "b" and not one.names[0].startswith(("bias", "penalty")) else alone),
        layers=one.layers or tuple(range(1, net.L + 1)),
        names=one.names,
        share=(entries - state.unread) / entries,
        digits=round(state.digits, 1),
        equation=row.breaks,
        right=lines.right,
        yours=lines.yours,
        evidence=_evidence(one, found, list(wrong), said),
        edit=Edit(lines.before, lines.after) if lines.before else None,
        why=row.why,
        apart=_apart(one, found),
        value=one.value,
    )


def _own_factor(one: Group, l: int | None, L: int) -> Lines:
    """The lines of a factor 2, ½ or n_L that is not the cost's, but of one layer's numbers alone."""
    factor = {"factor-two": "2", "factor-half": "½", "output-mean": "(1/n_L)", "output-sum": "n_L"}[
        one.names[0]
    ]
    code = {"½": "0.5", "(1/n_L)": "1 / n_L"}.get(factor, factor)
    letters = [one.part] if one.part else ["w", "b"]
    named = {"w": "dW{i_l}", "b": "db{i_l}"}
    right, yours = (
        fill(", ".join(f"{times}∂C/∂{letter}{{l}}" for letter in letters), l, L)
        for times in ("", f"{factor} · ")
    )
    before, after = (
        fill(f"return {', '.join(times + named[letter] for letter in letters)}", l, L)
        for times in (f"{code} * ", "")
    )
    return Lines(right, yours, before, after)


def _apart(one: Group, found: Explained) -> str | None:
    from .apart import apart

    if len(one.names) < 2:
        return None
    if one.part and one.names[0].startswith("bias-"):
        return "Of weights and biases, either may be called the one that is wrong."
    return apart(found, one.names, one.layers)


def _evidence(one: Group, found: Explained, wrong: list[Group], said: str) -> str:
    """How many entries it explains, to how many digits, and what is right besides."""
    s, state = found.setting, found.states[0]
    unread = {event.layer for event in state.events if event.names == ("unexplained",)}
    touched = _touched(one, s.L)
    counts = []
    for l in touched:
        if l not in unread:
            w, b = found.reading.w[l].size, found.reading.b[l].size
            counts.append(f"all {w:,} entries of ∂C/∂w{_up(l)} and all {b:,} of ∂C/∂b{_up(l)}")
    digits = f"to {int(state.digits)} digits"
    with_others = " once all mistakes are taken into account" if len(wrong) > 1 else ""
    what = (
        f"all {found.reading.entries:,} entries" if len(touched) == s.L and not state.unread else _and(counts)
    )
    parts = [f"{what} are then reproduced {digits}{with_others}"] if counts else []
    if one.value is not None:
        parts.insert(0, f"fitted: {_letter(one)} = {one.value:.6g}")
    untouched = [
        l
        for l in range(1, s.L + 1)
        if not any(l in _touched(each, s.L) for each in wrong) and l not in unread
    ]
    for l in untouched if one in wrong else ():
        size = found.reading.w[l].size + found.reading.b[l].size
        parts.append(f"layer {l} is right ({size:,} of {size:,})")
    return "; ".join([*parts, *([f"your conventions: {said}"] if said else [])])


def _letter(one: Group) -> str:
    name = one.names[0]
    return (
        "η" if name == "post-update-weights" else "l2 in it" if name.startswith("penalty") else "the factor"
    )


def _touched(one: Group, L: int) -> list[int]:
    """The layers whose numbers a mistake changes: its own, and those below where it is in δ."""
    if not one.layers:
        return list(range(L, 0, -1))
    if one.part or one.names[0].startswith(("a-of", "z-for", "gradient-", "index", "penalty", "bias")):
        return sorted(one.layers, reverse=True)
    return list(range(max(one.layers), 0, -1))


def _up(l: int) -> str:
    return fill("{l}", l, l)


def _and(parts: list[str]) -> str:
    if len(parts) > 3:
        return f"{parts[0]}, and likewise in {counted(len(parts) - 1, 'layer')} more,"
    return ", ".join(parts)


def _conventions_in_words(found: Explained, conventions: list[Group], style: Style | None) -> str:
    """The habits of this gradient in a few words: rows are examples, ½, mean over 32 examples."""
    s = found.setting
    words = []
    if style is not None:
        words.append(
            {"rows": "rows are examples", "columns": "columns are examples"}.get(
                style.examples, "one example at a time"
            )
        )
    if "layout-w-transposed" in _habits(found, style):
        words.append("w is (n_in, n_out)")
    names = {name for one in conventions for name in one.names}
    if s.net.cost.name in _SQUARES[:2]:
        half = (s.net.cost.name == "half_squared_error") != bool(names & {"factor-two", "factor-half"})
        words.append("½" if half else "2(a − y), without the ½")
    if s.per > 1:
        words.append(f"{'sum' if 'batch-mean-missing' in names else 'mean'} over {s.per} examples")
    return ", ".join(words)


def _verdict(found: Explained, findings: tuple[Finding, ...], usual: tuple[Finding, ...]) -> str:
    entries = found.reading.entries
    if not findings:
        under = ", under these conventions" if usual else ""
        digits = f"to {int(found.states[0].digits)} digits"
        if found.setting.grain:
            digits = f"as far as their {round(-np.log10(found.setting.grain))} decimals tell"
        return f"right{under}: all {entries:,} entries agree {digits}"
    if any(one.kind == "unexplained" for one in findings):
        return "not all of it is explained by what is known to go wrong"
    return f"{counted(len(findings), 'mistake')} explain{'s' if len(findings) == 1 else ''} all {entries:,} entries"


def _notes(found: Explained, said: str) -> tuple[str, ...]:
    s = found.setting
    notes = [
        f"judged on {counted(s.per, 'example')}"
        + (f"; {said}" if said and not found.states[0].events else "")
    ]
    if s.l1 or s.l2:
        notes.append(f"penalties l1 = {s.l1:g}, l2 = {s.l2:g} belong to it")
    if s.masks is not None:
        notes.append("dropout masks are included")
    if s.grain:
        notes.append(
            f"the numbers are rounded to {round(-np.log10(s.grain))} decimals, and are judged by those"
        )
    if s.single:
        notes.append("the numbers are float32, and are judged by what float32 can hold")
    return tuple(notes)


def _unexplained(one: Group, found: Explained) -> Finding:
    """Nothing explains a layer: where it begins, going backwards, and what to print next."""
    s = found.setting
    l = max(one.layers)
    above = (
        f"layers {l + 1} to {s.L} are explained; "
        if l < s.L - 1
        else f"layer {s.L} is explained; "
        if l < s.L
        else ""
    )
    what = {"w": f"∂C/∂w{_up(l)}", "b": f"∂C/∂b{_up(l)}"}.get(one.part, f"∂C/∂w{_up(l)} and ∂C/∂b{_up(l)}")
    if one.part == "w":
        next_ = f"δ{_up(l)} seems right, as ∂C/∂b{_up(l)} is; print a{_up(l - 1)} as it enters ∂C/∂w{_up(l)}"
    elif one.part == "b":
        next_ = f"δ{_up(l)} seems right, as ∂C/∂w{_up(l)} is; print how ∂C/∂b{_up(l)} is made from it"
    elif l == s.L:
        next_ = f"print z{_up(l)} and a{_up(l)} first (is the forward pass right?), then δ{_up(l)}, for one example"
    else:
        next_ = f"print δ{_up(l)} for one example, and z{_up(l)} and δ{_up(l + 1)}, from which it is made"
    return Finding(
        mistake="unexplained",
        kind="unexplained",
        title=f"no known mistake explains {what}",
        layers=one.layers,
        names=("unexplained",),
        share=(found.reading.entries - found.states[0].unread) / found.reading.entries,
        digits=0.0,
        evidence=f"{above}going backwards, the numbers first go wrong in layer {l}{_where_off(one, found, l)}",
        why=next_,
    )


def _where_off(one: Group, found: Explained, l: int) -> str:
    """Which entries are off, where it is a few, or the largest of them, beside the right ones."""
    s = found.setting
    said = []
    for letter, theirs, right, place in (
        ("w", found.reading.w[l], s.gradient[0][l], 0),
        ("b", found.reading.b[l], s.gradient[1][l], 1),
    ):
        if one.part not in ("", letter) or theirs.shape != right.shape:
            continue
        off = np.abs(theirs - right)
        most = max(_SEEN * float(np.abs(right).max()), 2.0**-20 * s.rounding[l][place])
        wrong = int((off > most).sum())
        if not wrong:
            continue
        index = np.unravel_index(int(off.argmax()), off.shape)
        entry = f"{letter}[{l}][{','.join(map(str, index))}]"
        said.append(
            f"{wrong:,} of {counted(off.size, 'entry', 'entries')} of ∂C/∂{letter}{_up(l)} are off, most at {entry}: "
            f"{theirs[index]:.6g}, right is {right[index]:.6g}"
        )
    return f" ({'; '.join(said)})".replace("-", "−") if said else ""
