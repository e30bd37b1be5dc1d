"""Parameter trees: the libraries' layouts, in and out, against JAX's own arithmetic, and what is no dense chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import backlit
from backlit.errors import UsageError
from backlit.interop import told
from backlit.interop.trees import from_tree, to_tree

Array = Any
STYLES = ["flax", "haiku", "equinox", "pairs"]


@settings(max_examples=30)
@given(
    sizes=st.lists(st.integers(2, 6), min_size=2, max_size=14),
    style=st.sampled_from(STYLES),
    double=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_network_goes_out_and_comes_back(sizes: list[int], style: Any, double: bool, seed: int) -> None:
    net = backlit.Network(sizes, activations="tanh", seed=seed, dtype=np.float64 if double else np.float32)
    net.b[1][:] = 0.5
    layout = "in,out" if style == "pairs" else None
    back = from_tree(to_tree(net, style), "tanh", layout=layout)
    assert np.array_equal(back.theta, net.theta)
    assert back.dtype == net.dtype


def test_flax_computes_the_same_with_jax(rng: Any) -> None:
    jnp = pytest.importorskip("jax.numpy")
    net = backlit.Network([5, 4, 3], activations=["relu", "softmax"], cost="cross_entropy", dtype=np.float32)
    params = to_tree(net, "flax")["params"]
    x = rng.normal(size=(20, 5)).astype(np.float32)
    h = jnp.maximum(x @ jnp.asarray(params["Dense_0"]["kernel"]) + params["Dense_0"]["bias"], 0)
    z = h @ jnp.asarray(params["Dense_1"]["kernel"]) + params["Dense_1"]["bias"]
    import jax

    assert np.abs(np.asarray(jax.nn.softmax(z)) - net.predict(x)).max() < 1e-6
    on_device = jax.tree.map(jnp.asarray, {"params": params})
    assert np.array_equal(from_tree(on_device, ["relu", "softmax"]).theta, net.theta)


def test_layers_are_counted_as_people_do() -> None:
    tree = {f"Dense_{k}": {"kernel": np.full((3, 3), k), "bias": np.zeros(3)} for k in range(12)}
    net = from_tree(dict(sorted(tree.items())), "tanh")
    assert [w[0, 0] for w in net.w] == list(range(12))


def test_objects_with_attributes_are_read_as_dicts() -> None:
    @dataclass
    class Linear:
        weight: Array
        bias: Array | None
        in_features: int = 3
        use_bias: bool = True

    @dataclass
    class MLP:
        layers: tuple[Linear, ...]
        activation: Any = np.tanh
        depth: int = 1

    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(4, 3)), rng.normal(size=(2, 4))
    net = from_tree(
        MLP((Linear(first, np.ones(4)), Linear(second, None))), ["tanh", "identity"], cost="cross_entropy"
    )
    assert np.array_equal(net.w[1], first)
    assert not net.b[2].any()
    assert net.activations[-1].name == "softmax"
    assert "softmax was put on top" in told(net)


def test_pairs_are_laid_out_by_the_lengths_of_their_biases(rng: Any) -> None:
    w = rng.normal(size=(4, 3))
    assert np.array_equal(from_tree([(w, np.zeros(4))], "tanh").w[1], w)
    assert np.array_equal(from_tree([(w.T, np.zeros(4))], "tanh").w[1], w)
    square = [(rng.normal(size=(3, 3)), np.zeros(3))]
    with pytest.raises(UsageError, match=r'all its matrices are square.*layout="in,out" is x @ W'):
        from_tree(square, "tanh")
    assert np.array_equal(from_tree(square, "tanh", layout="in,out").w[1], square[0][0].T)
    assert np.array_equal(from_tree(square, "tanh", layout="out,in").w[1], square[0][0])


def deep(levels: int) -> Any:
    tree: Any = {"kernel": np.ones((2, 2))}
    for _ in range(levels):
        tree = {"inside": tree}
    return tree


KERNEL = {"kernel": np.ones((3, 2)), "bias": np.zeros(2)}
BAD: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "it has no weights"),
    "a number": (7, "it has no weights"),
    "a convolution": ({"Conv_0": {"kernel": np.ones((3, 3, 1, 8)), "bias": np.zeros(8)}}, r"a convolution's"),
    "a normalisation": (
        {"Dense_0": KERNEL, "LayerNorm_0": {"scale": np.ones(2), "bias": np.zeros(2)}},
        r"\['LayerNorm_0'\]\['bias'\] is an array beside no weights, as a normalisation",
    ),
    "another array beside": (
        {"Dense_0": {**KERNEL, "scale": np.ones(2)}},
        r"has scale besides kernel and bias",
    ),
    "a bias of another length": (
        {"Dense_0": {"kernel": np.ones((3, 2)), "bias": np.zeros(3)}},
        r"kernel \(3, 2\) is \(n_in, n_out\), and bias has shape \(3,\), not \(2,\)",
    ),
    "layers that do not fit": (
        {"Dense_0": KERNEL, "Dense_1": KERNEL},
        r"\['Dense_1'\] takes 3 inputs, .* gives 2",
    ),
    "words": ({"Dense_0": {"kernel": np.array([["a"]]), "bias": np.zeros(1)}}, "weights are real numbers"),
    "NaN": ({"Dense_0": {"kernel": np.full((2, 2), np.nan)}}, "not finite"),
    "numbers for keys": ({0: KERNEL}, "its keys are words"),
    "too deep": (deep(50), "nested more than 40 deep"),
    "pairs that do not fit": ([(np.ones((3, 2)), np.zeros(5))], "do not fit"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_dense_chain_is_named(name: str) -> None:
    tree, said = BAD[name]
    with pytest.raises(UsageError, match=said):
        from_tree(tree, "tanh")


def test_a_tree_that_holds_itself_ends() -> None:
    tree: dict[str, Any] = {}
    tree["self"] = tree
    with pytest.raises(UsageError, match="nested more than"):
        from_tree(tree, "tanh")


def test_activations_and_styles_are_checked() -> None:
    tree = {"Dense_0": KERNEL}
    with pytest.raises(UsageError, match="it has 1 layers, and activations are 2"):
        from_tree(tree, ["tanh", "tanh"])
    with pytest.raises(UsageError, match="unknown activation 'mish'"):
        from_tree(tree, "mish")
    with pytest.raises(UsageError, match="style is 'flax'"):
        to_tree(backlit.Network([2, 1]), "keras")  # type: ignore[arg-type]
