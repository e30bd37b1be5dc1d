"""Steps of training with a planted mistake: whole backward passes and updates, written here as people write them,
sharing no code with the detector. Each mistake is named, and what is right is called right.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import Network
from backlit.dropout import masks as drawn_masks
from backlit.errors import DataError, UsageError
from backlit.verify import diagnose_update
from backlit.verify.updates.table import UPDATE_MISTAKES

Array = Any
HIDDEN = ("sigmoid", "tanh", "relu")


def squash(name: str, z: Array) -> Array:
    if name == "sigmoid":
        return 1 / (1 + np.exp(-z))
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.where(z > 0, z, 0)
    assert name == "identity"
    return z


def slope(name: str, a: Array) -> Array:
    """σ′ from a, as one usually writes it."""
    return {"sigmoid": a * (1 - a), "tanh": 1 - a * a, "relu": (a > 0) * 1.0, "identity": np.ones_like(a)}[
        name
    ]


class Learner:
    """A network of lists W and b (W[0] is layer 1's), examples as rows; each planted mistake is one ``if``."""

    def __init__(self, net: Network, plant: str = "", dtype: Any = np.float64) -> None:
        self.W = [w.astype(dtype) for w in net.w]
        self.b = [b.astype(dtype) for b in net.b]
        self.names = [sigma.name for sigma in net.activations]
        self.cost = net.cost.name
        self.plant, self.dtype = plant, dtype
        self.masks: Any = None

    def forward(self, x: Array) -> list[Array]:
        a = [x.astype(self.dtype)]
        for l, (W, b) in enumerate(zip(self.W, self.b, strict=True)):
            z = a[-1] @ W.T + b
            if self.names[l] == "softmax":
                e = np.exp(z - z.max(axis=1, keepdims=True))
                a.append(e / e.sum(axis=1, keepdims=True))
            else:
                a.append(squash(self.names[l], z))
            if self.masks is not None and self.masks[l + 1] is not None:
                a[-1] = a[-1] * self.masks[l + 1].astype(self.dtype)
        return a

    def last_delta(self, a: Array, y: Array) -> Array:
        if self.cost == "cross_entropy":
            return a - y
        return (2 if self.cost == "squared_error" else 1) * (a - y) * slope(self.names[-1], a)

    def back(self, l: int, delta: Array, a: list[Array]) -> Array:
        """δ of layer l (from 0) from that of layer l + 1."""
        out = delta @ self.W[l + 1]
        seen = a[l + 1]
        if self.masks is not None and self.masks[l + 1] is not None:
            mask = self.masks[l + 1].astype(self.dtype)
            out, seen = out * mask, np.divide(seen, mask, where=mask > 0, out=np.zeros_like(seen))
        return out * slope(self.names[l], seen)

    def gradients(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        a = self.forward(x)
        delta = self.last_delta(a[-1], y) / self.dtype(len(x))
        dW: list[Array] = []
        db: list[Array] = []
        for l in reversed(range(len(self.W))):
            dW.insert(0, delta.T @ a[l])
            db.insert(0, delta.sum(axis=0))
            if l:
                delta = self.back(l - 1, delta, a)
        return dW, db

    def step(self, x: Array, y: Array, eta: float, l2: float = 0.0) -> None:
        if self.plant == "update-before-all-deltas":
            self.eager(x, y, eta)
            return
        if self.plant == "update-example-by-example":
            for i in range(len(x)):
                self.plain(x[i : i + 1], y[i : i + 1], eta, l2)
            return
        self.plain(x, y, eta, l2)
        if self.plant == "update-twice":
            self.plain(x, y, eta, l2)

    def plain(self, x: Array, y: Array, eta: float, l2: float) -> None:
        if self.plant == "update-other-batch":
            x, y = x[2:3], y[2:3]
        dW, db = self.gradients(x, y)
        rate = {
            "update-sign": -eta, "update-eta-missing": 1.0, "update-eta-twice": eta * eta, "update-sum": eta * len(x),
            "update-mean-twice": eta / len(x), "update-other-eta": 0.37 * eta,
        }.get(self.plant, eta)  # fmt: skip
        L = len(self.W)
        if self.plant == "update-gradient-of-wrong-layer":
            dW, db = dW[::-1], db[::-1]
        for l in range(L):
            if self.plant == "update-layer-missing" and l == L - 1:
                continue
            if self.plant == "update-gradient-anew" and l:
                dW, db = self.gradients(x, y)
            g = dW[l].T if self.plant == "update-gradient-transposed" and l == 1 else dW[l]
            W = self.W[l]
            decay = self.decay(W, eta, l2)
            if self.plant != "update-weights-missing":
                self.W[l] = W - self.dtype(rate) * g - decay
            if self.plant == "update-penalty-after-step":
                stepped = W - self.dtype(eta) * g
                self.W[l] = stepped - self.dtype(eta * l2) * stepped
            if self.plant != "update-biases-missing":
                self.b[l] = self.b[l] - self.dtype(rate) * db[l]
            if self.plant == "update-penalty-on-biases":
                self.b[l] = self.b[l] * (1 - self.dtype(eta * l2)) - self.dtype(0)

    def decay(self, W: Array, eta: float, l2: float) -> Array:
        factor = {
            "update-penalty-missing": 0.0, "update-penalty-doubled": 2 * eta * l2, "update-penalty-sign": -eta * l2,
            "update-penalty-without-eta": l2, "update-penalty-unknown": 11 * eta * l2,
        }.get(self.plant, eta * l2)  # fmt: skip
        return self.dtype(factor) * W

    def eager(self, x: Array, y: Array, eta: float) -> None:
        """Backward and update in one loop: layer l − 1 sees the new weights of layer l."""
        a = self.forward(x)
        delta = self.last_delta(a[-1], y) / len(x)
        for l in reversed(range(len(self.W))):
            self.W[l] = self.W[l] - eta * delta.T @ a[l]
            self.b[l] = self.b[l] - eta * delta.sum(axis=0)
            if l:
                delta = self.back(l - 1, delta, a)

    @property
    def theta(self) -> list[Array]:
        return [part.copy() for pair in zip(self.W, self.b, strict=True) for part in pair]


PLAIN = (
    "update-sign", "update-eta-missing", "update-eta-twice", "update-sum", "update-mean-twice", "update-other-eta",
    "update-twice", "update-before-all-deltas", "update-example-by-example", "update-other-batch",
    "update-gradient-of-wrong-layer", "update-gradient-transposed", "update-layer-missing", "update-biases-missing",
    "update-weights-missing", "update-gradient-anew",
)  # fmt: skip
WITH_PENALTY = (
    "update-penalty-missing", "update-penalty-doubled", "update-penalty-sign", "update-penalty-after-step",
    "update-penalty-without-eta", "update-penalty-unknown",
)  # fmt: skip
WITH_VELOCITY = (
    "update-old-momentum", "update-momentum-missing", "update-momentum-sign", "update-momentum-undamped",
    "update-momentum-on-gradient", "update-other-momentum", "update-other-rule",
)  # fmt: skip


def case(number: int, mistake: str = "") -> tuple[Network, Array, Array, float]:
    rng = np.random.default_rng([number, sum(map(ord, mistake))])
    L = int(rng.integers(2, 5))
    n = [int(size) for size in rng.permutation([3, 4, 5, 6, 7])[: L + 1]]
    if mistake in ("update-gradient-of-wrong-layer", "update-gradient-transposed"):
        n = [4] * (L + 1)
    names = [str(rng.choice(HIDDEN)) for _ in range(L - 1)]
    last, cost = [("softmax", "cross_entropy"), ("sigmoid", "half_squared_error"), ("tanh", "squared_error")][
        number % 3
    ]
    net = Network(n, activations=[*names, last], cost=cost)
    net.theta = rng.normal(0, 0.7, net.parameters)
    m = int(rng.integers(5, 12))
    y = np.eye(n[-1])[rng.integers(0, n[-1], m)]
    return net, rng.normal(size=(m, n[0])), y, float(rng.choice([0.03, 0.1, 0.3, 0.7]))


def as_given(style: int, theta: list[Array]) -> Any:
    """θ as people hold it."""
    w, b = theta[::2], theta[1::2]
    return [
        theta,
        np.concatenate([one.reshape(-1) for one in theta]),
        {f"{'wb'[i % 2]}{i // 2 + 1}": one for i, one in enumerate(theta)},
        (w, b),
        [one.T if one.ndim == 2 else one for one in theta],
        {f"{2 * (i // 2)}.{('weight', 'bias')[i % 2]}": one for i, one in enumerate(theta)},
        (w, [one[:, None] for one in b]),
    ][style % 7]


def test_each_planted_mistake_is_named_first() -> None:
    each = 8
    named: Counter[str] = Counter()
    missed = []
    for mistake in (*PLAIN, *WITH_PENALTY):
        for number in range(each):
            net, x, y, eta = case(number, mistake)
            l2 = 0.02 if mistake in WITH_PENALTY else 0.0
            learner = Learner(net, mistake)
            before = learner.theta
            learner.step(x, y, eta, l2)
            style = (
                number
                if mistake not in ("update-gradient-transposed", "update-gradient-of-wrong-layer")
                else 0
            )
            report = diagnose_update(
                net, x, y, as_given(style, before), as_given(style, learner.theta), eta=eta, l2=l2
            )
            first = report.findings[0] if report.findings else None
            if first and mistake in first.names and len({one.mistake for one in report.findings}) == 1:
                named[mistake] += first.mistake == mistake
            else:
                missed.append((mistake, number, [(one.mistake, one.title) for one in report.findings]))
    total = each * len((*PLAIN, *WITH_PENALTY))
    assert len(missed) <= 0.02 * total, missed
    assert sum(named.values()) >= 0.95 * total, {
        m: named[m] for m in (*PLAIN, *WITH_PENALTY) if named[m] < each
    }


def momentum_step(
    net: Network, x: Array, y: Array, eta: float, mu: float, plant: str, torch: bool
) -> tuple[list[Array], list[Array], list[Array]]:
    """θ before, the velocity before and θ after the third of three steps, with the mistake in the third."""
    learner = Learner(net)
    v = [np.zeros_like(one) for one in learner.theta]
    for number in range(3):
        dW, db = learner.gradients(x, y)
        grads = [part for pair in zip(dW, db, strict=True) for part in pair]
        old, before = [one.copy() for one in v], learner.theta
        wrong = plant if number == 2 else ""
        moves = []
        for i, g in enumerate(grads):
            pull = g if torch else -eta * g
            damp = {
                "update-momentum-sign": -mu,
                "update-momentum-undamped": 1.0,
                "update-other-momentum": mu / 3,
            }.get(wrong, mu)
            v[i] = damp * v[i] + pull
            if wrong == "update-momentum-on-gradient":
                v[i] = mu * (old[i] + pull)
            move = {
                "update-old-momentum": old[i], "update-momentum-missing": pull, "update-other-rule": mu * v[i] + pull,
            }.get(wrong, v[i])  # fmt: skip
            moves.append(-eta * move if torch else move)
        for l in range(len(learner.W)):
            learner.W[l] = learner.W[l] + moves[2 * l]
            learner.b[l] = learner.b[l] + moves[2 * l + 1]
    return before, old, learner.theta


@pytest.mark.parametrize("torch", [False, True])
def test_momentum(torch: bool) -> None:
    missed = []
    for mistake in ("", *WITH_VELOCITY):
        for number in range(8):
            net, x, y, eta = case(number, mistake)
            eta = min(eta, 0.1)
            before, v, after = momentum_step(net, x, y, eta, 0.8, mistake, torch)
            told: dict[str, Any] = (
                {"eta": eta, "momentum": 0.8} if mistake or number % 2 else {"eta": eta} if number % 4 else {}
            )
            report = diagnose_update(net, x, y, before, after, velocity=v, **told)
            names = report.findings[0].names if report.findings else ()
            if (mistake not in names if mistake else not report.right) or len(report.findings) > 1:
                missed.append((mistake, number, [(one.mistake, one.title) for one in report.findings]))
            elif not mistake:
                assert any("PyTorch" in note if torch else "the book" in note for note in report.notes)
    assert len(missed) <= 0.02 * 8 * 8, missed


def test_right_updates_are_called_right() -> None:
    for number in range(300):
        net, x, y, eta = case(number)
        learner = Learner(net, dtype=np.float32 if number % 2 else np.float64)
        l2 = 0.01 if number % 5 == 0 else 0.0
        if number % 7 == 0:
            learner.masks = drawn_masks(
                [1.0, *[0.6] * (net.L - 1), 1.0], 3, number, len(x), net.sizes, np.float64
            )
        before = learner.theta
        learner.step(x, y, eta, l2)
        report = diagnose_update(
            net, x, y, as_given(number, before), as_given(number + number // 7, learner.theta) if number % 7 < 4 else
            as_given(number, learner.theta), eta=eta if number % 3 else None, l2=l2, dropout_masks=learner.masks,
        )  # fmt: skip
        assert report.right, (number, report.verdict, [one.title for one in report.findings])
        assert report.verdict.startswith("The update is right: all ")
        if number % 3 == 0:
            assert any(note.startswith("η was not given; ") for note in report.notes)


def test_a_fitted_eta_is_the_one_that_was_used() -> None:
    net, x, y, _ = case(1)
    learner = Learner(net)
    before = learner.theta
    learner.step(x, y, 0.0421)
    assert diagnose_update(net, x, y, before, learner.theta).notes[0] == "η was not given; 0.0421 fits."
    (one,) = diagnose_update(net, x, y, learner.theta, before, gradient=net.gradient(x, y)).findings
    assert one.mistake == "update-sign"


def test_two_mistakes_are_both_named() -> None:
    cases: list[tuple[str, str, Callable[[int, float], float]]] = [
        ("update-sign", "update-sum", lambda m, eta: -eta * m),
        ("update-sum", "update-eta-missing", lambda m, eta: m),
        ("update-sign", "update-eta-twice", lambda m, eta: -eta * eta),
    ]
    for one, two, rate in cases:
        for number in range(8):
            net, x, y, _ = case(number)
            eta = 0.07
            g = net.gradient(x, y).theta
            report = diagnose_update(net, x, y, net, net.theta - rate(len(x), eta) * g, eta=eta)
            assert {name for finding in report.findings for name in finding.names} >= {one, two}
            assert len(report.findings) == 2
            assert "by 2 mistakes together" in report.findings[0].evidence


def test_two_mistakes_in_two_places() -> None:
    net, x, y, eta = case(2)
    learner = Learner(net, "update-biases-missing")
    before = learner.theta
    learner.step(x, y, eta)
    learner.W[0] = 2 * before[0] - learner.W[0]
    report = diagnose_update(net, x, y, before, learner.theta, eta=eta)
    found = {(one.mistake, one.layers) for one in report.findings}
    assert found == {("update-sign", (1,)), ("update-biases-missing", tuple(range(1, net.L + 1)))}


def test_a_step_that_was_never_made() -> None:
    net, x, y, _ = case(0)
    for eta in (0.1, None):
        report = diagnose_update(net, x, y, net, net.theta, eta=eta)
        assert [one.title for one in report.findings] == ["no step was made at all"]
        assert not report.notes


def test_a_penalty_that_was_not_told_is_fitted() -> None:
    net, x, y, eta = case(1)
    g = net.gradient(x, y, l2=0.03).theta
    (one,) = diagnose_update(net, x, y, net, net.theta - eta * g, eta=eta).findings
    assert one.mistake == "update-penalty-unknown"
    assert one.value == pytest.approx(0.03)
    decayed = net.gradient(x, y).theta + 0.03 * net.theta
    (one,) = diagnose_update(net, x, y, net, net.theta - eta * decayed, eta=eta).findings
    assert one.title.endswith("c = 0.03, on the biases as well")


def test_the_previous_batch() -> None:
    net, x, y, eta = case(4)
    other_x = np.random.default_rng(9).normal(size=x.shape)
    after = net.theta - eta * net.gradient(other_x, y).theta
    (one,) = diagnose_update(net, x, y, net, after, eta=eta, previous=(other_x, y)).findings
    assert one.mistake == "update-other-batch"
    assert one.title.endswith("those of the previous batch")


def test_coinciding_names_and_what_tells_them_apart() -> None:
    net, x, y, _ = case(0)
    x, y = np.tile(x, (2, 1))[:10], np.tile(y, (2, 1))[:10]
    after = net.theta - net.gradient(x, y).theta
    (one,) = diagnose_update(net, x, y, net, after, eta=0.1).findings
    assert set(one.names) == {"update-sum", "update-eta-missing"}
    assert one.apart == "a batch of another size, or another η"


def test_what_is_said_of_a_mistake() -> None:
    net, x, y, _ = case(0)
    learner = Learner(net, "update-before-all-deltas")
    before = learner.theta
    learner.step(x, y, 0.3)
    report = diagnose_update(net, x, y, before, learner.theta, eta=0.3)
    (one,) = report.findings
    assert one.layers == tuple(range(1, net.L))
    assert one.equation == ("B2", "B5")
    entries = sum(part.size for part in before[:-2])
    assert one.evidence.startswith(f"all {entries} entries of Δθ there are then reproduced to 1")
    assert one.evidence.endswith(f"; the other {net.parameters - entries} of {net.parameters} moved rightly")
    assert report.verdict.startswith("The step is wrong in ")
    assert report.to_dict()["about"] == "update"


def test_a_given_gradient_is_what_the_step_is_judged_by() -> None:
    net, x, y, eta = case(1)
    wrong = np.sin(7 * net.gradient(x, y).theta)
    report = diagnose_update(net, x, y, net, net.theta - eta * wrong, eta=eta, gradient=wrong)
    assert report.right
    assert any("which itself is not ∇C" in note for note in report.notes)
    (one,) = diagnose_update(net, x, y, net, net.theta - eta * wrong, eta=eta).findings
    assert one.kind == "unexplained"
    assert "(before − after)/η is the gradient" in one.why


def test_weights_and_masks_take_part() -> None:
    net, x, y, eta = case(3)
    s = np.random.default_rng(0).uniform(0, 2, len(x))
    g = net.gradient(x, y, sample_weight=s).theta
    assert diagnose_update(net, x, y, net, net.theta - eta * g, eta=eta, sample_weight=s)
    (one,) = diagnose_update(net, x, y, net, net.theta - eta * s.sum() * g, eta=eta, sample_weight=s).findings
    assert one.mistake == "update-sum"


def test_float32_is_judged_by_what_it_holds() -> None:
    for number in range(20):
        net, x, y, eta = case(number, "float32")
        learner = Learner(net, "update-sum", np.float32)
        before = learner.theta
        learner.step(x, y, eta)
        report = diagnose_update(net, x, y, before, learner.theta, eta=eta)
        assert "update-sum" in report.findings[0].names
        assert "θ is float32's, and the step is judged by what that can hold." in report.notes


def test_what_cannot_be() -> None:
    net, x, y, eta = case(0)
    theta = net.theta
    for said, options in (
        ("unknown optimizer of an update to diagnose 'adam'", {"optimizer": "adam"}),
        ("eta is a finite number above 0; got 0", {"eta": 0}),
        ("momentum is a finite number; got nan", {"momentum": float("nan")}),
    ):
        with pytest.raises(UsageError, match=said):
            diagnose_update(net, x, y, theta, theta, **options)
    with pytest.raises(UsageError, match=r"θ after has .* numbers, flat; got shape"):
        diagnose_update(net, x, y, theta, theta[1:], eta=eta)
    with pytest.raises(UsageError, match="θ holds a number that is not finite, w"):
        diagnose_update(net, x, y, theta, theta * np.nan, eta=eta)
    with pytest.raises(UsageError, match="gradient holds a number that is not finite, at w"):
        diagnose_update(net, x, y, theta, theta, eta=eta, gradient=theta * np.nan)
    with pytest.raises(UsageError, match="θ before does not fit"):
        diagnose_update(net, x, y, [np.zeros((9, 9)), np.zeros(9)], theta, eta=eta)
    with pytest.raises(DataError):
        diagnose_update(net, x, y[:1], theta, theta, eta=eta)


def test_every_row_has_its_words() -> None:
    for row in UPDATE_MISTAKES:
        lines = row.lines_at(1, 3)
        assert (row.about, row.id[:7]) == ("update", "update-")
        for text in (row.titled((1,), 3), lines.right, lines.yours, lines.before, lines.after):
            assert text
            assert "{" not in text


def test_the_page_about_it_runs() -> None:
    """docs/forward-and-update.md: its Python prints what stands below it."""
    page = (Path(__file__).parents[2] / "docs" / "forward-and-update.md").read_text(encoding="utf-8")
    scope: dict[str, Any] = {"backlit": backlit}
    for code, shown in re.findall(r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", page, re.DOTALL):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, "docs/forward-and-update.md", "exec"), scope)
        assert out.getvalue() == shown
