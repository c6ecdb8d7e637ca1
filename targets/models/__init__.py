"""Targets as versioned documents, and attainment computed from the facts."""

from .attainment import Attainment
from .baseline import Baseline, BaselineConfirmation, BaselineCorrection, BaselineFreeze
from .indicator import Indicator, ReportedFigure
from .source import DeclaredForecast, SourceDeclaration
from .target import Target

__all__ = [
    "Attainment",
    "Baseline",
    "BaselineConfirmation",
    "BaselineCorrection",
    "BaselineFreeze",
    "DeclaredForecast",
    "Indicator",
    "ReportedFigure",
    "SourceDeclaration",
    "Target",
]
