"""The rules of a step: against PyTorch's on the same gradients, against loops from the papers, and their table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from backlit.errors import UsageError
from backlit.namespaces import NUMPY
from backlit.optimizers import RULES, as_rule

STEPS = 50
SIZE = 12


def gradients(theta: np.ndarray, t: int) -> np.ndarray:
    """A bowl with a different curvature for each entry and some noise, so that signs stay here and turn there."""
    noise = np.random.default_rng(t).normal(size=SIZE)
    return np.linspace(0.01, 3, SIZE) * theta + 0.3 * noise


def ours(option: str, eta: float, theta: np.ndarray, of: Callable[..., Any] = gradients) -> list[np.ndarray]:
    rule = as_rule(option)
    theta, slots, path = theta.copy(), rule.start(theta, eta), []
    for t in range(1, STEPS + 1):
        move, slots = rule.move(NUMPY, of(theta, t), slots, eta, t)
        theta = theta + move
        path.append(theta)
    return path


def start(dtype: Any = np.float64) -> np.ndarray:
    return np.random.default_rng(0).normal(size=SIZE).astype(dtype)


THEIRS = {
    "sgd": ("SGD", {"lr": 0.1}),
    "momentum": ("SGD", {"lr": 0.05, "momentum": 0.9}),
    "momentum(momentum=0.5)": ("SGD", {"lr": 0.05, "momentum": 0.5}),
    "momentum(momentum=0)": ("SGD", {"lr": 0.05}),
    "nesterov": ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {"lr": 0.1}),
    "adagrad(epsilon=0.01)": ("Adagrad", {"lr": 0.1, "eps": 0.01}),
    "rmsprop": ("RMSprop", {"lr": 0.01}),
    "rmsprop(decay=0.9, epsilon=0.001, momentum=0.7)": (
        "RMSprop",
        {"lr": 0.01, "alpha": 0.9, "eps": 0.001, "momentum": 0.7},
    ),
    "adam": ("Adam", {"lr": 0.05}),
    "adam(beta1=0.5, beta2=0.9, epsilon=0.001)": ("Adam", {"lr": 0.05, "betas": (0.5, 0.9), "eps": 0.001}),
    "adam(beta1=0, beta2=0)": ("Adam", {"lr": 0.05, "betas": (0.0, 0.0)}),
    "adamw": ("AdamW", {"lr": 0.05, "weight_decay": 0.0}),
    "rprop": ("Rprop", {"lr": 0.01}),
    "rprop(shrink=0.3, grow=1.5, least=0.005, most=0.1)": (
        "Rprop",
        {"lr": 0.01, "etas": (0.3, 1.5), "step_sizes": (0.005, 0.1)},
    ),
}


@pytest.mark.parametrize("option", THEIRS)
def test_fifty_steps_are_pytorch_s(option: str) -> None:
    torch = pytest.importorskip("torch")
    name, settings = THEIRS[option]
    theta = torch.tensor(start(), requires_grad=True)
    optimizer = getattr(torch.optim, name)([theta], **settings)
    for t, known in enumerate(ours(option, settings["lr"], start()), start=1):
        theta.grad = torch.from_numpy(gradients(theta.detach().numpy(), t))
        optimizer.step()
        assert theta.detach().numpy() == pytest.approx(known, rel=1e-12, abs=1e-12), f"step {t}"


def by_hand(name: str, eta: float, theta: float, of: Callable[[float, int], float]) -> Iterator[float]:
    """The papers' recurrences for one number, with the constants that are ours unless told otherwise."""
    v = s = m = before = 0.0
    size = eta
    for t in range(1, STEPS + 1):
        g = of(theta, t)
        if name == "sgd":
            theta -= eta * g
        elif name == "momentum":
            v = 0.9 * v - eta * g
            theta += v
        elif name == "nesterov":
            v_before, v = v, 0.9 * v - eta * g
            theta += -0.9 * v_before + 1.9 * v  # Sutskever's, at the point looked ahead to
        elif name == "adagrad":
            s += g**2
            theta -= eta * g / (math.sqrt(s) + 1e-10)
        elif name == "rmsprop":
            s = 0.99 * s + 0.01 * g**2
            theta -= eta * g / (math.sqrt(s) + 1e-8)
        elif name in {"adam", "adamw"}:
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
            theta -= eta * (m / (1 - 0.9**t)) / (math.sqrt(s / (1 - 0.999**t)) + 1e-8)
        else:
            if before * g > 0:
                size = min(1.2 * size, 50)
            elif before * g < 0:
                size, g = max(0.5 * size, 1e-6), 0.0
            theta -= math.copysign(size, g) if g else 0.0
            before = g
        yield theta


@pytest.mark.parametrize("name", RULES)
def test_fifty_steps_are_the_papers(name: str) -> None:
    for j, first in enumerate(start()):

        def of(theta: float, t: int, j: int = j) -> float:
            return float(
                np.linspace(0.01, 3, SIZE)[j] * theta + 0.3 * np.random.default_rng(t).normal(size=SIZE)[j]
            )

        path = [theta[j] for theta in ours(name, 0.03, start())]
        assert path == pytest.approx(list(by_hand(name, 0.03, float(first), of)), rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("option", THEIRS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_number_stays_in_theta_s_dtype(option: str, dtype: Any) -> None:
    rule = as_rule(option)
    theta = start(dtype)
    slots = rule.start(theta, 0.01)
    for t in (1, 2, 3):
        move, slots = rule.move(NUMPY, gradients(theta, t).astype(dtype), slots, 0.01, t)
        assert move.dtype == dtype
        assert {name: slot.dtype for name, slot in slots.items()} == dict.fromkeys(rule.slots, dtype)
        assert all(slot.shape == theta.shape for slot in slots.values())


def test_slots_start_where_the_table_says() -> None:
    theta = start()
    assert {name: sorted(as_rule(name).slots) for name in RULES} == {
        "sgd": [],
        "momentum": ["v"],
        "nesterov": ["v"],
        "adagrad": ["s"],
        "rmsprop": ["s"],
        "adam": ["m", "v"],
        "adamw": ["m", "v"],
        "rprop": ["before", "size"],
    }
    for name in RULES:
        for slot, array in as_rule(name).start(theta, 0.25).items():
            assert (array == (0.25 if slot == "size" else 0)).all()
            assert not np.signbit(array).any()
    assert sorted(as_rule("rmsprop(momentum=0.1)").slots) == ["s", "v"]


def test_a_move_leaves_the_slots_that_it_was_given() -> None:
    for option in THEIRS:
        rule, g = as_rule(option), start()
        slots = rule.start(g, 0.1)
        kept = {name: slot.copy() for name, slot in slots.items()}
        rule.move(NUMPY, g, slots, 0.1, 1)
        assert all(np.array_equal(slots[name], kept[name]) for name in kept)


def test_a_gradient_of_zero_moves_nothing_at_first() -> None:
    for name in RULES:
        rule = as_rule(name)
        move, _ = rule.move(NUMPY, np.zeros(3), rule.start(np.zeros(3), 0.1), 0.1, 1)
        assert not move.any()


def test_momentum_goes_on_where_the_gradient_is_zero() -> None:
    for name in ("momentum", "nesterov", "adam", "adamw"):
        rule = as_rule(name)
        _, slots = rule.move(NUMPY, np.ones(3), rule.start(np.zeros(3), 0.1), 0.1, 1)
        assert (rule.move(NUMPY, np.zeros(3), slots, 0.1, 2)[0] < 0).all()


def test_rprop_sees_the_sign_of_gradients_whose_product_vanishes() -> None:
    rule = as_rule("rprop")
    slots = rule.start(np.zeros(2), 0.1)
    g = np.array([1e-200, -1e-200])
    _, slots = rule.move(NUMPY, g, slots, 0.1, 1)
    move, slots = rule.move(NUMPY, g, slots, 0.1, 2)
    assert slots["size"] == pytest.approx([0.12, 0.12])
    assert move == pytest.approx([-0.12, 0.12])


def test_options_are_read_as_they_are_written() -> None:
    for name in RULES:
        rule = as_rule(name)
        assert rule.name == name
        assert as_rule(rule.option).parameters == rule.parameters
        assert as_rule(rule) is rule
        assert rule.eta > 0
        assert rule.tex
        assert rule.source
        assert rule.decoupled == (name == "adamw")
    assert as_rule("momentum(momentum=0.5)").option == "momentum(momentum=0.5)"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("addam", "unknown optimizer 'addam'. Did you mean 'adam'?"),
        ("adam(beta3=0.1)", "optimizer 'adam' has no parameter 'beta3'; it takes beta1, beta2, epsilon"),
        ("momentum(momentum=1)", "momentum needs 0 ≤ momentum < 1; got momentum=1"),
        ("nesterov(momentum=-0.1)", "nesterov needs 0 ≤ momentum < 1; got momentum=-0.1"),
        ("rmsprop(decay=1.5)", "rmsprop needs 0 ≤ decay < 1; got decay=1.5"),
        ("rmsprop(momentum=2)", "rmsprop needs 0 ≤ momentum < 1; got momentum=2"),
        ("rmsprop(epsilon=0)", "rmsprop needs epsilon > 0; got epsilon=0"),
        ("adagrad(epsilon=-1)", "adagrad needs epsilon > 0; got epsilon=-1"),
        ("adam(beta1=1)", "adam needs 0 ≤ beta1 < 1; got beta1=1"),
        ("adamw(beta2=1)", "adamw needs 0 ≤ beta2 < 1; got beta2=1"),
        ("adam(epsilon=1e999)", "adam needs a finite number for epsilon; got epsilon=inf"),
        ("momentum(momentum='high')", "momentum needs a finite number for momentum; got momentum='high'"),
        ("momentum(momentum=True)", "momentum needs a finite number for momentum; got momentum=True"),
        ("rprop(shrink='half')", "rprop needs a finite number for shrink; got shrink='half'"),
        (
            "rprop(grow=0.9)",
            "rprop needs 0 < shrink < 1 < grow and 0 < least < most; got shrink=0.5, grow=0.9,",
        ),
        ("rprop(least=1, most=0.5)", "least=1, most=0.5"),
        (7, "an optimizer is a name, or an option such as 'adam(beta1=0.8)'; got 7"),
    ],
)
def test_what_is_no_rule(given: Any, said: str) -> None:
    with pytest.raises(UsageError) as error:
        as_rule(given)
    assert said in str(error.value)
