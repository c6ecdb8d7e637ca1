"""What the pages of one organisation tell: its state, those beneath, in charge, and its past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import BooleanField, Case, F, QuerySet, Value, When
from django.urls import reverse

from admissions.models import Candidate
from config import names
from config.periods import contains
from organizations.models import (
    Ancestry,
    Appointment,
    Designation,
    Lineage,
    Organization,
    Placement,
    Post,
    Reorganization,
    Role,
    User,
)
from organizations.models.organization import OrganizationQuerySet
from organizations.permissions import holds
from organizations.selectors import TreeRow, flat, kind_name, tree, with_names
from targets.measures import FILES, Measure
from targets.models import Attainment
from targets.sql import read

from .records import cells_of, meets
from .standing import Look, Standing

SECRETARY = "bi thu"
"""How the title of a secretary's post begins, as it is searched: Bí thư."""
IN_CHARGE = [Role.SECRETARY, Role.STAFF, Role.APPROVER, Role.LEADER]


def last_day(period: Any) -> date | None:
    """Return the last day of `period`, None while it is open."""
    return period.upper - timedelta(days=1) if period.upper else None


# ---------------------------------------------------------------- lists


def living_first(rows: OrganizationQuerySet, *, on: date) -> OrganizationQuerySet:
    """Order `rows` by name, those that exist on day `on` before those that ended by then."""
    ended = Case(
        When(period__endswith__lte=on, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    return rows.annotate(is_ended=ended).order_by("is_ended", F("name_order"), "pk")


@dataclass(frozen=True)
class Described:
    """An organisation of a list: under whom it stands, what else it was called, what became of it.

    `earlier` is the former name by which it was found; `ended_on` its last day, `successors` those
    that it went into.
    """

    organization: Any
    superior: Designation | None
    earlier: str = ""
    ended_on: date | None = None
    successors: list[Any] = field(default_factory=list)


def described(organizations: Sequence[Any], *, on: date, text: str = "") -> list[Described]:
    """Return `organizations` in their order, described as on day `on`; six queries at most."""
    keys = [one.pk for one in organizations]
    key = names.search_key(text)
    earlier: dict[int, str] = {}
    if key:
        called = Designation.objects.filter(
            organization__in=keys, name_search__contains=key, period__endswith__lte=on
        ).order_by("period__startswith")
        earlier = {one.organization_id: one.name for one in called}
    ended = {
        one.pk: last_day(one.period)
        for one in organizations
        if one.period.upper and one.period.upper <= on
    }
    into = _successors(ended, on=on) if ended else {}
    return [
        Described(
            one,
            superior,
            earlier="" if key in names.search_key(str(one)) else earlier.get(one.pk, ""),
            ended_on=ended.get(one.pk),
            successors=into.get(one.pk, []),
        )
        for one, _name, superior in with_names(organizations, on=on)
    ]


def _successors(organizations: Iterable[int], *, on: date) -> dict[int, list[Any]]:
    """Return {organisation id: those it went into, as called on day `on`}; two queries."""
    pairs = list(
        Lineage.objects.filter(predecessor__in=organizations, on__lte=on).values_list(
            "predecessor", "successor"
        )
    )
    if not pairs:
        return {}
    units = {
        one.pk: one
        for one in Organization.objects.filter(pk__in={new for _old, new in pairs}).called(on=on)
    }
    found: dict[int, list[Any]] = {}
    for old, new in pairs:
        found.setdefault(old, []).append(units[new])
    return found


# ---------------------------------------------------------------- its head


@dataclass(frozen=True)
class State:
    """Whether an organisation exists on a day: None, else its first day to come, or its last."""

    begins_on: date | None
    ended_on: date | None


def state_of(organization: Organization, *, on: date) -> State:
    """Return how `organization` stands on day `on`: to be founded, there, or ended."""
    period = organization.period
    return State(
        begins_on=period.lower if period.lower > on else None,
        ended_on=last_day(period) if period.upper and period.upper <= on else None,
    )


def decision_url(reorganization: Reorganization | None) -> str:
    """Return the page of a reorganisation's decision; nothing where it has none."""
    if reorganization is None:
        return ""
    return reverse("reorganization-detail", args=[reorganization.public_id])


def existing_beneath(organization: Organization, *, on: date) -> OrganizationQuerySet:
    """Return those directly beneath that exist on day `on`, as called then."""
    return (
        Organization.objects.beneath(organization, on=on).filter(period__contains=on).called(on=on)
    )


def number_beneath(organization: Organization, *, on: date) -> int:
    """Return how many stand directly beneath on day `on`."""
    return existing_beneath(organization, on=on).count()


def restated(organization: Organization, whole: Standing, look: Look) -> int | None:
    """Return the opening members in the other lens, None where both say the same.

    As reported in lens *then*, restated for the units of today in lens *now*.
    """
    other = Attainment.Lens.NOW if look.lens == Attainment.Lens.THEN else Attainment.Lens.THEN
    if look.recount_on is not None:
        rows = read(
            [organization.pk],
            year=look.year,
            lens=other,
            on=look.on,
            today=look.recount_on,
            tree_on=look.today,
        )
        row = rows.get(organization.pk)
    else:
        row = Attainment.objects.filter(
            organization=organization, year=look.year, lens=other
        ).first()
    if row is None or row.opening_members == whole.members:
        return None
    return row.opening_members


# ---------------------------------------------------------------- those beneath


def units_nested(organization: Organization, *, on: date) -> list[TreeRow]:
    """Return those beneath on day `on`, each above its own, two levels deep."""
    return tree([organization], on=on)[1:]


def units_named(organization: Organization, text: str, *, on: date) -> list[TreeRow]:
    """Return all beneath that bear `text` in their name on day `on`, by name, diacritics or not."""
    beneath = (
        Ancestry.objects.on(on).filter(ancestor=organization.pk, depth__gt=0).values("descendant")
    )
    called = Designation.objects.on(on).filter(
        name_search__contains=names.search_key(text), organization__in=beneath
    )
    rows = (
        Organization.objects.filter(pk__in=called.values("organization"), period__contains=on)
        .called(on=on)
        .order_by(F("name_order"), "pk")
    )
    return flat(rows, on=on)


def named(rows: Iterable[TreeRow], *, on: date) -> list[Any]:
    """Return the organisations of `rows`, as called on day `on`; one query."""
    return list(
        Organization.objects.filter(pk__in=[row.organization.pk for row in rows]).called(on=on)
    )


def ended_beneath(organization: Organization, *, on: date) -> list[Described]:
    """Return those that ended by day `on` and kept their last place beneath, latest first."""
    beneath = (
        Ancestry.objects.on(on)
        .filter(ancestor=organization.pk, depth__in=[1, 2])
        .values("descendant")
    )
    rows = (
        Organization.objects.filter(pk__in=beneath, period__endswith__lte=on)
        .called(on=on)
        .order_by("-period__endswith", F("name_order"))[:50]
    )
    return described(list(rows), on=on)


# ---------------------------------------------------------------- its files


@dataclass(frozen=True)
class Files:
    """The open files beneath: how many at each step, and those the reader may see by name.

    Files are known by name today alone; of an earlier day `rows` is empty.
    """

    counts: list[tuple[Measure, int]]
    people: int
    rows: QuerySet[Candidate]
    seen: int
    has_names: bool

    @property
    def hidden(self) -> int:
        return max(self.people - self.seen, 0)


def files(
    organization: Organization, whole: Standing, look: Look, *, user: User, measure: Measure | None
) -> Files:
    """Return the open files beneath `organization`, those at the step of `measure` alone."""
    counts = [(one, whole.count(one.name)) for one in FILES]
    rows: QuerySet[Candidate] = Candidate.objects.none()
    has_names = holds(user, *Role.sees_names(), on=look.today)
    if look.is_current and has_names:
        beneath = (
            Ancestry.objects.on(look.today).filter(ancestor=organization.pk).values("descendant")
        )
        counted = Candidate.objects.open().filter(cell__in=beneath)
        rows = (
            (meets(counted, measure) if measure else counted)
            .filter(pk__in=Candidate.objects.visible_to(user).values("pk"))
            .select_related("person")
            .order_by("stage_since", "pk")
        )
    return Files(
        counts=counts,
        people=whole.count(measure.name) if measure else whole.files,
        rows=rows,
        seen=rows.count(),
        has_names=has_names,
    )


def with_cells(rows: Iterable[Candidate], *, on: date) -> list[tuple[Candidate, Any, Any]]:
    """Return [(file, its cell, the organisation above it)], as called on day `on`."""
    listed = list(rows)
    cells = cells_of({row.cell_id for row in listed}, on=on)
    return [(row, *cells[row.cell_id]) for row in listed]


# ---------------------------------------------------------------- who is in charge


@dataclass(frozen=True)
class Office:
    """A post or a role of somebody, with its first and last day."""

    name: str
    what: str
    first_on: date
    last_on: date | None
    is_role: bool
    leads: bool = False
    contact: str = ""


@dataclass(frozen=True)
class Offices:
    """Who holds what on a day, who will, who did; and the two names that a head gives."""

    present: list[Office]
    coming: list[Office]
    past: list[Office]
    secretary: str
    staff: Office | None


def offices(organization: Organization, *, is_cell: bool, on: date) -> Offices:
    """Return the posts and roles of `organization` around day `on`, and its committee's staff.

    Three queries. Who leads it has a title that begins with Bí thư, or the secretary's role in a
    cell. Staff are those of the organisation itself, else of the nearest above it.
    """
    posts = Post.objects.filter(organization=organization).select_related("person")
    held = (
        Appointment.objects.filter(organization=organization, role__in=IN_CHARGE)
        .select_related("user")
        .order_by("pk")
    )
    found = [
        *(
            Office(
                name=post.person.full_name,
                what=post.title,
                first_on=post.period.lower,
                last_on=last_day(post.period),
                is_role=False,
                leads=_begins(post.title),
            )
            for post in posts
        ),
        *(_role(one, is_cell=is_cell) for one in held),
    ]

    def order(office: Office) -> tuple[Any, ...]:
        return office.is_role, not office.leads, office.first_on, names.sort_key(office.name)

    present = sorted((one for one in found if _holds(one, on)), key=order)
    leading = [one for one in present if one.leads]
    return Offices(
        present=present,
        coming=sorted((one for one in found if one.first_on > on), key=order),
        past=sorted(
            (one for one in found if one.last_on and one.last_on < on),
            key=lambda one: (one.last_on, one.first_on),
            reverse=True,
        ),
        secretary=leading[0].name if leading else "",
        staff=_staff(organization, on=on),
    )


def _holds(office: Office, on: date) -> bool:
    return office.first_on <= on and (office.last_on is None or office.last_on >= on)


def _begins(title: str) -> bool:
    return names.search_key(title).startswith(SECRETARY)


def _role(appointment: Appointment, *, is_cell: bool = False) -> Office:
    role = appointment.get_role_display()
    return Office(
        name=str(appointment.user),
        what=f"{role} – {appointment.title}" if appointment.title else role,
        first_on=appointment.period.lower,
        last_on=last_day(appointment.period),
        is_role=True,
        leads=_begins(appointment.title) or (is_cell and appointment.role == Role.SECRETARY),
        contact=appointment.user.email,
    )


def _staff(organization: Organization, *, on: date) -> Office | None:
    above = dict(
        Ancestry.objects.on(on).filter(descendant=organization.pk).values_list("ancestor", "depth")
    )
    held = Appointment.objects.filter(
        organization__in=above, role=Role.STAFF, period__contains=on, user__is_active=True
    ).select_related("user")
    nearest = min(held, key=lambda one: (above[one.organization_id], one.pk), default=None)
    return _role(nearest) if nearest else None


# ---------------------------------------------------------------- its past


@dataclass(frozen=True)
class Chapter:
    """What an organisation was called, or under whom it stood, in some days."""

    text: str
    note: str
    first_on: date
    last_on: date | None
    is_present: bool
    decision: str
    url: str
    unit_slug: str = ""


@dataclass(frozen=True)
class DecisionLine:
    """A decision that reorganised it: its kinds of event, its day, its state and its page."""

    number: str
    signed_on: date
    effective_on: date
    kinds: list[str]
    state: str
    state_kind: str
    url: str


@dataclass(frozen=True)
class History:
    """All of it, newest first."""

    names: list[Chapter]
    places: list[Chapter]
    decisions: list[DecisionLine]


STATE_KINDS = {
    Reorganization.State.APPLIED: "ok",
    Reorganization.State.CONFIRMED: "info",
    Reorganization.State.FAILED: "late",
    Reorganization.State.CANCELLED: "",
}


def history(organization: Organization, *, user: User, on: date) -> History:
    """Return the names, places and decisions of `organization`; what holds on day `on` is marked.

    Drafts are not told. A decision that the reader may not open has no address.
    """
    mine = organization.designations.select_related("kind", "reorganization")
    placed = list(
        Placement.objects.filter(organization=organization)
        .select_related("reorganization")
        .order_by("-period__startswith")
    )
    decisions = list(
        Reorganization.objects.filter(
            events__is_withdrawn=False, events__units__organization=organization
        )
        .exclude(state=Reorganization.State.DRAFT)
        .prefetch_related("events")
        .distinct()
    )
    readable = set(Reorganization.objects.visible_to(user).values_list("pk", flat=True)) if (
        decisions or any(row.reorganization_id for row in placed)
    ) else set()  # fmt: skip

    def url(decision: Reorganization | None) -> str:
        return decision_url(decision) if decision and decision.pk in readable else ""

    return History(
        names=[
            Chapter(
                text=row.name,
                note=kind_name(row.kind),
                first_on=row.period.lower,
                last_on=last_day(row.period),
                is_present=contains(row.period, on),
                decision=row.reorganization.number if row.reorganization else row.decision_number,
                url=url(row.reorganization),
            )
            for row in mine.order_by("-period__startswith")
        ],
        places=_places(placed, url=url, on=on),
        decisions=[
            DecisionLine(
                number=one.number,
                signed_on=one.signed_on,
                effective_on=one.effective_on,
                kinds=[
                    str(event.get_kind_display())
                    for event in one.events.all()
                    if not event.is_withdrawn
                ],
                state=one.get_state_display(),
                state_kind=STATE_KINDS[Reorganization.State(one.state)],
                url=url(one),
            )
            for one in decisions
        ],
    )


def _places(placed: list[Placement], *, url: Any, on: date) -> list[Chapter]:
    """Return where it stood, each superior by its name on the first of those days."""
    parents = [row.parent_id for row in placed if row.parent_id]
    called: dict[int, list[Designation]] = {}
    for name in Designation.objects.filter(organization__in=parents).order_by("period__startswith"):
        called.setdefault(name.organization_id, []).append(name)
    slugs = dict(Organization.objects.filter(pk__in=parents).values_list("pk", "slug"))

    def name_of(row: Placement) -> str:
        known = called.get(row.parent_id or 0, [])
        begun = [one for one in known if one.period.lower <= row.period.lower] or known
        return begun[-1].name if begun else ""

    return [
        Chapter(
            text=name_of(row),
            note="",
            first_on=row.period.lower,
            last_on=last_day(row.period),
            is_present=contains(row.period, on),
            decision=row.reorganization.number if row.reorganization else row.decision_number,
            url=url(row.reorganization),
            unit_slug=slugs.get(row.parent_id or 0, ""),
        )
        for row in placed
    ]
