"""The peers, each configuration a row: its name, its module, what it is given, and which works it can do.

A module has ``build(task, threads, **options)``, which returns a Peer (protocol.py), and ``VERSION``. It is imported in
a process of its own (worker.py), so that nobody pays for another's threads or memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from works import Work


@dataclass(frozen=True)
class Entry:
    """One configuration. ``same`` is false where the peer has no such cost, and does the nearest work that it has."""

    name: str
    module: str
    does: Callable[[Work], bool]
    options: Mapping[str, Any] = field(default_factory=dict)
    threads: int | None = None  # instead of the work's
    same: Callable[[Work], bool] = lambda work: True

    @property
    def starts_slowly(self) -> bool:
        """Whether it calls a compiler when it starts, which takes up to a minute: left out by --quick."""
        return "compile" in self.name


def entries(work: Work) -> list[Entry]:
    """All configurations that do this work, Backlit's first."""
    return [entry for entry in PEERS if entry.does(work)]


def _trains_dense(work: Work) -> bool:
    return work.kind == "training" and work.data != "text"


def _trains_text(work: Work) -> bool:
    return work.kind == "training" and work.data == "text"


def _infers(work: Work) -> bool:
    return work.kind == "inference"


def _squared_sigmoid(work: Work) -> bool:
    return work.cost == "half_squared_error" and work.activations[-1] == "sigmoid"


PEERS = (
    Entry("backlit", "peers.backlit_fit", lambda work: work.kind == "training"),
    Entry("backlit", "peers.inference_backlit", _infers),
    Entry("backlit-float32", "peers.inference_backlit", _infers, {"as_floats": True}),
    Entry("numpy", "peers.numpy_dense", _trains_dense),
    Entry(
        "numpy-1-thread",
        "peers.numpy_dense",
        lambda work: _trains_dense(work) and work.threads > 1,
        threads=1,
    ),
    Entry(
        "numpy-blas",
        "peers.numpy_dense",
        lambda work: _trains_dense(work) and work.rule == "sgd",
        {"adds": True},
    ),
    Entry(
        "numpy-blas-1-thread",
        "peers.numpy_dense",
        lambda work: _trains_dense(work) and work.rule == "sgd" and work.threads > 1,
        {"adds": True},
        threads=1,
    ),
    Entry("numpy-scipy", "peers.numpy_text", _trains_text),
    Entry("torch-eager", "peers.torch_dense", _trains_dense, {"fused": False}),
    Entry("torch-eager-fused", "peers.torch_dense", _trains_dense, {"fused": True}),
    Entry("torch-compile", "peers.torch_dense", _trains_dense, {"fused": True, "compiled": "loss"}),
    Entry("torch-compile-step", "peers.torch_dense", _trains_dense, {"fused": False, "compiled": "step"}),
    Entry("torch-sparse", "peers.torch_text", _trains_text, {"layer": "sparse"}),
    Entry("torch-embedding-bag", "peers.torch_text", _trains_text, {"layer": "embedding"}),
    Entry("jax-step", "peers.jax_dense", _trains_dense, {"whole": False}),
    Entry("jax-scan", "peers.jax_dense", _trains_dense, {"whole": True}),
    Entry("jax-scan-gather", "peers.jax_text", _trains_text),
    Entry(
        "scikit-learn",
        "peers.sklearn_mlp",
        lambda work: work.kind == "training" and "gelu" not in work.activations,
        same=lambda work: not _squared_sigmoid(work),
    ),
    Entry("book-loops", "peers.book_loops", lambda work: work.key == "book-30"),
    Entry("onnxruntime", "peers.inference_onnx", _infers),
    Entry("onnxruntime-bound", "peers.inference_onnx", _infers, {"bound": True}),
    Entry("onnxruntime-uint8", "peers.inference_onnx", _infers, {"as_bytes": True}),
    Entry("numpy", "peers.inference_numpy", _infers),
    Entry("torch-eager", "peers.inference_torch", _infers),
    Entry("torch-compile", "peers.inference_torch", _infers, {"compiled": True}),
    Entry("jax-jit", "peers.inference_jax", _infers),
    Entry("scikit-learn", "peers.inference_sklearn", _infers),
)
