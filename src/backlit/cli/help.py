"""How help is laid out: usage, a sentence, options in groups, examples as typed. At most 100 columns, no colours.

typer's own plain help is one long list without groups; its coloured one loads rich, and is slower than the rest of the
command line together.
"""

from __future__ import annotations

import inspect
import re
import shutil
import textwrap
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

WIDEST, INDENT, COLUMN = 100, 2, 28
_EXAMPLES = "Examples:"


def width() -> int:
    """Columns to write in."""
    return max(50, min(WIDEST, shutil.get_terminal_size((80, 24)).columns))


def layout(command: Any, context: Any) -> str:
    """The help of a command or group, as text."""
    parts = [f"Usage: {context.command_path} {' '.join(command.collect_usage_pieces(context))}"]
    parts.append(_prose(inspect.cleandoc(command.help or "")))
    subcommands = getattr(command, "commands", {})
    if subcommands:
        rows = [(name, one.get_short_help_str(200)) for name, one in subcommands.items() if not one.hidden]
        parts.append(_section("Commands", rows))
    for title, rows in groups(command, context).items():
        parts.append(_section(title, rows))
    if command.epilog:
        blocks = inspect.cleandoc(command.epilog).split("\n\n")
        parts += [_examples(block) if block.startswith(_EXAMPLES) else _prose(block) for block in blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def groups(command: Any, context: Any) -> dict[str, list[tuple[str, str]]]:
    """Title → (how it is written, what it does) of all arguments and options, in the order of their declaration."""
    found: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        if getattr(parameter, "hidden", False):
            continue
        argument = parameter.param_type_name == "argument"
        title = getattr(parameter, "rich_help_panel", None) or ("Arguments" if argument else "Options")
        found.setdefault(title, []).append((written(parameter), getattr(parameter, "help", None) or ""))
    if "Options" in found:
        found["Options"] = found.pop("Options")  # last
    return found


def written(parameter: Any) -> str:
    """``--eta NUMBER``: how an argument or option is written."""
    every = [*parameter.opts, *getattr(parameter, "secondary_opts", [])]
    names = ", ".join(sorted(every, key=len))  # typer gives those of --help in any order
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper()).strip("[]")
    flag = getattr(parameter, "is_flag", False) or parameter.name in (
        "help",
        "install_completion",
        "show_completion",
    )
    return names if flag else f"{names} {parameter.metavar or ''}".rstrip()


def _prose(text: str) -> str:
    return "\n\n".join(textwrap.fill(" ".join(block.split()), width()) for block in text.split("\n\n"))


def _examples(block: str) -> str:
    """The commands as they are typed, long ones broken as a shell takes them; what begins further right goes on."""
    title, *lines = block.splitlines()
    typed: list[str] = []
    for line in lines:
        if line.startswith(f"{' ' * INDENT}backlit "):
            typed.append(line.strip())
        else:
            typed[-1] += f" {line.strip()}"
    return "\n".join([title, *(_broken(one) for one in typed)])


def _broken(command: str) -> str:
    """A command within the width, each line but the last ended by a backslash; an option keeps its value."""
    words = re.sub(r" (?=--)", "\n", command).splitlines()
    lines, room = [" " * INDENT + words[0]], width() - len(" \\")
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(" " * 3 * INDENT + word)
    return " \\\n".join(lines)


def _section(title: str, rows: Sequence[tuple[str, str]]) -> str:
    lines = [f"{title}:"]
    column = min(COLUMN, INDENT + 3 + max(len(left) for left, _ in rows))
    for left, right in rows:
        lines += _row(left, right, column)
    return "\n".join(lines)


def _row(left: str, right: str, column: int) -> list[str]:
    """The name, and what it does in a column of its own; a long name has a line of its own."""
    told = textwrap.wrap(" ".join(right.split()), width() - column) or [""]
    if len(left) > column - INDENT - 2:
        first, rest = [" " * INDENT + left], told
    else:
        first, rest = [(" " * INDENT + left).ljust(column) + told[0]], told[1:]
    return [line.rstrip() for line in [*first, *(" " * column + line for line in rest)]]


class Command(TyperCommand):
    """A command with our help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(layout(self, ctx))


class Group(TyperGroup):
    """A group of commands with our help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(layout(self, ctx))
