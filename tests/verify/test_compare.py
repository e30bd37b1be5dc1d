"""Comparing two networks or gradients: equal ones are called equal, planted differences are found where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import Network, data, training
from backlit.errors import ModelError, UsageError
from backlit.interrupt import Interrupt
from backlit.verify.comparing.compare import Comparison, compare

Array = Any


def network(dtype: Any = np.float64, **options: Any) -> Network:
    net = Network([4, 6, 3], activations=["tanh", "softmax"], cost="cross_entropy", seed=3, **options)
    return Network(net.sizes, activations=list(net.activations), cost=net.cost, dtype=dtype, theta=net.theta)


def batch() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(20, 4)), rng.integers(0, 3, 20)


def rows(told: Comparison) -> dict[str, Any]:
    return {one.name: one for one in told.rows}


def test_a_copy_is_the_same_numbers() -> None:
    net = network()
    told = compare(net, net.copy(), *batch())
    assert told.equal
    assert told.passed
    assert bool(told)
    assert told.sentence == "one and other are equal: every entry is the same number"
    assert [one.name for one in told.rows] == [
        "w¹", "b¹", "w²", "b²", "z¹", "a¹", "z²", "a²", "C", "∂C/∂w¹", "∂C/∂b¹", "∂C/∂w²", "∂C/∂b²",
    ]  # fmt: skip
    assert all(one.entries == one.equal and one.difference == 0 for one in told.rows)


def test_float32_and_float64_are_equal_as_far_as_float32_tells() -> None:
    told = compare(network(), network(np.float32), *batch())
    assert told.equal
    assert told.dtype == "float32"
    assert told.sentence == "one and other are equal as far as float32 tells"
    assert "one is float64, other float32." in told.notes
    assert rows(told)["w¹"].digits > 6


def test_one_changed_weight_is_named_and_located() -> None:
    net, other = network(), network()
    other.w[2][1, 4] += 0.25
    told = compare(net, other, *batch())
    assert not told.equal
    w2 = rows(told)["w²"]
    assert (w2.worst, w2.equal, w2.entries) == ("w[2][1,4]", 17, 18)
    assert w2.difference == pytest.approx(0.25)
    assert (w2.one, w2.other) == (net.w[2][1, 4], other.w[2][1, 4])
    assert rows(told)["a¹"].difference == 0
    assert [one.name for one in told.diverges] == ["w²", "z²"]
    for name in ("z²", "a²", "C", "∂C/∂w¹"):
        assert not rows(told)[name].within


def test_what_is_smaller_than_rounding_is_no_difference_and_what_is_larger_is() -> None:
    for dtype, small, large in ((np.float64, 2e-16, 1e-12), (np.float32, 1e-7, 1e-4)):
        net = network(dtype)
        for factor, equal in ((1 + small, True), (1 + large, False)):
            other = network(dtype)
            other.theta = (net.theta.astype(np.float64) * factor).astype(dtype)
            assert compare(net, other, *batch()).equal is equal


def test_a_tolerance_is_relative_to_the_largest_entry() -> None:
    net, other = network(), network()
    other.w[1][0, 0] += 1e-3 * np.abs(net.w[1]).max()
    assert compare(net, other, tolerance=2e-3).equal
    assert not compare(net, other, tolerance=5e-4).equal
    with pytest.raises(UsageError, match="tolerance is a number from 0 to below 1; got -1"):
        compare(net, other, tolerance=-1)


def test_sizes_functions_and_costs_are_said_first() -> None:
    one = Network([4, 6, 3], activations="tanh", cost="squared_error")
    other = Network([4, 5, 3], activations=["relu", "tanh"], cost="half_squared_error")
    told = compare(one, other, batch()[0], np.zeros((20, 3)))
    assert told.said == (
        "sizes differ: one is 4 → 6 → 3, other is 4 → 5 → 3",
        "activations differ in layer 1: tanh in one, relu in other",
        "costs differ: squared_error in one, half_squared_error in other",
    )
    assert told.text().splitlines()[1] == f"  {told.said[0]}"
    same = Network([4, 6, 3], activations="tanh", cost="half_squared_error", theta=one.theta)
    told = compare(one, same)
    assert not told.equal
    assert told.sentence == "one and other differ, though not in the numbers that could be compared"


def test_answers_that_differ_are_named() -> None:
    net, other = network(), network()
    other.b[2][0] += 3
    x, y = batch()
    told = compare(net, other, x, y, numbers=range(100, 120))
    assert {i - 100 for i, _, _ in told.answers} == set(
        np.flatnonzero(net.predict(x).argmax(1) != other.predict(x).argmax(1))
    )
    assert "answered differently: " in told.text()


def test_theta_in_other_hands() -> None:
    net = network()
    w, b = [one.copy() for one in net.w], [one.copy() for one in net.b]
    flat = net.theta.copy()
    for theirs in (
        flat,
        [w[0], b[0], w[1], b[1]],
        (w, b),
        (b, w),
        list(zip(w, b, strict=True)),
        {"w1": w[0], "b1": b[0], "w2": w[1], "b2": b[1]},
        {"0.weight": w[0], "0.bias": b[0], "2.weight": w[1], "2.bias": b[1]},
        {"W1": w[0].T, "b1": b[0][:, None], "W2": w[1].T, "b2": b[1][:, None]},
        {"weights": w, "biases": b},
    ):
        told = compare(net, theirs, *batch())
        assert told.equal, theirs
        assert len(told.rows) == 13
        assert "The functions of other are not known; those of one are taken." in told.notes
    assert compare(flat, net).equal
    assert compare([w[0], b[0], w[1], b[1]], [w[0], b[0], w[1], b[1]]).equal
    told = compare(net, [w[0].T, b[0], w[1].T, b[1]])
    assert "other has w as (n_(l−1), n_l); it was transposed." in told.notes


def test_square_weights_are_read_in_the_layout_that_is_nearer() -> None:
    net = Network([3, 3, 3], seed=2)
    theirs = [part.T if part.ndim == 2 else part for pair in zip(net.w, net.b, strict=True) for part in pair]
    assert compare(net, theirs).equal


def test_gradients() -> None:
    net = network()
    x, y = batch()
    ours = net.gradient(x, y)
    assert compare(ours, net.gradient(x, y)).equal
    told = compare(ours, net.gradient(x, y, l2=0.1))
    assert [one.name for one in told.rows if not one.within] == ["∂C/∂w¹", "∂C/∂w²"]
    assert [one.name for one in told.diverges] == ["∂C/∂w²"]
    assert compare(net, ours.theta, x, y, gradient=True).equal
    assert not compare(net, 2 * ours.theta, x, y, gradient=True).equal
    assert compare(net, ours.theta.astype(np.float32), x, y, gradient=True).equal
    with pytest.raises(UsageError, match="a gradient is compared with a gradient"):
        compare(net, ours)
    with pytest.raises(UsageError, match="gradient=True compares the gradient of a network on examples"):
        compare(net, ours.theta, gradient=True)


def test_files(tmp_path: Path) -> None:
    net = network()
    net.save(tmp_path / "net.safetensors")
    np.savez(
        tmp_path / "theta.npz", **{f"{letter}{l}": getattr(net, letter)[l] for l in (1, 2) for letter in "wb"}
    )
    np.save(tmp_path / "flat.npy", net.theta)
    from safetensors.numpy import save_file

    save_file({"0.weight": net.w[1], "0.bias": net.b[1], "2.weight": net.w[2], "2.bias": net.b[2]},
              tmp_path / "torch.safetensors")  # fmt: skip
    for name in ("net.safetensors", "theta.npz", "flat.npy", "torch.safetensors"):
        assert compare(net, tmp_path / name, *batch()).equal
        assert compare(str(tmp_path / "net.safetensors"), str(tmp_path / name)).equal
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 not a zip")
    for name in ("broken.npz", "absent.npz", "absent.safetensors"):
        with pytest.raises(ModelError, match=name):
            compare(net, tmp_path / name)


def test_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wishes: list[Any] = []

    def watched() -> Interrupt:
        wishes.append(Interrupt())
        return wishes[-1]  # type: ignore[no-any-return]

    monkeypatch.setattr(training, "Interrupt", watched)

    def stop(event: Any) -> None:
        wishes[-1].requested = True

    net = network()
    net.fit(*batch(), epochs=3, eta=0.1, checkpoint=tmp_path / "run", callbacks=stop, progress=False)
    assert compare(tmp_path / "run", net, *batch()).equal
    assert not compare(tmp_path / "run", network()).equal


def test_raw_rows_go_through_the_recipe() -> None:
    dataset = data.load("iris")
    recipe = data.Recipe.learn(dataset)
    net = Network([len(recipe.inputs), 4, 3], activations=["tanh", "softmax"], cost="cross_entropy", seed=0)
    net.recipe, net.classes = recipe, recipe.classes
    other = net.copy()
    assert compare(net, other, dataset.inputs).equal
    other.w[1][0, 0] += 1
    assert [one.name for one in compare(net, other, dataset.inputs).diverges] == ["w¹", "z¹"]
    assert net.task is None


def test_text_fits_and_json_is_plain() -> None:
    import json

    net, other = network(), network(np.float32)
    other.w[2][0, 0] += 1
    told = compare(net, other, *batch(), names=("a.safetensors", "b.safetensors"))
    for width in (100, 80, 60, 45):
        assert max(map(len, told.text(width=width).splitlines())) <= max(width, 45)
    assert "\x1b" not in told.text()
    assert "\x1b" in told.text(colour=True)
    plain = json.loads(json.dumps(told.to_dict(), allow_nan=False))
    assert (plain["schema"], plain["equal"], plain["diverges"]) == ("backlit.compare/1", False, ["w²", "z²"])
    assert plain["rows"][2]["worst"] == "w[2][0,0]"
    assert str(told) == told.text()


def test_infinite_and_missing_numbers_are_differences() -> None:
    one = [np.array([[1.0, np.nan]]), np.array([np.inf])]
    assert compare(one, [one[0].copy(), one[1].copy()]).equal
    told = compare(one, [np.array([[1.0, 2.0]]), np.array([np.inf])])
    assert rows(told)["w¹"].worst == "w[1][0,1]"
    assert not told.equal
    assert told.to_dict()["rows"][0]["difference"] is None


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ([np.zeros((3, 2)), np.zeros(4)], "other does not fit: its arrays have the shapes"),
        ({"w1": np.zeros((3, 2)), "W1": np.zeros((3, 2))}, "two arrays for one layer's w"),
        ({"b1": np.zeros(3)}, "a bias without weights"),
        ([np.zeros((3, 2))], "a list of 1 arrays"),
        (np.zeros(5), "other has 51 numbers, flat; got shape"),
        ("nowhere.npz", "nowhere.npz: there is no such file"),
        (7, "got 7"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(theirs: Any, said: str) -> None:
    with pytest.raises((UsageError, ModelError), match=said.replace("(", r"\(")):
        compare(network(), theirs)


class TestTorch:
    """Chains of PyTorch's modules, with their own z, a and autograd."""

    @pytest.fixture
    def torch(self) -> Any:
        return pytest.importorskip("torch")

    def chain(self, torch: Any, net: Network, *after: Any) -> Any:
        parts = []
        for l, module in enumerate(after, start=1):
            linear = torch.nn.Linear(net.sizes[l - 1], net.sizes[l]).to(torch.float64)
            with torch.no_grad():
                linear.weight.copy_(torch.tensor(net.w[l]))
                linear.bias.copy_(torch.tensor(net.b[l]))
            parts += [linear, *([] if module is None else [module])]
        return torch.nn.Sequential(*parts)

    def test_every_activation_has_its_name(self, torch: Any) -> None:
        nn = torch.nn
        for option, module in {
            "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "relu": nn.ReLU(), "leaky_relu(slope=0.3)": nn.LeakyReLU(0.3),
            "elu(alpha=0.5)": nn.ELU(0.5), "selu": nn.SELU(), "gelu": nn.GELU(), "gelu_tanh": nn.GELU("tanh"),
            "silu": nn.SiLU(), "softplus": nn.Softplus(), "softsign": nn.Softsign(), "hard_sigmoid": nn.Hardsigmoid(),
            "identity": nn.Identity(), "softmax": nn.Softmax(dim=-1),
        }.items():  # fmt: skip
            net = Network([3, 5, 2], activations=[option, "sigmoid"], cost="squared_error", seed=1)
            theirs = self.chain(torch, net, module, nn.Sigmoid())
            x, y = np.random.default_rng(0).normal(size=(6, 3)), np.random.default_rng(1).uniform(size=(6, 2))
            single = option == "hard_sigmoid"  # whose backward pass PyTorch makes with 1/6 in float32
            told = compare(net, theirs, x, y, tolerance=1e-6 if single else None)
            assert told.equal, (option, told.text())
            assert len(told.rows) == 13

    @pytest.mark.parametrize("cost", [
        "squared_error", "half_squared_error", "mean_squared_error", "absolute_error", "huber(delta=0.3)",
        "binary_cross_entropy", "poisson", "log_cosh",
    ])  # fmt: skip
    def test_every_cost(self, torch: Any, cost: str) -> None:
        net = Network([3, 4, 2], activations=["tanh", "sigmoid"], cost=cost, seed=5)
        theirs = self.chain(torch, net, torch.nn.Tanh(), torch.nn.Sigmoid())
        rng = np.random.default_rng(2)
        x, y = rng.normal(size=(7, 3)), rng.uniform(size=(7, 2))
        told = compare(net, theirs, x, y, sample_weight=rng.uniform(size=7))
        assert told.equal, told.text()
        assert ("C" in rows(told)) == (cost != "log_cosh")  # of which PyTorch has no function
        net.w[1][0, 0] *= 1.001
        assert not compare(net, theirs, x, y).equal

    def test_logits_get_our_function_on_top(self, torch: Any) -> None:
        net = network()
        theirs = self.chain(torch, net, torch.nn.Tanh(), None)
        told = compare(net, theirs, *batch())
        assert told.equal
        assert "other ends with z, not with softmax: softmax was put on top of it." in told.notes
        told = compare(net, theirs, *batch(), loss=torch.nn.CrossEntropyLoss())
        assert told.equal
        assert rows(told)["∂C/∂w¹"].digits > 10
        told = compare(net, theirs, *batch(), loss=torch.nn.CrossEntropyLoss(reduction="sum"))
        assert not told.equal
        assert rows(told)["a²"].within
        binary = Network(
            [4, 6, 3], activations=["tanh", "sigmoid"], cost="binary_cross_entropy", theta=net.theta
        )
        x, _ = batch()
        assert compare(binary, theirs, x, np.eye(3)[batch()[1]]).equal

    def test_theirs_stays_as_it_was(self, torch: Any) -> None:
        net = network()
        theirs = self.chain(torch, net, torch.nn.Tanh(), None).train()
        compare(net, theirs, *batch())
        assert theirs.training
        assert all(part.grad is None for part in theirs.parameters())

    def test_another_function_is_said_and_seen(self, torch: Any) -> None:
        net = network()
        told = compare(net, self.chain(torch, net, torch.nn.ReLU(), None), *batch())
        assert told.said == ("activations differ in layer 1: tanh in one, relu in other",)
        assert [one.name for one in told.diverges] == ["a¹"]

    def test_state_dicts_other_modules_and_dropout(self, torch: Any) -> None:
        net = network()
        theirs = self.chain(torch, net, torch.nn.Tanh(), None)
        assert compare(net, theirs.state_dict(), *batch()).equal
        assert compare(theirs, net, *batch()).equal
        assert compare(theirs, theirs).equal
        dropped = torch.nn.Sequential(torch.nn.Flatten(), *theirs[:2], torch.nn.Dropout(0.5), theirs[2])
        assert compare(net, dropped, *batch()).equal

        class Own(torch.nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.hidden, self.out = theirs[0], theirs[2]

        told = compare(net, Own(), *batch())
        assert told.equal
        assert any("are not known" in note for note in told.notes)

    def test_a_linear_without_bias(self, torch: Any) -> None:
        net = Network([3, 2], activations="identity", seed=0)
        net.b[1] = np.zeros(2)
        linear = torch.nn.Linear(3, 2, bias=False).to(torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(net.w[1]))
        x = np.random.default_rng(0).normal(size=(5, 3))
        told = compare(net, torch.nn.Sequential(linear), x, np.zeros((5, 2)))
        assert rows(told)["w¹"].within
        assert rows(told)["∂C/∂w¹"].within


def test_the_page_about_it_runs() -> None:
    """docs/compare.md: its Python prints what stands below it."""
    import contextlib
    import io
    import re

    page = (Path(__file__).parents[2] / "docs" / "compare.md").read_text(encoding="utf-8")
    scope: dict[str, Any] = {"backlit": backlit}
    for code, shown in re.findall(r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", page, re.DOTALL):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, "docs/compare.md", "exec"), scope)
        assert out.getvalue() == shown


def test_networks_of_other_ends_are_not_run_on_the_same_examples() -> None:
    one, other = Network([4, 3, 2]), Network([5, 3, 2])
    found = compare(one, other, np.zeros((3, 4)), np.zeros((3, 2)))
    assert not found.equal
    assert "Their inputs or outputs are not the same in number" in found.text()
