"""The network itself: neurons filled by activation, edges coloured by w, ∂C/∂w or what paths carry, inputs as an image.

Which neurons stand where is layout.py's, what the edges show edges.py's, the strokes are pencil.py's.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..errors import UsageError
from ..explain import Paths
from ..explain.labels import Labels
from ..network import Network
from .canvas import Display, check_image
from .edges import Seen, seen_of_network, seen_of_paths
from .layout import Layout, lay_out
from .pencil import draw, extent

Array = Any
_UNIT, _LARGEST = 0.36, (13.0, 9.0)  # inches: from neuron to neuron, and of a figure


class NetworkDisplay(Display):
    """``seen`` holds what is drawn: ``.edges[l]`` (n_l, n_{l−1}), ``.activations[l]``; ``layout`` which neurons, where.

    Drawn: ``lines_[l]`` are layer l's strokes, for edges above 0 and below, each with its values as its array;
    ``neurons_[l]`` the circles with the activations as theirs; ``image_`` the input as an image; ``texts_`` the words.
    """

    lines_: dict[int, list[Any]]
    neurons_: dict[int, Any]
    image_: Any
    texts_: list[Any]

    def __init__(
        self,
        seen: Seen,
        *,
        image: tuple[int, int] | None = None,
        most: int = 12,
        strongest: int = 150,
        colour_bar: bool = True,
    ) -> None:
        _check("most", "neurons of a layer are drawn", most)
        _check("strongest", "edges between two layers are drawn", strongest)
        self.seen, self.strongest, self.colour_bar = seen, strongest, colour_bar
        net = seen.net
        known = net.recipe is not None and net.recipe.image is not None
        self.image = check_image(net, image) if image is not None or known else None
        self.labels = Labels.of(net, "note" if seen.paths is None else seen.paths.notation)
        self.layout: Layout = lay_out(net.sizes, seen.edges, seen.chosen, most, self.image)

    @classmethod
    def from_network(
        cls,
        net: Network,
        x: Any = None,
        y: Any = None,
        *,
        edges: str = "w",
        example: int | None = None,
        image: tuple[int, int] | None = None,
        most: int = 12,
        strongest: int = 150,
        colour_bar: bool = True,
        ax: Any = None,
    ) -> Self:
        """The network with its ``edges`` "w" or "dC/dw" (which needs x and y); one example fills the neurons.

        Of a layer wider than ``most`` the neurons with the largest edges are drawn, of the edges between two layers the
        ``strongest``. ``image`` is (height, width) where the inputs are pixels, the recipe's unless given.
        """
        seen = seen_of_network(net, x, y, edges, example)
        return cls(seen, image=image, most=most, strongest=strongest, colour_bar=colour_bar).plot(ax)

    @classmethod
    def from_paths(
        cls,
        paths: Paths,
        *,
        image: tuple[int, int] | None = None,
        most: int = 12,
        strongest: int = 150,
        colour_bar: bool = False,
        ax: Any = None,
    ) -> Self:
        """The paths of ``net.paths`` at full ink, each edge with what they carry over it; everything else recedes."""
        if not isinstance(paths, Paths):
            raise UsageError(f"paths is the result of net.paths; got {type(paths).__name__}")
        seen = seen_of_paths(paths)
        return cls(seen, image=image, most=most, strongest=strongest, colour_bar=colour_bar).plot(ax)

    def _size(self) -> tuple[float, float]:
        left, right, low, high = extent(self.seen, self.layout, self.labels)
        unit = min(_UNIT, _LARGEST[0] / (right - left), _LARGEST[1] / (high - low))
        return unit * (right - left) + (0.9 if self.colour_bar else 0.1), max(2.6, unit * (high - low))

    def _draw(self, ax: Any) -> None:
        drawn = draw(
            ax,
            self.seen,
            self.layout,
            self.labels,
            image=self.image,
            strongest=self.strongest,
            bar=self.colour_bar,
        )
        self.lines_, self.neurons_ = drawn.lines, drawn.neurons
        self.image_, self.texts_ = drawn.image, drawn.texts


def _check(name: str, what: str, given: Any) -> None:
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 1:
        raise UsageError(f"{name} is how many {what}, a whole number from 1; got {given!r}")
