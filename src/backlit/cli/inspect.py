"""``backlit inspect``: what is in a model file, and how its gradient fares on data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DATA_DIR, HELD_OUT, JSON, LIMIT, MODEL

if TYPE_CHECKING:
    from ..explain.health import Health
    from ..network import Network

NAME = "inspect"
EPILOG = """
Examples:
  backlit inspect digits.safetensors
  backlit inspect digits.safetensors --json
  backlit inspect digits.safetensors digits --held-out
  backlit inspect homework.toml

With DATA it also says how the gradient fares there, layer by layer: its size, dead and saturated neurons, which factor
shrinks it, and what is wrong. A network typed by hand with an example of its own needs no DATA for that.
"""
_MOST_COLUMNS = 20  # of the recipe; the others are in --json


def run(
    model: MODEL,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA", show_default=False, help="A name or a file: say how the gradient fares there."
        ),
    ] = None,
    eta: Annotated[
        float | None,
        typer.Option(
            "--eta",
            metavar="η",
            rich_help_panel="Data",
            help="The step size of the update/weight ratios; else the last of the model's training.",
        ),
    ] = None,
    held_out: HELD_OUT = False,
    limit: LIMIT = None,
    data_dir: DATA_DIR = None,
    as_json: JSON = False,
) -> None:
    """Look into a model: layers, functions, the recipe, how it was trained; with data, how its gradient fares."""
    from ..errors import UsageError
    from . import show

    net = _read(model)
    if data is None and net.example is None:
        asked = {"--eta": eta, "--held-out": held_out, "--limit": limit, "--data-dir": data_dir}
        for option, value in asked.items():
            if value:
                raise UsageError(f"{option} is about data; name them after the model, or leave it out")
        found = None
    else:
        found = _health(net, data, eta, held_out, limit, data_dir)
    if as_json:
        told = {} if found is None else {"data": data, "held_out": held_out, "health": _plain(found)}
        show.emit("inspect/1", {"model": str(model), **as_dict(net), **told})
        return
    about = [*_layers(net), "", *_recipe(net), *_training(net)] if data is None else _layers(net)
    gradient = [] if found is None else ["", found.text()]
    show.out("\n".join([show.bold(str(model)), "", *about, *gradient]).rstrip())


def _read(model: Path) -> Network:
    """Our own files, and those of other tools, by their endings."""
    from .. import files, interop

    foreign = {one for row in interop.FORMATS for one in row.endings} - {".safetensors", ".json", ".toml"}
    return interop.read(model) if model.suffix.lower() in foreign else files.load(model)


def _health(
    net: Network, data: str | None, eta: float | None, held_out: bool, limit: int | None, data_dir: Any
) -> Health:
    from .. import pipeline

    examples = pipeline.examples_of(
        net, data, held_out=held_out, limit=limit, data_dir=data_dir, need_target=True
    )
    return net.health(*examples.encoded(net), eta=eta)


def _plain(found: Health) -> dict[str, Any]:
    """The health without its schema's name: the document has one of its own."""
    return {key: value for key, value in found.to_dict().items() if key != "schema"}


def as_dict(net: Network) -> dict[str, Any]:
    """The model as the JSON schema backlit.inspect/1 has it."""
    return {
        "sizes": list(net.sizes),
        "parameters": int(net.theta.size),
        "dtype": net.dtype.name,
        "layers": [
            {
                "layer": l,
                "neurons": net.sizes[l],
                "activation": net.activations[l - 1].option,
                "w": list(net.w[l].shape),
                "b": list(net.b[l].shape),
                "parameters": int(net.w[l].size + net.b[l].size),
            }
            for l in range(1, net.L + 1)
        ],
        "cost": net.cost.option,
        "task": net.task,
        "classes": None if net.classes is None else list(net.classes),
        "inputs": None if net.recipe is None else list(net.recipe.inputs),
        "recipe": None
        if net.recipe is None
        else [{"column": name, "rule": rule} for name, rule in net.recipe.describe()],
        "init": net.init,
        "seed": net.seed,
        "training": net.training,
    }


def _layers(net: Network) -> list[str]:
    from . import show

    rows = [["0", f"{net.sizes[0]:,}", "input", "", "", ""]]
    for l in range(1, net.L + 1):
        w, b = net.w[l], net.b[l]
        shape = f"{w.shape[0]:,} × {w.shape[1]:,}"
        rows.append(
            [
                str(l),
                f"{net.sizes[l]:,}",
                net.activations[l - 1].option,
                shape,
                f"{b.size:,}",
                f"{w.size + b.size:,}",
            ]
        )
    lines = show.table(["layer", "neurons", "activation", "w", "b", "parameters"], rows)
    return [*lines, "", f"{net.theta.size:,} parameters in {net.dtype.name}; cost {net.cost.option}"]


def _recipe(net: Network) -> list[str]:
    from . import show

    if net.recipe is None:
        return ["No recipe: the model takes plain arrays.", ""]
    rules = net.recipe.describe()
    shown = rules if len(rules) <= _MOST_COLUMNS + 1 else [*rules[: _MOST_COLUMNS - 1], rules[-1]]
    width = show.columns()
    name_width = min(32, max(len(name) for name, _ in shown))
    rows = [
        [show.shortened(name, name_width), show.shortened(rule, max(30, width - name_width - 2)).ljust(1)]
        for name, rule in shown
    ]
    lines = show.table(["column", "rule"], rows, left=2)
    if len(shown) < len(rules):
        lines.insert(-1, f"… {len(rules) - len(shown):,} more columns, in --json")
    return [*lines, ""]


def _training(net: Network) -> list[str]:
    """How it was trained, in a few lines."""
    from ..history import format_number
    from ..interop import told as told_of
    from ..spelling import counted
    from . import show

    told = net.training
    rows = []
    if "data" in told:
        about = told["data"]
        rows.append(
            [
                "data",
                f"{about['name']}, {about['trained_on']:,} of {counted(about['examples'], 'example')} trained on",
            ]
        )
    if "imported" in told:
        rows.append(["imported", "; ".join(told_of(net).splitlines()[:2])])
    if "epochs" in told:
        steps = counted(told.get("steps", 0), "step")
        rows.append(["epochs", f"{told['epochs']:,}, {steps}; {told.get('stop_reason') or 'not finished'}"])
    settings = told.get("settings", {})
    if settings:
        rows.append(["settings", ", ".join(f"{name} {_setting(value)}" for name, value in settings.items())])
    for name in ("last", "best"):
        record = told.get(name)
        if record:
            numbers = [
                f"{key.replace('_', ' ')} {format_number(key, value)}"
                for key, value in record.items()
                if key.endswith(("cost", "accuracy"))
            ]
            rows.append([f"{name} epoch", f"{record['epoch']}: {', '.join(numbers)}"])
    if not rows:
        return ["Not trained yet."]
    return show.table(
        ["trained", ""],
        [[key, show.shortened(value, max(40, show.columns() - 14))] for key, value in rows],
        left=2,
    )


def _setting(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " + ".join(str(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
