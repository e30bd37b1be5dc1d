"""``backlit paths``: the largest of all the paths that a derivative is a sum of, and what all of them come to."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import DATA, DATA_DIR, EXAMPLE, EXAMPLES, HELD_OUT, JSON, MODEL, NOTATION, QUANTITY

NAME = "paths"
EPILOG = """
Examples:
  backlit paths digits.safetensors "dC/dx[1,5]" --data digits --example 1514
  backlit paths digits.safetensors 'da[L]["9"]/dw[1][19,13]' --data digits --example 1514 --top 5
  backlit paths digits.safetensors "dC/db[1][4]" --data digits --examples 0:32 --json

Names are those of explain, of one number. In a batch (example, path) pairs are ranked, each with its weight in the
mean. docs/paths.md says what a path is. Exit code 1 says that the sum of all paths is not what the backward pass gives.
"""


def run(
    model: MODEL,
    name: QUANTITY,
    data: DATA = None,
    example: EXAMPLE = None,
    examples: EXAMPLES = None,
    held_out: HELD_OUT = False,
    data_dir: DATA_DIR = None,
    notation: NOTATION = "note",
    top: Annotated[
        int, typer.Option("--top", metavar="K", min=1, help="List the K largest. Default: 20.")
    ] = 20,
    as_json: JSON = False,
) -> None:
    """List the paths from Q to P of largest |contribution|, out of however many there are, and what all come to."""
    from . import chosen, parse, show

    picked = chosen.pick(
        chosen.Asked(model, name, data, example, examples, held_out, data_dir, parse.notation(notation))
    )
    paths = picked.net.paths(
        name, picked.x, picked.y, numbers=picked.numbers, notation=picked.notation, top=top
    )
    if as_json:
        about = {"model": str(model), "data": data, "held_out": held_out}
        show.emit("paths/1", {**about, "paths": paths.to_dict()})
    else:
        show.out(paths.text(width=show.columns(), colour=show.coloured()).rstrip("\n"))
    if paths.agrees is False:
        raise typer.Exit(1)
