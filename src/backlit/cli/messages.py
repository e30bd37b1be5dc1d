"""What is said on stderr: errors, notes and other messages, each one line under our name.

What typer finds wrong is said in our words; what the rest of Backlit finds wrong names its options by itself
(spelling.py).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageError

INTERRUPTED = 130  # the exit code of what Ctrl-C ended
_NUMBER = re.compile(
    r"Invalid value for '(--[\w-]+)': Input should be (?:a valid (\w+)|greater than or equal to (\S+)).*"
)
_WORDS = tuple(
    (re.compile(theirs), ours)
    for theirs, ours in (
        (r"No such command '(.*?)'\.?", r"there is no command '\1'."),
        (r"No such option: (\S+)", r"there is no option \1"),
        (r" \(Possible options?: (.*)\)", r" (near it: \1)"),
        (r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", r"too much was given: '\1'"),
        (r"Option '?(--?[\w-]+)'? requires an argument", r"\1 needs a value"),
        (r"Option '?(--?[\w-]+)'? does not take a value", r"\1 takes no value"),
        (r"Missing argument '(.*)'", r"\1 is missing"),
        (r"Missing command", "say which command"),
        (r"Invalid value for '(.*?)': ", r"\1: "),
        (r"Invalid value: ", ""),
    )
)


class Stopped(Exception):
    """Ctrl-C ended a run, and what to save was saved and said."""


def say(message: str) -> None:
    """One line to stderr, under our name."""
    print(f"backlit: {' '.join(message.split())}", file=sys.stderr, flush=True)


def complain(message: str) -> None:
    """An error, in one line to stderr."""
    say(f"error: {message}")


def refusal(error: Any, arguments: Sequence[str]) -> str:
    """A usage error of typer's in one sentence of ours, with where to read more."""
    text = " ".join(error.format_message().split()).rstrip(".") or "say which command"
    number = _NUMBER.fullmatch(text)
    if number:
        what = "a number" if number[2] == "number" else "a whole number"
        least = f" of at least {number[3]}" if number[3] else ""
        text = f"{number[1]} takes {what}{least}; got {_given(number[1], arguments)!r}"
    for theirs, ours in _WORDS:
        text = theirs.sub(ours, text)
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "backlit"
    return f"{text.rstrip('.')}; see {path} --help"


def _given(option: str, arguments: Sequence[str]) -> str:
    """What was given to an option, the last time that it was."""
    values = [
        after if word == option else word.removeprefix(f"{option}=")
        for word, after in zip(arguments, [*arguments[1:], ""], strict=True)
        if word == option or word.startswith(f"{option}=")
    ]
    return values[-1]


def refuse_own_input(option: str, place: Path | None, *inputs: object) -> None:
    """Raises UsageError where a file to be written is one of those that are read."""
    for given in inputs:
        source = Path(str(given))
        if place is not None and place.exists() and source.exists() and place.samefile(source):
            raise UsageError(
                f"{option} names {given}, which is read; give it a file of its own, or {given} would be lost"
            )
