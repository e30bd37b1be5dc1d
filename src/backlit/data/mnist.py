"""MNIST and Fashion-MNIST: found on disk, or fetched once from one of several mirrors into the user's cache directory.

Places in this order: ``data_dir``, ``$BACKLIT_DATA/<name>/``, the cache, then the mirrors. In gzip or not, both
are read.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from ..spelling import counted
from .dataset import Dataset, classes_of
from .download import fetch
from .idx import read_idx
from .table import Table

Array = Any
PARTS = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class Source:
    """Where a data set can be fetched, and what the SHA-256 of its four files (``PARTS``, in gzip) must be."""

    about: str
    mirrors: tuple[str, ...]
    sha256: tuple[str, str, str, str]
    classes: tuple[str, ...] | None = None


DOWNLOADED: dict[str, Source] = {
    "mnist": Source(
        "70,000 handwritten digits of 28 × 28 pixels, 10 classes (LeCun et al. 1998); fetched once, 11 MB",
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://systemds.apache.org/assets/datasets/mnist/",
        ),
        (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
    "fashion_mnist": Source(
        "70,000 pictures of clothes, 28 × 28 pixels, 10 classes (Xiao, Rasul & Vollgraf 2017); fetched once, 31 MB",
        (
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
        (
            "t-shirt",
            "trousers",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ),
    ),
}


def load_mnist(key: str, data_dir: str | Path | None = None) -> Dataset:
    """The 60,000 examples to train on, with the 10,000 to test on as ``.test``; pixels stay uint8. Raises DataError."""
    paths = [
        _find(key, part, sha256, data_dir) for part, sha256 in zip(PARTS, DOWNLOADED[key].sha256, strict=True)
    ]
    train, test = (
        dataclasses.replace(_labelled(images_and_labels(key, *pair), key), about=DOWNLOADED[key].about)
        for pair in (paths[:2], paths[2:])
    )
    return dataclasses.replace(train, test=test)


def _labelled(dataset: Dataset, key: str) -> Dataset:
    """With the names of the classes, or the numbers 0 to 9, whichever of them are there."""
    names = DOWNLOADED[key].classes
    if dataset.wanted.min() < 0 or dataset.wanted.max() > 9:
        raise DataError(
            f"the labels beside {dataset.source} are not those of {key}, which go from 0 to 9; fetch them again"
        )
    if names is None:
        return dataclasses.replace(dataset, classes=tuple(range(10)))
    return dataclasses.replace(dataset, classes=names, wanted=np.array(names, dtype=object)[dataset.wanted])


def images_and_labels(name: str, images: Path, labels: Path) -> Dataset:
    """A data set of an IDX file of images and one of labels; raises DataError where they don't belong together."""
    pixels, wanted = read_idx(images), read_idx(labels)
    if pixels.ndim != 3 or wanted.ndim != 1 or wanted.dtype.kind not in "iu":
        raise DataError(
            f"{images} has {counted(pixels.ndim, 'dimension')} and {labels} {wanted.ndim}, of {wanted.dtype}; images "
            "have three, and labels one, of whole numbers: give files that belong together"
        )
    if len(pixels) != len(wanted):
        raise DataError(
            f"{images} has {counted(len(pixels), 'image')} and {labels} {counted(len(wanted), 'label')}; "
            "give files that belong together"
        )
    if not pixels.size:
        raise DataError(f"{images} has no images; fetch it again")
    wanted = wanted.astype(np.int64)
    image, white = as_image(pixels)
    table = Table(block=pixels.reshape(len(pixels), -1), source=str(images))
    return Dataset(name, table, wanted, "label", "classes", classes_of(wanted), image, white)


def as_image(pixels: Array) -> tuple[tuple[int, int] | None, float]:
    """(height, width) of images (n, height, width) and the number of a lit pixel: 255 for bytes, else 1 or the largest.

    Numbers below 0 are no light: then there is no shape, and the block counts as plain numbers.
    """
    if pixels.dtype == np.uint8:
        return (int(pixels.shape[1]), int(pixels.shape[2])), 255.0
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        return (int(pixels.shape[1]), int(pixels.shape[2])), 1.0  # refused with its place when it is used
    if pixels.min() < 0:
        return None, 1.0
    return (int(pixels.shape[1]), int(pixels.shape[2])), max(1.0, float(pixels.max()))


def _places(key: str, data_dir: str | Path | None) -> list[Path]:
    if data_dir is not None:
        given = Path(data_dir)
        return [given, given / key, given / key.replace("_", "-")]
    places = []
    if os.environ.get("BACKLIT_DATA"):
        root = Path(os.environ["BACKLIT_DATA"])
        places += [root / key, root / key.replace("_", "-")]
    return [*places, cache(key)]


def cache(key: str) -> Path:
    """The folder within the user's cache directory where a data set is kept."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("backlit")) / key


def _find(key: str, part: str, sha256: str, data_dir: str | Path | None) -> Path:
    """The path of one file, in gzip or not; fetched into the cache where it is in none of the places."""
    for place in _places(key, data_dir):
        for name in (part, f"{part}.gz", part.replace("-idx", ".idx")):
            if (place / name).is_file():
                return place / name
    if data_dir is not None:
        raise DataError(
            f"{data_dir} has no {part} or {part}.gz; give the folder that holds the four files of {key}, or leave it "
            "away and they are fetched"
        )
    return fetch(DOWNLOADED[key].mirrors, f"{part}.gz", sha256, cache(key))
