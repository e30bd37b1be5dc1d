"""Splitting rows: a partition, seeded, of every class the same part; and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from backlit import data
from backlit.errors import DataError, UsageError


@given(st.integers(10, 300), st.floats(0.1, 0.9), st.integers(0, 5), st.integers(0, 4))
def test_a_split_is_a_partition_in_order(n: int, fraction: float, seed: int, classes: int) -> None:
    labels = None if classes < 2 else [f"c{k % classes}" for k in range(n)]
    kept, held_out = data.split(n, fraction, seed=seed, stratify=labels)
    assert sorted([*kept.tolist(), *held_out.tolist()]) == list(range(n))
    assert (np.diff(kept) > 0).all()
    assert (np.diff(held_out) > 0).all()
    assert abs(len(held_out) - fraction * n) <= max(1, classes)
    again = data.split(n, fraction, seed=seed, stratify=labels)
    np.testing.assert_array_equal(again[1], held_out)


def test_another_seed_is_another_split() -> None:
    assert data.split(100, 0.2, seed=1)[1].tolist() != data.split(100, 0.2, seed=2)[1].tolist()


def test_of_every_class_the_same_part() -> None:
    labels = np.array(["rare"] * 10 + ["common"] * 190)
    _, held_out = data.split(200, 0.2, seed=0, stratify=labels)
    assert (labels[held_out] == "rare").sum() == 2
    assert len(held_out) == 40


def test_it_is_the_same_split_as_trainings() -> None:
    from backlit.sets import split_rows

    labels = data.load("iris").labels()
    numbers = np.unique(labels.astype(str), return_inverse=True)[1]
    np.testing.assert_array_equal(
        data.split(150, 0.3, seed=5, stratify=labels)[1], split_rows(150, 0.3, 5, numbers)[1]
    )


@pytest.mark.parametrize(
    ("n", "fraction", "words"),
    [
        (1, 0.5, "n is a number of rows, at least 2; got 1"),
        (10.0, 0.5, "n is a number of rows, at least 2; got 10.0"),
        (10, 0, "fraction lies between 0 and 1, such as 0.2; got 0"),
        (10, 1.0, "fraction lies between 0 and 1, such as 0.2; got 1.0"),
        (10, -0.1, "fraction lies between 0 and 1, such as 0.2; got -0.1"),
        (10, float("nan"), "fraction lies between 0 and 1, such as 0.2; got nan"),
        (10, "0.2", "fraction lies between 0 and 1, such as 0.2; got '0.2'"),
    ],
)
def test_silly_splits(refused, n: Any, fraction: Any, words: str) -> None:
    assert refused(data.split, n, fraction, kind=UsageError) == words


def test_empty_parts_and_wrong_labels(refused) -> None:
    assert refused(data.split, 10, 0.01, kind=UsageError) == (
        "fraction=0.01 of 10 examples is less than one example; take 0.1 or more"
    )
    assert refused(data.split, 10, 0.99, kind=UsageError) == (
        "fraction=0.99 of 10 examples leaves none to train on; take a smaller part"
    )
    assert refused(data.split, 10, 0.5, stratify=[1, 2], kind=DataError) == (
        "stratify has one label for each of the 10 rows; got the shape (2,)"
    )
    assert refused(data.split, 10, 0.5, seed=-1, kind=UsageError) == "seed must be an integer ≥ 0; got -1"
