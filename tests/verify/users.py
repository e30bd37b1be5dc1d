"""What the tests of users' functions share: a small network with its examples, and the files of the folder hostile."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from backlit.verify.calling.practice import batch_for, practice

HOSTILE = Path(__file__).parent / "hostile"
SIZES = (4, 3, 3, 2)


@cache
def hostile(name: str) -> ModuleType:
    """A file of the folder as a module of this process."""
    spec = importlib.util.spec_from_file_location(f"hostile_{name}", HOSTILE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def small() -> tuple[Any, Any, Any]:
    """A network of sizes 4, 3, 3, 2 with 5 examples."""
    return practice(SIZES), *batch_for(SIZES)


# What each function of misbehaves.py comes to: the trouble's id, and words of the finding.
TROUBLES: dict[str, dict[str, Any]] = {
    "raises": {
        "id": "trouble-raised",
        "says": ["raises TypeError", "misbehaves.py, line 36", "unsupported operand"],
    },
    "raises_a_name": {"id": "trouble-raised", "says": ["raises NameError", "missing_name", "line 40"]},
    "raises_in_str": {"id": "trouble-raised", "says": ["raises Rude"]},
    "raises_colours": {"id": "trouble-raised", "says": ["raises ValueError", "?[31mred?[0m ?"]},
    "hangs": {"id": "trouble-hung", "says": ["did not end within", "misbehaves.py, line "]},
    "hangs_and_catches": {"id": "trouble-hung", "says": ["did not end within", "misbehaves.py, line "]},
    "asks": {"id": "trouble-raised", "says": ["raises EOFError", "asks for input"]},
    "weights_only": {
        "id": "trouble-shape",
        "says": ["27 numbers", "the biases' are missing", "(3, 4), (3, 3), (2, 3)"],
    },
    "one_number": {"id": "trouble-shape", "says": ["1 number", "27 weights and 8 biases"]},
    "returns_none": {"id": "trouble-none", "says": ["returns None", "return"]},
    "returns_text": {"id": "trouble-values", "says": ["text is returned"]},
    "returns_itself": {"id": "trouble-values", "says": ["contains itself"]},
    "returns_nan": {"id": "trouble-nan", "says": ["returns NaN", "result[0][1][0, 2]", "invalid value"]},
    "returns_infinity": {"id": "trouble-nan", "says": ["returns −∞", "result[1][0][1]"]},
    "returns_complex": {"id": "trouble-values", "says": ["complex numbers", "result[0][0]"]},
    "generates_without_end": {"id": "trouble-values", "says": ["more than 20,000 parts"]},
    "recurses": {"id": "trouble-raised", "says": ["RecursionError", "calls itself"]},
    "exits": {"id": "trouble-raised", "says": ["ends the program", "misbehaves.py, line"]},
    "awaits": {"id": "trouble-values", "says": ["coroutine", "async"]},
    "takes_memory": {"id": "trouble-raised", "says": ["MemoryError", "memory"]},
}
NOTES = {  # of functions that give a gradient all the same: the trouble, and words of it
    "prints": ("trouble-printed", "epoch 1 ..."),
    "prints_much": ("trouble-printed", "xxx…"),
    "returns_integers": ("trouble-integers", "whole numbers"),
    "generates": ("trouble-generator", "generator"),
    "changes_weights": ("trouble-changed-inputs", "changes weights in place"),
    "changes_x": ("trouble-changed-inputs", "changes x in place"),
    "warns": ("trouble-warned", "overflow encountered in exp"),
    "accumulates": ("trouble-unsteady", "other numbers"),
    "lags": ("trouble-unsteady", "other numbers"),
    "rolls_dice": ("trouble-unsteady", "other numbers"),
}
