"""PyTorch's inference mode, eager or compiled."""

from __future__ import annotations

from typing import Any

import torch
from tasks import Task
from torch.nn import functional

from .inference import Inference, batches
from .protocol import Peer

VERSION = f"PyTorch {torch.__version__}"


class TorchInference(Inference):
    """All calls within one inference mode, which is not entered anew for each."""

    @torch.inference_mode()
    def epoch(self, number: int) -> None:
        super().epoch(number)


def build(task: Task, threads: int, compiled: bool = False) -> Peer:
    """The peer of this work."""
    torch.set_num_threads(threads)
    (w1, b1), (w2, b2) = ((torch.from_numpy(w), torch.from_numpy(b)) for w, b in task.layers())

    def call(x: Any) -> Any:
        return torch.sigmoid(functional.linear(torch.sigmoid(functional.linear(x, w1, b1)), w2, b2))

    rows = torch.from_numpy(task.floats())
    return TorchInference(torch.compile(call) if compiled else call, batches(task, rows))
