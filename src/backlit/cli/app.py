"""The application that the commands register with, and what they share: errors in one line, JSON, colours, tables.

Nothing heavy is imported here, so that ``backlit --help`` is there at once.
"""

from __future__ import annotations

import functools
import json
import math
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import typer

from ..errors import BacklitError, BacklitWarning

app = typer.Typer(
    name="backlit",
    help="Feed-forward networks you can see through. Train fast, see every derivative, prove it right.",
    epilog="Begin with: backlit train digits --held-out 0.2 --out digits.safetensors",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def command(
    name: str, examples: str, group: typer.Typer = app
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a command: errors of ours become one line and an exit code, and ``examples`` end its help."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def guarded(*args: Any, **options: Any) -> None:
            with warnings.catch_warnings():
                warnings.showwarning = _note
                warnings.simplefilter("always", BacklitWarning)
                _run(function, *args, **options)

        indented = "\n".join(f"  {line}" for line in examples.strip().splitlines())
        epilog = "\b\nExamples:\n" + indented
        return group.command(name, epilog=epilog)(guarded)

    return register


def _run(function: Callable[..., None], *args: Any, **options: Any) -> None:
    try:
        function(*args, **options)
        sys.stdout.flush()
    except BacklitError as error:
        say(f"error: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        say("stopped")
        raise SystemExit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has seen enough
        raise SystemExit(0) from None
    except OSError as error:
        if error.errno != 28:  # no space left
            raise
        say("error: the output could not be written: no space left on the device")
        raise SystemExit(3) from None


def _note(message: Warning | str, category: type[Warning], filename: str, lineno: int, *rest: Any) -> None:
    if issubclass(category, BacklitWarning):
        say(f"note: {message}")
    else:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))


def say(text: str) -> None:
    """A message for people, to stderr."""
    print(f"backlit: {text}", file=sys.stderr)


def show(text: str = "") -> None:
    """A line of the result, to stdout."""
    print(text)


def show_json(schema: str, content: dict[str, Any]) -> None:
    """The result as one JSON object with its versioned schema, strict JSON: what is not a finite number is null."""
    print(
        json.dumps({"schema": f"backlit.{schema}/1", **_plain(content)}, ensure_ascii=False, allow_nan=False)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def in_colour() -> bool:
    """Whether stdout is a terminal that may be coloured (NO_COLOR, TERM=dumb are heeded)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    """A plain table for a terminal or a pipe: columns aligned, those of ``left`` to the left."""
    widths = [
        max(len(head), *(len(row[k]) for row in rows)) if rows else len(head) for k, head in enumerate(heads)
    ]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if k in left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  " + "   ".join(padded).rstrip()

    return "\n".join(
        [line(heads), "  " + "─" * (sum(widths) + 3 * len(widths) - 3), *(line(row) for row in rows)]
    )


def number(value: float | None, digits: int = 4) -> str:
    """A number to four significant digits; an en dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:.{digits}g}"


def percent(value: float) -> str:
    """0.9612 as 96.12%."""
    return f"{100 * value:.2f}%"


def version(wanted: bool) -> None:
    """Prints the version and ends."""
    if wanted:
        from .. import __version__

        show(f"backlit {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Feed-forward networks you can see through. Train fast, see every derivative, prove it right."""
