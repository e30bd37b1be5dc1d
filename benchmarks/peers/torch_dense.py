"""PyTorch: autograd and torch.optim, eager or compiled, and the whole step, update and all, as one compiled function.

Functions rather than modules, rows gathered once an epoch and batches as views: what PyTorch is fastest with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from tasks import Task, flat
from torch.nn import functional

from .protocol import Array, Peer

VERSION = f"PyTorch {torch.__version__}"
_ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "gelu": functional.gelu,
    "identity": lambda z: z,
}


def loss_of(task: Task) -> Callable[..., Any]:
    """The mean cost of a batch as a function of the parameters [w1, b1, …], x and y."""
    work = task.work
    hidden = [_ACTIVATIONS[name] for name in work.activations[:-1]]

    def outputs(parameters: list[Any], x: Any) -> Any:
        for l, f in enumerate(hidden):
            x = f(functional.linear(x, parameters[2 * l], parameters[2 * l + 1]))
        return functional.linear(x, parameters[-2], parameters[-1])

    def loss(parameters: list[Any], x: Any, y: Any) -> Any:
        z = outputs(parameters, x)
        if work.cost == "cross_entropy":
            return functional.cross_entropy(z, y)
        if work.cost == "binary_cross_entropy":
            return functional.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(x)
        return functional.mse_loss(_ACTIVATIONS[work.activations[-1]](z), y, reduction="sum") / (2 * len(x))

    return loss


def target_of(task: Task) -> Any:
    """The targets as the loss takes them: class numbers for cross-entropy, else rows."""
    Y = torch.from_numpy(task.targets)
    return Y.argmax(dim=1) if task.work.cost == "cross_entropy" else Y


class TorchDense(Peer):
    """``compiled`` is None, "loss" (the optimizer stays as it is) or "step"."""

    def __init__(self, task: Task, threads: int, fused: bool, compiled: str | None = None) -> None:
        torch.set_num_threads(threads)
        self._task, self._work = task, task.work
        self._X, self._Y = torch.from_numpy(task.floats()), target_of(task)
        self._parameters = [torch.from_numpy(part) for layer in task.layers() for part in layer]
        self._loss = loss_of(task)
        if compiled == "step":
            self._step = self._whole_step()
            return
        for one in self._parameters:
            one.requires_grad_(True)
        if compiled == "loss":
            self._loss = torch.compile(self._loss)
        rule = torch.optim.Adam if self._work.rule == "adam" else torch.optim.SGD
        self._optimizer = rule(self._parameters, lr=self._work.eta, fused=fused)
        self._step = self._by_optimizer

    def _by_optimizer(self, x: Any, y: Any) -> None:
        self._optimizer.zero_grad()
        self._loss(self._parameters, x, y).backward()
        self._optimizer.step()

    def _whole_step(self) -> Callable[..., None]:
        gradient, eta = torch.func.grad(self._loss), self._work.eta
        parameters = self._parameters

        def sgd(parameters: list[Any], x: Any, y: Any) -> None:
            for one, g in zip(parameters, gradient(parameters, x, y), strict=True):
                one.sub_(eta * g)

        def adam(parameters: list[Any], m: list[Any], v: list[Any], t: Any, x: Any, y: Any) -> None:
            t.add_(1)
            first, second = 1 - 0.9**t, 1 - 0.999**t
            for one, g, mean, square in zip(parameters, gradient(parameters, x, y), m, v, strict=True):
                mean.mul_(0.9).add_(0.1 * g)
                square.mul_(0.999).add_(0.001 * g * g)
                one.sub_(eta / first * mean / ((square / second).sqrt() + 1e-8))

        with_memory = self._work.rule == "adam"
        compiled = torch.compile(adam if with_memory else sgd, fullgraph=True)
        memory: list[Any] = []
        if with_memory:
            memory = [[torch.zeros_like(one) for one in parameters] for _ in range(2)] + [torch.zeros(())]

        def step(x: Any, y: Any) -> None:
            with torch.no_grad():
                compiled(parameters, *memory, x, y)

        return step

    def epoch(self, number: int) -> None:
        order = torch.from_numpy(self._task.order(number))
        X, Y = self._X[order], self._Y[order]
        for x, y in zip(X.split(self._work.batch), Y.split(self._work.batch), strict=True):
            self._step(x, y)

    def result(self) -> Array:
        found = [one.detach().numpy() for one in self._parameters]
        return flat(list(zip(found[::2], found[1::2], strict=True)))


def build(task: Task, threads: int, **options: Any) -> Peer:
    """The peer of this work."""
    return TorchDense(task, threads, **options)
