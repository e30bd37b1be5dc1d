"""A right gradient is called right, whoever computed it: all styles and layouts, functions, depths, float32 too."""

from __future__ import annotations

import pytest

from .planted import cases, judge

SEED = 30
COUNT = 252  # docs/make_diagnose.py has 1,000


@pytest.fixture(scope="module")
def answers() -> list[judge.Answer]:
    return [judge.ask(cases.right(SEED, number)) for number in range(COUNT)]


def test_no_right_gradient_is_called_wrong(answers: list[judge.Answer]) -> None:
    assert sum(answer.case.net.dtype == "float32" for answer in answers) >= 30
    alarms = [str(answer) for answer in answers if not answer.report.right]
    assert not alarms, "\n".join(alarms)


def test_a_layout_of_its_own_is_told_as_a_convention(answers: list[judge.Answer]) -> None:
    told = {"nielsen": "layout-bias-column", "ng": "layout-bias-column", "dense": "layout-w-transposed"}
    for answer in answers:
        case = answer.case
        expected = told.get(case.style)
        if case.style == "dense" and all(min(w.shape) == 1 for w in case.problem.weights):
            continue  # a row or a column holds the same numbers in the same order
        assert expected is None or answer.tells(expected), str(answer)


def test_nothing_but_layouts_is_told_of_a_right_gradient(answers: list[judge.Answer]) -> None:
    for answer in answers:
        assert all(one.mistake.startswith("layout-") for one in answer.report.conventions), str(answer)
