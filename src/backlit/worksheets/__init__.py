"""Worksheets: exercises in backpropagation with worked keys, and marking that names the mistake behind a wrong answer.

``make`` gives sheets of invented networks or of your model's examples; ``mark`` marks answers by a key.
"""

from .make import ALL as KINDS, make
from .marking import Mark, Marks, mark
from .sheet import Key, Sheet

__all__ = ["KINDS", "Key", "Mark", "Marks", "Sheet", "make", "mark"]
