"""What each kind of expression holds: the second half of reader.py, one short function a kind.

Importing this fills the reader's table. Calls and attributes go through the tables of allowed.py alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from .allowed import (
    ARRAY_ATTRIBUTES,
    ARRAY_METHODS,
    DICT_METHODS,
    LIST_METHODS,
    OPERATORS,
    SIGNS,
    Unreadable,
    bounded,
)
from .reader import EXPRESSIONS, Class, Frame, Function, Module, Reader, Thing
from .tape import Step, applied, backward


def _operate(name: str, left: Any, right: Any) -> Any:
    if name not in OPERATORS:
        raise Unreadable(f"{name} is not read")
    return bounded(OPERATORS[name](left, right))


def _binary(reader: Reader, node: ast.BinOp, frame: Frame) -> Any:
    left, right = reader.value(node.left, frame), reader.value(node.right, frame)
    return _operate(type(node.op).__name__, left, right)


def _unary(reader: Reader, node: ast.UnaryOp, frame: Frame) -> Any:
    value = reader.value(node.operand, frame)
    return not value if isinstance(node.op, ast.Not) else SIGNS[type(node.op).__name__](value)


def _bool(reader: Reader, node: ast.BoolOp, frame: Frame) -> Any:
    value = None
    for each in node.values:
        value = reader.value(each, frame)
        if bool(value) != isinstance(node.op, ast.And):
            break
    return value


def _compare(reader: Reader, node: ast.Compare, frame: Frame) -> Any:
    left, found = reader.value(node.left, frame), True
    for op, each in zip(node.ops, node.comparators, strict=True):
        right = reader.value(each, frame)
        found = _operate(type(op).__name__, left, right)
        if len(node.ops) > 1 and not found:
            return False
        left = right
    return found


def _subscript(reader: Reader, node: ast.Subscript, frame: Frame) -> Any:
    holder, index = reader.value(node.value, frame), reader.value(node.slice, frame)
    if not isinstance(holder, (list, tuple, dict, np.ndarray, str, range)):
        raise Unreadable("this has no entries")
    return holder[index]


def _slice(reader: Reader, node: ast.Slice, frame: Frame) -> Any:
    return slice(
        *(None if one is None else reader.value(one, frame) for one in (node.lower, node.upper, node.step))
    )


def _listed(reader: Reader, nodes: list[ast.expr], frame: Frame) -> list[Any]:
    found: list[Any] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            found += reader.items(reader.value(node.value, frame))
        else:
            found.append(reader.value(node, frame))
    return found


def _dict(reader: Reader, node: ast.Dict, frame: Frame) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        held = reader.value(value, frame)
        if key is None:
            found |= held
        else:
            found[reader.value(key, frame)] = held
    return found


def _text(reader: Reader, node: ast.JoinedStr, frame: Frame) -> str:
    parts = (
        str(reader.value(one.value, frame)) if isinstance(one, ast.FormattedValue) else str(one.value)
        for one in node.values
        if isinstance(one, (ast.FormattedValue, ast.Constant))
    )
    return "".join(parts)


def _comprehend(
    reader: Reader, loops: list[ast.comprehension], frame: Frame, each: Callable[[Frame], None]
) -> None:
    if not loops:
        each(frame)
        return
    first, *rest = loops
    inside = Frame({}, frame)
    for one in reader.items(reader.value(first.iter, frame)):
        reader.bind(first.target, one, inside)
        if all(reader.value(test, inside) for test in first.ifs):
            _comprehend(reader, rest, inside, each)


def _list_of(reader: Reader, node: ast.ListComp | ast.GeneratorExp, frame: Frame) -> list[Any]:
    found: list[Any] = []
    _comprehend(reader, node.generators, frame, lambda inside: found.append(reader.value(node.elt, inside)))
    return found


def _dict_of(reader: Reader, node: ast.DictComp, frame: Frame) -> dict[Any, Any]:
    found: dict[Any, Any] = {}

    def put(inside: Frame) -> None:
        found[reader.value(node.key, inside)] = reader.value(node.value, inside)

    _comprehend(reader, node.generators, frame, put)
    return found


def _condition(reader: Reader, node: ast.IfExp, frame: Frame) -> Any:
    return reader.value(node.body if reader.value(node.test, frame) else node.orelse, frame)


def _walrus(reader: Reader, node: ast.NamedExpr, frame: Frame) -> Any:
    value = reader.value(node.value, frame)
    frame.bind(node.target.id, value)
    return value


# ------------------------------------------------------------------------------------------- attributes and calls


def _attribute(reader: Reader, node: ast.Attribute, frame: Frame) -> Any:
    holder, name = reader.value(node.value, frame), node.attr
    if isinstance(holder, Module):
        return _of_module(holder, name)
    if isinstance(holder, Thing):
        return _of_thing(reader, holder, name)
    if isinstance(holder, Class):
        found = holder.find(name)
        if found is None:
            raise Unreadable(f"{name} is not known")
        return found
    if isinstance(holder, np.ndarray) and name == "grad":
        return reader.gradients.get(id(holder))
    of_array = ARRAY_ATTRIBUTES.get(name)
    if isinstance(holder, (np.ndarray, np.generic, float)) and of_array is not None:
        return of_array(holder)
    raise Unreadable(f"{name} is not read")


def _of_module(module: Module, name: str) -> Any:
    if name in module.names:
        return module.names[name]
    inner = {"nn": "torch.nn", "functional": "torch.nn.functional", "numpy": "jax.numpy"}.get(name)
    if inner is not None:
        from .allowed import MODULES

        return Module(MODULES.get(inner, {}), inner)
    raise Unreadable(f"{name} is not known")


def _of_thing(reader: Reader, thing: Thing, name: str) -> Any:
    if name in thing.names:
        return thing.names[name]
    found = thing.of.find(name) if thing.of is not None else None
    if not isinstance(found, Function):
        if found is None:
            raise Unreadable(f"{name} is not known")
        return found
    if found.kind == "static":
        return found
    bound = Function(found.node, found.frame, found.defaults, thing)
    return reader.call(bound, [thing], {}) if found.kind == "property" else bound


def _call(reader: Reader, node: ast.Call, frame: Frame) -> Any:
    if isinstance(node.func, ast.Attribute) and node.func.attr != "__init__":
        holder = reader.value(node.func.value, frame)
        table = _methods(holder)
        if table is not None:
            return _method(reader, node, holder, table, frame)
    if isinstance(node.func, ast.Name) and node.func.id == "super":
        return Thing(None)
    function = reader.value(node.func, frame)
    given, named = _given(reader, node, frame)
    return bounded(called(reader, function, given, named))


def _methods(holder: Any) -> dict[str, Callable[..., Any]] | None:
    if isinstance(holder, (np.ndarray, np.generic, float)):
        return ARRAY_METHODS
    if isinstance(holder, list):
        return LIST_METHODS
    if isinstance(holder, Step):
        return {
            "backward": lambda step, *_: backward(step),
            "sum": lambda step: step,
            "item": lambda step: step,
        }
    return DICT_METHODS if isinstance(holder, dict) else None


def _method(
    reader: Reader, node: ast.Call, holder: Any, table: dict[str, Callable[..., Any]], frame: Frame
) -> Any:
    assert isinstance(node.func, ast.Attribute)
    name = node.func.attr
    given, named = _given(reader, node, frame)
    if name == "size" and isinstance(holder, np.ndarray):
        return holder.shape[given[0]] if given else holder.shape
    if name == "transpose" and reader.torch and len(given) == 2:
        return np.swapaxes(holder, *given)
    if name not in table:
        raise Unreadable(f"{name} is not read")
    return bounded(table[name](holder, *given, **named))


def _given(reader: Reader, node: ast.Call, frame: Frame) -> tuple[list[Any], dict[str, Any]]:
    named: dict[str, Any] = {}
    for one in node.keywords:
        held = reader.value(one.value, frame)
        if one.arg is None:
            named |= held
        else:
            named[one.arg] = held
    named.pop("dtype", None)
    named.pop("requires_grad", None)
    given = _listed(reader, node.args, frame)
    functions = [
        _python(reader, one) if isinstance(one, Function) and not _of_source(node) else one for one in given
    ]
    if isinstance(named.get("key"), Function):
        named["key"] = _python(reader, named["key"])
    return functions, named


def _of_source(node: ast.Call) -> bool:
    """Whether the call may be of a function of the source, which takes functions as they are."""
    return not (isinstance(node.func, ast.Name) and node.func.id in {"map", "max", "min", "sorted"})


def _python(reader: Reader, function: Function) -> Callable[..., Any]:
    return lambda *given: reader.call(function, list(given), {})


def called(reader: Reader, function: Any, given: list[Any], named: dict[str, Any]) -> Any:
    """A call of whatever can be called."""
    if isinstance(function, Function):
        bound = [function.of, *given] if function.of is not None else given
        return reader.call(function, bound, named)
    if isinstance(function, Class):
        return _made(reader, function, given, named)
    if isinstance(function, Thing):
        return called(reader, _of_thing(reader, function, "__call__"), given, named)
    if callable(function):
        return function(*given, **named)
    raise Unreadable("this can't be called")


def _made(reader: Reader, kind: Class, given: list[Any], named: dict[str, Any]) -> Thing:
    made = Thing(kind)
    start = kind.find("__init__")
    if isinstance(start, Function):
        reader.call(start, [made, *given], named)
    elif given or named:
        raise Unreadable("a class without __init__ takes nothing")
    return made


def _applied(reader: Reader, node: ast.Call, frame: Frame) -> Any:
    """``Function.apply(…)`` of PyTorch, or any other call."""
    if isinstance(node.func, ast.Attribute) and node.func.attr == "apply":
        kind = reader.value(node.func.value, frame)
        if isinstance(kind, Class):
            return applied(reader, kind, _listed(reader, node.args, frame))
    return _call(reader, node, frame)


EXPRESSIONS.update(
    {
        ast.Constant: lambda reader, node, frame: node.value,
        ast.Name: lambda reader, node, frame: frame.find(node.id),
        ast.BinOp: _binary,
        ast.UnaryOp: _unary,
        ast.BoolOp: _bool,
        ast.Compare: _compare,
        ast.Subscript: _subscript,
        ast.Slice: _slice,
        ast.List: lambda reader, node, frame: _listed(reader, node.elts, frame),
        ast.Tuple: lambda reader, node, frame: tuple(_listed(reader, node.elts, frame)),
        ast.Set: lambda reader, node, frame: set(_listed(reader, node.elts, frame)),
        ast.Dict: _dict,
        ast.JoinedStr: _text,
        ast.ListComp: _list_of,
        ast.GeneratorExp: _list_of,
        ast.DictComp: _dict_of,
        ast.IfExp: _condition,
        ast.NamedExpr: _walrus,
        ast.Lambda: lambda reader, node, frame: reader._function(node, frame),
        ast.Attribute: _attribute,
        ast.Call: _applied,
    }
)
