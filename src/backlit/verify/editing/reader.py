"""Reads a user's source with small arrays in the place of their network: what each expression of it holds.

The source is parsed and walked, never imported, compiled or executed: only the arithmetic of allowed.py is
carried out, on arrays of a few numbers, for a bounded number of steps. What is not understood raises Unreadable. It is
not a Python interpreter: no files, no clocks, no exceptions, and generators are lists.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .allowed import BUILTINS, IN_PLACE, MODULES, OPERATORS, Endless, Unreadable, bounded

_DEEPEST = 40
_DEFINING = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)


@dataclass
class Steps:
    """How many expressions may still be read, in one reading and in all of a session's together."""

    left: int = 1_500_000
    each: int = 100_000


@dataclass
class Frame:
    """The names of one call; ``parent`` is where the function was defined (None for the module)."""

    names: dict[str, Any]
    parent: Frame | None = None
    outer: set[str] = field(default_factory=set)  # declared global or nonlocal

    def find(self, name: str) -> Any:
        """The value of a name, by Python's rules of scope."""
        here: Frame | None = self
        while here is not None:
            if name in here.names:
                return here.names[name]
            here = here.parent
        if name in BUILTINS:
            return BUILTINS[name]
        raise Unreadable(f"{name} is not known")

    def bind(self, name: str, value: Any) -> None:
        """Give a name its value here, or where it was declared."""
        here: Frame = self
        if name in self.outer:
            while here.parent is not None and name not in (here := here.parent).names:
                pass
        here.names[name] = value


@dataclass(eq=False)
class Function:
    """A function of the source, with the frame that it closes over; ``of`` is the object of a method."""

    node: ast.FunctionDef | ast.Lambda
    frame: Frame
    defaults: list[Any] = field(default_factory=list)
    of: Any = None
    kind: str = "function"  # or "static", "class", "property"


@dataclass(eq=False)
class Class:
    """A class of the source."""

    name: str
    names: dict[str, Any]
    bases: list[Any]

    def find(self, name: str) -> Any:
        """An attribute of the class or of one of its bases; None where there is none."""
        if name in self.names:
            return self.names[name]
        found = (base.find(name) for base in self.bases if isinstance(base, Class))
        return next((one for one in found if one is not None), None)


@dataclass(eq=False)
class Thing:
    """An object: of a class of the source, or (``of`` None) a bare one that takes whatever is put on it."""

    of: Class | None
    names: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Module:
    """A module that is known, or (``names`` empty) one that is not."""

    names: dict[str, Any]
    path: str = ""


class Returned(Exception):
    """A return statement was reached."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Broken(Exception):
    """A break statement was reached."""


class Continued(Exception):
    """A continue statement was reached."""


class Reader:
    """One reading of one source; ``trace`` gathers what each expression held, ``before`` is asked at each statement."""

    def __init__(self, tree: ast.Module, steps: Steps) -> None:
        self._steps, self._own = steps, steps.each
        self.depth = 0
        self.trace: dict[ast.expr, list[Any]] | None = None
        self.before: Callable[[ast.stmt, Frame], None] | None = None
        self.torch = False
        self.gradients: dict[int, Any] = {}  # what .backward() leaves in .grad, by the array's identity
        self.module = Frame({})
        for statement in tree.body:
            if isinstance(statement, _DEFINING):  # what else a script does is not of interest
                self._try(statement)

    def _try(self, statement: ast.stmt) -> None:
        """A module's statement; one that can't be read leaves its names unknown."""
        try:
            self.run([statement], self.module)
        except Exception:  # noqa: BLE001 (loading data, for instance)
            self.depth = 0

    # ------------------------------------------------------------------------------------------------- statements

    def run(self, body: list[ast.stmt], frame: Frame) -> None:
        """Statements, one after the other."""
        for statement in body:
            if self.before is not None:
                self.before(statement, frame)
            method = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if method is None:
                raise Unreadable(f"{type(statement).__name__} is not read")
            method(statement, frame)

    def _expr(self, node: ast.Expr, frame: Frame) -> None:
        self.value(node.value, frame)

    def _pass(self, node: ast.Pass, frame: Frame) -> None:
        pass

    _assert = _pass

    def _return(self, node: ast.Return, frame: Frame) -> None:
        raise Returned(None if node.value is None else self.value(node.value, frame))

    def _break(self, node: ast.Break, frame: Frame) -> None:
        raise Broken

    def _continue(self, node: ast.Continue, frame: Frame) -> None:
        raise Continued

    def _global(self, node: ast.Global | ast.Nonlocal, frame: Frame) -> None:
        frame.outer.update(node.names)

    _nonlocal = _global

    def _assign(self, node: ast.Assign, frame: Frame) -> None:
        value = self.value(node.value, frame)
        for target in node.targets:
            self.bind(target, value, frame)

    def _annassign(self, node: ast.AnnAssign, frame: Frame) -> None:
        if node.value is not None:
            self.bind(node.target, self.value(node.value, frame), frame)

    def _augassign(self, node: ast.AugAssign, frame: Frame) -> None:
        kind = type(node.op).__name__
        now = self.value(node.target, frame)
        operator = IN_PLACE.get(kind, OPERATORS.get(kind))
        if operator is None:
            raise Unreadable(f"{kind} is not read")
        self.bind(node.target, bounded(operator(now, self.value(node.value, frame))), frame)

    def _if(self, node: ast.If, frame: Frame) -> None:
        self.run(node.body if self.value(node.test, frame) else node.orelse, frame)

    def _for(self, node: ast.For, frame: Frame) -> None:
        for each in self.items(self.value(node.iter, frame)):
            self.bind(node.target, each, frame)
            try:
                self.run(node.body, frame)
            except Broken:
                return
            except Continued:
                continue
        self.run(node.orelse, frame)

    def _while(self, node: ast.While, frame: Frame) -> None:
        while self.value(node.test, frame):
            try:
                self.run(node.body, frame)
            except Broken:
                return
            except Continued:
                continue

    def _with(self, node: ast.With, frame: Frame) -> None:
        for item in node.items:
            self.value(item.context_expr, frame)
        self.run(node.body, frame)

    def _functiondef(self, node: ast.FunctionDef, frame: Frame) -> None:
        made = self._function(node, frame)
        for mark in node.decorator_list:
            kinds = {"staticmethod": "static", "classmethod": "class", "property": "property"}
            made.kind = kinds.get(ast.unparse(mark), made.kind)
        frame.bind(node.name, made)

    def _function(self, node: ast.FunctionDef | ast.Lambda, frame: Frame) -> Function:
        given = [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]
        return Function(node, frame, [self.value(one, frame) for one in given])

    def _classdef(self, node: ast.ClassDef, frame: Frame) -> None:
        inside = Frame({}, frame)
        bases = [self._base(base, frame) for base in node.bases]
        for statement in node.body:
            self.run([statement], inside)
        for one in inside.names.values():
            if isinstance(one, Function):
                one.frame = frame  # a class's own names are not seen from its methods
        frame.bind(node.name, Class(node.name, inside.names, bases))

    def _base(self, node: ast.expr, frame: Frame) -> Any:
        try:
            return self.value(node, frame)
        except Unreadable:
            return ast.unparse(node)

    def _import(self, node: ast.Import, frame: Frame) -> None:
        for alias in node.names:
            path = alias.name if alias.asname else alias.name.split(".")[0]
            self.torch = self.torch or alias.name == "torch"
            frame.bind(alias.asname or path, Module(MODULES.get(path, {}), path))

    def _importfrom(self, node: ast.ImportFrom, frame: Frame) -> None:
        names = MODULES.get(node.module or "", {})
        for alias in node.names:
            path = f"{node.module}.{alias.name}"
            found = Module(MODULES[path], path) if path in MODULES else names.get(alias.name, Module({}))
            frame.bind(alias.asname or alias.name, found)

    def bind(self, target: ast.expr, value: Any, frame: Frame) -> None:
        """Assignment to a name, an entry, an attribute or several of them."""
        if isinstance(target, ast.Name):
            frame.bind(target.id, value)
        elif isinstance(target, ast.Subscript):
            self.value(target.value, frame)[self._index(target.slice, frame)] = value
        elif isinstance(target, ast.Attribute):
            self._put(self.value(target.value, frame), target.attr, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._spread(target.elts, self.items(value), frame)
        else:
            raise Unreadable("this target is not read")

    def _put(self, holder: Any, name: str, value: Any) -> None:
        if isinstance(holder, np.ndarray) and name in {"grad", "data"}:
            if name == "grad":
                self.gradients[id(holder)] = value
            else:
                holder[...] = value
        elif isinstance(holder, (Thing, Class)):
            holder.names[name] = value
        else:
            raise Unreadable(f"{name} can't be put there")

    def _spread(self, targets: list[ast.expr], values: list[Any], frame: Frame) -> None:
        starred = [at for at, one in enumerate(targets) if isinstance(one, ast.Starred)]
        if starred:
            at, after = starred[0], len(targets) - starred[0] - 1
            middle = values[at : len(values) - after]
            values = [*values[:at], middle, *values[len(values) - after :]]
        if len(values) != len(targets):
            raise Unreadable("more or fewer values than names")
        for one, value in zip(targets, values, strict=True):
            self.bind(one.value if isinstance(one, ast.Starred) else one, value, frame)

    def items(self, many: Any) -> list[Any]:
        """What a loop or an unpacking goes through."""
        if isinstance(many, (list, tuple, range, dict, np.ndarray, str, set)):
            return list(many)
        raise Unreadable("this is not gone through")

    # ------------------------------------------------------------------------------------------------ expressions

    def value(self, node: ast.expr, frame: Frame) -> Any:
        """What an expression holds."""
        self._own -= 1
        self._steps.left -= 1
        if self._own < 0 or self._steps.left < 0:
            raise Endless("it takes too long")
        found = (
            EXPRESSIONS[type(node)](self, node, frame) if type(node) in EXPRESSIONS else self._strange(node)
        )
        if isinstance(found, np.ndarray):
            bounded(found)
            if self.trace is not None:
                self.trace.setdefault(node, []).append(found.copy())
        elif self.trace is not None and isinstance(found, (int, float, np.number)):
            self.trace.setdefault(node, []).append(found if isinstance(found, int) else float(found))
        return found

    def _strange(self, node: ast.expr) -> Any:
        raise Unreadable(f"{type(node).__name__} is not read")

    def _index(self, node: ast.expr, frame: Frame) -> Any:
        return self.value(node, frame)

    def call(self, function: Function, given: list[Any], named: dict[str, Any]) -> Any:
        """A function of the source, called."""
        if self.depth > _DEEPEST:
            raise Unreadable("it calls itself too often")
        names = _arguments(function, given, named)
        frame = Frame(names, function.frame)
        self.depth += 1
        try:
            if isinstance(function.node, ast.Lambda):
                return self.value(function.node.body, frame)
            self.run(function.node.body, frame)
        except Returned as end:
            return end.value
        finally:
            self.depth -= 1
        return None


def _arguments(function: Function, given: list[Any], named: dict[str, Any]) -> dict[str, Any]:
    """The names of a call's parameters with their values."""
    spec = function.node.args
    ordered = [one.arg for one in (*spec.posonlyargs, *spec.args)]
    only = [one.arg for one in spec.kwonlyargs]
    with_default = [
        *ordered[len(ordered) - len(spec.defaults) :],
        *(name for name, default in zip(only, spec.kw_defaults, strict=True) if default is not None),
    ]
    names = dict(zip(with_default, function.defaults, strict=True))
    if len(given) > len(ordered) and spec.vararg is None:
        raise Unreadable("too many arguments")
    names |= dict(zip(ordered, given, strict=False))
    if spec.vararg is not None:
        names[spec.vararg.arg] = tuple(given[len(ordered) :])
    known = {key: value for key, value in named.items() if key in ordered or key in only}
    names |= known
    if spec.kwarg is not None:
        names[spec.kwarg.arg] = {key: value for key, value in named.items() if key not in known}
    elif len(known) < len(named):
        raise Unreadable("an argument that the function does not have")
    if missing := [name for name in (*ordered, *only) if name not in names]:
        raise Unreadable(f"{missing[0]} is not given")
    return names


EXPRESSIONS: dict[type[ast.expr], Callable[[Reader, Any, Frame], Any]] = {}
