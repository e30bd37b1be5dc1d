r"""Formulas in two spellings, Unicode for terminals and TeX for everything else, and numbers as people write them.

A formula is made from TeX (the tables of functions have theirs in TeX) or from both spellings at once; ``unicode``
turns the TeX that occurs here into plain text. What a formula means is not known here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

DIGITS = 4  # significant ones, where numbers are shown
_LEAST, _MOST = 1e-4, 1e6  # outside, numbers are written with a power of ten
_SUPER = str.maketrans("0123456789+-−()nLlijkxzT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿᴸˡⁱʲᵏˣᶻᵀ")
_SUB = str.maketrans("0123456789+-−()aeijklnrx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎ₐₑᵢⱼₖₗₙᵣₓ")


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula: ``text`` in Unicode, ``tex`` as it stands between dollars."""

    text: str
    tex: str

    def __str__(self) -> str:
        return self.text


NOTHING = Formula("", "")


def from_tex(tex: str) -> Formula:
    """A formula from its TeX."""
    return Formula(unicode(tex), tex)


def joined(parts: Iterable[Formula], text: str, tex: str) -> Formula:
    """Formulas with the same sign between them."""
    listed = list(parts)
    return Formula(text.join(part.text for part in listed), tex.join(part.tex for part in listed))


def product(parts: Iterable[Formula]) -> Formula:
    """Formulas with a multiplication point between them."""
    return joined(parts, " · ", r" \cdot ")


def number(value: float, *, inside: bool = False) -> Formula:
    """A number to four significant digits, four decimals at least; in brackets where negative and ``inside``."""
    text = figures(value)
    tex = tex_of(text)
    if inside and text.startswith("−"):
        return Formula(f"({text})", f"({tex})")
    return Formula(text, tex)


def tex_of(written: str) -> str:
    """TeX of a number as ``figures`` writes it."""
    tex = written.replace("−", "-")
    power = re.fullmatch(r"(.*)·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", tex)
    if power:
        tex = rf"{power[1]} \cdot 10^{{{_plain(power[2])}}}"
    return tex.replace("∞", r"\infty").replace("undefined", r"\text{undefined}")


_IN_WORDS = re.compile(r"\\text\{((?:[^{}\\]|\\[a-z]+\{\}|\\.)*)\}")
_NAMED = {"backslash": "\\", "asciicircum": "^", "asciitilde": "~"}


def reworded(tex: str, write: Callable[[str], str]) -> str:
    r"""A formula whose ``\text{…}`` are written anew: ``write`` takes the words without TeX's escapes."""

    def of(found: re.Match[str]) -> str:
        words = re.sub(r"\\text([a-z]+)\{\}", lambda one: "\\" + _NAMED[one[1]], found[1])
        bare = re.sub(r"\\(.)", lambda one: one[1], words, flags=re.DOTALL)
        return rf"\text{{{write(bare)}}}"

    return _IN_WORDS.sub(of, tex)


def figures(value: float, decimals: int | None = None) -> str:
    """``−0.4420``, ``1.234·10⁻⁷``, ``∞``: with so many decimals, or as many as four significant digits take."""
    value = float(value)
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if decimals is None:
        if value and not _LEAST <= abs(value) < _MOST:
            return scientific(value, DIGITS)
        decimals = needed(abs(value))
    return minus(f"{value:.{decimals}f}")


def scientific(value: float, digits: int) -> str:
    """``1.23·10⁻⁵``."""
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return minus(f"{mantissa}·10{str(int(exponent)).translate(_SUPER)}")


def needed(largest: float) -> int:
    """The decimals that show four significant digits of the largest number: four, or more where it is small."""
    if not largest or not math.isfinite(largest):
        return DIGITS
    return max(DIGITS, DIGITS - 1 - math.floor(math.log10(largest)))


def minus(text: str) -> str:
    """A minus sign that is one; none before a number that is shown as 0."""
    if text.startswith("-") and not text.strip("-0."):
        text = text[1:]
    return text.replace("-", "−")


def _plain(superscripts: str) -> str:
    return superscripts.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))


_WORDS = {
    "sigma": "σ", "varsigma": "ς", "delta": "δ", "alpha": "α", "lambda": "λ", "Phi": "Φ", "pi": "π", "eta": "η",
    "partial": "∂", "sum": "Σ", "log": "log", "max": "max", "min": "min", "tanh": "tanh", "cosh": "cosh", "exp": "exp",
    "cdot": "·", "odot": "⊙", "le": "≤", "ge": "≥", "ne": "≠", "lvert": "|", "rvert": "\0|", "left": "", "right": "",
    "quad": "   ", "infty": "∞", "to": "→", "lim": "lim", "times": "×", "Vert": "‖", "neq": "≠", "big": "", "dots": "…",
}  # fmt: skip
_SPACED = ("log", "sum", "tanh", "cosh", "cdot", "odot", "le", "ge", "ne", "to", "times", "quad")
_HALVES = {("1", "2"): "½", ("1", "4"): "¼"}


@cache
def unicode(tex: str) -> str:
    """TeX as plain text, of what occurs in the tables and in derivations: fractions, powers, indices, sums, words."""
    text, _ = _run(tex, 0, "")
    text = re.sub(r" *([·⊙≤≥≠=<>→]) *", r" \1 ", text)
    text = re.sub(r"(?<=[\w)\]⁰-⁹₀-₉|]) *− *(?=\S)", " − ", text)
    text = re.sub(r"(?<=[\w)\]|]) *\+ *(?=\S)", " + ", text)
    text = re.sub(r"  +(?!\S* {3})", " ", text).replace("( ", "(").replace(" )", ")")
    text = re.sub(r" ?\0", "", text)
    return re.sub(r"(log|tanh|sign) (?=\()", r"\1", text).strip()


def _run(tex: str, at: int, end: str) -> tuple[str, int]:
    """The text from ``at`` to the closing ``end``, and the place behind it."""
    parts: list[str] = []
    while at < len(tex):
        if end and tex[at] == end:
            return "".join(parts), at + 1
        piece, at = _piece(tex, at)
        parts.append(piece)
    return "".join(parts), at


def _piece(tex: str, at: int) -> tuple[str, int]:
    sign = tex[at]
    if sign == "\\":
        return _command(tex, at + 1)
    if sign == "{":
        return _run(tex, at + 1, "}")
    if sign in "^_":
        inner, at = _argument(tex, at + 1)
        return _raised(inner, sign), at
    return {"-": "−", "'": "′"}.get(sign, sign), at + 1


def _argument(tex: str, at: int) -> tuple[str, int]:
    while at < len(tex) and tex[at] == " ":
        at += 1
    return _piece(tex, at)


def _raised(inner: str, sign: str) -> str:
    table, marks = (_SUPER, "^") if sign == "^" else (_SUB, "_")
    bare = inner.replace(" ", "")
    moved = bare.translate(table)
    if all(ord(one) in table or one in ",:" for one in bare):
        return moved
    return f"{marks}{inner}" if len(inner) == 1 else f"{marks}({inner})"


def _command(tex: str, at: int) -> tuple[str, int]:
    word = re.match(r"[A-Za-z]+", tex[at:])
    if not word:
        sign = tex[at]
        thin = "" if re.match(r"[(\[]|\\left", tex[at + 1 :]) else " "
        return {",": thin, ";": " ", "!": "", "\\": "\n"}.get(sign, sign), at + 1
    name, at = word[0], at + len(word[0])
    while tex[at : at + 1] == " ":  # TeX takes them as the end of the command
        at += 1
    if name in ("frac", "tfrac"):
        above, at = _argument(tex, at)
        below, at = _argument(tex, at)
        whole = _HALVES.get((above, below), f"{_bracketed(above)}/{_bracketed(below)}")
        return f"({whole})" if name == "tfrac" and "/" in whole else whole, at
    if name in ("text", "mathrm", "operatorname", "texttt"):
        return _run(tex, at + 1, "}") if tex[at : at + 1] == "{" else _argument(tex, at)
    if name == "sqrt":
        inner, at = _argument(tex, at)
        return f"√{inner if len(inner) == 1 else f'({inner})'}", at
    after = " " if name in _SPACED and not re.match(r"[(^_]|\\left", tex[at:]) else ""
    return _WORDS.get(name, name) + after, at


def _bracketed(text: str) -> str:
    """In brackets where a fraction's part is more than one word."""
    bare = re.fullmatch(r"[^\s+−·/]+", text.strip()) or re.fullmatch(r"−?[\d.,]+", text.strip())
    return text.strip() if bare else f"({text.strip()})"
