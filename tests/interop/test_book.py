"""The book's JSON: what its own code writes is read, what we write its own code reads, and broken files are named."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import backlit
from backlit.errors import BacklitError, ModelError, UsageError
from backlit.interop import read, told, write

Array = Any


class TheirNetwork:
    """The parts of the book's network2.Network that save and load: its own lines, in Python 3."""

    def __init__(self, sizes: list[int], cost: str) -> None:
        rng = np.random.default_rng(0)
        self.sizes, self.cost = sizes, cost
        self.biases = [rng.normal(size=(y, 1)) for y in sizes[1:]]
        self.weights = [rng.normal(size=(y, x)) / np.sqrt(x) for x, y in pairwise(sizes)]

    def feedforward(self, a: Array) -> Array:
        for b, w in zip(self.biases, self.weights, strict=True):
            a = 1.0 / (1.0 + np.exp(-(np.dot(w, a) + b)))
        return a

    def save(self, filename: Path) -> None:
        data = {
            "sizes": self.sizes,
            "weights": [w.tolist() for w in self.weights],
            "biases": [b.tolist() for b in self.biases],
            "cost": self.cost,
        }
        filename.write_text(json.dumps(data))

    @classmethod
    def load(cls, filename: Path) -> TheirNetwork:
        data = json.loads(filename.read_text())
        net = cls(data["sizes"], data["cost"])
        net.weights = [np.array(w) for w in data["weights"]]
        net.biases = [np.array(b) for b in data["biases"]]
        return net


@pytest.mark.parametrize(
    ("cost", "ours"), [("QuadraticCost", "half_squared_error"), ("CrossEntropyCost", "binary_cross_entropy")]
)
def test_what_the_book_saves_is_read_and_goes_back(cost: str, ours: str, tmp_path: Path, rng: Any) -> None:
    theirs = TheirNetwork([784, 30, 10], cost)
    theirs.save(tmp_path / "net.json")
    net = read(tmp_path / "net.json")
    assert (net.sizes, net.cost.name) == ((784, 30, 10), ours)
    assert all(np.array_equal(net.w[l + 1], theirs.weights[l]) for l in range(2))
    x = rng.random((5, 784))
    assert np.abs(net.predict(x) - theirs.feedforward(x.T).T).max() < 1e-14
    assert np.array_equal(net.predict_labels(x), theirs.feedforward(x.T).argmax(axis=0))
    assert "the book's network2" in told(net)
    again = TheirNetwork.load(write(net, tmp_path / "back.json"))
    assert again.cost == cost
    assert all(np.array_equal(again.weights[l], theirs.weights[l]) for l in range(2))
    assert again.biases[0].shape == (30, 1)


@settings(max_examples=20)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=5), seed=st.integers(0, 99), single=st.booleans()
)
def test_random_networks_go_out_and_come_back(
    sizes: list[int], seed: int, single: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dtype = np.float32 if single else np.float64
    net = backlit.Network(sizes, cost="binary_cross_entropy", seed=seed, dtype=dtype)
    path = write(net, tmp_path_factory.mktemp("book") / "net.json")
    assert np.array_equal(read(path).theta, net.theta)


def test_a_network_typed_by_hand_is_still_one(tmp_path: Path) -> None:
    (tmp_path / "hand.json").write_text('{"weights": [[[0.5, -1]]], "activations": "tanh"}')
    assert read(tmp_path / "hand.json").activations[0].name == "tanh"


def test_what_the_book_has_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this network has relu and half_squared_error"):
        write(backlit.Network([2, 1], activations="relu", cost="half_squared_error"), tmp_path / "net.json")
    with pytest.raises(UsageError, match="this network has sigmoid and squared_error"):
        write(backlit.Network([2, 1]), tmp_path / "net.json")
    assert not (tmp_path / "net.json").exists()


GOOD: dict[str, Any] = {
    "sizes": [2, 1],
    "weights": [[[0.5, -1.0]]],
    "biases": [[[0.25]]],
    "cost": "QuadraticCost",
}
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "sizes that are words": ({"sizes": ["2", "1"]}, "sizes is a list of two layer sizes"),
    "sizes of terabytes": (
        {"sizes": [10**9, 10**9]},
        "weights of layer 1 has 1,000,000,000 rows, by the sizes",
    ),
    "a missing row": ({"sizes": [2, 2]}, "weights of layer 1 has 2 rows, by the sizes"),
    "a short row": ({"weights": [[[0.5]]]}, "weights of layer 1, row 0 is a list of 2 numbers"),
    "a word among the numbers": ({"weights": [[[0.5, "x"]]]}, 'weights of layer 1, row 0: "x" is no number'),
    "true among the numbers": ({"weights": [[[0.5, True]]]}, "true is no number"),
    "NaN": ({"weights": [[[0.5, float("nan")]]]}, r"not finite in float64: w\[1\]\[0,1\]"),
    "a huge whole number": ({"weights": [[[0.5, 10**400]]]}, "a number too large for float64"),
    "flat biases": ({"biases": [[0.25]]}, "biases of layer 1, row 0 is a list of 1 numbers"),
    "another cost's layers": ({"weights": []}, "weights is a list with an entry for each of 1 layers"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_by_file_and_field(name: str, tmp_path: Path) -> None:
    changes, said = BROKEN[name]
    (tmp_path / "net.json").write_text(json.dumps({**GOOD, **changes}))
    with pytest.raises(ModelError, match=said) as caught:
        read(tmp_path / "net.json")
    assert "net.json" in str(caught.value)


def test_deep_and_huge_json_is_refused(tmp_path: Path) -> None:
    from backlit.interop.book import read_book

    path = tmp_path / "net.json"
    path.write_text("[" * 100_000)
    for reader in (read, read_book):
        with pytest.raises(ModelError, match="not valid JSON"):
            reader(path)
    path.write_bytes(b"[" + b"0," * 2**23 + b"0]")
    with pytest.raises(ModelError, match="larger than 16,777,216 bytes"):
        read_book(path)
    path.write_text('{"cost": "HingeCost", "sizes": [1, 1], "weights": [], "biases": []}')
    with pytest.raises(ModelError, match="cost is QuadraticCost or CrossEntropyCost"):
        read_book(path)
    with pytest.raises(ModelError, match="there is no such file"):
        read_book(tmp_path / "none.json")


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_file_never_raises_anything_else(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(json.dumps(GOOD).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "net.json"
    path.write_bytes(content)
    try:
        read(path)
    except BacklitError as reason:
        assert "net.json" in str(reason)  # noqa: PT017 (others pass through)
