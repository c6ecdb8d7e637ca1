"""What pages of classes show: the list, one class with its roll, the class of one file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from admissions.cases import Case
from admissions.guards import STEPS
from admissions.models import AwarenessClass, Candidate, Certificate, Enrolment
from admissions.models.awareness import TAKEN
from admissions.operations.classes import WAITING, kind_for, runs
from admissions.permissions import Permission, Rights
from admissions.stages import Stage, Step
from organizations.models import Appointment, Designation, Organization, Role
from organizations.models.relative import own_people_of

from .next_steps import step_url
from .sections import Section

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from organizations.models import User

LATE = timedelta(days=366)
"""How long after its last day a class is still offered, for names that are entered late."""


def with_places(classes: QuerySet[AwarenessClass]) -> QuerySet[AwarenessClass]:
    """Annotate `taken` and `proposed`: how many places are taken, how many names wait."""
    return classes.annotate(
        taken=Count("enrolments", filter=Q(enrolments__state__in=TAKEN)),
        proposed=Count("enrolments", filter=Q(enrolments__state=Enrolment.State.PROPOSED)),
    )


def planners(user: User | AnonymousUser, *, on: date) -> QuerySet[Organization]:
    """Return the organisations at which `user` plans classes on day `on`: those of their posts."""
    held = Appointment.objects.of(user, on=on, roles=[Role.STAFF, Role.CENTRE])
    return Organization.objects.filter(pk__in=held.values("organization")).called(on=on)


def open_to(file: Candidate, *, on: date) -> QuerySet[AwarenessClass]:
    """Return the classes for which the file's cell may propose its person, the latest first."""
    return (
        AwarenessClass.objects.above([file.cell_id], on=on)
        .filter(kind=kind_for(file), ends_on__gte=on - LATE)
        .exclude(state=AwarenessClass.State.CANCELLED)
    )


def own_cells(
    school: AwarenessClass, user: User | AnonymousUser, *, on: date
) -> QuerySet[Organization]:
    """Return the cells beneath the class's organisation whose secretary `user` is on day `on`."""
    beneath = Organization.objects.under(
        Organization.objects.filter(pk=school.organization_id), on=on
    )
    mine = Appointment.objects.organizations_of(user, roles=[Role.SECRETARY], on=on)
    return beneath.filter(pk__in=mine.values("pk"))


def proposable(
    school: AwarenessClass, user: User | AnonymousUser, *, on: date
) -> QuerySet[Candidate]:
    """Return the candidates whom `user` may propose for the class, by given name."""
    is_new = school.kind == Certificate.Kind.NEW_MEMBER
    stages = [Stage.ADMITTED] if is_new else STEPS[Step.ENROL].sources - {Stage.ADMITTED}
    certified = Certificate.objects.filter(kind=school.kind, expires_on__gt=on)
    return (
        Candidate.objects.visible_to(user, on=on)
        .filter(cell__in=own_cells(school, user, on=on).values("pk"), stage__in=stages)
        .exclude(enrolments__state__in=WAITING)
        .exclude(pk__in=school.enrolments.filter(state__in=TAKEN).values("candidate"))
        .exclude(pk__in=certified.values("candidate"))
        .exclude(person__in=own_people_of(user))
        .select_related("person")
        .order_by("person__name_order", "pk")
    )


@dataclass(frozen=True)
class Row:
    """A line of the roll as its reader may see it."""

    enrolment: Enrolment
    person: str
    cell: str
    kind: str
    may_withdraw: bool
    public_id: str
    """Of the file, empty for those who see nothing of it."""


@dataclass(frozen=True)
class ClassPage:
    """A class with its roll, for one reader on one day."""

    school: AwarenessClass
    rows: list[Row]
    taken: int
    proposed: int
    runs: bool
    answers: bool
    proposes: bool
    marks: bool

    @property
    def free(self) -> int:
        return self.school.places - self.taken


LOOKS = {
    Enrolment.State.PROPOSED: "info",
    Enrolment.State.ACCEPTED: "info",
    Enrolment.State.PASSED: "ok",
    Enrolment.State.FAILED: "late",
    Enrolment.State.ABSENT: "late",
}


def roll(school: AwarenessClass, *, on: date) -> QuerySet[Enrolment]:
    """Return who was ever proposed, by given name, each with `cell_name` of day `on`."""
    called = Designation.objects.begun(on=on).filter(organization=OuterRef("candidate__cell"))
    return (
        school.enrolments.select_related("candidate__person", "certificate")
        .annotate(cell_name=Subquery(called.values("short_name")[:1]))
        .order_by("candidate__person__name_order", "pk")
    )


def class_page(school: AwarenessClass, *, user: User, on: date) -> ClassPage:
    """Return the page of a class: who runs it sees its roll, others those of their own cells."""
    states = Counter(school.enrolments.order_by().values_list("state", flat=True))
    keys = school.enrolments.order_by().values("candidate")
    visible = Candidate.objects.visible_to(user, on=on).filter(pk__in=keys)
    seen = set(visible.values_list("pk", flat=True))
    is_runner = runs(user, school.organization, on=on)
    of_whom = Q(candidate__in=seen) | Q(state__in=TAKEN if is_runner else ())
    found = list(roll(school, on=on).filter(of_whom))
    rights = Rights.of(user, on=on, cells={one.candidate.cell_id for one in found})
    answerable = set(answered_by(school, user, on=on).values_list("pk", flat=True))
    rows = [
        Row(
            enrolment=one,
            person=one.candidate.person.full_name,
            cell=str(getattr(one, "cell_name", "")),
            kind=LOOKS.get(Enrolment.State(one.state), ""),
            may_withdraw=one.state in WAITING
            and one.candidate.cell_id in rights.prepares
            and not rights.are_of_their_own(one.candidate.person_id),
            public_id=str(one.candidate.public_id) if one.candidate_id in seen else "",
        )
        for one in found
    ]
    is_open = school.state != AwarenessClass.State.CANCELLED
    return ClassPage(
        school=school,
        rows=rows,
        taken=sum(states[state] for state in TAKEN),
        proposed=states[Enrolment.State.PROPOSED],
        runs=is_runner,
        answers=is_open and bool(answerable),
        proposes=is_open and own_cells(school, user, on=on).exists(),
        marks=is_open and is_runner and on >= school.starts_on,
    )


def answered_by(
    school: AwarenessClass, user: User | AnonymousUser, *, on: date
) -> QuerySet[Enrolment]:
    """Return the proposals for `school` that `user` answers on day `on`."""
    return proposals_to_answer(user, on=on).filter(school=school)


def proposals_to_answer(user: User | AnonymousUser, *, on: date) -> QuerySet[Enrolment]:
    """Return the proposals that `user` answers on day `on`: staff, of cells beneath their own."""
    cells = Appointment.objects.organizations_of(user, roles=[Role.STAFF], on=on)
    found = Enrolment.objects.filter(
        state=Enrolment.State.PROPOSED, candidate__cell__in=cells.values("pk")
    ).exclude(school__state=AwarenessClass.State.CANCELLED)
    # By a query of its own: the tasks that wait are compiled once for all users.
    return found.exclude(candidate__person__in=own_people_of(user))


def to_mark(user: User | AnonymousUser, *, on: date) -> QuerySet[AwarenessClass]:
    """Return the classes of `user`'s own posts that are over on day `on` and without results."""
    sent = Enrolment.objects.filter(school=OuterRef("pk"), state=Enrolment.State.ACCEPTED)
    held = Appointment.objects.of(user, on=on, roles=[Role.STAFF, Role.CENTRE])
    return AwarenessClass.objects.filter(
        Exists(sent),
        organization__in=held.values("organization"),
        state=AwarenessClass.State.PLANNED,
        ends_on__lt=on,
    )


def section_of_classes(case: Case, rights: Rights, user: User | AnonymousUser) -> Section | None:
    """The class a file's person is proposed for, sent to or attended; and the way to one."""
    rows = sorted(
        case.candidate.enrolments.all(), key=lambda one: (one.proposed_on, one.pk), reverse=True
    )
    may = (
        STEPS[Step.ENROL].is_at(case.candidate)
        and rights.may(Permission.PREPARE, case)
        and not any(one.state in WAITING for one in rows)
        and not STEPS[Step.ENROL].refusals(case)
    )
    is_new = case.candidate.stage == Stage.ADMITTED
    certify = is_new and rights.may(Permission.PREPARE, case) and not case.new_member_certificate
    if not rows and not may and not certify:
        return None
    return Section(
        template="admissions/class_section.html",
        context={
            "rows": [(one, LOOKS.get(Enrolment.State(one.state), "")) for one in rows],
            "propose_url": step_url(case, Step.ENROL) if may else "",
            "certify_url": step_url(case, Step.CERTIFY_NEW_MEMBER) if certify else "",
        },
        order=60,
        beside=True,
    )
