"""What the reader of a user's source knows: the arithmetic of NumPy, PyTorch and Python that can do no harm.

Tables of names and what they compute on small NumPy arrays. Nothing here opens a file, starts a process or keeps
state; what is not in a table is not computed (reader.py says so with Unreadable).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

MOST = 4096  # entries of one array or list: far more than the small networks here need


class Unreadable(Exception):
    """The source does something that is not read here, or fails on the small network."""


class Endless(Unreadable):
    """It takes more steps than a gradient of a small network can need."""


def bounded(value: Any) -> Any:
    """``value``, unless it is larger than anything that belongs here."""
    if isinstance(value, np.ndarray):
        if value.size > MOST:
            raise Unreadable("an array is too large")
    elif isinstance(value, (list, tuple, range, str)) and len(value) > MOST:
        raise Unreadable("a list is too long")
    elif isinstance(value, int) and abs(value) > 2**64:
        raise Unreadable("a number is too large")
    return value


def _shape(*given: Any) -> tuple[int, ...]:
    shape = given[0] if len(given) == 1 and isinstance(given[0], (tuple, list)) else given
    whole = tuple(int(n) for n in shape)
    if any(n < 0 for n in whole) or math.prod(whole) > MOST:
        raise Unreadable("an array is too large")
    return whole


def _filled(value: float) -> Callable[..., Any]:
    return lambda *shape, **_: np.full(_shape(*(n for n in shape if not isinstance(n, type))), value)


def _axes(options: dict[str, Any]) -> dict[str, Any]:
    """PyTorch's dim and keepdim as NumPy's axis and keepdims."""
    names = {"dim": "axis", "keepdim": "keepdims"}
    kept = {names.get(key, key): value for key, value in options.items()}
    return {key: value for key, value in kept.items() if key in {"axis", "keepdims"}}


def _reduced(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(values: Any, *axis: Any, **options: Any) -> Any:
        if len(axis) > 1:
            options, axis = {**options, "keepdim": axis[1]}, axis[:1]
        return function(np.asarray(values), *axis, **_axes(options))

    return reduce


def _einsum(letters: str, *arrays: Any, **_: Any) -> Any:
    sizes = {
        letter: n
        for part, array in zip(letters.split("->", maxsplit=1)[0].split(","), arrays, strict=True)
        for letter, n in zip(part.strip(), np.shape(array), strict=True)
    }
    if math.prod(sizes.values()) > MOST * 16:
        raise Unreadable("a product is too large")
    return np.einsum(letters, *arrays)


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(z)))


def _softmax(z: Any, *axis: int, **options: Any) -> Any:
    along = axis[0] if axis else options.get("axis", options.get("dim", -1))
    raised = np.exp(z - np.max(z, axis=along, keepdims=True))
    return raised / raised.sum(axis=along, keepdims=True)


def _clamp(values: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002 (PyTorch's names)
    return np.clip(values, min, max)


def _array(values: Any, *_: Any, **__: Any) -> Any:
    made = np.array(values)
    if made.dtype.kind not in "fiub":
        raise Unreadable("an array that is not of numbers")
    return bounded(made.astype(float) if made.dtype.kind in "iu" else made)


_ELEMENTWISE = (
    "exp expm1 log log1p tanh cosh sinh sqrt abs absolute maximum minimum where sign heaviside square power clip "
    "add subtract multiply divide negative reciprocal isclose logical_and logical_or logical_not greater less "
    "greater_equal less_equal sin cos"
)
_SHAPES = (
    "reshape transpose squeeze expand_dims atleast_2d ravel copy flip diag diagonal newaxis concatenate stack "
    "hstack vstack split array_equal allclose argmax argmin take_along_axis swapaxes broadcast_to shape ndim size "
    "cumsum"
)
_PRODUCTS = "dot matmul inner vdot multiply"
_LIKE = "zeros_like ones_like empty_like full_like"
_TYPES = ("float64", "float32", "int64", "int32", "double", "long", "bool_", "newaxis", "float_", "floating")

NUMPY: dict[str, Any] = {
    name: getattr(np, name)
    for name in f"{_ELEMENTWISE} {_SHAPES} {_PRODUCTS} {_LIKE}".split()
    if hasattr(np, name)
}
NUMPY |= {
    name: _reduced(getattr(np, name))
    for name in ("sum", "mean", "max", "min", "amax", "amin", "prod", "any", "all")
}
NUMPY |= {name: getattr(np, name, np.float64) for name in _TYPES} | {"newaxis": None}
NUMPY |= {
    "array": _array, "asarray": _array, "float": float, "ndarray": np.ndarray, "pi": math.pi, "e": math.e,
    "inf": math.inf, "zeros": _filled(0.0), "ones": _filled(1.0), "empty": _filled(0.0), "einsum": _einsum,
    "outer": lambda a, b: bounded(np.outer(a, b)), "eye": lambda n, *_, **__: np.eye(_shape(n)[0]),
    "arange": lambda *ends, **_: np.array(range(*ends)), "identity": lambda n: np.eye(_shape(n)[0]),
    "full": lambda shape, value, **_: np.full(_shape(shape), value),
    "tensordot": np.tensordot,
}  # fmt: skip
TORCH: dict[str, Any] = {
    **NUMPY, "tensor": _array, "as_tensor": _array, "from_numpy": _array, "mm": np.matmul, "mv": np.matmul,
    "ger": NUMPY["outer"], "sigmoid": _sigmoid, "relu": lambda z: np.maximum(z, 0), "clamp": _clamp,
    "softmax": _softmax, "pow": np.power, "mul": np.multiply, "neg": np.negative, "t": np.transpose,
    "unsqueeze": np.expand_dims, "cat": np.concatenate, "no_grad": lambda: None, "Tensor": np.ndarray,
    "transpose": np.swapaxes, "set_grad_enabled": lambda _: None,
}  # fmt: skip
SCIPY = {"expit": _sigmoid, "softmax": _softmax}
MATH = {
    name: getattr(math, name)
    for name in [
        "exp",
        "log",
        "tanh",
        "sqrt",
        "fabs",
        "pi",
        "e",
        "cosh",
        "sinh",
        "pow",
        "prod",
        "fsum",
        "inf",
    ]
}
MODULES: dict[str, dict[str, Any]] = {
    "numpy": NUMPY, "jax.numpy": NUMPY, "autograd.numpy": NUMPY, "torch": TORCH, "torch.nn.functional": TORCH,
    "math": MATH, "scipy.special": SCIPY,
}  # fmt: skip


def _range(*ends: int) -> range:
    return bounded(range(*ends))  # type: ignore[no-any-return]


BUILTINS: dict[str, Any] = {
    "range": _range, "len": len, "abs": abs, "int": int, "float": float, "bool": bool, "str": str, "round": round,
    "min": min, "max": max, "list": list, "tuple": tuple, "dict": dict, "set": set, "print": lambda *_, **__: None,
    "zip": lambda *parts, **_: list(zip(*parts, strict=False)), "enumerate": lambda *of: list(enumerate(*of)),
    "reversed": lambda values: list(reversed(values)), "sorted": sorted, "any": any, "all": all, "sum": sum,
    "map": lambda function, *of: [function(*each) for each in zip(*of, strict=False)], "None": None, "pow": pow,
    "True": True, "False": False, "iter": list,
}  # fmt: skip


# ------------------------------------------------------------------------------------------- methods and attributes


def _reshape(array: Any, *shape: Any) -> Any:
    return array.reshape(*shape)


def _zeroed(array: Any) -> Any:
    array[...] = 0
    return array


def _added(array: Any, other: Any, **options: Any) -> Any:
    array += options.get("alpha", 1) * other
    return array


def _same(array: Any, *_: Any, **__: Any) -> Any:
    return array


ARRAY_METHODS: dict[str, Callable[..., Any]] = {
    **{name: NUMPY[name] for name in ("sum", "mean", "max", "min", "prod", "any", "all")},
    **dict.fromkeys(("reshape", "view"), _reshape),
    **dict.fromkeys(("detach", "numpy", "float", "double", "cpu", "to", "type_as", "requires_grad_", "type"), _same),
    **dict.fromkeys(("copy", "clone", "astype"), np.copy),
    "astype": lambda array, *_, **__: array * 1.0, "t": np.transpose, "transpose": np.transpose, "dot": np.dot,
    "mm": np.matmul, "matmul": np.matmul, "mv": np.matmul, "outer": NUMPY["outer"], "ger": NUMPY["outer"],
    "flatten": np.ravel, "ravel": np.ravel, "squeeze": np.squeeze, "unsqueeze": np.expand_dims,
    "item": lambda array, *at: array.item(*at), "tolist": lambda array: array.tolist(), "exp": np.exp,
    "tanh": np.tanh, "log": np.log, "sqrt": np.sqrt, "sigmoid": _sigmoid, "relu": lambda z: np.maximum(z, 0),
    "pow": np.power, "abs": np.abs, "clamp": _clamp, "clip": np.clip, "argmax": np.argmax, "numel": np.size,
    "zero_": _zeroed,
    "fill": lambda array, value: array.fill(value), "add_": _added, "sub_": lambda array, other: _added(array, -other),
    "mul": np.multiply, "add": np.add, "sub": np.subtract, "neg": np.negative, "conj": np.copy,
    "dim": np.ndim, "new_zeros": lambda _, *shape: np.zeros(_shape(*shape)),
    "swapaxes": np.swapaxes, "diagonal": np.diagonal, "unbind": list, "square": np.square,
}  # fmt: skip
ARRAY_ATTRIBUTES: dict[str, Callable[..., Any]] = {
    "T": lambda array: array.T, "mT": lambda array: np.swapaxes(array, -1, -2), "shape": np.shape, "ndim": np.ndim,
    "size": np.size, "dtype": lambda array: np.float64, "data": _same, "device": lambda array: None,
}  # fmt: skip
LIST_METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(list, name)
    for name in ["append", "insert", "pop", "reverse", "extend", "copy", "index", "clear"]
}
DICT_METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(dict, name) for name in ["get", "update", "copy", "setdefault", "pop", "clear"]
} | {"items": lambda d: list(d.items()), "keys": lambda d: list(d), "values": lambda d: list(d.values())}  # noqa: PLW0108

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv,
    "MatMult": operator.matmul, "FloorDiv": operator.floordiv, "Mod": operator.mod, "Eq": operator.eq,
    "NotEq": operator.ne, "Lt": operator.lt, "LtE": operator.le, "Gt": operator.gt, "GtE": operator.ge,
    "Is": operator.is_, "IsNot": operator.is_not, "In": lambda one, many: one in many,
    "NotIn": lambda one, many: one not in many, "BitAnd": operator.and_, "BitOr": operator.or_,
}  # fmt: skip
IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.iadd, "Sub": operator.isub, "Mult": operator.imul, "Div": operator.itruediv,
    "MatMult": operator.matmul,
}  # fmt: skip
SIGNS: dict[str, Callable[[Any], Any]] = {
    "USub": operator.neg,
    "UAdd": operator.pos,
    "Invert": operator.invert,
}


def power(base: Any, exponent: Any) -> Any:
    """base ** exponent, unless that is an integer without end."""
    if isinstance(base, int) and isinstance(exponent, int) and (abs(exponent) > 64 or abs(base) > 2**16):
        raise Unreadable("a power is too large")
    return base**exponent


def times(left: Any, right: Any) -> Any:
    """left * right, unless that repeats a list or a text without end."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, (list, tuple, str)) and isinstance(other, int) and len(one) * other > MOST:
            raise Unreadable("a list is too long")
    return left * right


OPERATORS |= {"Pow": power, "Mult": times}
