"""A derivation as plain data: steps in a list, each once, naming its children by their place. The JSON of ``--json``.

Versioned; docs/derivation.schema.json is its schema, and a test holds the two together. What is no finite number is
null.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .formula import Formula
from .proof import Agreement
from .steps import Derivation, Kink, Step, Terms, walk

SCHEMA, VERSION = "backlit.derivation", 1


def to_dict(derivation: Derivation, *, proof: bool = True) -> dict[str, Any]:
    """The whole derivation; ``steps[0]`` is the root. ``proof`` evaluates everything again (``check``)."""
    steps = list(walk(derivation.root))
    places = {id(step): place for place, step in enumerate(steps)}
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "name": derivation.name,
        "notation": derivation.notation,
        "value": plain(derivation.value),
        "shape": list(derivation.root.shape),
        "statement": derivation.statement,
        "conventions": list(derivation.conventions),
        "included": {key: plain(value) for key, value in derivation.included.items()},
        "examples": None if derivation.problem.numbers is None else list(derivation.problem.numbers),
        "steps": [_step(step, places) for step in steps],
        "proof": _proof(derivation.check()) if proof else None,
    }


def _step(step: Step, places: dict[int, int]) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "tag": step.tag,
        "symbol": _formula(step.symbol),
        "formula": _formula(step.formula),
        "lines": [_formula(line) for line in step.lines],
        "numbers": _formula(step.numbers),
        "value": plain(step.value),
        "shape": list(step.shape),
        "remark": step.remark,
        "inputs": [{"symbol": _formula(one.symbol), "value": plain(one.value)} for one in step.inputs],
        "kink": _kink(step.kink),
        "limit": step.limit,
        "parts": [places[id(part)] for part in step.parts],
        "terms": None if step.terms is None else _terms(step.terms, places),
    }


def _formula(formula: Formula) -> dict[str, str]:
    return {"text": formula.text, "tex": formula.tex}


def _kink(kink: Kink | None) -> dict[str, Any] | None:
    return None if kink is None else {"left": kink.left, "right": kink.right, "where": kink.where}


def _terms(terms: Terms, places: dict[int, int]) -> dict[str, Any]:
    return {
        "over": terms.over,
        "what": terms.what,
        "index": list(terms.index),
        "labels": list(terms.labels),
        "columns": [{"symbol": _formula(one.symbol), "values": plain(one.values)} for one in terms.columns],
        "terms": plain(terms.terms),
        "shares": plain(terms.shares),
        "survives": plain(terms.survives),
        "opened": {str(row): places[id(step)] for row, step in terms.opened.items()},
        "kinks": {str(row): _kink(kink) for row, kink in terms.kinks.items()},
    }


def _proof(found: Agreement) -> dict[str, Any]:
    nudge = found.nudge
    return {
        "passed": found.passed,
        "difference": plain(found.difference),
        "digits": found.digits,
        "checks": [{"kind": one.kind, "passed": one.passed, "said": one.said} for one in found.checks],
        "nudge": None
        if nudge is None
        else {"step": nudge.step, "predicted": plain(nudge.predicted), "measured": plain(nudge.measured)},
    }


def plain(value: Any) -> Any:
    """Numbers and arrays as JSON has them."""
    if isinstance(value, np.ndarray):
        return [plain(one) for one in value] if value.ndim else plain(value.item())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
