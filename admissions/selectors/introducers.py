"""Introducers of a file, and how its verification stands, as the file's page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from admissions import eligibility
from admissions.cases import Case, case_of
from admissions.guards import STEPS
from admissions.models import Candidate, Introducer
from admissions.permissions import Rights
from admissions.stages import Step

from .next_steps import step_url
from .sections import Section

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User


@dataclass(frozen=True)
class IntroducerRow:
    """Who introduces: name, kind, since when; `end_url` where the reader may end or replace."""

    name: str
    kind: str
    note: str
    is_ended: bool
    end_url: str


def introducer_warnings(candidate: Candidate, *, on: date) -> list[str]:
    """Return what is said of the introducers of the file and refuses nothing."""
    fresh = Candidate.objects.select_related("person", "rules").get(pk=candidate.pk)
    warning = eligibility.introduced_by_a_relative(case_of(fresh, on=on))
    return [warning] if warning else []


def section_of_introducers(
    case: Case, rights: Rights, user: User | AnonymousUser
) -> Section | None:
    """Return who introduces the candidate, and how many verifications are answered."""
    file = case.candidate
    may_name = STEPS[Step.INTRODUCE].is_at(file) and rights.may(
        STEPS[Step.INTRODUCE].permission, case
    )
    introducers = list(file.introducers.all())
    requests = list(file.verifications.all())
    if not introducers and not requests and not may_name:
        return None
    waiting = case.open_verifications
    due = [one.due_on for one in waiting if one.due_on]
    warning = eligibility.introduced_by_a_relative(case) if introducers else None
    return Section(
        "admissions/introducers.html",
        {
            "introducers": [_row(case, one, may_end=may_name) for one in introducers],
            "name_url": step_url(case, Step.INTRODUCE) if may_name else "",
            "warning": warning or "",
            "requests": len(requests),
            "closed": len(requests) - len(waiting),
            "due_on": min(due, default=None),
            "is_late": bool(due) and min(due) < case.on,
            "verifications_url": reverse("candidate-verifications", args=[file.public_id]),
        },
        order=40,
        beside=True,
    )


def _row(case: Case, one: Introducer, *, may_end: bool) -> IntroducerRow:
    is_ended = one.ended_on is not None
    note = _("since %(day)s") % {"day": f"{one.named_on:%d/%m/%Y}"}
    if one.ended_on:
        note = _("until %(day)s: %(reason)s") % {
            "day": f"{one.ended_on:%d/%m/%Y}",
            "reason": one.ended_because,
        }
    elif one.replaces_id:
        note = _("since %(day)s, in another's place") % {"day": f"{one.named_on:%d/%m/%Y}"}
    end = reverse("introducer-end", args=[case.candidate.public_id, one.pk])
    return IntroducerRow(
        name=str(one),
        kind=one.get_kind_display(),
        note=note,
        is_ended=is_ended,
        end_url=end if may_end and not is_ended else "",
    )
