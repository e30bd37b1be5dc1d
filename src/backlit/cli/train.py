"""``backlit train``: from data to a saved model; and ``--find-eta``, which trains nothing.

Its options are those of pipeline.train, under the same names. What is shown afterwards stands in report.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import parse
from .options import DATA_DIR, JSON, LIMIT, given

NAME = "train"
EPILOG = """
Examples:
  backlit train digits --held-out 0.2
  backlit train people.csv --target income --exclude id --layers 64,32 --early-stopping 10 --plot history.png
  backlit train digits --layers 30 --activation sigmoid --cost half_squared_error --optimizer sgd --eta 3
  --batch-size 10
  backlit train digits --find-eta --optimizer sgd --plot eta.png
  backlit train --resume digits.safetensors.checkpoint

Ctrl-C stops cleanly: the model with the best weights so far is saved, and beside it a checkpoint from which
--resume goes on, to the same bits as if nothing had happened.
"""

_DATA, _NET, _LEARN, _LESS, _WATCH, _RUN = (
    "Data",
    "Network",
    "Learning",
    "Against overfitting and divergence",
    "What is watched",
    "The run",
)


def run(
    context: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA", help="A name (backlit data list), or the path of a CSV, NPZ, Parquet … file."
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            metavar="COLUMN",
            help="The column to learn; not needed for named sets.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="classes|values",
            rich_help_panel=_DATA,
            help="What the target holds. Found out: words and few whole numbers are classes.",
        ),
    ] = None,
    exclude: Annotated[
        str | None,
        typer.Option(
            "--exclude", metavar="COLUMNS", help="Columns to leave out, with commas.", rich_help_panel=_DATA
        ),
    ] = None,
    missing: Annotated[
        str | None,
        typer.Option(
            "--missing",
            metavar="mean|median|error",
            rich_help_panel=_DATA,
            help="What a missing number takes; an input of its own then says so. Default: mean.",
        ),
    ] = None,
    no_standardise: Annotated[
        bool,
        typer.Option("--no-standardise", help="Take numbers as they are.", rich_help_panel=_DATA),
    ] = False,
    held_out: Annotated[
        str | None,
        typer.Option(
            "--held-out",
            metavar="PART",
            rich_help_panel=_DATA,
            help="A part never trained on, such as 0.2, on which the model is judged. MNIST has a test set "
            "of its own, which "
            "is always held out.",
        ),
    ] = None,
    validation: Annotated[
        str | None,
        typer.Option(
            "--validation",
            metavar="PART|N|FILE|none",
            rich_help_panel=_DATA,
            help="What cost and accuracy are watched on during training: a part of the rest, its last N "
            "examples, a file, or test for a set's own test set. Default: 0.1.",
        ),
    ] = None,
    weight_column: Annotated[
        str | None,
        typer.Option(
            "--weight-column",
            metavar="COLUMN",
            help="The column that says how much each example counts.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    class_weight: Annotated[
        str | None,
        typer.Option(
            "--class-weight",
            metavar="WEIGHTS",
            rich_help_panel=_DATA,
            help="balanced, or a weight by class: yes=3,no=1.",
        ),
    ] = None,
    limit: LIMIT = None,
    data_dir: DATA_DIR = None,
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers",
            metavar="SIZES",
            help="Sizes of the hidden layers: 30,20, or none. Default: 100.",
            rich_help_panel=_NET,
        ),
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(
            "--activation",
            metavar="NAMES",
            rich_help_panel=_NET,
            help="Of the hidden layers, one for all or one each: relu,tanh. Default: relu.",
        ),
    ] = None,
    output_activation: Annotated[
        str | None,
        typer.Option(
            "--output-activation",
            metavar="NAME",
            rich_help_panel=_NET,
            help="Default: what suits the cost. cross_entropy: softmax; binary_cross_entropy: sigmoid; "
            "poisson: exp; hinge: "
            "identity; others: sigmoid for classes, identity for values.",
        ),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            "--cost",
            metavar="NAME",
            rich_help_panel=_NET,
            help="Default: cross_entropy for classes, squared_error (of the standardised target) for values.",
        ),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            "--init",
            metavar="NAME",
            rich_help_panel=_NET,
            help="How the weights start: auto, book_original, book_better, xavier_normal, he_normal … Default: auto.",
        ),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            "--dtype",
            metavar="float32|float64",
            help="In which all is computed. Default: float32.",
            rich_help_panel=_NET,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            metavar="INTEGER",
            help="From which everything random follows. Default: 0.",
            rich_help_panel=_NET,
        ),
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(
            "--optimizer",
            metavar="NAME",
            rich_help_panel=_LEARN,
            help="sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, rprop or l_bfgs, with constants as in "
            "'momentum(momentum=0.5)'. Default: adam.",
        ),
    ] = None,
    eta: Annotated[
        float | None,
        typer.Option(
            "--eta",
            metavar="NUMBER",
            help="The learning rate η. Default: the optimizer's own.",
            rich_help_panel=_LEARN,
        ),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            "--schedule",
            metavar="NAME",
            rich_help_panel=_LEARN,
            help="How η goes on: constant, 'step(every=10)', exponential, inverse_scaling, cosine, warmup, plateau. "
            "Default: constant.",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            "--epochs", metavar="N", help="Times through the examples. Default: 30.", rich_help_panel=_LEARN
        ),
    ] = None,
    batch_size: Annotated[
        str | None,
        typer.Option(
            "--batch-size",
            metavar="N|full",
            help="Examples in a step, or all at once. Default: 32.",
            rich_help_panel=_LEARN,
        ),
    ] = None,
    no_shuffle: Annotated[
        bool,
        typer.Option("--no-shuffle", help="Take the examples in their own order.", rich_help_panel=_LEARN),
    ] = False,
    find_eta: Annotated[
        bool,
        typer.Option(
            "--find-eta",
            help="Say which η to take, by growing it step by step; train nothing.",
            rich_help_panel=_LEARN,
        ),
    ] = False,
    l1: Annotated[
        float | None, typer.Option("--l1", metavar="NUMBER", help="Penalty l1 Σ |w|.", rich_help_panel=_LESS)
    ] = None,
    l2: Annotated[
        float | None,
        typer.Option("--l2", metavar="NUMBER", help="Penalty (l2/2) Σ w².", rich_help_panel=_LESS),
    ] = None,
    dropout: Annotated[
        str | None,
        typer.Option(
            "--dropout",
            metavar="RATES",
            rich_help_panel=_LESS,
            help="The part of each hidden layer that is dropped: 0.2; or of each layer from the input on: 0.1,0.5.",
        ),
    ] = None,
    max_norm: Annotated[
        float | None,
        typer.Option(
            "--max-norm",
            metavar="NUMBER",
            help="The longest that a neuron's weights may be.",
            rich_help_panel=_LESS,
        ),
    ] = None,
    clip_value: Annotated[
        float | None,
        typer.Option(
            "--clip-value", metavar="NUMBER", help="Limits each entry of the gradient.", rich_help_panel=_LESS
        ),
    ] = None,
    clip_norm: Annotated[
        float | None,
        typer.Option(
            "--clip-norm", metavar="NUMBER", help="Limits the gradient's length.", rich_help_panel=_LESS
        ),
    ] = None,
    early_stopping: Annotated[
        int | None,
        typer.Option(
            "--early-stopping",
            metavar="N",
            rich_help_panel=_LESS,
            help="Stop after N epochs without progress on the validation set, and put the best weights back.",
        ),
    ] = None,
    min_delta: Annotated[
        float | None,
        typer.Option(
            "--min-delta",
            metavar="NUMBER",
            help="What counts as progress. Default: 0.",
            rich_help_panel=_LESS,
        ),
    ] = None,
    watch: Annotated[
        str | None,
        typer.Option(
            "--watch",
            metavar="COLUMN",
            rich_help_panel=_WATCH,
            help="What early stopping looks at: validation_cost, validation_accuracy or a metric. Default: "
            "validation_cost.",
        ),
    ] = None,
    monitors: Annotated[
        str | None,
        typer.Option(
            "--monitors",
            metavar="NAMES",
            rich_help_panel=_WATCH,
            help="Measured after each epoch: training_cost, training_accuracy, validation_cost, "
            "validation_accuracy, all or "
            "none. Default: training_accuracy for classes; the validation set's two are always there.",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics",
            metavar="NAMES",
            rich_help_panel=_WATCH,
            help="Others on the validation set: f1,matthews; mae,r2 …",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="PNG",
            help="Draw the history (or what --find-eta found) into this file.",
            rich_help_panel=_WATCH,
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            metavar="NAME",
            help="auto, cpu or numpy. Default: auto, the fastest.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            metavar="N",
            help="Threads to compute with. Default: the library's own.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="MODEL",
            rich_help_panel=_RUN,
            help="The model file; one that is there is overwritten when training is done. Default: the "
            "data's name with "
            ".safetensors, here.",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume",
            metavar="CHECKPOINT",
            rich_help_panel=_RUN,
            help="Go on with a run that was stopped; data and options are in the checkpoint.",
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help="No progress and no table, only how good it is.", rich_help_panel=_RUN),
    ] = False,
    as_json: JSON = False,
) -> None:
    """Train a network on data, say how good it is on examples it never saw, and save it.

    A model is one safetensors file that holds everything: the weights, and how raw columns become inputs.
    """
    from . import report
    from .messages import refuse_own_input

    for option, place in (("--out", out), ("--plot", plot)):
        refuse_own_input(option, place, data, resume)
    told = given(context)
    shown = report.Shown(quiet=quiet, as_json=as_json, plot=plot)
    if resume is not None:
        report.resume(resume, data, out, told, shown)
        return
    options = parse.options_of(told)
    if data is None:
        raise typer.BadParameter(
            "say what to train on: backlit train DATA (backlit data list says the names)", ctx=context
        )
    if find_eta:
        report.find_eta(data, options, shown)
        return
    report.train(data, out, options, shown)
