"""A network as plain C99: one header with the weights and a forward pass of a few lines, for a microcontroller.

No malloc, no library but math.h; buffers are static, so the function is not re-entrant. What stands in the header are
numbers, names of our own tables, and class names with everything unusual escaped. Only written, never read.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UsageError
from ..functions import Activation
from ..functions.activations import SELU_ALPHA, SELU_LAMBDA
from ..network import Network
from ..storage import write_safely

Array = Any
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")
_KEYWORDS = frozenset({
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float",
    "for", "goto", "if", "inline", "int", "long", "main", "register", "restrict", "return", "short", "signed", "sizeof",
    "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while",
})  # fmt: skip
_LINE = 100
# Each is an expression in z; {F} is f for float, and c(…) a constant of the network's type.
_ELEMENTWISE = {
    "sigmoid": "1 / (1 + exp{F}(-z))",
    "tanh": "tanh{F}(z)",
    "relu": "z > 0 ? z : 0",
    "leaky_relu": "z > 0 ? z : {slope} * z",
    "elu": "z > 0 ? z : {alpha} * expm1{F}(z)",
    "selu": "{lam} * (z > 0 ? z : {alpha} * expm1{F}(z))",
    "gelu": "z * erfc{F}(-z * {root}) / 2",
    "gelu_tanh": "z / (1 + exp{F}(-{two_root} * (z + {cubic} * z * z * z)))",
    "silu": "z / (1 + exp{F}(-z))",
    "softplus": "(z > 0 ? z : 0) + log1p{F}(exp{F}(-fabs{F}(z)))",
    "softsign": "z / (1 + fabs{F}(z))",
    "hard_sigmoid": "fmin{F}(1, fmax{F}(0, {slope} * z + {half}))",
    "exp": "exp{F}(z)",
}
_CONSTANTS = {
    "lam": float(SELU_LAMBDA),
    "root": 0.5**0.5,
    "two_root": 2 * (2 / np.pi) ** 0.5,
    "cubic": 0.044715,
    "half": 0.5,
}


def to_c(net: Network, name: str = "network") -> str:
    """The header as text. ``void NAME_predict(const NAME_real *x, NAME_real *y)`` gives a^L of one a^0.

    ``name`` is what everything in it begins with. The recipe does not go along: x is a^0. Raises UsageError for
    functions of your own, and for a name that C can't have.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _KEYWORDS:
        raise UsageError(f"name is a name of C's: letters, digits and _, not a keyword; got {name!r}")
    for row in net.activations:
        if not row.built_in or (row.name not in _ELEMENTWISE and row.name not in ("identity", "softmax")):
            raise UsageError(
                f"the activation {row.option!r} is a function of your own, and can't be written in C"
            )
    lines = [*_head(net, name), *_weights(net, name), "", *_forward(net, name), "", "#endif", ""]
    return "\n".join(lines)


def write_c(net: Network, path: str | Path, *, name: str | None = None) -> Path:
    """Writes the header; its names begin with ``name``, or with the file's own made one of C's."""
    made = re.sub(r"[^A-Za-z0-9_]", "_", Path(path).stem)[:40]
    usable = bool(_NAME.fullmatch(made)) and made not in _KEYWORDS
    return write_safely(path, to_c(net, name or (made if usable else "network")).encode(), "the header")


def _head(net: Network, name: str) -> Iterator[str]:
    kind = "float" if net.dtype == np.float32 else "double"
    yield from _wrapped_words(
        f"/* A network of {'-'.join(map(str, net.sizes))} neurons ({_functions(net)}), written by Backlit."
    )
    yield ""
    yield f"   {name}_predict(x, y) puts the {net.sizes[-1]} outputs of the {net.sizes[0]} inputs x into y."
    yield f"   It is C99, needs math.h (link with -lm) and {_buffers(net):,} numbers of static memory, so it is not"
    yield "   re-entrant."
    if net.recipe is not None:
        yield "   x are the inputs after the model's recipe: scaled and encoded as it was trained."
    yield "*/"
    guard = f"BACKLIT_{name.upper()}_H"
    yield from (f"#ifndef {guard}", f"#define {guard}", "", "#include <math.h>", "")
    yield f"#define {name.upper()}_INPUTS {net.sizes[0]}"
    yield f"#define {name.upper()}_OUTPUTS {net.sizes[-1]}"
    yield f"typedef {kind} {name}_real;"
    yield ""
    if net.classes is not None:
        yield from _wrapped(
            f"static const char *const {name}_classes[{len(net.classes)}] = {{",
            [_quoted(str(one)) for one in net.classes],
        )
        yield ""


def _functions(net: Network) -> str:
    options = [row.option for row in net.activations]
    return options[0] if len(set(options)) == 1 else ", ".join(options)


def _wrapped_words(text: str) -> list[str]:
    return textwrap.wrap(text, _LINE, subsequent_indent="   ")


def _buffers(net: Network) -> int:
    return 2 * max([1, *net.sizes[1:-1]])


def _quoted(word: str) -> str:
    """A C string: plain ASCII as it is, any other byte as three octal digits."""
    plain = {byte for byte in range(32, 127) if chr(byte) not in '"\\?'}
    return (
        '"'
        + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in word.encode("utf-8", "replace"))
        + '"'
    )


def _weights(net: Network, name: str) -> Iterator[str]:
    for l in range(1, net.L + 1):
        for letter, array in (("w", net.w[l]), ("b", net.b[l])):
            shape = f" /* {' x '.join(map(str, array.shape))} */"
            start = f"static const {name}_real {name}_{letter}{l}[{array.size}] = {{{shape}"
            yield from _wrapped(start, [_number(one, net.dtype) for one in array.reshape(-1)])


def _wrapped(start: str, parts: Sequence[str]) -> Iterator[str]:
    yield start
    line = "   "
    for place, part in enumerate(parts):
        piece = f" {part}{',' if place + 1 < len(parts) else ''}"
        if len(line) + len(piece) > _LINE and line.strip():
            yield line
            line = "   "
        line += piece
    yield line
    yield "};"


def _number(value: Any, dtype: Any) -> str:
    """A number that C reads back to the same bits."""
    text = f"{float(value):.9g}" if dtype == np.float32 else f"{float(value):.17g}"
    text = text if any(mark in text for mark in ".en") else f"{text}.0"
    return f"{text}f" if dtype == np.float32 else text


def _forward(net: Network, name: str) -> Iterator[str]:
    """The table of layers, and the pass through it."""
    real, rows = f"{name}_real", [row for row in net.activations if row.name != "identity"]
    names = {row: f"{name}_{row.name}{k or ''}" for k, row in enumerate(dict.fromkeys(rows))}
    for row, function in names.items():
        yield from _activation(row, function, real, net.dtype)
    yield f"static const struct {{ const {real} *w, *b; int in, out; void (*f)({real} *, int); }}"
    yield f"{name}_layers[{net.L}] = {{"
    for l, row in enumerate(net.activations, start=1):
        function = names.get(row, "0")
        yield f"    {{ {name}_w{l}, {name}_b{l}, {net.sizes[l - 1]}, {net.sizes[l]}, {function} }},"
    yield "};"
    yield ""
    yield f"static void {name}_predict(const {real} *x, {real} *y)"
    yield "{"
    yield f"    static {real} between[2][{_buffers(net) // 2}];"
    yield f"    for (int l = 0; l < {net.L}; l++) {{"
    yield f"        {real} *z = l == {net.L - 1} ? y : between[l % 2];"
    yield f"        for (int j = 0; j < {name}_layers[l].out; j++) {{"
    yield f"            const {real} *w = {name}_layers[l].w + (long)j * {name}_layers[l].in;"
    yield f"            z[j] = {name}_layers[l].b[j];"
    yield f"            for (int k = 0; k < {name}_layers[l].in; k++) z[j] += w[k] * x[k];"
    yield "        }"
    yield f"        if ({name}_layers[l].f) {name}_layers[l].f(z, {name}_layers[l].out);"
    yield "        x = z;"
    yield "    }"
    yield "}"


def _activation(row: Activation, function: str, real: str, dtype: Any) -> Iterator[str]:
    suffix = "f" if dtype == np.float32 else ""
    yield f"static void {function}({real} *a, int n)"
    yield "{"
    if row.name == "softmax":
        yield f"    {real} most = a[0], sum = 0;"
        yield f"    for (int j = 1; j < n; j++) most = fmax{suffix}(most, a[j]);"
        yield f"    for (int j = 0; j < n; j++) sum += a[j] = exp{suffix}(a[j] - most);"
        yield "    for (int j = 0; j < n; j++) a[j] /= sum;"
    else:
        numbers = {**_CONSTANTS, **row.parameters}
        if row.name == "selu":
            numbers["alpha"] = float(SELU_ALPHA)
        known = {key: _number(value, dtype) for key, value in numbers.items()}
        formula = _ELEMENTWISE[row.name].format(F=suffix, **known)
        yield f"    for (; n > 0; n--, a++) {{ {real} z = *a; *a = {formula}; }}"
    yield "}"
    yield ""
