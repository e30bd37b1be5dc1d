"""Dropout: Philox's published vectors, masks as a function of their place, rates, and what a rate may be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from backlit.dropout import check_rates, mask, masks, philox, threshold
from backlit.errors import UsageError

ONES = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [  # Random123's kat_vectors, philox4x32 with 10 rounds
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ONES,) * 4, (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_its_published_words(counter: Any, key: Any, words: Any) -> None:
    assert tuple(int(word) for word in philox(counter, key)) == words


def test_philox_broadcasts() -> None:
    rows, columns = np.arange(3)[:, None], np.arange(4)[None, :]
    words = philox((7, 1, rows, columns), (5, 6))
    for i in range(3):
        for j in range(4):
            assert [w[i, j] for w in words] == [int(w) for w in philox((7, 1, i, j), (5, 6))]


def by_hand(keep: float, key: int, step: int, layer: int, rows: int, neurons: int) -> np.ndarray:
    """The design's sentence, entry by entry."""
    out = np.zeros((rows, neurons))
    for i in range(rows):
        for j in range(neurons):
            word = int(philox((step % 2**32, layer, i, j), (key % 2**32, key // 2**32))[0])
            out[i, j] = 1 / keep if word < math.floor(keep * 2**32) else 0
    return out


def test_a_mask_is_a_function_of_its_place() -> None:
    key = 0x0123456789ABCDEF
    known = by_hand(0.7, key, 12, 2, 5, 6)
    assert np.array_equal(mask(0.7, key, 12, 2, 5, 6, np.float64), known)
    assert np.array_equal(mask(0.7, key, 12, 2, 9, 8, np.float64)[:5, :6], known), "not of the batch's size"
    for other in ((key + 1, 12, 2), (key + 2**32, 12, 2), (key, 13, 2), (key, 12, 1)):
        assert not np.array_equal(mask(0.7, *other, 5, 6, np.float64), known)
    assert np.array_equal(mask(0.7, key, 12 + 2**32, 2, 5, 6, np.float64), known), "a step is 32 bits of it"


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.8, 1 - 1e-3])
def test_the_rate_and_the_mean(keep: float) -> None:
    drawn = mask(keep, 99, 3, 1, 500, 400, np.float64)
    spread = math.sqrt(keep * (1 - keep) / drawn.size)
    assert (drawn > 0).mean() == pytest.approx(keep, abs=4 * spread)
    assert drawn.mean() == pytest.approx(1, abs=4 * spread / keep)
    assert set(np.unique(drawn)) == {0, 1 / keep}
    neighbours = np.corrcoef(drawn[:, :-1].ravel(), drawn[:, 1:].ravel())[0, 1]
    assert abs(neighbours) < 0.01


def test_every_dtype_draws_the_same() -> None:
    double = mask(0.3, 5, 6, 1, 50, 40, np.float64)
    single = mask(0.3, 5, 6, 1, 50, 40, np.float32)
    assert single.dtype == np.float32
    assert np.array_equal(single, double.astype(np.float32))


def test_the_edges_of_the_threshold() -> None:
    assert threshold(1.0) == 2**32
    assert threshold(1 - 2**-32) == ONES
    assert threshold(0.5) == 2**31
    assert threshold(2.0**-32) == 1
    assert threshold(2.0**-33) == 0
    # The one word below 1 is not among these, so nothing is kept; and no number overflows on the way.
    rare = mask(2.0**-32, 1, 0, 1, 20, 20, np.float32)
    assert not rare.any()
    word = int(philox((0, 1, 0, 0), (1, 0))[0])
    assert mask((word + 1) / 2**32, 1, 0, 1, 1, 1, np.float64)[0, 0] > 0
    assert mask(word / 2**32, 1, 0, 1, 1, 1, np.float64)[0, 0] == 0


def test_masks_of_a_step() -> None:
    assert masks(None, 1, 2, 3, (4, 5, 6), np.float64) is None
    first, second, third = masks((0.5, 1.0, 1.0), 1, 2, 3, (4, 5, 6), np.float64)
    assert np.array_equal(first, mask(0.5, 1, 2, 0, 3, 4, np.float64))
    assert second is None
    assert third is None


@pytest.mark.parametrize(
    ("dropout", "L", "keeps"),
    [
        (0.0, 3, None),
        (0, 1, None),
        (-0.0, 2, None),
        ([0.0, 0.0], 2, None),
        (0.25, 3, (1.0, 0.75, 0.75, 1.0)),
        (np.float32(0.25), 2, (1.0, 0.75, 1.0)),
        ([0.2, 0.5], 2, (0.8, 0.5, 1.0)),
        ((0, 0.5), 2, (1.0, 0.5, 1.0)),
        ([0.5], 1, (0.5, 1.0)),
        (1 - 2.0**-32, 2, (1.0, 2.0**-32, 1.0)),
    ],
)
def test_rates_become_what_is_kept(dropout: Any, L: int, keeps: Any) -> None:
    assert check_rates(dropout, L) == keeps


@pytest.mark.parametrize(
    ("dropout", "L", "said"),
    [
        (1.0, 2, "a dropout rate is at least 0 and below 1; got 1.0 for layer 1"),
        (-0.1, 2, "a dropout rate is at least 0 and below 1; got -0.1 for layer 1"),
        (math.nan, 2, "a dropout rate is at least 0 and below 1; got nan for layer 1"),
        ([1.5, 0], 2, "a dropout rate is at least 0 and below 1; got 1.5 for layer 0"),
        (
            1 - 1e-12,
            2,
            "a dropout rate keeps at least one neuron in 2³²; got 0.999999999999 for layer 1, which keeps none",
        ),
        (
            [0.5],
            3,
            "dropout is one rate for the hidden layers, or a list of 3: for layers 0 (the input) to 2; got 1",
        ),
        ([], 1, "or a list of 1: for layers 0 (the input) to 0; got 0"),
        (0.5, 1, "dropout is for hidden layers and this network has none; give [rate] to drop inputs"),
        ("0.5", 3, "dropout is one rate for the hidden layers, or a list of rates; got '0.5'"),
        (None, 3, "dropout is one rate for the hidden layers, or a list of rates; got None"),
        (True, 3, "dropout is one rate for the hidden layers, or a list of rates; got True"),
        ([0.5, "a"], 2, "dropout is one rate for the hidden layers, or a list of rates; got [0.5, 'a']"),
    ],
)
def test_what_is_no_rate(dropout: Any, L: int, said: str) -> None:
    with pytest.raises(UsageError) as error:
        check_rates(dropout, L)
    assert said in str(error.value)
