"""All mistakes that can be named, by id: those of gradients, of forward passes and of updates."""

from __future__ import annotations

from .forwards.table import FORWARD_MISTAKES
from .gradients.table import GRADIENT_MISTAKES
from .mistake import Mistake
from .updates.table import UPDATE_MISTAKES

MISTAKES: dict[str, Mistake] = {
    row.id: row for row in (*GRADIENT_MISTAKES, *FORWARD_MISTAKES, *UPDATE_MISTAKES)
}
