"""Data: named sets, files and tables from Python, and the recipe that turns raw columns into what a network takes.

``load("digits")``, ``load("people.csv", target="income")``; ``Recipe.learn`` for tables; ``split`` for honest numbers;
``images`` for photographs. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import DataError, UsageError, nearest
from ..inputs import Pixels
from ..spelling import spelt
from . import drawing, images
from .dataset import Dataset, refuse_other_target, with_target
from .named import canonical, describe, load_named, names
from .read import exists, load_file
from .recipe import Recipe
from .split import split
from .table import Table

__all__ = ["Dataset", "Pixels", "Recipe", "Table", "describe", "drawing", "images", "load", "names", "split"]


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

    ``limit`` takes the first examples, ``seed`` and ``options`` (examples, noise) are for generated sets,
    ``header`` says whether a CSV file has a heading (found out otherwise), ``data_dir`` where MNIST lies. Raises
    DataError and UsageError.
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise UsageError(f"{spelt('limit')} is a whole number of at least 1; got {limit!r}")
    if isinstance(source, (str, Path)) and canonical(str(source)) in names():
        named = load_named(str(source), data_dir=data_dir, seed=seed, **options)
        refuse_other_target(named, target)
        return named.limited(limit)
    if options:
        raise UsageError(f"only generated data sets take options; got {', '.join(sorted(options))}")
    if isinstance(source, Dataset):
        return source.limited(limit)
    if not isinstance(source, (str, Path)):
        table = Table.from_any(source)
        return with_target(table, target, table.source).limited(limit)
    path = Path(source)
    if not exists(path) and not path.suffix and len(path.parts) <= 1:
        close = nearest(str(source), names())
        hint = f" Did you mean {close!r}?" if close else ""
        raise DataError(
            f"there is no data set and no file called {str(source)!r}.{hint} Known: {', '.join(names())}."
        )
    return load_file(path, target=target, header=header).limited(limit)
