"""Every mistake of the table, planted in whole implementations of several styles, is named; two at once mostly are.

The implementations (planted/) share no code with the detector. The measured table of docs/diagnose.md is a longer run.
"""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from backlit.verify import Finding, Report
from backlit.verify.mistakes import MISTAKES

from .planted import cases, judge, numeric
from .planted.places import PLACES
from .planted.problem import RIGHT

FOLDER = Path(__file__).with_name("planted")
SEED = 20
EACH = 10  # cases of each mistake; docs/make_diagnose.py has 100
PAIRS = 60


def test_every_mistake_of_the_table_is_planted_but_habits_of_layout() -> None:
    of_gradients = {row.id for row in MISTAKES.values() if row.about == "gradient"}
    assert set(PLACES) == {name for name in of_gradients if not name.startswith("layout-")}


def test_the_implementations_know_nothing_of_backlit() -> None:
    for style in (*cases.STYLES, "numeric", "functions", "problem"):
        tree = ast.parse((FOLDER / f"{style}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not [name for name in names if name.startswith("backlit")], style


def test_every_mistake_is_planted_in_several_styles() -> None:
    for name in PLACES:
        assert len(cases.styles_of((name,))) >= 3, name


@pytest.mark.parametrize("style", cases.STYLES)
def test_without_a_mistake_an_implementation_agrees_with_differences_of_the_cost(style: str) -> None:
    if style == "tensors":
        pytest.importorskip("torch", reason="the PyTorch style needs PyTorch")
    place = cases.STYLES.index(style)
    for number in range(place, place + 8 * len(cases.STYLES), len(cases.STYLES)):
        case = cases.right(1, number)
        p, made = case.problem, cases.implementation(style)
        assert case.style == style
        w, b = made.unpack(case.theirs, p, case.layout)
        dC_dw, dC_db = numeric.unpack(numeric.gradients(p), p, "flat")
        dC_dw = [ours + p.l2 * one for ours, one in zip(dC_dw, p.weights, strict=True)]
        digits = 1e-5 if case.net.dtype == np.float64 else 5e-2  # differences have few where σ is steep
        for theirs, ours in zip([*w, *b], [*dC_dw, *dC_db], strict=True):
            np.testing.assert_allclose(
                theirs, ours, rtol=0, atol=digits * max(np.abs(ours).max(), 1e-3), err_msg=str(case)
            )


def test_every_case_differs_from_what_the_same_implementation_gives_without_the_mistake() -> None:
    for case in cases.cases(SEED, len(PLACES)):
        without = cases.implementation(case.style).gradients(case.problem, RIGHT, case.layout)
        assert cases.differs(cases.ravel(case.theirs), cases.ravel(without), 1e-6), str(case)


def test_a_seed_gives_the_same_cases_again() -> None:
    for one, other in zip(cases.cases(3, 20), cases.cases(3, 20), strict=True):
        assert str(one) == str(other)
        np.testing.assert_array_equal(cases.ravel(one.theirs), cases.ravel(other.theirs))


def test_an_answer_counts_only_where_the_planted_mistake_comes_first() -> None:
    case = cases.case("factor-two", SEED, 0)
    two, sign, other = (Finding(name, "mistake", "") for name in ("factor-two", "sign-flipped", "z-for-a"))
    both = Finding("unknown-factor", "mistake", "", names=("unknown-factor", "factor-two"))
    habit = Finding("factor-two", "convention", "")
    expected = {
        (two, sign): True, (both,): True, (sign, two): False, (other,): False, (): False,
    }  # fmt: skip
    for findings, named in expected.items():
        assert judge.Answer(case, Report("gradient", findings)).names("factor-two") is named
    assert judge.Answer(case, Report("gradient", (), (habit,))).names("factor-two")
    assert not judge.Answer(case, Report("gradient", (sign,), (habit,))).names("factor-two")
    missing = Finding("z-for-a", "convention", "")
    assert not judge.Answer(case, Report("gradient", (), (missing,))).names("z-for-a")


@pytest.mark.parametrize("name", PLACES)
def test_a_planted_mistake_is_the_first_that_is_named(name: str) -> None:
    answers = [judge.ask(cases.case(name, SEED, number)) for number in range(EACH)]
    wrong = [str(answer) for answer in answers if not answer.names(name)]
    assert len(wrong) <= 0.02 * EACH, "\n".join(wrong)


def test_of_two_mistakes_at_once_both_are_named() -> None:
    answers = [judge.ask(cases.pair(SEED, number)) for number in range(PAIRS)]
    wrong = [str(answer) for answer in answers if not answer.names_all()]
    assert len(wrong) <= 0.15 * PAIRS, "\n".join(wrong)
