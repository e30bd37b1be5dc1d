"""How good a network is on a set: metrics by scikit-learn, for classes and for values, and the cost by our equations.

scikit-learn is imported when the first metric is asked for. A metric that is not defined on a set is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import engines, passes
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
            "cost": _or_none(self.cost),
            "metrics": {name: _or_none(number) for name, number in self.metrics.items()},
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
    classes: int = 0
    probabilities: bool = False  # whether the outputs can be read as such


def _or_none(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _roc_auc(p: Predictions) -> float:
    """Area under the curve of each class against the rest, averaged; of two classes, that of the second."""
    from sklearn.metrics import roc_auc_score

    if len(np.unique(p.known)) < p.classes:
        return math.nan  # not defined where a class is absent
    if p.classes == 2:
        return float(roc_auc_score(p.known, p.outputs[:, -1]))
    return float(np.mean([roc_auc_score(p.known == k, p.outputs[:, k]) for k in range(p.classes)]))


def _log_loss(p: Predictions) -> float:
    from sklearn.metrics import log_loss

    if not p.probabilities or p.outputs.min() < 0 or p.outputs.max() > 1:
        return math.nan  # outputs that are no probabilities have none
    rows = p.outputs.astype(np.float64)
    if rows.shape[1] == 1:
        rows = np.hstack([1 - rows, rows])
    else:  # scikit-learn asks for rows that sum to 1
        rows = np.clip(rows, 1e-300, None)
        rows /= rows.sum(axis=1, keepdims=True)
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


def _balanced_accuracy(p: Predictions) -> float:
    """The mean recall of the classes that occur."""
    from sklearn.metrics import recall_score

    return float(recall_score(p.known, p.predicted, labels=np.unique(p.known), **_MACRO))


def _matthews(p: Predictions) -> float:
    """0 where one class is all there is, known and predicted; scikit-learn says so too, and warns."""
    from sklearn.metrics import matthews_corrcoef

    alone = len(np.union1d(p.known, p.predicted)) == 1
    return 0.0 if alone else float(matthews_corrcoef(p.known, p.predicted))


def _r2(p: Predictions) -> float:
    from sklearn.metrics import r2_score

    return float(r2_score(p.known, p.predicted)) if len(p.known) > 1 else math.nan  # one value has no spread


_MACRO: dict[str, Any] = {"average": "macro", "zero_division": 0.0}
FOR_CLASSES: dict[str, Callable[[Predictions], float]] = {
    "accuracy": _sklearn("accuracy_score"),
    "balanced_accuracy": _balanced_accuracy,
    "precision": _sklearn("precision_score", **_MACRO),
    "f1": _sklearn("f1_score", **_MACRO),
    "matthews": _matthews,
    "log_loss": _log_loss,
    "roc_auc": _roc_auc,
    "top_3_accuracy": _top_3,
}
FOR_VALUES: dict[str, Callable[[Predictions], float]] = {
    "mae": _sklearn("mean_absolute_error"),
    "rmse": _sklearn("root_mean_squared_error"),
    "r2": _r2,
    "median_absolute_error": _sklearn("median_absolute_error"),
    "max_error": lambda p: float(np.abs(p.known - p.predicted).max()),
    "explained_variance": _sklearn("explained_variance_score"),
}


def predictions(net: Network, Y: Array, outputs: Array) -> Predictions:
    """What the metrics of the network's task look at, from encoded targets and outputs."""
    if net.task == "classes":
        return Predictions(
            known=class_numbers(net, Y),
            predicted=class_numbers(net, outputs),
            outputs=outputs,
            classes=max(2, net.sizes[-1]),
            probabilities=net.cost.targets != "signs",
        )
    if net.recipe is not None:
        return Predictions(net.recipe.decode_values(Y), net.recipe.decode_values(outputs), outputs)
    return Predictions(Y.astype(np.float64), outputs.astype(np.float64), outputs)


def table_for(net: Network) -> dict[str, Callable[[Predictions], float]]:
    """The metrics of the network's task."""
    return FOR_CLASSES if net.task == "classes" else FOR_VALUES


def check_metric(name: str, net: Network) -> None:
    """Raises UsageError for a metric that isn't known or isn't for the network's task."""
    table, classes = table_for(net), net.task == "classes"
    if name not in table and name in (FOR_VALUES if classes else FOR_CLASSES):
        raise UsageError(
            f"metric {name!r} is for {'values' if classes else 'classes'}, and this network is for {net.task}; "
            f"take one of {', '.join(table)}"
        )
    if name not in table:
        raise unknown("metric", name, table)


def score(name: str, net: Network, Y: Array, outputs: Array) -> float:
    """One metric by name, NaN where it is not defined; raises UsageError as ``check_metric`` does."""
    check_metric(name, net)
    return _measured(table_for(net)[name], predictions(net, Y, outputs))


def _measured(metric: Callable[[Predictions], float], p: Predictions) -> float:
    if not np.isfinite(p.outputs).all():
        return math.nan  # an overflow in the outputs: nothing can be said of them
    with np.errstate(all="ignore"):
        return metric(p)


def accuracy(net: Network, Y: Array, outputs: Array) -> float:
    """The part of the rows whose class is right; without scikit-learn, as training asks for it every epoch."""
    return float((class_numbers(net, Y) == class_numbers(net, outputs)).mean())


@quiet
def evaluate(net: Network, x: Any, y: Any, *, sample_weight: Any = None) -> Evaluation:
    """C and all metrics of the network's task on x, y, which may be raw (a table and its column) or encoded.

    ``sample_weight`` (n,) takes part in C alone (B5); the metrics count every example once. Raises DataError, as
    ``predict`` does.
    """
    X, Y = examples(net, x, y)
    share = passes.shares(len(Y), net.dtype, sample_weight)
    cost, outputs = engines.choose("auto", net, None, X).measure(net, net.theta, X, Y, share)
    p = predictions(net, Y, outputs)
    metrics = {name: _measured(metric, p) for name, metric in table_for(net).items()}
    if net.task != "classes":
        return Evaluation("values", len(Y), net.cost.option, float(cost), metrics)
    if p.classes <= 3:
        del metrics["top_3_accuracy"]  # it would be 1 always
    names = class_names(net, p.classes)
    confusion = np.zeros((p.classes, p.classes), dtype=np.int64)
    np.add.at(confusion, (p.known, p.predicted), 1)
    return Evaluation(
        "classes", len(Y), net.cost.option, float(cost), metrics, names, confusion, _by_class(p, names)
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
