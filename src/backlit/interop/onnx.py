"""ONNX in: a model of dense layers becomes a Network that computes the same, with its recipe and its class names.

The file is data: nothing in it is run but arithmetic that was recognised. Out is onnx_write.py.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Recipe
from ..data.answers import Target
from ..errors import BacklitError, ModelError
from ..functions import as_cost
from ..network import Network
from . import sameness
from .onnx_compare import columns_outputs, matrix_outputs
from .onnx_file import read_model
from .onnx_front import Front, front_of
from .onnx_graph import Graph, graph_of
from .onnx_path import chain_between
from .onnx_recipe import block_recipe, gathered, recipe_of, written
from .onnx_shapes import dims_of
from .onnx_tail import Tail, stripped, tail_of
from .torch_chain import Affine, Chain, Fault, Folded, Scale, fold, network

Array = Any
_GROWN = 100  # times what activations differ by, for the layers after them


def read(
    path: str | Path,
    *,
    cost: Any = None,
    input: str | None = None,  # noqa: A002 (as ONNX calls it)
    output: str | None = None,
    x: Any = None,
    allow_external: bool = False,
) -> Network:
    """The network that an ONNX model computes, with a recipe where it takes columns, and class names where it has them.

    ``output`` names the tensor that is a^L, where there are several, and ``input`` one to take as a^0, where what comes
    before it is no network; without ``cost`` one that suits the last function is taken. External data are read only
    with ``allow_external``, and only inside the model's folder. Both are run on ``x`` (a^0), or on random inputs:
    ``net.training["imported"]`` has the largest difference and what was chosen.
    Raises ModelError naming the node for what is no chain of dense layers.
    """
    model, place = read_model(path, allow_external)
    graph = graph_of(model, place, input)
    if not graph.inputs:
        raise ModelError(f"{place} has no input; export it anew")
    tail, front = tail_of(graph, output), front_of(graph)
    start = next(iter(graph.inputs)) if front is None else front.tensor
    dims = dims_of(graph.inputs[start]) if front is None else [None, len(front.cells)]
    chain = chain_between(graph, start, tail.core, dims)
    net, top, said = _network(graph, chain, tail, front, cost)
    _check_claim(net, dims, front, str(place))
    fronted = columns_outputs if front is not None else matrix_outputs
    theirs = fronted(model, graph, start, tail.core, net, top, x)
    if theirs is None:
        return net
    found = sameness.compare(net, theirs.run, x=theirs.x, eps=theirs.eps, apart=_GROWN * graph.apart)
    source = Path(path).name
    sameness.insist(found, str(place))
    return sameness.remember(net, source, found, said)


def _network(
    graph: Graph, chain: Chain, tail: Tail, front: Front | None, cost: Any
) -> tuple[Network, str | None, list[str]]:
    """The network with its recipe and classes; the function put on top of it, if any; what was chosen, in words."""
    about = graph.metadata if graph.producer == "backlit" else {}
    cost = _known_cost(about.get("cost")) if cost is None else as_cost(cost)
    affine = [step for step in chain.steps if isinstance(step, Affine)]
    dtype = np.float64 if any(step.w.dtype == np.float64 for step in affine) else np.float32
    outputs = len(affine[-1].b) if affine else 1
    classes = tail.classes if tail.classes is not None and len(tail.classes) == max(2, outputs) else None
    if tail.of_two and outputs > 1:
        classes = None  # several classes at once, each with its 1 − p
    task = "classes" if classes is not None or (tail.decides and not tail.of_two and outputs > 1) else None
    target = _target(graph, tail, task, classes)
    recipe: Recipe | None = None
    try:
        if front is not None:
            recipe = written(about.get("recipe"), recipe_of(front, target, str(graph.place)))
        elif "recipe" in about:
            recipe = block_recipe(about["recipe"], chain, target)
        folded = fold(chain)
        if front is not None and recipe is not None:
            folded = _with_columns(folded, front, recipe, str(graph.place))
        net, top, said = network(folded, cost, dtype)
    except Fault as fault:
        raise ModelError(f"{graph.place}: {fault}") from fault
    if folded.log:
        top = "log"
    net.recipe, net.classes = recipe, classes
    net.task = task or ("values" if recipe is not None else _known_task(about))
    return net, top, [*chain.said, *folded.said, *said]


def _with_columns(folded: Folded, front: Front, recipe: Recipe, source: str) -> Folded:
    w, b = gathered(front, recipe, folded.theta[0], folded.theta[1], source)
    return replace(folded, theta=[w, b, *folded.theta[2:]])


def _known_cost(written_cost: str | None) -> Any:
    """The cost that Backlit wrote, where it is one of the table's."""
    try:
        return None if written_cost is None else as_cost(written_cost)
    except BacklitError:
        return None


def _known_task(about: Any) -> str | None:
    task = about.get("task")
    return task if task in ("classes", "values") else None


def _target(graph: Graph, tail: Tail, task: str | None, classes: tuple[Any, ...] | None) -> Target:
    """The target's rule: class names, or how Backlit's output "value" is made of a^L."""
    name = graph.metadata.get("target", "target") if graph.producer == "backlit" else "target"
    if task == "classes":
        return Target(name, "classes", classes or ())
    value = graph.metadata.get("value")
    if graph.producer != "backlit" or value not in graph.outputs:
        return Target(name, "values")
    steps = chain_between(graph, tail.core, stripped(graph, value).core, None).steps
    scale, shift = 1.0, 0.0
    for step in steps:
        if not isinstance(step, Scale):
            raise ModelError(f"{graph.place}: its output 'value' is more than a scale; export it anew")
        s, t = (float(np.ravel(one)[0]) for one in (step.s, step.t))
        scale, shift = scale * s, shift * s + t
    if not (np.isfinite([scale, shift]).all() and scale > 0):
        raise ModelError(f"{graph.place}: its output 'value' is scaled by {scale:g}; export it anew")
    return Target(name, "values", None, shift, scale)


def _check_claim(net: Network, dims: Any, front: Front | None, source: str) -> None:
    """Raises ModelError where the input claims another number of columns than the first layer takes."""
    if front is not None or not dims or len(dims) < 2:
        return
    width = 1
    for n in dims[1:]:
        width = width * n if n is not None else 0
    if width and width != net.sizes[0]:
        raise ModelError(
            f"{source}: its input claims rows of {width:,}, and the first layer takes {net.sizes[0]:,}; export it anew"
        )
