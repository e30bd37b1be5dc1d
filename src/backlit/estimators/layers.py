"""``coefs_`` and ``intercepts_``: the network's weights in scikit-learn's shapes, to read and to set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import UsageError

Array = Any


class Layers(list[Array]):
    """A list of views of a network's θ, one for each layer from 1 on.

    ``coefs_[l]`` is the transposed w[l + 1], (n_l, n_{l+1}): row k holds what leaves neuron k. To change an array's
    numbers, or to assign another to its place, changes the network; the list's length stays.
    """

    def __init__(self, name: str, arrays: Iterable[Array]) -> None:
        super().__init__(arrays)
        self._name = name

    def __setitem__(self, place: Any, given: Any) -> None:
        if isinstance(place, slice):
            taken = list(given)
            places = range(len(self))[place]
            if len(taken) != len(places):
                raise UsageError(
                    f"{self._name} has one array for each layer, {len(self)} in all; {len(places)} of them can't "
                    f"become {len(taken)}"
                )
            for one, array in zip(places, taken, strict=True):
                self[one] = array
            return
        view = self[place]
        try:
            array = np.asarray(given, dtype=view.dtype)
        except (TypeError, ValueError):
            raise UsageError(f"{self._name}[{place}] is an array of numbers; got {given!r}") from None
        if array.shape != view.shape:
            raise UsageError(f"{self._name}[{place}] has shape {view.shape}; got shape {array.shape}")
        if not np.isfinite(array).all():
            raise UsageError(f"{self._name}[{place}] holds finite numbers; got NaN or infinity among them")
        view[...] = array

    def __reduce__(self) -> Any:
        """Copies and pickles are plain lists of arrays: the network is not part of them."""
        return list, (), None, iter([np.array(one) for one in self])
