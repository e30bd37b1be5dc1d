"""The commands and where each stands. Only declarations: every command's work is imported when it is called."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.main import get_command

from .. import __version__
from . import (
    check,
    compare,
    convert,
    data,
    diagnose,
    evaluate,
    examples,
    explain,
    inspect,
    nudges,
    paths,
    predict,
    train,
    worksheet,
)
from .help import Command, Group

# The root of typer's usage errors, wherever this version of typer keeps it.
ClickError: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)

_EPILOG = """
Examples:
  backlit train digits --held-out 0.2 --out digits.safetensors
  backlit predict digits.safetensors digits --held-out --limit 5 --draw
  backlit evaluate digits.safetensors digits --held-out
  backlit explain digits.safetensors "dC/dw[1][19,13]" --data digits --example 1514
  backlit paths digits.safetensors "dC/dx[1,5]" --data digits --example 1514 --top 5
  backlit examples digits.safetensors digits --held-out
  backlit diagnose my_backprop.py:gradients
  backlit convert model.onnx mine.safetensors
  backlit train people.csv --target income --layers 64,32
  backlit COMMAND --help

A data argument is a name (see: backlit data list) or the path of a file. Results go to stdout, messages and progress
to stderr. Exit codes: 0 ok, 1 a check failed, 2 usage, 3 bad data or model, 130
stopped by Ctrl-C.
"""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"backlit {__version__}")
        raise typer.Exit


def app() -> typer.Typer:
    """The whole command line as typer sees it."""
    whole = typer.Typer(
        cls=Group,
        help="Feed-forward networks you can see through: train them, use them, look into them.",
        epilog=_EPILOG,
        no_args_is_help=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @whole.callback()
    def root(
        version: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")
        ] = False,
    ) -> None: ...

    for room in (
        train, predict, evaluate, inspect, explain, paths, nudges, examples, check, diagnose, compare, worksheet,
        convert,
    ):  # fmt: skip
        whole.command(room.NAME, cls=Command, epilog=room.EPILOG)(room.run)
    of_data = typer.Typer(
        cls=Group, help=data.HELP, epilog=data.EPILOG, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    of_data.command("list", cls=Command, epilog=data.LIST_EPILOG)(data.list_sets)
    of_data.command("show", cls=Command, epilog=data.SHOW_EPILOG)(data.show_set)
    whole.add_typer(of_data, name="data")
    return whole


def command() -> Any:
    """The command line, ready to be called."""
    return get_command(app())
