"""What each of PyTorch's operations is in a chain: one row of a table an operation, by PyTorch's own name.

Functions that Backlit has not, but that are one of its own between two scalings (Softplus with a β, LogSigmoid, CELU),
are put down as that. Nothing of PyTorch is imported here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..options import format_option
from .torch_chain import LOG_SOFTMAX, Fault, Function, Scale, Step
from .torch_walk import ABS, BATCH, Call, Data, Handler, Shape, Walk, branch, is_function, is_scale

Array = Any
_THRESHOLD = 20  # above which PyTorch's softplus is z itself


def _plain(option: str) -> Handler:
    return lambda walk, call: walk.function(call, option)


def _nothing(walk: Walk, call: Call) -> Any:
    """What leaves the data as it is."""
    return call.given["input"] if isinstance(call.given.get("input"), (np.ndarray, Shape)) else walk.here


def _dropout(walk: Walk, call: Call) -> Data:
    if call.get("training", call.get("train", True)):
        raise Fault(
            f"{call.shown} draws at random in evaluation too, as F.dropout does by default; write "
            "training=self.training"
        )
    return walk.say(f"{call.shown} is left out: it does nothing in evaluation")


def _linear(walk: Walk, call: Call) -> Data:
    bias = call.get("bias")
    return walk.affine(call, call.array("weight"), None if bias is None else call.array("bias"))


def _matmul(walk: Walk, call: Call) -> Any:
    """x @ w, w (n_in, n_out)."""
    if isinstance(call.given.get("input"), np.ndarray):
        raise Fault(f"{call.shown}: the data stands on the right of @; Backlit reads rows, x @ w")
    return walk.affine(call, call.array("other" if "other" in call.given else "mat2").T, None)


def _addmm(walk: Walk, call: Call) -> Data:
    return walk.affine(call, call.array("mat2").T, call.array("input"))


def _batch_norm(walk: Walk, call: Call) -> Data:
    if call.get("running_mean") is None or call.get("running_var") is None:
        raise Fault(
            f"{call.shown} keeps no running mean and variance, so what it gives depends on which examples stand "
            "together; train with track_running_stats=True"
        )
    if call.get("training", False):
        raise Fault(f"{call.shown} is in training mode; write training=self.training")
    mean = call.array("running_mean").astype(np.float64)
    s = 1 / np.sqrt(call.array("running_var").astype(np.float64) + call.number("eps", 1e-5))
    if call.get("weight") is not None:
        s = s * call.array("weight")
    t = -mean * s + (0.0 if call.get("bias") is None else call.array("bias"))
    return walk.put(Scale(call.shown, s, t))


def _legit_batch_norm(walk: Walk, call: Call) -> tuple[Data, None, None]:
    return _batch_norm(walk, call), None, None


# ----------------------------------------------------------------------------------------------------------- functions


def _leaky_relu(walk: Walk, call: Call) -> Data:
    return walk.function(call, format_option("leaky_relu", {"slope": call.number("negative_slope", 0.01)}))


def _rrelu(walk: Walk, call: Call) -> Data:
    if call.get("training", False):
        raise Fault(f"{call.shown} draws its slopes at random; write training=self.training")
    slope = (call.number("lower", 1 / 8) + call.number("upper", 1 / 3)) / 2
    return walk.function(call, format_option("leaky_relu", {"slope": slope}))


def _prelu(walk: Walk, call: Call) -> Data:
    slopes = call.array("weight")
    if slopes.size != 1:
        raise Fault(f"{call.shown} has a slope for each neuron; Backlit's leaky_relu has one for a layer")
    walk.say(f"{call.shown} is leaky_relu with the slope that was learnt, {slopes.item():.4g}; here it stays")
    return walk.function(call, format_option("leaky_relu", {"slope": float(slopes.item())}))


def _elu(walk: Walk, call: Call) -> Data:
    if (call.number("scale", 1), call.number("input_scale", 1)) != (1, 1):
        raise Fault(f"{call.shown} is elu with scales, which Backlit has not")
    return walk.function(call, format_option("elu", {"alpha": call.number("alpha", 1.0)}))


def _between(walk: Walk, call: Call, before: float, option: str, after: float) -> Data:
    """after · f(before · z)."""
    zero = np.float64(0)
    scale = f"the scale of {call.shown}"
    if before != 1:
        walk.put(Scale(scale, np.float64(before), zero))
    found = walk.function(call, option)
    return found if after == 1 else walk.put(Scale(scale, np.float64(after), zero))


def _celu(walk: Walk, call: Call) -> Data:
    alpha = call.number("alpha", 1.0)
    if alpha <= 0:
        raise Fault(f"{call.shown} has alpha {alpha:g}; Backlit reads those above 0")
    return _between(walk, call, 1 / alpha, "elu", alpha)


def _softplus(walk: Walk, call: Call) -> Data:
    beta, threshold = call.number("beta", 1), call.number("threshold", 20)
    if beta <= 0 or threshold < _THRESHOLD:
        raise Fault(
            f"{call.shown} has beta {beta:g} and threshold {threshold:g}: below PyTorch's own threshold, 20, it "
            "is another function than softplus"
        )
    return _between(walk, call, beta, "softplus", 1 / beta)


def _log_sigmoid(walk: Walk, call: Call) -> Data:
    return _between(walk, call, -1, "softplus", -1)


def _gelu(walk: Walk, call: Call) -> Data:
    return walk.function(call, "gelu_tanh" if call.get("approximate", "none") == "tanh" else "gelu")


def _softmax(walk: Walk, call: Call) -> Data:
    dim = call.get("dim", -1)
    if dim not in (-1, 1):
        raise Fault(f"{call.shown} is over axis {dim}, the examples; over the outputs, it is dim=-1")
    if call.op == LOG_SOFTMAX:
        return walk.put(Function(call.shown, LOG_SOFTMAX))
    return walk.function(call, "softmax")


def _clamp(walk: Walk, call: Call) -> Data:
    low, high = call.get("min"), call.get("max")
    if low == 0 and high is None:
        return walk.function(call, "relu")
    slope = _half_and_slope(walk.chain.steps) if (low, high) == (0, 1) else None
    if slope is not None:
        return walk.function(call, format_option("hard_sigmoid", {"slope": slope}))
    raise Fault(f"{call.shown} cuts off at {low} and {high}; Backlit has relu, and hard_sigmoid(slope=…)")


def _half_and_slope(steps: list[Step]) -> float | None:
    """The slope s of s z + ½ where the chain ends with that, which is then taken off it."""
    if not (steps and is_scale(steps[-1], 1, 0.5)):
        return None
    steps.pop()
    last = steps[-1] if steps else None
    if isinstance(last, Scale) and np.size(last.s) == 1 and np.all(last.t == 0):
        steps.pop()
        return float(last.s)
    return 1.0


# ---------------------------------------------------------------------------------------------------------- arithmetic


def _arithmetic(walk: Walk, call: Call) -> Any:
    """+ − × ÷ of the data and a constant; of two ways that meet, silu and softsign written out are known."""
    one, other = call.given.get("input"), call.given.get("other")
    if call.get("alpha", 1) != 1 or call.get("rounding_mode"):
        raise Fault(f"{call.shown} has alpha or rounding_mode, for which there is no rule")
    if isinstance(one, Data) and isinstance(other, Data):
        return _joined(walk, call, one, other)
    data, constant = (one, other) if isinstance(one, Data) else (other, one)
    if not isinstance(data, Data):
        return _of_constants(call, one, other)
    if data.at != walk.here.at:
        raise branch(call, data, walk.here)
    c = np.asarray(constant)
    if c.dtype.kind not in "iuf" or (c.ndim and c.size != c.shape[-1]):
        raise Fault(f"{call.shown}: {call.op} with something that is no number and no row of numbers")
    c = c.astype(np.float64).reshape(-1) if c.ndim else c.astype(np.float64)
    unit, zero = np.float64(1), np.float64(0)
    first = isinstance(one, Data)
    if call.op == "add":
        return walk.put(Scale(call.shown, unit, c))
    if call.op == "sub":
        return walk.put(Scale(call.shown, unit, -c) if first else Scale(call.shown, -unit, c))
    if call.op == "mul":
        return walk.put(Scale(call.shown, c, zero))
    if not first or np.any(c == 0):
        raise Fault(f"{call.shown} divides by the data, or by 0; no layer does that")
    return walk.put(Scale(call.shown, 1 / c, zero))


def _joined(walk: Walk, call: Call, one: Data, other: Data) -> Data:
    steps = walk.chain.steps
    early, late = sorted((one, other), key=lambda data: data.at)
    between = steps[early.at : late.at]
    if late.at == len(steps):
        if call.op == "mul" and len(between) == 1 and is_function(between[0], "sigmoid"):
            del steps[early.at :]
            return walk.function(call, "silu")
        softsign = len(between) == 2 and is_function(between[0], ABS) and is_scale(between[1], 1, 1)
        if call.op == "div" and softsign and other is late:
            del steps[early.at :]
            return walk.function(call, "softsign")
    raise branch(call, early, late)


def _abs(walk: Walk, call: Call) -> Data:
    return walk.put(Function(call.shown, ABS))


def _of_constants(call: Call, one: Any, other: Any) -> Any:
    if isinstance(one, Shape) or isinstance(other, Shape) or BATCH in (str(one), str(other)):
        raise Fault(f"{call.shown} computes with the number of rows, for which there is no rule")
    with np.errstate(all="ignore"):
        return {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}[call.op](one, other)


# -------------------------------------------------------------------------------------------------------------- shapes


def _flatten(walk: Walk, call: Call) -> Data:
    start, end = call.get("start_dim", 0), call.get("end_dim", -1)
    if start == 1 or walk.width == 1:
        return walk.here
    raise Fault(f"{call.shown} flattens from axis {start} to {end}, and so joins examples; take start_dim=1")


def _reshape(walk: Walk, call: Call) -> Any:
    """A reshape that leaves every example in a row of its own."""
    if not isinstance(call.given.get("input", call.args[0] if call.args else None), Data):
        raise Fault(
            f"{call.shown} reshapes a tensor that does not depend on the data; store it in that shape"
        )
    given = call.given.get("shape", call.given.get("size"))
    shape = given if isinstance(given, tuple) else call.args[1:]
    if len(shape) == 1 and isinstance(shape[0], (tuple, Shape)):
        shape = (BATCH, shape[0].width) if isinstance(shape[0], Shape) else shape[0]
    width = walk.width
    if width == 1 and len(shape) == 1:
        return walk.here
    rows, rest = (shape[0], shape[1]) if len(shape) == 2 else (None, None)
    known = rows in (BATCH, -1) or (walk.batch is not None and rows == walk.batch)
    fits = rest == width or (width is None and isinstance(rest, int)) or (rest == -1 and rows != -1)
    if not (known and fits):
        shown = ", ".join("rows" if one == BATCH else str(one) for one in shape)
        raise Fault(
            f"{call.shown} makes the shape ({shown}), in which an example is not a row; flatten with x.flatten(1)"
        )
    return walk.here


def _squeeze(walk: Walk, call: Call) -> Data:
    if walk.width == 1:
        return walk.here
    raise Fault(f"{call.shown} takes axes away where there is not one output; leave it out")


def _size(walk: Walk, call: Call) -> Any:
    shape = Shape(walk.width)
    dim = call.get("dim")
    return shape if dim is None else _entry(call, shape, dim)


def _getitem(walk: Walk, call: Call) -> Any:
    given, index = call.given.get("input"), call.given.get("index")
    if isinstance(given, Shape):
        return _entry(call, given, index)
    if isinstance(given, tuple) and isinstance(index, int) and -len(given) <= index < len(given):
        return given[index]
    raise Fault(
        f"{call.shown} takes a part of the data, and Backlit's layers take all of it; give the part as input"
    )


def _entry(call: Call, shape: Shape, index: Any) -> Any:
    if index == 0:
        return BATCH
    if index in (1, -1) and shape.width is not None:
        return shape.width
    if index in (1, -1):
        return -1
    raise Fault(f"{call.shown} asks for axis {index} of the data, which has rows and columns")


def _getattr(walk: Walk, call: Call) -> Any:
    given, name = call.given.get("input"), call.given.get("name")
    if isinstance(given, Data) and name == "shape":
        return Shape(walk.width)
    if isinstance(given, np.ndarray) and name in ("T", "mT", "data"):
        return given if name == "data" else given.T
    raise Fault(f"{call.shown} reads .{name}, for which there is no rule")


def _transpose(walk: Walk, call: Call) -> Array:
    given = call.given.get("input", call.args[0] if call.args else None)
    if isinstance(given, np.ndarray) and given.ndim == 2:
        dims = call.args[1:] or tuple(call.given.get(name) for name in ("dim0", "dim1", "dims"))
        return given if dims in ((0, 1), ((0, 1),)) and call.op == "permute" else given.T
    raise Fault(f"{call.shown} transposes the data, and so takes examples for neurons; leave it out")


_PASSED = ("contiguous", "clone", "detach", "alias", "requires_grad", "lift_fresh_copy", "cpu")
_CASTS = ("to", "float", "double", "type", "type_as", "_to_copy")
HANDLERS: Mapping[str, Handler] = {
    "linear": _linear, "matmul": _matmul, "mm": _matmul, "addmm": _addmm,
    "batch_norm": _batch_norm, "_native_batch_norm_legit_no_training": _legit_batch_norm,
    "backlit": lambda walk, call: walk.function(call, call.args[1]),
    "dropout": _dropout, "alpha_dropout": _dropout, "feature_dropout": _dropout, "feature_alpha_dropout": _dropout,
    "identity": _nothing, **dict.fromkeys(_PASSED, _nothing), **dict.fromkeys(_CASTS, _nothing),
    "relu": _plain("relu"), "sigmoid": _plain("sigmoid"), "tanh": _plain("tanh"), "selu": _plain("selu"),
    "silu": _plain("silu"), "softsign": _plain("softsign"), "exp": _plain("exp"), "abs": _abs,
    "hardsigmoid": _plain("hard_sigmoid"), "leaky_relu": _leaky_relu, "rrelu": _rrelu, "prelu": _prelu,
    "elu": _elu, "celu": _celu, "softplus": _softplus, "logsigmoid": _log_sigmoid, "log_sigmoid": _log_sigmoid,
    "gelu": _gelu, "softmax": _softmax, "log_softmax": _softmax,
    "clamp": _clamp, "clamp_min": _clamp,
    "add": _arithmetic, "sub": _arithmetic, "mul": _arithmetic, "div": _arithmetic,
    "flatten": _flatten, "view": _reshape, "reshape": _reshape, "_unsafe_view": _reshape, "squeeze": _squeeze,
    "size": _size, "sym_size": _size, "getitem": _getitem, "getattr": _getattr,
    "t": _transpose, "transpose": _transpose, "permute": _transpose, "numpy_T": _transpose,
}  # fmt: skip
NORMAL = {
    "iadd": "add", "isub": "sub", "imul": "mul", "truediv": "div", "itruediv": "div", "true_divide": "div",
    "divide": "div", "multiply": "mul", "subtract": "sub", "clip": "clamp", "_log_softmax": "log_softmax",
    "_softmax": "softmax",
}  # fmt: skip


def plain_name(op: str) -> str:
    """One name for an operation: without prefix, overload and the underscore of what works in place."""
    parts = op.split(".")
    if parts[:1] == ["torch"] and "aten" in parts:
        op = parts[parts.index("aten") + 1]
    elif parts[0] == "aten" and len(parts) > 1:
        op = parts[1]
    op = op if op.startswith("__") else op.rstrip("_")
    return NORMAL.get(op, op)


def softplus_apart(steps: Any) -> float:
    """How far PyTorch's softplus is from softplus: above its threshold it takes z itself."""
    return math.log1p(math.exp(-_THRESHOLD)) if any(is_function(step, "softplus") for step in steps) else 0.0
