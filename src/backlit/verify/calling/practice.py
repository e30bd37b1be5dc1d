"""Small networks and data on which a function is judged where its user gives none, and guesses at its σ and C.

Widths repeat once, so that a w that is not transposed passes and can be named, and no width is the number of examples.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...network import Network
from ...spelling import counted
from . import signature

Array = Any
SIZES = (  # the second for mistakes that only equal widths let pass, the later ones for functions of so many layers
    (4, 3, 3, 2),
    (3, 3, 3, 3),
    (4, 3, 3),
    (3, 3, 3),
    (4, 3, 1),
    (4, 3),
)
M, SEED = 5, 0


@dataclass(frozen=True)
class Functions:
    """An activation for the hidden layers, one for the output, and a cost."""

    hidden: str
    output: str
    cost: str

    def activations(self, L: int) -> list[str]:
        """By layer, 1 … L."""
        return [self.hidden] * (L - 1) + [self.output]

    def words(self) -> str:
        """As options of the command line."""
        same = self.hidden == self.output
        return f"--activation {self.hidden if same else f'{self.hidden},{self.output}'} --cost {self.cost}"


FIRST = Functions("sigmoid", "sigmoid", "half_squared_error")
_OUTPUTS = (
    ("sigmoid", "half_squared_error"),
    ("softmax", "cross_entropy"),
    ("sigmoid", "binary_cross_entropy"),
    ("identity", "half_squared_error"),
    ("tanh", "half_squared_error"),
    ("relu", "half_squared_error"),
    ("softmax", "half_squared_error"),
)
_HIDDEN = ("sigmoid", "tanh", "relu")
_SPEAKS = {  # what a source says that has it
    "softmax": re.compile(r"softmax", re.IGNORECASE),
    "tanh": re.compile(r"tanh", re.IGNORECASE),
    "relu": re.compile(r"relu|maximum\(|clamp\(|clip\(|>=? *0\.?0?(?![.\d])", re.IGNORECASE),
    "cross": re.compile(
        r"cross|entropy|\bbce|\blog\(|nll|divide\(1 *- *y|\(1 *- *y\w*\) */|/ *\(?1 *- *a|1 *- *AL\b",
        re.IGNORECASE,
    ),
    "sigmoid": re.compile(r"sigmoid|logistic|sigma|expit|1(?:\.0?)? */ *\(1", re.IGNORECASE),
}


def practice(sizes: Sequence[int], functions: Functions = FIRST, dtype: Any = np.float64) -> Network:
    """A network whose weights and biases are random and of a size that saturates nothing."""
    rng = np.random.default_rng(SEED)
    parts = []
    for before, n in pairwise(sizes):
        parts += [rng.normal(0, 0.8, (n, before)), rng.normal(0, 0.4, n)]
    activations = functions.activations(len(sizes) - 1)
    return Network(list(sizes), activations=activations, cost=functions.cost, theta=parts, dtype=dtype)


def batch_for(sizes: Sequence[int]) -> tuple[Array, Array]:
    """X (m, n_0) of normal numbers, and Y (m, n_L) one-hot, or 0 and 1 where there is one output."""
    rng = np.random.default_rng(SEED + 1)
    X, n = rng.normal(0, 1, (M, sizes[0])), sizes[-1]
    if n == 1:
        return X, (np.arange(M) % 2).astype(np.float64)[:, None]
    return X, np.eye(n)[np.arange(M) % n]


def guesses(source: str, n_out: int) -> Iterator[Functions]:
    """The functions that a source speaks of, the likeliest first; FIRST where it speaks of none."""
    speaks = {name for name, pattern in _SPEAKS.items() if pattern.search(source)}
    hidden = [name for name in _HIDDEN if name in speaks] or ["sigmoid"]
    outputs = [one for one in _OUTPUTS if _fits(one, speaks, n_out)]
    found = [Functions(inside, *one) for one in outputs for inside in reversed(hidden)]
    yield from found or [FIRST]


def _fits(output: tuple[str, str], speaks: set[str], n_out: int) -> bool:
    sigma, cost = output
    if sigma == "softmax" and (n_out == 1 or "softmax" not in speaks):
        return False
    if "cross" in cost:
        return "cross" in speaks or sigma == "softmax"
    if sigma == "identity":
        return bool(speaks & {"tanh", "relu"}) or not speaks
    return sigma in speaks or (sigma == "sigmoid" and not speaks)


def others(n_out: int) -> Iterator[Functions]:
    """All combinations that are tried where nothing else explains the numbers."""
    for sigma, cost in _OUTPUTS:
        for hidden in _HIDDEN:
            if sigma != "softmax" or n_out > 1:
                yield Functions(hidden, sigma, cost)


def sizes_for(path: Path, name: str) -> tuple[tuple[int, ...], ...]:
    """The networks to try: of the depth that the function's parameters tell (W1, W2), else each of SIZES."""
    deep = _depth(path, name)
    if deep is None:
        return SIZES
    fitting = tuple(one for one in SIZES if len(one) == deep + 1)
    return fitting or ((4, *[3] * (deep - 1), 2),)


def _depth(path: Path, name: str) -> int | None:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return None
    wanted = name.rsplit(".", 1)[-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == wanted:
            arguments = node.args
            return signature.depth(
                [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
            )
    return None


def functions_in(path: Path) -> list[str]:
    """The functions, and methods of classes, that a file defines, without running it; [] where it can't be read."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return []
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.append(node.name)
        if isinstance(node, ast.ClassDef):
            found += [f"{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)]
    return [one for one in found if "__" not in one]


def described(net: Network, m: int, random: bool) -> str:
    """The network and the examples in one line."""
    names = [row.option for row in net.activations]
    sigma = names[0] if len(set(names)) == 1 else ", ".join(names)
    what = counted(m, "example") + (", all random" if random else "")
    return f"{' → '.join(map(str, net.sizes))} · {sigma} · {net.cost.option} · {what}"
