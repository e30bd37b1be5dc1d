"""``backlit nudges``: what each example would like of chosen weights, biases and activations."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import DATA_DIR, HELD_OUT, JSON, MODEL, NOTATION, OWN_OR_DATA

NAME = "nudges"
EPILOG = """
Examples:
  backlit nudges digits.safetensors digits
  backlit nudges digits.safetensors digits --of "w[2][3,5]" --of "b[2]" --examples 0,5,7
  backlit nudges digits.safetensors digits --of "w[2][3,:]" --json

A nudge is −∂C_x/∂·, the way an example would push a weight to lower its own cost; the average is over all examples of
DATA, and is the way that training goes. Names are those of explain, with slices: w[2][3,0:8].
"""
_FIRST = 10  # examples shown where none are chosen


def run(
    model: MODEL,
    data: OWN_OR_DATA = None,
    of: Annotated[
        list[str] | None,
        typer.Option(
            "--of",
            metavar="NAME",
            help="A column of the table, or several; may be given again. Default: the 8 parameters whose average is "
            "largest.",
        ),
    ] = None,
    examples: Annotated[
        str | None,
        typer.Option(
            "--examples",
            metavar="NUMBERS",
            help="Rows of the table: 0,5,7, or 0:8 for 0 to 7. Default: the first 10 of the data.",
        ),
    ] = None,
    notation: NOTATION = "note",
    held_out: HELD_OUT = False,
    data_dir: DATA_DIR = None,
    as_json: JSON = False,
) -> None:
    """Show what each example would like: its nudges to chosen weights, biases or activations, and the average."""
    from .. import files, pipeline
    from . import chosen, parse, show

    net = files.load(model)
    rows = None if examples is None else parse.numbers("--examples", examples)
    found = pipeline.examples_of(net, data, held_out=held_out, data_dir=data_dir, need_target=True)
    numbers = found.numbers.tolist()
    places = [*range(len(numbers))][:_FIRST] if rows is None else chosen.places(numbers, rows, held_out)
    nudges = net.nudges(
        *found.encoded(net), of=of or None, examples=places, notation=parse.notation(notation)
    )
    nudges = nudges.called(found.numbers[places])
    if as_json:
        show.emit("nudges/1", {"model": str(model), "data": data, "held_out": held_out, **nudges.to_dict()})
        return
    show.out(nudges.text(width=show.columns(), colour=show.coloured()))
