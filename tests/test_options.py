"""The grammar of one-line options: what is read is what was written, and what can't be read is refused in words."""

from __future__ import annotations

from keyword import iskeyword
from typing import Any

import pytest
from hypothesis import given, strategies as st

from backlit.errors import UsageError
from backlit.options import build_option, format_option, parse_option

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda key: not iskeyword(key))
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**12), 10**12),
    st.booleans(),
    st.text(max_size=9),
)


@given(NAMES, st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_is_written_is_read(name: str, parameters: dict[str, Any]) -> None:
    again = parse_option(format_option(name, parameters))
    assert again == (name, parameters)
    assert [type(value) for value in again[1].values()] == [type(value) for value in parameters.values()]


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("relu", ("relu", {})),
        ("  relu ( ) ", ("relu", {})),
        ("elu(alpha=0.5)", ("elu", {"alpha": 0.5})),
        ("elu(alpha=-5e-1,)", ("elu", {"alpha": -0.5})),
        ("inverse-scaling(rate=1, power=2)", ("inverse-scaling", {"rate": 1, "power": 2})),
        (
            "warmup(epochs=2,\n then='cosine(floor=0.1)')",
            ("warmup", {"epochs": 2, "then": "cosine(floor=0.1)"}),
        ),
        ("adam(nesterov=True)", ("adam", {"nesterov": True})),
        ("a(b=')')", ("a", {"b": ")"})),
    ],
)
def test_options_by_hand(text: str, parsed: Any) -> None:
    assert parse_option(text) == parsed


@pytest.mark.parametrize(
    "text", ["", " ", "3", "(alpha=1)", "elu)", "elu(", "elu alpha=1", "élu", "elu(alpha=1) x"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_option(text)
    assert str(caught.value) == f"{text!r} is not an option: write a name, or name(key=value, …)"


@pytest.mark.parametrize(
    "text",
    [
        "elu(0.5)",
        "elu(alpha)",
        "elu(alpha=)",
        "elu(**{'alpha': 1})",
        "elu(*[1])",
        "elu(alpha=1, alpha=2)",
        "elu(alpha=one)",
        "elu(alpha=1+1)",
        "elu(alpha=[1])",
        "elu(alpha=None)",
        "elu(alpha=1j)",
        "elu(alpha=b'1')",
        "elu(alpha=__import__('os'))",
        "elu(alpha=1)(alpha=2)",
        "elu(alpha=1) + elu(alpha=2)",
        "elu(x for x in y)",
        "elu(alpha=1is 2)",
        "elu(alpha='\0')",
        "elu(alpha=" + "(" * 300 + "1" + ")" * 300 + ")",
        "elu(alpha=" + "-" * 100_000 + "1)",
    ],
)
def test_what_is_no_key_with_a_value_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_option(text)
    assert str(caught.value) == (
        f"{text!r} is not an option: write elu(key=value, …) with plain numbers, True, False or quoted words"
    )


def _powder(grain: float, colour: str = "grey") -> tuple[float, str]:
    return grain, colour


TABLE = {"powder": _powder, "stone_dust": lambda: (0.0, "grey")}


def test_options_are_built() -> None:
    assert build_option("stuff", "Powder(grain=2, colour='red')", TABLE) == (2, "red")
    assert build_option("stuff", "stone-dust", TABLE) == (0.0, "grey")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pouder(grain=1)", "unknown stuff 'pouder'. Did you mean 'powder'? Known: powder, stone_dust."),
        ("flour", "unknown stuff 'flour'. Did you mean 'powder'? Known: powder, stone_dust."),
        ("zzz", "unknown stuff 'zzz'. Known: powder, stone_dust."),
        ("powder", "stuff 'powder' needs grain: write powder(grain=…)"),
        ("powder(size=1)", "stuff 'powder' has no parameter 'size'; it takes grain, colour"),
        ("stone_dust(grain=1)", "stuff 'stone_dust' has no parameter 'grain'; it takes nothing"),
    ],
)
def test_what_cannot_be_built_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_option("stuff", text, TABLE, {"flour": "powder"})
    assert str(caught.value) == message
