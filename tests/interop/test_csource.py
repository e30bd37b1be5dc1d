"""Plain C: the header is compiled by the machine's compiler with all warnings as errors, run, and compared."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit
from backlit.errors import UsageError
from backlit.functions import ACTIVATIONS
from backlit.interop import read, write
from backlit.interop.csource import to_c

Array = Any
MAIN = """
#include <stdio.h>
#include "{file}"
int main(void)
{{
    {name}_real x[{upper}_INPUTS], y[{upper}_OUTPUTS];
    while (fread(x, sizeof x, 1, stdin) == 1) {{
        {name}_predict(x, y);
        fwrite(y, sizeof y, 1, stdout);
    }}
    return {extra};
}}
"""


@pytest.fixture(scope="module")
def cc() -> str:
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if found is None:
        pytest.skip("there is no C compiler here (cc, gcc or clang)")
    return found


def compiled(cc: str, net: Any, folder: Path, name: str = "net", extra: str = "0") -> Path:
    write(net, folder / "net.h", name=name)
    source = folder / "main.c"
    source.write_text(MAIN.format(file="net.h", name=name, upper=name.upper(), extra=extra))
    flags = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run([cc, *flags, str(source), "-o", str(folder / "run"), "-lm"], check=True)
    return folder / "run"


def run(program: Path, net: Any, X: Array) -> Array:
    out = subprocess.run([str(program)], input=X.astype(net.dtype).tobytes(), check=True, capture_output=True)
    return np.frombuffer(out.stdout, net.dtype).reshape(len(X), -1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_activation_compiles_and_computes_the_same(
    cc: str, dtype: Any, tmp_path: Path, rng: Any
) -> None:
    """One network for all: each function stands in a layer of its own, and once more with another parameter."""
    options = [
        *sorted(ACTIVATIONS),
        "leaky_relu(slope=0.3)",
        "elu(alpha=0.5)",
        "hard_sigmoid(slope=0.2)",
        "identity",
    ]
    net = backlit.Network([4] * (len(options) + 1), activations=options, seed=5, dtype=dtype)
    for l, option in enumerate(options, start=1):
        single = backlit.Network([4, 4], activations=[option], theta=[net.w[l], net.b[l]], dtype=dtype)
        X = rng.normal(size=(20, 4)) * 4
        theirs = run(compiled(cc, single, tmp_path), single, X) if dtype == np.float64 else None
        if theirs is not None:
            ours = single.predict(X)
            assert np.abs(theirs - ours).max() <= 1e-14 * max(1, np.abs(ours).max()), option
    X = rng.normal(size=(30, 4))
    close = 1e-5 if dtype == np.float32 else 1e-12
    ours = net.predict(X.astype(dtype))
    assert np.abs(run(compiled(cc, net, tmp_path), net, X) - ours).max() <= close * np.abs(ours).max()


def test_digits_go_to_a_microcontroller(cc: str, tmp_path: Path) -> None:
    data = backlit.data.load("digits")
    x, y = data.inputs.block / 16, data.labels()
    net = backlit.Network(
        [64, 30, 10], activations=["relu", "softmax"], cost="cross_entropy", dtype=np.float32
    )
    net.fit(x, y, epochs=3, eta=0.05, seed=1)
    outputs = run(compiled(cc, net, tmp_path, "digits"), net, x)
    assert np.array_equal(outputs.argmax(1), net.predict(x).argmax(1))
    assert np.abs(outputs - net.predict(x)).max() < 1e-6


def test_the_forward_pass_is_at_most_forty_lines_and_takes_no_memory() -> None:
    net = backlit.Network([64, 30, 20, 10], activations=["relu", "tanh", "softmax"], cost="cross_entropy")
    text = to_c(net)
    code = text[text.index("static void network_relu") :].rpartition("#endif")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 40
    assert "malloc" not in text
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_are_written_to_the_last_bit(dtype: Any) -> None:
    values = np.array([0.1, -1 / 3, 1e-30, 5e20, 0.0, 2.0, np.finfo(dtype).tiny], dtype=dtype)
    net = backlit.Network([7, 1], activations="identity", theta=[values[None], np.zeros(1)], dtype=dtype)
    text = re.search(r"network_w1\[7\] = \{.*?\n(.*?)\};", to_c(net), re.DOTALL)
    assert text is not None
    written = [dtype(one.rstrip("f")) for one in text[1].replace("\n", " ").replace(",", " ").split()]
    assert np.array_equal(np.array(written, dtype=dtype), values)


def test_class_names_can_hold_anything(cc: str, tmp_path: Path) -> None:
    names = ['"; int evil = 1; "', "back\\slash", "*/ ??/ \n", "köln"]
    net = backlit.Network([2, 4], activations="softmax", cost="cross_entropy")
    net.classes = names
    program = compiled(cc, net, tmp_path, "net", extra="puts(net_classes[0]), puts(net_classes[3]), 0")
    said = subprocess.run([str(program)], input=b"", check=True, capture_output=True).stdout
    assert said.decode().splitlines() == [names[0], names[3]]


@pytest.mark.parametrize("name", ["", "2fast", "a b", "int", "x;y", "ü", "a" * 60])
def test_a_name_that_c_can_not_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="name is a name of C's"):
        to_c(backlit.Network([2, 1]), name)


def test_a_function_of_ones_own_is_refused_and_a_header_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a function of your own, and can't be written in C"):
        to_c(backlit.Network([2, 1], activations=(np.sin, np.cos)))
    path = write(backlit.Network([2, 1]), tmp_path / "my net!.h")
    assert "my_net__predict" in path.read_text()
    with pytest.raises(UsageError, match="a C header is written, not read"):
        read(path)
