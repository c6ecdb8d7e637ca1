"""Founding organisations and placing them under one another, by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from config import names
from config.errors import DomainError
from config.locks import Lock, hold
from config.periods import OPEN_END, between, contains, since
from organizations.models import (
    Ancestry,
    Competence,
    Designation,
    Organization,
    OrganizationKind,
    Placement,
    Role,
    User,
)
from organizations.models.organization import designation_keys
from organizations.permissions import acts

from .outbox import announce
from .seals import refuse_sealed


@dataclass(frozen=True)
class NewOrganization:
    """What `found_many` needs of each organisation; `parent_slug` None means top of the tree."""

    slug: str
    name: str
    short_name: str
    kind: str
    parent_slug: str | None
    on: date
    sector: str = ""
    group: str = ""
    official_code: str = ""
    decision_number: str = ""
    is_grassroots_unit: bool | None = None


def free_slug(name: str) -> str:
    """Return an unused address made of `name` without diacritics."""
    base = slugify(names.search_key(name))[:70] or "to-chuc"
    taken = set(Organization.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    return next(
        slug for number in range(2, len(taken) + 3) if (slug := f"{base}-{number}") not in taken
    )


def found(
    slug: str,
    *,
    name: str,
    short_name: str = "",
    kind: str,
    under: Organization | None,
    on: date,
    sector: str = "",
    group: str = "",
    official_code: str = "",
    decision_number: str = "",
    is_grassroots_unit: bool | None = None,
    by: User | None = None,
    entered_on: date | None = None,
) -> Organization:
    """Found an organisation of `kind` called `name` beneath `under` from day `on`; return it.

    `by`, who enters it on day `entered_on` (day `on` unless given), is None in batches and at the
    first start. Raises PermissionDenied where `by` is no administrator over `under`, DomainError
    where the address is taken, or `under` does not exist on that day.
    """
    if by is not None and not _administers(by, under, on=entered_on or on):
        raise PermissionDenied
    row = NewOrganization(
        slug=slug,
        name=name,
        short_name=short_name,
        kind=kind,
        parent_slug=under.slug if under else None,
        on=on,
        sector=sector,
        group=group,
        official_code=official_code,
        decision_number=decision_number,
        is_grassroots_unit=is_grassroots_unit,
    )
    return found_many([row])[slug]


@transaction.atomic
def found_many(rows: Sequence[NewOrganization]) -> dict[str, Organization]:
    """Found all of `rows`, parents before children in any order; return {slug: organisation}.

    Raises DomainError naming the first row that cannot be: address taken, parent unknown, beneath
    itself or not there on the day, kind unknown, no name.
    """
    hold(Lock.TREE)
    kinds = OrganizationKind.objects.in_bulk()
    by_slug = {row.slug: row for row in rows}
    taken = Organization.objects.filter(slug__in=by_slug).values_list("slug", flat=True).first()
    if taken or len(by_slug) != len(rows):
        raise DomainError(
            fields={"slug": _("The address “%(slug)s” is taken.") % {"slug": taken or ""}}
        )
    parent_slugs = {row.parent_slug for row in rows if row.parent_slug} - set(by_slug)
    known = {unit.slug: unit for unit in Organization.objects.filter(slug__in=parent_slugs)}
    for row in rows:
        _refuse_unreal(row, kinds=kinds, by_slug=by_slug, known=known)
    _refuse_closed(rows, known=known)
    _refuse_circles(by_slug)

    organizations = Organization.objects.bulk_create(
        Organization(
            slug=row.slug,
            official_code=row.official_code,
            period=since(row.on),
            is_grassroots_unit=kinds[row.kind].is_grassroots
            if row.is_grassroots_unit is None
            else row.is_grassroots_unit,
        )
        for row in rows
    )
    made = {unit.slug: unit for unit in organizations}
    everyone = {**known, **made}
    Designation.objects.bulk_create(
        Designation(
            organization=made[row.slug],
            name=names.written(row.name),
            short_name=names.written(row.short_name or row.name)[:60],
            **designation_keys(names.written(row.name)),
            kind=kinds[row.kind],
            sector=row.sector,
            group=row.group,
            period=since(row.on),
            decision_number=row.decision_number,
        )
        for row in rows
    )
    Placement.objects.bulk_create(
        Placement(
            organization=made[row.slug],
            parent=everyone[row.parent_slug] if row.parent_slug else None,
            period=since(row.on),
            decision_number=row.decision_number,
        )
        for row in rows
    )
    derive_ancestry(unit.pk for unit in organizations)
    if organizations:
        # Figures follow by year, so one of the batch speaks for all.
        announce(organizations[0], organization=organizations[0], on=min(row.on for row in rows))
    return made


def _refuse_unreal(
    row: NewOrganization,
    *,
    kinds: dict[str, OrganizationKind],
    by_slug: dict[str, NewOrganization],
    known: dict[str, Organization],
) -> None:
    if not names.written(row.name):
        raise DomainError(fields={"name": _("Enter a name.")})
    if row.kind not in kinds:
        raise DomainError(fields={"kind": _("There is no such kind of organisation.")})
    if row.parent_slug is None:
        return
    if row.parent_slug in by_slug:
        parent_since = by_slug[row.parent_slug].on
        parent_until = None
    elif row.parent_slug in known:
        parent_since = known[row.parent_slug].period.lower
        parent_until = known[row.parent_slug].period.upper
    else:
        raise DomainError(fields={"under": _("There is no such superior organisation.")})
    if row.on < parent_since or (parent_until and row.on >= parent_until):
        raise DomainError(
            fields={
                "on": _("The superior organisation does not exist on %(day)s.")
                % {"day": f"{row.on:%d/%m/%Y}"}
            }
        )


def _refuse_closed(rows: Sequence[NewOrganization], *, known: dict[str, Organization]) -> None:
    """Refuse to found beneath units of a closed year in it, or before it."""
    first: dict[str, date] = {}
    for row in rows:
        if row.parent_slug in known:
            first[row.parent_slug] = min(row.on, first.get(row.parent_slug, row.on))
    for slug, day in first.items():
        refuse_sealed([known[slug]], day=day, runs_on=True)


def _refuse_circles(by_slug: dict[str, NewOrganization]) -> None:
    above: set[str] = set()  # those known to reach a row without a new parent
    for start in by_slug:
        line: list[str] = []
        slug: str | None = start
        while slug in by_slug and slug not in above:
            if slug in line:
                raise DomainError(
                    fields={
                        "under": _("%(name)s would be beneath itself.")
                        % {"name": by_slug[slug].name}
                    }
                )
            line.append(slug)
            slug = by_slug[slug].parent_slug
        above.update(line)


def _administers(by: User, organization: Organization | None, *, on: date) -> bool:
    return organization is not None and acts(by, Role.ADMINISTRATOR, over=organization, on=on)


@transaction.atomic
def move(
    organization: Organization, *, under: Organization, on: date, decision_number: str = ""
) -> Placement:
    """Place `organization` under `under` from day `on`; earlier days keep their tree.

    Raises DomainError where a placement of `organization` already begins on that day or later,
    where either has ended by then or is to end, or where on any day from then `organization`
    would be beneath itself.
    """
    hold(Lock.TREE)
    organization, under = (Organization.objects.get(pk=unit.pk) for unit in (organization, under))
    day = f"{on:%d/%m/%Y}"
    if on <= organization.period.lower or organization.placements.filter(
        period__startswith__gte=on
    ):
        raise DomainError(
            fields={
                "on": _("%(organization)s already takes a place on %(day)s or later.")
                % {"organization": organization, "day": day}
            }
        )
    if organization.period.upper is not None:
        raise DomainError(
            fields={"on": _("%(organization)s has ended.") % {"organization": organization}}
        )
    if on < under.period.lower or under.period.upper is not None:
        raise DomainError(
            fields={
                "under": _("%(under)s does not exist on %(day)s, or ends later.")
                % {"under": under, "day": day}
            }
        )
    # Its own line counts too (under itself), and so do lines that begin on a later day.
    if Ancestry.objects.filter(ancestor=organization, descendant=under, valid_to__gt=on).exists():
        raise DomainError(
            fields={
                "under": _("%(under)s is beneath %(organization)s.")
                % {"under": under, "organization": organization}
            }
        )
    refuse_sealed([organization, under], day=on, runs_on=True)
    current = organization.placements.get(period__contains=on)
    current.period = between(current.period.lower, on)
    current.save(update_fields=["period"])
    placement = organization.placements.create(
        parent=under, period=since(on), decision_number=decision_number
    )
    beneath = Ancestry.objects.filter(ancestor=organization, valid_to__gt=on)
    derive_ancestry({organization.pk, *beneath.values_list("descendant", flat=True)})
    announce(placement, organization=organization, on=on)
    return placement


# A line holds while every edge on it holds, so its period is the edges' intersection. UNION ALL
# ends because placements have no cycle on any day; `move` refuses one and depth bounds the rest.
DERIVE = """
    WITH RECURSIVE line(descendant, ancestor, depth, valid_from, valid_to) AS (
        SELECT placed.organization_id, placed.organization_id, 0,
            min(lower(placed.period)), max(coalesce(upper(placed.period), %(open)s))
        FROM organizations_placement AS placed
        WHERE placed.organization_id = ANY(%(organizations)s)
        GROUP BY placed.organization_id
        UNION ALL
        SELECT line.descendant, placed.parent_id, line.depth + 1,
            greatest(line.valid_from, lower(placed.period)),
            least(line.valid_to, coalesce(upper(placed.period), %(open)s))
        FROM line
        JOIN organizations_placement AS placed ON placed.organization_id = line.ancestor
        WHERE placed.parent_id IS NOT NULL AND line.depth < 32
        AND greatest(line.valid_from, lower(placed.period))
            < least(line.valid_to, coalesce(upper(placed.period), %(open)s))
    )
"""
LINES = f"{DERIVE} SELECT descendant, ancestor, depth, valid_from, valid_to FROM line"  # noqa: S608
"""The lines above `organizations` (ids) as the placements say them."""

WRITE_LINES = f"""
    INSERT INTO organizations_ancestry (descendant_id, ancestor_id, depth, valid_from, valid_to)
    {LINES} ORDER BY ancestor, depth, descendant
"""


def derive_ancestry(organizations: Iterable[int]) -> int:
    """Derive anew the lines above `organizations` (ids) from their placements; return how many.

    Called in the transaction that changed a placement, under the lock of the tree.
    """
    wanted = list(organizations)
    with connection.cursor() as cursor:
        # Before the insertion and not within it: one statement would meet its own deleted lines.
        cursor.execute("DELETE FROM organizations_ancestry WHERE descendant_id = ANY(%s)", [wanted])
        cursor.execute(WRITE_LINES, {"organizations": wanted, "open": OPEN_END})
        return int(cursor.rowcount)


def grant_competence(
    organization: Organization,
    *,
    kind: str,
    on: date,
    decision_number: str,
    members_entitled: int | None = None,
    by: User | None = None,
    entered_on: date | None = None,
) -> Competence:
    """Let `organization` decide admissions beneath it from day `on`.

    `by`, who enters it on day `entered_on` (day `on` unless given), is None in batches. Raises
    PermissionDenied where `by` is no administrator over `organization`, DomainError where it
    already decides on that day or later, or does not exist on it.
    """
    if by is not None and not _administers(by, organization, on=entered_on or on):
        raise PermissionDenied
    if not contains(organization.period, on):
        raise DomainError(
            fields={
                "on": _("%(organization)s does not exist on %(day)s.")
                % {"organization": organization, "day": f"{on:%d/%m/%Y}"}
            }
        )
    try:
        with transaction.atomic():
            return organization.competences.create(
                kind=kind,
                period=since(on),
                decision_number=decision_number,
                members_entitled=members_entitled,
            )
    except IntegrityError as error:
        raise DomainError(
            fields={
                "on": _("%(organization)s already holds a competence on that day.")
                % {"organization": organization}
            }
        ) from error
