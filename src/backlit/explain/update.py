"""Why did this weight move? One step of training taken apart: parts that add up to the move, each with its number.

The step is one that ``backlit.Steps`` recorded. Everything is computed anew from what stood before it, in float64 and
through the equations' registry, and then compared with the move that was made: what is left over is rounding in θ's
dtype, or the explanation says that it does not add up. The gradient is held to differences of C as well.

The parts: the mini-batch's mean gradient without dropout, what dropout changed in it, penalties, clipping by value and
by norm, each times the rule's scale; what the rule carries from earlier steps; decoupled penalties; max-norm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import equations, passes
from ..dropout import masks
from ..equations import EQUATIONS
from ..errors import UsageError
from ..inputs import batch
from ..namespaces import NUMPY
from ..network import Network
from ..optimizers import Rule, as_rule
from ..recorder import Batch, Moment
from .apart import Apart, take_apart
from .moved import Part, Update
from .parameters import Parameter, in_float64, parameter

Array = Any
_Piece = tuple[str, str, float]  # a part of the gradient: its name, what it is, its value
_ROUNDINGS = 1000.0  # units of rounding that a sum over a batch may be off by


@dataclass(frozen=True)
class _Gradients:
    """The mean gradient of one step in flat θ, with and without dropout, and each example's share of one entry."""

    plain: Array
    dropped: Array
    examples: Array
    measured: float


@np.errstate(all="ignore")
def explain_update(net: Network, name: str, before: Moment, after: Moment) -> Update:
    """Takes apart what one step did to one weight or bias; ``before, after = steps[epoch, batch]`` of a recorder.

    ``net`` gives functions and cost; its θ may have moved on. Raises UsageError for a name that is none, and for
    Moments that are not before and after one recorded step of such a network.
    """
    wanted = parameter(net, name)
    step = _check(net, before, after)
    exact = in_float64(net)
    theta = before.theta.astype(np.float64)
    found = _gradients(exact, theta, wanted, before, step, net.dtype)
    rule = as_rule(step.plan.rule)
    skipped = step.weights is not None and not float(step.weights.sum())
    parts, apart, scale_of_all = (
        ((), Apart(0.0, 0.0, "0", ""), 0.0)
        if skipped
        else _parts(exact, theta, wanted, before, step, rule, found)
    )
    old, new = float(before.theta[wanted.place]), float(after.theta[wanted.place])
    total = math.fsum(part.move for part in parts)
    eps = float(np.finfo(net.dtype).eps)
    size = scale_of_all * float(np.abs(found.examples).sum()) + sum(abs(part.move) for part in parts)
    return Update(
        name=wanted.name,
        symbol=wanted.symbol,
        rule=rule.option,
        batch=step,
        before=old,
        after=new,
        parts=parts,
        rounding=(new - old) - total,
        tolerance=eps * (2 * abs(old) + _ROUNDINGS * size),
        scale=apart.scale,
        how=apart.how,
        numbers=apart.numbers,
        gradient=float(found.dropped[wanted.place]),
        measured=found.measured,
        examples=found.examples,
        skipped=skipped,
        dtype=net.dtype.name,
    )


def _check(net: Network, before: Moment, after: Moment) -> Batch:
    """What the step was made of; raises UsageError where these are not its two Moments."""
    how = "give those of one recorded step: before, after = steps[epoch, batch]"
    if not isinstance(before, Moment) or not isinstance(after, Moment):
        raise UsageError(f"before and after are Moments that backlit.Steps records; {how}")
    for moment in (before, after):
        if moment.sizes != net.sizes or moment.theta.dtype != net.dtype:
            raise UsageError(
                f"the step is of a network of sizes {moment.sizes} in {moment.theta.dtype}, and this one has "
                f"{net.sizes} in {net.dtype}; {how}"
            )
    if before.batch is None:
        raise UsageError(f"before does not know what the next step was made of; {how}")
    if after.step != before.step + 1:
        raise UsageError(
            f"before stands at step {before.step} and after at step {after.step}, not the next; {how}"
        )
    return before.batch


def _gradients(
    exact: Network, theta: Array, wanted: Parameter, before: Moment, step: Batch, dtype: Any
) -> _Gradients:
    m, plan = len(step.rows), step.plan
    drop = masks(plan.keep, plan.dropout_key, before.step, m, exact.sizes, dtype)  # as the step drew them
    drop = drop and [None if one is None else one.astype(np.float64) for one in drop]
    total = None if step.weights is None else float(step.weights.sum())
    share = np.full(m, 1 / m) if step.weights is None else step.weights / (total or 1.0)
    Y = step.Y.astype(np.float64)
    dropped = passes.value_and_gradient(exact, theta, step.X, Y, share, drop)[1]
    plain = dropped if drop is None else passes.value_and_gradient(exact, theta, step.X, Y, share)[1]
    of_each = share * _of_each(exact, theta, wanted, step.X, Y, drop)

    def cost(value: float) -> float:
        moved = theta.copy()
        moved[wanted.place] = value
        return passes.measure(exact, moved, step.X, Y, share, drop)[0]

    here = float(theta[wanted.place])
    h = 1e-5 * max(1.0, abs(here))
    return _Gradients(plain, dropped, of_each, (cost(here + h) - cost(here - h)) / (2 * h))


def _of_each(exact: Network, theta: Array, wanted: Parameter, X: Array, Y: Array, drop: Any) -> Array:
    """∂C_x/∂θ of one entry for each example, (m,): N10 for a weight, δ itself (B3) for a bias."""
    w, b = exact.views(theta)
    l, j, k = wanted.l, wanted.j, wanted.k
    found = np.empty(len(Y))
    for rows in passes.chunks(len(Y), exact.sizes):
        part = None if drop is None else [None if one is None else one[rows] for one in drop]
        z, a = equations.forward(NUMPY, exact.layers, w, b, batch(X, rows, np.float64), part)
        delta = equations.backward(NUMPY, exact.layers, exact.cost, w, z, a, Y[rows], part)[l][:, [j]]
        if k is None:
            found[rows] = delta[:, 0]
            continue
        into = a[l - 1][:, [k]]
        into = into if isinstance(into, np.ndarray) else into.toarray()
        found[rows] = EQUATIONS["N10"](into, np.ones_like(delta), delta)[:, 0, 0]
    return found


def _parts(
    exact: Network,
    theta: Array,
    wanted: Parameter,
    before: Moment,
    step: Batch,
    rule: Rule,
    found: _Gradients,
) -> tuple[tuple[Part, ...], Apart, float]:
    """The parts of the move, the rule's own taken apart, and how large a gradient of 1 comes out."""
    plan, place, eta = step.plan, wanted.place, float(step.plan.eta[0])
    slots = before.slots or rule.start(theta, eta)
    through, g = _through(exact, theta, wanted, step, rule, found)
    mine = {name: float(slot[place]) for name, slot in slots.items()}
    apart = take_apart(rule, float(g[place]), mine, eta, before.t + 1)
    parts = [Part(name, what, value, apart.scale * value) for name, what, value in through]
    if apart.what:
        parts.append(Part("carried", apart.what, None, apart.carried))
    if rule.decoupled:
        beside = _penalties(step, wanted, float(theta[place]))
        parts += [Part(name, f"{what}, beside g", None, -eta * value) for name, what, value in beside]
    if plan.max_norm is not None and wanted.k is not None:
        moved = _moved(exact, theta, slots, before.t + 1, step, rule, g)
        parts.append(_limit(exact, moved, wanted, plan.max_norm))
    return tuple(parts), apart, abs(apart.scale)


def _through(
    exact: Network, theta: Array, wanted: Parameter, step: Batch, rule: Rule, found: _Gradients
) -> tuple[list[_Piece], Array]:
    """The pieces of the gradient that the rule gets, which add up to its entry of this parameter, and all of it."""
    plan, place, m = step.plan, wanted.place, len(step.rows)
    g = found.dropped.copy()
    if not rule.decoupled:
        passes.add_penalty_gradient(exact.views(theta)[0], exact.views(g)[0], plan.l1, plan.l2)
    cut, clipped = _clipped(g, step)
    mean, plain = float(found.dropped[place]), float(found.plain[place])
    pieces = [("gradient", f"mean gradient of {m:,} example{'s' * (m > 1)}", plain)]
    if plan.keep is not None:
        pieces.append(("dropout", "what dropout's masks changed in it", mean - plain))
    if not rule.decoupled:
        pieces += _penalties(step, wanted, float(theta[place]))
    if plan.clip_value is not None:
        said = f"clipping each entry to ±{plan.clip_value:g}"
        pieces.append(("clip_value", said, float(cut[place] - g[place])))
    if plan.clip_norm is not None:
        said = f"clipping ‖g‖ = {float(np.linalg.norm(cut)):.4g} to {plan.clip_norm:g}"
        pieces.append(("clip_norm", said, float(clipped[place] - cut[place])))
    return pieces, clipped


def _penalties(step: Batch, wanted: Parameter, here: float) -> list[tuple[str, str, float]]:
    """The derivative of each penalty (R1) by this parameter; biases have none."""
    if wanted.k is None:
        return []
    plan, w = step.plan, np.array([here])
    of = EQUATIONS["R1"]
    found = []
    if plan.l2:
        found.append(("l2", f"l2 penalty, {plan.l2:g} · w", float(of(NUMPY, "gradient", w, 0.0, plan.l2)[0])))
    if plan.l1:
        found.append(
            ("l1", f"l1 penalty, {plan.l1:g} · sign w", float(of(NUMPY, "gradient", w, plan.l1, 0.0)[0]))
        )
    return found


def _clipped(g: Array, step: Batch) -> tuple[Array, Array]:
    """The gradient clipped by value, and then by norm as well: in this order, as a step does it."""
    plan = step.plan
    cut = g if plan.clip_value is None else np.clip(g, -plan.clip_value, plan.clip_value)
    length = float(np.linalg.norm(cut)) if plan.clip_norm is not None else 0.0
    if plan.clip_norm is None or length <= plan.clip_norm:
        return cut, cut
    return cut, cut * (plan.clip_norm / length)


def _moved(exact: Network, theta: Array, slots: Any, t: int, step: Batch, rule: Rule, g: Array) -> Array:
    """θ after the rule and before max-norm, by the rule itself."""
    plan, eta = step.plan, float(step.plan.eta[0])
    wide = {name: slot.astype(np.float64) for name, slot in slots.items()}
    new = theta + rule.move(NUMPY, g.copy(), wide, eta, t)[0]
    if rule.decoupled:
        w, of_new = exact.views(theta)[0], exact.views(new)[0]
        for l in range(1, len(w)):
            of_new[l] -= eta * EQUATIONS["R1"](NUMPY, "gradient", w[l], plan.l1, plan.l2)
    return new


def _limit(exact: Network, moved: Array, wanted: Parameter, longest: float) -> Part:
    row = exact.views(moved)[0][wanted.l][wanted.j]
    length = float(np.sqrt(row @ row))
    factor = longest / length if length > longest else 1.0
    said = f"max-norm: weights into neuron {wanted.j} of length {length:.4g}, at most {longest:g}"
    return Part("max_norm", said, None, (factor - 1) * float(moved[wanted.place]))
