"""LaTeX to PDF where pdflatex is: in a temporary folder, with a time limit, and with TeX's own words where it fails."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from ..errors import DataError

_SECONDS = 60  # for one document, which takes about one


def pdflatex() -> str | None:
    """Where pdflatex is, or None."""
    return shutil.which("pdflatex")


def compiled(tex: str, what: str, *, seconds: float = _SECONDS) -> bytes:
    """The PDF of a document; raises DataError with TeX's error, and where there is no pdflatex."""
    program = pdflatex()
    if program is None:
        raise DataError(
            f"{what} needs pdflatex to become a PDF, and there is none here; install TeX, or take the HTML"
        )
    with tempfile.TemporaryDirectory(prefix="backlit-tex-") as name:
        folder = Path(name)
        (folder / "sheet.tex").write_text(tex, encoding="ascii")
        command = [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "sheet.tex"]
        try:
            run = subprocess.run(  # noqa: S603  (a fixed program; the text is ours)
                command, check=False, cwd=folder, capture_output=True, text=True, errors="replace", timeout=seconds,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise DataError(f"{what}: pdflatex took more than {seconds:g} seconds and was stopped") from None
        made = folder / "sheet.pdf"
        if run.returncode or not made.is_file():
            raise DataError(f"{what}: pdflatex failed: {_said(run.stdout)}")
        return made.read_bytes()


def _said(log: str) -> str:
    """The lines of a log that say what is wrong."""
    lines = [line for line in log.splitlines() if line.startswith(("!", "l."))]
    return " ".join(lines[:3]) or log[-300:].strip() or "it said nothing"
