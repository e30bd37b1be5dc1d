"""One-line options such as ``elu(alpha=0.5)``: a name and its numbers, as the command line and model files write them.

This is only their grammar. What the names mean stands in the tables that use it (functions, optimizers, schedules).
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Mapping
from inspect import signature
from typing import TypeVar

from .errors import UsageError, unknown

Built = TypeVar("Built")
Setting = float | int | bool | str
_CALL = re.compile(r"\s*([A-Za-z][\w-]*)\s*(?:\((.*)\))?\s*", re.DOTALL | re.ASCII)


def parse_option(text: str) -> tuple[str, dict[str, Setting]]:
    """``"elu(alpha=0.5)"`` → ``("elu", {"alpha": 0.5})``; raises UsageError where the grammar is not met."""
    found = _CALL.fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is not an option: write a name, or name(key=value, …)")
    name, inside = found[1], found[2]
    if not inside or not inside.strip():
        return name, {}
    try:
        return name, _settings(inside)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as reason:
        raise UsageError(
            f"{text!r} is not an option: write {name}(key=value, …) with plain numbers, True, False or quoted words"
        ) from reason


def _settings(inside: str) -> dict[str, Setting]:
    """What stands between the brackets; raises one of the parser's own errors for anything but key=value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's advice on how its own programs are written
        call = ast.parse(f"f({inside})", mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
        raise ValueError("only key=value is understood")
    settings: dict[str, Setting] = {}
    for keyword in call.keywords:
        value = ast.literal_eval(keyword.value)
        if keyword.arg is None or keyword.arg in settings or not isinstance(value, float | int | str):
            raise ValueError("a key once, with a number, a truth or a word")
        settings[keyword.arg] = value
    return settings


def format_option(name: str, parameters: Mapping[str, object]) -> str:
    """The inverse of parse_option: ``"elu(alpha=0.5)"``, or the bare name where there is nothing to say."""
    inside = ", ".join(f"{key}={value!r}" for key, value in parameters.items())
    return f"{name}({inside})" if inside else name


def build_option(
    kind: str,
    text: str,
    table: Mapping[str, Callable[..., Built]],
    also_called: Mapping[str, str] | None = None,
) -> Built:
    """Builds what ``text`` names in ``table``; raises UsageError for an unknown name, key or value.

    Capitals and dashes don't matter. ``also_called`` maps names from elsewhere to ours: they are suggested, not taken.
    """
    name, parameters = parse_option(text)
    key = name.replace("-", "_").lower()
    if key not in table:
        raise unknown(kind, name, table, meant=(also_called or {}).get(key))
    allowed = signature(table[key]).parameters
    for word in parameters:
        if word not in allowed:
            takes = ", ".join(allowed) or "nothing"
            raise UsageError(f"{kind} {name!r} has no parameter {word!r}; it takes {takes}")
    missing = [
        word
        for word, parameter in allowed.items()
        if parameter.default is parameter.empty and word not in parameters
    ]
    if missing:
        example = ", ".join(f"{word}=…" for word in missing)
        raise UsageError(f"{kind} {name!r} needs {', '.join(missing)}: write {name}({example})")
    return table[key](**parameters)
