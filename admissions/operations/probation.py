"""What is made during probation beside the votes: the papers of the new member."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.models import Candidate, Milestone
from admissions.probation import papers_due
from admissions.stages import Step

from .recording import begin, kept, record

if TYPE_CHECKING:
    from organizations.models import User


@transaction.atomic
def make_new_member_papers(candidate: Candidate, *, by: User, on: date, made_on: date) -> Milestone:
    """Record that on `made_on` the papers of the new member were made and the lists written up.

    1-HSĐV and 2-HSĐV, the book of members and its entry here (step 18, HD 38-HD/BTCTW 2025). Past
    the last day they are recorded and the milestone says so. Raises PermissionDenied where `by` is
    not secretary over the cell, DomainError at `made_on` before the ceremony, in the future, or
    where they were made already.
    """
    case = begin(candidate, Step.NEW_MEMBER_PAPERS, by=by, on=on, happened_on=made_on)
    due = papers_due(case)

    def words() -> str:
        if due is None or made_on <= due.day:
            return ""
        return _("After the last day, %(day)s (%(days)s working days, %(rules)s).") % {
            "day": f"{due.day:%d/%m/%Y}",
            "days": due.days,
            "rules": due.rules.code,
        }

    milestone = Milestone(
        candidate=case.candidate,
        step=Step.NEW_MEMBER_PAPERS,
        on=made_on,
        entered_by=by,
        note=kept(words),
    )
    record(case.candidate, [milestone], announced_on=made_on)
    return milestone
