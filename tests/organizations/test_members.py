"""The member register, and what taking people over from earlier records keeps."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client

from config.errors import DomainError
from organizations.models import Membership, Organization, Person, Role, User
from organizations.operations.people import (
    NewMember,
    add_member,
    join,
    leave,
    register_person,
    take_over_members,
    take_over_members_of,
)
from tests.organizations.conftest import SignIn
from tests.organizations.makers import BEGINNING, DAY, appointed, cell, member, officer, once, unit

pytestmark = pytest.mark.django_db

Tree = dict[str, Organization]
URL = "/dang-vien/"
NEW = "/dang-vien/them/"


@pytest.fixture
def secretary(tree: Tree) -> User:
    return officer("bithu", tree["cell"])


@pytest.fixture
def theirs(secretary: User, signed_in: SignIn) -> Client:
    """The secretary's browser."""
    return signed_in(secretary)


def names(page) -> list[str]:
    return [row.person.full_name for row in page.context["object_list"]]


def errors(answer) -> list[str]:
    return list(answer.context["form"].errors)


def typed(**changes: str) -> dict[str, str]:
    return {
        "cell": "Chi bộ Khai thác 1 [khai-thac-1]",
        "full_name": "Đỗ Văn Thịnh",
        "born_on": "05/06/1985",
        "sex": "male",
        "status": "official",
        "since": "03/02/2010",
        "occupation": "Thợ lò",
        "once": once(),
        **changes,
    }


# ---------------------------------------------------------------- the list


def test_the_register_lists_members_of_today_by_given_name(tree: Tree, theirs: Client) -> None:
    for full_name in ("Trần Văn Bình", "Vũ Anh", "Lê Thị Ánh", "Đỗ An", "Bùi Đạt", "Nguyễn Dung"):
        member(tree["cell"], full_name)
    member(tree["cell"], "Ra Khỏi", until=DAY)
    member(tree["cell"], "Chưa Vào", since=DAY + timedelta(days=1))
    member(tree["other cell"], "Của Nơi Khác")

    assert names(theirs.get(URL)) == [
        "Đỗ An",
        "Vũ Anh",
        "Lê Thị Ánh",
        "Trần Văn Bình",
        "Nguyễn Dung",
        "Bùi Đạt",
    ]


def test_the_order_does_not_hang_on_the_servers_language() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT collation_name FROM information_schema.columns"
            " WHERE column_name = 'name_order'"
        )
        assert cursor.fetchall() == [("C",)]


@pytest.mark.thorough
def test_members_are_found_without_diacritics_by_cell_and_by_status(
    tree: Tree, signed_in: SignIn
) -> None:
    second = cell("khai-thac-2", tree["mine"], name="Chi bộ Khai thác 2")
    member(tree["cell"], "Đỗ Văn Thịnh")
    member(second, "Lê Thị Hà", status="probationary")
    client = signed_in(officer("canbo", tree["mine"], Role.STAFF))

    def found(**asked: str) -> list[str]:
        return names(client.get(URL, asked))

    assert found(q="do van thinh") == ["Đỗ Văn Thịnh"]
    assert found(q="ĐỖ") == ["Đỗ Văn Thịnh"]
    assert found(q="Thi\u0323nh") == ["Đỗ Văn Thịnh"]
    assert found(chi_bo="khai-thac-2") == ["Lê Thị Hà"]
    assert found(tinh_trang="official") == ["Đỗ Văn Thịnh"]
    assert found(q="không ai") == []
    assert found(trang="99", so_dong="25") == ["Lê Thị Hà", "Đỗ Văn Thịnh"]


@pytest.mark.thorough
def test_in_a_large_scope_a_cell_or_its_committee_is_found_by_name(
    tree: Tree, signed_in: SignIn
) -> None:
    for number in range(101):
        cell(f"to-{number}", tree["mine"], name=f"Chi bộ Tổ {number}")
    member(tree["cell"], "Đỗ Văn Thịnh")
    member(tree["other cell"], "Lê Thị Hà")
    client = signed_in(officer("canbo2", tree["top"], Role.STAFF))

    assert names(client.get(URL, {"chi_bo": "khai thac"})) == ["Đỗ Văn Thịnh"]
    assert names(client.get(URL, {"chi_bo": "hòn gai"})) == ["Lê Thị Hà"]
    assert names(client.get(URL, {"chi_bo": "không có"})) == []


def test_the_register_takes_as_many_questions_for_many_as_for_few(
    tree: Tree, theirs: Client, django_assert_max_num_queries: object
) -> None:
    take_over_members(
        tree["cell"],
        [NewMember(f"Nguyễn Văn {n}", date(1980, 1, 1), "male", BEGINNING) for n in range(120)],
    )

    with django_assert_max_num_queries(32):  # type: ignore[operator]
        page = theirs.get(URL, {"so_dong": "200"})

    assert len(names(page)) == 120


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("role", "status", "may_add"),
    [
        (Role.SECRETARY, 200, True),
        (Role.STAFF, 200, True),
        (Role.APPROVER, 200, False),
        (Role.AUDITOR, 200, False),
        (Role.LEADER, 404, False),
        (Role.ADMINISTRATOR, 404, False),
    ],
)
def test_who_sees_names_reads_it_and_who_keeps_the_cell_writes_it(
    tree: Tree, signed_in: SignIn, role: str, status: int, may_add: bool
) -> None:
    client = signed_in(officer("an", tree["cell"], role))

    page = client.get(URL)

    assert page.status_code == status
    assert (status == 200 and page.context["may_add"]) == may_add
    assert client.get(NEW).status_code == (200 if may_add else 404)
    assert client.post(NEW, typed()).status_code == (303 if may_add else 404)


# ---------------------------------------------------------------- adding


def test_a_member_is_added_to_the_cell(tree: Tree, theirs: Client) -> None:
    answer = theirs.post(NEW, typed(), follow=True)

    added = Membership.objects.get()
    assert (added.cell, added.status, added.period.lower) == (
        tree["cell"],
        "official",
        date(2010, 2, 3),
    )
    assert added.reason_in == "taken_over"
    assert names(answer) == ["Đỗ Văn Thịnh"]
    assert added.person.occupation == "Thợ lò"


def test_a_name_typed_in_parts_is_kept_whole(tree: Tree, theirs: Client) -> None:
    theirs.post(NEW, typed(full_name="  Đô\u0303  Văn Thi\u0323nh "))

    assert Person.objects.get().full_name == "Đỗ Văn Thịnh"


def test_a_name_whose_keys_grow_is_kept(tree: Tree, theirs: Client) -> None:
    assert theirs.post(NEW, typed(full_name="ß" * 120)).status_code == 303
    assert theirs.post(NEW, typed(full_name="Á Ế " * 30)).status_code == 303


def test_a_cell_is_prefilled_where_there_is_only_one(tree: Tree, theirs: Client) -> None:
    assert "Chi bộ Khai thác 1 [khai-thac-1]" in theirs.get(NEW).content.decode()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("cell", {"cell": ""}),
        ("cell", {"cell": "Chi bộ Vận tải 1 [van-tai-1]"}),
        ("cell", {"cell": "Đảng bộ Khe Chàm [khe-cham]"}),
        ("full_name", {"full_name": ""}),
        ("full_name", {"full_name": "<script>alert(1)</script>"}),
        ("full_name", {"full_name": "Đỗ\u200bThịnh"}),
        ("full_name", {"full_name": "Đ" * 121}),
        ("born_on", {"born_on": ""}),
        ("born_on", {"born_on": "31/02/1985"}),
        ("born_on", {"born_on": "05/06/1899"}),
        ("born_on", {"born_on": "01/01/1900"}),
        ("born_on", {"born_on": "29/05/2021"}),
        ("sex", {"sex": ""}),
        ("sex", {"sex": "khac"}),
        ("status", {"status": "vua"}),
        ("since", {"since": ""}),
        ("since", {"since": "29/05/2021"}),
        ("since", {"since": "03/02/1985"}),
        ("since", {"since": "03/02/1997"}),
        ("since", {"since": "1/1"}),
        ("occupation", {"occupation": "T" * 121}),
    ],
)
def test_an_impossible_member_is_refused_at_the_field_and_nothing_is_written(
    tree: Tree, theirs: Client, field: str, changes: dict[str, str]
) -> None:
    if "born_on" in changes and changes["born_on"] in {"29/05/2021", "01/01/1900"}:
        changes = {**changes, "since": "28/05/2021"}
    answer = theirs.post(NEW, typed(**changes))

    assert answer.status_code == 422
    assert errors(answer) in ([field], ["since"])
    assert field in errors(answer) or changes.get("born_on") == "29/05/2021"
    assert not Person.objects.exists()
    shown = answer.content.decode()
    assert "Thợ lò" in shown or field == "occupation"


def test_a_double_click_adds_one_member(tree: Tree, theirs: Client) -> None:
    values = typed()

    answers = [theirs.post(NEW, values) for _click in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert Membership.objects.count() == 1


def test_the_same_member_is_not_entered_again(tree: Tree, theirs: Client) -> None:
    theirs.post(NEW, typed())

    answer = theirs.post(NEW, typed())

    assert (answer.status_code, errors(answer)) == (422, ["full_name"])
    assert Person.objects.count() == 1


def test_a_page_without_its_key_still_works_and_nonsense_keys_are_no_error(
    tree: Tree, theirs: Client
) -> None:
    assert theirs.post(NEW, typed(once="khong-phai-khoa")).status_code in {303, 422}
    assert theirs.post(NEW, {}).status_code == 422


# ---------------------------------------------------------------- operations


def test_only_secretary_and_staff_over_the_cell_add_members(tree: Tree) -> None:
    staff_beside = officer("canbo", tree["sibling"], Role.STAFF)
    leader = officer("lanhdao", tree["top"], Role.LEADER)
    ended = officer("cu", tree["sibling"])
    appointed(ended, tree["cell"], until=DAY)

    for who in (staff_beside, leader, ended):
        with pytest.raises(PermissionDenied):
            add_member(
                tree["cell"],
                by=who,
                on=DAY,
                full_name="An",
                born_on=date(1980, 1, 1),
                sex="male",
                status="official",
                since=BEGINNING,
            )


def test_members_belong_to_cells_alone(tree: Tree) -> None:
    with pytest.raises(DomainError) as refused:
        add_member(
            tree["mine"],
            by=officer("canbo", tree["mine"], Role.STAFF),
            on=DAY,
            full_name="An",
            born_on=date(1980, 1, 1),
            sex="male",
            status="official",
            since=BEGINNING,
        )

    assert list(refused.value.fields) == ["cell"]


@pytest.mark.parametrize(
    ("field", "columns"),
    [
        ("full_name", {"full_name": "  "}),
        ("born_on", {"born_on": DAY + timedelta(days=1)}),
        ("born_on", {"born_on": date(1900, 12, 31)}),
    ],
)
def test_an_impossible_person_is_refused(field: str, columns: dict) -> None:
    known = {"full_name": "An", "born_on": date(1990, 1, 1), "sex": "female", "on": DAY}

    with pytest.raises(DomainError) as refused:
        register_person(**{**known, **columns})

    assert list(refused.value.fields) == [field]


@pytest.mark.thorough
def test_many_members_of_many_cells_are_taken_over_at_once(
    tree: Tree, django_assert_max_num_queries: object
) -> None:
    rows = [
        (place, NewMember(f"Nguyễn Văn {n}", date(1980, 1, 1), "male", BEGINNING))
        for place in (tree["cell"], tree["other cell"])
        for n in range(500)
    ]

    with django_assert_max_num_queries(8):  # type: ignore[operator]
        made = take_over_members_of(rows)

    assert len(made) == 1000
    assert [one.person.full_name for one in made[:2]] == ["Nguyễn Văn 0", "Nguyễn Văn 1"]
    assert Membership.objects.on(DAY).filter(cell=tree["cell"]).count() == 500
    assert {one.reason_in for one in made} == {"taken_over"}


def test_a_member_who_leaves_is_out_from_that_day(tree: Tree) -> None:
    held = member(tree["cell"])

    leave(held, on=DAY, reason_out="Chuyển đi")

    assert not Membership.objects.on(DAY).exists()
    assert Membership.objects.on(DAY - timedelta(days=1)).get().reason_out == "Chuyển đi"


def test_a_member_joins_no_second_cell(tree: Tree) -> None:
    held = member(tree["cell"])

    with pytest.raises(DomainError):
        join(
            held.person,
            cell=tree["other cell"],
            status="official",
            on=DAY,
            reason_in="transferred",
        )

    assert Membership.objects.count() == 1


# ---------------------------------------------------------------- who may be known already


def test_who_seems_to_be_known_is_entered_once_it_is_said_to_be_another(
    tree: Tree, signed_in: SignIn
) -> None:
    second = cell("khai-thac-2", tree["mine"], name="Chi bộ Khai thác 2")
    known = member(second, "Trần Văn Bình").person
    client = signed_in(officer("canbo", tree["mine"], Role.STAFF))
    given = typed(full_name="tran van binh", born_on=f"{known.born_on:%d/%m/%Y}")

    asked = client.post(NEW, given)
    page = asked.content.decode()
    assert (asked.status_code, list(asked.context["form"].errors)) == (422, ["another"])
    assert 'type="checkbox" name="another"' in page
    assert "Trần Văn Bình" not in page
    assert Membership.objects.count() == 1
    assert client.post(NEW, {**given, "another": "on", "once": once()}).status_code == 303
    assert Membership.objects.count() == 2


def test_somebody_alike_beyond_what_the_reader_sees_is_not_told(tree: Tree, theirs: Client) -> None:
    known = member(tree["other cell"], "Trần Văn Bình").person

    made = theirs.post(NEW, typed(full_name="Trần Văn Bình", born_on=f"{known.born_on:%d/%m/%Y}"))
    assert made.status_code == 303


def test_cells_of_one_name_are_offered_with_their_superior(tree: Tree, signed_in: SignIn) -> None:
    for number in (1, 2):
        above = unit(f"db-{number}", tree["mine"], name=f"Đảng bộ {number}")
        cell(f"vp-{number}", above, name="Chi bộ Văn phòng")
    client = signed_in(officer("canbo", tree["mine"], Role.STAFF))

    offered = dict(client.get(URL).context["filter"].filters["chi_bo"].extra["choices"])
    assert (offered["vp-1"], offered["vp-2"], offered["khai-thac-1"]) == (
        "Chi bộ Văn phòng — Đảng bộ 1",
        "Chi bộ Văn phòng — Đảng bộ 2",
        tree["cell"].designation(on=DAY).name,
    )


def test_who_left_by_a_reorganisation_is_among_those_who_left(tree: Tree, theirs: Client) -> None:
    gone = member(tree["cell"], "Ra Khỏi", until=DAY)
    Membership.objects.filter(pk=gone.pk).update(reason_out="reorganised")

    assert names(theirs.get(URL, {"tinh_trang": "left"})) == ["Ra Khỏi"]
