"""Draws the pictures of docs/displays.md by running that page's own code, into docs/displays/.

    python docs/make_displays.py

What is drawn, and where each picture stands, is the page's matter; nothing else is here.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

from PIL import Image

PAGE = Path(__file__).with_name("displays.md")
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LARGEST, _COLOURS = (900, 900), 256
_PICTURE = re.compile(r"!\[[^]]*\]\(displays/([\w.]+)\)")


def blocks() -> list[str]:
    """The page's code, block by block."""
    return _BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def pictures() -> list[str]:
    """The names of the files that the page shows."""
    return _PICTURE.findall(PAGE.read_text(encoding="utf-8"))


def draw(folder: Path, code: list[str]) -> None:
    """Runs the code in ``folder``, where it saves its pictures, and keeps those that the page shows."""
    folder.mkdir(exist_ok=True)
    names: dict[str, Any] = {}
    with contextlib.chdir(folder):
        for block in code:
            exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 (the page's own code)
    for one in folder.glob("*.png"):
        if one.name in pictures():
            shrink(one)
        else:
            one.unlink()


def shrink(path: Path) -> None:
    """As wide as the page shows it, in few colours: the repository keeps every version of a picture."""
    with Image.open(path) as whole:
        small = whole.convert("RGB")
    small.thumbnail(_LARGEST)
    small.quantize(_COLOURS, Image.Quantize.MAXCOVERAGE).save(path, optimize=True)


if __name__ == "__main__":
    draw(PAGE.with_suffix(""), blocks())
