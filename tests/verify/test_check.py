"""Checking ∇C: right gradients pass, of every activation and cost; whatever is planted is found, and named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import Network, equations
from backlit.errors import DataError, MissingDependency, ModelError, UsageError
from backlit.functions import activations as table_of_activations
from backlit.verify import check
from backlit.verify.checks import progress as check_progress, sample as check_sample
from oracles.cases import ACTIVATION_OPTIONS, FITTING, SIZES, Case, make

Array = Any
RNG = np.random.default_rng


def network(case: Case, dtype: str) -> Network:
    theta = [part for l in range(1, len(case.sizes)) for part in (case.w[l], case.b[l])]
    return Network(case.sizes, activations=case.activations[1:], cost=case.cost, theta=theta, dtype=dtype)


def case_of(sigma: str, cost: str, sizes: tuple[int, ...]) -> Case:
    case = make(sigma, cost, sizes)
    if case.cost.targets == "distribution":
        case.y[0] /= case.y[0].sum()
    return case


def small(
    dtype: str = "float64", cost: str = "half_squared_error", **options: Any
) -> tuple[Network, Array, Array]:
    net = Network([4, 6, 5, 3], activations="tanh", cost=cost, seed=2, dtype=dtype, **options)
    rng = RNG(5)
    return net, rng.normal(size=(7, 4)), rng.random((7, 3))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("sigma", ACTIVATION_OPTIONS)
def test_right_gradients_pass(sigma: str, dtype: str) -> None:
    for number, (_, cost) in enumerate(one for one in FITTING if one[0] == sigma):
        for outputs in (1, 3) if dtype == "float64" else (1 + 2 * (number % 2),):
            if sigma == "softmax" and outputs == 1:
                continue
            case = case_of(sigma, cost, SIZES[outputs][number % 2])
            report = check(
                network(case, dtype),
                case.x,
                case.y,
                sample_weight=case.weights,
                methods=("complex", "differences"),
            )
            assert report.passed, (cost, str(report))
            assert report.untested <= 1, (cost, str(report))
            assert not report.apart
            if dtype == "float64":
                assert report.least_digits is not None
                assert report.least_digits >= 10, (cost, str(report))


@pytest.mark.parametrize("sigma", ["sigmoid", "relu", "gelu", "selu", "softmax", "log_cosh"])
def test_fifty_digits_agree_as_well(sigma: str) -> None:
    cost = "log_cosh" if sigma == "log_cosh" else "half_squared_error"
    case = case_of("tanh" if sigma == "log_cosh" else sigma, cost, SIZES[3][0])
    report = check(network(case, "float64"), case.x, case.y, digits=50, l2=0.1, l1=0.01)
    assert report.methods == ("digits", "complex", "differences")
    assert report.passed
    assert not report.untested
    assert report.apart == 0
    for one in report.entries:  # the three ways say the same, each to what it can
        np.testing.assert_allclose(one.by["complex"], one.by["digits"], rtol=1e-11, atol=1e-15)
        np.testing.assert_allclose(one.by["differences"], one.by["digits"], rtol=1e-6, atol=1e-9)


def test_all_that_takes_part_is_checked() -> None:
    for dtype in ("float64", "float32"):
        net, x, y = small(dtype)
        masks = backlit.dropout.masks([0.8, 0.5, 0.5], 12, 0, len(x), net.sizes, net.dtype)
        report = check(
            net, x, y, l1=0.02, l2=0.3, sample_weight=np.arange(7.0), dropout_masks=masks, engine="numpy"
        )
        assert report, str(report)
        assert report.total == net.parameters
        assert report.included == {
            "l1": 0.02, "l2": 0.3, "sample_weight": "given", "dropout_masks": "given"
        }  # fmt: skip
        assert report.numbers == (1, 2, 3, 4, 5, 6)  # what weighs nothing takes no part
        without = net.gradient(x, y, l2=0.3, sample_weight=np.arange(7.0), dropout_masks=masks)
        wrong = check(
            net, x, y, gradient=without, l1=0.02, l2=0.3, sample_weight=np.arange(7.0), dropout_masks=masks
        )
        assert wrong.differ == sum(w.size for w in net.w)


@pytest.mark.parametrize("name", ["numpy", "auto"])
def test_the_engine_that_is_named_is_checked(name: str) -> None:
    net, x, y = small("float32")
    assert check(net, x, y, engine=name)
    with pytest.raises(UsageError, match="unknown engine 'gpu'"):
        check(net, x, y, engine="gpu")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_neurons_that_are_all_alike_make_no_false_alarm(dtype: str) -> None:
    """Their errors of rounding are alike as well, and add up instead of averaging out."""
    net = Network(
        [200, 90, 90, 90, 10],
        activations=["sigmoid"] * 3 + ["softmax"],
        cost="cross_entropy",
        dtype=dtype,
        seed=0,
    )
    x, y = RNG(0).random((6, 200)), RNG(1).integers(0, 10, 6)
    for value in (0.05, -0.2):
        net.theta = np.full(net.parameters, value)
        for name in ("numpy", "auto"):
            report = check(net, x, y, methods="complex", engine=name)
            assert not report.differ, str(report)
            assert report.agree


def test_numbers_near_the_ends_of_the_dtype_make_no_false_alarm() -> None:
    for seed in range(12):
        rng = RNG(seed)
        for dtype in ("float64", "float32"):
            hidden = rng.choice(["softplus", "sigmoid", "gelu", "elu", "softsign"], 2).tolist()
            net = Network([4, 6, 5, 3], activations=[*hidden, "softplus"], cost="log_cosh", dtype=dtype)
            net.theta = rng.normal(0, 12, net.parameters)
            report = check(net, rng.normal(0, 5, (2, 4)), rng.normal(size=(2, 3)))
            assert not report.differ, (seed, dtype, str(report))


def test_any_entry_that_is_off_by_a_millionth_is_found() -> None:
    net, x, y = small()
    for place in range(net.parameters):
        given = net.gradient(x, y).theta.copy()
        given[place] *= 1 + 1e-6
        report = check(net, x, y, gradient=given, methods="complex")
        assert [one.name for one in report.worst] == [f"dC/d{net.name_of(place)}"]
        assert report.differ == 1
        assert not report
    report = check(net, x, y, gradient=given, methods="differences")
    assert [one.name for one in report.worst] == [f"dC/d{net.name_of(net.parameters - 1)}"]


def test_an_entry_that_float32_cannot_explain_is_found() -> None:
    net, x, y = small("float32")
    given = net.gradient(x, y).theta.copy()
    largest = int(np.argmax(np.abs(given)))
    given[largest] *= 1 + 2e-4
    report = check(net, x, y, gradient=given)
    assert report.differ == 1
    assert report.worst[0].name == f"dC/d{net.name_of(largest)}"


def test_a_float32_gradient_of_a_float64_network_is_judged_as_float32() -> None:
    net, x, y = small()
    given = net.gradient(x, y)
    assert check(
        net,
        x,
        y,
        gradient=[part.astype(np.float32) for part in equations.N8([None, *given.w], [None, *given.b])],
    )
    assert not check(net, x, y, gradient=given.theta.astype(np.float32).astype(np.float64))


@pytest.mark.parametrize(
    "sigma", ["sigmoid", "tanh", "relu", "elu", "selu", "gelu", "silu", "softplus", "softsign"]
)
def test_a_wrong_derivative_in_a_row_of_the_table_is_found(sigma: str) -> None:
    row = table_of_activations.as_activation(sigma)
    derivative, from_a = row.derivative, row.derivative_from_a
    wrong = replace(
        row,
        derivative=lambda xp, z: derivative(xp, z) * 1.0001,
        derivative_from_a=None if from_a is None else lambda xp, a: from_a(xp, a) * 1.0001,
    )
    rng = RNG(3)
    net = Network([3, 5, 2], activations=[wrong, "identity"], seed=1)
    report = check(net, rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), engine="numpy")
    assert report.differ
    assert {one.layer for one in report.entries if one.count(1)} == {1}  # layer 2 has another row


@pytest.mark.parametrize("tag", ["N11", "B3", "B4", "B1", "R1"])
def test_a_wrong_equation_is_found(tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = getattr(equations, tag)

    def wrong(*of: Any) -> Array:
        value = right(*of)
        return value * 1.001 if tag != "R1" or of[1] == "gradient" else value

    monkeypatch.setattr(equations, tag, wrong)
    net, x, y = small()
    report = check(net, x, y, l2=0.1, engine="numpy", dropout_masks=[None] * 3)
    assert report.differ, tag


def test_a_forward_pass_that_is_not_the_notes_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    right = equations.N4
    monkeypatch.setattr(equations, "N4", lambda xp, sigma, w, a, b: right(xp, sigma, w, a, 2 * b))
    net, x, y = small()
    report = check(net, x, y, engine="numpy")
    assert not report
    assert report.broken == (1, 2, 3)
    assert "not w a + b (N4) in layer 1" in report.verdict


def test_a_cost_with_a_wrong_derivative_is_found() -> None:
    net = Network(
        [3, 4, 2], activations="tanh", seed=4,
        cost=(lambda a, y: ((a - y) ** 2).sum(axis=-1), lambda a, y: a - y),
    )  # fmt: skip
    rng = RNG(1)
    report = check(net, rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))
    assert report.methods == ("differences",)
    assert report.differ == net.parameters
    assert any("a function of your own" in note for note in report.notes)
    right = Network(
        [3, 4, 2], activations="tanh", seed=4,
        cost=(lambda a, y: ((a - y) ** 2).sum(axis=-1), lambda a, y: 2 * (a - y)),
    )  # fmt: skip
    assert check(right, rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))


def test_a_gradient_that_is_not_finite_is_named() -> None:
    net, x, y = small()
    given = net.gradient(x, y)
    given.w[2][3, 1], given.b[3][0] = np.nan, -np.inf
    report = check(net, x, y, gradient=given)
    assert report.not_finite == ("w[2][3,1] is nan", "b[3][0] is -inf")
    assert report.differ == 2
    assert "NaN" in str(report)
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_weight_that_is_not_finite_is_named() -> None:
    net, x, y = small()
    net.w[2][1, 1] = np.nan
    with pytest.raises(ModelError, match=r"w\[2\]\[1,1\] is nan"):
        check(net, x, y)


def test_a_gradient_may_come_in_any_layout() -> None:
    net, x, y = small()
    found = net.gradient(x, y)
    for given in (
        found,
        found.theta,
        list(found.theta),
        [*found.w, *found.b],
        {
            "W1": found.w[1],
            "b1": found.b[1],
            "W2": found.w[2],
            "b2": found.b[2],
            "W3": found.w[3],
            "b3": found.b[3],
        },
        [[w.T, b] for w, b in zip(found.w, found.b, strict=True)],
    ):
        assert check(net, x, y, gradient=given, methods="complex"), given
    with pytest.raises(UsageError, match="of shapes"):
        check(net, x, y, gradient=[found.w[1]])
    with pytest.raises(UsageError, match="not a function"):
        check(net, x, y, gradient=lambda: found)


def test_a_sample_is_stated_and_the_same_again() -> None:
    net, x, y = small()
    one, other = (check(net, x, y, sample=20, seed=3) for _ in range(2))
    assert one.total == one.sampled == 20
    assert [e.places.tolist() for e in one.entries] == [e.places.tolist() for e in other.entries]
    assert "a random sample of 20 of 83 entries, seed 3" in str(one)
    assert all(len(e.places) for e in one.entries)  # something of every array
    assert check(net, x, y, sample=10_000).sampled is None
    given = net.gradient(x, y).theta * 1.001
    assert check(net, x, y, gradient=given, sample=20, seed=3).differ == 20


def test_a_large_network_is_sampled_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = RNG(0)
    net = Network([70, 90, 80, 10], activations="relu", dtype="float32", seed=1)
    x, y = rng.normal(size=(2, 70)), rng.normal(size=(2, 10))
    assert check(net, x, y).sampled is None
    monkeypatch.setattr(check_sample, "_MOST_ENTRIES", 12_000)  # more entries than that are too many
    report = check(net, x, y)
    assert report.sampled == report.total == 10_000
    assert report.passed, str(report)
    assert "a random sample of 10,000 of 14,480 entries, seed 0" in str(report)
    monkeypatch.setattr(check_sample, "_LONG", 0.002)  # seconds: few neurons of each layer then
    few = check(net, x, y, methods="complex")
    assert few.sampled is not None
    assert 100 < few.total < 10_000
    assert few.passed, str(few)


def test_what_takes_long_says_so_before_it_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    net, x, y = small()
    check(net, x, y)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(check_progress, "LONG", 0.0)
    check(net, x, y)
    said = capsys.readouterr().err
    assert said.startswith("checking 83 entries on 7 examples: about 1 s and ")
    check(net, x, y, progress=False)
    assert capsys.readouterr().err == ""


def test_the_report_in_numbers_and_in_words() -> None:
    net, x, y = small()
    report = check(net, x, y, numbers=[10, 11, 12, 13, 14, 15, 16])
    assert report.passed is bool(report) is True
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert plain["schema"] == "backlit.check/1"
    assert (plain["entries"], plain["agree"], plain["differ"]) == (83, 83, 0)
    assert plain["examples"] == [10, 11, 12, 13, 14, 15, 16]
    assert [one["array"] for one in plain["arrays"]] == [
        "dC/dw[1]", "dC/db[1]", "dC/dw[2]", "dC/db[2]", "dC/dw[3]", "dC/db[3]"
    ]  # fmt: skip
    assert sum(one["entries"] for one in plain["arrays"]) == net.parameters
    for width in (100, 60, 40):
        assert max(map(len, report.text(width=width).splitlines())) <= width
    assert "\x1b" not in report.text()
    assert "\x1b" in report.text(colour=True)
    found = report.of("w[2][3,5]")
    assert found.given == net.gradient(x, y).w[2][3, 5]
    assert found.verdict == "agrees"
    with pytest.raises(KeyError):
        report.of("w[9][0,0]")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"methods": "autograd"}, "unknown method 'autograd'. Known: differences, complex, digits"),
        ({"methods": ()}, "methods are some of"),
        ({"digits": 10}, "digits is a whole number from 20 to 66; got 10"),
        ({"sample": 0}, "sample is how many entries"),
        ({"sample": True}, "sample is how many entries"),
        ({"l2": -1}, "l2 is a finite number"),
        ({"progress": "yes"}, "progress is True, False or None"),
        ({"numbers": [1]}, "numbers are 7 whole numbers"),
    ],
)
def test_arguments_that_cannot_be(options: dict[str, Any], said: str) -> None:
    net, x, y = small()
    with pytest.raises(UsageError) as caught:
        check(net, x, y, **options)
    assert said in str(caught.value)


def test_a_check_leaves_the_network_as_it_was() -> None:
    net = Network([4, 3, 2], activations=["tanh", "softmax"], cost="cross_entropy", seed=1)
    before = net.theta.copy()
    check(net, RNG(0).normal(size=(3, 4)), [0, 1, 1])
    assert net.task is None
    np.testing.assert_array_equal(net.theta, before)
    with pytest.raises(DataError, match="x has 3 examples and y has 2"):
        check(net, RNG(0).normal(size=(3, 4)), [0, 1])


def test_functions_of_ones_own_are_checked_by_differences_alone() -> None:
    own = (np.arctan, lambda z: 1 / (1 + z * z))
    net = Network([3, 4, 2], activations=own, seed=1)
    x, y = RNG(0).normal(size=(3, 3)), RNG(1).normal(size=(3, 2))
    assert check(net, x, y)
    with pytest.raises(UsageError, match="neither complex numbers nor many digits"):
        check(net, x, y, methods="complex")
    with pytest.raises(UsageError, match="leave digits out"):
        check(net, x, y, digits=50)
    wrong = Network([3, 4, 2], activations=(np.arctan, lambda z: 1 / (1 + z * z) + 1e-6), seed=1)
    assert not check(wrong, x, y)


def test_without_mpmath_the_others_check(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from backlit import namespaces

    namespaces.mpmath_namespace.cache_clear()
    monkeypatch.setitem(sys.modules, "mpmath", None)
    net, x, y = small()
    assert check(net, x, y).methods == ("complex", "differences")
    with pytest.raises(MissingDependency, match="mpmath"):
        check(net, x, y, digits=50)
