"""Names of quantities: read, printed, renamed for the book and for PyTorch, and never a different number."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, strategies as st

from backlit.errors import UsageError
from backlit.notation import Derivative, Quantity, from_torch_name, parse, torch_name

NUMBERS = st.integers(0, 10**9 - 2)
LAYERED = st.one_of(
    st.builds(
        Quantity,
        st.just("w"),
        NUMBERS.map(lambda l: l + 1),
        st.one_of(st.just(()), st.tuples(NUMBERS, NUMBERS)),
    ),
    st.builds(
        Quantity,
        st.sampled_from(["b", "z", "delta"]),
        NUMBERS.map(lambda l: l + 1),
        st.one_of(st.just(()), st.tuples(NUMBERS)),
    ),
    st.builds(Quantity, st.just("a"), NUMBERS, st.one_of(st.just(()), st.tuples(NUMBERS))),
)
COLUMNS = st.text(min_size=1).map(lambda name: Quantity("raw", column=name))
QUANTITIES = st.one_of(
    LAYERED.filter(lambda q: q.layer < 10**9 - 1),
    st.builds(Quantity, st.sampled_from("xy"), st.none(), st.one_of(st.just(()), st.tuples(NUMBERS))),
    st.just(Quantity("C")),
    COLUMNS,
)


@given(QUANTITIES, st.sampled_from(["note", "book"]))
def test_a_quantity_is_read_as_it_was_printed(quantity: Quantity, notation: str) -> None:
    assert parse(quantity.text(notation), notation) == quantity  # type: ignore[arg-type]


@given(QUANTITIES.filter(lambda q: q.letter != "raw"), QUANTITIES, st.sampled_from(["note", "book"]))
def test_a_derivative_is_read_as_it_was_printed(of: Quantity, by: Quantity, notation: str) -> None:
    derivative = Derivative(of, by)
    assert parse(derivative.text(notation), notation) == derivative  # type: ignore[arg-type]
    assert parse(derivative.text(notation).replace("d", "∂", 1), notation) == derivative  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("dC/dw[2][3,5]", Derivative(Quantity("C"), Quantity("w", 2, (3, 5)))),
        (" ∂C / ∂w [ 2 ] [ 3 , 5 ] ", Derivative(Quantity("C"), Quantity("w", 2, (3, 5)))),
        ("da[3][0]/da[1][4]", Derivative(Quantity("a", 3, (0,)), Quantity("a", 1, (4,)))),
        ("dC/dx[30]", Derivative(Quantity("C"), Quantity("x", index=(30,)))),
        ('dC/draw["petal length"]', Derivative(Quantity("C"), Quantity("raw", column="petal length"))),
        ("dC/draw['a \"b\" / dc']", Derivative(Quantity("C"), Quantity("raw", column='a "b" / dc'))),
        ("dC/da[0][3]", Derivative(Quantity("C"), Quantity("a", 0, (3,)))),
        ("ddelta[2][1]/ddelta[3][0]", Derivative(Quantity("delta", 2, (1,)), Quantity("delta", 3, (0,)))),
        ("delta[1][0]", Quantity("delta", 1, (0,))),
        ("δ[1]", Quantity("delta", 1)),
        ("w[1]", Quantity("w", 1)),
        ("b[3]", Quantity("b", 3)),
        ("z[1][0]", Quantity("z", 1, (0,))),
        ("x", Quantity("x")),
        ("y[2]", Quantity("y", index=(2,))),
        ("C", Quantity("C")),
        ("w[2][3,:]", Quantity("w", 2, (3, ":"))),
        ("w[2][ : ,5]", Quantity("w", 2, (":", 5))),
        ("dC/db[1][:]", Derivative(Quantity("C"), Quantity("b", 1, (":",)))),
        ("dC/d2.weight[3,5]", Derivative(Quantity("C"), Quantity("w", 2, (3, 5)))),
        ("0.bias[:]", Quantity("b", 1, (":",))),
    ],
)
def test_names_of_the_design(name: str, meant: object) -> None:
    assert parse(name) == meant


@pytest.mark.parametrize(
    ("name", "text", "symbol", "tex"),
    [
        (
            "dC/dw[2][3,5]",
            "dC/dw[3][3,5]",
            "∂C/∂w²₃,₅",
            r"\frac{\partial C}{\partial w^{2}_{3,5}}",
        ),
        ("delta[1][4]", "delta[2][4]", "δ¹₄", r"\delta^{1}_{4}"),
        ("w[12]", "w[13]", "w¹²", "w^{12}"),
        ("x[30]", "x[30]", "x₃₀", "x_{30}"),
        ("C", "C", "C", "C"),
        ('raw["a_b {50%}"]', 'raw["a_b {50%}"]', "“a_b {50%}”", r"\text{a\_b \{50\%\}}"),
        (
            'raw["~\\^"]',
            'raw["~\\^"]',
            "“~\\^”",
            r"\text{\textasciitilde{}\textbackslash{}\textasciicircum{}}",
        ),
    ],
)
def test_printed_for_people_and_for_tex(name: str, text: str, symbol: str, tex: str) -> None:
    quantity = parse(name)
    assert quantity.text("book") == text, "the book's layers are one higher, neurons are not"
    assert quantity.symbol() == symbol
    assert quantity.tex() == tex


def test_in_pytorch_s_notation_parameters_have_its_names_and_the_rest_the_note_s() -> None:
    derivative = Derivative(Quantity("a", 3, (0,)), Quantity("w", 2, (3, 5)))
    assert derivative.text("pytorch") == "da[3][0]/d2.weight[3,5]"
    assert derivative.symbol("pytorch") == "∂a³₀/∂2.weight[3,5]"
    assert derivative.tex("pytorch") == r"\frac{\partial a^{3}_{0}}{\partial \texttt{2.weight[3,5]}}"
    assert parse(derivative.text("pytorch"), "pytorch") == derivative


def test_letters_and_whole_axes_in_symbols() -> None:
    assert Quantity("w", 2, ("i", 19)).symbol() == "w²ᵢ,₁₉"
    assert Quantity("w", 2, (3, ":")).symbol() == "w²₃,:"
    assert Quantity("w", 2, ("i", 19)).tex() == "w^{2}_{i,19}"


def test_the_book_counts_the_input_as_layer_1() -> None:
    assert parse("w[2][0,1]", "book") == Quantity("w", 1, (0, 1))
    assert parse("a[1][0]", "book") == Quantity("a", 0, (0,))
    assert parse("dC/dw[2][0,1]", "book").symbol("book") == "∂C/∂w²₀,₁"
    assert parse("dC/dw[2][0,1]", "book").tex("book") == r"\frac{\partial C}{\partial w^{2}_{0,1}}"


@pytest.mark.parametrize(
    ("name", "notation", "said"),
    [
        ("w[0][1,2]", "note", "'w[0][1,2]': the first layer that has w is 1; here calls the input layer 0"),
        ("b[0]", "note", "'b[0]': the first layer that has b is 1; here calls the input layer 0"),
        (
            "w[1][0,0]",
            "book",
            "'w[1][0,0]': the first layer that has w is 2; the book calls the input layer 1",
        ),
        ("a[0][0]", "book", "'a[0][0]': the first layer that has a is 1; the book calls the input layer 1"),
        ("dC/ddelta[0][0]", "note", "'dC/ddelta[0][0]': the first layer that has delta is 1;"),
        ("w[1][3]", "note", "'w[1][3]': w takes 2 indexes, as in w[2][3,5] (into neuron 3, from neuron 5)"),
        ("b[1][3,5]", "note", "'b[1][3,5]': b takes 1 index, as in b[2][3]"),
        ("dC/dq[1][0]", "note", "'dC/dq[1][0]' is not a name: write dC/dw[2][3,5], dC/db[1][0],"),
        ("", "note", "'' is not a name"),
        ("w[1", "note", "'w[1' is not a name"),
        ("w[-1][0,0]", "note", "'w[-1][0,0]' is not a name"),
        ("dC/dC/dw[1]", "note", "'dC/dC/dw[1]' is not a name"),
        ("delta[1][0]/da[1][4]", "note", "'delta[1][0]/da[1][4]' is not a name"),
        ('raw[""]', "note", "is not a name"),
        ("w[1][" + "9" * 5000 + ",0]", "note", "is not a name"),
        ("C[1]", "note", "'C[1]' is not a name"),
        (7, "note", "a quantity is named by a text such as 'dC/dw[2][3,5]'; got 7"),
        ("w[1]", "boook", "unknown notation 'boook'. Did you mean 'book'? Known: note, book, pytorch."),
    ],
)
def test_what_is_no_name(name: str, notation: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(name, notation)  # type: ignore[arg-type]
    assert said in str(error.value)


@given(LAYERED.filter(lambda q: q.letter in "wb" and q.layer < 4 * 10**8))
def test_pytorch_s_names_there_and_back(quantity: Quantity) -> None:
    assert from_torch_name(torch_name(quantity)) == quantity


def test_pytorch_s_names_are_those_of_its_state_dict() -> None:
    nn = pytest.importorskip("torch.nn")
    sizes = (5, 4, 3, 2)
    layers = [part for n, m in itertools.pairwise(sizes) for part in (nn.Linear(n, m), nn.Sigmoid())]
    state = nn.Sequential(*layers).state_dict()
    names = {torch_name(Quantity(letter, l)): (letter, l) for l in (1, 2, 3) for letter in ("w", "b")}  # type: ignore[arg-type]
    assert list(names) == list(state), "and in the order of ∇C (N8)"
    for name, (letter, l) in names.items():
        shape = (sizes[l], sizes[l - 1]) if letter == "w" else (sizes[l],)
        assert tuple(state[name].shape) == shape
    assert torch_name(parse("w[2][1,3]")) == "2.weight[1,3]"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["z[1][0]", "C", "x[3]"])
def test_pytorch_names_parameters_only(name: str) -> None:
    with pytest.raises(UsageError, match=r"is not a parameter: PyTorch names w\[l\] and b\[l\] only"):
        torch_name(parse(name))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "1.weight",
            "'1.weight' is not a parameter of Sequential(Linear, σ, Linear, σ, …): write 0.weight[3,5]",
        ),
        ("layers.0.weight", "is not a parameter of Sequential"),
        ("0.weight[3,]", "is not a parameter of Sequential"),
        ("0.weight[3]", "'0.weight[3]': a weight takes 2 indexes"),
        ("0.bias[3,1]", "'0.bias[3,1]': a bias takes 1 index"),
    ],
)
def test_what_is_no_name_of_pytorch(name: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        from_torch_name(name)
    assert said in str(error.value)
