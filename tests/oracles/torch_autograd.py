"""What PyTorch's autograd says, in float64, with PyTorch's own functions. What it has not is not here."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as fn

from .cases import Case

Array = Any

ACTIVATIONS = {
    "identity": torch.nn.Identity(),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": fn.relu,
    "leaky_relu": fn.leaky_relu,
    "leaky_relu(slope=0.3)": lambda z: fn.leaky_relu(z, 0.3),
    "elu": fn.elu,
    "elu(alpha=0.5)": lambda z: fn.elu(z, 0.5),
    "selu": fn.selu,
    "gelu": fn.gelu,
    "gelu_tanh": lambda z: fn.gelu(z, approximate="tanh"),
    "silu": fn.silu,
    "softplus": fn.softplus,
    "softsign": fn.softsign,
    "hard_sigmoid": lambda z: fn.relu6(z + 3) / 6,  # fn.hardsigmoid's backward pass takes 1/6 in float32
    "exp": torch.exp,
    "softmax": lambda z: fn.softmax(z, dim=-1),
}
COSTS = {
    "squared_error": lambda a, y: fn.mse_loss(a, y, reduction="none").sum(-1),
    "half_squared_error": lambda a, y: fn.mse_loss(a, y, reduction="none").sum(-1) / 2,
    "mean_squared_error": lambda a, y: fn.mse_loss(a, y, reduction="none").mean(-1),
    "absolute_error": lambda a, y: fn.l1_loss(a, y, reduction="none").sum(-1),
    "huber": lambda a, y: fn.huber_loss(a, y, reduction="none").sum(-1),
    "huber(delta=0.3)": lambda a, y: fn.huber_loss(a, y, reduction="none", delta=0.3).sum(-1),
    "binary_cross_entropy": lambda a, y: fn.binary_cross_entropy(a, y, reduction="none").sum(-1),
    "poisson": lambda a, y: fn.poisson_nll_loss(a, y, log_input=False, eps=0.0, reduction="none").sum(-1),
}
# From z, where PyTorch takes softmax and sigmoid together with the cost.
COSTS_OF_Z = {
    ("softmax", "cross_entropy"): lambda z, y: fn.cross_entropy(z, y, reduction="none"),
    ("sigmoid", "binary_cross_entropy"): lambda z, y: fn.binary_cross_entropy_with_logits(
        z, y, reduction="none"
    ).sum(-1),
    ("exp", "poisson"): lambda z, y: fn.poisson_nll_loss(z, y, log_input=True, reduction="none").sum(-1),
}


def objective(sigma: str, cost: str, case: Case, l1: float, l2: float) -> tuple[float, list[Any]]:
    """The objective, and its derivatives by w^1, b^1, …, w^L, b^L and x."""
    leaves = [
        torch.tensor(part, requires_grad=True)
        for part in (*(p for l in range(1, len(case.w)) for p in (case.w[l], case.b[l])), case.x)
    ]
    w, b, a = leaves[:-1:2], leaves[1:-1:2], leaves[-1]
    for w_l, b_l in zip(w, b, strict=True):
        z = fn.linear(a, w_l, b_l)
        a = ACTIVATIONS[sigma](z)
    y, s = torch.tensor(case.y), torch.tensor(case.weights)
    of_z = COSTS_OF_Z.get((sigma, cost))
    C = ((of_z(z, y) if of_z else COSTS[cost](a, y)) * s).sum() / s.sum()
    value = C + sum(l2 / 2 * (w_l**2).sum() + l1 * w_l.abs().sum() for w_l in w)
    value.backward()
    return float(value.detach()), [leaf.grad.numpy() for leaf in leaves]
