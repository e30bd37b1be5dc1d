"""Which two mistakes can be planted at once: not two in one place, and not two that undo or hide one another."""

from __future__ import annotations

from .networks import Shape
from .places import Layers

SLOPE = {
    "sigma-prime-missing", "sigma-prime-of-a", "sigma-for-sigma-prime", "sigma-prime-twice",
    "sigma-prime-of-wrong-layer", "sigma-prime-kept", "softmax-diagonal-only",
}  # fmt: skip
WAY = {"w-not-transposed", "weights-of-wrong-layer", "max-over-paths"}
PRODUCT = {"a-of-same-layer", "a-of-wrong-layer", "z-for-a", "index-clash", "gradient-transposed"}
SCALE = {
    "y-minus-a", "sign-flipped", "factor-two", "factor-half", "unknown-factor", "output-mean", "output-sum",
    "batch-mean-missing", "batch-mean-twice",
}  # fmt: skip
BIAS = {"bias-averaged", "bias-summed", "bias-not-summed", "bias-first-example"}
PENALTY = {
    "penalty-missing", "penalty-doubled", "penalty-on-biases", "penalty-not-scaled", "penalty-sign",
    "penalty-unknown",
}  # fmt: skip
EARLIER = {"accumulated", "last-batch"}
HALVES, MEANS = {"factor-two", "factor-half"}, {"batch-mean-missing", "batch-mean-twice"}

_APART = (  # whatever the layers
    (SCALE, SCALE),
    (BIAS, BIAS | MEANS),
    (PENALTY, PENALTY | EARLIER | {"unknown-factor", "post-update-weights", "gradient-missing"}),
    (EARLIER, EARLIER | {"dropout-mask-missing"}),  # the earlier call had masks of its own
    ({"output-not-cost"}, {"y-minus-a", "output-mean", "output-sum", "sigma-prime-kept"}),
    ({"post-update-weights"}, WAY | {"accumulated"}),  # the earlier call would have left other weights
    ({"sigma-prime-kept"}, {"output-mean", "output-sum"}),
    (
        {"cost-of-other-name"},
        {"output-not-cost", "output-mean", "output-sum", "factor-two", "factor-half"} | SLOPE,
    ),
    ({"penalty-sign"}, {"sign-flipped", "y-minus-a"}),  # from here on: the same as one factor for all
    ({"penalty-doubled"}, {"factor-two", "batch-mean-missing", "output-sum"}),
    ({"penalty-not-scaled"}, {"factor-two", "batch-mean-missing", "output-sum"}),
)
_IN_ONE_LAYER = (
    (SLOPE, SLOPE),
    (WAY, WAY),
    (PRODUCT, PRODUCT),
    ({"index-clash"}, {"sigma-prime-twice"}),
)


def can_meet(
    one: str, other: str, s: Shape | None = None, at: Layers = frozenset(), there: Layers = frozenset()
) -> bool:
    """Without a network: whether anywhere; with one: whether in these layers of it."""
    if _both(_APART, one, other) and not _two_conventions(one, other, s, at, there):
        return False
    if s is None:
        return True
    if _both(_IN_ONE_LAYER, one, other) and at & there:
        return False
    gone = at if one == "gradient-missing" else there if other == "gradient-missing" else frozenset()
    rest = there if one == "gradient-missing" else at
    return not gone or not (gone & rest or (not rest and len(gone) == s.L))


def _both(rules: tuple[tuple[set[str], set[str]], ...], one: str, other: str) -> bool:
    return any((one in a and other in b) or (one in b and other in a) for a, b in rules)


def _two_conventions(one: str, other: str, s: Shape | None, at: Layers, there: Layers) -> bool:
    """2 or ½ and 1/m at once, everywhere, where no other number is the same: the pair that is met most."""
    if not ({one, other} & HALVES and {one, other} & MEANS):
        return False
    if s is None:
        return True
    everywhere = frozenset(s.layers)
    return at == there == everywhere and s.m > 2 and s.m != 4 and s.sizes[-1] not in (2, s.m, 2 * s.m)
