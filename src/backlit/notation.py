"""Names of quantities: parse and print ``dC/dw[2][3,5]``; the note's counting, the book's, and PyTorch's names.

A name is read into a ``Quantity`` or a ``Derivative`` and written back in any notation. In the note the input is layer
0; the book calls it layer 1, so converting adds or takes 1 from layers (docs/equations.md, 4). Neurons count from 0 in
both.
This file knows no network: whether ``w[7]`` exists is the network's to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .errors import UsageError, unknown

Notation = Literal["note", "book", "pytorch"]
Index = int | str  # a neuron's number; ":" for all of them; a letter such as "i" where a formula sums
Letter = Literal["w", "b", "z", "a", "delta", "x", "y", "raw", "C"]

_INDICES = {"w": 2, "b": 1, "z": 1, "a": 1, "delta": 1}  # after the layer
_FIRST = {"note": 0, "book": 1, "pytorch": 0}  # the input layer's number; PyTorch numbers modules, not layers
_SYMBOLS = {"delta": "δ"}
_PARAMETERS = ("w", "b")
_NUMBER = r"\s*\d{1,9}\s*"  # Python refuses to read endless digits
_ENTRY = rf"(?:{_NUMBER}|\s*:\s*)"
_PATTERN = re.compile(
    rf"(?P<letter>w|b|z|a|delta|δ)\s*\[(?P<layer>{_NUMBER})\]\s*(?:\[(?P<index>{_ENTRY}(?:,{_ENTRY})?)\])?"
    rf"|(?P<vector>x|y)\s*(?:\[(?P<place>{_ENTRY})\])?"
    r"|raw\s*\[\s*(?P<quote>[\"'])(?P<column>.+)(?P=quote)\s*\]"
    r"|(?P<torch>\d{1,9}\.(?:weight|bias).*)"
    r"|(?P<cost>C)",
    re.DOTALL,
)
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_TEX = str.maketrans(
    {
        **{sign: "\\" + sign for sign in "%#&_${}"},
        "\\": r"\textbackslash{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
    }
)
_SUBSCRIPTS = str.maketrans("0123456789ijkx", "₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₓ")


@dataclass(frozen=True, slots=True)
class Quantity:
    """One named quantity: ``w[2][3,5]`` is Quantity("w", 2, (3, 5)), always in the note's counting.

    An empty ``index`` means the whole array, and ":" in it all of one axis: ``w[2][3,:]``. ``x[30]`` is the input
    (a^0), ``raw["petal length"]`` a column before the recipe, ``C`` the cost. PyTorch has names for parameters only;
    there the others keep the note's.
    """

    letter: Letter
    layer: int | None = None
    index: tuple[Index, ...] = ()
    column: str | None = None

    def text(self, notation: Notation = "note") -> str:
        """``w[2][3,5]``: what ``parse`` reads."""
        if self.letter == "raw":
            quote = "'" if '"' in str(self.column) else '"'
            return f"raw[{quote}{self.column}{quote}]"
        if notation == "pytorch" and self.letter in _PARAMETERS:
            return torch_name(self)
        layer = "" if self.layer is None else f"[{self.layer + _offset(notation)}]"
        index = f"[{','.join(map(str, self.index))}]" if self.index else ""
        return f"{self.letter}{layer}{index}"

    def symbol(self, notation: Notation = "note") -> str:
        """``w²₃,₅``: for people, in Unicode."""
        if self.letter == "raw":
            return f"“{self.column}”"
        if notation == "pytorch" and self.letter in _PARAMETERS:
            return torch_name(self)
        layer = "" if self.layer is None else str(self.layer + _offset(notation)).translate(_SUPERSCRIPTS)
        index = ",".join(map(str, self.index)).translate(_SUBSCRIPTS)
        return f"{_SYMBOLS.get(self.letter, self.letter)}{layer}{index}"

    def tex(self, notation: Notation = "note") -> str:
        """``w^{2}_{3,5}``."""
        if self.letter == "raw":
            return rf"\text{{{str(self.column).translate(_TEX)}}}"
        if notation == "pytorch" and self.letter in _PARAMETERS:
            return rf"\texttt{{{torch_name(self)}}}"
        layer = "" if self.layer is None else f"^{{{self.layer + _offset(notation)}}}"
        index = f"_{{{','.join(map(str, self.index))}}}" if self.index else ""
        return ("\\delta" if self.letter == "delta" else self.letter) + layer + index


@dataclass(frozen=True, slots=True)
class Derivative:
    """∂of/∂by: ``dC/dw[2][3,5]`` is Derivative(Quantity("C"), Quantity("w", 2, (3, 5)))."""

    of: Quantity
    by: Quantity

    def text(self, notation: Notation = "note") -> str:
        """``dC/dw[2][3,5]``: what ``parse`` reads."""
        return f"d{self.of.text(notation)}/d{self.by.text(notation)}"

    def symbol(self, notation: Notation = "note") -> str:
        """``∂C/∂w²₃,₅``: for people, in Unicode."""
        return f"∂{self.of.symbol(notation)}/∂{self.by.symbol(notation)}"

    def tex(self, notation: Notation = "note") -> str:
        """A TeX fraction."""
        return rf"\frac{{\partial {self.of.tex(notation)}}}{{\partial {self.by.tex(notation)}}}"


def parse(name: str, notation: Notation = "note") -> Quantity | Derivative:
    """``"dC/dw[2][3,5]"`` (or with ∂ for d) → Derivative, ``"w[2][3,5]"`` → Quantity, in the note's counting.

    Raises UsageError that shows how a name is written.
    """
    if not isinstance(name, str):
        raise UsageError(f"a quantity is named by a text such as 'dC/dw[2][3,5]'; got {name!r}")
    text = name.strip()
    parts = re.fullmatch(r"[d∂]\s*(.+?)\s*/\s*[d∂]\s*(.+)", text, re.DOTALL)
    if parts and not text.startswith("delta"):
        return Derivative(_quantity(parts[1], name, notation), _quantity(parts[2], name, notation))
    return _quantity(text, name, notation)


def _quantity(text: str, name: str, notation: Notation) -> Quantity:
    found = _PATTERN.fullmatch(text.strip())
    if not found:
        raise UsageError(
            f"{name!r} is not a name: write dC/dw[2][3,5], dC/db[1][0], dC/da[1][4], da[3][0]/da[1][4], dC/dx[30], "
            'dC/draw["column"], w[1][0,2], b[1][0], z[1][0], a[1][0] or delta[1][0]'
        )
    if found["cost"]:
        return Quantity("C")
    if found["column"]:
        return Quantity("raw", column=found["column"])
    if found["torch"]:
        return from_torch_name(found["torch"].replace(" ", ""))
    if found["vector"]:
        place = found["place"]
        return Quantity("x" if found["vector"] == "x" else "y", index=_entries(place))
    return _layered(found, name, notation)


def _layered(found: re.Match[str], name: str, notation: Notation) -> Quantity:
    letter: Letter = "delta" if found["letter"] == "δ" else found["letter"]  # type: ignore[assignment]
    layer = int(found["layer"]) - _offset(notation)
    index = _entries(found["index"])
    if index and len(index) != _INDICES[letter]:
        example = "w[2][3,5] (into neuron 3, from neuron 5)" if letter == "w" else f"{letter}[2][3]"
        raise UsageError(
            f"{name!r}: {letter} takes {_INDICES[letter]} index{'es' * (letter == 'w')}, as in {example}"
        )
    lowest = 0 if letter == "a" else 1
    if layer < lowest:
        first = lowest + _offset(notation)
        raise UsageError(
            f"{name!r}: the first layer that has {letter} is {first}; "
            f"{'the book' if notation == 'book' else 'here'} calls the input layer {_offset(notation)}"
        )
    return Quantity(letter, layer, index)


def _entries(text: str | None) -> tuple[Index, ...]:
    """``"3,:"`` → (3, ":"); nothing is the whole array."""
    parts = [part.strip() for part in text.split(",")] if text else []
    return tuple(part if part == ":" else int(part) for part in parts)


def check_notation(notation: str) -> None:
    """Raises UsageError with the nearest name for a notation that there is not."""
    if notation not in _FIRST:
        raise unknown("notation", notation, _FIRST)


def _offset(notation: Notation) -> int:
    """What the notation adds to the note's layer: the book counts the input as layer 1."""
    check_notation(notation)
    return _FIRST[notation]


def torch_name(quantity: Quantity) -> str:
    """``w[2][3,5]`` → ``2.weight[3,5]``: its place in ``Sequential(Linear, σ, Linear, σ, …)``.

    Raises UsageError for what is not a parameter.
    """
    if quantity.letter not in _PARAMETERS or quantity.layer is None:
        raise UsageError(f"{quantity.text()} is not a parameter: PyTorch names w[l] and b[l] only")
    kind = "weight" if quantity.letter == "w" else "bias"
    index = f"[{','.join(map(str, quantity.index))}]" if quantity.index else ""
    return f"{2 * (quantity.layer - 1)}.{kind}{index}"


def from_torch_name(name: str) -> Quantity:
    """The inverse of ``torch_name``; raises UsageError for any other name."""
    found = re.fullmatch(r"(\d{1,9})\.(weight|bias)(?:\[((?:\d{1,9}|:)(?:,(?:\d{1,9}|:))*)\])?", name)
    if not found or int(found[1]) % 2:
        raise UsageError(
            f"{name!r} is not a parameter of Sequential(Linear, σ, Linear, σ, …): write 0.weight[3,5] or 2.bias[1]"
        )
    letter: Letter = "w" if found[2] == "weight" else "b"
    index = _entries(found[3])
    if index and len(index) != _INDICES[letter]:
        raise UsageError(f"{name!r}: a {found[2]} takes {_INDICES[letter]} index{'es' * (letter == 'w')}")
    return Quantity(letter, int(found[1]) // 2 + 1, index)
