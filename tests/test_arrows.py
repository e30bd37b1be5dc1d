"""The arrows of the house: each room imports only from rooms before it, and nothing imports in a circle.

The imports are read from the source, so those inside functions and those for type checkers count too. It is
not about third-party packages: what ``import backlit`` loads is test_packaging's matter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "src" / "backlit"

# Rooms of one line may import one another, never in a circle; otherwise a room imports from the lines above.
HOUSE = (
    ("errors", "spelling", "streams", "threads", "options", "namespaces", "functions", "notation", "registry"),
    ("equations",),
    ("randomness", "initialisation", "targets", "network"),
    ("dropout", "inputs", "optimizers", "passes"),
    ("engines",),
    (
        "schedules", "settings", "history", "progress", "interrupt", "metrics", "monitor", "divergence",
        "sets", "callbacks", "recorder", "lbfgs", "training", "many", "finder", "storage", "metadata",
        "checkpoints", "files", "by_hand", "data", "use",
    ),
    ("explain", "verify"),
    ("worksheets",),
    ("pipeline", "plots", "estimators", "interop"),
    ("cli", "__main__"),
)  # fmt: skip
LEVELS = {room: level for level, rooms in enumerate(HOUSE) for room in rooms}

# A network's verbs lead to the rooms where each matter stands, and what can be drawn draws itself by leading
# to plots. Such a method imports when it is called and is one line: nothing of a later room stands in it.
VERBS = "verbs"
LEADERS: dict[str, set[str]] = {
    VERBS: {room for rooms in HOUSE for room in rooms},
    "history": {"plots"},
    "finder": {"plots"},
    "verify": {"verify"},  # a report leads to its own text
    "worksheets": {"worksheets"},  # a sheet leads to its own renderers, marks to their text
    "explain": {"explain"},  # a derivation leads to its own proof and renderers, which read it
}
LEVELS[VERBS] = LEVELS["network"]

# The front door gathers all rooms, so no room may look out of it, but for the version that signs files.
DOOR = "__init__"
FROM_THE_DOOR = {"__version__"}


@dataclass(frozen=True)
class Import:
    """``importer`` takes ``target`` (both dotted, without the package's name) on ``line``."""

    importer: str
    target: str
    name: str
    line: int
    when: str  # "import"; "call", or "verb" where the whole function is one line; "typing"

    @property
    def leads(self) -> bool:
        """Whether this is a method that leads to a later room, or what a type checker needs to see of one."""
        here, there = self.rooms
        kinds = {"verb", "typing"} if here == VERBS else {"verb"}
        return there in LEADERS.get(here, ()) and self.when in kinds

    @property
    def rooms(self) -> tuple[str, str]:
        return self.importer.split(".")[0], self.target.split(".")[0]

    def __str__(self) -> str:
        path = self.importer.replace(".", "/")
        return f"{path}.py:{self.line} imports {self.target}{f' ({self.name})' if self.name else ''}"


def modules(root: Path) -> dict[str, Path]:
    """Dotted name → file; a package goes by its own name, the front door by ``__init__``."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = list(path.relative_to(root).with_suffix("").parts)
        if parts[-1] == DOOR and len(parts) > 1:
            parts.pop()
        found[".".join(parts)] = path
    return found


def imports(name: str, path: Path, known: dict[str, Path]) -> Iterator[Import]:
    """Every import of another module of the package that stands in ``path``, wherever it stands."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name.split(".") if path.stem == DOOR else name.split(".")[:-1]
    if name == DOOR:
        package = []

    def visit(node: ast.AST, when: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inner = when
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = "verb" if is_verb(child) else "call"
            elif isinstance(child, ast.Lambda):
                inner = "call"
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                inner = "typing"
            for target, what in targets(child, package, known):
                yield Import(name, target, what, child.lineno, inner)
            yield from visit(child, inner)

    yield from visit(tree, "import")


def is_verb(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it only imports and then says one thing."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (
        len(body) == 2 and isinstance(body[0], ast.ImportFrom) and isinstance(body[1], ast.Return | ast.Expr)
    )


def targets(node: ast.AST, package: list[str], known: dict[str, Path]) -> Iterator[tuple[str, str]]:
    """The modules that one statement imports, each with the name that is taken from it ('' for the whole)."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            head, _, rest = alias.name.partition(".")
            if head == "backlit":
                yield (rest or DOOR), ""
    if isinstance(node, ast.ImportFrom):
        if node.level:
            base = [*package[: len(package) - node.level + 1], *filter(None, [node.module])]
        elif node.module and node.module.split(".")[0] == "backlit":
            base = node.module.split(".")[1:]
        else:
            return
        for alias in node.names:
            submodule = ".".join([*base, alias.name])
            if submodule in known:
                yield submodule, ""
            else:
                yield ".".join(base) or DOOR, alias.name


def every_import(root: Path) -> list[Import]:
    known = modules(root)
    return [found for name, path in known.items() if name != DOOR for found in imports(name, path, known)]


def breaches(found: list[Import]) -> list[str]:
    """The imports against the arrows, in words."""
    wrong = []
    for one in found:
        here, there = one.rooms
        if there == DOOR:
            allowed = one.name in FROM_THE_DOOR
        else:
            allowed = one.leads or LEVELS.get(there, len(HOUSE)) <= LEVELS.get(here, -1)
        if not allowed:
            wrong.append(str(one))
    return wrong


def circle(found: list[Import]) -> list[str] | None:
    """Modules that import one another in a circle, or None."""
    graph: dict[str, set[str]] = {}
    for one in found:
        if not one.leads and one.rooms[1] != DOOR and one.importer != one.target:
            graph.setdefault(one.importer, set()).add(one.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return None


def test_every_room_has_its_place() -> None:
    rooms = {name.split(".")[0] for name in modules(ROOT)} - {DOOR}
    assert sorted(rooms - set(LEVELS)) == [], "rooms that HOUSE in this file does not place"


def test_imports_run_one_way() -> None:
    assert breaches(every_import(ROOT)) == []


def test_nothing_imports_in_a_circle() -> None:
    assert circle(every_import(ROOT)) is None


@pytest.mark.parametrize(
    ("room", "line", "said"),
    [
        ("errors.py", "from .training import fit", "errors.py:1 imports training (fit)"),
        ("equations.py", "def f():\n    from . import network", "equations.py:2 imports network"),
        ("functions/costs.py", "from ..equations import B1", "functions/costs.py:1 imports equations (B1)"),
        ("engines/numpy.py", "import backlit.training", "engines/numpy.py:1 imports training"),
        ("equations.py", "from backlit import network", "equations.py:1 imports network"),
        ("files.py", "from . import Network", "files.py:1 imports __init__ (Network)"),
        ("verbs.py", "from .training import fit", "verbs.py:1 imports training (fit)"),
        (
            "verbs.py",
            "def fit(net):\n    from .training import fit\n    net.check()\n    return fit(net)",
            "verbs.py:2 imports training (fit)",
        ),
        ("history.py", "def f():\n    from .cli import f\n    f()", "history.py:2 imports cli (f)"),
        ("training.py", "def f():\n    from .plots import f\n    f()", "training.py:2 imports plots (f)"),
        ("options.py", "if TYPE_CHECKING:\n    from .cli import main", "options.py:2 imports cli (main)"),
        ("attic.py", "from .errors import UsageError", "attic.py:1 imports errors (UsageError)"),
    ],
)
def test_an_import_against_the_arrows_is_found(tmp_path: Path, room: str, line: str, said: str) -> None:
    house(tmp_path, {room: line})
    assert breaches(every_import(tmp_path)) == [said]


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("files.py", "from . import __version__"),
        ("verbs.py", 'def fit():\n    """Fits."""\n    from .training import fit\n    return fit()'),
        ("history.py", "def plot():\n    from .plots import plot\n    return plot()"),
        ("verbs.py", "if TYPE_CHECKING:\n    from .training import fit"),
        ("training.py", "def fit():\n    from .checkpoints import save"),
        ("cli/__init__.py", "from .. import plots\nfrom . import train"),
        ("__init__.py", "from .training import fit"),
        ("errors.py", "import numpy as np\nfrom scipy import training"),
    ],
)
def test_an_import_along_the_arrows_passes(tmp_path: Path, room: str, line: str) -> None:
    house(tmp_path, {room: line})
    assert breaches(every_import(tmp_path)) == []


def test_a_circle_is_found_even_through_deferred_imports(tmp_path: Path) -> None:
    house(
        tmp_path,
        {
            "training.py": "def fit():\n    from .checkpoints import save",
            "checkpoints.py": "from .training import fit",
        },
    )
    assert sorted(set(circle(every_import(tmp_path)) or [])) == ["checkpoints", "training"]


def house(root: Path, sources: dict[str, str]) -> None:
    """A small house for a test: some empty rooms, and those of ``sources``."""
    empty = (
        "__init__",
        "network",
        "training",
        "checkpoints",
        "plots",
        "engines/__init__",
        "functions/__init__",
    )
    for name in (*(f"{room}.py" for room in empty), "cli/__init__.py", "cli/train.py", *sources):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sources.get(name, ""), encoding="utf-8")
