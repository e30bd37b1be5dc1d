"""Derivations in words: from pixel (1,5) to hidden neuron 19, for example 1514: a "1", read as "9"; conventions.

Sentences and labels; no numbers are computed here but what a network says of an example.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functions import Cost
from ..notation import Quantity
from ..spelling import counted
from ..targets import class_numbers
from .flow import Flow
from .formula import from_tex
from .labels import Labels
from .leaves import put
from .letters import Letters
from .problem import Problem

Array = Any
_WHOSE = {
    "squared_error": "the note's (no ½)",
    "half_squared_error": "the book's (with ½)",
    "mean_squared_error": "a mean over outputs too",
    "binary_cross_entropy": "the book's cross-entropy",
    "cross_entropy": "the book's log-likelihood",
}
_COUNTING = {
    "note": "note's counting: layer 0 is the input",
    "book": "book's counting: layer 1 is the input",
    "pytorch": "PyTorch's names: 0.weight is w¹; a and z as in the note",
}


def statement(problem: Problem, flow: Flow, by: Quantity) -> str:
    """What the derivative is of, in words."""
    of, labels = flow.of, problem.labels
    what = _below(by, labels)
    if of.letter != "C":
        answer = labels.neuron(int(of.layer or 0), int(of.index[0]))
        noun = "weighted input" if of.letter == "z" else "activation"
        what = f"how the {noun} of {answer} answers to {_by(by, labels)}"
    return f"{what}, {_examples(problem, flow, averaged(flow, by))}"


def averaged(flow: Flow, by: Quantity) -> bool:
    """Whether a batch has one value, the mean: C's derivatives by weights and biases."""
    return flow.of.letter == "C" and by.letter in ("w", "b")


def _below(by: Quantity, labels: Labels) -> str:
    if by.letter == "w" and by.index and ":" not in by.index:
        l = by.layer or 0
        return f"from {labels.neuron(l - 1, int(by.index[1]))} to {labels.neuron(l, int(by.index[0]))}"
    return _by(by, labels)


def _by(by: Quantity, labels: Labels) -> str:
    """The quantity below in words."""
    if by.letter == "raw":
        return f"{by.column}, before the recipe"
    l = by.layer or 0
    whole = not by.index or set(by.index) == {":"}
    if by.letter == "w":
        return _weights(by, l, whole, labels)
    nouns = {"b": "the bias", "z": "the weighted input", "a": "the activation", "x": "the input"}
    if whole:
        many = {"b": "all biases", "z": "all weighted inputs", "a": "all activations"}
        return (
            "all inputs" if by.letter == "x" or l == 0 else f"{many[by.letter]} of layer {labels.number(l)}"
        )
    neuron = labels.neuron(l, int(by.index[0]))
    return neuron if l == 0 and by.letter in "ax" else f"{nouns[by.letter]} of {neuron}"


def _weights(by: Quantity, l: int, whole: bool, labels: Labels) -> str:
    if whole:
        return f"all weights of layer {labels.number(l)}"
    j, k = by.index
    if isinstance(k, str):
        return f"the weights into {labels.neuron(l, int(j))}"
    if isinstance(j, str):
        return f"the weights out of {labels.neuron(l - 1, k)}"
    return f"the weight from {labels.neuron(l - 1, k)} to {labels.neuron(l, j)}"


def _examples(problem: Problem, flow: Flow, mean: bool) -> str:
    if problem.m > 1:
        return f"for {problem.m:,} examples" if mean else f"for each of {problem.m:,} examples"
    number = "this example" if problem.numbers is None else f"example {problem.numbers[0]}"
    said = _answer(problem, flow, 0)
    return f"for {number}{f': {said}' if said else ''}"


def _answer(problem: Problem, flow: Flow, row: int) -> str:
    """``a "1", read as "9"``, or ``wanted 2.1, given 1.9``; "" where nothing was wanted."""
    if problem.Y is None:
        return ""
    net, given, wanted = problem.net, flow.a[-1][row : row + 1], problem.Y[row : row + 1]
    if net.task == "classes":
        right, read = (_class(problem, int(class_numbers(net, values)[0])) for values in (wanted, given))
        said = "such" if right == read else f'"{read}"'
        return f'{_article(right)} "{right}", read as {said}'
    if given.shape[1] == 1:
        if net.recipe is not None:
            wanted, given = (net.recipe.decode_values(values) for values in (wanted, given))
        return f"wanted {_short(np.ravel(wanted)[0])}, given {_short(np.ravel(given)[0])}"
    return ""


def _article(name: str) -> str:
    """As the name is spoken: an "8", an "apple", a "7"."""
    number = name.lstrip("0") if name.isdigit() else ""
    spoken = (
        number.startswith("8") or number in ("11", "18") if number else name[:1].lower() in tuple("aeiou")
    )
    return "an" if spoken else "a"


def _class(problem: Problem, number: int) -> str:
    names = problem.net.classes
    return str(names[number]) if names else str(number)


def _short(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def example_labels(problem: Problem, flow: Flow) -> tuple[str, ...]:
    """For a batch's table: ``1514 "1"``."""
    numbers = problem.numbers or range(problem.m)
    if problem.Y is None or problem.net.task != "classes":
        return tuple(str(number) for number in numbers)
    wanted = class_numbers(problem.net, problem.Y)
    return tuple(f'{number} "{_class(problem, int(j))}"' for number, j in zip(numbers, wanted, strict=True))


def conventions(problem: Problem, flow: Flow, by: Quantity) -> tuple[str, ...]:
    """What the number rests on: the network, the cost with its ½ or 2, sum or mean, what is included, the counting."""
    net = problem.net
    said = [" → ".join(map(str, net.sizes)), ", ".join(sigma.option for sigma in net.activations)]
    if flow.of.letter == "C":
        said.append(_cost(net.cost))
    if problem.m > 1 and not averaged(flow, by):
        said.append("one value an example")
    elif flow.of.letter == "C":
        said.append(_mean(problem))
    said.extend(_included(problem, by if averaged(flow, by) else None))
    if problem.dtype != net.dtype:
        said.append(f"in {net.dtype.name}, from weights in {problem.dtype.name}")
    return (*said, _COUNTING[problem.notation])


def _cost(cost: Cost) -> str:
    plain = put(cost.tex, {"a^L_j": "a", "y_j": "y", "n_L": "n", r"\sum_j": r"\sum"})
    formula = from_tex(plain).text if cost.built_in else f"{cost.name}(a, y)"
    whose = _WHOSE.get(cost.name if cost.built_in else "", cost.name.replace("_", " "))
    return f"C = {formula}, {whose}"


def _mean(problem: Problem) -> str:
    if problem.m == 1:
        return "one example"
    kind = "weighted mean" if problem.weighted else "mean"
    return f"{kind} over {counted(problem.m, 'example')}"


def _included(problem: Problem, by: Quantity | None) -> list[str]:
    """Penalties, which only weights have, and dropout's masks."""
    said = []
    named = [f"{name}={value:g}" for name, value in (("l1", problem.l1), ("l2", problem.l2)) if value]
    if by is not None and named:
        said.append(
            f"with {', '.join(named)}" if by.letter == "w" else f"no bias is penalised ({', '.join(named)})"
        )
    return [*said, *(["with dropout's masks"] if problem.masks is not None else [])]


def kind_of(letters: Letters, by: Quantity) -> str:
    """What is nudged, in a sentence about one of it: "this weight", "petal length"."""
    if by.letter == "raw":
        return str(by.column)
    if by.letter in ("a", "x") and not by.layer:
        names = letters.labels.inputs
        return names[int(by.index[0])] if names else "this input"
    return {"w": "this weight", "b": "this bias", "z": "this weighted input", "a": "this activation"}[
        by.letter
    ]
