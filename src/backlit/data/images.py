"""Photographs and drawings of single digits, made into what a network on images was trained on, the way MNIST's were made.

Light ink on dark ground; the ink's box scaled to fit 20 × 20 pixels with its ratio kept, and its centre of mass put into
the middle of 28 × 28 (LeCun et al. 1998, section III A). scikit-learn's 8 × 8 digits were made otherwise: the box fills the
whole picture, each pixel the mean over a block (Alpaydin & Kaynak 1998). Needs Pillow (the extra ``images``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, missing

Array = Any
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_WORK = 400  # the longest side to which a large photograph is first made smaller
_CONTRAST = 0.15  # between ink and paper, of full range, below which there is no ink
_INK = 0.35  # of the ink's full strength: what counts as ink when its box is sought


def is_image(path: Path) -> bool:
    """Whether the name is that of a picture."""
    return path.suffix.lower() in ENDINGS


def from_folder(folder: Path) -> list[Path]:
    """The pictures in a folder, sorted by name; raises DataError where there are none."""
    found = sorted(path for path in folder.iterdir() if path.is_file() and is_image(path))
    if not found:
        raise DataError(f"{folder} holds no pictures ({', '.join(ending[1:] for ending in ENDINGS)})")
    return found


def from_photo(source: Any, shape: tuple[int, int] = (28, 28)) -> Array:
    """A picture of one digit as (height, width) of numbers from 0 (ground) to 1 (ink).

    ``source`` is a path or a Pillow image. A picture of exactly ``shape`` is only inverted where its ground is light.
    Raises DataError where it is no picture, or has no ink.
    """
    grey, name = _grey(source)
    ink = grey if grey.shape == shape else grey - _ground(grey)
    if grey.shape == shape:
        border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        return 1 - grey if np.median(border) > 0.5 else grey
    ink = -ink if abs(np.percentile(ink, 1)) > abs(np.percentile(ink, 99)) else ink  # dark ink on light paper
    strength = float(np.percentile(ink, 99.7))
    if strength < _CONTRAST:
        raise DataError(
            f"{name}: no ink was found on it; take a picture of one digit, dark on light or light on dark, that fills much of it"
        )
    ink = np.clip(ink / strength, 0, 1)
    ink[ink < 0.12] = 0  # paper's grain
    return _centred(_boxed(ink, name), shape)


def _grey(source: Any) -> tuple[Array, str]:
    """(height, width) from 0 (black) to 1 (white): upright, on white where transparent, at most _WORK pixels long."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError as reason:
        raise missing("Pillow", "images", "reading pictures") from reason
    name = str(source) if isinstance(source, (str, Path)) else "the picture"
    try:
        picture = Image.open(source) if isinstance(source, (str, Path)) else source
        picture = ImageOps.exif_transpose(picture)
        picture = picture.convert("RGBA")
    except FileNotFoundError as reason:
        raise DataError(f"{name}: there is no such file") from reason
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as reason:
        raise DataError(f"{name} is not a picture that can be read, or it was cut off: {reason}") from reason
    paper = Image.new("RGBA", picture.size, "white")
    grey = Image.alpha_composite(paper, picture).convert("L")
    longest = max(grey.size)
    if longest > _WORK:
        size = (max(1, round(grey.width * _WORK / longest)), max(1, round(grey.height * _WORK / longest)))
        grey = grey.resize(size, Image.Resampling.BOX)
    return np.asarray(grey, dtype=np.float64) / 255, name


def _ground(grey: Array) -> Array:
    """The paper's brightness at each pixel: a wide median, so that uneven light goes and strokes don't."""
    from scipy.ndimage import median_filter, zoom

    small = grey[:: max(1, grey.shape[0] // 50), :: max(1, grey.shape[1] // 50)]
    reach = max(3, round(0.7 * max(small.shape)) | 1)
    level = np.median(small)
    ground = (
        median_filter(small, size=reach, mode="nearest") if small.std() > 0.02 else np.full_like(small, level)
    )
    factors = (grey.shape[0] / ground.shape[0], grey.shape[1] / ground.shape[1])
    return zoom(ground, factors, order=1, mode="nearest", grid_mode=True)[: grey.shape[0], : grey.shape[1]]


def _boxed(ink: Array, name: str) -> Array:
    """The part that holds the ink: specks away from the main strokes are left out."""
    from scipy.ndimage import binary_dilation, label

    strong = ink > _INK
    grown = binary_dilation(strong, iterations=max(1, round(max(ink.shape) / 60)))
    parts, count = label(grown, structure=np.ones((3, 3)))
    sizes = np.bincount(parts[strong], minlength=count + 1)
    kept = np.isin(parts, np.flatnonzero(sizes >= 0.1 * sizes.max())) & strong
    rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    if not rows.size:
        raise DataError(f"{name}: no ink was found on it; take a picture of one digit that fills much of it")
    clean = np.where(binary_dilation(kept, iterations=2), ink, 0)
    return clean[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _centred(box: Array, shape: tuple[int, int]) -> Array:
    """The box scaled to fit (20 of 28 pixels, or all of a small picture), its centre of mass in the middle."""
    from PIL import Image
    from scipy.ndimage import center_of_mass, shift

    fills = min(shape) < 20
    room = shape if fills else (round(shape[0] * 20 / 28), round(shape[1] * 20 / 28))
    scale = min(room[0] / box.shape[0], room[1] / box.shape[1])
    size = (max(1, round(box.shape[1] * scale)), max(1, round(box.shape[0] * scale)))
    picture = Image.fromarray((255 * box).astype(np.uint8)).resize(
        size, Image.Resampling.LANCZOS if scale > 1 else Image.Resampling.BOX
    )
    small = np.asarray(picture, dtype=np.float64) / 255
    canvas = np.zeros(shape)
    top, left = (shape[0] - small.shape[0]) // 2, (shape[1] - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    if fills:
        return canvas
    centre = center_of_mass(canvas)
    moved = shift(canvas, [(shape[0] - 1) / 2 - centre[0], (shape[1] - 1) / 2 - centre[1]], order=1)
    return np.clip(moved / max(moved.max(), 1e-9), 0, 1)
