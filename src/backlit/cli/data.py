"""``backlit data``: which sets have names, and what is in one, or in a file: images drawn, tables shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DATA_DIR, JSON

if TYPE_CHECKING:
    from ..data import Dataset

HELP = "Look at data: the sets that have names, and what is in them or in a file."
EPILOG = """
Examples:
  backlit data list
  backlit data show digits --limit 12
  backlit data show people.csv
"""
LIST_EPILOG = """
Examples:
  backlit data list
  backlit data list --json
"""
SHOW_EPILOG = """
Examples:
  backlit data show digits --limit 12
  backlit data show people.csv --target income
  backlit data show iris --json
"""


def list_sets(as_json: JSON = False) -> None:
    """Say which data sets have names."""
    from .. import data
    from . import show

    found = [(name, data.describe(name)) for name in data.names()]
    if as_json:
        show.emit("data-list/1", {"sets": [{"name": name, "about": about} for name, about in found]})
        return
    indent = max(len(name) for name, _ in found) + 2
    heads, *rows = show.table(["name", "what it is"], found, left=2)
    show.out("\n".join([heads, *(show.wrapped(row, indent) for row in rows)]))
    show.out("\n" + show.wrapped("Any of them, or a file, is what train takes: backlit train digits"))


def show_set(
    source: Annotated[str, typer.Argument(metavar="NAME|PATH", help="A name, or the path of a file.")],
    target: Annotated[
        str | None,
        typer.Option(
            "--target", metavar="COLUMN", help="The column to learn, where the file doesn't make it clear."
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Examples to show. Default: 10.")
    ] = 10,
    data_dir: DATA_DIR = None,
    as_json: JSON = False,
) -> None:
    """Show the first examples: images as pictures, tables with what each column holds."""
    from . import look, show

    dataset = look.load(source, target, data_dir)
    if as_json:
        show.emit("data-show/1", look.as_dict(dataset, source, limit))
        return
    show.out("\n".join(_lines(dataset, limit)))


def _lines(dataset: Dataset, limit: int) -> list[Any]:
    from . import look

    return [
        *look.heading(dataset),
        "",
        *(look.images(dataset, limit) if dataset.image else look.rows(dataset, limit)),
    ]
