"""A comparison while it is made: its two sides, the rows so far, and what is said of them besides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import passes
from ...inputs import batch, encode_inputs
from ...network import Network
from ...targets import decode_labels
from ...use import examples as encoded
from ..mistake import fill
from .arrays import distance, eps_of, largest
from .data import Examples, Pass, Slack, as_network, run, run_theirs, slack
from .rows import Row, row
from .sides import Side
from .theta import Theta

Array = Any
_TELLS = 2  # roundings of the coarser dtype that θ itself may differ by


class Making:
    """``rows`` grow; ``said`` is what differs besides numbers, ``notes`` how the two were read."""

    def __init__(self, first: Side, second: Side, tolerance: float | None) -> None:
        self.first, self.second, self.tolerance = first, second, tolerance
        self.one, self.other = _readings(first, second)
        self.eps = max(eps_of(self.one.arrays), eps_of(self.other.arrays))
        self.rows: list[Row] = []
        self.notes = _notes(first, second, self.one, self.other)
        self.said = _structure(first, second, self.one, self.other)
        self.examples: int | None = None
        self.answers: list[tuple[int, Any, Any]] = []

    @property
    def same_sizes(self) -> bool:
        return self.one.sizes == self.other.sizes

    def add(
        self, group: str, name: str, l: int, pair: tuple[Array, Array], entry: str, within: float
    ) -> None:
        """One more row, if the shapes are the same."""
        a, b = np.asarray(pair[0]), np.asarray(pair[1])
        if a.shape != b.shape:
            return
        scale = max(largest(a), largest(b))
        limit = within if self.tolerance is None else self.tolerance * scale
        self.rows.append(row(group, name, l, a, b, entry, limit))

    def parameters(
        self, group: str, one: Sequence[Array], other: Sequence[Array], room: Slack | None = None
    ) -> None:
        """θ, or ∇C, array by array."""
        for i, pair in enumerate(zip(one, other, strict=False)):
            l, letter = i // 2 + 1, "wb"[i % 2]
            scale = max(largest(pair[0]), largest(pair[1]))
            within = _TELLS * self.eps * scale if room is None else room.of(group, l, letter, scale)
            if group == "∇C" and room is None:
                within = Slack({}, self.eps).of(group, l, letter, scale)
            shown = fill(letter + "{l}", l, l)
            name, entry = (
                (shown, f"{letter}[{l}]") if group == "θ" else (f"∂C/∂{shown}", f"dC/d{letter}[{l}]")
            )
            self.add(group, name, l, pair, entry + "[{i}]", within)

    def on_data(self, x: Any, y: Any, sample_weight: Any, loss: Any, numbers: Sequence[int] | None) -> None:
        """z, a, C, ∇C and the answers on the same examples."""
        ends = [{theta.sizes[place] for theta in (self.one, self.other)} for place in (0, -1)]
        if any(len(some) > 1 for some in ends):
            self.notes.append(
                "Their inputs or outputs are not the same in number, so no example is one of both."
            )
            return
        nets = self.networks()
        reference, some = _examples(nets, x, y, sample_weight)
        self.examples = len(some.X)
        one, other = (
            self.run(side, net, nets, some, loss)
            for side, net in zip((self.first, self.second), nets, strict=True)
        )
        if one is None or other is None:
            self.notes.append("One of the two can't be run here, so only θ was compared.")
            return
        room = slack(nets[0] or nets[1], some, self.eps)
        if self.same_sizes:
            for l in range(1, len(one.z)):
                for group, pair in (("z", (one.z[l], other.z[l])), ("a", (one.a[l], other.a[l]))):
                    scale = largest(np.asarray(pair[0]))
                    self.add(
                        group,
                        fill(group + "{l}", l, l),
                        l,
                        pair,
                        f"{group}[{l}] of example {{i}}",
                        room.of(group, l, "", scale),
                    )
            if one.C is not None and other.C is not None:
                self.add(
                    "C",
                    "C",
                    0,
                    (np.asarray(one.C), np.asarray(other.C)),
                    "C",
                    room.of("C", 0, "", abs(one.C)),
                )
            if one.gradient is not None and other.gradient is not None:
                self.parameters("∇C", one.gradient, other.gradient, room)
        self.compare_answers(reference, one.a[-1], other.a[-1], numbers)

    def networks(self) -> list[Network | None]:
        """Both sides as networks of ours, where they can be."""
        likes = (self.second.net, self.first.net)
        return [
            as_network(side, theta, like)
            for side, theta, like in zip(
                (self.first, self.second), (self.one, self.other), likes, strict=True
            )
        ]

    def run(
        self, side: Side, net: Network | None, nets: list[Network | None], some: Examples, loss: Any
    ) -> Pass | None:
        """One side on the examples: a module by itself, all else by the equations."""
        like = self.first.net or self.second.net
        if side.layers is not None:
            found, remark = run_theirs(side, some, like, None if like is None else like.cost, loss)
            if remark and remark not in self.notes:
                self.notes.append(remark)
            return found
        return None if net is None else run(net, some, cost=like is not None)

    def own_gradient(self, x: Any, y: Any, sample_weight: Any) -> None:
        """∇C of the first side on examples, beside the arrays of the second."""
        net = self.networks()[0]
        assert net is not None
        _, some = _examples([net, None], x, y, sample_weight)
        found = run(net, some)
        assert found.gradient is not None
        self.examples = len(some.X)
        self.parameters("∇C", found.gradient, self.other.arrays, slack(net, some, self.eps))

    def compare_answers(
        self, net: Network | None, one: Array, other: Array, numbers: Sequence[int] | None
    ) -> None:
        """Which examples are answered differently, where the answers are classes."""
        if net is None or one.shape != other.shape:
            return
        if net.task != "classes" and net.cost.targets != "distribution":
            return
        said = [np.asarray(decode_labels(net, np.asarray(part))) for part in (one, other)]
        for place in np.flatnonzero(said[0] != said[1]).tolist():
            number = place if numbers is None else int(numbers[place])
            self.answers.append((number, _plain(said[0][place]), _plain(said[1][place])))


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


def _examples(
    nets: list[Network | None], x: Any, y: Any, sample_weight: Any
) -> tuple[Network | None, Examples]:
    """The network (one with a recipe first) whose a^0 and targets these are; modules alone take plain arrays."""
    known = [net for net in nets if net is not None]
    net = next((one for one in known if one.recipe is not None), known[0] if known else None)
    wide = None
    if net is None:
        X = np.asarray(x, dtype=np.float64)
        Y = None if y is None else np.asarray(y, dtype=np.float64).reshape(len(X), -1)
    else:
        wide = Network(
            net.sizes, activations=list(net.activations), cost=net.cost, dtype=np.float64, theta=net.theta
        )
        wide.recipe, wide.classes, wide.task = net.recipe, net.classes, net.task
        X, Y = (encode_inputs(wide, x), None) if y is None else encoded(wide, x, y)
        X = batch(X, slice(None), np.float64)
        X = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
    return wide, Examples(X, Y, passes.shares(len(X), np.float64, sample_weight))


def _readings(first: Side, second: Side) -> tuple[Theta, Theta]:
    """The two readings that are nearest to one another: layouts that can't be told are no difference."""
    pairs = [(a, b) for a in first.thetas for b in second.thetas]
    return min(pairs, key=lambda pair: _apart(*pair))


def _apart(one: Theta, other: Theta) -> tuple[int, float]:
    if one.sizes != other.sizes:
        return 1 + one.turned + other.turned, 0.0
    return 0, sum(
        distance(np.asarray(a, np.float64), np.asarray(b, np.float64))
        for a, b in zip(one.arrays, other.arrays, strict=True)
    )


def _structure(first: Side, second: Side, one: Theta, other: Theta) -> list[str]:
    """What differs besides numbers, in sentences: sizes, functions, cost, classes, recipes."""
    said = []
    names = first.name, second.name
    if one.sizes != other.sizes:
        said.append(f"sizes differ: {names[0]} is {_chain(one.sizes)}, {names[1]} is {_chain(other.sizes)}")
    options = first.options, second.options
    if options[0] and options[1] and len(options[0]) == len(options[1]):
        for l, (a, b) in enumerate(zip(options[0], options[1], strict=True), start=1):
            if a != b and not _logits(first, second, l, a, b):
                said.append(f"activations differ in layer {l}: {a} in {names[0]}, {b} in {names[1]}")
    if first.net is not None and second.net is not None:
        nets = first.net, second.net
        if nets[0].cost != nets[1].cost:
            said.append(
                f"costs differ: {nets[0].cost.option} in {names[0]}, {nets[1].cost.option} in {names[1]}"
            )
        if nets[0].classes and nets[1].classes and nets[0].classes != nets[1].classes:
            said.append("the classes differ, or their order")
        if nets[0].recipe and nets[1].recipe and nets[0].recipe.to_json() != nets[1].recipe.to_json():
            said.append("the recipes differ: the two take raw columns in different ways")
    return said


def _logits(first: Side, second: Side, l: int, a: str, b: str) -> bool:
    """Whether a chain of modules ends with z, because its loss puts the last function on top."""
    for net, layers, own, theirs in ((first.net, second.layers, a, b), (second.net, first.layers, b, a)):
        if net is not None and layers is not None and l == net.L:
            return theirs == "identity" and own in ("softmax", "sigmoid")
    return False


def _chain(sizes: Sequence[int]) -> str:
    return " → ".join(map(str, sizes))


def _notes(first: Side, second: Side, one: Theta, other: Theta) -> list[str]:
    notes = [
        f"{side.name} has w as (n_(l−1), n_l); it was transposed."
        for side, theta in ((first, one), (second, other))
        if theta.turned
    ]
    kinds = first.dtypes, second.dtypes
    if kinds[0] != kinds[1]:
        shown = [" and ".join(sorted(kind)) for kind in kinds]
        notes.append(f"{first.name} is {shown[0]}, {second.name} {shown[1]}.")
    for side, beside in ((first, second), (second, first)):
        if side.options is None and beside.options is not None and not side.gradient:
            notes.append(f"The functions of {side.name} are not known; those of {beside.name} are taken.")
    return notes
