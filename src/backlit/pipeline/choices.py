"""What a run of ``train`` is told besides the settings of ``fit``: which data, how it is split, which network.

Plain data, kept in checkpoints. The network's defaults follow from the task; they are stated here, once.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data import Dataset, Recipe, Table
from ..errors import UsageError, unknown
from ..functions import as_activation, as_cost
from ..network import Network
from ..randomness import as_seed
from ..settings import Settings
from ..spelling import counted, spelt

OPTIMIZER = "adam"
VALIDATION = 0.1  # of the training examples, where nothing else is said and there are enough of them

# The output activation that suits a cost, by task; a cost that isn't here can't be had for that task.
OUTPUT_FOR_CLASSES = {
    "cross_entropy": "softmax",
    "binary_cross_entropy": "sigmoid",
    "squared_error": "sigmoid",
    "half_squared_error": "sigmoid",
    "mean_squared_error": "sigmoid",
    "absolute_error": "sigmoid",
    "huber": "sigmoid",
    "log_cosh": "sigmoid",
    "hinge": "identity",
    "squared_hinge": "identity",
    "poisson": "exp",
}
OUTPUT_FOR_VALUES = {
    "squared_error": "identity",
    "half_squared_error": "identity",
    "mean_squared_error": "identity",
    "absolute_error": "identity",
    "huber": "identity",
    "log_cosh": "identity",
    "binary_cross_entropy": "sigmoid",
    "poisson": "exp",
}
COST_OF_OUTPUT = {
    "softmax": "cross_entropy",
    "sigmoid": "binary_cross_entropy",
}  # for classes; else squared_error


@dataclass(frozen=True)
class Choices:
    """``data`` is a name, a path, or a table from Python with its ``target`` column. ``layers`` are the hidden sizes.

    ``activation`` is one for all hidden layers or one each. ``held_out`` is the part never trained on, in (0, 1), the
    same of every class; a set with a test set of its own has that held out. ``validation`` is a part of the rest, a
    whole number for its last examples, "test" for the set's own test set, another path, or None; unless told, a tenth
    where there are enough examples. ``task`` is "classes" or "values" (found out unless given), ``missing`` the rule
    for missing numbers ("mean", "median", "error"), ``standardise`` whether numbers are standardised, ``exclude``
    columns to leave out, ``weight_column`` the column of sample weights.
    """

    data: Any
    target: str | None = None
    task: Any = None
    layers: tuple[int, ...] = (100,)
    activation: tuple[str, ...] = ("relu",)
    output_activation: str | None = None
    cost: str | None = None
    init: str = "auto"
    dtype: str = "float32"
    seed: int = 0
    held_out: float | None = None
    validation: float | int | str | None = VALIDATION
    validation_asked: bool = False
    missing: str = "mean"
    standardise: bool = True
    exclude: tuple[str, ...] = ()
    weight_column: str | None = None
    limit: int | None = None
    data_dir: str | None = None

    @property
    def left_out(self) -> tuple[str, ...]:
        """The columns that are no inputs."""
        return self.exclude if self.weight_column is None else (*self.exclude, self.weight_column)

    def to_json(self) -> dict[str, Any]:
        """Plain data; a path becomes absolute, so that a run can be resumed from anywhere, and a table None."""
        plain = dataclasses.asdict(dataclasses.replace(self, data=None))
        plain["data"] = _findable(self.data)
        if isinstance(self.validation, str):
            plain["validation"] = _findable(self.validation)
        plain["data_dir"] = None if self.data_dir is None else str(Path(self.data_dir).resolve())
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Choices:
        """The inverse of ``to_json``."""
        values: dict[str, Any] = {}
        for key, value in plain.items():
            values[key] = tuple(value) if isinstance(value, list) else value
        return cls(**values)


def sort_options(data: Any, options: dict[str, Any]) -> tuple[Choices, dict[str, Any]]:
    """Choices and the settings of ``fit`` from the options of ``train``; raises UsageError for what is neither."""
    ours = [
        field.name for field in dataclasses.fields(Choices) if field.name not in ("data", "validation_asked")
    ]
    fits = [field.name for field in dataclasses.fields(Settings) if field.name not in ours]
    for name in options:
        if name not in (*ours, *fits):
            raise unknown("option of train", name, [*ours, *fits, "out", "resume", "progress", "callbacks"])
    chosen: dict[str, Any] = {name: value for name, value in options.items() if name in ours}
    for name in ("layers", "activation", "exclude"):
        if isinstance(chosen.get(name), (str, int)):
            chosen[name] = (chosen[name],)
        elif name in chosen:
            chosen[name] = tuple(chosen[name])
    for name in ("validation", "data_dir"):
        if isinstance(chosen.get(name), Path):
            chosen[name] = str(chosen[name])
    choices = Choices(data, **chosen, validation_asked="validation" in chosen)
    _check(choices)
    return choices, {
        "optimizer": OPTIMIZER,
        **{name: value for name, value in options.items() if name in fits},
    }


def _check(choices: Choices) -> None:
    as_seed(choices.seed)
    if choices.task not in (None, "classes", "values"):
        raise unknown("task", choices.task, ["classes", "values"])
    for name in ("held_out", "validation"):
        part = getattr(choices, name)
        if part is None or (name == "validation" and (isinstance(part, str) or _is_count(part))):
            continue
        if not (isinstance(part, (int, float)) and math.isfinite(part) and 0 < part < 1):
            others = ", the number of the last ones, a file, 'test' or None" if name == "validation" else ""
            raise UsageError(f"{spelt(name)} is a part of the examples between 0 and 1{others}; got {part!r}")
    for n in choices.layers:
        if not isinstance(n, int) or n < 1:
            raise UsageError(
                f"{spelt('layers')} are the sizes of the hidden layers, whole numbers ≥ 1; got {n!r}"
            )
    if len(choices.activation) not in (1, len(choices.layers)):
        layers = counted(len(choices.layers), "hidden layer")
        raise UsageError(
            f"{spelt('activation')} takes one for all hidden layers, or one for each; got "
            f"{len(choices.activation)} for {layers}"
        )
    for option in (*choices.activation, *([choices.output_activation] if choices.output_activation else [])):
        as_activation(option)  # what is unknown is said before any data is read
    if choices.cost is not None:
        as_cost(choices.cost)
    if choices.data is None:
        raise UsageError("say which data to train on: a name such as 'digits', or the path of a file")


def _is_count(part: Any) -> bool:
    return isinstance(part, int) and not isinstance(part, bool) and part >= 1


def build(choices: Choices, recipe: Recipe) -> Network:
    """The network for a recipe's inputs and target; raises UsageError for a cost that doesn't fit the task."""
    output, cost = functions_of(choices, recipe.task)
    classes = recipe.classes
    softmax = as_activation(output).name == "softmax"
    outputs = 1 if classes is None or (len(classes) == 2 and not softmax) else len(classes)
    hidden = choices.activation * len(choices.layers) if len(choices.activation) == 1 else choices.activation
    net = Network(
        [len(recipe.inputs), *choices.layers, outputs],
        activations=[*hidden, output],
        cost=cost,
        init=choices.init,
        seed=choices.seed,
        dtype=choices.dtype,
    )
    net.recipe, net.classes, net.task = recipe, classes, recipe.task
    return net


def functions_of(choices: Choices, task: str) -> tuple[str, str]:
    """The output activation and the cost: what was chosen, and what suits it for the rest."""
    table = OUTPUT_FOR_CLASSES if task == "classes" else OUTPUT_FOR_VALUES
    if choices.cost is not None:
        name = as_cost(choices.cost).name
        if name not in table:
            suits = "squared_error" if task == "values" else "cross_entropy"
            raise UsageError(
                f"the cost {name} is not for {task}; take {spelt('cost', suits)}, or {spelt('task', _other(task))} if "
                "that is meant"
            )
        return choices.output_activation or table[name], choices.cost
    if task == "values":
        return choices.output_activation or "identity", "squared_error"
    if choices.output_activation is None:
        return "softmax", "cross_entropy"
    return choices.output_activation, COST_OF_OUTPUT.get(
        as_activation(choices.output_activation).name, "squared_error"
    )


def any_number(choices: Choices, task: str) -> bool:
    """Whether the outputs can be any number; if not, they can't reach standardised targets, which lie around 0."""
    last = as_activation(functions_of(choices, task)[0])
    return not (math.isfinite(last.lowest) or math.isfinite(last.highest))


def _other(task: str) -> str:
    return "values" if task == "classes" else "classes"


def _findable(data: Any) -> str | None:
    """A name as it is, a path absolute, None for what came from Python."""
    if isinstance(data, (Dataset, Table)) or not isinstance(data, (str, Path)):
        return None
    return str(Path(data).resolve()) if Path(data).exists() else str(data)
