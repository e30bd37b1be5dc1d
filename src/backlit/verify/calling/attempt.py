"""One layout tried: arguments made, the function called under guard, and what came looked at.

The arguments are fresh copies each time, and compared afterwards with what was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ...network import Network
from ..finding import Finding
from .complaints import notes, of_nan, of_raised, of_shape
from .counts import Counts, fitting
from .guard import Raised, guarded
from .outcome import NotNumbers, Plain, Seen, leaves, not_finite, plain
from .signature import Plan, made_object, packed
from .style import Style

Array = Any
About = Literal["gradient", "forward", "update"]
ETA = 0.5  # what a function that takes η is given where none was told


@dataclass(frozen=True)
class Problem:
    """What a function is judged on: w and b from layer 1, X (m, n_0), Y (m, n_L), and what else is known."""

    net: Network
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    X: Array
    Y: Array
    extra: Mapping[str, Any]

    @classmethod
    def of(cls, net: Network, X: Any, Y: Any, extra: Mapping[str, Any]) -> Problem:
        """With examples as arrays of the network's precision; one example may be a vector."""
        x, y = (np.atleast_2d(np.asarray(one, dtype=net.dtype)) for one in (X, Y))
        return cls(net, tuple(net.w), tuple(net.b), x, y, extra)

    @property
    def L(self) -> int:
        return self.net.L

    @property
    def m(self) -> int:
        """How many examples there are."""
        return len(self.X)

    @cached_property
    def has_labels(self) -> bool:
        """Whether y can be given as class numbers, (m,): one-hot rows, or a single output."""
        one_hot = bool(np.isin(self.Y, (0, 1)).all() and (self.Y.sum(axis=1) == 1).all())
        return one_hot or self.Y.shape[1] == 1

    def examples(self, style: Style) -> list[Problem]:
        """Each example alone where the function takes one, else all as they are."""
        if not style.single:
            return [self]
        return [
            replace(self, X=self.X[i : i + 1], Y=self.Y[i : i + 1], extra=self._of(i)) for i in range(self.m)
        ]

    def _of(self, i: int) -> Mapping[str, Any]:
        masks = self.extra.get("masks")
        if masks is None:
            return self.extra
        return {**self.extra, "masks": [None if one is None else one[i : i + 1] for one in masks]}

    def values(self, style: Style, give: Callable[[Any], Any], plan: Plan) -> dict[str, Any]:
        """What each role is given; arrays are fresh copies that ``give`` has turned into what the function takes."""
        extra, net = self.extra, self.net
        weights = [give(style.weight(w)) for w in self.weights]
        biases = [give(style.biased(b)) for b in self.biases]
        names = [row.option for row in net.activations]
        masks = extra.get("masks")
        return {
            "weights": weights,
            "biases": biases,
            "x": give(style.of_example(self.X)),
            "y": give(style.wanted(self.Y)),
            "batch": [
                (give(style.of_example(self.X[i : i + 1])), give(style.wanted(self.Y[i : i + 1])))
                for i in range(self.m)
            ]
            if plan.takes("batch")
            else [],
            "eta": ETA if extra.get("eta") is None else float(extra["eta"]),
            "l1": float(extra.get("l1") or 0.0),
            "l2": float(extra.get("l2") or 0.0),
            "masks": None
            if masks is None
            else [None if one is None else give(style.of_example(one)) for one in masks],
            "sizes": [*net.sizes],
            "num_layers": net.L + 1,
            "L": net.L,
            "m": self.m,
            "activations": names[0] if len(set(names)) == 1 else names,
            "cost": net.cost.option,
            "net": self._object(weights, biases) if plan.takes("net") else None,
        }

    def _object(self, weights: list[Any], biases: list[Any]) -> Any:
        """A network of ours that has the attributes of the book's as well."""
        twin: Any = self.net.copy()
        twin.weights, twin.biases, twin.num_layers = weights, biases, self.net.L + 1
        return twin


@dataclass(frozen=True)
class Attempt:
    """What one layout gave: ``value``, or the ``finding`` that it failed of, with ``raised`` if by an exception."""

    style: Style
    kind: str
    value: Plain = None
    finding: Finding | None = None
    raised: Raised | None = None
    notes: tuple[Finding, ...] = ()
    printed: str = ""
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether nothing came that can be used."""
        return self.finding is not None


def attempt(
    plan: Plan,
    problem: Problem,
    style: Style,
    about: About,
    kind: str,
    packing: str,
    seconds: float,
    path: str | None,
) -> Attempt:
    """Calls the function in a layout, once for all examples or once for each."""
    seen, changed = Seen(), set[str]()
    parts = problem.examples(style)
    counts = Counts(problem.net.sizes, len(parts[0].X), about)

    def work() -> list[Plain]:
        found = []
        for part in parts:
            found.append(_called(plan, part, style, about, kind, packing, seen, changed))
            if fitting(found[0], counts) is None:
                break  # what the first gives is enough to say that this is not it
        return found

    happened = guarded(work, seconds, path)
    tried = Attempt(style, kind, printed=happened.printed, seconds=happened.seconds)
    if happened.raised is not None:
        return replace(tried, raised=happened.raised, finding=of_raised(happened.raised, plan, seconds))
    if seen.refused is not None:
        return replace(tried, finding=replace(seen.refused, title=f"{plan.name}: {seen.refused.title}"))
    fits = [fitting(one, counts) for one in happened.value]
    if fits[0] is None:
        return replace(tried, finding=of_shape(happened.value[0], counts, plan, seen))
    values = [None if one is None else one[0] for one in fits]
    value = values if style.single else values[0]
    nan = not_finite(value)
    if nan is not None:
        return replace(tried, finding=of_nan(nan, happened, plan))
    known = notes(happened, seen, changed, fits[0][1], plan, about)
    return replace(tried, value=value, notes=known)


def _called(
    plan: Plan,
    problem: Problem,
    style: Style,
    about: About,
    kind: str,
    packing: str,
    seen: Seen,
    changed: set[str],
) -> Plain:
    """The function's result as plain data; what it did to its arguments goes into ``changed``."""
    give = _tensor if kind == "torch" else _same
    values = problem.values(style, give, plan)
    values["params"] = packed(values["weights"], values["biases"], packing, _joined)
    made = None
    if plan.owner is not None:
        made = made_object(plan.owner, values)
    before = _state(values)
    arguments, keywords = ([] if made is None else [made]), {}
    for one in plan.parameters:
        if isinstance(one.role, tuple):
            value = values["weights" if one.role[0] == "w" else "biases"][one.role[1] - 1]
        else:
            value = values[one.role]
        if one.by_name:
            keywords[one.name] = value
        else:
            arguments.append(value)
    attributes = dict(vars(made)) if hasattr(made, "__dict__") else {}
    returned = plan.function(*arguments, **keywords)
    try:
        found = plain(returned, seen)
    except NotNumbers as reason:
        seen.refused = reason.finding
        return None
    after = _state(values)
    changed |= {name for name, parts in before.items() if not _equal(parts, after[name])}
    if about == "update":
        return _updated(found, values, made, changed, Counts(problem.net.sizes, problem.m, about))
    if found is None and made is not None:
        new = {
            name: value
            for name, value in vars(made).items()
            if name not in attributes or attributes[name] is not value
        }
        return _stored(new)
    return found


def _same(value: Any) -> Any:
    return value


def _tensor(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    import torch

    return torch.from_numpy(value)


def _joined(parts: list[Any]) -> Any:
    """One flat vector."""
    if isinstance(parts[0], np.ndarray):
        return np.concatenate([part.reshape(-1) for part in parts])
    import torch

    return torch.cat([part.reshape(-1) for part in parts])


def _state(values: Mapping[str, Any]) -> dict[str, list[Array]]:
    """Copies of all arrays given, by the name that a person knows them by."""
    return {
        name: [np.array(part) for _, part in leaves(_detached(values[name]))]
        for name in ("weights", "biases", "x", "y", "masks", "params")
    }


def _detached(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _detached(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_detached(part) for part in value]
    return value.detach().numpy() if hasattr(value, "detach") else value


def _equal(one: list[Array], other: list[Array]) -> bool:
    return len(one) == len(other) and all(
        a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        for a, b in zip(one, other, strict=True)
    )


def _updated(found: Plain, values: Mapping[str, Any], made: Any, changed: set[str], counts: Counts) -> Plain:
    """θ after an update: what was returned, or the object's, or the arrays that were changed in place."""
    if found is not None and fitting(found, counts) is not None:
        return found
    seen = Seen()
    if made is not None:
        return plain((made.weights, made.biases), seen)
    if changed & {"weights", "biases"}:
        return plain((values["weights"], values["biases"]), seen)
    if "params" in changed:
        return plain(values["params"], seen)
    return found


def _stored(attributes: Mapping[str, Any]) -> Plain:
    """Gradients that a method left in its object: attributes called dW, db, grads, nabla_w, dW1, …"""
    found = {}
    for name, value in attributes.items():
        if name.lower().startswith(("d", "grad", "nabla")):
            try:
                found[name] = plain(value, Seen())
            except NotNumbers:
                continue
    return found or None
