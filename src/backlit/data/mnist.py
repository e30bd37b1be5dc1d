"""MNIST and Fashion-MNIST: found on disk, or fetched once from one of several mirrors into the user's cache directory.

Places in this order: ``data_dir``, ``$BACKLIT_DATA/<name>/``, the cache, then the mirrors. What is fetched is used only
where its SHA-256 is the published one, and takes its place by a rename, so two processes may fetch at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from .dataset import Dataset
from .idx import read_idx
from .table import Table

Array = Any
TIMEOUT = 30.0  # seconds without a byte, after which the next mirror is tried
_PARTS = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class Source:
    """Where a data set can be fetched, and what its four files' SHA-256 must be, in gzip."""

    about: str
    mirrors: tuple[str, ...]
    sha256: tuple[str, str, str, str]
    classes: tuple[str, ...] | None = None


DOWNLOADED: dict[str, Source] = {
    "mnist": Source(
        "70,000 handwritten digits of 28 × 28 pixels, 10 classes (LeCun, Cortes & Burges); fetched once, 11 MB",
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
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
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
    source = DOWNLOADED[key]
    paths = [_find(key, part, sha256, data_dir) for part, sha256 in zip(_PARTS, source.sha256, strict=True)]
    sets = [_set(key, source, images, labels) for images, labels in (paths[:2], paths[2:])]
    train, test = sets
    return Dataset(**{**_fields(train), "test": test})


def _fields(dataset: Dataset) -> dict[str, Any]:
    return {name: getattr(dataset, name) for name in dataset.__dataclass_fields__}


def _set(key: str, source: Source, images: Path, labels: Path) -> Dataset:
    return images_and_labels(key, images, labels, source.classes, source.about)


def images_and_labels(
    name: str, images: Path, labels: Path, classes: tuple[str, ...] | None = None, about: str = ""
) -> Dataset:
    """A data set of an IDX file of images and one of labels; raises DataError where they don't belong together."""
    pixels, wanted = read_idx(images), read_idx(labels)
    if pixels.ndim != 3 or wanted.ndim != 1:
        raise DataError(
            f"{images} has {pixels.ndim} dimensions and {labels} {wanted.ndim}; images have three and labels one"
        )
    if len(pixels) != len(wanted):
        raise DataError(
            f"{images} has {len(pixels):,} images and {labels} {len(wanted):,} labels; they don't belong together"
        )
    table = Table(block=pixels.reshape(len(pixels), -1), source=str(images))
    white = 255.0 if pixels.dtype == np.uint8 else 1.0
    shape = (int(pixels.shape[1]), int(pixels.shape[2]))
    return Dataset(
        name, table, wanted.astype(np.int64), "label", "classes", classes, shape, white, about=about
    )


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
    """The user's cache directory for a data set."""
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
            f"{data_dir} has no {part} or {part}.gz; give the folder that holds the four files of {key}"
        )
    return fetch(DOWNLOADED[key].mirrors, f"{part}.gz", sha256, cache(key))


def fetch(mirrors: Sequence[str], name: str, sha256: str, folder: Path) -> Path:
    """Fetches a file from the first mirror that has it whole into ``folder``; raises DataError with every mirror's reason.

    A file whose SHA-256 is not the one given is deleted, and never used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise DataError(
            f"{folder} can't be made ({reason.strerror}); set BACKLIT_DATA to a folder with the files"
        ) from reason
    reasons = []
    for mirror in mirrors:
        try:
            return _fetch_one(mirror.rstrip("/") + "/" + name, sha256, folder / name)
        except (OSError, http.client.HTTPException, DataError) as reason:
            reasons.append(f"{mirror}: {getattr(reason, 'reason', None) or reason}")
    raise DataError(
        f"{name} could not be fetched from any mirror ({'; '.join(reasons)}); put the files into a folder and give it with "
        "--data-dir or BACKLIT_DATA"
    )


def _fetch_one(url: str, sha256: str, target: Path) -> Path:
    digest = hashlib.sha256()
    request = urllib.request.Request(url, headers={"User-Agent": "backlit"})
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file, urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            length = answer.headers.get("Content-Length")
            size = 0
            while block := answer.read(1 << 16):
                digest.update(block)
                file.write(block)
                size += len(block)
        if length is not None and size != int(length):
            raise DataError(f"it ended after {size:,} of {int(length):,} bytes")
        if digest.hexdigest() != sha256:
            raise DataError(
                f"its SHA-256 is {digest.hexdigest()[:12]}… and should be {sha256[:12]}…; it was deleted"
            )
        Path(temporary).replace(target)
    finally:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
    return target
