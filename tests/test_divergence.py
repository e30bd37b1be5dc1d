"""A run that leaves the finite numbers stops at once, says where and what to do, and spoils nothing."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from backlit import DataError, Network
from backlit.errors import DivergenceError
from backlit.randomness import order_of_epoch


def diverges(net: Network, x: Any, y: Any, **how: Any) -> str:
    with pytest.raises(DivergenceError) as caught:
        net.fit(x, y, **({"progress": False, "epochs": 50, "batch_size": 4} | how))
    said = str(caught.value)
    assert "\n" not in said
    assert "The weights of the epoch's start were put back." in said
    assert np.isfinite(net.theta).all()
    assert net.training["stop_reason"] == "diverged"
    return said


def line(dtype: str = "float64") -> Network:
    return Network([2, 3, 1], activations=["relu", "identity"], seed=1, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_names_epoch_batch_layer_neuron_example_and_a_smaller_eta(rng: Any, dtype: str) -> None:
    x = rng.normal(size=(40, 2)) * 100
    starts: list[Any] = []
    net = line(dtype)
    starts.append(net.theta.copy())
    said = diverges(net, x, x[:, :1], eta=0.5, callbacks=lambda event: starts.append(event.net.theta.copy()))
    found = re.match(
        r"training diverged in epoch (\d+), batch (\d+): .*(?:\(layer (\d), neuron (\d)\) is \S+ for example (\d+)"
        r"|the cost of example (\d+) is inf \(layer 2, the output; neuron 0)",
        said,
    )
    assert found, said
    epoch, batch, example = int(found[1]), int(found[2]), int(found[5] or found[6])
    rows = order_of_epoch(0 if net.seed == 0 else 1, epoch, 40)[(batch - 1) * 4 : batch * 4]
    assert example in rows
    assert "Take a smaller eta (it was 0.5; try 0.05), clip_norm=1, or standardised inputs" in said
    assert net.theta.tobytes() == starts[epoch - 1].tobytes()
    assert net.training["epochs"] == epoch - 1


def test_the_first_batch_that_is_not_finite_is_the_one_named() -> None:
    x = np.ones((12, 1))
    x[9] = 1e200
    net = Network([1, 1], activations="identity", init="constant(value=1)")
    net.theta[:] = [1.0, 0.0]
    said = diverges(net, x, np.zeros((12, 1)), shuffle=False, eta=1e-3)
    assert said.startswith(
        "training diverged in epoch 1, batch 3: the cost of example 9 is inf (layer 1, the output"
    )
    assert net.theta.tolist() == [1.0, 0.0]


def test_an_example_is_numbered_as_in_the_data_given_even_beside_held_out_ones() -> None:
    x = np.ones((40, 1))
    x[33] = 1e200
    net = Network([1, 1], activations="identity", seed=4)
    said = diverges(net, x, np.zeros((40, 1)), validation=(x[:2], x[:2]), eta=1e-3)
    assert "the cost of example 33 is inf" in said


def test_a_z_that_overflows_is_named_with_its_neuron() -> None:
    net = Network([1, 3, 1], activations=["identity", "identity"], dtype="float32", seed=0)
    net.w[1][:] = [[1], [2], [3]]
    x = np.full((8, 1), 1.0, dtype=np.float32)
    x[5] = 1.5e38
    said = diverges(net, x, np.zeros((8, 1)), shuffle=False, eta=1e-3)
    assert "epoch 1, batch 2: z[1][2] (layer 1, neuron 2) is inf for example 5." in said


def test_with_dropout_the_pass_that_failed_is_the_one_that_is_read() -> None:
    """Without its mask, which scales what is kept by 10, the pass would be finite, and the cost 0."""
    net = Network([1, 4, 1], activations=["identity", "identity"], seed=3)
    net.w[1][:], net.w[2][:] = 1.0, 1.0
    x, y = np.full((4, 1), 3e153), np.full((4, 1), 12e153)
    assert net.value(x, y) == 0
    said = diverges(net, x, y, dropout=0.9)
    assert re.search(r"epoch 1, batch 1: the cost of example \d is inf \(layer 2, the output", said), said


def test_a_weight_that_is_not_finite_though_its_input_is_zero_is_found_at_the_epochs_end() -> None:
    x = np.array([[1e160, 0.0]])
    net = Network([2, 1], activations="identity")
    net.theta[:] = [1e-10, 0.0, 0.0]
    start = net.theta.copy()
    # The last step of the epoch makes w[1][0,0] infinite, so no cost is ever taken with it.
    said = diverges(net, x, np.zeros((1, 1)), eta=1e10, epochs=1, batch_size=1)
    assert said.startswith(
        "training diverged in epoch 1: at its end w[1][0,0] (layer 1, neuron 0) is -inf. The weights of the epoch's"
    )
    assert net.theta.tobytes() == start.tobytes()


def test_weights_that_the_batch_before_made_infinite_are_named() -> None:
    net = Network([1, 1], activations="identity")
    net.theta[:] = [1e-10, 0.0]
    said = diverges(net, np.full((2, 1), 1e160), np.zeros((2, 1)), eta=1e10, batch_size=1, shuffle=False)
    assert (
        "epoch 1, batch 2: w[1][0,0] (layer 1, neuron 0) is -inf since the batch before, and with it z[1][0]"
        in said
    )
    assert "for example 1." in said


def test_l_bfgs_from_a_start_that_is_not_finite() -> None:
    net = Network([1, 1], activations="exp", cost="poisson")
    net.theta[:] = [1.0, 0.0]
    said = diverges(net, np.full((3, 1), 1e4), np.ones((3, 1)), optimizer="l_bfgs")
    assert "epoch 1, batch 1: a[1][0] (layer 1, neuron 0) is inf for example 0" in said
    assert "Take smaller starting weights (init=…), or standardised inputs" in said


def test_a_loud_overflow_is_a_silent_one(rng: Any) -> None:
    """NumPy's own warnings (errors in these tests) never come through."""
    diverges(line("float32"), rng.normal(size=(40, 2)) * 1e6, np.ones(40), eta=1e3, optimizer="momentum")
    diverges(line(), rng.normal(size=(40, 2)) * 1e150, np.ones(40), l2=0.1, eta=1e9, monitors="training_cost")


@pytest.mark.parametrize(("value", "said"), [(np.nan, "is NaN, a missing value"), (np.inf, "is infinite")])
def test_inputs_and_targets_are_refused_before_anything_is_done(value: float, said: str) -> None:
    x = np.ones((5, 2))
    x[3, 1] = value
    with pytest.raises(DataError, match=f"row 3, column 1 {said}"):
        line().fit(x, np.ones(5))
    with pytest.raises(DataError, match=r"row 3, target 0"):
        line().fit(np.ones((5, 2)), x[:, 1])


def test_an_overflow_on_the_validation_set_alone_is_no_divergence() -> None:
    """The weights are fine; the metrics of that set are not defined, and the history says so."""
    net = Network([1, 1], activations="identity", dtype="float32")
    x = np.ones((4, 1), dtype=np.float32)
    history = net.fit(
        x, x, validation=(x * 1e38, x * -1e38), metrics=["r2", "mae"], epochs=2, progress=False, eta=0.01
    )
    assert np.isinf(history["validation_cost"]).all()
    assert history.best_epoch == 1
    assert history.to_dict()["records"][0]["validation_cost"] == "inf"
