"""How an organisation stands towards its target; pure."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Course(models.TextChoices):
    """How an organisation stands towards its target, in the words of the pages."""

    REACHED = "reached", _("Reached")
    ON_COURSE = "on_course", _("On course")
    SPEED_UP = "speed_up", _("Speed up")
    MORE_SOURCES = "more_sources", _("More sources needed")
    AT_RISK = "at_risk", _("At risk")
    MISSED = "missed", _("Not reached")
    NO_SOURCE = "no_source", _("No source")
    NO_TARGET = "no_target", _("No target")


def course(
    *,
    target_low: int | None,
    admitted: int,
    plan: int | None,
    open_files: int,
    has_source: bool,
    year_is_over: bool,
) -> Course:
    """Return how an organisation stands towards its target; a target of zero is none.

    Two questions: is it behind the plan to date, and would the files under way suffice? Behind
    with enough files: speed up; in time with too few: more sources; both: at risk.

    >>> state = dict(plan=9, open_files=40, has_source=True, year_is_over=False)
    >>> course(target_low=35, admitted=18, **state).value
    'on_course'
    >>> course(target_low=35, admitted=8, **state).value
    'speed_up'
    >>> course(target_low=60, admitted=8, **state).value
    'at_risk'
    """
    if target_low and admitted >= target_low:
        return Course.REACHED
    if not has_source:
        return Course.NO_SOURCE
    if not target_low:
        return Course.NO_TARGET
    if year_is_over:
        return Course.MISSED
    is_behind = plan is not None and admitted < plan
    has_files = admitted + open_files >= target_low
    if is_behind:
        return Course.SPEED_UP if has_files else Course.AT_RISK
    return Course.ON_COURSE if has_files else Course.MORE_SOURCES
