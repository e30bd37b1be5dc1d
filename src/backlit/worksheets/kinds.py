"""The kinds of questions: forward, weight, delta, paths and update, each made from a scene and its right pass.

What is asked is chosen so that it is worth asking: no derivative that is 0. "Find the mistake" stands in find.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..explain.formula import Formula, from_tex, tex_of
from ..functions.pairs import pair_of
from . import worked
from .figures import Precision, printed
from .passes import Pass
from .question import Asked, Line, Question
from .scene import Place, Scene
from .slips import slips

Array = Any
_SMALL = 1e-9  # below, a derivative counts as 0


def asked(scene: Scene, found: Pass, place: Place, points: float) -> Asked:
    """What stands at a place, as something asked."""
    value = found.read(place)
    letter, l, index = place
    numbers = scene.index[l] if np.ndim(value) and letter != "terms" else ()
    if letter == "terms":
        numbers = scene.index[l + 1]
    moves = (
        np.ravel(scene.eta * getattr(found, f"d{letter[-1]}")[l][index]) if letter.startswith("new_") else ()
    )
    return Asked(
        scene.name(place),
        scene.symbol(("dC_da", l, index)) if letter == "terms" else scene.symbol(place),
        tuple(np.shape(value)),
        points,
        Precision.of(np.ravel(value), moves),
        _plain(value),
        numbers if scene.part else (),
    )


def _plain(value: Array) -> Any:
    """Numbers as JSON keeps them, without the last bits' noise."""
    return np.array([float(f"{one:.12g}") for one in np.ravel(value)]).reshape(np.shape(value)).tolist()


def _question(
    scene: Scene,
    found: Pass,
    kind: str,
    title: str,
    prompt: str,
    places: Sequence[tuple[Place, float]],
    lines: Sequence[Line],
    *,
    room: int,
    explained: tuple[str, ...] = (),
    step: bool = False,
) -> Question:
    listed = tuple(asked(scene, found, place, points) for place, points in places)
    where = tuple(place for place, _ in places)
    return Question(
        id="",
        kind=kind,
        title=title,
        prompt=prompt,
        asked=listed,
        slips=slips(scene, listed, where, step=step),
        worked=tuple(lines),
        explained=explained,
        room=room,
        places=where,
    )


def forward(scene: Scene, found: Pass, rng: np.random.Generator) -> Question:
    """z and a of all layers, and C."""
    places: list[tuple[Place, float]] = []
    for l in range(1, scene.L + 1):
        places += [(("z", l, ()), 1.0), (("a", l, ()), 1.0)]
    lines = worked.forward(scene, found, range(1, scene.L + 1))
    last = ""
    if _whole_cost(scene):
        places.append((("C", 0, ()), 1.0))
        lines.append(worked.cost(scene, found))
        last = ", and the cost $C$"
    return _question(
        scene, found, "forward", "The forward pass",
        f"Work out the weighted inputs $z^l$ and the activations $a^l$ of every layer, from $a^0 = x$ on{last}.",
        places, lines, room=2 * scene.L + 2,
    )  # fmt: skip


def _whole_cost(scene: Scene) -> bool:
    return scene.whole is None or len(scene.y) == scene.whole[0].sizes[-1]


def weight(scene: Scene, found: Pass, rng: np.random.Generator) -> Question:
    """∂C/∂w of one weight by the chain rule, its factors and their product."""
    l = int(rng.integers(1, scene.L + 1))
    l, j, k = _lively(scene, found, l, rng)
    net = scene.net
    w = scene.quantity("w", l, j, k).tex()
    before, after = scene.quantity("a", l - 1, k).tex(), scene.quantity("z", l, j).tex()
    places: list[tuple[Place, float]] = [(("a", l - 1, (k,)), 1.0)]
    cancels = l == net.L and pair_of(net.layers[l], net.cost) is not None
    if cancels or not net.layers[l].elementwise:
        places.append((("delta", l, (j,)), 1.0))
        rule = rf"\frac{{\partial C}}{{\partial {w}}} = {before} \cdot {scene.quantity('delta', l, j).tex()}"
        why = (
            "where $\\sigma'$ and the cost's denominator cancel in $\\delta$"
            if cancels
            else "where softmax makes $\\delta$ a sum over the layer's own outputs"
        )
    else:
        places += [(("slope", l, (j,)), 1.0), (("dC_da", l, (j,)), 1.0)]
        of_a = scene.symbol(("dC_da", l, (j,))).tex
        rule = rf"\frac{{\partial C}}{{\partial {w}}} = {before} \cdot \sigma'({after}) \cdot {of_a}"
        why = "the three factors, and their product"
    places.append((("dw", l, (j, k)), 1.0))
    lines = [*worked.delta(scene, found, l)] if l < scene.L else []
    lines = [line for line in lines if _of_neuron(line, scene, l, j)]
    if l == scene.L:
        lines = [line for line in worked.delta(scene, found, l) if _of_neuron(line, scene, l, j)]
    lines.append(worked.product(scene, found, l, j, k))
    return _question(
        scene, found, "weight", "One weight's derivative",
        f"Find the derivative of $C$ by the weight ${w}$, as the chain rule gives it, ${rule}$: {why}.",
        places, lines, room=6, explained=(scene.name(("dw", l, (j, k))),),
    )  # fmt: skip


def _of_neuron(line: Line, scene: Scene, l: int, j: int) -> bool:
    wanted = (scene.symbol(("delta", l, (j,))).tex, scene.symbol(("dC_da", l, (j,))).tex)
    return line.symbol.tex in wanted


def _lively(scene: Scene, found: Pass, l: int, rng: np.random.Generator) -> tuple[int, int, int]:
    """A weight of layer l (or, where there is none, of another) whose derivative is not 0."""
    for layer in dict.fromkeys([l, *range(scene.L, 0, -1)]):
        places = np.argwhere(np.abs(found.dw[layer]) > _SMALL)
        if len(places):
            j, k = places[int(rng.integers(len(places)))]
            return layer, int(j), int(k)
    return scene.L, 0, 0


def delta(scene: Scene, found: Pass, rng: np.random.Generator) -> Question:
    """δ of the layers from the output back to one hidden layer."""
    L = scene.L
    l = int(rng.integers(max(1, L - 2), L)) if L > 1 else 1
    layers = range(L, l - 1, -1)
    places: list[tuple[Place, float]] = [(("delta", one, ()), float(len(found.delta[one]))) for one in layers]
    lines = [line for one in layers for line in worked.delta(scene, found, one)]
    name = rf"\delta^{{{l}}} = \partial C / \partial z^{{{l}}}"
    way = "" if l == L else rf", starting with $\delta^{{{L}}}$ of the output and going back layer by layer"
    return _question(
        scene, found, "delta", "A whole layer's δ",
        f"Find ${name}$ of all neurons of layer {l}{way}.",
        places, lines, room=4 + 3 * (L - l),
    )  # fmt: skip


def paths(scene: Scene, found: Pass, rng: np.random.Generator) -> Question:
    """∂C/∂a of one neuron: a term for each path through the next layer, and their sum."""
    layers = [l for l in range(scene.L) if scene.net.sizes[l + 1] > 1 and (l or scene.L == 1)]
    l = layers[int(rng.integers(len(layers)))] if layers else int(np.argmax(scene.net.sizes[1:]))
    alive = np.flatnonzero(np.abs(found.dC_da[l]) > _SMALL)
    k = int(alive[int(rng.integers(len(alive)))]) if len(alive) else 0
    n = scene.net.sizes[l + 1]
    places: list[tuple[Place, float]] = [(("terms", l, (k,)), float(n)), (("dC_da", l, (k,)), 1.0)]
    lines = [worked.term(scene, found, l, i, k) for i in range(n)] + [worked.summed(scene, found, l, k)]
    before = worked.delta(scene, found, l + 1)
    a, next_, number = scene.quantity("a", l, k).tex(), l + 1, scene.index[l][k]
    rest = ""
    if scene.rest is not None and scene.rest[l][k]:
        amount = tex_of(printed(scene.rest[l][k]))
        rest = f"; the paths through neurons that are not shown add $r^{{{l}}}_{{{number}}} = {amount}$ to the sum"
    many = "one path" if n == 1 else f"{n} paths, one"
    question = _question(
        scene, found, "paths", "All paths to the cost",
        f"The activation ${a}$ reaches $C$ on {many} through each neuron $i$ of layer {next_}. Find each path's term, "
        rf"$w^{{{next_}}}_{{i,{number}}}\, \delta^{{{next_}}}_i$, and the derivative of $C$ by ${a}$, their sum{rest}.",
        places, [*before, *lines], room=4 + n, explained=(scene.name(("dC_da", l, (k,))),),
    )  # fmt: skip
    terms = replace(question.asked[0], symbol=lines[0].formula if n == 1 else _terms_symbol(scene, l, k))
    return replace(question, asked=(terms, *question.asked[1:]))


def _terms_symbol(scene: Scene, l: int, k: int) -> Formula:
    number = scene.index[l][k]
    return from_tex(rf"w^{{{l + 1}}}_{{i,{number}}} \delta^{{{l + 1}}}_i")


def update(scene: Scene, found: Pass, rng: np.random.Generator) -> Question:
    """Two weights and a bias after one step of gradient descent."""
    L = scene.L
    chosen: list[tuple[str, int, tuple[int, ...]]] = []
    for l in dict.fromkeys([L, max(1, L - 1)]):
        layer, j, k = _lively(scene, found, l, rng)
        chosen.append(("w", layer, (j, k)))
    bias = int(np.argmax(np.abs(found.db[L])))
    chosen.append(("b", L, (bias,)))
    chosen = list(dict.fromkeys(chosen))
    places: list[tuple[Place, float]] = [((f"new_{letter}", l, index), 2.0) for letter, l, index in chosen]
    lines: list[Line] = []
    for letter, l, index in chosen:
        if letter == "w":
            lines += [line for line in worked.delta(scene, found, l) if _of_neuron(line, scene, l, index[0])]
            lines.append(worked.product(scene, found, l, *index))
        lines.append(worked.step(scene, found, letter, l, index))
    names = [f"${scene.symbol(place).tex}$" for place, _ in places]
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    return _question(
        scene, found, "update", "One step of gradient descent",
        rf"Make one step $v \to v - \eta\, \partial C / \partial v$ with $\eta = {printed(scene.eta)}$. What are "
        f"{listed} after it?",
        places, lines, room=6, step=True,
        explained=tuple(scene.name((f"d{letter}", l, index)) for letter, l, index in chosen if letter == "w"),
    )  # fmt: skip


KINDS: dict[str, Callable[[Scene, Pass, np.random.Generator], Question]] = {
    "forward": forward,
    "weight": weight,
    "delta": delta,
    "paths": paths,
    "update": update,
}
