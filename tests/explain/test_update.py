"""Why a weight moved: parts that add up to the move for every rule, and a planted mistake that shows."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import equations
from backlit.errors import UsageError
from backlit.explain.apart import take_apart
from backlit.namespaces import NUMPY
from backlit.optimizers import RULES, as_rule

EVERY_RULE = (
    "sgd",
    "momentum(momentum=0.7)",
    "nesterov(momentum=0.8)",
    "adagrad",
    "rmsprop",
    "rmsprop(momentum=0.6)",
    "adam",
    "adamw(beta1=0.8)",
    "rprop",
)
EVERYTHING: dict[str, Any] = {
    "l1": 0.02,
    "l2": 0.1,
    "dropout": [0.2, 0.4],
    "clip_value": 0.05,
    "clip_norm": 0.08,
    "max_norm": 0.7,
    "schedule": "cosine",
}


def recorded(
    optimizer: str, at: Any, dtype: str = "float64", sizes: tuple[int, ...] = (4, 5, 3), **settings: Any
) -> tuple[backlit.Network, backlit.Steps]:
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(40, sizes[0])), rng.integers(0, sizes[-1], 40)
    net = backlit.Network(
        sizes,
        activations=["tanh"] * (len(sizes) - 2) + ["sigmoid"],
        cost="half_squared_error",
        seed=1,
        dtype=dtype,
    )
    steps = backlit.Steps(at)
    net.fit(
        x,
        y,
        epochs=3,
        batch_size=16,
        eta=0.05,
        optimizer=optimizer,
        callbacks=steps,
        progress=False,
        **settings,
    )
    return net, steps


def test_every_rule_has_its_row() -> None:
    assert {as_rule(option).name for option in EVERY_RULE} == set(RULES)


@pytest.mark.parametrize("option", EVERY_RULE)
def test_a_rule_taken_apart_is_the_rule(option: str, rng: Any) -> None:
    rule = as_rule(option)
    slots = rule.start(np.zeros(1), 0.05)
    for t in range(1, 9):
        g, eta = float(rng.normal()), 0.05 / t
        apart = take_apart(rule, g, {name: float(slot[0]) for name, slot in slots.items()}, eta, t)
        move, slots = rule.move(NUMPY, np.array([g]), slots, eta, t)
        assert apart.carried + apart.scale * g == pytest.approx(float(move[0]), rel=1e-13, abs=1e-18)


@pytest.mark.parametrize("option", EVERY_RULE)
@pytest.mark.parametrize("settings", [{}, EVERYTHING], ids=["plain", "everything"])
def test_the_parts_of_every_parameter_add_up_to_its_move(option: str, settings: dict[str, Any]) -> None:
    net, steps = recorded(option, [(1, 1), (1, 3), (3, 2)], **settings)
    assert list(steps) == [(1, 1), (1, 3), (3, 2)]
    for place in steps:
        before, after = steps[place]
        for index in range(net.parameters):
            update = net.explain_update(net.name_of(index), before, after)
            move = after.theta[index] - before.theta[index]
            assert update.move == move
            assert sum(part.move for part in update.parts) == pytest.approx(move, rel=1e-9, abs=1e-13)
            assert update.adds_up
            assert update.proved
            assert update.examples.sum() == pytest.approx(update.gradient, rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("option", EVERY_RULE)
def test_the_parts_add_up_in_float32_on_every_engine(option: str, engine: Any) -> None:
    reason = engine.refusal(backlit.Network([4, 5, 3]), None, np.zeros((1, 4)))
    if reason:
        pytest.skip(reason)
    net, steps = recorded(option, (2, 2), "float32", engine=engine.name, **EVERYTHING)
    before, after = steps[2, 2]
    for index in range(net.parameters):
        update = net.explain_update(net.name_of(index), before, after)
        assert update.adds_up, update.text()
        assert update.proved
        assert update.dtype == "float32"
        assert abs(update.rounding) < 1e-6


def test_recording_changes_nothing(engine: Any) -> None:
    plain = recorded("adam", (3, 3), engine=engine.name, **EVERYTHING)[0]
    every = [(epoch, batch) for epoch in (1, 2, 3) for batch in (1, 2, 3)]
    watched = recorded("adam", every, engine=engine.name, **EVERYTHING)[0]
    assert np.array_equal(plain.theta, watched.theta)


def test_each_part_is_what_the_run_was_told() -> None:
    net, steps = recorded("adamw", (2, 1), **EVERYTHING)
    before, after = steps[2, 1]
    update = net.explain_update("w[1][2,3]", before, after)
    parts = {part.name: part for part in update.parts}
    assert list(parts) == [
        "gradient",
        "dropout",
        "clip_value",
        "clip_norm",
        "carried",
        "l2",
        "l1",
        "max_norm",
    ]
    eta = float(before.batch.plan.eta[0])  # type: ignore[union-attr]
    assert parts["l2"].move == pytest.approx(-eta * 0.1 * update.before)
    assert parts["l1"].move == pytest.approx(-eta * 0.02 * np.sign(update.before))
    assert parts["l2"].gradient is None
    assert eta == pytest.approx(0.05 * 0.75)  # a third of a cosine
    bias = net.explain_update("b[1][2]", before, after)
    assert not {"l1", "l2", "max_norm"} & {part.name for part in bias.parts}


def test_the_gradient_without_dropout_is_the_networks_own(rng: Any) -> None:
    net, steps = recorded("sgd", (1, 2), dropout=0.5)
    before, after = steps[1, 2]
    update = net.explain_update("w[1][2,3]", before, after)
    assert before.batch is not None
    net.theta[:] = before.theta
    plain = net.gradient(before.batch.X, before.batch.Y)
    assert update.parts[0].gradient == pytest.approx(plain.w[1][2, 3], rel=1e-12)


def test_sample_weights_take_part_and_a_batch_of_no_weight_makes_no_step() -> None:
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(8, 3)), rng.integers(0, 2, 8)
    weights = np.array([1.0, 2, 0, 3, 0, 0, 0, 0])
    net = backlit.Network([3, 4, 2], seed=1)
    steps = backlit.Steps([(1, 1), (1, 2)])
    net.fit(
        x, y, epochs=1, batch_size=4, sample_weight=weights, shuffle=False, callbacks=[steps], progress=False
    )
    update = net.explain_update("w[2][1,0]", *steps[1, 1])
    assert update.adds_up
    assert update.examples[2] == 0
    still = net.explain_update("w[2][1,0]", *steps[1, 2])
    assert still.skipped
    assert still.adds_up
    assert still.move == 0
    assert "made no step" in still.text()


def test_sparse_inputs_and_held_out_rows() -> None:
    from scipy.sparse import csr_array

    rng = np.random.default_rng(7)
    x = rng.normal(size=(30, 6)) * (rng.random((30, 6)) < 0.3)
    y = rng.integers(0, 2, 30)
    net = backlit.Network([6, 4, 2], seed=1)
    steps = backlit.Steps((2, 2))
    net.fit(csr_array(x), y, epochs=2, batch_size=8, validation=0.2, callbacks=steps, progress=False)
    before, after = steps[2, 2]
    assert before.batch is not None
    assert np.array_equal(before.batch.X.toarray(), x[before.batch.rows])
    for k in range(6):
        assert net.explain_update(f"w[1][1,{k}]", before, after).adds_up


@pytest.mark.parametrize(
    "plant",
    [
        ("B1", lambda true: lambda *given: -true(*given)),
        ("B2", lambda true: lambda *given: 2 * true(*given)),
        ("N10", lambda true: lambda *given: -true(*given)),
        ("B4", lambda true: lambda *given: -true(*given)),
        ("N6", lambda true: lambda which, *of: true(which, *of) * (1.1 if which == "da/dz" else 1)),
    ],
    ids=lambda plant: plant[0],
)
def test_a_mistake_in_the_equations_shows(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tag, wrong = plant
    monkeypatch.setattr(equations, tag, wrong(getattr(equations, tag)))
    net, steps = recorded("sgd", (1, 2), engine="numpy")
    update = net.explain_update("w[1][2,3]", *steps[1, 2])
    assert not update.proved
    assert "✗" in update.text()
    assert "the gradient is wrong" in update.text()


def test_a_move_that_is_another_does_not_add_up() -> None:
    net, steps = recorded("momentum", (1, 2))
    before, after = steps[1, 2]
    spoilt = dataclasses.replace(after, theta=after.theta + 1e-6)
    update = net.explain_update("w[1][2,3]", before, spoilt)
    assert not update.adds_up
    assert update.to_dict()["adds_up"] is False
    assert "✗" in update.text()
    assert "are not this step's" in update.text()


def test_the_text_tells_the_parts_and_the_proof() -> None:
    net, steps = recorded("adam", (2, 2), **EVERYTHING)
    update = net.explain_update("w[1][2,3]", *steps[2, 2])
    text = str(update)
    head, _, columns, *_ = text.splitlines()
    assert head.startswith("w¹₂,₃ moved by ")
    assert head.endswith(": epoch 2, batch 2")
    assert "  by adam(beta1=0.9, beta2=0.999, epsilon=1e-08)" in text
    assert columns.split() == ["part", "in", "g", "move"]
    for said in (
        "dropout's masks",
        "l2 penalty",
        "clipping",
        "β₁m",
        "max-norm",
        "schedule cosine",
        "1 − β₂ᵗ",
    ):
        assert said in text
    assert text.count("✓") == 2
    assert not re.search(r"-\d", text.replace("1e-08", ""))  # minus signs are minus signs
    assert max(map(len, text.splitlines())) <= 100


def test_plain_data() -> None:
    net, steps = recorded("adam", (2, 2), **EVERYTHING)
    update = net.explain_update("w[1][2,3]", *steps[2, 2])
    told = json.loads(json.dumps(update.to_dict(), allow_nan=False))
    assert told["schema"] == "backlit.update/1"
    assert told["move"] == update.move
    assert sum(part["move"] for part in told["parts"]) + told["rounding"] == pytest.approx(told["move"])
    assert len(told["examples"]) == 16
    assert {number["symbol"] for number in told["numbers"]} >= {"m", "v", "t"}


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (3, "at is a step as (epoch, batch)"),
        ((0, 1), "whole numbers from 1"),
        ([(1, 1.5)], "whole numbers from 1"),
        ([], "or a list of such pairs"),
        ((True, 1), "whole numbers from 1"),
    ],
)
def test_places_that_are_none(at: Any, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        backlit.Steps(at)
    assert said in str(raised.value)


def test_steps_that_the_run_has_not() -> None:
    with pytest.raises(UsageError, match="asks for step 9 of epoch 1, and this run has 3 epochs of 3 steps"):
        recorded("sgd", (1, 9))
    with pytest.raises(UsageError, match="l-bfgs makes no steps"):
        backlit.Network([2, 1]).fit(
            np.eye(2), [0.0, 1.0], optimizer="l_bfgs", callbacks=backlit.Steps((1, 1))
        )
    _, steps = recorded("sgd", (1, 2))
    with pytest.raises(UsageError, match=r"\(1, 1\) was not recorded; recorded: \(1, 2\)"):
        steps[1, 1]
    assert repr(steps) == "<Steps: 1 of 1 step recorded>"
    assert len(steps) == 1
    with pytest.raises(UsageError, match="none yet"):
        backlit.Steps((1, 1))[1, 1]


def test_moments_that_are_not_one_step() -> None:
    net, steps = recorded("sgd", [(1, 1), (1, 3)])
    before, after = steps[1, 1]
    for wrong, said in (
        ((before, steps[1, 3][1]), "before stands at step 0 and after at step 3, not the next"),
        ((after, before), "does not know what the next step was made of"),
        ((before.theta, after.theta), "are Moments that backlit.Steps records"),
    ):
        with pytest.raises(UsageError, match=said):
            net.explain_update("w[1][0,0]", *wrong)
    with pytest.raises(UsageError, match=r"of a network of sizes \(4, 5, 3\) in float64"):
        backlit.Network([4, 6, 3]).explain_update("w[1][0,0]", before, after)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dC/dw[1][0,0]", "is a derivative, and a parameter is asked for"),
        (3, "a parameter is named by a text"),
        ("a[1][0]", "is not a parameter; name one weight or bias"),
        ("w[1]", "is several; name one entry, such as w[1][0,0]"),
        ("w[2][1,:]", "is several; name one entry, such as w[2][0,0]"),
        ("b[2]", "such as b[2][0]"),
        (
            "w[3][0,0]",
            "there is no w[3]: layer 0 is the input, and w goes from w[1] to w[2]",
        ),
        ("w[1][5,0]", "layer 1 has 5 neurons, 0 to 4; there is no 5. Did you mean 'w[1][4,0]'?"),
        ("w[1][0]", "w takes 2 indices"),
        ("weight", "should be an index in brackets"),
        ('w[2]["cat",0]', "is a name, and this network's outputs have numbers only"),
    ],
)
def test_names_that_are_no_parameter(name: str, said: str) -> None:
    net, steps = recorded("sgd", (1, 1))
    with pytest.raises(UsageError) as raised:
        net.explain_update(name, *steps[1, 1])
    assert said in str(raised.value)
    assert raised.value.exit_code == 2


def test_class_names_and_pytorchs_names_are_names_here_too() -> None:
    net, steps = recorded("sgd", (1, 1))
    net.classes = ["a/b", "cat", "dog"]
    for name in ('w[2]["cat",3]', 'w[L]["cat",3]', "2.weight[1,3]"):
        assert net.explain_update(name, *steps[1, 1]).name == "w[2][1,3]"
    assert net.explain_update('b[L]["a/b"]', *steps[1, 1]).name == "b[2][0]"
