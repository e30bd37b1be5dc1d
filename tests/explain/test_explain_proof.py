"""The line of agreement holds as things are; what is broken, in the tree or in the equations, makes it fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backlit import Network, UsageError, equations
from backlit.equations import EQUATIONS
from backlit.explain import Derivation, Step, Terms

ORIGINAL = {tag: entry.function for tag, entry in EQUATIONS.items()}
RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(5, 4)), np.array([0, 2, 1, 1, 0])
MASKS = [RNG.choice([0.0, 2.0], (5, n)) for n in (4, 6, 5)]
WEIGHTS = [2.0, 0.5, 1.0, 1.0, 3.0]


def network(output: str = "sigmoid", cost: str = "squared_error", hidden: str = "tanh") -> Network:
    net = Network([4, 6, 5, 3], activations=["sigmoid", hidden, output], cost=cost)
    net.theta = np.random.default_rng(9).normal(0, 0.8, net.parameters)
    return net


def one(name: str, net: Network | None = None, **options: Any) -> Derivation:
    return (net or network()).explain(name, X[0], np.eye(3)[1], depth=3, **options)


def many(name: str, net: Network | None = None, **options: Any) -> Derivation:
    return (net or network()).explain(name, X, Y, **options)


def softmax() -> Network:
    return network("softmax", "cross_entropy")


# Every kind of step stands in one of these.
TREES: dict[str, Callable[[], Derivation]] = {
    "weight": lambda: one("dC/dw[1][2,3]"),
    "bias": lambda: one("dC/db[2][1]"),
    "input": lambda: one("dC/dx[0]"),
    "output": lambda: one("da[3][1]/dx[2]"),
    "penalty": lambda: one("dC/dw[1][2,3]", l2=0.1, l1=0.05),
    "softmax": lambda: one("dC/dw[2][0,1]", softmax()),
    "cancelled": lambda: one("dC/dw[2][0,1]", network("sigmoid", "binary_cross_entropy")),
    "plain softmax": lambda: one("dC/dw[2][0,1]", network("softmax", "squared_error")),
    "hidden softmax": lambda: one("dC/dw[1][0,1]", network(hidden="softmax")),
    "mask": lambda: one("dC/dw[2][0,1]", dropout_masks=[np.full((1, n), 2.0) for n in (4, 6, 5)]),
    "mean": lambda: many("dC/dw[2][3,0]", sample_weight=WEIGHTS),
    "each": lambda: many("dC/dz[2][3]"),
    "block": lambda: one("dC/dw[2]"),
    "layer": lambda: one("dC/dx"),
    "batch block": lambda: many("dC/dw[2]", sample_weight=WEIGHTS),
    "batch bias block": lambda: many("dC/db[2]"),
}


@pytest.mark.parametrize("tree", TREES)
def test_it_holds(tree: str) -> None:
    found = TREES[tree]().check()
    assert found, str(found)
    assert found.digits is not None
    assert found.digits >= 9


def test_every_kind_of_step_is_broken_below() -> None:
    kinds = {step.kind for make in TREES.values() for step in make().steps}
    assert kinds == {
        "product", "total", "sum", "mean", "each", "outer", "matrix", "read", "slope", "cost", "cancelled", "penalty",
        "mask", "unopened",
    }  # fmt: skip


def broken(d: Derivation, target: Step) -> Derivation:
    """The tree with one step's value a thousandth larger, and everything above it as it was."""

    def rebuilt(step: Step) -> Step:
        terms = step.terms
        if terms is not None:
            terms = replace(terms, opened={row: rebuilt(below) for row, below in terms.opened.items()})
        value = step.value * 1.001 + 1e-6 if step is target else step.value
        return replace(step, value=value, parts=tuple(map(rebuilt, step.parts)), terms=terms)

    return replace(d, root=rebuilt(d.root))


@pytest.mark.parametrize("tree", TREES)
def test_a_broken_step_is_found_wherever_it_stands(tree: str) -> None:
    d = TREES[tree]()
    for target in d.steps:
        found = broken(d, target).check()
        assert not found, f"{target.kind} {target.symbol}: {found}"
        assert "✗" in str(found)


@pytest.mark.parametrize("tree", TREES)
def test_a_broken_term_is_found(tree: str) -> None:
    d = TREES[tree]()
    for target in d.steps:
        if target.terms is None:
            continue
        for column in [None, *range(len(target.terms.columns))]:
            assert not _with_terms(d, target, _spoilt(target.terms, column)).check()


def _spoilt(terms: Terms, column: int | None) -> Terms:
    """One term larger than it is, or one entry of a column."""
    row = int(terms.largest()[0])
    larger = 1 + 0.001 * (np.arange(len(terms)) == row)
    if column is None:
        return replace(terms, terms=terms.terms * larger)
    columns = list(terms.columns)
    columns[column] = replace(columns[column], values=columns[column].values * larger)
    return replace(terms, columns=tuple(columns))


def _with_terms(d: Derivation, target: Step, terms: Terms) -> Derivation:
    def rebuilt(step: Step) -> Step:
        if step is target:
            return replace(step, terms=terms)
        below = step.terms
        if below is not None:
            below = replace(below, opened={row: rebuilt(one) for row, one in below.opened.items()})
        return replace(step, parts=tuple(map(rebuilt, step.parts)), terms=below)

    return replace(d, root=rebuilt(d.root))


def local(which: str, factor: float) -> Callable[..., Any]:
    """N6 with one of its five wrong by a factor."""
    return lambda name, *of: ORIGINAL["N6"](name, *of) * (factor if name == which else 1)


PLANTED: list[tuple[str, str, Callable[..., Any]]] = [
    ("weight", "N6", local("dz/dw", -1)),
    ("bias", "N6", local("dz/db", -1)),
    ("weight", "N6", local("dz/da", 2)),
    ("weight", "N6", local("da/dz", -1)),
    ("weight", "N6", local("dC/da", 2)),
    ("weight", "N9", lambda *of: -ORIGINAL["N9"](*of)),
    ("weight", "N10", lambda *of: -ORIGINAL["N10"](*of)),
    ("weight", "N11", lambda w, delta: -ORIGINAL["N11"](w, delta)),
    ("weight", "N2", lambda s, t: -ORIGINAL["N2"](s, t)),
    ("weight", "B1", lambda *of: -ORIGINAL["B1"](*of)),
    ("input", "B2", lambda *of: -ORIGINAL["B2"](*of)),
    ("bias", "B3", lambda *of: -ORIGINAL["B3"](*of)),
    ("softmax", "B1", lambda *of: -ORIGINAL["B1"](*of)),
    ("cancelled", "B1", lambda *of: 2 * ORIGINAL["B1"](*of)),
    ("batch block", "B4", lambda *of: -ORIGINAL["B4"](*of)),
    ("batch bias block", "B3", lambda *of: -ORIGINAL["B3"](*of)),
    ("mean", "B4", lambda *of: -ORIGINAL["B4"](*of)),
    ("block", "N10", lambda *of: -ORIGINAL["N10"](*of)),
    ("layer", "N11", lambda w, delta: -ORIGINAL["N11"](w, delta)),
    ("penalty", "R1", lambda xp, which, *of: ORIGINAL["R1"](xp, which, *of) * (-1 if which == "gradient" else 1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tree", "tag", "wrong"), PLANTED, ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_mistake_in_the_equations_shows(
    tree: str, tag: str, wrong: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equations, tag, wrong)
    assert not TREES[tree]().check()


def test_the_single_neuron_s_equation_is_the_registry_s(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Network([1, 1, 1], seed=2)
    assert net.explain("dC/dw[1]", [0.5], [1.0]).check()
    monkeypatch.setattr(equations, "N7", lambda *of: tuple(-one for one in ORIGINAL["N7"](*of)))
    assert not net.explain("dC/dw[1]", [0.5], [1.0]).check()


def test_the_line_as_it_is_printed() -> None:
    line = str(one("dC/dw[1][2,3]").check())
    assert line.startswith(
        "product of factors ✓    sum of 5 paths and 5 more sums ✓    finite differences of C: "
    )
    assert " digits ✓" in line
    assert str(many("dC/dw[2][3,0]").check()).startswith("product of factors ✓    sum of 5 examples and ")


def test_the_nudge_predicts_and_measures() -> None:
    found = one("dC/dw[1][2,3]").check()
    assert found.nudge is not None
    assert found.nudge.predicted == pytest.approx(found.nudge.measured, rel=0.05)
    said = found.nudged("this weight", "C")
    assert said.startswith("raising this weight by 0.01 ")
    assert "(predicted); measured: " in said
    assert many("dC/dw[1]").check().nudged("it", "C") == ""
    silent = network().explain("dC/dw[1][2,3]", np.zeros(4), np.eye(3)[1]).check()
    assert silent.nudged("it", "C") == "raising it by 0.01 leaves C as it is (predicted and measured)"


def test_a_derivative_that_differences_can_not_see_is_no_mistake() -> None:
    """A saturated network's C does not move at all: that proves no 0, and contradicts nothing."""
    net = Network([1, 1, 1], cost="half_squared_error", activations="sigmoid", dtype=np.float64)
    net.w[1], net.b[1], net.w[2], net.b[2] = [[1.0]], [-300.0], [[1.0]], [-200.0]
    found = net.explain("dC/dw[1][0,0]", [1.0], [1.0])
    assert 0 < abs(found.value) < 1e-200
    agreed = found.check()
    assert agreed.passed
    assert agreed.digits is None
    assert "too small here to be told from rounding" in str(agreed)


def in_digits(derivation: Derivation, digits: int) -> Any:
    return next(check for check in derivation.check(digits=digits).checks if check.kind == "digits")


@pytest.mark.parametrize("name", ["dC/dw[1][2,1]", "dC/db[2][1]", "da[2][0]/dx[1]", "dz[2][1]/da[1][3]"])
def test_in_fifty_digits(name: str) -> None:
    """Differences in 66 digits say the same for as long as those in 50 go on, and float64 has 15 of them."""
    pytest.importorskip("mpmath", reason="needs the extra verify")
    net = Network([3, 4, 2], activations=["tanh", "softmax"], cost="cross_entropy", seed=1)
    found = net.explain(name, np.array([[0.3, -1, 0.5], [1, 0.2, -0.4]]), [0, 1], example=1)
    fifty, more = in_digits(found, 50), in_digits(found, 66)
    assert fifty.passed
    numbers = [check.said.split(": ")[1].split(",")[0] for check in (fifty, more)]
    assert numbers[1].startswith(numbers[0][:-1])
    assert len(numbers[0]) >= 50
    assert int(fifty.said.split("float64 has ")[1].split()[0]) >= 14
    assert float(numbers[0].replace("−", "-")) == pytest.approx(found.value, rel=1e-14)


def test_in_more_digits_what_can_not_be_and_what_is_wrong() -> None:
    pytest.importorskip("mpmath", reason="needs the extra verify")
    net = Network([2, 3, 1], activations=["relu", "identity"], cost="half_squared_error", seed=1)
    x, y = [0.5, -0.2], [1.0]
    weighted = net.explain("dC/dw[1][0,1]", [x, x], [y, [2.0]], sample_weight=[1, 3], l2=0.1, l1=0.01)
    assert in_digits(weighted, 30).passed
    assert not replace(weighted, root=replace(weighted.root, value=weighted.value * 1.00001)).check(digits=30)
    assert "one number" in in_digits(net.explain("dC/dw[1]", x, y), 30).said
    net.b[1] = [0.0, 0.1, 0.1]
    kink = in_digits(net.explain("dC/db[1][0]", [0.0, 0.0], y), 30)
    assert (kink.passed, "at a kink" in kink.said) == (None, True)
    for wrong in (5, 67, 30.0, True):
        with pytest.raises(UsageError, match="digits is a whole number from 20 to 66"):
            weighted.check(digits=wrong)
