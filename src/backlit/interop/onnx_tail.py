"""What follows a^L in an ONNX graph: labels, probabilities of both classes, ZipMap, and the class names they hold.

scikit-learn's exporter and Backlit's own write such tails. Each is stripped, and what they say about classes is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ModelError
from ..spelling import spelt
from .onnx_functions import single
from .onnx_graph import Graph, Node
from .onnx_path import remedy
from .onnx_shapes import FLOATS

Array = Any
_ML = "ai.onnx.ml."
_LONGEST = 12  # nodes from a^L to an output
_MOST_CLASSES = 100_000


@dataclass
class Tail:
    """``core`` is the tensor a^L; ``classes`` in the order of the outputs, where the file names them."""

    core: str
    classes: tuple[Any, ...] | None = None
    decides: bool = False  # whether a class is chosen by it
    of_two: bool = False  # whether 1 − p stands beside p
    whole: bool = False  # whether it makes whole numbers


def tail_of(graph: Graph, output: str | None) -> Tail:
    """Where the network ends; ``output`` names one of several. Raises ModelError where they lead to several places."""
    if output is not None:
        if output not in graph.made_by:
            raise ModelError(
                f"{graph.place} has no tensor {output!r}; its outputs are {', '.join(list(graph.outputs)[:10])}"
            )
        return Tail(output)
    if not graph.outputs:
        raise ModelError(f"{graph.place} has no output; export it anew")
    tails = {name: stripped(graph, name) for name in graph.outputs}
    if graph.producer == "backlit":
        tails = {name: tail for name, tail in tails.items() if name != graph.metadata.get("value")} or tails
    cores = {tail.core for tail in tails.values()}
    if len(cores) > 1:
        makers = {graph.made_by.get(core) for core in cores}
        alone = makers.pop()
        if alone is not None and not makers:
            raise alone.refused("no dense network has such a node", remedy(alone))
        raise ModelError(
            f"{graph.place} has several outputs, and a network has one: {', '.join(list(graph.outputs)[:10])}; name "
            f"it, {spelt('output', ...)}"
        )
    named = [tail.classes for tail in tails.values() if tail.classes is not None]
    decides, of_two = (any(getattr(tail, name) for tail in tails.values()) for name in ("decides", "of_two"))
    return Tail(cores.pop(), named[0] if named else None, decides, of_two)


def stripped(graph: Graph, name: str) -> Tail:
    """The tail of one output."""
    tail = Tail(name)
    for _ in range(_LONGEST):
        node = graph.made_by.get(tail.core)
        before = None if node is None else _before(graph, node, tail)
        if before is None:
            break
        tail.core = before
    return Tail(name) if tail.whole and not tail.decides else tail


def _before(graph: Graph, node: Node, tail: Tail) -> str | None:
    """The tensor before a node of a tail; None where the node is part of the network."""
    op, inputs = node.op.removeprefix(_ML), node.inputs
    if op in ("Identity", "ZipMap", "Binarizer", "ArgMax", "LabelEncoder", "Cast", "Reshape", "Squeeze"):
        _learn(node, op, tail)
        harmless = op not in ("Reshape", "Squeeze") or _is_column(graph, node)
        return node.input(0) if harmless and graph.varies(node.input(0)) else None
    if op in ("ArrayFeatureExtractor", "Gather") and len(inputs) == 2 and not graph.varies(inputs[0]):
        words = graph.constant(inputs[0])
        assert words is not None
        _name_classes(tail, words.reshape(-1).tolist(), node)
        return inputs[1] if graph.varies(inputs[1]) else None
    if op in ("Greater", "GreaterOrEqual") and single(graph, node.input(1)) is not None:
        tail.decides = True
        return node.input(0)
    two = _of_two(graph, node) if op == "Concat" else None
    tail.of_two |= two is not None
    return two


def _learn(node: Node, op: str, tail: Tail) -> None:
    """What a node says about the classes."""
    if op == "Cast":
        tail.whole |= node.whole("to", 1) not in FLOATS
    elif op == "ZipMap":
        words, numbers = node.words("classlabels_strings"), node.row("classlabels_int64s")
        _name_classes(tail, words if numbers is None else numbers.tolist(), node)
    elif op in ("ArgMax", "Binarizer"):
        tail.decides = True
    elif op == "LabelEncoder":
        keys, numbers = node.row("keys_int64s"), node.row("values_int64s")
        values = node.words("values_strings") if numbers is None else numbers.tolist()
        if keys is not None and values is not None and np.array_equal(keys, np.arange(len(values))):
            _name_classes(tail, values, node)


def _name_classes(tail: Tail, names: list[Any] | None, node: Node) -> None:
    if names is None or len(names) > _MOST_CLASSES:
        raise node.refused("its class names are no list", "export it anew")
    if tail.classes is None and len(set(names)) == len(names) >= 2:
        tail.classes, tail.decides = tuple(names), True


def _is_column(graph: Graph, node: Node) -> bool:
    """Whether a Reshape or Squeeze only makes a column a vector, or leaves rows as they are."""
    if node.op == "Squeeze":
        return True
    target = graph.constant(node.inputs[1]) if len(node.inputs) > 1 else None
    return target is not None and target.ndim == 1 and len(target) <= 2 and -1 in target.tolist()


def _of_two(graph: Graph, node: Node) -> str | None:
    """p where a Concat puts 1 − p and p side by side: the probabilities of two classes from one output."""
    if len(node.inputs) != 2:
        return None
    other, p = node.inputs
    maker = graph.made_by.get(other)
    if maker is None or maker.op != "Sub" or len(maker.inputs) != 2 or maker.inputs[1] != p:
        return None
    return p if single(graph, maker.inputs[0]) == 1 else None
