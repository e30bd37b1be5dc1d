"""CSV and TSV files: what is found out about them, and one sentence for each thing that can be wrong with one."""

from __future__ import annotations

import csv as writer
import gzip
import io
import re
import time
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from backlit import data
from backlit.data.cells import MISSING, as_number
from backlit.data.text import read_text
from backlit.errors import BacklitWarning, DataError

PLAIN = "age,colour,y\n30,red,1.5\n41,blue,2.5\n"


def columns(path: Any, **options: Any) -> dict[str, list[Any]]:
    table = read_text(path, **options)
    return {name: table.column(name).tolist() for name in table.names}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(csv, delimiter: str) -> None:
    found = columns(csv(PLAIN.replace(",", delimiter)))
    assert found == {"age": [30, 41], "colour": ["red", "blue"], "y": [1.5, 2.5]}


def test_a_delimiter_within_quotes_is_none(csv) -> None:
    assert columns(csv('name;y\n"a,b,c,d";1\n"e,f,g,h";2\n')) == {"name": ["a,b,c,d", "e,f,g,h"], "y": [1, 2]}
    assert columns(csv("a, b\ty\n1\t2\n", "x.tsv")) == {"a, b": [1], "y": [2]}


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        (PLAIN + "\n\n   \n").encode(),
        b"\n" + PLAIN.encode(),
        PLAIN.replace(",", " , ").encode(),
        PLAIN.rstrip("\n").encode(),
        gzip.compress(PLAIN.encode()),
    ],
    ids=["mark", "crlf", "cr", "blank lines", "blank first", "spaces", "no last newline", "gzip"],
)
def test_the_same_table_however_it_is_written(csv, content: bytes) -> None:
    found = columns(csv(content, "t.csv.gz" if content[:2] == b"\x1f\x8b" else "t.csv"))
    assert found == {"age": [30, 41], "colour": ["red", "blue"], "y": [1.5, 2.5]}


def test_quotes_hold_delimiters_newlines_and_quotes(csv) -> None:
    found = columns(csv('word,y\n"a ""b"", c",1\n"two\nlines",2\n'))
    assert found["word"] == ['a "b", c', "two\nlines"]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("a,b\n1,2\n", ("a", "b")),
        ("1,2\n3,4\n", ("x0", "x1")),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", ("x0", "x1", "x2")),
        ("NA,3.5,setosa\n4.9,3.0,setosa\n", ("x0", "x1", "x2")),
        ("a,b\nu,v\n", ("a", "b")),
        ("name,2019,2020\nu,1,2\n", ("x0", "x1", "x2")),  # no sign: needs header=True
        ("year,2019\n1,2\n3,4\n", ("year", "2019")),
        ("a,b\n,2\n,3\n", ("a", "b")),
    ],
)
def test_the_heading_is_found_out(csv, content: str, names: tuple[str, ...]) -> None:
    assert read_text(csv(content)).names == names


def test_the_heading_can_be_told(csv) -> None:
    assert read_text(csv("1,2\n3,4\n"), header=True).names == ("1", "2")
    table = read_text(csv("a,b\nu,v\n"), header=False)
    assert table.names == ("x0", "x1")
    assert not table.named
    assert len(table) == 2


def test_a_column_without_a_name_is_called_after_its_place_and_that_is_said(csv) -> None:
    words = (
        "line 1: column 1 has no name and is called 'column 1' here; if it only counts the rows, leave it out"
    )
    with pytest.warns(BacklitWarning, match=words):
        table = read_text(csv(",a\n0,5\n1,6\n"))
    assert table.names == ("column 1", "a")


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "-2", "+3"], "int64", [1, -2, 3]),
        (["1.0", "2.0"], "float64", [1.0, 2.0]),
        (["1e3", "2"], "float64", [1000.0, 2.0]),
        (["9007199254740993", "1"], "float64", [9007199254740992.0, 1.0]),
        (["true", "FALSE"], "bool", [True, False]),
        (["1", "two"], "object", ["1", "two"]),
        (["007", "A"], "object", ["007", "A"]),
        (["?", "1"], "object", ["?", "1"]),
    ],
)
def test_kinds(csv, cells: list[str], kind: str, values: list[Any]) -> None:
    column = read_text(csv("a,y\n" + "".join(f"{cell},0\n" for cell in cells))).column("a")
    assert column.dtype == kind
    assert column.tolist() == values


@pytest.mark.parametrize("word", sorted(MISSING))
def test_missing_cells(csv, word: str) -> None:
    found = read_text(csv(f"a,b,c,y\n1,u,true,1\n {word} ,{word},{word},2\n3,v,false,3\n"))
    numbers = found.column("a")
    assert numbers.dtype == np.float64
    assert np.isnan(numbers).tolist() == [False, True, False]
    assert found.column("b").tolist() == ["u", None, "v"]
    assert found.column("c").tolist() == [True, None, False]


def test_lines_are_named_as_an_editor_counts_them_also_in_a_part(csv) -> None:
    table = read_text(csv('a,w\n1,"x\ny"\n\n2,z\n3,q\n'))
    assert [table.row_name(row) for row in range(3)] == ["line 2", "line 5", "line 6"]
    part = table.take(np.array([2, 0]))
    assert [part.row_name(row) for row in range(2)] == ["line 6", "line 2"]
    assert part.take(np.array([False, True])).row_name(0) == "line 2"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", " is empty; fetch or save it again"),
        (b"\n\n", " is empty; a table has a row an example"),
        (b"a,y\n", " has a heading and no rows below it; a table has a row an example"),
        (
            b"a,y\n1,2\n1,2,3\n",
            (
                ", line 3: it has 3 cells and the heading has 2; mend the line (a cell with a "
                "comma in it is quoted)"
            ),
        ),
        (
            b"1,2\n3\n",
            (
                ", line 2: it has 1 cell and the first line has 2; mend the line (a cell with a comma in "
                "it is quoted)"
            ),
        ),
        (b"a,a\n1,2\n", ", line 1: two columns are named 'a'; rename one"),
        (b"a,y\n1,2\n\xff,3\n", ", line 3: byte 0xff is not UTF-8; save the file as UTF-8"),
        ("a,y\nu,2\n".encode("utf-16"), ", line 1: it is UTF-16; save the file as UTF-8"),
        (
            b"a,y\n1,2\n\0,3\n",
            ", line 3: it has a zero byte, so it is no text table; save it as CSV in UTF-8",
        ),
        (
            b'a,y\n1,2\n"3,4\n',
            ", line 3: unexpected end of data; a quote is probably not closed, or not doubled",
        ),
        (
            b'a,y\n1,2\n"3"x,4\n',
            ", line 3: ',' expected after '\"'; a quote is probably not closed, or not doubled",
        ),
        (b"y\n1\n2\n", " has no column besides the target 'y'; there is nothing to learn from"),
    ],
    ids=[
        *(
            "empty",
            "blank",
            "no rows",
            "ragged",
            "ragged, no heading",
            "twice",
            "not utf-8",
            "utf-16",
            "zero byte",
        ),
        *("open quote", "stray quote", "target alone"),
    ],
)
def test_hostile_files(refused, csv, content: bytes, words: str) -> None:
    path = csv(content)
    said = refused(data.load, path, target="y", kind=DataError)
    assert said in {f"{path}{words}", f"{path.name}{words}"}


def test_a_cell_without_end(refused, csv) -> None:
    path = csv("a,y\n1,2\n" + "x" * 200_000 + ",3\n")
    assert refused(data.load, path, target="y", kind=DataError) == (
        f"{path}, line 3: field larger than field limit (131072); a quote is probably not closed, or not doubled"
    )


def test_a_truncated_gzip_file(refused, csv) -> None:
    whole = gzip.compress(("a,y\n" + "1.5,2\n" * 5000).encode())
    path = csv(whole[: len(whole) // 2], "t.csv.gz")
    said = refused(data.load, path, kind=DataError)
    assert said.startswith(f"{path} is no whole gzip file (Compressed file ended before")


def test_a_word_among_numbers_is_an_error_with_its_place(refused, csv) -> None:
    rows = [f"{i},{i % 2}" for i in range(150)]
    rows[72] = "7o,0"
    path = csv("age,y\n" + "\n".join(rows) + "\n")
    assert refused(data.load, path, kind=DataError) == (
        f"{path}, line 74, column 'age': '7o' is not a number, and the column's other cells are; mend it, or empty "
        "the cell "
        "if it is missing"
    )


@pytest.mark.parametrize(("strays", "wrong"), [(3, True), (4, False)])
def test_one_percent_of_words_is_too_few_to_be_meant(refused, csv, strays: int, wrong: bool) -> None:
    rows = [f"{'few' if i < strays else i % 5},{i}" for i in range(300)]
    path = csv("rooms,y\n" + "\n".join(rows))
    if wrong:
        assert "line 2, column 'rooms': 'few' is not a number" in refused(read_text, path, kind=DataError)
    else:
        assert read_text(path).column("rooms").tolist()[:5] == ["few", "few", "few", "few", "4"]


def test_many_words_among_numbers_are_a_column_of_words(csv) -> None:
    rows = [f"{'4+' if i % 10 == 0 else i % 4},{i}" for i in range(200)]
    assert set(read_text(csv("rooms,y\n" + "\n".join(rows))).column("rooms").tolist()) == {
        "0",
        "1",
        "2",
        "3",
        "4+",
    }


def test_nan_in_another_spelling_is_a_word(refused, csv) -> None:
    path = csv("a,y\n" + "1,0\n" * 30 + "-nan,1\n")
    assert refused(data.load, path, kind=DataError).startswith(
        f"{path}, line 32, column 'a': '-nan' is not a number"
    )


def test_decimal_commas_are_said_rather_than_taken_for_words(refused, csv) -> None:
    path = csv("a;y\n1,5;2\n2,5;3\n")
    assert refused(data.load, path, kind=DataError) == (
        f"{path}, line 2, column 'a': '1,5' has a decimal comma; write the numbers with points"
    )


def test_numbers_are_those_that_python_reads(csv) -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(size=50), [1e-320, 1e308, -0.0, 0.1 + 0.2]])
    path = csv("a,y\n" + "".join(f"{value!r},0\n" for value in values.tolist()))
    assert read_text(path).column("a").tobytes() == values.tobytes()


CELL = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(
        st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs", "Cc"]), max_size=8
    ),
    st.sampled_from(sorted(MISSING)),
)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=19))
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    text = io.StringIO(newline="")
    writer.writer(text, quoting=writer.QUOTE_ALL).writerows([("first", "second", "third"), *rows])
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(text.getvalue().encode())
    if any(re.fullmatch(r"[+-]?\d+,\d+", cell.strip()) for row in rows for cell in row):
        return  # a word such as "1,5" is refused as a decimal comma, which has a test of its own
    table = read_text(path, header=True)
    for k, name in enumerate(table.names):
        column = table.column(name).tolist()
        for cell, row in zip(column, rows, strict=True):
            written = row[k].strip()
            if written in MISSING:
                assert cell is None or np.isnan(cell)
            elif isinstance(cell, bool):
                assert written.lower() == str(cell).lower()
            elif isinstance(cell, str):
                assert cell == written
            else:
                assert cell == as_number(written)


def test_the_same_numbers_however_many_rows_are_read_at_once(csv, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        f"{i},{'' if i % 7 == 0 else i / 4},{'uv'[i % 2]},{'true' if i % 3 else 'NA'}" for i in range(100)
    ]
    path = csv("a,b,c,d\n" + "\n".join(rows))
    whole = columns(path)
    monkeypatch.setattr("backlit.data.text._ROWS_AT_ONCE", 7)
    np.testing.assert_equal(columns(path), whole)


@pytest.mark.slow
def test_a_hundred_thousand_rows_take_seconds(csv) -> None:
    rng = np.random.default_rng(0)
    text = io.StringIO()
    np.savetxt(text, rng.normal(size=(100_000, 20)), delimiter=",", fmt="%.6f")
    path = csv(",".join(f"c{k}" for k in range(20)) + "\n" + text.getvalue())
    start = time.perf_counter()
    table = read_text(path)
    assert len(table) == 100_000
    assert time.perf_counter() - start < 10


def test_reading_warns_of_nothing(csv) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data.load(csv(PLAIN), target="y")
