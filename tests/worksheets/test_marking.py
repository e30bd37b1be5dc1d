"""Marking: keys are right, and every planted mistake is named."""

from __future__ import annotations

from backlit import worksheets
from backlit.verify.mistakes import MISTAKES
from backlit.worksheets import make, mark
from backlit.worksheets.passes import OF_ALL, OF_LAYERS

from .sheets import answered, plain, rounded, some


def test_a_thousand_sheets_marked_with_their_own_key_have_full_marks() -> None:
    assert len(some()) >= 1000
    for sheet in some():
        marks = mark(answered(sheet), plain(sheet))
        assert marks.points == marks.total == sheet.points > 0
        assert not marks.mistakes


def test_answers_that_are_rounded_as_asked_are_right() -> None:
    for sheet in some()[::7]:
        key, given = plain(sheet), answered(sheet)
        for question in key["questions"]:
            for one in question["asked"]:
                value = given["answers"][question["id"]][one["name"]]
                given["answers"][question["id"]][one["name"]] = rounded(value, one["decimals"])
        assert mark(given, key).points == sheet.points


def test_every_planted_mistake_is_named_and_costs_points() -> None:
    planted: set[tuple[str, str]] = set()
    for sheet in some()[::4]:
        key = plain(sheet)
        for question in key["questions"]:
            for slip in question["slips"]:
                given = answered(sheet)
                given["answers"][question["id"]].update(slip["values"])
                marks = mark(given, key)
                assert marks.points < marks.total
                (named,) = marks.mistakes[question["id"]]
                assert slip["mistake"] in named.mistakes
                assert named.title
                assert set(named.explains) == set(slip["values"])
                planted.add((question["kind"], slip["mistake"]))
    kinds = {kind for kind, _ in planted}
    assert kinds == set(worksheets.KINDS)
    gradient = {
        "sigma-prime-missing",
        "sigma-prime-of-a",
        "sigma-for-sigma-prime",
        "sigma-prime-twice",
        "y-minus-a",
    }
    for kind in set(worksheets.KINDS) - {"forward"}:
        assert {(kind, one) for one in gradient} <= planted
    known = {one for one in (*OF_LAYERS, *OF_ALL) if one in MISTAKES}
    assert known - {mistake for _, mistake in planted} <= {"output-sum"}


def test_a_wrong_answer_that_no_mistake_explains_is_only_wrong() -> None:
    sheet = make(1, kinds="weight")[0]
    given = answered(sheet)
    name = next(reversed(given["answers"]["1"]))
    given["answers"]["1"][name] = 1234.5
    marks = mark(given, sheet)
    assert (marks.points, marks.total, marks.mistakes) == (3.0, 4.0, {})
    assert [one.verdict for one in marks.marks] == ["right", "right", "right", "wrong"]


def test_two_mistakes_in_one_question_are_both_named() -> None:
    sheet = make(1, kinds="forward", layers=(2, 2, 2))[0]
    given, key = answered(sheet), plain(sheet)
    slips = {(slip["mistake"], *slip["layers"]): slip["values"] for slip in key["questions"][0]["slips"]}
    first, second = slips["forward-activation-missing", 2], slips["forward-bias-subtracted", 1]
    given["answers"]["1"] |= {"z[1]": second["z[1]"], "a[2]": first["a[2]"]}
    named = [one.mistakes[0] for one in mark(given, key).mistakes["1"]]
    assert sorted(named) == ["forward-activation-missing", "forward-bias-subtracted"]


def test_blanks_and_parts_of_arrays_have_their_points() -> None:
    sheet = make(1, kinds=("forward", "delta"), layers=(2, 2, 2))[0]
    given = answered(sheet)
    given["answers"]["1"]["z[1]"][1] = None
    given["answers"]["1"]["C"] = ""
    del given["answers"]["2"]
    marks = mark(given, sheet)
    assert marks.points == marks.total - 0.5 - 1 - 4
    assert [one.verdict for one in marks.marks] == [
        "partly", "right", "right", "right", "blank", "blank", "blank",
    ]  # fmt: skip
    assert mark(sheet.blank(), sheet).points == 0
    assert not mark(sheet.blank(), sheet).mistakes
