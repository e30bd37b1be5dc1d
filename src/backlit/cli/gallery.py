"""Pictures in the terminal, side by side as far as it is wide, each with its caption below it.

How a pixel is drawn is the data package's matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data.drawing import draw
from . import show

Array = Any
_SMALL = 16  # pictures with fewer pixels a side are drawn larger, where a pixel is one character wide
_GAP = 3


def gallery(images: Array, captions: Sequence[Sequence[str]]) -> list[str]:
    """The lines of pictures (n, height, width) of numbers from 0 to 1, each with the lines of its caption below it."""
    if not len(images):
        return []
    colour = show.coloured()
    times = max(1, _SMALL // max(images.shape[1:])) if colour else 1
    drawn = [draw(np.kron(image, np.ones((times, times))), colour=colour) for image in images]
    seen = images.shape[2] * (times if colour else 2)
    beside = max(seen, *(len(line) for caption in captions for line in caption))
    each = max(1, (show.columns() + _GAP) // (beside + _GAP))
    lines: list[str] = []
    for start in range(0, len(drawn), each):
        some, told = drawn[start : start + each], captions[start : start + each]
        lines += [""] if start else []
        lines += [(" " * (beside - seen + _GAP)).join(row).rstrip(" ") for row in zip(*some, strict=True)]
        for row in zip(*told, strict=True):
            lines.append((" " * _GAP).join(line.ljust(beside) for line in row).rstrip())
    return lines
