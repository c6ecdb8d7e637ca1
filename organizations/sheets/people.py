"""What the member register, the page of a person and the panel of transfers read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, F, Min, Q, QuerySet
from django.utils.module_loading import import_string

from organizations.models import (
    Ancestry,
    Appointment,
    Departure,
    Designation,
    Membership,
    Organization,
    Person,
    PersonMerge,
    Post,
    Role,
    TemporaryStay,
    Transfer,
)
from organizations.operations.people import is_own_record, own_records
from organizations.permissions import accounts_of_human, same_human

if TYPE_CHECKING:
    from organizations.models import User
    from organizations.models.organization import OrganizationQuerySet

OFFICIAL, PROBATIONARY = Membership.Status.OFFICIAL, Membership.Status.PROBATIONARY
AWAY, GUEST, LEFT = "away", "guest", "left"
STANDINGS = ("", OFFICIAL, PROBATIONARY, AWAY, GUEST, LEFT)
"""What the register may be narrowed to; "": the members of the day, wherever they stay."""

GONE = [
    Membership.ReasonOut.TRANSFERRED,
    Membership.ReasonOut.REORGANISED,
    Membership.ReasonOut.DECEASED,
    Membership.ReasonOut.EXPELLED,
    Membership.ReasonOut.STRUCK_OFF,
    Membership.ReasonOut.RESIGNED,
    Membership.ReasonOut.REVERSED,
    Membership.ReasonOut.DUPLICATE,
]
"""Ends of a membership by which somebody left the cell, not only changed their standing."""


def full_years(since: date, on: date) -> int:
    """Return the full years from `since` to day `on`; none before it.

    >>> full_years(date(2010, 5, 28), date(2021, 5, 27))
    10
    """
    return max(on.year - since.year - ((on.month, on.day) < (since.month, since.day)), 0)


# ---------------------------------------------------------------- the register


def register(user: User, standing: str, *, on: date, day: date) -> QuerySet[Any]:
    """Return the register's rows of one `standing` as on `day`, in what `user` sees on day `on`.

    Memberships, or for guests the stays; both have a `person`. Who left stands newest first, all
    others by given name.
    """
    people = ["person__name_order", "pk"]
    seen = Membership.objects.visible_to(user, on=on).select_related(
        "person", "person__merged_into"
    )
    if standing == GUEST:
        cells = Appointment.objects.organizations_of(user, roles=Role.sees_names(), on=on)
        stays = TemporaryStay.objects.filter(host__in=cells, period__contains=day)
        return stays.select_related("person", "transfer").order_by(*people)
    if standing == LEFT:
        gone = seen.filter(reason_out__in=GONE, period__endswith__lte=day)
        return gone.select_related("person", "departure").order_by(
            F("period__endswith").desc(), *people
        )
    rows = seen.on(day)
    if standing == AWAY:
        rows = rows.filter(person__in=Transfer.objects.away(on=day).values("person"))
    elif standing:
        rows = rows.filter(status=standing)
    return rows.order_by(*people)


def cells_that_show(person: Person) -> set[int]:
    """Return the cells (ids) whose readers see `person`: as `Person.objects.visible_to`."""
    coming = Transfer.objects.filter(origin__isnull=True, destination__isnull=False)
    rows = (
        (Membership.objects, "cell"), (TemporaryStay.objects, "host"), (coming, "destination"),
    )  # fmt: skip
    return {
        cell
        for found, column in rows
        for cell in found.filter(person=person).values_list(column, flat=True)
    }


def is_known(person: Person, user: User, *, on: date) -> bool:
    """Say whether `user` sees another record that may be `person`'s: name and birth, or number."""
    alike = Q(name_search=person.name_search, born_on=person.born_on)
    if person.citizen_id_hash:
        alike |= Q(citizen_id_hash=person.citizen_id_hash)
    seen = Person.objects.visible_to(user, on=on).filter(merged_into__isnull=True)
    return seen.filter(alike).exclude(pk=person.pk).exists()


def counts(narrowed: Callable[[str], QuerySet[Any]]) -> dict[str, int]:
    """Return {standing: people} of the very lists that `narrowed` gives; four queries."""
    members = (
        narrowed("")
        .order_by()
        .aggregate(
            all=Count("pk"),
            official=Count("pk", filter=Q(status=OFFICIAL)),
            probationary=Count("pk", filter=Q(status=PROBATIONARY)),
        )
    )
    return {
        "": members["all"],
        OFFICIAL: members["official"],
        PROBATIONARY: members["probationary"],
        **{standing: narrowed(standing).count() for standing in (AWAY, GUEST, LEFT)},
    }


@dataclass(frozen=True)
class Row:
    """A line of the register: a person, their cell, and what is known of them on the day."""

    row: Any
    person: Person
    cell: Designation | None
    status: str
    since: date | None
    until: date | None
    why_out: str
    party_age: int | None
    probation_ends: date | None
    posts: list[str]
    elsewhere: str


def rows_of(found: Sequence[Any], *, day: date) -> list[Row]:
    """Return the register's lines of `found`, memberships or stays, as on `day`; seven queries."""
    people = [row.person_id for row in found]
    cells = {row.cell_id if isinstance(row, Membership) else row.host_id for row in found}
    called = Designation.objects.by_organization(cells, on=day)
    began = first_days(people)
    away = {
        transfer.person_id: transfer
        for transfer in Transfer.objects.away(on=day).filter(person__in=people)
    }
    hosts = Designation.objects.by_organization(
        {one.destination_id for one in away.values() if one.destination_id}, on=day
    )
    posts: dict[int, list[str]] = {}
    for post in Post.objects.filter(person__in=people, period__contains=day).order_by("pk"):
        posts.setdefault(post.person_id, []).append(post.title)
    held = [row for row in found if isinstance(row, Membership)]
    ends = probation_ends([row for row in held if row.status == PROBATIONARY])
    return [
        _row(
            row, called=called, began=began, away=away, hosts=hosts, posts=posts, ends=ends, day=day
        )
        for row in found
    ]


def _row(
    row: Any,
    *,
    called: dict[int, Designation],
    began: dict[int, date],
    away: dict[int, Transfer],
    hosts: dict[int, Designation],
    posts: dict[int, list[str]],
    ends: dict[int, date],
    day: date,
) -> Row:
    since = row.person.admitted_on or began.get(row.person_id)
    stay = away.get(row.person_id)
    is_membership = isinstance(row, Membership)
    upper = row.period.upper
    return Row(
        row=row,
        person=row.person,
        cell=called.get(row.cell_id if is_membership else row.host_id),
        status=row.get_status_display() if is_membership else row.transfer.get_kind_display(),
        since=row.period.lower,
        until=upper,
        why_out=row.get_reason_out_display() if is_membership and upper else "",
        party_age=full_years(since, min(day, upper or day)) if since else None,
        probation_ends=ends.get(row.pk) if is_membership else None,
        posts=posts.get(row.person_id, []),
        elsewhere=place_of(stay, hosts) if stay and is_membership else "",
    )


def place_of(transfer: Transfer, called: dict[int, Designation]) -> str:
    """Return where `transfer` leads, by the names `called`."""
    name = called.get(transfer.destination_id or 0)
    return name.short_name if name else transfer.destination_place


def first_days(people: Iterable[int]) -> dict[int, date]:
    """Return {person id: the first day of their first membership here}; one query."""
    rows = (
        Membership.objects.filter(person__in=list(people))
        .order_by()
        .values("person")
        .annotate(first=Min("period__startswith"))
    )
    return {row["person"]: row["first"] for row in rows}


def probation_ends(memberships: Sequence[Membership]) -> dict[int, date]:
    """Return {membership id: the day probation is full}, as the app of the rules reckons it."""
    if not memberships:
        return {}
    found: dict[int, date] = _from_above("probation_ends")(memberships)
    return found


def open_file_url(person: Person, user: User, *, on: date) -> str:
    """Return the address of the file of `person`, if `user` may see one; else the empty text."""
    found: str = _from_above("file_url")(person, user, on=on)
    return found


def _from_above(fact: str) -> Callable[..., Any]:
    # Named in settings: this ground floor may not import the app above it.
    told: Callable[..., Any] = import_string(settings.MEMBER_FACTS[fact])
    return told


# ---------------------------------------------------------------- one person


@dataclass(frozen=True)
class Span:
    """A dated line on a person's page: what, where, from, until, why it began and ended."""

    title: str
    place: str
    first_on: date
    last_on: date | None
    why_in: str = ""
    why_out: str = ""
    note: str = ""
    pk: int = 0
    may_end: bool = False


@dataclass
class Spans:
    """Lines in force on the day, later ones, and earlier ones."""

    current: list[Span] = field(default_factory=list)
    coming: list[Span] = field(default_factory=list)
    past: list[Span] = field(default_factory=list)

    def add(self, span: Span, *, on: date) -> None:
        if span.last_on is not None and span.last_on < on:
            self.past.insert(0, span)
        elif span.first_on > on:
            self.coming.append(span)
        else:
            self.current.append(span)


@dataclass(frozen=True)
class Sheet:
    """Everything the page of a person shows, and what its reader may do there."""

    person: Person
    others: list[Person]
    merge: PersonMerge | None
    membership: Membership | None
    cell: Designation | None
    party_since: date | None
    party_age: int | None
    probation_ends: date | None
    memberships: Spans
    posts: Spans
    transfers: list[TransferRow]
    stays: Spans
    file_url: str
    left: Membership | None
    may_write: bool
    may_move: bool
    may_restore: bool
    may_return: bool


def sheet(person: Person, user: User, *, on: date) -> Sheet:
    """Return the page of `person` as `user` sees it on day `on`; a constant number of queries."""
    others = list(person.merged_from.order_by("pk"))
    ids = [person.pk, *(other.pk for other in others)]
    held = list(
        Membership.objects.filter(person__in=ids)
        .select_related("departure", "person")
        .order_by("period", "pk")
    )
    own = [row for row in held if row.person_id == person.pk]
    running = next((row for row in own if _holds(row, on)), None)
    posts = list(Post.objects.filter(person__in=ids).order_by("period", "pk"))
    stays = list(
        TemporaryStay.objects.filter(person__in=ids).select_related("transfer").order_by("period")
    )
    called = names_of(
        [
            *(row.cell_id for row in held),
            *(post.organization_id for post in posts),
            *(stay.host_id for stay in stays),
        ],
        on=on,
    )
    writes = writable(
        [row.cell_id for row in own] + [post.organization_id for post in posts], user, on=on
    )
    is_own = is_own_record(user, person)
    may_write = bool(
        running and running.cell_id in writes.any and not is_own and not person.merged_into_id
    )
    last = own[-1] if own else None
    has_left = bool(last and last.period.upper is not None and last.period.upper <= on)
    has_departed = isinstance(getattr(last, "departure", None), Departure)
    transfers = transfer_rows(
        Transfer.objects.visible_to(user, on=on).filter(person__in=ids), user, on=on
    )
    open_transfer = any(one.transfer.state in OPEN for one in transfers)
    since = min(
        [day for day in (person.admitted_on, *(other.admitted_on for other in others)) if day]
        or [row.period.lower for row in held],
        default=None,
    )
    until = last.period.upper if last and has_left else None
    return Sheet(
        person=person,
        others=others,
        merge=PersonMerge.objects.filter(
            duplicate=person, state=PersonMerge.State.APPROVED
        ).first(),
        membership=running,
        cell=called.get(running.cell_id) if running else None,
        party_since=since,
        party_age=full_years(since, min(on, until or on)) if since else None,
        probation_ends=probation_ends([running]).get(running.pk)
        if running and running.status == PROBATIONARY
        else None,
        memberships=_memberships(held, called, on=on),
        posts=_posts(posts, called, on=on, ends=set() if is_own else writes.any),
        transfers=transfers,
        stays=_stays(stays, called, on=on),
        file_url=open_file_url(person, user, on=on),
        left=last if has_left else None,
        may_write=may_write,
        may_move=bool(
            may_write
            and running
            and running.period.upper is None
            and not open_transfer
            and not any(one.is_running for one in transfers)
        ),
        may_restore=bool(
            has_left
            and has_departed
            and last is not None
            and last.departure.reason != Departure.Reason.DECEASED
            and last.cell_id in writes.staff
            and not is_own
            and not person.merged_into_id
        ),
        may_return=bool(
            has_left
            and last is not None
            and last.reason_out == Membership.ReasonOut.TRANSFERRED
            and last.cell_id in writes.any
            and not is_own
            and not open_transfer
            and not person.merged_into_id
        ),
    )


OPEN = (Transfer.State.REQUESTED, Transfer.State.RELEASED)


def _holds(row: Membership, on: date) -> bool:
    return bool(row.period.lower <= on and (row.period.upper is None or on < row.period.upper))


def last_day(first_day_out: date | None) -> date | None:
    """Return the last day in a period that ends before `first_day_out`."""
    return first_day_out - timedelta(days=1) if first_day_out else None


def names_of(units: Iterable[int | None], *, on: date) -> dict[int, Designation]:
    """Return {organisation id: its name on day `on`} for `units`, Nones left out; one query."""
    return Designation.objects.by_organization({unit for unit in units if unit}, on=on)


def _memberships(rows: list[Membership], called: dict[int, Designation], *, on: date) -> Spans:
    spans = Spans()
    for row in rows:
        departure = getattr(row, "departure", None)
        name = called.get(row.cell_id)
        spans.add(
            Span(
                title=row.get_status_display(),
                place=name.name if name else "",
                first_on=row.period.lower,
                last_on=last_day(row.period.upper),
                why_in=row.get_reason_in_display(),
                why_out=row.get_reason_out_display() if row.reason_out else "",
                note=departure.decision_number if departure else "",
                pk=row.pk,
            ),
            on=on,
        )
    return spans


def _posts(rows: list[Post], called: dict[int, Designation], *, on: date, ends: set[int]) -> Spans:
    spans = Spans()
    for row in rows:
        name = called.get(row.organization_id)
        last_on = last_day(row.period.upper)
        spans.add(
            Span(
                title=row.title,
                place=name.name if name else "",
                first_on=row.period.lower,
                last_on=last_on,
                pk=row.pk,
                may_end=row.organization_id in ends and (last_on is None or last_on >= on),
            ),
            on=on,
        )
    return spans


def _stays(rows: list[TemporaryStay], called: dict[int, Designation], *, on: date) -> Spans:
    spans = Spans()
    for row in rows:
        name = called.get(row.host_id)
        spans.add(
            Span(
                title=row.transfer.get_kind_display(),
                place=name.name if name else "",
                first_on=row.period.lower,
                last_on=last_day(row.period.upper),
            ),
            on=on,
        )
    return spans


# ---------------------------------------------------------------- transfers


@dataclass(frozen=True)
class Writable:
    """Of some organisations, those a user keeps as secretary or staff, and as staff alone."""

    any: set[int]
    staff: set[int]


def writable(units: Iterable[int | None], user: User, *, on: date) -> Writable:
    """Return which of `units` (ids) `user` keeps on day `on`; two queries."""
    wanted = {unit for unit in units if unit}

    def kept(*roles: Role) -> set[int]:
        held = Appointment.objects.organizations_of(user, roles=roles, on=on)
        return set(held.filter(pk__in=wanted).values_list("pk", flat=True))

    return Writable(kept(Role.SECRETARY, Role.STAFF), kept(Role.STAFF))


@dataclass(frozen=True)
class TransferRow:
    """A transfer as the panel shows it, and the steps its reader may take with it."""

    transfer: Transfer
    origin: str
    destination: str
    status: str
    rights: frozenset[str]
    steps: tuple[str, ...]
    is_running: bool
    person_url: bool


RELEASE, ACCEPT, REFUSE, WITHDRAW, END = "gioi-thieu", "tiep-nhan", "tu-choi", "rut", "ket-thuc"


def transfer_rows(found: QuerySet[Transfer], user: User, *, on: date) -> list[TransferRow]:
    """Return `found` as rows with the steps that `user` may take on day `on`; seven queries."""
    transfers = list(found.select_related("person", "entered_by", "released_by", "answered_by"))
    units = [one for row in transfers for one in (row.origin_id, row.destination_id)]
    called = names_of(units, on=on)
    writes = writable(units, user, on=on)
    people = {row.person_id for row in transfers}
    seen = set(
        Person.objects.visible_to(user, on=on).filter(pk__in=people).values_list("pk", flat=True)
    )
    standing = dict(
        Membership.objects.filter(person__in=people)
        .order_by("period__startswith")
        .values_list("person", "status")
    )
    mine, accounts = own_records(user), accounts_of_human(user)
    return [
        _transfer_row(
            row,
            called=called,
            writes=writes,
            seen=seen,
            standing=standing,
            mine=mine,
            accounts=accounts,
            on=on,
        )
        for row in transfers
    ]


def _transfer_row(
    row: Transfer,
    *,
    called: dict[int, Designation],
    writes: Writable,
    seen: set[int],
    standing: dict[int, str],
    mine: set[int],
    accounts: set[int],
    on: date,
) -> TransferRow:
    status = standing.get(row.person_id) or (
        OFFICIAL if row.person.official_on is not None else PROBATIONARY
    )
    rights = frozenset() if row.person_id in mine else _rights(row, writes)
    origin, destination = called.get(row.origin_id or 0), called.get(row.destination_id or 0)
    return TransferRow(
        transfer=row,
        origin=origin.short_name if origin else row.origin_place,
        destination=destination.short_name if destination else row.destination_place,
        status=str(Membership.Status(status).label),
        rights=rights,
        steps=_steps(row, rights, writes, accounts=accounts, on=on),
        is_running=_is_running(row, on),
        person_url=row.person_id in seen,
    )


def _is_stay(row: Transfer) -> bool:
    return row.state == Transfer.State.ACCEPTED and row.kind != Transfer.Kind.OFFICIAL


def _rights(row: Transfer, writes: Writable) -> frozenset[str]:
    """Return the steps that are the reader's part, whatever the state of the transfer."""
    here, there = row.origin_id in writes.any, row.destination_id in writes.any
    answers = there if row.destination_id else row.origin_id in writes.staff
    asks = here if row.origin_id else there
    held = {RELEASE: here, ACCEPT: answers, REFUSE: here or answers}
    held |= {WITHDRAW: asks, END: here or there}
    return frozenset(step for step, is_theirs in held.items() if is_theirs)


def _steps(
    row: Transfer, rights: frozenset[str], writes: Writable, *, accounts: set[int], on: date
) -> tuple[str, ...]:
    """Return those of `rights` whose turn it is; `accounts` are the reader's."""
    turn: list[str] = []
    if row.state == Transfer.State.REQUESTED:
        turn += [RELEASE, WITHDRAW]
        turn += [REFUSE] if row.origin_id in writes.any else []
    elif row.state == Transfer.State.RELEASED:
        turn += [ACCEPT, REFUSE] if ACCEPT in rights and row.released_by_id not in accounts else []
        turn += [WITHDRAW]
    elif row.effective_on is not None and row.effective_on < on and _is_running(row, on):
        turn += [END]
    order = (RELEASE, ACCEPT, REFUSE, WITHDRAW, END)
    return tuple(step for step in order if step in turn and step in rights)


def _is_running(row: Transfer, on: date) -> bool:
    return _is_stay(row) and (row.until is None or row.until > on)


TO_RELEASE, TO_ACCEPT, WAITING, STAYING, DONE = "gioi-thieu", "tiep-nhan", "cho", "tam-thoi", "xong"
PANELS = (TO_RELEASE, TO_ACCEPT, WAITING, STAYING, DONE)


def panel(user: User, part: str, *, on: date) -> QuerySet[Transfer]:
    """Return the transfers of one `part` of the panel of `user`: both sides see their own.

    To release, to accept, waiting for others, staying elsewhere, done. Each stands in one part,
    stays in two once accepted: staying, and done when they are over.
    """
    seen = Transfer.objects.visible_to(user, on=on)
    writes = _kept(user, Role.SECRETARY, Role.STAFF, on=on)
    staffed = _kept(user, Role.STAFF, on=on)
    to_release = Q(state=Transfer.State.REQUESTED, origin__in=writes.values("pk"))
    to_accept = (
        Q(state=Transfer.State.RELEASED)
        & ~Q(released_by__in=same_human(user))
        & (
            Q(destination__in=writes.values("pk"))
            | Q(destination__isnull=True, origin__in=staffed.values("pk"))
        )
    )
    if part == TO_RELEASE:
        return seen.filter(to_release)
    if part == TO_ACCEPT:
        return seen.filter(to_accept)
    if part == WAITING:
        return seen.open().exclude(to_release).exclude(to_accept)
    running = Q(kind__in=[Transfer.Kind.TEMPORARY, Transfer.Kind.PROVISIONAL]) & (
        Q(until__isnull=True) | Q(until__gt=on)
    )
    accepted = Q(state=Transfer.State.ACCEPTED)
    if part == STAYING:
        return seen.filter(accepted & running)
    return seen.exclude(state__in=OPEN).exclude(accepted & running)


def _kept(user: User, *roles: Role, on: date) -> OrganizationQuerySet:
    return Appointment.objects.organizations_of(user, roles=roles, on=on)


def cells_to_reach(cell: Organization, *, on: date) -> OrganizationQuerySet:
    """Return the other cells of the tree of `cell` that do not end: where one may go."""
    above = Ancestry.objects.on(on).filter(descendant=cell).values("ancestor")
    tree = Organization.objects.under(Organization.objects.filter(pk__in=above), on=on)
    return tree.cells(on=on).filter(period__endswith__isnull=True).exclude(pk=cell.pk)


def kept_by(user: User, *, on: date) -> OrganizationQuerySet:
    """Return the organisations that `user` keeps as secretary or staff, and that do not end."""
    return _kept(user, Role.SECRETARY, Role.STAFF, on=on).filter(period__endswith__isnull=True)


def staffed_cells(user: User, *, on: date) -> OrganizationQuerySet:
    """Return the cells that `user` keeps as staff, and that do not end."""
    return _kept(user, Role.STAFF, on=on).cells(on=on).filter(period__endswith__isnull=True)


def places(found: Iterable[Person], *, on: date) -> dict[int, str]:
    """Return {person id: the cell of their last membership, and until when}; two queries."""
    people = {person.pk for person in found}
    last = {
        row.person_id: row
        for row in Membership.objects.filter(person__in=people).order_by("period__startswith")
    }
    called = names_of((row.cell_id for row in last.values()), on=on)
    return {pk: _placed(row, called.get(row.cell_id)) for pk, row in last.items()}


def _placed(row: Membership, name: Designation | None) -> str:
    cell = name.short_name if name else ""
    out = last_day(row.period.upper)
    return f"{cell}, {row.period.lower:%d/%m/%Y} – {out:%d/%m/%Y}" if out else cell
