"""Following up on targets: a month's admissions confirmed, somebody sent after a unit, visits."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from organizations.models import Ancestry, Organization, User
from organizations.operations.seals import refuse_sealed
from targets.followed import admitted_by, behind_by, is_over, month_end
from targets.models import FollowUp, MonthlyConfirmation, Visit
from targets.permissions import (
    assignees_for,
    closes_follow_up,
    follows_up,
    speaks_for,
    superior_of,
)

from . import refusals


@transaction.atomic
def confirm_month(
    organization: Organization,
    *,
    by: User,
    on: date,
    year: int,
    month: int,
    admitted: int,
    note: str = "",
    shortfall: str = "",
) -> MonthlyConfirmation:
    """Record what `organization` says it admitted in `year` up to the end of `month`.

    The newest word on a month counts; a correction is another one. Where `admitted` differs from
    what is counted, `note` says why; where it lies behind the plan of its target, `shortfall`
    does. Raises PermissionDenied where `by` is neither secretary nor staff of it, DomainError at
    `year`, `month` (not over yet, or of a closed year), `admitted`, `note` or `shortfall`.
    """
    if not speaks_for(by, organization, on=on):
        raise PermissionDenied
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if sentence := refusals.of_year(year, on=on):
        raise DomainError(fields={"year": sentence})
    if sentence := _refused_month(organization, year=year, month=month, on=on):
        raise DomainError(fields={"month": sentence})
    note, shortfall = names.written(note), names.written(shortfall)
    counted = admitted_by(organization, year=year, month=month)
    behind = behind_by(organization, year=year, month=month, admitted=admitted, on=on)
    refused = refusals.found(
        admitted=refusals.of_people(admitted),
        note=refusals.of_text(
            note, limit=300, missing=_differs(counted) if admitted != counted else None
        ),
        shortfall=refusals.of_text(
            shortfall, limit=300, missing=_lies_behind(behind) if behind else None
        ),
    )
    if refused:
        raise DomainError(fields=refused)
    refuse_sealed([organization], day=month_end(year, month), field="month")
    return MonthlyConfirmation.objects.create(
        organization=organization,
        year=year,
        month=month,
        admitted=admitted,
        counted=max(counted, 0),
        note=note,
        shortfall=shortfall,
        entered_by=by,
    )


def _refused_month(organization: Organization, *, year: int, month: int, on: date) -> str | None:
    if not 1 <= month <= 12:
        return _("Enter a month from 1 to 12.")
    if not is_over(year, month, on=on):
        return _("Month %(month)s/%(year)s is not over yet.") % {"month": month, "year": year}
    there = Ancestry.objects.on(month_end(year, month)).filter(descendant=organization.pk, depth=0)
    if not there.exists():
        return _("%(organization)s did not exist at the end of that month.") % {
            "organization": organization
        }
    return None


def _differs(counted: int) -> str:
    return _("The system counts %(counted)s. Say why the number differs.") % {"counted": counted}


def _lies_behind(people: int) -> str:
    return _("That is %(n)s behind the plan to date. Give the unit's own reason.") % {"n": people}


@transaction.atomic
def assign_follow_up(
    unit: Organization,
    *,
    by: User,
    on: date,
    year: int,
    task: str,
    responsible: str = "",
    assignee: User | None = None,
    due_on: date | None,
) -> FollowUp:
    """Give somebody the task to see after `unit`, directly beneath, by `due_on`.

    `assignee` is a user who acts at the superior or at the unit: it then waits on their page of
    tasks; without one, `responsible` names a person. Raises PermissionDenied where `by` is not
    staff of the organisation directly above, DomainError at `year`, `task`, `responsible`,
    `assignee` or `due_on`.
    """
    superior = superior_of(unit, on=on)
    if superior is None or not follows_up(by, unit, on=on):
        raise PermissionDenied
    task, responsible = names.written(task), names.written(responsible)
    if assignee and not responsible:
        responsible = str(assignee)[:120]
    refused = refusals.found(
        year=refusals.of_year(year, on=on),
        task=refusals.of_text(task, limit=300, missing=_("Say what is to be done.")),
        responsible=refusals.of_text(
            responsible, limit=120, missing=_("Name who is responsible, or choose an account.")
        ),
        assignee=None
        if assignee is None or assignees_for(superior, unit, on=on).filter(pk=assignee.pk).exists()
        else _("This account acts neither there nor here."),
        due_on=refusals.of_day_to_come(due_on, on=on),
    )
    if refused or due_on is None:
        raise DomainError(fields=refused)
    return FollowUp.objects.create(
        organization=superior,
        unit=unit,
        year=year,
        task=task,
        responsible=responsible,
        assignee=assignee,
        given_on=on,
        due_on=due_on,
        entered_by=by,
    )


@transaction.atomic
def close_follow_up(follow_up: FollowUp, *, by: User, on: date, result: str) -> FollowUp:
    """Close `follow_up` with what came of it.

    Raises PermissionDenied where `by` is neither its assignee nor staff of who gave it (or, once
    that has ended, of whoever is above the unit), DomainError at `result`, or where it is closed
    already.
    """
    row = FollowUp.objects.select_for_update(no_key=True, of=("self",)).get(pk=follow_up.pk)
    if not closes_follow_up(by, row, on=on):
        raise PermissionDenied
    if row.done_on:
        raise DomainError(_("This task is closed already."))
    result = names.written(result)
    refused = refusals.found(
        result=refusals.of_text(result, limit=300, missing=_("Say what came of it."))
    )
    if refused:
        raise DomainError(fields=refused)
    row.result, row.done_on, row.closed_by = result, on, by
    row.save(update_fields=["result", "done_on", "closed_by"])
    return row


@transaction.atomic
def record_visit(
    unit: Organization,
    *,
    by: User,
    on: date,
    year: int,
    visited_on: date | None,
    who: str,
    findings: str = "",
) -> Visit:
    """Record that people of the superior were at `unit` on a day of `year`, and what they found.

    Raises PermissionDenied where `by` is not staff of the organisation directly above,
    DomainError at `visited_on` (also one recorded already), `who` or `findings`.
    """
    superior = superior_of(unit, on=on)
    if superior is None or not follows_up(by, unit, on=on):
        raise PermissionDenied
    who, findings = names.written(who), names.written(findings)
    Organization.objects.select_for_update(no_key=True).get(pk=unit.pk)
    refused = refusals.found(
        visited_on=refusals.of_day(visited_on, on=on)
        or _refused_visit(superior, unit, visited_on, year=year),
        who=refusals.of_text(who, limit=200, missing=_("Say who went.")),
        findings=refusals.of_text(findings, limit=500),
    )
    if refused or visited_on is None:
        raise DomainError(fields=refused)
    return Visit.objects.create(
        organization=superior,
        unit=unit,
        year=year,
        visited_on=visited_on,
        who=who,
        findings=findings,
        entered_by=by,
    )


def _refused_visit(
    superior: Organization, unit: Organization, day: date | None, *, year: int
) -> str | None:
    if day is None:
        return None
    if day.year != year:
        return _("Enter a day of %(year)s.") % {"year": year}
    if Visit.objects.filter(organization=superior, unit=unit, visited_on=day).exists():
        return _("The visit of that day is recorded already.")
    return None
