"""What the tests of worksheets share: a thousand sheets, and a model of wide layers."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np

import backlit
from backlit import worksheets
from backlit.worksheets import Sheet, make

Plain = dict[str, Any]
FUNCTIONS = (
    ("sigmoid", "squared_error"),
    (("relu", "identity"), "half_squared_error"),
    (("tanh", "softmax"), "cross_entropy"),
    ("sigmoid", "binary_cross_entropy"),
    (("softmax", "sigmoid"), "half_squared_error"),
    (("relu", "sigmoid"), "squared_error"),
    (("gelu", "identity"), "huber"),
    (("elu", "exp"), "poisson"),
    (("tanh", "identity"), "hinge"),
    (("leaky_relu", "tanh"), "absolute_error"),
    (("silu", "softplus"), "log_cosh"),
    (("selu", "sigmoid"), "mean_squared_error"),
    (("softsign", "hard_sigmoid(slope=0.5)"), "mean_squared_error"),
)


@cache
def some() -> tuple[Sheet, ...]:
    """1,000 sheets: each kind, depths 1 to 5, all of FUNCTIONS."""
    found: list[Sheet] = []
    for depth, few in enumerate((6, 4, 2, 1, 1), start=1):
        for place, (activation, cost) in enumerate(FUNCTIONS):
            for kind in worksheets.KINDS:
                found += make(few, kinds=kind, seed=place, depth=depth, activation=activation, cost=cost)
    return tuple(found)


def plain(sheet: Sheet) -> Plain:
    """A key as a file gives it back."""
    found: Plain = json.loads(json.dumps(sheet.key().to_dict(), allow_nan=False))
    return found


def answered(sheet: Sheet) -> Plain:
    found: Plain = json.loads(json.dumps(sheet.key().answers(), allow_nan=False))
    return found


def rounded(value: Any, decimals: int) -> Any:
    return [rounded(one, decimals) for one in value] if isinstance(value, list) else round(value, decimals)


def model() -> Plain:
    rng = np.random.default_rng(5)
    net = backlit.Network([12, 9, 7, 6], activations="sigmoid", cost="half_squared_error", seed=3)
    return {
        "net": net,
        "x": rng.normal(size=(20, 12)),
        "y": np.eye(6)[rng.integers(0, 6, 20)],
        "source": "model",
    }
