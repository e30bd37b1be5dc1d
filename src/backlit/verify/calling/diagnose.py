"""Naming the mistake in someone's gradient, numbers or a function: the door.

Numbers are judged by numbers.py; a function is called first (calls.py), and what its calls show is judged by judge.py.
"""

from __future__ import annotations

from typing import Any

from ... import use
from ...network import Network
from ..finding import Report
from ..gradients.numbers import diagnose_numbers
from .calls import calls
from .judge import judge

_SECONDS = 10.0


def diagnose(
    net: Network,
    x: Any,
    y: Any,
    their_gradient: Any,
    *,
    previous: Any = None,
    dropout_masks: Any = None,
    l1: float = 0.0,
    l2: float = 0.0,
    eta: float | None = None,
    sample_weight: Any = None,
    seconds: float = _SECONDS,
) -> Report:
    """What is wrong with a gradient: ``.findings`` (none when right) and ``.conventions``; ids in mistakes.py.

    ``their_gradient`` is arrays by layer in any usual layout, a flat vector, or a function (weights, biases, x, y) →
    gradients, which is called for at most ``seconds``. ``previous`` is an earlier batch as a tuple (x, y), or its
    gradient. Raises UsageError or DataError for a network or data that can't be; what is wrong with the gradient or the
    function is a finding.
    """
    told = {"previous": previous, "l1": l1, "l2": l2, "eta": eta, "sample_weight": sample_weight}
    if not callable(their_gradient) or hasattr(their_gradient, "__array__"):
        return diagnose_numbers(net, x, y, their_gradient, dropout_masks=dropout_masks, **told)
    X, Y = use.examples(net, x, y)
    extra = {"eta": eta, "l1": l1, "l2": l2, "masks": dropout_masks}
    extra["previous"] = previous if isinstance(previous, tuple) else None
    made, troubles = calls(their_gradient, net, X, Y, seconds=seconds, extra=extra)
    return judge(net, X, Y, made, troubles, "gradient", told | {"masks": dropout_masks})
