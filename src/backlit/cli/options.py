"""Options that several commands share, and which of a command's options were given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

JSON = Annotated[bool, typer.Option("--json", help="Print one JSON document (docs/cli.md has its schema).")]
LIMIT = Annotated[
    int | None,
    typer.Option(
        "--limit", metavar="N", min=1, help="Take the first N examples only.", rich_help_panel="Data"
    ),
]
DATA_DIR = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="FOLDER",
        rich_help_panel="Data",
        help="Where MNIST's files lie; else $BACKLIT_DATA, or a download.",
    ),
]
HELD_OUT = Annotated[
    bool,
    typer.Option(
        "--held-out",
        rich_help_panel="Data",
        help="Only the examples that were held out when the model was trained.",
    ),
]
MODEL = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A model file that train made, or a network typed by hand.")
]


OWN_OR_DATA = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        show_default=False,
        help="A name, or the path of a file that has the target's column. A network typed by hand may have its own.",
    ),
]


QUANTITY = Annotated[
    str, typer.Argument(metavar="NAME", help='A derivative, such as "dC/dw[2][3,5]" or "da[2][1]/dx[30]".')
]
DATA = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        rich_help_panel="Data",
        help="A name, or the path of a file. A network typed by hand may have an example of its own.",
    ),
]
EXAMPLE = Annotated[
    list[int] | None,
    typer.Option(
        "--example",
        metavar="N",
        min=0,
        rich_help_panel="Data",
        help="The example, by its number in the data, from 0; given again, a batch.",
    ),
]
EXAMPLES = Annotated[
    str | None,
    typer.Option(
        "--examples",
        metavar="NUMBERS",
        rich_help_panel="Data",
        help="A batch: 0:32 is the examples from 0 to 31, 0,5,7 those three; or all.",
    ),
]
NOTATION = Annotated[
    str,
    typer.Option(
        "--notation", metavar="NAME", help="note, book (the input is layer 1) or torch. Default: note."
    ),
]


def given(context: typer.Context) -> dict[str, Any]:
    """The parameters that stand on the command line, by name."""
    return {
        name: value
        for name, value in context.params.items()
        if (source := context.get_parameter_source(name)) is not None and source.name != "DEFAULT"
    }
