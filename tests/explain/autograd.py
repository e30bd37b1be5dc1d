"""Any derivative of a network by PyTorch's autograd in float64, or by JAX's where PyTorch is missing.

Zeros are added to every z and a, and a derivative by one of them is the derivative by that z or a. Nothing of Backlit
but the numbers is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backlit import Network
from backlit.functions import as_activation, as_cost

Array = Any
try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment]


def derivatives(net: Network, x: Array, y: Array, of: tuple[str, int, int] | None) -> dict[str, Array]:
    """∂P/∂ of w1, b1, …, x, and z1, a1, … (m, n_l) each; P is Σ C_x, or Σ_x of neuron (letter, l, j)."""
    leaves = {f"w{l}": np.array(net.w[l]) for l in range(1, net.L + 1)}
    leaves |= {f"b{l}": np.array(net.b[l]) for l in range(1, net.L + 1)}
    leaves |= {
        f"{letter}{l}": np.zeros((len(x), net.sizes[l])) for l in range(1, net.L + 1) for letter in "za"
    }
    leaves["x"] = np.array(x)
    return _torch(net, leaves, y, of) if torch is not None else _jax(net, leaves, y, of)


def _run(net: Network, leaves: Any, activations: Any, cost: Any, of: Any, matmul: Any) -> Any:
    a = leaves["x"]
    for l in range(1, net.L + 1):
        z = matmul(a, leaves[f"w{l}"]) + leaves[f"b{l}"] + leaves[f"z{l}"]
        a = activations[net.activations[l - 1].option](z) + leaves[f"a{l}"]
        if of and of[1] == l:
            return (z if of[0] == "z" else a)[:, of[2]].sum()
    return cost(a).sum()


def _by_option(table: dict[str, Any], row: Any) -> dict[str, Any]:
    """By the whole option, as networks name their functions."""
    return {row(name).option: f for name, f in table.items()}


def _torch(net: Network, arrays: dict[str, Array], y: Array, of: Any) -> dict[str, Array]:
    from oracles.torch_autograd import ACTIVATIONS, COSTS

    more = {
        "log_cosh": lambda a, y: (torch.logaddexp(a - y, y - a) - np.log(2)).sum(-1),
        "cross_entropy": lambda a, y: -(y * torch.log(a)).sum(-1),
        "hinge": lambda a, y: torch.relu(1 - y * a).sum(-1),
        "squared_hinge": lambda a, y: (torch.relu(1 - y * a) ** 2).sum(-1),
    }
    hard = {"hard_sigmoid(slope=0.2)": lambda z: torch.clamp(0.2 * z + 0.5, 0, 1)}
    leaves = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    wanted = torch.tensor(y)
    cost = _by_option(COSTS | more, as_cost)[net.cost.option]
    activations = _by_option(ACTIVATIONS | hard, as_activation)
    result = _run(net, leaves, activations, lambda a: cost(a, wanted), of, lambda a, w: a @ w.T)
    grads = torch.autograd.grad(result, list(leaves.values()), allow_unused=True)
    return {
        name: np.zeros_like(arrays[name]) if grad is None else grad.numpy()
        for name, grad in zip(leaves, grads, strict=True)
    }


def _jax(net: Network, arrays: dict[str, Array], y: Array, of: Any) -> dict[str, Array]:
    from oracles.jax_autograd import ACTIVATIONS, COSTS, jax

    def f(leaves: Any) -> Any:
        cost = _by_option(COSTS, as_cost)[net.cost.option]
        activations = _by_option(ACTIVATIONS, as_activation)
        return _run(net, leaves, activations, lambda a: cost(a, y), of, lambda a, w: a @ w.T)

    return {name: np.asarray(grad) for name, grad in jax.grad(f)(arrays).items()}
