"""What the pages of reorganisation decisions show: rows of events, people to assign, figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Count
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organizations.models import (
    Ancestry,
    Appointment,
    Designation,
    EventAssignment,
    EventUnit,
    Membership,
    Organization,
    Placement,
    Reorganization,
    ReorganizationEvent,
    ReorganizationKind,
    Role,
    User,
)
from organizations.models.organization import OrganizationQuerySet
from organizations.permissions import accounts_of_human, acts
from organizations.selectors import kind_name

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

Words = str | Promise

FEW_PARTS = 4
"""So many parts stand side by side, to be ticked; of more, one is chosen from a list."""

MEANS: dict[str, Words] = {
    "found": _("A new organisation begins."),
    "merge": _("One or more end and go into another, which keeps its name."),
    "consolidate": _("Two or more end, and a new one takes their place."),
    "split": _("One becomes two or more; every person is assigned to a part."),
    "move": _("One or more come beneath another superior, with all their members."),
    "convert": _("One gets another kind or name, such as a cell that becomes a committee."),
    "dissolve": _("One or more end, their task being done; their people go to another."),
    "disband": _("One or more are ended as discipline; their people go to another."),
}
"""One line about each kind, for who chooses."""

COUNTED: dict[str, Words] = {
    "founded": _("Organisations founded"),
    "ended": _("Organisations that end"),
    "moved": _("Organisations with another superior"),
    "renamed": _("Organisations with another name or kind"),
    "members": _("Members who go to another cell"),
    "files": _("Candidates' files that move"),
    "open_approvals": _("Votes and decisions under way"),
    "mentorships": _("Helpers who part from their candidate"),
    "posts": _("Posts that end"),
    "appointments": _("Roles that end"),
    "competences": _("Competences that end"),
    "targets": _("Targets that change"),
}
"""What each count of a preview and of an outcome counts, in the order of the pages."""


# ---------------------------------------------------------------- who may


@dataclass(frozen=True)
class Rights:
    """What a reader may do with one decision, whatever its state; `confirms` as a second person.

    `drafts` is for its drafter alone: who writes a row is no second person.
    """

    drafts: bool
    approves: bool
    confirms: bool
    sees_names: bool


def rights(user: User | AnonymousUser, reorganization: Reorganization, *, on: date) -> Rights:
    """Return what `user` may do with `reorganization` on day `on`."""
    over = reorganization.organization
    is_drafter = reorganization.entered_by_id == user.pk
    is_staff = acts(user, Role.STAFF, over=over, on=on)
    approves = is_staff or acts(user, Role.APPROVER, over=over, on=on)
    return Rights(
        drafts=is_staff and is_drafter,
        approves=approves,
        confirms=approves and reorganization.entered_by_id not in accounts_of_human(user),
        sees_names=acts(user, *Role.sees_names(), over=over, on=on),
    )


def deciding(user: User | AnonymousUser, *, on: date) -> OrganizationQuerySet:
    """Return the organisations whose decisions `user` may draft: no cells, none that ended."""
    scope = Appointment.objects.organizations_of(user, roles=[Role.STAFF], on=on)
    return scope.filter(period__contains=on).exclude(pk__in=Organization.objects.cells(on=on))


def deciding_tops(user: User | AnonymousUser, *, on: date) -> OrganizationQuerySet:
    """Return the organisations at which `user` is staff: where a decision of theirs is usual."""
    held = Appointment.objects.of(user, on=on, roles=[Role.STAFF]).values("organization")
    return Organization.objects.filter(pk__in=held)


def seconds(reorganization: Reorganization, *, on: date) -> list[str]:
    """Return who may confirm: staff and approvers over it but for its drafter, by name."""
    above = Ancestry.objects.on(on).filter(descendant=reorganization.organization_id)
    held = (
        Appointment.objects.filter(
            organization__in=above.values("ancestor"),
            role__in=[Role.STAFF, Role.APPROVER],
            period__contains=on,
            user__is_active=True,
        )
        .exclude(user__in=accounts_of_human(reorganization.entered_by))
        .select_related("user")
        .order_by("user__full_name", "pk")
    )
    return list(
        dict.fromkeys(f"{one.user} ({one.title or one.get_role_display()})" for one in held)
    )


# ---------------------------------------------------------------- the list


@dataclass(frozen=True)
class ListRow:
    """A decision in the list: whose it is, and in a few words what it does."""

    decision: Reorganization
    deciding: str
    what: str


def list_rows(decisions: Sequence[Reorganization], *, on: date) -> list[ListRow]:
    """Return `decisions` as rows of the list; two queries."""
    called = Designation.objects.by_organization({row.organization_id for row in decisions}, on=on)
    events = ReorganizationEvent.objects.filter(
        reorganization__in=[row.pk for row in decisions], is_withdrawn=False
    )
    kinds: dict[int, Counter[str]] = defaultdict(Counter)
    for decision, kind in events.values_list("reorganization", "kind").order_by("position"):
        kinds[decision][kind] += 1
    return [
        ListRow(
            row,
            called[row.organization_id].name if row.organization_id in called else "",
            "; ".join(
                f"{ReorganizationKind(kind).label} ({number})"
                if number > 1
                else str(ReorganizationKind(kind).label)
                for kind, number in kinds[row.pk].items()
            ),
        )
        for row in decisions
    ]


# ---------------------------------------------------------------- events as rows


@dataclass(frozen=True)
class UnitShown:
    """An organisation in a row: its name, its page if it has one, what a new one will be."""

    name: str
    slug: str = ""
    new_kind: str = ""
    under: str = ""


@dataclass(frozen=True)
class EventShown:
    """An event as a numbered row, with what is wrong with it and what is still to be said."""

    event: ReorganizationEvent
    sources: list[UnitShown]
    results: list[UnitShown]
    refusals: list[str]
    warnings: list[str]
    people: int | None = None
    assigned: int = 0
    asks: bool = False

    @property
    def row(self) -> int:
        return self.event.position

    @property
    def unassigned(self) -> int:
        return max((self.people or 0) - self.assigned, 0)

    @property
    def has_units(self) -> bool:
        """Say whether sources and results differ, so that an arrow stands between them."""
        return bool(self.sources) and self.sources != self.results


def events_of(reorganization: Reorganization) -> list[ReorganizationEvent]:
    """Return the events in force, with their units; two queries."""
    rows = reorganization.events.filter(is_withdrawn=False).prefetch_related(
        "units__kind", "units__organization", "units__under_unit"
    )
    return list(rows.order_by("position"))


class Names:
    """What the organisations of a decision are called: before its day, and on it."""

    def __init__(self, units: Iterable[int], *, on: date) -> None:
        keys = set(units)
        self.then = Designation.objects.by_organization(keys, on=on)
        self.before = Designation.objects.by_organization(keys, on=on - timedelta(days=1))

    def of(self, organization: int, *, before: bool = False) -> str:
        """Return its name; the one of the day before where `before`."""
        first, second = (self.before, self.then) if before else (self.then, self.before)
        found = first.get(organization) or second.get(organization)
        return found.name if found else gettext("an organisation not founded yet")


def names_of(reorganization: Reorganization, events: Sequence[ReorganizationEvent]) -> Names:
    """Return the names of all units of `events`; two queries."""
    units = [unit for event in events for unit in event.units.all()]
    keys = {unit.organization_id for unit in units} | {unit.under_id for unit in units}
    return Names((key for key in keys if key), on=reorganization.effective_on)


def parts(event: ReorganizationEvent, part: str) -> list[EventUnit]:
    """Return the sources, or the results, of `event` in their order."""
    units = [unit for unit in event.units.all() if unit.part == part]
    return sorted(units, key=lambda unit: (unit.position, unit.pk))


def shown(unit: EventUnit, called: Names, *, before: bool = False) -> UnitShown:
    """Return `unit` as a row writes it."""
    if not unit.is_new:
        assert unit.organization is not None
        renamed = unit.name and unit.part == EventUnit.Part.RESULT
        return UnitShown(
            name=unit.name if renamed else called.of(unit.organization.pk, before=before),
            slug=unit.organization.slug,
            new_kind=kind_name(unit.kind) if unit.kind else "",
        )
    under = unit.under_unit.name if unit.under_unit else ""
    if unit.under_id:
        under = called.of(unit.under_id)
    return UnitShown(
        name=unit.name,
        slug=unit.organization.slug if unit.organization else "",
        new_kind=kind_name(unit.kind) if unit.kind else "",
        under=under,
    )


def assigns(event: ReorganizationEvent) -> bool:
    """Say whether the people of `event` are assigned one by one."""
    kind, results = event.kind, parts(event, EventUnit.Part.RESULT)
    if kind == ReorganizationKind.SPLIT:
        return True
    if kind == ReorganizationKind.CONVERT:
        return any(unit.is_new for unit in results)
    return kind in {ReorganizationKind.DISSOLVE, ReorganizationKind.DISBAND} and len(results) > 1


def homes(event: ReorganizationEvent) -> list[EventUnit]:
    """Return the results to which people are assigned: of a conversion the new ones alone."""
    results = parts(event, EventUnit.Part.RESULT)
    if event.kind == ReorganizationKind.CONVERT:
        return [unit for unit in results if unit.is_new]
    return results


def event_rows(
    reorganization: Reorganization,
    *,
    refusals: Sequence[tuple[int | None, str]] = (),
    warnings: Sequence[tuple[int | None, str]] = (),
    asking: Iterable[int] = (),
) -> list[EventShown]:
    """Return the events as numbered rows, each with its own of `refusals` and `warnings`.

    `asking` are the ids of the events of which an app above asks a choice. A fixed number of
    queries, however many events there are.
    """
    events = events_of(reorganization)
    called = names_of(reorganization, events)
    by_hand = [event for event in events if assigns(event)]
    to_assign = _people_by_event(by_hand, on=reorganization.effective_on)
    done = dict(
        EventAssignment.objects.filter(event__in=by_hand)
        .values("event")
        .annotate(people=Count("pk"))
        .values_list("event", "people")
    )
    if reorganization.state == Reorganization.State.APPLIED:
        to_assign = {event.pk: done.get(event.pk, 0) for event in by_hand}  # they have gone
    asks = set(asking)
    return [
        EventShown(
            event=event,
            sources=[
                shown(unit, called, before=True) for unit in parts(event, EventUnit.Part.SOURCE)
            ],
            results=[shown(unit, called) for unit in parts(event, EventUnit.Part.RESULT)],
            refusals=[text for row, text in refusals if row == event.position],
            warnings=[text for row, text in warnings if row == event.position],
            people=to_assign.get(event.pk),
            assigned=min(done.get(event.pk, 0), to_assign.get(event.pk, 0)),
            asks=event.pk in asks,
        )
        for event in events
    ]


def _people_by_event(events: Sequence[ReorganizationEvent], *, on: date) -> dict[int, int]:
    cells = {
        event.pk: {
            unit.organization_id
            for unit in parts(event, EventUnit.Part.SOURCE)
            if unit.organization_id
        }
        for event in events
    }
    found: dict[int, set[int]] = defaultdict(set)
    for cell, person in _people(set().union(*cells.values()), on=on):
        found[cell].add(person)
    return {
        event: len(set().union(*(found[cell] for cell in mine))) for event, mine in cells.items()
    }


def _people(cells: Iterable[int], *, on: date) -> list[tuple[int, int]]:
    keys = list(cells)
    if not keys:
        return []
    return [
        *_members(keys, on=on).values_list("cell", "person"),
        *_files(keys).values_list("cell", "person"),
    ]


def _members(cells: Iterable[int], *, on: date) -> Any:
    """Who is in `cells` on day `on`, having come before it: all of them go somewhere."""
    return Membership.objects.on(on).filter(cell__in=list(cells), period__startswith__lt=on)


def _files(cells: Iterable[int]) -> Any:
    # By its name: this ground floor may not import the app above it.
    files: Any = apps.get_model("admissions", "Candidate")._default_manager
    return files.filter(cell__in=list(cells)).open()


# ---------------------------------------------------------------- assigning people


@dataclass(frozen=True)
class PersonRow:
    """A member or candidate of a source: who, how they stand, where they go (a result's id)."""

    person_id: int
    full_name: str
    born_on: date
    standing: Words
    name_order: str
    unit: int | None


@dataclass(frozen=True)
class UnitRow:
    """An organisation beneath a source that is split, and the part that it goes beneath."""

    organization: int
    name: str
    unit: int | None


@dataclass
class AssignSheet:
    """Who and what of an event is to be assigned, in the order of given names."""

    event: ReorganizationEvent
    source: str
    homes: list[EventUnit]
    names: dict[int, str]
    short_names: dict[int, str]
    people: list[PersonRow]
    units: list[UnitRow] = field(default_factory=list)

    @property
    def waiting(self) -> list[PersonRow]:
        return [row for row in self.people if row.unit is None]

    @property
    def heads(self) -> list[str]:
        """Return the parts as heads of columns; none where they are too many to stand so."""
        return list(self.short_names.values()) if len(self.homes) <= FEW_PARTS else []

    @property
    def counts(self) -> list[tuple[EventUnit, str, int, int]]:
        """Return [(part, its name, its people, its units)]."""
        people = Counter(row.unit for row in self.people)
        units = Counter(row.unit for row in self.units)
        return [(home, self.names[home.pk], people[home.pk], units[home.pk]) for home in self.homes]


def assign_sheet(event: ReorganizationEvent) -> AssignSheet:
    """Return the people, and the units beneath, that `event` assigns; a fixed number of queries."""
    decision = event.reorganization
    on = decision.effective_on
    called = names_of(decision, [event])
    sources = [
        unit.organization_id for unit in parts(event, EventUnit.Part.SOURCE) if unit.organization_id
    ]
    chosen = dict(EventAssignment.objects.filter(event=event).values_list("person", "unit"))
    found: dict[int, PersonRow] = {}
    members = _members(sources, on=on).select_related("person").order_by("period")
    for row in members:
        found[row.person_id] = _person_row(row.person, row.get_status_display(), chosen)
    for file in _files(sources).select_related("person"):
        words = gettext("Candidate: %(stage)s") % {"stage": file.get_stage_display()}
        found[file.person_id] = _person_row(file.person, words, chosen)
    mine = homes(event)
    return AssignSheet(
        event=event,
        source=", ".join(called.of(source, before=True) for source in sources),
        homes=mine,
        names={home.pk: shown(home, called).name for home in mine},
        short_names={home.pk: _short(home, called) for home in mine},
        people=sorted(found.values(), key=lambda row: (row.name_order, row.person_id)),
        units=_units_beneath(event, sources, on=on)
        if event.kind == ReorganizationKind.SPLIT
        else [],
    )


def _short(unit: EventUnit, called: Names) -> str:
    if unit.name:
        return unit.short_name or unit.name
    found = called.then.get(unit.organization_id or 0) or called.before.get(
        unit.organization_id or 0
    )
    return found.short_name if found else ""


def _person_row(person: Any, standing: Words, chosen: Mapping[int, int]) -> PersonRow:
    return PersonRow(
        person_id=person.pk,
        full_name=person.full_name,
        born_on=person.born_on,
        standing=standing,
        name_order=person.name_order,
        unit=chosen.get(person.pk),
    )


def _units_beneath(event: ReorganizationEvent, sources: list[int], *, on: date) -> list[UnitRow]:
    beneath = Placement.objects.filter(parent__in=sources, period__contains=on)
    called = Designation.objects.by_organization(
        list(beneath.values_list("organization", flat=True)), on=on
    )
    chosen = event.choices.get("organizations", {}).get("units", {})
    rows = sorted(called.values(), key=lambda one: (one.name_order, one.organization_id))
    return [
        UnitRow(row.organization_id, row.name, chosen.get(str(row.organization_id))) for row in rows
    ]


# ---------------------------------------------------------------- what it does: counts, figures


@dataclass(frozen=True)
class Counted:
    """One count: what it counts, how many before applying and, once applied, how many indeed."""

    title: Words
    expected: int | None
    done: int | None = None


def counted(preview: Mapping[str, Any] | None, outcome: Mapping[str, Any] | None) -> list[Counted]:
    """Return what a decision is expected to do and, once applied, did; nothings are left out."""
    expected = dict((preview or {}).get("counts", {}))
    done = dict((outcome or {}).get("counts", {})) if outcome else None
    keys = [key for key in COUNTED if key in expected or key in (done or {})]
    keys += sorted((set(expected) | set(done or {})) - set(keys))
    return [
        Counted(
            COUNTED.get(key, key), expected.get(key), None if done is None else done.get(key, 0)
        )
        for key in keys
        if expected.get(key) or (done or {}).get(key)
    ]


@dataclass(frozen=True)
class Change:
    """A figure before and after; what is unknown counts as none."""

    before: int | None
    after: int | None

    @property
    def differs(self) -> bool:
        return (self.before or 0) != (self.after or 0)

    @property
    def by(self) -> int:
        return (self.after or 0) - (self.before or 0)


@dataclass(frozen=True)
class FigureRow:
    """The figures of one unit in one lens, before and after."""

    name: str
    is_new: bool
    is_gone: bool
    opening: Change
    low: Change
    high: Change
    admitted: Change

    @property
    def target_differs(self) -> bool:
        return self.low.differs or self.high.differs

    @property
    def target_by(self) -> int:
        """Return by how many the target differs; of a range, its upper end where that moves."""
        return self.high.by or self.low.by

    @property
    def differs(self) -> bool:
        return self.opening.differs or self.target_differs or self.admitted.differs


@dataclass(frozen=True)
class FigureTable:
    """The figures of all units of a preview in one lens and year."""

    lens: str
    year: int
    rows: list[FigureRow]

    @property
    def title(self) -> Words:
        if self.lens == "now":
            return _("By today's structure")
        return _("By the structure of the time")


def figure_tables(preview: Mapping[str, Any] | None) -> list[FigureTable]:
    """Return the figures of a stored preview, a table for each year and lens; one query or two."""
    figures = (preview or {}).get("figures") or {}
    before = {_place(row): row for row in figures.get("before", [])}
    after = {_place(row): row for row in figures.get("after", [])}
    keys = list(dict.fromkeys([*before, *after]))
    called = Designation.objects.by_organization({key[0] for key in keys}, on=date.max)
    tables: dict[tuple[int, str], list[FigureRow]] = defaultdict(list)
    for key in keys:
        organization, year, lens = key
        was, comes = before.get(key, {}), after.get(key, {})
        name = comes.get("name") or was.get("name")
        if not name:
            name = (
                called[organization].name if organization in called else gettext("New organisation")
            )
        tables[year, lens].append(
            FigureRow(
                name=name,
                is_new=key not in before,
                is_gone=key not in after,
                opening=_change(was, comes, "opening_members"),
                low=_change(was, comes, "target_low"),
                high=_change(was, comes, "target_high"),
                admitted=_change(was, comes, "admitted"),
            )
        )
    ordered = sorted(tables, key=lambda one: (one[0], one[1] != "then"))
    return [FigureTable(lens, year, tables[year, lens]) for year, lens in ordered]


def _place(row: Mapping[str, Any]) -> tuple[int, int, str]:
    return int(row["organization"]), int(row["year"]), str(row["lens"])


def _change(was: Mapping[str, Any], comes: Mapping[str, Any], key: str) -> Change:
    return Change(was.get(key), comes.get(key))
