"""Nudges: what each example would like of each weight, bias and activation, −∂C_x/∂·, and the average over examples.

The videos' table with true numbers. For the whole network the nudges are kept as δ and a, from which any column follows
(B3, B4, N11); an array of examples × parameters is never made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

import numpy as np

from .. import passes, use
from ..engines.numpy import quiet
from ..equations import EQUATIONS
from ..errors import CountingError, UsageError
from ..inputs import batch
from ..network import LayerList, Network, Parameters
from ..notation import Notation, Quantity, check_notation
from ..spelling import counted, spelt
from . import sheet
from .columns import Block, block
from .examples import refuse_not_finite
from .labels import Labels
from .paper import Paper
from .problem import in_precision
from .sheet import Column

Array = Any
SCHEMA = "backlit.nudges/1"
LOUDEST = 8  # columns where none is chosen
_MOST_CELLS = 10_000_000  # of a table: 80 MB
_MOST_ROWS, _MOST_COLUMNS = 20, 40  # shown as text; all are in to_dict()
_ALONE = np.ones(1)  # the share of an example in a mean over itself


@dataclass(frozen=True, eq=False)
class Nudges:
    """Nudges of m chosen examples, called ``numbers`` (m,), in float64: always −∂C_x/∂·, never +.

    ``quantities`` are the c columns and ``names`` what they are called; ``values`` (m, c) is the table, ``averages``
    (c,) the mean over all ``n`` examples that were given, weighted by s_x (B5), NaN under an activation: an average of
    those moves nothing. ``nudges["w[2]"]`` gives any other block, (m, …). The whole network: ``mean`` is −∇C
    (``.theta .w[l] .b[l]``), and the examples' own are in ``delta[l]`` = ∂C_x/∂z, ``dC_da[l]`` and ``a[l]`` (m, n_l),
    which are derivatives, with their signs as the note has them.
    """

    numbers: Array
    n: int
    known: Array
    answers: Array
    C: Array
    a: LayerList
    delta: LayerList
    dC_da: LayerList
    mean: Parameters
    quantities: tuple[Quantity, ...]
    chosen: bool  # whether the columns were asked for, or are the loudest
    net: Network = field(repr=False)
    labels: Labels = field(repr=False)
    included: Mapping[str, Any]
    blocks: tuple[Block, ...] = field(repr=False)

    @property
    def names(self) -> list[str]:
        """What the columns are called, (c,): ``w[2][3,5]``."""
        return [one.text(self.labels.notation) for one in self.quantities]

    @cached_property
    def values(self) -> Array:
        """The table: −∂C_x/∂· of each example (rows) and column, (m, c)."""
        parts = [self._of(one).reshape(len(self.numbers), -1) for one in self.blocks]
        return np.concatenate(parts, axis=1)

    @cached_property
    def averages(self) -> Array:
        """−∂C/∂· of each column over all n examples, (c,); NaN under activations, z and x."""
        return np.concatenate([self._average(one) for one in self.blocks])

    def __getitem__(self, name: str) -> Array:
        """The nudges of a quantity or block by its name, (m, …) as the block is. Raises UsageError."""
        one = block(name, self.labels)
        _check_size(len(self.numbers), len(one))
        return self._of(one).reshape(len(self.numbers), *one.shape)

    def called(self, numbers: Any) -> Nudges:
        """The same with other ``numbers`` for the chosen examples, (m,): those of the set that they were taken from."""
        return replace(self, numbers=np.asarray(numbers))

    def text(self, *, width: int = 100, colour: bool = False) -> str:
        """The table as text within ``width`` columns; colour says the signs once more."""
        return _text(self, width, colour)

    def to_dict(self) -> dict[str, Any]:
        """Plain data in the schema backlit.nudges/1: the table, its columns and its rows."""
        averages = [None if np.isnan(value) else value for value in self.averages.tolist()]
        return {
            "schema": SCHEMA,
            "nudge": "−∂C_x/∂·",
            "sizes": list(self.net.sizes),
            "cost": self.net.cost.option,
            "notation": self.labels.notation,
            "columns": self.names,
            "chosen": self.chosen,
            "examples": [
                {"example": number, "known": known, "answer": answer, "cost": C, "nudges": row}
                for number, known, answer, C, row in zip(
                    self.numbers.tolist(), self.known.tolist(), self.answers.tolist(), self.C.tolist(),
                    self.values.tolist(), strict=True,
                )
            ],
            "average": averages,
            "averaged_over": self.n,
            "included": dict(self.included),
        }  # fmt: skip

    def _of(self, one: Block) -> Array:
        """(m, J) or (m, J, K)."""
        if one.k is None and one.letter != "b":
            return 0.0 - self._of_layer(one)[:, one.j]
        delta = self.delta[one.layer][:, one.j]
        if one.k is None:
            return 0.0 - np.stack([EQUATIONS["B3"](_ALONE, row[None, :]) for row in delta])
        a = self.a[one.layer - 1][:, one.k]
        rows = zip(a, delta, strict=True)
        return 0.0 - np.stack([EQUATIONS["B4"](_ALONE, k[None, :], j[None, :]) for k, j in rows])

    def _of_layer(self, one: Block) -> Array:
        """∂C_x/∂z or ∂C_x/∂a of the block's layer, (m, n_l); x is a^0."""
        derivatives: Array = (self.delta if one.letter == "z" else self.dC_da)[one.layer]
        return derivatives

    def _average(self, one: Block) -> Array:
        if one.letter not in ("w", "b"):
            return np.full(len(one), np.nan)
        if one.k is None:
            return self.mean.b[one.layer][one.j]
        return self.mean.w[one.layer][np.ix_(one.j, one.k)].reshape(-1)


@quiet
def nudges(
    net: Network,
    x: Any,
    y: Any,
    *,
    of: Any = None,
    examples: Any = None,
    sample_weight: Any = None,
    notation: str = "note",
) -> Nudges:
    """The nudges of the rows ``examples`` (numbers; all where None) of x, y; ``of`` names columns as a text or a list.

    Where ``of`` is None the columns are the 8 parameters whose average nudge is largest. The average is over all x, y,
    whichever rows are chosen. Raises UsageError for a name or a row that does not exist or a table of more than ten
    million cells, DataError, and ModelError where a weight is not finite.
    """
    check_notation(notation)
    labels = Labels.of(net, cast(Notation, notation))
    blocks = None if of is None else [block(name, labels) for name in _listed(of)]
    twin = in_precision(net, np.float64)
    X, Y = use.examples(net, x, y)
    n, Y = len(Y), Y.astype(np.float64)
    rows = _rows(n, examples)
    _check_size(len(rows), LOUDEST if blocks is None else sum(map(len, blocks)))
    mean = passes.value_and_gradient(twin, twin.theta, X, Y, passes.shares(n, np.float64, sample_weight))[1]
    some = batch(X, rows, np.float64)
    trace = passes.trace(twin, some if isinstance(some, np.ndarray) else some.toarray(), Y[rows])
    refuse_not_finite(rows, net.L, trace.z, trace.delta, trace.C)
    return Nudges(
        numbers=rows,
        n=n,
        known=use.said(net, Y[rows]),
        answers=use.said(net, trace.a[net.L]),
        C=trace.C,
        a=trace.a,
        delta=trace.delta,
        dC_da=trace.dC_da,
        mean=Parameters(net, 0.0 - mean),
        quantities=tuple(one for part in blocks or _loudest(net, mean) for one in part.quantities()),
        chosen=blocks is not None,
        net=net,
        labels=labels,
        included=passes.included(0, 0, sample_weight, None),
        blocks=tuple(blocks or _loudest(net, mean)),
    )


def _listed(of: Any) -> Sequence[Any]:
    names = [of] if isinstance(of, str) else list(of) if isinstance(of, list | tuple) else []
    if not names:
        raise UsageError(
            f"{spelt('of')} names what is nudged, one text or several, such as 'w[2][3,5]'; got {of!r}"
        )
    return names


def _rows(n: int, examples: Any) -> Array:
    """The chosen rows as numbers, (m,), in the order they are given."""
    if examples is None:
        return np.arange(n)
    given = np.atleast_1d(np.asarray(examples))
    if given.ndim != 1 or not given.size or given.dtype.kind not in "iu":
        raise UsageError(
            f"{spelt('examples')} are numbers of examples, counted from 0, such as 0,5,7; got {examples!r}"
        )
    wrong = given[(given < 0) | (given >= n)]
    if wrong.size:
        raise CountingError(f"there is no example {wrong[0]}: the data has {n:,}, 0 to {n - 1:,}")
    return given.astype(np.intp)


def _loudest(net: Network, mean: Array) -> list[Block]:
    """The parameters whose average nudge is largest, the largest first."""
    order = np.argsort(-abs(mean), kind="stable")[:LOUDEST]
    labels = Labels.of(net, "note")
    return [block(net.name_of(int(place)), labels) for place in order]


def _check_size(m: int, columns: int) -> None:
    if m * columns > _MOST_CELLS:
        raise UsageError(
            f"{columns:,} quantities for {m:,} examples are a table of {m * columns:,} numbers; choose fewer examples "
            "or a smaller block, or take what the whole network is kept as: .delta[l] and .a[l], and .mean"
        )


def _text(nudges: Nudges, width: int, colour: bool) -> str:
    """Heading, table (a row an example, the average last), what the average is of, and what was left out."""
    rows, columns = min(len(nudges.numbers), _MOST_ROWS), min(len(nudges.quantities), _MOST_COLUMNS)
    paper = Paper(width, colour)
    for line in _heading(nudges):
        paper.prose(line)
    sheet.table(paper, _fixed(nudges, rows), _numbers(nudges, rows, columns))
    paper.gap()
    paper.prose(_about_average(nudges))
    left_out = [
        counted(count, f"more {what}")
        for count, what in (
            (len(nudges.numbers) - rows, "example"),
            (len(nudges.quantities) - columns, "column"),
        )
        if count
    ]
    if left_out:
        paper.prose(f"Not shown: {' and '.join(left_out)}.")
    return "\n".join(paper.lines)


def _heading(nudges: Nudges) -> list[str]:
    net = nudges.net
    count = f"the {counted(len(nudges.quantities), 'parameter')} whose average nudge is largest"
    what = "what each example would like" if nudges.chosen else f"what each example would like of {count}"
    sizes = " → ".join(f"{n:,}" for n in net.sizes)
    functions = ", ".join(one.option for one in net.activations)
    book = nudges.labels.notation == "book"
    counting = f"{'book' if book else 'note'}'s counting: layer {int(book)} is the input"
    return [f"Nudges, −∂C_x/∂·: {what}", f"{sizes} · {functions} · C = {net.cost.option} · {counting}"]


def _fixed(nudges: Nudges, rows: int) -> list[Column]:
    """The examples' numbers, what they are and what they are read as."""
    known = [sheet.word(one) for one in nudges.known[:rows]]
    answers = [sheet.word(one) for one in nudges.answers[:rows]]
    return [
        Column("example", [*map(str, nudges.numbers[:rows].tolist()), "average"], words=True),
        Column("label", [*known, ""], words=True),
        Column("read as", [*answers, ""], words=True),
    ]


def _numbers(nudges: Nudges, rows: int, columns: int) -> list[Column]:
    values, averages = nudges.values[:rows], nudges.averages
    return [
        sheet.signed(one.symbol(nudges.labels.notation), np.append(values[:, i], averages[i]))
        for i, one in enumerate(nudges.quantities[:columns])
    ]


def _about_average(nudges: Nudges) -> str:
    weighed = ", weighted" if nudges.included.get("sample_weight") else ""
    whom = "the one example" if nudges.n == 1 else f"all {nudges.n:,} examples"
    told = f"The average is over {whom}{weighed}: −∂C/∂·, the way that descent goes."
    if np.isnan(nudges.averages).any():
        told += " Activations are each example's own and have none (–)."
    return told
