"""A derivation in HTML, from the tree alone: for now the terminal's text, escaped."""

from __future__ import annotations

from html import escape

from .steps import Derivation


def html(derivation: Derivation) -> str:
    """One fragment, self-contained."""
    return f'<pre class="backlit-derivation">{escape(derivation.text())}</pre>'
