"""Estimators: networks as scikit-learn knows models, in place of its MLPClassifier and MLPRegressor."""

from __future__ import annotations

from .base import FitDivergedError
from .classifier import BacklitClassifier
from .regressor import BacklitRegressor

__all__ = ["BacklitClassifier", "BacklitRegressor", "FitDivergedError"]
