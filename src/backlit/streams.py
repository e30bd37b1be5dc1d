"""Standard streams whose reader may go away while we write. What is written stands elsewhere."""

from __future__ import annotations

import io
import os
import sys
from typing import Any


class Lasting:
    """A stream on which nothing fails: what can't be written, its reader being gone, goes nowhere without a word.

    Progress and notes are for whoever looks on; that nobody does is no reason to lose what is being computed.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = io.TextIOBase() if stream is None else stream  # None: it was closed before we began

    def write(self, text: str) -> int:
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _try(self, what: Any, *arguments: Any) -> None:
        try:
            what(*arguments)
        except (OSError, ValueError):  # ValueError: it is closed
            send_nowhere(self._stream)


def lasting_stderr() -> Any:
    """stderr, as a stream on which nothing fails."""
    return sys.stderr if isinstance(sys.stderr, Lasting) else Lasting(sys.stderr)


def send_nowhere(stream: Any) -> bool:
    """Sends what is still to be written, and all after it, nowhere; False where it is no stream of the system's."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        return False
    finally:
        os.close(nowhere)
    return True
