"""What is made: different sheets, nothing degenerate, answers that explain and verify agree with."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import backlit
from backlit.errors import UsageError
from backlit.randomness import stream
from backlit.worksheets import make, mark
from backlit.worksheets.figures import decimal
from backlit.worksheets.invent import Plan, invent
from backlit.worksheets.passes import OF_ALL, right, wrong

from .sheets import FUNCTIONS, Plain, model, some

BOTH = (  # mistakes that passes.py and verify.gradients.variants make
    "sigma-prime-missing", "sigma-prime-of-a", "sigma-prime-twice", "w-not-transposed", "z-for-a", "max-over-paths",
    "a-of-same-layer", "index-clash", "gradient-transposed", "y-minus-a", "sigma-prime-kept", "output-not-cost",
)  # fmt: skip


def test_thirty_sheets_all_differ_and_a_seed_gives_the_same_bytes() -> None:
    sheets, again, other = make(30, seed=4), make(5, seed=4), make(5, seed=5)
    assert len({sheet.id for sheet in sheets}) == 30
    assert len({json.dumps(sheet.to_dict()["exercises"][0]["network"]) for sheet in sheets}) == 30
    assert not {sheet.id for sheet in sheets} & {sheet.id for sheet in other}
    for one, two in zip(sheets[:2], again[:2], strict=True):
        assert one.html() == two.html()
        assert one.latex() == two.latex()
        assert one.key().html() == two.key().html()
    assert [sheet.key().to_dict() for sheet in sheets[:5]] == [sheet.key().to_dict() for sheet in again]


def test_where_there_are_not_so_many_different_sheets_it_is_said() -> None:
    net = backlit.Network([1, 1], theta=[0.5, 0.25])
    with pytest.raises(UsageError, match=r"only \d+ different sheets? could be made of this"):
        make(30, kinds="forward", net=net, x=[[1.0]], y=[[1.0]], eta=0.5)


def test_no_answer_is_degenerate() -> None:
    for sheet in some()[::3]:
        for exercise in sheet.exercises:
            for question in exercise.questions:
                for one in question.asked:
                    assert np.all(np.isfinite(one.value))
                    if one.name.startswith("dC/dw"):
                        assert abs(one.value) > 1e-9
                    if one.shape and question.kind in ("delta", "paths"):
                        assert np.abs(one.value).max() > 1e-9


def test_no_neuron_stands_at_a_kink() -> None:
    plan = Plan.of((2, 3, 2), None, ("hard_sigmoid(slope=0.5)", "relu"), "squared_error", None)
    for number in range(60):
        scene = invent(plan, stream(number, "data"))
        found = right(scene)
        for l, sigma in enumerate(scene.net.activations, start=1):
            for kink in sigma.kinks:
                assert np.abs(found.z[l] - kink.z).min() > 0.04


def test_whole_numbers_come_out_of_straight_lines() -> None:
    sheets = make(20, kinds=("forward", "delta"), activation=("relu", "identity"), cost="half_squared_error")
    decimals = [
        len(decimal(float(entry), 9).partition(".")[2])
        for sheet in sheets
        for question in sheet.questions
        for one in question.asked
        for entry in np.ravel(one.value)
    ]
    assert np.mean(np.array(decimals) <= 2) > 0.7
    assert max(decimals) <= 9


def test_keys_agree_with_explain() -> None:
    for sheet in make(4, kinds=("weight", "delta", "paths"), depth=3, seed=2):
        scene = sheet.exercises[0].scene
        net = scene.net.copy()
        for question in sheet.questions:
            for one in question.asked:
                if not one.name.startswith("terms"):
                    name = one.name
                    if name.startswith("a["):
                        continue
                    assert net.explain(name, scene.x, scene.y).value == pytest.approx(one.value, abs=1e-9)


def test_a_part_of_a_wide_model_has_the_models_own_derivatives() -> None:
    options = model()
    net, x, y = options["net"], options["x"], options["y"]
    for sheet in make(5, kinds=("weight", "delta", "paths"), numbers=range(100, 120), **options):
        scene = sheet.exercises[0].scene
        assert max(scene.net.sizes) == 3
        row = int(scene.source.rpartition(" ")[2]) - 100
        for question in sheet.questions:
            for one in question.asked:
                if one.name.startswith("dC/d"):
                    whole = net.explain(one.name, x[row], y[row]).value
                    value = np.asarray(whole)[list(one.index)] if one.shape else whole
                    np.testing.assert_allclose(one.value, value, rtol=0.02, atol=2e-4)


def test_a_derivation_to_judge_has_one_wrong_line() -> None:
    seen: set[str] = set()
    for sheet in [sheet for sheet in some() if sheet.questions[0].kind == "mistake"]:
        (exercise,) = sheet.exercises
        question = exercise.questions[0]
        line, final = question.asked[0], question.asked[1]
        at = int(line.value) - 1
        shown = question.shown
        right_ones = question.worked
        assert np.abs(np.subtract(shown[at].value, right_ones[0].value)).max() > 0
        assert shown[at].formula != right_ones[0].formula
        assert shown[-1].value != pytest.approx(final.value, rel=0.01)
        assert [one.symbol for one in shown[at:]] == [one.symbol for one in right_ones]
        assert [one.formula for one in shown[at + 1 :]] == [one.formula for one in right_ones[1:]]
        seen |= set(line.choice)
        assert mark({"answers": {"1": {"line": line.choice[0], final.name: final.value}}}, sheet).points == 4
        repeated = mark({"answers": {"1": {"line": at + 1, final.name: shown[-1].value}}}, sheet)
        assert set(line.choice) & set(repeated.mistakes["1"][0].mistakes)
    assert len(seen) >= 15


def test_passes_with_a_mistake_are_those_of_verify() -> None:
    """What passes.py makes of ∂C/∂w and ∂C/∂b is what the diagnosis looks for."""
    variants = pytest.importorskip("backlit.verify.gradients.variants")
    compared = 0
    for depth in (1, 2, 3):
        for activation, cost in FUNCTIONS[:6]:
            scene = invent(Plan.of([3] * (depth + 1), None, activation, cost, None), stream(depth, "data", 1))
            for mistake in BOTH:
                for l in range(1, depth + 1):
                    try:
                        theirs = variants.mistaken(scene.net, scene.x[None], scene.y[None], mistake, (l,))
                    except UsageError:
                        continue
                    ours = wrong(scene, mistake, () if mistake in OF_ALL else (l,))
                    same = right(scene)
                    if mistake in OF_ALL and l < depth:
                        continue
                    if all(np.allclose(ours.dw[k], same.dw[k]) for k in range(1, depth + 1)):
                        continue
                    for k in range(1, depth + 1):
                        np.testing.assert_allclose(
                            ours.dw[k], theirs.w[k], rtol=1e-9, atol=1e-12, err_msg=mistake
                        )
                    compared += 1
    assert compared > 60


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"number": 0}, "number is how many sheets to make, from 1 to 1,000; got 0"),
        ({"number": True}, "from 1 to 1,000"),
        ({"kinds": "wieght"}, "unknown kind of question 'wieght'. Did you mean 'weight'?"),
        ({"kinds": ()}, "kinds has at least one of forward"),
        ({"layers": (2, 99)}, "each from 1 to 6, such as 2,3,2"),
        ({"layers": (2,)}, "from the inputs to the outputs"),
        ({"layers": (2, 3, 2), "depth": 3}, "contradict each other"),
        ({"depth": 0}, "from 1 to 8; got 0"),
        ({"eta": -1}, "eta is a finite number above 0; got -1"),
        ({"eta": math.nan}, "eta is a finite number above 0"),
        ({"seed": -1}, "seed must be an integer ≥ 0"),
        ({"activation": ("relu", "relu", "tanh"), "depth": 2}, "takes one name, two (hidden layers, output)"),
        ({"activation": "rleu"}, "unknown activation 'rleu'"),
        ({"cost": "cross_entropy", "activation": "identity"}, "needs outputs between 0 and 1"),
        ({**model(), "layers": (2, 2)}, "are for invented networks"),
    ],
)
def test_what_cannot_be_made_is_refused_in_a_sentence(options: Plain, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        make(**options)
    assert said in str(refused.value)
