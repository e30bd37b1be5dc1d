"""``backlit check``: every entry of a model's gradient beside what its forward pass alone says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DATA_DIR, EXAMPLE, EXAMPLES, HELD_OUT, JSON, MODEL, OWN_OR_DATA

if TYPE_CHECKING:
    from ..network import Network

NAME = "check"
EPILOG = """
Examples:
  backlit check digits.safetensors digits
  backlit check digits.safetensors digits --held-out --examples all
  backlit check digits.safetensors digits --example 1514 --digits 50
  backlit check digits.safetensors digits --l2 0.001 --method differences
  backlit check big.safetensors mnist --sample 5000 --json
  backlit check homework.toml

The gradient is that of the mean cost over the examples, the first 10 unless others are chosen. An entry agrees,
differs, or cannot be tested: at a kink (of a neuron that is named), or where rounding hides it. Exit code 1 says that
an entry differs, or that none could be tested.
"""
_FIRST = 10  # examples where none are chosen


def run(
    model: MODEL,
    data: OWN_OR_DATA = None,
    example: EXAMPLE = None,
    examples: EXAMPLES = None,
    held_out: HELD_OUT = False,
    data_dir: DATA_DIR = None,
    l1: Annotated[float, typer.Option("--l1", metavar="NUMBER", help="Include l1 · Σ|w|. Default: 0.")] = 0.0,
    l2: Annotated[
        float, typer.Option("--l2", metavar="NUMBER", help="Include (l2/2) · Σw². Default: 0.")
    ] = 0.0,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            metavar="NAME",
            help="differences, complex or digits; may be given again. Default: all that the functions allow, digits "
            "where they are quick.",
        ),
    ] = None,
    digits: Annotated[
        int | None,
        typer.Option(
            "--digits", metavar="N", help="Check in so many digits as well, from 20 to 66. Default: 50."
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            metavar="N",
            min=1,
            help="Check N entries, drawn at random. Default: all, unless they would take minutes.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="What the sample is drawn with. Default: 0.")
    ] = 0,
    engine: Annotated[
        str,
        typer.Option("--engine", metavar="NAME", help="Whose gradient: auto, cpu or numpy. Default: auto."),
    ] = "auto",
    as_json: JSON = False,
) -> None:
    """Check every entry of the gradient: by differences, complex step and, where that is quick, 50 digits."""
    from .. import files
    from ..verify.checks.check import check
    from . import show

    net = files.load(model)
    x, y, numbers = _examples(net, data, example, examples, held_out, data_dir)
    report = check(
        net, x, y, methods=method or None, digits=digits, sample=sample, seed=seed, l1=l1, l2=l2, engine=engine,
        numbers=numbers,
    )  # fmt: skip
    if as_json:
        about = {"model": str(model), "data": data, "held_out": held_out}
        show.emit("check/1", {**about, **report.to_dict()})
    else:
        show.out(report.text(width=show.columns(), colour=show.coloured()).rstrip("\n"))
    if not report.passed:
        raise typer.Exit(1)


def _examples(
    net: Network,
    data: str | None,
    example: list[int] | None,
    examples: str | None,
    held_out: bool,
    data_dir: Path | None,
) -> tuple[Any, Any, Any]:
    """x, y and the numbers of the examples that were chosen, or of the first ones, which is said."""
    from .. import pipeline
    from ..errors import UsageError
    from . import chosen, parse
    from .messages import say

    if example and examples is not None:
        raise UsageError("--example and --examples both choose; give one of them")
    wanted = [range(number, number + 1) for number in example or []]
    if examples is not None:
        wanted = parse.numbers("--examples", examples)
    found = pipeline.examples_of(net, data, held_out=held_out, data_dir=data_dir, need_target=True)
    numbers = found.numbers
    if wanted:
        some = chosen.places(numbers.tolist(), wanted, held_out)
    else:
        some = [*range(len(numbers))][:_FIRST]
        if len(numbers) > _FIRST:
            say(f"the first {_FIRST} of {len(numbers):,} examples; --examples chooses others")
    if found.own is not None:
        return found.own[0][some], found.own[1][some], numbers[some]
    assert found.dataset is not None
    taken = pipeline.Examples(found.dataset.take(some), numbers[some])
    return (*taken.encoded(net), numbers[some])
