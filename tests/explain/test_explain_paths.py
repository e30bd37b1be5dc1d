"""Paths: the k largest are those of a list of all of them, to the last bit, and all add up to the derivative."""

from __future__ import annotations

import itertools
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import Network, equations
from backlit.data.recipe import Recipe
from backlit.errors import CountingError, DataError, UsageError
from backlit.explain import Paths
from explain.brute import Brute, By, Of, name_of
from explain.networks import CALM, draw
from oracles.cases import ACTIVATION_OPTIONS, fits

Array = Any
UNLIMITED = 10**9


def derivatives(net: Network, rng: np.random.Generator) -> list[tuple[Of, By]]:
    """Some of every kind: P of C, a and z; Q of w, b, z, a and x; the nearest and the farthest."""
    L, pick = net.L, lambda l: int(rng.integers(net.sizes[l]))
    below = [("x", pick(0)), ("w", 1, pick(1), pick(0)), ("b", 1, pick(1))]
    below += [("w", L, pick(L), pick(L - 1)), ("z", L, pick(L)), ("a", L, pick(L)), ("z", 1, pick(1))]
    below += [("a", l, pick(l)) for l in range(1, L)]
    found: list[tuple[Of, By]] = [(("C",), by) for by in below]
    found += [((letter, L, pick(L)), ("x", pick(0))) for letter in "za"]
    if L > 1:
        found += [((letter, L, pick(L)), ("w", 1, pick(1), pick(0))) for letter in "za"]
        found += [(("a", L, pick(L)), ("a", 1, pick(1))), (("z", 2, pick(2)), ("z", 1, pick(1)))]
    j = pick(L)
    return [*found, (("a", L, j), ("z", L, j)), (("a", L, j), ("w", L, j, pick(L - 1)))]


def assert_same(found: Paths, brute: Brute, k: int) -> None:
    """The same paths in the same order, with the same factors and contributions, to the last bit."""
    listed = brute.all()
    assert found.count == len(listed)
    assert len(found) == min(k, len(listed))
    for path, one in zip(found, listed, strict=False):
        assert (path.example, path.neurons) == (one.example, one.neurons)
        assert path.factors == one.factors
        assert path.contribution == one.contribution
    sums = [one.contribution for one in listed]
    mass = math.fsum(map(abs, sums))
    near = 1e-12 * mass + 1e-300
    assert found.total == pytest.approx(math.fsum(sums), abs=near)
    assert found.positive == pytest.approx(math.fsum(c for c in sums if c > 0), abs=near)
    assert found.negative == pytest.approx(math.fsum(c for c in sums if c < 0), abs=near)
    assert found.agrees
    assert found.value == pytest.approx(math.fsum(sums), abs=1e-10 * mass + 1e-300)
    if mass:
        assert found.share == pytest.approx(math.fsum(map(abs, sums[:k])) / mass, rel=1e-12)
        assert found.cancels == pytest.approx(1 - abs(math.fsum(sums)) / mass, abs=1e-12)


def check(net: Network, of: Of, by: By, x: Array, y: Array, k: int, **options: Any) -> Paths:
    """One derivative against the list."""
    weights = options.get("sample_weight")
    share = np.full(len(x), 1 / len(x)) if weights is None else weights / weights.sum()
    found = net.paths(name_of(of, by), x, y, top=k, **options)
    assert_same(found, Brute(net, of, by, x, y, share, options.get("dropout_masks")), k)
    return found


@pytest.mark.parametrize("number", range(len(ACTIVATION_OPTIONS)))
def test_every_activation_and_every_kind_of_end(number: int) -> None:
    sigma = ACTIVATION_OPTIONS[number]
    cost = "cross_entropy" if fits(sigma, "cross_entropy") and number % 2 else "squared_error"
    rng = np.random.default_rng(number)
    net, x, y = draw(number % 4, sigma, cost)
    for of, by in derivatives(net, rng):
        check(net, of, by, x[:1], y[:1], int(rng.integers(1, 30)))


@pytest.mark.parametrize("hidden", CALM)
def test_every_activation_hidden(hidden: str) -> None:
    rng = np.random.default_rng(len(hidden))
    net = Network([3, 4, 2, 3], activations=[hidden, "softmax", hidden], theta=None, seed=len(hidden))
    x, y = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    for of, by in derivatives(net, rng):
        check(net, of, by, x, y, 25)


@pytest.mark.parametrize("seed", range(6))
def test_batches_weights_and_masks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.permutation([2, 3, 4, 5]).tolist()
    kinds = [["tanh"] * 3, ["softmax", "relu", "softmax"], ["relu", "softmax", "sigmoid"]][seed % 3]
    net = Network(sizes, activations=kinds, seed=seed)
    x, y = rng.normal(size=(4, sizes[0])), rng.normal(size=(4, sizes[-1]))
    weights = np.array([0.3, 2.0, 0.0, 1.1])
    masks = [rng.integers(0, 2, (4, n)) / 0.7 for n in sizes[:-1]]
    for of, by in derivatives(net, rng):
        check(net, of, by, x, y, 40)
        check(net, of, by, x, y, 40, sample_weight=weights)
        check(net, of, by, x, y, 40, sample_weight=weights, dropout_masks=[*masks, None])
        check(net, of, by, x, y, UNLIMITED, dropout_masks=[None, masks[1], None])


@pytest.mark.parametrize("seed", range(8))
def test_ties_and_zeros(seed: int) -> None:
    """Weights from a few small numbers, 0 among them: most paths have equals, and lists go on into the zeros."""
    rng = np.random.default_rng(seed)
    net = Network([3, 4, 5, 3], activations=["relu", "identity", "identity"], seed=seed)
    net.theta = rng.choice([-2.0, -1.0, 0.0, 0.0, 1.0, 2.0], net.parameters)
    x, y = rng.choice([0.0, 1.0], (3, 3)), rng.choice([0.0, 1.0], (3, 3))
    for of, by in derivatives(net, rng):
        for k in (1, 7, 60, UNLIMITED):
            check(net, of, by, x, y, k)


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_where_all_are_equal_neurons_decide(value: float) -> None:
    net = Network([2, 30, 30, 30, 1], activations="identity", init=f"constant(value={value})")
    found = net.paths("dC/dx[1]", [[1.0, 1.0]], [[0.5]], top=70)
    assert [path.neurons for path in found] == [(1, 0, j, k, 0) for j in range(3) for k in range(30)][:70]
    assert found.opened <= 70 * 6
    assert found.count == 27_000


def test_equal_after_rounding_is_equal() -> None:
    """Two ways differ in their last bit until a later factor rounds the difference away: then neurons decide."""
    near = np.nextafter(1.9, 2)  # close together, and their products, just above 1, can't be as close
    for scale in np.random.default_rng(3).uniform(0.53, 0.6, 40):
        net = Network([1, 1, 4, 1], activations="identity")
        net.w[1], net.w[2], net.w[3] = [[scale]], [[1.0]] * 4, [[1.9, near, 1.9, near]]
        last = Network([1, 1, 4], activations="identity", cost="absolute_error")  # every δ is 1
        last.w[1], last.w[2] = [[scale]], [[1.9], [near], [1.9], [near]]
        for k in (2, 4):
            check(net, ("z", 3, 0), ("x", 0), np.ones((1, 1)), np.ones((1, 1)), k)
            check(last, ("C",), ("x", 0), np.ones((1, 1)), np.full((1, 4), -9.0), k)


def test_a_large_one() -> None:
    rng = np.random.default_rng(0)
    net = Network(
        [3, 12, 15, 11, 9, 4],
        activations=["tanh", "relu", "gelu", "sigmoid", "softmax"],
        cost="cross_entropy",
    )
    x, y = rng.normal(size=(1, 3)), np.eye(4)[[1]]
    found = check(net, ("C",), ("x", 2), x, y, 2_000)
    assert found.count == 71_280
    assert found.stations[0].text() == "a[0]"


def test_random_networks_of_every_depth() -> None:
    for number in range(24):
        rng = np.random.default_rng(number)
        sigma = ACTIVATION_OPTIONS[number % len(ACTIVATION_OPTIONS)]
        net, x, y = draw(number, sigma, "half_squared_error")
        by = ("w", 1, 0, 0) if number % 2 else ("x", 1)
        if math.prod(net.sizes[1:]) < 5_000:
            check(net, ("C",), by, x[:2], y[:2], int(rng.integers(1, 200)))


# ------------------------------------------------------------------------------------------------- very deep, very wide


@pytest.mark.parametrize("power", [-140, 140])
def test_contributions_beyond_float64_are_still_ranked(power: int) -> None:
    """The same network, each weight times 2^power: products leave float64, and neither order nor shares change."""
    rng = np.random.default_rng(1)
    calm, wild = (Network([2] * 10, activations="identity", seed=4) for _ in range(2))
    for l in range(1, 10):
        calm.w[l] = rng.normal(size=(2, 2))
        wild.w[l] = calm.w[l] * (2.0**power if l > 1 else 1)
    # z and a must stay within float64; a derivative of z by z has none of them in it
    x = np.zeros((1, 2))
    one, other = (net.paths("dz[9][0]/dz[1][1]", x, top=50) for net in (calm, wild))
    assert [path.neurons for path in one] == [path.neurons for path in other]
    assert [path.share for path in one] == [path.share for path in other]
    assert (one.share, one.cancels) == (other.share, other.cancels)
    assert {path.contribution for path in other} <= ({0.0} if power < 0 else {math.inf, -math.inf})
    assert other.agrees is (None if power > 0 else True)
    assert max(map(len, other.text().splitlines())) <= 100


def test_a_deep_narrow_network_is_counted_exactly() -> None:
    net = Network([3] * 121, activations="sigmoid", seed=0)
    found = net.paths("da[120][0]/dx[0]", np.ones((1, 3)), top=10)
    assert found.count == 3**119
    assert found.opened <= 10 * 122
    assert len({path.neurons for path in found}) == 10
    assert "·10⁵⁶ paths" in found.text()
    json.dumps(found.to_dict())


def test_the_search_opens_no_more_than_it_must() -> None:
    """The structure that makes 6.9·10¹¹ paths cheap: at most k beginnings a station, and never a list of all."""
    net = Network(
        [784, 512, 512, 512, 512, 10], activations=["relu"] * 4 + ["softmax"], cost="cross_entropy", seed=0
    )
    x = np.random.default_rng(0).random((1, 784))
    found = net.paths("dC/dx[300]", x, [3], top=100)
    assert found.count == 512**4 * 10 == 687_194_767_360
    assert len(found) == 100
    assert found.opened <= 100 * len(found.stations)
    sizes = [abs(path.contribution) for path in found]
    assert sizes == sorted(sizes, reverse=True)
    assert found.agrees
    assert found.total == pytest.approx(net.backprop(x, [3]).dC_da[0][0, 300], rel=1e-9)
    # what greedy search from either end would miss: no path of a sample of others is larger than the last
    rng = np.random.default_rng(1)
    listed = {path.neurons for path in found}
    brute = Brute(net, ("C",), ("x", 300), x, np.eye(10)[[3]], np.ones(1))
    for path in list(found)[:20]:
        assert math.prod(reversed(brute_factors(brute, path.neurons))) == path.contribution
        for place in range(1, 6):  # every path that differs from it in one neuron
            for j in rng.integers(0, net.sizes[place], 20).tolist():
                other = (*path.neurons[:place], j, *path.neurons[place + 1 :])
                size = abs(math.prod(reversed(brute_factors(brute, other))))
                assert other in listed or size <= sizes[-1]


def brute_factors(brute: Brute, neurons: tuple[int, ...]) -> list[float]:
    return list(brute._factors(0, neurons))


# ------------------------------------------------------------------------------------------------- planted mistakes

RIGHT = {tag: getattr(equations, tag) for tag in ("N6", "N9", "B1")}


@pytest.mark.parametrize(
    ("tag", "wrong"),
    [
        ("N9", lambda w, da_dz, dC_da: -RIGHT["N9"](w, da_dz, dC_da)),
        ("N9", lambda w, da_dz, dC_da: RIGHT["N9"](w[::-1], da_dz, dC_da)),
        ("N6", lambda which, *of: RIGHT["N6"](which, *of) * (-1 if which == "da/dz" else 1)),
        ("N6", lambda which, *of: RIGHT["N6"](which, *of) * (2.001 if which == "dz/da" else 1)),
        ("N6", lambda which, *of: RIGHT["N6"](which, *of) * (-1 if which == "dz/dw" else 1)),
        ("B1", lambda *of: -RIGHT["B1"](*of)),
    ],
)
def test_a_mistake_in_the_equations_shows(monkeypatch: pytest.MonkeyPatch, tag: str, wrong: Any) -> None:
    """Paths go through the registry, so that a wrong sign on the page shows here as it does in every engine."""
    net = Network([3, 4, 2, 3], activations=["tanh", "sigmoid", "tanh"], seed=0)
    x, y = np.array([[0.3, -0.8, 1.2]]), np.array([[0.2, 0.9, 0.1]])
    by = ("w", 1, 2, 0)
    check(net, ("C",), by, x, y, 5)
    brute = Brute(net, ("C",), by, x, y, np.ones(1))
    monkeypatch.setattr(equations, tag, wrong)
    with pytest.raises(AssertionError):
        assert_same(net.paths(name_of(("C",), by), x, y, top=5), brute, 5)


def test_paths_and_the_backward_pass_check_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """N9 is the paths' own, N11 the backward pass's: where they part, the result says so."""
    net = Network([3, 4, 2, 3], seed=0)
    monkeypatch.setattr(equations, "N9", lambda *of: -RIGHT["N9"](*of))
    found = net.paths("dC/dw[2][1,0]", np.ones((1, 3)), np.ones((1, 3)))
    assert not found.agrees
    assert "✗" in found.text()


# ------------------------------------------------------------------------------------------------- the result


def test_a_result_is_gone_through_and_says_what_it_is_of() -> None:
    net = Network([2, 3, 2], activations=["softmax", "sigmoid"], seed=1)
    found = net.paths("da[2][1]/dx[0]", [0.5, -1.0], top=4)
    assert [path.neurons for path in found] == [found[place].neurons for place in range(len(found))]
    assert found[:2] == (found[0], found[1])
    assert [station.text() for station in found.stations] == ["a[0]", "z[1]", "a[1]", "z[2]"]
    kinds = [(factor.kind, factor.layer) for factor in found.kinds]
    assert kinds == [("weight", 1), ("jacobian", 1), ("weight", 2), ("slope", 2)]
    assert found.count == 9
    assert found.mass == found.positive - found.negative
    assert "Paths" in repr(found)


def test_a_derivation_knows_its_paths() -> None:
    net = Network([3, 4, 2], seed=0)
    x, y = np.ones(3), np.ones(2)
    found = net.explain("dC/dw[1][2,1]", x, y).paths(top=1)
    assert found[0] == net.paths("dC/dw[1][2,1]", x, y, top=1)[0]
    assert found.count == 2


def test_a_raw_column_begins_with_the_recipe() -> None:
    data = backlit.data.load("iris")
    net = Network([4, 5, 3], activations=["tanh", "softmax"], cost="cross_entropy", seed=0)
    net.recipe = Recipe.learn(data)
    net.classes, net.task = net.recipe.classes, "classes"
    found = net.paths('dC/draw["petal length (cm)"]', data, data, example=3, top=4)
    by_input = net.paths("dC/dx[2]", data, data, example=3, top=4)
    assert found.kinds[0].kind == "recipe"
    assert [path.neurons for path in found] == [path.neurons for path in by_input]
    assert found.total == pytest.approx(
        net.explain('dC/draw["petal length (cm)"]', data, data, example=3).value
    )
    assert re.search(r'petal length \(cm\) → \d → "setosa"', by_input.text())


def test_the_docs_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs/paths.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL):
        exec(compile(block, "docs/paths.md", "exec"), found)
    shown = re.findall(r"```\n(∂C.*?)```", page, flags=re.DOTALL)
    assert [line.split("=")[0] for line in shown[0].splitlines()[:1]] == ["∂C/∂x₄ "]
    assert found["found"].count == 300
    fields = re.findall(r"^\| `(\w+)`", page.split("## What the result holds")[1], flags=re.MULTILINE)
    assert [name for name in fields if not hasattr(found["found"], name)] == []


def test_biases_start_at_the_z_they_enter_and_lie_on_no_other_path() -> None:
    net = Network([2, 3, 2], seed=0)
    found = net.paths("dC/db[1][2]", np.ones(2), np.ones(2))
    assert [path.neurons[0] for path in found] == [2, 2]
    assert all(path.factors[0] == 1.0 for path in found)
    before = net.paths("dC/dx[0]", np.ones(2), np.ones(2))
    assert {factor.kind for factor in before.kinds} == {"weight", "slope", "delta"}


def test_penalties_are_outside() -> None:
    net = Network([2, 3, 2], seed=0)
    x, y = np.ones(2), np.ones(2)
    with_penalty = net.explain("dC/dw[1][0,0]", x, y, l2=0.5).paths()
    assert with_penalty.total == net.paths("dC/dw[1][0,0]", x, y).total
    assert "l2" not in with_penalty.included


def test_a_batch_keeps_each_examples_own_derivative() -> None:
    net = Network([2, 3, 2], seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    found = net.paths("dC/dx[1]", x, y, top=3)
    np.testing.assert_allclose(found.each, net.backprop(x, y).dC_da[0][:, 1], rtol=1e-12)
    assert found.total == pytest.approx(found.each.mean())
    by_weight = net.paths("dC/dw[1][0,1]", x, y, sample_weight=[1, 2, 3, 4, 0])
    assert by_weight.total == pytest.approx(net.gradient(x, y, sample_weight=[1, 2, 3, 4, 0]).w[1][0, 1])
    alone = net.paths("dC/dw[1][0,1]", x, y, example=3)
    assert {path.example for path in alone} == {3}
    assert alone.total == pytest.approx(net.gradient(x[3:4], y[3:4]).w[1][0, 1])


def test_a_float32_network_is_ranked_in_float64() -> None:
    net = Network([3, 4, 2], seed=0, dtype=np.float32)
    wide = Network([3, 4, 2], dtype=np.float64, theta=net.theta)
    x, y = np.ones((1, 3)), np.ones((1, 2))
    assert list(net.paths("dC/dx[0]", x, y)) == list(wide.paths("dC/dx[0]", x, y))


@pytest.mark.parametrize("width", [40, 60, 100, 160])
def test_nothing_wraps(width: int) -> None:
    net = Network([3, 12, 15, 4], activations=["relu", "softmax", "sigmoid"], seed=0)
    x, y = np.random.default_rng(0).normal(size=(6, 3)), np.ones((6, 4))
    for name in ("dC/dw[1][2,1]", "da[3][0]/da[1][4]", "da[3][2]/dz[3][2]"):
        lines = net.paths(name, x, y, top=7).text(width=width).splitlines()
        assert max(map(len, lines)) <= width
        assert not any("-" in line for line in lines)


def test_text_by_heart() -> None:
    net = Network([1, 2, 1], activations="identity", cost="half_squared_error")
    net.w[1], net.w[2] = [[2.0], [3.0]], [[1.0, -1.0]]
    said = net.paths("dC/dw[1][1,0]", [1.0], [0.0]).text()
    assert said.splitlines() == [
        "∂C/∂w¹₁,₀ = 1.0000      from the input to hidden neuron 1, for this example: wanted 0, given −1",
        "1 → 2 → 1 · identity, identity · C = ½ Σ(a − y)², the book's (with ½) · one example",
        "note's counting: layer 0 is the input",
        "",
        "  1 path through one neuron of z¹ and z²",
        "",
        "  #   z¹ → z²      a⁰₀   σ′(z¹)        w²        δ²   contribution    share",
        "  1   1 → 0     1.0000   1.0000   −1.0000   −1.0000         1.0000   100.0%  ━━━━━━━━━━━━━━━━━━━━",
        "",
        "  sum      1.0000 from the positive paths, 0.0000 from the negative, nothing cancels",
        "  proof    all paths add up to 1.0000; the backward pass gives 1.0000 ✓",
    ]


def test_the_book_counts_from_1() -> None:
    net = Network([2, 3, 2], seed=0)
    x, y = np.ones(2), np.ones(2)
    note, book = net.paths("dC/da[1][0]", x, y), net.paths("dC/da[2][0]", x, y, notation="book")
    assert list(note) == list(book)
    assert "z² " in note.text()
    assert "z³ " in book.text()


def test_json() -> None:
    net = Network([2, 3, 2], seed=0)
    told = net.paths("dC/dw[1][0,1]", np.eye(2), np.eye(2), top=2).to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert (told["schema"], told["version"]) == ("backlit.paths", 1)
    assert set(told) == {
        "schema", "version", "name", "notation", "value", "statement", "conventions", "included", "examples", "each",
        "stations", "factors", "count", "total", "positive", "negative", "cancels", "share", "agrees", "paths",
    }  # fmt: skip
    assert [factor["kind"] for factor in told["factors"]] == ["share", "read", "slope", "weight", "delta"]
    assert set(told["paths"][0]) == {"example", "neurons", "factors", "contribution", "share"}


@pytest.mark.parametrize(
    ("name", "top", "error", "said"),
    [
        (
            "dC/dw[1]",
            5,
            UsageError,
            "'dC/dw[1]' is a block; paths are those of one number: name one entry of it",
        ),
        ("dC/dw[1][0,:]", 5, UsageError, "is a block"),
        ("dC/dw[1][0,0]", 0, UsageError, "top is how many paths are listed, a whole number from 1; got 0"),
        ("dC/dw[1][0,0]", 2.5, UsageError, "got 2.5"),
        ("dC/dw[7][0,0]", 5, CountingError, "there is no w[7]"),
        ("da[1][0]/da[2][0]", 5, UsageError, "is 0 whatever the numbers"),
    ],
)
def test_what_can_not_be(name: str, top: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as raised:
        Network([2, 3, 2], seed=0).paths(name, np.ones(2), np.ones(2), top=top)
    assert said in str(raised.value)


def test_an_infinite_factor_is_named() -> None:
    net = Network([1, 1], activations="sigmoid", cost="binary_cross_entropy", theta=[1000.0, 0.0])
    with pytest.raises(
        DataError, match="∂C/∂a of layer 1 is not finite for example 1, and a path through it"
    ):
        net.paths("dC/da[1][0]", [[0.0], [1.0]], [[0.0], [0.0]])


def test_all_pairs_of_examples_and_paths_are_ranked_together() -> None:
    net = Network([2, 3, 2], seed=5)
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
    found = net.paths("dC/dw[1][1,0]", x, y, top=UNLIMITED)
    assert len(found) == found.count == 80
    assert {(path.example, path.neurons) for path in found} == {
        (x, (1, j)) for x, j in itertools.product(range(40), range(2))
    }
    assert found.share == pytest.approx(1)
