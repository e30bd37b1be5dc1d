"""Quantities of each example against gradients made one at a time, ours and PyTorch's; rankings; flipped labels."""

from __future__ import annotations

import importlib
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

import backlit
from backlit import equations
from backlit.equations import EQUATIONS
from backlit.errors import DataError, ModelError, UsageError
from backlit.explain.examples import PerExample
from backlit.inputs import Pixels
from oracles.cases import FITTING, SIZES, Case, make

Array = Any
Planted = Callable[..., Any]


def network(case: Case) -> backlit.Network:
    parts = equations.N8(case.w, case.b)
    activations = [row.option for row in case.activations[1:]]
    return backlit.Network(case.sizes, activations=activations, cost=case.cost.option, theta=parts)


def a_case(sigma: str, cost: str) -> Case:
    """A case whose soft labels sum to 1, as a network asks."""
    case = make(sigma, cost, SIZES[3][0])
    if case.cost.targets == "distribution":
        case.y /= case.y.sum(axis=1, keepdims=True)
    return case


def one_at_a_time(net: backlit.Network, x: Array, y: Array) -> Array:
    """∇C_x of every example, (n, parameters): what the fast way never makes."""
    return np.stack([net.gradient(x[i : i + 1], y[i : i + 1], engine="numpy").theta for i in range(len(x))])


def agree(net: backlit.Network, found: PerExample, each: Array, share: Array) -> None:
    """All quantities of ``found`` follow from ``each`` to 1e-12 of the largest."""

    def near(got: Array, wanted: Array) -> None:
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12 * max(abs(wanted).max(), 1e-300))

    mean = share @ each
    near(found.norm, np.linalg.norm(each, axis=1))
    for l in range(1, net.L + 1):
        parts = [net.views(one) for one in each]
        near(
            found.norms[l], np.array([np.hypot(np.linalg.norm(w[l]), np.linalg.norm(b[l])) for w, b in parts])
        )
    lengths = np.linalg.norm(each, axis=1) * np.linalg.norm(mean)
    assert np.isnan(found.cosine[lengths == 0]).all()
    near(found.cosine[lengths > 0], (each @ mean)[lengths > 0] / lengths[lengths > 0])
    near(found.mean.theta, mean)
    near(found.second_moment.theta, share @ each**2)
    near(found.variance.theta, share @ (each - mean) ** 2)


@pytest.mark.parametrize(("sigma", "cost"), FITTING, ids=str)
def test_against_gradients_one_at_a_time(sigma: str, cost: str) -> None:
    case = a_case(sigma, cost)
    net = network(case)
    each = one_at_a_time(net, case.x, case.y)
    agree(net, net.per_example(case.x, case.y), each, np.full(len(case.x), 1 / len(case.x)))
    found = net.per_example(case.x, case.y, sample_weight=case.weights)
    agree(net, found, each, case.share)
    assert found.mean.included == {"sample_weight": "given"}
    np.testing.assert_allclose(found.cost, net.backprop(case.x, case.y).C, rtol=1e-14)


@pytest.mark.parametrize("framework", ["jax", "torch"])
@pytest.mark.parametrize(("sigma", "cost"), [("tanh", "huber"), ("softmax", "cross_entropy")], ids=str)
def test_against_autograd_of_each_example(framework: str, sigma: str, cost: str) -> None:
    pytest.importorskip(framework)
    oracle = importlib.import_module(f"oracles.{framework}_autograd")
    case = a_case(sigma, cost)
    each = []
    for i in range(len(case.x)):
        alone = Case(
            case.sizes, case.activations, case.cost, case.w, case.b,
            case.x[i : i + 1], case.y[i : i + 1], np.ones(1),
        )  # fmt: skip
        parts = oracle.objective(sigma, cost, alone, 0, 0)[1][:-1]
        each.append(np.concatenate([part.reshape(-1) for part in parts]))
    net = network(case)
    agree(net, net.per_example(case.x, case.y, sample_weight=case.weights), np.stack(each), case.share)


def test_a_float32_network_is_taken_at_its_word() -> None:
    """Its weights as they are, and all arithmetic on them in float64."""
    case = a_case("tanh", "half_squared_error")
    single = backlit.Network(
        case.sizes,
        activations="tanh",
        cost="half_squared_error",
        dtype="f4",
        theta=equations.N8(case.w, case.b),
    )
    x, y = case.x.astype("f4"), case.y.astype("f4")
    double = backlit.Network(case.sizes, activations="tanh", cost="half_squared_error", theta=single.theta)
    each = one_at_a_time(double, x.astype("f8"), y.astype("f8"))
    found = single.per_example(x, y)
    assert found.norm.dtype == found.cosine.dtype == found.variance.theta.dtype == np.float64
    agree(double, found, each, np.full(len(x), 1 / len(x)))


def test_sparse_rows_and_bytes_are_read_as_they_are(rng: Any) -> None:
    levels = (rng.integers(0, 256, (60, 7)) * (rng.random((60, 7)) < 0.3)).astype(np.uint8)
    x, y = levels / 255, rng.integers(0, 4, 60)
    net = backlit.Network([7, 5, 4], activations=["relu", "softmax"], cost="cross_entropy")
    dense = net.per_example(x, y)
    agree(net, dense, one_at_a_time(net, x, np.eye(4)[y]), np.full(60, 1 / 60))
    for other in (Pixels(levels), csr_array(x)):
        found = net.per_example(other, y)
        for name in ("norm", "cosine", "cost"):
            np.testing.assert_allclose(getattr(found, name), getattr(dense, name), rtol=1e-12)
        np.testing.assert_allclose(found.variance.theta, dense.variance.theta, rtol=1e-12, atol=1e-18)


def test_in_chunks_the_same_and_memory_stays_small(monkeypatch: pytest.MonkeyPatch, rng: Any) -> None:
    x, y = rng.random((4000, 100)), rng.integers(0, 10, 4000)
    net = backlit.Network([100, 60, 10])
    whole = net.per_example(x, y)
    monkeypatch.setattr("backlit.passes._NUMBERS_AT_ONCE", 6400)
    tracemalloc.start()
    found = net.per_example(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(found.norm, whole.norm, rtol=1e-12)
    np.testing.assert_allclose(found.second_moment.theta, whole.second_moment.theta, rtol=1e-10)
    assert peak < 3e6  # gradients one an example are 214 MB, all activations at once 5.4


def test_tiny_gradients_keep_their_length() -> None:
    """δ of 1e-200, whose square is no number any more."""
    net = backlit.Network(
        [2, 1], activations="identity", cost="half_squared_error", theta=[[[1.0, 0]], [0.0]]
    )
    found = net.per_example([[1.0, 0.0], [2.0, 0.0]], [1 - 2.0**-53, 2.0])
    assert found.norm[0] == pytest.approx(2.0**-53 * np.sqrt(2), rel=1e-15)
    assert found.norm[1] == 0
    assert np.isnan(found.cosine[1])
    net.theta = [[[1e-200, 0]], [0.0]]
    small = net.per_example([[1.0, 0.0]], [0.0])
    assert small.norm[0] == pytest.approx(1e-200 * np.sqrt(2), rel=1e-12)


@pytest.mark.parametrize("tag", ["B1", "B2", "B3", "B4", "N2", "N5", "N11", "N4", "N6"])
@pytest.mark.parametrize("factor", [2.001, -1], ids=["off", "sign"])
def test_a_mistake_planted_in_an_equation_shows(
    tag: str, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something of what is found changes: whatever is computed is computed by the registry."""
    case = a_case("sigmoid", "half_squared_error")
    net = network(case)
    each = one_at_a_time(net, case.x, case.y)
    costs = net.backprop(case.x, case.y).C
    right = EQUATIONS[tag].function

    def wrong(*operands: Any) -> Any:
        result = right(*operands)
        return (result[0], result[1] * factor) if isinstance(result, tuple) else result * factor

    monkeypatch.setitem(equations.__dict__, tag, wrong)
    with pytest.raises(AssertionError):  # noqa: PT012 (either of the two)
        found = net.per_example(case.x, case.y)
        np.testing.assert_allclose(found.cost, costs, rtol=1e-12)
        agree(net, found, each, np.full(len(case.x), 1 / len(case.x)))
        nudges = net.nudges(case.x, case.y, of=["w[1]", "w[2]", "w[3]", "b[1]", "b[2]", "b[3]"])
        all_w_all_b = np.concatenate([net.views(each.T[:, 0])[0][l].reshape(-1) for l in (1, 2, 3)])
        np.testing.assert_allclose(-nudges.values[0][: len(all_w_all_b)], all_w_all_b, rtol=1e-12)


# ------------------------------------------------------------------------------------------------------------ rankings


def trained(flipped: Array | None = None) -> tuple[backlit.Network, Array, Array]:
    x, y = backlit.data.load("digits").arrays()
    y = y.astype(int)
    if flipped is not None:
        y[flipped] = (y[flipped] + 1 + np.arange(len(flipped)) % 9) % 10
    net = backlit.Network([64, 30, 10], activations=["relu", "softmax"], cost="cross_entropy", seed=0)
    net.fit(x, y, epochs=3, batch_size=10, eta=0.1, progress=False)
    return net, x, y


@pytest.fixture(scope="module")
def digits() -> tuple[backlit.Network, Array, Array]:
    return trained()


def test_rankings_are_in_the_order_they_say(digits: Any) -> None:
    net, x, y = digits
    found = net.per_example(x, y)
    for by, wanted, sign in (
        ("gradient-norm", found.norm, -1), ("cost", found.cost, -1), ("cosine", found.cosine, 1),
        ("margin", found.margin, 1),
    ):  # fmt: skip
        ranking = net.rank_examples(x, y, by=by)
        assert ranking.indices.tolist() == np.argsort(sign * wanted, kind="stable").tolist()
        assert (np.diff(sign * ranking.values) >= 0).all()
        assert net.rank_examples(x, y, by=by, limit=7).indices.tolist() == ranking.indices[:7].tolist()
    outputs = net.predict(x)
    assert ((found.margin < 0) == (outputs.argmax(axis=1) != y)).all()
    i = int(found.margin.argmin())
    assert found.margin[i] == pytest.approx(outputs[i, y[i]] - np.delete(outputs[i], y[i]).max(), abs=1e-12)


@pytest.mark.parametrize(("activation", "cost"), [("sigmoid", "binary_cross_entropy"), ("tanh", "hinge")])
def test_the_margin_of_one_output(activation: str, cost: str, rng: Any) -> None:
    x, labels = rng.normal(size=(40, 3)), np.arange(40) % 2
    net = backlit.Network([3, 1], activations=activation, cost=cost)
    y = 2 * labels - 1 if cost == "hinge" else labels
    ranking = net.rank_examples(x, y, by="margin")
    wrong = net.predict_labels(x) != y
    assert wrong.sum() == (ranking.values < 0).sum()
    assert set(ranking.indices[: wrong.sum()]) == set(np.flatnonzero(wrong))


def test_ties_stand_in_the_order_of_the_data_and_nothing_to_compare_comes_last() -> None:
    net = backlit.Network(
        [2, 1], activations="identity", cost="half_squared_error", theta=[[[1.0, 0]], [0.0]]
    )
    x = np.array([[1.0, 0], [2, 0], [1, 0], [3, 0]])
    ranking = net.rank_examples(x, [1.0, 0.0, 0.0, 0.0], by="cosine")
    assert ranking.indices[-1] == 0
    assert np.isnan(ranking.values[-1])
    assert ranking.to_dict()["ranking"][-1]["cosine"] is None
    assert net.rank_examples(x[[0, 0, 0]], [0.0, 0, 0]).indices.tolist() == [0, 1, 2]


def test_a_ranking_as_data_and_as_text(digits: Any) -> None:
    net, x, y = digits
    ranking = net.rank_examples(x, y, limit=30)
    told = ranking.to_dict()
    assert (told["schema"], told["by"], told["n"]) == ("backlit.examples/1", "gradient-norm", 1797)
    first = told["ranking"][0]
    assert list(first) == [
        "rank", "example", "known", "answer", "cost", "gradient_norm", "cosine", "margin",
    ]  # fmt: skip
    assert first["gradient_norm"] == ranking.values[0]
    lines = ranking.text().splitlines()
    assert lines[0] == "1,797 examples by gradient-norm: the longest gradient ‖∇C_x‖ first"
    assert lines[2].split() == ["rank", "example", "label", "read", "as", "cost", "‖∇C_x‖", "cosine"]
    assert len(lines) == 23
    assert "margin" in net.rank_examples(x, y, by="margin").text()
    assert "-" not in "".join(lines[3:])
    assert max(map(len, net.rank_examples(x, y).text(width=40).splitlines())) <= 40
    assert ranking.called(np.arange(1797) + 5000).rows()[0]["example"] == first["example"] + 5000


def test_flipped_labels_are_among_the_first(rng: Any) -> None:
    """The experiment of docs/examples.md on the small digits: 1% of the labels are wrong, and 2% are looked at."""
    flipped = rng.choice(1797, 18, replace=False)
    net, x, y = trained(flipped)
    first = net.rank_examples(x, y, limit=36).indices
    assert np.isin(flipped, first).mean() > 0.75  # a random ranking: 0.02


# ----------------------------------------------------------------------------------------------------------- bad input


def test_what_cannot_be_is_said(digits: Any) -> None:
    net, x, y = digits
    with pytest.raises(UsageError, match=r"unknown ranking 'gradient'\. Did you mean 'gradient-norm'\?"):
        net.rank_examples(x, y, by="gradient")
    for limit in (0, 2.5, True):
        with pytest.raises(UsageError, match="limit is a whole number from 1 on; got"):
            net.rank_examples(x, y, limit=limit)
    with pytest.raises(DataError, match=r"inputs are \(n, 64\)"):
        net.per_example(x[:, :60], y)
    with pytest.raises(DataError, match="1,797 examples and y has 5"):
        net.per_example(x, y[:5])
    with pytest.raises(DataError, match="one weight for each of the 1797"):
        net.per_example(x, y, sample_weight=[1.0])
    values = backlit.Network([2, 1], activations="identity")
    with pytest.raises(UsageError, match="by='margin' is for classes"):
        values.rank_examples(np.eye(2), [0.5, 3.25], by="margin")


def test_numbers_that_are_not_finite_are_named() -> None:
    net = backlit.Network([2, 3, 1], activations="identity")
    net.w[1][1] = [3, -3]
    with pytest.raises(DataError, match=r"example 1: z\[\d\]\[\d\] is .*scale the inputs"):
        net.per_example([[1.0, 1.0], [1.5e308, -1.5e308]], [0.5, 0.25])
    with pytest.raises(DataError, match="example 1: its cost is inf"):
        net.per_example([[1.0, 1.0], [1e200, 1e200]], [0.5, 0.25])
    net.w[2][0, 1] = np.nan
    with pytest.raises(ModelError, match=r"w\[2\]\[0,1\] is nan"):
        net.per_example([[1.0, 1.0]], [0.5])
