"""``backlit diagnose``: a learner needs nothing but a file; right is called right, and nothing is a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import files
from backlit.verify.calling.outcome import TROUBLES
from backlit.verify.mistakes import MISTAKES

from .conftest import Backlit

HOSTILE = Path(__file__).parents[1] / "verify" / "hostile"
LAYOUTS, MISBEHAVES = HOSTILE / "layouts.py", HOSTILE / "misbehaves.py"
SIGMA = "import numpy as np\ndef sigmoid(z):\n    return 1 / (1 + np.exp(-z))\n"
GRADIENT = (
    SIGMA
    + """
def gradients(weights, biases, x, y):
    a = [x]
    for w, b in zip(weights, biases):
        a.append(sigmoid(a[-1] @ w.T + b))
    delta = LAST
    dw, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dw.insert(0, delta.T @ a[l] / len(x))
        db.insert(0, delta.mean(axis=0))
        delta = BACK
    return dw, db
"""
)
LAST, BACK = "(a[-1] - y) * a[-1] * (1 - a[-1])", "(delta @ weights[l]) * a[l] * (1 - a[l])"


def write(path: Path, last: str = LAST, back: str = BACK, more: str = "") -> Path:
    path.write_text(GRADIENT.replace("LAST", last).replace("BACK", back) + more, encoding="utf-8")
    return path


def test_a_right_gradient_is_called_right_without_model_and_data(backlit: Backlit) -> None:
    done = backlit("diagnose", f"{LAYOUTS}:rows")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("✓ right")
    assert "network: 4 → 3 → 3 → 2 · sigmoid · half_squared_error · 5 examples, all random" in done.out
    assert "in a process of its own, for at most 20 seconds" in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    assert "\x1b" not in done.out


def test_a_mistake_is_named_with_its_line(backlit: Backlit, here: Path) -> None:
    write(here / "mine.py", back="delta @ weights[l]")
    done = backlit("diagnose", "mine.py:gradients")
    assert done.code == 1
    assert done.out.startswith("✗ σ′ is missing in every hidden layer")
    assert "mine.py:14   delta = delta @ weights[l]\n" in done.out
    told = backlit("diagnose", "mine.py", "--json")  # the one function with a usual name
    assert told.code == 1
    assert told.json["schema"] == "backlit.diagnosis/1"
    assert [one["mistake"] for one in told.json["findings"]] == ["sigma-prime-missing"]
    assert (told.json["subject"], told.json["model"], told.json["data"]) == ("mine.py", None, None)
    assert told.json["network"]["sizes"] == [4, 3, 3, 2]


def test_the_functions_that_the_file_speaks_of_are_guessed(backlit: Backlit, here: Path) -> None:
    write(here / "quadratic.py", last="a[-1] - y")
    done = backlit("diagnose", "quadratic.py", "--json")
    assert [one["mistake"] for one in done.json["findings"]] == ["sigma-prime-missing"]
    assert any(
        "--cost binary_cross_entropy this gradient would be right" in note for note in done.json["notes"]
    )
    write(here / "entropy.py", last="a[-1] - y  # of the cross-entropy")
    done = backlit("diagnose", "entropy.py", "--json")
    assert done.code == 0
    assert done.json["network"]["cost"] == "binary_cross_entropy"
    told = backlit(
        "diagnose", "entropy.py", "--cost", "half_squared_error", "--sizes", "3,4,2", "--json"
    ).json
    assert told["network"]["sizes"] == [3, 4, 2]
    assert [one["mistake"] for one in told["findings"]] == ["sigma-prime-missing"]
    tanh = (
        (here / "quadratic.py")
        .read_text()
        .replace("1 / (1 + np.exp(-z))", "np.tanh(z)")
        .replace("sigmoid", "tanh")
    )
    (here / "tanh.py").write_text(tanh.replace("a[l] * (1 - a[l])", "(1 - a[l] ** 2)"), encoding="utf-8")
    told = backlit("diagnose", "tanh.py", "--json").json
    assert set(told["network"]["activations"]) == {"tanh"}


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("two_layers", [4, 3, 3]), ("Network.backprop", [4, 3, 3, 2]), ("by_dict", [4, 3, 3, 2])],
)
def test_the_network_suits_the_function(backlit: Backlit, name: str, sizes: list[int]) -> None:
    done = backlit("diagnose", f"{LAYOUTS}:{name}", "--json")
    assert done.code == 0, done.out
    assert done.json["network"]["sizes"] == sizes


def test_a_function_for_two_layers_that_unpacks_its_lists(backlit: Backlit, here: Path) -> None:
    more = "\ndef two(weights, biases, x, y):\n    w1, w2 = weights\n    return gradients([w1, w2], biases, x, y)\n"
    write(here / "mine.py", more=more)
    done = backlit("diagnose", "mine.py:two", "--json")
    assert done.code == 0
    assert done.json["network"]["sizes"] == [4, 3, 3]


def test_forward_passes_and_updates(backlit: Backlit) -> None:
    for name in ("forward", "forward_of_one"):
        assert backlit("diagnose", f"{LAYOUTS}:{name}", "--forward").code == 0
    wrong = backlit("diagnose", f"{LAYOUTS}:forward_without_bias", "--forward", "--json")
    assert (wrong.code, wrong.json["about"]) == (1, "forward")
    assert [one["mistake"] for one in wrong.json["findings"]] == ["forward-bias-missing"]
    for name in ("step", "Network.update_mini_batch"):
        done = backlit("diagnose", f"{LAYOUTS}:{name}", "--update", "--eta", "0.25")
        assert done.code == 0, done.out
        assert "η = 0.25" in done.out
    uphill = backlit("diagnose", f"{LAYOUTS}:step_uphill", "--update", "--json")
    assert [one["mistake"] for one in uphill.json["findings"]] == ["update-sign"]


def test_what_prevents_a_judgement_is_a_finding(backlit: Backlit) -> None:
    done = backlit("diagnose", f"{MISBEHAVES}:returns_none")
    assert (done.code, done.err) == (1, "")
    assert done.out.startswith("✗ returns_none returns None")
    assert "trouble-none" in done.out
    hung = backlit("diagnose", f"{MISBEHAVES}:hangs", "--seconds", "0.5", "--json")
    assert hung.code == 1
    assert [(one["mistake"], one["kind"]) for one in hung.json["findings"]] == [("trouble-hung", "trouble")]
    assert backlit("diagnose", f"{MISBEHAVES}:prints").code == 0
    changed = backlit("diagnose", f"{MISBEHAVES}:changes_weights", "--json")
    assert [one["mistake"] for one in changed.json["findings"]] == ["trouble-changed-inputs"]
    unmatched = backlit("diagnose", f"{LAYOUTS}:needs_a_cache")
    assert unmatched.code == 1
    assert "name it with --adapter" in " ".join(unmatched.out.split())
    adapted = backlit("diagnose", f"{LAYOUTS}:needs_a_cache", "--adapter", "adapted")
    assert adapted.code == 0
    assert "adapted was run" in adapted.out


def test_a_trained_model_and_its_data(backlit: Backlit, here: Path, models: Path) -> None:
    model = models / "prices.csv"
    net = files.load(models / "prices.safetensors")
    data: tuple[object, ...] = ("--model", models / "prices.safetensors", "--data", model)
    write(here / "mine.py")
    done = backlit("diagnose", "mine.py", *data, "--examples", "0:6", "--previous", "6:12", "--json")
    assert done.json["network"]["sizes"] == list(net.sizes)
    assert any("· 6 examples" in note for note in done.json["notes"])
    assert any(
        "· 32 examples" in one for one in backlit("diagnose", "mine.py", *data, "--json").json["notes"]
    )
    few = backlit("diagnose", "mine.py", *data, "--example", "3", "--example", "4", "--json")
    assert any("· 2 examples" in note for note in few.json["notes"])
    assert backlit("diagnose", "mine.py", *data, "--example", "999").code == 2


@pytest.mark.parametrize("ending", ["npz", "npy", "safetensors", "json"])
def test_numbers_in_a_file(backlit: Backlit, here: Path, ending: str) -> None:
    (here / "net.json").write_text(
        json.dumps(
            {
                "weights": [[[0.2, -0.4], [0.5, 0.1]], [[0.3, -0.6]]],
                "biases": [[0.1, -0.2], [0.3]],
                "activations": "sigmoid",
                "cost": "squared_error",
                "example": {"x": [0.5, -1.0], "y": [1.0]},
            }
        ),
        encoding="utf-8",
    )
    net = files.load(here / "net.json")
    assert net.example is not None
    gradient = net.gradient(*net.example)
    for factor, code in ((1.0, 0), (-1.0, 1)):
        save(here / f"g.{ending}", net, factor * gradient.theta)
        done = backlit("diagnose", f"g.{ending}", "--model", "net.json")
        assert done.code == code, done.out
        assert "network: 2 → 2 → 1" in done.out
    save(here / f"g.{ending}", net, np.full(9, np.nan))
    assert backlit("diagnose", f"g.{ending}", "--model", "net.json").code == 1
    (here / f"g.{ending}").write_bytes(b"not a gradient")
    bad = backlit("diagnose", f"g.{ending}", "--model", "net.json")
    assert (bad.code, bad.out) == (3, "")
    assert f"g.{ending} can't be read as {ending}" in bad.err


def save(path: Path, net: Any, theta: Any) -> None:
    w, b = net.views(theta)
    named = {f"{letter}{l}": some[l] for l in (1, 2) for letter, some in (("w", w), ("b", b))}
    match path.suffix:
        case ".npz":
            np.savez(path, **named)
        case ".npy":
            np.save(path, theta)
        case ".json":
            path.write_text(json.dumps({name: one.tolist() for name, one in named.items()}), encoding="utf-8")
        case _:
            from safetensors.numpy import save_file

            save_file({name: np.ascontiguousarray(one) for name, one in named.items()}, path)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "say what to diagnose: FILE.py:FUNCTION"),
        (["nowhere.py:f"], 3, "there is no file nowhere.py"),
        (["nowhere.npz", "--model", "nowhere.safetensors"], 3, "nowhere.safetensors"),
        (["g.npz"], 2, "say of which network and examples"),
        (["g.npz", "--forward"], 2, "--forward takes a function"),
        ([f"{LAYOUTS}"], 2, "say which function"),
        ([f"{LAYOUTS}:rows", "--forward", "--update"], 2, "contradict each other"),
        ([f"{LAYOUTS}:rows", "--data", "digits"], 2, "name it with --model"),
        ([f"{LAYOUTS}:rows", "--sizes", "4"], 2, "--sizes takes the sizes of all layers"),
        ([f"{LAYOUTS}:rows", "--activation", "sigmoidd"], 2, "Did you mean 'sigmoid'?"),
        ([f"{LAYOUTS}:rows", "--cost", "nothing"], 2, "unknown cost"),
        ([f"{LAYOUTS}:rows", "--activation", "a,b,c"], 2, "takes one name, or two"),
        (["notes.ipynb:f"], 2, "is a notebook"),
        ([f"{LAYOUTS}:rows", "--seconds", "0"], 2, "--seconds"),
    ],
)
def test_what_cannot_be_asked(backlit: Backlit, arguments: list[str], code: int, words: str) -> None:
    done = backlit("diagnose", *arguments)
    assert (done.code, done.out) == (code, "")
    assert words in done.err, done.err
    assert len(done.err.splitlines()) == 1


def test_the_list_has_every_mistake(backlit: Backlit) -> None:
    done = backlit("diagnose", "--list")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 100
    names = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    of = ("gradient", "forward", "update")
    assert names == [one.id for about in of for one in MISTAKES.values() if one.about == about] + [*TROUBLES]
    told = backlit("diagnose", "--list", "--json").json
    assert told["schema"] == "backlit.mistakes/1"
    assert [one["mistake"] for one in told["mistakes"]] == [*MISTAKES]
    assert all(
        one["title"] and one["meaning"] and one["breaks"] and "{{" not in one["meaning"]
        for one in told["mistakes"]
    )
    assert [one["trouble"] for one in told["troubles"]] == [*TROUBLES]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_the_function_as_well(here: Path) -> None:
    (here / "waits.py").write_text(
        "import os, pathlib, time\n"
        "def gradients(weights, biases, x, y):\n"
        "    pathlib.Path('pid').write_text(str(os.getpid()))\n"
        "    time.sleep(60)\n",
        encoding="utf-8",
    )
    program = (  # sets SIGINT's handler, for it may have been inherited as ignored
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from backlit.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "diagnose", "waits.py:gradients", "--seconds", "60"],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 20
    while not ((here / "pid").exists() and (here / "pid").read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (130, "")
    assert "stopped" in err
    pid = int((here / "pid").read_text())
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


COLUMNS = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def gradients(weights, biases, X, Y):
    m, A = X.shape[1], [X]
    for W, b in zip(weights, biases):
        A.append(sigmoid(W @ A[-1] + b))
    dZ, grads = (A[-1] - Y) * A[-1] * (1 - A[-1]), []
    for l in range(len(weights) - 1, -1, -1):
        grads = [dZ @ A[LEFT].T / m, dZ.sum(axis=1, keepdims=True)DIVIDED, *grads]
        dZ = (weights[l].T @ dZ) * A[l] * (1 - A[l])
    return grads
def forward(weights, biases, x):
    found, a = {}, x
    for l, (W, b) in enumerate(zip(weights, biases), start=1):
        found[f"Z{l}"] = W @ a + b
        found[f"A{l}"] = a = sigmoid(found[f"Z{l}"])
    return a, found
"""


def columns(here: Path, left: str = "l", divided: str = " / m") -> str:
    (here / "cols.py").write_text(COLUMNS.replace("LEFT", left).replace("DIVIDED", divided), encoding="utf-8")
    return "cols.py:gradients"


def test_a_mistake_of_the_batch_is_not_hidden_by_one_example_at_a_time(backlit: Backlit, here: Path) -> None:
    assert backlit("diagnose", columns(here)).code == 0
    done = backlit("diagnose", columns(here, divided=""))
    assert done.code == 1
    assert done.out.startswith("✗ the bias's gradient is summed while that of the weights is averaged")


def test_a_mistake_that_only_equal_widths_let_pass_gets_such_a_network(backlit: Backlit, here: Path) -> None:
    done = backlit("diagnose", columns(here, left="l + (l < len(weights) - 1)"))
    assert done.code == 1
    assert "a-of-same-layer" in done.out
    assert "network: 3 → 3 → 3 → 3" in done.out


def test_a_forward_pass_is_found_among_caches_by_its_names(backlit: Backlit, here: Path) -> None:
    columns(here)
    done = backlit("diagnose", "cols.py:forward", "--forward")
    assert (done.code, done.out[:27]) == (0, "✓ The forward pass is right")


def test_code_for_other_functions_than_the_models_is_told_so(backlit: Backlit, here: Path) -> None:
    trained = backlit("train", "iris", "--layers", "4", "--epochs", "1", "--out", "iris.safetensors")
    assert trained.code == 0, trained.err
    done = backlit("diagnose", columns(here), "--model", "iris.safetensors", "--data", "iris")
    assert done.code == 1
    said = " ".join(done.out.split())
    assert (
        "your code seems to be made for sigmoid, sigmoid and half_squared_error: judged by those, it is right"
        in said
    )
