"""What a sheet says around its numbers, in words with TeX between dollars: for HTML and LaTeX alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..functions import Activation
from .figures import ON_THE_WAY, decimal, printed
from .question import Asked, Line, Question
from .scene import Scene

if TYPE_CHECKING:
    from ..explain import Derivation
    from .sheet import Exercise

TITLE = "Backpropagation by hand"
RULES = (
    "Layer 0 is the input, and neurons count from 0: $w^l_{jk}$ is the weight from neuron $k$ of layer $l-1$ to neuron "
    "$j$ of layer $l$, $z^l = w^l a^{l-1} + b^l$, $a^l = \\sigma(z^l)$, $\\delta^l = \\partial C / \\partial z^l$. "
    "Carry one or two decimals more than are asked for."
)


def points(value: float) -> str:
    """Points without needless decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def setting(scene: Scene, *, first: bool) -> list[str]:
    """Lines about the network: what it is, its functions, its cost; of a part, what is left out."""
    net = scene.net
    arrows = r" \to ".join(map(str, net.sizes))
    of = f" from {scene.source}" if scene.source else "" if first else ", another one"
    lines = [f"A network{of}, ${arrows}$ neurons:"]
    lines.append(_functions(scene))
    lines.append(f"The cost of this example is $C = {net.cost.tex}${_parameters(net.cost.parameters)}.")
    lines += _part(scene)
    return lines


def _functions(scene: Scene) -> str:
    """σ of each layer, by name and formula."""
    net = scene.net
    layers: dict[Activation, list[int]] = {}
    for l, sigma in enumerate(net.activations, start=1):
        layers.setdefault(sigma, []).append(l)
    said = []
    for sigma, listed in layers.items():
        where = "every layer" if len(listed) == net.L and net.L > 1 else _layers(listed, net.L)
        equals = "a_j = " if not sigma.elementwise else r"\sigma(z) = "
        said.append(f"{sigma.name} in {where}, ${equals}{sigma.tex}${_parameters(sigma.parameters)}")
    return f"Its activations: {'; '.join(said)}."


def _layers(listed: list[int], L: int) -> str:
    if listed == [L]:
        return "the output layer" if L > 1 else "its one layer"
    numbers = (
        " and ".join([", ".join(map(str, listed[:-1])), str(listed[-1])])
        if len(listed) > 1
        else str(listed[0])
    )
    return f"layer{'s' * (len(listed) > 1)} {numbers}"


def _parameters(parameters: Any) -> str:
    letters = {"slope": "s", "alpha": r"\alpha", "delta": "d"}
    told = [f"${letters.get(name, name)} = {printed(value)}$" for name, value in parameters.items()]
    return f" with {', '.join(told)}" if told else ""


def _part(scene: Scene) -> list[str]:
    """Which neurons are shown, and what stands for the others."""
    if not scene.part:
        return [said] if (said := _called(scene)) else []
    assert scene.whole is not None
    shown = []
    for l, (some, n) in enumerate(zip(scene.index, scene.whole[0].sizes, strict=True)):
        if len(some) < n:
            shown.append(f"{', '.join(map(str, some))} of the {n} of layer {l}")
    lines = [
        f"It is a part: of the model's neurons there are {'; '.join(shown)}, under their own numbers, in this order. "
        "At this example, what the others do is already in the biases"
        + (
            r", and in $r^l$: what paths through them add to $\partial C / \partial a^l$."
            if rests(scene)
            else "."
        )
    ]
    if rests(scene):
        lines.append(
            r"So $\frac{\partial C}{\partial a^{l}} = (w^{l+1})^T \delta^{l+1} + r^{l}$, and derivatives are those of "
            "the whole model."
        )
    return [*lines, *([said] if (said := _called(scene)) else [])]


def _called(scene: Scene) -> str:
    """Names of inputs and outputs, where the model has some."""
    told = []
    for l, noun in ((0, "inputs"), (scene.L, "outputs")):
        names = scene.neurons[l] if scene.neurons else None
        if names is not None:
            pairs = [
                f"{number} is {name}"
                for number, name in zip(scene.index[l], names, strict=True)
                if name not in (str(number), f"x{number}")
            ]
            told += [f"of the {noun}, {', '.join(pairs)}"] * bool(pairs)
    said = "; ".join(told).replace("$", "")
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def rests(scene: Scene) -> list[int]:
    """The layers of whose ∂C/∂a paths are not shown, and that have any."""
    return [] if scene.rest is None else [l for l in range(1, scene.L) if scene.rest[l].any()]


def given(one: Exercise, letter: str, l: int) -> list[float]:
    """z or a of a layer as they are printed."""
    return [round(float(value), ON_THE_WAY) for value in getattr(one.found, letter)[l]]


def how(question: Question) -> str:
    """How exact answers have to be."""
    rules = {one.precision.said for one in question.asked if not one.choice}
    if len(rules) == 1:
        rule = rules.pop()
        return (
            "All numbers come out even: give them exactly."
            if rule == "exactly"
            else f"Give the answers {rule}."
        )
    finest = max(one.precision.decimals for one in question.asked)
    return f"Give the answers to {finest} decimals, or exactly where they come out even."


def value(one: Line) -> str:
    """A line's value on the way."""
    return decimal(float(one.value), ON_THE_WAY)


def answer(one: Asked) -> str:
    """The right answer as it would be written."""
    decimals = max(one.precision.decimals, 1)
    if not one.shape:
        return decimal(float(one.value), decimals)
    return f"({', '.join(decimal(float(entry), decimals) for entry in one.value)})"


def explained(scene: Scene, question: Question) -> list[tuple[str, Derivation]]:
    """What ``net.explain`` says of the derivatives asked for, each with a heading: of a part, of the whole model."""
    if not question.explained:
        return []
    net, x, y = scene.whole if scene.part and scene.whole is not None else (scene.net, scene.x, scene.y)
    twin = net.copy()
    if twin.task is None:
        twin.task = "values"
    heading = (
        "The same in the whole model, from its unrounded numbers:"
        if scene.part
        else "The chain rule, every sum opened:"
    )
    return [(heading, twin.explain(name, x, y)) for name in question.explained[:1]]
