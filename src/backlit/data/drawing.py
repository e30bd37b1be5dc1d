"""Pictures in the terminal: two pixels a character with half blocks in grey where there is colour, else a ramp of
shades.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
_RAMP = " ░▒▓█"


def draw(image: Array, *, colour: bool) -> list[str]:
    """The lines of a picture (height, width) of numbers from 0 to 1; with ``colour`` half as many, in 256-colour
    greys.
    """
    levels = np.clip(np.asarray(image, dtype=np.float64), 0, 1)
    if not colour:
        return ["".join(2 * _RAMP[round(level * (len(_RAMP) - 1))] for level in row) for row in levels]
    if len(levels) % 2:
        levels = np.vstack([levels, np.zeros(levels.shape[1])])
    grey = np.rint(232 + 23 * levels).astype(int)  # the terminal's 24 greys
    return [
        "".join(
            f"\x1b[38;5;{upper};48;5;{lower}m▀" for upper, lower in zip(grey[i], grey[i + 1], strict=True)
        )
        + "\x1b[0m"
        for i in range(0, len(grey), 2)
    ]


def side_by_side(
    pictures: list[list[str]], captions: list[str], widths: list[int], gap: int = 2
) -> list[str]:
    """Pictures of one height beside one another, each with its caption below; ``widths`` are their visible widths."""
    space = " " * gap
    columns = [max(width, len(caption)) for width, caption in zip(widths, captions, strict=True)]
    lines = [
        space.join(
            picture[i] + " " * (column - width)
            for picture, column, width in zip(pictures, columns, widths, strict=True)
        )
        for i in range(len(pictures[0]))
    ]
    return [
        *lines,
        space.join(caption.ljust(column) for caption, column in zip(captions, columns, strict=True)).rstrip(),
    ]
