"""``backlit evaluate``: how good a model is on data whose target is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..spelling import counted
from .options import DATA_DIR, HELD_OUT, JSON, LIMIT, MODEL, OWN_OR_DATA

if TYPE_CHECKING:
    from ..metrics import Evaluation

NAME = "evaluate"
EPILOG = """
Examples:
  backlit evaluate digits.safetensors digits --held-out
  backlit evaluate income.safetensors test.csv
  backlit evaluate income.safetensors test.csv --json

For classes: metrics, a table by class, and the confusion matrix, a row for each true class. For values: MAE, RMSE, R²
and others, in the target's own unit.
"""
_MOST_CLASSES = 30  # a confusion matrix of more is in --json only
_NAMES = {
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "log_loss": "log loss",
    "roc_auc": "ROC AUC",
    "top_3_accuracy": "top-3 accuracy",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R²",
    "median_absolute_error": "median absolute error",
    "max_error": "largest error",
    "explained_variance": "explained variance",
}
_PARTS = ("accuracy", "balanced_accuracy", "precision", "f1", "top_3_accuracy")


def run(
    model: MODEL,
    data: OWN_OR_DATA = None,
    held_out: HELD_OUT = False,
    limit: LIMIT = None,
    data_dir: DATA_DIR = None,
    as_json: JSON = False,
) -> None:
    """Say how good a model is on data whose target is known."""
    from .. import files, pipeline
    from . import show
    from .messages import say

    net = files.load(model)
    examples = pipeline.examples_of(
        net, data, held_out=held_out, limit=limit, data_dir=data_dir, need_target=True
    )
    found = pipeline.evaluate(net, examples)
    if examples.seen:
        say(
            "note: it was trained on these data, which flatters it"
            + ("; try --held-out" if net.training["data"]["held_out"] else "")
        )
    if as_json:
        show.emit("evaluate/1", {"model": str(model), "data": data, "held_out": held_out, **found.to_dict()})
        return
    show.out("\n".join(_lines(found, "held-out example" if held_out else "example")))


def _lines(found: Evaluation, which: str) -> list[str]:
    from . import show

    lines = [show.bold(counted(found.n, which)), ""]
    rows = [[_NAMES.get(name, name), _number(name, value)] for name, value in found.metrics.items()]
    rows.append([f"cost ({found.cost_name})", show.number(found.cost)])
    lines += show.table(["", ""], rows, indent=2)[1:]
    if found.task != "classes":
        return lines
    heads = ["class", "precision", "recall", "F1", "examples"]
    by_class = [
        [
            str(row["class"]),
            *(show.percent(row[name]) for name in ("precision", "recall", "f1")),
            f"{row['examples']:,}",
        ]
        for row in found.by_class
    ]
    lines += ["", *show.table(heads, by_class, indent=2)]
    if len(found.classes) > _MOST_CLASSES:
        return [*lines, "", f"The confusion matrix of {len(found.classes)} classes is in --json."]
    return [*lines, "", *_confusion(found)]


def _number(name: str, value: float) -> str:
    from . import show

    return show.percent(value) if name in _PARTS else show.number(value)


def _confusion(found: Evaluation) -> list[str]:
    """A row for each true class, a column for what the network said; · is 0."""
    from . import show

    names = [show.shortened(str(name), 10) for name in found.classes]
    rows: list[list[Any]] = [
        [names[i], *("·" if count == 0 else f"{count:,}" for count in row)]
        for i, row in enumerate(found.confusion.tolist())
    ]
    wide = sum(max(3, len(name)) + 2 for name in names) + 12 > show.columns()
    heads = [str(i) for i in range(len(names))] if wide else names
    if wide:
        rows = [[f"{i} {row[0]}", *row[1:]] for i, row in enumerate(rows)]
    lines = show.table(["", *heads], rows, indent=2)
    title = "true class in rows, " + (
        "answers in columns by number" if wide else "the model's answer in columns"
    )
    return [f"  {title}", *lines]
