"""Who waits for the grassroots committee's permission to do the procedure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from admissions.cases import cases_of
from admissions.guards import on_the_list, permission_of, valid_certificate
from admissions.models import Candidate, Milestone, RuleSet
from admissions.permissions import Permission, Rights
from admissions.stages import Stage, Step
from organizations.models import Ancestry, Appointment, Designation, Organization, Role

if TYPE_CHECKING:
    from organizations.models import User

WAITING_STAGES = [Stage.CERTIFIED, Stage.DOSSIER, Stage.READY]
LOOKED_AT = (on_the_list, valid_certificate)
"""What one look at all files tells; the rest is told at the row when the resolution is saved."""

AT_MOST = 100
"""People on one page; one resolution seldom names more than a few."""


@dataclass(frozen=True)
class Proposed:
    """A person whom a cell proposes: who helps since when, the certificate, what is amiss."""

    file: Candidate
    cell: str
    body: str
    certificate: str
    mentors: str
    refusals: list[str]


def proposed(user: User, *, on: date) -> list[Proposed]:
    """Return those for whom `user`'s committee has not permitted the procedure, longest first.

    Those whose certificate has run out are among them, with the sentence that says so.
    """
    files = list(
        _without_permission(user, on=on)
        .select_related("person", "cell", "rules")
        .order_by("stage_since", "pk")[:AT_MOST]
    )
    try:
        cases = cases_of(files, on=on)
    except RuleSet.DoesNotExist:
        return []
    rights = Rights.of(user, on=on, cells={one.cell_id for one in files})
    return [
        Proposed(
            file=case.candidate,
            cell=case.bodies.cell.short_name or case.bodies.cell.name,
            body=str(case.bodies.permitting),
            certificate=f"{case.certificate.number}, {case.certificate.issued_on:%d/%m/%Y}"
            if case.certificate
            else "",
            mentors=", ".join(one.mentor.full_name for one in case.mentorships),
            refusals=[said for guard in LOOKED_AT if (said := guard(case))],
        )
        for case in cases
        if case.rules.permission_needed
        and permission_of(case, whenever=True) is None
        and rights.may(Permission.PERMIT, case)
    ]


def asked_of(user: User, *, on: date) -> QuerySet[Candidate]:
    """Return the files that wait for the committees at which `user` is staff, not judged yet."""
    needed = RuleSet.objects.filter(period__contains=on, permission_needed=True)
    asked = cells_that_ask(_committees(user, on=on), on=on)
    return _without_permission(user, on=on).filter(Exists(needed), cell__in=asked)


def cells_that_ask(committees: Collection[int] | QuerySet[Any], *, on: date) -> QuerySet[Any]:
    """Return the cells (ids) whose people one of `committees` permits, as `Bodies.permitting`:
    the grassroots committee above, or the competent one where there is none between."""
    committee = Designation.objects.begun(on=on).filter(
        period__contains=on, kind__votes_as="grassroots"
    )
    lines = Ancestry.objects.on(on)
    between = lines.filter(depth__gt=0, ancestor__in=committee.values("organization"))
    own = committee.filter(organization__in=committees).values("organization")
    beneath = lines.filter(ancestor__in=committees, depth__gt=0)
    return beneath.filter(
        Q(ancestor__in=own) | ~Q(descendant__in=between.values("descendant"))
    ).values("descendant")


def _committees(user: User, *, on: date) -> QuerySet[Any]:
    return Appointment.objects.of(user, on=on, roles=[Role.STAFF]).values("organization")


def _without_permission(user: User, *, on: date) -> QuerySet[Candidate]:
    beneath = Organization.objects.under(
        Organization.objects.filter(pk__in=_committees(user, on=on)), on=on
    )
    given = Milestone.objects.filter(candidate=OuterRef("pk"), step=Step.PERMIT)
    # A file in a later course may have been returned to before it: looked at one by one.
    return Candidate.objects.filter(
        ~Exists(given) | Q(course__gt=1),
        stage__in=WAITING_STAGES,
        cell__in=beneath.values("pk"),
    )
