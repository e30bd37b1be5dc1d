"""Whether two networks are the same: what rounding does passes, what it does not is found, on any scale; the door."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import backlit
from backlit.errors import DataError, ModelError, UsageError
from backlit.functions import ACTIVATIONS
from backlit.interop import FORMATS, read, sameness, told, write

Array = Any


@settings(max_examples=30)
@given(
    option=st.sampled_from(sorted(set(ACTIVATIONS) - {"exp"})),
    double=st.booleans(),
    size=st.sampled_from([0.01, 1.0, 30.0]),
    seed=st.integers(0, 99),
)
def test_another_order_of_summing_passes(option: str, double: bool, size: float, seed: int) -> None:
    dtype = np.float64 if double else np.float32
    net = backlit.Network([7, 40, 40, 3], activations=[option, option, "tanh"], seed=seed, dtype=dtype)
    net.theta = net.theta * size

    def theirs(X: Array) -> Array:
        order = np.random.default_rng(1).permutation(7)
        shuffled = backlit.Network(
            net.sizes,
            activations=list(net.activations),
            dtype=dtype,
            theta=[net.w[1][:, order], net.b[1], net.w[2], net.b[2], net.w[3], net.b[3]],
        )
        return shuffled.predict(X[:, order])

    sameness.insist(sameness.compare(net, theirs), "they")


@settings(max_examples=30)
@given(
    size=st.sampled_from([1e-6, 1.0, 1e6]),
    double=st.booleans(),
    place=st.integers(0, 30),
    change=st.sampled_from([0.01, -0.01, 0.5]),
)
def test_a_changed_weight_is_found_whatever_the_scale(
    size: float, double: bool, place: int, change: float
) -> None:
    dtype = np.float64 if double else np.float32
    net = backlit.Network([4, 5, 1], activations=["tanh", "identity"], seed=2, dtype=dtype)
    net.b[1][:] = 0.1
    net.w[2][:] *= size
    net.b[2][:] = size
    other = net.copy()
    other.theta[place] *= 1 + change
    found = sameness.compare(net, other.predict)
    assert not found.same
    with pytest.raises(ModelError, match="they and the network made of it differ by"):
        sameness.insist(found, "they")


def test_a_fault_in_small_rows_is_not_hidden_by_large_ones() -> None:
    net = backlit.Network([1, 1], activations="exp", theta=[[[1.0]], [0.0]])
    X = np.array([[0.0], [60.0]])
    found = sameness.compare(net, lambda x: net.predict(x) * np.array([[1.001], [1.0]]), x=X)
    assert not found.same
    assert (found.row, found.difference) == (0, pytest.approx(0.001))


def test_nan_is_no_agreement_and_equal_infinities_are() -> None:
    net = backlit.Network([2, 1], activations="identity")
    assert not sameness.compare(net, lambda X: np.full((len(X), 1), np.nan)).same
    large = backlit.Network([2, 1], activations="exp")
    X = np.full((3, 2), 1e6) * np.sign(large.w[1][0])
    assert sameness.compare(large, large.predict, x=X).same


def test_what_is_compared_on_has_the_inputs_width(rng: Any) -> None:
    net = backlit.Network([3, 2])
    with pytest.raises(DataError, match=r"x to compare on is \(n, 3\)"):
        sameness.compare(net, net.predict, x=rng.normal(size=(4, 5)))
    with pytest.raises(ModelError, match="their outputs have shape"):
        sameness.compare(net, lambda X: X, x=rng.normal(size=(4, 3)))


def test_random_inputs_reach_every_layer() -> None:
    net = backlit.Network([50, 20, 3], activations="sigmoid")
    net.w[1][:] *= 1e4  # as after training on inputs of 1e-4
    z = sameness.inputs_for(net) @ net.w[1].T
    assert 0.5 < np.median(np.abs(z[:48])) < 2


def test_how_an_import_went_is_told() -> None:
    net = backlit.Network([3, 2])
    assert told(net) == ""
    found = sameness.compare(net, net.predict)
    sameness.remember(net, "a friend", found, ["one thing", "one thing", "another"])
    assert told(net).splitlines() == [
        "a friend: 3-2, 8 parameters in float64",
        f"largest difference 0 on 64 random inputs; rounding explains {found.allowed:.2g}",
        "· one thing",
        "· another",
    ]


# ------------------------------------------------------------------------------------------------------------ the door


def test_every_row_of_the_table_leads_somewhere() -> None:
    for row in FORMATS:
        for place in filter(None, (row.reader, row.writer)):
            module, _, function = place.partition(":")
            assert callable(getattr(import_module(f"backlit.{module}"), function))


def test_no_ending_stands_twice() -> None:
    endings = [one for row in FORMATS for one in row.endings]
    assert len(set(endings)) == len(endings)


def test_an_ending_or_an_option_that_is_not_known_is_named(tmp_path: Path) -> None:
    net = backlit.Network([2, 1])
    with pytest.raises(UsageError, match=r"no rule for the ending '\.pkl'"):
        read(tmp_path / "model.pkl")
    with pytest.raises(UsageError, match=r"no rule for the ending '\.skop'; is it \.skops\?"):
        read(tmp_path / "model.skop")
    with pytest.raises(
        UsageError, match=r"a PyTorch pickle is read, not written; write one of \.safetensors"
    ):
        write(net, tmp_path / "model.pt")
    with pytest.raises(UsageError, match=r"has no option 'trust_pickle'; it takes activations, cost"):
        read(tmp_path / "model.safetensors", trust_pickle=True)
    assert list(tmp_path.iterdir()) == []


def test_our_own_files_go_through_the_door_too(tmp_path: Path) -> None:
    net = backlit.Network([3, 2], seed=5)
    path = write(net, tmp_path / "model.safetensors")
    assert np.array_equal(read(path).theta, net.theta)
    with pytest.raises(UsageError, match="with its own activations and cost; leave these out"):
        read(path, activations="relu")


# ------------------------------------------------------------------------------------------------------------ the page

PAGE = (Path(__file__).parents[2] / "docs" / "interop.md").read_text(encoding="utf-8")


def test_the_page_names_every_ending_and_the_codes_numbers() -> None:
    text = " ".join(PAGE.split())
    assert f"; {sameness._TIMES} times that is granted" in text
    assert [one for row in FORMATS for one in row.endings if f"`{one}`" not in PAGE] == []
