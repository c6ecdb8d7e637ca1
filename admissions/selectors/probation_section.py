"""The section on probation of a candidate's page: its days, and what may be recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from admissions import probation
from admissions.cases import Case
from admissions.guards import STEPS
from admissions.permissions import Permission, Rights
from admissions.stages import STEPS_OF_VOTES, Purpose, Stage, Step

from .next_steps import step_url
from .sections import Section

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User

SHOWN_AT = {Stage.DECIDED, Stage.ADMITTED, Stage.OFFICIAL}


def section(case: Case, rights: Rights, user: User | AnonymousUser) -> Section | None:
    """Return the days of the probation and the steps that `rights` allow, from the decision on."""
    stage = Stage(case.candidate.stage)
    if stage not in SHOWN_AT:
        return None
    return Section(
        template="admissions/probation_section.html",
        context={
            "facts": _facts(case),
            "links": _links(case, rights),
            "rules": case.candidate.rules.code,
            "began": case.became_probationary_on is not None,
        },
        order=20,
        beside=True,
    )


def _facts(case: Case) -> list[tuple[str, str]]:
    begun, last = case.became_probationary_on, probation.ends_on(case)
    if begun is None or last is None:
        return []
    rows = [
        (_("Ceremony"), f"{begun:%d/%m/%Y}"),
        (_("Official from"), f"{last:%d/%m/%Y}"),
        (_("Self-criticism from"), f"{last:%d/%m/%Y}"),
    ]
    named = [
        (_("Member's papers by"), probation.papers_due(case)),
        (_("Cell considers by"), probation.review_due(case)),
        (_("Decision by"), probation.decision_due(case)),
    ]
    for words, due in named:
        if due is not None:
            told = {"day": f"{due.day:%d/%m/%Y}", "days": due.days, "rules": due.rules.code}
            rows.append((words, _("%(day)s (%(days)s working days, %(rules)s)") % told))
    decision = case.decision_for(Purpose.RECOGNITION)
    if decision is not None:
        rows.append(
            (
                _("Recognised"),
                _("No. %(number)s of %(day)s")
                % {"number": decision.number, "day": f"{decision.signed_on:%d/%m/%Y}"},
            )
        )
    return rows


def _links(case: Case, rights: Rights) -> list[tuple[str, str]]:
    """Return what the reader may record now or print: [(words, address)]."""
    found = []
    if rights.may(Permission.PREPARE, case):
        minutes = reverse("ceremony-minutes", args=[case.candidate.public_id])
        found.append((_("Programme and minutes of the ceremony"), minutes))
    steps = [*STEPS_OF_VOTES[Purpose.DELETION].values(), Step.DELETE_NAME]
    if probation.is_over(case):
        steps = [Step.RECOGNITION_CELL, *steps]
    for step in steps:
        rule = STEPS[step]
        # The cell may begin at any time; those above when it is before them.
        if step not in {Step.RECOGNITION_CELL, Step.DELETION_CELL} and rule.refusals(case):
            continue
        if rule.is_at(case.candidate) and rights.may(rule.permission, case):
            if step in {Step.RECOGNITION_CELL, Step.DELETION_CELL} and _passed(case, step):
                continue
            found.append((str(Step(step).label), step_url(case, step)))
    return found


def _passed(case: Case, step: Step) -> bool:
    return case.milestone(step) is not None
