"""What of the assignment of targets waits for one user, for the page of tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from organizations.models import Appointment, Organization, Placement, Role, User
from organizations.sheets.waiting import Kind, Row
from targets.models import Acknowledgement, Cycle, Indicator, Target

State = Cycle.State


def _asked(state: State) -> Callable[[User, date], QuerySet[Organization]]:
    """Return what gives the own organisations of a user whose superior's cycle is in `state`."""

    def rows(user: User, on: date) -> QuerySet[Organization]:
        kept = Appointment.objects.of(user, roles=[Role.SECRETARY, Role.STAFF], on=on)
        above = Placement.objects.filter(
            organization=OuterRef(OuterRef("pk")), period__contains=on, parent__isnull=False
        )
        cycles = Cycle.objects.filter(
            state=state, organization__in=above.values("parent")
        ).order_by("-year")
        units = Organization.objects.filter(
            pk__in=kept.values("organization"), period__contains=on
        ).annotate(cycle_year=Subquery(cycles.values("year")[:1]))
        said = Target.objects.filter(
            organization=OuterRef("pk"),
            year=OuterRef("cycle_year"),
            indicator=Indicator.ADMITTED,
            span=Target.Span.YEAR,
            kind=Target.Kind.REGISTERED,
        )
        units = units.filter(cycle_year__isnull=False)
        if state == State.REGISTERING:
            units = units.filter(~Exists(said))
        return units.order_by("pk")

    return rows


def _to_acknowledge(user: User, on: date) -> QuerySet[Target]:
    kept = Appointment.objects.of(user, roles=[Role.SECRETARY, Role.STAFF], on=on)
    done = Acknowledgement.objects.filter(
        decision=OuterRef("decision"), organization=OuterRef("organization")
    )
    return Target.objects.filter(
        ~Exists(done), organization__in=kept.values("organization"), decision__cycle__isnull=False
    ).order_by("pk")


def _under_way(user: User, on: date) -> QuerySet[Cycle]:
    """Return the cycles that staff have to take on: all but those that others register in."""
    kept = Appointment.objects.of(user, roles=[Role.STAFF], on=on)
    over = ~Q(state=State.REGISTERING) | Q(register_by__lt=on)
    return (
        Cycle.objects.filter(over, organization__in=kept.values("organization"))
        .exclude(state=State.ISSUED)
        .order_by("issue_by", "pk")
    )


def _of(page: str) -> Callable[[Row, date], str]:
    return lambda first, _on: f"{reverse(page, args=first[:1])}?dv={first[1]}"


KINDS = [
    Kind(
        _("Targets to register"), _asked(State.REGISTERING), _of("target-register"),
        ("cycle_year", "slug"),
    ),
    Kind(
        _("Targets drafted for you, to say something about"), _asked(State.CONSULTING),
        _of("target-register"), ("cycle_year", "slug"),
    ),
    Kind(
        _("Targets to acknowledge"),
        _to_acknowledge,
        lambda first, _on: (
            f"{reverse('target-acknowledge', args=first[:2])}?dv={first[2]}"
        ),
        ("year", "decision", "organization__slug"),
    ),
    Kind(
        _("Assignments of targets under way"), _under_way, _of("target-grid"),
        ("year", "organization__slug"),
    ),
]  # fmt: skip
