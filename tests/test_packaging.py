"""The package as others get it: light to import, versioned once, its names pinned, built with a compiler or without.

Also the house as a whole: setting up says in one line what is missing, and no file speaks of the machine it
was written on. What the package computes is tested elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import backlit

ROOT = Path(__file__).parents[1]

# What a program may rely on. A name that joins or leaves is a decision: change it here, and in the changelog.
PUBLIC = [
    "BacklitClassifier", "BacklitError", "BacklitRegressor", "BacklitWarning", "DataError", "DivergenceError",
    "EngineError", "FitManyError", "Follow", "ModelError", "Network", "Steps", "UsageError", "__version__", "data",
    "fit_many", "from_keras", "from_onnx", "from_sklearn", "from_torch", "from_tree", "interop", "load", "plots",
    "verify",
]  # fmt: skip

HEAVY = (
    "scipy", "sklearn", "pandas", "polars", "pyarrow", "narwhals", "rich", "typer", "torch", "jax",
    "matplotlib", "PIL", "mpmath", "safetensors",
)  # fmt: skip


def test_public_names_are_pinned() -> None:
    assert sorted(backlit.__all__) == sorted(PUBLIC)
    for name in PUBLIC:
        assert getattr(backlit, name) is not None
    assert set(PUBLIC) <= set(dir(backlit))


def test_the_version_stands_in_one_place() -> None:
    assert version("backlit") == backlit.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in changelog


@pytest.mark.parametrize("statement", ["import backlit", "import backlit; backlit.Network([2, 3, 1])"])
def test_nothing_heavy_but_numpy_is_imported(statement: str) -> None:
    program = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) & set(HEAVY) == set()


@pytest.mark.slow
def test_importing_backlit_takes_little_longer_than_numpy() -> None:
    rounds = [(seconds("import backlit"), seconds("import numpy")) for _ in range(7)]
    ours, numpys = (min(times) for times in zip(*rounds, strict=True))
    assert ours <= 1.5 * numpys


def seconds(statement: str) -> float:
    """What a fresh interpreter spends on ``statement``."""
    program = f"from time import perf_counter as now; start = now(); {statement}; print(now() - start)"
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)


# -------------------------------------------------------------------------------- the build


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a build reads, with a folder for what it makes beside it."""
    copy = tmp_path / "tree"
    copy.mkdir()
    for name in ("pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("src", "native"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    return copy


def build(tree: Path, env: dict[str, str]) -> tuple[str, list[str], str]:
    """Builds a wheel of ``tree``; its name, the files in it, and what was said."""
    pytest.importorskip("scikit_build_core", reason="builds are tested where the build backend is installed")
    out = tree.parent / "wheels"
    command = [
        sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index",
        "--verbose", "--wheel-dir", str(out), str(tree),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return wheel.name, opened.namelist(), said


def without_tools(tmp_path: Path, *kept: str) -> dict[str, str]:
    """The environment of a machine with no compiler, CMake, make or Ninja, but for those that are kept."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in kept:
        (tools / name).symlink_to(str(shutil.which(name)))
    return plain_env() | {"PATH": str(tools)}


def plain_env() -> dict[str, str]:
    """This environment without what would change how the package is built."""
    changes = ("BACKLIT_", "CMAKE_", "SKBUILD_", "CC", "CXX")
    return {key: value for key, value in os.environ.items() if not key.startswith(changes)}


def sources(names: list[str]) -> set[str]:
    return {name for name in names if name.startswith("backlit/")}


def is_pure(name: str, files: list[str]) -> bool:
    return name.endswith("-py3-none-any.whl") and not any("_native." in file for file in files)


@pytest.mark.slow
def test_a_wheel_is_built_without_a_compiler(tree: Path, tmp_path: Path) -> None:
    name, files, _ = build(tree, without_tools(tmp_path) | {"BACKLIT_NATIVE": "0"})
    assert name == f"backlit-{backlit.__version__}-py3-none-any.whl"
    src = tree / "src"
    assert sources(files) == {path.relative_to(src).as_posix() for path in src.rglob("*") if path.is_file()}
    assert "backlit/py.typed" in files
    assert any(file.endswith("licenses/LICENSE") for file in files)


NATIVE = """
#include <nanobind/nanobind.h>
NB_MODULE(_native, m) { m.def("answer", [] { return 42; }); }
"""


@pytest.fixture
def small(tree: Path) -> Path:
    """The tree with an extension that is quickly built, by the same CMakeLists.txt."""
    for path in (tree / "native").glob("*"):
        path.write_text("", encoding="utf-8")
    (tree / "native" / "bind.cpp").write_text(NATIVE, encoding="utf-8")
    return tree


needs_cmake = pytest.mark.skipif(
    not shutil.which("cmake") or os.name != "posix", reason="needs CMake, and links to tools"
)


@pytest.mark.slow
@needs_cmake
def test_where_the_native_engine_cannot_be_built_the_package_is(small: Path, tmp_path: Path) -> None:
    makers = [name for name in ("ninja", "make") if shutil.which(name)]
    name, files, said = build(small, without_tools(tmp_path, "cmake", *makers))
    assert is_pure(name, files)
    assert "backlit/__init__.py" in files
    assert said.count("Backlit was built without its native engine") == 1
    assert "With a C++ compiler (g++ or clang), installing Backlit again builds it." in said


@pytest.mark.slow
@needs_cmake
def test_a_compiler_that_fails_is_no_compiler(small: Path) -> None:
    name, files, said = build(small, plain_env() | {"CC": "false", "CXX": "false"})
    assert is_pure(name, files)
    assert said.count("Backlit was built without its native engine") == 1


@pytest.mark.slow
@needs_cmake
def test_the_native_engine_can_be_insisted_on(small: Path) -> None:
    with pytest.raises(AssertionError, match="BACKLIT_NATIVE=1 asks for the native engine, and it can't be"):
        build(small, plain_env() | {"CC": "false", "CXX": "false", "BACKLIT_NATIVE": "1"})


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("cmake") and shutil.which("c++")), reason="needs CMake and a C++ compiler"
)
def test_where_it_can_be_built_it_is(small: Path) -> None:
    pytest.importorskip("nanobind")
    name, files, said = build(small, plain_env() | {"BACKLIT_NATIVE": "1"})
    assert any(re.fullmatch(r"backlit/_native\.[\w.-]*(so|pyd)", file) for file in files), said
    assert ("-cp312-abi3-" if sys.version_info >= (3, 12) else "-cp311-cp311-") in name


# -------------------------------------------------------------------------------- the house


class House:
    """A folder with a copy of .ci/setup, on a machine where only ``commands`` (name → shell script) are found."""

    def __init__(self, tmp_path: Path, commands: dict[str, str]) -> None:
        self.root, self.tools = tmp_path / "house", tmp_path / "tools"
        for folder in (self.root / ".ci", self.root / "src" / "backlit", self.tools):
            folder.mkdir(parents=True)
        shutil.copy(ROOT / ".ci" / "setup", self.root / ".ci")
        (self.root / "src" / "backlit" / "__init__.py").write_text('__version__ = "0"\n', encoding="utf-8")
        (self.root / "pyproject.toml").touch()
        for name in ("sh", "cat", "chmod", "dirname", "find", "grep", "mkdir", "rm", "sed", "tail"):
            (self.tools / name).symlink_to(str(shutil.which(name)))
        for name, script in commands.items():
            (self.tools / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (self.tools / name).chmod(0o755)

    def setup(self, word: str, **env: str) -> tuple[int, str, str]:
        """The exit code of ``.ci/setup WORD``, and what it printed on stdout and stderr."""
        command, env = ["sh", ".ci/setup", word], {"PATH": str(self.tools), **env}
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr


posix = pytest.mark.skipif(os.name != "posix", reason="make's targets are for POSIX systems")


@posix
@pytest.mark.parametrize(
    ("commands", "env", "said"),
    [
        ({}, {}, "Python 3.11 or newer is needed and none was found: install one"),
        (
            {"python3": "echo old 3.9"},
            {},
            "Python 3.11 or newer is needed and none was found (only 3.9): install one",
        ),
        ({"python3.12": "echo 'not installed' >&2; exit 127"}, {}, "and none was found: install one"),
        (
            {"python3.12": "exit 127", "python3": "echo bare 3.11"},
            {},
            (
                "Python 3.11 is here but cannot make environments: install its venv module (on Debian and "
                "Ubuntu: apt install python3.11-venv), then run this again."
            ),
        ),
        ({}, {"PYTHON": "python9"}, "PYTHON=python9 does not run; name a Python that is 3.11 or newer."),
        (
            {"mine": "echo old 2.7"},
            {"PYTHON": "mine"},
            "PYTHON=mine is Python 2.7, which is too old; name a Python that is 3.11 or newer.",
        ),
    ],
)
def test_setup_says_in_one_line_what_is_missing(
    tmp_path: Path, commands: dict[str, str], env: dict[str, str], said: str
) -> None:
    code, _, words = House(tmp_path, commands).setup("plain", **env)
    assert code == 1
    assert words.startswith("backlit: ")
    assert said in words
    assert words.count("\n") == 1


# A Python that answers what it is asked, and makes environments of itself; its pip does what is filled in.
FAKE_PYTHON = r"""
case "$*" in
*ensurepip*) echo good 3.12 ;;
-c*) exit 0 ;;
--version) echo Python 3.12.0 ;;
"-m venv"*) mkdir -p .venv/bin; cat "$0" >.venv/bin/python; chmod +x .venv/bin/python ;;
*pip*) PIP ;;
esac
"""


@posix
def test_setup_says_in_one_line_that_packages_are_out_of_reach(tmp_path: Path) -> None:
    pip = 'echo "ERROR: No matching distribution found for numpy"; exit 1'
    house = House(tmp_path, {"python3.12": FAKE_PYTHON.replace("PIP", pip)})
    code, _, words = house.setup("dev")
    assert code == 1
    assert words == (
        "backlit: packages could not be installed (is there a network? all that pip said is in "
        ".venv/setup.log): ERROR: No matching distribution found for numpy\n"
    )
    assert not (house.root / ".venv" / ".test-ready").exists()


@posix
def test_setup_does_its_work_once_and_mends_what_was_interrupted(tmp_path: Path) -> None:
    house = House(tmp_path, {"python3.12": FAKE_PYTHON.replace("PIP", "exit 0")})
    venv = house.root / ".venv"
    making, installing = "Setting up .venv with Python 3.12.0.\n", "Installing Backlit and what "
    assert house.setup("venv") == (0, making, "")
    assert house.setup("plain")[1].startswith(installing)
    assert house.setup("plain") == (0, "", "")
    assert house.setup("dev")[1].startswith(installing)
    assert house.setup("dev") == (0, "", "")

    (venv / ".unfinished").touch()  # as a Ctrl-C leaves it
    assert house.setup("dev")[1].startswith(making + installing)
    (venv / "bin" / "python").write_text("#!/nowhere/python\n", encoding="utf-8")  # its Python was removed
    assert house.setup("dev")[1].startswith(making + installing)

    os.utime(venv / ".test-ready", (0, 0))  # so that pyproject.toml is newer
    assert house.setup("dev")[1].startswith(installing)
    door = house.root / "src" / "backlit" / "__init__.py"
    door.write_text('__version__ = "1"\n', encoding="utf-8")
    assert house.setup("dev")[1].startswith(installing)
    assert house.setup("plain") == (0, "", "")  # what is ready for the tests is ready for everything


@posix
def test_setup_keeps_an_environment_that_was_made_by_hand(tmp_path: Path) -> None:
    house = House(tmp_path, {"python3.12": FAKE_PYTHON.replace("PIP", "exit 0")})
    house.setup("venv")
    (house.root / ".venv" / "mine").touch()
    assert house.setup("dev")[1].startswith("Installing")
    assert (house.root / ".venv" / "mine").exists()


@posix
def test_setup_builds_again_where_native_code_or_the_compiler_is_new(tmp_path: Path) -> None:
    house = House(tmp_path, {"python3.12": FAKE_PYTHON.replace("PIP", "exit 0")})
    native = house.root / "native"
    native.mkdir()
    kernel = native / "kernel.hpp"
    kernel.touch()
    for path in (kernel, native):
        os.utime(path, (0, 0))
    house.setup("dev")
    assert house.setup("dev") == (0, "", "")
    os.utime(kernel, (2**33, 2**33))  # as a pull leaves it, or an edit
    assert house.setup("dev")[1].startswith("Installing")
    os.utime(kernel, (0, 0))
    assert house.setup("dev") == (0, "", "")
    (house.tools / "g++").symlink_to(house.tools / "cat")
    assert house.setup("dev")[1].startswith("Installing")
    assert house.setup("dev") == (0, "", "")


@posix
@pytest.mark.parametrize(
    ("compiler", "remedy"),
    [
        (None, "install a C++ compiler (g++ or clang), and the next make builds it.\n"),
        ("g++", ".venv/setup.log says why it could not be built.\n"),
    ],
)
def test_setup_says_once_how_to_get_the_native_engine(
    tmp_path: Path, compiler: str | None, remedy: str
) -> None:
    lacks = "*backlit._native*) exit 1 ;;\n-c*)"
    house = House(tmp_path, {"python3.12": FAKE_PYTHON.replace("PIP", "exit 0").replace("-c*)", lacks, 1)})
    if compiler:
        (house.tools / compiler).symlink_to(house.tools / "cat")
    said = "Backlit computes with NumPy here; its native engine is several times as fast: "
    assert house.setup("dev")[1].endswith(said + remedy)
    assert house.setup("dev") == (0, "", "")
    assert said not in house.setup("plain", BACKLIT_NATIVE="0")[1]  # as was asked for


def files_of_the_house() -> list[Path]:
    """What git holds or would take; without git (in an unpacked archive), nothing is checked."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    command = [git, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_speaks_of_the_machine_it_was_written_on() -> None:
    place = re.compile(r"(?<![\w.:/])/(work|root|home|Users)/[\w.]")
    found = []
    for path in files_of_the_house():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        for number, line in enumerate(text.splitlines(), start=1):
            if place.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_what_the_makefile_calls_proved_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (names,) = re.findall(r"^PROVED := (.*)$", makefile, flags=re.MULTILINE)
    for name in names.split():
        room = ROOT / "src" / "backlit" / name
        assert room.is_dir() or room.with_suffix(".py").is_file(), f"nothing would be measured for {name}"


def test_every_file_that_a_build_needs_is_there() -> None:
    for name in (
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "src/backlit/py.typed",
    ):
        assert (ROOT / name).is_file(), f"{name} is missing"
