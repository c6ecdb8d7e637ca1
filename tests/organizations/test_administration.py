"""The administrator's pages: organisations, accounts, roles; nobody else has them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from organizations.models import (
    Appointment,
    AppointmentProposal,
    Competence,
    Organization,
    Role,
    User,
)
from organizations.operations.structure import found_many
from tests.database import OwnerRole
from tests.organizations.conftest import SignIn
from tests.organizations.makers import (
    BEGINNING,
    DAY,
    account,
    appointed,
    cell,
    member,
    officer,
    once,
    unit,
)
from tests.organizations.test_structure import row

pytestmark = pytest.mark.django_db

Tree = dict[str, Organization]
PAGES = [
    "/quan-tri/",
    "/quan-tri/to-chuc/",
    "/quan-tri/to-chuc/them/",
    "/quan-tri/to-chuc/khe-cham/tham-quyen/",
    "/quan-tri/nguoi-dung/",
    "/quan-tri/nguoi-dung/them/",
    "/quan-tri/nguoi-dung/ai-do/trang/",
    "/quan-tri/nguoi-dung/ai-do/vai-tro/",
    "/quan-tri/nguoi-dung/ai-do/dong/",
    "/quan-tri/nguoi-dung/ai-do/mo-lai/",
]


def errors(answer) -> list[str]:
    return list(answer.context["form"].errors)


def slugs(page) -> list[str]:
    return [line.organization.slug for line in page.context["rows"]]


@pytest.mark.sweep
@pytest.mark.parametrize("url", PAGES)
@pytest.mark.parametrize("role", [one for one in Role if one != Role.ADMINISTRATOR])
def test_for_any_other_role_the_pages_do_not_exist(
    tree: Tree, signed_in: SignIn, role: str, url: str
) -> None:
    account("ai-do")
    client = signed_in(officer("an", tree["top"], role))

    assert client.get(url).status_code == 404
    assert client.post(url, {"once": once()}).status_code in {404, 405}


@pytest.mark.sweep
@pytest.mark.parametrize("url", PAGES)
def test_the_administrator_has_them_all(tree: Tree, keeper: Client, url: str) -> None:
    account("ai-do")

    assert keeper.get(url).status_code == 200


def test_who_was_administrator_until_yesterday_has_none(tree: Tree, signed_in: SignIn) -> None:
    user = account("cu")
    appointed(user, tree["top"], Role.ADMINISTRATOR, until=DAY)

    assert signed_in(user).get("/quan-tri/").status_code == 404


@pytest.mark.sweep
@pytest.mark.parametrize("url", PAGES)
def test_nobody_has_them_without_signing_in(tree: Tree, client: Client, url: str) -> None:
    assert client.get(url).status_code == 302


@pytest.mark.thorough
def test_the_pages_name_no_member(tree: Tree, keeper: Client) -> None:
    member(tree["cell"], "Nguyễn Thị Bí Mật")
    account("ai-do")

    for url in [*PAGES, "/quan-tri/to-chuc/?q=khai"]:
        assert "Bí Mật" not in keeper.get(url).content.decode()
    assert keeper.get("/dang-vien/").status_code == 404


# ---------------------------------------------------------------- what comes next


def test_the_first_page_says_what_comes_next_and_what_is_done(tree: Tree, keeper: Client) -> None:
    before = [step.is_done for step in keeper.get("/quan-tri/").context["steps"]]
    officer("bithu", tree["cell"])
    officer("canbo", tree["mine"], Role.STAFF)
    officer("duyet", tree["top"], Role.APPROVER)
    member(tree["cell"])
    Competence.objects.create(
        organization=tree["top"],
        kind="superior",
        period=tree["top"].period,
        decision_number="1-QĐ",
    )

    after = [step.is_done for step in keeper.get("/quan-tri/").context["steps"]]

    assert before == [True, False, False, False, False, False, False]
    assert after == [True, True, True, True, True, False, False]


# ---------------------------------------------------------------- organisations


def test_the_tree_shows_each_above_its_own(tree: Tree, keeper: Client) -> None:
    cell("khai-thac-10", tree["mine"], name="Chi bộ Khai thác 10")
    cell("khai-thac-2", tree["mine"], name="Chi bộ Khai thác 2")

    page = keeper.get("/quan-tri/to-chuc/")

    assert [(line.organization.slug, line.indent) for line in page.context["rows"]] == [
        ("tren", 0),
        ("hon-gai", 1),
        ("van-tai-1", 2),
        ("khe-cham", 1),
        ("khai-thac-1", 2),
        ("khai-thac-2", 2),
        ("khai-thac-10", 2),
    ]


@pytest.mark.parametrize("text", ["khe cham", "KHE CHÀM", "chàm", "Kh\u0065\u0300"[:2]])
def test_an_organisation_is_found_without_diacritics(tree: Tree, keeper: Client, text: str) -> None:
    assert "khe-cham" in slugs(keeper.get("/quan-tri/to-chuc/", {"q": text}))


def test_a_search_is_a_flat_list_with_superiors(tree: Tree, keeper: Client) -> None:
    page = keeper.get("/quan-tri/to-chuc/", {"q": "van tai"})

    assert slugs(page) == ["van-tai-1"]
    assert "Đảng bộ Hòn Gai" in page.content.decode()
    assert slugs(keeper.get("/quan-tri/to-chuc/", {"loai": "cell"})) == ["khai-thac-1", "van-tai-1"]
    assert slugs(keeper.get("/quan-tri/to-chuc/", {"q": "không có"})) == []
    assert keeper.get("/quan-tri/to-chuc/", {"loai": "nhảm"}).status_code == 200


def test_one_looks_deeper_from_an_organisation(tree: Tree, keeper: Client) -> None:
    assert slugs(keeper.get("/quan-tri/to-chuc/?tu=khe-cham")) == ["khe-cham", "khai-thac-1"]
    assert keeper.get("/quan-tri/to-chuc/?tu=khong-co").status_code == 404


def test_the_administrator_of_a_part_sees_that_part(tree: Tree, signed_in: SignIn) -> None:
    client = signed_in(officer("quantri2", tree["mine"], Role.ADMINISTRATOR))

    assert slugs(client.get("/quan-tri/to-chuc/")) == ["khe-cham", "khai-thac-1"]
    assert client.get("/quan-tri/to-chuc/?tu=hon-gai").status_code == 404
    assert client.get("/quan-tri/to-chuc/hon-gai/tham-quyen/").status_code == 404
    assert slugs(client.get("/quan-tri/to-chuc/?q=hon")) == []


@pytest.mark.thorough
def test_a_thousand_organisations_take_as_many_questions_as_ten(
    tree: Tree, keeper: Client, owner_role: OwnerRole, django_assert_max_num_queries: object
) -> None:
    found_many(
        [row(f"db-{n}", "tren", name=f"Đảng bộ {n}", on=BEGINNING) for n in range(25)]
        + [
            row(f"cb-{n}", f"db-{n % 25}", name=f"Chi bộ {n}", kind="cell", on=BEGINNING)
            for n in range(1000)
        ]
    )
    with owner_role() as cursor:  # as after every batch: the planner still thinks of empty tables
        cursor.execute("ANALYZE")

    for url in ["/quan-tri/to-chuc/", "/quan-tri/to-chuc/?q=bo", "/quan-tri/to-chuc/them/"]:
        with django_assert_max_num_queries(30):  # type: ignore[operator]
            page = keeper.get(url)
        assert page.status_code == 200
        assert len(page.content) < 150_000


def new_unit(**changes: str) -> dict[str, str]:
    return {
        "name": "Chi bộ Cơ điện",
        "short_name": "",
        "kind": "cell",
        "under": "Đảng bộ Khe Chàm [khe-cham]",
        "on": "01/03/2021",
        "decision_number": "7-QĐ/ĐU",
        "once": once(),
        **changes,
    }


def test_an_organisation_is_added_beneath_another(tree: Tree, keeper: Client) -> None:
    answer = keeper.post("/quan-tri/to-chuc/them/", new_unit(), follow=True)

    made = Organization.objects.get(slug="chi-bo-co-dien")
    assert made.period.lower == date(2021, 3, 1)
    assert made.placements.get().parent == tree["mine"]
    assert slugs(answer) == ["khe-cham", "chi-bo-co-dien", "khai-thac-1"]
    assert len(answer.context["messages"]) == 1


@pytest.mark.sweep
@pytest.mark.parametrize("text", ["khe cham", "Đảng bộ Khe Chàm", "chàm", "khe-cham"])
def test_the_superior_is_found_by_a_part_of_its_name(tree: Tree, keeper: Client, text: str) -> None:
    assert keeper.post("/quan-tri/to-chuc/them/", new_unit(under=text)).status_code == 303


@pytest.mark.thorough
def test_what_fits_several_superiors_is_asked_again_with_these(tree: Tree, keeper: Client) -> None:
    answer = keeper.post("/quan-tri/to-chuc/them/", new_unit(under="đảng bộ"))

    assert answer.status_code == 422
    assert errors(answer) == ["under"]
    page = answer.content.decode()
    assert "Đảng bộ Khe Chàm — Đảng bộ Than [khe-cham]" in page
    assert "Đảng bộ Hòn Gai — Đảng bộ Than [hon-gai]" in page


def test_an_unusual_superior_is_said_and_not_refused(tree: Tree, keeper: Client) -> None:
    values = new_unit(under="Đảng bộ Than [tren]")

    answer = keeper.post("/quan-tri/to-chuc/them/", values, follow=True)

    assert Organization.objects.filter(slug="chi-bo-co-dien").exists()
    assert [message.level_tag for message in answer.context["messages"]] == ["warn", "ok"]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "<script>alert(1)</script>"}),
        ("name", {"name": "Chi bộ \u202eđảo"}),
        ("name", {"name": "C" * 161}),
        ("kind", {"kind": ""}),
        ("kind", {"kind": "hoi-quan"}),
        ("under", {"under": ""}),
        ("under", {"under": "Không có ở đâu"}),
        ("under", {"under": "x [khong-co]"}),
        ("under", {"under": "Chi bộ Khai thác 1 [khai-thac-1]"}),
        ("on", {"on": ""}),
        ("on", {"on": "31/02/2021"}),
        ("on", {"on": "hôm qua"}),
        ("on", {"on": "01/01/0021"}),
        ("on", {"on": "31/12/2020"}),
        ("decision_number", {"decision_number": "9" * 41}),
    ],
)
def test_an_impossible_organisation_is_refused_at_its_field(
    tree: Tree, keeper: Client, field: str, changes: dict[str, str]
) -> None:
    before = Organization.objects.count()

    answer = keeper.post("/quan-tri/to-chuc/them/", new_unit(**changes))

    assert answer.status_code == 422
    assert errors(answer) == [field]
    assert Organization.objects.count() == before


def test_nothing_is_added_beneath_what_somebody_else_administers(
    tree: Tree, signed_in: SignIn
) -> None:
    client = signed_in(officer("quantri2", tree["mine"], Role.ADMINISTRATOR))

    answer = client.post("/quan-tri/to-chuc/them/", new_unit(under="Hòn Gai [hon-gai]"))

    assert errors(answer) == ["under"]


def test_a_double_click_adds_one_organisation(tree: Tree, keeper: Client) -> None:
    values = new_unit()

    answers = [keeper.post("/quan-tri/to-chuc/them/", values) for _click in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert Organization.objects.filter(slug__startswith="chi-bo-co-dien").count() == 1


COMPETENCE = {
    "kind": "superior",
    "decision_number": "12-QĐ/TU",
    "on": "01/01/2021",
    "members_entitled": "15",
}


def test_a_competence_is_granted(tree: Tree, keeper: Client) -> None:
    answer = keeper.post("/quan-tri/to-chuc/tren/tham-quyen/", {**COMPETENCE, "once": once()})

    assert answer.status_code == 303
    assert Competence.objects.over(tree["cell"].pk, on=DAY).members_entitled == 15
    again = keeper.post("/quan-tri/to-chuc/tren/tham-quyen/", {**COMPETENCE, "once": once()})
    assert (again.status_code, errors(again)) == (422, ["on"])


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "khac"),
        ("decision_number", ""),
        ("on", "30/02/2021"),
        ("on", "01/01/2020"),
        ("members_entitled", "0"),
        ("members_entitled", "-5"),
        ("members_entitled", "nhiều"),
        ("members_entitled", "99999"),
    ],
)
def test_an_impossible_competence_is_refused_at_its_field(
    tree: Tree, keeper: Client, field: str, value: str
) -> None:
    answer = keeper.post("/quan-tri/to-chuc/tren/tham-quyen/", {**COMPETENCE, field: value})

    assert (answer.status_code, errors(answer)) == (422, [field])
    assert not Competence.objects.exists()


# ---------------------------------------------------------------- accounts


def new_account(**changes: str) -> dict[str, str]:
    return {
        "full_name": "Đỗ Văn Thịnh",
        "username": "bithu",
        "once": once(),
        **changes,
    }


def test_an_account_is_opened_and_may_do_nothing_yet(tree: Tree, keeper: Client) -> None:
    answer = keeper.post("/quan-tri/nguoi-dung/them/", new_account())

    user = User.objects.get(username="bithu")
    assert answer.headers["Location"] == "/quan-tri/nguoi-dung/bithu/trang/"
    assert user.full_name == "Đỗ Văn Thịnh"
    assert not user.has_usable_password()
    assert not Organization.objects.visible_to(user, on=DAY).exists()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("full_name", {"full_name": ""}),
        ("full_name", {"full_name": "<i>Thịnh</i>"}),
        ("username", {"username": "hai từ"}),
        ("username", {"username": "quantri"}),
        ("username", {"username": "QUANTRI"}),
    ],
)
def test_an_impossible_account_is_refused_at_its_field(
    tree: Tree, keeper: Client, field: str, changes: dict[str, str]
) -> None:
    answer = keeper.post("/quan-tri/nguoi-dung/them/", new_account(**changes))

    assert (answer.status_code, errors(answer)) == (422, [field])
    assert list(User.objects.values_list("username", flat=True)) == ["quantri"]


def test_accounts_are_found_without_diacritics_and_by_role_and_state(
    tree: Tree, keeper: Client
) -> None:
    thinh = account("thinh", full_name="Đỗ Văn Thịnh")
    appointed(thinh, tree["cell"])
    closed = account("cu", full_name="Lê Cũ")
    closed.is_active = False
    closed.save(update_fields=["is_active"])
    account("moi", full_name="Hoàng Mới")

    def usernames(**asked: str) -> list[str]:
        page = keeper.get("/quan-tri/nguoi-dung/", asked)
        return [one.username for one in page.context["object_list"]]

    assert usernames(q="do van thinh") == ["thinh"]
    assert usernames(q="ĐỖ") == ["thinh"]
    assert usernames(q="thin") == ["thinh"]
    assert usernames(vai_tro="secretary") == ["thinh"]
    assert usernames(tinh_trang="dong") == ["cu"]
    assert usernames(tinh_trang="chua") == ["moi"]
    assert len(usernames()) == 4


def test_a_closed_account_is_signed_out_at_its_next_page(
    tree: Tree, keeper: Client, signed_in: SignIn
) -> None:
    user = officer("bithu", tree["cell"])
    theirs = signed_in(user)
    assert theirs.get("/dang-vien/").status_code == 200

    keeper.post("/quan-tri/nguoi-dung/bithu/dong/", {"once": once()})

    assert theirs.get("/dang-vien/").status_code == 302
    keeper.post("/quan-tri/nguoi-dung/bithu/mo-lai/", {"once": once()})
    user.refresh_from_db()
    assert user.is_active


def test_nobody_closes_their_own_account(tree: Tree, keeper: Client) -> None:
    answer = keeper.post("/quan-tri/nguoi-dung/quantri/dong/", {"once": once()})

    assert answer.status_code == 422
    assert User.objects.get(username="quantri").is_active


def test_the_account_of_somebody_who_acts_elsewhere_is_not_there(
    tree: Tree, signed_in: SignIn
) -> None:
    officer("canbo", tree["sibling"], Role.STAFF)
    client = signed_in(officer("quantri2", tree["mine"], Role.ADMINISTRATOR))

    for page in ("trang", "vai-tro", "dong", "mo-lai"):
        assert client.get(f"/quan-tri/nguoi-dung/canbo/{page}/").status_code == 404
    assert client.post("/quan-tri/nguoi-dung/canbo/dong/").status_code == 404
    assert User.objects.get(username="canbo").is_active


# ---------------------------------------------------------------- roles


def new_role(**changes: str) -> dict[str, str]:
    return {
        "to": "Chi bộ Khai thác 1 [khai-thac-1]",
        "role": "secretary",
        "title": "Bí thư chi bộ",
        "since": "28/05/2021",
        "last_on": "",
        "once": once(),
        **changes,
    }


def test_a_role_is_proposed_from_a_day_to_its_last_day_and_gives_nothing_yet(
    tree: Tree, keeper: Client
) -> None:
    user = account("bithu")

    answer = keeper.post("/quan-tri/nguoi-dung/bithu/vai-tro/", new_role(last_on="31/05/2021"))

    assert answer.status_code == 303
    role = AppointmentProposal.objects.get(user=user)
    assert (role.organization, role.role, role.title, role.state) == (
        tree["cell"],
        "secretary",
        "Bí thư chi bộ",
        "asked",
    )
    assert (role.period.lower, role.period.upper) == (DAY, date(2021, 6, 1))
    assert role.entered_by.username == "quantri"
    assert not user.appointments.exists()
    assert "Chờ xác nhận" in keeper.get("/quan-tri/nguoi-dung/bithu/trang/").content.decode()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("to", {"to": ""}),
        ("to", {"to": "Chi bộ không có"}),
        ("role", {"role": ""}),
        ("role", {"role": "vua"}),
        ("title", {"title": "<b>Bí thư</b>"}),
        ("since", {"since": ""}),
        ("since", {"since": "29/02/2021"}),
        ("last_on", {"last_on": "27/05/2021"}),
        ("last_on", {"last_on": "32/05/2021"}),
    ],
)
def test_an_impossible_role_is_refused_at_its_field(
    tree: Tree, keeper: Client, field: str, changes: dict[str, str]
) -> None:
    user = account("bithu")

    answer = keeper.post("/quan-tri/nguoi-dung/bithu/vai-tro/", new_role(**changes))

    assert (answer.status_code, errors(answer)) == (422, [field])
    assert not user.appointments.exists()
    assert not user.proposed_appointments.exists()


def test_a_role_is_proposed_once_however_often_it_is_sent(tree: Tree, keeper: Client) -> None:
    user = account("bithu")
    values = new_role()

    answers = [
        keeper.post("/quan-tri/nguoi-dung/bithu/vai-tro/", sent)
        for sent in (values, values, new_role())
    ]

    assert [answer.status_code for answer in answers] == [303, 303, 422]
    assert errors(answers[2]) == ["role"]
    assert user.proposed_appointments.count() == 1


def test_nobody_gives_a_role_to_themselves(tree: Tree, keeper: Client) -> None:
    answer = keeper.post("/quan-tri/nguoi-dung/quantri/vai-tro/", new_role())

    assert answer.status_code == 422
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize(("held", "wanted"), [("auditor", "staff"), ("staff", "auditor")])
def test_an_auditor_writes_nothing(tree: Tree, keeper: Client, held: str, wanted: str) -> None:
    officer("bithu", tree["sibling"], held)

    answer = keeper.post("/quan-tri/nguoi-dung/bithu/vai-tro/", new_role(role=wanted))

    assert (answer.status_code, errors(answer)) == (422, ["role"])


def test_a_closed_account_is_given_no_role(tree: Tree, keeper: Client) -> None:
    user = account("bithu")
    user.is_active = False
    user.save(update_fields=["is_active"])

    assert keeper.post("/quan-tri/nguoi-dung/bithu/vai-tro/", new_role()).status_code == 422


def test_a_role_that_ends_today_no_longer_holds_today(tree: Tree, keeper: Client) -> None:
    user = officer("bithu", tree["cell"])
    role = user.appointments.get()

    answer = keeper.post(f"/quan-tri/vai-tro/{role.pk}/ket-thuc/", {"once": once()})

    assert answer.status_code == 303
    assert not Appointment.objects.of(user, on=DAY).exists()
    assert Appointment.objects.of(user, on=DAY - timedelta(days=1)).exists()


def test_a_role_given_today_ends_after_its_first_day(tree: Tree, keeper: Client) -> None:
    role = appointed(account("bithu"), tree["cell"], since=DAY)

    keeper.post(f"/quan-tri/vai-tro/{role.pk}/ket-thuc/", {"once": once()})

    role.refresh_from_db()
    assert role.period.upper == DAY + timedelta(days=1)


def test_a_role_that_has_ended_is_not_ended_again(tree: Tree, keeper: Client) -> None:
    role = appointed(account("bithu"), tree["cell"], until=DAY)

    answer = keeper.post(f"/quan-tri/vai-tro/{role.pk}/ket-thuc/", {"once": once()})

    role.refresh_from_db()
    assert answer.status_code == 422
    assert role.period.upper == DAY


def test_nobody_ends_a_role_of_their_own(tree: Tree, keeper: Client, administrator: User) -> None:
    role = administrator.appointments.get()

    answer = keeper.post(f"/quan-tri/vai-tro/{role.pk}/ket-thuc/", {"once": once()})

    assert answer.status_code == 422
    assert keeper.get("/quan-tri/").status_code == 200


def test_a_role_elsewhere_is_not_there_to_be_ended(tree: Tree, signed_in: SignIn) -> None:
    theirs = officer("canbo", tree["sibling"], Role.STAFF).appointments.get()
    client = signed_in(officer("quantri2", tree["mine"], Role.ADMINISTRATOR))

    for pk in (theirs.pk, 999_999, 2**63):
        url = f"/quan-tri/vai-tro/{pk}/ket-thuc/"
        assert client.get(url).status_code == 404
        assert client.post(url, {"once": once()}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.period.upper is None


def test_a_role_may_be_given_beneath_but_not_beside(tree: Tree, signed_in: SignIn) -> None:
    account("bithu")
    client = signed_in(officer("quantri2", tree["mine"], Role.ADMINISTRATOR))

    beside = client.post(
        "/quan-tri/nguoi-dung/bithu/vai-tro/", new_role(to="Vận tải 1 [van-tai-1]")
    )
    beneath = client.post("/quan-tri/nguoi-dung/bithu/vai-tro/", new_role())

    assert errors(beside) == ["to"]
    assert beneath.status_code == 303


def test_the_tree_of_a_later_founded_unit_waits_for_its_day(tree: Tree, keeper: Client) -> None:
    unit("moi", tree["top"], on=DAY + timedelta(days=1))

    assert "moi" not in slugs(keeper.get("/quan-tri/to-chuc/"))
