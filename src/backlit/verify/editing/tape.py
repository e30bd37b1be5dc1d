"""PyTorch's hand-written backward (``torch.autograd.Function``), as far as it is read: apply, then .backward().

A step remembers its class, its context and what it was applied to. Ordinary operations on a step's result are not
followed: a network is read where every step of it, the cost included, is such a function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .allowed import Unreadable
from .reader import Class, Function, Reader, Thing


@dataclass(eq=False)
class Step:
    """What ``Function.apply`` gave: the value, and what its backward needs."""

    reader: Reader
    kind: Class
    context: Thing
    given: list[Any]
    value: Any


def applied(reader: Reader, kind: Class, given: list[Any]) -> Step:
    """The forward of a ``torch.autograd.Function``."""
    forward = kind.find("forward")
    if not isinstance(forward, Function):
        raise Unreadable("a function without forward")
    context = Thing(None)

    def save(*tensors: Any) -> None:
        context.names["saved_tensors"] = tensors

    context.names["save_for_backward"] = save
    values = [one.value if isinstance(one, Step) else one for one in given]
    return Step(reader, kind, context, given, reader.call(forward, [context, *values], {}))


def backward(step: Step, upstream: Any = None) -> None:
    """Its backward, and those of the steps before it; what arrives at plain arrays is added to their .grad."""
    way = step.kind.find("backward")
    if not isinstance(way, Function):
        raise Unreadable("a function without backward")
    reader = step.reader
    given = np.ones(np.shape(step.value)) if upstream is None else upstream
    found = reader.call(way, [step.context, given], {})
    parts = found if isinstance(found, tuple) else (found,)
    for one, part in zip(step.given, parts, strict=True):
        if part is None:
            continue
        if isinstance(one, Step):
            backward(one, part)
        elif isinstance(one, np.ndarray):
            before = reader.gradients.get(id(one))
            reader.gradients[id(one)] = part if before is None else before + part
