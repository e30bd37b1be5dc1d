"""PyTorch in and out: every function, every way to write a chain, and what is chosen and said."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import backlit
from backlit.errors import UsageError
from backlit.functions import ACTIVATIONS
from backlit.interop import read

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812 (everyone's name for it)

from backlit.interop.torch import from_torch, to_torch  # noqa: E402

Array = Any
OPTIONS = [
    *sorted(set(ACTIVATIONS) - {"softmax"}),
    "leaky_relu(slope=0.2)",
    "elu(alpha=0.5)",
    "hard_sigmoid(slope=0.2)",
]


def module_of(forward: Callable[[Any, Any], Any], **parts: Any) -> Any:
    """A module of these parts with this forward."""

    class Given(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, part in parts.items():
                setattr(self, name, part)

    Given.forward = forward
    return Given()


def outputs(module: Any, X: Array) -> Array:
    module.eval()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return module(torch.from_numpy(X)).numpy()


def settled(module: Any, n: int, dtype: Any = torch.float32) -> Any:
    """The module after a few passes in training, so that its BatchNorms have seen something."""
    torch.manual_seed(3)
    module.to(dtype).train()
    for _ in range(4):
        module(torch.randn(30, n, dtype=dtype) * 2 + 1)
    return module.eval()


# ------------------------------------------------------------------------------------------------------- there and back


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("option", OPTIONS)
def test_every_activation_goes_out_and_comes_back(option: str, dtype: Any, rng: Any) -> None:
    net = backlit.Network([3, 5, 4, 2], activations=[option, "tanh", option], seed=4, dtype=dtype)
    module = to_torch(net)
    X = rng.normal(size=(50, 3)).astype(dtype) * 3
    close = 1e-6 if dtype == np.float32 else 1e-12
    assert np.abs(outputs(module, X) - net.predict(X)).max() <= close * max(1, np.abs(net.predict(X)).max())
    back = from_torch(module)
    assert np.array_equal(back.theta, net.theta)
    assert back.activations == net.activations
    assert back.dtype == dtype


@settings(max_examples=25)
@given(
    sizes=st.lists(st.integers(2, 7), min_size=2, max_size=5),
    options=st.lists(st.sampled_from([*OPTIONS, "softmax"]), min_size=4, max_size=4),
    double=st.booleans(),
    seed=st.integers(0, 999),
)
def test_random_networks_come_back_with_the_same_theta(
    sizes: list[int], options: list[str], double: bool, seed: int
) -> None:
    net = backlit.Network(
        sizes, activations=options[: len(sizes) - 1], seed=seed, dtype=np.float64 if double else np.float32
    )
    back = from_torch(to_torch(net), cost=net.cost)
    assert np.array_equal(back.theta, net.theta)
    assert (back.activations, back.cost) == (net.activations, net.cost)


def test_logits_leave_the_last_function_to_the_loss(rng: Any) -> None:
    net = backlit.Network([4, 3], activations="softmax", cost="cross_entropy")
    assert [type(part).__name__ for part in to_torch(net, logits=True)] == ["Linear"]
    back = from_torch(to_torch(net, logits=True), cost="cross_entropy")
    assert back.activations[-1].name == "softmax"
    assert np.array_equal(back.theta, net.theta)
    assert "softmax was put on top" in backlit.interop.told(back)


def test_a_function_of_ones_own_does_not_go_out() -> None:
    net = backlit.Network([2, 2], activations=(np.sin, np.cos))
    with pytest.raises(UsageError, match="a function of your own, and PyTorch has none"):
        to_torch(net)


def test_what_came_in_can_be_explained_trained_and_saved(tmp_path: Path, rng: Any) -> None:
    net = from_torch(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3), nn.Softmax(-1)))
    x, y = rng.normal(size=(20, 4)), rng.integers(0, 3, 20)
    assert net.explain("dC/dw[1][2,3]", x[0], y[0]).value == pytest.approx(
        net.gradient(x[:1], y[:1]).w[1][2, 3]
    )
    net.save(tmp_path / "model.safetensors")
    again = read(tmp_path / "model.safetensors")
    assert again.training["imported"]["difference"] < 1e-6
    assert again.training["imported"]["from"] == "PyTorch Sequential"
    net.fit(x, y, epochs=1)


# ---------------------------------------------------------------------------------------------------- modules coming in

MODULES = {
    "softplus(beta)": (nn.Softplus(beta=2.0), "softplus"),
    "log sigmoid": (nn.LogSigmoid(), "softplus"),
    "celu": (nn.CELU(alpha=0.7), "elu"),
    "rrelu": (nn.RReLU(0.1, 0.3), "leaky_relu(slope=0.2)"),
    "prelu": (nn.PReLU(init=0.3), "leaky_relu"),
    "identity": (nn.Identity(), "identity"),
    "silu": (nn.SiLU(), "silu"),
    "gelu": (nn.GELU(), "gelu"),
    "gelu of tanh": (nn.GELU("tanh"), "gelu_tanh"),
    "hardsigmoid": (nn.Hardsigmoid(), "hard_sigmoid(slope=0.16666666666666666)"),
}


@pytest.mark.parametrize("name", MODULES)
def test_activation_modules_become_ours(name: str, rng: Any) -> None:
    part, option = MODULES[name]
    module = nn.Sequential(nn.Linear(4, 5), part, nn.Linear(5, 2)).double()
    net = from_torch(module)
    X = rng.normal(size=(40, 4))
    assert np.abs(net.predict(X) - outputs(module, X)).max() < 1e-12
    assert net.activations[0].option.startswith(option)


FUNCTIONS: list[tuple[str, Callable[[Any], Any]]] = [
    ("relu", F.relu),
    ("relu", torch.relu),
    ("relu", lambda z: z.relu()),
    ("relu", lambda z: z.clamp(min=0)),
    ("sigmoid", torch.sigmoid),
    ("sigmoid", lambda z: z.sigmoid_()),
    ("tanh", torch.tanh),
    ("leaky_relu(slope=0.3)", lambda z: F.leaky_relu(z, 0.3)),
    ("elu(alpha=0.5)", lambda z: F.elu(z, alpha=0.5)),
    ("selu", F.selu),
    ("gelu", F.gelu),
    ("gelu_tanh", lambda z: F.gelu(z, approximate="tanh")),
    ("silu", F.silu),
    ("silu", lambda z: z * torch.sigmoid(z)),
    ("silu", lambda z: torch.sigmoid(z) * z),
    ("softplus", F.softplus),
    ("softsign", F.softsign),
    ("softsign", lambda z: z / (1 + z.abs())),
    ("hard_sigmoid(slope=0.16666666666666666)", F.hardsigmoid),
    ("hard_sigmoid(slope=0.2)", lambda z: torch.clamp(0.2 * z + 0.5, 0, 1)),
    ("exp", torch.exp),
    ("exp", lambda z: z.exp()),
    ("softmax", lambda z: F.softmax(z, dim=1)),
    ("softmax", lambda z: z.softmax(-1)),
]


@pytest.mark.parametrize("place", range(len(FUNCTIONS)))
def test_functional_forms_become_ours(place: int, rng: Any) -> None:
    option, f = FUNCTIONS[place]
    module = module_of(lambda self, x: self.b(f(self.a(x))), a=nn.Linear(4, 5), b=nn.Linear(5, 2)).double()
    net = from_torch(module)
    X = rng.normal(size=(40, 4))
    assert [row.option for row in net.activations] == [option, "identity"]
    assert np.array_equal(net.w[1], module.a.weight.detach().numpy())
    assert np.abs(net.predict(X) - outputs(module, X)).max() < 1e-12


SHAPES: list[Callable[[Any], Any]] = [
    lambda x: x.view(x.size(0), -1),
    lambda x: x.view(x.shape[0], -1),
    lambda x: x.reshape(-1, 6),
    lambda x: torch.flatten(x, 1),
    lambda x: x.flatten(start_dim=1),
    lambda x: x.contiguous().float(),
    lambda x: x.flatten(1) if x.dim() > 2 else x,  # fx can't follow this, torch.export can
]


@pytest.mark.parametrize("place", range(len(SHAPES)))
def test_flattening_in_any_form_is_passed_by(place: int, rng: Any) -> None:
    module = module_of(lambda self, x: self.a(SHAPES[place](x)), a=nn.Linear(6, 2))
    net = from_torch(module)
    X = rng.normal(size=(9, 6)).astype(np.float32)
    assert np.abs(net.predict(X) - outputs(module, X)).max() < 1e-6
    assert net.sizes == (6, 2)


def test_pictures_are_compared_in_their_own_shape(rng: Any) -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 3), nn.Sigmoid())
    net = from_torch(module, x=rng.normal(size=(7, 1, 3, 4)))
    assert net.training["imported"]["on"] == "7 rows given"


def test_batch_norm_is_folded_wherever_it_stands(rng: Any) -> None:
    module = settled(
        nn.Sequential(
            nn.BatchNorm1d(5),
            nn.Linear(5, 6, bias=False),
            nn.BatchNorm1d(6),
            nn.ReLU(),
            nn.Dropout(0.4),
            nn.BatchNorm1d(6, affine=False),
            nn.Linear(6, 4),
            nn.Tanh(),
            nn.BatchNorm1d(4),
            nn.ReLU(),
            nn.Linear(4, 3),
        ),
        5,
        torch.float64,
    )
    net = from_torch(module)
    X = rng.normal(size=(60, 5)) * 2
    assert np.abs(net.predict(X) - outputs(module, X)).max() < 1e-12
    assert net.sizes == (5, 6, 4, 4, 3)  # one of the BatchNorms stands between two functions
    said = backlit.interop.told(net)
    assert "0 (BatchNorm1d) is folded into w and b of layer 1" in said
    assert "8 (BatchNorm1d) has no linear layer beside it: layer 3, diagonal" in said
    assert "4 (Dropout) is left out" in said


def test_arithmetic_with_constants_is_folded(rng: Any) -> None:
    module = module_of(
        lambda self, x: 1 - (((x - self.mean) / 255) @ self.W + self.b) * 3,
        mean=nn.Parameter(torch.arange(4.0)),
        W=nn.Parameter(torch.randn(4, 2)),
        b=nn.Parameter(torch.randn(2)),
    ).double()
    net = from_torch(module)
    X = rng.normal(size=(30, 4)) * 100
    assert net.sizes == (4, 2)
    assert np.abs(net.predict(X) - outputs(module, X)).max() < 1e-12


def test_two_linear_layers_in_a_row_keep_their_weights() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2, bias=False))
    net = from_torch(module)
    assert [row.option for row in net.activations] == ["identity", "identity"]
    assert np.array_equal(net.w[1], module[0].weight.detach().numpy())
    assert not net.b[2].any()


@pytest.mark.parametrize(
    ("last", "cost", "activation", "chosen", "said"),
    [
        ([], None, "identity", "squared_error", "cost='cross_entropy' puts softmax on top"),
        ([], "cross_entropy", "softmax", "cross_entropy", "softmax was put on top"),
        ([], "binary_cross_entropy", "sigmoid", "binary_cross_entropy", "sigmoid was put on top"),
        ([nn.LogSoftmax(1)], None, "softmax", "cross_entropy", "the logarithm is the cost's"),
        ([nn.Softmax(1)], "cross_entropy", "softmax", "cross_entropy", ""),
        ([nn.Sigmoid()], None, "sigmoid", "binary_cross_entropy", "the cost was not given"),
    ],
)
def test_what_is_chosen_for_the_outputs_is_said(
    last: list[Any], cost: str | None, activation: str, chosen: str, said: str
) -> None:
    net = from_torch(nn.Sequential(nn.Linear(4, 3), *last), cost=cost)
    assert (net.activations[-1].name, net.cost.name) == (activation, chosen)
    assert said in backlit.interop.told(net)


def test_the_module_stays_as_it_was() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    module.train()
    module[1].eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    from_torch(module)
    assert [part.training for part in module] == [True, False, True]
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert module[0].weight.grad is None
    assert module[0].weight.requires_grad


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_halves_become_float32(dtype: Any) -> None:
    net = from_torch(nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)).to(dtype))
    assert net.dtype == np.float32
    assert "16 bits" in backlit.interop.told(net)
