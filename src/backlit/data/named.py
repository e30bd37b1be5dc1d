"""The data sets that have names: scikit-learn's own, the generated ones, and MNIST and its sibling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UsageError
from .dataset import Dataset
from .generated import GENERATED, draw
from .mnist import DOWNLOADED, load_mnist
from .table import Table

BUNDLED = {
    "digits": "1,797 handwritten digits of 8 × 8 pixels, 10 classes (UCI, within scikit-learn)",
    "iris": "150 flowers, 4 measures, 3 classes (Fisher 1936)",
    "wine": "178 wines, 13 chemical measures, 3 growers",
    "breast_cancer": "569 tumours, 30 measures, benign or malignant",
    "diabetes": "442 patients, 10 measures; the disease's progress after a year, a value",
}


def names() -> list[str]:
    """All names that ``load`` knows."""
    return [*BUNDLED, *GENERATED, *DOWNLOADED]


def describe(name: str) -> str:
    """One line about a named data set."""
    key = canonical(name)
    if key in BUNDLED:
        return BUNDLED[key]
    return GENERATED[key][2] if key in GENERATED else DOWNLOADED[key].about


def canonical(name: str) -> str:
    """The name as the tables have it: "fashion-mnist" is "fashion_mnist"."""
    return name.strip().lower().replace("-", "_")


def load_named(name: str, *, data_dir: str | Path | None = None, seed: int = 0, **options: Any) -> Dataset:
    """The data set of this name; raises UsageError for options that it doesn't take, DataError where it can't be had."""
    key = canonical(name)
    if key in GENERATED:
        wrong = set(options) - {"examples", "noise"}
        if wrong:
            raise UsageError(f"{key} takes examples and noise, not {', '.join(sorted(wrong))}")
        return draw(key, seed=seed, **options)
    if options:
        raise UsageError(f"{key} takes no options; got {', '.join(options)}")
    return load_mnist(key, data_dir) if key in DOWNLOADED else _bundled(key)


def _bundled(key: str) -> Dataset:
    import sklearn.datasets

    found: Any = getattr(sklearn.datasets, f"load_{key}")()
    if key == "digits":
        block = found.data.astype(np.uint8)  # grey levels from 0 to 16
        table = Table(block=block, source=key)
        return Dataset(
            key,
            table,
            found.target.astype(np.int64),
            "digit",
            "classes",
            None,
            (8, 8),
            16.0,
            about=BUNDLED[key],
        )
    table = Table(block=np.asarray(found.data), names=[str(name) for name in found.feature_names], source=key)
    if key == "diabetes":
        return Dataset(key, table, found.target, "progression", "values", about=BUNDLED[key])
    classes = tuple(str(name) for name in found.target_names)
    return Dataset(key, table, found.target.astype(np.int64), "class", "classes", classes, about=BUNDLED[key])
