"""``backlit compare``: two models, or a model and someone's θ or gradient, entry by entry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DATA, DATA_DIR, EXAMPLE, EXAMPLES, HELD_OUT, JSON, MODEL

if TYPE_CHECKING:
    from ..network import Network

NAME = "compare"
EPILOG = """
Examples:
  backlit compare digits.safetensors other.safetensors
  backlit compare digits.safetensors other.safetensors --data digits --held-out
  backlit compare digits.safetensors torch_weights.npz --data digits --examples 0:32
  backlit compare digits.safetensors torch_gradients.npz --gradient --data digits --examples 0:32
  backlit compare digits.safetensors run.ckpt --tolerance 1e-3 --json

OTHER is a model file, a checkpoint, a network typed by hand, a safetensors file of PyTorch's tensors, or arrays in .npz
or .npy (w1, b1, …, "0.weight", or one flat array). Two numbers agree where they differ by no more than rounding in the
coarser of the two dtypes can bring about. Exit code 0 says equal, 1 different.
"""


def run(
    model: MODEL,
    other: Annotated[
        Path, typer.Argument(metavar="OTHER", help="What it is compared with: a model file, or arrays.")
    ],
    data: DATA = None,
    example: EXAMPLE = None,
    examples: EXAMPLES = None,
    held_out: HELD_OUT = False,
    data_dir: DATA_DIR = None,
    gradient: Annotated[
        bool, typer.Option("--gradient", help="OTHER holds ∇C of MODEL on the data, not weights.")
    ] = False,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            metavar="NUMBER",
            help="Relative to an array's largest entry. Default: what the coarser dtype can tell.",
        ),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Compare two models entry by entry: weights, and on data z, a, C, ∇C and answers; say where they first differ."""
    from ..network import Network
    from ..verify.comparing.compare import compare
    from ..verify.comparing.sides import load
    from . import show

    sides = [load(model), load(other)]
    nets = [one for one in sides if isinstance(one, Network)]
    x, y, numbers = _examples(nets, data, _Chosen(example, examples, held_out, data_dir))
    found = compare(
        sides[0],
        sides[1],
        x,
        y,
        tolerance=tolerance,
        gradient=gradient,
        names=_names(model, other),
        numbers=numbers,
    )
    if as_json:
        told = found.to_dict()
        show.emit(
            "compare/1",
            {"data": data, "held_out": held_out, **{k: v for k, v in told.items() if k != "schema"}},
        )
    else:
        show.out(found.text(width=show.columns(), colour=show.coloured()))
    if not found.equal:
        raise typer.Exit(1)


def _names(model: Path, other: Path) -> tuple[str, str]:
    """What the two are called: their files' names, or paths where those are the same."""
    return (str(model), str(other)) if model.name == other.name else (model.name, other.name)


class _Chosen:
    """Which rows of the data were asked for."""

    def __init__(
        self, example: list[int] | None, examples: str | None, held_out: bool, data_dir: Path | None
    ) -> None:
        self.example, self.examples = example, examples
        self.held_out, self.data_dir = held_out, data_dir

    @property
    def any(self) -> bool:
        return bool(self.example) or self.examples is not None or self.held_out


def _examples(nets: list[Network], data: str | None, asked: _Chosen) -> tuple[Any, Any, list[int] | None]:
    """x, y and the numbers of the examples; None where weights alone are compared.

    Raises UsageError where rows are chosen of no data, or no side is a network.
    """
    from .. import pipeline
    from ..errors import UsageError
    from . import chosen, parse

    net = next((one for one in nets if one.recipe is not None), nets[0] if nets else None)
    if data is None and (net is None or net.example is None):
        if asked.any:
            raise UsageError("--data is missing: name the data that the examples are of, as in --data digits")
        return None, None, None
    if net is None:
        raise UsageError(
            "--data is for networks, and neither file is one; leave it out to compare arrays alone"
        )
    if asked.example and asked.examples is not None:
        raise UsageError("--example and --examples both choose; give one of them")
    found = pipeline.examples_of(
        net, data, held_out=asked.held_out, data_dir=asked.data_dir, need_target=True
    )
    numbers = found.numbers.tolist()
    wanted = [range(one, one + 1) for one in asked.example or ()]
    if asked.examples is not None:
        wanted = parse.numbers("--examples", asked.examples)
    places = chosen.places(numbers, wanted, asked.held_out) if wanted else list(range(len(numbers)))
    X, Y = found.encoded(net)
    return X[places], Y[places], [numbers[place] for place in places]
