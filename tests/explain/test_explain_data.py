"""Explanations on data: examples by number, batches and shares, raw columns, pixels, and what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backlit
from backlit import Network
from backlit.data.recipe import Recipe
from backlit.errors import BacklitError, CountingError, DataError, ModelError, UsageError

RNG = np.random.default_rng(2)
X, Y = RNG.normal(size=(6, 4)), np.array([0, 1, 1, 0, 1, 0])


def network() -> Network:
    return Network([4, 3, 2], activations=["tanh", "softmax"], cost="cross_entropy", seed=1)


def iris() -> tuple[Network, Any]:
    data = backlit.data.load("iris")
    net = Network([4, 5, 3], activations=["tanh", "softmax"], cost="cross_entropy", seed=0)
    net.recipe = Recipe.learn(data)
    net.classes, net.task = net.recipe.classes, "classes"
    return net, data


def digits() -> tuple[Network, Any]:
    data = backlit.data.load("digits")
    net = Network([64, 6, 10], cost="half_squared_error", seed=0)
    net.recipe = Recipe.learn(data)
    net.classes, net.task = net.recipe.classes, "classes"
    return net, data


def test_a_batch_is_the_mean_with_each_example_s_share() -> None:
    net = network()
    d = net.explain("dC/dw[1][2,1]", X, Y)
    terms = d.root.terms
    assert terms is not None
    assert d.root.kind == "mean"
    assert d.root.tag == "B5"
    assert d.value == pytest.approx(net.gradient(X, Y).w[1][2, 1], rel=1e-13)
    each = [net.explain("dC/dw[1][2,1]", X, Y, example=row).value for row in range(6)]
    np.testing.assert_allclose(terms.terms, np.array(each) / 6, rtol=1e-13)
    assert terms.shares.sum() == pytest.approx(1)
    assert d.factors == ()


def test_shares_may_be_negative_or_more_than_all_and_it_says_so() -> None:
    d = network().explain("dC/dw[1][2,1]", X, Y)
    terms = d.root.terms
    assert terms is not None
    assert terms.shares.min() < 0
    assert terms.shares.max() > 1
    assert "a share may be negative or more than all" in d.root.remark
    assert "a share may be negative" in " ".join(d.text().split())


def test_the_largest_example_is_opened() -> None:
    terms = network().explain("dC/dw[1][2,1]", X, Y).root.terms
    assert terms is not None
    (row,) = terms.opened
    assert row == np.argmax(np.abs(terms.terms))
    assert terms.opened[row].symbol.text == "∂Cₓ/∂w¹₂,₁"
    assert terms.opened[row].value / 6 == pytest.approx(terms.terms[row], rel=1e-13)


def test_weights_of_examples() -> None:
    net, s = network(), [1.0, 0.0, 2.0, 1.0, 1.0, 3.0]
    d = net.explain("dC/db[2][1]", X, Y, sample_weight=s)
    assert d.value == pytest.approx(net.gradient(X, Y, sample_weight=s).b[2][1], rel=1e-13)
    assert d.included == {"sample_weight": "given"}
    assert "weighted mean over 6 examples" in d.conventions
    alone = net.explain("dC/db[2][1]", X, Y, sample_weight=s, example=1)
    assert alone.value == net.explain("dC/db[2][1]", X[1], Y[1]).value
    with pytest.raises(DataError, match="one weight for each of the 6 examples"):
        net.explain("dC/db[2][1]", X, Y, sample_weight=[1.0])


@pytest.mark.parametrize(
    "name", ["dC/dz[1][2]", "dC/da[1][2]", "dC/dx[1]", "da[2][0]/dw[1][0,1]", "dz[2][1]/db[1][0]"]
)
def test_what_is_not_averaged_has_a_value_an_example(name: str) -> None:
    net = network()
    d = net.explain(name, X, Y)
    assert d.root.kind == "each"
    np.testing.assert_allclose(
        d.value, [net.explain(name, X, Y, example=row).value for row in range(6)], rtol=1e-12
    )
    assert "one value an example" in d.conventions
    assert d.check()


def test_penalties_are_of_weights_only() -> None:
    net = network()
    d = net.explain("dC/dw[1][2,1]", X[0], Y[0], l2=0.5, l1=0.25)
    w = net.w[1][2, 1]
    assert d.root.symbol.text == "∂(C + R)/∂w¹₂,₁"
    assert [part.tag for part in d.root.parts] == ["N10", "R1"]
    assert d.root.parts[1].value == pytest.approx(0.5 * w + 0.25 * np.sign(w))
    assert d.check()
    assert "with l1=0.25, l2=0.5" in d.conventions
    bias = net.explain("dC/db[1][2]", X[0], Y[0], l2=0.5)
    assert bias.root.tag == "B3"
    assert "no bias is penalised (l2=0.5)" in bias.conventions


def test_an_explanation_leaves_the_network_as_it_was() -> None:
    net = network()
    before = net.theta.copy()
    net.explain("dC/dw[1][2,1]", X, Y).check()
    assert net.task is None
    assert (net.theta == before).all()


def test_a_raw_column_s_factor_is_a_step_of_its_own() -> None:
    net, data = iris()
    d = net.explain('dC/draw["petal length (cm)"]', data, data, example=3)
    by_input = net.explain('dC/dx["petal length (cm)"]', data, data, example=3)
    recipe = d.factors[-1]
    assert [part.kind for part in d.factors] == ["sum", "recipe"]
    assert recipe.formula.text == "1/deviation"
    assert d.value == pytest.approx(by_input.value * recipe.value, rel=1e-14)
    assert recipe.value == pytest.approx(1 / np.std(data.inputs.column("petal length (cm)")), rel=1e-12)
    assert (
        d.statement == 'petal length (cm), before the recipe, for example 3: a "setosa", read as "versicolor"'
    )
    found = d.check()
    assert found.digits is not None
    assert found.digits >= 9
    batch = net.explain('dC/draw["petal length (cm)"]', data, data)
    assert batch.value.shape == (150,)
    assert batch.value[3] == pytest.approx(d.value, rel=1e-12)


def test_pixels_and_classes() -> None:
    net, data = digits()
    d = net.explain('da[L]["7"]/dx[3,4]', data, data, example=9)
    assert d.name == "da[2][7]/dx[28]"
    assert 'the activation of output "7" answers to pixel (3,4), for example 9: a "9"' in d.statement
    raw = net.explain('dC/draw["pixel (3,4)"]', data, data, example=9)
    assert raw.factors[-1].value == 1 / 16
    assert raw.factors[-1].remark == "one unit of pixel (3,4) is 1/16 in a⁰"
    assert raw.check()
    weight = net.explain("dC/dw[1][2,28]", data, data, example=9)
    assert weight.factors[0].remark == "the pixel is fully on" if weight.factors[0].value == 1 else True
    assert weight.statement.startswith("from pixel (3,4) to hidden neuron 2, for example 9: ")


def test_words_missing_cells_and_constants() -> None:
    table = {
        "size": [1.0, None, 3.0, 4.0],
        "colour": ["red", "blue", "red", "blue"],
        "same": [2.0] * 4,
        "kind": list("aabb"),
    }
    recipe = Recipe.learn(_table(table), target="kind")
    net = Network([len(recipe.inputs), 2, 2], activations=["tanh", "softmax"], cost="cross_entropy", seed=0)
    net.recipe, net.classes, net.task = recipe, recipe.classes, "classes"
    rows = _table({name: cells for name, cells in table.items() if name != "kind"})
    with pytest.raises(UsageError, match="is a column of words, one-hot in a\\^0"):
        net.explain('dC/draw["colour"]', rows, table["kind"], example=0)
    with pytest.raises(UsageError, match="Did you mean 'dC/draw\\[\"size\"\\]'"):
        net.explain('dC/draw["siz"]', rows, table["kind"], example=0)
    assert net.explain('dC/draw["size"]', rows, table["kind"], example=0).check()
    missing = net.explain('dC/draw["size"]', rows, table["kind"], example=1)
    assert "where the cell is missing the recipe fills it in" in missing.factors[-1].remark
    constant = net.explain('dC/draw["same"]', rows, table["kind"], example=0)
    assert constant.value == 0
    assert "constant in training" in constant.factors[-1].remark
    assert constant.check()
    assert net.explain('dC/dx["colour = red"]', rows, table["kind"], example=0).check()


def _table(columns: dict[str, list[Any]]) -> Any:
    from backlit.data.table import Table

    return Table.from_any(columns)


def test_values_are_said_in_the_target_s_unit() -> None:
    net = Network([2, 3, 1], seed=0)
    net.task = "values"
    d = net.explain("dC/dw[1][0,1]", [1.0, 2.0], [0.25])
    assert d.statement.startswith("from input 1 to hidden neuron 0, for this example: wanted 0.25, given 0.")


@pytest.mark.parametrize(
    ("options", "error", "said", "code"),
    [
        ({"example": 6}, CountingError, "there is no example 6: the data has 6, 0 to 5", 2),
        ({"example": -1}, CountingError, "there is no example -1", 2),
        ({"example": "3"}, UsageError, "example is the number of one example, counted from 0; got '3'", 2),
        ({"depth": -1}, UsageError, "depth is how many sums are opened, a whole number from 0; got -1", 2),
        ({"notation": "bok"}, UsageError, "Did you mean 'book'?", 2),
        ({"l1": -1.0}, UsageError, "l1 is a finite number, not below 0; got -1.0", 2),
        ({"dropout_masks": [None]}, UsageError, "dropout_masks is a list", 2),
        ({"y": None}, UsageError, "is of C, which compares the output with what is wanted; give y too", 2),
        ({"x": X[:, :3]}, DataError, "inputs are (n, 4)", 3),
        ({"y": [0, 1]}, DataError, "x has 6 examples and y has 2", 3),
        ({"x": X[:0], "y": []}, DataError, "there are no examples", 3),
        ({"x": X * np.inf}, DataError, "row 0, column 0 is", 3),
        ({"x": np.full((6, 4), 1e308)}, DataError, "too large for the numbers there are", 3),
    ],
)
def test_what_does_not_fit_is_answered(options: dict[str, Any], error: type, said: str, code: int) -> None:
    arguments: dict[str, Any] = {"x": X, "y": Y, **options}
    net = network()
    net.w[1][...] = 9.0
    with pytest.raises(error) as found:
        net.explain("dC/dw[1][2,1]", arguments.pop("x"), arguments.pop("y"), **arguments)
    assert said in str(found.value)
    assert isinstance(found.value, BacklitError)
    assert found.value.exit_code == code


def test_a_weight_that_is_not_finite_is_named() -> None:
    net = network()
    net.w[2][1, 0] = np.nan
    with pytest.raises(
        ModelError, match=r"w\[2\]\[1,0\] is nan: nothing that passes through it has a derivative"
    ) as found:
        net.explain("dC/dw[1][2,1]", X, Y)
    assert found.value.exit_code == 3


def test_raw_without_a_recipe_and_arrays_too_large() -> None:
    with pytest.raises(UsageError, match="this network has no recipe"):
        network().explain('dC/draw["a"]', X, Y)
    wide = Network([3000, 3000, 1])
    with pytest.raises(UsageError, match="this derivative has 144,000,000 numbers; name a part of it"):
        wide.explain("da[2][0]/dw[1]", np.zeros((16, 3000)))


def test_y_is_not_needed_where_p_is_a_neuron() -> None:
    assert network().explain("da[2][1]/dx[0]", X[0]).statement.endswith("for this example")


def test_sparse_and_byte_inputs() -> None:
    from scipy.sparse import csr_array

    from backlit.inputs import Pixels

    net = network()
    dense = np.abs(X) > 0.5
    for x, plain in (
        (csr_array(dense.astype(float)), dense.astype(float)),
        (Pixels(dense * np.uint8(51)), dense * 0.2),
    ):
        assert net.explain("dC/dw[1][2,1]", x, Y).value == pytest.approx(
            net.explain("dC/dw[1][2,1]", plain, Y).value
        )
