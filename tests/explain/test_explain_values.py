"""Every kind of derivative of random networks equals PyTorch's autograd in float64 (JAX's, where that is missing)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from backlit import Network
from backlit.functions import pair_of
from oracles.cases import FITTING

from .autograd import derivatives
from .networks import draw

Array = Any


def close(ours: Any, theirs: Any, scale: float) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10 * scale)


def scalars(net: Network, number: int) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """A name of each kind in each layer, its place in autograd's arrays."""
    for l in range(1, net.L + 1):
        j, k = number % net.sizes[l], (number + l) % net.sizes[l - 1]
        yield f"w[{l}][{j},{k}]", f"w{l}", (j, k)
        yield f"b[{l}][{j}]", f"b{l}", (j,)
        yield f"z[{l}][{j}]", f"z{l}", (0, j)
        yield f"a[{l}][{j}]", f"a{l}", (0, j)
    k = number % net.sizes[0]
    yield f"x[{k}]", "x", (0, k)
    yield f"a[0][{k}]", "x", (0, k)


# A softmax of one neuron would always be 1.
CASES = [(number, 3) for number in range(len(FITTING))]
CASES += [(number, 1) for number in range(0, len(FITTING), 4) if FITTING[number][0] != "softmax"]


@pytest.mark.parametrize(("number", "outputs"), CASES)
def test_the_cost_by_everything(number: int, outputs: int) -> None:
    sigma, cost = FITTING[number]
    net, x, y = draw(number, sigma, cost, outputs)
    theirs = derivatives(net, x[:1], y[:1], None)
    scale = max(float(np.abs(array).max()) for array in theirs.values())
    for name, place, index in scalars(net, number):
        d = net.explain(f"dC/d{name}", x[0], y[0] if outputs > 1 else y[0, 0], depth=number % 4)
        close(d.value, theirs[place][index], scale)
    for l in range(1, net.L + 1):
        for name, place, index in (
            (f"w[{l}]", f"w{l}", ()),
            (f"w[{l}][:,0]", f"w{l}", (slice(None), 0)),
            (f"w[{l}][0,:]", f"w{l}", (0,)),
            (f"b[{l}]", f"b{l}", ()),
            (f"z[{l}]", f"z{l}", (0,)),
            (f"a[{l}]", f"a{l}", (0,)),
            ("x", "x", (0,)),
        ):
            close(net.explain(f"dC/d{name}", x[:1], y[:1]).value, theirs[place][index], scale)


@pytest.mark.parametrize("number", range(0, len(FITTING), 5))
@pytest.mark.parametrize("letter", ["a", "z"])
def test_neurons_by_everything_before_them(number: int, letter: str) -> None:
    net, x, y = draw(number, *FITTING[number])
    for top in {1, net.L}:
        j = number % net.sizes[top]
        theirs = derivatives(net, x, y, (letter, top, j))
        scale = max(float(np.abs(array).max()) for array in theirs.values())
        mixes = letter == "a" and not net.layers[top].elementwise
        for name, place, index in scalars(net, number):
            layer = int(place[1:]) if place != "x" else 0
            after = layer > top or (layer == top and place[0] in ("a", letter))
            if after or (layer == top and index[-1 if place[0] in "za" else 0] != j and not mixes):
                continue
            own = derivatives(net, x[:1], y[:1], (letter, top, j))
            close(net.explain(f"d{letter}[{top}][{j}]/d{name}", x[0]).value, own[place][index], scale)
            if place[0] in "zax":
                each = net.explain(f"d{letter}[{top}][{j}]/d{name}", x).value
                close(each, theirs[place][:, index[1]], scale)


@pytest.mark.parametrize("number", range(0, len(FITTING), 7))
def test_a_batch_with_weights_and_penalties(number: int) -> None:
    net, x, y = draw(number, *FITTING[number])
    s = np.array([0.5, 2.0, 0.0, 1.0])
    ours = net.gradient(x, y, sample_weight=s, l1=0.01, l2=0.1)
    for l in range(1, net.L + 1):
        d = net.explain(f"dC/dw[{l}]", x, y, sample_weight=s, l1=0.01, l2=0.1)
        close(d.value, ours.w[l], float(np.abs(ours.theta).max()))
        one = net.explain(f"dC/dw[{l}][0,1]", x, y, sample_weight=s, l1=0.01, l2=0.1)
        close(one.value, ours.w[l][0, 1], float(np.abs(ours.theta).max()))
        bias = net.explain(f"dC/db[{l}][1]", x, y, sample_weight=s, l1=0.01, l2=0.1)
        close(bias.value, ours.b[l][1], float(np.abs(ours.theta).max()))
        assert one.included == {"l1": 0.01, "l2": 0.1, "sample_weight": "given"}
        assert one.check()


@pytest.mark.parametrize("number", range(0, len(FITTING), 3))
def test_every_derivation_proves_itself(number: int) -> None:
    """Ten digits, as the differences of the forward pass have them in float64."""
    net, x, y = draw(number, *FITTING[number])
    for name in ("w[1][0,1]", "b[1][1]", "a[0][0]", "x", f"w[{net.L}]"):
        found = net.explain(f"dC/d{name}", x[:1], y[:1], depth=2).check()
        assert found, str(found)
        assert all(check.passed is not False for check in found.checks)
        if found.digits is not None and abs(found.difference or 0) > 1e-4:
            assert found.digits >= 8, str(found)


@pytest.mark.parametrize("number", range(0, len(FITTING), 9))
def test_dropout_s_masks(number: int) -> None:
    net, x, y = draw(number, *FITTING[number])
    rng = np.random.default_rng(number)
    masks = [rng.choice([0.0, 2.0], (4, n)) for n in net.sizes[:-1]]
    ours = net.gradient(x, y, dropout_masks=masks)
    for l in range(1, net.L + 1):
        d = net.explain(f"dC/dw[{l}]", x, y, dropout_masks=masks)
        close(d.value, ours.w[l], float(np.abs(ours.theta).max()))
        one = net.explain(f"dC/dw[{l}][0,0]", x, y, dropout_masks=masks, example=2, depth=2)
        assert one.check(), str(one.check())
    assert net.explain("dC/dx[0]", x, y, dropout_masks=masks, example=1).check()


def test_float32_networks_are_explained_in_float64() -> None:
    net, x, y = draw(4, "sigmoid", "squared_error")
    small = Network(
        net.sizes, activations=list(net.activations), cost=net.cost, dtype="float32", theta=net.theta
    )
    d = small.explain("dC/dw[1][0,0]", x[0].astype("float32"), y[0])
    assert d.check().digits is not None
    assert "in float64, from weights in float32" in d.conventions
    coarse = small.explain("dC/dw[1][0,0]", x[0].astype("float32"), y[0], dtype=np.float32)
    assert coarse.value == pytest.approx(d.value, rel=1e-4)
    assert coarse.value != d.value


def test_pairs_are_among_the_networks() -> None:
    assert sum(pair_of(*_rows(*pair)) is not None for pair in FITTING) == 8


def _rows(sigma: str, cost: str) -> Any:
    from backlit.functions import as_activation, as_cost

    return as_activation(sigma), as_cost(cost)
