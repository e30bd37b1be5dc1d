"""The command line: parse, call, print. ``main`` is what ``backlit`` runs; the commands stand in files of their own.

Results go to stdout, messages and progress to stderr. Exit codes: 0 ok, 1 a check failed, 2 usage, 3 bad data or model,
130 Ctrl-C. What a user got wrong is one line; what we got wrong shows its traceback. Nothing heavy is imported before
it is needed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import BacklitError, BacklitWarning
from ..spelling import on_the_command_line
from ..streams import lasting_stderr, send_nowhere
from .messages import INTERRUPTED, Stopped, complain, refusal, say

BROKEN_PIPE = 141  # what a shell reports of a program that died of a closed pipe


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code; nothing but our own mistakes is raised."""
    _any_encoding()
    with contextlib.redirect_stderr(lasting_stderr()), warnings.catch_warnings():
        warnings.simplefilter("always", BacklitWarning)
        warnings.showwarning = _noter(warnings.showwarning)
        try:
            if sys.stdout is None:
                complain("stdout is closed; give the results somewhere to go")
                return 2
            with on_the_command_line():
                code = _run(arguments)
            sys.stdout.flush()
        except BrokenPipeError:
            _swallow_stdout()
            return BROKEN_PIPE
        except OSError as reason:
            if reason.errno != errno.ENOSPC:
                raise
            _swallow_stdout()
            complain("the results could not be written: no space left; free some, or send them elsewhere")
            return 3
        except KeyboardInterrupt:
            say("stopped; nothing was saved")
            return INTERRUPTED
    return code


def _run(arguments: Sequence[str] | None) -> int:
    from typer import Abort

    from .app import ClickError, command

    try:
        code = command().main(
            args=None if arguments is None else list(arguments), prog_name="backlit", standalone_mode=False
        )
    except BacklitError as error:
        complain(str(error))
        return error.exit_code
    except ClickError as error:
        complain(refusal(error, sys.argv[1:] if arguments is None else arguments))
        return 2
    except Stopped:
        return INTERRUPTED
    except Abort:
        raise KeyboardInterrupt from None
    except SystemExit:
        if "_BACKLIT_COMPLETE" in os.environ:  # a shell asks how a word may go on
            raise
        raise BrokenPipeError from None  # what typer makes of it
    if code == INTERRUPTED:  # typer's word for a KeyboardInterrupt
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _noter(before: Callable[..., Any]) -> Callable[..., Any]:
    """Shows a BacklitWarning as a line of its own, each once, and other warnings as before."""
    said: set[str] = set()

    def show(message: Any, category: Any, *where: Any, **more: Any) -> None:
        if not issubclass(category, BacklitWarning):
            before(message, category, *where, **more)
        elif str(message) not in said:
            said.add(str(message))
            say(f"note: {message}")

    return show


def _any_encoding() -> None:
    """A terminal that can't show a character gets "?" for it, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and "utf" not in (stream.encoding or "").lower():
            reconfigure(errors="replace")


def _swallow_stdout() -> None:
    """The reader is gone: what is still in the buffer goes nowhere, without a word."""
    if not send_nowhere(sys.stdout):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 (for the rest of the process)
