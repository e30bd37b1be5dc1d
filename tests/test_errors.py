"""The exceptions: the tree that is drawn on top of errors.py is the tree there is, and messages help."""

from __future__ import annotations

import builtins
import inspect
import re

import pytest
from hypothesis import given, strategies as st

from backlit import errors
from backlit.errors import BacklitError, BacklitWarning, UsageError, missing, nearest, unknown

DRAWN = re.compile(r"^(?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)(?:\s{2,}(?P<about>.*))?$", re.MULTILINE)


def drawn() -> dict[str, tuple[str | None, str]]:
    """Each class in the drawing: its parent and what is said about it."""
    path: list[tuple[int, str]] = []
    found: dict[str, tuple[str | None, str]] = {}
    for line in DRAWN.finditer(str(errors.__doc__).split("\n\n", 1)[1]):
        depth = len(line["branch"])
        path = [(d, name) for d, name in path if d < depth]
        found[line["name"]] = (path[-1][1] if path else None, line["about"] or "")
        path.append((depth, line["name"]))
    return found


def test_the_drawing_is_the_tree() -> None:
    tree = drawn()
    classes = {
        name: one
        for name, one in vars(errors).items()
        if inspect.isclass(one) and one.__module__ == errors.__name__
    }
    assert set(tree) == set(classes) | {"Exception", "UserWarning"}
    for name, one in classes.items():
        parent, about = tree[name]
        assert one.__bases__[0].__name__ == parent
        others = [base.__name__ for base in one.__bases__[1:]]
        assert [said for said in re.findall(r"\((\w+)", about) if hasattr(builtins, said)] == others
        code = re.search(r"exit code (\d)", about)
        if code:
            assert one.exit_code == int(code[1])
        assert one.__doc__


def test_everything_raised_on_purpose_can_be_caught_at_once() -> None:
    for name, one in vars(errors).items():
        if inspect.isclass(one) and issubclass(one, Exception) and one.__module__ == errors.__name__:
            assert issubclass(one, BacklitError) or one is BacklitWarning, name
    assert BacklitError.exit_code == 3


@pytest.mark.parametrize(
    ("got", "known", "found"),
    [
        ("sigmid", ("tanh", "sigmoid"), "sigmoid"),
        ("SIGMOID", ("tanh", "Sigmoid"), "Sigmoid"),
        ("q", ("tanh", "sigmoid"), None),
        ("", ("tanh",), None),
        ("tanh", (), None),
    ],
)
def test_the_nearest_name(got: str, known: tuple[str, ...], found: str | None) -> None:
    assert nearest(got, known) == found


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=12), max_size=6))
def test_the_nearest_name_is_a_known_one(got: str, known: list[str]) -> None:
    assert nearest(got, known) in (*known, None)
    if got in known:
        assert str(nearest(got, known)).lower() == got.lower()


def test_an_unknown_name() -> None:
    error = unknown("pet", "kat", ["dog", "cat"])
    assert isinstance(error, UsageError)
    assert isinstance(error, ValueError)
    assert str(error) == "unknown pet 'kat'. Did you mean 'cat'? Known: dog, cat."
    assert str(unknown("pet", 3, ["dog"])) == "unknown pet 3. Known: dog."
    assert str(unknown("pet", "hund", ["dog", "cat"], meant="dog")).startswith(
        "unknown pet 'hund'. Did you mean 'dog'?"
    )


def test_a_missing_package() -> None:
    error = missing("mpmath", "verify", "proofs in 50 digits")
    assert isinstance(error, ImportError)
    assert error.exit_code == 2
    assert (
        str(error)
        == "proofs in 50 digits needs mpmath, which is not installed: pip install 'backlit[verify]'"
    )
