"""Rounds of admissions, which the staff of an organisation name and date."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.models import Admission, Round
from config.errors import DomainError
from organizations.models import Appointment, Organization, Role

from .recording import constraint_of

if TYPE_CHECKING:
    from organizations.models import User


def plan_round(
    organization: Organization,
    *,
    by: User,
    on: date,
    name: str,
    day: date,
    submit_by: date | None = None,
) -> Round:
    """Name a round of `organization` on `day`, with its files due on `submit_by`.

    Raises PermissionDenied where `by` is not its staff on day `on`, and DomainError at the field
    for a day that has passed or is taken, and for files due after it.
    """
    new = Round(organization=organization, name=name, day=day, submit_by=submit_by)
    return _saved(new, by=by, on=on)


def change_round(
    round: Round, *, by: User, on: date, name: str, day: date, submit_by: date | None = None
) -> Round:
    """Change a round to come; one in which somebody was admitted stays. Raises as `plan_round`."""
    with transaction.atomic():
        locked = Round.objects.select_for_update().get(pk=round.pk)
        if Admission.objects.filter(round=locked).exists():
            raise DomainError(_("People were admitted in this round: it stays as it is."))
        locked.name, locked.day, locked.submit_by = name, day, submit_by
        return _saved(locked, by=by, on=on)


@transaction.atomic
def _saved(round: Round, *, by: User, on: date) -> Round:
    staff = Appointment.objects.of(by, on=on, roles=[Role.STAFF])
    if not staff.filter(organization=round.organization_id).exists():
        raise PermissionDenied
    if round.day < on:
        raise DomainError(fields={"day": _("A round is planned for a day to come.")})
    if round.submit_by and round.submit_by > round.day:
        raise DomainError(fields={"submit_by": _("Files are due by the day of the round.")})
    try:
        with transaction.atomic():
            round.save()
    except IntegrityError as error:
        if constraint_of(error) != "round_once_a_day_per_organization":
            raise
        raise DomainError(fields={"day": _("There is a round on that day already.")}) from error
    return round
