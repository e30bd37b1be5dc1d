"""What the tests share: one BLAS thread, no chance in hypothesis, seeded numbers, engines, the real MNIST.

No test data and no assertions are here. A fixture that can't be had skips the test and says why.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# None of the imports above loads NumPy, which reads these when it is first imported. Two workers with two
# BLAS threads each would fight over two cores; one thread also gives the same bits on every run.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_name, "1")

settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.load_profile("ci")

MNIST = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``engine`` is run on every engine and every instruction set of this machine."""
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", engines_here(), indirect=True)


def engines_here() -> list[str]:
    """``"numpy"``, and ``"cpu-avx2"`` and its like where the native engine is part of this installation."""
    try:
        from backlit._native import cpus
    except ImportError:
        return ["numpy"]
    return ["numpy", *(f"cpu-{cpu}" for cpu in cpus())]


@pytest.fixture
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One engine, by the seam that all of them keep; ``engine.name`` is what ``engine=`` takes."""
    from backlit.engines import ENGINES

    name, _, cpu = request.param.partition("-")
    if cpu:
        monkeypatch.setenv("BACKLIT_CPU", cpu)
    return ENGINES[name]


@pytest.fixture
def python() -> Iterator[Any]:
    """Starts Python on a story and waits for it to say "running"; whatever happens, it ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *arguments]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(running)
        assert running.stdout is not None
        assert running.stdout.readline() == "running\n"
        return running

    yield start
    for one in started:
        one.kill()
        one.communicate()


@pytest.fixture
def rng() -> Any:
    """NumPy's generator, freshly seeded for each test."""
    import numpy as np

    return np.random.default_rng(20260)


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The folder with MNIST's four files, read-only: ``$BACKLIT_DATA/mnist``."""
    root = os.environ.get("BACKLIT_DATA")
    if not root:
        pytest.skip("the real MNIST is read where BACKLIT_DATA names the folder that holds mnist/")
    folder = Path(root) / "mnist"
    absent = [name for name in MNIST if not (folder / name).is_file()]
    if absent:
        pytest.skip(f"{folder} lacks {', '.join(absent)}")
    return folder
