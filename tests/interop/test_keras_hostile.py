"""Broken and malicious Keras files: an error that names what is wrong, little memory, nothing run, nothing unpacked."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from backlit.errors import ModelError
from backlit.interop.keras import read

h5py = pytest.importorskip("h5py", reason="h5py, which writes the files of these tests, is not installed")


def _fuzzer() -> Any:
    """The program tests/fuzz/fuzz_keras.py."""
    folder = Path(__file__).parents[1] / "fuzz"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location("fuzz_keras", folder / "fuzz_keras.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


FUZZ = _fuzzer()


def refused(path: Path, content: bytes) -> str:
    """What reading says; in little time, and in memory of a few times the file's size."""
    path.write_bytes(content)
    before = sorted(path.parent.rglob("*"))
    tracemalloc.start()
    began = time.perf_counter()
    try:
        with pytest.raises(ModelError) as error:
            read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - began < 10
    assert peak < 10 * len(content) + 2**25
    assert sorted(path.parent.rglob("*")) == before
    said = str(error.value)
    assert len(said) < 700
    return said


def hdf(fill: Any, config: Any = None, **options: Any) -> bytes:
    """A legacy file whose arrays ``fill`` writes."""
    made = io.BytesIO()
    with h5py.File(made, "w", **options) as file:
        described = FUZZ.config(FUZZ.LAYERS) if config is None else config
        file.attrs["model_config"] = described if isinstance(described, str) else json.dumps(described)
        FUZZ.weights(file, legacy=True)
        fill(file)
    return made.getvalue()


def kernel(file: Any, make: Any) -> None:
    """Puts something else in the place of the first kernel."""
    group = file["model_weights/dense/sequential/dense"]
    del group["kernel"]
    make(group)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inside" / "m.keras"


@pytest.fixture(autouse=True)
def _folder(path: Path) -> None:
    path.parent.mkdir()


def test_the_files_of_these_tests_are_read_where_they_are_whole(path: Path) -> None:
    described = FUZZ.config(FUZZ.LAYERS)
    for content in (FUZZ.archive(described, FUZZ.arrays()), FUZZ.legacy(described), hdf(lambda file: None)):
        path.write_bytes(content)
        assert [row.option for row in read(path).activations] == ["gelu", "leaky_relu(slope=0.1)", "softmax"]


# ----------------------------------------------------------------------------------------------------------------- HDF5


def test_links_that_lead_elsewhere_are_refused(path: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["kernel"] = np.ones((6, 4), np.float32)
    outside = h5py.ExternalLink("../secret.h5", "/kernel")
    for link in (outside, h5py.SoftLink("/model_weights"), h5py.SoftLink("/nowhere")):
        for lowest in ("earliest", "v108"):
            content = hdf(
                lambda file, link=link: kernel(file, lambda group: group.__setitem__("kernel", link)),
                libver=(lowest, "latest"),
            )
            assert "holds the link 'kernel', which leads elsewhere" in refused(path, content)


def test_external_storage_is_refused(path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.ones((6, 4), np.float32).tobytes())

    def outside(group: Any) -> None:
        group.create_dataset("kernel", (6, 4), "f4", external=[(str(secret), 0, 96)])

    assert "keeps its numbers in another file" in refused(path, hdf(lambda file: kernel(file, outside)))


def test_virtual_arrays_are_refused(path: Path) -> None:
    def virtual(group: Any) -> None:
        layout = h5py.VirtualLayout((6, 4), "f4")
        layout[:] = h5py.VirtualSource("../secret.h5", "kernel", (6, 4))
        group.create_virtual_dataset("kernel", layout)

    content = hdf(lambda file: kernel(file, virtual), libver="latest")
    assert "stored virtually, in other files, which is not read" in refused(path, content)


@pytest.mark.parametrize("options", [{"chunks": (2, 2)}, {"compression": "gzip"}])
def test_chunks_and_filters_are_refused(options: dict[str, Any], path: Path) -> None:
    def packed(group: Any) -> None:
        group.create_dataset("kernel", data=np.ones((6, 4), np.float32), **options)

    said = refused(path, hdf(lambda file: kernel(file, packed)))
    assert "in chunks, which is not read" in said or "is compressed, which is not read" in said


def test_shapes_that_claim_terabytes_are_refused(path: Path) -> None:
    def claims(group: Any) -> None:
        group.create_dataset("kernel", (2**20, 2**20), "f4")  # nothing is written: nothing is stored

    assert "claims the shape [1048576, 1048576]" in refused(path, hdf(lambda file: kernel(file, claims)))
    content = hdf(lambda file: None)
    shape = (6).to_bytes(8, "little") + (4).to_bytes(8, "little")
    assert content.count(shape) >= 1
    for other in ((2**63, 2), (2**32, 2**32), (6, 5)):
        broken = content.replace(shape, b"".join(n.to_bytes(8, "little") for n in other))
        assert "claims the shape" in refused(path, broken)


def test_the_same_bytes_under_many_names_are_refused(path: Path) -> None:
    layers = [
        {"class_name": "Dense", "units": 500, "activation": "relu", "name": f"d{k}"} for k in range(300)
    ]

    def shared(file: Any) -> None:
        held = file["model_weights"]
        held["kernel"] = np.ones((500, 500), np.float32)
        held["bias"] = np.ones(500, np.float32)
        for layer in layers:
            group = held.create_group(layer["name"])
            group.attrs["weight_names"] = ["a/kernel", "a/bias"]
            group["a/kernel"], group["a/bias"] = held["kernel"], held["bias"]

    assert "stores the same bytes under many names" in refused(path, hdf(shared, FUZZ.config(layers)))


def test_groups_in_a_circle_and_deep_ones_are_refused(path: Path) -> None:
    def circle(file: Any) -> None:
        file["model_weights/dense/sequential/dense/back"] = file["model_weights"]
        file["model_weights/dense"].attrs["weight_names"] = [
            "/".join(["sequential/dense/back/dense"] * 2_000)
        ]

    assert "nested too deeply" in refused(path, hdf(circle))


def test_quantised_numbers_and_those_that_are_not_finite_are_refused(path: Path) -> None:
    for array, said in (
        (np.ones((6, 4), np.int8), "its numbers are int8, quantised"),
        (np.full((6, 4), np.inf, np.float32), "not finite"),
        (np.ones((6, 5), np.float32), "its kernel has shape (6, 5)"),
        (np.ones((5, 4), np.float32), "it takes rows of 5, and rows of 6 reach it"),
        (np.ones((6, 4), complex), "holds no numbers of 2, 4 or 8 bytes"),
    ):
        content = hdf(
            lambda file, array=array: kernel(file, lambda group: group.__setitem__("kernel", array))
        )
        assert said in refused(path, content)


def test_a_file_that_is_cut_off_is_refused_wherever_that_is(path: Path) -> None:
    content = FUZZ.legacy(FUZZ.config(FUZZ.LAYERS))
    with h5py.File(io.BytesIO(content)) as file:
        used = file.id.get_filesize()
    for end in range(1, used - 4096, 511):
        refused(path, content[:end])


# ------------------------------------------------------------------------------------------------------------- archives


def bomb(size: int) -> bytes:
    """An archive whose weights are so many zeros, deflated to a thousandth."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(FUZZ.config(FUZZ.LAYERS)))
        archive.writestr("model.weights.h5", b"\0" * size)
    return made.getvalue()


def test_zip_bombs_are_refused_before_they_are_unpacked(path: Path) -> None:
    assert "claims to unpack to more than 8 times" in refused(path, bomb(200_000_000))


def test_an_entry_that_holds_more_than_it_claims_is_refused(path: Path) -> None:
    honest = bomb(50_000_000)
    claim = (50_000_000).to_bytes(4, "little")
    assert honest.count(claim) == 2
    said = refused(path, honest.replace(claim, (1000).to_bytes(4, "little")))
    assert "damaged archive" in said or "has not the 1,000 bytes" in said
    said = refused(path, bomb(10_000).replace((10_000).to_bytes(4, "little"), (20_000).to_bytes(4, "little")))
    assert "has not the 20,000 bytes that it claims" in said or "damaged" in said


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "..\\evil"])
def test_names_that_lead_out_of_the_archive_are_refused(name: str, path: Path) -> None:
    content = FUZZ.archive(FUZZ.config(FUZZ.LAYERS), FUZZ.arrays(), **{name: b"x"})
    assert "a name that leads elsewhere or is there twice" in refused(path, content)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_a_name_twice_or_thousands_is_refused(path: Path) -> None:
    twice = io.BytesIO(FUZZ.archive(FUZZ.config(FUZZ.LAYERS), FUZZ.arrays()))
    with zipfile.ZipFile(twice, "a") as archive:
        archive.writestr("config.json", "{}")
    assert "is there twice" in refused(path, twice.getvalue())
    many = FUZZ.archive({}, b"", **{f"f{k}": b"" for k in range(2_000)})
    assert "holds more than 1,000 files" in refused(path, many)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(method: int, path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", "x")
    assert "packed in a way that Keras never does" in refused(path, made.getvalue())


def test_what_is_no_keras_file_is_refused(path: Path) -> None:
    for content in (b"", b"nothing", zlib.compress(b"x"), b"\x80\x04K\x01.", b"\x89HDF\r\n\x1a\n"):
        said = refused(path, content)
        assert "is not a Keras model" in said or "is damaged" in said
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("word/document.xml", "x")
    assert "is an archive without config.json, and no Keras model" in refused(path, made.getvalue())
    with pytest.raises(ModelError, match="there is no such file"):
        read(path.with_name("none"))


# -------------------------------------------------------------------------------------------------------- configuration


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ("[" * 100_000, "is not valid JSON"),
        ("[" * 100 + "]" * 100, "nested more than 60 deep"),
        ("{", "is not valid JSON"),
        ('{"a": ' + "9" * 5_000 + "}", "is not valid JSON"),
        (" " * 5_000_000, "has 5,000,000 bytes"),
        ({}, "names no class"),
        ([], "names no class"),
        ({"class_name": "Sequential"}, "has no list of layers"),
        ({"class_name": "Sequential", "config": {"layers": [3]}}, "has no list of layers"),
        ({"class_name": "Sequential", "config": {"layers": []}}, "no linear layer"),
        ({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense"}]}}, "a layer has no name"),
        ({"class_name": "Functional", "config": {"layers": [], "input_layers": 3}}, "has 0 inputs"),
        ({"class_name": "os.system", "module": "os", "config": {}}, "of 'os', code that is not in the file"),
        ({"class_name": "Sequential", "module": "builtins.eval", "config": {"layers": []}}, "no linear layer"),
    ],
)  # fmt: skip
def test_configurations_that_are_none_are_refused(described: Any, said: str, path: Path) -> None:
    assert said in refused(path, FUZZ.archive(described, FUZZ.arrays()))


def test_code_in_a_configuration_is_named_and_never_run(path: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    layers = [
        {"class_name": "Lambda", "name": "evil", "function": ["4wEAAAA=", None, None], "config": code},
        {"class_name": "Evil", "name": "evil", "module": "os"},
    ]
    for layer in layers:
        assert "layer 'evil' " in refused(path, FUZZ.archive(FUZZ.config([layer]), FUZZ.arrays()))
    for activation in (
        {"class_name": "function", "config": "system", "module": "os", "registered_name": "system"},
        {"class_name": "__lambda__", "config": {"value": code}},
        {"value": [code, None, None]},
        code,
        ["relu"],
    ):
        described = json.loads(json.dumps(FUZZ.config(FUZZ.LAYERS)))
        described["config"]["layers"][3]["config"]["activation"] = activation
        assert "layer 'dense' (Dense)" in refused(path, FUZZ.archive(described, FUZZ.arrays()))
    assert not mark.exists()


def test_models_in_models_without_end_are_refused(path: Path) -> None:
    described: Any = {"class_name": "Sequential", "config": {"name": "s", "layers": []}}
    for _ in range(12):
        described = {"class_name": "Sequential", "config": {"name": "s", "layers": [described]}}
    assert "models in models, more than 8 deep" in refused(path, FUZZ.archive(described, FUZZ.arrays()))


def test_activations_that_would_ask_for_square_layers_are_refused(path: Path) -> None:
    first = {"class_name": "Dense", "units": 4000, "activation": "relu", "name": "d"}
    others = [{"class_name": "ELU", "alpha": 1.0, "name": f"e{k}"} for k in range(1_000)]

    def wide(file: Any) -> None:
        group = file["model_weights"].create_group("d")
        group.attrs["weight_names"] = ["a/kernel", "a/bias"]
        group["a/kernel"], group["a/bias"] = np.ones((1, 4000), np.float32), np.ones(4000, np.float32)

    assert "activations follow one another" in refused(path, hdf(wide, FUZZ.config([first, *others])))


# ----------------------------------------------------------------------------------------------------------------- fuzz


@settings(max_examples=300)
@given(seed=st.integers(0, 10**9))
def test_no_broken_file_raises_anything_else(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert FUZZ.once(seed, folder / "broken.keras") in {"network", "ModelError", "UsageError"}


def test_the_fuzzer_finds_a_planted_fault(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backlit.interop import keras_steps

    monkeypatch.setattr(
        keras_steps.Steps,
        "arrays",
        lambda self, layer, count: self.file.weights.of(layer.path, layer.counted),
    )
    with pytest.raises(ValueError, match="unpack"):
        [FUZZ.once(seed, path) for seed in range(300)]
