"""PyTorch's source code and state dicts, in and out; safetensors files good and hostile."""

from __future__ import annotations

import json
import os
import pickle
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit.errors import ModelError, UsageError
from backlit.interop import read, write
from backlit.interop.torch_files import of_state_dict, read_safetensors, write_state_dict

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from backlit.interop.torch import from_torch, to_torch  # noqa: E402
from backlit.interop.torch_source import to_torch_source  # noqa: E402

Array = Any


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


# --------------------------------------------------------------------------------------------------------------- source


def test_the_source_is_plain_code_that_loads_the_weights(tmp_path: Path, rng: Any) -> None:
    net = backlit.Network(
        [3, 4, 4, 2], activations=["hard_sigmoid(slope=0.2)", "exp", "softmax"], cost="cross_entropy"
    )
    write_state_dict(net, tmp_path / "weights.safetensors")
    code = to_torch_source(net)
    assert "nn.Linear(3, 4)" in code
    assert "backlit" not in code.partition('"""\n\n')[2]
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        space: dict[str, Any] = {}
        exec(code, space)
        module = space["network"]()
    finally:
        os.chdir(here)
    X = rng.normal(size=(20, 3))
    assert np.abs(outputs(module, X) - net.predict(X)).max() < 1e-12


def test_the_source_may_hold_the_numbers_themselves(tmp_path: Path, rng: Any) -> None:
    net = backlit.Network([3, 4, 2], activations=["tanh", "identity"], dtype=np.float32)
    path = write(net, tmp_path / "net.py")
    space: dict[str, Any] = {}
    exec(path.read_text(), space)
    assert np.array_equal(from_torch(space["network"]()).theta, net.theta)
    with pytest.raises(UsageError, match=r"112,201 numbers are too many for a source file"):
        write(backlit.Network([100, 1100, 1]), tmp_path / "net.py")


# ---------------------------------------------------------------------------------------------------------- state dicts


def saved(module: Any, path: Path) -> Path:
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in module.state_dict().items()}, path)
    return path


def test_a_state_dict_needs_its_activations(tmp_path: Path, rng: Any) -> None:
    module = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    path = saved(module, tmp_path / "weights.safetensors")
    with pytest.raises(
        ModelError, match=r"3 Linear layers \(6-5-4-3\).*activations=\['relu', 'relu', 'softmax'\]"
    ):
        read(path)
    with pytest.raises(ModelError, match=r"a list of 3; got \['relu'\]"):
        read(path, activations=["relu"])
    with pytest.raises(ModelError, match=r"unknown activation 'mish'"):
        read(path, activations="mish")
    net = read(path, activations=["relu", "tanh", "softmax"])
    assert np.array_equal(net.theta, from_torch(module).theta)
    assert net.cost.name == "cross_entropy"


def test_our_state_dict_says_its_functions_and_pytorch_loads_it(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    net = backlit.Network(
        [3, 4, 4, 2], activations=["identity", "elu(alpha=0.5)", "softmax"], cost="cross_entropy"
    )
    path = write_state_dict(net, tmp_path / "weights.safetensors")
    module = to_torch(net)
    module.load_state_dict(load_file(path))
    back = read(path)
    assert np.array_equal(back.theta, net.theta)
    assert (back.activations, back.cost) == (net.activations, net.cost)


def test_batch_norms_of_a_state_dict_are_placed_by_the_gaps_in_their_numbers(tmp_path: Path) -> None:
    parts = [
        nn.Linear(4, 5),
        nn.BatchNorm1d(5),
        nn.ReLU(),
        nn.Linear(5, 4),
        nn.Tanh(),
        nn.BatchNorm1d(4),
        nn.Linear(4, 2),
    ]
    module = settled(nn.Sequential(*parts), 4)
    net = read(saved(module, tmp_path / "a.safetensors"), activations=["relu", "tanh", "identity"])
    assert np.array_equal(net.theta, from_torch(module).theta)
    unclear = settled(
        nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.BatchNorm1d(5), nn.Dropout(), nn.Linear(5, 2)), 4
    )
    with pytest.raises(ModelError, match="gaps on both sides of module 2"):
        read(saved(unclear, tmp_path / "b.safetensors"), activations="relu")


def test_layers_of_a_state_dict_are_counted_as_people_do() -> None:
    module = nn.Sequential(*[nn.Linear(3, 3) for _ in range(12)])
    state = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    shuffled = dict(sorted(state.items(), key=lambda pair: hash(pair[0])))
    net = of_state_dict(shuffled, "it", activations="tanh")
    assert np.array_equal(net.w[11], state["10.weight"])


def header(about: Any, data: bytes = b"") -> bytes:
    text = about if isinstance(about, bytes) else json.dumps(about).encode()
    return struct.pack("<Q", len(text)) + text + data


F32 = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}
HOSTILE = {
    "a pickle": (pickle.dumps({"0.weight": [1.0]}), "begins as a pickle does"),
    "empty": (b"", "cut off|no JSON|its first 8 bytes"),
    "a header of 100 MB": (struct.pack("<Q", 10**8) + b"{" * 1000, "its first 8 bytes, the length of its header"),
    "no JSON": (header(b"{" * 50), "its header is no JSON"),
    "deep": (header(b"[" * 100_000), "its header is no JSON"),
    "a list": (header([1]), "its header has no object"),
    "many tensors": (
        header({f"t{k}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for k in range(20_000)}),
        "20,000 tensors, and at most 10,000",
    ),
    "overlapping": (header({"0.weight": F32, "1.weight": F32}, b"\0" * 16), "is not a safetensors file"),
    "out of range": (header({"0.weight": {**F32, "data_offsets": [0, 10**12]}}, b"\0" * 16), "is not a safetensors"),
    "an overflow": (header({"0.weight": {**F32, "shape": [2**40, 2**40]}}, b"\0" * 16), "is not a safetensors file"),
    "other names": (header({"evil": F32}, b"\0" * 16), "'evil' is no weight or bias"),
    "a convolution": (header({"0.weight": {**F32, "shape": [1, 2, 2]}}, b"\0" * 16), r"0 is no Linear layer"),
    "NaN": (header({"0.weight": F32}, np.full(4, np.nan, "<f4").tobytes()), r"not finite in float32: w\[1\]\[0,0\]"),
    "a bias of another length": (
        header({"0.weight": F32, "0.bias": {**F32, "shape": [3], "data_offsets": [16, 28]}}, b"\0" * 28),
        r"w has shape \(2, 2\) and b \(3,\)",
    ),
    "metadata that is a list": (header({"__metadata__": [1], "0.weight": F32}, b"\0" * 16), "metadata in its"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_safetensors_file_is_refused_by_name(name: str, tmp_path: Path) -> None:
    content, said = HOSTILE[name]
    path = tmp_path / "it.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said) as caught:
        read_safetensors(path, activations="relu")
    assert "it.safetensors" in str(caught.value)
