"""scikit-learn's fitted MLPs in and out, and pipelines that end with one, with what comes before it as a recipe.

What a pipeline's steps are in a recipe stands in sklearn_columns.py, files in sklearn_skops.py.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import UsageError
from ..network import Network
from . import sameness
from .sklearn_columns import Columns, Unreadable, columns_of

Array = Any
_ACTIVATIONS = {
    "identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu", "softmax": "softmax", "exp": "exp",
}  # fmt: skip
_THEIRS = {ours: theirs for theirs, ours in _ACTIVATIONS.items()}
_COSTS = {"squared_error": "half_squared_error", "poisson": "poisson"}


def from_sklearn(estimator: Any, *, x: Any = None) -> Network:
    """The network of a fitted MLPClassifier or MLPRegressor, or of a fitted Pipeline that ends with one.

    The pipeline's StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, SimpleImputer, OneHotEncoder and
    ColumnTransformer become ``net.recipe``: tables go in raw, and of plain arrays ``net.recipe.encode(x)``. Both are
    run on ``x`` or on random rows (``net.training["imported"]``). Raises UsageError naming the step for anything else.
    """
    try:
        steps, mlp = _parts(estimator)
        theta, activations = _weights(mlp)
        columns = columns_of(steps, mlp, estimator)
    except Unreadable as reason:
        raise UsageError(f"this {type(estimator).__name__} can't be read: {reason}") from reason
    theta[:2] = columns.spread(theta[0], theta[1])
    net = Network(
        [theta[0].shape[1], *(len(b) for b in theta[1::2])],
        activations=activations,
        cost=_cost(mlp, activations[-1]),
        dtype=theta[1].dtype if theta[1].dtype == np.float32 else np.float64,
        theta=theta,
    )
    net.classes = _classes(mlp)
    net.task = "values" if not hasattr(mlp, "classes_") else "classes"
    net.recipe = columns.recipe(net)
    told = _compared(net, columns, estimator, mlp, x)
    source = f"scikit-learn {type(estimator).__name__}"
    sameness.insist(told, source)
    return sameness.remember(net, source, told, columns.said)


def _parts(estimator: Any) -> tuple[list[tuple[str, Any]], Any]:
    """The steps before the MLP, and it."""
    kinds = [one.__name__ for one in type(estimator).__mro__]
    steps: list[tuple[str, Any]] = []
    mlp = estimator
    if "Pipeline" in kinds:
        steps, mlp = list(estimator.steps[:-1]), estimator.steps[-1][1]
        kinds = [one.__name__ for one in type(mlp).__mro__]
    if not {"MLPClassifier", "MLPRegressor"} & set(kinds):
        what = "ends with" if steps or mlp is not estimator else "is"
        raise Unreadable(
            f"it {what} {type(mlp).__name__}, and Backlit reads a fitted MLPClassifier or MLPRegressor, or a Pipeline "
            "that ends with one"
        )
    if not hasattr(mlp, "coefs_"):
        raise Unreadable("it is not fitted yet; call its fit first")
    return steps, mlp


def _weights(mlp: Any) -> tuple[list[Array], list[str]]:
    """[w1, b1, …] and the activations; raises Unreadable for what a file may hold and no fit makes."""
    coefs, intercepts = list(mlp.coefs_), list(mlp.intercepts_)
    if not coefs or len(coefs) != len(intercepts):
        raise Unreadable(f"it has {len(coefs)} coefs_ and {len(intercepts)} intercepts_")
    parts: list[Array] = []
    for l, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True), start=1):
        shapes = np.shape(coef), np.shape(intercept)
        width = len(parts[-1]) if parts else None
        fits = len(shapes[0]) == 2 and shapes[1] == shapes[0][1:] and width in (None, shapes[0][0])
        if not fits or np.asarray(coef).dtype.kind != "f" or np.asarray(intercept).dtype.kind != "f":
            raise Unreadable(f"coefs_[{l - 1}] has shape {shapes[0]} and intercepts_[{l - 1}] {shapes[1]}")
        parts += [np.array(np.asarray(coef).T), np.array(intercept)]
    names = [*[mlp.activation] * (len(coefs) - 1), mlp.out_activation_]
    unknown = next((name for name in names if not isinstance(name, str) or name not in _ACTIVATIONS), None)
    if unknown is not None:
        raise Unreadable(f"its activation is {unknown!r}; known: {', '.join(_ACTIVATIONS)}")
    return parts, [_ACTIVATIONS[name] for name in names]


def _cost(mlp: Any, last: str) -> str:
    """The cost whose gradient their solvers follow: summed over outputs, halved for squares (their #8349)."""
    if hasattr(mlp, "classes_"):
        return {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}.get(last, "half_squared_error")
    return _COSTS.get(str(getattr(mlp, "loss", "squared_error")), "half_squared_error")


def _classes(mlp: Any) -> tuple[Any, ...] | None:
    """The class names; None for values, and for several labels at once, where an output is a label."""
    names = getattr(mlp, "classes_", None)
    if names is None or _several_labels(mlp):
        return None
    outputs = max(2, int(mlp.coefs_[-1].shape[1]))
    listed = np.asarray(names).tolist()
    if len(listed) != outputs or len(set(listed)) != outputs:
        raise UsageError(f"its classes_ are {listed!r:.100}, and its outputs are those of {outputs} classes")
    return tuple(listed)


def _several_labels(mlp: Any) -> bool:
    kind = getattr(getattr(mlp, "_label_binarizer", None), "y_type_", "")
    return bool(kind == "multilabel-indicator")


def _compared(net: Network, columns: Columns, estimator: Any, mlp: Any, x: Any) -> sameness.Sameness:
    """Their outputs beside ours: on raw rows through their steps, and through the recipe."""
    if net.recipe is None:
        return sameness.compare(net, lambda X: _outputs(mlp, X), x=x)
    rows = columns.rows() if x is None else x
    encoded = net.recipe.encode(rows, net.dtype)
    dense = encoded.toarray() if hasattr(encoded, "toarray") else np.asarray(encoded)
    kind = "random rows" if x is None else "rows given"
    found = sameness.compare(net, lambda X: _outputs(estimator, rows), x=dense)
    return replace(found, on=f"{len(dense):,} {kind}")


def _outputs(estimator: Any, X: Any) -> Array:
    """a^L as scikit-learn computes it: probabilities, of two classes the second's, or values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that it was fitted with, or without
        if not hasattr(estimator, "classes_"):
            return estimator.predict(X)
        found = np.asarray(estimator.predict_proba(X))
    mlp = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    return found[:, 1:] if mlp.coefs_[-1].shape[1] == 1 else found


# ------------------------------------------------------------------------------------------------------------------ out


def to_sklearn(net: Network) -> Any:
    """A fitted MLPClassifier, or MLPRegressor for values, with the network's weights, that predicts the same.

    Its inputs are a^0: the recipe does not go along, but values are in their own unit. Softmax of two outputs becomes
    one logistic output; classes are in sorted order, as theirs are. Raises UsageError for what their MLP has not:
    functions that differ by layer, or others than identity, sigmoid, tanh and relu.
    """
    hidden, last = _their_functions(net)
    w, b = [np.array(one) for one in net.w], [np.array(one) for one in net.b]
    classifier = net.task == "classes" or (net.task is None and net.cost.targets == "distribution")
    names = _names(net) if classifier else None
    if classifier and last == "softmax" and net.sizes[-1] == 2:
        w[-1], b[-1] = w[-1][1:] - w[-1][:1], b[-1][1:] - b[-1][:1]
        last = "sigmoid"
    if not classifier:
        w[-1], b[-1] = _in_own_unit(net, w[-1], b[-1], last)
    elif names is not None and len(b[-1]) == 1:
        sign = 1 if names[0] < names[1] else -1
        w[-1], b[-1] = sign * w[-1], sign * b[-1]
    elif names is not None:
        order = np.argsort(names)
        w[-1], b[-1] = w[-1][order], b[-1][order]
    made = _set_up(net, hidden, len(b[-1]), names, classifier)
    for theirs, ours in zip([*made.coefs_, *made.intercepts_], [*(one.T for one in w), *b], strict=True):
        theirs[...] = ours
    made.out_activation_ = _THEIRS[last]
    target = None if classifier or net.recipe is None else net.recipe.target
    shift = 0.0 if target is None else abs(target.mean / target.scale)  # which costs digits where it is large
    found = sameness.compare(
        net,
        lambda X: _as_ours(net, made, names, _outputs(made, X)),
        apart=4 * shift * float(np.finfo(net.dtype).eps),
    )
    sameness.insist(found, f"the {type(made).__name__}")
    return made


def _their_functions(net: Network) -> tuple[str, str]:
    """The hidden layers' one function and the last one's, by our names."""
    hidden = {row.name if row.built_in else row.option for row in net.activations[:-1]}
    last = net.activations[-1].name if net.activations[-1].built_in else net.activations[-1].option
    if len(hidden) > 1 or not hidden <= {"identity", "sigmoid", "tanh", "relu"} or last not in _THEIRS:
        functions = ", ".join(row.option for row in net.activations)
        raise UsageError(
            "scikit-learn's MLP has one of identity, sigmoid, tanh and relu for all hidden layers; this network has "
            f"{functions}. Backlit's own estimators take any"
        )
    return next(iter(hidden), "relu"), last


def _names(net: Network) -> Array:
    """The class names in the order of the outputs; None for several labels at once, which have none."""
    given = net.classes or (net.recipe.classes if net.recipe is not None else None)
    if given is None and net.activations[-1].name == "sigmoid" and net.sizes[-1] > 1:
        return None
    names = np.arange(max(2, net.sizes[-1])) if given is None else np.array(given)
    if given is not None and names.tolist() != list(given):
        raise UsageError(
            f"scikit-learn sorts class names, and can't sort these: {given!r:.100}; give one kind of names"
        )
    return names


def _in_own_unit(net: Network, w: Array, b: Array, last: str) -> tuple[Array, Array]:
    """The last layer's w and b with the recipe's scale of the target in them."""
    target = None if net.recipe is None else net.recipe.target
    if target is None or (target.mean, target.scale) == (0, 1):
        return w, b
    if last != "identity":
        raise UsageError(
            f"the recipe scales the target, and after {last} scikit-learn's MLP can't; take identity for the last layer"
        )
    return w * net.dtype.type(target.scale), (b * target.scale + target.mean).astype(net.dtype)


def _as_ours(net: Network, made: Any, names: Array, outputs: Array) -> Array:
    """Their outputs in our order and scale, to be compared."""
    if not hasattr(made, "classes_"):
        target = None if net.recipe is None else net.recipe.target
        return outputs if target is None else (outputs - target.mean) / target.scale
    if names is None:
        return outputs
    both = np.column_stack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs
    ours = both[:, np.argsort(np.argsort(names))]
    return ours if net.sizes[-1] > 1 else ours[:, 1:]


def _set_up(net: Network, hidden: str, outputs: int, names: Array, classifier: bool) -> Any:
    """An MLP of that shape with all that a fit sets: fitted on a row of zeros for each class, its weights to be put."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind: Callable[..., Any] = MLPClassifier if classifier else MLPRegressor
    made = kind(hidden_layer_sizes=net.sizes[1:-1], activation=_THEIRS[hidden], max_iter=1)
    if classifier:
        y: Array = np.eye(outputs, dtype=int) if names is None else names
    else:
        y = np.zeros(2) if outputs == 1 else np.zeros((2, outputs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        made.fit(np.zeros((len(y), net.sizes[0]), dtype=net.dtype), y)
    made.__dict__.pop("_optimizer", None)  # its state is of the zeros; partial_fit sets up another
    if hasattr(made, "_best_coefs"):  # of early stopping: copies of the zeros' fit
        made._best_coefs, made._best_intercepts = made.coefs_, made.intercepts_
    made.n_iter_, made.t_, made.loss_curve_ = 0, 0, []
    made.loss_ = made.best_loss_ = np.inf
    return made
