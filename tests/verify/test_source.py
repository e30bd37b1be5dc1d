"""The edit in the user's own file: users' files of many styles, a mistake planted in each, found and mended.

A file under sources/ is whole and right. Below a line stands what it reads with a mistake in it, as

    #~ <mistake> [layers] [equal] [net] [either] [swap] [none]: <the line with the mistake>

("equal": runs with layers of one width only; "net": needs to know the cost; "either": several lines mend it as well as
one another; "sums": the mended function gives sums for means, a convention; "swap": the line below changes places with
this one; "none": no single edit is expected). The planted text is made by putting that line in; what ``mended`` then
says is compared with where it was put, and the mended file is run (by Python itself) and compared with ``net.gradient``
on other sizes and other numbers than the locator's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import Network
from backlit.verify.editing.locate import MAKERS, locate, mended
from backlit.verify.finding import Edit
from backlit.verify.gradients.table import GRADIENT_MISTAKES

FOLDER = Path(__file__).parent / "sources"
STYLES = sorted(path.stem for path in FOLDER.glob("*.py"))
HEADS = {"function", "net", "run", "calls"}
MARKED = re.compile(r"#~ ([a-z-]+)((?: [^:]*?)?): (.*)")
L2 = 0.3
M = 5  # examples


@dataclass
class Planted:
    """One planted mistake: its line in the file, counted from 1, and the whole text with it."""

    mistake: str
    marks: tuple[str, ...]
    line: int
    text: str

    @property
    def layers(self) -> tuple[int, ...]:
        first = self.marks[0] if self.marks else ""
        return tuple(map(int, first.split(","))) if first[:1].isdigit() else ()

    def __str__(self) -> str:
        return f"{self.mistake} {' '.join(self.marks)} on line {self.line}"


@dataclass
class Style:
    """A user's file."""

    name: str
    head: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    @property
    def L(self) -> int:
        return len(self.head["net"].split()) - 1

    def network(self, *, equal: bool) -> Network:
        *activations, cost = self.head["net"].split()
        sizes = [3] * (self.L + 1) if equal else [*[4, 5, 3, 4, 2][: self.L], 2]
        return Network(sizes, activations=activations, cost=cost, seed=3)


@cache
def style(name: str) -> Style:
    made, kept = Style(name), []
    for line in (FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines():
        found = MARKED.fullmatch(line.strip())
        if found and found.group(1) not in HEADS:
            kept.append((found.group(1), tuple(found.group(2).split()), found.group(3), len(made.lines)))
        elif found:
            made.head[found.group(1)] = found.group(3)
        elif line.strip().startswith("#~ "):
            made.head[line.strip()[3:]] = ""
        else:
            made.lines.append(line)
    for mistake, marks, text, line in kept:
        lines = list(made.lines)
        right = lines[line - 1]
        lines[line - 1] = right[: len(right) - len(right.lstrip())] + text
        if "swap" in marks:
            lines[line] = right
        made.planted.append(Planted(mistake, marks, line, "\n".join(lines) + "\n"))
    return made


def run(one: Style, text: str, net: Network) -> list[Any]:
    """What the file's function gives, run by Python: the parts of ∇C in order."""
    rng = np.random.default_rng(5)
    m = 1 if "one" in one.head else M
    x, x0 = rng.normal(size=(m, net.sizes[0])), rng.normal(size=(m, net.sizes[0]))
    y, y0 = example_y(rng, m, net), example_y(rng, m, net)
    theta = (
        list(map(net.theta.__class__.copy, net.views(net.theta)[0][1:])),
        list(net.views(net.theta)[1][1:]),
    )
    w, b = [p.copy() for p in theta[0]], [p.copy() for p in theta[1]]
    names: dict[str, Any] = {
        "__name__": "theirs",
        "np": np,
        "w": w,
        "b": b,
        "x": x,
        "y": y,
        "x0": x0,
        "y0": y0,
    }
    names |= {"l2": L2, "masks": masks(one, net, m)}
    if "torch" in one.head:
        torch = pytest.importorskip("torch")
        to = lambda held: torch.from_numpy(held.copy())  # noqa: E731
        names |= {"w": list(map(to, w)), "b": list(map(to, b)), "x": to(x), "y": to(y)}
    with np.errstate(all="ignore"):
        exec(compile(text, one.name, "exec"), names)
        of_w, of_b = eval(one.head["run"], names)
    return [np.asarray(part) for pair in zip(of_w, of_b, strict=True) for part in pair]


def example_y(rng: np.random.Generator, m: int, net: Network) -> Any:
    raw = rng.uniform(0.1, 1, (m, net.sizes[-1]))
    return raw / raw.sum(axis=1, keepdims=True)


def masks(one: Style, net: Network, m: int) -> list[Any] | None:
    if "masks" not in one.head:
        return None
    rng = np.random.default_rng(8)
    return [None, *(np.where(rng.random((m, n)) < 0.6, 1 / 0.6, 0) for n in net.sizes[1:-1])]


def right(one: Style, net: Network) -> list[Any]:
    rng = np.random.default_rng(5)
    m = 1 if "one" in one.head else M
    x, _ = rng.normal(size=(m, net.sizes[0])), rng.normal(size=(m, net.sizes[0]))
    y = example_y(rng, m, net)
    options = {"l2": L2} if "l2" in one.head else {}
    got = net.gradient(x, y, dropout_masks=masks(one, net, m), **options)
    return [part for pair in zip(got.w, got.b, strict=True) for part in pair]


def is_right(one: Style, text: str, *, equal: bool, factor: float = 1) -> bool:
    net = one.network(equal=equal)
    try:
        got = run(one, text, net)
    except (ValueError, LookupError, RuntimeError):
        return False  # shapes that don't fit, parts that are not there
    wanted = [factor * part for part in right(one, net)]
    return len(got) == len(wanted) and all(
        g.reshape(-1).shape == t.reshape(-1).shape
        and np.allclose(g.reshape(t.shape), t, rtol=1e-9, atol=1e-12)
        for g, t in zip(got, wanted, strict=True)
    )


@cache
def said(name: str) -> list[tuple[Planted, Edit | None, str]]:
    """What is found in each planted text of a style, the cost being known."""
    one = style(name)
    found = []
    for planted in one.planted:
        net = one.network(equal=True)
        made = mended(planted.text, one.head["function"], planted.mistake, planted.layers, one.L, net=net)
        found.append((planted, None if made is None else made.edit, "" if made is None else made.text))
    return found


@pytest.mark.parametrize("name", STYLES)
def test_the_users_file_is_right_as_it_stands_and_wrong_with_each_mistake(name: str) -> None:
    one = style(name)
    assert is_right(one, one.text, equal=False)
    for planted in one.planted:
        assert not is_right(one, planted.text, equal="equal" in planted.marks), str(planted)


@pytest.mark.parametrize("name", STYLES)
def test_an_edit_is_of_the_line_that_is_wrong_and_mends_the_gradient(name: str) -> None:
    one = style(name)
    for planted, edit, text in said(name):
        if edit is None:
            continue
        assert edit.line == planted.line or "either" in planted.marks, f"{planted}: {edit}"
        assert edit.line is not None
        line = planted.text.splitlines()[edit.line - 1]
        assert edit.before in line or "; " in edit.before, f"{planted}: {edit}"
        assert edit.after != edit.before
        factor = M if "sums" in planted.marks else 1
        assert is_right(one, text, equal=False, factor=factor), f"{planted}: {edit}"


def test_most_planted_mistakes_get_an_edit() -> None:
    outcomes = [(p, edit) for name in STYLES for p, edit, _ in said(name) if "none" not in p.marks]
    missed = [str(p) for p, edit in outcomes if edit is None]
    assert len(missed) <= 0.01 * len(outcomes), missed
    assert len(outcomes) > 350


def test_every_mistake_that_has_edits_is_of_the_table_and_planted() -> None:
    assert set(MAKERS) <= {row.id for row in GRADIENT_MISTAKES}
    assert set(MAKERS) == {p.mistake for name in STYLES for p in style(name).planted if "none" not in p.marks}


@pytest.mark.parametrize("name", STYLES)
def test_a_right_file_gets_no_edit(name: str) -> None:
    one = style(name)
    net = one.network(equal=True)
    assert locate(one.text, one.head["function"], "sigma-prime-missing", (), one.L, net=net) is None


RIGHT = """import numpy as np

def f(z):
    return 1 / (1 + np.exp(-z))

def gradients(weights, biases, x, y):
    z1 = x @ weights[0].T + biases[0]
    a1 = f(z1)
    z2 = a1 @ weights[1].T + biases[1]
    a2 = f(z2)
    delta = (a2 - y) * a2 * (1 - a2)
    dw2, db2 = delta.T @ a1 / len(x), delta.mean(axis=0)
    delta = {back}
    return [delta.T @ x / len(x), dw2], [delta.mean(axis=0), db2]
"""


def test_an_edit_says_where_and_keeps_their_words(tmp_path: Path) -> None:
    path = tmp_path / "my_backprop.py"
    path.write_text(RIGHT.format(back="delta @ weights[1]"), encoding="utf-8")
    edit = locate(path, "gradients", "sigma-prime-missing", (1,), 2)
    assert edit is not None
    assert str(edit) == (
        f"{path}:13   delta = delta @ weights[1]   →   delta = (delta @ weights[1]) * a1 * (1 - a1)"
    )


def test_what_stands_in_several_lines_is_told_by_its_own_line() -> None:
    text = RIGHT.format(back="(\n        delta @ weights[1]\n        * f(z1) * (1 - f(a1))\n    )")
    made = mended(text, "gradients", "sigma-prime-of-a", (1,), 2)
    assert made is not None
    assert made.edit == Edit("* f(z1) * (1 - f(a1))", "* f(z1) * (1 - f(z1))", None, 15)


def test_another_mistake_that_stays_means_no_edit() -> None:
    text = RIGHT.format(back="delta @ weights[1]").replace("delta.mean(axis=0), db2", "delta[0], db2")
    assert locate(text, "gradients", "sigma-prime-missing", (1,), 2) is None


def test_two_lines_that_would_do_as_well_mean_no_edit() -> None:
    text = RIGHT.format(back="(delta @ weights[1]) * (a1 * (1 - a1))").replace(
        "    return [delta", "    delta = delta * (a1 * (1 - a1))\n    return [delta"
    )
    assert locate(text, "gradients", "sigma-prime-twice", (1,), 2) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "def gradients(:\n", "x = 1\n", "def gradients():\n    return 1\n", "\0\n", "(" * 5000 + "\n",
        "def gradients(weights, biases, x, y):\n    while True:\n        pass\n",
        "def gradients(weights, biases, x, y):\n    while 1:\n        weights = [weights, weights]\n",
        "def gradients(weights, biases, x, y):\n    return gradients(weights, biases, x, y)\n",
        "import numpy as np\ndef gradients(weights, biases, x, y):\n    return np.zeros((10**6, 10**6))\n",
        "def gradients(weights, biases, x, y):\n    return 10 ** 10 ** 10\n",
        "def gradients(weights, biases, x, y):\n    return 'a' * 10 ** 10\n",
        "def gradients(weights, biases, x, y):\n    return list(range(10 ** 12))\n",
        "def gradients(weights, biases, x, y):\n    return [x @ w for w in weights][7]\n",
        "async def gradients(weights, biases, x, y):\n    return await weights\n",
        "class gradients:\n    weights = 1\n",
    ],
)  # fmt: skip
def test_code_that_is_not_understood_gets_no_edit_and_no_traceback(text: str) -> None:
    assert locate(text + "\n", "gradients", "sigma-prime-missing", (1,), 2) is None


def test_nothing_of_the_file_is_executed(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    inside = f"    open({str(trap)!r}, 'w')\n    __import__('os').mkdir({str(trap)!r})\n    z1 ="
    text = RIGHT.format(back="delta @ weights[1]").replace("    z1 =", inside)
    text = f"import os\nmade = os.mkdir({str(trap)!r})\nheld = open({str(trap)!r}, 'w')\n" + text
    assert locate(text, "gradients", "sigma-prime-missing", (1,), 2) is None
    assert not trap.exists()


@pytest.mark.parametrize(
    "way",
    [
        "np.load('x')", "np.ndarray.tofile(x, 'x')", "x.tofile('x')", "x.__class__", "np.__loader__",
        "f.__globals__", "().__class__.__bases__", "getattr(np, 'load')", "eval('1')", "np.lib.npyio",
        "'{0.__class__}'.format(x)", "np.zeros(3).base.__class__", "np.sum.__globals__", "np.where.__self__",
    ],
)  # fmt: skip
def test_what_could_reach_out_of_the_arithmetic_is_not_read(way: str) -> None:
    text = RIGHT.format(back="delta @ weights[1]").replace("    z1 =", f"    {way}\n    z1 =")
    assert locate(text, "gradients", "sigma-prime-missing", (1,), 2) is None


def test_a_file_that_is_not_there_or_not_text_gets_no_edit(tmp_path: Path) -> None:
    assert locate(tmp_path / "absent.py", "f", "sigma-prime-missing", (1,), 2) is None
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    assert locate(tmp_path / "bytes.py", "f", "sigma-prime-missing", (1,), 2) is None


def test_layouts_and_unknown_ids_have_no_edit() -> None:
    text = RIGHT.format(back="delta @ weights[1]")
    assert locate(text, "gradients", "layout-w-transposed", (), 2) is None
    assert locate(text, "gradients", "no-such-mistake", (), 2) is None
