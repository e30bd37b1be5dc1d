"""Photographs and drawings of single digits, made into what a network on images was trained on, as that set was made.

MNIST's way (LeCun et al. 1998, section III A): light ink on dark ground, the ink's box scaled to fit 20 × 20 pixels,
its ratio kept, its centre of mass in the middle of 28 × 28. Small pictures, such as scikit-learn's 8 × 8 digits,
follow NIST's normalisation as that set shows it (Alpaydin & Kaynak 1998): the slant taken out, 20 wide and 32 high in
32 × 32, strokes evened until 30% is ink, then the ink of each 4 × 4 block counted. This is no reader of whole pages:
one digit a picture. Needs Pillow (the extra ``images``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, UsageError, missing

Array = Any
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_WORK = 400  # the longest side to which a large photograph is first made smaller
_GROUND = 40  # the longest side of the picture that the paper's brightness is estimated on
_CONTRAST = 0.12  # between ink and paper, of full range, below which there is no ink
_GRAIN = 0.12  # of the ink's strength: what is paper's grain
_INK = 0.35  # of the ink's strength: what counts as ink when its box is sought
_SPECK = 0.0005  # of the picture: strokes that are smaller are specks
_SMALL = 20  # pictures with a side below this are made as the 8 × 8 digits were
_SMALL_INK = 0.305  # the part of the 8 × 8 digits that is ink, in every class the same


def is_image(path: Path) -> bool:
    """Whether the name is that of a picture."""
    return path.suffix.lower() in ENDINGS


def from_folder(folder: Path) -> list[Path]:
    """The pictures in a folder, sorted by name; raises DataError where there are none."""
    try:
        found = sorted(path for path in Path(folder).iterdir() if path.is_file() and is_image(path))
    except OSError as reason:
        raise DataError(
            f"{folder} can't be read as a folder of pictures: {reason.strerror}; look at its name"
        ) from reason
    if not found:
        raise DataError(
            f"{folder} holds no pictures ({', '.join(ENDINGS)}); put some there, or give another folder"
        )
    return found


def from_photo(source: Any, shape: tuple[int, int] = (28, 28)) -> Array:
    """A picture of one digit as (height, width) of numbers from 0 (ground) to 1 (ink).

    ``source`` is a path or a Pillow image. A picture of exactly ``shape`` is taken as it is, but inverted where
    its ground is light. Raises DataError where it is no picture, or has no ink.
    """
    height, width = shape
    if height < 2 or width < 2:
        raise UsageError(f"shape is (height, width), each at least 2; got {shape!r}")
    grey, name = _grey(source)
    if grey.shape == (height, width):
        border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        return 1 - grey if np.median(border) > 0.5 else grey
    box = np.clip(_box_of_ink(grey, name), 0, 1)
    return _as_small_digits(box, shape) if min(shape) < _SMALL else _as_mnist(box, shape)


def _grey(source: Any) -> tuple[Array, str]:
    """(height, width) from 0 (black) to 1 (white), upright, the longest side at most _WORK pixels; and a name for
    it.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as reason:
        raise missing("Pillow", "images", "reading pictures") from reason
    name = str(source) if isinstance(source, (str, Path)) else "the picture"
    try:
        if isinstance(source, (str, Path)):
            with Image.open(source) as opened:
                picture = _flat(ImageOps.exif_transpose(opened))
        else:
            picture = _flat(ImageOps.exif_transpose(source))
    except FileNotFoundError as reason:
        raise DataError(f"{name}: there is no such file; look at its name and folder") from reason
    except PermissionError as reason:
        raise DataError(f"{name} can't be read: permission denied; ask its owner") from reason
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as reason:
        raise DataError(f"{name} is no whole picture ({reason}); save it again as PNG or JPEG") from reason
    longest = max(picture.size)
    if longest > _WORK:
        size = [max(1, round(side * _WORK / longest)) for side in picture.size]
        picture = picture.resize((size[0], size[1]), Image.Resampling.BOX)
    return np.asarray(picture, dtype=np.float64) / 255, name


def _flat(picture: Any) -> Any:
    """The picture in 8-bit grey. What is transparent becomes paper: black under light strokes that stand alone,
    else white.
    """
    from PIL import Image

    if picture.mode.startswith(("I", "F")):  # 16 bits and more, which Pillow would clip
        levels = np.asarray(picture, dtype=np.float64)
        white = 65535 if picture.mode.startswith("I;16") or levels.max() > 255 else 255
        return Image.fromarray(np.clip(255 * levels / white, 0, 255).astype(np.uint8))
    layers = np.asarray(picture.convert("RGBA").convert("LA"), dtype=np.float64)
    grey, seen = layers[..., 0], layers[..., 1] / 255
    there = seen > 0.5
    paper = 0.0 if there.any() and there.mean() < 0.5 and np.median(grey[there]) > 127 else 255.0
    return Image.fromarray((grey * seen + paper * (1 - seen)).round().astype(np.uint8))


def _box_of_ink(grey: Array, name: str) -> Array:
    """The part of the picture that holds the digit, as ink from 0 to 1, whatever the light and whichever is darker.

    Strokes that stand free are sought first: what reaches the edge may be the table's rim or a shadow.
    """
    from scipy.ndimage import gaussian_filter

    difference = grey - _ground(grey)
    calm = gaussian_filter(difference, 1.0)  # a single grain of noise is not ink
    found = []
    for sign in (-1.0, 1.0):
        strength = float(np.percentile(sign * calm, 99.95))
        if strength >= _CONTRAST:
            ink = np.clip(sign * difference / strength, 0, 1)
            kept, free = _strokes(ink > _INK)
            if kept.any():
                found.append((free, strength, np.where(ink < _GRAIN, 0, ink), kept))
    if not found:
        raise DataError(
            f"{name}: no ink was found on it; take a picture of one digit, dark on light or light on dark, that fills "
            "much of it"
        )
    _, _, ink, kept = max(found, key=lambda one: one[:2])
    return _cut(ink, kept)


def _ground(grey: Array) -> Array:
    """The paper's brightness at each pixel: a wide median, so that uneven light goes and strokes don't."""
    from PIL import Image
    from scipy.ndimage import median_filter

    picture = Image.fromarray(grey.astype(np.float32))
    scale = min(1.0, _GROUND / max(grey.shape))
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = np.asarray(picture.resize(size, Image.Resampling.BOX), dtype=np.float64)
    slope = _slope(small)
    # Mirrored at the edge, a slope would bend, so it is taken out first.
    reach = max(3, round(0.7 * max(small.shape)) | 1)
    ground = median_filter(small - slope, size=reach, mode="reflect") + slope
    wide = Image.fromarray(ground.astype(np.float32)).resize(
        (grey.shape[1], grey.shape[0]), Image.Resampling.BILINEAR
    )
    return np.asarray(wide, dtype=np.float64)


def _slope(small: Array) -> Array:
    """The plane that most of the picture lies on: fitted three times, what is far from it left out."""
    rows, columns = np.mgrid[0 : 1 : 1j * small.shape[0], 0 : 1 : 1j * small.shape[1]]
    terms = np.stack([np.ones(small.size), rows.reshape(-1), columns.reshape(-1)], axis=1)
    levels, near = small.reshape(-1), np.ones(small.size, dtype=bool)
    plane = np.full(small.size, np.median(levels))
    for _ in range(3):
        plane = terms @ np.linalg.lstsq(terms[near], levels[near], rcond=None)[0]
        off = np.abs(levels - plane)
        near = off <= max(2 * float(np.median(off)), 1e-3)
    return plane.reshape(small.shape)


def _strokes(strong: Array) -> tuple[Array, bool]:
    """Where the digit's own strokes are, specks and what reaches the edge left out; and whether they stand free of
    it.
    """
    from scipy.ndimage import binary_dilation, label

    grown = binary_dilation(strong, iterations=max(1, round(max(strong.shape) / 60)))
    parts, count = label(grown, structure=np.ones((3, 3)))
    sizes = np.bincount(parts[strong], minlength=count + 1)
    at_edge = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    within = np.setdiff1d(np.arange(1, count + 1), at_edge)
    free = bool(within.size and sizes[within].max() >= _SPECK * strong.size)
    if free:
        sizes[at_edge] = 0
    sizes[0] = 0
    return np.isin(parts, np.flatnonzero(sizes >= max(1, 0.1 * sizes.max()))) & strong, free


def _cut(ink: Array, kept: Array) -> Array:
    from scipy.ndimage import binary_dilation

    rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    clean = np.where(binary_dilation(kept, iterations=2), ink, 0)[
        rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1
    ]
    return clean / max(
        float(np.percentile(clean[clean > 0], 90)), _INK
    )  # beside a dark table, ink is weaker than it


def _scaled(box: Array, height: int, width: int) -> Array:
    from PIL import Image

    smaller = height * width < box.size
    filter_ = Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC
    picture = Image.fromarray(box.astype(np.float32)).resize((width, height), filter_)
    return np.clip(np.asarray(picture, dtype=np.float64), 0, 1)


def _as_mnist(box: Array, shape: tuple[int, int]) -> Array:
    """The box within 20 of 28 pixels, its ratio kept, its centre of mass in the middle."""
    from scipy.ndimage import center_of_mass, shift

    scale = min(shape[0] * 20 / 28 / box.shape[0], shape[1] * 20 / 28 / box.shape[1])
    small = _scaled(box, max(1, round(box.shape[0] * scale)), max(1, round(box.shape[1] * scale)))
    canvas = _in_the_middle(small, shape)
    centre = center_of_mass(canvas)
    moved = shift(canvas, [(shape[0] - 1) / 2 - centre[0], (shape[1] - 1) / 2 - centre[1]], order=1)
    return np.clip(moved / max(moved.max(), 1e-9), 0, 1)


def _as_small_digits(box: Array, shape: tuple[int, int]) -> Array:
    """As the 8 × 8 digits: upright, 20 × 32 in 32 × 32, strokes evened, and the ink of each block counted, from 0
    to 1.
    """
    from scipy.ndimage import gaussian_filter

    height, width = 4 * shape[0], 4 * shape[1]
    upright = _upright(_scaled(box, height, max(1, round(height * box.shape[1] / box.shape[0]))))
    ratio = upright.shape[1] / upright.shape[0]
    # A digit is stretched to 20/32 of the height; a bare stroke, as most ones are, would become a block.
    wide = round(width * 20 / 32) if ratio > 0.4 else max(2, min(width, round(height * ratio)))
    calm = gaussian_filter(
        _in_the_middle(_scaled(upright, height, wide), (height, width)), 1.5 * min(height, width) / 32
    )
    on = calm > max(np.quantile(calm, 1 - _SMALL_INK), 1e-3)
    return on.reshape(shape[0], 4, shape[1], 4).mean(axis=(1, 3))


def _upright(box: Array) -> Array:
    """The ink sheared until its rows' centres of mass stand above one another."""
    from scipy.ndimage import affine_transform

    total = box.sum()
    rows, columns = np.mgrid[: box.shape[0], : box.shape[1]]
    row, column = (rows * box).sum() / total, (columns * box).sum() / total
    slant = ((rows - row) * (columns - column) * box).sum() / max(((rows - row) ** 2 * box).sum(), 1e-9)
    room = np.pad(box, ((0, 0), (box.shape[0], box.shape[0])))
    sheared = affine_transform(room, [[1, 0], [slant, 1]], offset=[0, -slant * row], order=1)
    there = np.flatnonzero((sheared > _GRAIN).any(axis=0))
    return sheared[:, there[0] : there[-1] + 1] if there.size else box


def _in_the_middle(small: Array, shape: tuple[int, int]) -> Array:
    canvas = np.zeros(shape)
    top, left = (shape[0] - small.shape[0]) // 2, (shape[1] - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas
