"""The command line: parse, call, print. Results go to stdout, messages and progress to stderr.

Exit codes: 0 ok, 1 a check failed, 2 usage, 3 bad data or model, 130 Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process with its exit code."""
    from . import look, train, use  # noqa: F401 (each registers its commands)
    from .app import app

    app(args=None if arguments is None else list(arguments), prog_name="backlit")
    sys.exit(0)
