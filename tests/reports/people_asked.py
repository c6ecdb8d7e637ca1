"""What addresses of members, transfers and duplicates name, and what their forms take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.urls import reverse

from config.periods import between, since
from organizations.models import (
    AppointmentProposal,
    Departure,
    Membership,
    Person,
    Post,
    Transfer,
    User,
)
from organizations.models.person import name_columns
from organizations.operations.duplicates import ask_merge
from organizations.operations.transfers import accept, release, request_transfer
from tests.makers import BEGINNING, DAY, World, account

DAYS = "28/05/2021"
EARLIER = DAY - timedelta(days=30)

Asked = dict[tuple[str, str], dict[str, Any]]
"""{(route, or "" for all; parameter): {whose: value}}, own first."""


def asked_of_people(here: World, there: World, canaries: dict[str, str]) -> Asked:
    """Return rows of all that these addresses name, in three cells of two trees."""
    own, foreign = here.members[1], there.members[1]
    sibling = _member(here, canaries["sibling"], cell=here.sibling)
    for person, whose in ((own, "own"), (foreign, "foreign")):
        Person.objects.filter(pk=person.pk).update(**name_columns(canaries[whose]))
    theirs = {"sibling": sibling.public_id, "foreign": foreign.public_id, "missing": uuid4()}
    posts = {
        whose: Post.objects.create(
            person=person, organization=cell, title="Bí thư", period=since(BEGINNING)
        ).pk
        for whose, person, cell in (
            # Not the canaries: who holds a post is no secret to a leader.
            ("own", here.members[9], here.cell),
            ("sibling", _member(here, "Phạm Văn Bí Thư", cell=here.sibling), here.sibling),
            ("foreign", there.members[9], there.cell),
        )
    }
    pairs = {"foreign": there.members[8].public_id, "missing": uuid4()}
    found: Asked = {
        ("", "person"): {"own": own.public_id, **theirs},
        ("member-restore", "person"): {"own": _expelled(here).public_id, **theirs},
        ("transfer-return", "person"): {"own": _moved_out(here).public_id, **theirs},
        ("", "post"): {**posts, "missing": 987_654_321},
        ("", "first"): {"own": here.members[7].public_id, **pairs},
        ("", "second"): {"own": here.members[8].public_id, **pairs},
        ("", "proposal"): {
            "own": _proposal(here),
            "foreign": _proposal(there),
            "missing": 987_654_321,
        },
        ("", "merge"): {
            "own": _merge(here),
            "foreign": _merge(there),
            "missing": 987_654_321,
        },
    }
    transfers, others = _transfers(here), _transfers(there)
    for route, transfer in transfers.items():
        found[route, "transfer"] = {
            "own": transfer.public_id,
            "foreign": others[route].public_id,
            "missing": uuid4(),
        }
    return found


def _proposal(here: World) -> int:
    """A role that an administrator proposed for one who holds another."""
    return AppointmentProposal.objects.create(
        user=account(f"{here.cell.slug}-moi"), organization=here.cell, role="leader",
        period=since(DAY),
        entered_by=here.administrator,
    ).pk  # fmt: skip


def _member(here: World, full_name: str, **columns: Any) -> Person:
    person = Person.objects.create(
        **name_columns(full_name), born_on=BEGINNING - timedelta(days=9000), sex="female"
    )
    told = {"cell": here.cell, "status": "official", "period": since(BEGINNING), **columns}
    Membership.objects.create(person=person, reason_in="taken_over", **told)
    return person


def _expelled(here: World) -> Person:
    period = between(BEGINNING, EARLIER)
    person = _member(here, "Én Đã Đi", period=period, reason_out="expelled")
    Departure.objects.create(
        membership=person.memberships.get(),
        reason="expelled",
        on=EARLIER,
        decided_on=EARLIER,
        decision_number="7-QĐ",
        entered_by=here.staff,
    )
    return person


def _moved_out(here: World) -> Person:
    period = between(BEGINNING, EARLIER)
    return _member(here, "Én Chuyển Đi", period=period, reason_out="transferred")


def _merge(here: World) -> int:
    kept, duplicate = here.members[5], here.members[6]
    return ask_merge(
        kept,
        duplicate,
        by=here.staff2,
        on=DAY,
        reason="Nhập hai lần",
        decision_number="9-QĐ",
        decided_on=DAY,
    ).pk


def _transfers(here: World) -> dict[str, Transfer]:
    """Return {route: a transfer whose turn that step is}."""

    def asked(person: Person, kind: str = "official") -> Transfer:
        return request_transfer(
            person, by=here.secretary, on=DAY, kind=kind, destination=here.sibling
        )

    def released(transfer: Transfer) -> Transfer:
        return release(
            transfer, by=here.secretary, on=DAY, released_on=EARLIER, effective_on=EARLIER
        )

    waiting = released(asked(here.members[3]))
    staying = accept(released(asked(here.members[4], "temporary")), by=here.secretary2, on=DAY)
    return {
        "transfer-release": asked(here.members[2]),
        "transfer-accept": waiting,
        "transfer-refuse": waiting,
        "transfer-withdraw": waiting,
        "transfer-end": staying,
    }


def forms_of_people(here: World, asked: Asked) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for every form about people."""

    def address(route: str) -> str:
        wanted = {
            "member": ["person"],
            "post-n": ["person"],
            "post-e": ["post"],
            "transf": ["transfer" if (route, "transfer") in asked else "person"],
        }.get(route[:6], ["merge"])
        rows = [asked.get((route, one)) or asked["", one] for one in wanted]
        return reverse(route, args=[row["own"] for row in rows])

    def version(route: str) -> str:
        row = Transfer.objects.get(public_id=asked[route, "transfer"]["own"])
        return str(row.version)

    cell = f"x [{here.cell.slug}]"
    letter = {
        "cell": cell, "kind": "official", "origin_place": "Hải Dương",
        "outside_scope": "elsewhere", "letter_number": "1-GT", "released_on": DAYS,
        "effective_on": DAYS, "until": "", "reason": "Vì",
    }  # fmt: skip
    yield here.secretary, address("member-edit"), {
        "citizen_id": "001185001234", "occupation": "Thợ", "admitted_on": "03/02/2015",
        "official_on": "03/02/2016",
    }  # fmt: skip
    yield here.secretary, address("member-depart"), {
        "reason": "expelled", "happened_on": DAYS, "decision_number": "7-QĐ",
        "decided_on": DAYS, "note": "Vì",
    }  # fmt: skip
    yield here.staff, address("member-restore"), {"cell": cell, "restored_on": DAYS}
    yield here.secretary, address("post-new"), {
        "organization": cell, "title": "Chi ủy viên", "since": DAYS, "last_on": "01/01/2022",
    }  # fmt: skip
    yield here.secretary, address("post-end"), {"last_on": DAYS}
    yield here.secretary, address("transfer-new"), {
        "kind": "temporary", "destination": f"x [{here.sibling.slug}]", "destination_place": "",
        "outside_scope": "", "until": "01/01/2022", "reason": "Vì",
    }  # fmt: skip
    yield here.secretary, address("transfer-return"), letter
    yield here.secretary, reverse("transfer-arrival"), {
        **letter, "full_name": "Lê Thị Hà", "born_on": "01/05/1990", "sex": "female",
        "citizen_id": "001185001235", "admitted_on": "03/02/2015", "official_on": "03/02/2016",
        "occupation": "Thợ",
    }  # fmt: skip
    yield here.secretary, address("transfer-release"), {
        "released_on": DAYS, "effective_on": DAYS, "letter_number": "1-GT",
        "version": version("transfer-release"),
    }  # fmt: skip
    for route, who, typed in (
        ("accept", here.secretary2, {}),
        ("refuse", here.secretary2, {"reason": "Vì"}),
        ("withdraw", here.secretary, {}),
        ("end", here.secretary, {"ended_on": DAYS}),
    ):
        name = f"transfer-{route}"
        yield who, address(name), {**typed, "version": version(name)}
    pair = [asked["", one]["own"] for one in ("first", "second")]
    yield here.staff, reverse("duplicate-merge", args=pair), {
        "keep": str(pair[0]), "reason": "Vì", "decision_number": "9-QĐ", "decided_on": DAYS,
    }  # fmt: skip
    yield here.approver, address("duplicate-approve"), {}
    yield here.approver, address("duplicate-refuse"), {}
