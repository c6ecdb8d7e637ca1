"""The register by status and day, the page of a person, the panel of transfers, the pairs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config.periods import between, since
from organizations.models import (
    Membership,
    Organization,
    Person,
    PersonMerge,
    Post,
    Role,
    Transfer,
    User,
)
from organizations.operations.duplicates import approve_merge, ask_merge
from organizations.operations.people import (
    NewMember,
    citizen_columns,
    depart,
    take_over_members,
)
from organizations.operations.transfers import accept, end_stay, release, request_transfer
from organizations.sheets import people
from tests.organizations.conftest import SignIn
from tests.organizations.makers import BEGINNING, DAY, appointed, member, officer, once
from tests.organizations.test_transfers import places

pytestmark = pytest.mark.django_db

Tree = dict[str, Organization]
EVE = DAY - timedelta(days=1)
REGISTER = "/dang-vien/"
PANEL = "/chuyen-sinh-hoat/"
NUMBER = "001185001234"


@dataclass(frozen=True)
class People:
    """Who keeps the cells of the tree, and how they sign in."""

    tree: Tree
    here: User
    there: User
    above: User
    sign_in: SignIn

    def browser(self, user: User | None = None) -> Client:
        return self.sign_in(user or self.here)

    def asked(self, held: Membership, **more: Any) -> Transfer:
        return request_transfer(
            held.person,
            by=self.here,
            on=DAY,
            **{"kind": "official", "destination": self.tree["other cell"], **more},
        )

    def released(self, held: Membership, *, day: date = DAY, **more: Any) -> Transfer:
        return release(
            self.asked(held, **more), by=self.here, on=DAY, released_on=day, effective_on=day
        )

    def moved(self, held: Membership, *, day: date = DAY, **more: Any) -> Transfer:
        return accept(self.released(held, day=day, **more), by=self.there, on=DAY)


@pytest.fixture
def kept(tree: Tree, signed_in: SignIn) -> People:
    return People(
        tree,
        officer("bithu", tree["cell"]),
        officer("bithu2", tree["other cell"]),
        officer("canbo", tree["top"], Role.STAFF),
        signed_in,
    )


def page_of(person: Person) -> str:
    return reverse("member-detail", args=[person.public_id])


def names(page: Any) -> list[str]:
    return [row.person.full_name for row in page.context["rows"]]


def tabs(page: Any) -> dict[str, int]:
    return {code: number for code, _words, number in page.context["tabs"]}


# ---------------------------------------------------------------- the register


@pytest.mark.thorough
def test_the_register_counts_each_status_as_its_list_shows_it(kept: People) -> None:
    here = kept.tree["cell"]
    member(here, "Đỗ An")
    member(here, "Vũ Bình", status="probationary")
    kept.moved(member(here, "Lê Cúc"), kind="temporary")
    depart(member(here, "Bùi Dung"), by=kept.here, on=DAY, reason="deceased", happened_on=DAY)
    kept.moved(member(here, "Trần Em"))

    own, other = kept.browser(), kept.browser(kept.there)

    assert tabs(own.get(REGISTER)) == {
        "": 3,
        "official": 2,
        "probationary": 1,
        "away": 1,
        "guest": 0,
        "left": 2,
    }
    for client in (own, other):
        counted = tabs(client.get(REGISTER))
        assert {
            code: len(names(client.get(REGISTER, {"tinh_trang": code}))) for code in counted
        } == counted
    assert names(own.get(REGISTER)) == ["Đỗ An", "Vũ Bình", "Lê Cúc"]
    assert names(own.get(REGISTER, {"tinh_trang": "away"})) == ["Lê Cúc"]
    assert names(own.get(REGISTER, {"tinh_trang": "left"})) == ["Bùi Dung", "Trần Em"]
    assert names(other.get(REGISTER, {"tinh_trang": "guest"})) == ["Lê Cúc"]


@pytest.mark.thorough
def test_the_register_is_that_of_the_day_asked_for(kept: People) -> None:
    moved = member(kept.tree["cell"], "Đỗ An")
    kept.moved(moved, day=DAY)
    own, other = kept.browser(), kept.browser(kept.there)

    assert names(own.get(REGISTER)) == []
    assert names(own.get(REGISTER, {"den": f"{EVE:%Y-%m-%d}"})) == ["Đỗ An"]
    assert names(other.get(REGISTER)) == ["Đỗ An"]
    assert names(other.get(REGISTER, {"den": f"{EVE:%d/%m/%Y}"})) == []


@pytest.mark.sweep
@pytest.mark.parametrize(
    "asked",
    [
        {"den": "hôm qua"},
        {"den": "31/02/2021"},
        {"den": "1/1/0001"},
        {"tinh_trang": "chet"},
        {"trang": "x"},
        {"chi_bo": "khong-co"},
        {"q": "x" * 5000},
    ],
)
def test_nonsense_in_the_address_is_no_error(kept: People, asked: dict[str, str]) -> None:
    member(kept.tree["cell"], "Đỗ An")

    assert kept.browser().get(REGISTER, asked).status_code == 200


def test_a_line_says_party_age_probation_posts_and_where_they_stay(kept: People) -> None:
    here = kept.tree["cell"]
    old = member(here, "Đỗ An")
    Person.objects.filter(pk=old.person_id).update(admitted_on=date(2010, 5, 29))
    Post.objects.create(
        person=old.person, organization=here, title="Bí thư", period=since(BEGINNING)
    )
    member(here, "Vũ Bình", status="probationary", since=date(2021, 2, 3))
    kept.moved(old, kind="temporary")

    first, second = kept.browser().get(REGISTER).context["rows"]

    assert (first.party_age, first.posts, first.probation_ends) == (10, ["Bí thư"], None)
    assert first.elsewhere == "Chi bộ Vận tải 1"
    assert (second.party_age, second.probation_ends) == (0, date(2022, 2, 3))
    later = kept.browser().get(REGISTER, {"den": "2021-05-29"})
    assert later.context["rows"][0].party_age == 11


@pytest.mark.sweep
@pytest.mark.parametrize("size", [30, 180])
def test_the_register_takes_as_many_questions_for_many_as_for_few(
    kept: People, size: int, django_assert_max_num_queries: Any
) -> None:
    take_over_members(
        kept.tree["cell"],
        [
            NewMember(
                f"Nguyễn Văn {n}",
                date(1980, 1, 1),
                "male",
                BEGINNING,
                status="probationary" if n % 2 else "official",
            )
            for n in range(size)
        ],
    )
    client = kept.browser()

    with django_assert_max_num_queries(32):
        page = client.get(REGISTER, {"so_dong": "200"})

    assert len(names(page)) == size


# ---------------------------------------------------------------- the page of a person


def test_the_page_shows_what_was_is_and_will_be(kept: People) -> None:
    held = member(kept.tree["cell"], "Đỗ An", since=DAY - timedelta(days=400))
    Person.objects.filter(pk=held.person_id).update(**citizen_columns(NUMBER))
    coming = DAY + timedelta(days=20)
    accept(
        release(kept.asked(held), by=kept.here, on=DAY, effective_on=coming),
        by=kept.there,
        on=DAY,
    )

    answer = kept.browser().get(page_of(held.person))

    spans = answer.context["page"].memberships
    assert [(span.first_on, span.last_on) for span in spans.current] == [
        (DAY - timedelta(days=400), coming - timedelta(days=1))
    ]
    assert [(span.place, span.first_on) for span in spans.coming] == [("Chi bộ Vận tải 1", coming)]
    assert spans.past == []
    assert answer.context["page"].party_age == 1
    shown = answer.content.decode()
    assert "•••• 1234" in shown
    assert NUMBER not in shown
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.SECRETARY, 200),
        (Role.STAFF, 200),
        (Role.APPROVER, 200),
        (Role.AUDITOR, 200),
        (Role.LEADER, 404),
        (Role.ADMINISTRATOR, 404),
    ],
)
def test_who_sees_names_reads_the_page(
    tree: Tree, signed_in: SignIn, role: str, status: int
) -> None:
    held = member(tree["cell"])

    assert signed_in(officer("an", tree["top"], role)).get(page_of(held.person)).status_code == (
        status
    )
    beside = signed_in(officer("binh", tree["sibling"], role))
    assert beside.get(page_of(held.person)).status_code == 404


@pytest.mark.thorough
def test_the_receiving_cell_opens_the_page_after_acceptance_alone(kept: People) -> None:
    held = member(kept.tree["cell"], "Đỗ An")
    released = kept.released(held)
    theirs = kept.browser(kept.there)

    panel = theirs.get(PANEL)
    assert [row.transfer.person.full_name for row in panel.context["rows"]] == ["Đỗ An"]
    assert page_of(held.person) not in panel.content.decode()
    assert theirs.get(page_of(held.person)).status_code == 404
    accept(released, by=kept.there, on=DAY)

    assert theirs.get(page_of(held.person)).status_code == 200


WRITES = ["sua", "ra-khoi-dang", "chuc-vu", "chuyen"]


@pytest.mark.sweep
@pytest.mark.parametrize("role", [Role.APPROVER, Role.AUDITOR, Role.LEADER, Role.ADMINISTRATOR])
@pytest.mark.parametrize("what", WRITES)
def test_who_only_reads_finds_no_page_to_write_on(
    tree: Tree, signed_in: SignIn, role: str, what: str
) -> None:
    held = member(tree["cell"])
    client = signed_in(officer("an", tree["top"], role))
    address = f"{page_of(held.person)}{what}/"

    assert client.get(address).status_code == 404
    assert client.post(address, {"once": once()}).status_code == 404


@pytest.mark.sweep
@pytest.mark.parametrize("what", WRITES)
def test_nobody_writes_on_their_own_page(kept: People, what: str) -> None:
    held = member(kept.tree["cell"])
    kept.here.person = held.person
    kept.here.save(update_fields=["person"])
    address = f"{page_of(held.person)}{what}/"

    assert kept.browser().get(page_of(held.person)).status_code == 200
    assert kept.browser().get(address).status_code == 404
    assert kept.browser().post(address, {"once": once()}).status_code == 404


@pytest.mark.thorough
@pytest.mark.parametrize("what", [*WRITES, "phuc-hoi", "chuyen-ve"])
def test_an_empty_or_senseless_form_is_refused_and_never_breaks(kept: People, what: str) -> None:
    held = member(kept.tree["cell"])
    if what == "phuc-hoi":
        gone(kept, held)
    if what == "chuyen-ve":
        accept(
            kept.released(
                held, destination=None, destination_place="Hải Dương", outside_scope="elsewhere"
            ),
            by=kept.above,
            on=DAY,
        )
    address = f"{page_of(held.person)}{what}/"
    client = kept.browser(kept.above)
    assert client.get(address).status_code == 200
    fields = client.get(address).context["form"].fields

    for value in ("", "\0", "x" * 5000, "<b>", "-1", "٣"):
        answer = client.post(address, dict.fromkeys(fields, value) | {"once": once()})
        assert answer.status_code in {422, 303}, value
        if value:
            assert answer.status_code == 422


def gone(kept: People, held: Membership) -> None:
    depart(
        held,
        by=kept.here,
        on=DAY,
        reason="expelled",
        happened_on=DAY,
        decision_number="7-QĐ",
        decided_on=EVE,
    )


def test_papers_are_written_on_the_page(kept: People) -> None:
    held = member(kept.tree["cell"])
    typed = {
        "citizen_id": NUMBER,
        "occupation": "Thợ lò",
        "admitted_on": "03/02/2015",
        "official_on": "03/02/2016",
        "once": once(),
    }

    answer = kept.browser().post(f"{page_of(held.person)}sua/", typed)

    changed = Person.objects.get(pk=held.person_id)
    assert answer.status_code == 303
    assert (changed.citizen_id_ending, changed.occupation) == ("1234", "Thợ lò")
    assert (changed.admitted_on, changed.official_on) == (date(2015, 2, 3), date(2016, 2, 3))


def test_who_leaves_is_recorded_once_however_often_it_is_sent(kept: People) -> None:
    held = member(kept.tree["cell"])
    typed = {
        "reason": "struck_off",
        "happened_on": "28/05/2021",
        "decision_number": "7-QĐ",
        "decided_on": "27/05/2021",
        "once": once(),
    }
    address = f"{page_of(held.person)}ra-khoi-dang/"
    client = kept.browser()

    first = client.post(address, typed)

    assert first.status_code == 303
    assert places(held.person)[0][3:] == (DAY, "taken_over", "struck_off")
    assert client.get(page_of(held.person)).status_code == 200


def test_a_membership_is_given_back_on_the_page(kept: People) -> None:
    held = member(kept.tree["cell"])
    gone(kept, held)
    address = f"{page_of(held.person)}phuc-hoi/"
    client = kept.browser(kept.above)

    assert kept.browser().get(address).status_code == 404
    answer = client.post(
        address,
        {"cell": "[khai-thac-1]", "restored_on": "28/05/2021", "once": once()},
    )

    assert answer.status_code == 303
    assert places(held.person)[1][:5] == ("khai-thac-1", "official", DAY, None, "restored")


def test_a_post_is_given_and_ended_on_the_page(kept: People) -> None:
    held = member(kept.tree["cell"])
    client = kept.browser()

    given = client.post(
        f"{page_of(held.person)}chuc-vu/",
        {
            "organization": "[khai-thac-1]",
            "title": "Bí thư",
            "since": "01/05/2021",
            "last_on": "31/12/2021",
            "once": once(),
        },
    )
    post = Post.objects.get()
    assert given.status_code == 303
    assert post.period == between(date(2021, 5, 1), date(2022, 1, 1))
    end = reverse("post-end", args=[post.pk])
    assert client.post(end, {"last_on": "30/04/2021", "once": once()}).status_code == 422
    assert client.post(end, {"last_on": "28/05/2021", "once": once()}).status_code == 303

    assert Post.objects.get().period == between(date(2021, 5, 1), DAY + timedelta(days=1))
    for stranger in (kept.there, officer("lanhdao", kept.tree["top"], Role.LEADER)):
        assert kept.browser(stranger).get(end).status_code == 404


# ---------------------------------------------------------------- transfers on pages


def step(transfer: Transfer, name: str) -> str:
    return reverse(f"transfer-{name}", args=[transfer.public_id])


@pytest.mark.thorough
def test_a_member_moves_by_three_forms_of_two_people(kept: People) -> None:
    held = member(kept.tree["cell"], "Đỗ An")
    here, there = kept.browser(), kept.browser(kept.there)

    asked = here.post(
        f"{page_of(held.person)}chuyen/",
        {"kind": "official", "destination": "Vận tải 1", "once": once()},
    )
    assert asked.status_code == 303
    transfer = Transfer.objects.get()
    assert there.get(step(transfer, "accept")).status_code == 404
    let_go = here.post(
        step(transfer, "release"),
        {
            "released_on": "28/05/2021",
            "effective_on": "07/06/2021",
            "letter_number": "12-GT",
            "version": "1",
            "once": once(),
        },
    )
    assert let_go.status_code == 303
    assert here.get(step(transfer, "accept")).status_code == 404
    seen = there.get(step(transfer, "accept")).context["form"]
    typed = {"version": seen["version"].value(), "once": once()}
    assert [there.post(step(transfer, "accept"), typed).status_code for _click in "12"] == [
        303,
        303,
    ]

    assert [row[:4] for row in places(held.person)] == [
        ("khai-thac-1", "official", BEGINNING, date(2021, 6, 7)),
        ("van-tai-1", "official", date(2021, 6, 7), None),
    ]


def test_an_answer_to_what_was_answered_meanwhile_is_told(kept: People) -> None:
    released = kept.released(member(kept.tree["cell"]))
    theirs = kept.browser(kept.there)
    version = theirs.get(step(released, "refuse")).context["form"]["version"].value()
    accept(released, by=kept.above, on=DAY)

    late = theirs.post(
        step(released, "refuse"), {"version": version, "reason": "Không", "once": once()}
    )

    assert late.status_code == 409
    assert Transfer.objects.get().state == "accepted"


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["release", "accept", "refuse", "withdraw", "end"])
def test_whose_part_it_is_not_finds_no_step(kept: People, name: str) -> None:
    transfer = kept.released(member(kept.tree["cell"]))
    strangers = [
        officer("khac", kept.tree["mine"], Role.AUDITOR),
        officer("duyet", kept.tree["top"], Role.APPROVER),
        officer("lanhdao", kept.tree["top"], Role.LEADER),
    ]
    for user in strangers:
        assert kept.browser(user).get(step(transfer, name)).status_code == 404
        assert kept.browser(user).post(step(transfer, name), {}).status_code == 404
    wrong_side = kept.here if name == "accept" else kept.there
    if name in {"release", "withdraw", "accept"}:
        assert (
            kept.browser(wrong_side).post(step(transfer, name), {"version": "2"}).status_code == 404
        )


@pytest.mark.thorough
def test_somebody_from_outside_is_entered_by_one_and_accepted_by_another(kept: People) -> None:
    typed = {
        "cell": "[van-tai-1]",
        "full_name": "Lê Thị Hà",
        "born_on": "01/05/1990",
        "sex": "female",
        "citizen_id": NUMBER,
        "admitted_on": "03/02/2015",
        "official_on": "03/02/2016",
        "kind": "official",
        "origin_place": "Đảng bộ tỉnh Hải Dương",
        "outside_scope": "elsewhere",
        "letter_number": "12-GT",
        "released_on": "28/05/2021",
        "effective_on": "28/05/2021",
        "once": once(),
    }
    address = reverse("transfer-arrival")
    theirs = kept.browser(kept.there)

    assert theirs.get(address).status_code == 200
    assert [theirs.post(address, typed).status_code for _click in "12"] == [303, 303]
    transfer = Transfer.objects.get()
    assert theirs.get(page_of(transfer.person)).status_code == 200
    assert kept.browser().get(page_of(transfer.person)).status_code == 404
    assert theirs.get(step(transfer, "accept")).status_code == 404
    accepted = kept.browser(kept.above).post(
        step(transfer, "accept"), {"version": "1", "once": once()}
    )

    assert accepted.status_code == 303
    assert places(transfer.person) == [("van-tai-1", "official", DAY, None, "transferred", "")]


@pytest.mark.thorough
def test_each_transfer_stands_in_one_part_of_the_panel(kept: People) -> None:
    here = kept.tree["cell"]
    kept.asked(member(here, "Một"))
    kept.released(member(here, "Hai"))
    kept.released(
        member(here, "Ba"), destination=None, destination_place="X", outside_scope="province"
    )
    kept.moved(member(here, "Bốn"))
    kept.moved(member(here, "Năm"), kind="temporary")
    over = kept.moved(member(here, "Sáu"), kind="temporary", day=EVE)
    end_stay(over, by=kept.there, on=DAY, ended_on=DAY)

    def parts(user: User) -> dict[str, set[str]]:
        return {
            part: {one.person.full_name for one in people.panel(user, part, on=DAY)}
            for part in people.PANELS
        }

    done = {"Bốn", "Sáu"}
    assert parts(kept.here) == {
        "gioi-thieu": {"Một"},
        "tiep-nhan": set(),
        "cho": {"Hai", "Ba"},
        "tam-thoi": {"Năm"},
        "xong": done,
    }
    assert parts(kept.there) == {
        "gioi-thieu": set(),
        "tiep-nhan": {"Hai"},
        "cho": {"Một"},
        "tam-thoi": {"Năm"},
        "xong": done,
    }
    assert parts(kept.above) == {
        "gioi-thieu": {"Một"},
        "tiep-nhan": {"Hai", "Ba"},
        "cho": set(),
        "tam-thoi": {"Năm"},
        "xong": done,
    }
    counted = tabs(kept.browser(kept.above).get(PANEL))
    assert counted == {part: len(found) for part, found in parts(kept.above).items()}


@pytest.mark.sweep
@pytest.mark.parametrize("size", [5, 40])
def test_the_panel_takes_as_many_questions_for_many_as_for_few(
    kept: People, size: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(size):
        kept.asked(member(kept.tree["cell"], f"Người {number}"))
    client = kept.browser()

    with django_assert_max_num_queries(28):
        page = client.get(PANEL)

    assert len(page.context["rows"]) == size


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.AUDITOR, 200), (Role.APPROVER, 200), (Role.LEADER, 404), (Role.ADMINISTRATOR, 404)],
)
def test_who_sees_names_sees_the_panel(
    tree: Tree, signed_in: SignIn, role: str, status: int
) -> None:
    client = signed_in(officer("an", tree["top"], role))

    assert client.get(PANEL).status_code == status
    assert client.get(reverse("transfer-arrival")).status_code == 404


# ---------------------------------------------------------------- duplicates on pages


@pytest.mark.thorough
def test_two_people_merge_two_records_on_pages(kept: People) -> None:
    first, second = member(kept.tree["cell"]).person, member(kept.tree["other cell"]).person
    asks = kept.browser(kept.above)
    answers = kept.browser(officer("duyet", kept.tree["top"], Role.APPROVER))
    ask = reverse("duplicate-merge", args=[first.public_id, second.public_id])
    typed = {
        "keep": str(second.public_id),
        "reason": "Nhập hai lần",
        "decision_number": "9-QĐ",
        "decided_on": "28/05/2021",
        "once": once(),
    }

    assert len(asks.get(reverse("duplicate-list")).context["pairs"]) == 1
    assert answers.get(ask).status_code == 404
    assert [asks.post(ask, typed).status_code for _click in "12"] == [303, 303]
    merge = PersonMerge.objects.get()
    approve = reverse("duplicate-approve", args=[merge.pk])
    assert asks.post(approve, {"once": once()}).status_code == 422
    key = {"once": once()}
    assert [answers.post(approve, key).status_code for _click in "12"] == [303, 303]

    first.refresh_from_db()
    assert first.merged_into == second
    merged, whole = asks.get(page_of(first)), asks.get(page_of(second))
    assert page_of(second) in merged.content.decode()
    assert [span.place for span in whole.context["page"].memberships.past] == ["Chi bộ Khai thác 1"]
    assert names(asks.get(REGISTER)) == [second.full_name]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.STAFF, 200),
        (Role.APPROVER, 200),
        (Role.SECRETARY, 404),
        (Role.AUDITOR, 404),
        (Role.LEADER, 404),
        (Role.ADMINISTRATOR, 404),
    ],
)
def test_who_looks_at_pairs(tree: Tree, signed_in: SignIn, role: str, status: int) -> None:
    first, second = member(tree["cell"]).person, member(tree["cell"]).person
    client = signed_in(officer("an", tree["top"], role))

    assert client.get(reverse("duplicate-list")).status_code == status
    asked = client.get(reverse("duplicate-merge", args=[first.public_id, second.public_id]))
    assert asked.status_code == (200 if role == Role.STAFF else 404)


def test_what_is_no_pair_has_no_page(kept: People) -> None:
    one = member(kept.tree["cell"]).person
    client = kept.browser(kept.above)

    itself = reverse("duplicate-merge", args=[one.public_id, one.public_id])
    assert client.get(itself).status_code == 404
    assert client.get(reverse("duplicate-approve", args=[987654])).status_code == 404


@pytest.mark.parametrize("pairs", [4, 25])
def test_the_pairs_take_as_many_questions_for_many_as_for_few(
    kept: People, pairs: int, django_assert_max_num_queries: Any
) -> None:
    take_over_members(
        kept.tree["cell"],
        [
            NewMember(f"Nguyễn Văn {n % pairs}", date(1980, 1, 1), "male", BEGINNING)
            for n in range(2 * pairs)
        ],
    )
    client = kept.browser(kept.above)

    with django_assert_max_num_queries(18):
        page = client.get(reverse("duplicate-list"))

    assert len(page.context["pairs"]) == pairs


@pytest.mark.thorough
def test_a_merge_is_told_on_the_page_of_the_second_record(kept: People) -> None:
    first, second = member(kept.tree["cell"]).person, member(kept.tree["cell"]).person
    second_person = officer("duyet", kept.tree["top"], Role.APPROVER)
    merge = ask_merge(
        first,
        second,
        by=kept.above,
        on=DAY,
        reason="Nhập hai lần",
        decision_number="9-QĐ",
        decided_on=DAY,
    )
    approve_merge(merge, by=second_person, on=DAY)

    shown = kept.browser().get(page_of(second)).content.decode()

    assert "9-QĐ" in shown
    for what in WRITES:
        assert kept.browser().get(f"{page_of(second)}{what}/").status_code == 404


def test_an_ended_appointment_opens_nothing(kept: People) -> None:
    held = member(kept.tree["cell"])
    former = officer("cu", kept.tree["sibling"])
    appointed(former, kept.tree["cell"], until=DAY)

    assert kept.browser(former).get(page_of(held.person)).status_code == 404
