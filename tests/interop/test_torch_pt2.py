"""Programs of torch.export and pickles: what PyTorch's own exporter writes, what we write, and hostile files."""

from __future__ import annotations

import json
import os
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import backlit
from backlit.errors import BacklitError, ModelError, UsageError
from backlit.interop import read

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812 (everyone's name for it)

from backlit.interop.torch import from_torch  # noqa: E402
from backlit.interop.torch_pt2 import read_pt2  # noqa: E402
from backlit.interop.torch_source import write_pt2  # noqa: E402

Array = Any


# ---------------------------------------------------------------------------------------------------------------- .pt2


class Chain(nn.Module):
    """A chain in many forms, as people write them."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.norm = nn.Linear(6, 5), nn.Linear(5, 5), nn.BatchNorm1d(5)
        self.W = nn.Parameter(torch.randn(5, 2))
        self.register_buffer("mean", torch.arange(6.0), persistent=False)

    def forward(self, x: Any) -> Any:
        x = (x.view(x.size(0), -1) - self.mean) / 2
        h = F.silu(self.norm(self.a(x)))
        h = F.dropout(F.softsign(self.b(h)), training=self.training)
        return (h @ self.W).log_softmax(1)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that torch.export wrote of one module: with a fixed batch, with any, and taken apart."""
    folder = tmp_path_factory.mktemp("programs")
    torch.manual_seed(1)
    module = Chain().eval()
    torch.save(module.state_dict(), folder / "state.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fixed = torch.export.export(module, (torch.zeros(2, 6),))
        free = torch.export.export(
            module, (torch.zeros(3, 2, 3),), dynamic_shapes=({0: torch.export.Dim("n")},)
        )
        for name, program in (("fixed", fixed), ("free", free), ("apart", free.run_decompositions())):
            torch.export.save(program, folder / f"{name}.pt2")
    return {path.stem: path for path in folder.iterdir()}


def restored(programs: dict[str, Path]) -> Any:
    module = Chain()
    module.load_state_dict(torch.load(programs["state"], weights_only=True))
    return module.eval()


@pytest.mark.parametrize("name", ["fixed", "free", "apart"])
def test_an_exported_program_is_read_without_pytorch(name: str, programs: dict[str, Path]) -> None:
    net = read(programs[name])
    assert np.array_equal(net.theta, from_torch(restored(programs)).theta)
    assert [row.option for row in net.activations] == ["silu", "softsign", "softmax"]
    assert net.training["imported"]["difference"] < 1e-6


def test_a_program_that_we_write_is_loaded_by_pytorch(tmp_path: Path, rng: Any) -> None:
    net = backlit.Network([4, 5, 3], activations=["gelu", "softmax"], cost="cross_entropy", dtype=np.float32)
    path = write_pt2(net, tmp_path / "net.pt2")
    assert np.array_equal(read(path).theta, net.theta)
    X = rng.normal(size=(9, 4)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.export.load(path).module()
    assert np.abs(module(torch.from_numpy(X)).detach().numpy() - net.predict(X)).max() < 1e-6


def rebuilt(
    source: Path, target: Path, change: Callable[[str, bytes], bytes | None], compress: bool = False
) -> Path:
    """The archive with its entries changed; None leaves one out."""
    kind = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", kind) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def in_json(name_part: str, change: Callable[[Any], None]) -> Callable[[str, bytes], bytes]:
    def of(name: str, content: bytes) -> bytes:
        if name_part not in name:
            return content
        plain = json.loads(content)
        change(plain)
        return json.dumps(plain).encode()

    return of


def weight(**changes: Any) -> Callable[[str, bytes], bytes]:
    def change(plain: Any) -> None:
        entry = plain["config"]["a.weight"]
        for key, value in changes.items():
            (entry if key in entry else entry["tensor_meta"])[key] = value

    return in_json("model_weights_config", change)


def first_node(target: str) -> Callable[[str, bytes], bytes]:
    return in_json(
        "models/model.json", lambda plain: plain["graph_module"]["graph"]["nodes"][-1].update(target=target)
    )


BROKEN: dict[str, tuple[Callable[[str, bytes], bytes | None], bool, str]] = {
    "compressed": (lambda name, content: content, True, "compressed, which torch.export.save never does"),
    "a pickled tensor": (weight(use_pickle=True), False, "'a.weight' is a pickle"),
    "a path outside": (weight(path_name="../../etc/passwd"), False, "outside its folder"),
    "a shape of terabytes": (weight(sizes=[{"as_int": 2**40}, {"as_int": 6}]), False, "goes beyond its 30 numbers"),
    "a broadcast of terabytes": (
        weight(sizes=[{"as_int": 2**40}, {"as_int": 6}], strides=[{"as_int": 0}, {"as_int": 0}]),
        False,
        "goes beyond its 30 numbers",
    ),
    "a negative stride": (weight(strides=[{"as_int": -6}, {"as_int": 1}]), False, "goes beyond"),
    "an offset": (weight(storage_offset={"as_int": 7}), False, "goes beyond"),
    "another number format": (weight(dtype=99), False, "a number format that is not known"),
    "a missing entry": (lambda name, old: None if name.endswith("weight_0") else old, False, "it has no .*weight_0"),
    "no graph": (lambda name, content: None if "models/" in name else content, False, "0 models"),
    "deep JSON": (lambda name, content: b"[" * 10**5 if "models/" in name else content, False, "no JSON"),
    "a graph of another kind": (lambda name, old: b"{}" if "models/" in name else old, False, "its graph is damaged"),
    "an operation that runs something": (first_node("os.system"), False, "no rule for 'os.system'"),
    "a convolution": (first_node("torch.ops.aten.conv2d.default"), False, "a convolution is no dense layer"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_hostile_program_is_refused_by_name(name: str, programs: dict[str, Path], tmp_path: Path) -> None:
    change, compress, said = BROKEN[name]
    path = rebuilt(programs["fixed"], tmp_path / "it.pt2", change, compress)
    with pytest.raises(ModelError, match=said) as caught:
        read_pt2(path)
    assert "it.pt2" in str(caught.value)


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_program_never_raises_anything_else(
    data: st.DataObject, programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(programs["fixed"].read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "it.pt2"
    path.write_bytes(
        content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    )
    try:
        read_pt2(path)
    except BacklitError as reason:
        assert "it.pt2" in str(reason)  # noqa: PT017 (others pass through)


# ----------------------------------------------------------------------------------------------------------------- .pt


class Trap:
    """What a malicious pickle does when it is read."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, ("sprung",)


def test_a_pickle_is_not_read_unless_it_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("it.pt").write_bytes(pickle.dumps(Trap()))
    for answer in ({}, {"trust_pickle": False}, {"trust_pickle": "yes"}):
        with pytest.raises(UsageError, match=r"it.pt: a .pt or .pth file is a pickle.*trust_pickle=True"):
            read("it.pt", **answer)
    assert not Path("sprung").exists()


def test_a_trusted_pickle_is_a_state_dict_or_a_module(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    torch.save({"epoch": 3, "state_dict": module.state_dict()}, tmp_path / "state.pt")
    torch.save(module, tmp_path / "whole.pth")
    theta = from_torch(module).theta
    state = read(tmp_path / "state.pt", trust_pickle=True, activations=["tanh", "identity"])
    assert np.array_equal(state.theta, theta)
    assert np.array_equal(read(tmp_path / "whole.pth", trust_pickle=True).theta, theta)
    (tmp_path / "broken.pt").write_bytes(b"\x80\x04nonsense")
    with pytest.raises(ModelError, match=r"broken.pt can't be unpickled"):
        read(tmp_path / "broken.pt", trust_pickle=True)
    torch.save(nn.Sequential(nn.Conv1d(1, 1, 1)), tmp_path / "conv.pt")
    with pytest.raises(ModelError, match=r"conv.pt: this Sequential can't be read: 0 \(Conv1d\)"):
        read(tmp_path / "conv.pt", trust_pickle=True)
