"""matplotlib displays, in scikit-learn's habit: ``XDisplay.from_…(net, …)`` computes and draws, ``plot(ax)`` again.

Each takes an ``ax`` or makes a figure of its own, returns itself, and holds the numbers that it draws. A name is
fetched from its file when it is first used, and matplotlib when something is drawn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .curves import CurvesDisplay as CurvesDisplay
    from .gradients import GradientNorms as GradientNorms, GradientNormsDisplay as GradientNormsDisplay
    from .inputs import InputGradientDisplay as InputGradientDisplay
    from .line import CostLineDisplay as CostLineDisplay
    from .network import NetworkDisplay as NetworkDisplay
    from .nudges import NudgesDisplay as NudgesDisplay
    from .plane import CostPlaneDisplay as CostPlaneDisplay
    from .weights import WeightImagesDisplay as WeightImagesDisplay

_FILES = {
    "CostLineDisplay": "line",
    "CostPlaneDisplay": "plane",
    "CurvesDisplay": "curves",
    "GradientNorms": "gradients",
    "GradientNormsDisplay": "gradients",
    "InputGradientDisplay": "inputs",
    "NetworkDisplay": "network",
    "NudgesDisplay": "nudges",
    "WeightImagesDisplay": "weights",
}
__all__ = [*_FILES]  # noqa: PLE0604 (they are strings)


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module 'backlit.plots' has no attribute {name!r}")
    found = getattr(import_module(f".{_FILES[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
