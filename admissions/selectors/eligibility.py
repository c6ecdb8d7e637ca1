"""The conditions on a candidate's page: what to look at, and under which rules the file is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from admissions.cases import Case
from admissions.eligibility import warnings
from admissions.parameters import Words, differing
from admissions.permissions import Rights
from admissions.stages import (
    BEFORE_THE_CELL,
    LIVE_STAGES,
)

from .sections import Section

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User


@dataclass(frozen=True)
class Difference:
    """A parameter that the file keeps, and what it is in the rules in force."""

    label: Words
    kept: Words
    now: Words


@dataclass(frozen=True)
class NewRules:
    """Rules came into force while the file was open.

    It keeps those under which the cell resolved; until then the cell judges by those of its day.
    """

    kept: str
    code: str
    since: date
    differences: list[Difference]
    url: str
    is_resolved: bool


def new_rules(case: Case) -> NewRules | None:
    """Return what changed where other rules are in force on the day than the file's own."""
    own, now = case.candidate.rules, case.rules
    if own.pk == now.pk:
        return None
    return NewRules(
        kept=own.code,
        code=now.code,
        since=now.period.lower,
        differences=[
            Difference(one.label, one.shown(one.text(own)), one.shown(one.text(now)))
            for one in differing(own, now)
        ],
        url=f"{reverse('rule-set-compare')}?ban={own.pk}&ban={now.pk}",
        is_resolved=case.candidate.stage not in BEFORE_THE_CELL,
    )


def conditions(case: Case, rights: Rights, user: User | AnonymousUser) -> Section | None:
    """The card of conditions, for whoever sees the file; None where there is nothing to say."""
    stage = case.candidate.stage
    if stage not in LIVE_STAGES:
        return None
    told = warnings(case) if stage in BEFORE_THE_CELL else []
    changed = new_rules(case)
    if not told and changed is None:
        return None
    context = {"warnings": told, "changed": changed, "title": _("Conditions")}
    return Section("admissions/conditions_section.html", context, order=30)
