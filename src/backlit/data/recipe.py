"""The recipe: how raw columns become a^0, and outputs become answers. Learnt on the training part only, kept in
the model.

Rules, each said by ``describe``: numbers are standardised with the training part's mean and deviation, and a
missing one takes the mean, with an input of its own that says so where the training part had any; words are
one-hot, a missing word being a level of its own, and a word that was never seen gives all zeros and is said;
booleans are 0 and 1; pixels are scaled to 0 … 1. Columns are found by their names again, and by their places where
they have none.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import BacklitWarning, DataError, ModelError, UsageError, nearest
from ..inputs import is_sparse
from ..metadata import RECIPE_VERSION, is_newer, recipe_fault
from ..spelling import counted, spelt
from .answers import Target
from .block import Block
from .columns import KINDS, Column, Numbers, Words, learn_column
from .dataset import Dataset, Task, with_target
from .table import Table, as_target

Array = Any
_MISSING = ("mean", "median", "error")
_SPARSE_WIDTH, _SPARSE_PART = 500, 0.05  # a^0 wider and emptier than this is made sparse


class Recipe:
    """``columns`` are the rules of a table's columns, or ``block`` that of a block of numbers; ``target`` is the
    target's.

    ``width`` is how many columns the raw table had, the target not counted and those left out counted; ``places`` are
    which of them the rules are for.
    """

    def __init__(
        self,
        *,
        target: Target,
        columns: Sequence[Column] = (),
        block: Block | None = None,
        named: bool,
        width: int,
        places: Sequence[int],
        excluded: Sequence[str] = (),
    ) -> None:
        self.target, self.columns, self.block = target, tuple(columns), block
        self.named, self.width, self.places = named, width, tuple(places)
        self.excluded = tuple(excluded)
        self._said: set[str] = set()

    @classmethod
    def learn(
        cls,
        data: Any,
        *,
        target: str | None = None,
        task: Task | None = None,
        standardise: bool = True,
        missing: str = "mean",
        exclude: Sequence[str] = (),
        scale_target: bool = True,
    ) -> Recipe:
        """The recipe of a Dataset, or of any table with its ``target`` column. ``missing``: "mean", "median" or
        "error".

        Values to learn are standardised too unless ``scale_target`` is False; answers are in their own unit in any
        case. Raises DataError that names row and column for what can't be learnt from.
        """
        if missing not in _MISSING:
            raise UsageError(f"{spelt('missing')} is 'mean', 'median' or 'error'; got {missing!r}")
        if task not in (None, "classes", "values"):
            raise UsageError(f"{spelt('task')} is 'classes' or 'values'; got {task!r}")
        dataset = _as_dataset(data, target)
        whole = dataset.inputs
        if dataset.target in exclude:
            raise UsageError(
                f"{dataset.target!r} is the target, and can't be left out too; take it out of {spelt('exclude')}, or "
                f"name another {spelt('target')}"
            )
        kept = whole.without(list(exclude)) if exclude else whole
        if not len(whole) or not kept.names:
            lack = "no rows to learn from; give some" if not len(whole) else "no column left; leave fewer out"
            raise DataError(f"{dataset.name} has {lack}")
        learnt = Target.learn(dataset, task, scale_target)
        gone = set(exclude)
        content: dict[str, Any] = {
            "target": learnt,
            "named": whole.named,
            "width": len(whole.names),
            "places": [place for place, name in enumerate(whole.names) if name not in gone],
            "excluded": tuple(exclude),
        }
        if kept.is_block and (dataset.image is not None or not kept.named or is_sparse(kept.block)):
            return cls(block=Block.learn(kept, dataset, standardise=standardise), **content)
        return cls(
            columns=[
                learn_column(kept, name, standardise=standardise, missing=missing) for name in kept.names
            ],
            **content,
        )

    @property
    def task(self) -> Task:
        """What the target is: "classes" or "values"."""
        return self.target.task

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The classes' names in the order of the outputs, or None where the target is a value."""
        return self.target.classes

    @property
    def image(self) -> tuple[int, int] | None:
        """(height, width) where the inputs are pixels."""
        return self.block.image if self.block else None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, neuron by neuron: "petal length", "colour = red", "pixel (1,5)"."""
        if self.block:
            return self.block.inputs()
        return tuple(name for column in self.columns for name in column.inputs())

    def encode(self, data: Any, dtype: Any = np.float64) -> Array:
        """a^0 (n, n_0) of raw rows: dense, CSR where most of it is empty, or Pixels where pixels are bytes.

        Raises DataError naming row and column.
        """
        table = Table.from_any(data)
        if self.block:
            return self.block.encode(self._placed(table), dtype)
        found = self._found(table)
        codes = [
            column.codes(table, name, self._say) for column, name in zip(self.columns, found, strict=True)
        ]
        width = sum(column.width for column in self.columns)
        filled = sum(1 if isinstance(column, Words) else column.width for column in self.columns)
        if width > _SPARSE_WIDTH and filled < _SPARSE_PART * width:
            return self._sparse(codes, len(table), width, dtype)
        return self._dense(codes, len(table), width, dtype)

    def _dense(self, codes: list[Array], n: int, width: int, dtype: Any) -> Array:
        rows = np.zeros((n, width), dtype=dtype)
        start = 0
        for column, code in zip(self.columns, codes, strict=True):
            if isinstance(column, Numbers):
                rows[:, start : start + column.width] = code
            else:
                there = np.flatnonzero(code >= 0)
                rows[there, start + code[there]] = 1
            start += column.width
        return rows

    def _sparse(self, codes: list[Array], n: int, width: int, dtype: Any) -> Array:
        from scipy.sparse import coo_array

        rows, places, values = [], [], []
        start = 0
        for column, code in zip(self.columns, codes, strict=True):
            if isinstance(column, Numbers):
                row, place = np.nonzero(code)
                value = code[row, place]
            else:
                row = np.flatnonzero(code >= 0)
                place, value = code[row], np.ones(len(row))
            rows.append(row)
            places.append(start + place)
            values.append(value)
            start += column.width
        entries = np.concatenate(values).astype(dtype)
        return coo_array((entries, (np.concatenate(rows), np.concatenate(places))), shape=(n, width)).tocsr()

    def encode_target(self, wanted: Any) -> Array:
        """Class numbers (n,), or values in the network's own scale (n,), of labels, or of a table with the
        target's column.

        Raises DataError naming the row of a label that is missing or isn't known.
        """
        if isinstance(wanted, Dataset):
            return self.target.encode(wanted.labels(), wanted.inputs)
        if isinstance(wanted, Table):
            return self.target.encode(wanted.column(self.target.name), wanted)
        return self.target.encode(as_target(wanted))

    def decode_values(self, outputs: Array) -> Array:
        """Values in the target's own unit, (n,), of outputs or encoded targets (n, 1)."""
        return self.target.values(outputs)

    def decode(self, outputs: Array) -> Any:
        """What the outputs a^L (n, n_L) say: values (n,) in the target's own unit, or, for classes, a list of each
        row's
        (class, output), the strongest first. A single output is the second of two classes' probability.
        """
        if self.target.classes is None:
            return self.target.values(outputs)
        outputs = np.asarray(outputs)
        scores = np.column_stack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs
        if scores.shape[1] != len(self.target.classes):
            raise UsageError(
                f"there are {len(self.target.classes)} classes and {counted(scores.shape[1], 'output')}; give one for "
                "each"
            )
        order = np.argsort(-scores, axis=1, kind="stable")
        return [
            [(self.target.classes[k], float(row[k])) for k in places]
            for row, places in zip(scores, order.tolist(), strict=True)
        ]

    def describe(self) -> list[tuple[str, str]]:
        """(column, rule) in words, for people; the target's last."""
        rows = (
            self.block.describe()
            if self.block
            else [(column.name, column.describe()) for column in self.columns]
        )
        left_out = [(name, "left out") for name in self.excluded]
        return [*rows, *left_out, (f"target {self.target.name}", self.target.describe())]

    def to_json(self) -> dict[str, Any]:
        """Plain data, as the model file keeps it."""
        return {
            "version": RECIPE_VERSION,
            "named": self.named,
            "width": self.width,
            "places": list(self.places),
            "excluded": list(self.excluded),
            "columns": [column.to_json() for column in self.columns],
            "block": self.block.to_json() if self.block else None,
            "target": self.target.to_json(),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Recipe:
        """The inverse of ``to_json``; raises ModelError for a recipe of a newer version, or one that isn't whole."""
        fault = recipe_fault(plain)
        if fault:
            raise ModelError(f"the model's recipe is damaged ({fault}); train and save the model again")
        if is_newer(plain):
            raise ModelError("the model's recipe was written by a newer Backlit; install a newer one")
        return cls(
            target=Target.from_json(plain["target"]),
            columns=[KINDS[one["kind"]](one) for one in plain["columns"]],
            block=None if plain["block"] is None else Block.from_json(plain["block"]),
            named=plain["named"],
            width=plain["width"],
            places=plain["places"],
            excluded=plain["excluded"],
        )

    def _found(self, table: Table) -> list[str]:
        """The table's names of the recipe's columns; by name where both have names, else by place."""
        if self.named and table.named:
            self._check_names(table)
            return [column.name for column in self.columns]
        return self._by_place(table)

    def _placed(self, table: Table) -> Table:
        """The table's columns that the block is made of, by place."""
        if self.excluded and len(table.names) == self.width:
            return table.without(
                [name for place, name in enumerate(table.names) if place not in set(self.places)]
            )
        return table

    def _by_place(self, table: Table) -> list[str]:
        if len(table.names) == self.width:
            return [table.names[place] for place in self.places]
        if len(table.names) == len(self.columns):
            return list(table.names)
        shown = [column.name for column in self.columns]
        raise DataError(
            f"{table.source} has {counted(len(table.names), 'column')}, known by place only, and the model was "
            f"trained on {self.width:,}: {_listed(shown)}; give the same columns in the same order"
        )

    def _check_names(self, table: Table) -> None:
        ours = {column.name for column in self.columns}
        others = [name for name in table.names if name not in ours]
        present = set(table.names)
        for column in self.columns:
            if column.name not in present:
                close = nearest(column.name, others)
                hint = f" (is it {close!r}?)" if close else ""
                raise DataError(
                    f"{table.source} has no column {column.name!r}, which the model was trained on; add or rename "
                    f"it{hint}"
                )
        added = [name for name in others if name != self.target.name and name not in self.excluded]
        if added:
            self._say(
                f"{table.source}: the model doesn't know the columns {_listed(added)}; they are left out"
            )

    def _say(self, what: str) -> None:
        """Warns once of the same thing, however often a table is encoded."""
        if what not in self._said:
            self._said.add(what)
            warnings.warn(what, BacklitWarning, stacklevel=4)


def _as_dataset(data: Any, target: str | None) -> Dataset:
    """The data set as it is, or any table with its target's column split off."""
    if not isinstance(data, Dataset):
        table = Table.from_any(data)
        return with_target(table, target, table.source)
    if target not in (None, data.target):
        raise UsageError(f"the data set's target is {data.target!r} already; got {spelt('target', target)}")
    return data


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (f", … ({len(names):,} in all)" if len(names) > 12 else "")
