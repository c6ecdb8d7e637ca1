"""What tests are about, in few words and through the real operations: units, people, files.

A `world()` is a cell and its sibling beneath a committee beneath the body that decides, with the
accounts of the demonstration. A `candidate(world, at=Stage.READY)` has gone the way up to there,
on the days of `WAY`, entered on `DAY`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

from admissions.models import Candidate, PaperKind, RuleSet
from admissions.operations.ballots import record_ballot
from admissions.operations.candidates import log_candidate
from admissions.operations.ceremonies import hold_ceremony
from admissions.operations.decisions import decide
from admissions.operations.preparation import (
    assign_mentor,
    issue_certificate,
    put_on_list,
    receive_papers,
)
from admissions.stages import ORDER, Level, Stage
from config.periods import between
from organizations.models import (
    Appointment,
    Competence,
    Installation,
    Membership,
    Organization,
    Person,
    Role,
    User,
)
from organizations.operations.people import NewMember, take_over_members
from organizations.operations.structure import found, grant_competence

BEGINNING = date(2018, 1, 1)
DAY = date(2021, 5, 28)
PASSWORD = "Mot-mat-khau-dai-123"
WAY = {
    "identified_on": date(2020, 6, 1),
    "listed_on": date(2020, 6, 15),
    "certified_on": date(2020, 11, 28),
    "mentored_on": date(2020, 7, 1),
    "papers_on": date(2021, 2, 10),
    "cell_on": date(2021, 3, 5),
    "grassroots_on": date(2021, 3, 19),
    "competent_on": date(2021, 4, 9),
    "signed_on": date(2021, 4, 15),
    "ceremony_on": date(2021, 5, 19),
}

_numbers: Iterator[int] = count(1)


def stand_on(day: date | None) -> None:
    """Let the product's clock stand on `day`, as a demonstration does."""
    Installation.objects.update_or_create(
        id=1, defaults={"mode": Installation.Mode.DEMONSTRATION, "day": day}
    )


def once() -> str:
    """The key of a form that was shown once."""
    return str(uuid.uuid4())


def unit(
    slug: str,
    under: Organization | None = None,
    *,
    kind: str = "grassroots",
    name: str = "",
    on: date = BEGINNING,
) -> Organization:
    return found(slug, name=name or f"Đảng bộ {slug}", kind=kind, under=under, on=on)


def cell(slug: str, under: Organization, *, kind: str = "cell", name: str = "") -> Organization:
    return unit(slug, under, kind=kind, name=name or f"Chi bộ {slug}")


def authority(slug: str, *, members_entitled: int | None = 15) -> Organization:
    """An organisation at the top that decides on the admissions beneath it."""
    top = unit(slug, kind="superior")
    grant_competence(
        top,
        kind=Competence.Kind.SUPERIOR,
        on=BEGINNING,
        decision_number="01-QĐ/TU",
        members_entitled=members_entitled,
    )
    return top


def account(username: str, *, full_name: str = "", person: Person | None = None) -> User:
    return User.objects.create_user(
        username=username, password=PASSWORD, full_name=full_name or username, person=person
    )


def appointed(
    user: User,
    to: Organization,
    role: str = Role.SECRETARY,
    *,
    since: date = BEGINNING,
    until: date | None = None,
) -> Appointment:
    return Appointment.objects.create(
        user=user, organization=to, role=role, period=between(since, until)
    )


def officer(username: str, to: Organization, role: str = Role.SECRETARY) -> User:
    user = account(username)
    appointed(user, to, role)
    return user


def members(of: Organization, number: int, *, since: date = BEGINNING) -> list[Person]:
    """Official members of a cell, as taken over from earlier records."""
    rows = [
        NewMember(
            full_name=f"Phạm Văn {chr(ord('A') + one % 26)}{one}",
            born_on=date(1975, 1, 1 + one % 28),
            sex="male",
            since=since,
        )
        for one in range(number)
    ]
    return [membership.person for membership in take_over_members(of, rows)]


def member(of: Organization, *, since: date = BEGINNING, status: str = "official") -> Person:
    new = NewMember(
        full_name="Nguyễn Thị An", born_on=date(1980, 5, 1), sex="female", since=since,
        status=status,
    )  # fmt: skip
    person: Person = take_over_members(of, [new])[0].person
    return person


@dataclass
class World:
    """Two cells beneath a committee beneath the body that decides, and who works there."""

    top: Organization
    committee: Organization
    cell: Organization
    sibling: Organization
    members: list[Person]
    secretary: User
    secretary2: User
    staff: User
    staff2: User
    approver: User
    leader: User
    auditor: User
    administrator: User
    users: dict[str, User] = field(default_factory=dict)


def world(*, day: date = DAY, number: int = 26, slug: str = "kc") -> World:
    """The demonstration's accounts around a cell of `number` official members, clock on `day`."""
    stand_on(day)
    top = authority(f"{slug}-top")
    committee = unit(f"{slug}-dang-uy", top)
    first, second = cell(f"{slug}-1", committee), cell(f"{slug}-2", committee)
    return World(
        top=top,
        committee=committee,
        cell=first,
        sibling=second,
        members=members(first, number),
        secretary=officer(f"{slug}-bithu", first),
        secretary2=officer(f"{slug}-bithu2", second),
        staff=officer(f"{slug}-canbo", committee, Role.STAFF),
        staff2=officer(f"{slug}-canbo2", top, Role.STAFF),
        approver=officer(f"{slug}-duyet", top, Role.APPROVER),
        leader=officer(f"{slug}-lanhdao", top, Role.LEADER),
        auditor=officer(f"{slug}-giamsat", top, Role.AUDITOR),
        administrator=officer(f"{slug}-quantri", top, Role.ADMINISTRATOR),
    )


def needed_papers(on: date, *, youth_union: bool = False) -> list[PaperKind]:
    """The forms that the rules in force on day `on` need before the cell considers."""
    kinds = RuleSet.objects.in_force(on=on).paper_kinds.filter(before_cell=True)
    return list(kinds if youth_union else kinds.filter(only_youth_union=False))


def logged(world: World, *, full_name: str = "", **changes: Any) -> Candidate:
    """A candidate who was only logged, by the secretary of the first cell."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "by": world.secretary,
        "on": DAY,
        "full_name": full_name or f"Vũ Văn Thịnh {chr(ord('A') + number % 26)}{number}",
        "born_on": date(1996, 9, 17),
        "sex": "male",
        "occupation": "Thợ lò bậc 5/6",
        "identified_on": WAY["identified_on"],
        **changes,
    }
    return log_candidate(values.pop("cell", world.cell), **values)


def vote(
    file: Candidate, *, by: User, level: str, held_on: date, on: date = DAY, **numbers: Any
) -> Any:
    """A vote in which nearly all are in favour, unless `numbers` say otherwise."""
    counts = {"entitled": 15, "present": 15, "in_favour": 14, "against": 0, **numbers}
    return record_ballot(file, by=by, on=on, level=level, held_on=held_on, **counts)


def prepared(
    world: World, file: Candidate, *, on: date = DAY, way: Mapping[str, date] = WAY
) -> Candidate:
    """Give `file` all that the cell's vote asks for: list, certificate, helper, papers."""
    secretary = world.secretary if file.cell_id == world.cell.pk else world.secretary2
    put_on_list(file, by=secretary, on=on, held_on=way["listed_on"])
    assign_mentor(file, by=secretary, on=on, mentor=world.members[0], since=way["mentored_on"])
    issue_certificate(
        file,
        by=secretary,
        on=on,
        number=f"CN-{file.pk}",
        issuer="Trung tâm chính trị thành phố",
        issued_on=way["certified_on"],
    )
    receive_papers(
        file,
        by=secretary,
        on=on,
        papers=[
            {"kind": kind, "dated_on": way["papers_on"], "received_on": way["papers_on"]}
            for kind in needed_papers(
                way["papers_on"], youth_union=file.person.is_youth_union_member
            )
        ],
    )
    return Candidate.objects.get(pk=file.pk)


def candidate(world: World, *, at: Stage = Stage.SOURCE, **changes: Any) -> Candidate:
    """A candidate of the first cell who has gone the way up to stage `at`."""
    file = logged(world, **changes)
    reached = ORDER.index(at)

    def before(stage: Stage) -> bool:
        return ORDER.index(stage) <= reached

    if at == Stage.SYMPATHISER:
        put_on_list(file, by=world.secretary, on=DAY, held_on=WAY["listed_on"])
    if before(Stage.READY):
        prepared(world, file)
    if before(Stage.CELL_RESOLVED):
        vote(
            file,
            by=world.secretary,
            level=Level.CELL,
            held_on=WAY["cell_on"],
            entitled=26,
            present=22,
            in_favour=22,
        )
    if before(Stage.GRASSROOTS_RESOLVED):
        vote(file, by=world.staff, level=Level.GRASSROOTS, held_on=WAY["grassroots_on"])
    if before(Stage.COMPETENT_RESOLVED):
        vote(file, by=world.staff2, level=Level.COMPETENT, held_on=WAY["competent_on"])
    if before(Stage.DECIDED):
        decided(world, file)
    if before(Stage.ADMITTED):
        hold_ceremony(file, by=world.secretary, on=DAY, ceremony_on=WAY["ceremony_on"])
    return Candidate.objects.select_related("person", "cell").get(pk=file.pk)


def decided(world: World, file: Candidate, *, number: str = "", **changes: Any) -> Any:
    values: dict[str, Any] = {
        "by": world.approver,
        "on": DAY,
        "number": number or f"{next(_numbers)}-QĐ/ĐU",
        "signed_on": WAY["signed_on"],
        "signer": "Nguyễn Văn Bí thư",
        **changes,
    }
    return decide(file, **values)


def membership_of(person: Person) -> Membership:
    return Membership.objects.get(person=person)
