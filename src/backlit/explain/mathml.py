r"""TeX as presentation MathML: what occurs in formulas of derivations, and nothing else of TeX.

Everything is escaped. An unknown command is written as its name, so that nothing is lost. How a formula stands on the
page is html.py's matter.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape

_PIECE = re.compile(r"\\[A-Za-z]+ *|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
_LETTERS = {
    "sigma": "σ", "varsigma": "ς", "delta": "δ", "alpha": "α", "lambda": "λ", "Phi": "Φ", "pi": "π", "eta": "η",
    "partial": "∂", "infty": "∞",
}  # fmt: skip
_SIGNS = {
    "cdot": "·", "odot": "⊙", "le": "≤", "ge": "≥", "ne": "≠", "neq": "≠", "to": "→", "times": "×", "lvert": "|",
    "rvert": "|", "Vert": "‖", "dots": "…",
}  # fmt: skip
_BEFORE_A_SIGN = ("cdot", "le", "ge", "ne", "times", "odot", "quad", "sum", ";")
_FUNCTIONS = ("log", "max", "min", "tanh", "cosh", "exp", "lim")
_SPACES = {",": "0.167em", ";": "0.278em", "quad": "1em", " ": "0.25em"}
_WORDS = ("text", "mathrm", "operatorname", "texttt")
_IN_WORDS = {"textbackslash": "\\", "textasciicircum": "^", "textasciitilde": "~"}


@cache
def mathml(tex: str, *, large: bool = False) -> str:
    """A whole ``<math>`` element; ``large`` is as in a display, though it stands in a line."""
    shown = ' displaystyle="true"' if large else ""
    return f"<math{shown}>{_Parser(tex).row()}</math>"


class _Parser:
    """Goes through the pieces once, from left to right."""

    def __init__(self, tex: str) -> None:
        self.pieces = _PIECE.findall(tex)
        self.at = 0

    def row(self, end: str = "") -> str:
        """The elements up to the closing ``end``, in one row."""
        parts = []
        while self.at < len(self.pieces):
            if self.pieces[self.at] == end:
                self.at += 1
                break
            parts.append(self._scripted())
        return f"<mrow>{''.join(parts)}</mrow>"

    def _peek(self) -> str:
        return self.pieces[self.at] if self.at < len(self.pieces) else ""

    def _next(self) -> str:
        piece = self._peek()
        self.at += 1
        return piece

    def _scripted(self) -> str:
        """One element with its index and its power."""
        big = self._peek().strip() == r"\sum"
        base = self._atom()
        below = above = ""
        while (mark := self._peek()) in ("_", "^", "'"):
            self.at += 1
            if mark == "_":
                below = self._argument()
            else:
                above += "<mo>′</mo>" if mark == "'" else self._argument()
        if not (below or above) or not base:
            return base
        kind = ("munder", "mover", "munderover") if big else ("msub", "msup", "msubsup")
        if below and above:
            return f"<{kind[2]}>{base}{below}<mrow>{above}</mrow></{kind[2]}>"
        name = kind[0] if below else kind[1]
        return f"<{name}>{base}{below or f'<mrow>{above}</mrow>'}</{name}>"

    def _argument(self) -> str:
        while self._peek().isspace():
            self.at += 1
        return self._atom()

    def _atom(self) -> str:
        piece = self._next()
        if piece.isspace():
            return ""
        if piece == "{":
            return self.row("}")
        if piece.startswith("\\") and len(piece) > 1:
            return self._command(piece[1:].strip())
        if piece[0].isdigit():
            return f"<mn>{piece}</mn>"
        if piece == "-":
            return self._minus()
        if piece in "()[]":
            return f'<mo stretchy="false">{piece}</mo>'
        if piece.isalpha():
            return f"<mi>{escape(piece)}</mi>"
        return f"<mo>{escape(piece)}</mo>"

    def _minus(self) -> str:
        """A sign of what follows, or an operator between two things, which has spaces around it."""
        before = [one.strip() for one in self.pieces[: self.at - 1] if one.strip()]
        last = before[-1] if before else "("
        sign = last in "([{=<>,/" or last.removeprefix(chr(92)) in _BEFORE_A_SIGN
        return '<mo form="prefix">−</mo>' if sign else "<mo>−</mo>"

    def _command(self, name: str) -> str:
        if name in ("frac", "tfrac", "dfrac"):
            above, below = self._argument(), self._argument()
            return f"<mfrac>{above}{below}</mfrac>"
        if name == "sqrt":
            return f"<msqrt>{self._argument()}</msqrt>"
        if name in _WORDS:
            return self._words(name)
        if name in ("left", "right", "big"):
            return f"<mo>{escape(self._next().removeprefix(chr(92)))}</mo>"
        if name == "sum":
            return '<mo movablelimits="false">∑</mo>'
        if name in _FUNCTIONS:
            return self._function(name)
        if name in _LETTERS:
            return f"<mi>{_LETTERS[name]}</mi>"
        if name in _SIGNS:
            return f'<mo stretchy="false">{_SIGNS[name]}</mo>'
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}"></mspace>'
        return "" if name == "!" else f"<mtext>{escape(name)}</mtext>"

    def _function(self, name: str) -> str:
        """``log`` and its kin, with a space before what they are of, where that has no brackets."""
        follows = "".join(self.pieces[self.at : self.at + 2])
        space = "" if follows.startswith(("(", "^", "_", r"\left")) else '<mspace width="0.167em"></mspace>'
        return f"<mi>{name}</mi>" if not space else f"<mrow><mi>{name}</mi>{space}</mrow>"

    def _words(self, kind: str) -> str:
        """A text as it stands, its escapes undone; nested braces belong to it."""
        if self._peek() != "{":
            return f"<mtext>{escape(self._next())}</mtext>"
        self.at += 1
        depth, text = 1, ""
        while self.at < len(self.pieces):
            piece = self._next()
            depth += (piece == "{") - (piece == "}")
            if not depth:
                break
            if piece.startswith("\\") and len(piece) > 1:
                text += _IN_WORDS.get(piece[1:].strip(), piece[1:])
            elif piece not in "{}":
                text += piece
        if kind == "operatorname" or (kind == "mathrm" and text.isalpha()):
            return f'<mi mathvariant="normal">{escape(text)}</mi>'
        style = ' class="code"' if kind == "texttt" else ""
        return f"<mtext{style}>{escape(text).replace(' ', '&#160;')}</mtext>"
