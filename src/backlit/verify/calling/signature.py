"""How a function is given what it takes: by its parameters' names, by position, or as an object's attributes.

A parameter has a role (ROLES); a role has a value in a layout (calls.py makes it). Nothing is called here.
"""

from __future__ import annotations

import copy
import difflib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...spelling import worded
from ..finding import Finding
from .outcome import trouble

ROLES: dict[str, tuple[str, ...]] = {
    "weights": ("w", "ws", "weights", "weight", "weight_matrices", "w_list", "weights_list", "wts", "kernels"),
    "biases": ("b", "bs", "biases", "bias", "bias_vectors", "b_list", "biases_list"),
    "x": (
        "x", "xs", "inputs", "input", "input_data", "data", "features", "a0", "x_batch", "batch_x", "xb", "images",
        "x_train", "example", "examples",
    ),
    "y": (
        "y", "ys", "target", "targets", "label", "labels", "t", "ts", "wanted", "desired", "expected", "y_true",
        "y_batch", "batch_y", "yb", "y_train", "one_hot", "y_onehot", "truth",
    ),
    "batch": ("mini_batch", "minibatch", "batch"),
    "params": ("params", "parameters", "param", "theta", "thetas", "p"),
    "eta": ("eta", "lr", "learning_rate", "step", "step_size"),
    "l2": ("l2", "lmbda", "lam", "lambda", "lambd", "reg", "regularization", "regularisation", "weight_decay"),
    "l1": ("l1", "l1_reg"),
    "masks": ("masks", "mask", "dropout_masks", "dropout_mask"),
    "sizes": ("sizes", "layers", "layer_sizes", "layer_dims", "dims", "shape", "architecture"),
    "num_layers": ("num_layers", "n_layers"),
    "L": ("depth", "num_weights"),
    "m": ("m", "n", "batch_size", "num_examples", "n_examples"),
    "activations": ("activations", "activation", "hidden_activation", "act"),
    "cost": ("cost", "loss", "cost_name", "loss_name"),
    "net": ("net", "network", "model", "nn"),
}  # fmt: skip
_ROLE_OF = {name: role for role, names in ROLES.items() for name in names}
_NUMBERED = re.compile(
    r"(?:theta_?)?(w|weights?|weight_matrix|kernel|b|bias(?:es)?)_?(\d{1,3})", re.IGNORECASE
)
_LETTERED = re.compile(r"(w|weights?|b|bias(?:es)?)(?:_\w+|[ihof]{1,2})", re.IGNORECASE)
_PACKINGS = ("list", "dict", "pairs", "flat")
_OF_PARAMETERS = frozenset(
    [
        *("weights", "W", "w", "Ws", "biases", "b", "bs", "params", "parameters"),
        *(f"{letter}{l}" for letter in "Wwb" for l in range(1, 100)),
    ]
)  # the attributes in which an object may keep θ
_BY_POSITION = {2: ("x", "y"), 3: ("params", "x", "y"), 4: ("weights", "biases", "x", "y")}
_TAKEN = "weights, biases, x, y, W1, b1, …, params (a list, a dict or flat theta), eta, l2, dropout_masks, sizes, net"


class Unmatched(Exception):
    """The signature can't be served; ``finding`` says why, and what can be done."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.title)
        self.finding = finding


@dataclass(frozen=True)
class Parameter:
    """One parameter: its role, or ("w" or "b", layer from 1); ``by_name`` where it can't be given by position."""

    name: str
    role: str | tuple[str, int]
    by_name: bool = False


@dataclass(frozen=True)
class Plan:
    """What to call and with what; ``owner`` is the class or object whose attributes are set first, if any.

    ``packings`` are the ways in which "params" may be meant, the likeliest first; one where there are none.
    """

    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    owner: Any = None
    packings: tuple[str, ...] = ("list",)
    name: str = ""
    labelled: bool = False  # y is called "labels"

    def takes(self, role: str) -> bool:
        """Whether a parameter has this role."""
        return any(one.role == role for one in self.parameters)


def plan(function: Any, L: int, *, names: Mapping[str, str] | None = None, takes_y: bool = True) -> Plan:
    """How ``function`` is to be called for a network of L layers; raises Unmatched.

    ``names`` are roles by parameter's name, where somebody knows better. A bound method, or a Method, gets weights and
    biases as attributes of an object.
    """
    owner: Any = None
    if isinstance(function, Method):
        owner, target = function.owner, function.function
    elif inspect.ismethod(function) and not inspect.isclass(function.__self__):
        owner, target = function.__self__, function.__func__
    else:
        target = function
    name = getattr(getattr(target, "func", target), "__name__", type(target).__name__)
    try:
        listed = [*inspect.signature(target).parameters.values()]
    except (TypeError, ValueError):
        listed = []
    if owner is not None:
        listed = listed[1:]
    given = _matched(listed, L, name, names or {}, takes_y, owner is not None)
    if owner is not None and not inspect.isclass(owner):
        _check_object(owner, given, name)
    packings = _packings(given, target)
    labelled = any(one.role == "y" and one.name.lower() in ("label", "labels") for one in given)
    return Plan(target, tuple(given), owner, packings, name, labelled)


def _matched(
    listed: Sequence[inspect.Parameter],
    L: int,
    name: str,
    names: Mapping[str, str],
    takes_y: bool,
    attributes: bool,
) -> list[Parameter]:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    plainly = [one for one in listed if one.kind in (*positional, inspect.Parameter.KEYWORD_ONLY)]
    required = [one for one in plainly if one.default is inspect.Parameter.empty]
    stars = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in listed)
    order = {2: ("x", "y"), 1: ("x",)} if attributes else _BY_POSITION
    if not takes_y:
        order = {1: ("x",), 2: ("params", "x"), 3: ("weights", "biases", "x")}
    if not required and (stars or not listed):
        roles = ("x", "y")[: 1 + takes_y] if attributes else order[max(order)]
        return [Parameter(role, role) for role in roles]
    roles_of = _roles([one.name for one in plainly], L, names)
    unknown = [one for one in required if one.name not in roles_of]
    if unknown:
        freely = all(one.kind in positional for one in required)
        if freely and len(required) in order and len(unknown) >= len(required) - 1:
            return [
                Parameter(one.name, role) for one, role in zip(required, order[len(required)], strict=True)
            ]
        raise Unmatched(_unmatched(name, unknown[0].name, roles_of))
    chosen = [one for one in plainly if one.name in roles_of and _given(one, roles_of[one.name])]
    _check_numbered(name, [roles_of[one.name] for one in chosen], L)
    gap, found = False, []
    for one in plainly:
        if one not in chosen:
            gap = True  # after a default that stays, by name
            continue
        keyword = one.kind is inspect.Parameter.KEYWORD_ONLY or (gap and one.kind is positional[1])
        found.append(Parameter(one.name, roles_of[one.name], keyword))
    return found


def _given(parameter: inspect.Parameter, role: str | tuple[str, int]) -> bool:
    """Whether a parameter is given: those with a default only where we know better than the default."""
    if parameter.default is inspect.Parameter.empty:
        return True
    return role in ("weights", "biases", "x", "y", "params", "masks", "eta", "l1", "l2") or isinstance(
        role, tuple
    )


def _roles(listed: Sequence[str], L: int, names: Mapping[str, str]) -> dict[str, str | tuple[str, int]]:
    """The role of each parameter whose name tells one."""
    found: dict[str, str | tuple[str, int]] = {}
    numbered = {one: match for one in listed if (match := _NUMBERED.fullmatch(one))}
    least = min((int(match[2]) for match in numbered.values()), default=1)
    for one in listed:
        plain = one.lower().strip("_")
        if one in names:
            found[one] = names[one]
        elif one in numbered:
            found[one] = (numbered[one][1][0].lower(), int(numbered[one][2]) + (least == 0))
        elif plain in _ROLE_OF:
            found[one] = _ROLE_OF[plain]
        elif one == "L":
            found[one] = "L"
    if "weights" not in found.values() and "params" not in found.values() and not numbered:
        found.update(_in_order([one for one in listed if one not in found], L))
    return found


def _in_order(listed: Sequence[str], L: int) -> dict[str, str | tuple[str, int]]:
    """W_hidden, b_hidden, W_out, b_out: names that begin with w or b, in their order, where their count is L."""
    found: dict[str, str | tuple[str, int]] = {}
    for letter in "wb":
        some = [
            one for one in listed if (match := _LETTERED.fullmatch(one)) and match[1][0].lower() == letter
        ]
        if len(some) != L:
            return {}
        found.update({one: (letter, l) for l, one in enumerate(some, start=1)})
    return found


def depth(listed: Sequence[str]) -> int | None:
    """How many layers the names ask for: 2 where there is a W2 and no W3; None where they leave it open."""
    numbers = [int(match[2]) for one in listed if (match := _NUMBERED.fullmatch(one)) and match[1][0] in "wW"]
    if numbers:
        return max(numbers) + (min(numbers) == 0)
    lettered = [one for one in listed if (match := _LETTERED.fullmatch(one)) and match[1][0] in "wW"]
    return len(lettered) or None


def _check_numbered(name: str, roles: Sequence[str | tuple[str, int]], L: int) -> None:
    deepest = max((role[1] for role in roles if isinstance(role, tuple)), default=L)
    if deepest != L and any(isinstance(role, tuple) for role in roles):
        raise Unmatched(
            trouble(
                "trouble-signature",
                f"{name} takes the weights of {deepest} layers, and the network has {L}",
                why="give it a network of as many layers, "
                + worded(f"with {deepest + 1} sizes", "with --sizes or --model"),
            )
        )


def _check_object(owner: Any, given: Sequence[Parameter], name: str) -> None:
    """Weights must have a way in: as parameters, or as attributes that the object has."""
    told = any(one.role in ("weights", "params", "net") or isinstance(one.role, tuple) for one in given)
    if not told and not {*getattr(owner, "__dict__", {})} & _OF_PARAMETERS:
        raise Unmatched(
            trouble(
                "trouble-signature",
                f"{name} belongs to an object of {type(owner).__name__} that has no attributes weights and biases",
                why="write an adapter: a function (weights, biases, x, y) that puts them where yours looks for them, "
                "calls it and returns the gradients",
            )
        )


def _unmatched(name: str, parameter: str, known: Mapping[str, Any]) -> Finding:
    close = difflib.get_close_matches(parameter.lower(), [one for one in _ROLE_OF if len(one) > 2], 1, 0.75)
    hint = f", such as {close[0]}" if close else ""
    matched = f" ({', '.join(known)} could be matched)" if known else ""
    return trouble(
        "trouble-signature",
        f"{name} takes {parameter!r}, which can't be matched by its name{matched}",
        evidence=f"what can be given: {_TAKEN}",
        why=f"name the parameter as what it is{hint}, give it a default, or write an adapter: a function "
        "(weights, biases, x, y) that calls yours and returns the gradients, "
        + worded("and give that to diagnose", "beside it in the file, and name it with --adapter"),
    )


def _packings(given: Sequence[Parameter], target: Any) -> tuple[str, ...]:
    """The ways "params" may be meant, by the name and by what the source does with it."""
    name = next((one.name for one in given if one.role == "params"), None)
    if name is None:
        return ("list",)
    try:
        source = inspect.getsource(target)
    except (OSError, TypeError):
        source = ""
    if re.search(rf"\b{re.escape(name)}\s*\[\s*f?[\"']|\b{re.escape(name)}\.(?:get|keys|items)\(", source):
        first = "dict"
    elif name.lower().startswith("theta"):
        first = "flat"
    elif re.search(rf"for\s*\(?\s*\w+\s*,\s*\w+\s*\)?\s*in\s+{re.escape(name)}\b", source):
        first = "pairs"
    else:
        first = "list"
    return (first, *(one for one in _PACKINGS if one != first))


@dataclass(frozen=True)
class Method:
    """A method of a class without an object: one is made without __init__, and gets weights and biases."""

    owner: type
    function: Callable[..., Any]


class ByName(dict[str, Any]):
    """W1, b1, … as a dict that is asked in any spelling: w1, "weights1", "W_1" are W1."""

    def __missing__(self, key: Any) -> Any:
        match = _NUMBERED.fullmatch(key) if isinstance(key, str) else None
        near = f"{'W' if match[1][0] in 'wW' else 'b'}{int(match[2])}" if match else None
        if near is None or near not in self.keys():
            raise KeyError(key)
        return self[near]


def packed(
    weights: Sequence[Any], biases: Sequence[Any], packing: str, join: Callable[[list[Any]], Any]
) -> Any:
    """``params`` in a packing; ``join`` makes one flat vector of arrays."""
    each = [*zip(weights, biases, strict=True)]
    if packing == "dict":
        return by_number(weights, biases)
    if packing == "pairs":
        return each
    listed = [part for pair in each for part in pair]
    return join(listed) if packing == "flat" else listed


def by_number(weights: Sequence[Any], biases: Sequence[Any]) -> ByName:
    """W1, b1, … as a dict."""
    found = ByName()
    for l, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
        found[f"W{l}"], found[f"b{l}"] = w, b
    return found


def made_object(owner: Any, values: Mapping[str, Any]) -> Any:
    """An object of the class without its __init__, or a copy of the object, with weights and biases set on it."""
    made = object.__new__(owner) if inspect.isclass(owner) else copy.copy(owner)
    weights, biases = values["weights"], values["biases"]
    attributes = {
        **dict.fromkeys(("weights", "W", "w", "Ws"), weights),
        **dict.fromkeys(("biases", "b", "bs"), biases),
        **dict.fromkeys(("sizes", "layers", "layer_sizes"), values["sizes"]),
        "num_layers": len(values["sizes"]),
        "n_layers": len(values["sizes"]),
        "L": len(weights),
        **{name: by_number(weights, biases) for name in ("params", "parameters")},
        **{f"{letter}{l}": part for l, part in enumerate(weights, start=1) for letter in "Ww"},
        **{f"b{l}": part for l, part in enumerate(biases, start=1)},
        **dict.fromkeys(("eta", "lr", "learning_rate"), values["eta"]),
        **dict.fromkeys(("l2", "lmbda", "reg"), values["l2"]),
    }
    kept = None if inspect.isclass(owner) else {*vars(made)} & _OF_PARAMETERS
    for name, value in attributes.items():
        if callable(getattr(type(made), name, None)) or (kept is not None and name not in kept):
            continue  # a method of theirs; and an object that is there keeps what else it has
        try:
            setattr(made, name, value)
        except (AttributeError, TypeError):  # a property, or a slot that is not there
            continue
    return made
