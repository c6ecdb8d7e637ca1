"""What tests are about, in few words and through the real operations: units, people, files.

A `world()` is a cell and its sibling beneath a committee beneath the body that decides, with the
accounts of the demonstration. A `candidate(world, at=Stage.READY)` has gone the way up to there,
on the days of `WAY`, entered on `DAY`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password

from admissions.cases import case_of, summoned
from admissions.eligibility import introducers_needed, must_join_the_union
from admissions.models import (
    Candidate,
    FileMove,
    FileTransfer,
    Introducer,
    PaperKind,
    RuleSet,
    Special,
)
from admissions.operations.ballots import record_ballot
from admissions.operations.candidates import log_candidate
from admissions.operations.ceremonies import hold_ceremony
from admissions.operations.classes import (
    Answer,
    answer_proposals,
    issue_new_member_certificate,
    plan_class,
    propose,
)
from admissions.operations.deadlines import deferred
from admissions.operations.decisions import decide
from admissions.operations.outcomes import send_up
from admissions.operations.permission import permit
from admissions.operations.preparation import (
    assign_mentor,
    issue_certificate,
    put_on_list,
    receive_papers,
)
from admissions.operations.recognition import recognise
from admissions.rules import add_months
from admissions.stages import ORDER, Level, Purpose, Stage
from config import clock
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
from organizations.operations.structure import (
    NewOrganization,
    found,
    found_many,
    grant_competence,
)

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


@contextmanager
def standing_on(day: date) -> Iterator[None]:
    """Let the product's clock stand on `day` for a moment."""
    before = Installation.objects.get().day
    stand_on(day)
    yield
    stand_on(before)


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
    _competent(top, members_entitled=members_entitled)
    return top


def _competent(top: Organization, *, members_entitled: int | None) -> None:
    grant_competence(
        top,
        kind=Competence.Kind.SUPERIOR,
        on=BEGINNING,
        decision_number="01-QĐ/TU",
        members_entitled=members_entitled,
    )


def account(username: str, *, full_name: str = "", person: Person | None = None) -> User:
    return User.objects.create_user(
        username=username, password=PASSWORD, full_name=full_name or username, person=person
    )


def two_records_of_one_person(world: World, first: User, second: User) -> None:
    """`first` and `second` act for one human being, each by a record; the second's was merged."""
    first.person = first.person or world.members[8]
    second.person = Person.objects.create(
        full_name=first.person.full_name, born_on=first.person.born_on, sex=first.person.sex
    )
    for one in (first, second):
        one.save(update_fields=["person"])
    second.person.merged_into = first.person
    second.person.save(update_fields=["merged_into"])


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


def world(
    *, day: date = DAY, number: int = 26, slug: str = "kc", deciding: int | None = 15
) -> World:
    """The demonstration's accounts around a cell of `number` official members, clock on `day`.

    The body that decides has `deciding` members; None where that is not recorded.
    """
    stand_on(day)
    top, committee, first, second = _founded(slug)
    _competent(top, members_entitled=deciding)
    posts = {
        "secretary": ("bithu", first, Role.SECRETARY),
        "secretary2": ("bithu2", second, Role.SECRETARY),
        "staff": ("canbo", committee, Role.STAFF),
        "staff2": ("canbo2", top, Role.STAFF),
        "approver": ("duyet", top, Role.APPROVER),
        "leader": ("lanhdao", top, Role.LEADER),
        "auditor": ("giamsat", top, Role.AUDITOR),
        "administrator": ("quantri", top, Role.ADMINISTRATOR),
    }
    held = [(f"{slug}-{name}", to, role) for name, to, role in posts.values()]
    return World(
        top=top,
        committee=committee,
        cell=first,
        sibling=second,
        members=members(first, number),
        **dict(zip(posts, _officers(held), strict=True)),
    )


def _founded(slug: str) -> list[Organization]:
    """The four units of a world, all at once: a test makes one before it begins."""
    top, committee = f"{slug}-top", f"{slug}-dang-uy"
    rows = [
        ("superior", top, None, f"Đảng bộ {top}"),
        ("grassroots", committee, top, f"Đảng bộ {committee}"),
        ("cell", f"{slug}-1", committee, f"Chi bộ {slug}-1"),
        ("cell", f"{slug}-2", committee, f"Chi bộ {slug}-2"),
    ]
    made = found_many(
        [
            NewOrganization(
                slug=slug, name=name, short_name="", kind=kind, parent_slug=under, on=BEGINNING
            )
            for kind, slug, under, name in rows
        ]
    )
    return list(made.values())


def _officers(posts: Sequence[tuple[str, Organization, str]]) -> list[User]:
    """An account for each of (sign-in, organisation, role), all at once."""
    password = make_password(PASSWORD)
    users = User.objects.bulk_create(
        User(username=username, full_name=username, password=password)
        for username, _to, _role in posts
    )
    Appointment.objects.bulk_create(
        Appointment(user=user, organization=to, role=role, period=between(BEGINNING, None))
        for user, (_username, to, role) in zip(users, posts, strict=True)
    )
    return users


def needed_papers(on: date, *, youth_union: bool = False) -> list[PaperKind]:
    """The forms that the rules in force on day `on` need before the cell considers."""
    kinds = RuleSet.objects.in_force(on=on).paper_kinds.filter(before_cell=True, phase="admission")
    asked = ["everybody", "youth_union"] if youth_union else ["everybody"]
    return list(kinds.filter(audience__in=asked))


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
    """A vote in which nearly all are in favour, unless `numbers` say otherwise.

    Entitled are all summoned of the cell, and fifteen of a committee.
    """
    people = 15
    if level == Level.CELL:
        cell = Candidate.objects.get(pk=file.pk).cell_on(held_on)
        people = summoned(cell, on=held_on) or people
    counts = {"entitled": people, "present": people, "in_favour": people - 1, **numbers}
    counts = {"against": 0, **counts}
    return record_ballot(file, by=by, on=on, level=level, held_on=held_on, **counts)


def prepared(
    world: World,
    file: Candidate,
    *,
    on: date = DAY,
    way: Mapping[str, date] = WAY,
    without: Collection[str] = (),
) -> Candidate:
    """Give `file` all that the cell's vote asks for: list, certificate, helper, permission,
    introducers, papers; of these `without` the forms of such codes."""
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
    # The class may have been attended before the cell put the person on its list.
    permitted(file, on=on, held_on=max(way["certified_on"], way["listed_on"]))
    introduced(file, by=secretary, people=world.members, named_on=way["papers_on"])
    receive_papers(
        file,
        by=secretary,
        on=on,
        papers=[
            {"kind": kind, "dated_on": way["papers_on"], "received_on": way["papers_on"]}
            for kind in needed_papers(
                way["papers_on"], youth_union=file.person.is_youth_union_member
            )
            if kind.code not in without
        ],
    )
    return Candidate.objects.get(pk=file.pk)


def introduced(
    file: Candidate, *, by: User, people: Sequence[Person], named_on: date
) -> list[Introducer]:
    """Let the last of `people` introduce, as many as must: rows alone, without a milestone.

    Somebody of youth age who is no member of the Youth Union works where there is no union.
    """
    fresh = Candidate.objects.select_related("person", "rules").get(pk=file.pk)
    case = case_of(fresh, on=named_on)
    if must_join_the_union(case):
        fresh.special = [*fresh.special, Special.NO_UNION]
        fresh.save(update_fields=["special"])
    number, union = introducers_needed(case)
    able = [one for one in reversed(people) if one.pk != fresh.person_id]
    rows = [
        Introducer(kind="member", person=one, together_since=add_months(named_on, -24))
        for one in able[:number]
    ]
    if union:
        rows.append(Introducer(kind=union, union="Đoàn thể nơi làm việc"))
    for row in rows:
        row.candidate, row.named_on, row.entered_by = fresh, named_on, by
    return Introducer.objects.bulk_create(rows)


def candidate(world: World, *, at: Stage = Stage.SOURCE, **changes: Any) -> Candidate:
    """A candidate of the first cell who has gone the way up to stage `at`.

    The terms of its clocks are reckoned once, when it has arrived.
    """
    with deferred(on=lambda: DAY):
        file = _brought(logged(world, **changes), world, at=at)
    return Candidate.objects.select_related("person", "cell").get(pk=file.pk)


def _brought(file: Candidate, world: World, *, at: Stage) -> Candidate:
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
            entitled=summoned(file.cell_id, on=WAY["cell_on"]) or 26,
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
        held(file, by=world.secretary, on=DAY, ceremony_on=WAY["ceremony_on"])
    return file


def held(file: Candidate, *, by: User, on: date, ceremony_on: date, **more: Any) -> Any:
    """The ceremony, entered in time: by day `on`, and before it needs a third person."""
    limit = ceremony_on + timedelta(days=file.rules.late_entry_days)
    entered_on = min(on, limit)
    if clock.today() <= limit:
        return hold_ceremony(file, by=by, on=entered_on, ceremony_on=ceremony_on, **more)
    with standing_on(entered_on):
        return hold_ceremony(file, by=by, on=entered_on, ceremony_on=ceremony_on, **more)


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


def moves(file: Candidate, to: Organization, *, by: User, on: date = DAY) -> None:
    """Record that `by` took the file over into the cell `to`, as a member's transfer does; who
    stores the file's cell comes after."""
    FileTransfer.objects.create(
        candidate=file, situation="probation", state="received", origin=file.cell, destination=to,
        moved_on=on, sent_on=on, received_on=on, entered_by=by, received_by=by,
    )  # fmt: skip
    FileMove.objects.create(
        candidate=file, origin=file.cell, destination=to, on=on, reason="transferred",
        entered_by=by,
    )  # fmt: skip


def membership_of(person: Person) -> Membership:
    return Membership.objects.get(person=person)


# ---------------------------------------------------------------- permission and meetings


def permitted(file: Candidate, *, on: date = DAY, held_on: date) -> None:
    """Let the committee above permit the procedure, by staff of its own; nobody above, nobody."""
    body = case_of(Candidate.objects.get(pk=file.pk), on=held_on).bodies.permitting
    if body is None:
        return
    held = Appointment.objects.filter(organization=body.organization_id, role=Role.STAFF).first()
    above = Organization.objects.get(pk=body.organization_id)
    by = held.user if held else officer(f"phep-{above.slug}", above, Role.STAFF)
    permit(file, by=by, on=on, held_on=held_on, resolution_number="06-NQ/ĐU")


# ---------------------------------------------------------------- probation


def on_probation(
    world: World, *, ceremony_on: date = WAY["ceremony_on"], on: date | None = None, **changes: Any
) -> Candidate:
    """A probationary member of the first cell since `ceremony_on`, entered by day `on`."""
    file = candidate(world, at=Stage.DECIDED, **changes)
    held(file, by=world.secretary, on=on or ceremony_on, ceremony_on=ceremony_on)
    return Candidate.objects.select_related("person", "cell", "rules").get(pk=file.pk)


def new_member_class(world: World, file: Candidate, *, on: date, issued_on: date) -> None:
    """Give `file` the certificate of the class for new members."""
    issue_new_member_certificate(
        file,
        by=world.secretary,
        on=on,
        number=f"ĐVM-{file.pk}",
        issuer="Trung tâm chính trị thành phố",
        issued_on=issued_on,
    )


def papers_of_probation(world: World, file: Candidate, *, on: date, dated_on: date) -> None:
    """Receive self-criticism, comments and what each helper wrote, all dated `dated_on`."""
    case = case_of(Candidate.objects.get(pk=file.pk), on=dated_on)
    rows: list[dict[str, Any]] = []
    for kind in case.missing_for(PaperKind.Phase.PROBATION):
        is_helpers = kind.maker == PaperKind.Maker.HELPER
        signers = [one.mentor.full_name for one in case.silent_helpers] if is_helpers else [""]
        rows += [
            {"kind": kind, "signer": signer, "dated_on": dated_on, "received_on": dated_on}
            for signer in signers
        ]
    receive_papers(file, by=world.secretary, on=on, papers=rows)


def vote_of_probation(
    world: World, file: Candidate, *, level: str, held_on: date, on: date, **changes: Any
) -> Any:
    """A vote on recognition, or `purpose`, by whoever records those of `level`."""
    by = {"cell": world.secretary, "grassroots": world.staff, "competent": world.staff2}[level]
    values: dict[str, Any] = {"purpose": Purpose.RECOGNITION, "by": by, **changes}
    return vote(file, level=level, held_on=held_on, on=on, **values)


def voted_on_recognition(world: World, file: Candidate, *, from_day: date, on: date) -> None:
    """Class, papers and the votes of cell, committee and competent body, a week after another."""
    new_member_class(world, file, on=on, issued_on=from_day - timedelta(days=60))
    papers_of_probation(world, file, on=on, dated_on=from_day)
    for weeks, level in enumerate((Level.CELL, Level.GRASSROOTS, Level.COMPETENT)):
        held_on = from_day + timedelta(weeks=weeks)
        vote_of_probation(world, file, level=level, held_on=held_on, on=on)


def recognised(
    world: World, file: Candidate, *, signed_on: date, on: date | None = None, **changes: Any
) -> Any:
    """The decision of recognition, by the approver of the competent body."""
    values: dict[str, Any] = {
        "by": world.approver,
        "on": on or signed_on,
        "number": f"{next(_numbers)}-QĐ/CNCT",
        "signed_on": signed_on,
        "signer": "Nguyễn Văn Bí thư",
        **changes,
    }
    return recognise(file, **values)


def sent_up(world: World, file: Candidate) -> Candidate:
    """`file`, which the first cell has passed, sent to its committee on the day of the vote."""
    send_up(file, by=world.secretary, on=DAY, sent_on=WAY["cell_on"], to=Level.GRASSROOTS)
    return Candidate.objects.select_related("person", "cell").get(pk=file.pk)


# ---------------------------------------------------------------- classes


def planned_class(world: World, *, by: User | None = None, on: date = DAY, **changes: Any) -> Any:
    """A class of the committee: two sessions on 1 and 2 March 2021, two places."""
    values: dict[str, Any] = {
        "kind": "awareness",
        "name": "Lớp 3/2021",
        "centre": "Trung tâm chính trị thành phố",
        "starts_on": date(2021, 3, 1),
        "ends_on": date(2021, 3, 2),
        "enrol_by": date(2021, 2, 20),
        "places": 2,
        "sessions": 2,
        **changes,
    }
    where = values.pop("organization", world.committee)
    return plan_class(where, by=by or world.staff, on=on, **values)


def enrolled(world: World, school: Any, file: Candidate, *, on: date = DAY) -> Any:
    """`file`, proposed by its cell and accepted by the committee on the day names were due."""
    by = world.secretary if file.cell_id == world.cell.pk else world.secretary2
    one = propose(file, by=by, on=on, school=school, proposed_on=school.enrol_by)
    answers = [Answer(one.pk, accepts=True)]
    answer_proposals(school, by=world.staff, on=on, answers=answers, answered_on=school.enrol_by)
    one.refresh_from_db()
    return one
