"""``backlit diagnose``: a function of a file, or a gradient as numbers, judged: right, or which mistake it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DATA, DATA_DIR, EXAMPLE, EXAMPLES, HELD_OUT, JSON

if TYPE_CHECKING:
    from ..network import Network
    from ..verify.mistake import Mistake

NAME = "diagnose"
EPILOG = """
Examples:
  backlit diagnose my_backprop.py:gradients
  backlit diagnose network.py:Network.backprop --activation sigmoid --cost half_squared_error
  backlit diagnose my_backprop.py:gradients --model digits.safetensors --data digits --examples 0:32
  backlit diagnose my_backprop.py:forward --forward
  backlit diagnose my_backprop.py:step --update --eta 0.1
  backlit diagnose gradient.npz --model digits.safetensors --data digits --examples 0:32
  backlit diagnose --list

The function takes weights, biases, x and y, and returns the gradients, in any of the usual layouts; other parameters
are matched by their names (params, theta, W1, b1, …, eta, l2), a method gets an object with weights and biases. It
runs in a process of its own, with a limit of time and memory; that is no sandbox. Without --model it is judged on a
small random network. A file of numbers (.npz, .npy, .json, .safetensors) has arrays w1, b1, … or one flat vector.
Exit code 1 says that a mistake, or something that prevented the judgement, was found.
"""


def run(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE.py:FUNCTION",
            show_default=False,
            help="A function, or Class.method, in a Python file; or a file with a gradient's numbers.",
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="The network. Default: a small random one.",
            rich_help_panel="Data",
        ),
    ] = None,
    data: DATA = None,
    example: EXAMPLE = None,
    examples: EXAMPLES = None,
    held_out: HELD_OUT = False,
    data_dir: DATA_DIR = None,
    previous: Annotated[
        str | None,
        typer.Option(
            "--previous",
            metavar="NUMBERS",
            rich_help_panel="Data",
            help="Examples of the batch before, such as 32:64: tells what is left over from it.",
        ),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            "--sizes",
            metavar="N,N,…",
            rich_help_panel="Without a model",
            help="The random network's sizes from input to output. Default: 4,3,3,2, or what the function takes.",
        ),
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(
            "--activation",
            metavar="NAME",
            rich_help_panel="Without a model",
            help="Its activation, or two: hidden,output. Default: what the file seems to mean.",
        ),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            "--cost",
            metavar="NAME",
            rich_help_panel="Without a model",
            help="Its cost. Default: what the file seems to mean.",
        ),
    ] = None,
    eta: Annotated[
        float | None,
        typer.Option(
            "--eta", metavar="NUMBER", help="The learning rate η. Default: fitted; 0.5 for --update."
        ),
    ] = None,
    l1: Annotated[float, typer.Option("--l1", metavar="NUMBER", help="Include l1 · Σ|w|. Default: 0.")] = 0.0,
    l2: Annotated[
        float, typer.Option("--l2", metavar="NUMBER", help="Include (l2/2) · Σw². Default: 0.")
    ] = 0.0,
    adapter: Annotated[
        str | None,
        typer.Option(
            "--adapter",
            metavar="NAME",
            help="A function (weights, biases, x, y) in the file that calls the other, and is called instead.",
        ),
    ] = None,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds", metavar="N", min=0.1, help="How long the function may run in all. Default: 20."
        ),
    ] = 20.0,
    forward: Annotated[
        bool,
        typer.Option("--forward", help="It is a forward pass: (weights, biases, x) gives (zs, as), or as."),
    ] = False,
    update: Annotated[
        bool,
        typer.Option(
            "--update", help="It is an update: (weights, biases, x, y, eta) gives new ones, or changes them."
        ),
    ] = False,
    as_list: Annotated[bool, typer.Option("--list", help="List all mistakes that can be named.")] = False,
    as_json: JSON = False,
) -> None:
    """Name the mistake in somebody's backpropagation: a function in a file, or a gradient's numbers.

    A right gradient is called right, with its conventions; a wrong one gets the smallest set of mistakes that explains
    its numbers, with the equation and an edit.
    """
    from ..errors import UsageError
    from . import show

    if as_list:
        _list(as_json)
        return
    from .subject import Examples, Small, Subject

    asked = Subject.read(subject, forward, update)
    small = Small.read(sizes, activation, cost)
    told = {"eta": eta, "l1": l1, "l2": l2}
    known = None
    if model is not None:
        if small != Small():
            raise UsageError("--sizes, --activation and --cost are for a random network; --model has its own")
        known = Examples(model, data, example, examples, held_out, data_dir, previous).load()
    elif data is not None or example or examples is not None or previous is not None or held_out:
        raise UsageError("--data and its examples are those of a network of yours: name it with --model")
    judged = asked.judged(known, told, adapter, seconds, small)
    if as_json:
        about = {"subject": subject, "model": None if model is None else str(model), "data": data}
        show.emit("diagnosis/1", {**judged.report.to_dict(), **about, "network": _network(judged.net)})
    else:
        show.out(judged.report.text(width=show.columns(), colour=show.coloured()))
    if not judged.report.right:
        raise typer.Exit(1)


def _network(net: Network) -> dict[str, Any]:
    """The network that it was judged on, for JSON."""
    return {
        "sizes": list(net.sizes),
        "activations": [row.option for row in net.activations],
        "cost": net.cost.option,
        "dtype": net.dtype.name,
    }


def _list(as_json: bool) -> None:
    """All mistakes, by what they are about; and what may prevent a judgement."""
    import textwrap

    from ..verify.calling.outcome import TROUBLES
    from ..verify.mistakes import MISTAKES
    from . import show

    if as_json:
        listed = [
            {
                "mistake": one.id,
                "about": one.about,
                "title": one.titled((), 2),
                "meaning": one.meaning,
                "breaks": list(one.breaks),
                "example": {"before": one.lines_at(1, 2).before, "after": one.lines_at(1, 2).after},
            }
            for one in MISTAKES.values()
        ]
        troubles = [{"trouble": name, "meaning": meaning} for name, meaning in TROUBLES.items()]
        show.emit("mistakes/1", {"mistakes": listed, "troubles": troubles})
        return
    groups = {"gradient": "In a gradient", "forward": "In a forward pass", "update": "In an update"}
    told = [
        (title, [(one.id, one.meaning, _example(one)) for one in MISTAKES.values() if one.about == about])
        for about, title in groups.items()
    ]
    told.append(("What prevents a judgement, or should be known", [(*one, ()) for one in TROUBLES.items()]))
    column = max(len(name) for _, rows in told for name, _, _ in rows) + 4
    width = max(column + 30, min(show.columns(), show.WIDTH))
    for title, rows in told:
        if not rows:
            continue
        show.out(show.bold(title))
        for name, meaning, example in rows:
            blank = " " * column
            for said, first in ((meaning, f"  {name}".ljust(column)), *((line, blank) for line in example)):
                lines = textwrap.wrap(
                    said, width, initial_indent=first, subsequent_indent=" " * column, break_long_words=False,
                    break_on_hyphens=False,
                )  # fmt: skip
                if lines:
                    show.out("\n".join(lines))
        show.out()


def _example(one: Mistake) -> tuple[str, ...]:
    """The line as it seems to be coded, and right, for hidden layer 1 of two layers."""
    lines = one.lines_at(1, 2)
    return (lines.before, f"→  {lines.after}") if lines.before else ()
