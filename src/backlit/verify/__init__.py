"""Proving gradients: check one against differences and more digits, name the mistake in one, compare two.

Each matter stands in a room of its own (checks, gradients, forwards, updates, calling, editing, comparing). This is the
door, and it opens what is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .calling.diagnose import diagnose as diagnose
    from .checks.check import check as check
    from .checks.function import check_function as check_function
    from .comparing.compare import compare as compare
    from .finding import Edit as Edit, Finding as Finding, Report as Report
    from .forwards.forward import diagnose_forward as diagnose_forward
    from .gradients.variants import mistaken as mistaken
    from .mistakes import MISTAKES as MISTAKES
    from .updates.update import diagnose_update as diagnose_update

_ROOMS = {
    "MISTAKES": "mistakes",
    "Edit": "finding",
    "Finding": "finding",
    "Report": "finding",
    "check": "checks.check",
    "check_function": "checks.function",
    "compare": "comparing.compare",
    "diagnose": "calling.diagnose",
    "diagnose_forward": "forwards.forward",
    "diagnose_update": "updates.update",
    "mistaken": "gradients.variants",
}
__all__ = [*_ROOMS]  # noqa: PLE0604 (they are strings)


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'backlit.verify' has no attribute {name!r}")
    found = getattr(import_module(f".{_ROOMS[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
