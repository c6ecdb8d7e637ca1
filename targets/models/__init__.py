"""Targets as versioned documents, and attainment computed from the facts."""

from .attainment import Attainment, AttainmentPart, FiguredYear
from .baseline import Baseline, BaselineConfirmation, BaselineCorrection, BaselineFreeze
from .cycle import Acknowledgement, Cycle, Reason, Reminder, TargetDecision, TargetDraft
from .following import FollowUp, MonthlyConfirmation, Visit
from .indicator import Indicator, ReportedFigure
from .round_plan import RoundPlan
from .saved_scenario import SavedScenario
from .source import DeclaredForecast, SourceDeclaration
from .target import Target

__all__ = [
    "Acknowledgement",
    "Attainment",
    "AttainmentPart",
    "Baseline",
    "BaselineConfirmation",
    "BaselineCorrection",
    "BaselineFreeze",
    "Cycle",
    "DeclaredForecast",
    "FiguredYear",
    "FollowUp",
    "Indicator",
    "MonthlyConfirmation",
    "Reason",
    "Reminder",
    "ReportedFigure",
    "RoundPlan",
    "SavedScenario",
    "SourceDeclaration",
    "Target",
    "TargetDecision",
    "TargetDraft",
    "Visit",
]
