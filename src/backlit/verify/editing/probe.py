"""Functions of the user's file that compute σ′, found by giving them z and a: for where none is called yet."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .reader import Class, Function, Reader
from .session import Session
from .truth import close


def slopes_of(session: Session, l: int) -> list[tuple[str, str]]:
    """(template, "z" or "bare") of each function or method that gives σ′ of layer ``l``."""
    reader = Reader(session.text.tree, session.steps)
    owner, _, _ = session.name.rpartition(".")
    own = reader.module.names.get(owner)
    found: list[tuple[str, str]] = []
    wanted = session.forward.slope(l)
    for name, function in _candidates(reader, own):
        for letter in ("z", "bare"):
            q = session.quantity(letter, l)
            if _gives(reader, function, q.copy(), wanted) or _gives_each(reader, function, q, wanted):
                found.append((f"{name}({{}})", letter))
                break
    return found


def _candidates(reader: Reader, own: Any) -> list[tuple[str, Function]]:
    plain = [(name, one) for name, one in reader.module.names.items() if isinstance(one, Function)]
    methods = own.names.items() if isinstance(own, Class) else ()
    return plain + [(f"self.{name}", one) for name, one in methods if isinstance(one, Function)]


def _gives_each(reader: Reader, function: Function, values: Any, wanted: Any) -> bool:
    """The same for functions of one number."""
    pairs = zip(np.ravel(values), np.ravel(wanted), strict=True)
    return all(_gives(reader, function, float(value), right) for value, right in pairs)


def _gives(reader: Reader, function: Function, value: Any, wanted: Any) -> bool:
    names = [one.arg for one in function.node.args.args]
    given = [value] if names[:1] != ["self"] else [None, value]
    if len(names) - len(function.node.args.defaults) > len(given):
        return False
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            got = reader.call(function, given, {})
            return np.shape(got) == np.shape(wanted) and close(
                np.asarray(got, dtype=float), np.asarray(wanted)
            )
        except Exception:  # noqa: BLE001 (a function of other things)
            reader.depth = 0
            return False
