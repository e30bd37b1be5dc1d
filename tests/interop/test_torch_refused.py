"""PyTorch modules that are no chain, each named with its node, and imports that would be wrong, caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backlit.errors import ModelError, UsageError
from backlit.interop import torch_ops

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812 (everyone's name for it)

from backlit.interop.torch import from_torch  # noqa: E402

Array = Any


def module_of(forward: Callable[[Any, Any], Any], **parts: Any) -> Any:
    """A module of these parts with this forward."""

    class Given(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, part in parts.items():
                setattr(self, name, part)

    Given.forward = forward
    return Given()


# ----------------------------------------------------------------------------------------------------- what is no chain

NO_CHAIN: list[tuple[Any, str]] = [
    (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(4, 2)), r"0 \(Conv2d\): a convolution is no"),
    (nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3)), r"1 \(LayerNorm\): its mean and deviation are each example's"),
    (nn.Sequential(nn.Linear(3, 3), nn.Hardswish()), r"1 \(Hardswish\): there is no rule for 'Hardswish'"),
    (nn.Sequential(nn.Linear(3, 3), nn.Softmax(0)), "is over axis 0, the examples"),
    (nn.Sequential(nn.Linear(3, 3), nn.LogSoftmax(1), nn.Linear(3, 3)), "log softmax at its end only"),
    (nn.Sequential(nn.Linear(3, 3), nn.LeakyReLU(-0.1)), "leaky_relu needs 0 ≤ slope < 1; got slope=-0.1"),
    (nn.Sequential(nn.Linear(3, 3), nn.PReLU(3)), "a slope for each neuron"),
    (nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3, track_running_stats=False)), "keeps no running mean"),
    (nn.Sequential(nn.Linear(3, 4), nn.Linear(3, 4)), r"1 \(Linear\) takes 3 inputs, and what comes before it gives 4"),
    (nn.Sequential(nn.Linear(3, 1), nn.Softmax(1)), "softmax in layer 1 has one neuron"),
    (nn.Sequential(nn.LazyLinear(3)), "not set up yet"),
    (nn.Sequential(nn.Linear(3, 3, device="meta")), "on the device 'meta'"),
    (nn.Sequential(nn.Tanh()), "there is no linear layer"),
    (nn.LSTM(3, 3), "LSTM: a recurrent layer is no dense layer"),
    (nn.Sequential(nn.Linear(3, 3), nn.Softplus(threshold=2)), "threshold 2"),
    (module_of(lambda self, x: self.a(x) + x, a=nn.Linear(3, 3)), "node add takes what the input gave, besides or"),
    (module_of(lambda self, x: self.a(self.a(x).relu()), a=nn.Linear(3, 3)), r"a \(Linear\) is used twice"),
    (
        module_of(lambda self, x: torch.tanh(self.a(x)) @ self.a.weight, a=nn.Linear(3, 4)),
        r"node matmul has the weights of a \(Linear\)",
    ),
    (module_of(lambda self, x: F.dropout(self.a(x)), a=nn.Linear(3, 3)), "draws at random in evaluation too"),
    (module_of(lambda self, x: torch.cat([self.a(x), x], 1), a=nn.Linear(3, 3)), "node cat: several ways are joined"),
    (module_of(lambda self, x: (self.a(x), x), a=nn.Linear(3, 3)), "it gives 2 things back"),
    (module_of(lambda self, x: {"z": self.a(x)}, a=nn.Linear(3, 3)), "it gives a dict back"),
    (module_of(lambda self, x: self.a(x).abs(), a=nn.Linear(3, 3)), "takes the absolute value"),
    (module_of(lambda self, x, y: self.a(x + y), a=nn.Linear(3, 3)), "a second input"),
    (module_of(lambda self, x: self.a(x)[:, 0], a=nn.Linear(3, 3)), "takes a part of the data"),
    (module_of(lambda self, x: self.a(x).t(), a=nn.Linear(3, 3)), "takes examples for neurons"),
    (module_of(lambda self, x: self.a(x).view(-1), a=nn.Linear(3, 3)), "an example is not a row"),
    (module_of(lambda self, x: 1 / self.a(x), a=nn.Linear(3, 3)), "divides by the data"),
    (module_of(lambda self, x: self.w, w=nn.Parameter(torch.ones(3))), "does not depend on its input"),
    (module_of(lambda self, x: undefined(x)), "torch.fx can't follow its forward"),  # noqa: F821
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(NO_CHAIN)))
def test_what_is_no_chain_is_named_with_the_node(place: int) -> None:
    module, said = NO_CHAIN[place]
    with pytest.raises(UsageError, match=said):
        from_torch(module)


def test_what_is_computed_and_not_used_is_no_branch() -> None:
    def forward(self: Any, x: Any) -> Any:
        h = self.a(x)
        self.seen = self.b(h)
        return torch.tanh(h)

    assert from_torch(module_of(forward, a=nn.Linear(3, 2), b=nn.Linear(2, 9))).sizes == (3, 2)


def test_only_modules_are_taken() -> None:
    with pytest.raises(UsageError, match=r"takes a torch.nn.Module; got dict; for a state dict"):
        from_torch({})


def test_weights_that_are_not_finite_are_named() -> None:
    module = nn.Sequential(nn.Linear(3, 2))
    with torch.no_grad():
        module[0].weight[1, 2] = float("nan")
    with pytest.raises(UsageError, match=r"not finite in float32: w\[1\]\[1,2\]"):
        from_torch(module)


def test_an_import_that_computes_something_else_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {**torch_ops.HANDLERS, "tanh": torch_ops.HANDLERS["softsign"]}
    monkeypatch.setattr("backlit.interop.torch_trace.HANDLERS", wrong)
    with pytest.raises(ModelError, match=r"differ by 0\.\d+ on 64 random inputs .* rounding explains"):
        from_torch(nn.Sequential(nn.Linear(4, 3), nn.Tanh()))


@pytest.mark.parametrize("change", [1e-4, -1e-4])
def test_a_small_fault_in_a_weight_is_caught(change: float, monkeypatch: pytest.MonkeyPatch) -> None:
    from backlit.interop import torch as room

    def spoilt(chain: Any) -> Any:
        found = fold(chain)
        found.theta[0][1, 1] += change
        return found

    fold = room.fold
    monkeypatch.setattr(room, "fold", spoilt)
    with pytest.raises(ModelError, match="nothing was made of it"):
        from_torch(nn.Sequential(nn.Linear(4, 3), nn.Tanh()))
