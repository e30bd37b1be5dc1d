r"""Sentences and names as LaTeX in plain ASCII, which every TeX reads: signs as mathematics, accents as commands.

What has no command in LaTeX's own fonts is written as its code point, ``U+4E2D``, so that no name stops a document
from compiling and none is lost. What a derivation says is put together in latex.py.
"""

from __future__ import annotations

import re
import unicodedata

from .formula import reworded
from .rows import cut

_SPECIAL = {
    **{sign: "\\" + sign for sign in "%#&_${}"},
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "`": r"\textasciigrave{}",
    "“": "``", "”": "''", "‘": "`", "’": "'", "–": "--", "—": "---", "…": r"\dots{}", "\u00a0": "~",
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}", "Ø": r"\O{}",
    "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}", "§": r"\S{}", "¿": "?`", "¡": "!`",
}  # fmt: skip
_MATHS = {
    "<": "<", ">": ">", "|": "|",
    "−": "-", "·": r"\cdot", "×": r"\times", "→": r"\to", "∞": r"\infty", "∂": r"\partial", "Σ": r"\Sigma",
    "½": r"\tfrac{1}{2}", "¼": r"\tfrac{1}{4}", "′": "'", "⊙": r"\odot", "≤": r"\le", "≥": r"\ge", "≠": r"\ne",
    "√": r"\surd", "‖": r"\Vert", "✓": r"\checkmark", "✗": r"\times", "°": r"{}^{\circ}", "µ": r"\mu", "±": r"\pm",
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon", "ζ": r"\zeta", "η": r"\eta",
    "θ": r"\theta", "ι": r"\iota", "κ": r"\kappa", "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "ξ": r"\xi",
    "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma", "ς": r"\varsigma", "τ": r"\tau", "υ": r"\upsilon", "φ": r"\varphi",
    "χ": r"\chi", "ψ": r"\psi", "ω": r"\omega", "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda",
    "Ξ": r"\Xi", "Π": r"\Pi", "Φ": r"\Phi", "Ψ": r"\Psi", "Ω": r"\Omega",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c", "\u0331": "b",
}  # fmt: skip
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿᴸˡⁱʲᵏˣᶻᵀ]+")
_LOWERED = re.compile("[₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₐₑᵢⱼₖₗₙᵣₓ]+")


def prose(text: str) -> str:
    """A sentence in LaTeX; its straight quotes become a pair of curved ones."""
    text = re.sub(r'(^|(?<=[\s(]))"', "“", text)
    return plain(text.replace('"', "”"))


def plain(text: str) -> str:
    """Any text in LaTeX, sign for sign."""
    text = unicodedata.normalize("NFC", text)
    written, maths = "", ""
    while text:
        piece, signs, text = _next(text)
        maths += signs
        if piece:
            written += (f"${maths}$" if maths else "") + piece
            maths = ""
    return written + (f"${maths}$" if maths else "")


def _next(text: str) -> tuple[str, str, str]:
    """The first sign, or run of raised or lowered ones: as text, or else as mathematics; and what follows it."""
    for mark, run in (("^", _RAISED), ("_", _LOWERED)):
        if found := run.match(text):
            inner = unicodedata.normalize("NFKC", found[0]).replace("−", "-")
            return "", f"{mark}{{{inner}}}", text[found.end() :]
    if text[0] in _MATHS:
        return "", _MATHS[text[0]] + " " * (_MATHS[text[0]][-1:].isalpha() and text[1:2].isalpha()), text[1:]
    return _sign(text[0]), "", text[1:]


def _sign(sign: str) -> str:
    if sign in _SPECIAL:
        return _SPECIAL[sign]
    if sign.isascii() and sign.isprintable():
        return sign
    if sign.isspace():
        return " "
    base, *marks = list(unicodedata.normalize("NFD", sign))
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        return f"\\{_ACCENTS[marks[0]]}{{{base}}}"
    return rf"\texttt{{U+{ord(sign):04X}}}"


def formula(tex: str) -> str:
    r"""A formula's TeX in ASCII, the words in it too; a long name is cut, as it is in tables."""
    tex = reworded(tex, lambda words: plain(cut(words)))
    return "".join(sign if sign.isascii() else rf"\text{{{plain(sign)}}}" for sign in tex)
