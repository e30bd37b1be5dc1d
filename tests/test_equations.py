"""The equations against oracles: complex steps, differences, 50 digits, JAX's and PyTorch's autograd, plain loops.

Every activation is tried with every cost that fits it, on networks whose layers widen and narrow. That these
checks can fail is shown in test_mutations.py.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit.equations
from backlit.equations import B1, B5, EQUATIONS, N1, N2, N6, N8, R1, backward, forward
from backlit.functions import PAIRS, as_activation, as_cost
from backlit.namespaces import COMPLEX, NUMPY, NUMPY_FAST, jax_namespace
from backlit.registry import Equation
from oracles import cases, differences, ours, precise
from oracles.cases import FITTING, IN_TORCH, SIZES, Case
from oracles.ours import assert_close, parts_of, split, together
from oracles.proofs import PROOFS

Array = Any
L1, L2 = 0.03, 0.07
TAGS = [*(f"N{i}" for i in range(1, 12)), *(f"B{i}" for i in range(1, 6)), "R1"]
every_pair = pytest.mark.parametrize(("sigma", "cost"), FITTING)


def networks(sigma: str, of_each: int) -> list[tuple[int, ...]]:
    """Sizes that go with an activation, ``of_each`` number of outputs: softmax needs two."""
    return [sizes for n, some in SIZES.items() if n > 1 or sigma != "softmax" for sizes in some[:of_each]]


# --------------------------------------------------------------------------------------- proof 1: differences


@every_pair
def test_complex_step_agrees(sigma: str, cost: str) -> None:
    for sizes in networks(sigma, 2):
        case = cases.make(sigma, cost, sizes)
        parts = parts_of(case)
        settings = [(np.full(cases.ROWS, 1 / cases.ROWS), 0.0, 0.0), (case.share, L1, L2)]

        def f(v: Array, case: Case = case, parts: Any = parts, settings: Any = settings) -> Array:
            moved = split(v, parts)
            C = ours.costs(case, COMPLEX, moved)
            return np.array(
                [B5(share, C) + ours.penalty(COMPLEX, moved, l1, l2) for share, l1, l2 in settings]
            )

        for setting, wanted in zip(settings, differences.complex_step(f, together(parts)).T, strict=True):
            assert_close(ours.gradient(case, NUMPY, parts, *setting), split(wanted, parts), 1e-12)


@every_pair
def test_central_differences_agree(sigma: str, cost: str) -> None:
    for sizes in networks(sigma, 1):
        case = cases.make(sigma, cost, sizes)
        parts = parts_of(case)

        def f(v: Array, case: Case = case, parts: Any = parts) -> Array:
            return ours.objective(case, NUMPY, split(v, parts), case.share, L1, L2)

        wanted = split(differences.central(f, together(parts)), parts)
        assert_close(ours.gradient(case, NUMPY, parts, case.share, L1, L2), wanted, 1e-6)


@every_pair
def test_fifty_digits_agree(sigma: str, cost: str) -> None:
    """The same lines in 50 digits give what float64 gives; and their slope, along a random direction, to 25 digits."""
    case = cases.make(sigma, cost, SIZES[3][0])
    parts = parts_of(case)
    exact_case = Case(**{**vars(case), "y": precise.lift(case.y)})
    share, exact = precise.lift(case.share), [precise.lift(part) for part in parts]
    of_exact = ours.gradient(exact_case, precise.EXACT, exact, share, L1, L2)
    wanted = [precise.lower(g) for g in of_exact]
    assert_close(ours.gradient(case, NUMPY, parts, case.share, L1, L2), wanted, 1e-12)

    rng, h = np.random.default_rng(7), precise.EXACT.constant("1e-16")
    direction = [precise.lift(rng.normal(size=part.shape)) for part in parts]
    up, down = (
        ours.objective(
            exact_case,
            precise.EXACT,
            [p + sign * h * d for p, d in zip(exact, direction, strict=True)],
            share,
            L1,
            L2,
        )
        for sign in (1, -1)
    )
    along = sum((g * d).sum() for g, d in zip(of_exact, direction, strict=True))
    assert abs((up - down) / (2 * h) - along) <= 1e-25 * abs(along)


# ----------------------------------------------------------------------------------- proof 3: foreign oracles


@every_pair
def test_jax_autograd_agrees(sigma: str, cost: str) -> None:
    theirs = pytest.importorskip("oracles.jax_autograd", reason="needs JAX", exc_type=ImportError)
    case = cases.make(sigma, cost, (2, 4, 3))
    value, wanted = theirs.objective(sigma, cost, case, L1, L2)
    parts = parts_of(case)
    assert ours.objective(case, NUMPY, parts, case.share, L1, L2) == pytest.approx(value, rel=1e-12)
    assert_close(ours.gradient(case, NUMPY, parts, case.share, L1, L2), wanted, 1e-12)


@pytest.mark.parametrize(("sigma", "cost"), IN_TORCH)
def test_torch_autograd_agrees(sigma: str, cost: str) -> None:
    theirs = pytest.importorskip("oracles.torch_autograd", reason="needs PyTorch", exc_type=ImportError)
    for sizes in networks(sigma, 2):
        case = cases.make(sigma, cost, sizes)
        value, wanted = theirs.objective(sigma, cost, case, L1, L2)
        parts = parts_of(case)
        assert ours.objective(case, NUMPY, parts, case.share, L1, L2) == pytest.approx(value, rel=1e-12)
        assert_close(ours.gradient(case, NUMPY, parts, case.share, L1, L2), wanted, 1e-12)


# ------------------------------------------------------------------------------- the proofs of single entries


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
def test_proof(proof: Any) -> None:
    proof()


def test_each_layer_may_have_its_own_function() -> None:
    """A hidden softmax, whose Jacobian's sum stays, among others; with dropout's masks on layers 0 to L − 1."""
    names = ("softmax", "gelu", "softmax", "softplus")
    case = cases.make("tanh", "squared_error", (3, 5, 2, 4, 6))
    case.activations = [None, *map(as_activation, names)]
    rng = np.random.default_rng(3)
    drawn = [2.0 * (rng.random((cases.ROWS, n)) < 0.5) for n in case.sizes[:-1]]
    parts = parts_of(case)
    for masks in (None, [*drawn, None], [None, drawn[1], None, drawn[3], None]):

        def f(v: Array, masks: Any = masks) -> Array:
            return B5(case.share, ours.costs(case, COMPLEX, split(v, parts), masks))

        wanted = split(differences.complex_step(f, together(parts)), parts)
        for xp in (NUMPY, NUMPY_FAST):
            assert_close(ours.gradient(case, xp, parts, case.share, 0, 0, masks), wanted, 1e-12)


def test_a_users_own_functions_take_part() -> None:
    cubic = as_activation((lambda z: z + z**3 / 3, lambda z: 1 + z**2))
    quartic = as_cost((lambda a, y: ((a - y) ** 4).sum(axis=-1), lambda a, y: 4 * (a - y) ** 3))
    case = cases.make("tanh", "squared_error", (2, 5, 4, 3))
    case.activations, case.cost = [None, cubic, as_activation("sigmoid"), cubic], quartic
    parts = parts_of(case)

    def f(v: Array) -> Array:
        return ours.objective(case, COMPLEX, split(v, parts), case.share, L1, L2)

    wanted = split(differences.complex_step(f, together(parts)), parts)
    assert_close(ours.gradient(case, NUMPY, parts, case.share, L1, L2), wanted, 1e-12)


# ------------------------------------------------------------------------------------------------- namespaces


@every_pair
def test_fast_and_narrow_numbers_agree(sigma: str, cost: str) -> None:
    """σ′ from a gives what σ′ from z gives; float32 stays float32 all the way, and agrees."""
    case = cases.make(sigma, cost, SIZES[3][0])
    parts = parts_of(case)
    wanted = ours.gradient(case, NUMPY, parts, case.share, L1, L2)
    assert_close(ours.gradient(case, NUMPY_FAST, parts, case.share, L1, L2), wanted, 1e-12)
    narrow = [part.astype(np.float32) for part in parts]
    case.y = case.y.astype(np.float32)
    for xp in (NUMPY, NUMPY_FAST):
        got = ours.gradient(case, xp, narrow, case.share.astype(np.float32), L1, L2)
        assert {g.dtype for g in got} == {np.dtype(np.float32)}
        assert ours.costs(case, xp, narrow).dtype == np.float32
        assert_close([g.astype(float) for g in got], wanted, 2e-4)


def test_jax_traces_every_case() -> None:
    """No branch looks at data: JAX can trace each line, in either width, and keeps it."""
    jax = pytest.importorskip("jax", reason="needs JAX")
    pytest.importorskip("oracles.jax_autograd", reason="needs JAX")  # asks JAX for float64
    for sigma, cost in FITTING:
        for dtype in (np.float32, np.float64):
            case = cases.make(sigma, cost, SIZES[3][0])
            case.y = case.y.astype(dtype)
            parts, share = [part.astype(dtype) for part in parts_of(case)], case.share.astype(dtype)

            def run(parts: Any, share: Any, case: Case = case) -> Any:
                value = ours.objective(case, jax_namespace(), parts, share, L1, L2)
                return [value, *ours.gradient(case, jax_namespace(), parts, share, L1, L2)]

            shapes = jax.eval_shape(run, parts, share)
            assert [one.shape for one in shapes] == [(), *(part.shape for part in parts)]
            assert {one.dtype for one in shapes} == {np.dtype(dtype)}, (sigma, cost)


@pytest.mark.parametrize(("sigma", "cost"), [*PAIRS, ("selu", "log_cosh"), ("gelu", "huber")])
def test_jax_compiles_the_same_numbers(sigma: str, cost: str) -> None:
    jax = pytest.importorskip("jax", reason="needs JAX")
    pytest.importorskip("oracles.jax_autograd", reason="needs JAX")
    case = cases.make(sigma, cost, (2, 4, 3))
    parts = parts_of(case)

    @jax.jit
    def run(parts: Any) -> Any:
        return ours.gradient(case, jax_namespace(), parts, case.share, L1, L2)

    got = [np.asarray(part) for part in run(parts)]
    assert_close(got, ours.gradient(case, NUMPY, parts, case.share, L1, L2), 1e-13)


# -------------------------------------------------------------------------------------------- the page itself


def test_every_tag_of_the_note_is_an_entry() -> None:
    assert list(EQUATIONS) == TAGS
    for tag, entry in EQUATIONS.items():
        assert isinstance(entry, Equation)
        assert entry.tag == tag
        assert entry.function is getattr(backlit.equations, tag)
        assert entry.function.__name__ == tag
        assert entry.function.__doc__
        assert entry.source.startswith(("the note", "the book"))
        assert entry.tex.count("{") == entry.tex.count("}")
        assert "∂" not in entry.tex
        assert "|" not in entry.tex  # it would end a cell of a Markdown table


def test_an_entry_is_what_its_page_has_now(monkeypatch: pytest.MonkeyPatch) -> None:
    assert EQUATIONS["N2"](3, 4) == 12
    monkeypatch.setattr(backlit.equations, "N2", lambda s, t: s + t)
    assert EQUATIONS["N2"](3, 4) == 7


def test_no_room_keeps_an_equation_for_itself() -> None:
    """They are looked up on the page when they are called, so that all rooms compute by what stands there."""
    rooms = Path(backlit.equations.__file__).parent
    for path in rooms.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("equations"):
                kept = {alias.name for alias in node.names} & {*TAGS, "*"}
                assert not kept, f"{path.name}:{node.lineno} imports {', '.join(kept)}"


def test_the_page_is_short_and_judges_nothing() -> None:
    text = Path(backlit.equations.__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    tree = ast.parse(text)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Raise | ast.Assert | ast.Try)]
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {
        "__future__", "collections.abc", "typing", "functions", "namespaces", "registry",
    }  # fmt: skip


def test_an_entry_of_a_derivative_is_written_as_a_fraction() -> None:
    assert EQUATIONS["B3"].tex == r"\frac{\partial C_x}{\partial b^l_j} = \delta^l_j"
    assert EQUATIONS["N8"].tex.count(r"\frac{\partial C}") == 4


def test_the_notes_own_example_of_the_hadamard_product() -> None:
    assert N2(np.array([1, 2]), np.array([3, 4])).tolist() == [3, 8]


def test_no_local_derivative_has_another_name() -> None:
    with pytest.raises(KeyError, match="da/dw"):
        N6("da/dw", 1.0)


def test_one_example_without_a_batch_axis_has_the_cost_of_its_row() -> None:
    for sigma, cost in FITTING:
        case = cases.make(sigma, cost, SIZES[3][1])
        z, a = forward(NUMPY, case.activations, case.w, case.b, case.x)
        delta = backward(NUMPY, case.activations, case.cost, case.w, z, a, case.y)
        C = ours.costs(case, NUMPY, parts_of(case))
        alone = Case(**{**vars(case), "x": case.x[2], "y": case.y[2]})
        assert ours.costs(alone, NUMPY, parts_of(alone)) == pytest.approx(C[2], rel=1e-13)
        one = B1(NUMPY, case.activations[-1], case.cost, z[-1][2], a[-1][2], case.y[2])
        np.testing.assert_allclose(one, delta[-1][2], rtol=1e-13, atol=1e-16)


def test_shapes_and_order() -> None:
    sizes = (2, 5, 4, 3)
    shapes = [None, *(N1(sizes, l) for l in range(1, 4))]
    assert shapes[2] == {"w": (4, 5), "b": (4,), "z": (4,), "a": (4,)}
    assert N8(["-", "w1", "w2"], ["-", "b1", "b2"]) == ["w1", "b1", "w2", "b2"]


def test_penalties_by_hand() -> None:
    w = np.array([[1.0, -2.0], [0.0, 3.0]])
    assert R1(NUMPY, "value", w, 0.5, 0.1) == pytest.approx(0.05 * 14 + 0.5 * 6)
    np.testing.assert_allclose(R1(NUMPY, "gradient", w, 0.5, 0.1), [[0.6, -0.7], [0.0, 0.8]])
