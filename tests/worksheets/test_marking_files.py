"""Answers and keys in files: what counts as a number, and the sentence that everything else gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backlit.errors import DataError
from backlit.worksheets import Sheet, make, mark
from backlit.worksheets.batch import mark_files
from backlit.worksheets.folder import check_free, write

Plain = dict[str, Any]


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return make(1, kinds=("forward", "weight", "mistake"), layers=(2, 2, 2), seed=1)[0]


def with_answer(sheet: Sheet, question: str, name: str, value: Any) -> Plain:
    given: Plain = json.loads(json.dumps(sheet.key().answers()))
    given["answers"][question][name] = value
    return given


@pytest.mark.parametrize("text", ["0.5", " 0.5 ", ".5", "1/2", "5e-1", "+0.5", "2 / 4"])
def test_texts_that_can_mean_one_number_only_are_that_number(sheet: Sheet, text: str) -> None:
    (mark_of,) = [one for one in mark(with_answer(sheet, "1", "C", text), sheet).marks if one.name == "C"]
    assert mark_of.answer == 0.5


def test_a_minus_sign_may_be_one(sheet: Sheet) -> None:
    (mark_of,) = [one for one in mark(with_answer(sheet, "1", "C", "−3/8"), sheet).marks if one.name == "C"]
    assert mark_of.answer == -0.375


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0,5", "question 1, C: '0,5' is no number; write the decimal point as a point"),
        ("1,234", "write the decimal point as a point"),
        ("half", "question 1, C: 'half' is no number"),
        ("1/0", "question 1, C: '1/0' is no number"),
        ("nan", "question 1, C: 'nan' is no number"),
        ("1e999", "question 1, C: '1e999' is no answer; numbers are finite"),
        (float("nan"), "question 1, C: nan is no answer"),
        (float("inf"), "question 1, C: inf is no answer"),
        (1e300, "question 1, C: 1e+300 is no answer; numbers are finite, and none here is above 1e+15"),
        (10**400, "is no answer"),
        (True, "question 1, C is a number; got True"),
        ([1.0], "question 1, C is a number; got [1.0]"),
        ({}, "question 1, C is a number; got {}"),
    ],
)
def test_what_is_no_number_is_told_with_its_question(sheet: Sheet, value: Any, said: str) -> None:
    with pytest.raises(DataError) as refused:
        mark(with_answer(sheet, "1", "C", value), sheet, place="ada.json")
    assert said in str(refused.value)
    assert str(refused.value).startswith("ada.json, question 1")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([1.0], "question 1, z[1] is a list of 2 numbers; got 1"),
        ([1.0, 2.0, 3.0], "question 1, z[1] is a list of 2 numbers; got 3"),
        (0.5, "question 1, z[1] is a list of 2 numbers; got 0.5"),
        ("0.5", "question 1, z[1] is a list of 2 numbers; got '0.5'"),
        ([1.0, "x"], "question 1, z[1], entry 1: 'x' is no number"),
        ([[1.0], 2.0], "question 1, z[1], entry 0 is a number; got [1.0]"),
    ],
)
def test_arrays_have_their_length(sheet: Sheet, value: Any, said: str) -> None:
    with pytest.raises(DataError) as refused:
        mark(with_answer(sheet, "1", "z[1]", value), sheet)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([], "answers are an object"),
        (
            {"schema": "backlit.worksheet/1", "answers": {}},
            "the schema of answers is 'backlit.worksheet-answers/1'",
        ),
        ({"sheet": "x"}, '"answers" is missing'),
        ({"answers": []}, '"answers" is an object with an entry for each question; got []'),
        ({"answers": {"9": 1}}, "there is no question '9' on sheet"),
        ({"answers": {"1": 0.5}}, "question 1 asks for z[1], a[1]"),
        ({"answers": {"1": {"z[7]": 0.5}}}, "question 1 does not ask for 'z[7]'; it asks for z[1]"),
        ({"sheet": "other", "answers": {}}, "are to sheet 'other', and the key is that of sheet"),
    ],
)
def test_answers_to_something_else_are_refused(sheet: Sheet, answers: Any, said: str) -> None:
    with pytest.raises(DataError) as refused:
        mark(answers, sheet)
    assert said in str(refused.value)


def test_a_question_that_is_left_out_is_blank(sheet: Sheet) -> None:
    marks = mark({"answers": {}}, sheet)
    assert {one.verdict for one in marks.marks} == {"blank"}
    assert marks.points == 0


def test_a_question_with_one_answer_needs_no_name() -> None:
    (one,) = make(1, kinds="delta", depth=1)
    (asked,) = one.questions[0].asked
    assert mark({"answers": {"1": asked.value}}, one).points == one.points


def test_the_wrong_line_may_be_told_by_its_mistake(sheet: Sheet) -> None:
    line = sheet.questions[2].asked[0]
    assert mark(with_answer(sheet, "3", "line", line.choice[0]), sheet).points == sheet.points
    assert mark(with_answer(sheet, "3", "line", f" {line.value} "), sheet).points == sheet.points
    assert mark(with_answer(sheet, "3", "line", "penalty-sign"), sheet).points == sheet.points - 2


def test_a_sheet_is_no_key(sheet: Sheet) -> None:
    with pytest.raises(
        DataError, match=r"is not a worksheet's key.*this is the sheet, and its key lies in the folder"
    ):
        mark({"answers": {}}, sheet.to_dict())
    with pytest.raises(DataError, match=r"the key is not complete"):
        mark({"answers": {}}, {**sheet.key().to_dict(), "questions": [{"id": "1"}]})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "class"
    write(make(3, kinds="weight", seed=3), folder, pdf=False)
    return folder


def test_files_are_written_and_marked(made: Path, tmp_path: Path) -> None:
    names = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    assert [name for name in names if "01" in name] == [
        "keys/key-01.html", "keys/key-01.json", "keys/key-01.tex", "sheets/sheet-01.answers.json",
        "sheets/sheet-01.html", "sheets/sheet-01.json", "sheets/sheet-01.tex",
    ]  # fmt: skip
    marked = mark_files(made / "sheets", made / "keys")
    assert [path.name for path, _ in marked] == [f"sheet-0{n}.answers.json" for n in (1, 2, 3)]
    assert all(marks.points == 0 for _, marks in marked)
    sheets = make(3, kinds="weight", seed=3)
    (tmp_path / "ada.json").write_text(json.dumps(sheets[1].key().answers()), encoding="utf-8")
    ((_, marks),) = mark_files(tmp_path, made / "keys")
    assert marks.points == marks.total == sheets[1].points
    with pytest.raises(DataError, match=r"ada.json are to sheet '\w+', and the key is that of sheet"):
        mark_files(tmp_path / "ada.json", made / "keys" / "key-01.json")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not valid JSON"),
        ("[1]", "holds no object"),
        (b"\xff\xfe\x00", "is not text in UTF-8"),
        ('{"answers": {}, "sheet": 3}', "is of that sheet"),
        ("[" * 100_000, "is not valid JSON"),
    ],
)
def test_a_file_that_is_no_answer_is_told_by_its_name(
    made: Path, tmp_path: Path, content: Any, said: str
) -> None:
    path = tmp_path / "bob.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as refused:
        mark_files(path, made / "keys")
    assert said in str(refused.value)
    assert "bob.json" in str(refused.value)


def test_missing_files_and_folders_without_answers_are_told(made: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nobody.json: there is no such file"):
        mark_files(tmp_path / "nobody.json", made / "keys")
    with pytest.raises(DataError, match=r"has no answers in it"):
        mark_files(tmp_path, made / "keys")
    with pytest.raises(DataError, match=r"has no keys in it"):
        mark_files(made / "sheets", tmp_path)


def test_nothing_is_overwritten(made: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"class has files in it, and nothing is overwritten; give another folder"
    ):
        check_free(made)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"file is a file, and nothing is overwritten"):
        check_free(tmp_path / "file")
    with pytest.raises(DataError, match=r"can't be written to .*: not a directory"):
        write(make(1, kinds="delta"), tmp_path / "file" / "below", pdf=False)
