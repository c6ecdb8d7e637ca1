"""The members on 1 January of an organisation and those beneath it: reads for their pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _

from config.ui.templatetags.ui import number
from organizations.models import Ancestry, Appointment, Organization, Role, User
from organizations.permissions import acts, acts_at
from targets.models import (
    Attainment,
    Baseline,
    BaselineConfirmation,
    BaselineCorrection,
    BaselineFreeze,
)
from targets.openings import confirmed, opening_day, proposed, reported, waiting
from targets.permissions import (
    approves_openings_of,
    freezes_openings_of,
    sets_figures_of,
    speaks_for,
)
from targets.rules import percent


@dataclass(frozen=True)
class OpeningRow:
    """One organisation's members on 1 January: counted, confirmed, as reported, restated.

    `proposed` is None where it did not exist on that day; `restated`, for the units it has today,
    is None where figures are not computed or it exists no longer. `stood` and `stands` say whether
    it was, and is, directly beneath the organisation of the page.
    """

    organization: Any
    proposed: int | None
    confirmation: BaselineConfirmation | None
    baseline: Baseline | None
    restated: int | None
    correction: BaselineCorrection | None
    stood: bool = True
    stands: bool = True
    people: list[str] = field(default_factory=list)

    @property
    def reported(self) -> int | None:
        """Return the members as reported: what percentages are reckoned on."""
        return self.baseline.members if self.baseline else None

    @property
    def is_confirmed(self) -> bool:
        return self.confirmation is not None

    @property
    def is_missing(self) -> bool:
        """Say whether its word is still waited for: it existed, and nothing is frozen yet."""
        return self.proposed is not None and not self.is_confirmed and self.baseline is None

    @property
    def differences(self) -> list[str]:
        """Return, in words, where its numbers part."""
        found = []
        if self.proposed is None:
            found.append(_("Did not exist yet on 1 January."))
        elif not self.stood:
            found.append(_("Stood elsewhere on 1 January."))
        elif not self.stands:
            found.append(_("Stands here no longer."))
        said = self.confirmation
        if said and said.members != said.proposed:
            found.append(
                _("Confirmed %(difference)s than counted: %(note)s")
                % {"difference": compared(said.members, said.proposed), "note": said.note}
            )
        if said and self.proposed is not None and said.proposed != self.proposed:
            found.append(
                _("Memberships were changed since it confirmed: then %(then)s, now %(now)s.")
                % {"then": number(said.proposed), "now": number(self.proposed)}
            )
        stood_for = said.members if said else self.proposed
        if self.baseline and stood_for is not None and self.baseline.members != stood_for:
            found.append(
                _("Reported %(difference)s than %(said)s.")
                % {
                    "difference": compared(self.baseline.members, stood_for),
                    "said": _("it confirmed") if said else _("counted"),
                }
            )
        if None not in {self.reported, self.restated} and self.reported != self.restated:
            found.append(
                _("Today's units had %(difference)s than reported.")
                % {"difference": compared(self.restated or 0, self.reported or 0)}
            )
        return found


def compared(one: int, other: int) -> str:
    """Return how `one` differs from `other`, in words: 2 more, 1 fewer."""
    many = number(abs(one - other))
    return _("%(n)s more") % {"n": many} if one > other else _("%(n)s fewer") % {"n": many}


@dataclass(frozen=True)
class OpeningSheet:
    """An organisation's opening members and those of the units directly beneath it.

    Beneath it on 1 January or today: a unit that came or went in the year is shown, not lost.
    """

    year: int
    own: OpeningRow
    rows: list[OpeningRow]
    freeze: BaselineFreeze | None
    is_known: bool

    @property
    def proposed(self) -> int | None:
        return total(row.proposed for row in self.rows if row.stood)

    @property
    def confirmed(self) -> int | None:
        return total(
            row.confirmation.members for row in self.rows if row.confirmation and row.stood
        )

    @property
    def reported(self) -> int | None:
        return total(row.reported for row in self.rows if row.stood)

    @property
    def restated(self) -> int | None:
        return total(row.restated for row in self.rows if row.stands)

    @property
    def missing(self) -> list[OpeningRow]:
        """Return the units whose word is still waited for."""
        return [row for row in self.rows if row.stood and row.is_missing]

    @property
    def unattended(self) -> list[OpeningRow]:
        """Return those of them for whom nobody acts in the software."""
        return [row for row in self.missing if not row.people]

    @property
    def is_whole(self) -> bool:
        """Say whether the organisation and each unit directly beneath has its number."""
        return None not in {self.own.reported, *(row.reported for row in self.rows if row.stood)}

    @property
    def asked(self) -> int:
        """Return how many units are asked for their word: those that stood here on 1 January."""
        return sum(row.stood and row.proposed is not None for row in self.rows)

    @property
    def said(self) -> int:
        return sum(row.stood and row.is_confirmed for row in self.rows)

    @property
    def is_frozen(self) -> bool:
        return self.freeze is not None and self.freeze.approved_at is not None

    @property
    def differences(self) -> list[str]:
        """Return, in words, where the sum of the units parts from the organisation's own."""
        if not self.rows:
            return []
        pairs = [
            (_("Counted from memberships"), self.proposed, self.own.proposed),
            (_("As reported"), self.reported, self.own.reported),
            (_("For today's units"), self.restated, self.own.restated),
        ]
        return [
            _(
                "%(kind)s: the units together have %(difference)s than this level, %(sum)s to"
                " %(own)s."
            )
            % {
                "kind": kind,
                "difference": compared(units, own),
                "sum": number(units),
                "own": number(own),
            }
            for kind, units, own in pairs
            if units is not None and own is not None and units != own
        ]


def total(numbers: Iterable[int | None]) -> int | None:
    """Return the sum of what is known, None where nothing is: not known is not zero."""
    known = [one for one in numbers if one is not None]
    return sum(known) if known else None


@dataclass(frozen=True)
class OpeningRights:
    """What the reader may do on the page."""

    reports: bool
    confirms: bool
    freezes: bool
    answers: bool
    corrects: bool
    corrects_beneath: bool
    sees_names: bool


def rights(user: User, sheet: OpeningSheet, *, on: date) -> OpeningRights:
    """Return what `user` may do on the page of `sheet` on day `on`."""
    organization, own = sheet.own.organization, sheet.own
    is_open = own.baseline is None
    sets = sets_figures_of(user, organization, on=on)
    freeze = sheet.freeze
    return OpeningRights(
        reports=is_open and sets,
        confirms=is_open
        and sheet.is_known
        and own.proposed is not None
        and speaks_for(user, organization, on=on),
        freezes=sheet.is_known
        and freeze is None
        and not sheet.is_whole
        and own.proposed is not None
        and freezes_openings_of(user, organization, on=on),
        answers=freeze is not None
        and freeze.approved_at is None
        and approves_openings_of(user, organization, on=on),
        corrects=not is_open and sets and own.correction is None,
        corrects_beneath=acts_at(user, Role.STAFF, at=organization, on=on),
        sees_names=acts(user, *Role.sees_names(), over=organization, on=on),
    )


def sheet(organization: Organization, *, year: int, on: date) -> OpeningSheet:
    """Return the opening members of `organization` and of those beneath it.

    `organization` is annotated by `called`. A number of queries that does not grow with the units.
    """
    day = opening_day(year)
    stood = set(Organization.objects.beneath(organization, on=day).values_list("pk", flat=True))
    stands = set(Organization.objects.beneath(organization, on=on).values_list("pk", flat=True))
    units = list(
        Organization.objects.filter(pk__in=stood | stands)
        .called(on=on)
        .order_by(F("name_order"), "pk")
    )
    itself = {organization.pk}
    own, *rows = _rows(
        [organization, *units], year=year, on=on, stood=stood | itself, stands=stands | itself
    )
    return OpeningSheet(
        year=year,
        own=own,
        rows=rows,
        freeze=_freeze_over(organization, year=year),
        is_known=day <= on,
    )


def _freeze_over(organization: Organization, *, year: int) -> BaselineFreeze | None:
    """Return the freeze of `organization` itself, asked for or approved, else one from above."""
    above = Ancestry.objects.on(opening_day(year)).filter(descendant=organization.pk)
    found = list(
        BaselineFreeze.objects.standing()
        .filter(
            Q(organization=organization)
            | Q(organization__in=above.values("ancestor"), approved_at__isnull=False),
            year=year,
        )
        .select_related("entered_by", "approved_by", "organization")
    )
    return min(found, key=lambda one: one.organization_id != organization.pk, default=None)


def own(organization: Organization, *, year: int, on: date) -> OpeningRow:
    """Return the opening members of `organization` alone."""
    itself = {organization.pk}
    (row,) = _rows([organization], year=year, on=on, stood=itself, stands=itself)
    return row


def _rows(
    units: list[Organization], *, year: int, on: date, stood: set[int], stands: set[int]
) -> list[OpeningRow]:
    keys = [unit.pk for unit in units]
    counted = proposed(keys, year=year)
    said = confirmed(keys, year=year)
    written = reported(keys, year=year)
    open_ones = waiting(keys, year=year)
    restated = dict(
        Attainment.objects.filter(
            organization__in=keys, year=year, lens=Attainment.Lens.NOW
        ).values_list("organization", "opening_members")
    )
    people = _people([key for key in keys if key not in said and key not in written], on=on)
    return [
        OpeningRow(
            organization=unit,
            proposed=counted.get(unit.pk),
            confirmation=said.get(unit.pk),
            baseline=written.get(unit.pk),
            restated=restated.get(unit.pk),
            correction=open_ones.get(unit.pk),
            stood=unit.pk in stood,
            stands=unit.pk in stands,
            people=people.get(unit.pk, []),
        )
        for unit in units
    ]


def _people(organizations: list[int], *, on: date) -> dict[int, list[str]]:
    """Return {organization id: names of those who answer for it in the software}."""
    people: dict[int, list[str]] = {}
    held = Appointment.objects.filter(
        organization__in=organizations,
        role__in=[Role.SECRETARY, Role.STAFF],
        period__contains=on,
        user__is_active=True,
    ).select_related("user")
    for appointment in held.order_by("user__full_name", "pk"):
        people.setdefault(appointment.organization_id, []).append(str(appointment.user))
    return people


@dataclass(frozen=True)
class Change:
    """What a correction does to the percentages of its year: before it, and with it."""

    old: int
    new: int
    admitted: int | None
    target_low: int | None

    @property
    def old_rate(self) -> Decimal | None:
        """Return the admissions in percent of the members on 1 January, as they stood before."""
        return percent(self.admitted, self.old)

    @property
    def new_rate(self) -> Decimal | None:
        return percent(self.admitted, self.new)

    @property
    def old_aim(self) -> Decimal | None:
        """Return the target in percent of the members on 1 January, as they stood before."""
        return percent(self.target_low, self.old)

    @property
    def new_aim(self) -> Decimal | None:
        return percent(self.target_low, self.new)


def change(correction: BaselineCorrection) -> Change:
    """Return the numbers and percentages that `correction` changes, or has changed."""
    versions = Baseline.objects.filter(organization=correction.organization, year=correction.year)
    if correction.baseline:
        versions = versions.filter(version__lt=correction.baseline.version)
    elif correction.answered_at:
        versions = versions.filter(entered_at__lte=correction.answered_at)
    before = versions.order_by("-version")[0]
    figures = Attainment.objects.filter(
        organization=correction.organization,
        year=correction.year,
        lens=Attainment.Lens.THEN,
    ).first()
    return Change(
        old=before.members,
        new=correction.members,
        admitted=figures.admitted if figures else None,  # type: ignore[attr-defined]
        target_low=figures.target_low if figures else None,
    )
