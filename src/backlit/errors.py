"""The few exceptions of Backlit. Each carries one sentence for a person: what, where, the rule, the remedy.

Exception
└── BacklitError                 everything that Backlit raises on purpose
    ├── UsageError               an argument that can't be (ValueError; exit code 2)
    │   └── CountingError        a layer or neuron that does not exist (IndexError)
    ├── DataError                data that can't be used (ValueError; exit code 3)
    ├── ModelError               a model or checkpoint file that can't be used (ValueError; exit code 3)
    ├── DivergenceError          training met a number that is not finite (ArithmeticError; exit code 3)
    ├── FitManyError             some of many networks were not trained to the end (ExceptionGroup; exit code 3)
    ├── EngineError              an engine that can't do what was asked (RuntimeError; exit code 2)
    └── MissingDependency        an optional package is not installed (ImportError; exit code 2)
UserWarning
└── BacklitWarning               something that was done and should be known
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

_SHOWN = 3  # errors of many networks in a message


class BacklitError(Exception):
    """Everything that Backlit raises on purpose; ``exit_code`` is what the command line ends with."""

    exit_code: ClassVar[int] = 3


class UsageError(BacklitError, ValueError):
    """An argument that can't be."""

    exit_code = 2


class CountingError(UsageError, IndexError):
    """A layer, neuron or example that does not exist; the message explains the counting."""


class DataError(BacklitError, ValueError):
    """Data that can't be used; the message names file, row and column where there are any."""


class ModelError(BacklitError, ValueError):
    """A model or checkpoint file that can't be used."""


class DivergenceError(BacklitError, ArithmeticError):
    """Training met a cost or a weight that is not finite, and stopped before it could spoil anything saved."""


class FitManyError(BacklitError, ExceptionGroup[Exception]):
    """Some of many networks were not trained to the end; the others were.

    ``errors`` is network's number → its exception, ``histories`` every network's history as far as it came, in order.
    """

    errors: Mapping[int, Exception]
    histories: list[Any]

    def __new__(cls, errors: Mapping[int, Exception], histories: list[Any]) -> FitManyError:
        shown = [f"networks[{number}]: {error}" for number, error in [*errors.items()][:_SHOWN]]
        more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
        said = (
            f"{len(errors)} of {len(histories)} networks failed, while the others were trained; the histories of all "
            f"are this error's .histories, what went wrong is in its .errors. {'; '.join(shown)}{more}"
        )
        self = super().__new__(cls, said, [*errors.values()])
        self.errors, self.histories = dict(errors), histories
        return self


class EngineError(BacklitError, RuntimeError):
    """An engine that can't do what was asked of it, by name."""

    exit_code = 2


class MissingDependency(BacklitError, ImportError):
    """An optional package is not installed; the message says which extra brings it."""

    exit_code = 2


class BacklitWarning(UserWarning):
    """Something that was done on the user's behalf and that they should know."""


def nearest(got: str, known: Iterable[str]) -> str | None:
    """The known name that ``got`` was most likely meant to be, or None where none is near."""
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(got.lower(), list(by_lower), n=1, cutoff=0.5)
    return by_lower[close[0]] if close else None


def unknown(kind: str, got: object, known: Iterable[str], meant: str | None = None) -> UsageError:
    """The error for a name that is not in a table: says what was got, the nearest name and the whole list.

    ``meant`` is suggested instead of the nearest name, where it is known what is meant.
    """
    names = list(known)
    hint = meant or nearest(str(got), names)
    question = f" Did you mean {hint!r}?" if hint else ""
    return UsageError(f"unknown {kind} {got!r}.{question} Known: {', '.join(names)}.")


def missing(package: str, extra: str, purpose: str) -> MissingDependency:
    """The error for an optional package that is not installed."""
    return MissingDependency(
        f"{purpose} needs {package}, which is not installed: pip install 'backlit[{extra}]'"
    )
