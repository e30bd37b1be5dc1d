"""The health of a network: every number by brute force from its definition, and every finding provoked."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import equations
from backlit.errors import DataError, ModelError, UsageError
from backlit.explain import health as room
from backlit.explain.health import most_of_slope
from backlit.functions import as_activation
from backlit.functions.activations import ACTIVATIONS


def data(rng: Any, n: int = 60) -> tuple[Any, Any]:
    return rng.normal(size=(n, 4)), rng.integers(0, 3, n)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky_relu", "softmax", "gelu"])
@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_number_is_what_its_definition_says(rng: Any, activation: str, pair: bool, dtype: str) -> None:
    last, cost = ("softmax", "cross_entropy") if pair else ("sigmoid", "half_squared_error")
    net = backlit.Network(
        [4, 6, 5, 3], activations=[activation, "tanh", last], cost=cost, seed=3, dtype=dtype
    )
    x, y = data(rng)
    found = net.health(x, y, eta=0.5)
    trace, gradient, n = net.backprop(x, y), net.gradient(x, y), len(x)
    close: dict[str, Any] = {"rel": 1e-10 if dtype == "float64" else 1e-4}
    assert pytest.approx(net.value(x, y), **close) == found.C
    for one in found.layers:
        l = one.l
        assert one.dC_dw == pytest.approx(np.linalg.norm(gradient.w[l]), **close)
        assert one.delta == pytest.approx(math.sqrt((trace.delta[l] ** 2).sum() / n), **close)
        assert one.w == pytest.approx(np.linalg.norm(net.w[l]), **close)
        assert one.update == pytest.approx(0.5 * one.dC_dw / one.w, **close)
        back = math.sqrt((trace.dC_da[l] ** 2).sum() / n)
        assert one.slope_part == pytest.approx(one.delta / back, **close)
        if l < net.L:
            after = math.sqrt((trace.delta[l + 1] ** 2).sum() / n)
            assert one.w_part == pytest.approx(back / after, **close)
            assert one.w_part * one.slope_part == pytest.approx(one.delta / after, **close)  # type: ignore[operator]
        else:
            assert one.w_part is None


def test_chunks_make_no_difference(rng: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net = backlit.Network([4, 6, 3], activations=["relu", "sigmoid"], seed=3)
    x, y = data(rng)
    whole = net.health(x, y)
    monkeypatch.setattr(room.passes, "_NUMBERS_AT_ONCE", 16 * 6)
    parts = net.health(x, y)
    assert parts.to_dict()["inputs"] == pytest.approx(whole.to_dict()["inputs"])
    for a, b in zip(whole.layers, parts.layers, strict=True):
        assert (a.dead, a.saturated) == (b.dead, b.saturated)
        assert (a.dC_dw, a.delta, a.w_part) == pytest.approx((b.dC_dw, b.delta, b.w_part), nan_ok=True)


def test_dead_and_saturated_to_the_letter() -> None:
    net = backlit.Network([1, 3, 1], activations=["relu", "identity"], seed=0)
    net.w[1] = [[1.0], [1.0], [1.0]]
    net.b[1] = [0.0, -1.5, -99.0]
    x = np.arange(1, 201.0)[:, None] / 100  # 0.01 … 2
    found = net.health(x, np.zeros(200)).layers[0]
    assert found.dead == (2,)
    assert found.saturated == ()  # neuron 1 rests on 75% only
    net.b[1] = [0.0, -1.98, -1.97]  # on for 2 and for 3 of 200
    found = net.health(x, np.zeros(200)).layers[0]
    assert found.dead == ()
    assert found.saturated == (1,)
    net.b[1] = [0.0, -2.0, -1.99]  # at the kink σ′ is 0 by convention; on for 0 and for 1
    found = net.health(x, np.zeros(200)).layers[0]
    assert (found.dead, found.saturated) == ((1,), (2,))


@pytest.mark.parametrize(
    ("activation", "z", "saturated"),
    [
        ("sigmoid", 5.9, False),
        ("sigmoid", 6.1, True),  # σ′(6.1) = 0.00223, below 1% of ¼
        ("tanh", -2.9, False),
        ("tanh", -3.1, True),
        ("leaky_relu", -50.0, False),  # its slope there is 1% of its most, not below
        ("leaky_relu(slope=0.001)", -50.0, True),
        ("elu", -5.0, True),
        ("gelu", -6.0, True),
        ("identity", 500.0, False),
        ("exp", -5.0, True),
        ("exp", 3.0, False),
        ("softsign", 10.0, True),
        ("hard_sigmoid", 10.0, False),  # that is dead
    ],
)
def test_saturated_for_each_activation(activation: str, z: float, saturated: bool) -> None:
    net = backlit.Network([1, 1, 1], activations=[activation, "identity"], theta=[0.0, z, 1.0, 0.0])
    found = net.health([[1.0], [2.0]], [0.5, 0.5]).layers[0]
    assert found.saturated == ((0,) if saturated else ())
    assert found.dead == ((0,) if activation == "hard_sigmoid" else ())


def test_softmax_is_saturated_by_its_diagonal() -> None:
    net = backlit.Network([1, 2], activations="softmax", cost="cross_entropy", theta=[0, 0, 9.0, 0])
    assert net.health([[1.0]], [0]).layers[0].saturated == (0, 1)
    net.b[1] = [3.0, 0.0]
    assert net.health([[1.0]], [0]).layers[0].saturated == ()


def test_the_most_of_each_slope() -> None:
    known = {
        "sigmoid": 0.25, "softmax": 0.25, "tanh": 1, "relu": 1, "leaky_relu": 1, "elu": 1, "identity": 1, "softplus": 1,
        "softsign": 1, "exp": 1, "selu": 1.7580993, "gelu": 1.1289, "gelu_tanh": 1.1290, "silu": 1.0998,
    }  # fmt: skip
    for name, most in known.items():
        assert most_of_slope(as_activation(name)) == pytest.approx(most, rel=1e-4), name
    assert set(ACTIVATIONS) - set(known) == {"hard_sigmoid"}
    own = as_activation((lambda z: 3 * z, lambda z: 3 + 0 * z))
    assert most_of_slope(own) == 3


# ------------------------------------------------------------------------------------------------------------ findings


def deep(activation: str, gain: float, layers: int = 6, last: Any = "identity") -> backlit.Network:
    """Layers of eight neurons whose weights turn and stretch by ``gain``."""
    rng = np.random.default_rng(1)
    sizes = [8] * layers + [2]
    net = backlit.Network(sizes, activations=[activation] * (layers - 1) + [last], cost="half_squared_error")
    for l in range(1, net.L + 1):
        turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
        net.w[l] = gain * turn[: sizes[l]]
        net.b[l] = np.zeros(sizes[l])
    return net


def ids(net: backlit.Network, x: Any, y: Any, **options: Any) -> list[str]:
    return [one.id for one in net.health(x, y, **options).findings]


def test_nothing_is_wrong(rng: Any) -> None:
    x = rng.normal(size=(50, 8))
    found = deep("tanh", 1.0).health(x, rng.normal(size=(50, 2)), eta=0.001)
    assert found.findings == ()
    assert found.sentence.startswith("Nothing is wrong")
    assert found.text().endswith(f"✓ {found.sentence}")


def test_sigma_prime_shrinks_the_gradient(rng: Any) -> None:
    x, y = rng.normal(size=(50, 8)), rng.normal(size=(50, 2))
    found = deep("sigmoid", 1.0).health(x, y)
    assert [one.id for one in found.findings] == ["gradient-vanishes"]
    assert "what shrinks it is mostly σ′" in found.sentence
    assert "Relu or gelu" in found.sentence
    assert found.findings[0].layers == (1, 2, 3, 4, 5)


def test_w_shrinks_the_gradient(rng: Any) -> None:
    found = deep("tanh", 0.2).health(rng.normal(size=(50, 8)), rng.normal(size=(50, 2)))
    assert [one.id for one in found.findings] == ["gradient-vanishes"]
    assert "what shrinks it is mostly w" in found.sentence
    assert "xavier_normal" in found.sentence


def test_w_blows_the_gradient_up(rng: Any) -> None:
    found = deep("identity", 5.0).health(rng.normal(size=(50, 8)), rng.normal(size=(50, 2)))
    assert "gradient-explodes" in [one.id for one in found.findings]
    assert "mostly by w" in found.sentence
    own = deep("identity", 1.0)
    steep = backlit.Network(
        own.sizes, activations=[(lambda z: 4 * z, lambda z: 4 + 0 * z)] * 5 + ["identity"], theta=own.theta
    )
    assert "mostly by σ′" in steep.health(rng.normal(size=(50, 8)), rng.normal(size=(50, 2))).sentence


def test_saturated_layers_and_large_inputs(rng: Any) -> None:
    x, y = 500 * rng.normal(size=(50, 8)), rng.normal(size=(50, 2))
    found = deep("tanh", 1.0, layers=2).health(x, y)
    assert [one.id for one in found.findings][:1] == ["saturated"]
    assert "inputs-large" in [one.id for one in found.findings]
    assert "Normalise the inputs first" in found.sentence
    small = deep("tanh", 1.0, layers=2)
    small.b[1] = np.full(8, 9.0)
    assert ids(small, x / 500, y) == ["saturated", "gradient-vanishes"]
    assert "That is what saturation does: mend that first." in small.health(x / 500, y).sentence
    assert "100.0% of layer 1's neurons are saturated" in small.health(x / 500, y).sentence


def test_a_dead_layer_and_dead_neurons(rng: Any) -> None:
    x, y = rng.normal(size=(50, 8)), rng.normal(size=(50, 2))
    net = deep("relu", 1.0, layers=3)
    net.b[2] = np.full(8, -99.0)
    found = net.health(x, y, eta=0.1)
    assert found.findings[0].id == "layer-dead"
    assert (
        "Layer 2 is dead: σ′ is 0 for all its neurons on every example, so nothing in layers 1 to 2 learns."
        in found.sentence
    )
    assert "steps-small" not in [one.id for one in found.findings]
    net.b[2][:4] = 99.0
    assert ids(net, x, y) == ["neurons-dead"]
    assert "4 of 8 neurons of layer 2 are dead" in net.health(x, y).sentence


def test_saturated_outputs_learn_slowly_unless_it_cancels(rng: Any) -> None:
    x, y = rng.normal(size=(50, 8)), rng.integers(0, 2, 50)
    net = deep("tanh", 1.0, layers=2, last="sigmoid")
    net.b[2] = [9.0, 9.0]
    found = net.health(x, y)
    assert [one.id for one in found.findings] == ["output-saturated"]
    assert "half_squared_error keeps their σ′" in found.sentence
    pair = backlit.Network(
        net.sizes, activations=["tanh", "sigmoid"], cost="binary_cross_entropy", theta=net.theta
    )
    assert ids(pair, x, y) == []


def test_steps_that_are_too_large_or_too_small(rng: Any) -> None:
    x, y = rng.normal(size=(50, 8)), rng.normal(size=(50, 2))
    net = deep("tanh", 1.0, layers=3)
    assert ids(net, x, y, eta=100.0) == ["steps-large"]
    assert ids(net, x, y, eta=1e-9) == ["steps-small"]
    assert ids(net, x, y) == []


# ------------------------------------------------------------------------------------------- what is shown, and refused


def test_eta_is_the_last_of_the_training_unless_given(rng: Any) -> None:
    x, y = data(rng)
    net = backlit.Network([4, 5, 3], seed=1)
    assert net.health(x, y).eta is None
    assert "give eta for the update/weight ratio" in net.health(x, y).text()
    net.fit(x, y, epochs=2, eta=0.2, schedule="exponential(factor=0.5)", progress=False)
    assert net.health(x, y).eta == pytest.approx(0.1)
    assert net.health(x, y, eta=3).eta == 3


def test_plain_data_and_text(rng: Any) -> None:
    x, y = data(rng)
    net = backlit.Network([4, 5, 3], activations=["relu", "softmax"], cost="cross_entropy", seed=1)
    found = net.health(x, y, eta=0.1)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["schema"] == "backlit.health/1"
    assert [one["layer"] for one in told["layers"]] == [1, 2]
    assert told["layers"][0]["slope_part"] == found.layers[0].slope_part
    text = str(found)
    assert text.startswith("60 examples, C = ")
    assert "2 → 1" in text
    assert max(map(len, text.splitlines())) <= 100
    alone = backlit.Network([4, 3], seed=1).health(x[0], y[0]).text()
    assert alone.startswith("1 example, C = ")
    assert "from → to" not in alone


@pytest.mark.parametrize("tag", ["B1", "B2", "N11"])
def test_a_mistake_in_the_equations_shows(rng: Any, tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = data(rng)
    net = backlit.Network([4, 5, 3], seed=1)
    right = net.health(x, y).layers[0]
    true = getattr(equations, tag)
    monkeypatch.setattr(equations, tag, lambda *given: 2 * true(*given))
    wrong = net.health(x, y).layers[0]
    assert wrong.delta == pytest.approx(2 * right.delta)


def test_sparse_inputs(rng: Any) -> None:
    from scipy.sparse import csr_array

    x, y = data(rng)
    net = backlit.Network([4, 5, 3], seed=1)
    sparse, dense = net.health(csr_array(x), y).to_dict(), net.health(x, y).to_dict()
    assert sparse["inputs"] == pytest.approx(dense["inputs"])
    for one, other in zip(sparse["layers"], dense["layers"], strict=True):
        lists = {key: one.pop(key) == other.pop(key) for key in ("dead", "saturated")}
        assert all(lists.values())
        assert one == pytest.approx(other)


def test_bad_input(rng: Any) -> None:
    x, y = data(rng)
    net = backlit.Network([4, 5, 3], seed=1)
    for eta in (0, -1, float("nan"), "fast", True):
        with pytest.raises(UsageError, match="eta is a finite number above 0"):
            net.health(x, y, eta=eta)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="x has 60 examples and y has 59"):
        net.health(x, y[1:])
    with pytest.raises(DataError, match="row 0, column 0 is NaN"):
        net.health(x * np.nan, y)
    net.w[2][1, 3] = np.inf
    with pytest.raises(ModelError, match=r"w\[2\]\[1,3\] is inf, so no gradient can be looked at"):
        net.health(x, y)
