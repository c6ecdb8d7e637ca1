"""Opening one person's file in an emergency, by somebody whose role does not show it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from admissions.models import Candidate, EmergencyOpening
from admissions.permissions import OPEN_IN_EMERGENCY
from config import names
from config.clock import AppNow
from config.errors import DomainError
from config.rows import beyond_scope
from organizations import selectors
from organizations.models import Ancestry, Appointment, Organization, Role
from organizations.operations.brakes import NoSuchFile, brake_emergencies
from organizations.operations.people import is_own_record
from organizations.permissions import holds

if TYPE_CHECKING:
    from organizations.models import User
    from organizations.models.organization import OrganizationQuerySet


@transaction.atomic
def open_in_emergency(
    *,
    by: User,
    on: date,
    reason: str,
    number: str = "",
    full_name: str = "",
    organization: str = "",
) -> EmergencyOpening:
    """Open the one file that bears `number`, or whose person has `full_name` in `organization`.

    For an hour by the database's clock, for `by` alone, its page alone. Raises PermissionDenied
    where `by` is neither leader nor staff; DomainError at `reason` without one and where a role of
    theirs shows the file; OpenedTooOften after as many as a day has; and NoSuchFile at `number` or
    `full_name` with one sentence for all else: no such file, several, elsewhere, or of one's own.
    """
    if not holds(by, *OPEN_IN_EMERGENCY.roles, on=on):
        raise PermissionDenied
    reason = names.written(reason)[:300]
    if not reason:
        raise DomainError(fields={"reason": _("Write why.")})
    brake_emergencies(by, made=EmergencyOpening.objects.filter(account=by))
    found = _meant(by, on=on, number=number, full_name=full_name, organization=organization)
    if len(found) != 1 or is_own_record(by, found[0].person):
        sentence = _(
            "No one file is found by this. Write the file's number, or the whole name and the"
            " organisation as they are written; of two people of one name the number tells."
        )
        raise NoSuchFile(fields={"number" if number else "full_name": sentence})
    if Candidate.objects.visible_to(by, on=on).filter(pk=found[0].pk).exists():
        raise DomainError(_("You see this file by your role: open it from the list of files."))
    made = EmergencyOpening.objects.create(
        account=by, candidate=found[0], reason=reason, expires_at=AppNow()
    )
    made.refresh_from_db()
    return made


@beyond_scope()  # of a file that no role of theirs shows
def _meant(
    by: User, *, on: date, number: str, full_name: str, organization: str
) -> list[Candidate]:
    """Return at most two of the files within reach that are meant; exactly as written."""
    files = Candidate.objects.filter(cell__in=within_reach(by, on=on).values("pk"))
    if number:
        files = files.filter(number__iexact=names.written(number))
    else:
        units = _called(organization, within_reach(by, on=on), on=on)
        beneath = Organization.objects.under(Organization.objects.filter(pk__in=units), on=on)
        files = files.filter(
            person__full_name__iexact=names.written(full_name), cell__in=beneath.values("pk")
        )
    return list(files.select_related("person", "cell").order_by("pk")[:2])


def _called(text: str, scope: OrganizationQuerySet, *, on: date) -> list[int]:
    rows = selectors.found_by_name(scope, text, on=on).called(on=on)
    return [one.pk for one in rows if selectors.is_called(one, text)]


def within_reach(user: User, *, on: date) -> OrganizationQuerySet:
    """Return the organisations whose files `user` may open in an emergency on day `on`.

    A leader's: theirs and all beneath. Of staff: the whole of their tree. The database holds the
    same (`emergency_opening_by_who_may`).
    """
    of_leaders = Appointment.objects.of(user, on=on, roles=[Role.LEADER]).values("organization")
    of_staff = Appointment.objects.of(user, on=on, roles=[Role.STAFF]).values("organization")
    above = Ancestry.objects.on(on).filter(descendant__in=of_staff).values("ancestor")
    roots = Organization.objects.filter(pk__in=of_leaders.union(above))
    return Organization.objects.under(roots, on=on)
