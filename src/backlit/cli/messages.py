"""What is said on stderr: errors, notes and other messages, each one line under our name."""

from __future__ import annotations

import sys
from pathlib import Path

from ..errors import UsageError

INTERRUPTED = 130  # the exit code of what Ctrl-C ended


class Stopped(Exception):
    """Ctrl-C ended a run, and what to save was saved and said."""


def say(message: str) -> None:
    """One line to stderr, under our name."""
    print(f"backlit: {' '.join(message.split())}", file=sys.stderr, flush=True)


def complain(message: str) -> None:
    """An error, in one line to stderr."""
    say(f"error: {message}")


def refuse_own_input(option: str, place: Path | None, *inputs: object) -> None:
    """Raises UsageError where a file to be written is one of those that are read."""
    for given in inputs:
        source = Path(str(given))
        if place is not None and place.exists() and source.exists() and place.samefile(source):
            raise UsageError(
                f"{option} names {given}, which is read; give it a file of its own, or {given} would be lost"
            )
