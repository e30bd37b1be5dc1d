"""Puts what commands print into the pages that show real networks, between their marks; with --check it only compares.

    python docs/make_explained.py            writes docs/digits-explained.md, docs/mnist-explained.md and README.md
    python docs/make_explained.py --check    ends with 1 where a page is not what the commands print

A mark <!-- run: COMMAND --> shows the command and its output, <!-- prepare: COMMAND --> the command alone; <!-- file:
NAME --> keeps what is shown under it as a file. The commands of a page run in its order, in an empty folder; README.md
goes on in that of the digits. Without the real MNIST, which
$BACKLIT_DATA names the folder of, its page is passed over. The text around the marks is written by hand.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
DIGITS = (DOCS / "digits-explained.md", DOCS.parent / "README.md")  # of one network, trained once
MNIST = (DOCS / "mnist-explained.md",)
_MARK = re.compile(
    r"<!-- (?P<kind>run|prepare|file): (?P<command>[^\n]*) -->\n(?P<shown>.*?)<!-- end -->", re.DOTALL
)
_WIDTH = 100
# What differs between machines in the last bits: how many digits agree.
_LAST_BITS = re.compile(r"(?:agree|reproduced)\s+to\s+\d+\s+digits")
_FOUND = 1  # the exit code of a command that found something wrong, as it was asked to


def has_mnist() -> bool:
    """Whether the real MNIST is where it can be read."""
    root = os.environ.get("BACKLIT_DATA")
    return bool(root) and (Path(str(root)) / "mnist").is_dir()


def pages(paths: tuple[Path, ...]) -> dict[Path, str]:
    """What each page should hold; its commands run one after the other in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return {path: _MARK.sub(_filled, path.read_text(encoding="utf-8")) for path in paths}


def _filled(found: re.Match[str]) -> str:
    kind, command = found["kind"], found["command"]
    if kind == "file":
        Path(command).write_text("\n".join(found["shown"].splitlines()[1:-1]) + "\n", encoding="utf-8")
        return found[0]
    printed = _printed(command)
    shown = f"$ {_broken(command)}\n"
    if kind == "run":
        shown += printed
    return f"<!-- {kind}: {command} -->\n```console\n{shown}```\n<!-- end -->"


def _printed(command: str) -> str:
    """What a command prints on stdout, without a terminal; raises SystemExit where it fails."""
    from backlit.cli import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(shlex.split(command)[1:])
    if code not in (0, _FOUND):
        raise SystemExit(f"{command}\nends with {code}: {err.getvalue()}")
    return out.getvalue()


def _broken(command: str) -> str:
    """The command within the width, further lines as a shell takes them; an option keeps its value."""
    lines = [""]
    for word in re.split(r" (?=--)", command):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _WIDTH - 4:
            lines.append(f"    {word}")
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return " \\\n".join(lines)


def same(one: str, other: str) -> bool:
    """Whether two pages say the same, but for the last bits."""
    return _LAST_BITS.sub("agree", one) == _LAST_BITS.sub("agree", other)


def main(arguments: list[str]) -> int:
    """Writes or checks the pages; returns the exit code."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    wrong = 0
    for group in (DIGITS, MNIST):
        if group is MNIST and not has_mnist():
            print("the real MNIST is not here; its page stays as it is", file=sys.stderr)
            continue
        for path, after in pages(group).items():
            if same(path.read_text(encoding="utf-8"), after):
                continue
            if arguments:
                print(
                    f"{path.name} is not what the commands print: run python docs/make_explained.py",
                    file=sys.stderr,
                )
                wrong = 1
            else:
                path.write_text(after, encoding="utf-8")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
