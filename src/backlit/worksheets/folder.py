"""Sheets and keys as files: what is handed out in one folder, what is not in another.

    FOLDER/sheets/sheet-01.html  .json  .tex  .pdf     and sheet-01.answers.json, to be filled in
    FOLDER/keys/key-01.html  .json  .tex  .pdf

Nothing is overwritten.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..storage import write_safely
from .pdf import compiled
from .sheet import Sheet


def check_free(folder: Path) -> None:
    """Raises DataError where there is something in the folder already."""
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as reason:
        raise _unwritable(folder, reason) from None
    if taken:
        what = "has files in it" if folder.is_dir() else "is a file"
        raise DataError(f"{folder} {what}, and nothing is overwritten; give another folder, or move it away")


def _unwritable(folder: Path, reason: OSError) -> DataError:
    said = (reason.strerror or str(reason)).lower()
    return DataError(
        f"worksheets can't be written to {folder}: {said}; choose a folder that you may write to"
    )


def write(sheets: Sequence[Sheet], folder: Path, *, pdf: bool) -> list[Path]:
    """All files of all sheets, into a new or empty folder; raises DataError."""
    check_free(folder)
    try:
        for name in ("sheets", "keys"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise _unwritable(folder, reason) from None
    width = max(2, len(str(len(sheets))))
    written: list[Path] = []
    for sheet in sheets:
        key = sheet.key()
        name = f"{sheet.number:0{width}d}"
        out, kept = folder / "sheets" / f"sheet-{name}", folder / "keys" / f"key-{name}"
        for stem, of in ((out, sheet), (kept, key)):
            tex = of.latex()
            written += [
                _put(stem, ".html", of.html()), _put(stem, ".json", plain(of.to_dict())), _put(stem, ".tex", tex)
            ]  # fmt: skip
            if pdf:
                written.append(
                    write_safely(_named(stem, ".pdf"), compiled(tex, f"{stem.name}.tex"), "the worksheet")
                )
        written.append(_put(out, ".answers.json", plain(sheet.blank())))
    return written


def plain(data: Any) -> str:
    """Strict JSON."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _named(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)


def _put(stem: Path, ending: str, text: str) -> Path:
    return write_safely(_named(stem, ending), text.encode(), "the worksheet")
