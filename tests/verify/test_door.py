"""The door of backlit.verify: its public names, and that it opens only what is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from backlit import verify

PUBLIC = [
    "MISTAKES", "Edit", "Finding", "Report", "check", "check_function", "compare", "diagnose", "diagnose_forward",
    "diagnose_update", "mistaken",
]  # fmt: skip


def test_public_names_are_pinned() -> None:
    assert sorted(verify.__all__) == sorted(PUBLIC)
    for name in PUBLIC:
        assert getattr(verify, name) is not None
    assert set(PUBLIC) <= set(dir(verify))


def test_a_name_that_it_has_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'backlit\.verify' has no attribute 'chekc'"):
        _ = verify.chekc


def test_the_door_alone_brings_nothing_of_the_rooms() -> None:
    program = "import sys, backlit.verify; print([name for name in sys.modules if name.startswith('backlit.verify.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
