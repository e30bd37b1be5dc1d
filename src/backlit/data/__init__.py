"""Data: named sets, files and tables from Python, and the recipe that turns raw columns into what a network takes.

``load("digits")``, ``load("people.csv", target="income")``; ``Recipe.learn`` for tables. Nothing heavy is imported
before it is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import DataError, UsageError, nearest
from .dataset import Dataset
from .named import canonical, describe, load_named, names
from .read import load_file
from .recipe import Recipe
from .table import Table

__all__ = ["Dataset", "Recipe", "Table", "describe", "load", "names"]


def load(
    source: Any,
    *,
    target: str | None = None,
    data_dir: str | Path | None = None,
    limit: int | None = None,
    seed: int = 0,
    header: bool | None = None,
    **options: Any,
) -> Dataset:
    """A Dataset of a name (``names()``), a path, or a table from Python with its ``target`` column.

    ``limit`` takes the first examples, ``seed`` and ``options`` (examples, noise) are for generated sets, ``header`` says
    whether a CSV file has a heading (found out otherwise), ``data_dir`` where MNIST lies. Raises DataError and UsageError.
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise UsageError(f"limit is a whole number of at least 1; got {limit!r}")
    if not isinstance(source, (str, Path)):
        from .dataset import with_target

        table = Table.from_any(source)
        return with_target(table, target, table.source).limited(limit)
    path = Path(source)
    if canonical(str(source)) in names() and not path.is_file():
        return load_named(str(source), data_dir=data_dir, seed=seed, **options).limited(limit)
    if not path.exists() and not path.suffix and len(path.parts) == 1:
        close = nearest(str(source), names())
        hint = f" Did you mean {close!r}?" if close else ""
        raise DataError(
            f"there is no data set and no file called {str(source)!r}.{hint} Known: {', '.join(names())}."
        )
    if options:
        raise UsageError(f"a file takes no options; got {', '.join(options)}")
    return load_file(path, target=target, header=header).limited(limit)
