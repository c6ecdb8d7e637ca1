"""What the pages of the administrator and of the member register read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Window
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from config import names

from .models import (
    Ancestry,
    Appointment,
    Competence,
    Designation,
    Lineage,
    Membership,
    Organization,
    OrganizationKind,
    Placement,
    Reorganization,
    Role,
    User,
)
from .models.organization import OneOf, OrganizationQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

LEVELS_SHOWN = 2
"""Levels beneath its first row that the tree shows at once; deeper ones open from there."""


def administered(user: User | AnonymousUser, *, on: date) -> OrganizationQuerySet:
    """Return the organisations that `user` administers on day `on`: name and kind, no figures."""
    return Appointment.objects.organizations_of(user, roles=[Role.ADMINISTRATOR], on=on)


def register_cells(user: User | AnonymousUser, *, on: date) -> OrganizationQuerySet:
    """Return the cells in whose register `user` may enter members on day `on`."""
    return Appointment.objects.organizations_of(
        user, roles=[Role.SECRETARY, Role.STAFF], on=on
    ).cells(on=on)


def with_names(
    organizations: Iterable[Organization], *, on: date
) -> list[tuple[Organization, Designation | None, Designation | None]]:
    """Return [(organisation, its name, its superior's name)] as on day `on`, in three queries.

    The order is that of `organizations`; a superior is None at the top of the tree.
    """
    rows = list(organizations)
    parents = dict(
        Placement.objects.filter(
            organization__in=[row.pk for row in rows], period__contains=on
        ).values_list("organization", "parent")
    )
    everyone = {row.pk for row in rows} | {parent for parent in parents.values() if parent}
    called = Designation.objects.by_organization(everyone, on=on)
    return [(row, called.get(row.pk), called.get(parents.get(row.pk) or 0)) for row in rows]


def cells_of(memberships: Iterable[Membership], *, on: date) -> dict[int, Designation]:
    """Return {cell id: its name on day `on`} for the cells of `memberships`; one query."""
    return Designation.objects.by_organization({row.cell_id for row in memberships}, on=on)


@dataclass(frozen=True)
class TreeRow:
    """A line of the indented tree: an organisation and how far beneath the first row it stands."""

    organization: Organization
    designation: Designation
    indent: int
    beneath: int
    superior: Designation | None = None
    decides: bool = False


def tree(roots: Sequence[Organization], *, on: date) -> list[TreeRow]:
    """Return `roots` and those beneath them on day `on`, each above its own, `LEVELS_SHOWN` deep.

    Siblings stand by the rank of their kind, then by name, numbers by value.
    """
    lines = Ancestry.objects.on(on).filter(
        ancestor__in=[root.pk for root in roots], depth__lte=LEVELS_SHOWN
    )
    units = Organization.objects.in_bulk(list(lines.values_list("descendant", flat=True)))
    called = Designation.objects.by_organization(units, on=on)
    children: dict[int, list[int]] = {}
    # One that ended keeps its place, for its facts; the tree shows what there is.
    placed = Placement.objects.filter(
        period__contains=on, parent__in=units, organization__period__contains=on
    )
    for organization, parent in placed.values_list("organization", "parent"):
        children.setdefault(parent, []).append(organization)
    deciding = set(
        Competence.objects.filter(period__contains=on, organization__in=units).values_list(
            "organization", flat=True
        )
    )

    rows: list[TreeRow] = []

    def add(unit: int, indent: int) -> None:
        mine = children.get(unit, [])
        rows.append(TreeRow(units[unit], called[unit], indent, len(mine), decides=unit in deciding))
        if indent < LEVELS_SHOWN:
            known = [child for child in mine if child in units]
            for child in sorted(known, key=lambda one: _place(called[one])):
                add(child, indent + 1)

    for root in sorted(roots, key=lambda one: _place(called[one.pk])):
        add(root.pk, 0)
    return rows


def flat(organizations: Iterable[Organization], *, on: date) -> list[TreeRow]:
    """Return `organizations` as rows of no tree, in their order, each with its superior's name."""
    named = with_names(organizations, on=on)
    units = [row.pk for row, _name, _superior in named]
    placed = Placement.objects.filter(
        period__contains=on, parent__in=units, organization__period__contains=on
    )
    beneath = Counter(placed.values_list("parent", flat=True))
    competent = Competence.objects.filter(period__contains=on, organization__in=units)
    deciding = set(competent.values_list("organization", flat=True))
    return [
        TreeRow(row, name, 0, beneath[row.pk], superior, decides=row.pk in deciding)
        for row, name, superior in named
        if name is not None
    ]


def _place(designation: Designation) -> tuple[int, str, int]:
    return designation.kind.rank, designation.name_order, designation.organization_id


def tops(user: User | AnonymousUser, *, on: date) -> list[Organization]:
    """Return the organisations that `user` administers and that stand beneath no other of them."""
    held = Appointment.objects.of(user, on=on, roles=[Role.ADMINISTRATOR])
    units = set(held.values_list("organization", flat=True))
    inner = Ancestry.objects.on(on).filter(ancestor__in=units, descendant__in=units, depth__gt=0)
    units -= set(inner.values_list("descendant", flat=True))
    return list(Organization.objects.filter(pk__in=units))


def told_apart(organizations: OrganizationQuerySet, *, on: date) -> OrganizationQuerySet:
    """Annotate those `called` on day `on` for `told`: how many bear a name, their superior's."""
    above = Placement.objects.filter(
        organization=OuterRef("pk"), period__contains=on, parent__designations__period__contains=on
    ).values("parent__designations__short_name")
    return organizations.annotate(
        above=Subquery(above[:1]), of_this_name=Window(Count("pk"), partition_by=[F("name")])
    )


def told(organization: Any) -> str:
    """Return the name of one of `told_apart`, with its superior's where several bear it."""
    if organization.of_this_name > 1 and organization.above:
        return f"{organization.name} — {organization.above}"
    return str(organization.name)


def found_by_name(scope: OrganizationQuerySet, text: str, *, on: date) -> OrganizationQuerySet:
    """Keep of `scope` those whose name on day `on`, or address, holds `text`; diacritics or not."""
    key = names.search_key(text)
    named = Designation.objects.on(on).filter(name_search__contains=key)
    # As an array, read once: beside an OR the planner may ask a subquery anew for every row.
    is_named = OneOf(F("pk"), ArraySubquery(named.values("organization")))
    return scope.filter(Q(is_named) | Q(slug__contains=key.replace(" ", "-")))


def is_called(organization: Organization, text: str) -> bool:
    """Say whether `text` is the whole name of `organization`, as annotated by `called`."""
    return names.search_key(str(organization)) == names.search_key(text)


def unusual_place(kind: OrganizationKind, parent: OrganizationKind) -> str:
    """Return a sentence where an organisation of `kind` rarely stands beneath one of `parent`.

    The empty text where it is usual. A warning: the tables of kinds know the rule, life the rest.
    """
    usual = list(kind.allowed_parents.all())
    if parent in usual:
        return ""
    if not usual:
        return _("“%(kind)s” usually stands at the top of the tree.") % {"kind": kind_name(kind)}
    return _("“%(kind)s” usually stands beneath: %(usual)s. Here it is beneath “%(parent)s”.") % {
        "kind": kind_name(kind),
        "usual": "; ".join(kind_name(one) for one in usual),
        "parent": kind_name(parent),
    }


@dataclass(frozen=True)
class UnusualPlace:
    """An organisation whose kind does not usually stand beneath that of its superior, and why."""

    organization: Organization
    designation: Designation
    superior: Designation
    sentence: str


def unusual_places(
    scope: OrganizationQuerySet, *, on: date, most: int = 200
) -> tuple[int, list[UnusualPlace]]:
    """Return how many of `scope` stand on day `on` where their kind usually does not, and `most`.

    Only a warning: they stay and work as they are. Five queries.
    """
    kind_of = Designation.objects.on(on).filter(organization=OuterRef("organization"))
    kind_above = Designation.objects.on(on).filter(organization=OuterRef("parent"))
    allowed = OrganizationKind.allowed_parents.through.objects.filter(
        from_organizationkind=OuterRef("kind"), to_organizationkind=OuterRef("kind_above")
    )
    placed = (
        Placement.objects.filter(
            period__contains=on,
            parent__isnull=False,
            organization__in=scope.values("pk"),
            organization__period__contains=on,
        )
        .annotate(
            kind=Subquery(kind_of.values("kind")[:1]),
            kind_above=Subquery(kind_above.values("kind")[:1]),
        )
        .filter(~Exists(allowed), kind__isnull=False, kind_above__isnull=False)
        .order_by("kind_above", "kind", "organization")
    )
    rows = list(placed.select_related("organization")[:most])
    called = Designation.objects.by_organization(
        {row.organization_id for row in rows} | {row.parent_id for row in rows if row.parent_id},
        on=on,
    )
    kinds = {
        kind.code: kind for kind in OrganizationKind.objects.prefetch_related("allowed_parents")
    }
    return placed.count() if len(rows) == most else len(rows), [
        UnusualPlace(
            row.organization,
            called[row.organization_id],
            called[row.parent_id or 0],
            unusual_place(
                kinds[called[row.organization_id].kind_id],
                kinds[called[row.parent_id or 0].kind_id],
            ),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class FirstStep:
    """A thing to do before the first file can be admitted; `url_name` where this reader does it."""

    title: object
    why: object
    is_done: bool
    url_name: str = ""


def first_steps(user: User, *, on: date) -> list[FirstStep]:
    """Return what an administrator has to see to before work can begin, in order, with its state.

    Says only whether something is there, never how many people: an administrator sees no figures.
    """
    scope = administered(user, on=on).values("pk")
    held = Appointment.objects.filter(organization__in=scope, period__contains=on)
    roles = set(held.exclude(user=user).values_list("role", flat=True))
    year = on.year
    return [
        FirstStep(
            gettext_lazy("Add the organisations beneath"),
            gettext_lazy("Committees first, then their cells: members belong to cells."),
            administered(user, on=on).cells(on=on).exists(),
            "administration-organizations",
        ),
        FirstStep(
            gettext_lazy("Say who decides admissions"),
            gettext_lazy("Grant the competence, by its decision, to the committee that decides."),
            Competence.objects.filter(organization__in=scope, period__contains=on).exists(),
            "administration-organizations",
        ),
        FirstStep(
            gettext_lazy("Open accounts"),
            gettext_lazy("One for each person who works here; nobody shares an account."),
            User.objects.exclude(pk=user.pk).exists(),
            "account-list",
        ),
        FirstStep(
            gettext_lazy("Give them roles"),
            gettext_lazy(
                "First the staff at the top: they confirm what you propose for all others. At least"
                " a cell secretary, a member of the committee's staff and an approver."
            ),
            {Role.SECRETARY, Role.STAFF, Role.APPROVER} <= roles,
            "account-list",
        ),
        FirstStep(
            gettext_lazy("Enter the members"),
            gettext_lazy("A secretary or the staff does it, on the page Members."),
            Membership.objects.filter(cell__in=scope).exists(),
        ),
        FirstStep(
            gettext_lazy("Report the members on 1 January"),
            gettext_lazy("The committee's staff does it, on the page Targets."),
            _written("Baseline", organization__in=scope, year=year),
        ),
        FirstStep(
            gettext_lazy("Assign the year's targets"),
            gettext_lazy("The committee's staff does it, on the page Targets."),
            _written("Target", organization__in=scope, year=year),
        ),
    ]


def _written(model: str, **what: object) -> bool:
    # By its name: this ground floor may not import the app above it.
    rows = apps.get_model("targets", model)._default_manager.filter(**what)
    return bool(rows.exists())


def kinds(*, cells: bool = True) -> list[tuple[str, str]]:
    """Return [(code, name)] of the kinds of organisation, from the top of the tree downwards."""
    found = OrganizationKind.objects.all()
    return [(kind.code, kind_name(kind)) for kind in found if cells or not kind.is_cell]


def kind_name(kind: OrganizationKind) -> str:
    """Return the name of `kind` in the reader's language."""
    return kind.name_en if get_language() == "en" else kind.name


@dataclass(frozen=True)
class LineageRow:
    """What became of what: an organisation that went into another, by which decision, when.

    Addresses are empty where there is nothing that the reader may open.
    """

    predecessor: str
    successor: str
    kind: object
    number: str
    on: date
    until: date | None
    url_from: str
    url_to: str
    decision_url: str


def lineage_of(
    organization: Organization, *, user: User | AnonymousUser, on: date
) -> list[LineageRow]:
    """Return what `organization` came from and what it became, the earliest first, for `user`.

    Names are those of the last day before the decision and of its day. At most five queries.
    """
    rows = list(
        Lineage.objects.filter(Q(predecessor=organization) | Q(successor=organization))
        .select_related("predecessor", "successor", "reorganization")
        .order_by("on", "pk")
    )
    if not rows:
        return []
    units = {row.predecessor_id for row in rows} | {row.successor_id for row in rows}
    decisions = Reorganization.objects.filter(pk__in={row.reorganization_id for row in rows})
    readable = set(decisions.visible_to(user, on=on).values_list("pk", flat=True))
    seen = Appointment.objects.organizations_of(user, roles=Role.sees_figures(), on=on)
    open_to = set(seen.filter(pk__in=units).values_list("pk", flat=True))
    called: dict[int, list[Designation]] = {}
    for name in Designation.objects.filter(organization__in=units).order_by("period"):
        called.setdefault(name.organization_id, []).append(name)

    def name_on(unit: int, day: date) -> str:
        found = [one for one in called[unit] if one.period.lower <= day] or called[unit][:1]
        return found[-1].name

    def address(unit: Organization) -> str:
        if unit.pk == organization.pk or unit.pk not in open_to:
            return ""
        return reverse("organization-detail", args=[unit.slug])

    return [
        LineageRow(
            predecessor=name_on(row.predecessor_id, row.on - timedelta(days=1)),
            successor=name_on(row.successor_id, row.on),
            kind=row.get_kind_display(),
            number=row.reorganization.number,
            on=row.on,
            until=_last_day(row.predecessor),
            url_from=address(row.predecessor),
            url_to=address(row.successor),
            decision_url=reverse("reorganization-detail", args=[row.reorganization.public_id])
            if row.reorganization_id in readable
            else "",
        )
        for row in rows
    ]


def _last_day(organization: Organization) -> date | None:
    out: date | None = organization.period.upper
    return out - timedelta(days=1) if out else None
