"""``backlit worksheet``: exercises with separate keys, of invented networks or of a model; and marking of answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DATA_DIR, HELD_OUT, JSON

if TYPE_CHECKING:
    from ..worksheets import Sheet

NAME = "worksheet"
EPILOG = """
Examples:
  backlit worksheet --out class
  backlit worksheet --layers 2,3,2 --kind weight --kind delta --number 30 --seed 7 --out class
  backlit worksheet --depth 3 --activation relu,identity --cost half_squared_error --out whole-numbers
  backlit worksheet --model digits.safetensors --data digits --example 1514 --out mine
  backlit worksheet --mark class/sheets/sheet-01.answers.json --key class/keys/key-01.json

Kinds are forward, weight, delta, paths, update and mistake; without --kind, a sheet has one question of each. FOLDER
gets sheets (HTML, LaTeX, JSON, PDF where pdflatex is there, and an empty answer to fill in) and keys, in a folder
of their own. The same seed gives the same sheets. docs/worksheets.md tells how answers are written.
"""
_FEW = 5  # sheets whose PDFs are made without a word
_INVENTED, _MODEL, _MARK = "Invented networks", "Your model", "Marking"


def run(
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="forward, weight, delta, paths, update or mistake; may be given again. Default: all.",
        ),
    ] = None,
    number: Annotated[
        int, typer.Option("--number", metavar="N", min=1, help="How many sheets, all different. Default: 1.")
    ] = 1,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Another seed makes other sheets. Default: 0.")
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Where the files go. Default: worksheets."),
    ] = None,
    no_pdf: Annotated[bool, typer.Option("--no-pdf", help="Make no PDF, though pdflatex is there.")] = False,
    eta: Annotated[
        float | None,
        typer.Option("--eta", metavar="NUMBER", help="η of the update. Default: by chance, 0.1 to 2."),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers",
            metavar="SIZES",
            rich_help_panel=_INVENTED,
            help="The sizes of all layers, inputs and outputs too: 2,3,2. Default: 2 or 3 each.",
        ),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth", metavar="N", rich_help_panel=_INVENTED, help="How many layers of weights. Default: 2."
        ),
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(
            "--activation",
            metavar="NAMES",
            rich_help_panel=_INVENTED,
            help="One, or two (hidden, output), or one for each layer. Default: sigmoid.",
        ),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option("--cost", metavar="NAME", rich_help_panel=_INVENTED, help="Default: squared_error."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            rich_help_panel=_MODEL,
            help="A model file, or a network typed by hand: of wide layers, a few neurons.",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data", metavar="DATA", rich_help_panel=_MODEL, help="The data that the examples are of."
        ),
    ] = None,
    example: Annotated[
        int | None,
        typer.Option(
            "--example",
            metavar="N",
            min=0,
            rich_help_panel=_MODEL,
            help="The example, by its number. Default: by chance, another one for each sheet.",
        ),
    ] = None,
    held_out: HELD_OUT = False,
    data_dir: DATA_DIR = None,
    mark: Annotated[
        Path | None,
        typer.Option(
            "--mark",
            metavar="ANSWERS",
            rich_help_panel=_MARK,
            help="Mark this file of answers, or all of a folder, and make no sheets.",
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="KEY", rich_help_panel=_MARK, help="The key, or the folder of keys, in JSON."
        ),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Make worksheets on backpropagation with separate, worked keys; or mark answers, naming the mistakes in them."""
    if mark is not None or key is not None:
        _mark(mark, key, as_json)
        return
    from .. import worksheets
    from ..worksheets import folder, pdf
    from . import parse
    from .messages import refuse_own_input, say

    place = out if out is not None else Path("worksheets")
    refuse_own_input("--out", out, *filter(None, (model, data)))
    options: dict[str, Any] = {"seed": seed, "eta": eta}
    if kind:
        options["kinds"] = tuple(kind)
    if model is None:
        _refuse(
            {"--data": data, "--example": example, "--held-out": held_out or None, "--data-dir": data_dir}
        )
        options |= {
            "layers": None if layers is None else parse.layers(layers),
            "depth": depth,
            "activation": parse.words(activation or "sigmoid"),
            "cost": cost or "squared_error",
        }
    else:
        _refuse_invented({"--layers": layers, "--depth": depth, "--activation": activation, "--cost": cost})
        options |= _of_model(model, data, example, held_out, data_dir)
    folder.check_free(place)
    sheets = worksheets.make(number, **options)
    with_pdf = not no_pdf and pdf.pdflatex() is not None
    if with_pdf and number > _FEW:
        say(f"making {2 * number} PDFs; without them, with --no-pdf, it is faster")
    written = folder.write(sheets, place, pdf=with_pdf)
    if not with_pdf and not no_pdf:
        say(
            "there is no pdflatex here, so there are no PDFs; the HTML prints as well, and the .tex compiles elsewhere"
        )
    _tell(sheets, place, written, as_json)


def _refuse(given: dict[str, Any]) -> None:
    """Options of a model where there is none."""
    from ..errors import UsageError

    for option, value in given.items():
        if value is not None:
            raise UsageError(f"{option} is for sheets of a model; give --model too, or leave {option} out")


def _refuse_invented(given: dict[str, Any]) -> None:
    from ..errors import UsageError

    for option, value in given.items():
        if value is not None:
            raise UsageError(
                f"{option} is for invented networks, and --model has its own; leave one of them out"
            )


def _of_model(
    model: Path, data: str | None, example: int | None, held_out: bool, data_dir: Path | None
) -> dict[str, Any]:
    """The network and its examples, as worksheets.make takes them."""
    from .. import files, pipeline
    from ..errors import UsageError
    from . import chosen

    net = files.load(model)
    if data is None and net.example is None:
        raise UsageError(
            "--data is missing: name the data that the examples are of, as in --data digits; only a network typed by "
            "hand with an example of its own needs none"
        )
    found = pipeline.examples_of(net, data, held_out=held_out, data_dir=data_dir, need_target=True)
    numbers = found.numbers.tolist()
    x, y = found.encoded(net)
    if example is not None:
        rows = chosen.places(numbers, [range(example, example + 1)], held_out)
        x, y, numbers = x[rows], y[rows], [numbers[row] for row in rows]
    return {"net": net, "x": x, "y": y, "numbers": numbers, "source": model.name}


def _tell(sheets: Sequence[Sheet], place: Path, written: Sequence[Path], as_json: bool) -> None:
    """What was made, and what comes next."""
    from ..spelling import counted
    from . import show

    if as_json:
        listed = [
            {"sheet": one.id, "number": one.number, "points": one.points, "questions": len(one.questions)}
            for one in sheets
        ]
        show.emit(
            "worksheets/1", {"folder": str(place), "sheets": listed, "files": [str(one) for one in written]}
        )
        return
    width = max(2, len(str(len(sheets))))
    show.out(f"{counted(len(sheets), 'sheet')} in {place / 'sheets'}, and their keys in {place / 'keys'}")
    rows = [
        (
            f"{one.number:0{width}d}",
            one.id,
            ", ".join(question.kind for question in one.questions),
            f"{one.points:g}",
        )
        for one in sheets[:10]
    ]
    show.out("\n".join(show.table(("sheet", "id", "questions", "points"), rows, left=3, indent=2)))
    if len(sheets) > len(rows):
        show.out(f"  … and {len(sheets) - len(rows)} more")
    first = f"{1:0{width}d}"
    answers, key = place / "sheets" / f"sheet-{first}.answers.json", place / "keys" / f"key-{first}.json"
    show.out(f"Print {place / 'sheets' / f'sheet-{first}.html'}, or fill in {answers.name} and mark it:")
    show.out(f"  {show.command('backlit', 'worksheet', '--mark', str(answers), '--key', str(key))}")


def _mark(answers: Path | None, key: Path | None, as_json: bool) -> None:
    """Marks a file, or all files of a folder."""
    from ..errors import UsageError
    from ..worksheets import batch, report
    from . import show

    if answers is None or key is None:
        missing = "--key" if key is None else "--mark"
        raise UsageError(
            f"{missing} is missing: marking takes answers and their key, --mark ANSWERS --key KEY"
        )
    marked = batch.mark_files(answers, key)
    if as_json:
        show.emit(
            "worksheets-marked/1",
            {"marks": [{"file": str(path), **marks.to_dict()} for path, marks in marked]},
        )
    elif answers.is_dir():
        show.out(report.summary([(path.name, marks) for path, marks in marked]))
    else:
        show.out(marked[0][1].text())
