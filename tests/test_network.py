"""What a network is: sizes, functions, θ in ∇C's order with views, and errors that say what to write instead."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

from backlit.errors import CountingError, UsageError
from backlit.functions import ACTIVATIONS, COSTS, as_activation, as_cost
from backlit.network import LayerList, Network, Parameters

THREE = (4, 5, 3)


def double(z: Any) -> Any:
    return 2 * z


def two(z: Any) -> Any:
    return 0 * z + 2


def numbered() -> Network:
    """θ = 0, 1, 2, …: each entry says its own place."""
    net = Network(THREE)
    net.theta = np.arange(net.parameters)
    return net


def test_theta_is_in_the_order_of_the_gradient() -> None:
    net = numbered()
    assert net.parameters == 43
    assert net.shapes == [(5, 4), (5,), (3, 5), (3,)]
    assert net.w[1].tolist() == np.arange(20).reshape(5, 4).tolist()
    assert net.b[1].tolist() == list(range(20, 25))
    assert net.w[2].tolist() == np.arange(25, 40).reshape(3, 5).tolist()
    assert net.b[2].tolist() == [40, 41, 42]
    assert (net.L, net.sizes, net.dtype) == (2, THREE, np.float64)


def test_w_and_b_are_views_of_theta() -> None:
    net = numbered()
    w1, theta = net.w[1], net.theta
    w1[0, 1] = -7
    assert net.theta[1] == -7
    net.theta[22] = 99
    assert net.b[1][2] == 99
    net.w[2] = np.ones((3, 5))
    assert (net.theta[25:40] == 1).all()
    net.b[2] += 0.5
    assert net.theta[40:].tolist() == [40.5, 41.5, 42.5]
    net.theta = np.zeros(43)
    assert not w1.any(), "a view that was handed out stays a view"
    assert net.theta is theta


def test_setting_theta_copies() -> None:
    given = np.ones(43)
    net = Network(THREE, theta=given)
    given[0] = 5
    assert net.theta[0] == 1


def test_names_of_entries_are_their_places() -> None:
    net = numbered()
    names = [net.name_of(place) for place in range(43)]
    assert names[:5] == ["w[1][0,0]", "w[1][0,1]", "w[1][0,2]", "w[1][0,3]", "w[1][1,0]"]
    assert names[20] == "b[1][0]"
    assert names[25] == "w[2][0,0]"
    assert names[-1] == "b[2][2]"
    assert len(set(names)) == 43
    for place in (-1, 43):
        with pytest.raises(
            CountingError, match=f"θ has no entry {place}: its 43 entries are counted from 0 to 42"
        ):
            net.name_of(place)


@pytest.mark.parametrize(
    ("letter", "l", "said"),
    [
        (
            "w",
            0,
            (
                "there is no w[0]: Backlit counts as the note does: layer 0 is the input and 2 the output, "
                "so w[1] to w[2] exist; the input layer has no w"
            ),
        ),
        ("b", 0, "so b[1] to b[2] exist; the input layer has no b"),
        (
            "w",
            3,
            (
                "there is no w[3]: Backlit counts as the note does: layer 0 is the input and 2 the output, "
                "so w[1] to w[2] exist"
            ),
        ),
        ("w", -1, "there is no w[-1]"),
        ("b", True, "b[l] takes a layer, an integer; got True"),
        ("w", "1", "w[l] takes a layer, an integer; got '1'"),
        ("w", 1.0, "w[l] takes a layer, an integer; got 1.0"),
        ("w", slice(1, 2), "w[l] takes one layer, not a slice; Backlit counts as the note does"),
        ("w", (1, 5, 3), "w[l] takes one layer; got (1, 5, 3): write w[l][…], layer first, then entry"),
    ],
)
def test_a_layer_that_is_not_there(letter: str, l: Any, said: str) -> None:
    arrays = getattr(numbered(), letter)
    with pytest.raises(CountingError) as error:
        arrays[l]
    assert said in str(error.value)
    assert isinstance(error.value, IndexError)
    with pytest.raises(CountingError):
        arrays[l] = 0


def test_activations_of_a_pass_end_at_L() -> None:
    net = numbered()
    trace = net.backprop(np.ones((2, 4)), [0, 1])
    assert trace.a[0].shape == (2, 4)
    assert trace.a[np.int64(2)].shape == (2, 3)
    with pytest.raises(CountingError, match=r"there is no a\[3\]: .* so a\[0\] to a\[2\] exist$"):
        trace.a[3]
    with pytest.raises(
        CountingError, match=r"there is no z\[0\]: .* so z\[1\] to z\[2\] exist; the input layer has no z"
    ):
        trace.z[0]
    with pytest.raises(CountingError, match=r"there is no a\[-1\]: .* so a\[0\] to a\[2\] exist$"):
        trace.a[-1]


def test_a_list_of_layers_is_gone_through_from_either_end() -> None:
    net = numbered()
    assert [w.shape for w in net.w] == [(5, 4), (3, 5)]
    assert [w.shape for w in reversed(net.w)] == [(3, 5), (5, 4)]
    assert len(net.w) == 2
    assert net.w[1] in net.w
    assert net.w[1].copy() not in net.w
    assert repr(net.w) == "<w[1] (5, 4), w[2] (3, 5)>"
    assert repr(LayerList("a", [np.ones(2)], first=0)) == "<a[0] (2,)>"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.zeros((4, 5)), "w[1] has shape (5, 4); got an array of shape (4, 5)"),
        (0, "w[1] has shape (5, 4); got an array of shape ()"),
        ("weights", "w[1] is an array of real numbers; got 'weights'"),
        (np.ones((5, 4)) * 1j, "w[1] is an array of real numbers; got"),
        ([[1], [2, 3]], "w[1] is an array of real numbers; got [[1], [2, 3]]"),
    ],
)
def test_what_cannot_be_assigned(value: Any, said: str) -> None:
    net = numbered()
    with pytest.raises(UsageError) as error:
        net.w[1] = value
    assert said in str(error.value)
    assert np.array_equal(net.theta, np.arange(43)), "and nothing was changed"


def test_the_lists_themselves_stay() -> None:
    for letter in ("w", "b", "sizes", "cost", "dtype", "activations"):
        with pytest.raises(AttributeError):
            setattr(numbered(), letter, [])


@pytest.mark.parametrize(
    "sizes", [[4, 5, 3], (4, 5, 3), np.array([4, 5, 3], dtype=np.int32), iter([4, 5, 3])]
)
def test_sizes_of_any_whole_kind(sizes: Any) -> None:
    net = Network(sizes)
    assert net.sizes == THREE
    assert all(type(n) is int for n in net.sizes)


@pytest.mark.parametrize("sizes", [[4], [], [4, 0], [4, -1], [4, 2.0], [4, True], 7, "43", None, [[4, 3]]])
def test_what_are_no_sizes(sizes: Any) -> None:
    with pytest.raises(
        UsageError, match=r"sizes is a list of at least two layer sizes, .* such as \[64, 30, 10\]; got"
    ):
        Network(sizes)


@pytest.mark.parametrize("sizes", [[10**6, 10**6], [10**10, 10**10]])
def test_more_than_memory_holds(sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> Any:
        if sizes[0] == 10**6:
            raise MemoryError
        raise ValueError("Maximum allowed dimension exceeded")

    monkeypatch.setattr("backlit.network.initialise", full)
    with pytest.raises(UsageError) as error:
        Network(sizes)
    count = sizes[0] * sizes[1] + sizes[1]
    assert f"has {count:,} parameters, more than memory holds; take smaller layers" in str(error.value)


def test_one_activation_for_all_or_one_each() -> None:
    assert [row.name for row in Network(THREE, activations="tanh").activations] == ["tanh", "tanh"]
    for both in (["relu", "elu(alpha=0.5)"], ("relu", "elu(alpha=0.5)")):
        assert [row.option for row in Network(THREE, activations=both).activations] == [
            "relu",
            "elu(alpha=0.5)",
        ]
    layers = Network(THREE, activations=["relu", "softmax"]).layers
    assert layers[0] is None
    assert [row.name for row in layers[1:]] == ["relu", "softmax"]
    row = as_activation("silu")
    assert Network(THREE, activations=row).activations == (row, row)


def test_a_tuple_of_two_functions_is_one_pair_and_a_list_has_one_entry_a_layer() -> None:
    pair = (double, two)
    own = Network(THREE, activations=pair)
    assert [row.name for row in own.activations] == ["double", "double"]
    assert not own.activations[0].built_in
    mixed = Network(THREE, activations=["relu", pair], cost="squared_error")
    assert [row.name for row in mixed.activations] == ["relu", "double"]
    assert [row.name for row in Network(THREE, activations=(pair, pair)).activations] == ["double", "double"]
    with pytest.raises(
        UsageError, match=r"each entry of a list of activations .* a pair of your own is a tuple \(f, f′\)"
    ):
        Network(THREE, activations=[double, two])
    with pytest.raises(UsageError, match="has 1 layers with an activation; got a list of 2"):
        Network((4, 3), activations=[double, two])


def test_a_pair_of_ones_own_computes() -> None:
    net = Network((2, 1), activations=(double, two), theta=[[[3.0, 5.0]], [1.0]])
    assert net.predict([[1.0, 10.0]]) == 2 * (3 + 50 + 1)
    assert net.gradient([[1.0, 10.0]], [100.0]).w[1].tolist() == [[2 * 8 * 2, 2 * 8 * 2 * 10.0]]

    def cubed(a: Any, y: Any) -> Any:
        return ((a - y) ** 3).sum(axis=-1)

    third = Network(
        (2, 1), activations="identity", cost=(cubed, lambda a, y: 3 * (a - y) ** 2), theta=net.theta
    )
    assert third.value([[1.0, 10.0]], [52.0]) == 8
    assert third.gradient([[1.0, 10.0]], [52.0]).b[1].tolist() == [12]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["relu"], "a network of sizes [4, 5, 3] has 2 layers with an activation; got a list of 1"),
        ([], "has 2 layers with an activation; got a list of 0"),
        ((), "has 2 layers with an activation; got a list of 0"),
        ("rleu", "unknown activation 'rleu'. Did you mean 'relu'?"),
        (
            ["relu", 3],
            "an activation is a name, an option such as 'elu(alpha=0.5)', or a pair (f, f′); got 3",
        ),
        (None, "an activation is a name"),
        (
            double,
            "an activation is a name, an option such as 'elu(alpha=0.5)', or a pair (f, f′); got <function",
        ),
    ],
)
def test_what_are_no_activations(given: Any, said: str) -> None:
    with pytest.raises(UsageError) as error:
        Network(THREE, activations=given)
    assert said in str(error.value)


@pytest.mark.parametrize("sizes", [(4, 1), (4, 1, 3)])
def test_softmax_of_one_neuron(sizes: tuple[int, ...]) -> None:
    with pytest.raises(UsageError) as error:
        Network(sizes, activations="softmax")
    assert str(error.value) == (
        "softmax in layer 1 has one neuron, and would always give 1; take 'sigmoid', or two neurons"
    )


@pytest.mark.parametrize(
    ("cost", "activations", "said"),
    [
        (
            "cross_entropy",
            "relu",
            "take 'softmax' for the last layer, or another cost such as 'half_squared_error'",
        ),
        (
            "binary_cross_entropy",
            ["sigmoid", "tanh"],
            "binary_cross_entropy needs outputs between 0 and 1, ends excluded",
        ),
        (
            "poisson",
            "identity",
            "poisson needs outputs above 0, and identity gives others; take 'exp' for the last layer",
        ),
        ("poison", "exp", "unknown cost 'poison'. Did you mean 'poisson'?"),
        (7, "sigmoid", "a cost is a name, an option such as 'huber(delta=2)', or a pair (f, f′); got 7"),
    ],
)
def test_a_cost_that_does_not_fit(cost: Any, activations: Any, said: str) -> None:
    with pytest.raises(UsageError) as error:
        Network(THREE, activations=activations, cost=cost)
    assert said in str(error.value)


@pytest.mark.parametrize("dtype", [np.float32, "float32", np.dtype("f4")])
def test_dtypes(dtype: Any) -> None:
    net = Network(THREE, dtype=dtype)
    assert net.dtype == net.theta.dtype == net.w[1].dtype == np.float32
    assert net.predict(np.ones(4)).dtype == np.float32


@pytest.mark.parametrize("dtype", [None, "float16", int, ">f8", complex, "no such", "f8,,", object()])
def test_what_is_no_dtype(dtype: Any) -> None:
    with pytest.raises(UsageError, match="dtype is float32 or float64; got"):
        Network(THREE, dtype=dtype)


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_what_is_no_seed(seed: Any) -> None:
    with pytest.raises(UsageError, match="seed must be an integer ≥ 0"):
        Network(THREE, seed=seed)


def test_theta_in_every_form() -> None:
    net = numbered()
    parts = [net.w[1], net.b[1], net.w[2], net.b[2]]
    for given in (
        net.theta,
        net.theta.tolist(),
        parts,
        tuple(parts),
        iter(parts),
        [p.tolist() for p in parts],
    ):
        assert np.array_equal(Network(THREE, theta=given).theta, np.arange(43))
    torch = pytest.importorskip("torch")
    assert np.array_equal(Network(THREE, theta=torch.arange(43)).theta, np.arange(43))


@pytest.mark.parametrize(
    ("theta", "said"),
    [
        (np.zeros(42), "theta of a network of sizes (4, 5, 3) has 43 numbers, flat; got 42"),
        ([0.0] * 44, "theta of a network of sizes (4, 5, 3) has 43 numbers, flat; got 44"),
        ([], "theta of a network of sizes (4, 5, 3) has 43 numbers, flat; got 0"),
        (np.zeros((2, 3)), "has 43 numbers, flat; got an array of shape (2, 3)"),
        ([np.zeros((5, 4)), np.zeros(5)], "theta is flat, or [w1, b1, …, w2, b2]; got a list of 2"),
        (7, "theta is flat, or [w1, b1, …, w2, b2]; got 7"),
        (["a"] * 43, "theta is an array of real numbers; got"),
        (np.full(43, 1j), "theta is an array of real numbers; got"),
        (
            [np.zeros((4, 5)), np.zeros(5), np.zeros((3, 5)), np.zeros(3)],
            "w[1] has shape (5, 4) (row j holds the weights that enter neuron j); got an array of shape (4, 5)",
        ),
        (
            [np.zeros((5, 4)), np.zeros(5), np.zeros((3, 5)), np.zeros(4)],
            "b[2] has shape (3,); got an array of shape (4,)",
        ),
        (
            [np.zeros((5, 4)), np.zeros(5), [[1], [2, 3]], np.zeros(3)],
            "w[2] is an array of real numbers; got",
        ),
        (
            np.r_[np.zeros(21), math.nan, np.zeros(21)],
            "theta holds a number that is not finite in float64: b[1][1]",
        ),
    ],
)
def test_what_is_no_theta(theta: Any, said: str) -> None:
    with pytest.raises(UsageError) as error:
        Network(THREE, theta=theta)
    assert said in str(error.value)


def test_a_number_too_large_for_float32_is_named() -> None:
    net = Network(THREE, dtype=np.float32)
    before = net.theta.copy()
    with pytest.raises(UsageError, match=r"not finite in float32: w\[2\]\[0,0\]"):
        net.theta = np.where(np.arange(43) == 25, 1e300, 0)
    assert np.array_equal(net.theta, before)


def test_class_names_belong_to_the_outputs() -> None:
    net = Network(THREE)
    net.classes = np.array(["a", "b", "c"])
    assert net.classes == ("a", "b", "c")
    assert type(net.classes[0]) is str
    net.classes = None
    assert net.classes is None
    one = Network([4, 1])
    one.classes = ["no", "yes"]
    assert one.classes == ("no", "yes")
    for names in (["a", "b"], ["a", "b", "b"], "abc"):
        with pytest.raises(UsageError, match="classes of 3 outputs are 3 different names; got"):
            net.classes = names


def make(activation: str, cost: str) -> Network | None:
    try:
        return Network([4, 3, 3], activations=["tanh", activation], cost=cost, seed=3, dtype=np.float32)
    except UsageError:
        return None


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net)), Network.copy]
)
@pytest.mark.parametrize("activation", [*ACTIVATIONS, "elu(alpha=0.5)"])
def test_copies_of_every_built_in_row(again: Any, activation: str) -> None:
    for cost in (*COSTS, "huber(delta=2)"):
        net = make(activation, cost)
        if net is None:
            continue
        net.classes, net.task, net.training = ("x", "y", "z"), "classes", {"last": {"cost": 1}}
        twin = again(net)
        assert repr(twin) == repr(net)
        assert (twin.activations, twin.cost) == (net.activations, net.cost)
        assert (twin.seed, twin.init, twin.classes, twin.task, twin.training) == (
            net.seed, net.init, net.classes, net.task, net.training,
        )  # fmt: skip
        assert np.array_equal(twin.theta, net.theta)
        twin.w[1][0, 0] = 9
        assert twin.theta[0] == 9, "views again"
        if again is not copy.copy:
            assert net.theta[0] != 9
            twin.training["last"]["cost"] = 2
            assert net.training == {"last": {"cost": 1}}


def test_copies_of_ones_own_rows() -> None:
    net = Network((2, 2), activations=(double, two), cost=(double, two))
    for twin in (copy.deepcopy(net), net.copy()):
        assert twin.activations == net.activations
        assert twin.cost == net.cost
        assert twin.predict([1.0, 2.0]).tolist() == net.predict([1.0, 2.0]).tolist()


def test_what_it_says_of_itself() -> None:
    net = Network([4, 5, 3], activations=["relu", "softmax"], cost="cross_entropy")
    assert repr(net) == (
        "Network([4, 5, 3], activations=['relu', 'softmax'], cost='cross_entropy', dtype='float64')"
    )
    same = Network([4, 5, 3], activations="elu(alpha=0.5)", dtype=np.float32)
    assert repr(same) == (
        "Network([4, 5, 3], activations='elu(alpha=0.5)', cost='squared_error', dtype='float32')"
    )
    assert eval(repr(same)).activations == same.activations
    assert as_cost("squared_error") == same.cost, "the note's cost unless told otherwise"


@pytest.mark.parametrize("again", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_of_a_gradient_and_of_a_trace(again: Any) -> None:
    net = numbered()
    net.theta *= 0.01
    gradient = net.gradient(np.ones((2, 4)), [0, 1], l2=0.1)
    twin = again(gradient)
    assert np.array_equal(twin.theta, gradient.theta)
    assert (twin.value, twin.value.included, twin.included) == (gradient.value, {"l2": 0.1}, {"l2": 0.1})
    twin.w[2][0, 0] = 9
    assert twin.theta[25] == 9
    assert gradient.theta[25] != 9
    trace = net.backprop(np.ones((2, 4)), [0, 1])
    assert np.array_equal(again(trace).a[2], trace.a[2])


def test_parameters_of_something() -> None:
    net = numbered()
    some = Parameters(net, np.arange(43.0), {"l2": 0.1})
    assert np.array_equal(some.w[2], net.w[2])
    assert np.array_equal(some.b[1], net.b[1])
    assert repr(some) == "<Parameters of 43 parameters, l2=0.1>"
    assert repr(Parameters(net, net.theta)) == "<Parameters of 43 parameters, C alone>"
