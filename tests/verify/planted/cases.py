"""Cases at random: a network, an implementation, and a mistake (or two, or none) planted in it, with what was drawn.

Every case is validated: the planted mistake, in each of its layers, must change the numbers; else another is drawn.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from backlit import Network

from .networks import Random, Shape, draw_numbers, draw_shape
from .places import PLACES, Layers, needs
from .problem import RIGHT, Plan, Problem
from .together import can_meet

Array = Any
STYLES = ("loops", "rows", "nielsen", "dense", "ng", "tensors")
PENALTIES = tuple(name for name in PLACES if name.startswith("penalty-"))
# With these, a penalty that is told would be scaled or not, as one pleases; or has no part in the story.
_WITHOUT_PENALTY = {
    "sign-flipped", "y-minus-a", "output-not-cost", "output-mean", "output-sum", "factor-two", "factor-half",
    "unknown-factor", "cost-of-other-name", "batch-mean-missing", "batch-mean-twice", "bias-averaged",
    "accumulated", "last-batch", "post-update-weights", "gradient-missing", "layers-reversed",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """``theirs`` is what the planted implementation returned, ``options`` what the detector is told besides."""

    ids: tuple[str, ...]
    plan: Plan
    style: str
    layout: str
    problem: Problem
    net: Network
    theirs: Any
    options: Mapping[str, Any]
    label: str

    def layers(self, name: str) -> tuple[int, ...]:
        return tuple(sorted(self.plan.where[name]))

    def __str__(self) -> str:
        p = self.problem
        where = {name: self.layers(name) for name in self.ids}
        told = {key: value if np.isscalar(value) else "…" for key, value in self.options.items()}
        return (
            f"{self.label}: {where or 'right'} {dict(self.plan.how)} in {self.style} ({self.layout}), {p.sizes} "
            f"{p.activations} {p.cost}, m = {len(p.x)}, {self.net.dtype}, told {told}"
        )


def cases(seed: int, n: int) -> Iterator[Case]:
    """``n`` planted cases, going round the ids."""
    names = list(PLACES)
    for number in range(n):
        yield case(names[number % len(names)], seed, number // len(names))


def case(name: str, seed: int, number: int) -> Case:
    """The ``number``-th case of one id."""
    return _draw((name,), [seed, list(PLACES).index(name), number], f'case("{name}", {seed}, {number})')


def pair(seed: int, number: int) -> Case:
    """Two different mistakes at once."""
    rng = np.random.default_rng([seed, 1000, number])
    while True:
        first, second = (str(name) for name in rng.choice(list(PLACES), size=2, replace=False))
        if can_meet(first, second):
            break
    return _draw((first, second), [seed, 1001, number], f"pair({seed}, {number})")


def right(seed: int, number: int) -> Case:
    """A right gradient; the styles take turns."""
    return _draw((), [seed, 1002, number], f"right({seed}, {number})", STYLES[number % len(STYLES)])


def implementation(style: str) -> ModuleType:
    """The style's file; raises ImportError for tensors where PyTorch is missing."""
    return importlib.import_module(f"{__package__}.{style}")


def styles_of(ids: tuple[str, ...]) -> list[str]:
    """The styles that are here and in which all of these can be made."""
    fit = []
    for style in STYLES:
        try:
            made = implementation(style)
        except ImportError:
            continue
        if not set(ids) & getattr(made, "UNSUPPORTED", set()):
            fit.append(style)
    return fit


def _draw(ids: tuple[str, ...], seed: list[int], label: str, style: str | None = None) -> Case:
    rng = np.random.default_rng(seed)
    fitting = styles_of(ids)
    for _ in range(20_000):
        chosen = style if style in fitting else str(rng.choice(fitting))
        found = _attempt(ids, rng, chosen, label)
        if found is not None:
            return found
    raise AssertionError(f"no network was found for {label}")


def _attempt(ids: tuple[str, ...], rng: Random, style: str, label: str) -> Case | None:
    """One try; None where the mistakes have no place in what was drawn, or no effect."""
    shape = draw_shape(
        rng,
        small=style == "loops",
        dropout="dropout-mask-missing" in ids or (not ids and rng.random() < 0.15),
        softmax_inside="softmax-diagonal-only" in ids or rng.random() < 0.04,
    )
    places = [PLACES[name](shape) for name in ids]
    if not all(places):
        return None
    layers = {name: where[rng.integers(len(where))] for name, where in zip(ids, places, strict=True)}
    if len(ids) == 2 and not can_meet(*ids, shape, *layers.values()):
        return None
    how: dict[str, Any] = {}
    for name in ids:
        how |= needs(name, rng, shape, layers[name], style)
    if ids == ("output-not-cost",) and rng.random() < 0.15:
        style = "numeric"
    plan = Plan(layers, how)
    dtype = np.float32 if rng.random() < 0.2 and style != "numeric" else np.float64
    problem, options = _told(ids, rng, shape, plan, dtype)
    made = implementation(style)
    layouts = [name for name in made.LAYOUTS if "bias-not-summed" not in ids or "flat" not in name]
    layout = str(rng.choice(layouts))
    with np.errstate(all="ignore"):
        try:
            if not _matters(made, problem, plan, layout, dtype):
                return None
        except ValueError:  # the two leave shapes that no program could add up
            return None
        except ArithmeticError:  # plain Python's numbers divide by 0, or overflow, where NumPy's are infinite
            return None
        theirs = made.gradients(problem.for_cost(plan), plan, layout)
    options |= _previous(ids, rng, made, problem, plan, layout)
    return Case(ids, plan, style, layout, problem, _network(shape, problem, dtype), theirs, options, label)


def _told(
    ids: tuple[str, ...], rng: Random, shape: Shape, plan: Plan, dtype: Any
) -> tuple[Problem, dict[str, Any]]:
    """The numbers, and what of them the detector is told."""
    options: dict[str, Any] = {}
    penalised = any(name in PENALTIES for name in ids)
    l2 = float(np.round(10 ** rng.uniform(-2.5, -0.5), 4))
    if "penalty-unknown" in ids:
        l2 *= rng.random() < 0.4
        if l2 and any(abs(plan.how["penalty"] / l2 - c) < 0.05 for c in (1, 2, shape.m)):
            l2 = 0.0
    elif not penalised and (_WITHOUT_PENALTY & set(ids) or rng.random() > 0.1):
        l2 = 0.0
    if l2:
        options["l2"] = l2
    eta = float(rng.choice([0.1, 0.25, 0.5, 1.0, 3.0]))
    if "post-update-weights" in ids and rng.random() < 0.5:
        options["eta"] = eta
    if "unknown-factor" in ids and rng.random() < 0.5:
        options["eta"] = plan.how["factor"]
    earlier = "accumulated" in ids or "last-batch" in ids
    steep = 4.0 if rng.random() < (0.1 if ids else 0.2) else 1.0
    problem = draw_numbers(rng, shape, dtype, l2=l2, eta=eta, earlier=earlier, steep=steep)
    if problem.masks is not None:
        options["dropout_masks"] = list(problem.masks)
    return problem, options


def _previous(
    ids: tuple[str, ...], rng: Random, made: ModuleType, problem: Problem, plan: Plan, layout: str
) -> dict[str, Any]:
    """The earlier call's data, or what the same implementation returned for it."""
    if problem.earlier is None:
        return {}
    if len(ids) == 2 and "last-batch" in ids:
        return {
            "previous": problem.earlier
        }  # what it returned then would be equal, whatever the other mistake
    if len(ids) == 1 and rng.random() < 0.5:
        return {"previous": problem.earlier}
    for name in ("accumulated", "last-batch"):
        plan = plan.without(name) if plan.has(name) else plan
    return {"previous": made.gradients(problem.of_earlier().for_cost(plan), plan, layout)}


def _network(shape: Shape, problem: Problem, dtype: Any) -> Network:
    theta = [part for both in zip(problem.weights, problem.biases, strict=True) for part in both]
    return Network(
        shape.sizes, activations=list(shape.activations), cost=shape.cost, theta=theta, dtype=dtype
    )


def _matters(made: ModuleType, problem: Problem, plan: Plan, layout: str, dtype: Any) -> bool:
    """Whether the right gradient is one (finite, no part of it 0), and each planted mistake in each layer shows."""
    base = made.gradients(problem, RIGHT, layout)
    parts = [part for both in made.unpack(base, problem, layout) for part in both]
    if not all(np.isfinite(part).all() and np.abs(part).max() > 1e-7 for part in parts):
        return False
    if not plan.where:
        return True
    least = 1e-3 if dtype == np.float32 else 1e-6
    wrong = ravel(made.gradients(problem.for_cost(plan), plan, layout))
    if not np.isfinite(wrong).all() or not differs(wrong, ravel(base), least):
        return False
    for name, layers in plan.where.items():
        parts_of = [[l] for l in layers] if len(layers) > 1 else [None]
        for some in parts_of if len(plan.where) > 1 or len(layers) > 1 else []:
            less_plan = plan.without(name, some)
            less = ravel(made.gradients(problem.for_cost(less_plan), less_plan, layout))
            if not differs(wrong, less, least):
                return False
    return True


def ravel(theirs: Any) -> Array:
    """All numbers, in whatever order they come."""
    if isinstance(theirs, dict):
        theirs = list(theirs.values())
    if isinstance(theirs, (list, tuple)):
        if not theirs or np.isscalar(theirs[0]):
            return np.array(theirs, dtype=float)
        return np.concatenate([ravel(part) for part in theirs])
    return np.asarray(theirs, dtype=np.float64).ravel()


def differs(one: Array, other: Array, least: float) -> bool:
    return one.shape != other.shape or bool(
        np.linalg.norm(one - other) > least * max(np.linalg.norm(other), np.linalg.norm(one))
    )


__all__ = ["PLACES", "STYLES", "Case", "Layers", "case", "cases", "pair", "right"]
