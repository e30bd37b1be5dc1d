"""``backlit examples``: the examples of a set in the order of their pull; those with a wrong label are often first."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import DATA_DIR, HELD_OUT, JSON, MODEL, OWN_OR_DATA

NAME = "examples"
EPILOG = """
Examples:
  backlit examples digits.safetensors digits
  backlit examples digits.safetensors digits --by cost --limit 5
  backlit examples income.safetensors people.csv --by margin --json

Ranked by gradient-norm (the longest gradient first), cost (the largest first), cosine with the mean gradient (those
that pull against the others first) or margin (those whose right class is furthest behind first). The first are often
mislabelled: docs/examples.md says how often.
"""
_ROWS = 20


def run(
    model: MODEL,
    data: OWN_OR_DATA = None,
    by: Annotated[
        str,
        typer.Option(
            "--by", metavar="NAME", help="gradient-norm, cost, cosine or margin. Default: gradient-norm."
        ),
    ] = "gradient-norm",
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help="Show the first N of the ranking. Default: 20; all with --json.",
        ),
    ] = None,
    held_out: HELD_OUT = False,
    data_dir: DATA_DIR = None,
    as_json: JSON = False,
) -> None:
    """Rank examples by how hard each pulls at the weights: its gradient's length, its cost, its direction."""
    from .. import files, pipeline
    from ..spelling import counted
    from . import show

    net = files.load(model)
    found = pipeline.examples_of(net, data, held_out=held_out, data_dir=data_dir, need_target=True)
    ranking = net.rank_examples(*found.encoded(net), by=by, limit=limit).called(found.numbers)
    if as_json:
        show.emit(
            "examples/1", {"model": str(model), "data": data, "held_out": held_out, **ranking.to_dict()}
        )
        return
    shown = limit or _ROWS
    show.out(ranking.text(width=show.columns(), colour=show.coloured(), limit=shown))
    if shown < len(ranking):
        show.out(f"\n{counted(len(ranking) - shown, 'more example')}; --limit and --json show more.")
