"""How good a network is on a set: metrics for classes and for values, by scikit-learn, and the cost by our own equations.

scikit-learn is imported when the first metric is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import passes
from .engines.numpy import quiet
from .errors import UsageError, unknown
from .network import Network
from .targets import class_numbers, decode_labels
from .use import examples

Array = Any


@dataclass(frozen=True)
class Evaluation:
    """What ``evaluate`` found on ``n`` examples. ``metrics`` is name → number; the rest is for classes only.

    ``confusion[i, j]`` counts examples of class i that the network calls j, (K, K); ``by_class`` has a row a class.
    """

    task: str
    n: int
    cost_name: str
    cost: float
    metrics: dict[str, float]
    classes: tuple[Any, ...] = ()
    confusion: Array = None
    by_class: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as JSON keeps it; a metric that is not defined on this set is None."""
        return {
            "task": self.task,
            "n": self.n,
            "cost_name": self.cost_name,
            "cost": self.cost,
            "metrics": {
                name: None if math.isnan(number) else number for name, number in self.metrics.items()
            },
            "classes": [name.item() if isinstance(name, np.generic) else name for name in self.classes],
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            "by_class": self.by_class,
        }


@dataclass(frozen=True)
class Predictions:
    """What a metric may look at: class numbers or values as known and as predicted, and the outputs a^L (n, n_L)."""

    known: Array
    predicted: Array
    outputs: Array
    classes: int


def _positive_scores(p: Predictions) -> Array:
    return p.outputs[:, -1] if p.outputs.shape[1] <= 2 else _normalised(p.outputs)


def _normalised(outputs: Array) -> Array:
    """Rows that sum to 1, as scikit-learn asks of several classes."""
    rows = np.clip(outputs.astype(np.float64), 1e-300, None)
    return rows / rows.sum(axis=1, keepdims=True)


def _roc_auc(p: Predictions) -> float:
    from sklearn.metrics import roc_auc_score

    if len(np.unique(p.known)) < p.classes:
        return math.nan  # not defined where a class is absent
    return float(roc_auc_score(p.known, _positive_scores(p), multi_class="ovr", labels=np.arange(p.classes)))


def _log_loss(p: Predictions) -> float:
    from sklearn.metrics import log_loss

    if p.outputs.min() < 0 or p.outputs.max() > 1:
        return math.nan  # outputs that are no probabilities have none
    rows = p.outputs.astype(np.float64)
    rows = np.hstack([1 - rows, rows]) if rows.shape[1] == 1 else _normalised(rows)
    return float(log_loss(p.known, rows, labels=np.arange(p.classes)))


def _top_3(p: Predictions) -> float:
    if p.classes <= 3:
        return math.nan
    best = np.argpartition(-p.outputs, 3, axis=1)[:, :3]
    return float((best == p.known[:, None]).any(axis=1).mean())


def _sklearn(name: str, **options: Any) -> Callable[[Predictions], float]:
    def score(p: Predictions) -> float:
        import sklearn.metrics

        return float(getattr(sklearn.metrics, name)(p.known, p.predicted, **options))

    return score


_MACRO = {"average": "macro", "zero_division": 0.0}
FOR_CLASSES: dict[str, Callable[[Predictions], float]] = {
    "accuracy": _sklearn("accuracy_score"),
    "balanced_accuracy": _sklearn("recall_score", **_MACRO),
    "precision": _sklearn("precision_score", **_MACRO),
    "f1": _sklearn("f1_score", **_MACRO),
    "matthews": _sklearn("matthews_corrcoef"),
    "log_loss": _log_loss,
    "roc_auc": _roc_auc,
    "top_3_accuracy": _top_3,
}
FOR_VALUES: dict[str, Callable[[Predictions], float]] = {
    "mae": _sklearn("mean_absolute_error"),
    "rmse": _sklearn("root_mean_squared_error"),
    "r2": _sklearn("r2_score"),
    "median_absolute_error": _sklearn("median_absolute_error"),
    "max_error": lambda p: float(np.abs(p.known - p.predicted).max()),
    "explained_variance": _sklearn("explained_variance_score"),
}


def predictions(net: Network, Y: Array, outputs: Array) -> Predictions:
    """What the metrics of the network's task look at, from encoded targets and outputs."""
    if net.task == "classes":
        count = max(2, net.sizes[-1])
        return Predictions(class_numbers(net, Y), class_numbers(net, outputs), outputs, count)
    if net.recipe is not None:
        return Predictions(net.recipe.decode_values(Y), net.recipe.decode_values(outputs), outputs, 0)
    return Predictions(Y.astype(np.float64), outputs.astype(np.float64), outputs, 0)


def score(name: str, net: Network, Y: Array, outputs: Array) -> float:
    """One metric by name; raises UsageError for one that isn't known or isn't for the network's task."""
    table = FOR_CLASSES if net.task == "classes" else FOR_VALUES
    if name not in table:
        other = FOR_VALUES if net.task == "classes" else FOR_CLASSES
        if name in other:
            raise UsageError(
                f"metric {name!r} is for {'values' if net.task == 'classes' else 'classes'}, and this network is for "
                f"{net.task}; take one of {', '.join(table)}"
            )
        raise unknown("metric", name, table)
    return table[name](predictions(net, Y, outputs))


def accuracy(net: Network, Y: Array, outputs: Array) -> float:
    """The part of the rows whose class is right; without scikit-learn, as training asks for it every epoch."""
    return float((class_numbers(net, Y) == class_numbers(net, outputs)).mean())


@quiet
def evaluate(net: Network, x: Any, y: Any, *, sample_weight: Any = None) -> Evaluation:
    """C and all metrics of the network's task on x, y, which may be raw (a table and its column) or encoded.

    Raises DataError, as ``predict`` does.
    """
    X, Y = examples(net, x, y)
    cost, outputs = passes.measure(net, net.theta, X, Y, passes.shares(len(Y), net.dtype, sample_weight))
    p = predictions(net, Y, outputs)
    table = FOR_CLASSES if net.task == "classes" else FOR_VALUES
    metrics = {name: row(p) for name, row in table.items()}
    metrics = {
        name: number
        for name, number in metrics.items()
        if not (name == "top_3_accuracy" and math.isnan(number))
    }
    if net.task != "classes":
        return Evaluation("values", len(Y), net.cost.option, cost, metrics)
    names = class_names(net, p.classes)
    confusion = np.zeros((p.classes, p.classes), dtype=np.int64)
    np.add.at(confusion, (p.known, p.predicted), 1)
    return Evaluation(
        "classes", len(Y), net.cost.option, cost, metrics, names, confusion, _by_class(p, names)
    )


def class_names(net: Network, count: int) -> tuple[Any, ...]:
    """The classes' names, or what ``predict_labels`` calls them where they have none."""
    if net.classes is not None:
        return tuple(net.classes)
    if net.sizes[-1] == 1:
        low = -1.0 if net.cost.targets == "signs" else 0.0
        return tuple(decode_labels(net, np.array([[low], [1.0]])).tolist())
    return tuple(range(count))


def _by_class(p: Predictions, names: tuple[Any, ...]) -> list[dict[str, Any]]:
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, support = precision_recall_fscore_support(
        p.known, p.predicted, labels=np.arange(p.classes), zero_division=0.0
    )
    return [
        {
            "class": name.item() if isinstance(name, np.generic) else name,
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "examples": int(support[i]),
        }
        for i, name in enumerate(names)
    ]
