"""What a person would say beside a number: the pixel is fully on, 93% of the most it can be, the neuron is dead.

Words only; each function takes the numbers it speaks of, and returns "" where there is nothing worth saying.
"""

from __future__ import annotations

from ..functions import Activation, Cost
from .formula import figures
from .labels import Labels

# The largest slopes that are known without looking, and how people write them.
_MOST = {"sigmoid": (0.25, "¼"), "tanh": (1.0, "1"), "softsign": (1.0, "1")}
_ON_OR_OFF = ("relu", "leaky_relu", "hard_sigmoid", "elu", "selu")
_SATURATED = 0.01  # of the largest slope: below it, little passes


def activation(labels: Labels, l: int, k: int, value: float, sigma: Activation | None) -> str:
    """Beside a^l_k; ``sigma`` is the layer's, None for the input."""
    if sigma is None:
        return _input(labels, k, value)
    if value == 0:
        return "the neuron is silent: whatever it is multiplied with comes to nothing"
    if (sigma.lowest, sigma.highest) == (0, 1):
        return f"{_percent(value)} of the way from 0 to 1"
    return ""


def _input(labels: Labels, k: int, value: float) -> str:
    if labels.image:
        if value == 1:
            return "the pixel is fully on"
        if value == 0:
            return "the pixel is off: its weights do not matter to this example"
        return f"the pixel is {_percent(value)} on" if 0 < value < 1 else ""
    name = labels.inputs[k] if labels.inputs else ""
    if value == 0:
        return f"{name or 'the input'} is 0: its weights do not matter to this example"
    return name


def slope(sigma: Activation, z: float, value: float) -> str:
    """Beside σ′(z)."""
    if not sigma.built_in:
        return ""
    if sigma.name == "identity":
        return "the neuron is linear"
    if sigma.name in _ON_OR_OFF and value == 0:
        return (
            "the neuron is off here (z < 0): nothing passes"
            if z < 0
            else "the neuron is at its end: nothing passes"
        )
    if sigma.name == "relu":
        return "the neuron is on (z > 0): all passes"
    if sigma.name not in _MOST:
        return ""
    most, written = _MOST[sigma.name]
    part = value / most
    if part < _SATURATED:
        shown = f"{100 * part:.2g}%" if value else "none"
        return f"saturated: {shown} of the most it can be ({written}) is left"
    return f"{_percent(part)} of the most it can be ({written})"


def kink(value: float, left: float, right: float, where: str) -> str:
    """Beside a slope at a kink."""
    return (
        f"at the kink {where}: the slope is {_plain(left)} on the left and {_plain(right)} on the right; "
        f"{_plain(value)} is the convention"
    )


def cost(row: Cost, a: float, y: float) -> str:
    """Beside ∂C/∂a^L_j: which way the output is wrong."""
    if a == y:
        return "the output is what was wanted"
    if row.targets == "signs":
        return "on the right side, far enough" if y * a >= 1 else "not far enough on the right side"
    return f"the output is {figures(abs(a - y))} too {'high' if a > y else 'low'}"


def mask(value: float) -> str:
    """Beside dropout's factor."""
    return "dropped for this step" if value == 0 else "kept, and scaled up for those that were dropped"


def limit() -> str:
    """Beside a product that is ∞ · 0 in floating point."""
    return "the output has rounded to its end, where the factors are ∞ · 0; shown is their product's limit"


def _percent(part: float) -> str:
    if 0 < part < 0.005 or 0.995 < part < 1:
        return f"{100 * part:.2g}%" if part < 0.5 else f"{min(100 * part, 99.99):.4g}%"
    return f"{100 * part:.0f}%"


def _plain(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")
