"""Names of derivatives, as people write them for one network: checked, counted, with class and column names as indices.

``da[L]["7"]/dx[12,9]`` becomes ∂a^2_7/∂x_105; what is wrong is said, and the nearest right name shown. Reading plain
names without a network is notation.py's; whether a derivative is zero whatever the numbers is order.py's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import CountingError, UsageError, nearest
from ..notation import Derivative, Index, Letter, Notation, Quantity, from_torch_name, parse
from .labels import Labels
from .order import refuse_zero

EXAMPLES = (
    'dC/dw[1][3,5], dC/db[1][0], dC/dz[1][0], dC/da[1][4], da[2][0]/da[1][4], dC/dx[2], dC/draw["column"]'
)
_LAYERED = ("w", "b", "z", "a")
_SIDE = re.compile(r"(?P<letter>C|w|b|z|a|delta|δ|x|y|raw)\s*(?P<rest>.*)", re.DOTALL)
_INTEGER = re.compile(r"\d{1,9}")
_BELOW_L = re.compile(r"L\s*(?:[-−]\s*(\d{1,9}))?")


class _NotAName(UsageError):
    """The text is no name at all, rather than the name of something that does not exist."""


def resolve(name: str, labels: Labels) -> Derivative:
    """The derivative that is meant, in the note's counting, every index a neuron's number or ":".

    Raises UsageError (CountingError for what is out of range) with the nearest right name where there is one.
    """
    if not isinstance(name, str):
        raise UsageError(f"a derivative is named by a text such as 'dC/dw[1][3,5]'; got {name!r}")
    try:
        found = _read(name, labels)
        refuse_zero(found, labels, name)
    except _NotAName as error:
        meant = _meant(name, labels)
        said = "as in" in str(error) or ": write" in str(error)
        raise UsageError(f"{error}{meant or ('' if said else f': write {EXAMPLES}')}") from None
    except CountingError as error:
        raise CountingError(f"{error}{_meant(name, labels)}") from None
    except UsageError as error:
        raise UsageError(f"{error}{_meant(name, labels)}") from None
    return found


def _meant(name: str, labels: Labels) -> str:
    """The nearest right name, as a question."""
    for candidate in _repairs(name, labels):
        try:
            found = _read(candidate, labels)
            refuse_zero(found, labels, candidate)
        except UsageError:
            continue
        return f". Did you mean '{found.text(labels.notation)}'?"
    return ""


def _read(name: str, labels: Labels) -> Derivative:
    parts = list(_split(name, "/"))
    if len(parts) == 1 and _is_quantity(name, labels.notation):
        raise _NotAName(f"{name!r} is a quantity and not a derivative: write dC/d{name.strip()}")
    if len(parts) != 2:
        raise _NotAName(f"{name!r} is not a derivative")
    bare = [part.strip() for part in parts]
    if any(part[:1] not in ("d", "∂") for part in bare):
        raise _NotAName(f"{name!r} is not a derivative, which has a d on both sides of the /")
    of, by = (_filled(_quantity(part[1:].strip(), name, labels), labels) for part in bare)
    _check_sides(of, by, name)
    return Derivative(of, by)


def _filled(quantity: Quantity, labels: Labels) -> Quantity:
    """In a network with one neuron a layer, ``w[2]`` is its one weight, as the note writes it."""
    if quantity.index or any(n > 1 for n in labels.sizes) or quantity.letter not in ("w", "b", "z", "a", "x"):
        return quantity
    return Quantity(quantity.letter, quantity.layer, (0, 0) if quantity.letter == "w" else (0,))


def _is_quantity(name: str, notation: Notation) -> bool:
    try:
        parse(name, notation)
    except UsageError:
        return False
    return True


def _split(text: str, at: str) -> Iterator[str]:
    """The parts between ``at``, but for those within quotes or brackets."""
    depth, quote, part = 0, "", ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "[]":
            depth += 1 if sign == "[" else -1
        elif sign == at and depth <= 0:
            yield part
            part = ""
            continue
        part += sign
    yield part


_SUPERSCRIPTS, _SUBSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉"
_SYMBOL = re.compile(rf"([wbzax])([{_SUPERSCRIPTS}]*)((?:[{_SUBSCRIPTS}]+,?|:,?)*)")
_PLAIN = str.maketrans(_SUPERSCRIPTS + _SUBSCRIPTS, "0123456789" * 2)


def _typed(text: str) -> str:
    """``w²₃,₅``, as derivations print it, the way it is typed: ``w[2][3,5]``."""
    found = _SYMBOL.fullmatch(text)
    if not found or len(text) == 1:
        return text
    return found[1] + "".join(f"[{part.translate(_PLAIN)}]" for part in found.groups()[1:] if part)


def _quantity(text: str, name: str, labels: Labels) -> Quantity:
    text = _typed(text)
    if re.match(r"\d+\.", text):
        return _in_range(from_torch_name(re.sub(r"\s", "", text)), name, labels)
    found = _SIDE.fullmatch(text)
    if not found:
        raise _NotAName(f"{name!r}: {text!r} is none of C, w, b, z, a, x and raw")
    letter: Letter = "delta" if found["letter"] == "δ" else found["letter"]  # type: ignore[assignment]
    groups = _groups(found["rest"], name)
    if letter == "raw":
        return _raw(groups, name, labels)
    if letter in ("C", "y", "delta"):
        if letter == "C" and groups:
            raise _NotAName(f"{name!r}: C is one number and has no index")
        return Quantity(letter)
    layer = None
    if letter in _LAYERED:
        if not groups:
            raise _NotAName(f"{name!r}: {letter} is followed by its layer, as in {_like(letter)}")
        layer, groups = _layer(letter, groups[0], name, labels), groups[1:]
    if len(groups) > 1:
        raise _NotAName(f"{name!r}: indices stand in one pair of brackets, as in {_like(letter)}")
    entries = groups[0] if groups else []
    axes = [layer or 0] if letter != "w" else [layer or 0, (layer or 1) - 1]
    return _in_range(Quantity(letter, layer, _index(letter, entries, axes, name, labels)), name, labels)


def _groups(text: str, name: str) -> list[list[str]]:
    """``[2]["a", 5]`` → [["2"], ['"a"', "5"]]."""
    groups = []
    while text:
        if text[0] != "[":
            raise _NotAName(f"{name!r}: {text!r} should be an index in brackets, as in w[2][3,5]")
        inside = _until_bracket(text[1:])
        if inside is None:
            raise _NotAName(f"{name!r}: a bracket is not closed")
        groups.append([part.strip() for part in _split(inside, ",")])
        text = text[len(inside) + 2 :].strip()
    return groups


def _until_bracket(text: str) -> str | None:
    """What stands before the closing bracket, which may hold quoted ones; None without one."""
    quote = ""
    for at, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign == "]":
            return text[:at]
    return None


def _like(letter: str) -> str:
    return {"w": "w[2][3,5] (into neuron 3, from neuron 5)", "x": "x[3]"}.get(letter, f"{letter}[2][3]")


def _layer(letter: str, group: list[str], name: str, labels: Labels) -> int:
    offset = labels.number(0)
    lowest = 0 if letter == "a" else 1
    text = group[0] if len(group) == 1 else ""
    from_end = _BELOW_L.fullmatch(text)
    if from_end:
        layer = labels.L - int(from_end[1] or 0)
    elif _INTEGER.fullmatch(text):
        layer = int(text) - offset
    else:
        raise _NotAName(
            f"{name!r}: {letter} is followed by its layer alone, a number or L, as in {_like(letter)}"
        )
    if not lowest <= layer <= labels.L:
        why = "the book calls the input layer 1" if offset else "layer 0 is the input"
        raise CountingError(
            f"{name!r}: there is no {letter}[{layer + offset}]: {why}, and {letter} goes from "
            f"{letter}[{lowest + offset}] to {letter}[{labels.L + offset}]"
        )
    return layer


def _index(letter: str, entries: list[str], axes: list[int], name: str, labels: Labels) -> tuple[Index, ...]:
    if not entries or entries == [""]:
        return ()
    pixel = letter in ("x", "a") and axes == [0] and len(entries) == 2
    if pixel and all(_INTEGER.fullmatch(entry) for entry in entries):
        return (_pixel(int(entries[0]), int(entries[1]), name, labels),)
    if len(entries) != len(axes):
        raise _NotAName(
            f"{name!r}: {letter} takes {len(axes)} ind{'ices' if len(axes) > 1 else 'ex'}, as in {_like(letter)}"
        )
    return tuple(_entry(entry, l, name, labels) for entry, l in zip(entries, axes, strict=True))


def _pixel(row: int, column: int, name: str, labels: Labels) -> int:
    if labels.image is None:
        raise UsageError(
            f"{name!r} names a pixel by row and column, and this network's recipe knows of no image; write x[5]"
        )
    height, width = labels.image
    if row >= height or column >= width:
        raise CountingError(
            f"{name!r}: the image has {height} rows and {width} columns of pixels, counted from 0; there is no pixel "
            f"({row},{column})"
        )
    return row * width + column


def _entry(entry: str, l: int, name: str, labels: Labels) -> Index:
    if entry == ":":
        return ":"
    if _INTEGER.fullmatch(entry):
        return int(entry)
    if re.fullmatch(r"[-−]\d+", entry):
        raise CountingError(f"{name!r}: neurons count from 0 to {labels.sizes[l] - 1}; there is no {entry}")
    quoted = len(entry) > 1 and entry[0] in "\"'" and entry[-1] == entry[0]
    word = entry[1:-1] if quoted else entry
    names = labels.names(l)
    if names is None:
        kind = (
            "neurons of hidden layers have" if 0 < l < labels.L else f"this network's {labels.kind(l)}s have"
        )
        raise UsageError(f"{name!r}: {word!r} is a name, and {kind} numbers only, 0 to {labels.sizes[l] - 1}")
    if word in names:
        return names.index(word)
    close = nearest(word, names)
    hint = f"; the nearest is {close!r}" if close else ""
    shown = ", ".join(names[:8]) + (f", … ({len(names)} in all)" if len(names) > 8 else "")
    raise UsageError(f"{name!r}: no {labels.kind(l)} is called {word!r}: they are {shown}{hint}")


def _in_range(quantity: Quantity, name: str, labels: Labels) -> Quantity:
    layer = quantity.layer or 0
    if layer > labels.L:
        raise CountingError(
            f"{name!r}: the network has {labels.L} layers with weights, and no {quantity.text('pytorch')}"
        )
    axes = (layer, layer - 1) if quantity.letter == "w" else (layer,)
    for entry, l in zip(quantity.index, axes, strict=False):
        if isinstance(entry, int) and entry >= labels.sizes[l]:
            what = "the input" if l == 0 else f"layer {labels.number(l)}"
            count = labels.sizes[l]
            have = "1 neuron, number 0" if count == 1 else f"{count} neurons, 0 to {count - 1}"
            raise CountingError(f"{name!r}: {what} has {have}; there is no {entry}")
    return quantity


def _raw(groups: list[list[str]], name: str, labels: Labels) -> Quantity:
    if len(groups) != 1 or len(groups[0]) != 1 or len(groups[0][0]) < 3 or groups[0][0][0] not in "\"'":
        raise _NotAName(f'{name!r}: raw is followed by a column\'s name in quotes, as in raw["petal length"]')
    return Quantity("raw", column=groups[0][0][1:-1])


def _check_sides(of: Quantity, by: Quantity, name: str) -> None:
    if of.letter == "delta" or by.letter == "delta":
        raise UsageError(f"{name!r}: δ[l] is a derivative itself, ∂C/∂z[l]; ask for dC/dz[l][j]")
    if of.letter not in ("C", "a", "z"):
        raise UsageError(
            f"{name!r}: {of.text()} depends on nothing in the network; what can be differentiated is C, a and z"
        )
    if of.letter != "C" and (not of.index or ":" in of.index):
        raise UsageError(
            f"{name!r}: name one neuron above, as in d{of.letter}[{of.layer}][0]; blocks stand below only"
        )
    if by.letter in ("C", "y"):
        what = "the cost, which comes last" if by.letter == "C" else "what is wanted, and given"
        raise UsageError(f"{name!r}: {by.letter} is {what}; nothing here is differentiated by it")


_COSTS = re.compile(r"^\s*[d∂]\s*(?:c|L|J|E|loss|cost|C_x|C0)\s*/")


def _repairs(name: str, labels: Labels) -> Iterator[str]:
    """What the name may have been meant to be, the likeliest first; not all of them are right."""
    text = name.strip().replace("(", "[").replace(")", "]").replace("{", "[").replace("}", "]")
    text = _COSTS.sub("dC/", re.sub(r"\\?partial\s*", "d", text))
    text = re.sub(r"([dD∂/])\s*([WBZAX])(?=[\[\d_^])", lambda m: m[1] + m[2].lower(), text)
    text = re.sub(r"\b(d?)(weights?|bias(?:es)?)(?=\[)", lambda m: m[1] + m[2][0], text)
    if "/" not in text:
        text = f"dC/d{text.removeprefix('d')}"
    text = "/".join(
        side if side.strip()[:1] in ("d", "∂") else f"d{side.strip()}" for side in text.split("/")
    )
    text = re.sub(r"(d[wbza])[\^_]?(\d+|L)(?=[\[_^/]|$)", r"\1[\2]", text)
    text = re.sub(r"(d[wbza]\[[^\]]*\])[_^]?(\d+(?:,\d+)?)$", r"\1[\2]", text)
    yield text
    flat = re.sub(r"dw\[(\d+|L),(\d+),(\d+)\]", r"dw[\1][\2,\3]", text)
    flat = re.sub(r"d([bza])\[(\d+|L),(\d+)\]", r"d\1[\2][\3]", flat)
    flat = re.sub(r"dw(\[[^\]]*\])\[(\d+)\]\[(\d+)\]", r"dw\1[\2,\3]", flat)
    yield flat
    above, _, below = flat.partition("/")
    yield f"{below}/{above}"
    yield re.sub(r"\[(\d+),(\d+)\]", r"[\2,\1]", flat)
    yield from (f"{above}/{one}" for one in _within(below, labels))
    yield from (f"{one}/{below}" for one in _within(above, labels))
    yield from (f"{one}/{other}" for one in _within(above, labels) for other in _within(below, labels))


def _within(side: str, labels: Labels) -> Iterator[str]:
    """The side with its layer and its indices taken to the nearest that exist, and names to the nearest known."""
    module = re.fullmatch(r"[d∂]\s*(\d{1,9})\.(w|b)[a-z]*\s*(?:\[(.*)\])?", side.strip())
    if module:
        layer = labels.number(0) + int(module[1]) // 2 + 1
        side = f"d{module[2]}[{layer}]" + (f"[{module[3]}]" if module[3] else "")
    found = re.fullmatch(
        r"[d∂]\s*(w|b|z|a|x)\s*(?:\[(\d{1,9}|L(?:\s*-\s*\d{1,9})?)\])?\s*(?:\[(.*)\])?", side.strip()
    )
    if not found:
        return
    letter: Letter = found[1]  # type: ignore[assignment]
    layer_text, index = found[2], found[3]
    if letter == "x":
        layer_text, index = None, found[3] or found[2]
    lowest = 0 if letter in "ax" else 1
    layer = min(max(_near_layer(layer_text, labels), lowest), labels.L)
    axes = [layer, layer - 1] if letter == "w" else [layer]
    entries = [part.strip() for part in _split(index, ",")] if index else []
    entries = (entries + ["0"] * len(axes))[: len(axes)] if entries else []
    fixed = [_nearest_entry(entry, l, labels) for entry, l in zip(entries, axes, strict=False)]
    nearby = Quantity(letter, layer if letter != "x" else None, tuple(fixed))
    yield f"d{nearby.text(labels.notation)}"


def _near_layer(text: str | None, labels: Labels) -> int:
    """The layer that is written, in the note's counting, whether it exists or not."""
    from_end = _BELOW_L.fullmatch(text or "")
    if from_end:
        return labels.L - int(from_end[1] or 0)
    return int(text) - labels.number(0) if text else 0


def _nearest_entry(entry: str, l: int, labels: Labels) -> Index:
    if entry == ":":
        return ":"
    if entry.isdigit():
        return min(int(entry[:9]), labels.sizes[l] - 1)
    names = labels.names(l) or ()
    close = nearest(entry.strip("\"'"), names)
    return names.index(close) if close else 0
