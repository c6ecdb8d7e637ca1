"""The members on 1 January: entered once as reported, corrected by two people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from config import names
from config.clock import AppNow
from config.errors import DomainError
from organizations.models import Ancestry, Appointment, Organization, Role, User
from organizations.operations.outbox import announce
from organizations.operations.seals import refuse_sealed, sealed_sentence
from targets.models import Baseline, BaselineCorrection
from targets.openings import opening_day, waiting
from targets.permissions import confirm_figures_of, sets_figures_of

from . import refusals


@dataclass(frozen=True)
class NewBaseline:
    """What `report_baselines` needs of each: members of the whole subtree on 1 January."""

    organization: Organization
    year: int
    members: int


@transaction.atomic
def report_baseline(
    organization: Organization, *, by: User, on: date, year: int, members: int
) -> Baseline:
    """Record that `organization` had `members` on 1 January of `year`, its whole subtree counted.

    The first report needs nobody else; what is once written is corrected by two people. Raises
    PermissionDenied where `by` is not staff of the organisation directly above (at the top: of
    itself), DomainError at `year` or `members`, or where it is written already.
    """
    if not sets_figures_of(by, organization, on=on):
        raise PermissionDenied
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    refused = refusals.found(
        year=refusals.of_year(year, on=on), members=refusals.of_people(members)
    )
    if refused:
        raise DomainError(fields=refused)
    latest = Baseline.objects.filter(organization=organization, year=year).newest().first()
    if latest is not None:
        raise DomainError(
            fields={
                "members": _(
                    "The number stands already: %(members)s. From now on it is corrected by two"
                    " people."
                )
                % {"members": latest.members}
            }
        )
    refuse_sealed([organization], day=opening_day(year), field="year")
    baseline = Baseline.objects.create(
        organization=organization, year=year, members=members, entered_by=by
    )
    announce(baseline, organization=organization, on=on, snapshot={"year": year})
    return baseline


@transaction.atomic
def ask_correction(
    organization: Organization, *, by: User, on: date, year: int, members: int, reason: str
) -> BaselineCorrection:
    """Ask that the members of `organization` on 1 January of `year` be corrected to `members`.

    Nothing changes until a second person answers. Raises PermissionDenied where `by` is not staff
    of the organisation directly above (at the top: of itself), DomainError at `year`, `members` or
    `reason`, or where another correction waits.
    """
    if not sets_figures_of(by, organization, on=on):
        raise PermissionDenied
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    reason = names.written(reason)
    latest = Baseline.objects.filter(organization=organization, year=year).newest().first()
    refused = refusals.found(
        year=_unreported(latest),
        members=refusals.of_people(members) or _unchanged(latest, members),
        reason=refusals.of_text(reason, limit=300, missing=_("A correction needs its reason.")),
    )
    if refused:
        raise DomainError(fields=refused)
    if open_one := waiting([organization.pk], year=year).get(organization.pk):
        raise DomainError(
            _(
                "%(person)s has asked for a correction to %(members)s already; it waits for its"
                " answer."
            )
            % {"person": open_one.entered_by, "members": open_one.members}
        )
    refuse_sealed([organization], day=opening_day(year), field="year")
    return BaselineCorrection.objects.create(
        organization=organization, year=year, members=members, reason=reason, entered_by=by
    )


def _unreported(latest: Baseline | None) -> str | None:
    if latest is None:
        return _("No number is reported yet, so there is nothing to correct.")
    return None


def _unchanged(latest: Baseline | None, members: int) -> str | None:
    if latest is not None and latest.members == members:
        return _("This is the number that stands already.")
    return None


@transaction.atomic
def answer_correction(
    correction: BaselineCorrection, *, by: User, on: date, approve: bool
) -> BaselineCorrection:
    """Approve a correction, which writes the next version of the baseline, or refuse it.

    Targets in percent keep the base they were reckoned on. Raises PermissionDenied where `by`
    asked for it, or is neither staff nor approver at or above the organisation; DomainError where
    it has its answer already.
    """
    organization = correction.organization
    people = confirm_figures_of(organization, by=correction.entered_by, on=on)
    if not people.contains(by):
        raise PermissionDenied
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    correction = BaselineCorrection.objects.select_for_update().get(pk=correction.pk)
    if correction.state != BaselineCorrection.State.ASKED:
        raise DomainError(_("This correction has been answered already."))
    if approve:
        correction.baseline = _corrected(correction, by=by, on=on)
    correction.state = (
        BaselineCorrection.State.APPROVED if approve else BaselineCorrection.State.REFUSED
    )
    correction.answered_by = by
    BaselineCorrection.objects.filter(pk=correction.pk).update(
        state=correction.state, answered_by=by, answered_at=AppNow(), baseline=correction.baseline
    )
    return BaselineCorrection.objects.get(pk=correction.pk)


def _corrected(correction: BaselineCorrection, *, by: User, on: date) -> Baseline:
    """Write what `correction` asks for as the next version; announce it."""
    organization, year = correction.organization, correction.year
    refuse_sealed([organization], day=opening_day(year), field="year")
    latest = Baseline.objects.filter(organization=organization, year=year).newest().get()
    baseline = Baseline.objects.create(
        organization=organization,
        year=year,
        version=latest.version + 1,
        members=correction.members,
        reason=correction.reason,
        entered_by=correction.entered_by,
        confirmed_by=by,
    )
    announce(baseline, organization=organization, on=on, snapshot={"year": year})
    return baseline


@transaction.atomic
def report_baselines(rows: Sequence[NewBaseline], *, by: User, on: date) -> list[Baseline]:
    """Record the first baseline of many organisations at once, such as a whole tree's.

    Raises PermissionDenied where `by` is not staff at or above each of them, DomainError where a
    number is impossible, the year is closed, or one of them has a baseline of it already.
    """
    organizations = {row.organization.pk for row in rows}
    roots = Appointment.objects.of(by, on=on, roles=[Role.STAFF]).values("organization")
    covered = Ancestry.objects.on(on).filter(ancestor__in=roots, descendant__in=organizations)
    if set(covered.values_list("descendant", flat=True)) != organizations:
        raise PermissionDenied
    for row in rows:
        sentence = refusals.of_year(row.year, on=on) or refusals.of_people(row.members)
        if sentence:
            raise DomainError(f"{row.organization}: {sentence}")
    for year in sorted({row.year for row in rows}):
        of_year = [row.organization.pk for row in rows if row.year == year]
        if sentence := sealed_sentence(of_year, day=opening_day(year)):
            raise DomainError(sentence)
    taken = set(
        Baseline.objects.filter(
            organization__in=organizations, year__in={row.year for row in rows}
        ).values_list("organization", "year")
    )
    for row in rows:
        if (row.organization.pk, row.year) in taken:
            raise DomainError(
                _("%(organization)s has reported its members of %(year)s already.")
                % {"organization": row.organization, "year": row.year}
            )
    made = Baseline.objects.bulk_create(
        (
            Baseline(
                organization=row.organization, year=row.year, members=row.members, entered_by=by
            )
            for row in rows
        ),
        batch_size=2000,
    )
    # Figures follow by year, so the first of each year speaks for all.
    for baseline in {baseline.year: baseline for baseline in reversed(made)}.values():
        announce(
            baseline, organization=baseline.organization, on=on, snapshot={"year": baseline.year}
        )
    return made
