"""Labels of a classifier: from what people call their classes to rows of targets, and from outputs back.

Two classes have one output (two, where the outputs are a softmax), more have one each. Several labels at once, given
as an indicator matrix (n, labels) of 0 and 1, have one output each as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.preprocessing import LabelBinarizer

from ..errors import DataError, UsageError, unknown
from ..network import Network
from ..settings import number

Array = Any


def _balanced(y: Array, s: Array) -> Array:
    """Σ s_x / (classes · Σ s_x of the example's class), of each example."""
    _, place = np.unique(y, return_inverse=True)
    totals = np.bincount(place, s)
    there = totals > 0
    return (s.sum() / (there.sum() * np.where(there, totals, 1.0)))[place]


class Labels:
    """The classes of one fit. ``kind`` is "binary", "multiclass" or "multilabel", ``classes`` are their names."""

    def __init__(self, named: Any) -> None:
        self._binarizer = LabelBinarizer().fit(named)
        self.classes: Array = self._binarizer.classes_
        self.kind = {"binary": "binary", "multiclass": "multiclass"}.get(
            self._binarizer.y_type_, "multilabel"
        )

    def outputs(self, softmax: bool) -> int:
        """How many outputs the classes have."""
        if self.kind == "binary":
            return 2 if softmax else 1
        return len(self.classes)

    def check(self, y: Any, all_of_them: bool) -> None:
        """Raises DataError for labels that the fit which goes on does not know; where asked, for those it lacks."""
        found = np.arange(y.shape[1]) if getattr(y, "ndim", 1) == 2 else np.unique(y)
        new = [one for one in found.tolist() if one not in set(self.classes.tolist())]
        if new:
            raise DataError(
                f"y has classes that are not in classes_: {new[0]!r}; classes_ is {self.classes}: leave such examples "
                "out, or name all classes at the first call, partial_fit(X, y, classes=…)"
            )
        if all_of_them and len(found) != len(self.classes):
            raise DataError(
                f"warm_start goes on with the same classes as before, {self.classes}; this y has {found} alone"
            )

    def rows(self, y: Any, net: Network) -> Array:
        """Targets (n, n_L) in the network's dtype: 1 for the class, else 0, or −1 where the cost is of signs."""
        rows = np.asarray(self._binarizer.transform(y), dtype=net.dtype)
        if rows.shape[1] < net.sizes[-1]:
            rows = np.hstack([1 - rows, rows])
        return np.ascontiguousarray(2 * rows - 1 if net.cost.targets == "signs" else rows)

    def weights(self, wanted: Any, y: Any, s: Array) -> Array:
        """What each example's class multiplies its weight s with; "balanced" gives all classes the same Σ s_x."""
        if isinstance(wanted, str) and wanted == "balanced":
            columns = y.T if self.kind == "multilabel" else [y]
            return np.prod([_balanced(column, s) for column in columns], axis=0)
        if not isinstance(wanted, Mapping):
            raise UsageError(
                f"class_weight is 'balanced', a dict from class to weight, or None; got {wanted!r}"
            )
        if self.kind == "multilabel":
            raise UsageError(
                "a dict of class weights is for examples of one class each; give sample_weight instead"
            )
        table, names = np.ones(len(self.classes)), self.classes.tolist()
        for name, weight in wanted.items():
            if name not in names:
                raise unknown("class in class_weight", name, map(str, names))
            table[names.index(name)] = number("class_weight", weight, zero=True, of=f" of {name!r}")
        return table[np.searchsorted(self.classes, y)]

    def said(self, outputs: Array, net: Network) -> Array:
        """The labels that outputs (n, n_L) say: the largest, or those above the midpoint of the two targets."""
        middle = 0.0 if net.cost.targets == "signs" else 0.5
        if self.kind == "binary":
            outputs = outputs[:, 1] > outputs[:, 0] if outputs.shape[1] == 2 else outputs[:, 0] > middle
            middle = 0.5
        return self._binarizer.inverse_transform(np.asarray(outputs, dtype=np.float64), threshold=middle)

    def probabilities(self, outputs: Array) -> Array:
        """A column for each class, from outputs that are probabilities; rows sum to 1 unless labels come together."""
        if outputs.shape[1] == 1:
            return np.hstack([1 - outputs, outputs])
        if self.kind == "multilabel":
            return outputs
        totals = outputs.sum(axis=1, keepdims=True)
        even = np.full_like(outputs, 1 / outputs.shape[1])
        return np.divide(outputs, totals, out=even, where=totals > 0)

    def name(self, net: Network) -> None:
        """Tells the network its task and, where an example has one class, the classes' names."""
        net.task = "values" if self.kind == "multilabel" else "classes"
        if self.kind != "multilabel" and len(self.classes) > 1:
            net.classes = self.classes.tolist()
