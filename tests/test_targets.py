"""Targets: labels and values of every kind become the rows a cost compares with, or are refused with their row."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from backlit.errors import BacklitWarning, DataError
from backlit.network import Network
from backlit.targets import class_numbers, decode_labels, encode_targets

OUTPUT = {
    "cross_entropy": "softmax",
    "binary_cross_entropy": "sigmoid",
    "poisson": "exp",
    "hinge": "identity",
    "squared_hinge": "identity",
}


def net(cost: str = "squared_error", outputs: int = 3, activation: str | None = None, **more: Any) -> Network:
    return Network([2, outputs], activations=activation or OUTPUT.get(cost, "identity"), cost=cost, **more)


@pytest.mark.parametrize(
    "cost", ["squared_error", "cross_entropy", "binary_cross_entropy", "poisson", "huber"]
)
@pytest.mark.parametrize(
    "labels",
    [
        [0, 2, 1],
        np.array([0, 2, 1], dtype=np.uint8),
        [0.0, 2.0, 1.0],
        [[0], [2], [1]],
        np.array([0, 2, 1], dtype=object),
    ],
)
def test_whole_labels_become_one_hot(cost: str, labels: Any) -> None:
    one = net(cost, dtype=np.float32)
    rows = encode_targets(one, labels)
    assert rows.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert rows.dtype == np.float32
    assert one.task == "classes"


@pytest.mark.parametrize("cost", ["hinge", "squared_hinge"])
def test_labels_of_a_hinge_become_signs_without_a_word(cost: str) -> None:
    one = net(cost)
    assert encode_targets(one, [0, 2]).tolist() == [[1, -1, -1], [-1, -1, 1]]
    assert one.task == "classes"
    named = net(cost, outputs=1)
    named.classes = ("no", "yes")
    assert encode_targets(named, ["yes", "no"]).tolist() == [[1], [-1]]


@pytest.mark.parametrize("cost", ["hinge", "squared_hinge"])
def test_0_and_1_of_a_hinge_are_converted_and_said(cost: str) -> None:
    one = net(cost, outputs=1)
    with pytest.warns(BacklitWarning) as said:
        rows = encode_targets(one, [0, 1, 1])
    assert str(said[0].message) == (
        f"{cost} compares with −1 and 1: the targets 0 and 1 were taken as −1 and 1"
    )
    assert rows.tolist() == [[-1], [1], [1]]
    assert encode_targets(one, [-1, 1, 1]).tolist() == [[-1], [1], [1]]
    assert encode_targets(one, [1, 1]).tolist() == [[1], [1]]
    assert one.task == "classes"


def test_values_stay_values() -> None:
    one = net(outputs=1)
    assert encode_targets(one, [1.5, -2.0]).tolist() == [[1.5], [-2.0]]
    assert encode_targets(one, [[1.5], [-2.0]]).tolist() == [[1.5], [-2.0]]
    assert one.task == "values"
    several = net()
    assert encode_targets(several, [[1, 2, 3]]).tolist() == [[1, 2, 3]]
    assert several.task == "values"


def test_soft_labels() -> None:
    one = net("cross_entropy", dtype=np.float32)
    rows = encode_targets(one, [[0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3]])
    assert rows.sum(axis=1) == pytest.approx([1, 1])
    assert one.task == "classes", "cross_entropy is for classes, soft or not"
    many = net("cross_entropy", outputs=2000, dtype=np.float32)
    soft = np.random.default_rng(0).random((50, 2000), dtype=np.float32)
    encode_targets(many, soft / soft.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("cost", "outputs", "y", "said"),
    [
        ("squared_error", 3, [0, 3], "row 1: label 3 is outside 0 to 2, the labels of 3 outputs"),
        ("squared_error", 3, [0, -1], "row 1: label -1 is outside 0 to 2"),
        (
            "squared_error",
            3,
            np.array([2**63], dtype=np.uint64),
            "row 0: label 9223372036854775808 is outside 0 to 2",
        ),
        ("squared_error", 3, [0.0, 1e300], "row 1: label 1e+300 is outside 0 to 2"),
        (
            "squared_error",
            3,
            [0, 0.5],
            (
                "row 1: target 0.5 is not a label, and a value has one number for each of the 3 "
                "outputs; give (n, 3), or whole labels 0 to 2"
            ),
        ),
        (
            "squared_error",
            3,
            [0, np.nan],
            "row 1, target 0: nan is not a finite number; mend or drop the row",
        ),
        ("squared_error", 3, [np.inf, 0], "row 0, target 0: inf is not a finite number"),
        ("squared_error", 1, [0, np.nan], "row 1, target 0: nan is not a finite number"),
        ("squared_error", 3, [[0, 1, 2], [0, -np.inf, 1]], "row 1, target 1: -inf is not a finite number"),
        (
            "squared_error",
            3,
            [[0, 1]],
            "targets have 2 columns and the network 3 outputs; give (n, 3), or labels",
        ),
        ("squared_error", 1, [[0, 1]], "targets have 2 columns and the network 1 outputs"),
        ("squared_error", 3, np.zeros((1, 1, 3)), "targets have one or two dimensions; got shape (1, 1, 3)"),
        ("squared_error", 3, 7, "targets have one or two dimensions; got shape ()"),
        (
            "squared_error",
            3,
            [[1], [2, 3]],
            ("targets are one label or one row of numbers for each example; these rows differ in length"),
        ),
        (
            "squared_error",
            3,
            [1j, 0],
            "targets are labels or real numbers, a row an example; got shape (2,) of complex128",
        ),
        (
            "squared_error",
            3,
            [["a", "b", "c"]],
            "targets are labels or real numbers, a row an example; got shape (1, 3) of object",
        ),
        (
            "squared_error",
            3,
            ["cat"],
            "targets are words such as cat, and this network has no class names; set net.classes",
        ),
        ("squared_error", 3, [None, None], "targets are words such as None"),
        (
            "squared_error",
            1,
            np.ma.masked_equal([3.0, 4.0], 4),
            "row 1: the target is masked, a missing value",
        ),
        (
            "binary_cross_entropy",
            3,
            [[0, 1, 2.5]],
            ("row 0, target 2: 2.5 breaks the rule that targets of binary_cross_entropy lie between 0 and 1"),
        ),
        (
            "binary_cross_entropy",
            1,
            [0, -1],
            "row 1, target 0: -1 breaks the rule that targets of binary_cross_entropy",
        ),
        (
            "cross_entropy",
            3,
            [[0, 1.5, -0.5]],
            (
                "row 0, target 2: -0.5 breaks the rule that targets of cross_entropy are "
                "probabilities, none below 0"
            ),
        ),
        (
            "cross_entropy",
            3,
            [[0, 1, 0], [1, 1, 0]],
            (
                "row 1: the targets sum to 2, and those of cross_entropy sum to 1; "
                "several classes at once are 'binary_cross_entropy'"
            ),
        ),
        (
            "hinge",
            1,
            [1, 2],
            "row 1, target 0: 2 breaks the rule that targets of hinge are −1 and 1 (or 0 and 1)",
        ),
        ("hinge", 1, [-1, 0, 1], "row 1, target 0: 0 breaks the rule that targets of hinge are −1 and 1"),
        ("squared_hinge", 2, [[1, 0.5]], "row 0, target 1: 0.5 breaks the rule"),
        (
            "poisson",
            1,
            [3, -2],
            "row 1, target 0: -2 breaks the rule that targets of poisson are counts, none below 0",
        ),
    ],
)
def test_what_are_no_targets(cost: str, outputs: int, y: Any, said: str) -> None:
    one = net(cost, outputs)
    with pytest.raises(DataError) as error:
        encode_targets(one, y)
    assert said in str(error.value)
    assert one.task is None, "nothing was learnt from what was refused"


def test_what_overflows_in_float32_is_named() -> None:
    with pytest.raises(DataError, match="row 1, target 0: inf is not a finite number"):
        encode_targets(net(outputs=1, dtype=np.float32), [0, 1e300])


def test_a_cost_of_ones_own_takes_any_numbers() -> None:
    own = Network([2, 1], activations="identity", cost=(lambda a, y: (a * y).sum(-1), lambda a, y: y))
    assert encode_targets(own, [-7.5]).tolist() == [[-7.5]]


@pytest.mark.parametrize(
    "y",
    [
        ["b", "c", "a"],
        np.array(["b", "c", "a"]),
        [["b"], ["c"], ["a"]],
        np.array(["b", "c", "a"], dtype=object),
    ],
)
def test_names_of_classes(y: Any) -> None:
    one = net("cross_entropy")
    one.classes = ("a", "b", "c")
    rows = encode_targets(one, y)
    assert rows.argmax(axis=1).tolist() == [1, 2, 0]
    assert decode_labels(one, rows).tolist() == ["b", "c", "a"]
    assert encode_targets(one, [1, 2, 0]).tolist() == rows.tolist(), "numbers, where all names are words"
    assert encode_targets(one, rows).tolist() == rows.tolist()


def test_names_that_are_numbers() -> None:
    one = net("cross_entropy")
    one.classes = (3, 5, 8)
    for y in ([8, 3], [8.0, 3.0], [[8], [3]], np.array([8, 3], dtype=np.int16)):
        assert encode_targets(one, y).argmax(axis=1).tolist() == [2, 0]
    assert encode_targets(one, [2, 0], numbers=True).argmax(axis=1).tolist() == [2, 0]
    assert encode_targets(one, [[0, 0, 1]]).tolist() == [[0, 0, 1]]
    with pytest.raises(DataError, match=r"row 1: 4 is not one of the classes 3, 5, 8$"):
        encode_targets(one, [3, 4])
    assert decode_labels(one, np.eye(3)).tolist() == [3, 5, 8]


def test_labels_of_several_kinds_are_looked_up_as_they_are() -> None:
    one = net("cross_entropy")
    one.classes = ("a", 1, 2.5)
    for y in (["a", 2.5, 1], np.array(["a", 2.5, 1], dtype=object)):
        assert encode_targets(one, y).argmax(axis=1).tolist() == [0, 2, 1]
    for label in (None, np.nan, "1", {"a": 1}):
        with pytest.raises(DataError) as error:
            encode_targets(one, ["a", label])
        assert str(error.value) == f"row 1: {label!r} is not one of the classes a, 1, 2.5"


def test_an_unknown_name_is_named_with_the_known() -> None:
    one = net("cross_entropy", outputs=12)
    one.classes = tuple("abcdefghijkl")
    with pytest.raises(DataError) as error:
        encode_targets(one, ["a", "z"])
    assert str(error.value) == "row 1: 'z' is not one of the classes a, b, c, d, e, f, g, h, i, j, …"


def test_names_of_two_classes_and_one_output() -> None:
    one = net("binary_cross_entropy", outputs=1)
    one.classes = ("no", "yes")
    assert encode_targets(one, ["yes", "no"]).tolist() == [[1], [0]]
    assert decode_labels(one, np.array([[0.9], [0.5]])).tolist() == ["yes", "no"]


def test_names_of_several_kinds_keep_their_kind() -> None:
    one = net("cross_entropy")
    one.classes = ("a", 1, 2.5)
    one.task = "classes"
    assert decode_labels(one, np.eye(3)).tolist() == ["a", 1, 2.5]
    one.classes = ((0, 1), (1, 0), (1, 1))
    assert decode_labels(one, np.eye(3)).tolist() == [(0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("cost", "activation", "y", "task"),
    [
        ("squared_error", "identity", [[1, 0, 0], [0, 0, 1]], "classes"),
        ("squared_error", "identity", [[1, 0, 0], [0, 0.5, 0.5]], "values"),
        ("squared_error", "identity", [[1, 1, 0]], "values"),
        ("squared_error", "identity", [[0, 0, 0]], "values"),
        ("hinge", "identity", [[1, -1, -1], [-1, 1, -1]], "classes"),
        ("hinge", "identity", [[1, 1, -1]], "values"),
        ("cross_entropy", "softmax", [[0.2, 0.3, 0.5]], "classes"),
        ("binary_cross_entropy", "sigmoid", [[1, 1, 0]], "values"),
        ("binary_cross_entropy", "sigmoid", [0, 1, 1], "classes"),
        ("binary_cross_entropy", "sigmoid", [0.05, 0.95, 0.95], "classes"),
        ("binary_cross_entropy", "sigmoid", [0.2, 0.3], "values"),
        ("binary_cross_entropy", "sigmoid", [0.2, 0.8, 0.3], "values"),
        ("binary_cross_entropy", "sigmoid", [0.5, 0.5], "values"),
        ("binary_cross_entropy", "sigmoid", [1, 1], "classes"),
        ("half_squared_error", "sigmoid", [0, 1, 1, 0], "classes"),
        ("half_squared_error", "hard_sigmoid", [False, True], "classes"),
        ("half_squared_error", "sigmoid", [0, 0.5, 1, 0], "values"),
        ("half_squared_error", "identity", [0, 1, 1, 0], "values"),
        ("half_squared_error", "tanh", [0, 1, 1, 0], "values"),
        ("hinge", "identity", [-1, 1], "classes"),
        ("poisson", "exp", [0, 1, 1], "values"),
        ("poisson", "exp", [7, 9], "values"),
    ],
)
def test_whether_it_is_a_classifier(cost: str, activation: str, y: Any, task: str) -> None:
    outputs = 3 if np.ndim(y) == 2 else 1
    one = net(cost, outputs, activation)
    encode_targets(one, y)
    assert one.task == task
    one.task = "kept"
    encode_targets(one, y)
    assert one.task == "kept", "what is known is not guessed again"


def test_no_rows_say_nothing() -> None:
    one = net()
    assert encode_targets(one, np.empty((0, 3))).shape == (0, 3)
    assert one.task is None


def test_what_outputs_say() -> None:
    a = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]])
    classes = net()
    classes.task = "classes"
    assert decode_labels(classes, a).tolist() == [1, 0]
    values = net()
    values.task = "values"
    assert decode_labels(values, a) is a
    assert decode_labels(net(), a) is a
    assert decode_labels(net("cross_entropy"), a).tolist() == [1, 0], (
        "a cost for classes says it before any training"
    )
    assert decode_labels(net(outputs=1), a[:, :1]).tolist() == [0.1, 0.5]


@pytest.mark.parametrize(
    ("cost", "said"),
    [("binary_cross_entropy", [0, 0, 0, 1]), ("squared_error", [0, 0, 0, 1]), ("hinge", [-1, -1, 1, 1])],
)
def test_one_output_is_split_at_the_midpoint(cost: str, said: list[int]) -> None:
    one = net(cost, outputs=1)
    one.task = "classes"
    a = np.array([[-0.5], [0.0], [0.5], [0.75]])
    assert decode_labels(one, a).tolist() == said
    assert class_numbers(one, a).tolist() == [max(0, number) for number in said]


def test_warnings_are_not_raised_elsewhere() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encode_targets(net("hinge"), [[1, -1, -1]])
