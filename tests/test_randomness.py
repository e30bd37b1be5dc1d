"""Randomness: one integer seeds everything, split by purpose and place, whatever was drawn before."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import UsageError
from backlit.randomness import as_seed, dropout_key, order_of_epoch, stream


@pytest.mark.parametrize("seed", [0, 7, np.int32(7), np.uint64(2**63), 2**200])
def test_a_seed_is_a_whole_number(seed: object) -> None:
    assert as_seed(seed) == int(seed)  # type: ignore[call-overload]
    assert type(as_seed(seed)) is int


@pytest.mark.parametrize("seed", [-1, 1.0, "0", None, True, np.True_, [1]])
def test_what_is_no_seed(seed: object) -> None:
    with pytest.raises(UsageError, match="seed must be an integer ≥ 0; got"):
        as_seed(seed)


def test_the_same_place_draws_the_same() -> None:
    assert np.array_equal(stream(3, "order", 5).random(9), stream(3, "order", 5).random(9))


def test_purposes_and_places_and_seeds_are_independent() -> None:
    places = [
        (seed, purpose, *index)
        for seed in (0, 1, 2**40)
        for purpose in ("initialisation", "order", "dropout", "split", "data")
        for index in ((), (0,), (1,), (0, 1))
    ]
    first = {place: stream(*place).integers(2**62) for place in places}  # type: ignore[arg-type]
    assert len(set(first.values())) == len(places)


def test_the_order_of_an_epoch_needs_no_epoch_before_it() -> None:
    alone = order_of_epoch(1, 7, 100)
    for epoch in range(1, 7):
        order_of_epoch(1, epoch, 100)
    assert np.array_equal(order_of_epoch(1, 7, 100), alone)
    assert sorted(alone) == list(range(100))
    assert not np.array_equal(alone, order_of_epoch(1, 8, 100))
    assert not np.array_equal(alone, order_of_epoch(2, 7, 100))


def test_unshuffled_epochs_go_in_order() -> None:
    assert order_of_epoch(1, 7, 5, shuffle=False).tolist() == [0, 1, 2, 3, 4]


def test_orders_stay_what_they_are() -> None:
    # A checkpoint of today must find the same order tomorrow.
    assert order_of_epoch(0, 1, 8).tolist() == [4, 3, 6, 1, 7, 2, 5, 0]
    assert dropout_key(0) == 15463373330740448354
    assert 0 <= dropout_key(2**70) < 2**64
