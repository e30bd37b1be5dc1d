"""What is said on stderr: errors, notes and other messages, each one line under our name."""

from __future__ import annotations

import sys

INTERRUPTED = 130  # the exit code of what Ctrl-C ended


class Stopped(Exception):
    """Ctrl-C ended a run, and what to save was saved and said."""


def say(message: str) -> None:
    """One line to stderr, under our name."""
    print(f"backlit: {' '.join(message.split())}", file=sys.stderr, flush=True)


def complain(message: str) -> None:
    """An error, in one line to stderr."""
    say(f"error: {message}")
