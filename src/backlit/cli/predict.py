"""``backlit predict``: raw rows or pictures in; class names, or values in the target's own unit, out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import DATA_DIR, HELD_OUT, JSON, LIMIT, MODEL

NAME = "predict"
EPILOG = """
Examples:
  backlit predict digits.safetensors digits --held-out --limit 5 --draw
  backlit predict income.safetensors new_people.csv --out answers.csv
  backlit predict mnist.safetensors photo.png
  backlit predict mnist.safetensors photos/ --json

Columns are found by their names; the target's column may be missing. A picture shows one digit, dark on light or light
on dark; what the network was fed is drawn.
"""


def run(
    model: MODEL,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            show_default=False,
            help="A name, the path of a file, a picture, or a folder of pictures. A network typed by hand may have "
            "its own.",
        ),
    ] = None,
    held_out: HELD_OUT = False,
    limit: LIMIT = None,
    data_dir: DATA_DIR = None,
    top: Annotated[
        int, typer.Option("--top", metavar="K", min=1, help="Show the K likeliest classes. Default: 1.")
    ] = 1,
    draw: Annotated[bool, typer.Option("--draw", help="Draw the images in the terminal.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="CSV", help="Write all answers into this file as well.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Use a model: its answers for the rows of a table, or for pictures.

    At most 20 rows are shown unless --limit says otherwise; --out and --json have all of them.
    """
    from . import answers

    answers.show_answers(answers.Asked(model, data, held_out, limit, data_dir, top, draw, out, as_json))
