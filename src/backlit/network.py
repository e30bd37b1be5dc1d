"""A dense feed-forward network: its sizes, functions and cost, and θ as one flat vector in ∇C's order (N8).

``w[l]`` and ``b[l]`` are views into θ, counted as in the note: layer 0 is the input, so 1 ≤ l ≤ L. This file holds
what a network *is*; what can be done with one stands in rooms of its own, and its verbs (verbs.py) lead there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from . import equations
from .errors import CountingError, UsageError
from .functions import Activation, Cost, as_activation, as_cost, check_fit
from .initialisation import check_scheme, initialise
from .randomness import as_seed
from .spelling import spelt
from .verbs import Verbs

Array = Any
COUNTING = "Backlit counts as the note does: layer 0 is the input"
_MADE_OF_THETA = ("_w", "_b", "_predictors")
_CACHE_LINE = 64  # bytes


class LayerList:
    """Arrays of the layers ``first`` … L, indexed by the note's l. Assigning copies into the array that is there.

    It can be gone through, forwards and backwards, but is no Sequence: those count from 0.
    """

    __slots__ = ("_arrays", "_first", "_letter")

    def __init__(self, letter: str, arrays: Sequence[Array], first: int = 1) -> None:
        self._letter, self._arrays, self._first = letter, list(arrays), first

    def _at(self, l: object) -> int:
        if isinstance(l, slice):
            raise CountingError(f"{self._letter}[l] takes one layer, not a slice; {COUNTING}")
        if isinstance(l, tuple):
            raise CountingError(
                f"{self._letter}[l] takes one layer; got {l!r}: write {self._letter}[l][…], layer first, then entry"
            )
        if isinstance(l, bool) or not isinstance(l, (int, np.integer)):
            raise CountingError(f"{self._letter}[l] takes a layer, an integer; got {l!r}")
        last = self._first + len(self._arrays) - 1
        if not self._first <= l <= last:
            input_has_none = self._first == 1 and l == 0
            why = f"; the input layer has no {self._letter}" if input_has_none else ""
            raise CountingError(
                f"there is no {self._letter}[{l}]: {COUNTING} and {last} the output, "
                f"so {self._letter}[{self._first}] to {self._letter}[{last}] exist{why}"
            )
        return int(l) - self._first

    def __getitem__(self, l: Any) -> Array:
        return self._arrays[self._at(l)]

    def __setitem__(self, l: int, value: Array) -> None:
        target = self._arrays[self._at(l)]
        given = _numbers(value, f"{self._letter}[{l}]")
        if given.shape != target.shape:
            raise UsageError(
                f"{self._letter}[{l}] has shape {target.shape}; got an array of shape {given.shape}"
            )
        target[...] = given

    def __len__(self) -> int:
        return len(self._arrays)

    def __iter__(self) -> Iterator[Array]:
        return iter(self._arrays)

    def __reversed__(self) -> Iterator[Array]:
        return iter(self._arrays[::-1])

    def __contains__(self, value: object) -> bool:
        return any(value is array for array in self._arrays)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{self._letter}[{self._first + i}] {a.shape}" for i, a in enumerate(self._arrays))
        return f"<{shapes}>"


class Network(Verbs):
    """A network of ``sizes`` (n_0, …, n_L), with an activation for each layer 1 … L and a cost.

    ``activations`` is one for all layers, or a list with an entry for each of L layers. One is a name
    (``"sigmoid"``), an option (``"elu(alpha=0.5)"``) or a pair (f, f′) of your own: a tuple of two functions is always
    one such pair, so pairs for several layers stand in a list. ``cost`` likewise, its default the note's. ``init``
    names how θ starts ("auto" suits it to each layer's activation), ``seed`` what is drawn; ``theta`` gives the start
    instead: flat, or [w1, b1, …, wL, bL]. All computing is done in ``dtype``. Raises UsageError, with the remedy, for
    what can't be. A network can be copied and pickled; one with functions of your own as far as those can be.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activations: Any = "sigmoid",
        cost: Any = "squared_error",
        init: str = "auto",
        seed: int = 0,
        dtype: Any = np.float64,
        theta: Any = None,
    ) -> None:
        self._sizes = _check_sizes(sizes)
        self._activations = _check_activations(activations, self._sizes)
        self._cost = as_cost(cost)
        check_fit(self._cost, self._activations[-1])
        self._dtype = _check_dtype(dtype)
        self.seed = as_seed(seed)
        self.init = check_scheme(init)
        self.recipe: Any = None  # how raw columns become a^0, and outputs answers; None for plain arrays
        self._classes: tuple[Any, ...] | None = None
        self.task: str | None = None  # "classes" or "values", once it is known
        self.training: dict[str, Any] = {}  # how it was trained: plain data, kept in the model file
        self._theta = self._flatten(self._start() if theta is None else theta)
        self._set_views()

    def _start(self) -> list[Array]:
        try:
            return initialise(self.init, self._sizes, self.layers, self.seed)
        except (MemoryError, ValueError) as reason:  # ValueError: NumPy's for more entries than it can count
            raise UsageError(
                f"a network of sizes {self._sizes} has {self.parameters:,} parameters, more than memory holds; "
                "take smaller layers"
            ) from reason

    def _set_views(self) -> None:
        """What is made of θ's memory: views, and functions of a few rows by the engine's name, which use.py makes."""
        w, b = self.views(self._theta)
        self._w, self._b = LayerList("w", w[1:]), LayerList("b", b[1:])
        self._predictors: dict[str, Callable[[Any], Array | None]] = {}

    def predict(self, x: Any, *, engine: str = "auto") -> Array:
        predictor = self._predictors.get(engine) if isinstance(engine, str) else None
        outputs = None if predictor is None else predictor(x)
        return super().predict(x, engine=engine) if outputs is None else outputs

    @property
    def sizes(self) -> tuple[int, ...]:
        """(n_0, …, n_L)."""
        return self._sizes

    @property
    def L(self) -> int:
        """The number of the output layer, which is the number of weight matrices."""
        return len(self._sizes) - 1

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The activations of layers 1 … L, as a plain tuple of L."""
        return self._activations

    @property
    def layers(self) -> list[Any]:
        """The activations indexed by l, as the equations take them."""
        return [None, *self._activations]

    @property
    def cost(self) -> Cost:
        """The row of the cost C_x."""
        return self._cost

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64: what θ is kept in and everything is computed in."""
        return self._dtype

    @property
    def parameters(self) -> int:
        """How many weights and biases there are."""
        return sum(math.prod(shape) for shape in self.shapes)

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The class names in the order of the outputs, where it is a classifier; one output has two. None: numbers."""
        return self._classes

    @classes.setter
    def classes(self, names: Any) -> None:
        self._classes = None if names is None else _check_classes(names, self._sizes[-1])

    @property
    def w(self) -> LayerList:
        """The weights w[1] … w[L], each (n_l, n_{l−1}): row j holds what enters neuron j. Views into ``theta``."""
        return self._w

    @property
    def b(self) -> LayerList:
        """The biases b[1] … b[L], each (n_l,). Views into ``theta``."""
        return self._b

    @property
    def theta(self) -> Array:
        """θ = (w^1, b^1, …, w^L, b^L), each w in row order (N8): flat, and the memory that ``w`` and ``b`` view."""
        return self._theta

    @theta.setter
    def theta(self, given: Any) -> None:
        self._theta[...] = self._flatten(given)  # in place, so that views handed out stay views

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of w^1, b^1, …, w^L, b^L."""
        return _shapes(self._sizes)

    def views(self, flat: Array) -> tuple[list[Array], list[Array]]:
        """w[l] and b[l] as views into a flat vector in ∇C's order; entry 0 of both lists is None."""
        return _split(flat, self.shapes)

    def _flatten(self, given: Any) -> Array:
        """A new flat θ in the network's dtype from a flat vector or from [w1, b1, …]."""
        if hasattr(given, "__array__") or (isinstance(given, (list, tuple)) and all(map(np.isscalar, given))):
            flat = _numbers(given, "theta")
            if flat.shape != (self.parameters,):
                got = f"{flat.size:,}" if flat.ndim == 1 else f"an array of shape {flat.shape}"
                raise UsageError(
                    f"theta of a network of sizes {self._sizes} has {self.parameters:,} numbers, flat; got {got}"
                )
        else:
            flat = np.concatenate([part.reshape(-1) for part in self._parts(given)])
        with np.errstate(over="ignore"):  # what overflows in float32 is found on the next line
            flat = _aligned(flat, self._dtype)
        if not np.isfinite(flat).all():
            place = self.name_of(int(np.argmin(np.isfinite(flat))))
            raise UsageError(f"theta holds a number that is not finite in {self._dtype}: {place}")
        return flat

    def _parts(self, given: Any) -> list[Array]:
        try:
            listed = list(given)
        except TypeError:
            raise UsageError(f"theta is flat, or [w1, b1, …, w{self.L}, b{self.L}]; got {given!r}") from None
        if len(listed) != 2 * self.L:
            raise UsageError(
                f"theta is flat, or [w1, b1, …, w{self.L}, b{self.L}]; got a list of {len(listed)}"
            )
        parts = []
        for place, (one, shape) in enumerate(zip(listed, self.shapes, strict=True)):
            letter, l = "wb"[place % 2], place // 2 + 1
            part = _numbers(one, f"{letter}[{l}]")
            if part.shape != shape:
                hint = " (row j holds the weights that enter neuron j)" if part.T.shape == shape else ""
                raise UsageError(f"{letter}[{l}] has shape {shape}{hint}; got an array of shape {part.shape}")
            parts.append(part)
        return parts

    def name_of(self, place: int) -> str:
        """The name of θ's entry ``place``: ``"w[2][3,5]"``. Raises CountingError where there is none."""
        if not 0 <= place < self.parameters:
            raise CountingError(
                f"θ has no entry {place}: its {self.parameters:,} entries are counted from 0 to {self.parameters - 1:,}"
            )
        counts = [math.prod(shape) for shape in self.shapes]
        ends = np.cumsum(counts)
        position = int(np.searchsorted(ends, place, side="right"))
        within = place - int(ends[position]) + counts[position]
        index = ",".join(str(i) for i in np.unravel_index(within, self.shapes[position]))
        return f"{'wb'[position % 2]}[{position // 2 + 1}][{index}]"

    def copy(self) -> Network:
        """A network of its own with the same everything; arrays are copied."""
        twin = Network(
            self._sizes,
            activations=list(self._activations),
            cost=self._cost,
            init=self.init,
            seed=self.seed,
            dtype=self._dtype,
            theta=self._theta,
        )
        twin.recipe, twin.classes, twin.task = self.recipe, self.classes, self.task
        twin.training = deepcopy(self.training)
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """θ once, without its views, and built-in functions by their options: so pickle and deepcopy can keep it."""
        state = {name: value for name, value in self.__dict__.items() if name not in _MADE_OF_THETA}
        state["_activations"] = [row.option if row.built_in else row for row in self._activations]
        state["_cost"] = self._cost.option if self._cost.built_in else self._cost
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._theta.ctypes.data % _CACHE_LINE:  # else it stays: a shallow copy shares it
            self._theta = _aligned(self._theta, self._dtype)
        self._activations = tuple(as_activation(row) for row in state["_activations"])
        self._cost = as_cost(state["_cost"])
        self._set_views()

    def __repr__(self) -> str:
        options = [activation.option for activation in self._activations]
        functions = options[0] if len(set(options)) == 1 else options
        return (
            f"Network({list(self._sizes)}, activations={functions!r}, cost={self._cost.option!r}, "
            f"dtype={self._dtype.name!r})"
        )


def _aligned(flat: Array, dtype: np.dtype[Any]) -> Array:
    """A copy that begins with a cache line: engines that read weights as they lie then touch a fifth less of them."""
    size = flat.size * dtype.itemsize
    memory = np.empty(size + _CACHE_LINE, dtype=np.uint8)
    start = -memory.ctypes.data % _CACHE_LINE
    copy = memory[start : start + size].view(dtype)
    copy[...] = flat
    return copy


def _split(flat: Array, shapes: Sequence[tuple[int, ...]]) -> tuple[list[Array], list[Array]]:
    """Views of a flat vector as w and b, indexed by l."""
    w: list[Array] = [None]
    b: list[Array] = [None]
    start = 0
    for place, shape in enumerate(shapes):
        stop = start + math.prod(shape)
        (b if place % 2 else w).append(flat[start:stop].reshape(shape))
        start = stop
    return w, b


class Parameters:
    """An entry for each parameter (a gradient, an update): ``.theta`` flat (N8), ``.w[l]`` and ``.b[l]`` its views."""

    def __init__(self, net: Network, flat: Array, included: Mapping[str, Any] | None = None) -> None:
        self.theta, self._shapes = flat, net.shapes
        self.included = dict(included or {})  # what took part besides C: penalties, weights, masks
        self._set_views()

    def _set_views(self) -> None:
        w, b = _split(self.theta, self._shapes)
        self.w, self.b = LayerList("w", w[1:]), LayerList("b", b[1:])

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the views, for copies and pickles."""
        return {name: value for name, value in self.__dict__.items() if name not in {"w", "b"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._set_views()

    def __repr__(self) -> str:
        said = ", ".join(f"{key}={value}" for key, value in self.included.items()) or "C alone"
        return f"<{type(self).__name__} of {self.theta.size:,} parameters, {said}>"


def _shapes(sizes: Sequence[int]) -> list[tuple[int, ...]]:
    named = [equations.N1(sizes, l) for l in range(1, len(sizes))]
    w, b = [None, *(shapes["w"] for shapes in named)], [None, *(shapes["b"] for shapes in named)]
    return list(equations.N8(w, b))


def _check_sizes(sizes: Any) -> tuple[int, ...]:
    try:
        listed = list(sizes)
    except TypeError:
        listed = []
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in listed)
    if len(listed) < 2 or not whole or min(listed) < 1:
        raise UsageError(
            f"sizes is a list of at least two layer sizes, each a whole number ≥ 1, such as [64, 30, 10]; got {sizes!r}"
        )
    return tuple(int(n) for n in listed)


def _check_activations(given: Any, sizes: tuple[int, ...]) -> tuple[Activation, ...]:
    count = len(sizes) - 1
    pair = isinstance(given, tuple) and len(given) == 2 and all(callable(part) for part in given)
    if isinstance(given, (list, tuple)) and not pair:
        if len(given) != count:
            raise UsageError(
                f"a network of sizes {list(sizes)} has {count} layers with an activation; got a list of {len(given)}"
            )
        rows = tuple(_check_activation(one) for one in given)
    else:
        rows = (as_activation(given),) * count
    for l, row in enumerate(rows, start=1):
        if row.name == "softmax" and row.built_in and sizes[l] == 1:
            raise UsageError(
                f"softmax in layer {l} has one neuron, and would always give 1; take 'sigmoid', or two neurons"
            )
    return rows


def _check_activation(given: Any) -> Activation:
    """One entry of a list of activations."""
    if callable(given):
        raise UsageError(
            f"each entry of a list of activations is a name, an option or a pair; got the function {given!r}: "
            "a pair of your own is a tuple (f, f′)"
        )
    return as_activation(given)


def _check_classes(names: Any, outputs: int) -> tuple[Any, ...]:
    listed = (
        []
        if isinstance(names, str)
        else [one.item() if isinstance(one, np.generic) else one for one in names]
    )
    count = max(2, outputs)
    if len(listed) != count or len(set(listed)) != count:
        raise UsageError(f"classes of {outputs} outputs are {count} different names; got {names!r}")
    return tuple(listed)


def _numbers(value: Any, what: str) -> Array:
    """``value`` as an array of real numbers; raises UsageError where it isn't one."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError):  # ragged rows; a tensor that can't be read
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise UsageError(f"{what} is an array of real numbers; got {value!r}")
    return array


def _check_dtype(dtype: Any) -> np.dtype[Any]:
    try:
        found = np.dtype(object if dtype is None else dtype)  # NumPy reads None as float64
    except (TypeError, ValueError, SyntaxError):
        found = np.dtype(object)
    if found not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise UsageError(f"{spelt('dtype')} is float32 or float64; got {dtype!r}")
    return found
