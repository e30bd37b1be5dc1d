"""A run that was interrupted and resumed ends in the same bits as one that never was, whatever is trained and how."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import DivergenceError, ModelError, Network, UsageError, checkpoints, training
from backlit.interrupt import Interrupt
from backlit.storage import pack, unpack

HOW: dict[str, dict[str, Any]] = {
    "sgd": {"eta": 0.5},
    "momentum, weights": {"optimizer": "momentum", "class_weight": "balanced", "shuffle": False},
    "adam, dropout, schedule, clipping": {
        "optimizer": "adam",
        "eta": 0.02,
        "dropout": [0.1, 0.3],
        "schedule": "warmup(epochs=2, then='cosine')",
        "clip_norm": 0.5,
        "l1": 1e-4,
        "max_norm": 2.0,
    },
    "rprop": {"optimizer": "rprop", "batch_size": 30},
    "early stopping": {"eta": 3.0, "validation": 0.25, "early_stopping": 3, "metrics": ["f1"], "monitors": "all"},
    "plateau": {
        "eta": 2.0, "schedule": "plateau(patience=1, factor=0.5)", "validation": 0.25, "watch": "validation_accuracy",
    },
    "a metric that is never defined": {"validation": 0.25, "metrics": ["roc_auc"], "watch": "roc_auc"},
}  # fmt: skip


@pytest.fixture
def xy(rng: Any) -> tuple[Any, Any]:
    x = rng.normal(size=(60, 4))
    return x, (x[:, 0] > 0).astype(int) + (np.arange(60) % 7 == 0)


def fresh(dtype: str = "float64") -> Network:
    return Network([4, 6, 3], activations=["tanh", "softmax"], cost="cross_entropy", seed=5, dtype=dtype)


def settings_of(name: str) -> dict[str, Any]:
    return {"epochs": 8, "batch_size": 7, "progress": False} | HOW[name]


class CtrlC:
    """Wishes for an end at the n-th look at ``requested``: after n slices, of one step each here."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = -1
        monkeypatch.setattr(training, "_SLICE_SECONDS", 0.0)

        def look(interrupt: Interrupt) -> bool:
            self.left -= 1
            if self.left == 0:
                interrupt.__dict__["wished"] = True
            return bool(interrupt.__dict__.get("wished"))

        def wish(interrupt: Interrupt, value: bool) -> None:
            interrupt.__dict__["wished"] = value

        monkeypatch.setattr(Interrupt, "requested", property(look, wish), raising=False)


@pytest.fixture
def ctrl_c(monkeypatch: pytest.MonkeyPatch) -> CtrlC:
    return CtrlC(monkeypatch)


def timeless(history: Any) -> list[dict[str, Any]]:
    left_out = ("seconds", "examples_per_second")
    return [{key: repr(value) for key, value in one.items() if key not in left_out} for one in history]


def assert_same(a: Network, one: Any, b: Network, two: Any) -> None:
    assert a.theta.tobytes() == b.theta.tobytes()
    assert timeless(one) == timeless(two)
    assert (one.best_epoch, one.stop_reason, one.watched) == (two.best_epoch, two.stop_reason, two.watched)
    for key in ("epochs", "steps", "examples", "settings", "stop_reason"):
        assert a.training[key] == b.training[key]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", HOW)
def test_interrupted_twice_it_ends_in_the_same_bits(
    tmp_path: Path, xy: Any, ctrl_c: CtrlC, name: str, dtype: str
) -> None:
    path, how = tmp_path / "run.checkpoint", settings_of(name)
    if name == "a metric that is never defined":
        xy = xy[0], np.minimum(xy[1], 1)  # class 2 does not occur
    a = fresh(dtype)
    one = a.fit(*xy, **how)
    assert ("roc_auc" not in one.columns) or np.isnan(one["roc_auc"]).all()
    for first, second in ((3, 6), (12, 2)):
        b = fresh(dtype)
        ctrl_c.left = first
        two = b.fit(*xy, checkpoint=path, **how)
        assert two.stop_reason == b.training["stop_reason"] == "interrupted"
        saved = checkpoints.load(path)
        assert (saved.epoch, saved.batch) != (0, 0)
        b = fresh(dtype)  # as in a new process
        ctrl_c.left = second
        two = b.fit(*xy, resume=path, **how)
        assert two.stop_reason == "interrupted"
        ctrl_c.left = -1
        two = b.fit(*xy, resume=path, progress=False)
        assert_same(a, one, b, two)
        assert not path.exists()


@pytest.mark.parametrize("name", HOW)
def test_interrupted_at_an_epochs_end(
    tmp_path: Path, xy: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path, how = tmp_path / "run.checkpoint", settings_of(name)
    a, b = fresh(), fresh()
    one = a.fit(*xy, **how)
    wishes: list[Any] = []
    monkeypatch.setattr(training, "Interrupt", lambda: wishes.append(Interrupt()) or wishes[-1])

    def at_the_second(event: Any) -> None:
        wishes[-1].requested = event.epoch == 2

    two = b.fit(*xy, checkpoint=path, callbacks=at_the_second, **how)
    assert (len(two), two.stop_reason) == (2, "interrupted")
    saved = checkpoints.load(path)
    assert (saved.epoch, saved.batch) == (2, 0)
    two = b.fit(*xy, resume=path, progress=False)
    assert_same(a, one, b, two)


def test_after_earlier_fits_too(tmp_path: Path, xy: Any, ctrl_c: CtrlC) -> None:
    how = settings_of("adam, dropout, schedule, clipping")
    a, b = fresh(), fresh()
    for net in (a, b):
        net.fit(*xy, **how)
    one = a.fit(*xy, **how)
    ctrl_c.left = 11
    b.fit(*xy, checkpoint=tmp_path / "c", **how)
    ctrl_c.left = -1
    two = b.fit(*xy, resume=tmp_path / "c", progress=False)
    assert_same(a, one, b, two)


def test_with_functions_of_the_users_own(tmp_path: Path, xy: Any, ctrl_c: CtrlC) -> None:
    def cube(z: Any) -> Any:
        return z * z * z

    def slope(z: Any) -> Any:
        return 3 * z * z

    def net() -> Network:
        return Network([4, 6, 3], activations=[(cube, slope), "softmax"], cost="cross_entropy", seed=5)

    a, b = net(), net()
    how = settings_of("sgd") | {"eta": 0.01}
    one = a.fit(*xy, **how)
    ctrl_c.left = 5
    b.fit(*xy, checkpoint=tmp_path / "c", **how)
    ctrl_c.left = -1
    assert_same(a, one, b, b.fit(*xy, resume=tmp_path / "c", progress=False))


def test_the_best_weights_are_kept_on_ctrl_c_and_the_last_go_into_the_checkpoint(
    tmp_path: Path, xy: Any, ctrl_c: CtrlC
) -> None:
    seen: list[Any] = []
    net = fresh()
    ctrl_c.left = 60
    history = net.fit(
        *xy, epochs=30, batch_size=7, eta=5.0, validation=0.25, checkpoint=tmp_path / "c", progress=False,
        callbacks=lambda event: seen.append(event.net.theta.copy()),
    )  # fmt: skip
    assert history.best_epoch is not None
    assert history.best_epoch < len(history)
    assert net.theta.tobytes() == seen[history.best_epoch - 1].tobytes()
    last = checkpoints.load(tmp_path / "c")
    assert last.net.theta.tobytes() != net.theta.tobytes()
    assert last.start.tobytes() == seen[-1].tobytes()


@pytest.mark.parametrize("looks", [8, 9])  # within an iteration, and at the end of one
def test_l_bfgs_goes_on_where_it_stood_with_a_new_memory(
    tmp_path: Path, xy: Any, ctrl_c: CtrlC, looks: int
) -> None:
    how: dict[str, Any] = {"optimizer": "l_bfgs", "epochs": 30, "l2": 0.01, "progress": False}
    a, b = fresh(), fresh()
    one = a.fit(*xy, **how)
    ctrl_c.left = looks
    two = b.fit(*xy, checkpoint=tmp_path / "c", **how)
    assert two.stop_reason == "interrupted"
    done = len(two)
    assert 0 < done < 30
    ctrl_c.left = -1
    two = b.fit(*xy, resume=tmp_path / "c", progress=False)
    assert timeless(two)[:done] == timeless(one)[:done]
    assert len(two) == 30
    assert two[-1]["objective"] < 1.5 * one[-1]["objective"]


def test_a_resumed_run_that_diverges_goes_back_to_the_start_of_its_epoch(
    tmp_path: Path, xy: Any, ctrl_c: CtrlC
) -> None:
    x, y = xy[0], xy[0][:, :1].copy()
    y[-1] = 1e200  # the last example of the first epoch
    start = Network([4, 1], activations="identity", seed=1)
    net = start.copy()
    ctrl_c.left = 5
    net.fit(x, y, shuffle=False, batch_size=6, checkpoint=tmp_path / "c", progress=False)
    assert net.theta.tobytes() != start.theta.tobytes()
    ctrl_c.left = -1
    with pytest.raises(DivergenceError, match="epoch 1, batch 10: the cost of example 59 is inf"):
        net.fit(x, y, resume=tmp_path / "c", progress=False)
    assert net.theta.tobytes() == start.theta.tobytes()


@pytest.fixture
def stopped(tmp_path: Path, xy: Any, ctrl_c: CtrlC) -> Path:
    ctrl_c.left = 12
    fresh().fit(*xy, checkpoint=tmp_path / "c", sample_weight=np.ones(60), **settings_of("momentum, weights"))
    ctrl_c.left = -1
    return tmp_path / "c"


def test_other_data_other_settings_other_network(stopped: Path, xy: Any) -> None:
    x, y = xy
    changed = x.copy()
    changed[3, 1] += 1e-12
    whole = {"sample_weight": np.ones(60)}
    for rows, labels, more in (
        (changed, y, whole),
        (x[::-1], y[::-1], whole),
        (x[:50], y[:50], {"sample_weight": np.ones(50)}),
        (x, np.roll(y, 1), whole),
        (x, y, {"sample_weight": np.full(60, 2)}),
    ):
        net = fresh()
        start = net.theta.copy()
        with pytest.raises(ModelError, match=r"the checkpoint is of a run on other data .*60 examples then"):
            net.fit(rows, labels, resume=stopped, progress=False, **more)
        assert net.theta.tobytes() == start.tobytes()
    with pytest.raises(
        UsageError, match=r"its epochs is 8; got 9; leave it out, or finish the run and fit again"
    ):
        fresh().fit(x, y, resume=stopped, epochs=9, **whole)
    with pytest.raises(
        UsageError, match="resume goes on with the run's own settings, and its validation is None; got"
    ):
        fresh().fit(x, y, resume=stopped, validation=0.5, **whole)
    for other in (fresh("float32"), Network([4, 6, 3], cost="half_squared_error"), Network([4, 5, 3])):
        with pytest.raises(ModelError, match=r"the checkpoint is of Network.*resume with that one"):
            other.fit(x, y, resume=stopped, **whole)
    assert stopped.exists()


@pytest.mark.parametrize(
    "entries", [{"epoch": 8}, {"batch": 9}, {"t": 1, "slots": None}, {"epoch": 10**18}], ids=str
)
def test_a_position_that_can_not_be(stopped: Path, xy: Any, entries: dict[str, Any]) -> None:
    tensors, about = unpack(stopped, "a checkpoint")
    if "slots" in entries:
        del tensors["slot.v"]
    batch = entries.get("batch", about["run"]["batch"])
    tensors["costs"] = tensors["weights"] = np.ones(batch)
    about["run"].update({key: value for key, value in entries.items() if key != "slots"})
    stopped.write_bytes(pack(tensors, about))
    with pytest.raises(ModelError, match="the checkpoint's position is none that its run can have"):
        fresh().fit(*xy, resume=stopped, sample_weight=np.ones(60))


def test_malformed_settings_in_a_checkpoint(stopped: Path, xy: Any) -> None:
    tensors, about = unpack(stopped, "a checkpoint")
    about["run"]["settings"]["eta"] = "fast"
    stopped.write_bytes(pack(tensors, about))
    with pytest.raises(
        ModelError, match=r"damaged \(run.settings.eta: \"fast\" is no finite number above 0\)"
    ):
        fresh().fit(*xy, resume=stopped)
    about["run"]["settings"] |= {"eta": None, "optimizer": "fast"}
    stopped.write_bytes(pack(tensors, about))
    with pytest.raises(ModelError, match=r"the checkpoint's settings are malformed .*'fast'"):
        fresh().fit(*xy, resume=stopped)


def test_nothing_to_resume(tmp_path: Path, xy: Any) -> None:
    with pytest.raises(ModelError, match="there is no such file; give the path of a Backlit checkpoint"):
        fresh().fit(*xy, resume=tmp_path / "none")
    model = fresh().save(tmp_path / "model")
    with pytest.raises(ModelError, match="is a Backlit model, and a checkpoint was asked for"):
        fresh().fit(*xy, resume=model)
    with pytest.raises(UsageError, match="is another file, which a checkpoint would replace"):
        fresh().fit(*xy, checkpoint=model)
    backlit.load(model)
    with pytest.raises(UsageError, match="a schedule that is a function can't be kept in a checkpoint"):
        fresh().fit(*xy, checkpoint=tmp_path / "c", schedule=lambda t, T: 1.0)


def test_a_checkpoint_now_and_then_is_a_whole_one(
    tmp_path: Path, xy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written once a minute is as good as what Ctrl-C leaves: a crash can be resumed from."""
    how = settings_of("adam, dropout, schedule, clipping")
    a = fresh()
    one = a.fit(*xy, **how)
    monkeypatch.setattr(training, "_SLICE_SECONDS", 0.0)
    monkeypatch.setattr(training, "_CHECKPOINT_SECONDS", 0.0)
    kept: list[bytes] = []
    write = checkpoints.save
    monkeypatch.setattr(checkpoints, "save", lambda *given: kept.append(write(*given).read_bytes()))
    fresh().fit(*xy, checkpoint=tmp_path / "c", **how)
    assert not (tmp_path / "c").exists()
    assert len(kept) == 8 * 9
    monkeypatch.setattr(training, "_CHECKPOINT_SECONDS", 60.0)
    for content in kept[4:-1:13]:
        (tmp_path / "c").write_bytes(content)
        b = fresh()
        assert_same(a, one, b, b.fit(*xy, resume=tmp_path / "c", progress=False))


def test_two_runs_on_one_checkpoint_never_leave_half_a_file(
    tmp_path: Path, xy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_CHECKPOINT_SECONDS", 0.0)
    path = tmp_path / "c"
    failed: list[BaseException] = []

    def run(seed: int) -> None:
        try:
            fresh().fit(*xy, checkpoint=path, seed=seed, **settings_of("sgd"))
        except BaseException as reason:  # noqa: BLE001 (whatever it is, it is to be shown)
            failed.append(reason)

    runs = [threading.Thread(target=run, args=(seed,)) for seed in (1, 2)]
    for one in runs:
        one.start()
    refused = []
    while any(one.is_alive() for one in runs):
        try:
            assert checkpoints.load(path).settings["seed"] in (1, 2)
        except ModelError as reason:
            refused.append(str(reason))
    assert all("there is no such file" in one for one in refused)
    assert failed == []
    assert [one.name for one in tmp_path.iterdir()] == []
