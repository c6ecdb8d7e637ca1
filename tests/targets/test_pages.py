"""The pages of targets: who reads, who enters, and everything that may be typed wrongly."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from organizations.models import Organization, User
from targets.models import Baseline, DeclaredForecast, SourceDeclaration, Target
from targets.operations.baselines import report_baseline
from tests.makers import DAY, World, once, unit, world
from tests.targets.assigning import issued

DECISION = {"decision_number": "24-QĐ/ĐU", "decided_on": "21/01/2021", "reason": ""}
OUTSIDE = {"issuer": "Tỉnh ủy"}
"""Who gives the top of the tree its target."""


@pytest.fixture
def kc(db: None) -> World:
    around = world()
    unit("ngoai", name="Đảng bộ ngoài")
    return around


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.cookies["django_language"] = "en"
    return client


def address(name: str, slug: str | None = None, year: int = 2021) -> str:
    return reverse(name, args=[year], query={"dv": slug} if slug else {})


def binding(unit: Organization) -> tuple[int | None, int | None] | None:
    return (
        Target.objects.in_force()
        .filter(organization=unit, year=2021)
        .values_list("low", "high")
        .first()
    )


# ---------------------------------------------------------------- one organisation


def test_the_sheet_shows_how_a_percent_became_people(kc: World) -> None:
    report_baseline(kc.committee, by=kc.staff2, on=DAY, year=2021, members=953)
    client = signed_in(kc.staff2)

    answer = client.post(
        address("target-assign", kc.committee.slug),
        {"once": once(), **DECISION, "form": "percent", "percent": "5,5", "low": "9"},
    )
    shown = client.get(address("target-year", kc.committee.slug)).content.decode()

    assert answer.status_code == 303
    assert "5.5\xa0% × 953 = 52.4 → 53" in shown
    assert "24-QĐ/ĐU" in shown


def test_the_top_enters_what_was_given_from_outside(kc: World) -> None:
    client = signed_in(kc.staff2)
    where = address("target-assign", kc.top.slug)

    assert "given from outside" in client.get(where).content.decode()
    answer = client.post(
        where,
        {"once": once(), **DECISION, **OUTSIDE, "form": "range", "low": "35", "high": "40"},
    )

    assert answer.status_code == 303
    assert binding(kc.top) == (35, 40)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("values", "at"),
    [
        ({"form": "number"}, "low"),
        ({"form": "number", "low": "-1"}, "low"),
        ({"form": "range", "low": "40", "high": "35"}, "high"),
        ({"form": "percent"}, "percent"),
        ({"form": "percent", "percent": "năm"}, "percent"),
        ({"form": "percent", "percent": "101"}, "percent"),
        ({"form": "percent", "percent": "5"}, "percent"),
        ({"form": "share", "percent": "5"}, "indicator"),
        ({"form": "number", "low": "5", "issuer": ""}, "issuer"),
        ({}, "form"),
    ],
)
def test_a_wrong_target_is_told_at_its_field(kc: World, values: dict[str, str], at: str) -> None:
    client = signed_in(kc.staff2)

    answer = client.post(address("target-assign", kc.top.slug), {**DECISION, **OUTSIDE, **values})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [at]
    assert not Target.objects.exists()


def test_a_secretary_registers_declares_and_the_superior_answers(kc: World) -> None:
    secretary, staff = signed_in(kc.secretary), signed_in(kc.staff)

    for name, values in (
        ("target-register", {"number": "1-2"}),
        (
            "forecast-declare",
            {"people": "2", "declared_on": "20/05/2021", "declared_by": "Chi ủy"},
        ),
        (
            "no-source-declare",
            {"grounds": "Đã xét hết", "declared_on": "20/05/2021", "review_on": "1/12/2021"},
        ),
    ):
        answer = secretary.post(address(name), {"once": once(), **values})
        assert answer.status_code == 303, name

    declaration = SourceDeclaration.objects.get()
    assert "Đã xét hết" in staff.get(address("target-year")).content.decode()
    where = reverse("no-source-answer", args=[2021, declaration.pk], query={"dv": kc.cell.slug})
    assert secretary.get(where).status_code == 403
    assert staff.post(where, {"once": once(), "answer": "accept"}).status_code == 303

    assert Target.objects.get().kind == Target.Kind.REGISTERED
    assert DeclaredForecast.objects.get().people == 2
    assert SourceDeclaration.objects.holding(on=DAY).get().organization == kc.cell


@pytest.mark.thorough
def test_wrong_declarations_are_told_at_their_fields(kc: World) -> None:
    client = signed_in(kc.secretary)

    def errors(name: str, **values: str) -> list[str]:
        answer = client.post(address(name), values)
        assert answer.status_code == 422
        return sorted(answer.context["form"].errors)

    for number in ("nhiều", "101 %", "x%", "-1%", "5,5 %"):  # nobody said its opening members yet
        assert errors("target-register", number=number) == ["number"], number
    report_baseline(kc.cell, by=kc.staff, on=DAY, year=2021, members=30)
    rate = {"once": once(), "number": "5,5 %"}
    assert client.post(address("target-register"), rate).status_code == 303
    registered = Target.objects.get()
    assert (registered.kind, registered.percent, registered.low) == (
        "registered",
        Decimal("5.5"),
        2,
    )
    assert errors("forecast-declare") == ["declared_by", "declared_on", "people"]
    assert errors(
        "forecast-declare", people="2", declared_on="29/05/2021", declared_by="Chi ủy"
    ) == ["declared_on"]
    assert errors(
        "no-source-declare", grounds="Hết", declared_on="20/05/2021", review_on="20/05/2021"
    ) == ["review_on"]
    assert errors(
        "no-source-declare", grounds="<b>", declared_on="20/05/2021", review_on="1/12/2021"
    ) == ["grounds"]


def test_opening_members_are_reported_once(kc: World) -> None:
    client = signed_in(kc.staff2)
    where = address("baseline-report", kc.committee.slug)

    assert client.post(where, {"once": once(), "members": "724"}).status_code == 303
    again = client.post(where, {"once": once(), "members": "725"})

    assert again.status_code == 422
    assert list(again.context["form"].errors) == ["members"]
    assert list(Baseline.objects.values_list("members", flat=True)) == [724]


def test_leaders_read_and_enter_nothing(kc: World) -> None:
    client = signed_in(kc.leader)

    shown = client.get(address("target-year")).content.decode()
    assert "/chi-tieu/2021/dang-ky/" not in shown
    for name in (
        "target-register",
        "target-assign",
        "baseline-report",
        "forecast-declare",
        "no-source-declare",
    ):
        assert client.get(address(name)).status_code == 403, name


def test_years_that_cannot_be_are_not_found(kc: World) -> None:
    client = signed_in(kc.staff)

    assert client.get(address("target-year", year=1066)).status_code == 404
    assert client.get(address("target-grid", year=3000)).status_code == 404


def test_years_that_cannot_be_are_not_linked_to(kc: World) -> None:
    client = signed_in(kc.staff)

    def years_beside(year: int) -> list[int]:
        page = client.get(address("target-year", year=year))
        assert page.status_code == 200
        return [
            one
            for one in range(1900, 2100)
            if f'href="{address("target-year", kc.committee.slug, one)}">{one}<'
            in page.content.decode()
        ]

    assert years_beside(2021) == [2020, 2022]
    assert years_beside(1930) == [1931]
    assert years_beside(2026) == [2025]


def test_a_decision_is_acknowledged_under_its_own_year_alone(kc: World) -> None:
    decision = issued(kc.committee, {kc.cell.pk: 2}, by=kc.staff)
    secretary = signed_in(kc.secretary)

    def under(year: int) -> str:
        return reverse("target-acknowledge", args=[year, decision.pk], query={"dv": kc.cell.slug})

    assert [secretary.get(under(year)).status_code for year in (2020, 2021, 2022)] == [
        404, 200, 404,
    ]  # fmt: skip
    assert secretary.post(under(2020), {"once": once()}).status_code == 404
    assert not decision.acknowledgements.exists()
