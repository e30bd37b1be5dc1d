"""What ``train`` does and says: the run itself, its table, how good it is, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import pipeline
from ..errors import UsageError
from ..history import History, format_number
from ..plots.canvas import check_picture
from ..spelling import counted
from . import show
from .messages import Stopped, say

_ROWS = 12


@dataclass(frozen=True)
class Shown:
    """How much is shown, and as what."""

    quiet: bool
    as_json: bool
    plot: Path | None


def train(data: str, out: Path | None, options: dict[str, Any], shown: Shown) -> None:
    """Trains anew."""
    target = out if out is not None else Path(default_name(data))
    if pipeline.checkpoint_of(target).exists():
        say(
            f"note: {pipeline.checkpoint_of(target)} is of an earlier run that was stopped, and this run "
            "takes its place; "
            "--resume would have gone on with it"
        )
    _check_plot(shown)
    outcome = pipeline.train(data, out=target, progress=False if shown.quiet else None, **options)
    _tell(outcome, data, target, shown)


def resume(checkpoint: Path, data: str | None, out: Path | None, told: dict[str, Any], shown: Shown) -> None:
    """Goes on with a run that was stopped."""
    allowed = ("resume", "data", "out", "quiet", "as_json", "plot")
    others = [f"--{name.replace('_', '-')}" for name in told if name not in allowed]
    if others:
        raise UsageError(
            f"a resumed run keeps its own options, so {', '.join(others)} can't be given with --resume; leave "
            "that out, or "
            "start a new run"
        )
    _check_plot(shown)
    outcome = pipeline.train(data, out=out, resume=checkpoint, progress=False if shown.quiet else None)
    _tell(outcome, data or outcome.net.training["data"]["name"], outcome.out, shown)


def find_eta(data: str, options: dict[str, Any], shown: Shown) -> None:
    """Suggests a learning rate, and trains nothing."""
    _check_plot(shown)
    found = pipeline.find_eta(data, **options)
    if shown.plot is not None:
        found.plot(shown.plot)
    if shown.as_json:
        show.emit(
            "find-eta/1",
            {
                "data": data,
                "suggestion": found.suggestion,
                "limit": found.limit,
                "steps": [
                    {"eta": eta, "cost": cost}
                    for eta, cost in zip(found.etas.tolist(), found.costs.tolist(), strict=True)
                ],
            },
        )
        return
    show.out(f"eta = {found.suggestion:.2g}")
    if not shown.quiet:
        show.out(f"{found}.")
        show.out(
            f"Nothing was trained. Next: the same command with --eta {found.suggestion:.2g} in place of --find-eta."
        )


def default_name(data: str) -> str:
    """The model file's name where none is given: the data's, in the current folder."""
    return f"{Path(data).name.split('.')[0] or 'model'}.safetensors"


def _check_plot(shown: Shown) -> None:
    if shown.plot is not None:
        check_picture(shown.plot)


def _tell(outcome: pipeline.Outcome, data: str, out: Path | None, shown: Shown) -> None:
    if shown.plot is not None and len(outcome.history):
        outcome.history.plot(shown.plot)
    if shown.as_json:
        show.emit("train/1", as_dict(outcome, data))
    else:
        if not shown.quiet:
            show.out("\n".join(history_table(outcome.history)))
            show.out()
        show.out(show.wrapped(how_good(outcome)))
        if not shown.quiet:
            show.out(what_next(outcome, data, out))
    if outcome.interrupted:
        raise Stopped


def as_dict(outcome: pipeline.Outcome, data: str) -> dict[str, Any]:
    """The outcome as the JSON schema backlit.train/1 has it."""
    return {
        "data": data,
        "model": None if outcome.out is None else str(outcome.out),
        "checkpoint": None if outcome.checkpoint is None else str(outcome.checkpoint),
        "interrupted": outcome.interrupted,
        "sizes": list(outcome.net.sizes),
        "history": outcome.history.to_dict(),
        "judged_on": outcome.judged_on,
        "evaluation": None if outcome.evaluation is None else outcome.evaluation.to_dict(),
    }


_HEADS = {
    "cost": "cost",
    "training_cost": "training cost",
    "training_accuracy": "training accuracy",
    "validation_cost": "validation cost",
    "validation_accuracy": "validation accuracy",
}


# Left out one after the other where the terminal is too narrow for all columns.
_LESS_NEEDED = ("seconds", "eta", "objective", "training_cost", "training_accuracy", "validation_cost")


def history_table(history: History) -> list[str]:
    """At most 12 epochs: the first, the last, the best, and some between; columns that say nothing are left out."""
    if not len(history):
        return ["No epoch was finished."]
    names = [name for name in history.columns if name != "examples_per_second"]
    if all(record["objective"] == record["cost"] for record in history):
        names.remove("objective")
    if "eta" in names and len({record["eta"] for record in history}) == 1:
        names.remove("eta")
    lines = _table(history, names)
    for name in _LESS_NEEDED:
        if name in names and max(map(len, lines)) > show.columns():
            names.remove(name)
            lines = _table(history, names)
    return lines


def _table(history: History, names: Sequence[str]) -> list[str]:
    """These columns, the best epoch marked."""
    best = max(0, history.best_epoch or 0)
    rows = []
    for record in _some(history):
        cells = [format_number(name, record.get(name)) for name in names]
        rows.append([*cells, "← best" if record["epoch"] == best else ""])
    heads = [_HEADS.get(name, name.replace("_", " ")) for name in names]
    return show.table([*heads, ""], rows, left=0)


def _some(history: History) -> list[dict[str, Any]]:
    n = len(history)
    if n <= _ROWS:
        return list(history)
    chosen = {round(i * (n - 1) / (_ROWS - 2)) for i in range(_ROWS - 1)}
    return [
        record for i, record in enumerate(history) if i in chosen or record["epoch"] == history.best_epoch
    ]


def how_good(outcome: pipeline.Outcome) -> str:
    """One sentence: accuracy, or error, on examples the network never saw."""
    found, seconds = outcome.evaluation, outcome.history.seconds
    took = f"trained for {counted(len(outcome.history), 'epoch')} in {seconds:.1f} s"
    if found is None:
        cost = outcome.history[-1]["cost"] if len(outcome.history) else None
        told = (
            "no epoch was finished"
            if cost is None
            else f"cost {format_number('cost', cost)} on the training examples"
        )
        return f"{told[0].upper()}{told[1:]} ({took}); nothing was set aside to judge it on (--held-out 0.2 does that)."
    which = "held-out" if outcome.judged_on == "held-out" else "validation"
    if found.task == "classes":
        right = round(found.metrics["accuracy"] * found.n)
        share = f"{100 * found.metrics['accuracy']:.1f}%"
        verb = "is" if found.n == 1 else "are"
        return f"{share} of the {counted(found.n, f'{which} example')} {verb} right ({right:,}); {took}."
    metrics = found.metrics
    return (
        f"On the {counted(found.n, f'{which} example')} the answers are off by {show.number(metrics['mae'])} on "
        f"average, R² {show.number(metrics['r2'])}; {took}."
    )


def what_next(outcome: pipeline.Outcome, data: str, out: Path | None) -> str:
    """One sentence: the command to type now, or what to try where nothing was learnt."""
    model = str(out) if out is not None else "MODEL"
    shown = _near(model)
    if outcome.interrupted:
        checkpoint = _near(str(outcome.checkpoint))
        go_on = show.command("backlit", "train", "--resume", checkpoint)
        return f"Stopped. The best weights so far are in {shown}; go on with:\n  {go_on}"
    advice = _advice(outcome)
    if advice:
        return show.wrapped(f"Saved to {shown}. It learnt little: {advice}.")
    held = ["--held-out"] if outcome.judged_on == "held-out" else []
    verb = ["predict", shown, data, *held]
    if outcome.net.recipe.image is not None:
        verb.append("--draw")
    return f"Saved to {shown}. Next:\n  {show.command('backlit', *verb)}"


def _near(path: str) -> str:
    """The path as it is written from here."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return path


def _advice(outcome: pipeline.Outcome) -> str | None:
    """What to try where the network is hardly better than a guess, or None."""
    found = outcome.evaluation
    if found is None:
        return None
    if found.task == "values":
        poor = found.metrics["r2"] < 0.1
    else:
        most = max(row["examples"] for row in found.by_class) / max(1, found.n)
        poor = found.metrics["accuracy"] <= most + 0.05 * (1 - most)
    if not poor:
        return None
    costs = outcome.history["cost"] if len(outcome.history) else []
    falling = len(costs) > 1 and costs[-1] < 0.98 * costs[len(costs) // 2]
    if falling:
        return "the cost was still falling, so try more --epochs, or a larger --eta"
    return "try another --eta (--find-eta suggests one), more --layers, or another --activation"
