"""The mistake namer on numbers: layouts and conventions, coinciding mistakes, fitted numbers, what nothing explains.

That every mistake is named in whole programs is test_planted's matter; here the door and its words are tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backlit
from backlit.errors import UsageError
from backlit.network import Network
from backlit.verify import diagnose
from backlit.verify.gradients.variants import mistaken
from backlit.verify.mistakes import MISTAKES

Array = Any


def small(
    sizes: list[int] | None = None,
    activations: Any = "sigmoid",
    cost: str = "half_squared_error",
    m: int = 6,
    seed: int = 0,
    dtype: Any = np.float64,
) -> tuple[Network, Array, Array]:
    """A network with biases that are not 0, and examples for it."""
    rng = np.random.default_rng(seed)
    net = Network(sizes or [4, 5, 5, 3], activations=activations, cost=cost, seed=seed, dtype=dtype)
    net.theta = net.theta + 0.3 * rng.normal(size=net.theta.size)
    return net, rng.normal(size=(m, net.sizes[0])), rng.random((m, net.sizes[-1]))


def parts(g: Any) -> tuple[list[Array], list[Array]]:
    return list(g.w), list(g.b)


# What no network has a place for without more than its data: masks, an earlier batch, another order of the layers.
NOT_MADE = (
    "unknown-factor", "accumulated", "last-batch", "one-example", "layers-reversed", "bias-not-summed",
    "penalty-unknown", "dropout-mask-missing",
)  # fmt: skip
LAYOUTS: dict[str, Callable[[list[Array], list[Array]], Any]] = {
    "w1 b1 w2 b2": lambda w, b: [one for pair in zip(w, b, strict=True) for one in pair],
    "pairs": lambda w, b: list(zip(w, b, strict=True)),
    "two lists": lambda w, b: (w, b),
    "the book's nabla_b, nabla_w": lambda w, b: ([one[:, None] for one in b], w),
    "dict of Andrew Ng": lambda w, b: {
        f"d{letter}{l}": one for letter, some in (("W", w), ("b", b)) for l, one in enumerate(some, start=1)
    },
    "PyTorch's names": lambda w, b: {
        f"{2 * l}.{name}": one for l in range(len(w)) for name, one in (("weight", w[l]), ("bias", b[l]))
    },
    "transposed": lambda w, b: [
        one for pair in zip(w, b, strict=True) for one in (pair[0].T, pair[1][None, :])
    ],
    "plain lists": lambda w, b: [one.tolist() for pair in zip(w, b, strict=True) for one in pair],
    "flat": lambda w, b: np.concatenate([one.ravel() for pair in zip(w, b, strict=True) for one in pair]),
    "flat by columns": lambda w, b: np.concatenate(
        [one.ravel(order="F") for pair in zip(w, b, strict=True) for one in pair]
    ),
    "flat, weights first": lambda w, b: np.concatenate([one.ravel() for one in (*w, *b)]),
    "entry 0 is None": lambda w, b: ([None, *w], [None, *b]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("sizes", [[4, 5, 3], [4, 4, 4], [3, 1]])
def test_a_right_gradient_is_right_in_every_layout(layout: str, sizes: list[int]) -> None:
    net, x, y = small(sizes)
    report = diagnose(net, x, y, LAYOUTS[layout](*parts(net.gradient(x, y))))
    assert report.right, report.text()
    assert report.verdict.startswith("right")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mistake_is_named_in_every_layout(layout: str) -> None:
    net, x, y = small([4, 4, 5, 3])
    wrong = mistaken(net, x, y, "sigma-prime-missing", (2,))
    report = diagnose(net, x, y, LAYOUTS[layout](*parts(wrong)))
    assert [(one.mistake, one.layers) for one in report.findings] == [("sigma-prime-missing", (2,))]


def test_what_a_network_itself_gives_is_read_as_it_is() -> None:
    net, x, y = small()
    assert diagnose(net, x, y, net.gradient(x, y)).right


@pytest.mark.parametrize(
    ("factor", "convention"), [(2.0, "factor-two"), (6.0, "batch-mean-missing"), (1.0, None)]
)
def test_two_or_half_and_sum_or_mean_are_conventions(factor: float, convention: str | None) -> None:
    net, x, y = small()
    report = diagnose(net, x, y, factor * net.gradient(x, y).theta)
    assert report.right
    assert [one.mistake for one in report.conventions] == ([convention] if convention else [])
    assert all(one.kind == "convention" for one in report.conventions)


def test_a_two_is_no_convention_of_a_cost_that_has_no_half() -> None:
    net, x, y = small(cost="binary_cross_entropy")
    report = diagnose(net, x, y, 2 * net.gradient(x, y).theta)
    assert [one.mistake for one in report.findings] == ["factor-two"]


@pytest.mark.parametrize("mistake", [row.id for row in MISTAKES.values() if row.about == "gradient"])
def test_what_the_table_makes_the_search_finds(mistake: str) -> None:
    """Round trip: the gradient of each mistake, made by variants.py, is named again."""
    made = 0
    for sizes, activations, cost in (
        ([4, 5, 5, 3], ["tanh", "sigmoid", "sigmoid"], "half_squared_error"),
        ([4, 4, 4, 3], ["tanh", "softplus", "softmax"], "cross_entropy"),
        ([3, 4, 4, 2], ["gelu", "sigmoid", "sigmoid"], "binary_cross_entropy"),
    ):
        net, x, y = small(sizes, activations, cost)
        y = y / y.sum(axis=1, keepdims=True)
        for layers in ((), (1,), (2,), (3,)):
            try:
                wrong = mistaken(net, x, y, mistake, layers, l2=0.03, eta=0.7)
            except UsageError:
                continue
            made += 1
            report = diagnose(net, x, y, LAYOUTS["two lists"](*parts(wrong)), l2=0.03)
            named = {name for one in report.findings[:1] or report.conventions for name in one.names}
            assert mistake in named, (sizes, layers, report.text())
    assert made or mistake.startswith(("layout-", *NOT_MADE))


def test_eta_is_fitted_where_weights_were_updated_too_early() -> None:
    net, x, y = small()
    wrong = mistaken(net, x, y, "post-update-weights", eta=0.37)
    (found,) = diagnose(net, x, y, wrong.theta).findings
    assert found.mistake == "post-update-weights"
    assert found.value == pytest.approx(0.37, rel=1e-9)
    (told,) = diagnose(net, x, y, wrong.theta, eta=0.37).findings
    assert told.mistake == "post-update-weights"


def test_a_penalty_that_was_not_told_is_fitted() -> None:
    net, x, y = small()
    (found,) = diagnose(net, x, y, net.gradient(x, y, l2=0.013).theta).findings
    assert (found.mistake, found.layers) == ("penalty-unknown", (1, 2, 3))
    assert found.value == pytest.approx(0.013, rel=1e-9)
    assert diagnose(net, x, y, net.gradient(x, y, l2=0.013).theta, l2=0.013).right


def test_an_unknown_factor_is_given_as_a_number() -> None:
    net, x, y = small()
    (found,) = diagnose(net, x, y, 0.0123 * net.gradient(x, y).theta).findings
    assert found.mistake == "unknown-factor"
    assert found.value == pytest.approx(0.0123)


def test_penalties_masks_and_weights_belong_to_what_is_right() -> None:
    net, x, y = small()
    rng = np.random.default_rng(2)
    masks = [None, (rng.random((6, 5)) < 0.5) * 2.0, None, None]
    weights = rng.random(6) + 0.1
    options = {"l1": 0.01, "l2": 0.1, "dropout_masks": masks, "sample_weight": weights}
    assert diagnose(net, x, y, net.gradient(x, y, **options), **options).right
    assert not diagnose(net, x, y, net.gradient(x, y, **options)).right


def test_coinciding_mistakes_are_one_finding_with_an_example_that_tells_them_apart() -> None:
    net, x, y = small([4, 5, 5, 5], m=2)
    wrong = mistaken(net, x, y, "batch-mean-twice", (1,))
    (found,) = diagnose(net, x, y, wrong.theta).findings
    assert set(found.names) == {"batch-mean-twice", "factor-half"}
    assert found.apart is not None
    assert "makes them 3" in found.apart
    more = np.vstack([x, 0.5 - x[:1]]), np.vstack([y, y[:1]])  # as the sentence says
    names = []
    for one in found.names:
        (single,) = diagnose(net, *more, mistaken(net, *more, one, (1,)).theta).findings
        names.append(single.names)
    assert names == [(one,) for one in found.names]


def test_what_is_the_same_for_every_example_is_said_to_be_so() -> None:
    net, x, y = small()
    (found,) = diagnose(net, x, y, -net.gradient(x, y).theta).findings
    assert set(found.names) == {"y-minus-a", "sign-flipped"}
    assert found.apart == "No example tells them apart: the numbers are always the same."


def test_an_earlier_batch_may_be_given_as_data_or_as_its_gradient() -> None:
    net, x, y = small()
    _, x0, y0 = small(seed=3)
    before, now = net.gradient(x0, y0).theta, net.gradient(x, y).theta
    for previous in ((x0, y0), before):
        (added,) = diagnose(net, x, y, now + before, previous=previous).findings
        (last,) = diagnose(net, x, y, before, previous=previous).findings
        assert (added.mistake, last.mistake) == ("accumulated", "last-batch")
        assert diagnose(net, x, y, now, previous=previous).right


def test_what_nothing_explains_is_said_with_the_layer_where_it_begins_and_what_to_print() -> None:
    net, x, y = small()
    g = net.gradient(x, y)
    g.w[2][...] = np.random.default_rng(0).normal(size=g.w[2].shape)
    g.b[2][...] = 7
    (found,) = diagnose(net, x, y, g.theta).findings
    assert (found.kind, found.layers) == ("unexplained", (2,))
    assert "layer 3 is explained" in found.evidence
    assert "print δ² for one example, and z² and δ³" in found.why


def test_one_entry_that_is_off_is_named_with_both_numbers() -> None:
    net, x, y = small()
    g = net.gradient(x, y)
    right = g.w[1][0, 2]
    g.w[1][0, 2] *= 1.1
    (found,) = diagnose(net, x, y, g.theta).findings
    assert found.kind == "unexplained"
    assert "1 of 20 entries of ∂C/∂w¹ are off, most at w[1][0,2]" in found.evidence
    assert f"{right:.6g}".replace("-", "−") in found.evidence


def test_noise_in_every_layer_is_not_explained_by_many_mistakes() -> None:
    net, x, y = small()
    noise = np.random.default_rng(5).normal(size=net.parameters)
    report = diagnose(net, x, y, noise)
    assert [one.kind for one in report.findings] == ["unexplained"]
    assert report.findings[0].layers == (1, 2, 3)


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (lambda g: g.theta[:-1], "got 1 array of shapes (72,)"),
        (lambda g: None, "got 0 arrays"),
        (lambda g: [*g.w], "is 6 arrays of shapes (5, 4), (5,)"),
        (lambda g: "no gradient", "got str"),
        (lambda g: [np.round(one).astype(int) for one in LAYOUTS["w1 b1 w2 b2"](*parts(g))], "whole numbers"),
    ],
)
def test_what_is_no_gradient_is_a_finding(theirs: Callable[[Any], Any], said: str) -> None:
    net, x, y = small()
    report = diagnose(net, x, y, theirs(net.gradient(x, y)))
    assert [(one.kind, one.mistake) for one in report.findings] == [("trouble", "unreadable")]
    assert said in report.text(width=1000)


def test_an_entry_that_is_no_number_is_named() -> None:
    net, x, y = small()
    g = net.gradient(x, y)
    g.w[1][0, 3] = np.nan
    report = diagnose(net, x, y, g.theta)
    assert report.findings[0].mistake == "not-finite"
    assert "∂C/∂w[1][0,3] is nan" in report.findings[0].evidence


def test_float32_is_judged_by_what_it_holds() -> None:
    net, x, y = small([8, 16, 16, 4], "tanh", dtype=np.float32, m=32)
    report = diagnose(net, x, y, net.gradient(x, y).theta)
    assert report.right
    assert any("float32" in note for note in report.notes)
    off = net.gradient(x, y).theta.copy()
    off[3] *= 1.01
    assert not diagnose(net, x, y, off).right


def test_an_output_that_is_saturated_leaves_its_layer_to_be_judged() -> None:
    """∂C/∂a of such an output is beyond all bounds, and must not become what rounding may explain."""
    net, x, y = small([4, 5, 5], ["tanh", "softmax"], "cross_entropy", m=8)
    net.w[2][...] *= 200
    y = np.eye(5)[np.arange(8) % 5]
    g = net.gradient(x, y)
    assert diagnose(net, x, y, g.theta).right
    assert not diagnose(net, x, y, [g.w[1], g.b[1], g.w[2].T, g.b[2]]).right
    off = g.theta.copy()
    off[-1] *= 1.5
    assert not diagnose(net, x, y, off).right


@pytest.mark.parametrize("times", [1.0, 1 / 6])
def test_one_example_instead_of_the_batch_is_named(times: float) -> None:
    net, x, y = small()
    for row in (slice(0, 1), slice(5, 6)):
        (found,) = diagnose(net, x, y, times * net.gradient(x[row], y[row]).theta).findings
        assert found.mistake == "one-example"


def test_numbers_that_a_person_rounded_are_judged_by_their_decimals() -> None:
    net, x, y = small()
    report = diagnose(net, x, y, np.round(net.gradient(x, y).theta, 5))
    assert report.right
    assert report.verdict == "right: all 73 entries agree as far as their 5 decimals tell"
    (sign,) = diagnose(net, x, y, np.round(-net.gradient(x, y).theta, 5)).findings
    assert sign.mistake == "y-minus-a"
    off = np.round(net.gradient(x, y).theta, 5)
    off[-1] += 3e-5
    assert not diagnose(net, x, y, off).right


def test_a_factor_of_one_layers_biases_is_told_of_those() -> None:
    net, x, y = small()
    g = net.gradient(x, y)
    g.b[2][...] *= 2
    (found,) = diagnose(net, x, y, g.theta).findings
    assert (found.mistake, found.layers, found.right, found.yours) == (
        "factor-two",
        (2,),
        "∂C/∂b²",
        "2 · ∂C/∂b²",
    )
    assert str(found.edit) == "return 2 * db2   →   return db2"


def test_a_finding_reads_as_a_person_would_say_it() -> None:
    net, x, y = small()
    text = diagnose(net, x, y, mistaken(net, x, y, "sigma-prime-missing", (2,)).theta).text()
    for line in (
        "✗ σ′ is missing in hidden layer 2                           sigma-prime-missing · breaks N10, B1, B2",
        "  right      δ² = ((w³)ᵀ δ³) ⊙ σ′(z²)",
        "  yours      δ² = (w³)ᵀ δ³",
        "  edit       delta = delta @ W3   →   delta = (delta @ W3) * sigma_prime(z2)",
    ):
        assert line in text.splitlines()
    assert "layer 3 is right (18 of 18)" in text
    assert max(map(len, text.splitlines())) <= 100
    assert max(map(len, diagnose(net, x, y, -net.gradient(x, y).theta).text(width=60).splitlines())) <= 60


def test_a_report_is_plain_data() -> None:
    import json

    net, x, y = small()
    plain = diagnose(net, x, y, mistaken(net, x, y, "w-not-transposed", (1,)).theta).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["schema"] == "backlit.diagnosis/1"
    assert plain["findings"][0]["mistake"] == "w-not-transposed"
    assert plain["right"] is False


def test_the_door_leads_to_the_namer() -> None:
    net, x, y = small()
    assert backlit.verify.diagnose(net, x, y, net.gradient(x, y)).right


def test_arguments_that_cannot_be_are_refused() -> None:
    net, x, y = small()
    with pytest.raises(UsageError, match="eta is a finite number above 0; got -1"):
        diagnose(net, x, y, net.gradient(x, y), eta=-1)
    with pytest.raises(UsageError, match="unknown mistake 'sigma-prime-mising'"):
        mistaken(net, x, y, "sigma-prime-mising")
    with pytest.raises(UsageError, match="'w-not-transposed' can't be made here"):
        mistaken(*small([4, 3]), "w-not-transposed")
