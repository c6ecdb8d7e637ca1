"""The course of a year's assignment: opened, registered for, drafted, asked about, put forward."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from organizations.models import Organization, Role, User
from organizations.operations.seals import refuse_sealed
from organizations.permissions import acts_at
from targets.models import Acknowledgement, Cycle, Indicator, Reminder, Target, TargetDecision
from targets.permissions import speaks_for

from . import refusals
from .targets import Versions, hold_units

State = Cycle.State

STEPS: dict[str, tuple[Collection[str], State]] = {
    "draft": ((State.REGISTERING, State.CONSULTING, State.SUBMITTED), State.DRAFTING),
    "consult": ((State.DRAFTING,), State.CONSULTING),
    "submit": ((State.DRAFTING, State.CONSULTING), State.SUBMITTED),
}
"""The steps of staff before a cycle is issued: {step: (from which states, to which)}."""


def current_cycle(organization: Organization, *, year: int) -> Cycle | None:
    """Return the cycle of `year` that `organization` has under way: not issued yet; else None."""
    return (
        Cycle.objects.filter(organization=organization, year=year)
        .exclude(state=State.ISSUED)
        .first()
    )


def is_adjustment(organization: Organization, *, year: int, on: date) -> bool:
    """Say whether a cycle opened now would adjust: one of `year` was issued, or all beneath have
    a target already."""
    if Cycle.objects.filter(organization=organization, year=year, state=State.ISSUED).exists():
        return True
    bound = Target.objects.in_force().of_the_year(year)
    beneath = Organization.objects.beneath(organization, on=on)
    return not beneath.exclude(pk__in=bound.values("organization")).exists()


@transaction.atomic
def open_cycle(
    organization: Organization,
    *,
    by: User,
    on: date,
    year: int,
    register_by: date | None,
    issue_by: date | None,
    note: str = "",
) -> Cycle:
    """Open the assignment of `year`, or where targets are assigned already, their adjustment.

    For a first one the units register up to and including `register_by`; an adjustment is drafted
    at once. Raises PermissionDenied where `by` is not staff of `organization`, DomainError at
    `year`, `register_by`, `issue_by`, `note`, or where one is under way, or nobody stands beneath.
    """
    _refuse_others(organization, by=by, on=on)
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    beneath = Organization.objects.beneath(organization, on=on)
    if not beneath.exists():
        raise DomainError(_("No organisation stands directly beneath; there is nobody to assign."))
    if current_cycle(organization, year=year):
        raise DomainError(_("An assignment of %(year)s is under way already.") % {"year": year})
    before = Cycle.objects.filter(organization=organization, year=year).count()
    adjusts = is_adjustment(organization, year=year, on=on)
    register_by = on if adjusts else register_by
    refused = refusals.found(
        year=refusals.of_year(year, on=on),
        register_by=refusals.of_day_to_come(register_by, on=on),
        issue_by=refusals.of_day_to_come(issue_by, on=on),
        note=refusals.of_text(names.written(note), limit=300),
    )
    if not refused and register_by and issue_by and issue_by < register_by:
        refused["issue_by"] = _("Targets are issued after registration ends.")
    if refused or register_by is None or issue_by is None:
        raise DomainError(fields=refused)
    refuse_sealed([organization.pk], day=date(year, 12, 31), field="year")
    return Cycle.objects.create(
        organization=organization,
        year=year,
        number=before + 1,
        state=State.DRAFTING if adjusts else State.REGISTERING,
        opened_on=on,
        register_by=register_by,
        issue_by=issue_by,
        note=names.written(note),
        entered_by=by,
    )


@transaction.atomic
def move_cycle(cycle: Cycle, *, by: User, on: date, step: str) -> Cycle:
    """Take a cycle that is not issued to its next state, by a step of `STEPS`, or back to drafting.

    Put before the standing committee, its drafts are kept as proposed versions and locked. Raises
    PermissionDenied where `by` is not staff of its organisation, DomainError where its state does
    not allow the step.
    """
    cycle = locked(cycle, by=by, on=on)
    before, after = STEPS[step]
    if cycle.state not in before:
        raise DomainError(
            _("The assignment stands at “%(state)s”; look at the page again.")
            % {"state": cycle.get_state_display()}
        )
    if step == "submit":
        _propose(cycle, by=by, on=on)
    cycle.state = after
    is_submitted = after == State.SUBMITTED
    cycle.submitted_on, cycle.submitted_by = (on, by) if is_submitted else (None, None)
    cycle.save(update_fields=["state", "submitted_on", "submitted_by"])
    return cycle


def locked(cycle: Cycle, *, by: User, on: date) -> Cycle:
    """Return the cycle as it stands, held to the end of the transaction, for staff of it alone."""
    _refuse_others(cycle.organization, by=by, on=on)
    return (
        Cycle.objects.select_for_update(of=("self",))
        .select_related("organization")
        .get(pk=cycle.pk)
    )


def _propose(cycle: Cycle, *, by: User, on: date) -> None:
    """Keep what is put forward as versions of their own: what staff proposed stays to be seen."""
    beneath = Organization.objects.beneath(cycle.organization, on=on)
    keys = list(beneath.order_by("pk").values_list("pk", flat=True))
    hold_units(keys)
    drafts = list(
        cycle.drafts.filter(low__isnull=False, organization__in=keys).order_by("organization")
    )
    if not drafts:
        raise DomainError(_("No number is drafted yet."))
    refuse_sealed(keys, day=date(cycle.year, 12, 31), field="")
    versions = Versions(keys, year=cycle.year)
    Target.objects.bulk_create(
        Target(
            indicator_id=Indicator.ADMITTED,
            organization_id=draft.organization_id,
            year=cycle.year,
            kind=Target.Kind.PROPOSED,
            version=versions.next(draft.organization_id),
            form=Target.Form.NUMBER if draft.low == draft.high else Target.Form.RANGE,
            low=draft.low,
            high=draft.high,
            entered_by=by,
        )
        for draft in drafts
    )


@transaction.atomic
def remind(cycle: Cycle, *, by: User, on: date) -> int:
    """Remind those beneath that have not registered; return how many were reminded now.

    Nobody twice a day. Raises PermissionDenied where `by` is not staff of its organisation,
    DomainError once registration is over.
    """
    cycle = locked(cycle, by=by, on=on)
    if cycle.state != State.REGISTERING:
        raise DomainError(_("Registration is over."))
    missing = not_registered(cycle, on=on)
    reminded = set(
        Reminder.objects.filter(cycle=cycle, reminded_on=on).values_list("organization", flat=True)
    )
    made = [
        Reminder(cycle=cycle, organization_id=key, reminded_on=on, entered_by=by)
        for key in missing
        if key not in reminded
    ]
    Reminder.objects.bulk_create(made)
    return len(made)


def not_registered(cycle: Cycle, *, on: date) -> list[int]:
    """Return the ids of those directly beneath on day `on` that have not registered."""
    registered = Target.objects.registered().of_the_year(cycle.year)
    return list(
        Organization.objects.beneath(cycle.organization, on=on)
        .exclude(pk__in=registered.values("organization"))
        .order_by("pk")
        .values_list("pk", flat=True)
    )


@transaction.atomic
def acknowledge(
    decision: TargetDecision, organization: Organization, *, by: User, on: date
) -> Acknowledgement:
    """Record that `organization` took note of the target that `decision` gives it; once.

    Raises PermissionDenied where `by` is not its secretary or staff, DomainError where the
    decision gives it nothing.
    """
    if not speaks_for(by, organization, on=on):
        raise PermissionDenied
    if not decision.targets.filter(organization=organization).exists():
        raise DomainError(_("The decision gives this organisation no target."))
    made, _new = Acknowledgement.objects.get_or_create(
        decision=decision,
        organization=organization,
        defaults={"acknowledged_on": on, "entered_by": by},
    )
    return made


def _refuse_others(organization: Organization, *, by: User, on: date) -> None:
    if not acts_at(by, Role.STAFF, at=organization, on=on):
        raise PermissionDenied
