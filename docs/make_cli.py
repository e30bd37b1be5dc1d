"""Puts the help of every command into docs/cli.md, between its marks; with --check it only says whether it is there.

    python docs/make_cli.py            writes docs/cli.md
    python docs/make_cli.py --check    ends with 1 where docs/cli.md is not what the program says

The text around the marks is written by hand. Nothing else is generated here.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("cli.md")
_MARK = re.compile(r"<!-- help: (?P<path>[\w ]+) -->\n.*?<!-- end -->", re.DOTALL)
COLUMNS = "90"


def helps() -> dict[str, str]:
    """What each command, called by its path ("backlit data show"), says of itself."""
    os.environ["COLUMNS"] = COLUMNS  # the width of the help, whatever the terminal's
    from backlit.cli.app import command

    return {path: text for path, text, _ in walk(command())}


def walk(command: Any, path: str = "backlit") -> Iterator[tuple[str, str, list[str]]]:
    """(path, help, options) of a command and all below it."""
    from backlit.cli.help import layout

    context = command.make_context(path, [], resilient_parsing=True)
    options = [name for one in command.get_params(context) for name in one.opts if name.startswith("--")]
    yield path, layout(command, context), options
    for name, one in getattr(command, "commands", {}).items():
        yield from walk(one, f"{path} {name}")


def page(text: str) -> str:
    """The page with the help of today; raises SystemExit for a command without a mark, or the reverse."""
    told = helps()
    marked = [found["path"] for found in _MARK.finditer(text)]
    if sorted(marked) != sorted(told):
        odd = sorted(set(marked) ^ set(told)) or marked
        raise SystemExit(
            f"docs/cli.md should have one mark <!-- help: … --> for each command; look at: {', '.join(odd)}"
        )
    return _MARK.sub(
        lambda found: f"<!-- help: {found['path']} -->\n```text\n{told[found['path']]}```\n<!-- end -->", text
    )


def main(arguments: list[str]) -> int:
    """Writes or checks the page; returns the exit code."""
    before = PAGE.read_text(encoding="utf-8")
    after = page(before)
    if arguments == ["--check"]:
        if before != after:
            print("docs/cli.md is not what the program says: run python docs/make_cli.py", file=sys.stderr)
        return int(before != after)
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
