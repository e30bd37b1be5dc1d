"""Backlit: feed-forward networks you can see through. Train fast, see every derivative, prove it right.

``import backlit`` imports nothing heavy: each name is fetched from its room when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import data as data, interop as interop, plots as plots, verify as verify
    from .errors import (
        BacklitError as BacklitError,
        BacklitWarning as BacklitWarning,
        DataError as DataError,
        DivergenceError as DivergenceError,
        EngineError as EngineError,
        FitManyError as FitManyError,
        ModelError as ModelError,
        UsageError as UsageError,
    )
    from .estimators.classifier import BacklitClassifier as BacklitClassifier
    from .estimators.regressor import BacklitRegressor as BacklitRegressor
    from .explain.follow import Follow as Follow
    from .files import load as load
    from .interop import from_keras as from_keras, from_onnx as from_onnx
    from .interop.sklearn import from_sklearn as from_sklearn
    from .interop.torch import from_torch as from_torch
    from .interop.trees import from_tree as from_tree
    from .many import fit_many as fit_many
    from .network import Network as Network
    from .recorder import Steps as Steps

__version__ = "0.1.0"

_ROOMS = {
    "Network": "network",
    "load": "files",
    "fit_many": "many",
    "BacklitClassifier": "estimators.classifier",
    "BacklitRegressor": "estimators.regressor",
    "Follow": "explain.follow",
    "Steps": "recorder",
    "from_keras": "interop",
    "from_onnx": "interop",
    "from_sklearn": "interop.sklearn",
    "from_torch": "interop.torch",
    "from_tree": "interop.trees",
    "data": None,
    "interop": None,
    "plots": None,
    "verify": None,
    "BacklitError": "errors",
    "BacklitWarning": "errors",
    "DataError": "errors",
    "DivergenceError": "errors",
    "EngineError": "errors",
    "FitManyError": "errors",
    "ModelError": "errors",
    "UsageError": "errors",
}
__all__ = [  # noqa: PLE0604 (they are strings)
    "__version__",
    *_ROOMS,
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'backlit' has no attribute {name!r}")
    room = _ROOMS[name]
    found = (
        import_module(f".{name}", __name__)
        if room is None
        else getattr(import_module(f".{room}", __name__), name)
    )
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
