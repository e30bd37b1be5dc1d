"""The engines, chosen by name for one call; nothing is global."""

from __future__ import annotations

from typing import Any

from ..errors import EngineError, unknown
from ..network import Network
from ..spelling import spelt
from . import native
from .numpy import NumpyEngine
from .protocol import Engine, Plan, State, Steps

__all__ = ["ENGINES", "Engine", "Plan", "State", "Steps", "choose", "passed_over"]

_native = native.load()
# The best first.
ENGINES: dict[str, Engine] = ({} if _native is None else {"cpu": _native}) | {"numpy": NumpyEngine()}
_NOT_HERE = {"cpu": native.MISSING, "jax": "the JAX engine is not built yet"}


def passed_over(net: Network, plan: Plan, X: Any) -> str | None:
    """Why "auto" takes NumPy here rather than the native engine, as a sentence; None where it doesn't."""
    if _native is None:
        return native.MISSING
    reason = _native.refusal(net, plan, X)
    return None if reason is None else f"the native engine {reason}"


def choose(name: str, net: Network, plan: Plan | None, X: Any) -> Engine:
    """The engine of that name, or for "auto" the fastest that can do it.

    Raises EngineError, with the reason, where the one that was named can't; there is no silent fallback.
    """
    if name == "auto":
        return next(engine for engine in ENGINES.values() if engine.refusal(net, plan, X) is None)
    if not isinstance(name, str) or name not in {*ENGINES, *_NOT_HERE}:
        raise unknown("engine", name, dict.fromkeys(["auto", *ENGINES, *_NOT_HERE]))
    if name not in ENGINES:
        raise EngineError(f"engine {name!r}: {_NOT_HERE[name]}; take {spelt('engine', 'auto')}")
    reason = ENGINES[name].refusal(net, plan, X)
    if reason:
        raise EngineError(f"engine {name!r} {reason}; take {spelt('engine', 'auto')}")
    return ENGINES[name]
