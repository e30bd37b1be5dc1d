"""Schedules: each row's values, warm-up then another, plateaus from the history alone, functions of one's own."""

from __future__ import annotations

import math
from typing import Any

import pytest

from backlit.errors import UsageError
from backlit.schedules import SCHEDULES, Plateau, as_schedule, plateau_factor

T, DT = 20.0, 0.25


@pytest.mark.parametrize(
    ("option", "t", "factor"),
    [
        ("constant", 0, 1),
        ("constant", 19.75, 1),
        ("step", 9.99, 1),
        ("step", 10, 0.5),
        ("step(every=3, factor=0.1)", 8.75, 0.01),
        ("step(every=0.5, factor=0.5)", 1.25, 0.25),
        ("exponential", 0.75, 1),
        ("exponential", 2, 0.95**2),
        ("exponential(factor=0.5)", 3.5, 0.125),
        ("inverse_scaling", 0, 1),
        ("inverse_scaling", 3, 0.5),
        ("inverse_scaling(rate=0.5, power=1)", 4.5, 1 / 3.25),
        ("cosine", 0, 1),
        ("cosine", 10, 0.5),
        ("cosine", 5, (1 + math.sqrt(0.5)) / 2),
        ("cosine", 20, 0),
        ("cosine", 25, 0),
        ("cosine(floor=0.2)", 10, 0.6),
        ("cosine(floor=0.2)", 20, 0.2),
        ("warmup", 0, 0.25),
        ("warmup", 0.75, 1),
        ("warmup", 5, 1),
        ("warmup(epochs=2)", 0, 0.125),
        ("warmup(epochs=2)", 1.75, 1),
        ("warmup(epochs=0.1)", 0, 1),
        ("warmup(epochs=4, then='cosine')", 2, 2.25 / 4),
        ("warmup(epochs=4, then='cosine')", 4, 1),
        ("warmup(epochs=4, then='cosine')", 12, 0.5),
        ("warmup(epochs=4, then='cosine')", 20, 0),
        ("warmup(epochs=4, then='step(every=2, factor=0.1)')", 6, 0.1),
        ("warmup(epochs=30, then='cosine')", 30, 1),
        ("plateau", 7, 1),
    ],
)
def test_values(option: str, t: float, factor: float) -> None:
    assert as_schedule(option).factor(t, T, DT) == pytest.approx(factor, abs=1e-15)


def test_a_warm_up_climbs_in_even_steps_and_never_from_zero() -> None:
    row = as_schedule("warmup(epochs=2)")
    climbed = [row.factor(i * DT, T, DT) for i in range(9)]
    assert climbed == [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 1]


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_row_is_written_as_it_is_read(name: str) -> None:
    row = as_schedule(name)
    assert row.name == name
    assert as_schedule(row.option).parameters == row.parameters
    assert as_schedule(row) is row
    assert row.formula
    assert (row.plateau is not None) == (name == "plateau")
    assert all(0 <= row.factor(t / 4, T, DT) <= 1 for t in range(80))


def test_a_nested_option_is_written_as_it_is_read() -> None:
    row = as_schedule("warmup(epochs=3, then='step(every=5, factor=0.3)')")
    again = as_schedule(row.option)
    assert [again.factor(t, T, DT) for t in range(20)] == [row.factor(t, T, DT) for t in range(20)]
    assert row.formula == "η · t/3 at first, then η · factor^⌊t/every⌋"


@pytest.mark.parametrize(
    ("costs", "factor"),
    [
        ([], 1),
        ([5, 4, 3, 2], 1),
        ([5, 5], 1),
        ([5, 5, 5], 0.5),
        ([5, 5, 5, 5], 0.5),
        ([5, 5, 5, 5, 5], 0.25),
        ([5, 6, 4, 4, 3], 1),
        ([5, 4.95, 4.92], 0.5),
        ([5, 4.95, 4.85], 1),
        ([5] * 50, 0.1),
        ([math.nan, math.nan, 5], 0.5),
        ([math.inf, math.inf], 0.5),
        ([5, math.nan, 4], 1),
    ],
)
def test_a_plateau_is_seen_in_the_history(costs: list[float], factor: float) -> None:
    rule = Plateau(patience=2, factor=0.5, min_delta=0.1, least=0.1)
    assert plateau_factor(rule, costs) == factor


def test_a_plateau_goes_on_from_any_point() -> None:
    row = as_schedule("plateau(patience=1, factor=0.5, min_delta=0, least=0)")
    assert row.plateau == Plateau(1, 0.5, 0, 0)
    costs = [3.0, 2.0, 2.0, 1.0, 1.5, 1.2, 0.9]
    assert [plateau_factor(row.plateau, costs[:n]) for n in range(8)] == [
        1,
        1,
        1,
        0.5,
        0.5,
        0.25,
        0.125,
        0.125,
    ]


def test_functions_of_ones_own() -> None:
    def halves(done: float, epochs: float) -> float:
        return 0.5 ** (10 * done / epochs)

    row = as_schedule(halves)
    assert row.name == "halves"
    assert row.factor(4, T, DT) == 0.25

    class Linear:
        def __call__(self, done: float, epochs: float) -> float:
            return 1 - done / epochs

    assert as_schedule(Linear()).name == "Linear"
    assert as_schedule(Linear()).factor(5, T, DT) == 0.75
    assert as_schedule(max).factor(5, T, DT) == 20, "a built-in tells no signature and is taken at its word"


@pytest.mark.parametrize("got", [-0.1, math.nan, math.inf, "slow", None])
def test_a_function_that_gives_no_factor(got: Any) -> None:
    def broken(done: float, epochs: float) -> Any:
        return got

    with pytest.raises(UsageError) as error:
        as_schedule(broken).factor(2.5, T, DT)
    assert str(error.value) == (
        f"schedule 'broken' gives a finite factor ≥ 0 on η; after 2.5 epochs it gave {got!r}"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("cosin", "unknown schedule 'cosin'. Did you mean 'cosine'?"),
        ("step(evry=2)", "schedule 'step' has no parameter 'evry'; it takes every, factor"),
        ("step(every=0)", "schedule 'step' needs every > 0; got 0"),
        ("step(factor=2)", "schedule 'step' needs 0 < factor ≤ 1; got 2"),
        ("step(every='week')", "schedule 'step' needs a finite number for every; got 'week'"),
        ("step(every=1e999)", "schedule 'step' needs a finite number for every; got inf"),
        ("exponential(factor=0)", "schedule 'exponential' needs 0 < factor ≤ 1; got 0"),
        ("exponential(factor=True)", "schedule 'exponential' needs a finite number for factor; got True"),
        ("inverse_scaling(rate=-1)", "schedule 'inverse_scaling' needs rate > 0; got -1"),
        ("inverse_scaling(power=0)", "schedule 'inverse_scaling' needs power > 0; got 0"),
        ("cosine(floor=1)", "schedule 'cosine' needs 0 ≤ floor < 1; got 1"),
        ("warmup(epochs=0)", "schedule 'warmup' needs epochs > 0; got 0"),
        ("warmup(then='plateau')", "warmup can't go on as plateau; take another for then=, such as 'cosine'"),
        ("warmup(then=3)", "a schedule is a name, an option such as 'step(every=10)', or a function; got 3"),
        ("plateau(patience=0)", "schedule 'plateau' needs a whole patience ≥ 1; got 0"),
        ("plateau(patience=2.5)", "schedule 'plateau' needs a whole patience ≥ 1; got 2.5"),
        ("plateau(factor=1)", "schedule 'plateau' needs 0 < factor < 1; got 1"),
        ("plateau(min_delta=-1)", "schedule 'plateau' needs min_delta ≥ 0; got -1"),
        ("plateau(least=1)", "schedule 'plateau' needs 0 ≤ least < 1; got 1"),
        (None, "a schedule is a name, an option such as 'step(every=10)', or a function; got None"),
        (
            lambda done: 1.0,
            "a schedule function takes (epochs done, epochs) and gives a factor; '<lambda>' doesn't",
        ),
    ],
)
def test_what_is_no_schedule(given: Any, said: str) -> None:
    with pytest.raises(UsageError) as error:
        as_schedule(given)
    assert said in str(error.value)
