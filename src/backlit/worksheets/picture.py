"""The network of a sheet as a small drawing: a circle for each neuron, with its name, and the edges between them.

As SVG that stands in a page. Larger pictures, with what the edges carry, are plots' matter.
"""

from __future__ import annotations

from html import escape
from itertools import pairwise

from ..explain.formula import unicode
from .scene import Scene

_APART, _ACROSS, _RADIUS = 40, 64, 13  # pixels
_MOST = 8  # neurons of a layer that are drawn


def svg(scene: Scene) -> str:
    """An ``<svg>`` element; nothing for networks that are too wide for a sheet's margin."""
    sizes = scene.net.sizes
    if max(sizes) > _MOST or len(sizes) > 5:
        return ""
    height = max(sizes) * _APART
    width = (len(sizes) - 1) * _ACROSS + 2 * _RADIUS + 8
    at = [
        [(_RADIUS + 4 + l * _ACROSS, height / 2 + (j - (n - 1) / 2) * _APART) for j in range(n)]
        for l, n in enumerate(sizes)
    ]
    edges = "".join(
        f'<line x1="{x0}" y1="{y0:g}" x2="{x1}" y2="{y1:g}" />'
        for before, after in pairwise(at)
        for x0, y0 in before
        for x1, y1 in after
    )
    circles = "".join(
        f'<circle cx="{x}" cy="{y:g}" r="{_RADIUS}" /><text x="{x}" y="{y + 3.5:g}">{_name(scene, l, j)}</text>'
        for l, layer in enumerate(at)
        for j, (x, y) in enumerate(layer)
    )
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(" → ".join(map(str, sizes)))} neurons">'
        f'<g stroke="#aab1bc" stroke-width="1">{edges}</g>'
        f'<g fill="#fff" stroke="#1b2330" stroke-width="1.1">{circles.replace("<text", _TEXT)}</g></svg>'
    )


_TEXT = '<text fill="#1b2330" stroke="none" font-size="10" text-anchor="middle" font-family="serif"'


def _name(scene: Scene, l: int, j: int) -> str:
    number = scene.index[l][j]
    return unicode(f"a^{l}_{{{number}}}")
