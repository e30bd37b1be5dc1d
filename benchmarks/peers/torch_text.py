"""PyTorch on CSR: a sparse product, or an EmbeddingBag of weighted words whose gradient is sparse."""

from __future__ import annotations

from typing import Any

import torch
from tasks import Task, flat
from torch.nn import functional

from .protocol import Array, Peer

VERSION = f"PyTorch {torch.__version__}"


class TorchText(Peer):
    """Two layers, relu and softmax with cross-entropy, sgd. w^1 is (words, neurons), as both layers want it."""

    def __init__(self, task: Task, threads: int, layer: str) -> None:
        torch.set_num_threads(threads)
        self._task, self._work = task, task.work
        (w1, b1), (w2, b2) = task.layers()
        start = (torch.from_numpy(w1.T.copy()), *map(torch.from_numpy, (b1, w2, b2)))
        self._parameters = [one.requires_grad_(True) for one in start]
        self._labels = torch.from_numpy(task.targets).argmax(dim=1)
        self._optimizer = torch.optim.SGD(self._parameters, lr=self._work.eta)
        self._layer = {"sparse": self._sparse, "embedding": self._embedding}[layer]

    def _sparse(self, values: Any, columns: Any, ends: Any) -> Any:
        rows = torch.sparse_csr_tensor(
            ends, columns, values, size=(len(ends) - 1, self._work.sizes[0]), check_invariants=False
        )
        return torch.sparse.mm(rows, self._parameters[0])

    def _embedding(self, values: Any, columns: Any, ends: Any) -> Any:
        return functional.embedding_bag(
            columns,
            self._parameters[0],
            ends,
            mode="sum",
            sparse=True,
            per_sample_weights=values,
            include_last_offset=True,
        )

    def epoch(self, number: int) -> None:
        order, size = self._task.order(number), self._work.batch
        X, labels = self._task.inputs[order], self._labels[torch.from_numpy(order)]
        data, columns, ends = (torch.from_numpy(part) for part in (X.data, X.indices, X.indptr))
        _, b1, w2, b2 = self._parameters
        for start in range(0, len(order), size):
            own = ends[start : start + size + 1]
            part = slice(int(own[0]), int(own[-1]))
            self._optimizer.zero_grad()
            hidden = torch.relu(self._layer(data[part], columns[part], own - own[0]) + b1)
            functional.cross_entropy(
                functional.linear(hidden, w2, b2), labels[start : start + size]
            ).backward()
            self._optimizer.step()

    def result(self) -> Array:
        w1, b1, w2, b2 = (one.detach().numpy() for one in self._parameters)
        return flat([(w1.T, b1), (w2, b2)])


def build(task: Task, threads: int, **options: Any) -> Peer:
    """The peer of this work."""
    return TorchText(task, threads, **options)
