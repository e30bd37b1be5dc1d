"""The JSON of a derivation: as docs/derivation.schema.json says, each step once, and everything that the tree has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from backlit import Network
from backlit.explain import Derivation
from backlit.explain.steps import Kind

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/derivation.schema.json").read_text(encoding="utf-8"))
TYPES = {
    "string": str, "integer": int, "number": (int, float), "array": list, "object": dict, "boolean": bool,
    "null": type(None),
}  # fmt: skip


def faults(value: Any, schema: dict[str, Any], at: str = "") -> list[str]:
    """Where a document is not what its schema says: as much of JSON Schema as that file uses."""
    if "$ref" in schema:
        return faults(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], at)
    if "anyOf" in schema:
        return [] if any(not faults(value, one, at) for one in schema["anyOf"]) else [f"{at} fits none"]
    if "const" in schema or "enum" in schema:
        return [] if value in schema.get("enum", [schema.get("const")]) else [f"{at}: {value!r}"]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, TYPES[kind]) for kind in kinds):
        return [f"{at} is {type(value).__name__}"]
    found = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{at} lacks {name}" for name in schema.get("required", []) if name not in value]
        more = schema.get("additionalProperties", True)
        for name, one in value.items():
            inner = known.get(name, more)
            found += (
                [f"{at}.{name} is unknown"]
                if inner is False
                else []
                if inner is True
                else faults(one, inner, f"{at}.{name}")
            )
    if isinstance(value, list) and "items" in schema:
        found += [
            fault for i, one in enumerate(value) for fault in faults(one, schema["items"], f"{at}[{i}]")
        ]
    return found


def net(output: str = "softmax", cost: str = "cross_entropy") -> Network:
    return Network([3, 4, 5, 2], activations=["relu", "tanh", output], cost=cost, seed=3)


X = np.random.default_rng(1).normal(size=(4, 3))
Y = [0, 1, 1, 0]
CASES: list[Derivation] = [
    net().explain("dC/dw[1][0,1]", X[0], [0, 1], depth=3),
    net().explain("dC/dw[1][0,1]", X, Y, l2=0.1, sample_weight=[1, 2, 3, 4]),
    net().explain("dC/dx", X, Y),
    net().explain("dC/dw[2]", X, Y),
    net().explain("dC/db[1][0]", np.zeros(3), [0, 1]),
    net("sigmoid", "binary_cross_entropy").explain("dC/dw[3][0,1]", X[0], [0, 1]),
    net().explain("da[3][0]/dx[1]", X[0], notation="book"),
    net().explain(
        "dC/d0.weight[0,1]", X, Y, notation="pytorch", dropout_masks=[None, np.full((4, 4), 2.0), None]
    ),
]


@pytest.mark.parametrize("d", CASES, ids=lambda d: d.name)
def test_it_is_what_the_schema_says(d: Derivation) -> None:
    document = json.loads(json.dumps(d.to_dict(), allow_nan=False))
    assert faults(document, SCHEMA) == []


def test_the_checker_of_the_schema_finds_faults() -> None:
    document = CASES[0].to_dict()
    assert faults(document | {"version": 2}, SCHEMA) == [".version: 2"]
    assert faults(document | {"more": 1}, SCHEMA) == [".more is unknown"]
    assert faults({**document, "steps": [{}]}, SCHEMA)
    assert faults({**document, "proof": {"passed": "yes"}}, SCHEMA)


def test_the_schema_knows_every_kind_of_step() -> None:
    assert SCHEMA["$defs"]["step"]["properties"]["kind"]["enum"] == list(get_args(Kind))


def test_steps_are_named_by_their_place() -> None:
    d = CASES[0]
    document = d.to_dict()
    steps = document["steps"]
    assert len(steps) == len(d.steps)
    assert steps[0]["symbol"]["text"] == d.root.symbol.text
    assert [steps[place]["symbol"]["text"] for place in steps[0]["parts"]] == [
        part.symbol.text for part in d.factors
    ]
    assert document["value"] == d.value
    opened = [place for step in steps if step["terms"] for place in step["terms"]["opened"].values()]
    assert len(opened) > len(set(opened)), "a neuron's step is shared by the sums that need it"
    assert document["proof"]["passed"] is True


def test_what_is_no_finite_number_is_null() -> None:
    saturated = Network([1, 1], activations="sigmoid", cost="binary_cross_entropy")
    saturated.theta = [0.0, 900.0]
    document = saturated.explain("dC/db[1]", [0.0], [[0.0]]).to_dict()
    assert None in [step["value"] for step in document["steps"]]
    assert faults(json.loads(json.dumps(document, allow_nan=False)), SCHEMA) == []
