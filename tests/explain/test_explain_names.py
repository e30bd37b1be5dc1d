"""Names of derivatives: read back as printed, by class, column and pixel; a wrong one gets a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from backlit.errors import CountingError, UsageError
from backlit.explain.labels import Labels
from backlit.explain.names import resolve
from backlit.notation import Derivative, Quantity

SIZES = (6, 4, 5, 3)
PLAIN = {n: Labels(SIZES, None, None, None, n) for n in ("note", "book", "pytorch")}  # type: ignore[arg-type]
NAMED = Labels(
    SIZES, ("setosa", "7", "a/b]"), tuple(f"pixel ({r},{c})" for r in range(2) for c in range(3)), (2, 3)
)


@st.composite
def legal(draw: Any) -> Derivative:
    """A derivative that exists: P a neuron or C, Q before it."""
    l = draw(st.integers(1, 3))
    of = draw(st.sampled_from(["C", "a", "z"]))
    j = draw(st.integers(0, SIZES[l] - 1))
    above = Quantity("C") if of == "C" else Quantity(of, l, (j,))
    letter = draw(st.sampled_from(["w", "b", "z", "a", "x"]))
    top = 3 if of == "C" else l - 1
    if letter == "x" or (top < 1 and letter != "a"):
        return Derivative(above, Quantity("x", None, (draw(st.integers(0, 5)),)))
    lowest = 0 if letter == "a" else 1
    layer = draw(st.integers(lowest, top))
    axes = (SIZES[layer], SIZES[layer - 1]) if letter == "w" else (SIZES[layer],)
    entries = tuple(draw(st.one_of(st.just(":"), st.integers(0, n - 1))) for n in axes)
    return Derivative(above, Quantity(letter, layer, draw(st.sampled_from([(), entries]))))


@given(legal(), st.sampled_from(["note", "book", "pytorch"]))
def test_a_name_is_read_as_it_was_printed(derivative: Derivative, notation: Any) -> None:
    assert resolve(derivative.text(notation), PLAIN[notation]) == derivative


@given(legal(), st.sampled_from(["note", "book"]))
def test_a_symbol_copied_from_a_derivation_is_read_too(derivative: Derivative, notation: Any) -> None:
    assert resolve(derivative.symbol(notation), PLAIN[notation]) == derivative


@given(st.text(alphabet="dC∂/[]wbzax0123456789,:L-\"' .δwraw()²₃", max_size=30))
def test_no_text_is_met_by_anything_but_an_answer_or_a_sentence(name: str) -> None:
    said = ""
    try:
        found = resolve(name, NAMED)
    except UsageError as error:
        said = str(error)
    if not said:
        assert resolve(found.text(), NAMED) == found
        return
    assert repr(name) in said or "is not a parameter" in said
    if "Did you mean" in said:
        resolve(said.rpartition("Did you mean '")[2].removesuffix("'?"), NAMED)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ('da[L]["7"]/dx[1,2]', "da[3][1]/dx[5]"),
        ("da[L]['setosa']/dx['pixel (0,1)']", "da[3][0]/dx[1]"),
        ('da[L]["a/b]"]/da[0][1,0]', "da[3][2]/da[0][3]"),
        ('dC/dw[L]["7",3]', "dC/dw[3][1,3]"),
        ('dC/dw[1][2,"pixel (1,1)"]', "dC/dw[1][2,4]"),
        ("dC/dw[L-1][0,0]", "dC/dw[2][0,0]"),
        (" ∂C / ∂w [ 2 ] [ 3 , : ] ", "dC/dw[2][3,:]"),
        ("dC/d2.bias[1]", "dC/db[2][1]"),
        ("dC/dx", "dC/dx"),
        ("dC/db[1]", "dC/db[1]"),
        ('dC/draw["a[b]/c"]', 'dC/draw["a[b]/c"]'),
    ],
)
def test_names_by_class_column_and_pixel(name: str, meant: str) -> None:
    assert resolve(name, NAMED).text() == meant


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        (
            "dC/dw[2][5,0]",
            CountingError,
            "layer 2 has 5 neurons, 0 to 4; there is no 5. Did you mean 'dC/dw[2][4,0]'?",
        ),
        ("dC/dw[1][0,3,1]", UsageError, "w takes 2 indices, as in w[2][3,5] (into neuron 3, from neuron 5)"),
        ("dC/dw[3][4,0]", CountingError, "there is no 4. Did you mean 'dC/dw[3][0,4]'?"),
        (
            "dC/dw[4][0,0]",
            CountingError,
            "there is no w[4]: layer 0 is the input, and w goes from w[1] to w[3]",
        ),
        ("dC/dw[0][0,0]", CountingError, "there is no w[0]"),
        ("dC/dw[1][-1,0]", CountingError, "neurons count from 0 to 3; there is no -1"),
        ("dC/dw1[3,2]", UsageError, "Did you mean 'dC/dw[1][3,2]'?"),
        ("dL/dw[2][1,2]", UsageError, "Did you mean 'dC/dw[2][1,2]'?"),
        ("dC/dW[1][2][3]", UsageError, "Did you mean 'dC/dw[1][2,3]'?"),
        ("dC/dw(1)(2,3)", UsageError, "Did you mean 'dC/dw[1][2,3]'?"),
        ("w[1][2,3]", UsageError, "is a quantity and not a derivative: write dC/dw[1][2,3]"),
        ("dC/dw", UsageError, "w is followed by its layer"),
        ("dC/dw[1][3,", UsageError, "a bracket is not closed"),
        ("C/w[1][0,0]", UsageError, "has a d on both sides of the /. Did you mean 'dC/dw[1][0,0]'?"),
        ("dx[0]/dC", UsageError, "depends on nothing in the network"),
        ("dw[1][0,0]/dx[0]", UsageError, "depends on nothing in the network"),
        ("da[2]/dx[0]", UsageError, "name one neuron above, as in da[2][0]"),
        ("dC/dC", UsageError, "C is the cost, which comes last"),
        ("dC/dy", UsageError, "y is what is wanted, and given"),
        ("dC/ddelta[1][0]", UsageError, "δ[l] is a derivative itself, ∂C/∂z[l]"),
        ('da[L]["setsa"]/dx[0]', UsageError, "the nearest is 'setosa'. Did you mean 'da[3][0]/dx[0]'?"),
        (
            'dC/da[1]["x"]',
            UsageError,
            "'x' is a name, and neurons of hidden layers have numbers only, 0 to 3",
        ),
        ("dC/dx[2,0]", CountingError, "the image has 2 rows and 3 columns of pixels"),
        ("dC/draw[petal]", UsageError, "raw is followed by a column's name in quotes"),
        ("dC/d6.weight[0,0]", CountingError, "and no 6.weight[0,0]. Did you mean 'dC/dw[3][0,0]'?"),
        ("dC/d1.weight[0,0]", UsageError, "'1.weight[0,0]' is not a parameter"),
        ("", UsageError, "'' is not a derivative: write dC/dw[1][3,5]"),
        (7, UsageError, "a derivative is named by a text such as 'dC/dw[1][3,5]'; got 7"),
    ],
)
def test_what_is_wrong_is_said_and_the_nearest_right_name_shown(name: Any, error: type, said: str) -> None:
    with pytest.raises(error) as found:
        resolve(name, NAMED)
    assert said in str(found.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "da[1][0]/dw[2][1,1]",
            "is 0 whatever the numbers: w[2][1,1] enters layer 2, which comes after a[1][0]",
        ),
        ("da[1][0]/da[2][1]", "Did you mean 'da[2][1]/da[1][0]'?"),
        ("dz[2][0]/da[2][0]", "a[2][0] comes after z[2][0]"),
        ("da[1][0]/db[1][1]", "b[1][1] belongs to neuron 1 of the layer and a[1][0] is neuron 0"),
        ("dz[2][3]/dw[2][1,0]", "neurons of one layer do not see one another"),
        ("da[2][0]/da[2][1]", "the neurons of one layer do not depend on one another"),
        ("da[2][0]/dz[2][1]", "neurons of one layer do not see one another"),
        ("dz[2][0]/dz[2][0]", "is 1: a quantity by itself"),
        ("da[0][1]/dx[2]", "is an input, given with the example, and depends on nothing"),
    ],
)
def test_what_is_0_by_structure_is_explained(name: str, said: str) -> None:
    with pytest.raises(UsageError) as found:
        resolve(name, NAMED)
    assert said in str(found.value)
    assert found.value.exit_code == 2


def test_a_softmax_sees_the_whole_layer() -> None:
    mixing = Labels(SIZES, None, None, None, "note", frozenset({2}))
    assert resolve("da[2][0]/dz[2][1]", mixing).text() == "da[2][0]/dz[2][1]"
    with pytest.raises(UsageError, match="do not see one another"):
        resolve("dz[2][0]/db[2][1]", mixing)


def test_the_book_s_counting_in_messages() -> None:
    with pytest.raises(CountingError) as found:
        resolve("dC/dw[1][0,0]", PLAIN["book"])
    assert "there is no w[1]: the book calls the input layer 1, and w goes from w[2] to w[4]" in str(
        found.value
    )
    assert "Did you mean 'dC/dw[2][0,0]'?" in str(found.value)
