"""How each mistake of table.py moves θ. Each is written here once, from its own definition.

A step has three parts that can be wrong: which gradient, how often it counts, and what the velocity does with it. One
mistake is one wrong part; two are two. Those that can't be put so are simulated (step.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from .step import Batch, Step, again, example_by_example, in_place, layers_in_turn

Array = Any
Key = tuple[str, str]  # a mistake's id, and a few words about this one
_MOST_EXAMPLES = 200  # that are tried one by one


@dataclass(frozen=True)
class Move:
    """What θ does under the mistakes ``keys``; NaN where it can't be told. ``value`` is a fitted number."""

    keys: tuple[Key, ...]
    out: Array
    value: float | None = None
    steps: int = 1  # how many steps it is made of: roundings add up


Form = Callable[[Array], Array]  # from −η times the gradient to Δθ


def moves(step: Step, mistakes: int, previous: Batch | None = None) -> Iterator[Move]:
    """All moves with exactly so many mistakes: 1 or 2."""
    factors = _factors(step)
    for base_key, base in _gradients(step, previous):
        pull = -step.eta * step.keep * base
        for factor_keys, factor in factors:
            for form_key, form in _forms(step):
                keys = (*base_key, *factor_keys, *form_key)
                if len(keys) == mistakes:
                    yield Move(keys, form(factor * pull))
    yield from _simulated(step, mistakes, factors)
    if step.v is not None:
        right = step.right
        for keys, factor in factors:
            if len(keys) == mistakes:
                yield Move(keys, factor * right)


def _factors(step: Step) -> list[tuple[tuple[Key, ...], float]]:
    """How often the gradient counts: once, or wrongly so, or wrongly in two ways."""
    single: list[tuple[Key, float]] = [
        (("update-sign", ""), -1.0),
        (("update-sum", ""), step.summed),
        (("update-eta-missing", ""), 1 / step.eta),
        (("update-eta-twice", ""), step.eta),
        (("update-twice", ""), 2.0),
        (("update-mean-twice", ""), 1 / step.summed),
    ]
    single = [(key, factor) for key, factor in single if abs(factor - 1) > 1e-12]
    none: list[tuple[tuple[Key, ...], float]] = [((), 1.0), ((("update-layer-missing", ""),), 0.0)]
    pairs = [
        ((one, two), first * second)
        for (one, first), (two, second) in combinations(single, 2)
        if abs(first * second - 1) > 1e-12
    ]
    return [*none, *(((key,), factor) for key, factor in single), *pairs]


def _gradients(step: Step, previous: Batch | None) -> Iterator[tuple[tuple[Key, ...], Array]]:
    """The gradient that the step is made with: the right one, and wrong ones."""
    g, penalty = step.gradient, step.penalty(step.before)
    yield (), g + penalty
    if penalty.any():
        yield (("update-penalty-missing", ""),), g
        yield (("update-penalty-doubled", ""),), g + 2 * penalty
        yield (("update-penalty-sign", ""),), g - penalty
    if step.l2:
        on_biases = np.zeros_like(g)
        for _, letter, where in step.parts:
            if letter == "b":
                on_biases[where] = step.l2 * step.before[where]
        yield (("update-penalty-on-biases", ""),), g + penalty + on_biases
    for shift in range(1, step.net.L):
        yield (("update-gradient-of-wrong-layer", ""),), _shifted(step, g + penalty, shift)
    yield (("update-gradient-transposed", ""),), _transposed(step, g + penalty)
    if previous is not None:
        other = step.at(step.before, previous) + penalty
        yield (("update-other-batch", "those of the previous batch"),), other


def _shifted(step: Step, G: Array, shift: int) -> Array:
    """Each layer with the gradient of another, where that has its shape."""
    flat, L = np.full_like(G, np.nan), step.net.L
    where = {(l, letter): place for l, letter, place in step.parts}
    for (l, letter), place in where.items():
        other = where[(l - 1 + shift) % L + 1, letter]
        shapes = [
            step.net.w[k].shape if letter == "w" else step.net.b[k].shape
            for k in (l, (l - 1 + shift) % L + 1)
        ]
        if shapes[0] == shapes[1]:
            flat[place] = G[other]
    return flat


def _transposed(step: Step, G: Array) -> Array:
    flat = np.full_like(G, np.nan)
    for l, letter, place in step.parts:
        shape = step.net.w[l].shape
        if letter == "w" and shape[0] == shape[1]:
            flat[place] = G[place].reshape(shape).T.reshape(-1)
    return flat


def _forms(step: Step) -> list[tuple[tuple[Key, ...], Form]]:
    """What the velocity makes of −η times the gradient."""
    if step.v is None:
        return [((), lambda pull: pull)]
    mu, carried = step.mu, step.carried()
    whole = step.carry * step.v
    right: Form = (
        (lambda pull: mu * (carried + pull) + pull) if step.nesterov else (lambda pull: carried + pull)
    )
    other: Form = (
        (lambda pull: carried + pull) if step.nesterov else (lambda pull: mu * (carried + pull) + pull)
    )
    found: list[tuple[tuple[Key, ...], Form]] = [((), right)]
    if not whole.any():
        return found
    return [
        *found,
        ((("update-old-momentum", ""),), lambda pull: whole + 0 * pull),
        ((("update-old-momentum", ""),), lambda pull: carried + 0 * pull),
        ((("update-momentum-missing", ""),), lambda pull: pull / step.keep),
        ((("update-momentum-sign", ""),), lambda pull: pull - carried),
        ((("update-momentum-undamped", ""),), lambda pull: whole + pull),
        ((("update-momentum-on-gradient", ""),), lambda pull: mu * (whole + pull)),
        ((("update-other-rule", "plain momentum" if step.nesterov else "Nesterov's"),), other),
    ]


def _simulated(step: Step, mistakes: int, factors: list[tuple[tuple[Key, ...], float]]) -> Iterator[Move]:
    penalty = step.penalty(step.before)
    if penalty.any() and mistakes == 1:
        first = step.move(step.gradient)
        late = first - step.eta * step.penalty(step.before + first)
        yield Move((("update-penalty-after-step", ""),), late)
        yield Move((("update-penalty-without-eta", ""),), first - penalty)
    if step.net.L > 1:
        key = ("update-before-all-deltas", "")
        for keys, factor in factors:
            if len(keys) == mistakes - 1 and factor:
                yield Move((*keys, key), in_place(step, factor))
    if mistakes == 1:
        if step.net.L > 1:
            for order in (range(step.net.L, 0, -1), range(1, step.net.L + 1)):
                yield Move((("update-gradient-anew", ""),), layers_in_turn(step, order))
        yield Move((("update-twice", "two steps, each with its own gradient"),), again(step), steps=2)
        m = len(step.batch.X)
        if 1 < m <= _MOST_EXAMPLES and step.v is None:
            yield Move(
                (("update-example-by-example", "each with η"),), example_by_example(step, 1.0), steps=m
            )
            yield Move(
                (("update-example-by-example", "each with η/m"),), example_by_example(step, 1 / m), steps=m
            )


def of_one_example(step: Step) -> Iterator[Move]:
    """The step of each example alone."""
    if len(step.batch.X) > _MOST_EXAMPLES:
        return
    for i in range(len(step.batch.X)):
        one = step.at(step.before, step.batch.only(i)) + step.penalty(step.before)
        yield Move((("update-other-batch", f"example {i} alone"),), step.move(one))


def fitted(step: Step, delta: Array) -> Iterator[Move]:
    """Moves with a number of their own, fitted to one array after another."""
    right, carried = step.right, step.carried()
    on_weights = np.zeros_like(delta)
    for _, letter, where in step.parts:
        if letter == "w":
            on_weights[where] = -step.eta * step.before[where]
    tries: list[tuple[str, Array, float, float]] = [("update-penalty-unknown", on_weights, step.l2, 1.0)]
    if not step.l2:
        tries.append(("update-penalty-unknown", -step.eta * step.before, 0.0, 1.0))
    if step.v is not None and carried.any():
        tries.insert(0, ("update-other-momentum", carried, step.mu, step.mu))
    if not step.nesterov:
        tries.insert(0, ("update-other-eta", -step.eta * step.keep * step.G, 1.0, 1.0))
    for place, (name, direction, base, unit) in enumerate(tries):
        for _, _, where in step.parts:
            more = _coefficient((delta - right)[where], direction[where])
            if more is not None and abs(more) > 1e-12:
                value = base + more * unit
                biases = ", on the biases as well" if place == len(tries) - 1 and not step.l2 else ""
                yield Move(((name, f"c = {value:.4g}{biases}"),), right + more * direction, value)


def _coefficient(wanted: Array, direction: Array) -> float | None:
    length = float(direction @ direction)
    return float(direction @ wanted) / length if length and direction.size > 1 else None


def etas(step: Step, delta: Array, close: Callable[[int, Array], bool]) -> list[tuple[float, float]]:
    """(η, μ) that fit some array, the most frequent first; ``close(place, move)`` says whether a move fits it.

    μ is the step's own unless it is not known (NaN).
    """
    found: dict[tuple[float, float], int] = {}
    values: list[tuple[float, float]] = []
    unknown = np.isnan(step.mu)
    plain = replace(step, eta=1.0, mu=1.0, v=None, keep=1.0)
    for _, base in _gradients(plain, None):
        for place, (_, _, where) in enumerate(step.parts):
            columns = [-base[where]]
            if step.v is not None:
                columns.append(step.v[where])
            design = np.stack(columns, axis=1)
            if (
                not (np.isfinite(design).all() and np.isfinite(delta[where]).all())
                or len(design) < design.shape[1]
                or not design[:, 0].any()
            ):
                continue
            (eta, *rest), *_ = np.linalg.lstsq(design, delta[where], rcond=None)
            out = np.full_like(delta, np.nan)
            out[where] = design @ np.array([eta, *rest])
            if not eta or not np.isfinite(out[where]).all() or not close(place, out):
                continue
            mu = abs(float(rest[0]) / (1.0 if step.carry in (1.0, -1.0) else float(eta))) if rest else 0.0
            values.append((abs(float(eta)), mu if unknown else step.mu))
    for one in values:
        near = next((key for key in found if np.allclose(key, one, rtol=1e-4)), one)
        found[near] = found.get(near, 0) + 1
    return sorted(found, key=lambda key: -found[key])
