"""Targets as versioned documents, and attainment computed from the facts."""

from .attainment import Attainment
from .baseline import Baseline
from .indicator import Indicator, ReportedFigure
from .source import DeclaredForecast, SourceDeclaration
from .target import Target

__all__ = [
    "Attainment",
    "Baseline",
    "DeclaredForecast",
    "Indicator",
    "ReportedFigure",
    "SourceDeclaration",
    "Target",
]
