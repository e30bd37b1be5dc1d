"""Checkpoint files: whole, refused where they are not, and never in the place of another file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

import backlit
from backlit import Network, checkpoints
from backlit.errors import DataError, ModelError, UsageError
from backlit.settings import Settings
from backlit.storage import pack, unpack


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    net = Network([3, 4, 2], activations=["tanh", "softmax"], cost="cross_entropy", seed=1)
    n = net.theta.size
    state = checkpoints.Checkpoint(
        net=net,
        settings=Settings(epochs=3).to_json(),
        engine="numpy",
        epoch=1,
        batch=2,
        t=7,
        step=9,
        slots={"m": np.arange(n, dtype=float), "v": np.ones(n)},
        costs=np.array([0.5, 0.25]),
        weights=np.array([4.0, 4.0]),
        start=net.theta * 2,
        history={
            "records": [
                {"epoch": 1, "cost": None, "objective": None, "seconds": 0.1, "examples_per_second": 80.0}
            ],
            "stop_reason": None,
            "best_epoch": None,
            "watched": None,
        },
        best=net.theta * 3,
        fingerprint="f",
        examples=10,
        seconds=0.125,
        command={"source": "digits"},
    )
    return checkpoints.save(state, tmp_path / "run.checkpoint")


def test_it_comes_back_bit_by_bit(saved: Path) -> None:
    again = checkpoints.load(saved)
    net = Network([3, 4, 2], activations=["tanh", "softmax"], cost="cross_entropy", seed=1)
    assert repr(again.net) == repr(net)
    assert again.net.theta.tobytes() == net.theta.tobytes()
    assert again.start.tobytes() == (net.theta * 2).tobytes()
    assert again.best is not None
    assert again.best.tobytes() == (net.theta * 3).tobytes()
    assert sorted(again.slots) == ["m", "v"]
    assert again.slots["m"].tolist() == list(range(net.theta.size))
    assert (again.epoch, again.batch, again.t, again.step, again.seconds) == (1, 2, 7, 9, 0.125)
    assert again.costs.tolist() == [0.5, 0.25]
    assert again.command == {"source": "digits"}


def test_a_checkpoint_is_no_model_and_a_model_no_checkpoint(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a Backlit checkpoint, and a model was asked for"):
        backlit.load(saved)
    model = Network([2, 1]).save(tmp_path / "model")
    with pytest.raises(ModelError, match="is a Backlit model, and a checkpoint was asked for"):
        checkpoints.load(model)


def run(**entries: Any) -> Any:
    return lambda tensors, about: about["run"].update(entries)


CHANGES = {
    "slot shape": (
        lambda t, m: t.update({"slot.m": np.zeros(3)}),
        r"slot\.m is float64 of shape \(3,\), and float64 of shape \(26,\) is needed; start the run anew",
    ),
    "slot dtype": (lambda t, m: t.update({"slot.m": np.zeros(26, np.float32)}), r"slot\.m is float32"),
    "start": (lambda t, m: t.update(start=np.full(26, np.nan)), "start holds a number that is not finite"),
    "best": (lambda t, m: t.update(best=np.full(26, np.inf)), "best holds a number that is not finite"),
    "no start": (
        lambda t, m: t.pop("start"),
        "is not a whole checkpoint: 'start' is missing; start the run anew",
    ),
    "costs": (lambda t, m: t.update(costs=np.zeros(5)), r"costs is float64 of shape \(5,\)"),
    "weights": (lambda t, m: t.update(weights=np.zeros(2, np.float32)), "weights is float32"),
    "no weights of the network": (lambda t, m: t.pop("w1"), "has no tensor w1"),
    "strange tensor": (lambda t, m: t.update(more=np.zeros(1)), "don't know: more"),
    "no run": (lambda t, m: m.pop("run"), r"its metadata is damaged \(run is missing\); start the run anew"),
    "negative epoch": (
        run(epoch=-1),
        r"damaged \(run.epoch: -1 is no whole number of at least 0\); start the run anew",
    ),
    "history": (run(history={"records": [3]}), r"\(run.history.stop_reason is missing\)"),
    "the model's": (
        lambda t, m: m["model"].update(sizes=None),
        r"damaged \(model.sizes: null is no list\); start the run anew",
    ),
    "newer": (lambda t, m: m.update(format=2), "install a newer Backlit"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_checkpoint_that_contradicts_itself_is_refused(saved: Path, name: str) -> None:
    change, said = CHANGES[name]
    tensors, about = unpack(saved, "a checkpoint")
    change(tensors, about)
    saved.write_bytes(pack(tensors, about))
    with pytest.raises(ModelError, match=said) as caught:
        checkpoints.load(saved)
    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_truncated_anywhere_it_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for length in range(0, len(whole), 29):
        saved.write_bytes(whole[:length])
        with pytest.raises(ModelError, match="is not a Backlit checkpoint, or it was cut off"):
            checkpoints.load(saved)


def test_the_fingerprint_is_of_content_shape_and_kind(rng: Any) -> None:
    x = rng.normal(size=(6, 4))
    same = checkpoints.fingerprint
    assert same(x, None) == same(x.copy(), None)
    assert same(np.asfortranarray(x)) == same(x)
    others = [
        same(x.astype(np.float32)),
        same(x.reshape(4, 6)),
        same(x[::-1]),
        same(x, None),
        same(None, x),
        same(csr_array(x)),
        same(x[:0]),
        same(x[:3], x[3:]),
    ]
    assert len({same(x), *others}) == len(others) + 1
    changed = x.copy()
    changed[5, 3] = np.nextafter(changed[5, 3], 2)
    assert same(changed) != same(x)
    sparse = csr_array(x)
    assert same(sparse) == same(sparse.copy())
    wider = csr_array((sparse.data, sparse.indices, sparse.indptr), shape=(6, 5))
    assert same(wider) != same(sparse)


def test_a_checkpoint_never_takes_another_files_place(saved: Path, tmp_path: Path) -> None:
    checkpoints.check_place(saved)
    checkpoints.check_place(tmp_path / "new")
    (tmp_path / "empty").touch()
    checkpoints.check_place(tmp_path / "empty")
    model = Network([2, 1]).save(tmp_path / "model")
    with pytest.raises(
        UsageError, match=r"is another file, which a checkpoint would replace .*; take another name"
    ):
        checkpoints.check_place(model)
    (tmp_path / "notes.txt").write_text("dear diary")
    with pytest.raises(UsageError, match="is another file, which a checkpoint would replace"):
        checkpoints.check_place(tmp_path / "notes.txt")
    with pytest.raises(DataError, match=r"the checkpoint can't be written to .*make its folder first"):
        checkpoints.check_place(tmp_path / "none" / "c")


def test_of_another_network(saved: Path) -> None:
    with pytest.raises(
        ModelError, match=r"the checkpoint is of Network\(\[3, 4, 2\].*and this network is Network\(\[3, 2\]"
    ):
        checkpoints.load(saved).check_network(Network([3, 2]))
