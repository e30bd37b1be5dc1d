"""Tests of the tests: mistakes planted in each entry of the registry, and in each row, must fail the proofs.

A mutation that all proofs let pass fails here, and so does an entry without one, or a proof that notices nothing. The
mistakes have legal shapes, so that it is the numbers that give them away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backlit import equations
from backlit.equations import EQUATIONS
from backlit.functions import PAIRS, as_activation, as_cost
from oracles import rows
from oracles.cases import ACTIVATION_OPTIONS, COST_OPTIONS
from oracles.proofs import PROOFS, the_network_goes_through_the_registry

Array = Any
ORIGINAL_SOFTMAX = as_activation("softmax")
ORIGINAL = {tag: entry.function for tag, entry in EQUATIONS.items()}
SHAPES = (ValueError, IndexError)  # what is raised where a mistake doesn't fit what comes next
BESIDE_THE_ENGINE = {
    "N3",
    "N7",
    "N9",
    "N10",
}  # for one neuron, for one path, for one example: proofs tie them to it


def times(tag: str, factor: float) -> Callable[..., Any]:
    """The entry, ``factor`` times what it should be; of several results, the first."""

    def wrong(*operands: Any) -> Any:
        right = ORIGINAL[tag](*operands)
        return (right[0] * factor, *right[1:]) if isinstance(right, tuple) else right * factor

    return wrong


def local(which: str, wrong: Callable[..., Any]) -> Callable[..., Any]:
    """N6 with one of its five replaced."""
    return lambda name, *of: wrong(*of) if name == which else ORIGINAL["N6"](name, *of)


def as_many(u: Array, n: int) -> Array:
    """u (m, …) with n columns, read on from the start where it has fewer: legal shapes for any index."""
    return np.take(u, np.arange(n) % u.shape[-1], axis=-1)


def clash_n10(a_before: Array, da_dz: Array, dC_da: Array) -> Array:
    """NOTE's index clash: ∂C/∂a with k where j belongs, as N11 printed with j twice has it."""
    return (a_before * as_many(dC_da, a_before.shape[-1]))[..., None, :] * da_dz[..., :, None]


def clash_n9(w: Array, da_dz: Array, dC_da: Array) -> Array:
    return w * as_many(dC_da, w.shape[1])[..., None, :] * da_dz[..., :, None]


def clash_b4(share: Array, a_before: Array, delta: Array) -> Array:
    by_k = share @ (a_before * as_many(delta, a_before.shape[1]))
    return np.tile(by_k, (delta.shape[1], 1))


def sum_ends_too_soon(w: Array, delta: Array) -> Array:
    """N11's sum as printed, to n_l − 1 instead of n_{l+1} − 1: wrong where the next layer is wider."""
    n = min(w.shape)
    return delta[..., :n] @ w[:n]


def turned(w: Array) -> Array:
    """wᵀ in w's own shape, read on from the start where it is too small: legal shapes everywhere."""
    return as_many(as_many(w.T, w.shape[1]).T, w.shape[0]).T


def b2_without_slope(xp: Any, sigma: Any, w: Array, delta: Array, z: Array, a: Array, mask: Array) -> Array:
    return delta @ w if mask is None else delta @ w * mask


def b2_without_mask(xp: Any, sigma: Any, w: Array, delta: Array, z: Array, a: Array, mask: Array) -> Array:
    return ORIGINAL["B2"](xp, sigma, w, delta, z, None, None)


def r1(
    value: Callable[..., Any] | None = None, gradient: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """R1 with its value or its derivative replaced."""
    other = {"value": value, "gradient": gradient}
    return lambda xp, which, w, l1, l2: (other[which] or (lambda *_: ORIGINAL["R1"](xp, which, w, l1, l2)))(
        w, l1, l2
    )


MUTATIONS: dict[str, dict[str, Callable[..., Any]]] = {
    "N1": {
        "w transposed": lambda sizes, l: {**ORIGINAL["N1"](sizes, l), "w": (sizes[l - 1], sizes[l])},
        "b of the layer before": lambda sizes, l: {**ORIGINAL["N1"](sizes, l), "b": (sizes[l - 1],)},
        "the book's counting": lambda sizes, l: ORIGINAL["N1"](sizes, l - 1),
    },
    "N2": {
        "off by 2.001": times("N2", 2.001),
        "wrong sign": times("N2", -1),
        "a sum": lambda s, t: s + t,
        "the second left out": lambda s, t: s * np.ones_like(t),
    },
    "N3": {
        "off by 2.001": times("N3", 2.001),
        "no bias": lambda xp, sigma, w, a, b: ORIGINAL["N3"](xp, sigma, w, a, 0 * b),
        "no σ": lambda xp, sigma, w, a, b: xp.sum(w * a) + b,
        "a mean over k": lambda xp, sigma, w, a, b: ORIGINAL["N3"](xp, sigma, w / w.size, a, b),
    },
    "N4": {
        "off by 2.001": lambda *of: (ORIGINAL["N4"](*of)[0], 2.001 * ORIGINAL["N4"](*of)[1]),
        "no bias": lambda xp, sigma, w, a, b: ORIGINAL["N4"](xp, sigma, w, a, 0 * b),
        "bias subtracted": lambda xp, sigma, w, a, b: ORIGINAL["N4"](xp, sigma, w, a, -b),
        "no σ": lambda xp, sigma, w, a, b: (a @ w.T + b,) * 2,
        "w transposed": lambda xp, sigma, w, a, b: ORIGINAL["N4"](xp, sigma, turned(w), a, b),
    },
    "N5": {
        "off by 2.001": times("N5", 2.001),
        "the book's half": times("N5", 0.5),
        "a mean over outputs": lambda xp, sigma, cost, z, a, y: (
            ORIGINAL["N5"](xp, sigma, cost, z, a, y) / y.shape[-1]
        ),
    },
    "N6": {
        "∂z/∂w off by 2.001": local("dz/dw", lambda a: 2.001 * a),
        "∂z/∂b off by 2.001": local("dz/db", lambda: 2.001),
        "∂z/∂a wrong sign": local("dz/da", lambda w: -w),
        "∂z/∂a transposed": local("dz/da", turned),
        "σ′ missing": local("da/dz", lambda xp, sigma, z, a: np.ones_like(z)),
        "σ for σ′": local("da/dz", lambda xp, sigma, z, a: sigma.f(xp, z)),
        "σ′ of a for z": local("da/dz", lambda xp, sigma, z, a: sigma.derivative(xp, sigma.f(xp, z))),
        "∂C/∂a wrong sign": local("dC/da", lambda xp, cost, a, y: cost.derivative(xp, y, a)),
        "2 for ½": local("dC/da", lambda xp, cost, a, y: cost.derivative(xp, a, y) / 2),
    },
    "N7": {
        "off by 2.001": times("N7", 2.001),
        "σ′ missing": lambda a, w, da_dz, dC_da: ORIGINAL["N7"](a, w, np.ones_like(da_dz), dC_da),
        "∂C/∂a missing": lambda a, w, da_dz, dC_da: ORIGINAL["N7"](a, w, da_dz, np.ones_like(dC_da)),
        "w and a exchanged": lambda a, w, da_dz, dC_da: ORIGINAL["N7"](w, a, da_dz, dC_da),
        "bias sign": lambda a, w, da_dz, dC_da: tuple(
            u * v for u, v in zip(ORIGINAL["N7"](a, w, da_dz, dC_da), (1, -1, 1), strict=True)
        ),
    },
    "N8": {
        "b before w": lambda w, b: ORIGINAL["N8"](b, w),
        "last layer first": lambda w, b: [part for l in range(len(w) - 1, 0, -1) for part in (w[l], b[l])],
        "all w, then all b": lambda w, b: [*w[1:], *b[1:]],
    },
    "N9": {
        "off by 2.001": times("N9", 2.001),
        "σ′ missing": lambda w, da_dz, dC_da: w * dC_da[..., :, None],
        "index clash": clash_n9,
    },
    "N10": {
        "off by 2.001": times("N10", 2.001),
        "σ′ missing": lambda a, da_dz, dC_da: a[..., None, :] * dC_da[..., :, None],
        "∂C/∂a missing": lambda a, da_dz, dC_da: a[..., None, :] * da_dz[..., :, None],
        "index clash": clash_n10,
    },
    "N11": {
        "off by 2.001": times("N11", 2.001),
        "wrong sign": times("N11", -1),
        "w transposed": lambda w, delta: delta @ turned(w),
        "the sum ends too soon": sum_ends_too_soon,
        "a mean over the next layer": lambda w, delta: delta @ w / w.shape[0],
    },
    "B1": {
        "off by 2.001": times("B1", 2.001),
        "y − a": times("B1", -1),
        "σ′ missing": lambda xp, sigma, cost, z, a, y: cost.derivative(xp, a, y),
        "σ′ twice": lambda xp, sigma, cost, z, a, y: (
            ORIGINAL["B1"](xp, sigma, cost, z, a, y) * as_activation("sigmoid").derivative(xp, z)
        ),
    },
    "B2": {
        "off by 2.001": times("B2", 2.001),
        "wrong sign": times("B2", -1),
        "σ′ missing": b2_without_slope,
        "dropout's mask missing": b2_without_mask,
    },
    "B3": {
        "off by 2.001": times("B3", 2.001),
        "wrong sign": times("B3", -1),
        "a sum over the batch": lambda share, delta: delta.sum(axis=0),
        "weights ignored": lambda share, delta: delta.mean(axis=0),
    },
    "B4": {
        "off by 2.001": times("B4", 2.001),
        "a sum over the batch": lambda share, a, delta: delta.T @ a,
        "weights ignored": lambda share, a, delta: delta.T @ a / len(a),
        "index clash": clash_b4,
        "transposed": lambda share, a, delta: turned(ORIGINAL["B4"](share, a, delta)),
    },
    "B5": {
        "off by 2.001": times("B5", 2.001),
        "a sum": lambda share, of_each: of_each.sum(axis=0),
        "weights ignored": lambda share, of_each: of_each.mean(axis=0),
    },
    "R1": {
        "off by 2.001": times("R1", 2.001),
        "l2 without its half": r1(value=lambda w, l1, l2: (l2 * w * w + l1 * abs(w)).sum()),
        "λ twice in the gradient": r1(gradient=lambda w, l1, l2: 2 * l2 * w + l1 * np.sign(w)),
        "l1 left out": r1(gradient=lambda w, l1, l2: l2 * w),
        "abs′(0) = 1": r1(gradient=lambda w, l1, l2: l2 * w + l1 * np.where(w >= 0, 1, -1)),
        "no abs": r1(value=lambda w, l1, l2: (l2 / 2 * w * w + l1 * w).sum()),
    },
}
EVERY = [(tag, name) for tag, some in MUTATIONS.items() for name in some]


def noticed_by(checks: list[Callable[[], None]], also: tuple[type[Exception], ...] = ()) -> list[str]:
    """The names of those that fail because numbers are wrong, or for another reason that counts ``also``."""
    found = []
    for check in checks:
        try:
            with np.errstate(all="ignore"):
                check()
        except AssertionError:
            found.append(check.__name__)
        except SHAPES as error:
            found += [check.__name__] if isinstance(error, also) else []
    return found


def test_nothing_is_noticed_where_nothing_is_planted() -> None:
    assert noticed_by(PROOFS, SHAPES) == []


def test_every_entry_has_mutations() -> None:
    assert list(MUTATIONS) == list(EQUATIONS)
    assert all(len(some) >= 3 for some in MUTATIONS.values())


@pytest.mark.parametrize(("tag", "name"), EVERY)
def test_a_planted_mistake_is_noticed(tag: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equations, tag, MUTATIONS[tag][name])
    assert noticed_by(PROOFS) != []


# The engine's B3 and B4 are sums over a batch and stand for themselves; N7 and N10 are where these two take part.
ALSO_BESIDE = {("N6", "∂z/∂w off by 2.001"), ("N6", "∂z/∂b off by 2.001")}
IN_THE_ENGINE = [one for one in EVERY if one[0] not in BESIDE_THE_ENGINE and one not in ALSO_BESIDE]


@pytest.mark.parametrize(("tag", "name"), IN_THE_ENGINE)
def test_the_engine_computes_through_the_entry(tag: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted in the page, a mistake shows in what users call: value, gradient, fit."""
    monkeypatch.setattr(equations, tag, MUTATIONS[tag][name])
    assert noticed_by([the_network_goes_through_the_registry], SHAPES) != []


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
def test_every_proof_notices_something(proof: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    noticed = 0
    for tag, name in EVERY:
        with monkeypatch.context() as planted:
            planted.setattr(equations, tag, MUTATIONS[tag][name])
            noticed += len(noticed_by([proof]))
    assert noticed


def test_the_printed_formula_has_legal_shapes_where_layers_widen() -> None:
    """Why the index clash is dangerous: N10 with ∂C/∂a_k is silently wrong for n_{l−1} ≤ n_l, and only then fits."""

    def printed(a_before: Array, da_dz: Array, dC_da: Array) -> Array:
        by_k = dC_da[..., : a_before.shape[-1]]
        return (a_before * by_k)[..., None, :] * da_dz[..., :, None]

    rng = np.random.default_rng(1)
    narrow, wide = rng.normal(size=(2, 3)), rng.normal(size=(2, 5))
    right = ORIGINAL["N10"](narrow, wide, wide)
    assert printed(narrow, wide, wide).shape == right.shape
    assert not np.allclose(printed(narrow, wide, wide), right)
    with pytest.raises(ValueError, match="broadcast"):
        printed(wide, narrow, narrow)


# ------------------------------------------------------------------------------------------------- mistakes in rows


def scaled(f: Callable[..., Any] | None, factor: float) -> Any:
    """The function, ``factor`` times what it should be."""
    return f and (lambda *operands: factor * f(*operands))


@pytest.mark.parametrize("field", ["f", "derivative", "derivative_from_a"])
@pytest.mark.parametrize("name", [name for name in ACTIVATION_OPTIONS if name != "softmax"])
def test_a_mistake_in_an_activation_is_noticed(name: str, field: str) -> None:
    row = as_activation(name)
    rows.activation_agrees(row, name)
    if getattr(row, field) is not None:
        for factor in (2.001, -1):
            with pytest.raises(AssertionError):
                rows.activation_agrees(replace(row, **{field: scaled(getattr(row, field), factor)}), name)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("f", lambda xp, z: xp.exp(z) / xp.sum(xp.exp(z)) * 2.001),
        ("derivative", lambda xp, z: np.diag(ORIGINAL_SOFTMAX.f(xp, z) * (1 - ORIGINAL_SOFTMAX.f(xp, z)))),
        ("derivative", lambda xp, z: -ORIGINAL_SOFTMAX.derivative(xp, z)),
        ("pullback", lambda xp, a, g: a * (1 - a) * g),  # the off-diagonal terms left out
        ("pullback", lambda xp, a, g: a * (g - xp.sum(g))),
    ],
)
def test_a_mistake_in_softmax_is_noticed(field: str, wrong: Any) -> None:
    z = rows.ROWS_OF_Z[0]
    rows.softmax_agrees(ORIGINAL_SOFTMAX, z)
    with pytest.raises(AssertionError):
        rows.softmax_agrees(replace(ORIGINAL_SOFTMAX, **{field: wrong}), z)


@pytest.mark.parametrize("name", COST_OPTIONS)
def test_a_mistake_in_a_cost_is_noticed(name: str) -> None:
    row = as_cost(name)
    a = np.array([0.3, 0.6, 0.2])
    y = np.array([1.0, -1.0, 1.0]) if row.targets == "signs" else np.array([1.0, 0.0, 0.4])
    rows.cost_agrees(row, name, a, y)
    for field in ("f", "derivative"):
        for factor in (2.001, -1):
            with pytest.raises(AssertionError):
                rows.cost_agrees(replace(row, **{field: scaled(getattr(row, field), factor)}), name, a, y)


@pytest.mark.parametrize(("sigma", "cost"), list(PAIRS))
def test_a_mistake_in_a_pair_is_noticed(sigma: str, cost: str) -> None:
    pair, row, other = PAIRS[sigma, cost], as_activation(sigma), as_cost(cost)
    z, y = rows.ROWS_OF_Z[0], np.array([1.0, 0.0, 0.4])
    rows.pair_agrees(pair, row, other, z, y)
    for field in ("f", "delta"):
        for factor in (2.001, -1):
            with pytest.raises(AssertionError):
                rows.pair_agrees(
                    replace(pair, **{field: scaled(getattr(pair, field), factor)}), row, other, z, y
                )
