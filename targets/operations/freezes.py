"""The members on 1 January: confirmed by each organisation, then frozen by a decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils.translation import gettext as _

from config import names
from config.clock import AppNow
from config.errors import DomainError
from organizations.models import Organization, User
from organizations.operations.outbox import announce
from organizations.operations.seals import refuse_sealed
from organizations.permissions import is_one_human
from targets.models import Baseline, BaselineConfirmation, BaselineFreeze
from targets.openings import opening_day, proposed, standing_beneath
from targets.permissions import approves_openings_of, freezes_openings_of, speaks_for

from . import refusals


@transaction.atomic
def confirm_baseline(
    organization: Organization, *, by: User, on: date, year: int, members: int, note: str = ""
) -> BaselineConfirmation:
    """Record what `organization` says itself it had on 1 January of `year`; the newest counts.

    `members` may differ from what its memberships give; then `note` says why. Raises
    PermissionDenied where `by` is neither secretary nor staff of it, DomainError at `year`,
    `members` or `note`, or where the number is frozen.
    """
    if not speaks_for(by, organization, on=on):
        raise PermissionDenied
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if refused := refusals.of_opening(year, on=on):
        raise DomainError(fields={"year": refused})
    note = names.written(note)
    counted = proposed([organization.pk], year=year).get(organization.pk)
    if counted is None:
        raise DomainError(fields={"year": _not_there(organization, year=year)})
    fields = refusals.found(
        members=refusals.of_people(members),
        note=_refused_note(note, members=members, counted=counted),
    )
    if fields:
        raise DomainError(fields=fields)
    if Baseline.objects.filter(organization=organization, year=year).exists():
        raise DomainError(_("The number is frozen already; it is corrected by two people."))
    refuse_sealed([organization], day=opening_day(year), field="year")
    return BaselineConfirmation.objects.create(
        organization=organization,
        year=year,
        members=members,
        proposed=counted,
        note=note,
        entered_by=by,
    )


def _not_there(organization: Organization, *, year: int) -> str:
    return _("%(organization)s did not exist yet on 1 January %(year)s.") % {
        "organization": organization,
        "year": year,
    }


def _refused_note(note: str, *, members: int, counted: int) -> str | None:
    missing = None
    if members != counted:
        missing = _("Memberships give %(counted)s. Say why the number differs.") % {
            "counted": counted
        }
    return refusals.of_text(note, limit=300, missing=missing)


@transaction.atomic
def ask_to_freeze(
    organization: Organization,
    *,
    by: User,
    on: date,
    year: int,
    decision_number: str,
    signed_on: date | None,
) -> BaselineFreeze:
    """Ask that the members on 1 January of `year` be frozen for `organization` and all beneath it.

    Until a second person approves it nothing is written. Raises PermissionDenied where `by` is not
    staff at or above `organization`, DomainError at `year`, `decision_number` or `signed_on`, or
    where it is frozen, or asked for, already.
    """
    if not freezes_openings_of(by, organization, on=on):
        raise PermissionDenied
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if sentence := refusals.of_opening(year, on=on):
        raise DomainError(fields={"year": sentence})
    decision_number = names.written(decision_number)
    refused = refusals.found(
        decision_number=refusals.of_text(
            decision_number, limit=40, missing=_("Enter the decision number.")
        ),
        signed_on=refusals.of_day(signed_on, on=on) or _signed_before(signed_on, year=year),
    )
    if refused or signed_on is None:
        raise DomainError(fields=refused)
    refuse_sealed([organization], day=opening_day(year), field="year")
    _refuse_frozen(
        BaselineFreeze.objects.standing().filter(organization=organization, year=year).first()
    )
    _refuse_nothing_to_freeze(organization, year=year)
    return BaselineFreeze.objects.create(
        organization=organization,
        year=year,
        decision_number=decision_number,
        signed_on=signed_on,
        entered_by=by,
    )


@transaction.atomic
def withdraw_freeze(freeze: BaselineFreeze, *, by: User, on: date) -> BaselineFreeze:
    """Take back, or turn down, a freeze that waits: nothing is written, it may be asked for anew.

    Raises PermissionDenied where `by` is neither staff nor approver at or above the organisation,
    DomainError where it has its answer already.
    """
    freeze = _waiting(freeze, by=by, on=on)
    BaselineFreeze.objects.filter(pk=freeze.pk).update(withdrawn_by=by, withdrawn_at=AppNow())
    return BaselineFreeze.objects.get(pk=freeze.pk)


def _waiting(freeze: BaselineFreeze, *, by: User, on: date) -> BaselineFreeze:
    """Return `freeze` as it stands, locked, with its answer still to come."""
    freeze = BaselineFreeze.objects.select_for_update().get(pk=freeze.pk)
    if not approves_openings_of(by, freeze.organization, on=on):
        raise PermissionDenied
    if freeze.withdrawn_at is not None:
        raise DomainError(_("This freeze was withdrawn."))
    if freeze.approved_at is not None:
        _refuse_frozen(freeze)
    return freeze


def _signed_before(signed_on: date | None, *, year: int) -> str | None:
    if signed_on is not None and signed_on < opening_day(year):
        return _("The decision was not signed before the day whose members it freezes.")
    return None


def _refuse_frozen(freeze: BaselineFreeze | None) -> None:
    """Refuse what `freeze` has done, or is asked to do, already."""
    if freeze is None:
        return
    told = {
        "year": freeze.year,
        "number": freeze.decision_number,
        "person": freeze.entered_by,
    }
    if freeze.approved_at is not None:
        raise DomainError(
            _("The members on 1 January %(year)s were frozen by decision %(number)s already.")
            % told
        )
    raise DomainError(
        _("%(person)s has asked already to freeze them by decision %(number)s.") % told
    )


def _refuse_nothing_to_freeze(organization: Organization, *, year: int) -> None:
    units = standing_beneath(organization.pk, year=year)
    written = Baseline.objects.filter(organization__in=units, year=year, version=1)
    if not units:
        raise DomainError(_not_there(organization, year=year))
    if written.count() == len(units):
        raise DomainError(
            _("Every unit beneath has its number already; nothing is left to freeze.")
        )


@transaction.atomic
def approve_freeze(freeze: BaselineFreeze, *, by: User, on: date) -> BaselineFreeze:
    """Freeze as the second person: write the first baseline of each unit that has none.

    What the unit confirmed, else what its memberships gave; in one statement, whatever their
    number, and announced once. From then on each change is a correction. Raises PermissionDenied
    where `by` asked for it, or is neither staff nor approver at or above the organisation;
    DomainError where it is frozen already or its year is closed.
    """
    freeze = _waiting(freeze, by=by, on=on)
    organization = freeze.organization
    if is_one_human(by, freeze.entered_by):
        raise PermissionDenied
    units = _held(standing_beneath(organization.pk, year=freeze.year))
    refuse_sealed(units, day=opening_day(freeze.year), field="year")
    _write(freeze, units, by=by)
    BaselineFreeze.objects.filter(pk=freeze.pk).update(approved_by=by, approved_at=AppNow())
    announce(freeze, organization=organization, on=on, snapshot={"year": freeze.year})
    return BaselineFreeze.objects.get(pk=freeze.pk)


def _held(units: Sequence[int]) -> list[int]:
    """Lock `units`, so that none is confirmed or reported while they are frozen."""
    rows = Organization.objects.filter(pk__in=units).order_by("pk")
    return list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


WRITE = """
INSERT INTO targets_baseline
    (organization_id, year, version, members, reason, entered_by_id, confirmed_by_id)
SELECT unit.id, %(year)s, 1, coalesce(said.members, counted.members, 0), '', %(asked_by)s, %(by)s
FROM unnest(%(units)s::bigint[]) AS unit(id)
LEFT JOIN (
    SELECT line.ancestor_id AS id, count(*) AS members
    FROM organizations_membership AS membership
    JOIN organizations_ancestry AS line ON line.descendant_id = membership.cell_id
        AND line.valid_from <= %(day)s AND line.valid_to > %(day)s
    WHERE membership.period @> %(day)s::date AND line.ancestor_id = ANY(%(units)s)
    GROUP BY 1
) AS counted USING (id)
LEFT JOIN (
    SELECT DISTINCT ON (organization_id) organization_id AS id, members
    FROM targets_baselineconfirmation
    WHERE year = %(year)s AND organization_id = ANY(%(units)s)
    ORDER BY organization_id, targets_baselineconfirmation.id DESC
) AS said USING (id)
ORDER BY unit.id
ON CONFLICT DO NOTHING
"""


def _write(freeze: BaselineFreeze, units: Sequence[int], *, by: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            {
                "year": freeze.year,
                "day": opening_day(freeze.year),
                "units": list(units),
                "asked_by": freeze.entered_by_id,
                "by": by.pk,
            },
        )
