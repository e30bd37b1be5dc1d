"""``backlit inspect``: what is in a model file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .options import JSON, MODEL

if TYPE_CHECKING:
    from ..network import Network

NAME = "inspect"
EPILOG = """
Examples:
  backlit inspect digits.safetensors
  backlit inspect digits.safetensors --json
"""
_MOST_COLUMNS = 20  # of the recipe; the others are in --json


def run(model: MODEL, as_json: JSON = False) -> None:
    """Look into a model: layers, shapes, parameters, functions, the recipe for raw columns, and how it was trained."""
    from .. import files
    from . import show

    net = files.load(model)
    if as_json:
        show.emit("inspect/1", {"model": str(model), **as_dict(net)})
        return
    show.out(
        "\n".join([show.bold(str(model)), "", *_layers(net), "", *_recipe(net), *_training(net)]).rstrip()
    )


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
