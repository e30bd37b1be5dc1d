"""One user's function on one small network: what it returns, what its expressions hold, and what an edit would do.

The layout is found by trying: the one in which the forward pass gives the network's own z and a. Everything that is
asked later (which expression is a¹, what hangs on y, what can be written here) is answered from such readings.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .allowed import Endless, Unreadable
from .reader import Class, Frame, Function, Reader, Steps
from .scope import Scope, Seen
from .text import Change, Text
from .truth import Fit, Forward, Gradient, close, costs, fit, forward_of, gradient_in, recognised
from .values import called
from .world import World, arguments, layouts, parameters, role, widths

if TYPE_CHECKING:
    from ...functions import Cost
    from ...network import Network

Trace = dict[ast.expr, list[Any]]
_OCCURRENCES = 16  # of one expression, that are looked into
_SIGHTS = 10


@dataclass
class Reading:
    """One reading: the gradient that came back (None where none did), and the trace."""

    gradient: Gradient | None
    trace: Trace
    failed: str | None = None
    endless: bool = False


def _function(reader: Reader, name: str) -> tuple[Function, Class | None]:
    """A function of the source by its name, "f" or "Class.f"; a method's class with it."""
    *owner, last = name.split(".")
    names = reader.module.names
    if owner:
        kind = names.get(owner[0])
        found = kind.find(last) if isinstance(kind, Class) else None
        if isinstance(found, Function) and isinstance(kind, Class):
            return found, kind
    elif isinstance(found := names.get(last), Function):
        return found, None
    raise Unreadable(f"there is no function {name}")


def read(text: Text, name: str, world: World, steps: Steps, **how: Any) -> Reading:
    """Call the function on the world's batch; ``twice`` on the first batch, then on this one.

    ``before`` is asked at each statement of the last call, which is traced unless ``traced`` is False. Whatever goes
    wrong is told in the result.
    """
    trace: Trace = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            reader = Reader(text.tree, steps)
            function, kind = _function(reader, name)
            given = arguments(reader, function, kind, world)
            if how.get("twice"):
                first = arguments(reader, function, kind, world.changed(second=False))
                keep = {n: held for n, held in first.items() if role(n) not in {"x", "y", "batch"}}
                called(reader, function, [], first)
                given = {**given, **{n: held for n, held in keep.items() if role(n) is None or n == "self"}}
            reader.trace, reader.before = trace if how.get("traced", True) else None, how.get("before")
            result = called(reader, function, [], given)
            return Reading(gradient_in(result, world), trace)
        except Exception as error:  # noqa: BLE001 (whatever their arithmetic raises: it is not a reading then)
            return Reading(None, trace, f"{type(error).__name__}: {error}", isinstance(error, Endless))


def _numbers_of(trace: Trace) -> Any:
    """Every number that any expression held, in order."""
    parts = [np.ravel(value) for values in trace.values() for value in values]
    joined = np.concatenate(parts) if parts else np.zeros(0)
    return np.unique(joined[np.isfinite(joined)]) if joined.dtype.kind in "fb" else np.zeros(0)


def _seen(trace: Trace) -> Callable[[Any], bool]:
    numbers = _numbers_of(trace).astype(float)

    def among(values: Any) -> bool:
        flat = np.ravel(values)
        if not numbers.size:
            return False
        at = np.clip(np.searchsorted(numbers, flat), 1, len(numbers) - 1) if len(numbers) > 1 else 0
        near = np.minimum(np.abs(numbers[at] - flat), np.abs(numbers[np.maximum(at - 1, 0)] - flat))
        return bool((near <= 1e-10 * (1 + np.abs(flat))).all())

    return among


def _functions(world: World, trace: Trace, net: Network | None) -> tuple[Any, ...] | None:
    """The activations, where the reading went through the world's own z."""
    if not trace:
        return None
    if net is None:
        return recognised(world, _seen(trace), _whole(trace))
    sigma = (None, *net.activations)
    return sigma if all(map(_seen(trace), forward_of(world, sigma).z[1:])) else None


def _whole(trace: Trace) -> Callable[[Any, Any], bool | None]:
    """A test whether an expression held all of a quantity; None where all is done in single numbers."""
    arrays = [value for values in trace.values() for value in values if np.ndim(value)]

    def among(q: Any, z: Any) -> bool | None:
        if any(holds(value, q) for value in arrays):
            return True
        return False if any(holds(value, z) for value in arrays) else None

    return among


@dataclass
class Session:
    """A source, a function of it and the world that it takes."""

    text: Text
    name: str
    world: World
    forward: Forward
    reading: Reading
    steps: Steps
    only: Cost | None = None
    twice: bool = False
    _sights: dict[ast.stmt, list[Seen]] = field(default_factory=dict)

    @classmethod
    def open(
        cls, source: str, name: str, L: int, *, many: int = 2, net: Network | None = None
    ) -> Session | None:
        """The session, or None where no layout lets the function run; ``net`` tells its functions."""
        text = Text(source)
        steps = Steps()
        spoken = _spoken(text, name, steps)
        if spoken is None:
            return None
        masked = any(role(one) in {"masks", "mask of"} for one in spoken)
        for equal in (False, True):
            for layout in layouts(spoken, source):
                world = World(widths(L, many, equal=equal), layout, masked, many)
                reading = read(text, name, world, steps)
                if reading.endless:
                    return None
                sigma = _functions(world, reading.trace, net)
                if sigma is None or (reading.failed and not equal):
                    continue
                if reading.gradient is not None:
                    return cls(
                        text,
                        name,
                        world,
                        forward_of(world, sigma),
                        reading,
                        steps,
                        None if net is None else net.cost,
                    )
        return None

    @cached_property
    def truths(self) -> list[Gradient]:
        """The right gradients, one for each cost."""
        return costs(self.forward, self.world, self.only)

    def fits(self, gradient: Gradient | None) -> list[Fit]:
        """Of which costs that is the gradient."""
        return [] if gradient is None else fit(gradient, self.truths, self.world)

    def mended(self, changes: tuple[Change, ...]) -> Gradient | None:
        """What the function returns with the changes made; None where it doesn't parse or run."""
        try:
            text = Text(self.text.changed(changes))
        except (SyntaxError, ValueError):
            return None
        return read(text, self.name, self.world, self.steps, twice=self.twice, traced=False).gradient

    def recalled(self) -> Session:
        """The same function called a second time, on a second batch."""
        world = self.world.changed(second=True)
        again = read(self.text, self.name, world, self.steps, twice=True)
        forward = forward_of(world, self.forward.sigma)
        return Session(self.text, self.name, world, forward, again, self.steps, self.only, True)

    # ---------------------------------------------------------------------------------------------------- roles

    @cached_property
    def back(self) -> set[ast.expr]:
        """The expressions that hang on y: the way back, and the cost."""
        other = read(
            self.text, self.name, self.world.changed(other_y=True), self.steps, twice=self.twice
        ).trace
        found = set()
        for node, values in self.reading.trace.items():
            others = other.get(node, [])
            alike = len(values) == len(others) and all(
                np.shape(v) == np.shape(o) and np.array_equal(v, o)
                for v, o in zip(values, others, strict=True)
            )
            if not alike:
                found.add(node)
        return found

    def quantity(self, letter: str, l: int) -> Any:
        """z, a, w, σ′ ("s") or a mask of a layer; rows are examples."""
        tables: dict[str, Callable[[], Any]] = {
            "z": lambda: self.forward.z[l],
            "a": lambda: self.forward.a[l],
            "bare": lambda: self.forward.bare[l],
            "w": lambda: self.world.w[l],
            "b": lambda: self.world.b[l],
            "s": lambda: self.forward.slope(l),
            "mask": lambda: self.world.masks[l],
            "y": lambda: self.world.y,
        }
        return tables[letter]()

    def holding(self, letter: str, l: int) -> list[ast.expr]:
        """The expressions that at some time held that quantity, all of it or one example's or one entry."""
        q = self.quantity(letter, l)
        return [
            node
            for node, values in self.reading.trace.items()
            if any(holds(value, q) for value in values[:_OCCURRENCES])
        ]

    def sights(self, statement: ast.stmt) -> list[Seen]:
        """What is in sight just before a statement, at each of the times that it is reached."""
        if statement not in self._sights:
            scope = self._scope
            found: list[Seen] = []

            def look(reached: ast.stmt, frame: Frame) -> None:
                if reached is statement:
                    found.append(scope.seen(frame))
                    if len(found) == _SIGHTS:
                        raise Unreadable("enough is seen")

            read(self.text, self.name, self.world, self.steps, before=look, twice=self.twice, traced=False)
            self._sights[statement] = found
        return self._sights[statement]

    @cached_property
    def _scope(self) -> Scope:
        return Scope(self.text.source, self.text.tree)

    def spelled(self, letter: str, l: int, statement: ast.stmt, like: Any = None) -> list[str]:
        """The expressions for a quantity at a statement; as many-dimensional as ``like``."""
        q = self.quantity(letter, l)
        sights = self.sights(statement)
        dimensions = None if like is None else {np.ndim(value) for value in like}
        found = dict.fromkeys(text for sight in sights for text in _holding(sight, q, dimensions))
        usual = [text for text in found if all(text in sight for sight in sights)]
        near = self.text.of(statement)
        return sorted(usual or found, key=lambda text: self._strangeness(text, near))

    def _strangeness(self, text: str, near: str) -> tuple[int, ...]:
        """Sorts spellings: those of the source first, then those whose entries are counted as nearby ones are."""
        layer = re.match(r"[\w.]+\[[^\]]*\]", text)
        entries = re.findall(r"\[(\w+)\]", text[layer.end() :] if layer else "")
        strange = 2 * ("".join(f"[{name}]" for name in entries) not in near)
        strange += sum(re.search(rf"\b{name}\b", near) is None for name in entries)
        known = layer is None or layer.group() in self.text.source
        return (
            int(not known),
            strange,
            len(entries) - len(set(entries)),
            int(text not in self.text.source),
            _plain(text),
        )


def _holding(sight: Seen, q: Any, dimensions: set[int] | None) -> list[str]:
    """The expressions in sight that hold a quantity, in one of these numbers of dimensions."""
    found = []
    if q is not None and (dimensions is None or 0 in dimensions):
        numbers = {text: value for text, value in sight.items() if isinstance(value, float)}
        if numbers:
            apart = np.abs(np.array(list(numbers.values()))[:, None] - np.ravel(q)[None, :]).min(axis=1)
            near = [text for text, off in zip(numbers, apart, strict=True) if off <= 1e-10]
            found += [text for text in near if numbers[text] not in {0.0, 1.0}]
    arrays = {text: value for text, value in sight.items() if not isinstance(value, float)}
    found += [
        text
        for text, value in arrays.items()
        if (dimensions is None or np.ndim(value) in dimensions) and holds(value, q)
    ]
    return found


def _plain(text: str) -> int:
    """Expressions with a number for an index come after those with a variable."""
    return int(any(part[:1].isdigit() for part in text.split("[")[1:]))


def _spoken(text: Text, name: str, steps: Steps) -> tuple[str, ...] | None:
    """The names that say what the function takes: its parameters, and what a method reads from self."""
    try:
        reader = Reader(text.tree, steps)
        function, kind = _function(reader, name)
    except Unreadable:
        return None
    assert isinstance(function.node, ast.FunctionDef)
    return (*parameters(function.node), *(("self",) if kind else ()))


def holds(value: Any, q: Any) -> bool:
    """Whether a value is the quantity ``q``, in rows or columns, or one row of it, or one entry."""
    if q is None:
        return False
    if isinstance(value, float) or np.ndim(value) == 0:
        return bool((np.abs(q - value) <= 1e-11 * (1 + np.abs(q))).any()) and value not in {0.0, 1.0}
    if value.dtype.kind not in "fb":
        return False
    if value.ndim == 2 and 1 not in value.shape:
        same = value.shape == q.shape and close(value, q)
        return same or (value.shape == q.T.shape and close(value, q.T))
    flat = np.ravel(value)
    return flat.shape == q.shape[1:] and bool(flat.any()) and any(close(flat, row) for row in q)
