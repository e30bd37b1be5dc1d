"""The tree of a derivation: steps, the terms of their sums, and the whole on top. Data first; nothing is computed here.

Renderers (text.py, latex.py, html.py, markdown.py, document.py) are pure functions of what stands in this file, and
derive.py is what fills it. A tree, complete, of ∂C/∂w¹₁₉,₁₃ in a 64-30-10 network::

    Derivation  name "dC/dw[1][19,13]"   value −0.1025   statement "from pixel (1,5) to hidden neuron 19, for example …"
    └─ root: Step  kind "product"  tag "N10"                              ∂C/∂w¹₁₉,₁₃ = a⁰₁₃ · σ′(z¹₁₉) · ∂C/∂a¹₁₉
       ├─ parts[0]: Step  kind "read"   tag "N6"   a⁰₁₃ = 1.0000         remark "the pixel is fully on"
       ├─ parts[1]: Step  kind "slope"  tag "N6"   σ′(z¹₁₉) = σ(z)(1 − σ(z)) = 0.2319     inputs z¹₁₉ = −0.5522
       └─ parts[2]: Step  kind "sum"    tag "N11"  ∂C/∂a¹₁₉ = Σᵢ w²ᵢ,₁₉ · σ′(z²ᵢ) · ∂C/∂a²ᵢ = −0.4420
          └─ terms: Terms  over "i", ten rows      columns w²ᵢ,₁₉ | σ′(z²ᵢ) | a²ᵢ − yᵢ  and terms, their products
             └─ opened[1]: Step  kind "cost"  ∂C/∂a²₁ = a²₁ − y₁ = 0.1824 − 1.0000    (where depth asks for it)

A step that several others need (∂C/∂a²₁ in every neuron's sum) is one object, found in several places: go through a
tree with ``walk``, which gives each step once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..notation import Derivative as Name, Notation
from .formula import NOTHING, Formula
from .paths import Paths
from .problem import Problem
from .proof import Agreement

Array = Any
_SHORT = 16  # characters of a formula that stands in another

Kind = Literal[
    "product",  # value = Π parts (arrays broadcast)
    "total",  # value = Σ parts: C's derivative and a penalty's
    "sum",  # value = Σ terms over the neurons of the next layer (N9, N11), or of a layer's own outputs (softmax)
    "mean",  # value = Σ terms over the examples of a batch, each with its share in the mean (B5)
    "each",  # value (m, …): one derivative an example, nothing averaged
    "outer",  # value = parts[0]ᵀ @ parts[1], a sum over examples; parts[0] (m, n_l) is δ times its share (B4)
    "matrix",  # value = parts[0] @ parts[1]: (w^{l+1})ᵀ δ^{l+1}, a whole layer's ∂P/∂a at once
    "read",  # a number read from the network or the data: a weight, an activation, an input
    "slope",  # σ′(z), or one entry of a softmax's Jacobian
    "cost",  # ∂C/∂a^L_j, from the table of costs
    "cancelled",  # δ^L_j where σ′ cancels against the cost's denominator (pairs.py); parts are the factors that cancel
    "penalty",  # l2·w + l1·sign(w) (R1)
    "mask",  # dropout's factor: 0, or 1/keep
    "recipe",  # ∂x/∂raw: what one unit of a raw column is in a^0
    "unopened",  # a derivative whose own derivation was not asked for (depth)
]


@dataclass(frozen=True, slots=True)
class Input:
    """A number that a step's formula reads, at full precision: z¹₁₉ = −0.5522…"""

    symbol: Formula
    value: float


@dataclass(frozen=True, slots=True)
class Kink:
    """A step at a kink: ``left`` and ``right`` are the one-sided slopes, the step's value the convention's."""

    left: float
    right: float
    where: str  # "z = 0"


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """One factor of every term of a sum: its symbol with the summed letter in it, w²ᵢ,₁₉, and its values (n,)."""

    symbol: Formula
    values: Array


@dataclass(frozen=True, eq=False)
class Terms:
    """The terms of a sum: row r is neuron (or example) ``index[r]``, called ``labels[r]``; all rows, none left out.

    ``terms`` (n,), or (n, …) where the derivative is an array. ``opened`` holds, by row, the step of the last column's
    entry where it was opened; ``kinks``, by row, the one-sided slopes where a factor stands at a kink.
    """

    over: str  # the summed letter: "i", or "x" for examples
    what: str  # "output", "neuron", "input", "example"
    index: tuple[int, ...]
    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    terms: Array
    opened: Mapping[int, Step] = field(default_factory=dict)
    kinks: Mapping[int, Kink] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def paths(self) -> bool:
        """Whether the rows are paths, each through one neuron, and not examples."""
        return self.over != "x"

    @property
    def total(self) -> float:
        """Σ terms."""
        return float(np.sum(self.terms))

    @property
    def mass(self) -> float:
        """Σ |terms|."""
        return float(np.sum(np.abs(self.terms)))

    @property
    def survives(self) -> float:
        """|Σ terms| / Σ |terms|: 1 where nothing cancels; 1 also where all terms are 0."""
        return abs(self.total) / self.mass if self.mass else 1.0

    @property
    def shares(self) -> Array:
        """(n,): each path's part of the mass, |term| / Σ|terms|; each example's part of the mean, term / Σ terms.

        An example's share may be negative, or more than 1; where the sum is 0 it is NaN.
        """
        below = self.mass if self.paths else self.total
        if not below:
            return np.full(len(self), 0.0 if self.paths else np.nan)
        return (np.abs(self.terms) if self.paths else self.terms) / below

    def largest(self) -> Array:
        """The rows, those of largest |term| first; equal ones in their own order."""
        return np.argsort(-np.abs(self.terms), kind="stable")


@dataclass(frozen=True, eq=False)
class Step:
    """One line of a derivation: ``symbol = formula = numbers = value``, with its tag (docs/equations.md).

    ``value`` is a float, or an array for a block, a slice, or a value an example. ``parts`` are the steps that the
    formula is made of, in order (see ``Kind``), ``terms`` the table of a sum. ``lines`` are further forms of the
    formula on the way, in order: how σ′ cancels. ``limit`` says that the parts are ∞ · 0 as they stand in floating
    point, and that the value is their product's limit.
    """

    kind: Kind
    tag: str
    symbol: Formula
    formula: Formula
    value: Any
    numbers: Formula = NOTHING
    remark: str = ""
    parts: tuple[Step, ...] = ()
    terms: Terms | None = None
    inputs: tuple[Input, ...] = ()
    lines: tuple[Formula, ...] = ()
    kink: Kink | None = None
    limit: bool = False

    @property
    def factor(self) -> Formula:
        """How it is written among the factors of a product: the cost's derivative as 2(a − y), where that is short."""
        text, tex = self.formula.text, self.formula.tex
        if self.kind != "cost" or not text or len(text) > _SHORT or "/" in text or text.startswith("−"):
            return self.symbol
        grouped = text.endswith(")") or " " not in text
        return self.formula if grouped else Formula(f"({text})", f"({tex})")

    @property
    def shape(self) -> tuple[int, ...]:
        """() for a number."""
        return tuple(np.shape(self.value))

    @property
    def scalar(self) -> bool:
        """Whether the value is one number."""
        return self.shape == ()

    @property
    def children(self) -> tuple[Step, ...]:
        """The parts, and what was opened of the terms."""
        return (*self.parts, *(self.terms.opened.values() if self.terms else ()))


def walk(step: Step) -> Iterator[Step]:
    """Every step of the tree once, each before its children."""
    seen: set[int] = set()
    waiting = [step]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting.extend(reversed(one.children))


@dataclass(frozen=True, eq=False)
class Derivation:
    """A derivative of a network with everything that it is made of: what ``net.explain`` returns.

    ``name`` is in the notation asked for, ``derivative`` in the note's counting. ``statement`` says in words what it is
    of ("from pixel (1,5) to hidden neuron 19, for example 1514: a "1", read as "9""), ``conventions`` what it rests on
    (network, functions, cost and its ½ or 2, sum or mean, counting), ``included`` what took part besides C.
    """

    name: str
    derivative: Name
    notation: Notation
    root: Step
    statement: str
    conventions: tuple[str, ...]
    included: Mapping[str, Any]
    problem: Problem = field(repr=False)  # the network and the examples, for proofs; no renderer reads it

    @property
    def value(self) -> Any:
        """The derivative: a float, or an array for blocks, slices, and batches where each example has its own."""
        return self.root.value

    @property
    def factors(self) -> tuple[Step, ...]:
        """The factors whose product the derivative is; () where it is a sum, a mean or an array of examples."""
        return self.root.parts if self.root.kind == "product" else ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step once, the root first."""
        return tuple(walk(self.root))

    def check(self, digits: int | None = None) -> Agreement:
        """Evaluates everything again: products, sums, and differences of C (or P) by the forward pass alone.

        ``digits`` (up to 66) asks for differences in so many digits as well, which needs the extra ``verify`` and, on
        a large network, patience; an entry that is an array, or of a raw column, has none, and says so.
        """
        return self._agreement if digits is None else self._in_more_digits(digits)

    def _in_more_digits(self, digits: int) -> Agreement:
        from .agree import in_more_digits

        return in_more_digits(self, digits)

    @cached_property
    def _agreement(self) -> Agreement:
        # Once for all that ask: each time costs dozens of forward passes over all examples.
        from .agree import agreement

        return agreement(self)

    def paths(self, top: int = 20) -> Paths:
        """The ``top`` paths of largest |contribution| from Q to P, and what all of them come to; of one number only."""
        from .pathfinding import paths_of

        return paths_of(self.problem, self.derivative, top=top)

    def text(self, *, width: int = 100, colour: bool = False, proof: bool = True) -> str:
        """For a terminal of ``width`` columns, in Unicode; ``proof=False`` leaves out the check, and its time."""
        from .text import text

        return text(self, width=width, colour=colour, proof=proof)

    def latex(self, *, full: bool = False, document: bool | None = None) -> str:
        """The one formula with its numbers; ``full``: all of it, a document that compiles as it stands.

        ``full=True, document=False`` is the document's body, for one of your own.
        """
        from .latex import latex

        return latex(self, full=full, document=document)

    def html(self, *, page: bool = False) -> str:
        """One self-contained fragment of HTML with MathML; a whole document with ``page``."""
        from .html import html

        return html(self, page=page)

    def markdown(self) -> str:
        """Markdown with TeX between dollars."""
        from .markdown import markdown

        return markdown(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as docs/derivation.schema.json says, with the proof in it."""
        from .document import to_dict

        return to_dict(self)

    def _repr_html_(self) -> str:
        return self.html()

    def _repr_latex_(self) -> str:
        return self.latex()

    def __str__(self) -> str:
        return self.text()
