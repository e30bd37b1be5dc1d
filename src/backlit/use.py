"""Using a network: outputs, labels, C, ∇C and the trace, from inputs and targets as people have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import engines, passes
from .engines.numpy import quiet
from .errors import DataError
from .inputs import encode_inputs, is_raw
from .network import Network
from .targets import decode_labels, encode_targets

Array = Any


def predict(net: Network, x: Any, *, engine: str = "auto") -> Array:
    """a^L, (n, n_L), in the network's dtype."""
    made = net._predictors.get(engine) if isinstance(engine, str) else None
    if made is None:
        made = net._predictors[engine] = engines.choose(engine, net, None, None).predictor(net)
        outputs = made(x)
        if outputs is not None:
            return outputs
    X = encode_inputs(net, x)
    return engines.choose(engine, net, None, X).predict(net, net.theta, X)


def predict_labels(net: Network, x: Any, *, engine: str = "auto") -> Array:
    """Class names or numbers, (n,), for a classifier; else values, in the target's own unit where a recipe knows it."""
    outputs = predict(net, x, engine=engine)
    if net.recipe is not None and net.task == "values":
        return net.recipe.decode_values(outputs)
    return decode_labels(net, outputs)


def examples(net: Network, x: Any, y: Any) -> tuple[Array, Array]:
    """x and y as a^0 (n, n_0) and targets (n, n_L); raw rows and their target go through the recipe.

    One example may come without its axis: x (n_0,) with a label, a number or a row of n_L. Raises DataError where their
    numbers of rows differ, and then the network's task is as before.
    """
    task = net.task
    X = encode_inputs(net, x)
    if net.recipe is not None and is_raw(x):
        Y = encode_targets(net, net.recipe.encode_target(y), numbers=True)
    else:
        alone = X.shape[0] == 1 and not is_raw(x) and np.ndim(x) == 1
        Y = encode_targets(net, _one_target(net, y) if alone else y)
    if X.shape[0] != len(Y):
        net.task = task
        raise DataError(
            f"x has {X.shape[0]:,} examples and y has {len(Y):,}; give one target for each example"
        )
    if not len(Y):
        raise DataError("there are no examples: x and y are empty")
    return X, Y


def _one_target(net: Network, y: Any) -> Any:
    """One example's target with its axis: a label or number as (1,), a row of n_L as (1, n_L)."""
    shape = np.shape(y)
    if shape == ():
        return [y.item() if isinstance(y, np.generic | np.ndarray) else y]
    return np.asarray(y)[None, :] if shape == (net.sizes[-1],) and net.sizes[-1] > 1 else y


@quiet
def value(
    net: Network,
    x: Any,
    y: Any,
    *,
    l1: float = 0.0,
    l2: float = 0.0,
    sample_weight: Any = None,
    dropout_masks: Any = None,
    engine: str = "auto",
) -> passes.Value:
    """C (B5) and, where asked, R1; ``included`` says what took part."""
    passes.check_penalties(l1, l2)
    X, Y = examples(net, x, y)
    share = passes.shares(len(Y), net.dtype, sample_weight)
    masks = passes.check_masks(net, dropout_masks, len(Y))
    if masks is None:
        C = engines.choose(engine, net, None, X).measure(net, net.theta, X, Y, share)[0]
    else:
        C = passes.measure(net, net.theta, X, Y, share, masks)[0]
    C += passes.penalty(net, net.views(net.theta)[0], l1, l2)
    return passes.Value(C, passes.included(l1, l2, sample_weight, dropout_masks))


@quiet
def gradient(
    net: Network,
    x: Any,
    y: Any,
    *,
    l1: float = 0.0,
    l2: float = 0.0,
    sample_weight: Any = None,
    dropout_masks: Any = None,
    engine: str = "auto",
) -> passes.Gradient:
    """The mean ∇C and, where asked, R1's; ``value`` is C of the same pass, ``included`` what took part."""
    passes.check_penalties(l1, l2)
    X, Y = examples(net, x, y)
    masks = passes.check_masks(net, dropout_masks, len(Y))
    if masks is None:
        chosen = engines.choose(engine, net, None, X)
        weights = None if sample_weight is None else passes.check_weights(len(Y), sample_weight)
        C, flat = chosen.value_and_gradient(net, net.theta, X, Y, weights)
    else:
        share = passes.shares(len(Y), net.dtype, sample_weight)
        C, flat = passes.value_and_gradient(net, net.theta, X, Y, share, masks)
    w = net.views(net.theta)[0]
    if l1 or l2:
        passes.add_penalty_gradient(w, net.views(flat)[0], l1, l2)
    said = passes.included(l1, l2, sample_weight, dropout_masks)
    result = passes.Gradient(net, flat, said)
    result.value = passes.Value(C + passes.penalty(net, w, l1, l2), said)
    return result


@quiet
def backprop(net: Network, x: Any, y: Any, *, dropout_masks: Any = None) -> passes.Trace:
    """The trace of one pass forward and back; rows are one example's own, without 1/m."""
    X, Y = examples(net, x, y)
    return passes.trace(net, X, Y, passes.check_masks(net, dropout_masks, len(Y)))
