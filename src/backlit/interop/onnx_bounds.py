"""How large the network of a chain would be, before it is made: a small file may ask for much.

Layers may share their weights in a file, and an activation that follows another is given a layer of its own, as wide
as it is high. A network holds all of that.
"""

from __future__ import annotations

from ..errors import ModelError
from .torch_chain import Affine, Chain, Scale

_ALLOWANCE = 2**23  # weights that any file may ask for
_TIMES = 2  # and as many as this times the file's size in bytes


def check_size(chain: Chain, size: int, source: str) -> None:
    """Raises ModelError where the chain of a file of ``size`` bytes makes many times more weights than it holds."""
    asked = weights_of(chain)
    if asked > _ALLOWANCE + _TIMES * size:
        raise ModelError(
            f"{source}: its layers would have {asked:,} weights, and the file has {size:,} bytes: they share "
            "weights, or activations follow one another with no layer between; give a model whose layers have their own"
        )


def weights_of(chain: Chain) -> int:
    """How many weights folding would make."""
    affine = [step for step in chain.steps if isinstance(step, Affine)]
    width = affine[0].w.shape[-1] if affine else 0
    total, is_open, scaled = 0, False, False
    for step in chain.steps:
        if isinstance(step, Affine):
            total, width, is_open, scaled = total + step.w.size, len(step.b), True, False
        elif isinstance(step, Scale):
            scaled = scaled or not is_open
        elif step.option != "identity":
            total += 0 if is_open else width**2
            is_open = scaled = False
    return total + (width**2 if scaled else 0)
