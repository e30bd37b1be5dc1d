"""How a diagnosis looks in a terminal: a heading for each finding, and labelled lines under it.

Only layout and colour; every word comes from the report.
"""

from __future__ import annotations

import textwrap

from .finding import Finding, Report

_LABEL = 11
_RED, _GREEN, _BOLD, _DIM, _END = "\x1b[38;5;208m", "\x1b[34m", "\x1b[1m", "\x1b[2m", "\x1b[0m"


def text(report: Report, *, width: int = 100, colour: bool = False) -> str:
    """The whole report; nothing is wider than ``width``, but for code and algebra that can't be broken."""
    blocks = [_finding(one, width, colour) for one in report.findings]
    if report.right:
        blocks.insert(0, [_painted(f"✓ {report.verdict}", _GREEN, colour)])
    if report.conventions:
        lines = ["conventions of yours that are no mistakes:" if report.findings else "your conventions:"]
        lines += [
            line
            for one in report.conventions
            for line in _labelled("", f"{one.title}   ({one.mistake})", width)
        ]
        blocks.append(lines)
    if report.notes:
        blocks.append([line for note in report.notes for line in _wrapped(note, width)])
    return "\n\n".join("\n".join(lines) for lines in blocks)


def _finding(one: Finding, width: int, colour: bool) -> list[str]:
    breaks = f" · breaks {', '.join(one.equation)}" if one.equation else ""
    head, tail = f"✗ {one.title}", f"{one.mistake}{breaks}"
    gap = width - len(head) - len(tail)
    lines = [head + " " * gap + tail] if gap >= 3 else [*_wrapped(head, width), f"  {tail}"]
    lines = [_painted(lines[0], _BOLD + _RED, colour), *lines[1:], ""]
    for label, said in (("right", one.right), ("yours", one.yours), ("evidence", one.evidence)):
        lines += _labelled(label, said, width)
    if one.edit is not None:
        lines += _edit(one, width)
    lines += _labelled("next" if one.kind == "unexplained" else "why", one.why, width)
    others = [name for name in one.names if name != one.mistake]
    same = f"{', '.join(others)}: on these examples the numbers are the same. " if others else ""
    lines += _labelled("or" if others else "note", f"{same}{one.apart or ''}", width)
    return lines


def _edit(one: Finding, width: int) -> list[str]:
    edit = one.edit
    assert edit is not None
    place = f"{edit.path}:{edit.line}   " if edit.path is not None else ""
    whole = f"{place}{edit.before}   →   {edit.after}"
    if _LABEL + 2 + len(whole) <= width:
        return _labelled("edit", whole, width)
    return [
        *_labelled("edit", f"{place}{edit.before}", width),
        *_labelled("", f"→   {edit.after}", width),
    ]


def _labelled(label: str, said: str, width: int) -> list[str]:
    if not said:
        return []
    pad = " " * (_LABEL + 2)
    first = f"  {label:<{_LABEL}}"
    return textwrap.wrap(
        said.strip(),
        max(width, 40),
        initial_indent=first,
        subsequent_indent=pad,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _wrapped(said: str, width: int) -> list[str]:
    return textwrap.wrap(
        said, max(width, 40), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _painted(said: str, colour: str, wanted: bool) -> str:
    return f"{colour}{said}{_END}" if wanted else said
