"""Modules for the two functions of Backlit's that PyTorch has none for; PyTorch is imported at the top."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class Exp(nn.Module):
    """e^z."""

    backlit_option = "exp"

    def forward(self, z: Any) -> Any:
        """e^z, elementwise."""
        return torch.exp(z)


class HardSigmoid(nn.Module):
    """min(1, max(0, s z + ½)); PyTorch's own has s = 1/6."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    @property
    def backlit_option(self) -> str:
        """The function as Backlit's table writes it."""
        return f"hard_sigmoid(slope={self.slope!r})"

    def extra_repr(self) -> str:
        """What PyTorch shows between the brackets."""
        return f"slope={self.slope!r}"

    def forward(self, z: Any) -> Any:
        """min(1, max(0, s z + ½)), elementwise."""
        return torch.clamp(self.slope * z + 0.5, 0, 1)
