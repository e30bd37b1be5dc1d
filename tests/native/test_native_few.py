"""A few rows at once, which ``predict`` answers in microseconds by a function that is kept with the network."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import Network
from backlit.inputs import Pixels

from .machine import EVERY_CPU

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
rng = np.random.default_rng(3)


def net_of(dtype: Any = np.float64) -> Network:
    return Network([40, 21, 3], activations=["tanh", "sigmoid"], seed=1, dtype=dtype)


def assert_right(net: Network, x: Any) -> None:
    known = net.predict(x, engine="numpy")
    np.testing.assert_allclose(
        net.predict(x, engine="cpu"), known, rtol=1e-5 if net.dtype == np.float32 else 1e-12
    )


@DTYPES
def test_weights_are_read_as_they_are_at_each_call(dtype: Any) -> None:
    net, x = net_of(dtype), rng.normal(size=(2, 40)).astype(dtype)
    assert_right(net, x)
    net.w[1][4, 7:] += 1
    assert_right(net, x)
    net.b[2] = [3, 2, 1]
    assert_right(net, x)
    net.theta = rng.normal(size=net.parameters)
    assert_right(net, x)
    net.fit(x, np.eye(3)[:2], epochs=2, progress=False)
    assert_right(net, x)


@DTYPES
def test_outputs_are_an_array_of_their_own(dtype: Any) -> None:
    net, x = net_of(dtype), rng.normal(size=(1, 40))
    one, other = net.predict(x, engine="cpu"), net.predict(x, engine="cpu")
    assert type(one) is np.ndarray
    assert (one.shape, one.dtype, one.flags.owndata) == ((1, 3), dtype, True)
    one[:] = 7
    assert (other != 7).all()
    assert (net.predict(x, engine="cpu") == other).all()


@EVERY_CPU
@DTYPES
@pytest.mark.parametrize("layout", ["C", "F", "backwards", "every other"])
def test_a_few_rows_of_pixels(cpu: str, dtype: Any, layout: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("BACKLIT_CPU", cpu)
    wide = (rng.integers(0, 256, (8, 80)) * (rng.random((8, 80)) < 0.4)).astype(np.uint8)
    levels = {
        "C": np.ascontiguousarray(wide[:, :40]),
        "F": np.asfortranarray(wide[:, :40]),
        "backwards": wide[:, 39::-1],
        "every other": wide[:, ::2],
    }[layout]
    net = net_of(dtype)
    for white in (255.0, 16, np.float32(99.5)):
        for rows in (1, 3, 8):
            assert_right(net, Pixels(levels[:rows], white))
    assert_right(net, levels[:2])


@EVERY_CPU
def test_rows_that_do_not_lie_on_whole_numbers(cpu: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("BACKLIT_CPU", cpu)
    x = np.zeros(321, np.uint8)[1:].view(np.float64).reshape(1, 40)
    x[:] = rng.normal(size=(1, 40))
    assert not x.flags.aligned
    assert_right(net_of(), x)


def test_errors_stay_what_they_are_when_a_call_went_before() -> None:
    net = net_of()
    for engine in ("cpu", "auto"):
        net.predict(np.zeros((1, 40)), engine=engine)
        for x, said in (
            (np.full((1, 40), np.nan), "row 0, column 0 is NaN"),
            (np.full(40, np.inf), "row 0, column 0 is infinite"),
            (np.zeros((1, 41)), "inputs are"),
            (np.zeros((1, 1, 40)), "inputs are"),
            (Pixels(np.zeros((1, 41), np.uint8)), "inputs are"),
            (np.zeros(()), "inputs are"),
        ):
            with pytest.raises(backlit.DataError, match=said):
                net.predict(x, engine=engine)
    for engine in ("gpu", ["cpu"], None):
        with pytest.raises(backlit.BacklitError, match="engine"):
            net.predict(np.zeros((1, 40)), engine=engine)  # type: ignore[arg-type]


def test_threads_may_ask_one_network_at_once() -> None:
    large = Network([600, 1800, 2], seed=1)  # so large that other threads run meanwhile
    for net in (net_of(), large):
        x = rng.normal(size=(64, net.sizes[0]))
        alone = [net.predict(x[i : i + 1], engine="cpu") for i in range(64)]
        with ThreadPoolExecutor(4) as pool:
            for _ in range(5):
                found = list(
                    pool.map(lambda i, net=net, x=x: net.predict(x[i : i + 1], engine="cpu"), range(64))
                )
                assert all((one == other).all() for one, other in zip(alone, found, strict=True))


@pytest.mark.parametrize("way", ["deepcopy", "pickle", "its own"])
def test_copies_have_functions_of_their_own(way: str) -> None:
    net, x = net_of(), rng.normal(size=(1, 40))
    before = net.predict(x, engine="cpu")
    make = {
        "deepcopy": copy.deepcopy,
        "pickle": lambda net: pickle.loads(pickle.dumps(net)),
        "its own": Network.copy,
    }
    twin = make[way](net)
    twin.theta = np.zeros(net.parameters)
    assert (twin.predict(x, engine="cpu") == 0.5).all()
    assert (net.predict(x, engine="cpu") == before).all()
    for one in (net, twin):
        assert one.theta.ctypes.data % 64 == 0, "weights begin with a cache line"


def test_a_network_that_has_predicted_goes_when_it_is_let_go() -> None:
    net = net_of()
    for engine in ("cpu", "auto", "numpy"):
        net.predict(np.zeros((1, 40)), engine=engine)
    gone = weakref.ref(net)
    gc.disable()
    try:
        del net
        assert gone() is None
    finally:
        gc.enable()
