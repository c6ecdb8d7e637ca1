"""The pages of files: the whole way by forms, what each role sees, and bad input."""

import re
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from admissions.models import Admission, Ballot, Candidate, Decision, Paper
from admissions.stages import Stage
from config.periods import between
from organizations.models import User
from tests.makers import (
    DAY,
    World,
    appointed,
    candidate,
    decided,
    logged,
    needed_papers,
    once,
    prepared,
    sent_up,
    stand_on,
)

NEW = {
    "full_name": "Vũ Văn Thịnh",
    "born_on": "17/09/1996",
    "sex": "male",
    "occupation": "Thợ lò bậc 5/6",
}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def url(name: str, file: Candidate, *more: str) -> str:
    return reverse(name, args=[file.public_id, *more])


def page(user: User, address: str) -> str:
    answer = signed_in(user).get(address)
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def send(user: User, address: str, **values: Any) -> Any:
    return signed_in(user).post(address, {"once": once(), **values})


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 422
    return {name: list(found) for name, found in answer.context["form"].errors.items()}


# ---------------------------------------------------------------- the whole way


@pytest.mark.thorough
def test_a_file_goes_the_whole_way_by_its_pages(kc: World) -> None:
    # Past youth age: two members introduce.
    answer = send(kc.secretary, reverse("candidate-new"), **{**NEW, "born_on": "17/09/1985"})
    file = Candidate.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, url("candidate-detail", file))
    step = lambda code: url("candidate-step", file, code)  # noqa: E731

    # identified today: the rest happens today
    day = "28/05/2021"
    papers = {f"dated_on-{kind.pk}": day for kind in needed_papers(DAY)}
    ballot = {"held_on": day, "present": "24", "in_favour": "22", "against": "2"}
    way = [
        (kc.secretary, "cam-tinh", {"held_on": day}, Stage.SYMPATHISER),
        (
            kc.secretary,
            "giay-chung-nhan",
            {"number": "CN-7", "issuer": "Trung tâm chính trị", "issued_on": "28/11/2020"},
            Stage.CERTIFIED,
        ),
        (
            kc.secretary,
            "giup-do",
            {"mentor": kc.members[0].pk, "since": day},
            Stage.CERTIFIED,
        ),
        (
            kc.staff,
            "duoc-lam-thu-tuc",
            {"held_on": day, "resolution_number": "06-NQ/ĐU"},
            Stage.PERMITTED,
        ),
        (
            kc.secretary,
            "gioi-thieu",
            {
                "person": kc.members[0].pk,
                "together_since": "01/06/2019",
                "person_2": kc.members[1].pk,
                "named_on": day,
            },
            Stage.PERMITTED,
        ),
        (kc.secretary, "giay-to", {"received_on": day, **papers}, Stage.READY),
        (kc.secretary, "chi-bo-xet", {"entitled": "26", **ballot}, Stage.CELL_RESOLVED),
        (
            kc.staff,
            "co-so-xet",
            {**ballot, "entitled": "15", "present": "15", "in_favour": "12"},
            Stage.GRASSROOTS_RESOLVED,
        ),
        (
            kc.staff2,
            "cap-tren-xet",
            {**ballot, "entitled": "15", "present": "15", "in_favour": "12"},
            Stage.COMPETENT_RESOLVED,
        ),
        (
            kc.approver,
            "quyet-dinh",
            {"number": "186-QĐ/ĐU", "signed_on": day, "signer": "Nguyễn A", "confirm": "on"},
            Stage.DECIDED,
        ),
        (kc.secretary, "le-ket-nap", {"ceremony_on": day}, Stage.ADMITTED),
    ]
    for user, code, values, reached in way:
        assert 'class="btn pri"' in page(user, step(code)), code
        answer = send(user, step(code), **values)
        assert answer.status_code == 303, (code, answer.status_code, answer.context["form"].errors)
        assert Candidate.objects.get().stage == reached, code
        page(user, url("candidate-detail", file))

    assert Admission.objects.get().candidate == file


@pytest.mark.thorough
def test_every_page_says_its_next_task_to_whom_it_is(kc: World) -> None:
    file = sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED))

    assert "co-so-xet" in page(kc.staff, url("candidate-detail", file))
    for reader in (kc.secretary, kc.staff2, kc.approver, kc.auditor):
        shown = page(reader, url("candidate-detail", file))
        assert "co-so-xet" not in shown
        assert "waiting for Đảng bộ kc-dang-uy" in shown


@pytest.mark.sweep
@pytest.mark.parametrize(
    "at", [Stage.SOURCE, Stage.SYMPATHISER, Stage.READY, Stage.DECIDED, Stage.ADMITTED]
)
def test_a_file_has_a_page_at_every_stage(kc: World, at: Stage) -> None:
    file = candidate(kc, at=at)

    shown = page(kc.secretary, url("candidate-detail", file))

    assert shown.count("data-n=") == 8
    assert file.number in shown


def test_a_closed_file_says_since_when_and_why(kc: World) -> None:
    file = candidate(kc, at=Stage.SYMPATHISER)

    answer = send(
        kc.secretary,
        url("candidate-close", file),
        closed_on="28/05/2021",
        reason="Chuyển nơi cư trú",
        confirm="on",
    )

    assert answer.status_code == 303
    assert "Closed on 28/05/2021: Chuyển nơi cư trú" in page(
        kc.secretary, url("candidate-detail", file)
    )


@pytest.mark.thorough
def test_the_timeline_shows_five_and_all_when_asked(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)
    address = url("candidate-detail", file)

    short, whole = page(kc.secretary, address), page(kc.secretary, f"{address}?tat-ca=1")

    assert (short.count("<time"), whole.count("<time")) == (5, file.milestones.count())
    assert "?tat-ca=1" in short
    assert "?tat-ca=1" not in whole


def test_the_consequences_show_both_rules_when_they_change_in_between(kc: World) -> None:
    file = prepared(kc, logged(kc))

    answer = signed_in(kc.secretary).get(url("candidate-detail", file))

    rows = answer.context["page"].consequences
    assert [(row.day, row.rules) for row in rows] == [
        (date(2021, 6, 7), "29-QĐ/TW"),
        (date(2021, 7, 5), "29-QĐ/TW"),
        (date(2021, 8, 5), "24-QĐ/TW"),
    ]
    assert [one.code for one in answer.context["page"].rule_sets] == ["29-QĐ/TW", "24-QĐ/TW"]
    assert rows[0].decision_by == date(2021, 8, 30)


@pytest.mark.thorough
def test_the_ballot_says_how_many_votes_are_needed(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    shown = page(kc.secretary, url("candidate-step", file, "chi-bo-xet"))

    assert "Needed: 18/26 (at least 2/3, 29-QĐ/TW)." in shown
    assert 'value="26"' in shown


def test_a_ballot_page_tells_beforehand_what_is_missing(kc: World) -> None:
    shown = page(kc.secretary, url("candidate-step", logged(kc), "chi-bo-xet"))

    assert "not on the list of sympathisers" in shown


# ---------------------------------------------------------------- bad input


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"full_name": ""}, "full_name"),
        ({"full_name": "<b>Vũ</b> Văn Thịnh"}, "full_name"),
        ({"born_on": ""}, "born_on"),
        ({"born_on": "31/02/1996"}, "born_on"),
        ({"born_on": "hôm qua"}, "born_on"),
        ({"born_on": "17/09/2008"}, "born_on"),  # twelve years old
        ({"sex": ""}, "sex"),
        ({"occupation": "  "}, "occupation"),
    ],
)
def test_a_bad_field_is_told_at_the_field_and_what_was_typed_is_kept(
    kc: World, changes: dict[str, str], field: str
) -> None:
    answer = send(kc.secretary, reverse("candidate-new"), **{**NEW, **changes})

    assert list(errors(answer)) == [field]
    assert "Thợ lò bậc 5/6" in answer.content.decode() or field == "occupation"
    assert not Candidate.objects.exists()


def test_a_name_in_nfd_is_taken(kc: World) -> None:
    send(kc.secretary, reverse("candidate-new"), **{**NEW, "full_name": "Đỗ Thịnh"})

    assert Candidate.objects.get().person.full_name == "Đỗ Thịnh"


def test_a_double_click_is_one_file(kc: World) -> None:
    key = once()

    first = send(kc.secretary, reverse("candidate-new"), **NEW, once=key)
    second = send(kc.secretary, reverse("candidate-new"), **NEW, once=key)

    assert Candidate.objects.count() == 1
    assert (first.status_code, second.status_code) == (303, 303)
    assert first["Location"] == second["Location"]


@pytest.mark.thorough
def test_a_double_click_is_one_ceremony(kc: World) -> None:
    file, key = candidate(kc, at=Stage.DECIDED), once()
    address = url("candidate-step", file, "le-ket-nap")

    answers = [
        send(kc.secretary, address, ceremony_on="19/05/2021", once=key) for _click in range(2)
    ]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert Admission.objects.count() == 1


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"in_favour": "24"}, "in_favour"),  # more than the 22 present
        ({"present": "27"}, "present"),
        ({"entitled": "27", "present": "22"}, "entitled"),
        ({"against": "9"}, "against"),
        ({"entitled": "0", "present": "0", "in_favour": "0", "against": "0"}, "entitled"),
        ({"in_favour": "-1"}, "in_favour"),
        ({"in_favour": "20,5"}, "in_favour"),
        ({"held_on": "29/05/2021"}, "held_on"),
        ({"held_on": "30/02/2021"}, "held_on"),
        ({"held_on": "09/02/2021"}, "held_on"),  # before the papers were in
    ],
)
def test_an_impossible_vote_is_told_at_its_number(
    kc: World, values: dict[str, str], field: str
) -> None:
    file = candidate(kc, at=Stage.READY)
    typed = {
        "held_on": "05/03/2021",
        "entitled": "26",
        "present": "22",
        "in_favour": "20",
        "against": "2",
        **values,
    }

    answer = send(kc.secretary, url("candidate-step", file, "chi-bo-xet"), **typed)

    assert list(errors(answer)) == [field]
    assert not Ballot.objects.exists()


@pytest.mark.thorough
def test_a_decision_before_its_vote_or_with_a_used_number_is_told_at_its_field(kc: World) -> None:
    decided(kc, candidate(kc, at=Stage.COMPETENT_RESOLVED), number="12-QĐ/ĐU")
    file = candidate(kc, at=Stage.COMPETENT_RESOLVED)
    address = url("candidate-step", file, "quyet-dinh")
    typed = {"number": "12-QĐ/ĐU", "signer": "Nguyễn A", "confirm": "on"}

    early = send(kc.approver, address, **typed, signed_on="08/04/2021")
    used = send(kc.approver, address, **typed, signed_on="15/04/2021")

    assert list(errors(early)) == ["signed_on"]
    assert list(errors(used)) == ["number"]
    assert 'value="12-QĐ/ĐU"' in used.content.decode()
    assert Decision.objects.count() == 1


@pytest.mark.thorough
def test_papers_are_refused_at_the_paper_and_none_is_half_written(kc: World) -> None:
    file = logged(kc)
    first, second = needed_papers(DAY)[:2]
    address = url("candidate-step", file, "giay-to")
    good = {f"dated_on-{first.pk}": "10/02/2021", "received_on": "12/02/2021"}

    answer = send(kc.secretary, address, **good, **{f"dated_on-{second.pk}": "13/02/2021"})
    nothing = send(kc.secretary, address, received_on="12/02/2021")
    alone = send(kc.secretary, address, **{**good, f"dated_on-{first.pk}": "13/02/2021"})
    tomorrow = send(kc.secretary, address, **{**good, "received_on": "29/05/2021"})

    assert list(errors(answer)) == [f"dated_on-{second.pk}"]
    assert list(errors(nothing)) == [f"dated_on-{first.pk}"]
    assert list(errors(alone)) == [f"dated_on-{first.pk}"]
    assert list(errors(tomorrow)) == ["received_on"]
    assert not Paper.objects.exists()


def test_a_stale_page_is_a_conflict_that_says_who_and_what(kc: World) -> None:
    file = logged(kc)
    address = url("candidate-edit", file)
    typed = {"full_name": file.person.full_name, "sex": "male", "version": "1"}

    first = send(kc.secretary, address, **typed, occupation="Thợ điện")
    second = send(kc.secretary, address, **typed, occupation="Thợ hàn")

    assert first.status_code == 303
    assert second.status_code == 409
    shown = second.content.decode()
    assert "kc-bithu" in shown
    assert "Thợ điện" in shown
    assert 'value="Thợ hàn"' in shown
    file.person.refresh_from_db()
    assert file.person.occupation == "Thợ điện"


def test_a_tampered_version_is_no_error_of_the_server(kc: World) -> None:
    file = logged(kc)

    answer = send(
        kc.secretary,
        url("candidate-edit", file),
        full_name="Vũ Văn Thịnh",
        sex="male",
        occupation="Thợ",
        version="abc",
    )

    assert answer.status_code == 409


@pytest.mark.thorough
def test_a_step_that_is_past_leads_back_to_the_file(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    answer = signed_in(kc.secretary).get(url("candidate-step", file, "chi-bo-xet"))
    sent = send(
        kc.secretary,
        url("candidate-step", file, "chi-bo-xet"),
        held_on="06/03/2021",
        entitled="26",
        present="22",
        in_favour="22",
        against="0",
    )

    assert (answer.status_code, answer["Location"]) == (302, url("candidate-detail", file))
    assert sent.status_code == 422


@pytest.mark.thorough
def test_a_file_that_the_cell_resolved_on_says_why_it_is_no_longer_corrected(kc: World) -> None:
    before, after = candidate(kc, at=Stage.READY), candidate(kc, at=Stage.CELL_RESOLVED)
    told = "corrected only after the file was returned to before that."
    client = signed_in(kc.secretary)

    def page(file: Candidate) -> str:
        return client.get(url("candidate-detail", file)).content.decode()

    assert (url("candidate-edit", before) in page(before), told in page(before)) == (True, False)
    assert (url("candidate-edit", after) in page(after), told in page(after)) == (False, True)
    answer = client.get(url("candidate-edit", after))
    assert (answer.status_code, answer["Location"]) == (302, url("candidate-detail", after))
    sent = send(
        kc.secretary, url("candidate-edit", after), full_name="Tên Mới", sex="male",
        occupation=after.person.occupation, version=str(after.version),
        special=list(after.special),
    )  # fmt: skip
    assert (sent.status_code, list(errors(sent))) == (422, ["full_name"])


# ---------------------------------------------------------------- who sees what


@pytest.mark.thorough
def test_a_sibling_cells_file_is_404_on_every_page(kc: World) -> None:
    file = logged(kc)
    client = signed_in(kc.secretary2)
    addresses = [
        url("candidate-detail", file),
        url("candidate-edit", file),
        url("candidate-close", file),
        *(
            url("candidate-step", file, code)
            for code in ("cam-tinh", "giay-chung-nhan", "giup-do", "giay-to", "chi-bo-xet")
        ),
    ]

    for address in addresses:
        assert client.get(address).status_code == 404, address
    for address in addresses[1:]:
        assert client.post(address, {"once": once()}).status_code == 404, address


@pytest.mark.thorough
@pytest.mark.parametrize("who", ["staff", "staff2", "approver", "auditor"])
def test_who_may_read_but_not_prepare_gets_404_from_the_forms(kc: World, who: str) -> None:
    file = candidate(kc, at=Stage.READY)
    reader = getattr(kc, who)

    assert signed_in(reader).get(url("candidate-detail", file)).status_code == 200
    for name in ("candidate-edit", "candidate-close"):
        assert signed_in(reader).get(url(name, file)).status_code == 404
    for code in ("giay-chung-nhan", "chi-bo-xet", "co-so-xet", "quyet-dinh", "le-ket-nap"):
        answer = signed_in(reader).get(url("candidate-step", file, code))
        assert answer.status_code in {404, 302}, code
        assert send(reader, url("candidate-step", file, code)).status_code in {404, 422}, code
    assert signed_in(reader).get(reverse("candidate-new")).status_code == 404


@pytest.mark.parametrize("who", ["leader", "administrator"])
def test_leader_and_administrator_see_no_names(kc: World, who: str) -> None:
    file = logged(kc)
    client = signed_in(getattr(kc, who))

    for address in (
        reverse("candidate-list"),
        reverse("task-list"),
        reverse("candidate-new"),
        url("candidate-detail", file),
    ):
        assert client.get(address).status_code == 404, address


def test_an_unknown_step_and_an_unknown_file_are_404(kc: World) -> None:
    client = signed_in(kc.secretary)

    assert client.get(url("candidate-step", logged(kc), "phep-thuat")).status_code == 404
    assert client.get(f"/ho-so/{once()}/").status_code == 404
    assert client.get("/ho-so/KC-2021-0001/").status_code == 404


def test_the_list_shows_only_what_may_be_seen(kc: World) -> None:
    mine = logged(kc, full_name="Hà Văn Lực")
    logged(kc, cell=kc.sibling, by=kc.secretary2, full_name="Đinh Công Sơn")

    shown = page(kc.secretary, reverse("candidate-list"))

    assert mine.person.full_name in shown
    assert "Đinh Công Sơn" not in shown
    assert "1–1 of 1" in shown


# ---------------------------------------------------------------- list


def names(user: User, query: str) -> list[str]:
    answer = signed_in(user).get(reverse("candidate-list") + query)
    assert answer.status_code == 200
    return [row["file"].person.full_name for row in answer.context["rows"]]


def test_the_list_is_narrowed_by_name_step_cell_year_and_state(kc: World) -> None:
    thinh = logged(kc, full_name="Vũ Văn Thịnh").person.full_name
    candidate(kc, at=Stage.READY, full_name="Lê Thị Ánh")
    candidate(kc, at=Stage.ADMITTED, full_name="Hoàng Mạnh Cường")
    logged(kc, cell=kc.sibling, by=kc.secretary2, full_name="Đỗ An", identified_on=DAY)
    ask = lambda query: names(kc.staff, query)  # noqa: E731

    assert ask("?q=thinh") == [thinh]
    assert ask("?q=THỊNH") == [thinh]
    assert ask("?q=kc-2021-0001") == [thinh]
    assert ask("?q=chi+bo+kc-2") == ask("?q=CHI+BỘ+kc-2") == ["Đỗ An"]
    assert ask("?q=%27%3B--") == []
    assert ask("?buoc=4") == ["Lê Thị Ánh"]
    assert ask("?buoc=7") == ["Hoàng Mạnh Cường"]
    assert ask(f"?chi-bo={kc.sibling.slug}") == ["Đỗ An"]
    assert ask("?nam=2020&sap-xep=ten") == ["Lê Thị Ánh", "Vũ Văn Thịnh"]
    assert ask("?sap-xep=ten") == ["Đỗ An", "Lê Thị Ánh", "Vũ Văn Thịnh"]
    assert ask("?tinh-trang=ket-nap") == ["Hoàng Mạnh Cường"]
    assert len(ask("?tinh-trang=tat-ca")) == 4
    assert len(ask("")) == 3


@pytest.mark.sweep
@pytest.mark.parametrize(
    "query",
    [
        "?buoc=99",
        "?chi-bo=kc-top",
        "?nam=abc",
        "?trang=x&nam=0",
        "?nam=2020.5",
        "?nam=1e400",
        "?sap-xep=xau&tinh-trang=la",
    ],
)
def test_any_address_of_the_list_is_a_page(kc: World, query: str) -> None:
    logged(kc)

    assert signed_in(kc.secretary).get(reverse("candidate-list") + query).status_code == 200


def test_steps_to_choose_from_are_in_the_readers_language(kc: World) -> None:
    client = signed_in(kc.staff)
    assert "1. Finding a source" in client.get(reverse("candidate-list")).content.decode()

    client.cookies["django_language"] = "vi"
    assert "1. Tạo nguồn" in client.get(reverse("candidate-list")).content.decode()


def test_htmx_gets_the_rows_alone(kc: World) -> None:
    logged(kc)

    answer = signed_in(kc.secretary).get(
        reverse("candidate-list"),
        headers={"hx-request": "true", "hx-target": "results"},
    )

    assert "<html" not in answer.content.decode()
    assert "<table" in answer.content.decode()


# ---------------------------------------------------------------- tasks


def tasks_of(user: User) -> Any:
    return signed_in(user).get(reverse("task-list")).context["page"]


def test_an_empty_page_of_tasks_says_what_to_do(kc: World) -> None:
    shown = page(kc.secretary, reverse("task-list"))

    assert "No file is open yet" in shown
    assert reverse("candidate-new") in shown


@pytest.mark.thorough
def test_the_most_urgent_task_comes_first(kc: World) -> None:
    logged(kc)
    candidate(kc, at=Stage.READY)
    late = candidate(kc, at=Stage.DECIDED)
    appointed(kc.secretary, kc.sibling)
    logged(kc, cell=kc.sibling, by=kc.secretary2)

    shown = tasks_of(kc.secretary)

    assert shown.first.url == url("candidate-step", late, "nhan-quyet-dinh")
    assert [(group.title, len(group.tasks)) for group in shown.groups] == [
        ("For the cell meeting about 07/06", 3)
    ]
    assert shown.to_do == 4


@pytest.mark.thorough
def test_a_file_that_the_cell_passed_is_its_task_until_it_is_sent_up(kc: World) -> None:
    file = candidate(kc, at=Stage.CELL_RESOLVED)

    shown = tasks_of(kc.secretary)

    assert (shown.to_do, shown.waiting) == (1, 0)
    assert shown.first.url == url("candidate-step", file, "gui-len")
    assert shown.first.day == date(2021, 3, 12)  # 5 working days after 5/3/2021


@pytest.mark.thorough
def test_the_committee_beneath_the_one_that_decides_has_a_term_of_its_own(kc: World) -> None:
    candidate(kc, at=Stage.CELL_RESOLVED)

    assert tasks_of(kc.staff).first.day == date(2021, 4, 9)  # 25 working days after 5/3/2021


@pytest.mark.thorough
def test_what_waits_for_others_is_no_task(kc: World) -> None:
    sent_up(kc, candidate(kc, at=Stage.CELL_RESOLVED))

    shown = tasks_of(kc.secretary)

    assert (shown.to_do, shown.waiting) == (0, 1)
    assert [group.title for group in shown.groups] == ["Waiting elsewhere"]


@pytest.mark.thorough
def test_staff_and_approver_find_the_files_that_their_body_has_before_it(kc: World) -> None:
    grassroots = candidate(kc, at=Stage.CELL_RESOLVED)
    competent = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    decision = candidate(kc, at=Stage.COMPETENT_RESOLVED)

    found = {
        user.username: [shown.first.url] + [
            row.url for group in shown.groups for row in group.tasks
        ]
        for user in (kc.staff, kc.staff2, kc.approver)
        if (shown := tasks_of(user))
    }  # fmt: skip

    assert found == {
        "kc-canbo": [url("candidate-step", grassroots, "co-so-xet")],
        "kc-canbo2": [url("candidate-step", competent, "cap-tren-xet")],
        "kc-duyet": [url("candidate-step", decision, "quyet-dinh")],
    }


@pytest.mark.thorough
def test_a_file_that_nobody_may_decide_says_so(kc: World) -> None:
    kc.top.competences.update(period=between(date(2018, 1, 1), date(2021, 5, 1)))
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)

    shown = page(kc.secretary, url("candidate-detail", file))

    assert "On 28/05/2021 no organisation above this cell decides on admissions." in shown


@pytest.mark.thorough
def test_an_overdue_decision_leads(kc: World) -> None:
    file = candidate(kc, at=Stage.GRASSROOTS_RESOLVED)
    limit = date(2021, 6, 2)  # 60 working days after 5/3/2021

    stand_on(limit)
    in_time = tasks_of(kc.staff2)
    stand_on(date(2021, 6, 3))
    late = tasks_of(kc.staff2)

    assert (in_time.first.day, in_time.first.kind, in_time.first.left) == (limit, "", "today")
    assert (late.first.kind, late.first.left) == ("late", "1 day overdue")
    assert file.number


# ---------------------------------------------------------------- numbers of queries


def _queries(user: User, address: str) -> int:
    client = signed_in(user)
    client.get(address)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


@pytest.mark.thorough
def test_pages_ask_no_more_of_the_database_for_more_files(kc: World) -> None:
    prepared(kc, logged(kc))
    addresses = {reverse("candidate-list"): 30, reverse("task-list"): 45}
    small = {address: _queries(kc.secretary, address) for address in addresses}

    for _file in range(6):
        prepared(kc, logged(kc))
    large = {address: _queries(kc.secretary, address) for address in addresses}

    assert large == small
    for address, most in addresses.items():
        assert large[address] <= most, (address, large[address])


@pytest.mark.thorough
def test_a_files_page_asks_the_same_however_long_its_story(kc: World) -> None:
    young, old = logged(kc), candidate(kc, at=Stage.READY)

    counts = [_queries(kc.secretary, url("candidate-detail", file)) for file in (young, old)]

    assert counts[0] == counts[1]
    # With the session, the account, the frame, what opens and ends the transaction, and the event
    # that tells the audit who opened it.
    assert counts[0] <= 13


def test_no_word_of_a_page_is_left_untranslated_markup(kc: World) -> None:
    file = candidate(kc, at=Stage.READY)

    shown = page(kc.secretary, url("candidate-detail", file))

    assert not re.search(r"%\(\w+\)s", shown)
    assert "style=" not in shown
    assert "onclick" not in shown
