r"""A derivation in LaTeX: the lines of an ``align*``, from the tree alone."""

from __future__ import annotations

from .steps import Derivation, Step, walk


def latex(derivation: Derivation, *, full: bool = True) -> str:
    """The one formula with its numbers, or (``full``) a line for every step."""
    steps = list(walk(derivation.root)) if full else [derivation.root]
    return "\\begin{align*}\n" + " \\\\\n".join(_line(step) for step in steps) + "\n\\end{align*}\n"


def _line(step: Step) -> str:
    forms = [step.formula.tex, *(line.tex for line in step.lines), step.numbers.tex]
    return f"{step.symbol.tex} &= " + " = ".join(form for form in forms if form)
