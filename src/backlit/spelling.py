"""How messages write what they are about: arguments as the user writes them, and numbers of things.

An argument is ``validation=0.1`` in Python and ``--validation 0.1`` on the command line; a message that names one
writes it with ``spelt``, so that it can be followed where it is read. The messages themselves stand where they are
raised.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_AS_OPTIONS: ContextVar[bool] = ContextVar("as_options", default=False)
_OPTIONS = {"sample_weight": "--weight-column"}  # those that are not the argument's own name with dashes
_NO_VALUE: Any = object()


@contextmanager
def on_the_command_line() -> Iterator[None]:
    """While it lasts, arguments are written as options."""
    before = _AS_OPTIONS.set(True)
    try:
        yield
    finally:
        _AS_OPTIONS.reset(before)


def worded(python: str, command_line: str) -> str:
    """The one or the other, where more differs than how an argument is written."""
    return command_line if _AS_OPTIONS.get() else python


def spelt(name: str, value: Any = _NO_VALUE) -> str:
    """An argument: ``clip_norm`` or ``clip_norm=1``; ``--clip-norm`` or ``--clip-norm 1`` on the command line.

    The value ``...`` stands for any: ``target=…``, ``--target …``.
    """
    option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
    if value is _NO_VALUE:
        return worded(name, option)
    if value is ...:
        return worded(f"{name}=…", f"{option} …")
    return worded(f"{name}={value!r}", f"{option} {_typed(value)}")


def _typed(value: Any) -> str:
    """A value as a shell takes it."""
    listed = value if isinstance(value, (list, tuple)) else [value]
    return shlex.quote(",".join(map(str, listed)))


def counted(n: int, one: str, more: str | None = None) -> str:
    """``"1 epoch"``, ``"1,200 epochs"``; ``more`` is the plural that is not made with an s."""
    return f"{n:,} {one if n == 1 else more or f'{one}s'}"
