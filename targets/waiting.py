"""What of years, targets and the members on 1 January waits for one user, for the page of tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db.models import DateField, Exists, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import ExtractMonth, ExtractYear
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from admissions.models import Candidate
from organizations.models import (
    Ancestry,
    Appointment,
    Organization,
    Placement,
    Role,
    Seal,
    User,
)
from organizations.permissions import same_human
from organizations.sheets.waiting import Kind, Row
from targets.models import (
    Baseline,
    BaselineConfirmation,
    BaselineCorrection,
    BaselineFreeze,
    FollowUp,
    Indicator,
    MonthlyConfirmation,
    SourceDeclaration,
    Target,
)
from targets.openings import opening_day


def _years(user: User, on: date) -> QuerySet[Seal]:
    kept = Appointment.objects.of(user, roles=[Role.STAFF, Role.APPROVER], on=on)
    asked = Q(approved_at__isnull=True) & ~Q(entered_by__in=same_human(user))
    opening = Q(lift_asked_by__isnull=False) & ~Q(lift_asked_by__in=same_human(user))
    return Seal.objects.filter(
        asked | opening,
        organization__in=kept.values("organization"),
        kind=Seal.Kind.YEAR,
        withdrawn_at__isnull=True,
        lifted_at__isnull=True,
    ).order_by("pk")


def _answered(user: User, on: date) -> QuerySet[Any]:
    """The organisations whose figures `user` answers for: nobody else is a second person."""
    scope = Appointment.objects.organizations_of(user, roles=[Role.STAFF, Role.APPROVER], on=on)
    return scope.values("pk")


def _corrections(user: User, on: date) -> QuerySet[BaselineCorrection]:
    rows = BaselineCorrection.objects.filter(
        organization__in=_answered(user, on), state=BaselineCorrection.State.ASKED
    )
    return rows.exclude(entered_by__in=same_human(user)).order_by("year", "pk")


def _freezes(user: User, on: date) -> QuerySet[BaselineFreeze]:
    rows = BaselineFreeze.objects.standing().filter(
        organization__in=_answered(user, on), approved_at__isnull=True
    )
    return rows.exclude(entered_by__in=same_human(user)).order_by("year", "pk")


def _openings(user: User, on: date) -> QuerySet[Organization]:
    """Return the own organisations of `user` that have not said their members of this year."""
    kept = Appointment.objects.of(user, roles=[Role.SECRETARY, Role.STAFF], on=on)
    there = Ancestry.objects.on(opening_day(on.year)).filter(depth=0)
    units = Organization.objects.filter(
        pk__in=kept.values("organization"), period__contains=on
    ).filter(pk__in=there.values("descendant"))
    for said in (Baseline, BaselineConfirmation):
        told: Any = said.objects.filter(year=on.year)
        units = units.exclude(pk__in=told.values("organization"))
    return units.order_by("pk")


class MonthEnd(Func):
    """The last day of the month before the day given."""

    template = "(date_trunc('month', %(expressions)s)::date - 1)"
    output_field = DateField()


def _months(user: User, on: date) -> QuerySet[Organization]:
    """Return the own organisations of `user` with a target that have not said how many they
    admitted by the end of last month: from the first of the next month on."""
    end = MonthEnd(Value(on, output_field=DateField()))
    year, month = ExtractYear(end), ExtractMonth(end)
    kept = Appointment.objects.of(user, roles=[Role.SECRETARY, Role.STAFF], on=on)
    beneath = Placement.objects.filter(period__contains=on, parent__isnull=False)
    there = Ancestry.objects.filter(valid_from__lte=end, valid_to__gt=end, depth=0)
    target = Target.objects.in_force().filter(
        organization=OuterRef("pk"),
        indicator=Indicator.ADMITTED,
        span=Target.Span.YEAR,
        group="",
        origin=Target.Origin.DECISION,
        year=year,
        low__gt=0,
    )
    said = MonthlyConfirmation.objects.filter(organization=OuterRef("pk"), year=year, month=month)
    closed = Seal.objects.standing().filter(
        Exists(
            Ancestry.objects.on(on).filter(
                ancestor=OuterRef("organization"), descendant=OuterRef(OuterRef("pk"))
            )
        ),
        period__contains=end,
    )
    units = Organization.objects.filter(
        Exists(target),
        ~Exists(said),
        ~Exists(closed),
        pk__in=kept.values("organization"),
        period__contains=on,
    )
    units = units.filter(pk__in=beneath.values("organization"))
    return units.filter(pk__in=there.values("descendant")).order_by("pk")


def _month(first: Row, on: date) -> str:
    end = on.replace(day=1) - timedelta(days=1)
    return f"{reverse('month-confirm', args=[end.year, end.month])}?dv={first[0]}"


def _follow_ups(user: User, on: date) -> QuerySet[FollowUp]:
    # Wherever the unit has gone: it is the person's task as long as they act somewhere.
    held = Appointment.objects.of(user, roles=Role.sees_figures(), on=on)
    return FollowUp.objects.filter(Exists(held), assignee=user, done_on__isnull=True).order_by(
        "due_on", "pk"
    )


def _declarations(user: User, on: date) -> QuerySet[SourceDeclaration]:
    """Return the declarations of units directly beneath that `user` answers: not their own."""
    kept = Appointment.objects.of(user, roles=[Role.STAFF], on=on)
    beneath = Placement.objects.filter(parent__in=kept.values("organization"), period__contains=on)
    rows = SourceDeclaration.objects.filter(
        organization__in=beneath.values("organization"),
        state=SourceDeclaration.State.DECLARED,
        answer__isnull=True,
    )
    return rows.exclude(entered_by__in=same_human(user)).order_by("declared_on", "pk")


def _lapsed(user: User, on: date) -> QuerySet[SourceDeclaration]:
    """Return the accepted declarations of `user`'s own organisations that have lapsed: to be
    declared anew, until there is a file again."""
    kept = Appointment.objects.of(user, roles=[Role.SECRETARY, Role.STAFF], on=on)
    newer = SourceDeclaration.objects.filter(
        organization=OuterRef("organization"), pk__gt=OuterRef("pk")
    )
    beneath = Ancestry.objects.on(on).filter(
        ancestor=OuterRef(OuterRef("organization")), descendant=OuterRef("cell")
    )
    files = Candidate.objects.open().filter(Exists(beneath))
    return SourceDeclaration.objects.filter(
        ~Exists(newer),
        ~Exists(files),
        organization__in=kept.values("organization"),
        organization__period__contains=on,
        state=SourceDeclaration.State.ACCEPTED,
        review_on__lte=on,
    ).order_by("review_on", "pk")


def _of_year(page: str) -> Callable[[Row, date], str]:
    return lambda first, _on: f"{reverse(page, args=first[:1])}?dv={first[1]}"


OF_YEAR = ("year", "organization__slug")

KINDS = [
    Kind(
        _("Years to close or open again, to approve"),
        _years,
        lambda first, _on: f"{reverse('year-list')}?dv={first[0]}",
        ("organization__slug",),
    ),
    Kind(
        _("Corrections of the members on 1 January to approve"),
        _corrections,
        _of_year("baseline-sheet"),
        OF_YEAR,
    ),
    Kind(
        _("Freezes of the members on 1 January to approve"),
        _freezes,
        _of_year("baseline-freeze-answer"),
        OF_YEAR,
    ),
    Kind(
        _("Members on 1 January %(year)s to confirm"),
        _openings,
        lambda first, on: f"{reverse('baseline-confirm', args=[on.year])}?dv={first[0]}",
        ("slug",),
    ),
    Kind(_("Admissions up to the end of last month to confirm"), _months, _month, ("slug",)),
    Kind(
        _("Follow-ups of units given to you"),
        _follow_ups,
        lambda first, _on: reverse("follow-up", args=first),
        ("year", "pk"),
    ),
    Kind(
        _("Declarations that no source is left, to answer"),
        _declarations,
        lambda first, on: f"{reverse('no-source-answer', args=[on.year, first[0]])}?dv={first[1]}",
        ("pk", "organization__slug"),
    ),
    Kind(
        _("Declarations that no source is left have lapsed: review them"),
        _lapsed,
        lambda first, on: f"{reverse('no-source-declare', args=[on.year])}?dv={first[0]}",
        ("organization__slug",),
    ),
]
