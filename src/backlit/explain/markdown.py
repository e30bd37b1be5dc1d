"""A derivation in Markdown: its statement and its formulas, from the tree alone."""

from __future__ import annotations

from .latex import latex
from .steps import Derivation


def markdown(derivation: Derivation) -> str:
    """The statement, the conventions, and the formulas between dollars."""
    said = f"**{derivation.name}**: {derivation.statement}"
    return f"{said}\n\n{' · '.join(derivation.conventions)}\n\n$$\n{latex(derivation)}$$\n"
