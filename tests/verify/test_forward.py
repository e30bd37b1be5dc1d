"""Forward passes with a planted mistake: written here as people write them, rows or columns as examples, sharing no
code with the detector. Each mistake is named; what is right is called right, and what only follows is not blamed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from backlit import Network, data
from backlit.dropout import masks as drawn_masks
from backlit.errors import DataError, UsageError
from backlit.verify import diagnose_forward
from backlit.verify.forwards.table import FORWARD_MISTAKES

Array = Any
HIDDEN = ("sigmoid", "tanh", "relu", "softplus", "elu", "silu", "leaky_relu")


@np.errstate(over="ignore")  # 1/(1 + exp(−z)) of a far z is 0 all the same
def squash(name: str, z: Array) -> Array:
    """The activations as textbooks write them, z with one example a column."""
    if name == "sigmoid":
        return 1 / (1 + np.exp(-z))
    if name == "tanh":
        return 2 / (1 + np.exp(-2 * z)) - 1
    if name == "relu":
        return z * (z > 0)
    if name == "leaky_relu":
        return np.where(z > 0, z, 0.01 * z)
    if name == "softplus":
        return np.log(1 + np.exp(z))
    if name == "elu":
        return np.where(z > 0, z, np.exp(z) - 1)
    if name == "silu":
        return z / (1 + np.exp(-z))
    if name == "softmax":
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0)
    assert name == "identity"
    return z


@dataclass
class Student:
    """Forward code with examples as columns, W and b as column vectors; ``plant[l]`` says what layer l does wrong."""

    net: Network
    plant: dict[int, str]
    dtype: Any = np.float64
    masks: Any = None

    def run(self, x: Array) -> tuple[list[Array], list[Array]]:
        """z and a by layer, (n_l, m); a begins with the input."""
        a = [self.input(x.T.astype(self.dtype))]
        z: list[Array] = [None]
        for l in range(1, self.net.L + 1):
            z.append(self.sums(l, z, a))
            a.append(self.activate(l, z[l]))
        return z, a

    def input(self, x: Array) -> Array:
        match self.plant.get(0):
            case "forward-inputs-not-scaled":
                return (x * 255).astype(self.dtype)
            case _:
                return x

    def sums(self, l: int, z: list[Array], a: list[Array]) -> Array:  # noqa: C901 (a case each)
        W, b = self.net.w[l].astype(self.dtype), self.net.b[l].astype(self.dtype)[:, None]
        source = a[l - 1]
        match self.plant.get(l):
            case "forward-bias-missing":
                return W.dot(source)
            case "forward-bias-twice":
                return W.dot(source) + b + b
            case "forward-bias-subtracted":
                return W.dot(source) - b
            case "forward-bias-wrong-axis":
                return W.dot(source) + self.net.b[l].astype(self.dtype)
            case "forward-bias-of-wrong-layer":
                return W.dot(source) + self.net.b[self.twin(l)].astype(self.dtype)[:, None]
            case "forward-w-transposed":
                return W.T.dot(source) + b
            case "forward-w-reshaped":
                return W.reshape(W.shape[1], W.shape[0]).T.dot(source) + b
            case "forward-weights-of-wrong-layer":
                return self.net.w[self.twin(l)].astype(self.dtype).dot(source) + b
            case "forward-z-for-a":
                return W.dot(z[l - 1]) + b
            case "forward-input-of-wrong-layer":
                return W.dot(a[l - 2]) + b
            case "forward-bias-after-activation":
                return W.dot(source)
            case "forward-factor":
                return W.dot(source) / self.dtype(len(source)) + b
            case _:
                return W.dot(source) + b

    def twin(self, l: int) -> int:
        """Another layer of the same shape."""
        return next(
            k for k in range(1, self.net.L + 1) if k != l and self.net.w[k].shape == self.net.w[l].shape
        )

    def activate(self, l: int, z: Array) -> Array:  # noqa: C901 (a case each)
        name = self.net.activations[l - 1].name
        mask = None if self.masks is None or self.masks[l] is None else self.masks[l].T.astype(self.dtype)
        match self.plant.get(l):
            case "forward-activation-missing":
                a = z
            case "forward-activation-twice":
                a = squash(name, squash(name, z))
            case "forward-wrong-activation":
                a = squash("tanh" if name != "tanh" else "sigmoid", z)
            case "forward-z-sign":
                a = squash(name, -z)
            case "forward-slope-for-activation":
                assert name == "sigmoid"
                a = squash(name, z) * (1 - squash(name, z))
            case "forward-bias-after-activation":
                a = squash(name, z) + self.net.b[l].astype(self.dtype)[:, None]
            case "forward-softmax-axis":
                a = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
            case "forward-softmax-not-normalised":
                a = np.exp(z)
            case "forward-dropout-before-activation":
                assert mask is not None
                return squash(name, z * mask)
            case "forward-dropout-missing":
                mask, a = None, squash(name, z)
            case "forward-dropout-not-scaled":
                assert mask is not None
                mask, a = mask > 0, squash(name, z)
            case "forward-dropout-scaled-wrong":
                assert mask is not None
                mask, a = (mask > 0) / mask.max(), squash(name, z)
            case "forward-dropout-applied":
                kept = np.random.default_rng(l).random(z.shape) < 0.6
                a = squash(name, z) * kept / self.dtype(0.6)
            case _:
                a = squash(name, z)
        return (a if mask is None else a * mask).astype(self.dtype)


OF_SUMS = (
    "forward-bias-missing", "forward-bias-twice", "forward-bias-subtracted", "forward-bias-wrong-axis",
    "forward-bias-of-wrong-layer", "forward-w-transposed", "forward-w-reshaped", "forward-weights-of-wrong-layer",
    "forward-z-for-a", "forward-input-of-wrong-layer", "forward-factor",
)  # fmt: skip
OF_ACTIVATIONS = (
    "forward-activation-missing", "forward-activation-twice", "forward-wrong-activation", "forward-z-sign",
    "forward-slope-for-activation", "forward-bias-after-activation", "forward-softmax-axis",
    "forward-softmax-not-normalised", "forward-dropout-applied",
)  # fmt: skip
WITH_MASKS = (
    "forward-dropout-missing", "forward-dropout-not-scaled", "forward-dropout-scaled-wrong",
    "forward-dropout-before-activation",
)  # fmt: skip
PLANTED = ("forward-inputs-not-scaled", *OF_SUMS, *OF_ACTIVATIONS, *WITH_MASKS)


def case(mistake: str, number: int) -> tuple[Network, Array, int]:
    """A network in which the mistake has legal shapes, a batch, and the layer to plant it in."""
    rng = np.random.default_rng([PLANTED.index(mistake) if mistake in PLANTED else 99, number])
    L = int(rng.integers(2, 5))
    n = [int(size) for size in rng.permutation([3, 4, 5, 6, 7])[: L + 1]]
    l, m = int(rng.integers(1, L + 1)), int(rng.integers(4, 12))
    names = [str(rng.choice(HIDDEN)) for _ in range(L)]
    match mistake:
        case "forward-w-transposed":
            n[l - 1] = n[l]
        case "forward-weights-of-wrong-layer" | "forward-bias-of-wrong-layer":
            n = [5] * (L + 1)
        case "forward-z-for-a" | "forward-input-of-wrong-layer":
            l = int(rng.integers(2, L + 1))
            n[l - 2] = n[l - 1]
        case "forward-bias-wrong-axis":
            m = n[l]
        case "forward-softmax-axis" | "forward-softmax-not-normalised":
            l = L
            names[-1] = "softmax"
        case "forward-slope-for-activation":
            names[l - 1] = "sigmoid"
        case "forward-inputs-not-scaled":
            l = 0
        case _ if mistake in WITH_MASKS or mistake == "forward-dropout-applied":
            l = int(rng.integers(1, L))
    if mistake == "forward-z-for-a" and names[l - 2] == "identity":
        names[l - 2] = "tanh"
    net = Network(n, activations=names, cost="squared_error")
    net.theta = rng.normal(0, 0.8, net.parameters)
    x = rng.normal(0, 0.02 if l == 0 else 1, (m, n[0]))
    return (net, x, l) if mistake == "none" or shows(net, x, {l: mistake}) else case(mistake, number + 1000)


def shows(net: Network, x: Array, plant: dict[int, str]) -> bool:
    """Whether each mistake changes the numbers of its layer: relu twice, for one, does not."""
    for l, mistake in plant.items():
        masks = some_masks(net, len(x), 0) if mistake in WITH_MASKS else None
        right = Student(net, {}, masks=masks).run(x)
        wrong = Student(net, {l: mistake}, masks=masks).run(x)
        if all(
            np.abs(one[max(l, 1)] - two[max(l, 1)]).max() < 1e-3
            for one, two in zip(right, wrong, strict=True)
        ):
            return False
    return True


def some_masks(net: Network, m: int, number: int) -> list[Array]:
    keeps = [1.0, *([0.7] * (net.L - 1)), 1.0]
    found: list[Array] = drawn_masks(keeps, 7, number, m, net.sizes, np.float64)
    return found


def given_as(style: int, z: list[Array], a: list[Array]) -> dict[str, Any]:
    """As people hand them over: columns, rows, with the input, z or a alone, by layer, the output alone."""
    rows_z, rows_a = [one.T for one in z[1:]], [one.T for one in a]
    styles: list[dict[str, Any]] = [
        {"z": rows_z, "a": rows_a},
        {"z": z[1:], "a": a[1:]},
        {"a": rows_a[1:]},
        {"z": [None, *z[1:]], "a": a},
        {"z": {l: one for l, one in enumerate(z) if l}},
        {"a": {f"a{l}": one for l, one in enumerate(rows_a) if l}},
    ]
    return styles[style % 6]


def test_each_planted_mistake_is_named_first() -> None:
    named: Counter[str] = Counter()
    missed = []
    number_of_each = 24
    for mistake in PLANTED:
        for number in range(number_of_each):
            net, x, l = case(mistake, number)
            masks = some_masks(net, len(x), number) if mistake in WITH_MASKS else None
            dtype = np.float32 if number % 6 == 5 else np.float64
            z, a = Student(net, {l: mistake}, dtype, masks).run(x)
            style = number % 6
            if style == 4 and (
                mistake == "forward-dropout-applied" or (l == net.L and mistake in OF_ACTIVATIONS)
            ):
                style = 0  # with z alone, the first can't be seen through w, and the others are not wrong
            report = diagnose_forward(net, x, **given_as(style, z, a), dropout_masks=masks)
            first = report.findings[0] if report.findings else None
            coinciding = mistake == "forward-z-for-a" and style == 4  # with σ missing one layer before
            if (
                first
                and mistake in first.names
                and (first.layers == (l,) or coinciding)
                and len(report.findings) == 1
            ):
                named[mistake] += first.mistake == mistake
            else:
                missed.append((mistake, number, [(one.mistake, one.layers) for one in report.findings]))
    total = number_of_each * len(PLANTED)
    assert len(missed) <= 0.02 * total, missed
    assert sum(named.values()) >= 0.95 * total, {m: named[m] for m in PLANTED if named[m] < number_of_each}


def test_two_mistakes_in_two_layers_are_both_named() -> None:
    rng = np.random.default_rng(5)
    kinds = ("forward-bias-missing", "forward-bias-twice", "forward-activation-missing", "forward-wrong-activation",
             "forward-activation-twice", "forward-z-sign", "forward-w-reshaped")  # fmt: skip
    both, total = 0, 200
    for number in range(total):
        net, x, _ = case("none", number)
        first, second = sorted(rng.choice(np.arange(1, net.L + 1), 2, replace=False).tolist())
        one, two = rng.choice(kinds, 2, replace=False).tolist()
        while not shows(net, x, {first: one, second: two}):
            one, two = rng.choice(kinds, 2, replace=False).tolist()
        z, a = Student(net, {first: one, second: two}).run(x)
        report = diagnose_forward(net, x, **given_as(number % 4, z, a))
        found = {(name, l) for finding in report.findings for l in finding.layers for name in finding.names}
        both += {(one, first), (two, second)} <= found and len(report.findings) == 2
    assert both >= 0.95 * total, both


def test_right_passes_are_called_right() -> None:
    for number in range(500):
        net, x, _ = case("none", number)
        masks = some_masks(net, len(x), number) if number % 3 == 0 else None
        z, a = Student(net, {}, np.float32 if number % 2 else np.float64, masks).run(x)
        report = diagnose_forward(net, x, **given_as(number // 2, z, a), dropout_masks=masks)
        assert report.right, (number, report.verdict, report.findings)
        assert report.verdict.startswith("The forward pass is right: all ")


@pytest.mark.parametrize("l", [1, 2])
def test_one_array_alone_is_enough(l: int) -> None:
    net, x, _ = case("none", 4)
    _, a = Student(net, {1: "forward-bias-missing"}).run(x)
    report = diagnose_forward(net, x, a={l: a[l]})
    assert (report.findings[0].mistake, report.findings[0].layers) == ("forward-bias-missing", (1,))
    assert (
        report.findings[0].evidence
        == f"all {a[l].size} entries of {'a¹a²'[2 * l - 2 : 2 * l]} are then reproduced to 15 digits"
        or ("16 digits" in report.findings[0].evidence)
    )


def test_from_the_output_alone_two_mistakes_are_found() -> None:
    net, x, _ = case("none", 8)
    _, a = Student(net, {1: "forward-bias-missing", 2: "forward-activation-twice"}).run(x)
    report = diagnose_forward(net, x, a=a[-1].T)
    assert [(one.mistake, one.layers) for one in report.findings] == [
        ("forward-bias-missing", (1,)), ("forward-activation-twice", (2,)),
    ]  # fmt: skip
    assert "by 2 mistakes together" in report.findings[0].evidence


def test_the_same_mistake_everywhere_is_one_finding() -> None:
    net, x, _ = case("none", 1)
    layers = range(1, net.L + 1)
    z, a = Student(net, dict.fromkeys(layers, "forward-bias-missing")).run(x)
    for given in ({"z": z[1:], "a": a[1:]}, {"a": a[-1]}):
        report = diagnose_forward(net, x, **given)
        assert [(one.mistake, one.layers) for one in report.findings] == [
            ("forward-bias-missing", tuple(layers))
        ]
        assert report.findings[0].title == "the bias is forgotten in every layer"


def test_what_is_said_of_a_mistake() -> None:
    net, x, _ = case("none", 0)
    z, a = Student(net, {1: "forward-wrong-activation"}).run(x)
    report = diagnose_forward(net, x, z[1:], a[1:])
    (one,) = report.findings
    name, other = net.activations[0].name, "sigmoid" if net.activations[0].name == "tanh" else "tanh"
    assert one.title == f"the activation of hidden layer 1 is another one: {other}, not {name}"
    assert (one.right, one.yours) == (f"a¹ = {name}(z¹)", f"a¹ = {other}(z¹)")
    assert str(one.edit) == f"a1 = {other}(z1)   →   a1 = {name}(z1)"
    assert one.evidence.startswith(f"all {a[1].size} entries of a¹ are then reproduced to 1")
    assert one.evidence.endswith("; z¹ before it is right")
    assert one.equation == ("N3", "N4")
    assert report.verdict == "The first wrong array is a¹; right before it: z¹."
    assert report.conventions[0].mistake == "layout-examples-in-columns"
    assert report.to_dict()["about"] == "forward"


def test_options_of_the_table_are_fitted() -> None:
    net = Network([3, 8, 2], activations=["leaky_relu", "identity"], seed=3)
    x = np.random.default_rng(0).normal(size=(9, 3))
    z1 = x @ net.w[1].T + net.b[1]
    for theirs, option in (
        (np.where(z1 > 0, z1, 0.07 * z1), "leaky_relu(slope=0.07)"),
        (np.where(z1 > 0, z1, 1.7 * (np.exp(z1) - 1)), "elu(alpha=1.7)"),
        (np.clip(0.2 * z1 + 0.5, 0, 1), "hard_sigmoid(slope=0.2)"),
        (np.clip(0.23 * z1 + 0.5, 0, 1), "hard_sigmoid(slope=0.23)"),
        (z1 - np.log(np.exp(z1).sum(axis=1, keepdims=True)), "log softmax"),
        (z1 / (1 + np.exp(-z1)), "silu"),
    ):
        (one,) = diagnose_forward(net, x, a={1: theirs}).findings
        assert one.mistake == "forward-wrong-activation"
        assert one.title.endswith(f"another one: {option}, not leaky_relu(slope=0.01)")


def test_coinciding_mistakes_stand_together_with_what_tells_them_apart() -> None:
    net = Network([3, 4, 4, 2], activations=["tanh", "tanh", "identity"], seed=2)
    x = np.random.default_rng(1).normal(size=(6, 3))
    _, a = Student(net, {2: "forward-z-for-a"}).run(x)
    (one,) = diagnose_forward(net, x, a=a[3]).findings
    assert set(one.names) == {"forward-activation-missing", "forward-z-for-a"}
    assert one.apart == "print z¹, a¹, z², a², z³ as well: the first that is wrong tells them apart"


def test_inputs_in_another_scale() -> None:
    rng = np.random.default_rng(0)
    net = Network([4, 6, 2], activations="tanh", seed=0)
    x = rng.uniform(0, 1, (40, 4))
    spread, shift = np.array([2.0, 0.5, 3.0, 1.0]), np.array([1.0, -2.0, 0.0, 4.0])
    for raw, said in (
        (x * 255, "255 times x"), ((x - x.mean(axis=0)) / x.std(axis=0), "standardised by its own columns"),
        (x * 7.5, "7.5 x"), (x * spread, "a factor for each column"),
        (x * spread + shift, "a factor and a shift for each column"),
    ):  # fmt: skip
        z1 = raw @ net.w[1].T + net.b[1]
        z2 = np.tanh(z1) @ net.w[2].T + net.b[2]
        for given in ({"z": [z1, z2]}, {"z": [z1, z2], "a": [raw, np.tanh(z1), np.tanh(z2)]}):
            (one,) = diagnose_forward(net, x, **given).findings
            assert (one.mistake, one.layers) == ("forward-inputs-not-scaled", (0,))
            assert said in one.title or "a" in given


def test_raw_columns_before_the_recipe() -> None:
    dataset = data.load("iris")
    recipe = data.Recipe.learn(dataset)
    net = Network([len(recipe.inputs), 5, 3], activations=["tanh", "softmax"], cost="cross_entropy", seed=1)
    net.recipe = recipe
    raw = np.stack(
        [np.asarray(dataset.inputs.column(name), dtype=float) for name in dataset.inputs.names], axis=1
    )
    z1 = raw @ net.w[1].T + net.b[1]
    (one,) = diagnose_forward(net, dataset.inputs, z={1: z1}).findings
    assert one.title.endswith("the raw columns, before the recipe")
    right = recipe.encode(dataset.inputs) @ net.w[1].T + net.b[1]
    assert diagnose_forward(net, dataset.inputs, z={1: right})


def test_softmax_that_overflows_is_named() -> None:
    net = Network([2, 3], activations="softmax", cost="cross_entropy", seed=0)
    x = np.array([[1.0, 0.0], [90000.0, 1.0]])
    z = x @ net.w[1].T + net.b[1]
    with np.errstate(all="ignore"):
        a = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert np.isnan(a).any()
    assert diagnose_forward(net, x, [z], [a]).findings[0].mistake == "forward-softmax-overflow"


def test_a_before_the_mask_is_a_habit_and_a_forgotten_mask_is_not() -> None:
    net, x, _ = case("none", 2)
    masks = some_masks(net, len(x), 1)
    z: list[Array] = [None]
    a: list[Array] = [x]
    for l in range(1, net.L + 1):
        seen = a[-1] if masks[l - 1] is None else a[-1] * masks[l - 1]
        z.append(seen @ net.w[l].T + net.b[l])
        a.append(squash(net.activations[l - 1].name, z[l].T).T)
    report = diagnose_forward(net, x, z[1:], a[1:], dropout_masks=masks)
    assert report.right
    assert any("before dropout's mask" in note for note in report.notes)


def test_numbers_rounded_to_decimals_are_right_and_mistakes_in_them_are_named() -> None:
    net, x, _ = case("none", 3)
    z, a = Student(net, {}).run(x)
    report = diagnose_forward(net, x, [one.round(4) for one in z[1:]], [one.round(4) for one in a[1:]])
    assert report.right
    assert "to the decimals that are given" in report.verdict
    z, a = Student(net, {1: "forward-bias-missing"}).run(x)
    report = diagnose_forward(net, x, [one.round(4) for one in z[1:]], [one.round(4) for one in a[1:]])
    assert [one.mistake for one in report.findings] == ["forward-bias-missing"]


def test_what_nothing_explains_is_located_and_says_what_to_print() -> None:
    net, x, _ = case("none", 0)
    z, a = Student(net, {}).run(x)
    z[1][2] += 0.3
    a = [x.T, *(squash(net.activations[l - 1].name, z[l]) for l in range(1, net.L + 1))]
    report = diagnose_forward(net, x, {1: z[1].T})
    (one,) = report.findings
    assert (one.kind, one.mistake, one.layers) == ("unexplained", "unexplained", (1,))
    assert "only neuron 2 is wrong: look at its weights and its bias" in one.evidence
    assert one.why.startswith("print a⁰ and w and b of layer 1 as your code holds them")
    z[1][2] -= 0.3
    broken = np.sin(z[1])
    (one,) = diagnose_forward(net, x, {1: z[1]}, {1: broken}).findings
    assert one.why.startswith(f"print your {net.activations[0].option} of single numbers")
    (one,) = diagnose_forward(net, x, a={net.L: np.sin(a[-1])}).findings
    assert one.why.startswith("print z¹, a¹")
    broken[1, 1] = np.nan
    (one,) = diagnose_forward(net, x, {1: z[1]}, {1: broken}).findings
    assert "NaN or infinite, first neuron 1 of example 1" in one.evidence


@pytest.mark.parametrize("columns", [False, True])
def test_where_every_array_is_square_the_layout_that_fits_is_taken(columns: bool) -> None:
    net = Network([4, 4, 4], activations=["tanh", "sigmoid"], seed=1)
    x = np.random.default_rng(3).normal(size=(4, 4))
    for plant, mistake in (({}, None), ({2: "forward-bias-missing"}, "forward-bias-missing")):
        z, a = Student(net, plant).run(x)
        given = [[one if columns else one.T for one in part[1:]] for part in (z, a)]
        report = diagnose_forward(net, x, *given)
        assert [one.mistake for one in report.findings] == ([] if mistake is None else [mistake])
        assert bool(report.conventions) is columns


def test_one_example_needs_no_axis() -> None:
    net = Network([2, 3, 1], activations="sigmoid", seed=0)
    x = np.array([0.5, -1.0])
    z1 = net.w[1] @ x + net.b[1]
    a1 = squash("sigmoid", z1)
    z2 = net.w[2] @ a1 + net.b[2]
    assert diagnose_forward(net, x, [z1, z2], [a1, squash("sigmoid", z2)])
    assert diagnose_forward(net, x, [z1[:, None], z2[:, None]])
    assert not diagnose_forward(net, x, [z1, z2 + 1])


def test_what_cannot_be_read() -> None:
    net, x, _ = case("none", 0)
    with pytest.raises(UsageError, match="there is nothing to diagnose: give z=, a= or both"):
        diagnose_forward(net, x)
    with pytest.raises(UsageError, match="a of layer 9 was given"):
        diagnose_forward(net, x, a={9: x})
    with pytest.raises(UsageError, match="an array of real numbers"):
        diagnose_forward(net, x, a={1: "wait"})
    with pytest.raises(UsageError, match="the keys of a are layers"):
        diagnose_forward(net, x, a={"hidden": x})
    with pytest.raises(DataError):
        diagnose_forward(net, x[:, :1], a={1: x})
    (one,) = diagnose_forward(net, x, z={1: np.zeros((2, 2))}).findings
    assert (one.kind, one.mistake) == ("trouble", "forward-shape")
    assert "z of layer 1 has shape (2, 2)" in one.title


def test_every_row_has_its_words() -> None:
    for row in FORWARD_MISTAKES:
        lines = row.lines_at(1, 3)
        assert row.about == "forward"
        assert row.id.startswith("forward-")
        for text in (row.titled((1,), 3), lines.right, lines.yours, lines.before, lines.after):
            assert "{" not in text
        assert row.breaks
        assert row.why
