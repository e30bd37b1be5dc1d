"""``backlit predict`` and ``backlit evaluate``: a saved network on new rows, pictures, or the examples held out."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import typer

from ..errors import DataError, UsageError
from .app import app, command, in_colour, number, percent, say, show, show_json, table

_PREDICT = """
backlit predict digits.safetensors digits --held-out --limit 5 --draw
backlit predict income.safetensors people.csv --out predictions.csv
backlit predict mnist.safetensors photo.png
"""
_EVALUATE = """
backlit evaluate digits.safetensors digits --held-out
backlit evaluate income.safetensors people.csv --json
"""
_MODEL = typer.Argument(..., metavar="MODEL", help="A model that train has saved.")
_DATA = typer.Argument(..., metavar="DATA", help="A name, a file, a picture, or a folder of pictures.")
_HELD_OUT = typer.Option(False, "--held-out", help="Only the examples that the model's training held out.")
_LIMIT = typer.Option(None, help="The first so many only.")
_TARGET = typer.Option(None, help="The column with the right answers; found again by its name.")


@command("predict", _PREDICT, app)
def predict(
    model: Path = _MODEL,
    source: str = _DATA,
    held_out: bool = _HELD_OUT,
    target: str = _TARGET,
    limit: int = _LIMIT,
    top: int = typer.Option(3, help="How many classes to name for each row."),
    draw: bool = typer.Option(False, "--draw", help="Draw the images."),
    out: Path = typer.Option(
        None, "--out", "-o", metavar="CSV", help="Write all predictions into a CSV file."
    ),
    data_dir: Path = typer.Option(None, help="Where mnist's files lie."),
    as_json: bool = typer.Option(False, "--json", help="The result as JSON."),
) -> None:
    """Say what MODEL makes of each row of DATA: classes with probabilities, or values in the target's own unit."""
    from .. import load

    net = load(model)
    if top < 1:
        raise UsageError(f"--top is at least 1; got {top}")
    rows, known, names = _rows(net, source, held_out, target, limit, data_dir)
    outputs = net.predict(rows)
    answers = _answers(net, outputs)
    if out is not None:
        _write_csv(out, net, answers, outputs, names, known)
        say(f"{len(answers):,} predictions are in {out}")
    if as_json:
        show_json("predict", _as_data(net, answers, outputs, names, known))
        return
    if out is not None:
        return
    pictures = draw or names is not None
    if pictures:
        _draw(net, rows, answers, outputs, names, known)
    shown = _predictions_table(net, answers, outputs, names, known, top)
    show(shown)
    if known is not None and len(known):
        _say_how_many(net, answers, known)


def _rows(
    net: Any, source: str, held_out: bool, target: str | None, limit: int | None, data_dir: Path | None
) -> tuple[Any, Any, list[str] | None]:
    """What the network is asked about: raw rows (or a^0 of pictures), the right answers if known, and pictures' names."""
    from .. import data
    from ..data import images
    from ..pipeline import held_out_of

    path = Path(source)
    if (path.is_dir() or images.is_image(path)) and not held_out:
        found = images.from_folder(path) if path.is_dir() else [path]
        return _from_pictures(net, found[:limit]), None, [one.name for one in found[:limit]]
    folder = None if data_dir is None else str(data_dir)
    if held_out:
        dataset = held_out_of(net, source, target=target, data_dir=folder).limited(limit)
        return dataset, dataset.labels(), None
    wanted = target or (net.recipe.target.name if net.recipe is not None else None)
    if path.is_file():
        return _raw_file(path, wanted, limit)
    dataset = data.load(source, target=target, data_dir=folder, limit=limit)
    return dataset, dataset.labels(), None


def _raw_file(path: Path, wanted: str | None, limit: int | None) -> tuple[Any, Any, None]:
    """A file's rows, with the target's column as the right answers where the file has it."""
    from ..data.read import load_rows

    dataset = load_rows(path, wanted).limited(limit)
    return dataset, None if dataset.wanted is None else dataset.labels(), None


def _from_pictures(net: Any, paths: list[Path]) -> Any:
    """a^0 of pictures, made as the network's own images were."""
    import numpy as np

    from ..data.images import from_photo

    shape = None if net.recipe is None else net.recipe.image
    if shape is None:
        raise DataError("this model was not trained on images, so a picture says nothing to it; give a table")
    return np.stack([from_photo(path, shape).reshape(-1) for path in paths])


def _answers(net: Any, outputs: Any) -> list[Any]:
    from ..targets import decode_labels

    if net.recipe is not None and net.task == "values":
        found = net.recipe.decode_values(outputs)
    else:
        found = decode_labels(net, outputs)
    return list(found.tolist())


def _probabilities(net: Any, outputs: Any) -> list[list[tuple[str, float]]]:
    """(class, output) of each row, the strongest first."""
    from ..metrics import class_names

    names = [str(name) for name in class_names(net, max(2, outputs.shape[1]))]
    full = outputs if outputs.shape[1] > 1 else [[1 - row[0], row[0]] for row in outputs.tolist()]
    return [sorted(zip(names, map(float, row), strict=True), key=lambda pair: -pair[1]) for row in full]


def _predictions_table(net: Any, answers: list[Any], outputs: Any, names: Any, known: Any, top: int) -> str:
    labels = names or [str(row) for row in range(len(answers))]
    if net.task != "classes":
        heads = ["row", "prediction"] + (["known"] if known is not None else [])
        cells = [
            [label, number(answer, 6)] + ([number(float(known[row]), 6)] if known is not None else [])
            for row, (label, answer) in enumerate(zip(labels, answers, strict=True))
        ]
        return table(heads, cells)
    heads = ["row", "prediction", "how sure"] + (["known", ""] if known is not None else [])
    cells = []
    for row, ranked in enumerate(_probabilities(net, outputs)):
        sure = "  ".join(f"{name} {percent(share)}" for name, share in ranked[:top])
        line = [labels[row], str(answers[row]), sure]
        if known is not None:
            right = str(known[row]) == str(answers[row])
            line += [str(known[row]), "" if right else "✗"]
        cells.append(line)
    return table(heads, cells, left=(0, 1, 2, 3, 4))


def _say_how_many(net: Any, answers: list[Any], known: Any) -> None:
    if net.task == "classes":
        right = sum(str(a) == str(b) for a, b in zip(answers, known.tolist(), strict=True))
        show(f"\n{right:,} of {len(answers):,} are right.")


def _as_data(net: Any, answers: list[Any], outputs: Any, names: Any, known: Any) -> dict[str, Any]:
    ranked = _probabilities(net, outputs) if net.task == "classes" else None
    rows = []
    for row, answer in enumerate(answers):
        one: dict[str, Any] = {"row": row if names is None else names[row], "prediction": answer}
        if ranked is not None:
            one["outputs"] = dict(ranked[row])
        if known is not None:
            one["known"] = known[row]
        rows.append(one)
    return {"task": net.task, "predictions": rows}


def _write_csv(path: Path, net: Any, answers: list[Any], outputs: Any, names: Any, known: Any) -> None:
    from ..storage import write_safely

    text = io.StringIO(newline="")
    writer = csv.writer(text)
    classes = (
        [name for name, _ in sorted(_probabilities(net, outputs[:1])[0])] if net.task == "classes" else []
    )
    writer.writerow(["row", "prediction", *classes] + (["known"] if known is not None else []))
    ranked = _probabilities(net, outputs) if classes else [[] for _ in answers]
    for row, answer in enumerate(answers):
        shares = dict(ranked[row])
        line = [row if names is None else names[row], answer, *(f"{shares[name]:.6g}" for name in classes)]
        writer.writerow(line + ([known[row]] if known is not None else []))
    write_safely(path, text.getvalue().encode(), "the predictions")


def _draw(net: Any, rows: Any, answers: list[Any], outputs: Any, names: Any, known: Any) -> None:
    """The images that were fed in, side by side as the terminal is wide, with what the network says."""
    import shutil

    from ..data.drawing import draw, side_by_side

    shape = None if net.recipe is None else net.recipe.image
    if shape is None:
        raise UsageError("--draw is for networks on images, and this one was trained on a table")
    x = rows if names is not None else net.recipe.encode(rows)
    colour = in_colour()
    width = shape[1] if colour else 2 * shape[1]
    captions = [
        f"{answer}"
        + (f" (it is {known[row]})" if known is not None and str(known[row]) != str(answer) else "")
        for row, answer in enumerate(answers)
    ]
    each = max(width, *(len(caption) for caption in captions)) + 2
    per_line = max(1, min(len(answers), shutil.get_terminal_size((80, 24)).columns // each))
    for start in range(0, len(answers), per_line):
        part = range(start, min(start + per_line, len(answers)))
        pictures = [draw(x[row].reshape(shape), colour=colour) for row in part]
        for line in side_by_side(pictures, [captions[row] for row in part], [width] * len(part)):
            show(line)
        show()


@command("evaluate", _EVALUATE, app)
def evaluate(
    model: Path = _MODEL,
    source: str = typer.Argument(..., metavar="DATA", help="A name, or a file that has the target's column."),
    held_out: bool = _HELD_OUT,
    target: str = _TARGET,
    limit: int = _LIMIT,
    data_dir: Path = typer.Option(None, help="Where mnist's files lie."),
    as_json: bool = typer.Option(False, "--json", help="The result as JSON."),
) -> None:
    """Say how good MODEL is on DATA: metrics, the confusion matrix and a table by class, or MAE, RMSE and R²."""
    from .. import load

    net = load(model)
    rows, known, names = _rows(net, source, held_out, target, limit, data_dir)
    if known is None or names is not None:
        raise DataError(f"{source} has no column with the right answers; name it with --target")
    found = net.evaluate(rows, known)
    if as_json:
        show_json("evaluate", found.to_dict())
        return
    show(f"{found.n:,} examples · {found.cost_name} {number(found.cost)}")
    show()
    show(
        table(
            ["metric", "value"],
            [[name.replace("_", " "), number(value, 5)] for name, value in found.metrics.items()],
        )
    )
    if found.task == "classes":
        show()
        show("Rows are what it is, columns what the network says:")
        show(_confusion(found))
        show()
        heads = ["class", "precision", "recall", "F1", "examples"]
        cells = [
            [
                str(row["class"]),
                percent(row["precision"]),
                percent(row["recall"]),
                percent(row["f1"]),
                f"{row['examples']:,}",
            ]
            for row in found.by_class
        ]
        show(table(heads, cells))


def _confusion(found: Any) -> str:
    names = [str(name) for name in found.classes]
    if len(names) > 25:
        worst = sorted(
            (
                (int(found.confusion[i, j]), names[i], names[j])
                for i in range(len(names))
                for j in range(len(names))
                if i != j
            ),
            reverse=True,
        )[:15]
        return table(
            ["it is", "it says", "times"], [[a, b, str(times)] for times, a, b in worst if times], left=(0, 1)
        )
    cells = [
        [names[i], *(str(count) if count else "·" for count in row)]
        for i, row in enumerate(found.confusion.tolist())
    ]
    return table(["", *names], cells)
