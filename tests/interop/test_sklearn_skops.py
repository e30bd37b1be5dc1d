"""skops files: pipelines and networks there and back, hostile files refused before anything is built."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

import backlit
from backlit.errors import BacklitError, ModelError
from backlit.interop import read, write

from . import models
from .models import classifier, columns, labels

Array = Any
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
assert issubclass(ConvergenceWarning, UserWarning)


@pytest.fixture(scope="module")
def numbers() -> Array:
    return models.numbers()


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return models.table()


# --------------------------------------------------------------------------------------------------------------- skops


@pytest.fixture(scope="module")
def skops() -> Any:
    return pytest.importorskip("skops.io")


@pytest.fixture(scope="module")
def file(skops: Any, table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    theirs = make_pipeline(columns(), classifier()).fit(table, labels(["p", "q", "r"]))
    path = tmp_path_factory.mktemp("skops") / "pipeline.skops"
    skops.dump(theirs, path)
    return path


def test_a_skops_file_is_read_with_its_pipeline(skops: Any, file: Path, table: pd.DataFrame) -> None:
    trusted = skops.get_untrusted_types(file=file)
    theirs = skops.load(file, trusted=trusted)
    net = read(file)
    assert np.abs(net.predict(table) - theirs.predict_proba(table)).max() < 1e-12
    assert net.classes == ("p", "q", "r")


def test_a_network_goes_to_a_skops_file_and_back(skops: Any, tmp_path: Path) -> None:
    net = backlit.Network([4, 5, 3], activations=["tanh", "softmax"], cost="cross_entropy", seed=4)
    assert np.array_equal(read(write(net, tmp_path / "net.skops")).theta, net.theta)


def changed(
    source: Path, target: Path, change: Callable[[str, bytes], bytes], kind: int = zipfile.ZIP_STORED
) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", kind) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return target


def in_schema(old: str, new: str) -> Callable[[str, bytes], bytes]:
    def change(name: str, content: bytes) -> bytes:
        if name != "schema.json":
            return content
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), 1)

    return change


def arrays_of(shape: tuple[int, ...], entry: Any = None) -> Callable[[str, bytes], bytes]:
    def change(name: str, content: bytes) -> bytes:
        if not name.endswith(".npy"):
            return content
        out = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            out, {"descr": entry or "<f8", "fortran_order": False, "shape": shape}
        )
        return out.getvalue()

    return change


HOSTILE: dict[str, tuple[Callable[[str, bytes], bytes], str]] = {
    "a system call": (
        in_schema('"__class__": "StandardScaler",\n', '"__class__": "system",\n'),
        "types that no MLP needs, so nothing of it was built: .*system",
    ),
    "a function": (
        in_schema('"__loader__": "JsonNode"', '"__loader__": "FunctionNode"'),
        "skops.FunctionNode",
    ),
    "a reduce": (
        in_schema('"__loader__": "JsonNode"', '"__loader__": "ConstructorFromReduceNode"'),
        "skops.ConstructorFromReduceNode",
    ),
    "arrays of terabytes": (arrays_of((2**40, 4)), "says to have shape"),
    "arrays of objects": (arrays_of((1,), "|O"), "says to have shape"),
    "empty arrays": (arrays_of((0,)), "is not whole|is no skops file|can't be read"),
    "deep JSON": (lambda name, old: b"[" * 10**5 if name == "schema.json" else old, "is no skops file"),
    "no schema": (lambda name, old: b"" if name == "schema.json" else old, "is no skops file"),
    "a schema of 10 MB": (
        lambda name, old: old + b" " * 10**7 if name == "schema.json" else old,
        "a schema of 10,",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_skops_file_is_refused_by_name(name: str, file: Path, tmp_path: Path) -> None:
    change, said = HOSTILE[name]
    path = changed(file, tmp_path / "it.skops", change)
    with pytest.raises(ModelError, match=said) as caught:
        read(path)
    assert "it.skops" in str(caught.value)


def test_a_zip_bomb_is_not_unpacked(file: Path, tmp_path: Path) -> None:
    def longer(name: str, old: bytes) -> bytes:
        return old + bytes(10**6) if ".npy" in name else old

    path = changed(file, tmp_path / "it.skops", longer, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**6
    with pytest.raises(ModelError, match="more than a model of its size has"):
        read(path)


def test_another_estimator_is_not_built(skops: Any, numbers: Array, tmp_path: Path) -> None:
    skops.dump(PCA(2).fit(numbers), tmp_path / "pca.skops")
    with pytest.raises(ModelError, match=r"nothing of it was built: sklearn.decomposition._pca.PCA"):
        read(tmp_path / "pca.skops")
    (tmp_path / "no.skops").write_bytes(b"PK nothing")
    with pytest.raises(ModelError, match=r"no.skops is no skops file"):
        read(tmp_path / "no.skops")


@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_skops_file_never_raises_anything_else(
    data: st.DataObject, file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with zipfile.ZipFile(file) as archive:
        schema = json.dumps(json.loads(archive.read("schema.json")))
    cut = bytearray(schema.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        cut[data.draw(st.integers(0, len(cut) - 1))] = data.draw(st.sampled_from(b'0129"{}[],:truefalsn'))
    path = tmp_path_factory.mktemp("damaged") / "it.skops"
    changed(file, path, lambda name, old: bytes(cut) if name == "schema.json" else old)
    try:
        read(path)
    except BacklitError as reason:
        assert "it.skops" in str(reason)  # noqa: PT017 (others pass through)
