"""θ before and after a step, judged array by array: whether the step is right, or which mistakes made it.

What is right is taken from the gradient at θ before (theirs, where it is given) and the rule; how mistakes move θ
stands in moves.py, the words in report.py. Unknown η and μ are fitted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ... import passes
from ...errors import UsageError, unknown
from ...inputs import batch
from ...network import Network
from ...optimizers import as_rule
from ...use import examples
from ..comparing.arrays import eps_of, rounded_to
from ..comparing.theta import Theta, readings
from ..finding import Report
from .explain import Explained, Tolerances, explain
from .moves import etas
from .report import Told, report
from .step import Batch, Step

Array = Any
_RULES = ("sgd", "momentum", "nesterov")
_SETTINGS_TRIED = 6  # pairs of η and μ, for each meaning of the velocity


@dataclass(frozen=True)
class Rule:
    """The rule's name, its η and μ; NaN where they are not known."""

    name: str
    eta: float
    mu: float


@np.errstate(all="ignore")
def diagnose_update(
    net: Network,
    x: Any,
    y: Any,
    before: Any,
    after: Any,
    *,
    eta: float | None = None,
    optimizer: str = "sgd",
    momentum: float | None = None,
    velocity: Any = None,
    l1: float = 0.0,
    l2: float = 0.0,
    sample_weight: Any = None,
    dropout_masks: Any = None,
    gradient: Any = None,
    previous: Any = None,
) -> Report:
    """The mistakes in one step of training from θ ``before`` to ``after``, on the batch x, y; none where it is right.

    Both are θ as people hold it: a network, flat, [w1, b1, …], a dict, a state dict. ``velocity`` is theirs from before
    the step, ``gradient`` theirs of C (without penalties), ``previous`` the batch (x, y) before this one. η and μ are
    fitted where they are not given. Raises UsageError for arguments that can't be, DataError for x and y.
    """
    passes.check_penalties(l1, l2)
    rule = _rule(optimizer, eta, momentum, velocity)
    thetas = _thetas(net, before, after)
    best: tuple[Explained, Told] | None = None
    for one, other in thetas:
        wide = _wide(net, one.flat())
        given, weights = _batch(wide, x, y, sample_weight, dropout_masks)
        theirs = _own(net, gradient, "gradient", one.turned)
        v = _own(net, velocity, "velocity", one.turned)
        step = _step(wide, one, given, theirs, v, rule, (l1, l2), weights)
        delta = other.flat() - one.flat()
        tolerances = _tolerances(step, one, other, gradient)
        earlier = None if previous is None else _batch(wide, previous[0], previous[1], None, None)[0]
        found = _best(step, delta, tolerances, earlier, rule)
        told = Told(rule.name, eta, momentum, theirs is not None, one.turned, tolerances.eps)
        if best is None or found.badness < best[0].badness:
            best = found, told
    assert best is not None
    return report(*best)


def _rule(optimizer: Any, eta: Any, momentum: Any, velocity: Any) -> Rule:
    given = as_rule(optimizer)
    if given.name not in _RULES:
        raise unknown("optimizer of an update to diagnose", given.name, _RULES)
    for name, number, least in (("eta", eta, 0.0), ("momentum", momentum, -math.inf)):
        real = isinstance(number, int | float | np.number) and not isinstance(number, bool)
        if number is not None and not (real and math.isfinite(number) and number > least):
            raise UsageError(
                f"{name} is a finite number{' above 0' if name == 'eta' else ''}; got {number!r}"
            )
    name = given.name
    if name == "sgd" and (velocity is not None or momentum is not None):
        name = "momentum"
    said = isinstance(optimizer, str) and "(" in optimizer
    mu = momentum if momentum is not None else given.parameters["momentum"] if said else math.nan
    return Rule(name, math.nan if eta is None else float(eta), 0.0 if name == "sgd" else float(mu))


def _thetas(net: Network, before: Any, after: Any) -> list[tuple[Theta, Theta]]:
    """The readings of the two: with w as it is, and, where every w is square, with all of them transposed."""
    firsts, seconds = (
        readings(one, what, net.sizes) for one, what in ((before, "θ before"), (after, "θ after"))
    )
    pairs = list(zip(firsts, seconds, strict=False))
    for one in (*firsts, *seconds):
        bad = ~np.isfinite(one.flat())
        if bad.any():
            place = net.name_of(int(np.argmax(bad)))
            raise UsageError(f"θ holds a number that is not finite, {place}; diagnose the step before that")
    return pairs


def _wide(net: Network, theta: Array) -> Network:
    """The same network in float64, at θ."""
    wide = Network(net.sizes, activations=list(net.activations), cost=net.cost, dtype=np.float64, theta=theta)
    wide.recipe, wide.classes, wide.task = net.recipe, net.classes, net.task
    return wide


def _batch(wide: Network, x: Any, y: Any, sample_weight: Any, masks: Any) -> tuple[Batch, float]:
    """The batch, and what its weights add up to."""
    X, Y = examples(wide, x, y)
    rows: Any = batch(X, slice(None), np.float64)
    dense = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows)
    share = passes.shares(len(Y), np.float64, sample_weight)
    total = float(len(Y) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64).sum())
    return Batch(dense, Y, share, passes.check_masks(wide, masks, len(Y))), total


def _own(net: Network, given: Any, what: str, turned: bool) -> Array | None:
    """Their velocity or gradient, flat; in the layout of their θ where both could be."""
    if given is None:
        return None
    found = readings(given, what, net.sizes)
    flat = next((one for one in found if one.turned == turned), found[0]).flat()
    if not np.isfinite(flat).all():
        place = net.name_of(int(np.argmin(np.isfinite(flat))))
        raise UsageError(
            f"{what} holds a number that is not finite, at {place}; diagnose the step before that"
        )
    return flat


def _step(
    wide: Network,
    before: Theta,
    given: Batch,
    theirs: Array | None,
    v: Array | None,
    rule: Rule,
    penalties: tuple[float, float],
    weights: float,
) -> Step:
    theta = before.flat()
    empty = Step(wide, theta, given, theta, rule.eta)
    return replace(
        empty,
        gradient=empty.at(theta) if theirs is None else theirs,
        mu=rule.mu,
        v=v if rule.name != "sgd" else None,
        nesterov=rule.name == "nesterov",
        l1=penalties[0],
        l2=penalties[1],
        summed=weights,
    )


def _tolerances(step: Step, before: Theta, after: Theta, gradient: Any) -> Tolerances:
    kept = eps_of(after.arrays)
    eps = max(kept, eps_of(before.arrays), eps_of([] if gradient is None else [step.gradient]))
    size = np.maximum(np.abs(before.flat()), np.abs(after.flat()))
    half = max((rounded_to(one) for one in after.arrays), default=0.0)
    return Tolerances(eps, kept, size, step.mass(), half)


def _best(step: Step, delta: Array, tolerances: Tolerances, previous: Batch | None, rule: Rule) -> Explained:
    """The explanation with the fewest mistakes over what is not known: η, μ, and what the velocity is."""
    tried: list[Step] = []
    for one in _conventions(step):
        tried += list(_known(one, delta, tolerances, rule))
    for one in tried:
        if not tolerances.wrong(one, delta):
            return Explained(one, delta, tolerances, [], [])
    for deep in (False, True):
        found = [explain(one, delta, tolerances, previous, deep=deep) for one in tried]
        best = min(found, key=lambda one: one.badness)
        if not best.unexplained:
            break
    return best


def _conventions(step: Step) -> Iterator[Step]:
    """What a velocity may be: the book's step, PyTorch's sum of gradients, a step to subtract, an average."""
    yield step
    if step.v is not None and step.v.any():
        yield replace(step, carry=-step.eta)
        if step.v @ step.G >= 0:  # a step to subtract points uphill; else the sign is wrong
            yield replace(step, carry=-1.0)
        yield replace(step, carry=-step.eta, keep=1 - step.mu)


def _known(step: Step, delta: Array, tolerances: Tolerances, rule: Rule) -> Iterator[Step]:
    """The step with numbers for η and μ: those that were given, else those that fit some of the arrays."""
    if not math.isnan(rule.eta) and (not math.isnan(rule.mu) or step.v is None):
        yield replace(step, mu=0.0 if math.isnan(rule.mu) else rule.mu)
        return
    pairs: list[tuple[float, float]]
    if math.isnan(rule.eta):
        pairs = etas(step, delta, lambda place, move: tolerances.fits(step, place, move, delta))
        pairs = pairs or [(_guess(step, delta), rule.mu)]
    else:
        pairs = [(rule.eta, mu) for mu in _momenta(step, delta)]
    for eta, mu in pairs[:_SETTINGS_TRIED]:
        known = 0.9 if math.isnan(mu) else mu
        carry = -eta if math.isnan(step.carry) or step.carry not in (1.0, -1.0) else step.carry
        keep = 1.0 if step.keep == 1.0 else 1 - known
        yield replace(step, eta=eta, mu=known, carry=carry, keep=keep)


def _momenta(step: Step, delta: Array) -> list[float]:
    """μ that fit single arrays, and 0.9, the usual one."""
    found = []
    assert step.v is not None
    for _, _, where in step.parts:
        v = step.v[where]
        if v.any():
            kappa = float(v @ (delta + step.eta * step.G)[where] / (v @ v)) / step.carry
            found.append(abs(kappa))
    whole = [mu for mu in found if 0 < mu < 1]
    return [*dict.fromkeys(round(mu, 12) for mu in whole), 0.9]


def _guess(step: Step, delta: Array) -> float:
    """An η of the right size, where none fits."""
    G = step.G
    found = float(np.linalg.norm(delta) / (np.linalg.norm(G) or 1.0))
    return found if found and math.isfinite(found) else 1.0
