"""``backlit explain``: one derivative of a network at an example, as the chain rule with its numbers and its proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DATA, DATA_DIR, EXAMPLE, EXAMPLES, HELD_OUT, JSON, MODEL, NOTATION, QUANTITY

if TYPE_CHECKING:
    from ..explain import Derivation

NAME = "explain"
EPILOG = """
Examples:
  backlit explain digits.safetensors "dC/dw[1][19,13]" --data digits --example 1514
  backlit explain digits.safetensors 'da[L]["9"]/dx[1,5]' --data digits --example 1514 --depth 2
  backlit explain digits.safetensors "dC/dw[2][3,5]" --data digits --examples 0:32 --l2 0.001
  backlit explain digits.safetensors "dC/dw[2]" --data digits --example 7 --json
  backlit explain digits.safetensors "dC/db[1][4]" --data digits --example 7 --out derivation.tex
  backlit explain homework.toml "dC/dw[1][0,1]"

A name is ∂P/∂Q with P of C, a[l][j], z[l][j] and Q of w[l][j,k], b[l][j], z[l][j], a[l][k], x[k], raw["column"]; L is
the output's layer, class and column names serve as indices, and ":" or no index means a whole array. Exit code 1 says
that the proof, the last lines, found something that disagrees.
"""
_ENDINGS = {
    ".txt": "text", ".tex": "latex", ".html": "html", ".htm": "html", ".md": "markdown", ".json": "json"
}  # fmt: skip
_FORMATS = ("text", "latex", "html", "markdown", "json")


def run(
    model: MODEL,
    name: QUANTITY,
    data: DATA = None,
    example: EXAMPLE = None,
    examples: EXAMPLES = None,
    held_out: HELD_OUT = False,
    data_dir: DATA_DIR = None,
    notation: NOTATION = "note",
    depth: Annotated[
        int,
        typer.Option(
            "--depth", metavar="N", min=0, help="How many sums are opened below one another. Default: 1."
        ),
    ] = 1,
    l1: Annotated[float, typer.Option("--l1", metavar="NUMBER", help="Include l1 · Σ|w|. Default: 0.")] = 0.0,
    l2: Annotated[
        float, typer.Option("--l2", metavar="NUMBER", help="Include (l2/2) · Σw². Default: 0.")
    ] = 0.0,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text, latex, html, markdown or json. Default: what --out ends in, else text.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it into this file, not to stdout.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Explain a derivative: the chain rule with its symbols, its numbers, every sum, and a proof that it is right.

    Several examples are a batch: ∂C/∂w and ∂C/∂b are then the mean over them.
    """
    from ..storage import check_writable
    from . import chosen, parse
    from .messages import refuse_own_input

    form = _form(form, out, as_json)
    refuse_own_input("--out", out, *filter(None, (model, data)))
    if out is not None:
        check_writable(out, "the derivation")
    picked = chosen.pick(
        chosen.Asked(model, name, data, example, examples, held_out, data_dir, parse.notation(notation))
    )
    derivation = picked.net.explain(
        name, picked.x, picked.y, numbers=picked.numbers, notation=picked.notation, depth=depth, l1=l1, l2=l2
    )
    about = {"model": str(model), "data": data, "held_out": held_out}
    _deliver(_shown(derivation, form, about, out), out)
    if not derivation.check():
        raise typer.Exit(1)


def _form(form: str | None, out: Path | None, as_json: bool) -> str:
    """The format that is asked for; raises UsageError for an unknown one, and for two that contradict."""
    from ..errors import UsageError, unknown

    if form is not None and form not in _FORMATS:
        raise unknown("--format", form, _FORMATS)
    if as_json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} contradict each other; leave one of them out")
    if as_json:
        return "json"
    return form or _ENDINGS.get("" if out is None else out.suffix.lower(), "text")


def _shown(derivation: Derivation, form: str, about: dict[str, Any], out: Path | None) -> str:
    """The derivation in its format, ending with a line's end; a file gets no colours and 100 columns."""
    from . import show

    match form:
        case "json":
            told = show.document("explain/1", {**about, "derivation": derivation.to_dict()})
        case "latex":
            told = derivation.latex(full=True)
        case "html":
            told = derivation.html(page=True)
        case "markdown":
            told = derivation.markdown()
        case _:
            width, colour = (show.WIDTH, False) if out else (show.columns(), show.coloured())
            told = derivation.text(width=width, colour=colour)
    return told.rstrip("\n") + "\n"


def _deliver(text: str, out: Path | None) -> None:
    """To stdout, or into the file, and then one line says so."""
    from ..storage import write_safely
    from . import show
    from .messages import say

    if out is None:
        show.out(text.rstrip("\n"))
        return
    write_safely(out, text.encode(), "the derivation")
    say(f"the derivation is in {out}")
