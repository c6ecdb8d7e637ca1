"""What organisations say of themselves: forecast, no source left, what is not counted here."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from organizations.models import Organization, User
from organizations.operations.outbox import announce
from organizations.permissions import is_one_human
from targets.models import DeclaredForecast, Indicator, ReportedFigure, SourceDeclaration
from targets.permissions import declares_for, sets_figures_of

from . import refusals

State = SourceDeclaration.State


@transaction.atomic
def declare_forecast(
    organization: Organization,
    *,
    by: User,
    on: date,
    year: int,
    people: int,
    declared_on: date,
    declared_by: str,
) -> DeclaredForecast:
    """Record how many admissions `organization` itself expects in the whole of `year`.

    `declared_by` is the author as named in its report. The latest day's counts; earlier ones stay.
    Raises PermissionDenied where `by` neither acts for it nor takes it down above it, DomainError
    at `year`, `people`, `declared_on` or `declared_by`.
    """
    if not declares_for(by, organization, on=on):
        raise PermissionDenied
    declared_by = names.written(declared_by)
    refused = refusals.found(
        year=refusals.of_year(year, on=on),
        people=refusals.of_people(people),
        declared_on=refusals.of_day(declared_on, on=on),
        declared_by=refusals.of_text(
            declared_by, limit=120, missing=_("Name who made the forecast.")
        ),
    )
    if refused:
        raise DomainError(fields=refused)
    forecast = DeclaredForecast.objects.create(
        organization=organization,
        year=year,
        people=people,
        declared_on=declared_on,
        declared_by=declared_by,
        entered_by=by,
    )
    announce(forecast, organization=organization, on=declared_on, snapshot={"year": year})
    return forecast


@transaction.atomic
def declare_no_source(
    organization: Organization,
    *,
    by: User,
    on: date,
    grounds: str,
    declared_on: date,
    review_on: date,
) -> SourceDeclaration:
    """Record that `organization` has no source left; it counts once its superior accepts it.

    Raises PermissionDenied where `by` neither acts for it nor takes it down above it, DomainError
    at `grounds`, `declared_on` or `review_on`, or where one waits for its answer.
    """
    if not declares_for(by, organization, on=on):
        raise PermissionDenied
    # Two who declare it at once wait for each other.
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    waiting = SourceDeclaration.objects.filter(
        organization=organization, state=State.DECLARED, answer__isnull=True
    ).first()
    if waiting:
        raise DomainError(
            _("The declaration of %(day)s still waits for its answer.")
            % {"day": f"{waiting.declared_on:%d/%m/%Y}"}
        )
    grounds = names.written(grounds)
    refused = refusals.found(
        grounds=refusals.of_text(grounds, limit=300, missing=_("Enter the grounds.")),
        declared_on=refusals.of_day(declared_on, on=on),
        review_on=_("The day of review comes after the declaration.")
        if review_on <= declared_on
        else refusals.of_distance(review_on, on=on),
    )
    if refused:
        raise DomainError(fields=refused)
    declaration = SourceDeclaration.objects.create(
        organization=organization,
        state=State.DECLARED,
        grounds=grounds,
        declared_on=declared_on,
        review_on=review_on,
        entered_by=by,
    )
    announce(declaration, organization=organization, on=declared_on)
    return declaration


@transaction.atomic
def answer_declaration(
    declaration: SourceDeclaration, *, by: User, on: date, accept: bool
) -> SourceDeclaration:
    """Accept or return a declaration that no source is left; return the row that says so.

    Raises PermissionDenied where `by` is not staff of the organisation directly above, or entered
    the declaration; DomainError where it has its answer already or is itself an answer.
    """
    organization = declaration.organization
    if not sets_figures_of(by, organization, on=on) or is_one_human(by, declaration.entered_by):
        raise PermissionDenied
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    answered = SourceDeclaration.objects.filter(answers=declaration).exists()
    if declaration.state != State.DECLARED or answered:
        raise DomainError(_("This declaration has been answered already."))
    answer = SourceDeclaration.objects.create(
        organization=organization,
        state=State.ACCEPTED if accept else State.RETURNED,
        answers=declaration,
        grounds=declaration.grounds,
        declared_on=declaration.declared_on,
        review_on=declaration.review_on,
        entered_by=by,
    )
    announce(answer, organization=organization, on=declaration.declared_on)
    return answer


@transaction.atomic
def report_figure(
    indicator: Indicator | str,
    organization: Organization,
    *,
    by: User,
    on: date,
    as_of: date,
    numerator: int,
    denominator: int | None = None,
    evidence: str,
) -> ReportedFigure:
    """Record what `organization` reports of an indicator that the system does not count.

    `numerator` of `denominator` as of a day, with its evidence; the newest row of a day counts.
    Raises PermissionDenied where `by` neither acts for it nor takes it down above it, DomainError
    at `indicator`, `as_of`, `numerator`, `denominator` or `evidence`.
    """
    if not declares_for(by, organization, on=on):
        raise PermissionDenied
    code = indicator if isinstance(indicator, str) else indicator.pk
    known = Indicator.objects.filter(pk=code).first()
    evidence = names.written(evidence)
    refused = refusals.found(
        indicator=_unreported(known),
        as_of=refusals.of_day(as_of, on=on),
        numerator=refusals.of_people(numerator),
        denominator=_impossible_denominator(known, numerator, denominator),
        evidence=refusals.of_text(evidence, limit=200, missing=_("Name the evidence.")),
    )
    if refused or known is None:
        raise DomainError(fields=refused)
    figure = ReportedFigure.objects.create(
        indicator=known,
        organization=organization,
        as_of=as_of,
        numerator=numerator,
        denominator=denominator,
        evidence=evidence,
        entered_by=by,
    )
    announce(figure, organization=organization, on=as_of)
    return figure


def _unreported(indicator: Indicator | None) -> str | None:
    if indicator is None:
        return _("There is no such indicator.")
    if indicator.is_counted:
        return _("The system counts this itself; it is not reported.")
    return None


def _impossible_denominator(
    indicator: Indicator | None, numerator: int, denominator: int | None
) -> str | None:
    if denominator is None:
        return _("Enter out of how many.") if indicator and indicator.is_share else None
    if denominator <= 0:
        return _("Out of how many must be more than zero.")
    if indicator and indicator.is_share and numerator > denominator:
        return _("There cannot be more than there are in all.")
    return refusals.of_people(denominator)
