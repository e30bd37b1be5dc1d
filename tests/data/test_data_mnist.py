"""MNIST: the real files where they are, and small ones of the same form; and fetching, from a server that the test
starts.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import data
from backlit.data import download, mnist as room
from backlit.engines import ENGINES
from backlit.errors import DataError

# Of the published files once decompressed, byte for byte.
PUBLISHED = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
AS_SHIPPED = dict(room.DOWNLOADED)


def small_files(labels: tuple[int, ...] = (7, 0, 3)) -> dict[str, bytes]:
    """MNIST's four files with a few small pictures, not in gzip."""
    files = {}
    for part, count in (("train", 3), ("t10k", 2)):
        pixels = (np.arange(count * 4, dtype=np.uint8) * 20).tobytes()
        files[f"{part}-images-idx3-ubyte"] = b"\0\0\x08\x03" + struct.pack(">III", count, 2, 2) + pixels
        files[f"{part}-labels-idx1-ubyte"] = (
            b"\0\0\x08\x01" + struct.pack(">I", count) + bytes(labels[:count])
        )
    return files


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """An empty cache and no BACKLIT_DATA, and no mirror, so that nothing outside is looked at."""
    cache = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_: str(cache))
    monkeypatch.delenv("BACKLIT_DATA", raising=False)
    for key, source in room.DOWNLOADED.items():
        monkeypatch.setitem(room.DOWNLOADED, key, dataclasses.replace(source, mirrors=()))
    return cache


def place(folder: Path, files: dict[str, bytes], packed: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / (f"{name}.gz" if packed else name)).write_bytes(
            gzip.compress(content) if packed else content
        )
    return folder


# ------------------------------------------------------------------------------------------------------------ the real


def test_the_real_mnist(mnist: Path) -> None:
    dataset = data.load("mnist", data_dir=mnist)
    assert dataset.test is not None
    assert (len(dataset), len(dataset.test)) == (60_000, 10_000)
    assert dataset.inputs.block.dtype == np.uint8
    assert (dataset.image, dataset.white, dataset.classes) == ((28, 28), 255.0, tuple(range(10)))
    assert dataset.labels()[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert (dataset.inputs.block > 0).mean() == pytest.approx(0.191, abs=5e-4)
    x, y = dataset.limited(100).arrays(np.float32)
    assert (x.dtype, x.shape, x.min(), x.max(), y.shape) == (np.float32, (100, 784), 0, 1, (100,))


TRAINED = """
import re, sys
import numpy as np
import backlit

def resident(which):
    with open("/proc/self/status") as status:
        return int(re.search(rf"^{which}:\\s*(\\d+)", status.read(), re.M)[1]) * 1024

x, y = backlit.data.load("mnist", data_dir=sys.argv[1]).arrays(np.uint8)
how = {"batch_size": 10, "eta": 3.0, "engine": "cpu", "progress": False, "epochs": 1}
def net():
    return backlit.Network([784, 30, 10], cost="half_squared_error", dtype=np.float32)
net().fit(x[:100], y[:100], monitors="all", **how)
before = resident("VmRSS")
with open("/proc/self/clear_refs", "w") as peak:
    peak.write("5")  # the high-water mark begins anew
net().fit(x, y, monitors="all", validation=(x[:5000], y[:5000]), **how)
print(resident("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="measured with Linux's own counters")
def test_training_on_the_real_bytes_adds_little_memory(mnist: Path) -> None:
    """At most 60 MB beyond the array of bytes: no float copy, and the index within it."""
    if "cpu" not in ENGINES:
        pytest.skip("the native engine is not part of this installation")
    done = subprocess.run(
        [sys.executable, "-c", TRAINED, str(mnist)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 60e6


def test_the_real_mnist_is_the_published_one(mnist: Path) -> None:
    for part, sha256 in PUBLISHED.items():
        assert hashlib.sha256(gzip.decompress((mnist / f"{part}.gz").read_bytes())).hexdigest() == sha256


# ----------------------------------------------------------------------------------------------------------- on a disk


@pytest.mark.parametrize("packed", [True, False])
def test_it_is_found_in_a_folder(tmp_path: Path, packed: bool) -> None:
    folder = place(tmp_path / "here", small_files(), packed)
    dataset = data.load("mnist", data_dir=folder)
    assert dataset.labels().tolist() == [7, 0, 3]
    assert dataset.inputs.block.tolist()[1] == [80, 100, 120, 140]
    assert dataset.test is not None
    assert dataset.test.labels().tolist() == [7, 0]
    assert dataset.classes == dataset.test.classes == tuple(range(10))
    nested = place(tmp_path / "there" / "mnist", small_files(), packed)
    assert data.load("mnist", data_dir=nested.parent).fingerprint() == dataset.fingerprint()
    assert data.load("mnist", data_dir=folder, limit=2).labels().tolist() == [7, 0]


def test_names_with_a_point_are_known(tmp_path: Path) -> None:
    files = {name.replace("-idx", ".idx"): content for name, content in small_files().items()}
    assert len(data.load("mnist", data_dir=place(tmp_path / "here", files, packed=False))) == 3


def test_the_variable_comes_before_the_cache(
    tmp_path: Path, own_places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(own_places / "mnist", small_files((1, 1, 1)))
    assert data.load("mnist").labels().tolist() == [1, 1, 1]
    place(tmp_path / "root" / "mnist", small_files())
    monkeypatch.setenv("BACKLIT_DATA", str(tmp_path / "root"))
    assert data.load("mnist").labels().tolist() == [7, 0, 3]


@pytest.mark.parametrize("name", ["fashion_mnist", "fashion-mnist"])
def test_fashion_has_class_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    place(tmp_path / "root" / name, small_files())
    monkeypatch.setenv("BACKLIT_DATA", str(tmp_path / "root"))
    dataset = data.load(name)
    assert dataset.labels().tolist() == ["sneaker", "t-shirt", "dress"]
    assert dataset.arrays()[1].tolist() == [7, 0, 3]
    assert dataset.name == "fashion_mnist"


def test_a_folder_without_the_files(tmp_path: Path, refused) -> None:
    assert refused(data.load, "mnist", data_dir=tmp_path / "nowhere", kind=DataError) == (
        f"{tmp_path / 'nowhere'} has no train-images-idx3-ubyte or train-images-idx3-ubyte.gz; give the folder that "
        "holds the "
        "four files of mnist, or leave it away and they are fetched"
    )


def test_labels_that_cant_be_mnists(tmp_path: Path, refused) -> None:
    folder = place(tmp_path / "here", small_files((7, 10, 3)))
    assert refused(data.load, "mnist", data_dir=folder, kind=DataError) == (
        f"the labels beside {folder / 'train-images-idx3-ubyte.gz'} are not those of mnist, which go from 0 to 9; "
        "fetch them again"
    )


# ------------------------------------------------------------------------------------------------------------- fetched


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Any, str], None]], str]]:
    """Starts a server on loopback that answers with the function given; gives back its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[Any, str], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self, self.path.rpartition("/")[2])

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/set/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def giving(
    files: dict[str, bytes], asked: list[str] | None = None, cut: int = 0
) -> Callable[[Any, str], None]:
    """Answers with the files, in gzip; ``cut`` bytes less than promised."""
    packed = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in files.items()}

    def answer(request: Any, name: str) -> None:
        if asked is not None:
            asked.append(name)
        content = packed[name]
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[: len(content) - cut])

    return answer


def refusing(code: int) -> Callable[[Any, str], None]:
    return lambda request, name: request.send_error(code)


@pytest.fixture
def mirrors(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes MNIST the small files, to be had from these addresses."""

    def use(*addresses: str) -> None:
        files = small_files()
        sha256 = tuple(hashlib.sha256(gzip.compress(files[part], mtime=0)).hexdigest() for part in room.PARTS)
        source = dataclasses.replace(room.DOWNLOADED["mnist"], mirrors=addresses, sha256=sha256)
        monkeypatch.setitem(room.DOWNLOADED, "mnist", source)

    return use


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_it_is_fetched_once(serve, mirrors, own_places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []
    address = serve(giving(small_files(), asked))
    mirrors(address)
    dataset = data.load("mnist")
    assert dataset.labels().tolist() == [7, 0, 3]
    assert asked == [f"{part}.gz" for part in room.PARTS]
    assert left(own_places) == sorted(asked)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [f"backlit: fetching {address}{part}.gz, once" for part in room.PARTS]
    assert data.load("mnist").fingerprint() == dataset.fingerprint()
    assert len(asked) == 4
    assert capsys.readouterr().err == ""


def test_the_next_mirror_is_tried(serve, mirrors, own_places: Path) -> None:
    wrong = {name: content[:-1] + b"\xff" for name, content in small_files().items()}
    asked: list[str] = []
    mirrors(
        "http://127.0.0.1:9/closed/",
        serve(refusing(404)),
        serve(giving(wrong)),
        serve(giving(small_files(), cut=5)),
        serve(giving(small_files(), asked)),
    )
    assert data.load("mnist").labels().tolist() == [7, 0, 3]
    assert len(asked) == 4
    assert left(own_places) == sorted(asked)


def test_a_wrong_hash_is_deleted_and_never_used(serve, mirrors, own_places: Path, refused) -> None:
    wrong = {name: content[:-1] + b"\xff" for name, content in small_files().items()}
    address = serve(giving(wrong))
    mirrors(address)
    got = hashlib.sha256(gzip.compress(wrong["train-images-idx3-ubyte"], mtime=0)).hexdigest()
    should = room.DOWNLOADED["mnist"].sha256[0]
    assert refused(data.load, "mnist", kind=DataError) == (
        f"train-images-idx3-ubyte.gz could not be fetched from any mirror ({address}: its SHA-256 is {got[:12]}… "
        "and should be "
        f"{should[:12]}…, so it was deleted); put the set's files into a folder and name it with data_dir=… or "
        "BACKLIT_DATA"
    )
    assert left(own_places) == []


def test_every_mirrors_reason_is_told(
    serve, mirrors, own_places: Path, refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.3)
    stop = threading.Event()
    addresses = [
        serve(refusing(404)),
        serve(refusing(503)),
        serve(giving(small_files(), cut=7)),
        serve(lambda request, name: stop.wait(5)),
        "file:///etc/",
    ]
    mirrors(*addresses)
    said = refused(data.load, "mnist", kind=DataError)
    stop.set()
    size = len(gzip.compress(small_files()["train-images-idx3-ubyte"], mtime=0))
    for words in (
        f"{addresses[0]}: HTTP Error 404: Not Found",
        f"{addresses[1]}: HTTP Error 503: Service Unavailable",
        f"{addresses[2]}: it ended after {size - 7} of {size} bytes",
        f"{addresses[3]}: timed out",
        "file:///etc/: only http and https are fetched",
    ):
        assert words in said
    assert left(own_places) == []


def test_two_may_fetch_at_once(serve, mirrors, own_places: Path) -> None:
    both = threading.Barrier(2, timeout=10)
    give = giving(small_files())

    def answer(request: Any, name: str) -> None:
        if name.startswith("train-images"):
            both.wait()  # so that each of them is in the middle of it
        give(request, name)

    mirrors(serve(answer))
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(data.load("mnist").labels().tolist())) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [[7, 0, 3], [7, 0, 3]]
    assert left(own_places) == sorted(f"{part}.gz" for part in room.PARTS)


def test_a_cache_that_cant_be_made(mirrors, refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_: str(blocked))
    mirrors("http://127.0.0.1:9/")
    said = refused(data.load, "mnist", kind=DataError)
    assert said.startswith(f"{blocked / 'mnist'} can't be made (")
    assert said.endswith("); set BACKLIT_DATA to a folder that has the files, or name one with data_dir=…")


def test_no_space_is_said_and_nothing_is_left(
    serve, mirrors, own_places: Path, refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    mirrors(serve(giving(small_files())))
    monkeypatch.setattr("os.fsync", full)
    assert "No space left on device" in refused(data.load, "mnist", kind=DataError)
    assert left(own_places) == []


def test_the_mirrors_are_many_and_the_digests_whole() -> None:
    for source in AS_SHIPPED.values():
        assert len(source.mirrors) >= 3
        assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in source.mirrors)
        assert all(len(digest) == 64 and int(digest, 16) for digest in source.sha256)
