"""What of the assignment of targets waits for one user, for the page of tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from organizations.models import Appointment, Placement, Role, User
from organizations.sheets.waiting import Kind, Row
from targets.models import Acknowledgement, Cycle, Reminder, Target, TargetDraft

State = Cycle.State


def _to_register(*, is_reminded: bool) -> Callable[[User, date], QuerySet[Placement]]:
    """Return what gives the places of a user's own organisations beneath one that lets register,
    where they have not registered; `is_reminded`: those that were reminded of it."""

    def rows(user: User, on: date) -> QuerySet[Placement]:
        kept = Appointment.objects.of(user, roles=[Role.SECRETARY, Role.STAFF], on=on)
        open_there = Placement.objects.filter(
            organization__in=kept.values("organization"),
            organization__period__contains=on,
            period__contains=on,
            parent__target_cycles__state=State.REGISTERING,
        ).annotate(cycle=F("parent__target_cycles"), cycle_year=F("parent__target_cycles__year"))
        registered = Target.objects.registered().of_the_year(OuterRef("cycle_year"))
        reminded = Exists(
            Reminder.objects.filter(cycle=OuterRef("cycle"), organization=OuterRef("organization"))
        )
        return open_there.filter(
            ~Exists(registered.filter(organization=OuterRef("organization"))),
            reminded if is_reminded else ~reminded,
        ).order_by("cycle_year", "pk")

    return rows


def _to_comment(user: User, on: date) -> QuerySet[TargetDraft]:
    kept = Appointment.objects.of(user, roles=[Role.SECRETARY, Role.STAFF], on=on)
    return TargetDraft.objects.filter(
        organization__in=kept.values("organization"),
        cycle__state=State.CONSULTING,
        low__isnull=False,
    ).order_by("cycle__year", "pk")


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
        _("Targets to register: you were reminded"), _to_register(is_reminded=True),
        _of("target-register"), ("cycle_year", "organization__slug"),
    ),
    Kind(
        _("Targets to register"), _to_register(is_reminded=False), _of("target-register"),
        ("cycle_year", "organization__slug"),
    ),
    Kind(
        _("Targets drafted for you, to say something about"), _to_comment,
        _of("target-register"), ("cycle__year", "organization__slug"),
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
