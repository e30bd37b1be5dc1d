"""``backlit train``: from a data set's name or a file to a trained and saved network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from ..errors import UsageError
from .app import app, command, percent, say, show, show_json

_DATA = "A name (backlit data list) or a file: CSV, TSV, NPY, NPZ, IDX, svmlight, Parquet, Feather."
_EXAMPLES = """
backlit train digits --held-out 0.2 --out digits.safetensors
backlit train people.csv --target income --layers 64,32 --validation 0.1 --early-stopping 10 --out income.safetensors
backlit train mnist --layers 100 --activation sigmoid --cost binary_cross_entropy --optimizer sgd --eta 0.5 --out m.safetensors
backlit train digits --find-eta
backlit train --resume digits.safetensors.checkpoint
"""


@command("train", _EXAMPLES, app)
def train(
    source: str = typer.Argument(None, metavar="DATA", help=_DATA),
    target: str = typer.Option(None, help="The column that is wanted."),
    out: Path = typer.Option(None, "--out", "-o", metavar="MODEL", help="Where the model is saved."),
    layers: str = typer.Option("30", help="Hidden layers' sizes, such as 30 or 64,32; 0 for none."),
    activation: str = typer.Option(
        "relu", help="Of the hidden layers: one, or one each, such as tanh,elu(alpha=0.5)."
    ),
    output_activation: str = typer.Option(None, help="Of the output; suited to the cost unless given."),
    cost: str = typer.Option(
        None, help="cross_entropy for classes and squared_error for values, unless given."
    ),
    init: str = typer.Option("auto", help="How the weights start, such as book_better or he_normal."),
    optimizer: str = typer.Option("adam", help="Such as sgd, momentum(momentum=0.5), adam, l_bfgs."),
    eta: float = typer.Option(None, help="The learning rate; the optimizer's own unless given."),
    schedule: str = typer.Option("constant", help="Of the learning rate, such as cosine or step(every=10)."),
    epochs: int = typer.Option(30, help="How often the data is gone through."),
    batch_size: str = typer.Option("32", help="Examples in a step, or 'full'."),
    l1: float = typer.Option(0.0, help="Penalty l1 Σ|w|."),
    l2: float = typer.Option(0.0, help="Penalty (l2/2) Σw²; the book's λ is l2 = λ/n."),
    dropout: str = typer.Option(
        None, help="A rate for hidden layers, or one each from the input on, such as 0.1,0.5."
    ),
    max_norm: float = typer.Option(None, help="The longest that a neuron's incoming weights may be."),
    clip_value: float = typer.Option(None, help="Limits each entry of the gradient."),
    clip_norm: float = typer.Option(None, help="Limits the gradient's length."),
    class_weight: str = typer.Option(None, help="'balanced' gives rare classes more weight."),
    held_out: float = typer.Option(None, help="A fraction never shown to training, to judge by in the end."),
    validation: str = typer.Option(None, help="A fraction, a number of last examples, 'test', or a file."),
    early_stopping: int = typer.Option(
        None, help="Stop after so many epochs without progress; needs --validation."
    ),
    watch: str = typer.Option(None, help="What early stopping looks at (validation_cost)."),
    monitors: str = typer.Option(
        None, help="'all', or some of training_cost,training_accuracy; after each epoch."
    ),
    metrics: str = typer.Option(None, help="Of the validation set after each epoch, such as f1,roc_auc."),
    task: str = typer.Option(None, help="'classes' or 'values'; found out unless given."),
    exclude: str = typer.Option(None, help="Columns to leave out, such as id,name."),
    missing: str = typer.Option("mean", help="What a missing number takes: mean, median, or error."),
    seed: int = typer.Option(0, help="Everything random follows from it."),
    dtype: str = typer.Option("float32", help="float32 or float64."),
    engine: str = typer.Option("auto", help="auto, numpy."),
    threads: int = typer.Option(None, help="Threads of the linear algebra."),
    limit: int = typer.Option(None, help="Take the first so many examples only."),
    data_dir: Path = typer.Option(None, help="Where mnist's files lie."),
    resume: Path = typer.Option(
        None, metavar="CHECKPOINT", help="Go on with a run that was stopped; needs nothing else."
    ),
    find_eta: bool = typer.Option(False, "--find-eta", help="Only look for a good learning rate."),
    plot: Path = typer.Option(
        None, metavar="PNG", help="Draw the history, or the search for eta, into a file."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
    as_json: bool = typer.Option(False, "--json", help="The result as JSON."),
) -> None:
    """Train a network on DATA and save it.

    Numbers are standardised, words become one-hot, missing cells are filled; the rules are learnt on the training part
    only, and saved in the model. Ctrl-C saves the model and a checkpoint to go on from.
    """
    progress = False if quiet else None
    if resume is not None:
        if source is not None:
            raise UsageError("--resume needs nothing else: data and settings are in the checkpoint")
        from ..pipeline import resume_job

        _report(resume_job(resume, progress=progress), plot, as_json)
        return
    if source is None:
        raise UsageError("say what to train on: a name such as digits (backlit data list), or a file")
    from ..pipeline import Job, check_functions
    from ..pipeline import train as run

    job = Job(
        source=source,
        target=target,
        task=_task(task),
        layers=_layers(layers),
        activation=tuple(_split(activation)),
        output_activation=output_activation,
        cost=cost,
        init=init,
        seed=seed,
        dtype=dtype,
        held_out=held_out,
        validation=validation,
        limit=limit,
        data_dir=None if data_dir is None else str(data_dir),
        exclude=tuple(_split(exclude)) if exclude else (),
        missing=missing,
        out=None if out is None else str(out),
    )
    check_functions(job)
    settings: dict[str, Any] = {
        "optimizer": optimizer,
        "eta": eta,
        "schedule": schedule,
        "epochs": epochs,
        "batch_size": _batch_size(batch_size),
        "l1": l1,
        "l2": l2,
        "dropout": _rates(dropout),
        "max_norm": max_norm,
        "clip_value": clip_value,
        "clip_norm": clip_norm,
        "class_weight": class_weight,
        "early_stopping": early_stopping,
        "watch": watch,
        "monitors": "all" if monitors == "all" else tuple(_split(monitors)) if monitors else (),
        "metrics": tuple(_split(metrics)) if metrics else (),
        "engine": engine,
        "threads": threads,
    }
    if find_eta:
        _find_eta(job, settings, plot, as_json)
        return
    _report(run(job, progress=progress, **settings), plot, as_json)


def _report(trained: Any, plot: Path | None, as_json: bool) -> None:
    """What came of it: the history, the held-out examples, and what to do next."""
    history, out, found = trained.history, trained.job.out, trained.held_out
    if plot is not None:
        history.plot(plot)
    if as_json:
        show_json(
            "train",
            {
                "model": out,
                "sizes": trained.net.sizes,
                "examples": trained.examples,
                "history": history.to_dict(),
                "held_out": None if found is None else found.to_dict(),
            },
        )
    else:
        show(history.table(12))
        show()
        if found is not None:
            show(_sentence(found))
        if out is not None:
            show(f"The model is in {out}.")
        show(_next(trained))
    if trained.interrupted:
        if out is not None:
            say(f"stopped; go on with: backlit train --resume {out}.checkpoint")
        raise SystemExit(130)


def _sentence(found: Any) -> str:
    if found.task == "classes":
        right = round(found.metrics["accuracy"] * found.n)
        return f"Of {found.n:,} examples held out, {right:,} are right: {percent(found.metrics['accuracy'])}."
    mae, r2 = found.metrics["mae"], found.metrics["r2"]
    return f"On {found.n:,} examples held out, the mean error is {mae:.4g} in the target's own unit, and R² is {r2:.3f}."


def _next(trained: Any) -> str:
    """One sentence about what to do next."""
    job, found = trained.job, trained.held_out
    poor = found is not None and (
        found.metrics["accuracy"] < 1.5 / len(found.classes)
        if found.task == "classes"
        else found.metrics["r2"] < 0.05
    )
    if poor:
        return "Next: it has hardly learnt; try --find-eta, more --epochs, or wider --layers."
    if job.out is None:
        return "Next: add --out MODEL to keep the network."
    flag = " --held-out" if found is not None and found.n else ""
    return f"Next: backlit evaluate {job.out} {job.source}{flag}"


def _find_eta(job: Any, settings: dict[str, Any], plot: Path | None, as_json: bool) -> None:
    from .. import pipeline
    from ..data import Recipe
    from ..finder import find_eta

    split = pipeline.load_split(job)
    recipe = Recipe.learn(split.train, task=job.task, missing=job.missing, exclude=job.exclude)
    net = pipeline.build(job, recipe)
    taken = {
        name: settings[name]
        for name in ("l1", "l2", "clip_value", "clip_norm", "max_norm", "optimizer", "engine")
    }
    batch = settings["batch_size"] or len(split.train)
    found = find_eta(net, split.train, split.train.labels(), batch_size=batch, **taken)
    if plot is not None:
        found.plot(plot)
    if as_json:
        show_json(
            "find-eta",
            {"suggestion": found.suggestion, "limit": found.limit, "etas": found.etas, "costs": found.costs},
        )
        return
    show(str(found).capitalize() + ".")
    show(f"Next: backlit train {job.source} --eta {found.suggestion:.2g} …")


def _split(text: str) -> list[str]:
    """Splits at commas that aren't within brackets: "tanh,elu(alpha=0.5)"."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _layers(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(part) for part in _split(text))
    except ValueError:
        sizes = (-1,)
    if sizes == (0,):
        return ()
    if not sizes or min(sizes) < 1:
        raise UsageError(
            f"--layers takes whole numbers of at least 1, such as 30 or 64,32, or 0 for none; got {text!r}"
        )
    return sizes


def _batch_size(text: str) -> int | None:
    if text == "full":
        return None
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--batch-size takes a whole number or 'full'; got {text!r}") from None


def _rates(text: str | None) -> Any:
    if text is None:
        return 0.0
    try:
        rates = [float(part) for part in _split(text)]
    except ValueError:
        raise UsageError(
            f"--dropout takes a rate, or one each from the input on, such as 0.1,0.5; got {text!r}"
        ) from None
    return rates[0] if len(rates) == 1 else tuple(rates)


def _task(text: str | None) -> str | None:
    if text not in (None, "classes", "values"):
        raise UsageError(f"--task is 'classes' or 'values'; got {text!r}")
    return text
