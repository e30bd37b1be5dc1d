"""One-line options such as ``elu(alpha=0.5)``: a name and its numbers, as the command line and model files write them.

This is only their grammar. What the names mean stands in the tables that use it (functions, optimizers, schedules).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from inspect import signature
from typing import TypeVar

from .errors import UsageError, unknown

Built = TypeVar("Built")
_CALL = re.compile(r"\s*([A-Za-z][\w-]*)\s*(?:\((.*)\))?\s*", re.DOTALL)


def parse_option(text: str) -> tuple[str, dict[str, float | int | bool | str]]:
    """``"elu(alpha=0.5)"`` → ``("elu", {"alpha": 0.5})``; raises UsageError where the grammar is not met."""
    found = _CALL.fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is not an option: write a name, or name(key=value, …)")
    name, inside = found[1], found[2]
    if not inside or not inside.strip():
        return name, {}
    try:
        call = ast.parse(f"f({inside})", mode="eval").body
        assert isinstance(call, ast.Call)
        if call.args or any(keyword.arg is None for keyword in call.keywords):
            raise ValueError("only key=value is understood")
        return name, {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    except (SyntaxError, ValueError) as reason:
        raise UsageError(
            f"{text!r} is not an option: write {name}(key=value, …) with plain numbers"
        ) from reason


def format_option(name: str, parameters: Mapping[str, object]) -> str:
    """The inverse of parse_option: ``"elu(alpha=0.5)"``, or the bare name where there is nothing to say."""
    inside = ", ".join(f"{key}={value!r}" for key, value in parameters.items())
    return f"{name}({inside})" if inside else name


def build_option(kind: str, text: str, table: Mapping[str, Callable[..., Built]]) -> Built:
    """Builds what ``text`` names in ``table``; raises UsageError for an unknown name, key or value."""
    name, parameters = parse_option(text)
    key = name.replace("-", "_").lower()
    if key not in table:
        raise unknown(kind, name, table)
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
