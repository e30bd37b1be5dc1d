"""``backlit inspect`` and ``backlit data``: what is in a model, and what is in a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from .app import app, command, in_colour, number, percent, show, show_json, table

data_app = typer.Typer(
    help="Data sets: which there are, and what is in one.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(data_app, name="data")


@command("inspect", "backlit inspect digits.safetensors\nbacklit inspect digits.safetensors --json", app)
def inspect(
    model: Path = typer.Argument(..., metavar="MODEL", help="A model that train has saved."),
    as_json: bool = typer.Option(False, "--json", help="The result as JSON."),
) -> None:
    """Show what is in MODEL: layers, shapes, parameters, functions, recipe, and how it was trained."""
    from .. import load
    from ..files import metadata

    net = load(model)
    if as_json:
        show_json("inspect", {**metadata(net), "parameters": int(net.theta.size)})
        return
    rows = [["0", "input", f"{net.sizes[0]:,}", "", "", ""]]
    for l, row in enumerate(net.activations, start=1):
        name = "output" if l == net.L else "hidden"
        shape = f"{net.sizes[l]:,} × {net.sizes[l - 1]:,}"
        count = net.w[l].size + net.b[l].size
        rows.append([str(l), name, f"{net.sizes[l]:,}", row.option, shape, f"{count:,}"])
    show(f"{model.name} · {net.theta.size:,} parameters in {net.dtype} · cost {net.cost.option}")
    show()
    show(table(["layer", "", "neurons", "activation", "w", "parameters"], rows, left=(0, 1, 3)))
    if net.recipe is not None:
        show()
        show("Recipe")
        for column, rule in net.recipe.describe():
            show(f"  {column}: {rule}")
    if net.training:
        show()
        show("Training")
        for line in _training(net.training):
            show(f"  {line}")


def _training(how: dict[str, Any]) -> list[str]:
    from ..progress import summary

    lines = [
        f"{how['epochs']:,} epochs ({how['steps']:,} steps) on {how['examples']:,} examples; stopped: {how['stop_reason']}"
    ]
    settings = ", ".join(
        f"{name}={value}" for name, value in how["settings"].items() if value not in (None, [], ())
    )
    lines.append(settings)
    if how.get("last"):
        lines.append(f"last epoch: {summary(how['last'])}")
    if how.get("best"):
        lines.append(f"best epoch, {how['best']['epoch']}: {summary(how['best'])}")
    source = (how.get("data") or {}).get("source")
    return [*lines, f"data: {source}"] if source else lines


@command("list", "backlit data list", data_app)
def data_list(as_json: bool = typer.Option(False, "--json", help="The result as JSON.")) -> None:
    """List the data sets that have names."""
    from .. import data

    rows = [[name, data.describe(name)] for name in data.names()]
    if as_json:
        show_json("data-list", {"sets": [{"name": name, "about": about} for name, about in rows]})
        return
    show(table(["name", "what it is"], rows, left=(0, 1)))


@command("show", "backlit data show digits\nbacklit data show people.csv --limit 20", data_app)
def data_show(
    source: str = typer.Argument(..., metavar="DATA", help="A name or a file."),
    limit: int = typer.Option(8, help="How many examples to show."),
    target: str = typer.Option(None, help="The column that is wanted."),
    data_dir: Path = typer.Option(None, help="Where mnist's files lie."),
    as_json: bool = typer.Option(False, "--json", help="The result as JSON."),
) -> None:
    """Show the first examples of DATA: images drawn, tables as tables, with what each column holds."""
    from .. import data
    from ..data.read import load_rows

    path = Path(source)
    dataset = (
        load_rows(path, target) if path.is_file() else data.load(source, target=target, data_dir=data_dir)
    )
    first = dataset.limited(limit)
    if as_json:
        show_json("data-show", _as_data(dataset, first))
        return
    what = f"{dataset.task}" if dataset.task else "no target"
    show(f"{dataset.name}: {len(dataset):,} examples, {len(dataset.inputs.names):,} inputs · {what}")
    if dataset.about:
        show(dataset.about)
    show()
    if dataset.image:
        _draw(first)
    else:
        _columns(dataset, first)


def _draw(first: Any) -> None:
    import shutil

    from ..data.drawing import draw, side_by_side

    colour = in_colour()
    height, width = first.image
    wide = width if colour else 2 * width
    labels = [str(label) for label in first.labels().tolist()]
    per_line = max(
        1, shutil.get_terminal_size((80, 24)).columns // (max(wide, *(len(one) for one in labels)) + 2)
    )
    pixels = first.inputs.block.astype(float) / first.white
    for start in range(0, len(first), per_line):
        part = pixels[start : start + per_line]
        pictures = [draw(one.reshape(height, width), colour=colour) for one in part]
        for line in side_by_side(pictures, labels[start : start + per_line], [wide] * len(part)):
            show(line)
        show()


def _columns(dataset: Any, first: Any) -> None:
    """Each column with what it holds and its first values."""
    from ..data.table import is_missing, kind_of

    rows = []
    names = list(dataset.inputs.names)
    columns = [(name, dataset.inputs.column(name), first.inputs.column(name)) for name in names[:30]]
    if dataset.wanted is not None:
        columns.append((f"{dataset.target} (target)", dataset.labels(), first.labels()))
    for name, column, head in columns:
        gaps = is_missing(column).mean()
        values = ", ".join(
            "–"
            if value is None or value != value
            else number(value)
            if isinstance(value, float)
            else str(value)
            for value in head.tolist()[:6]
        )
        rows.append([name, kind_of(column), percent(gaps) if gaps else "", values])
    show(table(["column", "holds", "missing", "first values"], rows, left=(0, 1, 3)))
    if len(names) > 30:
        show(f"  … and {len(names) - 30:,} columns more")


def _as_data(dataset: Any, first: Any) -> dict[str, Any]:
    inputs = first.inputs
    block = inputs.block if inputs.is_block else None
    rows = (
        (block.toarray() if hasattr(block, "toarray") else block).tolist()
        if block is not None
        else [list(row) for row in zip(*(inputs.column(name).tolist() for name in inputs.names), strict=True)]
    )
    return {
        "name": dataset.name,
        "examples": len(dataset),
        "columns": list(inputs.names),
        "task": dataset.task,
        "target": dataset.target,
        "image": dataset.image,
        "rows": rows,
        "known": None if first.wanted is None else first.labels().tolist(),
    }
