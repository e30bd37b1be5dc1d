"""How θ starts: the distributions of the table, streams by layer, the same start in every dtype."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backlit.errors import UsageError
from backlit.functions import ACTIVATIONS, as_activation
from backlit.initialisation import INITIALISATIONS, check_scheme, initialise, suited
from backlit.network import Network

IN, OUT = 300, 200
MANY = IN * OUT


def drawn(init: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    w, b = initialise(init, (IN, OUT), [None, as_activation("tanh")], seed)
    return w, b


@pytest.mark.parametrize(
    ("init", "deviation"),
    [
        ("book_original", 1.0),
        ("book_better", 1 / math.sqrt(IN)),
        ("xavier_normal", math.sqrt(2 / (IN + OUT))),
        ("he_normal", math.sqrt(2 / IN)),
        ("lecun_normal", math.sqrt(1 / IN)),
    ],
)
def test_normal_weights(init: str, deviation: float) -> None:
    w, b = drawn(init)
    assert w.shape == (OUT, IN)
    assert abs(w.mean()) < 4 * deviation / math.sqrt(MANY)
    assert w.std() == pytest.approx(deviation, rel=4 / math.sqrt(2 * MANY))
    assert np.mean(abs(w) < deviation) == pytest.approx(0.6827, abs=0.01), "not another shape of that spread"
    if init.startswith("book"):
        assert b.std() == pytest.approx(1, rel=4 / math.sqrt(2 * OUT))
        assert abs(b.mean()) < 4 / math.sqrt(OUT)
    else:
        assert not b.any()


@pytest.mark.parametrize(
    ("init", "bound"),
    [
        ("xavier_uniform", math.sqrt(6 / (IN + OUT))),
        ("he_uniform", math.sqrt(6 / IN)),
        ("lecun_uniform", math.sqrt(3 / IN)),
    ],
)
def test_uniform_weights(init: str, bound: float) -> None:
    w, b = drawn(init)
    assert 0.999 * bound < abs(w).max() <= bound
    assert w.std() == pytest.approx(bound / math.sqrt(3), rel=0.01)
    assert abs(w.mean()) < 4 * bound / math.sqrt(3 * MANY)
    assert not b.any()


@pytest.mark.parametrize(("n_in", "n_out"), [(5, 3), (3, 5), (4, 4), (1, 6)])
@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_orthogonal_weights(n_in: int, n_out: int, gain: float) -> None:
    w, b = initialise(f"orthogonal(gain={gain})", (n_in, n_out), [None, None], 0)
    square = w.T @ w if n_out >= n_in else w @ w.T
    assert np.allclose(square, gain**2 * np.eye(len(square)), atol=1e-12)
    assert not b.any()


def test_orthogonal_weights_have_no_preferred_sign() -> None:
    corners = [initialise("orthogonal", (2, 2), [None, None], seed)[0][0, 0] for seed in range(400)]
    assert abs(np.mean(np.sign(corners))) < 0.2


def test_plain_starts() -> None:
    w, b = drawn("zeros")
    assert not w.any()
    assert not b.any()
    w, b = drawn("constant(value=-0.5)")
    assert (w == -0.5).all()
    assert (b == -0.5).all()


def test_each_layer_has_a_stream_of_its_own() -> None:
    tanh = as_activation("tanh")
    three = initialise("he_normal", (4, 6, 3, 2), [None, tanh, tanh, tanh], 5)
    two = initialise("he_normal", (9, 6, 3), [None, tanh, tanh], 5)
    assert np.array_equal(three[2], two[2]), "layer 2 does not depend on what layer 1 drew"
    assert not np.array_equal(drawn("he_normal", 0)[0], drawn("he_normal", 1)[0])
    alike = initialise("he_normal", (6, 6, 6), [None, tanh, tanh], 5)
    assert not np.array_equal(alike[0], alike[2])


def test_a_seed_means_the_same_start_in_every_dtype() -> None:
    double = Network([20, 10, 3], seed=4)
    single = Network([20, 10, 3], seed=4, dtype=np.float32)
    assert single.theta.dtype == np.float32
    assert np.array_equal(single.theta, double.theta.astype(np.float32))


def test_auto_goes_by_each_layer_s_activation() -> None:
    rows = {name: suited(as_activation(name)) for name in ACTIVATIONS}
    assert {name for name, init in rows.items() if init == "book_better"} == {
        "sigmoid", "hard_sigmoid", "tanh", "softsign",
    }  # fmt: skip
    assert {name for name, init in rows.items() if init == "he_normal"} == {
        "relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "softplus",
    }  # fmt: skip
    assert rows["selu"] == "lecun_normal"
    assert {name for name, init in rows.items() if init == "xavier_normal"} == {"identity", "exp", "softmax"}

    def relu(z: np.ndarray) -> np.ndarray:
        return np.maximum(z, 0)

    assert suited(as_activation((relu, lambda z: z > 0))) == "xavier_normal", (
        "a name of one's own says nothing"
    )
    net = Network([30, 20, 10], activations=["relu", "identity"], seed=1)
    assert np.array_equal(net.w[1], Network([30, 20], activations="relu", init="he_normal", seed=1).w[1])
    assert np.array_equal(
        net.w[2], Network([30, 20, 10], activations="relu", init="xavier_normal", seed=1).w[2]
    )


@pytest.mark.parametrize("init", INITIALISATIONS)
def test_every_row_starts_a_network_that_computes(init: str) -> None:
    net = Network([3, 4, 2], init=init)
    assert net.init == init
    assert np.isfinite(net.predict(np.ones((2, 3)))).all()


@pytest.mark.parametrize(
    ("init", "said"),
    [
        ("he_norml", "unknown initialisation 'he_norml'. Did you mean 'he_normal'?"),
        ("constant(value='big')", "constant needs a finite number for value; got value='big'"),
        ("constant(value=1e999)", "constant needs a finite number for value; got value=inf"),
        ("orthogonal(gain=True)", "orthogonal needs a finite number for gain; got gain=True"),
        ("he_normal(gain=2)", "initialisation 'he_normal' has no parameter 'gain'; it takes nothing"),
        (0.5, "for arrays of your own give theta=[w1, b1, …]. Got 0.5"),
    ],
)
def test_what_is_no_start(init: object, said: str) -> None:
    with pytest.raises(UsageError) as error:
        Network([2, 2], init=init)  # type: ignore[arg-type]
    assert said in str(error.value)


def test_auto_is_a_valid_option() -> None:
    assert check_scheme("auto") == "auto"
