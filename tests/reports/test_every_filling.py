"""Every form, filled with what nobody expects, and with what is somebody else's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import cycle

import pytest
from django.db import connection, transaction
from django.urls import reverse

from admissions.stages import Stage
from organizations.models import User
from tests.database import Copy
from tests.makers import DAY, candidate, needed_papers, once
from tests.reports.classes_asked import forms_of_classes
from tests.reports.cycles_asked import forms_of_cycles
from tests.reports.everywhere import Place, ask, client
from tests.reports.following_asked import forms_of_following
from tests.reports.meetings_asked import forms_of_meetings
from tests.reports.moving_asked import forms_of_moving
from tests.reports.outcomes_asked import forms_of_outcomes
from tests.reports.papers_asked import forms_of_papers
from tests.reports.people_asked import forms_of_people
from tests.reports.probation_asked import forms_of_probation
from tests.reports.reorganizations_asked import forms_of_reorganizations
from tests.reports.rounds_asked import forms_of_rounds
from tests.reports.rules_asked import forms_of_rules
from tests.reports.scenarios_asked import forms_of_scenarios
from tests.reports.years_asked import forms_of_years

NASTY = (
    *("", " ", "31/02/2021", "29/02/2021", "00/00/0000", "01/01/9999", "17/09/2008"),
    *("-1", "10001", "99999999999999999999", "NaN", "1e400", "1,5", "٣", "²"),
    *("x" * 10_000, "a\0b", "😀", "E\u0302\u0301", "<b>x</b>", "\u202egnol", "\u200b", "ŉ" * 120),
    *("{{ 7*7 }}", "%s%n", "' OR 1=1 --", "[khong-co]", "1_0", "ﬃ" * 40),
)
DAYS = "28/05/2021"
BALLOT = {
    "held_on": DAYS, "entitled": "15", "present": "15", "in_favour": "14", "against": "0",
    "resolution_number": "1-NQ",
}  # fmt: skip


def forms(place: Place) -> Iterator[tuple[User, str, dict[str, str]]]:
    """Return (who, address, what is accepted there) for every form behind a sign-in."""
    here = place.here
    listed, ready = place.files["own"], candidate(here, at=Stage.READY)
    step = lambda file, code: reverse("candidate-step", args=[file.public_id, code])  # noqa: E731
    target = lambda name, of: f"{reverse(name, args=[2021])}?dv={of.slug}"  # noqa: E731
    helper = str(here.members[0].pk)
    papers = {f"dated_on-{kind.pk}": DAYS for kind in needed_papers(DAY)}
    yield here.secretary, reverse("candidate-new"), {
        "full_name": "Vũ Văn Mới", "born_on": "17/09/1996", "sex": "male", "occupation": "Thợ",
    }  # fmt: skip
    yield here.secretary, reverse("candidate-edit", args=[listed.public_id]), {
        "full_name": "Vũ Văn Mới", "sex": "male", "occupation": "Thợ", "ethnicity": "Tày",
        "education": "12/12", "residence": "Hạ Long", "groups": "worker",
        "special": "readmission", "left_on": "01/01/2017", "was_cleared": "on",
        "version": str(listed.version),
    }  # fmt: skip
    yield here.secretary, reverse("candidate-close", args=[listed.public_id]), {
        "closed_on": DAYS, "reason": "Chuyển đi", "confirm": "on",
    }  # fmt: skip
    yield here.secretary, step(listed, "cam-tinh"), {"held_on": DAYS, "resolution_number": "1"}
    yield here.secretary, step(listed, "giay-chung-nhan"), {
        "number": "CN-7", "issuer": "Trung tâm chính trị", "issued_on": "28/11/2020",
    }  # fmt: skip
    yield here.secretary, step(listed, "giup-do"), {"mentor": helper, "since": DAYS}
    yield here.secretary, step(listed, "giay-to"), {"received_on": DAYS, **papers}
    yield here.secretary, step(ready, "chi-bo-xet"), {**BALLOT, "entitled": "26"}
    resolved = candidate(here, at=Stage.CELL_RESOLVED)
    yield here.staff, step(resolved, "co-so-xet"), BALLOT
    resolved = candidate(here, at=Stage.GRASSROOTS_RESOLVED)
    yield here.staff2, step(resolved, "cap-tren-xet"), BALLOT
    resolved = candidate(here, at=Stage.COMPETENT_RESOLVED)
    yield here.approver, step(resolved, "quyet-dinh"), {
        "number": "9-QĐ", "signed_on": DAYS, "signer": "Lê Bí Thư", "received_on": DAYS,
        "confirm": "on",
    }  # fmt: skip
    decided_on = candidate(here, at=Stage.DECIDED)
    yield here.secretary, step(decided_on, "le-ket-nap"), {"ceremony_on": DAYS, "mentor": helper}
    yield here.secretary, reverse("member-new"), {
        "cell": f"x [{here.cell.slug}]", "full_name": "Lê Văn Cũ", "born_on": "01/01/1980",
        "sex": "male", "status": "official", "since": "01/03/2020", "occupation": "Thợ",
    }  # fmt: skip
    yield here.staff2, target("baseline-report", here.committee), {"members": "40"}
    yield here.staff2, target("target-assign", here.committee), {
        "form": "range", "low": "3", "high": "4", "percent": "5,5", "decision_number": "1-QĐ",
        "decided_on": DAYS, "responsible": "Lê Bí Thư", "reason": "Vì",
        "group": "women", "signer": "Lê Bí Thư",
    }  # fmt: skip
    yield here.staff2, reverse("figure-report", args=["KN11"], query={"dv": here.top.slug}), {
        "numerator": "121", "denominator": "130", "as_of": DAYS, "evidence": "Báo cáo",
    }  # fmt: skip
    yield from forms_of_cycles(here)
    yield here.staff, target("target-register", here.committee), {
        "number": "35-40", "reason": "Đủ nguồn",
    }  # fmt: skip
    yield here.staff, target("forecast-declare", here.committee), {
        "people": "5", "declared_on": DAYS, "declared_by": "Lê Bí Thư",
    }  # fmt: skip
    yield here.staff2, target("round-plan", here.committee), {
        "share_1": "10", "share_2": "25,5", "share_3": "70", "share_4": "100", "reason": "Vì",
    }  # fmt: skip
    yield here.secretary2, target("no-source-declare", here.sibling), {
        "grounds": "Đã xét hết", "declared_on": DAYS, "review_on": "01/01/2022",
    }  # fmt: skip
    answer = reverse("no-source-answer", args=[2021, place.declarations["own"].pk])
    yield here.staff, f"{answer}?dv={here.cell.slug}", {"answer": "accept"}
    yield (
        here.administrator,
        reverse("account-new"),
        {
            "full_name": "Lê Văn Mới",
            "username": "moi",
        },
    )
    username = [here.secretary.username]
    yield here.administrator, reverse("account-reset-password", args=username), {"reason": "Quên"}
    yield here.administrator, reverse("appointment-new", args=username), {
        "to": f"x [{here.sibling.slug}]", "role": "leader", "title": "Phó", "since": DAYS,
        "last_on": "01/01/2022",
    }  # fmt: skip
    yield here.administrator, reverse("organization-new"), {
        "name": "Chi bộ Mới", "short_name": "Mới", "kind": "cell",
        "under": f"x [{here.committee.slug}]", "on": "01/01/2021", "decision_number": "1",
    }  # fmt: skip
    kind = {
        "name": "Chi bộ quân sự", "name_en": "Military cell", "rank": "62", "is_cell": "on",
        "votes_as": "cell", "allowed_parents": "commune",
    }  # fmt: skip
    yield here.administrator, reverse("kind-new"), {**kind, "code": "chi-bo-quan-su"}
    cell = reverse("kind-edit", args=["cell"])
    seen = client(here.administrator).get(cell).context["form"]["version"].value()
    yield here.administrator, cell, {**kind, "version": str(seen)}
    yield here.administrator, reverse("competence-new", args=[here.committee.slug]), {
        "kind": "delegated", "decision_number": "1", "on": "01/01/2021", "members_entitled": "15",
    }  # fmt: skip
    for name in ("account-close", "account-reopen"):
        yield here.administrator, reverse(name, args=username), {}
    handover = [place.records["handover-"]["own"].public_id]
    note = hashlib.sha256(b"").hexdigest()
    yield here.staff, reverse("handover-note", args=handover), {"note": "Đã hẹn", "version": note}
    yield here.secretary, reverse("handover-acknowledge", args=handover), {}
    yield from forms_of_people(here, place.asked)
    yield from forms_of_reorganizations(here, place.asked)
    yield from forms_of_classes(here, place.asked)
    yield from forms_of_outcomes(here)
    yield from forms_of_papers(here)
    yield from forms_of_meetings(here)
    yield from forms_of_probation(here)
    yield from forms_of_moving(here, place.asked)
    yield from forms_of_rules(here, place.asked)
    yield from forms_of_rounds(here, place.asked)
    yield from forms_of_following(here, place.asked)
    yield from forms_of_scenarios(here, place.asked)
    yield from forms_of_years(here, place.asked)
    proposal = [place.asked["", "proposal"]["own"]]
    yield here.staff, reverse("appointment-decline", args=proposal), {"reason": "Chưa cần"}
    relative = reverse("member-relative", args=[here.members[9].public_id])
    yield here.auditor, relative, {"kind": "spouse"}
    ended = [here.secretary.appointments.get().pk]
    yield here.administrator, reverse("appointment-end", args=ended), {}


def _rows() -> int:
    """Return how many rows there are of what forms write, so that a half would show."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM organizations_person)"
            " + (SELECT count(*) FROM admissions_milestone)"
            " + (SELECT count(*) FROM organizations_outbox)"
            " + (SELECT count(*) FROM organizations_formreceipt)"
            " + (SELECT count(*) FROM organizations_organization)"
            " + (SELECT count(*) FROM organizations_appointment)"
        )
        (rows,) = cursor.fetchone()
    return int(rows)


@pytest.mark.thorough
def test_every_form_takes_what_it_asks_for(place: Place) -> None:
    refused = []
    for user, address, accepted in forms(place):
        answer = ask(client(user), "post", address, {**accepted, "once": once()})
        if answer.status_code != 303:
            refused.append((address, answer.status_code, answer.context["form"].errors))

    assert refused == []


@pytest.mark.slow
def test_no_form_fails_whatever_is_typed_and_what_it_refuses_leaves_nothing(
    place: Place, database_copy: Copy
) -> None:
    wrong, unlike = [], []
    more = cycle(NASTY)  # one to a field, so that each meets many fields in not too long
    for place_of, (user, address, accepted) in enumerate(forms(place)):
        if place_of % 10 == 9:
            database_copy.vacuum()
        browser = client(user)
        good = ask(browser, "post", address, {**accepted, "once": once()})
        if good.status_code != 303:
            wrong.append((address, good.status_code, good.context["form"].errors))
        before = _rows()
        for field in [*accepted, "once"]:
            nasty = next(more)
            with transaction.atomic():
                values = {**accepted, "once": once(), field: nasty}
                answer = browser.post(address, values)
                if answer.status_code not in {303, 409, 422}:
                    wrong.append((address, field, nasty[:20], answer.status_code))
                if answer.status_code != 303 and _rows() != before:
                    unlike.append((address, field, nasty[:20]))
                if answer.status_code == 422 and not answer.context["form"].errors:
                    unlike.append((address, field, nasty[:20], "no sentence"))
                transaction.set_rollback(True)
    assert (wrong, unlike) == ([], [])


@pytest.mark.thorough
def test_a_choice_of_somebody_elses_record_is_refused_like_one_that_is_not_there(
    place: Place,
) -> None:
    here, there = place.here, place.there
    for user, address, accepted in forms(place):
        foreign = {
            "mentor": (str(there.members[0].pk), "987654321"),
            "cell": (f"x [{there.cell.slug}]", "x [khong-co]"),
            "to": (f"x [{there.cell.slug}]", "x [khong-co]"),
            "destination": (f"x [{there.cell.slug}]", "x [khong-co]"),
            "organization": (f"x [{there.cell.slug}]", "x [khong-co]"),
            "under": (f"x [{there.committee.slug}]", "x [khong-co]"),
            f"target-{here.committee.pk}": None,
        }
        for field in set(foreign) & set(accepted):
            pair = foreign[field]
            sent = (
                [{**accepted, field: value} for value in pair]
                if pair
                else [
                    {**accepted, f"target-{key}": "5"} for key in (there.committee.pk, 987_654_321)
                ]
            )
            answers = [ask(client(user), "post", address, values) for values in sent]
            told = [
                str(answer.context["form"].errors).replace(place.there.cell.slug, "khong-co")
                .replace(place.there.committee.slug, "khong-co")
                for answer in answers
            ]  # fmt: skip
            assert [answer.status_code for answer in answers] == [422, 422], (address, field)
            assert told[0] == told[1]
