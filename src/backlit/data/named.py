"""The data sets that have names: scikit-learn's own, the generated ones, and MNIST and its sibling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UsageError, unknown
from .dataset import Dataset
from .generated import GENERATED, generate
from .mnist import DOWNLOADED, load_mnist
from .table import Table

BUNDLED = {
    "digits": "1,797 handwritten digits of 8 × 8 pixels, 10 classes (Alpaydin & Kaynak 1998; within scikit-learn)",
    "iris": "150 flowers, 4 measures, 3 classes (Fisher 1936; within scikit-learn)",
    "wine": "178 wines, 13 chemical measures, 3 growers (Forina et al. 1988; within scikit-learn)",
    "breast_cancer": "569 tumours, 30 measures, benign or malignant (Street et al. 1993; within scikit-learn)",
    "diabetes": "442 patients, 10 measures; the illness a year later, a value (Efron et al. 2004; within scikit-learn)",
}


def names() -> list[str]:
    """All names that ``load`` knows."""
    return [*BUNDLED, *GENERATED, *DOWNLOADED]


def describe(name: str) -> str:
    """One line about a named data set; raises UsageError for a name that isn't known."""
    key = canonical(name)
    if key in BUNDLED:
        return BUNDLED[key]
    if key in GENERATED:
        return GENERATED[key].about
    if key in DOWNLOADED:
        return DOWNLOADED[key].about
    raise unknown("data set", name, names())


def canonical(name: str) -> str:
    """The name as the tables have it: "Fashion-MNIST" is "fashion_mnist"."""
    return name.strip().lower().replace("-", "_")


def load_named(name: str, *, data_dir: str | Path | None = None, seed: int = 0, **options: Any) -> Dataset:
    """The data set of this name; raises UsageError for options that it doesn't take, DataError where it can't be
    had.
    """
    key = canonical(name)
    if key in GENERATED:
        wrong = sorted(set(options) - {"examples", "noise"})
        if wrong:
            raise UsageError(f"{key} takes the options examples and noise; got {', '.join(wrong)}")
        return generate(key, seed=seed, **options)
    if options:
        raise UsageError(f"{key} takes no options; got {', '.join(sorted(options))}")
    return load_mnist(key, data_dir) if key in DOWNLOADED else _bundled(key)


def _bundled(key: str) -> Dataset:
    import sklearn.datasets

    found: Any = getattr(sklearn.datasets, f"load_{key}")()
    about = BUNDLED[key]
    if key == "digits":
        table = Table(block=found.data.astype(np.uint8), source=key)  # grey levels from 0 to 16
        wanted = found.target.astype(np.int64)
        return Dataset(key, table, wanted, "digit", "classes", tuple(range(10)), (8, 8), 16.0, about=about)
    table = Table(block=np.asarray(found.data), names=[str(name) for name in found.feature_names], source=key)
    if key == "diabetes":
        return Dataset(key, table, found.target, "progression", "values", about=about)
    classes = tuple(str(name) for name in found.target_names)
    wanted = np.array(classes, dtype=object)[found.target]
    return Dataset(key, table, wanted, "class", "classes", classes, about=about)
